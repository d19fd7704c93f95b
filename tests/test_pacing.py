"""The pace of a run, against endpoints that are simulated with a clock of their own."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import pickle
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communique.errors import (
    AuthenticationFailed,
    BudgetSpent,
    ConfigurationError,
    RateLimited,
    Unavailable,
)
from communique.pacing import (
    PATIENCE,
    UNSENT,
    Ending,
    Free,
    Gate,
    Limits,
    Load,
    Pace,
    Rate,
    Turn,
)

ANSWERED = Ending("answered", tokens=100, dollars=0.01)
REFUSED = Ending("limited", failure=RateLimited("Slow down."))
DOWN = Ending("failed", failure=Unavailable("It is down."))
LOAD = Load(tokens=100, most_tokens=1_000, dollars=0.05)

Allows = Callable[[float], bool]


# --- endpoints --------------------------------------------------------------------------------


def bucket(rate: float, burst: float) -> Allows:
    """Allow `rate` requests a second, and `burst` at once after a pause."""
    state = [burst, 0.0]

    def allows(now: float) -> bool:
        state[0] = min(burst, state[0] + (now - state[1]) * rate)
        state[1] = now
        if state[0] < 1:
            return False
        state[0] -= 1
        return True

    return allows


def window(count: int, seconds: float = 1.0) -> Allows:
    """Allow so many requests in each window of the clock."""
    state = [-1, 0]

    def allows(now: float) -> bool:
        if state[0] != int(now / seconds):
            state[:] = [int(now / seconds), 0]
        state[1] += 1
        return state[1] <= count

    return allows


def sliding(count: int) -> Allows:
    """Allow so many requests in any second."""
    taken: deque[float] = deque()

    def allows(now: float) -> bool:
        while taken and taken[0] <= now - 1.0:
            taken.popleft()
        if len(taken) >= count:
            return False
        taken.append(now)
        return True

    return allows


def by_chance(share: float) -> Allows:
    """Refuse a share of the requests, whatever their rate."""
    chance = random.Random(5)  # noqa: S311 - the same refusals every time
    return lambda _: chance.random() >= share


@dataclass
class Simulation:
    """So many articles of one request each, read through a gate; the clock is simulated.

    A refused article waits before it comes again, as the client has it wait.
    """

    allows: Allows
    articles: int
    latency: float = 0.2
    concurrency: int = 64
    retry_after: float | None = None
    log: list[tuple[float, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate = Gate(Limits(self.concurrency))
        self.now = 0.0
        self.most = 0
        self._chance = random.Random(1)  # noqa: S311 - the same delays every time
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._ready = deque(range(min(self.concurrency, self.articles)))
        self._begun = len(self._ready)
        self._done = 0
        self._tries: dict[int, int] = {}
        self._timer = -1.0

    def run(self) -> Simulation:
        """Read every article."""
        self._serve()
        while self._done < self.articles:
            self.now, _, act = heapq.heappop(self._events)
            act()
            self._serve()
        return self

    def _at(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), act))

    def _serve(self) -> None:
        while self._ready:
            wait = self.gate.wait(LOAD, self.now)
            if wait > 0:
                self._wake(wait)
                return
            self._send(self._ready.popleft())

    def _wake(self, wait: float) -> None:
        """Look again when it is time, or a little late, as timers are."""
        when = self.now + wait
        if math.isfinite(wait) and not self.now < self._timer <= when:
            self._timer = when + self._chance.random() * 0.002
            self._at(self._timer - self.now, lambda: None)

    def _send(self, article: int) -> None:
        turn = self.gate.begin(LOAD, self.now)
        self.most = max(self.most, self.gate.slots.taken)
        allowed = self.allows(self.now)
        self.log.append((self.now, allowed))
        if allowed:
            self._at(self.latency * self._chance.uniform(0.9, 1.1), lambda: self._answer(turn))
        else:
            self._at(0.002, lambda: self._refuse(turn, article))

    def _answer(self, turn: Turn) -> None:
        self.gate.end(turn, ANSWERED, self.now)
        self._done += 1
        if self._begun < self.articles:
            self._ready.append(self._begun)
            self._begun += 1

    def _refuse(self, turn: Turn, article: int) -> None:
        self.gate.end(turn, Ending("limited", retry_after=self.retry_after), self.now)
        tries = self._tries[article] = self._tries.get(article, 0) + 1
        wait = 0.0 if self.retry_after is not None else min(30.0, 0.5 * 2 ** (tries - 1))
        self._at(wait + self._chance.random(), lambda: self._ready.append(article))

    def rate(self, after: float = 0.0) -> float:
        """Answers a second."""
        good = sum(allowed for at, allowed in self.log if at >= after)
        return good / (self.now - after)

    def refused(self, after: float = 0.0) -> float:
        """The share of the requests that was refused."""
        late = [allowed for at, allowed in self.log if at >= after]
        return 1 - sum(late) / len(late)


ENDPOINTS = {
    "a bucket": lambda: (bucket(50, 50), {}),
    "a bucket with little burst": lambda: (bucket(50, 10), {"latency": 0.05}),
    "windows": lambda: (window(50), {}),
    "a sliding window": lambda: (sliding(50), {}),
    "a bucket, Retry-After: 1": lambda: (bucket(50, 50), {"retry_after": 1.0}),
    "a bucket, Retry-After: 0.02": lambda: (bucket(50, 50), {"retry_after": 0.02}),
    "a sliding window, Retry-After: 0": lambda: (sliding(50), {"retry_after": 0.0}),
}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_rate_that_is_allowed_is_found_and_used(name):
    """If this failed, a run would waste the endpoint's allowance, or hammer against it."""
    allows, options = ENDPOINTS[name]()
    done = Simulation(allows, articles=3_000, **options).run()
    assert done.rate(after=10) >= 0.9 * 50
    assert done.refused(after=10) < 0.05


