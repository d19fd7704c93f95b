"""The time of `summarise` for each of several articles, beside one plain request for everything.

Both ask the same embedded model on one server, in turns, so that whatever the machine does
meanwhile is done to both. What `summarise` keeps of its constant prompt is read before the first
article, as it is from the second run of a machine on.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from typing import TYPE_CHECKING, Any

from model import ask_plainly

if TYPE_CHECKING:
    from pathlib import Path

ARTICLES = 10
_COLUMNS = "{:<34}{:>11}{:>11}{:>8}{:>9}{:>9}"


def measure(seed: Path) -> None:
    """Time the first gold articles and the seed, and print the median of the ratios."""
    from communique.evaluate import load_gold

    folder = seed.parent / "gold"
    texts = {a.id: a.text for a in load_gold(folder)[:ARTICLES]}
    texts[seed.stem] = seed.read_text(encoding="utf-8")
    print(_COLUMNS.format("article", "summarise s", "plain s", "ratio", "written", "plainly"))
    ratios = timed(texts)
    print(f"median over {len(ratios)} articles, summarise / plain: {statistics.median(ratios):.2f}")


def timed(texts: dict[str, str]) -> list[float]:
    """Read each text both ways, and print a row for each."""
    from communique import local, summarise
    from communique.profiles import LOCAL

    server = local.serve(local.weights("local"), parallel=LOCAL.parallel)
    summarise("Norway's Foreign Minister Kari Dahl met Premier Lee.", model="local")  # warms
    ratios = []
    for number, (name, text) in enumerate(texts.items()):
        took: dict[str, tuple[float, int]] = {}
        for way in ("ours", "plain") if number % 2 else ("plain", "ours"):
            begun = time.perf_counter()
            written = _read(text) if way == "ours" else _read_plainly(server, text)
            took[way] = (time.perf_counter() - begun, written)
        ratio = took["ours"][0] / took["plain"][0]
        ratios.append(ratio)
        row = (took["ours"][0], took["plain"][0], ratio)
        cells = [f"{cell:.1f}" for cell in row[:2]]
        print(_COLUMNS.format(name, *cells, f"{ratio:.2f}", took["ours"][1], took["plain"][1]))
    return ratios


def _read(text: str) -> int:
    from communique import summarise

    return summarise(text, model="local", cache=None).report.completion_tokens


def _read_plainly(server: Any, text: str) -> int:
    from instructor.core import InstructorError

    replies: list[Any] = []
    with contextlib.suppress(InstructorError):  # a cut reply is what it took, all the same
        ask_plainly(server, text, replies)
    return int(replies[0].usage.completion_tokens)
