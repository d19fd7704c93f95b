"""HTML that cannot be broken out of: what is no `Html` is text, and is escaped when it is put in.

Articles are hostile by profession: besides markup they hold characters that are not to be seen, or
that turn the order of others round. Here each stands as its number, so that a page shows what a
machine read and not what the author wanted a person to see.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOID: Final = frozenset({"meta", "br"})
_JOINERS: Final = "\u200c\u200d"
"""Some scripts and emoji need these between their letters; they hide and turn nothing."""
_ODD_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_TAGS: Final = range(0xE0000, 0xE0080)
"""Invisible copies of ASCII."""
_NAME = re.compile(r"[a-z][a-z0-9-]*")


class Html(str):
    """Markup made by this module; everything else is text."""

    __slots__ = ()


def tag(element: str, *children: str, **attributes: str | None) -> Html:
    """Make an element; text in it and in its attributes is escaped, attributes of None left out.

    A trailing underscore of an attribute's name falls away (`class_`), others become hyphens.
    """
    pairs = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    if not all(_NAME.fullmatch(name) for name in (element, *pairs)):
        raise ValueError(f"{element} {' '.join(pairs)} is no name of HTML")
    written = "".join(
        f' {name}="{html.escape(plain(value))}"'
        for name, value in pairs.items()
        if value is not None
    )
    if element in _VOID:
        return Html(f"<{element}{written}>")
    return Html(f"<{element}{written}>{join(children)}</{element}>")


def join(parts: Iterable[str]) -> Html:
    """Put parts one after another, each escaped unless it is `Html`."""
    return Html("".join(part if isinstance(part, Html) else shown(part) for part in parts))


def shown(text: str) -> Html:
    """Escape a text, and put the number of a character in place of one that is not to be seen."""
    return Html("".join(map(_piece, _runs(text))))


def plain(text: str) -> str:
    """Give the text with such characters as U+202E, for where no element can stand."""
    return "".join(f"U+{ord(c):04X}" if _odd(c) else c for c in text)


def _runs(text: str) -> list[str]:
    """Cut a text into stretches of ordinary characters, of tag characters, and single odd ones."""
    runs: list[str] = []
    kinds: list[int] = []
    for character in text:
        kind = 0 if not _odd(character) else 1 if ord(character) in _TAGS else 2
        if kinds and kind != 2 and kinds[-1] == kind:
            runs[-1] += character
        else:
            runs.append(character)
            kinds.append(kind)
    return runs


def _piece(run: str) -> str:
    if not _odd(run[0]):
        return html.escape(run)
    if ord(run[0]) in _TAGS:
        hidden = "".join(chr(ord(c) - _TAGS.start) for c in run)
        what, told = f"tags: {plain(hidden)}", f"{len(run)} invisible tag characters"
    else:
        what = f"{ord(run):04X}"
        told = unicodedata.name(run, "no name")
    return f'<span class="odd" title="{html.escape(told)}">{html.escape(what)}</span>'


def _odd(character: str) -> bool:
    if character in _JOINERS or character in "\n\t":
        return False
    return unicodedata.category(character) in _ODD_CATEGORIES
