"""An evaluation as one self-contained page: figures, confusion, comparison, and every article.

The page loads nothing and runs nothing: no script, no image, no address; its content security
policy says so to the browser, too. Everything that comes from an article, from gold or from a
model is put in through `communique.evaluate.markup`, which escapes it.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

from communique.evaluate.figures import MEASURES
from communique.evaluate.gold import GoldAgreement
from communique.evaluate.marking import pairs_of, segments
from communique.evaluate.markup import Html, tag
from communique.evaluate.results import number
from communique.evaluate.tally import FOUND
from communique.evaluate.wording import (
    agreement_words,
    engagement_words,
    gold_agreement_words,
    gold_engagement_words,
)
from communique.schemas import Agreement, Summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from communique.evaluate.comparing import Change, Comparison, Difference
    from communique.evaluate.gold import GoldArticle, GoldEngagement
    from communique.evaluate.marking import Pair, Segment
    from communique.evaluate.results import Evaluation, Figure, Finding
    from communique.evaluate.scoring import Read
    from communique.schemas import Engagement

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
)
_SHARES: Final = ("precision", "recall", "F1")
_KINDS: Final = ("missing", "spurious", "wrong", "failed")


def page(
    evaluation: Evaluation,
    pairs: Iterable[tuple[GoldArticle, Read]],
    *,
    comparison: Comparison | None = None,
) -> str:
    """Show an evaluation, the articles it is of, and how it differs from another one.

    `pairs` are those that `score` was given. Returns a whole HTML document; equal input gives
    equal output.
    """
    articles = list(pairs)
    title = f"{evaluation.model or 'model not named'} · {evaluation.prompt or 'prompt not named'}"
    style = (resources.files("communique") / "data" / "evaluation.css").read_text("utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"communique: {title}"),
        tag("style", Html(style)),
    )
    body = tag(
        "body",
        tag("h1", "Evaluation"),
        tag("p", f"{title} · {evaluation.articles} articles", class_="lead"),
        _contents(evaluation, comparison),
        _figures(evaluation),
        *(_confusion(kind, rows) for kind, rows in evaluation.confusion.items() if rows),
        *([_comparison(comparison)] if comparison else ()),
        _articles(evaluation, articles),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _contents(evaluation: Evaluation, comparison: Comparison | None) -> Html:
    places = [("figures", "figures")]
    places += [
        (f"status-{k}", f"status of {k}") for k, rows in evaluation.confusion.items() if rows
    ]
    places += [("comparison", "comparison")] if comparison else []
    places += [("articles", "articles")]
    links = (part for place, told in places for part in (tag("a", told, href=f"#{place}"), " "))
    return tag("p", *links, class_="contents")


# --- figures ----------------------------------------------------------------------------------


def _figures(evaluation: Evaluation) -> Html:
    by_name = {figure.name: figure for figure in evaluation.figures}
    shares = [name.rpartition(": ")[0] for name in by_name if name.endswith(": F1")]
    fields = [name for name in by_name if f"{name}{FOUND}" in by_name]
    paired = {*fields, *(f"{name}{FOUND}" for name in fields)}
    costs = {name for name in by_name if name.rpartition(", ")[0].startswith(MEASURES)}
    shown = {*paired, *costs, *(f"{p}: {share}" for p in shares for share in _SHARES)}
    rest = [name for name in by_name if name not in shown]
    return tag(
        "section",
        tag("h2", "Figures", id="figures"),
        tag(
            "p",
            "Below each value its 95 % interval (bootstrap over articles) and the number of cases;"
            " the tick in a bar is what the commonest right answer would score. Figures without a"
            " case are left out.",
            class_="note",
        ),
        _table(
            ("records", *_SHARES),
            [(p, *(_value(by_name[f"{p}: {share}"]) for share in _SHARES)) for p in shares
             if by_name[f"{p}: F1"].cases or by_name[f"{p}: precision"].cases],
        ),
        _table(
            ("field", "of all gold records", "of those found"),
            [(name, _value(by_name[name]), _value(by_name[f"{name}{FOUND}"])) for name in fields
             if by_name[name].cases],
        ),
        _table(
            ("rate", "", "better"),
            [(name, _value(by_name[name]), by_name[name].better) for name in rest
             if by_name[name].cases],
        ),
        _table(
            ("cost", "", "articles"),
            [(name, _plain_value(by_name[name]), str(by_name[name].cases)) for name in by_name
             if name in costs and by_name[name].cases],
        ),
    )  # fmt: skip


def _value(figure: Figure) -> Html:
    details = [f"{number(figure.low)}–{number(figure.high)}"] if figure.low is not None else []
    details.append(f"n = {figure.cases}")
    if figure.baseline is not None:
        details.append(f"majority {number(figure.baseline)}")
    bar = _bar(figure) if figure.value is not None and 0 <= figure.value <= 1 else ""
    return tag(
        "div",
        tag("b", number(figure.value)),
        bar,
        tag("small", " · ".join(details)),
        class_="value lower" if figure.better == "lower" else "value",
    )


def _plain_value(figure: Figure) -> Html:
    low, high = figure.low, figure.high
    span = "" if low is None or high is None else f"{_amount(low)}–{_amount(high)}"
    value = "–" if figure.value is None else _amount(figure.value)
    return tag("div", tag("b", value), " ", tag("small", span), class_="value")


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _bar(figure: Figure) -> Html:
    """A line from 0 to 1: the value as a bar, the interval on it, the majority as a tick."""
    parts = [tag("i", class_="bar", style=f"width:{100 * (figure.value or 0):.1f}%")]
    if figure.low is not None and figure.high is not None:
        left, width = 100 * min(figure.low, 1), 100 * (min(figure.high, 1) - min(figure.low, 1))
        parts.append(tag("i", class_="span", style=f"left:{left:.1f}%;width:{width:.1f}%"))
    if figure.baseline is not None:
        parts.append(tag("i", class_="tick", style=f"left:{100 * figure.baseline:.1f}%"))
    return tag("span", *parts, class_="track")


def _confusion(kind: str, rows: dict[str, dict[str, int]]) -> Html:
    columns = sorted({status for row in rows.values() for status in row})
    most = max((times for row in rows.values() for times in row.values()), default=1)
    body = [
        [tag("th", status), *(_cell(status, c, rows[status].get(c, 0), most) for c in columns)]
        for status in sorted(rows)
    ]
    return tag(
        "section",
        tag("h2", f"Status of {kind}", id=f"status-{kind}"),
        tag("p", "Down: gold. Across: predicted.", class_="note"),
        _scrolling(
            tag("tr", tag("th", "gold \\ predicted"), *(tag("th", c) for c in columns)),
            *(tag("tr", *cells) for cells in body),
            class_="confusion",
        ),
    )


def _cell(gold: str, found: str, times: int, most: int) -> Html:
    right = "right" if gold == found else None
    shade = f"--share:{times / most:.2f}"
    return tag("td", str(times) if times else "·", class_=right, style=shade if times else None)


# --- comparison -------------------------------------------------------------------------------


def _comparison(comparison: Comparison) -> Html:
    told = [d for d in comparison.differences if any(d.cases)]
    return tag(
        "section",
        tag("h2", "Compared with another run", id="comparison"),
        tag("p", f"this: {comparison.this}", tag("br"), f"other: {comparison.other}", tag("br"),
            f"{comparison.articles} articles in both"),
        _table(
            ("figure", "this", "other", "difference", "95 % interval", "cases"),
            [_difference(d) for d in told],
        ),
        tag("h3", f"articles changed: {len(comparison.changes)}"),
        *map(_change, comparison.changes),
    )  # fmt: skip


def _difference(difference: Difference) -> tuple[str, ...]:
    name, *cells = difference.cells()
    value = difference.value
    state = "same"
    if value and difference.sure and difference.better != "neither":
        state = "good" if (value > 0) == (difference.better == "higher") else "bad"
    cells[2] = tag("span", cells[2], class_=state)
    return name, *cells


def _change(change: Change) -> Html:
    mended, broken = len(change.mended), len(change.broken)
    return tag(
        "details",
        tag("summary", f"{change.article}: {mended} mended, {broken} broken"),
        tag("ul", *(_finding(f, "mended") for f in change.mended),
            *(_finding(f, "broken") for f in change.broken)),
    )  # fmt: skip


# --- articles ---------------------------------------------------------------------------------


def _articles(evaluation: Evaluation, articles: Sequence[tuple[GoldArticle, Read]]) -> Html:
    findings: dict[str, list[Finding]] = {}
    for finding in evaluation.findings:
        findings.setdefault(finding.article, []).append(finding)
    rows = [
        (
            tag("a", gold.id, href=f"#article-{index}"),
            *(_times(kind, findings.get(gold.id, ())) for kind in _KINDS),
        )
        for index, (gold, _) in enumerate(articles)
    ]
    return tag(
        "section",
        tag("h2", "Articles", id="articles"),
        _table(("article", *_KINDS), rows),
        _legend(),
        *(
            _article(index, gold, read, findings.get(gold.id, ()))
            for index, (gold, read) in enumerate(articles)
        ),
    )


def _times(kind: str, findings: Sequence[Finding]) -> Html:
    times = sum(finding.kind == kind for finding in findings)
    return tag("span", str(times) if times else "·", class_=kind if times else None)


def _legend() -> Html:
    samples = (
        ("both", "gold and predicted"),
        ("gold", "gold alone"),
        ("predicted", "predicted alone"),
        ("gold missing", "of a missing record"),
        ("predicted spurious", "of a spurious record"),
        ("odd", "a character that is not to be seen"),
    )
    return tag("p", *(part for names, told in samples for part in (
        tag("span", told, class_=names if names == "odd" else f"mark {names}"), " ")),
        class_="legend")  # fmt: skip


def _article(index: int, gold: GoldArticle, read: Read, findings: Sequence[Finding]) -> Html:
    summary = read if isinstance(read, Summary) else None
    pairs = pairs_of(gold, summary)
    published = f" · published {gold.published}" if gold.published else ""
    abstract = [tag("p", tag("b", "Abstract "), summary.abstract)] if summary else []
    return tag(
        "article",
        tag("h3", gold.id, id=f"article-{index}"),
        tag("p", f"{gold.source}{published}", class_="note"),
        tag("div", *map(_segment, segments(gold.text, pairs)), class_="text", dir="auto"),
        *abstract,
        _records(pairs),
        tag("ul", *(_finding(f, f.kind) for f in findings), class_="findings") if findings
        else tag("p", "Nothing missing, spurious or wrong.", class_="note"),
    )  # fmt: skip


def _segment(segment: Segment) -> str:
    if not segment.marks:
        return segment.text
    sides = {mark.side for mark in segment.marks}
    fates = {mark.fate for mark in segment.marks} & {"missing", "spurious"}
    names = ["mark", "both" if len(sides) == 2 else next(iter(sides)), *sorted(fates)]
    told = "\n".join(dict.fromkeys(f"{mark.side}: {mark.label}" for mark in segment.marks))
    return tag("span", segment.text, class_=" ".join(names), title=told)


def _records(pairs: Sequence[Pair]) -> Html:
    if not pairs:
        return tag("p", "No record in gold, none predicted.", class_="note")
    rows = [
        (tag("span", pair.fate, class_=pair.fate), _gold(pair.gold), _predicted(pair.found))
        for pair in pairs
    ]
    return _table(("record", "gold", "predicted"), rows, class_="records")


def _gold(record: GoldEngagement | GoldAgreement | None) -> str:
    if record is None:
        return "–"
    if isinstance(record, GoldAgreement):
        words = gold_agreement_words(record)
    else:
        words = gold_engagement_words(record)
    return f"{words} (optional)" if record.optional else words


def _predicted(record: Engagement | Agreement | None) -> str:
    if record is None:
        return "–"
    if isinstance(record, Agreement):
        return agreement_words(record)
    return engagement_words(record)


def _finding(finding: Finding, class_: str) -> Html:
    return tag("li", tag("b", f"{finding.kind} {finding.what} "), finding.words, class_=class_)


# --- parts ------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, class_: str = "") -> Html:
    body = [tag("tr", *(tag("td", cell) for cell in row)) for row in rows]
    if not body:
        return Html("")
    return _scrolling(tag("tr", *(tag("th", name) for name in head)), *body, class_=class_)


def _scrolling(*rows: Html, class_: str = "") -> Html:
    return tag("div", tag("table", *rows, class_=class_ or None), class_="wide")
