"""A run of many made-up articles in a process of its own, which may be killed at any moment.

It is told what to do by a line of JSON on its standard input (`Task`), writes what became of each
article to its standard output, a line of JSON each, and last how the whole went (`Result`).
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from faultlab import articles
from faultlab.profiling import Profile

FOLDER = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Task:
    """What the process shall do: read `count` articles from number `first` on.

    `settings` are those of `summarise_many`, or with `batch` those of `submit_batch`; `lines` has
    each outcome told when it comes, and `profile` the time by module told in the end.
    """

    url: str
    first: int = 0
    count: int = 100
    settings: dict[str, Any] = field(default_factory=dict)
    lines: bool = False
    profile: bool = False
    batch: bool = False


@dataclass
class Result:
    """How a run went: counts of outcomes, by the name of the error where there is one.

    `lost`, `repeated` and `foreign` are articles without an outcome, with more than one, and
    outcomes of no article that was given; `partial` are summaries that say what of the article
    could not be read, `wrong` others that tell something else than their article, and `cached`
    outcomes asked for nothing. `peak` is the most memory in use, in KiB,
    and `cpu` and `seconds` are those from the first article to the last outcome. `profile` is
    the share of the time by module, where it was asked for.
    """

    outcomes: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    repeated: int = 0
    foreign: int = 0
    partial: int = 0
    wrong: list[str] = field(default_factory=list)
    cached: int = 0
    attempts: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0
    profile: dict[str, float] = field(default_factory=dict)


def start(task: Task, **options: Any) -> subprocess.Popen[str]:
    """Start the process, with its pipes for the caller to read."""
    source = FOLDER.parent / "src"
    process = subprocess.Popen(
        [sys.executable, "-m", "faultlab.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(FOLDER), str(source)])},
        **options,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(task)) + "\n")
    process.stdin.close()
    return process


def run(task: Task, **options: Any) -> Result:
    """Run the process to its end; raises `RuntimeError` where it does not come to one."""
    process = start(task, **options)
    assert process.stdout is not None
    with process, process.stdout:
        lines = process.stdout.read().splitlines()
    if process.returncode or not lines:
        message = f"the run ended with code {process.returncode}"
        raise RuntimeError(message)
    return Result(**json.loads(lines[-1]))


def peak_of_memory() -> int:
    """Tell the most memory that this process has had, in KiB.

    On Linux that is the high-water mark of the process itself: getrusage's counts what the
    process was before it became this program, and so whatever its parent held.
    """
    status = Path("/proc/self/status")
    if status.exists():
        marks = [line.split() for line in status.read_text().splitlines() if "VmHWM" in line]
        return int(marks[0][1])
    import resource  # not on Windows

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most


class _Account:
    """Counts outcomes; a byte for each article, so that the account itself does not grow."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.result = Result()
        self.kinds: Counter[str] = Counter()
        self._seen = bytearray(task.count)

    def take(self, outcome: Any) -> str:
        """Count an outcome; return its kind."""
        number = articles.number_of(outcome.article_id) - self.task.first
        if not 0 <= number < self.task.count:
            self.result.foreign += 1
            return "foreign"
        self.result.repeated += self._seen[number]
        self._seen[number] = 1
        self.result.cached += outcome.cached
        self.result.attempts += sum(not a.cached for a in outcome.report.attempts)
        kind = "summary" if outcome.failure is None else type(outcome.failure).__name__
        if outcome.summary is not None and articles.partial(outcome.summary):
            self.result.partial += 1
        elif outcome.summary is not None:
            wrong = articles.differences(number + self.task.first, outcome.summary)
            self.result.wrong += [f"{outcome.article_id}: {what}" for what in wrong]
        self.kinds[kind] += 1
        return kind

    def closed(self) -> Result:
        """Give the counts."""
        self.result.outcomes = dict(self.kinds)
        self.result.lost = self._seen.count(0)
        return self.result


def _outcomes(task: Task) -> Iterator[Any]:
    from communique import submit_batch, summarise_many

    numbers = range(task.first, task.first + task.count)
    settings = {"model": "openai/lab", "api_key": "sk-lab", "base_url": task.url}
    some = map(articles.article, numbers)
    if task.batch:
        return submit_batch(some, **settings, **task.settings).collect(every=0.5)
    return summarise_many(some, **settings, **task.settings)


def main() -> None:
    """Do the task of the standard input."""
    task = Task(**json.loads(sys.stdin.readline()))
    account = _Account(task)
    profile = Profile()
    begun, spent = time.monotonic(), time.process_time()
    with profile if task.profile else contextlib.nullcontext():
        for outcome in _outcomes(task):
            kind = account.take(outcome)
            if task.lines:
                sys.stdout.write(json.dumps([outcome.article_id, kind]) + "\n")
                sys.stdout.flush()
    result = account.closed()
    result.seconds, result.cpu = time.monotonic() - begun, time.process_time() - spent
    result.peak = peak_of_memory()
    result.profile = profile.shares()
    sys.stdout.write(json.dumps(asdict(result)) + "\n")


if __name__ == "__main__":
    main()
