"""The check of the gold: what is there passes, and what the gold must not be is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOL = ROOT / "tools" / "check_gold.py"


def check(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the tool."""
    command = [sys.executable, str(TOOL), "--quiet", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_gold_covers_what_it_must() -> None:
    """A type, a status, an act, a relation or a date form would not be measured."""
    done = check()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _no_words(article: dict[str, Any]) -> None:
    article["engagements"][0]["date_words"] = "on a Friday"


def _long(article: dict[str, Any]) -> None:
    article["text"] += " word" * 120


def _undone(article: dict[str, Any]) -> None:
    article["agreements"][0]["status"] = "in_force"


def _unknown_code(article: dict[str, Any]) -> None:
    article["engagements"][0]["participants"][0]["country"] = "XYZ"


def _other_name(article: dict[str, Any]) -> None:
    article["engagements"][1]["participants"][1]["name"] = "Tran Quoc Hoi"


def _no_type(article: dict[str, Any]) -> None:
    article["engagements"][1]["type"] = "bilateral_meeting"


def _accepting(article: dict[str, Any]) -> None:
    article["engagements"][1]["accept"] = {"dates": [None]}


def _accepting_none_such(article: dict[str, Any]) -> None:
    article["engagements"][1]["accept"] = {"country": ["VNN"]}


def _baited(article: dict[str, Any]) -> None:
    article["bait"] = {"words": ["Colombo"]}


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_no_words, "not in the text: on a Friday"),
        (_long, "more than 120 words"),
        (_undone, "status in_force is not that of an act"),
        (_unknown_code, "no such code: XYZ"),
        (_other_name, "not in the text: Tran Quoc Hoi"),
        (_no_type, "no such type: bilateral_meeting"),
        (_accepting, "accept names no field: dates"),
        (_accepting_none_such, "no such code in accept: VNN"),
        (_baited, "a bait is for hostile articles"),
    ],
)
def test_a_spoilt_article_is_told(
    spoil: Callable[[dict[str, Any]], None], told: str, tmp_path: Path
) -> None:
    """A slip in a gold file would be measured as a mistake of the model's."""
    seeds = shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    path = seeds / "gold" / "01-indian-readout-sidelines.json"
    article = json.loads(path.read_text(encoding="utf-8"))
    spoil(article)
    path.write_text(json.dumps(article, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    done = check(seeds)
    assert done.returncode == 1
    assert told in done.stdout


def test_what_is_rare_is_told(tmp_path: Path) -> None:
    """An article could be taken out, and what only it was about with it."""
    seeds = shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    (seeds / "gold" / "02-us-readout-four-calls.json").unlink()
    (seeds / "gold" / "39-contracts.json").unlink()
    told = check(seeds).stdout
    assert "too few articles with several calls in one readout" in told
    assert "agreement type contract: fewer than 3" in told
