"""Scoring the agreements of one article."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from communique.evaluate import matching
from communique.evaluate.alignment import assign
from communique.evaluate.tally import Tally, edtf, mentions, overlap, score_precision
from communique.evaluate.wording import agreement_words, gold_agreement_words, joined, options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from communique.evaluate.gold import GoldAgreement
    from communique.schemas import Agreement

_UNCONCLUDED = {"proposed", "under_negotiation", "agreed", "planned"}
_CONCLUDED = {"signed", "ratified", "in_force", "extended", "suspended", "terminated", "expired"}
# "other" and the like are in gold but not among the library's statuses: nothing could be right.
_AGREEMENT_STATUSES = _CONCLUDED | _UNCONCLUDED - {"planned"}


def score_agreements(tally: Tally, found: Sequence[Agreement]) -> None:
    """Align the agreements of one article with gold and count what is right."""
    golds = tally.article.agreements
    table = [[matching.compare_agreements(g, p) for p in found] for g in golds]
    aligned = dict(assign(table))
    for i, gold in enumerate(golds):
        prediction = found[aligned[i]] if i in aligned else None
        if prediction is not None and gold.status in _UNCONCLUDED:
            _overclaim(tally, gold, prediction)
        if gold.optional:
            continue
        if prediction is None:
            for how in ("lenient", "strict"):
                tally.prf(f"agreements, {how}", missing=1)
            tally.tell("missing", "agreement", gold_agreement_words(gold))
        else:
            tally.prf("agreements, lenient", hit=1)
            strict = matching.parties_right(gold, prediction)
            strict = strict and matching.title_right(gold, prediction)
            tally.prf("agreements, strict", hit=strict, missing=not strict, spurious=not strict)
            spans = _title_spans(gold, tally.article.text)
            if spans:
                hit = any(overlap(evidence, spans) for evidence in prediction.evidence)
                tally.rate("evidence overlap, agreements", hit)
        _agreement_fields(tally, gold, prediction)
    for j, prediction in enumerate(found):
        if j not in aligned.values():
            for how in ("lenient", "strict"):
                tally.prf(f"agreements, {how}", spurious=1)
            again = "(a second record of one in gold) " if any(row[j] for row in table) else ""
            tally.tell("spurious", "agreement", again + agreement_words(prediction))


def _overclaim(tally: Tally, gold: GoldAgreement, found: Agreement) -> None:
    # Optional records are included: once told, they must not be told as signed.
    if gold.accepted("status") & _CONCLUDED:
        return
    over = found.status in _CONCLUDED
    tally.rate("agreements overclaimed", over)
    if over:
        words = f"{found.status} instead of {gold.status}: {agreement_words(found)}"
        tally.tell("wrong", "agreement overclaimed", words)


def _agreement_fields(tally: Tally, gold: GoldAgreement, found: Agreement | None) -> None:
    statuses = gold.accepted("status")
    tally.confusion["agreements", gold.status, found.status if found else "missing"] += 1
    codes = {party.code for party in found.parties if party.code} if found else set()
    rights = [joined(right) for right in gold.accepted_parties()]
    right = found is not None and matching.parties_right(gold, found)
    tally.answer("agreement parties", rights, correct=right)
    if found is not None and not right:
        words = f"{joined(codes)} instead of {options(rights)}: {agreement_words(found)}"
        tally.tell("wrong", "agreement parties", words)
    # A planned signing is "agreed" to the library.
    if "planned" in statuses:
        statuses |= {"agreed"}
    fields = [("date", edtf(found.date if found else None), gold.accepted("date"))]
    if statuses & _AGREEMENT_STATUSES:
        fields.append(("status", found.status if found else None, statuses))
    for name, value, accepted in fields:
        correct = found is not None and value in accepted
        tally.answer(f"agreement {name}", accepted, correct=correct)
        if found is not None and not correct:
            words = f"{value} instead of {options(accepted)}: {agreement_words(found)}"
            tally.tell("wrong", f"agreement {name}", words)
    if found is not None:
        score_precision(tally, found.date, gold.accepted("date"))


def _title_spans(gold: GoldAgreement, text: str) -> list[tuple[int, int]]:
    """Where the title stands; failing that, where its words do."""
    parts = re.findall(r"\w+", gold.title)
    if not parts:
        return []
    pattern = r"\W{1,3}".join(re.escape(part) for part in parts)
    whole = [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]
    return whole or mentions(gold.title, text, shortest=4)
