"""Rules that read one English sentence: which engagement, whether it took place, which acts.

The model chooses from short lists; this station checks or makes the same choices by rule, from
the words of one sentence and a lexicon (`data/lexicon_en.json`, which names its sources). All
functions are pure, know English only (`supports`), and give offsets in code points of the
sentence they were given. Every pattern is compiled once and has bounded repeats.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

from communique.schemas import (
    ActKind,
    AgreementType,
    EngagementStatus,
    EngagementType,
    Realis,
    StatementKind,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Trigger:
    """A word group that tells of an engagement, `sentence[start:end]`."""

    start: int
    end: int
    type: EngagementType
    status: EngagementStatus


@dataclass(frozen=True)
class Title:
    """The name of an instrument; `title == sentence[start:end]`."""

    start: int
    end: int
    title: str
    acronym: str | None
    type: AgreementType


@dataclass(frozen=True)
class ActReading:
    """A verb group telling what was done with an instrument."""

    kind: ActKind
    realis: Realis
    start: int
    end: int


def supports(language: str | None) -> bool:
    """Whether these rules know the language (a BCP 47 tag); None counts as unknown: False."""
    return language is not None and re.split(r"[-_]", language.lower())[0] == "en"


# ---------------------------------------------------------------- lexicon


@functools.cache
def _lexicon() -> dict[str, Any]:
    path = resources.files("communique").joinpath("data/lexicon_en.json")
    return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))


def _words(fragments: list[str], flags: int = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile(r"(?<![\w’'-])(?:" + "|".join(fragments) + r")(?![\w-])", flags)


@functools.cache
def _pattern(key: str, sub: str = "") -> re.Pattern[str]:
    """The alternation of one list of the lexicon, longest match not guaranteed."""
    value = _lexicon()[key]
    return _words(value[sub] if sub else value)


@functools.cache
def _trigger_patterns() -> list[tuple[EngagementType, re.Pattern[str]]]:
    people = "(?:" + "|".join(_lexicon()["people"]) + ")"
    light = "|".join(_lexicon()["light_verbs"])
    # The words between a light verb and its noun: no preposition, or the noun is another's.
    # "have been signed during the visit" has no light verb.
    filler = r"(?:(?!(?:with|on|in|at|for|by|to|from|after|during|and|that|who|been|be)\b)"
    filler += r"[\w.'’&-]+ ){0,6}?"
    found = []
    for kind, body in _lexicon()["triggers"]:
        text = body.replace("PEOPLE", "(?i:" + people + ")")
        # Case matters where a fragment asks for a capital ("travelled to Rome") and nowhere else.
        text = text.replace("[A-Z]", "(?-i:[A-Z])")
        pattern = rf"(?<![\w’'-])(?:(?i:{light}) {filler})?(?:{text})(?![\w-])"
        found.append((cast("EngagementType", kind), re.compile(pattern, re.IGNORECASE)))
    return found


# ---------------------------------------------------------------- clauses

_BOUNDARY = re.compile(
    r"[;:]|,(?!\d)|\s[–—-]\s|—|(?<!\w)(?:and|but|or|while|when|after|before|because|although|"
    r"though|as|who|whom|which|where|during which|since|following|until|whereas)(?!\w)",
    re.IGNORECASE,
)
_HARD = re.compile(
    r"while|when|after|because|although|though|who|whom|which|where|during which|since|following|"
    r"whereas|;|:|but",
    re.IGNORECASE,
)
_RELATIVE = re.compile(r"\s*(?:who|whom|which|where|during which)\b", re.IGNORECASE)
# ", hosted by Peru," and ", due on Monday," stand between a subject and its verb.
_ASIDE = re.compile(
    r"\s*(?!(?:was|were|is|are|has|have|had|will|would)\b)(?:last |first |originally |jointly )?"
    r"(?:\w{2,16}(?:ed|en)|held|led|due|set) (?:by|in|on|at|for|from|under|since|last|next|to)\b"
    r"[^,;.]{0,80},"
)
_PLURAL_VERB = re.compile(r"(?<!\bto )\b(?:resume|continue)\b")
_WORD = re.compile(r"[^\W\d_][\w’'-]*")


@dataclass(frozen=True)
class _Segment:
    start: int
    end: int
    opener: str  # the boundary before it, lower case; empty at the sentence's start


@functools.lru_cache(maxsize=64)
def _segments(sentence: str) -> tuple[_Segment, ...]:
    cuts = [(m.start(), m.end(), m[0].strip().lower()) for m in _BOUNDARY.finditer(sentence)]
    out, start, opener = [], 0, ""
    for left, right, word in cuts:
        out.append(_Segment(start, left, opener))
        start, opener = right, word
    out.append(_Segment(start, len(sentence), opener))
    # ", who" is one boundary, not two with nothing between them.
    kept: list[_Segment] = []
    for s in out:
        if kept and not sentence[kept[-1].start : kept[-1].end].strip():
            previous = kept.pop()
            opener = s.opener if s.opener not in (",", "and") else previous.opener or s.opener
            s = _Segment(s.start, s.end, opener)  # noqa: PLW2901  (the joined segment)
        kept.append(s)
    return tuple(kept)


@functools.cache
def _finite_words() -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(_lexicon()["finite"]), frozenset(_lexicon()["not_finite"])


def is_finite(text: str) -> bool:
    """Whether the words hold a finite verb."""
    return _is_finite(text)


def _is_finite(text: str) -> bool:
    yes, no = _finite_words()
    for match in _WORD.finditer(text):
        word = match[0]  # a capital makes "May" a month and "Will" a man
        if word in yes or word.endswith(("’ll", "'ll", "n't", "n’t")):
            return True
        if word.endswith("ed") and len(word) > 4 and word not in no and word[0].islower():
            return True
    return False


def _clause(sentence: str, start: int, end: int) -> tuple[int, int]:
    """The clause round a stretch: its segment, and those it leans on for a finite verb."""
    segments = _segments(sentence)
    index = next(
        (i for i, s in enumerate(segments) if s.start <= start < s.end or start < s.start),
        len(segments) - 1,
    )
    first = last = index
    while (
        first > 0
        and not _is_finite(sentence[segments[first].start : end])
        and not _HARD.fullmatch(segments[first].opener)
    ):
        first -= 1
    while last + 1 < len(segments) and segments[last].end < end:
        last += 1
    left = min(segments[first].start, start)
    inner = _THAT.search(sentence[left:start])
    verbs_from = left + inner.start() if inner else left
    if not _is_finite(sentence[verbs_from : segments[last].end]):
        last = _resumption(sentence, segments, last)
    return left, max(segments[last].end, end)


def _resumption(sentence: str, segments: tuple[_Segment, ...], last: int) -> int:
    """Where the verb of a subject stands that a relative clause or an aside parts from it."""
    for i in range(last + 1, min(last + 6, len(segments))):
        if _HARD.fullmatch(segments[i].opener) and not _RELATIVE.match(segments[i].opener):
            return last
        if _RELATIVE.match(segments[i].opener):
            continue
        if segments[i].opener == "," and _ASIDE.match(sentence[segments[i].start :]):
            continue
        part = sentence[segments[i].start : segments[i].end]
        if _is_finite(part) or _PLURAL_VERB.search(part):
            return i
    return last


# ---------------------------------------------------------------- engagements


def triggers(sentence: str) -> list[Trigger]:
    """Every word group telling of an engagement, in order, without overlaps.

    The type is the word's; the status is that of its clause (see `_status`).
    """
    blocked = _blocked(sentence)
    names = event_names(sentence)
    spans: list[tuple[int, int, EngagementType]] = [
        n for n in names if not _inside(n[0], n[1], blocked) and not _untold(sentence, n[0], n[1])
    ]
    taken = [(s, e) for s, e, _ in names]
    agreed = [(t.start, t.end) for t in titles(sentence)]
    for kind, pattern in _trigger_patterns():
        for m in pattern.finditer(sentence):
            span = (m.start(), m.end())
            if _inside(*span, taken) or _inside(*span, blocked) or _inside(*span, agreed):
                continue
            if _untold(sentence, *span) or (
                m[0].lower().startswith("invit") and _near_name(span[1], names)
            ):
                continue
            told = kind
            if _NEGOTIATION.search(m[0]) and _on_agreement(sentence, span[1], agreed):
                if not _own_round(sentence, *span):
                    continue
                told = "negotiation"
            taken.append(span)
            spans.append((*span, told))
    return [Trigger(s, e, k, _status(sentence, s, e)) for s, e, k in sorted(spans)]


def _inside(start: int, end: int, spans: list[tuple[int, int]]) -> bool:
    return any(start < b and a < end for a, b in spans)


def _blocked(sentence: str) -> list[tuple[int, int]]:
    """Stretches whose words have another sense: "meet the needs", "exercise restraint"."""
    return [(m.start(), m.end()) for m in _pattern("trigger_blocks").finditer(sentence)]


def _on_agreement(sentence: str, end: int, agreed: list[tuple[int, int]]) -> bool:
    """Whether the negotiation named before `end` is one on an instrument: an act, then."""
    return any(
        0 <= a - end <= 40
        and re.fullmatch(
            r"\s*(?:(?:on|for|of|over|about|towards?)\s)?[\w ’'-]{0,30}", sentence[end:a]
        )
        is not None
        for a, _ in agreed
    ) or any(0 <= a - end <= 120 and _BETWEEN_PARTIES.fullmatch(sentence[end:a]) for a, _ in agreed)


_NEGOTIATION = re.compile(r"(?i)\b(?:talks|negotiat\w+)$")
_BETWEEN_PARTIES = re.compile(
    r"\s(?:between|of|with|among)\s(?:[\w.,'’-]+\s){1,12}(?:on|over|for|about|towards?)\s"
    r"(?:(?:a|an|the|their|its|new|draft|future|planned|proposed)\s){0,3}"
)
_ROUND = re.compile(r"(?i)\b(?:rounds?|session|edition) of (?:the |these )?(?:\w+ )?$")
_HELD = re.compile(r"\b(?:(?:was|were) (?:held|convened|hosted|concluded)|took place)\b")


def _own_round(sentence: str, start: int, end: int) -> bool:
    """Whether negotiations on an instrument are told as an engagement with a time of its own.

    "Talks on the Treaty continue" is an act on the treaty; "were postponed", "the second round
    of talks" and "resume in May" tell of a sitting besides.
    """
    clause = sentence[end : _clause(sentence, start, end)[1]]
    if re.search(r"\bcontinu", clause):
        return False
    if _ROUND.search(sentence[max(0, start - 40) : start]) or re.search(
        r"(?i)\bround of\b", sentence[start:end]
    ):
        return True
    if _HELD.search(clause):
        return True
    return _status(sentence, start, end) in ("postponed", "cancelled", "planned")


_ABSENT = re.compile(
    r"\b(?:(?:did|do|does|has|have|had)(?: not|n['’]t) (?:take part|taken part|participate|"
    r"participated|attend|attended|join|joined)|(?:was|were|is|are)(?: not|n['’]t) (?:present|"
    r"(?:a )?party|(?:a )?part|involved|represented|invited)|absent from|absence from|"
    r"skip(?:ped|s|ping)|missed|boycott(?:ed|s|ing)?|stay(?:ed|s|ing) away from)\b",
    re.IGNORECASE,
)
_ABSENT_GAP = re.compile(
    r"(?:\s(?!(?:and|but|for|who|which|that|while|when|as|with|during|after|before|because)\b)"
    r"[\w.’'&()-]+){0,9}\s*"
)
_ATTENDANCE = re.compile(
    r"\b(?:[Pp]articipants (?:in|to|of|at) [^.;]{1,60}? (?:included|were|include|are)|"
    r"join(?:s|ed|ing)? the (?:call|talks|meeting|discussions|conversation)|"
    r"(?:attend\w*|at) the (?:call|talks|meeting|discussions)|took part|participated|"
    r"(?:were|was)(?: also)? (?:present|attended|represented|led|"
    r"headed|chaired)|attended|(?:co-)?chaired|"
    r"(?:led|headed|represented)(?= (?:the|his|her|their|both|[A-Z]))|"
    r"on behalf of|signed for|jointly (?:opened|chaired))\b"
)


_IN_IT = re.compile(
    r"\b(?:[Pp]articipants|(?:in|join\w*|attend\w*) the (?:call|talks|meeting|discussions|"
    r"conversation))\b"
)


def attended(sentence: str) -> bool:
    """Whether it says so of "the call" or "the meeting" by that word."""
    return attendance(sentence) and _IN_IT.search(sentence) is not None


def attendance(sentence: str) -> bool:
    """Whether the sentence says who took part in, or led a side of, something told before."""
    return attends(sentence) is not None


def attends(sentence: str) -> tuple[int, int] | None:
    """Where the sentence says so: the span of "will attend the meeting"."""
    said = _ATTENDANCE.search(sentence)
    return said.span() if said and _ABSENT.search(sentence) is None else None


_AT_THE = re.compile(
    r"(?:participat\w+ in|attend\w*|took part in|taking part in|join\w*) the "
    r"(?:meetings?|talks|discussions|call|dialogue|conversation)"
)
_NO_PLAN = re.compile(r"\bno plans? (?:to|for)(?: (?:a|an|any|the|another|further|such))?\s*$")
_NONE_SET = re.compile(
    r"\s+(?:(?:between|with|of|in|on|for) [\w.’' -]{1,60}? )?(?:has|have|had|is|was|were|are)"
    r"(?: (?:yet|currently|been|being|so|far)){0,3} (?:arranged|scheduled|planned|set|fixed|"
    r"foreseen|on the agenda|in sight)\b"
)


def _untold(sentence: str, start: int, end: int) -> bool:
    """Whether the words name an engagement without telling it.

    Who stayed away from it, or that none was arranged, says nothing of its taking place.
    """
    left, _ = _clause(sentence, start, end)
    upto = sentence[left:end]
    for m in _ABSENT.finditer(upto):
        gap = upto[m.end() :]
        if _ABSENT_GAP.fullmatch(gap) and not re.search(r"\sto [a-z]", gap[3:]):
            return True
    if _NO_PLAN.search(sentence[left:start].lower()):
        return True
    if re.search(r"\b[Pp]articipants (?:in|to|of|at) the (?:\w+ )?$", sentence[:start]):
        return True
    if _AT_THE.fullmatch(sentence[start:end]) and not sentence[end:].startswith(" with"):
        return True  # who took part in what is told before
    none = re.search(r"(?i)\bno (?:such |further |new )?(?:\w+ ){0,2}$", sentence[left:start])
    return none is not None and _NONE_SET.match(sentence, end) is not None


def _near_name(end: int, names: Sequence[tuple[int, int, EngagementType]]) -> bool:
    """Whether "invited her to …" asks her to an event and not to a place."""
    return any(0 <= a - end <= 6 for a, _, _ in names)


_PREMODIFIER = re.compile(r"(?:[\w’'-]+\s+){0,3}$")
_HEADLINE = re.compile(r"\b[tT]o\s+(?:\w+ly\s+)?$")
_BASE = re.compile(
    r"(?:meet|visit|hold|attend|host|travel|receive|speak|welcome|conduct|chair|pay|make|fly|"
    r"head|take|join|tour|call|arrive|have|undertake|co-chair|participate)\b",
    re.IGNORECASE,
)
_PLEASED = re.compile(
    r"\b(?:joy|pleasure|pleased|glad|honou?r|honou?red|delighted|great|happy|good)\s+to\s+$",
    re.IGNORECASE,
)


def _modified(sentence: str, start: int, end: int) -> EngagementStatus | None:
    """The status that an adjective of the noun settles: "his recent visit"."""
    group = sentence[start:end]
    before = _PREMODIFIER.search(sentence[max(0, start - 60) : start])
    words = [w.lower() for w in re.findall(r"[\w-]+", (before[0] if before else "") + group)]
    for status, adjectives in _lexicon()["modifiers_status"].items():
        if any(w in adjectives for w in words):
            return cast("EngagementStatus", status)
    return None


def _status(sentence: str, start: int, end: int) -> EngagementStatus:
    """The status of the engagement told at `[start, end)`, from its clause.

    A refusal, a postponement or a cancellation anywhere in the clause decides; else the noun's
    own adjective; else the nearest cue before the words, then any cue after them.
    """
    left, right = _clause(sentence, start, end)
    before, after = sentence[left:start], sentence[end:right]
    group, clause = sentence[start:end], sentence[left:right]
    refusals: tuple[EngagementStatus, ...] = ("cancelled", "postponed", "denied")
    for status in refusals:
        if _governs(status, before, group, after):
            return status
    settled = _settled(sentence, start, end, before)
    if settled is not None:
        return settled
    nearest = _nearest(before + group, len(before))
    if nearest == "proposed" and (
        _AT.search(before) or _asked_to_join(before + group, sentence[end:])
    ):
        return "planned"  # "invited them to join at the summit" proposes no summit
    if nearest is not None:
        return _conditional_would(nearest, clause, sentence)
    later = _nearest_after(group, after, sentence[end:])
    later = "planned" if _WILL_AFTER.search(sentence[:start]) else later
    if later is not None or not _HEADLINE.search(before):
        return later or "held"
    return "planned" if _BASE.match(group) and not _is_finite(before) else "held"


def _settled(sentence: str, start: int, end: int, before: str) -> EngagementStatus | None:
    """The status that the words round the noun settle, whatever the verbs say."""
    if _DAY_OF.search(before):
        return "ongoing"
    return _modified(sentence, start, end) or ("held" if _PLEASED.search(before) else None)


def day_within(sentence: str, trigger: Trigger) -> bool:
    """Whether only a day of the engagement is told of: "on the second day of his visit"."""
    return _DAY_OF.search(sentence[: trigger.start]) is not None


_WILL_AFTER = re.compile(
    r"\b(?:will|shall)\b[^.;]{0,80}\b(?:after|following|ahead of|before) "
    r"(?:their|the|his|her) (?:[\w-]+ ){0,2}$",
    re.IGNORECASE,
)
"""What is only the time of something to come: "will speak after their meeting"."""
_OPEN_STATUS: tuple[EngagementStatus, ...] = ("ongoing", "planned", "proposed")
_AT = re.compile(r"\b(?:at|during) (?:the |this )?(?:[\w-]+ )?$", re.IGNORECASE)
_DAY_OF = re.compile(
    r"\bon (?:the )?(?:\w+|opening) day of (?:the|his|her|their|its|a|an)\s(?:[\w-]+ )?$",
    re.IGNORECASE,
)
_TO_JOIN = re.compile(
    r"\binvit\w+ [^,;.]{0,80}?\bto (?:take part in|participate in|attend|join)\b", re.IGNORECASE
)
_DATED = re.compile(r",? (?:to be held|due (?:in|on)|(?:scheduled|planned|set) for|which will)\b")
_DECIDES = re.compile(
    r"\s(?:also )?(?:agreed (?:to|on|that)|decided|adopted|noted|welcomed|reaffirmed|urged|"
    r"reviewed|recommended)\b"
)


def _asked_to_join(upto: str, rest: str) -> bool:
    """Whether an event that is to be held anyway is one that somebody was asked to."""
    return _TO_JOIN.search(upto) is not None and _DATED.match(rest) is not None


_FUTURE = re.compile(r"(?:\b(?:will|would|shall|to)|['’]ll)\s+(?:\w+ly\s+)?$", re.IGNORECASE)
_THAT = re.compile(r"\bthat\s+(?:[\w’'-]+\s+){0,4}$")


_OWN_CLAUSE = re.compile(r"\b(?:that|to (?:inform|tell|discuss|express|convey|say|explain))\b")
"""Where what was said at an engagement begins."""


def _governs(status: str, before: str, group: str, after: str) -> bool:
    pattern = _pattern("status", status)
    own = _OWN_CLAUSE.split(after, maxsplit=1)[0]
    return any(pattern.search(part) for part in (before + group, own))


def _nearest(text: str, upto: int) -> EngagementStatus | None:
    """The status of the last cue that begins before or in the trigger; later cues win."""
    best: tuple[int, EngagementStatus] | None = None
    for status in _OPEN_STATUS:
        for m in _pattern("status", status).finditer(text):
            if m.start() <= upto and (best is None or m.start() >= best[0]):
                best = (m.start(), status)
    if best and best[1] == "ongoing" and _FUTURE.search(text[: best[0]]):
        return "planned"  # "will begin her trip"
    return best[1] if best else None


_NEXT = re.compile(
    r"[^,;]{0,60},?\s+(?<!during )which\s[^,;]{0,80}|"
    r",\s(?:originally |initially )?(?:set|scheduled|due|planned|slated|expected) "
    r"(?:to|for|in|on)\b"
)
"""A clause behind the noun that says when it is: ", which will be held", ", set for May"."""
_AUXILIARY = re.compile(r"\b(?:is|are|was|were|has|have|had)\b")


def _nearest_after(group: str, after: str, rest: str) -> EngagementStatus | None:
    """Cues behind the noun: "was proposed", "will be held", ", which will be held"."""
    finite = re.match(
        r"(?i)(?:met|visited|spoke|called|held|hosted|received|had|paid|attended|arrived|flew|"
        r"travell?ed|landed|left|telephoned|phoned|conferred|gathered|convened|welcomed|"
        r"participated|took|conducted)\b",
        group,
    )
    relative = _NEXT.match(rest)
    text = relative[0] if relative else after
    if finite or _DECIDES.match(after):
        return None
    for status in _OPEN_STATUS:
        m = _pattern("status", status).search(text)
        if m and not _is_finite(_AUXILIARY.sub(" ", text[: m.start()])):
            return status
    return None


_IF = re.compile(r"\bif\b|\bprovided\b|\bunless\b|\bshould\b", re.IGNORECASE)


def _conditional_would(status: EngagementStatus, clause: str, sentence: str) -> EngagementStatus:
    """A "would" is reported future ("said he would visit"), unless a condition hangs on it."""
    if status == "planned" and re.search(r"\bwould\b", clause) and _IF.search(sentence):
        return "proposed"
    return status


def background(sentence: str, trigger: Trigger) -> bool:
    """Whether the engagement is told only as context: "recalled his visit", "after talks"."""
    left, _ = _clause(sentence, trigger.start, trigger.end)
    segment = max(
        (s.start - len(s.opener) - 1 for s in _segments(sentence) if s.start <= trigger.start),
        default=0,
    )
    window = sentence[max(0, min(left, segment) - 14) : trigger.end]
    return _pattern("background").search(window) is not None


def distributive(sentence: str) -> bool:
    """Whether the sentence tells of separate meetings rather than one of all it names."""
    if _pattern("distributive").search(sentence):
        return True
    counterparts = re.search(
        r"((?:[A-Z][\w-]+,? ){1,6}and (?:[A-Z][\w-]+ ){1,3})counterparts", sentence
    )
    aside = re.search(
        r"[Oo]n the (?:sidelines|margins)\b[^.;]{0,120}?\bwith\b[^.;]{3,160}?\b"
        r"and with\b",
        sentence,
    )
    listed = re.search(
        r"\b(?:sidelines|margins)\b[^.;]{0,120}?\bwith [^.;]{3,80}, [^.;]{3,80} and ", sentence
    )
    return bool(counterparts or aside or listed)


def joint(sentence: str) -> bool:
    """Whether the sentence tells of one meeting of all whom it names."""
    return _pattern("joint").search(sentence) is not None


_SIDELINES = re.compile(
    r"\b(?:on|at|in) the (?:sidelines|margins|fringes) of\s+(?:the\s+)?|\balongside\s+the\s+|"
    r"\bon the side-?lines of\s+(?:the\s+)?",
    re.IGNORECASE,
)
_EVENT_END = re.compile(
    r"[,;:]|\.(?:\s|$)|\s(?:in|at|on|with|where|which|held|during|hosted|from|and|to|being|by|"
    r"this|last|next|today|yesterday|after|before|here|for)\s|$"
)


def sidelines(sentence: str) -> tuple[int, int] | None:
    """The span of the event's name after "on the sidelines of", without its article."""
    m = _SIDELINES.search(sentence)
    if m is None:
        return None
    for a, b, _ in event_names(sentence):
        if a <= m.end() + 4 and b > m.end():
            return (max(a, m.end()), b)
    stop = _EVENT_END.search(sentence, m.end())
    end = stop.start() if stop else len(sentence)
    return (m.end(), end) if end > m.end() else None


