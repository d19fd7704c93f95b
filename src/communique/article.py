"""The first station: an article as it was given, and the stretches of it that others work on.

An `Article` holds the text unchanged; every offset of the library is a code point of that text.
From it follow, each computed once and only when asked for:

- the *body*: the text without a leading crawler prefix (`` date 2024-11-22 ``);
- *items*: the articles, where several were concatenated into one text;
- *paragraphs*: runs of lines between blank lines (hard-wrapped lines are rejoined);
- *sentences*: of one paragraph each, found by `sentencex` and repaired at initials and titles;
- *passages*: consecutive sentences, cut to the size that a model reads at a time.

Every character of the body that is not white space lies in exactly one sentence and, at any
size, in exactly one passage. Three things stand outside: separator lines (``---``, ``***``,
``===``), a crawler prefix repeated before a later item, and *asides*, the stretches that speak to
whoever processes the text (`communique.injection`). Everything here is linear in the
length of the text.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import re
import stat
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from communique.errors import ConfigurationError, InvalidArticle
from communique.schemas import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from communique import injection

__all__ = ["MAX_CHARACTERS", "MAX_SENTENCE", "Article", "Passage", "article_of"]

MAX_CHARACTERS = 1_000_000
"""The longest text that is accepted, in code points: several hundred times a news article."""

MAX_SENTENCE = 1_500
"""The longest sentence, in code points; a longer one is cut at white space."""

_EARLIEST_YEAR = 1800
_YEARS_AHEAD = 2
_MAX_CONTROL = 0.05
_SURE = 5
"""The fewest function words that make a sentence one of another language than its article."""
_TELLING = 40
"""The fewest characters of a sentence whose language can be told."""
# A single sentence below this is not cut in two: what a model cannot answer here it cannot
# answer about half of it either.
_SMALLEST = 120

_PREFIX = re.compile(r"\ufeff?\s*date ([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\s|\Z)")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufffd]")
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060"
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_WORD = re.compile(r"[^\W_]+")


_MAX_BYTES = 4 * MAX_CHARACTERS + 3


# --- What is accepted --------------------------------------------------------------------------


def _shown(path: Path) -> str:
    """The path as a message can hold it: a name may have line breaks, or bytes of no character."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(path))


