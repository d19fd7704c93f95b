"""One question to a model, and one valid answer: the only station that sends anything anywhere.

`Client.ask` sends messages to any endpoint that speaks OpenAI's chat completions and gives back
an instance of a pydantic class. Three layers share the work and one budget:

- `instructor` parses the reply and tells the model what was wrong with it (the re-asks);
- `tenacity` repeats what failed on the way there (429, 5xx, time-outs, broken connections);
- `openai` speaks HTTP, its own retries switched off, or they would multiply.

Every request becomes an `Attempt` with its tokens, the failed ones too. A reply that parses is
never lost: when the model cannot satisfy the caller's check, the best reply is returned with
its complaints. Foreign errors are translated in one table, and keys appear in no message.

With a store, a request is looked up before it is sent, re-asks like first questions, and its
reply is committed before anything else looks at it. Started again, a conversation goes through
the replies that are there, word for word as before, and sends only what is missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import logging
import os
import time
import types
import weakref
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from pydantic import BaseModel, ValidationError

from communique import _loop
from communique._bounded import bound
from communique._dialect import SEED, Dialect, json_in, schema_of, strict_schema, text_of
from communique._translate import (
    Truncated,
    outcome_of,
    redact,
    retry_after,
    translate,
    words_of,
)
from communique.errors import (
    BudgetSpent,
    CommuniqueError,
    ConfigurationError,
    InvalidReply,
    RateLimited,
    StorageError,
    Unavailable,
)
from communique.pacing import Ending, Free, Load
from communique.prices import tariff_of
from communique.schemas import Attempt, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import openai
    from openai.types.chat import ChatCompletion
    from tenacity import RetryCallState

    from communique.pacing import Pacing, Turn
    from communique.prices import Rates, Tariff
    from communique.store import Kept, Store

__all__ = [
    "Budget",
    "Client",
    "Deferred",
    "Endpoint",
    "Message",
    "Meter",
    "Reply",
    "Truncated",
    "connected",
    "identity_of",
    "strict_schema",
    "translate",
]

log = logging.getLogger(__name__)

T = TypeVar("T", bound=BaseModel)
Message: TypeAlias = "Mapping[str, str]"
"""A chat message: `role` and `content`."""

OPENAI_URL: Final = "https://api.openai.com/v1"
LONGEST_PAUSE: Final = 120.0
"""Seconds: a longer `Retry-After` is cut to this."""
_SHORTEST_SECRET: Final = 6
_AROUND: Final = 64
"""Tokens around the messages of a chat."""
_BYTES_A_TOKEN: Final = 4.0
_FIRST_REPLY: Final = 300.0
_FAREWELL: Final = 2.0
"""Seconds for closing connections when the interpreter ends."""
_BAD_REQUEST: Final = frozenset({400, 422})


# --- what is asked of, and within which limits ------------------------------------------------


@dataclass(frozen=True)
class Endpoint:
    """Where the text goes.

    `base_url` None is OpenAI's own service. `identity` names the endpoint in cache keys and
    reports, without credentials. `strict` puts OpenAI's strict response format in. `tariff` knows
    what a request costs; None where nobody does. `grammar` writes a JSON schema as a grammar, for
    an endpoint that takes one in place of a response format. `start` has what answers started, if
    it is not yet, and gives its address and key; it is called before every request, and not for
    what the store answers.
    """

    model: str
    base_url: str | None = field(default=None, repr=False)  # it may hold a password
    api_key: str = field(default="", repr=False)
    identity: str = OPENAI_URL
    strict: bool = False
    tariff: Tariff | None = None
    grammar: Callable[[Mapping[str, Any]], str] | None = field(default=None, repr=False)
    start: Callable[[], tuple[str, str]] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def at(
        cls,
        model: str,
        base_url: str | None = None,
        api_key: str = "",
        *,
        prices: Mapping[str, Rates] | None = None,
    ) -> Endpoint:
        """Make an endpoint from its address; only OpenAI's own is asked for the strict format.

        `prices` is the user's table (`prices.checked`).
        """
        identity = identity_of(base_url)
        tariff = tariff_of(model, identity, prices or {}, public=not _is_loopback(base_url))
        return cls(model, base_url, api_key, identity, identity == OPENAI_URL, tariff)


def identity_of(base_url: str | None) -> str:
    """Strip a URL of user, password, query and fragment; None is OpenAI's own."""
    parts = urlsplit(base_url or OPENAI_URL)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


