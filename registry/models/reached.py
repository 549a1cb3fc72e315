"""Facts that are columns of the one record that a row leads to, such as the number of a member's household.

Rule: that record lies where the row lies, which a foreign key holds; so a list of a region that is sorted by such a
column is read from the region's records in their order (registry/read/index_order.py).  Test: tests/test_order.py.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from registry.models.fact import Derived, StatementContext, fact_of
from registry.models.noun import Noun, To, table_of

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Reached(Derived[T]):
    """Such a fact: `column` of the record of `noun` that `link` leads to."""

    _: KW_ONLY
    noun: type[Noun]
    column: str
    link: To


def reached(column: InstrumentedAttribute[Any], link: To) -> Reached[Any]:
    """Declare one: `number_of = reached(Household.household_no, to(Member.household_id))`."""
    noun: Any = column.parent.class_
    home, stored = table_of(noun).alias(f"h${column.key}"), table_of(noun).c[column.key]

    def value(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        return sa.select(home.c[column.key]).where(link(row, home)).correlate(row).scalar_subquery()

    nullable = bool(stored.nullable)
    return Reached(
        column.key, fact_of(column), value, stored.type, None, nullable, noun=noun, column=column.key, link=link
    )
