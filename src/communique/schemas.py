"""The records that a user gets: frozen pydantic models, exact in a JSON round trip.

All offsets are Python code points into the article's text as it was given. Dates are EDTF
(ISO 8601-2:2019, levels 0 and 1, and intervals). States are ISO 3166-1 alpha-3. Evidence is
the W3C Web Annotation TextQuoteSelector and TextPositionSelector in one.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = "1"

EngagementType = Literal[
    "meeting",
    "call",
    "visit",
    "summit",
    "conference",
    "dialogue",
    "negotiation",
    "exercise",
    "ceremony",
    "other",
]
EngagementStatus = Literal[
    "held", "ongoing", "planned", "proposed", "postponed", "cancelled", "denied"
]
Laterality = Literal["bilateral", "multilateral", "unilateral"]
Role = Literal["principal", "host", "visitor", "signatory", "mediator", "observer"]
Salience = Literal["focal", "background"]
Relation = Literal["on_sidelines_of", "part_of", "during_visit"]
PartyKind = Literal["state", "organisation", "territory", "non_state"]
AgreementType = Literal[
    "treaty",
    "agreement",
    "memorandum",
    "arrangement",
    "protocol",
    "roadmap",
    "exchange_of_notes",
    "joint_statement",
    "contract",
    "other",
]
AgreementStatus = Literal[
    "proposed",
    "under_negotiation",
    "agreed",
    "signed",
    "ratified",
    "in_force",
    "extended",
    "suspended",
    "terminated",
    "expired",
]
ActKind = Literal[
    "requested",
    "negotiating",
    "agreed",
    "initialled",
    "signed",
    "exchanged",
    "ratified",
    "entered_into_force",
    "amended",
    "implementing",
    "extended",
    "suspended",
    "terminated",
    "expired",
]
Realis = Literal["done", "planned", "conditional", "denied"]
StatementKind = Literal[
    "commitment",
    "request",
    "offer",
    "invitation",
    "welcome",
    "reaffirmation",
    "assertion",
    "condemnation",
]
DateModifier = Literal["early", "mid", "late", "about"]
DateBasis = Literal["explicit", "relative", "year_inferred", "unresolved"]


class Record(BaseModel):
    """The base of every public record: frozen, and closed to unknown fields."""

    # The validators are built at the first use: at the import they would be a third of it.
    # (Threads may race for that first use since pydantic 2.14 only: the dependency's bound.)
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Span(Record):
    """A stretch of the article's text, `text[start:end]`."""

    start: int = Field(ge=0, description="First code point, counted from 0.")
    end: int = Field(ge=0, description="One past the last code point.")


class Evidence(Span):
    """Words of the article: `article.text[start:end] == exact`, always."""

    exact: str = Field(description="The article's own characters.")
    prefix: str = Field(default="", description="Up to 32 characters before.")
    suffix: str = Field(default="", description="Up to 32 characters after.")


class Party(Record):
    """A state, organisation, territory or non-state actor."""

    code: str | None = Field(
        description="ISO 3166-1 alpha-3 (Kosovo XKX), or an organisation's code; "
        "None where the words do not settle it."
    )
    kind: PartyKind = Field(description="What the code stands for.")
    as_written: str = Field(description="The words that name it.")


class DateValue(Record):
    """A date as written, and what it resolves to, never finer than the words."""

    text: str = Field(description="The words, as written.")
    edtf: str | None = Field(description="EDTF value; None where the words cannot be resolved.")
    modifier: DateModifier | None = Field(default=None, description="early, mid, late or about.")
    basis: DateBasis = Field(description="How the value came about.")
    start: dt.date | None = Field(default=None, description="First day, inclusive.")
    end: dt.date | None = Field(default=None, description="Last day, inclusive.")
    evidence: Evidence | None = Field(
        default=None, description="Where the words stand; None outside an article."
    )


class Place(Record):
    """Where something happened."""

    name: str = Field(description="As written.")
    country: str | None = Field(default=None, description="ISO 3166-1 alpha-3, or None.")
    evidence: Evidence = Field(description="Where the name stands.")


