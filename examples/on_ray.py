"""Read a Parquet file of articles on a Ray cluster, or on the cores of this machine.

    python examples/on_ray.py ARTICLES.parquet OUT_DIR [RUN.sqlite]

ARTICLES.parquet has a column `text` and, if there is one, a column `date`. Every row comes back
with what was read from it. With RUN.sqlite, a file of each machine's own, nothing that a machine
has had is asked again. Needs ``pip install "communique[ray]"`` on every machine.
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault(
    "RAY_USAGE_STATS_ENABLED", "0"
)  # Ray reports its use unless it is told not to

import ray

from communique.ray import summarise_dataset


def main() -> None:
    """Read the file, and count what came of it."""
    articles = ray.data.read_parquet(sys.argv[1])
    date = "date" if "date" in articles.schema().names else None
    store = sys.argv[3] if len(sys.argv) > 3 else None
    read = summarise_dataset(articles, published_column=date, actors=(1, 8), resume=store)
    # Ray does its work anew each time a dataset is looked at: write it, and look at the files.
    read.write_parquet(sys.argv[2])
    for row in ray.data.read_parquet(sys.argv[2]).groupby("status").count().take_all():
        print(f"{row['count()']:6} {row['status']}")


if __name__ == "__main__":
    main()
