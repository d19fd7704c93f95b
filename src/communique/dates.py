"""The station that turns the words of a date into an EDTF value, and never adds to them.

``resolve`` reads "on Wednesday", "February 2020" or "the second quarter of 2025" against the day
of publication; ``find`` says where in a sentence such words stand. Both use one grammar:

1. *Lexing*: the text becomes tokens, each with the kinds it may be ("second" is an ordinal,
   "until" is a boundary and a range sign). Words come from ``data/dates.json``; the names of
   months and weekdays from CLDR, through ``babel``. Times of day are dropped.
2. *Parsing*: recursive descent over tokens to an `_Expression`: one or two `_Point`s.
   The longest reading wins.
3. *Resolving*: a point and a reference become first day, last day and EDTF (ISO 8601-2:2019,
   levels 0 and 1, and intervals).

Conventions: weeks run Monday to Sunday. Seasons are the meteorological ones of the northern
hemisphere (spring March to May, ..., winter December to February, named by the year of its
December). A month and day without a year take the year nearest to the reference. A decade is
``199X``, the 20th century ``19XX``; "the 1900s" may be either and stays unresolved, as does a
numeric date with two readings (03/05/2024). A date that contradicts its own weekday does too.
"""

from __future__ import annotations

import calendar
import datetime as dt
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any, Final, Literal

from communique.han import simplified
from communique.schemas import DateBasis, DateModifier, DateValue

__all__ = ["find", "resolve"]

Direction = Literal["past", "future"]
Span = tuple[dt.date, dt.date]


def resolve(
    words: str,
    reference: dt.date | None,
    *,
    direction: Direction | None = None,
    language: str = "en",
) -> DateValue | None:
    """Resolve the words of a date, never more finely than they are written.

    `reference` is the day the words were published; without it, relative words keep their text
    with ``edtf=None`` and basis ``unresolved``. `direction` says which way a bare weekday, month
    or season points, and breaks ties between years. `language` is a BCP 47 tag; of a language
    without data, numeric dates (2024-11-21) are still read.

    Returns None when the words hold no date ("soon", "in recent years"). Words that hold a date
    which cannot be settled (February 30, two different dates) have ``edtf=None``. Never raises
    for any text.
    """
    text = words.strip()
    lexicon = _lexicon(language)
    tokens = _lex(text, lexicon)
    whole = _whole(tokens, lexicon)
    expressions = [whole] if whole else [e for _, _, e in _scan(tokens, lexicon)]
    if not expressions:
        return None
    found = [_evaluate(e, reference, direction) for e in expressions]
    best = found[0] if len(found) == 1 else _reconcile(found)
    return DateValue(
        text=text,
        edtf=best.edtf,
        modifier=best.modifier,
        basis=best.basis,
        start=best.start,
        end=best.end,
    )


def find(text: str, *, language: str = "en") -> list[tuple[int, int]]:
    """Spans, in code points, of the date expressions written in `text`, in their order.

    Leading prepositions that do not change the date ("on", "in") are outside the span; those
    that do ("since", "until", "by") are inside. The longest expression wins and none overlap.
    Words that only may be a date (May, March, Sun, fall, "the 21st") count where their
    neighbours show that they are.
    """
    return list(_found(text, language) if len(text) < _SENTENCE else _find(text, language))


def _find(text: str, language: str) -> tuple[tuple[int, int], ...]:
    lexicon = _lexicon(language)
    tokens = _lex(text, lexicon)
    return tuple((tokens[i].start, tokens[j - 1].end) for i, j, _ in _scan(tokens, lexicon))


_SENTENCE: Final = 2_000
# Several rules look for the dates of one sentence, one after the other.
_found = lru_cache(maxsize=256)(_find)


# --- Lexicon -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """The words of one language: folded pieces of a phrase to its kinds and their values."""

    phrases: Mapping[tuple[str, ...], Mapping[str, Any]]
    longest: int
    cased: bool
    day_first: bool
    dot_day: bool
    han: bool
    postpositions: bool = False  # "मार्च में": what leads a month stands behind it
    clear_parts: bool = False  # a quarter or a half with an ordinal is one of a year
    trails: bool = False  # 11月末: what modifies a month may stand behind it


def _fold(piece: str) -> str:
    if piece.isdecimal():
        return "".join(str(unicodedata.decimal(c)) for c in piece)
    plain = simplified(unicodedata.normalize("NFKD", piece.casefold()))
    return _OPTIONAL_MARKS.sub("", plain)


# Arabic hamzas and vowels and the Hindi nukta are written or left out.
_OPTIONAL_MARKS: Final = re.compile("[\u0653-\u0655\u064b-\u0652\u093c]")


