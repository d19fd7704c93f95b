"""What the figures must not be lenient about, and what gold says beyond names and dates."""

from __future__ import annotations

from typing import Any

import pytest

from communique.evaluate import Evaluation, GoldArticle, score
from communique.evaluate.tally import mentions
from communique.schemas import (
    Act,
    Agreement,
    DateValue,
    Engagement,
    EngagementRef,
    Evidence,
    Participant,
    Party,
    Place,
    Source,
    Summary,
)

TEXT = (
    "Ana Ruiz of Spain met José Quispe of Peru at the Reef Forum in Lima on 3 May 2023."
    " She telephoned Pía Soto of Chile. A treaty, the Reef Accord, is being negotiated."
)


def party(code: str) -> Party:
    """A state of that code."""
    return Party(code=code, kind="state", as_written=code)


def date(edtf: str | None) -> DateValue | None:
    """An explicit date of that value."""
    return DateValue(text=edtf, edtf=edtf, basis="explicit") if edtf else None


def at(words: str) -> Evidence:
    """Evidence for the first occurrence of these words."""
    start = TEXT.index(words)
    return Evidence(start=start, end=start + len(words), exact=words)


def who(name: str | None, code: str | None = None) -> Participant:
    """A participant."""
    return Participant(name=name, party=party(code) if code else None)


def met(*people: Participant, **fields: Any) -> Engagement:
    """An engagement of these people, by default a bilateral meeting that was held."""
    settings: dict[str, Any] = {"id": "e1", "type": "meeting", "status": "held"}
    settings |= {"laterality": "bilateral", "evidence": [at("met")]} | fields
    return Engagement(participants=list(people), **settings)


def made(title: str = "Reef Accord", *codes: str, **fields: Any) -> Agreement:
    """An agreement of these parties, by default one that is negotiated."""
    settings: dict[str, Any] = {"id": "a1", "type": "agreement", "status": "under_negotiation"}
    settings |= {"evidence": [at("Reef Accord")]} | fields
    return Agreement(title=title, parties=[party(code) for code in codes], **settings)


def gold(*engagements: dict[str, Any], agreements: Any = ()) -> GoldArticle:
    """A gold article of these records."""
    records = {"engagements": list(engagements), "agreements": list(agreements)}
    return GoldArticle.model_validate({"id": "lima", "text": TEXT} | records)


def scored(article: GoldArticle, *records: Engagement | Agreement) -> Evaluation:
    """The evaluation of these predicted records."""
    summary = Summary(
        abstract="",
        engagements=[r for r in records if isinstance(r, Engagement)],
        agreements=[r for r in records if isinstance(r, Agreement)],
        source=Source(sha256=""),
    )
    return score([(article, summary)], resamples=0)


RUIZ, QUISPE = {"name": "Ana Ruiz", "country": "ESP"}, {"name": "José Quispe", "country": "PER"}
MEETING: dict[str, Any] = {
    "type": "meeting",
    "status": "held",
    "participants": [RUIZ, QUISPE],
    "date": "2023-05-03",
    "country": "PER",
}
FORUM: dict[str, Any] = {"type": "conference", "status": "held", "name": "Reef Forum"}
VISIT: dict[str, Any] = {
    "type": "visit",
    "status": "held",
    "participants": [RUIZ],
    "date": "2023-05-03",
    "country": "PER",
}
ACCORD: dict[str, Any] = {
    "title": "Reef Accord",
    "parties": ["ESP", "PER"],
    "status": "under_negotiation",
    "date": None,
}
ANA, JOSE = who("Ana Ruiz", "ESP"), who("José Quispe", "PER")


def f1(evaluation: Evaluation, what: str) -> float | None:
    """The lenient F1 of engagements or agreements."""
    return evaluation[f"{what}, lenient: F1"].value


