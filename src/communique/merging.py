"""From tellings to records: one engagement per meeting, one agreement per instrument.

The same meeting told in two passages, or in two items, is one engagement with both pieces of
evidence. Two tellings are one when they are of one kind, their people do not contradict, and
their dates and tenses do not either; a telling with a proper name is one with another of that
name. An agreement's status comes from its acts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from communique import reading
from communique.grounding import fold
from communique.resolving import EVENTS, FUTURE, TALKS
from communique.schemas import (
    Act,
    Agreement,
    Engagement,
    EngagementRef,
    Evidence,
    LeftOut,
    Participant,
    Statement,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from communique.resolving import Attendee, Instrument, Told
    from communique.scene import Scene
    from communique.schemas import (
        AgreementStatus,
        DateValue,
        EngagementStatus,
        EngagementType,
        Laterality,
        Party,
        Place,
        Role,
        Salience,
    )

_STATUS: dict[str, AgreementStatus] = {
    "requested": "proposed",
    "negotiating": "under_negotiation",
    "agreed": "agreed",
    "initialled": "agreed",
    "signed": "signed",
    "exchanged": "signed",
    "ratified": "ratified",
    "entered_into_force": "in_force",
    "amended": "in_force",
    "implementing": "in_force",
    "extended": "extended",
    "suspended": "suspended",
    "terminated": "terminated",
    "expired": "expired",
}
_ORDER = [kind for kind in _STATUS if kind != "implementing"]
_ORDINAL = re.compile(r"\b\d+(?:st|nd|rd|th)?\b")
_MOST_OUTCOMES = 12
_OF_TWO = frozenset({"dialogue", "negotiation", "exercise"})


@dataclass(eq=False)
class Meeting:
    """An engagement in the making: what its tellings say together."""

    tellings: list[Told]
    attendees: list[Attendee] = field(default_factory=list)

    def __post_init__(self) -> None:
        for telling in self.tellings:
            self._admit(telling.attendees)

    @property
    def first(self) -> Told:
        """The telling that says most of what it is: focal before background."""
        return min(self.tellings, key=lambda t: (t.salience != "focal", t.evidence.start))

    @property
    def start(self) -> int:
        """Where it is first told."""
        return min(t.evidence.start for t in self.tellings)

    @property
    def type(self) -> EngagementType:
        """The most particular type told: "summit" over "meeting"."""
        named = [t.type for t in self.tellings if t.event is not None]
        return named[0] if named else self.first.type

    @property
    def status(self) -> EngagementStatus:
        """As the focal telling has it."""
        return self.first.status

    @property
    def date(self) -> DateValue | None:
        """The finest date told."""
        told = [t.date for t in self.tellings if t.date is not None]
        sure = [d for d in told if d.edtf is not None]
        return min(sure or told, key=_width, default=None)

    @property
    def event(self) -> Evidence | None:
        """The longest proper name told."""
        return max(
            (t.event for t in self.tellings if t.event), key=lambda e: len(e.exact), default=None
        )

    @property
    def place(self) -> Place | None:
        """The first place told; one with a country before one without."""
        told = [t.place for t in self.tellings if t.place is not None]
        return min(told, key=lambda p: p.country is None, default=None)

    @property
    def salience(self) -> Salience:
        """Focal when any telling is."""
        return self.first.salience

    def same(self, told: Told) -> bool:
        """Whether a telling is of this engagement."""
        if not _one_kind(self.type, told.type) or not _one_tense(self.status, told.status):
            return False
        if not _one_date(self.date, told.date):
            return False
        if self.event is not None and told.event is not None:
            return same_event(self.event.exact, told.event.exact)
        if (self.event is None) != (told.event is None) and EVENTS & {self.type, told.type}:
            return False
        return _one_company(self.attendees, told.attendees)

    def absorb(self, told: Told) -> None:
        """Take one more telling."""
        self.tellings.append(told)
        self._admit(told.attendees)

    def _admit(self, attendees: Iterable[Attendee]) -> None:
        for one in attendees:
            self._admit_one(one)

    def _admit_one(self, one: Attendee) -> None:
        for i, other in enumerate(self.attendees):
            if one.person is not None and one.person is other.person:
                return
            if one.code is None or one.code != other.code:
                continue
            if one.person is None:
                return
            if other.person is None:
                self.attendees[i] = one
                return
        self.attendees.append(one)


def _width(date: DateValue) -> int:
    return (date.end - date.start).days if date.start and date.end else 10**6


def _one_kind(a: EngagementType, b: EngagementType) -> bool:
    return a == b or {a, b} <= TALKS


def _one_tense(a: EngagementStatus, b: EngagementStatus) -> bool:
    return a == b or (a in FUTURE) == (b in FUTURE)


def _one_date(a: DateValue | None, b: DateValue | None) -> bool:
    """Whether two dates may be of one thing: one lies within the other, or one is not told."""
    if a is None or b is None or not (a.start and a.end and b.start and b.end):
        return True
    return a.start <= b.end and b.start <= a.end


def same_event(a: str, b: str) -> bool:
    """Whether two names are of one event: the words of one among the other's, ordinals aside."""
    first, second = _event_words(a), _event_words(b)
    return bool(first and second) and (first <= second or second <= first)


