"""Verify: the two steps of verification, neither of them by an author.

Rule: a step names the `rev` that was looked at, so that nobody verifies unseen text; taking the same step again
succeeds without a second event; the last step writes the ledger in the same transaction.
Tests: tests/test_workflow.py.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from auth.ability import Ability
from auth.principal import Principal
from registry.codes import WriteOutcome
from registry.codes.messages import UserErrorCode as Code
from registry.models.household import HOUSEHOLD
from registry.models.noun import is_one
from registry.models.workflow import EVENT, VERIFY_REGENCY, VERIFY_VILLAGE
from registry.store.db import Database, Transaction
from registry.store.sql import CLAIM, Sql, arg
from registry.write.command import actor, audit, audit_refusal, require
from registry.write.remark import SETTLE
from registry.write.step import COUNT, STAGE_OF, Item, Result, add_event, first_open, lock_for
from registry.write.user_errors import Refused, refusal, unfit

LOCK = lock_for(VERIFY_VILLAGE, VERIFY_REGENCY)
_state = {"workflow_state": arg("state", sa.Text()), "updated_at": sa.func.now()}
_here = HOUSEHOLD.c.id == arg("id", sa.Uuid())
TO_VILLAGE = Sql(sa.update(HOUSEHOLD).values(_state | {"village_verified_by_id": arg("me", sa.Uuid())}).where(_here))
TO_VERIFIED = Sql(
    sa.update(HOUSEHOLD)
    .values(
        _state
        | {
            "verified_at": sa.func.now(),
            "verified_rev": HOUSEHOLD.c.rev,
            "authors": sa.literal_column("'{}'::uuid[]"),
            "verified_by_id": arg("me", sa.Uuid()),
            "verified_by_name": arg("name", sa.Text()),
            "verified_by_role": arg("role", sa.Text()),
        }
    )
    .where(_here)
)

TAKEN_BEFORE = Sql(
    sa.select(
        sa.exists().where(
            EVENT.c.household_id == arg("household", sa.Uuid()),
            EVENT.c.rev == arg("rev", sa.Integer()),
            EVENT.c.actor_id == arg(f"{CLAIM}user", sa.Uuid()),
            is_one(EVENT.c.to_state, VERIFY_VILLAGE.target, VERIFY_REGENCY.target),
        )
    )
)
"""Whether the caller took a step of verification of this revision."""


async def verify(database: Database, principal: Principal, items: list[Item], note: str | None) -> list[Result]:
    """Take the caller's next step for each item, each by itself; the results have the order of the items."""
    ability = Ability.SUBMISSION_VERIFY
    await require(database, principal, ability)
    if problems := unfit(EVENT.c.reason, note, "note"):
        for item in items:
            await audit_refusal(database, principal, ability, item.id, problems[0].code.value, rev=item.rev)
        return [Result(item.id, None, problems) for item in items]
    results = []
    for position, item in enumerate(items):
        try:
            async with database.write(principal, "verify") as tx:
                outcome = await _verify(tx, principal, item, note)
                await audit(tx, principal, ability, item.id, outcome, rev=item.rev, note=note)
            results.append(Result(item.id, item.id))
        except Refused as refused:
            await audit_refusal(database, principal, ability, item.id, refused.problems[0].code.value, rev=item.rev)
            prefix = ("items", str(position))
            problems = tuple(replace(problem, path=(*prefix, *problem.path)) for problem in refused.problems)
            results.append(Result(item.id, None, problems))
    return results


async def _verify(tx: Transaction, principal: Principal, item: Item, note: str | None) -> str:
    row = await tx.one(LOCK, id=item.id)
    if row is None:
        raise refusal(Code.NOT_FOUND, "id")
    late = row["rev"] != item.rev
    step = first_open(row, VERIFY_VILLAGE, VERIFY_REGENCY)
    if (late or step is None) and await tx.value(TAKEN_BEFORE, household=item.id, rev=item.rev):
        return WriteOutcome.UNCHANGED.value
    if late:
        raise refusal(Code.VERSION_CONFLICT, "rev")
    if step is None:
        raise refusal(Code.SELF_VERIFY if row["own"] else Code.TRANSITION_NOT_ALLOWED, "id")
    if row["must_see"] and not item.accept_findings:
        raise refusal(Code.FINDINGS_OPEN, "acceptFindings")
    me, state = actor(principal, step.ability, row["area"], STAGE_OF[step]), step.target.value
    if step is VERIFY_VILLAGE:
        await tx.rows(TO_VILLAGE, id=item.id, state=state, me=me.id)
        await tx.rows(SETTLE, household=item.id, rev=item.rev, author=me.id)
        await add_event(tx, row, step, me, note)
    else:
        await tx.rows(TO_VERIFIED, id=item.id, state=state, me=me.id, name=me.name, role=me.role)
        await tx.rows(SETTLE, household=item.id, rev=item.rev, author=None)
        await add_event(tx, row, step, me, note)
        await tx.rows(COUNT, id=item.id)
    return WriteOutcome.ACCEPTED.value
