"""The filters of a work list: households that wait for the caller, and households with warnings.

Rule: a filter reveals no more than the record shows: a step that would be accepted, a finding that the caller may see.
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
    """Named condition: the next step of verification is the caller's, and would be accepted from them."""

    yes: bool

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        steps = (VERIFY_VILLAGE, VERIFY_REGENCY)
        open_to_caller = sa.or_(*[step.allowed(row, ctx) for step in steps])
        return open_to_caller.is_(sa.true()) if self.yes else open_to_caller.is_not(sa.true())


@dataclass(frozen=True)
class HasFindings:
    """Named condition: the household has an open finding that the caller may see."""

    yes: bool

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        # EXISTS (SELECT 1 FROM registry.finding AS f$open
        #         WHERE f$open.household_id = t$1.id AND f$open.archived_at IS NULL AND … the class is visible …)
        finding = FINDING.alias("f$open")
        of_household = sa.and_(finding.c.household_id == row.c.id, finding.c.archived_at.is_(None))
        findings = sa.select(const(1)).select_from(finding).where(of_household, about_visible(finding, ctx))
        has_findings = sa.exists(findings.correlate(row))
        return has_findings if self.yes else sa.not_(has_findings)