@lru_cache(maxsize=32)
def _lexicon(language: str) -> _Lexicon:
    code = language.replace("_", "-").split("-")[0].lower()
    raw = resources.files("communique").joinpath("data/dates.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(raw)["languages"].get(code, {})
    phrases: dict[tuple[str, ...], dict[str, Any]] = {}

    def add(phrase: str, kind: str, value: object) -> None:
        key = tuple(_fold(m.group()) for m in _PIECE.finditer(phrase) if m.group().strip())
        phrases.setdefault(key, {})[kind] = value

    words: dict[str, dict[str, Any]] = data.get("words", {})
    if data:
        for phrase, kind, value in _names(code, data):
            add(phrase, kind, value)
    for kind, entries in words.items():
        for phrase, value in entries.items():
            add(phrase, kind, value)
    weekdays = [(" ".join(key), k["weekday"]) for key, k in phrases.items() if "weekday" in k]
    for part in data.get("weekday_parts", ()):
        for name, day in weekdays:
            add(name + part, "weekday", day)  # "Freitagabend" is one word
    for prefix, shift in words.get("week_prefix", {}).items():
        for name, day in weekdays:
            # 上周三 must not be read as 上周 and a stray 三.
            add(prefix + name, "day_of_week", (day, shift))
    return _Lexicon(
        phrases=phrases,
        longest=max((len(key) for key in phrases), default=1),
        cased=bool(data.get("cased")),
        day_first=data.get("order") == "dmy",
        dot_day=bool(data.get("dot_day")),
        han=code in {"zh", "ja"},
        postpositions=bool(data.get("postpositions")),
        clear_parts=bool(data.get("clear_parts")),
        trails="mod_post" in words or "part_of_unit" in words,
    )


def _names(code: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """CLDR's names of months and weekdays: phrase, kind, value (Monday is 0)."""
    from babel import Locale

    locale = Locale.parse(code)
    for context in ("format", "stand-alone"):
        for width, kind in (("abbreviated", "month_abbr"), ("wide", "month")):
            for number, name in locale.months[context][width].items():
                yield name.rstrip("."), kind, int(number)
        for number, name in locale.days[context]["wide"].items():
            yield name, "weekday", int(number)
            if code == "zh":
                yield locale.days["format"]["abbreviated"][number], "weekday", int(number)
            if data.get("weekday_abbreviations"):
                yield locale.days["format"]["abbreviated"][number], "weekday_abbr", int(number)


# --- Lexing --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Token:
    """A stretch of text and what it may be; `kinds` is empty for a word of no interest."""

    start: int
    end: int
    raw: str
    kinds: Mapping[str, Any]


_HAN: Final = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
_ZONE: Final = r"(?:\s*(?:GMT|UTC|IST|EST|EDT|CET|CEST|BST|JST|KST|hrs|hours|Uhr)\b)?"
_PIECE: Final = re.compile(
    r"(?P<blank>\n\s*\n)"
    r"|(?P<iso>\d{4}-\d{1,2}-\d{1,2}(?!\d)(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?|"
    r"\d{4}/\d{1,2}/\d{1,2}(?!\d))"
    r"|(?P<numeric>\d{1,2}(?P<sep>[/.-])\d{1,2}(?P=sep)(?:\d{4}|\d{2})(?!\d))"
    r"|(?P<ym>\d{4}-\d{2}(?![\d-]))"
    rf"|(?P<time>(?:\bat\s+)?\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?!\d)(?:\s*[ap]\.?m\b\.?)?{_ZONE}|"
    rf"(?:\bat\s+)?\d{{1,2}}(?:\.\d{{2}})?\s*[ap]\.?m\b\.?{_ZONE}|"
    r"\d{1,2}\s?h\s?(?:\d{2})?\b|\d{3,4}\s(?:hrs|hours)\b|\d{1,2}\sUhr\b)"
    r"|(?P<decade>\d{4}(?:['\u2019]?s|er)\b)"
    "|(?P<ordinal>\\d{1,2}(?:st|nd|rd|th|ère|ème|er|re|e|\\.?[\u00ba\u00aa])(?![^\\W\\d_]))"
    "|(?P<amount>[$\u20ac\u00a3\u20b9\u00a5]\\s?\\d[\\d,.]*|\\d+(?:[.,]\\d+)+|\\d+\\s?%|#\\d+)"
    r"|(?P<code>\b[QH][1-4]\b)"
    r"|(?P<number>\d+)"
    f"|(?P<han>[{_HAN}])"
    rf"|(?P<word>(?:(?![{_HAN}])[^\W\d_]|[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0900-\u0903"
    r"\u093a-\u094f\u0951-\u0957\u0962\u0963\u0970\u200c\u200d])+)"
    r"|(?P<space>\s)"
    r"|(?P<mark>.)",
    re.IGNORECASE | re.DOTALL,
)
_IN_HAN: Final = re.compile(f"[{_HAN}]")
_DASHES: Final = frozenset("-\u2010\u2011\u2012\u2013\u2014\u301c\uff5e~\uff0d")
_MARKS: Final = {",": "comma", "\u060c": "comma", "\uff0c": "comma", "(": "open", "\uff08": "open",
                 ")": "close", "\uff09": "close", ".": "dot", "/": "slash",
                 "'": "apostrophe", "\u2019": "apostrophe"}  # fmt: skip
_HAN_DIGITS: Final = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0}
_PLAUSIBLE_YEAR: Final = range(1000, 3000)


def _lex(text: str, lexicon: _Lexicon) -> list[_Token]:
    pieces = [m for m in _PIECE.finditer(text) if m.lastgroup not in {"space", "time"}]
    folds = [_fold(m.group()).replace("\u2019", "'") for m in pieces]
    if lexicon.han:
        _read_han_numbers(folds)
    tokens: list[_Token] = []
    i = 0
    while i < len(pieces):
        kinds, j = _phrase(folds, i, lexicon)
        if lexicon.han:
            kinds, j = _han_date(folds, i, lexicon) or (kinds, j)
        if kinds is None:
            kinds = _kinds(pieces[i], folds[i], lexicon)
        start, end = pieces[i].start(), pieces[j - 1].end()
        tokens.append(_Token(start, end, text[start:end], kinds))
        i = j
    return _unglue(tokens)


def _phrase(folds: list[str], i: int, lexicon: _Lexicon) -> tuple[Mapping[str, Any] | None, int]:
    for j in range(min(len(folds), i + lexicon.longest), i, -1):
        kinds = lexicon.phrases.get(tuple(folds[i:j]))
        if kinds is not None:
            return kinds, j
    return None, i + 1


def _kinds(piece: re.Match[str], fold: str, lexicon: _Lexicon) -> Mapping[str, Any]:
    group, kinds = piece.lastgroup, dict[str, Any]()
    if group == "number" and len(fold) <= 4:
        value = int(fold)
        if len(fold) < 4:
            kinds["number"] = value
        elif value in _PLAUSIBLE_YEAR:
            kinds["year"] = value
    elif group == "ordinal":
        kinds["ordinal_number"] = int(_digits(fold)[0])
    elif group == "code":
        kinds["quarter_code"] = ("quarter" if fold[0] == "q" else "half", int(fold[1]))
    elif group == "decade":
        kinds["decade"] = int(_digits(fold)[0])
    elif group in {"iso", "numeric", "ym"}:
        kinds["date"] = _numeric(group, fold, lexicon)
    elif group == "mark":
        mark = piece.group()
        kinds["dash" if mark in _DASHES else _MARKS.get(mark, "mark")] = 1
    else:
        kinds["mark" if group == "blank" else "word"] = 1
    return kinds


def _digits(fold: str) -> list[str]:
    return [_fold(run) for run in re.findall(r"\d+", fold)]


def _numeric(group: str, fold: str, lexicon: _Lexicon) -> _Point:
    """A date in digits; one with two readings is a point that cannot be resolved."""
    numbers = [int(n) for n in _digits(fold)]
    if group == "ym":
        year, month = numbers
        # 2010-11 is a month or a financial year.
        ambiguous = month == (year + 1) % 100 or not 1 <= month <= 12
        return _Point("none") if ambiguous else _Point("month", year=year, month=month)
    if group == "iso":
        return _Point("day", year=numbers[0], month=numbers[1], day=numbers[2])
    first, second, year = numbers
    dotted = "." in fold
    if year < 100:
        if not (dotted and lexicon.day_first):
            return _Point("none")
        year += 2000
    if first == second or (second <= 12 and (first > 12 or dotted or lexicon.day_first)):
        return _Point("day", year=year, month=second, day=first)
    if first <= 12 < second and not dotted:
        return _Point("day", year=year, month=first, day=second)
    return _Point("none")


def _read_han_numbers(folds: list[str]) -> None:
    """Write numerals before 年, 月, 日 and 号 (十一月, 二〇二四年) as digits, in place."""
    i = 0
    while i < len(folds):
        j = i
        while j < len(folds) and (folds[j] in _HAN_DIGITS or folds[j] == "十"):
            j += 1
        if i < j < len(folds) and folds[j] in "年月日号" and j - i <= 4:
            value = _han_number("".join(folds[i:j]))
            if value is not None:
                # The first piece carries the number; the others become empty and match nothing.
                folds[i:j] = [str(value)] + [""] * (j - i - 1)
        i = max(j, i + 1)


def _han_number(digits: str) -> int | None:
    if "十" not in digits:
        return int("".join(str(_HAN_DIGITS[d]) for d in digits))
    tens, _, ones = digits.partition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return None
    return (_HAN_DIGITS[tens] if tens else 1) * 10 + (_HAN_DIGITS[ones] if ones else 0)


def _han_date(folds: list[str], i: int, lexicon: _Lexicon) -> tuple[dict[str, Any], int] | None:
    """2024年, 11月, 21日, 令和6年 at `i`: kinds and the index after them."""
    era, j = _phrase(folds, i, lexicon)
    base = era["era"] if era and "era" in era else 0
    i = j if base else i
    if i >= len(folds) or not folds[i].isdecimal() or len(folds[i]) > 4:
        return None
    value, j = int(folds[i]), i + 1
    while j < len(folds) and not folds[j]:
        j += 1
    sign = folds[j] if j < len(folds) else ""
    after = lexicon.phrases.get((folds[j + 1],), {}) if j + 1 < len(folds) else {}
    if sign == "年" and (base or value in _PLAUSIBLE_YEAR):
        return {"year": base + value, "marked": 1}, j + 1
    if sign == "月" and 1 <= value <= 12:
        return {"month": value}, j + 1
    if sign and sign in "日号" and 1 <= value <= 31 and "not_day" not in after:
        return {"number": value, "marked_day": value}, j + 1
    return None


def _unglue(tokens: list[_Token]) -> list[_Token]:
    """Take the number out of F-16, COVID-19 and A4, which are names."""
    out = list(tokens)
    for i, token in enumerate(tokens):
        if not ({"number", "year"} & token.kinds.keys()) or i == 0 or "marked" in token.kinds:
            continue
        before = tokens[i - 1]
        glued = before.end == token.start
        if glued and "word" in before.kinds and not _IN_HAN.match(before.raw):
            out[i] = replace(token, kinds={"word": 1})
        elif glued and "dash" in before.kinds and i > 1:
            named = "word" in tokens[i - 2].kinds and tokens[i - 2].end == before.start
            out[i] = replace(token, kinds={"word": 1}) if named else token
    return out


# --- Points and expressions ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Point:
    """A date as parsed; which fields are set depends on `unit`, a key of `_RESOLVERS`."""

    unit: str
    year: int | None = None
    year_shift: int | None = None  # "next year" is 1
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    index: int = 0  # of a quarter, half or season; how many units ago or ahead
    which: int | None = None  # last -1, this 0, next 1
    modifier: DateModifier | None = None


@dataclass(frozen=True, slots=True)
class _Expression:
    """One point; a range of two; several days, by the outer two; or a boundary and a point.

    `kind` is point, range, several, since, until, before or after.
    """

    kind: str
    first: _Point
    last: _Point | None = None


Parsed = tuple[_Point, int] | None
_SKIPPED: Final = frozenset({"on", "in", "the", "from", "comma", "open", "to"})
_TRAILING: Final = frozenset(
    {"comma", "close", "dot", "mark", "part", "on", "in", "apostrophe", "dash"}
)
_DATED: Final = frozenset({"month", "month_abbr", "weekday", "weekday_abbr", "deictic", "code"})
# No expression starts with one of these, which are most of a text's tokens.
_IDLE: Final = frozenset({"word", "mark", "comma", "dot", "open", "close", "dash", "apostrophe"})
_BOUNDARIES: Final = ("since", "until", "before", "after")


def _whole(tokens: list[_Token], lexicon: _Lexicon) -> _Expression | None:
    """The expression that all the words make up, but for prepositions and punctuation."""
    if len(tokens) == 1 and "homograph" in tokens[0].kinds and tokens[0].raw.islower():
        return None
    parser = _Parser(tokens, lexicon, strict=False)
    for i in range(len(tokens)):
        read = parser.expression(i)
        if read:
            expression, j = read
            rest = tokens[j:]
            if all(_TRAILING & t.kinds.keys() or t.raw == "s" for t in rest):
                return expression
        if not _SKIPPED & tokens[i].kinds.keys():
            return None
    return None


def _scan(tokens: list[_Token], lexicon: _Lexicon) -> Iterator[tuple[int, int, _Expression]]:
    """Every expression in running text: first token, one past the last, expression."""
    parser = _Parser(tokens, lexicon, strict=True)
    i = 0
    while i < len(tokens):
        read = parser.expression(i) if tokens[i].kinds else None
        if read:
            yield i, read[1], read[0]
        i = read[1] if read else i + 1


class _Parser:
    """Recursive descent over tokens.

    A method takes the index of a token and returns what it read with the index after it, or
    None. With `strict`, as in running text, words that only may be a date are refused.
    """

    def __init__(self, tokens: list[_Token], lexicon: _Lexicon, *, strict: bool) -> None:
        self.tokens = tokens
        self.lexicon = lexicon
        self.strict = strict

    # Small readers

    def get(self, i: int, kind: str) -> Any:
        """The value of token `i` as a `kind`, or None."""
        return self.tokens[i].kinds.get(kind) if 0 <= i < len(self.tokens) else None

    def skip(self, i: int, *kinds: str) -> int:
        """The index after token `i` if it is of one of `kinds`, else `i`."""
        return i + 1 if any(self.get(i, k) is not None for k in kinds) else i

    def capital(self, i: int) -> bool:
        """Whether token `i` is a word with a capital that is not itself part of a date."""
        if not 0 <= i < len(self.tokens) or _DATED & self.tokens[i].kinds.keys():
            return False
        return self.tokens[i].raw[:1].isupper()

    def before(self, i: int) -> int:
        """The index of the last token before `i` that is not an article."""
        return i - 2 if self.get(i - 1, "the") is not None else i - 1

    # Expressions

    def expression(self, i: int) -> tuple[_Expression, int] | None:
        """The longest expression at `i`."""
        for kind in _BOUNDARIES:
            if self.get(i, kind) is not None:
                j = self.skip(self.skip(i + 1, "on"), "the")
                read = self.point(j)
                if read and (not self.strict or _Guard(self, j, *read).passes()):
                    return _Expression(kind, read[0]), read[1]
        pair = self.range(i) or self.several(i)
        if pair:
            return pair
        read = self.point(i)
        if not read or (self.strict and not _Guard(self, i, *read).passes()):
            return None
        point, j = read
        for kind in ("since", "until", "before"):
            if self.get(j, f"{kind}_post") is not None:
                return _Expression(kind, point), j + 1
        return _Expression("point", point), j

    def range(self, i: int) -> tuple[_Expression, int] | None:
        """March 4 to 11; from 2020 to 2023; between 3 and 5 May; 20-22 November 2024."""
        framed = self.get(i, "from") is not None or self.get(i, "between") is not None
        between = self.get(i, "between") is not None
        start = self.skip(i + 1 if framed else i, "the", "on")
        for read in (self.bare_day(start), self.point(start), self.bare_month(start)):
            if not read:
                continue
            first, j = read
            after = self.separator(j, framed=framed, between=between)
            if after is None:
                continue
            second = self.range_end(first, after)
            if second and _joins(first, second[0]) and self.years_pass(first, second[0]):
                return _Expression("range", first, second[0]), second[1]
        return None

    def years_pass(self, first: _Point, last: _Point) -> bool:
        """Whether a pair of years is one: 1500-2500 in running text are things counted."""
        years = [p.year or 0 for p in (first, last) if p.unit == "year"]
        return not self.strict or all(1900 <= y < 2100 for y in years)

    def separator(self, j: int, *, framed: bool, between: bool) -> int | None:
        """The index after the word or dash that joins two ends, None where there is none."""
        j = self.skip(j, "comma") if framed else j
        kinds = ("and", "dash") if between else ("to", "dash", "slash")
        joined = any(self.get(j, kind) is not None for kind in kinds)
        return self.skip(j + 1, "the", "on") if joined else None

    def several(self, i: int) -> tuple[_Expression, int] | None:
        """November 21 and 22; 21, 22 and 25 November 2024: days of one month."""
        month = self.month_name(i)
        days, j = self.days(self.skip(month[1], "the") if month else self.skip(i, "the"))
        if len(days) < 2:
            return None
        month = month or self.month_name(self.skip(j, "of"))
        if not month:
            return None
        year, k = self.year_after(max(j, month[1]))
        first = replace(year, unit="day", month=month[0], day=days[0])
        run = days == list(range(days[0], days[-1] + 1))
        return _Expression("range" if run else "several", first, replace(first, day=days[-1])), k

    def days(self, i: int) -> tuple[list[int], int]:
        """Days joined by commas and a last "and"; empty where there is no such list."""
        days: list[int] = []
        read, closed = self.day(i), False
        while read:
            days.append(read[0])
            end = read[1]
            if closed or len(days) > 9:
                return (days if closed else []), end
            j = self.skip(end, "comma")
            closed = self.get(j, "and") is not None
            read = self.day(self.skip(j, "and")) if j > end or closed else None
        return [], i

    def range_end(self, first: _Point, i: int) -> Parsed:
        read = self.point(i)
        if read and _joins(first, read[0]):
            return read
        read = self.bare_day(i)
        if read:
            point, j = read
            year, k = self.year_after(j)
            return replace(point, year=year.year, year_shift=year.year_shift), k
        short = self.get(i, "number")
        if first.unit == "year" and first.year and short is not None:
            # 2020-23 is a range; 2020-21 as likely a financial year.
            later = first.year - first.year % 100 + short
            year_point = _Point("year", year=later) if later > first.year + 1 else _Point("none")
            return year_point, i + 1
        return None

    def bare_day(self, i: int) -> Parsed:
        """A day that takes its month from the other end of a range."""
        day = self.day(i)
        return (_Point("dom", day=day[0]), day[1]) if day else None

    def bare_month(self, i: int) -> Parsed:
        """A month that takes its sign from the other end: 4〜6月, 2025年4〜6月."""
        if not self.lexicon.han:
            return None
        year, j = self.year_after(i)
        month = self.get(j, "number")
        if month is None or self.get(j, "marked_day") is not None or not 1 <= month <= 12:
            return None
        return replace(year, unit="month", month=month), j + 1

    # Points

    def point(self, i: int) -> Parsed:
        """The longest point at `i`."""
        readers = (self.displaced, self.modified, self.plain, self.post_modified)
        return self.longest(i, readers if self.lexicon.trails else readers[:3])

    def plain(self, i: int) -> Parsed:
        """The longest point at `i` that holds no other: no modifier, nothing before or after."""
        return self.longest(
            i,
            (
                self.numeric,
                self.today,
                self.counted,
                self.period,
                self.weekday,
                self.weekend,
                self.calendar,
                self.day_of_month,
                self.part_of_year,
                self.part_of_month,
                self.long_span,
                self.year_only,
            ),
        )

    def longest(self, i: int, readers: tuple[Callable[[int], Parsed], ...]) -> Parsed:
        if i >= len(self.tokens) or self.tokens[i].kinds.keys() <= _IDLE:
            return None
        best: Parsed = None
        for reader in readers:
            read = reader(i)
            if read and (best is None or read[1] > best[1]):
                best = read
        return best

    def numeric(self, i: int) -> Parsed:
        """2024-11-21, 21/11/2024."""
        point = self.get(i, "date")
        return (point, i + 1) if point is not None else None

    def today(self, i: int) -> Parsed:
        """Today; yesterday evening; today (November 21)."""
        shift = self.get(i, "deictic")
        if shift is None:
            return None
        j = self.skip(i + 1, "part")
        k = self.skip(self.skip(j, "comma", "open"), "the")
        dated = self.calendar(k)
        if dated and dated[0].unit == "day":
            return dated
        weekday = self.get(k, "weekday")
        if weekday is not None and not isinstance(shift, str) and not self.lexicon.cased:
            return _Point("days", index=shift, weekday=weekday), self.skip(k + 1, "part")
        if isinstance(shift, str):
            # Hindi कल is yesterday or tomorrow.
            return _Point("either_day", index=1 if shift.startswith("one") else 2), j
        return _Point("days", index=shift), j

    def counted(self, i: int) -> Parsed:
        """Two weeks ago; in three days; il y a deux ans."""
        sign, j = 0, i
        for kind, value in (("ago_before", -1), ("ahead", 1)):
            if self.get(i, kind) is not None:
                sign, j = value, i + 1
        if not sign and self.get(i, "in") is not None and self.get(i + 1, "count") is not None:
            sign, j = 1, i + 1
        if not sign and self.get(i, "in") is not None and self.get(i + 1, "number") is not None:
            sign, j = 1, i + 1
        about = self.get(j, "about") is not None
        j = j + 1 if about else j
        count = self.get(j, "count") or self.get(j, "number")
        unit = self.get(j + 1, "units") or self.get(j + 1, "unit")
        if not count or not unit or self.get(self.before(i), "vague") is not None:
            return None
        ago = self.get(j + 2, "ago") is not None and self.get(i, "ahead") is None
        sign, end = (-1, j + 3) if ago else (sign, j + 2)
        if not sign or (sign > 0 and self.strict and self.tokens[j].raw.lower() in {"a", "an"}):
            return None
        modifier: DateModifier | None = "about" if about else None
        return _Point(f"{unit}s", index=sign * count, modifier=modifier), end

    def period(self, i: int) -> Parsed:
        """Last week; earlier this month; Wednesday of next week; 去年11月."""
        j = self.skip(i, "sub")
        value = self.get(j, "period")
        if value is None or self.get(self.before(i), "vague") is not None:
            return None
        if self.get(j - 1, "the") is not None and self.tokens[j - 1].raw.lower() == "the":
            return None  # "the last year" is the twelve months up to now, or vaguer
        if self.get(j + 1, "of") is not None and self.calendar(j + 2):
            return None  # "the last week of November"
        unit, shift = value
        k = self.skip(j + 1, "on", "comma", "of")
        weekday = self.get(k, "weekday")
        if unit == "week" and weekday is not None:
            return _Point("day_of_week", weekday=weekday, index=shift), self.skip(k + 1, "part")
        if unit == "quarter":
            return _Point("quarter", which=shift), j + 1
        return _Point(f"{unit}s", index=shift), j + 1

    def weekday(self, i: int) -> Parsed:
        """Wednesday; last Tuesday; Wednesday evening; Wednesday, November 20; 上周三."""
        fixed = self.get(i, "day_of_week")
        if fixed is not None:
            weekday, shift = fixed
            return _Point("day_of_week", weekday=weekday, index=shift), self.skip(i + 1, "part")
        which = self.get(i, "which")
        j = i + 1 if which is not None else i
        weekday = self.weekday_name(j)
        if weekday is None:
            return None
        short = self.get(j, "weekday") is None
        j = self.skip(j + 1, "dot") if short else j + 1
        if which is None:
            which = self.get(j, "which_post")
            if which is None and self.get(j - 1, "weekday_abbr") is None:
                which = self.get(j, "which")
            j = j + 1 if which is not None and not self.followed_by_unit(j) else j
        j = self.skip(j, "part")
        k = self.skip(self.skip(self.skip(j, "comma", "open"), "on"), "the")
        dated = self.numeric(k) or self.calendar(k) or self.day_of_month(k, certain=True)
        if dated and dated[0].day:
            return replace(dated[0], weekday=weekday), dated[1]
        k = self.skip(self.skip(j, "of", "comma"), "the")
        week = self.get(k, "period")
        if week is not None and week[0] == "week":
            return _Point("day_of_week", weekday=weekday, index=week[1]), k + 1
        return _Point("weekday", weekday=weekday, which=which), j

    def followed_by_unit(self, i: int) -> bool:
        """Whether "last" at `i` belongs to what follows it ("Wednesday last week")."""
        kinds = ("unit", "units") if self.get(i, "which_post") else ("unit", "units", "word")
        return any(self.get(i + 1, k) is not None for k in kinds)

    def weekday_name(self, i: int) -> int | None:
        for kind in ("weekday", "weekday_abbr"):
            value = self.get(i, kind)
            if value is not None and self.plausible(i):
                return int(value)
        return None

    def weekend(self, i: int) -> Parsed:
        """Last weekend; the weekend; 今週末."""
        dated = self.get(i, "dated_weekend")
        if dated is not None:
            return _Point("weekend", which=dated), i + 1
        which = self.get(i, "which")
        j = i + 1 if which is not None else i
        if self.get(j, "weekend") is None:
            return None
        return _Point("weekend", which=which), j + 1

    # Calendar dates

    def plausible(self, i: int) -> bool:
        """Whether a name may be one: in English text it has a capital ("may", "march", "sat")."""
        return not (self.strict and self.lexicon.cased and self.tokens[i].raw[:1].islower())

    def month_name(self, i: int) -> tuple[int, int] | None:
        for kind in ("month", "month_abbr"):
            value = self.get(i, kind)
            if value is None or not self.plausible(i):
                continue
            j = i + 1
            if self.get(i, "month") is None:
                j = self.skip(j, "dot")
            # Arabic often gives both names: نوفمبر/تشرين الثاني.
            twin = self.get(j + 1, "month") if self.get(j, "slash") is not None else None
            return int(value), j + 2 if twin == value else j
        return None

    def day(self, i: int) -> tuple[int, int] | None:
        """21, 21st, 21., 21日, الحادي والعشرين."""
        for kind in ("number", "ordinal_number", "day_word"):
            value = self.get(i, kind)
            if value is not None and 1 <= value <= 31 and self.get(i, "marked") is None:
                j = i + 1
                return int(value), self.skip(j, "dot") if self.lexicon.dot_day else j
        return None

    def year_after(self, i: int) -> tuple[_Point, int]:
        """The year at `i`, written or relative, after an optional comma, "of" or hyphen."""
        j = self.skip(self.skip(i, "comma", "dash"), "of")
        j = self.skip(self.skip(j, "the"), "year_word")
        year, period = self.get(j, "year"), self.get(j, "period")
        if year is not None:
            return _Point("year", year=year), j + 1
        if period is not None and period[0] == "year":
            return _Point("year", year_shift=period[1]), j + 1
        return _Point("year"), i

    def calendar(self, i: int) -> Parsed:
        """A month with what stands around it: day, year, "last" or "next"."""
        year, j = self.year_after(i) if self.get(i, "comma") is None else (_Point("year"), i)
        if j > i:
            month = self.month_name(self.skip(j, "of", "comma"))
            if month:
                day = self.day(month[1])
                return self.dated(year, month[0], day, day[1] if day else month[1])
        which = self.get(i, "which")
        month = self.month_name(i + 1 if which is not None else i)
        if month and which is not None:
            return _Point("month", month=month[0], which=which), month[1]
        return self.month_first(i) or self.day_first(i)

    def dated(self, year: _Point, month: int, day: tuple[int, int] | None, end: int) -> Parsed:
        unit = "day" if day else "month"
        point = replace(year, unit=unit, month=month, day=day[0] if day else None)
        which = self.get(end, "which_post")
        if day and which is not None and not self.followed_by_unit(end):
            return replace(point, which=which), end + 1  # le 20 novembre dernier
        return self.with_weekday(point, end)

    def with_weekday(self, point: _Point, end: int) -> tuple[_Point, int]:
        """A day with the weekday that stands behind it: 11月20日（水）, 20 नवंबर बुधवार."""
        if point.day is None or not (self.lexicon.han or self.lexicon.postpositions):
            return point, end
        k = self.skip(end, "open")
        weekday = self.get(k, "weekday")
        if k == end:
            return (point, end) if weekday is None else (replace(point, weekday=weekday), k + 1)
        if weekday is None:
            weekday = self.get(k, "weekday_short")
        if weekday is None or self.get(k + 1, "close") is None:
            return point, end
        return replace(point, weekday=weekday), k + 2

    def month_first(self, i: int) -> Parsed:
        """November; November 2024; November 21; November 21, 2024; novembre dernier."""
        month = self.month_name(i)
        if not month:
            return None
        j = month[1]
        day = self.day(self.skip(self.skip(j, "dash"), "the"))
        if day and self.get(day[1], "units") is None:
            year, k = self.year_after(day[1])
            return self.dated(year, month[0], day, k)
        year, k = self.year_after(j)
        which = self.get(j, "which_post")
        which = self.get(j, "which") if which is None else which
        if k == j and which is not None and not self.followed_by_unit(j):
            return _Point("month", month=month[0], which=which), j + 1
        return self.dated(year, month[0], None, k)

    def day_first(self, i: int) -> Parsed:
        """21 November; 21st of November 2024; first of May; 21-Nov-2024."""
        day = None if self.lexicon.han else self.day(i)
        if not day and self.get(i, "ordinal") == 1 and not self.strict:
            # "The first of May" is a day, "the first November" is not.
            of = self.get(i + 1, "of") is not None or not self.lexicon.cased
            day = (1, i + 1) if of else None
        if not day:
            return None
        month = self.month_name(self.skip(self.skip(day[1], "dash"), "of"))
        if not month:
            return None
        year, k = self.year_after(month[1])
        return self.dated(year, month[0], day, k)

    def day_of_month(self, i: int, *, certain: bool = False) -> Parsed:
        """The 21st; the 21st of this month; 21日."""
        j = self.skip(i, "the")
        relative = self.get(i, "period")
        if relative is not None and relative[0] == "month" and self.get(i + 1, "marked_day"):
            day = self.get(i + 1, "marked_day")
            return self.with_weekday(_Point("dom", day=day, index=relative[1], which=0), i + 2)
        day = self.get(j, "ordinal_number") or self.get(j, "marked_day")
        if day is None and certain:
            day = self.get(j, "number")
        if not day or not 1 <= day <= 31:
            return None
        month = self.get(self.skip(j + 1, "of"), "period")
        if month is not None and month[0] == "month":
            return _Point("dom", day=day, index=month[1], which=0), self.skip(j + 1, "of") + 1
        return self.with_weekday(_Point("dom", day=day), j + 1)

    def year_only(self, i: int) -> Parsed:
        """2023; im Jahr 2023."""
        i = self.skip(i, "year_word")
        year = self.get(i, "year")
        return (_Point("year", year=year), i + 1) if year is not None else None

    # Parts of years, and years in plenty

    def part_of_year(self, i: int) -> Parsed:
        """Q2 2025; the second quarter of 2025; the first half of next year; spring 2025."""
        code = self.get(i, "quarter_code")
        year, j = self.year_after(i) if code is None else (_Point("year"), i)
        code = self.get(j, "quarter_code")
        if code is not None:
            if j == i:
                year, end = self.year_after(j + 1)
            else:
                end = j + 1
            return replace(year, unit=code[0], index=code[1]), end
        # 2025年第二季度, 2025 की दूसरी तिमाही: the year may come first.
        at = self.skip(j, "of") if j > i else i
        named = self.named_part(at)
        if named:
            unit, index, end = named
            year, end = (year, end) if j > i else self.year_after(end)
            return replace(year, unit=unit, index=index), end
        dated = self.get(at, "dated_season") if j == i else None
        if dated is not None:
            return _Point("season", index=dated[0], year_shift=dated[1]), at + 1
        return self.season(at, year if j > i else None)

    def named_part(self, i: int) -> tuple[str, int, int] | None:
        """Quarter or half, its number, and the index after it: second quarter, الربع الثاني."""
        for unit, most in (("quarter", 4), ("half", 2)):
            name = self.get(i, f"{unit}_name")
            if name is not None:
                return unit, name, i + 1
            for ordinal, at in ((i, i + 1), (i + 1, i)):
                if self.get(at, unit) is None:
                    continue
                index = self.get(ordinal, "ordinal") or self.get(ordinal, "ordinal_number")
                end = max(ordinal, at) + 1
                if index and index <= most:
                    return unit, index, end
        number = self.get(i, "number")
        if number and self.lexicon.dot_day and self.get(i + 1, "dot") is not None:
            for unit, most in (("quarter", 4), ("half", 2)):
                if number <= most and self.get(i + 2, unit) is not None:
                    return unit, number, i + 3
        return None

    def season(self, i: int, year: _Point | None) -> Parsed:
        """Spring 2025; last autumn; l'été prochain; 2025年春, whose `year` stands before it."""
        which = self.get(i, "which") if year is None else None
        j = i + 1 if which is not None else i
        season = self.get(j, "season")
        if season is None:
            return None
        if year is not None:
            return replace(year, unit="season", index=season), j + 1
        after = self.get(j + 1, "which_post") if which is None else None
        if after is not None and not self.followed_by_unit(j + 1):
            return _Point("season", index=season, which=after), j + 2
        year, k = self.year_after(j + 1)
        return replace(year, unit="season", index=season, which=which), k

    def part_of_month(self, i: int) -> Parsed:
        """The first week of December; the second half of November."""
        ordinal, unit_first = self.get(i, "ordinal"), False
        if ordinal is None and (self.get(i, "half") or self.get(i, "unit") == "week"):
            # النصف الأول من نوفمبر
            ordinal, unit_first = self.get(i + 1, "ordinal"), True
        last = self.get(i, "which") == -1 or self.get(i, "period") == ["week", -1]
        week = self.get(i, "period") == ["week", -1]
        j = i if week or unit_first else i + 1
        half = self.get(j, "half") is not None
        if not (ordinal or last) or not (half or week or self.get(j, "unit") == "week"):
            return None
        j += unit_first
        if self.get(j + 1, "of") is None:
            return None
        read = self.calendar(self.skip(j + 2, "the"))
        if not read or read[0].unit != "month":
            return None
        late = last or (half and ordinal == 2)
        modifier: DateModifier = "late" if late else "early" if ordinal == 1 else "mid"
        return replace(read[0], modifier=modifier), read[1]

    def long_span(self, i: int) -> Parsed:
        """The 1990s; années 1990; 1990年代; the 20th century."""
        spoken = self.get(i, "decade_word") is not None
        at = self.skip(self.skip(i + 1, "of"), "the") if spoken else i
        year, end = self.get(at, "year"), at + 1
        after = self.skip(end, "of")
        if year is not None and not spoken and self.get(after, "decade_post") is not None:
            spoken, end = True, after + 1
        if spoken and year is not None and year % 10 == 0:
            return (_Point("decade", year=year) if year % 100 else _Point("none")), end
        decade = self.get(i, "decade")
        if decade is not None:
            vague = decade % 100 == 0
            return (_Point("none") if vague else _Point("decade", year=decade)), i + 1
        century = self.get(i, "ordinal_number")
        if century and self.get(self.skip(i + 1, "dash"), "century") is not None:
            return _Point("century", index=century), self.skip(i + 1, "dash") + 1
        return None

    def modified(self, i: int) -> Parsed:
        """Early next year; mid-November; the end of the year; about 2020."""
        modifier: DateModifier | None = "about" if self.get(i, "about") is not None else None
        modifier = modifier or self.get(i, "mod")
        if modifier is None or self.get(i + 1, "sub") is not None:
            return None
        j = self.skip(self.skip(self.skip(i + 1, "dash"), "in", "of", "on"), "the")
        unit, before = self.get(j, "unit"), self.tokens[j - 1].kinds
        if "the" not in before and "with_the" not in before:
            unit = self.get(j, "unit_the")
        if unit in {"week", "month", "year"}:
            return _Point(f"{unit}s", index=0, modifier=modifier), j + 1
        read = self.plain(j)
        if not read or read[0].modifier or not _may_be_modified(read[0], modifier):
            return None
        return replace(read[0], modifier=modifier), read[1]

    def post_modified(self, i: int) -> Parsed:
        """11月末; नवंबर के अंत में; साल के अंत तक; 年底, "Jahresende" and the like in one word."""
        whole = self.get(i, "part_of_unit")
        if whole is not None:
            unit, shift, part = whole
            return _Point(f"{unit}s", index=shift, modifier=part), i + 1
        unit, read = self.get(i, "unit"), self.plain(i)
        if read is None and unit in {"week", "month", "year"} and self.get(i + 1, "of"):
            read = _Point(f"{unit}s", index=0), i + 1
        if read is None or read[0].modifier:
            return None
        j = self.skip(read[1], "of")
        modifier: DateModifier | None = self.get(j, "mod_post")
        if modifier is None or not _may_be_modified(read[0], modifier):
            return None
        return replace(read[0], modifier=modifier), j + 1

    def displaced(self, i: int) -> Parsed:
        """Two days before November 3; the eve of the summit's day: a date, but not this one."""
        j = i + 1
        if self.get(i, "eve") is None:
            j = i + 1 if self.get(i, "count") or self.get(i, "number") else i
            if self.get(j, "unit") is None and self.get(j, "units") is None:
                return None
            if self.get(j + 1, "before") is None and self.get(j + 1, "after") is None:
                return None
            j += 2
        j = self.skip(self.skip(j, "on"), "the")
        read = self.plain(j)
        if not read or (self.strict and not _Guard(self, j, *read).passes()):
            return None
        return _Point("none"), read[1]


def _may_be_modified(point: _Point, modifier: DateModifier) -> bool:
    """Whether "early" and its like can stand before the point: not before a day."""
    if modifier == "about":
        return point.unit not in {"none", "dom"}
    return point.unit not in {"none", "dom", "day", "days", "weekday", "day_of_week"}


def _joins(first: _Point, last: _Point) -> bool:
    """Whether two points can be the ends of one range."""
    days = {"day", "dom"}
    if "none" in {first.unit, last.unit}:
        return True
    if first.unit == "dom":
        return last.unit == "day"
    if first.unit == "day":
        return last.unit in days
    groups = ({"month", "year", "quarter", "half", "season", "years", "months", "decade"},
              {"weekday", "day_of_week", "days"})  # fmt: skip
    return any({first.unit, last.unit} <= g for g in groups)


@dataclass(frozen=True, slots=True)
class _Guard:
    """Whether a point read in running text is a date there, judged by its neighbours."""

    parser: _Parser
    i: int
    point: _Point
    j: int

    def passes(self) -> bool:
        check = getattr(self, f"_{self.point.unit}", None)
        return bool(check()) if check else True

    def _follows(self, *kinds: str) -> bool:
        before = self.parser.before(self.i)
        return any(self.parser.get(before, k) is not None for k in kinds)

    def _led(self) -> bool:
        return self._follows("in", "from", "to", "of", "ahead", "between", *_BOUNDARIES)

    def _trailed(self) -> bool:
        """Whether a postposition leads it from behind: "मार्च में", "2020 से"."""
        kinds = ("in", "on", "of", "until_post", "since_post")
        return self.parser.lexicon.postpositions and any(
            self.parser.get(self.j, kind) is not None for kind in kinds
        )

    def _free(self) -> bool:
        """Whether no word that it may qualify stands right after it."""
        return self.parser.get(self.j, "word") is None

    def _year(self) -> bool:
        if self.point.modifier == "about" and not self._free():
            return False  # about 2000 soldiers
        if self.j - self.i > 1 or self.point.modifier or self._trailed():
            return True
        if self.parser.get(self.i, "marked") is not None:
            return self.parser.get(self.j, "decade_post") is None
        if not 1800 <= (self.point.year or 0) < 2200:
            return False
        bracketed = self.parser.get(self.i - 1, "open") is not None
        of = self._follows("of") and not self._follows("in")
        return (self._led() and (not of or self._free())) or (
            bracketed and self.parser.get(self.j, "close") is not None
        )

    def _month(self) -> bool:
        if self.j - self.i > 1 or "date" in self.parser.tokens[self.i].kinds:
            return True
        if not self.parser.lexicon.cased:
            return self.parser.lexicon.han or self._led() or self._follows("on") or self._trailed()
        name = self._follows("of", "until", "to", "from") and self.parser.capital(self.j)
        possessive = self.parser.get(self.j, "apostrophe") is not None
        return self._led() and not name and not possessive

    def _weekday(self) -> bool:
        get = self.parser.get
        if not self.parser.lexicon.cased or self.point.which is not None:
            return True
        if self.parser.get(self.i - 1, "holiday") is not None:
            return False
        if get(self.i, "weekday") is None:
            return self._follows("on")
        led = get(self.i - 1, "on") is not None or self._led()
        return led or not self.parser.capital(self.j)

    def _dom(self) -> bool:
        marked = self.parser.get(self.j - 1, "marked_day") is not None
        if marked or self.point.which is not None:
            return True
        return self._free() and self._follows("on", *_BOUNDARIES)

    def _weekend(self) -> bool:
        return self.point.which is not None or self._free()

    def _season(self) -> bool:
        if self.point.which is not None or self.j - self.i > 1 or self.point.year_shift is not None:
            return True
        if not self.parser.lexicon.cased:
            return self._led() or self._trailed()
        the = self.parser.get(self.i - 1, "the") is not None
        return the and self._led() and self._free() and self.parser.get(self.j, "of") is None

    def _quarter(self) -> bool:
        dated = self.point.year is not None or self.point.year_shift is not None
        return dated or self.point.which is not None or self.parser.lexicon.clear_parts

    _half = _quarter

    def _century(self) -> bool:
        return False


# --- Resolving -----------------------------------------------------------------------------


class _Unresolved(Exception):
    """The words are a date, but not one that can be settled; never leaves this module."""


@dataclass(frozen=True, slots=True)
class _Result:
    """What an expression comes to; `start` and `end` are inclusive."""

    start: dt.date | None = None
    end: dt.date | None = None
    edtf: str | None = None
    basis: DateBasis = "unresolved"
    modifier: DateModifier | None = None

    @property
    def bounds(self) -> Span:
        if self.start is None or self.end is None:
            raise _Unresolved
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class _When:
    """The reference, and the way in which to look from it."""

    reference: dt.date | None
    direction: Direction | None

    @property
    def day(self) -> dt.date:
        if self.reference is None:
            raise _Unresolved
        return self.reference

    def year(self, point: _Point) -> int | None:
        """The year that the words give, None where they give none."""
        if point.year_shift is not None:
            return self.day.year + point.year_shift
        return point.year


def _evaluate(
    expression: _Expression, reference: dt.date | None, direction: Direction | None
) -> _Result:
    if isinstance(reference, dt.datetime):
        reference = reference.date()
    when = _When(reference, direction)
    first, last = expression.first, expression.last
    try:
        if last is not None and expression.kind == "several":
            result = _range(first, last, when)
            return _Result(result.start, result.end)
        if last is not None:
            return _range(first, last, when)
        if expression.kind == "point":
            return _point(first, when)
        return _boundary(expression.kind, first, when)
    except (_Unresolved, ValueError, OverflowError):
        # ValueError and OverflowError: February 30, or a day outside the years 1 to 9999.
        return _Result(modifier=first.modifier if last is None else None)


def _reconcile(found: list[_Result]) -> _Result:
    """The finest of several dates if all the others hold it, as "on Wednesday, the 20th" do."""
    known = [r for r in found if r.start and r.end]
    if len(known) < len(found):
        return _Result()
    best = min(known, key=lambda r: (r.bounds[1] - r.bounds[0], r.edtf is None))
    (start, end) = best.bounds
    inside = all(r.bounds[0] <= start and end <= r.bounds[1] for r in known)
    return best if inside else _Result()


def _point(point: _Point, when: _When) -> _Result:
    result = _RESOLVERS[point.unit](point, when)
    if point.modifier == "about":
        edtf = None
        if result.edtf and "X" not in result.edtf:
            edtf = "/".join(f"{part}~" for part in result.edtf.split("/"))
        return replace(result, edtf=edtf, modifier="about")
    if point.modifier:
        return replace(result, edtf=None, modifier=point.modifier)
    return result


def _boundary(kind: str, point: _Point, when: _When) -> _Result:
    """Since 1993 is an interval with an open end; of the others only one bound is known."""
    bare_weekday = point.unit == "weekday" and point.which is None
    if kind == "until" and bare_weekday and when.direction is None:
        when = replace(when, direction="future")
    result = _point(point, when)
    start, end = result.bounds
    if kind == "since":
        if result.edtf is None or "X" in result.edtf or result.modifier:
            return _Result(start=start, modifier=result.modifier)
        return replace(result, end=None, edtf=result.edtf.split("/")[0] + "/..")
    if kind == "after":
        return _Result(start=end + _DAY, modifier=result.modifier)
    last = end if kind == "until" else start - _DAY
    return _Result(end=last, modifier=result.modifier)


_DAY: Final = dt.timedelta(days=1)
_WEEK: Final = dt.timedelta(days=7)


# Ranges


def _range(first: _Point, last: _Point, when: _When) -> _Result:
    if "weekday" in {first.unit, last.unit}:
        a, b = _weekday_ends(first, last, when)
    else:
        a, b = _calendar_ends(*_share_month(first, last), when)
    start, end = a.bounds[0], b.bounds[1]
    if start > end:
        raise _Unresolved
    basis = max(a.basis, b.basis, key=_BASES.index)
    if a.edtf is None or b.edtf is None or "X" in a.edtf + b.edtf:
        return _Result(start, end, None, basis)
    left, right = a.edtf.split("/")[0], b.edtf.split("/")[-1]
    return _Result(start, end, left if left == right else f"{left}/{right}", basis)


_BASES: Final[tuple[DateBasis, ...]] = ("explicit", "relative", "year_inferred", "unresolved")


def _weekday_ends(first: _Point, last: _Point, when: _When) -> tuple[_Result, _Result]:
    """Monday to Wednesday: the later of the two is the anchor, or the earlier in the future."""
    if when.direction == "future":
        a = _point(first, when)
        return a, _point(last, _When(a.bounds[1], "future"))
    b = _point(last, when)
    return _point(first, _When(b.bounds[0], "past")), b


def _share_month(first: _Point, last: _Point) -> tuple[_Point, _Point]:
    """Give a bare day the month of the other end."""
    if first.unit == "dom" and last.unit == "day":
        first = replace(last, day=first.day, weekday=None)
    elif last.unit == "dom" and first.unit == "day":
        year, shift = last.year, last.year_shift
        last = replace(first, day=last.day, weekday=last.weekday)
        if year is not None or shift is not None:
            last = replace(last, year=year, year_shift=shift)
    return first, last


def _calendar_ends(first: _Point, last: _Point, when: _When) -> tuple[_Result, _Result]:
    """Give an end without a year the year of the other, over New Year where they turn."""
    if not {first.unit, last.unit} <= {"day", "month"}:
        return _point(first, when), _point(last, when)
    turns = (first.month or 0) > (last.month or 0)
    year_a, year_b = when.year(first), when.year(last)
    if first.which is not None or last.which is not None:
        return _point(first, when), _point(last, when)
    if year_a is not None and year_b is not None:
        return _point(first, when), _point(last, when)
    if year_b is not None:
        b = _point(last, when)
        given = replace(first, year=year_b - turns, year_shift=None)
        return replace(_point(given, when), basis=b.basis), b
    a = _point(first, when)
    given = replace(last, year=a.bounds[0].year + turns, year_shift=None)
    return a, replace(_point(given, when), basis=a.basis)


# Points


def _no_one_day(_point: _Point, _when: _When) -> _Result:
    raise _Unresolved


def _either_day(point: _Point, when: _When) -> _Result:
    if when.direction is None:
        raise _Unresolved
    sign = 1 if when.direction == "future" else -1
    return _days(replace(point, index=sign * point.index), when)


def _basis(point: _Point) -> DateBasis:
    if point.year is not None:
        return "explicit"
    return "year_inferred" if point.year_shift is None and point.which is None else "relative"


def _of_days(start: dt.date, end: dt.date, basis: DateBasis) -> _Result:
    edtf = start.isoformat() if start == end else f"{start.isoformat()}/{end.isoformat()}"
    return _Result(start, end, edtf, basis)


def _of_months(span: Span, basis: DateBasis) -> _Result:
    first, last = (f"{d.year:04d}-{d.month:02d}" for d in span)
    return _Result(*span, first if first == last else f"{first}/{last}", basis)


def _months_from(year: int, month: int, count: int = 1) -> Span:
    """First and last day of `count` months; `month` may lie outside 1 to 12."""
    first = year * 12 + month - 1
    last = first + count - 1
    end_year, end_month = last // 12, last % 12 + 1
    end = dt.date(end_year, end_month, calendar.monthrange(end_year, end_month)[1])
    return dt.date(first // 12, first % 12 + 1, 1), end


def _day(point: _Point, when: _When) -> _Result:
    month, day, year = point.month or 0, point.day or 0, when.year(point)
    if year is not None:
        date = dt.date(year, month, day)
    else:
        date = _nearest_day(month, day, when, point.which)
    if point.weekday is not None and date.weekday() != point.weekday:
        raise _Unresolved
    return _of_days(date, date, _basis(point))


def _nearest_day(month: int, day: int, when: _When, which: int | None = None) -> dt.date:
    """The occurrence nearest to the reference; of two as near, the one in `direction`.

    `which` is -1 for the last one and 1 for the next ("le 20 novembre dernier").
    """
    sign = -1 if when.direction == "future" else 1
    here = when.day

    def distance(date: dt.date) -> tuple[int, int]:
        days = (date - when.day).days
        return abs(days), sign * days

    # Eight years hold a February 29 even around 1900.
    years = range(max(1, when.day.year - 8), min(9999, when.day.year + 8) + 1)
    dates = [dt.date(y, month, day) for y in years if day <= _month_length(y, month)]
    if which:
        dates = [date for date in dates if (date > here if which > 0 else date < here)]
    if not dates or day < 1:
        raise _Unresolved
    return min(dates, key=distance)


def _month_length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _day_of_month(point: _Point, when: _When) -> _Result:
    """The 21st: of the month that is told, else the latest, or the next in the future."""
    here, day = when.day, point.day or 0
    if point.which is not None:
        shifts = [point.index]
    else:
        shifts = [0, 1, 2] if when.direction == "future" else [0, -1, -2]
    for shift in shifts:
        start, end = _months_from(here.year, here.month + shift)
        if not 1 <= day <= end.day:
            continue
        date = start.replace(day=day)
        wrong_side = date < here if when.direction == "future" else date > here
        if (point.which is not None or not wrong_side) and (
            point.weekday is None or date.weekday() == point.weekday
        ):
            return _of_days(date, date, "relative")
    raise _Unresolved


def _month(point: _Point, when: _When) -> _Result:
    return _recurring(point, when, lambda year: _months_from(year, point.month or 0))


def _quarter(point: _Point, when: _When) -> _Result:
    if point.which is not None:
        month = (when.day.month - 1) // 3 * 3 + 1 + 3 * point.which
        return _of_months(_months_from(when.day.year, month, 3), "relative")
    return _recurring(point, when, lambda year: _months_from(year, 3 * point.index - 2, 3))


def _half(point: _Point, when: _When) -> _Result:
    return _recurring(point, when, lambda year: _months_from(year, 6 * point.index - 5, 6))


def _season(point: _Point, when: _When) -> _Result:
    return _recurring(point, when, lambda year: _months_from(year, 3 * point.index, 3))


def _recurring(point: _Point, when: _When, of_year: Callable[[int], Span]) -> _Result:
    """Months, quarters, halves and seasons: once a year, picked by year or by reference."""
    year = when.year(point)
    if year is not None:
        return _of_months(of_year(year), _basis(point))
    here = when.day
    years = range(max(1, here.year - 2), min(9998, here.year + 2) + 1)
    span = _pick([of_year(y) for y in years], point.which, when)
    return _of_months(span, _basis(point))


def _pick(spans: list[Span], which: int | None, when: _When) -> Span:
    """One of `spans`, which are in order: last, this, next, the way's, or the nearest."""
    here = when.day
    if which == -1:
        return max(s for s in spans if s[1] < here)
    if which == 1:
        return min(s for s in spans if s[0] > here)
    if which == 0:
        holding = [s for s in spans if s[0] <= here <= s[1]]
        return (holding or [s for s in spans if s[0].year == here.year])[0]
    if when.direction == "future":
        return min(s for s in spans if s[1] >= here)
    if when.direction == "past":
        return max(s for s in spans if s[0] <= here)
    months = here.year * 12 + here.month

    def distance(span: Span) -> int:
        first, last = (d.year * 12 + d.month for d in span)
        return max(first - months, months - last, 0)

    return min(spans, key=distance)


def _year(point: _Point, when: _When) -> _Result:
    year = when.year(point)
    if year is None:
        raise _Unresolved
    start, end = _months_from(year, 1, 12)
    return _Result(start, end, f"{year:04d}", _basis(point))


def _days(point: _Point, when: _When) -> _Result:
    date = when.day + point.index * _DAY
    if point.weekday is not None and date.weekday() != point.weekday:
        raise _Unresolved
    return _of_days(date, date, "relative")


def _weeks(point: _Point, when: _When) -> _Result:
    monday = _monday(when.day) + point.index * _WEEK
    return _of_days(monday, monday + 6 * _DAY, "relative")


def _months(point: _Point, when: _When) -> _Result:
    return _of_months(_months_from(when.day.year, when.day.month + point.index), "relative")


def _years(point: _Point, when: _When) -> _Result:
    return _year(_Point("year", year_shift=point.index), when)


def _monday(day: dt.date) -> dt.date:
    return day - day.weekday() * _DAY


def _weekday(point: _Point, when: _When) -> _Result:
    """A bare weekday: the latest up to the reference, in the future the next after it."""
    here, weekday = when.day, point.weekday or 0
    if point.which == 0:
        date = _monday(here) + weekday * _DAY
        if when.direction == "future" and date < here:
            date += _WEEK
        if when.direction == "past" and date > here:
            date -= _WEEK
    elif point.which == 1 or (point.which is None and when.direction == "future"):
        date = here + ((weekday - here.weekday() - 1) % 7 + 1) * _DAY
    else:
        back = (here.weekday() - weekday) % 7
        date = here - (back or (7 if point.which == -1 else 0)) * _DAY
    return _of_days(date, date, "relative")


def _day_of_week(point: _Point, when: _When) -> _Result:
    date = _monday(when.day) + point.index * _WEEK + (point.weekday or 0) * _DAY
    return _of_days(date, date, "relative")


def _weekend(point: _Point, when: _When) -> _Result:
    """Saturday and Sunday; a bare weekend is the latest begun, in the future the next."""
    saturday = _monday(when.day) + 5 * _DAY
    if point.which is not None:
        saturday += point.which * _WEEK
    elif when.direction == "future":
        saturday += _WEEK if saturday <= when.day else 0 * _DAY
    elif saturday > when.day:
        saturday -= _WEEK
    return _of_days(saturday, saturday + _DAY, "relative")


def _decade(point: _Point, _when: _When) -> _Result:
    first = (point.year or 0) // 10
    start, end = dt.date(first * 10, 1, 1), dt.date(first * 10 + 9, 12, 31)
    return _Result(start, end, f"{first:03d}X", "explicit")


def _century(point: _Point, _when: _When) -> _Result:
    first = point.index - 1
    start, end = dt.date(first * 100, 1, 1), dt.date(first * 100 + 99, 12, 31)
    return _Result(start, end, f"{first:02d}XX", "explicit")


_RESOLVERS: Final[Mapping[str, Callable[[_Point, _When], _Result]]] = {
    "none": _no_one_day,
    "either_day": _either_day,
    "day": _day,
    "dom": _day_of_month,
    "month": _month,
    "quarter": _quarter,
    "half": _half,
    "season": _season,
    "year": _year,
    "days": _days,
    "weeks": _weeks,
    "months": _months,
    "years": _years,
    "weekday": _weekday,
    "day_of_week": _day_of_week,
    "weekend": _weekend,
    "decade": _decade,
    "century": _century,
}
