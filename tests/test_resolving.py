from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communique import pipeline
from communique.article import Article
from communique.drafts import AgreementDraft, MeetingDraft, PassageDraft
from communique.resolving import Findings, Told
from communique.scene import Scene

DAHL = "Norwegian Foreign Minister Kari Dahl"
ROJAS = "Chilean Foreign Minister Pedro Rojas"
OTIENO = "Kenyan Foreign Minister Amina Otieno"


def meeting(
    words: str, *who: str, event: str = "", when: str = "", where: str = ""
) -> MeetingDraft:
    """Return a draft that calls everything a meeting held, as a poor model would."""
    return MeetingDraft(
        words=words,
        kind="meeting",
        status="held",
        who=list(who),
        event=event,
        when=when,
        where=where,
    )


def agreement(title: str, *between: str) -> AgreementDraft:
    """Return a draft that calls everything signed, as a poor model would."""
    return AgreementDraft(title=title, act="signed", between=list(between), when="")


def found(
    text: str,
    *drafts: MeetingDraft | AgreementDraft,
    supplement: bool = False,
    language: str | None = "en",
) -> Findings:
    """Resolve drafts against a text published on Monday, 20 May 2024, read in one passage."""
    article = Article(text, published="2024-05-20", language=language)
    draft = PassageDraft(
        meetings=[d for d in drafts if isinstance(d, MeetingDraft)],
        agreements=[d for d in drafts if isinstance(d, AgreementDraft)],
    )
    read = [(p, draft) for p in article.passages(100_000)]
    return pipeline.read(read, Scene(article), supplement=supplement)


def names(told: Told) -> list[str | None]:
    """Return who took part: names, or the codes of unnamed sides."""
    return [a.person.name if a.person else a.code for a in told.attendees]


def left(findings: Findings) -> list[tuple[str, str, str]]:
    """Return what was left out, and why."""
    return [(o.what, o.words, o.reason) for o in findings.left_out]


# --- who --------------------------------------------------------------------------------------


def test_pronoun_is_the_lead() -> None:
    """The words "She also met" would tell of a meeting with one side."""
    text = f"{DAHL} met {ROJAS} in Santiago. She also met {OTIENO}."
    told = found(text, meeting("met", DAHL, ROJAS), meeting("also met", "She", OTIENO)).told
    assert [names(t) for t in told] == [["Kari Dahl", "Pedro Rojas"], ["Kari Dahl", "Amina Otieno"]]


def test_both_sides_are_no_participant() -> None:
    """A participant called "Both sides" would stand in the records."""
    text = f"{DAHL} met {ROJAS}. Both sides met reporters."
    findings = found(text, meeting("met", DAHL, ROJAS, "Both sides"))
    assert names(findings.told[0]) == ["Kari Dahl", "Pedro Rojas"]
    assert [names(t) for t in findings.told[1:]] == []


def test_counterparts_are_one_meeting_each() -> None:
    """Three bilateral meetings would be told as one of four states."""
    text = f"{DAHL} met her Chilean, Peruvian and Kenyan counterparts."
    told = found(text, meeting("met", DAHL, "her Chilean, Peruvian and Kenyan counterparts")).told
    assert [names(t) for t in told] == [["Kari Dahl", c] for c in ("CHL", "PER", "KEN")]


def test_separate_meetings_are_one_each() -> None:
    """The word "separately" would not be heard."""
    text = f"{DAHL} separately met {ROJAS} and {OTIENO}."
    told = found(text, meeting("met", DAHL, ROJAS, OTIENO)).told
    assert [names(t) for t in told] == [["Kari Dahl", "Pedro Rojas"], ["Kari Dahl", "Amina Otieno"]]


@pytest.mark.parametrize(
    ("text", "company"),
    [
        (f"{DAHL} met {ROJAS} and {OTIENO}.", ["Kari Dahl", "Pedro Rojas", "Amina Otieno"]),
        (
            f"{DAHL} held a trilateral meeting with her Chilean and Kenyan counterparts.",
            ["Kari Dahl", "CHL", "KEN"],
        ),
        ("The foreign ministers of Norway, Chile and Kenya met.", ["NOR", "CHL", "KEN"]),
    ],
)
def test_joint_meetings_stay_one(text: str, company: list[str]) -> None:
    """One meeting of three would be told as two of two."""
    told = found(text, supplement=True).told
    assert [names(t) for t in told] == [company]


