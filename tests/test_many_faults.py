"""Runs of many articles against the fault laboratory: none lost, none twice, none paid again."""

from __future__ import annotations

import signal
from collections import Counter
from typing import Any

import pytest

from communique import articles_in, errors, export, summarise_many
from communique import client as client_module
from communique.store import Store
from faultlab import ACCOUNT, FINAL, REPLIES, TRANSPORT, Lab, Plan, articles, child, evenly, folder
from faultlab.killer import Killer, replies_in
from faultlab.plan import GOOD

KEY = "sk-lab-0123456789abcdef"
COUNT = 300
KILLED = 150


@pytest.fixture
def lab(running: Lab) -> Lab:
    """The laboratory without a fault and with an empty log."""
    return running.take(Plan(key=KEY))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the pauses between requests out."""
    monkeypatch.setattr(client_module, "_backoff", lambda: lambda _: 0.0)


def read(lab: Lab, numbers: Any, **settings: Any) -> list[Any]:
    """Run over the readouts of these numbers and list the outcomes."""
    given = {"model": "openai/lab", "base_url": lab.url, "api_key": KEY, "timeout": 30.0}
    return list(summarise_many(map(articles.article, numbers), **{**given, **settings}))


def kinds(outcomes: list[Any]) -> Counter[str]:
    """Count the outcomes by what they are."""
    return Counter("summary" if o.ok else type(o.failure).__name__ for o in outcomes)


def check(outcomes: list[Any], numbers: Any) -> None:
    """Assert that each article has one outcome, and each summary is of its own article."""
    assert Counter(o.article_id for o in outcomes) == Counter(f"MFA/{n:06}" for n in numbers)
    for outcome in outcomes:
        number = articles.number_of(outcome.article_id)
        if outcome.ok:
            right = articles.differences(number, outcome.summary) == []
            assert right or articles.partial(outcome.summary)
        else:
            assert isinstance(outcome.failure, errors.CommuniqueError)
            assert type(outcome.failure) is not errors.CommuniqueError
            assert outcome.failure.what
            assert outcome.failure.advice


# --- every fault ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*TRANSPORT, *REPLIES])
def test_a_fault_that_passes_costs_a_request_and_no_article(lab, kind):
    """If this failed, one broken answer would lose an article, or be told as another's."""
    lab.take(Plan(key=KEY, script={"chat": (kind,)}))
    outcomes = read(lab, range(3), **{"timeout": 1.0} if kind == "drip" else {})
    check(outcomes, range(3))
    assert kinds(outcomes) == {"summary": 3}
    seen = lab.statistics()["kinds"]
    assert seen[kind] == 1
    # On a busy machine a good answer may come too late for so short a time-out as a drip's.
    assert seen[GOOD] == 3 - (kind == "twice") or kind == "drip"


FAILS = {
    "refusal": errors.Refused,
    "content_filter": errors.Refused,
    "revoked": errors.AuthenticationFailed,
    "quota": errors.QuotaExhausted,
    "error_503": errors.Unavailable,
    "rate_limited": errors.RateLimited,
    "prose": errors.InvalidReply,
    "half_body": errors.InvalidReply,
    "length": errors.InvalidReply,
}


@pytest.mark.parametrize("kind", FAILS)
def test_a_fault_that_stays_is_a_typed_failure(lab, kind):
    """If this failed, a lasting fault would end a run, or have no type to sort it by."""
    lab.take(Plan(key=KEY, rates={kind: 1.0}, retry_after="0"))
    outcomes = read(lab, range(2))
    check(outcomes, range(2))
    assert all(isinstance(outcome.failure, FAILS[kind]) for outcome in outcomes)
    assert sum(len(outcome.report.attempts) for outcome in outcomes) == len(lab.log())


def test_three_replies_in_ten_are_faulty(lab, tmp_path):
    """If this failed, a night of a bad network would lose articles, or pay for some twice."""
    rates = evenly(0.3, *TRANSPORT, *REPLIES, *FINAL)
    lab.take(Plan(seed=1, key=KEY, rates=rates, huge=9_000_000, retry_after="0.01"))
    store = tmp_path / "run.sqlite"
    outcomes = read(lab, range(COUNT), resume=store, timeout=3.0)
    check(outcomes, range(COUNT))
    seen = lab.statistics()["kinds"]
    assert {*rates} <= {*seen}, "every fault was met"
    found = kinds(outcomes)
    # A refusal is final, where it comes in time; a reply that is cut may do better in halves.
    assert 0 < found["Refused"] <= seen["refusal"] + seen["content_filter"]
    assert found["summary"] > COUNT * 0.9
    # Where a request gave up before it was sent, only the report knows of it.
    assert sum(len(outcome.report.attempts) for outcome in outcomes) >= len(lab.log())
    again = read(lab.take(Plan(key=KEY)), range(COUNT), resume=store)
    check(again, range(COUNT))
    asked = {entry.number for entry in lab.log()}
    assert asked.isdisjoint(articles.number_of(o.article_id) for o in outcomes if o.ok)


def test_replies_from_a_cache_cost_nothing(lab, tmp_path):
    """If this failed, a run from a cache would be told, and counted, as one that was paid for."""
    cache = tmp_path / "cache.sqlite"
    first, second = (read(lab, range(5), cache=cache) for _ in range(2))
    check(second, range(5))
    assert [outcome.cached for outcome in first] == [False] * 5
    assert [outcome.cached for outcome in second] == [True] * 5
    assert all(attempt.cached for outcome in second for attempt in outcome.report.attempts)
    assert len(lab.log()) == 5


