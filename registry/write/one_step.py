"""Commands that take one step of the workflow and leave the content as it is: withdraw, reject, archive.

Rule: a step names the `rev` that was looked at; taking the same step of this revision again, for the same reason,
succeeds without a second event, whatever has become of the household since.
Tests: tests/test_steps.py, tests/test_workflow.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import sqlalchemy as sa

from auth.principal import Principal
from registry.codes import WriteOutcome
from registry.codes.messages import UserErrorCode as Code
from registry.models.fact import WRITTEN_AT
from registry.models.household import HOUSEHOLD
from registry.models.noun import is_one
from registry.models.step import Step
from registry.models.workflow import EVENT, REJECT, WITHDRAW
from registry.store.db import Database, Transaction
from registry.store.sql import CLAIM, Sql, arg
from registry.write.command import actor, audit, audit_refusal, require
from registry.write.step import CODED, COUNT, Item, Result, add_event, lock_for
from registry.write.user_errors import Refused, refusal, unfit

_ID = arg("id", sa.Uuid())


def changing(step: Step, **more: object) -> Sql:
    """UPDATE household SET workflow_state = <what the step leads to>, … WHERE id = $1."""
    state: sa.ColumnElement[str] = sa.literal_column(f"'{step.target.value}'")
    values = {"workflow_state": state, "updated_at": WRITTEN_AT}
    return Sql(sa.update(HOUSEHOLD).values(values | more).where(HOUSEHOLD.c.id == _ID))


def _taken_before(step: Step) -> Sql:
    """Whether the caller took this step of this revision, for this reason."""
    reasons = [EVENT.c[name].is_not_distinct_from(arg(name, sa.Text())) for name in CODED]
    return Sql(
        sa.select(
            sa.exists().where(
                EVENT.c.household_id == _ID,
                EVENT.c.rev == arg("rev", sa.Integer()),
                EVENT.c.actor_id == arg(f"{CLAIM}user", sa.Uuid()),
                is_one(EVENT.c.from_state, *step.states),
                is_one(EVENT.c.to_state, step.target),
                *reasons,
            )
        )
    )


class OneStep:
    """A command that takes one step: `changes` are its statements, each for the household `id`.

    `because` has more statements for some of its reasons; `unless` are queries, each with the code of the refusal where
    it is true; `forbidden` is why it is refused where nothing but the step's own condition keeps the caller from it."""

    def __init__(
        self,
        step: Step,
        *changes: Sql,
        because: Mapping[str, Sequence[Sql]] = MappingProxyType({}),
        unless: Mapping[Code, Sql] = MappingProxyType({}),
        forbidden: Code = Code.TRANSITION_NOT_ALLOWED,
    ) -> None:
        self._step, self._changes, self._because, self._forbidden = step, changes, because, forbidden
        self._unless = unless
        self._lock, self._taken_before = lock_for(step), _taken_before(step)

    async def take(
        self, database: Database, principal: Principal, item: Item, note: str | None = None, **reason: str
    ) -> Result:
        """Take the step, or return why it is not taken; audited.  `reason` is one of CODED.  Raises Forbidden."""
        ability, setting = self._step.ability, self._step.setting
        await require(database, principal, ability, item.id)
        try:
            if problems := unfit(EVENT.c.reason, note, "note"):
                raise Refused(*problems)
            async with database.write(principal, setting) as tx:
                outcome = await self._take(tx, principal, item, note, reason)
                await audit(tx, principal, ability, item.id, outcome.value, rev=item.rev, note=note)
            return Result(item.id, item.id)
        except Refused as refused:
            await audit_refusal(database, principal, ability, item.id, refused.codes, rev=item.rev)
            return Result(item.id, None, tuple(refused.problems))

    async def _take(
        self, tx: Transaction, principal: Principal, item: Item, note: str | None, reason: dict[str, str]
    ) -> WriteOutcome:
        row, step = await tx.one(self._lock, id=item.id), self._step
        is_open = row is not None and row["rev"] == item.rev and row[step.setting]
        if not is_open and await tx.value(
            self._taken_before, id=item.id, rev=item.rev, **dict.fromkeys(CODED) | reason
        ):
            return WriteOutcome.UNCHANGED
        if row is None:
            raise refusal(Code.NOT_FOUND, "id")
        if row["rev"] != item.rev:
            raise refusal(Code.VERSION_CONFLICT, "rev")
        if not is_open:
            raise refusal(self._forbidden if row["own"] else Code.TRANSITION_NOT_ALLOWED, "id")
        for refusing, query in self._unless.items():
            if await tx.value(query, id=item.id):
                raise refusal(refusing, "id")
        more = [statement for code in reason.values() for statement in self._because.get(code, ())]
        # The event first: what ends because of it ends no earlier.
        await add_event(tx, row, step, actor(principal, step.ability, row["area"]), note, **reason)
        for statement in (*self._changes, *more):
            await tx.rows(statement, id=item.id)
        return WriteOutcome.ACCEPTED


# The household first: what lies in it becomes a draft with it, and who waits for its lock waits for all of it.
WITHDRAWING = OneStep(WITHDRAW, changing(WITHDRAW, draft=sa.true()))
"""A submission becomes a draft again."""

REJECTING = OneStep(REJECT, changing(REJECT, verified_rev=sa.null()), COUNT, forbidden=Code.SELF_VERIFY)
"""A submission is refused for good, and the figures stop counting what was verified of it."""
