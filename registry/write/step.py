"""What the steps of the workflow have in common: the household under lock, the step that is open, and its event."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from auth.policy import VerificationStage
from registry.figures.ledger import keeping
from registry.models.finding import FINDING
from registry.models.household import HOUSEHOLD
from registry.models.step import Step
from registry.models.workflow import EVENT, RETURN_REGENCY, RETURN_VILLAGE, VERIFY_REGENCY, VERIFY_VILLAGE
from registry.store.db import Transaction
from registry.store.sql import Sql, arg
from registry.write import household_sql
from registry.write.command import Actor
from registry.write.statements import CALLER
from registry.write.user_errors import Problem

STAGE_OF = {
    VERIFY_VILLAGE: VerificationStage.VILLAGE,
    VERIFY_REGENCY: VerificationStage.REGENCY,
    RETURN_VILLAGE: VerificationStage.VILLAGE,
    RETURN_REGENCY: VerificationStage.REGENCY,
}
"""Each step → the stage whose role takes it."""

COUNT = Sql(keeping(array([arg("id", sa.Uuid())])))
"""Let the ledgers count the household as it is now: nothing, if it is verified no more or has left the register."""


@dataclass(frozen=True)
class Item:
    """One household at the revision that was looked at."""

    id: uuid.UUID
    rev: int
    accept_findings: bool = False


@dataclass
class Result:
    """The outcome for one household; `record` is its id if it was stored."""

    household_id: uuid.UUID
    record: uuid.UUID | None
    problems: tuple[Problem, ...] = ()


def lock_for(*steps: Step) -> Sql:
    """The household under lock, with what decides: each step that is open to the caller, and why one is not.

    SELECT h.*, <allowed> AS verify_village, …, <four eyes> AS own, (SELECT count(*) FROM finding …) AS must_see
    FROM household h WHERE id = $1 AND archived_at IS NULL FOR UPDATE"""
    household = HOUSEHOLD
    open_findings = sa.select(sa.func.count()).where(
        FINDING.c.household_id == household.c.id, FINDING.c.must_see, FINDING.c.archived_at.is_(None)
    )
    allowed = [step.allowed(household, CALLER).label(step.setting) for step in steps]
    own = sa.or_(*[step.forbidden(household, CALLER) for step in steps]).label("own")
    must_see = sa.cast(open_findings.scalar_subquery(), sa.Integer()).label("must_see")
    here = (household.c.id == arg("id", sa.Uuid()), household.c.archived_at.is_(None))
    return Sql(sa.select(household, *allowed, own, must_see).where(*here).with_for_update())


def first_open(row: asyncpg.Record, *steps: Step) -> Step | None:
    """The first of the steps that is open to the caller, by the household's lock."""
    return next((step for step in steps if row[step.setting]), None)


CODED = ("reject_reason", "archive_reason")
"""The columns of an event that hold the reason of a step as a code."""
ADD_EVENT = Sql(
    sa.insert(EVENT)
    .inline()
    .values(
        id=sa.func.gen_random_uuid(),
        household_id=arg("household", sa.Uuid()),
        **{n: arg(n, EVENT.c[n].type) for n in ("village_id", "area", "draft", "created_by", *household_sql.STEP)},
        **{n: arg(n, EVENT.c[n].type) for n in CODED},
    )
)


async def add_event(
    tx: Transaction, row: asyncpg.Record, step: Step, me: Actor, note: str | None, **reason: str
) -> None:
    """Write the event of a step that was taken; `reason` is one of CODED."""
    await tx.rows(
        ADD_EVENT,
        household=row["id"],
        created_by=me.id,
        from_state=row["workflow_state"],
        to_state=step.target.value,
        rev=row["rev"],
        actor_id=me.id,
        actor_name=me.name,
        actor_role=me.role,
        reason=note,
        **dict.fromkeys(CODED) | reason,
        **{name: row[name] for name in ("village_id", "area", "draft")},
    )
