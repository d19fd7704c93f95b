"""The dates station: words and a reference in, an EDTF value out, never finer than the words."""

from __future__ import annotations

import calendar
import datetime as dt
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import edtf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique.dates import find, resolve
from communique.schemas import DateValue

FRIDAY = dt.date(2024, 11, 22)
SEED = Path(__file__).parent.parent / "seeds" / "000_e5b3391f3894ea28.txt"
LANGUAGES = ["en", "fr", "es", "de", "ar", "hi", "zh", "ja", "ko", "en-GB", "zh_Hant", "", "x-y"]
MONTHS = list(calendar.month_name)[1:]
WEEKDAYS = list(calendar.day_name)
YEARS = dt.date(1990, 1, 1), dt.date(2060, 12, 31)


def value(words: str, **options: object) -> DateValue:
    """What the words resolve to, on the day of the seed unless a reference is given."""
    options.setdefault("reference", FRIDAY)
    found = resolve(words, **options)  # type: ignore[arg-type]
    assert found is not None, words
    return found


def check(found: DateValue | None) -> None:
    """Assert what holds of every value: valid EDTF, bounds in order, a reason for no EDTF."""
    if found is None:
        return
    if found.start and found.end:
        assert found.start <= found.end
    if found.edtf is None:
        assert found.basis == "unresolved" or found.start is not None
        return
    assert found.basis != "unresolved"
    parsed = edtf.parse_edtf(found.edtf)
    assert found.start is not None
    assert parsed.lower_strict()[:3] == found.start.timetuple()[:3]
    if found.end is None:
        assert found.edtf.endswith("/..")
    else:
        assert parsed.upper_strict()[:3] == found.end.timetuple()[:3]


