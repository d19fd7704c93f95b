"""The whole way on replies that the embedded model really gave, replayed without it.

`make record` asks the model anew and rewrites the cassettes; everything else here replays them,
with the network blocked and neither engine nor weights needed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from communique import Summary, summarise
from communique.__main__ import main
from communique.article import Article
from replay import CASSETTES, ROOT, cassette_of, stand_in

SEED = "000_e5b3391f3894ea28"
SEEDS = [SEED, "call_and_visit", "treaties", "nothing"]
REWRITE = "COMMUNIQUE_README" in os.environ
README = ROOT / "README.md"
SHOWN = re.compile(
    r"(<!-- shows:([^>]*)-->\n```console\n\$ python -m communique (\S+) ([^\n]*)\n)(.*?)(?=```)",
    re.DOTALL,
)
_summaries: dict[str, Summary] = {}


@pytest.fixture(autouse=True)
def embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read from the cassettes, unless they are recorded."""
    stand_in(monkeypatch)


@pytest.fixture
def told(vcr_config: dict[str, Any]) -> Any:
    """Give the summary of a seed by its name, replayed once per run."""

    def read(name: str) -> Summary:
        if name not in _summaries:
            file = f"test_the_embedded_model_reads[{name}].yaml"
            with cassette_of(vcr_config, CASSETTES / "recorded" / file, record_mode="none"):
                _summaries[name] = summarise(ROOT / "seeds" / f"{name}.txt", model="local")
        return _summaries[name]

    return read


def sides(summary: Summary) -> list[tuple[set[str | None], set[str | None]]]:
    """The parties and names of every engagement."""
    return [
        (
            {p.party.code for p in e.participants if p.party},
            {p.name for p in e.participants},
        )
        for e in summary.engagements
    ]


def engagement(summary: Summary, *codes: str, kind: str = "meeting") -> Any:
    """The one engagement of a kind between exactly these parties."""
    found = [
        e
        for e in summary.engagements
        if e.type == kind and {p.party.code for p in e.participants if p.party} == set(codes)
    ]
    assert len(found) == 1, f"{len(found)} of {codes}"
    return found[0]


@pytest.mark.recorded
@pytest.mark.parametrize("name", SEEDS)
def test_the_embedded_model_reads(name: str) -> None:
    """A seed would no longer be read from the recorded replies, or a span would be untrue."""
    article = Article.read(ROOT / "seeds" / f"{name}.txt")
    summary = summarise(article, model="local")
    assert all(p.fate in {"read", "skipped", "split"} for p in summary.report.passages)
    assert all(article.text[e.start : e.end] == e.exact for e in evidence_of(summary))
    assert Summary.model_validate_json(summary.model_dump_json()) == summary


def evidence_of(summary: Summary) -> list[Any]:
    """Every piece of evidence anywhere in a summary."""
    found: list[Any] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if {"exact", "start", "end"} <= value.keys():
                found.append(type("E", (), value))
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(summary.model_dump())
    return found


BILATERALS = {
    "KOR": "Kim Yong Hyun",
    "AUS": "Pat Conroy",
    "NZL": "Judith Collins",
    "USA": "Lloyd J. Austin",
    "MYS": "Khaled Nordin",
    "LAO": "Chansamone Chanyalath",
}


@pytest.mark.parametrize("code", BILATERALS)
def test_six_bilaterals_are_six_engagements(told: Any, code: str) -> None:
    """A bilateral of India's minister would be missing, doubled, or without its two ministers."""
    one = engagement(told(SEED), "IND", code)
    assert {p.name for p in one.participants} == {"Rajnath Singh", BILATERALS[code]}
    assert one.status == "held"
    assert one.laterality == "bilateral"


def test_only_stated_dates_are_given(told: Any) -> None:
    """A meeting would get a date that the article states for another one, or for none."""
    dates = {code: engagement(told(SEED), "IND", code).date for code in BILATERALS}
    assert {code: d and d.edtf for code, d in dates.items()} == {
        "KOR": None,
        "AUS": None,
        "NZL": None,
        "USA": "2024-11-21",
        "MYS": "2024-11-20",
        "LAO": "2024-11-20",
    }
    assert dates["USA"].basis == "year_inferred"


def test_one_meeting_told_in_two_items_is_one(told: Any) -> None:
    """The meeting with Austin would be two records, or lose the evidence of one item."""
    summary = told(SEED)
    one = engagement(summary, "IND", "USA")
    first, second = summary.source.items
    assert any(first.start <= e.start < first.end for e in one.evidence)
    assert any(second.start <= e.start < second.end for e in one.evidence)


def test_sidelines_are_those_that_are_stated(told: Any) -> None:
    """A meeting would be put on the sidelines of the conference without the article saying so."""
    summary = told(SEED)
    conference = next(e for e in summary.engagements if e.type == "conference")
    beside = {
        code
        for code in BILATERALS
        if (ref := engagement(summary, "IND", code).part_of) is not None
        and ref.id == conference.id
        and ref.relation == "on_sidelines_of"
    }
    assert beside == {"KOR", "AUS", "NZL", "USA"}