# ---------------------------------------------------------------- words of a name

_TOKEN = re.compile(r"[\w][\w.’'&/+-]*[\w+]|\w|&")
_LINK = frozenset(["of", "on", "for", "and", "&"])
_CALENDAR = frozenset(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ]
)
_MONTHS_CUT = frozenset(
    ["jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"]
)
_LEADING = frozenset(
    [
        "the",
        "a",
        "an",
        "this",
        "that",
        "these",
        "those",
        "both",
        "under",
        "in",
        "on",
        "at",
        "after",
        "before",
        "during",
        "following",
        "for",
        "with",
        "he",
        "she",
        "they",
        "it",
        "his",
        "her",
        "their",
        "its",
        "our",
        "we",
        "bilateral",
        "trilateral",
        "when",
        "while",
        "as",
        "and",
        "by",
        "no",
        "any",
        "neither",
    ]
)


@dataclass(frozen=True)
class _Token:
    start: int
    end: int
    text: str

    @property
    def lower(self) -> str:
        return self.text.lower()

    @property
    def capital(self) -> bool:
        return self.text[0].isupper() or (self.text[0].isdigit() and self.text[-1].isalpha())


@functools.lru_cache(maxsize=64)
def _tokens(sentence: str) -> tuple[_Token, ...]:
    return tuple(_Token(m.start(), m.end(), m[0]) for m in _TOKEN.finditer(sentence))


