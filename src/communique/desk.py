"""The half of a run on the caller's side: takes articles, and hands out outcomes.

It takes from the user's iterable only so far ahead, finds what the store already has (which costs
no task and no change of thread), keeps twins from being asked twice, and hands outcomes out, in
order if that is wanted. It waits for nothing: `communique.runs` does.
"""

from __future__ import annotations

import logging
import operator
import zlib
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from communique.crew import Crew, Job, for_free, stored, to_keep
from communique.errors import ConfigurationError, InternalError, StorageError
from communique.intake import take
from communique.outcomes import Outcome
from communique.pacing import Limits, Pace, again
from communique.progress import Tally, reporter_of
from communique.schemas import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from communique.article import Article
    from communique.pacing import Counts
    from communique.store import Store

__all__ = ["Desk", "Options", "unpriced"]

log = logging.getLogger("communique")

AHEAD: Final = 4
"""How many times as many articles as are read at once may wait or be waited for."""
LEAST_AHEAD: Final = 32
MEMORY: Final = 16 * 1024 * 1024
"""Bytes of packed outcomes that are kept for twins where there is no store."""
QUICK: Final = 0.005
"""Seconds: a source that takes longer for an article does not hold up what is ready."""


# --- what a run is told -------------------------------------------------------------------------


@dataclass(frozen=True)
class Options:
    """How a run goes; see `communique.summarise_many`."""

    limits: Limits = field(default_factory=Limits)
    resume: str | Path | Store | None = None
    progress: Any = None
    ordered: bool = True
    on_error: Literal["return", "raise"] = "return"
    processes: int | None = None

    def __post_init__(self) -> None:
        if self.on_error not in {"return", "raise"}:
            what = f"on_error is {self.on_error!r}."
            raise ConfigurationError(what, 'Give "return" or "raise".')
        if self.processes is not None and not _is_count(self.processes):
            what = f"processes is {self.processes!r}."
            raise ConfigurationError(what, "Give a whole number above 0, or leave it out.")
        if not (self.progress is None or callable(self.progress) or _is_bool(self.progress)):
            what = f"progress is {self.progress!r}."
            raise ConfigurationError(what, "Give True, False, None or a callable.")


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


# --- the desk -----------------------------------------------------------------------------------