def test_an_office_is_the_one_written(told: Any) -> None:
    """Conroy would become Australia's Defence Minister, which he is not."""
    one = engagement(told(SEED), "IND", "AUS")
    conroy = next(p for p in one.participants if p.name == "Pat Conroy")
    assert conroy.office == "Minister for Defence Industry & Capability Delivery"


def test_what_is_to_come_and_what_is_recalled(told: Any) -> None:
    """A scheduled dialogue would be told as held, or a recalled visit as the news."""
    summary = told(SEED)
    dialogue = engagement(summary, "IND", "KOR", kind="dialogue")
    assert (dialogue.status, dialogue.date.edtf) == ("planned", "2024-12")
    visit = engagement(summary, "IND", kind="visit")
    assert (visit.salience, visit.date.edtf) == ("background", "2024-08")
    (quad,) = (e for e in summary.engagements if e.type == "summit")
    assert (quad.salience, quad.date.edtf) == ("background", "2024-09-21")
    assert {p.name for p in quad.participants if p.name} == {"Narendra Modi"}


def test_agreements_are_told_with_what_was_done(told: Any) -> None:
    """An agreement would be missed, or a requested one told as signed: the worst error there is."""
    agreements = {
        a.acronym or a.title: (a.status, {p.code for p in a.parties}, a.date and a.date.edtf)
        for a in told(SEED).agreements
    }
    assert agreements == {
        "Road map for Defence Industry Corporation": ("signed", {"IND", "KOR"}, "2020-02"),
        "Implementing arrangement on air-to-air refuelling": ("signed", {"IND", "AUS"}, None),
        "DCA": ("proposed", {"IND", "NZL"}, None),
        "US-India Defence Industrial Cooperation Roadmap": ("in_force", {"IND", "USA"}, None),
        "SOSA": ("signed", {"IND", "USA"}, "2024-08"),
        "Memorandum of Agreement regarding the deployment of Liaison Officers": (
            "signed",
            {"IND", "USA"},
            "2024-08",
        ),
    }


def test_a_call_and_the_visit_agreed_in_it(told: Any) -> None:
    """A call would be no call, or a visit to come would be told as made."""
    summary = told("call_and_visit")
    call = engagement(summary, "NOR", "JPN", kind="call")
    assert (call.status, call.date.edtf) == ("held", "2025-03-13")
    visits = [e for e in summary.engagements if e.type == "visit"]
    assert [(v.status, v.date and v.date.edtf) for v in visits] == [("planned", "2025-05")]


def test_a_treaty_extended_and_another_terminated(told: Any) -> None:
    """The fates of two treaties would be mixed up, or one being negotiated told as concluded."""
    found = {a.title: (a.status, a.date and a.date.edtf) for a in told("treaties").agreements}
    assert found["Coastal Fisheries Agreement"] == ("extended", "2025-09-30")
    assert found["Lake Transit Treaty"] == ("terminated", "2025-09-29")
    assert found["Double Taxation Convention"][0] in {"under_negotiation", "proposed"}


def test_nothing_is_told_of_nothing(told: Any) -> None:
    """Records would be made from a text with no diplomacy in it."""
    summary = told("nothing")
    assert summary.engagements == []
    assert summary.agreements == []


@pytest.mark.parametrize("name", SEEDS)
def test_replies_and_input_decide_every_byte(told: Any, name: str) -> None:
    """Equal input and equal replies would give other JSON, and nobody could compare runs."""
    first = told(name).without_timings()
    del _summaries[name]
    assert first.model_dump_json() == told(name).without_timings().model_dump_json()


def test_the_readme_shows_what_the_command_prints(
    vcr_config: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The README would show output that the command does not print."""
    readme = README.read_text(encoding="utf-8")
    shown = SHOWN.findall(readme)
    assert shown
    for head, blocks, file, options, output in shown:
        name = Path(file).stem
        cassette = CASSETTES / "recorded" / f"test_the_embedded_model_reads[{name}].yaml"
        with cassette_of(vcr_config, cassette, record_mode="none"):
            assert main([str(ROOT / file), *options.split()]) == 0
        printed = capsys.readouterr().out
        expected = excerpt(printed, blocks.split())
        if REWRITE:
            readme = readme.replace(head + output, head + expected)
            README.write_text(readme, encoding="utf-8")
        else:
            assert output == expected


def excerpt(printed: str, blocks: list[str]) -> str:
    """The named blocks of an output, with a mark for what is left out; all of it for none."""
    if not blocks:
        return printed
    paragraphs = printed.split("\n\n")
    chosen = [p for name in blocks for p in paragraphs if p.startswith(f"{name}  ")]
    return "[…]\n\n" + "\n\n".join(p.rstrip("\n") for p in chosen) + "\n\n[…]\n"