def test_slow_answers_do_not_keep_a_rate_from_being_used():
    """If this failed, a model that takes its time would be asked by few at once for minutes."""
    done = Simulation(bucket(5, 5), articles=1_000, latency=10.0).run()
    assert done.rate(after=60) >= 0.85 * 5
    assert done.refused(after=60) < 0.05


def test_without_a_limit_everything_is_used():
    """If this failed, a run would be slower than its endpoint."""
    done = Simulation(lambda _: True, articles=4_000).run()
    assert done.most == 64
    assert done.rate() >= 0.9 * 64 / 0.2


def test_a_few_at_first():
    """If this failed, an endpoint that nobody knows would meet everything at once."""
    gate = Gate(Limits(64))
    turns = []
    while gate.wait(LOAD, 0.0) == 0:
        turns.append(gate.begin(LOAD, 0.0))
    assert len(turns) == 16
    for turn in turns:
        gate.end(turn, ANSWERED, 1.0)
        while gate.wait(LOAD, 1.0) == 0:
            gate.begin(LOAD, 1.0)
    assert gate.slots.taken == 32, "two for each that was answered"


@pytest.mark.parametrize("share", [0.02, 0.04])
def test_refusals_that_are_not_about_the_rate_do_not_slow_a_run_down_for_good(share):
    """If this failed, a proxy that drops a few requests would bring a night to a crawl."""
    done = Simulation(by_chance(share), articles=20_000, latency=0.01).run()
    at = [at for at, allowed in done.log if allowed]
    tenth = len(at) // 10
    first, last = at[2 * tenth] - at[tenth], at[9 * tenth] - at[8 * tenth]
    assert last < 4 * first, "a tenth of the articles, early and late in the run"


# --- at once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["limited", "overloaded"])
def test_being_told_to_slow_down_halves_once_for_a_burst(kind):
    """If this failed, one burst of refusals would bring a run down to one request at a time."""
    gate = Gate(Limits(16))
    turns = [gate.begin(LOAD, 0.0) for _ in range(16)]
    for turn in turns:
        gate.end(turn, Ending(kind), 0.5)
    assert gate.slots.limit == 8
    later = gate.begin(LOAD, 0.6)
    gate.end(later, Ending(kind), 0.7)
    assert gate.slots.limit == 8, "within a second it is the same message"
    later = gate.begin(LOAD, 2.0)
    gate.end(later, Ending(kind), 2.1)
    assert gate.slots.limit == 4


