"""Rules that read one sentence of a language other than English, from a lexicon of that language.

The twin of `reading`, with less grammar and more languages: `data/lexicon_XX.json` lists the words
that tell of an engagement, of its tense, of an instrument and of what was done with it, and this
station looks them up and decides which belongs to which by their distance. A cue word that is not
there leaves the question open, and whoever asks decides; an agreement whose act is not told, or
told as refused, wished or to come, is never told as concluded.

All functions are pure and give offsets in code points of the sentence they were given. Chinese in
traditional characters is read through a table of equal length. Every pattern has bounded repeats.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from communique.han import simplified
from communique.reading import ActReading, Title

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from communique.schemas import ActKind, AgreementType, EngagementStatus, EngagementType, Realis

__all__ = ["LANGUAGES", "Cue", "acts", "code_of", "supports", "titles", "triggers"]

LANGUAGES = frozenset({"fr", "es", "de", "ar", "hi", "zh", "ja"})
UNSPACED = frozenset({"zh", "ja"})
_REFUSALS: tuple[EngagementStatus, ...] = ("cancelled", "postponed", "denied")
_REACH = 90
"""The most characters between an instrument and the verb that is said of it."""
_REALIS_REACH = 70
_MOST_TITLE_WORDS = 10
_MOST_LEFT = 24
_OPEN = frozenset({"negotiating", "requested", "implementing"})
_CONCLUDING = frozenset(
    {"signed", "exchanged", "agreed", "initialled", "ratified", "entered_into_force", "amended",
     "extended", "suspended", "terminated", "expired"}
)  # fmt: skip


@dataclass(frozen=True)
class Cue:
    """Words that tell of an engagement, `sentence[start:end]`; `status` is None where open.

    `present` says that its verb is in the present tense, which news uses of what is to come; `weak`
    words ("they discussed …") tell of one only where they name both sides.
    """

    start: int
    end: int
    type: EngagementType
    status: EngagementStatus | None
    present: bool = False
    weak: bool = False


class _Act(NamedTuple):
    start: int
    end: int
    kind: ActKind
    realis: str


def code_of(language: str | None) -> str:
    """The two letters of a BCP 47 tag, "" for None."""
    return re.split(r"[-_]", (language or "").casefold())[0]


def supports(language: str | None) -> bool:
    """Whether there are rules for the language (a BCP 47 tag)."""
    return code_of(language) in LANGUAGES


# --- lexicon ---------------------------------------------------------------------------------


@functools.cache
def lexicon(language: str) -> dict[str, Any]:
    """The lexicon of one of `LANGUAGES`."""
    path = resources.files("communique").joinpath(f"data/lexicon_{language}.json")
    return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))


_ARABIC = "\u0621-\u064a"
_DEVANAGARI = "\u0900-\u0963\u0966-\u097f"  # without its full stops
_EDGES = {
    # "and", "with" and "to" are written together with the next word and are no part of it.
    "ar": (
        rf"(?:(?<![{_ARABIC}])|(?<=(?<![{_ARABIC}])[وفبلك])|(?<=(?<![{_ARABIC}])[وف][بل]))",
        rf"[\u064b-\u0652]?(?![{_ARABIC}])",
    ),
    "hi": (rf"(?<![{_DEVANAGARI}])", rf"(?![{_DEVANAGARI}])"),
    "zh": ("", ""),
    "ja": ("", ""),
}
_LATIN_EDGES = (r"(?<![\w-])", r"(?:(?<=['’])|(?![\w-]))")
_APOSTROPHE = str.maketrans("’", "'")
_HAMZA = re.compile("[أإآ]|(?<![\\[أإآ])ا(?![\\]أإآ])")
_NUKTA = "\u093c"
# With the nukta behind it, in one character, or without it.
_EITHER_NUKTA = {
    letter: f"(?:{letter}{_NUKTA}?|{chr(0x0958 + i)})" for i, letter in enumerate("कखगजडढफय")
}
_WITH_NUKTA = re.compile(f"([कखगजडढफय]){_NUKTA}?")


def compiled(fragments: Iterable[str], language: str, *, cased: bool = False) -> re.Pattern[str]:
    """One pattern of several fragments, between the edges of words of the language.

    Spellings that differ freely are one: Arabic with or without hamza, Hindi with or without
    nukta.
    """
    body = "|".join(fragments)
    if language == "ar":
        body = _HAMZA.sub("[اأإآ]", body).replace("ى", "[ىي]")
    if language == "hi":
        body = _WITH_NUKTA.sub(lambda m: _EITHER_NUKTA[m[1]], unicodedata.normalize("NFC", body))
    left, right = edges(language)
    return re.compile(f"{left}(?:{body}){right}", 0 if cased else re.IGNORECASE)


def edges(language: str) -> tuple[str, str]:
    """What stands before and behind a word of the language, as patterns."""
    return _EDGES.get(language, _LATIN_EDGES)


@functools.cache
def pattern(language: str, *keys: str) -> re.Pattern[str]:
    """The pattern of one list of a lexicon; one that matches nothing for an empty list."""
    value: Any = lexicon(language)
    for key in keys:
        value = value.get(key, [])
    return compiled(value, language) if value else re.compile(r"(?!)")


@functools.cache
def _triples(language: str, key: str) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    listed = lexicon(language)[key]
    return tuple((a, b, compiled([fragment], language)) for a, b, fragment in listed)


@functools.cache
def _heads(language: str) -> tuple[tuple[AgreementType, re.Pattern[str]], ...]:
    listed = lexicon(language)["titles"]["heads"]
    return tuple((kind, compiled([fragment], language)) for kind, fragment in listed)


def plain(text: str, language: str) -> str:
    """The text with the characters that the lexicon is written in; of equal length."""
    return simplified(text) if language == "zh" else text.translate(_APOSTROPHE)


def spans(found: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    """Where a pattern stands in a text."""
    return [m.span() for m in found.finditer(text) if m.end() > m.start()]


def _overlaps(start: int, end: int, others: Iterable[tuple[int, int]]) -> bool:
    return any(start < b and a < end for a, b in others)


def _gap(a: tuple[int, int], b: tuple[int, int]) -> int:
    return max(a[0] - b[1], b[0] - a[1], 0)


@functools.cache
def public(language: str) -> re.Pattern[str]:
    """A word for a state's own body, an office, an engagement or an instrument."""
    data = lexicon(language)
    words = [
        *data["state_nouns"],
        *data["offices"]["heads"],
        *data["offices"]["sides"],
        *data["offices"]["plural"],
        *data["offices"]["portfolio"],
        *(fragment for _, _, fragment in data["triggers"]),
        *(fragment for _, fragment in data["titles"]["heads"]),
    ]
    return compiled(words, language)