class Meter:
    """Tokens and seconds spent against a limit; a meter may draw on a `parent`'s limits too.

    One meter for a whole summary, given to every `ask`, limits them together. Requests already
    under way are finished, so passages read side by side may go over by one request each.
    """

    def __init__(
        self,
        *,
        tokens: int | None = None,
        seconds: float | None = None,
        parent: Meter | None = None,
    ) -> None:
        self.tokens = tokens
        self.seconds = seconds
        self.parent = parent
        self.spent = 0
        self._start = time.monotonic()

    def spend(self, tokens: int) -> None:
        """Count tokens, here and with the parent."""
        self.spent += tokens
        if self.parent is not None:
            self.parent.spend(tokens)

    def extend(self, seconds: float) -> None:
        """Do not count so many of the seconds that went by, here and with the parent."""
        self._start += seconds
        if self.parent is not None:
            self.parent.extend(seconds)

    def seconds_left(self) -> float:
        """Return the seconds until the first limit; infinite where there is none."""
        own = float("inf") if self.seconds is None else self._elapsed_left(self.seconds)
        return own if self.parent is None else min(own, self.parent.seconds_left())

    def used_up(self, pause: float = 0.0) -> str:
        """Say which limit is reached, after a pause of so many seconds; empty: none."""
        if self.tokens is not None and self.spent >= self.tokens:
            return f"{self.spent:,} of {self.tokens:,} tokens are spent"
        if self.seconds is not None and self._elapsed_left(self.seconds) <= pause:
            return f"the {self.seconds:g} seconds are used up"
        return "" if self.parent is None else self.parent.used_up(pause)

    def _elapsed_left(self, seconds: float) -> float:
        return seconds - (time.monotonic() - self._start)


@dataclass(frozen=True)
class Budget:
    """What one call of `ask` may use: requests, tokens (None: any), seconds (None: any).

    Transport retries and re-asks draw on the same budget. A request that the endpoint rejects
    unread, because it does not know a parameter, is not counted.
    """

    attempts: int = 4
    tokens: int | None = None
    seconds: float | None = 120.0


@dataclass(frozen=True)
class Reply(Generic[T]):
    """A parsed reply, its raw text, every attempt made for it, and what is still wrong with it."""

    value: T
    raw: str
    attempts: tuple[Attempt, ...]
    complaints: tuple[str, ...] = ()


# --- one call of ask --------------------------------------------------------------------------


class _Halt(BaseException):
    """Leaves instructor's loop for good, with the error or with None: the best reply will do.

    No `Exception`, because instructor logs and wraps each of those, with the reply's text.
    """

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.error = error


class Deferred(CommuniqueError):
    """A question that is not asked now but noted, to be asked later; never seen outside.

    Source of it: `communique.batches`, whose requests are answered within a day.
    """


class _Rejected(Exception):
    """The endpoint knows better than to take a parameter: ask again without it."""


@dataclass(frozen=True)
class _Candidate:
    raw: str
    complaints: tuple[str, ...]


