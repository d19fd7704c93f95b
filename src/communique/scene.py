"""What an article says of its people, before any draft is read: who is who, and for whom.

Built once per article, without a model: its sentences, the people in them (each mention of
"Singh" belongs to the person introduced as "Defence Minister Rajnath Singh"), the parties, and
for whom somebody stands whose own words do not say it. Everything is by position, so that a
later station can ask what is told where.
"""

from __future__ import annotations

import bisect
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from communique import leaders, officials, people, reading, tongues
from communique.grounding import Index, index_of
from communique.parties import Resolver, country_of_place
from communique.people import Mention

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from communique.article import Article
    from communique.reading import Trigger
    from communique.schemas import Evidence, Party, Span

_PREPOSITION = re.compile(r"\b(?:in|on|to|against|of|towards?|over|with)(?: the)? $", re.IGNORECASE)
_OF_A_CITY = re.compile(r"\b(?:in|at|from|near) [A-Z][\w.’'-]+(?: [A-Z][\w.’'-]+){0,2}, $")
_INTRODUCED = re.compile(r"\(([A-Z][A-Za-z]*[A-Z])\)")
_COMPOUND = re.compile(r"[-–/]")
_OTHER_SIDE = re.compile(r" (?:side|counterparts?|delegation)\b")
_ATTRIBUTE = re.compile(
    r" (?!(?:and|or|to|as|in|on|at|by|for|from|of|with|through|including|has|have|had|is|are|was|"
    r"were|will|would|after|before|who|which|that|but|during|until|also|said|says)\b)[a-z]"
)
"""What follows a party's name that is an attribute: a common noun, no verb and no function word."""
_ROYAL = frozenset({"king", "queen", "emir", "amir", "sultan", "prince", "princess", "emperor"})
_BELOW = frozenset({"deputy", "vice", "assistant", "under", "acting", "former"})
_NO_NAME = re.compile(r"\d|\b[A-Z]{2,}\b|[\n:;,]")
_SPEAKS_FOR = re.compile(
    r"\b(?:spokes(?:person|man|woman)|press secretary|correspondent)\b", re.IGNORECASE
)
"""The office of somebody who tells the news and is not it."""
_QUOTED = re.compile(r'["“][^"”]{0,2000}["”]')
_FIRST_PERSON = re.compile(r"\b(?:I|me|my)\b")
_LOCATIVE = re.compile(
    r"\b(?:in|at|near|across|throughout)(?: the)? $|"
    r"\b(?:north|south|east|west|(?:north|south)(?:east|west))ern $",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"\W*(?:(?:on|in|at|earlier|later|meanwhile|also|separately|during|after|before|today|"
    r"yesterday)\b(?:[^,.;]{0,60},|"
    r"(?: (?!with\b|of\b|by\b|his\b|her\b|to\b)[\w-]+){0,3}) )?"
    r"(?:(?:the|his|her|their|its|a|an|h\.e\.|dr|mr|ms|mrs)\.? )?",
    re.IGNORECASE,
)
"""What may stand before the subject of a sentence."""
_PRONOUN_FIRST = re.compile(
    r"\W*(?:(?:on|in|at|later|earlier)\b[^,.;]{0,60},? )?(?:he|she)\b", re.IGNORECASE
)
_COLLEAGUE = re.compile(r"\b(?:my|our) (?:[\w-]+ )?colleagues?,?\s+(?:the )?$")
_BOUND_FOR = re.compile(r"\b(?:to|in|at|from|for)(?: the)? $")
_OURS = re.compile(r"\b(?:we|our|us)\b")
_IN_CITY = re.compile(r" in ([A-Z][\w’'-]+(?: [A-Z][\w’'-]+)?)")
_COMPANY_REACH = 3
"""How many sentences back "the two ministers" may refer."""
_SIDES = frozenset({"state", "organisation", "territory"})
_ARTICLE_STATES = frozenset({"state", "territory"})


@dataclass(eq=False)
class Person:
    """One person of the article, by the fullest name, with every mention."""

    name: str
    office: str | None = None
    party: Party | None = None
    mentions: list[Mention] = field(default_factory=list)

    @property
    def first(self) -> int:
        """Offset of the first mention."""
        return self.mentions[0].name_start if self.mentions else 0

    def nearest(self, offset: int) -> Mention:
        """The mention nearest to an offset."""
        return min(self.mentions, key=lambda m: abs(m.name_start - offset))

    def adopt(self, mention: Mention) -> None:
        """Take one more mention, and what it adds."""
        self.mentions.append(mention)
        if mention.name and len(mention.name) > len(self.name):
            self.name = mention.name
        self.office = _fuller(self.office, mention.office)
        self.party = self.party or mention.party


