from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique import merging, pipeline
from communique.article import Article
from communique.drafts import AgreementDraft, MeetingDraft, PassageDraft
from communique.grounding import Index
from communique.scene import Scene
from communique.schemas import Act, ActKind, Agreement, DateValue, Engagement, LeftOut, Realis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from communique.resolving import Instrument, Told

DAHL = "Norwegian Foreign Minister Kari Dahl"
ROJAS = "Chilean Foreign Minister Pedro Rojas"
OTIENO = "Kenyan Foreign Minister Amina Otieno"


class Read:
    """What a text gives that was published on Monday, 20 May 2024.

    The sentences are told by rule, beside the drafts; the agreements are those drafted. Each
    paragraph is a passage of its own.
    """

    def __init__(self, text: str, *drafts: MeetingDraft | AgreementDraft) -> None:
        article = Article(text, published="2024-05-20", language="en")
        self.scene = Scene(article)
        draft = PassageDraft(
            meetings=[d for d in drafts if isinstance(d, MeetingDraft)],
            agreements=[d for d in drafts if isinstance(d, AgreementDraft)],
        )
        read = [(p, draft) for p in article.passages(80)]
        findings = pipeline.read(read, self.scene, supplement=True)
        self.told: list[Told] = findings.told
        self.instruments: list[Instrument] = findings.instruments
        self.engagements, self.agreements, self.left = self.composed(self.told, self.instruments)

    def composed(
        self, told: Sequence[Told], instruments: Sequence[Instrument]
    ) -> tuple[list[Engagement], list[Agreement], list[LeftOut]]:
        """Make the records of some tellings."""
        made, left = merging.meetings(merging.with_events(told, self.scene), self.scene)
        merging.complete(made, self.scene)
        engagements = merging.engagements(made, self.scene)
        agreements = merging.agreements(instruments, made, engagements, self.scene)
        return engagements, agreements, left


def agreement(title: str, *between: str) -> AgreementDraft:
    """Return a draft that calls everything signed."""
    return AgreementDraft(title=title, act="signed", between=list(between), when="")


def company(engagement: Engagement) -> list[str | None]:
    """Return who took part: names, or the codes of unnamed sides."""
    return [p.name or (p.party.code if p.party else None) for p in engagement.participants]


def words(engagement: Engagement | Agreement) -> list[str]:
    """Return the words that a record rests on."""
    return [e.exact for e in engagement.evidence]


def all_evidence(value: Any) -> Iterator[dict[str, Any]]:
    """Give every evidence within a dumped record."""
    if isinstance(value, dict):
        if "exact" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from all_evidence(one)


# --- engagements ------------------------------------------------------------------------------

TWICE = (
    f"{DAHL} met {ROJAS} on Monday.\n\nFishers welcomed it.\n\n"
    "In the meeting with Rojas, Dahl stressed that fish matter. Both sides agreed to share data."
)


def test_one_meeting_told_twice_is_one_with_both_pieces_of_evidence() -> None:
    """The same meeting in two passages would be two records, or lose one of its proofs."""
    (one,) = Read(TWICE).engagements
    assert company(one) == ["Kari Dahl", "Pedro Rojas"]
    assert [e.start for e in one.evidence] == [TWICE.index("met"), TWICE.index("meeting with")]
    assert one.date is not None
    assert one.date.edtf == "2024-05-20"


def test_an_unnamed_counterpart_is_the_one_named_later() -> None:
    """The words "her Chilean counterpart" and "Pedro Rojas" would be two meetings."""
    read = Read(f"{DAHL} met her Chilean counterpart.\n\nDahl met {ROJAS} on Monday.")
    assert [company(e) for e in read.engagements] == [["Kari Dahl", "Pedro Rojas"]]


def test_two_dates_are_two_meetings() -> None:
    """Two meetings of the same two people would be one."""
    read = Read(f"{DAHL} met {ROJAS} on 3 May 2024. Dahl met Rojas again on 9 May 2024.")
    assert [e.date and e.date.edtf for e in read.engagements] == ["2024-05-03", "2024-05-09"]


