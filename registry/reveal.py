"""Reveal: one number of the vault in full, once, with a purpose, and an audit row.

Rule: there is no other way to a full number; the audit row is written before the value leaves the transaction.
Test: tests/test_vault.py.
"""

from __future__ import annotations

import base64
import uuid

import sqlalchemy as sa

from auth.ability import Ability
from auth.principal import Principal
from registry.codes import AccessPurpose, IdentityField
from registry.command import audit, audit_refusal, require
from registry.db import Database, Sql, arg
from registry.document import NOUNS
from registry.messages import UserErrorCode as Code
from registry.noun import table_of
from registry.problems import Problem
from registry.vault import IDENTITY, Vault

ABILITY = Ability.IDENTITY_REVEAL
_RECORDS = [table_of(NOUNS[name]) for name in ("household", "member", "migration_episode")]
FIND = Sql(
    sa.union_all(
        *[
            sa.select(t.c.id, t.c.area).where(t.c.id == arg("id", sa.Uuid()), t.c.archived_at.is_(None))
            for t in _RECORDS
        ]
    )
)
SEALED = Sql(
    sa.select(IDENTITY.c.key_id, IDENTITY.c.sealed).where(
        IDENTITY.c.subject_id == arg("id", sa.Uuid()),
        IDENTITY.c.field == arg("field", sa.Text()),
        IDENTITY.c.archived_at.is_(None),
    )
)


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
    async with database.write(principal, "reveal") as tx:
        found = await tx.one(FIND, id=subject)
        if found is not None and principal.areas(ABILITY).covers(found["area"]):
            row = await tx.one(SEALED, id=subject, field=field.value)
            await audit(tx, principal, ABILITY, subject, "ACCEPTED", **said)
            if row is None:
                return None, ()
            return vault.open(subject, field, row["key_id"], base64.b64encode(row["sealed"]).decode()), ()
    await audit_refusal(database, principal, ABILITY, subject, Code.NOT_FOUND.value, **said)
    return None, (Problem(Code.NOT_FOUND, ("id",)),)
