"""Reveal: one identity number in full, once, with a purpose and an audit row.

Rule: there is no other way to a full number.  It is looked up by record, type and field together, an account may open a
limited number in an hour, and the audit row is written before the number leaves the transaction.
Tests: tests/test_vault.py, tests/test_record_id.py, tests/test_quota.py.
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from auth.ability import Ability
from auth.errors import RateLimited
from auth.principal import Principal
from registry.codes import AccessPurpose, IdentityField, WriteOutcome
from registry.codes.messages import UserErrorCode as Code
from registry.guard.quota import Metered, take
from registry.guard.vault import Vault
from registry.models.audit import AUDIT
from registry.models.household_aggregate import NOUNS, SEALED
from registry.models.identity import IDENTITY
from registry.models.noun import const, table_of
from registry.store.db import Database, Transaction
from registry.store.sql import Sql, arg
from registry.write.command import audit, audit_refusal, require
from registry.write.user_errors import Problem, unfit

ABILITY = Ability.IDENTITY_REVEAL


def _numbers(name: str) -> sa.Select[Any]:
    """A record of one type with its number of the field, which names the record and lies in the same household."""
    record = table_of(NOUNS[name])
    own = {field.value for (noun, _), field in SEALED.items() if noun == name}
    number = sa.and_(
        IDENTITY.c.subject_id == record.c.id,
        IDENTITY.c.household_id == (record.c.id if name == "household" else record.c.household_id),
        IDENTITY.c.field == arg("field", sa.Text()),
        IDENTITY.c.field.in_([const(field) for field in sorted(own)]),
        IDENTITY.c.archived_at.is_(None),
    )
    return (
        sa.select(record.c.area, IDENTITY.c.key_id, IDENTITY.c.sealed)
        .select_from(record.outerjoin(IDENTITY, number))
        .where(record.c.id == arg("id", sa.Uuid()), record.c.archived_at.is_(None))
    )


FIND = Sql(sa.union_all(*[_numbers(name) for name in sorted({noun for noun, _ in SEALED})]))
"""The record of an id, and its number of a field or nulls: one row at most, because an id names one record."""


NOTED = frozenset({AccessPurpose.PROTECTION, AccessPurpose.DATA_SUBJECT_REQUEST, AccessPurpose.LEGAL_ORDER})
"""Purposes that come from outside the record: the note names the case, the request or the order."""
SHORTEST_NOTE = 5
"""The fewest letters and digits of a note that is required."""


@dataclass(frozen=True)
class Request:
    """Which number of which record, and why."""

    subject: uuid.UUID
    field: IdentityField
    purpose: AccessPurpose
    note: str | None


@dataclass(frozen=True)
class Revealed:
    """The number in full; None if the record has none, or if there are problems."""

    value: str | None
    problems: tuple[Problem, ...] = ()


def _unexplained(request: Request) -> tuple[Problem, ...]:
    """A problem if the purpose requires a note and the note says too little."""
    if request.purpose not in NOTED or sum(letter.isalnum() for letter in request.note or "") >= SHORTEST_NOTE:
        return ()
    return (Problem(Code.PURPOSE_REQUIRED, ("note",), {"shortest": str(SHORTEST_NOTE)}),)


async def reveal(database: Database, vault: Vault, principal: Principal, request: Request, per_hour: int) -> Revealed:
    """The number of a record; NOT_FOUND for absent and hidden records alike.

    Raises Forbidden, and RateLimited for callers that made `per_hour` requests in the last hour, granted or not."""
    subject = request.subject
    await require(database, principal, ABILITY, subject)
    audited = {"field": request.field.value, "purpose": request.purpose.value, "note": request.note}
    if problems := unfit(AUDIT.c.note, request.note, "note") or _unexplained(request):
        await audit_refusal(database, principal, ABILITY, subject, problems[0].code.value, **audited | {"note": None})
        return Revealed(None, problems)
    async with database.write(principal, "reveal") as tx:
        if wait := await take(tx, principal.user_id, Metered.REVEAL, per_hour):
            await audit(tx, principal, ABILITY, subject, RateLimited.code, **audited)
        else:
            value, exists = await _opened(tx, vault, principal, request)
            outcome = WriteOutcome.ACCEPTED.value if exists else Code.NOT_FOUND.value
            await audit(tx, principal, ABILITY, subject, outcome, **audited)
    if wait:
        raise RateLimited(wait)
    return Revealed(value, () if exists else (Problem(Code.NOT_FOUND, ("id",)),))


async def _opened(tx: Transaction, vault: Vault, principal: Principal, request: Request) -> tuple[str | None, bool]:
    """The number or None, and whether the record exists for the caller."""
    records = await tx.rows(FIND, id=request.subject, field=request.field.value)
    if len(records) != 1 or not principal.areas(ABILITY).covers(records[0]["area"]):
        return None, False
    (row,) = records
    if row["sealed"] is None:
        return None, True
    sealed = base64.b64encode(row["sealed"]).decode()
    return vault.open(request.subject, request.field, row["key_id"], sealed), True
