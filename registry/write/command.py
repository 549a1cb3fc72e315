"""What every command does: require its ability, leave an audit row whatever happens, and record who acted.

Rule: the audit row of an accepted command is in its transaction, that of a refused one in its own.
Test: tests/test_audit.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from auth.ability import Ability
from auth.errors import Forbidden
from auth.policy import VerificationStage
from auth.principal import Principal
from registry.models.audit import AUDIT, SIGN_IN
from registry.store.db import Database, Transaction
from registry.store.sql import Sql, arg

_AUDITED = ("ability", "subject_id", "outcome", "rev", "field", "purpose", "note")
ADD_AUDIT = Sql(
    sa.insert(AUDIT)
    .inline()
    .values(
        actor_id=arg("actor_id", sa.Uuid()),
        acting_for_id=arg("acting_for_id", sa.Uuid()),
        **{n: arg(n, AUDIT.c[n].type) for n in _AUDITED},
    )
)


@dataclass(frozen=True)
class Actor:
    """Who acts, as the record keeps it."""

    id: uuid.UUID
    name: str
    role: str


def actor(principal: Principal, ability: Ability, area: str, stage: VerificationStage | None = None) -> Actor:
    """The caller, in the role that gives them the ability in this area."""
    role = principal.role_for(ability, area, stage)
    assert role is not None, "a command runs only where a grant gives its ability"
    return Actor(principal.user_id, principal.name, role.value)


async def audit(
    tx: Transaction, principal: Principal, ability: Ability | None, subject: uuid.UUID | None, outcome: str, **more: Any
) -> None:
    """Write an audit row in the command's own transaction.  It names the caller, and the user for whom they act.

    Without an ability it is an attempt to sign in."""
    values: dict[str, Any] = {"rev": None, "field": None, "purpose": None, "note": None} | more
    who = {"actor_id": principal.caller_id, "acting_for_id": principal.acting_for_id}
    action = SIGN_IN if ability is None else ability.value
    await tx.rows(ADD_AUDIT, **who, ability=action, subject_id=subject, outcome=outcome, **values)


async def audit_refusal(
    database: Database,
    principal: Principal,
    ability: Ability | None,
    subject: uuid.UUID | None,
    outcome: str,
    turn: Hashable = None,
    **more: Any,
) -> None:
    """Write the audit row of a refused command, in a transaction of its own; `turn` is as for `Database.write`."""
    async with database.write(principal, "submit", turn=turn) as tx:  # any setting: an audit row lies in no area
        await audit(tx, principal, ability, subject, outcome, **more)


async def require(database: Database, principal: Principal, ability: Ability, subject: uuid.UUID | None = None) -> None:
    """Raises Forbidden, and audits it, if neither a grant of the caller nor their session gives the ability."""
    if ability not in principal.abilities:
        await audit_refusal(database, principal, ability, subject, Forbidden.code)
        raise Forbidden(ability=ability)
