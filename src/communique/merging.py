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

from communique import reading, tongues
from communique.grounding import fold
from communique.resolving import EVENTS, FUTURE, PRONOUN, TALKS, Attendee
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

    from communique.resolving import Instrument, Told
    from communique.scene import Person, Scene
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
_STAFF = re.compile(r"\b(?:officials|officers|staff|advisers|aides|representatives)\b")
"""Those who sit behind the principals, and are named for courtesy."""
_MET = re.compile(r"\b(?:Meetings?|Talks)$")
_GENERIC = re.compile(r"\b(?:agreement|deal|accord|pact)$")
_ORDINAL = re.compile(r"\b\d+(?:st|nd|rd|th)?\b")
_MOST_OUTCOMES = 12
_LASTING = frozenset({"visit", "summit", "conference", "exercise"})
_EVENT_DAYS = 10
_REACH = 3
"""For how many sentences an announcement ("had five calls today") speaks of what follows."""
_NEAR_START = 4
_FOLLOW_UP = 8
_FEW = 4
_OF_TWO = frozenset({"dialogue", "negotiation", "exercise"})


@dataclass(eq=False)
class Meeting:
    """An engagement in the making: what its tellings say together."""

    tellings: list[Told]
    attendees: list[Attendee] = field(default_factory=list)
    lent_date: DateValue | None = None
    lent_place: Place | None = None
    during: Meeting | None = None
    attested: list[Evidence] = field(default_factory=list)
    """Where another sentence says who took part."""

    def __post_init__(self) -> None:
        for telling in self.tellings:
            self._admit(telling.attendees)

    @property
    def first(self) -> Told:
        """The telling that says most of what it is: focal before background."""
        return min(
            self.tellings,
            key=lambda t: (t.salience != "focal", t.passing, t.vague, t.evidence.start),
        )

    @property
    def start(self) -> int:
        """Where it is first told."""
        return min(t.evidence.start for t in self.tellings)

    @property
    def type(self) -> EngagementType:
        """The most particular type told: "summit" over "meeting"."""
        named = [t.type for t in self.tellings if t.event is not None]
        kind = named[0] if named else self.first.type
        return "meeting" if kind == "conference" and self._is_of_two() else kind

    def _is_of_two(self) -> bool:
        """Whether two sides alone met, whatever it is called: "the foreign ministers' meeting"."""
        sides = [a.party for a in self.attendees if a.party is not None]
        states = {p.code for p in sides if p.kind == "state"}
        met = self.event is not None and _MET.search(self.event.exact) is not None
        return met and len(self.attendees) == len(states) == 2 == len(sides)

    @property
    def status(self) -> EngagementStatus:
        """As the focal telling has it."""
        return self.first.status

    @property
    def date(self) -> DateValue | None:
        """The finest date told; of what may last for days, the longest that is told expressly."""
        told = [t.date for t in self.tellings if t.date is not None]
        sure = [d for d in told if d.edtf is not None]
        if self.type in _LASTING:
            return min(sure or told, key=_loose, default=self.lent_date)
        return min(sure or told, key=_width, default=self.lent_date)

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
        return min(told, key=lambda p: p.country is None, default=self.lent_place)

    @property
    def salience(self) -> Salience:
        """Focal when any telling is."""
        return self.first.salience

    def same(self, told: Told) -> bool:  # noqa: PLR0911 - one return for each reason
        """Whether a telling is of this engagement."""
        passing = told.passing or all(t.passing for t in self.tellings)
        vague = told.vague or all(t.vague for t in self.tellings)
        met = {self.type, told.type} <= TALKS | {"call"}
        if not _one_kind(self.type, told.type) and not (vague and met):
            return False
        both = self.event is not None and told.event is not None
        under_way = both and {self.status, told.status} == {"planned", "ongoing"}
        again = told.again or all(t.again for t in self.tellings)
        if not (passing or under_way or again) and not _one_tense(self.status, told.status):
            return False
        if self.event is not None and told.event is not None:
            # An event lasts: its opening and its second day are of one.
            return _near(self.date, told.date) and self._same_event(told)
        if not _one_date(self.date, told.date) or self._apart(told):
            return False
        if (self.event is None) != (told.event is None) and self.type != told.type:
            return False
        if not _one_place(self.place, told.place):
            return False
        if self.type == "visit" and self.attendees and told.attendees:
            return _fits(self.attendees[0], told.attendees[0])
        if self.type == told.type == "exercise" and not (self.attendees and told.attendees):
            # "The exercise" and its name, a sentence or two apart.
            return abs(self.first.sentence - told.sentence) <= _REACH
        return _one_company(self.attendees, told.attendees)

    def covers(self, other: Meeting) -> bool:
        """Whether all of another's company is in this one, of one kind and tense."""
        alike = _one_kind(self.type, other.type) and _one_tense(self.status, other.status)
        alike = alike and _one_date(self.date, other.date)
        return alike and all(any(_fits(a, b) for a in self.attendees) for b in other.attendees)

    def _apart(self, told: Told) -> bool:
        """Whether one is told as apart from the other, of more or fewer sides."""
        ours = {a.code or a.person for a in self.attendees}
        theirs = {a.code or a.person for a in told.attendees}
        return (told.apart or any(t.apart for t in self.tellings)) and len(ours) != len(theirs)

    def _same_event(self, told: Told) -> bool:
        """By its name, or by the name of the place that it is held in."""
        theirs = told.event.exact if told.event else ""
        return any(
            same_event(one.event.exact, theirs)
            or same_event(_full_event(one), theirs)
            or same_event(one.event.exact, _full_event(told))
            for one in self.tellings
            if one.event is not None
        )

    def absorb(self, told: Told) -> None:
        """Take one more telling."""
        self.tellings.append(told)
        self._admit(told.attendees)

    def _admit(self, attendees: Iterable[Attendee]) -> None:
        for one in attendees:
            self.admit(one)

    def admit(self, one: Attendee) -> None:
        """Take one more attendee, unless there already; a name replaces its unnamed side."""
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


