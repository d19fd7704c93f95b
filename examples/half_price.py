"""Read a folder through OpenAI's Batch API, at half the price and within a day.

    python examples/half_price.py ARTICLES_DIR TABLES_DIR

Everything is in TABLES_DIR/run.sqlite: stop the script whenever you like and run it again, and it
goes on where the batch is. Needs ``pip install "communique[frames]"``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from communique import BatchStatus, articles_in, submit_batch
from communique.export import write_parquet


def show(status: BatchStatus) -> None:
    """Print how far the batch is."""
    cost = "" if status.cost is None else f", ${status.cost:.2f}"
    print(f"{status.done} of {status.articles} articles, {status.failed} failed{cost}", flush=True)


def main() -> None:
    """Submit the folder, or go on with it, and write its tables."""
    tables = Path(sys.argv[2])
    tables.mkdir(parents=True, exist_ok=True)
    batch = submit_batch(articles_in(sys.argv[1], "*.txt"), resume=tables / "run.sqlite")
    counts = write_parquet(batch.collect(progress=show), tables)
    for table, rows in counts.items():
        print(f"{rows:6} rows in {table}.parquet")


if __name__ == "__main__":
    main()
