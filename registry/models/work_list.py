"""What a work list is filtered by: which households wait for the caller, and which have warnings.

Rule: a filter tells no more than the record shows: a step that would be accepted, a finding that the caller may see.
Test: tests/test_filters.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from registry.models.fact import StatementContext
from registry.models.finding import FINDING, about_visible
from registry.models.noun import const
from registry.models.workflow import VERIFY_REGENCY, VERIFY_VILLAGE


@dataclass(frozen=True)
class AwaitsMe:
    """Named condition: the caller's own step of verification is the next, and would be accepted from him."""

    yes: bool

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        open_to_caller = sa.or_(*[step.allowed(row, ctx) for step in (VERIFY_VILLAGE, VERIFY_REGENCY)])
        return open_to_caller.is_(sa.true()) if self.yes else open_to_caller.is_not(sa.true())


@dataclass(frozen=True)
class HasFindings:
    """Named condition: the household has an open finding that the caller may see."""

    yes: bool

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        finding = FINDING.alias("f$open")
        visible = (finding.c.household_id == row.c.id, finding.c.archived_at.is_(None), about_visible(finding, ctx))
        exists = sa.exists(sa.select(const(1)).select_from(finding).where(*visible).correlate(row))
        return exists if self.yes else sa.not_(exists)
