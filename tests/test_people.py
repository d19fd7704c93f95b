"""People in English text: names, offices and parties."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique import people
from communique.people import Mention, find, parse, same

Row = tuple[str | None, str | None, str | None, bool]
SEED = Path(__file__).parent.parent / "seeds" / "000_e5b3391f3894ea28.txt"


def row(mention: Mention) -> Row:
    """Return what a mention says, without its offsets."""
    code = mention.party.code if mention.party else None
    return mention.name, mention.office, code, mention.plural


ONE: list[tuple[str, str | None, str | None, str | None]] = [
    ("Defence Minister Rajnath Singh", "Rajnath Singh", "Defence Minister", None),
    ("US Secretary of Defence Lloyd J Austin", "Lloyd J Austin", "Secretary of Defence", "USA"),
    ("US Secretary of Defense Lloyd J. Austin", "Lloyd J. Austin", "Secretary of Defense", "USA"),
    ("South Korean Defence Minister Kim Yong Hyun", "Kim Yong Hyun", "Defence Minister", "KOR"),
    (
        "Minister for Defence Industry & Capability Delivery of Australia Pat Conroy",
        "Pat Conroy",
        "Minister for Defence Industry & Capability Delivery",
        "AUS",
    ),
    ("Defence Minister of New Zealand Judith Collins", "Judith Collins", "Defence Minister", "NZL"),
    ("Khaled Nordin, Minister of Defence, Malaysia", "Khaled Nordin", "Minister of Defence", "MYS"),
    (
        (
            "General Chansamone Chanyalath, Deputy Prime Minister and Minister of National "
            "Defence of Lao PDR"
        ),
        "Chansamone Chanyalath",
        "Deputy Prime Minister and Minister of National Defence",
        "LAO",
    ),
    ("Prime Minister Narendra Modi", "Narendra Modi", "Prime Minister", None),
    ("Secretary Austin", "Austin", "Secretary", None),
    ("President Xi Jinping of China", "Xi Jinping", "President", "CHN"),
    ("Prime Minister Jane Doe of Estonia", "Jane Doe", "Prime Minister", "EST"),
    (
        "Spanish Secretary of State for Foreign and Global Affairs María López",
        "María López",
        "Secretary of State for Foreign and Global Affairs",
        "ESP",
    ),
    ("Chief Presidential Advisor Ali Demir", "Ali Demir", "Chief Presidential Advisor", None),
    ("President of Kenya, William Ruto, said so", "William Ruto", "President", "KEN"),
    ("Kenya's President William Ruto", "William Ruto", "President", "KEN"),
    ("Kenya’s President William Ruto", "William Ruto", "President", "KEN"),
    ("King Abdullah II", "Abdullah II", "King", None),
    ("King Abdullah II of Jordan", "Abdullah II", "King", "JOR"),
    ("Crown Prince Mohammed bin Salman", "Mohammed bin Salman", "Crown Prince", None),
    ("Sheikh Abdullah bin Zayed Al Nahyan", "Abdullah bin Zayed Al Nahyan", None, None),
    ("Foreign Minister Wang Yi", "Wang Yi", "Foreign Minister", None),
    ("Foreign Minister WANG Yi", "WANG Yi", "Foreign Minister", None),
    ("EU High Representative Kaja Kallas", "Kaja Kallas", "High Representative", "EU"),
    ("EU foreign policy chief Kaja Kallas", "Kaja Kallas", "foreign policy chief", "EU"),
    ("NATO Secretary General Mark Rutte", "Mark Rutte", "Secretary General", "NATO"),
    ("UN Secretary-General António Guterres", "António Guterres", "Secretary-General", "UN"),
    ("UN Special Envoy Geir Pedersen", "Geir Pedersen", "Special Envoy", "UN"),
    ("UN Special Envoy for Syria Geir Pedersen", "Geir Pedersen", "Special Envoy for Syria", "UN"),
    ("Indian Ambassador to Russia Vinay Kumar", "Vinay Kumar", "Ambassador to Russia", "IND"),
    ("Ambassador Linda Thomas-Greenfield", "Linda Thomas-Greenfield", "Ambassador", None),
    ("Mr. Lavrov", "Lavrov", None, None),
    ("Ms Wong", "Wong", None, None),
    ("Dr S. Jaishankar", "S. Jaishankar", None, None),
    ("External Affairs Minister S. Jaishankar", "S. Jaishankar", "External Affairs Minister", None),
    (
        "External Affairs Minister Dr. S. Jaishankar",
        "S. Jaishankar",
        "External Affairs Minister",
        None,
    ),
    ("his Australian counterpart", None, None, "AUS"),
    ("his Australian counterpart Richard Marles", "Richard Marles", None, "AUS"),
    ("her Turkish counterpart, Hakan Fidan, agreed", "Hakan Fidan", None, "TUR"),
    (
        "Foreign Minister and Deputy Prime Minister Ishaq Dar",
        "Ishaq Dar",
        "Foreign Minister and Deputy Prime Minister",
        None,
    ),
    ("the Vice President", None, "Vice President", None),
    ("the Deputy Secretary", None, "Deputy Secretary", None),
    ("the Foreign Minister", None, "Foreign Minister", None),
    ("the Defence Minister of Estonia", None, "Defence Minister", "EST"),
    ("the president of Kenya", None, "president", "KEN"),
    ("Kenyan president William Ruto", "William Ruto", "president", "KEN"),
    ("Defence Minister Israel Katz", "Israel Katz", "Defence Minister", None),
    ("former US President Barack Obama", "Barack Obama", "President", "USA"),
    ("President-elect Donald Trump", "Donald Trump", "President-elect", None),
    ("US President Donald Trump's visit", "Donald Trump", "President", "USA"),
    (
        "Minister of State for Defence Sanjay Seth",
        "Sanjay Seth",
        "Minister of State for Defence",
        None,
    ),
    (
        "Secretary of the Russian Security Council Sergei Shoigu",
        "Sergei Shoigu",
        "Secretary of the Russian Security Council",
        "RUS",
    ),
    (
        "Kim Yong Hyun, the South Korean Defence Minister,",
        "Kim Yong Hyun",
        "Defence Minister",
        "KOR",
    ),
    ("General Prabowo Subianto", "Prabowo Subianto", "General", None),
    ("Defence Minister General Prabowo Subianto", "Prabowo Subianto", "Defence Minister", None),
    (
        "Trade and Industry Minister Piyush Goyal",
        "Piyush Goyal",
        "Trade and Industry Minister",
        None,
    ),
    ("Mayor of London Sadiq Khan", "Sadiq Khan", "Mayor of London", None),
    ("ASEAN Secretary-General Kao Kim Hourn", "Kao Kim Hourn", "Secretary-General", "ASEAN"),
    ("Secretary-General of ASEAN Kao Kim Hourn", "Kao Kim Hourn", "Secretary-General", "ASEAN"),
    ("Czech President Petr Pavel", "Petr Pavel", "President", "CZE"),
    ("Australia's Foreign Minister Penny Wong on Monday", "Penny Wong", "Foreign Minister", "AUS"),
    ("Prime Minister Keir Starmer Meets", "Keir Starmer", "Prime Minister", None),
    ("Egyptian President Abdel Fattah al-Sisi", "Abdel Fattah al-Sisi", "President", "EGY"),
    (
        "Commission President Ursula von der Leyen",
        "Ursula von der Leyen",
        "Commission President",
        None,
    ),
    ("Japan's Defense Minister Gen Nakatani", "Gen Nakatani", "Defense Minister", "JPN"),
    ("Ukraine's Defence Minister, Rustem Umerov, said", "Rustem Umerov", "Defence Minister", "UKR"),
    ("his Saudi counterpart Prince Faisal bin Farhan", "Faisal bin Farhan", "Prince", "SAU"),
    ("Chief of Defence Staff General Anil Chauhan", "Anil Chauhan", "Chief of Defence Staff", None),
    ("General Secretary To Lam of Vietnam", "To Lam", "General Secretary", "VNM"),
    ("North Korean leader Kim Jong Un", "Kim Jong Un", "leader", "PRK"),
    ("Vice Admiral Brad Cooper", "Brad Cooper", "Vice Admiral", None),
    (
        "Chairman of the Joint Chiefs of Staff General Charles Q. Brown",
        "Charles Q. Brown",
        "Chairman of the Joint Chiefs of Staff",
        None,
    ),
]

SEVERAL: list[tuple[str, list[Row]]] = [
    (
        "his South Korean, Australian and New Zealand counterparts",
        [(None, None, "KOR", True), (None, None, "AUS", True), (None, None, "NZL", True)],
    ),
    ("the two ministers", [(None, "ministers", None, True)]),
    ("Indian officials", [(None, None, "IND", True)]),
    (
        "a Chinese delegation led by Vice Foreign Minister Ma Zhaoxu",
        [(None, None, "CHN", True), ("Ma Zhaoxu", "Vice Foreign Minister", "CHN", False)],
    ),
    (
        "foreign ministers of France, Germany and the United Kingdom",
        [(None, "foreign minister", c, False) for c in ("FRA", "DEU", "GBR")],
    ),
    (
        "Presidents Xi Jinping and Vladimir Putin",
        [("Xi Jinping", "President", None, False), ("Vladimir Putin", "President", None, False)],
    ),
    (
        "Defence Minister Rajnath Singh, Foreign Minister Wang Yi and Mr. Lavrov",
        [
            ("Rajnath Singh", "Defence Minister", None, False),
            ("Wang Yi", "Foreign Minister", None, False),
            ("Lavrov", None, None, False),
        ],
    ),
    (
        "Jane Roe arrived. Minister Jane Roe spoke; Roe left Roe Airport.",
        [
            ("Jane Roe", None, None, False),
            ("Jane Roe", "Minister", None, False),
            ("Roe", None, None, False),
            ("Roe", None, None, False),
        ],
    ),
    ("Indo-Pacific Region", []),
    ("Defence Cooperation Agreement", []),
    ("the 11th ASEAN Defence Ministers' Meeting-Plus", []),
    ("the Foreign Ministers Meeting", []),
    ("Special Strategic Partnership with Rio Tinto", []),
    ("the General Assembly and General Electric", []),
    ("Commanders of the Korean People's Army", []),
    ("Rajnath Singh", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "name", "office", "party"), ONE)
def test_one(text: str, name: str | None, office: str | None, party: str | None) -> None:
    """A phrase for one person would be taken apart wrongly, by `find` or by `parse`."""
    assert [row(m) for m in find(text)] == [(name, office, party, False)]
    assert row(parse(text)) == (name, office, party, False)


@pytest.mark.parametrize(("text", "rows"), SEVERAL)
def test_several(text: str, rows: list[Row]) -> None:
    """A phrase for several people, or for none, would be read wrongly."""
    assert [row(m) for m in find(text)] == rows


def test_side_by_context() -> None:
    """Words such as "the Korean side" would have no party although the context settles it."""
    context = "South Korean Defence Minister Kim Yong Hyun"
    assert row(parse("the Korean side", context=context)) == (None, None, "KOR", False)
    assert row(parse("the Korean side")) == (None, None, None, False)


def test_spans() -> None:
    """The phrase's or the name's offsets would not be those of the text."""
    text = "He met the US President Joe Biden's envoy and the Foreign Minister."
    named, unnamed = find(text)[0], find(text)[-1]
    assert text[named.start : named.end] == "US President Joe Biden"
    assert text[named.name_start : named.name_end] == "Joe Biden"
    assert text[unnamed.start : unnamed.end] == "the Foreign Minister"


def test_bare_names_in_parse() -> None:
    """A name that a model copied without a title would be lost."""
    for name in ("Rajnath Singh", "Singh", "Ursula von der Leyen", "习近平"):
        assert parse(name).name == name
    assert row(parse("Pat Conroy (Australia)")) == ("Pat Conroy", None, "AUS", False)
    assert parse("ministro de Defensa Luis Petri").name == "Luis Petri"
    assert parse("Defence Cooperation Agreement").name is None


def test_seed() -> None:
    """The people of a real article would be missed, or things taken for people."""
    text = SEED.read_text(encoding="utf-8")
    names = {m.name for m in find(text) if m.name}
    assert names == {
        "Rajnath Singh", "Singh", "Lloyd J Austin", "Lloyd J. Austin", "Lloyd Austin", "Austin",
        "Kim Yong Hyun", "Pat Conroy", "Judith Collins", "Khaled Nordin",
        "Chansamone Chanyalath", "Narendra Modi",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Singh", "Rajnath Singh"),
        ("Lloyd J Austin", "Lloyd J. Austin"),
        ("Lloyd Austin", "Lloyd J. Austin"),
        ("Austin", "Lloyd J Austin"),
        ("LLOYD AUSTIN", "Lloyd James Austin"),
        ("S. Jaishankar", "Subrahmanyam Jaishankar"),
        ("Kim Yong Hyun", "Kim"),
        ("Kim Yong Hyun", "Kim Yong-hyun"),
        ("Yong-hyun Kim", "Kim Yong Hyun"),
        ("Kim Yonghyun", "Kim Yong Hyun"),
        ("Xi", "Xi Jinping"),
        ("XI Jinping", "Xi Jinping"),
        ("Nguyen Phu Trong", "Trong"),
        ("Nguyễn Phú Trọng", "Nguyen Phu Trong"),
        ("bin Salman", "Mohammed bin Salman Al Saud"),
        ("Mohammed bin Salman", "Mohammed bin Salman Al Saud"),
        ("al-Sisi", "Abdel Fattah El Sisi"),
        ("von der Leyen", "Ursula von der Leyen"),
        ("Pedro Sánchez", "Pedro Sanchez Pérez-Castejón"),
        ("Abdullah", "Abdullah II"),
        ("Marcos", "Ferdinand Marcos Jr."),
        ("O'Brien", "Robert O’Brien"),
    ],
)
def test_same(a: str, b: str) -> None:
    """One person under two forms of the name would become two participants."""
    assert same(a, b)
    assert same(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("John Smith", "Mary Smith"),
        ("Rajnath", "Rajnath Singh"),
        ("Mohammed bin Zayed", "Mohammed bin Salman"),
        ("Abdullah bin Zayed", "Mohammed bin Zayed"),
        ("J", "John Smith"),
        ("Kim Yong Hyun", "Kim Jong Un"),
        ("Wang Yi", "Wang Wentao"),
        ("", "Singh"),
        ("J. Smith", "Mary Smith"),
    ],
)
def test_not_same(a: str, b: str) -> None:
    """Two people would be merged into one participant."""
    assert not same(a, b)
    assert not same(b, a)


PIECES = st.sampled_from(
    [
        "Defence", "Minister", "Ministers", "of", "and", "&", ",", "the", "his", "Kim Yong Hyun",
        "South Korean", "France", "Germany", "General", "Mr.", "counterparts", "side", "'s", ".",
        "President", "bin", "Xi", "II", "for", "Foreign Affairs", "\n", "\n\n", "(", "two", "Chief",
        "Secretary", "al-Sisi", "met", "J.", "delegation led by",
    ]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=20).map(" ".join)))
def test_properties(text: str) -> None:
    """Offsets would be false or overlap, an office invented, or an error raised."""
    past = 0
    for mention in find(text):
        assert past <= mention.start < mention.end <= len(text)
        past = mention.end
        assert mention.office is None or mention.office in text
        span = text[mention.name_start : mention.name_end]
        assert mention.name in (None, span)
        assert mention.start <= mention.name_start <= mention.name_end <= mention.end
    whole = parse(text)
    assert 0 <= whole.start <= whole.name_start <= whole.name_end <= whole.end <= len(text)
    assert whole.name in (None, text[whole.name_start : whole.name_end])


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_same_is_symmetric(a: str, b: str) -> None:
    """Whether two names are one person's would depend on their order."""
    assert same(a, b) == same(b, a)


