"""What a laboratory shall do, as values that can be written as JSON and sent to its process.

Whether a request meets a fault follows from the seed, from what is asked and from how often it
was asked before, never from the order of arrival: a run with the same seed meets the same faults,
however its requests overtake each other.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from faultlab import answers
from faultlab.answers import Fault
from faultlab.articles import number_of

GOOD = "good"
TRANSPORT = (
    "rate_limited",
    "rate_limited_after",
    "error_500",
    "error_502",
    "error_503",
    "reset_before",
    "reset_mid_body",
    "cut_short",
    "drip",
    "lost",
    "twice",
)
"""Faults on the way, which say nothing about the reply: asking again helps."""
REPLIES = (
    "half_body",
    "half_json",
    "prose",
    "wrong_schema",
    "no_choices",
    "empty",
    "not_utf8",
    "huge",
)
"""Replies that are no valid ones: asking again may help."""
FINAL = ("refusal", "content_filter", "length")
"""Replies that asking again does not change."""
ACCOUNT = ("revoked", "quota")
"""Answers about the account: nothing that is asked after them will do better."""

KINDS = (GOOD, *TRANSPORT, *REPLIES, *FINAL, *ACCOUNT)


def evenly(share: float, *kinds: str) -> dict[str, float]:
    """Share a rate out among kinds: `evenly(0.3, *TRANSPORT)` is 30 % of faults on the way."""
    return {kind: share / len(kinds) for kind in kinds}


@dataclass(frozen=True)
class Limit:
    """How many requests are taken: `rate` a second, and `burst` more at once after a pause.

    The others are answered 429 at once, with `Retry-After` in seconds where it is given.
    """

    rate: float
    burst: float = 10.0
    retry_after: str | None = None


@dataclass(frozen=True)
class BatchPlan:
    """How batches fare.

    `fates` are the ends of the batches in the order of their making, and "completed" after:
    "completed", "failed", "expired" or "token_limit" (what a queue that is full answers).
    `seconds` is how long each of the three stages takes; `done` the share of an expiring
    batch's requests that is executed in time. `rates` are the faults of single lines.
    """

    fates: tuple[str, ...] = ()
    seconds: float = 0.02
    done: float = 0.5
    rates: Mapping[str, float] = field(default_factory=dict)
    max_requests: int = 50_000
    max_bytes: int = 200 * 1024 * 1024


@dataclass(frozen=True)
class Plan:
    """What the laboratory shall do; every field has the value of an endpoint without a fault.

    `script` holds the kinds of the first answers, in the order of arrival: to chat completions
    under "chat", and to the routes of files and batches under "files" and "batches". `rates` are
    shares by kind of the chat completions after those. `latency` is in seconds, for every answer
    but a limit's 429. `revoke_after` and `quota_after` are chat completions that are still
    answered. `key` is the only one that is taken; None: any. `huge` is in bytes.
    """

    seed: int = 0
    script: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    latency: float = 0.0
    limit: Limit | None = None
    revoke_after: int | None = None
    quota_after: int | None = None
    retry_after: str = "0.05"
    key: str | None = None
    huge: int = answers.HUGE
    batch: BatchPlan = field(default_factory=BatchPlan)

    def __post_init__(self) -> None:
        """Refuse a kind that there is not: its faults would never come."""
        scripted = [kind for kinds in self.script.values() for kind in kinds]
        unknown = {*scripted, *self.rates, *self.batch.rates} - {*KINDS}
        if unknown:
            message = f"there is no fault {', '.join(sorted(unknown))}"
            raise ValueError(message)

    def as_json(self) -> dict[str, Any]:
        """Write the plan as what JSON can hold."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """Read a plan that was written by `as_json`."""
        batch = {**given["batch"], "fates": tuple(given["batch"]["fates"])}
        script = {way: tuple(kinds) for way, kinds in given["script"].items()}
        limit = Limit(**given["limit"]) if given["limit"] else None
        return cls(**{**given, "batch": BatchPlan(**batch), "script": script, "limit": limit})

    def chance(self, rates: Mapping[str, float], asked: str, times: int) -> str:
        """Choose the kind of an answer, by the rates, for what is asked for so many times."""
        name = f"{self.seed}/{asked}/{times}".encode()
        drawn = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) / 2**64
        for kind, rate in rates.items():
            drawn -= rate
            if drawn < 0:
                return kind
        return GOOD

    def answer(self, kind: str, reply: str, tag: str) -> Fault:
        """Make the answer of a kind, from the reply that would be right."""
        about = f"readout {number_of(reply)}, {tag}"
        return {
            GOOD: lambda: answers.says(reply),
            "rate_limited": answers.retry_later,
            "rate_limited_after": lambda: answers.retry_later(self.retry_after),
            "error_500": lambda: answers.status(500, "The server had an error."),
            "error_502": lambda: answers.raw(b"<h1>502 Bad Gateway</h1>", status=502),
            "error_503": lambda: answers.status(503, "The engine is overloaded."),
            "reset_before": lambda: answers.reset_before_body,
            "reset_mid_body": lambda: answers.reset_mid_body,
            "cut_short": lambda: answers.cut_short,
            "drip": lambda: answers.drip,
            # Produced, paid for, and never arrives: the client asks a second time.
            "lost": lambda: answers.reset_before_body,
            "twice": lambda: answers.twice(answers.says(reply)),
            "half_body": lambda: answers.raw(b'{"id": "chatcmpl-1", "choices": [{"mess'),
            "half_json": lambda: answers.half_json(reply),
            "prose": lambda: answers.prose(about),
            "wrong_schema": lambda: answers.wrong_schema(about),
            "no_choices": answers.no_choices,
            "empty": lambda: answers.says(""),
            "not_utf8": lambda: answers.not_utf8(reply),
            "huge": lambda: answers.huge(self.huge),
            "refusal": answers.refuses,
            "content_filter": lambda: answers.says("", "content_filter"),
            "length": lambda: answers.says(reply[: len(reply) // 2], "length"),
            "revoked": answers.revoked,
            "quota": answers.out_of_quota,
        }[kind]()
