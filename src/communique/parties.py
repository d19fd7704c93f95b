"""Who is meant: party words to ISO 3166-1 alpha-3 codes and organisation codes.

The station between the words that the model copied ("South Korean", "the Korean side",
"Washington") and `Party.code`. Everything is looked up in data files under `data/`, each with
its source; nothing is guessed: a word with several readings is settled by the context, when
exactly one of its candidates is named there without ambiguity, or not at all.

How a text is read: it is cut into words; at each word the longest listed name wins ("Papua New
Guinea" over "Guinea"); names and adjectives need their capital letters (Turkey, not turkey),
acronyms their exact case (US, not us); phrases in which a name does not stand for the party
("Indian Ocean", "New Mexico", "Gulf of Oman") are passed over. Chinese and Japanese, which have
no word boundaries, are read by the longest listed name. All of it is linear in the text.

A code's kind: a state is a member of the United Nations, an observer State, or a member of a
UN specialised agency (the "Vienna formula"); what else ISO 3166-1 lists is a territory. The
rule is applied in the generated `data/territories.tsv`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from communique.errors import ConfigurationError
from communique.han import simplified
from communique.schemas import Party, PartyKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Resolver", "codes", "country_of_place", "find", "find_places", "resolve"]

Sort = Literal["name", "adjective", "acronym", "city", "foreign", "phrase", "alias"]

_CJK = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Python's \w leaves out the vowel signs of Devanagari and the marks of Arabic and of NFD Latin.
_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u097f"
_ACRONYM = r"(?<![^\W_])(?:[^\W\d_]\.){1,6}[^\W\d_](?!\w)\.?"
_WORD = re.compile(rf"{_ACRONYM}|(?:[^\W_{_CJK}]|[{_MARKS}])+(?:\+(?!\w))?")
_HAS_CJK = re.compile(rf"[{_CJK}]")
_FOLDED_MARKS = re.compile(r"[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u093c.]")
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i"})
_NUKTA = re.compile("[\u0929\u0931\u0934\u093c\u0958-\u095f]")
_JOIN = re.compile(r"[\s\-\u2010-\u2015'’‘`&()]{1,3}|, ?")
_ARABIC_PARTICLES = frozenset("وفبكل")
_ABBREVIATIONS = frozenset({"st", "n", "s", "rep", "dr", "pr", "p", "r", "no", "ee"})
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DATELINE = re.compile(rf"\s*(?:\(|--|[—–])|, (?:{_MONTHS}|\d)")


class Word(NamedTuple):
    """One word of a text: its span, itself, and its folded form."""

    start: int
    end: int
    raw: str
    folded: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One reading of a listed form.

    No codes: a phrase to pass over. `unsure`: to be settled by context, also when there is one
    candidate only (then it may mean something that is no party).
    """

    form: str
    codes: tuple[str, ...]
    sort: Sort
    unsure: bool = False
    rivals: tuple[str, ...] = ()
    assumed: bool = False
    """Meant where the context names no rival, though nothing else names the party."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry found in a text; `place`: the words say where something is, not who acts."""

    start: int
    end: int
    first: int
    last: int
    entry: Entry
    place: bool = False


@lru_cache(maxsize=8192)
def _fold(word: str) -> str:
    """Fold case, Latin and Arabic diacritics, the Hindi nukta, and dots."""
    plain = unicodedata.normalize("NFKD", word).casefold()
    return _FOLDED_MARKS.sub("", plain).translate(_LETTERS)


@lru_cache(maxsize=32)
def _cut(text: str) -> tuple[Word, ...]:
    """The words of a text; several lexicons and rules look at the same few texts in turn."""
    return tuple(_words(text))


def _words(text: str) -> list[Word]:
    return [Word(m.start(), m.end(), m[0], _fold(m[0])) for m in _WORD.finditer(text)]


