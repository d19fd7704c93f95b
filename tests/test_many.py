"""Many articles: one outcome each, in whatever way the others, the endpoint or the user end."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from communique import (
    Article,
    AuthenticationFailed,
    BudgetSpent,
    ConfigurationError,
    InternalError,
    InvalidArticle,
    InvalidReply,
    Outcome,
    QuotaExhausted,
    Refused,
    StorageError,
    Summariser,
    Unavailable,
    _loop,
    asummarise_many,
    client,
    crew,
    desk,
    merging,
    summarise_many,
)
from communique.store import Store
from conftest import ROOT
from faultlab.wire import Exchange
from faults import (
    COMPLETION_TOKENS,
    PROMPT_TOKENS,
    Asked,
    Fault,
    FaultyServer,
    refuses,
    says,
    status,
)

KEY = "sk-proj-0123456789abcdefSECRET"
PRICES = {"stand-in": (10.0, 100.0)}
COST = (10.0 * PROMPT_TOKENS + 100.0 * COMPLETION_TOKENS) / 1e6


def text(number: int) -> str:
    """A readout, no two alike, that names both sides."""
    return (
        f"Portuguese Foreign Minister Ana Duarte met Omani Foreign Minister Salim Harthy in Lisbon "
        f"on 14 May 2024. It was meeting number {number}."
    )


def number_in(body: Mapping[str, Any]) -> int:
    """The number of the readout that a request is about."""
    content = next(
        m["content"] for m in reversed(body["messages"]) if m["content"].startswith("<<<")
    )
    return int(content.split("meeting number ")[1].split(".")[0])


def read(body: Mapping[str, Any]) -> object:
    """Answer as a good model does."""
    number_in(body)
    meeting = {
        "words": "met",
        "kind": "meeting",
        "status": "held",
        "who": ["Portuguese Foreign Minister Ana Duarte", "Omani Foreign Minister Salim Harthy"],
        "event": "",
        "when": "on 14 May 2024",
        "where": "Lisbon",
    }
    return {"abstract": "They met in Lisbon.", "meetings": [meeting], "agreements": []}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the pauses between requests out, and look at what others do at once."""
    monkeypatch.setattr(client, "_backoff", lambda: lambda _: 0.0)
    monkeypatch.setattr(crew, "LOOK", 0.02)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """A server that reads well whatever is not scripted."""
    with FaultyServer(read) as running:
        yield running


Many = Callable[..., Iterator[Outcome]]


@pytest.fixture
def settings(server: FaultyServer) -> dict[str, Any]:
    """The settings that ask the server."""
    return {"model": "openai/stand-in", "base_url": server.url, "api_key": KEY}


@pytest.fixture
def many(settings: dict[str, Any]) -> Many:
    """Run over articles with the server."""
    return lambda articles, **options: summarise_many(articles, **{**settings, **options})


def asked(server: FaultyServer) -> list[int]:
    """The numbers of the readouts that were asked about, sorted."""
    return sorted(number_in(request.body) for request in server.requests)


def kinds(outcomes: list[Outcome]) -> Counter[str]:
    """Count the outcomes by what they are."""
    return Counter("summary" if o.ok else type(o.failure).__name__ for o in outcomes)


def answering(server: FaultyServer, choose: Callable[[int, int], Fault | None]) -> None:
    """Answer by the number of the readout and how many requests came before; None: well."""
    good = server.next

    def following(request: Asked) -> Fault:
        fault = good(request)
        return choose(number_in(request.body), len(server.requests)) or fault

    server.next = following  # type: ignore[method-assign]


def consume(run: Iterator[Outcome], found: list[Outcome]) -> None:
    """Take every outcome, so that those before an error are there after it."""
    for outcome in run:
        found.append(outcome)  # noqa: PERF402 - extend() would lose them


class Held:
    """A fault that answers well, and only when it is released."""

    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        self.release = threading.Event()

    async def __call__(self, exchange: Exchange) -> None:
        self.arrived.release()
        await asyncio.to_thread(self.release.wait, 60)
        await says(read(exchange.asked.body))(exchange)


# --- an outcome for each ----------------------------------------------------------------------


def test_each_article_has_its_outcome_in_order(many, server):
    """If this failed, a run could not be laid beside the table it was made from."""
    outcomes = list(many(map(text, range(100))))
    assert [o.summary.source.sha256 for o in outcomes] == [
        Article(text(number)).sha256 for number in range(100)
    ]
    assert all(o.ok and not o.cached and o.failure is None for o in outcomes)
    assert all(o.report == o.summary.report for o in outcomes)
    assert asked(server) == list(range(100))


