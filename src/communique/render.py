"""A summary as plain text, for reading at a terminal, in a pipe or in a mail.

This is the last station, and a pure one: records and the article's text go in, a string comes
out. No colour and no box-drawing, so that the result can be grepped and pasted. Every line goes
through `visible`, because an article may hold control sequences that would act on a terminal.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from communique.schemas import (
    Act,
    Agreement,
    DateValue,
    Engagement,
    Evidence,
    LeftOut,
    Participant,
    Party,
    PassageReport,
    Report,
    Source,
    Statement,
    Summary,
)

__all__ = ["text", "visible"]

_LABEL = 14  # columns of the labels inside a block
_INDENT = 4
_GAP = 2
_MINIMUM = 50  # below this the columns beside the labels are too narrow for a name
_CELL = 5  # no column of a table is made narrower than this
_JOINERS = "\u00ad\u200c\u200d"  # soft hyphen and joiners: invisible, harmless and meant
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_ORDINARY = re.compile(r"[ -~\n]*\Z")


def text(summary: Summary, article_text: str, *, width: int = 100) -> str:
    """Render a summary as lines of at most `width` columns, 50 at least.

    `article_text` is the text as it was given; line numbers are counted in it from 1. The result
    ends with a line feed and holds no control character but line feeds.
    """
    page = _Page(max(width, _MINIMUM), article_text)
    page.source(summary.source)
    page.paragraph(summary.abstract or "(no abstract)")
    page.heading("Engagements", len(summary.engagements))
    for engagement in summary.engagements:
        page.engagement(engagement)
    page.heading("Agreements", len(summary.agreements))
    for agreement in summary.agreements:
        page.agreement(agreement)
    page.not_read(summary.report.passages)
    page.left_out(summary.report.left_out)
    page.report(summary.report)
    return visible("\n".join(page.lines).strip("\n")) + "\n"


def visible(words: str) -> str:
    r"""Replace control, bidirectional-override and surrogate characters by escapes (`\x1b`).

    They are those of the Unicode categories Cc, Cf, Cs, Zl and Zp, except the line feed, the soft
    hyphen and the joiners.
    """
    if _ORDINARY.match(words):
        return words
    return "".join(map(_visible, words))


def _visible(char: str) -> str:
    if char == "\n" or char in _JOINERS or unicodedata.category(char) not in _HIDDEN:
        return char
    return char.encode("unicode_escape").decode("ascii")


@dataclass(slots=True)
class _Page:
    """The lines so far, and where the article's lines begin."""

    width: int
    article: str
    lines: list[str] = field(default_factory=list)
    starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.starts = [0, *(m.end() for m in re.finditer("\n", self.article))]

    # The blocks of the page.

    def source(self, source: Source) -> None:
        """Say what was read and when it was published."""
        rows = {
            "title": source.title,
            "source": source.url or source.id,
            "published": source.published.isoformat() if source.published else "not known",
            "language": source.language,
            "articles": str(len(source.items)) if len(source.items) > 1 else None,
            "sha256": source.sha256,
        }
        for label, value in rows.items():
            if value:
                self.field(label, [value], indent=0)

    def paragraph(self, words: str) -> None:
        """Add a paragraph with an empty line before it."""
        self.lines += ["", *_wrap(words, self.width)]

    def heading(self, title: str, count: int) -> None:
        """Add a heading such as `ENGAGEMENTS (4)`, or `(none)`."""
        self.lines += ["", f"{title.upper()} ({count or 'none'})"]

    def engagement(self, engagement: Engagement) -> None:
        """Add one engagement as a block."""
        self.title(
            engagement.id,
            engagement.type,
            engagement.status,
            engagement.laterality,
            engagement.salience,
        )
        self.field("name", [engagement.name])
        self.field("date", [_date(engagement.date) or "not stated"])
        self.field("new date", [_date(engagement.new_date)])
        self.field("place", [_place(engagement)])
        self.table("participants", map(_participant, engagement.participants))
        if engagement.part_of:
            ref = engagement.part_of
            self.field("part of", [f"{ref.id} ({_spaced(ref.relation)})"])
        for statement in engagement.outcomes:
            self.field("outcome", self.said(statement))
        self.field("evidence", map(self.quoted, engagement.evidence))

    def agreement(self, agreement: Agreement) -> None:
        """Add one agreement as a block."""
        self.title(agreement.id, agreement.type, agreement.status)
        acronym = f" ({agreement.acronym})" if agreement.acronym else ""
        self.field("title", [agreement.title + acronym])
        self.field("date", [_date(agreement.date) or "not stated"])
        self.field("parties", [_parties(agreement.parties)])
        self.field("engagement", [agreement.engagement])
        for act in agreement.acts:
            self.field("act", [_act(act), *self.where(act.evidence)])
        self.field("evidence", map(self.quoted, agreement.evidence))

    def not_read(self, passages: Iterable[PassageReport]) -> None:
        """List the passages that failed: words that no record can rest on."""
        failed = [p for p in passages if p.fate == "failed"]
        if not failed:
            return
        self.heading("Not read", len(failed))
        for passage in failed:
            first, last = self.line(passage.span.start), self.line(max(passage.span.end - 1, 0))
            lines = f"line {first}" if first == last else f"lines {first}-{last}"
            self.item(f"passage {passage.index}, {lines}: {passage.error}")

    def left_out(self, things: Sequence[LeftOut]) -> None:
        """List what the model gave and the records do not hold, with the reason."""
        if not things:
            return
        self.heading("Left out", len(things))
        for thing in things:
            passage = "" if thing.passage is None else f" (passage {thing.passage})"
            self.item(f'{thing.what} "{_flat(thing.words)}": {thing.reason}{passage}')

    def report(self, report: Report) -> None:
        """Close with the notes and a line of figures."""
        if report.notes:
            self.heading("Notes", len(report.notes))
            for note in report.notes:
                self.item(note)
        self.paragraph(" · ".join(_figures(report)))

    # What the blocks are made of.

    def title(self, name: str, *facts: str) -> None:
        """Open a block with the record's id and its choices."""
        self.lines += ["", f"{name}  {', '.join(map(_spaced, facts))}"]

    def item(self, words: str) -> None:
        """Add one item of a list."""
        first, *rest = _wrap(words, self.width - 4)
        self.lines += [f"  - {first}", *(f"    {line}" for line in rest)]

    def field(self, label: str, values: Iterable[str | None], *, indent: int = _INDENT) -> None:
        """Add a labelled field, one line or more for each value; nothing where there is none."""
        margin = " " * (indent + _LABEL)
        room = self.width - len(margin)
        lines = [line for value in values if value for line in _wrap(value, room)]
        if lines:
            head = " " * indent + label.ljust(_LABEL)
            self.lines += [head + lines[0], *(margin + line for line in lines[1:])]

    def table(self, label: str, rows: Iterable[Sequence[str]]) -> None:
        """Add a labelled table without rules, its columns as wide as their longest cell."""
        cells = [[visible(_flat(cell)) for cell in row] for row in rows]
        if not cells:
            return
        room = self.width - _INDENT - _LABEL
        widths = _fit([max(map(_columns, column)) for column in zip(*cells, strict=True)], room)
        margin = " " * (_INDENT + _LABEL)
        lines = [margin + line for row in cells for line in _row(row, widths)]
        self.lines += [" " * _INDENT + label.ljust(_LABEL) + lines[0].lstrip(" "), *lines[1:]]

    # Where the words stand.

    def line(self, offset: int) -> int:
        """Give the line of the article that holds the code point at `offset`, from 1."""
        return bisect_right(self.starts, offset)

    def quoted(self, evidence: Evidence) -> str:
        """Quote the words in their context: `line 3: … met «his counterpart» on the …`."""
        before, after = _flat(evidence.prefix), _flat(evidence.suffix)
        if evidence.start > len(evidence.prefix):
            before = "… " + _after_space(before)
        if evidence.end + len(evidence.suffix) < len(self.article):
            after = _before_space(after) + " …"
        before += " " if evidence.prefix[-1:].isspace() else ""
        after = (" " if evidence.suffix[:1].isspace() else "") + after
        words = f"{before}«{_flat(evidence.exact)}»{after}"
        return f"line {self.line(evidence.start)}: {words}"

    def said(self, statement: Statement) -> list[str]:
        """Give a statement; where its evidence is its own words, the line number is enough."""
        told = _statement(statement)
        own = [e for e in statement.evidence if e.exact == statement.text]
        if own:
            told += f" (line {self.line(own[0].start)})"
        return [told, *self.where(e for e in statement.evidence if e not in own)]

    def where(self, evidence: Iterable[Evidence]) -> list[str]:
        """Quote the evidence of a statement or an act, set off by two spaces."""
        return [f"  {self.quoted(one)}" for one in evidence]


