"""The fault laboratory by itself, asked by the real client: what stands on it can stand."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from faultlab import FINAL, REPLIES, TRANSPORT, BatchPlan, Lab, Limit, Plan, articles, evenly
from faultlab.plan import GOOD, KINDS

KEY = "sk-lab-0123456789abcdef"


@pytest.fixture
def lab(running: Lab) -> Lab:
    """The laboratory without a fault and with an empty log."""
    return running.take(Plan())


@pytest.fixture
def sdk(lab: Lab) -> Iterator[openai.OpenAI]:
    """A client that asks once and does not wait."""
    with openai.OpenAI(base_url=lab.url, api_key=KEY, max_retries=0, timeout=2.0) as client:
        yield client


def messages(number: int) -> list[Any]:
    """The question about a readout."""
    framed = f"<<<\n{articles.text(number)}\n>>>"
    return [{"role": "system", "content": "List."}, {"role": "user", "content": framed}]


def ask(sdk: openai.OpenAI, number: int = 7) -> Any:
    """Ask about a readout."""
    return sdk.chat.completions.create(model="m", messages=messages(number))


# --- good answers -----------------------------------------------------------------------------


def test_a_good_reply_is_of_its_own_article(lab, sdk):
    """If this failed, an article that was mixed up with another could not be told."""
    replies = [json.loads(ask(sdk, n).choices[0].message.content) for n in (1, 2)]
    people = [reply["meetings"][0]["who"][0] for reply in replies]
    assert all(articles.facts(n).people[0] in who for n, who in zip((1, 2), people, strict=True))
    first, second = lab.log()
    assert (first.number, second.number) == (1, 2)
    assert articles.tag_in(replies[0]["abstract"]) == first.key != second.key


def test_no_two_articles_are_alike():
    """If this failed, ten thousand articles would be fewer, and the others come from the cache."""
    assert len({articles.text(number) for number in range(10_000)}) == 10_000


def test_an_unknown_fault_is_refused():
    """If this failed, a misspelt fault would never come, and its test pass for nothing."""
    with pytest.raises(ValueError, match="there is no fault reset_befor"):
        Plan(rates={"reset_befor": 0.5})


# --- each fault -------------------------------------------------------------------------------

RAISES = {
    "rate_limited": (openai.RateLimitError, "slow down"),
    "rate_limited_after": (openai.RateLimitError, "slow down"),
    "error_500": (openai.InternalServerError, "had an error"),
    "error_502": (openai.InternalServerError, "502"),
    "error_503": (openai.InternalServerError, "overloaded"),
    "reset_before": (openai.APIConnectionError, None),
    "reset_mid_body": (openai.APIConnectionError, None),
    "cut_short": (openai.APIConnectionError, None),
    "lost": (openai.APIConnectionError, None),
    "half_body": (json.JSONDecodeError, None),
    "not_utf8": (UnicodeDecodeError, None),
    "revoked": (openai.AuthenticationError, "Incorrect API key"),
    "quota": (openai.RateLimitError, "exceeded your current quota"),
}


@pytest.mark.parametrize("kind", RAISES)
def test_a_fault_that_raises(lab, sdk, kind):
    """If this failed, a test would stand on a fault that does not come."""
    lab.take(Plan(script={"chat": (kind,)}))
    error, words = RAISES[kind]
    with pytest.raises((error, httpx2.TransportError), match=words) as caught:
        ask(sdk)
    if kind == "rate_limited_after":
        assert caught.value.response.headers["retry-after"] == lab.plan.retry_after
    if kind == "rate_limited":
        assert "retry-after" not in caught.value.response.headers
    assert ask(sdk).choices, "the next is good again"
    assert [entry.kind for entry in lab.log()] == [kind, GOOD]


def _content(made: Any) -> Any:
    return made.choices[0].message.content


ANSWERS = {
    "half_json": lambda made: (
        _content(made).startswith('{"abstract"') and _content(made)[-1] != "}"
    ),
    "prose": lambda made: _content(made).startswith("Certainly!"),
    "wrong_schema": lambda made: "events" in json.loads(_content(made)),
    "no_choices": lambda made: made.choices == [],
    "empty": lambda made: _content(made) == "",
    "refusal": lambda made: made.choices[0].message.refusal and _content(made) is None,
    "content_filter": lambda made: made.choices[0].finish_reason == "content_filter",
    "length": lambda made: made.choices[0].finish_reason == "length",
    "huge": lambda made: len(_content(made)) == 3_000_000,
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_fault_in_the_reply(lab, sdk, kind):
    """If this failed, a test would stand on a reply that does not come."""
    lab.take(Plan(script={"chat": (kind,)}, huge=3_000_000))
    assert ANSWERS[kind](ask(sdk))
    (entry,) = lab.log()
    assert (entry.kind, entry.delivered) == (kind, True)


def test_a_reply_of_fifty_megabytes(lab):
    """If this failed, the reply that is far too long would not be."""
    lab.take(Plan(script={"chat": ("huge",)}))
    connection = http.client.HTTPConnection("127.0.0.1", lab.port)
    connection.request("POST", "/v1/chat/completions", json.dumps({"messages": messages(1)}))
    response = connection.getresponse()
    length = 0
    while piece := response.read(1 << 20):
        length += len(piece)
    connection.close()
    assert length > 50 * 1024 * 1024


def test_a_drip_lasts_beyond_the_time_out(lab, sdk):
    """If this failed, nothing would show that a time-out is over the whole answer."""
    lab.take(Plan(script={"chat": ("drip",)}))
    with sdk.with_streaming_response.chat.completions.create(
        model="m", messages=messages(1)
    ) as response:
        pieces = response.iter_bytes()
        assert [next(pieces) for _ in range(3)] == [b" "] * 3


def test_one_request_answered_twice(lab):
    """If this failed, a second delivery of the same reply would not be met with."""
    lab.take(Plan(script={"chat": ("twice",)}))
    body = json.dumps({"messages": messages(1)}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: lab\r\nContent-Length: {len(body)}\r\n\r\n"
    got = b""
    with socket.create_connection(("127.0.0.1", lab.port), timeout=30) as connection:
        connection.sendall(head.encode() + body)
        while got.count(b'"choices"') < 2:
            some = connection.recv(65536)
            assert some, "The connection ended after one delivery."
            got += some
    assert got.count(b"HTTP/1.1 200") == 2


def test_a_lost_reply_is_noted_as_paid_for(lab, sdk):
    """If this failed, a reply that was produced and lost could not be told from none at all."""
    lab.take(Plan(script={"chat": ("lost",)}))
    with pytest.raises(openai.APIConnectionError):
        ask(sdk)
    ask(sdk)
    first, second = lab.log()
    assert first.key == second.key
    assert [(e.kind, e.times, e.delivered) for e in (first, second)] == [
        ("lost", 0, False),
        (GOOD, 1, True),
    ]


def test_every_kind_is_shown_here():
    """If this failed, a fault could be added that nothing shows to come."""
    shown = {*RAISES, *ANSWERS, "drip", "twice", GOOD}
    assert shown == {*KINDS}
    assert {*TRANSPORT, *REPLIES, *FINAL} < shown


# --- by rate and by count ---------------------------------------------------------------------


def test_faults_by_rate_do_not_depend_on_the_order():
    """If this failed, two runs of one seed would meet different faults."""
    plan = Plan(seed=3, rates=evenly(0.3, "error_500", "prose"))
    drawn = [plan.chance(plan.rates, f"article {n}", 0) for n in range(10_000)]
    again = [plan.chance(plan.rates, f"article {n}", 0) for n in reversed(range(10_000))]
    assert drawn == again[::-1]
    shares = {kind: count / 10_000 for kind, count in Counter(drawn).items()}
    assert shares == pytest.approx({GOOD: 0.7, "error_500": 0.15, "prose": 0.15}, abs=0.02)
    other = Plan(seed=4, rates=plan.rates)
    assert drawn != [other.chance(other.rates, f"article {n}", 0) for n in range(10_000)]


def test_a_plan_crosses_to_the_process_whole():
    """If this failed, the laboratory would do something else than it was told."""
    plan = Plan(
        seed=5,
        script={"chat": ("lost",)},
        limit=Limit(50, retry_after="1"),
        batch=BatchPlan(fates=("expired",), rates={"prose": 0.1}),
    )
    back = Plan.from_json(json.loads(json.dumps(plan.as_json())))
    assert back == plan


def test_a_key_that_is_revoked_half_way(lab, sdk):
    """If this failed, a run whose key is taken away could not be tried."""
    lab.take(Plan(revoke_after=2))
    ask(sdk), ask(sdk)
    for _ in range(2):
        with pytest.raises(openai.AuthenticationError):
            ask(sdk)


def test_a_quota_that_ends_half_way(lab, sdk):
    """If this failed, a run whose credit ends could not be tried."""
    lab.take(Plan(quota_after=1))
    ask(sdk)
    with pytest.raises(openai.RateLimitError) as caught:
        ask(sdk)
    assert caught.value.code == "insufficient_quota"


def test_a_wrong_key(lab, sdk):
    """If this failed, a key that is not sent would not be missed."""
    lab.take(Plan(key="sk-another"))
    with pytest.raises(openai.AuthenticationError):
        ask(sdk)
    with pytest.raises(openai.AuthenticationError):
        sdk.batches.list()


def test_requests_above_the_limit(lab, sdk):
    """If this failed, the limit would not be the one that a run is measured against."""
    lab.take(Plan(limit=Limit(rate=0.001, burst=3, retry_after="7")))
    for number in range(3):
        ask(sdk, number)
    with pytest.raises(openai.RateLimitError) as caught:
        ask(sdk, 3)
    assert caught.value.response.headers["retry-after"] == "7"
    assert lab.statistics()["kinds"] == {GOOD: 3, "over_limit": 1}


# --- files and batches ------------------------------------------------------------------------


def lines(*numbers: int, **changed: Any) -> list[dict[str, Any]]:
    """The lines of a batch that asks about these readouts."""
    return [
        {
            "custom_id": f"r{number}",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "m", "messages": messages(number)},
            **changed,
        }
        for number in numbers
    ]


def upload(sdk: openai.OpenAI, given: list[dict[str, Any]] | bytes) -> Any:
    """Upload the lines as a file."""
    data = given
    if not isinstance(given, bytes):
        data = "".join(json.dumps(line) + "\n" for line in given).encode()
    return sdk.files.create(file=("asked.jsonl", data), purpose="batch")


def begin(sdk: openai.OpenAI, given: list[dict[str, Any]] | bytes) -> Any:
    """Begin a batch of these lines."""
    file = upload(sdk, given)
    return sdk.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"run": "1"},
    )


def ended(sdk: openai.OpenAI, batch: Any) -> Any:
    """Wait for the end of a batch."""
    for _ in range(500):
        batch = sdk.batches.retrieve(batch.id)
        if batch.status in {"completed", "failed", "expired", "cancelled"}:
            return batch
        time.sleep(0.01)
    raise AssertionError(batch.status)


def told(sdk: openai.OpenAI, file: str | None) -> dict[str, Any]:
    """The lines of an output or error file, by their custom_id."""
    if file is None:
        return {}
    found = [json.loads(line) for line in sdk.files.content(file).text.splitlines()]
    assert len({line["custom_id"] for line in found}) == len(found)
    return {line["custom_id"]: line for line in found}


def test_the_life_of_a_batch(lab, sdk):
    """If this failed, a batch of the laboratory would not be one as the real client knows it."""
    batch = begin(sdk, lines(*range(20)))
    assert (batch.status, batch.metadata) == ("validating", {"run": "1"})
    batch = ended(sdk, batch)
    assert batch.status == "completed"
    assert (batch.request_counts.total, batch.request_counts.completed) == (20, 20)
    assert batch.error_file_id is None
    assert batch.created_at <= batch.in_progress_at <= batch.finalizing_at <= batch.completed_at
    assert (batch.model, batch.usage.input_tokens) == ("m", 20 * 100)
    output = told(sdk, batch.output_file_id)
    assert set(output) == {f"r{n}" for n in range(20)}
    assert list(output) != [f"r{n}" for n in range(20)], "in no order"
    body = output["r7"]["response"]["body"]
    assert articles.facts(7).people[0] in body["choices"][0]["message"]["content"]
    assert output["r7"]["response"]["status_code"] == 200
    assert {entry.way for entry in lab.log()} == set(output)


def test_a_line_is_the_request_that_the_chat_route_takes(lab, sdk):
    """If this failed, a question asked in a batch could not be known again when asked alone."""
    ended(sdk, begin(sdk, lines(7)))
    ask(sdk, 7)
    ask(sdk, 8)
    batched, again, other = lab.log()
    assert batched.key == again.key != other.key
    assert (batched.way, again.way, again.times) == ("r7", "chat", 1)


def test_files(lab, sdk):
    """If this failed, files could not be cleaned up, or would be told in another form."""
    file = upload(sdk, lines(1))
    assert (file.object, file.purpose, file.filename) == ("file", "batch", "asked.jsonl")
    assert sdk.files.retrieve(file.id) == file
    assert sdk.files.content(file.id).read().count(b"\n") == 1
    assert [listed.id for listed in sdk.files.list()] == [file.id]
    assert sdk.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        sdk.files.retrieve(file.id)
    with pytest.raises(openai.BadRequestError, match="jsonl"):
        sdk.files.create(file=("asked.txt", b"{}"), purpose="batch")


def test_batches_are_listed_in_pages(lab, sdk):
    """If this failed, a batch whose answer was lost could not be found again."""
    file = upload(sdk, lines(1))
    made = [
        sdk.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        ).id
        for _ in range(5)
    ]
    page = sdk.batches.list(limit=2)
    assert page.has_next_page()
    assert [batch.id for batch in page] == made[::-1]


WRONG = {
    "invalid_json_line": b'{"custom_id": "a", \n',
    "duplicate_custom_id": lines(1, 1),
    "url_mismatch": lines(1, url="/v1/embeddings"),
    "model_mismatch": [*lines(1), *lines(2, body={"model": "n", "messages": messages(2)})],
    "empty_file": b"",
    "too_many_tasks": lines(1, 2, 3),
    "file_too_large": lines(1, 2),
}


@pytest.mark.parametrize("code", WRONG)
def test_a_file_that_does_not_pass(lab, sdk, code):
    """If this failed, a batch that the real API refuses would go through here."""
    limits = {"file_too_large": {"max_bytes": 700}, "too_many_tasks": {"max_requests": 2}}
    lab.take(Plan(batch=BatchPlan(**limits.get(code, {}))))
    batch = ended(sdk, begin(sdk, WRONG[code]))
    assert (batch.status, batch.errors.data[0].code) == ("failed", code)
    assert batch.output_file_id is batch.error_file_id is None
    assert lab.log() == []


@pytest.mark.parametrize(
    ("fate", "code"), [("failed", None), ("token_limit", "token_limit_exceeded")]
)
def test_a_batch_that_fails_and_the_next_that_does_not(lab, sdk, fate, code):
    """If this failed, a batch that is turned away could not be tried again."""
    lab.take(Plan(batch=BatchPlan(fates=(fate,))))
    first, second = (ended(sdk, begin(sdk, lines(1))) for _ in range(2))
    assert (first.status, second.status) == ("failed", "completed")
    assert code in {None, first.errors.data[0].code}


def test_a_batch_that_expires(lab, sdk):
    """If this failed, what is half done after a day could not be tried."""
    lab.take(Plan(batch=BatchPlan(fates=("expired",), done=0.25)))
    batch = ended(sdk, begin(sdk, lines(*range(8))))
    assert (batch.status, batch.request_counts.completed) == ("expired", 2)
    done, undone = told(sdk, batch.output_file_id), told(sdk, batch.error_file_id)
    assert set(done) | set(undone) == {f"r{n}" for n in range(8)}
    assert {line["error"]["code"] for line in undone.values()} == {"batch_expired"}
    assert all(line["response"] is None for line in undone.values())


def test_a_batch_that_is_cancelled(lab, sdk):
    """If this failed, a batch that a user stops could not be tried."""
    lab.take(Plan(batch=BatchPlan(seconds=0.2)))
    batch = sdk.batches.cancel(begin(sdk, lines(1, 2)).id)
    assert batch.status == "cancelling"
    batch = ended(sdk, batch)
    assert batch.status == "cancelled"
    assert set(told(sdk, batch.error_file_id)) == {"r1", "r2"}
    with pytest.raises(openai.ConflictError):
        sdk.batches.cancel(batch.id)


def test_lines_that_fail(lab, sdk):
    """If this failed, partial failures would not be told where the real API tells them."""
    lab.take(Plan(seed=1, batch=BatchPlan(rates=evenly(0.6, "error_500", "prose", "lost"))))
    batch = ended(sdk, begin(sdk, lines(*range(40))))
    assert batch.status == "completed"
    done, failed = told(sdk, batch.output_file_id), told(sdk, batch.error_file_id)
    kinds = {entry.way: entry.kind for entry in lab.log()}
    assert {kinds[name] for name in done} == {GOOD, "prose"}
    assert {kinds[name] for name in failed} == {"error_500"}
    assert failed
    assert all(line["response"]["status_code"] == 500 for line in failed.values())
    assert {kinds[n] for n in set(kinds) - set(done) - set(failed)} == {"lost"}
    assert batch.request_counts.failed == len(failed)


def test_a_batch_that_was_made_though_the_answer_was_lost(lab, sdk):
    """If this failed, paying twice for a batch whose identifier never came could not be tried."""
    lab.take(Plan(script={"batches": ("lost",)}))
    with pytest.raises(openai.APIConnectionError):
        begin(sdk, lines(1))
    (batch,) = sdk.batches.list()
    assert ended(sdk, batch).status == "completed"
    assert lab.statistics()["other"]["POST batches lost"] == 1


# --- the process ------------------------------------------------------------------------------


def test_the_process_ends_with_its_context():
    """If this failed, servers would be left behind."""
    with Lab() as lab:
        port = lab.port
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port).connect()


def test_a_bug_of_the_laboratory_is_told(lab):
    """If this failed, a broken laboratory would pass for a broken network."""
    broken = Lab()
    connection = http.client.HTTPConnection("127.0.0.1", broken.port)
    connection.request("POST", "/v1/chat/completions", "no JSON")
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    connection.close()
    with pytest.raises(RuntimeError, match="JSONDecodeError"):
        broken.close()
