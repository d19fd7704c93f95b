"""The page about many articles and the scripts of examples/, run as they stand.

They run in a process of their own, against a server on this machine that answers as a good model
does; what they print and write is looked at.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import samples
from conftest import ROOT
from faultlab import Lab, articles
from faults import FaultyServer

PAGE = (ROOT / "docs" / "many.md").read_text(encoding="utf-8")
SECTIONS = {
    title: "\n".join(re.findall(r"^```python\n(.*?)^```$", body, re.DOTALL | re.MULTILINE))
    for title, body in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
}
COUNT = 6


def without(*names: str) -> pytest.MarkDecorator:
    """Skip where one of these is not installed."""
    lost = [name for name in names if not importlib.util.find_spec(name)]
    return pytest.mark.skipif(bool(lost), reason=f"{', '.join(lost)} is not installed")


frames = without("pyarrow", "pandas")
on_ray = [pytest.mark.ray, without("ray")]
on_spark = [
    pytest.mark.spark,
    without("pyspark"),
    pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java"),
]


@pytest.fixture
def server():
    """Give a server that reads well."""
    with FaultyServer(samples.reads) as running:
        yield running


@pytest.fixture
def place(tmp_path):
    """Make a folder with articles as files and as a table."""
    folder = tmp_path / "articles"
    folder.mkdir()
    texts = [samples.article(number) for number in range(COUNT)]
    for number, text in enumerate(texts, 1):
        (folder / f"{number:03}.txt").write_text(text, encoding="utf-8")
    (folder / "empty.txt").write_text("", encoding="utf-8")
    if importlib.util.find_spec("pyarrow"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        day = dt.date(2024, 5, 30)
        rows = [{"text": text, "date": day, "n": n} for n, text in enumerate([*texts, None])]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "articles.parquet")
    return tmp_path


@pytest.fixture
def lab(place):
    """Give a server that has batches, and a folder with what it can read."""
    for number in range(COUNT):
        file = place / "articles" / f"{number + 1:03}.txt"
        file.write_text(articles.text(number), encoding="utf-8")
    with Lab() as running:
        yield running


def run(server: Any, place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these words, in that place, against that server."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONIOENCODING": "utf-8",
        "COMMUNIQUE_MODEL": "openai/stand-in",
        "OPENAI_BASE_URL": server.url,
        "OPENAI_API_KEY": "k",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # listen on loopback only
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    return subprocess.run(
        [sys.executable, *words],
        cwd=place,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


def parquet(path: Path) -> list[dict[str, object]]:
    """The rows of a file or a folder of files."""
    import pyarrow.parquet as pq

    return pq.read_table(path).to_pylist()


# --- the page --------------------------------------------------------------------------------


def told(server: FaultyServer, place: Path, section: str) -> str:
    """Run the code of a section; what it prints."""
    (place / "section.py").write_text(SECTIONS[section], encoding="utf-8")
    done = run(server, place, "section.py")
    assert done.returncode == 0, done.stderr
    assert server.requests
    return done.stdout


def test_the_page_tells_the_story_in_order():
    """If this failed, a step of the page would have no code, or no test below."""
    assert list(SECTIONS) == [
        "One article",
        "A folder",
        "Overnight",
        "Half price with Batch",
        "A cluster with Ray",
        "A cluster with Spark",
    ]
    assert all(SECTIONS.values())


def test_the_page_reads_one_article(server, place):
    """If this failed, the first thing that a user tries would not work."""
    assert told(server, place, "One article") == "meeting held ['Ana Duarte', 'Salim Harthy']\n"


@frames
def test_the_page_reads_a_folder(server, place):
    """If this failed, the tables would not have the columns that the page names."""
    out = told(server, place, "A folder")
    assert out.count("2024-05-") == COUNT
    assert "InvalidArticle" in out
    assert re.search(r"^OMN +6$", out, re.MULTILINE)


@frames
def test_the_page_reads_overnight_and_goes_on(server, place):
    """If this failed, a run that is started again would pay again."""
    told(server, place, "Overnight")
    asked = len(server.requests)
    assert asked == COUNT
    told(server, place, "Overnight")
    assert len(server.requests) == asked
    ends = [row["status"] for row in parquet(place / "tables" / "articles.parquet")]
    assert sorted(ends) == ["failed"] + ["ok"] * COUNT


@frames
def test_the_page_reads_at_half_the_price(lab, place):
    """If this failed, the page's way to a batch would end in an error, or pay twice."""
    (place / "section.py").write_text(SECTIONS["Half price with Batch"], encoding="utf-8")
    done = run(lab, place, "section.py")
    assert done.returncode == 0, done.stderr
    assert "BatchStatus(" in done.stdout
    assert done.stdout.count(".txt True") == COUNT, "what another program then finds"
    assert len(lab.log()) == COUNT
    ends = [row["status"] for row in parquet(place / "tables" / "articles.parquet")]
    assert sorted(ends) == ["failed"] + ["ok"] * COUNT


