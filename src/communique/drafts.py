"""What the model fills: short, flat, everything as written.

The model points and the library resolves: a draft holds copied words and choices from short
lists, never a normalised date, a code or an offset. Every list and string has a maximum, because
a small model under a grammar otherwise repeats itself until its budget is spent. The field
order is the order of reading: the words that tell of the thing come first, and the choices that
depend on them after.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

Phrase = Annotated[str, Field(max_length=120)]

MeetingKind = Literal[
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
MeetingStatus = Literal[
    "held", "ongoing", "planned", "proposed", "postponed", "cancelled", "denied"
]
ActChoice = Literal[
    "signed",
    "exchanged",
    "agreed",
    "initialled",
    "ratified",
    "entered_into_force",
    "amended",
    "implementing",
    "extended",
    "suspended",
    "terminated",
    "expired",
    "negotiating",
    "requested",
    "planned_signing",
    "not_signed",
]


class Draft(BaseModel):
    """The base of every draft: closed, so that an endpoint's strict mode takes its schema."""

    # Closed in the schema, so that no grammar leaves room for more; open to a reply that has more.
    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})


class MeetingDraft(Draft):
    """A meeting, call, visit, summit or the like, as the passage tells it."""

    words: Phrase = Field(description="the words that tell of it, copied")
    kind: MeetingKind
    status: MeetingStatus
    who: list[Phrase] = Field(max_length=10, description="each person or side with title, copied")
    event: Phrase = Field(description="proper name of the event, copied, or empty")
    when: Phrase = Field(description="date words, copied, or empty")
    where: Phrase = Field(description="place, copied, or empty")


class MeetingPointer(Draft):
    """Where the passage tells of a meeting or the like; the rules choose its type and tense."""

    words: Phrase = Field(description="the words that tell of it, copied")
    who: list[Phrase] = Field(max_length=10, description="each person or side with title, copied")
    when: Phrase = Field(description="date words, copied, or empty")
    where: Phrase = Field(description="place, copied, or empty")

    def whole(self) -> MeetingDraft:
        """The draft in which what was not asked has its neutral value."""
        return MeetingDraft.model_construct(**dict(self), kind="other", status="held", event="")


class AgreementDraft(Draft):
    """A treaty, agreement, memorandum or the like, as the passage tells it."""

    title: Phrase = Field(description="title, copied")
    act: ActChoice
    between: list[Phrase] = Field(max_length=6, description="countries, copied")
    when: Phrase = Field(description="date words, copied, or empty")


class AgreementPointer(Draft):
    """Where the passage names an agreement; the rules read what was done with it."""

    title: Phrase = Field(description="title, copied")
    between: list[Phrase] = Field(max_length=6, description="countries, copied")

    def whole(self) -> AgreementDraft:
        """The draft in which what was not asked has its neutral value."""
        return AgreementDraft.model_construct(**dict(self), act="agreed", when="")


class PassageDraft(Draft):
    """Everything that one passage tells."""

    meetings: list[MeetingDraft] = Field(max_length=10)
    agreements: list[AgreementDraft] = Field(max_length=6)


class PersonDraft(Draft):
    """For whom somebody named in the article stands."""

    name: Phrase = Field(description="name, copied")
    of: Phrase = Field(description="state or organisation as the article writes it, or empty")


class ArticleDraft(Draft):
    """Everything that a whole article tells, for a model that reads it in one pass."""

    abstract: Annotated[str, Field(max_length=900)] = Field(
        description="two or three sentences; every name and number as in the article"
    )
    meetings: list[MeetingDraft] = Field(max_length=40)
    agreements: list[AgreementDraft] = Field(max_length=30)
    people: list[PersonDraft] = Field(
        default_factory=list,
        max_length=40,
        description="each person in who whose own words do not say the country",
    )


def _at_most(wanted: int, limit: int) -> Any:
    """Ask for so many, and take up to the limit.

    An endpoint that does not hold to a schema's maximum gives more: no reason to ask again.
    """
    return Field(max_length=limit, json_schema_extra={"maxItems": min(wanted, limit)})


def whole(draft: Any) -> Any:
    """A record of a draft with every field, whether all were asked or not."""
    return draft.whole() if isinstance(draft, MeetingPointer | AgreementPointer) else draft


@functools.cache
def asked(meetings: int, agreements: int) -> type[Draft]:
    """Make the draft of a passage that has words for so many meetings and agreements.

    Rules choose types, tenses and acts: the model only points. What a passage has no word for is
    not asked, and a list is no longer than what it could hold: the smaller the model's task, the
    smaller the model may be.
    """
    fields: dict[str, Any] = {}
    if meetings:
        fields["meetings"] = (list[MeetingPointer], _at_most(meetings, 10))
    if agreements:
        fields["agreements"] = (list[AgreementPointer], _at_most(agreements, 6))
    return create_model("PassageDraft", __base__=Draft, **fields)
