"""Tables of many summaries: every article once, every field where it belongs, columns that stay."""

from __future__ import annotations

import builtins
import datetime as dt
import importlib
import importlib.util
import json
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import samples
from communique import (
    CommuniqueError,
    ConfigurationError,
    InvalidArticle,
    RateLimited,
    StorageError,
    Summariser,
    Summary,
    export,
    schemas,
)
from communique._columns import SCHEMAS, ListOf, Struct
from conftest import ROOT
from faults import COMPLETION_TOKENS, PROMPT_TOKENS, FaultyServer

GOLDEN = Path(__file__).parent / "golden" / "columns.txt"
EVIDENCE = schemas.Evidence(exact="met", start=4, end=7, prefix="Ana ", suffix=" Bo")
SECOND = schemas.Evidence(exact="saw", start=14, end=17)
OMAN = schemas.Party(code="OMN", kind="state", as_written="Oman")
REBELS = schemas.Party(code=None, kind="non_state", as_written="the rebels")
DATE = schemas.DateValue(
    text="early May",
    edtf="2024-05",
    modifier="early",
    basis="year_inferred",
    start=dt.date(2024, 5, 1),
    end=dt.date(2024, 5, 31),
    evidence=EVIDENCE,
)


@dataclass(frozen=True)
class Outcome:
    """An outcome as a run yields it."""

    article_id: str
    summary: Summary | None = None
    failure: CommuniqueError | None = None
    report: schemas.Report = field(default_factory=schemas.Report)
    cached: bool = False


def full(**changes: Any) -> Summary:
    """A summary in which everything that may be there is there."""
    engagement = schemas.Engagement(
        id="e1",
        type="meeting",
        status="postponed",
        laterality="bilateral",
        name="the Dialogue",
        participants=[
            schemas.Participant(
                name="Ana", office="Minister", party=OMAN, role="host", evidence=[EVIDENCE, SECOND]
            ),
            schemas.Participant(name=None, party=REBELS),
            schemas.Participant(name="Bo", party=OMAN),
        ],
        date=DATE,
        new_date=DATE.model_copy(update={"edtf": None, "basis": "unresolved"}),
        place=schemas.Place(name="Muscat", country="OMN", evidence=SECOND),
        outcomes=[
            schemas.Statement(
                kind="offer", by=[OMAN], to=[REBELS], text="offered talks", evidence=[EVIDENCE]
            )
        ],
        part_of=schemas.EngagementRef(id="e2", relation="during_visit"),
        salience="background",
        evidence=[EVIDENCE, SECOND],
    )
    agreement = schemas.Agreement(
        id="a1",
        title="the Treaty",
        acronym="T",
        type="treaty",
        parties=[OMAN, REBELS],
        acts=[
            schemas.Act(kind="signed", realis="planned", date=DATE, by=[OMAN], evidence=[SECOND])
        ],
        status="agreed",
        date=DATE,
        engagement="e1",
        evidence=[EVIDENCE],
    )
    visit = schemas.Engagement(
        id="e2", type="visit", status="held", laterality="unilateral", evidence=[SECOND]
    )
    fields = {
        "abstract": "Ana met Bo.",
        "engagements": [engagement, visit],
        "agreements": [agreement],
        "source": schemas.Source(
            sha256="a" * 64,
            published=dt.date(2024, 5, 2),
            language="en",
            title="A title",
            url="https://example.org/1",
            id="one",
        ),
        "report": schemas.Report(
            model="m",
            endpoint="https://example.org/v1",
            prompt="read/v1",
            attempts=[
                schemas.Attempt(passage=0, number=1, outcome="unavailable"),
                schemas.Attempt(
                    passage=0,
                    number=2,
                    outcome="valid",
                    prompt_tokens=7,
                    completion_tokens=3,
                    cost=0.25,
                ),
                schemas.Attempt(
                    passage=1, number=1, outcome="valid", prompt_tokens=50, cached=True
                ),
            ],
            passages=[
                schemas.PassageReport(index=0, span=schemas.Span(start=0, end=9), fate="read"),
                schemas.PassageReport(index=1, span=schemas.Span(start=9, end=19), fate="failed"),
            ],
            left_out=[schemas.LeftOut(what="date", words="soon", reason="no date", passage=1)],
            seconds=1.5,
        ),
    }
    return Summary(**{**fields, **changes})


