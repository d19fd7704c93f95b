"""The store: what is found again, who works on what, and what can be seen of it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import pickle
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from communique import errors
from communique import store as module
from communique._translate import Truncated
from communique.article import Article
from communique.errors import InvalidArticle, StorageError
from communique.profiles import HOSTED, LOCAL
from communique.schemas import Attempt, PassageReport, Report, Span
from communique.store import (
    Store,
    article_key,
    keys,
    open_store,
    owner,
    owners,
    reply_key,
    settings_key,
)

QUESTION: dict[str, Any] = {
    "model": "m",
    "identity": "http://localhost/v1",
    "messages": [{"role": "user", "content": "A sanctions B"}],
    "schema": {"type": "object"},
    "sampling": {"temperature": 0, "seed": 7},
    "prompt_version": "extract/1",
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "replies.sqlite")


def test_a_reply_comes_back_whole(store: Store) -> None:
    """A reply would be paid for twice, or changed, if this failed."""
    assert store.get("k") is None
    store.put("k", '{"a": "é\U0001f91d"}', model="m", prompt_tokens=3, completion_tokens=5)
    found = store.get("k")
    assert found is not None
    assert (found.raw, found.model) == ('{"a": "é\U0001f91d"}', "m")
    assert (found.prompt_tokens, found.completion_tokens) == (3, 5)
    assert found.created > 0
    assert len(store) == 1


def test_a_reply_survives_closing(store: Store) -> None:
    """A second run would pay again if this failed."""
    store.put("k", "raw", model="m")
    store.close()
    assert len(Store(store.path)) == 1
    assert store.get("k") is not None, "a closed store opens itself again"


def test_an_empty_store_is_true(store: Store) -> None:
    """`if store` would skip a new store if this failed."""
    assert store
    assert len(store) == 0


def test_prune_forgets_the_old_alone(store: Store) -> None:
    """A store could only grow, or would lose new replies, if this failed."""
    store.put("k", "raw", model="m")
    assert store.prune(older_than=3600) == 0
    assert store.prune(older_than=-1) == 1
    assert len(store) == 0


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("model", "n"),
        ("identity", "http://elsewhere/v1"),
        ("messages", [{"role": "user", "content": "B sanctions A"}]),
        ("messages", [{"role": "system", "content": "A sanctions B"}]),
        ("schema", {"type": "array"}),
        ("sampling", {"temperature": 1, "seed": 7}),
        ("prompt_version", "extract/2"),
    ],
)
def test_every_part_of_the_question_counts(name: str, other: object) -> None:
    """One question would be answered with another's reply if this failed."""
    assert reply_key(**QUESTION) != reply_key(**{**QUESTION, name: other})


def test_the_key_does_not_depend_on_the_order_of_fields() -> None:
    """Every run would miss if dictionaries were told apart by the order of their keys."""
    again = {**QUESTION, "sampling": {"seed": 7, "temperature": 0}}
    assert reply_key(**QUESTION) == reply_key(**again)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
def test_keys_differ_where_texts_differ(one: str, two: str) -> None:
    """Any text, a lone surrogate too, must have a key, and its own, or answers are confused."""

    def key(text: str) -> str:
        return reply_key(**{**QUESTION, "messages": [{"role": "user", "content": text}]})

    assert (key(one) == key(two)) == (one == two)
    assert len(key(one)) == 64


def test_threads_share_one_store(store: Store) -> None:
    """Passages decoded side by side would lose replies if this failed."""

    def write(number: int) -> None:
        for index in range(20):
            store.put(f"{number}-{index}", "raw", model="m")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store) == 80


def test_a_store_crosses_a_process_boundary(store: Store) -> None:
    """A configured object holding a store could not be sent to a worker if this failed."""
    store.put("k", "raw", model="m")
    assert pickle.loads(pickle.dumps(store)).get("k") == store.get("k")  # noqa: S301 - our own bytes


