"""The Batch API: every article ends once, at half the price, whatever becomes of a batch."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from communique import (
    Article,
    AuthenticationFailed,
    Batch,
    BudgetSpent,
    ConfigurationError,
    InvalidArticle,
    Unavailable,
    submit_batch,
    summarise_many,
)
from communique import _batch_api as api_module
from communique import _batch_book as book_module
from communique import client as client_module
from communique._batch_client import BookClient, Dialects, Wanted, completion_of
from communique._dialect import Dialect
from communique.client import Deferred, Endpoint
from communique.profiles import HOSTED
from communique.store import Store
from conftest import ROOT
from faultlab import FINAL, REPLIES, BatchPlan, Lab, Plan, articles, evenly
from faultlab.plan import GOOD

KEY = "sk-lab-0123456789abcdef"
PRICES = {"lab": (10.0, 100.0)}
COST = 100 * 10e-6 + 10 * 100e-6
"""US dollars that one reply of the laboratory costs when it is asked for alone."""


@pytest.fixture
def lab(running: Lab) -> Lab:
    """The laboratory without a fault and with an empty log."""
    return running.take(Plan(key=KEY))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the pauses between calls out."""
    monkeypatch.setattr(client_module, "_backoff", lambda: lambda _: 0.0)


def submit(lab: Lab, store: Path, numbers: Any = 20, **options: Any) -> Batch:
    """Submit readouts."""
    given = {"model": "openai/lab", "base_url": lab.url, "api_key": KEY, "prices": PRICES}
    some = range(numbers) if isinstance(numbers, int) else numbers
    read = map(articles.article, some)
    return submit_batch(read, resume=store, **{**given, **options})


def collect(batch: Batch, **options: Any) -> list[Any]:
    """Wait for all outcomes."""
    return list(batch.collect(every=0.02, **options))


def kinds(outcomes: list[Any]) -> Counter[str]:
    """Count the outcomes by what they are."""
    return Counter("summary" if o.ok else type(o.failure).__name__ for o in outcomes)


def check(outcomes: list[Any], count: int) -> None:
    """Assert that each readout has one outcome, and each summary is of its own article."""
    assert Counter(o.article_id for o in outcomes) == Counter(f"MFA/{n:06}" for n in range(count))
    for outcome in outcomes:
        number = articles.number_of(outcome.article_id)
        if outcome.ok:
            right = articles.differences(number, outcome.summary) == []
            assert right or articles.partial(outcome.summary)


def asked(lab: Lab) -> Counter[str]:
    """How often each question was asked."""
    return Counter(entry.key for entry in lab.log())


# --- the usual way ----------------------------------------------------------------------------


def test_every_article_ends_once_at_half_the_price(lab, tmp_path):
    """If this failed, a batch would lose articles, mix them up, or tell another price."""
    batch = submit(lab, tmp_path / "run.sqlite", 20, requests_per_file=8)
    outcomes = collect(batch)
    check(outcomes, 20)
    assert kinds(outcomes) == {"summary": 20}
    assert set(asked(lab).values()) == {1}
    assert Counter(entry.way == "chat" for entry in lab.log()) == {True: 1, False: 19}
    costs = [o.report.cost for o in outcomes]
    assert costs[1:] == pytest.approx([COST / 2] * 19), "the first was read at once"
    status = batch.status()
    assert status.cost == pytest.approx(COST + 19 * COST / 2)
    assert (status.prompt_tokens, status.completion_tokens) == (20 * 100, 20 * 10)
    assert (status.articles, status.done, status.failed, status.over) == (20, 20, 0, True)
    assert (status.requests, status.answered) == (19, 19)
    assert [part[1:] for part in status.parts] == [
        ("completed", 8, 8),
        ("completed", 8, 8),
        ("completed", 3, 3),
    ]