def test_same_surname_on_both_sides() -> None:
    """Two ministers of one name would be one participant."""
    text = "Pakistani Foreign Minister Khan met Bangladeshi Foreign Minister Khan in Doha."
    told = found(text, supplement=True).told
    assert [a.code for a in told[0].attendees] == ["PAK", "BGD"]


def test_somebody_of_another_clause_did_not_take_part() -> None:
    """A person merely mentioned would be a participant."""
    text = f"{DAHL} met {ROJAS} to speak of what {OTIENO} had written."
    findings = found(text, meeting("met", DAHL, ROJAS, OTIENO))
    assert names(findings.told[0]) == ["Kari Dahl", "Pedro Rojas"]
    assert left(findings) == [("participant", OTIENO, "named in another part of the sentence")]


# --- what, when, where ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "status"),
    [
        (f"{DAHL} spoke by phone with {ROJAS}.", "call", "held"),
        (f"{DAHL} will meet {ROJAS} on Friday.", "meeting", "planned"),
        (f"The planned visit by {DAHL} to Chile was cancelled.", "visit", "cancelled"),
        (f"Norway denied that {DAHL} met {ROJAS}.", "meeting", "denied"),
    ],
)
def test_the_sentence_decides_type_and_status(text: str, kind: str, status: str) -> None:
    """A meeting that never was would be told as held because the model said so."""
    words = next(w for w in ("spoke", "meet", "visit", "met") if w in text)
    told = found(text, meeting(words, DAHL)).told
    assert [(t.type, t.status) for t in told] == [(kind, status)]


def test_background_is_marked() -> None:
    """A visit of five years ago would be told as news."""
    text = f"{DAHL} recalled her visit to Chile in May 2019."
    told = found(text, meeting("visit", DAHL, when="in May 2019", where="Chile")).told[0]
    assert told.salience == "background"
    assert told.date is not None
    assert told.date.edtf == "2019-05"


def test_date_and_place_of_the_sentence() -> None:
    """The words "on Monday" and "Santiago" would not reach the record, or not resolved."""
    text = f"{DAHL} met {ROJAS} in Santiago on Monday."
    told = found(text, meeting("met", DAHL, ROJAS, when="on Monday", where="Santiago")).told[0]
    assert told.date is not None
    assert (told.date.edtf, told.date.basis) == ("2024-05-20", "relative")
    assert told.place is not None
    assert (told.place.name, told.place.country) == ("Santiago", "CHL")


def test_date_and_place_of_another_sentence_are_not_taken() -> None:
    """A meeting would be dated and placed by what another sentence tells."""
    text = f"{DAHL} met {ROJAS}. A fair opened in Lima on 3 May 2024."
    findings = found(text, meeting("met", DAHL, ROJAS, when="3 May 2024", where="Lima"))
    assert (findings.told[0].date, findings.told[0].place) == (None, None)
    assert left(findings) == [
        ("date", "3 May 2024", "not in the sentence that tells of it"),
        ("place", "Lima", "not in the sentence that tells of it"),
    ]


def test_place_is_a_name() -> None:
    """A place would be called "Oslo." where it ends the sentence."""
    told = found(f"{DAHL} met {ROJAS} in Oslo.", meeting("met", DAHL, ROJAS)).told[0]
    assert told.place is not None
    assert told.place.name == "Oslo"


SIGNED_EARLIER = f"{DAHL} met {ROJAS} and welcomed the Fisheries Agreement signed in March 2021."


def test_date_of_an_agreement_is_not_the_meetings() -> None:
    """A meeting of today would be dated by an agreement of three years ago."""
    findings = found(SIGNED_EARLIER, meeting("met", DAHL, ROJAS), agreement("Fisheries Agreement"))
    assert findings.told[0].date is None
    act = findings.instruments[0].acts[0]
    assert act.date is not None
    assert (act.kind, act.date.edtf) == ("signed", "2021-03")


def test_drafted_date_of_an_agreement_is_not_the_meetings() -> None:
    """A model's slip would date the meeting by the agreement in its sentence."""
    told = found(SIGNED_EARLIER, meeting("met", DAHL, ROJAS, when="March 2021")).told[0]
    assert told.date is None


