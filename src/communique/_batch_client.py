"""A client that sends nothing: it gives what came back in a batch's book, and notes what did not.

To everything above it, it is a client like any other. So a conversation of several steps
(passages, halves of passages, re-asks, the question whose people are) goes through as many
batches as it takes: each reading of an article goes as far as there are replies.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from communique._batch_api import ENDPOINT
from communique._batch_book import name_of
from communique.client import Client, Deferred
from communique.errors import ConfigurationError, RateLimited, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from communique._batch_book import Book
    from communique._dialect import Dialect
    from communique.client import Endpoint, Message
    from communique.prices import Tariff
    from communique.store import Kept

__all__ = ["BookClient", "Dialects", "Halved", "Wanted", "missing", "turned_away"]

_BAD_REQUEST: Final = frozenset({400, 422})
_LONGEST_REPLY: Final = 16_384
"""Tokens: of a reply to a request that sets no limit, for what it can cost."""


@dataclass(frozen=True)
class Halved:
    """A tariff at half its price.

    Source: platform.openai.com/docs/guides/batch ("50% cost discount").
    """

    full: Tariff

    def cost(
        self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0
    ) -> float | None:
        """Price a request, in US dollars."""
        cost = self.full.cost(prompt_tokens, completion_tokens, cached_tokens)
        return None if cost is None else cost / 2


@dataclass(frozen=True)
class Wanted:
    """A request that is to be asked: its body, and the most that it can cost."""

    body: Mapping[str, Any]
    dollars: float


class Dialects:
    """What the endpoint was found to take, one after the other; the last is in use."""

    def __init__(self, known: Sequence[Dialect]) -> None:
        self.known = list(known)

    @property
    def current(self) -> int:
        """The number of the last one."""
        return len(self.known) - 1

    def learn(self, dialect: Dialect) -> bool:
        """Take over what a reading has found out; whether it is new."""
        new = dialect != self.known[-1]
        if new:
            self.known.append(dialect)
        return new


class BookClient(Client):
    """Reads one article, the number `place`, from a book; `wanted` is what the book lacks.

    `owners` tells which article a request was first asked for: it alone pays for it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        book: Book,
        place: int,
        *,
        owners: dict[str, int],
        dialects: Dialects,
        **options: Any,
    ) -> None:
        from tenacity import wait_none

        if endpoint.tariff is not None:
            endpoint = replace(endpoint, tariff=Halved(endpoint.tariff))
        super().__init__(endpoint, store=book.store, durable=True, wait=wait_none(), **options)
        self.dialect = dialects.known[-1]
        self.wanted: dict[str, Wanted] = {}
        self._book = book
        self._place = place
        self._owners = owners
        self._current = dialects.current

    async def recall(self, key: str) -> Kept | None:
        """Find a reply in the store, unless it came in this batch and is this article's to pay."""
        first = name_of(key, 0)
        if first in self._book.asked and self._owners.setdefault(first, self._place) == self._place:
            return None
        return await super().recall(key)

    async def complete(
        self,
        limit: float,  # noqa: ARG002 - nothing is waited for
        messages: Sequence[Message],
        parameters: Mapping[str, Any],
        *,
        name: tuple[str, int],
    ) -> Any:
        """Give what came back of a request, or note it and raise `Deferred`."""
        request, line = self._line(*name)
        if line is not None:
            return completion_of(line)
        body = {"model": self.endpoint.model, "messages": list(messages), **parameters}
        told = (parameters.get(name) for name in ("max_tokens", "max_completion_tokens"))
        most = next((number for number in told if number), _LONGEST_REPLY)
        self.wanted[request] = Wanted(body, self.load(messages, most).dollars)
        what = "The question is asked in a batch."
        raise Deferred(what)

    def _line(self, key: str, times: int) -> tuple[str, Mapping[str, Any] | None]:
        """Find what came back at so many times before this one, not counting what is outdated."""
        number = 0
        while True:
            request = name_of(key, number)
            line = self._book.line(request)
            number += 1
            if line is not None and self._outdated(request, line):
                continue
            if line is None or times == 0:
                return request, line
            times -= 1

    def _outdated(self, request: str, line: Mapping[str, Any]) -> bool:
        """Whether a line refuses parameters that are not sent any more."""
        refused = (line.get("response") or {}).get("status_code") in _BAD_REQUEST
        return refused and self._book.asked[request][1] != self._current


def completion_of(line: Mapping[str, Any]) -> Any:
    """Give the completion that a line of results holds, or raise the error that it tells."""
    response, error = line.get("response"), line.get("error")
    if isinstance(response, Mapping):
        status, body = response.get("status_code"), response.get("body")
        if status == 200:
            return _reply_of(body)
        raise _status_error(int(status or 500), body)
    told = error if isinstance(error, Mapping) else {}
    code, message = str(told.get("code")), str(told.get("message") or told.get("code"))
    if code == _TURNED_AWAY:
        what = f"The batch was turned away: {message}"
        raise ConfigurationError(what, "Look at the account's limits, and submit what is left.")
    if code == "token_limit_exceeded":
        raise RateLimited(f"The queue is full: {message}", "Submit what is left later.")
    raise Unavailable(f"The request was not executed: {message}", "Submit what is left again.")


def missing() -> Mapping[str, Any]:
    """Make the line of a request that neither file of a batch tells of."""
    words = "Neither the batch's output nor its errors tell of it."
    return {"response": None, "error": {"code": "missing", "message": words}}


_TURNED_AWAY: Final = "turned_away"


def turned_away(message: str) -> Mapping[str, Any]:
    """Make the line of a request whose batch was turned away whole, again and again."""
    return {"response": None, "error": {"code": _TURNED_AWAY, "message": message}}


def _reply_of(body: Any) -> Any:
    from openai.types.chat import ChatCompletion

    # As the SDK reads an answer: whatever is missing or odd is told when it is looked for.
    return ChatCompletion.construct(**body) if isinstance(body, Mapping) else body


def _status_error(status: int, body: Any) -> Exception:
    """Make the SDK's error of a status, as if the request had been asked alone."""
    import httpx2
    import openai

    told = body.get("error", body) if isinstance(body, Mapping) else body
    kind = _errors().get(status)
    if kind is None:
        kind = openai.InternalServerError if status >= 500 else openai.APIStatusError
    request = httpx2.Request("POST", f"https://batch.invalid{ENDPOINT}")
    response = httpx2.Response(status, request=request)
    return kind(f"Error code: {status}", response=response, body=told)


@functools.cache
def _errors() -> Mapping[int, Any]:
    import openai

    return {
        400: openai.BadRequestError,
        401: openai.AuthenticationError,
        403: openai.PermissionDeniedError,
        404: openai.NotFoundError,
        409: openai.ConflictError,
        422: openai.UnprocessableEntityError,
        429: openai.RateLimitError,
    }