def test_the_records_are_those_of_an_ordinary_run(lab, tmp_path):
    """If this failed, half the price would buy other records."""
    collected = collect(submit(lab, tmp_path / "a.sqlite", 12, profile="local"))
    given = {"model": "openai/lab", "base_url": lab.url, "api_key": KEY, "profile": "local"}
    read = list(summarise_many(map(articles.article, range(12)), **given))
    by_id = {o.article_id: o.summary for o in collected}
    for outcome in read:
        other = by_id[outcome.article_id]
        for name in ("abstract", "engagements", "agreements", "source"):
            assert getattr(other, name) == getattr(outcome.summary, name)


def test_a_conversation_goes_through_as_many_batches_as_it_takes(lab, tmp_path):
    """If this failed, a re-ask would be dropped, or what came before it asked again."""
    plan = Plan(seed=2, key=KEY, batch=BatchPlan(rates=evenly(0.5, "prose", "wrong_schema")))
    lab.take(plan)
    batch = submit(lab, tmp_path / "run.sqlite", 30)
    outcomes = collect(batch)
    check(outcomes, 30)
    assert len(batch.status().parts) == 3, "a first question and two re-asks"
    assert set(kinds(outcomes)) == {"summary", "InvalidReply"}
    for outcome in outcomes[1:]:
        attempts = [a.outcome for a in outcome.report.attempts]
        assert attempts[:-1] == ["invalid"] * (len(attempts) - 1)
        assert attempts[-1] == "valid" if outcome.ok else len(attempts) == 3
        assert outcome.report.cost == pytest.approx(len(attempts) * COST / 2)
    assert set(asked(lab).values()) == {1}, "each re-ask is another question"


def test_a_strict_reading_asks_everything_at_once(lab, tmp_path):
    """If this failed, each passage of a strict reading would wait a day for the one before it."""
    long = "\n\n".join(articles.text(number) for number in range(1, 9))
    options = {"model": "openai/lab", "base_url": lab.url, "api_key": KEY, "strict": True}
    read = [articles.article(0), Article(long, id="long")]
    batch = submit_batch(read, resume=tmp_path / "run.sqlite", profile="local", **options)
    asked_first = batch.status().requests
    assert asked_first > 1
    outcomes = collect(batch)
    assert kinds(outcomes) == {"summary": 2}
    assert batch.status().requests == asked_first
    lab.take(Plan(key=KEY, batch=BatchPlan(rates={"refusal": 1.0})))
    other = submit_batch(read, resume=tmp_path / "other.sqlite", profile="local", **options)
    assert kinds(collect(other)) == {"summary": 1, "Refused": 1}


def test_partial_failures_are_asked_again(lab, tmp_path):
    """If this failed, one line in ten that fails would be one article in ten that is lost."""
    passing = ("error_500", "error_503", "rate_limited", "lost")
    lab.take(Plan(seed=5, key=KEY, batch=BatchPlan(rates=evenly(0.4, *passing))))
    outcomes = collect(submit(lab, tmp_path / "run.sqlite", 60))
    check(outcomes, 60)
    found = kinds(outcomes)
    assert set(found) <= {"summary", "Unavailable", "RateLimited"}
    assert found["summary"] >= 55
    again = [count for count in asked(lab).values() if count > 1]
    assert again
    assert max(again) <= HOSTED.attempts


def test_every_reply_that_is_none_is_a_typed_failure(lab, tmp_path):
    """If this failed, a broken reply would end the batch, or pass for a summary."""
    left_out = {"huge", "length"}  # one takes long, the other is met with by smaller passages
    rates = evenly(0.8, *(kind for kind in (*REPLIES, *FINAL) if kind not in left_out))
    lab.take(Plan(seed=7, key=KEY, batch=BatchPlan(rates=rates)))
    outcomes = collect(submit(lab, tmp_path / "run.sqlite", 60))
    check(outcomes, 60)
    found = kinds(outcomes)
    assert set(found) <= {"summary", "InvalidReply", "Refused", "Unavailable"}
    assert {"summary", "InvalidReply", "Refused"} <= set(found)