def test_what_is_not_written_is_left_out_with_the_reason() -> None:
    """An invention of the model would be in the records, or vanish without a word."""
    findings = found(
        f"{DAHL} met {ROJAS}.",
        meeting("met", DAHL, ROJAS, "Queen Zog", when="in June", where="Narnia"),
        meeting("a secret summit", "King Zog"),
        agreement("Treaty of Nowhere"),
    )
    assert names(findings.told[0]) == ["Kari Dahl", "Pedro Rojas"]
    assert {o[:2] for o in left(findings)} == {
        ("participant", "Queen Zog"),
        ("date", "in June"),
        ("place", "Narnia"),
        ("engagement", "a secret summit"),
        ("agreement", "Treaty of Nowhere"),
    }
    assert all(o.reason and o.passage == 0 for o in findings.left_out)


def test_a_sentence_without_engagement_tells_of_none() -> None:
    """Words that are there but tell of no meeting would be a meeting."""
    findings = found(f"{DAHL} likes {ROJAS}.", meeting("likes", DAHL, ROJAS))
    assert findings.told == []
    assert left(findings)[0][2] == "the sentence tells of no engagement"


# --- events -----------------------------------------------------------------------------------

EVENT = f"{DAHL} attended the Lima Ocean Conference (LOC) in Peru. {OTIENO} attended the LOC."


def test_event_has_its_whole_name_and_type() -> None:
    """An event would be called by the half of its name that the model copied."""
    told = found(EVENT, meeting("attended", DAHL, event="Ocean Conference")).told[0]
    assert told.event is not None
    assert (told.event.exact, told.type) == ("Lima Ocean Conference (LOC)", "conference")


def test_acronym_is_the_event() -> None:
    """An event's short form, introduced before, would name nothing."""
    told = found(EVENT, meeting("attended the LOC", OTIENO)).told[0]
    assert told.event is not None
    assert (told.event.exact, told.type) == ("LOC", "conference")


def test_drafted_acronym_is_the_event() -> None:
    """A model that rightly copies the event's short form would lose it."""
    told = found(EVENT, meeting("attended the LOC", OTIENO, event="LOC")).told[0]
    assert told.event is not None


def test_sidelines_are_not_the_meeting() -> None:
    """A meeting beside a conference would be the conference."""
    text = f"{DAHL} met {ROJAS} on the sidelines of the 5th Lima Security Conference."
    told = found(text, meeting("met", DAHL, ROJAS, event="Lima Security Conference")).told[0]
    assert (told.type, told.event) == ("meeting", None)
    assert told.sidelines is not None
    assert told.sidelines.exact == "5th Lima Security Conference"


# --- agreements -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "realis"),
    [
        ("Norway and Chile signed the Fisheries Agreement.", "signed", "done"),
        ("Norway and Chile will sign a Fisheries Agreement.", "signed", "planned"),
        ("Norway and Chile did not sign the Fisheries Agreement.", "signed", "denied"),
        ("Norway and Chile could sign the Fisheries Agreement.", "signed", "conditional"),
        ("Norway asked for early signing of a Fisheries Agreement.", "requested", "done"),
        ("Norway called on Chile to sign the Fisheries Agreement.", "requested", "done"),
        ("Norway and Chile are negotiating a Fisheries Agreement.", "negotiating", "done"),
        ("Chile ratified the Fisheries Agreement.", "ratified", "done"),
        ("The Fisheries Agreement entered into force.", "entered_into_force", "done"),
        ("Norway terminated the Fisheries Agreement.", "terminated", "done"),
    ],
)
def test_the_sentence_decides_the_act(text: str, kind: str, realis: str) -> None:
    """An agreement that is only wished for would be signed because the model said so."""
    instrument = found(text, agreement("Fisheries Agreement")).instruments[0]
    assert [(a.kind, a.realis) for a in instrument.acts] == [(kind, realis)]


def test_parties_of_the_title_win() -> None:
    """An agreement between two states would be given to whoever else the model names."""
    text = "Kenya praised the Norway-Chile Fisheries Agreement."
    instrument = found(text, agreement("Norway-Chile Fisheries Agreement", "Kenya")).instruments[0]
    assert [p.code for p in instrument.parties] == ["NOR", "CHL"]


