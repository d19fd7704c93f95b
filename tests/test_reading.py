from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique import reading

# One row: the sentence, and the (type, status) of each trigger in order.
TRIGGERS = [
    ("The foreign ministers met in Oslo on Monday.", [("meeting", "held")]),
    ("She meets her Polish counterpart in Riga.", [("meeting", "held")]),
    ("The two ministers held talks in Lima.", [("meeting", "held")]),
    ("He held bilaterals with Maria Silva and Jan Novak.", [("meeting", "held")]),
    ("The minister conferred with the envoy.", [("meeting", "held")]),
    ("The President received the Ghanaian ambassador.", [("meeting", "held")]),
    ("He had an audience with the Pope.", [("meeting", "held")]),
    ("They discussed trade over a working lunch.", [("meeting", "held")]),
    ("The minister spoke with his Kenyan counterpart.", [("call", "held")]),
    ("The secretary spoke today with Foreign Minister Lind.", [("call", "held")]),
    ("The leaders spoke by phone on Sunday.", [("call", "held")]),
    ("The two presidents held a telephone call.", [("call", "held")]),
    ("In a video call, the ministers discussed fishing quotas.", [("call", "held")]),
    ("He called President Okoye to offer condolences.", [("call", "held")]),
    ("The president visited Norway in May.", [("visit", "held")]),
    ("The king paid a state visit to Japan.", [("visit", "held")]),
    ("The minister travelled to Rome.", [("visit", "held")]),
    ("The chancellor arrived in Ottawa.", [("visit", "held")]),
    ("The minister welcomed Ms Berg to Canberra.", [("visit", "held")]),
    ("He attended the NATO Summit.", [("summit", "held")]),
    ("They participated in the Munich Security Conference.", [("conference", "held")]),
    ("She attended the 9th Asian Defence Ministers' Meeting-Plus.", [("conference", "held")]),
    ("The sides held a strategic dialogue in Delhi.", [("dialogue", "held")]),
    ("The U.S.-Spain Cybersecurity Dialogue took place in Madrid.", [("dialogue", "held")]),
    ("The 2+2 dialogue was held in Tokyo.", [("dialogue", "held")]),
    ("Peace talks between the two sides collapsed.", [("negotiation", "held")]),
    ("The navies conducted a joint naval exercise.", [("exercise", "held")]),
    ("Exercise Malabar began today.", [("exercise", "ongoing")]),
    ("The envoy attended the inauguration.", [("ceremony", "held")]),
    ("The prime minister will visit Chile next week.", [("visit", "planned")]),
    ("The president is to visit Kenya in June.", [("visit", "planned")]),
    ("The ministers are scheduled to meet in Doha.", [("meeting", "planned")]),
    ("The upcoming summit in Lima is important.", [("summit", "planned")]),
    ("The meeting will be held in Geneva.", [("meeting", "planned")]),
    ("He said he would visit Hanoi.", [("visit", "planned")]),
    ("Prime minister to visit Japan", [("visit", "planned")]),
    ("She looks forward to meeting her counterpart.", [("meeting", "planned")]),
    ("The minister plans to travel to Rome.", [("visit", "planned")]),
    ("He invited the president to visit Tunis.", [("visit", "proposed")]),
    ("Turkey offered to host the peace talks.", [("negotiation", "proposed")]),
    ("The premier proposed a meeting in May.", [("meeting", "proposed")]),
    ("The leaders could meet in Vienna.", [("meeting", "proposed")]),
    ("The minister would meet the envoy if fighting stopped.", [("meeting", "proposed")]),
    ("The visit was postponed.", [("visit", "postponed")]),
    ("He postponed his trip to Athens.", [("visit", "postponed")]),
    (
        "The talks, which were scheduled for Monday, have been postponed.",
        [("meeting", "postponed")],
    ),
    ("The summit has been cancelled.", [("summit", "cancelled")]),
    ("She called off the visit.", [("visit", "cancelled")]),
    ("The president will no longer travel to Ankara.", [("visit", "cancelled")]),
    ("The king will not attend the summit.", [("summit", "cancelled")]),
    ("The ministers did not meet.", [("meeting", "denied")]),
    ("The ministry denied that a meeting took place.", [("meeting", "denied")]),
    ("No meeting took place in Cairo.", [("meeting", "denied")]),
    ("The foreign minister is visiting Peru.", [("visit", "ongoing")]),
    ("The minister, who is on a visit to India, praised the plan.", [("visit", "ongoing")]),
    ("The talks are under way in Doha.", [("meeting", "ongoing")]),
    (
        "The minister, who visited Paris in May, will travel to Rome.",
        [("visit", "held"), ("visit", "planned")],
    ),
    ("He met the chancellor and will visit Prague.", [("meeting", "held"), ("visit", "planned")]),
    (
        "She will travel to Rome on Monday and meet the premier.",
        [("visit", "planned"), ("meeting", "planned")],
    ),
    ("The minister recalled his visit in August.", [("visit", "held")]),
    ("It is a joy to meet my friend.", [("meeting", "held")]),
    ("The new plan will meet the needs of both armies.", []),
    ("Output failed to meet the targets.", []),
    ("They urged both sides to exercise restraint.", []),
    ("The plan met with criticism.", []),
    ("The minister called for restraint.", []),
    ("She called on Russia to withdraw.", []),
    ("The so-called caliphate fell.", []),
    ("He has accepted an invitation to visit Rome.", [("visit", "planned")]),
    ("The king will start his tour of Asia in Oslo.", [("visit", "planned")]),
    ("Aides said the trip would not go ahead.", [("visit", "cancelled")]),
    (
        "The envoy wrote that the trip, planned for May, must be put off.",
        [("visit", "postponed")],
    ),
    ("As we begin our summit here, unity holds.", [("summit", "ongoing")]),
    ("He called for dialogue.", []),
    ("Please visit our website.", []),
    ("Ties grow through regular exchanges of visits.", []),
    ("The sides discussed exchanges of visits of naval ships.", []),
    ("He spoke about the economy.", []),
    ("The minister spoke at length.", []),
    ("He held a press conference.", []),
    ("They will negotiate the Fisheries Agreement.", []),
    ("Ministers received information about the case.", []),
    ("He invited firms to invest in the corridor.", []),
]

