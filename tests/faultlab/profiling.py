"""Where the time of a run goes, by module, on the caller's thread and on the library's loop."""

from __future__ import annotations

import cProfile
import pstats
import re
import sys
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_WAITS = re.compile(r"'(?:acquire|poll|select|control)' of ")


class Profile:
    """Profiles two threads and tells the time of each module itself, as shares.

    What a function of compiled code takes (a regular expression, SQLite, pydantic's core) counts
    for the module that called it. Waiting for a lock or for the network counts for nobody.
    """

    def __init__(self, package: str = "communique") -> None:
        self.counts: Counter[str] = Counter()
        self._package = package
        self._profiles = [cProfile.Profile() for _ in range(2)]

    def shares(self) -> dict[str, float]:
        """Give the share of the time by module, the largest first."""
        whole = sum(self.counts.values()) or 1.0
        return {module: seconds / whole for module, seconds in self.counts.most_common()}

    def __enter__(self) -> Self:
        self._on_the_loop("enable")
        self._profiles[0].enable()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._profiles[0].disable()
        self._on_the_loop("disable")
        for profile in self._profiles:
            self._count(pstats.Stats(profile).stats)  # type: ignore[attr-defined]

    def _on_the_loop(self, what: str) -> None:
        from communique import _loop

        async def there() -> None:
            getattr(self._profiles[1], what)()

        _loop.run(there())

    def _count(self, stats: dict[Any, Any]) -> None:
        for (file, _, name), (_, _, itself, _, callers) in stats.items():
            if file == "~" and _WAITS.search(name):
                continue
            if file == "~":
                for (caller, _, _), told in callers.items():
                    self.counts[self._module(caller)] += told[2]
            else:
                self.counts[self._module(file)] += itself

    def _module(self, file: str) -> str:
        """Name a file's module: whole for the package, the first part for a library."""
        parts = Path(file).with_suffix("").parts
        if "faultlab" in parts:
            return "faultlab"
        if self._package in parts:
            return ".".join(parts[len(parts) - 1 - parts[::-1].index(self._package) :])
        for folder in ("site-packages", f"python3.{sys.version_info.minor}"):
            if folder in parts:
                return parts[parts.index(folder) + 1]
        return parts[-1] if parts else "?"
