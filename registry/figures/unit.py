"""A unit of counting: what a ledger has one row of, and what it keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from auth.sensitivity import Sensitivity
from registry.codes import Dimension
from registry.models.fact import fact_of
from registry.models.noun import Noun
from registry.models.scoped import HouseholdRecord

HOUSEHOLD_ID, RECORD_ID = "household_id", "record_id"
KEYS = ("subject_id", HOUSEHOLD_ID, RECORD_ID)


@dataclass(frozen=True)
class Verified:
    """What is to be counted of some households: their rows, and the newest episode of each person who has one."""

    households: sa.FromClause
    newest: sa.FromClause


@dataclass(frozen=True)
class Unit:
    """What is counted.

    `rows` selects `subject_id` and `owner` of each such thing and then the facts by which it is counted, each under its
    column's name; the ledger has a column for each.  It selects them from `Verified` households or, of a `record` of a
    village, from the rows of its table."""

    name: str
    rows: Callable[[Any], sa.Select[Any]]
    called: Mapping[Dimension, str] = field(default_factory=dict, hash=False)
    """The fact of a dimension that is called otherwise than the dimension."""
    record: type[Noun] | None = None
    """The noun of the village's records that are counted; None for households and what is in them."""

    @property
    def is_hidden(self) -> bool:
        """That there is such a record is of a class itself, so nobody reads or writes its ledger but by functions of
        the database."""
        return self.record is not None and self.record.row_sensitivity is not Sensitivity.OPERATIONAL

    @property
    def owner(self) -> str:
        """The column that names what is counted as a whole: a household, or a record of a village."""
        in_household = self.record is None or issubclass(self.record, HouseholdRecord)
        return HOUSEHOLD_ID if in_household else RECORD_ID

    @property
    def key(self) -> str:
        """The column that names the record or household by whose change its rows close."""
        return "subject_id" if self.record is not None and self.owner == HOUSEHOLD_ID else self.owner

    @property
    def ledger(self) -> str:
        """The name of its ledger."""
        return f"ledger_{self.name}"

    def facts(self, source: Any) -> list[sa.Column[Any]]:
        """The columns of its facts.  A column of a noun holds the same codes here as there.

        Raises TypeError for a number of the vault or an account."""
        facts = []
        for chosen in self.rows(source).selected_columns:
            if chosen.name in KEYS:
                continue
            column = _column(chosen)
            if column is not None and fact_of(column).sensitivity in (Sensitivity.IDENTITY, Sensitivity.SYSTEM):
                raise TypeError(f"{column} is {fact_of(column).sensitivity.value}: no ledger counts that class")
            closed = None if column is None else column.info.get("closed")
            facts.append(sa.Column(chosen.name, chosen.type, info={"closed": closed}))
        return facts


def _column(chosen: sa.ColumnElement[Any]) -> sa.Column[Any] | None:
    """The column of a noun that is chosen as it is; None for what is computed."""
    source = chosen.element if isinstance(chosen, sa.Label) else chosen
    if not isinstance(source, sa.ColumnClause):
        return None
    (column,) = source.base_columns
    return column if isinstance(column, sa.Column) else None