# One row: the sentence, and (title, acronym, type) of each.
TITLES = [
    (
        "They signed the Defence Cooperation Agreement (DCA).",
        [("Defence Cooperation Agreement", "DCA", "agreement")],
    ),
    (
        "Implementing arrangement on mid-air refuelling was exchanged.",
        [("Implementing arrangement on mid-air refuelling", None, "arrangement")],
    ),
    (
        "Both hailed the 'Road map for Shipbuilding Industry Growth' signed in 2019.",
        [("Road map for Shipbuilding Industry Growth", None, "roadmap")],
    ),
    (
        "They signed the Memorandum of Agreement regarding the exchange of Pilots.",
        [("Memorandum of Agreement regarding the exchange of Pilots", None, "memorandum")],
    ),
    (
        "Progress made under the Peru-Chile Mining Cooperation Roadmap was noted.",
        [("Peru-Chile Mining Cooperation Roadmap", None, "roadmap")],
    ),
    (
        "The Security of Supplies Agreement (SOSA) was signed.",
        [("Security of Supplies Agreement", "SOSA", "agreement")],
    ),
    (
        "They discussed a bilateral Defence Cooperation Agreement.",
        [("Defence Cooperation Agreement", None, "agreement")],
    ),
    (
        "The three states signed a trilateral memorandum.",
        [("trilateral memorandum", None, "memorandum")],
    ),
    (
        "The ministers signed an agreement on visa-free travel.",
        [("agreement on visa-free travel", None, "agreement")],
    ),
    ("Two significant agreements were discussed.", []),
    ("The two sides are in agreement.", []),
    ("They discussed a peace deal.", []),
    ("The parties signed a peace deal.", [("peace deal", None, "agreement")]),
    ("They share a strategic partnership.", []),
    ("They advanced co-production arrangements for jet engines.", []),
    (
        "They signed the Extradition Agreement and the Memorandum of Understanding on Tourism.",
        [
            ("Extradition Agreement", None, "agreement"),
            ("Memorandum of Understanding on Tourism", None, "memorandum"),
        ],
    ),
    (
        "The Treaty of Amity and Cooperation remains central.",
        [("Treaty of Amity and Cooperation", None, "treaty")],
    ),
    (
        "The ministers signed an MoU on health cooperation.",
        [("MoU on health cooperation", None, "memorandum")],
    ),
    (
        "The Chemical Weapons Convention was ratified.",
        [("Chemical Weapons Convention", None, "treaty")],
    ),
    ("He spoke at the Convention Centre.", []),
]

