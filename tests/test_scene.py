from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from communique.article import Article
from communique.scene import Person, Scene

READOUT = (
    "Norwegian Foreign Minister Kari Dahl met Chilean Foreign Minister Pedro Rojas in Oslo on "
    "Monday. Dahl praised Rojas.\n\nThe Foreign Minister left. Mr. Rojas stayed with US Secretary "
    "Ann Lee and Secretary of State Ann B. Lee."
)


def scene_of(text: str, published: str | None = "2024-05-20") -> Scene:
    """Return the scene of an article of that text."""
    return Scene(Article(text, published=published))


def codes(scene: Scene) -> list[tuple[str, str | None]]:
    """Return everybody's name and the code of whom they are told to stand for."""
    return [(p.name, p.party.code if p.party else None) for p in scene.people]


def home_code(scene: Scene, person: Person) -> str | None:
    """Return the code of whom somebody stands for."""
    party = scene.home(person)
    return party.code if party else None


def test_one_person_per_human() -> None:
    """Dahl, Mr. Rojas and the full names would be five people instead of three."""
    people = {p.name: p for p in scene_of(READOUT).people}
    assert list(people) == ["Kari Dahl", "Pedro Rojas", "Ann B. Lee"]
    assert len(people["Pedro Rojas"].mentions) == 3
    assert people["Pedro Rojas"].first == READOUT.index("Pedro")


def test_fullest_name_and_office_win() -> None:
    """A person introduced as "Secretary Ann Lee" would keep the poorer name and office."""
    lee = scene_of(READOUT).people[-1]
    assert (lee.name, lee.office, lee.party and lee.party.code) == (
        "Ann B. Lee",
        "Secretary of State",
        "USA",
    )


def test_same_surname_of_two_states_is_two_people() -> None:
    """Two ministers named Khan would become one, who met himself."""
    text = "Pakistani Foreign Minister Khan met Bangladeshi Foreign Minister Khan in Doha."
    assert codes(scene_of(text)) == [("Khan", "PAK"), ("Khan", "BGD")]


def test_nearest_mention() -> None:
    """Evidence for a person would be taken from the far end of the article."""
    scene = scene_of(READOUT)
    dahl = scene.people[0]
    second = READOUT.index("Dahl praised")
    assert dahl.nearest(second).name_start == second
    assert dahl.nearest(0).name_start == READOUT.index("Kari")


def test_a_name_finds_its_person() -> None:
    """A model's "Rojas" would not be the Pedro Rojas of the article, or anybody would be."""
    scene = scene_of(READOUT)
    found = scene.person("Rojas", 0)
    assert found is not None
    assert found.name == "Pedro Rojas"
    assert scene.person("Zog", 0) is None


def test_lead_is_the_first_named() -> None:
    """The words "He also met" would be read of the counterpart."""
    lead = scene_of(READOUT).lead(0)
    assert lead is not None
    assert lead.name == "Kari Dahl"


def test_lead_is_the_one_named_far_more() -> None:
    """An article that opens with a bystander would be about the bystander."""
    text = (
        "Norwegian Foreign Minister Kari Dahl was host. Chilean President Pedro Rojas landed. "
        "Rojas spoke. Rojas dined. Rojas left."
    )
    lead = scene_of(text).lead(0)
    assert lead is not None
    assert lead.name == "Pedro Rojas"


def test_office_means_the_lead() -> None:
    """The words "The Foreign Minister" of a readout would be the guest instead of the host."""
    scene = scene_of(READOUT)
    found = scene.titled("The Foreign Minister", READOUT.index("The Foreign"))
    assert found is not None
    assert found.name == "Kari Dahl"
    assert scene.titled("the Archbishop", 0) is None


def test_home_is_the_state_the_article_speaks_from() -> None:
    """Defence Minister Dahl of a Norwegian readout would stand for nobody."""
    text = (
        "Defence Minister Kari Dahl met Chilean Defence Minister Pedro Rojas. The Norway-Chile "
        "partnership grows. Ships were seen in Peru."
    )
    scene = scene_of(text)
    assert [home_code(scene, p) for p in scene.people] == ["NOR", "CHL"]


def test_home_is_not_guessed_between_equals() -> None:
    """A minister would be given to one of two states that the text names alike."""
    scene = scene_of("Defence Minister Kari Dahl met reporters. Norway and Peru.")
    assert home_code(scene, scene.people[0]) is None


def test_event_acronyms_are_those_of_events() -> None:
    """The words "the ADMM" would be lost, or any bracketed capitals would be an event."""
    text = "Kari Dahl attended the Lima Ocean Conference (LOC) and opened the quay (NQ) in Peru."
    assert scene_of(text).event_acronyms == {"LOC": "Lima Ocean Conference"}


def test_sentence_paragraph_and_reference() -> None:
    """A sentence would be looked up in the wrong paragraph, or dated by the wrong day."""
    scene = scene_of(READOUT)
    second = scene.sentence_at(READOUT.index("praised"))
    assert scene.words(second) == "Dahl praised Rojas."
    assert [scene.paragraph(i) for i in range(3)] == [0, 0, 1]
    assert scene.reference(second) == dt.date(2024, 5, 20)
    assert scene.item(second) == 0


