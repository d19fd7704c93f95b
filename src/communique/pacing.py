"""When a request of a run may go: one gate, shared by every article and passage of it.

A request asks the gate, goes when it is its turn, and tells how it ended. What may hold it back
are rules, each a small object with a clock of the caller's: `Slots` (how many at once: grows
while the endpoint answers, halves when told to slow down), `Rate` (how many a second: learnt
from the refusals), `Pause` (`Retry-After`, for everybody), `Minute` (the user's limits on
requests, tokens and money a minute) and `Total` (those for the whole run: what a request may
cost at most is set aside before it goes, so that a budget is never passed).

Nothing here knows of HTTP or of articles, and nothing sleeps but `Pace`, at its own gate.

References: additive increase, multiplicative decrease after Chiu and Jain (1989); the spacing
of requests is the virtual scheduling of the generic cell rate algorithm (ITU-T I.371).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from communique.errors import BudgetSpent, CommuniqueError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "UNSENT",
    "Counts",
    "Ending",
    "Free",
    "Gate",
    "Limits",
    "Load",
    "Pace",
    "Pacing",
    "Turn",
    "Waiting",
    "again",
]

Clock: TypeAlias = "Callable[[], float]"
Unit: TypeAlias = Literal["requests", "tokens", "dollars"]

FIRST_SLOTS: Final = 16
"""Requests at once before the endpoint has answered any."""
LONGEST_PAUSE: Final = 600.0
"""Seconds: a longer `Retry-After` is cut to this, and the endpoint is asked again then."""
PATIENCE: Final = 120.0
"""Seconds without an answer to anybody, pauses aside, after which a run gives up."""
TRIES: Final = 8
"""Requests that must have failed in a row, besides."""


# --- what a request is, and how it ends --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """What a request takes: tokens as expected, and tokens and US dollars at the very most."""

    tokens: int = 0
    most_tokens: int = 0
    dollars: float = 0.0

    def of(self, unit: Unit) -> float:
        """The amount that counts against a limit a minute; of money the most."""
        if unit == "requests":
            return 1.0
        return float(self.tokens) if unit == "tokens" else self.dollars

    def most(self, unit: Unit) -> float:
        """The most that it may take of a unit."""
        return float(self.most_tokens) if unit == "tokens" else self.of(unit)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a request ended.

    `answered`: the endpoint did its work, well or not. `limited`: it answered 429. `overloaded`:
    503. Both may come with the seconds of a `Retry-After`. `failed`: anything else that is no
    answer, with the error. `unsent`: the turn was not used. `tokens` and `dollars` are None
    where nobody knows: the request broke off, and may have been charged.
    """

    kind: Literal["answered", "limited", "overloaded", "failed", "unsent"]
    tokens: int | None = 0
    dollars: float | None = 0.0
    retry_after: float | None = None
    failure: CommuniqueError | None = None

    @property
    def slow_down(self) -> bool:
        """Whether the endpoint asked for less."""
        return self.kind in {"limited", "overloaded"}

    def of(self, unit: Unit, load: Load) -> float:
        """What it took of a unit; the most it could where nobody knows."""
        if unit == "requests":
            return float(self.kind != "unsent")
        used = self.tokens if unit == "tokens" else self.dollars
        return load.most(unit) if used is None else float(used)


UNSENT: Final = Ending("unsent")


@dataclass(slots=True)
class Turn:
    """One request under way: what it was let in with, since when, and the seconds it waited."""

    load: Load
    since: float
    waited: float = 0.0
    number: int = 0


# --- the rules ---------------------------------------------------------------------------------


