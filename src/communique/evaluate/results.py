"""What a measurement found: figures with their cases, and every record that was wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Sequence


class Result(BaseModel):
    """The base of every result: frozen, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(Result):
    """One number, with what it takes to judge it."""

    name: str = Field(description="What was measured.")
    value: float | None = Field(description="The number; None without a case.")
    low: float | None = Field(description="2.5 % of the bootstrap samples lie below.")
    high: float | None = Field(description="2.5 % of the bootstrap samples lie above.")
    cases: int = Field(description="How many records it rests on.")
    baseline: float | None = Field(
        default=None, description="What the commonest right answer, given always, would score."
    )
    better: Literal["higher", "lower", "neither"] = Field(
        default="higher", description="Which way is good."
    )

    def cells(self) -> tuple[str, str, str, str, str]:
        """Name, value, interval, cases and baseline, as printed."""
        interval = "" if self.low is None else f"{number(self.low)} – {number(self.high)}"
        name = f"{self.name} (lower is better)" if self.better == "lower" else self.name
        baseline = "–" if self.baseline is None else number(self.baseline)
        return name, number(self.value), interval, str(self.cases), baseline


class Finding(Result):
    """One record that is not as it should be."""

    article: str = Field(description="Id of the gold article.")
    kind: Literal["missing", "spurious", "wrong", "failed"] = Field(description="What is wrong.")
    what: str = Field(
        description="engagement, participant, agreement, article, obedience, or a field."
    )
    words: str = Field(description="The record, readably.")


class Counted(Result):
    """What one article adds to the figures, for comparing two runs article by article."""

    id: str = Field(description="Of the gold article.")
    counts: dict[str, float] = Field(description="Hits, errors and parts of rates, by name.")
    measures: dict[str, float] = Field(description="Tokens, requests, cost and seconds.")


class Evaluation(Result):
    """Everything that one run of one model over the gold articles showed."""

    model: str = Field(default="", description="As the reports name it.")
    prompt: str = Field(default="", description="As the reports name it.")
    articles: int = Field(description="How many were read, failures included.")
    counted: tuple[Counted, ...] = Field(default=(), description="What each article adds.")
    figures: tuple[Figure, ...] = Field(description="In the order of the table.")
    confusion: dict[str, dict[str, dict[str, int]]] = Field(
        description="engagements and agreements: gold status, predicted status, how often."
    )
    findings: tuple[Finding, ...] = Field(description="Every miss, addition and wrong field.")

    def __getitem__(self, name: str) -> Figure:
        """Look up the figure of that name; `KeyError` if there is none."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)

    def table(self, *, findings: bool = True) -> str:
        """Figures, status tables and, unless left out, every finding: plain text, to be read."""
        header = ("figure", "value", "95 % interval", "cases", "majority")
        names = f"{self.model or 'model not named'}, {self.prompt or 'prompt not named'}"
        parts = [f"{names}, {self.articles} articles"]
        parts.append(aligned([header, *(figure.cells() for figure in self.figures)]))
        parts.extend(_confusion(kind, rows) for kind, rows in self.confusion.items() if rows)
        if findings:
            parts.append(self.list_findings())
        return "\n\n".join(parts) + "\n"

    def list_findings(self) -> str:
        """Every finding, article by article."""
        lines: list[str] = []
        article = None
        for finding in self.findings:
            if finding.article != article:
                article = finding.article
                lines.append(article)
            lines.append(f"  {finding.kind} {finding.what}: {finding.words}")
        return "\n".join(lines) or "Nothing missing, spurious or wrong."


def number(value: float | None) -> str:
    """Print a number: three decimals up to 1, one above; a dash for None."""
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:.1f}"


def aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """Print rows as columns, the first to the left and the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for row in rows
    )


def _confusion(kind: str, rows: dict[str, dict[str, int]]) -> str:
    columns = sorted({status for row in rows.values() for status in row})
    head = (f"status of {kind}, gold \\ predicted", *columns)
    body = [(s, *(str(rows[s].get(column, "·")) for column in columns)) for s in sorted(rows)]
    return aligned([head, *body])