def test_crawler_date_is_the_reference() -> None:
    """A leading "date 2024-11-22" would not date the article's "on Wednesday"."""
    scene = scene_of(" date 2024-11-22 Norway met Chile on Wednesday.", published=None)
    assert scene.reference(0) == dt.date(2024, 11, 22)


def test_text_without_people() -> None:
    """A text that names nobody would raise instead of telling of nobody."""
    scene = scene_of("The text. No people here.")
    assert (scene.people, scene.lead(0), scene.person("X", 0)) == ([], None, None)


def test_aliases_name_parties() -> None:
    """A user's own name for a party would not be found."""
    scene = Scene(Article("The Freedonian fleet left."), {"Freedonian": "CHL"})
    assert [p.code for _, _, p in scene.parties] == ["CHL"]


def test_aliases_reach_people() -> None:
    """A minister introduced by a user's own name for a party would stand for nobody."""
    text = "Freedonian Foreign Minister Rufus Firefly met Sylvanian Foreign Minister Ana Trent."
    scene = Scene(Article(text), {"Freedonian": "CHL", "Sylvanian": "NOR"})
    assert codes(scene) == [("Rufus Firefly", "CHL"), ("Ana Trent", "NOR")]


VOCABULARY = """Norwegian Chilean Foreign Minister President Kari Dahl Pedro Rojas met the and of in
Oslo Norway Chile (LOC) Conference Mr. . , US Secretary he 国"""
WORDS = st.sampled_from([*VOCABULARY.split(), "\n\n"])


@given(st.lists(WORDS, min_size=1, max_size=60).map(" ".join).filter(str.strip))
def test_every_position_is_in_the_text(text: str) -> None:
    """A mention, party or sentence would point outside the text or at other words."""
    scene = scene_of("Norway said: " + text)
    for mention in scene.mentions:
        assert 0 <= mention.start < mention.end <= len(scene.text)
        if mention.name is not None:
            assert scene.evidence(mention.start, mention.end).exact
    for start, end, party in scene.parties:
        assert party.as_written in scene.text[start:end]
    named = [m for m in scene.mentions if m.name]
    assert sum(len(p.mentions) for p in scene.people) == len(named)
    for person in scene.people:
        home_code(scene, person)
    for i in range(len(scene.article.items)):
        scene.lead(i)


def test_a_colleague_is_of_the_speaker_s_side() -> None:
    """A minister of the speaker's own government would be taken for a visitor's colleague."""
    text = (
        "MEDIA RELEASE MINISTER FOR FOREIGN AFFAIRS, AUSTRALIA, ANN REED\n\nI met Iranian Foreign "
        "Minister Omid Karimi in Canberra. We talked of our exports to Iran. He also met my "
        "colleague, the Minister for Trade Tom Hale, to discuss Iran's wheat."
    )
    scene = scene_of(text)
    hale = next(p for p in scene.people if p.name == "Tom Hale")
    assert home_code(scene, hale) == "AUS"


def test_who_is_called_by_one_name_keeps_it() -> None:
    """King Faris, called Faris, would become his son Omar bin Faris, named last."""
    text = (
        "Jordan's King Faris will stay at home. Crown Prince Omar bin Faris will travel. President "
        "Reed had planned to meet Faris."
    )
    people = {p.name: len(p.mentions) for p in scene_of(text).people}
    assert people["Faris"] == 2
    assert people["Omar bin Faris"] == 1


def test_the_word_that_begins_only_one_name() -> None:
    """Of two ministers whose names begin alike, "Morita" would be either, by chance."""
    one = "Japanese Minister Morita Akane met Peruvian Minister Ana Ruiz. Morita left."
    two = "Japanese Ministers Morita Akane and Morita Ken met Ana Ruiz of Peru. Morita left."
    assert len(scene_of(one).people[0].mentions) == 2
    assert all(len(p.mentions) == 1 for p in scene_of(two).people[:2])


def test_a_region_of_a_state_is_where_and_not_who() -> None:
    """The words "A truce for southwestern Syria" would be an agreement of Syria's."""
    text = "A truce for southwestern Syria holds. Syria welcomed it."
    scene = scene_of(text)
    assert scene.is_where(text.index("Syria"))
    assert not scene.is_where(text.rindex("Syria"))


def test_the_only_compound_of_an_article() -> None:
    """The two sides of "the EU-Kenya relationship" would not be known to be two sides."""
    text = "We praise the EU-Kenya relationship. France and Peru sent their regards."
    assert [p.code for p in scene_of(text).paired(0)] == ["EU", "KEN"]
    assert scene_of(text + " EU-Peru trade grew.").paired(0) == []


def test_a_headline_s_name_is_the_one_told_in_full() -> None:
    """Mehta of the headline would be another man than Defence Minister Mehta Arun."""
    text = "Mehta meets Ana Ruiz\n\nDefence Minister Mehta Arun met Peruvian Minister Ana Ruiz."
    assert [p.name for p in scene_of(text).people] == ["Mehta Arun", "Ana Ruiz"]


def test_he_is_not_who_is_named_in_an_opening_phrase() -> None:
    """Whom a phrase before the subject names would be whom "he" means in the next sentence."""
    text = (
        "Norwegian Foreign Minister Kari Dahl flew to Lima. In addition to her meeting with Pedro "
        "Rojas, she will rest. She met Kenyan Foreign Minister Amina Otieno."
    )
    subject = scene_of(text).subject_before(2)
    assert subject is not None
    assert subject.name == "Kari Dahl"
