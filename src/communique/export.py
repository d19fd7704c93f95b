"""Summaries as tables: plain rows, Arrow tables, pandas frames and Parquet files.

>>> from communique import export
>>> frames = export.frames(outcomes)                              # doctest: +SKIP
>>> frames["engagements"][["article_id", "type", "date_edtf"]]    # doctest: +SKIP

Every function takes outcomes of `communique.summarise_many`, or summaries, or both. Each article
is exactly one row of `articles`, a failed one included; the other tables refer to it by
`article_id`. The columns of every table are `SCHEMAS`, and docs/tables.md lists them. Rows need
nothing beside this library; Arrow and Parquet need pyarrow and frames pandas, which
``pip install "communique[frames]"`` brings.
"""

from __future__ import annotations

import contextlib
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, get_args

from communique._columns import SCHEMAS, Column, ListOf, Scalar, Struct, TableName, Type
from communique.errors import ConfigurationError, StorageError
from communique.schemas import Summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import ModuleType

    import pandas as pd
    import pyarrow as pa

    from communique.errors import CommuniqueError
    from communique.schemas import (
        Act,
        Agreement,
        DateValue,
        Engagement,
        Evidence,
        Participant,
        Party,
        Report,
        Statement,
    )

__all__ = [
    "SCHEMAS",
    "TABLES",
    "Column",
    "ListOf",
    "Struct",
    "arrow_rows",
    "arrow_schema",
    "arrow_table",
    "arrow_tables",
    "frames",
    "rows",
    "tables",
    "write_parquet",
]

Row = dict[str, Any]

TABLES: Final[tuple[TableName, ...]] = tuple(n for n in get_args(TableName) if n != "nested")
"""The tables that refer to each other: all but `nested`."""
_AT_ONCE: Final = 1000
"""Articles between two writes: what is held in memory, and the size of a Parquet row group."""


class Outcome(Protocol):
    """What became of one article: see `communique.Outcome`."""

    @property
    def article_id(self) -> str: ...
    @property
    def summary(self) -> Summary | None: ...
    @property
    def failure(self) -> CommuniqueError | None: ...
    @property
    def report(self) -> Report: ...
    @property
    def cached(self) -> bool: ...


@dataclass(frozen=True)
class _Read:
    """A bare summary as an outcome."""

    summary: Summary
    failure: None = None

    @property
    def article_id(self) -> str:
        source = self.summary.source
        return source.id or source.url or f"sha256:{source.sha256[:16]}"

    @property
    def report(self) -> Report:
        return self.summary.report

    @property
    def cached(self) -> bool:
        return all(a.cached for a in self.report.attempts)


# --- Rows ----------------------------------------------------------------------------------------


def rows(
    outcomes: Iterable[Outcome | Summary] | Outcome | Summary, table: TableName = "articles"
) -> Iterator[Row]:
    """The rows of one table, as dicts from column to value, lazily.

    Values are str, int, float, bool, `datetime.date`, None, and lists and dicts of these. Raises
    `ConfigurationError` where there is no such table.
    """
    make = _MAKERS.get(table)
    if make is None:
        what = f"There is no table {table!r}."
        raise ConfigurationError(what, f"Use one of {', '.join(_MAKERS)}.")
    return (row for outcome in _all(outcomes) for row in make(outcome))


def tables(outcomes: Iterable[Outcome | Summary]) -> dict[TableName, list[Row]]:
    """The rows of every table in `TABLES`, in one pass over the outcomes."""
    filled: dict[TableName, list[Row]] = {name: [] for name in TABLES}
    for outcome in _all(outcomes):
        for name, held in filled.items():
            held.extend(_MAKERS[name](outcome))
    return filled


def _all(outcomes: Iterable[Outcome | Summary] | Outcome | Summary) -> Iterator[Outcome]:
    # A pydantic model is an iterable of its fields: one summary must not be taken for many.
    several = [outcomes] if isinstance(outcomes, Summary) else outcomes
    if not hasattr(several, "__iter__"):
        several = [several]
    for outcome in several:
        yield _Read(outcome) if isinstance(outcome, Summary) else outcome


def _articles(outcome: Outcome) -> Iterator[Row]:
    summary = outcome.summary
    source = summary.source if summary else None
    yield {
        "article_id": _id(outcome),
        **_status(outcome),
        "title": source.title if source else None,
        "url": source.url if source else None,
        "published": source.published if source else None,
        **_found(summary),
        **_spent(outcome),
    }


