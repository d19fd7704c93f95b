"""Measuring against gold: what counts as found, missing, spurious, overclaimed or too precise."""

from __future__ import annotations

import json
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import communique
from communique.errors import ConfigurationError, InvalidReply
from communique.evaluate import Evaluation, GoldArticle, compare, load_gold, score
from communique.evaluate.__main__ import main
from communique.evaluate.alignment import assign
from communique.evaluate.names import fold, same_acronym, same_name, same_office, title_fit
from communique.evaluate.precision import days
from communique.schemas import (
    Agreement,
    Attempt,
    DateValue,
    Engagement,
    Evidence,
    Participant,
    Party,
    Place,
    Report,
    Source,
    Summary,
)

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (
    "Foreign Minister Ana Ruiz of Spain met her Peruvian counterpart, José Quispe, in Lima on"
    " 3 May 2023.\n\nThey signed the Memorandum on Fisheries Research. Talks on an Extradition"
    " Treaty with Chile will go on; Ruiz is to call Chile's Foreign Minister Pía Soto next year."
    "\n\nRuiz recalled her visit to Quito in 2022."
)
GOLD: dict[str, Any] = {
    "id": "lima",
    "text": TEXT,
    "published": "2023-05-04",
    "engagements": [
        {
            "type": "bilateral_meeting",
            "status": "held",
            "participants": [
                {"name": "Ana Ruiz", "role": "Foreign Minister", "country": "ESP"},
                {"name": "José Quispe", "role": None, "country": "PER"},
            ],
            "date": "2023-05-03",
            "country": "PER",
        },
        {
            "type": "call",
            "status": "planned",
            "participants": [
                {"name": "Ana Ruiz", "role": "Foreign Minister", "country": "ESP"},
                {"name": "Pía Soto", "role": "Foreign Minister", "country": "CHL"},
            ],
            "date": "2024",
        },
        {
            "type": "visit",
            "status": "held",
            "participants": [{"name": "Ana Ruiz", "role": None, "country": "ESP"}],
            "date": "2022",
            "country": "ECU",
            "optional": True,
            "note": "background",
        },
    ],
    "agreements": [
        {
            "title": "Memorandum on Fisheries Research",
            "parties": ["ESP", "PER"],
            "status": "signed",
            "date": "2023-05-03",
            "accept": {"date": [None]},
        },
        {
            "title": "Extradition Treaty",
            "parties": ["ESP", "CHL"],
            "status": "under_negotiation",
            "date": None,
        },
    ],
}
LIMA = GoldArticle.model_validate(GOLD)


def quote(words: str) -> Evidence:
    """Evidence for the first occurrence of these words."""
    start = TEXT.index(words)
    return Evidence(start=start, end=start + len(words), exact=words)


def party(code: str | None) -> Party | None:
    """A state of that code."""
    return Party(code=code, kind="state", as_written=code) if code else None


def date(edtf: str | None) -> DateValue | None:
    """An explicit date of that value."""
    return DateValue(text=edtf, edtf=edtf, basis="explicit") if edtf else None


def person(name: str | None, code: str | None, office: str | None = None) -> Participant:
    """A participant whose evidence is the surname, where the text has it."""
    evidence = [quote(name.split()[-1])] if name and name.split()[-1] in TEXT else []
    return Participant(name=name, office=office, party=party(code), evidence=evidence)


