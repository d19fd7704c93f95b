"""Grounding: where in the article the words that the model copied stand.

Every string that a model gives back is a claim about the article. This station finds it there,
character by character, or says that it is not there. It folds away only what cannot change what
is told (white space, quote marks, kinds of dash, letter case, composed and decomposed letters,
British and American spelling, the dots of "U.S.", thousands separators) and it never measures
similarity to decide: an inserted "not" costs three letters and the whole meaning.

How it works. The text is cut into tokens: words, numbers, symbols, punctuation; one character
each in scripts that write without spaces. Every token has a *key*, its folded form, and the
keys joined by single spaces are the folded text. A quote is folded likewise and searched with
spaces around it, so a match begins and ends at tokens, never inside a word, a number or a
letter with its accents; the tokens know their place in the source. What `str.find` does not
find is tried once more word by word, allowing a few unimportant words of the source to be
missing from the quote, as people and models shorten quotations.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from bisect import bisect_left, bisect_right
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from communique.schemas import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Index", "fold", "index_of", "locate"]

CONTEXT: Final = 32
"""Characters of prefix and suffix (W3C Web Annotation leaves the number to the maker)."""
MOST_DROPPED: Final = 12
"""Words of the source that a quote may leave out, over all its gaps."""
MOST_GAPS: Final = 3
NEAREST_CHARACTERS: Final = 200

# Kinds of token. Weak punctuation may differ between a quote and its source; strong
# punctuation ends a sentence and may not.
_WORD, _NUMBER, _SYMBOL, _WEAK, _STRONG, _ELLIPSIS = "wnspeo"


class _Token(NamedTuple):
    """One token: its kind, its folded form, and its span in the source."""

    kind: str
    key: str
    start: int
    end: int


# --- Classes of characters ---------------------------------------------------------------
#
# Each character is first mapped to a one-letter class, so that one small regular expression
# over the classes cuts any script into tokens, with the offsets of the source:
#   L letter   D digit   H letter of a script without word spaces   M mark, joins what precedes
#   Z invisible   W space   n line break   A apostrophe   Q other quote mark   - dash
#   . full stop   E other sentence end   O ellipsis   , comma   : colon or slash
#   S symbol   P other punctuation

_APOSTROPHES = "'\u2019\u2018\u02bc\uff07\u00b4`\u2032\u201b"
_QUOTES = '"\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u201a\uff02\u300c\u300d\u300e\u300f'
_ENDS = "!?\u3002\uff01\uff1f\u061f\u06d4\u0964\u0965;\uff1b\u061b\uff61\u1362\u17d4\u0589"
_FIXED: Final = {
    **dict.fromkeys(_APOSTROPHES, "A"),
    **dict.fromkeys(_QUOTES, "Q"),
    **dict.fromkeys(_ENDS, "E"),
    **dict.fromkeys(".\uff0e\u2024", "."),
    **dict.fromkeys("\u2026\u22ef", "O"),
    **dict.fromkeys(",\uff0c\u066b\u066c", ","),
    **dict.fromkeys(":/\uff1a\uff0f", ":"),
    **dict.fromkeys("\n\x0b\x0c\x85\u2028\u2029", "n"),
    **dict.fromkeys("%\u2030&\u066a\uff05\uff06", "S"),
    **dict.fromkeys("|~=<>", "P"),
    "\u2212": "-",
    "\u0640": "Z",  # Arabic tatweel only stretches a word.
    "\t": "W",
    "\r": "W",
}
_BY_CATEGORY: Final = {
    "Nd": "D", "Mn": "M", "Mc": "M", "Me": "M", "Zs": "W", "Pd": "-", "Pc": "P", "Pe": "P",
    "Pf": "Q", "Pi": "Q", "Po": "P", "Ps": "P", "Sk": "P", "Sc": "S", "Sm": "S", "So": "S",
    "Cc": "Z", "Cf": "Z", "Cn": "S", "Co": "S", "Cs": "S",
}  # fmt: skip
_NO_SPACES: Final = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x0FFF),  # Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1100, 0x115F),  # Hangul, leading letters: particles join the noun as in Japanese
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),
    (0x3031, 0x318F),  # kana, bopomofo, compatibility jamo
    (0x31A0, 0x31FF),
    (0x3400, 0x9FFF),
    (0xA960, 0xA97F),
    (0xAC00, 0xD7A3),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFFDC),
    (0x20000, 0x3FFFF),
)
_JOINING_JAMO: Final = ((0x1160, 0x11FF), (0xD7B0, 0xD7FF))
_SKIN_TONES: Final = (0x1F3FB, 0x1F3FF)
_COMPATIBLE: Final = ((0xFB00, 0xFDFF), (0xFE70, 0xFEFC), (0xFF01, 0xFF5E))
"""Ligatures, Arabic presentation forms and full-width ASCII: the same letters in other dress.
No superscripts or fractions: 10² is not 102."""

_OPTIONAL: Final = frozenset(
    "\ufe0e\ufe0f\u093c\u0670" + "".join(chr(code) for code in range(0x064B, 0x0653))
)
"""Written or left out at will: variation selectors, the nukta of Hindi, the vowels of Arabic."""
_ALEFS: Final = str.maketrans("\u0622\u0623\u0625\u0671", "\u0627" * 4)
"""Nor is the hamza of an alef always written (أحمد, احمد)."""

_TOKEN: Final = re.compile(
    r"""
      (?P<initials> (?<![LDM]) (?:LM*\.)+ LM* (?![LMD]) \.? )
    | (?P<number> D{4}-DD?-DD?(?![LD]) | DD?-DD?-D{4}(?![LD])
                | (?<![^Wn]) -D (?:[.,:A]?D)* (?:[LM](?:Z*[LMD])*)?
                | D{1,3} (?:WD{3})+ (?:[.,]D+)? (?![DL])
                | D+ (?:[.,:A]D+)* (?:[LM](?:Z*[LMD])*)? )
    | (?P<word> [LM](?:Z*[LMD])* (?:A[LM](?:Z*[LMD])*)* )
    | (?P<letter> HM* )
    | (?P<symbol> S (?:M|Z+(?=[SM]))* (?:(?<=Z)S(?:M|Z+(?=[SM]))*)* )
    | (?P<ellipsis> O[.O]* | \.\.[.O]* )
    | (?P<strong> [.E]M* )
    | (?P<weak> [-,:P]M* )
    """,
    re.VERBOSE,
)
_KINDS: Final = {
    "initials": _WORD,
    "number": _NUMBER,
    "word": _WORD,
    "letter": _WORD,
    "symbol": _SYMBOL,
    "ellipsis": _ELLIPSIS,
    "strong": _STRONG,
    "weak": _WEAK,
}


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


@functools.cache
def _character_class(character: str) -> str:
    """The class of one character; of one that NFC replaces (U+037E), that of its replacement."""
    composed = unicodedata.normalize("NFC", character)
    if len(composed) == 1:
        character = composed
    if character in _FIXED:
        return _FIXED[character]
    code, category = ord(character), unicodedata.category(character)
    if _within(code, _JOINING_JAMO) or _within(code, (_SKIN_TONES,)):
        return "M"
    if category[0] in "LN" and category != "Nd":
        return "H" if _within(code, _NO_SPACES) else "L"
    return _BY_CATEGORY.get(category, "P")


def _classes(text: str) -> str:
    return text.translate({ord(c): _character_class(c) for c in set(text)})


# --- Data --------------------------------------------------------------------------------


class _Words(NamedTuple):
    """The word lists of `data/grounding.json`."""

    case_acronyms: frozenset[str]
    case_names: frozenset[str]
    abbreviations: frozenset[str]
    attached_before: frozenset[str]
    attached_after: frozenset[str]
    scales: frozenset[str]
    numbers: frozenset[str]
    never_dropped: frozenset[str]


@functools.cache
def _words() -> _Words:
    file = resources.files("communique") / "data" / "grounding.json"
    data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    lists = {
        name: frozenset(data[name]["words"])
        for name in _Words._fields
        if name not in ("numbers", "never_dropped")
    }
    languages = data["never_dropped"]
    kept = frozenset(w for name in languages if name != "note" for w in languages[name])
    # The lists are compared with keys, so they have to be spelt as keys are.
    kept = frozenset(_spelling().get(w, w) for w in kept)
    return _Words(**lists, numbers=frozenset(data["numbers"]), never_dropped=kept)


@functools.cache
def _spelling() -> dict[str, str]:
    """British spelling to American spelling, from `data/spelling.tsv`."""
    file = resources.files("communique") / "data" / "spelling.tsv"
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line and line[0] != "#")


# --- Folding -----------------------------------------------------------------------------


def _letters(surface: str) -> str:
    """The letters of a token without case, in NFC, invisible characters and old dress gone."""
    surface = unicodedata.normalize("NFC", surface).translate(_ALEFS)
    folded = []
    for character in surface:
        kind = _character_class(character)
        if kind == "Z" or character in _OPTIONAL:
            continue
        if kind == "A":
            folded.append("'")
        elif kind == "D":
            folded.append(str(unicodedata.decimal(character)))
        elif _within(ord(character), _COMPATIBLE):
            folded.append(unicodedata.normalize("NFKC", character).strip())
        else:
            folded.append(character)
    # Folding case can undo the composed form and composing can restore a letter with case, so
    # the order is that of "canonical caseless matching" (The Unicode Standard, 3.13, D145).
    caseless = unicodedata.normalize("NFD", "".join(folded)).casefold()
    return unicodedata.normalize("NFC", caseless).replace(" ", "")


def _word_key(surface: str) -> str:
    key = surface.lower() if surface.isascii() and surface.isalpha() else _letters(surface)
    return _spelling().get(key, key)


_GROUPED: Final = re.compile(
    r"-?\d{1,3}(?:(?:,\d{3})+|(?:'\d{3})+|(?:[^\S\n]\d{3})+|(?:\.\d{3}){2,})(?:\.\d+)?"
    r"|-?\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?"
)
"""Thousands separators that can be nothing else: 1,000 and 1 000 and 1'000 and 1.000.000 and
the Indian 1,00,000; not 1.000, which is one in English and a thousand in German."""


def _number_key(surface: str) -> str:
    spaced = "".join(" " if _character_class(c) == "W" else c for c in surface)
    key = "".join(_letters(part) + " " for part in spaced.split(" ")).rstrip()
    key = "-" + key[1:] if _character_class(surface[0]) == "-" else key
    if _GROUPED.fullmatch(key):
        # Grouped by full stops, the fraction stands behind a comma, which is not folded here.
        dots = key.count(".") > 1
        key = re.sub(r"[,.' ]" if dots else r"[,' ]", "", key)
    return key.replace(" ", "")


def _key(kind: str, surface: str) -> str:
    """The folded form of a token; never empty, never with a space in it."""
    # A cache of monstrous tokens would hold on to whole articles.
    return _short_key(kind, surface) if len(surface) < _CACHED else _new_key(kind, surface)


def _new_key(kind: str, surface: str) -> str:
    if kind == "initials":
        key = "".join(c for c in _letters(surface) if _character_class(c) != ".")
    elif kind == "number":
        key = _number_key(surface)
    elif kind in ("word", "letter"):
        key = _word_key(surface)
    elif kind == "ellipsis":
        key = "\u2026"
    elif kind == "weak" and _character_class(surface[0]) == "-":
        key = "-"
    else:
        key = _letters(surface)
    return key or surface.strip() or "?"


_CACHED: Final = 64
_short_key = functools.lru_cache(maxsize=65_536)(_new_key)


_CLITICS: Final = frozenset(("s", "ll", "re", "ve", "d", "m"))


def _split_word(surface: str, classes: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Cut a word at its apostrophes: Singh|'s, l'|Inde, we|'ll; but "didn't" stays whole.

    A model that quotes "Singh" from "Singh's" is right; one that quotes "did" from "didn't"
    has turned the sentence round. Arabic writes "and", "in" and "to" together with the next
    word, from which they are cut likewise: و|الهند.
    """
    begin = _joined_particle(surface)
    if begin:
        yield surface[:begin], start, start + begin
    for match in re.finditer("A", classes):
        at = match.start()
        tail = surface[at + 1 :].casefold()
        if at <= begin or (tail == "t" and surface[at - 1] in "nN"):
            continue
        cut = at if tail in _CLITICS else at + 1
        yield surface[begin:cut], start + begin, start + cut
        begin = cut
    if begin < len(surface):
        yield surface[begin:], start + begin, start + len(surface)


