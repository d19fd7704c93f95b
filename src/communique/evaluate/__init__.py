"""Measuring: predicted summaries against gold records, with every figure's cases beside it.

`load_gold` reads a directory of annotated articles, `score` compares them with what the library
made of them, and the `Evaluation` it returns prints itself (`table`) and round-trips through
JSON; `compare` sets two of them side by side, `page` shows one in a browser.
``python -m communique.evaluate GOLD_DIR --model M`` does all of it. Scoring is pure: no
model, no network, and the same input gives the same figures, intervals included.
"""

from __future__ import annotations

from communique.evaluate.comparing import Comparison, compare
from communique.evaluate.gold import (
    GoldAct,
    GoldAgreement,
    GoldArticle,
    GoldEngagement,
    GoldParticipant,
    GoldRef,
    load_gold,
)
from communique.evaluate.hostile import Bait, obeyed
from communique.evaluate.page import page
from communique.evaluate.results import Evaluation, Figure, Finding
from communique.evaluate.scoring import score

__all__ = [
    "Bait",
    "Comparison",
    "Evaluation",
    "Figure",
    "Finding",
    "GoldAct",
    "GoldAgreement",
    "GoldArticle",
    "GoldEngagement",
    "GoldParticipant",
    "GoldRef",
    "compare",
    "load_gold",
    "obeyed",
    "page",
    "score",
]
