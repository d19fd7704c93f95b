"""Whether a gold record and a predicted one tell of the same thing.

Records are aligned by names first (participants; titles and acronyms), so that a wrong date or
status is counted as such and does not hide behind a missing record. All functions are pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from communique.evaluate.alignment import assign
from communique.evaluate.names import (
    SAME_TITLE,
    dice,
    fold,
    same_acronym,
    same_name,
    same_office,
    title_fit,
)

if TYPE_CHECKING:
    from communique.evaluate.gold import GoldAgreement, GoldEngagement, GoldParticipant
    from communique.schemas import Agreement, Engagement, Participant

Quality = Literal["exact", "name", "party"]

_GROUP = {
    "bilateral_meeting": "meeting",
    "multilateral_meeting": "meeting",
    "conference": "meeting",
    "summit": "meeting",
    "dialogue": "meeting",
    "negotiation": "meeting",
}
_QUALITY_WEIGHT: dict[Quality, float] = {"exact": 1.0, "name": 0.95, "party": 0.5}
# A named person standing for a gold record's unnamed side is right, but an unnamed one fits better.
_NAMED_FOR_UNNAMED = 0.8


def quality(gold: GoldParticipant, found: Participant) -> Quality | None:
    """How a predicted participant answers to a gold one; None if it is somebody else.

    exact: the whole folded name, or the country of an unnamed one; name: part of the name;
    party: an unnamed predicted participant of a named one's country, good only for alignment.
    """
    code = found.party.code if found.party else None
    same_party = code is not None and code in gold.accepted("country")
    names = [name for name in gold.accepted("name") if name]
    if found.name and names:
        if any(fold(name) == fold(found.name) for name in names):
            return "exact"
        return "name" if any(same_name(name, found.name) for name in names) else None
    if names:
        return "party" if same_party else None
    if gold.country is None and gold.role:
        told = found.name or found.office or ""
        return "exact" if same_office(gold.role, told) else None
    return "exact" if same_party else None


@dataclass(frozen=True)
class Pairing:
    """How well two engagements fit, and which of their participants are the same."""

    weight: float
    people: tuple[tuple[int, int, Quality], ...] = ()


def compare_engagements(gold: GoldEngagement, found: Engagement) -> Pairing:
    """Weigh one pair; weight 0 where the names say that these are two engagements.

    Two required participants of gold must be met (one where there is only one: a person's
    presence alone does not tell one meeting of a tour from another, so that the other side is
    needed where there is one). With a single one the types must be of one group and a bilateral
    prediction must not bring in a party that gold does not know. Among pairs that fit equally by
    names, type, date, country and status decide, and required records come before optional ones.
    """
    options = [[quality(g, p) for p in found.participants] for g in gold.participants]
    people = _people(gold, found, options)
    needed = [i for i, g in enumerate(gold.participants) if not g.optional]
    needed = needed or list(range(len(gold.participants)))
    met = sum(i in needed for i, _, _ in people)
    if not gold.participants:
        fits = type_group_right(gold, found) and (
            _same_date(gold, found) or _same_place(gold, found)
        )
        return Pairing(0.5 + _ties(gold, found)) if fits else Pairing(0.0)
    if met < min(2, len(needed)) or (len(needed) == 1 and not _single(gold, found, people)):
        return Pairing(0.0)
    total = sum(_weight(gold.participants[i], found.participants[j], q) for i, j, q in people)
    size = len(needed) + (len(people) - met) + len(found.participants)
    return Pairing(2 * total / size + _ties(gold, found), people)


def _people(
    gold: GoldEngagement, found: Engagement, options: list[list[Quality | None]]
) -> tuple[tuple[int, int, Quality], ...]:
    # Required participants first: an optional one of the same country must not take their place.
    weights = [
        [
            _weight(g, p, q) + (0.0 if g.optional else 0.01) if q else 0.0
            for p, q in zip(found.participants, row, strict=True)
        ]
        for g, row in zip(gold.participants, options, strict=True)
    ]
    pairs = ((i, j, options[i][j]) for i, j in assign(weights))
    return tuple((i, j, q) for i, j, q in pairs if q)


def _weight(gold: GoldParticipant, found: Participant, how: Quality) -> float:
    if how == "exact" and gold.name is None and found.name:
        return _NAMED_FOR_UNNAMED
    return _QUALITY_WEIGHT[how]


def _single(
    gold: GoldEngagement, found: Engagement, people: tuple[tuple[int, int, Quality], ...]
) -> bool:
    known = {g.country for g in gold.participants} | {gold.country, None}
    met = {j for _, j, _ in people}
    strangers = any(
        p.party is not None and p.party.code not in known
        for j, p in enumerate(found.participants)
        if j not in met
    )
    return type_group_right(gold, found) and not (strangers and found.laterality == "bilateral")


def _ties(gold: GoldEngagement, found: Engagement) -> float:
    return (
        0.03 * type_group_right(gold, found)
        + 0.03 * _same_date(gold, found)
        + 0.02 * _same_place(gold, found)
        + 0.01 * (found.status in gold.accepted("status"))
        + 0.005 * (not gold.optional)
    )


def _same_date(gold: GoldEngagement, found: Engagement) -> bool:
    return (found.date.edtf if found.date else None) in gold.accepted("date")


def _same_place(gold: GoldEngagement, found: Engagement) -> bool:
    return (found.place.country if found.place else None) in gold.accepted("country")


def type_group(kind: str) -> str:
    """Name the group that a type of either vocabulary belongs to: all meetings are one group."""
    return _GROUP.get(kind, kind)


def type_names(found: Engagement) -> frozenset[str]:
    """List the annotation's types that a predicted type and laterality stand for, and its own."""
    if found.type not in {"meeting", "summit", "conference", "dialogue", "negotiation"}:
        return frozenset({found.type})
    own = {found.type}
    if found.type in {"summit", "conference"}:
        return frozenset(own | {"conference", "multilateral_meeting"})
    side = "bilateral" if found.laterality == "bilateral" else "multilateral"
    return frozenset(
        own | {f"{side}_meeting"} | ({"conference"} if found.type == "dialogue" else set())
    )


