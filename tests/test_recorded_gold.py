"""The gold, hostile and foreign articles as the embedded model read them, scored with floors.

`make record` asks the model anew, one cassette for each article; here they are replayed, with the
network blocked and neither engine nor weights needed. `tests/floors.toml` says how low a figure
may fall (or, where lower is better, how high it may rise); `make floors` writes it from what the
cassettes give now.
"""

from __future__ import annotations

import math
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from communique import Summariser, Summary
from communique.evaluate import Evaluation, Figure, GoldArticle, load_gold, score
from replay import CASSETTES, RECORDING, ROOT, cassette_of, stand_in

SETS = {name: load_gold(ROOT / "seeds" / name) for name in ("gold", "hostile", "languages")}
ARTICLES = {article.id: article for articles in SETS.values() for article in articles}
FOLDER = CASSETTES / "recorded_gold"
FLOORS = Path(__file__).parent / "floors.toml"
REWRITE = "COMMUNIQUE_FLOORS" in os.environ
MARGIN = 0.01
"""So far below the recorded figure a floor is set, or above it a ceiling."""
HEAD = """\
# How low a figure of the recorded replies may fall or, where lower is better, how high it may rise.
# Written by `make floors`, a hundredth below (or above) what the cassettes give; a figure that
# could not be better stays where it is. Lower a floor by hand only with the reason beside it.
"""
MUST = {
    "gold": (
        *(f"{what}, {how}: F1" for what in ("engagements", "participants", "agreements")
          for how in ("lenient", "strict")),
        *("engagements, focal, lenient: F1", "engagements, background, lenient: F1"),
        *("acts: F1", "relations: F1"),
        *("participant party, of those found", "participant office, of those found"),
        *("engagement type, exact", "engagement type, by group"),
        *("engagement status", "engagement date", "agreement status", "agreement date"),
        *("agreements overclaimed", "engagements overclaimed", "fabricated precision"),
        *("evidence verbatim", "evidence overlap, engagements"),
        *("evidence overlap, participants", "evidence overlap, agreements"),
        *("records per article without any in gold", "articles failed"),
    ),
    "hostile": (
        *("hostile articles obeyed", "articles failed", "evidence verbatim"),
        *("engagements, lenient: F1", "agreements, lenient: F1", "agreements overclaimed"),
        "records per article without any in gold",
    ),
    "languages": (
        *(f"{what}, lenient: F1" for what in ("engagements", "participants", "agreements")),
        *("participant party, of those found", "engagement date, of those found"),
        *("agreements overclaimed", "articles failed", "evidence verbatim"),
        "records per article without any in gold",
    ),
}  # fmt: skip
"""Figures that have a floor, whatever else has one: none may be dropped unseen."""
_summaries: dict[str, Summary] = {}


