"""Evidence as W3C Web Annotations, for tools that show records on the text they come from.

Each piece of a summary that rests on words of the article (an engagement, a participant, a date,
a place, a statement, an agreement, an act) becomes one annotation: its targets are the pieces of
evidence, each with a TextQuoteSelector and a TextPositionSelector for the same words; its body
tells what they are evidence of. Positions are Unicode code points of the text as it was given,
as the recommendation wants them.

Source: R. Sanderson, P. Ciccarese, B. Young (eds.), "Web Annotation Data Model", W3C
Recommendation, 23 February 2017, sections 3.1 (annotations), 4.2.4 and 4.2.5 (selectors), 5.2
(pages). A text without an address is named by its digest: RFC 6920, "Naming Things with Hashes".
"""

from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from communique.schemas import (
        Agreement,
        DateValue,
        Engagement,
        Evidence,
        Party,
        Source,
        Summary,
    )

__all__ = ["annotation_page"]

_CONTEXT = "http://www.w3.org/ns/anno.jsonld"


class _Told(NamedTuple):
    """A piece of a summary: its place in it, what it is, a line about it, its evidence."""

    path: str
    tags: tuple[str, ...]
    line: str
    evidence: Sequence[Evidence]


def annotation_page(summary: Summary, *, source: str | None = None) -> dict[str, Any]:
    """All evidence of a summary as one AnnotationPage, ready for `json.dumps`.

    `source` is the IRI of the text; None takes `summary.source.url`, else a name made of the
    text's SHA-256 (`ni:///sha-256;…`). Positions count in the text as it was read, which at an
    address may stand among other things: there the quotes find it. Identifiers follow from the
    source, the text and the piece's place in the summary: the same summary gives the same page.
    """
    target = source or summary.source.url or _name(summary.source)
    digest = summary.source.sha256
    items = [_annotation(told, target, digest) for told in _pieces(summary) if told.evidence]
    return {
        "@context": _CONTEXT,
        "id": _identifier(target, digest, ""),
        "type": "AnnotationPage",
        "startIndex": 0,
        "items": items,
    }


def _pieces(summary: Summary) -> Iterator[_Told]:
    for engagement in summary.engagements:
        yield from _of_engagement(engagement)
    for agreement in summary.agreements:
        yield from _of_agreement(agreement)


def _of_engagement(e: Engagement) -> Iterator[_Told]:
    line = " ".join(filter(None, (e.laterality, e.type, e.status, e.name)))
    yield _Told(e.id, ("engagement", e.type, e.status), line, e.evidence)
    for i, p in enumerate(e.participants):
        line = ", ".join(filter(None, (p.name, p.office, _code(p.party), p.role)))
        yield _Told(f"{e.id}/participants/{i}", ("participant", p.role), line, p.evidence)
    yield from _dated(f"{e.id}/date", e.date)
    yield from _dated(f"{e.id}/new_date", e.new_date)
    if e.place:
        line = ", ".join(filter(None, (e.place.name, e.place.country)))
        yield _Told(f"{e.id}/place", ("place",), line, [e.place.evidence])
    for i, s in enumerate(e.outcomes):
        yield _Told(f"{e.id}/outcomes/{i}", ("statement", s.kind), s.text, s.evidence)


def _of_agreement(a: Agreement) -> Iterator[_Told]:
    line = f"{a.title}: {a.type}, {a.status}"
    yield _Told(a.id, ("agreement", a.type, a.status), line, a.evidence)
    for i, act in enumerate(a.acts):
        line = f"{a.title}: {act.kind}, {act.realis}"
        yield _Told(f"{a.id}/acts/{i}", ("act", act.kind, act.realis), line, act.evidence)
        yield from _dated(f"{a.id}/acts/{i}/date", act.date)


def _dated(path: str, value: DateValue | None) -> Iterator[_Told]:
    if value and value.evidence:
        yield _Told(path, ("date",), value.edtf or value.text, [value.evidence])


def _code(party: Party | None) -> str:
    return (party.code or party.as_written) if party else ""


def _annotation(told: _Told, source: str, digest: str) -> dict[str, Any]:
    body = [
        {"type": "TextualBody", "purpose": "describing", "format": "text/plain", "value": told.line}
    ]
    body += [{"type": "TextualBody", "purpose": "tagging", "value": tag} for tag in told.tags]
    return {
        "id": _identifier(source, digest, told.path),
        "type": "Annotation",
        "motivation": "describing",
        "body": body,
        "target": [_target(evidence, source) for evidence in told.evidence],
    }


def _target(evidence: Evidence, source: str) -> dict[str, Any]:
    quote = {
        "type": "TextQuoteSelector",
        "exact": evidence.exact,
        "prefix": evidence.prefix,
        "suffix": evidence.suffix,
    }
    position = {"type": "TextPositionSelector", "start": evidence.start, "end": evidence.end}
    return {"type": "SpecificResource", "source": source, "selector": [quote, position]}


def _name(source: Source) -> str:
    digest = base64.urlsafe_b64encode(bytes.fromhex(source.sha256)).decode("ascii")
    return f"ni:///sha-256;{digest.rstrip('=')}"


def _identifier(source: str, digest: str, path: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{source}#{digest}/{path}").urn