class Desk:
    """Takes articles and hands out outcomes; used by one thread (or loop) at a time."""

    def __init__(self, reader: Any, articles: Any, options: Options) -> None:
        self.reader = reader
        self.options = options
        self.ledger: Store | None = None
        self.crew: Any = None
        self.pace: Any = None
        self.tally: Tally | None = None
        self.reporter = reporter_of(False)
        self.wake: Callable[[], None] = lambda: None
        self.exhausted = False
        self.error: BaseException | None = None  # of the user's iterable
        self.interrupted = False
        self.left = False
        self._articles = articles
        self._done: deque[tuple[Job, Outcome | None]] = deque()
        self._taken = self._given = self._asking_now = 0
        self._ahead = LEAST_AHEAD
        self._ready: dict[int, Outcome | None] = {}  # by place; None: dropped
        self._order: deque[int] = deque()  # the places that are ready, where order is not wanted
        self._next = 0
        self._asking: dict[Any, list[Job]] = {}
        self._memory = _Memory(MEMORY)
        self._slow = 0.0

    # -- the beginning

    def prepare(self) -> Coroutine[Any, Any, None]:
        """Open the stores; what is given back is to be run on the background loop."""
        from communique.store import open_store

        options = self.options
        self.ledger = open_store(options.resume)
        store = self.ledger or open_store(self.reader.cache)
        limits = options.limits
        self._ahead = max(LEAST_AHEAD, AHEAD * limits.concurrency)
        crew: Any
        if options.processes is not None and options.processes > 1:
            from communique._processes import Pool

            self.pace = Pace(limits)
            crew = Pool(
                self.reader,
                self.pace,
                processes=options.processes,
                most=limits.concurrency,
                store=store,
                ledger=self.ledger,
                deliver=self._deliver,
            )
        else:
            self.pace = Pace(limits)
            crew = Crew(
                self.reader,
                self.pace,
                most=limits.concurrency,
                store=store,
                ledger=self.ledger,
                deliver=self._deliver,
            )
        self.crew = crew
        return self._open()

    async def _open(self) -> None:
        await self.crew.open()
        priced = self.crew.priced
        if self.options.limits.on_money and not priced:
            await self.crew.aclose(finish=False)
            raise unpriced(self.reader)
        self.tally = Tally(_length(self._articles), priced=priced)

    def start(self) -> None:
        """Show the bar, where there is one."""
        self.reporter = reporter_of(self.options.progress)

    def _deliver(self, job: Job, outcome: Outcome | None) -> None:
        """Take over from the crew, on its thread."""
        self._done.append((job, outcome))
        self.wake()

    # -- taking

    @property
    def wants(self) -> bool:
        """Whether one more article may be taken."""
        return not self.exhausted and self._taken - self._given < self._ahead

    @property
    def hungry(self) -> bool:
        """Whether the crew could read more than it has, and the source is quick to give it."""
        return self.wants and self._asking_now < self.crew.most and self._slow < QUICK

    def admit(self, item: object, seconds: float = 0.0) -> None:
        """Take what the user's iterable gave, after so many seconds."""
        place = self._taken
        self._taken += 1
        self._slow = seconds
        taken = take(item, place)
        if taken.article is None:
            failure = taken.failure or InternalError("No article.")
            self._put(place, Outcome.failed(taken.article_id, failure))
            return
        job = Job(place, taken.article_id, taken.article)
        try:
            outcome = self._known(job)
        except StorageError as error:
            self.crew.stop(error)
            outcome = Outcome.failed(job.article_id, error)
        if outcome is not None:
            self._put(place, outcome)
            return
        same = _same(job.article)
        if same in self._asking:
            self._asking[same].append(job)
            return
        self._asking[same] = []
        self._asking_now += 1
        self.crew.submit(job)

    def _known(self, job: Job) -> Outcome | None:
        """Find an outcome in the store, or that of a twin in this run."""
        if self.ledger is None:
            twin = self._memory.get(_same(job.article))
            return None if twin is None else _of_twin(job, twin)
        from communique.store import article_key

        job.key = article_key(job.article)
        job.seen = self.ledger.outcome(job.key, self.crew.way)
        return stored(job.article_id, job.seen)

    def stop_taking(self, error: BaseException | None = None) -> None:
        """Take no more: the iterable is at its end, or raised this."""
        self.exhausted = True
        self.error = error

    # -- giving

    def collect(self) -> None:
        """Take over what the crew has finished, for the twins too."""
        while self._done:
            job, outcome = self._done.popleft()
            self._asking_now -= 1
            same = _same(job.article)
            twins = self._asking.pop(same, [])
            self._put(job.place, outcome)
            if outcome is not None and self.ledger is None:
                self._memory.put(same, outcome)
            for twin in twins:
                told = None if outcome is None else _of_twin(twin, outcome)
                if told is not None and self.ledger is not None and twin.key != job.key:
                    self._keep_twin(twin, told)
                self._put(twin.place, told)

    def _keep_twin(self, twin: Job, outcome: Outcome) -> None:
        if self.ledger is None:
            return
        try:
            self.ledger.keep_outcome(
                twin.key,
                self.crew.way,
                owner="",
                **to_keep(outcome),
            )
        except StorageError as error:
            self.crew.stop(error)

    def _put(self, place: int, outcome: Outcome | None) -> None:
        self._ready[place] = outcome
        self._order.append(place)

    def head(self) -> Outcome | None:
        """The next outcome to be given, or None where there is none yet."""
        while True:
            place = self._first()
            if place is None:
                return None
            outcome = self._ready[place]
            if outcome is not None:
                return outcome
            self._pass(place)

    def _first(self) -> int | None:
        if self.options.ordered:
            return self._next if self._next in self._ready else None
        return self._order[0] if self._order else None

    def _pass(self, place: int) -> None:
        del self._ready[place]
        if self.options.ordered:
            self._next += 1
        else:
            self._order.popleft()
        self._given += 1

    def shift(self) -> None:
        """Count the head as given."""
        place = self._first()
        if place is None:  # pragma: no cover - there was a head
            return
        outcome = self._ready[place]
        self._pass(place)
        if outcome is not None and self.tally is not None:
            self.tally.count(outcome)
            self.report()

    def report(self) -> None:
        """Show how far the run is."""
        if self.tally is not None and not self.reporter.silent:
            self.reporter.show(self.tally.progress(self.counts))

    @property
    def counts(self) -> Counts:
        """What the run has used so far."""
        return self.pace.gate.counts  # type: ignore[no-any-return]

    @property
    def over(self) -> bool:
        """Whether everything that was taken was given."""
        return self.exhausted and self._given == self._taken

    @property
    def idle(self) -> bool:
        """Whether nothing has come from the crew."""
        return not self._done

    # -- the end

    def conclude(self) -> None:
        """Raise what was put off until everything was given."""
        if self.error is not None:
            raise self.error
        if self.interrupted:
            raise KeyboardInterrupt

    def interrupt(self) -> None:
        """Take nothing more, and begin nothing more; what is being read is finished."""
        self.interrupted = self.exhausted = True
        self.crew.call_off()

    def farewell(self, *, finish: bool) -> Coroutine[Any, Any, None] | None:
        """End the crew, once; what is given back is to be run on the background loop."""
        self.reporter.close()
        if self.left or self.crew is None:
            return None
        self.left = True
        # What has nowhere to be kept is not waited for.
        keeps = self.crew.store is not None
        coroutine: Coroutine[Any, Any, None] = self.crew.aclose(finish=finish and keeps)
        return coroutine

    def tell_how_to_go_on(self) -> None:
        """Say in one line how an interrupted run is gone on with."""
        done = self.tally.done if self.tally else 0
        if self.ledger is not None:
            log.warning(
                "Interrupted after %s articles; what is done is kept. Go on with resume=%r.",
                f"{done:,}",
                str(self.ledger.path),
            )
        else:
            log.warning(
                "Interrupted after %s articles. Another time, resume='run.sqlite' keeps them.",
                f"{done:,}",
            )