def test_one_request_is_always_allowed():
    """If this failed, a run that was refused often would stand still for ever."""
    gate = Gate(Limits(2))
    for second in range(20):
        gate.end(gate.begin(LOAD, 2.0 * second), Ending("overloaded"), 2.0 * second + 1)
    assert gate.slots.limit == 1
    assert gate.wait(LOAD, 100.0) == 0


def test_what_was_too_many_is_tried_again():
    """If this failed, one bad minute would slow down the rest of a night."""
    gate = Gate(Limits(64))
    now = 0.0

    turns: deque[Turn] = deque()

    def answer(count: int) -> None:
        nonlocal now
        for _ in range(count):
            while gate.wait(LOAD, now) == 0:
                turns.append(gate.begin(LOAD, now))
            now += 0.01
            gate.end(turns.popleft(), ANSWERED, now)

    answer(100)
    assert gate.slots.limit == 64
    gate.end(turns.popleft(), Ending("overloaded"), now)
    assert gate.slots.limit == 32
    answer(500)
    assert gate.slots.limit < 64
    answer(2_000)
    assert gate.slots.limit == 64


def test_a_limit_that_nobody_runs_into_stays():
    """If this failed, a quiet hour would open the gate for a stampede after it."""
    gate = Gate(Limits(64))
    for second in range(100):
        gate.end(gate.begin(LOAD, float(second)), ANSWERED, second + 0.5)
    assert gate.slots.limit == 16


# --- a pause ----------------------------------------------------------------------------------


def test_a_pause_is_everybodys():
    """If this failed, one article would wait as it was told, and the others go on asking."""
    gate = Gate(Limits(8))
    first, second = gate.begin(LOAD, 0.0), gate.begin(LOAD, 0.0)
    gate.end(first, Ending("limited", retry_after=30.0), 1.0)
    assert gate.wait(LOAD, 2.0) == pytest.approx(29.0)
    gate.end(second, Ending("limited", retry_after=5.0), 2.0)
    assert gate.wait(LOAD, 3.0) == pytest.approx(28.0), "a pause is never shortened"
    assert gate.wait(LOAD, 31.5) == 0


def test_an_endless_pause_is_cut():
    """If this failed, a broken header would stop a run for years."""
    gate = Gate(Limits(8))
    gate.end(gate.begin(LOAD, 0.0), Ending("limited", retry_after=1e9), 0.0)
    assert gate.wait(LOAD, 0.0) <= 600


# --- limits of the user's ---------------------------------------------------------------------


@given(
    st.sampled_from(["requests", "tokens", "dollars"]),
    st.integers(1, 400),
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=60),
)
def test_a_minute_never_holds_more_than_its_limit(unit, limit, requests):
    """If this failed, a limit would be passed by starting late, or by what was not expected."""
    limits = Limits(1_000, **{f"{unit}_per_minute": float(limit)})
    gate, now = Gate(limits), 0.0
    gone: list[tuple[float, float]] = []
    for expected, used in requests:
        load = Load(tokens=expected, most_tokens=expected, dollars=float(expected))
        while (wait := gate.wait(load, now)) > 0:
            now += max(wait, 1e-3)
        turn = gate.begin(load, now)
        gone.append((now, load.of(unit)))
        within = [amount for at, amount in gone if at > now - 60]
        assert sum(within) <= limit + 1e-6 or len(within) == 1, "one alone may be larger"
        now += 0.01
        spent = min(used, expected)
        gate.end(turn, Ending("answered", tokens=spent, dollars=float(spent)), now)
        gone[-1] = (gone[-1][0], 1.0 if unit == "requests" else float(spent))