class Slots:
    """How many requests at once.

    One more for every answer until the endpoint first asks for less. When it asks, half: once a
    second at the most, and never for requests that were under way at the last cut, since the
    refusals of one burst are one message. Then one more with every round of answers, or along a
    cubic where that is more: back near what was too many in seconds, a while there, and beyond,
    since a round of a model's answers may take a minute. A rate that was learnt is given the
    slots it needs.
    """

    CALM: Final = 1.0
    BACK: Final = 10.0
    """Seconds until there are as many again as were too many."""
    ROOM: Final = 1.25

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(min(most, FIRST_SLOTS))
        self.taken = 0
        self._seconds = 0.0  # that an answer takes, on average
        self._cut = -math.inf
        self._before = 0.0  # the limit before the last cut

    @property
    def free(self) -> bool:
        """Whether one more request may be under way."""
        return self.taken < math.floor(self.limit)

    def take(self) -> None:
        """Take a slot."""
        self.taken += 1

    def give(self, turn: Turn, ending: Ending, now: float, rate: float | None) -> None:
        """Give a slot back, and learn from how it went; `rate` is the one learnt, if any."""
        full = not self.free
        self.taken -= 1
        needed = 1.0 if rate is None else self.ROOM * rate * self._seconds + 1.0
        if ending.slow_down:
            if turn.since > self._cut and now - self._cut >= self.CALM:
                # Where it was the rate that was refused, the slots are not to blame.
                least = min(needed, self.limit) if ending.kind == "limited" else 1.0
                self._cut, self._before = now, self.limit
                self.limit = max(1.0, least, self.limit / 2)
        elif ending.kind == "answered":
            took = now - turn.since
            self._seconds += (took - self._seconds) * (0.1 if self._seconds else 1.0)
            # A limit that nobody runs into says nothing about the endpoint.
            grown = max(needed, self._regrown(now) if full else 1.0)
            self.limit = max(self.limit, min(float(self.most), grown))

    def _regrown(self, now: float) -> float:
        if math.isinf(self._cut):
            return self.limit + 1.0
        turned = (now - self._cut) / self.BACK - 1.0
        return max(self.limit + 1.0 / self.limit, self._before * (1.0 + turned**3 / 2))


