"""The command and everything that can be wrong with what it is given: two sentences and a code."""

from __future__ import annotations

import importlib.util
import re
import socket
from importlib.machinery import ModuleSpec

import pytest

from communique import __main__ as command
from communique import article, client
from faults import FaultyServer, status

TEXT = "Foreign Minister Ana Duarte met Salim Harthy of Oman in Lisbon on 14 May 2024.\n"
KEY = "sk-proj-0123456789abcdefSECRET"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Take the pauses between requests out."""
    monkeypatch.setattr(client, "_backoff", lambda: lambda _: 0.0)


@pytest.fixture
def run(tmp_path, capsysbinary):
    """Call the command on a file of these bytes, or on what stands at this path."""

    def running(content, *options):
        file = content
        if isinstance(content, bytes):
            file = tmp_path / "article.txt"
            file.write_bytes(content)
        code = command.main([str(file), *options])
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return running


def told(run, content, *options, code, says):
    """Check one case: nothing printed, the exit code, what happened and what to do."""
    got, out, err = run(content, *options)
    assert (got, out) == (code, ""), err
    first = err.splitlines()[0]
    assert first.startswith("communique: ")
    assert re.search(says, first), first
    assert re.search(r"\. [A-Z][^.]+.*[.]$", first), f"no second sentence: {first}"
    assert "Traceback" not in err
    assert KEY not in err
    return err


MODEL = ("--model", "openai/m", "--base-url", "http://127.0.0.1:9/v1")
FILES = {
    "empty": (b"", "empty"),
    "white space": (b" \n\t\n", "empty|no words"),
    "binary": (b"\x7fELF\x02\x01\x01\x00\x00\x00" * 20, "binary|not text|UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary|not text|UTF-8"),
    "no UTF-8": ("Ministère".encode("latin-1"), "UTF-8"),
    "UTF-16": (TEXT.encode("utf-16"), "UTF-8|UTF-16"),
    "NUL": (TEXT.encode() + b"\x00" * 40, "binary|not text|control|NUL"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_article(run, name):
    """If this failed, a wrong file would end in a traceback, or be paid for."""
    content, says = FILES[name]
    told(run, content, *MODEL, code=3, says=says)


def test_a_file_that_is_missing(run, tmp_path):
    """If this failed, a mistyped name would end in a traceback."""
    told(run, tmp_path / "none.txt", *MODEL, code=3, says="no file")


def test_a_directory(run, tmp_path):
    """If this failed, a folder for a file would end in a traceback."""
    told(run, tmp_path, *MODEL, code=3, says="directory|folder|not a file")


def test_a_name_that_no_system_takes(run):
    """If this failed, a text pasted in place of a file name would end in a traceback."""
    told(run, "x" * 5000, *MODEL, code=3, says="file|name")


def test_a_file_over_the_limit(run):
    """If this failed, a whole archive could be sent to a model by mistake."""
    over = TEXT.encode() * (article.MAX_CHARACTERS // len(TEXT) + 2)
    told(run, over, *MODEL, code=3, says="1,000,000|limit|longest")


@pytest.mark.parametrize("day", ["2024-02-31", "22.11.2024", "yesterday", ""])
def test_an_impossible_date(run, day, capsysbinary):
    """If this failed, relative dates would be reckoned from a day that is none."""
    with pytest.raises(SystemExit) as stopped:
        run(TEXT.encode(), *MODEL, "--published", day)
    assert stopped.value.code == 2
    assert b"not a date of the form YYYY-MM-DD" in capsysbinary.readouterr().err


@pytest.mark.parametrize("day", ["1066-10-14", "2999-01-01"])
def test_a_date_on_which_nothing_was_published(run, day):
    """If this failed, a slip in the year would put every record of an article there."""
    told(run, TEXT.encode(), *MODEL, "--published", day, code=3, says=day)


@pytest.mark.parametrize("model", ["gpt-5", "openai/", "{}", "local:missing.gguf"])
def test_an_unknown_model(run, model):
    """If this failed, a mistyped model would fail somewhere inside."""
    told(run, TEXT.encode(), "--model", model, code=4, says="model|engine|file|weights")


def test_no_model(run, monkeypatch):
    """If this failed, the first run of a new user would not say how to begin."""
    real = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "xllamacpp" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    err = told(run, TEXT.encode(), code=4, says="No model is available")
    assert "OPENAI_API_KEY" in err
    assert "communique[local]" in err


def test_a_model_without_a_key(run):
    """If this failed, a request would be sent that can only be refused."""
    told(run, TEXT.encode(), "--model", "openai/m", code=4, says="no key")


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://a/v1", "http://"])
def test_an_address_that_is_none(run, url):
    """If this failed, a mistyped address would be tried for a while first."""
    told(run, TEXT.encode(), "--model", "openai/m", "--base-url", url, code=4, says="address")


def test_a_wrong_key(run, monkeypatch):
    """If this failed, a wrong key would be a traceback, or be shown."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with FaultyServer() as server:
        server.script(status(401, f"Incorrect API key provided: {KEY}"))
        options = ("--model", "openai/m", "--base-url", server.url)
        told(run, TEXT.encode(), *options, code=5, says="refused the key")
        assert len(server.requests) == 1


def test_a_model_that_the_endpoint_does_not_know(run):
    """If this failed, the endpoint's own words about the model would be lost."""
    with FaultyServer() as server:
        server.script(status(404, "model 'm' not found"))
        options = ("--model", "openai/m", "--base-url", server.url)
        told(run, TEXT.encode(), *options, code=4, says="model 'm' not found")


def test_an_endpoint_that_is_not_there(run):
    """If this failed, a server that was not started would be a traceback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        options = ("--model", "openai/m", "--base-url", url)
        told(run, TEXT.encode(), *options, code=5, says="could not be reached")


def test_a_cache_that_is_no_cache(run, tmp_path):
    """If this failed, a wrong file for a cache would be overwritten, or be a traceback."""
    other = tmp_path / "other.sqlite"
    other.write_bytes(b"not a database, but a letter" * 100)
    told(run, TEXT.encode(), *MODEL, "--cache", str(other), code=7, says="cache|database|store")
    assert other.read_bytes().startswith(b"not a database")