def _bare(word: str) -> str:
    # The nukta of Hindi (फ़्रांस, फ्रांस) is written or left out, alone or within a letter.
    plain = (
        unicodedata.normalize("NFD", word).replace("\u093c", "") if _NUKTA.search(word) else word
    )
    return unicodedata.normalize("NFC", plain).replace(".", "")


class Lexicon:
    """Listed forms by their folded words, with what is needed to find them in a text."""

    def __init__(self) -> None:
        self.entries: dict[str, list[Entry]] = {}
        self.lengths: dict[str, list[int]] = {}
        self.unspaced: dict[str, Entry] = {}
        self.abbreviations: Mapping[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, entry: Entry) -> None:
        """Add a form; of two entries of one form, the first added is preferred."""
        form = entry.form.removeprefix("the ")
        if _HAS_CJK.search(form):
            self.unspaced.setdefault(form, entry)
            self._pattern = None
            return
        words = [word.folded for word in _words(form)]
        if not words:
            return
        self.entries.setdefault(" ".join(words), []).append(replace(entry, form=form))
        lengths = self.lengths.setdefault(words[0], [])
        if len(words) not in lengths:
            lengths.append(len(words))
            lengths.sort(reverse=True)

    def override(self, entry: Entry) -> None:
        """Add a form in place of what is listed under it."""
        self.unspaced.pop(entry.form, None)
        self.entries.pop(" ".join(w.folded for w in _words(entry.form.removeprefix("the "))), None)
        self.add(entry)

    def copy(self) -> Lexicon:
        """Return a lexicon that can be added to without changing this one."""
        other = Lexicon()
        other.entries = {key: list(entries) for key, entries in self.entries.items()}
        other.lengths = {key: list(lengths) for key, lengths in self.lengths.items()}
        other.unspaced = dict(self.unspaced)
        other.abbreviations = self.abbreviations
        return other

    def at(self, words: list[Word], index: int, text: str, *, strict: bool) -> Hit | None:
        """Return the longest entry that begins with the word at `index`, or None."""
        for length in self.lengths.get(words[index].folded, ()):
            last = index + length - 1
            if last >= len(words):
                continue
            span = words[index : last + 1]
            listed = self.entries.get(" ".join(word.folded for word in span))
            if listed is None or not _joined(span, text):
                continue
            for entry in listed:
                if _is_parted(entry, span, text):
                    continue
                if _fits(entry, span, strict=strict):
                    return Hit(span[0].start, span[-1].end, index, last, entry)
        return None

    def in_unspaced(self, text: str) -> Iterator[Hit]:
        """Find the forms of Chinese and Japanese, longest first."""
        if not _HAS_CJK.search(text):
            return
        if self._pattern is None:
            forms = sorted(self.unspaced, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, forms)) or r"(?!)")
        for match in self._pattern.finditer(text):
            entry, tail = self.unspaced[match[0]], text[match.end() : match.end() + 2]
            if match[0].endswith("方") and tail[:1] in _phrases()["cjk_side_tails"] and tail:
                continue  # 同意方案 is no 意方
            acts = any(tail.startswith(word) for word in _rules("cjk_city_acts"))
            place = entry.sort == "city" and not acts and not entry.form.endswith(_FORCES)
            yield Hit(match.start(), match.end(), -1, -1, entry, place)

    def abbreviated(self, text: str) -> Iterator[Hit]:
        """Find the states of 日米韓 and 中美, a character each, before a word for what they do."""
        if not self.abbreviations:
            return
        letters = "".join(self.abbreviations)
        for run in re.finditer(f"[{letters}]{{2,5}}", text):
            tail = text[run.end() : run.end() + 4]
            if not any(tail.startswith(word) for word in _rules("cjk_after_abbreviations")):
                continue
            for at, letter in enumerate(run[0], start=run.start()):
                entry = Entry(letter, (self.abbreviations[letter],), "acronym")
                yield Hit(at, at + 1, -1, -1, entry)


_FORCES = ("軍", "隊", "军")


