"""The client against a server that fails in every way known to happen."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator, Sequence
from email.utils import formatdate
from pathlib import Path
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instructor.v2.core import errors as instructor_errors
from instructor.v2.core import exceptions as instructor_exceptions
from pydantic import BaseModel, Field, ValidationError

from communique import _dialect, _translate
from communique import client as module
from communique._bounded import LONGEST_BODY
from communique.client import (
    Budget,
    Client,
    Endpoint,
    Meter,
    Reply,
    Truncated,
    identity_of,
    strict_schema,
    translate,
)
from communique.errors import (
    AuthenticationFailed,
    BudgetSpent,
    CommuniqueError,
    ConfigurationError,
    ContextExceeded,
    InvalidReply,
    ModelError,
    QuotaExhausted,
    RateLimited,
    Refused,
    StorageError,
    Unavailable,
)
from communique.prices import Rates
from communique.schemas import PassageReport, Span
from communique.store import Store
from faults import (
    COMPLETION_TOKENS,
    PROMPT_TOKENS,
    Asked,
    Fault,
    FaultyServer,
    cut_short,
    drip,
    endless,
    huge,
    no_choices,
    raw,
    refuses,
    reset_before_body,
    reset_mid_body,
    retry_later,
    says,
    status,
)

KEY = "sk-proj-0123456789abcdefSECRET"
GOOD = {"name": "Rajnath Singh", "age": 73}
MESSAGES = [
    {"role": "system", "content": "Copy what is written."},
    {"role": "user", "content": "{{ 7 * 7 }} Rajnath Singh met {% raw %}"},
]


class Draft(BaseModel):
    """Somebody."""

    name: str = Field(max_length=80)
    age: int
    titles: list[str] = Field(default_factory=list, max_length=3)
    note: str | None = None


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """A server that answers with a good draft whatever is not scripted."""
    with FaultyServer(lambda _: GOOD) as running:
        yield running


def quiet(_: Draft) -> list[str]:
    """Accept every draft."""
    return []


def known_names(draft: Draft) -> list[str]:
    """Accept the one name that the text holds."""
    return [] if draft.name == "Rajnath Singh" else [f'"{draft.name}" is not in the article.']


Ask = Callable[..., Reply[Draft]]


@pytest.fixture
def ask(server: FaultyServer) -> Ask:
    """Ask the server once, with a new client."""

    def asking(
        *,
        check: Callable[[Draft], Sequence[str]] = quiet,
        budget: Budget | None = None,
        meter: Meter | None = None,
        **options: Any,
    ) -> Reply[Draft]:
        client = options.pop("made", None) or make(server, **options)
        return asyncio.run(one(client, check=check, budget=budget or Budget(), meter=meter))

    return asking


def make(server: FaultyServer, *, strict: bool = False, **options: Any) -> Client:
    """Make a client of the server that does not wait between requests."""
    endpoint = Endpoint("fake", server.url, KEY, identity_of(server.url), strict, Rates(1.0, 2.0))
    return Client(endpoint, **{"wait": lambda _: 0.0, **options})


async def one(
    client: Client,
    *,
    check: Callable[[Draft], Sequence[str]] = quiet,
    budget: Budget | None = None,
    meter: Meter | None = None,
    messages: Sequence[dict[str, str]] = MESSAGES,
) -> Reply[Draft]:
    """Ask once and close the client."""
    try:
        return await client.ask(
            messages,
            Draft,
            check=check,
            budget=budget or Budget(),
            max_tokens=50,
            passage=3,
            prompt_version="extract/1",
            meter=meter,
        )
    finally:
        await client.aclose()


def outcomes(source: Reply[Draft] | CommuniqueError) -> list[str]:
    """List the outcomes of every attempt of a reply or an error."""
    if isinstance(source, CommuniqueError):
        assert source.report is not None
        return [attempt.outcome for attempt in source.report.attempts]
    return [attempt.outcome for attempt in source.attempts]


# --- a good reply -----------------------------------------------------------------------------


def test_a_good_reply(server: FaultyServer, ask: Ask) -> None:
    """Nothing works if this fails."""
    reply = ask()
    assert reply.value == Draft(name="Rajnath Singh", age=73)
    assert type(reply.value) is Draft, "a value of a class made on the fly cannot be pickled"
    assert json.loads(reply.raw) == GOOD
    (attempt,) = reply.attempts
    assert (attempt.passage, attempt.number, attempt.outcome) == (3, 1, "valid")
    assert (attempt.prompt_tokens, attempt.completion_tokens) == (PROMPT_TOKENS, COMPLETION_TOKENS)
    assert attempt.cost == pytest.approx((PROMPT_TOKENS + 2 * COMPLETION_TOKENS) / 1e6)
    assert attempt.seconds is not None
    assert not attempt.cached


def test_what_is_sent(server: FaultyServer, ask: Ask) -> None:
    """The text would be changed on its way, or sampling be left to chance, if this failed."""
    ask()
    (asked,) = server.requests
    assert asked.messages == MESSAGES, "an article is data, never a template"
    assert asked.path == "/v1/chat/completions"
    assert asked.body["model"] == "fake"
    assert asked.body["temperature"] == 0
    assert asked.body["max_tokens"] == 50
    assert isinstance(asked.body["seed"], int)
    form = asked.body["response_format"]["json_schema"]
    assert form == {"name": "Draft", "schema": Draft.model_json_schema()}


def test_the_strict_format(server: FaultyServer, ask: Ask) -> None:
    """OpenAI would answer without the guarantee of its schema if this failed."""
    ask(strict=True)
    form = server.requests[0].body["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"]["additionalProperties"] is False
    assert form["schema"]["required"] == ["name", "age", "titles", "note"]
    assert form["schema"]["properties"]["titles"]["maxItems"] == 3
    assert "maxLength" not in form["schema"]["properties"]["name"]


def test_strict_schema_keeps_what_a_schema_says() -> None:
    """Nested objects would stay open, or properties named like keywords vanish, otherwise."""

    class Inner(BaseModel):
        """Inner."""

        title: str
        default: int = 3

    class Outer(BaseModel):
        """Outer."""

        inner: Inner = Field(description="beside a reference")
        several: list[Inner] = Field(default_factory=list)

    strict = strict_schema(Outer.model_json_schema())
    inner = strict["$defs"]["Inner"]
    assert inner["additionalProperties"] is False
    assert inner["required"] == ["title", "default"]
    assert set(inner["properties"]) == {"title", "default"}
    assert strict["properties"]["inner"] == {"$ref": "#/$defs/Inner"}
    assert strict["required"] == ["inner", "several"]


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"name": "Rajnath Singh", "age": "73"}\n```',
        '<think>The name {is} clear.</think>{"name": "Rajnath Singh", "age": 73}',
        'Here it is: {"name": "Rajnath Singh", "age": 73} Anything else?',
        '{"name": "Rajnath Singh", "age": 73, "mood": "cordial"}',
    ],
)
def test_json_in_its_wrapping(server: FaultyServer, ask: Ask, text: str) -> None:
    """Small models' manners would cost a request each if this failed."""
    server.script(says(text))
    reply = ask()
    assert reply.value.name == "Rajnath Singh"
    assert reply.value.age == 73
    assert reply.raw == text
    assert len(server.requests) == 1


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_cutting_json_out_of_any_text(text: str) -> None:
    """A strange reply would raise a foreign error, or good JSON be damaged, if this failed."""
    assert isinstance(_dialect.json_in(text), str)
    good = json.dumps({"a": text})
    assert _dialect.json_in(good) == good