def _adjacent(sentence: str, left: _Token, right: _Token) -> bool:
    return sentence[left.end : right.start] in (" ", "\u00a0", "' ", "’ ")


def _walk_left(sentence: str, tokens: tuple[_Token, ...], i: int, *, modifiers: bool) -> int:
    """The first token of the name whose head is token `i`: capitals, links, known modifiers."""
    known = frozenset(_lexicon()["agreement_modifiers"]) if modifiers else frozenset[str]()
    first = i
    while first > 0 and _adjacent(sentence, tokens[first - 1], tokens[first]):
        t = tokens[first - 1]
        possessive = t.text.endswith(("'s", "’s")) or _head_at(tokens, first - 1) is not None
        if t.lower in _CALENDAR or possessive or t.lower == "i":
            break
        if (t.capital and t.lower not in _LEADING) or t.lower in known:
            first -= 1
        elif t.lower in _LINK and _links(sentence, tokens, first - 1):
            first -= 2
        else:
            break
    return first


def _links(sentence: str, tokens: tuple[_Token, ...], i: int) -> bool:
    """Whether the link word `i` joins two capitalised words of one name."""
    if i == 0 or i + 1 >= len(tokens) or not tokens[i + 1].capital:
        return False
    t = tokens[i - 1]
    return (
        t.capital
        and t.lower not in _LEADING
        and not t.text.endswith(("'s", "’s"))
        and _head_at(tokens, i - 1) is None
        and t.lower not in ("minister", "ministry", "secretary", "president", "department")
        and _adjacent(sentence, t, tokens[i])
    )