def _joined(span: list[Word], text: str) -> bool:
    """Whether the words follow one another with nothing but a joint between them."""
    for before, after in pairwise(span):
        gap = text[before.end : after.start]
        if gap in {". ", "."} and before.folded in _ABBREVIATIONS:
            continue
        if gap and (not _JOIN.fullmatch(gap) or gap.count("\n") > 1):
            return False
    return True


def _is_parted(entry: Entry, span: list[Word], text: str) -> bool:
    """Whether a comma parts what is one phrase only without it: "Greek, Cypriot and French"."""
    gaps = (text[before.end : after.start] for before, after in pairwise(span))
    return entry.sort == "phrase" and "," not in entry.form and any("," in gap for gap in gaps)


def _fits(entry: Entry, span: list[Word], *, strict: bool) -> bool:
    """Whether the words as written may be this entry: its case and, if foreign, its accents."""
    if entry.sort == "alias":
        return len(entry.form) > 3 or " ".join(w.raw for w in span) == entry.form
    listed = _WORD.findall(entry.form)
    pairs = list(zip(listed, span, strict=True))
    if entry.sort == "acronym" or entry.form in _rules("exact_diacritics"):
        return all(_bare(form) == _bare(word.raw) for form, word in pairs)
    if not strict:
        key = " ".join(word.folded for word in span)
        return key not in _rules("case_sensitive") or span[0].raw[:1].isupper()
    if entry.sort == "foreign" and not all(
        _bare(form).casefold() == _bare(word.raw).casefold() for form, word in pairs
    ):
        return False
    return all(not form[:1].isupper() or word.raw[:1].isupper() for form, word in pairs)


# --- data ----------------------------------------------------------------------------------


def _read(name: str) -> str:
    return (files("communique") / "data" / name).read_text(encoding="utf-8")


def _table(name: str) -> Iterator[dict[str, str]]:
    lines = [line for line in _read(name).split("\n") if line and not line.startswith("#")]
    header = lines[0].split("\t")
    for line in lines[1:]:
        yield dict(zip(header, line.split("\t"), strict=True))


def _listed(cell: str) -> list[str]:
    return [form for form in cell.split("|") if form]


@cache
def _phrases() -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(_read("phrases.json")))


@cache
def _rules(key: str) -> frozenset[str]:
    return frozenset(_phrases()[key])


@cache
def _ambiguous() -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(_read("ambiguous.json")))


@cache
def codes() -> Mapping[str, PartyKind]:
    """Every code that a party can have, with its kind: ISO 3166-1, Kosovo, organisations."""
    rows = [*_table("territories.tsv"), *_table("organisations.tsv")]
    return {row["code"]: cast("PartyKind", row["kind"]) for row in rows}


def _plural(adjective: str) -> list[str]:
    """Return the plural of a demonym, where English makes one: Indians, but not Chineses."""
    if adjective.endswith(("ese", "ish", "nch", "tch", "ss", "s", "man", "men", "Lao", "x")):
        return []
    return [adjective + "s"]


@cache
def _common_names() -> dict[str, str]:
    tables = [*_table("territories.tsv"), *_table("organisations.tsv")]
    return {row["code"]: _listed(row["names"])[0] for row in tables if row["names"]}


def common_name(code: str) -> str | None:
    """The common English name of a party by its code ("KOR": "South Korea"), or None."""
    return _common_names().get(code)


def _is_acronym(form: str) -> bool:
    bare = form.replace(".", "")
    return len(bare) <= 5 and sum(letter.isupper() for letter in bare) >= 2 and " " not in bare


def _country_names() -> Iterator[Entry]:
    for row in [*_table("territories.tsv"), *_table("countries.tsv")]:
        for form in _listed(row["names"]):
            yield Entry(form, (row["code"],), "acronym" if _is_acronym(form) else "name")


def _capitals() -> Iterator[Entry]:
    for row in _table("countries.tsv"):
        for form in _listed(row["capitals"]):
            yield Entry(form, (row["code"],), "city")
    for row in _table("seats.tsv"):
        for form in _listed(row["names"]):
            yield Entry(form, (row["code"],), "city")


