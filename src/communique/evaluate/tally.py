"""What one article adds to the figures: sums by name, right answers and findings."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from communique.article import Article
from communique.errors import InvalidArticle
from communique.evaluate.names import tells_nothing
from communique.evaluate.precision import days
from communique.evaluate.results import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

    from communique.evaluate.gold import GoldArticle
    from communique.schemas import DateValue, Evidence

FOUND = ", of those found"
NOT_IN_GOLD = "not in gold"
"""The row of the confusion tables that spurious records stand in."""
MISSING = "missing"
"""The column that records which were not found stand in."""


@dataclass
class Tally:
    """What one article adds: sums by name, right answers for baselines, and findings.

    `measures` are the article's own numbers (tokens, seconds), of which medians are taken.
    """

    article: GoldArticle
    counts: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    measures: dict[str, float] = field(default_factory=dict)
    rights: dict[str, list[frozenset[str]]] = field(default_factory=lambda: defaultdict(list))
    confusion: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def rate(self, name: str, part: float, whole: float = 1) -> None:
        """Add `part` of `whole` to a rate."""
        self.counts[f"{name}/part"] += part
        self.counts[f"{name}/whole"] += whole

    def answer(self, name: str, right: Iterable[str | None], *, correct: bool, found: bool) -> None:
        """Add one answer to a rate over all of gold, and to that over what was found.

        A record that was not found is a wrong answer to the first and none to the second. What
        would have been right goes to the baselines of both.
        """
        rights = frozenset(str(value) for value in right)
        for each in (name, f"{name}{FOUND}") if found else (name,):
            self.rate(each, correct)
            self.rights[each].append(rights)

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

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """The sentences of the article, as code points; all of it where it is no readable text."""
        try:
            return [(span.start, span.end) for span in Article(self.article.text).sentences]
        except InvalidArticle:
            return [(0, len(self.article.text))]

    def sentences_of(self, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """The sentences that hold a character of one of the spans."""
        wanted = list(spans)
        return [one for one in self.sentences if any(_meet(one, span) for span in wanted)]

    def quote(self, *names: str | None) -> str:
        """The sentence that mentions most of the names; empty where none mentions one."""
        text = self.article.text
        found = [mentions(name, text) for name in names if name]
        best, most = "", 0
        for start, end in self.sentences:
            told = sum(any(_meet((start, end), span) for span in spans) for spans in found)
            if told > most:
                best, most = text[start:end], told
        return best


def edtf(date: DateValue | None) -> str | None:
    """Give the value to compare; words that could not be resolved are no date."""
    return date.edtf if date else None


def score_precision(
    tally: Tally, date: DateValue | None, rights: frozenset[str | None], words: str
) -> None:
    """Count a date as fabricated if it is finer than every right one; days cannot be exceeded.

    Finer by a sixth at least: February is not finer than March.
    """
    least = min(days(right) for right in rights)
    if least > 1:
        value = edtf(date)
        fabricated = value not in rights and days(value) < least * 5 / 6
        tally.rate("fabricated precision", fabricated)
        if fabricated:
            tally.tell("wrong", "fabricated precision", f"{value}: {words}")


def overlap(evidence: Evidence, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether the evidence shares a character with one of the spans."""
    return any(_meet((evidence.start, evidence.end), span) for span in spans)


def _meet(left: tuple[int, int], right: tuple[int, int]) -> bool:
    return left[0] < right[1] and right[0] < left[1]


def mentions(name: str, text: str) -> list[tuple[int, int]]:
    """Where the words of a name stand in a text, as code points.

    Words of one or two letters ("de", "of") and those that only say what kind of instrument it is
    ("Agreement") are left out, unless there are no others.
    """
    every = re.findall(r"\w+", name)
    telling = [part for part in every if len(part) > 2 and not tells_nothing(part)]
    parts = telling or every
    if not parts:
        return []
    pattern = r"\b(?:" + "|".join(re.escape(part) for part in parts) + r")\b"
    return [match.span() for match in re.finditer(pattern, text)]


def title_spans(titles: Sequence[str], text: str) -> list[tuple[int, int]]:
    """Where one of the titles stands whole; failing that, where the words of one do."""
    whole: list[tuple[int, int]] = []
    for title in titles:
        parts = re.findall(r"\w+", title)
        pattern = r"\W{1,3}".join(re.escape(part) for part in parts)
        found = re.finditer(pattern, text, re.IGNORECASE) if parts else ()
        whole += [match.span() for match in found]
    if whole:
        return whole
    return [span for title in titles for span in mentions(title, text)]
