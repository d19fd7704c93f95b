"""Whether two names, two offices or two titles, as written, are one."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from communique import parties

# Letters that NFKD leaves whole.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
_HONORIFICS = """
    mr mrs ms miss dr prof professor sir dame lord lady baroness sheikh king queen prince princess
    president premier chancellor prime minister foreign defence defense secretary deputy vice
    general admiral colonel ambassador governor senator his her excellency highness majesty the
"""
_FORMS = "affair h e mr mrs ms dr shri smt his her excellency honourable hon rt"
_SMALL = "a an and of the on for in to with by between regarding concerning"
_INSTRUMENTS = """
    accord act agreement arrangement charter communique compact contract convention covenant
    declaration exchange framework implementing instrument letter memorandum mou moa note pact plan
    protocol road roadmap map statement joint treaty understanding
"""
SAME_TITLE = 0.85
_PART_OF_TITLE = 0.5


@lru_cache(maxsize=8)
def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


def fold(text: str) -> str:
    """Lower case, without accents and apostrophes; everything else that is no letter is a space."""
    # Twice, as Unicode's compatibility caseless match (D146): either step can undo the other.
    plain = text
    for _ in range(2):
        plain = unicodedata.normalize("NFKD", plain.casefold())
    plain = plain.translate(_LETTERS)
    kept = (
        c
        for c in plain
        if not unicodedata.combining(c) and c not in "'\N{RIGHT SINGLE QUOTATION MARK}`"
    )
    return " ".join("".join(c if c.isalnum() else " " for c in kept).split())


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """Folded words in one spelling: defense is defence, -ization is -isation, plurals singular."""
    return tuple(_respelt(word) for word in fold(text).split())


def _respelt(word: str) -> str:
    word = word.replace("ization", "isation").replace("defense", "defence")
    plural = len(word) > len("gas") and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if plural else word


def same_name(left: str, right: str) -> bool:
    """Whether two names can be one person's: a surname alone, an initial or a title is enough."""
    a, b = _bare(left), _bare(right)
    if not a or not b:
        return False
    if set(a) <= set(b) or set(b) <= set(a) or "".join(a) == "".join(b):
        return True
    return a[-1] == b[-1] and (a[0].startswith(b[0]) or b[0].startswith(a[0]))


def _bare(name: str) -> list[str]:
    folded = fold(name).split()
    start = 0
    # Leading ones only: "Prime Minister King" is Mr King.
    while start < len(folded) - 1 and folded[start] in _set(_HONORIFICS):
        start += 1
    return folded[start:]


def same_office(left: str, right: str) -> bool:
    """Whether two posts are one: the same words, but for small ones, honorifics and the state's.

    "South Korean Defence Minister" is "Minister of Defense"; neither is "Minister", which is less,
    nor "Defence Industry Minister" or "Deputy Defence Minister", who is somebody else.
    """
    a, b = _office(left), _office(right)
    if not a or not b:
        return False
    more = [raw for raw, word in a if word not in {w for _, w in b}]
    other = [raw for raw, word in b if word not in {w for _, w in a}]
    return not (more and other) and (not (more or other) or _names_party(more or other))


def _office(title: str) -> list[tuple[str, str]]:
    """The telling words of a post, each as it is written and folded."""
    pairs = [(raw, words(raw)) for raw in re.findall(r"[^\W_]+(?:[.'’][^\W_]+)*", title)]
    return [
        (raw, word)
        for raw, folded in pairs
        for word in folded
        if word not in _set(_SMALL) | _set(_FORMS)
    ]


def _names_party(raw: list[str]) -> bool:
    """Whether the words that only one of two titles has name a party, as a whole or one by one."""
    return parties.resolve(" ".join(raw)) is not None or all(
        parties.resolve(word) is not None for word in raw
    )


def dice(a: set[str], b: set[str]) -> float:
    """Dice's coefficient of two sets, 0 where both are empty."""
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 0.0


def title_fit(left: str, right: str) -> float:
    """How far two titles name one instrument, from 0 (they do not) to 1, type words left out.

    At least 0.85 of Dice's coefficient, or one title is an unbroken part of the other ("liaison
    officers" of "deployment of liaison officers"), or one consists of type words alone and they
    agree ("the memorandum"). An inserted word makes another instrument: "Defence Industrial
    Cooperation" is not "Defence Cooperation", although all words of one are in the other.
    """
    a, b = _content(left), _content(right)
    if not a or not b:
        shared = set(words(left)) & set(words(right)) & _set(_INSTRUMENTS)
        return _PART_OF_TITLE if shared else float(words(left) == words(right) != ())
    # "Co-operation" is two folded words, "cooperation" one.
    fit = 1.0 if "".join(a) == "".join(b) else dice(set(a), set(b))
    short, long = sorted((a, b), key=len)
    runs = (long[i : i + len(short)] for i in range(len(long) - len(short) + 1))
    part = fit >= _PART_OF_TITLE and any(run == short for run in runs)
    return fit if fit >= SAME_TITLE or part else 0.0


def tells_nothing(word: str) -> bool:
    """Whether a word is small, or only says what kind of instrument a title names."""
    return all(part in _set(_INSTRUMENTS) | _set(_SMALL) for part in words(word))


def _content(title: str) -> list[str]:
    bare = re.sub(r"\([^()]*\)", " ", title)
    return [word for word in words(bare) if word not in _set(_SMALL) | _set(_INSTRUMENTS)]


def same_acronym(left: str, right: str, *, acronyms: tuple[str | None, str | None]) -> bool:
    """Whether an acronym that one title writes is written by, or the initials of, the other.

    `acronyms` are those given beside the titles. Initials alone do not meet initials: two titles
    of three words often share them.
    """
    ours, theirs = _written(left, acronyms[0]), _written(right, acronyms[1])
    return bool(ours & (theirs | _initials(right)) or theirs & _initials(left))


def _written(title: str, acronym: str | None) -> set[str]:
    inside = re.findall(r"\(([^()]*)\)", title)
    alone = [title] if title.isupper() and " " not in title.strip() else []
    return {fold(word).upper().replace(" ", "") for word in [*inside, *alone, acronym or ""]} - {""}


def _initials(title: str) -> set[str]:
    every = fold(re.sub(r"\([^()]*\)", " ", title)).split()
    lists = (every, [word for word in every if word not in _set(_SMALL)])
    return {"".join(w[0] for w in some).upper() for some in lists if len(some) > 1}
