"""The project's own files: what is declared, pinned and shipped."""

from __future__ import annotations

import ast
import re
import sys
import tomllib

import pytest

from conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def names(requirements):
    """Give the canonical names (PEP 503) of requirement lines."""
    found = [re.match(r"[\w.-]+", line) for line in requirements]
    return {re.sub(r"[-_.]+", "-", one[0]).lower() for one in found if one}


def imported():
    """Give the first part of every module that the package imports, lazily or not."""
    trees = [ast.parse(path.read_bytes()) for path in (ROOT / "src").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    froms = [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {str(name).split(".")[0] for name in plain + froms}


def test_every_import_is_declared():
    """If this failed, the package would break for a user who has not what a developer has."""
    extras = PROJECT["optional-dependencies"]
    extra = [one for name, several in extras.items() if name != "dev" for one in several]
    declared = names(PROJECT["dependencies"]) | names(extra)
    # pydantic pins pydantic_core to itself and re-exports from it; pyspark is the cluster's own.
    known = {"communique", "pydantic_core", "pyspark"}
    foreign = imported() - set(sys.stdlib_module_names) - known
    assert {name.lower().replace("_", "-") for name in foreign} <= declared


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_locks_hold_hashes_and_no_addresses(path):
    """If this failed, an install would depend on one mirror, or take unchecked files."""
    words = path.read_text(encoding="utf-8")
    assert not re.search(r"://|@ |--find-links|--index|--extra|^-", words, re.MULTILINE)
    for requirement in words.replace("\\\n", "").splitlines():
        assert re.match(r"[a-z0-9-]+==\S+.*--hash=sha256:[0-9a-f]{64}", requirement)


def test_the_users_lock_is_part_of_the_developers():
    """If this failed, the wheel would be tested with other versions than the code."""
    run, dev = (
        set(re.findall(r"^[a-z].*==\S+", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("run.txt", "dev.txt")
    )
    assert names(run) >= names(PROJECT["dependencies"])
    assert run <= dev
