"""Half the price, within a day: many articles through OpenAI's Batch API.

>>> from communique import submit_batch
>>> batch = submit_batch(articles, model="openai/gpt-5-mini", resume="run.sqlite")  # doctest: +SKIP
>>> for outcome in batch.collect():                                                # doctest: +SKIP
...     print(outcome.article_id, outcome.ok)

Each article is read as it always is, and goes as far as there are replies; what it then asks goes
into a file, and files become batches. When one is done, its articles go on: a re-ask, or the
halves of a passage, is in the next file. Everything is in the store (`communique._batch_book`),
so that the process may end at any moment, and another one goes on with `Batch.open`.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from communique.errors import ConfigurationError, StorageError
from communique.intake import take
from communique.pipeline import Summariser

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from communique._batch_book import Book
    from communique._batch_worker import Worker
    from communique.article import Article
    from communique.outcomes import Outcome
    from communique.store import Store

__all__ = ["Batch", "BatchStatus", "submit_batch"]

log = logging.getLogger("communique")

V = TypeVar("V")

MOST_REQUESTS: Final = 50_000
MOST_BYTES: Final = 200 * 1024 * 1024
"""Of one file. Source: platform.openai.com/docs/guides/batch, "Rate limits"."""
LEASE: Final = 600.0
"""Seconds for which one process works on a batch, renewed while it lives."""
TURN: Final = 0.5
_RENEW: Final = 60.0


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """How far a batch is.

    `done` of `articles` have their outcome; of these `failed` are failures. `requests` were put
    into files so far, and `answered` have come back. `parts` are OpenAI's batches: the id of each,
    its state, and how many of its requests are completed, of how many. `prompt_tokens`,
    `completion_tokens` and `cost` (US dollars, None where prices are not known) are of what has
    come back. `over` says that every article has its outcome.
    """

    id: str
    articles: int
    done: int
    failed: int
    requests: int
    answered: int
    parts: tuple[tuple[str, str, int, int], ...]
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    over: bool


def submit_batch(
    articles: Iterable[str | Path | Article],
    *,
    resume: str | Path | Store,
    model: str | None = None,
    budget: float | None = None,
    requests_per_file: int = MOST_REQUESTS,
    bytes_per_file: int = MOST_BYTES,
    **settings: Any,
) -> Batch:
    """Submit articles to OpenAI's Batch API: half the price, and outcomes within a day.

    `articles` is any iterable of texts, `Article`s and `Path`s. `resume` names the store that
    keeps everything; articles that it has outcomes of are not asked about. The first article that
    is asked about is read at once and at the full price, so that a wrong key, a wrong model or a
    parameter that it does not take shows now and not tomorrow. `budget` is in US dollars for the
    whole batch: nothing is asked that could pass it, and articles that are left over are
    `BudgetSpent`. A file holds `requests_per_file` requests and `bytes_per_file` bytes at the
    most. `model` and `settings` are those of `Summariser`.

    The same articles with the same settings are the same batch until it is over: a script that is
    run again pays for nothing again.

    Raises `ConfigurationError` where no such model can be used, a `ModelError` where the first
    article shows that none can be read, and `StorageError` where the store cannot be used.
    """
    from communique._batch_book import Book
    from communique._batch_worker import Worker
    from communique.desk import unpriced
    from communique.runs import not_many

    given: object = articles
    if not isinstance(given, Iterable) or isinstance(given, str | bytes):
        raise not_many(articles)
    reader = Summariser(model, **settings)
    store = _store_of(resume)
    limits = {"requests": requests_per_file, "bytes": bytes_per_file, "budget": budget}
    _check(limits)
    worker = _run(Worker.of(reader, store, budget))
    if budget is not None and worker.endpoint.tariff is None:
        raise unpriced(reader)
    header = {"way": worker.way, "limits": limits, "settings": _told(reader, settings)}
    taken = (take(item, place) for place, item in enumerate(articles))
    batch = Batch(Book.write(store, taken, header), worker)
    batch._submit()  # noqa: SLF001 - its other half
    return batch


class Batch:
    """Articles that were submitted together: how far they are, and their outcomes.

    Made by `submit_batch`, and by `Batch.open` in any later process. One process at a time works
    on a batch; `status` may be asked by others.
    """

    def __init__(self, book: Book, worker: Worker) -> None:
        from communique.store import owner

        self._book = book
        self._worker = worker
        self._worker.begin(book)
        self._given: set[int] = set()
        self._owner = owner()
        self._renewed = 0.0
        self._working = False

    def __repr__(self) -> str:
        return f"Batch({self.id!r}, {self._book.total} articles)"

    @classmethod
    def open(
        cls,
        resume: str | Path | Store,
        id: str | None = None,  # noqa: A002 - as it is called
        *,
        model: str | None = None,
        **settings: Any,
    ) -> Batch:
        """Open a batch that was submitted, by this process or another.

        `resume` names its store; `id` one of several batches (None: the newest). The settings are
        those it was submitted with; what is not written down must be given again: `api_key`
        (unless it is in the environment), `client`, and a `Profile` of your own.

        Raises `ConfigurationError` where there is no such batch, or the settings are others.
        """
        from communique._batch_book import Book
        from communique._batch_worker import Worker

        store = _store_of(resume)
        books = [book for book in Book.all(store) if id in {None, book.name}]
        if not books:
            what = f"There is no batch {id!r} in {store.path}." if id else "There is no batch."
            raise ConfigurationError(what, "Submit one: submit_batch(articles, resume=...).")
        book = books[-1]
        given = {**book.header["settings"], **settings}
        given["model"] = model or given["model"]
        budget = book.header["limits"]["budget"]
        worker = _run(Worker.of(Summariser(**given), store, budget))
        if worker.way != book.header["way"]:
            what = f"The batch {book.name!r} was submitted with other settings."
            raise ConfigurationError(what, "Give the model, profile and aliases of then.")
        return cls(book, worker)

    @property
    def id(self) -> str:
        """The name of the batch in its store."""
        return self._book.name

    def status(self) -> BatchStatus:
        """Ask how far it is; takes nothing over and submits nothing.

        Raises a `ModelError` where the endpoint cannot be asked.
        """
        if self._working:  # asked from within the loop over `collect`
            _run(self._worker.ask())
            return self._status()
        self._book.reload()
        try:
            _run(self._worker.ask())
        finally:
            _run(self._worker.rest())
        return self._status()

    def collect(
        self,
        *,
        wait: bool = True,
        every: float = 60.0,
        progress: Callable[[BatchStatus], object] | None = None,
    ) -> Iterator[Outcome]:
        """Yield an `Outcome` for each article, as they end, each once for this object.

        With `wait` this goes on until every article has ended, looking again `every` so many
        seconds (and sooner at first), and submits what articles ask further; without, what has
        come by now is yielded, what is asked further is submitted, and the rest is for another
        call. `progress` is called
        with the status after each look.

        An interruption loses nothing: go on with `Batch.open`. Raises `ConfigurationError` where
        another process works on the batch, and a `ModelError` where the endpoint cannot be asked.
        """
        with self._held(), _ended_by_interrupt(self._book):
            yield from self._earlier()
            pauses = _pauses(every)
            while True:
                _run(self._worker.look())
                yield from self._read()
                over = len(self._book.ended) == self._book.total
                if over:
                    self._book.tell(over=True)
                if progress is not None:
                    progress(self._status())
                if over or not wait:
                    return
                self._sleep(next(pauses))

    def cancel(self) -> None:
        """Stop what is under way: what is answered by then is kept, the rest will fail.

        `collect` then yields an outcome for every article. Raises a `ModelError` where the
        endpoint cannot be asked.
        """
        with self._held():
            self._book.tell(cancelled=True)
            _run(self._worker.cancel())

    def forget(self) -> None:
        """Remove the batch from the store, with its articles; replies and outcomes stay.

        Raises `ConfigurationError` while requests are under way: `cancel` and `collect` first.
        """
        with self._held():
            if any(part.under_way for part in self._book.parts.values()):
                what = f"Requests of the batch {self.id!r} are under way."
                raise ConfigurationError(what, "Call cancel() and collect() first.")
            self._book.drop()

    # --- the work -------------------------------------------------------------------------------

    def _submit(self) -> None:
        """Read every article as far as it goes, and submit what is asked."""
        with self._held(), _ended_by_interrupt(self._book):
            _run(self._worker.look())
            for _ in self._read(give=False):
                pass

    def _read(self, *, give: bool = True) -> Iterator[Outcome]:
        """Bring every article as far as it goes, submit what is asked, yield what has ended."""
        worker = self._worker
        while not worker.held_back:
            for place in range(self._book.total):
                if place in self._book.ended or worker.waits(place):
                    continue
                self._renew()
                outcome = _run(worker.read(place))
                if outcome is not None and give:
                    self._given.add(place)
                    yield outcome
            _run(worker.flush())
            # With nothing under way, nothing will become affordable.
            if not worker.give_up():
                return

    def _earlier(self) -> Iterator[Outcome]:
        """Yield the outcomes of articles that have ended before."""
        for place in sorted(self._book.ended.keys() - self._given):
            outcome = _run(self._worker.again(place))
            if outcome is not None:
                self._given.add(place)
                yield outcome

    def _status(self) -> BatchStatus:
        book, parts = self._book, list(self._book.parts.values())
        back = [part for part in parts if part.state == "done"]
        read, written, spent = self._book.header.get("at_once", (0, 0, 0.0))
        spent += sum(part.dollars for part in back)
        told = (
            (part.batch, part.status or part.state, self._worker.completed(part), part.count)
            for part in parts
        )
        return BatchStatus(
            id=self.id,
            articles=book.total,
            done=len(book.ended),
            failed=sum(not ok for ok, _ in book.ended.values()),
            requests=len(book.asked),
            answered=sum(part.count for part in back),
            parts=tuple(told),
            prompt_tokens=read + sum(part.tokens[0] for part in back),
            completion_tokens=written + sum(part.tokens[1] for part in back),
            cost=None if self._worker.endpoint.tariff is None else spent,
            over=len(book.ended) == book.total,
        )

    # --- one process at a time ------------------------------------------------------------------

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        if self._working:  # `cancel` from within the loop over `collect`
            yield
            return
        store, keys = self._book.store, (f"batch {self.id}", "batch")
        if not store.claim(*keys, owner=self._owner, seconds=LEASE):
            what = f"Another process works on the batch {self.id!r}."
            raise ConfigurationError(what, "Let it; ask for status() meanwhile.")
        self._renewed, self._working = time.monotonic(), True
        try:
            self._book.reload()
            yield
        finally:
            self._working = False
            _run(self._worker.rest())
            with contextlib.suppress(StorageError):
                store.release(*keys, owner=self._owner)

    def _renew(self) -> None:
        if time.monotonic() - self._renewed > _RENEW:
            self._renewed = time.monotonic()
            self._book.store.renew(owner=self._owner, seconds=LEASE)

    def _sleep(self, seconds: float) -> None:
        """Wait, in turns, because Windows delivers no interrupt to a thread that waits longer."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._renew()
            time.sleep(min(left, TURN))