def _bytes_of(path: Path, name: str) -> bytes:
    """What is in a file, which must be one: to open a pipe is to wait for its writer."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise InvalidArticle(f"{name} is a directory.", "Name one file.")
    if not stat.S_ISREG(mode):
        raise InvalidArticle(f"{name} is a pipe, a socket or a device.", "Name a regular file.")
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise InvalidArticle(
            f"{name} is longer than {MAX_CHARACTERS:,} characters.",
            "Pass one article at a time.",
        )
    return data


def _check_text(text: object, what: str = "article") -> None:
    """Raise `InvalidArticle` unless `text` is a str that can be sent and stored."""
    if isinstance(text, bytes | bytearray | memoryview):
        raise InvalidArticle(
            f"The {what} is bytes, not text.", "Decode it first: data.decode('utf-8')."
        )
    if not isinstance(text, str):
        raise InvalidArticle(f"The {what} is of type {type(text).__name__}.", "Pass a str.")
    if len(text) > MAX_CHARACTERS:
        raise InvalidArticle(
            f"The {what} has {len(text):,} characters; the limit is {MAX_CHARACTERS:,}.",
            "Pass one article at a time.",
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidArticle(
            f"The {what} holds a lone surrogate at character {error.start}.",
            "Decode it anew, without errors='surrogateescape'.",
        ) from None


def _check_readable(text: str, start: int) -> None:
    """Raise `InvalidArticle` where there is nothing to read, or no text but data."""
    visible = text[start:].strip().strip(_INVISIBLE).strip()
    if not visible or not _blocks(text, start):
        raise InvalidArticle("The article is empty.", "Pass a text with at least one sentence.")
    if "\x00" in text or len(_CONTROL.findall(text)) > _MAX_CONTROL * len(text):
        raise InvalidArticle(
            "The article is binary data, or was decoded with the wrong encoding.",
            "Extract its text first, and decode it with its own encoding.",
        )


def _check_date(value: object) -> dt.date | None:
    """The publication date as a date; `InvalidArticle` where it is none, or is impossible."""
    if value is None:
        return None
    advice = "Give a date, a datetime or 'YYYY-MM-DD', or leave it out."
    try:
        if isinstance(value, str):
            value = dt.datetime.fromisoformat(value.strip())
        day = value.date() if isinstance(value, dt.datetime) else value
    except ValueError:  # also a missing time stamp of a data frame
        raise InvalidArticle(f"The publication date {value!r} is no date.", advice) from None
    if not isinstance(day, dt.date):
        raise InvalidArticle(f"The publication date is of type {type(value).__name__}.", advice)
    latest = dt.datetime.now(tz=dt.UTC).year + _YEARS_AHEAD
    if not _EARLIEST_YEAR <= day.year <= latest:
        raise InvalidArticle(
            f"The publication date {day} is outside {_EARLIEST_YEAR} to {latest}.", advice
        )
    return day


def _prefix_date(match: re.Match[str] | None) -> dt.date | None:
    """The date of a crawler prefix; None where there is none or it is impossible."""
    try:
        return _check_date(match[1]) if match else None
    except InvalidArticle:
        return None


def _check_language(language: object) -> str | None:
    if language is None:
        return None
    tag = language.replace("_", "-") if isinstance(language, str) else ""
    if not _LANGUAGE.fullmatch(tag):
        raise InvalidArticle(
            f"The language {language!r} is no BCP 47 tag.", "Give one like 'en' or 'pt-BR'."
        )
    return tag


# --- Language ----------------------------------------------------------------------------------


@functools.cache
def _words_data() -> dict[str, Any]:
    from importlib import resources

    file = resources.files("communique") / "data" / "sentence_words.json"
    data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    for name in ("titles", "foreign_titles", "numbered", "openers"):
        data[name] = frozenset(data[name])
    data["function_words"] = {k: frozenset(v) for k, v in data["function_words"].items()}
    data["scripts"] = {k: re.compile(f"[{v}]") for k, v in data["scripts"].items()}
    return data


def _detect_language(text: str, *, least: int = 3) -> str | None:
    """The language by its script, or by its function words; None where neither decides.

    Only the first 4,000 characters are looked at. Function words tell English, French,
    Spanish, German, Italian, Portuguese and Dutch apart: a tenth of the words must be such
    words of one language, `least` or more, and more than of any other.
    """
    data = _words_data()
    sample = text[:4000]
    counts = {name: len(letters.findall(sample)) for name, letters in data["scripts"].items()}
    # Japanese is written with more Chinese characters than kana, but never without kana.
    if counts["ja"] * 10 > counts["zh"]:
        counts["ja"] += counts["zh"]
    script = max(counts, key=counts.__getitem__)
    if not counts[script]:
        return None
    if script == "latin":
        return _latin_language(sample, least)
    # Of several languages in one script, a letter that only one of them has decides.
    languages: list[tuple[str, str]] = data["letters"].get(script, [("", script)])
    for letters, tag in languages:
        if not letters or any(letter in sample for letter in letters):
            return tag
    return None


def _latin_language(sample: str, least: int) -> str | None:
    words = [word.casefold() for word in _WORD.findall(sample)]
    scores = {
        tag: sum(word in function_words for word in words)
        for tag, function_words in _words_data()["function_words"].items()
    }
    first, second = sorted(scores, key=scores.__getitem__, reverse=True)[:2]
    # Languages share short words ("met", "in"): a few more of one do not settle it.
    clear = scores[first] >= scores[second] * 1.5 and scores[first] * 10 >= len(words)
    return first if clear and scores[first] >= least else None


# --- Paragraphs --------------------------------------------------------------------------------

_SEPARATORS = frozenset("-*=_#~\u2013\u2014\u2500\u2550")
_FINAL = frozenset(".!?\u2026:;,\u3002\uff01\uff1f\u0964\u0965\u061f\u06d4\u203d\u2014\u2013-")
_CLOSING = "\"'\u2019\u201d\u00bb)]}\u300d\u300f"
_BULLET = re.compile(r"(?:[-*\u2022\u2013\u2014\u25aa\u25cf\u25e6\u2023]|\(?[0-9]{1,3}[.)])\s")
_WRAP_WIDTHS = range(40, 121)


@dataclass(slots=True)
class _Block:
    """Lines between blank lines; `opens` when a mark before it says that a new item begins."""

    lines: list[tuple[int, int]] = field(default_factory=list)
    opens: bool = False
    dated: dt.date | None = None


class _Paragraph(NamedTuple):
    sentences: tuple[Span, ...]
    opens: bool
    dated: dt.date | None

    @property
    def start(self) -> int:
        return self.sentences[0].start

    @property
    def end(self) -> int:
        return self.sentences[-1].end


def _lines(text: str, start: int) -> Iterator[tuple[int, int, bool]]:
    """Every line without its outer white space, and whether a paragraph separator ends it."""
    for raw in text[start:].splitlines(keepends=True):
        first = start + len(raw) - len(raw.lstrip())
        yield first, max(first, start + len(raw.rstrip())), raw.endswith("\u2029")
        start += len(raw)


def _is_separator(line: str) -> bool:
    marks = "".join(line.split()) if len(line) <= 200 and line[0] in _SEPARATORS else ""
    return len(marks) >= 3 and len(set(marks)) == 1


def _ends(words: str) -> bool:
    """Whether the words end with punctuation, inside or outside a closing quotation mark."""
    return words.rstrip(_CLOSING)[-1:] in _FINAL


def _blocks(text: str, start: int) -> list[_Block]:
    blocks = [_Block()]
    for first, last, hard in _lines(text, start):
        if first == last:
            if blocks[-1].lines:
                blocks.append(_Block())
            continue
        above = blocks[-1].lines
        # A line of --- or === right below a line without a full stop underlines a heading.
        underlines = above and not _ends(text[slice(*above[-1])])
        if not underlines and _is_separator(text[first:last]):
            _open(blocks, None)
            continue
        prefix = _PREFIX.match(text, first, last) if first > start else None
        dated = _prefix_date(prefix)
        if prefix and dated:
            _open(blocks, dated)
            rest = text[prefix.end() : last].lstrip()
            if rest:
                blocks[-1].lines.append((last - len(rest), last))
        else:
            blocks[-1].lines.append((first, last))
        if hard and blocks[-1].lines:
            blocks.append(_Block())
    return [block for block in blocks if block.lines]


def _open(blocks: list[_Block], dated: dt.date | None) -> None:
    """Let the next line begin a new item."""
    if blocks[-1].lines:
        blocks.append(_Block())
    blocks[-1].opens = True
    blocks[-1].dated = dated or blocks[-1].dated


def _unwrapped(text: str, lines: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The paragraphs of one block: its lines, except where prose was wrapped to a width.

    A line break is a wrap when the next line's first word would not have fitted any more. A
    block counts as wrapped when three of four breaks are such, and a quarter of the lines
    after them go on without a capital letter, which lists of names do not.
    """
    width = max(last - first for first, last in lines)
    tight, running = [], 0
    for (first, last), (following, end) in pairwise(lines):
        word = text[following : min(end, following + 21)].split(maxsplit=1)[0]
        tight.append(last - first + 1 + (len(word) if len(word) <= 20 else 1) > width)
        running += not text[following].isupper()
    breaks = len(tight)
    wrapped = breaks > 1 and width in _WRAP_WIDTHS
    wrapped = wrapped and sum(tight) * 4 >= breaks * 3 and running * 4 >= breaks
    start, end = lines[0]
    for (first, last), fits in zip(lines[1:], tight, strict=True):
        runs_on = text[first].islower() and not _ends(text[max(start, end - 20) : end])
        bullet = _BULLET.match(text, first, last)
        if ((wrapped and fits) or runs_on) and not bullet:
            end = last
            continue
        yield start, end
        start, end = first, last
    yield start, end


