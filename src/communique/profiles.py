"""The settings that differ from model to model, in one small object.

A small model reads a few sentences at a time, several times side by side, and only those that
hold a word of meeting or agreeing; a large one reads the whole article in one pass.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["HOSTED", "LOCAL", "Profile"]


@dataclass(frozen=True)
class Profile:
    """How a model is asked.

    `passage` is the most characters of a passage, `parallel` how many are read side by side,
    `reasks` how often a model is told what was wrong, `max_tokens` the most of one reply,
    `cued` leaves out passages without a word of meeting or agreeing (in the languages that have
    such a list) and asks of the others only what they have words for, `abstract` asks the model
    for the abstract too (else sentences of the article are chosen), `prompt` and `version` name
    the file under `prompts/`, `elsewhere` the one for languages that the rules do not read (None:
    the same), `whose` the one that asks for whom people stand (None: not asked apart), `attempts`
    and `seconds` are the budget of one passage.
    """

    passage: int
    parallel: int
    reasks: int
    max_tokens: int
    cued: bool
    abstract: bool
    prompt: str
    version: int
    elsewhere: str | None = None
    whose: str | None = None
    attempts: int = 5
    seconds: float = 600.0


LOCAL = Profile(
    passage=450,
    parallel=4,
    reasks=1,
    max_tokens=640,
    cued=True,
    abstract=False,
    prompt="point",
    version=1,
    elsewhere="read",
    whose="whose",
)
"""For the embedded model, and for others of a few billion parameters."""

HOSTED = Profile(
    passage=40_000,
    parallel=8,
    reasks=2,
    max_tokens=8_000,
    cued=False,
    abstract=True,
    prompt="read_whole",
    version=2,
)
"""For models that read a whole article with care."""
