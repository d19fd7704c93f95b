"""From counts per article to figures with bootstrap intervals."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from communique.evaluate.results import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Literal

    from communique.evaluate.tally import Tally

_PREFIXES = tuple(
    f"{what}, {how}"
    for what in ("engagements", "participants", "agreements")
    for how in ("lenient", "strict")
)
_RATES: tuple[tuple[str, Literal["higher", "lower", "neither"]], ...] = (
    ("engagement type, exact", "higher"),
    ("engagement type, by group", "higher"),
    ("engagement status", "higher"),
    ("engagement date", "higher"),
    ("engagement country", "higher"),
    ("participant party", "higher"),
    ("participant office", "higher"),
    ("agreement parties", "higher"),
    ("agreement status", "higher"),
    ("agreement date", "higher"),
    ("agreements overclaimed", "lower"),
    ("engagements overclaimed", "lower"),
    ("fabricated precision", "lower"),
    ("background engagements found", "neither"),
    ("background told as background", "higher"),
    ("evidence verbatim", "higher"),
    ("evidence overlap, engagements", "higher"),
    ("evidence overlap, participants", "higher"),
    ("evidence overlap, agreements", "higher"),
    ("hostile articles obeyed", "lower"),
    ("articles failed", "lower"),
    ("records per article without any in gold", "lower"),
    ("prompt tokens per article", "neither"),
    ("completion tokens per article", "neither"),
    ("requests per article", "neither"),
    ("seconds per article", "neither"),
)
Counts = dict[str, float]


def add(counts: Sequence[Counts]) -> Counts:
    """Sum counts by key."""
    total: Counts = defaultdict(float)
    for one in counts:
        for key, value in one.items():
            total[key] += value
    return total


def bootstrap(counts: Sequence[Counts], resamples: int, seed: int) -> list[Counts]:
    """Draw articles with replacement and sum each sample; none of fewer than two articles."""
    if len(counts) < 2:
        return []
    draw = random.Random(seed)  # noqa: S311 - resampling, not cryptography
    return [add(draw.choices(counts, k=len(counts))) for _ in range(resamples)]


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


def figures(
    total: Counts, samples: Sequence[Counts], majorities: dict[str, float]
) -> Iterator[Figure]:
    """Make every figure of the table, those without a case too, in a fixed order."""
    for prefix in _PREFIXES:
        for name, others in (("precision", ("fp",)), ("recall", ("fn",)), ("F1", ("fp", "fn"))):
            formula = _f_formula(prefix, others)
            keys = ("tp", "fp") if name == "precision" else ("tp", "fn")
            cases = int(sum(total.get(f"{prefix}/{key}", 0) for key in keys))
            yield _figure(f"{prefix}: {name}", formula, cases, total, samples)
    for name, better in _RATES:
        cases = int(total.get(f"{name}/whole", 0))
        figure = _figure(name, _rate_formula(name), cases, total, samples)
        update = {"baseline": majorities.get(name), "better": better}
        yield figure.model_copy(update=update)


def _figure(
    name: str,
    formula: Callable[[Counts], float | None],
    cases: int,
    total: Counts,
    samples: Sequence[Counts],
) -> Figure:
    values = sorted(value for sample in samples if (value := formula(sample)) is not None)
    low = values[int(0.025 * (len(values) - 1))] if values else None
    high = values[round(0.975 * (len(values) - 1))] if values else None
    return Figure(name=name, value=formula(total), low=low, high=high, cases=cases)


def _f_formula(prefix: str, others: Sequence[str]) -> Callable[[Counts], float | None]:
    def formula(counts: Counts) -> float | None:
        # Twice the hits over twice the hits and both kinds of error; with one kind, P or R.
        times = len(others)
        hits = times * counts.get(f"{prefix}/tp", 0)
        whole = hits + sum(counts.get(f"{prefix}/{key}", 0) for key in others)
        return hits / whole if whole else None

    return formula


def _rate_formula(name: str) -> Callable[[Counts], float | None]:
    def formula(counts: Counts) -> float | None:
        whole = counts.get(f"{name}/whole", 0)
        return counts.get(f"{name}/part", 0) / whole if whole else None

    return formula