def test_equal_articles_are_asked_about_once(lab, tmp_path):
    """If this failed, a wire story that ten papers printed would cost ten times as much."""
    text = articles.text(3)
    some = [Article(articles.text(1), id="x"), *(Article(text, id=f"paper {n}") for n in range(4))]
    options = {"model": "openai/lab", "base_url": lab.url, "api_key": KEY, "prices": PRICES}
    outcomes = collect(submit_batch(some, resume=tmp_path / "run.sqlite", **options))
    assert sorted(o.article_id for o in outcomes) == [
        "paper 0",
        "paper 1",
        "paper 2",
        "paper 3",
        "x",
    ]
    assert all(o.summary.engagements for o in outcomes)
    assert len(lab.log()) == 2
    assert sum(o.report.cost for o in outcomes) == pytest.approx(COST / 2)


def test_what_is_no_article_is_a_failure(lab, tmp_path):
    """If this failed, one empty file would end a submission of thousands."""
    missing = tmp_path / "missing.txt"
    some = [articles.article(1), "", missing, b"bytes", articles.article(2)]
    options = {"model": "openai/lab", "base_url": lab.url, "api_key": KEY}
    batch = submit_batch(some, resume=tmp_path / "run.sqlite", **options)
    outcomes = {o.article_id: o for o in collect(batch)}
    assert kinds(list(outcomes.values())) == {"summary": 2, "InvalidArticle": 3}
    assert isinstance(outcomes[str(missing)].failure, InvalidArticle)
    assert batch.status().failed == 3
    assert Counter(o.ok for o in collect(Batch.open(tmp_path / "run.sqlite", api_key=KEY))) == {
        True: 2,
        False: 3,
    }


def test_an_article_that_asks_for_nothing(lab, tmp_path):
    """If this failed, an article without a word of a meeting would wait for ever."""
    dull = "The bakery on the corner sells bread. It opens at seven. It closes at six."
    options = {"model": "openai/lab", "base_url": lab.url, "api_key": KEY, "profile": "local"}
    (outcome,) = collect(submit_batch([dull], resume=tmp_path / "run.sqlite", **options))
    assert outcome.ok
    assert outcome.summary.engagements == []
    assert lab.log() == []


def test_files_are_split_at_the_limits_of_the_api(lab, tmp_path):
    """If this failed, a file would be turned away as too long."""
    batch = submit(lab, tmp_path / "run.sqlite", 12, bytes_per_file=20_000)
    sizes = [count for _, _, _, count in batch.status().parts]
    assert sum(sizes) == 11
    assert len(sizes) > 2
    check(collect(batch), 12)


def test_what_does_not_wait_gives_what_is_there(lab, tmp_path):
    """If this failed, a look at noon would wait until midnight."""
    lab.take(Plan(key=KEY, batch=BatchPlan(seconds=0.3)))
    batch = submit(lab, tmp_path / "run.sqlite", 6)
    assert [o.article_id for o in batch.collect(wait=False)] == ["MFA/000000"]
    assert list(batch.collect(wait=False)) == []
    told = []
    rest = collect(batch, progress=told.append)
    assert sorted(o.article_id for o in rest) == [f"MFA/{n:06}" for n in range(1, 6)]
    assert told[-1].over
    assert [status.done for status in told] == sorted(status.done for status in told)


def test_nothing_of_the_articles_stays_with_the_endpoint(lab, tmp_path):
    """If this failed, files of articles would pile up in the account."""
    collect(submit(lab, tmp_path / "run.sqlite", 9, requests_per_file=3))
    with openai.OpenAI(base_url=lab.url, api_key=KEY) as sdk:
        assert [file.id for file in sdk.files.list()] == []


def test_a_client_of_the_users_own(lab, tmp_path):
    """If this failed, a client with its own transport could not submit a batch."""
    with openai.OpenAI(base_url=lab.url, api_key=KEY) as sdk:
        options = {"model": "openai/lab", "client": sdk}
        read = map(articles.article, range(4))
        check(collect(submit_batch(read, resume=tmp_path / "run.sqlite", **options)), 4)
        assert not sdk.is_closed()


