"""The write path: how a record of a village is saved, a household too, from what a caller sent to the stored row.

    require → seal → lock, find the village → class check → known retry? → merge → judge → store, revision, audit row

What differs between kinds of records stands in their `Submission`: `registry/write/household.py`, the largest, and
`registry/write/village_record.py`.
Rule: sent twice, a record is stored once (UNCHANGED); two edits of different columns are both kept (MERGED); a conflict
stores nothing (REJECTED), and the kind of record decides what conflicts with an edit without `base_rev`; every accepted
content is a revision.
Tests: tests/test_submission.py, tests/test_late.py, tests/test_new_noun.py.
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from contextlib import suppress
from dataclasses import replace
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
from registry.models.aggregate import Aggregate, Document, entry_key
from registry.models.fact import fact_of
from registry.models.noun import Noun
from registry.store.db import Database, Transaction
from registry.store.outage import Deadlocked
from registry.write.code_lookup import loaded_codes
from registry.write.command import audit, audit_refusal, require
from registry.write.document import ChangeSet, Merged, copied, merge, seal, settle_whole_lists
from registry.write.named_records import refuse_unknown
from registry.write.probing import count_taken
from registry.write.retry import edit_hash
from registry.write.submission_context import Place, Recorders, SaveOutcome, Submission, SubmissionContext
from registry.write.user_errors import IdTaken, Problem, Refused, refusal
from registry.write.village_lookup import named_village

OPTIMISTIC_LOCK_TIMEOUT_MS = 100
"""Lock timeout of the optimistic insert, so that a resend does not block other submissions of the village."""
DEADLOCK_PAUSE_MS = 200
"""Longest pause before a submission begins again that PostgreSQL ended because of a deadlock."""


async def save(
    database: Database, vault: Vault, principal: Principal, submission: Submission, taken_ids: int
) -> SaveOutcome:
    """Store a record, or return why it is not stored.

    `taken_ids` is how many ids of other records a caller may name in an hour.

    Raises Forbidden without the ability, or without the class of a column that was sent, and RateLimited."""
    edit, ability = submission.edit, submission.ability
    await require(database, principal, ability, submission.id)  # which audits its own refusal
    seal(edit, vault)
    # After sealing, because a number counts by its blind index; before echoes are dropped: a retry has them too.
    submission.edit_hash = edit_hash(
        edit, submission.base_rev, submission.sent_village_code, submission.only_creates, **submission.hashed
    )
    try:
        submission.check_request()
        if edit.taken:
            raise Refused(*[Problem(Code.ID_TAKEN, path) for path in edit.taken])
        return await _attempt(database, vault, principal, submission)
    except IdTaken as taken:
        await count_taken(database, principal, ability, submission.id, taken.id, taken_ids)
        return _rejected(taken)
    except Refused as refused:
        await audit_refusal(database, principal, ability, submission.id, refused.codes)
        return _rejected(refused)
    except Forbidden:
        await audit_refusal(database, principal, ability, submission.id, Forbidden.code)
        raise


def _rejected(refused: Refused) -> SaveOutcome:
    return SaveOutcome(None, tuple(refused.problems), WriteOutcome.REJECTED)


async def _attempt(database: Database, vault: Vault, principal: Principal, submission: Submission) -> SaveOutcome:
    """Try it as a new record of the caller's own village, if it may be one; else look first."""
    if (village := submission.village_if_new(principal)) is not None:
        # It fails if the id exists, if another submission holds the lock, or if the record is refused.  The second
        # attempt decides, because it looks at what is stored: the same edit may be a retry, or merge.
        with suppress(Refused, asyncpg.LockNotAvailableError, Deadlocked):
            return await _try_once(database, vault, principal, submission, village)
    try:
        return await _try_once(database, vault, principal, submission)
    except IdTaken:
        pass  # another transaction stored this id after we looked, perhaps the same request sent twice: look again
    except Deadlocked:
        # Two submissions each wait for an id that the other has entered.  PostgreSQL may end both, so they do not begin
        # again in the same moment.
        await asyncio.sleep(secrets.randbelow(DEADLOCK_PAUSE_MS) / 1000)
    return await _try_once(database, vault, principal, submission)


def _copied(edit: ChangeSet) -> ChangeSet:
    """A change set that one attempt may alter; the next attempt starts from what was sent."""
    return replace(edit, sent=copied(edit.sent))


async def _try_once(
    database: Database, vault: Vault, principal: Principal, submission: Submission, new_in: uuid.UUID | None = None
) -> SaveOutcome:
    """One attempt; with `new_in` as a new record of this village, without looking first.

    Raises Refused and IdTaken, and with `new_in` asyncpg.LockNotAvailableError."""
    lock_timeout = 0 if new_in is None else OPTIMISTIC_LOCK_TIMEOUT_MS
    async with database.write(principal, submission.setting, lock_timeout) as tx:
        if new_in is None:
            work = await _lock(tx, principal, vault, submission)
        else:
            code, nothing = str(submission.sent_village_code), submission.edit.aggregate.empty()
            edit = _copied(submission.edit)
            work = SubmissionContext(tx, principal, vault, submission, edit, None, new_in, code, nothing)
        await submission.locate(work)
        check_classes(work)
        return await _apply(work)


# --- what is there ----------------------------------------------------------------------------------------------------


