"""Who is named in languages other than English: offices with their names and parties.

The twin of `people`: "le ministre français des Affaires étrangères, Étienne Marchelot", "der
deutsche Außenminister Karl Brandhorst", "وزير الخارجية السعودي سامر العتيقي", "जर्मनी की विदेश
मंत्री हाइके ज़ोमरफेल्ड", 意大利外交部长马尔科·贝尔蒂尼 and オーストラリアのウェストン外相 become
mentions. The heads of offices and the words round them are data (`data/lexicon_XX.json`); where
the name stands, and how it ends, is the grammar of the script:

- Latin: behind the office, or before it between commas; a run of capitalised words;
- Arabic: behind the office and its adjective, up to a word that no name holds;
- Devanagari: behind the office, up to a postposition;
- Chinese: behind the office; a surname of the list with one or two characters, or a run of the
  characters that foreign names are written with;
- Japanese: before the office; a run of kanji or of katakana.

A name without an office is a mention where a titled one of the same text establishes it. Nothing
looks further than a few words; everything is linear in the text.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from communique import tongues
from communique.people import Mention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from communique.parties import Resolver
    from communique.schemas import Party

__all__ = ["find"]

_STEPS = 12
_MOST_NAME = 5
_MOST_PARTIES = 8
Found = tuple[int, int, "Party"]


class _Office(NamedTuple):
    """An office as it stands: its own words, the whole phrase, and the party in it."""

    start: int
    end: int
    phrase_start: int
    phrase_end: int
    party: Party | None
    counterpart: bool
    plural: bool


def find(text: str, language: str, resolver: Resolver) -> list[Mention]:
    """Return all mentions of people and sides in reading order, without overlaps."""
    parties = resolver.find(text, context=text)
    parties += [*_letters(text, language, resolver, parties), *_named_by(text, language, resolver)]
    reader = _READERS.get(language, _Latin)(text, language, sorted(parties, key=lambda p: p[0]))
    found = _whole_names(_apart(reader.titled()), language)
    found = [_with_state(m, language, resolver) for m in found if not _private(m, text, language)]
    found = _led(sorted(found, key=lambda m: m.start), text, language)
    found += _again(text, found, language)
    return sorted(_apart(found), key=lambda m: m.start)


def _led(found: list[Mention], text: str, language: str) -> list[Mention]:
    """Take "la délégation koweïtienne, conduite par X" for X, who stands for that side."""
    marker = tongues.lexicon(language)["offices"].get("led_by")
    if marker is None:
        return found
    kept: list[Mention] = []
    for mention in found:
        side = kept[-1] if kept else None
        leads = (
            side is not None
            and side.name is None
            and side.office is None
            and mention.name is not None
            and re.fullmatch(marker, text[side.end : mention.start]) is not None
        )
        if side is not None and leads:
            kept[-1] = replace(mention, start=side.start, party=mention.party or side.party)
        else:
            kept.append(mention)
    return kept


_OF = re.compile(
    r"\s(?:(?:du|des|del|der|des|vom|von|de(?:\s(?:la|los|las))?)\s|(?:de\s)?(?:l|d)['’]|(?=[\u0621-\u064a]))"
)


def _private(mention: Mention, text: str, language: str) -> bool:
    """Whether an office is in a club, a firm or a region: "président du club argentin"."""
    if mention.office is None:
        return False
    at = text.find(mention.office, mention.start, mention.end + len(mention.office))
    private = tongues.pattern(language, "private")
    if language in {"hi", *tongues.UNSPACED}:
        before = tongues.plain(text[max(0, at - 16) : at], language)
        before = re.sub(r"\s(?:के|की|का)\s$", "", before)
        return any(m.end() == len(before) for m in private.finditer(before))
    of = _OF.match(text, at + len(mention.office))
    if of is None:
        return False
    adjective = re.compile(r"[^\W\d_A-ZÀ-Þ]\w+ ").match(text, of.end())
    starts = {of.end(), adjective.end() if adjective else of.end()}
    return any(private.match(text, start) for start in starts)


def _named_by(text: str, language: str, resolver: Resolver) -> Iterator[Found]:
    """Yield what names a party in an office only: "la diplomatie européenne" is the Union's."""
    for code, words in tongues.lexicon(language)["offices"].get("adjectives", {}).items():
        party = resolver.resolve(code)
        if party is None:
            continue
        for match in tongues.compiled([words], language).finditer(text):
            yield match.start(), match.end(), party.model_copy(update={"as_written": match[0]})