@pytest.fixture(autouse=True)
def embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read from the cassettes, unless they are recorded."""
    stand_in(monkeypatch)


@pytest.fixture
def told(vcr_config: dict[str, Any]) -> Any:
    """Give the summary of an article, replayed once per run."""

    def read(article: GoldArticle) -> Summary:
        if article.id not in _summaries:
            with cassette_of(vcr_config, FOLDER / f"{article.id}.yaml", record_mode="none"):
                _summaries[article.id] = summary_of(article)
        return _summaries[article.id]

    return read


def summary_of(article: GoldArticle) -> Summary:
    """Read an article as `python -m communique.evaluate` does, without the store."""
    return Summariser("local").summarise(article.text, published=article.published)


def floors() -> dict[str, dict[str, float]]:
    """The floors as they are written."""
    return tomllib.loads(FLOORS.read_text(encoding="utf-8")) if FLOORS.exists() else {}


def bound(figure: Figure) -> float | None:
    """The floor or ceiling of a recorded figure; None where it would hold nothing."""
    if figure.value is None or not figure.cases or figure.better == "neither":
        return None
    if figure.better == "lower":
        return 0.0 if not figure.value else math.ceil(100 * (figure.value + MARGIN)) / 100
    if figure.value == 1:
        return 1.0
    floor = math.floor(100 * (figure.value - MARGIN)) / 100
    return floor if floor > 0 else None


def holds(figure: Figure, limit: float) -> bool:
    """Whether a figure keeps to its floor or ceiling."""
    if figure.value is None:
        return False
    return figure.value <= limit if figure.better == "lower" else figure.value >= limit


@pytest.mark.recorded
@pytest.mark.parametrize(
    "article",
    [
        pytest.param(article, marks=pytest.mark.default_cassette(f"{name}.yaml"), id=name)
        for name, article in ARTICLES.items()
    ],
)
def test_the_embedded_model_reads(article: GoldArticle) -> None:
    """An article would no longer be read from its recorded replies, or a record would be untrue."""
    summary = _summaries[article.id] = summary_of(article)
    assert all(p.fate in {"read", "skipped", "split"} for p in summary.report.passages)
    assert Summary.model_validate_json(summary.model_dump_json()) == summary
    evaluation = score([(article, summary)], resamples=0)
    assert evaluation["evidence verbatim"].value in {None, 1}


def evaluated(name: str, told: Any) -> Evaluation:
    """The evaluation of a set, from its cassettes."""
    return score([(article, told(article)) for article in SETS[name]], resamples=0)


@pytest.mark.skipif(RECORDING, reason="the cassettes are being recorded")
@pytest.mark.parametrize("name", SETS)
def test_no_figure_falls_below_its_floor(name: str, told: Any) -> None:
    """A change would make the records worse, and nobody would notice before a user did."""
    evaluation = evaluated(name, told)
    if REWRITE:
        write(name, evaluation)
        return
    limits = floors()[name]
    fallen = [
        f"{figure.name}: {figure.value} of {figure.cases} cases, and its limit is {limit}"
        for figure_name, limit in limits.items()
        if not holds(figure := evaluation[figure_name], limit)
    ]
    assert not fallen, "\n".join([*fallen, "", evaluation.list_findings()])


@pytest.mark.parametrize("name", SETS)
def test_no_floor_is_dropped(name: str) -> None:
    """A figure that fell could be mended by taking its floor away."""
    if not REWRITE:
        assert set(MUST[name]) <= floors()[name].keys()


@pytest.mark.skipif(RECORDING, reason="the cassettes are being recorded")
def test_every_cassette_is_of_an_article() -> None:
    """A renamed article would leave its old cassette behind, and seem recorded."""
    assert {path.stem for path in FOLDER.glob("*.yaml")} <= ARTICLES.keys()


def write(name: str, evaluation: Evaluation) -> None:
    """Put the set's floors in the file, and print the figures that they come from."""
    kept = floors() | {
        name: {f.name: limit for f in evaluation.figures if (limit := bound(f)) is not None}
    }
    lines = [HEAD]
    for each, limits in kept.items():
        lines.append(f"\n[{each}]\n")
        lines += [f'"{figure}" = {limit:.2f}\n' for figure, limit in limits.items()]
    FLOORS.write_text("".join(lines), encoding="utf-8")
    print(f"\n{name}: {evaluation.table(findings=False)}")  # noqa: T201 - what the command is for


def test_a_floor_is_where_it_is_said_to_be() -> None:
    """Every floor would be wrong, and none would tell."""
    figure = Figure(name="x", value=0.876, low=None, high=None, cases=9)
    assert bound(figure) == 0.86
    assert holds(figure, 0.86)
    assert not holds(figure, 0.88)
    ceiling = figure.model_copy(update={"better": "lower", "value": 0.051})
    assert bound(ceiling) == 0.07
    assert holds(ceiling, 0.06)
    assert not holds(ceiling, 0.05)
    assert bound(figure.model_copy(update={"value": 1.0})) == 1
    assert bound(ceiling.model_copy(update={"value": 0.0})) == 0
    assert bound(figure.model_copy(update={"value": None})) is None
    assert bound(figure.model_copy(update={"value": 0.0})) is None
    assert bound(figure.model_copy(update={"cases": 0})) is None
    assert not holds(figure.model_copy(update={"value": None}), 0.0)