@pytest.mark.parametrize(
    ("section", "out"),
    [
        pytest.param("A cluster with Ray", "read", marks=on_ray),
        pytest.param("A cluster with Spark", "read_by_spark", marks=on_spark),
    ],
)
def test_the_page_reads_on_a_cluster(server, place, section, out):
    """If this failed, the page's way to a cluster would end in an error or lose rows."""
    told(server, place, section)
    rows = parquet(place / out)
    assert sorted(row["n"] for row in rows) == list(range(COUNT + 1))
    assert sorted(row["status"] for row in rows) == ["failed"] + ["ok"] * COUNT


# --- examples --------------------------------------------------------------------------------


def example(server: Any, place: Path, name: str, *words: str) -> tuple[int, str]:
    """Run a script of examples/; its exit code and what it prints."""
    done = run(server, place, str(ROOT / "examples" / name), *words)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def test_one_article(server, place):
    """If this failed, the first example would not run."""
    code, out = example(server, place, "one_article.py", "articles/001.txt")
    assert code == 0
    assert "held meeting: Ana Duarte, Salim Harthy (2024-05-01) «met»" in out
    assert "signed: Double Taxation Treaty «Double Taxation Treaty»" in out


@frames
def test_folder_to_tables(server, place):
    """If this failed, a folder would not become tables."""
    code, out = example(server, place, "folder_to_tables.py", "articles", "tables")
    assert code == 0
    assert "     7 rows in articles.parquet" in out
    assert "     6 rows in engagements.parquet" in out
    assert len(parquet(place / "tables" / "participants.parquet")) == 2 * COUNT


@frames
def test_overnight(server, place):
    """If this failed, a run that is started again would ask again, or lose what it had."""
    words = ("overnight.py", "articles", "tables")
    code, out = example(server, place, *words)
    assert (code, out.split()) == (1, ["6", "read", "1", "InvalidArticle"])
    assert example(server, place, *words) == (code, out)
    assert len(server.requests) == COUNT
    assert len(parquet(place / "tables" / "articles.parquet")) == COUNT + 1


@frames
def test_half_price(lab, place):
    """If this failed, the example would not run, or submit again what is submitted."""
    words = ("half_price.py", "articles", "tables")
    code, out = example(lab, place, *words)
    assert code == 0
    assert "7 of 7 articles, 1 failed" in out
    assert "     7 rows in articles.parquet" in out
    assert example(lab, place, *words)[0] == 0
    assert len(lab.log()) == COUNT


@pytest.mark.ray
@without("ray")
def test_on_ray(server, place):
    """If this failed, the example for a cluster would not run on one machine either."""
    code, out = example(server, place, "on_ray.py", "articles.parquet", "read", "run.sqlite")
    assert code == 0
    assert sorted(out.split()) == ["1", "6", "failed", "ok"]
    assert len(parquet(place / "read")) == len(server.requests) + 1 == COUNT + 1


def test_every_example_is_run_here():
    """If this failed, an example could rot unseen."""
    source = Path(__file__).read_text(encoding="utf-8")
    names = [path.name for path in (ROOT / "examples").glob("*.py")]
    assert names
    assert [name for name in names if f'"{name}"' not in source] == []
