"""Filters: conditions on a row that know names of arguments, never values.

Filters use two-valued logic: comparing with NULL is false, and `not` of that is true.
Rule: conditions read unmasked columns, so whoever uses them also keeps the rows to the areas where the class of each
is seen (`SeenHere`).  Test: tests/test_filters.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.sensitivity import Sensitivity
from registry.models.fact import value_of
from registry.models.noun import Link, Readable, const
from registry.read.query import ConditionContext, Datum, Where
from registry.read.sql import type_of

COMPARED = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(frozen=True)
class Compare:
    """A datum against an argument: eq, gt, gte, lt, lte; in, any (one of a list); startsWith; null, true, false."""

    datum: Datum
    operator: str
    argument: str = ""
    day: bool = False  # the datum is a PartialDate, compared by its first day

    def __call__(self, row: sa.FromClause, ask: ConditionContext) -> sa.ColumnElement[bool]:
        value = value_of(self.datum, row, ask)
        type_: Any = type_of(self.datum)
        match self.operator:
            case "null":
                return value.is_(None)
            case "true":
                return value.is_(sa.true())
            case "false":
                return value.is_(sa.false())
            case "startsWith":
                return sa.func.starts_with(sa.func.registry.folded(value), ask.argument(self.argument, sa.Text()))
            case "in":
                return value == sa.any_(ask.argument(self.argument, ARRAY(type_)))
            case "any":
                return value.op("&&")(ask.argument(self.argument, type_))
        argument = ask.argument(self.argument, sa.Text() if self.day else type_)
        if self.day:  # sent as a text, for asyncpg takes the last day of the calendar for infinity
            value, argument = sa.func.registry.first_day(value), sa.cast(argument, sa.Date())
        return value.op(COMPARED[self.operator], is_comparison=True)(argument)


@dataclass(frozen=True)
class AllOf:
    conditions: tuple[Where, ...]

    def __call__(self, row: sa.FromClause, ask: ConditionContext) -> sa.ColumnElement[bool]:
        return sa.and_(sa.true(), *[condition(row, ask) for condition in self.conditions])


@dataclass(frozen=True)
class AnyOf:
    """None of an empty list."""

    conditions: tuple[Where, ...]

    def __call__(self, row: sa.FromClause, ask: ConditionContext) -> sa.ColumnElement[bool]:
        return sa.or_(sa.false(), *[condition(row, ask) for condition in self.conditions])


@dataclass(frozen=True)
class Not:
    condition: Where

    def __call__(self, row: sa.FromClause, ask: ConditionContext) -> sa.ColumnElement[bool]:
        return self.condition(row, ask).is_not(sa.true())


@dataclass(frozen=True)
class Exists:
    """There is a related record for which the condition holds."""

    noun: Readable
    link: Link
    condition: Where

    def __call__(self, row: sa.FromClause, ask: ConditionContext) -> sa.ColumnElement[bool]:
        return ask.related(row, self.noun, self.link, self.condition)


@dataclass(frozen=True)
class SeenHere:
    """The caller sees a class of the row: it lies where he sees all of it, or where he sees his own and he made it."""

    noun: Readable
    kind: Sensitivity

    def __call__(self, row: sa.FromClause, ask: ConditionContext) -> sa.ColumnElement[bool]:
        seen = ask.seen(row, self.noun, self.kind)
        return (sa.true() if seen else sa.false()) if isinstance(seen, bool) else seen


@dataclass(frozen=True)
class SeenAround:
    """The row lies where the caller sees a class of all records, or of those that he made himself."""

    kind: Sensitivity

    def __call__(self, row: sa.FromClause, ask: ConditionContext) -> sa.ColumnElement[bool]:
        kind = self.kind.value.lower()
        return sa.or_(*[_place(row).op("<@")(ask.areas(setting)) for setting in (kind, f"{kind}_own")])


@dataclass(frozen=True)
class Within:
    """The row lies in one of the regions whose codes, of any year, the argument lists.

    The codes become areas once, in the gate, which refuses unknown ones; the hull of the areas serves the index.
    """

    argument: str

    def __call__(self, row: sa.FromClause, ask: ConditionContext) -> sa.ColumnElement[bool]:
        place, setting = _place(row), const(ask.regions(self.argument))
        areas = sa.func.registry.areas(setting)

        def told(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
            return sa.select(value).scalar_subquery()  # once in a statement, not once a row

        return sa.and_(
            place >= told(sa.func.lower(areas)),
            place < told(sa.func.upper(areas)),
            sa.or_(told(areas == sa.func.registry.hull(setting)), place.op("<@")(told(areas))),
        )


@dataclass(frozen=True)
class InVillage:
    """The row lies in the village whose code, of any year, the argument is.

    An equality, and no range as in `Within`: an index has a village's households in the order of their list."""

    argument: str

    def __call__(self, row: sa.FromClause, ask: ConditionContext) -> sa.ColumnElement[bool]:
        return _place(row) == ask.village(self.argument)


def is_about_places(condition: Where) -> bool:
    """Whether it holds for all records of a village or for none."""
    match condition:
        case AllOf(conditions=conditions) | AnyOf(conditions=conditions):
            return all(map(is_about_places, conditions))
        case Not(condition=inner):
            return is_about_places(inner)
        case _:
            return isinstance(condition, Within | InVillage)


@dataclass(frozen=True)
class HasCode:
    """A column holds this code: the row is of one type of an interface."""

    column: str
    code: str

    def __call__(self, row: sa.FromClause, ask: ConditionContext) -> sa.ColumnElement[bool]:
        return row.c[self.column] == const(self.code)


def _place(row: sa.FromClause) -> sa.ColumnElement[Any]:
    return row.c.area if "area" in row.c else row.c.code