# ---------------------------------------------------------------- events


@functools.cache
def _event_heads() -> dict[str, EngagementType]:
    return cast("dict[str, EngagementType]", _lexicon()["event_heads"])


_BRACKET = re.compile(r"\s?\(([A-Z][\w&+ /-]{1,18})\)(?:(?:-|\s)Plus)?")
_EXERCISE = re.compile(r"\b(?:[Ee]xercises?|EXERCISE)((?:[ -][A-Z][\w’'-]*){1,5}(?:[ -]\d{2,4})?)")


@functools.lru_cache(maxsize=64)  # several rules ask about one sentence, one after the other
def event_names(sentence: str) -> tuple[tuple[int, int, EngagementType], ...]:
    """The capitalised proper names of events, with a bracketed acronym behind them."""
    tokens = _tokens(sentence)
    found: list[tuple[int, int, EngagementType]] = []
    for i, token in enumerate(tokens):
        kind = _event_heads().get(token.text)
        if kind is None or (
            token.text == "Congress" and sentence[token.end : token.end + 3] != " of"
        ):
            continue
        first = _walk_left(sentence, tokens, i, modifiers=False)
        first = _ordinals(sentence, tokens, first)
        while first < i and tokens[first].lower in _LEADING:
            first += 1
        if first == i or (found and tokens[first].start < found[-1][1]):
            continue
        if token.text in ("Meeting", "Meetings", "Talks", "Assembly") and not _proper(
            tokens, first, i
        ):
            continue
        found.append((tokens[first].start, _event_end(sentence, token.end), kind))
    for m in _EXERCISE.finditer(sentence):
        if not _inside(m.start(), m.end(), [(a, b) for a, b, _ in found]):
            found.append((m.start(), m.end(), "exercise"))
    return tuple(sorted(found))


def _proper(tokens: tuple[_Token, ...], first: int, head: int) -> bool:
    """Whether "… Meeting" names an institution: ministers, leaders, heads, or a body."""
    words = {t.lower.rstrip("'’") for t in tokens[first:head]}
    return bool(
        words
        & {
            "ministers",
            "leaders",
            "ministerial",
            "heads",
            "summit",
            "general",
            "council",
            "chiefs",
            "state",
            "government",
            "peace",
            "annual",
        }
    )


def _ordinals(sentence: str, tokens: tuple[_Token, ...], first: int) -> int:
    if first == 0 or not _adjacent(sentence, tokens[first - 1], tokens[first]):
        return first
    return (
        first - 1
        if re.fullmatch(r"\d{1,3}(?:st|nd|rd|th)|(?:19|20)\d\d", tokens[first - 1].text)
        else first
    )


def _event_end(sentence: str, end: int) -> int:
    plus = re.compile(r"(?:-|\s)Plus\b").match(sentence, end)
    end = plus.end() if plus else end
    bracket = _BRACKET.match(sentence, end)
    return bracket.end() if bracket else end


# ---------------------------------------------------------------- titles

_HEADS: dict[str, AgreementType] = {
    "agreement": "agreement",
    "agreements": "agreement",
    "treaty": "treaty",
    "treaties": "treaty",
    "convention": "treaty",
    "conventions": "treaty",
    "accord": "agreement",
    "accords": "agreement",
    "pact": "agreement",
    "protocol": "protocol",
    "protocols": "protocol",
    "memorandum": "memorandum",
    "memoranda": "memorandum",
    "mou": "memorandum",
    "mous": "memorandum",
    "arrangement": "arrangement",
    "roadmap": "roadmap",
    "charter": "treaty",
    "declaration": "joint_statement",
    "communiqué": "joint_statement",
    "communique": "joint_statement",
    "contract": "contract",
    "contracts": "contract",
    "compact": "agreement",
    "deal": "agreement",
    "statement": "joint_statement",
    "map": "roadmap",
    "notes": "exchange_of_notes",
    "letters": "exchange_of_notes",
    "intent": "memorandum",
    "framework": "arrangement",
    "pacts": "agreement",
}
_OF_HEADS = {
    "memorandum": r" of (?:Understanding|Agreement|Co-?operation|Intent|Arrangement)",
    "memoranda": r" of (?:Understanding|Agreement|Co-?operation)",
}
_NEEDS = {
    "statement": "joint",
    "map": "road",
    "notes": "exchange of",
    "letters": "exchange of",
    "intent": "letter of",
}
_NOT_AFTER = re.compile(
    r"\s(?:[Cc]ent(?:re|er)|[Hh]all|[Oo]fficers?|[Oo]ffice|flights?|planes?|workers?|"
    r"manufactur\w+|killings?|schools?)\b"
)


