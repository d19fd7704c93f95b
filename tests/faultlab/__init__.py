"""A fault laboratory: a server on loopback that speaks the OpenAI API and breaks it on demand.

- `Lab(Plan(…))` runs it in a process of its own: faults by script and by rate, latency, limits,
  files and batches; its log says what was asked, and what became of it.
- `articles` are made-up readouts by number, and the reader that stands for the model.
- `answers` are the faults one by one; `faults.FaultyServer` scripts them within a test.
- `killer` ends a process with SIGKILL at random moments, and begins it anew.
"""

from __future__ import annotations

from faultlab.plan import ACCOUNT, FINAL, REPLIES, TRANSPORT, BatchPlan, Limit, Plan, evenly
from faultlab.process import Lab

__all__ = [
    "ACCOUNT",
    "FINAL",
    "REPLIES",
    "TRANSPORT",
    "BatchPlan",
    "Lab",
    "Limit",
    "Plan",
    "evenly",
]
