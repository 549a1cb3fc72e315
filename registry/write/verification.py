"""Verify and return: the two steps of verification, each by other eyes than the author's.

Rule: a step names the `rev` that was looked at, so nobody verifies unseen text; taking the same step again is success
without a second event; the last step writes the ledger in the same transaction.  Tests: tests/test_workflow.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa

from auth.ability import Ability
from auth.errors import Forbidden
from auth.policy import VerificationStage
from auth.principal import Principal
from auth.sensitivity import Sensitivity
from registry.codes.messages import UserErrorCode as Code
from registry.figures.ledger import LEDGERS, closing, writing
from registry.models.finding import FINDING
from registry.models.household import HOUSEHOLD
from registry.models.noun import is_one
from registry.models.workflow import (
    EVENT,
    REMARK,
    RETURN_REGENCY,
    RETURN_VILLAGE,
    VERIFY_REGENCY,
    VERIFY_VILLAGE,
    Step,
)
from registry.store.db import Database, Transaction
from registry.store.sql import CLAIM, Sql, arg
from registry.values.text import says_something
from registry.write.command import Actor, actor, audit, audit_refusal, require
from registry.write.document import Document
from registry.write.household_sql import AUTHORS, REVISIONS
from registry.write.persist import ADD_EVENT
from registry.write.remark import ADD_REMARK, SETTLE, Inside, class_of, place_of, placed
from registry.write.statements import CALLER
from registry.write.user_errors import Problem, Refused, refuse, unfit

MOST = 50
_HOUSEHOLDS = arg("households", sa.ARRAY(sa.Uuid()))
LEDGER = [Sql(s) for pair in LEDGERS.items() for s in (closing(pair[1], _HOUSEHOLDS), writing(*pair, _HOUSEHOLDS))]


def _lock(*steps: Step) -> Sql:
    """The household with what decides: which steps are the caller's here, and whether his own eyes forbid them."""
    h = HOUSEHOLD
    unseen = sa.select(sa.func.count()).where(
        FINDING.c.household_id == h.c.id, FINDING.c.must_see, FINDING.c.archived_at.is_(None)
    )
    columns: list[Any] = [step.allowed(h, CALLER).label(step.setting) for step in steps]
    columns += [
        sa.or_(*[step.forbidden(h, CALLER) for step in steps]).label("eyes"),
        sa.cast(unseen.scalar_subquery(), sa.Integer()).label("must_see"),
    ]
    there = (h.c.id == arg("id", sa.Uuid()), h.c.archived_at.is_(None))
    return Sql(sa.select(h, *columns).where(*there).with_for_update())


LOCK_VERIFY, LOCK_RETURN = _lock(VERIFY_VILLAGE, VERIFY_REGENCY), _lock(RETURN_VILLAGE, RETURN_REGENCY)
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
TO_RETURNED = Sql(sa.update(HOUSEHOLD).values(_state | {"village_verified_by_id": sa.null()}).where(_here))


@dataclass(frozen=True)
class Item:
    """One household at the revision that was looked at."""

    id: uuid.UUID
    rev: int
    accept_findings: bool = False


@dataclass(frozen=True)
class RemarkInput:
    """One remark on one field."""

    path: list[str]
    text: str


@dataclass
class Result:
    """What became of one household; `record` is its id where it was stored."""

    household_id: uuid.UUID
    record: uuid.UUID | None
    problems: tuple[Problem, ...] = ()


async def verify(database: Database, principal: Principal, items: list[Item], note: str | None) -> list[Result]:
    """Take the caller's next step for each item, judged by itself, answered in order."""
    ability = Ability.SUBMISSION_VERIFY
    await require(database, principal, ability)
    if problems := unfit(EVENT.c.reason, note, "note"):
        for item in items:
            await audit_refusal(database, principal, ability, item.id, problems[0].code.value, rev=item.rev)
        return [Result(item.id, None, problems) for item in items]
    results = []
    for n, item in enumerate(items):
        try:
            async with database.write(principal, "verify") as tx:
                outcome = await _verify(tx, principal, item, note)
                await audit(tx, principal, ability, item.id, outcome, rev=item.rev, note=note)
            results.append(Result(item.id, item.id))
        except Refused as refused:
            await audit_refusal(database, principal, ability, item.id, refused.problems[0].code.value, rev=item.rev)
            problems = tuple(
                Problem(p.code, ("items", str(n), *p.path), p.params, p.severity) for p in refused.problems
            )
            results.append(Result(item.id, None, problems))
    return results