# --- transport --------------------------------------------------------------------------------

TRANSPORT = {
    "429": (retry_later(), "rate_limited"),
    "429 with Retry-After": (retry_later("0"), "rate_limited"),
    "429 with a date": (retry_later(formatdate(0, usegmt=True)), "rate_limited"),
    "429 with nonsense": (retry_later("soon"), "rate_limited"),
    "408": (status(408), "unavailable"),
    "409": (status(409), "unavailable"),
    "500": (status(500), "unavailable"),
    "503 in HTML": (raw(b"<h1>busy</h1>", status=503), "unavailable"),
    "529": (status(529, "overloaded"), "unavailable"),
    "reset before the body": (reset_before_body, "unavailable"),
    "reset in the body": (reset_mid_body, "unavailable"),
    "body cut short": (cut_short, "unavailable"),
    "no choices": (no_choices(), "invalid"),
    "empty reply": (says(""), "invalid"),
    "a web page": (raw(b"<h1>Log in</h1>", headers={"content-type": "text/html"}), "invalid"),
    "half a body": (raw(b'{"choices": [{"mess'), "invalid"),
    "not UTF-8": (raw(b'{"choices": "\xff\xfe"}'), "invalid"),
    "an error with status 200": (raw(b'{"error": {"message": "upstream"}}'), "invalid"),
    "choices of no known form": (raw(b'{"choices": [1]}'), "invalid"),
}


@pytest.mark.parametrize("name", TRANSPORT)
def test_a_passing_fault(server: FaultyServer, ask: Ask, name: str) -> None:
    """One hiccup would lose a passage, or go unaccounted, if this failed."""
    fault, outcome = TRANSPORT[name]
    server.script(fault)
    reply = ask()
    assert reply.value.name == "Rajnath Singh"
    assert outcomes(reply) == [outcome, "valid"]
    assert [attempt.number for attempt in reply.attempts] == [1, 2]
    assert reply.attempts[0].detail
    assert server.requests[0].body == server.requests[1].body, "a hiccup is not told to the model"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("429", RateLimited),
        ("503 in HTML", Unavailable),
        ("reset in the body", Unavailable),
        ("no choices", InvalidReply),
    ],
)
def test_a_lasting_fault(
    server: FaultyServer, ask: Ask, name: str, kind: type[CommuniqueError]
) -> None:
    """Requests would go on for ever, or the wrong error be raised, if this failed."""
    fault, outcome = TRANSPORT[name]
    server.script(*[fault] * 9)
    with pytest.raises(kind) as caught:
        ask(budget=Budget(attempts=3))
    assert len(server.requests) == 3
    assert outcomes(caught.value) == [outcome] * 3
    assert caught.value.retryable


def test_a_slow_drip(server: FaultyServer, ask: Ask) -> None:
    """A server that sends a byte a second would hold a passage for ever if this failed."""
    server.script(drip)
    reply = ask(timeout=0.3)
    assert outcomes(reply) == ["unavailable", "valid"]
    assert "no answer within 0.3 seconds" in reply.attempts[0].detail


@pytest.mark.parametrize("told", [True, False])
def test_an_answer_without_end(server: FaultyServer, ask: Ask, *, told: bool) -> None:
    """A broken endpoint would fill the memory of a whole run if this failed."""
    server.script(huge(2 * LONGEST_BODY) if told else endless)
    reply = ask()
    assert outcomes(reply) == ["invalid", "valid"]
    assert f"longer than {LONGEST_BODY:,} bytes" in reply.attempts[0].detail


def test_a_packed_answer(server: FaultyServer, ask: Ask) -> None:
    """An endpoint that packs its answers would not be understood, or unpacked without end."""
    made = json.dumps({"choices": [{"message": {"content": json.dumps(GOOD)}}]}).encode()
    server.script(raw(gzip.compress(made), headers={"content-encoding": "gzip"}))
    assert outcomes(ask()) == ["valid"]
    bomb = gzip.compress(b" " * LONGEST_BODY * 40)
    server.script(raw(bomb, headers={"content-encoding": "gzip"}))
    assert outcomes(ask()) == ["invalid", "valid"]


def test_no_server_at_all(server: FaultyServer) -> None:
    """A wrong address would end in a foreign error, or one without its reason, otherwise."""
    server.close()
    with pytest.raises(Unavailable, match=r"(?i)connect"):
        asyncio.run(one(make(server), budget=Budget(attempts=2)))


