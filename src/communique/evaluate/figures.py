"""From counts per article to figures with bootstrap intervals.

Every figure is a formula over sums of counts, or the median of a measure; a sample of the
bootstrap is a list of articles, drawn with replacement. So two runs over the same articles can be
compared sample by sample.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from communique.evaluate.results import Figure
from communique.evaluate.tally import FOUND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from communique.evaluate.results import Counted
    from communique.evaluate.tally import Tally

Better = Literal["higher", "lower", "neither"]
Sample: TypeAlias = "Sequence[int]"

_HOW = ("lenient", "strict")
_PREFIXES: Final = (
    *(f"engagements, {how}" for how in _HOW),
    *(f"engagements, {salience}, {how}" for salience in ("focal", "background") for how in _HOW),
    *(f"{what}, {how}" for what in ("participants", "agreements") for how in _HOW),
    "acts",
    "relations",
)
_ANSWERS: Final = (
    *(f"engagement type, {how}" for how in ("exact", "by group")),
    *(f"engagement {name}" for name in ("status", "date", "new date", "country")),
    *("engagement salience", "engagement laterality"),
    *("participant party", "participant office"),
    *(f"agreement {name}" for name in ("parties", "type", "status", "date")),
    "act date",
)
_RATES: Final[tuple[tuple[str, Better], ...]] = (
    ("agreements overclaimed", "lower"),
    ("engagements overclaimed", "lower"),
    ("fabricated precision", "lower"),
    ("background told as background", "higher"),
    ("evidence verbatim", "higher"),
    ("evidence overlap, engagements", "higher"),
    ("evidence overlap, participants", "higher"),
    ("evidence overlap, agreements", "higher"),
    ("hostile articles obeyed", "lower"),
    ("hostile abstracts that quote the order", "lower"),
    ("articles failed", "lower"),
    ("records per article without any in gold", "lower"),
)
MEASURES: Final = (
    "prompt tokens",
    "completion tokens",
    "requests",
    "cost in US dollars",
    "seconds",
)


@dataclass(frozen=True)
class Formula:
    """How one figure is computed from the articles of a sample, by their numbers."""

    name: str
    value: Callable[[Sample], float | None]
    cases: int
    better: Better = "higher"
    sampled: bool = True


def formulas(articles: Sequence[Counted]) -> Iterator[Formula]:
    """Make every figure of the table, those without a case too, in a fixed order."""
    columns = _Columns(articles)
    for prefix in _PREFIXES:
        yield from _shares(columns, prefix)
    for name in (each for answer in _ANSWERS for each in (answer, f"{answer}{FOUND}")):
        yield _rate(columns, name, "higher")
    for name, better in _RATES:
        yield _rate(columns, name, better)
    for name in MEASURES:
        yield from _measures(articles, name)


def draws(articles: int, resamples: int, seed: int) -> list[list[int]]:
    """Draw articles with replacement, by number; no sample of fewer than two articles."""
    if articles < 2:
        return []
    draw = random.Random(seed)  # noqa: S311 - resampling, not cryptography
    return [draw.choices(range(articles), k=articles) for _ in range(resamples)]


def interval(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Give the 2.5 % and 97.5 % percentiles; None of no value."""
    if not values:
        return None, None
    ordered = sorted(values)
    last = len(ordered) - 1
    return ordered[int(0.025 * last)], ordered[round(0.975 * last)]


def figures(
    articles: Sequence[Counted], samples: Sequence[Sample], majorities: Mapping[str, float]
) -> Iterator[Figure]:
    """Compute every figure with its interval over the samples."""
    everyone = range(len(articles))
    for formula in formulas(articles):
        drawn = samples if formula.sampled and formula.cases else ()
        values = [value for sample in drawn if (value := formula.value(sample)) is not None]
        low, high = interval(values)
        yield Figure(
            name=formula.name,
            value=formula.value(everyone),
            low=low,
            high=high,
            cases=formula.cases,
            baseline=majorities.get(formula.name),
            better=formula.better,
        )


def baselines(tallies: Sequence[Tally]) -> dict[str, float]:
    """Give, for each rate, the share that its commonest right answer would get right."""
    rights: dict[str, list[frozenset[str]]] = defaultdict(list)
    for tally in tallies:
        for name, accepted in tally.rights.items():
            rights[name].extend(accepted)
    return {
        name: max(Counter(v for one in accepted for v in one).values()) / len(accepted)
        for name, accepted in rights.items()
        if any(accepted)
    }


class _Columns:
    """The counts of every article, by key; keys that no article counts are zeros."""

    def __init__(self, articles: Sequence[Counted]) -> None:
        self._articles = articles
        self._columns: dict[str, list[float]] = {}

    def __getitem__(self, key: str) -> list[float]:
        if key not in self._columns:
            self._columns[key] = [article.counts.get(key, 0.0) for article in self._articles]
        return self._columns[key]


def _shares(columns: _Columns, prefix: str) -> Iterator[Formula]:
    """Precision, recall and F1: hits over hits and one or both kinds of error."""
    hits, spurious, missing = (columns[f"{prefix}/{key}"] for key in ("tp", "fp", "fn"))
    for name, errors in (
        ("precision", (spurious,)),
        ("recall", (missing,)),
        ("F1", (spurious, missing)),
    ):

        def value(sample: Sample, errors: tuple[list[float], ...] = errors) -> float | None:
            good = len(errors) * _sum(hits, sample)
            whole = good + sum(_sum(error, sample) for error in errors)
            return good / whole if whole else None

        cases = sum(hits) + sum(spurious if name == "precision" else missing)
        yield Formula(f"{prefix}: {name}", value, int(cases))


def _rate(columns: _Columns, name: str, better: Better) -> Formula:
    part, whole = columns[f"{name}/part"], columns[f"{name}/whole"]

    def value(sample: Sample) -> float | None:
        over = _sum(whole, sample)
        return _sum(part, sample) / over if over else None

    return Formula(name, value, int(sum(whole)), better)


def _measures(articles: Sequence[Counted], name: str) -> Iterator[Formula]:
    """The median over the articles that were measured, and the sum."""
    column = [article.measures.get(name) for article in articles]

    def median(sample: Sample) -> float | None:
        known = [value for number in sample if (value := column[number]) is not None]
        return statistics.median(known) if known else None

    def total(sample: Sample) -> float | None:
        known = [value for number in sample if (value := column[number]) is not None]
        return sum(known) if known else None

    cases = sum(value is not None for value in column)
    yield Formula(f"{name} per article, median", median, cases, "neither")
    # A sum over resampled articles says nothing about this sum.
    yield Formula(f"{name}, total", total, cases, "neither", sampled=False)


def _sum(column: Sequence[float], sample: Sample) -> float:
    return sum(map(column.__getitem__, sample))