class Participant(Record):
    """Somebody who took part, or was to take part."""

    name: str | None = Field(description='As written; None for "the Korean side".')
    office: str | None = Field(default=None, description="Title or post, as written.")
    party: Party | None = Field(default=None, description="Whom the participant stands for.")
    role: Role = Field(default="principal", description="The part played.")
    evidence: list[Evidence] = Field(default_factory=list, description="Where they are named.")


class Statement(Record):
    """Something said or decided at an engagement."""

    kind: StatementKind = Field(description="The speech act.")
    by: list[Party] = Field(default_factory=list, description="Who said it.")
    to: list[Party] = Field(default_factory=list, description="To whom.")
    text: str = Field(description="As written.")
    evidence: list[Evidence] = Field(min_length=1, description="Where it stands.")


class EngagementRef(Record):
    """A link to another engagement of the same summary."""

    id: str = Field(description="The other engagement's id.")
    relation: Relation = Field(description="How this one belongs to it.")


class Engagement(Record):
    """One meeting, call, visit, summit, exercise or the like."""

    id: str = Field(description="e1, e2, … in the order of first evidence.")
    type: EngagementType = Field(description="What kind of engagement.")
    status: EngagementStatus = Field(description="Whether it took place.")
    laterality: Laterality = Field(
        description="bilateral: exactly two parties, both states, and not a summit or "
        "conference of an organisation."
    )
    name: str | None = Field(default=None, description="Proper name, as written.")
    participants: list[Participant] = Field(default_factory=list, description="Who took part.")
    date: DateValue | None = Field(
        default=None, description="When; of a postponed one, the original date."
    )
    new_date: DateValue | None = Field(default=None, description="The new date, if stated.")
    place: Place | None = Field(default=None, description="Where.")
    outcomes: list[Statement] = Field(default_factory=list, description="What was said there.")
    part_of: EngagementRef | None = Field(default=None, description="What it belongs to.")
    salience: Salience = Field(default="focal", description="background: told only as context.")
    evidence: list[Evidence] = Field(
        min_length=1, description="What the type and the status rest on."
    )


class Act(Record):
    """One thing done with an agreement."""

    kind: ActKind = Field(description="What was done.")
    realis: Realis = Field(default="done", description="Whether it was done.")
    date: DateValue | None = Field(default=None, description="When.")
    by: list[Party] = Field(default_factory=list, description="By whom.")
    evidence: list[Evidence] = Field(min_length=1, description="Where it is told.")


class Agreement(Record):
    """A treaty, agreement, memorandum or the like."""

    id: str = Field(description="a1, a2, … in the order of first evidence.")
    title: str = Field(description="As written.")
    acronym: str | None = Field(default=None, description="As written beside the title.")
    type: AgreementType = Field(description="What kind of instrument.")
    parties: list[Party] = Field(default_factory=list, description="Between whom.")
    acts: list[Act] = Field(default_factory=list, description="What was done with it.")
    status: AgreementStatus = Field(description="Derived from the acts.")
    date: DateValue | None = Field(
        default=None, description="The date of the act that decided the status."
    )
    engagement: str | None = Field(default=None, description="Id of the engagement, or None.")
    evidence: list[Evidence] = Field(min_length=1, description="Where it is named.")


class Attempt(Record):
    """One request to the model, successful or not."""

    passage: int = Field(description="Index of the passage it read.")
    number: int = Field(description="1, 2, … within the passage.")
    outcome: Literal[
        "valid", "invalid", "truncated", "refused", "unavailable", "rate_limited", "failed"
    ] = Field(description="How it ended.")
    detail: str = Field(default="", description="The error, in a sentence; empty when valid.")
    prompt_tokens: int = Field(default=0, description="As counted by the endpoint.")
    completion_tokens: int = Field(default=0, description="As counted by the endpoint.")
    cached: bool = Field(default=False, description="Answered from the store, at no cost.")
    key: str = Field(default="", description="Of the reply in the store; empty where none is kept.")
    cost: float | None = Field(default=None, description="US dollars; None where unknown.")
    seconds: float | None = Field(default=None, description="Wall time.")