# --- Sentences ---------------------------------------------------------------------------------

# sentencex takes time in the square of the text where each sentence is a few characters long
# (Chinese), so that it is given a window at a time.
_WINDOW = MAX_SENTENCE + 500
_NEAR = 40
_INITIAL = re.compile(r"(?:[^\W\d_]\.-?)*[^\W\d_]")
_OPENING = "\"'\u2018\u201c\u00ab([{\u300c"
_ZERO_WIDTH_JOINER = "\u200d"


def _boundaries(words: str, language: str) -> list[int]:
    """Where `sentencex` sees sentences begin, in order, after the first."""
    import sentencex

    try:
        found = sentencex.get_sentence_boundaries(language, words)
    except BaseException as error:
        # A panic of its Rust code is no `Exception`. One that happens leaves a long sentence.
        if type(error).__name__ != "PanicException":
            raise
        return []
    return sorted({b["start_index"] for b in found if 0 < b["start_index"] < len(words)})


def _starts(words: str, language: str) -> list[int]:
    """Where the sentences of one paragraph begin, before any repair; the first is 0."""
    starts, at = [0], 0
    while True:
        window = words[at : at + _WINDOW]
        found = [at + offset for offset in _boundaries(window, language)]
        starts += found
        if at + len(window) >= len(words):
            return starts
        # The window's last sentence may go on after it: look again from its beginning.
        if not found:
            found = [_cut_near(words, at, at + MAX_SENTENCE)]
            starts += found
        at = found[-1]