def _same(article: Article) -> Any:
    """What makes two articles twins: everything that is read, whatever they are called."""
    return article.sha256, article.published, article.dated_by_caller, article.language


def _of_twin(job: Job, outcome: Outcome) -> Outcome:
    """The outcome of an article that is the same as one that was read, under its own name."""
    if outcome.failure is not None:
        failure = again(outcome.failure)
        failure.report = for_free(outcome.report)
        return Outcome.failed(job.article_id, failure, cached=True)
    if outcome.summary is None:  # pragma: no cover - one of the two
        raise ValueError
    own = {name: getattr(job.article, name) for name in ("id", "title", "url")}
    summary = outcome.summary.model_copy(
        update={
            "source": outcome.summary.source.model_copy(update=own),
            "report": for_free(outcome.summary.report),
        }
    )
    return Outcome.read(job.article_id, summary, cached=True)


def _length(articles: object) -> int | None:
    length = operator.length_hint(articles, -1)
    return None if length < 0 else length


def unpriced(reader: Any) -> ConfigurationError:
    """Make the error of a budget that nobody can keep."""
    return ConfigurationError(
        f"A budget was given, and the prices of {reader.choice.name!r} are not known.",
        'Give them: prices={"name": (in, out)}, in US dollars for a million tokens.',
    )


class _Memory:
    """The outcomes of late, packed, up to so many bytes: for twins where there is no store."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        self._packed: OrderedDict[Any, bytes | Outcome] = OrderedDict()

    def put(self, same: Any, outcome: Outcome) -> None:
        """Keep an outcome."""
        packed: bytes | Outcome = outcome
        if outcome.summary is not None:
            packed = zlib.compress(outcome.summary.model_dump_json().encode(), 1)
        self._packed[same] = packed
        self.size += _size(packed)
        while self.size > self.most:
            self.size -= _size(self._packed.popitem(last=False)[1])

    def get(self, same: Any) -> Outcome | None:
        """Find an outcome."""
        packed = self._packed.get(same)
        if packed is None or isinstance(packed, Outcome):
            return packed
        return Outcome.read("", Summary.model_validate_json(zlib.decompress(packed)))


def _size(packed: bytes | Outcome) -> int:
    return (len(packed) if isinstance(packed, bytes) else 1_000) + 500
