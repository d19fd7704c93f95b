"""Who is named: names, offices and parties read from English phrases for people.

The station beside `parties`: it takes "South Korean Defence Minister Kim Yong Hyun" apart into
a name, an office as written and a party, and says whether two names may be one person. It is a
small grammar over words, not a model: an office is a head word ("Minister") with the words of a
portfolio around it, a party stands before it or after "of", a name is a run of capitalised
words beside it. The words are data (`data/offices.json`, with its source).

A capitalised run alone is a person only when a titled mention of the same text establishes it,
so that "Defence Cooperation Agreement" never is one. Everything is linear in the text: no step
looks more than a fixed number of words ahead. In languages other than English, `parse` finds
names only, as well as capital letters allow.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from communique import parties
from communique.schemas import Party

if TYPE_CHECKING:
    from collections.abc import Sequence

    from communique.parties import Resolver

__all__ = ["Mention", "begins", "find", "parse", "party_of_office", "same", "words"]

_MARKS: Final = "\u0300-\u036f"
_TOKEN: Final = re.compile(
    rf"(?:[^\W\d_]\.){{1,6}}(?!\w)|(?:[^\W_]|[{_MARKS}])+(?:[-\u2010\u2011'’](?:[^\W_]|[{_MARKS}])+)*|&"
)
_POSSESSIVE: Final = ("'s", "’s")
_AL: Final = re.compile(r"(?:al|el|ul|ad|as|ash|an|ar|at|d|de|l)[-\u2010\u2011'’]\w", re.IGNORECASE)
_ROMAN: Final = re.compile(r"[IVX]{1,5}")
_HEADLINE_VERBS: Final = frozenset(
    {
        "meet",
        "visit",
        "hold",
        "sign",
        "host",
        "attend",
        "travel",
        "discuss",
        "call",
        "arrive",
        "be",
        "address",
        "join",
        "chair",
        "receive",
        "begin",
        "start",
        "pay",
        "make",
        "seek",
        "push",
        "with",
    }
)
_SENT: Final = frozenset(
    {
        "ambassador",
        "envoy",
        "representative",
        "commissioner",
        "delegate",
        "adviser",
        "advisor",
        "consul",
        "attaché",
        "attache",
        "secretary",
        "observer",
        "general",
        "coordinator",
        "assistant",
    }
)
"""Who is "to" a state or a body, and not of it."""
_STYLE: Final = re.compile(
    r"\b[Hh](?:is|er) (?:[A-Z]\w+ ){0,2}(?:Highness|Excellency|Majesty|Holiness|Eminence)\b"
    r"(?: the\b)?|\bH\.\s?E(?=\s[A-Z])|\(\s?[Rr]e?td?\.?\s?\)"
)
"""A style of address before an office or a name, "H.E" and "(Retd)": no part of either."""
_SHORT: Final = re.compile(r"(?<=[a-z]) \(([A-Z]{3,7})\)(?= (?:[A-Z][a-z]|the\b))")
"""The short form of an office behind it: "Chief of Army Staff (COAS) General Bello"."""
_MOST_PREFIX: Final = 10
_MOST_NAME: Final = 7
_MOST_PARTIES: Final = 12
_MOST_CANDIDATES: Final = 20
_LETTERS: Final = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i"})


@dataclass(frozen=True)
class Mention:
    """A person, or people, as a text names them. All offsets are code points, end exclusive.

    `start`, `end`: the whole phrase; the article and the like are in it only without a name.
    Of a list of parties with one noun ("his South Korean and Australian counterparts", "foreign
    ministers of France and Germany") each party has a mention of its own, whose span is the
    party's words (of the latter kind, the first also spans the noun), and all have the same
    `office`, in the singular where the noun is a plural in -s. `office` is contiguous in the
    text. `party` is the one that the phrase itself names.
    """

    start: int
    end: int
    name: str | None
    name_start: int
    name_end: int
    office: str | None
    party: Party | None
    plural: bool


class _Token(NamedTuple):
    start: int
    end: int
    raw: str
    low: str
    cap: bool


class _Office(NamedTuple):
    """An office in tokens: `first` to `last` are the office, `end` the last of the phrase."""

    first: int
    last: int
    end: int
    plural: bool
    weak: bool
    capital: bool
    following: tuple[tuple[int, int, Party], ...]  # parties after "of": first, last, party


class _Name(NamedTuple):
    first: int
    last: int


class _Lead(NamedTuple):
    """What may stand before an office: determiner, adverbs, parties; `next` is what follows."""

    start: int
    bare_start: int
    next: int
    determiner: str
    listed: tuple[tuple[int, int, Party | None], ...]


# --- data ----------------------------------------------------------------------------------


@cache
def _data() -> dict[str, Any]:
    text = (files("communique") / "data" / "offices.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text))


@cache
def _state_offices() -> dict[str, dict[str, Any]]:
    text = (files("communique") / "data" / "state_offices.json").read_text(encoding="utf-8")
    return cast("dict[str, dict[str, Any]]", json.loads(text)["offices"])


def party_of_office(office: str, text: str) -> Party | None:
    """Return the party whose office it is whatever stands beside it, or None.

    "Raksha Mantri" is India's alone; "Secretary of State" is the United States' unless the text
    names another bearer (`data/state_offices.json`, which names its source).
    """
    known = _state_offices().get(office.casefold())
    if known is None or any(words in text for words in known.get("unless", ())):
        return None
    return Party(code=known["code"], kind=known["kind"], as_written=office)


@cache
def _set(key: str) -> frozenset[str]:
    return frozenset(_data()[key])


@cache
def _plurals() -> dict[str, str]:
    """Head words in the plural, with their singular."""
    plurals = {}
    for head in _set("heads"):
        plural = head[:-1] + "ies" if head.endswith("y") else head + "s"
        plurals[plural.replace("mans", "men") if head.endswith("man") else plural] = head
    return plurals


@cache
def _premodifiers() -> frozenset[str]:
    return _set("modifiers") | _set("portfolio") | _set("modifier_heads")


@cache
def _never_names() -> frozenset[str]:
    return (
        _set("name_stops")
        | _set("heads")
        | frozenset(_plurals())
        | _set("portfolio")
        | _set("events")
        | (_set("modifiers") - {"royal", "union", "grand"})
        | _set("rank_heads")
        | frozenset(_data()["persons"])
        | _set("foreign_words")
    )


# --- words -----------------------------------------------------------------------------------


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        raw = match[0]
        if len(raw) > 2 and raw.endswith(_POSSESSIVE):
            raw, end = raw[:-2], end - 2
        low = raw.casefold()
        if low in _set("abbreviations") and text[end : end + 1] == ".":
            raw, low, end = raw + ".", low + ".", end + 1
        found.append(_Token(start, end, raw, low, raw[:1].isupper() or raw[:1].istitle()))
    return found


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _gap(between: str) -> str:
    """What stands between two tokens; a style of address, blotted out, is a space."""
    if not between.strip():
        return between if between.count("\n") > 1 or len(between) < 8 else " "
    folded = re.sub(" {3,}", " ", between)
    return folded if len(folded) < 8 else "\n\n"


class _Reader:
    """One text, its words and its parties, and the grammar over them."""

    def __init__(
        self,
        text: str,
        context: str | None,
        *,
        whole: bool = False,
        resolver: Resolver | None = None,
    ) -> None:
        self.resolver = resolver or parties.default()
        self.text = text
        self.context = context
        self.whole = whole
        plain = _STYLE.sub(_blank, text)
        plain = _SHORT.sub(lambda s: s[0] if self.resolver.resolve(s[1]) else _blank(s), plain)
        self.tokens = _tokens(plain)
        self.gaps = [
            _gap(plain[a.end : b.start]) for a, b in zip(self.tokens, self.tokens[1:], strict=False)
        ]
        self.gaps.append("\n\n")
        self.parties = self._aligned()
        self.established: dict[str, list[str]] = {}
        self.offices: dict[str, set[str]] = {}

    def _aligned(self) -> dict[int, tuple[int, Party]]:
        """Parties by the token that they begin with: the last token and the party."""
        starts = {token.start: index for index, token in enumerate(self.tokens)}
        aligned = {}
        for start, end, party in self.resolver.find(self.text, context=self.context):
            first = starts.get(start)
            if first is None:
                continue
            last = first
            while last + 1 < len(self.tokens) and self.tokens[last + 1].start < end:
                last += 1
            if abs(self.tokens[last].end - end) <= 1:
                aligned[first] = (last, party)
        return aligned

    def spaced(self, index: int) -> bool:
        """Whether only white space of one line break at most follows the token."""
        gap = self.gaps[index]
        return bool(gap) and not gap.strip() and gap.count("\n") < 2

    def comma(self, index: int) -> bool:
        """Whether a comma follows the token."""
        return self.gaps[index].strip() == "," and self.gaps[index].count("\n") < 2

    def low(self, index: int) -> str:
        """Return the folded token, or "" past the end."""
        return self.tokens[index].low if 0 <= index < len(self.tokens) else ""

    def capital(self, index: int) -> bool:
        """Whether the token is there and has a capital letter."""
        return index < len(self.tokens) and self.tokens[index].cap

    def joint(self, index: int) -> int | None:
        """Return the token after "and", "&" or a comma (and "and") after `index`, or None."""
        if index + 1 >= len(self.tokens):
            return None
        if self.comma(index):
            after = index + 1
            both = self.low(after) in {"and", "&"} and self.spaced(after)
            return after + 1 if both else after
        if self.spaced(index) and self.low(index + 1) in {"and", "&"} and self.spaced(index + 1):
            return index + 2
        return None

    # --- offices ---

    def core(self, first: int) -> tuple[int, bool, bool] | None:
        """Return the head of an office beginning at `first`, whether plural, whether weak."""
        index, head = first, -1
        capital = self.capital(first)
        while index < min(len(self.tokens), first + _MOST_PREFIX):
            low = self.low(index)
            if self.tokens[index].cap != capital and low not in {"and", "&"}:
                break
            is_head = low in _set("heads") or low in _plurals()
            if is_head:
                head = index
                if low not in _set("modifier_heads"):
                    break
            elif not (low in _premodifiers() or self._inner_and(index, first)):
                break
            if not self.spaced(index):
                break
            index += 1
        if head < 0:
            return None
        low = self.low(head)
        single = _plurals().get(low, low)
        if not capital and single not in _set("lower_heads") | _set("weak_heads"):
            return None
        weak = single in _set("weak_heads") and head == first
        return head, low in _plurals(), weak or (not capital and single not in _set("lower_heads"))

    def _inner_and(self, index: int, first: int) -> bool:
        """Whether the token joins two portfolio words, as in "Trade and Industry Minister"."""
        return (
            self.low(index) in {"and", "&"}
            and index > first
            and self.capital(first)
            and self.low(index - 1) in _set("portfolio")
            and self.capital(index + 1)
            and self.low(index + 1) in _set("portfolio")
        )

    def office(self, first: int) -> _Office | None:
        """Return the office that begins at `first`, with "of <party>" after it, or None."""
        core = self.core(first)
        if core is None:
            return None
        head, plural, weak = core
        last = head
        general = self.low(head) in _set("general_heads") and self.low(head + 1) == "general"
        if general and self.spaced(head) and self.capital(head) == self.capital(head + 1):
            last = head + 1 if head == first or not self._portfolio_before(head) else head
            weak = weak and last == head
        last, end, following = self._complements(last, head)
        if self._is_event(end):
            return None
        capital = self.tokens[first].cap
        weak = weak and last == head and not following
        return _Office(first, last, end, plural, weak, capital, tuple(following))

    def _portfolio_before(self, head: int) -> bool:
        return self.low(head - 1) in _set("portfolio")

    def _is_event(self, last: int) -> bool:
        """Whether the office is only the name of a meeting or a building."""
        gap = self.gaps[last]
        if last + 1 >= len(self.tokens) or "." in gap or "," in gap or gap.count("\n") > 1:
            return False
        token = self.tokens[last + 1]
        return token.cap and re.split(r"[-‐‑]", token.low)[0] in _set("events")

    def _complements(self, last: int, head: int) -> tuple[int, int, list[tuple[int, int, Party]]]:
        """Read "of Foreign Affairs", "for Syria", "of Lao PDR" after the head."""
        for _ in range(4):
            prep = self.low(last + 1)
            if not self._links(last, head):
                break
            at = last + 2
            if self.low(at) == "the" and self.spaced(at):
                at += 1
            if at in self.parties:
                ending, party = self.parties[at]
                if prep in {"of", "from"} and not self._goes_on(ending):
                    following = self._party_list(at)
                    return last, following[-1][1], following
                run = self._portfolio_run(ending + 1, known=True) if self._goes_on(ending) else None
                principal = self._principal(ending + 1)
                if run is None and principal is None and prep == "of":
                    break
                last = principal or (ending if run is None else run)
                if prep == "of":
                    last = self._sent_to(last) if principal else last
                    return last, last, [(at, ending, party)]
                continue
            if prep == "from":
                break
            run = self._portfolio_run(at, known=prep in {"to", "on"} or not self.capital(head))
            if run is None:
                break
            last = run
        return last, last, []

    def _sent_to(self, last: int) -> int:
        """The last token with "for Libya" or "in East Timor" behind it: where somebody is sent."""
        at = last + 2
        if (
            self.spaced(last)
            and self.low(last + 1) in {"for", "in", "on", "to"}
            and at in self.parties
        ):
            return self.parties[at][0]
        return last

    def _links(self, last: int, head: int) -> bool:
        """Whether a preposition of an office follows: "of", "for"; "to" where one is sent."""
        prep = self.low(last + 1)
        linked = self.spaced(last) and prep in _set("linking") and self.spaced(last + 1)
        return linked and (prep != "to" or self.low(head) in _SENT)

    def _goes_on(self, ending: int) -> bool:
        """Whether portfolio words follow a party: "of the Russian Security Council"."""
        after = ending + 1
        if self._principal(after) is not None:
            return self.spaced(ending)
        named = self.capital(after) or self.low(after) in {"parliament", "senate", "assembly"}
        return self.spaced(ending) and named and self.low(after) in _set("portfolio")

    def _principal(self, at: int) -> int | None:
        """The last token of "Secretary General" at `at`: whose representative somebody is."""
        if self.low(at) == "secretary-general":
            return at
        spelt = self.low(at) == "secretary" and self.low(at + 1) == "general" and self.spaced(at)
        return at + 1 if spelt else None

    def _portfolio_run(self, at: int, *, known: bool) -> int | None:
        """Return the last token of the portfolio at `at`, or None.

        With `known` False the first word may be any capitalised one ("Mayor of London").
        """
        if at >= len(self.tokens):
            return None
        first = self.tokens[at]
        listed = first.low in _set("portfolio")
        open_name = not known and first.cap and first.low not in _set("name_stops")
        if not listed and not open_name:
            return None
        last = at
        for _ in range(16):
            joined = self.joint(last)
            after = last + 1 if self.spaced(last) and joined is None else joined
            if after is None or after >= len(self.tokens) or after in self.parties:
                break
            if self.low(after) not in _set("portfolio") or self.capital(after) != first.cap:
                break
            if joined is not None and self.core(after) is not None:
                break
            last = after
        return last

    def _party_list(self, at: int) -> list[tuple[int, int, Party]]:
        """Return the parties joined by commas and "and" from `at` on."""
        found: list[tuple[int, int, Party]] = []
        while at in self.parties and len(found) < _MOST_PARTIES:
            last, party = self.parties[at]
            found.append((at, last, party))
            after = self.joint(last)
            if after is None:
                break
            if self.low(after) == "the" and self.spaced(after):
                after += 1
            at = after
        return found

    def compound(self, office: _Office) -> _Office:
        """Join "Deputy Prime Minister and Minister of Defence" into one office.

        Only where a name beside it shows that one person holds both; the caller asks.
        """
        for _ in range(3):
            after = self.joint(office.last)
            if after is None or office.plural or office.end != office.last:
                break
            if self.comma(office.last) and self.low(after - 1) not in {"and", "&"}:
                break
            other = self.office(after)
            if other is None or other.plural:
                break
            office = other._replace(first=office.first, weak=False)
        return office

    # --- names ---

    def _name_token(self, index: int, *, first: bool, caps: bool) -> bool:
        """Whether the token may be in a name, being its first, and in capitals throughout."""
        if index >= len(self.tokens) or (index in self.parties and not first):
            return False
        token = self.tokens[index]
        bare = token.raw.replace(".", "")
        if not token.cap and not (_AL.match(token.raw) and any(c.isupper() for c in token.raw)):
            return False
        if len(bare) > 1 and bare.isupper() and not caps and not _ROMAN.fullmatch(bare):
            return len(token.raw) > len(bare) and "." in token.raw
        if token.low in _set("month_names"):
            return not any(c.isdigit() for c in self.low(index + 1)[:1])
        parts = re.split(r"[-\u2010\u2011]", token.low)
        stop = token.low in _never_names() or (
            len(parts) > 1 and any(part in _set("events") for part in parts)
        )
        if stop and first and caps and self.spaced(index):
            # "General Secretary To Lam", "Defense Minister Gen Nakatani": right after a title.
            stop = token.low not in _set("family_first") | _set("given_ranks")
        return not stop and not token.raw[:1].isdigit()

    def name(self, first: int, *, titled: bool) -> _Name | None:
        """Return the name that begins at `first`, or None; the party words only if titled."""
        if first >= len(self.tokens) or (first in self.parties and not titled):
            return None
        if not self._name_token(first, first=True, caps=titled):
            return None
        if self.low(first) in {"to", "meets", "visits"} and self.low(first + 1) in _HEADLINE_VERBS:
            return None  # "NATO Chief To Meet With …": a headline
        if first in self.parties and not self._follows_name(self.parties[first][0], titled=titled):
            return None
        last, index = first, first
        while index + 1 < min(len(self.tokens), first + _MOST_NAME) and (
            self.spaced(index) or self._nickname(index)
        ):
            index += 1
            if self._name_token(index, first=False, caps=titled):
                last = index
            elif self.low(index) not in _set("particles") or index in self.parties:
                break
        if all(len(self.tokens[k].raw.rstrip(".")) < 2 for k in range(first, last + 1)):
            return None
        return _Name(first, last)

    def _nickname(self, index: int) -> bool:
        """Whether a quotation mark before or behind a nickname follows: Benjamin "Benny" Gantz."""
        before, after = self.gaps[index], self.gaps[index + 1] if index + 1 < len(self.gaps) else ""
        opens = before in {' "', " “", " ‘", " ("} and after in {'" ', "” ", "’ ", ") "}
        return opens or before in {'" ', "” ", "’ "}

    def _follows_name(self, last: int, *, titled: bool) -> bool:
        return self.spaced(last) and self._name_token(last + 1, first=False, caps=titled)

    def skip_ranks(self, index: int) -> int:
        """Return the first token after ranks and honorifics ("Lt. Gen.", "His Royal Highness")."""
        for _ in range(5):
            low = self.low(index)
            ranked = low in _set("ranks") | _set("honorifics")
            if low in _set("given_ranks") and not self.spaced(index + 1):
                break  # "Defense Minister Gen Nakatani": a given name
            if not (ranked and self.capital(index) and self.spaced(index)):
                break
            index += 1
        return index

    # --- phrases ---

    def lead(self, at: int) -> _Lead:
        """Read what may stand before an office or a noun for people."""
        start, determiner = at, ""
        if self.low(at) in _set("determiners") and self.spaced(at):
            determiner = self.low(at)
            at += 1
            if self.low(at) in _set("counts") and self.spaced(at):
                determiner = self.low(at)
                at += 1
        bare = at
        at = self._adverbs(at)
        found: list[tuple[int, int, Party | None]] = []
        if at in self.parties:
            found.extend(self._party_list(at))
            at = found[-1][1] + 1
        if found and self.gaps[at - 1] == " (":
            at = self._behind_bracket(at)
        elif found and not self._touches(at - 1):
            return _Lead(start, bare, -1, determiner, ())
        if not found and self._unsettled(at, determiner):
            words, context = self.tokens[at].raw, self.context or self.text[:2000]
            party = self.resolver.resolve(words, context=context)
            found.append((at, at, party))
            at += 1
        following = self._adverbs(at) if at >= 0 else -1
        return _Lead(start, bare, following, determiner, tuple(found))

    def _behind_bracket(self, at: int) -> int:
        """The token behind a bracket that tells a party's other name: "NATO (the …) Secretary"."""
        for index in range(at, min(len(self.tokens), at + _MOST_PREFIX)):
            if self.gaps[index].startswith(")"):
                return index + 1
        return -1

    def _adverbs(self, at: int) -> int:
        for _ in range(3):
            adverb = self.low(at) in _set("adverbs") and at not in self.parties  # "New Zealand"
            if not adverb or not self.spaced(at):
                break
            at += 1
        return at

    def _touches(self, last: int) -> bool:
        gap = self.gaps[last]
        return self.spaced(last) or (gap[:2] in _POSSESSIVE and not gap[2:].strip())

    def _unsettled(self, at: int, determiner: str) -> bool:
        """Whether an adjective that `parties` left open stands before a noun for people."""
        return (
            bool(determiner)
            and self.capital(at)
            and self.spaced(at)
            and self.low(at + 1) in _data()["persons"]
            and self.low(at) not in _never_names()
        )

    def read(self, at: int) -> tuple[list[Mention], int] | None:
        """Return the mentions of the phrase that begins at `at` and the token after it."""
        lead = self.lead(at)
        if 0 <= lead.next < len(self.tokens):
            if self.low(lead.next) in _data()["persons"]:
                return self._noun(lead)
            office = self.office(lead.next)
            if office is not None:
                found = self._officer(lead, office)
                if found is not None:
                    return found
        if at == lead.next:
            return self._ranked(at) or self._apposed(at, at, at)
        return self._ranked_of(lead)

    def _ranked_of(self, lead: _Lead) -> tuple[list[Mention], int] | None:
        """Read "Indian Rear Admiral Menon": a party, a rank and a name."""
        if len(lead.listed) != 1 or lead.next < 0:
            return None
        read = self._ranked(lead.next)
        if read is None or read[0][0].office is None or read[0][0].party is not None:
            return None
        start = self.tokens[lead.bare_start].start
        return [replace(read[0][0], start=start, party=lead.listed[0][2])], read[1]

    def _noun(self, lead: _Lead) -> tuple[list[Mention], int] | None:
        """Read "the Korean side", "his Australian counterpart Richard Marles", "officials"."""
        at = lead.next
        low = self.low(at)
        plural = bool(_data()["persons"][low])
        if not lead.listed and not (
            lead.determiner in _set("counts")
            or (low.startswith("counterpart") and lead.determiner not in {"", "a", "the"})
        ):
            return None
        if len(lead.listed) > 1:
            respective = self._respective(lead, at)
            return respective or (self._shared(lead, None, plural=plural), at + 1)
        party = lead.listed[0][2] if lead.listed else None
        if plural and low == "counterparts" and self._name_after(at, comma=False):
            first = self._name_after(at, comma=False)
            return self._names(lead.bare_start, first, None, party) if first else None
        if low == "counterpart":
            return self._counterpart(lead, at, party)
        name = self._name_after(at, comma=True) if not plural and low != "side" else None
        if name is not None:
            return [self._mention(lead.bare_start, name.last, name, None, party)], name.last + 1
        return [self._mention(lead.start, at, None, None, party, plural=plural)], at + 1

    def _counterpart(self, lead: _Lead, at: int, party: Party | None) -> tuple[list[Mention], int]:
        """Read one counterpart: with an office before the name, behind it, or behind a party."""
        office = self.office(at + 1) if self.spaced(at) else None
        if office is not None and not office.plural:
            named = self._name_after(office.end, comma=False)
            if named is not None:
                return self._named(lead, office, named, party)
        name = self._name_after(at, comma=True)
        if name is None and party is None:
            return self._from_party(lead, at)
        if name is None:
            return [self._mention(lead.start, at, None, None, party)], at + 1
        apposed = self._apposed(lead.bare_start, -1, name.first)
        if apposed is not None:
            own = apposed[0][0].party or party
            return [replace(apposed[0][0], party=own)], apposed[1]
        return [self._mention(lead.bare_start, name.last, name, None, party)], name.last + 1

    def _from_party(self, lead: _Lead, at: int) -> tuple[list[Mention], int]:
        """Read "his counterpart from Peru, Foreign Minister Ana Ruiz"."""
        end, party = self._party_after(at)
        if self.low(at + 1) == "from" and self.spaced(at) and self.spaced(at + 1):
            first = at + 3 if self.low(at + 2) == "the" else at + 2
            end, party = self.parties.get(first, (at, None))
        if party is not None and self.comma(end):
            office = self.office(end + 1)
            name = self._name_after(office.end, comma=False) if office else None
            if office is not None and name is not None:
                words = self._words(office.first, office.last)
                return [self._mention(lead.start, name.last, name, words, party)], name.last + 1
        return [self._mention(lead.start, end, None, None, party)], end + 1

    def _respective(self, lead: _Lead, at: int) -> tuple[list[Mention], int] | None:
        """Read the names behind "his Greek and French counterparts, A and B, respectively"."""
        if not self.comma(at):
            return None
        found: list[_Name] = []
        index: int | None = at + 1
        while index is not None and len(found) < len(lead.listed):
            name = self.name(self.skip_ranks(index), titled=True)
            if name is None:
                return None
            found.append(name)
            index = self.joint(name.last)
        if len(found) != len(lead.listed):
            return None
        # The first has the whole phrase, so that it is joined to whom stands before it.
        starts = [lead.bare_start, *(name.first for name in found[1:])]
        made = [
            self._mention(start, name.last, name, None, party)
            for start, name, (_, _, party) in zip(starts, found, lead.listed, strict=True)
        ]
        return made, found[-1].last + 1

    def _shared(self, lead: _Lead, office: str | None, *, plural: bool) -> list[Mention]:
        return [
            self._mention(first, last, None, office, party, plural=plural)
            for first, last, party in lead.listed
        ]

    def _name_after(self, last: int, *, comma: bool) -> _Name | None:
        """Return the name right after a phrase, or, if allowed, closed in by commas."""
        if self.spaced(last):
            return self.name(self.skip_ranks(last + 1), titled=True)
        at = self.skip_ranks(last + 1)
        if self.low(at) in {"prince", "princess"} and self.spaced(at):
            at += 1
        ranked = at > last + 1 and self.capital(last)
        if not (comma or ranked) or not self.comma(last):
            return None
        found = self.name(at, titled=True)
        if found is None or at in self.parties:
            return None
        closed = self.gaps[found.last].lstrip()[:1] in {"", ",", ".", ";", ")", ":"}
        enough = found.last > found.first or at > last + 1
        return found if closed and enough and self.office(found.last + 1) is None else None

    def _officer(self, lead: _Lead, office: _Office) -> tuple[list[Mention], int] | None:
        """Read an office with its parties and its name, if it has one."""
        if office.plural:
            return self._officers(lead, office)
        if len(lead.listed) > 1:
            lead = lead._replace(
                listed=lead.listed[-1:], start=lead.listed[-1][0], bare_start=lead.listed[-1][0]
            )
        joined = self.compound(office)
        party = lead.listed[0][2] if lead.listed else None
        beside = office.end + 1
        if self.spaced(office.end) and self.low(beside) in {"counterpart", "counterparts"}:
            name = self._name_after(beside, comma=False)
            words = self._words(office.first, office.last)
            return self._names(lead.bare_start, name, words, party) if name else None
        for candidate in (joined, office) if joined != office else (office,):
            settled = bool(party or candidate.following or lead.determiner)
            name = self._name_after(candidate.end, comma=settled)
            if name is not None and not self._held_by_another(candidate, name):
                return self._named(lead, candidate, name, party)
        # Unnamed, two offices are mostly two people; a deputy prime minister's are mostly one.
        if self.low(office.first) in {"deputy", "vice", "first"}:
            office = joined
        if not lead.listed and not lead.determiner and office.weak:
            return None
        if not office.capital and office.weak and not lead.listed:
            return None
        if party is None and office.following:
            party = office.following[0][2]
        words = self._words(office.first, office.last)
        end = office.following[0][1] if office.following else office.end
        return [self._mention(lead.start, end, None, words, party)], end + 1

    def _held_by_another(self, office: _Office, name: _Name) -> bool:
        """Whether a name behind a comma is the next of a list: "the Crown Prince, Mr Doval"."""
        if not self.comma(office.end):
            return False
        # By what the office is headed: a Defence Secretary is not the Defence Minister.
        span = range(office.first, office.last + 1)
        words = {low for low in map(self.low, span) if low in _set("heads")}
        core = _core(self._words(name.first, name.last))
        known = self.offices.get(core[-1] if core else "") or self.offices.get(
            core[0] if core else ""
        )
        return known is not None and not known & words

    def _named(
        self, lead: _Lead, office: _Office, name: _Name, party: Party | None
    ) -> tuple[list[Mention], int]:
        if party is None and office.following:
            party = office.following[-1][2]
        end = name.last
        if party is None:
            end, party = self._party_after(end)
        words = self._words(office.first, office.last)
        if party is None or self.low(office.last) in {"prince", "princess"}:
            fuller = self._apposed(lead.bare_start, -1, name.first)
            if fuller is not None and (fuller[0][0].party is not None or party is None):
                return fuller
        return [self._mention(lead.bare_start, end, name, words, party)], end + 1

    def _party_after(self, last: int) -> tuple[int, Party | None]:
        """Read " of China" or " (China)" after a name."""
        at = last + 1
        if self.spaced(last) and self.low(at) == "of" and self.spaced(at):
            at += 1
            if self.low(at) == "the" and self.spaced(at):
                at += 1
        elif self.gaps[last].strip() != "(":
            return last, None
        if at in self.parties:
            return self.parties[at]
        return last, None

    def _officers(self, lead: _Lead, office: _Office) -> tuple[list[Mention], int] | None:
        """Read a plural: one mention per party, per name, or one for all."""
        gap = self.gaps[office.last]
        if gap[:1] in {"'", "’"} and self._is_event(office.last):
            return None
        words = self._words(office.first, office.last)
        low = self.low(office.last)
        single = words[:-1] if low in _plurals() and low.endswith("s") else words
        several = self._several(lead, office, single)
        if several is not None:
            return several
        party = lead.listed[0][2] if lead.listed else None
        if party is None and office.following:
            party = office.following[0][2]
        if office.end == office.last and (name := self._name_after(office.last, comma=False)):
            return self._names(lead.bare_start, name, single, party)
        if not (lead.listed or lead.determiner or party or not office.weak):
            return None
        mention = self._mention(lead.start, office.end, None, words, party, plural=True)
        return [mention], office.end + 1

    def _several(
        self, lead: _Lead, office: _Office, words: str
    ) -> tuple[list[Mention], int] | None:
        """Read the office of several parties: with their names, or one unnamed for each."""
        sides = lead.listed if len(lead.listed) > 1 else office.following
        if len(sides) < 2:
            return None
        named = self._in_order(lead, office, words, sides)
        if named is not None or sides is lead.listed:
            return named or (self._shared(lead, words, plural=False), office.end + 1)
        spans = [(lead.start, *sides[0][1:]), *sides[1:]]
        made = [self._mention(a, b, None, words, party) for a, b, party in spans]
        return made, spans[-1][1] + 1

    def _in_order(
        self,
        lead: _Lead,
        office: _Office,
        words: str,
        sides: Sequence[tuple[int, int, Party | None]],
    ) -> tuple[list[Mention], int] | None:
        """Read "Russian and Peruvian presidents A and B": as many names as parties."""
        first = self._name_after(office.end, comma=False)
        if first is None:
            return None
        found, after = self._names(lead.bare_start, first, words, None)
        if len(found) != len(sides) or any(m.party for m in found):
            return None
        own = (party for _, _, party in sides)
        return [replace(m, party=p) for m, p in zip(found, own, strict=True)], after

    def _names(
        self, start: int, name: _Name, office: str | None, party: Party | None
    ) -> tuple[list[Mention], int]:
        """Read the names of "Presidents Xi Jinping of China and Vladimir Putin"."""
        end, own = self._party_after(name.last)
        found = [self._mention(start, end, name, office, own or party)]
        for _ in range(_MOST_PARTIES):
            at = self.joint(end)
            if at is None or self.office(at) is not None:
                break
            following = self.name(self.skip_ranks(at), titled=True)
            if following is None:
                break
            end, own = self._party_after(following.last)
            found.append(self._mention(at, end, following, office, own or party))
        return found, end + 1

    def _ranked(self, at: int) -> tuple[list[Mention], int] | None:
        """Read "General Chansamone Chanyalath" and "Mr. Lavrov", with what is apposed."""
        after = self.skip_ranks(at)
        if after == at:
            return None
        name = self.name(after, titled=True)
        if name is None:
            return None
        apposed = self._apposed(at, after, after)
        if apposed is not None:
            return apposed
        ranks = [k for k in range(at, after) if self.low(k) in _set("ranks")]
        honours = _set("honorifics")
        ranked = bool(ranks) and not any(self.low(k) in honours for k in ranks)
        office = self._words(ranks[0], ranks[-1]) if ranked else None
        end, party = self._party_after(name.last)
        return [self._mention(at, end, name, office, party)], end + 1

    def _apposed(self, start: int, at: int, first: int) -> tuple[list[Mention], int] | None:
        """Read "Khaled Nordin, Minister of Defence, Malaysia"."""
        name = self.name(first, titled=start != at)
        if name is None or not self.comma(name.last):
            return None
        alone = name.first == name.last and not self.whole
        if start == first and (alone or self._is_place(name)):
            return None
        lead = self.lead(name.last + 1)
        office = self.office(lead.next) if 0 <= lead.next < len(self.tokens) else None
        if office is None or office.plural or len(lead.listed) > 1:
            return None
        office = self.compound(office)
        if self._name_after(office.end, comma=False) is not None:
            return None
        party = lead.listed[0][2] if lead.listed else None
        end = office.end
        if office.following:
            end, party = office.following[0][1], party or office.following[0][2]
        elif party is None and self.comma(end) and end + 1 in self.parties:
            end, party = self.parties[end + 1]
        verb = self.spaced(end) and self.low(end + 1) not in {"and", "with", "who", "in", "at"}
        if lead.determiner and party is None and verb and end + 1 < len(self.tokens):
            return None
        words = self._words(office.first, office.last)
        return [self._mention(start, end, name, words, party)], end + 1

    def _is_place(self, name: _Name) -> bool:
        if self.low(name.first - 1) in {"in", "at", "from", "near", "of"} and name.first > 0:
            return True
        return parties.country_of_place(self._words(name.first, name.last)) is not None

    def _words(self, first: int, last: int) -> str:
        return self.text[self.tokens[first].start : self.tokens[last].end]

    def _mention(
        self,
        first: int,
        last: int,
        name: _Name | None,
        office: str | None,
        party: Party | None,
        *,
        plural: bool = False,
    ) -> Mention:
        start, end = self.tokens[first].start, self.tokens[last].end
        if name is not None and office:
            core = _core(self._words(name.first, name.last))
            for word in {core[0], core[-1]} if core else ():
                self.offices.setdefault(word, set()).update(office.casefold().split())
        if name is None:
            return Mention(start, end, None, start, end, office, party, plural)
        a, b = self.tokens[name.first].start, self.tokens[name.last].end
        return Mention(start, end, self.text[a:b], a, b, office, party, plural)

    # --- the whole text ---

    def titled(self) -> list[tuple[int, int, Mention | None]]:
        """Return titled and generic mentions; between them, None for each token to look at."""
        found: list[tuple[int, int, Mention | None]] = []
        index = 0
        while index < len(self.tokens):
            read = self.read(index)
            if read is None:
                found.append((index, index, None))
                index += 1
                continue
            mentions, after = read
            found += [(index, after - 1, mention) for mention in mentions]
            index = max(after, index + 1)
        return found

    def establish(self, name: str) -> None:
        """Note a name, so that it counts as a person without a title."""
        words = _core(name)
        for word in {words[0], words[-1]} if words else ():
            names = self.established.setdefault(word, [])
            if name not in names and len(names) < _MOST_CANDIDATES:
                names.append(name)

    def known(self, name: _Name) -> _Name | None:
        """Return the longest part of a run that is an established name."""
        for length in range(name.last - name.first + 1, 0, -1):
            if length == 1 and name.last > name.first:
                break
            for first in range(name.first, name.last - length + 2):
                if self._is_known(self._words(first, first + length - 1)):
                    return _Name(first, first + length - 1)
        return None

    def _is_known(self, words: str) -> bool:
        core = _core(words)
        if not core:
            return False
        names = self.established.get(core[-1], []) + self.established.get(core[0], [])
        return any(same(words, name) or begins(words, name) for name in names)

    def mentions(self) -> list[Mention]:
        """Return every mention in reading order."""
        read = self.titled()
        for _, _, mention in read:
            if mention is not None and mention.name is not None:
                self.establish(mention.name)
        found: list[Mention] = []
        past = -1
        for first, _, mention in read:
            if mention is not None:
                found.append(mention)
                continue
            if first <= past or (not self.established and not self.whole):
                continue
            run = self.name(first, titled=self.whole)
            part = run if run is None or self.whole else self.known(run)
            if part is not None:
                found.append(self._mention(part.first, part.last, part, None, None))
                past = part.last
        found.sort(key=lambda m: m.start)
        return _led(_apart(found), self.text)


def _apart(found: list[Mention]) -> list[Mention]:
    """Leave out what overlaps an earlier mention."""
    kept: list[Mention] = []
    for mention in found:
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
        elif kept[-1].office is None and mention.office is not None:
            kept[-1] = mention
    return kept


def _led(found: list[Mention], text: str) -> list[Mention]:
    """Give the head of "a Chinese delegation led by ..." the delegation's party."""
    for index in range(1, len(found)):
        before, mention = found[index - 1], found[index]
        between = text[before.end : min(mention.start, before.end + 20)].split()
        led = between in (["led", "by"], ["headed", "by"])
        if led and mention.party is None and before.party is not None:
            found[index] = replace(mention, party=before.party)
    return found


def find(
    text: str, *, context: str | None = None, resolver: Resolver | None = None
) -> list[Mention]:
    """Return all mentions of people in reading order, without overlaps, the longest phrases.

    A name without an office is a mention when a titled mention of the same text establishes
    it. `context` is any text around this one; it settles "Korean" and the like; `resolver` knows
    parties, by other names too. Linear in the text; never raises on any string.
    """
    return _Reader(text, context, resolver=resolver).mentions()


def parse(phrase: str, *, context: str | None = None, resolver: Resolver | None = None) -> Mention:
    """Read one phrase that names one person or one group; offsets are into the phrase.

    Unlike in `find`, a capitalised run alone is a name here. Of a phrase with several mentions,
    the first name, office and party count; of several parties without a name, none does. Never
    raises on any string.
    """
    found = _Reader(phrase, context, whole=True, resolver=resolver).mentions()
    if not found:
        return _foreign(phrase, context)
    named = next((m for m in found if m.name is not None), found[0])
    office = named.office or next((m.office for m in found if m.office), None)
    party = named.party or next((m.party for m in found if m.party), None)
    if named.name is None and len({m.party.code for m in found if m.party}) > 1:
        party = None
    elif party is None:
        party = _left_party(phrase, named, context)
    return replace(
        named,
        start=found[0].start,
        end=max(m.end for m in found),
        office=office,
        party=party,
        plural=named.name is None and (len(found) > 1 or named.plural),
    )


def _left_party(phrase: str, named: Mention, context: str | None) -> Party | None:
    """Return the only party that stands outside the name and the office, or None."""
    outside = [
        party
        for start, end, party in parties.find(phrase, context=context)
        if (end <= named.start or start >= named.end)
    ]
    return outside[0] if len({party.code for party in outside}) == 1 else None


def _foreign(phrase: str, context: str | None) -> Mention:
    """Make the best of a phrase in which no English pattern and no capitals were found."""
    start = len(phrase) - len(phrase.lstrip())
    end = max(start, len(phrase.rstrip()))
    party = parties.resolve(phrase, context=context) if phrase.strip() else None
    uncased = any(c.isalpha() and c.lower() == c.upper() for c in phrase)
    name = phrase[start:end] if uncased and party is None and start < end else None
    return Mention(start, end, name, start, end, None, party, False)


# --- names -----------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def _folded(name: str) -> tuple[str, ...]:
    """Fold case, diacritics, dots, hyphens; leave out titles, generations and ordinals."""
    plain = re.sub(r"[\u0300-\u036f.'’]", "", unicodedata.normalize("NFKD", name))
    kept: list[str] = []
    for raw in re.findall(r"[^\W_]+", plain):
        word = raw.casefold().translate(_LETTERS)
        # "XI Jinping" is a name: a generation is written in capitals and never first.
        ordinal = bool(kept) and (word in {"jr", "sr"} or bool(_ROMAN.fullmatch(raw)))
        if not (ordinal and len(raw) > 1) and (len(word) < 2 or word not in _set("honorifics")):
            kept.append(word)
    return tuple(kept)


@lru_cache(maxsize=8192)
def _core(name: str) -> tuple[str, ...]:
    """Return the folded words without particles, unless nothing else is there."""
    words = _folded(name)
    return tuple(w for w in words if w not in _set("particles")) or words


def begins(word: str, name: str) -> bool:
    """Whether one word begins a longer name: "Fujisaki" of "Fujisaki Rentaro".

    Where names are written family name first, that is how somebody is called; elsewhere it is
    the given name. `same` does not allow it; a text in which nobody else could be meant may.
    """
    short, long = _core(word), _core(name)
    return len(short) == 1 and len(short[0]) > 2 and len(long) > 1 and short[0] == long[0]


def words(name: str) -> tuple[str, ...]:
    """The words of a name by which somebody is known, folded: no titles, no particles."""
    return _core(name)


def _alike(a: str, b: str) -> bool:
    """Whether two words are equal, or one is the initial of the other."""
    return a == b or (min(len(a), len(b)) == 1 and a[:1] == b[:1]) or _spelt_alike(a, b)


def _spelt_alike(a: str, b: str) -> bool:
    """Whether two long words are one name in two transcriptions: one letter in seven differs."""
    from rapidfuzz.distance import OSA

    length = min(len(a), len(b))
    allowed = length // 7
    return bool(allowed) and a[0] == b[0] and OSA.distance(a, b, score_cutoff=allowed) <= allowed


def _within(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Whether the words of one stand in the other in order, initials for words allowed.

    One full word at least must be equal, and the last ones alike, or the short one must begin
    the long one ("Pedro Sánchez" of "Pedro Sánchez Pérez-Castejón").
    """
    rest = iter(long)
    if not all(any(_alike(word, other) for other in rest) for word in short):
        return False
    if not any(word in long and len(word) > 1 for word in short):
        return False
    return _alike(short[-1], long[-1]) or short == long[: len(short)]


def same(a_name: str, b_name: str) -> bool:
    """Whether two names may be one person's.

    Case, diacritics, dots and hyphens do not count; initials stand for words; middle names may
    be missing; a family name alone stands for the whole, last or, if it is an East Asian one,
    first. Particles ("bin", "al-", "de") do not count, but "bin Salman" is found in "Mohammed
    bin Salman". A given name alone is not enough, unless the father's name follows it ("Sheikh
    Tahnoon" of "Tahnoon bin Zayed"): there is no family name to be called by. Never raises on
    any string.
    """
    a, b = _core(a_name), _core(b_name)
    if not a or not b:
        return False
    if "".join(a) == "".join(b):
        return True
    if len(a) > len(b):
        a, b = b, a
    if len(a) == 1:
        fits = _stands_for(a[0], b) or _by_particle(a_name, b_name) or _by_father(a_name, b_name)
        return len(a[0]) > 1 and fits
    turned = [b]
    if b[0] in _set("family_first"):
        turned.append((*b[1:], b[0]))
    if b[-1] in _set("family_first"):
        turned.append((b[-1], *b[:-1]))
    return any("".join(a) == "".join(order) or _within(a, order) for order in turned)


def _stands_for(word: str, name: tuple[str, ...]) -> bool:
    """Whether one word is a whole person's family name, or a hyphenated given name of one."""
    if word == name[-1] or _spelt_alike(word, name[-1]):
        return True
    return (
        len(name) > 1
        and name[0] in _set("family_first")
        and (word == name[0] or word == "".join(name[1:]))
    )


def _by_particle(a_name: str, b_name: str) -> bool:
    """Whether one name is a particle and a word ("bin Salman") that stand so in the other."""
    a, b = sorted((_folded(a_name), _folded(b_name)), key=len)
    if len(a) < 2 or a[0] not in _set("particles"):
        return False
    return any(b[at : at + len(a)] == a for at in range(len(b) - len(a) + 1))


def _by_father(a_name: str, b_name: str) -> bool:
    """Whether one name is the given name of another that goes on with the father's."""
    a, b = sorted((_folded(a_name), _folded(b_name)), key=len)
    return len(a) == 1 and len(b) > 2 and a[0] == b[0] and b[1] in {"bin", "ibn", "bint"}
