"""The book of a batch, in the store: its articles, what was asked, and every line that came back.

It is all that a batch is. The process that submitted it may be gone: another one opens the book,
looks what has come of the requests that are under way, and goes on.

A request is named by the hash of what it asks (`communique.store.reply_key`) and by how often
that was asked before: `name_of(key, 0)`, then 1, where the first ended in a failure that passes.
Equal passages of several articles are one request.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import itertools
import secrets
import time
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from communique.article import Article
from communique.store import article_key, failure_from_json, failure_to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from communique.errors import CommuniqueError
    from communique.intake import Taken
    from communique.store import Store

__all__ = ["Book", "Part", "name_of"]

KIND: Final = "batch"
"""Of the note that heads a book; the others are this, its name, and one of `_SHELVES`."""
_SHELVES: Final = ("article", "part", "line", "ended")
_DIGITS: Final = 40
_AT_ONCE: Final = 500
"""Articles or lines in one transaction."""


Row: TypeAlias = tuple[str, str, Any]
"""A note of the store: its kind, its name, its value."""


def name_of(key: str, times: int) -> str:
    """Name a request, as its `custom_id`: 160 bits of the hash are enough to tell it apart."""
    return f"{key[:_DIGITS]}-{times}"


@dataclasses.dataclass
class Part:
    """One file of requests, and the batch that is made of it.

    `state` is "made" when the file is uploaded, "sent" when the batch is begun, "done" when its
    lines are in the book, "failed" when it was turned away whole. `dollars` is the most that it
    can cost, and then what it did cost; `tokens` are those of prompts and of completions.
    """

    number: int
    file: str
    count: int
    dollars: float = 0.0
    state: Literal["made", "sent", "done", "failed"] = "made"
    batch: str = ""
    status: str = ""
    tokens: tuple[int, int] = (0, 0)
    failed: int = 0

    @property
    def under_way(self) -> bool:
        """Whether something may still come of it."""
        return self.state in {"made", "sent"}


class Book:
    """One batch in a store. Not for two threads at a time."""

    def __init__(self, store: Store, name: str, header: Mapping[str, Any]) -> None:
        self.store = store
        self.name = name
        self.header = dict(header)
        self.reload()

    def reload(self) -> None:
        """Look what another process has done meanwhile."""
        store = self.store
        self.header |= store.noted(KIND, self.name) or {}
        self.parts = {
            int(number): Part(**{**told, "tokens": tuple(told["tokens"])})
            for number, told in sorted(store.notes(self._kind("part")).items())
        }
        self.asked: dict[str, tuple[int, int]] = {
            request: (number, dialect)
            for number in self.parts
            for request, dialect in store.notes(self._asked_in(number)).items()
        }
        self.ended: dict[int, tuple[bool, bool]] = {
            int(place): (ok, kept) for place, (ok, kept) in store.notes(self._kind("ended")).items()
        }

    # --- which books there are ------------------------------------------------------------------

    @classmethod
    def write(cls, store: Store, taken: Iterable[Taken], header: Mapping[str, Any]) -> Book:
        """Write a book of articles, as they come; give the one that is there, if it is the same.

        The same articles, to be read in the same way, are the same batch for as long as it is not
        over: a script that is run again does not pay again.
        """
        cls._sweep(store)
        name = secrets.token_hex(8)
        store.note(KIND, name, {**header, "written": False, "created": time.time()})
        try:
            total, digest = cls._copy(store, name, taken, str(header["way"]))
        except BaseException:  # the iterable's own, or an interrupt: nothing was asked yet
            cls(store, name, header).drop()
            raise
        told = {**store.noted(KIND, name), "articles": total, "digest": digest}
        same = cls._same(store, digest)
        if same is not None:
            cls(store, name, told).drop()
            return same
        store.note(KIND, name, {**told, "written": True})
        return cls(store, name, {**told, "written": True})

    @staticmethod
    def _copy(store: Store, name: str, taken: Iterable[Taken], way: str) -> tuple[int, str]:
        """Copy the articles into the store; how many there are, and a hash of them all."""
        digest = hashlib.sha256(way.encode())
        total = 0

        def rows() -> Iterator[Row]:
            nonlocal total
            for total, one in enumerate(taken, start=1):
                digest.update(_mark_of(one).encode("utf-8", "surrogatepass"))
                yield f"{KIND} {name} article", f"{total - 1:09d}", _to_json(one)

        _write(store, rows())
        return total, digest.hexdigest()

    @classmethod
    def _same(cls, store: Store, digest: str) -> Book | None:
        for name, header in store.notes(KIND).items():
            if not header["written"] or header["digest"] != digest:
                continue
            if not header.get("over"):
                return cls(store, name, header)
            cls(store, name, header).drop()  # what it brought is in the store; the rest is asked
        return None

    @classmethod
    def _sweep(cls, store: Store) -> None:
        """Remove what a process left that was ended while it wrote: of it nothing was asked."""
        for name, header in store.notes(KIND).items():
            if not header["written"] and time.time() - header["created"] > _ABANDONED:
                cls(store, name, header).drop()

    @classmethod
    def all(cls, store: Store) -> list[Book]:
        """Give the books of a store, the oldest first."""
        written = [(h["created"], n, h) for n, h in store.notes(KIND).items() if h["written"]]
        return [
            cls(store, name, header) for _, name, header in sorted(written, key=lambda b: b[:2])
        ]

    def drop(self) -> None:
        """Remove the book; replies and outcomes stay in the store."""
        asked = map(self._asked_in, self.parts)
        self.store.drop_notes([*map(self._kind, _SHELVES), *asked])
        self.store.drop_note(KIND, self.name)

    def tell(self, **values: Any) -> None:
        """Change what stands at the head of the book."""
        self.header |= values
        self.store.note(KIND, self.name, self.header)

    # --- articles -------------------------------------------------------------------------------

    @property
    def total(self) -> int:
        """How many articles there are."""
        return int(self.header["articles"])

    def article(self, place: int) -> tuple[str, Article | CommuniqueError]:
        """Give the name of an article, and the article or why there is none."""
        told = self.store.noted(self._kind("article"), f"{place:09d}")
        name = told["name"]
        if "failure" in told:
            return name, failure_from_json(told["failure"])
        return name, _from_json(told["article"])

    def end(self, place: int, *, ok: bool, kept: bool) -> None:
        """Note that an article has ended, and whether its outcome is in the store for good."""
        if self.ended.get(place) != (ok, kept):
            self.ended[place] = (ok, kept)
            self.store.note(self._kind("ended"), f"{place:09d}", [ok, kept])

    # --- requests -------------------------------------------------------------------------------

    def line(self, request: str) -> Mapping[str, Any] | None:
        """Give what came back of a request, or None."""
        if request not in self.asked:
            return None
        found: Mapping[str, Any] | None = self.store.noted(self._kind("line"), request)
        return found

    def waiting(self, requests: Iterable[str]) -> set[str]:
        """Tell which requests of these are under way."""
        parts = self.parts
        return {r for r in requests if r in self.asked and parts[self.asked[r][0]].under_way}

    def requests_of(self, part: Part) -> list[str]:
        """Name the requests of a part."""
        return [request for request, (number, _) in self.asked.items() if number == part.number]

    def enter(self, part: Part, requests: Sequence[str], dialect: int) -> None:
        """Note a part and what it asks, before it is begun."""
        self.parts[part.number] = part
        rows = [(self._asked_in(part.number), request, dialect) for request in requests]
        self.store.note_all([self._row(part), *rows])
        self.asked.update(dict.fromkeys(requests, (part.number, dialect)))

    def note(self, part: Part) -> None:
        """Note how far a part is."""
        self.store.note_all([self._row(part)])

    def take(self, lines: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Take lines over, many in one transaction."""
        kind = self._kind("line")
        _write(self.store, ((kind, request, dict(line)) for request, line in lines))

    def withdraw(self, part: Part) -> None:
        """Note that a part was turned away: what it asked was not asked."""
        for request in self.requests_of(part):
            del self.asked[request]
        self.store.drop_notes([self._asked_in(part.number)])
        self.note(part)

    # --- rows -----------------------------------------------------------------------------------

    def _kind(self, shelf: str) -> str:
        return f"{KIND} {self.name} {shelf}"

    def _asked_in(self, number: int) -> str:
        return f"{self._kind('asked')} {number:06d}"

    def _row(self, part: Part) -> Row:
        return (self._kind("part"), f"{part.number:06d}", dataclasses.asdict(part))


_ABANDONED: Final = 24 * 3600.0
"""Seconds after which a book that is not finished is nobody's any more."""


def _write(store: Store, rows: Iterable[Row]) -> None:
    """Write rows as they come, many in one transaction."""
    rest = iter(rows)
    while page := list(itertools.islice(rest, _AT_ONCE)):
        store.note_all(page)


def _to_json(taken: Taken) -> dict[str, Any]:
    if taken.article is None:
        failure = taken.failure
        return {"name": taken.article_id, "failure": failure and failure_to_json(failure)}
    article = taken.article
    published = article.published if article.dated_by_caller else None
    return {
        "name": taken.article_id,
        "article": {
            "text": article.text,
            "published": published and published.isoformat(),
            "title": article.title,
            "url": article.url,
            "id": article.id,
            "language": article.language,
        },
    }


def _from_json(told: Mapping[str, Any]) -> Article:
    given = dict(told)
    published = given.pop("published")
    return Article(given.pop("text"), published and dt.date.fromisoformat(published), **given)


def _mark_of(taken: Taken) -> str:
    """What tells one article from another in the digest of a batch."""
    return article_key(taken.article) if taken.article is not None else f"? {taken.article_id!r}"