def test_planned_and_held_are_two() -> None:
    """A meeting to come would be told as held, together with one that was."""
    read = Read(f"{DAHL} met {ROJAS}. Dahl will meet Rojas on Friday.")
    assert [e.status for e in read.engagements] == ["held", "planned"]


def test_a_call_is_no_meeting() -> None:
    """A call and a meeting of the same two people would be one."""
    read = Read(f"{DAHL} met {ROJAS}.\n\nDahl spoke by phone with Rojas.")
    assert [e.type for e in read.engagements] == ["meeting", "call"]


def test_counterparts_and_their_own_passages() -> None:
    """A counterpart told again by name would be a second meeting, or swallow the others."""
    text = (
        f"{DAHL} met her Chilean, Peruvian and Kenyan counterparts.\n\n"
        f"In her meeting with {ROJAS}, Dahl stressed that fish matter."
    )
    engagements = Read(text).engagements
    met = {frozenset(map(str, company(e))) for e in engagements}
    assert met == {frozenset({"Kari Dahl", other}) for other in ("Pedro Rojas", "PER", "KEN")}
    assert len(engagements) == 3
    assert {e.laterality for e in engagements} == {"bilateral"}


@pytest.mark.parametrize(
    ("text", "laterality"),
    [
        (f"{DAHL} met {ROJAS}.", "bilateral"),
        (f"{DAHL} met {ROJAS} and {OTIENO}.", "multilateral"),
        (f"{DAHL} met NATO Secretary General Lars Berg.", "multilateral"),
        (f"{DAHL} visited Chile on 3 May 2024.", "unilateral"),
        (f"{DAHL} attended the Lima Ocean Conference.", "multilateral"),
    ],
)
def test_laterality(text: str, laterality: str) -> None:
    """A count of bilateral meetings would hold visits, summits or organisations."""
    assert [e.laterality for e in Read(text).engagements] == [laterality]


def test_same_surname_of_two_sides_is_two_participants() -> None:
    """Two ministers of one name would merge into one."""
    text = "Pakistani Foreign Minister Khan met Bangladeshi Foreign Minister Khan in Doha."
    (one,) = Read(text).engagements
    assert [(p.name, p.party and p.party.code) for p in one.participants] == [
        ("Khan", "PAK"),
        ("Khan", "BGD"),
    ]


def test_sidelines_link_to_the_event() -> None:
    """A meeting at the margins of a conference would lose the conference."""
    text = f"{DAHL} met {ROJAS} on the sidelines of the 5th Lima Security Conference in Peru."
    met, event = Read(text).engagements
    assert (event.type, event.name, event.salience) == (
        "conference",
        "5th Lima Security Conference",
        "background",
    )
    assert met.part_of is not None
    assert (met.part_of.id, met.part_of.relation) == (event.id, "on_sidelines_of")
    assert event.part_of is None


def test_an_acronym_is_the_same_event() -> None:
    """The conference and its short form would be two conferences."""
    text = f"{DAHL} attended the Lima Ocean Conference (LOC) in Peru. {OTIENO} attended the LOC."
    (one,) = Read(text).engagements
    assert one.name == "Lima Ocean Conference (LOC)"
    assert company(one) == ["Kari Dahl", "Amina Otieno"]


def test_a_dialogue_takes_the_sides_that_spoke_of_it() -> None:
    """A dialogue planned at a meeting would be nobody's."""
    text = f"{DAHL} met {ROJAS}. The next Defence Policy Dialogue is scheduled in December 2024."
    dialogue = Read(text).engagements[-1]
    assert (dialogue.type, dialogue.status, company(dialogue)) == (
        "dialogue",
        "planned",
        ["NOR", "CHL"],
    )
    assert dialogue.date is not None
    assert dialogue.date.edtf == "2024-12"


def test_nobodys_meeting_is_left_out_with_the_reason() -> None:
    """A meeting of nobody would be a record, or be lost without a word."""
    read = Read("Officials met in a hall. It rained.")
    assert read.engagements == []
    assert [(o.what, o.reason) for o in read.left] == [
        ("engagement", "nobody is named that took part")
    ]


def test_ids_follow_the_text() -> None:
    """An id would not lead to the place in the text that its number promises."""
    text = f"{DAHL} recalled her visit to Chile in 2019. She met {ROJAS}. She called {OTIENO}."
    engagements = Read(text).engagements
    assert [e.id for e in engagements] == ["e1", "e2", "e3"]
    starts = [e.evidence[0].start for e in engagements]
    assert starts == sorted(starts)