SUMMARY = full()
FAILED = Outcome(
    "three",
    failure=RateLimited("Too many requests.", "Wait."),
    report=schemas.Report(
        model="m",
        attempts=[schemas.Attempt(passage=0, number=1, outcome="rate_limited")],
    ),
)
OUTCOMES = [Outcome("one", SUMMARY, report=SUMMARY.report), FAILED]


@pytest.fixture
def read() -> Iterator[list[Summary]]:
    """Give summaries that came the whole way, through an endpoint on this machine."""
    with FaultyServer(samples.reads) as server:
        summariser = Summariser(
            "openai/stand-in", base_url=server.url, api_key="k", profile="hosted"
        )
        yield [summariser.summarise(samples.article(number)) for number in range(3)]


def spelled(kind: Any) -> str:
    """A type in full, as the golden list has it."""
    if isinstance(kind, ListOf):
        return f"list<{spelled(kind.item)}>"
    if isinstance(kind, Struct):
        return "struct<" + ", ".join(f"{c.name}: {column(c)}" for c in kind.columns) + ">"
    return str(kind)


def column(one: Any) -> str:
    """The type of a column, and whether it may be null."""
    return spelled(one.type) + ("" if one.nullable else " not null")


# --- columns ---------------------------------------------------------------------------------


def test_columns_stay_as_they_are_published():
    """If this failed, somebody's query on a stored table would break: add columns, and only add."""
    lines = [f"{name}.{c.name}: {column(c)}" for name, cs in SCHEMAS.items() for c in cs]
    assert lines == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_the_page_of_tables_is_that_of_the_columns():
    """If this failed, docs/tables.md would tell other columns: run tools/make_tables_doc.py."""
    path = ROOT / "tools" / "make_tables_doc.py"
    spec = importlib.util.spec_from_file_location("make_tables_doc", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == tool.markdown()


@pytest.mark.parametrize("table", SCHEMAS)
def test_rows_hold_the_published_columns_in_order(table):
    """If this failed, a row would have a column that no schema knows, or lack one."""
    rows = list(export.rows(OUTCOMES, table))
    assert rows
    for row in rows:
        assert list(row) == [c.name for c in SCHEMAS[table]]


def missing(value: Any, columns: Any, at: str) -> Iterator[str]:
    """Name the columns that must not be null and are, at any depth."""
    for one in columns:
        here = value[one.name]
        if here is None:
            if not one.nullable:
                yield f"{at}.{one.name}"
            continue
        inner = one.type.item if isinstance(one.type, ListOf) else one.type
        if isinstance(inner, Struct):
            for part in here if isinstance(one.type, ListOf) else [here]:
                yield from missing(part, inner.columns, f"{at}.{one.name}")


@pytest.mark.parametrize("table", SCHEMAS)
def test_what_is_never_null_is_never_null(table):
    """If this failed, Spark would refuse a row that Arrow lets pass."""
    outcomes = [*OUTCOMES, full(engagements=[], agreements=[], report=schemas.Report())]
    bare = [m for row in export.rows(outcomes, table) for m in missing(row, SCHEMAS[table], table)]
    assert bare == []


def fields_of(model: Any) -> set[str]:
    """The fields of a record."""
    return set(model.model_fields)


@pytest.mark.parametrize(
    ("table", "model", "elsewhere"),
    [
        ("engagements", schemas.Engagement, {"participants", "outcomes"}),
        ("participants", schemas.Participant, set()),
        ("statements", schemas.Statement, set()),
        ("agreements", schemas.Agreement, {"acts"}),
        ("acts", schemas.Act, set()),
        ("left_out", schemas.LeftOut, set()),
    ],
)
def test_every_field_of_a_record_has_a_column(table, model, elsewhere):
    """If this failed, a field added to the records would be missing from the tables."""
    columns = {c.name for c in SCHEMAS[table]}
    others = {"id": f"{table[:-1]}_id", "engagement": "engagement_id"}
    lost = [
        name
        for name in fields_of(model) - elsewhere
        if not {name, others.get(name)} & columns
        and not any(c.startswith(f"{name}_") for c in columns)
    ]
    assert lost == []


# --- rows ------------------------------------------------------------------------------------


def test_an_article_that_was_read_is_one_row():
    """If this failed, what an article cost or held could not be looked up."""
    (row,) = export.rows(OUTCOMES[:1])
    assert row.pop("summary_json") == SUMMARY.model_dump_json()
    assert row == {
        "article_id": "one",
        "sha256": "a" * 64,
        "status": "ok",
        "failure": None,
        "failure_message": None,
        "retryable": None,
        "title": "A title",
        "url": "https://example.org/1",
        "published": dt.date(2024, 5, 2),
        "language": "en",
        "abstract": "Ana met Bo.",
        "engagement_count": 2,
        "participant_count": 3,
        "agreement_count": 1,
        "left_out_count": 1,
        "passages_read": 1,
        "passages_failed": 1,
        "requests": 2,
        "prompt_tokens": 7,
        "completion_tokens": 3,
        "cost": 0.25,
        "seconds": 1.5,
        "cached": False,
        "model": "m",
        "endpoint": "https://example.org/v1",
        "prompt": "read/v1",
        "schema_version": "1",
    }


def test_an_article_that_failed_is_one_row_too():
    """If this failed, a failed article would be missing from the table, or look read."""
    (row,) = export.rows(FAILED)
    assert row["article_id"] == "three"
    assert (row["status"], row["failure"], row["retryable"]) == ("failed", "RateLimited", True)
    assert row["failure_message"] == "Too many requests. Wait."
    assert (row["requests"], row["model"], row["summary_json"]) == (1, "m", None)
    (final,) = export.rows(Outcome("x", failure=InvalidArticle("Empty.")))
    assert final["retryable"] is False
    assert list(export.rows(FAILED, "engagements")) == []


@pytest.mark.parametrize(
    ("costs", "total"),
    [([], 0.0), ([0.5, 0.25], 0.75), ([0.5, None], None)],
)
def test_a_cost_is_a_sum_or_unknown_and_never_a_part(costs, total):
    """If this failed, a table would show less than was paid."""
    attempts = [
        schemas.Attempt(passage=0, number=n, outcome="valid", prompt_tokens=9, cost=cost)
        for n, cost in enumerate(costs, 1)
    ]
    (row,) = export.rows(full(report=schemas.Report(attempts=attempts)))
    assert row["cost"] == total


def test_an_engagement_is_a_row_with_its_words():
    """If this failed, a date or place in the table could not be traced to the article."""
    first, second = export.rows(SUMMARY, "engagements")
    assert (first["engagement_id"], first["type"], first["status"]) == (
        "e1",
        "meeting",
        "postponed",
    )
    assert (first["date_text"], first["date_edtf"]) == ("early May", "2024-05")
    assert (first["date_start"], first["date_end"]) == (dt.date(2024, 5, 1), dt.date(2024, 5, 31))
    assert (first["new_date_edtf"], first["new_date_basis"]) == (None, "unresolved")
    assert first["place_evidence"]["exact"] == "saw"
    assert first["party_codes"] == ["OMN"]
    assert (first["part_of_id"], first["part_of_relation"]) == ("e2", "during_visit")
    assert (first["exact"], first["start"], first["end"]) == ("met", 4, 7)
    assert [e["exact"] for e in first["evidence"]] == ["met", "saw"]
    assert (second["date_text"], second["place_name"], second["part_of_id"]) == (None, None, None)


def test_participants_statements_and_acts_name_what_they_belong_to():
    """If this failed, the tables could not be joined."""
    people = list(export.rows(SUMMARY, "participants"))
    keys = [(p["article_id"], p["engagement_id"], p["number"], p["name"]) for p in people]
    assert keys == [("one", "e1", 0, "Ana"), ("one", "e1", 1, None), ("one", "e1", 2, "Bo")]
    assert (people[0]["party_code"], people[1]["party_code"]) == ("OMN", None)
    assert people[1]["party_as_written"] == "the rebels"
    assert (people[2]["exact"], people[2]["evidence"]) == (None, [])
    (said,) = export.rows(SUMMARY, "statements")
    assert (said["engagement_id"], said["kind"], said["to"][0]["kind"]) == (
        "e1",
        "offer",
        "non_state",
    )
    (act,) = export.rows(SUMMARY, "acts")
    assert (act["agreement_id"], act["kind"], act["realis"]) == ("a1", "signed", "planned")
    (accord,) = export.rows(SUMMARY, "agreements")
    assert (accord["engagement_id"], accord["party_codes"]) == ("e1", ["OMN"])


def test_a_nested_row_holds_what_the_tables_hold():
    """If this failed, a row of Ray or Spark would say something else than the tables."""
    (nested,) = export.rows(SUMMARY, "nested")
    tables = export.tables([SUMMARY])
    engagements = [dict(e) for e in nested["engagements"]]
    people = [p for e in engagements for p in e.pop("participants")]
    said = [s for e in engagements for s in e.pop("outcomes")]
    agreements = [dict(a) for a in nested["agreements"]]
    acts = [act for a in agreements for act in a.pop("acts")]
    parts = {
        "engagements": engagements,
        "participants": people,
        "statements": said,
        "agreements": agreements,
        "acts": acts,
    }
    ids = {"participants": "engagement_id", "statements": "engagement_id", "acts": "agreement_id"}
    for name, found in parts.items():
        less = {"article_id", ids.get(name)}
        assert found == [{k: v for k, v in row.items() if k not in less} for row in tables[name]], (
            name
        )


def test_rows_of_real_summaries_quote_their_article(read):
    """If this failed, the tables would hold positions of another text."""
    texts = {f"sha256:{s.source.sha256[:16]}": samples.article(n) for n, s in enumerate(read)}
    rows = list(export.rows(read, "engagements")) + list(export.rows(read, "agreements"))
    assert len(rows) == 6
    assert all(texts[r["article_id"]][r["start"] : r["end"]] == r["exact"] for r in rows)
    for row in export.rows(read):
        assert Summary.model_validate_json(row["summary_json"]) in read
        assert (row["prompt_tokens"], row["completion_tokens"]) == (
            PROMPT_TOKENS,
            COMPLETION_TOKENS,
        )
        assert not row["cached"]


def test_rows_are_made_as_they_are_asked_for():
    """If this failed, a table of a long run would be held in memory before its first row."""

    def endless() -> Iterator[Summary]:
        while True:
            yield SUMMARY

    assert next(export.rows(endless(), "agreements"))["agreement_id"] == "a1"


def test_one_summary_or_many_are_taken():
    """If this failed, a summary would be taken for a list of its fields."""
    assert list(export.rows(SUMMARY)) == list(export.rows([SUMMARY]))
    assert list(export.rows([])) == []


def test_a_name_that_is_no_text_can_be_stored():
    """If this failed, one file with a broken name would end the export of a whole folder."""
    (row,) = export.rows(Outcome("a\udcff.txt", failure=InvalidArticle("a\udcff.txt is binary.")))
    assert (row["article_id"], row["failure_message"]) == (
        "a\\udcff.txt",
        "a\\udcff.txt is binary.",
    )


def test_a_table_that_is_not_there_is_named():
    """If this failed, a misspelt table would be a KeyError without a list of what there is."""
    for call in (export.rows, lambda _, t: export.arrow_schema(t)):
        with pytest.raises(ConfigurationError, match=r"'people'.*articles, engagements"):
            call([], "people")


# --- Arrow, pandas, Parquet ------------------------------------------------------------------


@pytest.mark.parametrize("table", SCHEMAS)
def test_arrow_tables_have_the_published_schema(table):
    """If this failed, two batches of one run could not be put together."""
    pa = pytest.importorskip("pyarrow")
    some, none = (export.arrow_table(o, table) for o in (OUTCOMES, []))
    schema = export.arrow_schema(table)
    assert some.schema.equals(schema, check_metadata=True)
    assert pa.concat_tables([some, none]).num_rows == some.num_rows > 0
    assert some.to_pylist() == list(export.rows(OUTCOMES, table))
    some.validate(full=True)
    assert all(f.metadata[b"description"] for f in schema)


def test_frames_keep_missing_numbers_missing():
    """If this failed, a position would become 4.0 because another row has none."""
    pandas = pytest.importorskip("pandas")
    made = export.frames(OUTCOMES)
    assert list(made) == list(export.TABLES)
    people = made["participants"]
    assert str(people["start"].dtype) == "int32[pyarrow]"
    assert people["start"].tolist()[0] == 4
    assert pandas.isna(people["start"].tolist()[2])
    joined = people.merge(made["engagements"], on=["article_id", "engagement_id"])
    assert joined["date_edtf"].tolist() == ["2024-05"] * 3
    assert made["articles"].set_index("article_id")["failure"].to_dict()["three"] == "RateLimited"


def test_parquet_files_hold_every_table(tmp_path, monkeypatch):
    """If this failed, an overnight run would end in files that lack rows."""
    pq = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(export, "_AT_ONCE", 3)
    counts = export.write_parquet(iter(OUTCOMES * 4), tmp_path / "new" / "run")
    files = {path.name for path in (tmp_path / "new" / "run").iterdir()}
    assert files == {f"{name}.parquet" for name in export.TABLES}
    for name in export.TABLES:
        table = pq.read_table(tmp_path / "new" / "run" / f"{name}.parquet")
        assert table.num_rows == counts[name]
        assert table.to_pylist() == list(export.rows(OUTCOMES * 4, name))


@pytest.mark.parametrize("end", [KeyboardInterrupt(), RateLimited("Slow.", "Wait.")])
def test_what_came_before_an_error_is_written(tmp_path, end):
    """If this failed, a run that is interrupted would leave nothing of what was paid for."""
    pq = pytest.importorskip("pyarrow.parquet")

    def broken() -> Iterator[Outcome]:
        yield from OUTCOMES
        raise end

    with pytest.raises(type(end)):
        export.write_parquet(broken(), tmp_path)
    assert pq.read_table(tmp_path / "articles.parquet").num_rows == 2
    assert not list(tmp_path.glob("*.part"))


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path):
    """If this failed, a user would see pyarrow's words and not what to do."""
    pytest.importorskip("pyarrow")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match=r"cannot be written.*Name a folder"):
        export.write_parquet(OUTCOMES, tmp_path / "file")