def test_options_name_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `cache` option would open the wrong file, or none, if this failed."""
    monkeypatch.setenv("COMMUNIQUE_CACHE_DIR", str(tmp_path / "mine"))
    assert open_store(None) is None
    assert open_store(False) is None
    default = open_store(True)
    assert default is not None
    assert default.path == tmp_path / "mine" / "cache.sqlite"
    assert open_store(default) is default
    folder = open_store(tmp_path)
    assert folder is not None
    assert folder.path == tmp_path / "cache.sqlite"
    file = open_store(str(tmp_path / "x.db"))
    assert file is not None
    assert file.path == tmp_path / "x.db"


def test_the_default_folder_is_the_platforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replies would be kept in an unexpected place if this failed."""
    monkeypatch.delenv("COMMUNIQUE_CACHE_DIR", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path / "p"))
    default = open_store(True)
    assert default is not None
    assert default.path == tmp_path / "p" / "cache.sqlite"


# --- what makes two things the same -----------------------------------------------------------


def test_a_repeated_question_has_a_key_of_its_own() -> None:
    """A model's second thoughts would be taken for its first if this failed."""
    keys = [reply_key(**QUESTION, repeat=repeat) for repeat in range(3)]
    assert keys[0] == reply_key(**QUESTION)
    assert len(set(keys)) == 3


ARTICLE: dict[str, Any] = {
    "text": "Minister A met Minister B in Vienna on Monday.",
    "published": "2024-11-22",
    "title": "A meets B",
    "url": "https://example.org/1",
    "id": "1",
    "language": "en",
}


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("text", "Minister B met Minister A in Vienna on Monday."),
        ("published", "2024-11-23"),
        ("published", None),
        ("title", "A meets B."),
        ("title", None),
        ("url", "https://example.org/2"),
        ("id", "2"),
        ("id", None),
        ("language", "de"),
    ],
)
def test_all_that_is_known_of_an_article_is_in_its_key(name: str, other: object) -> None:
    """An article would be given another's records if this failed."""
    one, two = Article(**ARTICLE), Article(**{**ARTICLE, name: other})
    assert article_key(one) == article_key(Article(**ARTICLE))
    assert article_key(one) != article_key(two)


def test_a_date_that_was_given_is_not_one_that_was_read() -> None:
    """A digest would be given the records of one read with other dates if this failed."""
    text = " date 2024-11-22 Minister A met Minister B in Vienna on Monday."
    read, told = Article(text), Article(text, "2024-11-22")
    assert read.published == told.published
    assert article_key(read) != article_key(told)


_WORDS = st.text(min_size=1).filter(str.isprintable).filter(str.strip)


@given(_WORDS, _WORDS, _WORDS)
def test_the_parts_of_an_article_are_kept_apart(one: str, two: str, three: str) -> None:
    """A title moved into the text, or an id into the address, would look the same otherwise."""
    shapes = [
        {"text": f"{one} {two}", "title": three},
        {"text": one, "title": f"{two} {three}"},
        {"text": one, "title": two, "id": three},
        {"text": one, "title": two, "url": three},
        {"text": one, "id": two, "url": three},
    ]
    try:
        keys = {article_key(Article(**shape)) for shape in shapes}
        again = {article_key(Article(**shape)) for shape in shapes}
    except InvalidArticle:
        reject()
    assert keys == again
    assert len({repr(sorted(shape.items())) for shape in shapes}) == len(keys)


SETTINGS: dict[str, Any] = {
    "model": "m",
    "identity": "http://localhost/v1",
    "profile": LOCAL,
    "prompt": "read/v1+00000000",
    "aliases": {"Deutschland": "DEU"},
    "strict": False,
}


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("model", "n"),
        ("identity", "http://elsewhere/v1"),
        ("profile", HOSTED),
        ("profile", dataclasses.replace(LOCAL, reasks=7)),
        ("profile", dataclasses.replace(LOCAL, passage=7)),
        ("prompt", "read/v1+00000001"),
        ("aliases", {"Deutschland": "AUT"}),
        ("aliases", None),
        ("strict", True),
    ],
)
def test_every_setting_that_changes_the_records_counts(name: str, other: object) -> None:
    """Records made in one way would be passed off as made in another if this failed."""
    assert settings_key(**SETTINGS) != settings_key(**{**SETTINGS, name: other})