RUIZ = person("Ana Ruiz", "ESP", "Foreign Minister")
MEETING = Engagement(
    id="e1",
    type="meeting",
    status="held",
    laterality="bilateral",
    participants=[RUIZ, person("José Quispe", "PER")],
    date=date("2023-05-03"),
    place=Place(name="Lima", country="PER", evidence=quote("Lima")),
    evidence=[quote("met")],
)
CALL = Engagement(
    id="e2",
    type="call",
    status="planned",
    laterality="bilateral",
    participants=[RUIZ, person("Pía Soto", "CHL", "Chile's Foreign Minister")],
    date=date("2024"),
    evidence=[quote("is to call")],
)
VISIT = Engagement(
    id="e3",
    type="visit",
    status="held",
    laterality="unilateral",
    participants=[person("Ruiz", "ESP")],
    date=date("2022"),
    salience="background",
    evidence=[quote("visit")],
)
FISH = Agreement(
    id="a1",
    title="Memorandum on Fisheries Research",
    type="memorandum",
    parties=[p for p in (party("ESP"), party("PER")) if p],
    status="signed",
    evidence=[quote("Memorandum on Fisheries Research")],
)
EXTRADITION = Agreement(
    id="a2",
    title="Extradition Treaty",
    type="treaty",
    parties=[p for p in (party("CHL"), party("ESP")) if p],
    status="under_negotiation",
    evidence=[quote("Extradition Treaty")],
)


def summary(
    engagements: tuple[Engagement, ...] = (MEETING, CALL, VISIT),
    agreements: tuple[Agreement, ...] = (FISH, EXTRADITION),
    report: Report | None = None,
) -> Summary:
    """A summary with these records; all of them by default."""
    return Summary(
        abstract="",
        engagements=list(engagements),
        agreements=list(agreements),
        source=Source(sha256="0" * 64),
        report=report or Report(model="m", prompt="p/1"),
    )


def measured(*engagements: Engagement) -> Evaluation:
    """The evaluation of these engagements and all agreements."""
    return score([(LIMA, summary(engagements))], resamples=0)


def agreed(*agreements: Agreement) -> Evaluation:
    """The evaluation of these agreements and all engagements."""
    return score([(LIMA, summary(agreements=agreements))], resamples=0)


def told(evaluation: Evaluation, kind: str) -> list[str]:
    """The findings of one kind, as printed."""
    return [f"{f.what}: {f.words}" for f in evaluation.findings if f.kind == kind]


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.integers(-3, 9).map(float), min_size=width, max_size=width),
            min_size=1,
            max_size=4,
        )
    )
)
@settings(max_examples=100, deadline=None)
def test_assignment_is_the_best_one(weights: list[list[float]]) -> None:
    """A worse alignment than the best would blame the model for the scorer's mistake."""
    rows, columns = len(weights), len(weights[0])
    pairs = assign(weights)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(weights[i][j] > 0 for i, j in pairs)
    # As many worthless columns as rows let every row go without a pair.
    padded = [[max(w, 0) for w in row] + [0.0] * rows for row in weights]
    orders = permutations(range(columns + rows), rows)
    best = max(sum(padded[i][j] for i, j in enumerate(order)) for order in orders)
    assert sum(weights[i][j] for i, j in pairs) == best


