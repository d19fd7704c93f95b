"""The embedded model: llama.cpp in this process, behind an OpenAI-compatible endpoint on loopback.

`serve()` starts it, once per process and weights file, and gives what a client needs: an address,
a key and a name. Nobody else can use it: it listens on 127.0.0.1 only, at a port of the moment,
and asks for a random key. `fetch` and `weights` give the model's file, checked.

Two things about prompts belong here, because they follow from how this server reads them:
`neutralise`, since it takes `<|im_start|>` in an article for the real thing (a hosted endpoint
does not), and `compact_grammar`, since free white space costs nearly half of a reply's tokens.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import hashlib
import json
import logging
import os
import re
import secrets
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.request import ProxyHandler, Request, build_opener

from communique._weights import (
    QWEN,
    Weights,
    cache_directory,
    checked,
    fetch,
    identify,
    location,
    resolve,
    weights,
)
from communique.errors import ConfigurationError, WeightsInvalid

__all__ = [
    "QWEN",
    "LocalServer",
    "Weights",
    "compact_grammar",
    "fetch",
    "identify",
    "neutralise",
    "restore",
    "serve",
    "weights",
]

logger = logging.getLogger("communique")

ERRORS_ONLY: Final = 1
"""llama.cpp's verbosity: its reports of every tensor are kept back, its errors are not."""
HOST_CACHE_MIB: Final = 512
"""Memory for prompts that lost their slot; llama.cpp's own default is 8 GiB."""
PREFIXES_KEPT: Final = 8
"""Files of read prompts in the user's cache, about 25 MB each; the oldest go first."""
CONTROL_SECONDS: Final = 600.0

WORD_JOINER: Final = "\u2060"
_CONTROL = re.compile(
    rf"(?<=<){WORD_JOINER}*(?=[|｜]|/?(?:tool_call|tool_response|think|start_of_turn|end_of_turn"
    r"|start_header_id|end_header_id|bos|eos|pad|unk|s)>)"
    rf"|(?<=\[){WORD_JOINER}*(?=/?(?:INST|TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS|SYSTEM_PROMPT)\])"
)
"""The joiners, if any, behind the first character of what may be read as a control token.

All 22 spellings of the Qwen vocabulary are of these shapes, and so are those of the other families
of open models, of which a user's own weights may be.
"""


def neutralise(text: str) -> str:
    """Make the chat control tokens in a text plain characters, for the embedded server only.

    Puts U+2060 (word joiner, invisible, no break) behind the first character of each: measured on
    the embedded model, `<|im_start|>` is then eight ordinary tokens instead of the control token.
    """
    return _CONTROL.sub(lambda joiners: joiners[0] + WORD_JOINER, text)


def restore(text: str) -> str:
    """Undo `neutralise`: `restore(neutralise(text)) == text` for every text.

    Use it on what the model copied. A word joiner of the article's own stays.
    """
    return _CONTROL.sub(lambda joiners: joiners[0][1:], text)


def compact_grammar(schema: Mapping[str, Any]) -> str:
    """Give the grammar of JSON by a schema, without white space between its tokens.

    To be sent as `grammar` in the body of a request, without `response_format`: the server's own
    translation of a schema lets the model indent (measured: 55 tokens instead of 30 for the same
    record). The server answers freely when a grammar cannot be read, so validate what comes.
    """
    options = {
        "whitespace_flexible": False,
        "item_separator": ",",
        "key_separator": ":",
        "coerce_one_of": True,
        "lenient": True,
    }
    body = json.dumps({**schema, "x-guidance": options}, separators=(",", ":"))
    return f"%llguidance {{}}\nstart: %json {body}"


