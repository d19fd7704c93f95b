"""Whether a gold record and a predicted one tell of the same thing.

Records are aligned by names first (participants; titles and acronyms), so that a wrong date or
status is counted as such and does not hide behind a missing record. What is not stated agrees
with nothing: no pair is made because both sides are silent. All functions are pure.
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
    from collections.abc import Sequence

    from communique.evaluate.gold import GoldAgreement, GoldEngagement, GoldParticipant
    from communique.schemas import Agreement, Engagement, Participant

Quality = Literal["exact", "name", "party"]
People = tuple[tuple[int, int, Quality], ...]

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
# What fields may add to a pair: less than any difference in names, so that names come first.
_TIES = 0.01


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
    people: People = ()


def compare_engagements(gold: GoldEngagement, found: Engagement) -> Pairing:
    """Weigh one pair; weight 0 where the names say that these are two engagements.

    They fit when the event's name is the same, or enough of gold's required participants are met
    (see `_enough`). An engagement without a required one must be of the same group of types and
    have a stated date, a stated place or a participant in common with gold. Among pairs that fit
    equally by names, type, date, country and status decide, and required records come before
    optional ones.
    """
    people = _people(gold, found)
    named = _same_event(gold, found)
    required = [i for i, g in enumerate(gold.participants) if not g.optional]
    if required:
        fits = _enough(gold, found, people, required)
    else:
        common = bool(people) or _same_date(gold, found) or _same_place(gold, found)
        fits = type_group_right(gold, found) and common
    if not (fits or (named and type_group_right(gold, found))):
        return Pairing(0.0)
    total = sum(_weight(gold.participants[i], found.participants[j], q) for i, j, q in people)
    met = sum(i in required for i, _, _ in people)
    size = len(required) + (len(people) - met) + len(found.participants)
    by_names = 2 * total / size if size else 0.0
    return Pairing(by_names + 0.5 * named + _ties(gold, found), people)


def _enough(
    gold: GoldEngagement, found: Engagement, people: People, required: Sequence[int]
) -> bool:
    """Whether the participants that were met tell this engagement from others.

    Two required ones, since a person's presence alone does not tell one meeting of a tour from
    another; one of them by name where gold names any. Where only one is required, see `_single`.
    """
    met = [(i, how) for i, _, how in people if i in required]
    nameable = any(gold.participants[i].name for i in required)
    named = any(gold.participants[i].name and how != "party" for i, how in met)
    if len(met) < min(2, len(required)) or (nameable and not named):
        return False
    return len(required) > 1 or _single(gold, found, people)


def _single(gold: GoldEngagement, found: Engagement, people: People) -> bool:
    """Whether one participant is enough, as for a visit.

    The type must be of the same group, a bilateral prediction must not bring in a party that gold
    does not know, and another country is another visit, unless the stated date is the same.
    """
    known = {g.country for g in gold.participants} | {gold.country, None}
    met = {j for _, j, _ in people}
    strangers = any(
        p.party is not None and p.party.code not in known
        for j, p in enumerate(found.participants)
        if j not in met
    )
    country = found.place.country if found.place else None
    elsewhere = gold.country is not None and country is not None and not _same_place(gold, found)
    if elsewhere and not _same_date(gold, found):
        return False
    return type_group_right(gold, found) and not (strangers and found.laterality == "bilateral")


def _people(gold: GoldEngagement, found: Engagement) -> People:
    options = [[quality(g, p) for p in found.participants] for g in gold.participants]
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


def _ties(gold: GoldEngagement, found: Engagement) -> float:
    return _TIES * (
        0.3 * type_group_right(gold, found)
        + 0.3 * (_edtf(found) in gold.accepted("date"))
        + 0.2 * (_country(found) in gold.accepted("country"))
        + 0.1 * (found.status in gold.accepted("status"))
        + 0.1 * (not gold.optional)
    )


def _same_event(gold: GoldEngagement, found: Engagement) -> bool:
    names = [name for name in gold.accepted("name") if name]
    return found.name is not None and any(
        title_fit(name, found.name) >= SAME_TITLE
        or same_acronym(name, found.name, acronyms=(None, None))
        for name in names
    )


def _edtf(found: Engagement) -> str | None:
    return found.date.edtf if found.date else None


def _country(found: Engagement) -> str | None:
    return found.place.country if found.place else None


def _same_date(gold: GoldEngagement, found: Engagement) -> bool:
    return _edtf(found) is not None and _edtf(found) in gold.accepted("date")


def _same_place(gold: GoldEngagement, found: Engagement) -> bool:
    return _country(found) is not None and _country(found) in gold.accepted("country")


def type_group(kind: str) -> str:
    """Name the group that a type of either vocabulary belongs to: all meetings are one group."""
    return _GROUP.get(kind, kind)


def type_names(gold: GoldEngagement, found: Engagement) -> frozenset[str]:
    """List the types by which gold may call what was predicted.

    Gold that says the laterality uses the library's own types, and only the same one is right.
    Other gold knows fewer: a bilateral dialogue is a bilateral_meeting there, or a conference.
    """
    meetings = {"meeting", "summit", "conference", "dialogue", "negotiation"}
    if gold.laterality is not None or found.type not in meetings:
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
    """Weigh one pair; 0 where the parties are others or the titles differ.

    Parties: one side's must be among the other's (a title alone misleads: every country has its
    Defence Cooperation Agreement), and no parties at all are right only where gold has none.
    Titles: see `title_fit`; the same acronym does as well.
    """
    codes = {party.code for party in found.parties if party.code}
    rights = gold.accepted_parties()
    stated = [set(right) for right in rights if right]
    # Gold that also accepts no parties credits those who give none, not those who err.
    silent = not codes and frozenset() in rights
    if stated and not silent and not any(_compatible(codes, right) for right in stated):
        return 0.0
    fit = title_fit_of(gold, found)
    overlap = max((dice(codes, right) for right in stated), default=0.0)
    ties = 0.1 * (found.status in gold.accepted("status")) + 0.1 * (not gold.optional)
    return fit + 0.1 * overlap + _TIES * ties if fit else 0.0


def title_fit_of(gold: GoldAgreement, found: Agreement) -> float:
    """How far the title is one that gold accepts, from 0 to 1; 1 where the acronym is the same."""
    if same_acronym(gold.title, found.title, acronyms=(gold.acronym, found.acronym)):
        return 1.0
    return max(title_fit(title, found.title) for title in gold.accepted("title") if title)


def _compatible(codes: set[str], right: set[str]) -> bool:
    return bool(codes & right) and (codes <= right or right <= codes)


def parties_right(gold: GoldAgreement, found: Agreement) -> bool:
    """Whether the parties are exactly those of gold."""
    return frozenset(p.code for p in found.parties if p.code) in gold.accepted_parties()


def title_right(gold: GoldAgreement, found: Agreement) -> bool:
    """Whether the title (its type words aside) or the acronym is that of gold."""
    return title_fit_of(gold, found) >= SAME_TITLE
