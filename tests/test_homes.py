"""For whom people stand is asked of a model only where no word says it, among the article's own."""

from __future__ import annotations

import json

import pytest

from communique import ConfigurationError, Summariser, homes
from communique.article import Article
from communique.drafts import ArticleDraft
from communique.scene import Scene
from faults import FaultyServer, says, status

TEXT = (
    "President Duarte will fly to Nairobi on Monday, where she will meet Foreign Minister Odera. "
    "Portugal and Kenya have asked for patrol boats."
)
STATED = "Kenyan Foreign Minister Peter Odera met Portuguese President Ana Duarte in Nairobi."


def scene_of(text: str) -> Scene:
    """The scene of a text."""
    return Scene(Article(text, published="2024-05-20"))


def asked_about(text: str) -> homes.Question | None:
    """The question about everybody in a text."""
    scene = scene_of(text)
    return homes.question(scene, scene.people)


def test_nobody_whose_words_say_it_is_asked_about() -> None:
    """Tokens would be spent on what the article itself says."""
    assert asked_about(STATED) is None


def test_the_choices_are_the_parties_of_the_article() -> None:
    """The model could name a state that the article does not hold."""
    question = asked_about(TEXT)
    assert question is not None
    assert [p.name for p in question.people] == ["Duarte"]  # a minister it would not know
    assert {party.code for party in question.parties.values()} == {"KEN", "PRT"}
    schema = json.dumps(question.schema.model_json_schema())
    assert "Brazil" not in schema
    assert "unknown" in schema


def test_an_answer_becomes_a_home_and_unknown_becomes_none() -> None:
    """A choice would be lost, or "unknown" taken for a party."""
    scene = scene_of(TEXT)
    question = homes.question(scene, scene.people)
    assert question is not None
    duarte = next(p for p in question.people if p.name == "Duarte")
    replies = {f"{p.office} {p.name}": "unknown" for p in question.people}
    replies[f"{duarte.office} {duarte.name}"] = "Portugal"
    answers = question.answers(question.schema.model_validate(replies))
    assert {p.name: party.code for p, party in answers.items()} == {"Duarte": "PRT"}
    scene.assigned.update(answers)
    home = scene.home(duarte)
    assert home is not None
    assert home.code == "PRT"


def test_another_choice_is_no_answer() -> None:
    """A party outside the choices would be taken from a model that ignores the schema."""
    question = asked_about(TEXT)
    assert question is not None
    person = question.people[0]
    with pytest.raises(ValueError, match="Input should be"):
        question.schema.model_validate({f"{person.office} {person.name}": "Brazil"})


def test_words_beat_the_answer() -> None:
    """A model could move somebody to another state than the article says."""
    scene = scene_of(f"{STATED} Peru was not there.")
    peru = next(party for _, _, party in scene.parties if party.code == "PER")
    odera = next(p for p in scene.people if p.name == "Peter Odera")
    scene.assigned[odera] = peru
    home = scene.home(odera)
    assert home is not None
    assert home.code == "KEN"


@pytest.mark.parametrize(("of", "code"), [("Portugal", "PRT"), ("Brazil", None), ("", None)])
def test_a_draft_of_the_whole_article_may_say_it(of: str, code: str | None) -> None:
    """What a large model knows would be lost, or a state from outside the article taken."""
    scene = scene_of(TEXT)
    draft = ArticleDraft(
        abstract="", meetings=[], agreements=[], people=[{"name": "Duarte", "of": of}]
    )
    told = homes.told(scene, draft)
    assert {party.code for party in told.values()} == ({code} if code else set())


def reader(server: FaultyServer) -> Summariser:
    """A small model's summariser that asks the server."""
    return Summariser("openai/stand-in", base_url=server.url, api_key="k" * 12, profile="local")


def test_the_question_is_asked_once_and_reported() -> None:
    """The answer would not reach the records, or its tokens not be told."""
    drafted = {"meetings": [], "agreements": []}
    with FaultyServer(lambda _: drafted) as server:
        server.script(
            says({"meetings": []}),
            says({"President Duarte": "Portugal"}),
        )
        summary = reader(server).summarise(TEXT, published="2024-05-20")
        assert len(server.requests) == len(summary.report.attempts) == 2
    codes = {p.name: p.party and p.party.code for e in summary.engagements for p in e.participants}
    assert codes["Duarte"] == "PRT"
    assert codes["Odera"] == "KEN"


def test_a_question_that_fails_costs_only_its_answer() -> None:
    """An article that was read would be lost with the second, lesser question."""
    with FaultyServer() as server:
        server.script(says({"meetings": []}), status(400, "bad"), status(400, "bad"))
        summary = reader(server).summarise(TEXT, published="2024-05-20")
    assert summary.engagements
    assert any("For whom people stand" in note for note in summary.report.notes)
    assert ConfigurationError.__name__ not in str(summary.report.passages)