@dataclass(frozen=True)
class LocalServer:
    """A running embedded model, as a client needs to know it."""

    base_url: str
    """`http://127.0.0.1:<port>/v1`"""
    api_key: str = field(repr=False)
    model: str
    """The name that the endpoint answers to: the weights file's, without its ending."""
    identity: str
    """`sha256:<digest>` of the weights, for reports and cache keys."""
    context_per_slot: int
    """Tokens of prompt and reply together, for each of `parallel` requests at a time."""
    parallel: int

    def warm(self, messages: Sequence[Mapping[str, str]]) -> None:
        """Have the constant beginning of the prompts to come read, in every slot.

        Reading 800 tokens takes two cores some 13 seconds, and each slot would do it for itself.
        Here it is done once per user: the state is kept in the cache directory and copied into
        each slot in 25 ms. Calling it again with the same messages costs nothing. It is only ever
        a matter of speed, so nothing is raised: what goes wrong is logged.
        """
        running = _of_this_process(self)
        if running is None:
            return
        with running.warming:
            wanted = [dict(message) for message in messages]
            if running.warmed == wanted:
                return
            try:
                _warm(running, wanted)
            except (OSError, HTTPException) as error:
                logger.warning("the prompt's beginning could not be read ahead: %s", error)
            running.warmed = wanted

    def stop(self) -> None:
        """Stop the server and free its memory; a second time does nothing.

        In a child forked from a process with a server, the memory is freed at its end only.
        """
        with _lock:
            for place, running in list(_running.items()):
                if running.server == self:
                    del _running[place]
                    _end(running)


@dataclass
class _Running:
    server: LocalServer
    handle: Any
    version: str
    prefixes: Path
    warming: threading.Lock = field(default_factory=threading.Lock)
    warmed: list[dict[str, str]] | None = None


_lock = threading.RLock()
_running: dict[Path, _Running] = {}
_frees = True
"""Whether a server can be freed here: not in a child forked from a process that had one."""


def serve(
    weights: Path | None = None,
    *,
    parallel: int = 4,
    context: int = 4096,
    threads: int | None = None,
) -> LocalServer:
    """Start the embedded model, or give the one that runs in this process with these weights.

    `weights` is a GGUF file (by default the embedded model's, fetched on first use), `parallel`
    the number of requests decoded side by side (measured on two cores: four give twice the tokens
    per second of one, six no more than four), `context` the tokens of each, `threads` by default
    the physical cores that this process may use. The options count for the start only. It stops
    at the end of the process; a forked child gets a server of its own when it asks.

    Raises `ConfigurationError` without the extra `communique[local]`, `WeightsInvalid` when the
    file cannot be loaded, and what `fetch` raises.
    """
    runtime = _runtime()
    with _lock:
        place = (weights or location()).absolute()
        if place not in _running:
            path, digest = (weights, checked(weights)) if weights else resolve("local")
            _running[place] = _start(
                runtime, path, digest, _Options(parallel, context, threads or usable_cores())
            )
        return _running[place].server


@dataclass(frozen=True)
class _Options:
    parallel: int
    context: int
    threads: int


def _runtime() -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise ConfigurationError(
            "The embedded model's runtime is not installed.",
            'Install it with `pip install "communique[local]"`, or name another model.',
        ) from error
    return xllamacpp


def _start(runtime: Any, path: Path, digest: str, options: _Options) -> _Running:
    key = secrets.token_urlsafe(32)
    prefixes = cache_directory() / "prefixes"
    with contextlib.suppress(OSError):  # without it the server starts as well
        prefixes.mkdir(parents=True, exist_ok=True)
    params = _parameters(runtime, path, options)
    params.api_keys = [key]
    params.slot_save_path = f"{prefixes}{os.sep}" if prefixes.is_dir() else ""
    try:
        handle = runtime.Server(params)
    except RuntimeError as error:
        raise WeightsInvalid(
            f"llama.cpp cannot load {path} ({error}).",
            "Its own words stand on the standard error output: damaged, too new or too large.",
        ) from error
    logger.info("the embedded model %s runs on %s", path.stem, handle.listening_address)
    server = LocalServer(
        base_url=f"{handle.listening_address}/v1",
        api_key=key,
        model=path.stem,
        identity=f"sha256:{digest}",
        context_per_slot=options.context,
        parallel=options.parallel,
    )
    return _Running(server, handle, str(runtime.__version__), prefixes)


def _parameters(runtime: Any, path: Path, options: _Options) -> Any:
    """Set what differs from llama.cpp's defaults.

    Left as they are, because measured to be best: flash attention (without it a third slower),
    repacked weights, 16-bit keys and values, micro-batches of 512.
    """
    params = runtime.CommonParams()
    params.model.path = str(path)
    params.model_alias = {path.stem}
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # one that is free
    params.ui = False
    params.n_parallel = options.parallel
    params.n_ctx = options.context * options.parallel
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    params.cache_ram_mib = HOST_CACHE_MIB
    params.cache_idle_slots = False
    params.warmup = False
    params.verbosity = ERRORS_ONLY
    return params


