"""Return: a submission goes back to its officers, with remarks on what to correct.

Rule: every return has a remark, and returning the same revision with the same remarks again succeeds without a second
event.  Tests: tests/test_workflow.py, tests/test_remarks.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import asyncpg
import orjson
import sqlalchemy as sa

from auth.ability import Ability
from auth.errors import Forbidden
from auth.principal import Principal
from auth.sensitivity import Sensitivity
from registry.codes import WriteOutcome
from registry.codes.messages import UserErrorCode as Code
from registry.models.aggregate import Document
from registry.models.fact import WRITTEN_AT
from registry.models.household import HOUSEHOLD
from registry.models.household_aggregate import NOUNS
from registry.models.workflow import REMARK, RETURN_REGENCY, RETURN_VILLAGE
from registry.store.db import Database, Transaction
from registry.store.sql import CLAIM, Sql, arg
from registry.values.bounds import LONGEST_LIST
from registry.values.text import says_something
from registry.write.command import actor, audit, audit_refusal, require
from registry.write.household_sql import RECORDERS, SHOWN_REVISIONS
from registry.write.remark import ADD_REMARK, TABLES, Inside, class_of, split_path, stored_path
from registry.write.step import STAGE_OF, Item, Result, add_event, first_open, lock_for
from registry.write.user_errors import Problem, Refused, refusal, too_large, unfit

LOCK = lock_for(RETURN_VILLAGE, RETURN_REGENCY)
TO_RETURNED = Sql(
    sa.update(HOUSEHOLD)
    .values(workflow_state=arg("state", sa.Text()), updated_at=WRITTEN_AT, village_verified_by_id=sa.null())
    .where(HOUSEHOLD.c.id == arg("id", sa.Uuid()))
)
MY_REMARKS = Sql(
    sa.select(REMARK.c.path, REMARK.c.text, REMARK.c.created_at).where(
        REMARK.c.household_id == arg("household", sa.Uuid()),
        REMARK.c.rev == arg("rev", sa.Integer()),
        REMARK.c.author_id == arg(f"{CLAIM}user", sa.Uuid()),
    )
)
"""The caller's own remarks on a revision; those of one return have the same `created_at`."""


@dataclass(frozen=True)
class RemarkInput:
    """One remark on one field."""

    path: list[str]
    text: str


async def return_household(
    database: Database, principal: Principal, item: Item, remarks: list[RemarkInput], inside: Inside
) -> Result:
    """Return a submission with at least one remark; returning it so again succeeds.

    `inside` is where in a record each column stands; a remark names one of these places."""
    ability = Ability.SUBMISSION_RETURN
    await require(database, principal, ability, item.id)
    try:
        _check(remarks)
        async with database.write(principal, "return") as tx:
            outcome = await _return(tx, principal, item, remarks, inside)
            await audit(tx, principal, ability, item.id, outcome, rev=item.rev)
            return Result(item.id, item.id)
    except Refused as refused:
        await audit_refusal(database, principal, ability, item.id, refused.problems[0].code.value, rev=item.rev)
        return Result(item.id, None, tuple(refused.problems))
    except Forbidden:
        await audit_refusal(database, principal, ability, item.id, Forbidden.code, rev=item.rev)
        raise


def _check(remarks: list[RemarkInput]) -> None:
    """Raises Refused for remarks that say nothing or do not fit, or if there are none or too many."""
    if not remarks or not all(says_something(remark.text) for remark in remarks):
        raise refusal(Code.REMARK_REQUIRED, "remarks")
    if len(remarks) > LONGEST_LIST:
        raise refusal(Code.UNKNOWN_VALUE, "remarks", items=str(LONGEST_LIST))
    problems: list[Problem] = []
    for position, remark in enumerate(remarks):
        problems += too_large(REMARK.c.path, remark.path, "remarks", str(position), "path")
        problems += unfit(REMARK.c.text, remark.text, "remarks", str(position), "text")
    if problems:
        raise Refused(*problems)


