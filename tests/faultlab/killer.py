"""Kills a run at random moments, lets it go on, and holds the server's log against the store.

What must be true, whatever the moment: no request is sent whose reply stood in the store when
the process before was killed, and in the end every article has one outcome.
"""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faultlab import articles, child
from faultlab.process import Lab

_TURN = 0.005
_PATIENCE = 120.0

Committed = Callable[[], list[str]]
"""Reads the raw texts of the replies that the store holds."""


def replies_in(path: Path) -> list[str]:
    """Read the raw texts of the replies in a store, of which there may be no file yet."""
    from communique.store import Store

    if not path.exists():
        return []
    with Store(path) as store:
        return [kept.raw for kept in store]


@dataclass
class Life:
    """One process: what it had asked and what was committed when it ended.

    `asked` are its requests; `again` those of them whose reply was committed before it began.
    """

    killed: bool
    asked: int = 0
    committed: int = 0
    again: list[str] = field(default_factory=list)


@dataclass
class Story:
    """All lives of one run, and how the last one ended.

    `paid_twice` are questions whose reply arrived more than once: it was on its way to the
    store when the process was killed.
    """

    lives: list[Life]
    result: child.Result
    paid_twice: int

    @property
    def kills(self) -> int:
        """How many processes were killed while they ran."""
        return sum(life.killed for life in self.lives)

    @property
    def again(self) -> list[str]:
        """The questions that were asked though their reply was committed."""
        return [key for life in self.lives for key in life.again]


class Killer:
    """Runs a task over and over, with SIGKILL in between; the same seed, the same moments.

    A moment is a number of requests and some milliseconds after it; every fifth is one of the
    start, when imports are under way and the store is opened.
    """

    def __init__(self, lab: Lab, task: child.Task, committed: Committed, *, seed: int = 0) -> None:
        self.lab = lab
        self.task = task
        self.committed = committed
        self._chance = random.Random(seed)  # noqa: S311 - the same moments every time
        self._known: set[str] = set()
        self._asked = 0

    def run(self, kills: int) -> Story:
        """Kill so many times, then let the run come to its end."""
        # Two thirds of the way, so that the last kill finds a run that is still under way.
        apart = max(1, 2 * self.task.count // (3 * (kills + 1)))
        lives = [self._life(number, apart) for number in range(kills)]
        result = child.run(self.task)
        lives.append(self._close(killed=False))
        arrived = Counter(entry.key for entry in self.lab.log() if entry.delivered)
        twice = sum(times > 1 for times in arrived.values())
        return Story(lives, result, twice)

    def _life(self, number: int, apart: int) -> Life:
        process = child.start(self.task)
        with _ended(process):
            if number % 5 == 4:
                time.sleep(self._chance.uniform(0.0, 1.5))
            else:
                self._wait(process, self._chance.randint(1, 2 * apart - 1))
                time.sleep(self._chance.uniform(0.0, 0.05))
            killed = process.poll() is None
            process.send_signal(signal.SIGKILL)
        return self._close(killed=killed)

    def _wait(self, process: subprocess.Popen[str], requests: int) -> None:
        """Wait until the process has sent so many requests, or is over."""
        until = time.monotonic() + _PATIENCE
        while self.lab.statistics()["asked"] - self._asked < requests and process.poll() is None:
            if time.monotonic() > until:
                raise TimeoutError("the run sends nothing")
            time.sleep(_TURN)

    def _close(self, *, killed: bool) -> Life:
        """Compare what this life asked with what was committed before it."""
        entries = self.lab.log(self._asked)
        again = [entry.key for entry in entries if entry.key in self._known]
        self._asked += len(entries)
        self._known = {tag for raw in self.committed() if (tag := articles.tag_in(raw))}
        return Life(killed, len(entries), len(self._known), again)


@contextlib.contextmanager
def _ended(process: subprocess.Popen[Any]) -> Iterator[None]:
    """See a process to its end, whatever happens."""
    try:
        yield
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