def _with_state(mention: Mention, language: str, resolver: Resolver) -> Mention:
    """Give an office that only one state has its state: "ministre des Armées" is French."""
    offices = tongues.lexicon(language)["offices"].get("of_state", {})
    if mention.party is not None or mention.office is None:
        return mention
    office = mention.office.casefold()
    for title, code in offices.items():
        party = resolver.resolve(code) if office.startswith(title.casefold()) else None
        if party is not None:
            return replace(mention, party=party.model_copy(update={"as_written": mention.office}))
    return mention


_IDEOGRAPH = re.compile("[\u3005\u4e00-\u9fff]")
_BEFORE_A_LETTER = frozenset("与和同跟及对向在会见由、")


def _letters(text: str, language: str, resolver: Resolver, parties: list[Found]) -> Iterator[Found]:
    """Yield the states that stand as one character before an office: 美国务卿, デュラン仏大統領.

    The character stands for a state that the lexicon lists, or for the only one that the text
    names by a name that begins with it; it must not be the end of a longer word.
    """
    if language not in tongues.UNSPACED:
        return
    data = tongues.lexicon(language)["offices"]
    words = tongues.plain(text, language)
    named: dict[str, set[str]] = {}
    covered: dict[int, int] = {}
    for start, end, party in parties:
        covered.update(dict.fromkeys(range(start, end), end))
        if end - start > 1 and party.kind == "state" and party.code is not None:
            named.setdefault(words[start], set()).add(party.code)
    for at, head in _before_offices(words, data, language):
        # The 米国 of 米国務長官 is no word there: 国務長官 is one.
        if covered.get(at, head + 1) <= head or not _stands_alone(words, at, data, language):
            continue
        codes = named.get(words[at], set()) if language == "zh" else set()
        code = next(iter(codes)) if len(codes) == 1 else data["letters"].get(words[at])
        party_of = resolver.resolve(code) if code else None
        if party_of is not None:
            yield at, at + 1, party_of.model_copy(update={"as_written": text[at]})


def _before_offices(words: str, data: dict[str, Any], language: str) -> Iterator[tuple[int, int]]:
    """Yield the places of characters that may stand for states, and where what follows begins."""
    for match in tongues.compiled(data["heads"], language, cased=True).finditer(words):
        if match.start() > 0:
            yield match.start() - 1, match.start()
    if data.get("letters_of"):
        for match in re.finditer(
            f"[{data['letters_of']}](?=の[\u30a1-\u30fa\u4e00-\u9fff])", words
        ):
            yield match.start(), match.end()


def _stands_alone(words: str, at: int, data: dict[str, Any], language: str) -> bool:
    """Whether the character at an offset ends no longer word."""
    before = words[max(0, at - 1) : at]
    if before.isdigit() or before + words[at] in data["letter_words"]:
        return False
    joins = language == "zh" and before != "" and before in _BEFORE_A_LETTER
    return joins or not _IDEOGRAPH.fullmatch(before)


class _Taken:
    """Stretches of a text that do not overlap, in their order."""

    def __init__(self) -> None:
        self.spans: list[tuple[int, int]] = []

    def take(self, start: int, end: int) -> bool:
        """Take a stretch, unless a part of it is taken; whether it was free."""
        at = bisect_left(self.spans, (start, end))
        free = at == 0 or self.spans[at - 1][1] <= start
        free = free and (at == len(self.spans) or end <= self.spans[at][0])
        if free:
            self.spans.insert(at, (start, end))
        return free


def _apart(found: list[Mention]) -> list[Mention]:
    """Leave out what overlaps another mention: the named one stays, else the longer."""
    taken = _Taken()
    order = sorted(found, key=lambda m: (m.name is None, m.start - m.end))
    return [m for m in order if taken.take(m.start, m.end)]


def _whole_names(found: list[Mention], language: str) -> list[Mention]:
    """Give 高梨氏 the name of 高梨悠介外相: in Japanese a surname stands first and joined."""
    if language != "ja":
        return found
    names = sorted({m.name for m in found if m.name and _KANJI_NAME.fullmatch(m.name)}, key=len)
    whole = {
        short: long for short in names for long in names if long != short and long.startswith(short)
    }
    return [
        replace(m, name=whole[m.name]) if m.name is not None and m.name in whole else m
        for m in found
    ]


