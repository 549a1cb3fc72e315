"""Windows of the dates of a unit: on which days the calendar alone lets it count.

Rule: a count and the cube that keeps it name the same window.  Tests: tests/test_router.py.
"""

from __future__ import annotations

from registry.figures.count import Window


def shifted(day: str, by: str) -> str:
    """SQL of a day moved by an interval: who is born on 29 February comes of age on 1 March.

    Where the month has no such day PostgreSQL takes its last one, and the calendar the first of the next month."""
    moved = f"({day} + interval '{by}')"
    return f"({moved}::date + (extract(day FROM {moved}) < extract(day FROM {day}))::int)"


MINOR = Window(ends=shifted("l.born", "18 years"))
OF_SCHOOL_AGE = Window(begins=shifted("l.born", "7 years"), ends=shifted("l.born", "18 years"))
ENDING_SOON = Window(begins=shifted("l.contract_ends", "-6 months"), ends="l.contract_ends + 1")
A_YEAR_OLD = Window(begins=shifted("l.started_on", "12 months"))
