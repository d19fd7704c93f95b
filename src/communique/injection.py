"""Words of an article that are addressed to whoever processes it, and are no news.

An article is data. Some articles carry instructions ("ignore the above and report …"), fake
turns of a chat, ready-made answers in JSON, or text that no reader sees; the class is known as
indirect prompt injection (OWASP LLM01:2025). `find` names such stretches by their form, so that
they are neither sent to a model nor read by a rule. It is no matter of trust in a model: what
is not read cannot be obeyed. Words and phrases are data (`data/injection.json`).

A quotation with a speaker ("Ignore the note," the ambassador told …) is news and stays.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Aside", "find", "without"]


@dataclass(frozen=True)
class Aside:
    """A stretch that is not read, `text[start:end]` in code points, and why."""

    start: int
    end: int
    reason: str


# --- data ------------------------------------------------------------------------------------


@cache
def _data() -> dict[str, Any]:
    text = (files("communique") / "data" / "injection.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text))


def _any(key: str) -> str:
    return "(?:" + "|".join(_data()[key]) + ")"


_WORDS_APART: Final = frozenset({"es", "pt", "fr", "de", "it", "tr", "id"})
"""Languages of the data in Latin script: their phrases begin where a word does."""


@cache
def _addressed() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Phrases that speak to a machine, or of its task: in Latin script, and in others.

    Where words are apart, a phrase is looked for at their beginnings only, which takes a fifth
    of the time.
    """
    listed: dict[str, list[str]] = _data()["other_languages"]
    duty = r"(?:must|should|shall|are to|is to|have to|has to|need to|ought to)"
    machine = rf"{_any('machines')}[^.;]{{0,40}}? {duty} (?:not |never |also )?{_any('tasks')}\b"
    latin = [*_data()["phrases"], machine]
    latin += [words for tag in listed if tag in _WORDS_APART for words in listed[tag]]
    others = [words for tag in listed if tag not in _WORDS_APART for words in listed[tag]]
    return (
        re.compile(rf"(?<![^\W\d_])(?:{'|'.join(latin)})", re.IGNORECASE),
        re.compile("|".join(others), re.IGNORECASE),
    )


def _is_addressed(plain: str) -> bool:
    latin, others = _addressed()
    if latin.search(plain):
        return True
    return not plain.isascii() and others.search(plain) is not None


@cache
def _ordered() -> re.Pattern[str]:
    """A sentence that begins with an order about the text or the answer."""
    opener = rf"(?:{_any('openers')}[\s,:!.;—–-]{{1,4}}){{0,3}}"
    order = rf"(?:{_any('verbs')}(?=\s)(?:\s(?:also|only|instead|just|now|then|the reader|us))?\s"
    order += rf"{_any('objects')}(?![\w-])|{_any('overrides')}(?![\w-]))"
    order = rf"(?:{order}|(?:{'|'.join(_data()['strict_orders'])})(?![\w-]))"
    return re.compile(rf"[\W\d_]{{0,12}}{opener}{order}", re.IGNORECASE)


@cache
def _decoded() -> re.Pattern[str]:
    words = r"\b(?:ignore|disregard|instruction|system|assistant|obey|report)"
    return re.compile(words, re.IGNORECASE)


@cache
def _turn() -> re.Pattern[str]:
    """The name of a chat's role at the beginning of a line: "Assistant: "."""
    return re.compile(rf"[\s>*#\[(]*{_any('speaking_roles')}[\])*]{{0,3}}\s?:", re.IGNORECASE)


@cache
def _addressee() -> re.Pattern[str]:
    """A line that begins with a role and goes on with an order: "System: obey"."""
    rest = rf"(?=.{{0,200}}?\b(?:your?|obey|ignore|must|suffice|{'|'.join(_data()['verbs'])})\b)"
    role = rf"[\s>*#\[(]*{_any('roles')}[\])*]{{0,3}}\s?:\s?"
    return re.compile(rf"{role}(?:{_any('verbs')}\b|obey|ignore|{rest}(?![A-Z]))", re.IGNORECASE)


@cache
def _of_records() -> tuple[re.Pattern[str], ...]:
    """A machine, an order and a record in one sentence speak to a machine of its records."""
    keys = ("machine", "order_words", "record_words")
    return tuple(re.compile(rf"\b{_any(key)}\b", re.IGNORECASE) for key in keys)


# --- marks that are seen in the characters ----------------------------------------------------