@pytest.mark.parametrize(
    "piece", ["Defence ", "France, ", "Minister of ", "Kim ", "Mr. A ", "the "]
)
def test_work_is_bounded(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work would grow faster than the text."""
    original = people._Reader.low
    calls = 0

    def counted(self: people._Reader, index: int) -> str:
        nonlocal calls
        calls += 1
        return original(self, index)

    monkeypatch.setattr(people._Reader, "low", counted)
    find(piece * 200)
    once, calls = calls, 0
    find(piece * 400)
    assert calls <= 2.5 * once + 100


def told(text: str) -> list[tuple[str | None, str | None, str | None]]:
    """Return the name, the office and the party of every mention."""
    mentions = find(text, context=text)
    return [(m.name, m.office, m.party.code if m.party else None) for m in mentions]


def test_names_behind_the_counterparts_of_several_parties() -> None:
    """Of three ministers named in a row, only the last party would be told, and nobody."""
    text = (
        "Egyptian Foreign Minister Omar Selim and his Greek, Cypriot and French counterparts, "
        "Nikos Doras, Anna Chari and Luc Le Brun, respectively, gathered."
    )
    assert [(name, party) for name, _, party in told(text)] == [
        ("Omar Selim", "EGY"),
        ("Nikos Doras", "GRC"),
        ("Anna Chari", "CYP"),
        ("Luc Le Brun", "FRA"),
    ]


def test_counterparts_of_an_office_in_lower_case() -> None:
    """Advisers who are named after "his national security adviser counterparts" would be lost."""
    text = (
        "He met his national security adviser counterparts Taro Ito of Japan and Ana Cruz of Peru."
    )
    assert told(text) == [
        ("Taro Ito", "national security adviser", "JPN"),
        ("Ana Cruz", "national security adviser", "PER"),
    ]


@pytest.mark.parametrize(
    ("text", "office"),
    [
        (
            "Special Representative of the UN Secretary-General for Libya Ana Mora spoke.",
            "Special Representative of the UN Secretary-General for Libya",
        ),
        (
            "The Special Representative of the UN Secretary General in Iraq, Dr Ana Mora, spoke.",
            "Special Representative of the UN Secretary General in Iraq",
        ),
    ],
)
def test_representative_of_a_secretary_general(text: str, office: str) -> None:
    """An envoy would be cut in two: a representative without a name, and a Secretary-General."""
    assert told(text) == [("Ana Mora", office, "UN")]


def test_portfolio_of_a_region() -> None:
    """The name behind a long portfolio would be lost with its end."""
    text = "U.S. Assistant Secretary of State for South and Central Asian Affairs Ann Reed spoke."
    office = "Assistant Secretary of State for South and Central Asian Affairs"
    assert told(text) == [("Ann Reed", office, "USA")]


def test_short_forms_and_styles_beside_a_name() -> None:
    """A short form, "(Retd)" or "H.E" would part an office from its name, or become part of it."""
    assert told("Chief of Army Staff (COAS) General Musa Bello spoke.") == [
        ("Musa Bello", "Chief of Army Staff", None)
    ]
    assert told("High Commissioner of Nigeria Maj. Gen (Retd) Musa Bello spoke.") == [
        ("Musa Bello", "High Commissioner", "NGA")
    ]
    assert told("H.E Musa Bello, Prime Minister of Kenya, spoke.")[0][0] == "Musa Bello"


def test_rank_behind_a_party() -> None:
    """The words "Indian Rear Admiral Rao" would stand for no side."""
    assert told("Indian Rear Admiral Arun Rao spoke.") == [("Arun Rao", "Rear Admiral", "IND")]


def test_given_name_before_the_father_s() -> None:
    """The words "Sheikh Tariq" would be another man than Tariq bin Saif Al Nuri."""
    assert same("Tariq", "Tariq bin Saif Al Nuri")
    assert not same("Ana", "Ana Maria Silva")


def test_word_that_begins_a_name() -> None:
    """The words "Morita" would not be Morita Akane, where nobody else could be meant."""
    text = "Japanese Foreign Minister Morita Akane spoke. Morita then left."
    assert [name for name, _, _ in told(text)] == ["Morita Akane", "Morita"]
    assert people.begins("Morita", "Morita Akane")
    assert not people.begins("Akane", "Morita Akane")
    assert not people.begins("Morita", "Morita")


@pytest.mark.parametrize(
    ("text", "who"),
    [
        (
            "She met her counterpart Mr. Peter Hale, Minister for Trade of Peru, on Monday.",
            ("Peter Hale", "Minister for Trade", "PER"),
        ),
        (
            "He spoke with his counterpart from Peru, Defence Minister Ana Ruiz.",
            ("Ana Ruiz", "Defence Minister", "PER"),
        ),
    ],
)
def test_a_counterpart_with_an_office(text: str, who: tuple[str, str, str]) -> None:
    """A counterpart would be two people, or stand for nobody."""
    assert told(text) == [who]


def test_presidents_of_several_parties_by_name() -> None:
    """Two presidents named behind their parties would have no names."""
    assert told("The Russian and Peruvian presidents Ivan Orlov and Ana Ruiz left.") == [
        ("Ivan Orlov", "president", "RUS"),
        ("Ana Ruiz", "president", "PER"),
    ]


def test_ministers_of_several_parties_by_name() -> None:
    """Two ministers named behind "of A and B" would have no names."""
    assert told("The Foreign Ministers of Peru and Chile Ana Ruiz and Tom Rojas met.") == [
        ("Ana Ruiz", "Foreign Minister", "PER"),
        ("Tom Rojas", "Foreign Minister", "CHL"),
    ]


def test_a_subject_behind_a_comma_does_not_hold_the_office_before_it() -> None:
    """Who met the Defence Secretary of Peru would be that secretary."""
    text = (
        "Defence Minister Arun Mehta left. In talks with the Defence Secretary of Peru, Arun Mehta "
        "praised fishing."
    )
    assert told(text)[-1] == ("Arun Mehta", None, None)
