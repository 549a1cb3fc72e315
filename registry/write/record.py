"""The write path: how any record is saved, from what a caller sent to the stored row.

    require → seal → lock → class check → known retry? → merge → judge → store with revision and audit row

What differs between kinds of records stands in their `Submission`: `registry/write/household.py`, the largest, and
`registry/write/village_record.py`.
Rule: sent twice, a record is stored once (UNCHANGED); two edits of different columns are both kept (MERGED); a conflict
stores nothing (REJECTED); every accepted content is a revision.
Tests: tests/test_submission.py, tests/test_late.py, tests/test_new_noun.py.
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from contextlib import suppress
from functools import cache
from typing import Any

import asyncpg

from auth.ability import Ability
from auth.errors import Forbidden
from auth.principal import Principal
from auth.sensitivity import Sensitivity
from registry.codes import WriteOutcome
from registry.codes.messages import UserErrorCode as Code
from registry.guard.vault import Vault
from registry.models.fact import fact_of
from registry.models.noun import Noun
from registry.models.part import Aggregate
from registry.store.db import Database, Transaction
from registry.write.command import audit, audit_refusal, require
from registry.write.document import Document, Merged, merge, seal
from registry.write.probing import count_taken
from registry.write.retry import edit_hash
from registry.write.submission_context import Authors, Outcome, Submission, SubmissionContext
from registry.write.user_errors import IdTaken, Problem, Refused, refuse
from registry.write.village_lookup import named_village

OPTIMISTIC_LOCK_TIMEOUT_MS = 100
"""Lock timeout of the optimistic insert, so that a resend does not block other submissions of the village."""
DEADLOCK_PAUSE_MS = 200
"""Longest pause before a submission begins again that PostgreSQL ended because of a deadlock."""


async def save(
    database: Database, vault: Vault, principal: Principal, submission: Submission, taken_ids: int
) -> Outcome:
    """Store a record, or return why it is not stored.

    `taken_ids` is how many ids of other records a caller may name in an hour.

    Raises Forbidden without the ability, or without the class of a column that was sent, and RateLimited."""
    edit, ability = submission.edit, submission.ability
    await require(database, principal, ability, submission.id)
    seal(edit, vault)
    submission.edit_hash = edit_hash(edit, submission.base_rev, submission.village, **submission.hashed)
    try:
        submission.check()
        if edit.taken:
            raise Refused(*[Problem(Code.ID_TAKEN, path) for path in edit.taken])
        return await _attempted(database, vault, principal, submission)
    except IdTaken as taken:
        await count_taken(database, principal, submission, taken.id, taken_ids)
        return _rejected(taken)
    except Refused as refused:
        codes = ",".join(sorted({problem.code.value for problem in refused.problems}))
        await audit_refusal(database, principal, ability, submission.id, codes)
        return _rejected(refused)
    except Forbidden:
        await audit_refusal(database, principal, ability, submission.id, Forbidden.code)
        raise


def _rejected(refused: Refused) -> Outcome:
    return Outcome(None, tuple(refused.problems), WriteOutcome.REJECTED)


async def _attempted(database: Database, vault: Vault, principal: Principal, submission: Submission) -> Outcome:
    """Try it as a new record of the caller's own village, if it may be one; else look first."""
    if (village := submission.own_village(principal)) is not None:
        # It exists, or somebody holds the lock, or it is an edit: then look.
        with suppress(Refused, asyncpg.LockNotAvailableError):
            return await _once(database, vault, principal, submission, village)
    try:
        return await _once(database, vault, principal, submission)
    except IdTaken:
        pass  # it came while we looked, perhaps by this very request sent twice: then it is there now
    except asyncpg.DeadlockDetectedError:
        # Two submissions each wait for an id that the other has entered.  PostgreSQL may end both, so they do not begin
        # again in the same moment.
        await asyncio.sleep(secrets.randbelow(DEADLOCK_PAUSE_MS) / 1000)
    return await _once(database, vault, principal, submission)


async def _once(
    database: Database, vault: Vault, principal: Principal, submission: Submission, new_in: uuid.UUID | None = None
) -> Outcome:
    """One attempt; with `new_in` as a new record of this village, without looking first.

    Raises Refused and IdTaken, and with `new_in` asyncpg.LockNotAvailableError."""
    lock_timeout = 0 if new_in is None else OPTIMISTIC_LOCK_TIMEOUT_MS
    async with database.write(principal, submission.setting, lock_timeout) as tx:
        if new_in is None:
            work = await _locked(tx, principal, vault, submission)
        else:
            edit, area = submission.edit, str(submission.village)
            work = SubmissionContext(tx, principal, vault, submission, edit, None, new_in, area, edit.aggregate.empty())
        await submission.locate(work)
        check_classes(work)
        return await _applied(work)


# --- what is there ----------------------------------------------------------------------------------------------------