def _fuller(old: str | None, new: str | None) -> str | None:
    """The office that says more: two words beat "Secretary"; the earlier wins a tie."""
    if old is None or new is None:
        return old or new
    return new if len(new.split()) > len(old.split()) == 1 else old


@dataclass(eq=False)
class Scene:
    """An article with its sentences, people and parties."""

    article: Article
    aliases: Mapping[str, str] | None = None
    assigned: dict[Person, Party] = field(default_factory=dict)
    """For whom people stand by what a model was asked (`communique.homes`)."""

    @cached_property
    def text(self) -> str:
        """The article's text as it is read: as given, with its asides blank."""
        return self.article.told

    @cached_property
    def index(self) -> Index:
        """The whole text, for locating."""
        return index_of(self.text)

    @cached_property
    def resolver(self) -> Resolver:
        """Parties, with the user's aliases."""
        return Resolver(self.aliases, language=self.language)

    @cached_property
    def language(self) -> str:
        """The article's language; English where it is not known."""
        return (self.article.language or "en").split("-")[0]

    @cached_property
    def sentences(self) -> list[Span]:
        """Every sentence, in order."""
        return self.article.sentences

    @cached_property
    def _starts(self) -> list[int]:
        return [s.start for s in self.sentences]

    def sentence_at(self, offset: int) -> int:
        """Index of the sentence that an offset lies in."""
        return max(0, bisect.bisect_right(self._starts, offset) - 1)

    def words(self, sentence: int) -> str:
        """The words of a sentence."""
        span = self.sentences[sentence]
        return self.text[span.start : span.end]

    def item(self, sentence: int) -> int:
        """Index of the item that a sentence belongs to."""
        return self.article.item_at(self.sentences[sentence].start)

    def paragraph(self, sentence: int) -> int:
        """Index of the paragraph that a sentence belongs to."""
        starts = self._paragraph_starts
        return max(0, bisect.bisect_right(starts, self.sentences[sentence].start) - 1)

    @cached_property
    def _paragraph_starts(self) -> list[int]:
        return [p.start for p in self.article.paragraphs]

    def reference(self, sentence: int) -> dt.date | None:
        """The publication date that a sentence's relative dates refer to."""
        return self.article.published_of(self.item(sentence))

    def evidence(self, start: int, end: int) -> Evidence:
        """Evidence for a span, in the words of the text as given."""
        return self._given.evidence(start, end)

    @cached_property
    def _given(self) -> Index:
        return self.index if not self.article.asides else index_of(self.article.text)

    @cached_property
    def mentions(self) -> list[Mention]:
        """Every mention of a person or side, in reading order."""
        if tongues.supports(self.language):
            found = officials.find(self.text, self.language, self.resolver)
        else:
            found = people.find(self.text, context=self.text, resolver=self.resolver)
        titles = self.title_spans
        return [m for m in found if not any(t[0] <= m.start and m.end <= t[1] for t in titles)]

    @cached_property
    def title_spans(self) -> list[tuple[int, int]]:
        """Where the titles of agreements stand: the words in them name nobody."""
        if tongues.supports(self.language):
            return [
                (span.start + title.start, span.start + title.end)
                for span in self.sentences
                for title in tongues.titles(self.text[span.start : span.end], self.language)
            ]
        if not reading.supports(self.language):
            return []
        return [
            (span.start + title.start, span.start + title.end)
            for span in self.sentences
            for title in reading.titles(self.text[span.start : span.end])
        ]

    def mentions_in(self, sentence: int) -> list[Mention]:
        """The mentions of one sentence."""
        span = self.sentences[sentence]
        return [m for m in self.mentions if span.start <= m.start and m.end <= span.end]

    @cached_property
    def parties(self) -> list[tuple[int, int, Party]]:
        """Every party named, in reading order."""
        return self.resolver.find(self.text, context=self.text)

    def parties_in(self, start: int, end: int) -> list[tuple[int, int, Party]]:
        """The parties named within a span."""
        return [p for p in self.parties if start <= p[0] and p[1] <= end]

    def sides_in(self, start: int, end: int) -> list[Party]:
        """The states and organisations that a span tells of, one each, places apart.

        Both those that it names as ones that have and do things, and those for whom the people
        in it stand.
        """
        sides: dict[str, Party] = {}
        for left, _, party in self.parties_in(start, end):
            if party.code and party.kind in _SIDES and not self.is_where(left):
                sides.setdefault(party.code, party)
        for person in self.people:
            home = person.party or self.home(person)
            named = any(start <= m.start < end for m in person.mentions)
            if named and home is not None and home.code:
                sides.setdefault(home.code, home)
        return list(sides.values())

    def paired(self, item: int) -> list[Party]:
        """The two parties of the only compound that an item holds: "the EU-Kenya relationship"."""
        span = self.article.items[item]
        pairs: dict[frozenset[str | None], list[Party]] = {}
        for (_, end, one), (start, _, other) in pairwise(self.parties_in(span.start, span.end)):
            if one.code != other.code and _COMPOUND.fullmatch(self.text[end:start]):
                pairs.setdefault(frozenset({one.code, other.code}), [one, other])
        return next(iter(pairs.values())) if len(pairs) == 1 else []

    def is_where(self, start: int) -> bool:
        """Whether a party's name is only where something is: "in Spain"."""
        before = self.text[max(0, start - 60) : start]
        return bool(_LOCATIVE.search(before) or _OF_A_CITY.search(before))

    @cached_property
    def people(self) -> list[Person]:
        """Everybody named, one each, in the order of their first mention."""
        found: list[Person] = []
        for mention in self.mentions:
            if mention.name is None:
                continue
            person = _whose(mention, found)
            if person is None:
                found.append(person := Person(mention.name))
            person.adopt(mention)
        return found

    def triggers(self, sentence: int) -> list[Trigger]:
        """The words of a sentence that tell of engagements, short names of events among them."""
        words = self.words(sentence)
        acts = [
            a
            for t in reading.titles(words)
            for a in reading.acts(words, (t.start, t.end))
            if a.kind == "negotiating"
        ]
        # "Talks on the Convention" are told by the agreement, as an act on it.
        found = [
            t
            for t in reading.triggers(words)
            if not any(a.start < t.end and t.start < a.end for a in acts)
        ]
        for short, name in self.event_acronyms.items():
            match = re.search(rf"(?<!\()\b{re.escape(short)}\b", words)
            if match is None:
                continue
            spelled = words[: match.start()] + name + words[match.end() :]
            found += [
                replace(trigger, start=match.start(), end=match.end())
                for trigger in reading.triggers(spelled)
                if match.start() <= trigger.start < match.start() + len(name)
            ]
        return found

    def introduce(self, name: str, office: str | None, party: Party | None) -> Person | None:
        """Take up somebody whom a draft names and no title introduces: "Modi met Macron".

        Every place where the name stands becomes a mention. None for what cannot be the name
        of a person: a party, an event, an abbreviation.
        """
        cased = name.lower() != name.upper()
        if self.resolver.find(name) or _NO_NAME.search(name) or (cased and name == name.lower()):
            return None
        if reading.event_names(name):
            return None
        person = Person(name, office, party)
        for found in self.index.find_all(name):
            span = (found.start, found.end)
            taken = [(m.start, m.end) for m in self.mentions] + self.title_spans
            if any(start < found.end and found.start < end for start, end in taken):
                continue
            person.adopt(Mention(*span, name, *span, office, party, plural=False))
        if not person.mentions:
            return None
        self.people.append(person)
        self.mentions.extend(person.mentions)
        self.mentions.sort(key=lambda m: m.start)
        return person

    def person(self, name: str, near: int) -> Person | None:
        """The person that a name means at an offset: the nearest of those it fits."""
        fitting = [p for p in self.people if people.same(p.name, name)]
        if not fitting:
            return None
        return min(fitting, key=lambda p: abs(p.nearest(near).name_start - near))

    def lead(self, item: int) -> Person | None:
        """The person that an item is about: the first named, unless another is named far more."""
        span = self.article.items[item]
        counts = {
            p: sum(span.start <= m.name_start < span.end for m in p.mentions) for p in self.people
        }
        here = [p for p in self.people if counts[p] and not _SPEAKS_FOR.search(p.office or "")]
        if not here:
            return None
        first = min(here, key=lambda p: min(m.start for m in p.mentions if m.start >= span.start))
        most = max(here, key=lambda p: counts[p])
        return most if counts[most] > 2 * counts[first] else first

    def other_lead(self, item: int, lead: Person) -> Person | None:
        """Whom else an item is about: named more than once, and for another side."""
        span = self.article.items[item]
        ours = self.home(lead)
        best: tuple[int, Person] | None = None
        for person in self.people:
            count = sum(span.start <= m.name_start < span.end for m in person.mentions)
            theirs = self.home(person)
            rival = theirs is not None and (ours is None or theirs.code != ours.code)
            if person is not lead and rival and count > 1 and (best is None or count > best[0]):
                best = (count, person)
        return best[1] if best else None

    def subject_before(self, sentence: int) -> Person | None:
        """Whom "he" means: the subject of the sentence before, or whom its own "he" means."""
        for before in range(sentence - 1, max(-1, sentence - _COMPANY_REACH - 1), -1):
            if self.item(before) != self.item(sentence):
                return None
            words = self.words(before)
            named = [m for m in self.mentions_in(before) if m.name is not None]
            start = self.sentences[before].start
            if named and _SUBJECT.fullmatch(words[: named[0].start - start]):
                return next((p for p in self.people if named[0] in p.mentions), None)
            if not _PRONOUN_FIRST.match(words):
                return None
        return None

    def company(self, sentence: int, count: int | None) -> list[Mention]:
        """Whom "the two ministers" means: the people of the nearest sentence before with so many.

        `count` None takes any sentence that names several of different parties.
        """
        item = self.item(sentence)
        for before in range(sentence - 1, max(-1, sentence - _COMPANY_REACH - 1), -1):
            if self.item(before) != item:
                break
            named: dict[Person, Mention] = {}
            for mention in self.mentions_in(before):
                person = next((p for p in self.people if mention in p.mentions), None)
                if person is not None:
                    named.setdefault(person, mention)
            homes = {(self.home(p) or p.party or p) for p in named}
            if len(named) > 1 and len(homes) > 1 and (count is None or len(named) == count):
                return list(named.values())
        return []

    def titled(self, office: str, near: int) -> Person | None:
        """The person that "the Defence Minister" means: the lead, else the last named before."""
        wanted = office.lower().removeprefix("the ").split()
        fits = [p for p in self.people if p.office and _holds(p.office, wanted)]
        lead = self.lead(self.article.item_at(near))
        if lead in fits:
            return lead
        before = [p for p in fits if p.first < near]
        if before:
            return max(before, key=lambda p: max(m.start for m in p.mentions if m.start < near))
        return fits[0] if len(fits) == 1 else None

    def holder(self, office: str, party: Party) -> Person | None:
        """The only person named who holds an office of a party: "the foreign minister of Peru"."""
        wanted = office.lower().split()
        held = [
            p
            for p in self.people
            if p.office
            and _holds(p.office, wanted)
            and (home := p.party or self.home(p)) is not None
            and home.code == party.code
        ]
        if not held:  # "her counterpart X", later "the Peruvian minister"
            held = [
                p for p in self.people if not p.office and p.party and p.party.code == party.code
            ]
        return held[0] if len(held) == 1 and party.code else None

    @cached_property
    def event_acronyms(self) -> dict[str, str]:
        """Short forms of events, each with the name beside which the article introduces it."""
        found = {}
        for short in _INTRODUCED.finditer(self.text):
            sentence = self.sentence_at(short.start())
            start = self.sentences[sentence].start
            for left, right, _ in reading.event_names(self.words(sentence)):
                if start + left < short.start() <= start + right:
                    found[short.group(1)] = self.text[start + left : short.start()].strip()
        return found

    def home(self, person: Person) -> Party | None:
        """For whom somebody stands whose own words do not say it.

        The person that the item is about stands for the state that the item speaks from; anybody
        else for the other state last named before them in their paragraph, where they are met, or
        where none is named, for the same one.
        """
        if person.party is not None:
            return person.party
        beside = self._beside(person)
        if beside is not None:
            return beside
        guessed, sure = self._guess(person)
        return guessed if sure else self.assigned.get(person, guessed)

    def stated(self, person: Person) -> Party | None:
        """For whom somebody stands by any words of the article, or by the public record."""
        return person.party or self._beside(person)

    def _beside(self, person: Person) -> Party | None:
        """For whom somebody stands by office, by name, or by the words around the first mention."""
        return (
            people.party_of_office(person.office or "", self.text)
            or self._known(person)
            or self._colleague(person)
            or self.joined(person)
            or self._placed(person)
        )

    def _known(self, person: Person) -> Party | None:
        """The party of somebody of public record."""
        if person not in self._of_record:
            published = self.article.published_of(self.article.item_at(person.first))
            year = published.year if published else None
            named = {p.code: p for _, _, p in reversed(self.parties) if p.code}
            self._of_record[person] = leaders.party_of(person.name, person.office, year, named)
        return self._of_record[person]

    @cached_property
    def _of_record(self) -> dict[Person, Party | None]:
        return {}

    def _colleague(self, person: Person) -> Party | None:
        """The speaker's own side, for "my colleague, the Minister for Trade X"."""
        first = person.mentions[0]
        before = self.text[max(0, first.start - 40) : first.start]
        ours = person.office is not None and _COLLEAGUE.search(before) is not None
        return self.speaker(self.article.item_at(first.start)) if ours else None

    def _guess(self, person: Person) -> tuple[Party | None, bool]:
        """The state inferred for somebody, and whether what stands around settles it."""
        item = self.article.item_at(person.first)
        lead = self.lead(item)
        author = self.author(item)
        leading = person is author if self._in_first_person(item) else lead in {None, person}
        if leading:
            return self._speaks_from(item), self._is_settled(item)
        stated = author.party if author else lead.party if lead else None
        ours = stated or self._speaks_from(item)
        met, near = self._met_in(person, ours)
        if met is not None or self._in_first_person(item):
            # Another side than ours is as sure as ours is.
            return met, near and (stated is not None or self._is_settled(item))
        return ours, False

    def is_open(self, person: Person) -> bool:
        """Whether neither somebody's own words nor what stands around them say for whom."""
        if person.party is not None or person.office is None:
            return False
        return self._beside(person) is None and not self._guess(person)[1]

    def joined(self, person: Person) -> Party | None:
        """The party of whom somebody is joined to: "the Georgian President X and Premier Y"."""
        first = person.mentions[0]
        before = [m for m in self.mentions if m.end < first.start and m.name is not None]
        if not before or person.office is None:
            return None
        other = before[-1]
        joined = self.text[other.end : first.start] in {" and ", " and the "}
        return other.party if joined else None

    def _placed(self, person: Person) -> Party | None:
        """The state in whose city somebody is met: "President X in Baku"."""
        first = person.mentions[0]
        place = _IN_CITY.match(self.text, first.end)
        lead = self.lead(self.article.item_at(person.first))
        if place is None or person is lead or person.office is None:
            return None
        code = country_of_place(place[1], context=self.text)
        host = self.resolver.resolve(place[1], context=self.text)
        if host is None or host.code != code:
            return None
        ours = (lead.party if lead else None) or self._speaks_from(
            self.article.item_at(first.start)
        )
        rival = ours is None or ours.code != host.code
        return host if rival and host.kind == "state" else None

    def own_side(self, item: int) -> Party | None:
        """The side that an item tells its news of: its lead's, else that which it speaks from."""
        lead = self.lead(item)
        return (self.home(lead) if lead else None) or self._speaks_from(item)

    def speaker(self, item: int) -> Party | None:
        """The side of the "I" of a statement in the first person; None where nobody says "I"."""
        if not self._in_first_person(item):
            return None
        author = self.author(item)
        return (author.party if author else None) or self._speaks_from(item)

    def _in_first_person(self, item: int) -> bool:
        span = self.article.items[item]
        own = _QUOTED.sub(" ", self.text[span.start : span.end])
        return _FIRST_PERSON.search(own) is not None

    def author(self, item: int) -> Person | None:
        """Who says "I": whom a heading names before the statement begins, or None."""
        if not self._in_first_person(item):
            return None
        span = self.article.items[item]
        for sentence, where in enumerate(self.sentences):
            if self.item(sentence) != item or where.start < span.start:
                continue
            if _FIRST_PERSON.search(self.words(sentence)) or reading.is_finite(
                self.words(sentence).lower()
            ):
                return None
            named = [m for m in self.mentions_in(sentence) if m.name is not None]
            if len(named) == 1:
                return next((p for p in self.people if named[0] in p.mentions), None)
        return None

    def _met_in(self, person: Person, ours: Party | None) -> tuple[Party | None, bool]:
        """The state last named before somebody, the other side's apart; whether in the paragraph.

        Where several states were named in the paragraph, the last is no more than likely.
        """
        paragraph = self.paragraph(self.sentence_at(person.first))
        start = self._paragraph_starts[paragraph]
        taken = {p.party.code for p in self.people if p.party is not None}
        item = self.article.items[self.article.item_at(person.first)]
        for begin in (start, item.start):
            found = [
                party
                for _, _, party in self.parties_in(begin, person.first)
                if party.kind == "state"
                and (ours is None or party.code != ours.code)
                and party.code not in taken
            ]
            if found:
                return found[-1], begin == start and len({p.code for p in found}) == 1
        return None, False

    def _is_settled(self, item: int) -> bool:
        """Whether an item tells of one state far more than of any other."""
        ranked = [weight for _, weight in self._weighed(item).most_common(2)]
        return bool(ranked) and (len(ranked) == 1 or ranked[0] >= 3 * ranked[1] > 0)

    def _speaks_from(self, item: int) -> Party | None:
        """The state that an item speaks from: named most, as one that has and does things."""
        ranked = self._weighed(item).most_common(2)
        if not ranked or not ranked[0][1] or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
            return None
        span = self.article.items[item]
        code = ranked[0][0]
        return next(p for _, _, p in self.parties_in(span.start, span.end) if p.code == code)

    def _weighed(self, item: int) -> Counter[str]:
        """How much an item tells of each state, by its code.

        States of which somebody else is named do not count, and places count least.
        """
        span = self.article.items[item]
        taken = {p.party.code for p in self.people if p.party is not None}
        weights: Counter[str] = Counter()
        opening: Party | None = None
        spoken = self._in_first_person(item)
        for start, end, party in self.parties_in(span.start, span.end):
            if party.code is None or party.kind not in _ARTICLE_STATES or party.code in taken:
                continue
            ours = spoken and self._is_ours(start, end)
            weights[party.code] += self._weight(start, end) + 4 * ours
            opening = opening or party
        if opening is not None and self._opens(opening, span.start):
            weights[opening.code or ""] += 3  # news begins with whom it is about
        return weights

    def _is_ours(self, start: int, end: int) -> bool:
        """Whether "we" or "our" stands beside a party's name, which is then the speaker's."""
        beside = self.text[max(0, start - 30) : start] + " " + self.text[end : end + 40]
        return not self.is_where(start) and _OURS.search(beside) is not None

    def _opens(self, party: Party, start: int) -> bool:
        """Whether an item begins with a phrase that names a party."""
        opening = self.text[start : start + 30 + len(party.as_written)].partition(". ")[0]
        before, named, _ = opening.partition(party.as_written)
        return bool(named) and _BOUND_FOR.search(before) is None

    def _weight(self, start: int, end: int) -> int:
        """A compound ("India-US") says most, then an attribute ("U.S. troops"), a place least."""
        if _COMPOUND.match(self.text[end : end + 1]) or _COMPOUND.match(self.text[start - 1 :][:1]):
            return 6
        if _OTHER_SIDE.match(self.text, end) or self.is_where(start):
            return 0
        if _ATTRIBUTE.match(self.text, end):
            return 4
        return 1 if _PREPOSITION.search(self.text[max(0, start - 14) : start]) else 2