def _adjectives() -> Iterator[Entry]:
    for row in _table("countries.tsv"):
        for adjective in _listed(row["adjectives"]):
            for form in (adjective, *_plural(adjective)):
                yield Entry(form, (row["code"],), "adjective")


def _organisations() -> Iterator[Entry]:
    for row in _table("organisations.tsv"):
        for form in _listed(row["names"]):
            yield Entry(form, (row["code"],), "name")
        for form in _listed(row["acronyms"]):
            yield Entry(form, (row["code"],), "acronym")


_FOREIGN_SORTS: Mapping[str, Sort] = {
    "name": "foreign",
    "adjective": "foreign",
    "organisation": "foreign",
    "capital": "city",
    "place": "city",
}


def _foreign(kinds: frozenset[str], language: str | None = None) -> Iterator[Entry]:
    """Forms of other languages; with a language, those that count in its texts alone."""
    for row in _table("names_i18n.tsv"):
        own = row["kind"].startswith("own ")
        kind = row["kind"].removeprefix("own ")
        if kind not in kinds or own != (language is not None):
            continue
        if own and row["language"].split("_")[0] != language:
            continue
        sort = "acronym" if _is_acronym(row["form"]) else _FOREIGN_SORTS[kind]
        yield Entry(row["form"], (row["code"],), sort)


def _provinces() -> Iterator[Entry]:
    for row in _table("provinces.tsv"):
        for form in _listed(row["names"]):
            yield Entry(form, (row["code"],), "name")


def _passed_over() -> Iterator[Entry]:
    for form in (*_phrases()["phrases"], *_phrases()["cjk_phrases"]):
        yield Entry(form, (), "phrase")


@cache
def _parties() -> Lexicon:
    """All forms that name a party, and the phrases in which they do not."""
    lexicon = Lexicon()
    entries: Iterable[Iterable[Entry]] = (
        _passed_over(),
        (replace(entry, codes=(), sort="phrase") for entry in _provinces()),
        _country_names(),
        _adjectives(),
        _organisations(),
        _capitals(),
        _foreign(frozenset({"name", "adjective", "organisation", "capital"})),
    )
    for group in entries:
        for entry in group:
            lexicon.add(entry)
    for form, rule in _ambiguous()["parties"].items():
        rivals = tuple(rule.get("rivals", ()))
        sort: Sort = rule.get("sort", "name")
        entry = Entry(form, tuple(rule["candidates"]), sort, unsure=True, rivals=rivals)
        if rule.get("assumed"):
            # Beside what the same letters with other marks name: عمّان is Amman.
            lexicon.add(replace(entry, assumed=True))
        else:
            lexicon.override(entry)
    return lexicon


_LANGUAGES = frozenset({"fr", "es", "de", "ar", "hi", "zh", "ja"})


@cache
def _parties_in(language: str) -> Lexicon:
    """All forms that name a party in texts of one language."""
    lexicon = _parties().copy()
    kinds = frozenset({"name", "adjective", "organisation", "capital"})
    for entry in _foreign(kinds, language):
        lexicon.override(entry)
    lexicon.abbreviations = _phrases()["cjk_abbreviations"].get(language, {})
    return _in_simplified(lexicon) if language == "zh" else lexicon


def _in_simplified(lexicon: Lexicon) -> Lexicon:
    """Add what the forms are in simplified characters: Chinese text is read in those."""
    for form, entry in list(lexicon.unspaced.items()):
        lexicon.unspaced.setdefault(simplified(form), entry)
    return lexicon


@cache
def _places_in(language: str) -> Lexicon:
    """All forms that name a place in texts of one language."""
    lexicon = _places().copy()
    for entry in _foreign(frozenset({"name", "capital", "place"}), language):
        lexicon.override(entry)
    return _in_simplified(lexicon) if language == "zh" else lexicon