def test_another_version_reads_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mended library would hand out the records of the broken one if this failed."""
    before = settings_key(**SETTINGS)
    monkeypatch.setattr(keys, "__version__", "0.0.0")
    other = settings_key(**SETTINGS)
    monkeypatch.setattr(keys, "SCHEMA_VERSION", "0")
    assert len({before, other, settings_key(**SETTINGS)}) == 3


@given(st.floats(0, 1e6), st.integers(1, 64))
def test_time_outs_and_passages_side_by_side_do_not_count(seconds: float, parallel: int) -> None:
    """More patience, or a faster machine, would have everything read again if this failed."""
    patient = dataclasses.replace(LOCAL, seconds=seconds, parallel=parallel)
    assert settings_key(**{**SETTINGS, "profile": patient}) == settings_key(**SETTINGS)


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()))
def test_aliases_count_as_they_are(one: dict[str, str], two: dict[str, str]) -> None:
    """A changed alias would go unnoticed, or their order matter, if this failed."""
    first = settings_key(**{**SETTINGS, "aliases": one})
    turned = dict(reversed(one.items()))
    assert first == settings_key(**{**SETTINGS, "aliases": turned})
    assert (first == settings_key(**{**SETTINGS, "aliases": two})) == (one == two)


# --- outcomes ---------------------------------------------------------------------------------


def attempt(number: int, outcome: str = "invalid", key: str = "", passage: int = 0) -> Attempt:
    """An attempt as a report tells it."""
    return Attempt(passage=passage, number=number, outcome=outcome, key=key, prompt_tokens=3)


def failed(*attempts: Attempt) -> Report:
    """The report of an article whose passage 0 could not be read."""
    passage = PassageReport(index=0, span=Span(start=0, end=9), fate="failed")
    return Report(attempts=list(attempts), passages=[passage])


def test_a_summary_is_found_again(store: Store) -> None:
    """A finished article would be read again if this failed."""
    assert store.outcome("a", "s") is None
    assert store.keep_outcome("a", "s", article_id="Ä", summary='{"abstract": "é"}')
    found = store.outcome("a", "s")
    assert found is not None
    assert (found.article_id, found.summary, found.failure) == ("Ä", '{"abstract": "é"}', None)
    assert found.created > 0
    assert store.outcome("a", "other") is None
    assert store.outcome("other", "s") is None
    assert list(store.outcomes()) == [found]


FAILURES = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", [*FAILURES, Truncated])
def test_a_failure_is_found_again(store: Store, kind: type[errors.CommuniqueError]) -> None:
    """A failure would come back as another, or without its account, if this failed."""
    report = failed(attempt(1, key="k"))
    store.keep_outcome("a", "s", article_id="x", failure=kind("What.", "Do.", report=report))
    found = store.outcome("a", "s")
    assert found is not None
    assert found.summary is None
    assert type(found.failure) is kind
    assert (found.failure.what, found.failure.advice) == ("What.", "Do.")
    assert found.failure.report == report


def test_a_failure_of_another_version_is_found_again(store: Store) -> None:
    """An error class that is new, or gone, would make an outcome unreadable if this failed."""

    class Unheard(errors.Refused):
        """Of another version."""

    store.keep_outcome("a", "s", article_id="x", failure=Unheard("What.", "Do."))
    found = store.outcome("a", "s")
    assert found is not None
    assert type(found.failure) is errors.Refused


@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
def test_any_name_and_any_words_can_be_kept(
    tmp_path_factory: pytest.TempPathFactory, name: str, words: str
) -> None:
    """A file with an odd name would end in a foreign exception if this failed."""
    with Store(tmp_path_factory.mktemp("odd") / "s.sqlite") as store:
        store.keep_outcome("a", "s", article_id=name, failure=InvalidArticle(words, words))
        (found,) = store.outcomes()
        assert found.article_id == name
        assert found.failure is not None
        assert found.failure.what == words
        for record in store.records():
            line = module.line_of(record)
            assert json.loads(line.encode("utf-8")) == record
            assert len(line.splitlines()) == 1


def test_an_outcome_is_one_of_the_two(store: Store) -> None:
    """An article could end as nothing, or as both, if this failed."""
    with pytest.raises(ValueError, match="one of the two"):
        store.keep_outcome("a", "s", article_id="x")
    with pytest.raises(ValueError, match="one of the two"):
        store.keep_outcome("a", "s", article_id="x", summary="{}", failure=errors.Refused("No."))
    assert store.count()["summaries"] == store.count()["failures"] == 0


def test_a_failure_does_not_replace_a_summary(store: Store) -> None:
    """A slow worker's failure would throw a finished article away if this failed."""
    assert store.keep_outcome("a", "s", article_id="x", failure=errors.Refused("No."))
    assert store.keep_outcome("a", "s", article_id="x", summary="{}")
    assert not store.keep_outcome("a", "s", article_id="x", failure=errors.Refused("No."))
    found = store.outcome("a", "s")
    assert found is not None
    assert found.summary == "{}"
    assert found.revision == 2