async def _verify(tx: Transaction, principal: Principal, item: Item, note: str | None) -> str:
    row = await tx.one(LOCK_VERIFY, id=item.id)
    if row is None:
        raise refuse(Code.NOT_FOUND, "id")
    late = row["rev"] != item.rev
    step = VERIFY_VILLAGE if row["verify_village"] else VERIFY_REGENCY if row["verify_regency"] else None
    if (late or step is None) and await tx.value(TAKEN_BEFORE, household=item.id, rev=item.rev):
        return "UNCHANGED"
    if late:
        raise refuse(Code.VERSION_CONFLICT, "rev")
    if step is None:
        raise refuse(Code.SELF_VERIFY if row["eyes"] else Code.TRANSITION_NOT_ALLOWED, "id")
    me = principal.user_id
    if row["must_see"] and not item.accept_findings:
        raise refuse(Code.FINDINGS_OPEN, "acceptFindings")
    state = step.target.value
    if step is VERIFY_VILLAGE:
        who = actor(principal, step.ability, row["area"], VerificationStage.VILLAGE)
        await tx.rows(TO_VILLAGE, id=item.id, state=state, me=me)
        await tx.rows(SETTLE, household=item.id, rev=item.rev, author=me)
        await _event(tx, row, step, who, note)
    else:
        who = actor(principal, step.ability, row["area"], VerificationStage.REGENCY)
        await tx.rows(TO_VERIFIED, id=item.id, state=state, me=me, name=who.name, role=who.role)
        await tx.rows(SETTLE, household=item.id, rev=item.rev, author=None)
        await _event(tx, row, step, who, note)
        for statement in LEDGER:
            await tx.rows(statement, households=[item.id])
    return "ACCEPTED"


async def return_household(
    database: Database, principal: Principal, item: Item, remarks: list[RemarkInput], inside: Inside
) -> Result:
    """Return a submission with at least one remark; the same return again is success.

    `inside` says where in a record each column stands: a remark is about one of them."""
    ability = Ability.SUBMISSION_RETURN
    await require(database, principal, ability, item.id)
    try:
        if not remarks or not all(says_something(said.text) for said in remarks):
            raise refuse(Code.REMARK_REQUIRED, "remarks")
        if len(remarks) > MOST:
            raise refuse(Code.UNKNOWN_VALUE, "remarks", items=str(MOST))
        columns = {"path": REMARK.c.path, "text": REMARK.c.text}
        problems = [
            problem
            for n, said in enumerate(remarks)
            for name, column in columns.items()
            for problem in unfit(column, getattr(said, name), "remarks", str(n), name)
        ]
        if problems:
            raise Refused(*problems)
        async with database.write(principal, "return") as tx:
            outcome = await _give_back(tx, principal, item, remarks, inside)
            await audit(tx, principal, ability, item.id, outcome, rev=item.rev)
            return Result(item.id, item.id)
    except Refused as refused:
        await audit_refusal(database, principal, ability, item.id, refused.problems[0].code.value, rev=item.rev)
        return Result(item.id, None, tuple(refused.problems))
    except Forbidden:
        await audit_refusal(database, principal, ability, item.id, Forbidden.code, rev=item.rev)
        raise


