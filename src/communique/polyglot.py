"""From drafts to what the article says, in languages other than English.

The twin of `resolving` for the languages of `tongues`. Word order differs too much between them for
a grammar, so that everything goes by nearness within the sentence: the people and sides named
round the words that tell of a meeting took part in it, the date nearest to them is its date, and
whom "both ministers" or a verb without a subject means is taken from the sentences before. Names,
offices and titles come out as written.

Where the rules see no cue, a model that reads with care (`trusted`) is believed, and a small one is
not: an agreement is then told without an act, and never as concluded.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from communique import dates, tongues
from communique.company import distinct, sides_of
from communique.grounding import index_of
from communique.parties import country_of_place, find_places
from communique.resolving import EVENTS, FUTURE, Attendee, Findings, Instrument, Told
from communique.schemas import Act, Evidence, LeftOut, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from communique.article import Passage
    from communique.company import Company
    from communique.drafts import AgreementDraft, MeetingDraft
    from communique.people import Mention
    from communique.reading import ActReading, Title
    from communique.scene import Scene
    from communique.schemas import (
        ActKind,
        DateValue,
        EngagementStatus,
        EngagementType,
        Party,
        Realis,
    )

__all__ = ["Polyglot"]

_OF_STATES = frozenset({"exercise", "negotiation", "dialogue", "summit", "conference", "meeting"})
_PEOPLED = frozenset({"meeting", "call", "ceremony"})
_SETTINGS = EVENTS | {"exercise", "dialogue"}
_CALLED = _PEOPLED | {"dialogue", "negotiation"}
_BACK = 3
"""For how many sentences a subject is remembered."""
_VERB = re.compile(r"\b(?:reist|flog|landet|besuch)(?:e|en|t|te|ten)?\b")
_CLOSE = 25
"""How near, in characters, somebody is named before a clause that is about them."""
_AS_DRAFTED: dict[str, tuple[ActKind, Realis]] = {
    "planned_signing": ("signed", "planned"),
    "not_signed": ("signed", "denied"),
}
_UNDATED = frozenset({"implementing", "requested", "negotiating"})


class Polyglot:
    """Resolves the drafts of one passage of an article that is not in English.

    `company` is what the passages before have told; this one adds to it.
    """

    def __init__(self, scene: Scene, passage: Passage, company: Company, *, trusted: bool) -> None:
        self.scene = scene
        self.passage = passage
        self.company = company
        self.index = index_of(scene.text[passage.span.start : passage.span.end])
        self.findings = Findings()
        self.language = tongues.code_of(scene.language)
        self.trusted = trusted

    def leave_out(self, what: str, words: str, reason: str) -> None:
        """Note something that does not become part of a record."""
        self.findings.left_out.append(
            LeftOut(what=what, words=words, reason=reason, passage=self.passage.index)
        )

    def locate(self, words: str, near: int | None = None) -> Evidence | None:
        """Locate copied words in the passage."""
        base = self.passage.span.start
        local = None if near is None else near - base
        found = self.index.locate(words, near=local) if words.strip() else None
        return None if found is None else self.scene.evidence(base + found.start, base + found.end)

    # --- engagements ----------------------------------------------------------------------

    def meeting(self, draft: MeetingDraft) -> None:
        """Resolve one drafted engagement."""
        pointed = (self.locate(words) for words in (draft.words, draft.event, *reversed(draft.who)))
        anchor = next((found for found in pointed if found is not None), None)
        if anchor is None:
            self.leave_out("engagement", draft.words, "its words are not in the passage")
            return
        sentence = self.scene.sentence_at(anchor.start)
        cue = self._nearest_cue(sentence, anchor, draft)
        if cue is None and not self.trusted:
            self.leave_out("engagement", draft.words, "the sentence tells of no engagement")
            return
        self._told(self._tell_cue(draft, sentence, anchor, cue))

    def _told(self, told: Told | None) -> None:
        """Take a telling, unless one of the same words is there; the fuller one stays."""
        if told is None:
            return
        for i, other in enumerate(self.findings.told):
            same = other.sentence == told.sentence and other.type == told.type
            if same and (_overlap(other.evidence, told.evidence) or _again(other, told)):
                if len(told.attendees) > len(other.attendees):
                    self.findings.told[i] = told
                return
        self.findings.told.append(told)

    def _nearest_cue(
        self, sentence: int, anchor: Evidence, draft: MeetingDraft
    ) -> tongues.Cue | None:
        start = self.scene.sentences[sentence].start
        here = (anchor.start - start, anchor.end - start)

        def rank(cue: tongues.Cue) -> tuple[bool, int]:
            gap = max(cue.start - here[1], here[0] - cue.end, 0)
            return (cue.type != draft.kind, gap)

        return min(self._cues(sentence), key=rank, default=None)

    def _cues(self, sentence: int) -> tuple[tongues.Cue, ...]:
        return tongues.triggers(self.scene.words(sentence), self.language)

    def supplement(self) -> None:
        """Tell by rule what the passage's sentences plainly tell and no draft pointed to."""
        for span in self.passage.sentences:
            sentence = self.scene.sentence_at(span.start)
            for cue in self._cues(sentence):
                anchor = self.scene.evidence(span.start + cue.start, span.start + cue.end)
                self._told(self._tell_cue(None, sentence, anchor, cue))
            known = {i.evidence.start for i in self.findings.instruments}
            for title in tongues.titles(self.scene.words(sentence), self.language):
                acts = self._readings(sentence, title)
                if span.start + title.start not in known and acts:
                    self._record(None, sentence, title, acts)

    def _tell_cue(
        self,
        draft: MeetingDraft | None,
        sentence: int,
        anchor: Evidence,
        cue: tongues.Cue | None,
    ) -> Told | None:
        scene = self.scene
        if cue is not None and cue.status is None and self._only_attended(sentence):
            self._join(sentence)
            return None
        span = scene.sentences[sentence]
        kind: EngagementType = cue.type if cue else draft.kind if draft else "other"
        region = (span.start, span.end)
        if cue is not None:
            region = self._region(sentence, cue)
            if cue.weak and not self._names_both(region):
                return None
            anchor = scene.evidence(span.start + cue.start, span.start + cue.end)
        status = self._status(draft, cue, anchor, region)
        aside = cue is not None and tongues.background(scene.words(sentence), cue, self.language)
        told = Told(
            sentence=sentence,
            type=kind,
            status=status,
            evidence=anchor,
            salience="background" if aside else "focal",
            event=self._name_of_event(draft, kind, anchor, region, cue),
            date=self._when(draft.when if draft else "", anchor, region, status),
            place=self._where(draft.where if draft else "", anchor, region),
            sidelines=None if kind in _SETTINGS else self._sidelines(sentence),
        )
        attendees = self._who(draft, told, region)
        if kind == "visit" and told.place is None and attendees:
            told = replace(told, place=self._visited(anchor, region, attendees[0].code))
        reason = self._unlike(told, attendees)
        if reason:
            self.leave_out("engagement", anchor.exact, reason)
            return None
        told = replace(told, attendees=tuple(attendees))
        self.company.remember(told)
        return told

    def _unlike(self, told: Told, attendees: Sequence[Attendee]) -> str:
        """Why what was read is no engagement after all; "" where it is one."""
        words = tongues.plain(self.scene.words(told.sentence), self.language)
        moves = tongues.lexicon(self.language).get("needs_place")
        if moves and told.place is None and re.fullmatch(moves, told.evidence.exact):
            return "nobody is said to go anywhere"
        officers = any(a.office for a in attendees)
        if not officers and tongues.pattern(self.language, "sport").search(words):
            return "the sentence is about sport"
        if told.type == "visit" and attendees and not self._abroad(attendees[0], told):
            return "nobody is said to go abroad"
        if not attendees and told.event is None:
            self._refuse(told)
            return "nobody is named that took part"
        if told.type in _PEOPLED and not any(a.party for a in attendees):
            return "no state or organisation takes part"
        return ""

    def _refuse(self, told: Told) -> None:
        """What a sentence takes back: "were to meet …, but the meeting was cancelled"."""
        for i, other in enumerate(self.findings.told):
            earlier = other.sentence == told.sentence and other.status == "planned"
            if earlier and told.status in {"cancelled", "postponed"}:
                self.findings.told[i] = replace(other, status=told.status)

    def _abroad(self, visitor: Attendee, told: Told) -> bool:
        """Whether a visit is one between states: "the chancellor visited a steelworks" is none."""
        person, country = visitor.person, told.place.country if told.place else None
        if visitor.party is None:
            return person is not None and country is not None
        if country is not None and country != visitor.code:
            return True
        own = [m.party for m in self.company.mentions(visitor.evidence.start, visitor.evidence.end)]
        before = any(t.attendees[0].person is person for t in self.company.visits if t.attendees)
        return any(own) or (person is not None and (before or person.party is not None))

    def _status(
        self,
        draft: MeetingDraft | None,
        cue: tongues.Cue | None,
        anchor: Evidence,
        region: tuple[int, int],
    ) -> EngagementStatus:
        """What the sentence says; else what a careful model says; else what the date says."""
        if cue is not None and cue.status is not None:
            return cue.status
        if draft is not None and self.trusted:
            return draft.status
        if cue is not None and (journey := self._journey(cue, anchor)) is not None:
            return journey
        present = cue is not None and cue.present
        when = draft.when if draft else ""
        date = self._when(when, anchor, region, "planned" if present else "held")
        here = self.scene.reference(self.scene.sentence_at(anchor.start))
        if date is None or date.start is None or here is None:
            return "held"
        if date.start > here:
            return "planned"
        return "ongoing" if present and date.start <= here <= (date.end or here) else "held"

    def _journey(self, cue: tongues.Cue, anchor: Evidence) -> EngagementStatus | None:
        """The status of the visit made for a meeting: "se rendra … pour rencontrer"."""
        if cue.type != "meeting":
            return None
        sentence = self.scene.sentence_at(anchor.start)
        before = [c for c in self._cues(sentence) if c.type == "visit" and c.end <= cue.start]
        return before[-1].status if before else None

    def _region(self, sentence: int, cue: tongues.Cue) -> tuple[int, int]:
        """The part of the sentence that tells of this engagement and of no other."""
        span = self.scene.sentences[sentence]
        words = self.scene.words(sentence)
        left, right = 0, len(words)
        for other in self._cues(sentence):
            # Where verbs come last, what stands between two belongs to the second.
            last = tongues.lexicon(self.language).get("order") == "verb_last"
            if other.end <= cue.start:
                left = max(left, _cut(words, other.end, cue.start, other.end if last else None))
            elif other.start >= cue.end:
                right = min(right, _cut(words, cue.end, other.start, cue.end if last else None))
        return span.start + left, span.start + right

    def _sidelines(self, sentence: int) -> Evidence | None:
        """The event beside which something is told: the one told of before, or a named one."""
        beside = tongues.sidelines(self.scene.words(sentence), self.language)
        if beside is None:
            return None
        start = self.scene.sentences[sentence].start
        words = self.scene.evidence(start + beside.start, start + beside.end)
        if not beside.bare:
            return words
        near = (t for t in self.findings.told if 0 <= sentence - t.sentence <= _BACK)
        events = [t.event for t in near if t.type in _SETTINGS and t.event is not None]
        return events[-1] if events else None

    # --- who ------------------------------------------------------------------------------

    def _who(
        self, draft: MeetingDraft | None, told: Told, region: tuple[int, int]
    ) -> list[Attendee]:
        if told.type == "visit":
            return self._visitor(draft, told, region)
        found: list[Attendee] = []
        for mention in self._mentions(region):
            _admit(found, self._of(mention))
        for words in draft.who if draft else ():
            self._admit_drafted(found, words, told, region)
        if len(sides_of(found)) < 2 and told.type in _OF_STATES:
            self._admit_states(found, region)
        if len(sides_of(found)) < 2 or told.type in EVENTS:
            self._admit_present(found, told)
        if len(sides_of(found)) < 2:
            self._admit_company(found, told, region)
        if len(sides_of(found)) < 2 and len(found) < 3:
            self._admit_host(found, told, region)
        return [a for a in found if a.person is not None or a.party is not None]

    def _admit_host(self, found: list[Attendee], told: Told, region: tuple[int, int]) -> None:
        """Take one without a country of their own, whom a visitor meets, for one of the hosts."""
        host = self.company.hosts(told.sentence)
        own = {m.name: m.party for m in self._mentions(region)}
        for i, one in enumerate(found):
            unsaid = one.person is not None and own.get(one.person.name, one.party) is None
            if host is None or host.code == one.code or not unsaid:
                continue
            found[i] = replace(one, party=host)
            topic = self._topic(told.sentence, region[0])
            if topic is not None and topic.code != host.code:
                _admit(found, topic)
            return

    def _mentions(self, region: tuple[int, int]) -> list[Mention]:
        """Those named in a region; of several, not whoever only reports it."""
        named = self.company.mentions(*region)
        if len(named) < 3:
            return named
        return [m for m in named if not self._reports(m)] or named

    def _named_in(self, sentence: int) -> list[Mention]:
        span = self.scene.sentences[sentence]
        return self.company.mentions(span.start, span.end)

    def _reports(self, mention: Mention) -> bool:
        before = self.scene.text[max(0, mention.start - 24) : mention.start]
        ends = [m.end() for m in tongues.pattern(self.language, "reports").finditer(before)]
        return bool(ends) and len(before) - ends[-1] <= 4

    def _of(self, mention: Mention) -> Attendee:
        person = next((p for p in self.scene.people if mention in p.mentions), None)
        evidence = self.scene.evidence(mention.start, mention.end)
        if mention.name is None and mention.party is None:
            person, party = self.company.officer(mention)
            if person is None:
                return Attendee(None, party, mention.office, evidence)
        if person is None:
            return Attendee(None, mention.party, mention.office, evidence)
        party = mention.party or person.party or self.company.home(person)
        return Attendee(person, party, person.office, evidence)

    def _admit_drafted(
        self, found: list[Attendee], words: str, told: Told, region: tuple[int, int]
    ) -> None:
        """Add one that the draft names, where the telling's part of the sentence has the words."""
        located = self.locate(words, told.evidence.start)
        if located is None or not region[0] <= located.start < region[1]:
            return
        near = self.company.mentions(region[0], located.end)
        overlapping = [m for m in near if located.start < m.end]
        for mention in overlapping:
            _admit(found, self._of(mention))
        if not overlapping:
            for one in self._unlisted(words, located):
                _admit(found, one)

    def _unlisted(self, words: str, located: Evidence) -> list[Attendee]:
        """A phrase that no rule found: a party, or a name, on a careful model's word."""
        if not self.trusted:
            self.leave_out("participant", words, "names neither a person nor a party")
            return []
        party = self.scene.resolver.resolve(words, context=self.scene.text)
        if party is not None:
            return [Attendee(None, party, None, located)]
        name = located.exact.strip(" ,.;:،。、")
        person = self.scene.person(name, located.start) or self.scene.introduce(name, None, None)
        if person is None:
            self.leave_out("participant", words, "names neither a person nor a party")
            return []
        return [Attendee(person, person.party or self.company.home(person), person.office, located)]

    def _admit_states(self, found: list[Attendee], region: tuple[int, int]) -> None:
        """Add the states and bodies that a region names as ones that act."""
        for start, end, party in self.company.acting(*region):
            _admit(found, Attendee(None, party, None, self.scene.evidence(start, end)))

    def _admit_present(self, found: list[Attendee], told: Told) -> None:
        """Add those of whom one of the next sentences says that they took part."""
        if told.type not in {*EVENTS, "ceremony", "exercise", "meeting"}:
            return
        for after in range(told.sentence + 1, min(told.sentence + 3, len(self.scene.sentences))):
            if self.scene.item(after) != self.scene.item(told.sentence) or self._tells(after):
                return
            words = tongues.plain(self.scene.words(after), self.language)
            if tongues.pattern(self.language, "attendance").search(words):
                for mention in self._named_in(after):
                    _admit(found, self._of(mention))

    def _tells(self, sentence: int) -> bool:
        """Whether a sentence tells of an engagement of its own."""
        words = tongues.plain(self.scene.words(sentence), self.language)
        attended = tongues.pattern(self.language, "attendance").search(words) is not None
        return bool(self._cues(sentence)) and not attended

    def _names_both(self, region: tuple[int, int]) -> bool:
        """Whether a stretch names people of two sides, at least one of them by name."""
        named = [self._of(m) for m in self.company.mentions(*region)]
        return len(sides_of(named)) > 1 and any(a.person is not None for a in named)

    def _only_attended(self, sentence: int) -> bool:
        """Whether a sentence tells who else took part in what was told: "an den Gesprächen …"."""
        words = tongues.plain(self.scene.words(sentence), self.language)
        attended = tongues.pattern(self.language, "attendance").search(words)
        before = self.company.met_before(sentence)
        return attended is not None and before is not None and before.sentence < sentence

    def _join(self, sentence: int) -> None:
        """Add those of a sentence to the engagement that it says they took part in."""
        before = self.company.met_before(sentence)
        for i, told in enumerate(self.findings.told):
            if told is before:
                attendees = list(told.attendees)
                for mention in self._named_in(sentence):
                    _admit(attendees, self._of(mention))
                self.findings.told[i] = replace(told, attendees=tuple(attendees))

    def _admit_company(self, found: list[Attendee], told: Told, region: tuple[int, int]) -> None:
        """Add whom "both sides" or a verb without its subject means: those told of before."""
        words = self.scene.text[region[0] : region[1]]
        both = tongues.pattern(self.language, "both").search(tongues.plain(words, self.language))
        before = self.company.met_before(told.sentence)
        unsaid = not found and told.type in _CALLED and self._goes_on(before, told)
        if before is not None and (both or unsaid):
            for one in before.attendees:
                _admit(found, one)
            return
        if both or (found and not self._has_subject(found, told)):
            topic = self._topic(told.sentence, region[0]) or self._subject_behind(told, region)
            if topic is not None and topic.code not in {a.code for a in found}:
                found.insert(0, topic)

    def _has_subject(self, found: list[Attendee], told: Told) -> bool:
        """Whether those found stand for the subject, so that the other side is not told."""
        mark = tongues.lexicon(self.language).get("subject")
        if mark is not None:
            return any(re.match(mark, self.scene.text[a.evidence.end :][:4]) for a in found)
        mark = tongues.lexicon(self.language).get("counterpart_after")
        if mark is not None and all(
            re.search(mark, self.scene.text[max(0, a.evidence.start - 4) : a.evidence.start])
            for a in found
        ):
            return False
        if tongues.lexicon(self.language).get("order") == "verb_first":
            return False
        return all(a.evidence.end <= told.evidence.start for a in found)

    def _goes_on(self, before: Told | None, told: Told) -> bool:
        """Whether a meeting of nobody is the one just told of, or the next of the same people."""
        if before is None or told.sentence - before.sentence > _BACK:
            return False
        if told.status in {"postponed", "cancelled", "denied"}:
            return False
        again = told.status == before.status and before.type == told.type
        return told.status != "held" or (again and (told.place or told.date) is not None)

    def _subject_behind(self, told: Told, region: tuple[int, int]) -> Attendee | None:
        """The subject behind what a sentence opens with: "Bei einem Besuch in Riad traf Y …"."""
        span = self.scene.sentences[told.sentence]
        if told.evidence.start - span.start > _CLOSE or region[1] >= span.end:
            return None
        behind = self.company.mentions(region[1], span.end)
        return self._of(behind[0]) if behind and behind[0].start - region[1] <= 2 * _CLOSE else None

    def _topic(self, sentence: int, at: int) -> Attendee | None:
        """Whom the text speaks of at a point: the first one named in the sentence or before it."""
        item = self.scene.item(sentence)
        for index in range(sentence, max(-1, sentence - _BACK - 1), -1):
            if self.scene.item(index) != item:
                return None
            span = self.scene.sentences[index]
            for mention in self.company.mentions(span.start, min(span.end, at)):
                if not self.company.invites(mention):
                    return self._of(mention)
        return None

    def _visitor(
        self, draft: MeetingDraft | None, told: Told, region: tuple[int, int]
    ) -> list[Attendee]:
        """A visit is its visitor's; whom the sentence does not name is who was spoken of."""
        named = self._named_visitor(told, region)
        if named is not None:
            return [self._of(named)]
        for words in draft.who if draft else ():
            found: list[Attendee] = []
            self._admit_drafted(found, words, told, region)
            if found:
                return found[:1]
        topic = self._topic(told.sentence, region[0]) or self._subject_behind(told, region)
        if topic is None or told.place is None or topic.code != told.place.country:
            return [topic] if topic is not None else []
        # Nobody visits their own country: it is the other one's turn.
        company = self.company.met_before(told.sentence)
        others = [a for a in company.attendees if a.code != topic.code] if company else []
        return others[:1] or [topic]

    def _named_visitor(self, told: Told, region: tuple[int, int]) -> Mention | None:
        """Who is named right behind the noun for a visit, else before the verb, else behind it."""
        start, end = told.evidence.start, told.evidence.end
        inside = self._mentions(region)
        within = [m for m in inside if start <= m.start and m.end <= end]
        first = [m for m in inside if m.end <= start and not self.company.invites(m)]
        if within and (self.language == "ar" or not first or told.status == "proposed"):
            # "يقوم X بزيارة"; of an invitation, whoever is invited.
            return within[-1 if told.status == "proposed" else 0]
        behind = [m for m in inside if m.start >= end]
        inverted = _VERB.search(told.evidence.exact) and behind and behind[0].start - end <= 1
        # "la visite du président", "Nach dem Treffen reiste Ministerin X weiter"
        if behind and (inverted or told.status == "proposed"):
            return behind[0]
        if behind and self._visits(end, behind[0].start):
            return behind[0]
        chosen = first[-1] if first else self._close_before(told.sentence, region[0])
        if chosen is not None or not behind:
            return chosen
        opens = start - self.scene.sentences[told.sentence].start <= _CLOSE
        verb_first = tongues.lexicon(self.language).get("order") == "verb_first"
        return behind[0] if verb_first or (opens and not self._reports(behind[0])) else None

    def _close_before(self, sentence: int, at: int) -> Mention | None:
        """Whoever is named right before a comma and what follows it: "…, en visite à Paris"."""
        span = self.scene.sentences[sentence]
        named = [m for m in self.company.mentions(span.start, at) if not self.company.invites(m)]
        return named[-1] if named and at - named[-1].end <= _CLOSE else None

    def _visits(self, start: int, end: int) -> bool:
        """Whether only "of the" stands between a visit and whom it names."""
        gap = tongues.plain(self.scene.text[start:end], self.language)
        return tongues.lexicon(self.language).get("of", "") != "" and bool(
            re.fullmatch(tongues.lexicon(self.language)["of"], gap)
        )

    # --- when and where -----------------------------------------------------------------------

    def _when(
        self, when: str, anchor: Evidence, region: tuple[int, int], status: EngagementStatus
    ) -> DateValue | None:
        """The drafted date where the region has it, else the region's own nearest date."""
        free = self._free_dates(region)
        sentence = self.scene.sentence_at(anchor.start)
        located = self.locate(when, anchor.start) if when.strip() else None
        if located is not None and region[0] <= located.start < region[1]:
            fitting = [f for f in free if f[0] < located.end and located.start < f[1]]
            free = fitting or free
        if not free:
            return None
        start, end = min(free, key=lambda f: max(f[0] - anchor.end, anchor.start - f[1], 0))
        return self._dated(self.scene.evidence(start, end), sentence, status)

    def _dated(
        self, located: Evidence, sentence: int, status: EngagementStatus
    ) -> DateValue | None:
        """What the words of a date come to, looking the way of the tense."""
        value = dates.resolve(
            located.exact,
            self.scene.reference(sentence),
            direction="future" if status in FUTURE else "past",
            language=self.language,
        )
        if value is None:
            self.leave_out("date", located.exact, "the words hold no date")
            return None
        return value.model_copy(update={"evidence": located})

    def _free_dates(self, region: tuple[int, int]) -> list[tuple[int, int]]:
        """The dates of a region that belong to no act and to nobody's reporting."""
        found = [
            (region[0] + a, region[0] + b)
            for a, b in dates.find(self.scene.text[region[0] : region[1]], language=self.language)
        ]
        return [f for f in found if not self._reported(f) and not self._of_a_title(f)]

    def _of_a_title(self, found: tuple[int, int]) -> bool:
        """Whether a date is in an instrument's name: "acuerdo de 1999", "2016 की वीज़ा संधि"."""
        spans = self.scene.title_spans
        if any(start < found[0] and found[1] <= end for start, end in spans):
            return True
        possessive = _POSSESSIVE.match(self.scene.text, found[1])
        return possessive is not None and any(
            start <= possessive.end() < end for start, end in spans
        )

    def _reported(self, found: tuple[int, int]) -> bool:
        """Whether a date is that of the announcement: "a annoncé vendredi", "24日表示"."""
        span = self.scene.sentences[self.scene.sentence_at(found[0])]
        words = tongues.plain(self.scene.text[span.start : span.end], self.language)
        start, end = found[0] - span.start, found[1] - span.start
        before, after = words[max(0, start - 30) : start], words[end : end + 16]
        reports = tongues.pattern(self.language, "reports")
        left = [m for m in reports.finditer(before) if len(before) - m.end() <= 6]
        behind = reports.match(after.lstrip(" ,،")) if self.language in _REPORTS_BEHIND else None
        return bool(left) or behind is not None

    def _where(self, where: str, anchor: Evidence, region: tuple[int, int]) -> Place | None:
        """The drafted place if the region has it and it is one, else the region's own."""
        located = self.locate(where, anchor.start) if where.strip() else None
        if located is not None and region[0] <= located.start < region[1]:
            country = country_of_place(
                located.exact, context=self.scene.text, language=self.language
            )
            if country is not None or self.trusted:
                return Place(name=located.exact, country=country, evidence=located)
        places = self._places(region)
        if not any(self.company.is_place(start, end) for start, end, _ in places):
            # The other part of the sentence may say where: "…, en visite à Paris".
            span = self.scene.sentences[self.scene.sentence_at(anchor.start)]
            there = self._places((span.start, span.end))
            found = [p for p in there if self.company.is_place(p[0], p[1])]
            places = found if len({p[2] for p in found}) == 1 else []
        for start, end, country in places:
            if self.company.is_place(start, end):
                evidence = self.scene.evidence(start, end)
                return Place(name=evidence.exact, country=country, evidence=evidence)
        return None

    def _visited(self, anchor: Evidence, region: tuple[int, int], home: str | None) -> Place | None:
        """What a visit is to, though no preposition says so: "visitó Noruega", 访问中国."""
        found = [p for p in self._places(region) if p[2] != home]
        if not found:
            return None
        start, end, country = min(found, key=lambda p: _gap((anchor.start, anchor.end), p[:2]))
        evidence = self.scene.evidence(start, end)
        return Place(name=evidence.exact, country=country, evidence=evidence)

    def _places(self, region: tuple[int, int]) -> list[tuple[int, int, str]]:
        """The known places of a region that are no part of a person's office or name."""
        found = find_places(self.scene.text[region[0] : region[1]], language=self.language)
        placed = [(region[0] + a, region[0] + b, code) for a, b, code in found]
        taken = [(m.start, m.end) for m in self.company.mentions(*region)]
        return [p for p in placed if not any(a < p[1] and p[0] < b for a, b in taken)]

    def _name_of_event(
        self,
        draft: MeetingDraft | None,
        kind: EngagementType,
        anchor: Evidence,
        region: tuple[int, int],
        cue: tongues.Cue | None,
    ) -> Evidence | None:
        """The name of a summit, an exercise or a conference: quoted, capitalised, or a body's."""
        located = self.locate(draft.event, anchor.start) if draft and draft.event.strip() else None
        if self.trusted and located is not None and region[0] <= located.start < region[1]:
            return located
        if kind not in {"summit", "conference", "exercise", "dialogue"}:
            return None
        whole = self._of_a_body(anchor, region)
        if whole is not None:
            return whole
        before = tongues.before_an_event(self.language).search(
            self.scene.text, region[0], anchor.start
        )
        start = before.start() if before is not None else anchor.start
        itself = tongues.pattern(self.language, "event_self").fullmatch(anchor.exact)
        named = before is not None or itself is not None or self.language in tongues.UNSPACED
        if not named and cue is not None and kind in EVENTS:
            sentence = self.scene.sentence_at(anchor.start)
            left, right = tongues.event_name(self.scene.words(sentence), cue, self.language)
            base = self.scene.sentences[sentence].start
            whole = self.scene.evidence(base + left, base + right)
            return whole if len(whole.exact) > len(anchor.exact) else None
        return self.scene.evidence(start, anchor.end) if named else None

    def _of_a_body(self, anchor: Evidence, region: tuple[int, int]) -> Evidence | None:
        """The words for an event with the name behind them, or with the body whose event it is."""
        behind = re.compile(tongues.lexicon(self.language)["event"]).match(
            self.scene.text, anchor.end, region[1]
        )
        if behind is not None:
            return self.scene.evidence(anchor.start, behind.end())
        for start, end, party in self.company.parties(*region):
            if 0 <= start - anchor.end <= 1 and party.kind == "organisation":
                return self.scene.evidence(anchor.start, end)
            if 0 <= anchor.start - end <= 1 and party.kind == "organisation":
                return self.scene.evidence(start, anchor.end)
        return None

    # --- agreements -----------------------------------------------------------------------

    def agreement(self, draft: AgreementDraft) -> None:
        """Resolve one drafted agreement."""
        located = self.locate(draft.title)
        if located is None:
            self.leave_out("agreement", draft.title, "the title is not in the passage")
            return
        sentence = self.scene.sentence_at(located.start)
        start = self.scene.sentences[sentence].start
        titles = [
            t
            for t in tongues.titles(self.scene.words(sentence), self.language)
            if start + t.start < located.end and located.start < start + t.end
        ]
        if not titles and self.trusted:
            self._as_drafted(draft, sentence, located)
        elif not titles:
            self.leave_out("agreement", draft.title, "not the title of an instrument")
        for title in titles:
            self._record(draft, sentence, title, self._readings(sentence, title))

    def _readings(self, sentence: int, title: Title) -> list[ActReading]:
        words = self.scene.words(sentence)
        return tongues.acts(words, (title.start, title.end), self.language)

    def _record(
        self,
        draft: AgreementDraft | None,
        sentence: int,
        title: Title,
        readings: Sequence[ActReading],
    ) -> None:
        scene, start = self.scene, self.scene.sentences[sentence].start
        evidence = scene.evidence(start + title.start, start + title.end)
        if any(i.evidence.start == evidence.start for i in self.findings.instruments):
            return
        verbs = [(a.start, a.end) for a in readings]
        acts = [self._act_of(a, sentence, verbs) for a in readings]
        if not acts and draft is not None and self.trusted:
            acts = [self._drafted_act(draft, evidence)]
        named = title
        if tongues.bare(title, self.language):
            earlier = self._meant_by(title, evidence)
            if earlier is None and not acts:
                self.leave_out("agreement", title.title, "no instrument is named")
                return
            named = replace(title, title=earlier.title, type=earlier.type) if earlier else title
        parties = self._parties(draft, sentence, title)
        if not parties and self.company.met_before(sentence) is None:
            self.leave_out("agreement", title.title, "no state or organisation is named with it")
            return
        self._take(
            Instrument(
                sentence=sentence,
                title=named.title,
                acronym=title.acronym,
                type=named.type,
                evidence=evidence,
                parties=parties,
                acts=tuple(acts),
            )
        )

    def _take(self, instrument: Instrument) -> None:
        self.findings.instruments.append(instrument)
        self.company.note(instrument)

    def _meant_by(self, title: Title, evidence: Evidence) -> Instrument | None:
        """The instrument named before that "l'accord" or 该协定 means."""
        head = tongues.plain(title.title, self.language).casefold().removeprefix("ال")
        return self.company.instrument_before(head[: max(3, len(head) - 2)], evidence.start)

    def _act_of(self, reading: ActReading, sentence: int, verbs: Sequence[tuple[int, int]]) -> Act:
        """An act with the date nearest to its verb that is no nearer to another."""
        span = self.scene.sentences[sentence]
        verb = (span.start + reading.start, span.start + reading.end)
        others = [(span.start + a, span.start + b) for a, b in verbs]
        free = [
            f
            for f in self._free_dates((span.start, span.end))
            if min(others, key=lambda o: _gap(o, f)) == verb and not self._of_an_engagement(f, verb)
        ]
        dated = None
        if free and reading.kind not in _UNDATED:
            start, end = min(free, key=lambda f: _gap(verb, f))
            status: EngagementStatus = "planned" if reading.realis == "planned" else "held"
            dated = self._dated(self.scene.evidence(start, end), sentence, status)
        evidence = self.scene.evidence(*verb)
        return Act(kind=reading.kind, realis=reading.realis, date=dated, evidence=[evidence])

    def _of_an_engagement(self, found: tuple[int, int], verb: tuple[int, int]) -> bool:
        """Whether a date stands nearer to an engagement of the sentence than to the verb."""
        sentence = self.scene.sentence_at(verb[0])
        start = self.scene.sentences[sentence].start
        return any(
            _gap((start + cue.start, start + cue.end), found) < _gap(verb, found)
            for cue in self._cues(sentence)
        )

    def _drafted_act(self, draft: AgreementDraft, evidence: Evidence) -> Act:
        kind, realis = _AS_DRAFTED.get(draft.act, (draft.act, "done"))
        sentence = self.scene.sentence_at(evidence.start)
        when = self.locate(draft.when, evidence.start) if draft.when.strip() else None
        dated = None
        if when is not None and self.scene.sentence_at(when.start) == sentence:
            dated = self._dated(when, sentence, "planned" if realis == "planned" else "held")
        return Act(kind=kind, realis=realis, date=dated, evidence=[evidence])

    def _as_drafted(self, draft: AgreementDraft, sentence: int, located: Evidence) -> None:
        """An instrument for which the lexicon has no word, on a careful model's word."""
        parties: list[Party] = []
        for words in draft.between:
            party = self.scene.resolver.resolve(words, context=self.scene.text)
            if party is not None and self.locate(words) is not None:
                parties.append(party)
        self._take(
            Instrument(
                sentence=sentence,
                title=located.exact,
                acronym=None,
                type="agreement",
                evidence=located,
                parties=distinct(parties),
                acts=(self._drafted_act(draft, located),),
            )
        )

    def _parties(
        self, draft: AgreementDraft | None, sentence: int, title: Title
    ) -> tuple[Party, ...]:
        """The parties round the title in its sentence, people's included; else the draft's."""
        span = self.scene.sentences[sentence]
        region = self._clause(sentence, title)
        told = distinct(
            party
            for start, end, party in self.company.parties(*region)
            if party.kind != "non_state" and not self.company.is_place(start, end)
            if self._in_title(start, sentence, title) or not self.company.is_private(start, end)
        )
        if len(told) > 1:
            return told
        people = [self._of(m) for m in self._named_in(sentence)]
        told = distinct([*told, *(a.party for a in people if a.party is not None)])
        if len(told) > 1:
            return told
        for words in draft.between if draft and self.trusted else ():
            located = self.locate(words, span.start)
            party = self.scene.resolver.resolve(words, context=self.scene.text)
            if party is not None and located is not None:
                told = distinct([*told, party])
        return told if len(told) > 1 else self._with_others(told, sentence)

    def _in_title(self, at: int, sentence: int, title: Title) -> bool:
        """Whether a party stands in the title itself: "traité d'amitié franco-polonais"."""
        start = self.scene.sentences[sentence].start
        return start + title.start <= at < start + title.end + 1

    def _clause(self, sentence: int, title: Title) -> tuple[int, int]:
        """The part of the sentence round a title, up to other instruments on either side."""
        span = self.scene.sentences[sentence]
        words = self.scene.words(sentence)
        left, right = 0, len(words)
        for other in tongues.titles(words, self.language):
            if other.end <= title.start:
                left = max(left, _cut(words, other.end, title.start, default=0))
            elif other.start >= title.end:
                right = min(right, _cut(words, title.end, other.start, default=len(words)))
        return span.start + left, span.start + right

    def _with_others(self, told: tuple[Party, ...], sentence: int) -> tuple[Party, ...]:
        """The two sides told of last, where the sentence names one of them or none."""
        codes = {p.code for p in told}
        known = self.company.sides_before(sentence)
        if len(known) == 2 and codes <= {p.code for p in known}:
            return distinct([*told, *known])
        sides = told
        for index in range(sentence - 1, max(-1, sentence - _BACK - 1), -1):
            if self.scene.item(index) != self.scene.item(sentence) or len(sides) > 1:
                break
            span = self.scene.sentences[index]
            here = [party for _, _, party in self.company.acting(span.start, span.end)]
            stood_for = [self._of(m).party for m in self._named_in(index)]
            sides = distinct([*sides, *here, *(p for p in stood_for if p is not None)])
        if len(sides) == 2:
            return sides
        home = self.company.of_language
        if len(told) == 1 and home is not None and home.code not in codes:
            return (*told, home) if self._domestic(sentence, home) else told
        return told

    def _domestic(self, sentence: int, home: Party) -> bool:
        """Whether a sentence is about the state in whose press it stands, without its name.

        It names a body that every state has ("das Kabinett", 国会), or goes on about somebody
        of that state.
        """
        bodies = tongues.lexicon(self.language)["bodies"]
        if bodies and re.search(bodies, self.scene.words(sentence)):
            return True
        before = self._named_in(sentence - 1)[-1:] if sentence else []
        return any(party.code == home.code for m in before if (party := self._of(m).party))


