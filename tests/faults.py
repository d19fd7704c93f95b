"""An OpenAI-compatible server on loopback that fails on demand.

>>> with FaultyServer() as server:
...     server.script(status(503), retry_later("0"), says('{"a": 1}'))
...     ...  # requests to server.url are answered by the script, and then by `server.default`

A fault is a function of the request's handler that writes the answer. `server.requests` holds
every request's JSON body and headers, in the order of arrival.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

PROMPT_TOKENS = 100
COMPLETION_TOKENS = 10


@dataclass(frozen=True)
class Asked:
    """One request as it came: its path, its headers (lower case), its JSON body."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def messages(self) -> Sequence[Mapping[str, str]]:
        """The chat messages."""
        return self.body["messages"]  # type: ignore[no-any-return]


class Handler(BaseHTTPRequestHandler):
    """Reads a request, records it, and lets the next fault answer it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    asked: Asked

    def do_POST(self) -> None:
        """Answer one request."""
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.asked = Asked(self.path, headers, body)
        fault = self.server.owner.next(self.asked)
        # A client that has gone away is what some faults are about.
        with contextlib.suppress(OSError):
            fault(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""

    def head(self, status: int, length: int, headers: Mapping[str, str] | None = None) -> None:
        """Write a status line and headers."""
        self.send_response(status)
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(length))
        self.end_headers()
        self.wfile.flush()

    def reset(self) -> None:
        """Break the connection the hard way (RST instead of FIN)."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.wfile.flush()
        # The socket lives on in rfile and wfile; detaching is what closes it at once.
        socket.close(self.connection.detach())
        self.close_connection = True
        self.wfile = self.rfile = _Gone()  # type: ignore[assignment]


class _Gone:
    """Stands for the streams of a connection that was reset."""

    closed = True

    def __getattr__(self, name: str) -> Callable[..., bytes]:
        return lambda *_: b""


Fault = Callable[[Handler], None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    owner: FaultyServer

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, reset ones included."""
        with contextlib.suppress(OSError):
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away."""


class FaultyServer:
    """The server: `url` to send to, `requests` to look at, `script` to tell it what to do.

    `default` answers what the script does not: it is given the request's body and returns the
    reply's text, or an object to be written as JSON.
    """

    def __init__(self, default: Callable[[Mapping[str, Any]], object] | None = None) -> None:
        self.default = default or (lambda _: {})
        self.requests: list[Asked] = []
        self.stopping = threading.Event()
        self._faults: deque[Fault] = deque()
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The base URL to give to a client."""
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def script(self, *faults: Fault) -> Self:
        """Queue faults, one for each request to come."""
        self._faults.extend(faults)
        return self

    def next(self, asked: Asked) -> Fault:
        """Record a request and take the fault for it."""
        with self._lock:
            self.requests.append(asked)
            return self._faults.popleft() if self._faults else self._good

    def _good(self, handler: Handler) -> None:
        says(self.default(handler.asked.body))(handler)

    def close(self) -> None:
        """Stop the server and every slow answer."""
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
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


# --- answers ----------------------------------------------------------------------------------


def raw(data: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Fault:
    """Answer with these bytes."""

    def fault(handler: Handler) -> None:
        handler.head(status, len(data), headers)
        handler.wfile.write(data)

    return fault


def _completion(body: Mapping[str, Any], message: Mapping[str, Any], reason: str) -> bytes:
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": body.get("model", "fake"),
            "choices": [
                {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
            ],
            "usage": {
                "prompt_tokens": PROMPT_TOKENS,
                "completion_tokens": COMPLETION_TOKENS,
                "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
            },
        }
    ).encode()


def says(reply: object, reason: str = "stop", *, headers: Mapping[str, str] | None = None) -> Fault:
    """Answer with this text, or with this object as JSON; `reason` is the finish reason."""
    text = reply if isinstance(reply, str) else json.dumps(reply)

    def fault(handler: Handler) -> None:
        raw(_completion(handler.asked.body, {"content": text}, reason), headers=headers)(handler)

    return fault


def refuses(words: str = "I cannot help with that.") -> Fault:
    """Answer with a refusal."""

    def fault(handler: Handler) -> None:
        message = {"content": None, "refusal": words}
        raw(_completion(handler.asked.body, message, "stop"))(handler)

    return fault


def no_choices() -> Fault:
    """Answer with an empty list of choices."""
    return raw(b'{"id":"x","object":"chat.completion","created":0,"model":"m","choices":[]}')


def status(number: int, message: str = "no", **error: object) -> Fault:
    """Answer with an HTTP error in OpenAI's form; `error` gives its code, param, type."""
    return raw(json.dumps({"error": {"message": message, **error}}).encode(), status=number)


def retry_later(after: str | None = None, message: str = "slow down", **error: object) -> Fault:
    """Answer 429, with `Retry-After` or without."""
    headers = {} if after is None else {"retry-after": after}
    data = json.dumps({"error": {"message": message, **error}}).encode()
    return raw(data, status=429, headers=headers)


def reset_before_body(handler: Handler) -> None:
    """Break the connection before the first byte."""
    handler.reset()


def reset_mid_body(handler: Handler) -> None:
    """Break the connection in the middle of the body."""
    handler.head(200, 10_000)
    handler.wfile.write(b'{"id": "chatcmpl-1", "choices": [')
    handler.reset()


def cut_short(handler: Handler) -> None:
    """End the body before its announced length."""
    handler.head(200, 10_000)
    handler.wfile.write(b'{"id": "chatcmpl-1", "choices": [')
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Send a byte now and then, for as long as the client listens."""
    handler.head(200, 10_000)
    while not handler.server.owner.stopping.wait(0.02):
        handler.wfile.write(b" ")
        handler.wfile.flush()