def test_assignment_of_nothing_is_empty() -> None:
    """An article without records, or a reply without any, would raise."""
    assert assign([]) == []
    assert assign([[], []]) == []


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("José Quispe", "JOSE QUISPE", True),
        ("Quispe", "José Quispe", True),
        ("President José Quispe", "Quispe", True),
        ("J. Quispe", "José Quispe", True),
        ("Kim Yong-hyun", "Kim Yong Hyun", True),
        ("Kim Yonghyun", "Kim Yong Hyun", True),
        ("María Quispe", "José Quispe", False),
        ("Foreign Minister Soto", "Foreign Minister Ruiz", False),
        ("Prime Minister King", "King", True),
        ("", "José Quispe", False),
    ],
)
def test_names(left: str, right: str, same: bool) -> None:
    """Spellings of one person would count as two, or two people of a family as one."""
    assert same_name(left, right) is same
    assert same_name(right, left) is same


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
@example(text="𝐀 ﬁ İ ʼn")
def test_folding_is_stable(text: str) -> None:
    """Equal names would differ after folding twice, or a strange name would raise."""
    assert fold(fold(text)) == fold(text)
    assert same_name(text, text) is bool(fold(text))
    assert title_fit(text, text) >= 0


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("Defence Minister", "Minister of Defense", True),
        ("South Korean Defence Minister", "Defence Minister", True),
        ("U.S. Secretary of State", "Secretary of State", True),
        ("President of Finland", "President", True),
        ("Minister of Foreign Affairs", "Foreign Minister", True),
        ("H.E. Mr. Minister of Transport", "Transport Minister", True),
        ("Minister for Industry & Trade", "Minister for Industry and Trade", True),
        ("Minister", "Foreign Minister", False),
        ("Defence Industry Minister", "Defence Minister", False),
        ("State Minister for Foreign Affairs", "Foreign Minister", False),
        ("Major General", "General", False),
        ("Foreign Secretary", "Foreign Minister", False),
        ("Deputy Foreign Minister", "Foreign Minister", False),
        ("Prime Minister", "Minister", False),
        ("Defence Minister", "Minister for Defence Industry & Capability Delivery", False),
        ("Foreign Minister", "", False),
    ],
)
def test_offices(left: str, right: str, same: bool) -> None:
    """A junior minister told as the minister would count as right."""
    assert same_office(left, right) is same


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("Defence Cooperation Agreement", "Defense Co-operation Agreement", True),
        ("Defence Cooperation Agreement", "Defence Cooperation Pact", True),
        ("Defence Cooperation Agreement", "Defence Industrial Cooperation Agreement", False),
        ("Agreement on Deployment of Liaison Officers", "liaison officers agreement", True),
        ("Fisheries Research Memorandum (FRM)", "Memorandum on Fisheries Research", True),
        ("the Memorandum", "Memorandum on Fisheries Research", True),
        ("the Treaty", "Memorandum on Fisheries Research", False),
        ("Extradition Treaty", "Fisheries Treaty", False),
    ],
)
def test_titles(left: str, right: str, same: bool) -> None:
    """An inserted word makes another instrument, type words do not."""
    assert (title_fit(left, right) > 0) is same


def test_acronyms() -> None:
    """An instrument named by its acronym alone would be missing and spurious at once."""
    nothing = (None, None)
    assert same_acronym("Extradition Treaty (ET)", "ET", acronyms=nothing)
    assert same_acronym("Sea Rescue Accord", "SRA", acronyms=nothing)
    assert same_acronym("Sea Rescue Accord", "the accord", acronyms=(None, "SRA"))
    assert not same_acronym("Sea Rescue Accord", "Solar Research Act", acronyms=nothing)


@pytest.mark.parametrize(
    ("edtf", "length"),
    [
        ("2024-11-20", 1),
        ("2024-02", 29),
        ("2024", 366),
        ("202X", 3653),
        ("2024-XX", 366),
        ("2024-11-XX", 30),
        ("2024-11-20/2024-11-22", 3),
        ("2025-04/2025-06", 91),
        ("2025-33", 90),
        ("2025-22", 92),
        ("2024-11~", 30),
        ("2024-11-22/2024-11-20", float("inf")),
        ("2024-02-31", float("inf")),
        ("soon", float("inf")),
        (None, float("inf")),
    ],
)
def test_days_left_open(edtf: str | None, length: float) -> None:
    """A finer date could not be told from a coarser one."""
    assert days(edtf) == length


@given(st.text(alphabet="0123456789-/X~?T.", max_size=24))
@settings(max_examples=100, deadline=None)
def test_days_of_any_text(text: str) -> None:
    """One malformed date would stop a whole measurement."""
    assert days(text) >= 1


def test_perfect_predictions_score_one() -> None:
    """Every figure would be bounded by the scorer instead of by the model."""
    evaluation = score([(LIMA, summary())])
    for figure in evaluation.figures:
        if figure.value is not None and figure.better == "higher":
            assert figure.value == 1, figure.name
        if figure.better == "lower":
            assert not figure.value, figure.name
    assert not evaluation.findings