# --- names again -----------------------------------------------------------------------------


def _again(text: str, found: list[Mention], language: str) -> Iterator[Mention]:
    """Where the established names stand alone, whole or by the part that stands for a person.

    Such a mention bears the whole name, so that it is the same person's.
    """
    taken = _Taken()
    for mention in sorted(found, key=lambda m: m.start):
        taken.take(mention.start, mention.end)
    seen: set[str] = set()
    for mention in found:
        if mention.name is None:
            continue
        for short in _short_forms(mention.name, language):
            if short in seen:
                continue
            seen.add(short)
            for start, end in _places_of(short, text, language):
                if taken.take(start, end):
                    yield Mention(start, end, mention.name, start, end, None, None, plural=False)


def _short_forms(name: str, language: str) -> list[str]:
    """The name, and the parts of it by which a text goes on calling somebody."""
    if language == "ja" and _KANJI_NAME.fullmatch(name):
        return [name, *(name[:length] for length in (3, 2) if len(name) > length)]
    parts = re.split(r"[·・\s]+", name)
    if len(parts) == 1:
        return [name]
    if language == "es" and len(parts) > 2:
        return [name, *(p for p in parts[1:] if len(p) > 3)]
    return [name, parts[-1]] if len(parts[-1]) > 1 else [name]


def _places_of(name: str, text: str, language: str) -> list[tuple[int, int]]:
    left, right = tongues.edges(language)
    words = re.compile(f"{left}{re.escape(name)}{right}")
    found = [m.span() for m in words.finditer(text)]
    # Of an Arabic name, the conjunction written together with it is no part.
    return [(end - len(name), end) for _, end in found]


# --- Latin script ----------------------------------------------------------------------------

_SPACES = frozenset({" ", "\u00a0"})
_APOSTROPHES = frozenset({"'", "’"})
_CAPITAL = r"[A-ZÀ-ÖØ-ÞĀ-Ž]"
_AFFAIRS = frozenset({"asuntos", "affaires", "angelegenheiten"})
_NAME_WORD = re.compile(rf"{_CAPITAL}[\w’'-]*\.?|{_CAPITAL}\.")


class _Script:
    """What every grammar needs: the text, its parties by their ends, and the office words."""

    def __init__(self, text: str, language: str, parties: list[Found]) -> None:
        self.text = text
        self.language = language
        self.parties = parties
        self.starts = {start: (end, party) for start, end, party in parties}
        self.ends = {end: (start, party) for start, end, party in parties}
        self.data = data = tongues.lexicon(language)["offices"]
        self.heads = tongues.compiled(data["heads"], language, cased=True)
        self.sides = tongues.compiled(data["sides"], language)
        self.spokes = tongues.pattern(language, "offices", "spokes")
        self.bare = re.compile(data.get("bare", "(?!)"))

    def titled(self) -> list[Mention]:
        """Every phrase with an office, a counterpart or a side in it."""
        raise NotImplementedError

    def _beside(self, gaps: tuple[str, ...], start: int) -> tuple[int, Party | None]:
        """The party that stands before an offset with one of some links between."""
        for gap in gaps:
            at = start - len(gap)
            if at > 0 and self.text[at:start] == gap and at in self.ends:
                return self.ends[at]
        return start, None

    def _bodies(self, marked: str) -> list[Mention]:
        """Parties that act as such: オーストラリア側, 意大利政府, 中方 (whose form is marked)."""
        found = []
        for start, end, party in self.parties:
            tail = self.sides.match(self.text, end)
            if tail is not None or self.text[start:end].endswith(marked):
                last = tail.end() if tail is not None else end
                found.append(Mention(start, last, None, start, last, None, party, plural=False))
        return found


