"""Articles made up for the tests of many of them, and the replies that a good model gives.

`reads` is the `default` of a `FaultyServer`: it answers for whichever of these articles it is
asked about, and with nothing for any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MET = re.compile(
    r"(Foreign Minister \w+ \w+ of Portugal) met (\w+ \w+, Minister of Foreign Affairs of Oman)"
)
WHEN = re.compile(r"on \d+ May 2024")
TITLE = re.compile(r"signed the ([A-Z][\w ]+? Treaty(?: \([A-Z]+\))?)")
NAMES = ("Ana Duarte", "Bela Kovacs", "Carl Lindgren", "Dora Weiss", "Emil Popov", "Fay Moreno")


def article(number: int) -> str:
    """An article of one meeting and one treaty, and no other like it."""
    name = NAMES[number % len(NAMES)]
    return (
        f"Foreign Minister {name} of Portugal met Salim Harthy, Minister of Foreign Affairs of "
        f"Oman, in Lisbon on {number % 28 + 1} May 2024. The two ministers signed the Double "
        f"Taxation Treaty (DTT). It was their meeting number {number + 1}."
    )


def passage_of(body: Mapping[str, Any]) -> str:
    """The message with the passage; in a re-ask, two more stand below it."""
    contents = [message["content"] for message in body["messages"]]
    return next(c for c in reversed(contents) if c.startswith("<<<"))


def reads(body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer as a good model does."""
    words = passage_of(body)
    when = WHEN.search(words)
    meetings = [
        {
            "words": "met",
            "kind": "meeting",
            "status": "held",
            "who": [found[1], found[2]],
            "event": "",
            "when": when[0] if when else "",
            "where": "Lisbon",
        }
        for found in MET.finditer(words)
    ]
    agreements = [
        {"title": found[1], "act": "signed", "between": ["Oman"], "when": ""}
        for found in TITLE.finditer(words)
    ]
    return {"abstract": "", "meetings": meetings, "agreements": agreements}
