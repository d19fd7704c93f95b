"""How much of the calendar an EDTF value leaves open."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re


def days(edtf: str | None) -> float:
    """How many days an EDTF value leaves open: 1 for a day, infinite for None or unknown forms."""
    if edtf is None:
        return math.inf
    start, _, end = edtf.strip().partition("/")
    first, last = _bounds(start), _bounds(end or start)
    if first is None or last is None or last[1] < first[0]:
        return math.inf
    return float((last[1] - first[0]).days + 1)


_EDTF_PART = re.compile(r"([0-9]{3}[0-9X])(?:-([0-9]{2}|XX))?(?:-([0-9]{2}|XX))?(?:T.*)?[?~%]?")
# First month and number of months of the sub-year codes of EDTF; only the length matters here.
_SUB_YEAR = {
    **dict.fromkeys((21, 25, 29), (3, 3)),
    **dict.fromkeys((22, 26, 30), (6, 3)),
    **dict.fromkeys((23, 27, 31), (9, 3)),
    **dict.fromkeys((24, 28, 32, 36), (10, 3)),
    33: (1, 3),
    34: (4, 3),
    35: (7, 3),
    37: (1, 4),
    38: (5, 4),
    39: (9, 4),
    40: (1, 6),
    41: (7, 6),
}


def _bounds(part: str) -> tuple[dt.date, dt.date] | None:
    match = _EDTF_PART.fullmatch(part)
    if not match:
        return None
    year, month, day = match.groups()
    first_year, last_year = int(year.replace("X", "0")), int(year.replace("X", "9"))
    code = int(month) if month and month != "XX" else 0
    first_month, length = _SUB_YEAR.get(code, (code or 1, 1 if code else 12))
    last_month = first_month + length - 1
    try:
        if day and day != "XX":
            exact = dt.date(first_year, first_month, int(day))
            return exact, exact
        end_day = calendar.monthrange(last_year, last_month)[1]
        return dt.date(first_year, first_month, 1), dt.date(last_year, last_month, end_day)
    except ValueError:
        return None
