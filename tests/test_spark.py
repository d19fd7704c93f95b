"""Articles in Spark: one row for one row, in pandas and in Arrow, here and on its workers."""

from __future__ import annotations

import datetime as dt
import importlib.util
import pickle
import shutil
import sys
import warnings
from typing import Any

import pytest

import samples
from communique import ConfigurationError, Summary, export, spark
from faults import FaultyServer, refuses

KEY = "sk-proj-0123456789abcdefSECRET"
OURS = [column.name for column in export.SCHEMAS["nested"]]
needs_spark = [
    pytest.mark.spark,
    pytest.mark.skipif(not importlib.util.find_spec("pyspark"), reason="pyspark is not installed"),
    pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java"),
    # pyspark's own: of pandas 3, and of sockets that it leaves to the collector.
    pytest.mark.filterwarnings("default::FutureWarning"),
    pytest.mark.filterwarnings("default::ResourceWarning"),
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning"),
]
ROWS = [
    {"n": 2**60 + n, "text": samples.article(n), "day": dt.date(2024, 5, 2), "tags": [f"t{n}"]}
    for n in range(12)
]
ROWS[0]["text"], ROWS[1]["text"] = None, "\x00\x01binary"
ROWS[2]["n"] = None
ROWS[3]["day"] = None


@pytest.fixture
def server():
    """Give a server that reads all articles but one."""
    with FaultyServer(samples.reads) as running:
        good = running.next

        def following(asked: Any) -> Any:
            answer = good(asked)
            return refuses() if "number 6." in samples.passage_of(asked.body) else answer

        running.next = following  # type: ignore[method-assign]
        yield running


@pytest.fixture
def options(server):
    """Give the options that ask the server."""
    given = {"model": "openai/stand-in", "base_url": server.url, "api_key": KEY}
    return {**given, "profile": "hosted", "published_column": "day", "id_column": "n"}


def check(made: list[dict[str, Any]]) -> None:
    """Assert what `ROWS` must give, in any order."""
    assert len(made) == len(ROWS)
    for row in ROWS:
        (found,) = [one for one in made if one["tags"] == row["tags"]]
        number = int(row["tags"][0][1:])
        wrong = {0: "InvalidArticle", 1: "InvalidArticle", 5: "Refused"}
        assert found["failure"] == wrong.get(number)
        if found["status"] == "ok":
            summary = Summary.model_validate_json(found["summary_json"])
            assert summary.source.published == row["day"]
            (meeting,) = found["engagements"]
            assert row["text"][meeting["start"] : meeting["end"]] == meeting["exact"] == "met"
            assert meeting["participants"][0]["name"] in samples.NAMES
            assert found["agreements"][0]["acts"][0]["kind"] == "signed"


# --- without Spark ---------------------------------------------------------------------------


def test_frames_come_back_with_every_row(options):
    """If this failed, mapInPandas would lose rows, or take our columns for its own."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS)
    read = spark.summarise_partitions(batch_size=5, **options)
    made = list(read(iter([frame, frame.iloc[:0]])))
    assert [len(part) for part in made] == [5, 5, 2]
    assert all(list(part.columns) == [*ROWS[0], *OURS] for part in made)
    whole = pandas.concat(made)
    assert whole.index.tolist() == list(range(12))
    check(whole.to_dict("records"))


def test_batches_come_back_with_every_row_and_type(options):
    """If this failed, mapInArrow would change a column that is not ours."""
    pa = pytest.importorskip("pyarrow")
    batch = pa.RecordBatch.from_pylist(ROWS)
    read = spark.summarise_batches(batch_size=5, prefix="c_", **options)
    made = list(read(iter([batch, batch.slice(0, 0)])))
    assert [part.num_rows for part in made] == [5, 5, 2]
    table = pa.Table.from_batches(made)
    assert table.select(list(ROWS[0])).to_pylist() == ROWS
    assert table.schema.names == [*ROWS[0], *(f"c_{name}" for name in OURS)]
    check([{k.removeprefix("c_"): v for k, v in row.items()} for row in table.to_pylist()])


def test_a_wrong_column_is_told_with_what_there_is(options):
    """If this failed, a task would end in a KeyError."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS).rename(columns={"text": "body", "tags": "status"})
    with pytest.raises(ConfigurationError, match=r"no column 'text'.*body"):
        next(spark.summarise_partitions(**options)(iter([frame])))
    with pytest.raises(ConfigurationError, match=r"column 'status' already.*prefix="):
        next(spark.summarise_partitions("body", **options)(iter([frame])))
    with pytest.raises(ConfigurationError, match="no model"):
        spark.summarise_partitions(model="nonsense")


