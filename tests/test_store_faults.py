"""The store when things go wrong: killed processes, full and read-only disks, damaged files."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique.errors import StorageError
from communique.store import Store, owner
from communique.store import database as module
from faults import FaultyServer

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
PATIENCE = 60.0


@contextlib.contextmanager
def started(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run a Python program in a process of its own; its output is a pipe."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def output(program: str, *arguments: object) -> str:
    """Run a Python program to its end; give what it prints."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, check=False, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def together(program: str, arguments: Sequence[Sequence[object]]) -> None:
    """Run a Python program several times at once, to the end of each."""
    with ThreadPoolExecutor(len(arguments)) as pool:
        list(pool.map(lambda given: output(program, *given), arguments))


def told(error: StorageError, path: Path) -> bool:
    """Whether an error says in two sentences what happened to which file, and what to do."""
    ends = error.what.endswith(".") and error.advice.endswith(".")
    return ends and str(path) in error.what and not error.retryable


# --- killed processes -------------------------------------------------------------------------

WRITER = """
import sys
from communique.store import Store
store, start = Store(sys.argv[1]), int(sys.argv[2])
for number in range(start, start + 1_000_000):
    key = f"{number:012}"
    store.put(key, key * (1 + number % 300), model="m")
    if number % 3 == 0 and store.outcome(key, "s") is None:
        assert store.claim(key, "s", owner="o", seconds=600)
        store.keep_outcome(key, "s", article_id=key, summary='"%s"' % key)
    print(number, flush=True)
"""


def killed_after(seconds: float, program: str, *arguments: object) -> list[str]:
    """Run a program, kill it so long after its first line, and give the lines it had printed."""
    with started(program, *arguments) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        lines += process.stdout.readlines()
        timer.cancel()
        timer.join()
    return [line for line in lines if line.endswith("\n")]


def test_a_killed_process_loses_nothing_that_it_has_committed(tmp_path: Path) -> None:
    """A reply that was paid for would be lost with the process if this failed."""
    path = tmp_path / "s.sqlite"
    moment = random.Random(4)  # noqa: S311 - which moments is not a secret
    last = -1
    for _ in range(12):
        last = max(map(int, killed_after(moment.uniform(0, 0.3), WRITER, path, last + 1)))
        with Store(path) as store:
            assert store.check() == []
            # What was committed and not yet announced is whole as well: `check` has read it.
            keys = {kept.key: kept.raw for kept in store}
            ended = {outcome.article_key for outcome in store.outcomes()}
        for number in range(last + 1):
            key = f"{number:012}"
            assert keys[key] == key * (1 + number % 300)
            assert number % 3 or key in ended
    assert last > 100


WORKER = """
import os, sys, time
from communique.store import Store, owner
store, me = Store(sys.argv[1]), owner()
with open(sys.argv[2], "a") as log:
    for number in range(int(sys.argv[3])):
        key = str(number)
        if store.outcome(key, "s") is None and store.claim(key, "s", owner=me, seconds=600):
            log.write(f"{number} {os.getpid()}\\n")
            log.flush()
            time.sleep(0.002)
            store.keep_outcome(key, "s", article_id=key, summary="{}", owner=me)
"""


def test_two_processes_share_the_work(tmp_path: Path) -> None:
    """An article would be read, and paid for, by both if this failed."""
    path, log = tmp_path / "s.sqlite", tmp_path / "log"
    together(WORKER, [(path, log, 150)] * 3)
    done = [line.split() for line in log.read_text().splitlines()]
    assert sorted(int(number) for number, _ in done) == list(range(150))
    assert len({worker for _, worker in done}) > 1
    with Store(path) as store:
        assert store.count()["summaries"] == 150
        assert store.count()["claims"] == 0


