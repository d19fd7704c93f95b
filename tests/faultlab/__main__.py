"""The laboratory's process: a plan comes in as a line of JSON, a port goes out, and it stays.

It ends when its standard input does, and so with whoever started it, however that ended.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys

from faultlab.lab import serve
from faultlab.plan import Plan


def _ready(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until the standard input ends."""
    plan = Plan.from_json(json.loads(sys.stdin.readline()))
    gc.freeze()

    async def run() -> None:
        await serve(plan, _ready, asyncio.to_thread(sys.stdin.read))

    asyncio.run(run())


if __name__ == "__main__":
    main()