def _head_at(tokens: tuple[_Token, ...], i: int) -> AgreementType | None:
    """The type of instrument that token `i` heads, or None."""
    t = tokens[i]
    kind = _HEADS.get(t.lower)
    if kind is None:
        return None
    need = _NEEDS.get(t.lower)
    if need:
        words = need.split()
        before = [x.lower for x in tokens[max(0, i - len(words)) : i]]
        return kind if before == words or _exchanged_on(tokens, i) else None
    if t.lower == "framework" and not t.capital:
        return None
    if t.lower == "framework" and _goes_on_to_a_head(tokens, i):
        return None
    if t.lower == "agreement" and i > 1 and tokens[i - 2].lower == "memorandum":
        return None  # the tail of "Memorandum of Agreement"
    return kind


def _goes_on_to_a_head(tokens: tuple[_Token, ...], i: int) -> bool:
    """Whether a head is a modifier of the next: "Framework Participation Agreement"."""
    for t in tokens[i + 1 : i + 4]:
        if t.lower in _HEADS and t.lower not in _NEEDS:
            return True
        if not t.capital:
            break
    return False


def _exchanged_on(tokens: tuple[_Token, ...], i: int) -> bool:
    """Whether "notes on …" are behind this token said to be exchanged."""
    if tokens[i].lower not in ("notes", "letters") or i + 1 >= len(tokens):
        return False
    if tokens[i + 1].lower not in ("on", "concerning", "regarding"):
        return False
    rest = [t.lower for t in tokens[i + 2 : i + 18]]
    return any(
        a in ("was", "were", "be", "been") and b == "exchanged" for a, b in itertools.pairwise(rest)
    )


@functools.lru_cache(maxsize=64)
def titles(sentence: str) -> tuple[Title, ...]:
    """The names of instruments, in order, without overlaps.

    A head in lower case counts with a capitalised modifier, or when an act governs it.
    """
    tokens = _tokens(sentence)
    found: list[Title] = []
    for i, token in enumerate(tokens):
        kind = _head_at(tokens, i)
        if kind is None or (found and token.start < found[-1].end):
            continue
        title = _title(sentence, tokens, i, kind)
        if title is not None and not (found and title.start < found[-1].end):
            found.append(title)
    return tuple(found)


def _title(sentence: str, tokens: tuple[_Token, ...], i: int, kind: AgreementType) -> Title | None:
    token = tokens[i]
    if _NOT_AFTER.match(sentence, token.end):
        return None
    start_index = i if _exchanged_on(tokens, i) else i - len(_NEEDS.get(token.lower, "").split())
    first = _walk_left(sentence, tokens, max(start_index, 0), modifiers=True)
    while first < start_index and tokens[first].lower in _LEADING:
        first += 1
    head_end = token.end
    tail = re.compile(_OF_HEADS.get(token.lower, r"(?!)"), re.IGNORECASE).match(sentence, token.end)
    head_end = tail.end() if tail else head_end
    if first == start_index and not token.capital:
        first = _from_determiner(sentence, tokens, first)
    capital = any(t.capital for t in tokens[first : i + 1] if not _opens(sentence, t))
    start = tokens[first].start
    quoted = _quoted(sentence, start, head_end)
    if quoted:
        start, end = quoted
        return Title(start, end, sentence[start:end], _acronym(sentence, end), kind)
    proper = token.capital and not _opens(sentence, token)
    end = _complement(sentence, tokens, head_end, proper=proper)
    bare = first == start_index and end == head_end and not tail
    if not _is_name(sentence, tokens, i, (start, end), capital=capital, bare=bare):
        return None
    if bare and not capital:
        start = _with_adjective(sentence, tokens, first)
        # "the arrangement of 2018": the year tells it from the one named before.
        year = re.compile(r" of (?:19|20)\d\d\b").match(sentence, end)
        end = year.end() if year else end
    return Title(
        start, end, sentence[start:end], _acronym(sentence, end), _typed(kind, sentence[start:end])
    )


def _from_determiner(sentence: str, tokens: tuple[_Token, ...], head: int) -> int:
    """The first of the nouns that say what the head is about: "a visa facilitation agreement"."""
    generic = {*_lexicon()["generic_adjectives"], "own", "first", "second", "same", "such"}
    for back in range(1, 5):
        at = head - back
        if at < 0 or not _adjacent(sentence, tokens[at], tokens[at + 1]):
            return head
        if tokens[at].lower in {"a", "an", "the", "its", "their", "his", "her"}:
            first = at + 1
            while first < head and tokens[first].lower in generic:
                first += 1
            return first
        word = tokens[at].text
        if not word.replace("-", "").isalpha() or tokens[at].capital or _STOP.fullmatch(word):
            return head
        if tokens[at].lower in _LINK or tokens[at].lower.endswith("ly"):
            return head
    return head


def _typed(kind: AgreementType, title: str) -> AgreementType:
    if re.match(r"(?i)implementing arrangement", title):
        return "arrangement"
    return kind


def _opens(sentence: str, token: _Token) -> bool:
    """Whether the token's capital may be the sentence's."""
    return not re.search(r"\w", sentence[: token.start]) and not token.text[1:2].isupper()


def _is_name(
    sentence: str,
    tokens: tuple[_Token, ...],
    i: int,
    span: tuple[int, int],
    *,
    capital: bool,
    bare: bool,
) -> bool:
    token = tokens[i]
    before = tokens[i - 1].lower if i else ""
    if token.lower in ("mou", "mous"):
        return not token.lower.endswith("s") or (not bare and _governed(sentence, span))
    if not token.capital and (
        (token.lower.endswith("s") and token.lower not in ("notes", "letters"))
        or (bare and before in ("in", "no", "of", "any", "mutual", "common", "general"))
    ):
        # "suspended extradition treaties": several of a kind, and the kind is their name.
        counted = _lexicon()["counted"]
        named = [t for t in tokens if span[0] <= t.start < token.start and t.lower not in counted]
        several = bool(named) and token.lower.endswith("s")
        done = {act.kind for act in _acts(sentence, span, ())}
        return bool(done) and (before == "no" or (several and done != {"implementing"}))
    if capital and not (bare and before in ("", "the", "a", "an", "this")):
        return True
    if token.lower in ("framework", "charter", "declaration", "protocol") and bare:
        return capital and before in ("the", "this") and _governed(sentence, span)
    return _governed(sentence, span)


def _governed(sentence: str, span: tuple[int, int]) -> bool:
    return bool(_acts(sentence, span, ()))


def _with_adjective(sentence: str, tokens: tuple[_Token, ...], first: int) -> int:
    generic = first > 0 and tokens[first - 1].lower in _lexicon()["generic_adjectives"]
    if generic and _adjacent(sentence, tokens[first - 1], tokens[first]):
        return tokens[first - 1].start
    return tokens[first].start


_OPEN, _CLOSE = "'‘\"“", "'’\"”"


def _quoted(sentence: str, start: int, end: int) -> tuple[int, int] | None:
    """The words between the quotation marks round the head, if they are close and few."""
    left = max((sentence.rfind(q, max(0, start - 60), start + 1) for q in _OPEN), default=-1)
    if left < 0 or (left and sentence[left - 1].isalnum()):
        return None
    close = re.compile(r"['’\"”](?![\w])").search(sentence, end, min(len(sentence), end + 120))
    if close is None or close[0] != _CLOSE[_OPEN.index(sentence[left])]:
        return None
    inner = sentence[left + 1 : close.start()]
    if re.search(r"[.;!?]\s|,$", inner) or _is_finite(inner) or len(inner.split()) > 16:
        return None
    return (left + 1, close.start()) if inner.strip() == inner and inner else None


