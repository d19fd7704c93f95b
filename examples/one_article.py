"""Read one article and print who met whom, and what was signed, with the words it rests on.

    python examples/one_article.py seeds/call_and_visit.txt

The model is that of `COMMUNIQUE_MODEL`, else OpenAI's where `OPENAI_API_KEY` is set, else the
embedded one where it is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from communique import summarise


def main() -> None:
    """Print the records of the file that is named."""
    summary = summarise(Path(sys.argv[1]))
    print(summary.abstract)
    for meeting in summary.engagements:
        people = ", ".join(
            p.name or (p.party.as_written if p.party else "?") for p in meeting.participants
        )
        when = meeting.date.edtf if meeting.date else "no date"
        print(f"{meeting.status} {meeting.type}: {people} ({when}) «{meeting.evidence[0].exact}»")
    for accord in summary.agreements:
        print(f"{accord.status}: {accord.title} «{accord.evidence[0].exact}»")


if __name__ == "__main__":
    main()