@pytest.mark.parametrize(
    ("words", "expected", "basis"),
    [
        ("February 2020", "2020-02", "explicit"),
        ("2023", "2023", "explicit"),
        ("Thursday, November 21, 2024", "2024-11-21", "explicit"),
        ("21st of November 2024", "2024-11-21", "explicit"),
        ("the first of May 2024", "2024-05-01", "explicit"),
        ("21-Nov-2024", "2024-11-21", "explicit"),
        ("2024-11-21", "2024-11-21", "explicit"),
        ("2024-11-21T10:00:00Z", "2024-11-21", "explicit"),
        ("21/11/2024", "2024-11-21", "explicit"),
        ("11/21/2024", "2024-11-21", "explicit"),
        ("21.11.2024", "2024-11-21", "explicit"),
        ("2024-11", "2024-11", "explicit"),
        ("on November 21", "2024-11-21", "year_inferred"),
        ("Nov. 21", "2024-11-21", "year_inferred"),
        ("at 10 am on November 21", "2024-11-21", "year_inferred"),
        ("November 21 at 10:30 GMT", "2024-11-21", "year_inferred"),
        ("on Wednesday, November 20", "2024-11-20", "year_inferred"),
        ("November 21 (Thursday)", "2024-11-21", "year_inferred"),
        ("May 3", "2025-05-03", "year_inferred"),
        ("in December", "2024-12", "year_inferred"),
        ("February 29", "2024-02-29", "year_inferred"),
        ("on Wednesday", "2024-11-20", "relative"),
        ("Wednesday evening", "2024-11-20", "relative"),
        ("Friday", "2024-11-22", "relative"),
        ("last Friday", "2024-11-15", "relative"),
        ("this Friday", "2024-11-22", "relative"),
        ("next Monday", "2024-11-25", "relative"),
        ("Wednesday last week", "2024-11-13", "relative"),
        ("Wednesday of next week", "2024-11-27", "relative"),
        ("today", "2024-11-22", "relative"),
        ("this afternoon", "2024-11-22", "relative"),
        ("tonight", "2024-11-22", "relative"),
        ("yesterday", "2024-11-21", "relative"),
        ("tomorrow", "2024-11-23", "relative"),
        ("the day after tomorrow", "2024-11-24", "relative"),
        ("two days ago", "2024-11-20", "relative"),
        ("three weeks ago", "2024-10-28/2024-11-03", "relative"),
        ("two months ago", "2024-09", "relative"),
        ("two years ago", "2022", "relative"),
        ("in two weeks", "2024-12-02/2024-12-08", "relative"),
        ("last week", "2024-11-11/2024-11-17", "relative"),
        ("this week", "2024-11-18/2024-11-24", "relative"),
        ("next week", "2024-11-25/2024-12-01", "relative"),
        ("last weekend", "2024-11-16/2024-11-17", "relative"),
        ("next month", "2024-12", "relative"),
        ("earlier this month", "2024-11", "relative"),
        ("last year", "2023", "relative"),
        ("this year", "2024", "relative"),
        ("last November", "2023-11", "relative"),
        ("November last year", "2023-11", "relative"),
        ("the 21st", "2024-11-21", "relative"),
        ("the 23rd", "2024-10-23", "relative"),
        ("last quarter", "2024-07/2024-09", "relative"),
    ],
)
def test_single_dates(words: str, expected: str, basis: str) -> None:
    """A plain date of a news article would come out as another day or another precision."""
    found = value(words)
    assert (found.edtf, found.basis, found.modifier) == (expected, basis, None)
    check(found)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("the second quarter of 2025", "2025-04/2025-06"),
        ("Q2 2025", "2025-04/2025-06"),
        ("first half of 2025", "2025-01/2025-06"),
        ("the first half of next year", "2025-01/2025-06"),
        ("spring 2025", "2025-03/2025-05"),
        ("winter 2024", "2024-12/2025-02"),
        ("this summer", "2024-06/2024-08"),
        ("last winter", "2023-12/2024-02"),
        ("the 1990s", "199X"),
        ("the 20th century", "19XX"),
        ("November 20-22", "2024-11-20/2024-11-22"),
        ("November 20-22, 2024", "2024-11-20/2024-11-22"),
        ("November 20, 21 and 22", "2024-11-20/2024-11-22"),
        ("21 and 22 November", "2024-11-21/2024-11-22"),
        ("20\u201322 November 2024", "2024-11-20/2024-11-22"),
        ("the 20th to the 22nd of November", "2024-11-20/2024-11-22"),
        ("from March 4 to 11", "2025-03-04/2025-03-11"),
        ("between 3 and 5 May", "2025-05-03/2025-05-05"),
        ("6-8 November", "2024-11-06/2024-11-08"),
        ("November 30 to December 2", "2024-11-30/2024-12-02"),
        ("December 30 to January 2", "2024-12-30/2025-01-02"),
        ("December 30 to January 2, 2025", "2024-12-30/2025-01-02"),
        ("Nov. 20-Dec. 1, 2024", "2024-11-20/2024-12-01"),
        ("2024-11-20/2024-11-22", "2024-11-20/2024-11-22"),
        ("Monday to Wednesday", "2024-11-18/2024-11-20"),
        ("September to November 2024", "2024-09/2024-11"),
        ("from November 2024 to March 2025", "2024-11/2025-03"),
        ("from 2020 to 2023", "2020/2023"),
        ("since 1993", "1993/.."),
        ("since last week", "2024-11-11/.."),
    ],
)
def test_intervals(words: str, expected: str) -> None:
    """A stretch of time would lose an end, or be told as a single day."""
    found = value(words)
    assert found.edtf == expected
    check(found)