def test_retry_after_is_honoured(server: FaultyServer) -> None:
    """An endpoint's own word on waiting would be ignored if this failed."""
    waits: list[object] = []

    def wait(state: object) -> float:
        waits.append(state)
        return 0.0

    server.script(retry_later("0"), retry_later())
    asyncio.run(one(make(server, wait=wait)))
    assert len(waits) == 1, "the backoff is for the request without Retry-After alone"


@pytest.mark.parametrize(
    ("given", "low", "high"),
    [
        ("7", 7, 7),
        ("0.5", 0.5, 0.5),
        ("1e400", None, None),
        ("-3", 0, 0),
        ("nan", None, None),
        ("soon", None, None),
        (formatdate(0, usegmt=True), 0, 0),
        (formatdate(32503680000, usegmt=True), 1e6, float("inf")),
    ],
)
def test_reading_retry_after(given: str, low: float | None, high: float | None) -> None:
    """Seconds and dates would be misread if this failed."""
    error = type(
        "E", (Exception,), {"response": type("R", (), {"headers": {"retry-after": given}})}
    )
    found = _translate.retry_after(error())
    if low is None or high is None:
        assert found is None
    else:
        assert found is not None
        assert low <= found <= high


def test_a_wait_beyond_the_time_is_not_begun(server: FaultyServer, ask: Ask) -> None:
    """A call would outlast its budget by an endpoint's hour of waiting if this failed."""
    server.script(*[retry_later("3600")] * 4)
    with pytest.raises(RateLimited):
        ask(budget=Budget(seconds=5))
    assert len(server.requests) == 1


# --- what no retry helps ----------------------------------------------------------------------

FINAL = {
    "401": (status(401, f"Incorrect API key provided: {KEY}"), AuthenticationFailed, "failed"),
    "403": (status(403), AuthenticationFailed, "failed"),
    "402": (status(402, "Insufficient Balance"), QuotaExhausted, "failed"),
    "404": (status(404, "The model `x` does not exist", code="model_not_found"),
            ConfigurationError, "failed"),
    "400": (status(400, "you must provide messages"), ConfigurationError, "failed"),
    "quota": (status(429, "You exceeded your quota", code="insufficient_quota",
                     type="insufficient_quota"), QuotaExhausted, "failed"),
    "context": (status(400, "This model's maximum context length is 8192 tokens, however you "
                       "requested 9000 (max_tokens 50).", code="context_length_exceeded"),
                ContextExceeded, "failed"),
    "context of llama.cpp": (status(400, "the request exceeds the available context size",
                                    type="exceed_context_size_error"), ContextExceeded, "failed"),
    "413": (status(413), ContextExceeded, "failed"),
    "too large for the rate": (status(429, "Request too large for m on tokens per min",
                                      code="rate_limit_exceeded"), ContextExceeded, "failed"),
    "too large a limit": (status(400, "max_tokens is too large: 50. At most 16.",
                                 param="max_tokens"), ConfigurationError, "failed"),
    "filtered prompt": (status(400, "The response was filtered", code="content_filter"),
                        Refused, "failed"),
    "refusal": (refuses(), Refused, "refused"),
    "content filter": (says("", "content_filter"), Refused, "refused"),
    "length": (says('{"name": "Raj', "length"), Truncated, "truncated"),
}  # fmt: skip


@pytest.mark.parametrize("name", FINAL)
def test_a_final_fault(server: FaultyServer, ask: Ask, name: str) -> None:
    """Requests that cannot help would be made and paid if this failed."""
    fault, kind, outcome = FINAL[name]
    server.script(fault)
    with pytest.raises(CommuniqueError) as caught:
        ask()
    assert type(caught.value) is kind
    assert not caught.value.retryable
    assert len(server.requests) == 1
    assert caught.value.what
    assert caught.value.advice
    found = outcomes(caught.value)
    assert found == (["refused"] if kind is Refused else [outcome])


def test_tokens_of_failed_attempts_are_counted(server: FaultyServer, ask: Ask) -> None:
    """A paid token would go unaccounted if this failed."""
    server.script(status(500), says("prose"), says("{}", "length"))
    with pytest.raises(Truncated) as caught:
        ask()
    report = caught.value.report
    assert report is not None
    assert [attempt.prompt_tokens for attempt in report.attempts] == [0, 100, 100]
    assert report.completion_tokens == 2 * COMPLETION_TOKENS
    assert (report.model, report.endpoint) == ("fake", server.url)
    assert report.prompt == "extract/1"


def test_errors_cross_processes() -> None:
    """A worker's cut reply would not reach its parent if this failed."""
    error = pickle.loads(pickle.dumps(Truncated("Cut.", "Less.")))  # noqa: S301 - our own bytes
    assert type(error) is Truncated
    assert error.advice == "Less."


# --- what is told back ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ('{"name": "Rajnath Singh", "age": ', "Invalid JSON"),
        ("I would say Rajnath Singh.", "Invalid JSON"),
        ('{"name": "Rajnath Singh", "age": "old"}', "valid integer"),
        ('{"age": 73}', "Field required"),
        ('["Rajnath Singh"]', "Draft"),
    ],
)
def test_an_invalid_reply_is_told_back(
    server: FaultyServer, ask: Ask, reply: str, told: str
) -> None:
    """The model could not mend its reply if this failed."""
    server.script(says(reply))
    result = ask()
    assert outcomes(result) == ["invalid", "valid"]
    assert result.attempts[0].detail
    again = server.requests[1].messages
    assert again[:2] == MESSAGES
    assert [message["role"] for message in again[2:]] == ["assistant", "user"]
    assert told in again[3]["content"]


