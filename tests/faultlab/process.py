"""The laboratory as a test or a benchmark holds it: a context that starts and ends its process.

>>> with Lab(Plan(rates=evenly(0.3, *TRANSPORT), seed=1)) as lab:
...     ...  # requests to lab.url are answered by the plan
...     assert lab.statistics()["kinds"]["good"]
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from faultlab.lab import Entry
from faultlab.plan import Plan

FOLDER = Path(__file__).resolve().parent.parent
_PATIENCE = 30.0


class Lab:
    """A running laboratory: `url` to send to, and its log and statistics to look at."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.plan = plan or Plan()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faultlab"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(FOLDER)},
        )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(self.plan.as_json()) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            self.close()
            raise RuntimeError("the laboratory did not start: see its standard error")
        self.port = int(line)

    @property
    def url(self) -> str:
        """The base URL to give to a client."""
        return f"http://127.0.0.1:{self.port}/v1"

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        try:
            connection.request(method, f"/lab/{path}", json.dumps(body))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def take(self, plan: Plan) -> Self:
        """Begin anew with another plan, an empty log, no files and no batches."""
        self.plan = plan
        self._ask("POST", "plan", plan.as_json())
        return self

    def log(self, since: int = 0) -> list[Entry]:
        """List the chat completions that were asked for, in the order of arrival."""
        return [Entry(*values) for values in self._ask("GET", f"log?since={since}")]

    def statistics(self) -> dict[str, Any]:
        """Count what was asked: `kinds` of answers, `most_at_once`, calls about files, bugs."""
        return self._ask("GET", "statistics")  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the process; raises `RuntimeError` where the laboratory itself had a bug."""
        bugs = self.statistics()["bugs"] if self._process.poll() is None else []
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(_PATIENCE)
        finally:
            self._process.kill()
        if bugs:
            raise RuntimeError("\n".join(bugs))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