class _Latin(_Script):
    """French, Spanish and German; `apposed` says that an office may follow its name."""

    apposed = True

    def __init__(self, text: str, language: str, parties: list[Found]) -> None:
        super().__init__(text, language, parties)
        data = self.data
        self.counterparts = tongues.compiled(data["counterparts"], language)
        self.plural = tongues.pattern(language, "offices", "plural")
        self.honorifics = tongues.compiled(data["honorifics"], language, cased=True)
        self.links = frozenset(data["links"])
        self.portfolio = frozenset(data["portfolio"])
        self.particles = frozenset(data["particles"])
        self.not_names = frozenset(data["not_names"])

    def titled(self) -> list[Mention]:
        """Every phrase with an office, a counterpart or a side in it."""
        found: list[Mention] = []
        for match in self.heads.finditer(self.text):
            found += self._officer(self._office(*match.span(), counterpart=False))
        for match in self.counterparts.finditer(self.text):
            found += self._officer(self._office(*match.span(), counterpart=True))
        found += self._sides()
        found += self._honoured()
        return [m for m in found if not self.spokes.search(m.office or "")]

    def _office(self, start: int, end: int, *, counterpart: bool) -> _Office:
        """Follow the office over its portfolio and its party: "… français des Affaires …"."""
        first, party = self._party_before(start)
        office_end = at = end
        party = party or self._party_within(start, end)
        for _ in range(_STEPS):
            nxt = self._step(at)
            if nxt is None:
                break
            kind, at, named = nxt
            if kind == "party":
                party = party or named
            elif kind == "portfolio":
                office_end = at
        plural = self.plural.match(self.text, start) is not None
        return _Office(start, office_end, first, at, party, counterpart, plural)

    def _party_before(self, start: int) -> tuple[int, Party | None]:
        """The adjective before an office ("der deutsche Außenminister", "Ungarns Präsident")."""
        if self.text[start - 1 : start] in _SPACES and start - 1 in self.ends:
            first, party = self.ends[start - 1]
            return first, party
        return start, None

    def _party_within(self, start: int, end: int) -> Party | None:
        """The body in a compound: "UN-Generalsekretär"."""
        return next((p for a, b, p in self.parties if start <= a and b < end), None)

    def _step(self, at: int) -> tuple[str, int, Party | None] | None:
        """The next piece of an office phrase: a party or a portfolio word, with its links."""
        for _ in range(5):
            if self.text[at : at + 1] in _SPACES:
                at += 1
            elif self.text[at - 1 : at] not in _APOSTROPHES:
                return None
            # In Arabic, "of" may be written together with the name.
            for first in (at, at + 1) if self.text[at : at + 1] in {"ل", "ب"} else (at,):
                if first in self.starts:
                    return "party", *self.starts[first]
            word = _link_or_word(self.text, at)
            low = word.casefold().replace("’", "'") if word else ""
            if word is None or low not in self.links:
                kept = word is not None and (low in self.portfolio or self._qualifies(at))
                return ("portfolio", at + len(word or ""), None) if kept else None
            at += len(word)
        return None

    def _qualifies(self, at: int) -> bool:
        """Whether a word right behind "affairs" says which: "Asuntos Hemisféricos"."""
        before = self.text[max(0, at - 20) : at].split()
        return bool(before) and before[-1].casefold() in _AFFAIRS and self.text[at - 1] == " "

    # Names

    def _officer(self, office: _Office) -> list[Mention]:
        words = None if office.counterpart else self.text[office.start : office.end]
        if office.plural:
            return self._officers(office, words)
        name = self._name_behind(office.phrase_end)
        start, end = office.phrase_start, office.phrase_end
        if name is None:
            name = self._name_before(office.phrase_start) if self.apposed else None
            start = name[0] if name else start
        else:
            end = max(end, name[1])
        party = office.party
        if name and party is None:
            end, party = self._party_behind(end)
        bare = self.bare.match(self.text, office.start) if start == office.start else None
        if name is None and party is None and bare is None:
            return []
        if name is None:
            return [Mention(start, end, None, start, end, words, party, plural=False)]
        text = self.text[name[0] : name[1]]
        return [Mention(start, end, text, *name, words, party, plural=False)]

    def _officers(self, office: _Office, words: str | None) -> list[Mention]:
        """Read "les ministres de la Défense du Ghana, du Togo et du Bénin": one per party."""
        listed = self._listed(office)
        if not listed:
            return self._named_together(office, words)
        return [
            Mention(start, end, None, start, end, words, party, plural=False)
            for start, end, party in listed
        ]

    def _named_together(self, office: _Office, words: str | None) -> list[Mention]:
        """Read "los cancilleres Ana Paz y Luis Mora": one per name."""
        found: list[Mention] = []
        name = self._name_behind(office.phrase_end)
        while name is not None and len(found) < _MOST_PARTIES:
            text = self.text[name[0] : name[1]]
            start = office.phrase_start if not found else name[0]
            found.append(Mention(start, name[1], text, *name, words, office.party, plural=False))
            joined = re.compile(r",? (?:et|y|e|und) |, ").match(self.text, name[1])
            name = self._name(joined.end()) if joined is not None else None
        return found

    def _listed(self, office: _Office) -> list[Found]:
        inside = [p for p in self.parties if office.start <= p[0] < office.phrase_end]
        if not inside:
            return []
        found = inside[:1]
        for party in self.parties:
            gap = self.text[found[-1][1] : party[0]]
            joined = self._joins.fullmatch(gap) if 0 < len(gap) < 16 else None
            if party[0] > found[-1][0] and joined and len(found) < _MOST_PARTIES:
                found.append(party)
        return found

    @functools.cached_property
    def _joins(self) -> re.Pattern[str]:
        words = "|".join(
            sorted(self.links | {"und", "y", "e", "et", "sowie"}, key=len, reverse=True)
        )
        return re.compile(rf"(?:[\s,]|(?:{words})(?=[\s’']|$)|['’])*(?:d|l)?['’]?", re.IGNORECASE)

    def _name_behind(self, at: int) -> tuple[int, int] | None:
        """The name right behind an office, or behind a comma and closed by one."""
        opening = re.compile(r",? ").match(self.text, at)
        if opening is None:
            return None
        start = self._skip_honorifics(opening.end())
        found = self._name(start)
        if found is None or "," not in opening[0]:
            return found
        closed = re.match(r"\s*(?:[,.;:)]|$)", self.text[found[1] : found[1] + 3])
        return found if closed and self._not_another(found) else None

    def _not_another(self, name: tuple[int, int]) -> bool:
        """Whether no office follows that would make the name another's."""
        after = re.compile(r", (?:\w+ ){0,2}?").match(self.text, name[1])
        return after is None or self.heads.match(self.text, after.end()) is None

    def _name_before(self, at: int) -> tuple[int, int] | None:
        """The name to which an office stands in apposition: "Ana Duarte, ministre de …"."""
        lead = re.search(
            r"(?:^|[^\w])((?:[\w’'.-]+ ){0,5}[\w’'.-]+), (?:[a-zà-ÿ’']{1,4} ?)?$",
            self.text[max(0, at - 90) : at],
        )
        if lead is None:
            return None
        offset = max(0, at - 90) + lead.start(1)
        for word in re.finditer(r"\S+", lead[1]):
            found = self._name(offset + word.start())
            if found is not None and found[1] == offset + len(lead[1]):
                several = " " in self.text[found[0] : found[1]]
                return found if several else None
        return None

    def _skip_honorifics(self, at: int) -> int:
        match = self.honorifics.match(self.text, at)
        if match is None or self.text[match.end() : match.end() + 1] != " ":
            return at
        return match.end() + 1

    def _name(self, at: int) -> tuple[int, int] | None:
        """The run of capitalised words that begins at an offset, particles within it."""
        start, end, count = at, -1, 0
        while count < _MOST_NAME + 2:
            word = _link_or_word(self.text, at)
            if word is None or (at in self.starts and not self._may_be_name(at)):
                break
            if self._name_word(word):
                end = at + len(word.rstrip(".")) if len(word) > 2 else at + len(word)
            elif end < 0 or word.casefold() not in self.particles:
                break
            count += 1
            at += len(word)
            if self.text[at : at + 1] not in {" ", "\u00a0"}:
                break
            at += 1
        if end < 0 or len(self.text[start:end].replace(".", "")) < 2:
            return None
        return start, end

    def _may_be_name(self, at: int) -> bool:
        """Whether a party's name is somebody's: "Paul France", "Ministro Lima"."""
        end, _ = self.starts[at]
        follows = self.text[end : end + 2]
        return len(follows) == 2 and follows[0] == " " and follows[1].isupper()

    def _name_word(self, word: str) -> bool:
        bare = word.rstrip(".")
        if _NAME_WORD.fullmatch(word) is None or bare.casefold() in self.not_names:
            return False
        return bare.casefold() not in self.portfolio and self.heads.fullmatch(bare) is None

    def _party_behind(self, at: int) -> tuple[int, Party | None]:
        """Read " (Chine)" and " de Chine" behind a name."""
        opening = re.compile(r" \(| (?:de|du|des|del|von|aus) (?:la |l['’]|los |der )?").match(
            self.text, at
        )
        if opening is None or opening.end() not in self.starts:
            return at, None
        return self.starts[opening.end()]

    def _sides(self) -> list[Mention]:
        """Read "la partie marocaine", "die georgische Seite", "la delegación cubana"."""
        found = []
        for match in self.sides.finditer(self.text):
            start, party = self._party_before(match.start())
            end = match.end()
            if party is None:
                step = self._step(match.end())
                end, party = (step[1], step[2]) if step and step[2] else (end, None)
            if party is not None:
                found.append(Mention(start, end, None, start, end, None, party, plural=False))
        return found

    def _honoured(self) -> list[Mention]:
        """Read "M. Marchelot", "Mme Lindholt"."""
        found = []
        for match in self.honorifics.finditer(self.text):
            name = (
                self._name(match.end() + 1)
                if self.text[match.end() : match.end() + 1] == " "
                else None
            )
            if name is not None:
                words = self.text[name[0] : name[1]]
                found.append(
                    Mention(match.start(), name[1], words, *name, None, None, plural=False)
                )
        return found


