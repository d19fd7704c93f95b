"""OpenAI's files and batches, in memory: the shapes, the states and the limits of the real ones.

A batch goes validating → in_progress → finalizing → completed; or fails while it is validated;
or expires or is cancelled with a part of its requests done. What was executed is in the output
file, what was not, or failed, in the error file, one JSON object a line and in no order.
Source: platform.openai.com/docs/api-reference/batch and /files, and the types of `openai`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from faultlab import answers
from faultlab.plan import BatchPlan
from faultlab.wire import Asked, Exchange

ENDPOINT = "/v1/chat/completions"
WINDOW = 24 * 3600
_OVER = ("completed", "failed", "expired", "cancelled")
_AT_A_TIME = 50

Execute = Callable[[Asked, str], Awaitable[list[tuple[int, Any]]]]
"""Executes a named line: gives status and body of its answers, of which there should be one."""


class Refusal(Exception):
    """The API refuses a call: an HTTP status and an error body."""

    def __init__(self, status: int, message: str, **error: object) -> None:
        super().__init__(message)
        self.status = status
        self.body = answers.error_body(message, type="invalid_request_error", **error)


@dataclass
class Stored:
    """One file: what is told about it, and its bytes."""

    told: dict[str, Any]
    data: bytes


@dataclass
class _Job:
    """One batch in the making: what is told about it, and what of it is done."""

    told: dict[str, Any]
    fate: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    answered: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[int] = field(default_factory=lambda: [0, 0])

    def enter(self, state: str) -> None:
        """Change the state, and note when, as the API does."""
        self.told["status"] = state
        if f"{state}_at" in self.told:
            self.told[f"{state}_at"] = int(time.time())

    def count(self) -> None:
        """Bring the counts and the usage up to date."""
        done, failed = len(self.answered), len(self.failed)
        counts = {"total": len(self.lines), "completed": done, "failed": failed}
        self.told["request_counts"] = counts
        read, written = self.tokens
        self.told["usage"] = {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + written,
        }

    def not_executed(self, line: Mapping[str, Any], code: str, words: str) -> None:
        """Note a request that was not executed."""
        error = {"code": code, "message": words}
        told = {"id": f"batch_req_{line['custom_id']}", "custom_id": line["custom_id"]}
        self.failed.append({**told, "response": None, "error": error})


class Batches:
    """The files and the batches of one account; `plan` says what becomes of them."""

    def __init__(self, plan: BatchPlan, execute: Execute, seed: int = 0) -> None:
        self.plan = plan
        self.files: dict[str, Stored] = {}
        self.jobs: dict[str, _Job] = {}
        self._execute = execute
        self._numbers = itertools.count(1)
        self._chance = random.Random(seed)  # noqa: S311 - the same disorder every time
        self._tasks: set[asyncio.Task[None]] = set()

    # -- files

    def upload(self, asked: Asked) -> dict[str, Any]:
        """Take a file in."""
        form = _form(asked)
        name, data = form.get("file", ("", b""))
        purpose = form.get("purpose", ("", b""))[1].decode()
        if purpose not in {"batch", "user_data", "fine-tune", "evals"}:
            raise Refusal(400, f"'{purpose}' is not one of the purposes.", param="purpose")
        if purpose == "batch" and not name.endswith(".jsonl"):
            words = "Invalid file format for Batch API. Must be .jsonl"
            raise Refusal(400, words, param="file")
        return self._keep(name, data, purpose)

    def _keep(self, name: str, data: bytes, purpose: str) -> dict[str, Any]:
        told: dict[str, Any] = {
            "id": f"file-{next(self._numbers)}",
            "object": "file",
            "bytes": len(data),
            "created_at": int(time.time()),
            "filename": name,
            "purpose": purpose,
            "status": "processed",
            "expires_at": None,
        }
        self.files[told["id"]] = Stored(told, data)
        return told

    def file(self, name: str) -> Stored:
        """Find a file; raises `Refusal` where there is none."""
        if name not in self.files:
            raise Refusal(404, f"No such File object: {name}", param="id")
        return self.files[name]

    def delete(self, name: str) -> dict[str, Any]:
        """Forget a file."""
        self.file(name)
        del self.files[name]
        return {"id": name, "object": "file", "deleted": True}

    # -- batches

    def create(self, asked: Asked) -> dict[str, Any]:
        """Begin a batch."""
        given = asked.body
        if given.get("endpoint") != ENDPOINT:
            raise Refusal(400, "This endpoint is not known here.", param="endpoint")
        if given.get("completion_window") != "24h":
            words = "Invalid value: only '24h' is supported."
            raise Refusal(400, words, param="completion_window")
        source = self.file(given.get("input_file_id", ""))
        number = len(self.jobs)
        job = _Job(_new(f"batch_{number + 1}", given), self._fate(number))
        self.jobs[job.told["id"]] = job
        task = asyncio.get_running_loop().create_task(self._live(job, source.data))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job.told

    def _fate(self, number: int) -> str:
        return self.plan.fates[number] if number < len(self.plan.fates) else "completed"

    def batch(self, name: str) -> _Job:
        """Find a batch; raises `Refusal` where there is none."""
        if name not in self.jobs:
            raise Refusal(404, f"No batch found with id '{name}'.")
        return self.jobs[name]

    def cancel(self, name: str) -> dict[str, Any]:
        """Stop a batch; what is executed by then stays."""
        job = self.batch(name)
        if job.told["status"] in _OVER:
            words = f"Cannot cancel a batch with status '{job.told['status']}'."
            raise Refusal(409, words)
        job.enter("cancelling")
        return job.told

    def listed(self, items: list[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
        """List files or batches, the newest first, in pages."""
        newest = items[::-1]
        after = [n for n, item in enumerate(newest) if item["id"] == query.get("after")]
        rest = newest[after[0] + 1 :] if after else newest
        page = rest[: int(query.get("limit", 20))]
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
        more = len(rest) > len(page)
        return {"object": "list", "data": page, **ends, "has_more": more}

    def stop(self) -> None:
        """End the batches that are under way, unfinished."""
        for task in self._tasks:
            task.cancel()

    # -- the life of a batch

    async def _live(self, job: _Job, data: bytes) -> None:
        await asyncio.sleep(self.plan.seconds)
        errors = self._validate(job, data)
        if errors and job.told["status"] != "cancelling":
            job.told["errors"] = {"object": "list", "data": errors}
            job.enter("failed")
            return
        job.count()
        if job.told["status"] != "cancelling":
            job.enter("in_progress")
        await asyncio.sleep(self.plan.seconds)
        await self._work(job)
        if job.told["status"] == "cancelling":
            self._end(job, "cancelled", "batch_cancelled", "The batch was cancelled.")
            return
        job.enter("finalizing")
        await asyncio.sleep(self.plan.seconds)
        expired = "This request could not be executed before the completion window expired."
        self._end(job, job.fate, "batch_expired", expired)

    def _validate(self, job: _Job, data: bytes) -> list[dict[str, Any]]:
        """Read the lines; return the errors that fail the batch."""
        if job.fate == "token_limit":
            words = "Enqueued token limit reached. Please try again once some batches are done."
            return [_flaw("token_limit_exceeded", words)]
        if job.fate == "failed":
            return [_flaw("invalid_request", "The batch could not be started.")]
        if len(data) > self.plan.max_bytes:
            words = f"The batch input file is larger than the {self.plan.max_bytes} maximum."
            return [_flaw("file_too_large", words)]
        lines = data.splitlines()
        if not lines:
            return [_flaw("empty_file", "The file holds no request.")]
        if len(lines) > self.plan.max_requests:
            words = f"The file holds more than {self.plan.max_requests} requests."
            return [_flaw("too_many_tasks", words)]
        errors: list[dict[str, Any]] = []
        seen: set[str] = set()
        for number, line in enumerate(lines, start=1):
            flaw = self._line(line, number, seen, job)
            if flaw:
                errors.append(flaw)
        return errors

    def _line(self, line: bytes, number: int, seen: set[str], job: _Job) -> dict[str, Any] | None:
        """Take one line in; return what is wrong with it, or None."""
        try:
            given = json.loads(line)
            body, name, url = given["body"], given["custom_id"], given["url"]
        except (ValueError, KeyError, TypeError):
            words = "This line is not parseable as valid JSON."
            return _flaw("invalid_json_line", words, number)
        if name in seen:
            words = f"The custom_id for this request is a duplicate of another request: {name}."
            return _flaw("duplicate_custom_id", words, number, "custom_id")
        if url != job.told["endpoint"] or given.get("method") != "POST":
            words = "The URL provided for this request does not match the batch endpoint."
            return _flaw("url_mismatch", words, number, "url")
        seen.add(name)
        if job.lines and body["model"] != job.lines[0]["body"]["model"]:
            words = "The provided model does not match the other requests in the batch."
            return _flaw("model_mismatch", words, number, "body.model")
        job.lines.append(given)
        job.told["model"] = body["model"]
        return None

    async def _work(self, job: _Job) -> None:
        """Execute the lines, or the part of them that gets done."""
        wanted = len(job.lines)
        if job.fate == "expired":
            wanted = int(wanted * self.plan.done)
        for number, line in enumerate(job.lines[:wanted]):
            if number % _AT_A_TIME == 0:
                job.count()
                await asyncio.sleep(0)
            if job.told["status"] == "cancelling":
                return
            await self._one(job, line)

    async def _one(self, job: _Job, line: Mapping[str, Any]) -> None:
        sent = json.dumps(line["body"], ensure_ascii=False, separators=(",", ":")).encode()
        name = line["custom_id"]
        told = {"id": f"batch_req_{name}", "custom_id": name}
        for status, body in await self._execute(Asked("POST", line["url"], {}, sent), name):
            response = {"status_code": status, "request_id": f"req_{name}", "body": body}
            answered = job.answered if status == 200 else job.failed
            answered.append({**told, "response": response, "error": None})
            usage = body.get("usage") or {}
            job.tokens[0] += usage.get("prompt_tokens", 0)
            job.tokens[1] += usage.get("completion_tokens", 0)

    def _end(self, job: _Job, state: str, code: str, words: str) -> None:
        """Write the two files and close the batch."""
        if state != "completed":
            done = {told["custom_id"] for told in (*job.answered, *job.failed)}
            for line in job.lines:
                if line["custom_id"] not in done:
                    job.not_executed(line, code, words)
        for told, name, which in (
            (job.answered, "output", "output_file_id"),
            (job.failed, "error", "error_file_id"),
        ):
            if told:  # no file is made for nothing: its id stays null
                self._chance.shuffle(told)
                data = "".join(json.dumps(line) + "\n" for line in told).encode()
                file = self._keep(f"{job.told['id']}_{name}.jsonl", data, "batch_output")
                job.told[which] = file["id"]
        job.count()
        job.enter(state)


def _new(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    states = ("in_progress", "finalizing", "completed", "failed", "expired")
    times = {f"{state}_at": None for state in (*states, "cancelling", "cancelled")}
    return {
        "id": name,
        "object": "batch",
        "endpoint": given["endpoint"],
        "model": None,
        "errors": None,
        "input_file_id": given["input_file_id"],
        "completion_window": given["completion_window"],
        "status": "validating",
        "output_file_id": None,
        "error_file_id": None,
        "created_at": now,
        "expires_at": now + WINDOW,
        **times,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "usage": None,
        "metadata": given.get("metadata"),
    }


def _flaw(
    code: str, message: str, line: int | None = None, param: str | None = None
) -> dict[str, Any]:
    return {"code": code, "message": message, "line": line, "param": param}


_DISPOSITION = re.compile(rb'(?<![a-z])(name|filename)="([^"]*)"')


def _form(asked: Asked) -> dict[str, tuple[str, bytes]]:
    """Read multipart/form-data (RFC 7578): the name of each part to its file name and bytes."""
    kind, _, boundary = asked.headers.get("content-type", "").partition("boundary=")
    if not kind.startswith("multipart/form-data") or not boundary:
        raise Refusal(400, "Expected multipart/form-data.")
    parts = {}
    for part in asked.data.split(b"--" + boundary.strip('"').encode())[1:-1]:
        head, _, data = part.partition(b"\r\n\r\n")
        names = {key: value.decode() for key, value in _DISPOSITION.findall(head)}
        parts[names.get(b"name", "")] = (names.get(b"filename", ""), data.removesuffix(b"\r\n"))
    return parts


class Recorded(Exchange):
    """An exchange whose answer is kept instead of sent: how a batch's line is answered."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.stopping = asyncio.Event()
        self.stopping.set()
        self.keep = True
        self.written = bytearray()

    def head(self, status: int, length: int, headers: Mapping[str, str] | None = None) -> None:
        """Keep a status line and headers."""
        self.written += self._head(status, length, headers)

    async def send(self, data: bytes | memoryview) -> None:
        """Keep bytes."""
        self.written += data

    def reset(self) -> None:
        """End without an answer."""
        self.written.clear()

    def outcomes(self) -> list[tuple[int, Any]]:
        """Give the status and the JSON body; nothing where there is no such answer."""
        head, _, body = self.written.partition(b"\r\n\r\n")
        try:
            return [(int(head.split(b" ", 2)[1]), json.loads(body))]
        except (ValueError, IndexError):
            return []
