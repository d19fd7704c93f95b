"""The published columns of every exported table, as plain data: no Arrow and no Spark needed.

One description serves all: `communique.export` makes Arrow schemas of it and `communique.spark`
DDL. Columns are a contract as the records are: they may be added, not renamed or retyped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["SCHEMAS", "Column", "ListOf", "Scalar", "Struct", "TableName", "Type"]

Scalar = Literal["string", "bool", "int32", "int64", "float64", "date"]
TableName = Literal[
    "articles",
    "engagements",
    "participants",
    "statements",
    "agreements",
    "acts",
    "left_out",
    "nested",
]


@dataclass(frozen=True)
class ListOf:
    """A list without empty places."""

    item: Type


@dataclass(frozen=True)
class Struct:
    """A record within a row; its name is for the reader."""

    name: str
    columns: tuple[Column, ...]


Type = Scalar | ListOf | Struct


@dataclass(frozen=True)
class Column:
    """One column: its name, its type, what it holds, and whether it may be empty."""

    name: str
    type: Type
    what: str
    nullable: bool = True


def _must(name: str, kind: Type, what: str) -> Column:
    return Column(name, kind, what, nullable=False)


EVIDENCE: Final = Struct(
    "evidence",
    (
        _must("exact", "string", "the article's own characters"),
        _must("start", "int32", "first code point in the text as given"),
        _must("end", "int32", "one past the last code point"),
        _must("prefix", "string", "up to 32 characters before"),
        _must("suffix", "string", "up to 32 characters after"),
    ),
)
PARTY: Final = Struct(
    "party",
    (
        Column("code", "string", "ISO 3166-1 alpha-3, or an organisation's code"),
        _must("kind", "string", "state, organisation, territory, non_state"),
        _must("as_written", "string", "the words that name it"),
    ),
)
_ARTICLE: Final = _must(
    "article_id", "string", "the id you gave, else its path or address, else sha256:…"
)


def _located(*, always: bool) -> tuple[Column, ...]:
    """The first piece of evidence, flat, and all of it."""
    return (
        Column("exact", "string", "first evidence: the words", nullable=not always),
        Column("start", "int32", "first evidence: first code point", nullable=not always),
        Column("end", "int32", "first evidence: one past the last", nullable=not always),
        _must("evidence", ListOf(EVIDENCE), "all evidence"),
    )


def _dated(name: str) -> tuple[Column, ...]:
    return (
        Column(f"{name}_text", "string", "the words, as written"),
        Column(f"{name}_edtf", "string", "EDTF value; empty where it cannot be resolved"),
        Column(f"{name}_modifier", "string", "early, mid, late or about"),
        Column(f"{name}_basis", "string", "explicit, relative, year_inferred, unresolved"),
        Column(f"{name}_start", "date", "first day, inclusive"),
        Column(f"{name}_end", "date", "last day, inclusive"),
        Column(f"{name}_evidence", EVIDENCE, "where the words stand"),
    )


_STATUS: Final = (
    Column("sha256", "string", "of the text in UTF-8; empty where there was no text to read"),
    _must("status", "string", "ok, or failed"),
    Column("failure", "string", "the error's class, as in communique.errors"),
    Column("failure_message", "string", "what happened, and what to do"),
    Column("retryable", "bool", "whether the same call may succeed later; empty where it is ok"),
)
_BROUGHT: Final = (
    Column("title", "string", "as given"),
    Column("url", "string", "as given"),
    Column("published", "date", "publication date, given or from the text"),
)
_FOUND: Final = (
    Column("language", "string", "BCP 47"),
    Column("abstract", "string", "two or three sentences"),
    _must("engagement_count", "int32", "how many engagements"),
    _must("participant_count", "int32", "how many participants, over all engagements"),
    _must("agreement_count", "int32", "how many agreements"),
)
_SPENT: Final = (
    _must("left_out_count", "int32", "how many things were left out"),
    _must("passages_read", "int32", "passages whose words were read"),
    _must("passages_failed", "int32", "passages whose words were not read"),
    _must("requests", "int32", "requests to the model, cached replies not counted"),
    _must("prompt_tokens", "int64", "tokens sent, cached replies not counted"),
    _must("completion_tokens", "int64", "tokens received, cached replies not counted"),
    Column("cost", "float64", "US dollars; empty where the price is not known"),
    Column("seconds", "float64", "wall time of the call"),
    _must("cached", "bool", "whether nothing had to be asked"),
    Column("model", "string", "the model's name"),
    Column("endpoint", "string", "where the text was sent"),
    Column("prompt", "string", "the prompt's name and version"),
    Column("schema_version", "string", "version of the records"),
    Column("summary_json", "string", "the whole Summary as JSON; empty where it failed"),
)
_ENGAGEMENT: Final = (
    _must("engagement_id", "string", "e1, e2, … within the article"),
    _must("type", "string", "meeting, call, visit, …"),
    _must("status", "string", "held, ongoing, planned, …"),
    _must("laterality", "string", "bilateral, multilateral, unilateral"),
    _must("salience", "string", "focal, background"),
    Column("name", "string", "proper name, as written"),
    *_dated("date"),
    *_dated("new_date"),
    Column("place_name", "string", "as written"),
    Column("place_country", "string", "ISO 3166-1 alpha-3"),
    Column("place_evidence", EVIDENCE, "where the name stands"),
    _must("party_codes", ListOf("string"), "codes of the participants' parties, each once"),
    Column("part_of_id", "string", "the engagement it belongs to"),
    Column("part_of_relation", "string", "on_sidelines_of, part_of, during_visit"),
    *_located(always=True),
)
_PARTICIPANT: Final = (
    _must("number", "int32", "0, 1, … within the engagement"),
    Column("name", "string", 'as written; empty for "the Korean side"'),
    Column("office", "string", "title or post, as written"),
    Column("party_code", "string", "ISO 3166-1 alpha-3, or an organisation's code"),
    Column("party_kind", "string", "state, organisation, territory, non_state"),
    Column("party_as_written", "string", "the words that name the party"),
    _must("role", "string", "principal, host, visitor, …"),
    *_located(always=False),
)
_STATEMENT: Final = (
    _must("number", "int32", "0, 1, … within the engagement"),
    _must("kind", "string", "commitment, request, offer, …"),
    _must("by", ListOf(PARTY), "who said it"),
    _must("to", ListOf(PARTY), "to whom"),
    _must("text", "string", "as written"),
    *_located(always=True),
)
_AGREEMENT: Final = (
    _must("agreement_id", "string", "a1, a2, … within the article"),
    _must("title", "string", "as written"),
    Column("acronym", "string", "as written beside the title"),
    _must("type", "string", "treaty, agreement, memorandum, …"),
    _must("status", "string", "proposed, signed, in_force, …"),
    *_dated("date"),
    _must("parties", ListOf(PARTY), "between whom"),
    _must("party_codes", ListOf("string"), "codes of the parties, each once"),
    Column("engagement_id", "string", "the engagement it was dealt with at"),
    *_located(always=True),
)
_ACT: Final = (
    _must("number", "int32", "0, 1, … within the agreement"),
    _must("kind", "string", "signed, exchanged, requested, …"),
    _must("realis", "string", "done, planned, conditional, denied"),
    *_dated("date"),
    _must("by", ListOf(PARTY), "by whom"),
    *_located(always=True),
)
_OF_ENGAGEMENT: Final = (_ARTICLE, _must("engagement_id", "string", "within the article"))
_OF_AGREEMENT: Final = (_ARTICLE, _must("agreement_id", "string", "within the article"))
_ENGAGEMENTS: Final = Struct(
    "engagement",
    (
        *_ENGAGEMENT,
        _must("participants", ListOf(Struct("participant", _PARTICIPANT)), "who took part"),
        _must("outcomes", ListOf(Struct("statement", _STATEMENT)), "what was said there"),
    ),
)
_AGREEMENTS: Final = Struct(
    "agreement",
    (*_AGREEMENT, _must("acts", ListOf(Struct("act", _ACT)), "what was done with it")),
)

SCHEMAS: Final[dict[TableName, tuple[Column, ...]]] = {
    "articles": (_ARTICLE, *_STATUS, *_BROUGHT, *_FOUND, *_SPENT),
    "engagements": (_ARTICLE, *_ENGAGEMENT),
    "participants": (*_OF_ENGAGEMENT, *_PARTICIPANT),
    "statements": (*_OF_ENGAGEMENT, *_STATEMENT),
    "agreements": (_ARTICLE, *_AGREEMENT),
    "acts": (*_OF_AGREEMENT, *_ACT),
    "left_out": (
        _ARTICLE,
        _must("what", "string", "the kind of thing"),
        _must("words", "string", "as the model gave it"),
        _must("reason", "string", "why it was left out"),
        Column("passage", "int32", "index of the passage"),
    ),
    "nested": (
        *_STATUS,
        *_FOUND,
        _must("engagements", ListOf(_ENGAGEMENTS), "as in the table engagements"),
        _must("agreements", ListOf(_AGREEMENTS), "as in the table agreements"),
        *_SPENT,
    ),
}
"""Every table with its columns, in order. `nested` is one row per article with everything in it,
less what you brought (id, title, url, published): the columns that the engines add to yours."""
