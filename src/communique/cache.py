"""The replies already paid for, in one SQLite file.

A reply is found again by what was asked (model, endpoint, rendered messages, schema, sampling,
prompt version), never by keys or time-outs. The raw text and its usage are kept, so that
everything after the model can be improved without paying again. Many threads and processes
may share one file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from communique.errors import StorageError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

__all__ = ["Cache", "Cached", "cache_key", "open_cache"]

APPLICATION_ID: Final = 0x434F4D4D
"""Marks the file as ours (SQLite's `application_id`): "COMM" in ASCII."""
VERSION: Final = 1
"""Layout of the file (SQLite's `user_version`)."""
BUSY_SECONDS: Final = 30.0
FILE_NAME: Final = "cache.sqlite"

_TABLE = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY,
    raw TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    created REAL NOT NULL
) WITHOUT ROWID
"""


@dataclass(frozen=True)
class Cached:
    """One reply: its text, the model that gave it, its tokens, its time in Unix seconds."""

    raw: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    created: float = 0.0


def cache_key(
    *,
    model: str,
    identity: str,
    messages: Sequence[Mapping[str, Any]],
    schema: Mapping[str, Any],
    sampling: Mapping[str, Any],
    prompt_version: str,
) -> str:
    """Hash a question: SHA-256, in hexadecimal, of its canonical JSON (sorted, no white space)."""
    question = {
        "model": model,
        "identity": identity,
        "messages": [dict(message) for message in messages],
        "schema": schema,
        "sampling": sampling,
        "prompt_version": prompt_version,
    }
    canonical = json.dumps(question, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


class Cache:
    """Replies in a SQLite file (write-ahead log), for any number of threads and processes.

    Every method raises `StorageError` when the file cannot be read or written, is no SQLite
    database, belongs to another application, or was written by a newer version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser()
        if self.path.is_dir():
            self.path /= FILE_NAME
        self._lock = threading.RLock()
        self._pid = 0
        self._open: sqlite3.Connection | None = None
        with self._session():
            pass

    def __repr__(self) -> str:
        return f"Cache({str(self.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[type[Cache], tuple[Path]]:
        """Pickle by the path: another process opens the same file."""
        return (Cache, (self.path,))

    def __bool__(self) -> bool:
        """Be true even when empty, so that `if cache` asks whether there is one."""
        return True

    def __len__(self) -> int:
        with self._session() as connection:
            (count,) = connection.execute("SELECT count(*) FROM replies").fetchone()
        return int(count)

    def get(self, key: str) -> Cached | None:
        """Find a reply by its key (see `cache_key`), or None."""
        with self._session() as connection:
            row = connection.execute(
                "SELECT raw, model, prompt_tokens, completion_tokens, created"
                " FROM replies WHERE key = ?",
                (key,),
            ).fetchone()
        return None if row is None else Cached(*row)

    def put(
        self,
        key: str,
        raw: str,
        *,
        model: str,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
    ) -> None:
        """Keep a reply, in place of an earlier one under the same key."""
        row = (key, raw, model, prompt_tokens, completion_tokens, time.time())
        with self._session() as connection:
            connection.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?)", row)

    def prune(self, older_than: float) -> int:
        """Forget replies of more than `older_than` seconds ago; return how many there were."""
        with self._session() as connection:
            limit = time.time() - older_than
            return connection.execute("DELETE FROM replies WHERE created < ?", (limit,)).rowcount

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            connection, self._open = self._open, None
            if connection is not None and self._pid == os.getpid():
                connection.close()

    @contextlib.contextmanager
    def _session(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection to one thread, and translate what goes wrong."""
        import sqlite3

        with self._lock:
            try:
                # SQLite forbids carrying a connection over a fork.
                if self._open is None or self._pid != os.getpid():
                    self._open, self._pid = self._connect(), os.getpid()
                yield self._open
            except (sqlite3.Error, OSError, UnicodeError) as error:
                raise self._storage_error(error) from error

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._claim(connection)
            # A cache may lose its last entries in a power cut, not its integrity.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _claim(self, connection: sqlite3.Connection) -> None:
        """Mark an empty file as ours, or check that the file is; alter no foreign one."""
        if _marks(connection) == (APPLICATION_ID, VERSION):
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            application, version = _marks(connection)
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if application != APPLICATION_ID and (application or version or tables):
                raise StorageError(
                    f"{self.path} belongs to another application.",
                    "Give the cache a file of its own.",
                )
            if version > VERSION:
                raise StorageError(
                    f"{self.path} was written by a newer version of communique.",
                    "Update communique, or give the cache another file.",
                )
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _storage_error(self, error: Exception) -> StorageError:
        words = str(error)
        for sign, advice in _ADVICE.items():
            if sign in words.lower():
                return StorageError(f"The cache {self.path} failed: {words}.", advice)
        return StorageError(
            f"The cache {self.path} failed: {words}.",
            "Give the cache another file, or do without it.",
        )


_ADVICE: Final = {
    "full": "Free some space, or give the cache a file on another disk.",
    "readonly": "Make the file and its folder writable, or give the cache another file.",
    "read-only": "Make the file and its folder writable, or give the cache another file.",
    "permission": "Make the file and its folder writable, or give the cache another file.",
    "not a database": "Give the cache a file of its own.",
    "malformed": "Delete the file: its replies are lost.",
    "locked": "Another process holds the file: wait for it, or give the cache another file.",
}


def _marks(connection: sqlite3.Connection) -> tuple[int, int]:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(application), int(version)


def open_cache(cache: bool | str | Path | Cache | None) -> Cache | None:  # noqa: FBT001
    """Open the cache that an option names.

    None and False: no cache. True: the user's own, in `COMMUNIQUE_CACHE_DIR` or the folder for
    caches of the platform. A path: that file, or `cache.sqlite` in that folder. Raises
    `StorageError` as `Cache` does.
    """
    if cache is None or cache is False:
        return None
    if isinstance(cache, Cache):
        return cache
    if cache is not True:
        return Cache(cache)
    folder = os.environ.get("COMMUNIQUE_CACHE_DIR")
    if not folder:
        import platformdirs

        folder = platformdirs.user_cache_dir("communique", appauthor=False)
    return Cache(Path(folder) / FILE_NAME)