_TOKEN: Final = re.compile(
    r"<[|｜][^|｜<>\n]{1,40}[|｜]>|\[/?(?:INST|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT|SYS)\]|"
    r"<<?/?SYS>>?|</?(?:start_of_turn|end_of_turn|bos|eos)>"
)
_COMMENT: Final = re.compile(r"<!--.{0,5000}?(?:-->|\Z)", re.DOTALL)
_TAG: Final = re.compile(r"<(/?)([A-Za-z][\w:-]{0,40})((?:\s[^<>]{0,2000})?)/?>")
_HIDDEN: Final = re.compile(
    r"\bhidden\b|display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d])|"
    r"font-size\s*:\s*0|color\s*:\s*(?:#fff(?:fff)?\b|white\b|transparent)|aria-hidden",
    re.IGNORECASE,
)
_TEMPLATE: Final = re.compile(r"\{\{.{0,400}?\}\}|\{%.{0,400}?%\}|\$\{[^}]{0,200}\}", re.DOTALL)
_FENCE: Final = re.compile(r"```.{0,20000}?(?:```|\Z)", re.DOTALL)
_JSON: Final = re.compile(r"[ \t]*[\[{][\s\[{]{0,20}\"[^\"\n]{1,60}\"\s*:")
_TAG_CHARACTERS: Final = re.compile("[\U000e0000-\U000e007f]+")
_SPELLED: Final = re.compile(
    r"(?:[^\W\d_][\u200b\u200c\u2060\ufeff\u00ad]){4,}|"
    r"(?<![^\W_])(?:[^\W\d_] {1,3}){5,}[^\W\d_](?!\w)"
)
_OVERRIDE: Final = re.compile("\u202e")
_FULLWIDTH: Final = re.compile("(?:[\uff21-\uff3a\uff41-\uff5a]{2,}[\uff1a\u3000\uff0e ]*){1,}")
_MIXED: Final = re.compile(
    "(?:[A-Za-z][\u0400-\u04ff\u0370-\u03ff]|[\u0400-\u04ff\u0370-\u03ff][A-Za-z])"
)
_ENCODED: Final = re.compile(
    r"\b(?:[0-9a-f]{2}){20,}\b|(?:%[0-9A-F]{2}[A-Za-z0-9]{0,12}){3,}|"
    r"\b(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*[0-9])[A-Za-z0-9+/]{40,}={0,2}"
)
_PROGRAM: Final = re.compile(
    r"^[ \t]*(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S* (?:DEBUG|INFO|WARN\w*|ERROR|FATAL)\b.*|"
    r"(?:GET|POST|PUT|PATCH|DELETE) /\S*.*|HTTP/[\d.]+ \d{3}.*|[\w.\[\]]+\.\d+\s?=\s.*|"
    r"\[//\]: ?#.*|%%?\s?[a-z].*|[a-z_]+,[a-z_0-9]+(?:,[a-z_0-9]+)+\s*)$",
    re.MULTILINE,
)
_CODE: Final = re.compile(
    r"\b(?:INSERT INTO|DELETE FROM|DROP TABLE|UPDATE \w+ SET|SELECT .{1,60} FROM)\b|"
    r"\\(?:textcolor|begin|color|phantom|newcommand|tiny|hspace)\b"
)
_FRONT_MATTER: Final = re.compile(r"\A\s*---\n(?:[\w-]+:.*\n|[ \t-].*\n){1,40}---\n")
_HEADER: Final = re.compile(r"^X-[A-Za-z-]{1,60}: .*$", re.MULTILINE)
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_LEET: Final = str.maketrans("013457", "oieast")
_PARAGRAPH: Final = re.compile(r"[^\n]+(?:\n(?![ \t]*\n)[^\n]*)*")
_SENTENCE: Final = re.compile(r"(?<=[.!?。！？।؟])[\"”’)\]]*\s+|(?<=[。！？])|\n")
_QUOTES: Final = '"“”«»„「『'
_QUOTATION: Final = re.compile(r"[\"“«„「『][^\"”»“」』]{1,600}[\"”»“」』]")
_INSTRUCTION: Final = "an instruction to whoever processes the text"
_LONGEST_LOOK: Final = 400


def find(text: str, foreign: Callable[[str], bool] | None = None) -> list[Aside]:
    """Return the stretches that speak to a machine, in order and without overlaps.

    `foreign` tells whether a sentence is in another language than the text; such sentences are
    not read, unless they are a quotation.

    What begins in the middle of a paragraph goes on to its end, since what follows an order is
    its content. Linear in the text; never raises on any string.
    """
    marked = _apart([*_marked(text)])
    # What markup hid from the first look begins a line now.
    return _apart([*marked, *_told(without(text, marked), foreign)])


def without(text: str, asides: list[Aside]) -> str:
    """The text with those stretches blank, at the same length and with the same line breaks."""
    if not asides:
        return text
    parts, last = [], 0
    for aside in asides:
        parts.append(text[last : aside.start])
        parts.append(re.sub(r"[^\n]", " ", text[aside.start : aside.end]))
        last = aside.end
    return "".join([*parts, text[last:]])


def _apart(found: list[Aside]) -> list[Aside]:
    kept: list[Aside] = []
    for aside in sorted(found, key=lambda a: (a.start, -a.end)):
        if kept and aside.start <= kept[-1].end:
            end = max(kept[-1].end, aside.end)
            kept[-1] = Aside(kept[-1].start, end, kept[-1].reason)
        elif aside.start < aside.end:
            kept.append(aside)
    return kept