@functools.cache
def where(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What stands before, and what stands behind, the name of a place that something is in."""
    data = lexicon(language)["where"]
    before, after = data["before"] or r"(?!)", data["after"] or r"(?!)"
    return re.compile(f"(?:{before})$", re.IGNORECASE), re.compile(f"(?:{after})")


@functools.cache
def before_an_event(language: str) -> re.Pattern[str]:
    """What stands before the words for an event as part of its name: 第三届, G7."""
    return re.compile(lexicon(language).get("event_before") or r"(?!)")


# --- engagements -----------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def triggers(sentence: str, language: str) -> tuple[Cue, ...]:
    """Every word group that tells of an engagement, in order, without overlaps."""
    text = plain(sentence, language)
    blocked = spans(pattern(language, "blocks"), text)
    beside = sidelines(sentence, language)
    blocked += [(beside.start, beside.end)] if beside else []
    agreed = [(t.start, t.end) for t in titles(sentence, language)]
    taken: list[tuple[int, int]] = []
    found: list[tuple[int, int, str, str]] = []
    for kind, status, words in _triples(language, "triggers"):
        for start, end in spans(words, text):
            if _overlaps(start, end, [*blocked, *taken, *agreed]):
                continue
            if kind == "negotiation" and _on_an_instrument(start, end, agreed, text):
                continue
            taken.append((start, end))
            found.append((start, end, kind, status))
    if any(kind in {"meeting", "call"} and status != "weak" for _, _, kind, status in found):
        found = [f for f in found if f[3] != "weak"]
    found.sort()
    places = [(f[0], f[1]) for f in found]
    cues = _status_cues(text, language, blocked)
    return tuple(
        Cue(
            start,
            end,
            cast("EngagementType", kind),
            _status(i, places, _own_tense(text, start, end, status, language), cues),
            present=status == "present",
            weak=status == "weak",
        )
        for i, (start, end, kind, status) in enumerate(found)
    )


def _own_tense(text: str, start: int, end: int, status: str, language: str) -> str:
    """What the words say of themselves; a verb that others follow has the tense of the last."""
    chained = lexicon(language).get("chained")
    if chained and status == "held" and re.search(chained["form"], text[start:end]):
        return "planned" if re.search(chained["future"], text.rstrip()) else status
    return "" if status in {"present", "weak"} else status


def _on_an_instrument(start: int, end: int, agreed: list[tuple[int, int]], text: str) -> bool:
    """Whether talks are talks on an agreement, 协定谈判: an act on it, then."""
    return any(
        (0 <= a - end <= 40 and not re.search(r"[,;.،。、]", text[end:a])) or 0 <= start - b <= 4
        for a, b in agreed
    )


def _status_cues(
    text: str, language: str, blocked: list[tuple[int, int]]
) -> list[tuple[int, int, str]]:
    cues = [
        (start, end, status)
        for status in lexicon(language)["status"]
        for start, end in spans(pattern(language, "status", status), text)
    ]
    cues += [(start, end, "held") for start, end in spans(pattern(language, "held"), text)]
    return [cue for cue in cues if not _overlaps(cue[0], cue[1], blocked)]


def _status(
    index: int, places: list[tuple[int, int]], own: str, cues: list[tuple[int, int, str]]
) -> EngagementStatus | None:
    """Refusals first, then the words' own tense, then the nearest cue."""
    here = places[index]
    mine = [
        (_gap(here, (start, end)), status)
        for start, end, status in cues
        if min(range(len(places)), key=lambda i: _gap(places[i], (start, end))) == index
    ]
    for refusal in _REFUSALS:
        if any(status == refusal for _, status in mine):
            return refusal
    if own:
        return cast("EngagementStatus", own)
    # Who is asked to an event that is to be held proposes nothing.
    open_ones = sorted(mine, key=lambda cue: (cue[1] == "proposed", cue[0]))
    return cast("EngagementStatus", open_ones[0][1]) if open_ones else None


def event_name(sentence: str, cue: Cue, language: str) -> tuple[int, int]:
    """The words for an event with what qualifies them: "conférence internationale sur l'eau"."""
    text = plain(sentence, language)
    if language in {"hi", *UNSPACED}:
        return cue.start, cue.end
    return cue.start, _event_end(text, cue.start, cue.end, language)


def event_type(words: str, language: str) -> EngagementType | None:
    """What kind of event its name says that it is; None in languages without a lexicon."""
    if language not in LANGUAGES:
        return None
    for kind, _, found in _triples(language, "triggers"):
        if kind in {"summit", "exercise", "dialogue"} and found.search(plain(words, language)):
            return cast("EngagementType", kind)
    return "conference"


class Beside(NamedTuple):
    """An event on whose sidelines something is told, `sentence[start:end]`.

    `bare` says that nothing but the word for it stands there: "en marge du sommet".
    """

    start: int
    end: int
    bare: bool


@functools.lru_cache(maxsize=256)
def sidelines(sentence: str, language: str) -> Beside | None:
    """The event after "en marge de", "am Rande", or before के इतर, 期间, の際."""
    text, data = plain(sentence, language), lexicon(language)["sidelines"]
    marker, heads = (
        _compiled_once(data["marker"], language),
        pattern(language, "sidelines", "heads"),
    )
    for mark in marker.finditer(text):
        if data["where"] == "after":
            behind = list(heads.finditer(text, max(0, mark.start() - 24), mark.start()))
            if behind and behind[-1].end() == mark.start():
                start = _event_start(text, behind[-1].start(), language)
                return Beside(start, mark.start(), start == behind[-1].start())
            continue
        head = heads.search(text, mark.end(), mark.end() + 48)
        if head is not None and not re.search("[,;،.]", text[mark.end() : head.start()]):
            end = _event_end(text, head.start(), head.end(), language)
            bare = (mark.end(), end) == head.span() and not re.search(r"[-\d]", head[0])
            return Beside(mark.end(), end, bare)
    return None


@functools.cache
def _compiled_once(fragment: str, language: str) -> re.Pattern[str]:
    left = "" if fragment.startswith(" ") else edges(language)[0]
    return re.compile(left + fragment, re.IGNORECASE)


def _event_end(text: str, start: int, end: int, language: str) -> int:
    """Where the name of an event ends that begins with a word for events."""
    if language != "ar":
        return _grow_right(text, start, end, language)[1]
    stops = pattern(language, "offices", "name_stops")
    for _ in range(4):
        word = re.compile(f" [{_ARABIC}]+").match(text, end)
        if word is None or stops.match(text, end + 1) or verbs(language).match(text, end + 1):
            break
        if pattern(language, "offices", "counterparts").match(text, end + 1):
            break
        end = word.end()
    return end


_OF_A_NAME = {
    "hi": re.compile(r"(?:[\u0900-\u0963\u0966-\u097f0-9+-]+ ){1,3}$"),
    "zh": re.compile(
        r"(?:第[一二三四五六七八九十0-9]+届|[A-Za-z0-9+]{2,8}|[\u4e00-\u9fff]{2,6}?)$"
    ),
    "ja": re.compile(r"(?:[\u30a1-\u30faー・]{2,12}|[A-Za-z0-9+]{2,8}|[\u4e00-\u9fff]{2,8})$"),
}


def _event_start(text: str, start: int, language: str) -> int:
    """Where the name of an event begins whose last words begin at an offset."""
    before = _OF_A_NAME[language].search(text, max(0, start - 30), start)
    if before is None:
        return start
    named = before[0]
    if language == "hi":
        named = re.split(r"(?<=[ ])(?:ने|में|को|से|पर|और) ", " " + named)[-1].lstrip()
    if language == "zh":
        named = re.split("[在于和与出席参加]", named)[-1]
    return start - len(named)


def background(sentence: str, cue: Cue, language: str) -> bool:
    """Whether the engagement is told only as context: "lors de sa dernière visite"."""
    window = plain(sentence, language)[max(0, cue.start - 40) : cue.end]
    return pattern(language, "background").search(window) is not None


# --- instruments -----------------------------------------------------------------------------

_ACRONYM = re.compile(r"\s?[(（]([A-ZÀ-Ý][A-ZÀ-Ý0-9&+/-]{1,11})[)）]")
_TOKEN = re.compile(r"\s*([\w’'\u0900-\u0963\u0966-\u097f\u064b-\u0652-]+)")
_QUOTED_TITLE = re.compile(r"《([^《》]{2,60})》")


@functools.lru_cache(maxsize=256)
def titles(sentence: str, language: str) -> tuple[Title, ...]:
    """The names of instruments, in order, without overlaps; a head alone counts too."""
    text = plain(sentence, language)
    blocked = spans(pattern(language, "titles", "not"), text)
    grow = _GROW.get(language, _grow_right)
    found: list[tuple[int, int, AgreementType]] = []
    if language == "zh":
        found += _quoted(text, language)
    for kind, words in _heads(language):
        for start, end in spans(words, text):
            taken = [(a, b) for a, b, _ in found]
            if _overlaps(start, end, [*taken, *blocked]):
                continue
            left, right = grow(text, start, end, language)
            before = max((b for a, b in taken if b <= start), default=0)
            found.append((max(left, before), right, kind))
    return tuple(
        Title(start, end, sentence[start:end], acronym, kind)
        for start, end, kind, acronym in _with_acronyms(sorted(found), text)
    )


def _with_acronyms(
    found: list[tuple[int, int, AgreementType]], text: str
) -> Iterator[tuple[int, int, AgreementType, str | None]]:
    last = 0
    for start, end, kind in found:
        if start < last:
            continue
        bracket = _ACRONYM.match(text, end)
        last = bracket.end() if bracket else end
        yield start, end, kind, bracket[1] if bracket else None


def _quoted(text: str, language: str) -> list[tuple[int, int, AgreementType]]:
    """Chinese titles in their own quotation marks."""
    found = []
    for match in _QUOTED_TITLE.finditer(text):
        kinds = [kind for kind, words in _heads(language) if words.search(match[1])]
        if kinds:
            found.append((match.start(1), match.end(1), kinds[0]))
    return found


def _grow_right(text: str, start: int, end: int, language: str) -> tuple[int, int]:
    """Title and what qualifies it behind: "accord de coopération en matière de sécurité"."""
    stops, linked = _stops(language), False
    adjectives = pattern(language, "titles", "adjectives")
    links = pattern(language, "titles", "links")
    verbs = _verbs(language)
    at = last = end
    for _ in range(_MOST_TITLE_WORDS):
        gap = re.compile(r"\s*").match(text, at)
        at = gap.end() if gap else at
        link = links.match(text, at)
        if link is not None and link.end() > at:
            after = _TOKEN.match(text, link.end())
            if after is None or _halts(after[1], stops, verbs, text, after.start(1)):
                break
            linked, at = True, after.end()
            last = at
            continue
        token = _TOKEN.match(text, at)
        if token is None or _halts(token[1], stops, verbs, text, token.start(1)):
            break
        if not linked and adjectives.fullmatch(token[1]) is None:
            break
        at = last = token.end()
    return start, last


def _halts(word: str, stops: frozenset[str], verbs: re.Pattern[str], text: str, start: int) -> bool:
    """Whether a word ends a title: a function word, a verb, or what no name holds."""
    if word.casefold() in stops:
        return True
    elided = re.match(r"\w{1,2}['’]", word)
    if elided is not None and elided[0].casefold().replace("’", "'") in stops:
        return True
    found = verbs.match(text, start)
    return found is not None and found.end() >= start + len(word)


@functools.cache
def _stops(language: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in lexicon(language)["titles"].get("stops", []))


@functools.cache
def _verbs(language: str) -> re.Pattern[str]:
    """What is done with instruments: such words are no part of a title."""
    return compiled([fragment for _, _, fragment in lexicon(language)["acts"]], language)


@functools.cache
def verbs(language: str) -> re.Pattern[str]:
    """The words that tell of engagements and of acts: no name holds them."""
    data = lexicon(language)
    listed = [*data["triggers"], *data["acts"]]
    return compiled([fragment for _, _, fragment in listed], language)


def _grow_left(text: str, start: int, end: int, language: str) -> tuple[int, int]:
    """Title and what qualifies it before, in Hindi: "रक्षा सहयोग समझौता"."""
    stops = _stops(language)
    first = start
    for _ in range(5):
        before = re.search(rf"([{_DEVANAGARI}\w-]+)\s+$", text[max(0, first - 40) : first])
        if before is None or before[1] in stops or before[1].isdecimal():
            break
        first = max(0, first - 40) + before.start(1)
    return first, end


def _grow_left_chinese(text: str, start: int, end: int, language: str) -> tuple[int, int]:
    """The same in Chinese: back to the last word that no title holds."""
    window = text[max(0, start - _MOST_LEFT) : start]
    edge = max((m.end() for m in _left_edge(language).finditer(window)), default=0)
    if edge == 0 and len(window) == _MOST_LEFT:
        return start, end
    return start - (len(window) - edge), end


@functools.cache
def _left_edge(language: str) -> re.Pattern[str]:
    return re.compile("|".join(lexicon(language)["titles"]["edges"]))


_RUN = "[\u3005\u4e00-\u9fff\u30a1-\u30faーA-Za-z0-9・]+"
_ABOUT = re.compile(rf"(?:(?:{_RUN}の)*{_RUN}(?:に関する|についての|に係る|をめぐる))?(?:{_RUN})?$")


def _grow_left_japanese(text: str, start: int, end: int, _language: str) -> tuple[int, int]:
    """Title and what qualifies it before: a run without hiragana, and what it is about."""
    window = text[max(0, start - 40) : start]
    about = _ABOUT.search(window)
    return start - (len(about[0]) if about else 0), end


_GROW = {"hi": _grow_left, "zh": _grow_left_chinese, "ja": _grow_left_japanese}


def bare(title: Title, language: str) -> bool:
    """Whether a title is a common noun alone: "l'accord", "das Abkommen", 协定."""
    words = plain(title.title, language)
    return any(found.fullmatch(words) for _, found in _heads(language)) and " " not in words


# --- acts ------------------------------------------------------------------------------------


def acts(sentence: str, title: tuple[int, int], language: str) -> list[ActReading]:
    """What the sentence tells was done with the title at `title`, in order.

    A verb belongs to the nearest instrument within its clause; instruments in one list share it.
    """
    every = [(t.start, t.end) for t in titles(sentence, language)]
    text = _masked(plain(sentence, language), every)
    if language == "zh":
        text = _MARKS_OBJECT.sub("把", text)
    cues = _act_cues(text, language)
    owners = [_owner(cue, every, text, language) for cue in cues]
    mine = [cue for cue, owner in zip(cues, owners, strict=True) if owner == title]
    if not mine:
        fellow = _fellow(title, every, text, language)
        mine = [cue for cue, owner in zip(cues, owners, strict=True) if owner == fellow and fellow]
    told: dict[str, ActReading] = {}
    for act in (_told(cue, cues, text, language) for cue in mine):
        told.setdefault(act.kind, act)
    return list(told.values())


# 将协定延长 is no future: 将 stands before what something is done to.
_MARKS_OBJECT = re.compile(r"将(?=(?:两国|双方|该|此)?[^，。；将]{0,6}X+[延续修改中暂废终提])")


def _masked(text: str, every: list[tuple[int, int]]) -> str:
    for a, b in every:
        text = text[:a] + "X" * (b - a) + text[b:]
    return text


def _act_cues(text: str, language: str) -> list[_Act]:
    cues: list[_Act] = []
    for kind, realis, words in _triples(language, "acts"):
        for start, end in spans(words, text):
            if not _overlaps(start, end, [(c.start, c.end) for c in cues]):
                cues.append(_Act(start, end, cast("ActKind", kind), realis))
    return sorted(cues)


def _owner(
    cue: _Act, every: list[tuple[int, int]], text: str, language: str
) -> tuple[int, int] | None:
    """The instrument that a verb is said of: the nearest, on the verb's side if it has one."""
    order = lexicon(language).get("order", "either")
    fitting = [
        title
        for title in every
        if (order != "verb_last" or cue.start >= title[1])
        and _gap(title, (cue.start, cue.end)) <= _REACH
        and not _parted(title, (cue.start, cue.end), text)
    ]
    return min(fitting, key=lambda t: _gap(t, (cue.start, cue.end)), default=None)


def _parted(a: tuple[int, int], b: tuple[int, int], text: str) -> bool:
    """Whether a clause ends between two stretches."""
    return re.search(r"[;；。]|(?<!\d)\.\s", text[min(a[1], b[1]) : max(a[0], b[0])]) is not None


def _fellow(
    title: tuple[int, int], every: list[tuple[int, int]], text: str, language: str
) -> tuple[int, int] | None:
    """The instrument beside this one in a list: "un traité et un protocole"."""
    joins = pattern(language, "joins")
    for other in every:
        between = text[min(other[1], title[1]) : max(other[0], title[0])]
        if other != title and len(between) <= 30 and joins.search(between):
            return other
    return None


def _told(cue: _Act, cues: list[_Act], text: str, language: str) -> ActReading:
    """The act with its realis, by its own words or by those around it."""
    around = _around(cue, cues, text, language)
    for word in ("denied", "requested", "conditional", "planned"):
        if word == "planned" and cue.realis not in {"", "noun"}:
            break
        if not pattern(language, "realis", word).search(around):
            continue
        if word == "requested":
            kind = cue.kind if cue.kind not in _CONCLUDING else "requested"
            return ActReading(kind, "done", cue.start, cue.end)
        if cue.kind in _OPEN and word != "denied":
            continue
        return ActReading(cue.kind, cast("Realis", word), cue.start, cue.end)
    realis = cue.realis or "done"
    if realis == "noun":
        # "The signing of" tells of an act only where something says that it took place.
        realis = "done" if pattern(language, "realis", "done").search(around) else "planned"
    return ActReading(cue.kind, cast("Realis", realis), cue.start, cue.end)


def _around(cue: _Act, cues: list[_Act], text: str, language: str) -> str:
    """The verb's surroundings, up to the next verb or the clause's end on either side."""
    left = max((c.end for c in cues if c.end <= cue.start and c.kind not in _OPEN), default=0)
    right = min((c.start for c in cues if c.start >= cue.end), default=len(text))
    before = text[max(left, cue.start - _REALIS_REACH) : cue.start]
    cut = max((m.end() for m in re.finditer(r"[;；。]|(?<!\d)\.\s", before)), default=0)
    after = text[cue.end : min(right, cue.end + _REALIS_REACH)]
    stop = re.search(r"[;；。,،，、]|(?<!\d)\.(?:\s|$)", after)
    after = after[: stop.start()] if stop else after
    follows = lexicon(language).get("realis_after", False)
    return before[cut:] + " " + (after if follows else "")