def _acronym(sentence: str, end: int) -> str | None:
    m = re.compile(r"[’'\"”]?\s?\(\s?[\"'“‘]?([A-Z][\w+&/-]{1,14})[\"'”’]?\s?\)").match(
        sentence, end
    )
    return m[1] if m and sum(c.isupper() for c in m[1]) > 1 else None


_COMPLEMENT = re.compile(
    r"(?:\s?\((?:MoU|MOU|LoI|LOI|MoC|MOC|MoA)\))?\s(on|for|of|regarding|concerning|"
    r"relating to|to|against)\s"
)
_STOP = re.compile(
    r"(?:that|which|who|with|between|in|during|at|by|as|from|under|after|before|while|when|if|"
    r"was|were|is|are|be|been|has|have|had|will|would|shall|could|can|may|might|did|does|he|she|"
    r"they|both|it|we|today|yesterday|until|since|through|via|but|or|this|last|next|within|"
    r"signed|said|agreed|reached|including|entered|expired|took|came|last\w*)$",
    re.IGNORECASE,
)


def _complement(sentence: str, tokens: tuple[_Token, ...], end: int, *, proper: bool) -> int:
    """The end of "on air-to-air refuelling" behind a head that ends at `end`."""
    m = _COMPLEMENT.match(sentence, end)
    if m is None:
        return end
    rest = [t for t in tokens if t.start >= m.end()][:16]
    if not rest or _not_topic(m[1], rest):
        return end
    if m[1] == "of" and not (proper and rest[0].capital):
        return end
    # "Treaty of Amity and Cooperation": a proper complement is capitals to its end.
    named = proper and next(t for t in rest if t.lower not in ("the", "a") or t is rest[-1]).capital
    last = m.end()
    for k, t in enumerate(rest):
        gap = sentence[rest[k - 1].end : t.start] if k else ""
        listed = named and gap == ", " and (t.capital or t.lower == "and")
        if k and gap not in (" ", "\u00a0") and not (listed and _goes_on(rest, k)):
            break
        if (
            _STOP.fullmatch(t.text)
            or t.lower in _CALENDAR
            or re.fullmatch(r"(?:19|20)\d\d", t.text)
        ):
            break
        if t.lower == "and" and _new_title(tokens, t):
            break
        if named and not (t.capital or t.lower in _LINK or t.lower == "the"):
            break
        last = t.end
    kept = sentence[m.end() : last]
    kept = re.sub(r"(?:\s+(?:and|the|of|on|for|to|a|an|in))+$", "", kept)
    return m.end() + len(kept) if kept and kept not in ("the", "a", "an") else end


def _goes_on(rest: list[_Token], k: int) -> bool:
    """Whether a comma before token `k` is within a title: "… on Friendship, Cooperation, and …"."""
    following = rest[k + 1 : k + 4] if rest[k].lower == "and" else rest[k : k + 4]
    one = following[0] if following else None
    later = any(t.lower == "and" for t in following)
    return one is not None and one.capital and (rest[k].lower == "and" or later)


def _not_topic(link: str, rest: list[_Token]) -> bool:
    first, second = rest[0].lower, rest[1].lower if len(rest) > 1 else ""
    if (
        first in _CALENDAR
        or first in _MONTHS_CUT
        or first[0].isdigit()
        or second in ("first", "second", "sidelines", "margins", "occasion", "third")
    ):
        return True
    return (link == "to" and not rest[0].text[0].islower()) or _STOP.fullmatch(first) is not None


def _new_title(tokens: tuple[_Token, ...], conjunction: _Token) -> bool:
    """Whether what follows "and" is another instrument, a new subject or a new verb."""
    after = [t for t in tokens if t.start > conjunction.start][:9]
    if (
        not after
        or after[0].lower in ("a", "an", "he", "she", "they", "both")
        or after[0].lower.endswith("ed")
    ):
        return True
    place = tokens.index(after[0])
    counted = after[0].lower in ("two", "three", "four", "five", "six", "several", "other")
    return any(
        _head_at(tokens, place + k) is not None
        and (counted or after[0].lower == "the" or after[0].capital)
        for k in range(len(after))
    )


# ---------------------------------------------------------------- acts


@functools.cache
def _act_patterns() -> list[tuple[ActKind, re.Pattern[str]]]:
    return [(cast("ActKind", k), _words(v)) for k, v in _lexicon()["acts"].items()]


def acts(sentence: str, title: tuple[int, int]) -> list[ActReading]:
    """The acts that the sentence tells of the title at `title`, in order.

    The nearest verb before it in its clause, and a participle or passive behind it. Coordinated
    titles share both. A request's object is requested, whatever verb stands between them.
    """
    others = tuple((t.start, t.end) for t in titles(sentence))
    return _acts(sentence, title, others)


def _masked(sentence: str, others: tuple[tuple[int, int], ...]) -> str:
    """The sentence with every title blotted out, at the same length."""
    out = sentence
    for a, b in others:
        out = out[:a] + "X" * (b - a) + out[b:]
    return out


def _acts(
    sentence: str, title: tuple[int, int], others: tuple[tuple[int, int], ...]
) -> list[ActReading]:
    start, end = max(0, title[0]), min(len(sentence), title[1])
    if start >= end:
        return []
    text = _masked(sentence, (*others, (start, end)))
    cues = sorted(
        ((m.start(), m.end(), kind) for kind, p in _act_patterns() for m in p.finditer(text)),
        key=lambda c: (c[0], -c[1]),
    )
    found: list[ActReading] = []
    left = [c for c in cues if c[1] <= start and _reaches(text[c[1] : start])]
    if left:
        cue = max(left, key=lambda c: (c[1], -c[0]))
        act = _left_act(text, cue)
        if re.search(
            r"\b(?:no|neither)(?: \w+)?\s$", text[max(0, start - 24) : start], re.IGNORECASE
        ):
            act = ActReading(act.kind, "denied", act.start, act.end)
        found.append(act)
    right = [c for c in cues if c[0] >= end and _follows(text[end : c[0]], text[c[0] : c[1]])]
    if right:
        found.append(_right_act(text, end, right[0], start))
        found.extend(_resumed(text, end, right[0], cues))
    found.extend(_of_its_text(text, end, cues))
    if not found:
        found.extend(_there_already(sentence, start, end))
    if any(a.kind == "requested" for a in found):
        # What was asked for and is being weighed is not yet negotiated.
        found = [a for a in found if text[a.start : a.end] != "under consideration"]
    return list(dict.fromkeys(_as_in_force(act) for act in found))


_THERE = re.compile(r"\b(?P<new>recent)\s$|\b(?:existing|current)\s$", re.IGNORECASE)


def _there_already(sentence: str, start: int, end: int) -> list[ActReading]:
    """What an adjective before a proper title says of it: "the existing Fisheries Treaty"."""
    there = _THERE.search(sentence[max(0, start - 12) : start])
    if there is None or sentence[start:end].islower():
        return []
    left = max(0, start - 12)
    kind: ActKind = "agreed" if there["new"] else "implementing"
    return [ActReading(kind, "done", left + there.start(), left + there.end() - 1)]


_AUX_CHAIN = (
    r"(?:was|were|is|are|has|have|had|will|would|shall|may|could|should|must)\s"
    r"(?:(?:not|now|yet|to|have|be|been|being|also|still|due|expected|set|scheduled|never|later|"
    r"recently|about|formally|finally)\s){0,5}"
)
_MAIN_VERB = re.compile(rf"(?P<gap>[^,;]{{0,80}}?)(?P<comma>,?)\s(?:and\s)?(?P<aux>{_AUX_CHAIN})")
_ANAPHOR = re.compile(
    rf"[^;X]{{0,80}};\s(?:it|(?:a|the)(?: [a-z]+)? (?:text|draft))\s(?P<aux>{_AUX_CHAIN})"
)
_NEW_SUBJECT = re.compile(r"\b(?:and|but|who|while|when|after|before|as|because|if)\b")