def test_the_visitor_visits() -> None:
    """A visit would not tell who came."""
    (one,) = Read(f"{DAHL} visited Chile on 3 May 2024.").engagements
    assert [(p.name, p.role) for p in one.participants] == [("Kari Dahl", "visitor")]


# --- outcomes ---------------------------------------------------------------------------------


def outcomes(text: str) -> list[tuple[str, list[str | None], list[str | None]]]:
    """Return what was said at the first engagement, by whom and to whom."""
    said = Read(text).engagements[0].outcomes
    return [(s.kind, [p.code for p in s.by], [p.code for p in s.to]) for s in said]


def test_both_sides_agree() -> None:
    """What both sides agreed would be one side's word."""
    said = outcomes(f"{DAHL} met {ROJAS}. Both sides agreed to open a hotline.")
    assert said == [("commitment", ["NOR", "CHL"], [])]


def test_the_lead_invites_the_other_side() -> None:
    """An invitation would have no sender or no addressee."""
    said = outcomes(f"{DAHL} met {ROJAS}. She invited Chile to invest in ports.")
    assert said == [("invitation", ["NOR"], ["CHL"])]


@pytest.mark.parametrize(
    "sentence",
    ["Rojas offered to host a workshop.", "The Chilean side offered to host a workshop."],
)
def test_the_counterparts_words_are_the_counterparts(sentence: str) -> None:
    """What the guest offered would be the host's offer."""
    assert outcomes(f"{DAHL} met {ROJAS}. {sentence}") == [("offer", ["CHL"], ["NOR"])]


def test_outcomes_end_where_another_engagement_is_told() -> None:
    """What was agreed with one counterpart would be told of another."""
    text = (
        f"{DAHL} met {ROJAS}. Both sides agreed to open a hotline. Dahl met {OTIENO}. "
        "Both sides pledged to share data."
    )
    assert [[s.text for s in e.outcomes] for e in Read(text).engagements] == [
        ["Both sides agreed to open a hotline."],
        ["Both sides pledged to share data."],
    ]


# --- agreements -------------------------------------------------------------------------------


def test_parties_from_the_title() -> None:
    """An agreement that names its parties would get those of the meeting."""
    text = f"{DAHL} met {ROJAS}. She praised the Norway-Kenya Fisheries Agreement."
    (one,) = Read(text, agreement("Norway-Kenya Fisheries Agreement")).agreements
    assert [p.code for p in one.parties] == ["NOR", "KEN"]


def test_parties_from_the_enclosing_engagement() -> None:
    """An agreement that "the two sides" signed would have no parties."""
    text = f"{DAHL} met {ROJAS}. The two sides signed a Fisheries Agreement."
    (one,) = Read(text, agreement("Fisheries Agreement")).agreements
    assert [p.code for p in one.parties] == ["NOR", "CHL"]


def test_a_third_state_is_no_company() -> None:
    """An agreement with a third state would be given to the two that met."""
    text = f"{DAHL} met {ROJAS}. Kenya signed a Fisheries Agreement."
    (one,) = Read(text, agreement("Fisheries Agreement", "Kenya")).agreements
    assert [p.code for p in one.parties] == ["KEN"]


def test_agreement_of_the_sentence_links_to_its_engagement() -> None:
    """A record would not tell at which meeting an agreement was signed."""
    text = f"{DAHL} met {ROJAS} and signed the Fisheries Agreement."
    read = Read(text, agreement("Fisheries Agreement"))
    assert [a.engagement for a in read.agreements] == ["e1"]


def test_one_instrument_told_twice_is_one() -> None:
    """An agreement and its short form would be two agreements."""
    text = (
        "Norway and Chile signed a Defence Cooperation Agreement (DCA) on 2 May 2022.\n\n"
        "The Defence Cooperation Agreement was suspended by Norway on 4 April 2024."
    )
    (one,) = Read(text, agreement("Defence Cooperation Agreement", "Norway", "Chile")).agreements
    assert (one.id, one.acronym, one.status) == ("a1", "DCA", "suspended")
    assert one.date is not None
    assert one.date.edtf == "2024-04-04"
    assert len(one.evidence) == 2