def test_what_is_given_may_be_mixed(many, tmp_path):
    """If this failed, a user would have to bring every article into one form first."""
    file = tmp_path / "a.txt"
    file.write_text(text(1), encoding="utf-8")
    given = [text(0), file, Article(text(2), id="n2"), Article(text(3), url="https://a.example/3")]
    outcomes = list(many(given))
    assert all(o.ok for o in outcomes)
    ids = [o.article_id for o in outcomes]
    assert ids[0] == f"sha256:{Article(text(0)).sha256[:16]}"
    assert ids[1:] == [str(file), "n2", "https://a.example/3"]


def test_what_is_no_article_is_a_failure_with_a_name(many, server, tmp_path):
    """If this failed, one bad file would end a night's run, or vanish from it."""
    (tmp_path / "empty.txt").touch()
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)))
    given = [text(0), "", tmp_path / "none.txt", tmp_path, tmp_path / "empty.txt"]
    given += [tmp_path / "binary.txt", b"bytes", None, 7, "a\ud800", "x" * 1_000_001, text(1)]
    outcomes = list(many(given))
    assert [o.ok for o in outcomes] == [True] + [False] * 10 + [True]
    assert all(isinstance(o.failure, InvalidArticle) for o in outcomes[1:-1])
    assert [o.article_id for o in outcomes[2:6]] == [str(path) for path in given[2:6]]
    assert [o.article_id for o in outcomes[6:10]] == ["item:6", "item:7", "item:8", "item:9"]
    assert all(o.report.attempts == [] for o in outcomes[1:-1])
    assert asked(server) == [0, 1]


def test_nothing_at_all(many, server):
    """If this failed, an empty folder would be an error."""
    assert list(many([])) == []
    assert server.requests == []


@pytest.mark.parametrize("wrong", ["text", b"bytes", None, 7, Path("folder")])
def test_one_thing_is_not_many(many, wrong):
    """If this failed, a text would be read letter by letter."""
    with pytest.raises(ConfigurationError, match="type"):
        many(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"on_error": "ignore"},
        {"processes": 0},
        {"processes": 1.5},
        {"progress": 3},
        {"concurrency": 0},
        {"budget": -1},
        {"model": "nonesuch"},
        {"prices": {"m": 1}},
    ],
)
def test_a_wrong_option_is_told_at_once(many, wrong):
    """If this failed, a slip would be noticed only when the first article is asked for."""
    with pytest.raises(ConfigurationError):
        many([text(0)], **wrong)


def test_a_run_that_is_not_begun_does_nothing(many, server, tmp_path):
    """If this failed, making a run would open files or ask for articles before it is wanted."""
    run = many([text(0)], resume=tmp_path / "run.sqlite")
    del run
    gc.collect()
    assert server.requests == []
    assert not (tmp_path / "run.sqlite").exists()


def test_articles_are_taken_only_so_far_ahead(many, server):
    """If this failed, memory would grow with the number of articles."""
    taken = itertools.count()
    run = many((text(next(taken)) for _ in itertools.count()), concurrency=2)
    for given in range(20):
        next(run)
        assert next(taken) - given <= 2 * desk.LEAST_AHEAD
    run.close()


def test_one_slow_article_does_not_let_the_others_pile_up(many, server):
    """If this failed, a run in order would hold everything behind one slow article in memory."""
    held = Held()
    answering(server, lambda number, _: held if number == 0 else None)
    taken: list[int] = []

    def numbers() -> Iterator[str]:
        for number in itertools.count():
            taken.append(number)
            if number == desk.LEAST_AHEAD:  # everything that may be taken was taken
                held.release.set()
            yield text(number)

    run = many(numbers(), concurrency=4)
    timer = threading.Timer(1.0, held.release.set)
    timer.start()
    next(run)
    assert len(taken) <= desk.LEAST_AHEAD + 1
    run.close()
    timer.cancel()


def test_without_order_the_quick_come_first(many, server):
    """If this failed, one slow article would hold up all the others."""
    held = Held()
    answering(server, lambda number, _: held if number == 0 else None)
    found = []
    for outcome in many(map(text, range(20)), ordered=False):
        found.append(outcome.summary.source.sha256)
        if len(found) == 19:
            held.release.set()
    assert found[-1] == Article(text(0)).sha256
    assert sorted(found) == sorted(Article(text(number)).sha256 for number in range(20))