def test_invented_names_are_told_back(server: FaultyServer, ask: Ask) -> None:
    """An invented name would stand in a record, or be dropped unasked, if this failed."""
    server.script(says({"name": "Kim {told} Yong", "age": 1}))
    result = ask(check=known_names)
    assert result.value.name == "Rajnath Singh"
    assert result.complaints == ()
    assert outcomes(result) == ["invalid", "valid"]
    assert '"Kim {told} Yong" is not in the article.' in server.requests[1].messages[3]["content"]
    assert '"Kim {told} Yong" is not in the article' in result.attempts[0].detail


def test_a_re_ask_holds_the_last_exchange_alone(server: FaultyServer, ask: Ask) -> None:
    """Every re-ask would send, and charge, all failed replies again if this failed."""
    server.script(says({"name": "A", "age": 1}), says({"name": "B", "age": 1}))
    ask(check=known_names)
    third = server.requests[2].messages
    assert len(third) == 4
    assert '"B" is not in the article.' in third[3]["content"]


def test_the_best_reply_is_used_when_no_better_comes(server: FaultyServer, ask: Ask) -> None:
    """A paid reply with one flaw would lose the whole passage if this failed."""
    replies = ["A", "AB", "ABC"]
    server.script(*(says({"name": name, "age": 1}) for name in replies))
    result = ask(check=lambda draft: [f"bad {letter}" for letter in draft.name])
    assert result.value.name == "A"
    assert result.complaints == ("bad A",)
    assert outcomes(result) == ["invalid"] * 3
    assert len(server.requests) == 3, "two re-asks by default"


def test_among_equals_the_latest_reply_is_used(server: FaultyServer, ask: Ask) -> None:
    """The model's second thoughts would be lost if this failed."""
    server.script(*(says({"name": name, "age": 1}) for name in "ABC"))
    assert ask(check=known_names).value.name == "C"


def test_a_failed_re_ask_loses_nothing(server: FaultyServer, ask: Ask) -> None:
    """A paid reply would be lost to a later hiccup if this failed."""
    server.script(says({"name": "A", "age": 1}), status(401), says(GOOD))
    result = ask(check=known_names)
    assert result.value.name == "A"
    assert outcomes(result) == ["invalid", "failed"]


def test_nothing_valid_at_all(server: FaultyServer, ask: Ask) -> None:
    """Prose for ever would end in a foreign error, or without its account, otherwise."""
    server.script(*[says("prose")] * 9)
    with pytest.raises(InvalidReply) as caught:
        ask()
    assert type(caught.value) is InvalidReply
    assert outcomes(caught.value) == ["invalid"] * 3


def test_re_asks_may_be_switched_off(server: FaultyServer, ask: Ask) -> None:
    """The limit of re-asks would not hold if this failed."""
    server.script(says("prose"))
    with pytest.raises(InvalidReply):
        ask(reasks=0)
    assert len(server.requests) == 1


def test_a_bug_in_the_check_is_not_the_models(server: FaultyServer, ask: Ask) -> None:
    """A bug of ours would be told to the model, and paid for, if this failed."""

    def buggy(_: Draft) -> list[str]:
        message = "our own"
        raise ValueError(message)

    with pytest.raises(ValueError, match="our own"):
        ask(check=buggy)
    assert len(server.requests) == 1


# --- the budget -------------------------------------------------------------------------------


def test_one_budget_for_retries_and_re_asks(server: FaultyServer, ask: Ask) -> None:
    """Retries and re-asks would multiply if this failed."""
    server.script(status(500), says("prose"), status(500), says("prose"), says(GOOD))
    with pytest.raises(InvalidReply) as caught:
        ask(budget=Budget(attempts=4))
    assert outcomes(caught.value) == ["unavailable", "invalid", "unavailable", "invalid"]
    assert len(server.requests) == 4


def test_tokens_run_out(server: FaultyServer, ask: Ask) -> None:
    """A limit on tokens would not hold if this failed."""
    server.script(*[says("prose")] * 9)
    with pytest.raises(BudgetSpent, match="110 of 110 tokens"):
        ask(budget=Budget(tokens=110))
    assert len(server.requests) == 1


def test_tokens_run_out_on_a_flawed_reply(server: FaultyServer, ask: Ask) -> None:
    """A paid reply would be lost to the limit if this failed."""
    server.script(says({"name": "A", "age": 1}))
    assert ask(check=known_names, budget=Budget(tokens=1)).value.name == "A"
    assert len(server.requests) == 1


def test_time_runs_out(server: FaultyServer, ask: Ask) -> None:
    """A limit on seconds would not hold against a slow server if this failed."""
    server.script(drip)
    with pytest.raises(BudgetSpent, match="seconds") as caught:
        ask(budget=Budget(seconds=0.2))
    assert len(server.requests) == 1
    assert outcomes(caught.value) == ["failed"]


def test_a_meter_is_shared_between_calls(server: FaultyServer, ask: Ask) -> None:
    """A limit for a whole summary would hold for each passage alone if this failed."""
    meter = Meter(tokens=150)
    ask(meter=meter)
    ask(meter=meter)
    assert meter.spent == 220
    with pytest.raises(BudgetSpent, match="220 of 150"):
        ask(meter=meter)
    assert len(server.requests) == 2


def test_no_request_without_a_budget(server: FaultyServer, ask: Ask) -> None:
    """A budget of nothing would be overdrawn if this failed."""
    with pytest.raises(BudgetSpent):
        ask(budget=Budget(attempts=0))
    assert server.requests == []


# --- what an endpoint takes -------------------------------------------------------------------

_NO_LIMIT = status(
    400,
    "Unsupported parameter: 'max_tokens' is not supported with this model. "
    "Use 'max_completion_tokens' instead.",
    param="max_tokens",
    code="unsupported_parameter",
)
_NO_HEAT = status(
    400,
    "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) "
    "value is supported.",
    param="temperature",
    code="unsupported_value",
)