class Rate:
    """How many requests a second, as learnt from the refusals; no limit before there are two.

    Between two refusals the endpoint's allowance goes from used up to used up, so what it took
    while it was pressed is what it allows. The rate is set a little below that and probes
    upwards, faster the longer nothing is refused, and the more gently the more often the same
    was learnt. Requests are spaced evenly.

    Refusals that are as frequent as at first when the rate has gone down by a quarter are not
    about the rate: it is lifted, and nothing is learnt for a minute.
    """

    SPAN: Final = 1.0
    """Seconds below which two refusals tell of a burst and not of a rate."""
    PRESSED: Final = 1.5
    """Seconds after a refusal for which an endpoint counts as pressed; also until the next
    request, while requests wait for the rate, and in a pause that it asked for."""
    BELOW: Final = 0.98
    GROWTH: Final = 0.04
    """A second, at first; doubled for every `EASE` seconds without a refusal, or a quarter of the
    time that it took until the last one: of windows that are long, the end is not soon."""
    GENTLEST: Final = 0.0005
    EASE: Final = 6.0
    FASTEST: Final = 0.05
    SAME: Final = 0.05
    DRY: Final = 3.0
    """Seconds without anything accepted that tell of a long window, used up for now."""
    DEAF: Final = 60.0
    HELPED: Final = 0.75
    PROOF: Final = 3
    LATE: Final = 0.01

    def __init__(self) -> None:
        self.rate: float | None = None
        self.growth = self.GROWTH
        self._next = -math.inf
        self._since: float | None = None  # of the refusal that the counts begin with
        self._sent = self._refused = 0
        self._pressed = 0.0  # seconds
        self._dry = 0.0  # of them, before anything was accepted
        self._pressing = -math.inf  # until when, for what has happened so far
        self._last = 0.0
        self._recent: deque[tuple[float, int]] = deque()
        self._quiet = True  # nothing was sent since the last refusal
        self._allowed = 0.0
        self._early = 0  # refusals in a row below what had just been allowed
        self._first = (0.0, 0.0)  # what was allowed at first, and the share refused
        self._in_vain = 0
        self._deaf = -math.inf
        self._ease = self.EASE

    def wait(self, now: float) -> float:
        """Seconds until the next request is due."""
        return 0.0 if self.rate is None else max(0.0, self._next - now)

    def take(self, now: float, *, held: bool) -> None:
        """Count a request; `held` says that it was this rate that it waited for."""
        grown = min(1.0, now - self._last)
        self._press(now, held=held)
        self._sent += 1
        self._note(now, 1)
        if self.rate is None or self._since is None:
            return
        if held:  # a rate that nobody runs into says nothing about the endpoint
            growth = min(self.FASTEST, self.growth * 2.0 ** ((now - self._since) / self._ease))
            self.rate *= (1.0 + growth) ** grown
        # What a late timer held up may be made up for, and no more.
        gap = 1.0 / self.rate
        self._next = max(self._next, now - max(gap, self.LATE)) + gap

    def refused(self, turn: Turn, now: float, pause: float) -> None:
        """Learn from a refusal; `pause` is until when the endpoint asked everybody to wait."""
        if now < self._deaf:
            return
        self._press(now)
        self._quiet = True
        self._pressing = max(self._pressing, now + self.PRESSED, pause)
        if self._since is None:
            self._begin(now)
        elif turn.since >= self._since:
            self._refused += 1
            self._note(now, -1)
            if self._refused == self._sent:
                self._dry = self._pressed
            if self._pressed >= self.SPAN and self._sent > self._refused:
                self._learn(now)

    def _press(self, now: float, *, held: bool = False) -> None:
        """Count the seconds since the last event for which the endpoint was pressed."""
        until = now if held or self._quiet else min(now, self._pressing)
        self._pressed += max(0.0, until - self._last)
        self._last, self._quiet = now, False

    def _note(self, now: float, count: int) -> None:
        self._recent.append((now, count))
        while self._recent[0][0] <= now - self.SPAN:
            self._recent.popleft()

    def _begin(self, now: float) -> None:
        self._since, self._last = now, now
        self._sent = self._refused = 0
        self._pressed = self._dry = 0.0

    def _learn(self, now: float) -> None:
        share = self._refused / self._sent
        allowed = (self._sent - self._refused) / self._pressed
        dry = self._dry
        self._ease = max(self.EASE, self._pressed / 4)
        self._begin(now)
        if self.rate is not None:
            if dry < self.DRY:
                # On the way up more was allowed than was taken; one refusal proves little.
                recent = sum(count for _, count in self._recent) / self.SPAN
                allowed = max(allowed, min(recent, self.rate), self.rate / 2)
            self._early = self._early + 1 if self.rate < self._allowed else 0
        else:
            self._first = (allowed, share)
        vain = allowed < self.HELPED * self._first[0] and share > self._first[1] / 2
        self._in_vain = self._in_vain + 1 if vain else 0
        if self._in_vain >= self.PROOF:
            self.rate, self._since = None, None
            self._early, self._in_vain, self._first = 0, 0, (0.0, 0.0)
            self._deaf = now + self.DEAF
            return
        more = allowed > self._allowed * (1.0 + self.SAME)
        self.growth = self.GROWTH if more else max(self.GENTLEST, self.growth / 2)
        self._allowed = allowed
        self.rate = allowed * self.BELOW ** (1 + 2 * self._early)
        self._next = now + 1.0 / self.rate


class Pause:
    """What the endpoint asks for with `Retry-After`: nobody sends before it is over."""

    def __init__(self) -> None:
        self.until = -math.inf

    def wait(self, now: float) -> float:
        """Seconds that are left."""
        return max(0.0, self.until - now)

    def ask(self, seconds: float, now: float) -> None:
        """Pause for so many seconds from now; a pause is never shortened."""
        self.until = max(self.until, now + min(seconds, LONGEST_PAUSE))