def test_two_records_that_say_nothing_are_not_the_same() -> None:
    """An empty record would be found wherever gold states neither place nor date."""
    nothing = FORUM | {"name": None, "participants": [RUIZ | {"optional": True}]}
    assert f1(scored(gold(nothing), met(type="conference")), "engagements") == 0
    placed = Place(name="Lima", country="PER", evidence=at("Lima"))
    stated = nothing | {"country": "PER"}
    assert f1(scored(gold(stated), met(type="conference", place=placed)), "engagements") == 1


def test_an_event_is_found_by_its_name() -> None:
    """A conference of which gold names no participant could only be missed."""
    found = met(who(None, "CHL"), type="conference", name="the 3rd Reef Forum")
    assert f1(scored(gold(FORUM), found), "engagements") == 0
    assert f1(scored(gold(FORUM), found.model_copy(update={"name": "Reef Forum"})), "engagements")
    other = found.model_copy(update={"name": "Reef Forum", "type": "call"})
    assert f1(scored(gold(FORUM), other), "engagements") == 0


def test_unnamed_sides_are_not_the_named_people() -> None:
    """Two countries alone would count as the meeting of two ministers."""
    assert f1(scored(gold(MEETING), met(who(None, "ESP"), who(None, "PER"))), "engagements") == 0
    half = scored(gold(MEETING), met(ANA, who(None, "PER")))
    assert f1(half, "engagements") == 1
    assert half["participants, lenient: recall"].value == 0.5


def test_a_visit_elsewhere_is_another_visit() -> None:
    """Any journey of a person would be found as any other one."""
    place = Place(name="Quito", country="ECU", evidence=at("Lima"))
    there = met(ANA, type="visit", laterality="unilateral", place=place)
    assert f1(scored(gold(VISIT), there), "engagements") == 0
    same_day = there.model_copy(update={"date": date("2023-05-03")})
    assert f1(scored(gold(VISIT), same_day), "engagements") == 1
    nowhere = there.model_copy(update={"place": None})
    assert f1(scored(gold(VISIT), nowhere), "engagements") == 1


def test_names_decide_before_fields() -> None:
    """Of two records, the one with the right date and the wrong people would be chosen."""
    right = met(ANA, JOSE, id="e1", type="call", status="denied")
    crowd = [ANA, JOSE, who("Pía Soto", "CHL"), who("Lu Wen", "CHN")]
    place = Place(name="Lima", country="PER", evidence=at("Lima"))
    wrong = met(*crowd, id="e2", date=date("2023-05-03"), place=place)
    evaluation = scored(gold(MEETING), wrong, right)
    assert evaluation["participants, strict: recall"].value == 1
    assert evaluation["engagement status"].value == 0


def test_an_agreement_without_parties_is_not_found() -> None:
    """Leaving the parties out would never be wrong."""
    article = gold(agreements=[ACCORD])
    assert f1(scored(article, made()), "agreements") == 0
    assert f1(scored(article, made("Reef Accord", "ESP")), "agreements") == 1
    assert f1(scored(article, made("Reef Accord", "ESP", "CHL")), "agreements") == 0
    silent = gold(agreements=[ACCORD | {"parties": []}])
    assert f1(scored(silent, made()), "agreements") == 1


def test_gold_that_accepts_no_parties_does_not_accept_any() -> None:
    """Where the parties may be left out, wrong ones would be right as well."""
    article = gold(agreements=[ACCORD | {"accept": {"parties": [[]]}}])
    assert f1(scored(article, made()), "agreements") == 1
    assert f1(scored(article, made("Reef Accord", "CHL", "CHN")), "agreements") == 0


@pytest.mark.parametrize(
    "told",
    [
        [made("Reef Accord", "ESP", "PER"), made("Reef Accord", "ESP", "PER", status="signed")],
        [made("Reef Accord", status="signed")],
        [made("Reef Accord", "CHL", "CHN", status="ratified")],
    ],
)
def test_no_record_of_an_unconcluded_agreement_may_conclude_it(told: list[Agreement]) -> None:
    """Told twice, or between other parties, the worst error would hide among the spurious."""
    evaluation = scored(gold(agreements=[ACCORD]), *told)
    figure = evaluation["agreements overclaimed"]
    assert (figure.value, figure.cases) == (1, 1)
    assert any(f.what == "agreement overclaimed" for f in evaluation.findings)