def test_parameters_that_an_endpoint_does_not_take(server: FaultyServer) -> None:
    """Whole families of hosted models could not be used if this failed."""
    no_seed = status(422, "seed: Extra inputs are not permitted")
    server.script(_NO_LIMIT, _NO_HEAT, no_seed)
    client = make(server)
    reply = asyncio.run(one(client, budget=Budget(attempts=1)))
    last = server.requests[-1].body
    assert last["max_completion_tokens"] == 50
    assert not {"max_tokens", "temperature", "seed"} & set(last)
    assert outcomes(reply) == ["failed"] * 3 + ["valid"]
    asyncio.run(one(client))
    assert len(server.requests) == 5, "what was learnt is remembered"


def test_forms_that_an_endpoint_does_not_take(server: FaultyServer, ask: Ask) -> None:
    """Endpoints without structured output could not be used if this failed."""
    server.script(
        status(400, "Invalid schema for response_format 'Draft'", param="response_format"),
        status(400, "This response_format type is unavailable now"),
        status(400, "response_format: unknown field"),
    )
    ask(strict=True)
    forms = [asked.body.get("response_format") for asked in server.requests]
    assert [form and form["type"] for form in forms] == [
        "json_schema",
        "json_schema",
        "json_object",
        None,
    ]
    assert forms[0] is not None
    assert forms[0]["json_schema"]["strict"] is True
    assert forms[1] is not None
    assert "strict" not in forms[1]["json_schema"]
    for asked in server.requests[2:]:
        system, article = asked.messages
        assert system["content"].startswith("Copy what is written.\n\n")
        assert '"properties"' in system["content"], "the schema is said in words"
        assert article == MESSAGES[1]