def _cut_near(text: str, start: int, end: int) -> int:
    """Where to cut `text[start:]`: behind the last white space up to `end`, or at `end`."""
    for at in range(end, start + 1, -1):
        if text[at - 1].isspace():
            return at
    at = end
    while at > end - _NEAR and at > start + 1 and _binds(text, at):
        at -= 1
    return at


def _binds(text: str, at: int) -> bool:
    """Whether a cut before `text[at]` would part a letter from its marks or an emoji."""
    follows = unicodedata.category(text[at])[0] == "M" or text[at] == _ZERO_WIDTH_JOINER
    return follows or text[at - 1] == _ZERO_WIDTH_JOINER


_GERMAN_ORDINAL = re.compile(
    r"\b(?:[Dd](?:er|ie|as|en|em|es)|[Aa]m|[Vv]om|[Zz]um|[Ii]m|[Bb]eim|[Ss]ein|[Ii]hr) [1-9]\d?\.$"
)
_QUOTATIVE = re.compile("と(?:の|い[いう]|言|述べ|語|話|強調|指摘|説明|表明|して|した)|など")


def _goes_on(left: str, right: str) -> bool:
    """Whether a sentence goes on across a cut that `sentencex` made.

    `left` and `right` are the words next to the cut, `left` with its trailing white space. It
    does after a title or rank ("Gen. Lee"), an initial ("Lloyd J. Austin") or an abbreviation
    of single letters ("U.S. Secretary"), unless the next word is one that begins sentences
    ("He left the U.S. The next day"), before a number ("No. 5") and inside a word ("D-R.I."). In
    other languages, after "Der 2. Gipfel", after "د. أحمد" and "डॉ. शर्मा", and where a Japanese
    quotation is followed by what makes it one.
    """
    before = left.rstrip()
    if not before.endswith("."):
        return before.endswith("」") and _QUOTATIVE.match(right) is not None
    token = (before[:-1].split() or [""])[-1].lstrip(_OPENING)
    if before == left:
        return bool(_INITIAL.fullmatch(token[-1:])) and token[-2:-1] in {"", ".", "-"}
    data = _words_data()
    if right[:1].islower() or (right[:1].isdigit() and token in data["numbered"]):
        return True
    capital = right.lstrip(_OPENING)[:1].isupper()
    titled = (capital and token in data["titles"]) or token in data["foreign_titles"]
    if titled or _GERMAN_ORDINAL.search(before):
        return True
    word = _WORD.match(right)
    opens = word is None or word[0].casefold() in data["openers"]
    return capital and not opens and bool(_INITIAL.fullmatch(token)) and token[-1].isupper()