@pytest.mark.parametrize(
    ("attempts", "left"),
    [
        ([attempt(1, key="k1"), attempt(2, key="k2")], {"other"}),
        ([attempt(1, key="k1"), attempt(2, "unavailable")], {"k1", "k2", "other"}),
        ([attempt(1, key="k1"), attempt(2, "truncated")], {"k1", "k2", "other"}),
        ([attempt(1, "unavailable"), attempt(2, key="k2")], {"k1", "other"}),
        ([attempt(1), attempt(2)], {"k1", "k2", "other"}),
        ([], {"k1", "k2", "other"}),
    ],
)
def test_what_led_to_no_valid_reply_is_forgotten_with_the_outcome(
    store: Store, attempts: list[Attempt], left: set[str]
) -> None:
    """A failure would be replayed for ever, or a paid reply thrown away, if this failed."""
    for key in ("k1", "k2", "other"):
        store.put(key, "raw", model="m")
    good = attempt(1, "valid", key="other", passage=1)
    report = failed(*attempts, good)
    store.keep_outcome("a", "s", article_id="x", failure=errors.InvalidReply("No.", report=report))
    assert {kept.key for kept in store} == left


def test_a_failed_passage_of_a_summary_is_forgotten_too(store: Store) -> None:
    """A passage that could not be read would stay unread in every later run if this failed."""
    store.put("k", "raw", model="m")
    report = failed(attempt(1, key="k"))
    store.keep_outcome("a", "s", article_id="x", summary="{}", report=report)
    assert len(store) == 0


# --- claims -----------------------------------------------------------------------------------


def test_an_article_has_one_owner_at_a_time(store: Store) -> None:
    """Two processes would read, and pay for, the same article if this failed."""
    one, two = owner(), owner()
    assert store.claim("a", "s", owner=one, seconds=60)
    assert store.claim("a", "s", owner=one, seconds=60), "who has it may claim it again"
    assert not store.claim("a", "s", owner=two, seconds=60)
    assert store.claim("a", "other", owner=two, seconds=60)
    assert not store.release("a", "s", owner=two)
    assert store.release("a", "s", owner=one)
    assert store.claim("a", "s", owner=two, seconds=60)
    assert store.release_all(owner=two) == 2
    assert store.count()["claims"] == 0


def test_a_claim_ends_with_its_time(store: Store) -> None:
    """An article of a machine that is gone would never be read if this failed."""
    assert store.claim("a", "s", owner="elsewhere", seconds=-1)
    assert store.claim("a", "s", owner=owner(), seconds=60)