HOLDER = """
import sys, time
from communique.store import Store, owner
assert Store(sys.argv[1]).claim("a", "s", owner=owner(), seconds=36000)
print("held", flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(os.name == "nt", reason="there the end of the lease is waited for")
def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    """A run started again after a kill would wait for its own dead self if this failed."""
    store = Store(tmp_path / "s.sqlite")
    with started(HOLDER, store.path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert not store.claim("a", "s", owner=owner(), seconds=60)
        holder.kill()
        until = time.monotonic() + PATIENCE
        # Nobody has taken note of its end: it is still listed, though it does nothing more.
        while not store.claim("a", "s", owner=owner(), seconds=60):
            assert time.monotonic() < until


def test_processes_start_together_on_a_new_file(tmp_path: Path) -> None:
    """Workers starting together on a new file would fail or lose replies if this failed."""
    path = tmp_path / "shared.sqlite"
    program = (
        "import sys; from communique.store import Store; s = Store(sys.argv[1])\n"
        "for i in range(20): s.put(sys.argv[2] + str(i), 'raw', model='m')"
    )
    together(program, [(path, name) for name in "abc"])
    assert len(Store(path)) == 60


FORKING = """
import os, sys
from communique.store import Store
store = Store(sys.argv[1])
store.put("before", "raw", model="m")
child = os.fork()
for number in range(300):
    store.put(f"{child == 0}-{number}", "raw" * 500, model="m")
    if number % 7 == 0:
        store.close()
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(len(store), store.check())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_loses_nothing(tmp_path: Path) -> None:
    """Parent and child would write over each other's replies if this failed."""
    assert output(FORKING, tmp_path / "s.sqlite") == "601 []\n"


FORKING_WITH_THREADS = """
import os, sys, threading
from communique.store import Store
store = Store(sys.argv[1])
def write(name):
    for number in range(200):
        store.put(f"{name}-{number}", "raw", model="m")
threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
for thread in threads:
    thread.start()
children = []
for number in range(5):
    child = os.fork()
    if child == 0:
        store.put(f"child-{number}", "raw", model="m")
        os._exit(0)
    children.append(child)
assert [os.waitpid(child, 0)[1] for child in children] == [0] * 5
for thread in threads:
    thread.join()
print(len(store), store.check())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_beside_writing_threads_loses_nothing(tmp_path: Path) -> None:
    """A pool of workers started in the middle of a run would hang, or lose replies, otherwise."""
    assert output(FORKING_WITH_THREADS, tmp_path / "s.sqlite") == "405 []\n"


def test_another_process_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store in use would fail at once, or be waited for without end, if this failed."""
    store = Store(tmp_path / "s.sqlite")
    store.put("k", "raw", model="m")
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    with pytest.raises(StorageError, match="locked") as caught:
        store.put("l", "raw", model="m")
    assert "Another process" in caught.value.advice
    assert store.get("k") is not None, "readers do not wait for the writer"
    other.execute("ROLLBACK")
    other.close()
    store.put("l", "raw", model="m")


# --- full and read-only disks -----------------------------------------------------------------

# A small disk of the test's own, mounted where only the child can see it.
MOUNTED = 'mount -t tmpfs -o size=400k tmpfs "$1" && cd "$1" && shift && exec "$@"'


