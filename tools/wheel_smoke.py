"""Prove that an installed wheel works: one article, one call, no checkout, no real model.

Run it with the clean environment's interpreter from a folder that is not the checkout. It starts
a stand-in endpoint on the loopback interface, which answers every chat completion with an empty
but valid draft, and has `summarise` read an article through it. That needs the prompts, the data
tables and every runtime dependency to be where an installed package has them.

    python tools/wheel_smoke.py [REPLY.json]

REPLY.json, where given, is the content of the replies instead of the empty draft.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ARTICLE = (
    "Defence Minister Ada Byron met her Norwegian counterpart in Oslo on Wednesday. "
    "They signed a memorandum of understanding on lighthouses.\n"
)
DRAFT = {"abstract": "Ada Byron met her counterpart.", "meetings": [], "agreements": []}


class StandIn(BaseHTTPRequestHandler):
    """An OpenAI-compatible endpoint that has only one thing to say, as text or as a tool call."""

    content = json.dumps(DRAFT)
    requests = 0

    def do_POST(self) -> None:
        """Answer a chat completion."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        StandIn.requests += 1
        message: dict[str, object] = {"role": "assistant", "content": self.content}
        if asked.get("tools"):
            name = asked["tools"][0]["function"]["name"]
            function = {"name": name, "arguments": self.content}
            call = {"id": "call_0", "type": "function", "function": function}
            message |= {"content": None, "tool_calls": [call]}
        reply = {
            "id": "reply",
            "object": "chat.completion",
            "created": 0,
            "model": asked["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def main() -> int:
    """Read the article through the stand-in and check what comes back."""
    if len(sys.argv) > 1:
        StandIn.content = Path(sys.argv[1]).read_text(encoding="utf-8")
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]  # the loopback interface is not reached through a proxy
    import communique

    home = Path(communique.__file__).parent
    if "site-packages" not in home.parts:
        print(f"This is a checkout, not an installed wheel: {home}", file=sys.stderr)
        return 1
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COMMUNIQUE_CACHE_DIR"] = folder
        summary = communique.summarise(
            ARTICLE,
            published="2024-11-22",
            model="openai/stand-in",
            base_url=f"http://127.0.0.1:{server.server_port}/v1",
            api_key="none",
        )
    server.shutdown()
    again = type(summary).model_validate_json(summary.model_dump_json())
    checks = {
        "the stand-in was asked": StandIn.requests > 0,
        "every passage was read": all(p.fate != "failed" for p in summary.report.passages),
        "the prompt has a version": bool(summary.report.prompt),
        "the abstract is not empty": bool(summary.abstract),
        "the JSON round trip is exact": again == summary,
        "py.typed is shipped": (home / "py.typed").is_file(),
    }
    for check, passed in checks.items():
        print("ok    " if passed else "FAILED", check)
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