def test_parties_must_stand_in_the_sentence() -> None:
    """An agreement would get a party that only another sentence names."""
    text = "Norway signed the Fisheries Agreement. Kenya was far away."
    instrument = found(text, agreement("Fisheries Agreement", "Norway", "Kenya")).instruments[0]
    assert [p.code for p in instrument.parties] == ["NOR"]


def test_a_label_is_no_agreement() -> None:
    """A partnership label would be told as a treaty."""
    findings = found(
        "Norway and Chile share a Special Strategic Partnership.",
        agreement("Special Strategic Partnership", "Norway", "Chile"),
    )
    assert findings.instruments == []
    assert left(findings)[0][2] == "not the title of an instrument"


def test_acronym_is_not_part_of_the_title() -> None:
    """Title and acronym would run together."""
    text = "Norway signed a Defence Cooperation Agreement (DCA)."
    one = found(text, agreement("Defence Cooperation Agreement (DCA)")).instruments[0]
    assert (one.title, one.acronym) == ("Defence Cooperation Agreement", "DCA")


# --- the supplement, and other languages ------------------------------------------------------


def test_supplement_adds_what_no_draft_pointed_to() -> None:
    """A meeting plainly told would be lost because the model overlooked it."""
    text = f"{DAHL} met {ROJAS}. She called {OTIENO}."
    draft = meeting("met", DAHL, ROJAS)
    assert [t.type for t in found(text, draft).told] == ["meeting"]
    assert [t.type for t in found(text, draft, supplement=True).told] == ["meeting", "call"]


def test_one_sentence_is_read_by_rule() -> None:
    """A brief of one English sentence would be read without the rules for English."""
    text = f"{DAHL} met {ROJAS} in Oslo."
    assert len(found(text, supplement=True, language=None).told) == 1


def test_without_rules_the_draft_is_taken() -> None:
    """An agreement in a language without rules would be lost instead of taken as drafted."""
    text = (
        "Le ministre norvégien des Affaires étrangères a rencontré hier le président du Chili à "
        "Oslo. Ils ont signé un accord de pêche entre les deux pays."
    )
    findings = found(text, agreement("accord de pêche", "Chili"), language="fr")
    assert [i.title for i in findings.instruments] == ["accord de pêche"]


# --- anything at all --------------------------------------------------------------------------

TEXT = (
    f"{DAHL} met her Chilean, Peruvian and Kenyan counterparts on the sidelines of the 5th Lima "
    f"Security Conference (LSC) in Peru on Monday. She spoke by phone with {OTIENO}.\n\nThe LSC "
    "ended in June. Both sides signed the Norway-Chile Fisheries Agreement (FA) on 14 May 2024, "
    "and will sign a Visa Agreement. “Café” talks with Dahl’s guest are 国 planned."
)
SUBSTRINGS = st.builds(
    lambda start, size: TEXT[start : start + size],
    st.integers(0, len(TEXT) - 1),
    st.integers(0, 60),
)
PHRASES = st.one_of(
    SUBSTRINGS,
    st.sampled_from(["he", "both sides", "met", "LSC", "Monday", "Peru", "(", " ", "\\"]),
    st.text(max_size=12),
)
MEETINGS = st.builds(
    MeetingDraft,
    words=PHRASES,
    who=st.lists(PHRASES, max_size=4),
    event=PHRASES,
    when=PHRASES,
    where=PHRASES,
)
AGREEMENTS = st.builds(
    AgreementDraft, title=PHRASES, between=st.lists(PHRASES, max_size=3), when=PHRASES
)


@given(st.lists(st.one_of(MEETINGS, AGREEMENTS), max_size=5), st.booleans())
def test_any_draft_is_resolved_with_true_evidence(
    drafts: list[MeetingDraft | AgreementDraft], supplement: bool
) -> None:
    """A draft of any shape would raise, or put words into the article's mouth."""
    findings = found(TEXT, *drafts, supplement=supplement)
    evidence = []
    for told in findings.told:
        evidence += [told.evidence, told.event, told.sidelines]
        evidence += [told.date.evidence] if told.date else []
        evidence += [told.place.evidence] if told.place else []
        evidence += [a.evidence for a in told.attendees]
        assert all(a.person or a.party for a in told.attendees)
    for one in findings.instruments:
        evidence += [one.evidence, *(e for a in one.acts for e in a.evidence)]
        evidence += [a.date.evidence for a in one.acts if a.date]
    assert all(TEXT[e.start : e.end] == e.exact for e in evidence if e is not None)
    assert all(o.reason for o in findings.left_out)


