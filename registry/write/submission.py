"""Submit a household: save a new, drafted, returned or own submitted one, as a whole; or amend one that others have
verified or are verifying, with a reason.

Rule: sent twice, it is stored once (UNCHANGED); two edits of different columns are both kept (MERGED); a clash stores
nothing; every accepted content is a revision.  What saving leads to in which state is the table in
`registry/models/workflow.py`.  Tests: tests/test_submission.py, tests/test_late.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa

from auth.ability import Ability
from auth.errors import Forbidden
from auth.principal import Principal
from auth.sensitivity import Sensitivity
from registry.codes import Severity, WorkflowState, WriteOutcome
from registry.codes.messages import UserErrorCode as Code
from registry.guard.vault import Vault
from registry.models.aggregate import CHILDREN, LISTS, NOUNS, REFERENCES, TYPED
from registry.models.fact import fact_of
from registry.models.household import HOUSEHOLD
from registry.models.noun import table_of
from registry.models.workflow import EVENT, STEP_OF, Act, Step, Verdict, saving
from registry.rules import Finding, check
from registry.store.db import Database, Transaction
from registry.store.sql import CLAIM, Sql, arg
from registry.values.text import says_something
from registry.write import household_sql
from registry.write.command import audit, audit_refusal, require
from registry.write.document import Document, Merged, empty, merge, opened, seal
from registry.write.persist import SUBMITTED, save
from registry.write.probing import count_taken
from registry.write.retry import ACCEPTED_BEFORE, edit_hash
from registry.write.submission_context import Submission, SubmissionContext
from registry.write.unchanged import drop_unchanged
from registry.write.user_errors import IdTaken, Problem, Refused, refuse, unfit
from registry.write.village_lookup import PLACE, locate, move_along, named_village

S = WorkflowState
MOST_CHILDREN = 50
OPTIMISTIC_LOCK_TIMEOUT_MS = 100
"""Milliseconds that a household which may be none waits for the village's numbers, while others may wait for it."""


class _Asker:
    """Lets the state table be part of a command's own statement."""

    def areas(self, setting: str) -> Any:
        return sa.select(sa.func.registry.areas(sa.literal_column(f"'{setting}'"))).scalar_subquery()

    def claim(self, name: str, type_: Any) -> Any:
        return arg(CLAIM + name, type_)

    argument = claim


ASK = _Asker()
_NEEDED = ("id", "village_id", "area", "created_by", "workflow_state", "rev", *SUBMITTED)


def _begin_sql(step: Step) -> Sql:
    """One row: the regions of the village code, and the household under lock, or nulls in its place."""
    columns = [*[HOUSEHOLD.c[name] for name in _NEEDED], step.allowed(HOUSEHOLD, ASK).label("allowed")]
    here = (HOUSEHOLD.c.id == arg("id", sa.Uuid()), HOUSEHOLD.c.archived_at.is_(None))
    locked = sa.select(*columns).where(*here).with_for_update().cte("locked")
    return Sql(sa.select(PLACE.c.regions, locked).select_from(PLACE.outerjoin(locked, sa.true())))


BEGIN = {act: _begin_sql(step) for act, step in STEP_OF.items()}


@dataclass
class Outcome:
    """What became of it; `record` is the household as stored, None where nothing is."""

    outcome: WriteOutcome
    record: uuid.UUID | None
    problems: tuple[Problem, ...] = ()


async def submit(
    database: Database,
    vault: Vault,
    principal: Principal,
    submission: Submission,
    taken_ids: int,
) -> Outcome:
    """Store it, or say why not; `taken_ids` is how many ids of others one may name in an hour.

    Raises Forbidden without the ability, or the class of a column that was sent, and RateLimited."""
    edit, subject = submission.edit, uuid.UUID(submission.edit.household)
    ability = submission.step.ability
    await require(database, principal, ability, subject)
    seal(edit, vault)
    submission.edit_hash = edit_hash(edit, submission.base_rev, submission.village, act=submission.act.value)
    try:
        _check_reason(submission)
        if edit.taken:
            raise Refused(*[Problem(Code.ID_TAKEN, path) for path in edit.taken])
        return await _attempted(database, vault, principal, submission)
    except IdTaken as taken:
        await count_taken(database, principal, submission.step, subject, taken.id, taken_ids)
        return Outcome(WriteOutcome.REJECTED, None, tuple(taken.problems))
    except Refused as refused:
        codes = ",".join(sorted({p.code.value for p in refused.problems}))
        await audit_refusal(database, principal, ability, subject, codes)
        return Outcome(WriteOutcome.REJECTED, None, tuple(refused.problems))
    except Forbidden:
        await audit_refusal(database, principal, ability, subject, Forbidden.code)
        raise


