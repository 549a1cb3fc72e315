"""How large a value may be: declared on its column, checked on input, held by the database, shown in the schema.

Rule: every accepted value can be used in every filter, order, group, figure and export; so each text has a greatest
length, each number and day a range, and each list a greatest number of items.  Test: tests/test_extremes.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

FIRST_DAY, LAST_DAY = dt.date(1800, 1, 1), dt.date(2199, 12, 31)
"""Days that a record can contain: nobody alive was born earlier, and no plan reaches further."""
_FIRST_YEAR, _LAST_YEAR = str(FIRST_DAY.year), str(LAST_DAY.year)
Bound = int | Decimal
NAME, NOTE, REMARK_TEXT = 150, 1000, 2000
"""Characters of a name of a person or business, of a note or reason beside a step, of a remark on a field."""
AMOUNT: tuple[Bound, Bound] = (0, Decimal("999999999999999.99"))
"""Of money in any currency: what the scalar `Decimal` can write."""
WORKERS: tuple[Bound, Bound] = (0, 100_000)
"""Of one business, of one kind."""
LONGEST_ENTRIES = 200
"""Entries of one list of a village's record: participants, members, years."""
LONGEST_LIST = 50
"""Children of one kind in a household, households of one batch, remarks of one return, records of a plain list."""


@dataclass(frozen=True)
class Bounds:
    """`longest` characters of a text, or of each item of a list of at most `items`; numbers lie `within`, both ends
    included.  `days` is true of days, whole or partial, and of instants."""

    longest: int | None = None
    within: tuple[Bound, Bound] | None = None
    items: int | None = None
    days: bool = False

    def broken_by(self, value: Any) -> Mapping[str, str] | None:
        """The params for the sentence of UNKNOWN_VALUE if a JSON value exceeds the bounds; None if it does not."""
        if isinstance(value, list):
            if self.items is not None and len(value) > self.items:
                return {"items": str(self.items)}
            value = max(value, key=len, default="")
        if isinstance(value, str) and self.longest is not None and len(value) > self.longest:
            return {"letters": str(self.longest)}
        if self.days and not _FIRST_YEAR <= str(value)[:4] <= _LAST_YEAR:
            return {"allowed": self.range}
        if self.within is not None and not _within(value, *self.within):
            return {"allowed": self.range}
        return None

    @property
    def range(self) -> str:
        """The range as both languages write it: `0–100 000`, `-90 … 90`, `1800–2199`; four digits have no space."""
        if self.days:
            return f"{FIRST_DAY.year}–{LAST_DAY.year}"
        assert self.within is not None
        low, high = map(_grouped, self.within)
        return f"{low} … {high}" if low.startswith("-") else f"{low}–{high}"

    @property
    def text(self) -> str:
        """For descriptions of the schema."""
        if self.items is not None:
            return f"At most {self.items} items."
        if self.within is not None or self.days:
            return f"{self.range}."
        return f"At most {self.longest} characters."

    def test(self, column: sa.Column[Any]) -> str:
        """The bounds as a condition in SQL."""
        name, tests = column.name, []
        if self.items is not None:
            tests.append(f"cardinality({name}) <= {self.items}")
            if self.longest is not None:
                tests.append(f"char_length(array_to_string({name}, '')) <= {self.items * self.longest}")
        elif self.longest is not None:
            tests.append(f"char_length({name}) <= {self.longest}")
        if self.within is not None:
            tests.append(f"{name} BETWEEN {self.within[0]} AND {self.within[1]}")
        if self.days:
            low, high = _days(column.type)
            tests.append(f"{name} BETWEEN '{low}' AND '{high}'")
        return " AND ".join(tests)


class Written(sa.Text):
    """Texts of one form, which have the same bounds in every column."""

    def __init__(self, bounds: Bounds, collation: str | None = None) -> None:
        super().__init__(collation=collation)
        self.bounds = bounds


def bounds_of(column: sa.Column[Any], declared: Bounds | None, server: bool) -> Bounds | None:
    """The bounds of a column; some follow from its type.  Raises TypeError if they do not and none are declared.

    Numbers and days of the `server` need none, because the server counts them itself."""
    item = column.type.item_type if isinstance(column.type, ARRAY) else column.type
    is_list = item is not column.type
    bounds = declared or Bounds()
    if isinstance(item, Written):
        bounds = replace(item.bounds, items=bounds.items)
    elif isinstance(item, sa.Date | sa.DateTime) and not server:
        bounds = Bounds(days=True)
    elif "codes" in column.info:
        bounds = Bounds(items=len(column.info["codes"]) if is_list else None)
    if column.computed is None and _is_unbounded(column, item, bounds, server):
        raise TypeError(f"{column}: say how large it may be: fact(…, longest=…), within=(…, …) or items=…")
    return None if bounds == Bounds() else bounds


def _is_unbounded(column: sa.Column[Any], item: sa.types.TypeEngine[Any], bounds: Bounds, server: bool) -> bool:
    if item is not column.type and bounds.items is None and not (server and isinstance(item, sa.Uuid)):
        return True
    if "codes" in column.info:
        return False
    if isinstance(item, sa.Text):
        return bounds.longest is None
    return isinstance(item, sa.Numeric | sa.Integer) and bounds.within is None and not server


def tests(column: sa.Column[Any], bounds: Bounds | None) -> Iterator[str]:
    """The conditions that the database enforces on a column's values."""
    if closed := column.info.get("closed"):
        values = ", ".join(f"'{member.value}'" for member in closed)
        several = isinstance(column.type, ARRAY)
        yield f"{column.name} <@ ARRAY[{values}]" if several else f"{column.name} IN ({values})"
    if bounds is not None:
        yield bounds.test(column)


def check(column: sa.Column[Any], test: str) -> sa.CheckConstraint:
    """The constraint of one column's values; `migrate` keeps it equal to the code (registry/guard/constraints.py)."""
    return sa.CheckConstraint(test, name=f"ck_{column.table.name}_{column.name}", info={"column": column.name})


def _within(value: Any, low: Bound, high: Bound) -> bool:
    """False also for a value that is not a number."""
    try:
        return low <= Decimal(str(value)) <= high
    except InvalidOperation:
        return False


def _grouped(number: Bound) -> str:
    """A number as people read it: its thousands are set apart if it has five digits or more."""
    return str(number) if -10_000 < number < 10_000 else f"{number:,}".replace(",", " ")


def _days(type_: sa.types.TypeEngine[Any]) -> tuple[str, str]:
    """The first and the last value of a type of days: dates, instants, or partial dates, which are texts."""
    if isinstance(type_, sa.DateTime):
        return f"{FIRST_DAY} 00:00:00+00", f"{LAST_DAY} 23:59:59.999999+00"
    return (str(FIRST_DAY) if isinstance(type_, sa.Date) else str(FIRST_DAY.year)), str(LAST_DAY)