# --- events ------------------------------------------------------------------------------------


def test_an_event_is_no_person() -> None:
    """Somebody called "Plus" or "Dialogue" would have taken part in the event of that name."""
    event = "the 7th ASEAN Health Ministers' Meeting-Plus"
    text = f"{DAHL} attended {event} in Jakarta on Monday."
    (told,) = found(text, meeting("attended", DAHL, event, event=event)).told
    assert names(told) == ["Kari Dahl", "ASEAN"]


def test_the_place_of_an_event_stands_behind_it() -> None:
    """The name of an event would be told as the place where it was."""
    where = "the 7th ASEAN Health Ministers' Meeting-Plus in Jakarta"
    text = f"{DAHL} met {ROJAS} at {where} on Monday."
    (told,) = found(text, meeting("met", DAHL, ROJAS, where=where)).told
    assert told.place is not None
    assert (told.place.name, told.place.country) == ("Jakarta", "IDN")
    assert text[told.place.evidence.start : told.place.evidence.end] == "Jakarta"


def told_names(text: str) -> list[list[str | None]]:
    """Return who took part in what the sentences tell without a draft."""
    return [names(told) for told in found(text, supplement=True).told]


def test_counterparts_in_a_row_met_together() -> None:
    """Ministers told "respectively" would have met one by one, or not at all."""
    text = (
        f"{DAHL} and her Kenyan and Chilean counterparts, Amina Otieno and Pedro Rojas, "
        "respectively, gathered in Oslo on Monday."
    )
    assert told_names(text) == [["Kari Dahl", "Amina Otieno", "Pedro Rojas"]]


def test_callers_who_came_apart() -> None:
    """Two ambassadors who called on a minister separately would have met each other."""
    text = f"{ROJAS} and {OTIENO} separately called on {DAHL} on Monday."
    assert told_names(text) == [["Pedro Rojas", "Kari Dahl"], ["Amina Otieno", "Kari Dahl"]]


def test_two_who_discussed_something() -> None:
    """A meeting told only by what was discussed would be lost."""
    assert told_names(f"{DAHL} and {ROJAS} have discussed fishing.") == [
        ["Kari Dahl", "Pedro Rojas"]
    ]
    assert told_names("Ministers Kari Dahl and Per Lie of Norway have discussed fishing.") == []


@pytest.mark.parametrize(
    "text",
    [
        f"In a phone call with {ROJAS} last week, {DAHL} changed her mind.",
        f"During her meeting with {ROJAS}, {DAHL} changed her mind.",
    ],
)
def test_the_subject_behind_an_opening_phrase(text: str) -> None:
    """Of a call told in an opening phrase, the caller would not be told."""
    assert [sorted(map(str, told)) for told in told_names(text)] == [["Kari Dahl", "Pedro Rojas"]]


def test_who_spoke_after_talks() -> None:
    """Talks told only as the time of a statement would be lost, with their two sides."""
    text = (
        f"{ROJAS} flew to Oslo to see {DAHL}.\n\nRojas was late.\n\nAfter talks in the Norwegian "
        "capital, Foreign Minister Dahl said that all went well."
    )
    assert ["Kari Dahl", "Pedro Rojas"] in told_names(text)


def test_a_condition_has_a_subject_of_its_own() -> None:
    """Of "If the Kenyan side agreed, she would meet", the Kenyan side would be the subject."""
    text = f"{DAHL} spoke. If the Kenyan side agreed, she would meet {ROJAS} in Lima."
    assert told_names(text) == [["Kari Dahl", "Pedro Rojas"]]


def test_relatives_and_aides_are_not_those_they_belong_to() -> None:
    """A visit of the predecessor would be told as a visit of the one in office."""
    assert told_names(f"{DAHL} spoke. Dahl's predecessor, Nils Lie, visited Peru.") == [[]]


def date_of(text: str) -> str | None:
    """Return the date of the first thing told."""
    date = found(text, supplement=True).told[0].date
    return date.edtf if date else None


def test_dates_of_something_else() -> None:
    """A meeting would be dated by the year since which it is held, or by the news of it."""
    assert date_of(f"{DAHL} met {ROJAS} for their third meeting since 2021.") is None
    assert date_of(f"{DAHL} told Peru Radio on Sunday that she met {ROJAS}.") is None
    assert date_of(f"{DAHL} left on Thursday as she prepares to meet {ROJAS}.") is None