def _check_reason(submission: Submission) -> None:
    """An amendment says why, and goes on to what it changed.  Raises Refused."""
    if submission.act is not Act.AMEND:
        return
    if not says_something(submission.reason or ""):
        raise refuse(Code.REASON_REQUIRED, "reason")
    if problems := unfit(EVENT.c.reason, submission.reason, "reason"):
        raise Refused(*problems)


async def _attempted(database: Database, vault: Vault, principal: Principal, submission: Submission) -> Outcome:
    """As a new household of the caller's own village, where it may be one; else by what is there."""
    if (village := _own_village(principal, submission)) is not None:
        with suppress(Refused, asyncpg.LockNotAvailableError):  # it is there, or nobody can tell soon, or is an edit
            return await _once(database, vault, principal, submission, village)
    try:
        return await _once(database, vault, principal, submission)
    except IdTaken:  # it came while we looked, perhaps by this very request sent twice: then it is there now
        pass
    except asyncpg.DeadlockDetectedError:
        # Two submissions each wait for an id that the other has entered.  PostgreSQL may end both, so they do not begin
        # again in the same moment.
        await asyncio.sleep(secrets.randbelow(200) / 1000)
    return await _once(database, vault, principal, submission)


def _own_village(principal: Principal, submission: Submission) -> uuid.UUID | None:
    """The id of the village, where one of the caller's grants is for just that and the household may be new.

    Most are, and need no look; whether it is, and the region one of today's villages, the writing statement knows."""
    code = submission.village
    if submission.base_rev is not None or code is None or not principal.areas(submission.step.ability).covers(code):
        return None
    return next((grant.region_id for grant in principal.grants if code in grant.area.codes), None)


async def _once(
    database: Database, vault: Vault, principal: Principal, submission: Submission, new_in: uuid.UUID | None = None
) -> Outcome:
    """One attempt; with `new_in` as a new household of this village, in a hurry.

    Raises Refused and IdTaken, and with `new_in` asyncpg.LockNotAvailableError."""
    setting = submission.step.setting
    async with database.write(principal, setting, OPTIMISTIC_LOCK_TIMEOUT_MS if new_in else 0) as tx:
        if new_in is None:
            work = await _begin(tx, principal, vault, submission)
        else:
            area = str(submission.village)
            work = SubmissionContext(tx, principal, vault, submission, submission.edit, None, new_in, area, empty())
        await locate(work)
        _check_classes(work)
        return await _apply(work)


async def _begin(tx: Transaction, principal: Principal, vault: Vault, submission: Submission) -> SubmissionContext:
    """Lock the household and find its village."""
    edit, wanted = submission.edit, submission.village
    begun = await tx.one(BEGIN[submission.act], id=uuid.UUID(edit.household), code=wanted)
    assert begun is not None
    row = begun if begun["id"] is not None else None
    if row is None and submission.base_rev is not None:  # an edit of what is not there, or not for him
        raise refuse(Code.NOT_FOUND, "household", "id")
    notes: list[Problem] = []
    if wanted is not None:
        place, notes = named_village(begun["regions"], wanted, ("household", "villageCode"))
        village, area = uuid.UUID(place["id"]), place["code"]
        if not principal.areas(submission.step.ability).covers(area):
            raise refuse(Code.OUT_OF_SCOPE, "household", "villageCode")
    elif row is not None:
        village, area = row["village_id"], row["area"]
    else:
        raise refuse(Code.REQUIRED, "household", "villageCode")
    current: Document = empty()
    authors: dict[tuple[str, str], uuid.UUID] = {}
    if row is not None:
        found = await tx.one(household_sql.REVISIONS, household=row["id"], revs=[row["rev"]])
        assert found is not None
        current = orjson.loads(found["document"])
        parts = await tx.rows(household_sql.AUTHORS, household=row["id"])
        authors = {(part["noun"], str(part["id"])): part["created_by"] for part in parts}
        authors["household", edit.household] = row["created_by"]
    return SubmissionContext(tx, principal, vault, submission, edit, row, village, area, current, authors, notes)


def _check_classes(work: SubmissionContext) -> None:
    """One needs the class of every column one sends, in the row's area; `own` cells need the row to be one's own."""
    principal, area = work.principal, work.area
    seen = frozenset(kind for kind in Sensitivity if principal.sees(kind).covers(area))
    of_mine = seen.union(kind for kind in Sensitivity if principal.own(Ability.of(kind)).covers(area))
    for table, records in work.edit.sent.items():
        for id_, columns in records.items():
            own = work.authors.get((table, id_), principal.user_id) == principal.user_id
            if refused := columns.keys() - _columns(table, of_mine if own else seen):
                column = min(refused)
                kind = fact_of(table_of(NOUNS[table]).c[column]).sensitivity
                raise Forbidden(field=work.edit.path((table, id_, column))[-1], kind=kind)