# One row: the sentence, the title, and (kind, realis) of each act.
ACTS = [
    ("They signed the Lima Treaty.", "Lima Treaty", [("signed", "done")]),
    ("The Lima Treaty was signed in 2020.", "Lima Treaty", [("signed", "done")]),
    ("They will sign the Lima Treaty.", "Lima Treaty", [("signed", "planned")]),
    ("They promised to sign the Lima Treaty.", "Lima Treaty", [("signed", "planned")]),
    ("The Lima Treaty is to be signed in May.", "Lima Treaty", [("signed", "planned")]),
    ("Peru refused to sign the Lima Treaty.", "Lima Treaty", [("signed", "denied")]),
    ("Peru did not sign the Lima Treaty.", "Lima Treaty", [("signed", "denied")]),
    ("The Lima Treaty has not been ratified.", "Lima Treaty", [("ratified", "denied")]),
    ("Peru would sign the Lima Treaty if asked.", "Lima Treaty", [("signed", "conditional")]),
    ("The Lima Treaty, when concluded, will help.", "Lima Treaty", [("agreed", "conditional")]),
    ("He urged Peru to sign the Lima Treaty.", "Lima Treaty", [("requested", "done")]),
    (
        "He requested for early finalisation of the Lima Treaty.",
        "Lima Treaty",
        [("requested", "done")],
    ),
    (
        "She called for the early conclusion of the Lima Treaty.",
        "Lima Treaty",
        [("requested", "done")],
    ),
    ("They began negotiating the Lima Treaty.", "Lima Treaty", [("negotiating", "done")]),
    ("They continue to negotiate the Lima Treaty.", "Lima Treaty", [("negotiating", "done")]),
    ("Talks on the Lima Treaty resumed.", "Lima Treaty", [("negotiating", "done")]),
    ("They concluded the Lima Treaty.", "Lima Treaty", [("agreed", "done")]),
    ("The Lima Treaty was initialled.", "Lima Treaty", [("initialled", "done")]),
    ("Peru ratified the Lima Treaty.", "Lima Treaty", [("ratified", "done")]),
    ("The Lima Treaty entered into force in May.", "Lima Treaty", [("entered_into_force", "done")]),
    (
        "The Lima Treaty will enter into force in May.",
        "Lima Treaty",
        [("entered_into_force", "planned")],
    ),
    ("Peru amended the Lima Treaty.", "Lima Treaty", [("amended", "done")]),
    ("They noted progress made under the Lima Treaty.", "Lima Treaty", [("implementing", "done")]),
    ("They extended the Lima Treaty.", "Lima Treaty", [("extended", "done")]),
    ("Peru suspended the Lima Treaty.", "Lima Treaty", [("suspended", "done")]),
    ("Peru withdrew from the Lima Treaty.", "Lima Treaty", [("terminated", "done")]),
    ("The Lima Treaty expired in 2021.", "Lima Treaty", [("expired", "done")]),
    ("They welcomed the signing of the Lima Treaty.", "Lima Treaty", [("signed", "done")]),
    (
        "He praised the Lima Treaty, signed in 2020, for its scope.",
        "Lima Treaty",
        [("signed", "done")],
    ),
    (
        "They agreed to work together on the 'Lima Treaty' signed in May.",
        "Lima Treaty",
        [("signed", "done")],
    ),
    ("They signed the Lima Treaty and the Oslo Protocol.", "Oslo Protocol", [("signed", "done")]),
    (
        "Two pacts were signed - the Lima Treaty (LT) and the Oslo Protocol.",
        "Oslo Protocol",
        [("signed", "done")],
    ),
    ("The Lima Treaty and the Oslo Protocol were signed.", "Lima Treaty", [("signed", "done")]),
    ("Under the Lima Treaty, Peru signed contracts.", "Lima Treaty", [("implementing", "done")]),
    ("They discussed the Lima Treaty.", "Lima Treaty", []),
    ("The two sides are expected to sign the Lima Treaty.", "Lima Treaty", [("signed", "planned")]),
    ("The Lima Treaty could be signed in June.", "Lima Treaty", [("signed", "conditional")]),
    ("They signed a contract under the Lima Treaty.", "Lima Treaty", [("implementing", "done")]),
]

ACTS += [
    ("No agreement was signed.", "agreement", [("signed", "denied")]),
    ("Peru and Chile signed no agreement.", "agreement", [("signed", "denied")]),
    ("We will continue to negotiate the Lima Treaty.", "Lima Treaty", [("negotiating", "done")]),
    ("The Lima Treaty has yet to be ratified.", "Lima Treaty", [("ratified", "denied")]),
]

