"""What is known of an article that is not in English while it is read, passage by passage.

Who is named where, for whom they stand, and who was told of last: whom "both ministers", a verb
without its subject and "the agreement" mean is looked up here. One `Company` serves a whole
article; everything is found by position, so that reading stays linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING

from communique import tongues

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from communique.people import Mention
    from communique.resolving import Attendee, Instrument, Told
    from communique.scene import Person, Scene
    from communique.schemas import Party

__all__ = ["Company", "distinct", "sides_of"]

_BACK = 6
"""For how many sentences those who met are remembered."""
_REMEMBERED = 40
"""How many engagements and instruments are looked through, the last ones."""
_DATELINE = 3
_STATES = frozenset({"state", "territory"})


class Company:
    """The people and parties of an article in their places, and what was told of them so far."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.language = tongues.code_of(scene.language)
        self.told: list[Told] = []
        self.visits: list[Told] = []
        self.sides: list[tuple[int, tuple[Party, ...]]] = []
        self.instruments: list[Instrument] = []
        self._starts: list[int] = []
        self._homes: dict[Person, Party | None] = {}

    # --- places in the text -------------------------------------------------------------------

    def mentions(self, start: int, end: int) -> list[Mention]:
        """The mentions that begin within a stretch, in reading order."""
        every = self.scene.mentions
        if len(self._starts) != len(every):
            self._starts = [m.start for m in every]
        return every[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    @cached_property
    def _party_starts(self) -> list[int]:
        return [start for start, _, _ in self.scene.parties]

    def parties(self, start: int, end: int) -> list[tuple[int, int, Party]]:
        """The parties named within a stretch, in reading order."""
        first, last = (bisect_left(self._party_starts, at) for at in (start, end))
        return [p for p in self.scene.parties[first:last] if p[1] <= end]

    def is_place(self, start: int, end: int) -> bool:
        """Whether a party's name says where something is: "au Canada", 在中国, भारत में."""
        before = tongues.plain(self.scene.text[max(0, start - 16) : start], self.language)
        after = tongues.plain(self.scene.text[end : end + 10], self.language)
        left, right = tongues.where(self.language)
        return left.search(before) is not None or right.match(after) is not None

    def invites(self, mention: Mention) -> bool:
        """Whether somebody is named only as who invited: "à l'invitation de …", 应…邀请."""
        data = tongues.lexicon(self.language)["invited_by"]
        before = tongues.plain(self.scene.text[: mention.start][-40:], self.language)
        after = tongues.plain(self.scene.text[mention.end : mention.end + 12], self.language)
        told = [re.search(data["before"], before, re.IGNORECASE) if data["before"] else None]
        told.append(re.match(data["after"], after) if data["after"] else None)
        wanted = [found for key, found in zip(("before", "after"), told, strict=True) if data[key]]
        return bool(wanted) and all(wanted)

    def acting(self, start: int, end: int) -> list[tuple[int, int, Party]]:
        """The states and bodies that a stretch names as ones that do something."""
        return [
            (left, right, party)
            for left, right, party in self.parties(start, end)
            if party.kind in {"state", "organisation"} and not self.is_place(left, right)
            if not self.is_private(left, right)
        ]

    def is_private(self, start: int, end: int) -> bool:
        """Whether a state's name says only whose a firm, a club or an artist is.

        "La banque espagnole", "der chinesische Hersteller", شركة صينية, 中国の電池大手. Of an
        adjective in Latin script the noun must be one for a state's own bodies, or tell of an
        event, an office or an instrument; elsewhere it must not be one for private ones.
        """
        text = self.scene.text
        before, after = text[max(0, start - 48) : start], text[end : end + 24]
        language = self.language
        if language in _LATIN:
            if not text[start : start + 1].islower():
                return False
            near = _words_behind(after) if language == "de" else _words_before(before)
            known = tongues.public(language)
            return not any(known.fullmatch(word) for word in near)
        private = tongues.pattern(language, "private")
        if language == "ar":
            words = before.split()[-1:]
            return bool(words) and private.fullmatch(words[0]) is not None
        found = private.search(after[:10])
        return found is not None and not _BREAK.search(after[: found.start()])

    # --- for whom -----------------------------------------------------------------------------

    def home(self, person: Person) -> Party | None:
        """For whom somebody stands whose own words do not say it.

        The side named before in the same sentence ("la cancillería mexicana … su titular"), else
        the state of the dateline or the one that the item names most, of those that nobody else
        stands for; else the state whose press writes in the language, where it is one.
        """
        if person not in self._homes:
            self._homes[person] = self._side_before(person) or self._home_of_item(person)
        return self._homes[person]

    def _side_before(self, person: Person) -> Party | None:
        span = self.scene.sentences[self.scene.sentence_at(person.first)]
        before = self.mentions(span.start, person.first)
        unnamed = (m for m in before if m.name is None and m.office is None)
        return next((m.party for m in unnamed if m.party is not None), None)

    def _home_of_item(self, person: Person) -> Party | None:
        item = self.scene.article.items[self.scene.article.item_at(person.first)]
        inside = self.mentions(item.start, item.end)
        taken = {m.party.code for m in inside if m.party is not None and m.name}
        named = [
            (start, party)
            for start, end, party in self.parties(item.start, item.end)
            if party.kind in _STATES and party.code not in taken
            if start < item.start + _DATELINE or not self.is_place(start, end)
        ]
        default = self.of_language
        sides = [m.party for m in inside if m.party and m.name is None and m.office is None]
        bodies = {p.code: p for p in sides if p.code not in taken}
        if len(bodies) == 1 and default and not any(p.code == default.code for _, p in named):
            return next(iter(bodies.values()))
        if not named or (default and any(p.code == default.code for _, p in named)):
            return default
        if named[0][0] < item.start + _DATELINE:
            return named[0][1]
        codes = [party.code for _, party in named]
        return default or max((p for _, p in named), key=lambda p: codes.count(p.code))

    @cached_property
    def of_language(self) -> Party | None:
        """The state in whose press an office without a country is one of its own."""
        named = {p.code for _, _, p in self.scene.parties}
        text = self.scene.text
        for home in tongues.lexicon(self.language).get("home", ()):
            fits = (
                not set(home.get("unless", ())) & named
                and re.search(home.get("in", ""), text) is not None
                and re.search(home.get("not_in") or r"(?!)", text) is None
                and (not home.get("named") or home["code"] in named)
            )
            if fits:
                return self.scene.resolver.resolve(home["code"])
        return None

    def officer(self, mention: Mention) -> tuple[Person | None, Party | None]:
        """Whom an office alone means, 首相は: who was named with it, else the home state's.

        Where the item has named only other states and their people, nobody can tell.
        """
        item = self.scene.article.items[self.scene.article.item_at(mention.start)]
        earlier = [m for m in self.mentions(item.start, mention.start) if m.name is not None]
        for other in reversed(earlier):
            if other.office is not None and other.office.endswith(mention.office or "?"):
                person = next((p for p in self.scene.people if other in p.mentions), None)
                return person, other.party
        named = {party.code for _, _, party in self.parties(item.start, mention.start)}
        home = self.of_language
        ours = home is not None and (home.code in named or any(m.party is None for m in earlier))
        return None, home if ours or not named else None

    # --- what was told ------------------------------------------------------------------------

    def remember(self, told: Told) -> None:
        """Note who met, and between whom a visit is, for what refers to them."""
        if told.salience == "background":
            return
        parties = distinct(a.party for a in told.attendees if a.party is not None)
        if told.type == "visit":
            self.visits.append(told)
        if len(sides_of(told.attendees)) > 1:
            self.told.append(told)
        elif told.type == "visit" and told.place is not None and told.place.country is not None:
            host = self.scene.resolver.resolve(told.place.country)
            parties = distinct([*parties, *([host] if host is not None else [])])
        if len(parties) > 1:
            self.sides.append((told.evidence.start, parties))

    def hosts(self, sentence: int) -> Party | None:
        """The state visited a sentence or so before, in the same item."""
        for told in reversed(self.visits[-_REMEMBERED:]):
            near = 0 <= sentence - told.sentence <= 1
            near = near and self.scene.item(told.sentence) == self.scene.item(sentence)
            if near and told.place is not None and told.place.country is not None:
                return self.scene.resolver.resolve(told.place.country)
        return None

    def note(self, instrument: Instrument) -> None:
        """Note an instrument, and between whom it is."""
        self.instruments.append(instrument)
        if len(instrument.parties) == 2:
            self.sides.append((instrument.evidence.start, instrument.parties))

    def met_before(self, sentence: int) -> Told | None:
        """The last engagement of two sides, a few sentences back at most, in the same item."""
        item = self.scene.item(sentence)
        near = [
            t
            for t in self.told[-_REMEMBERED:]
            if 0 <= sentence - t.sentence <= _BACK and self.scene.item(t.sentence) == item
        ]
        return max(near, key=lambda t: t.evidence.start, default=None)

    def sides_before(self, sentence: int) -> tuple[Party, ...]:
        """The sides of what was last told in the item before a sentence."""
        item = self.scene.article.items[self.scene.item(sentence)]
        start = self.scene.sentences[sentence].start
        near = [s for s in self.sides[-_REMEMBERED:] if item.start <= s[0] < start]
        return max(near, key=lambda s: s[0])[1] if near else ()

    def instrument_before(self, stem: str, before: int) -> Instrument | None:
        """The last instrument whose title holds a word, before an offset."""
        near = [
            i
            for i in self.instruments[-_REMEMBERED:]
            if i.evidence.end <= before and stem in tongues.plain(i.title, self.language).casefold()
        ]
        return near[-1] if near else None


_LATIN = frozenset({"fr", "es", "de"})
_BREAK = re.compile(r"[,;.،。、，；]|[はがをと]|[与和同]| (?:और|ने|से|में|को) ")
_ARTICLES = {
    *("le", "la", "les", "l'", "un", "une", "des", "du", "de", "d'", "et", "ou", "avec"),
    *("el", "los", "las", "una", "unos", "y", "e", "o", "del", "al", "con"),
}


def _words_before(text: str) -> list[str]:
    """The noun phrase that a text ends with, from its end: "marine nationale" of "la marine …"."""
    found: list[str] = []
    for match in reversed(list(re.finditer(r"[\w-]+['’]?|[^\w\s]", text))[-4:]):
        word = match[0].replace("’", "'")
        if word.casefold() in _ARTICLES or not word[0].isalnum():
            break
        found.append(word)
    return found


def _words_behind(text: str) -> list[str]:
    """The first words behind an adjective, up to a mark."""
    return re.findall(r"[\w-]+", re.split(r"[,;.:(]", text, maxsplit=1)[0])[:2]


def distinct(parties: Iterable[Party]) -> tuple[Party, ...]:
    """The parties, each once, in order."""
    kept: dict[object, Party] = {}
    for party in parties:
        kept.setdefault(party.code or party.as_written, party)
    return tuple(kept.values())


def sides_of(attendees: Sequence[Attendee]) -> set[object]:
    """The sides of an engagement: parties, and people of whom no party is known."""
    return {a.code or a.person for a in attendees}