class PassageReport(Record):
    """One passage and its fate."""

    index: int = Field(description="0, 1, … in the order of the article.")
    span: Span = Field(description="Which words.")
    fate: Literal["read", "split", "skipped", "failed"] = Field(
        description="split: read in smaller ones; skipped: no word of it asks for reading; "
        "failed: not read."
    )
    error: str = Field(default="", description="Why it was not read.")


class LeftOut(Record):
    """Something the model gave that is not in the records, and why."""

    what: Literal[
        "engagement",
        "participant",
        "office",
        "party",
        "date",
        "place",
        "outcome",
        "agreement",
        "act",
        "abstract",
    ] = Field(description="The kind of thing.")
    words: str = Field(description="As the model gave it.")
    reason: str = Field(description="Why it was left out.")
    passage: int | None = Field(default=None, description="Index of the passage.")


class Report(Record):
    """How the records came about."""

    model: str = Field(default="", description="The model's name.")
    endpoint: str = Field(default="", description="Where the text was sent; no credentials.")
    prompt: str = Field(default="", description="The prompt's name and version.")
    attempts: list[Attempt] = Field(default_factory=list, description="Every request.")
    passages: list[PassageReport] = Field(default_factory=list, description="Every passage.")
    left_out: list[LeftOut] = Field(default_factory=list, description="Everything left out.")
    notes: list[str] = Field(default_factory=list, description="What a reader should know.")
    seconds: float | None = Field(default=None, description="Wall time of the whole call.")

    @property
    def cached(self) -> bool:
        """Whether every reply came from the store, so that nothing was paid."""
        return bool(self.attempts) and all(a.cached for a in self.attempts)

    @property
    def prompt_tokens(self) -> int:
        """Tokens sent, over every attempt that was not answered from the store."""
        return sum(a.prompt_tokens for a in self.attempts if not a.cached)

    @property
    def completion_tokens(self) -> int:
        """Tokens received, over every attempt that was not answered from the store."""
        return sum(a.completion_tokens for a in self.attempts if not a.cached)

    @property
    def cost(self) -> float | None:
        """US dollars, over every attempt; None where the cost of one is not known."""
        costs = [a.cost for a in self.attempts if not a.cached]
        return None if None in costs else sum(c for c in costs if c is not None)

    def without_timings(self) -> Report:
        """The same report with every `seconds` None: equal for equal input and replies."""
        attempts = [a.model_copy(update={"seconds": None}) for a in self.attempts]
        return self.model_copy(update={"attempts": attempts, "seconds": None})


class Source(Record):
    """What was read."""

    sha256: str = Field(description="Of the text in UTF-8.")
    published: dt.date | None = Field(default=None, description="Publication date.")
    language: str | None = Field(default=None, description="BCP 47.")
    title: str | None = Field(default=None, description="As given.")
    url: str | None = Field(default=None, description="As given.")
    id: str | None = Field(default=None, description="As given.")
    items: list[Span] = Field(default_factory=list, description="The articles in the text.")


class Summary(Record):
    """Everything read from one article."""

    schema_version: Annotated[str, Field(description="Version of this schema.")] = SCHEMA_VERSION
    abstract: str = Field(description="Two or three sentences.")
    engagements: list[Engagement] = Field(default_factory=list, description="Who met whom.")
    agreements: list[Agreement] = Field(default_factory=list, description="What was signed.")
    source: Source = Field(description="What was read.")
    report: Report = Field(default_factory=Report, description="How the records came about.")

    def without_timings(self) -> Summary:
        """The same summary with every timing left out: byte-identical JSON for equal replies."""
        return self.model_copy(update={"report": self.report.without_timings()})


def json_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of `Summary`, as `Summary.model_dump_json()` writes it."""
    return Summary.model_json_schema(mode="serialization")