def _loose(date: DateValue) -> tuple[bool, int]:
    """Expressly dated before relative, then the longest."""
    return (date.basis == "relative", -_width(date))


def _one_kind(a: EngagementType, b: EngagementType) -> bool:
    return a == b or {a, b} <= TALKS


def _one_tense(a: EngagementStatus, b: EngagementStatus) -> bool:
    return a == b or (a in FUTURE) == (b in FUTURE)


def _one_date(a: DateValue | None, b: DateValue | None) -> bool:
    """Whether two dates may be of one thing: one lies within the other, or one is not told."""
    if a is None or b is None or not (a.start and a.end and b.start and b.end):
        return True
    return a.start <= b.end and b.start <= a.end


def _full_event(told: Told) -> str:
    """The event's name with its place, by which it may be called too."""
    place = f" {told.place.name}" if told.place else ""
    return (told.event.exact if told.event else "") + place


def _near(a: DateValue | None, b: DateValue | None) -> bool:
    """Whether two dates may fall within one event's days."""
    if a is None or b is None or not (a.start and a.end and b.start and b.end):
        return True
    return (max(a.start, b.start) - min(a.end, b.end)).days <= _EVENT_DAYS


def _one_place(a: Place | None, b: Place | None) -> bool:
    """Whether two places may be one: no two countries."""
    return a is None or b is None or None in (a.country, b.country) or a.country == b.country


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


def meetings(told: Sequence[Told], scene: Scene) -> tuple[list[Meeting], list[LeftOut]]:
    """Merge tellings into engagements, in the order of their first evidence.

    A telling of nobody and of no name is no record; it is left out with the reason.
    """
    made: list[Meeting] = []
    left: list[LeftOut] = []
    # Those that say most come first, so that a vague telling joins a full one.
    thin: list[Meeting] = []
    for one in sorted(told, key=_fullness):
        if not _enough(one):
            thin.append(Meeting([one]))
            continue
        home = next((m for m in made if m.same(one)), None)
        if home is None:
            made.append(Meeting([one]))
        else:
            home.absorb(one)
    for meeting in thin:
        # A list of those who were there may follow: "Participants in the call included …".
        _attended([meeting], scene, told)
        _followed_up(meeting, made, scene)
        if len(meeting.attendees) > 1 and not any(m.covers(meeting) for m in made):
            made.append(meeting)
        else:
            left.append(_unfit(meeting.first))
    made.sort(key=lambda m: m.start)
    for one in told:
        if not _enough(one):
            _announce(one, made)
    _attended(made, scene, told)
    for meeting in made:
        _spoke_for(meeting, scene)
    return made, left


