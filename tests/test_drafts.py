"""What a model may be asked, and how much of it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from communique.drafts import ArticleDraft, PassageDraft, asked

MEETING = {
    "words": "met",
    "kind": "meeting",
    "status": "held",
    "who": ["A", "B"],
    "event": "",
    "when": "",
    "where": "",
}


def test_what_has_no_word_is_not_asked() -> None:
    """A model would be asked for agreements of a passage that names none, and invent some."""
    assert set(asked(2, 0).model_fields) == {"meetings"}
    assert set(asked(0, 1).model_fields) == {"agreements"}


def test_no_more_is_asked_than_the_passage_could_hold() -> None:
    """A small model would repeat a list's items until its budget is spent."""
    assert asked(2, 1).model_json_schema()["properties"]["meetings"]["maxItems"] == 2


def test_more_than_asked_is_taken_up_to_the_limit() -> None:
    """A reply of an endpoint that ignores the maximum would be lost, and paid for again."""
    assert asked(2, 1).model_validate({"meetings": [MEETING] * 3, "agreements": []})
    with pytest.raises(ValidationError):
        asked(2, 1).model_validate({"meetings": [MEETING] * 11, "agreements": []})


def test_equal_questions_are_one_class() -> None:
    """A class would be built for every passage, which costs more than the rest of it."""
    assert asked(1, 1) is asked(1, 1)


@pytest.mark.parametrize("draft", [PassageDraft, ArticleDraft])
def test_every_list_has_a_maximum(draft: type) -> None:
    """A list without a maximum would let a small model run on under its grammar."""
    schema = draft.model_json_schema()
    tables = [schema, *schema["$defs"].values()]
    lists = [p for t in tables for p in t.get("properties", {}).values() if p["type"] == "array"]
    assert lists
    assert all("maxItems" in one for one in lists)