# --- the account ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ACCOUNT)
def test_an_account_that_ends_half_way(lab, tmp_path, kind):
    """If this failed, a revoked key would lose the rest of a run, or what was done before."""
    after = {"revoked": "revoke_after", "quota": "quota_after"}[kind]
    lab.take(Plan(key=KEY, **{after: 20}))
    store = tmp_path / "run.sqlite"
    first = read(lab, range(60), resume=store, concurrency=4)
    check(first, range(60))
    assert kinds(first) == {"summary": 20, FAILS[kind].__name__: 40}
    assert len(lab.log()) <= 20 + 4, "nothing is asked of an account that is gone"
    second = read(lab.take(Plan(key=KEY)), range(60), resume=store)
    check(second, range(60))
    assert kinds(second) == {"summary": 60}
    assert sorted(entry.number for entry in lab.log()) == [
        articles.number_of(outcome.article_id) for outcome in first if not outcome.ok
    ]


def test_the_key_is_in_no_store_and_no_outcome(lab, tmp_path):
    """If this failed, a key could be read in what a run leaves behind."""
    lab.take(Plan(key="sk-another"))
    store = tmp_path / "run.sqlite"
    outcomes = read(lab, range(3), resume=store)
    assert kinds(outcomes) == {"AuthenticationFailed": 3}
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    told = "".join(str(o.failure) + o.report.model_dump_json() for o in outcomes)
    assert KEY.encode() not in left
    assert KEY not in told


# --- killed -----------------------------------------------------------------------------------


killing = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")


@killing
def test_a_run_that_is_killed_three_times(lab, tmp_path):
    """If this failed, a power cut would lose finished work, or have it paid for again."""
    rates = evenly(0.2, "error_500", "lost", "prose", "wrong_schema", "reset_mid_body")
    lab.take(Plan(seed=2, latency=0.02, rates=rates))
    store = tmp_path / "run.sqlite"
    task = child.Task(lab.url, count=KILLED, settings={"resume": str(store), "concurrency": 8})
    story = Killer(lab, task, lambda: replies_in(store), seed=3).run(3)
    assert story.kills == 3
    assert all(life.asked for life in story.lives), "each got somewhere"
    assert story.lives[-2].committed > story.lives[0].committed > 0
    assert story.again == [], "asked again though the reply was committed"
    assert story.paid_twice <= 3 * 8, "only what was under way"
    result = story.result
    assert sum(result.outcomes.values()) == result.outcomes["summary"] == KILLED
    assert (result.lost, result.repeated, result.foreign, result.wrong) == (0, 0, 0, [])
    with Store(store) as kept:
        ids = [outcome.article_id for outcome in kept.outcomes()]
    assert sorted(ids) == [f"MFA/{n:06}" for n in range(KILLED)]


@killing
def test_the_killer_sees_what_is_asked_again(lab):
    """If this failed, the test above would pass whatever the store did."""
    lab.take(Plan(latency=0.02))
    task = child.Task(lab.url, count=20, settings={"concurrency": 4})

    def delivered() -> list[str]:
        return [entry.key for entry in lab.log() if entry.delivered]

    story = Killer(lab, task, delivered, seed=1).run(1)
    assert story.kills == 1
    assert story.again, "a run without a store asks everything again"


# --- a folder ---------------------------------------------------------------------------------


def test_a_folder_of_everything(lab, tmp_path):
    """If this failed, one bad file, or one odd name, would end a run over a folder."""
    place = tmp_path / "articles"
    place.mkdir()
    built = folder.build(place)
    assert len(built) > 25
    given = {"model": "openai/lab", "base_url": lab.url, "api_key": KEY}
    store = tmp_path / "run.sqlite"
    for _ in range(2):
        outcomes = list(summarise_many((found.path for found in built), resume=store, **given))
        assert len(outcomes) == len(built)
        for found, outcome in zip(built, outcomes, strict=True):
            if found.fails == folder.READS:
                assert outcome.ok, outcome.failure
                assert articles.differences(found.number, outcome.summary)[1:] == []
            else:
                assert isinstance(outcome.failure, errors.InvalidArticle), found.path
                assert folder.matches(found, str(outcome.failure))
        assert len({outcome.article_id for outcome in outcomes}) == len(built)
    good = [found.number for found in built if found.fails == folder.READS]
    assert Counter(entry.number for entry in lab.log()) == Counter(good), "each was asked once"


def test_all_that_is_below_a_folder(lab, tmp_path):
    """If this failed, a loop of folders would not end, or a file of an odd name be left out."""
    place = tmp_path / "articles"
    place.mkdir()
    built = folder.build(place)
    given = {"model": "openai/lab", "base_url": lab.url, "api_key": KEY}
    outcomes = {o.article_id: o for o in summarise_many(articles_in(place), **given)}
    # A folder is entered and not yielded, but for the link that leads back to where it stands.
    entered = {str(place / "a folder")}
    assert set(outcomes) == {str(found.path) for found in built} - entered
    assert "is a directory" in str(outcomes[str(place / "loop to a folder")].failure)
    read = {name for name, outcome in outcomes.items() if outcome.ok}
    assert read == {str(found.path) for found in built if found.fails == folder.READS}
    rows = export.rows(outcomes.values(), "articles")
    assert len({row["article_id"].encode() for row in rows}) == len(outcomes)