FISHERIES = [
    "Norway and Chile ratified the Fisheries Agreement in 2021.",
    "The Fisheries Agreement was amended in 2022.",
    "Norway and Kenya signed the Fisheries Agreement today.",
]


def test_other_parties_are_another_agreement() -> None:
    """Two agreements of one name would be one, with each other's acts."""
    text = " ".join([FISHERIES[0], FISHERIES[2]])
    drafts = [
        agreement("ratified the Fisheries Agreement", "Norway", "Chile"),
        agreement("signed the Fisheries Agreement", "Norway", "Kenya"),
    ]
    assert [a.status for a in Read(text, *drafts).agreements] == ["ratified", "signed"]


def test_other_parties_are_another_agreement_though_one_telling_names_none() -> None:
    """One telling without parties would make one of two agreements of other parties."""
    drafts = [
        agreement("ratified the Fisheries Agreement", "Norway", "Chile"),
        agreement("Fisheries Agreement was amended"),
        agreement("signed the Fisheries Agreement", "Norway", "Kenya"),
    ]
    agreements = Read(" ".join(FISHERIES), *drafts).agreements
    assert [{p.code for p in a.parties} for a in agreements] == [{"NOR", "CHL"}, {"NOR", "KEN"}]


def test_a_requested_agreement_is_never_signed() -> None:
    """An agreement that was only asked for would be told as concluded: the worst error."""
    text = (
        f"{DAHL} met {ROJAS}. She requested early finalisation of a Defence Cooperation "
        "Agreement (DCA)."
    )
    (one,) = Read(text, agreement("Defence Cooperation Agreement (DCA)")).agreements
    assert (one.status, one.date) == ("proposed", None)


@pytest.mark.parametrize(
    ("text", "status", "date"),
    [
        ("Norway will sign the Visa Agreement on 3 June 2024.", "agreed", "2024-06-03"),
        ("Norway did not sign the Visa Agreement.", "proposed", None),
        ("If parliament agrees, Norway could sign the Visa Agreement.", "proposed", None),
        ("Norway signed the Visa Agreement on 14 May 2024.", "signed", "2024-05-14"),
        ("Norway is implementing the Visa Agreement.", "in_force", None),
    ],
)
def test_status_as_told(text: str, status: str, date: str | None) -> None:
    """An agreement's status would not be what its sentence says."""
    (one,) = Read(text, agreement("Visa Agreement", "Norway")).agreements
    assert (one.status, one.date and one.date.edtf) == (status, date)


# --- the rule of the status -------------------------------------------------------------------

EVIDENCE = Index("words").evidence(0, 5)
NOT_CONCLUDED = {"proposed", "under_negotiation", "agreed"}


def act(kind: str, realis: str = "done", day: int | None = None) -> Act:
    """Return an act, on a day of May 2024 if one is given."""
    date = None
    if day is not None:
        on = dt.date(2024, 5, day)
        date = DateValue(text="x", edtf=on.isoformat(), basis="explicit", start=on, end=on)
    return Act.model_validate(
        {"kind": kind, "realis": realis, "date": date, "evidence": [EVIDENCE]}
    )


STATUSES = {
    "requested": "proposed",
    "negotiating": "under_negotiation",
    "agreed": "agreed",
    "initialled": "agreed",
    "signed": "signed",
    "exchanged": "signed",
    "ratified": "ratified",
    "entered_into_force": "in_force",
    "amended": "in_force",
    "implementing": "in_force",
    "extended": "extended",
    "suspended": "suspended",
    "terminated": "terminated",
    "expired": "expired",
}


@pytest.mark.parametrize("kind", get_args(ActKind))
def test_status_of_every_act(kind: str) -> None:
    """A kind of act would have no status, or another one than is documented."""
    assert merging.status_of([act(kind)]) == (STATUSES[kind], None)
    status, date = merging.status_of([act(kind, day=3)])
    assert (status, date and date.edtf) == (STATUSES[kind], "2024-05-03")


