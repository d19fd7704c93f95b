"""From drafts to what the article says: every copied word located, every choice checked.

A draft's words are located in its passage; what cannot be located is left out, with the reason.
The sentence they stand in then decides what code can decide better than a model: the type and
tense of an engagement, the acts on an agreement, whom "he" and "both sides" mean, which of the
sentence's dates belongs to what. The result is still one passage's telling; `merging` makes one
record of several tellings.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from communique import dates, people, reading
from communique.grounding import index_of
from communique.parties import country_of_place
from communique.reading import Trigger
from communique.schemas import Act, DateValue, Evidence, LeftOut, Place, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from communique.article import Passage
    from communique.drafts import AgreementDraft, MeetingDraft
    from communique.people import Mention
    from communique.reading import ActReading, Title
    from communique.scene import Person, Scene
    from communique.schemas import (
        ActKind,
        AgreementType,
        EngagementStatus,
        EngagementType,
        Party,
        Realis,
        Salience,
    )

PRONOUN = re.compile(r"\b(?:[Hh]e|[Ss]he|[Hh]is|[Hh]er|him|I|me|[Mm]y)\b")
FIRST_PERSON = re.compile(r"\b(?:I|me|[Mm]y(?! (?:\w+ )?colleague)|we|us)\b")
_OF_STATES = frozenset({"exercise", "negotiation", "dialogue", "meeting", "summit", "call"})
_PRONOUNS = frozenset({"he", "she", "him", "her", "his", "they", "i", "we", "his counterpart"})
_BOTH = re.compile(
    r"\b(?:both|two|the) (?:sides?|leaders|ministers|countries|nations|parties|presidents|"
    r"governments|officials|secretaries|delegations)\b",
    re.IGNORECASE,
)
_PLURAL = re.compile(
    r"\b(?:the (?P<count>two|three|four)\b(?: [\w-]+){0,3}|both (?:[\w-]+ ){0,3}?\w+s|"
    r"they|the (?:[\w-]+ )?(?:ministers|leaders|sides|presidents|secretaries|delegations|"
    r"officials|diplomats|premiers|chiefs))\b(?=[^.;]{0,60}$)",
    re.IGNORECASE,
)
"""Several people named before, as the subject of a sentence."""
_REPORTED = re.compile(
    r"^\W*(?:according to|citing|as reported by|ahead of|before|after|following|prior to|"
    r"in the wake of)\b[^,]{1,120},|"
    r"\b(?:said|says|told|added|announced|confirmed|stated|noted|reported|reports|claimed|denied|"
    r"recalled|learned|revealed)\b[^,.;]{0,60}?\bthat\b",
    re.IGNORECASE,
)
"""Who tells the news, before what is told."""
_DECIDED = re.compile(r"voted|decided|agreed|moved|resolved|ordered")
_VERB_OF_DATE = re.compile(r"\b([a-z]{2,14}ed|held|begun|taken|made) (?:(?:in|on|since|by) )?$")
"""A participle right before a date, which is then its date."""
_SAID = r"(?:sa(?:id|ys)|announced?|announces|confirm(?:ed|s)|reported|stated|declared|revealed|"
_SAID += r"denied|declined|wrote|writes|tweeted|posted|warned|claimed|told(?= reporters))"
_SAID_BEFORE = re.compile(
    rf"\b{_SAID}(?: (?:reporters|in a (?:statement|release|post)|on (?:Twitter|X|Facebook)|"
    r"on its web ?site|"
    r"here|late|early|(?:tele)?vised)){0,2}"
    r"(?: on)? $|\btold (?:[\w.’'-]+ ){1,4}on $"
)
_SAID_AFTER = re.compile(rf" {_SAID}\b")
"""A date beside these words is that of the news, and of nothing that it tells."""
_DATELINE = re.compile(r"\W*(?:(?:late|early|earlier) )?(?:on )?", re.IGNORECASE)
_NEWS = re.compile(rf",? (?:[\w.’'-]+ ){{1,8}}{_SAID}\b")
"""Behind a date that opens a sentence: "On Monday, the White House announced"."""
_NEXT_TO = re.compile(r" (?:also |again |then |has |have |had |will )?")
_CLAUSE_END = re.compile(r";|\band that\b|\bbut\b|\bwhereas\b")
_TOPIC = re.compile(r" (?:on|concerning|regarding|over|against|for) ")
"""Behind it, a title says what it is about, and not between whom it is."""
_ANOTHER = re.compile(r"\b(?:an?|another|one) (?:[a-z-]+ ){0,2}$")
_AFTER_TALKS = re.compile(
    r"\W*(?:after|following|emerging from|at the end of) (?:the |their |his |her )?"
    r"(?:[\w-]+ ){0,3}",
    re.IGNORECASE,
)
_IN_TALKS = re.compile(
    r"\W*(?:in|during|at) (?:an?|his|her|their|the) (?:[\w-]+ ){0,3}", re.IGNORECASE
)
_DISCUSSED = re.compile(
    r",? (?:(?:have|had|has|also|today|yesterday|on \w+day) ){0,3}"
    r"(?P<verb>discussed|reviewed|exchanged)\b"
)
_NEAR_START = 4
_SAYS = re.compile(r"\s?,? (?:said|told|stressed|announced|added|praised|thanked|urged|warned)\b")
_LONGEST_HEADING = 160
_SUBJECT_REACH = 6
"""How far behind its comma the subject of a main clause may begin: " the"."""
_TO_COME = re.compile(r"\b(?:set|due|expected|scheduled|slated) to (?!be signed)|\btak\w+ effect\b")
"""Behind it, a date is of what is to follow: "agreed a truce set to begin on Sunday"."""
_SPOKEN_OF = re.compile(r"\b(?:discuss|prepar|review|welcom|recall|prais)\w*")
"""Between several people and a meeting that they only spoke of."""
_ALSO = re.compile(r"\b(?:also|separately) $", re.IGNORECASE)
_KNOWN = re.compile(r"\b(?:this|my|his|her|their|our|the) $", re.IGNORECASE)
_EFFECT = re.compile(
    r"(?: to [A-Z][\w’'-]*(?: [A-Z][\w’'-]*){0,2})? (?:will|would|is expected to|is set to)"
    r" (?:further |also |help |greatly )?"
    r"(?!(?:be|take|begin|start|last|go|include)\b)[a-z]+"
)
"""What a visit does, rather than when it is: "will strengthen ties"."""
_SAME_MONTH = re.compile(r" of (?:the same|that) month\b")
_SINCE = re.compile(r"since\b", re.IGNORECASE)
_MEANWHILE = re.compile(r"\b(?:as|while|because|before|after|when|ahead of)\b")
"""Between a date and the subordinate clause of something else."""
_SAME_DAY = re.compile(
    r"\b(?:(?:later|earlier) )?(?:on )?(?:that|the same) day\b|\b(?:later|earlier) in the day\b",
    re.IGNORECASE,
)
_COUNTS = {"two": 2, "three": 3, "four": 4}
_BETWEEN = re.compile(
    r",? (?:[\w-]+ ){0,3}?(?:between|among|of|involving|bringing together)(?: the)? "
)
_WITH = re.compile(r"\s?(?:\([^)]{1,20}\)\s?)?with (?:the )?")
COMPANY: frozenset[str] = frozenset({"meeting", "call", "dialogue", "negotiation"})
_JOINS = re.compile(
    r"[\s,;&:]*(?:and|as well as|along with|together with|also)?[\s,;&:]*(?:also )?"
    r"(?:the|his|her|their|its|a|an)?\s*"
)
_REACHES = re.compile(
    r"[\s:]*(?:(?:with|his|her|their|its|the|a|an|by|phone|telephone|today|also|individually|"
    r"separately|bilaterally|my|our|colleagues?|on|to|between|since|in|royal|highness|excellency|majesty|"
    r"attended|including|new|visiting|then|will|be|was|were|held|hon|h\.e|mr|mrs|ms|dr|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|yesterday|this|morning|afternoon|evening)[\s:,.]*)*",
    re.IGNORECASE,
)
"""What may stand between the words that tell of a meeting and the first whom they reach."""
_PLACE_NAME = r"((?:[A-Z][\w.'’-]*)(?:,? (?:[A-Z][\w.'’-]*)){0,3})"
_CITY_OF = r"(?:(?:[\w-]+ ){0,2}(?:city|town|capital|resort|port|island|village) of )?"
_BEHIND = re.compile(rf"\b(?:in|at) (?:the )?{_CITY_OF}{_PLACE_NAME}")
_VISITED = re.compile(rf"^(?: to| in)? (?:the )?{_PLACE_NAME}")
_IN_FRONT = re.compile(
    rf"\W*In (?:the )?{_PLACE_NAME}(?=,? (?:on|from|today|yesterday|I|he|she|we|the)\b|, )"
)
_PREMISES = re.compile(r"\b(?:Embassy|Mission|Consulate|Consulate[- ]General|Residence)$")
_ELSEWHERE = re.compile(
    r"\b(?:conflict|war|situation|cris[ei]s|peace|security|stability|events?|developments?|fighting|"
    r"violence|elections?|troops|forces|interests|rights|ceasefire|invasion|aggression|operations?|"
    r"presence|activities|actions?|earthquake|position)\s$"
)
"""Before a place of which was spoken: "the situation in Yemen"."""
_BY = re.compile(r"^(?: to (?:the )?[A-Z][\w’'-]+)? of(?: the)? $| by(?: the| a| an)? $")
_IN_PASSING = re.compile(
    r"\b(?:(?:during|as part of|in the course of|on|ahead of|before) "
    r"(?:his|her|their|its|the|this|that|a|an)|in (?:his|her|their|its))(?: [\w-]+){0,3} $",
    re.IGNORECASE,
)
_SUBJECT_PRONOUN = re.compile(r"\b(?:[Hh]e|[Ss]he|I)\b,? (?:(?!and\b|that\b|to\b)[\w’']+ ){0,4}$")
_ON_A_VISIT = re.compile(r"(?: to| in)? [^,;.]{0,60}, (?:the )?")
_OF_A_BODY = re.compile(r"\b(?:of|and|with|by)(?: the)?(?: [A-Z][\w’'-]+){0,4} $")
_INVOLVING = re.compile(r" (?:involving|bringing together)(?: the)? (?=[A-Z])")
_BEYOND = re.compile(
    r"\b(?:following|after|since|because|when|discuss\w*|until|signed|agreed|adopted|reflected|"
    r"commitments|anniversary)\b"
)
"""Between an engagement and a date of something else."""
_LISTED = re.compile(r"^\s*(?:he|she|they|I)\b")
_AUXILIARIES = re.compile(
    r",? (?:(?:[a-z’']+ly|also|on|today|yesterday|have|has|had|will|to|are|were|jointly|this|last|"
    r"week|month|mon|tues|wednes|thurs|fri|satur|sun)(?:day)? ?){0,5}",
    re.IGNORECASE,
)
_MY = re.compile(r"\b[Mm]y (?:[\w-]+ ){0,2}$")
_ASIDE_STATES = re.compile(
    r"\b(?:as|amid|against|to counter|while|after|because|which|over|toward)\b"
)
_WAS_DUE = re.compile(
    r"\b(?:was|were|had been) (?:also )?(?:due|to|scheduled|expected|set|supposed|slated)\b"
)
_ASKED_HIM = re.compile(r"\b(?:welcom\w+|invit\w+|host\w*) (?:him|her|them)\b")
_BESIDE = re.compile(r"\b(?:along with|accompanied by|flanked by)(?: (?:the|his|her|its))? $")
"""Before somebody who was there with the subject, and is not it."""
_IF_CLAUSE = re.compile(r"\W*(?:if|when|once|unless|although|while)\b[^,]{1,160},", re.IGNORECASE)
_SOMEBODYS = re.compile(
    r"['’]s? (?:\w+ )?(?:predecessor|successor|son|daughter|brother|sister|wife|husband|father|"
    r"mother|spokes\w+|envoy|advis[eo]r|aide|deputy|office|team)\b"
)
"""Behind somebody whose relative or aide is told of: "Bello's predecessor, X, visited"."""
_WHO = re.compile(r",? who (?:[\w’']+ ){0,5}")
_DONE_BY = re.compile(r"\b\w+ed by\b|\bmet by\b")
_BETWEEN_THEM = re.compile(r" (?:here |today |yesterday )?(?:between|among) ")
_TO_VISIT = re.compile(r" to (?:pay |make |undertake |come |go )?(?:an? |on )?(?:\w+ ){0,3}")
_INVITED = re.compile(r"\b(?:invit\w+|asked|welcom\w+|urged)\b")
_AT_IT = re.compile(
    r"^\W*(?:addressing|attending|opening|inaugurating|closing|speaking (?:at|to)|taking part in|"
    r"participating in)\b",
    re.IGNORECASE,
)
_IN_PLACE = re.compile(r"\b(?:in|at) (?:[A-Z][\w.'’-]*,? ?){1,4}")
_CAPITALISED = re.compile(r"[A-Z]")
FUTURE: frozenset[str] = frozenset({"planned", "proposed", "postponed", "cancelled"})
TALKS: frozenset[str] = frozenset({"meeting", "summit", "conference", "dialogue", "negotiation"})
_UNDATED = frozenset({"implementing", "requested", "negotiating"})
"""Acts that go on: a date beside them is that of a sitting or of a request, not of the act."""
EVENTS: frozenset[str] = frozenset({"summit", "conference"})


@dataclass(frozen=True)
class Attendee:
    """Somebody at an engagement: a person of the article, or an unnamed side."""

    person: Person | None
    party: Party | None
    office: str | None
    evidence: Evidence

    @property
    def code(self) -> str | None:
        """The code of the party, if any."""
        return self.party.code if self.party else None


@dataclass(frozen=True)
class Told:
    """An engagement as one sentence tells it."""

    sentence: int
    type: EngagementType
    status: EngagementStatus
    evidence: Evidence
    attendees: tuple[Attendee, ...] = ()
    event: Evidence | None = None
    date: DateValue | None = None
    place: Place | None = None
    salience: Salience = "focal"
    sidelines: Evidence | None = None
    passing: bool = False
    """Whether it is named only as the time of something else: "during his visit"."""
    apart: bool = False
    """Whether it is told as a meeting of two beside others: "also held bilateral meetings"."""
    again: bool = False
    """Whether it is a visit told before, whose effect may be to come: "this visit will help"."""
    vague: bool = False
    """Whether the words leave open how they met: "discussed trade with"."""


@dataclass(frozen=True)
class Instrument:
    """An agreement as one sentence tells it."""

    sentence: int
    title: str
    acronym: str | None
    type: AgreementType
    evidence: Evidence
    parties: tuple[Party, ...]
    acts: tuple[Act, ...]
    another: bool = False
    """Whether it is told as one not named before: "an agreement"."""


@dataclass
class Findings:
    """What one passage tells, and what of its draft was left out."""

    told: list[Told] = field(default_factory=list)
    instruments: list[Instrument] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


class Reader:
    """Resolves the drafts of one passage against the article."""

    def __init__(self, scene: Scene, passage: Passage) -> None:
        self.scene = scene
        self.passage = passage
        self.span = passage.span
        self.index = index_of(scene.text[self.span.start : self.span.end])
        self.ruled = reading.supports(scene.language)
        self.findings = Findings()

    def leave_out(self, what: str, words: str, reason: str) -> None:
        """Note something that does not become part of a record."""
        self.findings.left_out.append(
            LeftOut(what=what, words=words, reason=reason, passage=self.passage.index)
        )

    def locate(self, words: str, near: int | None = None) -> Evidence | None:
        """Locate copied words in the passage."""
        local = None if near is None else near - self.span.start
        found = self.index.locate(words, near=local) if words.strip() else None
        if found is None:
            return None
        return self.scene.evidence(found.start + self.span.start, found.end + self.span.start)

    # --- engagements ----------------------------------------------------------------------

    def meeting(self, draft: MeetingDraft) -> None:
        """Resolve one drafted engagement."""
        anchor = self._anchor(draft)
        if anchor is None:
            self.leave_out("engagement", draft.words, "its words are not in the passage")
            return
        sentence = self.scene.sentence_at(anchor.start)
        trigger = self._trigger(sentence, self.locate(draft.event, anchor.start) or anchor, draft)
        if self.ruled and trigger is None:
            self.leave_out("engagement", draft.words, "the sentence tells of no engagement")
            return
        self.findings.told.extend(self._tell(draft, sentence, anchor, trigger))

    def _anchor(self, draft: MeetingDraft) -> Evidence | None:
        """Where the draft points: its words, else its event, else its last person."""
        whos = reversed(draft.who)
        for words in (draft.words, draft.event, *whos):
            found = self.locate(words)
            if found is not None:
                return found
        return None

    def _trigger(self, sentence: int, anchor: Evidence, draft: MeetingDraft) -> Trigger | None:
        """The words of the sentence that tell of the engagement: of the drafted kind if any."""
        if not self.ruled:
            return None
        offset = anchor.start - self.scene.sentences[sentence].start
        end = offset + len(anchor.exact)

        def rank(trigger: Trigger) -> tuple[bool, bool, int]:
            inside = offset <= trigger.start < end
            return (not inside, trigger.type != draft.kind, abs(trigger.start - end))

        return min(self.triggers(sentence), key=rank, default=None)

    def triggers(self, sentence: int) -> list[Trigger]:
        """The words of a sentence that tell of engagements, the setting's name apart."""
        side = self._sidelines(sentence)
        start = self.scene.sentences[sentence].start
        found = self.scene.triggers(sentence)
        return [
            t
            for t in found
            if not _within((start + t.start, start + t.end), side)
            and not self._is_body(start + t.start, start + t.end)
        ]

    def _is_body(self, start: int, end: int) -> bool:
        """Whether a name is an organisation's, spoken of as one: "leaders of the Forum"."""
        text = self.scene.text
        named = any(
            p.kind == "organisation" and left <= start and end <= right + 2
            for left, right, p in self.scene.parties_in(max(0, start - 60), end + 60)
        )
        return named and _OF_A_BODY.search(text[max(0, start - 40) : start]) is not None

    def supplement(self) -> None:
        """Tell by rule what the passage's sentences plainly tell and no draft pointed to."""
        if not self.ruled:
            return
        told = list(self.findings.told)
        for span in self.passage.sentences:
            sentence = self.scene.sentence_at(span.start)
            self._supplement_titles(sentence)
            here = [t for t in told if t.sentence == sentence]
            start = self.scene.sentences[sentence].start
            for trigger in self.triggers(sentence):
                anchor = self.scene.evidence(start + trigger.start, start + trigger.end)
                alike = [t for t in here if _one_kind(t.type, trigger.type)]
                if any(_within((anchor.start, anchor.end), t.evidence) for t in alike):
                    continue
                found = list(self._tell(None, sentence, anchor, trigger))
                if alike:
                    # Of one kind, another word tells of another only with a company of its own.
                    found = [t for t in found if _own_company(t, here)]
                self.findings.told.extend(found)
                here += found
            if not here:
                self._supplement_joint(sentence)

    def _supplement_joint(self, sentence: int) -> None:
        """Tell that two people of different sides, named together, discussed something."""
        start = self.scene.sentences[sentence].start
        words = self.scene.words(sentence)
        named = [m for m in self.scene.mentions_in(sentence) if m.name is not None][:2]
        if len(named) < 2 or named[0].start - start > _NEAR_START:
            return
        said = _DISCUSSED.match(words, named[1].end - start)
        homes = [self._at_home(self._of_mention(m)).code for m in named]
        if said is None or not self._joined_by(*named) or None in homes or len(set(homes)) < 2:
            return
        trigger = Trigger(said.start("verb"), said.end(), "meeting", "held")
        anchor = self.scene.evidence(start + trigger.start, start + trigger.end)
        self.findings.told.extend(self._tell(None, sentence, anchor, trigger))

    def _supplement_titles(self, sentence: int) -> None:
        """Add the instruments with which the sentence tells that something was done."""
        start = self.scene.sentences[sentence].start
        words = self.scene.words(sentence)
        known = {i.evidence.start for i in self.findings.instruments}
        for title in reading.titles(words):
            if start + title.start not in known and reading.acts(words, (title.start, title.end)):
                self._instrument(None, sentence, title)

    def _tell(
        self,
        draft: MeetingDraft | None,
        sentence: int,
        anchor: Evidence,
        trigger: Trigger | None,
    ) -> Iterable[Told]:
        scene = self.scene
        start = scene.sentences[sentence].start
        kind: EngagementType = draft.kind if draft else "other"
        status: EngagementStatus = draft.status if draft else "held"
        salience: Salience = "focal"
        words = scene.words(sentence)
        if trigger is not None:
            kind, status = trigger.type, trigger.status
            salience = "background" if reading.background(words, trigger) else "focal"
            anchor = self._joined(anchor, start + trigger.start, start + trigger.end, sentence)
        event = self._event(draft, sentence, trigger)
        if event is not None:
            kind = self._event_type(sentence, event) or kind
        within = trigger is not None and reading.day_within(words, trigger)
        when = draft.when if draft else ""
        base = Told(
            sentence=sentence,
            type=kind,
            status=status,
            evidence=anchor,
            event=event,
            date=None if within else self._date(when, sentence, anchor, status),
            place=None
            if kind == "call"
            else self._place(draft.where if draft else "", sentence)
            or self._place_after(sentence, trigger)
            or self._place_before(sentence, trigger),
            salience=salience,
            sidelines=self._sidelines(sentence),
            apart=self.ruled and _told_apart(words, trigger),
            again=self.ruled and _told_again(words, trigger),
            vague=trigger is not None
            and words[trigger.start : trigger.end].lower().startswith(("discuss", "exchang")),
            passing=trigger is not None
            and (bool(_IN_PASSING.search(words[: trigger.start])) or _is_heading(words)),
        )
        attendees = self._attendees(draft, sentence, anchor, trigger, event)
        if trigger is not None and len(attendees) < 2 and event is None:
            attendees = self._after_talks(attendees, sentence, trigger)
        return self._distributed(base, attendees, words)

    def _after_talks(
        self, found: tuple[Attendee, ...], sentence: int, trigger: Trigger
    ) -> tuple[Attendee, ...]:
        """Who talked, for "After talks in Oslo, the minister said": that one and the other lead."""
        begin = self.scene.sentences[sentence].start
        words = self.scene.words(sentence)
        if trigger.type not in COMPANY or not _AFTER_TALKS.fullmatch(words[: trigger.start]):
            return self._in_talks(found, sentence, trigger)
        rest = words.find(",", trigger.end)
        named = [m for m in self.scene.mentions_in(sentence) if m.name and m.start >= begin + rest]
        if rest < 0 or not named or named[0].start - begin - rest > _SUBJECT_REACH:
            return found
        if not _SAYS.match(words, named[0].end - begin):
            return found
        speaker = self._at_home(self._of_mention(named[0]))
        item = self.scene.item(sentence)
        other = self.scene.other_lead(item, speaker.person) if speaker.person else None
        if other is None or any(a.person not in {other, speaker.person} for a in found):
            return found
        near = other.nearest(begin)
        evidence = self.scene.evidence(near.start, near.end)
        return speaker, Attendee(other, self.scene.home(other), other.office, evidence)

    def _abroad(self, one: Attendee, place: Place) -> Attendee:
        """A visitor, of the country visited only where some word says so."""
        if one.person is None or one.party is None or one.code != place.country:
            return one
        return replace(one, party=self.scene.stated(one.person))

    def _in_talks(
        self, found: tuple[Attendee, ...], sentence: int, trigger: Trigger
    ) -> tuple[Attendee, ...]:
        """Add the main subject, for "In a call with X on Monday, President Y said"."""
        begin = self.scene.sentences[sentence].start
        words = self.scene.words(sentence)
        opens = trigger.type in COMPANY and _IN_TALKS.fullmatch(words[: trigger.start])
        if opens and words.startswith(",", trigger.end) and not self._told_before(sentence):
            return self._spoke_there(sentence, trigger) or found
        if not opens or not found or any(a.evidence.start < begin + trigger.end for a in found):
            return found
        rest = words.find(",", found[-1].evidence.end - begin)
        after = [m for m in self.scene.mentions_in(sentence) if m.start >= begin + rest]
        if rest < 0 or not after or after[0].start - begin - rest > _SUBJECT_REACH:
            return found
        subject = self._at_home(self._of_mention(after[0]))
        if subject.person is None or any(subject.person is a.person for a in found):
            return found
        return subject, *found

    def _told_before(self, sentence: int) -> bool:
        """Whether an engagement is told in one of the sentences before."""
        item = self.scene.item(sentence)
        return any(self.scene.item(s) == item and self.triggers(s) for s in range(sentence))

    def _spoke_there(self, sentence: int, trigger: Trigger) -> tuple[Attendee, ...]:
        """The two people of "During the call, President X congratulated President Y"."""
        begin = self.scene.sentences[sentence].start + trigger.end
        named = [m for m in self.scene.mentions_in(sentence) if m.name and m.start > begin]
        two = [self._at_home(self._of_mention(m)) for m in named[:2]]
        codes = {a.code for a in two}
        return tuple(two) if len(two) == len(codes) and len(codes) > 1 and None not in codes else ()

    def _joined(self, anchor: Evidence, start: int, end: int, sentence: int) -> Evidence:
        """The anchor stretched over the trigger, within the sentence."""
        span = self.scene.sentences[sentence]
        left, right = min(anchor.start, start), max(min(anchor.end, span.end), end)
        return self.scene.evidence(left, right)

    def _event(  # noqa: PLR0911 - one return for each way to be named
        self, draft: MeetingDraft | None, sentence: int, trigger: Trigger | None
    ) -> Evidence | None:
        """The proper name of the event: in the sentence, and with a capital."""
        span = self.scene.sentences[sentence]
        names = reading.event_names(self.scene.words(sentence)) if self.ruled else []
        side = self._sidelines(sentence)
        found = self.locate(draft.event, span.start) if draft else None
        if found is not None and self.ruled:
            for start, end, _ in names:
                whole = (span.start + start, span.start + end)
                if whole[0] <= found.start < whole[1] and not _within(whole, side):
                    return self.scene.evidence(*whole)
            return found if found.exact in self.scene.event_acronyms else None
        if found is not None and _CAPITALISED.search(found.exact):
            return found
        if trigger is None:
            return None
        for start, end, _ in names:
            if start <= trigger.start < end:
                whole = (span.start + start, span.start + end)
                return None if _within(whole, side) else self.scene.evidence(*whole)
        short = self.scene.words(sentence)[trigger.start : trigger.end]
        definite = self.scene.words(sentence)[: trigger.start].lower().endswith("the ")
        if short in self.scene.event_acronyms or (definite and short.istitle()):
            return self.scene.evidence(span.start + trigger.start, span.start + trigger.end)
        return None

    def _event_type(self, sentence: int, event: Evidence) -> EngagementType | None:
        start = self.scene.sentences[sentence].start
        for left, right, kind in reading.event_names(self.scene.words(sentence)):
            if left <= event.start - start < right:
                sides = self.scene.parties_in(event.start, event.end)
                states = {party.code for _, _, party in sides if party.kind == "state"}
                of_two = kind == "conference" and len(states) == 2 and len(sides) == 2
                return "meeting" if of_two else kind
        return None

    def _sidelines(self, sentence: int) -> Evidence | None:
        if not self.ruled:
            return None
        found = reading.sidelines(self.scene.words(sentence))
        if found is None:
            return None
        start = self.scene.sentences[sentence].start
        return self.scene.evidence(start + found[0], start + found[1])

    # --- who ------------------------------------------------------------------------------

    def _attendees(
        self,
        draft: MeetingDraft | None,
        sentence: int,
        anchor: Evidence,
        trigger: Trigger | None,
        event: Evidence | None,
    ) -> tuple[Attendee, ...]:
        """Those that the sentence's own order names, and those that the draft names in it."""
        found: list[Attendee] = []
        mine = trigger is not None and self._is_mine(sentence, trigger)
        if trigger is not None and not mine:
            for mention in self._by_rule(sentence, trigger):
                _add(found, self._of_mention(mention))
        if draft is not None and not mine:
            self._add_drafted(found, draft.who, sentence, anchor, trigger)
        if trigger is not None:
            self._add_company(found, sentence, trigger)
            if trigger.type in _OF_STATES:
                self._add_sides(found, sentence, trigger, event)
            self._add_lead(found, sentence, trigger)
        if event is not None:
            self._add_of_event(found, event)
        if trigger is not None and trigger.type == "exercise":
            found = self._forces(found, sentence)
        known = [a for a in found if a.person is not None or a.party is not None]
        for one in found:
            if one not in known:
                self.leave_out("participant", one.evidence.exact, "whom it means is not told")
        return tuple(known)

    def _add_drafted(
        self,
        found: list[Attendee],
        who: Sequence[str],
        sentence: int,
        anchor: Evidence,
        trigger: Trigger | None,
    ) -> None:
        """Add those that the draft names; behind the trigger, where the order names nobody."""
        ruled = [a.evidence for a in found]
        end = self.scene.sentences[sentence].start + trigger.end if trigger else 0
        visited = trigger is not None and trigger.type == "visit"
        closed = trigger is not None and (visited or any(e.start >= end for e in ruled))
        for words in who:
            for one in self._attendee(words, sentence, anchor):
                listed = any(e.start <= one.evidence.start < e.end for e in ruled)
                if closed and one.evidence.start >= end and not listed:
                    reason = "named in another part of the sentence"
                    self.leave_out("participant", words, reason)
                else:
                    _add(found, one)

    def _add_of_event(self, found: list[Attendee], event: Evidence) -> None:
        """Add the sides in an event's name: "U.S.-Spain Dialogue", "NATO Summit"."""
        for start, end, party in self.scene.parties_in(event.start, event.end):
            if party.kind == "state" or all(a.person is None for a in found):
                _add(found, Attendee(None, party, None, self.scene.evidence(start, end)))

    def _add_company(self, found: list[Attendee], sentence: int, trigger: Trigger) -> None:
        """Add those whom "the two ministers" means, and everybody at a ceremony."""
        if trigger.type == "ceremony" and len(found) < 2:
            named = [m for m in self.scene.mentions_in(sentence) if m.name is not None]
        elif trigger.type in COMPANY and len(found) < 2:
            words = self.scene.words(sentence)
            plural = _PLURAL.search(words[: trigger.start])
            if plural is None or _SPOKEN_OF.search(words[plural.end() : trigger.start]):
                return
            count = _COUNTS.get((plural["count"] or "").lower())
            named = self.scene.company(sentence, count)
        else:
            return
        for mention in named:
            _add(found, self._of_mention(mention))

    def _add_sides(
        self,
        found: list[Attendee],
        sentence: int,
        trigger: Trigger,
        event: Evidence | None,
    ) -> None:
        """Add the sides listed behind an event, "talks between A and B", or all it names."""
        span = self.scene.sentences[sentence]
        ends = [span.start + trigger.end, *([event.end] if event else ())]
        for end in ends:
            if len({a.code for a in found} - {None}) < 2:
                for one in self._sides_behind(end, span.end):
                    _add(found, one)
        involved = _INVOLVING.search(self.scene.text, ends[0], span.end)
        if involved and len({a.code for a in found} - {None}) < 2:
            for one in self._sides_behind(involved.start(), span.end):
                _add(found, one)
        named = any(a.person is not None for a in found)
        if not named and len({a.code for a in found} - {None}) < 2:
            settled = trigger.type in {"exercise", "negotiation", "dialogue"}
            sides = self._sides_before(sentence, trigger)
            for one in sides or (self._states_in(sentence) if settled else []):
                _add(found, one)

    def _sides_before(self, sentence: int, trigger: Trigger) -> list[Attendee]:
        """The states listed as the subject: "the United States, Japan and Kenya held"."""
        span = self.scene.sentences[sentence]
        begin = span.start + trigger.start
        sides: list[Attendee] = []
        last = None
        for left, right, party in self.scene.parties_in(span.start, begin):
            if last is not None and not _JOINS.fullmatch(self.scene.text[last:left]):
                sides = []
            last = right
            if not self.scene.is_where(left):
                _add(sides, Attendee(None, party, None, self.scene.evidence(left, right)))
        near = last is not None and _AUXILIARIES.fullmatch(self.scene.text[last:begin])
        if near and len(sides) > 1:
            return sides
        opening = self.scene.text[span.start : begin]
        named = any(m.name is not None for m in self.scene.mentions_in(sentence))
        if named or reading.is_finite(opening):
            return []
        # "Representatives of Kenya and Oman, along with the African Union, convened …"
        sides = []
        for left, right, party in self.scene.parties_in(span.start, begin):
            if not self.scene.is_where(left):
                _add(sides, Attendee(None, party, None, self.scene.evidence(left, right)))
        return sides if len(sides) > 1 else []

    def _sides_behind(self, start: int, end: int) -> list[Attendee]:
        """The parties listed right behind an offset: " between the EU and Morocco"."""
        opening = _BETWEEN.match(self.scene.text, start, end)
        if opening is None:
            return []
        sides: list[Attendee] = []
        last = opening.end()
        for left, right, party in self.scene.parties_in(last, end):
            if not _JOINS.fullmatch(self.scene.text[last:left]):
                break
            _add(sides, Attendee(None, party, None, self.scene.evidence(left, right)))
            last = right
        return sides if len(sides) > 1 else []

    def _states_in(self, sentence: int) -> list[Attendee]:
        """The states that a sentence names, as sides: "an exercise of Kenya and Oman"."""
        span = self.scene.sentences[sentence]
        sides: list[Attendee] = []
        cut = _ASIDE_STATES.search(self.scene.text, span.start + 20, span.end)
        last = cut.start() if cut else span.end
        for start, end, party in self.scene.parties_in(span.start, last):
            if party.kind == "state" and not self.scene.is_where(start):
                _add(sides, Attendee(None, party, None, self.scene.evidence(start, end)))
        return sides if len(sides) > 1 else []

    def _by_rule(self, sentence: int, trigger: Trigger) -> list[Mention]:
        """Subject, object and those listed with either: "A met B, C and D"."""
        start = self.scene.sentences[sentence].start
        left, right = start + trigger.start, start + trigger.end
        mentions = self.scene.mentions_in(sentence)
        within = [m for m in mentions if left < m.start and m.end <= right]
        if trigger.type == "visit" and within:
            return within[:1]  # "invited her counterpart to Oslo": who is asked is the visitor
        if trigger.type == "visit" and _ASKED_HIM.search(self.scene.text, left, right):
            guest = self.scene.subject_before(sentence) or self.scene.lead(
                self.scene.item(sentence)
            )
            return [guest.nearest(left)] if guest is not None else []
        before = [m for m in mentions if m.end <= left]
        after = [m for m in mentions if m.start >= right]
        before = [
            m
            for m in self._of_clause(before, sentence, left)
            if not _BESIDE.search(self.scene.text[max(start, m.start - 40) : m.start])
            and not _SOMEBODYS.match(self.scene.text, m.end)
        ]
        words = self.scene.text[start:left]
        if _SUBJECT_PRONOUN.search(words) and _IF_CLAUSE.match(words):
            before = []  # "If the Omani side agreed, she would meet": who "she" is stands elsewhere
        if before and _WHO.fullmatch(self.scene.text[before[-1].end : left]):
            return before[-1:] if trigger.type == "visit" else self._met(before[-1:], right, after)
        subjects = before[:1]
        for previous, mention in pairwise(before):
            if previous not in subjects or not self._joined_by(previous, mention):
                break
            subjects.append(mention)
        if trigger.type == "visit":
            return self._visitor(right, left, before, after) or subjects
        return self._met(subjects, right, after)

    def _met(self, subjects: list[Mention], right: int, after: list[Mention]) -> list[Mention]:
        """The subjects and whom the trigger reaches: one, and those listed with it."""
        if not after or not self._reaches(right, after[0].start):
            return subjects
        objects = after[:1]
        for previous, mention in pairwise(after):
            if not self._joined_by(previous, mention):
                break
            objects.append(mention)
        gap = self.scene.text[right : objects[0].start]
        between = _BETWEEN_THEM.search(gap) and len(objects) > 1
        return objects if between else [*subjects, *objects]

    def _visitor(
        self, right: int, left: int, before: list[Mention], after: list[Mention]
    ) -> list[Mention]:
        """Whose a visit is, where the words beside it say so: "by X", "invited X to pay"."""
        text = self.scene.text
        for mention in after[:2]:
            gap = text[right : mention.start]
            own = not _CLAUSE_END.search(gap) and not _DONE_BY.search(gap) and "," not in gap
            if own and _BY.search(gap):
                return [mention]
        if not before and after and _ON_A_VISIT.fullmatch(text[right : after[0].start]):
            return after[:1]  # "In a landmark visit to Kenya, the President signed"
        asked = (
            len(before) > 1
            and _TO_VISIT.fullmatch(text[before[-1].end : left])
            and _INVITED.search(text[before[0].end : before[-1].start])
        )
        return before[-1:] if asked else []

    def _of_clause(self, before: list[Mention], sentence: int, trigger: int) -> list[Mention]:
        """Of those named before a trigger, those behind "according to …," and "… said that"."""
        start = self.scene.sentences[sentence].start
        words = self.scene.text[start:trigger]
        ends = [m.end() for m in _REPORTED.finditer(words)]
        for end in reversed(ends):
            inner = [m for m in before if m.start >= start + end]
            if inner:
                return inner
        return before

    def _reaches(self, start: int, end: int) -> bool:
        """Whether only linking words, dates and places stand between."""
        gap = self.scene.text[start:end]
        if gap.startswith(","):
            return False
        for left, right in reversed(dates.find(gap, language=self.scene.language)):
            gap = gap[:left] + gap[right:]
        return _REACHES.fullmatch(_IN_PLACE.sub(" ", gap)) is not None

    def _joined_by(self, left: Mention, right: Mention) -> bool:
        return _JOINS.fullmatch(self.scene.text[left.end : right.start]) is not None

    def _attendee(self, words: str, sentence: int, anchor: Evidence) -> list[Attendee]:
        """Whom a copied phrase means; nobody, where it means nobody of this sentence."""
        if words.strip().lower() in _PRONOUNS:
            return []
        located = self.locate(words, anchor.start)
        if located is None:
            self.leave_out("participant", words, "not in the passage")
            return []
        if _BOTH.fullmatch(words.strip()):
            return []
        span = self.scene.sentences[sentence]
        inside = span.start <= located.start < span.end
        overlapping = [
            m for m in self.scene.mentions if m.start < located.end and located.start < m.end
        ]
        if overlapping:
            kept = [m for m in overlapping if inside or self._echoed(m, sentence)]
            if not kept:
                self.leave_out("participant", words, "not in the sentence that tells of it")
            return [self._of_mention(m) for m in kept]
        return self._unlisted(words, located) if inside else []

    def _echoed(self, mention: Mention, sentence: int) -> bool:
        """Whether a person of another sentence is meant by this one, by office or side."""
        person = self._person(mention)
        party = person.party if person else mention.party
        if party is None:
            return False
        span = self.scene.sentences[sentence]
        unnamed = [m for m in self.scene.mentions_in(sentence) if m.name is None]
        codes = {m.party.code for m in unnamed if m.party}
        return (
            party.code in codes
            and not any(
                p is person for p in map(self._person, self.scene.mentions_in(sentence)) if p
            )
            and span.end <= mention.start
        )

    def _unlisted(self, words: str, located: Evidence) -> list[Attendee]:
        """A phrase that no rule found: a name the model saw, or a party."""
        parsed = people.parse(
            located.exact,
            context=self.scene.text if self.ruled else None,
            resolver=self.scene.resolver,
        )
        if parsed.name is not None and not self._in_event_name(located):
            person = self.scene.person(parsed.name, located.start) or self.scene.introduce(
                parsed.name, parsed.office, parsed.party
            )
            party = parsed.party or (person.party if person else None)
            if person is not None:
                return [Attendee(person, party, parsed.office or person.office, located)]
        party = parsed.party or self.scene.resolver.resolve(words, context=self.scene.text)
        if party is None:
            self.leave_out("participant", words, "names neither a person nor a party")
            return []
        return [Attendee(None, party, parsed.office, located)]

    def _in_event_name(self, located: Evidence) -> bool:
        """Whether words are those of an event: its sponsor takes part, and nobody of that name."""
        if not self.ruled:
            return False
        sentence = self.scene.sentence_at(located.start)
        start = self.scene.sentences[sentence].start
        return any(
            start + left < located.end and located.start < start + right
            for left, right, _ in reading.event_names(self.scene.words(sentence))
        )

    def _person(self, mention: Mention) -> Person | None:
        for person in self.scene.people:
            if mention in person.mentions:
                return person
        if mention.name is None and mention.office and not mention.plural:
            if mention.party is None:
                return self.scene.titled(mention.office, mention.start)
            return self.scene.holder(mention.office, mention.party)
        return None

    def _of_mention(self, mention: Mention) -> Attendee:
        person = self._person(mention)
        evidence = self.scene.evidence(mention.start, mention.end)
        if person is None:
            return Attendee(None, mention.party, mention.office, evidence)
        return Attendee(person, mention.party or person.party, person.office, evidence)

    def _add_lead(self, found: list[Attendee], sentence: int, trigger: Trigger) -> None:
        """Add the person that the item is about, where a pronoun or a lone counterpart asks."""
        words = self.scene.words(sentence)
        self._add_speaker(found, sentence, trigger)
        direct = _SUBJECT_PRONOUN.search(words[: trigger.start]) and all(
            a.evidence.start >= self.scene.sentences[sentence].start + trigger.end for a in found
        )
        alone = len({a.person or a.code for a in found}) < 2 or direct
        if not alone or (found and trigger.type == "visit"):
            return
        asked = PRONOUN.search(words[: trigger.end]) or trigger.type in {"meeting", "call"}
        attends = trigger.type in EVENTS and _AT_IT.match(words)
        lead = self.scene.lead(self.scene.item(sentence))
        if PRONOUN.search(words[: trigger.end]):
            lead = self.scene.subject_before(sentence) or lead
        elif self._is_subject(found, sentence, trigger):
            return  # whom the subject met is not told
        if not (asked or attends) or lead is None:
            return
        if any(a.person is lead for a in found):
            # "At the meeting with the minister": whom he met is the other whom the item is about.
            behind = self.scene.sentences[sentence].start + trigger.end
            lead = self.scene.other_lead(self.scene.item(sentence), lead)
            met = all(a.evidence.start >= behind for a in found)
            if lead is None or not met or trigger.type not in {"meeting", "call"}:
                return
        party = self.scene.home(lead)
        if found and any(a.code == (party.code if party else None) for a in found):
            return
        nearest = lead.nearest(self.scene.sentences[sentence].start)
        evidence = self.scene.evidence(nearest.start, nearest.end)
        _add(found, Attendee(lead, party, lead.office, evidence), first=True)

    def _forces(self, found: list[Attendee], sentence: int) -> list[Attendee]:
        """Whose forces exercise; those who speak of it do not."""
        return self._states_in(sentence) or [a for a in found if a.person is None]

    def _is_mine(self, sentence: int, trigger: Trigger) -> bool:
        """Whether a visit is the speaker's: "my visit"."""
        before = self.scene.words(sentence)[: trigger.start]
        return trigger.type == "visit" and _MY.search(before) is not None

    def _is_subject(self, found: list[Attendee], sentence: int, trigger: Trigger) -> bool:
        """Whether somebody named before the trigger is all that was found."""
        begin = self.scene.sentences[sentence].start + trigger.start
        named = [a for a in found if a.person is not None]
        return bool(named) and all(a.evidence.end <= begin for a in named)

    def _add_speaker(self, found: list[Attendee], sentence: int, trigger: Trigger) -> None:
        """Add the side of the "I" of a statement, where the sentence says that it took part."""
        begin = self.scene.sentences[sentence].start
        if _ASKED_HIM.search(self.scene.text, begin + trigger.start, begin + trigger.end):
            return
        side = self.scene.speaker(self.scene.item(sentence))
        words = self.scene.words(sentence)
        begin = self.scene.sentences[sentence].start + trigger.start
        subject = any(m.end <= begin and m.name for m in self.scene.mentions_in(sentence))
        said = FIRST_PERSON.search(words, max(0, trigger.start - 40) if subject else 0)
        if side is None or said is None or said.start() > trigger.end + 4:
            return
        start = self.scene.sentences[sentence].start
        evidence = self.scene.evidence(start + said.start(), start + said.end())
        who = self.scene.author(self.scene.item(sentence))
        _add(found, Attendee(who, side, who.office if who else None, evidence))

    def _distributed(
        self, base: Told, attendees: tuple[Attendee, ...], words: str
    ) -> Iterable[Told]:
        """One engagement for each other party, where the sentence tells of separate ones."""
        attendees = self._with_homes(attendees, base.event)
        if base.type == "visit" and base.place is not None:
            attendees = tuple(self._abroad(a, base.place) for a in attendees)
        separate = (
            self.ruled
            and base.type in {"meeting", "call"}
            and reading.distributive(words)
            and not reading.joint(words)
            # Those who are its subject together met together, whatever was "respective".
            and any(a.evidence.start >= base.evidence.start for a in attendees)
        )
        behind = [a for a in attendees if a.evidence.start >= base.evidence.end]
        before = [a for a in attendees if a.evidence.end <= base.evidence.start]
        if separate and len(behind) == 1 and len(before) > 1:
            # "A and B separately called on C": C met each.
            return [replace(base, attendees=(one, behind[0])) for one in before]
        others: dict[object, list[Attendee]] = {}
        for one in attendees[1:]:
            others.setdefault(one.code or one.person, []).append(one)
        if not separate or len(others) < 2:
            return [replace(base, attendees=attendees)]
        return [replace(base, attendees=(attendees[0], *group)) for group in others.values()]

    def _with_homes(
        self, attendees: tuple[Attendee, ...], event: Evidence | None
    ) -> tuple[Attendee, ...]:
        """Say for whom those stand whose own words do not say it.

        Whom nothing says to stand for the other side does not stand for it; a side that only the
        event's name gives ("U.S.-Spain Dialogue") is the one that they stand for.
        """
        by_event = [a for a in attendees if a.person is None and _within_event(a, event)]
        known = {a.code for a in attendees if a not in by_event} - {None}
        placed: list[Attendee] = []
        for one in attendees:
            home = self._at_home(one)
            joined = one.person is not None and self.scene.joined(one.person) is not None
            placed.append(one if home.code in known and not joined else home)
        stood_for = {a.code for a in placed if a.person is not None}
        return tuple(a for a in placed if a not in by_event or a.code not in stood_for)

    def _at_home(self, one: Attendee) -> Attendee:
        if one.party is not None or one.person is None:
            return one
        return replace(one, party=self.scene.home(one.person))

    # --- when and where -------------------------------------------------------------------

    def _date(
        self, when: str, sentence: int, anchor: Evidence, status: EngagementStatus
    ) -> DateValue | None:
        """The date of what the anchor tells: the drafted words, if this sentence has them."""
        span = self.scene.sentences[sentence]
        if when.strip():
            located = self.locate(when, anchor.start)
            if located is None:
                self.leave_out("date", when, "not in the passage")
            elif not span.start <= located.start < span.end:
                self.leave_out("date", when, "not in the sentence that tells of it")
            elif self._claimed(sentence, (located.start - span.start, located.end - span.start)):
                self.leave_out("date", when, "the date of something else")
            elif (dated := self._dated(located, sentence, status)) is not None:
                return dated
        found = dates.find(self.scene.words(sentence), language=self.scene.language)
        left, right = self._clause_of(sentence, anchor)
        free = [
            f for f in found if left <= f[0] and f[1] <= right and not self._claimed(sentence, f)
        ]
        free = [f for f in free if self._is_own(f, sentence, anchor, status)]
        if not free:
            return self._same_day(sentence)
        if len(free) > 1:
            free = self._own_dates(free, sentence, anchor)
        if len(free) != 1:
            return None
        located = self.scene.evidence(span.start + free[0][0], span.start + free[0][1])
        return self._dated(located, sentence, status)

    def _is_own(
        self, date: tuple[int, int], sentence: int, anchor: Evidence, status: EngagementStatus
    ) -> bool:
        """Whether a date can be that of what the anchor tells, and not of something beyond it."""
        if not self.ruled:
            return True
        words = self.scene.words(sentence)
        start = self.scene.sentences[sentence].start
        begin, end = anchor.start - start, anchor.end - start
        if _NEXT_TO.fullmatch(words[date[1] : begin]):
            return True
        # "who is on a visit, today met": of what it stands right before.
        before = any(_NEXT_TO.fullmatch(words[date[1] : t.start]) for t in self.triggers(sentence))
        beyond = before or _BEYOND.search(words[end : date[0]])
        # "the third meeting since 2021", "arrived on Thursday as he prepares to meet"
        since = status != "ongoing" and _SINCE.match(words, date[0])
        meanwhile = status in FUTURE and _MEANWHILE.search(words[date[1] : begin])
        if (date[0] >= end and beyond) or since or meanwhile:
            return False
        others = [t for t in self.triggers(sentence) if t.status != status]
        if date[0] >= end:
            return not any(end <= t.start < date[0] for t in others)
        mine = any(t.end <= date[0] for t in others) and not _LISTED.search(words[date[1] : begin])
        return not mine

    def _clause_of(self, sentence: int, anchor: Evidence) -> tuple[int, int]:
        """Where in a sentence the main clause round an anchor begins and ends."""
        words = self.scene.words(sentence)
        at = anchor.start - self.scene.sentences[sentence].start
        cuts = [m.start() for m in _CLAUSE_END.finditer(words)] if self.ruled else []
        left = max((c for c in cuts if c <= at), default=0)
        return left, min((c for c in cuts if c > at), default=len(words))

    def _same_day(self, sentence: int) -> DateValue | None:
        """The date that "later that day" refers to: the last day told before."""
        said = _SAME_DAY.search(self.scene.words(sentence)) if self.ruled else None
        if said is None:
            return None
        item = self.scene.item(sentence)
        start = self.scene.sentences[sentence].start
        for before in range(sentence - 1, max(-1, sentence - 4), -1):
            if self.scene.item(before) != item:
                break
            found = dates.find(self.scene.words(before), language=self.scene.language)
            for left, right in reversed(found):
                offset = self.scene.sentences[before].start
                located = self.scene.evidence(offset + left, offset + right)
                value = dates.resolve(
                    located.exact, self.scene.reference(before), language=self.scene.language
                )
                if value is not None and value.start is not None and value.start == value.end:
                    evidence = self.scene.evidence(start + said.start(), start + said.end())
                    return value.model_copy(
                        update={"text": evidence.exact, "basis": "relative", "evidence": evidence}
                    )
        return None

    def _own_dates(
        self, free: list[tuple[int, int]], sentence: int, anchor: Evidence
    ) -> list[tuple[int, int]]:
        """Of several dates, the one between the anchor and what the sentence tells next."""
        start = self.scene.sentences[sentence].start
        words = self.scene.words(sentence)
        begin, end = anchor.start - start, anchor.end - start
        right_before = [f for f in free if _NEXT_TO.fullmatch(words[f[1] : begin])]
        limit = min(
            (t.start for t in self.triggers(sentence) if t.start >= end),
            default=len(self.scene.text),
        )
        return right_before[-1:] or [f for f in free if end <= f[0] < limit][:1]

    def _claimed(self, sentence: int, found: tuple[int, int]) -> bool:
        """Whether a date of the sentence belongs to an act on an agreement."""
        if not self.ruled:
            return False
        words = self.scene.words(sentence)
        before = words[max(0, found[0] - 24) : found[0]].lower()
        if re.search(r"\b(?:signed|ratified|adopted|since|force)\b", before):
            return True
        if _DATELINE.fullmatch(words[: found[0]]) and _NEWS.match(words, found[1]):
            return True
        return bool(_SAID_BEFORE.search(words[: found[0]]) or _SAID_AFTER.match(words, found[1]))

    def _dated(
        self, located: Evidence, sentence: int, status: EngagementStatus
    ) -> DateValue | None:
        if _SAME_MONTH.match(self.scene.text, located.end):
            return self._of_same_month(located, sentence)
        before = self.scene.text[max(0, located.start - 120) : located.start]
        ahead = status in FUTURE and _WAS_DUE.search(before) is None
        direction: Literal["past", "future"] = "future" if ahead else "past"
        value = dates.resolve(
            located.exact,
            self.scene.reference(sentence),
            direction=direction,
            language=self.scene.language,
        )
        if value is None:
            self.leave_out("date", located.exact, "the words hold no date")
            return None
        return value.model_copy(update={"evidence": located})

    def _of_same_month(self, located: Evidence, sentence: int) -> DateValue | None:
        """The date of "the 17th of the same month": in the month told of last."""
        for before in range(sentence, -1, -1):
            if self.scene.item(before) != self.scene.item(sentence):
                break
            start = self.scene.sentences[before].start
            found = dates.find(self.scene.words(before), language=self.scene.language)
            for left, right in reversed([f for f in found if start + f[1] <= located.start]):
                words = self.scene.text[start + left : start + right]
                value = dates.resolve(words, self.scene.reference(before), direction="past")
                if value is None or value.start is None or value.end is None:
                    continue
                if (value.start.year, value.start.month) != (value.end.year, value.end.month):
                    continue
                month = monthrange(value.start.year, value.start.month)[1]
                day = dates.resolve(located.exact, value.start.replace(day=month), direction="past")
                return day.model_copy(update={"evidence": located}) if day else None
        self.leave_out("date", located.exact, "the month that it refers to is not told")
        return None

    def _place(self, where: str, sentence: int) -> Place | None:
        if not where.strip():
            return None
        span = self.scene.sentences[sentence]
        located = self.locate(where, span.start)
        if located is None or not span.start <= located.start < span.end:
            self.leave_out("place", where, "not in the sentence that tells of it")
            return None
        located = self._behind_event(located)
        country = country_of_place(located.exact, context=self.scene.text)
        if country is None and self.ruled and not _CAPITALISED.search(located.exact):
            self.leave_out("place", where, "names no place")
            return None
        return Place(name=located.exact, country=country, evidence=located)

    def _behind_event(self, located: Evidence) -> Evidence:
        """The place in "the 3rd Dialogue in Bern": an event is none, the words behind it are."""
        if not self.ruled or not reading.event_names(located.exact):
            return located
        for found in _BEHIND.finditer(located.exact):
            name = found.group(1).rstrip(".,'’-")
            if country_of_place(name, context=self.scene.text) is not None:
                left = located.start + found.start(1)
                return self.scene.evidence(left, left + len(name))
        return located

    def _place_after(self, sentence: int, trigger: Trigger | None) -> Place | None:
        """The place that follows the trigger, before the sentence tells of anything else."""
        if trigger is None or trigger.type == "call":
            return None
        span = self.scene.sentences[sentence]
        start = span.start + trigger.end
        nexts = [t.start for t in self.triggers(sentence) if t.start >= trigger.end]
        end = span.start + min(nexts) if nexts else span.end
        # What is visited is named at once; where a meeting was, behind a preposition.
        pattern = _VISITED if trigger.type == "visit" else _BEHIND
        for found in pattern.finditer(self.scene.text[start:end]):
            if _ELSEWHERE.search(self.scene.text[start : start + found.start()]):
                continue
            name = found.group(1).rstrip(".,'’-")
            if _PREMISES.search(name):
                continue  # whose the building is says nothing of where it stands
            name = _first_of(name, self.scene.text)
            country = country_of_place(name, context=self.scene.text)
            if country is not None:
                left = start + found.start(1)
                evidence = self.scene.evidence(left, left + len(name))
                return Place(name=evidence.exact, country=country, evidence=evidence)
        return None

    def _place_before(self, sentence: int, trigger: Trigger | None) -> Place | None:
        """The place with which the sentence begins: "In Lima on Monday, he met"."""
        if trigger is None or trigger.type == "call" or not self.ruled:
            return None
        words = self.scene.words(sentence)
        found = _IN_FRONT.match(words)
        others = any(t.start < trigger.start for t in self.triggers(sentence))
        if found is None or found.end() > trigger.start or others:
            return None
        name = found[1].rstrip(".,'’-")
        country = country_of_place(name, context=self.scene.text)
        if country is None:
            return None
        left = self.scene.sentences[sentence].start + found.start(1)
        evidence = self.scene.evidence(left, left + len(name))
        return Place(name=evidence.exact, country=country, evidence=evidence)

    # --- agreements -----------------------------------------------------------------------

    def agreement(self, draft: AgreementDraft) -> None:
        """Resolve one drafted agreement."""
        located = self.locate(draft.title)
        if located is None:
            self.leave_out("agreement", draft.title, "the title is not in the passage")
            return
        sentence = self.scene.sentence_at(located.start)
        start = self.scene.sentences[sentence].start
        if not self.ruled:
            self._instrument_as_drafted(draft, sentence, located)
            return
        titles = [
            t
            for t in reading.titles(self.scene.words(sentence))
            if start + t.start < located.end and located.start < start + t.end
        ]
        if not titles:
            self.leave_out("agreement", draft.title, "not the title of an instrument")
        for title in titles:
            self._instrument(draft, sentence, title)

    def _instrument(self, draft: AgreementDraft | None, sentence: int, title: Title) -> None:
        scene = self.scene
        start = scene.sentences[sentence].start
        words = scene.words(sentence)
        readings = reading.acts(words, (title.start, title.end))
        verbs = [(a.start, a.end) for a in readings]
        titles = reading.titles(words)
        beyond = min((t.start for t in titles if t.start >= title.end), default=len(words))
        # What is done with the next title, by a verb of its own, has a date of its own.
        next_acts = (
            act.start
            for other in titles
            if other.start >= title.end
            for act in reading.acts(words, (other.start, other.end))
        )
        own = min((a for a in next_acts if all(a > verb[1] for verb in verbs)), default=len(words))
        acts = tuple(
            self._act(a.kind, a.realis, sentence, (a.start, a.end), verbs, (beyond, own))
            for a in readings
        )
        self.findings.instruments.append(
            Instrument(
                sentence=sentence,
                title=title.title,
                acronym=title.acronym,
                type=title.type,
                evidence=scene.evidence(start + title.start, start + title.end),
                parties=self._between(draft, sentence, title, readings),
                another=bool(_ANOTHER.search(words[: title.start])),
                acts=acts,
            )
        )

    def _act(
        self,
        kind: ActKind,
        realis: Realis,
        sentence: int,
        verb: tuple[int, int],
        verbs: Sequence[tuple[int, int]],
        limits: tuple[int, int],
    ) -> Act:
        """An act with the date of its clause: the next behind its verb, else the last before it.

        A date beyond another act's verb is that act's. `limits`: where the next title begins, whose
        date it is if one before the verb is left for this act, and where the next title's own act
        begins.
        """
        scene = self.scene
        span = scene.sentences[sentence]
        found = self._free_dates(sentence, verbs)
        first = max((v[1] for v in verbs if v[1] <= verb[0]), default=0)
        last = min((v[0] for v in verbs if v[0] >= verb[1]), default=len(scene.text))
        ends = (m.start() for m in _CLAUSE_END.finditer(scene.words(sentence)))
        last = min(last, min((c for c in ends if c >= verb[1]), default=last))
        beyond, own = limits
        to_come = _TO_COME.search(scene.words(sentence), verb[1])
        own = min(own, to_come.start()) if to_come else own
        last = min(last, own)
        behind = [f for f in found if verb[1] <= f[0] < last]
        before = [f for f in found if first <= f[0] and f[1] <= verb[0]]
        nearer = [f for f in behind if f[0] < beyond] if before else behind
        chosen = min(nearer, default=None) or max(before, default=None)
        dated = None
        if chosen is not None and kind not in _UNDATED:
            where = scene.evidence(span.start + chosen[0], span.start + chosen[1])
            dated = self._dated(where, sentence, "planned" if realis == "planned" else "held")
        elif chosen is None and kind not in _UNDATED:
            dated = self._same_day(sentence)
        evidence = scene.evidence(span.start + verb[0], span.start + verb[1])
        return Act(kind=kind, realis=realis, date=dated, evidence=[evidence])

    def _free_dates(self, sentence: int, verbs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """The dates of a sentence that no verb but these has at its side: "last used in 2019"."""
        words = self.scene.words(sentence)
        free = []
        for date in dates.find(words, language=self.scene.language):
            before = _VERB_OF_DATE.search(words[: date[0]])
            decided = before and _DECIDED.match(before[1]) and words[date[1] :].startswith(" to ")
            mine = decided or (
                before and any(v[0] < before.end(1) and before.start(1) < v[1] for v in verbs)
            )
            told = _SAID_BEFORE.search(words[: date[0]]) or _SAID_AFTER.match(words, date[1])
            if told is None and (before is None or mine):
                free.append(date)
        return free

    def _between(
        self,
        draft: AgreementDraft | None,
        sentence: int,
        title: Title,
        readings: Sequence[ActReading],
    ) -> tuple[Party, ...]:
        """The parties that the title names, else the act's subjects, else those of the draft."""
        span = self.scene.sentences[sentence]
        left, right = span.start + title.start, span.start + title.end
        topic = _TOPIC.search(self.scene.text, left, right)
        named = [
            p
            for _, _, p in self.scene.parties_in(left, topic.start() if topic else right)
            if p.kind != "territory"
        ]
        behind = self._sides_behind(right, span.end)
        named += [a.party for a in behind if a.party is not None]
        if len({p.code for p in named}) > 1:
            return _distinct(named)
        partner = self._partner(right, span.end)
        if partner is not None:
            return self._parties_of(sentence, (partner,))
        subjects = self._subjects(sentence, readings)
        if len(subjects) > 1:
            return subjects
        drafted: list[Party] = []
        for words in draft.between if draft else ():
            located = self.locate(words, span.start)
            if located is None or _BOTH.fullmatch(words.strip()):
                continue
            if span.start <= located.start < span.end:
                drafted += [p for _, _, p in self.scene.parties_in(located.start, located.end)]
        told = _distinct([*named, *drafted])
        return told if len(told) > 1 else self._parties_of(sentence, told)

    def _subjects(self, sentence: int, readings: Sequence[ActReading]) -> tuple[Party, ...]:
        """The parties listed right before an act: "Kenya, Oman and Peru have signed"."""
        span = self.scene.sentences[sentence]
        for act in readings:
            begin = span.start + act.start
            sides: list[Party] = []
            last = span.start
            for left, right, party in self.scene.parties_in(span.start, begin):
                if sides and not _JOINS.fullmatch(self.scene.text[last:left]):
                    sides = []
                sides.append(party)
                last = right
            if sides and _AUXILIARIES.fullmatch(self.scene.text[last:begin]):
                return _distinct(sides)
        return ()

    def _partner(self, start: int, end: int) -> Party | None:
        """The party right behind a title: "the Fisheries Agreement with Senegal"."""
        opening = _WITH.match(self.scene.text, start, end)
        if opening is None:
            return None
        nearest = self.scene.parties_in(opening.end(), end)[:1]
        return nearest[0][2] if nearest and nearest[0][0] == opening.end() else None

    def _parties_of(self, sentence: int, told: tuple[Party, ...]) -> tuple[Party, ...]:
        """The two sides of a sentence, by those it names and those for whom its people stand."""
        span = self.scene.sentences[sentence]
        states = [p for _, _, p in self.scene.parties_in(span.start, span.end) if p.kind == "state"]
        stood_for = [self._at_home(self._of_mention(m)) for m in self.scene.mentions_in(sentence)]
        sides = _distinct([*told, *states, *(a.party for a in stood_for if a.party is not None)])
        codes = {p.code for p in told}
        return sides if len(sides) == 2 and codes <= {p.code for p in sides} else told

    def _instrument_as_drafted(
        self, draft: AgreementDraft, sentence: int, located: Evidence
    ) -> None:
        """Where no rules read the language, the model's own choices are taken."""
        realis: Realis = "done"
        kind = draft.act
        if kind == "planned_signing":
            kind, realis = "signed", "planned"
        elif kind == "not_signed":
            kind, realis = "signed", "denied"
        dated = None
        when = self.locate(draft.when, located.start) if draft.when.strip() else None
        if when is not None:
            dated = self._dated(when, sentence, "planned" if realis == "planned" else "held")
        parties: list[Party] = []
        for words in draft.between:
            party = self.scene.resolver.resolve(words, context=self.scene.text)
            if party is not None and self.locate(words) is not None:
                parties.append(party)
        act = Act(kind=kind, realis=realis, date=dated, evidence=[located])
        self.findings.instruments.append(
            Instrument(
                sentence, located.exact, None, "agreement", located, _distinct(parties), (act,)
            )
        )


def _one_kind(a: str, b: str) -> bool:
    return a == b or {a, b} <= TALKS


def _own_company(told: Told, others: Sequence[Told]) -> bool:
    """Whether two sides of a telling are not those of another."""
    ours = {a.person or a.code for a in told.attendees}
    theirs = [{a.person or a.code for a in other.attendees} for other in others]
    return len(ours) > 1 and not any(len(t) > 1 and (ours <= t or t <= ours) for t in theirs)


def _first_of(name: str, text: str) -> str:
    """The first of places in several countries: "Senegal, Ghana" are not one place."""
    parts = name.split(", ")
    countries = [country_of_place(part, context=text) for part in parts]
    several = countries[0] is not None and len({*countries} - {None}) > 1
    return parts[0] if several else name


def _is_heading(words: str) -> bool:
    """Whether a heading has no verb, and so no tense: "Meeting between A and B"."""
    return len(words) < _LONGEST_HEADING and words[-1:].isalnum() and not reading.is_finite(words)


def _told_apart(words: str, trigger: Trigger | None) -> bool:
    """Whether a meeting is told as one beside others: "held bilaterals", "also met"."""
    also = trigger is not None and _ALSO.search(words[: trigger.start])
    return bool(also) or reading.distributive(words)


def _told_again(words: str, trigger: Trigger | None) -> bool:
    """Whether a visit is told as one that is known, by what it will do."""
    if trigger is None or trigger.type != "visit":
        return False
    known = _KNOWN.search(words[: trigger.start]) is not None
    return known and _EFFECT.match(words, trigger.end) is not None


def _within_event(one: Attendee, event: Evidence | None) -> bool:
    return _within((one.evidence.start, one.evidence.end), event)


def _within(span: tuple[int, int], evidence: Evidence | None) -> bool:
    return evidence is not None and span[0] < evidence.end and evidence.start < span[1]


def _overlap(mention: Mention, evidence: Span) -> bool:
    return mention.start < evidence.end and evidence.start < mention.end


def _add(found: list[Attendee], one: Attendee, *, first: bool = False) -> None:
    """Add an attendee who is not there yet; a named one replaces the unnamed of the same side."""
    for i, other in enumerate(found):
        same_person = one.person is not None and one.person is other.person
        same_side = one.code is not None and one.code == other.code
        if same_person or (same_side and one.person is None):
            return
        if same_side and other.person is None:
            found[i] = one
            return
    found.insert(0 if first else len(found), one)


def _distinct(parties: Iterable[Party]) -> tuple[Party, ...]:
    kept: dict[object, Party] = {}
    for party in parties:
        kept.setdefault(party.code or party.as_written, party)
    return tuple(kept.values())