# --- what becomes of a batch ------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["expired", "failed", "token_limit"])
def test_a_batch_that_is_not_done(lab, tmp_path, fate):
    """If this failed, a batch that expires or is turned away would take its articles along."""
    lab.take(Plan(key=KEY, batch=BatchPlan(fates=(fate,), done=0.5)))
    batch = submit(lab, tmp_path / "run.sqlite", 13)
    outcomes = collect(batch)
    check(outcomes, 13)
    assert kinds(outcomes) == {"summary": 13}
    assert set(asked(lab).values()) == {1}, "what was executed is not asked again"
    sizes = [count for _, _, _, count in batch.status().parts]
    assert sizes == {"expired": [12, 6], "failed": [12, 12], "token_limit": [12, 6, 6]}[fate]


def test_a_full_queue_is_waited_for(lab, tmp_path):
    """If this failed, files would be sent again and again to a queue that is full."""
    lab.take(Plan(key=KEY, batch=BatchPlan(fates=("completed", "token_limit"), seconds=0.1)))
    batch = submit(lab, tmp_path / "run.sqlite", 9, requests_per_file=4)
    outcomes = collect(batch)
    check(outcomes, 9)
    assert kinds(outcomes) == {"summary": 9}
    assert [(state, count) for _, state, _, count in batch.status().parts] == [
        ("completed", 4),
        ("failed", 4),
        ("completed", 4),
    ]


@pytest.mark.parametrize(("fate", "kind"), [("failed", "ConfigurationError"), ("token_limit", "")])
def test_a_batch_that_is_turned_away_again_and_again(lab, tmp_path, fate, kind):
    """If this failed, a batch that never begins would be submitted for ever."""
    lab.take(Plan(key=KEY, batch=BatchPlan(fates=(fate,) * 50)))
    batch = submit(lab, tmp_path / "run.sqlite", 5)
    outcomes = collect(batch)
    check(outcomes, 5)
    assert kinds(outcomes) == {"summary": 1, kind or "ConfigurationError": 4}
    assert "turned away" in outcomes[-1].failure.what
    with Store(tmp_path / "run.sqlite") as store:
        assert store.count()["failures"] == 4
    lab.take(Plan(key=KEY))
    check(collect(submit(lab, tmp_path / "run.sqlite", 5)), 5)


def test_a_batch_that_is_cancelled(lab, tmp_path):
    """If this failed, a user who stops a batch would pay on, or lose what is done."""
    lab.take(Plan(key=KEY, batch=BatchPlan(seconds=0.3)))
    batch = submit(lab, tmp_path / "run.sqlite", 6)
    batch.cancel()
    outcomes = collect(batch)
    check(outcomes, 6)
    assert kinds(outcomes) == {"summary": 1, "Unavailable": 5}
    assert "cancelled" in outcomes[-1].failure.what
    assert len(lab.log()) == 1
    lab.take(Plan(key=KEY))
    again = submit(lab, tmp_path / "run.sqlite", 6)
    assert kinds(collect(again)) == {"summary": 6}
    assert len(lab.log()) == 5, "the one that was read is not asked about again"


def test_a_batch_that_is_cancelled_elsewhere(lab, tmp_path):
    """If this failed, a batch stopped in the provider's console would be submitted again."""
    lab.take(Plan(key=KEY, batch=BatchPlan(seconds=0.3)))
    batch = submit(lab, tmp_path / "run.sqlite", 4)
    with openai.OpenAI(base_url=lab.url, api_key=KEY) as sdk:
        sdk.batches.cancel(batch.status().parts[0][0])
    assert kinds(collect(batch)) == {"summary": 1, "Unavailable": 3}
    assert len(batch.status().parts) == 1


