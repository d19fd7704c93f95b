"""Many articles on a Spark cluster: functions for `mapInPandas` and `mapInArrow`.

>>> from communique.spark import output_schema, summarise_partitions
>>> read = df.mapInPandas(                                          # doctest: +SKIP
...     summarise_partitions("text", published_column="date"),
...     schema=output_schema(df.schema),
... )

Each row gives exactly one row, with its own columns as they were and those of
`communique.export.SCHEMAS["nested"]` behind, whose DDL is `SPARK_SCHEMA`. A failed article is a
row too.

pyspark is your cluster's own; on the executors, ``pip install "communique[spark]"`` brings what
this needs beside it. `summarise_partitions` goes through pandas, which turns a BIGINT column with
NULLs into floats on its way; `summarise_batches` does the same in Arrow and leaves every type as
it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from communique._columns import SCHEMAS, Column, ListOf, Struct, Type
from communique._engines import BATCH, Reading
from communique.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    import pyarrow as pa
    from pyspark.sql.types import DataType, StructField, StructType

__all__ = ["SPARK_SCHEMA", "ddl", "output_schema", "summarise_batches", "summarise_partitions"]

_SCALARS: Final = {
    "string": "STRING",
    "bool": "BOOLEAN",
    "int32": "INT",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "date": "DATE",
}


def ddl(prefix: str = "") -> str:
    """The added columns in Spark's DDL, each with `prefix` before its name."""
    return ", ".join(f"`{prefix}{c.name}` {_ddl(c)}" for c in SCHEMAS["nested"])


def _ddl(column: Column) -> str:
    return _type(column.type) + ("" if column.nullable else " NOT NULL")


def _type(kind: Type) -> str:
    if isinstance(kind, ListOf):
        return f"ARRAY<{_type(kind.item)}>"
    if isinstance(kind, Struct):
        return "STRUCT<" + ", ".join(f"`{c.name}`: {_ddl(c)}" for c in kind.columns) + ">"
    return _SCALARS[kind]


SPARK_SCHEMA: Final = ddl()
"""The added columns in Spark's DDL: put those of your rows before it."""


def output_schema(schema: StructType, prefix: str = "") -> StructType:
    """The schema of your rows (`df.schema`) with the added columns behind.

    Raises `ConfigurationError` where one of these names is taken, or without pyspark.
    """
    try:
        from pyspark.sql import types
    except ImportError as error:
        what = "pyspark is not installed."
        raise ConfigurationError(what, "Run this where your cluster's driver runs.") from error
    added = [_field(types, column, prefix) for column in SCHEMAS["nested"]]
    taken = {field.name for field in added} & set(schema.names)
    if taken:
        what = f"The rows have a column {min(taken)!r} already."
        raise ConfigurationError(what, 'Give prefix=, such as prefix="communique_".')
    return types.StructType([*schema.fields, *added])


def _field(types: Any, column: Column, prefix: str = "") -> StructField:
    return types.StructField(prefix + column.name, _datatype(types, column.type), column.nullable)


def _datatype(types: Any, kind: Type) -> DataType:
    if isinstance(kind, ListOf):
        return types.ArrayType(_datatype(types, kind.item))
    if isinstance(kind, Struct):
        return types.StructType([_field(types, column) for column in kind.columns])
    return {
        "string": types.StringType,
        "bool": types.BooleanType,
        "int32": types.IntegerType,
        "int64": types.LongType,
        "float64": types.DoubleType,
        "date": types.DateType,
    }[kind]()


def summarise_partitions(
    text_column: str = "text", *, batch_size: int = BATCH, **options: Any
) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """A function for `DataFrame.mapInPandas`; `options` as for `summarise_batches`."""
    reading = _reading(text_column, **options)

    def read(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            for start in range(0, len(frame), batch_size):
                yield _frame(reading, frame.iloc[start : start + batch_size])

    return read


def summarise_batches(
    text_column: str = "text", *, batch_size: int = BATCH, **options: Any
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for `DataFrame.mapInArrow`.

    `text_column` holds the texts. `options` are `published_column` and `id_column` (publication
    dates, your ids), `prefix` before the name of each added column, `model` and the settings of
    `communique.Summariser`, which is made here and sent to the executors, and those options of
    `communique.summarise_many` that hold for each task: `concurrency`, `resume` (a file on the
    executor's machine), and the limits for a minute. A task hands on `batch_size` rows at a time;
    one that Spark starts again reads its whole partition again, and with `resume` asks for nothing
    that this machine has had.

    Raises `ConfigurationError` where no model can be used or an option is wrong; in a task, where
    a column is missing or one of ours is taken.
    """
    reading = _reading(text_column, **options)

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for batch in batches:
            for start in range(0, batch.num_rows, batch_size):
                part = pa.Table.from_batches([batch.slice(start, batch_size)])
                yield from reading.table(part).combine_chunks().to_batches()

    return read


def _reading(
    text_column: str,
    *,
    published_column: str | None = None,
    id_column: str | None = None,
    prefix: str = "",
    model: str | None = None,
    **options: Any,
) -> Reading:
    return Reading.of(
        text_column,
        published=published_column,
        id=id_column,
        prefix=prefix,
        model=model,
        options=options,
    )


def _frame(reading: Reading, frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    reading.check([str(name) for name in frame.columns])
    some = (frame[n].tolist() if n else None for n in (reading.published, reading.id))
    rows = reading.rows(frame[reading.text].tolist(), *some)
    # As objects: an empty cell stays None, and nested rows stay lists of dicts.
    made = pd.DataFrame(rows, columns=list(rows[0]), index=frame.index, dtype=object)
    return pd.concat([frame, made.set_axis(reading.names, axis=1)], axis=1)
