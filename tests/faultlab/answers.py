"""What an endpoint may answer, the good and the broken: each is a function of an `Exchange`.

The makers (`says`, `status`, `retry_later`, …) give an answer to be scripted; the others are
answers themselves. `named` looks one up by its kind, for plans that are written as JSON.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from faultlab.wire import Exchange

PROMPT_TOKENS = 100
COMPLETION_TOKENS = 10
HUGE = 50 * 1024 * 1024
"""Characters of the reply that is far too long."""

Fault = Callable[[Exchange], Awaitable[None]]


# --- whole answers ----------------------------------------------------------------------------


def raw(data: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Fault:
    """Answer with these bytes."""

    async def fault(exchange: Exchange) -> None:
        await exchange.answer(data, status=status, headers=headers)

    return fault


def completion(
    body: Mapping[str, Any], message: Mapping[str, Any], reason: str = "stop", tokens: int = 0
) -> dict[str, Any]:
    """Make a chat completion; `tokens` are those of the reply, where it is known."""
    written = tokens or COMPLETION_TOKENS
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": body.get("model", "fake"),
        "choices": [
            {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
        ],
        "usage": {
            "prompt_tokens": PROMPT_TOKENS,
            "completion_tokens": written,
            "total_tokens": PROMPT_TOKENS + written,
        },
    }


def says(reply: object, reason: str = "stop", *, headers: Mapping[str, str] | None = None) -> Fault:
    """Answer with this text, or with this object as JSON; `reason` is the finish reason."""
    text = reply if isinstance(reply, str) else json.dumps(reply)

    async def fault(exchange: Exchange) -> None:
        made = completion(exchange.asked.body, {"content": text}, reason)
        await exchange.answer(json.dumps(made).encode(), headers=headers)

    return fault


def refuses(words: str = "I cannot help with that.") -> Fault:
    """Answer with a refusal."""

    async def fault(exchange: Exchange) -> None:
        made = completion(exchange.asked.body, {"content": None, "refusal": words})
        await exchange.answer(json.dumps(made).encode())

    return fault


def no_choices() -> Fault:
    """Answer with an empty list of choices."""
    return raw(b'{"id":"x","object":"chat.completion","created":0,"model":"m","choices":[]}')


def error_body(message: str, **error: object) -> bytes:
    """Write an error in OpenAI's form; `error` gives its code, param, type."""
    return json.dumps({"error": {"message": message, **error}}).encode()


def status(number: int, message: str = "no", **error: object) -> Fault:
    """Answer with an HTTP error in OpenAI's form."""
    return raw(error_body(message, **error), status=number)


def retry_later(after: str | None = None, message: str = "slow down", **error: object) -> Fault:
    """Answer 429, with `Retry-After` or without."""
    headers = {} if after is None else {"retry-after": after}
    return raw(error_body(message, **error), status=429, headers=headers)


def revoked() -> Fault:
    """Answer as to a key that is known no more."""
    words = "Incorrect API key provided."
    return status(401, words, type="invalid_request_error", code="invalid_api_key")


def out_of_quota() -> Fault:
    """Answer as to an account without credit: a 429 that no waiting mends."""
    words = "You exceeded your current quota, please check your plan and billing details."
    return retry_later(message=words, type="insufficient_quota", code="insufficient_quota")


# --- broken ones ------------------------------------------------------------------------------

_BEGINNING = b'{"id": "chatcmpl-1", "choices": ['


async def reset_before_body(exchange: Exchange) -> None:
    """Break the connection before the first byte."""
    exchange.reset()


async def reset_mid_body(exchange: Exchange) -> None:
    """Break the connection in the middle of the body."""
    exchange.head(200, 10_000)
    await exchange.send(_BEGINNING)
    await asyncio.sleep(0)  # the bytes are on their way before the connection is gone
    exchange.reset()


async def cut_short(exchange: Exchange) -> None:
    """End the body before its announced length."""
    exchange.head(200, 10_000)
    await exchange.send(_BEGINNING)
    exchange.hang_up()


async def drip(exchange: Exchange) -> None:
    """Send a byte now and then, for as long as the client listens."""
    exchange.head(200, 1_000_000)
    while not exchange.stopping.is_set():
        await exchange.send(b" ")
        await asyncio.sleep(0.02)


def half_json(text: str) -> Fault:
    """Answer with the first half of a reply, told as a whole one."""
    return says(text[: len(text) // 2])


def prose(about: str) -> Fault:
    """Answer in sentences where JSON was asked for."""
    return says(f"Certainly! This text is about {about}. Shall I list who met whom?")


def wrong_schema(about: str) -> Fault:
    """Answer with JSON of another form."""
    return says({"events": [{"about": about}], "meetings": "none", "agreements": {"title": about}})


def not_utf8(text: str) -> Fault:
    """Answer with a reply one of whose bytes is none of UTF-8."""

    async def fault(exchange: Exchange) -> None:
        made = completion(exchange.asked.body, {"content": f"?{text}"})
        data = json.dumps(made).encode().replace(b'"?', b'"\xff', 1)
        await exchange.answer(data)

    return fault


def huge(size: int = HUGE) -> Fault:
    """Answer with a well-formed completion whose text is `size` characters long."""

    async def fault(exchange: Exchange) -> None:
        made = json.dumps(completion(exchange.asked.body, {"content": "@"}))
        start, end = made.encode().split(b"@")
        exchange.head(200, len(start) + size + len(end))
        await exchange.send(start)
        piece = b"again " * 8192
        whole, rest = divmod(size, len(piece))
        for _ in range(whole):
            await exchange.send(piece)
        await exchange.send(piece[:rest] + end)

    return fault


async def endless(exchange: Exchange) -> None:
    """Answer without a length and without an end, as fast as the client reads."""
    await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
    exchange.hang_up()
    while not exchange.stopping.is_set():
        await exchange.send(b"again " * 8192)


def twice(good: Fault) -> Fault:
    """Deliver the good reply two times to one request."""

    async def fault(exchange: Exchange) -> None:
        await good(exchange)
        await good(exchange)

    return fault