async def _give_back(
    tx: Transaction, principal: Principal, item: Item, remarks: list[RemarkInput], inside: Inside
) -> str:
    row = await tx.one(LOCK_RETURN, id=item.id)
    if row is None:
        raise refuse(Code.NOT_FOUND, "id")
    revision = await tx.one(REVISIONS, household=item.id, revs=[item.rev])
    if revision is None:
        raise refuse(Code.VERSION_CONFLICT, "rev")
    remarks = _placed(remarks, orjson.loads(revision["document"]), inside)
    recorders = {str(r["id"]): r["created_by"] for r in await tx.rows(AUTHORS, household=item.id)}
    spoken_of = [_about(said.path, row, recorders, principal, inside) for said in remarks]
    late = row["rev"] != item.rev
    village, regency = row[RETURN_VILLAGE.setting], row[RETURN_REGENCY.setting]
    step = RETURN_VILLAGE if village else RETURN_REGENCY if regency else None
    if (late or step is None) and await _returned_before(tx, item, remarks):
        return "UNCHANGED"
    if late:
        raise refuse(Code.VERSION_CONFLICT, "rev")
    if step is None:
        raise refuse(Code.SELF_VERIFY if row["eyes"] else Code.TRANSITION_NOT_ALLOWED, "id")
    who = actor(
        principal, step.ability, row["area"], VerificationStage.VILLAGE if village else VerificationStage.REGENCY
    )
    await tx.rows(TO_RETURNED, id=item.id, state=step.target.value)
    for said, (kind, recorder) in zip(remarks, spoken_of, strict=True):
        place = {n: row[n] for n in ("village_id", "area", "draft", "rev")}
        author = {"author_id": who.id, "author_name": who.name, "author_role": who.role, "created_by": who.id}
        about = {"about": kind.value, "about_author": recorder}
        await tx.rows(ADD_REMARK, household=item.id, path=said.path, text=said.text, **place, **author, **about)
    await _event(tx, row, step, who, None)
    return "ACCEPTED"


def _about(
    path: list[str], row: asyncpg.Record, recorders: dict[str, uuid.UUID], principal: Principal, inside: Inside
) -> tuple[Sensitivity, uuid.UUID]:
    """The class of the field of a remark, and who recorded the row.  Raises Forbidden where its author has no such
    class."""
    kind = class_of(path, inside)
    _, child, _ = place_of(path)
    recorder = row["created_by"] if child is None else recorders.get(child, row["created_by"])
    if not principal.sees_of(kind, recorder).covers(row["area"]):
        raise Forbidden(field=path[-1], kind=kind)
    return kind, recorder


def _placed(remarks: list[RemarkInput], document: Document, inside: Inside) -> list[RemarkInput]:
    """The remarks with their paths as they are kept, each once.  Raises Refused for those that lead nowhere."""
    paths = [placed(said.path, document, inside) for said in remarks]
    if nowhere := [n for n, path in enumerate(paths) if path is None]:
        raise Refused(*[Problem(Code.UNKNOWN_FIELD, ("remarks", str(n), "path")) for n in nowhere])
    kept = {(*path, said.text): RemarkInput(path, said.text) for path, said in zip(paths, remarks, strict=True) if path}
    return list(kept.values())


async def _returned_before(tx: Transaction, item: Item, remarks: list[RemarkInput]) -> bool:
    """Whether the caller has returned this revision with these very remarks, in whatever order."""
    returns: dict[dt.datetime, set[tuple[str, ...]]] = {}
    for row in await tx.rows(MY_REMARKS, household=item.id, rev=item.rev):
        returns.setdefault(row["created_at"], set()).add((*row["path"], row["text"]))
    return {(*said.path, said.text) for said in remarks} in returns.values()


_me = arg(f"{CLAIM}user", sa.Uuid())
MY_REMARKS = Sql(
    sa.select(REMARK.c.path, REMARK.c.text, REMARK.c.created_at).where(
        REMARK.c.household_id == arg("household", sa.Uuid()),
        REMARK.c.rev == arg("rev", sa.Integer()),
        REMARK.c.author_id == _me,
    )
)
"""The caller's own on a revision; those of one return were created at one moment."""
TAKEN_BEFORE = Sql(
    sa.select(
        sa.exists().where(
            EVENT.c.household_id == arg("household", sa.Uuid()),
            EVENT.c.rev == arg("rev", sa.Integer()),
            EVENT.c.actor_id == _me,
            is_one(EVENT.c.to_state, VERIFY_VILLAGE.target, VERIFY_REGENCY.target),
        )
    )
)
"""Whether the caller took a step of verification of this revision."""


async def _event(tx: Transaction, row: asyncpg.Record, step: Step, who: Actor, note: str | None) -> None:
    await tx.rows(
        ADD_EVENT,
        household=row["id"],
        created_by=who.id,
        from_state=row["workflow_state"],
        to_state=step.target.value,
        rev=row["rev"],
        actor_id=who.id,
        actor_name=who.name,
        actor_role=who.role,
        reason=note,
        draft=False,
        **{name: row[name] for name in ("village_id", "area")},
    )
