"""The half of a run that asks: reads articles side by side, and keeps what comes of them.

A `Crew` belongs to one event loop. Every request goes through one `Pace`; every outcome is in the
ledger before it is delivered, an error that nobody has thought of included.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from pydantic import ValidationError

from communique.errors import (
    AuthenticationFailed,
    BudgetSpent,
    CommuniqueError,
    ConfigurationError,
    InternalError,
    QuotaExhausted,
    StorageError,
    WeightsInvalid,
)
from communique.intake import fault
from communique.outcomes import Outcome
from communique.pacing import again
from communique.schemas import Report, Summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from communique.article import Article
    from communique.client import Client
    from communique.store import Store, StoredOutcome

__all__ = ["Crew", "Job", "Left", "Pacer", "Reader", "for_free", "paid", "stored", "to_keep"]

log = logging.getLogger("communique")

LEASE: Final = 60.0
"""Seconds for which an article is claimed; renewed while this process lives."""
LOOK: Final = 0.5
"""Seconds between two looks at what other processes have claimed."""
GRACE: Final = 2.0
"""Seconds for what is left of an article when its last request is answered."""

_ENDS_THE_RUN = (AuthenticationFailed, QuotaExhausted, StorageError, WeightsInvalid)
"""What would meet every article after this one."""
_MENDED_ELSEWHERE = (*_ENDS_THE_RUN, BudgetSpent, ConfigurationError, InternalError)
"""Failures that are not the article's: tried again in the next run."""


class Left(CommuniqueError):
    """The run was left; never seen outside."""


class Reader(Protocol):
    """What reads one article: a `Summariser`."""

    async def session(self, *, store: Store | None, durable: bool, pace: Any) -> Any:
        """Make what the articles of a run have in common; it has a `client`."""

    async def read(self, article: Article, session: Any) -> Any:
        """Read an article; gives its `summary` and the errors that left passages `unread`."""

    def way(self, session: Any) -> str:
        """The key of this way of reading."""


class Pacer(Protocol):
    """A `Pace`, or what speaks for one in another process."""

    @property
    def stopped(self) -> CommuniqueError | None:
        """The error that stopped the run."""

    @property
    def busy(self) -> bool:
        """Whether requests are under way."""

    def stop(self, error: CommuniqueError) -> None:
        """Let nobody in any more."""


@dataclass(eq=False, slots=True)
class Job:
    """An article on its way through a crew.

    `place` is its place among all; `key` that of the article in the ledger, and `seen` an earlier
    outcome there that is to be tried again.
    """

    place: int
    article_id: str
    article: Article
    key: str = ""
    seen: StoredOutcome | None = None