# What a sentence leaves untold, and what two clauses tell of one thing.
TRIGGERS += [
    (
        "Talks between Ghana and Togo on a Lagoon Protocol were put off.",
        [("negotiation", "postponed")],
    ),
    ("Talks of Ghana and Togo on a Lagoon Protocol were put off.", [("negotiation", "postponed")]),
    (
        "The third round of talks between Ghana and Togo on a Lagoon Protocol was held in Accra.",
        [("negotiation", "held")],
    ),
    ("Negotiations on the Lagoon Protocol resume in May.", [("negotiation", "planned")]),
    ("The sixth round will be held in Lomé in March.", [("negotiation", "planned")]),
    ("The next round is to take place in Lima.", [("negotiation", "planned")]),
    ("The second round of the elections will be held in March.", []),
    ("Minister Adu did not attend the Lima Summit.", []),
    ("The premier was absent from the talks in Riga.", []),
    ("The Togolese envoy skipped the conference.", []),
    ("The king will not attend the summit.", [("summit", "cancelled")]),
    ("Ghana was not a party to the negotiations.", []),
    ("She did not take part in the talks, and visited Rome.", [("visit", "held")]),
    ("No visit has been scheduled.", []),
    ("No talks between the two sides are planned.", []),
    ("There are no plans for a meeting.", []),
    ("No meeting took place in Cairo.", [("meeting", "denied")]),
    ("He did not rule out a summit in May.", [("summit", "proposed")]),
    ("She ruled out a meeting.", [("meeting", "denied")]),
    ("He invited Ms Berg to Accra in May.", [("visit", "proposed")]),
    ("He invited Ms Berg to the Lima Summit.", [("summit", "proposed")]),
    ("He invited firms to invest in Peru.", []),
    (
        "She invited the Peruvian side to take part in Exercise Palm Wind, to be held in May.",
        [("exercise", "planned")],
    ),
    (
        "On the third day of her visit to Chile, she met the king.",
        [("visit", "ongoing"), ("meeting", "held")],
    ),
    ("The Meeting decided to hold a summit in Lima.", [("meeting", "held"), ("summit", "planned")]),
    ("The exercise continues until Friday.", [("exercise", "ongoing")]),
    ("The exercise began on Monday.", [("exercise", "ongoing")]),
    ("They watched the live-fire phase of the exercise.", [("exercise", "held")]),
    ("Exercise Palm Wind, in which Ghana takes part, is under way.", [("exercise", "ongoing")]),
    (
        "A four-party conference on herring, hosted by Norway, was postponed.",
        [("conference", "postponed")],
    ),
    ("The talks, due on Monday in Accra, were cancelled.", [("meeting", "cancelled")]),
    ("Notes on the economy were published.", []),
    ("He called on Danish Vice Admiral Nils Holm.", [("meeting", "held")]),
    ("He called on Danish voters to act.", []),
    ("She informed the King of Denmark by phone.", [("call", "held")]),
    ("The frigate made a port call at Oslo.", [("other", "held")]),
    ("Handing over the boats at a ceremony in Oslo, he smiled.", [("ceremony", "held")]),
    ("Trade talks between Ghana and Togo resume in May.", [("negotiation", "planned")]),
    ("The trip was to have been made in May.", [("visit", "planned")]),
    ("The drills have been cancelled.", [("exercise", "cancelled")]),
    (
        "On the opening day of the summit, she met the king.",
        [("summit", "ongoing"), ("meeting", "held")],
    ),
    ("He thanked the premier of Peru by telephone.", [("call", "held")]),
    ("The destroyer is on a port call in Lima.", [("other", "ongoing")]),
]

