"""A run over many articles: each ends as exactly one outcome, whatever happens to the others.

Two halves share the work, a `Desk` on the caller's side and a `Crew` on the background loop (or
a `Pool` of crews in other processes). Here they are driven, from a thread (`outcomes`) and from an
event loop (`aoutcomes`): what is pulled, waited for, interrupted, and closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import weakref
from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, Any, Final

from communique import _loop
from communique.desk import Desk, Options
from communique.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from communique.outcomes import Outcome

__all__ = ["Options", "aoutcomes", "not_many", "outcomes"]

TURN: Final = 0.5
FAREWELL: Final = 30.0
"""Seconds that a run that was left may take to keep what is under way when the program ends."""


# --- driven from a thread -----------------------------------------------------------------------


def outcomes(reader: Any, articles: Any, options: Options) -> Iterator[Outcome]:
    """Run over articles from a thread; see `communique.summarise_many`."""
    if not isinstance(articles, Iterable | AsyncIterable) or isinstance(articles, str | bytes):
        raise not_many(articles)
    return _outcomes(Desk(reader, articles, options), articles)


def not_many(articles: object) -> ConfigurationError:
    """Make the error of what is no iterable of articles."""
    return ConfigurationError(
        f"The articles are of type {type(articles).__name__}.",
        "Give an iterable of them, a list for one; a folder's are articles_in(folder).",
    )


def _outcomes(desk: Desk, articles: Any) -> Iterator[Outcome]:
    ready = threading.Condition()

    def wake() -> None:
        with ready:
            ready.notify()

    desk.wake = wake
    pull = _pulling(articles)
    finish = True
    with _unfinished(desk):
        try:
            _loop.run(desk.prepare())
            desk.start()
            while True:
                try:
                    outcome = _next(desk, pull, ready)
                except KeyboardInterrupt:
                    if desk.interrupted:
                        finish = False
                        raise
                    desk.interrupt()
                    continue
                if outcome is None:
                    break
                if outcome.failure is not None and desk.options.on_error == "raise":
                    raise outcome.failure
                yield outcome
                desk.shift()
            desk.conclude()
        except KeyboardInterrupt:
            desk.tell_how_to_go_on()
            raise
        finally:
            _close(desk, finish=finish)


def _next(desk: Desk, pull: Callable[[], object], ready: threading.Condition) -> Outcome | None:
    """Wait for the next outcome; None: there are no more."""
    while True:
        desk.collect()
        outcome = desk.head()
        if outcome is not None and not desk.hungry:
            return outcome
        if desk.wants:
            _pull(desk, pull)
            continue
        if outcome is not None:
            return outcome
        if desk.over:
            return None
        with ready:
            # In turns, because Windows delivers no interrupt to a thread that waits for good.
            while desk.idle:
                ready.wait(TURN)


def _pull(desk: Desk, pull: Callable[[], object]) -> None:
    begun = time.monotonic()
    try:
        item = pull()
    except (StopIteration, StopAsyncIteration):
        desk.stop_taking()
    except Exception as error:  # noqa: BLE001 - raised when what is under way is done
        desk.stop_taking(error)
    else:
        desk.admit(item, time.monotonic() - begun)


def _pulling(articles: Any) -> Callable[[], object]:
    """What gives the next article, on the caller's thread; an async iterable's on the loop."""
    if isinstance(articles, Iterable):
        return iter(articles).__next__
    source = aiter(articles)

    async def following() -> object:
        return await anext(source)

    return lambda: _loop.run(following())


_unclosed: weakref.WeakSet[Desk] = weakref.WeakSet()


@contextlib.contextmanager
def _unfinished(desk: Desk) -> Iterator[None]:
    """Know of a run for as long as it goes, in case the program ends before it."""
    _unclosed.add(desk)
    try:
        yield
    finally:
        _unclosed.discard(desk)


def _keep_what_is_under_way() -> None:
    """Close the runs that were neither finished nor left when the program ended."""
    for desk in list(_unclosed):
        if not desk.over and desk.crew is not None and not desk.left:
            desk.tell_how_to_go_on()
        _close(desk, finish=True, seconds=FAREWELL)


_loop.at_end(_keep_what_is_under_way, first=True)


def _close(desk: Desk, *, finish: bool, seconds: float | None = None) -> None:
    coroutine = desk.farewell(finish=finish)
    if coroutine is None:
        return
    if _loop.here():  # a generator may be collected on any thread
        _loop.later(lambda: coroutine)
        return
    with contextlib.suppress(TimeoutError):
        _loop.run(coroutine, seconds=seconds)


# --- driven from an event loop ------------------------------------------------------------------


def aoutcomes(reader: Any, articles: Any, options: Options) -> AsyncIterator[Outcome]:
    """Run over articles from an event loop; see `communique.asummarise_many`."""
    if not isinstance(articles, Iterable | AsyncIterable) or isinstance(articles, str | bytes):
        raise not_many(articles)
    return _aoutcomes(Desk(reader, articles, options), articles)


async def _aoutcomes(desk: Desk, articles: Any) -> AsyncIterator[Outcome]:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the caller's loop may be gone
            loop.call_soon_threadsafe(ready.set)

    desk.wake = wake
    source = _Source(articles)
    with _unfinished(desk):
        try:
            await _loop.arun(desk.prepare())
            desk.start()
            while True:
                outcome = await _anext(desk, source, ready)
                if outcome is None:
                    break
                if outcome.failure is not None and desk.options.on_error == "raise":
                    raise outcome.failure
                yield outcome
                desk.shift()
            desk.conclude()
        except asyncio.CancelledError:
            desk.tell_how_to_go_on()
            raise
        finally:
            await source.aclose()
            coroutine = desk.farewell(finish=True)
            if coroutine is not None:
                await asyncio.shield(_loop.arun(coroutine))


async def _anext(desk: Desk, source: _Source, ready: asyncio.Event) -> Outcome | None:
    """Wait for the next outcome; None: there are no more."""
    while True:
        ready.clear()
        desk.collect()
        outcome = desk.head()
        if outcome is not None and not desk.hungry:
            return outcome
        if desk.wants and source.plain is not None:
            _pull(desk, source.plain)
            continue
        if desk.wants:
            source.begin()
        if outcome is not None and not source.arrived:
            return outcome
        if source.arrived:
            source.hand_over(desk)
            continue
        if desk.over:
            return None
        if desk.idle:
            await source.wait(ready)


class _Source:
    """The user's iterable; of an asynchronous one, the article that is on its way."""

    def __init__(self, articles: Any) -> None:
        self.plain: Callable[[], object] | None = None
        if isinstance(articles, AsyncIterable):
            self._source = aiter(articles)
        else:
            self.plain = iter(articles).__next__
        self._coming: asyncio.Task[object] | None = None
        self._begun = 0.0

    def begin(self) -> None:
        """Have the next one come."""
        if self._coming is None:
            self._begun = time.monotonic()
            self._coming = asyncio.ensure_future(anext(self._source))

    @property
    def arrived(self) -> bool:
        """Whether it is there."""
        return self._coming is not None and self._coming.done()

    def hand_over(self, desk: Desk) -> None:
        """Give it to the desk."""
        coming, self._coming = self._coming, None
        if coming is not None:
            _pull(desk, coming.result)

    async def wait(self, ready: asyncio.Event) -> None:
        """Wait for it, or for an outcome."""
        outcome = asyncio.ensure_future(ready.wait())
        waited: set[asyncio.Future[Any]] = {outcome}
        if self._coming is not None:
            waited.add(self._coming)
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            outcome.cancel()

    async def aclose(self) -> None:
        """Wait for nothing more."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)