def _followed_up(meeting: Meeting, made: Sequence[Meeting], scene: Scene) -> None:
    """Give talks that are to come, and of whom nobody is named, the sides that just met.

    "They agreed to continue at talks in Oslo in May": only where a time or a place is told.
    """
    one = meeting.first
    others = scene.text.startswith(" of ", one.evidence.end)  # "the meeting of the leaders"
    if one.status != "planned" or one.type not in TALKS or others:
        return
    span = scene.sentences[one.sentence]
    named = any(span.start <= a.evidence.start < span.end for a in meeting.attendees)
    alone = meeting.attendees and PRONOUN.search(scene.words(one.sentence))
    if (one.date is None and one.place is None) or named or alone:
        return  # "She will hold talks in Oslo" is of her, and of whom is not told
    met = [
        m
        for m in made
        if m.type in TALKS | {"call", "visit"}
        and m.first.salience == "focal"
        and 0 <= one.sentence - m.first.sentence <= _FOLLOW_UP
        and scene.item(m.first.sentence) == scene.item(one.sentence)
    ]
    if not met:
        return
    company = max(met, key=lambda m: m.first.sentence).attendees
    if not all(any(_fits(a, b) for b in company) for a in meeting.attendees):
        return
    sides = {a.code: a for a in company if a.party and a.party.kind != "non_state"}
    if 1 < len(sides) <= _FEW and len(sides) == len({a.code or a.person for a in company}):
        meeting.attendees = [replace(a, person=None, office=None) for a in sides.values()]


def _announce(told: Told, made: Iterable[Meeting]) -> None:
    """Lend the date and place of an announcement to what is told of right after it."""
    for meeting in made:
        first = meeting.first
        follows = 0 < first.sentence - told.sentence <= _REACH
        shared = not told.attendees or any(
            _fits(a, b) for a in told.attendees for b in meeting.attendees
        )
        if follows and shared and first.type == told.type and first.status == told.status:
            meeting.lent_date = meeting.lent_date or told.date
            meeting.lent_place = meeting.lent_place or told.place


def complete(made: Sequence[Meeting], scene: Scene) -> None:
    """Add what one engagement says of another: a visit's days, an event's place, the sides."""
    for meeting in made:
        _visited(meeting, made, scene)
    for meeting in made:
        event = _setting_of(meeting, made)
        if event is not None and event.place is not None:
            meeting.lent_place = meeting.lent_place or event.place
    _give_sides(made, scene)


def _visited(meeting: Meeting, made: Iterable[Meeting], scene: Scene) -> None:
    """Put a meeting told in the paragraph of a visit, by the visitor, within the visit."""
    first = meeting.first
    if meeting.type == "visit" or meeting.salience != "focal" or not meeting.attendees:
        return
    for visit in made:
        if visit.type != "visit" or not visit.attendees or visit.date is None:
            continue
        for telling in visit.tellings:
            told_before = telling.sentence <= first.sentence and scene.paragraph(
                telling.sentence
            ) == scene.paragraph(first.sentence)
            visitor = any(_is_visitor(visit.attendees[0], a) for a in meeting.attendees)
            if told_before and visitor and telling.status == first.status:
                meeting.during = visit
                meeting.lent_date = meeting.lent_date or telling.date
                meeting.lent_place = meeting.lent_place or telling.place


def _is_visitor(visitor: Attendee, other: Attendee) -> bool:
    """Whether somebody is a visitor; an admiral without a name is not the whole state."""
    unnamed = visitor.person is None and visitor.office is not None
    return _fits(visitor, other) and (not unnamed or other.office is not None)


def _attended(made: Sequence[Meeting], scene: Scene, told: Sequence[Told]) -> None:
    """Add those of whom a sentence behind a telling says that they took part or led a side."""
    if not reading.supports(scene.language):
        return
    sentences = {t.sentence for t in told}
    for meeting in made:
        first = meeting.first
        if meeting.type == "visit" or meeting.salience != "focal":
            continue
        for sentence in range(first.sentence + 1, len(scene.sentences)):
            if scene.item(sentence) != scene.item(first.sentence) or sentence in sentences:
                break
            words = scene.words(sentence)
            near = sentence - first.sentence <= _REACH
            loose = near and meeting.type != "call"
            says_so = reading.attendance(words) if loose else reading.attended(words)
            if says_so and not _STAFF.search(words):
                _admit_named(meeting, sentence, scene)
                meeting.attested += _attested(sentence, scene)