def _event_words(name: str) -> set[str]:
    folded = re.sub(r"[^\w ]+", " ", fold(_ORDINAL.sub(" ", name)))
    return {w for w in folded.split() if w not in {"the", "of", "s", "and"}}


def _one_company(ours: Sequence[Attendee], theirs: Sequence[Attendee]) -> bool:
    """Whether two lists may be of one engagement: two in common, and no rival of one side."""
    if not ours or not theirs:
        return False
    common = sum(any(_fits(a, b) for b in theirs) for a in ours)
    needed = min(2, len(ours), len(theirs))
    if common < needed or (common == 1 and max(len(ours), len(theirs)) > 1):
        return False
    codes = {a.code for a in ours} - {None}, {b.code for b in theirs} - {None}
    return codes[0] <= codes[1] or codes[1] <= codes[0]


def _fits(a: Attendee, b: Attendee) -> bool:
    if a.person is not None and b.person is not None:
        return a.person is b.person
    return a.code is not None and a.code == b.code


# --- engagements ------------------------------------------------------------------------------


def meetings(told: Sequence[Told]) -> tuple[list[Meeting], list[LeftOut]]:
    """Merge tellings into engagements, in the order of their first evidence.

    A telling of nobody and of no name is no record; it is left out with the reason.
    """
    made: list[Meeting] = []
    left: list[LeftOut] = []
    # Those that say most come first, so that a vague telling joins a full one.
    for one in sorted(told, key=_fullness):
        if not _enough(one):
            left.append(_unfit(one))
            continue
        home = next((m for m in made if m.same(one)), None)
        if home is None:
            made.append(Meeting([one]))
        else:
            home.absorb(one)
    made.sort(key=lambda m: m.start)
    return made, left


def complete(made: Sequence[Meeting], scene: Scene) -> None:
    """Give a dialogue of which nobody is named the sides of the engagement that spoke of it."""
    for meeting in made:
        if meeting.attendees or meeting.type not in _OF_TWO:
            continue
        others = [m for m in made if m is not meeting]
        told = min(meeting.tellings, key=lambda t: t.sentence)
        company = _told_at(told, others, scene)
        if company is not None and len({a.code for a in company.attendees}) == 2:  # noqa: PLR2004
            meeting.attendees = [
                replace(a, person=None, office=None) for a in company.attendees if a.party
            ]


def _fullness(told: Told) -> tuple[bool, bool, int, int]:
    named = sum(a.person is not None for a in told.attendees)
    return (told.salience != "focal", told.event is None, -named, told.evidence.start)


def _enough(told: Told) -> bool:
    """Two sides make a meeting; a visit or a named event needs somebody or a name."""
    if told.event is not None:
        return True
    if told.type in {"visit", "ceremony", "exercise", "other"}:
        return bool(told.attendees)
    return len(told.attendees) > 1


def _unfit(told: Told) -> LeftOut:
    reason = "nobody is named that took part" if not told.attendees else "only one side is named"
    return LeftOut(what="engagement", words=told.evidence.exact, reason=reason)


def with_events(told: Sequence[Told], scene: Scene) -> list[Told]:
    """The tellings, and one more for each event that is named only as the place beside it."""
    more = list(told)
    for one in told:
        if one.sidelines is None:
            continue
        known = any(
            t.event is not None and same_event(t.event.exact, one.sidelines.exact) for t in more
        )
        if not known:
            more.append(_setting(one, one.sidelines, scene))
    return more


def _setting(told: Told, sidelines: Evidence, scene: Scene) -> Told:
    start = scene.sentences[told.sentence].start
    kind: EngagementType = "conference"
    for left, right, found in reading.event_names(scene.words(told.sentence)):
        if left < sidelines.end - start and sidelines.start - start < right:
            kind = found
    return replace(
        told,
        type=kind,
        evidence=sidelines,
        event=sidelines,
        attendees=(),
        salience="background",
        sidelines=None,
        date=None,
    )


def engagements(made: Sequence[Meeting], scene: Scene) -> list[Engagement]:
    """Write the records, with their links and outcomes."""
    ids = {id(m): f"e{i}" for i, m in enumerate(made, 1)}
    return [_engagement(m, made, ids, scene) for m in made]


