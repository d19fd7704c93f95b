"""What is told back to a model: the words of its draft that the passage does not hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from communique.grounding import index_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import BaseModel

_OF_MEETINGS = ("words", "who", "event", "when", "where")
# For whom an agreement is and when it was made, its sentence tells without the model.
_OF_AGREEMENTS = ("title",)
_STANDS_FOR = re.compile(r"(?:he|she|they|it|(?:both|the two|two|all) [a-z]+)", re.IGNORECASE)
"""What a model may write for somebody named elsewhere; whom it means is resolved by code."""
_MOST_COMPLAINTS = 8


class Check:
    """Complains of every copied string that is not in a passage, with the nearest words there."""

    def __init__(self, passage: str, restored: Callable[[Any], Any]) -> None:
        self.index = index_of(passage)
        self.restored = restored

    def __call__(self, draft: BaseModel) -> list[str]:
        """Return the complaints, one sentence each."""
        complaints = []
        for words in dict.fromkeys(_copied(self.restored(draft))):
            if words.strip() and self.index.locate(words) is None:
                nearest = self.index.nearest(words)
                near = f' The nearest words there: "{nearest}".' if nearest else ""
                complaints.append(f'"{words}" is not in the passage.{near}')
        return complaints[:_MOST_COMPLAINTS]


def _copied(draft: Any) -> Iterator[str]:
    for records, names in (("meetings", _OF_MEETINGS), ("agreements", _OF_AGREEMENTS)):
        for record in getattr(draft, records, ()):
            for name in names:
                value = getattr(record, name, "")
                words = [value] if isinstance(value, str) else value
                yield from (w for w in words if not _STANDS_FOR.fullmatch(w.strip()))