def on_a_small_disk(folder: Path, program: str) -> str:
    """Run a program in a folder that is a disk of 400 kB; give what it prints."""
    unshare = shutil.which("unshare")
    isolated = [unshare or "", "--mount", "--map-root-user", "sh", "-c"]
    if (
        unshare is None
        or subprocess.run(
            [*isolated, MOUNTED, "sh", str(folder), "true"], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("no disk can be mounted here")
    done = subprocess.run(
        [*isolated, MOUNTED, "sh", str(folder), sys.executable, "-c", program],
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stderr == ""
    return done.stdout


FULL = """
import os
from pathlib import Path
from communique.errors import StorageError
from communique.store import Store
Path("ballast").write_bytes(bytes(100_000))
store, number = Store("s.sqlite"), 0
try:
    while True:
        store.put(str(number), "x" * 3000, model="m")
        number += 1
except StorageError as error:
    print(type(error).__name__, error.advice)
assert number > 10
store.close()
store = Store("s.sqlite")
assert store.check() == []
assert {kept.key for kept in store} == {str(n) for n in range(number)}, "a reply is lost"
Path("ballast").unlink()
store.put("after", "raw", model="m")
print(len(store) - number)
"""


def test_a_full_disk(tmp_path: Path) -> None:
    """A full disk would end in a foreign exception, or take what was kept before with it."""
    lines = on_a_small_disk(tmp_path, FULL).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("StorageError ")
    assert "space" in lines[0]
    assert lines[1] == "1", "with space again, it goes on"


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    """As on a full disk, made with SQLite's own limit where no disk can be mounted."""
    store = Store(tmp_path / "s.sqlite")
    store.put("first", "raw", model="m")
    connection = store._database._connections.open["writing"]
    connection.execute("PRAGMA max_page_count = 20")
    with pytest.raises(StorageError, match="full") as caught:
        store.put("k", "x" * 100_000, model="m")
    assert told(caught.value, store.path)
    assert "space" in caught.value.advice
    assert [kept.key for kept in store] == ["first"]
    connection.execute("PRAGMA max_page_count = 1000000")
    store.put("k", "x" * 100_000, model="m")
    assert len(store) == 2


READ_ONLY = """
import os, subprocess
from pathlib import Path
from communique.errors import StorageError
from communique.store import Store
with Store("s.sqlite") as store:
    store.put("k", "raw", model="m")
before = Path("s.sqlite").read_bytes()
subprocess.run(["mount", "-o", "remount,bind,ro", os.getcwd()], check=True)
for attempt in (lambda: Store("s.sqlite"), lambda: Store("new.sqlite")):
    try:
        attempt()
    except StorageError as error:
        print(error.advice)
with Store("s.sqlite", readonly=True) as store:
    assert store.get("k").raw == "raw"
assert Path("s.sqlite").read_bytes() == before
assert os.listdir() == ["s.sqlite"]
"""


def test_a_read_only_disk(tmp_path: Path) -> None:
    """Replies would be paid for that cannot be kept, or a copy could not be read, otherwise."""
    lines = on_a_small_disk(tmp_path, READ_ONLY).splitlines()
    assert len(lines) == 2
    assert all("Make the file and its folder writable" in line for line in lines)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_or_folder_without_permission(tmp_path: Path, what: str) -> None:
    """Replies would be paid for that cannot be kept, or a foreign exception come, otherwise."""
    folder = tmp_path / "mine"
    with Store(folder / "s.sqlite") as store:
        store.put("k", "raw", model="m")
    target = store.path if what == "file" else folder
    mode = target.stat().st_mode
    target.chmod(mode & ~0o222)
    if os.access(target, os.W_OK):
        pytest.skip("no mode stops this user")
    before = store.path.read_bytes()
    with pytest.raises(StorageError) as caught:
        Store(store.path)
    assert told(caught.value, store.path)
    assert "writable" in caught.value.advice
    assert store.path.read_bytes() == before
    target.chmod(mode)
    assert len(Store(store.path)) == 1


# --- files that are not as they should be -----------------------------------------------------


def filled(path: Path, replies: int = 60) -> bytes:
    """Make a store with some replies; give its bytes, with nothing left in the log."""
    with Store(path) as store:
        for number in range(replies):
            store.put(str(number), str(number) * 700, model="m")
            store.keep_outcome(str(number), "s", article_id="x", summary=f'"{number}"' * 50)
    return path.read_bytes()


def foreign(path: Path) -> None:
    """Somebody's database, with a log beside it."""
    theirs = sqlite3.connect(path)
    theirs.execute("PRAGMA journal_mode = WAL")
    theirs.execute("CREATE TABLE mine (x)")
    theirs.commit()
    theirs.close()


def newer(path: Path) -> None:
    """A store of the next layout."""
    filled(path, 1)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {module.VERSION + 1}")
    connection.close()


def empty_database(path: Path) -> None:
    """A database of nobody's, without tables."""
    connection = sqlite3.connect(path)
    connection.execute("VACUUM")
    connection.close()


NOT_OURS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a foreign database": (foreign, "another application"),
    "an empty database": (empty_database, "another application"),
    "a newer store": (newer, "newer version"),
    "a text": (lambda path: path.write_text("Minutes of the meeting. " * 100), "not a database"),
    "a short text": (lambda path: path.write_text("Minutes."), "not a database"),
    "half a header": (lambda path: path.write_bytes(b"SQLite format 3\0"), "not a database"),
    "zeros": (lambda path: path.write_bytes(bytes(8192)), "not a database"),
}


@pytest.mark.parametrize("name", NOT_OURS)
def test_what_is_not_ours_is_not_touched(tmp_path: Path, name: str) -> None:
    """Somebody's own file would be written into, or over, if this failed."""
    make, words = NOT_OURS[name]
    path = tmp_path / "theirs.sqlite"
    make(path)
    before = path.read_bytes()
    for readonly in (False, True):
        with pytest.raises(StorageError, match=words) as caught:
            Store(path, readonly=readonly)
        assert told(caught.value, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["theirs.sqlite"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A path that names a pipe or a device would hang the caller if this failed."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="no file"):
        Store(tmp_path / "pipe")


@pytest.mark.parametrize("name", ["file/s.sqlite", "nul\0/s.sqlite", "x" * 300])
def test_a_path_that_cannot_be(tmp_path: Path, name: str) -> None:
    """An impossible path would end in a foreign exception if this failed."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as caught:
        Store(tmp_path / name)
    assert caught.value.advice.endswith(".")


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    """A file that a temporary name was reserved with could not be used if this failed."""
    path = tmp_path / "s.sqlite"
    path.touch()
    with Store(path) as store:
        store.put("k", "raw", model="m")
        assert len(store) == 1


@settings(max_examples=60)
@given(st.data())
def test_damage_is_an_error_and_never_another_reply(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A damaged file would be read wrongly, made worse, or end in a foreign exception."""
    folder = tmp_path_factory.mktemp("damage")
    whole = filled(folder / "s.sqlite", 30)
    size = data.draw(st.integers(8, 6000))
    at = data.draw(st.one_of(st.integers(0, 99), st.integers(100, len(whole) - size)))
    noise = data.draw(st.sampled_from([b"\xff", b"\0", b"x", b"\x81\x03"]))
    damaged = whole[:at] + (noise * size)[:size] + whole[at + size :]
    path = folder / "damaged.sqlite"
    path.write_bytes(damaged)
    errors: list[StorageError] = []
    found: dict[str, str] = {}
    outcomes: dict[str, str | None] = {}
    try:
        store = Store(path)
    except StorageError as error:
        errors.append(error)
    else:
        for number in map(str, range(30)):
            try:
                if (kept := store.get(number)) is not None:
                    found[number] = kept.raw
                if (outcome := store.outcome(number, "s")) is not None:
                    outcomes[number] = outcome.summary
            except StorageError as error:
                errors.append(error)
        store.close()
    assert all(told(error, path) for error in errors)
    assert all(raw == number * 700 for number, raw in found.items())
    assert all(summary == f'"{number}"' * 50 for number, summary in outcomes.items())
    assert path.read_bytes() == damaged


@pytest.mark.parametrize("at", [0, 16, 68, 100])
def test_a_damaged_beginning(tmp_path: Path, at: int) -> None:
    """A damaged header or first page would go unnoticed, or be overwritten, if this failed."""
    path = tmp_path / "s.sqlite"
    data = bytearray(filled(path))
    data[at : at + 2048] = b"\xff" * 2048
    path.write_bytes(data)
    with pytest.raises(StorageError) as caught:
        Store(path).get("7")
    assert told(caught.value, path)
    assert path.read_bytes() == data


def test_a_reply_with_one_letter_changed(tmp_path: Path) -> None:
    """SQLite notices no change inside a value: a wrong record would be built on it otherwise."""
    path = tmp_path / "s.sqlite"
    data = filled(path, 1)
    assert data.count(b"0" * 700) == 1
    path.write_bytes(data.replace(b"0" * 700, b"0" * 699 + b"1"))
    with Store(path) as store:
        with pytest.raises(StorageError, match="damaged") as caught:
            store.get("0")
        assert told(caught.value, path)
        assert store.check() == [f"The store {path} is damaged: the reply 0 is not as it was kept."]
        assert store.outcome("0", "s") is not None, "what is whole can be read"


def test_check_tells_of_a_damaged_page(tmp_path: Path) -> None:
    """A user could not find out whether a file is whole if this failed."""
    path = tmp_path / "s.sqlite"
    data = bytearray(filled(path))
    data[-4096:] = b"\xff" * 4096
    path.write_bytes(data)
    with Store(path, readonly=True) as store:
        assert store.check()


# --- the layout before ------------------------------------------------------------------------

LAYOUT_1 = """
CREATE TABLE replies (
    key TEXT PRIMARY KEY, raw TEXT NOT NULL, model TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, created REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO replies VALUES ('k', '{"a": "é"}', 'm', 3, 5, 7.0), ('l', 'raw', 'm', 0, 0, 8.0);
PRAGMA application_id = 1129270605;
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;
"""


def test_the_replies_of_an_older_cache_are_taken_over(tmp_path: Path) -> None:
    """What an earlier version has paid for would be paid for again if this failed."""
    path = tmp_path / "cache.sqlite"
    older = sqlite3.connect(path)
    older.executescript(LAYOUT_1)
    older.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="older version"):
        Store(path, readonly=True)
    assert path.read_bytes() == before
    with Store(path) as store:
        kept = store.get("k")
        assert kept is not None
        assert (kept.raw, kept.model, kept.created) == ('{"a": "é"}', "m", 7.0)
        assert (kept.prompt_tokens, kept.completion_tokens, kept.cost) == (3, 5, None)
        assert len(store) == 2
        assert store.check() == []
        store.keep_outcome("a", "s", article_id="x", summary="{}")
    with Store(path, readonly=True) as store:
        assert json.loads(next(store.outcomes()).summary or "") == {}


# --- a run that is killed ---------------------------------------------------------------------

READER = """
import asyncio, sys
import instructor, openai.resources.chat  # their import takes longer than the rest
from pydantic import BaseModel
from communique.client import Budget, Client, Endpoint
from communique.store import Store

class Draft(BaseModel):
    number: int

def check(draft):
    return [] if draft.number % 3 else ["Add one."]

async def read(client, number):
    await client.ask(
        [{"role": "user", "content": f"Number {number}"}], Draft, check=check, budget=Budget(),
        max_tokens=50, passage=0, prompt_version="test/1",
    )

async def main():
    client = Client(Endpoint.at("m", sys.argv[2]), store=Store(sys.argv[1]), durable=True)
    waiting = [read(client, number) for number in range(30)]
    print("begun", flush=True)
    for one in waiting:
        await one
    print("done", flush=True)

asyncio.run(main())
"""


def test_a_run_that_is_killed_repeats_no_finished_call(tmp_path: Path) -> None:
    """A run killed in the night would pay twice for what it had, if this failed."""
    running: list[subprocess.Popen[str]] = []
    moment = random.Random(7)  # noqa: S311 - which moments is not a secret

    def answer(body: Mapping[str, Any]) -> object:
        if len(server.requests) == 12:
            # Before the reply is there, while it is read, kept or checked, or after the next.
            threading.Timer(moment.uniform(0, 0.03), running[-1].kill).start()
        first, *told = body["messages"]
        number = int(first["content"].split()[1])
        return {"number": number + bool(told), "asked": f"{number}/{len(told)}"}

    path = tmp_path / "s.sqlite"
    kept: set[str] = set()
    with FaultyServer(answer) as server:
        for _ in range(6):
            server.requests.clear()
            with started(READER, path, server.url) as process:
                running.append(process)
                process.communicate(timeout=PATIENCE)
            asked = [
                f"{request.messages[0]['content'].split()[1]}/{len(request.messages) - 1}"
                for request in server.requests
            ]
            assert len(asked) == len(set(asked))
            assert kept.isdisjoint(asked), "a call was made whose reply was in the store"
            with Store(path) as store:
                assert store.check() == []
                now = {json.loads(reply.raw)["asked"] for reply in store}
            assert now >= kept
            assert len(set(asked) - now) <= 1, "but for the one that was under way, all are kept"
            kept = now
    assert [process.returncode < 0 for process in running[:2]] == [True, True]
    assert running[-1].returncode == 0
    assert kept == {f"{n}/0" for n in range(30)} | {f"{n}/2" for n in range(0, 30, 3)}