def _engagement(
    meeting: Meeting, made: Sequence[Meeting], ids: dict[int, str], scene: Scene
) -> Engagement:
    participants = [_participant(a, meeting) for a in meeting.attendees]
    event = meeting.event
    return Engagement(
        id=ids[id(meeting)],
        type=meeting.type,
        status=meeting.status,
        laterality=_laterality(meeting),
        name=event.exact if event else None,
        participants=participants,
        date=meeting.date,
        place=meeting.place,
        outcomes=_outcomes(meeting, made, scene) if meeting.salience == "focal" else [],
        part_of=_part_of(meeting, made, ids),
        salience=meeting.salience,
        evidence=_united(t.evidence for t in meeting.tellings),
    )


def _united(evidence: Iterable[Evidence]) -> list[Evidence]:
    by_span = {(e.start, e.end): e for e in evidence}
    return [by_span[span] for span in sorted(by_span)]


def _participant(one: Attendee, meeting: Meeting) -> Participant:
    evidence = [one.evidence]
    for telling in meeting.tellings:
        for other in telling.attendees:
            if _fits(one, other):
                evidence.append(other.evidence)
    role: Role = "visitor" if meeting.type == "visit" and one is meeting.attendees[0] else (
        "principal"
    )
    name = one.person.name if one.person else None
    return Participant(
        name=name, office=one.office, party=one.party, role=role, evidence=_united(evidence)
    )


def _laterality(meeting: Meeting) -> Laterality:
    """Bilateral: exactly two parties, both states, and no summit or conference."""
    parties = {a.code or id(a): a.party for a in meeting.attendees}
    if len(parties) == 1 and meeting.type not in EVENTS:
        return "unilateral"
    states = all(p is not None and p.kind == "state" for p in parties.values())
    if len(parties) == 2 and states and meeting.type not in EVENTS:  # noqa: PLR2004
        return "bilateral"
    return "multilateral"


def _part_of(
    meeting: Meeting, made: Sequence[Meeting], ids: dict[int, str]
) -> EngagementRef | None:
    """The event on whose sidelines a telling has it."""
    for telling in meeting.tellings:
        if telling.sidelines is None:
            continue
        for other in made:
            event = other.event
            if other is meeting or event is None:
                continue
            if same_event(event.exact, telling.sidelines.exact):
                return EngagementRef(id=ids[id(other)], relation="on_sidelines_of")
    return None


# --- outcomes ---------------------------------------------------------------------------------


def _outcomes(meeting: Meeting, made: Sequence[Meeting], scene: Scene) -> list[Statement]:
    """What was said there: the sentences from a telling up to where another engagement is told."""
    if not reading.supports(scene.language) or len(meeting.attendees) < 2:  # noqa: PLR2004
        return []
    others = {t.sentence for m in made if m is not meeting for t in m.tellings if m.attendees}
    found: dict[int, Statement] = {}
    for telling in meeting.tellings:
        if telling.salience != "focal" or telling.sentence in others:
            continue
        for sentence in range(telling.sentence, len(scene.sentences)):
            if sentence in others or scene.item(sentence) != scene.item(telling.sentence):
                break
            statement = _statement(sentence, meeting, scene)
            if statement is not None:
                found.setdefault(sentence, statement)
    return [found[s] for s in sorted(found)][:_MOST_OUTCOMES]


_JOINT = re.compile(r"^\W*(?:both|the two|they|the sides|the leaders|two)\b", re.IGNORECASE)


def _statement(sentence: int, meeting: Meeting, scene: Scene) -> Statement | None:
    words = scene.words(sentence)
    kind = reading.statements(words)
    if kind is None:
        return None
    parties = [a.party for a in meeting.attendees if a.party is not None]
    span = scene.sentences[sentence]
    if _JOINT.match(words):
        by, to = parties, []
    else:
        by = _speaker(sentence, meeting, scene)
        to = [p for p in parties if by and p.code not in {b.code for b in by}]
    evidence = scene.evidence(span.start, span.end)
    return Statement(kind=kind, by=by, to=to, text=evidence.exact, evidence=[evidence])


def _speaker(sentence: int, meeting: Meeting, scene: Scene) -> list[Party]:
    """The party of the attendee named first in the sentence, else of the one it is all about."""
    span = scene.sentences[sentence]
    named = [
        (m.start, a.party)
        for a in meeting.attendees
        if a.person is not None and a.party is not None
        for m in a.person.mentions
        if span.start <= m.start < span.end
    ]
    lead = scene.lead(scene.item(sentence))
    own = [a.party for a in meeting.attendees if a.person is lead and a.party is not None]
    if own:
        return own
    return [min(named, key=lambda n: n[0])[1]] if named else []


