"""What one article adds to the figures: sums by name, right answers and findings."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from communique.evaluate.precision import days
from communique.evaluate.results import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from communique.evaluate.gold import GoldArticle
    from communique.schemas import DateValue, Evidence


@dataclass
class Tally:
    """What one article adds: sums by name, right answers for baselines, and findings."""

    article: GoldArticle
    counts: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    rights: dict[str, list[frozenset[str]]] = field(default_factory=lambda: defaultdict(list))
    confusion: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def rate(self, name: str, part: float, whole: float = 1) -> None:
        """Add `part` of `whole` to a rate."""
        self.counts[f"{name}/part"] += part
        self.counts[f"{name}/whole"] += whole

    def answer(self, name: str, right: Iterable[str | None], *, correct: bool) -> None:
        """Add one answer to a rate, and what would have been right to its baseline."""
        self.rate(name, correct)
        self.rights[name].append(frozenset(str(value) for value in right))

    def prf(self, name: str, *, hit: int = 0, spurious: int = 0, missing: int = 0) -> None:
        """Add hits and errors to precision and recall."""
        for key, times in (("tp", hit), ("fp", spurious), ("fn", missing)):
            self.counts[f"{name}/{key}"] += times

    def tell(
        self, kind: Literal["missing", "spurious", "wrong", "failed"], what: str, words: str
    ) -> None:
        """Note one record that is not as it should be."""
        finding = Finding(article=self.article.id, kind=kind, what=what, words=words)
        self.findings.append(finding)


def edtf(date: DateValue | None) -> str | None:
    """Give the value to compare; words that could not be resolved are no date."""
    return date.edtf if date else None


def score_precision(tally: Tally, date: DateValue | None, rights: frozenset[str | None]) -> None:
    """Count a date as fabricated if it is finer than every right one; days cannot be exceeded."""
    least = min(days(right) for right in rights)
    if least > 1:
        value = edtf(date)
        fabricated = value not in rights and days(value) < least
        tally.rate("fabricated precision", fabricated)


def overlap(evidence: Evidence, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether the evidence shares a character with one of the spans."""
    return any(evidence.start < end and start < evidence.end for start, end in spans)


def mentions(name: str, text: str, *, shortest: int = 3) -> list[tuple[int, int]]:
    """Where the words of a name stand in a text, as code points; words too short are left out."""
    parts = [part for part in re.findall(r"\w+", name) if len(part) >= shortest]
    if not parts:
        return []
    pattern = r"\b(?:" + "|".join(re.escape(part) for part in parts) + r")\b"
    return [match.span() for match in re.finditer(pattern, text)]