class Minute:
    """So many of a unit in any sixty seconds, spaced evenly with five seconds' worth of slack.

    What is expected of a request is counted as it goes, and put right when it has ended. One
    that needs more than the limit by itself goes alone.
    """

    SLACK: Final = 5.0
    WINDOW: Final = 60.0

    def __init__(self, unit: Unit, limit: float) -> None:
        self.unit = unit
        self.limit = limit
        self._due = -math.inf  # when all that has gone would have gone at an even pace
        self._gone: dict[int, float] = {}  # by the second, in order
        self._sum = 0.0

    def wait(self, load: Load, now: float) -> float:
        """Seconds until a request may go."""
        self._forget(now)
        over, until = self._sum + load.of(self.unit) - self.limit, now
        for second, amount in self._gone.items():
            if over <= 1e-9 * self.limit:
                break
            over -= amount
            until = second + 1 + self.WINDOW
        return max(0.0, until - now, self._due - self.SLACK - now)

    def take(self, load: Load, now: float) -> None:
        """Count a request as it goes."""
        amount = load.of(self.unit)
        self._due = max(self._due, now) + amount * self.WINDOW / self.limit
        self._gone[math.floor(now)] = self._gone.get(math.floor(now), 0.0) + amount
        self._sum += amount

    def give(self, turn: Turn, ending: Ending) -> None:
        """Put right what was expected of it."""
        more = ending.of(self.unit, turn.load) - turn.load.of(self.unit)
        self._due += more * self.WINDOW / self.limit
        if math.floor(turn.since) in self._gone:
            self._gone[math.floor(turn.since)] += more
            self._sum += more

    def _forget(self, now: float) -> None:
        for second in list(self._gone):
            if second + 1 + self.WINDOW > now:
                return
            self._sum -= self._gone.pop(second)


class Total:
    """So many of a unit in the whole run, the most that requests under way may take included."""

    def __init__(self, unit: Unit, limit: float) -> None:
        self.unit = unit
        self.limit = limit
        self.spent = 0.0
        self.reserved = 0.0

    def fits(self, load: Load) -> bool:
        """Whether a request may go without the limit being passed, whatever it takes."""
        most = load.most(self.unit)
        return self.spent + self.reserved + most <= self.limit * (1 + 1e-12)

    def take(self, load: Load) -> None:
        """Set aside what a request may take."""
        self.reserved += load.most(self.unit)

    def give(self, turn: Turn, ending: Ending) -> None:
        """Put what it took in the place of what it might have taken."""
        self.reserved -= turn.load.most(self.unit)
        self.spent += ending.of(self.unit, turn.load)

    def error(self, load: Load) -> BudgetSpent:
        """Tell that it is used up."""
        limit, spent = _told(self.limit, self.unit), _told(self.spent, self.unit)
        return BudgetSpent(
            f"The run's limit of {limit} is reached: {spent} are spent, and the next request "
            f"may take {_told(load.most(self.unit), self.unit)}.",
            "Allow more, and go on with the same resume=.",
        )


def _told(amount: float, unit: Unit) -> str:
    return f"${amount:,.4f}" if unit == "dollars" else f"{amount:,.0f} {unit}"


# --- the gate ----------------------------------------------------------------------------------


