"""Submits and collects a batch in a process of its own, which ends at a chosen step (SIGKILL).

Its arguments are the laboratory's address, the store, how many readouts, and the step: the name of
a method of `communique._batch_api.Api` or `communique._batch_book.Book`, how often it may be
called before, and whether the process ends "before" or "after" it. Without a step it goes on to
the end, and prints an identifier for each outcome.
"""

from __future__ import annotations

import inspect
import os
import signal
import sys
from typing import Any

from communique import _batch_api, _batch_book, submit_batch
from faultlab import articles

KEY = "sk-lab-0123456789abcdef"


def _dies(holder: Any, name: str, calls: int, when: str) -> None:
    good, left = getattr(holder, name), [calls]

    def due() -> bool:
        left[0] -= 1
        return left[0] < 0

    async def later(*args: Any, **options: Any) -> Any:
        ends = due()
        if ends and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        made = await good(*args, **options)
        if ends:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    def now(*args: Any, **options: Any) -> Any:
        ends = due()
        if ends and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        made = good(*args, **options)
        if ends:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    setattr(holder, name, later if inspect.iscoroutinefunction(good) else now)


def main() -> None:
    """Do it."""
    url, store, count, *step = sys.argv[1:]
    if step:
        name, calls, when = step
        holder = next(h for h in (_batch_api.Api, _batch_book.Book) if hasattr(h, name))
        _dies(holder, name, int(calls), when)
    batch = submit_batch(
        map(articles.article, range(int(count))),
        resume=store,
        model="openai/lab",
        base_url=url,
        api_key=KEY,
        requests_per_file=10,
    )
    for outcome in batch.collect(every=0.02):
        told = "summary" if outcome.ok else type(outcome.failure).__name__
        sys.stdout.write(f"{outcome.article_id} {told}\n")


if __name__ == "__main__":
    main()