class Crew:
    """Reads articles side by side on the loop that it is opened on.

    `deliver` is given each job with its outcome, or with None where the run was left before it
    had one; it is called on the loop. `ledger` is where outcomes are kept and claims are made,
    `store` where the client keeps replies.
    """

    def __init__(
        self,
        reader: Reader,
        pace: Pacer,
        *,
        most: int,
        store: Store | None,
        ledger: Store | None,
        deliver: Callable[[Job, Outcome | None], None],
    ) -> None:
        self.reader = reader
        self.pace = pace
        self.most = most
        self.store = store
        self.ledger = ledger
        self.deliver = deliver
        self.way = ""
        self.owner = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: Any = None
        self._waiting: deque[Job] = deque()
        self._elsewhere: list[Job] = []
        self._tasks: dict[asyncio.Task[None], Job] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._off = False
        self._read = 0
        self.priced = False
        self.endpoint = ("", "")

    async def open(self) -> None:
        """Make the session; raises what its configuration raises."""
        self._loop = asyncio.get_running_loop()
        durable = self.ledger is not None
        self._session = await self.reader.session(store=self.store, durable=durable, pace=self.pace)
        self.way = self.reader.way(self._session)
        endpoint = self.client.endpoint
        self.priced = endpoint.tariff is not None
        self.endpoint = (endpoint.identity, endpoint.model)
        if self.ledger is not None:
            from communique.store import owner

            self.owner = owner()
            self._keeper = asyncio.create_task(self._keep_watch())

    @property
    def client(self) -> Client:
        """What asks."""
        return self._session.client  # type: ignore[no-any-return]

    # -- from any thread

    def submit(self, job: Job) -> None:
        """Take a job."""
        self._soon(self.take, job)

    def call_off(self) -> None:
        """Begin nothing more: what is being read is finished."""
        self._soon(self.drop)

    def stop(self, error: CommuniqueError) -> None:
        """End what is left with this error: a request more would not help."""
        self._soon(self._stop, error)

    def _soon(self, function: Callable[..., None], *args: Any) -> None:
        if self._loop is None:  # pragma: no cover - opened first
            raise RuntimeError
        self._loop.call_soon_threadsafe(function, *args)

    # -- on the loop

    def take(self, job: Job) -> None:
        """Take a job."""
        self._waiting.append(job)
        self.begin()

    def drop(self) -> None:
        """Give every job back that is not being read, and those to come."""
        self._off = True
        jobs, self._waiting = [*self._waiting, *self._elsewhere], deque()
        self._elsewhere = []
        for job in jobs:
            self.deliver(job, None)

    def _stop(self, error: CommuniqueError) -> None:
        self.pace.stop(error)
        self.begin()

    def begin(self) -> None:
        """Begin what waits, as far as there is room."""
        while self._waiting and (self._off or len(self._tasks) < self.most):
            job = self._waiting.popleft()
            if self._off:
                self.deliver(job, None)
                continue
            stopped = self.pace.stopped
            if stopped is not None:
                # Not one request more, and no claim: each ends as the first one did.
                self._end(job, stopped)
                continue
            task = asyncio.get_running_loop().create_task(self._work(job))
            self._tasks[task] = job
            task.add_done_callback(self._done)

    def _end(self, job: Job, stopped: CommuniqueError) -> None:
        left = isinstance(stopped, Left)
        self.deliver(job, None if left else Outcome.failed(job.article_id, again(stopped)))

    def _done(self, task: asyncio.Task[None]) -> None:
        job = self._tasks.pop(task)
        if task.cancelled():
            self.deliver(job, None)
        self.begin()

    async def _work(self, job: Job) -> None:
        """Bring one article to its outcome; it is delivered whatever happens on the way."""
        try:
            if self.ledger is not None and not await self._claimed(job):
                return
            outcome: Outcome | None = await self._outcome(job)
        except CommuniqueError as error:  # the ledger's
            self.pace.stop(error)
            outcome = Outcome.failed(job.article_id, error)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as bug:  # noqa: BLE001 - a panic of compiled code is no Exception
            failure = fault(job.article_id, bug)
            log.error("%s", failure.what)  # noqa: TRY400 - a traceback may hold the article's words
            outcome = Outcome.failed(job.article_id, failure)
        self.deliver(job, outcome)

    async def _outcome(self, job: Job) -> Outcome | None:
        """Read an article, and keep what came of it."""
        whole = True
        try:
            reading = await self.reader.read(job.article, self._session)
        except CommuniqueError as error:
            outcome = Outcome.failed(job.article_id, error)
            self._judge(error)
        else:
            cached = reading.summary.report.cached
            outcome = Outcome.read(job.article_id, reading.summary, cached=cached)
            ended = next((e for e in reading.unread if self._judge(e)), None)
            whole = not any(error.retryable for error in reading.unread)
            if ended is not None:
                # Half of it was read when the run was stopped: the other half is to be asked yet.
                failure = again(ended)
                failure.report = reading.summary.report
                outcome = Outcome.failed(job.article_id, failure)
        if isinstance(self.pace.stopped, Left) and isinstance(outcome.failure, Left):
            return None
        self._read += outcome.ok
        await self._keep(job, outcome, whole=whole)
        return outcome

    def _judge(self, error: CommuniqueError) -> bool:
        """Whether an error is the run's and not the article's; the run is then stopped."""
        stopped = self.pace.stopped
        if stopped is not None and type(error) is type(stopped):
            return True
        lasting = isinstance(error, _ENDS_THE_RUN) or not self.client.started
        # An endpoint that has taken other articles does not know this one's request.
        lasting = lasting or (isinstance(error, ConfigurationError) and not self._read)
        if lasting:
            self.pace.stop(error)
        return lasting

    # -- the ledger

    async def _claimed(self, job: Job) -> bool:
        """Take an article for this process, or leave it to the one that has it."""
        ledger = self.ledger
        if ledger is None:
            return True
        keys = (job.key, self.way)
        options = {"owner": self.owner, "seconds": LEASE, "seen": job.seen}
        if await ledger.soon(ledger.claim, *keys, **options):  # type: ignore[arg-type]
            return True
        found = await ledger.soon(ledger.outcome, *keys)
        outcome = stored(job.article_id, found)
        if outcome is not None:
            self.deliver(job, outcome)
        else:
            job.seen = found
            self._elsewhere.append(job)
        return False

    async def _keep(self, job: Job, outcome: Outcome, *, whole: bool) -> None:
        """Keep an outcome; where that fails, the run ends, and what was paid for is not lost.

        An article of which a passage failed for a passing reason is not done with: its replies
        are in the store, and the next run asks for what is missing.
        """
        ledger = self.ledger
        if ledger is None:
            return
        try:
            if not whole and outcome.ok:
                await ledger.soon(ledger.release, job.key, self.way, owner=self.owner)
                return
            await ledger.soon(
                ledger.keep_outcome,
                job.key,
                self.way,
                owner=self.owner,
                **to_keep(outcome),
            )
        except StorageError as error:
            self.pace.stop(error)

    async def _keep_watch(self) -> None:
        """Hold the claims, and look what has become of the articles that others hold."""
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(LOOK)
            try:
                if time.monotonic() - renewed > LEASE / 3 and self._tasks and self.ledger:
                    renewed = time.monotonic()
                    await self.ledger.soon(self.ledger.renew, owner=self.owner, seconds=LEASE)
                await self._look()
            except StorageError as error:
                self._stop(error)

    async def _look(self) -> None:
        ledger, jobs = self.ledger, self._elsewhere
        if ledger is None or not jobs:
            return
        self._elsewhere = []
        for job in jobs:
            found = await ledger.soon(ledger.outcome, job.key, self.way)
            outcome = stored(job.article_id, found)
            if outcome is not None:
                self.deliver(job, outcome)
            elif self.pace.stopped is not None:
                self._end(job, self.pace.stopped)
            else:  # nobody may hold it any more: a claim will tell
                self._waiting.append(job)
        self.begin()

    # -- the end

    async def aclose(self, *, finish: bool = True) -> None:
        """End: with `finish`, the requests under way are waited for, whose replies are kept.

        Nothing is begun any more. Cancelled while it waits, it cancels them.
        """
        self.pace.stop(Left("The run was left."))
        self.drop()
        try:
            if finish:
                await self._finish()
        finally:
            tasks = [*self._tasks]
            if self._keeper is not None:
                tasks.append(self._keeper)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self.ledger is not None and self.owner:
                with contextlib.suppress(StorageError):
                    await self.ledger.soon(self.ledger.release_all, owner=self.owner)
            if self._session is not None:
                await self.client.aclose()

    async def _finish(self) -> None:
        """Wait for the requests under way, and for what is then left of their articles.

        Not for an article that waits before it asks again: it would not be let in.
        """
        while self._tasks and self.pace.busy:
            await asyncio.wait(self._tasks, timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE)


