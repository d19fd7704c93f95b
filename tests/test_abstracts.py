from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communique import abstracts
from communique.article import Article
from communique.grounding import Index
from communique.schemas import Agreement, Engagement

TEXT = (
    "Norway met Chile in Oslo. It rained all day. The talks covered 12 ships worth $20 million. "
    "A Visa Agreement was signed. The hall was full."
)
ARTICLE = Article(TEXT)


def engagement(words: str, *, salience: str = "focal") -> Engagement:
    """Return a record that rests on those words."""
    start = TEXT.index(words)
    evidence = Index(TEXT).evidence(start, start + len(words))
    return Engagement.model_validate(
        {
            "id": "e1",
            "type": "meeting",
            "status": "held",
            "laterality": "bilateral",
            "salience": salience,
            "evidence": [evidence],
        }
    )


def agreement(words: str) -> Agreement:
    """Return a record that rests on those words."""
    start = TEXT.index(words)
    evidence = Index(TEXT).evidence(start, start + len(words))
    return Agreement(id="a1", title=words, type="agreement", status="signed", evidence=[evidence])


def test_a_true_abstract_is_kept() -> None:
    """The model's own sentence would be thrown away for nothing."""
    words = "In Oslo, Norway met Chile over 12 ships."
    assert abstracts.choose([words], ARTICLE, [], []) == (words, [])


@pytest.mark.parametrize(
    ("words", "strange"),
    [
        ("The talks took place in Lima.", "Lima"),
        ("The talks covered 13 ships.", "13"),
        ("The ships cost $200 million.", "200"),
        ("In Oslo, Kenya met Chile.", "Kenya"),
    ],
)
def test_strange_names_and_numbers(words: str, strange: str) -> None:
    """A name or number that the article does not hold would stand in the abstract."""
    abstract, left = abstracts.choose([words], ARTICLE, [], [])
    assert abstract.startswith("Norway met Chile in Oslo.")
    assert [(o.what, o.words) for o in left] == [("abstract", words)]
    assert left[0].reason == f"not in the article: {strange}"


def test_strange_name_that_opens_a_sentence() -> None:
    """The abstract "Kenya met Chile" would be that of an article that does not name Kenya."""
    abstract, _ = abstracts.choose(["Kenya met Chile in Oslo."], ARTICLE, [], [])
    assert "Kenya" not in abstract


def test_the_next_drafted_one_is_taken() -> None:
    """One passage's bad abstract would spoil another's good one."""
    abstract, left = abstracts.choose(["It was in Lima.", "It was in Oslo."], ARTICLE, [], [])
    assert abstract == "It was in Oslo."
    assert len(left) == 1


def test_own_sentences_tell_the_records() -> None:
    """Without a drafted one, the abstract would be weather instead of what was signed."""
    told = [engagement("talks")], [agreement("Visa Agreement")]
    abstract, left = abstracts.choose(["", "  "], ARTICLE, *told)
    assert left == []
    assert abstract == (
        "Norway met Chile in Oslo. The talks covered 12 ships worth $20 million. "
        "A Visa Agreement was signed."
    )


def test_background_is_not_the_abstract() -> None:
    """What is told as context only would take the place of the news."""
    background = [engagement("hall", salience="background")]
    abstract, _ = abstracts.choose([], ARTICLE, background, [])
    assert abstract == "Norway met Chile in Oslo."


def test_own_sentences_are_of_bearable_length() -> None:
    """An article that is one endless sentence would be its own abstract."""
    endless = Article("Norway met " + "and greeted " * 200 + "Chile.")
    abstract, _ = abstracts.choose([], endless, [], [])
    assert len(abstract) <= 420
    assert abstract.endswith("…")


@given(st.text(alphabet="ABab 19.,$’-é国\n", max_size=80))
def test_any_draft_gives_an_abstract(words: str) -> None:
    """A drafted abstract of any shape would raise or be lost without a note."""
    abstract, left = abstracts.choose([words], ARTICLE, [], [])
    assert abstract
    assert abstract == words.strip() or not words.strip() or left[0].words == words.strip()