def test_a_second_record_of_a_planned_meeting_may_not_have_it_held() -> None:
    """A visit announced and, in another record, made would count as announced only."""
    planned = MEETING | {"status": "planned"}
    evaluation = scored(gold(planned), met(ANA, JOSE, status="planned"), met(ANA, JOSE, id="e2"))
    assert evaluation["engagements overclaimed"].value == 1


def test_dates_of_optional_records_and_of_acts_may_not_be_made_up() -> None:
    """A day invented for a debatable record, or for an act, would be no fabrication."""
    optional = scored(gold(MEETING | {"optional": True, "date": "2023"}),
                      met(ANA, JOSE, date=date("2023-05-04")))  # fmt: skip
    assert optional["fabricated precision"].value == 1
    month = scored(gold(MEETING | {"date": "2023-04"}), met(ANA, JOSE, date=date("2023-02")))
    assert month["fabricated precision"].value == 0
    act = Act(kind="negotiating", date=date("2023-05-04"), evidence=[at("negotiated")])
    annotated = ACCORD | {"acts": [{"kind": "negotiating", "date": None}]}
    article = gold(agreements=[annotated])
    evaluation = scored(article, made("Reef Accord", "ESP", acts=[act]))
    assert evaluation["fabricated precision"].value == 0.5
    assert evaluation["act date"].value == 0


def test_acts_are_scored_by_kind_and_realis() -> None:
    """A signing that was denied would be as good as one that took place."""
    annotated = ACCORD | {"acts": [{"kind": "negotiating"}, {"kind": "signed", "realis": "denied"}]}
    article = gold(agreements=[annotated])
    negotiating = Act(kind="negotiating", evidence=[at("negotiated")])
    signed = Act(kind="signed", evidence=[at("negotiated")])
    evaluation = scored(article, made("Reef Accord", "ESP", acts=[negotiating, signed]))
    assert evaluation["acts: recall"].value == 0.5
    assert evaluation["acts: precision"].value == 0.5
    assert evaluation["act date"].cases == 2
    told = {(f.kind, f.what) for f in evaluation.findings}
    assert {("wrong", "act"), ("spurious", "act")} <= told
    missing = scored(article)
    assert missing["acts: recall"].value == 0
    unsaid = scored(gold(agreements=[ACCORD]), made("Reef Accord", "ESP", acts=[signed]))
    assert unsaid["acts: precision"].value is None


def test_relations_are_scored_where_gold_states_them() -> None:
    """A meeting put on the sidelines of the wrong event, or of none, would cost nothing."""
    part = MEETING | {"part_of": {"index": 1, "relation": "on_sidelines_of"}}
    article = gold(part, FORUM | {"part_of": None})
    forum = met(id="e2", type="conference", name="Reef Forum", laterality="multilateral")

    def share(ref: EngagementRef | None) -> tuple[float | None, float | None]:
        evaluation = scored(article, met(ANA, JOSE, part_of=ref), forum)
        return evaluation["relations: precision"].value, evaluation["relations: recall"].value

    assert share(EngagementRef(id="e2", relation="on_sidelines_of")) == (1, 1)
    assert share(EngagementRef(id="e2", relation="part_of")) == (0, 0)
    assert share(EngagementRef(id="e9", relation="on_sidelines_of")) == (0, 0)
    assert share(None) == (None, 0)
    unsaid = scored(gold(MEETING, FORUM), met(ANA, JOSE), forum)
    assert unsaid["relations: recall"].cases == 0