@pytest.mark.parametrize(
    ("words", "modifier", "edtf_value", "start", "end"),
    [
        ("early next year", "early", None, "2025-01-01", "2025-12-31"),
        ("late 2025", "late", None, "2025-01-01", "2025-12-31"),
        ("mid-November", "mid", None, "2024-11-01", "2024-11-30"),
        ("the end of the year", "late", None, "2024-01-01", "2024-12-31"),
        ("the first week of December", "early", None, "2024-12-01", "2024-12-31"),
        ("the mid-1990s", "mid", None, "1990-01-01", "1999-12-31"),
        ("about 2020", "about", "2020~", "2020-01-01", "2020-12-31"),
        ("around November 21", "about", "2024-11-21~", "2024-11-21", "2024-11-21"),
    ],
)
def test_modifiers(words: str, modifier: str, edtf_value: str | None, start: str, end: str) -> None:
    """'Early next year' would pass for an exact year, or lose its bounds."""
    found = value(words)
    assert (found.modifier, found.edtf) == (modifier, edtf_value)
    assert (str(found.start), str(found.end)) == (start, end)


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("before 2025", None, "2024-12-31"),
        ("until June", None, "2024-06-30"),
        ("by the end of 2025", None, "2025-12-31"),
        ("by Friday", None, "2024-11-29"),
        ("after November 21", "2024-11-22", None),
        ("November 21 and 25", "2024-11-21", "2024-11-25"),
        ("February 30", None, None),
        ("November 31, 2024", None, None),
        ("03/05/2024", None, None),
        ("21/11/24", None, None),
        ("the 1900s", None, None),
        ("2023-24", None, None),
        ("November 22-20", None, None),
        ("Wednesday, November 21, 2024", None, None),
        ("the eve of November 3", None, None),
        ("two days before November 3", None, None),
    ],
)
def test_unresolved_words_keep_what_is_known(
    words: str, start: str | None, end: str | None
) -> None:
    """A date that the words do not settle would be given as one that they do."""
    found = value(words)
    assert (found.edtf, found.basis, found.text) == (None, "unresolved", words)
    assert found.start == (start and dt.date.fromisoformat(start))
    assert found.end == (end and dt.date.fromisoformat(end))


@pytest.mark.parametrize(
    "words",
    [
        "", " ", "soon", "now", "later", "the same day", "the next day", "in recent years",
        "the coming weeks", "in the near future", "over the last two and a half years",
        "the last year", "over the last few years", "more than two years ago", "two weeks later",
        "10:30 GMT", "may", "march", "Sunday Times", "21", "2,024", "$2024", "20%", "F-16",
        "the second", "the fall of Kabul",
    ],
)  # fmt: skip
def test_words_without_a_date(words: str) -> None:
    """Words that date nothing would be given a date."""
    assert resolve(words, FRIDAY) is None


