"""One run over several processes: the same outcomes, and nothing lost with a worker."""

from __future__ import annotations

import io
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from communique import (
    Article,
    AuthenticationFailed,
    BudgetSpent,
    ConfigurationError,
    InternalError,
    InvalidReply,
    Outcome,
    Refused,
    Summariser,
    _processes,
    summarise_many,
    wire,
)
from communique.store import Store
from conftest import ROOT
from faults import FaultyServer, refuses, retry_later, status
from test_many import COST, KEY, PRICES, Held, answering, asked, kinds, night, read, text

SETTINGS = {"model": "openai/stand-in", "api_key": KEY, "processes": 2}


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """A server that reads well whatever is not scripted."""
    with FaultyServer(read) as running:
        yield running


def run(server: FaultyServer, count: int, **options: Any) -> list[Outcome]:
    """Run over so many readouts in two processes."""
    given = {**SETTINGS, "base_url": server.url, **options}
    return list(summarise_many(map(text, range(count)), **given))


def hashes(outcomes: list[Outcome]) -> list[str]:
    """Which articles the summaries are of."""
    return [o.summary.source.sha256 for o in outcomes]


def workers() -> list[int]:
    """The numbers of the processes that this one has started to read articles."""
    found = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(os.getpid())],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    return [int(line.split()[0]) for line in found if "_worker" in line]


def test_the_same_outcomes_in_order(server, tmp_path):
    """If this failed, more processes would give other results than one."""
    store = tmp_path / "run.sqlite"
    outcomes = run(server, 60, resume=store)
    assert hashes(outcomes) == [Article(text(number)).sha256 for number in range(60)]
    assert asked(server) == list(range(60))
    assert workers() == []
    again = run(server, 60, resume=store)
    assert all(o.cached for o in again)
    assert len(server.requests) == 60


def test_failures_come_across_whole(server):
    """If this failed, a failure in another process would lose its type or its report."""
    answering(server, lambda number, _: refuses() if number == 3 else None)
    outcomes = run(server, 8)
    assert kinds(outcomes) == {"summary": 7, "Refused": 1}
    assert [a.outcome for a in outcomes[3].failure.report.attempts] == ["refused"]
    assert outcomes[3].report == outcomes[3].failure.report


def test_a_budget_is_shared_exactly(server):
    """If this failed, each process would spend the whole budget."""
    budget = 1.0
    outcomes = run(server, 1_000, prices=PRICES, budget=budget)
    most = 0.9  # of one request: 8,000 tokens of reply
    assert budget - most < len(server.requests) * COST <= budget
    assert kinds(outcomes) == {
        "summary": len(server.requests),
        "BudgetSpent": 1_000 - len(server.requests),
    }
    assert all(o.ok or isinstance(o.failure, BudgetSpent) for o in outcomes)


def test_an_account_that_ends_is_told_to_all(server):
    """If this failed, every process would find out by itself, one article after the other."""
    answering(server, lambda _, before: status(401, "No.") if before > 10 else None)
    outcomes = run(server, 300, concurrency=4)
    assert kinds(outcomes) == {"summary": 10, "AuthenticationFailed": 290}
    assert len(server.requests) <= 10 + 4
    assert all(isinstance(o.failure, AuthenticationFailed) for o in outcomes if not o.ok)


def test_a_pause_holds_for_every_process(server):
    """If this failed, one process would wait as it was told, and the others go on asking."""
    server.script(*[retry_later("0.2")] * 2)
    assert kinds(run(server, 30)) == {"summary": 30}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
@pytest.mark.parametrize("stored", [False, True])
def test_a_worker_that_is_killed_loses_nothing(server, tmp_path, stored):
    """If this failed, the system's memory killer would take articles along."""
    held = Held()
    answering(server, lambda _, before: held if 10 < before <= 14 else None)
    options = {"resume": tmp_path / "run.sqlite"} if stored else {}
    given = {**SETTINGS, "base_url": server.url, "concurrency": 4, **options}
    found: list[Outcome] = []
    reading = threading.Thread(
        target=lambda: found.extend(summarise_many(map(text, range(60)), **given))
    )
    reading.start()
    for _ in range(4):
        assert held.arrived.acquire(timeout=60)
    os.kill(workers()[0], signal.SIGKILL)
    held.release.set()
    reading.join(60)
    assert hashes(found) == [Article(text(number)).sha256 for number in range(60)]
    times = Counter(asked(server))
    assert set(times) == set(range(60))
    assert all(count == 1 for count in times.values() if count > 2) or max(times.values()) <= 2
    if stored:
        assert sum(times.values()) <= 60 + 4, "only what was under way is asked again"
        with Store(tmp_path / "run.sqlite") as opened:
            assert opened.count()["summaries"] == 60
            assert opened.count()["claims"] == 0