@pytest.mark.parametrize("way", ["files", "batches"])
@pytest.mark.parametrize("kind", ["error_500", "rate_limited_after", "reset_before", "lost"])
def test_calls_that_fail_on_the_way(lab, tmp_path, way, kind):
    """If this failed, a lost answer would end the submission, or have a batch paid for twice."""
    lab.take(Plan(key=KEY, retry_after="0", script={way: (kind,)}))
    batch = submit(lab, tmp_path / "run.sqlite", 5)
    check(collect(batch), 5)
    assert set(asked(lab).values()) == {1}
    assert len(batch.status().parts) == 1
    with openai.OpenAI(base_url=lab.url, api_key=KEY) as sdk:
        assert len(list(sdk.batches.list())) == 1


@pytest.mark.parametrize("kind", ["error_503", "reset_before", "reset_mid_body", "cut_short"])
def test_a_download_that_breaks_off(lab, tmp_path, kind):
    """If this failed, results that are paid for would be lost, or half of them, on the last way."""
    lab.take(Plan(key=KEY, script={"files": (GOOD, kind)}))
    outcomes = collect(submit(lab, tmp_path / "run.sqlite", 5))
    check(outcomes, 5)
    assert kinds(outcomes) == {"summary": 5}
    assert set(asked(lab).values()) == {1}


def test_an_endpoint_that_is_out_of_reach_loses_nothing(lab, tmp_path):
    """If this failed, a network that is down for a minute would be the end of the batch."""
    down = (GOOD, *("error_503",) * 6)
    lab.take(Plan(key=KEY, script={"batches": down}, batch=BatchPlan(seconds=0.05)))
    batch = submit(lab, tmp_path / "run.sqlite", 5)
    found = batch.collect(every=0.02)
    assert next(found).ok
    with pytest.raises(Unavailable):
        next(found)
    assert len(collect(batch)) == 4
    assert set(asked(lab).values()) == {1}


# --- the process that ends --------------------------------------------------------------------

STEPS = [
    ("upload", 1, "after"),
    ("create", 0, "before"),
    ("create", 1, "after"),
    ("take", 0, "after"),
    ("note", 2, "after"),
    ("end", 5, "before"),
]


def child(lab: Lab, store: Path, count: int, *step: object) -> subprocess.CompletedProcess[str]:
    """Run tests/batch_child.py."""
    return subprocess.run(
        [sys.executable, str(ROOT / "tests" / "batch_child.py"), lab.url, str(store), str(count)]
        + [str(word) for word in step],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path[:1]])},
    )


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
@pytest.mark.parametrize("step", STEPS, ids=lambda step: "-".join(map(str, step)))
def test_a_process_that_is_killed(lab, tmp_path, step):
    """If this failed, a batch would be paid for twice, or lost, with the process that made it."""
    store = tmp_path / "run.sqlite"
    ended = child(lab, store, 24, *step)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    went_on = child(lab, store, 24)
    assert went_on.returncode == 0, went_on.stderr
    found = [line.split() for line in went_on.stdout.splitlines()]
    assert sorted(found) == [[f"MFA/{n:06}", "summary"] for n in range(24)]
    assert set(asked(lab).values()) == {1}
    with openai.OpenAI(base_url=lab.url, api_key=KEY) as sdk:
        assert len(list(sdk.batches.list())) == 3


def test_another_process_opens_what_one_submitted(lab, tmp_path, monkeypatch):
    """If this failed, the program that submits would have to run until the batch is done."""
    store = tmp_path / "run.sqlite"
    first = submit(lab, store, 8, aliases={"Lisbon": "PRT"}, prices=PRICES)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    batch = Batch.open(store)
    assert batch.id == first.id
    outcomes = collect(batch)
    check(outcomes, 8)
    assert outcomes[-1].report.cost == pytest.approx(COST / 2)
    again = collect(Batch.open(store, first.id))
    check(again, 8)
    assert all(o.cached and not o.report.cost for o in again)
    assert set(asked(lab).values()) == {1}


def test_the_same_articles_are_the_same_batch(lab, tmp_path):
    """If this failed, a script that is run again would submit everything again."""
    store = tmp_path / "run.sqlite"
    lab.take(Plan(key=KEY, batch=BatchPlan(seconds=0.2)))
    first = submit(lab, store, 6)
    assert submit(lab, store, 6).id == first.id
    assert submit(lab, store, 5).id != first.id, "other articles"
    assert len(first.status().parts) == 1
    check(collect(first), 6)


