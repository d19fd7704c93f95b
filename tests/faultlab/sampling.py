"""Where the time of a process goes, by module: its threads' frames, looked at now and then."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Self

_EVERY = 0.005
_WAITING = ("selectors.py", "threading.py", "concurrent/futures/thread.py")
"""Files whose frames are innermost where a thread waits for another, or for the network."""


class Sampler:
    """Counts samples by module, threads that wait left out.

    What a library does is counted for the module of `communique` that called it; what none
    called, for the library: `asyncio` is then the event loop's own work.
    """

    def __init__(self, package: str = "communique") -> None:
        self.counts: Counter[str] = Counter()
        self._package = package
        self._known: dict[CodeType, str] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def shares(self) -> dict[str, float]:
        """Give the share of the samples by module, the largest first."""
        whole = sum(self.counts.values())
        return {module: count / whole for module, count in self.counts.most_common()}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        own = threading.get_ident()
        while not self._over.wait(_EVERY):
            for thread, frame in sys._current_frames().items():
                if thread != own and not frame.f_code.co_filename.endswith(_WAITING):
                    self.counts[self._module(frame)] += 1

    def _module(self, frame: FrameType) -> str:
        innermost = self._name(frame.f_code)
        at: FrameType | None = frame
        while at is not None:
            name = self._name(at.f_code)
            if name.startswith(f"{self._package}."):
                return name
            at = at.f_back
        return innermost

    def _name(self, code: CodeType) -> str:
        """Name the module of code: whole for the package, the first part for a library."""
        if code not in self._known:
            parts = Path(code.co_filename).with_suffix("").parts
            if self._package in parts:
                last = len(parts) - 1 - parts[::-1].index(self._package)
                name = ".".join(parts[last:])
            else:
                name = _library(parts)
            self._known[code] = name
        return self._known[code]


def _library(parts: tuple[str, ...]) -> str:
    for folder in ("site-packages", f"python3.{sys.version_info.minor}"):
        if folder in parts:
            return parts[parts.index(folder) + 1]
    return parts[-1] if parts else "?"