_PARTICLE: Final = re.compile(
    "[\u0648\u0641\u0628\u0644\u0643](?=\u0627\u0644[\u0621-\u064a]{2}|[\u0621-\u064a]{5})|\u0648(?=\u0648)"
)
"""Particles before a definite word, or before one so long that it is hardly their own root's."""
_UNWRITTEN: Final = re.compile("[\u0640\u064b-\u0652\u0670]+")


def _joined_particle(word: str) -> int:
    """How many characters of an Arabic word are a particle written together with it."""
    if _PARTICLE.match(_UNWRITTEN.sub("", word)) is None:
        return 0
    marks = _UNWRITTEN.match(word, 1)
    return marks.end() if marks is not None else 1


def _tokens(text: str, classes: str) -> Iterator[_Token]:
    """The tokens of a text. A dot that belongs to an initial or an abbreviation is none."""
    previous: _Token | None = None
    for match in _TOKEN.finditer(classes):
        name = match.lastgroup or "weak"
        start, end = match.span()
        kind = _KINDS[name]
        split = name == "word" and ("A" in match.group() or "\u0621" <= text[start] <= "\u064a")
        if split:
            for part, begin, stop in _split_word(text[start:end], match.group(), start):
                previous = _Token(kind, _key(name, part), begin, stop)
                yield previous
            continue
        if classes[start] == "." and kind == _STRONG and _abbreviates(previous, text, start):
            continue
        previous = _Token(kind, _key(name, text[start:end]), start, end)
        yield previous