# --- twins ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [False, True])
def test_the_same_text_is_asked_about_once(many, server, tmp_path, stored):
    """If this failed, a wire story in ten papers would be paid for ten times."""
    given = [Article(text(n % 5), id=str(n), title=f"T{n}") for n in range(50)]
    options = {"resume": tmp_path / "run.sqlite"} if stored else {}
    outcomes = list(many(given, **options))
    assert asked(server) == list(range(5))
    assert [o.article_id for o in outcomes] == [str(n) for n in range(50)]
    assert [o.summary.source.id for o in outcomes] == [str(n) for n in range(50)]
    assert [o.summary.source.title for o in outcomes] == [f"T{n}" for n in range(50)]
    paid = [o for o in outcomes if not o.report.cached]
    assert len(paid) == 5
    if stored:
        again = list(many(given, **options))
        assert all(o.cached for o in again)
        assert [o.summary.source.id for o in again] == [str(n) for n in range(50)]


def test_twins_of_different_days_are_not_twins(many, server):
    """If this failed, "on Wednesday" would be the wrong Wednesday in one of two papers."""
    list(many([Article(text(0), "2024-05-15"), Article(text(0), "2024-05-16")]))
    assert asked(server) == [0, 0]


def test_a_twin_shares_a_failure(many, server):
    """If this failed, what was refused once would be asked again and again."""
    server.script(refuses())
    outcomes = list(many([text(0)] * 3))
    assert kinds(outcomes) == {"Refused": 3}
    assert len(server.requests) == 1
    assert sum(len([a for a in o.report.attempts if not a.cached]) for o in outcomes) == 1


def test_what_is_remembered_for_twins_is_bounded(monkeypatch):
    """If this failed, memory would grow with the number of articles."""
    memory = desk._Memory(10_000)
    for number in range(100):
        memory.put(number, Outcome.failed(str(number), Refused("No.")))
    assert memory.size <= 10_000
    assert memory.get(0) is None
    assert memory.get(99).article_id == "99"


# --- failures ---------------------------------------------------------------------------------


def test_one_article_that_fails_leaves_the_others(many, server):
    """If this failed, one refusal would end a run."""
    answering(server, lambda number, _: refuses() if number % 10 == 3 else None)
    outcomes = list(many(map(text, range(40))))
    assert [n for n, o in enumerate(outcomes) if not o.ok] == [3, 13, 23, 33]
    failed = outcomes[3]
    assert isinstance(failed.failure, Refused)
    assert [a.outcome for a in failed.report.attempts] == ["refused"]
    assert failed.failure.report == failed.report


def test_the_first_failure_may_be_raised(many, server, tmp_path):
    """If this failed, a user who wants all or nothing would have to look at each outcome."""
    answering(server, lambda number, _: refuses() if number == 3 else None)
    found = []
    with pytest.raises(Refused):
        consume(many(map(text, range(40)), on_error="raise", resume=tmp_path / "r.sqlite"), found)
    assert len(found) == 3
    with Store(tmp_path / "r.sqlite") as store:
        assert store.count()["failures"] == 1, "it is kept before it is raised"


def test_a_fault_of_the_library_ends_one_article(many, server, monkeypatch, caplog):
    """If this failed, a fault in reading one article would end the run, or lose the article."""
    good = merging.meetings

    def faulty(told: Any, scene: Any) -> Any:
        if "number 7." in scene.text:
            raise ZeroDivisionError(scene.text)
        return good(told, scene)

    monkeypatch.setattr(merging, "meetings", faulty)
    outcomes = list(many([Article(text(n), id=f"n{n}") for n in range(12)]))
    assert [n for n, o in enumerate(outcomes) if not o.ok] == [7]
    failure = outcomes[7].failure
    assert type(failure) is InternalError
    assert "n7" in failure.what
    assert "ZeroDivisionError" in failure.what
    assert isinstance(failure.__cause__, ZeroDivisionError)
    assert "Duarte" not in str(failure) + caplog.text, "the article's words are in no log"