def test_a_minute_is_used_up_evenly():
    """If this failed, a limit would be spent in a burst, and then nothing go for a minute."""
    gate, now, gone = Gate(Limits(64, requests_per_minute=60)), 0.0, []
    while now < 300:
        wait = gate.wait(LOAD, now)
        if wait:
            now += wait
            continue
        gate.end(gate.begin(LOAD, now), ANSWERED, now)
        gone.append(now)
    assert len(gone) == pytest.approx(300, abs=10)
    assert max(later - earlier for earlier, later in itertools.pairwise(gone)) < 8


# --- a budget ---------------------------------------------------------------------------------


@given(
    st.floats(0.01, 5.0),
    st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), min_size=1, max_size=80),
)
def test_a_budget_is_never_passed(budget, requests):
    """If this failed, a run would cost more than it was allowed."""
    gate = Gate(Limits(4, budget=budget))
    spent, under_way = 0.0, deque()
    for share, known in requests:
        load = Load(100, 1_000, dollars=0.1)
        try:
            while gate.wait(load, 0.0) > 0:
                turn, cost, told = under_way.popleft()
                spent += cost
                gate.end(turn, Ending("answered", dollars=cost if told else None), 0.0)
        except BudgetSpent:
            break
        under_way.append((gate.begin(load, 0.0), share * 0.1, known))
    spent += sum(cost for _, cost, _ in under_way)
    assert spent <= budget * (1 + 1e-9)


def test_what_others_may_give_back_is_waited_for():
    """If this failed, a budget would end a run while most of it is only set aside."""
    gate = Gate(Limits(8, budget=0.10))
    load = Load(dollars=0.06)
    turn = gate.begin(load, 0.0)
    assert gate.wait(load, 0.0) == math.inf
    gate.end(turn, Ending("answered", dollars=0.01), 1.0)
    assert gate.wait(load, 1.0) == 0
    gate.end(gate.begin(load, 1.0), Ending("answered", dollars=0.05), 2.0)
    with pytest.raises(BudgetSpent, match=r"\$0\.1000 is reached: \$0\.0600 are spent") as caught:
        gate.wait(load, 2.0)
    assert caught.value.advice
    with pytest.raises(BudgetSpent):
        gate.wait(Load(dollars=0.0), 2.0)


@pytest.mark.parametrize(("name", "count"), [("requests_per_run", 3), ("tokens_per_run", 3)])
def test_a_run_has_limits_too(name, count):
    """If this failed, a trial run could not be kept small."""
    gate = Gate(Limits(8, **{name: 3 if name == "requests_per_run" else 3_050}))
    for number in range(count):
        assert gate.wait(LOAD, number) == 0
        gate.end(gate.begin(LOAD, number), Ending("answered", tokens=1_000), number)
    with pytest.raises(BudgetSpent, match="limit of 3"):
        gate.wait(LOAD, 9.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"budget": 0},
        {"budget": -1.0},
        {"budget": "5"},
        {"budget": True},
        {"concurrency": 0},
        {"concurrency": 2.5},
        {"concurrency": None},
        {"tokens_per_minute": math.inf},
    ],
)
def test_a_limit_that_is_none_is_told(wrong):
    """If this failed, a slip of the pen would be a run without a limit."""
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Limits(**wrong)


# --- the end of hope --------------------------------------------------------------------------


def test_an_endpoint_that_answers_nobody_ends_the_run():
    """If this failed, each of ten thousand articles would try a dead endpoint by itself."""
    gate = Gate(Limits(64))
    now = 0.0
    while gate.stopped is None:
        gate.end(gate.begin(LOAD, now), DOWN, now + 1)
        now += 10
        assert now < 10 * PATIENCE
    assert isinstance(gate.stopped, Unavailable)
    assert "It is down." in gate.stopped.what
    with pytest.raises(Unavailable):
        gate.wait(LOAD, now)


def test_an_answer_in_between_is_hope():
    """If this failed, a run would end because of many failures over a whole night."""
    gate = Gate(Limits(64))
    for number in range(200):
        ending = ANSWERED if number % 20 == 0 else DOWN
        gate.end(gate.begin(LOAD, 6.0 * number), ending, 6.0 * number + 1)
    assert gate.stopped is None