class _Call(Generic[T]):
    """The state of one call of `ask`: its attempts, its best reply, its budget."""

    def __init__(  # noqa: PLR0913 - ask's own arguments
        self,
        client: Client,
        messages: Sequence[Message],
        schema: type[T],
        *,
        check: Callable[[T], Sequence[str]],
        budget: Budget,
        meter: Meter | None,
        max_tokens: int,
        passage: int,
        prompt_version: str,
    ) -> None:
        self.client = client
        self.messages = list(messages)
        self.schema = schema
        self.check = check
        self.budget = budget
        self.meter = Meter(tokens=budget.tokens, seconds=budget.seconds, parent=meter)
        self.max_tokens = max_tokens
        self.passage = passage
        self.prompt_version = prompt_version
        self.attempts: list[Attempt] = []
        self.counted = 0
        self.best: _Candidate | None = None
        self._answered: list[list[Message]] = []
        self._sent: Counter[str] = Counter()
        self._raw = ""
        self._first: str | None = None
        self._value: T | None = None
        self._pause: float | None = None

    def report(self) -> Report:
        """Account for the attempts so far."""
        endpoint = self.client.endpoint
        return Report(
            model=endpoint.model,
            endpoint=endpoint.identity,
            prompt=self.prompt_version,
            attempts=list(self.attempts),
        )

    def reply(self) -> Reply[T] | None:
        """Give the reply with the fewest complaints, the latest of those; None: none parsed."""
        if self.best is None:
            return None
        value = self._value
        if value is None:  # not instructor's, which is of a class of its own
            value = self.schema.model_validate_json(json_in(self.best.raw), strict=False)
        return Reply(value, self.best.raw, tuple(self.attempts), self.best.complaints)

    # -- the first reply, which is the only one where it is valid

    async def open(self) -> bool:
        """Get the first reply; whether nothing is left to be said. Raises `_Halt`."""
        self._first = await self._get(self.messages)
        try:
            value = self.schema.model_validate_json(json_in(self._first), strict=False)
        except ValidationError:
            return False
        if self._weigh(value):
            return False
        self._value = value
        return True

    # -- the re-asks: instructor's loop, ended by our budget

    async def converse(self) -> None:
        """Go on until a reply is valid, or until no further re-ask is allowed; raises `_Halt`."""
        from instructor import Mode
        from instructor.core import Hooks, retry_async
        from tenacity import AsyncRetrying, retry_if_exception_type, wait_none

        hooks = Hooks()
        hooks.on("parse:error", self._unparsed)
        # The loop without the preparation of a request, which is ours: that would build the class
        # and its schema anew, for more time than all else here takes together.
        await retry_async(
            self._send,
            _checked(self.schema),
            args=(),
            kwargs={"messages": [dict(message) for message in self.messages]},
            context={_WEIGH: self._weigh},
            strict=False,  # "5" for a number is not worth a second request
            mode=Mode.JSON_SCHEMA,
            hooks=hooks,
            max_retries=AsyncRetrying(
                # A tenacity object brings its own rules: instructor's, in one word.
                retry=retry_if_exception_type(ValueError),
                wait=wait_none(),
                stop=lambda state: state.attempt_number > self.client.reasks or bool(self._spent()),
                retry_error_callback=self._give_up,
            ),
        )

    def _weigh(self, value: T) -> tuple[str, ...]:
        """Check a parsed reply, and keep it if it is the best so far."""
        try:
            complaints = tuple(self.check(value))
        except Exception as bug:  # noqa: BLE001 - told back, it would be laid at the model's door
            raise _Halt(bug) from None
        if self.best is None or len(complaints) <= len(self.best.complaints):
            self.best = _Candidate(self._raw, complaints)
        return complaints

    def _unparsed(self, error: Exception, **_: object) -> None:
        """Mark the last attempt as invalid (instructor's hook)."""
        detail = redact(words_of(error), self.client.secrets)
        self.attempts[-1] = self.attempts[-1].model_copy(
            update={"outcome": "invalid", "detail": detail}
        )

    def _give_up(self, state: RetryCallState) -> None:
        """End the re-asks: with the best reply, or with the reason why there is none."""
        if self.best is not None:
            raise _Halt(None)
        if used_up := self.meter.used_up():
            raise _Halt(_budget_spent(used_up))
        last = state.outcome.exception() if state.outcome is not None else None
        raise _Halt(translate(last or ValueError("no reply"), self.client.secrets))

    def _spent(self, pause: float = 0.0) -> str:
        """Say which part of the budget is used up, after a pause of so many seconds."""
        if self.counted >= self.budget.attempts:
            return f"all {self.budget.attempts} requests are made"
        return self.meter.used_up(pause)

    # -- the requests: tenacity's loop, on the same budget

    async def _send(self, *, messages: Sequence[Message], **_: object) -> ChatCompletion:
        """Give the first reply, and get the others (instructor's `create`)."""
        first, self._first = self._first, None
        return _completion(await self._get(messages) if first is None else first)

    async def _get(self, messages: Sequence[Message]) -> str:
        """Get one reply, through as many requests as it takes; raises `_Halt`."""
        from tenacity import AsyncRetrying, retry_if_exception

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: getattr(error, "retryable", False)),
            wait=self._wait,
            stop=lambda state: bool(self._spent(state.upcoming_sleep)),
            reraise=True,
        )
        # Each re-ask adds two messages; the last two say all that matters.
        opening = len(self.messages)
        latest = [*messages[:opening], *messages[max(opening, len(messages) - 2) :]]
        try:
            return await retrying(self._request, latest)
        except CommuniqueError as error:
            failure = error
        raise _Halt(failure)

    def _wait(self, state: RetryCallState) -> float:
        pause, self._pause = self._pause, None
        if pause is None:
            return self.client.wait(state)
        # Where it is shared, the pause is made at the gate, by everybody and once.
        return 0.0 if self.client.pace.shared else min(pause, LONGEST_PAUSE)

    async def _request(self, messages: Sequence[Message]) -> str:
        """Make one counted request, after as many rejected ones as the endpoint has quirks.

        None is made, and none counted, where the store has the reply.
        """
        key = self.key(messages) if self.client.store is not None else ""
        found = await self.client.recall(key)
        if found is not None:
            self._raw = found.raw
            self._record(self._recalled(found), counted=False)
        else:
            await self._ask(messages, key)
        self._answered.append(list(messages))
        return self._raw

    async def _ask(self, messages: Sequence[Message], key: str) -> None:
        if used_up := self._spent():
            raise _budget_spent(used_up)
        await self.client.save()
        await self._ready()
        while True:
            with contextlib.suppress(_Rejected):
                return await self._once(self.client.dialect, messages, key)

    async def _ready(self) -> None:
        """Wait for what is started here; neither the time nor a failure of that is a request's."""
        try:
            self.meter.extend(await self.client.ready())
        except CommuniqueError as error:
            failure = error
        else:
            return
        raise _Halt(failure)

    async def _once(self, dialect: Dialect, messages: Sequence[Message], key: str) -> None:
        """Make one request, keep its reply and record it; raises our errors, or `_Rejected`."""
        parameters = dialect.parameters(self.schema, self.max_tokens)
        sent = dialect.messages(messages, self.schema)
        turn = await self._turn(sent)
        start = time.monotonic()
        limit = min(self.client.timeout, self.meter.seconds_left())
        completion: Any = None
        failure: Exception | None = None
        ending = _LOST
        try:
            times = self._sent[key]
            self._sent[key] += 1
            completion = await self.client.complete(limit, sent, parameters, name=(key, times))
            ending = self.client.answered(completion)
            self._raw = self.client.struck(text_of(completion), messages)
        except Exception as error:  # noqa: BLE001 - the table knows them, or says so
            failure = self._failure(error, dialect, limit)
            if completion is None:
                ending = _ending_of(error, failure, self._pause)
        finally:
            self.client.pace.leave(turn, ending)
        usage = getattr(completion, "usage", None)
        attempt = self._attempt(failure, usage, time.monotonic() - start)
        if failure is None:
            attempt = attempt.model_copy(
                update={"key": await self.client.keep(key, self._raw, attempt)}
            )
        self._record(attempt, counted=self._counts(failure))
        if failure is not None:  # raised out here, so that no foreign error hangs on it
            raise failure

    async def _turn(self, messages: Sequence[Message]) -> Turn:
        """Wait for a turn, which takes nothing of the time of this call."""
        try:
            turn = await self.client.pace.enter(self.client.load(messages, self.max_tokens))
        except CommuniqueError as error:
            failure = error
        else:
            self.meter.extend(turn.waited)
            return turn
        raise _Halt(failure)

    def _counts(self, failure: Exception | None) -> bool:
        """Whether a request is one of those allowed: not where others have their turn first."""
        if isinstance(failure, _Rejected):
            return False
        return not (isinstance(failure, RateLimited) and self.client.pace.progress())

    def _failure(self, error: Exception, dialect: Dialect, limit: float) -> Exception:
        """Tell what a failed request means."""
        self._pause = retry_after(error)
        if isinstance(error, TimeoutError):
            if limit < self.client.timeout:
                return _budget_spent(self.meter.used_up(pause=1.0) or "no time is left")
            error = TimeoutError(f"no answer within {limit:g} seconds")
        failure = translate(error, self.client.secrets)
        if getattr(error, "status_code", 0) in _BAD_REQUEST and isinstance(
            failure, ConfigurationError
        ):
            words = words_of(error)
            simpler = dialect.without(str(getattr(error, "param", None) or ""), words)
            if simpler is not None:
                self.client.learn(dialect, simpler)
                return _Rejected(failure.what)
        return failure

    def _attempt(self, failure: Exception | None, usage: Any, seconds: float) -> Attempt:
        """Tell of a request that was made."""
        prompt = _count(getattr(usage, "prompt_tokens", 0))
        completion = _count(getattr(usage, "completion_tokens", 0))
        return Attempt(
            passage=self.passage,
            number=len(self.attempts) + 1,
            outcome="valid" if failure is None else outcome_of(failure),
            detail="" if failure is None else getattr(failure, "what", str(failure)),
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost=self.client.cost(usage),
            seconds=seconds,
        )

    def _recalled(self, found: Kept) -> Attempt:
        """Tell of a request that was not made."""
        return Attempt(
            passage=self.passage,
            number=len(self.attempts) + 1,
            outcome="valid",
            prompt_tokens=found.prompt_tokens,
            completion_tokens=found.completion_tokens,
            cached=True,
            key=found.key,
            cost=0.0,
        )

    def _record(self, attempt: Attempt, *, counted: bool) -> None:
        """Note an attempt, and take it off the budget where it was paid."""
        self.attempts.append(attempt)
        self.counted += counted
        if not attempt.cached:
            self.meter.spend(attempt.prompt_tokens + attempt.completion_tokens)

    # -- the store

    def key(self, messages: Sequence[Message]) -> str:
        """Hash a request: what is meant to be sent; see `communique.store.reply_key`."""
        return self.client.key(
            messages,
            self.schema,
            max_tokens=self.max_tokens,
            prompt_version=self.prompt_version,
            repeat=sum(list(messages) == answered for answered in self._answered),
        )

    async def at_once(self) -> Reply[T] | None:
        """Give a stored first reply that is valid, without instructor's machinery."""
        if self.client.store is None:
            return None
        found = await self.client.recall(self.key(self.messages))
        if found is None:
            return None
        try:
            value = self.schema.model_validate_json(json_in(found.raw), strict=False)
        except ValidationError:
            return None
        if self.check(value):
            return None
        return Reply(value, found.raw, (self._recalled(found),))

    def fruitless(self, error: CommuniqueError) -> list[str]:
        """Tell which stored replies led to an invalid one as the last word, and to nothing else."""
        if not isinstance(error, InvalidReply) or not (self.attempts and self.attempts[-1].key):
            return []
        return [attempt.key for attempt in self.attempts if attempt.key]