# --- agreements -------------------------------------------------------------------------------


def agreements(
    instruments: Sequence[Instrument],
    made: Sequence[Meeting],
    records: Sequence[Engagement],
    scene: Scene,
) -> list[Agreement]:
    """Merge instruments into agreements, in the order of their first evidence."""
    groups: list[list[Instrument]] = []
    for one in sorted(instruments, key=lambda i: i.evidence.start):
        home = next((g for g in groups if any(_same_instrument(one, o) for o in g)), None)
        if home is None:
            groups.append([one])
        else:
            home.append(one)
    return [_agreement(f"a{i}", g, made, records, scene) for i, g in enumerate(groups, 1)]


def _same_instrument(a: Instrument, b: Instrument) -> bool:
    """One acronym or one title; and no party that contradicts."""
    first, second = {p.code for p in a.parties}, {p.code for p in b.parties}
    if first and second and not (first <= second or second <= first):
        return False
    if a.acronym and b.acronym:
        return a.acronym == b.acronym
    names = {fold(a.title), fold(a.acronym or a.title)}
    return bool(names & {fold(b.title), fold(b.acronym or b.title)})


def _agreement(
    identity: str,
    group: Sequence[Instrument],
    made: Sequence[Meeting],
    records: Sequence[Engagement],
    scene: Scene,
) -> Agreement:
    longest = max(group, key=lambda i: len(i.title))
    acts = _acts(group)
    told_at = _told_at(group[0], made, scene)
    parties = max((list(i.parties) for i in group), key=len)
    if len(parties) < 2 and told_at is not None:  # noqa: PLR2004
        parties = _with_company(parties, told_at)
    status, date = status_of(acts)
    return Agreement(
        id=identity,
        title=longest.title,
        acronym=next((i.acronym for i in group if i.acronym), None),
        type=longest.type,
        parties=parties,
        acts=acts,
        status=status,
        date=date,
        engagement=_engagement_id(group, made, records),
        evidence=_united(i.evidence for i in group),
    )


def _acts(group: Iterable[Instrument]) -> list[Act]:
    by_span = {(a.evidence[0].start, a.kind): a for i in group for a in i.acts}
    return [by_span[key] for key in sorted(by_span)]


def _told_at(instrument: Instrument | Told, made: Sequence[Meeting], scene: Scene) -> Meeting | None:
    """The engagement in whose telling it stands: the last focal one of two sides before it."""
    before = [
        (t.evidence.start, m)
        for m in made
        if len({a.code for a in m.attendees} - {None}) > 1
        for t in m.tellings
        if t.sentence <= instrument.sentence
        and scene.item(t.sentence) == scene.item(instrument.sentence)
    ]
    return max(before, key=lambda b: b[0])[1] if before else None


def _with_company(parties: Sequence[Party], meeting: Meeting) -> list[Party]:
    """The parties, completed by those of a bilateral engagement."""
    company = {a.party.code: a.party for a in meeting.attendees if a.party and a.party.code}
    codes = {p.code for p in parties}
    if len(company) != 2 or not codes <= set(company):  # noqa: PLR2004
        return list(parties)
    return [*parties, *(p for code, p in company.items() if code not in codes)]


def _engagement_id(
    group: Iterable[Instrument], made: Sequence[Meeting], records: Sequence[Engagement]
) -> str | None:
    """The engagement told in the same sentence as the agreement."""
    sentences = {i.sentence for i in group}
    for meeting, record in zip(made, records, strict=True):
        if any(t.sentence in sentences for t in meeting.tellings):
            return record.id
    return None


def status_of(acts: Sequence[Act]) -> tuple[AgreementStatus, DateValue | None]:
    """Derive an agreement's status and date from its acts, by the rule of the records.

    The latest dated done act decides; among undated ones the furthest in the order of an
    agreement's life; `implementing` only when no other act is told. With none done, a planned
    signing is "agreed" and anything else "proposed".
    """
    done = [a for a in acts if a.realis == "done"]
    told = [a for a in done if a.kind != "implementing"] or done
    if not told:
        planned = [a for a in acts if a.realis == "planned" and a.kind in {"signed", "exchanged"}]
        return ("agreed", planned[0].date) if planned else ("proposed", None)
    dated = [a for a in told if a.date is not None and a.date.end is not None]
    if dated:
        decided = max(dated, key=lambda a: (_day(a), _rank(a)))
    else:
        decided = max(told, key=_rank)
    return _STATUS[decided.kind], decided.date


def _day(act: Act) -> str:
    return act.date.end.isoformat() if act.date and act.date.end else ""


def _rank(act: Act) -> int:
    return _ORDER.index(act.kind) if act.kind in _ORDER else -1