def _nested(outcome: Outcome) -> Iterator[Row]:
    summary = outcome.summary
    yield {
        **_status(outcome),
        **_found(summary),
        "engagements": [
            {
                **_engagement(e),
                "participants": [_participant(i, p) for i, p in enumerate(e.participants)],
                "outcomes": [_statement(i, s) for i, s in enumerate(e.outcomes)],
            }
            for e in (summary.engagements if summary else ())
        ],
        "agreements": [
            {**_agreement(a), "acts": [_act(i, act) for i, act in enumerate(a.acts)]}
            for a in (summary.agreements if summary else ())
        ],
        **_spent(outcome),
    }


def _engagements(outcome: Outcome) -> Iterator[Row]:
    for e in outcome.summary.engagements if outcome.summary else ():
        yield {"article_id": _id(outcome), **_engagement(e)}


def _participants(outcome: Outcome) -> Iterator[Row]:
    for e in outcome.summary.engagements if outcome.summary else ():
        for i, participant in enumerate(e.participants):
            key = {"article_id": _id(outcome), "engagement_id": e.id}
            yield {**key, **_participant(i, participant)}


def _statements(outcome: Outcome) -> Iterator[Row]:
    for e in outcome.summary.engagements if outcome.summary else ():
        for i, statement in enumerate(e.outcomes):
            key = {"article_id": _id(outcome), "engagement_id": e.id}
            yield {**key, **_statement(i, statement)}


def _agreements(outcome: Outcome) -> Iterator[Row]:
    for a in outcome.summary.agreements if outcome.summary else ():
        yield {"article_id": _id(outcome), **_agreement(a)}


def _acts(outcome: Outcome) -> Iterator[Row]:
    for a in outcome.summary.agreements if outcome.summary else ():
        for i, act in enumerate(a.acts):
            yield {"article_id": _id(outcome), "agreement_id": a.id, **_act(i, act)}


def _left_out(outcome: Outcome) -> Iterator[Row]:
    for left in outcome.report.left_out:
        yield {
            "article_id": _id(outcome),
            "what": left.what,
            "words": left.words,
            "reason": left.reason,
            "passage": left.passage,
        }


_MAKERS: Final = {
    "articles": _articles,
    "engagements": _engagements,
    "participants": _participants,
    "statements": _statements,
    "agreements": _agreements,
    "acts": _acts,
    "left_out": _left_out,
    "nested": _nested,
}


# --- Parts of a row ------------------------------------------------------------------------------


def _id(outcome: Outcome) -> str:
    return _storable(outcome.article_id)


def _storable(words: str) -> str:
    """Words that Arrow can hold: a file's name may have bytes that are no text."""
    return words.encode("utf-8", "backslashreplace").decode("utf-8")


def _status(outcome: Outcome) -> Row:
    failure = outcome.failure
    return {
        "sha256": outcome.summary.source.sha256 if outcome.summary else None,
        "status": "failed" if failure is not None else "ok",
        "failure": type(failure).__name__ if failure is not None else None,
        "failure_message": _storable(str(failure)) if failure is not None else None,
        "retryable": failure.retryable if failure is not None else None,
    }


def _found(summary: Summary | None) -> Row:
    engagements = summary.engagements if summary else []
    return {
        "language": summary.source.language if summary else None,
        "abstract": summary.abstract if summary else None,
        "engagement_count": len(engagements),
        "participant_count": sum(len(e.participants) for e in engagements),
        "agreement_count": len(summary.agreements) if summary else 0,
    }


def _spent(outcome: Outcome) -> Row:
    report = outcome.report
    fates = [passage.fate for passage in report.passages]
    return {
        "left_out_count": len(report.left_out),
        "passages_read": fates.count("read"),
        "passages_failed": fates.count("failed"),
        "requests": sum(not a.cached for a in report.attempts),
        "prompt_tokens": report.prompt_tokens,
        "completion_tokens": report.completion_tokens,
        "cost": _cost(report),
        "seconds": report.seconds,
        "cached": outcome.cached,
        "model": report.model or None,
        "endpoint": report.endpoint or None,
        "prompt": report.prompt or None,
        "schema_version": outcome.summary.schema_version if outcome.summary else None,
        "summary_json": outcome.summary.model_dump_json() if outcome.summary else None,
    }


