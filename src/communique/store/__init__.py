"""Everything that was paid for, in one SQLite file: replies, outcomes, and who works on what.

Every reply of a model is in the file before anything looks at it, under the hash of what was
asked (`reply_key`: model, endpoint, messages, schema, sampling, prompt version; never keys or
time-outs). A process that is killed and started again finds each finished call there. The raw
text and its usage are kept, so that everything after the model can be improved without paying
again. Refusals and replies that were cut are not kept.

A run over many articles keeps their outcomes as well, and shares the work with other processes
by claims that expire. The same file serves `cache=` and `resume=`. ``python -m communique.store
FILE`` looks into it, counts, prunes and exports.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from communique import errors
from communique._translate import Truncated
from communique.errors import CommuniqueError, StorageError
from communique.schemas import Attempt, Report
from communique.store.database import FILE_NAME, BusyError, Database, checksum, damaged
from communique.store.keys import article_key, reply_key, settings_key
from communique.store.owners import is_dead, owner

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Self

__all__ = [
    "Kept",
    "Store",
    "StoredOutcome",
    "article_key",
    "failure_from_json",
    "failure_to_json",
    "line_of",
    "open_store",
    "owner",
    "reply_key",
    "settings_key",
]

P = ParamSpec("P")
V = TypeVar("V")

_REPLY = "key, raw, model, prompt_tokens, completion_tokens, cost, created, checksum"
_OUTCOME = (
    "article_key, settings_key, article_id, summary, failure, report, created, revision, checksum"
)
_BOTH = ("article_key", "settings_key")
_PAGE = 200


@dataclass(frozen=True)
class Kept:
    """One reply: its key, its text, the model that gave it, its tokens, its cost and its time.

    `cost` is in US dollars, None where unknown; `created` in Unix seconds.
    """

    key: str
    raw: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    created: float = 0.0


@dataclass(frozen=True)
class StoredOutcome:
    """How an article ended in an earlier run: exactly one of `summary` and `failure` is not None.

    `summary` is a `Summary` in JSON. `failure` carries its report, as it did when it was raised.
    `created` is in Unix seconds; `revision` counts how often the outcome was replaced, from 1.
    """

    article_key: str
    settings_key: str
    article_id: str
    summary: str | None
    failure: CommuniqueError | None
    created: float
    revision: int


class Store:
    """Replies, outcomes, claims and notes in a SQLite file, for any number of processes.

    Every method raises `StorageError` when the file cannot be read or written, is damaged, is no
    database, belongs to another application, or was written by a newer version; a file that is
    not ours is not touched. What a method has written when it returns survives the end of the
    process, however it comes; a power cut may take the last of it, but not the file. A store can
    be pickled: another process opens the same file. `readonly` opens a file that is there, and
    changes nothing.

    All methods may be called on any thread. From a coroutine, call them through `soon`.
    """

    def __init__(self, path: str | Path, *, readonly: bool = False) -> None:
        self._database = Database(path, readonly=readonly)
        self.readonly = readonly

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[..., Store], tuple[Path, bool]]:
        """Pickle by the path: another process opens the same file."""
        return (_reopened, (self.path, self.readonly))

    def __bool__(self) -> bool:
        """Be true even when empty, so that `if store` asks whether there is one."""
        return True

    def close(self) -> None:
        """Close the file; the next use opens it again. The log beside it is then written back."""
        self._database.close()

    async def soon(self, call: Callable[P, V], *args: P.args, **options: P.kwargs) -> V:
        """Await a method of this store: ``await store.soon(store.get, key)``.

        It runs on the caller's loop, which is several times faster than a thread, unless it would
        have to wait for another writer: then a thread waits. Cancelling the caller does not undo
        what was begun.
        """
        try:
            with self._database.at_once():
                return call(*args, **options)
        except BusyError:
            if threading.main_thread().is_alive():
                return await asyncio.to_thread(call, *args, **options)
            return call(*args, **options)  # the interpreter ends, and begins no thread any more

    # --- replies ------------------------------------------------------------------------------

    def get(self, key: str) -> Kept | None:
        """Find a reply by its key (see `reply_key`), or None."""
        with self._database.reading() as connection:
            row = connection.execute(
                f"SELECT {_REPLY} FROM replies WHERE key = ?",  # noqa: S608 - a constant
                (key,),
            ).fetchone()
        return None if row is None else self._kept(row)

    def put(
        self,
        key: str,
        raw: str,
        *,
        model: str,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
        cost: float | None = None,
    ) -> None:
        """Keep a reply, in place of an earlier one under the same key."""
        now = time.time()
        row = (key, raw, model, prompt_tokens, completion_tokens, cost, now, checksum(raw))
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row
            )

    def forget(self, keys: Iterable[str]) -> int:
        """Remove replies, so that their questions are asked anew; return how many there were."""
        with self._database.writing() as connection:
            return _forget(connection, keys)

    def __len__(self) -> int:
        return self.count()["replies"]

    def __iter__(self) -> Iterator[Kept]:
        """All replies, in the order of their keys, a few hundred read at a time."""
        for row in self._pages("replies", _REPLY, ("key",)):
            yield self._kept(row)

    # --- outcomes -----------------------------------------------------------------------------

    def outcome(self, article_key: str, settings_key: str) -> StoredOutcome | None:
        """Find how an article ended when it was read with these settings, or None."""
        with self._database.reading() as connection:
            row = connection.execute(
                f"SELECT {_OUTCOME} FROM outcomes"  # noqa: S608 - a constant
                " WHERE article_key = ? AND settings_key = ?",
                (article_key, settings_key),
            ).fetchone()
        return None if row is None else self._stored(row)

    def keep_outcome(
        self,
        article_key: str,
        settings_key: str,
        *,
        article_id: str,
        summary: str | None = None,
        failure: CommuniqueError | None = None,
        report: Report | None = None,
        owner: str | None = None,
    ) -> bool:
        """Keep how an article ended, and give up the claim to it, in one transaction.

        `summary` is JSON; exactly one of it and `failure` is given. `report` is the summary's, or
        that of the failure (by default the one it carries). Replies that led to no valid one are
        forgotten with it: from now on the outcome says so, and who asks again asks anew. A
        failure does not replace a summary: False is returned then. `owner` limits which claim is
        given up to that owner's.
        """
        if (summary is None) == (failure is None):
            message = "An outcome is a summary or a failure, one of the two."
            raise ValueError(message)
        report = report or (failure.report if failure is not None else None)
        told = None if failure is None else failure_to_json(failure)
        account = None if failure is None or report is None else report.model_dump_json()
        check = checksum((summary or told or "") + (account or ""))
        row = (article_key, settings_key, _storable(article_id), summary, told, account)
        with self._database.writing() as connection:
            changed = connection.execute(_KEEP_OUTCOME, (*row, time.time(), check)).rowcount
            connection.execute(
                "DELETE FROM claims WHERE article_key = ? AND settings_key = ?"
                " AND owner = coalesce(?, owner)",
                (article_key, settings_key, owner),
            )
            _forget(connection, fruitless(report))
        return changed > 0

    def outcomes(self) -> Iterator[StoredOutcome]:
        """All outcomes, in the order of their keys, a few hundred read at a time."""
        for row in self._pages("outcomes", _OUTCOME, _BOTH):
            yield self._stored(row)

    # --- claims -------------------------------------------------------------------------------

    def claim(
        self,
        article_key: str,
        settings_key: str,
        *,
        owner: str,
        seconds: float,
        seen: StoredOutcome | None = None,
    ) -> bool:
        """Take an article for `seconds`, so that no other process reads it meanwhile.

        False where a living owner holds it, or where it has an outcome by now that the caller
        has not `seen`: look again with `outcome`. An owner (see `communique.store.owner`) whose
        process on this machine is gone holds nothing, nor does one whose time is up.
        """
        keys = (article_key, settings_key)
        now = time.time()
        with self._database.writing() as connection:
            ended = connection.execute(
                "SELECT revision FROM outcomes WHERE article_key = ? AND settings_key = ?", keys
            ).fetchone()
            if (ended[0] if ended else 0) != (seen.revision if seen else 0):
                return False
            holder = connection.execute(
                "SELECT owner, expires FROM claims WHERE article_key = ? AND settings_key = ?", keys
            ).fetchone()
            if holder and holder[0] != owner and holder[1] > now and not is_dead(holder[0]):
                return False
            row = (*keys, owner, now + seconds)
            connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)", row)
        return True

    def renew(self, *, owner: str, seconds: float) -> int:
        """Hold all that an owner has claimed for `seconds` from now; return how much that is.

        What another process has taken over meanwhile is not among it.
        """
        with self._database.writing() as connection:
            return connection.execute(
                "UPDATE claims SET expires = ? WHERE owner = ?", (time.time() + seconds, owner)
            ).rowcount

    def release(self, article_key: str, settings_key: str, *, owner: str) -> bool:
        """Give up one claim; whether the owner held it."""
        with self._database.writing() as connection:
            return (
                connection.execute(
                    "DELETE FROM claims WHERE article_key = ? AND settings_key = ? AND owner = ?",
                    (article_key, settings_key, owner),
                ).rowcount
                > 0
            )

    def release_all(self, *, owner: str) -> int:
        """Give up all that an owner has claimed; return how much that was."""
        with self._database.writing() as connection:
            return connection.execute("DELETE FROM claims WHERE owner = ?", (owner,)).rowcount

    # --- notes --------------------------------------------------------------------------------

    def note(self, kind: str, name: str, value: Any) -> None:
        """Keep a small JSON value of a kind under a name, in place of an earlier one."""
        self.note_all([(kind, name, value)])

    def notes(self, kind: str) -> dict[str, Any]:
        """All values of a kind by their names, the oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT name, value FROM notes WHERE kind = ? ORDER BY created, name", (kind,)
            ).fetchall()
        return {name: json.loads(value) for name, value in rows}

    def noted(self, kind: str, name: str) -> Any:
        """Find one value, or None."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT value FROM notes WHERE kind = ? AND name = ?", (kind, name)
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def note_all(self, values: Iterable[tuple[str, str, Any]]) -> None:
        """Keep many values, each with its kind and its name, in one transaction."""
        now = time.time()
        rows = [(kind, name, json.dumps(v, allow_nan=False), now) for kind, name, v in values]
        with self._database.writing() as connection:
            connection.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?)", rows)

    def drop_notes(self, kinds: Iterable[str]) -> int:
        """Remove all values of some kinds, in one transaction; return how many there were."""
        with self._database.writing() as connection:
            return sum(
                connection.execute("DELETE FROM notes WHERE kind = ?", (kind,)).rowcount
                for kind in kinds
            )

    def drop_note(self, kind: str, name: str) -> bool:
        """Remove a value; whether there was one."""
        with self._database.writing() as connection:
            return (
                connection.execute(
                    "DELETE FROM notes WHERE kind = ? AND name = ?", (kind, name)
                ).rowcount
                > 0
            )

    # --- looking in, pruning, exporting -------------------------------------------------------

    def count(self) -> dict[str, int]:
        """Count `replies`, `summaries`, `failures`, `claims` and `notes`."""
        with self._database.reading() as connection:
            row = connection.execute(_COUNT).fetchone()
        return dict(zip(("replies", "summaries", "failures", "claims", "notes"), row, strict=True))

    def size(self) -> int:
        """Bytes on the disk: the file, and the log beside it."""
        beside = self.path.with_name(f"{self.path.name}-wal")
        return sum(file.stat().st_size for file in (self.path, beside) if file.exists())

    def check(self) -> list[str]:
        """Read the whole file, and list what is damaged in it, a sentence each; empty: nothing."""
        try:
            with self._database.reading() as connection:
                found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
            told = [] if found == ["ok"] else found
            told += self._flaws()
        except StorageError as error:
            return [error.what]
        return told

    def _flaws(self) -> Iterator[str]:
        for table, columns, keys, read in (
            ("replies", _REPLY, ("key",), self._kept),
            ("outcomes", _OUTCOME, _BOTH, self._stored),
        ):
            for row in self._pages(table, columns, keys):
                try:
                    read(row)
                except StorageError as error:
                    yield error.what

    def prune(self, older_than: float) -> int:
        """Forget replies and outcomes of more than `older_than` seconds ago, and expired claims.

        Returns how many replies and outcomes there were; their space is given back. Notes stay:
        what they tell of may still be under way elsewhere.
        """
        now = time.time()
        with self._database.writing() as connection:
            gone = sum(
                connection.execute(
                    f"DELETE FROM {table} WHERE created < ?",  # noqa: S608 - constants
                    (now - older_than,),
                ).rowcount
                for table in ("replies", "outcomes")
            )
            connection.execute("DELETE FROM claims WHERE expires < ?", (now,))
        self._database.shrink()
        return gone

    def records(self) -> Iterator[dict[str, Any]]:
        """Everything but the claims, as JSON objects with a `kind`: reply, outcome or note."""
        for kept in self:
            yield {"kind": "reply", **asdict(kept)}
        for row in self._pages("outcomes", _OUTCOME, _BOTH):
            self._stored(row)  # checks it
            names = [name.strip() for name in _OUTCOME.split(",")]
            told = dict(zip(names, row, strict=True)) | {"article_id": _restored(row[2])}
            del told["checksum"]
            for name in ("summary", "failure", "report"):
                told[name] = told[name] and json.loads(told[name])
            yield {"kind": "outcome", **told}
        for kind, name, value, created in self._pages(
            "notes", "kind, name, value, created", ("kind", "name")
        ):
            yield {
                "kind": "note",
                "note": kind,
                "name": name,
                "value": json.loads(value),
                "created": created,
            }

    def export(self, path: str | Path) -> int:
        """Write `records` into a new file of JSON Lines, in UTF-8; return how many there are.

        A file that exists is not overwritten: that is a `StorageError` too.
        """
        path = Path(path).expanduser()
        lines = 0
        try:
            with path.open("x", encoding="utf-8", newline="\n") as file:
                for record in self.records():
                    file.write(line_of(record))
                    lines += 1
        except FileExistsError as error:
            raise StorageError(f"{path} exists already.", "Name a new file.") from error
        except OSError as error:
            what = f"{path} cannot be written: {error.strerror or error}."
            advice = "Name a file that can be written, on a disk with space."
            raise StorageError(what, advice) from error
        return lines

    # --- rows ---------------------------------------------------------------------------------

    def _pages(self, table: str, columns: str, keys: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        """Read a table by pages, between which writers and other readers have their turn."""
        names = [name.strip() for name in columns.split(",")]
        order = ", ".join(keys)
        marks = ", ".join("?" * len(keys))
        query = (
            f"SELECT {columns} FROM {table} WHERE ({order}) > ({marks})"  # noqa: S608 - constants
            f" ORDER BY {order} LIMIT {_PAGE}"
        )
        last: tuple[Any, ...] = ("",) * len(keys)
        while True:
            with self._database.reading() as connection:
                rows = connection.execute(query, last).fetchall()
            yield from rows
            if len(rows) < _PAGE:
                return
            last = tuple(rows[-1][names.index(key)] for key in keys)

    def _kept(self, row: tuple[Any, ...]) -> Kept:
        *values, check = row
        kept = Kept(*values)
        if checksum(kept.raw) != check:
            raise damaged(self.path, f"the reply {kept.key}")
        return kept

    def _stored(self, row: tuple[Any, ...]) -> StoredOutcome:
        article, settings, name, summary, told, account, created, revision, check = row
        if checksum((summary or told or "") + (account or "")) != check:
            raise damaged(self.path, f"the outcome of {_restored(name)}")
        failure = None if told is None else failure_from_json(told)
        if failure is not None and account is not None:
            failure.report = Report.model_validate_json(account)
        return StoredOutcome(
            article, settings, _restored(name), summary, failure, created, revision
        )


_KEEP_OUTCOME = """
INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)
ON CONFLICT DO UPDATE SET
    article_id = excluded.article_id, summary = excluded.summary, failure = excluded.failure,
    report = excluded.report, created = excluded.created, revision = revision + 1,
    checksum = excluded.checksum