async def _locked(tx: Transaction, principal: Principal, vault: Vault, submission: Submission) -> SubmissionContext:
    """Lock the record, and find its village and its newest revision.  Raises Refused."""
    edit = submission.edit
    begun = await tx.one(submission.lock, id=submission.id, code=submission.village)
    assert begun is not None
    row = begun if begun["id"] is not None else None
    if row is None and submission.base_rev is not None:  # an edit of what does not exist, or not for the caller
        raise refuse(Code.NOT_FOUND, *edit.root_path("id"))
    village, area, notes = _place(principal, submission, begun, row)
    current, authors = edit.aggregate.empty(), Authors()
    if row is not None:
        stored = await submission.revision(tx, row["rev"])
        assert stored is not None, "every content of a record is a revision"
        current, authors = stored, await submission.authors(tx, row)
    return SubmissionContext(tx, principal, vault, submission, edit, row, village, area, current, authors, notes)


def _place(
    principal: Principal, submission: Submission, begun: asyncpg.Record, row: asyncpg.Record | None
) -> tuple[uuid.UUID, str, list[Problem]]:
    """The id and the code of the village in which the record is to lie, and what to remark on it.  Raises Refused."""
    path = submission.edit.root_path("village_id")
    if submission.village is not None:
        place, notes = named_village(begun["regions"], submission.village, path)
        if not principal.areas(submission.ability).covers(place["code"]):
            raise refuse(Code.OUT_OF_SCOPE, *path)
        return uuid.UUID(place["id"]), place["code"], notes
    if row is not None:
        return row["village_id"], row["area"], []
    raise refuse(Code.REQUIRED, *path)


def check_classes(work: SubmissionContext) -> None:
    """Raises Forbidden for a column whose class the caller does not see in the record's area.

    `own` cells of the policy open a class only in records that the caller recorded."""
    principal, area, aggregate = work.principal, work.area, work.edit.aggregate
    seen = frozenset(kind for kind in Sensitivity if principal.sees(kind).covers(area))
    seen_in_own = seen.union(kind for kind in Sensitivity if principal.own(Ability.of(kind)).covers(area))
    for table, records in work.edit.sent.items():
        for id_, columns in records.items():
            own = work.authors.get((table, id_), principal.user_id) == principal.user_id
            writable = _columns(aggregate, table, seen_in_own if own else seen)
            if refused := columns.keys() - writable:
                column = min(refused)
                kind = fact_of(_column(aggregate.nouns[table], column)).sensitivity
                raise Forbidden(field=work.edit.path((table, id_, column))[-1], kind=kind)


def _column(noun: type[Noun], name: str) -> Any:
    return noun.__table__.c[name]


@cache
def _columns(aggregate: Aggregate, table: str, kinds: frozenset[Sensitivity]) -> frozenset[str]:
    """The columns of these classes that people fill in."""
    return frozenset(column.name for column in aggregate.typed[table] if fact_of(column).sensitivity in kinds)


# --- what becomes of it -----------------------------------------------------------------------------------------------


async def _applied(work: SubmissionContext) -> Outcome:
    submission = work.submission
    if work.row is not None and await submission.accepted_before(work.tx):
        return await _unchanged(work)
    merged = _merged(work, await _base(work))
    judged = submission.judge(work, merged)
    if judged is None:
        return await _unchanged(work)
    others_changed = work.row is not None and submission.base_rev != work.rev
    outcome = WriteOutcome.MERGED if others_changed and merged.changed else WriteOutcome.ACCEPTED
    await submission.store(work, merged, judged, outcome)
    return Outcome(work.id, tuple(work.notes), outcome)


async def _unchanged(work: SubmissionContext) -> Outcome:
    outcome = WriteOutcome.UNCHANGED
    await audit(work.tx, work.principal, work.submission.ability, work.id, outcome.value, rev=work.rev)
    return Outcome(work.id, tuple(work.notes), outcome)


async def _base(work: SubmissionContext) -> Document:
    """The document from which the edit started.  Raises Refused for a revision that never was."""
    base_rev = work.submission.base_rev
    if work.row is None:
        return work.current
    if base_rev is None:
        return work.submission.unbased(work.current)
    if base_rev == work.rev:
        return work.current
    document = await work.submission.revision(work.tx, base_rev)
    if document is None:
        raise refuse(Code.VERSION_CONFLICT, "baseRev")
    return document


def _merged(work: SubmissionContext, base: Document) -> Merged:
    """What the edit makes of the record as it is stored.  Raises Refused where both sides changed the same."""
    edit = work.edit
    if problems := [*work.submission.drop_unchanged(edit, work.current, base)]:
        raise Refused(*problems)
    merged = merge(base, work.current, edit)
    if work.submission.base_rev is None:  # what was removed comes back only by an edit that knows of it
        for table in edit.aggregate.children:
            removed = [
                id_ for id_ in edit.sent[table] if (table, id_) in work.authors and id_ not in work.current[table]
            ]
            merged.conflicts += [(table, id_, "id") for id_ in removed]
    if merged.conflicts:
        raise Refused(*[Problem(Code.VERSION_CONFLICT, edit.path(at)) for at in merged.conflicts])
    return merged