def type_group_right(gold: GoldEngagement, found: Engagement) -> bool:
    """Whether a predicted type is of the group of one that gold accepts."""
    return type_group(found.type) in {type_group(kind) for kind in gold.accepted("type") if kind}


def compare_agreements(gold: GoldAgreement, found: Agreement) -> float:
    """Weigh one pair; 0 where the parties contradict each other or the titles differ.

    Parties: one side's must be among the other's (a title alone misleads: every country has its
    Defence Cooperation Agreement). Titles: see `title_fit`; the same acronym does as well.
    """
    codes = {party.code for party in found.parties if party.code}
    rights = gold.accepted_parties()
    if not any(_compatible(codes, set(right)) for right in rights):
        return 0.0
    titles = [title for title in gold.accepted("title") if title]
    fit = max(title_fit(title, found.title) for title in titles)
    if _acronym_right(gold, found):
        fit = 1.0
    overlap = max(dice(codes, set(right)) for right in rights)
    ties = 0.02 * (found.status in gold.accepted("status")) + 0.005 * (not gold.optional)
    return fit + 0.1 * overlap + ties if fit else 0.0


def _compatible(codes: set[str], right: set[str]) -> bool:
    return not codes or not right or codes <= right or right <= codes


def parties_right(gold: GoldAgreement, found: Agreement) -> bool:
    """Whether the parties are exactly those of gold."""
    return frozenset(p.code for p in found.parties if p.code) in gold.accepted_parties()


def title_right(gold: GoldAgreement, found: Agreement) -> bool:
    """Whether the title (its type words aside) or the acronym is that of gold."""
    titles = [title for title in gold.accepted("title") if title]
    same = any(title_fit(title, found.title) >= SAME_TITLE for title in titles)
    return same or _acronym_right(gold, found)


def _acronym_right(gold: GoldAgreement, found: Agreement) -> bool:
    return same_acronym(gold.title, found.title, acronyms=(gold.acronym, found.acronym))
