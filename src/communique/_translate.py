"""Foreign errors into ours: one table, which a test holds against both libraries.

openai's, instructor's and the network's errors come in; those of `communique.errors` go out,
with keys struck from their words.
"""

from __future__ import annotations

import functools
import math
import re
import time
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

from pydantic import ValidationError

from communique.errors import (
    AuthenticationFailed,
    CommuniqueError,
    ConfigurationError,
    ContextExceeded,
    InvalidReply,
    ModelError,
    QuotaExhausted,
    RateLimited,
    Refused,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_DETAIL: Final = 300
"""Characters kept of a foreign error's words."""


class Truncated(InvalidReply):
    """The reply was cut at the length limit: ask for less, with a smaller passage."""

    retryable: ClassVar[bool] = False


_Rule: TypeAlias = "Callable[[BaseException, str], CommuniqueError]"


def translate(error: BaseException, secrets: Sequence[str] = ()) -> CommuniqueError:
    """Translate an error of openai, instructor or the network into one of ours.

    `secrets`, and whatever looks like a key, are struck from its text. instructor's wrapping is
    looked through. An error that is in no table becomes a `ModelError` that names its type.
    """
    cause = _unwrapped(error)
    if isinstance(cause, CommuniqueError):
        struck = redact(cause.what, secrets)
        return cause if struck == cause.what else type(cause)(struck, cause.advice)
    words = redact(words_of(cause), secrets)
    for kind in type(cause).__mro__:
        rule = table().get(kind)
        if rule is not None:
            return rule(cause, words)
    return ModelError(
        f"The request failed with {type(cause).__name__}: {words}.",
        "This is not expected: please report it.",
    )


def redact(words: str, secrets: Sequence[str] = ()) -> str:
    """Strike secrets, and whatever looks like an API key, from a text."""
    for secret in secrets:
        words = words.replace(secret, "[key]")
    return _KEY.sub("[key]", words)


_KEY: Final = re.compile(r"\b(?:sk|rk|pk|gsk|xai|hf)[-_][\w*.-]{6,}|(?<=Bearer )\S+")


def _unwrapped(error: BaseException) -> BaseException:
    """Look through instructor's wrapping, which stands around API errors as well.

    The SDK puts a connection error round whatever happens while it reads an answer; where that
    is an error of ours, it is the better told of the two.
    """
    while type(error).__module__.startswith("instructor") and error.__cause__ is not None:
        error = error.__cause__
    cause = error.__cause__
    return cause if isinstance(cause, CommuniqueError) else error


def words_of(error: BaseException) -> str:
    """Tell an error in one line; of a connection error, what the network said."""
    body = getattr(error, "body", None)
    told = body.get("message") if isinstance(body, dict) else None
    words = told if isinstance(told, str) and told else str(error)
    if isinstance(error, ValidationError):
        words = "; ".join(
            f"{'.'.join(map(str, flaw['loc'])) or 'the reply'}: {flaw['msg']}"
            for flaw in error.errors(include_url=False, include_input=False, include_context=False)
        )
    root = error
    while root.__cause__ is not None:
        root = root.__cause__
    if type(error).__name__ == "APITimeoutError" and isinstance(root, ConnectionError):
        words = "Connection error"  # the SDK's transport takes every error of these for the first
    if root is not error and str(root) and str(root) not in words:
        words = f"{words.rstrip('.')} ({type(root).__name__}: {root})"
    # A lone surrogate in an endpoint's words could be neither printed nor kept.
    words = words.encode("utf-8", "replace").decode("utf-8")
    return shorten(" ".join(words.split()) or type(error).__name__).rstrip(".")


def shorten(words: str) -> str:
    return words if len(words) <= _DETAIL else words[: _DETAIL - 1] + "…"


@functools.cache
def table() -> dict[type[BaseException], _Rule]:
    """Every foreign error and its rule; a test walks both libraries for one that is missing."""
    import aiohttp
    import httpx2
    import openai
    from instructor.core import exceptions as instructor
    from openai import _exceptions as hidden  # these are raised, but not exported

    unavailable: list[type[BaseException]] = [
        openai.APIError,
        openai.APIConnectionError,
        openai.APITimeoutError,
        openai.WebSocketConnectionClosedError,
        openai.WebSocketQueueFullError,
        OSError,  # the builtin TimeoutError and ConnectionError among them
        httpx2.HTTPError,  # while a file is fetched, the SDK hands these two on as they are
        aiohttp.ClientError,
    ]
    by_status: list[type[BaseException]] = [
        openai.APIStatusError,
        openai.BadRequestError,
        openai.AuthenticationError,
        openai.OAuthError,
        openai.PermissionDeniedError,
        openai.NotFoundError,
        openai.ConflictError,
        openai.UnprocessableEntityError,
        openai.RateLimitError,
        openai.InternalServerError,
    ]
    invalid: list[type[BaseException]] = [
        openai.APIResponseValidationError,
        ValidationError,
        ValueError,  # a body that is no JSON, or not UTF-8
        instructor.InstructorRetryException,
        instructor.TokenBudgetError,
        instructor.TokenBudgetExceeded,
        instructor.TokenUsageUnavailableError,
        instructor.ValidationError,
        instructor.AsyncValidationError,
        instructor.ResponseParsingError,
    ]
    configuration: list[type[BaseException]] = [
        openai.OpenAIError,
        openai.InvalidWebhookSignatureError,
        instructor.InstructorError,
        instructor.ProviderError,
        instructor.ConfigurationError,
        instructor.ModeError,
        instructor.ClientError,
        instructor.MultimodalError,
    ]
    return {
        **dict.fromkeys(unavailable, _unavailable),
        **dict.fromkeys(by_status, _by_status),
        **dict.fromkeys(invalid, _invalid),
        **dict.fromkeys(configuration, _misconfigured),
        hidden.SubjectTokenProviderError: _unauthorised,
        openai.LengthFinishReasonError: truncated,
        instructor.IncompleteOutputException: truncated,
        openai.ContentFilterFinishReasonError: refused,
    }


def _unavailable(_: BaseException, words: str) -> CommuniqueError:
    return Unavailable(
        f"The endpoint could not be reached or did not answer: {words}.",
        "Try again later, and check the address and the network.",
    )


def _invalid(_: BaseException, words: str) -> CommuniqueError:
    return InvalidReply(
        f"The reply is not valid: {words}.", "Try again, with more attempts or a larger model."
    )


def _misconfigured(_: BaseException, words: str) -> CommuniqueError:
    return ConfigurationError(
        f"The endpoint did not take the request: {words}.",
        "Check the model's name, the address and the options.",
    )


def _unauthorised(_: BaseException, words: str) -> CommuniqueError:
    return AuthenticationFailed(
        f"The endpoint refused the key: {words}.",
        "Check the API key, and that it may use this model.",
    )


def truncated(_: BaseException, words: str) -> CommuniqueError:
    return Truncated(
        f"The reply was cut at the length limit: {words}.", "Ask with a smaller passage."
    )


def refused(_: BaseException, words: str) -> CommuniqueError:
    return Refused(f"The model refused: {words}.", "Use another model for this text.")


def _exceeded(_: BaseException, words: str) -> CommuniqueError:
    return ContextExceeded(
        f"The passage is too long for the endpoint: {words}.",
        "Use smaller passages, or a model with a larger context.",
    )


def _out_of_credit(_: BaseException, words: str) -> CommuniqueError:
    return QuotaExhausted(f"The account has no credit left: {words}.", "Top it up.")


def _rate_limited(_: BaseException, words: str) -> CommuniqueError:
    return RateLimited(
        f"The endpoint is asked too often: {words}.", "Try again later, or with less concurrency."
    )


_TOO_LONG: Final = re.compile(
    r"context[_ ]?(?:length|window|size)|maximum context|exceed_context|prompt is too long"
    r"|too many tokens|request too large|reduce the length",
    re.IGNORECASE,
)
_FILTERED: Final = re.compile(
    r"content_filter|content management policy|content_policy|usage policy|invalid_prompt"
    r"|flagged",
    re.IGNORECASE,
)
_STATUS: Final[Mapping[int, _Rule]] = {
    401: _unauthorised,
    402: _out_of_credit,
    403: _unauthorised,
    404: _misconfigured,
    408: _unavailable,
    409: _unavailable,
    413: _exceeded,
    429: _rate_limited,
}
_NO_CREDIT: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_SERVER_ERROR: Final = 500


def _by_status(error: BaseException, words: str) -> CommuniqueError:
    """Tell HTTP errors apart, by the endpoint's own code first and the status second."""
    status = int(getattr(error, "status_code", 0))
    code = str(getattr(error, "code", None) or getattr(error, "type", None) or "")
    said = f"{code} {words}"
    told = f"HTTP {status}: {words}"
    if {code, str(getattr(error, "type", ""))} & _NO_CREDIT:
        return _out_of_credit(error, told)
    if status < _SERVER_ERROR and status not in {401, 403, 404} and _TOO_LONG.search(said):
        return _exceeded(error, told)
    if status in {400, 403, 422} and _FILTERED.search(said):
        return refused(error, told)
    if status >= _SERVER_ERROR:
        return _unavailable(error, told)
    return _STATUS.get(status, _misconfigured)(error, told)


_OUTCOMES: Final[
    Mapping[
        type[Exception],
        Literal["invalid", "truncated", "refused", "unavailable", "rate_limited"],
    ]
] = {
    Truncated: "truncated",
    InvalidReply: "invalid",
    Refused: "refused",
    Unavailable: "unavailable",
    RateLimited: "rate_limited",
}


def outcome_of(
    failure: Exception,
) -> Literal["invalid", "truncated", "refused", "unavailable", "rate_limited", "failed"]:
    return _OUTCOMES.get(type(failure), "failed")


def retry_after(error: Exception) -> float | None:
    """Read `Retry-After`: seconds, or an HTTP date (RFC 9110, 10.2.3); None: not given."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    given, unit = headers.get("retry-after-ms"), 1000.0  # OpenAI's own, and finer
    if given is None:
        given, unit = headers.get("retry-after"), 1.0
    if given is None:
        return None
    try:
        seconds = float(given) / unit
    except ValueError:
        from email.utils import parsedate_to_datetime

        try:
            seconds = parsedate_to_datetime(given).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