def _resumed(
    text: str, end: int, first: tuple[int, int, ActKind], cues: list[tuple[int, int, ActKind]]
) -> list[ActReading]:
    """The main verb behind a clause on the title: ", signed in 2021, will be amended"."""
    between = text[end : first[0]]
    aside = re.match(r"\s*(?:\([^)]{0,30}\)\s?)?,", between) is not None
    if not aside and not re.match(r"\s*(?:that|which)\s", between):
        return []
    m = _MAIN_VERB.match(text, first[1])
    if m is None or _NEW_SUBJECT.search(m["gap"]) or (aside and not m["comma"]):
        return []
    cue = next((c for c in cues if c[0] == m.end()), None)
    if cue is None:
        return []
    return [ActReading(cue[2], _realis(m["aux"], text), cue[0], cue[1])]


def _of_its_text(text: str, end: int, cues: list[tuple[int, int, ActKind]]) -> list[ActReading]:
    """What a second main clause says of the title: "; a draft was agreed", "; it was amended"."""
    m = _ANAPHOR.match(text, end)
    cue = next((c for c in cues if c[0] == m.end()), None) if m else None
    if m is None or cue is None:
        return []
    return [ActReading(cue[2], _realis(m["aux"], text), cue[0], cue[1])]


_CROSS = re.compile(
    r"[;:.]\s(?!X)|\b(?:was|is|are|has|have|had|will|would|which|who|that|after|before|while|when|"
    r"during|since|said|despite|because|under|where|if|within|as|met|held|discussed|welcomed|"
    r"highlighted|recalled|reviewed|visit(?:ed)?|praised)\b"
)


def _reaches(between: str) -> bool:
    """Whether a verb before these words governs what follows them."""
    if len(between) > 160 or _CROSS.search(between):
        return False
    words = re.sub(r"\(\w+\)|X{2,}", "X", between)
    if re.search(r",", words) and not re.fullmatch(
        r"[^,]{0,60}(?:X,? ?[^,]{0,30},? ?)+[^,]*", words
    ):
        return False
    return len(words.split()) <= 12


# "that the two governments (signed)": a relative clause with its own subject.
_SUBJECT = re.compile(
    r"\s*,?\s*(?:that|which)\s(?:(?:[A-Z][\w.’'-]*|the|both|two|three|four|all|and|of|their|"
    r"its|they|it|he|she|governments?|countries|sides|parties|states|ministers?|presidents?|"
    r"leaders|neighbours|partners|members|delegations|foreign|defence|prime)\s){1,9}"
)
_LAST_USED = re.compile(
    r"^\s*,\s(?:(?:last|first|originally|long|now)|\w{2,14}ed (?:in|on|by|under|since))\s"
    r"(?:[\w’'.-]+\s){0,6}[\w’'.-]+,\s"
)
_BETWEEN_OK = re.compile(
    r"(?:which|that|was|were|is|are|has|have|had|been|being|be|will|would|shall|to|not|yet|"
    r"already|also|originally|first|formally|recently|finally|jointly|expected|set|scheduled|due|"
    r"planned|could|can|may|might|when|if|once|never|currently|still|and|or|the|a|an|X+|"
    r"respectively|officially|provisionally|later|both|wasn['’]t|hasn['’]t|must|should|likely|"
    r"about|ready|plans?|it|they|this|year|going|duly|unless|until|remains?|remained)$",
    re.IGNORECASE,
)


def _follows(between: str, cue: str) -> bool:
    """Whether a verb behind these words is said of the title before them."""
    if len(between) > 140 or re.search(r"[;:]|\.\s", between):
        return False
    words = re.sub(r"\([^)]{0,30}\)", " ", between)
    words = re.sub(
        r"\b(?:between|with|by) (?:(?:[A-Z][\w.’'-]*|the|and|of|two|countries|sides|both|"
        r"its|neighbours|governments|nations)[, ]+){1,10}",
        " ",
        words,
    )
    words = re.sub(r"^\s*of (?:19|20)\d\d\b", " ", words)
    words = _LAST_USED.sub(" ", words)
    subject = _SUBJECT.match(words)
    words = words[subject.end() :] if subject else words
    tokens = re.findall(r"\w[\w’']*", words)
    if not subject and re.fullmatch(r"\s*(?:X+\s)?and\s+", words) and " " not in cue:
        return False  # "signed the Treaty and exchanged letters"
    if subject and tokens and re.fullmatch(r"sign|ratify|initial|conclude|negotiate", cue):
        return all(_BETWEEN_OK.fullmatch(t) for t in tokens)
    # A base form or a gerund behind the title has another object.
    aux = any(t.lower in ("will", "would", "to", "could", "may", "might") for t in tokens)
    shape = re.search(
        r"(?:ed|en|oze|for by|under (?:negotiation|discussion|consideration)|negotiated)$|into|"
        r"effect|suspended|abeyance",
        cue,
    )
    active = re.match(r"enter|c[oa]me|t[ao]k|took|go|expire|lapse|take|went|in ", cue)
    if not (shape or (aux and active) or active):
        return False
    return all(_BETWEEN_OK.fullmatch(t) for t in tokens)


_PRE = 70
_REQUEST = re.compile(
    r"\b(?:request(?:ed|s|ing)?(?: for)?|urg(?:ed|es|ing)|ask(?:ed|s|ing)|call(?:ed|s|"
    r"ing)? (?:for|on|upon)|"
    r"propos(?:ed|es|ing)|appeal(?:ed|s)?|press(?:ed|es|ing)|encourag(?:ed|es|ing)|sought|"
    r"invit(?:ed|es)|demand(?:ed|s))\b(?P<gap>[^;.]{0,60})$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\bnot|\bnever|n['’]t|\brefus\w+ to|\bdeclin\w+ to|\bfail\w+ to|\bwithout|"
    r"\byet to(?: be)?|\bno X+(?: \w+){0,2}|\bneither|\brefusal to|\brul\w+ out|"
    r"\bdenied(?: having)?)"
    r"(?:\s(?!but\b)[\w’']+){0,3}\s*$",
    re.IGNORECASE,
)
_CONDITIONAL = re.compile(
    r"\b(?:(?:attempt\w*|efforts?|bids?|tr(?:y|ies|ied|ying)|struggl\w+|negotiating|talks|"
    r"negotiations|working)(?: by [\w ]{1,30})? to|if|once|unless|until|when|provided|could|may|"
    r"might|would|should|can|hop(?:e|es|"
    r"ed|ing) to|"
    r"ready to|willing to|wants? to|wanted to|wish(?:es|ed)? to|prepared to|consider\w*|possible)"
    r"(?:\s[\w’']+){0,4}\s*$",
    re.IGNORECASE,
)
_PLANNED = re.compile(
    r"(?:\b(?:will|shall|(?:is|are|was|were) to|to be|plan(?:s|ned|ning)?(?: to)?|"
    r"expect(?:s|ed)?(?: to)?|set to|"
    r"due to|scheduled (?:to|for)|going to|agreed to|promis(?:ed|es)(?: to)?|pledg(?:ed|"
    r"es) to|committed to|"
    r"intends? to|intended to|aims? to|ahead of|upcoming|forthcoming|look(?:s|ed|"
    r"ing)? forward to|about to|"
    r"preparing to|decided to|vow(?:ed|s) to|paving the way for|work(?:ing)? towards?|next)|['’]ll)"
    r"(?:\s[\w’']+){0,4}\s*$",
    re.IGNORECASE,
)


def _context(text: str, at: int) -> str:
    """The words before a verb, back to the beginning of its clause."""
    window = text[max(0, at - _PRE) : at]
    cut = max(
        (m.end() for m in re.finditer(r"[;:]|\.\s|\b(?:who|which|but|and)\b", window)), default=0
    )
    kept = window[cut:]
    # "will sign A and ratify B": a bare verb takes the auxiliary before the conjunction.
    return window if not kept.strip() else kept


