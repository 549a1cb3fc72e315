"""Reveal: one number of the vault in full, once, with a purpose, and an audit row.

Rule: there is no other way to a full number; it is found by record, type and field together, and the audit row is
written before it leaves the transaction.  Tests: tests/test_vault.py, tests/test_record_id.py.
"""

from __future__ import annotations

import base64
import uuid
from typing import Any

import sqlalchemy as sa

from auth.ability import Ability
from auth.principal import Principal
from registry.audit import AUDIT
from registry.codes import AccessPurpose, IdentityField
from registry.command import audit, audit_refusal, require
from registry.db import Database, Sql, arg
from registry.document import NOUNS, SEALED
from registry.messages import UserErrorCode as Code
from registry.noun import const, table_of
from registry.problems import Problem, unfit
from registry.vault import IDENTITY, Vault

ABILITY = Ability.IDENTITY_REVEAL


def _numbers(name: str) -> sa.Select[Any]:
    """A record of one type, with its own number of the field: it names both, and they lie in the same household."""
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
"""The record of an id, and its number of a field or nulls: one row, because an id names one record."""


async def reveal(
    database: Database,
    vault: Vault,
    principal: Principal,
    subject: uuid.UUID,
    field: IdentityField,
    purpose: AccessPurpose,
    note: str | None,
) -> tuple[str | None, tuple[Problem, ...]]:
    """The number, or None where the record has none; NOT_FOUND alike for absent and hidden records."""
    await require(database, principal, ABILITY, subject)
    said = {"field": field.value, "purpose": purpose.value, "note": note}
    if problems := unfit(AUDIT.c.note, note, "note"):
        await audit_refusal(database, principal, ABILITY, subject, problems[0].code.value, **said | {"note": None})
        return None, problems
    async with database.write(principal, "reveal") as tx:
        records = await tx.rows(FIND, id=subject, field=field.value)
        if len(records) == 1 and principal.areas(ABILITY).covers(records[0]["area"]):
            (row,) = records
            await audit(tx, principal, ABILITY, subject, "ACCEPTED", **said)
            if row["sealed"] is None:
                return None, ()
            return vault.open(subject, field, row["key_id"], base64.b64encode(row["sealed"]).decode()), ()
    await audit_refusal(database, principal, ABILITY, subject, Code.NOT_FOUND.value, **said)
    return None, (Problem(Code.NOT_FOUND, ("id",)),)