def test_a_pause_that_was_asked_for_is_not_held_against_an_endpoint():
    """If this failed, an endpoint that says when it is back would be given up before."""
    gate = Gate(Limits(64))
    now = 0.0
    for _ in range(10):
        wait = gate.wait(LOAD, now)
        now += wait
        ending = Ending("limited", retry_after=100.0, failure=REFUSED.failure)
        gate.end(gate.begin(LOAD, now), ending, now)
    assert gate.stopped is None


def test_being_told_to_wait_is_no_failure_while_others_are_answered():
    """If this failed, an article would fail because the others were quicker."""
    gate = Gate(Limits(8))
    assert not gate.progress(0.0), "an endpoint that has answered nobody yet may never do so"
    gate.end(gate.begin(LOAD, 0.0), ANSWERED, 0.0)
    gate.end(gate.begin(LOAD, 1.0), REFUSED, 1.0)
    assert gate.progress(2.0)
    assert not gate.progress(2.0 + PATIENCE)


# --- the queue --------------------------------------------------------------------------------


def test_first_come_first_served():
    """If this failed, an article could be overtaken for ever."""

    async def many() -> list[int]:
        pace, order = Pace(Limits(1)), []

        async def one(number: int) -> None:
            turn = await pace.enter(LOAD)
            order.append(number)
            await asyncio.sleep(0)
            pace.leave(turn, ANSWERED)

        await asyncio.gather(*(one(number) for number in range(20)))
        assert not pace.busy
        return order

    assert asyncio.run(many()) == list(range(20))


def test_who_is_cancelled_takes_nothing_along():
    """If this failed, a cancelled article would hold its slot until the end of the run."""

    async def many() -> None:
        pace = Pace(Limits(1))
        held = await pace.enter(LOAD)
        waiting = [asyncio.create_task(pace.enter(LOAD)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        pace.leave(held, ANSWERED)  # the first of them is let in now, and hears of it later
        waiting[0].cancel()
        await asyncio.sleep(0)
        turn = await waiting[2]
        assert pace.gate.slots.taken == 1
        pace.leave(turn, ANSWERED)
        assert (pace.gate.slots.taken, pace.gate.counts.requests) == (0, 2)
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(many())


def test_who_waits_hears_that_the_run_is_stopped():
    """If this failed, articles would wait for ever for an account that is gone."""

    async def many() -> None:
        pace = Pace(Limits(1))
        held = await pace.enter(LOAD)
        waiting = [asyncio.create_task(pace.enter(LOAD)) for _ in range(3)]
        await asyncio.sleep(0)
        pace.stop(AuthenticationFailed("The key was revoked.", "Get another."))
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(error) for error in told] == [AuthenticationFailed] * 3
        assert len(set(map(id, told))) == 3, "each article has an error, and a report, of its own"
        pace.leave(held, ANSWERED)
        with pytest.raises(AuthenticationFailed):
            await pace.enter(LOAD)

    asyncio.run(many())


def test_an_unused_turn_leaves_no_trace():
    """If this failed, what was never sent would count as a request."""
    gate = Gate(Limits(4, budget=1.0))
    gate.end(gate.begin(LOAD, 0.0), UNSENT, 0.0)
    assert (gate.counts.requests, gate.totals[0].spent, gate.totals[0].reserved) == (0, 0, 0)
    assert not gate.progress(0.0)


def test_a_single_article_is_not_paced():
    """If this failed, reading one article would need a run around it."""

    async def one() -> None:
        free = Free()
        free.leave(await free.enter(LOAD), ANSWERED)
        assert not free.progress()

    asyncio.run(one())


def test_what_crosses_processes_can_be_pickled():
    """If this failed, workers could not ask for their turns."""
    for value in (LOAD, REFUSED, Turn(LOAD, 1.0)):
        assert type(pickle.loads(pickle.dumps(value))) is type(value)  # noqa: S301


def test_a_rate_is_learnt_only_from_two_refusals():
    """If this failed, a single hiccup would set a limit out of the air."""
    rate = Rate()
    rate.take(0.0, held=False)
    rate.refused(Turn(LOAD, 0.0), 0.1, -math.inf)
    assert rate.rate is None