class Deadly(Summariser):
    """A summariser whose process dies of one article, as of a bug in compiled code."""

    async def read(self, article: Article, session: Any) -> Any:
        if article.text == text(3):
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().read(article, session)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_an_article_that_kills_its_workers_is_given_up(server):
    """If this failed, one article would kill one worker after the other, for ever, or take those
    along that were read beside it.
    """
    reader = Deadly("openai/stand-in", api_key=KEY, base_url=server.url)
    outcomes = list(reader.summarise_many(map(text, range(12)), processes=2, concurrency=8))
    (given_up,) = [o for o in outcomes if not o.ok]
    assert outcomes.index(given_up) == 3
    assert isinstance(given_up.failure, InternalError)
    assert "processes that were reading" in given_up.failure.what


def test_workers_that_cannot_begin(server, monkeypatch):
    """If this failed, a broken environment would be a run that never ends."""
    good = _processes._spawn

    def spawn() -> Any:
        monkeypatch.setattr(sys, "path", [])
        return good()

    monkeypatch.setattr(_processes, "_spawn", spawn)
    with pytest.raises(InternalError, match="No process could be started"):
        run(server, 3)
    assert server.requests == []


def test_what_cannot_be_shared_is_told(server):
    """If this failed, a run would fail in another process with an error nobody sees."""
    sdk = openai.OpenAI(base_url=server.url, api_key="k")
    with pytest.raises(ConfigurationError, match="client of your own"):
        list(summarise_many([text(0)], model="openai/x", client=sdk, processes=2))
    with pytest.raises(ConfigurationError, match="uses every core"):
        list(Summariser("local").summarise_many([text(0)], processes=2))


def test_a_budget_without_prices_is_told(server):
    """If this failed, a budget would be no limit in several processes."""
    with pytest.raises(ConfigurationError, match="prices"):
        run(server, 3, budget=1.0)
    assert server.requests == []
    assert workers() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_control_c_reaches_only_this_process(server, tmp_path):
    """If this failed, Ctrl-C in a terminal would kill the workers with what they have under way."""
    held = Held()
    answering(server, lambda _, before: held if before > 5 else None)
    process, store = night(server, tmp_path, "concurrency=4, processes=2", start_new_session=True)
    for _ in range(3):
        assert held.arrived.acquire(timeout=60)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    threading.Timer(0.5, held.release.set).start()
    out, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert f"resume={str(store)!r}" in err
    assert set(out.split()) == {"True"}
    with Store(store) as opened:
        assert opened.count()["replies"] == len(server.requests) < 100


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_workers_end_with_whom_they_work_for(server, tmp_path):
    """If this failed, killed runs would leave processes behind that ask on and on."""
    held = Held()
    answering(server, lambda *_: held)
    script = tmp_path / "night.py"
    script.write_text(
        "from communique import summarise_many\n"
        "from test_many import text\n"
        f"list(summarise_many(map(text, range(100)), model='openai/stand-in',\n"
        f"    base_url={server.url!r}, api_key='k', processes=2, concurrency=2))\n"
    )
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    process = subprocess.Popen([sys.executable, script], env={**os.environ, "PYTHONPATH": paths})
    for _ in range(2):
        assert held.arrived.acquire(timeout=60)
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert len(found) == 2
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in found) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in found)
    held.release.set()


# --- messages ---------------------------------------------------------------------------------


def test_messages_arrive_whole():
    """If this failed, two processes would misunderstand each other."""
    pipe = io.BytesIO()
    for message in (("a", 1), ("b", "x" * 100_000), ()):
        wire.write(pipe, pickle.dumps(message))
    pipe.seek(0)
    assert [wire.read(pipe) for _ in range(3)] == [("a", 1), ("b", "x" * 100_000), ()]
    with pytest.raises(EOFError):
        wire.read(pipe)


@pytest.mark.parametrize("cut", [3, 8, 12])
def test_half_a_message_is_the_end(cut):
    """If this failed, a worker that dies while it tells something would stop the run."""
    pipe = io.BytesIO()
    wire.write(pipe, pickle.dumps(("done", 1)))
    with pytest.raises(EOFError):
        wire.read(io.BytesIO(pipe.getvalue()[:cut]))
    assert struct.calcsize("<Q") == 8


def test_outcomes_are_packed_without_loss():
    """If this failed, an outcome would change on its way between processes."""
    failed = Outcome.failed("a", InvalidReply("No.", "Again."), cached=True)
    same = wire.unpacked("a", pickle.loads(pickle.dumps(wire.packed(failed))))  # noqa: S301
    assert (same.article_id, str(same.failure), same.cached) == ("a", "No. Again.", True)
    assert same.report == failed.report
    assert wire.unpacked("a", wire.packed(None)) is None
    assert isinstance(wire.unpacked("b", wire.packed(Outcome.failed("b", Refused("No")))), Outcome)


def test_a_request_is_counted_once(server):
    """If this failed, what several processes ask would be counted by none, or twice."""
    seen = []
    run(server, 10, progress=seen.append, prices=PRICES)
    assert seen[-1].requests == len(server.requests) == 10
    assert seen[-1].cost == pytest.approx(10 * COST)