def test_a_disk_that_fills_up_leaves_the_earlier_files(tmp_path, monkeypatch):
    """If this failed, half a file would stand in place of the last whole one."""
    pq = pytest.importorskip("pyarrow.parquet")
    export.write_parquet(OUTCOMES, tmp_path)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full_disk)
    with pytest.raises(StorageError, match="No space left"):
        export.write_parquet(OUTCOMES * 2, tmp_path)
    assert pq.read_table(tmp_path / "articles.parquet").num_rows == 2
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("module", "call"),
    [
        ("pyarrow", lambda: export.arrow_schema("acts")),
        ("pyarrow", lambda: export.arrow_tables([])),
        ("pyarrow.parquet", lambda: export.write_parquet([], "nowhere")),
        ("pandas", lambda: export.frames([])),
    ],
)
def test_a_missing_extra_is_named(module, call, monkeypatch):
    """If this failed, a user without the extra would see an ImportError from the inside."""
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> types.ModuleType:
        if name == module:
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(ConfigurationError, match=r"is not installed.*communique\[frames\]"):
        call()


def test_rows_need_no_extra(monkeypatch):
    """If this failed, plain rows would be for those only who install Arrow."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> types.ModuleType:
        if name.partition(".")[0] in {"pyarrow", "pandas"}:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert json.dumps(list(export.rows(OUTCOMES, "nested")), default=str)