def _sentences(text: str, start: int, end: int, language: str) -> Iterator[Span]:
    """The sentences of the paragraph `text[start:end]`, without outer white space."""
    # One blank for each white-space character keeps the offsets; line ends mean nothing here,
    # and some of the rarer ones make sentencex panic.
    words = re.sub(r"\s", " ", text[start:end])
    starts = [*_starts(words, language), len(words)]
    kept = [0]
    for at, following in pairwise(starts[1:]):
        left, right = words[max(kept[-1], at - _NEAR) : at], words[at : at + _NEAR].lstrip()
        bare = not any(c.isalnum() for c in words[at:following])
        if not bare and not _goes_on(left, right):
            kept.append(at)
    for first, last in pairwise([*kept, len(words)]):
        yield from _pieces(text, start + first, start + last)


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    """`text[start:end]` in pieces of at most `MAX_SENTENCE`, without outer white space."""
    while start < end:
        piece = text[start : min(end, start + MAX_SENTENCE + 1)]
        start += len(piece) - len(piece.lstrip())
        if start >= end:
            return
        if not piece.strip():
            continue
        stop = end
        if end - start > MAX_SENTENCE:
            stop = _cut_near(text, start, start + MAX_SENTENCE)
        words = text[start:stop].rstrip()
        yield Span(start=start, end=start + len(words))
        start = stop


# --- Items -------------------------------------------------------------------------------------

_ARTICLES = frozenset({"a", "an", "the"})
_HEADLINE_WORDS = range(4, 21)
_HEADLINE_LENGTH = 250
_LEAD_WORDS = 60
_LEAD_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a headline in the middle of a text must have.

    At least `content` words of content, of which the next paragraph repeats at least a
    `share`, and at least `before` sentences of the item that it ends.
    """

    content: int
    share: float
    before: int


# A paragraph of whole sentences that ends with a headline is a mark of concatenation in itself.
# A headline that stands alone may be a subheading, and has to be restated at more length.
_GLUED = _Rule(content=4, share=0.6, before=2)
_ALONE = _Rule(content=6, share=0.7, before=3)


def _content(words: str, language: str) -> list[str]:
    every = _words_data()["function_words"]
    function_words = every.get(language, every["en"])
    return [w for w in _WORD.findall(words) if w.casefold() not in function_words]


def _folded(words: Sequence[str]) -> set[str]:
    """Words without case, accents and endings: "Defence" and "Defense" are one."""
    bare = (unicodedata.normalize("NFKD", word.casefold()) for word in words)
    return {"".join(c for c in word if not unicodedata.combining(c))[:5] for word in bare}


def _looks_like_headline(words: str, language: str) -> bool:
    """No final punctuation, no pronoun in front, capital letters or no grammatical articles."""
    if len(words) > _HEADLINE_LENGTH or _ends(words) or words[0].islower():
        return False
    if _BULLET.match(words):
        return False
    every = [word.casefold() for word in _WORD.findall(words)]
    if len(every) not in _HEADLINE_WORDS or every[0] in _words_data()["openers"] - _ARTICLES:
        return False
    content = _content(words, language)
    capitals = sum(not word[0].islower() for word in content)
    return capitals * 2 >= len(content) or not _ARTICLES.intersection(every)


def _is_headline(words: str, lead: str, rule: _Rule, language: str) -> bool:
    """Whether `words` head a new item: the paragraph after them, `lead`, restates them."""
    if not _looks_like_headline(words, language) or not _ends(lead) or len(lead) <= len(words):
        return False
    headline = _folded(_content(words, language))
    opening = _folded(_WORD.findall(lead[:_LEAD_LENGTH])[:_LEAD_WORDS])
    restated = len(headline & opening)
    return len(headline) >= rule.content and restated >= rule.share * len(headline)


def _with_items(text: str, paragraphs: list[_Paragraph], language: str) -> Iterator[_Paragraph]:
    """The paragraphs, with `opens` set on each that begins a new item.

    A new item begins after a separator line, at a repeated crawler prefix, and at a headline
    in the middle of the text: see `_looks_like_headline` and `_is_headline`. Where a headline
    follows the last sentence of an item in the same paragraph, that paragraph becomes two.
    """
    before = 0
    for index, paragraph in enumerate(paragraphs):
        *body, last = paragraph.sentences
        before = 0 if paragraph.opens else before
        rule = _GLUED if body else _ALONE
        following = paragraphs[index + 1] if index + 1 < len(paragraphs) else None
        heads = (
            following is not None
            and not following.opens
            and before + len(body) >= rule.before
            and _is_headline(
                text[last.start : last.end],
                text[following.start : following.end],
                rule,
                language,
            )
        )
        before = 1 if heads else before + len(paragraph.sentences)
        if not heads:
            yield paragraph
            continue
        if body:
            yield paragraph._replace(sentences=tuple(body))
        yield _Paragraph((last,), opens=True, dated=None)


# --- Passages ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive sentences that a model reads at a time.

    `span` reaches from the first sentence's start to the last one's end; `item` is the index
    of the item it lies in (of the first, where one passage holds the whole text).
    """

    index: int
    span: Span
    item: int
    sentences: tuple[Span, ...]


