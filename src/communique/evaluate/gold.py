"""Gold records: articles whose engagements and agreements were annotated by hand.

One JSON file holds one article. What an annotation does not say (no `laterality`, no `acts`, no
key `part_of`) is not scored. `optional` records and participants are debatable: finding them
is not spurious, leaving them out is not missing. `accept` maps a field to other right values.
A hostile article has a `bait` (see `communique.evaluate.hostile`).
The types are those of the annotation (bilateral_meeting, multilateral_meeting, conference, …),
not the library's; `communique.evaluate.matching` knows how they correspond.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from communique.errors import ConfigurationError
from communique.evaluate.hostile import Bait

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = {"id", "text", "engagements", "agreements"}


class GoldRecord(BaseModel):
    """The base of every gold record: frozen, and open to fields that are not scored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    optional: bool = Field(default=False, description="Neither missing nor spurious.")
    note: str | None = Field(default=None, description="The annotator's reason.")
    accept: dict[str, list[Any]] = Field(
        default_factory=dict, description="Other right values, by field; null is one."
    )

    def accepted(self, field: str) -> frozenset[str | None]:
        """Every right value of a field whose values are strings or None."""
        return frozenset([getattr(self, field), *self.accept.get(field, [])])


class GoldParticipant(GoldRecord):
    """Somebody who took part; without a name, known by the country."""

    name: str | None = Field(default=None, description="As in the text, or None.")
    role: str | None = Field(default=None, description="Office, as in the text.")
    country: str | None = Field(default=None, description="Alpha-3, or an organisation's code.")


class GoldRef(GoldRecord):
    """What an engagement belongs to."""

    index: int = Field(ge=0, description="Of the other engagement, in the article's list.")
    relation: str = Field(description="One of the library's relations.")


class GoldEngagement(GoldRecord):
    """One engagement as annotated."""

    name: str | None = Field(default=None, description="Of the event, as in the text.")
    type: str = Field(description="Of the annotation's types, or one of the library's.")
    status: str = Field(description="One of the library's statuses.")
    participants: tuple[GoldParticipant, ...] = Field(default=(), description="Who took part.")
    date: str | None = Field(default=None, description="EDTF; None where none is stated.")
    date_words: str | None = Field(default=None, description="What the date rests on.")
    location: str | None = Field(default=None, description="As in the text.")
    country: str | None = Field(default=None, description="Alpha-3, or None.")
    salience: str | None = Field(default=None, description="focal, background, or not said.")

    laterality: str | None = Field(
        default=None, description="One of the library's; then the type is one of its types, too."
    )
    new_date: str | None = Field(default=None, description="EDTF, of a postponed one.")
    part_of: GoldRef | None = Field(default=None, description="Scored where the key is there.")

    def states(self, field: str) -> bool:
        """Whether the annotation says anything about a field, be it null."""
        return field in self.model_fields_set

    @property
    def background(self) -> bool:
        """Whether the annotation calls it background: by its salience, or in its note."""
        said = self.optional and "background" in (self.note or "").casefold()
        return said if self.salience is None else self.salience == "background"


class GoldAct(GoldRecord):
    """One thing done with an agreement, or not done."""

    kind: str = Field(description="One of the library's kinds of act.")
    realis: str = Field(default="done", description="done, planned, conditional or denied.")
    date: str | None = Field(default=None, description="EDTF; None where none is stated.")


class GoldAgreement(GoldRecord):
    """One agreement as annotated."""

    title: str = Field(description="As in the text.")
    acronym: str | None = Field(default=None, description="As in the text, or None.")
    parties: tuple[str, ...] = Field(default=(), description="Alpha-3 or organisations' codes.")
    status: str = Field(description="One of the library's statuses, planned, or other.")
    date: str | None = Field(default=None, description="EDTF; None where none is stated.")
    date_words: str | None = Field(default=None, description="What the date rests on.")
    type: str | None = Field(default=None, description="One of the library's, or not said.")
    acts: tuple[GoldAct, ...] | None = Field(default=None, description="All of them, or not said.")

    def accepted_parties(self) -> list[frozenset[str]]:
        """Every right set of parties; `accept` gives one set or a list of sets."""
        others = self.accept.get("parties", [])
        sets = [others] if others and all(isinstance(o, str) for o in others) else others
        return [frozenset(self.parties), *(frozenset(s) for s in sets)]


class GoldArticle(BaseModel):
    """An article with everything that should be found in it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(description="Unique within the directory.")
    text: str = Field(description="As published; offsets of evidence refer to it.")
    published: dt.date | None = Field(default=None, description="Publication date.")
    source: str = Field(default="", description="Where it is from.")
    engagements: tuple[GoldEngagement, ...] = Field(default=(), description="Who met whom.")
    agreements: tuple[GoldAgreement, ...] = Field(default=(), description="What was signed.")
    bait: Bait | None = Field(default=None, description="What the text orders its reader to do.")

    @model_validator(mode="after")
    def _refer_to_engagements(self) -> GoldArticle:
        for one in self.engagements:
            if one.part_of is not None and one.part_of.index >= len(self.engagements):
                raise ValueError(f"part_of.index {one.part_of.index} is no engagement")
        return self

    @property
    def empty(self) -> bool:
        """Whether there is nothing to be found, debatable records included."""
        return not self.engagements and not self.agreements


def load_gold(directory: str | Path) -> list[GoldArticle]:
    """Every gold article of a directory (not of those below it), in the order of file names.

    Files that are not JSON objects with `id`, `text`, `engagements` and `agreements` are passed
    over. Raises `ConfigurationError` if there is no such directory, if a file has those keys but
    values that cannot be read (a gold record is never dropped silently), or if an id recurs.
    """
    folder = Path(directory)
    if not folder.is_dir():
        what = f"{folder} is not a directory."
        raise ConfigurationError(what, "Give the directory that holds the gold JSON files.")
    articles: dict[str, GoldArticle] = {}
    for path, content in _candidates(folder):
        try:
            article = GoldArticle.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            what = f"{path.name} cannot be read as gold: {where}: {first['msg']}."
            raise ConfigurationError(what, "Correct the file.") from error
        if article.id in articles:
            what = f"{path.name} repeats the id {article.id!r}."
            raise ConfigurationError(what, "Give each article an id of its own.")
        articles[article.id] = article
    return list(articles.values())


def _candidates(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, OSError):
            continue
        if isinstance(content, dict) and content.keys() >= _KEYS:
            yield path, content
