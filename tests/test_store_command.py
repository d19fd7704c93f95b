"""Looking into a store from the command line, and what its page in the documentation says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from communique import errors
from communique.store import Store
from communique.store.__main__ import main
from conftest import ROOT

PAGE = (ROOT / "docs" / "store.md").read_text(encoding="utf-8")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with two replies, two outcomes and a note."""
    with Store(tmp_path / "s.sqlite") as store:
        store.put("ab" * 32, '{"a": "\x1b[31mé"}', model="m", prompt_tokens=3, completion_tokens=5)
        store.put("cd" * 32, "raw", model="m\n\x07")
        store.keep_outcome("ef" * 32, "s", article_id="first", summary='{"abstract": "x"}')
        failure = errors.Refused("No.", "Stop.")
        store.keep_outcome("01" * 32, "s", article_id="odd \udcff\n", failure=failure)
        store.note("batch", "b1", [1])
    return store.path


def test_it_counts(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A user could not tell what a run has kept if this failed."""
    assert main([str(path)]) == main([str(path), "count"]) == 0
    out = capsys.readouterr().out
    counts = dict(line.split() for line in out.splitlines()[:6])
    assert counts.pop("bytes").replace(",", "").isdigit()
    assert counts == {
        "replies": "2", "summaries": "1", "failures": "1", "claims": "0", "notes": "1",
    }  # fmt: skip


def test_it_lists_a_line_for_each(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model's or a file's own characters would act on the terminal, or break lines, otherwise."""
    assert main([str(path), "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["reply"] * 2 + ["outcome"] * 2
    assert [line.split()[1] for line in lines] == [k * 6 for k in ("ab", "cd", "01", "ef")]
    assert "3+5" in lines[0]
    assert "\\x1b[31mé" in lines[0]
    assert lines[2].endswith("Refused  odd \\udcff")
    assert lines[3].endswith("summary  first")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("ab", "reply"), ("ab" * 32, "reply"), ("ef", "outcome"), ("first", "outcome")],
)
def test_it_shows_one(path: Path, capsys: pytest.CaptureFixture[str], name: str, kind: str) -> None:
    """A reply named in a report could not be looked at if this failed."""
    assert main([str(path), "show", name]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == kind


def test_it_says_that_there_is_nothing(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A script could not tell a missing reply from an empty one if this failed."""
    assert main([str(path), "show", "77"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "'77'" in captured.err


def test_it_exports(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was paid for could not be taken elsewhere, or a file be overwritten, otherwise."""
    out = tmp_path / "out.jsonl"
    assert main([str(path), "export", str(out)]) == 0
    kinds = [json.loads(line)["kind"] for line in out.read_bytes().splitlines()]
    assert kinds == ["reply"] * 2 + ["outcome"] * 2 + ["note"]
    assert main([str(path), "export", "-"]) == 0
    assert capsys.readouterr().out == out.read_text("utf-8")
    assert main([str(path), "export", str(out)]) == 7
    assert main([str(path), "export", str(path)]) == 7
    assert "exists already" in capsys.readouterr().err


def test_it_prunes(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A store could not be kept small if this failed."""
    assert main([str(path), "prune", "--older-than", "1"]) == 0
    assert main([str(path), "prune", "--older-than", "0"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["0", "4"]
    with Store(path) as store:
        assert store.count()["replies"] == 0


@pytest.mark.parametrize("days", ["-1", "nan", "inf", "soon", None])
def test_it_prunes_nothing_by_mistake(path: Path, days: str | None) -> None:
    """A slip of the hand would empty a store if this failed."""
    wanted = [] if days is None else ["--older-than", days]
    with pytest.raises(SystemExit) as caught:
        main([str(path), "prune", *wanted])
    assert caught.value.code == 2
    with Store(path) as store:
        assert len(store) == 2


def test_it_checks(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged store would be told to be whole if this failed."""
    assert main([str(path), "check"]) == 0
    data = path.read_bytes()
    assert data.count(b'"\x1b[31m') == 1
    path.write_bytes(data.replace(b'"\x1b[31m', b'"\x1b[32m'))
    assert main([str(path), "check"]) == 1
    assert "damaged" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["count", "list", "show x", "check", "export -"])
def test_it_makes_and_changes_nothing(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """A look at a mistyped name would make an empty store of it if this failed."""
    before = path.read_bytes()
    main([str(path), *command.split()])
    assert path.read_bytes() == before
    assert main([str(tmp_path / "none.sqlite"), *command.split()]) == 7
    assert not (tmp_path / "none.sqlite").exists()
    other = tmp_path / "notes.txt"
    other.write_text("Minutes of the meeting. " * 100)
    assert main([str(other), *command.split()]) == 7
    told = capsys.readouterr().err.splitlines()[-2:]
    assert "There is no store" in told[0]
    assert "not a database" in told[1]


def test_it_is_a_module(path: Path) -> None:
    """`python -m communique.store` would not be there, or its help not, if this failed."""
    command = [sys.executable, "-m", "communique.store"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [*command, "--help"], env=environment, capture_output=True, check=True, text=True
    )
    for name in ("count", "list", "show", "prune", "export", "check", "exit codes"):
        assert name in done.stdout
    with subprocess.Popen(
        [*command, str(path), "list"], env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as listing:  # fmt: skip
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.close()  # as `| head` does
        assert listing.stderr.read() == b""


def test_the_page_tells_of_every_method() -> None:
    """A method would be undocumented, or documented and missing, if this failed."""
    rows = re.findall(r"^\| `(\w+)", PAGE.split("## The same from Python")[1], re.MULTILINE)
    with_state = {name for name in dir(Store) if not name.startswith("_")} | {"Store", "readonly"}
    assert set(rows) == with_state


def test_the_page_shows_commands_that_work(path: Path, tmp_path: Path) -> None:
    """A user would type a command of the page in vain if this failed."""
    shown = re.findall(
        r"^\$ python -m communique.store replies.sqlite ([^#\n]*)", PAGE, re.MULTILINE
    )
    assert len(shown) == 6
    for line in shown:
        words = [word.replace("3f9a", "ab") for word in line.split()]
        arguments = [str(tmp_path / word) if word.endswith(".jsonl") else word for word in words]
        assert main([str(path), *arguments]) == 0