def test_a_claim_is_renewed(store: Store) -> None:
    """A slow article would be taken away from its reader, and be paid twice, otherwise."""
    assert store.claim("a", "s", owner="elsewhere", seconds=-1)
    assert store.claim("b", "s", owner="elsewhere", seconds=-1)
    assert store.renew(owner="elsewhere", seconds=60) == 2
    assert not store.claim("a", "s", owner=owner(), seconds=60)
    assert store.claim("b", "s", owner="elsewhere", seconds=-1)
    assert store.claim("b", "s", owner="third", seconds=60)
    assert store.renew(owner="elsewhere", seconds=60) == 1, "what was taken over is not renewed"


def test_a_finished_article_cannot_be_claimed(store: Store) -> None:
    """An article finished between a look and a claim would be read twice if this failed."""
    one, two = owner(), owner()
    assert store.outcome("a", "s") is None
    assert store.claim("a", "s", owner=one, seconds=60)
    store.keep_outcome("a", "s", article_id="x", failure=errors.Unavailable("Off."), owner=one)
    assert store.count()["claims"] == 0, "keeping the outcome gives the claim up"
    assert not store.claim("a", "s", owner=two, seconds=60)
    seen = store.outcome("a", "s")
    assert store.claim("a", "s", owner=two, seconds=60, seen=seen), "a failure may be tried again"
    store.keep_outcome("a", "s", article_id="x", summary="{}", owner=two)
    assert not store.claim("a", "s", owner=one, seconds=60, seen=seen)


def test_another_owners_claim_is_not_given_up(store: Store) -> None:
    """Who lost an article to another would take it away from that one if this failed."""
    assert store.claim("a", "s", owner="slow", seconds=-1)
    assert store.claim("a", "s", owner="next", seconds=60)
    store.keep_outcome("a", "s", article_id="x", failure=errors.Refused("No."), owner="slow")
    assert store.count()["claims"] == 1


def test_the_living_are_not_taken_for_dead() -> None:
    """A living process would lose its articles to another if this failed."""
    name = owner()
    assert not owners.is_dead(name)
    machine, pid, started, token = name.split(":")
    assert not owners.is_dead(f"{machine[::-1]}:{pid}:{started}:{token}"), "another machine's"
    assert not owners.is_dead(f"{machine}:{pid}::{token}")
    assert not owners.is_dead("run 7")
    assert not owners.is_dead("")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells the start")
def test_a_process_number_used_again_is_not_the_owner() -> None:
    """A dead owner would hold its articles for the whole lease if this failed."""
    machine, pid, started, token = owner().split(":")
    assert owners.is_dead(f"{machine}:{pid}:{int(started) - 1}:{token}")


# --- notes ------------------------------------------------------------------------------------


def test_notes_are_found_by_kind(store: Store) -> None:
    """A batch under way elsewhere would be lost with its submitting process if this failed."""
    store.note("batch", "b1", {"state": "sent", "keys": ["k"]})
    store.note("batch", "b2", [1, None, "é"])
    store.note("other", "b1", 1)
    store.note("batch", "b2", 2)
    assert store.notes("batch") == {"b1": {"state": "sent", "keys": ["k"]}, "b2": 2}
    assert store.drop_note("batch", "b1")
    assert not store.drop_note("batch", "b1")
    assert store.notes("batch") == {"b2": 2}
    assert store.notes("none") == {}


# --- coroutines -------------------------------------------------------------------------------