@cache
def _places() -> Lexicon:
    """All forms that name a place, with the country that it lies in."""
    lexicon = Lexicon()
    cities = (
        Entry(form, (row["code"],), "city")
        for row in _table("places.tsv")
        for form in _listed(row["names"])
    )
    entries: Iterable[Iterable[Entry]] = (
        _country_names(),
        _provinces(),
        _capitals(),
        cities,
        _passed_over(),
        _foreign(frozenset({"name", "capital", "place"})),
    )
    for group in entries:
        for entry in group:
            lexicon.add(entry)
    for form, candidates in _ambiguous()["places"].items():
        lexicon.override(Entry(form, tuple(candidates), "name", unsure=True))
    return lexicon


# --- reading a text --------------------------------------------------------------------------


def _scan(lexicon: Lexicon, text: str, *, strict: bool = True) -> list[Hit]:
    """Return every entry that stands in the text for what it names, in order."""
    words = list(_cut(text))
    combining = _phrases()["combining"]
    hits: list[Hit] = []
    index = 0
    while index < len(words):
        word = words[index]
        # Most words begin no entry: they are passed by as quickly as can be.
        begins = word.folded in lexicon.lengths or word.raw in combining
        if not begins and not "\u0600" <= word.raw[0] <= "\u06ff":
            index += 1
            continue
        hit = lexicon.at(words, index, text, strict=strict) or _combining(
            lexicon, words, index, text
        )
        within = False
        if hit is None and (inner := _without_arabic_prefix(words[index], lexicon)) is not None:
            # "in" and "to" are written together with the place.
            within = text[inner.start - 1] in "بل"
            words[index] = inner
            hit = lexicon.at(words, index, text, strict=strict)
        if hit is None:
            index += 1
            continue
        index = hit.last + 1
        if hit.entry.codes and not _misread(hit, words, text, lexicon):
            place = _is_where(hit, words, text) or (within and hit.entry.sort == "city")
            hits.append(replace(hit, place=place))
    unspaced = [hit for hit in lexicon.in_unspaced(text) if hit.entry.codes]
    taken = {at for hit in unspaced for at in range(hit.start, hit.end)}
    hits += unspaced
    hits += [hit for hit in lexicon.abbreviated(text) if hit.start not in taken]
    return sorted(_cities_before_countries(hits, text), key=lambda hit: hit.start)


def _combining(lexicon: Lexicon, words: list[Word], index: int, text: str) -> Hit | None:
    """Read "Sino-" in "Sino-Indian": a combining form before another party's adjective."""
    word = words[index]
    code = _phrases()["combining"].get(word.raw)
    if code is None or index + 1 >= len(words):
        return None
    if text[word.end : words[index + 1].start] not in {"-", "\u2010", "\u2011", "–"}:
        return None
    other = lexicon.at(words, index + 1, text, strict=True)
    if other is None or other.entry.sort not in {"adjective", "foreign"}:
        return None
    return Hit(word.start, word.end, index, index, Entry(word.raw, (code,), "adjective"))


def _without_arabic_prefix(word: Word, lexicon: Lexicon) -> Word | None:
    """Take off the Arabic particles written together with a name (and, with, as, to, so)."""
    if not "\u0600" <= word.raw[:1] <= "\u06ff":
        return None
    for taken in (1, 2):
        if word.raw[taken - 1 : taken] not in _ARABIC_PARTICLES:
            return None
        rest = word.raw[taken:]
        # "to the" is written with the article's first letter left out.
        forms = [rest, "ا" + word.raw[taken - 1 :]] if word.raw[taken - 1] == "ل" else [rest]
        for form in forms:
            if _fold(form) in lexicon.lengths:
                return Word(word.start + taken, word.end, form, _fold(form))
    return None


def _neighbour(words: list[Word], index: int) -> str:
    return words[index].raw if 0 <= index < len(words) else ""


