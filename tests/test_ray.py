"""Articles in a Ray dataset: one row for one row, whatever becomes of an actor."""

from __future__ import annotations

import datetime as dt
import importlib.util
import inspect
import logging
import os
import signal
import sys
import tempfile
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import samples
from communique import ConfigurationError, Summary, export
from faults import FaultyServer, no_choices, refuses, says

pytestmark = [
    pytest.mark.ray,
    # Not by importing it: what it is to do is told by the environment at its import.
    pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="the extra is not installed"),
    # Ray's own: it opens more files and sockets than it closes, and warns of its own future.
    pytest.mark.filterwarnings("default::ResourceWarning:"),
    pytest.mark.filterwarnings("default::DeprecationWarning:ray"),
    pytest.mark.filterwarnings("default::FutureWarning:ray"),
]

KEY = "sk-proj-0123456789abcdefSECRET"
OURS = [column.name for column in export.SCHEMAS["nested"]]


@pytest.fixture(scope="module")
def logs() -> Iterator[Path]:
    """Start a Ray of two workers, on loopback only and silent to the outside; give its folder."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # one machine, whichever it is
        warnings.simplefilter("ignore")
        import ray.data

        # A short path: Ray's sockets lie in it, and a socket's path may have a hundred characters.
        with tempfile.TemporaryDirectory(prefix="ray") as folder:
            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _temp_dir=folder)
            ray.data.DataContext.get_current().enable_progress_bars = False
            for name in ("ray", "ray.data"):
                logging.getLogger(name).setLevel(logging.WARNING)
            yield Path(folder)
            ray.shutdown()


@pytest.fixture
def server():
    """Give a server that reads well whatever is not scripted."""
    with FaultyServer(samples.reads) as running:
        yield running


def dataset(rows: list[dict[str, Any]]) -> Any:
    """Make a dataset of a few blocks."""
    import ray

    return ray.data.from_items(rows, override_num_blocks=4)


def read(ds: Any, server: FaultyServer, **options: Any) -> Any:
    """Read a dataset through the server."""
    from communique.ray import summarise_dataset

    given = {"base_url": server.url, "api_key": KEY, "profile": "hosted", **options}
    return summarise_dataset(ds, model="openai/stand-in", **given)


def workers() -> list[int]:
    """The processes of this test's actors."""

    def parent(pid: int) -> int:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return 0
        return int(stat.rpartition(")")[2].split()[1])

    def ours(pid: int) -> bool:
        while pid > 1 and pid != os.getpid():
            pid = parent(pid)
        return pid == os.getpid()

    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        pid = int(path.parent.name)
        if words.startswith(b"ray::MapWorker") and ours(pid):
            found.append(pid)
    return found


def killing(server: FaultyServer, *moments: int) -> list[int]:
    """Kill an actor when so many requests have come; give the list of those killed."""
    good, killed, lock = server.next, [], threading.Lock()

    def following(asked: Any) -> Any:
        answer = good(asked)
        with lock:
            if len(killed) < len(moments) and len(server.requests) >= moments[len(killed)]:
                (pid, *_) = workers()
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
        return answer

    server.next = following  # type: ignore[method-assign]
    return killed


def asked_about(server: FaultyServer) -> Counter[str]:
    """How often each passage was asked about."""
    return Counter(samples.passage_of(asked.body) for asked in server.requests)


