"""A step of the workflow: who may take it, in which states, and what keeps them from it.

Which steps there are stands in the state table (registry/models/workflow.py).  Tests: tests/test_workflow.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from auth.ability import Ability
from auth.principal import SETTINGS
from registry.codes import WorkflowState
from registry.models.fact import StatementContext
from registry.models.noun import is_one

Condition = Callable[[sa.FromClause, StatementContext], sa.ColumnElement[bool]]


@dataclass(frozen=True)
class Step:
    """One row of the state table: whoever holds `setting` there may take it in `states`, unless `unless` holds.

    `leads_to` is the state after it; None if that depends on the state before, or is the same."""

    ability: Ability
    setting: str
    states: tuple[WorkflowState, ...]
    leads_to: WorkflowState | None
    unless: Condition | None = None

    def __post_init__(self) -> None:
        if self.setting not in SETTINGS:
            raise TypeError(f"{self.setting!r} is no setting: add it to SETTINGS of auth/principal.py")

    @property
    def target(self) -> WorkflowState:
        """The one state that the step leads to."""
        assert self.leads_to is not None, f"{self.setting} leads to no one state"
        return self.leads_to

    def allowed(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        """The step is open to the caller for this household."""
        here = self._here(row, ctx)
        return here if self.unless is None else sa.and_(here, sa.not_(self.unless(row, ctx)))

    def forbidden(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        """Nothing but `unless` keeps the caller from the step."""
        return sa.false() if self.unless is None else sa.and_(self._here(row, ctx), self.unless(row, ctx))

    def _here(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        return sa.and_(is_one(row.c.workflow_state, *self.states), row.c.area.op("<@")(ctx.areas(self.setting)))


def _is(column: sa.ColumnElement[Any], ctx: StatementContext) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(column == ctx.claim("user", sa.Uuid()), sa.false())


def is_author(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Four eyes: the caller sent this revision, or wrote one of those since the last verified one."""
    wrote = ctx.claim("user", sa.Uuid()) == sa.any_(row.c.authors)
    return sa.or_(_is(row.c.submitted_by_id, ctx), wrote)


def is_author_or_village_verifier(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Four eyes: nobody takes both steps of one revision."""
    return sa.or_(is_author(row, ctx), _is(row.c.village_verified_by_id, ctx))


def sent_by_another(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Another person submitted it and it waits for verification: only that person may send it again.

    Others amend it."""
    return sa.and_(is_one(row.c.workflow_state, WorkflowState.SUBMITTED), sa.not_(_is(row.c.submitted_by_id, ctx)))


def verified_before(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """A revision of it was verified, so the figures count it, and others go on seeing it."""
    return row.c.verified_rev.is_not(None)
