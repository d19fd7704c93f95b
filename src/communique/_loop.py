"""One event loop for the process, on a daemon thread of its own.

The library's core is asynchronous and has no synchronous twin. A synchronous caller, a notebook
(whose thread already runs a loop) and a coroutine of the user's are all served by the same
background loop: `run` waits for a result, `arun` awaits it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["arun", "here", "later", "run"]

T = TypeVar("T")
_TURN_SECONDS: Final = 0.5


class _Background:
    """The loop and its thread, started by the first coroutine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def later(self, make: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Start a coroutine on the loop, if there is one, and do not wait for it.

        Takes no lock: a finaliser may run at any moment, on any thread, this one's included.
        """
        loop = self._loop
        if loop is None or loop.is_closed():
            return

        def start() -> None:
            task = loop.create_task(make())
            self._tasks.add(task)  # the loop itself holds its tasks weakly
            task.add_done_callback(self._tasks.discard)

        loop.call_soon_threadsafe(start)

    def is_here(self) -> bool:
        """Whether this is the loop's own thread."""
        return threading.current_thread() is self._thread

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start the coroutine on the loop; its future may be waited for on any other thread."""
        if threading.current_thread() is self._thread:
            coroutine.close()
            message = "run() was called on the background loop itself, which would wait for ever"
            raise RuntimeError(message)
        return asyncio.run_coroutine_threadsafe(coroutine, self._running())

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="communique", daemon=True
                )
                self._thread.start()
            return self._loop


_background = _Background()


def _renew() -> None:
    global _background  # noqa: PLW0603 - one per process is the point
    _background = _Background()


# A forked child inherits the loop without its thread, and perhaps a lock that nobody will free.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def run(coroutine: Coroutine[Any, Any, T], *, seconds: float | None = None) -> T:
    """Run a coroutine on the background loop and wait for its result, `seconds` at the most.

    Works on a thread that runs an event loop of its own, which it blocks. When the wait is
    interrupted (Ctrl-C) or too long (`TimeoutError`), the coroutine is cancelled. Raises what the
    coroutine raises, and `RuntimeError` when called on the background loop itself.
    """
    future = _background.submit(coroutine)
    limit = None if seconds is None else time.monotonic() + seconds
    try:
        # In turns, because Windows delivers no interrupt to a thread that waits without limit.
        while not concurrent.futures.wait([future], timeout=_TURN_SECONDS).done:
            if limit is not None and time.monotonic() >= limit:
                raise TimeoutError  # noqa: TRY301 - cancels below, like an interrupt
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def arun(coroutine: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine that runs on the background loop, from any other loop.

    Cancelling the caller cancels the coroutine. Raises what the coroutine raises.
    """
    return await asyncio.wrap_future(_background.submit(coroutine))


def here() -> bool:
    """Whether this is the background loop's own thread."""
    return _background.is_here()


def later(make: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Start a coroutine on the background loop without waiting; safe in a finaliser."""
    _background.later(make)