def test_a_finished_batch_and_an_ordinary_run_know_of_each_other(lab, tmp_path):
    """If this failed, what one way of asking has paid for would be paid for again by the other."""
    store = tmp_path / "run.sqlite"
    given = {"model": "openai/lab", "base_url": lab.url, "api_key": KEY}
    list(summarise_many(map(articles.article, range(4)), resume=store, **given))
    check(collect(submit(lab, store, 8)), 8)
    run = list(summarise_many(map(articles.article, range(8)), resume=store, **given))
    assert all(o.cached for o in run)
    assert set(asked(lab).values()) == {1}
    assert kinds(collect(submit(lab, store, 8))) == {"summary": 8}
    assert len(lab.log()) == 8


def test_one_process_at_a_time(lab, tmp_path):
    """If this failed, two programs would both submit what an article asks further."""
    lab.take(Plan(key=KEY, batch=BatchPlan(seconds=0.2)))
    store = tmp_path / "run.sqlite"
    batch = submit(lab, store, 4)
    other = Batch.open(store, api_key=KEY)
    running = batch.collect(every=0.02)
    next(running)
    with pytest.raises(ConfigurationError, match="Another process"):
        collect(other)
    assert other.status().articles == 4, "looking is free"
    assert len(list(running)) == 3
    check(collect(other), 4)


def test_looking_and_stopping_in_the_middle(lab, tmp_path):
    """If this failed, a loop that looks how far it is, or stops, would lose what it gathers."""
    batch = submit(lab, tmp_path / "run.sqlite", 8)
    found = []
    for outcome in batch.collect(every=0.02):
        found.append(outcome)
        assert batch.status().articles == 8
        if len(found) == 2:
            batch.cancel()
    check(found, 8)
    assert set(kinds(found)) <= {"summary", "Unavailable"}


def test_articles_that_end_with_an_error(lab, tmp_path):
    """If this failed, half a list would stay behind as a batch, or be submitted as the whole."""

    def some() -> Iterator[Article]:
        yield articles.article(1)
        message = "the disk is gone"
        raise OSError(message)

    options = {"model": "openai/lab", "base_url": lab.url, "api_key": KEY}
    with pytest.raises(OSError, match="the disk is gone"):
        submit_batch(some(), resume=tmp_path / "run.sqlite", **options)
    with Store(tmp_path / "run.sqlite") as store:
        assert store.count()["notes"] == 0
    assert lab.log() == []


def test_the_newest_batch_is_opened(lab, tmp_path):
    """If this failed, looking at an older batch would make it the one that is opened."""
    store = tmp_path / "run.sqlite"
    first = submit(lab, store, 2)
    second = submit(lab, store, 3)
    collect(first)
    assert Batch.open(store, api_key=KEY).id == second.id
    assert Batch.open(store, first.id, api_key=KEY).id == first.id


