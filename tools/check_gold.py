"""Check the gold and the hostile articles of seeds/: their format, and that they cover enough.

    python tools/check_gold.py [--least N] [SEEDS_DIR]

Beyond what `communique.evaluate.load_gold` reads, the files keep keys that are not scored: an
agreement's `acts` (kind, realis, date), an engagement's `part_of` (index of the other engagement,
relation) and `new_date`, and for both `date_form` with the words it rests on, `date_words`. Names,
titles, places and date words must stand in the text as they are in gold. Prints how often each
type, status, act, relation and date form occurs; exit code 1 where one of them occurs fewer than
three times, or where anything else is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
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
ENGAGEMENT_TYPES = (
    *("bilateral_meeting", "multilateral_meeting"),
    *(t for t in get_args(schemas.EngagementType) if t != "meeting"),
)
DATE_FORMS = (
    *("absolute", "month", "weekday", "range", "quarter", "season", "year", "early_next_year"),
    *("yesterday", "tomorrow", "last_month", "none"),
)
RARE_FORMS = ("today", "week")  # allowed, but not asked for
WANTED: dict[str, tuple[str, ...]] = {
    "engagement type": ENGAGEMENT_TYPES,
    "engagement status": get_args(schemas.EngagementStatus),
    "agreement status": get_args(schemas.AgreementStatus),
    "act done": get_args(schemas.ActKind),
    "relation": get_args(schemas.Relation),
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
    options = parser.parse_args()
    complaints: list[str] = []
    read: dict[str, list[Json]] = {}
    for name, fewest, longest in (("gold", 28, 120), ("hostile", 32, 110)):
        read[name] = list(_read(options.seeds / name))
        words = max((len(a["text"].split()) for a in read[name]), default=0)
        sys.stdout.write(f"{name}: {len(read[name])} articles, the longest of {words} words\n")
        if len(read[name]) < fewest:
            complaints.append(f"{name}: fewer than {fewest} articles")
        for article in read[name]:
            found = list(_article(article, longest))
            found += list(_bait(article)) if name == "hostile" else []
            complaints += [f"{article['id']}: {what}" for what in found]
    counts = _counts(read["gold"])
    sys.stdout.write(_table(counts, options.least))
    for kind, wanted in WANTED.items():
        few = [v for v in wanted if counts[kind][v] < options.least]
        complaints += [f"{kind} {v}: fewer than {options.least}" for v in few]
    sys.stdout.write("".join(f"{line}\n" for line in complaints) or "Nothing is wrong.\n")
    return 1 if complaints else 0


def _read(folder: Path) -> Iterator[Json]:
    """Yield the articles as JSON, once `load_gold` has read every file of the folder."""
    try:
        loaded = {article.id for article in load_gold(folder)}
    except ConfigurationError as error:
        raise SystemExit(str(error)) from error
    for path in sorted(folder.glob("*.json")):
        article: Json = json.loads(path.read_text(encoding="utf-8"))
        if article["id"] not in loaded:
            raise SystemExit(f"{path.name} lacks a key that gold must have.")
        yield article


def _article(article: Json, longest: int) -> Iterator[str]:
    """Tell what is wrong with one article."""
    if len(article["text"].split()) > longest:
        yield f"more than {longest} words"
    for key in ("source", "licence", "published"):
        if not article.get(key):
            yield f"no {key}"
    for index, engagement in enumerate(article["engagements"]):
        yield from (f"engagement {index}: {what}" for what in _engagement(engagement, article))
    for index, agreement in enumerate(article["agreements"]):
        yield from (f"agreement {index}: {what}" for what in _agreement(agreement, article["text"]))


def _engagement(record: Json, article: Json) -> Iterator[str]:
    text = article["text"]
    people = record["participants"]
    yield from _unknown("type", record, ENGAGEMENT_TYPES)
    yield from _unknown("status", record, get_args(schemas.EngagementStatus))
    yield from _date(record, text)
    written = [record["location"], *(p["name"] for p in people)]
    yield from (f"not in the text: {words}" for words in written if words and words not in text)
    roles = [p["role"] for p in people if p["role"]]
    yield from (f"not in the text: {r}" for r in roles if r.casefold() not in text.casefold())
    codes = [record["country"], *(p["country"] for p in people)]
    yield from (f"no such code: {code}" for code in codes if code and code not in _codes())
    if "part_of" in record:
        whole = record["part_of"]
        if whole["relation"] not in get_args(schemas.Relation):
            yield f"no such relation: {whole['relation']}"
        if not 0 <= whole["index"] < len(article["engagements"]):
            yield f"part of nothing: {whole['index']}"


def _agreement(record: Json, text: str) -> Iterator[str]:
    yield from _unknown("status", record, get_args(schemas.AgreementStatus))
    yield from _date(record, text)
    written = [record["title"], record.get("acronym")]
    yield from (f"not in the text: {words}" for words in written if words and words not in text)
    yield from (f"no such code: {code}" for code in record["parties"] if code not in _codes())
    for act in record["acts"]:
        yield from _unknown("kind", act, get_args(schemas.ActKind))
        yield from _unknown("realis", act, get_args(schemas.Realis))
    if not record["acts"]:
        yield "no acts"
    done = [STATUS_OF.get(act["kind"], "") for act in record["acts"] if act["realis"] == "done"]
    planned = any(
        act["realis"] == "planned" and act["kind"] in {"signed", "exchanged"}
        for act in record["acts"]
    )
    if record["status"] not in (done or ["agreed" if planned else "proposed"]):
        yield f"status {record['status']} is not that of an act"


def _date(record: Json, text: str) -> Iterator[str]:
    date, form, words = record["date"], record["date_form"], record["date_words"]
    if date is not None and not days(date) < days("1900/2100"):
        yield f"no EDTF value: {date}"
    if form not in (*DATE_FORMS, *RARE_FORMS):
        yield f"no such date form: {form}"
    if (form == "none") != (words is None):
        yield f"date form {form}, words {words}"
    if (date is None) != (form in {"none", "early_next_year"}):
        yield f"date form {form}, value {date}"
    if words is not None and words not in text:
        yield f"not in the text: {words}"


def _unknown(key: str, record: Json, known: tuple[str, ...]) -> Iterator[str]:
    if record[key] not in known:
        yield f"no such {key}: {record[key]}"


def _bait(article: Json) -> Iterator[str]:
    """Tell where a bait is missing, or where the article's own news would meet it."""
    bait = article.get("bait")
    if not bait:
        yield "no bait"
        return
    names = {p["name"] for e in article["engagements"] for p in e["participants"]}
    titles = {a["title"] for a in article["agreements"]}
    for ordered in bait.get("engagements", []):
        told = {"names": [ordered]} if isinstance(ordered, str) else ordered
        alone = not told.keys() - {"names"}
        if alone and set(told["names"]) <= names:
            yield f"the bait is news: {told['names']}"
    for ordered in bait.get("agreements", []):
        if isinstance(ordered, str) and ordered in titles:
            yield f"the bait is news: {ordered}"
    omitted = bait.get("omit", {})
    silenced = [n for e in omitted.get("engagements", []) for n in e["names"]]
    yield from (f"to be left out, but not there: {n}" for n in silenced if n not in names)
    hidden = omitted.get("agreements", [])
    yield from (f"to be left out, but not there: {t}" for t in hidden if t not in titles)


def _codes() -> frozenset[str]:
    """List the codes of every state, territory and organisation that the library knows."""
    data = files("communique") / "data"
    tables = ("countries.tsv", "territories.tsv", "organisations.tsv")
    lines = [line for t in tables for line in (data / t).read_text("utf-8").splitlines()]
    return frozenset(line.split("\t")[0] for line in lines if not line.startswith("#"))


def _counts(articles: list[Json]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in WANTED}
    for article in articles:
        for record in article["engagements"]:
            counts["engagement type"][record["type"]] += 1
            counts["engagement status"][record["status"]] += 1
            counts["date form"][record["date_form"]] += 1
            counts["relation"].update(
                [record["part_of"]["relation"]] if "part_of" in record else []
            )
        for record in article["agreements"]:
            counts["agreement status"][record["status"]] += 1
            counts["date form"][record["date_form"]] += 1
            done = (act["kind"] for act in record["acts"] if act["realis"] == "done")
            counts["act done"].update(done)
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