def test_the_reading_shows_no_key(options):
    """If this failed, a plan or a log of the cluster could show the key."""
    reading = spark._reading("text", **options)
    assert KEY not in repr(reading)
    assert KEY not in repr(pickle.loads(pickle.dumps(reading)))  # noqa: S301 - made here


@pytest.mark.parametrize(
    "cell",
    [None, "", " \n", float("nan"), "NaT", "NA"],
    ids=["None", "", "blank", "nan", "NaT", "NA"],
)
def test_every_kind_of_empty_cell_is_empty(cell, options):
    """If this failed, an empty date would be an invalid one, and an empty id the id 'nan'."""
    pandas = pytest.importorskip("pandas")
    cell = getattr(pandas, cell) if cell in {"NaT", "NA"} else cell
    rows = spark._reading("text", **options).rows([samples.article(9)] * 2, [cell] * 2, [cell] * 2)
    assert [row["status"] for row in rows] == ["ok", "ok"]
    source = Summary.model_validate_json(rows[0]["summary_json"]).source
    assert (source.id, source.published) == (None, None)
    (empty,) = spark._reading("text", **options).rows([cell])
    assert (empty["status"], empty["failure"]) == ("failed", "InvalidArticle")


# --- with Spark ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session():
    """Start a Spark of two workers on this machine, on loopback only."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"):
            patch.setenv(name, sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[2]").appName("communique")
        settings = {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.shuffle.partitions": "2",
            "spark.task.maxFailures": "4",
        }
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        yield session
        session.stop()


def articles(session: Any) -> Any:
    """The rows as a data frame in two partitions."""
    ddl = "n BIGINT, text STRING, day DATE, tags ARRAY<STRING>"
    return session.createDataFrame([tuple(row.values()) for row in ROWS], ddl).repartition(2)


class TestSpark:
    """What a session on this machine makes of the rows."""

    pytestmark = needs_spark

    def test_the_ddl_and_the_schema_are_one(self, session):
        """If this failed, one of the two ways to name the output would be refused."""
        given = session.createDataFrame([], "a INT")
        whole = spark.output_schema(given.schema, prefix="c_")
        told = session.createDataFrame([], f"a INT, {spark.ddl('c_')}").schema
        assert whole == told
        with pytest.raises(ConfigurationError, match="column 'status' already"):
            spark.output_schema(session.createDataFrame([], "status INT").schema)

    def test_map_in_pandas_gives_one_row_for_one_row(self, session, options):
        """If this failed, an article of a cluster's run would be lost, or end the run."""
        df = articles(session)
        read = spark.summarise_partitions(**options)
        made = df.mapInPandas(read, schema=spark.output_schema(df.schema))
        check([row.asDict(recursive=True) for row in made.collect()])

    def test_map_in_arrow_leaves_every_type_as_it_is(self, session, options):
        """If this failed, a large id beside an empty one would come back as another number."""
        df = articles(session)
        read = spark.summarise_batches(**options)
        made = df.mapInArrow(read, schema=spark.output_schema(df.schema)).collect()
        check([row.asDict(recursive=True) for row in made])
        assert {row["n"] for row in made} == {row["n"] for row in ROWS}

    def test_a_task_that_is_started_again_pays_nothing_twice(
        self, session, server, options, tmp_path
    ):
        """If this failed, a lost executor would be paid for with a whole partition."""
        df = articles(session)
        store = tmp_path / "run.sqlite"
        read = spark.summarise_batches(resume=store, **options)
        made = df.mapInArrow(read, schema=spark.output_schema(df.schema))
        check([row.asDict(recursive=True) for row in made.collect()])
        before = len(server.requests)
        check([row.asDict(recursive=True) for row in made.collect()])
        again = [samples.passage_of(asked.body) for asked in server.requests[before:]]
        assert all("number 6." in words for words in again)
