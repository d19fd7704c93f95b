"""No more of an answer is taken in than a reply can have.

An endpoint that is broken, or that somebody has got hold of, may answer without end, and an
answer stands in memory whole before it is parsed. With many requests under way a few of those
would be the end of a process that has been at work all night.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from communique.errors import InvalidReply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2

__all__ = ["LONGEST_BODY", "bound"]

LONGEST_BODY: Final = 4 * 1024 * 1024
"""Bytes of an answer: a reply of a hundred thousand tokens has a tenth of that."""
_PACKED: Final = 32
"""A packed answer may have that much less: it is larger when it is unpacked."""


async def bound(response: httpx2.Response) -> None:
    """Make the reading of a response's body raise `InvalidReply` when it is too long (a hook)."""
    packed = response.headers.get("content-encoding", "identity") != "identity"
    limit = LONGEST_BODY // _PACKED if packed else LONGEST_BODY
    if int(response.headers.get("content-length") or 0) > limit:
        await response.aclose()
        raise _too_long()
    response.stream = _counting()(response.stream, limit)


def _too_long() -> InvalidReply:
    return InvalidReply(
        f"The endpoint's answer is longer than {LONGEST_BODY:,} bytes, which no reply is.",
        "Check that the address is that of an OpenAI-compatible endpoint.",
    )


@functools.cache
def _counting() -> Any:
    """Make the class of a stream that counts; httpx2 comes with openai, and as slowly."""
    import httpx2

    class Counting(httpx2.AsyncByteStream):
        def __init__(self, stream: Any, limit: int) -> None:
            self.stream = stream
            self.left = limit

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for piece in self.stream:
                self.left -= len(piece)
                if self.left < 0:
                    raise _too_long()
                yield piece

        async def aclose(self) -> None:
            await self.stream.aclose()

    return Counting
