"""How far a run is: a value for the user's own display, and a bar where there is a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from communique.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from communique.outcomes import Outcome
    from communique.pacing import Counts

__all__ = ["Progress", "Reporter", "Tally", "reporter_of"]

_WINDOW: Final = 30.0
"""Seconds over which the rate is taken."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    `done` articles of `total` (None: not known) have their outcome; of these `failed` are
    failures, and `cached` asked for nothing. `requests` and `tokens` are those of this run so
    far, requests under way included; `cost` is in US dollars, None where the prices are not
    known. `seconds` have passed; `per_second` is how many articles were done lately, and
    `seconds_left` what that makes of the rest (None: not known).
    """

    done: int
    total: int | None
    failed: int
    cached: int
    requests: int
    tokens: int
    cost: float | None
    seconds: float
    per_second: float
    seconds_left: float | None


class Tally:
    """Counts outcomes."""

    def __init__(self, total: int | None, *, priced: bool) -> None:
        self.total = total
        self.priced = priced
        self.done = self.failed = self.cached = 0
        self._begun = time.monotonic()
        self._lately: deque[tuple[float, int]] = deque([(self._begun, 0)])

    def count(self, outcome: Outcome) -> None:
        """Count one."""
        self.done += 1
        self.failed += not outcome.ok
        self.cached += outcome.cached

    def progress(self, counts: Counts) -> Progress:
        """Tell how far the run is."""
        now = time.monotonic()
        lately = self._lately
        if now - lately[-1][0] >= 1.0:
            lately.append((now, self.done))
        while len(lately) > 1 and now - lately[0][0] > _WINDOW:
            lately.popleft()
        since, before = lately[0]
        rate = (self.done - before) / max(now - since, 1e-3)
        left = None if self.total is None else max(0, self.total - self.done)
        return Progress(
            done=self.done,
            total=self.total,
            failed=self.failed,
            cached=self.cached,
            requests=counts.requests,
            tokens=counts.tokens,
            cost=counts.dollars if self.priced else None,
            seconds=now - self._begun,
            per_second=rate,
            seconds_left=left / rate if left is not None and rate > 0 else None,
        )


class Reporter(Protocol):
    """Shows how far a run is."""

    silent: bool

    def show(self, progress: Progress) -> None:
        """Show it."""

    def close(self) -> None:
        """Show no more."""


class _Silent:
    silent = True

    def show(self, progress: Progress) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Leave nothing behind."""


class _Called:
    silent = False

    def __init__(self, function: Callable[[Progress], object]) -> None:
        self._function = function

    def show(self, progress: Progress) -> None:
        """Call the function."""
        self._function(progress)

    def close(self) -> None:
        """Leave the function alone."""


class _Bar:
    """A line on standard error that changes, and stays when the run is over."""

    silent = False

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Display

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
        self._display = Display(*columns, console=Console(file=sys.stderr))
        self._task = self._display.add_task("Articles", total=None, told="")
        self._display.start()

    def show(self, progress: Progress) -> None:
        """Show how far the run is."""
        self._display.update(
            self._task, completed=progress.done, total=progress.total, told=told(progress)
        )

    def close(self) -> None:
        """Leave the last line standing."""
        with contextlib.suppress(Exception):  # the terminal may be gone
            self._display.stop()


def told(progress: Progress) -> str:
    """Tell it in a line."""
    total = "" if progress.total is None else f"/{progress.total:,}"
    parts = [f"{progress.done:,}{total}", f"{progress.per_second:.1f}/s"]
    parts.append(f"{progress.tokens:,} tokens")
    if progress.cost is not None:
        parts.append(f"${progress.cost:,.2f}")
    if progress.cached:
        parts.append(f"{progress.cached:,} stored")
    parts.append(f"{progress.failed:,} failed")
    if progress.seconds_left is not None:
        parts.append(f"{_duration(progress.seconds_left)} left")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def reporter_of(wanted: Any) -> Reporter:
    """Make the reporter that an option names.

    None and True: a bar where standard error is a terminal, silence elsewhere. False: silence.
    A callable is given a `Progress` after each outcome. Raises `ConfigurationError` for
    anything else.
    """
    if wanted is False:
        return _Silent()
    if wanted is None or wanted is True:
        terminal = sys.stderr is not None and sys.stderr.isatty()
        return _Bar() if terminal else _Silent()
    if not callable(wanted):
        what = f"progress is {wanted!r}."
        raise ConfigurationError(what, "Give True, False, None or a callable.")
    return _Called(wanted)