def paid(summary: Summary) -> str:
    """A summary as the store gives it back: nothing of it is paid for again."""
    return summary.model_copy(update={"report": for_free(summary.report)}).model_dump_json()


def to_keep(outcome: Outcome) -> dict[str, Any]:
    """What a store is told of an outcome: arguments of `Store.keep_outcome`."""
    return {
        "article_id": outcome.article_id,
        "summary": None if outcome.summary is None else paid(outcome.summary),
        "failure": outcome.failure,
        "report": outcome.report,
    }


def for_free(report: Report) -> Report:
    """A report of which nothing is paid for again."""
    attempts = [a.model_copy(update={"cached": True, "cost": 0.0}) for a in report.attempts]
    return report.model_copy(update={"attempts": attempts})


def stored(article_id: str, found: StoredOutcome | None) -> Outcome | None:
    """What the store has of an article, where that is to stay; None: it is to be read."""
    if found is None:
        return None
    if found.summary is not None:
        try:
            summary = Summary.model_validate_json(found.summary)
        except ValidationError:
            return None
        return Outcome.read(article_id, summary, cached=True)
    failure = found.failure
    if failure is None or failure.retryable or isinstance(failure, _MENDED_ELSEWHERE):
        return None
    if failure.report is not None:
        failure.report = for_free(failure.report)
    return Outcome.failed(article_id, failure, cached=True)