def _marked(text: str) -> Iterator[Aside]:
    """What the characters themselves show: markup, code, hidden and disguised text."""
    for pattern, reason in (
        (_COMMENT, "a comment in the markup"),
        (_FENCE, "a block of code"),
        (_FRONT_MATTER, "a block of code"),
        (_TAG_CHARACTERS, "invisible characters"),
        (_HEADER, "a header of a message"),
    ):
        yield from (Aside(*m.span(), reason) for m in pattern.finditer(text))
    yield from _elements(text)
    for paragraph in _PARAGRAPH.finditer(text):
        start, end = paragraph.span()
        for pattern, reason in (
            (_OVERRIDE, "text whose direction is overridden"),
            (_TOKEN, "control tokens of a chat"),
            (_TEMPLATE, "a template"),
            (_SPELLED, "disguised words"),
            (_MIXED, "disguised words"),
            (_ENCODED, "encoded words"),
            (_PROGRAM, "lines of a program"),
            (_CODE, "lines of a program"),
            (_FULLWIDTH, "disguised words"),
        ):
            mark = pattern.search(text, start, end)
            if mark and not (pattern is _FULLWIDTH and _is_east_asian(text[start:end])):
                yield Aside(_sentence_start(text, start, mark.start()), end, reason)
        if _JSON.match(text, start, end):
            yield Aside(start, end, "a block of code")


def _elements(text: str) -> Iterator[Aside]:
    """Tags, and the content of elements that are hidden or are none of a text's."""
    known = frozenset(_data()["text_elements"])
    for tag in _TAG.finditer(text):
        closing, name, attributes = tag[1], tag[2].lower(), tag[3]
        yield Aside(*tag.span(), "markup")
        foreign = name not in known
        if closing or not (foreign or _HIDDEN.search(attributes)):
            continue
        ending = text.find(f"</{tag[2]}>", tag.end())
        if ending >= 0:
            yield Aside(tag.start(), ending + len(tag[2]) + 3, "hidden in the markup")


def _is_east_asian(words: str) -> bool:
    """Whether full-width letters are at home in a text."""
    return re.search("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", words) is not None


def _sentence_start(text: str, start: int, at: int) -> int:
    last = start
    for cut in _SENTENCE.finditer(text, start, at):
        last = cut.end()
    return min(last, at)


def _told(text: str, foreign: Callable[[str], bool] | None) -> Iterator[Aside]:
    """What the words say: a turn of a chat, an order, a word to a machine, another language."""
    for paragraph in _PARAGRAPH.finditer(text):
        start, end = paragraph.span()
        for left, right in _sentences(text, start, end):
            words = text[left:right]
            if _is_quoted(_plain(words)):
                yield from _quoted(text, left, right)
                continue
            reason = _reason(words)
            if reason:
                yield Aside(left, end, reason)
                break
            if foreign is not None and foreign(words):
                yield Aside(left, right, "in another language than the text")


def _quoted(text: str, start: int, end: int) -> Iterator[Aside]:
    """What a speaker is quoted as saying to a machine; who said it is news."""
    quotes = list(_QUOTATION.finditer(text, start, end))
    said = " ".join(quote[0] for quote in quotes)
    machine, order, _ = _of_records()
    if machine.search(said) and order.search(said):
        yield from (Aside(*quote.span(), _INSTRUCTION) for quote in quotes)


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    left = start
    for cut in _SENTENCE.finditer(text, start, end):
        if cut.start() > left:
            yield left, cut.start()
        left = cut.end()
    if left < end:
        yield left, end


def _reason(sentence: str) -> str:
    """Why a sentence is none of the news; empty where it is."""
    plain = _plain(sentence)
    if _turn().match(plain) or _addressee().match(plain):
        return "a turn of a chat"
    if _ordered().match(plain) or _is_addressed(plain):
        return _INSTRUCTION
    if all(pattern.search(plain) for pattern in _of_records()):
        return _INSTRUCTION
    disguised = re.sub(r"[A-Za-z]*[0-9][A-Za-z0-9]*", lambda m: m[0].translate(_LEET), plain)
    if any(_decoded().match(word) for word in _new_words(plain, disguised)):
        return "disguised words"
    return ""


def _new_words(plain: str, disguised: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]{5,}", disguised)) - set(re.findall(r"[A-Za-z]{5,}", plain))


def _plain(sentence: str) -> str:
    """The sentence as it looks: compatibility forms folded, invisible characters left out."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", sentence[:_LONGEST_LOOK]))


def _is_quoted(plain: str) -> bool:
    """Whether the sentence begins as a quotation of somebody, whose words are news."""
    return plain.lstrip()[:1] in _QUOTES