_POSSESSIVE = re.compile(r"\s?(?:की|के|का|的|の)\s?")
_REPORTS_BEHIND = frozenset({"zh", "hi", "ja"})
_CLAUSE_MARK = re.compile(
    r"[,;，；،؛、。]|\s(?=(?:où|donde|wo|und|et|y|e|mais|pero|aber)\s)|\s(?=و)"
)


def _cut(words: str, start: int, end: int, default: int | None = None) -> int:
    """Where one clause ends and the next begins between two offsets: the last mark, else `end`."""
    marks = [m.end() for m in _CLAUSE_MARK.finditer(words, start, end)]
    if marks:
        return marks[-1]
    return end if default is None else default


def _gap(a: tuple[int, int], b: tuple[int, int]) -> int:
    return max(a[0] - b[1], b[0] - a[1], 0)


def _again(a: Told, b: Told) -> bool:
    """Whether a sentence tells of one visit twice: "arrives tomorrow on an official visit"."""
    if a.type != "visit" or not a.attendees or not b.attendees:
        return False
    one = a.attendees[0].person or a.attendees[0].code
    other = b.attendees[0].person or b.attendees[0].code
    dated = a.date is not None and b.date is not None and a.date.edtf != b.date.edtf
    where = {told.place.country for told in (a, b) if told.place is not None}
    return one == other and not dated and len(where) < 2


def _overlap(a: Evidence, b: Evidence) -> bool:
    return a.start < b.end and b.start < a.end


def _admit(found: list[Attendee], one: Attendee) -> None:
    """Add an attendee who is not there yet; a named one replaces the unnamed of the same side."""
    for i, other in enumerate(found):
        if one.person is not None and one.person is other.person:
            return
        same_side = one.code is not None and one.code == other.code
        if same_side and one.person is None:
            return
        if same_side and other.person is None:
            found[i] = one
            return
    found.append(one)
