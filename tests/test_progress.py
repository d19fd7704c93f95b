"""How far a run is: the numbers, and where they are shown."""

from __future__ import annotations

import io
import sys

import pytest

from communique import ConfigurationError, Outcome, Refused, progress
from communique.pacing import Counts
from communique.progress import Progress, Tally, reporter_of, told

COUNTS = Counts(requests=3, tokens=1_234_567, dollars=0.5)
FAILED = Outcome.failed("a", Refused("No."))


class Clock:
    """A clock that is set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(progress.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that the tally looks at."""
    return Clock(monkeypatch)


def test_the_time_that_is_left(clock):
    """If this failed, a user would be told the wrong end."""
    tally = Tally(100, priced=True)
    for _ in range(20):
        clock.now += 1.0
        tally.count(FAILED)
        found = tally.progress(COUNTS)
    assert (found.done, found.total, found.failed) == (20, 100, 20)
    assert found.per_second == pytest.approx(1.0)
    assert found.seconds_left == pytest.approx(80.0)
    assert (found.requests, found.tokens, found.cost) == (3, 1_234_567, 0.5)


def test_the_rate_is_that_of_late(clock):
    """If this failed, a run that has become slow would promise its end for hours."""
    tally = Tally(1_000, priced=False)
    for _ in range(500):
        clock.now += 0.01
        tally.count(FAILED)
        tally.progress(COUNTS)
    for _ in range(60):
        clock.now += 1.0
        tally.count(FAILED)
        found = tally.progress(COUNTS)
    assert found.per_second == pytest.approx(1.0, rel=0.1)
    assert found.cost is None


def test_what_is_not_known_is_not_told(clock):
    """If this failed, a run over a generator would have an end made up for it."""
    found = Tally(None, priced=False).progress(COUNTS)
    assert (found.total, found.seconds_left, found.per_second) == (None, None, 0.0)


def test_the_line_of_the_bar():
    """If this failed, the bar would leave out what one looks at it for."""
    known = Progress(120, 10_000, 3, 7, 130, 98_765, 1.234, 60.0, 2.5, 3_952.0)
    line = told(known)
    for part in ("120/10,000", "2.5/s", "98,765 tokens", "$1.23", "7 stored", "3 failed"):
        assert part in line
    assert line.endswith("1:05:52 left")
    assert told(Progress(1, None, 0, 0, 1, 10, None, 1.0, 1.0, None)) == (
        "1 · 1.0/s · 10 tokens · 0 failed"
    )


def test_a_function_is_given_the_value():
    """If this failed, a user's own display would not work."""
    seen = []
    reporter = reporter_of(seen.append)
    reporter.show("value")
    reporter.close()
    assert seen == ["value"]


@pytest.mark.parametrize("wanted", [None, True, False])
def test_where_there_is_no_terminal_there_is_silence(wanted, monkeypatch):
    """If this failed, a scheduler's log would be full of escapes."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    reporter = reporter_of(wanted)
    assert reporter.silent
    reporter.show(Tally(1, priced=False).progress(COUNTS))
    reporter.close()
    assert stream.getvalue() == ""


def test_where_there_is_a_terminal_there_is_a_bar(monkeypatch):
    """If this failed, a user would look at nothing for a whole night."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    reporter = reporter_of(None)
    reporter.show(Progress(5, 10, 1, 0, 5, 1_000, 0.25, 1.0, 5.0, 1.0))
    reporter.close()
    written = stream.getvalue()
    assert "5/10" in written
    assert "$0.25" in written
    reporter.close()


def test_without_a_standard_error_there_is_silence(monkeypatch):
    """If this failed, a program without a console would fail over a bar."""
    monkeypatch.setattr(sys, "stderr", None)
    assert reporter_of(True).silent


def test_anything_else_is_told():
    """If this failed, a slip would be silence for a whole night."""
    with pytest.raises(ConfigurationError, match="progress is 3"):
        reporter_of(3)
