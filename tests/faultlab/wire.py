"""HTTP/1.1 as a server speaks it, on asyncio streams: enough of it to be broken on purpose.

A library would be quicker to use and too well behaved: it ends what it begins. Here whoever
answers an `Exchange` holds the bytes and the connection, and may stop anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

MAX_HEAD = 64 * 1024
PIECE = 256 * 1024
"""Bytes of a long body that are handed to the network at a time."""

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many"}


class Asked:
    """One request as it came: its method, its path, its headers (lower case), its body."""

    def __init__(self, method: str, path: str, headers: Mapping[str, str], data: bytes) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.data = data

    @functools.cached_property
    def body(self) -> Mapping[str, Any]:
        """The body, read as JSON."""
        return json.loads(self.data)  # type: ignore[no-any-return]

    @property
    def messages(self) -> Sequence[Mapping[str, str]]:
        """The chat messages."""
        return self.body["messages"]  # type: ignore[no-any-return]


class Exchange:
    """One request and the connection to answer it on."""

    def __init__(self, asked: Asked, writer: asyncio.StreamWriter, stopping: asyncio.Event) -> None:
        self.asked = asked
        self.stopping = stopping
        self.keep = asked.headers.get("connection", "").lower() != "close"
        self._writer = writer

    def head(self, status: int, length: int, headers: Mapping[str, str] | None = None) -> None:
        """Write a status line and headers."""
        self._writer.write(self._head(status, length, headers))

    def _head(self, status: int, length: int, headers: Mapping[str, str] | None) -> bytes:
        fields = {"content-type": "application/json", **(headers or {}), "content-length": length}
        if fields.get("connection") == "close":
            self.keep = False
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    async def send(self, data: bytes | memoryview) -> None:
        """Write bytes; a long body in pieces, so that it does not stand in memory once more."""
        view = memoryview(data)
        for start in range(0, len(view), PIECE):
            self._writer.write(view[start : start + PIECE])
            await self._writer.drain()

    async def answer(
        self, data: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Write a whole answer."""
        await self.send(self._head(status, len(data), headers) + data)

    def reset(self) -> None:
        """Break the connection the hard way (RST instead of FIN)."""
        plain = self._writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
        self.keep = False

    def hang_up(self) -> None:
        """End the connection after what is written, whatever was promised."""
        self.keep = False


Answering = Callable[[Exchange], Awaitable[None]]


class Listener:
    """Listens on a port of the moment on loopback and lets `answering` answer every request."""

    def __init__(self, answering: Answering) -> None:
        self.stopping = asyncio.Event()
        self.port = 0
        self._answering = answering
        self._connections: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(
            self._connection, "127.0.0.1", 0, limit=MAX_HEAD, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop, every slow answer and every open connection too."""
        self.stopping.set()
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            # A client that has gone away is what some faults are about.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._exchanges(reader, writer)
        except asyncio.CancelledError:
            if not self.stopping.is_set():
                raise
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchanges(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        keep = True
        while keep:
            exchange = Exchange(await _read(reader), writer, self.stopping)
            await self._answering(exchange)
            keep = exchange.keep


async def _read(reader: asyncio.StreamReader) -> Asked:
    """Read one request; raises `IncompleteReadError` where the client has gone away."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Asked(method, path, headers, await _chunks(reader))
    data = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, path, headers, data)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    pieces = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        pieces.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(pieces)