def test_requests_side_by_side_learn_once(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Concurrent rejections would step down twice, or fail, if this failed."""
    usual = server.next

    def picky(asked: Asked) -> Fault:
        good = usual(asked)
        return _NO_HEAT if "temperature" in asked.body else good

    monkeypatch.setattr(server, "next", picky)
    client = make(server)

    async def several() -> list[Reply[Draft]]:
        replies = await asyncio.gather(
            *(
                client.ask(
                    MESSAGES,
                    Draft,
                    check=quiet,
                    budget=Budget(attempts=1),
                    max_tokens=50,
                    passage=number,
                    prompt_version="extract/1",
                )
                for number in range(4)
            )
        )
        await client.aclose()
        return replies

    assert len(asyncio.run(several())) == 4
    assert client.dialect.seed
    assert not client.dialect.temperature


def test_a_rejection_that_nothing_mends(server: FaultyServer, ask: Ask) -> None:
    """An endpoint that rejects everything would be asked for ever if this failed."""
    server.script(*[_NO_HEAT] * 9)
    with pytest.raises(ConfigurationError):
        ask()
    assert len(server.requests) == 2


# --- the store --------------------------------------------------------------------------------


def test_a_question_is_paid_once(server: FaultyServer, tmp_path: Path) -> None:
    """A second run would pay again if this failed."""
    with Store(tmp_path / "c.sqlite") as cache:
        first = asyncio.run(one(make(server, store=cache)))
        second = asyncio.run(one(make(server, store=cache)))
    assert len(server.requests) == 1
    assert second.value == first.value
    assert second.raw == first.raw
    (attempt,) = second.attempts
    assert attempt.cached
    assert (attempt.prompt_tokens, attempt.completion_tokens) == (PROMPT_TOKENS, COMPLETION_TOKENS)


def test_a_kept_reply_is_checked_again(server: FaultyServer, tmp_path: Path) -> None:
    """A check mended since would not see kept replies if this failed."""
    server.script(*[says({"name": "A", "age": 1})] * 3)
    with Store(tmp_path / "c.sqlite") as store:
        first = asyncio.run(one(make(server, store=store), check=known_names))
        assert len(server.requests) == 3
        again = asyncio.run(one(make(server, store=store), check=known_names))
    assert len(server.requests) == 3, "a flawed passage is not asked again"
    assert again.complaints == ('"A" is not in the article.',)
    assert outcomes(again) == outcomes(first) == ["invalid"] * 3
    assert [a.detail for a in again.attempts] == [a.detail for a in first.attempts]
    assert all(attempt.cached and attempt.cost == 0 for attempt in again.attempts)
    assert not any(attempt.cached for attempt in first.attempts)


def test_a_kept_reply_that_no_longer_parses_is_told_back(
    server: FaultyServer, tmp_path: Path
) -> None:
    """A stricter validator would fail for ever on an old reply if this failed."""
    with Store(tmp_path / "c.sqlite") as store:
        first = asyncio.run(one(make(server, store=store)))
        store.put(first.attempts[0].key, "prose", model="fake")
        assert asyncio.run(one(make(server, store=store))).value.age == 73
    assert len(server.requests) == 2


def test_a_reply_is_in_the_store_before_it_is_looked_at(
    server: FaultyServer, tmp_path: Path
) -> None:
    """A process killed while it parses or checks a reply would pay for it again otherwise."""
    server.script(says("prose"), says({"name": "A", "age": 1}))
    seen = []

    def check(draft: Draft) -> list[str]:
        with Store(store.path) as other:
            seen.append([kept.raw for kept in other])
        return known_names(draft)

    with Store(tmp_path / "c.sqlite") as store:
        reply = asyncio.run(one(make(server, store=store), check=check))
    assert [len(raws) for raws in seen] == [2, 3]
    assert "prose" in seen[0]
    assert all(attempt.key for attempt in reply.attempts)


def test_an_interrupted_conversation_goes_on_where_it_was(
    server: FaultyServer, tmp_path: Path
) -> None:
    """Every re-ask of a killed run would be paid twice if this failed."""
    replies = [says("prose"), says({"name": "A", "age": 1}), says(GOOD)]
    server.script(*replies)
    with Store(tmp_path / "whole.sqlite") as store:
        asyncio.run(one(make(server, store=store), check=known_names))
        kept = list(store)
    asked = [request.body for request in server.requests]
    by_raw = {reply.raw: reply for reply in kept}
    order = [by_raw[raw] for raw in ("prose", json.dumps({"name": "A", "age": 1}))]
    for done in range(3):
        server.requests.clear()
        server.script(*replies[done:])
        with Store(tmp_path / f"{done}.sqlite") as store:
            for reply in order[:done]:
                store.put(reply.key, reply.raw, model=reply.model)
            result = asyncio.run(one(make(server, store=store), check=known_names))
            assert {reply.key for reply in store} == {reply.key for reply in kept}
        assert [request.body for request in server.requests] == asked[done:]
        assert result.value.name == "Rajnath Singh"
        assert [attempt.cached for attempt in result.attempts] == [True] * done + [False] * (
            3 - done
        )


def test_a_model_that_repeats_itself_is_asked_again(server: FaultyServer, tmp_path: Path) -> None:
    """With a store, a re-ask in the same words would be answered by the last reply otherwise."""
    flawed = says({"name": "A", "age": 1})
    server.script(flawed, flawed, says(GOOD))
    with Store(tmp_path / "c.sqlite") as store:
        reply = asyncio.run(one(make(server, store=store), check=known_names))
        assert len(store) == 3
    assert reply.value.name == "Rajnath Singh"


def test_kept_replies_cost_nothing_of_the_budget(server: FaultyServer, tmp_path: Path) -> None:
    """A run that goes on would be stopped by what an earlier one has paid if this failed."""
    server.script(says({"name": "A", "age": 1}), status(500), status(500))
    with Store(tmp_path / "c.sqlite") as store:
        asyncio.run(one(make(server, store=store), check=known_names, budget=Budget(attempts=3)))
        meter = Meter(tokens=1)
        reply = asyncio.run(
            one(
                make(server, store=store),
                check=known_names,
                budget=Budget(attempts=1),
                meter=meter,
            )
        )
    assert reply.value.name == "Rajnath Singh"
    assert [attempt.cached for attempt in reply.attempts] == [True, False]
    assert meter.spent == PROMPT_TOKENS + COMPLETION_TOKENS


def test_what_an_endpoint_does_not_take_is_no_part_of_the_question(
    server: FaultyServer, tmp_path: Path
) -> None:
    """A process that has yet to learn what the endpoint takes would pay again if this failed."""
    server.script(_NO_LIMIT, _NO_HEAT)
    with Store(tmp_path / "c.sqlite") as store:
        asyncio.run(one(make(server, store=store)))
        assert len(server.requests) == 3
        assert asyncio.run(one(make(server, store=store))).attempts[0].cached
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", [refuses(), says("{}", "length"), says("x", "content_filter")])
def test_refused_and_cut_replies_are_not_cached(
    server: FaultyServer, tmp_path: Path, fault: Any
) -> None:
    """A refusal would be remembered for ever if this failed."""
    server.script(fault)
    with Store(tmp_path / "c.sqlite") as cache:
        with pytest.raises(ModelError):
            asyncio.run(one(make(server, store=cache)))
        assert len(cache) == 0


@pytest.mark.parametrize(
    "name", ["no choices", "empty reply", "a web page", "half a body", "not UTF-8", "500"]
)
def test_what_is_no_reply_is_not_kept(server: FaultyServer, tmp_path: Path, name: str) -> None:
    """A hiccup would be remembered for ever if this failed."""
    server.script(*[TRANSPORT[name][0]] * 3)
    with Store(tmp_path / "c.sqlite") as store:
        with pytest.raises(CommuniqueError):
            asyncio.run(one(make(server, store=store), budget=Budget(attempts=3)))
        assert len(store) == 0


def test_a_conversation_cut_by_the_network_goes_on(server: FaultyServer, tmp_path: Path) -> None:
    """A flawed reply would stay the last word because of a hiccup, or be paid again, otherwise."""
    server.script(says({"name": "A", "age": 1}), status(401))
    with Store(tmp_path / "c.sqlite") as store:
        first = asyncio.run(one(make(server, store=store), check=known_names))
        assert first.value.name == "A"
        again = asyncio.run(one(make(server, store=store), check=known_names))
    assert again.value.name == "Rajnath Singh"
    assert [attempt.cached for attempt in again.attempts] == [True, False]


@pytest.mark.parametrize("durable", [False, True])
def test_a_failed_ask_is_asked_anew(server: FaultyServer, tmp_path: Path, durable: bool) -> None:
    """One failure would be replayed for ever, or be paid again before it was recorded."""
    server.script(*[says("prose")] * 3)
    with Store(tmp_path / "c.sqlite") as store:
        with pytest.raises(InvalidReply) as caught:
            asyncio.run(one(make(server, store=store, durable=durable)))
        assert outcomes(caught.value) == ["invalid"] * 3
        assert len(store) == (3 if durable else 0)
        if durable:  # as if killed before the outcome was kept
            with pytest.raises(InvalidReply) as again:
                asyncio.run(one(make(server, store=store, durable=True)))
            assert len(server.requests) == 3
            report = again.value.report
            assert report is not None
            assert report.cached
            failed = PassageReport(index=3, span=Span(start=0, end=1), fate="failed")
            report = report.model_copy(update={"passages": [failed]})
            store.keep_outcome("a", "s", article_id="x", failure=again.value, report=report)
            assert len(store) == 0
        assert asyncio.run(one(make(server, store=store, durable=durable))).value.age == 73
    assert len(server.requests) == 4


def test_an_ask_that_the_network_ended_forgets_nothing(
    server: FaultyServer, tmp_path: Path
) -> None:
    """A paid reply would be paid again because of a hiccup after it if this failed."""
    server.script(says("prose"), status(401))
    with Store(tmp_path / "c.sqlite") as store:
        with pytest.raises(AuthenticationFailed):
            asyncio.run(one(make(server, store=store)))
        assert len(store) == 1
        reply = asyncio.run(one(make(server, store=store)))
    assert [attempt.cached for attempt in reply.attempts] == [True, False]


def broken(store: Store, *, on: bool = True) -> None:
    """Have every write fail, as on a disk that has become read-only; or mend that."""
    with store._database._lent():
        connection = store._database._connection("writing")
        connection.execute(f"PRAGMA query_only = {'ON' if on else 'OFF'}")


def test_a_store_that_fails_does_not_lose_a_paid_reply(
    server: FaultyServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk would throw a paid reply away if this failed."""
    with Store(tmp_path / "c.sqlite") as store:
        broken(store)
        with pytest.raises(StorageError):
            store.put("k", "raw", model="m")
        reply = asyncio.run(one(make(server, store=store)))
    assert reply.value.age == 73
    assert reply.attempts[0].key == "", "what is not in the store has no key there"
    levels = [record.levelname for record in caplog.records if "be kept" in record.message]
    assert levels == ["WARNING"]


def test_a_durable_client_pays_for_nothing_that_it_cannot_keep(
    server: FaultyServer, tmp_path: Path
) -> None:
    """A night's replies would be paid for and lost on a full disk if this failed."""
    other = [{"role": "user", "content": "Another question"}]
    with Store(tmp_path / "c.sqlite") as store:
        client = make(server, store=store, durable=True)
        broken(store)
        assert asyncio.run(one(client)).value.age == 73, "it was paid, and is used"
        with pytest.raises(StorageError) as caught:
            asyncio.run(one(client, messages=other))
        assert not caught.value.retryable
        assert asyncio.run(one(client)).attempts[0].cached, "what is held in memory is not lost"
        assert len(server.requests) == 1
        broken(store, on=False)
        asyncio.run(one(client, messages=other))
        assert len(store) == 2
    assert len(server.requests) == 2


def test_a_flawed_reply_is_used_when_the_store_fails(server: FaultyServer, tmp_path: Path) -> None:
    """A paid reply would be lost to the disk if this failed."""
    server.script(says({"name": "A", "age": 1}))
    with Store(tmp_path / "c.sqlite") as store:
        broken(store)
        reply = asyncio.run(one(make(server, store=store, durable=True), check=known_names))
    assert reply.value.name == "A"
    assert len(server.requests) == 1


# --- clients of the user's own ----------------------------------------------------------------


def test_a_synchronous_client_of_the_users(server: FaultyServer) -> None:
    """A user's own openai.OpenAI could not be used, or would retry by itself, otherwise."""
    server.script(status(500), says("prose"))
    with openai.OpenAI(base_url=server.url, api_key=KEY, max_retries=5) as own:
        reply = asyncio.run(one(make(server, client=own)))
        assert not own.is_closed()
    assert outcomes(reply) == ["unavailable", "invalid", "valid"]
    assert len(server.requests) == 3


def test_an_asynchronous_client_of_the_users(server: FaultyServer) -> None:
    """A user's own openai.AsyncOpenAI could not be used, or be closed by us, otherwise."""
    server.script(status(500))

    async def use() -> Reply[Draft]:
        async with openai.AsyncOpenAI(base_url=server.url, api_key=KEY) as own:
            reply = await one(make(server, client=own))
            assert not own.is_closed()
            return reply

    assert outcomes(asyncio.run(use())) == ["unavailable", "valid"]
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_something_else_for_a_client(server: FaultyServer) -> None:
    """A wrong object would fail somewhere deep, with a foreign error, if this failed."""
    with pytest.raises(ConfigurationError, match="type dict"):
        make(server, client={})


def test_one_client_for_several_loops(server: FaultyServer) -> None:
    """A client would be tied to the loop of its first use if this failed."""
    client = make(server)
    # Nobody can close a connection whose loop is gone: the server does.
    server.script(*[says(GOOD, headers={"connection": "close"})] * 2)

    async def use() -> None:
        await client.ask(
            MESSAGES,
            Draft,
            check=quiet,
            budget=Budget(),
            max_tokens=50,
            passage=0,
            prompt_version="extract/1",
        )

    asyncio.run(use())
    asyncio.run(use())
    assert len(server.requests) == 2
    asyncio.run(client.aclose())


def test_the_address_is_never_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text would go elsewhere than the report says if this failed."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere.example/v1")
    made = module.connected(Endpoint("m", None, KEY))
    assert str(made.base_url).rstrip("/") == module.OPENAI_URL