async def _return(tx: Transaction, principal: Principal, item: Item, remarks: list[RemarkInput], inside: Inside) -> str:
    row = await tx.one(LOCK, id=item.id)
    if row is None:
        raise refusal(Code.NOT_FOUND, "id")
    revision = await tx.one(SHOWN_REVISIONS, household=item.id, revs=[item.rev])
    if revision is None:
        raise refusal(Code.VERSION_CONFLICT, "rev")
    _refuse_hidden_lists(remarks, principal, row["area"])
    remarks = _with_stored_paths(remarks, orjson.loads(revision["document"]), inside)
    recorders = {str(child["id"]): child["created_by"] for child in await tx.rows(RECORDERS, household=item.id)}
    subjects = [_subject(remark.path, row, recorders, principal, inside) for remark in remarks]
    late = row["rev"] != item.rev
    step = first_open(row, RETURN_VILLAGE, RETURN_REGENCY)
    if (late or step is None) and await _returned_before(tx, item, remarks):
        return WriteOutcome.UNCHANGED.value
    if late:
        raise refusal(Code.VERSION_CONFLICT, "rev")
    if step is None:
        raise refusal(Code.SELF_VERIFY if row["own"] else Code.TRANSITION_NOT_ALLOWED, "id")
    me = actor(principal, step.ability, row["area"], STAGE_OF[step])
    await tx.rows(TO_RETURNED, id=item.id, state=step.target.value)
    place = {name: row[name] for name in ("village_id", "area", "draft", "rev")}
    author = {"author_id": me.id, "author_name": me.name, "author_role": me.role, "created_by": me.id}
    for remark, (kind, recorder) in zip(remarks, subjects, strict=True):
        about = {"about": kind.value, "about_author": recorder}
        await tx.rows(ADD_REMARK, household=item.id, path=remark.path, text=remark.text, **place, **author, **about)
    await add_event(tx, row, step, me, None)
    return WriteOutcome.ACCEPTED.value


def _refuse_hidden_lists(remarks: list[RemarkInput], principal: Principal, area: str) -> None:
    """Raises Forbidden for a list whose records exist only for others, before anything tells how many there are."""
    for remark in remarks:
        if remark.path and remark.path[0] in TABLES:
            existence = NOUNS[TABLES[remark.path[0]]].row_sensitivity
            if not principal.sees(existence).covers(area):
                raise Forbidden(field=remark.path[0], kind=existence)


def _subject(
    path: list[str], row: asyncpg.Record, recorders: dict[str, uuid.UUID], principal: Principal, inside: Inside
) -> tuple[Sensitivity, uuid.UUID]:
    """The class of a remark's field and the recorder of its row.  Raises Forbidden if the caller does not see it."""
    kind = class_of(path, inside)
    _, child, _ = split_path(path)
    recorder = row["created_by"] if child is None else recorders.get(child, row["created_by"])
    if not principal.sees_of(kind, recorder).covers(row["area"]):
        raise Forbidden(field=path[-1], kind=kind)
    return kind, recorder


def _with_stored_paths(remarks: list[RemarkInput], document: Document, inside: Inside) -> list[RemarkInput]:
    """The remarks with their paths as they are stored, each once.  Raises Refused for paths that lead nowhere."""
    distinct: dict[tuple[str, ...], RemarkInput] = {}
    problems = []
    for position, remark in enumerate(remarks):
        path = stored_path(remark.path, document, inside)
        if path is None:
            problems.append(Problem(Code.UNKNOWN_FIELD, ("remarks", str(position), "path")))
        else:
            distinct.setdefault((*path, remark.text), RemarkInput(path, remark.text))
    if problems:
        raise Refused(*problems)
    return list(distinct.values())


async def _returned_before(tx: Transaction, item: Item, remarks: list[RemarkInput]) -> bool:
    """Whether the caller returned this revision with just these remarks, in whatever order."""
    returns: dict[dt.datetime, set[tuple[str, ...]]] = {}
    for row in await tx.rows(MY_REMARKS, household=item.id, rev=item.rev):
        returns.setdefault(row["created_at"], set()).add((*row["path"], row["text"]))
    return {(*remark.path, remark.text) for remark in remarks} in returns.values()
