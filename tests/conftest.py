"""What every test stands on: no network, no home, no key, and cassettes without secrets."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from hypothesis import settings

from communique import prompts
from faultlab import Lab

ROOT = Path(__file__).resolve().parent.parent

# Continuous integration tries the same examples every time; a developer's runs look for new ones.
settings.register_profile("default", deadline=None, max_examples=100, print_blob=True)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

RECORDING = "COMMUNIQUE_RECORD"
"""Set by `make record`: the embedded model's weights are then taken from the user's cache."""

# Named are those that stay: a header that nobody has thought of is not kept.
KEPT_REQUEST_HEADERS = frozenset({"accept", "content-type"})
KEPT_RESPONSE_HEADERS = frozenset({"content-type", "retry-after", "retry-after-ms"})
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(scope="module")
def running() -> Iterator[Lab]:
    """One laboratory for all tests of a module, in a process of its own."""
    with Lab() as lab:
        yield lab


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make `recorded` and pytest-recording's own `vcr` one: either marker brings the other."""
    for item in items:
        names = {mark.name for mark in item.iter_markers()}
        if "recorded" in names and "vcr" not in names:
            item.add_marker(pytest.mark.vcr)
        if "vcr" in names and "recorded" not in names:
            item.add_marker(pytest.mark.recorded)


@pytest.fixture(autouse=True)
def isolated(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Hide the developer's keys, settings, home and cache from every test.

    Where the embedded model runs, home and cache stay: its weights are there.
    """
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "COMMUNIQUE_")) and name != RECORDING:
            monkeypatch.delenv(name)
        if name.lower() in PROXIES:
            monkeypatch.delenv(name, raising=False)
    if request.node.get_closest_marker("local_model") or RECORDING in os.environ:
        yield
        return
    home = tmp_path / "home"
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COMMUNIQUE_CACHE_DIR", str(home / "cache"))
    yield


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    """Keep the cassettes of `tests/test_NAME.py` in `cassettes/NAME/`."""
    return str(ROOT / "cassettes" / request.path.stem.removeprefix("test_"))


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, Any]:
    """Match on what is asked, wherever it is asked, and keep nothing that is not needed."""
    return {
        # Neither host nor port: the embedded server listens on a port of the moment.
        "match_on": ["method", "path", "body"],
        "before_record_request": scrub_request,
        "before_record_response": scrub_response,
        "decode_compressed_response": True,
        "allow_playback_repeats": False,
    }


def scrub_request(request: Any) -> Any:
    """Take credentials, port, query and the client's fingerprint out of a request.

    What only prepares the embedded server (its state, read ahead into a slot) is not recorded.
    """
    parts = urlsplit(request.uri)
    if not parts.path.endswith("/chat/completions") or b'"id_slot"' in (request.body or b""):
        return None
    request.uri = urlunsplit((parts.scheme, parts.hostname or "", parts.path, "", ""))
    request.body = abridged(request.body)
    kept = {k: v for k, v in request.headers.items() if k.lower() in KEPT_REQUEST_HEADERS}
    request.headers = kept
    return request


def abridged(body: bytes | str | None) -> bytes | str | None:
    """Name what every request repeats: the prompt by its label, a grammar by its digest.

    Another prompt or grammar still is another request; what is read and answered stays in full.
    """
    try:
        asked = json.loads(body or "")
        messages = asked["messages"]
    except (ValueError, TypeError, KeyError):
        return body
    for label, constant in constant_messages():
        if messages[: len(constant)] == constant:
            named = {"role": "system", "content": f"prompt {label}"}
            asked["messages"] = [named, *messages[len(constant) :]]
    grammar = asked.get("grammar")
    if grammar and not grammar.startswith("sha256:"):
        asked["grammar"] = f"sha256:{hashlib.sha256(grammar.encode()).hexdigest()}"
    return json.dumps(asked, ensure_ascii=False).encode()


@functools.cache
def constant_messages() -> list[tuple[str, list[dict[str, str]]]]:
    """The label of each prompt of the checkout, and its messages but for the last one."""
    found = [
        prompts.load(path.parent.name, int(path.stem.removeprefix("v")))
        for path in sorted((ROOT / "prompts").glob("*/v*.md"))
    ]
    return [(prompt.label, prompt.messages("")[:-1]) for prompt in found]


def scrub_response(response: dict[str, Any]) -> dict[str, Any]:
    """Keep of a response what the library reads; drop identifiers, clocks and machine names.

    The same reply recorded twice is then the same cassette, byte for byte.
    """
    kept = {k: v for k, v in response["headers"].items() if k.lower() in KEPT_RESPONSE_HEADERS}
    body = response["body"]["string"]
    try:
        reply = json.loads(body)
    except ValueError:
        return {**response, "headers": kept}
    if isinstance(reply, dict):
        for name in ("timings", "system_fingerprint", "__verbose"):
            reply.pop(name, None)
        reply |= {name: value for name, value in (("id", "reply"), ("created", 0)) if name in reply}
        if isinstance(reply.get("usage"), dict):  # what was in the engine's memory by chance
            reply["usage"].pop("prompt_tokens_details", None)
    string = json.dumps(reply, ensure_ascii=False).encode()
    return {**response, "headers": kept, "body": {"string": string}}
