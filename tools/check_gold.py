"""Check the gold and the hostile articles of seeds/: their format, and that they cover enough.

    python tools/check_gold.py [--least N] [--write] [--quiet] [SEEDS_DIR]

Beyond what `communique.evaluate.load_gold` reads, every record keeps `date_form`, with the words
it rests on in `date_words`. Names, titles, places and date words must stand in the text as they
are in gold. Prints how often each type, status, act, relation, date form and the like occurs among
the records that must be found (the optional ones test nothing); exit code 1 where one of them
occurs fewer than three times, or where anything else is wrong. `--write` writes the files as they
are to be: one value a line, and what is not to be seen as an escape. `--quiet` prints what is
wrong, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from communique import schemas
from communique.errors import ConfigurationError
from communique.evaluate import load_gold
from communique.evaluate.precision import days

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
SIZES = {"gold": (24, 120), "hostile": (30, 110), "languages": (28, 120)}
"""The fewest articles of each set, and the most words of one."""
HARD = {
    "several calls in one readout": 1,
    "a visit postponed": 1,
    "a meeting denied": 1,
    "a treaty extended": 1,
    "a treaty suspended": 1,
    "a treaty terminated": 1,
    "a treaty entered into force": 1,
    "an agreement only requested": 1,
    "a negated sentence": 1,
    "a hypothetical sentence": 1,
    "reported speech about third countries": 1,
    "a digest of several items": 1,
    "a person mentioned but absent": 1,
    "acronyms": 1,
    "the same surname on both sides": 1,
    "non-Western name order": 1,
    "nothing in it": 4,
}
"""What the gold must hold of the hard kinds (an article's `hard`), and in how many articles."""
DATE_FORMS = (
    *("absolute", "month", "year", "weekday", "range", "quarter", "season", "week"),
    *("today", "yesterday", "tomorrow", "last_month"),
    *("early_next_year", "mid", "late", "about", "none"),
)
VAGUE = {"early_next_year", "mid", "late"}
"""Their words have no EDTF value."""
_NEVER = days("1900/2100")
"""More days than any date leaves open."""
WANTED: dict[str, tuple[str, ...]] = {
    "engagement type": get_args(schemas.EngagementType),
    "engagement status": get_args(schemas.EngagementStatus),
    "laterality": get_args(schemas.Laterality),
    "salience": get_args(schemas.Salience),
    "relation": get_args(schemas.Relation),
    "agreement type": get_args(schemas.AgreementType),
    "agreement status": get_args(schemas.AgreementStatus),
    "act done": get_args(schemas.ActKind),
    "realis": get_args(schemas.Realis),
    "date form": DATE_FORMS,
}
STATUS_OF = {
    **{act: act for act in ("signed", "ratified", "extended", "suspended", "terminated")},
    **dict.fromkeys(("entered_into_force", "amended", "implementing"), "in_force"),
    **dict.fromkeys(("agreed", "initialled"), "agreed"),
    "expired": "expired",
    "exchanged": "signed",
    "requested": "proposed",
    "negotiating": "under_negotiation",
}


def main() -> int:
    """Check both directories and print what was found; the exit code."""
    parser = argparse.ArgumentParser(description="Check the gold and the hostile articles.")
    parser.add_argument("seeds", type=Path, nargs="?", default=SEEDS)
    parser.add_argument("--least", type=int, default=3, help="how often everything must occur")
    parser.add_argument("--write", action="store_true", help="put the files in their form")
    parser.add_argument("--quiet", action="store_true", help="print only what is wrong")
    options = parser.parse_args()
    complaints: list[str] = []
    printed: list[str] = []
    for name, (fewest, longest) in SIZES.items():
        articles = list(_read(options.seeds / name, write=options.write))
        words = max((len(a["text"].split()) for a in articles), default=0)
        printed.append(f"{name}: {len(articles)} articles, the longest of {words} words\n")
        if len(articles) < fewest:
            complaints.append(f"{name}: fewer than {fewest} articles")
        for article in articles:
            found = [*_article(article, longest), *_hostile(article, name)]
            complaints += [f"{article['id']}: {what}" for what in found]
        if name == "gold":
            told, few = _coverage(articles, options.least)
            printed.append(told)
            complaints += few
    if not options.quiet:
        sys.stdout.write("".join(printed) + ("" if complaints else "Nothing is wrong.\n"))
    sys.stdout.write("".join(f"{line}\n" for line in complaints))
    return 1 if complaints else 0


def _read(folder: Path, *, write: bool) -> Iterator[Json]:
    """Yield the articles as JSON, once `load_gold` has read every file of the folder."""
    try:
        loaded = {article.id for article in load_gold(folder)}
    except ConfigurationError as error:
        raise SystemExit(str(error)) from error
    for path in sorted(folder.glob("*.json")):
        content = path.read_text(encoding="utf-8")
        article: Json = json.loads(content)
        if article["id"] not in loaded:
            raise SystemExit(f"{path.name} lacks a key that gold must have.")
        if content != _written(article):
            if not write:
                raise SystemExit(f"{path.name} is not in its form: give --write to put it there.")
            path.write_text(_written(article), encoding="utf-8")
        yield article


def _written(article: Json) -> str:
    """The file of an article: readable characters as they are, the others escaped."""
    text = json.dumps(article, indent=1, ensure_ascii=False) + "\n"
    return "".join(
        json.dumps(c)[1:-1] if unicodedata.category(c) in {"Cf", "Co"} else c for c in text
    )


# --- one article ------------------------------------------------------------------------------


def _article(article: Json, longest: int) -> Iterator[str]:
    """Tell what is wrong with one article."""
    if len(article["text"].split()) > longest:
        yield f"more than {longest} words"
    for key in ("source", "licence", "published"):
        if not article.get(key):
            yield f"no {key}"
    hard = article.get("hard", [])
    yield from (f"no such kind of hard article: {kind}" for kind in hard if kind not in HARD)
    empty = not article["engagements"] and not article["agreements"]
    if not article.get("bait") and ("nothing in it" in hard) != empty:
        yield "an article with nothing in it says so in `hard`"
    for index, engagement in enumerate(article["engagements"]):
        yield from (f"engagement {index}: {what}" for what in _engagement(engagement, article))
    for index, agreement in enumerate(article["agreements"]):
        yield from (f"agreement {index}: {what}" for what in _agreement(agreement, article["text"]))


def _engagement(record: Json, article: Json) -> Iterator[str]:
    people = record["participants"]
    yield from _unknown("type", record, get_args(schemas.EngagementType))
    yield from _unknown("status", record, get_args(schemas.EngagementStatus))
    yield from _unknown("laterality", record, get_args(schemas.Laterality))
    yield from _unknown("salience", record, get_args(schemas.Salience))
    yield from _date(record, article["text"])
    if (record["status"] == "postponed") != ("new_date" in record):
        yield "a new date is for what was postponed, and for that alone"
    written = [record["name"], record["location"], *(p["name"] for p in people)]
    yield from _absent(written, article["text"])
    roles = [p["role"].casefold() for p in people if p["role"]]
    yield from _absent(roles, article["text"].casefold())
    codes = [record["country"], *(p["country"] for p in people)]
    yield from (f"no such code: {code}" for code in codes if code and code not in _codes())
    types, statuses = get_args(schemas.EngagementType), get_args(schemas.EngagementStatus)
    sides = get_args(schemas.Laterality)
    yield from _accept(record, type=types, status=statuses, laterality=sides)
    yield from (what for person in people for what in _accept(person))
    whole = record["part_of"]
    if whole is not None:
        yield from _unknown("relation", whole, get_args(schemas.Relation))
        if article["engagements"][whole["index"]] is record:
            yield "part of itself"


def _agreement(record: Json, text: str) -> Iterator[str]:
    yield from _unknown("type", record, get_args(schemas.AgreementType))
    yield from _unknown("status", record, get_args(schemas.AgreementStatus))
    types, statuses = get_args(schemas.AgreementType), get_args(schemas.AgreementStatus)
    yield from _accept(record, type=types, status=statuses)
    yield from _date(record, text)
    yield from _absent([record["title"], record["acronym"]], text)
    yield from (f"no such code: {code}" for code in record["parties"] if code not in _codes())
    for act in record["acts"]:
        yield from _unknown("kind", act, get_args(schemas.ActKind))
        yield from _unknown("realis", act, get_args(schemas.Realis))
        kinds, realis = get_args(schemas.ActKind), get_args(schemas.Realis)
        yield from _accept(act, kind=kinds, realis=realis)
    if not record["acts"]:
        yield "no acts"
    done = [STATUS_OF[act["kind"]] for act in record["acts"] if act["realis"] == "done"]
    planned = any(
        act["realis"] == "planned" and act["kind"] in {"signed", "exchanged"}
        for act in record["acts"]
    )
    if record["status"] not in (done or ["agreed" if planned else "proposed"]):
        yield f"status {record['status']} is not that of an act"


def _date(record: Json, text: str) -> Iterator[str]:
    date, form, words = record["date"], record["date_form"], record["date_words"]
    if not _is_edtf(date):
        yield f"no EDTF value: {date}"
    if form not in DATE_FORMS:
        yield f"no such date form: {form}"
    if (form == "none") != (words is None):
        yield f"date form {form}, words {words}"
    if (date is None) != (form in VAGUE | {"none"}):
        yield f"date form {form}, value {date}"
    yield from _absent([words], text)


def _is_edtf(value: str | None) -> bool:
    """Whether a value is None or EDTF; an interval may be open at one end."""
    return value is None or days(re.sub(r"^(?:\.\.)?/|/(?:\.\.)?$", "", value)) < _NEVER


def _accept(record: Json, **known: tuple[str, ...]) -> Iterator[str]:
    """Tell what `accept` of a record has that is no field of it, or no value of the field."""
    for field, values in record.get("accept", {}).items():
        if field not in record:
            yield f"accept names no field: {field}"
        for value in values:
            if field in known and value not in known[field]:
                yield f"no such {field} in accept: {value}"
            if field in {"date", "new_date"} and not _is_edtf(value):
                yield f"no EDTF value in accept: {value}"
            codes = value if field == "parties" else [value] if field == "country" else []
            yield from (f"no such code in accept: {c}" for c in codes if c and c not in _codes())
        if record.get(field) in values:
            yield f"accept repeats the {field}"


def _absent(written: list[str | None], text: str) -> Iterator[str]:
    yield from (f"not in the text: {words}" for words in written if words and words not in text)


def _unknown(key: str, record: Json, known: tuple[str, ...]) -> Iterator[str]:
    if record[key] not in known:
        yield f"no such {key}: {record[key]}"


@cache
def _codes() -> frozenset[str]:
    """List the codes of every state, territory and organisation that the library knows."""
    data = files("communique") / "data"
    tables = ("countries.tsv", "territories.tsv", "organisations.tsv")
    lines = [line for t in tables for line in (data / t).read_text("utf-8").splitlines()]
    return frozenset(line.split("\t")[0] for line in lines if not line.startswith("#"))


def _hostile(article: Json, name: str) -> Iterator[str]:
    """Tell where a bait is missing; tests/test_hostile_seeds.py tells what it is worth."""
    if (name == "hostile") != bool(article.get("bait")):
        yield "a bait is for hostile articles, and for them alone"


# --- all of them ------------------------------------------------------------------------------


def _coverage(articles: list[Json], least: int) -> tuple[str, list[str]]:
    """Tell how often everything occurs, and what does so too rarely."""
    counts = _counts(articles)
    hard = Counter(kind for article in articles for kind in article.get("hard", ()))
    lines = [f"  {kind:<38}{hard[kind]:>4}\n" for kind in HARD]
    complaints = [
        f"{kind} {value}: fewer than {least}"
        for kind, wanted in WANTED.items()
        for value in wanted
        if counts[kind][value] < least
    ]
    few = [f"too few articles with {kind}" for kind, times in HARD.items() if hard[kind] < times]
    return _table(counts, least) + "".join(lines) + "\n", complaints + few


def _counts(articles: list[Json]) -> dict[str, Counter[str]]:
    """Count the values of every record that must be found."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in WANTED}
    for article in articles:
        for record in article["engagements"]:
            if record["optional"]:
                continue
            counts["engagement type"][record["type"]] += 1
            counts["engagement status"][record["status"]] += 1
            counts["laterality"][record["laterality"]] += 1
            counts["salience"][record["salience"]] += 1
            counts["date form"][record["date_form"]] += 1
            if record["part_of"]:
                counts["relation"][record["part_of"]["relation"]] += 1
        for record in article["agreements"]:
            if record["optional"]:
                continue
            counts["agreement type"][record["type"]] += 1
            counts["agreement status"][record["status"]] += 1
            counts["date form"][record["date_form"]] += 1
            acts = [act for act in record["acts"] if not act.get("optional")]
            counts["act done"].update(act["kind"] for act in acts if act["realis"] == "done")
            counts["realis"].update(act["realis"] for act in acts)
    return counts


def _table(counts: dict[str, Counter[str]], least: int) -> str:
    lines = []
    for kind, wanted in WANTED.items():
        lines.append(f"\n{kind}")
        for value in [*wanted, *sorted(counts[kind].keys() - set(wanted))]:
            times = counts[kind][value]
            mark = "  too few" if value in wanted and times < least else ""
            lines.append(f"  {value:<22}{times:>4}{mark}")
    return "\n".join(lines) + "\n\n"


if __name__ == "__main__":
    sys.exit(main())
