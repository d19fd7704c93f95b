"""Write docs/tables.md from the published columns.

python tools/make_tables_doc.py [FILE]
"""

from __future__ import annotations

import sys
from pathlib import Path

from communique._columns import EVIDENCE, PARTY, SCHEMAS, Column, ListOf, Struct, Type

DOC = Path(__file__).resolve().parent.parent / "docs" / "tables.md"
HEAD = """\
# Tables

The columns of `communique.export`, of `communique.ray` and of `communique.spark`. They are a
contract, as the records are: columns may be added, and are not renamed or retyped.
`export.SCHEMAS` holds them as data, `export.arrow_schema("engagements")` as an Arrow schema with
these descriptions in each field's metadata, and `spark.SPARK_SCHEMA` as DDL. Written by
`python tools/make_tables_doc.py`.

"never" and "may be" tell whether a value may be missing (null). Lists are never null; they may be
empty. `start` and `end` of evidence are code points of the text as you gave it.

Every article is one row of `articles`, whatever became of it. The other tables refer to it by
`article_id`, to an engagement by `engagement_id` too, and to an agreement by `agreement_id`.
`nested` is one row per article with all of it: the columns that Ray and Spark add to yours.
"""


def spelled(kind: Type) -> str:
    """A type in a few letters; records by their name."""
    if isinstance(kind, ListOf):
        return f"list<{spelled(kind.item)}>"
    return kind.name if isinstance(kind, Struct) else kind


def section(name: str, columns: tuple[Column, ...]) -> str:
    """One table of columns under its heading."""
    lines = [f"\n## {name}\n", "| column | type | null | what it holds |", "|---|---|---|---|"]
    for column in columns:
        null = "may be" if column.nullable else "never"
        lines.append(f"| `{column.name}` | `{spelled(column.type)}` | {null} | {column.what} |")
    return "\n".join(lines) + "\n"


def markdown() -> str:
    """The whole page."""
    parts = [section(name, columns) for name, columns in SCHEMAS.items()]
    parts += [section(f"The record `{s.name}`", s.columns) for s in (EVIDENCE, PARTY)]
    rest = (
        "\nIn `nested`, an `engagement` has the columns of the table of that name without "
        "`article_id`,\nand `participants` and `outcomes`, which are those of the tables "
        "`participants` and `statements`\nwithout the ids; an `agreement` likewise, with `acts`.\n"
    )
    return HEAD + "".join(parts) + rest


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else DOC).write_text(markdown(), encoding="utf-8")