@pytest.mark.parametrize(
    ("acts", "status", "day"),
    [
        ([], "proposed", None),
        ([act("signed", "planned", 9)], "agreed", 9),
        ([act("exchanged", "planned")], "agreed", None),
        ([act("ratified", "planned", 9)], "proposed", None),
        ([act("signed", "denied", 9)], "proposed", None),
        ([act("signed", "conditional", 9)], "proposed", None),
        ([act("requested"), act("signed", "planned", 9)], "proposed", None),
        ([act("signed", day=9), act("terminated", day=2)], "signed", 9),
        ([act("terminated", day=2), act("signed", day=9)], "signed", 9),
        ([act("signed", day=9), act("ratified", day=9)], "ratified", 9),
        ([act("signed"), act("ratified"), act("agreed")], "ratified", None),
        ([act("signed", day=2), act("terminated")], "signed", 2),
        ([act("signed", day=2), act("implementing", day=9)], "signed", 2),
        ([act("requested"), act("implementing")], "proposed", None),
        ([act("signed", day=2), act("terminated", "planned", 9)], "signed", 2),
    ],
)
def test_the_rule_of_the_status(acts: list[Act], status: str, day: int | None) -> None:
    """The status would not follow the rule that users are told."""
    found, date = merging.status_of(acts)
    assert found == status
    assert (date and date.start) == (dt.date(2024, 5, day) if day else None)


ACTS = st.builds(
    act,
    st.sampled_from(get_args(ActKind)),
    st.sampled_from(get_args(Realis)),
    st.one_of(st.none(), st.integers(1, 31)),
)


@given(st.lists(ACTS, max_size=6))
def test_nothing_is_concluded_without_a_done_act(acts: list[Act]) -> None:
    """An agreement would be signed, in force or ended though nothing done says so."""
    status, _ = merging.status_of(acts)
    told = {STATUSES[a.kind] for a in acts if a.realis == "done"}
    assert status in told or status in {"proposed", "agreed"}
    assert status in NOT_CONCLUDED or status in told


@given(st.lists(ACTS, max_size=6), st.randoms())
def test_the_order_of_acts_decides_nothing(acts: list[Act], chance: random.Random) -> None:
    """The status would depend on which sentence comes first."""
    shuffled = chance.sample(acts, len(acts))
    assert merging.status_of(shuffled)[0] == merging.status_of(acts)[0]


# --- merging as a whole -----------------------------------------------------------------------

LONG = (
    f"{DAHL} met her Chilean, Peruvian and Kenyan counterparts on the sidelines of the 5th Lima "
    "Security Conference (LSC) in Peru on Monday. She spoke by phone with Swedish Foreign "
    f"Minister Nils Ek.\n\nIn the meeting with {ROJAS}, Dahl stressed that fisheries matter. "
    "Both sides signed the Norway-Chile Fisheries Agreement (FA) on 14 May 2024. The next "
    "Norway-Chile Defence Dialogue is scheduled in December 2024.\n\n"
    f"Dahl will meet {OTIENO} on Friday. She requested a Visa Agreement. The Fisheries Agreement "
    "was ratified by Chile. Dahl recalled her visit to Kenya in 2019. She attended the LSC.\n\n"
    f"Dahl met {ROJAS} and Peruvian Foreign Minister Ana Quispe in Lima. Officials met. "
)
WHOLE = Read(LONG, agreement("Fisheries Agreement"), agreement("Visa Agreement"))


def plain(engagements: Sequence[Engagement], agreements: Sequence[Agreement]) -> list[str]:
    """Return the records without their numbers, in an order that does not depend on them."""
    names = {e.id: words(e) for e in engagements}
    found = []
    for one in engagements:
        part = one.part_of and (one.part_of.relation, names[one.part_of.id])
        found.append(f"{one.model_dump(exclude={'id', 'part_of'})} {part}")
    for accord in agreements:
        at = accord.engagement and names[accord.engagement]
        found.append(f"{accord.model_dump(exclude={'id', 'engagement'})} {at}")
    return sorted(found)


@given(st.randoms())
def test_merging_does_not_depend_on_the_order_of_tellings(chance: random.Random) -> None:
    """The records would depend on which passage the model finished first."""
    told = chance.sample(WHOLE.told, len(WHOLE.told))
    instruments = chance.sample(WHOLE.instruments, len(WHOLE.instruments))
    engagements, agreements, _ = WHOLE.composed(told, instruments)
    assert plain(engagements, agreements) == plain(WHOLE.engagements, WHOLE.agreements)