ACTS += [
    (
        "A Grain Transit Accord that Kenya and Chad signed in 2019 was to have been ratified then.",
        "Grain Transit Accord",
        [("signed", "done"), ("ratified", "planned")],
    ),
    (
        "The Seed Bank Treaty, which the two governments initialled in June, will be signed.",
        "Seed Bank Treaty",
        [("initialled", "done"), ("signed", "planned")],
    ),
    (
        "The Lake Rescue Pact that Peru will sign in May helps fishermen.",
        "Lake Rescue Pact",
        [("signed", "planned")],
    ),
    (
        "Negotiations between Chile and Peru on a Copper Tariff Agreement continue.",
        "Copper Tariff Agreement",
        [("negotiating", "done")],
    ),
    (
        "Talks between Ghana and Togo on a Lagoon Protocol were put off.",
        "Lagoon Protocol",
        [("negotiating", "done")],
    ),
    (
        "Talks of Ghana and Togo on a Lagoon Protocol were put off.",
        "Lagoon Protocol",
        [("negotiating", "done")],
    ),
    (
        "The third round of talks between Ghana and Togo on a Lagoon Protocol was held in Accra.",
        "Lagoon Protocol",
        [("negotiating", "done")],
    ),
    (
        "Negotiations on the Lagoon Protocol resume in May.",
        "Lagoon Protocol",
        [("negotiating", "done")],
    ),
    ("Talks on the Lagoon Protocol are continuing.", "Lagoon Protocol", [("negotiating", "done")]),
    ("The Herring Treaty is under discussion.", "Herring Treaty", [("negotiating", "done")]),
    (
        "The Herring Treaty, asked for by Norway, is under consideration.",
        "Herring Treaty",
        [("requested", "done")],
    ),
    ("The Herring Treaty is under consideration.", "Herring Treaty", [("negotiating", "done")]),
    (
        "The Herring Treaty has been in force since 2001.",
        "Herring Treaty",
        [("entered_into_force", "done")],
    ),
    (
        "Norway requested the extension of the Herring Treaty.",
        "Herring Treaty",
        [("extended", "conditional")],
    ),
    ("Norway has asked Iceland for a Herring Treaty.", "Herring Treaty", [("requested", "done")]),
    (
        "The Herring Treaty, signed in 2001, will be amended next year.",
        "Herring Treaty",
        [("signed", "done"), ("amended", "planned")],
    ),
    ("The Herring Treaty of 2001 has been extended.", "Herring Treaty", [("extended", "done")]),
    (
        "The Herring Treaty, last amended in 2010, remains suspended.",
        "Herring Treaty",
        [("suspended", "done")],
    ),
    (
        "They initialled the Herring Treaty; a draft had been agreed in 2024.",
        "Herring Treaty",
        [("initialled", "done"), ("agreed", "done")],
    ),
    ("They signed the Herring Treaty and exchanged gifts.", "Herring Treaty", [("signed", "done")]),
    (
        "Notes on fishing fees were exchanged in Oslo.",
        "Notes on fishing fees",
        [("exchanged", "done")],
    ),
    (
        "Letters concerning the ferry were exchanged.",
        "Letters concerning the ferry",
        [("exchanged", "done")],
    ),
    ("The arrangement of 2014 was terminated.", "arrangement of 2014", [("terminated", "done")]),
    ("The Protocol was signed in Oslo by both ministers.", "Protocol", [("signed", "done")]),
    (
        "Peru suspended the Lima Treaty until the end of talks.",
        "Lima Treaty",
        [("suspended", "done")],
    ),
    (
        "The Herring Treaty should be signed this year.",
        "Herring Treaty",
        [("signed", "conditional")],
    ),
    (
        "The Herring Treaty is being implemented since May.",
        "Herring Treaty",
        [("implementing", "done")],
    ),
    (
        "The Lima Treaty, signed in 2001, and the Oslo Protocol were extended.",
        "Lima Treaty",
        [("signed", "done")],
    ),
    (
        "The Lima Treaty, signed in 2001, and the Oslo Protocol were extended.",
        "Oslo Protocol",
        [("extended", "done")],
    ),
    (
        "Under the Lima Treaty, signed in 2001, Peru was suspended.",
        "Lima Treaty",
        [("implementing", "done"), ("signed", "done")],
    ),
    ("They held talks on the Lima Treaty.", "Lima Treaty", [("negotiating", "done")]),
    ("Talks on a Reindeer Accord continue.", "Reindeer Accord", [("negotiating", "done")]),
    (
        "Sweden asked Norway and Iceland for a Ferry Accord.",
        "Ferry Accord",
        [("requested", "done")],
    ),
    (
        "Peru demanded the suspension of the Ferry Accord.",
        "Ferry Accord",
        [("suspended", "conditional")],
    ),
    (
        "The Ferry Accord, which has been in force since 1999, expired in May.",
        "Ferry Accord",
        [("entered_into_force", "done")],
    ),
    ("He urged the renewal of the Ferry Accord.", "Ferry Accord", [("extended", "conditional")]),
    (
        "The two sides wrote a Ferry Accord; it was initialled in June.",
        "Ferry Accord",
        [("initialled", "done")],
    ),
]