@pytest.mark.parametrize(
    ("language", "words", "expected"),
    [
        ("fr", "21 novembre 2024", "2024-11-21"),
        ("fr", "le 3 mai", "2025-05-03"),
        ("fr", "1er mai 2024", "2024-05-01"),
        ("fr", "mercredi", "2024-11-20"),
        ("fr", "mercredi dernier", "2024-11-20"),
        ("fr", "hier", "2024-11-21"),
        ("fr", "aujourd\u2019hui", "2024-11-22"),
        ("fr", "la semaine derni\u00e8re", "2024-11-11/2024-11-17"),
        ("fr", "la semaine dernie\u0300re", "2024-11-11/2024-11-17"),
        ("fr", "du 20 au 22 novembre", "2024-11-20/2024-11-22"),
        ("fr", "il y a deux ans", "2022"),
        ("es", "21 de noviembre de 2024", "2024-11-21"),
        ("es", "el mi\u00e9rcoles", "2024-11-20"),
        ("es", "ayer", "2024-11-21"),
        ("es", "la pr\u00f3xima semana", "2024-11-25/2024-12-01"),
        ("es", "del 20 al 22 de noviembre", "2024-11-20/2024-11-22"),
        ("de", "21. November 2024", "2024-11-21"),
        ("de", "03.05.2024", "2024-05-03"),
        ("de", "am Mittwoch", "2024-11-20"),
        ("de", "Mittwoch, dem 20. November", "2024-11-20"),
        ("de", "gestern", "2024-11-21"),
        ("de", "n\u00e4chste Woche", "2024-11-25/2024-12-01"),
        ("de", "vom 20. bis 22. November", "2024-11-20/2024-11-22"),
        ("ar", "21 نوفمبر 2024", "2024-11-21"),
        ("ar", "٢١ نوفمبر ٢٠٢٤", "2024-11-21"),
        ("ar", "21 تشرين الثاني/نوفمبر 2024", "2024-11-21"),
        ("ar", "أمس", "2024-11-21"),
        ("ar", "يوم الأربعاء", "2024-11-20"),
        ("ar", "الأسبوع المقبل", "2024-11-25/2024-12-01"),
        ("hi", "21 नवंबर 2024", "2024-11-21"),
        ("hi", "२१ नवंबर २०२४", "2024-11-21"),
        ("hi", "बुधवार को", "2024-11-20"),
        ("hi", "पिछले महीने", "2024-10"),
        ("hi", "20 से 22 नवंबर तक", "2024-11-20/2024-11-22"),
        ("zh", "2024年11月21日", "2024-11-21"),
        ("zh", "二〇二四年十一月二十一日", "2024-11-21"),
        ("zh", "11月21日", "2024-11-21"),
        ("zh", "11月20日至22日", "2024-11-20/2024-11-22"),
        ("zh", "周三", "2024-11-20"),
        ("zh", "星期三", "2024-11-20"),
        ("zh", "上周三", "2024-11-13"),
        ("zh", "昨天", "2024-11-21"),
        ("zh", "去年11月", "2023-11"),
        ("zh", "三天前", "2024-11-19"),
        ("ja", "2024年11月21日", "2024-11-21"),
        ("ja", "令和6年11月21日", "2024-11-21"),
        ("ja", "水曜日", "2024-11-20"),
        ("ja", "昨日", "2024-11-21"),
        ("ja", "来週水曜日", "2024-11-27"),
        ("ja", "先月", "2024-10"),
        ("ko", "2024-11-21", "2024-11-21"),
    ],
)
def test_languages(language: str, words: str, expected: str) -> None:
    """An article in another language would lose its dates."""
    found = value(words, language=language)
    assert found.edtf == expected
    check(found)


def test_hindi_kal_needs_a_direction() -> None:
    """कल, which is yesterday or tomorrow, would be guessed."""
    assert value("कल", language="hi").edtf is None
    assert value("कल", language="hi", direction="past").edtf == "2024-11-21"
    assert value("कल", language="hi", direction="future").edtf == "2024-11-23"


@pytest.mark.parametrize(
    ("words", "past", "future"),
    [
        ("in November", "2024-11", "2024-11"),
        ("in March", "2024-03", "2025-03"),
        ("the 23rd", "2024-10-23", "2024-11-23"),
        ("the weekend", "2024-11-16/2024-11-17", "2024-11-23/2024-11-24"),
        ("this Monday", "2024-11-18", "2024-11-25"),
        ("November 21", "2024-11-21", "2024-11-21"),
    ],
)
def test_direction(words: str, past: str, future: str) -> None:
    """A planned and a past event dated by the same words would fall on the same day."""
    assert value(words, direction="past").edtf == past
    assert value(words, direction="future").edtf == future


@pytest.mark.parametrize(
    "words", ["on Wednesday", "November 21", "last week", "early next year", "two days ago"]
)
def test_no_reference(words: str) -> None:
    """Relative words without a publication date would be dated by guess, or dropped."""
    found = value(words, reference=None)
    assert (found.edtf, found.basis, found.start, found.end) == (None, "unresolved", None, None)


def test_no_reference_needed() -> None:
    """A full date would not be read where the publication date is unknown."""
    assert value("November 21, 2024", reference=None).edtf == "2024-11-21"


