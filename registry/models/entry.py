"""What follows from the entries of a village's record: how many there are, and the records that they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from auth.sensitivity import Sensitivity
from registry.models.fact import Derived, StatementContext, derived
from registry.models.noun import table_of


def number_of(entry: Any, label_id: str, label_en: str) -> Derived[int]:
    """How many entries were recorded, also of records that the caller does not see or that have left since."""
    # (SELECT count(*) FROM registry.training_participant AS e$ WHERE e$.record_id = t$1.id AND e$.archived_at IS NULL)
    table = table_of(entry)

    @derived(Sensitivity.OPERATIONAL, label_id, label_en, sa.Integer(), nullable=False)
    def number(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        e = table.alias("e$")
        of_record = sa.and_(e.c.record_id == row.c.id, e.c.archived_at.is_(None))
        return sa.select(sa.func.count()).select_from(e).where(of_record).correlate(row).scalar_subquery()

    return number


@dataclass(frozen=True)
class Through:
    """Link: the records that the entries of the parent name by their key."""

    entry: Any

    def __call__(self, parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
        # t$2.id IN (SELECT e$.member_id FROM registry.business_group_member AS e$
        #            WHERE e$.record_id = t$1.id AND e$.archived_at IS NULL)
        e = table_of(self.entry).alias("e$")
        of_parent = sa.and_(e.c.record_id == parent.c.id, e.c.archived_at.is_(None))
        return child.c.id.in_(sa.select(e.c[self.entry.key]).where(of_parent).correlate(parent))