NOTES = [
    ("Notes on fishing fees were exchanged in Oslo.", ["Notes on fishing fees"]),
    ("Letters concerning the ferry were exchanged.", ["Letters concerning the ferry"]),
    ("Notes on the economy were published.", []),
    ("The arrangement of 2014 was terminated.", ["arrangement of 2014"]),
    ("An agreement of 1998 expired in May.", ["agreement of 1998"]),
    ("The Protocol was signed in Oslo.", ["Protocol"]),
    ("The Charter was ratified by Peru.", ["Charter"]),
    ("The protocol of the dinner was simple.", []),
]

STATEMENTS = [
    ("They agreed to expand trade.", "commitment"),
    ("Peru pledged new funds.", "commitment"),
    ("He requested more visas.", "request"),
    ("She called on Chile to act.", "request"),
    ("He offered to mediate.", "offer"),
    ("She invited him to Lima.", "invitation"),
    ("He welcomed the vote.", "welcome"),
    ("They reaffirmed their ties.", "reaffirmation"),
    ("They condemned the attack.", "condemnation"),
    ("He stressed that trade matters.", "assertion"),
    ("It rained.", None),
]

EVENTS = [
    (
        "He came for the 11th Asian Defence Ministers' Meeting-Plus in Lima.",
        [("11th Asian Defence Ministers' Meeting-Plus", "conference")],
    ),
    (
        "He left the Asian Defence Ministers Meeting-Plus (ADMM Plus).",
        [("Asian Defence Ministers Meeting-Plus (ADMM Plus)", "conference")],
    ),
    ("The Defence Policy Dialogue (DPD) helps.", [("Defence Policy Dialogue (DPD)", "dialogue")]),
    ("The QUAD Summit ended.", [("QUAD Summit", "summit")]),
    ("Ships joined Exercise Malabar off Goa.", [("Exercise Malabar", "exercise")]),
    ("The summit ended.", []),
]


def _one(sentence: str, words: str) -> tuple[int, int]:
    start = sentence.index(words)
    return start, start + len(words)


@pytest.mark.parametrize(("sentence", "expected"), TRIGGERS)
def test_triggers(sentence, expected):
    """An engagement would be missed, invented, or told with the wrong status."""
    assert [(t.type, t.status) for t in reading.triggers(sentence)] == expected


@pytest.mark.parametrize(("sentence", "expected"), TITLES)
def test_titles(sentence, expected):
    """An instrument would be missed, invented or cut in the wrong place."""
    found = reading.titles(sentence)
    assert [(t.title, t.acronym, t.type) for t in found] == expected


@pytest.mark.parametrize(("sentence", "title", "expected"), ACTS)
def test_acts(sentence, title, expected):
    """An agreement would be told as signed when it was only asked for, or the reverse."""
    found = reading.acts(sentence, _one(sentence, title))
    assert [(a.kind, a.realis) for a in found] == expected


@pytest.mark.parametrize(("sentence", "expected"), NOTES)
def test_titles_without_a_name_of_their_own(sentence, expected):
    """Exchanged notes, or an older arrangement, would be missed or taken for another."""
    assert [t.title for t in reading.titles(sentence)] == expected


def test_a_sitting_and_the_act_it_serves_are_told_by_different_words():
    """A postponed round would be swallowed by the act of negotiating, or told twice."""
    sentence = "Talks between Ghana and Togo on a Lagoon Protocol were put off."
    (sitting,) = reading.triggers(sentence)
    (act,) = reading.acts(sentence, _one(sentence, "Lagoon Protocol"))
    assert sitting.end <= act.start


@pytest.mark.parametrize(("sentence", "expected"), STATEMENTS)
def test_statements(sentence, expected):
    """An outcome would get the wrong speech act."""
    assert reading.statements(sentence) == expected


@pytest.mark.parametrize(("sentence", "expected"), EVENTS)
def test_event_names(sentence, expected):
    """An event would lose its proper name."""
    assert [(sentence[a:b], k) for a, b, k in reading.event_names(sentence)] == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("He recalled his recent visit to Lima.", True),
        ("Following talks in Oslo, prices fell.", True),
        ("He met the premier in Oslo.", False),
        ("Referring to the Lima Summit, he praised Peru.", True),
        ("She will visit Chile.", False),
        ("After a meeting in May, both left.", True),
    ],
)
def test_background(sentence, expected):
    """An engagement recalled as context would be told as the news, or the reverse."""
    assert reading.background(sentence, reading.triggers(sentence)[0]) is expected


