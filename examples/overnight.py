"""Read a folder overnight: whatever happens, start it again and it goes on where it stopped.

    python examples/overnight.py ARTICLES_DIR TABLES_DIR [DOLLARS]

Every reply is in TABLES_DIR/run.sqlite before it is used; nothing that is in it is asked again.
With DOLLARS, the run ends before it has cost more, and the rest is told as BudgetSpent. Needs
``pip install "communique[frames]"``.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from communique import Outcome, articles_in, summarise_many
from communique.export import write_parquet


def counted(outcomes: Iterable[Outcome], ends: Counter[str]) -> Iterator[Outcome]:
    """Pass outcomes on, and count how they ended."""
    for outcome in outcomes:
        ends["read" if outcome.failure is None else type(outcome.failure).__name__] += 1
        yield outcome


def main() -> int:
    """Read the folder; the exit code says whether there is more to do."""
    tables = Path(sys.argv[2])
    tables.mkdir(parents=True, exist_ok=True)
    budget = float(sys.argv[3]) if len(sys.argv) > 3 else None
    articles = articles_in(sys.argv[1], "*.txt")
    ends: Counter[str] = Counter()
    run = summarise_many(articles, resume=tables / "run.sqlite", budget=budget)
    write_parquet(counted(run, ends), tables)
    for end, many in ends.most_common():
        print(f"{many:6} {end}")
    return 1 if set(ends) - {"read"} else 0


if __name__ == "__main__":
    sys.exit(main())