def test_an_interrupt_says_how_to_go_on(lab, tmp_path, monkeypatch, caplog):
    """If this failed, Ctrl-C would leave a user to guess whether the batch goes on."""
    lab.take(Plan(key=KEY, batch=BatchPlan(seconds=0.2)))
    batch = submit(lab, tmp_path / "run.sqlite", 3)

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "communique"):
        patch.setattr(time, "sleep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            collect(batch)
    assert f"Batch.open({str(tmp_path / 'run.sqlite')!r}, {batch.id!r}).collect()" in caplog.text
    assert len(collect(batch)) == 2, "the first was yielded before"


# --- before anything is submitted -------------------------------------------------------------


def test_a_wrong_key_is_told_before_anything_is_submitted(lab, tmp_path):
    """If this failed, a misspelt key would show tomorrow, or as ten thousand failures."""
    store = tmp_path / "run.sqlite"
    with pytest.raises(AuthenticationFailed) as caught:
        submit(lab, store, 6, api_key="sk-lab-ffffffffffffffff")
    assert "ffffffff" not in str(caught.value)
    assert "POST files good" not in lab.statistics()["other"]
    outcomes = collect(submit(lab, store, 6))
    assert kinds(outcomes) == {"summary": 6}


def test_no_key_is_written_down(lab, tmp_path):
    """If this failed, a store that is passed on would pass the key on."""
    lab.take(Plan())
    store = tmp_path / "run.sqlite"
    url = lab.url.replace("127.0.0.1", "user:hunter2secret@127.0.0.1")
    collect(submit(lab, store, 3, base_url=url))
    data = store.read_bytes()
    assert KEY.encode() not in data
    assert b"hunter2secret" not in data


def test_money_that_is_left_over_is_spent_later(lab, tmp_path):
    """If this failed, a budget would end at what requests might have cost, not at what they did."""
    batch = submit(lab, tmp_path / "run.sqlite", 10, budget=2.0)
    assert len(batch.status().parts) == 1
    assert kinds(collect(batch)) == {"summary": 10}
    assert len(batch.status().parts) > 1


def test_not_even_the_first_passes_the_budget(lab, tmp_path):
    """If this failed, the article that is asked about at once would not be counted."""
    outcomes = collect(submit(lab, tmp_path / "run.sqlite", 3, budget=0.01))
    assert kinds(outcomes) == {"BudgetSpent": 3}
    assert lab.log() == []


def test_a_budget_is_not_passed(lab, tmp_path):
    """If this failed, a budget would be a wish."""
    batch = submit(lab, tmp_path / "run.sqlite", 30, budget=2.0)
    (part,) = batch.status().parts
    assert 1 < part[3] < 29, "each might cost half a dollar"
    # As if the one that was asked at once had been a long one.
    batch._book.tell(at_once=[100, 10, 1.9])
    outcomes = collect(batch)
    check(outcomes, 30)
    assert kinds(outcomes) == {"summary": 1 + part[3], "BudgetSpent": 29 - part[3]}
    assert all(o.ok or isinstance(o.failure, BudgetSpent) for o in outcomes)
    assert len(lab.log()) == 1 + part[3]
    assert batch.status().cost <= 2.0
    more = submit(lab, tmp_path / "run.sqlite", 30, budget=500.0)
    assert kinds(collect(more)) == {"summary": 30}
    assert set(asked(lab).values()) == {1}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"resume": None}, "needs a store"),
        ({"model": "local"}, "has no batches"),
        ({"model": "nonsense"}, "no model 'nonsense'"),
        ({"budget": 0}, "budget is 0"),
        ({"budget": 1.0, "prices": None}, "prices of 'lab' are not known"),
        ({"requests_per_file": 50_001}, "from 1 to 50,000"),
        ({"bytes_per_file": 0}, "bytes_per_file is 0"),
        ({"articles": "one text"}, "of type str"),
        ({"articles": 3}, "of type int"),
    ],
)
def test_wrong_options(lab, tmp_path, options, words):
    """If this failed, a mistake would be told by the endpoint, or not at all."""
    given = {"model": "openai/lab", "base_url": lab.url, "api_key": KEY, "prices": PRICES}
    given |= {"articles": [articles.article(1)], "resume": tmp_path / "run.sqlite", **options}
    if given["model"] == "local":
        pytest.importorskip("xllamacpp")
        given |= {"base_url": None, "api_key": None}
    with pytest.raises(ConfigurationError, match=words):
        submit_batch(given.pop("articles"), **given)
    assert lab.log() == []


def test_what_cannot_be_opened(lab, tmp_path):
    """If this failed, a batch would be read in another way than it was asked, or not found."""
    with pytest.raises(ConfigurationError, match="no batch"):
        Batch.open(tmp_path / "run.sqlite")
    batch = submit(lab, tmp_path / "run.sqlite", 2)
    with pytest.raises(ConfigurationError, match="no batch 'x' in"):
        Batch.open(tmp_path / "run.sqlite", "x", api_key=KEY)
    with pytest.raises(ConfigurationError, match="other settings"):
        Batch.open(tmp_path / "run.sqlite", api_key=KEY, aliases={"Lisbon": "PRT"})
    with pytest.raises(ConfigurationError, match="under way"):
        batch.forget()
    collect(batch)
    batch.forget()
    with Store(tmp_path / "run.sqlite") as store:
        assert (store.count()["notes"], store.count()["summaries"]) == (0, 2)


