"""Every error that the library raises, in one tree.

::

    CommuniqueError
    ├── ConfigurationError      no model, an unknown model, a missing extra, a wrong option
    ├── InvalidArticle          empty, not text, binary, over the limit, an impossible date
    ├── ModelError              the model or the way to it
    │   ├── AuthenticationFailed    the key was refused
    │   ├── RateLimited             429, and waiting did not help        (retryable)
    │   ├── QuotaExhausted          429 because the account is out of credit
    │   ├── Unavailable             5xx, time-out, broken connection     (retryable)
    │   ├── ContextExceeded         the passage is longer than the model's context
    │   ├── Refused                 a refusal or a content filter
    │   └── InvalidReply            no valid reply within the budget     (retryable)
    ├── BudgetSpent             attempts, tokens, seconds or money are used up
    ├── WeightsInvalid          the embedded model's file is corrupt, short or foreign
    ├── StorageError            disk full, read-only, foreign or newer store
    └── InternalError           a fault of the library itself, in a run over many articles

Each message is two sentences: what happened, and what to do. Each error says whether it is
`retryable` (the same call may succeed later, unchanged) and carries the `report` so far, so
that no token that was paid for goes unaccounted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from communique.schemas import Report

__all__ = [
    "AuthenticationFailed",
    "BudgetSpent",
    "CommuniqueError",
    "ConfigurationError",
    "ContextExceeded",
    "InternalError",
    "InvalidArticle",
    "InvalidReply",
    "ModelError",
    "QuotaExhausted",
    "RateLimited",
    "Refused",
    "StorageError",
    "Unavailable",
    "WeightsInvalid",
]


class CommuniqueError(Exception):
    """The base of every error of this library.

    `what` says what happened and `advice` what to do, a sentence each; `report` is the record
    of the attempts made up to the error, or None where none was made.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, what: str, advice: str = "", *, report: Report | None = None) -> None:
        super().__init__(f"{what} {advice}".strip())
        self.what = what
        self.advice = advice
        self.report = report

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by the three values, so that an error crosses a process boundary whole."""
        return (_rebuild, (type(self), self.what, self.advice, self.report))


def _rebuild(
    kind: type[CommuniqueError], what: str, advice: str, report: Report | None
) -> CommuniqueError:
    return kind(what, advice, report=report)


class ConfigurationError(CommuniqueError):
    """The call cannot be made as configured: no model, a missing extra, a wrong option."""


class InvalidArticle(CommuniqueError):
    """What was given is not an article that can be read."""


class ModelError(CommuniqueError):
    """The model, or the way to it, failed."""


class AuthenticationFailed(ModelError):
    """The endpoint refused the key."""


class RateLimited(ModelError):
    """The endpoint kept answering that there were too many requests."""

    retryable = True


class QuotaExhausted(ModelError):
    """The account has no credit left; waiting does not help."""


class Unavailable(ModelError):
    """The endpoint could not be reached, timed out or failed."""

    retryable = True


class ContextExceeded(ModelError):
    """The passage does not fit into the model's context."""


class Refused(ModelError):
    """The model refused, or a content filter stopped the reply."""


class InvalidReply(ModelError):
    """The model gave no valid reply within the budget."""

    retryable = True


class BudgetSpent(CommuniqueError):
    """The budget of attempts, tokens, seconds or money is used up."""


class WeightsInvalid(CommuniqueError):
    """The embedded model's file is not the file it should be."""


class StorageError(CommuniqueError):
    """The cache or store cannot be read or written."""


class InternalError(CommuniqueError):
    """A fault of the library itself; in a run, it ends one article and not the run.

    The foreign exception is its `__cause__`, in the process where it happened.
    """