def _flat(words: str) -> str:
    return " ".join(words.split())


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _after_space(words: str) -> str:
    """Drop the word that the context begins in the middle of."""
    head, found, tail = words.partition(" ")
    return tail if found else head


def _before_space(words: str) -> str:
    head, found, tail = words.rpartition(" ")
    return head if found else tail


def _date(date: DateValue | None) -> str | None:
    if date is None:
        return None
    modifier = f"{date.modifier} " if date.modifier else ""
    return f'{modifier}{date.edtf or "?"} "{_flat(date.text)}" ({_spaced(date.basis)})'


def _place(engagement: Engagement) -> str | None:
    place = engagement.place
    if place is None:
        return None
    return f"{place.name}, {place.country}" if place.country else place.name


def _party(party: Party) -> str:
    return party.code or f'"{_flat(party.as_written)}"'


def _parties(parties: Iterable[Party]) -> str:
    return ", ".join(map(_party, parties))


def _participant(one: Participant) -> tuple[str, str, str, str]:
    party = _party(one.party) if one.party else "-"
    return one.name or "(not named)", one.office or "-", party, one.role


def _statement(one: Statement) -> str:
    by = f" by {_parties(one.by)}" if one.by else ""
    to = f" to {_parties(one.to)}" if one.to else ""
    return f"{one.kind}{by}{to}: {_flat(one.text)}"


