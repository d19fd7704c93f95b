"""Many articles at once: what is lost, what is paid twice, how fast, and where the time goes.

The model is the fault laboratory of the tests, on loopback and in a process of its own; every run
is a process too, so that its memory is its own. Counts are exact; rates are told as shares of what
the server allows, or as ratios within one run.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from faultlab import FINAL, REPLIES, TRANSPORT, BatchPlan, Lab, Limit, Plan, evenly
from faultlab.child import Result, Task, run
from faultlab.killer import Killer, replies_in
from faultlab.plan import GOOD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faultlab.lab import Entry

FAULTY = 0.3
LATENCY = 0.2
IN_FLIGHT = 64
RATE = 50.0
SETTLED = 10.0
"""Seconds after which the pace should have found the limit."""
FEW = 100
MEGABYTE = 1024
SEED = 20


@dataclass(frozen=True)
class Scale:
    """How large the measurements are: in articles, kills and seconds."""

    articles: int = 1_000
    killed: int = 400
    kills: int = 5
    seconds: float = 15.0

    @classmethod
    def full(cls) -> Scale:
        """Make the scale of the goals."""
        return cls(articles=10_000, killed=2_000, kills=20, seconds=60.0)


def faults(scale: Scale) -> None:
    """Print the outcomes of a run of which three replies in ten are faulty, and its memory."""
    few, many = (_faulty(count) for count in (FEW, scale.articles))
    result, kinds = many
    share = 1 - kinds.get("good", 0) / sum(kinds.values())
    print(f"{sum(kinds.values()):,} requests, {share:.0%} of them answered with a fault:")
    print("  " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    print(_told(result, scale.articles))
    more = (result.peak - few[0].peak) / MEGABYTE
    print(
        f"most memory: {result.peak / MEGABYTE:.0f} MiB for {scale.articles:,} articles, "
        f"{few[0].peak / MEGABYTE:.0f} MiB for {FEW}: {more:+.0f} MiB (goal: within 64)"
    )


def _faulty(count: int) -> tuple[Result, dict[str, int]]:
    plan = Plan(seed=SEED, rates=evenly(FAULTY, *TRANSPORT, *REPLIES, *FINAL))
    with Lab(plan) as lab, _folder() as folder:
        settings = {"resume": str(folder / "run.sqlite"), "timeout": 5.0}
        result = run(Task(lab.url, count=count, settings=settings))
        return result, lab.statistics()["kinds"]


def _told(result: Result, count: int) -> str:
    """Tell what became of the articles."""
    failed = {kind: n for kind, n in result.outcomes.items() if kind != "summary"}
    failures = ", ".join(f"{kind} {n}" for kind, n in sorted(failed.items())) or "none"
    return (
        f"{count:,} articles: {result.outcomes.get('summary', 0):,} summaries "
        f"({result.partial} of them of a part), "
        f"{sum(failed.values()):,} typed failures ({failures}); {result.lost} lost, "
        f"{result.repeated} duplicated, {result.foreign} foreign, {len(result.wrong)} wrong "
        f"(goal: each 0); {result.attempts:,} requests in the reports"
    )


def kills(scale: Scale) -> None:
    """Print what a run that is killed again and again loses, and what it asks twice."""
    plan = Plan(seed=SEED, latency=0.02)
    with Lab(plan) as lab, _folder() as folder:
        store = folder / "run.sqlite"
        task = Task(lab.url, count=scale.killed, settings={"resume": str(store)})
        story = Killer(lab, task, lambda: replies_in(store), seed=SEED).run(scale.kills)
        asked = lab.statistics()["asked"]
    print(f"{story.kills} kills with SIGKILL, {asked:,} requests for {scale.killed:,} articles")
    print(_told(story.result, scale.killed))
    print(f"asked again though the reply was committed: {len(story.again)} (goal: 0)")
    print(f"replies that arrived twice, being on their way when killed: {story.paid_twice}")


def latency(scale: Scale) -> None:
    """Print the share of the ideal rate against a server that is slow and takes any number."""
    ideal = IN_FLIGHT / LATENCY
    count = int(ideal * scale.seconds)
    print(f"latency {LATENCY:g} s, {IN_FLIGHT} in flight: {ideal:.0f} requests a second at best")
    print(f"  the server itself, asked by bare sockets: {_bare(count) / ideal:.0%} of that")
    rates = {}
    for processes in (1, 2):
        more = {} if processes == 1 else {"processes": processes}
        settings = {"concurrency": IN_FLIGHT, **more}
        with Lab(Plan(latency=LATENCY)) as lab:
            result = run(Task(lab.url, count=count, settings=settings))
            log = lab.log()
        rates[processes] = len(log) / (log[-1].at - log[0].at + LATENCY)
        print(
            f"  processes={processes}: {rates[processes] / ideal:.0%} of that (goal: 90 %), "
            f"{1_000 * result.cpu / count:.1f} ms of processor time an article; "
            f"{result.lost} lost, {len(result.wrong)} wrong"
        )
    print(f"  two processes / one: {rates[2] / rates[1]:.2f}")


def limit(scale: Scale) -> None:
    """Print the share of a rate limit that is used, and how often it is run into."""
    count = int(RATE * (scale.seconds + SETTLED))
    with Lab(Plan(latency=0.05, limit=Limit(RATE))) as lab:
        result = run(Task(lab.url, count=count))
        log = lab.log()
    last = max(entry.at for entry in log if entry.kind == "good")
    late = [entry for entry in log if SETTLED < entry.at <= last]
    print(f"{RATE:g} requests a second allowed, {count:,} articles, {result.lost} lost:")
    print(f"  {_share_used(log, 0.0, last):.0%} of that used, from the first request to the last")
    print(f"  {_share_used(log, SETTLED, last):.0%} after the first {SETTLED:g} s (goal: 90 %)")
    refused = sum(entry.kind == "over_limit" for entry in late)
    print(f"  {refused / max(1, len(late)):.1%} answered 429 after those (goal: below 5 %)")


def _share_used(log: list[Entry], start: float, end: float) -> float:
    served = sum(entry.kind == "good" and start <= entry.at <= end for entry in log)
    return served / (RATE * (end - start))


def batch(scale: Scale) -> None:
    """Print the outcomes through the Batch API with faulty lines, and what is asked twice."""
    half = scale.articles // 2
    # No file of results is as long as hundreds of replies of 50 MB are.
    replies = [kind for kind in REPLIES if kind != "huge"]
    rates = evenly(FAULTY, "error_500", "rate_limited", "lost", *replies, *FINAL)
    plan = Plan(seed=SEED, batch=BatchPlan(fates=("completed", "expired", "failed"), rates=rates))
    few, many = (_batched(plan, count, half) for count in (FEW, scale.articles))
    result, log = many
    answered: set[str] = set()
    twice = 0
    for entry in log:
        twice += entry.key in answered
        answered |= {entry.key} if entry.kind in _REPLIED else set()
    print(f"{len(log):,} requests, {sum(e.way != 'chat' for e in log):,} of them in batches:")
    print(_told(result, scale.articles))
    again = len(log) - len({entry.key for entry in log})
    print(f"asked again: {again:,}; of these the reply was there: {twice:,} (goal: 0)")
    print(
        f"most memory: {result.peak / MEGABYTE:.0f} MiB for {scale.articles:,} articles, "
        f"{few[0].peak / MEGABYTE:.0f} MiB for {FEW}"
    )


_REPLIED = frozenset({GOOD, "prose", "wrong_schema", "half_json", *FINAL})
"""Kinds of which the text of a reply arrives, be it good or not."""


def _batched(plan: Plan, count: int, room: int) -> tuple[Result, list[Entry]]:
    with Lab(plan) as lab, _folder() as folder:
        settings = {"resume": str(folder / "run.sqlite"), "requests_per_file": room}
        result = run(Task(lab.url, count=count, settings=settings, batch=True))
        return result, lab.log()


def cached(scale: Scale) -> None:
    """Print how much faster the replies come from the store, and where the time goes then."""
    with Lab() as lab, _folder() as folder:
        for name in ("cache", "resume"):
            settings = {name: str(folder / f"{name}.sqlite")}
            task = Task(lab.url, count=scale.articles, settings=settings)
            asking, kept = run(task), run(task)
            profiled = run(dataclasses.replace(task, profile=True))
            print(
                f"{name}=: {scale.articles:,} articles, {asking.seconds / kept.seconds:.1f} times "
                f"the rate of asking a server that answers at once (goal: 20); "
                f"{kept.cached:,} from the store, {kept.attempts} requests"
            )
            print(f"  time by module: {_table(profiled.profile)}")
        asked = lab.statistics()["asked"]
    print(f"{asked:,} requests for {2 * scale.articles:,} articles asked once and read thrice")


def _table(profile: dict[str, float]) -> str:
    shares = sorted(profile.items(), key=lambda item: -item[1])
    return ", ".join(f"{module} {share:.0%}" for module, share in shares if share >= 0.01)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder of the moment."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        yield Path(name)


def _bare(count: int) -> float:
    """Ask the server so many times without any client library; return its rate."""
    body = json.dumps({"model": "lab", "messages": [{"role": "user", "content": "<<<\n\n>>>"}]})
    request = "POST /v1/chat/completions HTTP/1.1\r\nhost: lab\r\ncontent-length: {}\r\n\r\n{}"
    data = request.format(len(body), body).encode()

    async def one(port: int, times: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(times):
            writer.write(data)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.partition(b"content-length: ")[2].split()[0]))
        writer.close()

    async def all_of_them(port: int) -> None:
        await asyncio.gather(*(one(port, count // IN_FLIGHT) for _ in range(IN_FLIGHT)))

    with Lab(Plan(latency=LATENCY)) as lab:
        asyncio.run(all_of_them(lab.port))
        log = lab.log()
    return len(log) / (log[-1].at - log[0].at + LATENCY)


MANY = {
    "many-faults": faults,
    "many-kills": kills,
    "many-latency": latency,
    "many-limit": limit,
    "many-cached": cached,
    "many-batch": batch,
}