_WEIGH: Final = "weigh"


@functools.lru_cache(maxsize=64)
def _checked(schema: type[T]) -> type[T]:
    """Make a subclass whose validation runs the check of the call, which its context holds.

    Complaints raised in a validator are what instructor tells back to the model.
    """
    from pydantic import ValidationInfo, model_validator
    from pydantic_core import PydanticCustomError

    def weigh(value: T, info: ValidationInfo) -> T:
        complaints = info.context[_WEIGH](value) if info.context else ()
        if complaints:
            # The article's words are an argument here, never a template.
            raise PydanticCustomError("complaints", "{told}", {"told": "\n".join(complaints)})
        return value

    def body(namespace: dict[str, Any]) -> None:
        namespace["__module__"] = __name__
        namespace["weigh"] = model_validator(mode="after")(weigh)

    # The reply itself stands above the complaints in the re-ask: not in each of them again.
    return types.new_class(schema.__name__, (schema,), {"hide_input_in_errors": True}, body)


def _completion(raw: str) -> ChatCompletion:
    """Make what instructor reads: the reply's JSON and nothing of the endpoint's own.

    The re-ask repeats this message: made of the raw text alone, it is the same whether the
    reply has just come or is taken from the store, and so is the re-ask's key.
    """
    from openai.types.chat import ChatCompletion, ChatCompletionMessage
    from openai.types.chat.chat_completion import Choice

    message = ChatCompletionMessage(role="assistant", content=json_in(raw))
    choice = Choice(index=0, finish_reason="stop", message=message)
    return ChatCompletion(id="", choices=[choice], created=0, model="", object="chat.completion")


