"""For whom people of public record stand: "President Obama", of whom no sentence says the state.

News names heads of state and government, and the best known ministers, without their country:
every reader knows it. `data/leaders.tsv` lists them with their years in office. A full name is
enough; a family name alone needs an office of that kind, a year in which it was held, and a
party that the article itself names, so that a namesake is not given another's country.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from communique import people
from communique.parties import codes
from communique.schemas import Party

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["party_of"]

_HEAD = re.compile(
    r"\b(?:president|prime minister|pm|premier|chancellor|taoiseach|king|queen|crown prince|emir|"
    r"amir|sultan|emperor|pope|leader|chairman)\b",
    re.IGNORECASE,
)
_MINISTER = re.compile(
    r"\b(?:minister|secretary|advis[eo]r|representative|envoy|director)\b", re.IGNORECASE
)
_PRIME = re.compile(r"\b(?:prime|first) minister\b", re.IGNORECASE)
_STILL = 9999


class _Leader(NamedTuple):
    name: str
    code: str
    kind: str
    first: int
    last: int


@cache
def _leaders() -> Mapping[str, tuple[_Leader, ...]]:
    """Everybody listed, by each word of the name."""
    text = (files("communique") / "data" / "leaders.tsv").read_text(encoding="utf-8")
    found: dict[str, list[_Leader]] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        name, code, kind, first, last = line.split("\t")
        one = _Leader(name, code, kind, int(first), int(last or _STILL))
        for word in set(people.words(name)):
            found.setdefault(word, []).append(one)
    return {word: tuple(leaders) for word, leaders in found.items()}


def party_of(
    name: str, office: str | None, year: int | None, named: Mapping[str, Party]
) -> Party | None:
    """Return the party that somebody of public record stands for, or None.

    `year` is that of the news, where it is known; `named` holds the parties that the article
    names, by code. None, too, where two who are listed could be meant.
    """
    words = people.words(name)
    candidates = {one for word in words for one in _leaders().get(word, ())}
    fitting = [one for one in candidates if people.same(name, one.name)]
    if len(words) < 2:
        fitting = [
            one
            for one in fitting
            if one.code in named and _holds(one, office or "") and _in_office(one, year)
        ]
    found = {one.code for one in fitting}
    if len(found) > 1:  # who served two, like a premier who came to lead an organisation
        found = {one.code for one in fitting if _in_office(one, year)}
    if len(found) != 1:
        return None
    code = found.pop()
    return named.get(code) or Party(code=code, kind=codes()[code], as_written=name)


def _holds(one: _Leader, office: str) -> bool:
    """Whether an office is of the kind for which somebody is listed."""
    if one.kind == "head":
        return _HEAD.search(office) is not None
    return _MINISTER.search(office) is not None and _PRIME.search(office) is None


def _in_office(one: _Leader, year: int | None) -> bool:
    return year is None or one.first <= year <= one.last