@given(st.sets(st.integers(0, len(WHOLE.told) - 1)))
def test_what_is_told_twice_is_told_once(chosen: set[int]) -> None:
    """Overlapping passages would tell of twice as many meetings."""
    told = [WHOLE.told[i] for i in sorted(chosen)]
    once = WHOLE.composed(told, WHOLE.instruments)
    twice = WHOLE.composed([*told, *told], [*WHOLE.instruments, *WHOLE.instruments])
    assert plain(*once[:2]) == plain(*twice[:2])


@given(st.sets(st.integers(0, len(WHOLE.told) - 1)))
def test_any_tellings_give_sound_records(chosen: set[int]) -> None:
    """A record would have a number twice, a dead link, or evidence that is not the article's."""
    told = [WHOLE.told[i] for i in sorted(chosen)]
    engagements, agreements, left = WHOLE.composed(told, WHOLE.instruments)
    assert [e.id for e in engagements] == [f"e{i}" for i in range(1, len(engagements) + 1)]
    assert [a.id for a in agreements] == [f"a{i}" for i in range(1, len(agreements) + 1)]
    ids = {e.id for e in engagements}
    assert {e.part_of.id for e in engagements if e.part_of} <= ids
    assert {a.engagement for a in agreements if a.engagement} <= ids
    dumped = [r.model_dump() for r in (*engagements, *agreements)]
    assert all(LONG[e["start"] : e["end"]] == e["exact"] for e in all_evidence(dumped))
    assert all(o.reason for o in left)


PHRASES = st.one_of(
    st.builds(
        lambda start, size: LONG[start : start + size],
        st.integers(0, len(LONG) - 1),
        st.integers(0, 60),
    ),
    st.sampled_from(["met", "both sides", "she", "LSC", "on Monday", "Lima", ""]),
)
DRAFTS = st.one_of(
    st.builds(
        MeetingDraft,
        words=PHRASES,
        who=st.lists(PHRASES, max_size=3),
        event=PHRASES,
        when=PHRASES,
        where=PHRASES,
    ),
    st.builds(AgreementDraft, title=PHRASES, between=st.lists(PHRASES, max_size=3), when=PHRASES),
)


@settings(max_examples=40)
@given(st.lists(DRAFTS, max_size=4))
def test_any_drafts_give_true_records(drafts: list[MeetingDraft | AgreementDraft]) -> None:
    """A draft of any shape would raise, or sign in the article's name what it does not sign."""
    read = Read(LONG, *drafts)
    dumped = [r.model_dump() for r in (*read.engagements, *read.agreements)]
    assert all(LONG[e["start"] : e["end"]] == e["exact"] for e in all_evidence(dumped))
    visa = [a for a in read.agreements if a.title == "Visa Agreement"]
    assert {a.status for a in visa} <= {"proposed"}


# --- what a single article leaves to be joined ------------------------------------------------


def test_also_met_is_another_meeting() -> None:
    """A minister whom somebody "also met" would have been at the meeting of three states."""
    read = Read(
        f"On 6 May, Norway, Chile and Kenya held a trilateral meeting. {DAHL} also met {ROJAS}."
    )
    assert [company(e) for e in read.engagements] == [
        ["NOR", "CHL", "KEN"],
        ["Kari Dahl", "Pedro Rojas"],
    ]


def test_a_visit_told_by_its_effect_is_the_one_told_before() -> None:
    """A visit under way would be told a second time as planned: "this visit will help"."""
    read = Read(
        f'{DAHL} arrived in Chile on Monday. Dahl said: "My visit to Chile will help fishers."'
    )
    assert [(e.type, e.status) for e in read.engagements] == [("visit", "held")]


def test_talks_to_come_have_the_sides_that_met() -> None:
    """Talks that two sides agreed on, without naming them again, would be lost."""
    read = Read(
        f"{DAHL} met {ROJAS} on Monday. It was agreed to continue at talks in Lima in August."
    )
    assert [(company(e), e.status, e.date and e.date.edtf) for e in read.engagements] == [
        (["Kari Dahl", "Pedro Rojas"], "held", "2024-05-20"),
        (["NOR", "CHL"], "planned", "2024-08"),
    ]


