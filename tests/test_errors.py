"""The errors: one tree, two sentences, whole across processes."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

from communique import errors
from communique._translate import Truncated
from communique.schemas import Attempt, PassageReport, Report, Span

KINDS = [getattr(errors, name) for name in errors.__all__]
REPORT = Report(
    model="m",
    attempts=[Attempt(passage=0, number=1, outcome="failed", prompt_tokens=7)],
    passages=[PassageReport(index=0, span=Span(start=0, end=5), fate="failed", error="It broke.")],
)
RETRYABLE = {"RateLimited", "Unavailable", "InvalidReply"}


@pytest.mark.parametrize("kind", [*KINDS, Truncated])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_crosses_processes_whole(kind, protocol):
    """If this failed, a worker's error would lose its report, or hang the pool."""
    error = kind("It {broke} 100%.", "Mend it.", report=REPORT)
    for same in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error)):  # noqa: S301
        assert type(same) is kind
        assert str(same) == "It {broke} 100%. Mend it."
        assert (same.what, same.advice, same.report) == (error.what, error.advice, REPORT)


def test_an_error_needs_no_advice_and_no_report():
    """If this failed, an error without either would not be raised but raise another."""
    error = errors.CommuniqueError("It broke.")
    assert (str(error), error.advice, error.report) == ("It broke.", "", None)


def test_the_tree_is_complete():
    """If this failed, an error class could exist that no user can name or catch."""
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert defined == set(errors.__all__)
    assert all(issubclass(kind, errors.CommuniqueError) for kind in KINDS)


def test_the_docstring_draws_the_tree():
    """If this failed, the drawing of the tree would show another tree than there is."""
    drawn = {}
    stack = []
    for bars, name, told in re.findall(r"^ {4}([│├└─ ]*)(\w+)(.*)$", errors.__doc__, re.MULTILINE):
        depth = len(bars) // 4
        del stack[depth:]
        drawn[name] = (stack[-1] if stack else "Exception", "(retryable)" in told)
        stack.append(name)
    assert drawn == {k.__name__: (k.__bases__[0].__name__, k.retryable) for k in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_may_pass_by_itself_is_retryable(kind):
    """If this failed, a batch would wait for a wrong key, or give up on a busy endpoint."""
    assert kind.retryable is (kind.__name__ in RETRYABLE)
    assert kind("It broke.").retryable is kind.retryable


def test_a_cut_reply_is_an_invalid_one_that_asking_again_does_not_mend():
    """If this failed, a passage that is too long would be asked for again and again."""
    assert issubclass(Truncated, errors.InvalidReply)
    assert not Truncated.retryable