@cache
def _columns(table: str, kinds: frozenset[Sensitivity]) -> frozenset[str]:
    """The columns of these classes that may be sent."""
    return frozenset(column.name for column in TYPED[table] if fact_of(column).sensitivity in kinds)


async def _apply(work: SubmissionContext) -> Outcome:
    submission = work.submission
    if await _accepted_before(work):
        return await _unchanged(work)
    merged = _merged(work, await _base(work, submission.base_rev))
    merged.changed |= move_along(work, merged.document)
    changed = merged.changed or work.moved
    outcome = saving(submission.act, work.state, changed=changed, based=submission.base_rev is not None)
    if outcome is Verdict.UNCHANGED:
        return await _unchanged(work)
    if outcome is Verdict.REFUSED or not _allowed(work):
        raise refuse(Code.TRANSITION_NOT_ALLOWED, *_refused_at(work))
    findings = _findings(work, merged.document, finished=outcome is S.SUBMITTED)
    others = work.row is not None and submission.base_rev != work.rev
    written = WriteOutcome.MERGED if others and merged.changed else WriteOutcome.ACCEPTED
    await save(work, merged.document, outcome, findings, written, changed=merged.changed or work.row is None)
    return Outcome(written, work.id, tuple(work.notes))


async def _accepted_before(work: SubmissionContext) -> bool:
    sent = work.submission.edit_hash
    return work.row is not None and bool(await work.tx.value(ACCEPTED_BEFORE, household=work.id, edit_hash=sent))


async def _unchanged(work: SubmissionContext) -> Outcome:
    ability = work.submission.step.ability
    await audit(work.tx, work.principal, ability, work.id, WriteOutcome.UNCHANGED.value, rev=work.rev)
    return Outcome(WriteOutcome.UNCHANGED, work.id, tuple(work.notes))


def _merged(work: SubmissionContext, base: Document) -> Merged:
    """What the edit makes of the household as it is.  Raises Refused where both sides changed the same."""
    if problems := drop_unchanged(work.edit, work.current, base):
        raise Refused(*problems)
    merged = merge(base, work.current, work.edit)
    if work.submission.base_rev is None:  # what was taken out comes back only by an edit that knows of it
        for table in CHILDREN:
            gone = [i for i in work.edit.sent[table] if (table, i) in work.authors and i not in work.current[table]]
            merged.conflicts += [(table, id_, "id") for id_ in gone]
    if merged.conflicts:
        raise Refused(*[Problem(Code.VERSION_CONFLICT, work.edit.path(at)) for at in merged.conflicts])
    return merged


def _allowed(work: SubmissionContext) -> bool:
    """The state table opens this act to the caller, for a household that stays where it is; a draft may move."""
    if work.row is None:
        return True
    return bool(work.row["allowed"]) and (not work.moved or work.state is S.DRAFT)


def _refused_at(work: SubmissionContext) -> tuple[str, ...]:
    if work.moved:
        return "household", "villageCode"
    return ("saveAs",) if work.submission.act is Act.DRAFT else ("household", "id")


async def _base(work: SubmissionContext, base_rev: int | None) -> Document:
    """The document that the edit began from; without one, nothing, so that every difference counts as a change."""
    if work.row is None or base_rev is None:
        return empty()
    if base_rev == work.rev:
        return work.current
    found = await work.tx.one(household_sql.REVISIONS, household=work.id, revs=[base_rev])
    if found is None:
        raise refuse(Code.VERSION_CONFLICT, "baseRev")
    document: Document = orjson.loads(found["document"])
    return document


def _findings(work: SubmissionContext, document: Document, *, finished: bool) -> list[Any]:
    """Judge the whole household: errors refuse, the rest is kept for the verifier."""
    for table in CHILDREN:
        if len(document[table]) > MOST_CHILDREN:
            raise refuse(Code.UNKNOWN_VALUE, "household", LISTS[table], items=str(MOST_CHILDREN))
    judged = opened(document, work.vault)
    judged["household"][work.edit.household]["village_id"] = str(work.village)
    findings = check(judged, dt.datetime.now(dt.UTC), complete=finished)
    errors = [f for f in findings if f.severity is Severity.ERROR]
    if errors:
        raise Refused(*[_problem(work, document, error) for error in errors])
    return findings


def _problem(work: SubmissionContext, document: Document, error: Finding) -> Problem:
    """An error at its place in the input; one about a member whom this edit removes says so."""
    path = work.edit.path((error.table, error.id, error.column))
    if (error.table, error.column) in REFERENCES:
        member = document[error.table][error.id].get(error.column)
        if ("member", member) in work.edit.removed:
            return Problem(Code.MEMBER_REMOVED, path)
    return Problem(error.code, path, error.params)