def _act(act: Act) -> str:
    realis = "" if act.realis == "done" else f" ({act.realis})"
    by = f" by {_parties(act.by)}" if act.by else ""
    date = _date(act.date)
    return f"{_spaced(act.kind)}{realis}{by}{', ' + date if date else ''}"


def _figures(report: Report) -> list[str]:
    fates = [p.fate for p in report.passages]
    skipped = fates.count("skipped")
    cached = sum(a.cached for a in report.attempts)
    costs = [a.cost for a in report.attempts if a.cost is not None and not a.cached]
    figures = [
        f"model {report.model or 'not known'}",
        f"prompt {report.prompt}" if report.prompt else "",
        f"{fates.count('read')} of {len(fates) - fates.count('split')} passages read"
        + (f", {skipped} tell of nothing" if skipped else ""),
        f"{len(report.attempts)} requests" + (f" ({cached} from the store)" if cached else ""),
        f"{report.prompt_tokens} + {report.completion_tokens} tokens",
        "nothing to pay" if report.cached else f"${sum(costs):.4f}" if costs else "",
        f"{report.seconds:.1f} s" if report.seconds is not None else "",
    ]
    return [figure for figure in figures if figure]


def _columns(words: str) -> int:
    """Count the columns that words take: two for wide characters, none for combining ones."""
    if words.isascii():
        return len(words)
    return sum(map(_column, words))


def _column(char: str) -> int:
    if unicodedata.combining(char) or char in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _wrap(words: str, width: int) -> list[str]:
    """Break words into lines of at most `width` columns, keeping an indent of two spaces."""
    indent = "  " if words.startswith("  ") else ""
    room = width - len(indent)
    lines: list[str] = []
    line, used = "", 0
    for word in visible(_flat(words)).split(" "):
        for piece in _pieces(word, room):
            size = _columns(piece)
            if line and used + 1 + size > room:
                lines.append(indent + line)
                line, used = "", 0
            line, used = (f"{line} {piece}", used + 1 + size) if line else (piece, size)
    return [*lines, indent + line]


def _pieces(word: str, width: int) -> list[str]:
    """Cut a word that is wider than a line, as an address or unspaced Chinese may be."""
    if _columns(word) <= width:
        return [word]
    pieces, used = [""], 0
    for char in word:
        size = _column(char)
        if used + size > width:
            pieces.append("")
            used = 0
        pieces[-1] += char
        used += size
    return pieces


def _fit(widths: list[int], room: int) -> list[int]:
    """Narrow the widest columns until the row fits."""
    widths = list(widths)
    while sum(widths) + _GAP * (len(widths) - 1) > room and max(widths) > _CELL:
        widths[widths.index(max(widths))] -= 1
    return widths


def _row(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    wrapped = [_wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for index in range(max(map(len, wrapped))):
        parts = [column[index] if index < len(column) else "" for column in wrapped]
        padded = [p + " " * (w - _columns(p) + _GAP) for p, w in zip(parts, widths, strict=True)]
        lines.append("".join(padded).rstrip(" "))
    return lines