def _budget_spent(used_up: str) -> BudgetSpent:
    return BudgetSpent(
        f"The budget is used up: {used_up}.", "Allow more, or ask for less with a shorter text."
    )


def _count(number: Any) -> int:
    return number if isinstance(number, int) and number > 0 else 0


# --- the client -------------------------------------------------------------------------------


class Client:
    """Asks one endpoint, and remembers which parameters it takes.

    `client` is a client of the user's own, synchronous or not, used instead of one made from
    the endpoint's address and key; only its own retries are switched off. `timeout` is in
    seconds, for a whole request. `reasks` is how often a model is told what was wrong. `wait`
    is tenacity's, between requests for which the endpoint names no `Retry-After`.

    `store` keeps every finished reply before it is used. Where it cannot be written, the reply is
    used all the same; without `durable` that is a warning and no more. A `durable` client holds
    the reply in memory and sends nothing further until it is written: each later request tries
    that first, and raises `StorageError` where it fails again. So no reply is paid for that has
    nowhere to go, but for those under way.

    `pace` lets requests in, and is told how each ended: see `communique.pacing`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        client: openai.OpenAI | openai.AsyncOpenAI | None = None,
        store: Store | None = None,
        durable: bool = False,
        pace: Pacing | None = None,
        timeout: float = 120.0,
        reasks: int = 2,
        wait: Callable[[RetryCallState], float] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.store = store
        self.durable = durable
        self.pace = pace or Free()
        self.timeout = timeout
        self.reasks = reasks
        self.wait = wait or _backoff()
        form: Literal["grammar", "strict", "schema"] = "strict" if endpoint.strict else "schema"
        self.dialect = Dialect("grammar" if endpoint.grammar else form, grammar=endpoint.grammar)
        self.secrets = _secrets_of(endpoint, client)
        self._unsaved: dict[str, Kept] = {}
        self._given = None if client is None else _without_retries(client)
        self._own: openai.AsyncOpenAI | None = None
        self._owner: tuple[int, asyncio.AbstractEventLoop | None] = (0, None)
        self._running = endpoint
        self._usual = 0.0  # tokens of a request, on average

    def __repr__(self) -> str:
        return f"Client({self.endpoint!r})"

    async def ask(
        self,
        messages: Sequence[Message],
        schema: type[T],
        *,
        check: Callable[[T], Sequence[str]],
        budget: Budget,
        max_tokens: int,
        passage: int,
        prompt_version: str,
        meter: Meter | None = None,
    ) -> Reply[T]:
        """Ask until a reply parses as `schema` and `check` has no complaint, or the budget ends.

        `check` returns complaints, one sentence each, which are told back to the model; it must
        not raise. With the budget spent, the parsed reply with the fewest complaints is
        returned with them. `meter` shares limits between calls; `passage` numbers the attempts.

        Replies from the store cost nothing of the budget, and their attempts say `cached`. An ask
        that ends in `InvalidReply` would do so for ever, from the store: its replies are
        forgotten as the error is raised. A `durable` client leaves that to whoever keeps the
        outcome (`Store.keep_outcome`), or an interruption between the two would be paid twice.

        Raises any `ModelError` (`Truncated` when the reply was cut: ask for less), `BudgetSpent`
        or `ConfigurationError`, all with the attempts in their `report`, and `StorageError`
        when the store cannot be read, or (`durable`) not be written.
        """
        call = _Call(
            self,
            messages,
            schema,
            check=check,
            budget=budget,
            meter=meter,
            max_tokens=max_tokens,
            passage=passage,
            prompt_version=prompt_version,
        )
        stored = await call.at_once()
        if stored is not None:
            return stored
        error = await self._converse(call)
        if isinstance(error, Deferred):
            raise error
        reply = call.reply()
        if reply is None:
            error = error or InvalidReply("No reply came.", "Try again.", report=call.report())
            if not self.durable:
                await self._forget(call.fruitless(error))
            raise error
        if error is not None:
            log.info("A re-ask failed, and the reply before it is used: %s", error.what)
        return reply

    @property
    def given(self) -> Any:
        """The client of the user's own, or None."""
        return self._given

    async def aclose(self) -> None:
        """Close the connections; a client of the user's own stays open."""
        own, self._own = self._own, None
        pid, loop = self._owner
        if own is None or loop is None:
            return
        if pid != os.getpid():
            _inherited.append(own)
        elif loop is asyncio.get_running_loop() or loop.is_closed():
            await own.close()
        else:
            asyncio.run_coroutine_threadsafe(own.close(), loop)

    @property
    def started(self) -> bool:
        """Whether what answers runs, as far as that is this client's affair."""
        return self.endpoint.start is None or self._running is not self.endpoint

    async def ready(self) -> float:
        """Have what answers started, where the endpoint says how; the seconds that took.

        Raises what starting raises. It is asked before each request: the server may have been
        stopped meanwhile, and a forked process has one of its own.
        """
        if self.endpoint.start is None:
            return 0.0
        begun = time.monotonic()
        base_url, api_key = await asyncio.to_thread(self.endpoint.start)
        if (base_url, api_key) != (self._running.base_url, self._running.api_key):
            await self.aclose()
            self._running = replace(self.endpoint, base_url=base_url, api_key=api_key)
            self.secrets = _secrets_of(self._running, None)
        return time.monotonic() - begun

    async def complete(
        self,
        limit: float,
        messages: Sequence[Message],
        parameters: Mapping[str, Any],
        *,
        name: tuple[str, int],  # noqa: ARG002 - for a client that does not send but keeps a book
    ) -> Any:
        """Make one request, of at most `limit` seconds from the first byte to the last.

        `name` is the request's key in the store (empty where there is none), and how often this
        call has made it before.
        """
        sdk = await self._sdk()
        asked: dict[str, Any] = {"model": self.endpoint.model, "messages": messages}
        # The SDK's time-out is between two bytes: a slow drip never meets it.
        async with asyncio.timeout(limit):
            if self._given is None:
                # `create` would first walk through all that is sent, which takes longer than
                # sending it; a client of the user's own may have more in its `create`.
                return await sdk.post(
                    "/chat/completions",
                    cast_to=_reply_type(),
                    body={**asked, **parameters},
                    options={"timeout": limit, "security": {"bearer_auth": True}},
                )
            create = sdk.chat.completions.create
            asked |= {"timeout": limit, "extra_body": parameters}
            if asyncio.iscoroutinefunction(inspect.unwrap(create)):
                return await create(**asked)
            return await asyncio.to_thread(create, **asked)

    def learn(self, sent: Dialect, simpler: Dialect) -> None:
        """Remember what the endpoint takes, unless another request has learnt it meanwhile."""
        if self.dialect is sent:
            self.dialect = simpler
            log.info("%s does not take every parameter: %s", self.endpoint.identity, simpler)

    async def _sdk(self) -> Any:
        """Give the user's client, or one of our own for this process and this loop."""
        if self._given is not None:
            return self._given
        here = (os.getpid(), asyncio.get_running_loop())
        if self._own is None or self._owner != here:
            await self.aclose()
            self._own, self._owner = connected(self._running), here
            _connected.add(self)
        return self._own

    # -- the pace

    def load(self, messages: Sequence[Message], max_tokens: int) -> Load:
        """Tell what a request takes: about, and at the very most.

        No tokenizer makes more tokens of a text than it has bytes.
        """
        size = sum(len(message["content"].encode()) for message in messages) + _AROUND
        tariff = self.endpoint.tariff
        dollars = 0.0 if tariff is None else tariff.cost(size, max_tokens) or 0.0
        about = self._usual or size / _BYTES_A_TOKEN + _FIRST_REPLY
        return Load(round(about), size + max_tokens, dollars)

    def answered(self, completion: Any) -> Ending:
        """Tell that a request was answered, with what the endpoint counted."""
        usage = getattr(completion, "usage", None)
        if usage is None:
            return Ending("answered", None, None)
        tokens = _count(usage.prompt_tokens) + _count(usage.completion_tokens)
        self._usual += (tokens - self._usual) * (0.1 if self._usual else 1.0)
        return Ending("answered", tokens, self.cost(usage) or 0.0)

    def cost(self, usage: Any) -> float | None:
        """Price what the endpoint counted, in US dollars; None where prices are not known."""
        if self.endpoint.tariff is None:
            return None
        details = getattr(usage, "prompt_tokens_details", None)
        return self.endpoint.tariff.cost(
            _count(getattr(usage, "prompt_tokens", 0)),
            _count(getattr(usage, "completion_tokens", 0)),
            _count(getattr(details, "cached_tokens", 0)),
        )

    async def _converse(self, call: _Call[T]) -> CommuniqueError | None:
        """Ask and re-ask; return the error that ended it, or None."""
        error: Exception | None = None
        try:
            if not await call.open():
                await call.converse()
        except _Halt as halt:
            error = halt.error
        except Exception as foreign:  # noqa: BLE001 - the table knows them, or says so
            error = translate(foreign, self.secrets)
        if error is None:
            return None
        if not isinstance(error, CommuniqueError):
            raise error
        error.report = call.report()
        return error

    # -- the store

    def key(
        self,
        messages: Sequence[Message],
        schema: type[BaseModel],
        *,
        max_tokens: int,
        prompt_version: str,
        repeat: int = 0,
    ) -> str:
        """Hash a request to this endpoint as it is meant; see `communique.store.reply_key`."""
        from communique.store import reply_key

        return reply_key(
            model=self.endpoint.model,
            identity=self.endpoint.identity,
            messages=messages,
            schema=schema_of(schema),
            sampling={"temperature": 0, "seed": SEED, "max_tokens": max_tokens},
            prompt_version=prompt_version,
            repeat=repeat,
        )

    async def recall(self, key: str) -> Kept | None:
        """Find a reply that is already paid for, or None; raises `StorageError`."""
        if self.store is None:
            return None
        return self._unsaved.get(key) or await self.store.soon(self.store.get, key)

    async def keep(self, key: str, raw: str, attempt: Attempt) -> str:
        """Commit a reply; return its key, or nothing where it is not in the store."""
        if self.store is None:
            return ""
        from communique.store import Kept

        tokens = (attempt.prompt_tokens, attempt.completion_tokens)
        reply = Kept(key, raw, self.endpoint.model, *tokens, attempt.cost)
        try:
            await self._put(reply)
        except StorageError as error:
            if self.durable:
                self._unsaved[key] = reply
            log.warning("A reply could not be kept: %s", error)
            return ""
        return key

    async def save(self) -> None:
        """Write the replies that could not be kept before; raises `StorageError`."""
        for key, reply in list(self._unsaved.items()):
            await self._put(reply)
            self._unsaved.pop(key, None)

    def struck(self, raw: str, messages: Sequence[Message]) -> str:
        """Strike the endpoint's key from a reply that repeats it: it would be kept and sent on.

        A key that is a plain word, as some local servers are given, is no secret, and one that
        the question itself holds is the article's.
        """
        for secret in self.secrets:
            known = secret.isalpha() or any(secret in message["content"] for message in messages)
            if not known and secret in raw:
                raw = raw.replace(secret, "[key]")
        return raw

    async def _put(self, reply: Kept) -> None:
        if self.store is not None:
            await self.store.soon(
                self.store.put,
                reply.key,
                reply.raw,
                model=reply.model,
                prompt_tokens=reply.prompt_tokens,
                completion_tokens=reply.completion_tokens,
                cost=reply.cost,
            )

    async def _forget(self, keys: Sequence[str]) -> None:
        if self.store is None or not keys:
            return
        try:
            await self.store.soon(self.store.forget, keys)
        except StorageError as error:
            log.warning("An invalid reply could not be forgotten: %s", error)