def test_words_around_the_date() -> None:
    """A model that copies a word too many would lose the date; two dates would become one."""
    assert value("in Vientiane on November 21").edtf == "2024-11-21"
    assert value("on Wednesday at the summit of November 20").edtf == "2024-11-20"
    assert value("in 2024, on November 21").edtf == "2024-11-21"
    assert value("on November 20 in Hanoi and November 25 in Tokyo").edtf is None


FORMATS = [
    "{month} {day}, {year}",
    "{day} {month} {year}",
    "{weekday}, {month} {day}, {year}",
    "{weekday} {day} {month} {year}",
    "the {day}th of {month} {year}",
    "{year}-{number:02d}-{day:02d}",
    "on {short} {day}, {year}",
    "{day}-{short}-{year}",
    "{year}/{number}/{day}",
]


@pytest.mark.parametrize("form", FORMATS)
def test_every_day_of_a_leap_year(form: str) -> None:
    """Some day of the year could not be written in this format."""
    for offset in range(366):
        day = dt.date(2024, 1, 1) + dt.timedelta(offset)
        words = form.format(
            day=day.day,
            year=day.year,
            number=day.month,
            month=MONTHS[day.month - 1],
            short=MONTHS[day.month - 1][:3],
            weekday=WEEKDAYS[day.weekday()],
        )
        assert value(words).edtf == day.isoformat(), words
        assert [words[a:b] for a, b in find(words)] in ([words], [re.sub("^(on|the) ", "", words)])


@given(st.dates(*YEARS), st.dates(*YEARS), st.sampled_from(["past", "future", None]))
@settings(max_examples=200, deadline=None)
def test_nearest_year(day: dt.date, reference: dt.date, direction: str | None) -> None:
    """A month and day would take a year that is not the nearest to the publication."""
    words = f"{MONTHS[day.month - 1]} {day.day}"
    found = value(words, reference=reference, direction=direction)
    assert found.start is not None
    assert (found.start.month, found.start.day) == (day.month, day.day)
    if (day.month, day.day) != (2, 29):
        assert abs((found.start - reference).days) <= 183


@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_weekdays_of_every_reference(year: int) -> None:
    """A bare weekday would be a week off, or on the wrong side of the publication."""
    for offset in range(366):
        here = dt.date(year, 1, 1) + dt.timedelta(offset)
        for number, name in enumerate(WEEKDAYS):
            bare, last, coming = (
                value(f"on {name}", reference=here).start,
                value(f"last {name}", reference=here).start,
                value(f"on {name}", reference=here, direction="future").start,
            )
            assert bare is not None
            assert last is not None
            assert coming is not None
            assert bare.weekday() == last.weekday() == coming.weekday() == number
            assert 0 <= (here - bare).days <= 6
            assert 1 <= (here - last).days <= 7
            assert 1 <= (coming - here).days <= 7


PIECES = (
    "the of in on by since until before after from to and between - , . ( ) / early mid late end "
    "about last next this week month year years quarter half first second 21st 20 22 31 2024 1990s "
    "2025 Q2 H1 November May may March Wednesday Sunday Sun today tomorrow yesterday two ago weeks "
    "a spring fall weekend 20th century 10:30 GMT 2024-11-21 3/5/2024 soon 年 月 日 11月 周三 上 "
    "नवंबर २१ نوفمبر ٢١ le novembre dernier de el"
)
DAYLESS = (
    "the of in early last next this since until about from to November May December 2024 2025 "
    "1990s Q2 spring half third second quarter month year"
)