def _attested(sentence: int, scene: Scene) -> list[Evidence]:
    """The words of a sentence that say of somebody that they took part."""
    said = reading.attends(scene.words(sentence))
    start = scene.sentences[sentence].start
    return [scene.evidence(start + said[0], start + said[1])] if said else []


def _spoke_for(meeting: Meeting, scene: Scene) -> None:
    """Name the unnamed side of a meeting by its official who speaks in the next sentences."""
    if meeting.type not in TALKS or meeting.salience != "focal" or meeting.status != "held":
        return
    first = meeting.first.sentence
    unnamed = {a.code for a in meeting.attendees if a.person is None and a.code}
    for sentence in range(first + 1, min(first + 3, len(scene.sentences))):
        named = [m for m in scene.mentions_in(sentence) if m.name is not None][:1]
        same_item = scene.item(sentence) == scene.item(first)
        if not named or not same_item or scene.triggers(sentence):
            return  # who met somebody else speaks of that
        person = next((p for p in scene.people if named[0] in p.mentions), None)
        opens = named[0].start - scene.sentences[sentence].start <= _NEAR_START
        if opens and person is not None and person.office:
            party = named[0].party or scene.home(person)
            if party is not None and party.code in unnamed:
                evidence = scene.evidence(named[0].start, named[0].end)
                meeting.admit(Attendee(person, party, person.office, evidence))
            return


def _admit_named(meeting: Meeting, sentence: int, scene: Scene) -> None:
    """Take those whom a sentence names."""
    for mention in scene.mentions_in(sentence):
        person = next((p for p in scene.people if mention in p.mentions), None)
        if person is not None:
            party = mention.party or scene.home(person)
            evidence = scene.evidence(mention.start, mention.end)
            meeting.admit(Attendee(person, party, person.office, evidence))


def _give_sides(made: Iterable[Meeting], scene: Scene) -> None:
    """Give a dialogue of which nobody is named the sides of the engagement that spoke of it."""
    made = list(made)
    for meeting in made:
        if meeting.attendees or meeting.type not in _OF_TWO:
            continue
        others = [m for m in made if m is not meeting]
        told = min(meeting.tellings, key=lambda t: t.sentence)
        if meeting.type == "exercise" and _give_forces(meeting, told.sentence, scene):
            continue
        company = _told_at(told, others, scene)
        if company is not None and len({a.code for a in company.attendees}) == 2:
            meeting.attendees = [
                replace(a, person=None, office=None) for a in company.attendees if a.party
            ]


def _give_forces(meeting: Meeting, sentence: int, scene: Scene) -> bool:
    """Give an exercise of whom nobody is named the states of the sentences around it."""
    for near in (sentence + 1, sentence - 1, sentence + 2):
        if not 0 <= near < len(scene.sentences) or scene.item(near) != scene.item(sentence):
            continue
        span = scene.sentences[near]
        found = [
            Attendee(None, party, None, scene.evidence(start, end))
            for start, end, party in scene.parties_in(span.start, span.end)
            if party.kind == "state" and not scene.is_where(start)
        ]
        if len({a.code for a in found}) > 1:
            for one in found:
                meeting.admit(one)
            return True
    return False


def _fullness(told: Told) -> tuple[bool, bool, int, int]:
    named = sum(a.person is not None for a in told.attendees)
    return (told.salience != "focal", told.event is None, -named, told.evidence.start)


def _enough(told: Told) -> bool:
    """Two sides make a meeting; a visit or a named event needs somebody or a name."""
    if told.event is not None:
        # A dialogue of nobody, at no time and nowhere, is only spoken of.
        return told.type != "dialogue" or bool(told.attendees or told.date or told.place)
    if told.type in {"visit", "ceremony", "exercise", "other"}:
        return bool(told.attendees)
    return len(told.attendees) > 1


def _unfit(told: Told) -> LeftOut:
    reason = "nobody is named that took part" if not told.attendees else "only one side is named"
    return LeftOut(what="engagement", words=told.evidence.exact, reason=reason)