def _link_or_word(text: str, at: int) -> str | None:
    """The word at an offset; an elided article ("l'", "d'") is one of its own."""
    elided = re.compile(r"(?:[ldLD]|qu)['’]").match(text, at)
    if elided is not None:
        return elided[0]
    word = re.compile(r"[^\W_][\w’'-]*\.?").match(text, at)
    if word is None:
        return None
    # A full stop belongs to an initial, not to the sentence.
    return word[0] if len(word[0]) <= 2 or not word[0].endswith(".") else word[0][:-1]


# --- Arabic ----------------------------------------------------------------------------------

_ARABIC_WORD = re.compile("[\u0621-\u064a\u064b-\u0652\u0670-]+")
_AND = "و"


class _Arabic(_Latin):
    """Arabic: no capitals; a name ends before a word that no name holds."""

    apposed = False

    def __init__(self, text: str, language: str, parties: list[Found]) -> None:
        super().__init__(text, language, parties)
        self.stops = tongues.compiled(self.data["name_stops"], language)
        self.verbs = tongues.verbs(language)

    def _party_before(self, start: int) -> tuple[int, Party | None]:
        return start, None

    def _step(self, at: int) -> tuple[str, int, Party | None] | None:
        """Behind "وزير" the next word is its portfolio, whatever it is."""
        if self.text[at : at + 1] == " " and re.search(
            "(?:وزير|وزيرة|وزراء)$", self.text[:at][-6:]
        ):
            word = _ARABIC_WORD.match(self.text, at + 1)
            if word is not None and word[0].startswith("ال") and at + 1 not in self.starts:
                return "portfolio", word.end(), None
        return super()._step(at)

    def _name(self, at: int) -> tuple[int, int] | None:
        start, end = at, -1
        for _ in range(_MOST_NAME):
            word = _ARABIC_WORD.match(self.text, at)
            if word is None or at in self.starts or self._ends_name(at, word[0], first=end < 0):
                break
            end = at = word.end()
            if self.text[at : at + 1] != " ":
                break
            at += 1
        if end < 0 or (" " not in self.text[start:end] and len(self.text[start:end]) < 3):
            return None
        return start, end

    def _ends_name(self, at: int, word: str, *, first: bool) -> bool:
        if word in self.portfolio or any(
            found.match(self.text, at) for found in (self.stops, self.heads, self.counterparts)
        ):
            return True
        if any(self.verbs.match(self.text, at + within) for within in (0, 1)):
            return True
        # "and" is written together with the next word, which is then no part of the name.
        joined = word.startswith(_AND) and (word[1:3] == "ال" or at + 1 in self.starts)
        return joined or (first and word.startswith(("ال", "لل")) and word in self.not_names)

    def _party_behind(self, at: int) -> tuple[int, Party | None]:
        return at, None