def _is_limit(value: object, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        return False
    return value > 0 and math.isfinite(value)


@dataclass(frozen=True)
class Limits:
    """The user's limits: requests at once, and requests, tokens, dollars a minute and a run."""

    concurrency: int = 64
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    dollars_per_minute: float | None = None
    requests_per_run: float | None = None
    tokens_per_run: float | None = None
    budget: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            whole = name == "concurrency"
            if (value is not None or whole) and not _is_limit(value, whole=whole):
                kind = "a whole number" if whole else "a number"
                raise ConfigurationError(
                    f"{name} is {value!r}.", f"Give {kind} above 0, or leave it out."
                )

    @property
    def on_money(self) -> bool:
        """Whether a price must be known."""
        return self.dollars_per_minute is not None or self.budget is not None

    def minutes(self) -> list[Minute]:
        """The limits a minute, as rules."""
        given: list[tuple[Unit, float | None]] = [
            ("requests", self.requests_per_minute),
            ("tokens", self.tokens_per_minute),
            ("dollars", self.dollars_per_minute),
        ]
        return [Minute(unit, limit) for unit, limit in given if limit is not None]

    def totals(self) -> list[Total]:
        """The limits of the run, as rules."""
        given: list[tuple[Unit, float | None]] = [
            ("requests", self.requests_per_run),
            ("tokens", self.tokens_per_run),
            ("dollars", self.budget),
        ]
        return [Total(unit, limit) for unit, limit in given if limit is not None]


@dataclass
class Counts:
    """What a run has used so far: requests, those told to slow down, tokens, US dollars."""

    requests: int = 0
    slowed: int = 0
    tokens: int = 0
    dollars: float = 0.0
    answered: int = 0


class Gate:
    """All the rules in one, without waiting: pure but for the clock that the caller reads."""

    def __init__(self, limits: Limits) -> None:
        self.slots = Slots(limits.concurrency)
        self.rate = Rate()
        self.pause = Pause()
        self.minutes = limits.minutes()
        self.totals = limits.totals()
        self.counts = Counts()
        self.stopped: CommuniqueError | None = None
        self._failing: float | None = None  # since when nobody has been answered
        self._failures = 0
        self._held = False

    def wait(self, load: Load, now: float) -> float:
        """Seconds until a request may go: 0 for now, infinite for when another has ended.

        Raises the error that stopped the run; `BudgetSpent` where a request does not fit, and
        stops the run with it.
        """
        if self.stopped is not None:
            raise again(self.stopped)
        for total in self.totals:
            if not total.fits(load):
                if self.slots.taken:
                    return math.inf  # what is under way may take less than was set aside
                self.stop(total.error(load))
                raise total.error(load)
        if not self.slots.free:
            return math.inf
        others = max((m.wait(load, now) for m in self.minutes), default=0.0)
        others = max(others, self.pause.wait(now))
        due = self.rate.wait(now)
        self._held = self._held or due > others
        return max(due, others)

    def begin(self, load: Load, now: float) -> Turn:
        """Let a request go."""
        self.slots.take()
        self.rate.take(now, held=self._held)
        self._held = False
        for minute in self.minutes:
            minute.take(load, now)
        for total in self.totals:
            total.take(load)
        self.counts.requests += 1
        return Turn(load, now)

    def end(self, turn: Turn, ending: Ending, now: float) -> None:
        """Take note of how a request ended."""
        self.slots.give(turn, ending, now, self.rate.rate)
        for minute in self.minutes:
            minute.give(turn, ending)
        for total in self.totals:
            total.give(turn, ending)
        self._count(ending)
        if ending.retry_after is not None:
            self.pause.ask(ending.retry_after, now)
        if ending.kind == "limited":
            self.rate.refused(turn, now, self.pause.until)
        self._judge(ending, now)

    def _count(self, ending: Ending) -> None:
        counts = self.counts
        counts.requests -= ending.kind == "unsent"
        counts.slowed += ending.slow_down
        counts.answered += ending.kind == "answered"
        counts.tokens += ending.tokens or 0
        counts.dollars += ending.dollars or 0.0

    def _judge(self, ending: Ending, now: float) -> None:
        """Give up where nobody has been answered for longer than patience lasts."""
        if ending.kind == "unsent":
            return
        if ending.kind == "answered":
            self._failing, self._failures = None, 0
            return
        self._failures += 1
        # What the endpoint asks for tries nobody's patience.
        since = now if self._failing is None else self._failing
        self._failing = max(since, self.pause.until)
        if not self._patient(now) and self._failures >= TRIES and ending.failure is not None:
            cause = ending.failure
            what = f"The endpoint has answered nobody for {PATIENCE:g} seconds. {cause.what}"
            self.stop(type(cause)(what, "Go on later with the same resume=."))

    def progress(self, now: float) -> bool:
        """Whether the endpoint has answered somebody, and not longer ago than patience lasts."""
        return self.counts.answered > 0 and self._patient(now)

    def _patient(self, now: float) -> bool:
        return self._failing is None or now - self._failing < PATIENCE

    def stop(self, error: CommuniqueError) -> None:
        """Let nobody in any more: every request from now on ends with a copy of this error."""
        if self.stopped is None:
            self.stopped = error


def again(error: CommuniqueError) -> CommuniqueError:
    """Make the same error anew, for another article: without the first one's report."""
    return type(error)(error.what, error.advice)


# --- waiting at the gate -----------------------------------------------------------------------


class Pacing(Protocol):
    """What a client asks before every real request.

    `shared` says that a `Retry-After` is waited for at the gate, by everybody.
    """

    shared: bool

    async def enter(self, load: Load) -> Turn:
        """Wait for a turn; raises the error that stopped the run."""

    def leave(self, turn: Turn, ending: Ending) -> None:
        """Tell how the request ended."""

    def progress(self) -> bool:
        """Whether the endpoint answers others, so that being told to wait is no failure."""


class Free:
    """No pacing: a single article."""

    shared = False

    async def enter(self, load: Load) -> Turn:
        """Let everybody in."""
        return Turn(load, 0.0)

    def leave(self, turn: Turn, ending: Ending) -> None:
        """Take no note."""

    def progress(self) -> bool:
        """Say no: a single article counts every request."""
        return False


@dataclass(eq=False)
class Waiting:
    """One request in the queue."""

    load: Load
    since: float
    grant: Callable[[Turn | CommuniqueError], None] = field(repr=False)


class Pace:
    """The queue at a gate, first come, first served; belongs to one event loop.

    `clock` is in seconds.
    """

    shared = True

    def __init__(self, limits: Limits, *, clock: Clock = time.monotonic) -> None:
        self.gate = Gate(limits)
        self.clock = clock
        self._queue: deque[Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def enter(self, load: Load) -> Turn:
        """Wait for a turn; raises the error that stopped the run, or `BudgetSpent`."""
        future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()

        def grant(turn: Turn | CommuniqueError) -> None:
            if future.done():  # cancelled while it waited: the turn goes back
                if isinstance(turn, Turn):
                    self.leave(turn, UNSENT)
            elif isinstance(turn, Turn):
                future.set_result(turn)
            else:
                future.set_exception(turn)

        waiting = self.queue(load, grant)
        try:
            return await future
        except asyncio.CancelledError:
            if (
                not self.withdraw(waiting)
                and future.done()
                and not future.cancelled()
                and future.exception() is None
            ):
                self.leave(future.result(), UNSENT)
            raise

    def queue(self, load: Load, grant: Callable[[Turn | CommuniqueError], None]) -> Waiting:
        """Queue for a turn; `grant` is called with it, or with the error that stopped the run."""
        waiting = Waiting(load, self.clock(), grant)
        self._queue.append(waiting)
        self._serve()
        return waiting

    def leave(self, turn: Turn, ending: Ending) -> None:
        """Tell how a request ended, and let the next one in."""
        self.gate.end(turn, ending, self.clock())
        self._serve()

    def progress(self) -> bool:
        """Whether the endpoint answers others."""
        return self.gate.progress(self.clock())

    @property
    def stopped(self) -> CommuniqueError | None:
        """The error that stopped the run."""
        return self.gate.stopped

    @property
    def busy(self) -> bool:
        """Whether requests are under way."""
        return self.gate.slots.taken > 0

    def withdraw(self, waiting: Waiting) -> bool:
        """Take somebody out of the queue; whether they stood there."""
        if waiting not in self._queue:
            return False
        self._queue.remove(waiting)
        self._serve()
        return True

    def stop(self, error: CommuniqueError) -> None:
        """Let nobody in any more."""
        self.gate.stop(error)
        self._serve()

    def _serve(self) -> None:
        """Let in everybody whose turn it is, and set the timer for the next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            waiting, now = self._queue[0], self.clock()
            granted: Turn | CommuniqueError
            try:
                seconds = self.gate.wait(waiting.load, now)
            except CommuniqueError as error:
                granted = error
            else:
                if seconds > 0:
                    if math.isfinite(seconds):
                        loop = asyncio.get_running_loop()
                        self._timer = loop.call_later(seconds, self._serve)
                    return
                granted = self.gate.begin(waiting.load, now)
                granted.waited = now - waiting.since
            self._queue.popleft()
            waiting.grant(granted)
