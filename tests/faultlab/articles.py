"""Short made-up readouts by number, no two alike, and a reader that stands for the model.

`text(n)` is the readout number n, `read(passage)` the draft that a model would give for it, and
`differences(n, summary)` what is wrong with a summary of it. The reader looks at nothing but the
passage: an article that was mixed up with another on the way shows in its records.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from communique import Article, Summary

PUBLISHED = "2025-03-14"

_SYLLABLES = ("bar", "den", "fal", "gor", "hel", "jun", "kav", "lor", "mer", "nim", "par", "rud")
_ENDINGS = ("ano", "berg", "edi", "ikov", "ola", "sen", "stad", "uri", "wick", "yar")
_GIVEN = ("Ana", "Bela", "Carl", "Dora", "Emil", "Fina", "Goran", "Hana", "Ivo", "Jana")
_SIDES = (
    ("Norway", "NOR", "Oslo"),
    ("Portugal", "PRT", "Lisbon"),
    ("Kenya", "KEN", "Nairobi"),
    ("Chile", "CHL", "Santiago"),
    ("Mongolia", "MNG", "Ulaanbaatar"),
    ("Oman", "OMN", "Muscat"),
    ("Estonia", "EST", "Tallinn"),
)
_TOPICS = ("Fisheries", "Customs", "Aviation", "Forestry", "Railway", "Harbour", "Seismology")
_TOLD = (
    # the words, kind, status, and where and when it took place
    ("met", "meeting", "held", " in {city} on Wednesday"),
    ("spoke by phone with", "call", "held", " on Thursday"),
    ("held talks with", "meeting", "held", " in {city} on 11 March 2025"),
)
_DONE = (
    ("The ministers signed the {title}.", "signed"),
    ("The ministers asked for the {title}.", "requested"),
    ("Nothing was signed.", None),
)


@dataclass(frozen=True)
class Facts:
    """What the readout of one number tells."""

    number: int
    people: tuple[str, str]
    parties: tuple[str, str]
    words: str
    kind: str
    status: str
    title: str | None
    act: str | None


def _name(number: int, which: int) -> str:
    """Make a name; no two readouts below 10,000 share a surname on the same side."""
    given = _GIVEN[(number * 3 + which) % len(_GIVEN)]
    left, ending = divmod(number, len(_ENDINGS))
    syllables = []
    for _ in range(3):
        left, syllable = divmod(left, len(_SYLLABLES))
        syllables.append(_SYLLABLES[(syllable + 5 * which) % len(_SYLLABLES)])
    return f"{given} {''.join(syllables).capitalize()}{_ENDINGS[ending]}"


def facts(number: int) -> Facts:
    """Say what the readout tells."""
    words, kind, status, _ = _TOLD[number % len(_TOLD)]
    _, act = _DONE[number // 3 % len(_DONE)]
    one, other = _sides(number)
    title = f"{_TOPICS[number // 9 % len(_TOPICS)]} Agreement" if act else None
    people = (_name(number, 0), _name(number, 1))
    return Facts(number, people, (one[1], other[1]), words, kind, status, title, act)


def _sides(number: int) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    first = number % len(_SIDES)
    return _SIDES[first], _SIDES[(first + 1 + number // 7 % (len(_SIDES) - 1)) % len(_SIDES)]


def text(number: int) -> str:
    """Write the readout of a number."""
    told = facts(number)
    (one, _, city), (other, _, _) = _sides(number)
    place = _TOLD[number % len(_TOLD)][3].format(city=city)
    done = _DONE[number // 3 % len(_DONE)][0].format(title=told.title)
    return (
        f"Foreign Minister {told.people[0]} of {one} {told.words} Foreign Minister "
        f"{told.people[1]} of {other}{place}. {done}\n\nReadout MFA/{number:06}.\n"
    )


def article(number: int) -> Article:
    """Make the article of a number, as a user would who keeps identifiers."""
    from communique import Article

    return Article(text(number), PUBLISHED, id=f"MFA/{number:06}")


def differences(number: int, summary: Summary) -> list[str]:
    """List what a summary of the readout has wrong; nothing: it is the one that is expected."""
    told = facts(number)
    found = {
        "id": summary.source.id,
        "people": [tuple(p.name for p in e.participants) for e in summary.engagements],
        "parties": [
            tuple(p.party.code if p.party else None for p in e.participants)
            for e in summary.engagements
        ],
        "kind": [(e.type, e.status) for e in summary.engagements],
        "agreements": [a.title for a in summary.agreements],
    }
    wanted = {
        "id": f"MFA/{number:06}",
        "people": [told.people],
        "parties": [told.parties],
        "kind": [(told.kind, told.status)],
        "agreements": [told.title] if told.title else [],
    }
    return [f"{k}: {found[k]!r}, not {wanted[k]!r}" for k in wanted if found[k] != wanted[k]]


def partial(summary: Summary) -> bool:
    """Whether the summary says of a part of the article that it was not read whole.

    A passage failed, or was too long twice: the second time, a sentence is cut in two.
    """
    fates = [passage.fate for passage in summary.report.passages]
    return "failed" in fates or fates.count("split") > 1


# --- the reader -------------------------------------------------------------------------------

_FRAMED = re.compile(r"^<{3,}\n(.*?)\n>{3,}$", re.DOTALL | re.MULTILINE)
_MARK = re.compile(r"MFA/(\d{6})")
_MEETING = re.compile(
    r"(?P<who>Foreign Minister [^.\n]+?) (?P<words>met|spoke by phone with|held talks with) "
    r"(?P<whom>Foreign Minister [^.\n]+?)(?: in (?P<where>[A-Z]\w+))?(?: on (?P<when>[\w ]+))?\."
)
_AGREEMENT = re.compile(r"(?P<act>signed|asked for) the (?P<title>[A-Z]\w+ Agreement)")
_KINDS = {words: (kind, status) for words, kind, status, _ in _TOLD}
_ACTS = {"signed": "signed", "asked for": "requested"}


def passage_of(messages: Sequence[Mapping[str, str]]) -> str:
    """Find the passage in chat messages: the last text between the delimiter lines."""
    for message in reversed(messages):
        found = _FRAMED.findall(message.get("content") or "")
        if found:
            return str(found[-1])
    return ""


def number_of(passage: str) -> int:
    """Tell which readout a passage is of; -1 where it is of none."""
    found = _MARK.search(passage)
    return int(found[1]) if found else -1


def read(passage: str, tag: str = "") -> dict[str, Any]:
    """Read a passage as the model would: the draft of an article, everything copied.

    `tag` goes into the abstract, in small letters, and so into the summary made of this reply.
    """
    meetings = []
    for found in _MEETING.finditer(passage):
        kind, status = _KINDS[found["words"]]
        places = {name: found[name] or "" for name in ("when", "where")}
        who = [found["who"], found["whom"]]
        told = {"words": found["words"], "kind": kind, "status": status, "who": who, "event": ""}
        meetings.append({**told, **places})
    agreements: list[dict[str, Any]] = [
        {"title": found["title"], "act": _ACTS[found["act"]], "between": [], "when": ""}
        for found in _AGREEMENT.finditer(passage)
    ]
    people = " and ".join(meeting["who"][0] for meeting in meetings) or "Nobody"
    abstract = f"{people} {tag or 'took part'}."
    return {"abstract": abstract, "meetings": meetings, "agreements": agreements}


def digest(body: Mapping[str, Any]) -> str:
    """Name a request by all that it asks: 16 letters, none of them a digit or a capital."""
    canonical = json.dumps(body, sort_keys=True).encode()
    return hashlib.sha256(canonical).hexdigest()[:16].translate(_LETTERS)


_LETTERS = str.maketrans("0123456789abcdef", "ghijklmnopqrstuv")


def tag_in(words: str) -> str:
    """Find the tag in an abstract or a raw reply; empty where there is none."""
    found = re.search(r"\b[g-v]{16}\b", words)
    return found[0] if found else ""