@functools.cache
def _reply_type() -> type[ChatCompletion]:
    from openai.types.chat import ChatCompletion

    return ChatCompletion


_LOST: Final = Ending("failed", None, None)
_OVERLOADED: Final = frozenset({503, 529})


def _ending_of(error: Exception, failure: Exception, retry_after: float | None) -> Ending:
    """Tell the pace what a failed request means for the others."""
    status = int(getattr(error, "status_code", 0) or 0)
    cause = failure if isinstance(failure, RateLimited | Unavailable) else None
    if isinstance(failure, RateLimited):
        return Ending("limited", retry_after=retry_after, failure=cause)
    if status in _OVERLOADED:
        return Ending("overloaded", retry_after=retry_after, failure=cause)
    if 400 <= status < 500:
        return Ending("answered")
    if status or _never_sent(error):
        return Ending("failed", failure=cause)
    # It may have been read, answered and charged all the same.
    return Ending("failed", None, None, failure=cause)


def _never_sent(error: BaseException | None) -> bool:
    """Whether there was no connection."""
    from aiohttp import ClientConnectorError

    while error is not None:
        if isinstance(error, ConnectionRefusedError | ClientConnectorError):
            return True
        error = error.__cause__
    return False


# --- connections ------------------------------------------------------------------------------