def usable_cores() -> int:
    """Count the physical cores that this process may use, at least one.

    A thread more than that is worse than one less: the threads wait for each other at every layer.
    So hyper-threads, processor affinity and a container's quota are taken into account.
    """
    return max(1, _cores())


if sys.platform == "linux":

    def _cores() -> int:
        cores = set()
        for number in os.sched_getaffinity(0):
            siblings = Path(f"/sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list")
            try:
                cores.add(siblings.read_text(encoding="ascii"))
            except OSError:
                cores.add(str(number))
        try:
            quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
            return min(len(cores), int(quota) // int(period))
        except (OSError, ValueError):  # no such file, or "max"
            return len(cores)

else:

    def _cores() -> int:
        logical = os.cpu_count() or 1
        # Macs of today have one thread per core; elsewhere two are the rule.
        return logical if sys.platform == "darwin" or logical <= 2 else logical // 2


def _of_this_process(server: LocalServer) -> _Running | None:
    with _lock:
        return next((one for one in _running.values() if one.server == server), None)


def _warm(running: _Running, messages: list[dict[str, str]]) -> None:
    """Fill every slot with the state after these messages: from a file, or from slot 0."""
    server = running.server
    slots = range(server.parallel)
    told = [server.identity, running.version, server.context_per_slot, messages]
    name = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:24]
    known = _kept_prefix(running.prefixes, name)
    if known is None:
        body = {"messages": messages, "max_tokens": 1, "temperature": 0, "id_slot": 0}
        _ask(server, "/v1/chat/completions", body)
        if not running.prefixes.is_dir():
            return
        new = f"{name}-{os.getpid()}.new"
        _ask(server, "/slots/0?action=save", {"filename": new})
        known = _keep_prefix(running.prefixes / new, name)
        slots = range(1, server.parallel)
    for slot in slots:
        _ask(server, f"/slots/{slot}?action=restore", {"filename": known})


def _kept_prefix(folder: Path, name: str) -> str | None:
    """Find a prefix by its name; its own digest is the second half of the file's name."""
    for path in folder.glob(f"{name}-*.bin"):
        with contextlib.suppress(OSError):
            if hashlib.sha256(path.read_bytes()).hexdigest()[:24] == path.stem.partition("-")[2]:
                os.utime(path)
                return path.name
            path.unlink()
    return None


def _keep_prefix(new: Path, name: str) -> str:
    digest = hashlib.sha256(new.read_bytes()).hexdigest()[:24]
    kept = new.replace(new.with_name(f"{name}-{digest}.bin"))
    with contextlib.suppress(OSError):  # another process may be tidying up as well
        by_age = sorted(new.parent.iterdir(), key=lambda path: path.stat().st_mtime)
        for old in by_age[:-PREFIXES_KEPT]:
            old.unlink()
    return kept.name


def _ask(server: LocalServer, path: str, body: Mapping[str, Any]) -> None:
    """Post to the server. No proxy is asked for the way to this machine."""
    headers = {"Authorization": f"Bearer {server.api_key}", "Content-Type": "application/json"}
    address = server.base_url.removesuffix("/v1") + path
    request = Request(address, data=json.dumps(body).encode(), headers=headers)  # noqa: S310
    with build_opener(ProxyHandler({})).open(request, timeout=CONTROL_SECONDS) as response:
        response.read()


def _stop_all() -> None:
    for running in list(_running.values()):
        running.server.stop()


def _leave_parents_servers() -> None:
    """Drop, in a forked child, the servers whose threads stayed behind in the parent.

    Whatever llama.cpp frees in the child, it waits for threads that are not there: the parent's
    servers, the child's own, and its globals at the end of the process. So nothing is freed, and
    the child's end skips what C++ registered for it; Python's own ending comes before.
    """
    global _lock, _frees  # noqa: PLW0603 - the parent may have held the lock while it forked
    _lock = threading.RLock()
    if not _running:
        return
    _frees = False
    for running in _running.values():
        _end(running)
    _running.clear()
    libc = ctypes.CDLL(None)
    with contextlib.suppress(AttributeError):  # only the GNU library hands on the exit status
        libc.on_exit(libc._exit, None)  # noqa: SLF001 - the name of a C function


def _end(running: _Running) -> None:
    if not _frees:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(running.handle))
    running.handle = None  # the last reference: llama.cpp's threads end here


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_parents_servers)