@given(
    st.lists(st.sampled_from(PIECES.split()), max_size=8).map(" ".join) | st.text(max_size=40),
    st.dates() | st.none(),
    st.sampled_from(["past", "future", None]),
    st.sampled_from(LANGUAGES),
)
@settings(max_examples=500, deadline=None)
def test_any_text(
    text: str, reference: dt.date | None, direction: str | None, language: str
) -> None:
    """Some text would raise, or give an invalid EDTF value, reversed bounds or a made-up day."""
    found = resolve(text, reference, direction=direction, language=language)  # type: ignore[arg-type]
    check(found)
    if found is not None:
        assert found.text == text.strip()
        assert DateValue.model_validate_json(found.model_dump_json()) == found
    spans = find(text, language=language)
    assert all(0 <= a < b <= len(text) for a, b in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))


@given(
    st.lists(st.sampled_from(DAYLESS.split()), max_size=6).map(" ".join),
    st.dates(*YEARS),
)
@settings(max_examples=300, deadline=None)
def test_no_day_out_of_words_without_one(words: str, reference: dt.date) -> None:
    """Words that name no day would be given one: fabricated precision."""
    found = resolve(words, reference)
    if found is not None and found.edtf is not None:
        assert not re.search(r"\d{4}-\d{2}-\d{2}", found.edtf), (words, found.edtf)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("They met on November 21, according to a release.", ["November 21"]),
        ("He may march on; May I? Theresa May met them. In May they fell.", ["May"]),
        ("The Sunday Times wrote on Sunday that Sun Li sat.", ["Sunday"]),
        ("On Wednesday Prime Minister Modi spoke.", ["Wednesday"]),
        ("After Good Friday, Wednesday's talks and last week's call", ["Wednesday", "last week"]),
        ("the 21st ASEAN Summit on the 21st.", ["the 21st"]),
        ("a second meeting, the second half, a fall in trade, the fall of Kabul", []),
        ("2,000 troops, $2023, 2024 people, Resolution 2231, F-16 May, COVID-19", []),
        ("in the 21st century, for the first time in two years, over the last two years", []),
        ("a roadmap signed in 2015, a treaty (1960), since 1993", ["2015", "1960", "since 1993"]),
        ("from 20 to 22 November 2024 in Hanoi", ["from 20 to 22 November 2024"]),
        ("by the end of 2025 and early next year", ["by the end of 2025", "early next year"]),
        ("on Wednesday, November 20, at 10 am", ["Wednesday, November 20"]),
        ("in March. 21 people", ["March"]),
    ],
)
def test_find(text: str, spans: list[str]) -> None:
    """A sentence would lose its date, or a name or number in it would be taken for one."""
    found = [text[a:b] for a, b in find(text)]
    assert [s.removeprefix("the ") for s in found] == [s.removeprefix("the ") for s in spans]


def test_find_in_other_languages() -> None:
    """Dates in running text of other scripts would not be found at their code points."""
    text = "双方于2024年11月21日在万象会晤，周三还会见了其他人。"
    assert [text[a:b] for a, b in find(text, language="zh")] == ["2024年11月21日", "周三"]
    text = "Ils se sont rencontrés le 3 mai et la semaine dernière."
    assert [text[a:b] for a, b in find(text, language="fr")] == ["3 mai", "semaine dernière"]


def test_find_in_the_seed() -> None:
    """The dates of the example article would not all be found."""
    text = SEED.read_text(encoding="utf-8")
    assert [text[a:b] for a, b in find(text)] == [
        "2024-11-22",
        "February 2020",
        "December 2024",
        "Wednesday",
        "November 21",
        "August 2024",
        "September 21",
    ]


@pytest.mark.parametrize(
    "unit",
    ["eve of ", "two days before ", "early ", "from ", "1, ", "in the ", "\n ", "9", "1.", "年"],
)
def test_long_repetitions(unit: str) -> None:
    """Hostile text would exhaust the stack, or take time that grows with its square."""
    check(resolve(unit * 2000 + "2024", FRIDAY))
    find(unit * 2000 + "2024")


def test_importing_does_not_import_babel() -> None:
    """Importing the package would cost the time of reading CLDR."""
    code = "import sys, communique.dates; sys.exit('babel' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