_connected: weakref.WeakSet[Client] = weakref.WeakSet()
_inherited: list[openai.AsyncOpenAI] = []
"""Of a process that this one was forked from, which would feel it if they were closed."""


@_loop.at_end
def _close_all() -> None:
    """Close what is open on the background loop, before the interpreter takes it apart."""
    for client in list(_connected):
        with contextlib.suppress(Exception):
            _loop.run(client.aclose(), seconds=_FAREWELL)


def _backoff() -> Callable[[RetryCallState], float]:
    from tenacity import wait_exponential, wait_random

    return wait_exponential(multiplier=0.5, max=30.0) + wait_random(0.0, 1.0)


def connected(endpoint: Endpoint, *, bounded: bool = True) -> openai.AsyncOpenAI:
    """Make the SDK's client; user and password in the address become basic authentication.

    `bounded` takes no answer in that is longer than a reply can be.
    """
    import openai

    local = _is_loopback(endpoint.base_url)
    # Never None, which would make the SDK read another address from the environment.
    parts = urlsplit(endpoint.base_url or OPENAI_URL)
    query = dict(parse_qsl(parts.query))
    basic = None
    if parts.username is not None:
        basic = (unquote(parts.username), unquote(parts.password or ""))
    return openai.AsyncOpenAI(
        base_url=identity_of(endpoint.base_url),
        api_key=endpoint.api_key or "none",
        default_query=query or None,
        # The SDK's own, when collected, would close itself on whatever loop is running then.
        # A proxy of the environment is for other machines: it cannot reach this one's loopback.
        http_client=openai.DefaultAioHttpClient(
            auth=basic, trust_env=not local, event_hooks={"response": [bound] if bounded else []}
        ),
        max_retries=0,
    )


def _is_loopback(base_url: str | None) -> bool:
    """Whether an address is this machine's own: localhost, 127.0.0.0/8 or ::1."""
    import ipaddress

    host = (urlsplit(base_url or OPENAI_URL).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761, 6.3
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _without_retries(client: openai.OpenAI | openai.AsyncOpenAI) -> Any:
    import openai

    if not isinstance(client, openai.OpenAI | openai.AsyncOpenAI):
        raise ConfigurationError(
            f"A client of the type {type(client).__name__} cannot be used.",
            "Give an openai.OpenAI or an openai.AsyncOpenAI.",
        )
    return client.with_options(max_retries=0)


def _secrets_of(
    endpoint: Endpoint, client: openai.OpenAI | openai.AsyncOpenAI | None
) -> tuple[str, ...]:
    """Collect what must stand in no message, the longest first, lest a part of it stay."""
    found = {endpoint.api_key, urlsplit(endpoint.base_url or "").password}
    found.add(getattr(client, "api_key", None))
    strings = [key for key in found if isinstance(key, str) and len(key) >= _SHORTEST_SECRET]
    return tuple(sorted(strings, key=len, reverse=True))