def _cost(report: Report) -> float | None:
    """What the article cost; None where tokens were used at a price that is not known."""
    paid = [a for a in report.attempts if not a.cached and (a.prompt_tokens or a.completion_tokens)]
    if any(a.cost is None for a in paid):
        return None
    return sum((a.cost or 0.0 for a in paid), 0.0)


def _engagement(e: Engagement) -> Row:
    return {
        "engagement_id": e.id,
        "type": e.type,
        "status": e.status,
        "laterality": e.laterality,
        "salience": e.salience,
        "name": e.name,
        **_dated("date", e.date),
        **_dated("new_date", e.new_date),
        "place_name": e.place.name if e.place else None,
        "place_country": e.place.country if e.place else None,
        "place_evidence": _evidence(e.place.evidence) if e.place else None,
        "party_codes": _codes([p.party for p in e.participants if p.party]),
        "part_of_id": e.part_of.id if e.part_of else None,
        "part_of_relation": e.part_of.relation if e.part_of else None,
        **_located(e.evidence),
    }


def _participant(number: int, p: Participant) -> Row:
    return {
        "number": number,
        "name": p.name,
        "office": p.office,
        "party_code": p.party.code if p.party else None,
        "party_kind": p.party.kind if p.party else None,
        "party_as_written": p.party.as_written if p.party else None,
        "role": p.role,
        **_located(p.evidence),
    }


def _statement(number: int, s: Statement) -> Row:
    return {
        "number": number,
        "kind": s.kind,
        "by": _parties(s.by),
        "to": _parties(s.to),
        "text": s.text,
        **_located(s.evidence),
    }


def _agreement(a: Agreement) -> Row:
    return {
        "agreement_id": a.id,
        "title": a.title,
        "acronym": a.acronym,
        "type": a.type,
        "status": a.status,
        **_dated("date", a.date),
        "parties": _parties(a.parties),
        "party_codes": _codes(a.parties),
        "engagement_id": a.engagement,
        **_located(a.evidence),
    }


def _act(number: int, act: Act) -> Row:
    return {
        "number": number,
        "kind": act.kind,
        "realis": act.realis,
        **_dated("date", act.date),
        "by": _parties(act.by),
        **_located(act.evidence),
    }


def _dated(name: str, value: DateValue | None) -> Row:
    parts = ("text", "edtf", "modifier", "basis", "start", "end")
    row = {f"{name}_{part}": getattr(value, part, None) for part in parts}
    evidence = value.evidence if value else None
    return {**row, f"{name}_evidence": _evidence(evidence) if evidence else None}


def _located(evidence: Sequence[Evidence]) -> Row:
    first = evidence[0] if evidence else None
    return {
        "exact": first.exact if first else None,
        "start": first.start if first else None,
        "end": first.end if first else None,
        "evidence": [_evidence(e) for e in evidence],
    }


def _evidence(e: Evidence) -> Row:
    return {
        "exact": e.exact,
        "start": e.start,
        "end": e.end,
        "prefix": e.prefix,
        "suffix": e.suffix,
    }


def _parties(parties: Sequence[Party]) -> list[Row]:
    return [{"code": p.code, "kind": p.kind, "as_written": p.as_written} for p in parties]


def _codes(parties: Sequence[Party]) -> list[str]:
    return list(dict.fromkeys(p.code for p in parties if p.code))


# --- Arrow, pandas, Parquet ----------------------------------------------------------------------


def arrow_schema(table: TableName) -> pa.Schema:
    """The Arrow schema of a table; each field's metadata says what it holds.

    Raises `ConfigurationError` where there is no such table, or no pyarrow.
    """
    pa = _needed("pyarrow")
    if table not in SCHEMAS:
        what = f"There is no table {table!r}."
        raise ConfigurationError(what, f"Use one of {', '.join(SCHEMAS)}.")
    return pa.schema([_field(pa, column) for column in SCHEMAS[table]])


def arrow_table(outcomes: Iterable[Outcome | Summary], table: TableName = "articles") -> pa.Table:
    """One table as a `pyarrow.Table` of `arrow_schema(table)`."""
    return arrow_rows(list(rows(outcomes, table)), table)