# --- Devanagari ------------------------------------------------------------------------------

_HINDI_WORD = re.compile("[\u0900-\u0963\u0966-\u097f\u200c\u200d-]+")
_GENITIVE = re.compile(r" (?:के|की|का) $")


class _Hindi(_Latin):
    """Hindi: the party stands before the office, the name behind it, up to a postposition."""

    apposed = False

    def __init__(self, text: str, language: str, parties: list[Found]) -> None:
        super().__init__(text, language, parties)
        self.stops = frozenset(self.data["name_stops"])
        self.verbs = tongues.verbs(language)

    def _office(self, start: int, end: int, *, counterpart: bool) -> _Office:
        first = start
        for _ in range(5):
            word = re.search(
                "([\u0900-\u0963\u0966-\u097f]+) $", self.text[max(0, first - 24) : first]
            )
            if word is None or word[1] not in self.portfolio:
                break
            first = max(0, first - 24) + word.start(1)
        phrase, party = self._party_before(first)
        if party is None:
            first, phrase, party = self._over_unknown(first)
        return _Office(first, end, phrase, end, party, counterpart, plural=False)

    def _over_unknown(self, start: int) -> tuple[int, int, Party | None]:
        """Read "जापान के अर्थव्यवस्था मंत्री": a portfolio not listed, between party and head."""
        first = start
        for _ in range(3):
            word = re.search(
                "([\u0900-\u0963\u0966-\u097f]+) $", self.text[max(0, first - 24) : first]
            )
            if word is None or word[1] in self.stops:
                break
            first = max(0, first - 24) + word.start(1)
            phrase, party = self._party_before(first)
            if party is not None:
                return first, phrase, party
        return start, start, None

    def _party_before(self, start: int) -> tuple[int, Party | None]:
        """Read "जर्मनी की", "जापानी", "भारत के" before an office."""
        for gap in (" ", " के ", " की ", " का ", " के नए ", " की नई "):
            at = start - len(gap)
            if at >= 0 and self.text[at:start] == gap and at in self.ends:
                return self.ends[at]
        return start, None

    def _name(self, at: int) -> tuple[int, int] | None:
        start, end = at, -1
        for _ in range(_MOST_NAME):
            word = _HINDI_WORD.match(self.text, at)
            if word is None or at in self.starts or word[0] in self.stops | self.portfolio:
                break
            if self.heads.match(self.text, at) or self.verbs.match(self.text, at):
                break
            end = at = word.end()
            if self.text[at : at + 1] != " ":
                break
            at += 1
        return (start, end) if end > 0 else None

    def _party_behind(self, at: int) -> tuple[int, Party | None]:
        return at, None

    def _sides(self) -> list[Mention]:
        """Read "भारतीय पक्ष", "नेपाल सरकार"."""
        found = []
        for match in self.sides.finditer(self.text):
            start, party = self._party_before(match.start())
            if party is not None:
                found.append(
                    Mention(start, match.end(), None, start, match.end(), None, party, plural=False)
                )
        return found