def _misread(hit: Hit, words: list[Word], text: str, lexicon: Lexicon) -> bool:
    """Whether the words around say that the name does not stand for a party or a place."""
    entry, after = hit.entry, _neighbour(words, hit.last + 1)
    if entry.sort == "alias":
        return False
    raw = text[hit.start : hit.end]
    if raw in _rules("capital_letter_words"):
        around = text[max(0, hit.start - 30) : hit.end + 30]
        return around.isupper() and around.strip() != raw
    gap = text[hit.end : words[hit.last + 1].start] if after else ""
    if gap in {" ", "-"} and after in _rules("followers"):
        return True
    if entry.sort == "city" and gap == " " and after in _rules("place_followers"):
        return True
    before = _neighbour(words, hit.first - 1)
    if before == "of" and _neighbour(words, hit.first - 2) in _rules("leaders"):
        return True
    return _is_a_person(hit, words, text, lexicon)


def _is_a_person(hit: Hit, words: list[Word], text: str, lexicon: Lexicon) -> bool:
    """Whether the name is somebody's: "Israel Katz", "Jim Jordan"."""
    name = words[hit.first].raw
    if hit.first != hit.last:
        return False
    if name in _rules("surnames") and _neighbour(words, hit.first - 1) in _rules("surname_leaders"):
        return text[words[hit.first - 1].end : hit.start] in {" ", ". "}
    after = _neighbour(words, hit.last + 1)
    return (
        name in _rules("given_names")
        and text[hit.start - 1 : hit.start] != "-"
        and after[:1].isupper()
        and after[1:2].islower()
        and text[hit.end : words[hit.last + 1].start] == " "
        and after not in _rules("after_a_name")
        and words[hit.last + 1].folded not in lexicon.lengths
    )


def _is_where(hit: Hit, words: list[Word], text: str) -> bool:
    """Whether a capital or a seat is where something happens: "in Beijing", "KYIV (AP)"."""
    if hit.entry.sort != "city":
        return False
    opens_line = hit.first == 0 or "\n" in text[words[hit.first - 1].end : hit.start]
    if opens_line and _DATELINE.match(text, hit.end):
        return True
    before = hit.first - 1
    if _neighbour(words, before).casefold() == "the":
        before -= 1
    if _neighbour(words, hit.last + 1) in _rules("trailing_locatives"):
        return True
    return _neighbour(words, before) in _rules("locatives")


def _cities_before_countries(hits: list[Hit], text: str) -> Iterator[Hit]:
    """Read a capital directly before its country ("Vientiane, Lao PDR") as a place."""
    for number, hit in enumerate(hits):
        after = hits[number + 1] if number + 1 < len(hits) else None
        where = (
            after is not None
            and hit.entry.sort == "city"
            and after.entry.codes == hit.entry.codes
            and text[hit.end : after.start] in {", ", " ("}
        )
        yield replace(hit, place=True) if where else hit


def _settled(entry: Entry, named: frozenset[str], context: str) -> str | None:
    """Return the entry's code; of an unsure one, the only candidate that the context names."""
    if not entry.unsure:
        return entry.codes[0]
    found = [code for code in entry.codes if entry.assumed or code in named]
    if len(found) != 1 or any(_has_word(context, rival) for rival in entry.rivals):
        return None
    return found[0]


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _certain(hits: Iterable[Hit]) -> frozenset[str]:
    return frozenset(hit.entry.codes[0] for hit in hits if not hit.entry.unsure)


def _whole(lexicon: Lexicon, words: str) -> Entry | None:
    """Return the entry that is all of the words, an article and a possessive apart."""
    stripped = words.strip(" \t\r\n\"'“”‘’«».,;:()[]")
    if stripped in lexicon.unspaced:
        return lexicon.unspaced[stripped]
    # The full stop of "U.S." belongs to the name, hence from `words`.
    found = _words(words)
    if len(found) > 1 and found[-1].raw == "s" and words[found[-2].end] in "'’":
        listed = " ".join(word.folded for word in found) in lexicon.entries
        found = found if listed else found[:-1]
    for span in (found, found[1:] if found and found[0].folded == "the" else []):
        for entry in lexicon.entries.get(" ".join(word.folded for word in span), ()):
            if _joined(span, words) and _fits(entry, span, strict=False):
                return entry
    return None