def arrow_rows(held: list[Row], table: TableName) -> pa.Table:
    """Rows of a table, as `rows` makes them, as a `pyarrow.Table`."""
    schema = arrow_schema(table)
    return _needed("pyarrow").Table.from_pylist(held, schema=schema)


def arrow_tables(outcomes: Iterable[Outcome | Summary]) -> dict[TableName, pa.Table]:
    """Every table in `TABLES` as a `pyarrow.Table`, in one pass over the outcomes."""
    _needed("pyarrow")  # before the first outcome is taken
    return {name: arrow_rows(held, name) for name, held in tables(outcomes).items()}


def frames(outcomes: Iterable[Outcome | Summary]) -> dict[TableName, pd.DataFrame]:
    """Every table in `TABLES` as a `pandas.DataFrame`.

    The columns keep their Arrow types (`pandas.ArrowDtype`): a missing number stays missing and
    does not turn the others into floats. Raises `ConfigurationError` without pandas or pyarrow.
    """
    pandas = _needed("pandas")
    return {
        name: table.to_pandas(types_mapper=pandas.ArrowDtype)
        for name, table in arrow_tables(outcomes).items()
    }


def write_parquet(outcomes: Iterable[Outcome | Summary], folder: str | Path) -> dict[str, int]:
    """Write every table in `TABLES` to `folder/<table>.parquet`; return the rows of each.

    Outcomes are taken as they come, and a thousand of them held at a time. Where taking them
    ends in an error, or is interrupted, the files hold what came before it, and the error goes
    on. Files of these names are replaced, each at once and only by a whole one. Raises
    `StorageError` where they cannot be written.
    """
    pq = _needed("pyarrow.parquet")
    folder = Path(folder)
    with _storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = dict.fromkeys(TABLES, 0)
    with contextlib.ExitStack() as stack:
        with _storing(folder):
            writers = {name: stack.enter_context(_parquet(pq, folder, name)) for name in TABLES}
        batch: list[Outcome | Summary] = []
        try:
            for outcome in outcomes:
                batch.append(outcome)
                if len(batch) == _AT_ONCE:
                    _write(writers, batch, counts, folder)
                    batch = []
        finally:
            _write(writers, batch, counts, folder)
    return counts


def _write(
    writers: dict[TableName, Any], batch: list[Outcome | Summary], counts: dict[str, int], at: Path
) -> None:
    made = arrow_tables(batch)
    with _storing(at):
        for name, table in made.items():
            writers[name].write_table(table)
            counts[name] += table.num_rows


@contextlib.contextmanager
def _parquet(pq: ModuleType, folder: Path, name: TableName) -> Iterator[Any]:
    """A writer to a file beside the one meant, which takes its name when it is whole."""
    final = folder / f"{name}.parquet"
    part = folder / f"{name}.parquet.part"
    writer = pq.ParquetWriter(part, arrow_schema(name), compression="zstd")
    try:
        yield writer
    except StorageError:  # what was being written is not whole
        with contextlib.suppress(OSError):
            writer.close()
        part.unlink(missing_ok=True)
        raise
    except BaseException:
        _finish(writer, part, final)
        raise
    else:
        _finish(writer, part, final)


def _finish(writer: Any, part: Path, final: Path) -> None:
    with _storing(final):
        writer.close()
        part.replace(final)


@contextlib.contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror or error}."
        raise StorageError(what, "Name a folder that is writable and has room.") from error


def _needed(name: str) -> ModuleType:
    """A module of the extra `frames`."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        what = f"{name.partition('.')[0]} is not installed."
        raise ConfigurationError(what, 'Run: pip install "communique[frames]"') from error


def _field(pa: ModuleType, column: Column) -> pa.Field:
    about = {"description": column.what}
    return pa.field(column.name, _arrow(pa, column.type), column.nullable, metadata=about)


def _arrow(pa: ModuleType, kind: Type) -> pa.DataType:
    if isinstance(kind, ListOf):
        return pa.list_(pa.field("item", _arrow(pa, kind.item), nullable=False))
    if isinstance(kind, Struct):
        return pa.struct([_field(pa, column) for column in kind.columns])
    return getattr(pa, _SCALARS[kind])()


_SCALARS: Final[dict[Scalar, str]] = {
    "string": "string",
    "bool": "bool_",
    "int32": "int32",
    "int64": "int64",
    "float64": "float64",
    "date": "date32",
}
