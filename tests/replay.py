"""Reading from cassettes: replies that the embedded model really gave, replayed without it."""

from __future__ import annotations

import importlib.util
import os
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
import vcr

from communique import client, local
from communique.local import QWEN, LocalServer

ROOT = Path(__file__).resolve().parent.parent
CASSETTES = ROOT / "cassettes"
RECORDING = "COMMUNIQUE_RECORD" in os.environ


def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the embedded server, unless recording: its address answers from a cassette."""
    if RECORDING:
        return
    server = LocalServer(
        base_url="http://127.0.0.1:9/v1",
        api_key="replayed",
        model=QWEN.file.removesuffix(".gguf"),
        identity=f"sha256:{QWEN.sha256}",
        context_per_slot=4096,
        parallel=4,
    )
    find_spec = importlib.util.find_spec

    def found(name: str, package: str | None = None) -> Any:
        return ModuleSpec(name, None) if name == "xllamacpp" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", found)
    monkeypatch.setattr(local, "weights", lambda _model: Path("replayed.gguf"))
    monkeypatch.setattr(local, "serve", lambda *_a, **_k: server)
    # A request that no cassette answers is not answered by waiting.
    monkeypatch.setattr(client, "_backoff", lambda: lambda _state: 0.0)


def cassette_of(config: dict[str, Any], path: Path, **options: Any) -> Any:
    """Replay a cassette outside the fixture that does so for one test."""
    repeats = config["allow_playback_repeats"]
    rest = {k: v for k, v in config.items() if k != "allow_playback_repeats"}
    return vcr.VCR(**rest).use_cassette(str(path), allow_playback_repeats=repeats, **options)
