"""A unit of counting: what a ledger has one row of, and what it keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from auth.sensitivity import Sensitivity
from registry.codes import Dimension
from registry.models.fact import fact_of

KEYS = ("subject_id", "household_id")


@dataclass(frozen=True)
class Verified:
    """What is to be counted of some households: their rows, and the newest episode of each person who has one."""

    households: sa.FromClause
    newest: sa.FromClause


@dataclass(frozen=True)
class Unit:
    """What is counted.

    `rows` selects `subject_id` and `household_id` of each such thing and then the facts by which it is counted, each
    under its column's name; the ledger has a column for each."""

    name: str
    rows: Callable[[Verified], sa.Select[Any]]
    called: Mapping[Dimension, str] = field(default_factory=dict, hash=False)
    """The fact of a dimension that is called otherwise than the dimension."""

    @property
    def ledger(self) -> str:
        """The name of its ledger."""
        return f"ledger_{self.name}"

    def facts(self, verified: Verified) -> list[sa.Column[Any]]:
        """The columns of its facts.  A column of a noun holds the same codes here as there.

        Raises TypeError for a number of the vault or an account."""
        facts = []
        for chosen in self.rows(verified).selected_columns:
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