def test_credentials_in_an_address(server: FaultyServer) -> None:
    """A password in an address would reach the report, or not the server, if this failed."""
    url = server.url.replace("://", "://user:pass-w0rd@") + "?version=2"
    endpoint = Endpoint.at("m", url)
    assert endpoint.identity == server.url
    assert "pass-w0rd" not in repr(endpoint)
    reply = asyncio.run(one(Client(endpoint)))
    assert reply.value.age == 73
    assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert server.requests[0].path == "/v1/chat/completions?version=2"


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        (None, "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("http://u:p@h:8/v1?key=1#f", "http://h:8/v1"),
        ("http://[::1]:8/v1", "http://[::1]:8/v1"),
    ],
)
def test_identities(url: str | None, identity: str) -> None:
    """A key in an address would reach cache keys and reports if this failed."""
    assert identity_of(url) == identity


# --- keys -------------------------------------------------------------------------------------

LEAKS = {
    "in the message": status(401, f"Incorrect API key provided: {KEY}."),
    "in a server's page": raw(f"<p>{KEY}</p>".encode(), status=500),
    "in a reply": says(f"Your key is {KEY}"),
    "in a refusal": refuses(f"No, {KEY}"),
    "in a parameter's rejection": status(400, f"temperature unsupported for {KEY}"),
    "in something else": raw(KEY.encode(), headers={"content-type": "text/plain"}),
}