def _whose(mention: Mention, found: list[Person]) -> Person | None:
    """The person that a mention belongs to: a name that fits and no other party."""
    fitting = [
        person
        for person in reversed(found)
        if people.same(person.name, mention.name or "")
        and (
            person.party is None or mention.party is None or person.party.code == mention.party.code
        )
    ]
    if not fitting:
        begun = [p for p in found if _begun(p, mention)]
        fitting = begun if len(begun) == 1 else []
    fitting = [p for p in fitting if not _other_office(p, mention)]
    wanted = (mention.office or "").lower().split()
    of_office = [p for p in fitting if wanted and p.office and _holds(p.office, wanted)]
    called = [p for p in fitting if p.name == mention.name]  # "Salman" is the king so called
    return next(iter(of_office or called or fitting), None)


def _begun(person: Person, mention: Mention) -> bool:
    """Whether one of two names begins the other, and the shorter one has no office of its own."""
    name = mention.name or ""
    if mention.office is None and people.begins(name, person.name):
        return True
    return person.office is None and people.begins(person.name, name)


def _other_office(person: Person, mention: Mention) -> bool:
    """Whether one name of two royal offices is two people's: King Salman, and his son."""
    short = min(len(person.name.split()), len((mention.name or "").split())) == 1
    ours = set((person.office or "").lower().split())
    theirs = set((mention.office or "").lower().split())
    return bool(short and ours and theirs and _ROYAL & (ours | theirs) and not ours & theirs)


def _holds(office: str, wanted: list[str]) -> bool:
    """Whether an office is the one called by some of its words; a deputy is not the minister."""
    held = office.lower().split()
    same_rank = _BELOW & set(held) == _BELOW & set(wanted)
    return bool(wanted) and same_rank and all(word in held for word in wanted)
