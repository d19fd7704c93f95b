"""The tests' own ground: network, home, keys and cassettes."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest
from vcr.request import Request

from conftest import ROOT, scrub_request, scrub_response

CASSETTES = sorted((ROOT / "cassettes").rglob("*.yaml"))


def test_other_machines_cannot_be_reached():
    """If this failed, a test could send an article, or a key, to a real endpoint."""
    with socket.socket() as one, pytest.raises(RuntimeError, match="Network is disabled"):
        one.connect(("192.0.2.1", 443))


@pytest.mark.parametrize("host", ["127.0.0.10.example", "localhost.example", "::12"])
def test_allowed_hosts_are_whole_names(host, request):
    """If this failed, a name that only begins like this machine's would be reachable."""
    allowed = request.getfixturevalue("allowed_hosts")
    assert not any(re.match(pattern, host) for pattern in allowed)


def test_this_machine_can_be_reached():
    """If this failed, no test could use a server of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())


def test_keys_and_home_are_hidden(tmp_path):
    """If this failed, a test would pass or fail by what the developer's shell has set."""
    names = [name for name in os.environ if name.startswith(("OPENAI_", "COMMUNIQUE_"))]
    assert set(names) <= {"COMMUNIQUE_CACHE_DIR", "COMMUNIQUE_RECORD"}
    if "COMMUNIQUE_RECORD" not in names:
        assert Path(os.environ["COMMUNIQUE_CACHE_DIR"]).is_relative_to(tmp_path)
        assert Path.home().is_relative_to(tmp_path)


def test_a_recorded_request_keeps_no_secret_and_no_port():
    """If this failed, a key could be committed, or a cassette would match one port only."""
    headers = {
        "Authorization": "Bearer k",
        "Content-Type": "application/json",
        "OpenAI-Organization": "o",
        "User-Agent": "u",
        "X-Stainless-OS": "Linux",
    }
    address = "http://u:p@127.0.0.1:4711/v1/chat/completions?key=k"
    request = scrub_request(Request("POST", address, b"{}", headers))
    assert request.uri == "http://127.0.0.1/v1/chat/completions"
    assert dict(request.headers) == {"Content-Type": "application/json"}
    assert request.body == b"{}"


def test_what_prepares_the_server_is_not_recorded():
    """If this failed, a cassette would hold requests that no replay sends."""
    address = "http://127.0.0.1:4711"
    assert scrub_request(Request("POST", f"{address}/slots/1?action=restore", b"{}", {})) is None
    warming = b'{"messages": [], "id_slot": 0}'
    assert scrub_request(Request("POST", f"{address}/v1/chat/completions", warming, {})) is None


def test_the_same_reply_is_the_same_cassette():
    """If this failed, recording anew would change every cassette, told or not."""
    responses = [
        {
            "status": {"code": 200, "message": "OK"},
            "headers": {"Content-Type": ["application/json"], "Set-Cookie": [name], "Date": [name]},
            "body": {"string": f'{{"id": "{name}", "created": {len(name)}, "a": "ü"}}'.encode()},
        }
        for name in ("one", "three")
    ]
    first, second = map(scrub_response, responses)
    assert first == second
    assert first["headers"] == {"Content-Type": ["application/json"]}
    assert first["body"]["string"] == '{"id": "reply", "created": 0, "a": "ü"}'.encode()


def test_a_reply_that_is_not_json_stays_as_it_is():
    """If this failed, a recorded proxy's error page or a stream would be lost."""
    response = {"status": {"code": 502}, "headers": {}, "body": {"string": b"<html>"}}
    assert scrub_response(response)["body"]["string"] == b"<html>"


def test_cassettes_hold_no_secrets():
    """If this failed, a committed cassette would give away a key or a machine."""
    telling = re.compile(
        r"authorization|bearer |set-cookie|x-stainless|/(?:home|root)/|\bsk-[a-z0-9]{16}",
        re.IGNORECASE,
    )
    found = [path.name for path in CASSETTES if telling.search(path.read_text(encoding="utf-8"))]
    assert found == []
