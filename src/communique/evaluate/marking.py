"""An article's text cut where gold or a prediction points at it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from communique.evaluate.agreements import align_agreements
from communique.evaluate.engagements import align_engagements
from communique.evaluate.gold import GoldEngagement
from communique.evaluate.tally import title_spans
from communique.schemas import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from communique.evaluate.gold import GoldAgreement, GoldArticle
    from communique.schemas import Agreement, Engagement, Summary

Side = Literal["gold", "predicted"]
Fate = Literal["found", "optional", "missing", "spurious"]


@dataclass(frozen=True)
class Pair:
    """A gold record and the predicted one that answers to it; one of them may be absent."""

    gold: GoldEngagement | GoldAgreement | None
    found: Engagement | Agreement | None

    @property
    def fate(self) -> Fate:
        """What became of the record; optional: debatable, and not predicted."""
        if self.gold is None:
            return "spurious"
        if self.found is not None:
            return "found"
        return "optional" if self.gold.optional else "missing"


@dataclass(frozen=True)
class Mark:
    """A stretch of the text that a record points at; `label` says which and as what."""

    start: int
    end: int
    side: Side
    label: str
    fate: Fate


@dataclass(frozen=True)
class Segment:
    """A stretch of the text with all the marks on it."""

    text: str
    marks: tuple[Mark, ...]


def pairs_of(gold: GoldArticle, summary: Summary | None) -> list[Pair]:
    """Every record of an article, gold beside predicted: engagements first, then agreements."""
    met = list(summary.engagements) if summary else []
    made = list(summary.agreements) if summary else []
    meetings, _ = align_engagements(gold.engagements, met)
    instruments, _ = align_agreements(gold.agreements, made)
    return [
        *(Pair(g, met[meetings[i]] if i in meetings else None)
          for i, g in enumerate(gold.engagements)),
        *(Pair(None, p) for j, p in enumerate(met) if j not in meetings.values()),
        *(Pair(g, made[instruments[i]] if i in instruments else None)
          for i, g in enumerate(gold.agreements)),
        *(Pair(None, p) for j, p in enumerate(made) if j not in instruments.values()),
    ]  # fmt: skip


def segments(text: str, pairs: Iterable[Pair]) -> list[Segment]:
    """Cut the text at the ends of every mark; the segments together are the text."""
    marks = [mark for pair in pairs for mark in _marks(pair, text)]
    cuts = sorted({0, len(text), *(m.start for m in marks), *(m.end for m in marks)})
    return [
        Segment(text[start:end], tuple(m for m in marks if m.start <= start and end <= m.end))
        for start, end in pairwise(cuts)
    ]


def _marks(pair: Pair, text: str) -> Iterator[Mark]:
    if pair.gold is not None:
        for words, label in _gold_words(pair.gold):
            for start, end in title_spans([words], text):
                yield Mark(start, end, "gold", label, pair.fate)
    if pair.found is not None:
        for evidence, label in _evidence(pair.found, pair.found.id):
            # A span outside the text is a finding of its own; here it can mark nothing.
            end = min(evidence.end, len(text))
            if evidence.start < end:
                yield Mark(evidence.start, end, "predicted", label, pair.fate)


def _gold_words(gold: GoldEngagement | GoldAgreement) -> Iterator[tuple[str, str]]:
    if isinstance(gold, GoldEngagement):
        kind = gold.type
        words = {"name": gold.name, "date": gold.date_words, "place": gold.location}
        yield from ((p.name, f"{kind}: participant") for p in gold.participants if p.name)
    else:
        kind = "agreement"
        words = {"title": gold.title, "acronym": gold.acronym, "date": gold.date_words}
    yield from ((value, f"{kind}: {name}") for name, value in words.items() if value)


def _evidence(value: object, label: str) -> Iterator[tuple[Evidence, str]]:
    """Every piece of evidence in a record, with the way to it."""
    if isinstance(value, Evidence):
        yield value, label
    elif isinstance(value, BaseModel):
        # Gold has no outcomes: whole sentences would be marked that nothing is said against.
        for name in [name for name in type(value).model_fields if name != "outcomes"]:
            below = label if name == "evidence" else f"{label} {name}"
            yield from _evidence(getattr(value, name), below)
    elif isinstance(value, list):
        for item in value:
            yield from _evidence(item, label)
