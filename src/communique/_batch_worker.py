"""The working half of a batch, on the background loop: reads articles, submits what they ask.

See `communique.batches`, which drives it.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final

from communique._batch_api import ENDPOINT, Api, Told, lines_of
from communique._batch_book import Book, Part
from communique._batch_client import BookClient, Dialects, Halved, Wanted, missing, turned_away
from communique._dialect import Dialect
from communique.article import Article
from communique.client import Deferred
from communique.crew import for_free, stored, to_keep
from communique.errors import (
    AuthenticationFailed,
    BudgetSpent,
    CommuniqueError,
    ConfigurationError,
    QuotaExhausted,
    RateLimited,
    StorageError,
    Unavailable,
)
from communique.intake import fault
from communique.outcomes import Outcome
from communique.pacing import Limits, Pace
from communique.pipeline import Session, Summariser
from communique.store import Store, article_key, line_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from communique.client import Client
    from communique.pipeline import Reading
    from communique.prices import Tariff
    from communique.schemas import Report

__all__ = ["Worker"]

log = logging.getLogger("communique")

_TRIES: Final = 3
"""Files in a row that may be turned away for a reason that is not their size."""
_TOO_MUCH: Final = frozenset({"token_limit_exceeded", "file_too_large", "too_many_tasks"})
_NOT_ONE_MORE = (
    AuthenticationFailed,
    ConfigurationError,
    QuotaExhausted,
    RateLimited,
    StorageError,
    Unavailable,
)
"""What would meet the second article as it met the first."""


@dataclass
class _Spool:
    """A file of requests in the making."""

    file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    names: dict[str, None] = field(default_factory=dict)  # in order, and found at once
    size: int = 0
    dollars: float = 0.0

    def add(self, name: str, line: bytes, dollars: float) -> None:
        """Add a request."""
        self.file.write(line)
        self.names[name] = None
        self.size += len(line)
        self.dollars += dollars


class Worker:
    """Reads articles from a book, and brings what they ask to the API; see `Batch`."""

    def __init__(self, reader: Summariser, store: Store, session: Session) -> None:
        self.reader = reader
        self.store = store
        self.endpoint = session.client.endpoint
        self.way = reader.way(session)
        self._session = session
        self._api: Api | None = None
        self._counts: dict[int, int] = {}
        self._owners: dict[str, int] = {}
        self._awaited: dict[int, frozenset[str]] = {}
        self._wanted: Mapping[str, Wanted] = {}
        self._unaffordable: set[int] = set()
        self._broke: set[int] = set()
        self._spool: _Spool | None = None
        self._tried = False
        self.held_back = False

    @classmethod
    async def of(cls, reader: Summariser, store: Store, budget: float | None) -> Worker:
        """Make one; raises `ConfigurationError` where the model has no batches.

        `budget` limits what is asked at once, as well.
        """
        if reader.choice.local:
            what = "The embedded model runs on this machine, and has no batches."
            raise ConfigurationError(what, 'Use model="openai/...", or summarise_many.')
        pace = Pace(Limits(reader.profile.parallel, budget=budget))
        session = await reader.session(store=store, durable=True, pace=pace)
        return cls(reader, store, session)

    def begin(self, book: Book) -> None:
        """Take a book over."""
        self.book = book
        usual = [asdict(self._client.dialect)]
        known = [{**told, "grammar": None} for told in book.header.get("dialects", usual)]
        self.dialects = Dialects([Dialect(**told) for told in known])
        self._tried = bool(book.parts)

    async def rest(self) -> None:
        """Close the connections: the next call makes new ones."""
        api, self._api = self._api, None
        if api is not None:
            await api.aclose()
        await self._client.aclose()
        self._spool = None  # what it holds is asked again: nothing of it was sent

    @property
    def _client(self) -> Client:
        return self._session.client

    @property
    def api(self) -> Api:
        """The files and batches of the endpoint."""
        if self._api is None:
            self._api = Api(self._client)
        return self._api

    def completed(self, part: Part) -> int:
        """How many requests of a part are completed, as far as it was told."""
        return (
            part.count - part.failed if part.state == "done" else self._counts.get(part.number, 0)
        )

    # -- what has come

    async def ask(self) -> None:
        """Ask how far each part is."""
        for part in self._under_way():
            if part.state == "sent":
                self._hear(part, await self.api.retrieve(part.batch))

    def _hear(self, part: Part, told: Told) -> None:
        part.status = told.status
        self._counts[part.number] = told.completed

    async def look(self) -> None:
        """Begin what was not begun, and take over what is done."""
        for part in self._under_way():
            if part.state == "made":
                await self._start(part, again=True)
            told = await self.api.retrieve(part.batch)
            self._hear(part, told)
            if told.over:
                await self._settle(part, told)
        self.held_back = self.held_back and bool(self._under_way())

    def _under_way(self) -> list[Part]:
        return [part for part in self.book.parts.values() if part.under_way]

    async def _settle(self, part: Part, told: Told) -> None:
        """Take over what came of a batch, or what it was turned away for."""
        if told.status == "failed":
            self._turned_away(part, told)
            return
        if told.status == "cancelled":
            self.book.tell(cancelled=True)
        asked = set(self.book.requests_of(part))
        bill = _Bill(asked, self.endpoint.tariff)
        for file_id in told.files:
            with await self.api.download(file_id) as file:
                self.book.take(bill.lines(file))
        lost = sorted(asked - bill.seen)
        self.book.take((name, missing()) for name in lost)
        part.state, part.dollars, part.tokens = "done", bill.dollars, bill.tokens
        part.failed = bill.failed + len(lost)
        self.book.note(part)
        self.book.tell(failures=0)
        self.held_back = False
        self._unaffordable.clear()
        for file_id in (part.file, *told.files):
            await self.api.delete(file_id)

    def _turned_away(self, part: Part, told: Told) -> None:
        """Have the requests of a batch that did not begin asked again, in smaller files or later.

        What is turned away by itself, or for another reason again and again, fails.
        """
        log.warning("A batch of %s requests was turned away: %s", part.count, told.message)
        others = any(other is not part for other in self._under_way())
        much = told.code in _TOO_MUCH
        failures = int(self.book.header.get("failures", 0)) + (not much)
        if (much and part.count == 1 and not others) or failures >= _TRIES:
            line = turned_away(told.message or told.code or "no reason was given")
            self.book.take((name, line) for name in self.book.requests_of(part))
            part.state, part.dollars, part.failed = "done", 0.0, part.count
            self.book.note(part)
            self.book.tell(failures=0)
            return
        part.state, part.dollars = "failed", 0.0
        self.book.withdraw(part)
        if much and not others:
            self.book.tell(room=max(1, part.count // 2))
        self.book.tell(failures=failures)
        # A full queue has room again when one of the others is done.
        self.held_back = much and others

    # -- the way of one article

    def waits(self, place: int) -> bool:
        """Whether an article waits for what is under way, or for money that may be left over."""
        awaited = self._awaited.get(place)
        return place in self._unaffordable or bool(awaited and self.book.waiting(awaited))

    async def read(self, place: int) -> Outcome | None:
        """Read an article as far as it goes; its outcome, or None where it asks for something.

        Raises what would meet every article after the first that is asked about.
        """
        name, article = self.book.article(place)
        if not isinstance(article, Article):
            return self._end(place, Outcome.failed(name, article), kept=False)
        key = article_key(article)
        known = stored(name, self.store.outcome(key, self.way))
        if known is not None:
            return self._end(place, known, kept=True)
        first = not self._tried
        try:
            reading = await self._reading(place, article)
        except Deferred:
            return await self._defer(place, name)
        except CommuniqueError as error:
            if first and isinstance(error, _NOT_ONE_MORE):
                raise
            outcome, whole = Outcome.failed(name, error), True
        except Exception as bug:  # noqa: BLE001 - one article, and not the batch
            outcome, whole = Outcome.failed(name, fault(name, bug)), True
        else:
            cached = reading.summary.report.cached
            outcome = Outcome.read(name, reading.summary, cached=cached)
            whole = not any(error.retryable for error in reading.unread)
        if whole:
            self.store.keep_outcome(key, self.way, owner="", **to_keep(outcome))
        return self._end(place, outcome, kept=whole)

    async def _reading(self, place: int, article: Article) -> Reading:
        if not self._tried:
            return await self._at_once(article)
        client = BookClient(
            self.endpoint,
            self.book,
            place,
            owners=self._owners,
            dialects=self.dialects,
            client=self._client.given,
            timeout=self.reader.timeout,
            reasks=self.reader.profile.reasks,
        )
        self._wanted = client.wanted
        try:
            return await self.reader.read(article, Session(client, self._session.load))
        finally:
            self._learn(client.dialect)

    async def _at_once(self, article: Article) -> Reading:
        """Ask about an article now, to see that the endpoint takes what is sent."""
        report: Report | None = None
        try:
            reading = await self.reader.read(article, self._session)
            report = reading.summary.report
        except CommuniqueError as error:
            report = error.report
            raise
        finally:
            self._learn(self._client.dialect)
            if report is not None and any(not a.cached for a in report.attempts):
                self._tried = True
                spent = (report.prompt_tokens, report.completion_tokens, report.cost or 0.0)
                before = self.book.header.get("at_once", (0, 0, 0.0))
                self.book.tell(at_once=[a + b for a, b in zip(before, spent, strict=True)])
        return reading

    def _learn(self, dialect: Dialect) -> None:
        if self.dialects.learn(dialect):
            self.book.tell(dialects=[asdict(known) for known in self.dialects.known])

    async def _defer(self, place: int, name: str) -> Outcome | None:
        """Put what an article asks into the next file, unless it is not to be asked any more."""
        awaited = frozenset(self._wanted)
        new = {n: w for n, w in self._wanted.items() if n not in self.book.asked}
        failure = self._not_to_be_asked(place)
        if new and failure is not None:
            if not self.book.waiting(awaited):
                return self._end(place, Outcome.failed(name, failure), kept=False)
            new = {}
        self._awaited[place] = awaited
        for request, wanted in new.items():
            if self._spool is not None and request in self._spool.names:
                continue
            if self._affords(wanted.dollars):
                await self._put(request, wanted)
            else:
                self._unaffordable.add(place)
        return None

    def _not_to_be_asked(self, place: int) -> CommuniqueError | None:
        if self.book.header.get("cancelled"):
            what = "The batch was cancelled before this article was read."
            return Unavailable(what, "Submit it again, or read it with summarise_many.")
        if place in self._broke:
            budget = self.book.header["limits"]["budget"]
            what = f"What is left of the budget of ${budget:g} may not be enough for this article."
            return BudgetSpent(what, "Submit it again with a larger budget.")
        return None

    def give_up(self) -> bool:
        """Give the articles up for which there will be no money any more; whether there are any."""
        if not self._unaffordable or self._under_way():
            return False
        self._broke |= self._unaffordable
        self._unaffordable.clear()
        return True

    async def again(self, place: int) -> Outcome | None:
        """Give the outcome of an article that has ended, from the store; None: it goes on."""
        name, article = self.book.article(place)
        if not isinstance(article, Article):
            return Outcome.failed(name, article)
        found = self.store.outcome(article_key(article), self.way)
        if found is not None and found.failure is not None:
            if found.failure.report is not None:
                found.failure.report = for_free(found.failure.report)
            return Outcome.failed(name, found.failure, cached=True)
        outcome = stored(name, found) or await self.read(place)
        if outcome is None:
            del self.book.ended[place]
        return outcome

    def _end(self, place: int, outcome: Outcome, *, kept: bool) -> Outcome:
        self._awaited.pop(place, None)
        self.book.end(place, ok=outcome.ok, kept=kept)
        return outcome

    # -- what is asked

    def _affords(self, dollars: float) -> bool:
        budget = self.book.header["limits"]["budget"]
        if budget is None:
            return True
        at_once = self.book.header.get("at_once", (0, 0, 0.0))[2]
        spooled = self._spool.dollars if self._spool is not None else 0.0
        counted = sum(part.dollars for part in self.book.parts.values()) + at_once + spooled
        return bool(counted + dollars <= budget)

    async def _put(self, name: str, wanted: Wanted) -> None:
        line = line_of(
            {"custom_id": name, "method": "POST", "url": ENDPOINT, "body": wanted.body}
        ).encode()
        limits = self.book.header["limits"]
        room = min(limits["requests"], self.book.header.get("room", limits["requests"]))
        spool = self._spool
        if spool and (len(spool.names) >= room or spool.size + len(line) > limits["bytes"]):
            await self.flush()
            spool = None
        self._spool = spool or _Spool()
        self._spool.add(name, line, wanted.dollars)

    async def flush(self) -> None:
        """Make a batch of the requests that have gathered."""
        spool, self._spool = self._spool, None
        if spool is None:
            return
        number = max(self.book.parts, default=0) + 1
        with spool.file as file:
            name = f"communique-{self.book.name}-{number:06d}.jsonl"
            file_id = await self.api.upload(file, name)
        part = Part(number, file_id, len(spool.names), spool.dollars)
        self.book.enter(part, list(spool.names), self.dialects.current)
        await self._start(part)

    async def _start(self, part: Part, *, again: bool = False) -> None:
        """Begin a batch, or find it where another process may have begun it."""
        mark = self._mark(part)
        told = await self.api.find(mark) if again else None
        self._sent(part, told or await self.api.create(part.file, mark))

    def _sent(self, part: Part, told: Told) -> None:
        part.state, part.batch, part.status = "sent", told.id, told.status
        self.book.note(part)

    def _mark(self, part: Part) -> dict[str, str]:
        return {"communique": self.book.name, "part": str(part.number)}

    async def cancel(self) -> None:
        """Stop what is under way; what was never begun is not begun."""
        for part in self._under_way():
            if part.state == "made":
                told = await self.api.find(self._mark(part))
                if told is None:
                    part.state, part.dollars = "failed", 0.0
                    self.book.withdraw(part)
                    continue
                self._sent(part, told)
            self._hear(part, await self.api.cancel(part.batch))


class _Bill:
    """What came back of some requests: which, and what it took, each counted once."""

    def __init__(self, asked: Collection[str], tariff: Tariff | None) -> None:
        self.seen: set[str] = set()
        self.failed = 0
        self.tokens = (0, 0)
        self.dollars = 0.0
        self._asked = asked
        self._tariff = None if tariff is None else Halved(tariff)

    def lines(self, file: IO[bytes]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Read a file of results, and keep of each line what a reading needs."""
        for told in lines_of(file):
            name = told["custom_id"]
            if name not in self._asked or name in self.seen:
                continue
            self.seen.add(name)
            response = told.get("response")
            kept = None
            if isinstance(response, Mapping):
                kept = {"status_code": response.get("status_code"), "body": response.get("body")}
                self._count(kept["body"])
            self.failed += kept is None or kept["status_code"] != _OK
            yield name, {"response": kept, "error": told.get("error")}

    def _count(self, body: object) -> None:
        usage = body.get("usage") if isinstance(body, Mapping) else None
        if not isinstance(usage, Mapping):
            return
        prompt, completion = (
            number if isinstance(number, int) and number > 0 else 0
            for number in (usage.get("prompt_tokens"), usage.get("completion_tokens"))
        )
        self.tokens = (self.tokens[0] + prompt, self.tokens[1] + completion)
        if self._tariff is not None:
            self.dollars += self._tariff.cost(prompt, completion) or 0.0


_OK: Final = 200
