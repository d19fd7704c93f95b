"""The model's time for one article: `summarise` beside one plain request for everything.

Each pass has a process and a server of its own, so that neither finds what the other has read.
The server's start is not counted; reading the prompt is. What stays between passes is the state
of the constant prompt that `summarise` keeps on disk: the table says where it was found.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from communique.local import LocalServer

ORDER = ("summarise", "plain", "plain", "summarise")
"""Each goes first once: whatever the machine does meanwhile does it to both."""
MAX_TOKENS = 2_500
_COLUMNS = "{:<11}{:>9}{:>9}{:>9}{:>13}{:>12}  {}"


class Attendee(BaseModel):
    """One of the participants."""

    name: str
    role: str
    country: str


class PlainEngagement(BaseModel):
    """An engagement, as one would first think of it."""

    type: str
    status: str
    date: str
    participants: list[Attendee]


class PlainAgreement(BaseModel):
    """An agreement, as one would first think of it."""

    title: str
    parties: list[str]
    status: str
    date: str


class PlainSummary(BaseModel):
    """The schema of the plain pass."""

    engagements: list[PlainEngagement]
    agreements: list[PlainAgreement]


def measure(seed: Path) -> None:
    """Run the passes in their order and print what each took and found, and the ratio."""
    print(_COLUMNS.format("pass", "seconds", "read", "written", "engagements", "agreements", ""))
    seconds: dict[str, list[float]] = {"summarise": [], "plain": []}
    for name in ORDER:
        took = _in_a_process(name, seed)
        seconds[name].append(took["seconds"])
        columns = ("read", "written", "engagements", "agreements", "note")
        print(_COLUMNS.format(name, f"{took['seconds']:.1f}", *(took[c] for c in columns)))
    ours, plain = (sum(seconds[name]) for name in ("summarise", "plain"))
    print(f"model time, summarise / plain pass: {ours / plain:.2f}")


def _in_a_process(name: str, seed: Path) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - this file, with this interpreter
        [sys.executable, __file__, name, str(seed)], check=True, stdout=subprocess.PIPE
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def summarise_once(text: str) -> dict[str, Any]:
    """Summarise without a cache."""
    from communique import local, summarise
    from communique._weights import cache_directory
    from communique.profiles import LOCAL

    kept = any((cache_directory() / "prefixes").glob("*"))
    local.serve(local.weights("local"), parallel=LOCAL.parallel)
    begun = time.perf_counter()
    summary = summarise(text, model="local")
    return {
        "seconds": time.perf_counter() - begun,
        "read": summary.report.prompt_tokens,
        "written": summary.report.completion_tokens,
        "engagements": len(summary.engagements),
        "agreements": len(summary.agreements),
        "note": "prompt's state on disk" if kept else "prompt read anew",
    }


def plain_once(text: str) -> dict[str, Any]:
    """Ask once for everything, in the plain schema; what a cut reply holds is counted too."""
    from instructor.core import InstructorError
    from pydantic_core import from_json

    from communique import local

    server = local.serve(local.weights("local"), parallel=1, context=8192)
    note = ""
    replies: list[Any] = []
    begun = time.perf_counter()
    try:
        ask_plainly(server, text, replies)
    except InstructorError:
        note = "no valid reply"
    seconds = time.perf_counter() - begun
    (reply,) = replies
    choice = reply.choices[0]
    if choice.finish_reason == "length":
        note = f"cut at {MAX_TOKENS} tokens"
    found = from_json(choice.message.content or "{}", allow_partial=True)
    return {
        "seconds": seconds,
        "read": reply.usage.prompt_tokens,
        "written": reply.usage.completion_tokens,
        "engagements": len(found.get("engagements", ())),
        "agreements": len(found.get("agreements", ())),
        "note": note,
    }


def ask_plainly(server: LocalServer, text: str, replies: list[Any]) -> None:
    """Make one request through instructor; the raw reply is noted, whatever becomes of it."""
    import instructor
    import openai

    sdk = openai.OpenAI(
        base_url=server.base_url,
        api_key=server.api_key,
        timeout=3_600,
        max_retries=0,
        http_client=openai.DefaultHttpxClient(trust_env=False),
    )
    asking = instructor.from_openai(sdk, mode=instructor.Mode.JSON_SCHEMA)
    asking.on("completion:response", replies.append)
    asking.chat.completions.create(
        model=server.model,
        messages=[
            {"role": "system", "content": "List the engagements and agreements it tells of."},
            {"role": "user", "content": text},
        ],
        response_model=PlainSummary,
        max_retries=0,
        max_tokens=MAX_TOKENS,
        temperature=0,
    )


if __name__ == "__main__":
    importlib.import_module("instructor")  # seconds, and no model's
    PASSES = {"summarise": summarise_once, "plain": plain_once}
    print(json.dumps(PASSES[sys.argv[1]](Path(sys.argv[2]).read_text(encoding="utf-8"))))