def test_missing_records_lower_recall_and_every_field() -> None:
    """Leaving out the hard records would improve a model's accuracy."""
    evaluation = measured(MEETING)
    assert evaluation["engagements, lenient: recall"].value == 0.5
    assert evaluation["engagements, lenient: precision"].value == 1
    assert evaluation["participants, strict: recall"].value == 0.5
    for name in ("status", "date", "country"):
        assert evaluation[f"engagement {name}"].value == 0.5
    assert evaluation["participant party"].value == 0.5
    (missing,) = told(evaluation, "missing")
    record = "engagement: call, planned: Ana Ruiz (ESP); Pía Soto (CHL); 2024; no place; "
    assert missing.startswith(f"{record}“Talks on an Extradition Treaty with Chile will go on;")
    assert evaluation.confusion["engagements"]["planned"] == {"missing": 1}


def test_optional_records_count_neither_way() -> None:
    """Debatable records would decide between two models."""
    with_it, without = measured(MEETING, CALL, VISIT), measured(MEETING, CALL)
    for name in ("engagements, lenient: F1", "participants, lenient: F1", "engagement date"):
        assert with_it[name] == without[name]
    assert with_it["engagements, background, lenient: recall"].value == 1
    assert without["engagements, background, strict: recall"].value == 0
    assert without["engagements, focal, lenient: recall"].value == 1


def test_a_meeting_of_others_is_spurious() -> None:
    """A record would be credited because one of the two was at some other meeting."""
    other = MEETING.model_copy(update={"participants": [RUIZ, person("Lu Wen", "CHN")]})
    evaluation = measured(other, CALL)
    assert evaluation["engagements, lenient: F1"].value == 0.5
    assert any("Lu Wen (CHN)" in words for words in told(evaluation, "spurious"))
    assert any("José Quispe" in words for words in told(evaluation, "missing"))


def test_a_record_told_twice_is_spurious_once() -> None:
    """Failing to merge two passages would cost nothing."""
    evaluation = measured(MEETING, MEETING, CALL)
    assert evaluation["engagements, lenient: precision"].value == pytest.approx(2 / 3)
    assert told(evaluation, "spurious")[0].startswith("engagement: (a second record of one")


def test_records_align_by_names_not_by_fields() -> None:
    """A wrong status, date and type would turn one wrong record into a missing and a spurious."""
    update = {"type": "call", "status": "denied", "date": None, "place": None}
    evaluation = measured(MEETING.model_copy(update=update), CALL)
    assert evaluation["engagements, lenient: F1"].value == 1
    assert evaluation["engagements, strict: F1"].value == 0.5
    assert evaluation["engagement type, by group"].value == 0.5
    assert evaluation["engagement status"].value == 0.5
    assert evaluation["engagement date"].value == 0.5
    assert evaluation.confusion["engagements"]["held"] == {"denied": 1}


def test_surnames_are_lenient_and_additions_spurious() -> None:
    """Strict and lenient would say the same, or a bystander would cost nothing."""
    people = [person("Ruiz", "ESP"), *MEETING.participants[1:], person("Lu Wen", None)]
    evaluation = measured(MEETING.model_copy(update={"participants": people}), CALL)
    assert evaluation["participants, lenient: recall"].value == 1
    assert evaluation["participants, lenient: precision"].value == 0.8
    assert evaluation["participants, strict: recall"].value == 0.75
    assert evaluation["engagements, strict: F1"].value == 0.5


def test_an_unnamed_side_aligns_but_is_not_the_person() -> None:
    """An unnamed "Peruvian side" would count as the minister, or lose the whole meeting."""
    people = [RUIZ, person(None, "PER")]
    evaluation = measured(MEETING.model_copy(update={"participants": people}), CALL)
    assert evaluation["engagements, lenient: F1"].value == 1
    assert evaluation["participants, lenient: recall"].value == 0.75


def test_an_unnamed_gold_participant_is_met_by_country() -> None:
    """Gold without a name could never be found."""
    changed = json.loads(json.dumps(GOLD))
    changed["engagements"][0]["participants"][1]["name"] = None
    gold = GoldArticle.model_validate(changed)
    evaluation = score([(gold, summary())], resamples=0)
    assert evaluation["participants, strict: F1"].value == 1


