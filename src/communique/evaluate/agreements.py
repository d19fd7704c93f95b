"""Scoring the agreements of one article, and what was done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from communique.evaluate import matching
from communique.evaluate.alignment import assign
from communique.evaluate.tally import (
    MISSING,
    NOT_IN_GOLD,
    Tally,
    edtf,
    overlap,
    score_precision,
    title_spans,
)
from communique.evaluate.wording import (
    agreement_words,
    gold_agreement_words,
    joined,
    options,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from communique.evaluate.gold import GoldAct, GoldAgreement
    from communique.schemas import Act, Agreement

_UNCONCLUDED = {"proposed", "under_negotiation", "agreed", "planned"}
_CONCLUDED = {"signed", "ratified", "in_force", "extended", "suspended", "terminated", "expired"}
# "other" and the like are in gold but not among the library's statuses: nothing could be right.
_AGREEMENT_STATUSES = _CONCLUDED | _UNCONCLUDED - {"planned"}
_HOW = ("lenient", "strict")


def align_agreements(
    golds: Sequence[GoldAgreement], found: Sequence[Agreement]
) -> tuple[dict[int, int], list[list[float]]]:
    """Pair gold with predicted agreements one to one, by index; and how well each pair fits."""
    table = [[matching.compare_agreements(g, p) for p in found] for g in golds]
    return dict(assign(table)), table


def score_agreements(tally: Tally, found: Sequence[Agreement]) -> None:
    """Align the agreements of one article with gold and count what is right."""
    golds = tally.article.agreements
    aligned, table = align_agreements(golds, found)
    left = [j for j in range(len(found)) if j not in aligned.values()]
    for i, gold in enumerate(golds):
        prediction = found[aligned[i]] if i in aligned else None
        again = [found[j] for j in left if table[i][j] or matching.title_right(gold, found[j])]
        _overclaim(tally, gold, [prediction, *again] if prediction else again)
        if prediction is not None:
            score_precision(
                tally, prediction.date, gold.accepted("date"), agreement_words(prediction)
            )
        if gold.optional:
            continue
        if prediction is None:
            _missing_agreement(tally, gold)
        else:
            _aligned_agreement(tally, gold, prediction)
        _agreement_fields(tally, gold, prediction)
        if gold.acts is not None:
            _acts(tally, gold.acts, prediction)
    for j in left:
        for how in _HOW:
            tally.prf(f"agreements, {how}", spurious=1)
        tally.confusion["agreements", NOT_IN_GOLD, found[j].status] += 1
        again_words = "(a second record of one in gold) " if any(row[j] for row in table) else ""
        tally.tell("spurious", "agreement", again_words + agreement_words(found[j]))


def _missing_agreement(tally: Tally, gold: GoldAgreement) -> None:
    for how in _HOW:
        tally.prf(f"agreements, {how}", missing=1)
    sentence = quoted(tally.quote(gold.title, gold.acronym))
    tally.tell("missing", "agreement", gold_agreement_words(gold) + sentence)


def _aligned_agreement(tally: Tally, gold: GoldAgreement, found: Agreement) -> None:
    strict = matching.parties_right(gold, found) and matching.title_right(gold, found)
    tally.prf("agreements, lenient", hit=1)
    wrong = int(not strict)
    tally.prf("agreements, strict", hit=int(strict), missing=wrong, spurious=wrong)
    titles = [t for t in (gold.title, *gold.accepted("title"), gold.acronym) if t]
    spans = title_spans(titles, tally.article.text)
    if spans:
        hit = any(overlap(evidence, spans) for evidence in found.evidence)
        tally.rate("evidence overlap, agreements", hit)
        if not hit:
            tally.tell("wrong", "evidence of an agreement", agreement_words(found))


def _overclaim(tally: Tally, gold: GoldAgreement, told: Sequence[Agreement]) -> None:
    """Count an unconcluded agreement as overclaimed if any record of it says it is concluded.

    Optional ones are included: once told, they must not be told as signed. So are records that
    did not align, for being told twice or between other parties: the worst error must not hide
    among the spurious.
    """
    if not told or gold.status not in _UNCONCLUDED or gold.accepted("status") & _CONCLUDED:
        return
    over = [one for one in told if one.status in _CONCLUDED]
    tally.rate("agreements overclaimed", bool(over))
    for one in over:
        words = f"{one.status} instead of {gold.status}: {agreement_words(one)}"
        tally.tell("wrong", "agreement overclaimed", words)


def _agreement_fields(tally: Tally, gold: GoldAgreement, found: Agreement | None) -> None:
    statuses = gold.accepted("status")
    tally.confusion["agreements", gold.status, found.status if found else MISSING] += 1
    codes = {party.code for party in found.parties if party.code} if found else set()
    rights = [joined(right) for right in gold.accepted_parties()]
    right = found is not None and matching.parties_right(gold, found)
    tally.answer("agreement parties", rights, correct=right, found=found is not None)
    if found is not None and not right:
        words = f"{joined(codes)} instead of {options(rights)}: {agreement_words(found)}"
        tally.tell("wrong", "agreement parties", words)
    # A planned signing is "agreed" to the library.
    if "planned" in statuses:
        statuses |= {"agreed"}
    fields = [("date", edtf(found.date if found else None), gold.accepted("date"))]
    if statuses & _AGREEMENT_STATUSES:
        fields.append(("status", found.status if found else None, statuses))
    if gold.type is not None:
        fields.append(("type", found.type if found else None, gold.accepted("type")))
    for name, value, accepted in fields:
        correct = found is not None and value in accepted
        tally.answer(f"agreement {name}", accepted, correct=correct, found=found is not None)
        if found is not None and not correct:
            words = f"{value} instead of {options(accepted)}: {agreement_words(found)}"
            tally.tell("wrong", f"agreement {name}", words)


def _acts(tally: Tally, golds: Sequence[GoldAct], found: Agreement | None) -> None:
    """Score the acts told of one agreement of gold: kind and realis together, then the date."""
    told = list(found.acts) if found else []
    aligned = dict(assign([[_act_fit(gold, act) for act in told] for gold in golds]))
    context = f": {agreement_words(found)}" if found else ""
    for i, gold in enumerate(golds):
        act = told[aligned[i]] if i in aligned else None
        rights = gold.accepted("date")
        if act is not None:
            score_precision(tally, act.date, rights, f"{act.kind}{context}")
        if gold.optional:
            continue
        tally.prf("acts", hit=int(act is not None), missing=int(act is None))
        date = edtf(act.date) if act else None
        right = act is not None and date in rights
        tally.answer("act date", rights, correct=right, found=act is not None)
        if found is not None and not right:
            given = f"dated {date}" if act else "not told"
            what = f"{given} instead of {gold.realis} {gold.kind}, {options(rights)}"
            tally.tell("wrong", "act", what + context)
    added = [act for j, act in enumerate(told) if j not in aligned.values()]
    tally.prf("acts", spurious=len(added))
    for act in added:
        tally.tell("spurious", "act", f"{act.realis} {act.kind}{context}")


def _act_fit(gold: GoldAct, told: Act) -> float:
    if told.kind not in gold.accepted("kind") or told.realis not in gold.accepted("realis"):
        return 0.0
    return 1.0 + 0.1 * (edtf(told.date) in gold.accepted("date")) - 0.01 * gold.optional