def _abbreviates(previous: _Token | None, text: str, dot: int) -> bool:
    if previous is None or previous.end != dot or previous.kind != _WORD:
        return False
    initial = len(previous.key) == 1 and text[previous.start].isupper()
    return initial or previous.key in _words().abbreviations


def fold(text: str) -> str:
    """The folded form of a text: the keys of its tokens, joined by single spaces.

    Two strings with the same folded form are the same words. Linear in the text.
    """
    return " ".join(token.key for token in _tokens(text, _classes(text)))


# --- A text and its tokens -----------------------------------------------------------------


class _Cut:
    """A text cut into tokens, with what matching asks about them. Used for quotes as well."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.classes = _classes(text)
        self.tokens = list(_tokens(text, self.classes))
        self.keys = [token.key for token in self.tokens]

    def surface(self, index: int) -> str:
        token = self.tokens[index]
        return self.text[token.start : token.end]

    def between(self, index: int) -> str:
        """The classes of the characters between the token before `index` and that token."""
        before = self.tokens[index - 1].end if index > 0 else 0
        return self.classes[before : self.tokens[index].start]

    def begins_sentence(self, index: int) -> bool:
        """Whether a capital at this token says nothing, as the first word always has one."""
        if index == 0:
            return True
        between = self.between(index)
        return (
            self.tokens[index - 1].kind in (_STRONG, _ELLIPSIS)
            or self.tokens[index - 1].key in (":", "-", "(", "\u2022")
            or any(c in between for c in "nQA")
        )

    def shouted(self, index: int) -> bool:
        """Whether the words around are all in capitals, as in a headline."""
        others = [s for i, s in self._around(index) if i != index and len(s) > 1]
        return sum(len(s) > 3 for s in others) > 0 and all(s.isupper() for s in others)

    def titled(self, index: int) -> bool:
        """Whether every longer word around has a capital, as in a headline."""
        others = [s for i, s in self._around(index) if i != index and len(s) > 3]
        return len(others) > 2 and not any(s[0].islower() for s in others)

    def _around(self, index: int) -> Iterator[tuple[int, str]]:
        for step in (-1, 1):
            at = index
            for _ in range(8):
                if not 0 <= at < len(self.tokens) or self.tokens[at].kind == _STRONG:
                    break
                if self.tokens[at].kind == _WORD:
                    yield at, self.surface(at)
                at += step

    def case(self, index: int, *, first_is_name: bool) -> str:
        """How a word whose case makes it another word is written here.

        `upper` and `lower` are different words; `either` matches both (a sentence's first word,
        a headline).
        """
        surface, key = self.surface(index), self.keys[index]
        if key in _words().case_acronyms:
            if not surface.isupper():
                return "lower"
            return "either" if "." not in surface and self.shouted(index) else "upper"
        if surface.islower():
            return "lower"
        if surface.isupper() or self.titled(index):
            return "either"
        opening = index == 0 and first_is_name
        return "either" if self.begins_sentence(index) and not opening else "upper"


# --- The quote -----------------------------------------------------------------------------

_BRACKETS: Final = re.compile(r"\[[^\[\]]{0,300}\]|\((?:\.{3,}|\u2026)\)")


class _Piece(NamedTuple):
    """A token of a quote that must be matched; `gap` where the quote marks an omission."""

    key: str
    place: int
    gap: bool
    joint: str  # Weak punctuation before it: between two numbers it must be the same.


class _Quote:
    """A quote prepared for matching; edge punctuation stripped in `core`."""

    def __init__(self, quote: str) -> None:
        self.cut = _Cut(quote)
        kinds = [token.kind for token in self.cut.tokens]
        solid = [i for i, kind in enumerate(kinds) if kind in (_WORD, _NUMBER, _SYMBOL)]
        self.empty = not any(kinds[i] in (_WORD, _NUMBER) for i in solid)
        self.start, self.stop = (solid[0], solid[-1] + 1) if solid else (0, 0)
        words = _words()
        ambiguous = words.case_acronyms | words.case_names
        self.cased = {
            i: self.cut.case(i, first_is_name=True)
            for i in range(self.start, self.stop)
            if self.cut.keys[i] in ambiguous
        }

    def pieces(self) -> list[_Piece]:
        pieces: list[_Piece] = []
        gap, joint = False, ""
        for i in range(self.start, self.stop):
            token = self.cut.tokens[i]
            if token.kind == _ELLIPSIS:
                gap = True
            elif token.kind == _WEAK:
                joint += token.key
            else:
                pieces.append(_Piece(token.key, i, gap, joint))
                gap, joint = False, ""
        return pieces

    def without_brackets(self) -> _Quote | None:
        """The quote with "[Singh]" taken for an omission; None where there is nothing to take.

        None as well where the brackets hold a number or a word that changes the meaning.
        """
        inserted = _BRACKETS.findall(self.cut.text)
        if not inserted:
            return None
        for bracket in inserted:
            cut = _Cut(bracket)
            for i, token in enumerate(cut.tokens):
                harmless = token.kind in (_WEAK, _ELLIPSIS, _STRONG) or token.key == "sic"
                if not harmless and not _droppable(cut, i, names=True):
                    return None
        return _Quote(_BRACKETS.sub(" \u2026 ", self.cut.text))


def _prepared(quote: str) -> _Quote:
    """Prepare a quote; short ones are kept, since a name or a verb is looked for many times."""
    return _short_quote(quote) if len(quote) < _SHORT_QUOTE else _Quote(quote)


_SHORT_QUOTE: Final = 256
_short_quote = functools.lru_cache(maxsize=1024)(_Quote)


def _droppable(cut: _Cut, index: int, *, names: bool = False) -> bool:
    """Whether a word may be missing from a quote without changing what is told.

    Only words in scripts with two cases: elsewhere neither names nor, in scripts without
    spaces, words can be told, and a single character may negate.
    """
    token = cut.tokens[index]
    if token.kind == _WEAK:
        return True
    surface = cut.surface(index)
    if token.kind != _WORD or (not names and surface != surface.lower()):
        return False
    if surface.lower() == surface.upper() or any(c.isdigit() for c in surface):
        return False
    words = _words()
    return not (
        token.key in words.never_dropped
        or token.key in words.numbers
        or token.key in words.scales
        or token.key.endswith("n't")
        or token.key.startswith(("n'", "'"))  # Singh's aide is not Singh.
    )


# --- The index -----------------------------------------------------------------------------


class _Budget:
    """Steps left: what keeps a hostile quote from costing more than linear time."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> bool:
        self.left -= steps
        return self.left >= 0


