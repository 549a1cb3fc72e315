"""A date of which only the year, or the year and month, may be known, as the days it can stand for.

Rule: comparisons are fair. One date is before another only when every day it can be lies before every day the other
can be; where that is not known nothing is said. Test: tests/test_rules.py.
"""

import re
from calendar import monthrange
from datetime import date
from typing import NamedTuple

_PARTIAL = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


class Span(NamedTuple):
    """The first and the last day that a partial date can be."""

    first: date
    last: date

    def surely_before(self, other: "Span") -> bool:
        return self.last < other.first

    def plus_years(self, years: int) -> "Span":
        first = plus_years(self.first, years)  # of a whole day it is the last too
        return Span(first, first if self.last is self.first else plus_years(self.last, years))


def span(text: object) -> Span | None:
    """`2019`, `2019-03` or `2019-03-14` as its days; None for anything else, None included."""
    match = _PARTIAL.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    year, month, day = match.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    if day is not None:
        return Span(first, first)
    last = 12 if month is None else first.month
    return Span(first, date(first.year, last, monthrange(first.year, last)[1]))


def plus_years(day: date, years: int) -> date:
    """The same day so many years later; 29 February becomes 1 March, the calendar ends with the year 9999."""
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
