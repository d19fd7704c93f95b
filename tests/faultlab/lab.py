"""The laboratory itself: routes, faults by plan, and a log of what was asked and answered.

It runs in a process of its own (see `faultlab.process`), so that it takes no turn from the
client's interpreter, and is told what to do, and asked what it saw, under `/lab/`.
"""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from faultlab import answers
from faultlab.articles import digest, number_of, passage_of, read
from faultlab.batches import Batches, Recorded, Refusal
from faultlab.plan import FINAL, GOOD, REPLIES, Limit, Plan
from faultlab.wire import Asked, Exchange, Listener

PRODUCED = frozenset({GOOD, "twice", "lost", *REPLIES, *FINAL})
"""Kinds that cost the endpoint a reply, and the user its price, whether it arrives or not."""


@dataclass(slots=True)
class Entry:
    """One chat completion that was asked for, at so many seconds after the plan was taken.

    `key` names what was asked, whole; `times` how often it was asked before. `delivered`
    is set when the last byte is handed over. `way` is "chat" or the identifier of a batch's line.
    """

    at: float
    number: int
    key: str
    times: int
    kind: str
    delivered: bool = False
    way: str = "chat"


class Laboratory:
    """Answers everything, by plan."""

    def __init__(self, plan: Plan) -> None:
        self.bugs: list[str] = []
        self.batches = Batches(plan.batch, self._line)
        self.take(plan)
        self.listener = Listener(self.answer)

    def take(self, plan: Plan) -> None:
        """Begin anew with another plan: an empty log, no files, no batches."""
        self.plan = plan
        self.begun = time.monotonic()
        self.log: list[Entry] = []
        self.kinds: Counter[str] = Counter()
        self.other: Counter[str] = Counter()
        self.delivered = 0
        self.at_once = self.most_at_once = 0
        self.batches.stop()
        self.batches = Batches(plan.batch, self._line, plan.seed)
        self._scripts = {way: deque(kinds) for way, kinds in plan.script.items()}
        self._asked: Counter[str] = Counter()
        self._tokens, self._refilled = plan.limit.burst if plan.limit else 0.0, time.monotonic()

    # -- routes

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request; a bug of the laboratory is kept, to be told at its end."""
        path = urlsplit(exchange.asked.path).path
        try:
            if path == "/v1/chat/completions":
                await self._chat(exchange)
            elif path.startswith("/lab/"):
                await self._control(exchange, path.removeprefix("/lab/"))
            else:
                await self._managing(exchange, path)
        except (OSError, asyncio.CancelledError):
            raise
        except Exception:  # noqa: BLE001 - whatever it is
            self.bugs.append(traceback.format_exc())
            exchange.hang_up()

    async def _chat(self, exchange: Exchange) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            asked = exchange.asked
            passage = passage_of(asked.messages)
            kind, entry = self._decide(asked, passage)
            if self.plan.latency and not (kind == "rate_limited" and self.plan.limit):
                await asyncio.sleep(self.plan.latency)
            await self._fault(kind, passage, entry)(exchange)
            self._deliver(entry)
        finally:
            self.at_once -= 1

    def _deliver(self, entry: Entry) -> None:
        entry.delivered = entry.kind in PRODUCED - {"lost"}
        self.delivered += entry.delivered

    def _fault(self, kind: str, passage: str, entry: Entry) -> answers.Fault:
        if kind == "over_limit":
            limit = self.plan.limit
            return answers.retry_later(limit.retry_after if limit else None, "Rate limit reached")
        return self.plan.answer(kind, json.dumps(read(passage, entry.key)), entry.key)

    def _decide(self, asked: Asked, passage: str, way: str = "chat") -> tuple[str, Entry]:
        """Choose the kind of the answer, and note it."""
        key = digest(asked.body)
        times = self._asked[key]
        self._asked[key] += 1
        kind = self._kind(asked, key, times, way)
        now = time.monotonic() - self.begun
        entry = Entry(now, number_of(passage), key, times, kind, way=way)
        self.log.append(entry)
        self.kinds[kind] += 1
        return kind, entry

    def _kind(self, asked: Asked, key: str, times: int, way: str) -> str:
        plan = self.plan
        if way != "chat":
            return plan.chance(plan.batch.rates, key, times)
        if not self._admitted(asked):
            return "revoked"
        if plan.limit is not None and not self._within(plan.limit):
            return "over_limit"
        if script := self._scripts.get("chat"):
            return script.popleft()
        return self._account() or plan.chance(plan.rates, key, times)

    def _account(self) -> str:
        """Say what has become of the account by now, if anything has."""
        for kind, after in (("revoked", self.plan.revoke_after), ("quota", self.plan.quota_after)):
            if after is not None and len(self.log) >= after:
                return kind
        return ""

    def _admitted(self, asked: Asked) -> bool:
        key = self.plan.key
        return key is None or asked.headers.get("authorization") == f"Bearer {key}"

    def _within(self, limit: Limit) -> bool:
        """Take one from the bucket, if there is one in it."""
        now = time.monotonic()
        self._tokens = min(limit.burst, self._tokens + (now - self._refilled) * limit.rate)
        self._refilled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    # -- files and batches

    async def _managing(self, exchange: Exchange, path: str) -> None:
        """Answer a call about files and batches; a script may break it before or after its work."""
        asked = exchange.asked
        way = "files" if path.startswith("/v1/files") else "batches"
        script = self._scripts.get(way)
        kind = script.popleft() if script else GOOD
        self.other[f"{asked.method} {way} {kind}"] += 1
        if not self._admitted(asked):
            await answers.revoked()(exchange)
            return
        if kind not in {GOOD, "lost"}:
            await self.plan.answer(kind, "{}", "")(exchange)
            return
        try:
            made: Any = self._manage(asked, path.removeprefix("/v1/").split("/"))
        except Refusal as refusal:
            await exchange.answer(refusal.body, status=refusal.status)
            return
        if kind == "lost":  # done, and the answer does not arrive
            exchange.reset()
        elif isinstance(made, bytes):
            await exchange.answer(made, headers={"content-type": "application/octet-stream"})
        else:
            await exchange.answer(json.dumps(made).encode())

    def _manage(self, asked: Asked, parts: list[str]) -> Any:
        query = dict(parse_qsl(urlsplit(asked.path).query))
        made = self._of_files(asked, parts, query)
        if made is None:
            made = self._of_batches(asked, parts, query)
        if made is None:
            raise Refusal(404, f"Unknown request URL: {asked.method} {asked.path}.")
        return made

    def _of_files(self, asked: Asked, parts: list[str], query: dict[str, str]) -> Any:
        batches = self.batches
        match [asked.method, *parts]:
            case ["POST", "files"]:
                return batches.upload(asked)
            case ["GET", "files"]:
                return batches.listed([file.told for file in batches.files.values()], query)
            case ["GET", "files", name]:
                return batches.file(name).told
            case ["GET", "files", name, "content"]:
                return batches.file(name).data
            case ["DELETE", "files", name]:
                return batches.delete(name)
        return None

    def _of_batches(self, asked: Asked, parts: list[str], query: dict[str, str]) -> Any:
        batches = self.batches
        match [asked.method, *parts]:
            case ["POST", "batches"]:
                return batches.create(asked)
            case ["GET", "batches"]:
                return batches.listed([job.told for job in batches.jobs.values()], query)
            case ["GET", "batches", name]:
                return batches.batch(name).told
            case ["POST", "batches", name, "cancel"]:
                return batches.cancel(name)
        return None

    async def _line(self, asked: Asked, way: str) -> list[tuple[int, Any]]:
        """Execute one line of a batch."""
        passage = passage_of(asked.messages)
        kind, entry = self._decide(asked, passage, way)
        exchange = Recorded(asked)
        await self._fault(GOOD if kind == "twice" else kind, passage, entry)(exchange)
        self._deliver(entry)
        return exchange.outcomes() * (2 if kind == "twice" else 1)

    # -- control

    async def _control(self, exchange: Exchange, what: str) -> None:
        asked = exchange.asked
        query = dict(parse_qsl(urlsplit(asked.path).query))
        made: Any = None
        if what.startswith("log"):
            since = int(query.get("since", 0))
            fields = Entry.__slots__
            made = [[getattr(entry, name) for name in fields] for entry in self.log[since:]]
        elif what.startswith("plan"):
            self.take(Plan.from_json(asked.body))
        else:
            made = {
                "asked": len(self.log),
                "kinds": self.kinds,
                "delivered": self.delivered,
                "most_at_once": self.most_at_once,
                "other": self.other,
                "bugs": self.bugs,
            }
        await exchange.answer(json.dumps(made).encode())


async def serve(plan: Plan, ready: Callable[[int], None], over: Awaitable[object]) -> None:
    """Run a laboratory until `over` is; `ready` is told its port."""
    laboratory = Laboratory(plan)
    await laboratory.listener.start()
    ready(laboratory.listener.port)
    await over
    await laboratory.listener.stop()
