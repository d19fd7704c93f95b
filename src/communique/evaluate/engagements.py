"""Scoring the engagements of one article, and their participants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from communique.evaluate import matching
from communique.evaluate.alignment import assign
from communique.evaluate.names import same_office, words
from communique.evaluate.tally import Tally, edtf, mentions, overlap, score_precision
from communique.evaluate.wording import (
    engagement_words,
    gold_engagement_words,
    gold_person_words,
    options,
    person_words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from communique.evaluate.gold import GoldEngagement, GoldParticipant
    from communique.schemas import Engagement, Participant

_NOT_HELD = {"planned", "proposed", "postponed", "cancelled", "denied"}
_HELD = {"held", "ongoing"}


def score_engagements(tally: Tally, found: Sequence[Engagement]) -> None:
    """Align the engagements of one article with gold and count what is right."""
    golds = tally.article.engagements
    table = [[matching.compare_engagements(g, p) for p in found] for g in golds]
    aligned = dict(assign([[pairing.weight for pairing in row] for row in table]))
    for i, gold in enumerate(golds):
        prediction = found[aligned[i]] if i in aligned else None
        people = table[i][aligned[i]].people if i in aligned else ()
        if gold.background:
            tally.rate("background engagements found", prediction is not None)
            if prediction is not None:
                told = prediction.salience == "background"
                tally.rate("background told as background", told)
        if gold.optional:
            continue
        if prediction is None:
            _missing_engagement(tally, gold)
        else:
            _aligned_engagement(tally, gold, prediction, people)
        _engagement_fields(tally, gold, prediction)
        _participant_fields(tally, gold, prediction, people)
    for j, prediction in enumerate(found):
        if j not in aligned.values():
            repeats = any(row[j].weight for row in table)
            _spurious_engagement(tally, prediction, repeats=repeats)


def _missing_engagement(tally: Tally, gold: GoldEngagement) -> None:
    required = sum(not g.optional for g in gold.participants)
    for how in ("lenient", "strict"):
        tally.prf(f"engagements, {how}", missing=1)
        tally.prf(f"participants, {how}", missing=required)
    tally.tell("missing", "engagement", gold_engagement_words(gold))


def _spurious_engagement(tally: Tally, found: Engagement, *, repeats: bool) -> None:
    for how in ("lenient", "strict"):
        tally.prf(f"engagements, {how}", spurious=1)
        tally.prf(f"participants, {how}", spurious=len(found.participants))
    again = "(a second record of one in gold) " if repeats else ""
    tally.tell("spurious", "engagement", again + engagement_words(found))


def _aligned_engagement(
    tally: Tally,
    gold: GoldEngagement,
    found: Engagement,
    people: Sequence[tuple[int, int, matching.Quality]],
) -> None:
    required = [i for i, g in enumerate(gold.participants) if not g.optional]
    # A pair whose named gold participant is met by an unnamed one served the alignment alone.
    met = {i: (j, how) for i, j, how in people if how != "party"}
    taken = {j for j, _ in met.values()}
    added = [p for j, p in enumerate(found.participants) if j not in taken]
    missed = [gold.participants[i] for i in required if i not in met]
    whole = sum(met[i][1] == "exact" for i in required if i in met)
    hits = len(required) - len(missed)
    tally.prf("participants, lenient", hit=hits, missing=len(missed), spurious=len(added))
    partly = hits - whole
    tally.prf(
        "participants, strict",
        hit=whole,
        missing=len(missed) + partly,
        spurious=len(added) + partly,
    )
    tally.prf("engagements, lenient", hit=1)
    strict = not missed and not added and matching.type_group_right(gold, found)
    tally.prf("engagements, strict", hit=strict, missing=not strict, spurious=not strict)
    context = f" in {engagement_words(found)}"
    for missing in missed:
        tally.tell("missing", "participant", gold_person_words(missing) + context)
    for person in added:
        tally.tell("spurious", "participant", person_words(person) + context)
    _engagement_evidence(tally, gold, found)


def _engagement_fields(tally: Tally, gold: GoldEngagement, found: Engagement | None) -> None:
    place = found.place.country if found and found.place else None
    status = found.status if found else "missing"
    tally.confusion["engagements", gold.status, status] += 1
    kinds = gold.accepted("type")
    names = matching.type_names(found) if found else frozenset()
    exact = bool(names & kinds)
    tally.answer("engagement type, exact", kinds, correct=exact)
    group_right = found is not None and matching.type_group_right(gold, found)
    groups = {matching.type_group(kind) for kind in kinds if kind}
    tally.answer("engagement type, by group", groups, correct=group_right)
    fields: list[tuple[str, str | None, frozenset[str | None]]] = [
        ("status", status, gold.accepted("status")),
        ("date", edtf(found.date if found else None), gold.accepted("date")),
        ("country", place, gold.accepted("country")),
    ]
    if found is not None and not group_right:
        fields.append(("type", found.type, kinds))
    for name, value, rights in fields:
        correct = found is not None and value in rights
        if name != "type":
            tally.answer(f"engagement {name}", rights, correct=correct)
        if found is not None and not correct:
            told = f"{value} instead of {options(rights)}: {engagement_words(found)}"
            tally.tell("wrong", f"engagement {name}", told)
    if found is not None:
        score_precision(tally, found.date, gold.accepted("date"))
        if gold.status in _NOT_HELD and not gold.accepted("status") & _HELD:
            tally.rate("engagements overclaimed", found.status in _HELD)


def _participant_fields(
    tally: Tally,
    gold: GoldEngagement,
    found: Engagement | None,
    people: Sequence[tuple[int, int, matching.Quality]],
) -> None:
    met = {i: j for i, j, how in people if how != "party"}
    for i, person in enumerate(gold.participants):
        if person.optional or person.name is None:
            continue
        match = found.participants[met[i]] if found is not None and i in met else None
        if match is not None:
            spans = mentions(person.name, tally.article.text)
            if spans:
                hit = any(overlap(evidence, spans) for evidence in match.evidence)
                tally.rate("evidence overlap, participants", hit)
        if person.country is not None:
            party = match.party.code if match and match.party else None
            _person_field(tally, person, match, "party", right=party in person.accepted("country"))
        if person.role is not None:
            office = match.office if match else None
            roles = [role for role in person.accepted("role") if role]
            right = any(same_office(role, office or "") for role in roles)
            _person_field(tally, person, match, "office", right=right)


def _person_field(
    tally: Tally,
    gold: GoldParticipant,
    found: Participant | None,
    name: Literal["party", "office"],
    *,
    right: bool,
) -> None:
    rights = gold.accepted("country" if name == "party" else "role")
    folded = rights if name == "party" else {" ".join(words(r)) for r in rights if r}
    correct = found is not None and right
    tally.answer(f"participant {name}", folded, correct=correct)
    if found is not None and not correct:
        told = f"{person_words(found)} instead of {options(rights)}"
        tally.tell("wrong", f"participant {name}", told)


def _engagement_evidence(tally: Tally, gold: GoldEngagement, found: Engagement) -> None:
    """Its evidence is to stand in a paragraph that names one of the participants."""
    text = tally.article.text
    names = [g.name for g in gold.participants if g.name]
    spans = [_paragraph(span, text) for name in names for span in mentions(name, text)]
    if spans:
        hit = any(overlap(evidence, spans) for evidence in found.evidence)
        tally.rate("evidence overlap, engagements", hit)


def _paragraph(span: tuple[int, int], text: str) -> tuple[int, int]:
    end = text.find("\n", span[1])
    return text.rfind("\n", 0, span[0]) + 1, len(text) if end < 0 else end