def test_talks_of_one_of_them_are_not_with_the_same_again() -> None:
    """A minister who goes on to Paris would talk there with the one met before."""
    read = Read(f"{DAHL} met {ROJAS} on Monday. She will hold talks in Paris on Friday.")
    assert [company(e) for e in read.engagements] == [["Kari Dahl", "Pedro Rojas"]]


def test_a_dialogue_only_spoken_of_is_no_engagement() -> None:
    """A dialogue on a list of topics would be told as held, by nobody and nowhere."""
    read = Read(f"{DAHL} met {ROJAS}. Their topics included trade and the South Sea Dialogue.")
    assert [e.type for e in read.engagements] == ["meeting"]


def test_a_participant_s_evidence_has_the_name() -> None:
    """Of "he met", nothing that proves a participant would say who he is."""
    read = Read(f"{DAHL} arrived in Lima. She met {ROJAS}.")
    meeting = next(e for e in read.engagements if e.type == "meeting")
    for person in meeting.participants:
        assert person.name is not None
        assert any(person.name in e.exact for e in person.evidence)


def test_the_words_of_attendance_are_evidence() -> None:
    """A list of those who were there would not be among the proofs of the meeting."""
    read = Read(f"{DAHL} met {ROJAS} on Monday. {OTIENO} also attended the meeting.")
    (one,) = read.engagements
    assert company(one) == ["Kari Dahl", "Pedro Rojas", "Amina Otieno"]
    assert any("attended" in e.exact for e in one.evidence)


def test_two_agreements_of_one_sentence_are_two() -> None:
    """The words "An agreement, followed by an agreement with Oman" would be one agreement."""
    text = "Kenya and Chad reached an agreement followed by an agreement with Oman."
    read = Read(text, agreement("agreement"))
    assert len(read.agreements) == 2


def test_the_agreement_of_which_nothing_is_known() -> None:
    """Something done "under the agreement", of nobody, would be an agreement in force."""
    assert Read("Help was given under the agreement. Kenya was glad.").agreements == []


def test_the_pair_that_an_article_speaks_of() -> None:
    """A treaty named without its parties would have none, though the article names only two."""
    text = (
        "We agreed to deepen the EU-Kenya relationship. France was praised. We welcomed the "
        "conclusion of the negotiations on the Fish Treaty."
    )
    (one,) = Read(text).agreements
    assert [p.code for p in one.parties] == ["EU", "KEN"]
    assert one.status == "agreed"


def test_what_they_did_is_of_all_of_them() -> None:
    """An accord that three ministers initialled would be nobody's."""
    text = (
        "Defence ministers of Norway, Chile and Kenya met in Oslo to review the Wells Accord, "
        "which they initialled in 2023."
    )
    (one,) = Read(text).agreements
    assert [p.code for p in one.parties] == ["NOR", "CHL", "KEN"]


def test_a_deal_is_the_agreement_of_the_headline() -> None:
    """One agreement would be two, for being called a deal in the next line."""
    text = (
        "Kenya and Oman signed a defence cooperation agreement.\n\nKenya and Oman signed a defence "
        "cooperation deal on Monday."
    )
    assert len(Read(text).agreements) == 1


def test_a_heading_without_a_verb_has_no_tense() -> None:
    """A meeting to come would be told as held, by the heading of its announcement."""
    read = Read(
        f"Meeting between {DAHL} and {ROJAS}\n\nOn Friday, 24 May 2024, {DAHL} will meet {ROJAS}."
    )
    assert [(company(e), e.status) for e in read.engagements] == [
        (["Kari Dahl", "Pedro Rojas"], "planned")
    ]


def test_a_meeting_only_spoken_of_is_not_theirs() -> None:
    """Two who discussed preparations for a meeting would be told to have held it."""
    read = Read(
        f"{DAHL} met {ROJAS} on Monday. They discussed preparations for the meeting of leaders in "
        "December."
    )
    assert [company(e) for e in read.engagements] == [["Kari Dahl", "Pedro Rojas"]]