def test_a_panic_of_compiled_code_ends_one_article(many, monkeypatch):
    """If this failed, an error that is no Exception would leave an article without an outcome."""

    class Panic(BaseException):
        pass

    def panic(*_: object) -> None:
        raise Panic

    monkeypatch.setattr(merging, "meetings", panic)
    assert kinds(list(many(map(text, range(3))))) == {"InternalError": 3}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (status(401, "Incorrect API key provided."), AuthenticationFailed),
        (
            status(429, "You exceeded your current quota.", code="insufficient_quota"),
            QuotaExhausted,
        ),
    ],
)
def test_an_account_that_ends_half_way(many, server, tmp_path, fault, kind):
    """If this failed, each of the articles left would ask an account that is gone."""
    answering(server, lambda _, before: fault if before > 20 else None)
    store = tmp_path / "run.sqlite"
    outcomes = list(many(map(text, range(200)), concurrency=4, resume=store))
    assert kinds(outcomes) == {"summary": 20, kind.__name__: 180}
    assert len(server.requests) <= 20 + 4
    reports = [o.failure.report for o in outcomes if not o.ok and o.failure.report is not None]
    assert len(set(map(id, reports))) == len(reports), "each has a report of its own"
    del server.next
    before = len(server.requests)
    again = list(many(map(text, range(200)), resume=store))
    assert kinds(again) == {"summary": 200}
    assert sum(o.cached for o in again) == 20
    assert len(server.requests) == before + 180


def test_a_model_that_there_is_not_is_asked_for_by_a_few(many, server):
    """If this failed, a wrong name would be tried once for each of ten thousand articles."""
    answering(server, lambda *_: status(404, "The model does not exist."))
    outcomes = list(many(map(text, range(100)), concurrency=4))
    assert kinds(outcomes) == {"ConfigurationError": 100}
    assert len(server.requests) <= 4


def test_one_request_that_is_not_taken_does_not_end_a_run(many, server):
    """If this failed, one odd article would end all the others."""
    answering(server, lambda number, _: status(400, "Odd.") if number == 30 else None)
    outcomes = list(many(map(text, range(60)), concurrency=4))
    assert kinds(outcomes) == {"summary": 59, "ConfigurationError": 1}


def test_an_exception_of_the_iterable_waits_for_what_is_under_way(many, server):
    """If this failed, an error in a user's generator would throw away what was paid for."""

    def articles() -> Iterator[str]:
        yield from map(text, range(10))
        message = "the table has ended"
        raise LookupError(message)

    found = []
    with pytest.raises(LookupError, match="the table has ended"):
        consume(many(articles()), found)
    assert len(found) == 10
    assert all(o.ok for o in found)


def test_a_passage_that_was_not_read_is_asked_for_in_the_next_run(many, server, tmp_path):
    """If this failed, a hiccup in the middle of an article would stay in it for ever."""
    long = "\n\n".join(text(number) for number in range(8))
    good = server.next

    def following(request: Asked) -> Fault:
        fault = good(request)
        return status(503) if "number 4." in request.messages[-1]["content"] else fault

    server.next = following  # type: ignore[method-assign]
    options = {"resume": tmp_path / "run.sqlite", "profile": "local"}
    (first,) = many([long], **options)
    assert first.ok
    assert "failed" in {passage.fate for passage in first.report.passages}
    del server.next
    server.requests.clear()
    (second,) = many([long], **options)
    assert "failed" not in {passage.fate for passage in second.report.passages}
    assert 0 < len(server.requests) < 8, "only what was missing"
    (third,) = many([long], **options)
    assert third.cached


# --- going on ---------------------------------------------------------------------------------


def test_the_second_run_asks_nothing(many, server, tmp_path):
    """If this failed, finished work would be paid for again."""
    store = tmp_path / "run.sqlite"
    answering(server, lambda number, _: refuses() if number == 3 else None)
    first = list(many(map(text, range(30)), resume=store))
    before = len(server.requests)
    second = list(many(map(text, range(30)), resume=store))
    assert len(server.requests) == before
    assert all(o.cached for o in second)
    assert [o.article_id for o in second] == [o.article_id for o in first]
    for old, new in zip(first, second, strict=True):
        if old.ok:
            assert new.summary.engagements == old.summary.engagements
        else:
            assert type(new.failure) is type(old.failure)
            assert new.failure.what == old.failure.what
    paid = [a for o in second for a in o.report.attempts if not a.cached or a.cost]
    assert paid == []


def test_what_may_pass_is_tried_again(many, server, tmp_path):
    """If this failed, an outage would be the last word on what was read during it."""
    store = tmp_path / "run.sqlite"
    answering(server, lambda number, _: status(500) if number < 3 else None)
    first = list(many(map(text, range(6)), resume=store))
    assert kinds(first) == {"summary": 3, "Unavailable": 3}
    del server.next
    second = list(many(map(text, range(6)), resume=store))
    assert kinds(second) == {"summary": 6}
    assert [o.cached for o in second] == [False] * 3 + [True] * 3