def _realis(before: str, whole: str) -> Realis:
    if _DENIED.search(before):
        return "denied"
    reported = re.search(r"\b(?:said|announced|told|confirmed|added|stated)\b", whole)
    if re.search(r"\bwould\b", before) and reported and not _IF.search(whole):
        return "planned"
    if _CONDITIONAL.search(before):
        return "conditional"
    return "planned" if _PLANNED.search(before) else "done"


_BASE_FORM = re.compile(
    r"(?:sign|ratify|initial|exchange|conclude|finali[sz]e|adopt|extend|amend|suspend|terminate|"
    r"renew|implement|reach|seal|ink|negotiate)",
    re.IGNORECASE,
)
_MODAL = re.compile(
    r"\b(?:agreed?|plan(?:s|ned)?|decided?|pledged?|promis\w+|hop\w+|want\w*|expect\w*|need\w*|"
    r"intend\w*|aim\w*|seek\w*|commit\w+|vow\w+|urg\w+|ready|able|due|set) to\b|"
    r"\b(?:will|would|should|shall|may|might|could|can|must)\b"
)


def _left_act(text: str, cue: tuple[int, int, ActKind]) -> ActReading:
    start, end, kind = cue
    before = _context(text, start)
    request = _REQUEST.search(before)
    if request and kind in ("extended", "amended", "suspended", "terminated"):
        return ActReading(kind, "conditional", start, end)  # the instrument itself is there
    if kind not in ("requested", "implementing") and request:
        gap = request["gap"]
        if re.search(r"\bto\s*$|\bfor\b|^\s*(?:\w+\s+){0,3}$", gap) or kind == "agreed":
            at = start - len(before) + request.start()
            return ActReading("requested", _realis(before[: request.start()], text), at, end)
    own = _negotiated(text, start, end, before) if kind == "negotiating" else None
    own = own or _put_off(text, cue)
    if own is not None:
        return own
    realis = _realis(before, text)
    if realis == "done" and _BASE_FORM.fullmatch(text[start:end]):
        # A bare verb tells of what was done only in a headline: "Peru, Chile Sign Pact".
        modal = _MODAL.search(text[max(0, start - 240) : start])
        realis = "planned" if modal else realis
    return ActReading(kind, realis, start, end)


def _put_off(text: str, cue: tuple[int, int, ActKind]) -> ActReading | None:
    """An act that an adjective or a condition puts off: "the early conclusion of"."""
    start, end, kind = cue
    if _EVENT_OF.search(text[start:end]) and kind != "implementing":
        if _AT_MOST.search(text[:start]):
            return ActReading(kind, "conditional", start, end)
        if _TO_COME.search(text[:start]):
            return ActReading(kind, "planned", start, end)
    if re.match(r"when|if|once", text[end : end + 6].strip()):
        return ActReading(kind, "conditional", start, end)
    return None


def _negotiated(text: str, start: int, end: int, before: str) -> ActReading | None:
    """Negotiations as a noun, or ones that go on: begun when they were, else held."""
    noun = re.match(r"(?i)(?:talks|negotiations)\b", text[start:end])
    opened = _OPENED.search(before) if noun else None
    if opened:
        realis = _realis(before[: opened.start()] + " ", text)
        return ActReading("negotiating", realis, start, end)
    if noun:
        # The noun itself tells of the sitting, if one is told.
        own = _own_round(text, start, start + noun.end())
        return ActReading("negotiating", "done", start + noun.end() + 1 if own else start, end)
    if re.search(r"\bcontinu\w+ to\s*$", before):
        return ActReading("negotiating", "done", start, end)
    return None


_OPENED = re.compile(
    r"\b(?:launch\w*|start\w*|begin\w*|open(?:ed|ing|s)?|commenc\w+|resum\w+|initiat\w+)"
    r"(?: (?:of|the|formal|new|their|bilateral|official)){0,3} $",
    re.IGNORECASE,
)
"""The beginning of negotiations, which are held only once they were begun."""
_TO_COME = re.compile(
    r"\b(?:an?|the|its|their|for) (?:early|swift|speedy|prompt|rapid|timely|expeditious) $|"
    r"\b(?:towards?|expedit\w+|accelerat\w+|speed\w* up|push\w* for|hope\w* for|await\w*)"
    r" (?:(?:an?|the|its|their) )?(?:(?:early|swift|speedy|prompt|rapid|timely) )?$|"
    r"\b(?:future|upcoming|forthcoming|planned|expected|imminent) $",
    re.IGNORECASE,
)
_AT_MOST = re.compile(r"\b(?:potential|possible|eventual|proposed|hypothetical) $", re.IGNORECASE)
_EVENT_OF = re.compile(
    r"\b(?:of|to)$|^(?:conclusion|signature|entry|signing|ratification)\b", re.IGNORECASE
)
"""A noun for an act, "the conclusion of", which an adjective may put off."""
_TO_BE_SAID = re.compile(
    r"(?:^|[\"“'‘;:,] ?|\b(?:and|to|please) )(?:tell|say|write|report|pretend|claim|announce)"
    r"(?: (?:the )?\w+)? that (?:the )?$",
    re.IGNORECASE,
)
"""An order to say what follows, which makes it no fact: "tell the world that …"."""


def _as_in_force(act: ActReading) -> ActReading:
    """What is "to be implemented" is there already."""
    planned = act.kind == "implementing" and act.realis == "planned"
    return ActReading(act.kind, "done", act.start, act.end) if planned else act


def _right_act(text: str, title_end: int, cue: tuple[int, int, ActKind], start: int) -> ActReading:
    a, b, kind = cue
    between = text[title_end:a]
    realis = _realis(between.rstrip() + " " if between.strip() else "", text)
    if realis == "done" and _TO_BE_SAID.search(text[max(0, start - 80) : start]):
        realis = "conditional"
    if realis == "done" and re.search(r"\b[Nn]o (?:\w+ ){0,2}$", text[max(0, start - 20) : start]):
        realis = "denied"
    return ActReading(kind, realis, a, b)


# ---------------------------------------------------------------- statements and prefilters


def statements(sentence: str) -> StatementKind | None:
    """The speech act of the sentence: its first, unless that one only reports ("said")."""
    best: tuple[int, StatementKind] | None = None
    for kind in _lexicon()["statements"]:
        m = _pattern("statements", kind).search(sentence)
        if m and kind != "assertion" and (best is None or m.start() < best[0]):
            best = (m.start(), kind)
    if best:
        return best[1]
    return "assertion" if _pattern("statements", "assertion").search(sentence) else None


_ENGAGEMENT_CUE = re.compile(
    r"(?i)\b(?:me(?:e)?t|meets|meeting|talks|call(?:s|ed)?|spoke|phone|visit|trip|tour|summit|"
    r"conference|forum|assembly|dialogue|consultation|negotiat|exercise|drill|ceremony|funeral|"
    r"inaugurat|bilateral|audience|hosted|received|welcomed|counterpart|travel|arriv|conferred|"
    r"delegation|ministerial)"
)
_AGREEMENT_CUE = re.compile(
    r"(?i)\b(?:agreements?|treat(?:y|ies)|conventions?|accords?|pacts?|protocols?|memorand(?:um|a)|"
    r"mous?|arrangements?|road ?maps?|charters?|declarations?|joint statements?|communiqu[ée]s?|"
    r"exchange of (?:notes|letters)|letters? of intent|contracts?|framework|compact|deals?)\b"
)


def has_engagement_cue(sentence: str) -> bool:
    """A cheap filter of high recall: False means that `triggers` finds nothing."""
    return bool(_ENGAGEMENT_CUE.search(sentence)) or bool(triggers(sentence))


def has_agreement_cue(sentence: str) -> bool:
    """A cheap filter of high recall: False means that `titles` finds nothing."""
    return bool(_AGREEMENT_CUE.search(sentence)) or bool(titles(sentence))