def test_every_row_gives_one_row(logs, server):
    """If this failed, an article of a cluster's run would be lost, or end the run."""
    good = server.next

    def following(asked: Any) -> Any:
        answer = good(asked)
        words = samples.passage_of(asked.body)
        faults = {"number 8.": refuses(), "number 9.": no_choices(), "number 10.": says("prose")}
        return next((fault for sign, fault in faults.items() if sign in words), answer)

    server.next = following  # type: ignore[method-assign]
    texts = [samples.article(n) for n in range(12)]
    texts[0], texts[1], texts[2] = None, "  ", "\x00\x01binary"
    rows = [
        {"n": n, "words": text, "day": dt.date(2024, 5, 2) if n % 2 else None, "note": [n, n]}
        for n, text in enumerate(texts)
    ]
    options = {"published_column": "day", "id_column": "n", "prefix": "c_", "batch_size": 5}
    made = read(dataset(rows), server, text_column="words", actors=2, **options).materialize()
    back = {row["n"]: row for row in made.take_all()}
    assert made.count() == len(back) == 12
    assert [{name: back[n][name] for name in rows[0]} for n in range(12)] == rows
    ended = [back[n]["c_failure"] or "ok" for n in range(12)]
    assert ended == [
        *["InvalidArticle"] * 3,
        *["ok"] * 4,
        *["Refused", "InvalidReply", "InvalidReply", "ok", "ok"],
    ]
    for n in (3, 4, 5, 6, 10, 11):
        row = back[n]
        summary = Summary.model_validate_json(row["c_summary_json"])
        assert (summary.source.id, summary.source.published) == (str(n), rows[n]["day"])
        (meeting,) = row["c_engagements"]
        assert texts[n][meeting["start"] : meeting["end"]] == meeting["exact"] == "met"
        assert row["c_sha256"] == summary.source.sha256
    assert back[8]["c_sha256"] is not None
    base = made.schema().base_schema
    expected = export.arrow_schema("nested")
    assert base.names == [*rows[0], *(f"c_{name}" for name in OURS)]
    assert base.types[4:] == expected.types
    told = [
        path for path in logs.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()
    ]
    assert told == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the actors in /proc")
def test_a_killed_actor_loses_nothing(logs, server):
    """If this failed, a machine that dies would take its articles with it."""
    rows = [{"n": n, "text": samples.article(n)} for n in range(40)]
    killed = killing(server, 6, 25)
    back = read(dataset(rows), server, actors=2, batch_size=5, concurrency=2).take_all()
    assert len(killed) == 2
    assert sorted(row["n"] for row in back) == list(range(40))
    assert {row["status"] for row in back} == {"ok"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the actors in /proc")
def test_what_a_killed_actor_had_paid_for_is_not_asked_again(logs, server, tmp_path):
    """If this failed, a worker's death would be paid for with a whole batch."""
    rows = [{"n": n, "text": samples.article(n)} for n in range(40)]
    killed = killing(server, 15, 35)
    options = {"actors": 1, "batch_size": 20, "concurrency": 2}
    read_once = read(dataset(rows), server, resume=tmp_path / "run.sqlite", **options)
    back = read_once.take_all()
    assert len(killed) == 2
    assert sorted(row["n"] for row in back) == list(range(40))
    # What was under way when the actor died, and no more: two at a time, two times.
    assert len(asked_about(server)) == 40
    assert sum(asked_about(server).values()) - 40 <= 4
    before = len(server.requests)
    assert sorted(row["n"] for row in read_once.take_all()) == list(range(40))
    assert len(server.requests) == before


def test_counting_the_rows_asks_for_nothing(logs, server):
    """If this failed, len() of a dataset would cost what reading all its articles costs."""
    made = dataset([{"text": samples.article(n)} for n in range(40)])
    if "udf_modifying_row_count" not in inspect.signature(made.map_batches).parameters:
        pytest.skip("this Ray cannot be told that the rows stay as many")
    assert read(made, server).count() == 40
    assert server.requests == []


def test_ray_listens_on_loopback_only(logs):
    """If this failed, a developer's machine would be open while the tests run."""
    import ray

    assert {node["NodeManagerAddress"] for node in ray.nodes()} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("row", "options", "words"),
    [
        ({"text": "a"}, {"text_column": "body"}, "no column 'body'.*text"),
        ({"text": "a"}, {"id_column": "id"}, "no column 'id'"),
        ({"text": "a", "status": 1}, {}, "column 'status' already.*prefix="),
        ({"text": "a"}, {"model": "nonsense"}, "no model 'nonsense'"),
        ({"text": "a"}, {"budget": 1.0}, "budget holds for one run"),
        ({"text": "a"}, {"concurrency": 0}, "concurrency"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_read(logs, server, row, options, words):
    """If this failed, a misspelt column would be found when the cluster is running."""
    from communique.ray import summarise_dataset

    given = {"model": "openai/x", "base_url": server.url, "api_key": KEY, **options}
    with pytest.raises(ConfigurationError, match=words):
        summarise_dataset(dataset([row]), **given)
    assert server.requests == []
