"""The cache: what is found again, and what happens when the file is not as it should be."""

from __future__ import annotations

import os
import pickle
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique.errors import StorageError
from communique.store import Store, open_store, reply_key
from communique.store import database as module

QUESTION: dict[str, Any] = {
    "model": "m",
    "identity": "http://localhost/v1",
    "messages": [{"role": "user", "content": "A sanctions B"}],
    "schema": {"type": "object"},
    "sampling": {"temperature": 0, "seed": 7},
    "prompt_version": "extract/1",
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty cache."""
    return Store(tmp_path / "replies.sqlite")


def test_a_reply_comes_back_whole(store: Store) -> None:
    """A reply would be paid for twice, or changed, if this failed."""
    assert store.get("k") is None
    store.put("k", '{"a": "é\U0001f91d"}', model="m", prompt_tokens=3, completion_tokens=5)
    found = store.get("k")
    assert found is not None
    assert (found.raw, found.model) == ('{"a": "é\U0001f91d"}', "m")
    assert (found.prompt_tokens, found.completion_tokens) == (3, 5)
    assert found.created > 0
    assert len(store) == 1


def test_a_reply_survives_closing(store: Store) -> None:
    """A second run would pay again if this failed."""
    store.put("k", "raw", model="m")
    store.close()
    assert len(Store(store.path)) == 1
    assert store.get("k") is not None, "a closed cache opens itself again"


def test_an_empty_cache_is_true(store: Store) -> None:
    """`if cache` would skip a new cache if this failed."""
    assert store
    assert len(store) == 0


def test_prune_forgets_the_old_alone(store: Store) -> None:
    """A cache could only grow, or would lose new replies, if this failed."""
    store.put("k", "raw", model="m")
    assert store.prune(older_than=3600) == 0
    assert store.prune(older_than=-1) == 1
    assert len(store) == 0


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("model", "n"),
        ("identity", "http://elsewhere/v1"),
        ("messages", [{"role": "user", "content": "B sanctions A"}]),
        ("messages", [{"role": "system", "content": "A sanctions B"}]),
        ("schema", {"type": "array"}),
        ("sampling", {"temperature": 1, "seed": 7}),
        ("prompt_version", "extract/2"),
    ],
)
def test_every_part_of_the_question_counts(name: str, other: object) -> None:
    """One question would be answered with another's reply if this failed."""
    assert reply_key(**QUESTION) != reply_key(**{**QUESTION, name: other})


def test_the_key_does_not_depend_on_the_order_of_fields() -> None:
    """Every run would miss if dictionaries were told apart by the order of their keys."""
    again = {**QUESTION, "sampling": {"seed": 7, "temperature": 0}}
    assert reply_key(**QUESTION) == reply_key(**again)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
def test_keys_differ_where_texts_differ(one: str, two: str) -> None:
    """Any text, a lone surrogate too, must have a key, and its own, or answers are confused."""

    def key(text: str) -> str:
        return reply_key(**{**QUESTION, "messages": [{"role": "user", "content": text}]})

    assert (key(one) == key(two)) == (one == two)
    assert len(key(one)) == 64


def test_threads_share_one_cache(store: Store) -> None:
    """Passages decoded side by side would lose replies if this failed."""

    def write(number: int) -> None:
        for index in range(20):
            store.put(f"{number}-{index}", "raw", model="m")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store) == 80


def test_processes_share_one_file(tmp_path: Path) -> None:
    """Workers starting together on a new file would fail or lose replies if this failed."""
    path = tmp_path / "shared.sqlite"
    program = (
        "import sys; from communique.store import Store; c = Store(sys.argv[1])\n"
        "for i in range(20): c.put(sys.argv[2] + str(i), 'raw', model='m')"
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path), name],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for name in "abc"
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert len(Store(path)) == 60


def test_a_cache_crosses_a_process_boundary(store: Store) -> None:
    """A configured object holding a cache could not be sent to a worker if this failed."""
    store.put("k", "raw", model="m")
    assert pickle.loads(pickle.dumps(store)).get("k") == store.get("k")  # noqa: S301 - our own bytes


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    """Somebody's own database would be written into if this failed."""
    path = tmp_path / "theirs.sqlite"
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE mine (x)")
    theirs.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="another application"):
        Store(path)
    assert path.read_bytes() == before


def test_a_newer_file_is_left_alone(store: Store) -> None:
    """An older version would spoil a newer one's file if this failed."""
    store.close()
    newer = sqlite3.connect(store.path)
    newer.execute(f"PRAGMA user_version = {module.VERSION + 1}")
    newer.close()
    with pytest.raises(StorageError, match="newer version"):
        Store(store.path)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A wrong path would end in a foreign exception, or the file be overwritten, otherwise."""
    path = tmp_path / "notes.txt"
    path.write_text("Minutes of the meeting. " * 100)
    with pytest.raises(StorageError, match="not a database"):
        Store(path)
    assert path.read_text().startswith("Minutes")


def test_a_damaged_file(store: Store) -> None:
    """A corrupt page would surface as a foreign exception if this failed."""
    for number in range(200):
        store.put(str(number), "x" * 500, model="m")
    store.close()
    data = bytearray(store.path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    store.path.write_bytes(data)
    with pytest.raises(StorageError):
        Store(store.path).get("7")


def test_a_full_disk(store: Store) -> None:
    """A full disk would end in a foreign exception if this failed."""
    with store._database.writing() as connection:
        connection.execute("PRAGMA max_page_count = 4")
    with pytest.raises(StorageError, match="full") as caught:
        store.put("k", "x" * 100_000, model="m")
    assert "space" in caught.value.advice
    assert len(store) == 0


def test_a_read_only_store(store: Store) -> None:
    """A read-only store would end in a foreign exception if this failed."""
    with store._database.writing() as connection:
        connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StorageError, match="readonly"):
        store.put("k", "raw", model="m")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A path through a file would end in a foreign exception if this failed."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        Store(tmp_path / "file" / "cache.sqlite")


def test_options_name_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `cache` option would open the wrong file, or none, if this failed."""
    monkeypatch.setenv("COMMUNIQUE_CACHE_DIR", str(tmp_path / "mine"))
    assert open_store(None) is None
    assert open_store(False) is None
    default = open_store(True)
    assert default is not None
    assert default.path == tmp_path / "mine" / "cache.sqlite"
    assert open_store(default) is default
    folder = open_store(tmp_path)
    assert folder is not None
    assert folder.path == tmp_path / "cache.sqlite"
    file = open_store(str(tmp_path / "x.db"))
    assert file is not None
    assert file.path == tmp_path / "x.db"


def test_the_default_folder_is_the_platforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replies would be kept in an unexpected place if this failed."""
    monkeypatch.delenv("COMMUNIQUE_CACHE_DIR", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path / "p"))
    default = open_store(True)
    assert default is not None
    assert default.path == tmp_path / "p" / "cache.sqlite"
