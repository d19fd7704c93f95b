"""Read every text of a folder into Parquet files: articles, engagements and the rest.

    python examples/folder_to_tables.py ARTICLES_DIR TABLES_DIR

An article that cannot be read is a row of articles.parquet, with what happened to it. Needs
``pip install "communique[frames]"``.
"""

from __future__ import annotations

import sys

from communique import articles_in, summarise_many
from communique.export import write_parquet


def main() -> None:
    """Write the tables of one folder into another."""
    articles = articles_in(sys.argv[1], "*.txt")
    counts = write_parquet(summarise_many(articles), sys.argv[2])
    for table, rows in counts.items():
        print(f"{rows:6} rows in {table}.parquet")


if __name__ == "__main__":
    main()