def test_replies_that_were_kept_are_not_asked_for_again(many, server, tmp_path):
    """If this failed, a run that was killed before it kept an outcome would pay for it twice."""
    store = tmp_path / "run.sqlite"
    list(many(map(text, range(5)), resume=store))
    with Store(store) as opened, opened._database.writing() as connection:
        connection.execute("DELETE FROM outcomes")
    server.requests.clear()
    outcomes = list(many(map(text, range(5)), resume=store))
    assert server.requests == []
    assert all(o.cached and o.report.cached for o in outcomes)


def test_another_way_of_reading_is_another_question(many, server, tmp_path):
    """If this failed, a summary would come from other settings than those of the call."""
    store = tmp_path / "run.sqlite"
    list(many([text(0)], resume=store))
    list(many([text(0)], resume=store, aliases={"Lisbon": "PRT"}))
    list(many([text(0)], resume=store, profile="local"))
    assert len(server.requests) == 2, "aliases change what is made of a reply, not the reply"
    with Store(store) as opened:
        assert opened.count()["summaries"] == 3


def test_two_runs_share_the_work(settings, server, tmp_path):
    """If this failed, a second process would double the bill instead of halving the time."""
    store = tmp_path / "run.sqlite"
    found: dict[int, list[Outcome]] = {}

    def run(which: int) -> None:
        found[which] = list(summarise_many(map(text, range(80)), resume=store, **settings))

    threads = [threading.Thread(target=run, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert asked(server) == list(range(80))
    for outcomes in found.values():
        assert [o.summary.source.sha256 for o in outcomes] == [
            Article(text(number)).sha256 for number in range(80)
        ]
    with Store(store) as opened:
        assert opened.count()["claims"] == 0


def test_what_another_process_has_is_waited_for(many, server, tmp_path):
    """If this failed, an article that another process reads would be asked twice, or be lost."""
    store = Store(tmp_path / "run.sqlite")
    (outcome,) = many([text(0)], resume=store)
    with store._database.reading() as connection:
        keys = connection.execute("SELECT article_key, settings_key FROM outcomes").fetchone()
    with store._database.writing() as connection:
        connection.execute("DELETE FROM outcomes")
    server.requests.clear()
    assert store.claim(*keys, owner="elsewhere:1:2:3", seconds=60)
    run = many([text(0), text(1)], resume=store, ordered=False)
    assert next(run).summary.source.sha256 == Article(text(1)).sha256
    told = crew.paid(outcome.summary)
    store.keep_outcome(*keys, article_id="a", summary=told, owner="elsewhere:1:2:3")
    (last,) = run
    assert last.cached
    assert asked(server) == [1]


def test_a_store_that_is_not_one_is_told(many, tmp_path):
    """If this failed, a run would begin that has nowhere to keep what it pays for."""
    (tmp_path / "letter.txt").write_text("Dear Ana, this is no database. " * 50)
    with pytest.raises(StorageError):
        next(many([text(0)], resume=tmp_path / "letter.txt"))


def test_a_store_that_fails_half_way_ends_the_run(many, server, tmp_path, monkeypatch):
    """If this failed, a full disk would have every reply after it paid for and thrown away."""
    good, calls = Store.put, itertools.count()

    def full(self: Store, *args: Any, **options: Any) -> None:
        if next(calls) >= 10:
            raise StorageError("The disk is full.", "Free some space.")
        good(self, *args, **options)

    monkeypatch.setattr(Store, "put", full)
    outcomes = list(many(map(text, range(100)), resume=tmp_path / "r.sqlite", concurrency=4))
    found = kinds(outcomes)
    assert set(found) == {"summary", "StorageError"}
    assert 10 <= found["summary"] <= 14, "what was paid for is used, and nothing more is"
    assert len(server.requests) == found["summary"]


# --- money ------------------------------------------------------------------------------------


def test_the_cost_of_each_and_of_all(many):
    """If this failed, a bill could not be foreseen, or be laid to an article."""
    seen = []
    outcomes = list(many(map(text, range(5)), prices=PRICES, progress=seen.append))
    assert [o.report.cost for o in outcomes] == [pytest.approx(COST)] * 5
    assert seen[-1].cost == pytest.approx(5 * COST)
    assert (seen[-1].requests, seen[-1].tokens) == (5, 5 * (PROMPT_TOKENS + COMPLETION_TOKENS))


def test_a_budget_ends_a_run_before_it_is_passed(many, server, tmp_path):
    """If this failed, a run would cost more than it was allowed, or lose what it has paid for."""
    budget = 1.9
    store = tmp_path / "run.sqlite"
    outcomes = list(many(map(text, range(2_000)), prices=PRICES, budget=budget, resume=store))
    spent = len(server.requests) * COST
    assert 0.4 * budget < spent <= budget
    assert kinds(outcomes) == {
        "summary": len(server.requests),
        "BudgetSpent": 2_000 - len(server.requests),
    }
    assert "1.9" in next(o.failure.what for o in outcomes if isinstance(o.failure, BudgetSpent))
    with Store(store) as opened:
        assert opened.count()["summaries"] == len(server.requests)


def test_a_budget_needs_prices(many, server):
    """If this failed, a budget would be no limit at all for a model of one's own."""
    for limit in ("budget", "dollars_per_minute"):
        with pytest.raises(ConfigurationError, match="prices of 'stand-in' are not known"):
            list(many([text(0)], **{limit: 5.0}))
    assert server.requests == []


def test_an_unknown_price_is_not_zero(many):
    """If this failed, a run would be told to cost nothing because nobody knows what it costs."""
    seen = []
    (outcome,) = many([text(0)], progress=seen.append)
    assert outcome.report.cost is None
    assert seen[-1].cost is None


def test_a_limit_on_requests_of_a_run(many, server):
    """If this failed, a trial could not be kept small."""
    outcomes = list(many(map(text, range(50)), requests_per_run=7))
    assert kinds(outcomes) == {"summary": 7, "BudgetSpent": 43}
    assert len(server.requests) == 7


# --- progress ---------------------------------------------------------------------------------


def test_progress_is_told_after_each(many, server):
    """If this failed, a user's own display would be wrong."""
    server.script(refuses())
    seen = []
    list(many([*map(text, range(5)), ""], progress=seen.append))
    assert [p.done for p in seen] == [1, 2, 3, 4, 5, 6]
    assert (seen[-1].total, seen[-1].failed, seen[-1].cached) == (6, 2, 0)
    assert seen[-1].seconds_left == 0


def test_a_length_that_is_not_known_is_not_made_up(many):
    """If this failed, a bar would show an end that is not there."""
    seen = []
    list(many((text(n) for n in range(3)), progress=seen.append))
    assert [(p.total, p.seconds_left) for p in seen] == [(None, None)] * 3


def test_without_a_terminal_nothing_is_written(many, capfd):
    """If this failed, a log file would be full of a bar's escapes."""
    list(many(map(text, range(3))))
    assert capfd.readouterr() == ("", "")


# --- from an event loop -----------------------------------------------------------------------


def test_the_awaitable_twin(settings, server):
    """If this failed, an asynchronous program could not run over many articles."""

    async def articles() -> Any:
        for number in range(20):
            await asyncio.sleep(0)
            yield text(number)

    async def collect(given: Any) -> list[Outcome]:
        return [outcome async for outcome in asummarise_many(given, **settings)]

    for given in (articles(), map(text, range(20))):
        outcomes = asyncio.run(collect(given))
        assert [o.summary.source.sha256 for o in outcomes] == [
            Article(text(number)).sha256 for number in range(20)
        ]


def test_a_slow_asynchronous_source_holds_nothing_up(settings):
    """If this failed, an article would wait for the one after it."""

    async def main() -> None:
        given = asyncio.Event()

        async def articles() -> Any:
            yield text(0)
            await given.wait()
            yield text(1)

        run = asummarise_many(articles(), **settings)
        assert (await asyncio.wait_for(anext(run), 20)).ok
        given.set()
        assert (await asyncio.wait_for(anext(run), 20)).ok
        with pytest.raises(StopAsyncIteration):
            await anext(run)

    asyncio.run(main())


def test_an_error_of_an_asynchronous_source(settings):
    """If this failed, it would be lost, or come before what was already read."""

    async def articles() -> Any:
        yield text(0)
        raise LookupError

    async def main() -> list[Outcome]:
        run = asummarise_many(articles(), **settings)
        found = [await anext(run)]
        with pytest.raises(LookupError):
            await anext(run)
        return found

    assert [o.ok for o in asyncio.run(main())] == [True]


def test_an_asynchronous_source_from_a_thread(many):
    """If this failed, a script could not use a source that is asynchronous."""

    async def articles() -> Any:
        for number in range(5):
            await asyncio.sleep(0)
            yield text(number)

    assert kinds(list(many(articles()))) == {"summary": 5}


def test_inside_a_running_loop(many):
    """If this failed, a notebook would stand still for ever."""

    async def cell() -> int:
        return len(list(many(map(text, range(5)))))

    assert asyncio.run(cell()) == 5


def test_the_methods_do_the_same(settings):
    """If this failed, settings could not be reused for several runs."""
    summariser = Summariser(settings.pop("model"), **settings)

    async def collect() -> list[Outcome]:
        return [o async for o in summariser.asummarise_many(map(text, range(3)), budget=None)]

    for outcomes in (list(summariser.summarise_many(map(text, range(3)))), asyncio.run(collect())):
        assert kinds(outcomes) == {"summary": 3}


def test_cancelling_keeps_what_is_under_way(settings, server, tmp_path):
    """If this failed, a time-out would throw away replies that are paid for."""
    held = Held()
    answering(server, lambda *_: held)
    store = tmp_path / "run.sqlite"

    async def main() -> None:
        async def run() -> None:
            given = map(text, range(50))
            async for _ in asummarise_many(given, resume=store, concurrency=3, **settings):
                pass

        task = asyncio.create_task(run())
        for _ in range(3):
            await asyncio.to_thread(held.arrived.acquire)
        task.cancel()
        await asyncio.sleep(0.05)
        held.release.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    with Store(store) as opened:
        assert opened.count()["replies"] == len(server.requests) == 3


# --- leaving ----------------------------------------------------------------------------------


def test_leaving_early_keeps_what_is_under_way(many, server, tmp_path):
    """If this failed, `break` would throw away replies that are paid for."""
    store = tmp_path / "run.sqlite"
    for outcome in many(map(text, range(500)), resume=store, concurrency=8):
        assert outcome.ok
        break
    gc.collect()
    with Store(store) as opened:
        assert opened.count()["replies"] == len(server.requests)
        assert opened.count()["claims"] == 0
    assert len(server.requests) < 500


def test_leaving_early_without_a_store_is_quick(many, server):
    """If this failed, `break` would wait for replies that nobody keeps."""
    held = Held()
    answering(server, lambda number, _: held if number else None)
    run = many(map(text, range(50)), concurrency=4)
    assert next(run).ok
    run.close()
    assert not held.release.is_set()
    held.release.set()

    async def left() -> list[str]:
        return [t.get_name() for t in asyncio.all_tasks() if "_work" in repr(t)]

    assert _loop.run(left()) == []


def test_an_exception_of_the_consumer_leaves_too(many, server):
    """If this failed, an error in a user's loop would leave a run going behind it."""

    def loop() -> None:
        for _ in many(map(text, range(500)), concurrency=2):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        loop()
    gc.collect()
    before = len(server.requests)
    _loop.run(asyncio.sleep(0.05))
    assert len(server.requests) == before < 500


def test_an_interrupt_finishes_what_is_being_read(many, server, tmp_path, caplog):
    """If this failed, Ctrl-C would throw away what is nearly done, or not say how to go on."""
    store = tmp_path / "run.sqlite"
    begun = itertools.count()

    def articles() -> Iterator[str]:
        for number in range(500):
            if number == 200:
                raise KeyboardInterrupt
            next(begun)
            yield text(number)

    found = []
    with pytest.raises(KeyboardInterrupt):
        consume(many(articles(), resume=store, concurrency=4), found)
    assert len(found) >= 1
    assert kinds(found) == {"summary": len(found)}
    assert len(server.requests) == len(found) < 200, "what was only waiting was not begun"
    told = [r.getMessage() for r in caplog.records if "Interrupted" in r.getMessage()]
    assert len(told) == 1
    assert repr(str(store)) in told[0]
    again = list(many(map(text, range(200)), resume=store))
    assert sum(o.cached for o in again) == len(found)
    assert asked(server) == list(range(200))


def night(server: FaultyServer, folder: Path, options: str, **popen: Any) -> tuple[Any, Path]:
    """Start a script that reads a hundred articles, for Ctrl-C; give it and its store."""
    store, script = folder / "run.sqlite", folder / "night.py"
    script.write_text(
        "from communique import summarise_many\n"
        "from test_many import text\n"
        f"for outcome in summarise_many(map(text, range(100)), model='openai/stand-in',\n"
        f"        base_url={server.url!r}, api_key='k', resume={str(store)!r}, {options}):\n"
        "    print(outcome.ok, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / d) for d in ("src", "tests")]),
        },
        # A shell ignores the signal in what it starts in the background, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        **popen,
    )
    return process, store


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("times", [1, 2])
def test_control_c_in_a_terminal(server, tmp_path, times):
    """If this failed, a user's Ctrl-C would lose work, hang, or print nothing of use."""
    held = Held()
    answering(server, lambda _, before: held if before > 5 else None)
    process, store = night(server, tmp_path, "concurrency=3")
    for _ in range(3):
        assert held.arrived.acquire(timeout=30)
    process.send_signal(signal.SIGINT)
    if times == 2:
        threading.Timer(0.5, process.send_signal, [signal.SIGINT]).start()
    else:
        threading.Timer(0.5, held.release.set).start()
    out, err = process.communicate(timeout=60)
    held.release.set()
    assert process.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert f"resume={str(store)!r}" in err
    assert out.split() == ["True"] * (8 if times == 1 else 5)
    with Store(store) as opened:
        assert opened.count()["summaries"] == (8 if times == 1 else 5)


@pytest.mark.skipif(os.name == "nt", reason="the script's end is told by a signal elsewhere")
def test_a_program_that_ends_in_the_middle_keeps_what_is_under_way(server, tmp_path):
    """If this failed, an error in a user's loop would lose the replies that were on their way."""
    store = tmp_path / "run.sqlite"
    script = tmp_path / "night.py"
    script.write_text(
        "from communique import summarise_many\n"
        "from test_many import text\n"
        f"run = summarise_many(map(text, range(100)), model='openai/stand-in',\n"
        f"        base_url={server.url!r}, api_key='k', resume={str(store)!r}, concurrency=3)\n"
        "print(next(run).ok, flush=True)\n"
        "1 / 0\n"
    )
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert f"resume={str(store)!r}" in done.stderr
    with Store(store) as opened:
        assert opened.count()["replies"] == len(server.requests)


# --- outcomes ---------------------------------------------------------------------------------


def test_an_outcome_crosses_processes_whole(many, server):
    """If this failed, outcomes could not be gathered from workers."""
    server.script(refuses())
    for outcome in many([text(0), text(1)]):
        same = pickle.loads(pickle.dumps(outcome))  # noqa: S301
        assert (same.article_id, same.summary, same.report, same.cached) == (
            outcome.article_id,
            outcome.summary,
            outcome.report,
            outcome.cached,
        )
        assert str(same.failure) == str(outcome.failure)


def test_an_outcome_is_one_of_two():
    """If this failed, an outcome could be neither, and nobody would notice."""
    with pytest.raises(ValueError, match="one of the two"):
        Outcome("a")


def test_the_key_is_nowhere(many, server, tmp_path, caplog):
    """If this failed, a key could be read in a store, an outcome or a log."""
    caplog.set_level(logging.DEBUG, logger="communique")
    answering(server, lambda *_: status(401, f"Incorrect API key provided: {KEY}."))
    outcomes = list(many(map(text, range(3)), resume=tmp_path / "r.sqlite"))
    told = "".join(str(o.failure) + o.report.model_dump_json() for o in outcomes) + caplog.text
    told += "".join(f.read_bytes().decode("latin-1") for f in tmp_path.iterdir() if f.is_file())
    assert KEY not in told


def test_an_invalid_reply_is_typed_and_accounted_for(many, server):
    """If this failed, tokens that were paid for would be in no report."""
    answering(server, lambda number, _: says("prose") if number == 1 else None)
    outcomes = list(many(map(text, range(3))))
    assert isinstance(outcomes[1].failure, InvalidReply)
    assert sum(len(o.report.attempts) for o in outcomes) == len(server.requests)
    assert outcomes[1].report.prompt_tokens == PROMPT_TOKENS * len(outcomes[1].report.attempts)


def test_an_endpoint_that_is_not_there(settings):
    """If this failed, a wrong address would hang a run, or end it without a type."""
    outcomes = list(
        summarise_many([text(0), text(1)], **{**settings, "base_url": "http://127.0.0.1:9"})
    )
    assert all(isinstance(o.failure, Unavailable) for o in outcomes)