class Index:
    """A text prepared for locating many quotes. Offsets are Python code points.

    Building is linear in the text; so is each look-up at worst. Nothing here raises on any
    text or quote; in a text with lone surrogates, which no `Evidence` can hold, nothing is
    found.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._cut = _Cut(text if _encodable(text) else "")
        offsets, at = [], 1
        for key in self._cut.keys:
            offsets.append(at)
            at += len(key) + 1
        self._offsets = offsets
        self._folded = " " + " ".join(self._cut.keys) + " "

    @functools.cached_property
    def _positions(self) -> dict[str, list[int]]:
        positions: dict[str, list[int]] = {}
        for i, key in enumerate(self._cut.keys):
            positions.setdefault(key, []).append(i)
        return positions

    def evidence(self, start: int, end: int) -> Evidence:
        """The evidence for `text[start:end]`, with up to 32 characters on each side.

        Raises `ValueError` unless `0 <= start <= end <= len(text)`.
        """
        if not 0 <= start <= end <= len(self.text):
            message = f"span {start}:{end} is not in a text of {len(self.text)} characters"
            raise ValueError(message)
        return Evidence(
            exact=self.text[start:end],
            start=start,
            end=end,
            prefix=self.text[max(0, start - CONTEXT) : start],
            suffix=self.text[end : end + CONTEXT],
        )

    def locate(self, quote: str, *, near: int | None = None) -> Evidence | None:
        """Where the quote stands, or None.

        Of several occurrences the one that starts nearest to `near` (a code point offset), or
        the first. A quote without a letter or digit is nowhere.
        """
        prepared = _prepared(quote)
        if prepared.empty or not self._cut.tokens:
            return None
        budget = self._budget(prepared)
        spans = self._exact(prepared, budget, near)
        if not spans:
            spans = self._elastic(prepared, budget)
        if not spans:
            shorter = prepared.without_brackets()
            if shorter is not None and not shorter.empty:
                spans = self._exact(shorter, budget, near) or self._elastic(shorter, budget)
        if not spans:
            return None
        goal = near if near is not None else 0
        start, end = min(spans, key=lambda span: (abs(span[0] - goal), span))
        return self.evidence(start, end)

    def find_all(self, quote: str) -> list[Evidence]:
        """Every occurrence of the quote, folded but complete, in order; none overlap."""
        prepared = _prepared(quote)
        if prepared.empty:
            return []
        spans = self._exact(prepared, self._budget(prepared), None)
        return [self.evidence(start, end) for start, end in sorted(set(spans))]

    def nearest(self, quote: str) -> str:
        """The stretch of the text most like the quote: what to show a model that misquoted.

        At most 200 characters of the text's own, "" where nothing is alike. A help for
        re-asking, never a ground for accepting.
        """
        return _nearest(self._cut, self._positions, quote)

    # Exact matching.

    def _budget(self, quote: _Quote) -> _Budget:
        return _Budget(10_000 + 4 * (len(self._cut.tokens) + len(quote.cut.tokens)))

    def _exact(self, quote: _Quote, budget: _Budget, near: int | None) -> list[tuple[int, int]]:
        """The spans whose folded form is that of the quote, or of the quote without its edges."""
        total = len(quote.cut.keys)
        for start, stop in dict.fromkeys(
            ((0, total), (quote.start, total), (quote.start, quote.stop))
        ):
            spans = list(self._find(quote, start, stop, 0, budget))
            if spans and near is not None:
                # Occurrences may overlap ("a a a"), so look at the wished-for place itself too.
                spans.extend(self._find(quote, start, stop, self._folded_offset(near), budget))
            if spans:
                return spans
        return []

    def _folded_offset(self, near: int) -> int:
        tokens = self._cut.tokens
        at = bisect_left(tokens, near, key=lambda token: token.start)
        return self._offsets[at] - 1 if at < len(tokens) else len(self._folded)

    def _find(
        self, quote: _Quote, start: int, stop: int, origin: int, budget: _Budget
    ) -> Iterator[tuple[int, int]]:
        needle = " " + " ".join(quote.cut.keys[start:stop]) + " "
        at = self._folded.find(needle, origin)
        while at >= 0:
            first = bisect_right(self._offsets, at + 1) - 1
            last = first + stop - start - 1
            pairs = [(i, first + i - start) for i in quote.cased if start <= i < stop]
            if self._sound(quote, first, last, pairs):
                yield self._cut.tokens[first].start, self._cut.tokens[last].end
                at += len(needle) - 1
            else:
                if not budget.spend(1 + len(needle) // 8 + 16 * len(pairs)):
                    return
                at += 1
            at = self._folded.find(needle, at)

    # What makes a match of the words unsound.

    def _sound(self, quote: _Quote, first: int, last: int, pairs: list[tuple[int, int]]) -> bool:
        if self._splits_number(first, last) or self._splits_compound(first, last):
            return False
        for theirs, ours in pairs:
            cases = {quote.cased[theirs], self._cut.case(ours, first_is_name=False)}
            if cases == {"upper", "lower"}:
                return False
        return True

    def _splits_number(self, first: int, last: int) -> bool:
        """Whether a number goes on outside: "20" of "20 million", "five" of "twenty-five"."""
        words, keys = _words(), self._cut.keys
        return any(
            self._number_goes_on(left, words, keys)
            for left in (first - 1, last)
            if 0 <= left < len(keys) - 1
        )

    def _number_goes_on(self, left: int, words: _Words, keys: list[str]) -> bool:
        """Whether the token at `left` and the one after it are parts of one number."""
        if keys[left] in words.numbers or self._cut.tokens[left].kind == _NUMBER:
            if keys[left + 1] in words.scales and "n" not in self._cut.between(left + 1):
                return True
            if keys[left + 1] == "-" and left + 2 < len(keys) and keys[left] in words.numbers:
                return keys[left + 2] in words.numbers and self._joined(left)
        if keys[left] == "-" and left > 0 and keys[left - 1] in words.numbers:
            return keys[left + 1] in words.numbers and self._joined(left - 1)
        return False

    def _joined(self, left: int) -> bool:
        """Whether the token at `left` and the two after it are written without a space."""
        return not self._cut.between(left + 1) and not self._cut.between(left + 2)

    def _splits_compound(self, first: int, last: int) -> bool:
        """Whether the match leaves off a part that changes its word: non-, ex-, -elect."""
        keys, words = self._cut.keys, _words()
        before = first > 1 and keys[first - 1] == "-" and keys[first - 2] in words.attached_before
        if before and self._joined(first - 2):
            return True
        if (
            last + 2 < len(keys)
            and keys[last + 1] == "-"
            and keys[last + 2] in words.attached_after
        ):
            return self._joined(last)
        return False

    # Matching with words left out.

    def _elastic(self, quote: _Quote, budget: _Budget) -> list[tuple[int, int]]:
        """The spans that hold every word of the quote in order, and little beside.

        Of those with the fewest words left out. Where only punctuation differs, none is.
        """
        pieces = quote.pieces()
        positions = self._positions
        if any(piece.key not in positions for piece in pieces):
            return []
        rarest = positions[min((p.key for p in pieces), key=lambda key: len(positions[key]))]
        reach = 4 * (len(quote.cut.tokens) + MOST_DROPPED)
        found: dict[int, list[tuple[int, int]]] = {}
        for start in positions[pieces[0].key]:
            if not budget.spend():
                break
            at = bisect_left(rarest, start)
            if at == len(rarest) or rarest[at] > start + reach:
                continue
            aligned = self._align(pieces, start, budget)
            if aligned is None:
                continue
            indices, dropped = aligned
            pairs = [(p.place, i) for p, i in zip(pieces, indices, strict=True)]
            pairs = [pair for pair in pairs if pair[0] in quote.cased]
            if self._sound(quote, indices[0], indices[-1], pairs):
                span = (self._cut.tokens[indices[0]].start, self._cut.tokens[indices[-1]].end)
                found.setdefault(dropped, []).append(span)
        return found[min(found)] if found else []

    def _align(
        self, pieces: list[_Piece], start: int, budget: _Budget
    ) -> tuple[list[int], int] | None:
        """The tokens that the pieces match from `start` on, and how many words lie between."""
        indices = [start]
        dropped = gaps = 0
        for piece in pieces[1:]:
            at, missing = self._advance(piece, indices[-1], MOST_DROPPED - dropped, budget)
            if at < 0:
                return None
            gaps += bool(missing)
            dropped += missing
            indices.append(at)
        shortest = 2 if any(piece.gap for piece in pieces) else 3
        if dropped and (gaps > MOST_GAPS or len(pieces) < shortest):
            return None
        return indices, dropped

    def _advance(
        self, piece: _Piece, previous: int, allowed: int, budget: _Budget
    ) -> tuple[int, int]:
        """The next token that matches, and the words passed over; -1 where there is none."""
        tokens = self._cut.tokens
        missing, joint, at = 0, "", previous + 1
        while at < len(tokens) and budget.spend():
            token = tokens[at]
            if token.key == piece.key and token.kind not in (_WEAK, _ELLIPSIS):
                if tokens[previous].kind == token.kind == _NUMBER and joint != piece.joint:
                    break
                broken = missing and self._breaks(previous, at)
                return (-1, 0) if broken else (at, missing)
            if not _droppable(self._cut, at):
                break
            if token.kind == _WEAK:
                joint += token.key
            else:
                missing += 1
            if missing > allowed:
                break
            at += 1
        return -1, 0

    def _breaks(self, first: int, last: int) -> bool:
        """Whether a gap holds the end of a paragraph, or an apostrophe: "the ministers' aides"."""
        spaces = [self._cut.between(i) for i in range(first + 1, last + 1)]
        return any("A" in between or between.count("n") > 1 for between in spaces)


@functools.lru_cache(maxsize=16)
def index_of(text: str) -> Index:
    """Prepare a text, or give what was prepared of it: stations look at the same few in turn."""
    return Index(text)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def locate(quote: str, text: str, *, near: int | None = None) -> Evidence | None:
    """Where the quote stands in the text, or None. For many quotes on one text, use `Index`.

    The result's `exact` is the source's own characters, `text[start:end] == exact`, with
    offsets in code points. White space, quote marks, dashes, case, Unicode composition,
    British and American spelling, abbreviation dots and thousands separators may differ; a
    few unimportant words may be missing from the quote's middle. Anything else is None.
    Of several occurrences: the nearest to `near` by its start, else the first. Never raises.
    """
    return Index(text).locate(quote, near=near)


# --- Help for re-asking --------------------------------------------------------------------

_RANKED: Final = 24
_SCANNED: Final = 400
_LONGEST_COMPARED: Final = 1_000
_ALIKE: Final = 70.0


def _nearest(cut: _Cut, positions: dict[str, list[int]], quote: str) -> str:
    from rapidfuzz.distance import LCSseq

    stretches = _stretches(cut)
    asked = _Cut(quote[:_LONGEST_COMPARED]).keys
    # Words are weighed by their rarity, and only the best few stretches are compared in order.
    scores: dict[int, float] = {}
    for key in dict.fromkeys(asked):
        places = positions.get(key, ())
        for place in places[:_LONGEST_COMPARED]:
            at = bisect_right(stretches, (place, len(cut.tokens))) - 1
            scores[at] = scores.get(at, 0.0) + 1 / len(places)
    best = sorted(scores, key=lambda i: (-scores[i], i))[:_RANKED]
    if not best:
        return _alike(cut, stretches, quote)
    keys = {i: cut.keys[slice(*stretches[i])] for i in best}
    winner = max(best, key=lambda i: (LCSseq.similarity(asked, keys[i]), scores[i]))
    return _window(_stretch_text(cut, stretches[winner]), quote)


def _alike(cut: _Cut, stretches: list[tuple[int, int]], quote: str) -> str:
    """The stretch with the most similar letters, for a quote of which no word is in the text."""
    from rapidfuzz import fuzz, process

    choices = [_stretch_text(cut, stretch) for stretch in stretches[:_SCANNED]]
    asked = quote[:NEAREST_CHARACTERS]
    long_enough = [choice for choice in choices if 2 * len(choice) >= len(asked)]
    found = process.extractOne(asked, long_enough, scorer=fuzz.partial_ratio, score_cutoff=_ALIKE)
    return _window(found[0], quote) if found else ""


def _stretches(cut: _Cut) -> list[tuple[int, int]]:
    """The text as runs of tokens: to a sentence's end, a line's end, or a bounded length."""
    runs: list[tuple[int, int]] = []
    start = 0
    for i, token in enumerate(cut.tokens):
        if i > start and "n" in cut.between(i):
            runs.append((start, i))
            start = i
        if token.kind == _STRONG or token.end - cut.tokens[start].start > _LONGEST_COMPARED:
            runs.append((start, i + 1))
            start = i + 1
    if start < len(cut.tokens):
        runs.append((start, len(cut.tokens)))
    return runs


def _stretch_text(cut: _Cut, run: tuple[int, int]) -> str:
    start = cut.tokens[run[0]].start
    return cut.text[start : min(cut.tokens[run[1] - 1].end, start + 2 * _LONGEST_COMPARED)]


def _window(stretch: str, quote: str) -> str:
    """The part of the stretch around what was asked, at most 200 characters, whole words."""
    if len(stretch) <= NEAREST_CHARACTERS:
        return stretch
    from rapidfuzz import fuzz

    aligned = fuzz.partial_ratio_alignment(quote[:NEAREST_CHARACTERS], stretch)
    start = min(aligned.dest_start if aligned else 0, len(stretch) - NEAREST_CHARACTERS)
    start = stretch.rfind(" ", 0, start + 1) + 1
    end = start + NEAREST_CHARACTERS
    if end < len(stretch) and stretch.rfind(" ", start, end + 1) > start:
        end = stretch.rfind(" ", start, end + 1)
    return stretch[start:end].strip()