def test_dialogues_and_conferences_are_meetings() -> None:
    """The two vocabularies would count as errors of type."""
    dialogue = MEETING.model_copy(update={"type": "dialogue"})
    summit = MEETING.model_copy(update={"type": "summit", "laterality": "multilateral"})
    assert measured(dialogue, CALL)["engagement type, exact"].value == 1
    assert measured(summit, CALL)["engagement type, exact"].value == 0.5
    assert measured(summit, CALL)["engagement type, by group"].value == 1


def test_overclaiming_is_counted_by_itself() -> None:
    """The worst error there is would hide in the accuracy of the status."""
    evaluation = agreed(FISH, EXTRADITION.model_copy(update={"status": "signed"}))
    assert evaluation["agreements overclaimed"].value == 1
    assert evaluation["agreement status"].value == 0.5
    assert any(words.startswith("agreement overclaimed") for words in told(evaluation, "wrong"))
    engagement = measured(MEETING, CALL.model_copy(update={"status": "held"}))
    assert engagement["engagements overclaimed"].value == 1


def test_a_right_none_is_credited_and_a_made_up_day_is_fabricated() -> None:
    """Filling in the publication date would cost no more than a date that is off by one."""
    assert agreed(FISH, EXTRADITION)["agreement date"].value == 1
    evaluation = agreed(FISH, EXTRADITION.model_copy(update={"date": date("2023-05-04")}))
    assert evaluation["agreement date"].value == 0.5
    # Cases: call and visit (a year), treaty (no date); the memorandum (a day, or none) is none.
    assert evaluation["fabricated precision"].cases == 3
    assert evaluation["fabricated precision"].value == pytest.approx(1 / 3)
    coarser = measured(MEETING.model_copy(update={"date": date("2023-05")}), CALL)
    assert coarser["fabricated precision"].value == 0


def test_unresolved_words_are_no_date() -> None:
    """Words without an EDTF value would count as a wrong date where gold has none."""
    vague = DateValue(text="before long", edtf=None, basis="unresolved")
    evaluation = agreed(FISH, EXTRADITION.model_copy(update={"date": vague}))
    assert evaluation["agreement date"].value == 1
    assert evaluation["fabricated precision"].value == 0


def test_a_title_with_other_parties_is_another_agreement() -> None:
    """Titles alone mislead: many pairs of countries have an extradition treaty."""
    wrong = EXTRADITION.model_copy(update={"parties": FISH.parties})
    evaluation = agreed(FISH, wrong)
    assert evaluation["agreements, lenient: F1"].value == 0.5
    partly = EXTRADITION.model_copy(update={"parties": EXTRADITION.parties[:1]})
    assert agreed(FISH, partly)["agreements, lenient: F1"].value == 1
    assert agreed(FISH, partly)["agreements, strict: F1"].value == 0.5


def test_evidence_is_checked_against_the_text() -> None:
    """A span that does not hold its words, or is about something else, would pass."""
    moved = quote("met").model_copy(update={"start": 0, "end": 3})
    evaluation = measured(MEETING.model_copy(update={"evidence": [moved]}), CALL)
    assert evaluation["evidence verbatim"].value is not None
    assert evaluation["evidence verbatim"].value < 1
    away = RUIZ.model_copy(update={"evidence": [quote("Lima")]})
    people = [away, *MEETING.participants[1:]]
    evaluation = measured(MEETING.model_copy(update={"participants": people}), CALL)
    assert evaluation["evidence overlap, participants"].value == 0.75
    evaluation = agreed(FISH.model_copy(update={"evidence": [quote("Lima")]}), EXTRADITION)
    assert evaluation["evidence overlap, agreements"].value == 0.5


def test_failures_and_empty_articles() -> None:
    """A failed article would vanish, or records made of nothing would go unseen."""
    empty = LIMA.model_copy(update={"id": "none", "engagements": (), "agreements": ()})
    evaluation = score([(LIMA, None), (empty, summary())])
    assert evaluation["articles failed"].value == 0.5
    assert evaluation["engagements, lenient: recall"].value == 0
    assert evaluation["records per article without any in gold"].value == 5
    assert told(evaluation, "failed") == ["article: no summary"]


