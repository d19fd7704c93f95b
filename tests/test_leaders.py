from __future__ import annotations

import datetime as dt
from importlib.resources import files

import pytest

from communique import leaders
from communique.article import Article
from communique.parties import codes
from communique.scene import Scene
from communique.schemas import Party

LISTED = (
    ("Oskar Lindholm", "NOR", "head", 2010, 2016),
    ("Maren Lindholm", "DNK", "minister", 2012, 2020),
    ("Pablo Quiroga", "PER", "head", 2011, 9999),
    ("Pablo Quiroga", "CHL", "minister", 2001, 2012),
)
NORWAY = {"NOR": Party(code="NOR", kind="state", as_written="Norway")}


@pytest.fixture(autouse=True)
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put invented people of public record in the place of the listed ones."""
    rows = [leaders._Leader(*row) for row in LISTED]
    words = {word for row in rows for word in row.name.lower().split()}
    by_word = {
        word: tuple(row for row in rows if word in row.name.lower().split()) for word in words
    }
    monkeypatch.setattr(leaders, "_leaders", lambda: by_word)


def code(name: str, office: str | None, year: int | None, named: dict[str, Party]) -> str | None:
    """Return the code of the party, or None."""
    party = leaders.party_of(name, office, year, named)
    return party.code if party else None


def test_a_full_name_is_enough() -> None:
    """A former president named in full would stand for nobody, or for the article's own state."""
    assert code("Oskar Lindholm", None, 2024, {}) == "NOR"


def test_a_family_name_needs_the_office_the_year_and_the_state() -> None:
    """Every President Lindholm, of whatever state and century, would be Norway's."""
    assert code("Lindholm", "President", 2014, NORWAY) == "NOR"
    assert code("Lindholm", "President", 2014, {}) is None
    assert code("Lindholm", "President", 2024, NORWAY) is None
    assert code("Lindholm", "Foreign Minister", 2014, NORWAY) is None
    assert code("Lindholm", None, 2014, NORWAY) is None


def test_a_name_of_two_people_is_nobodys() -> None:
    """One of two namesakes would be chosen by the order of the list."""
    assert code("Pablo Quiroga", "President", 2012, {}) is None
    assert code("Pablo Quiroga", "President", None, {}) is None


def test_who_served_two_is_of_the_one_served_then() -> None:
    """A premier who came to lead an organisation would speak for the old state, or for nobody."""
    assert code("Pablo Quiroga", "President", 2014, {}) == "PER"
    assert code("Pablo Quiroga", "Foreign Minister", 2005, {}) == "CHL"


def test_the_party_is_told_in_the_words_of_the_article() -> None:
    """A party that the article names would be written by the name of its president."""
    party = leaders.party_of("Lindholm", "President", 2014, NORWAY)
    assert party is not None
    assert party.as_written == "Norway"


def test_somebody_of_record_is_at_home_there() -> None:
    """A president abroad would stand for the state that the news speaks of most."""
    text = (
        "President Lindholm flew home to Norway. Spain's position, Spain's forces and the Spanish "
        "economy worried him."
    )
    scene = Scene(Article(text, published=dt.date(2014, 5, 20)))
    home = scene.home(scene.people[0])
    assert home is not None
    assert home.code == "NOR"
    assert not scene.is_open(scene.people[0])


def test_every_row_is_of_a_known_party_and_of_years() -> None:
    """A slip in the table would raise in the middle of somebody's article."""
    text = (files("communique") / "data" / "leaders.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    for name, party, kind, first, last in rows:
        assert party in codes(), name
        assert kind in {"head", "minister"}, name
        assert 1940 < int(first) <= int(last or 9999), name
        assert not last or int(last) < 2100, name
    assert len({tuple(row) for row in rows}) == len(rows)
