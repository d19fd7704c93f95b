"""Messages between the processes of one run: pickles with their length in front.

Both ends are this library's own, and their pipes are nobody else's.
"""

from __future__ import annotations

import pickle
import struct
from typing import IO, TYPE_CHECKING, Any, Final

from communique.outcomes import Outcome
from communique.schemas import Summary

if TYPE_CHECKING:
    from communique.errors import CommuniqueError

__all__ = ["packed", "read", "unpacked", "write"]

_LENGTH: Final = struct.Struct("<Q")


def write(pipe: IO[bytes], message: bytes) -> None:
    """Send a pickled message; raises `OSError` where nobody is left to read it."""
    pipe.write(_LENGTH.pack(len(message)))
    pipe.write(message)
    pipe.flush()


def read(pipe: IO[bytes]) -> Any:
    """Receive a message; raises `EOFError` at the end, in the middle of one too."""
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return pickle.loads(_exactly(pipe, length))  # noqa: S301 - from our own process


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data


def packed(outcome: Outcome | None) -> tuple[str | None, CommuniqueError | None, bool] | None:
    """An outcome without its article's name; a summary as JSON, which is quicker than a pickle."""
    if outcome is None:
        return None
    summary = None if outcome.summary is None else outcome.summary.model_dump_json()
    failure = outcome.failure
    if failure is not None and failure.report is None:
        failure.report = outcome.report
    return summary, failure, outcome.cached


def unpacked(
    article_id: str, values: tuple[str | None, CommuniqueError | None, bool] | None
) -> Outcome | None:
    """Undo `packed`."""
    if values is None:
        return None
    summary, failure, cached = values
    if failure is not None:
        return Outcome.failed(article_id, failure, cached=cached)
    read_again = Summary.model_validate_json(summary or "")
    return Outcome.read(article_id, read_again, cached=cached)
