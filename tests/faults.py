"""An OpenAI-compatible server on loopback that fails on demand, within the test's own process.

>>> with FaultyServer() as server:
...     server.script(status(503), retry_later("0"), says('{"a": 1}'))
...     ...  # requests to server.url are answered by the script, and then by `server.default`

`server.requests` holds every request in the order of arrival. Its answers are those of
`faultlab.answers`; for many requests, for faults by rate, and for batches there is `faultlab.Lab`.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from faultlab.answers import (
    COMPLETION_TOKENS,
    PROMPT_TOKENS,
    Fault,
    cut_short,
    drip,
    endless,
    huge,
    no_choices,
    raw,
    refuses,
    reset_before_body,
    reset_mid_body,
    retry_later,
    says,
    status,
)
from faultlab.wire import Asked, Exchange, Listener

__all__ = [
    "COMPLETION_TOKENS",
    "PROMPT_TOKENS",
    "Asked",
    "Fault",
    "FaultyServer",
    "cut_short",
    "drip",
    "endless",
    "huge",
    "no_choices",
    "raw",
    "refuses",
    "reset_before_body",
    "reset_mid_body",
    "retry_later",
    "says",
    "status",
]


class FaultyServer:
    """The server: `url` to send to, `requests` to look at, `script` to tell it what to do.

    `default` answers what the script does not: it is given the request's body and returns the
    reply's text, or an object to be written as JSON. It runs on a thread of its own.
    """

    def __init__(self, default: Callable[[Mapping[str, Any]], object] | None = None) -> None:
        self.default = default or (lambda _: {})
        self.requests: list[Asked] = []
        self._faults: deque[Fault] = deque()
        self._listener = Listener(self._answer)
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        started.wait()

    def _serve(self, started: threading.Event) -> None:
        async def run() -> None:
            await self._listener.start()
            started.set()
            await self._over.wait()
            await self._listener.stop()

        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(run())

    @property
    def url(self) -> str:
        """The base URL to give to a client."""
        return f"http://127.0.0.1:{self._listener.port}/v1"

    def script(self, *faults: Fault) -> Self:
        """Queue faults, one for each request to come."""
        self._faults.extend(faults)
        return self

    def next(self, asked: Asked) -> Fault:
        """Record a request and take the fault for it."""
        self.requests.append(asked)
        return self._faults.popleft() if self._faults else self._good

    async def _answer(self, exchange: Exchange) -> None:
        await self.next(exchange.asked)(exchange)

    async def _good(self, exchange: Exchange) -> None:
        await says(self.default(exchange.asked.body))(exchange)

    def close(self) -> None:
        """Stop the server and every slow answer."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
