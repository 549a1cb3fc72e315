"""Filters: conditions on a row that know names of arguments, never values.

Filters use two-valued logic: comparing with NULL is false, and `not` of that is true.
Rule: conditions read columns as they are stored, so whoever uses them also keeps the rows to the areas where the class
of each column is visible (`VisibleHere`).  Test: tests/test_filters.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.principal import area_setting, own_area_setting
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

    def __call__(self, row: sa.FromClause, ctx: ConditionContext) -> sa.ColumnElement[bool]:
        value = value_of(self.datum, row, ctx)
        type_: Any = type_of(self.datum)
        match self.operator:
            case "null":
                return value.is_(None)
            case "true":
                return value.is_(sa.true())
            case "false":
                return value.is_(sa.false())
            case "startsWith":
                return sa.func.starts_with(sa.func.registry.folded(value), ctx.argument(self.argument, sa.Text()))
            case "in":
                return value == sa.any_(ctx.argument(self.argument, ARRAY(type_)))
            case "any":
                return value.op("&&")(ctx.argument(self.argument, type_))
        argument = ctx.argument(self.argument, sa.Text() if self.day else type_)
        if self.day:  # sent as a text, because asyncpg takes the last day of the calendar for infinity
            value, argument = sa.func.registry.first_day(value), sa.cast(argument, sa.Date())
        return value.op(COMPARED[self.operator], is_comparison=True)(argument)


@dataclass(frozen=True)
class AllOf:
    """Every condition holds; true of an empty list."""

    conditions: tuple[Where, ...]

    def __call__(self, row: sa.FromClause, ctx: ConditionContext) -> sa.ColumnElement[bool]:
        return sa.and_(sa.true(), *[condition(row, ctx) for condition in self.conditions])


@dataclass(frozen=True)
class AnyOf:
    """At least one condition holds; false of an empty list."""

    conditions: tuple[Where, ...]

    def __call__(self, row: sa.FromClause, ctx: ConditionContext) -> sa.ColumnElement[bool]:
        return sa.or_(sa.false(), *[condition(row, ctx) for condition in self.conditions])


@dataclass(frozen=True)
class Not:
    """The condition is false, or null, which two-valued logic takes for false."""

    condition: Where

    def __call__(self, row: sa.FromClause, ctx: ConditionContext) -> sa.ColumnElement[bool]:
        return self.condition(row, ctx).is_not(sa.true())


@dataclass(frozen=True)
class Exists:
    """There is a related record for which the condition holds."""

    noun: Readable
    link: Link
    condition: Where

    def __call__(self, row: sa.FromClause, ctx: ConditionContext) -> sa.ColumnElement[bool]:
        return ctx.related(row, self.noun, self.link, self.condition)


@dataclass(frozen=True)
class VisibleHere:
    """The caller sees a class of the row: in all records where the row lies, or there in their own and it is one."""

    noun: Readable
    kind: Sensitivity

    def __call__(self, row: sa.FromClause, ctx: ConditionContext) -> sa.ColumnElement[bool]:
        visible = ctx.visible(row, self.noun, self.kind)
        if isinstance(visible, bool):
            return sa.true() if visible else sa.false()
        return visible


@dataclass(frozen=True)
class VisibleAround:
    """The row lies where the caller sees a class in all records, or in those that they created."""

    kind: Sensitivity

    def __call__(self, row: sa.FromClause, ctx: ConditionContext) -> sa.ColumnElement[bool]:
        settings = (area_setting(self.kind), own_area_setting(self.kind))
        return sa.or_(*[_place(row).op("<@")(ctx.areas(setting)) for setting in settings])


@dataclass(frozen=True)
class Within:
    """The row lies in one of the regions whose codes, of any year, the argument lists.

    The codes become areas once, in the gate, which refuses unknown ones; the hull of the areas serves the index.
    """

    argument: str

    def __call__(self, row: sa.FromClause, ctx: ConditionContext) -> sa.ColumnElement[bool]:
        # t$1.area >= (SELECT lower(registry.areas('f1'))) AND t$1.area < (SELECT upper(registry.areas('f1')))
        # AND ((SELECT registry.areas('f1') = registry.hull('f1')) OR t$1.area <@ (SELECT registry.areas('f1')))
        place, setting = _place(row), const(ctx.regions(self.argument))
        areas = sa.func.registry.areas(setting)

        def once(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
            return sa.select(value).scalar_subquery()  # once a statement, not once a row

        return sa.and_(
            place >= once(sa.func.lower(areas)),
            place < once(sa.func.upper(areas)),
            sa.or_(once(areas == sa.func.registry.hull(setting)), place.op("<@")(once(areas))),
        )


@dataclass(frozen=True)
class InVillage:
    """The row lies in the village whose code, of any year, the argument is.

    An equality, not a range as in `Within`: an index has the households of one village in the order of their list."""

    argument: str

    def __call__(self, row: sa.FromClause, ctx: ConditionContext) -> sa.ColumnElement[bool]:
        return _place(row) == ctx.village(self.argument)


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
    """A column holds this code, so the row is of one type of an interface."""

    column: str
    code: str

    def __call__(self, row: sa.FromClause, ctx: ConditionContext) -> sa.ColumnElement[bool]:
        return row.c[self.column] == const(self.code)


def _place(row: sa.FromClause) -> sa.ColumnElement[Any]:
    return row.c.area if "area" in row.c else row.c.code
