"""Scoring the engagements of one article, and their participants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from communique.evaluate import matching
from communique.evaluate.alignment import assign
from communique.evaluate.names import same_office, words
from communique.evaluate.tally import (
    MISSING,
    NOT_IN_GOLD,
    Tally,
    edtf,
    mentions,
    overlap,
    score_precision,
    title_spans,
)
from communique.evaluate.wording import (
    engagement_words,
    gold_engagement_words,
    gold_person_words,
    options,
    person_words,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from communique.evaluate.gold import GoldArticle, GoldEngagement, GoldParticipant
    from communique.schemas import Engagement, Participant

_NOT_HELD = {"planned", "proposed", "postponed", "cancelled", "denied"}
_HELD = {"held", "ongoing"}
_HOW = ("lenient", "strict")


def align_engagements(
    golds: Sequence[GoldEngagement], found: Sequence[Engagement]
) -> tuple[dict[int, int], list[list[matching.Pairing]]]:
    """Pair gold with predicted engagements one to one, by index; and how well each pair fits."""
    table = [[matching.compare_engagements(g, p) for p in found] for g in golds]
    return dict(assign([[pairing.weight for pairing in row] for row in table])), table


def score_engagements(tally: Tally, found: Sequence[Engagement]) -> None:
    """Align the engagements of one article with gold and count what is right."""
    golds = tally.article.engagements
    aligned, table = align_engagements(golds, found)
    for i, gold in enumerate(golds):
        prediction = found[aligned[i]] if i in aligned else None
        people = table[i][aligned[i]].people if i in aligned else ()
        if prediction is not None:
            _told_engagement(tally, gold, prediction)
            again = [p for j, p in enumerate(found) if _repeats(i, j, aligned, table)]
            _overclaim(tally, gold, [prediction, *again])
        if gold.optional:
            _optional_background(tally, gold, prediction, people)
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
    _relations(tally, found, aligned)


def _told_engagement(tally: Tally, gold: GoldEngagement, found: Engagement) -> None:
    """Score what must be right of a record once it is told, be it optional."""
    words_of = engagement_words(found)
    score_precision(tally, found.date, gold.accepted("date"), words_of)
    if gold.states("new_date"):
        score_precision(tally, found.new_date, gold.accepted("new_date"), words_of)
    if gold.background:
        tally.rate("background told as background", found.salience == "background")


def _repeats(
    i: int, j: int, aligned: dict[int, int], table: Sequence[Sequence[matching.Pairing]]
) -> bool:
    """Whether prediction j is left over and fits gold record i best: i told a second time."""
    if j in aligned.values() or not table[i][j].weight:
        return False
    return table[i][j].weight == max(row[j].weight for row in table)


def _optional_background(
    tally: Tally, gold: GoldEngagement, found: Engagement | None, people: matching.People
) -> None:
    """Count a debatable background record among those of the background, and nowhere else."""
    if not gold.background:
        return
    strict = found is not None and _whole(gold, found, people)
    for how, right in (("lenient", found is not None), ("strict", strict)):
        spurious = int(found is not None and not right)
        tally.prf(
            f"engagements, background, {how}",
            hit=int(right),
            missing=int(not right),
            spurious=spurious,
        )


def _whole(gold: GoldEngagement, found: Engagement, people: matching.People) -> bool:
    """Whether everybody required is met by name, nobody is added, and the type group is right."""
    met = {i: j for i, j, how in people if how != "party"}
    required = {i for i, g in enumerate(gold.participants) if not g.optional}
    added = len(found.participants) - len(met)
    return required <= met.keys() and not added and matching.type_group_right(gold, found)


def _prf(tally: Tally, how: str, *, background: bool, **counts: int) -> None:
    """Count an engagement among all of them, and among those of its salience."""
    salience = "background" if background else "focal"
    tally.prf(f"engagements, {how}", **counts)
    tally.prf(f"engagements, {salience}, {how}", **counts)


def _overclaim(tally: Tally, gold: GoldEngagement, told: Sequence[Engagement]) -> None:
    """Count one that did not take place as overclaimed if any record of it says that it did."""
    if gold.status not in _NOT_HELD or gold.accepted("status") & _HELD:
        return
    over = [one for one in told if one.status in _HELD]
    tally.rate("engagements overclaimed", bool(over))
    for one in over:
        what = f"{one.status} instead of {gold.status}: {engagement_words(one)}"
        tally.tell("wrong", "engagement overclaimed", what)


def _missing_engagement(tally: Tally, gold: GoldEngagement) -> None:
    required = sum(not g.optional for g in gold.participants)
    for how in _HOW:
        _prf(tally, how, background=gold.background, missing=1)
        tally.prf(f"participants, {how}", missing=required)
    names = [name for g in gold.participants for name in (g.name, g.role)]
    sentence = quoted(tally.quote(*names, gold.name, gold.location))
    tally.tell("missing", "engagement", gold_engagement_words(gold) + sentence)


def _spurious_engagement(tally: Tally, found: Engagement, *, repeats: bool) -> None:
    for how in _HOW:
        _prf(tally, how, background=found.salience == "background", spurious=1)
        tally.prf(f"participants, {how}", spurious=len(found.participants))
    tally.confusion["engagements", NOT_IN_GOLD, found.status] += 1
    again = "(a second record of one in gold) " if repeats else ""
    tally.tell("spurious", "engagement", again + engagement_words(found))


def _aligned_engagement(
    tally: Tally, gold: GoldEngagement, found: Engagement, people: matching.People
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
    strict = _whole(gold, found, people)
    _prf(tally, "lenient", background=gold.background, hit=1)
    wrong = int(not strict)
    _prf(
        tally,
        "strict",
        background=gold.background,
        hit=int(strict),
        missing=wrong,
        spurious=wrong,
    )
    context = f" in {engagement_words(found)}"
    for missing in missed:
        tally.tell("missing", "participant", gold_person_words(missing) + context)
    for person in added:
        tally.tell("spurious", "participant", person_words(person) + context)
    _engagement_evidence(tally, gold, found)


def _engagement_fields(tally: Tally, gold: GoldEngagement, found: Engagement | None) -> None:
    status = found.status if found else MISSING
    tally.confusion["engagements", gold.status, status] += 1
    group_right = _type(tally, gold, found)
    salience = "background" if gold.background else "focal"
    fields: list[tuple[str, str | None, frozenset[str | None]]] = [
        ("status", status, gold.accepted("status")),
        ("date", edtf(found.date if found else None), gold.accepted("date")),
        ("country", _country(found), gold.accepted("country")),
        ("salience", found.salience if found else None, frozenset([salience])),
    ]
    if gold.laterality is not None:
        laterality = found.laterality if found else None
        fields.append(("laterality", laterality, gold.accepted("laterality")))
    if gold.new_date is not None:
        new = edtf(found.new_date if found else None)
        fields.append(("new date", new, gold.accepted("new_date")))
    if found is not None and not group_right:
        fields.append(("type", found.type, gold.accepted("type")))
    for name, value, rights in fields:
        correct = found is not None and value in rights
        if name != "type":
            tally.answer(f"engagement {name}", rights, correct=correct, found=found is not None)
        if found is not None and not correct:
            told = f"{value} instead of {options(rights)}: {engagement_words(found)}"
            tally.tell("wrong", f"engagement {name}", told)


def _type(tally: Tally, gold: GoldEngagement, found: Engagement | None) -> bool:
    """Score the type, exact and by group; whether the group is right."""
    kinds = gold.accepted("type")
    names = matching.type_names(gold, found) if found else frozenset()
    there = found is not None
    tally.answer("engagement type, exact", kinds, correct=bool(names & kinds), found=there)
    right = found is not None and matching.type_group_right(gold, found)
    groups = {matching.type_group(kind) for kind in kinds if kind}
    tally.answer("engagement type, by group", groups, correct=right, found=there)
    return right


def _country(found: Engagement | None) -> str | None:
    return found.place.country if found and found.place else None


def _participant_fields(
    tally: Tally, gold: GoldEngagement, found: Engagement | None, people: matching.People
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
    tally.answer(f"participant {name}", folded, correct=correct, found=found is not None)
    if found is not None and not correct:
        told = f"{person_words(found)} instead of {options(rights)}"
        tally.tell("wrong", f"participant {name}", told)


def _engagement_evidence(tally: Tally, gold: GoldEngagement, found: Engagement) -> None:
    """Its evidence is to stand in a sentence with words that gold rests on, and no other one."""
    text = tally.article.text
    names, dates = _telling(gold, tally.article)
    spans = [span for name in names for span in mentions(name, text)] + title_spans(dates, text)
    if spans:
        sentences = tally.sentences_of(spans)
        hit = any(overlap(evidence, sentences) for evidence in found.evidence)
        tally.rate("evidence overlap, engagements", hit)
        if not hit:
            tally.tell("wrong", "evidence of an engagement", engagement_words(found))


def _telling(gold: GoldEngagement, article: GoldArticle) -> tuple[list[str], list[str]]:
    """Names, and words of dates, that tell an engagement from the others; else all its names."""
    names = [name for name in (gold.name, *(g.name for g in gold.participants)) if name]
    others = [other for other in article.engagements if other is not gold]
    taken = {person.name for other in others for person in other.participants}
    dated = {other.date_words for other in others}
    dates = [gold.date_words] if gold.date_words and gold.date_words not in dated else []
    own = [name for name in names if name not in taken]
    return own or ([] if dates else names), dates


def _relations(tally: Tally, found: Sequence[Engagement], aligned: dict[int, int]) -> None:
    """Score what an engagement is part of, where gold says so of the engagements that align."""
    golds = tally.article.engagements
    by_id = {found[j].id: i for i, j in aligned.items()}
    for i, gold in enumerate(golds):
        if gold.optional or not gold.states("part_of"):
            continue
        prediction = found[aligned[i]] if i in aligned else None
        wanted, told = gold.part_of, prediction.part_of if prediction else None
        if wanted is not None and golds[wanted.index].optional and wanted.index not in aligned:
            continue
        right = (
            wanted is not None
            and told is not None
            and told.relation == wanted.relation
            and by_id.get(told.id) == wanted.index
        )
        tally.prf(
            "relations",
            hit=int(right),
            missing=int(wanted is not None and not right),
            spurious=int(told is not None and not right),
        )
        if prediction is not None and not right and (wanted or told):
            given = told.relation if told else None
            right_one = wanted.relation if wanted else None
            what = f"{given} instead of {right_one}: {engagement_words(prediction)}"
            tally.tell("wrong", "relation", what)