# --- Chinese ---------------------------------------------------------------------------------


class _Chinese(_Script):
    """Chinese: party, office, name, without a space between them."""

    def __init__(self, text: str, language: str, parties: list[Found]) -> None:
        super().__init__(tongues.plain(text, language), language, parties)
        self.given = text
        self.surnames = self.data["surnames"]
        self.foreign = frozenset(self.data["transliteration"])
        self.stops = tuple(self.data["name_stops"])

    def titled(self) -> list[Mention]:
        found: list[Mention] = []
        for match in self.heads.finditer(self.text):
            start, party = self._party_before(match.start())
            name = self._name(match.end())
            words = self.given[match.start() : match.end()]
            end = name[1] if name else match.end()
            if name is not None:
                text = self.given[name[0] : name[1]]
                found.append(Mention(start, end, text, *name, words, party, plural=False))
            elif party is not None and not self._is_body(match.end()):
                found.append(Mention(start, end, None, start, end, words, party, plural=False))
        found += self._bodies("方")
        return [m for m in found if not self.spokes.search(m.office or "")]

    def _is_body(self, at: int) -> bool:
        """Whether an office is the name of a meeting: 外长会议."""
        return self.text.startswith(("会议", "会晤", "会谈", "级", "们", "理事会"), at)

    def _party_before(self, start: int) -> tuple[int, Party | None]:
        return self._beside(("", "的", "新任", "候任", "代理"), start)

    def _name(self, at: int) -> tuple[int, int] | None:
        """A run of transliteration, or a surname and one or two characters."""
        dotted = re.compile("[\u4e00-\u9fff]{1,8}(?:[·•・‧][\u4e00-\u9fff]{1,8}){1,4}").match(
            self.text, at
        )
        if dotted is not None:
            last = max(dotted[0].rfind(mark) for mark in "·•・‧") + 1
            run = self._run(at + last)
            return (at, run) if run > at + last else None
        surname = next((s for s in self.surnames if self.text.startswith(s, at)), "")
        if surname:
            end = at + len(surname)
            for _ in range(2):
                letter = self.text[end : end + 1]
                if not "\u4e00" <= letter <= "\u9fff" or self._stops(end):
                    break
                end += 1
            if end > at + len(surname) and self._run(at) < at + 3:
                return at, end
        run = self._run(at)
        if run - at >= 2:
            return at, run
        return None

    def _run(self, at: int) -> int:
        """Where the characters of a transliterated name end."""
        while at < len(self.text) and self.text[at] in self.foreign and not self._stops(at):
            at += 1
        return at

    def _stops(self, at: int) -> bool:
        """Whether a word that no name holds begins: not the 因 of 侯赛因举行, but of 侯赛因病."""
        if not self.text.startswith(self.stops, at):
            return False
        in_a_name = self.text[at] in self.foreign and self.text.startswith(self.stops, at + 1)
        return not in_a_name