WHERE excluded.summary IS NOT NULL OR outcomes.summary IS NULL
"""
_COUNT = """
SELECT (SELECT count(*) FROM replies),
    (SELECT count(*) FROM outcomes WHERE summary IS NOT NULL),
    (SELECT count(*) FROM outcomes WHERE summary IS NULL),
    (SELECT count(*) FROM claims),
    (SELECT count(*) FROM notes)
"""


def fruitless(report: Report | None) -> list[str]:
    """The stored replies of every passage whose last reply was invalid, and left it unread.

    Kept, they would lead to the same end for ever. A passage that the network or a refusal ended
    is not among them: asking again goes on from its stored replies.
    """
    if report is None:
        return []
    failed = {passage.index for passage in report.passages if passage.fate == "failed"}
    found = []
    for index in sorted(failed):
        attempts = sorted((a for a in report.attempts if a.passage == index), key=_by_number)
        if attempts and attempts[-1].outcome == "invalid" and attempts[-1].key:
            found += [attempt.key for attempt in attempts if attempt.key]
    return found


def _by_number(attempt: Attempt) -> int:
    return attempt.number


def _forget(connection: sqlite3.Connection, keys: Iterable[str]) -> int:
    return sum(
        connection.execute("DELETE FROM replies WHERE key = ?", (key,)).rowcount for key in keys
    )


def failure_to_json(failure: CommuniqueError) -> str:
    """Tell an error by its classes, the finest first, and its two sentences.

    In ASCII: a path in it may hold what UTF-8 cannot say.
    """
    kinds = [kind.__name__ for kind in type(failure).__mro__ if issubclass(kind, CommuniqueError)]
    return json.dumps({"kinds": kinds, "what": failure.what, "advice": failure.advice})


def failure_from_json(told: str) -> CommuniqueError:
    """Make the error again, as the finest of its classes that this version knows."""
    values = json.loads(told)
    known = {name: getattr(errors, name) for name in errors.__all__} | {"Truncated": Truncated}
    kind = next((known[name] for name in values["kinds"] if name in known), CommuniqueError)
    made = kind(values["what"], values["advice"])
    if not isinstance(made, CommuniqueError):  # pragma: no cover - the names are those of errors
        raise TypeError(kind)
    return made


def _storable(words: str) -> str | bytes:
    """A name as SQLite can keep it: a path may hold what UTF-8 cannot say."""
    try:
        words.encode("utf-8")
    except UnicodeEncodeError:
        return words.encode("utf-8", "surrogatepass")
    return words


def _restored(kept: str | bytes) -> str:
    return kept if isinstance(kept, str) else kept.decode("utf-8", "surrogatepass")


def line_of(record: dict[str, Any]) -> str:
    """One line of JSON, for every reader's idea of a line; what UTF-8 cannot say is escaped."""
    line = json.dumps(record, ensure_ascii=False)
    return _NOT_IN_A_LINE.sub(lambda found: f"\\u{ord(found[0]):04x}", line) + "\n"


_NOT_IN_A_LINE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _reopened(path: Path, readonly: bool) -> Store:  # noqa: FBT001 - pickle gives values by place
    return Store(path, readonly=readonly)


def open_store(store: bool | str | Path | Store | None) -> Store | None:  # noqa: FBT001
    """Open the store that an option names.

    None and False: no store. True: the user's own, in `COMMUNIQUE_CACHE_DIR` or the folder for
    caches of the platform. A path: that file, or `cache.sqlite` in that folder. Raises
    `StorageError` as `Store` does.
    """
    if store is None or store is False:
        return None
    if isinstance(store, Store):
        return store
    if store is not True:
        return Store(store)
    folder = os.environ.get("COMMUNIQUE_CACHE_DIR")
    if not folder:
        import platformdirs

        folder = platformdirs.user_cache_dir("communique", appauthor=False)
    return Store(Path(folder) / FILE_NAME)