def _run(coroutine: Coroutine[Any, Any, V]) -> V:
    from communique import _loop

    return _loop.run(coroutine)


def _pauses(most: float) -> Iterator[float]:
    """Seconds between two looks: a small batch is done in a few, a large one in hours."""
    pause = min(1.0, most)
    while True:
        yield pause
        pause = min(2 * pause, most)


@contextlib.contextmanager
def _ended_by_interrupt(book: Book) -> Iterator[None]:
    """Say how an interrupted collection is gone on with."""
    try:
        yield
    except KeyboardInterrupt:
        log.warning(
            "Interrupted; the batch goes on without this program. "
            "Collect it with Batch.open(%r, %r).collect().",
            str(book.store.path),
            book.name,
        )
        raise


# --- what is given --------------------------------------------------------------------------------


def _store_of(resume: object) -> Store:
    from communique.store import open_store

    store = open_store(resume)  # type: ignore[arg-type]  # None and the like are told below
    if store is None:
        what = "A batch needs a store, which outlives this program."
        raise ConfigurationError(what, 'Name a file: resume="run.sqlite".')
    return store


def _check(limits: Mapping[str, Any]) -> None:
    """Hold the size of a file to what the API takes; the budget is looked at with the pace."""
    for name, most in (("requests", MOST_REQUESTS), ("bytes", MOST_BYTES)):
        value = limits[name]
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= most:
            what = f"{name}_per_file is {value!r}."
            raise ConfigurationError(what, f"Give a whole number from 1 to {most:,}.")


_NOT_TOLD: Final = frozenset({"api_key", "client", "cache", "progress"})


def _told(reader: Summariser, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What another process needs in order to go on: no key, and no password of an address."""
    from communique.client import identity_of

    told = {name: value for name, value in settings.items() if name not in _NOT_TOLD}
    told["model"] = f"openai/{reader.choice.name}"
    if reader.choice.base_url is not None:
        told["base_url"] = identity_of(reader.choice.base_url)
    if not isinstance(told.get("profile", ""), str):
        del told["profile"]
    for name in ("aliases", "prices"):
        if told.get(name) is not None:
            told[name] = dict(told[name])
    return told
