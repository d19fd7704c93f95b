"""Chinese in one kind of characters: traditional ones to simplified ones, one for one.

Only common characters are known (`data/han.json`); offsets into a text stay what they are.
"""

from __future__ import annotations

import functools
import json
from importlib import resources

__all__ = ["simplified"]


@functools.cache
def _table() -> dict[int, int]:
    path = resources.files("communique").joinpath("data/han.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    return str.maketrans(data["traditional"], data["simplified"])


def simplified(text: str) -> str:
    """The text with simplified characters for traditional ones; of equal length."""
    return text if text.isascii() else text.translate(_table())
