"""Gold and predicted records in a line of words, for a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from communique.evaluate.tally import edtf

if TYPE_CHECKING:
    from collections.abc import Iterable

    from communique.evaluate.gold import GoldAgreement, GoldEngagement, GoldParticipant
    from communique.schemas import Agreement, Engagement, Participant

_LONG = 160


def options(values: Iterable[str | None]) -> str:
    """Join the right values of a field."""
    return " or ".join(sorted(str(value) for value in values))


def joined(codes: Iterable[str]) -> str:
    """Join codes of parties, in their order."""
    return "–".join(sorted(codes)) or "no party"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONG else line[: _LONG - 1] + "…"


def quoted(sentence: str) -> str:
    """Put a sentence behind the words of a record; nothing where there is none."""
    return f"; “{_short(sentence)}”" if sentence else ""


def gold_person_words(person: GoldParticipant) -> str:
    """Put a gold participant in words."""
    return f"{person.name or person.role or 'unnamed'} ({person.country or 'no party'})"


def person_words(person: Participant) -> str:
    """Put a predicted participant in words."""
    party = person.party.code or person.party.as_written if person.party else "no party"
    name = ", ".join(part for part in (person.name, person.office) if part)
    return f"{name or 'unnamed'} ({party})"


def gold_engagement_words(gold: GoldEngagement) -> str:
    """Put a gold engagement in words."""
    people = "; ".join(gold_person_words(g) for g in gold.participants if not g.optional)
    where = gold.location or gold.country or "no place"
    return f"{gold.type}, {gold.status}: {people}; {gold.date or 'no date'}; {where}"


def engagement_words(found: Engagement) -> str:
    """Put a predicted engagement in words, with the words it rests on."""
    people = "; ".join(person_words(p) for p in found.participants) or "nobody"
    where = found.place.name if found.place else "no place"
    quote = _short(found.evidence[0].exact)
    date = edtf(found.date) or "no date"
    return f"{found.type}, {found.status}: {people}; {date}; {where}; “{quote}”"


def gold_agreement_words(gold: GoldAgreement) -> str:
    """Put a gold agreement in words."""
    return f"{gold.title}, {gold.status}: {joined(gold.parties)}; {gold.date or 'no date'}"


def agreement_words(found: Agreement) -> str:
    """Put a predicted agreement in words, with the words it rests on."""
    codes = joined(party.code for party in found.parties if party.code)
    date = edtf(found.date) or "no date"
    quote = _short(found.evidence[0].exact)
    return f"{found.title}, {found.status}: {codes}; {date}; “{quote}”"