def test_a_failure_is_told_and_what_it_cost_is_counted() -> None:
    """Tokens paid for an article that failed would be left out of the bill."""
    attempt = Attempt(passage=0, number=1, outcome="invalid", prompt_tokens=90, cost=0.5)
    error = InvalidReply("No valid reply.", "Try again.", report=Report(attempts=[attempt]))
    evaluation = score([(LIMA, error), (LIMA, summary())])
    assert told(evaluation, "failed") == ["article: InvalidReply: No valid reply. Try again."]
    assert evaluation["prompt tokens, total"].value == 90
    assert evaluation["cost in US dollars, total"].value == 0.5
    assert evaluation["cost in US dollars, total"].cases == 1


def test_costs_include_cached_replies_but_not_their_time() -> None:
    """A second run over the cache would look free, or fast."""
    attempt = Attempt(passage=0, number=1, outcome="valid", prompt_tokens=90, completion_tokens=9)
    paid = Report(attempts=[attempt], seconds=4.0)
    again = Report(attempts=[attempt.model_copy(update={"cached": True})], seconds=0.1)
    pairs = [(LIMA, summary(report=paid)), (LIMA, summary(report=again))]
    evaluation = score(pairs)
    assert evaluation["prompt tokens per article, median"].value == 90
    assert evaluation["completion tokens, total"].value == 18
    assert evaluation["seconds per article, median"].value == 4
    assert evaluation["seconds, total"].cases == 1


def test_intervals_are_repeatable_and_hold_the_value() -> None:
    """Two runs over the same summaries would print two different tables."""
    pairs = [(LIMA, summary()), (LIMA, summary((MEETING,))), (LIMA, None)]
    first, second = score(pairs), score(pairs)
    assert first == second
    recall = first["engagements, lenient: recall"]
    assert recall.low is not None
    assert recall.high is not None
    assert recall.value is not None
    assert recall.low < recall.value < recall.high
    assert score(pairs[:1])["engagements, lenient: recall"].low is None


def test_majority_baseline_stands_beside_accuracy() -> None:
    """An accuracy that a constant answer would reach would look like an achievement."""
    evaluation = measured(MEETING, CALL)
    assert evaluation["engagement status"].baseline == 0.5
    assert evaluation["agreement date"].baseline == 1  # None is accepted for both
    assert evaluation["participant party"].baseline == 0.5
    assert evaluation["engagements, lenient: F1"].baseline is None


@given(
    st.lists(st.sampled_from([MEETING, CALL, VISIT]), max_size=5),
    st.lists(st.sampled_from([FISH, EXTRADITION]), max_size=4),
)
@settings(max_examples=50, deadline=None)
def test_any_prediction_gives_shares(
    engagements: list[Engagement], agreements: list[Agreement]
) -> None:
    """Repeated or missing records would push a share out of 0 to 1, or raise."""
    evaluation = score([(LIMA, summary(tuple(engagements), tuple(agreements)))], resamples=0)
    for figure in evaluation.figures:
        if figure.value is not None and "per article" not in figure.name:
            assert 0 <= figure.value <= 1, figure.name
    assert Evaluation.model_validate_json(evaluation.model_dump_json()) == evaluation


def test_table_and_comparison_are_readable() -> None:
    """Figures would be printed without their cases, or misses without their words."""
    good, bad = score([(LIMA, summary())]), measured(MEETING)
    table = bad.table()
    line = next(row for row in table.splitlines() if row.startswith("engagement status"))
    assert line.split() == ["engagement", "status", "0.500", "2", "0.500"]
    assert "missing engagement: call, planned: Ana Ruiz (ESP)" in table
    assert "Ana Ruiz" not in bad.table(findings=False)
    compared = compare(good, bad).table().splitlines()
    line = next(row for row in compared if row.startswith("engagement status"))
    assert line.split() == ["engagement", "status", "1.000", "0.500", "+0.500", "2"]
    with pytest.raises(KeyError):
        good["no such figure"]