async def _lock(tx: Transaction, principal: Principal, vault: Vault, submission: Submission) -> SubmissionContext:
    """Lock the record, and find its village and its newest revision.  Raises Refused."""
    edit = _copied(submission.edit)
    locked = await tx.one(submission.lock_statement, id=submission.id, code=submission.sent_village_code)
    assert locked is not None
    row = locked if locked["id"] is not None else None
    if row is None and submission.base_rev is not None:  # an edit of what does not exist, or not for the caller
        raise refusal(Code.NOT_FOUND, *edit.root_path("id"))
    warnings: list[Problem] = []
    place = await submission.place(tx, row)
    if place is None:
        place, warnings = _village_of(principal, submission, locked["regions"], row)
    current, recorders = edit.aggregate.empty(), Recorders()
    if row is not None:
        stored = await submission.revision(tx, row["rev"])
        assert stored is not None, "every content of a record is a revision"
        current, recorders = stored, await submission.recorders(tx, row)
    table, id_ = edit.root
    edit.sent[table][id_] |= place.columns
    where = place.village_id, place.area
    return SubmissionContext(
        tx, principal, vault, submission, edit, row, *where, current, recorders, warnings, draft=place.draft
    )


def _village_of(
    principal: Principal, submission: Submission, regions: str | None, row: asyncpg.Record | None
) -> tuple[Place, list[Problem]]:
    """The village in which the record is to lie, and warnings about it.  Raises Refused.

    `regions` are those that the sent code names."""
    path = submission.edit.root_path("village_id")
    if submission.sent_village_code is not None:
        village, warnings = named_village(regions, submission.sent_village_code, path)
        if not principal.areas(submission.ability).covers(village["code"]):
            raise refusal(Code.OUT_OF_SCOPE, *path)
        return Place(uuid.UUID(village["id"]), village["code"]), warnings
    if row is not None:  # locked, so it lies where the caller may write: FOR UPDATE needs the policy `change`
        return Place(row["village_id"], row["area"]), []
    raise refusal(Code.REQUIRED, *path)


def check_classes(work: SubmissionContext) -> None:
    """Raises Forbidden for a column whose class the caller does not see in the record's area.

    `own` cells of the policy open a class only in records that the caller recorded."""
    principal, area, aggregate = work.principal, work.village_code, work.edit.aggregate
    for table in work.edit.whole:  # an empty list removes entries without naming a column
        kind = fact_of(entry_key(aggregate.nouns[table])).sensitivity
        if not principal.sees(kind).covers(area):
            raise Forbidden(field=aggregate.lists[table], kind=kind)
    seen = frozenset(kind for kind in Sensitivity if principal.sees(kind).covers(area))
    seen_in_own = seen.union(kind for kind in Sensitivity if principal.own(Ability.of(kind)).covers(area))
    for table, id_ in (*work.edit.records, *work.edit.removed):
        existence = aggregate.nouns[table].row_sensitivity
        if existence not in seen:
            raise Forbidden(field=work.edit.path((table, id_, "id"))[-1], kind=existence)
    for table, records in work.edit.sent.items():
        for id_, columns in records.items():
            own = work.recorders.get((table, id_), principal.user_id) == principal.user_id
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


async def _apply(work: SubmissionContext) -> SaveOutcome:
    """Recognise a retry, merge, look up what is named, judge and store, in this order.  Raises Refused and IdTaken."""
    submission = work.submission
    if work.row is not None and await submission.accepted_before(work.tx):
        return await _unchanged(work)
    base = await _base(work)
    merged = _merge(work, base)
    await refuse_unknown(work, merged)
    work.loaded = await loaded_codes(work.tx, work.edit.aggregate, merged.document, work.current)
    judgement = submission.judge(work, merged)
    if judgement is None:
        return await _unchanged(work)
    on_newest = base is work.current  # else the sender may not have seen all that is stored
    outcome = WriteOutcome.ACCEPTED if on_newest or not merged.changed else WriteOutcome.MERGED
    await submission.store(work, merged, judgement, outcome)
    return SaveOutcome(work.id, tuple(work.warnings), outcome)


async def _unchanged(work: SubmissionContext) -> SaveOutcome:
    outcome = WriteOutcome.UNCHANGED
    await audit(work.tx, work.principal, work.submission.ability, work.id, outcome.value, rev=work.rev)
    return SaveOutcome(work.id, tuple(work.warnings), outcome)


async def _base(work: SubmissionContext) -> Document:
    """The document from which the edit started.  Raises Refused for a revision that never was."""
    base_rev = work.submission.base_rev
    if work.row is None:
        return work.current
    if base_rev is None:
        return await work.submission.base_without_rev(work)
    if base_rev == work.rev:
        return work.current
    document = await work.submission.base(work.tx, base_rev)
    if document is None:
        raise refusal(Code.VERSION_CONFLICT, "baseRev")
    return document


def _merge(work: SubmissionContext, base: Document) -> Merged:
    """What the edit makes of the record as it is stored.  Raises Refused where both sides changed the same."""
    edit = work.edit
    if problems := [*work.submission.drop_echoes(edit, work.current, base)]:
        raise Refused(*problems)
    settle_whole_lists(edit, base, work.current)
    merged = merge(base, work.current, edit)
    if work.submission.base_rev is None:  # what was removed comes back only by an edit that knows of it
        for table in edit.aggregate.children:
            removed = [
                id_ for id_ in edit.sent[table] if (table, id_) in work.recorders and id_ not in work.current[table]
            ]
            merged.conflicts += [(table, id_, "id") for id_ in removed]
    if merged.conflicts:
        raise Refused(*[Problem(Code.VERSION_CONFLICT, edit.path(at)) for at in merged.conflicts])
    return merged