# --- Japanese --------------------------------------------------------------------------------

_KANJI_NAME = re.compile("[\u3005\u4e00-\u9fff]{2,6}")
_JAPANESE_NAME = re.compile("(?:[\u3005\u4e00-\u9fff]{1,6}|[\u30a1-\u30faー・=＝]{2,24})$")


class _Japanese(_Script):
    """Japanese: party with の, name, office."""

    def __init__(self, text: str, language: str, parties: list[Found]) -> None:
        super().__init__(text, language, parties)
        self.not_before = tuple(self.data["not_before"])

    def titled(self) -> list[Mention]:
        found: list[Mention] = []
        for match in self.heads.finditer(self.text):
            name = self._name_before(match.start())
            words: str | None = match[0]
            if words == "氏":
                words = None
            first = name[0] if name else match.start()
            start, party = self._party_before(first)
            if name is not None and name[1] < match.start() and match.start() in self.ends:
                party = self.ends[match.start()][1]
            if name is not None:
                text = self.text[name[0] : name[1]]
                found.append(Mention(start, match.end(), text, *name, words, party, plural=False))
            elif words is not None and not self._is_body(match.end()):
                end = match.end()
                bare = start == match.start() and self.bare.match(self.text, start)
                if party is not None or bare:
                    found.append(Mention(start, end, None, start, end, words, party, plural=False))
        found += self._bodies("側")
        return [m for m in found if not self.spokes.search(m.office or "")]

    def _is_body(self, at: int) -> bool:
        """Whether an office is the name of a meeting: 外相会談."""
        return self.text.startswith(("会談", "会合", "会議", "級", "協議", "電話", "府"), at)

    def _name_before(self, at: int) -> tuple[int, int] | None:
        if at in self.ends and self.ends[at][0] == at - 1:
            at -= 1  # デュラン仏大統領
        run = _JAPANESE_NAME.search(self.text[max(0, at - 24) : at])
        if run is None:
            return None
        start = at - len(run[0])
        for end, (first, _) in self.ends.items():
            if first <= start < end < at:
                start = end  # 中国王毅外相: the party is no part of the name
        if at in self.ends and start < self.ends[at][0] and self.text[self.ends[at][0] - 1] == "・":
            at = self.ends[at][0] - 1  # マルコ・ヴィスコンティ・イタリア外務大臣
        words = self.text[start:at].strip("・＝=")
        if len(words) < 2 or words.endswith(self.not_before) or start in self.starts:
            return None
        return start, at

    def _party_before(self, start: int) -> tuple[int, Party | None]:
        return self._beside(("の", "", "・", "から", "側の"), start)


_READERS: dict[str, type[_Script]] = {
    "ar": _Arabic,
    "hi": _Hindi,
    "zh": _Chinese,
    "ja": _Japanese,
}