def write(folder: Path, **files: object) -> Path:
    """Write JSON files of these names and contents."""
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def test_gold_is_loaded_and_other_files_are_passed_over(tmp_path: Path) -> None:
    """A report beside the gold files would stop the measurement."""
    write(tmp_path, lima=GOLD, report={"figures": []}, broken="{", listed=[1])
    (tmp_path / "README.md").write_text("notes", encoding="utf-8")
    assert load_gold(tmp_path) == [LIMA]


def test_gold_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A typing error would silently take an article out of the measurement."""
    write(tmp_path, lima=GOLD | {"engagements": [{"kind": "call"}]})
    with pytest.raises(ConfigurationError, match=r"lima\.json cannot be read"):
        load_gold(tmp_path)
    write(tmp_path, lima=GOLD, twin=GOLD)
    with pytest.raises(ConfigurationError, match="repeats the id"):
        load_gold(tmp_path)
    with pytest.raises(ConfigurationError, match="not a directory"):
        load_gold(tmp_path / "nowhere")


def test_accepted_parties_are_sets() -> None:
    """Another right set of parties would be read as single right parties."""
    agreement = LIMA.agreements[0]
    one = agreement.model_copy(update={"accept": {"parties": ["ESP", "EU"]}})
    many = agreement.model_copy(update={"accept": {"parties": [["EU"], ["ESP"]]}})
    assert one.accepted_parties()[1:] == [frozenset({"ESP", "EU"})]
    assert many.accepted_parties()[1:] == [frozenset({"EU"}), frozenset({"ESP"})]


class FakeSummariser:
    """Stands for the pipeline: one summary, or an error for an article that says so."""

    settings: dict[str, object]

    def __init__(self, **settings: object) -> None:
        FakeSummariser.settings = settings

    def summarise(self, text: str, *, published: object = None) -> Summary:
        if text == "fail":
            what = "No valid reply."
            raise InvalidReply(what, "Try again.")
        assert published == LIMA.published
        return summary()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the fake in place of the public class, which the command imports when it needs it."""
    monkeypatch.setattr(communique, "Summariser", FakeSummariser, raising=False)


@pytest.mark.usefixtures("fake")
def test_command_measures_saves_and_compares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The documented command line would not give the documented output."""
    failing = {"id": "fails", "text": "fail", "engagements": [], "agreements": []}
    write(tmp_path, lima=GOLD, fails=failing)
    out = tmp_path / "report.out"
    arguments = [str(tmp_path), "--model", "local", "--out", str(out), "--cache", "c.sqlite"]
    assert main(arguments) == 0
    assert FakeSummariser.settings["model"] == "local"
    assert str(FakeSummariser.settings["cache"]) == "c.sqlite"
    output = capsys.readouterr()
    assert "articles failed" in output.out
    assert "InvalidReply: No valid reply. Try again." in output.err
    assert Evaluation.model_validate_json(out.read_bytes()).articles == 2
    assert main([str(tmp_path), "--only", "li*", "--compare", str(out), "--quiet"]) == 0
    assert "difference" in capsys.readouterr().out
    assert FakeSummariser.settings == {"cache": True}
    assert main([str(tmp_path), "--only", "fails", "--no-cache"]) == 1
    assert FakeSummariser.settings == {}


@pytest.mark.usefixtures("fake")
def test_command_refuses_what_it_cannot_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong option would end in a traceback, or only after the model had been paid."""
    write(tmp_path, lima=GOLD, other={"a": 1})
    assert main([str(tmp_path / "nowhere")]) == 2
    assert main([str(tmp_path), "--only", "x*"]) == 2
    assert main([str(tmp_path), "--compare", str(tmp_path / "other.json")]) == 2
    assert main([str(tmp_path), "--compare", str(tmp_path / "missing.json")]) == 2
    assert main([str(tmp_path), "--out", str(tmp_path / "no" / "dir.json")]) == 2
    assert "cannot be written" in capsys.readouterr().err