@pytest.mark.parametrize(
    ("sentence", "apart", "together"),
    [
        ("He met separately with A and B.", True, False),
        ("He held bilaterals with A and B.", True, False),
        ("He met his South Korean, Australian and New Zealand counterparts.", True, False),
        ("They held a trilateral meeting.", False, True),
        ("The leaders met together.", False, True),
        ("He met the premier.", False, False),
    ],
)
def test_distributive_and_joint(sentence, apart, together):
    """Three meetings would be told as one, or one as three."""
    assert (reading.distributive(sentence), reading.joint(sentence)) == (apart, together)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("They met on the sidelines of the Lima Summit in Peru.", "Lima Summit"),
        ("They met on the margins of the General Assembly.", "General Assembly"),
        ("They met on the sidelines of a summit in Peru.", "a summit"),
        (
            "They met on the sidelines of 11th Asian Defence Ministers' Meeting-Plus in Laos.",
            "11th Asian Defence Ministers' Meeting-Plus",
        ),
        ("They met in Peru.", None),
    ],
)
def test_sidelines(sentence, expected):
    """A meeting would not be linked to the event at whose edge it was held."""
    span = reading.sidelines(sentence)
    assert (sentence[span[0] : span[1]] if span else None) == expected


@pytest.mark.parametrize(
    ("language", "known"),
    [
        ("en", True),
        ("en-GB", True),
        ("EN_us", True),
        ("fr", False),
        (None, False),
        ("eng-ish", False),
    ],
)
def test_supports(language, known):
    """Rules for English would be applied to another language."""
    assert reading.supports(language) is known


def test_cues_are_cheap_supersets():
    """A sentence with a record in it would be skipped."""
    for sentence, expected in TRIGGERS:
        assert not expected or reading.has_engagement_cue(sentence)
    for sentence, named in TITLES:
        assert not named or reading.has_agreement_cue(sentence)
    assert not reading.has_engagement_cue("It rained.")
    assert not reading.has_agreement_cue("It rained.")


_PIECES = st.lists(
    st.sampled_from(
        [
            "The",
            "minister",
            "met",
            "will",
            "visit",
            "signed",
            "not",
            "the",
            "Lima",
            "Treaty",
            "Agreement",
            "on",
            "of",
            "(",
            ")",
            ",",
            ".",
            ";",
            "'",
            "’",
            "and",
            "who",
            "which",
            "talks",
            "Summit",
            "to",
            "call",
            "for",
            "MoU",
            "joint",
            "Exercise",
            "Dialogue",
            "–",
            "under",
            "was",
            "2020",
            "É",
            "中",
            "🙂",
            "postponed",
            "Meeting",
            "Memorandum",
            "Understanding",
            "counterparts",
            "sidelines",
        ]
    ),
    max_size=40,
).map(" ".join)


@given(st.one_of(_PIECES, st.text(max_size=200)))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_within_its_bounds(sentence):
    """A strange sentence would raise, or a span would point outside it."""
    n = len(sentence)
    for t in reading.triggers(sentence):
        assert 0 <= t.start < t.end <= n
        reading.background(sentence, t)
    for name in reading.titles(sentence):
        assert sentence[name.start : name.end] == name.title
        for a in reading.acts(sentence, (name.start, name.end)):
            assert 0 <= a.start < a.end <= n
    for start, end, _ in reading.event_names(sentence):
        assert 0 <= start < end <= n
    span = reading.sidelines(sentence)
    assert span is None or 0 <= span[0] < span[1] <= n
    reading.statements(sentence)
    reading.distributive(sentence)
    reading.joint(sentence)


@given(st.integers(-5, 30), st.integers(-5, 60))
@settings(max_examples=100, deadline=None)
def test_acts_of_any_span(start, end):
    """A span that is no title would raise."""
    reading.acts("They signed the Lima Treaty on Monday.", (start, end))


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("She looks forward to further consulting with Mr. Doe in Lima.", ("meeting", "planned")),
        ("The minister arrived in the city of Arica on Monday.", ("visit", "held")),
        ("They had a video conversation with Minister Doe.", ("call", "held")),
        ("They announced the Peru-Kenya Leadership Forum to be launched in 2026.", None),
        ("We agreed to explore them further at talks in Lima.", ("meeting", "planned")),
    ],
)
def test_words_of_meeting_and_their_time(sentence, told):
    """A consultation or an arrival would not be told, or what is to come would be told as held."""
    found = [(t.type, t.status) for t in reading.triggers(sentence)]
    assert found == [told or ("conference", "planned")]