# --- the client that keeps a book -------------------------------------------------------------


class Schema(client_module.BaseModel):
    """What is asked for."""

    words: str


@pytest.fixture
def book(tmp_path):
    """Give an empty book."""
    header = {"way": "w", "limits": {}, "settings": {}}
    return book_module.Book.write(Store(tmp_path / "book.sqlite"), [], header)


def enter(book: Any, number: int, name: str, line: Any = None, dialect: int = 0) -> None:
    """Enter a request, and what came back of it."""
    book.enter(book_module.Part(number, "file", 1, state="done"), [name], dialect)
    if line is not None:
        book.take([(name, line)])


def wanted_of(book: Any, dialects: Dialects) -> tuple[BookClient, dict[str, Wanted]]:
    """Ask a question; give the client and what it wants."""
    from communique import _loop

    client = BookClient(Endpoint("m"), book, 0, owners={}, dialects=dialects)
    options = {"check": lambda _: (), "budget": client_module.Budget(), "max_tokens": 9}
    message = [{"role": "user", "content": "Say."}]
    asking = client.ask(message, Schema, passage=0, prompt_version="p", **options)
    with pytest.raises(Deferred):
        _loop.run(asking)
    return client, client.wanted


def test_a_parameter_that_is_refused_is_left_out_the_next_time(book):
    """If this failed, an endpoint that does not take a parameter would be asked the same again."""
    dialects = Dialects([Dialect("schema")])
    _, wanted = wanted_of(book, dialects)
    ((name, first),) = wanted.items()
    assert first.body["temperature"] == 0
    error = {"error": {"message": "Unsupported parameter", "param": "temperature"}}
    refusal = {"response": {"status_code": 400, "body": error}, "error": None}
    enter(book, 1, name, refusal)
    client, wanted = wanted_of(book, dialects)
    ((second_name, second),) = wanted.items()
    assert second_name != name
    assert "temperature" not in second.body
    dialects.learn(client.dialect)
    # Another article's, sent before that was known, is asked again in the same way.
    client, wanted = wanted_of(book, dialects)
    assert [*wanted] == [second_name]
    assert client.dialect == dialects.known[-1]


def test_lines_of_every_kind():
    """If this failed, a line of results would be read as something else than it is."""
    body = {"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]}
    good = completion_of({"response": {"status_code": 200, "body": body}, "error": None})
    assert good.choices[0].message.content == "{}"
    for status, kind in ((401, openai.AuthenticationError), (418, openai.APIStatusError)):
        with pytest.raises(kind):
            completion_of({"response": {"status_code": status, "body": {}}, "error": None})
    with pytest.raises(openai.InternalServerError):
        completion_of({"response": {"status_code": 502, "body": "<h1>"}, "error": None})
    for error in ({"code": "batch_expired", "message": "late"}, None, "?"):
        with pytest.raises(Unavailable):
            completion_of({"response": None, "error": error})


def test_a_file_of_results_with_anything_in_it(monkeypatch):
    """If this failed, one broken line would cost the lines around it."""
    monkeypatch.setattr(api_module, "LONGEST_BODY", 100)
    good = [json.dumps({"custom_id": f"r{n}"}).encode() for n in range(3)]
    junk = [b"", b"{", b"[1]", b'{"custom_id": 3}', b"\xff\xfe", b'{"custom_id": "' + b"x" * 900]
    data = b"\n".join([good[0], *junk, good[1], good[2]])
    found = api_module.lines_of(io.BytesIO(data))
    assert [line["custom_id"] for line in found] == ["r0", "r1", "r2"]