def with_events(told: Sequence[Told], scene: Scene) -> list[Told]:
    """The tellings, and one more for each event that is named only as the place beside it."""
    return [
        *told,
        *(
            _setting(t, t.sidelines, scene)
            for t in told
            # Words of another sentence are those of an event that is told there.
            if t.sidelines is not None and scene.sentence_at(t.sidelines.start) == t.sentence
        ),
    ]


def _setting(told: Told, sidelines: Evidence, scene: Scene) -> Told:
    start = scene.sentences[told.sentence].start
    kind = tongues.event_type(sidelines.exact, tongues.code_of(scene.language)) or "conference"
    for left, right, found in reading.event_names(scene.words(told.sentence)):
        if left < sidelines.end - start and sidelines.start - start < right:
            kind = found
    return replace(
        told,
        type=kind,
        evidence=sidelines,
        event=sidelines,
        attendees=tuple(
            Attendee(None, party, None, scene.evidence(start, end))
            for start, end, party in scene.parties_in(sidelines.start, sidelines.end)
        ),
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
    participants = [_participant(a, meeting, scene) for a in meeting.attendees]
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
        evidence=_united([*(t.evidence for t in meeting.tellings), *meeting.attested]),
    )


def _united(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Each piece once, in order; of pieces within one another, the shortest says enough."""
    kept: list[Evidence] = []
    for one in sorted(evidence, key=lambda e: e.end - e.start):
        if not any(one.start <= e.start and e.end <= one.end for e in kept):
            kept.append(one)
    return sorted(kept, key=lambda e: e.start)


def _participant(one: Attendee, meeting: Meeting, scene: Scene) -> Participant:
    evidence = [one.evidence]
    for telling in meeting.tellings:
        evidence += [other.evidence for other in telling.attendees if _fits(one, other)]
    if one.person is not None:
        evidence += _named_at(one.person, evidence, scene)
    visits = meeting.type == "visit" and one is meeting.attendees[0]
    role: Role = "visitor" if visits else "principal"
    name = one.person.name if one.person else None
    return Participant(
        name=name, office=one.office, party=one.party, role=role, evidence=_united(evidence)
    )


def _named_at(person: Person, evidence: Sequence[Evidence], scene: Scene) -> list[Evidence]:
    """Where somebody is named, if no evidence names them: who "he" or "the President" is."""
    named = [(m.start, m.end, m.name_start, m.name_end) for m in person.mentions]
    if not named or any(e.start < d and c < e.end for e in evidence for _, _, c, d in named):
        return []
    first = min(e.start for e in evidence)
    near = min(named, key=lambda m: (m[0] > first, abs(m[0] - first)))
    return [scene.evidence(near[0], near[1])]


def _laterality(meeting: Meeting) -> Laterality:
    """Bilateral: exactly two parties, both states, and no summit or conference."""
    parties = {a.code or id(a): a.party for a in meeting.attendees}
    if len(parties) == 1 and meeting.type not in EVENTS:
        return "unilateral"
    states = all(p is None or p.kind == "state" for p in parties.values())
    if len(parties) == 2 and states and meeting.type not in EVENTS:
        return "bilateral"
    return "multilateral"


def _part_of(
    meeting: Meeting, made: Sequence[Meeting], ids: dict[int, str]
) -> EngagementRef | None:
    """The event on whose sidelines a telling has it, else the visit that it fell in."""
    event = _setting_of(meeting, made)
    if event is not None:
        return EngagementRef(id=ids[id(event)], relation="on_sidelines_of")
    if meeting.during is not None:
        return EngagementRef(id=ids[id(meeting.during)], relation="during_visit")
    return None


def _setting_of(meeting: Meeting, made: Iterable[Meeting]) -> Meeting | None:
    """The event on whose sidelines the engagement is told."""
    for telling in meeting.tellings:
        if telling.sidelines is None:
            continue
        for other in made:
            if other is meeting or other.event is None:
                continue
            if same_event(other.event.exact, telling.sidelines.exact):
                return other
    return None


# --- outcomes ---------------------------------------------------------------------------------


def _outcomes(meeting: Meeting, made: Sequence[Meeting], scene: Scene) -> list[Statement]:
    """What was said there: the sentences from a telling up to where another engagement is told."""
    if not reading.supports(scene.language) or len(meeting.attendees) < 2:
        return []
    others = {t.sentence for m in made if m is not meeting for t in m.tellings if m.attendees}
    found: dict[int, Statement] = {}
    for telling in meeting.tellings:
        if telling.salience != "focal" or telling.sentence in others:
            continue
        for sentence in range(telling.sentence, len(scene.sentences)):
            if sentence in others or scene.item(sentence) != scene.item(telling.sentence):
                break
            if sentence == telling.sentence and _SOURCED.search(scene.words(sentence)):
                continue
            statement = _statement(sentence, meeting, scene)
            if statement is not None:
                found.setdefault(sentence, statement)
    return [found[s] for s in sorted(found)][:_MOST_OUTCOMES]


_OPENING = re.compile(
    r"\W*(?:in|at|during|following|after|before|on|referring|with|speaking)\b[^,]{0,200},",
    re.IGNORECASE,
)
"""A phrase before the sentence's subject, whose people are not its subject."""
_SOURCED = re.compile(r",[\"”']? [^,]{1,80}\b(?:said|stated|added|noted|reported|announced)\W*$")
"""Where the sentence names its source and nobody at the engagement is quoted: "…, it said."."""
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
    """The party of the attendee who is the sentence's subject, else of the one it is all about."""
    span = scene.sentences[sentence]
    opening = _OPENING.match(scene.words(sentence))
    start = span.start + (opening.end() if opening else 0)
    by_person = {a.person: a.party for a in meeting.attendees if a.person is not None}
    by_code = {a.code: a.party for a in meeting.attendees if a.party is not None}
    lead = scene.lead(scene.item(sentence))
    pronoun = PRONOUN.match(scene.words(sentence).lstrip(' "“'))
    for mention in () if pronoun else scene.mentions_in(sentence):
        if mention.start < start:
            continue
        person = next((p for p in by_person if mention in p.mentions), None)
        party = by_person[person] if person else None
        if party is None and mention.party is not None:
            party = by_code.get(mention.party.code)
        if party is not None:
            return [party]
        break
    return [a.party for a in meeting.attendees if a.person is lead and a.party is not None]


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
        home = next((g for g in groups if _belongs(one, g)), None)
        if home is None and _bare(one):
            home = _meant(one, groups, scene)
        if home is not None and _bare(one) and one.another and _beside(one, home):
            home = None
        if home is None:
            groups.append([one])
        else:
            home.append(one)
    found = [_agreement("", g, made, records, scene) for g in groups]
    kept = [a for a in found if (a.parties or not a.title.islower() or scene.parties) and _is(a)]
    return [a.model_copy(update={"id": f"a{i}"}) for i, a in enumerate(kept, 1)]


def _is(agreement: Agreement) -> bool:
    """Whether there is an instrument: "could not reach an agreement" tells of none."""
    bare = agreement.title.islower() and len(agreement.title.split()) == 1
    if bare and not agreement.parties and all(a.kind == "implementing" for a in agreement.acts):
        return False  # "under the agreement", and no word of which
    made = any(a.realis in {"done", "planned"} for a in agreement.acts)
    return made or not bare or not agreement.acts


def _bare(instrument: Instrument) -> bool:
    """Whether the title is a common noun alone: "the agreement"."""
    return len(instrument.title.split()) == 1 and instrument.title[1:].islower()


def _beside(one: Instrument, group: Sequence[Instrument]) -> bool:
    """Whether a group is told in the same sentence: "an agreement, followed by an agreement"."""
    return any(other.sentence == one.sentence for other in group)


def _meant(
    instrument: Instrument, groups: Sequence[list[Instrument]], scene: Scene
) -> list[Instrument] | None:
    """The instrument that "the agreement" means: the last one named with that noun."""
    item = scene.item(instrument.sentence)
    for group in reversed(groups):
        named = [i for i in group if scene.item(i.sentence) == item]
        if any(fold(instrument.title) in fold(i.title).split() for i in named):
            return group
    return None


def _belongs(one: Instrument, group: Sequence[Instrument]) -> bool:
    """One acronym or one title with any of a group, and no party that contradicts all of it."""
    ours = {p.code for p in one.parties}
    theirs = {p.code for other in group for p in other.parties}
    agree = not ours or not theirs or ours <= theirs or theirs <= ours
    return agree and any(_same_title(one, other) for other in group)


def _same_title(a: Instrument, b: Instrument) -> bool:
    if a.acronym and b.acronym:
        return a.acronym == b.acronym
    names = {fold(a.title), fold(a.acronym or a.title)}
    if names & {fold(b.title), fold(b.acronym or b.title)}:
        return True
    # A "defence cooperation agreement" is called a deal in the next line.
    stems = {_GENERIC.sub("", fold(one.title)).strip() for one in (a, b)}
    sides = [{p.code for p in one.parties} for one in (a, b)]
    return len(stems) == 1 and " " in next(iter(stems)) and bool(sides[0]) and sides[0] == sides[1]


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
    if len(parties) < 2 and told_at is not None:
        parties = _with_company(parties, told_at, theirs=_is_theirs(group[0], scene))
    if len(parties) < 2:
        parties = _of_surroundings(parties, group[0], scene)
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


def _told_at(
    instrument: Instrument | Told, made: Sequence[Meeting], scene: Scene
) -> Meeting | None:
    """The engagement in whose telling it stands: the last focal one of two sides before it."""
    before = [
        (t.evidence.start, m)
        for m in made
        if len(m.attendees) > 1 and any(a.code for a in m.attendees)
        for t in m.tellings
        if t.sentence <= instrument.sentence
        and scene.item(t.sentence) == scene.item(instrument.sentence)
    ]
    return max(before, key=lambda b: b[0])[1] if before else None


def _with_company(parties: Sequence[Party], meeting: Meeting, *, theirs: bool) -> list[Party]:
    """The parties, completed by those of an engagement: of two, or where it is all of `theirs`."""
    company = {a.party.code: a.party for a in meeting.attendees if a.party and a.party.code}
    codes = {p.code for p in parties}
    if (len(company) > 2 and not theirs) or not codes <= set(company):
        return list(parties)
    return [*parties, *(p for code, p in company.items() if code not in codes)]


_THEIR_SUBJECT = re.compile(
    r"^\W*(?:(?:the|both|all)\b[^,;.]{0,60}(?:ministers|leaders|sides|parties|counterparts|countries|"
    r"presidents|secretaries|governments|states)|they)\b|"
    r"^[^;.]{3,200}\b(?:which|that) they (?:have |had |will |also )?[a-z]+",
    re.IGNORECASE,
)


def _is_theirs(instrument: Instrument, scene: Scene) -> bool:
    """Whether the sentence tells of what all of a company did: "the three ministers signed"."""
    return _THEIR_SUBJECT.match(scene.words(instrument.sentence)) is not None


_WITH = re.compile(r"\s?(?:\([^)]{1,20}\)\s?)?with\b")


def _of_surroundings(parties: Sequence[Party], instrument: Instrument, scene: Scene) -> list[Party]:
    """The two sides of the paragraph, else those of the item, where there are just two."""
    span = scene.sentences[instrument.sentence]
    paragraph = scene.article.paragraphs[scene.paragraph(instrument.sentence)]
    item = scene.article.items[scene.item(instrument.sentence)]
    codes = {p.code for p in parties}
    for around in (span, paragraph, item):
        sides = scene.sides_in(around.start, around.end)
        if len(sides) == 2 and codes <= {p.code for p in sides}:
            return [*parties, *(p for p in sides if p.code not in codes)]
    pair = scene.paired(scene.item(instrument.sentence))
    if pair and codes <= {p.code for p in pair}:
        return [*parties, *(p for p in pair if p.code not in codes)]
    own = scene.own_side(scene.item(instrument.sentence))
    with_another = _WITH.match(scene.text, instrument.evidence.end)
    if len(parties) == 1 and with_another and own is not None and own.code not in codes:
        return [own, *parties]
    return list(parties)


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
    dated = [a for a in told if _day(a)]
    decided = max(dated, key=lambda a: (_day(a), _rank(a))) if dated else max(told, key=_rank)
    return _STATUS[decided.kind], decided.date


def _day(act: Act) -> str:
    """The last day of an act's date, or the first one where it is still going on."""
    day = (act.date.end or act.date.start) if act.date is not None else None
    return day.isoformat() if day is not None else ""


def _rank(act: Act) -> int:
    return _ORDER.index(act.kind) if act.kind in _ORDER else -1
