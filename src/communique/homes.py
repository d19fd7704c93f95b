"""For whom somebody stands whose own words do not say it: what is asked, and how it is asked.

"President Duarte" is of a state that every reader knows and no sentence names. A rule can only
guess; a model has read the world's news. So it is asked once per article, for all such people
together, to choose among the parties that the article names: never a code, and nothing that the
article does not hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import Field, create_model

from communique.drafts import Draft
from communique.parties import common_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from communique.scene import Person, Scene
    from communique.schemas import Party

__all__ = ["Question", "question", "told"]

UNKNOWN = "unknown"
_HEAD = re.compile(
    r"^(?!(?:deputy|vice|assistant|former)\b(?! crown))(?:[\w-]+ )*"
    r"(?:president|prime minister|pm|chancellor|premier|king|queen|crown prince|emir|amir|sultan)$",
    re.IGNORECASE,
)
"""Of whom a small model knows the state: of 14 such it knew 13, of 25 ministers and others 11."""
_MOST_PEOPLE = 8
_MOST_CHOICES = 12
_LONGEST = 1_200


class Question(NamedTuple):
    """One question: the passage, the choices, and whom each answer is about."""

    passage: str
    notes: str
    schema: type[Draft]
    people: tuple[Person, ...]
    parties: dict[str, Party]

    def answers(self, draft: Any) -> dict[Person, Party]:
        """The party chosen for each person; those left unknown are not in it."""
        chosen = {}
        for number, person in enumerate(self.people):
            party = self.parties.get(getattr(draft, f"person_{number}", UNKNOWN))
            if party is not None:
                chosen[person] = party
        return chosen


def question(scene: Scene, people: Iterable[Person]) -> Question | None:
    """Ask for whom heads of state and government stand; None where there is nothing to ask."""
    heads = (p for p in dict.fromkeys(people) if p.office and _HEAD.search(p.office))
    asked = [p for p in heads if scene.is_open(p)][:_MOST_PEOPLE]
    parties = _choices(scene)
    if not asked or not parties:
        return None
    choices = (*parties, UNKNOWN)
    fields: dict[str, Any] = {}
    for number, person in enumerate(asked):
        fields[f"person_{number}"] = (Literal[choices], Field(alias=_called(person)))
    schema = create_model("HomesDraft", __base__=Draft, **fields)
    notes = f"Choose from: {', '.join(choices)}."
    return Question(_passage(scene, asked), notes, schema, tuple(asked), parties)


def told(scene: Scene, draft: Any) -> dict[Person, Party]:
    """For whom people stand by a draft of the whole article: a party that the article names."""
    codes = {party.code for _, _, party in scene.parties}
    found = {}
    for record in getattr(draft, "people", ()):
        party = scene.resolver.resolve(record.of, context=scene.text) if record.of else None
        person = scene.person(record.name, 0)
        if party is not None and party.code in codes and person and scene.is_open(person):
            found[person] = party
    return found


def _called(person: Person) -> str:
    """How somebody is called in the question: "President Duarte"."""
    return f"{person.office} {person.name}" if person.office else person.name


def _choices(scene: Scene) -> dict[str, Party]:
    """The states and organisations that the article names, by the words that name each best."""
    found: dict[str, Party] = {}
    names: dict[str, str] = {}
    for _, _, party in scene.parties:
        if party.code is None or party.kind not in {"state", "organisation", "territory"}:
            continue
        if party.code not in names and len(names) < _MOST_CHOICES:
            names[party.code] = common_name(party.code) or party.as_written
            found[names[party.code]] = party
    return found


def _passage(scene: Scene, people: Iterable[Person]) -> str:
    """The sentences in which the people are first named, in order, no longer than is needed."""
    numbers = sorted({scene.sentence_at(person.first) for person in people})
    words = " ".join(" ".join(scene.words(number).split()) for number in numbers)
    return words[:_LONGEST]