def test_a_coroutine_does_not_hold_up_its_loop(store: Store) -> None:
    """Every passage in flight would stand still while another process writes, otherwise."""
    ticks = []

    async def tick(other: sqlite3.Connection) -> None:
        for number in range(20):
            ticks.append(number)
            await asyncio.sleep(0)
        assert len(store) == 1, "readers do not wait for the writer"
        other.execute("ROLLBACK")

    async def both() -> None:
        await store.soon(store.put, "free", "raw", model="m")
        other = sqlite3.connect(store.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        put = asyncio.create_task(store.soon(store.put, "held", "raw", model="m"))
        await asyncio.sleep(0)
        assert not put.done()
        await tick(other)
        await put
        other.close()

    asyncio.run(both())
    assert ticks == list(range(20))
    assert {kept.key for kept in store} == {"free", "held"}


# --- looking in -------------------------------------------------------------------------------


def test_what_is_in_it_can_be_counted_and_listed(store: Store) -> None:
    """A user could not tell what a run has kept if this failed."""
    for number in range(450):
        store.put(f"{number:03}", str(number), model="m")
        store.keep_outcome(f"{number:03}", "s", article_id=str(number), summary="{}")
    store.keep_outcome("f", "s", article_id="x", failure=errors.Refused("No."))
    store.note("n", "n", 1)
    store.claim("c", "s", owner="o", seconds=60)
    assert store.count() == {
        "replies": 450, "summaries": 450, "failures": 1, "claims": 1, "notes": 1,
    }  # fmt: skip
    assert [kept.raw for kept in store] == [str(number) for number in range(450)]
    assert len(list(store.outcomes())) == 451
    assert store.size() >= store.path.stat().st_size > 0
    assert store.check() == []


def test_an_export_holds_everything(store: Store, tmp_path: Path) -> None:
    """What was paid for could not be taken elsewhere if this failed."""
    store.put("k", '{"a": "é\u2028"}', model="m", prompt_tokens=1, completion_tokens=2, cost=0.5)
    store.keep_outcome("a", "s", article_id="x", summary='{"abstract": "é"}')
    failure = errors.Refused("No.", "Stop.", report=failed())
    store.keep_outcome("b", "s", article_id="y", failure=failure)
    store.note("batch", "b1", [1])
    path = tmp_path / "out.jsonl"
    assert store.export(path) == 4
    reply, summary, other, note = map(json.loads, path.read_text("utf-8").splitlines())
    assert reply == {"kind": "reply", **dataclasses.asdict(next(iter(store)))}
    assert summary["summary"] == {"abstract": "é"}
    assert other["failure"]["kinds"][0] == "Refused"
    assert other["report"]["passages"][0]["fate"] == "failed"
    assert (note["note"], note["name"], note["value"]) == ("batch", "b1", [1])


@pytest.mark.parametrize("name", ["out.jsonl", "replies.sqlite", ".", "none/out.jsonl"])
def test_an_export_overwrites_nothing(store: Store, tmp_path: Path, name: str) -> None:
    """The store itself, or another file, would be gone after a slip of the hand otherwise."""
    store.put("k", "raw", model="m")
    (tmp_path / "out.jsonl").write_text("mine")
    with pytest.raises(StorageError):
        store.export(tmp_path / name)
    assert (tmp_path / "out.jsonl").read_text() == "mine"
    assert len(store) == 1


def test_prune_gives_the_space_back(store: Store) -> None:
    """A pruned store would be as large as before if this failed."""
    for number in range(200):
        store.put(str(number), "x" * 5000, model="m")
        store.keep_outcome(str(number), "s", article_id="x", summary="{}")
    store.note("n", "n", 1)
    store.claim("old", "s", owner="o", seconds=-1)
    store.claim("new", "s", owner="o", seconds=60)
    before = store.size()
    assert store.prune(older_than=-1) == 400
    assert store.size() < before / 5
    assert (store.count()["notes"], store.count()["claims"]) == (1, 1)


def test_looking_changes_nothing(store: Store) -> None:
    """A look into a store in use would change it, or make one that is not there, otherwise."""
    store.put("k", "raw", model="m")
    store.close()
    before = store.path.read_bytes()
    with Store(store.path, readonly=True) as look:
        assert [kept.key for kept in look] == ["k"]
        with pytest.raises(StorageError):
            look.put("l", "raw", model="m")
        with pytest.raises(StorageError):
            look.prune(0)
        copy = pickle.loads(pickle.dumps(look))  # noqa: S301 - our own bytes
        assert copy.readonly
    assert store.path.read_bytes() == before
    with pytest.raises(StorageError, match="no store"):
        Store(store.path.with_name("none.sqlite"), readonly=True)
    assert not store.path.with_name("none.sqlite").exists()
