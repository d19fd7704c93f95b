"""One SQLite file for any number of threads and processes, and its errors in our words.

A process has two connections: one that reads, and never waits for a writer (write-ahead log),
and one that writes, in transactions of its own. Both are opened when first used, closed before
a fork (SQLite forbids carrying them over), and opened again by whoever goes on.

`synchronous` is NORMAL. What was committed is then safe from the end of the process, however it
ends; a power cut, or a crash of the system, may take the last commits, but not the file.
Source: sqlite.org/pragma.html#pragma_synchronous.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import threading
import time
import weakref
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from communique.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

APPLICATION_ID: Final = 0x434F4D4D
"""Marks the file as ours (SQLite's `application_id`): "COMM" in ASCII."""
VERSION: Final = 2
"""Layout of the file (SQLite's `user_version`). 1 held replies alone, one for each question."""
BUSY_SECONDS: Final = 30.0
"""How long another process's transaction is waited for."""
FILE_NAME: Final = "cache.sqlite"

_SECOND_LOOKS: Final = (0.02, 0.1)
"""Seconds before a file that looks like another's is looked at again."""
_LONGEST_PAUSE: Final = 0.05

_TABLES: Final = (
    """CREATE TABLE replies (
        key TEXT PRIMARY KEY,
        raw TEXT NOT NULL,
        model TEXT NOT NULL,
        prompt_tokens INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL,
        cost REAL,
        created REAL NOT NULL,
        checksum INTEGER NOT NULL
    )""",
    """CREATE TABLE outcomes (
        article_key TEXT NOT NULL,
        settings_key TEXT NOT NULL,
        article_id TEXT NOT NULL,
        summary TEXT,
        failure TEXT,
        report TEXT,
        created REAL NOT NULL,
        revision INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (article_key, settings_key),
        CHECK ((summary IS NULL) <> (failure IS NULL))
    )""",
    """CREATE TABLE claims (
        article_key TEXT NOT NULL,
        settings_key TEXT NOT NULL,
        owner TEXT NOT NULL,
        expires REAL NOT NULL,
        PRIMARY KEY (article_key, settings_key)
    ) WITHOUT ROWID""",
    "CREATE INDEX claims_by_owner ON claims (owner)",
    """CREATE TABLE notes (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        created REAL NOT NULL,
        PRIMARY KEY (kind, name)
    )""",
)


class BusyError(Exception):
    """Another thread or process writes, and the caller does not want to wait."""


class _Impatient(threading.local):
    """Whether this thread would rather be told `BusyError` than wait."""

    now = False


@dataclass
class _Connections:
    """What is open, and the locks that lend it to one thread at a time."""

    open: dict[str, sqlite3.Connection] = field(default_factory=dict)
    reading: threading.RLock = field(default_factory=threading.RLock)
    writing: threading.RLock = field(default_factory=threading.RLock)

    def close(self) -> None:
        """Close both; the last one to close writes the log back into the file."""
        with self.writing, self.reading:
            while self.open:
                _, connection = self.open.popitem()
                with contextlib.suppress(sqlite3.Error):
                    connection.close()


class Database:
    """The file and its connections; see the module.

    `readonly` changes nothing at all, and needs a file that is there. Raises `StorageError` for
    everything that goes wrong with the file.
    """

    def __init__(self, path: str | Path, *, readonly: bool = False) -> None:
        self.readonly = readonly
        self._impatient = _Impatient()
        self._connections = _Connections()
        # At the latest when the interpreter ends: the file is then whole without its log.
        weakref.finalize(self, self._connections.close)
        _databases.add(self)
        self.path = Path(path)
        with self._translated():
            self.path = self.path.expanduser()
            if self.path.is_dir():
                self.path /= FILE_NAME
        with self.reading():
            pass

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the reading connection; every statement sees all that was committed before it."""
        with self._translated(), self._connections.reading:
            yield self._connection("reading")

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection inside a transaction, committed at the end of the block."""
        with self._translated(), self._lent():
            connection = self._connection("writing")
            self._patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Inside the block, raise `BusyError` on this thread instead of waiting for a writer."""
        before, self._impatient.now = self._impatient.now, True
        try:
            yield
        finally:
            self._impatient.now = before

    def close(self) -> None:
        """Close the connections; the next use opens them again."""
        self._connections.close()

    def shrink(self) -> None:
        """Give the space of deleted rows back to the system, as far as nobody reads them."""
        with self._translated(), self._lent():
            connection = self._connection("writing")
            # As a script, which goes on to the end: its steps are rows without a column.
            self._patiently(lambda: connection.executescript("PRAGMA incremental_vacuum"))
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    # --- connections --------------------------------------------------------------------------

    @contextlib.contextmanager
    def _lent(self) -> Iterator[None]:
        """Hold the writing lock, or say at once that another thread does."""
        lock = self._connections.writing
        if not lock.acquire(blocking=not self._impatient.now):
            raise BusyError
        try:
            yield
        finally:
            lock.release()

    def _connection(self, purpose: str) -> sqlite3.Connection:
        """The open connection; the caller holds its lock."""
        found = self._connections.open.get(purpose)
        if found is None:
            found = self._patiently(lambda: self._connect(purpose))
            self._connections.open[purpose] = found
        return found

    def _patiently(self, step: Callable[[], T]) -> T:
        """Do a step that another process may hold up; give up after `BUSY_SECONDS`.

        SQLite's own waiting would hold the caller's event loop, and does not cover every step.
        """
        limit = time.monotonic() + BUSY_SECONDS
        pause = 0.001
        while True:
            try:
                return step()
            except sqlite3.OperationalError as error:
                if not _is_busy(error):
                    raise
                if self._impatient.now:
                    raise BusyError from None
                if time.monotonic() > limit:
                    raise
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that two do not march in step
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _connect(self, purpose: str) -> sqlite3.Connection:
        """Open the file, which is checked first and made where there is none."""
        _check_file(self.path)
        if self.readonly:
            return self._look()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and not os.access(self.path, os.W_OK):
            # SQLite would open it, and leave a log beside it that cannot be written later either.
            raise StorageError(f"The store {self.path} is read-only.", _WRITABLE)
        reads = purpose == "reading"
        connection = sqlite3.connect(
            self.path,
            timeout=BUSY_SECONDS if reads else 0,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._prepare(connection)
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            connection.execute("PRAGMA synchronous = NORMAL")
            # Told now: a reply that is paid for first has nowhere to go.
            # (A transaction alone is not refused, if nothing is written in it.)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("ROLLBACK")
            if reads:
                connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _look(self) -> sqlite3.Connection:
        """Open the file so that nothing can change it."""
        if not self.path.exists():
            raise StorageError(f"There is no store {self.path}.", "Check the path.")
        log = self.path.with_name(f"{self.path.name}-wal")
        whole = not (log.exists() and log.stat().st_size)
        # In place of locks, which need files beside it: with nothing in the log, this shows all.
        modes = ["mode=ro", "immutable=1"] if whole else ["mode=ro"]
        if whole and not os.access(self.path, os.W_OK):
            modes.reverse()
        for mode in modes:
            try:
                connection, marks = self._look_with(mode)
            except sqlite3.OperationalError:
                if mode == modes[-1]:
                    raise
            else:
                break
        if marks != (APPLICATION_ID, VERSION):
            connection.close()
            _check_marks(self.path, *marks)
            raise StorageError(
                f"{self.path} was written by an older version of communique.",
                "Open it once for writing, with communique.store.Store(path).",
            )
        return connection

    def _look_with(self, mode: str) -> tuple[sqlite3.Connection, tuple[int, int]]:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            return connection, _marks(connection)
        except BaseException:
            connection.close()
            raise

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Lay out an empty file, bring an older one up to date, and alter no foreign one."""
        if _marks(connection) == (APPLICATION_ID, VERSION):
            return
        # Without effect in a file that is not empty.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            application, version = _marks(connection)
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if application or version or tables:
                _check_marks(self.path, application, version)
            if version < VERSION:
                _lay_out(connection, version)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Translate what goes wrong with the file."""
        try:
            yield
        except (sqlite3.Error, OSError, UnicodeError, ValueError) as error:
            raise self._storage_error(error) from error

    def _storage_error(self, error: Exception) -> StorageError:
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        advice = next((words for sign, words in _ADVICE.items() if name.startswith(sign)), _OTHER)
        return StorageError(f"The store {self.path} failed: {error}.", advice)


_WRITABLE: Final = "Make the file and its folder writable, or give the store another file."
_OWN_FILE: Final = "Give the store a file of its own."
_OTHER: Final = "Check the path and the disk, or give the store another file."
_DAMAGED: Final = (
    "Move the file away and keep it (sqlite3's .recover reads what is left); a new one is made."
)
_ADVICE: Final = {
    "SQLITE_FULL": "Free some space, or give the store a file on another disk.",
    "SQLITE_READONLY": _WRITABLE,
    "SQLITE_PERM": _WRITABLE,
    "SQLITE_CANTOPEN": _WRITABLE,
    "PermissionError": _WRITABLE,
    "SQLITE_NOTADB": _OWN_FILE,
    "SQLITE_CORRUPT": _DAMAGED,
    "Unicode": _DAMAGED,
    "SQLITE_BUSY": "Another process holds the file: wait for it, or give the store another file.",
    "SQLITE_IOERR": "Check the disk and the space on it, or give the store another file.",
}


def damaged(path: Path, what: str) -> StorageError:
    """The error of a row that is not what was kept, where the file as such can be read."""
    return StorageError(f"The store {path} is damaged: {what} is not as it was kept.", _DAMAGED)


def _is_busy(error: sqlite3.Error) -> bool:
    # The low byte is the kind of an error, the rest tells it more finely (sqlite.org/rescode.html).
    return error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _marks(connection: sqlite3.Connection) -> tuple[int, int]:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(application), int(version)


def _check_file(path: Path) -> None:
    """Look at the first page, so that SQLite does not so much as lock what is not ours.

    Our mark is there from the file's first transaction on. Whatever else stands there is looked
    at twice: another process may be writing that transaction. Never opened is the file itself:
    closing it again would drop all locks that this process holds on it (POSIX; sqlite.org/
    howtocorrupt.html, 2.2), while SQLite keeps count of its own.
    """
    if not path.exists():
        return
    if not path.is_file():
        raise StorageError(f"{path} is no file.", _OWN_FILE)
    for pause in (*_SECOND_LOOKS, None):
        if path.stat().st_size == 0:
            return
        try:
            _check_first_page(path)
        except StorageError:
            if pause is None:
                raise
            time.sleep(pause)
        else:
            return


def _check_first_page(path: Path) -> None:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
    try:
        marks = _marks(connection)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_NOTADB:
            return  # for whoever opens it: without its log, a file may look shorter than it is
        raise StorageError(f"{path} is not a database.", _OWN_FILE) from error
    finally:
        connection.close()
    _check_marks(path, *marks)


def _check_marks(path: Path, application: int, version: int) -> None:
    if application != APPLICATION_ID:
        raise StorageError(f"{path} belongs to another application.", _OWN_FILE)
    if version > VERSION:
        raise StorageError(
            f"{path} was written by a newer version of communique.",
            "Update communique, or give the store another file.",
        )


def _lay_out(connection: sqlite3.Connection, version: int) -> None:
    """Make the tables; take over the replies of layout 1, whose keys are still the keys."""
    if version == 1:
        connection.execute("ALTER TABLE replies RENAME TO older")
    for table in _TABLES:
        connection.execute(table)
    if version == 1:
        connection.create_function("checksum", 1, checksum, deterministic=True)
        connection.execute(
            "INSERT INTO replies SELECT key, raw, model, prompt_tokens, completion_tokens, NULL,"
            " created, checksum(raw) FROM older"
        )
        connection.execute("DROP TABLE older")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def checksum(words: str) -> int:
    """CRC-32 of a text: SQLite itself notices no byte that has changed inside a value."""
    return zlib.crc32(words.encode("utf-8", "surrogatepass"))


# --- forks --------------------------------------------------------------------------------------

_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_held: list[_Connections] = []


def _before_fork() -> None:
    """Close every connection, and let nobody open one until the fork is over.

    A child that inherits SQLite's notes about open files believes in locks that it does not
    hold: its writes can be lost. Source: sqlite.org/howtocorrupt.html, 2.6.
    """
    for database in list(_databases):
        connections = database._connections  # noqa: SLF001 - this module's own
        connections.writing.acquire()
        connections.reading.acquire()
        _held.append(connections)
        connections.close()


def _after_fork() -> None:
    while _held:
        connections = _held.pop()
        connections.reading.release()
        connections.writing.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