class Resolver:
    """Resolves party words, with the user's own names for parties beside the listed ones.

    `aliases` maps words to a code of `codes()`: `{"Seoul side": "KOR", "the Bloc": "EU"}`. They
    win over what is listed, whatever their case (of three letters and fewer: in their own case).
    An unknown code raises ConfigurationError. `language` is a BCP 47 tag: of a text in it, words
    count too that mean something else in other languages ("chino", "UE", 河内). Instances are
    picklable and safe to share.
    """

    def __init__(
        self, aliases: Mapping[str, str] | None = None, *, language: str | None = None
    ) -> None:
        """Check the aliases; the data is read at the first question."""
        self.aliases = dict(aliases or {})
        self.language = _known_language(language)
        for words, code in self.aliases.items():
            if code not in codes() or not (_words(words) or _HAS_CJK.search(words)):
                what = f"The alias {words!r} stands for {code!r}, which is not a known code."
                raise ConfigurationError(
                    what, "Give an ISO 3166-1 alpha-3 code or an organisation code."
                )
        self._lexicon: Lexicon | None = None
        self._named: dict[str, frozenset[str]] = {}

    def __getstate__(self) -> tuple[dict[str, str], str | None]:
        """Pickle the settings alone; the rest is built again."""
        return self.aliases, self.language

    def __setstate__(self, state: tuple[dict[str, str], str | None]) -> None:
        """Build again from the settings."""
        self.aliases, self.language = state
        self._lexicon, self._named = None, {}

    def resolve(self, words: str, *, context: str | None = None) -> Party | None:
        """Return the one party that the words name, or None.

        `words` may be a name, an adjective, a capital that stands for its government, an
        office ("Minister of National Defence of Lao PDR"), or a phrase with one party in it
        ("the Korean side"). Of several parties in an office, the one that is not after "to",
        "for", "in" and the like is meant ("Indian Ambassador to Russia"). `context` is any text
        around the words; it settles words with several readings. Never raises on any string.
        """
        entry = _whole(self._all(), _plain(words, self.language))
        if entry is not None:
            if not entry.codes:
                return None
            named = self.codes_named(context) if entry.unsure else frozenset()
            return _party(_settled(entry, named, context or ""), words)
        if words.strip() in codes():
            return _party(words.strip(), words)
        return _party(self._inside(words, context), words)

    def find(self, text: str, *, context: str | None = None) -> list[tuple[int, int, Party]]:
        """Return every party named in the text: start, end (code points, exclusive), party.

        In the order of the text, without overlaps. Capitals and seats of government are found
        where they act, not where they are a place ("in Beijing"). Ambiguous words are settled
        by the text itself and by `context`, or left out.
        """
        hits = _scan(self._all(), _plain(text, self.language))
        named = _certain(hits) | (self.codes_named(context) if context else frozenset())
        around = f"{text}\n{context or ''}"
        found = []
        for hit in hits:
            party = _party(_settled(hit.entry, named, around), text[hit.start : hit.end])
            if party is not None and not hit.place:
                found.append((hit.start, hit.end, party))
        return found

    def _all(self) -> Lexicon:
        if self._lexicon is None:
            lexicon = _parties_in(self.language) if self.language else _parties()
            if self.aliases:
                lexicon = lexicon.copy()
                for words, code in self.aliases.items():
                    lexicon.override(Entry(words, (code,), "alias"))
            self._lexicon = lexicon
        return self._lexicon

    def codes_named(self, context: str | None) -> frozenset[str]:
        """Return the codes that the context names without ambiguity; the last few are kept."""
        if not context:
            return frozenset()
        named = self._named.get(context)
        if named is None:
            named = _certain(_scan(self._all(), _plain(context, self.language)))
            if len(self._named) >= 16:
                self._named = {}
            self._named[context] = named
        return named

    def _inside(self, words: str, context: str | None) -> str | None:
        """Return the code of the only party named within the words."""
        plain = _plain(words, self.language)
        hits = _scan(self._all(), plain) or _scan(self._all(), plain, strict=False)
        acting = _acting([hit for hit in hits if not hit.place], words)
        if not acting:
            return None
        named = _certain(hits) | self.codes_named(context)
        around = f"{words}\n{context or ''}"
        settled = {_settled(hit.entry, named, around) for hit in acting}
        return settled.pop() if len(settled) == 1 else None