@pytest.mark.parametrize("name", LEAKS)
def test_the_key_is_nowhere(
    server: FaultyServer, ask: Ask, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """A key would end up in a log, a traceback or a published report if this failed."""
    caplog.set_level(logging.DEBUG, logger="communique")
    caplog.set_level(logging.INFO)
    server.script(*[LEAKS[name]] * 9)
    client = make(server)
    with pytest.raises(CommuniqueError) as caught:
        ask(made=client)
    error = caught.value
    assert error.report is not None
    said = [
        str(error),
        repr(error),
        *traceback.format_exception(error),
        error.report.model_dump_json(),
        repr(client),
        repr(client.endpoint),
        str(client.endpoint),
        caplog.text,
    ]
    assert not any(KEY in words for words in said)
    assert not any("SECRET" in words for words in said)
    assert error.__cause__ is None


@pytest.mark.parametrize("secret", [KEY, "pass-w0rd"])
def test_no_key_reaches_the_store(server: FaultyServer, tmp_path: Path, secret: str) -> None:
    """A store that is given away, or exported, would give the key away if this failed."""
    leaking = {"name": f"Rajnath {secret} Singh", "age": 1}
    server.script(*[says(leaking)] * 2, says(GOOD))
    url = server.url.replace("://", "://user:pass-w0rd@")
    with Store(tmp_path / "c.sqlite") as store:
        endpoint = Endpoint.at("m", url, KEY)
        client = Client(endpoint, store=store, wait=lambda _: 0.0)
        reply = asyncio.run(one(client, check=known_names))
        assert reply.value.name == "Rajnath Singh"
        assert [kept.raw for kept in store if "[key]" in kept.raw], "the reply itself is kept"
        store.export(tmp_path / "export.jsonl")
    for file in tmp_path.iterdir():
        assert secret.encode() not in file.read_bytes(), file.name
    assert all(secret not in json.dumps(asked.messages) for asked in server.requests)


def test_a_word_that_is_also_a_key_stays_in_a_reply(server: FaultyServer, tmp_path: Path) -> None:
    """A local server's dummy key would tear holes into every article that holds the word."""
    server.script(says({"name": "secret talks", "age": 1}))
    reply = asyncio.run(one(Client(Endpoint.at("m", server.url, "secret"))))
    assert reply.value.name == "secret talks"
    server.script(says({"name": "the code abc123xyz", "age": 1}))
    asking = [{"role": "user", "content": "He said the code abc123xyz."}]
    reply = asyncio.run(one(Client(Endpoint.at("m", server.url, "abc123xyz")), messages=asking))
    assert reply.value.name == "the code abc123xyz"


def test_words_that_nothing_can_say(server: FaultyServer, tmp_path: Path) -> None:
    """An endpoint's broken words would make a report that cannot be written, otherwise."""
    server.script(raw(b'{"error": {"message": "no \\ud800 way"}}', status=401))
    with pytest.raises(AuthenticationFailed) as caught:
        asyncio.run(one(make(server)))
    assert caught.value.report is not None
    assert "no ? way" in caught.value.report.model_dump_json()


def test_other_keys_are_struck_as_well() -> None:
    """A key of another client, echoed by an endpoint, would be published if this failed."""
    struck = _translate.redact("key sk-abcdef123456, Bearer abc.def and hunter2x", ["hunter2x"])
    assert struck == "key [key], Bearer [key] and [key]"


def test_a_failure_is_not_logged_as_an_error(
    server: FaultyServer, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    """The article's words would be printed to a user's terminal by a library if this failed."""
    server.script(*[says("prose about Rajnath Singh")] * 9)
    with pytest.raises(InvalidReply):
        ask()
    server.script(status(401))
    with pytest.raises(InvalidReply):
        ask()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


# --- the table of errors ----------------------------------------------------------------------


def _tree(root: type[BaseException]) -> set[type[BaseException]]:
    return {root}.union(*(_tree(child) for child in root.__subclasses__()))


def _public(kinds: set[type[BaseException]], package: object) -> set[type[BaseException]]:
    return {
        kind
        for kind in kinds
        if getattr(package, kind.__name__, None) is kind and not kind.__name__.startswith("_")
    }


def test_every_error_of_openai_is_in_the_table() -> None:
    """A new release's error would reach the user untranslated if this failed."""
    kinds = _public(_tree(openai.OpenAIError), openai) | _public(
        _tree(openai.OpenAIError), openai._exceptions
    )
    kinds.add(openai.InvalidWebhookSignatureError)
    assert len(kinds) > 15
    assert kinds - set(_translate.table()) == set()


def test_every_error_of_instructor_is_in_the_table() -> None:
    """A new release's error would reach the user untranslated if this failed."""
    tree = _tree(instructor_errors.InstructorError)
    kinds = _public(tree, instructor_errors)
    assert len(kinds) > 10
    assert kinds - set(_translate.table()) == set()
    hidden = _public(tree, instructor_exceptions) - kinds
    table = _translate.table()
    assert all(any(kind in table for kind in each.__mro__[1:-3]) for each in hidden)


def test_every_error_of_the_table_is_translated() -> None:
    """A rule of the table would itself fail if this failed."""
    for kind in _translate.table():
        if kind is ValidationError:
            error: BaseException = ValidationError.from_exception_data("boom", [])
        else:
            error = kind.__new__(kind)
            error.args = ("boom",)
        ours = translate(error)
        assert isinstance(ours, CommuniqueError), kind
        assert ours.what, kind
        assert ours.advice, kind


def test_instructors_wrapping_is_looked_through() -> None:
    """A refused key would look like an invalid reply if this failed."""
    wrapped = instructor_errors.InstructorRetryException("x", n_attempts=1, total_usage=0)
    wrapped.__cause__ = ConnectionResetError("peer")
    assert isinstance(translate(wrapped), Unavailable)


def test_an_unknown_error_is_named() -> None:
    """An unexpected error would be hidden if this failed."""
    ours = translate(KeyError("x"))
    assert type(ours) is ModelError
    assert "KeyError" in ours.what


def test_our_own_errors_pass() -> None:
    """An error would be translated twice, and lose its kind, if this failed."""
    ours = Refused("No.", "Stop.")
    assert translate(ours) is ours
