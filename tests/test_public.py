"""What the library promises by name: the public surface, its documentation, its import."""

from __future__ import annotations

import dataclasses
import inspect
import os
import re
import subprocess
import sys
from importlib import import_module

import pytest
from pydantic import BaseModel

import communique
from communique import errors, profiles, schemas
from conftest import ROOT

REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
MODELS = [
    value
    for name in communique.__all__
    if inspect.isclass(value := getattr(communique, name)) and issubclass(value, BaseModel)
]
HEAVY = (
    *("openai", "instructor", "babel", "sqlite3", "rich", "asyncio"),
    *("numpy", "pandas", "pyarrow", "ray", "pyspark"),
)


def table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading of the reference, as cells."""
    section = REFERENCE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def test_the_reference_names_what_is_exported():
    """If this failed, a name would be public and unexplained, or explained and missing."""
    rows = [row for heading in ("Calls", "Records", "Errors") for row in table(heading)]
    names = [row[0].strip("`") for row in rows]
    assert sorted(names) == sorted(communique.__all__)
    assert all(what for _, what in rows)


def test_the_reference_names_what_the_modules_beside_export():
    """If this failed, a function for tables or clusters would have to be found in the source."""
    names = [row[0].strip("`") for row in table("Modules beside")]
    modules = [name for name in names if name.count(".") == 1]
    exported = [f"{name}.{one}" for name in modules for one in import_module(name).__all__]
    assert sorted(names) == sorted(modules + exported)
    for name in exported:
        module, _, one = name.rpartition(".")
        assert inspect.getdoc(getattr(import_module(module), one)), name


def test_every_exported_name_exists_once():
    """If this failed, `from communique import *` would raise."""
    assert len(communique.__all__) == len(set(communique.__all__))
    assert all(hasattr(communique, name) for name in communique.__all__)


def test_the_reference_draws_the_tree_of_errors():
    """If this failed, the reference would show another tree than the module."""
    drawn = re.search(r"```text\n(.*?)\n```", REFERENCE, re.DOTALL)[1]
    assert [line.strip() for line in drawn.splitlines()] == [
        line.strip() for line in errors.__doc__.split("::\n\n")[1].split("\n\n")[0].splitlines()
    ]


def test_the_reference_gives_the_profiles_as_they_are():
    """If this failed, the reference would tell other defaults than those in use."""
    shown = [[cell.strip("`") for cell in row[:3]] for row in table("Fields of a Profile")]
    fields = [field.name for field in dataclasses.fields(profiles.Profile)]
    local, hosted = profiles.LOCAL, profiles.HOSTED
    assert shown == [[f, repr(getattr(local, f)), repr(getattr(hosted, f))] for f in fields]


def test_the_reference_gives_the_settings_as_they_are():
    """If this failed, a setting would be undocumented, or its default wrong."""
    shown = {row[0].strip("`"): row[1].strip("`") for row in table("Settings of a Summariser")}
    parameters = inspect.signature(communique.Summariser).parameters.values()
    assert shown == {p.name: repr(p.default).replace("'", '"') for p in parameters}


def test_the_reference_gives_the_options_of_a_run_as_they_are():
    """If this failed, an option would be undocumented, wrong, or missing in the method."""
    shown = {row[0].strip("`"): row[1].strip("`") for row in table("Options of a run")}
    parameters = inspect.signature(communique.summarise_many).parameters.values()
    options = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "model"]
    assert shown == {p.name: repr(p.default).replace("'", '"') for p in options}
    method = inspect.signature(communique.Summariser.summarise_many).parameters
    assert [p.name for p in options] == [n for n in method if n not in {"self", "articles"}]


def test_every_error_is_exported():
    """If this failed, an error could only be caught by a name from inside the library."""
    assert set(errors.__all__) <= set(communique.__all__)


def test_every_record_is_exported():
    """If this failed, a record could not be named in a user's annotations."""
    defined = {
        name
        for name, value in vars(schemas).items()
        if inspect.isclass(value) and issubclass(value, schemas.Record)
    }
    assert defined - {"Record"} == {model.__name__ for model in MODELS}


@pytest.mark.parametrize("model", MODELS)
def test_every_field_is_described_and_every_record_frozen(model):
    """If this failed, a field would have to be guessed, or a record could be changed."""
    assert inspect.getdoc(model)
    assert model.model_config["frozen"]
    for name, field in model.model_fields.items():
        assert field.description, name
        assert field.description[-1] in ".)", name


@pytest.mark.parametrize("name", sorted(set(communique.__all__) - {"__version__"}))
def test_everything_public_is_documented(name):
    """If this failed, help() would have nothing to say."""
    assert inspect.getdoc(getattr(communique, name))


def test_the_json_schema_is_valid_and_closed():
    """If this failed, a summary could not be checked outside Python."""
    schema = communique.json_schema()
    defs = schema["$defs"]
    assert schema["type"] == "object"
    named = set(re.findall(r"'#/\$defs/(\w+)'", repr(schema)))
    assert named == set(defs)
    for part in (schema, *defs.values()):
        assert part["additionalProperties"] is False
        assert set(part.get("required", [])) <= set(part["properties"])


def test_importing_is_cheap():
    """If this failed, a script that only reads stored summaries would load a model's client."""
    code = (
        "import sys; from communique import summarise, Summary\n"
        "import communique.export, communique.annotations, communique.ray, communique.spark\n"
        f"sys.exit(repr([m for m in {HEAVY!r} if m in sys.modules] or 0).strip('0') or 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environment, check=False, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
