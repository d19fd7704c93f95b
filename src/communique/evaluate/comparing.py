"""Two runs over the same articles: what differs, how surely, and in which articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from communique.errors import ConfigurationError
from communique.evaluate.figures import draws, formulas, interval
from communique.evaluate.results import Finding, Result, aligned, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from communique.evaluate.results import Counted, Evaluation


class Difference(Result):
    """One figure of two runs, over the articles that both read."""

    name: str = Field(description="What was measured.")
    this: float | None = Field(description="The first run's; None without a case.")
    other: float | None = Field(description="The second run's; None without a case.")
    low: float | None = Field(description="2.5 % of the paired differences lie below.")
    high: float | None = Field(description="2.5 % of the paired differences lie above.")
    cases: tuple[int, int] = Field(description="How many records each rests on.")
    better: Literal["higher", "lower", "neither"] = Field(description="Which way is good.")

    @property
    def value(self) -> float | None:
        """This run's figure less the other's; None where one has no case."""
        if self.this is None or self.other is None:
            return None
        return self.this - self.other

    @property
    def sure(self) -> bool:
        """Whether the interval of the difference leaves zero out."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high

    def cells(self) -> tuple[str, ...]:
        """Name, both values, difference, interval and cases, as printed."""
        value = self.value
        difference = "–" if value is None else f"{value:+.3f}"
        low, high = self.low, self.high
        span = "" if low is None or high is None else f"{low:+.3f} – {high:+.3f}"
        cases = " / ".join(str(n) for n in dict.fromkeys(self.cases))
        name = f"{self.name} (lower is better)" if self.better == "lower" else self.name
        mark = "*" if self.sure else ""
        return name, number(self.this), number(self.other), f"{difference}{mark}", span, cases


class Change(Result):
    """An article that the two runs did not read alike."""

    article: str = Field(description="Id of the gold article.")
    mended: tuple[Finding, ...] = Field(description="What was wrong in the other run alone.")
    broken: tuple[Finding, ...] = Field(description="What is wrong in this run alone.")


class Comparison(Result):
    """What differs between two runs over the same articles."""

    this: str = Field(description="Model and prompt of the first run.")
    other: str = Field(description="Model and prompt of the second run.")
    articles: int = Field(description="How many both read; the figures are over these.")
    alone: tuple[str, ...] = Field(description="Ids of the articles that only one of them read.")
    differences: tuple[Difference, ...] = Field(description="In the order of the table.")
    changes: tuple[Change, ...] = Field(description="Of articles whose findings differ.")

    def table(self) -> str:
        """Figures side by side, then each changed article: plain text, to be read."""
        head = ("figure", "this", "other", "difference", "95 % interval", "cases")
        rows = [head, *(d.cells() for d in self.differences)]
        names = f"this: {self.this}\nother: {self.other}\n{self.articles} articles in both"
        mark = "* the interval of the paired difference leaves zero out"
        parts = [f"{names}; {mark}", aligned(rows)]
        if self.alone:
            parts.append(f"Left out, since only one of the two read them: {', '.join(self.alone)}")
        parts.append(f"articles changed: {len(self.changes)}")
        parts += ["\n".join(_lines(change)) for change in self.changes]
        return "\n\n".join(parts) + "\n"


def compare(
    this: Evaluation, other: Evaluation, *, resamples: int = 1000, seed: int = 0
) -> Comparison:
    """Compare two runs, figure by figure over the articles that both read.

    The intervals are of the difference, by a bootstrap that draws the same articles for both
    (paired, so that hard articles are hard for both). The same input gives the same comparison.
    Raises `ConfigurationError` where the two have no article in common.
    """
    ours = {one.id: one for one in this.counted}
    theirs = {one.id: one for one in other.counted}
    common = [name for name in ours if name in theirs]
    if not common:
        what = "The two evaluations have no article in common."
        raise ConfigurationError(what, "Compare runs over the same gold.")
    differences = _differences(
        [ours[name] for name in common],
        [theirs[name] for name in common],
        draws(len(common), resamples, seed),
    )
    return Comparison(
        this=_named(this),
        other=_named(other),
        articles=len(common),
        alone=tuple(sorted(ours.keys() ^ theirs.keys())),
        differences=differences,
        changes=tuple(_changes(this, other, common)),
    )


def _differences(
    ours: Sequence[Counted], theirs: Sequence[Counted], samples: Sequence[Sequence[int]]
) -> tuple[Difference, ...]:
    everyone = range(len(ours))
    found = []
    for left, right in zip(formulas(ours), formulas(theirs), strict=True):
        values = []
        for sample in samples if left.sampled and left.cases and right.cases else ():
            a, b = left.value(sample), right.value(sample)
            if a is not None and b is not None:
                values.append(a - b)
        low, high = interval(values)
        found.append(
            Difference(
                name=left.name,
                this=left.value(everyone),
                other=right.value(everyone),
                low=low,
                high=high,
                cases=(left.cases, right.cases),
                better=left.better,
            )
        )
    return tuple(found)


def _changes(this: Evaluation, other: Evaluation, common: Sequence[str]) -> list[Change]:
    changes = []
    for name in common:
        ours = [f for f in this.findings if f.article == name]
        theirs = [f for f in other.findings if f.article == name]
        mended = tuple(f for f in theirs if f not in ours)
        broken = tuple(f for f in ours if f not in theirs)
        if mended or broken:
            changes.append(Change(article=name, mended=mended, broken=broken))
    return changes


def _lines(change: Change) -> list[str]:
    marks = [("-", f) for f in change.mended] + [("+", f) for f in change.broken]
    return [change.article, *(f"  {mark} {f.kind} {f.what}: {f.words}" for mark, f in marks)]


def _named(evaluation: Evaluation) -> str:
    return f"{evaluation.model or 'model not named'}, {evaluation.prompt or 'prompt not named'}"