def place_of(text: str) -> tuple[str, str | None] | None:
    """Return the place of the first thing told, with its country."""
    place = found(text, supplement=True).told[0].place
    return (place.name, place.country) if place else None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{DAHL} met {ROJAS} at the U.S. Mission in Geneva.", ("Geneva", "CHE")),
        (f"{DAHL} met {ROJAS} in the German city of Bonn.", ("Bonn", "DEU")),
        (f"In Lima on Monday, {DAHL} met {ROJAS}.", ("Lima", "PER")),
        (f"{DAHL} visited Senegal, Ghana and Kenya.", ("Senegal", "SEN")),
    ],
)
def test_where_it_was(text: str, place: tuple[str, str]) -> None:
    """A meeting would be in the state whose embassy it was at, in none, or in several."""
    assert place_of(text) == place


def test_a_visitor_is_not_at_home_where_no_word_says_so() -> None:
    """A general of whom only a visit to Germany is told would be a German."""
    told = found("General Musa Bello paid an official visit to Germany.", supplement=True).told
    assert [(names(t), t.attendees[0].code) for t in told] == [(["Musa Bello"], None)]


def instruments(text: str) -> list[tuple[str, list[str | None], str | None]]:
    """Return the title, the parties and the date of the act done of what the sentences tell."""
    findings = found(text, supplement=True).instruments
    return [
        (
            i.title,
            [p.code for p in i.parties],
            next((a.date.edtf for a in i.acts if a.date and a.realis == "done"), None),
        )
        for i in findings
    ]


def test_parties_are_those_who_did_it() -> None:
    """An accord of two others would be the speaker's, or nobody's."""
    text = f"In Nairobi, {OTIENO} said on Tuesday that Sudan and Chad had agreed to a Wells Accord."
    assert instruments(text) == [("Wells Accord", ["SDN", "TCD"], None)]


def test_what_a_title_is_about_is_no_party() -> None:
    """An agreement on a third state would be that state's."""
    text = "Kenya and Oman signed an Agreement on Yemen."
    assert instruments(text) == [("Agreement on Yemen", ["KEN", "OMN"], None)]


def test_dates_of_the_next_act() -> None:
    """A treaty would be dated by the signing of another, or by what is to follow from it."""
    text = "The Wells Accord has been initialled, and Chad will sign the Cattle Pact in May."
    assert instruments(text)[0][2] is None
    text = "Kenya and Oman reached a truce agreement set to take effect on Sunday."
    assert instruments(text) == [("truce agreement", ["KEN", "OMN"], None)]


def test_the_same_month_is_the_one_told_before() -> None:
    """The words "The 17th of the same month" would be a day of the month of publication."""
    text = (
        "On March 9, the army marched. On the 17th of the same month, Kenya and Oman signed the "
        "Wells Accord."
    )
    assert instruments(text) == [("Wells Accord", ["KEN", "OMN"], "2024-03-17")]
    text = "On the 17th of the same month, Kenya and Oman signed the Wells Accord."
    assert instruments(text) == [("Wells Accord", ["KEN", "OMN"], None)]


def test_during_the_call() -> None:
    """A call told only by what was said in it would be lost."""
    text = f"During the telephone conversation, {DAHL} wished {ROJAS} a happy birthday."
    assert told_names(text) == [["Kari Dahl", "Pedro Rojas"]]


def test_whose_visit_to_a_country_it_is() -> None:
    """The visit of a president would be told as that of the minister who prepares it."""
    text = f"{DAHL} prepared the visit to Peru of President Anna Moen."
    assert told_names(text) == [["Anna Moen"]]


def test_a_date_is_of_what_it_stands_before() -> None:
    """The day of a meeting would be given to the visit told in between, or to the news of it."""
    text = f"{DAHL}, who is on an official visit to Chile, today held talks with {ROJAS}."
    told = found(text, supplement=True).told
    assert [(t.type, t.date and t.date.edtf) for t in told] == [
        ("visit", None),
        ("meeting", "2024-05-20"),
    ]
    assert date_of(f"On Sunday, the Norwegian ministry announced that {DAHL} met {ROJAS}.") is None
