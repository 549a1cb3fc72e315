"""Dates of which only the year, or the year and month, may be known, as the days that they can mean.

Rule: one date is before another only if every day that it can mean is before every day that the other can mean;
otherwise their order is unknown, and no rule speaks. Test: tests/test_rules.py.
"""

import re
from calendar import monthrange
from datetime import date
from typing import NamedTuple

_PARTIAL = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


class Span(NamedTuple):
    """The first and the last day that a partial date can mean."""

    first: date
    last: date

    def surely_before(self, other: "Span") -> bool:
        return self.last < other.first

    def plus_years(self, years: int) -> "Span":
        first = plus_years(self.first, years)
        last = first if self.last is self.first else plus_years(self.last, years)  # a whole day is one object
        return Span(first, last)


def span(text: object) -> Span | None:
    """`2019`, `2019-03` or `2019-03-14` as its days; None for anything else, None included."""
    match = _PARTIAL.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    year, month, day = match.groups()
    try:
        if day is not None:
            whole = date.fromisoformat(match[0])
            return Span(whole, whole)
        first = date(int(year), int(month or 1), 1)
    except ValueError:
        return None
    last_month = 12 if month is None else first.month
    last_day = monthrange(first.year, last_month)[1]
    return Span(first, date(first.year, last_month, last_day))


def plus_years(day: date, years: int) -> date:
    """The same day so many years later; 29 February becomes 1 March, the calendar ends with the year 9999."""
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
