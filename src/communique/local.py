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
import hashlib
import json
import logging
import os
import re
import secrets
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.request import ProxyHandler, Request, build_opener

from communique._weights import (
    QWEN,
    Weights,
    cache_directory,
    checked,
    fetch,
    location,
    weights,
)
from communique.errors import ConfigurationError, WeightsInvalid

__all__ = [
    "QWEN",
    "LocalServer",
    "Weights",
    "compact_grammar",
    "fetch",
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
            except OSError as error:
                logger.warning("the prompt's beginning could not be read ahead: %s", error)
            running.warmed = wanted

    def stop(self) -> None:
        """Stop the server and free its memory; a second time does nothing."""
        with _lock:
            for place, running in list(_running.items()):
                if running.server == self:
                    del _running[place]
                    running.handle = None  # the last reference: llama.cpp's threads end here


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
            path, digest = _located(weights)
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


def _located(named: Path | None) -> tuple[Path, str]:
    if named is not None:
        return named, checked(named)
    path = weights_of_default()
    return path, QWEN.sha256 if path.name == QWEN.file else checked(path)


def weights_of_default() -> Path:
    return weights("local")