def _packed(units: Sequence[tuple[Span, ...]], size: int) -> list[tuple[Span, ...]]:
    """Units joined, in order, as long as they fit into `size`."""
    groups: list[list[Span]] = []
    for unit in units:
        if groups and unit[-1].end - groups[-1][0].start <= size:
            groups[-1].extend(unit)
        else:
            groups.append(list(unit))
    return [tuple(group) for group in groups]


def _balanced(units: Sequence[tuple[Span, ...]], size: int) -> list[tuple[Span, ...]]:
    """As few groups as `size` allows, the largest of them as small as it can be."""
    count = len(_packed(units, size))
    low, high = 1, size
    while low < high:
        middle = (low + high) // 2
        if len(_packed(units, middle)) <= count:
            high = middle
        else:
            low = middle + 1
    return _packed(units, low)


def _around(sentences: Sequence[Span]) -> Span:
    return Span(start=sentences[0].start, end=sentences[-1].end)


# --- The article -------------------------------------------------------------------------------


@dataclass(frozen=True, init=False)
class Article:
    """A text and what is known about it.

    `text` is kept as given. `published` takes a date, a datetime, an ISO 8601 string or None;
    None takes the date of a crawler prefix, if there is one. `language` is a BCP 47 tag; None
    takes what the script or the function words say, and stays None where they say nothing.
    `title`, `url` and `id` are handed back in the summary's source.

    Raises `InvalidArticle` for what is not a str, is blank or binary, holds lone surrogates,
    is longer than `MAX_CHARACTERS`, or has an impossible publication date (before 1800, or
    more than two years ahead).
    """

    text: str = field(repr=False)
    published: dt.date | None
    title: str | None
    url: str | None
    id: str | None
    language: str | None
    _explicit: bool = field(init=False, repr=False, compare=False)

    def __init__(
        self,
        text: str,
        published: dt.date | str | None = None,
        title: str | None = None,
        url: str | None = None,
        id: str | None = None,  # noqa: A002
        language: str | None = None,
    ) -> None:
        _check_text(text)
        for name, value in (("title", title), ("url", url), ("id", id)):
            if value is not None:
                _check_text(value, name)
        prefix = _PREFIX.match(text)
        dated = _prefix_date(prefix)
        start = prefix.end() if prefix and dated else 0
        _check_readable(text, start)
        given = _check_date(published)
        tag = _check_language(language) or _detect_language(text[start : start + 4000])
        fields: dict[str, object] = {
            "text": text,
            "published": given or dated,
            "title": title,
            "url": url,
            "id": id,
            "language": tag,
            "_explicit": given is not None,
        }
        for name, content in fields.items():
            object.__setattr__(self, name, content)

    def __getstate__(self) -> dict[str, object]:
        """What was given, without what was computed from it: pickles stay small."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}

    @classmethod
    def read(cls, path: Path, *, published: dt.date | str | None = None) -> Article:
        """The article in a UTF-8 file, with or without a byte-order mark.

        Offsets count from after the mark; line ends stay as they are. Raises `InvalidArticle`
        where the file is missing, a directory, a pipe or device, unreadable, too large or not
        UTF-8.
        """
        path = Path(path)
        name = _shown(path)
        try:
            text = _bytes_of(path, name).decode("utf-8-sig")
        except FileNotFoundError:
            raise InvalidArticle(
                f"There is no file {name}.", "Check the path; a str is taken as text."
            ) from None
        except UnicodeDecodeError as error:
            raise InvalidArticle(
                f"{name} is not UTF-8: byte {error.start} cannot be decoded.",
                "Decode it with its own encoding and pass the text.",
            ) from None
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            reason = getattr(error, "strerror", None) or error
            raise InvalidArticle(
                f"{name} cannot be read: {reason}.", "Check the file and its permissions."
            ) from error
        return cls(text, published)

    @property
    def dated_by_caller(self) -> bool:
        """Whether `published` was given, and not read in the text."""
        return self._explicit

    @functools.cached_property
    def sha256(self) -> str:
        """SHA-256 of the text in UTF-8, in hexadecimal."""
        import hashlib

        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()

    @functools.cached_property
    def body_start(self) -> int:
        """Offset of the text after a crawler prefix; 0 where there is none."""
        prefix = _PREFIX.match(self.text)
        return prefix.end() if prefix and _prefix_date(prefix) else 0

    @functools.cached_property
    def asides(self) -> list[injection.Aside]:
        """The stretches that speak to whoever processes the text: they are not read."""
        from communique import injection

        language = (self.language or "").split("-")[0].lower()

        def foreign(sentence: str) -> bool:
            long = len(sentence) >= _TELLING
            found = _detect_language(sentence, least=_SURE) if long else None
            return bool(language and found) and found != language

        return injection.find(self.text, foreign)

    @functools.cached_property
    def told(self) -> str:
        """The text without its asides, which are blank in it, at the same length."""
        from communique import injection

        return injection.without(self.text, self.asides)

    @functools.cached_property
    def _paragraphs(self) -> tuple[_Paragraph, ...]:
        language = (self.language or "en").split("-")[0].lower()
        paragraphs = []
        for block in _blocks(self.told, self.body_start):
            opens, dated = block.opens, block.dated
            for start, end in _unwrapped(self.told, block.lines):
                sentences = tuple(_sentences(self.told, start, end, language))
                paragraphs.append(_Paragraph(sentences, opens, dated))
                opens, dated = False, None
        return tuple(_with_items(self.told, paragraphs, language))

    @functools.cached_property
    def _by_item(self) -> tuple[tuple[_Paragraph, ...], ...]:
        items: list[list[_Paragraph]] = []
        for paragraph in self._paragraphs:
            if paragraph.opens or not items:
                items.append([])
            items[-1].append(paragraph)
        return tuple(tuple(item) for item in items)

    @functools.cached_property
    def items(self) -> list[Span]:
        """The articles in the text: one, unless several were concatenated."""
        return [Span(start=item[0].start, end=item[-1].end) for item in self._by_item]

    @functools.cached_property
    def paragraphs(self) -> list[Span]:
        """The paragraphs, in order; none crosses an item's boundary."""
        return [Span(start=p.start, end=p.end) for p in self._paragraphs]

    @functools.cached_property
    def sentences(self) -> list[Span]:
        """The sentences, in order; none crosses a paragraph, none exceeds `MAX_SENTENCE`."""
        return [sentence for p in self._paragraphs for sentence in p.sentences]

    def words(self, span: Span) -> str:
        """The text's own characters in `span`."""
        return self.told[span.start : span.end]

    def item_at(self, offset: int) -> int:
        """Index of the item that `offset` lies in, or of the last one before it."""
        return max(0, bisect_right([item.start for item in self.items], offset) - 1)

    def published_of(self, item: int) -> dt.date | None:
        """When item number `item` was published.

        The date given by the caller, else that of the crawler prefix in front of the item,
        else that of the text.
        """
        if self._explicit:
            return self.published
        return self._by_item[item][0].dated or self.published

    def passages(self, size: int) -> list[Passage]:
        """The text in passages of at most `size` code points.

        A text that fits is one passage, whatever its items. Otherwise no passage crosses an
        item's boundary; passages end with a paragraph where the paragraph fits, else with a
        sentence; and an item's passages are about equally long. A sentence longer than `size`
        is a passage of its own. Raises `ConfigurationError` where `size` is below 1.
        """
        if size < 1:
            raise ConfigurationError(
                f"A passage of {size} characters holds nothing.", "Give a size of 1 or more."
            )
        if not self.sentences:  # all of it speaks to whoever processes it
            return []
        whole = _around(self.sentences)
        if whole.end - whole.start <= size:
            return [Passage(0, whole, 0, tuple(self.sentences))]
        passages: list[Passage] = []
        for number, item in enumerate(self._by_item):
            units: list[tuple[Span, ...]] = []
            for paragraph in item:
                if paragraph.end - paragraph.start <= size:
                    units.append(paragraph.sentences)
                else:
                    units += _balanced([(s,) for s in paragraph.sentences], size)
            for group in _balanced(units, size):
                passages.append(Passage(len(passages), _around(group), number, group))
        return passages

    def halve(self, passage: Passage, index: int | None = None) -> list[Passage]:
        """Two smaller passages for one whose reply was cut off; [] where it cannot be smaller.

        The cut is between two items where the passage holds several, else at the end of the
        sentence nearest to the middle (a paragraph's end is preferred to one up to twice as
        near), else at the white space nearest to the middle of its only sentence, unless that
        is shorter than 120 characters. The halves are numbered `index` and `index + 1`; with
        None both keep the number of the passage.
        """
        sentences = passage.sentences
        if len(sentences) > 1:
            at = self._middle(passage)
            parts = [sentences[:at], sentences[at:]]
        else:
            parts = [(part,) for part in self._half_sentences(sentences[0])]
        return [
            Passage(
                index=passage.index if index is None else index + number,
                span=_around(part),
                item=self.item_at(part[0].start),
                sentences=part,
            )
            for number, part in enumerate(parts)
        ]

    def _middle(self, passage: Passage) -> int:
        """Index of the sentence that begins the second half."""
        middle = (passage.span.start + passage.span.end) / 2
        items = {item.start for item in self.items}
        paragraphs = {paragraph.start for paragraph in self.paragraphs}

        def cost(number: int) -> tuple[bool, float]:
            start = passage.sentences[number].start
            distance = abs(start - middle)
            return start not in items, distance / 2 if start in paragraphs else distance

        return min(range(1, len(passage.sentences)), key=cost)

    def _half_sentences(self, sentence: Span) -> list[Span]:
        middle = (sentence.start + sentence.end) // 2
        if sentence.end - sentence.start < _SMALLEST:
            return []
        blanks = [m.end() for m in re.finditer(r"\s+", self.words(sentence))]
        if not blanks:
            return []
        at = sentence.start + min(blanks, key=lambda b: abs(sentence.start + b - middle))
        first = self.text[sentence.start : at].rstrip()
        return [
            Span(start=sentence.start, end=sentence.start + len(first)),
            Span(start=at, end=sentence.end),
        ]


def article_of(article: str | Path | Article, *, published: dt.date | str | None = None) -> Article:
    """What the caller passed, as an `Article`: a str is text, a `Path` is a file.

    `published`, where given, wins over the article's own date and over the crawler prefix.
    Raises `InvalidArticle` for anything else, and for whatever `Article` does not accept.
    """
    if isinstance(article, Article):
        day = _check_date(published)
        return article if day is None else dataclasses.replace(article, published=day)
    if isinstance(article, Path):
        return Article.read(article, published=published)
    return Article(article, published)