def _plain(text: str, language: str | None) -> str:
    """The text as it is looked up; of equal length."""
    return simplified(text) if language == "zh" else text


def _known_language(tag: str | None) -> str | None:
    """The language's two letters, where it has forms of its own."""
    code = re.split("[-_]", (tag or "").casefold())[0]
    return code if code in _LANGUAGES else None


def _acting(hits: list[Hit], words: str) -> list[Hit]:
    """Leave out the parties that an office is directed at, and cities with offices of their own."""
    listed = _words(words)
    raw = {word.raw for word in listed}
    if raw & _rules("local_heads"):
        hits = [hit for hit in hits if hit.entry.sort != "city"]
    directed = []
    for hit in hits:
        before = hit.first - 1
        if _neighbour(listed, before) in {"the", "The"}:
            before -= 1
        directed.append(hit.first > 0 and _neighbour(listed, before) in _rules("directions"))
    acting = [hit for hit, away in zip(hits, directed, strict=True) if not away]
    return acting or hits


def _party(code: str | None, words: str) -> Party | None:
    if code is None:
        return None
    return Party(code=code, kind=codes()[code], as_written=words)


@cache
def default(language: str | None = None) -> Resolver:
    """Return the resolver that knows no aliases."""
    return Resolver(language=language)


def resolve(words: str, *, context: str | None = None, language: str | None = None) -> Party | None:
    """Return the one party that the words name, or None; see `Resolver.resolve`."""
    return default(_known_language(language)).resolve(words, context=context)


def find(
    text: str, *, context: str | None = None, language: str | None = None
) -> list[tuple[int, int, Party]]:
    """Return every party named in the text, with its span; see `Resolver.find`."""
    return default(_known_language(language)).find(text, context=context)


def find_places(text: str, *, language: str | None = None) -> list[tuple[int, int, str]]:
    """Return the well-known places named in the text: start, end (code points), alpha-3 code.

    Countries, capitals, seats and other cities, by name and not by adjective, in the order of
    the text; ambiguous ones are left out. `language` as in `Resolver`.
    """
    known = _known_language(language)
    lexicon = _places_in(known) if known else _places()
    return [
        (hit.start, hit.end, hit.entry.codes[0])
        for hit in _scan(lexicon, _plain(text, known))
        if not hit.entry.unsure
    ]


def country_of_place(
    words: str, *, context: str | None = None, language: str | None = None
) -> str | None:
    """Return the alpha-3 code of the country that a place lies in, or None.

    A country in the words decides ("Vientiane, Lao PDR"; of several, the one that ends them);
    else a city, a capital or a seat of government does ("the White House"). Names of several
    well-known places ("Cambridge") need a country in the words, or a context that names exactly
    one of the candidates without ambiguity. `language` as in `Resolver`. Never raises on any
    string.
    """
    known = _known_language(language)
    lexicon = _places_in(known) if known else _places()
    words = _plain(words, known)
    hits = _scan(lexicon, words)
    if not hits:
        entry = _whole(lexicon, words)
        hits = [Hit(0, 0, 0, 0, entry)] if entry is not None and entry.codes else []
    countries = [hit for hit in hits if hit.entry.sort != "city" and not hit.entry.unsure]
    if countries and (len(_certain(countries)) == 1 or hits[-1] is countries[-1]):
        return countries[-1].entry.codes[0]
    certain = _certain(hits)
    if certain:
        return next(iter(certain)) if len(certain) == 1 else None
    named = default(known).codes_named(context)
    settled = {_settled(hit.entry, named, context or "") for hit in hits}
    return settled.pop() if len(settled) == 1 else None