def test_salience_and_laterality_have_figures_of_their_own() -> None:
    """Background told as the news, or a visit as a bilateral, would be right all the same."""
    article = gold(MEETING | {"laterality": "bilateral"}, VISIT | {"salience": "background"})
    visit = met(ANA, id="e2", type="visit", laterality="unilateral", salience="focal")
    evaluation = scored(article, met(ANA, JOSE, laterality="multilateral"), visit)
    assert evaluation["engagement laterality"].value == 0
    assert evaluation["engagement salience"].value == 0.5
    assert evaluation["background told as background"].value == 0
    assert evaluation["engagements, focal, lenient: F1"].value == 1
    assert evaluation["engagements, background, lenient: recall"].value == 1
    spurious = scored(gold(), visit.model_copy(update={"salience": "background"}))
    assert spurious["engagements, background, lenient: precision"].value == 0
    assert spurious["engagements, focal, lenient: precision"].value is None


def test_gold_in_the_librarys_own_types_takes_no_other() -> None:
    """A dialogue would be exactly right for a meeting, since coarser gold knows no dialogues."""
    dialogue = met(ANA, JOSE, type="dialogue")
    coarse = scored(gold(MEETING | {"type": "bilateral_meeting"}), dialogue)
    assert coarse["engagement type, exact"].value == 1
    fine = scored(gold(MEETING | {"laterality": "bilateral"}), dialogue)
    assert fine["engagement type, exact"].value == 0
    assert fine["engagement type, by group"].value == 1


def test_fields_are_counted_over_gold_and_over_what_was_found() -> None:
    """How right the labels are could not be told from how many records were found."""
    call = {"type": "call", "status": "held", "participants": [RUIZ, {"name": "Pía Soto"}]}
    evaluation = scored(gold(MEETING, call), met(ANA, JOSE))
    assert evaluation["engagement status"].value == 0.5
    found = evaluation["engagement status, of those found"]
    assert (found.value, found.cases, found.baseline) == (1, 1, 1)


def test_new_date_of_a_postponed_meeting_is_scored() -> None:
    """The new date could be left out, or be anything."""
    postponed = MEETING | {"status": "postponed", "new_date": "2023-06"}
    right = met(ANA, JOSE, status="postponed", new_date=date("2023-06"))
    assert scored(gold(postponed), right)["engagement new date"].value == 1
    finer = right.model_copy(update={"new_date": date("2023-06-01")})
    evaluation = scored(gold(postponed), finer)
    assert evaluation["engagement new date"].value == 0
    assert evaluation["fabricated precision"].value == 1


def test_spurious_records_stand_in_the_confusion_table() -> None:
    """The table would not show what status the invented records have."""
    evaluation = scored(gold(), met(ANA, JOSE), made(status="signed"))
    assert evaluation.confusion["engagements"] == {"not in gold": {"held": 1}}
    assert evaluation.confusion["agreements"] == {"not in gold": {"signed": 1}}


def test_evidence_of_an_engagement_is_where_its_own_people_are() -> None:
    """Any sentence of the article would do, since the minister is in all of them."""
    call = {"type": "call", "status": "held", "participants": [RUIZ, {"name": "Pía Soto"}]}
    article = gold(MEETING, call)
    told = met(ANA, who("Pía Soto"), id="e2", type="call", evidence=[at("telephoned")])
    assert scored(article, told)["evidence overlap, engagements"].value == 1
    astray = told.model_copy(update={"evidence": [at("met")]})
    assert scored(article, astray)["evidence overlap, engagements"].value == 0


def test_type_words_alone_are_no_mention_of_a_title() -> None:
    """Any agreement of the article would be evidence for any other."""
    text = "The Agreement on Fish. A Defence Cooperation Agreement."
    assert [text[a:b] for a, b in mentions("Fish Stocks Agreement", text)] == ["Fish"]
    assert [text[a:b] for a, b in mentions("the Agreement", text)] == ["Agreement"] * 2
