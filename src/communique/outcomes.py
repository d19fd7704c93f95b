"""What became of one article of many: a summary, or a failure that has a type and a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from communique.schemas import Report

if TYPE_CHECKING:
    from communique.errors import CommuniqueError
    from communique.schemas import Summary

__all__ = ["Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one article ended: exactly one of `summary` and `failure` is not None.

    `article_id` is the article's own `id`, else its path, else its URL, else `sha256:` and the
    first 16 digits of its text's hash, else (where no text could be had) `item:` and its place
    among the articles, counted from 0. `report` accounts for every request that was made, those
    of a failure too. `cached` says that nothing was asked: the outcome comes from the store, or
    from an equal article of the same run. Can be pickled.
    """

    article_id: str
    summary: Summary | None = None
    failure: CommuniqueError | None = None
    report: Report = field(default_factory=Report)
    cached: bool = False

    def __post_init__(self) -> None:
        if (self.summary is None) == (self.failure is None):
            message = "An outcome is a summary or a failure, one of the two."
            raise ValueError(message)

    @property
    def ok(self) -> bool:
        """Whether there is a summary."""
        return self.summary is not None

    @classmethod
    def read(cls, article_id: str, summary: Summary, *, cached: bool = False) -> Outcome:
        """Make the outcome of an article that was read."""
        return cls(article_id, summary=summary, report=summary.report, cached=cached)

    @classmethod
    def failed(cls, article_id: str, failure: CommuniqueError, *, cached: bool = False) -> Outcome:
        """Make the outcome of an article that was not, with the report that its error carries."""
        report = failure.report or Report()
        return cls(article_id, failure=failure, report=report, cached=cached)
