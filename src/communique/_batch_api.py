"""OpenAI's files and batches through the real client, each call repeated where that is safe.

Making a batch is the one call that must not be made twice: it is what costs money. Each carries a
mark in its metadata, by which it is found again where the answer that named it was lost.
Source: platform.openai.com/docs/guides/batch.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

from communique._bounded import LONGEST_BODY
from communique._translate import retry_after, translate
from communique.client import LONGEST_PAUSE, Client, connected
from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tenacity import RetryCallState

__all__ = ["ENDPOINT", "OVER", "Api", "Told", "lines_of"]

V = TypeVar("V")

ENDPOINT: Final = "/v1/chat/completions"
OVER: Final = frozenset({"completed", "failed", "expired", "cancelled"})
"""The states that a batch stays in."""
_TRIES: Final = 6
_PAGE: Final = 100
_PIECE: Final = 1 << 16


@dataclass(frozen=True)
class Told:
    """What the API tells of a batch: its state, its files, and why it was turned away."""

    id: str
    status: str
    files: tuple[str, ...] = ()
    completed: int = 0
    code: str = ""
    message: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in OVER

    @classmethod
    def of(cls, batch: Any) -> Told:
        """Read the client's object."""
        counts = batch.request_counts
        flaws = (batch.errors.data if batch.errors else None) or []
        flaw = flaws[0] if flaws else None
        return cls(
            batch.id,
            batch.status,
            tuple(f for f in (batch.output_file_id, batch.error_file_id) if f),
            completed=counts.completed if counts else 0,
            code=(flaw.code if flaw else None) or "",
            message=(flaw.message if flaw else None) or "",
        )


class Api:
    """The calls that batches need, of a `Client`'s endpoint; used on one event loop."""

    def __init__(self, client: Client) -> None:
        import openai

        self._client = client
        # A file of results is longer than any reply.
        self._sdk = client.given or connected(client.endpoint, bounded=False)
        self._awaits = isinstance(self._sdk, openai.AsyncOpenAI)

    async def aclose(self) -> None:
        """Close the connections, those of a client of the user's own aside."""
        if self._client.given is None:
            await self._sdk.close()

    async def upload(self, file: IO[bytes], name: str) -> str:
        """Upload a file of requests; a second copy, after a lost answer, costs nothing."""

        async def once() -> str:
            file.seek(0)
            made = await self._call(self._sdk.files.create, file=(name, file), purpose="batch")
            return str(made.id)

        return await self._again(once)

    async def create(self, file_id: str, mark: Mapping[str, str]) -> Told:
        """Begin a batch with a mark, by which it is found where the answer is lost."""
        first = True

        async def once() -> Told:
            nonlocal first
            found = None if first else await self.find(mark)
            first = False
            return found or Told.of(
                await self._call(
                    self._sdk.batches.create,
                    input_file_id=file_id,
                    endpoint=ENDPOINT,
                    completion_window="24h",
                    metadata=dict(mark),
                )
            )

        return await self._again(once)

    async def find(self, mark: Mapping[str, str]) -> Told | None:
        """Look for the batch that carries a mark."""
        options: dict[str, Any] = {"limit": _PAGE}
        while True:
            page = await self._again(lambda: self._call(self._sdk.batches.list, **options))
            for batch in page.data:
                if dict(batch.metadata or {}).items() >= dict(mark).items():
                    return Told.of(batch)
            if not page.data or not page.has_next_page():
                return None
            options["after"] = page.data[-1].id

    async def retrieve(self, batch_id: str) -> Told:
        """Ask how far a batch is."""
        call = functools.partial(self._call, self._sdk.batches.retrieve, batch_id)
        return Told.of(await self._again(call))

    async def cancel(self, batch_id: str) -> Told:
        """Stop a batch; one that is over stays as it is."""
        told = await self.retrieve(batch_id)
        if told.over or told.status == "cancelling":
            return told
        call = functools.partial(self._call, self._sdk.batches.cancel, batch_id)
        with contextlib.suppress(CommuniqueError):  # it ended meanwhile: the next look tells
            return Told.of(await self._again(call))
        return told

    async def delete(self, file_id: str) -> None:
        """Remove a file, if that can be done: the articles in it need not stay there."""
        with contextlib.suppress(Exception):
            await self._call(self._sdk.files.delete, file_id)

    async def download(self, file_id: str) -> IO[bytes]:
        """Fetch a file of results to the disk; close it and it is gone."""

        async def once() -> IO[bytes]:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - handed on
            try:
                await self._fetch(file_id, file)
            except BaseException:
                file.close()
                raise
            file.seek(0)
            return file

        return await self._again(once)

    async def _fetch(self, file_id: str, file: IO[bytes]) -> None:
        streaming: Any = self._sdk.with_streaming_response.files.content
        if self._awaits:
            async with streaming(file_id) as response:
                async for piece in response.iter_bytes(_PIECE):
                    file.write(piece)
            return

        def fetch() -> None:
            with streaming(file_id) as response:
                for piece in response.iter_bytes(_PIECE):
                    file.write(piece)

        await asyncio.to_thread(fetch)

    async def _call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if self._awaits:
            return await function(*args, **options)
        return await asyncio.to_thread(function, *args, **options)

    async def _again(self, once: Callable[[], Awaitable[V]]) -> V:
        """Make a call, and again where that may help; raises our errors."""
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

        pause: float | None = None

        async def translated() -> V:
            nonlocal pause
            try:
                return await once()
            except Exception as error:  # noqa: BLE001 - the table knows them, or says so
                pause = retry_after(error)
                failure = translate(error, self._client.secrets)
            raise failure

        def wait(state: RetryCallState) -> float:
            return self._client.wait(state) if pause is None else min(pause, LONGEST_PAUSE)

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: getattr(error, "retryable", False)),
            stop=stop_after_attempt(_TRIES),
            wait=wait,
            reraise=True,
        )
        return await retrying(translated)


def lines_of(file: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    """Read a file of results: each line an object; what is none, or too long, is passed over."""
    while line := file.readline(LONGEST_BODY + 1):
        if len(line) > LONGEST_BODY:
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST_BODY)
            continue
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, Mapping) and isinstance(told.get("custom_id"), str):
            yield told
