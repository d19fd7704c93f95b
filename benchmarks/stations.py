"""What needs no model: the import, the grounding of quotes, and everything after the model."""

from __future__ import annotations

import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

PAIRS = 9
OURS = "from communique import summarise, Summary"
THEIRS = "from pydantic import BaseModel"
QUOTES = 200
LONG = 200_000
"""Characters of the long text."""
ROUNDS = 20


def imports(_: Path) -> None:
    """Print the seconds of a fresh interpreter that imports the library, beside pydantic's.

    The byte code is kept in a folder of the moment, or there may be none to be found.
    """
    with tempfile.TemporaryDirectory() as folder:
        setting = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        setting["PYTHONPYCACHEPREFIX"] = folder
        _fresh(OURS, setting)
        _fresh(THEIRS, setting)
        pairs = [(_fresh(OURS, setting), _fresh(THEIRS, setting)) for _ in range(PAIRS)]
    ours, theirs = (1_000 * statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"{OURS}: {ours:.0f} ms\n{THEIRS}: {theirs:.0f} ms")
    print(f"median of {PAIRS} pairs of interpreters, ratio: {ours / theirs:.2f}")


def _fresh(statement: str, setting: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, env=setting)  # noqa: S603
    return time.perf_counter() - begun


# --- grounding ---------------------------------------------------------------------------------


def grounding(seed: Path) -> None:
    """Print the time to locate quotes in a short and a long text, beside a fuzzy search."""
    from rapidfuzz.fuzz import partial_ratio_alignment

    from communique.grounding import Index

    text = seed.read_text(encoding="utf-8")
    Index("The tables are read.").locate("tables")
    partial_ratio_alignment("tables", "The tables are read.")
    for words in (text, _long(text)):
        quotes = _quotes(words)
        begun = time.perf_counter()
        index = Index(words)
        indexed = time.perf_counter()
        found = sum(index.locate(quote) is not None for quote in quotes)
        located = time.perf_counter()
        for quote in quotes:
            partial_ratio_alignment(quote, words)
        done = time.perf_counter()
        ours, theirs = located - begun, done - located
        print(
            f"{len(words):,} characters, {found} of {QUOTES} quotes found: "
            f"{1_000 * (indexed - begun):.0f} ms for the index and "
            f"{1_000 * (located - indexed):.0f} ms to locate; "
            f"rapidfuzz partial_ratio_alignment {1_000 * theirs:.0f} ms; ratio {ours / theirs:.2f}"
        )


def _long(text: str) -> str:
    """The words of the text, over and over, in another order each time."""
    chance = random.Random(0)  # noqa: S311 - the same text every time
    sentences = [sentence.split() for sentence in re.split(r"(?<=[.!?])\s+", text)]
    made: list[str] = []
    length = 0
    while length < LONG:
        words = chance.choice(sentences)
        made.append(" ".join(chance.sample(words, len(words))) + ".")
        length += len(made[-1]) + 1
    return " ".join(made)[:LONG]


def _quotes(text: str) -> list[str]:
    """Stretches of four to fifteen words, every second one wrapped in another place."""
    chance = random.Random(1)  # noqa: S311 - the same quotes every time
    words = list(re.finditer(r"\S+", text))
    quotes = []
    for number in range(QUOTES):
        length = chance.randint(4, 15)
        first = chance.randrange(len(words) - length)
        quote = text[words[first].start() : words[first + length - 1].end()]
        quotes.append(quote.replace(" ", "\n", 1) if number % 2 else quote)
    return quotes


# --- after the model ---------------------------------------------------------------------------


def after_the_model(seed: Path) -> None:
    """Print the time from the drafts to the summary, beside parsing the replies with pydantic.

    The replies are recorded ones, given back without a network and then from the cache.
    """
    import openai

    from communique.drafts import PassageDraft
    from communique.pipeline import Summariser

    class Timed(Summariser):
        """Notes how long the records of an article take."""

        seconds = 0.0

        def _compose(self, *given: Any) -> Any:
            begun = time.perf_counter()
            summary = super()._compose(*given)
            self.seconds = time.perf_counter() - begun
            return summary

    replies: list[str] = []
    http = _answering(replies)
    sdk = openai.AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="none", http_client=http)
    text = seed.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        cache = Path(folder) / "cache.sqlite"
        timed = Timed("openai/recorded", client=sdk, profile="local", cache=cache)
        summary = timed.summarise(text)
        replies = list(dict.fromkeys(replies))  # an answer to a re-ask is the same again
        records, whole, parsing = [], [], []
        for _ in range(ROUNDS):
            whole.append(_taken(lambda: timed.summarise(text)))
            records.append(timed.seconds)
            parsing.append(_taken(lambda: [PassageDraft.model_validate_json(r) for r in replies]))
    made, all_of_it, parsed = (1_000 * statistics.median(s) for s in (records, whole, parsing))
    found = f"{len(summary.engagements)} engagements, {len(summary.agreements)} agreements"
    print(f"{len(replies)} replies, {found}; median of {ROUNDS} rounds, for one article:")
    print(f"resolving and merging {made:.1f} ms; the whole call, replies cached {all_of_it:.1f} ms")
    print(f"parsing the replies with pydantic {parsed:.2f} ms; ratio {made / parsed:.0f}")


def _taken(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def _answering(replies: list[str]) -> httpx2.AsyncClient:
    """A client that answers for the model: each passage gets the drafts whose words it holds."""
    import httpx2

    file = Path(__file__).with_name("replies.json")
    recorded = json.loads(file.read_text(encoding="utf-8"))

    def answer(request: httpx2.Request) -> httpx2.Response:
        passage = json.loads(request.content)["messages"][-1]["content"]
        draft = {
            "meetings": [m for m in recorded["meetings"] if m["words"] in passage][:10],
            "agreements": [a for a in recorded["agreements"] if a["title"] in passage][:6],
        }
        replies.append(json.dumps(draft))
        message = {"role": "assistant", "content": replies[-1]}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        body = {"id": "0", "object": "chat.completion", "created": 0, "model": "recorded"}
        return httpx2.Response(200, json={**body, "choices": [choice], "usage": usage})

    return httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