def test_earlier_today_is_no_background():
    """What happened "earlier today" would be told as context only."""
    sentence = (
        "The minister spoke to Prime Minister Doe earlier today to say he will postpone his trip."
    )
    assert not any(reading.background(sentence, t) for t in reading.triggers(sentence))


@pytest.mark.parametrize(
    ("sentence", "title"),
    [
        ("Peru suspended extradition treaties with Chile.", "extradition treaties"),
        ("Several agreements were signed in Lima.", None),
        ("Peru acted in accordance with cooperation agreements.", None),
    ],
)
def test_instruments_of_a_kind(sentence, title):
    """A kind of treaties would not be told, or any number of unnamed agreements would be one."""
    assert [t.title for t in reading.titles(sentence)] == ([title] if title else [])


@pytest.mark.parametrize(
    ("sentence", "kind", "realis"),
    [
        ("We welcomed the finalisation of the negotiations of the Lima Accord.", "agreed", "done"),
        ("They concluded negotiations on the Lima Accord.", "agreed", "done"),
        ("They agreed to launch negotiations on the Lima Accord.", "negotiating", "planned"),
        ("The sides launched negotiations on the Lima Accord.", "negotiating", "done"),
        ("They hope for an early conclusion of the Lima Accord.", "agreed", "planned"),
        ("They worked to expedite the signing of the Lima Accord.", "signed", "planned"),
        ("We praised the existing Lima Accord.", "implementing", "done"),
        ("They noted that the recent Lima Accord is important.", "agreed", "done"),
    ],
)
def test_negotiations_begun_and_concluded(sentence, kind, realis):
    """Talks that are to begin would be under way, and those concluded would go on."""
    (title,) = reading.titles(sentence)
    found = reading.acts(sentence, (title.start, title.end))
    assert [(a.kind, a.realis) for a in found] == [(kind, realis)]


def test_where_it_says_who_took_part():
    """The words that say who took part would be no evidence of the meeting."""
    sentence = "Minister Doe will also attend the meeting."
    assert reading.attends(sentence) is not None
    assert reading.attends("Minister Doe did not attend the meeting.") is None


@pytest.mark.parametrize(
    ("sentence", "realis"),
    [
        ("They discussed the potential signing of a peace treaty.", "conditional"),
        ("They spoke of a possible conclusion of the Lima Accord.", "conditional"),
        ("They prepared the upcoming signing of the Lima Accord.", "planned"),
        ("They praised the signing of the Lima Accord.", "done"),
    ],
)
def test_an_adjective_puts_a_signing_off(sentence, realis):
    """A treaty whose signing is no more than possible would be told as signed."""
    (title,) = reading.titles(sentence)
    found = reading.acts(sentence, (title.start, title.end))
    assert [(a.realis) for a in found] == [realis]


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("The visit of the Kenyan president was confirmed by the ministry.", ("visit", "planned")),
        ("The ministry announced the cancellation of her visit to Peru.", ("visit", "cancelled")),
        ("The presidents held talks to discuss fishing.", ("meeting", "held")),
        ("Holding such joint naval exercises helps both.", None),
        ("The envoy is in Kenya to meet officials.", ("visit", "held")),
    ],
)
def test_what_is_confirmed_or_called_off(sentence, told):
    """A visit to come, or one called off, would be told as held, and a habit as an event."""
    assert [(t.type, t.status) for t in reading.triggers(sentence)][:1] == ([told] if told else [])


def test_a_head_that_modifies_the_next():
    """A Framework Participation Agreement would be two instruments."""
    sentence = "They praised the Kenya-Oman Framework Participation Agreement on Ports."
    assert [t.title for t in reading.titles(sentence)] == [
        "Kenya-Oman Framework Participation Agreement on Ports"
    ]


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("They will speak to the press after their meeting.", ("meeting", "planned")),
        ("They spoke to the press after their meeting.", ("meeting", "held")),
        ("She will travel tomorrow, Wednesday, to Paris.", ("visit", "planned")),
        ("She will also call on President Moen.", ("meeting", "planned")),
    ],
)
def test_what_is_to_come_with_something_else(sentence, told):
    """A meeting after which somebody will speak would be told as held, before it was."""
    assert [(t.type, t.status) for t in reading.triggers(sentence)] == [told]
