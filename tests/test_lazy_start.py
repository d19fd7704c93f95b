"""The embedded model is started by the first request that the store cannot answer, not before."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from communique import Summariser, local
from communique.client import Meter
from communique.errors import CommuniqueError, ConfigurationError, Unavailable, WeightsInvalid
from communique.evaluate.__main__ import main
from communique.local import QWEN, LocalServer
from faults import FaultyServer

TEXT = "Foreign Minister Ana Duarte met Oman's Foreign Minister Salim Harthy in Lisbon.\n\n" + (
    "Foreign Minister Ana Duarte telephoned Oman's Foreign Minister Salim Harthy on Monday. " * 9
)
NOTHING = "The old harbour is quiet in winter. Fishermen mend their nets and wait for spring."
ANSWER = {"meetings": [], "agreements": []}


class Engine:
    """Stands for the embedded server: counts how often it is started, and may fail to."""

    def __init__(self, server: FaultyServer) -> None:
        self.server = server
        self.starts = 0
        self.error: Exception | None = None
        self.digest = QWEN.sha256

    def serve(self, *_: object, **__: object) -> LocalServer:
        self.starts += 1
        if self.error is not None:
            raise self.error
        return LocalServer(
            base_url=self.server.url,
            api_key="key-of-the-moment",
            model=QWEN.file.removesuffix(".gguf"),
            identity=f"sha256:{self.digest}",
            context_per_slot=4096,
            parallel=4,
        )


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Put an endpoint on loopback in the embedded server's place; no weights are there."""
    real = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> Any:
        return ModuleSpec(name, None) if name == "xllamacpp" else real(name, package)

    with FaultyServer(lambda _: ANSWER) as server:
        engine = Engine(server)
        monkeypatch.setattr(importlib.util, "find_spec", find_spec)
        monkeypatch.setattr(local, "weights", lambda _model: Path("nowhere.gguf"))
        monkeypatch.setattr(local, "serve", engine.serve)
        yield engine


def test_what_is_in_the_store_starts_nothing(engine: Engine, tmp_path: Path) -> None:
    """A second run over kept replies would load a model of a gigabyte to ask it nothing."""
    cache = tmp_path / "replies.sqlite"
    first = Summariser("local", cache=cache).summarise(TEXT)
    assert engine.starts
    assert len(engine.server.requests) == len(first.report.attempts) > 1
    engine.starts, engine.error = 0, AssertionError("started")
    again = Summariser("local", cache=cache).summarise(TEXT)
    assert engine.starts == 0
    assert again.report.cached
    assert again.engagements == first.engagements
    assert again.report.model == first.report.model == QWEN.file.removesuffix(".gguf")
    assert again.report.endpoint == first.report.endpoint == f"local:sha256:{QWEN.sha256}"


def test_an_article_without_a_passage_to_read_starts_nothing(engine: Engine) -> None:
    """An article about the weather would wait for the model to be loaded."""
    summary = Summariser("local").summarise(NOTHING)
    assert not summary.report.attempts
    assert engine.starts == 0


def test_one_reply_that_is_missing_starts_it(engine: Engine, tmp_path: Path) -> None:
    """A part of the article would be left unread because the rest of it is in the store."""
    cache = tmp_path / "replies.sqlite"
    Summariser("local", cache=cache).summarise(TEXT)
    engine.starts = 0
    more = "Defence Minister Fay Moreno of Malta met Oman's Defence Minister Bela Kovacs in Muscat."
    summary = Summariser("local", cache=cache).summarise(f"{TEXT}\n\n{more}")
    assert engine.starts == 1
    assert sum(not a.cached for a in summary.report.attempts) == 1


@pytest.mark.parametrize(
    "error",
    [
        WeightsInvalid("The file is damaged.", "Fetch it again."),
        Unavailable("No source answers.", "Try again."),
    ],
)
def test_a_failed_start_ends_the_article(engine: Engine, error: CommuniqueError) -> None:
    """Each of a hundred passages would try to fetch a gigabyte, with pauses in between."""
    engine.error = error
    with pytest.raises(type(error)) as caught:
        Summariser("local").summarise(TEXT * 9)
    assert engine.starts <= 4  # those that were under way side by side
    assert caught.value.report is not None
    assert caught.value.report.attempts == []
    assert {p.fate for p in caught.value.report.passages} == {"failed"}
    engine.error = None
    assert Summariser("local").summarise(TEXT).report.attempts


def test_a_server_with_other_weights_is_not_asked(engine: Engine) -> None:
    """Replies of one model would be kept, and found again, as those of another."""
    engine.digest = "0" * 64
    with pytest.raises(ConfigurationError, match="not the file that runs"):
        Summariser("local").summarise(TEXT)
    assert engine.server.requests == []


def test_measuring_what_is_in_the_cache_starts_nothing(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m communique.evaluate` would call a model for replies that it has."""
    gold = {"id": "a", "text": TEXT, "engagements": [], "agreements": []}
    (tmp_path / "a.json").write_text(json.dumps(gold), encoding="utf-8")
    assert main([str(tmp_path), "--model", "local"]) == 0
    asked, engine.starts = len(engine.server.requests), 0
    assert asked
    assert main([str(tmp_path), "--model", "local"]) == 0
    assert (engine.starts, len(engine.server.requests)) == (0, asked)
    assert main([str(tmp_path), "--model", "local", "--no-cache"]) == 0
    assert len(engine.server.requests) == 2 * asked
    assert "prompt tokens, total" in capsys.readouterr().out


def test_what_takes_time_to_start_takes_none_of_the_budget() -> None:
    """The download of the weights would use up the seconds that a passage may take."""
    whole = Meter(seconds=600)
    meter = Meter(seconds=60, parent=whole)
    meter.extend(30)
    assert meter.seconds_left() > 60
    assert whole.seconds_left() > 600
