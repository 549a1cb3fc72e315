"""Service accounts, as the command line keeps them: the account with its areas, its operations and its keys.

Rule: each act is audited by the shell in its own transaction (registry/write/shell.py); whoever caches a service hears
of each change by the triggers of its tables.  Tests: tests/test_cli_services.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.ability import Ability
from auth.policy import REGISTERED_ONLY
from auth.service_key import ServiceKey
from registry.models.account import ACCOUNT, GRANTS
from registry.models.region import REGION
from registry.models.service import SERVICE_KEY, SERVICE_OPERATION
from registry.store.db import Transaction
from registry.store.sql import Sql, arg
from registry.values.bounds import NAME
from registry.values.civil_day import civil_day
from registry.values.text import clean
from registry.write.people import USERNAME
from registry.write.shell import WHOLE_COUNTRY, Shell

ABILITY = Ability.USER_MANAGE
"""What the audit names: what keeps accounts in the API, which reaches no service account."""
MAX_SERVICES, MAX_KEYS = 1_000, 4
(ROLE,) = REGISTERED_ONLY

_ID, _KID = arg("id", sa.Uuid()), arg("kid", sa.Text())
FIND = Sql(sa.select(ACCOUNT.c.id, ACCOUNT.c.service).where(ACCOUNT.c.username == arg("username", sa.Text())))
COUNT = Sql(sa.select(sa.func.count()).select_from(ACCOUNT).where(ACCOUNT.c.service))
ADD = Sql(
    sa.insert(ACCOUNT)
    .inline()
    .values(id=_ID, username=arg("username", sa.Text()), name=arg("name", sa.Text()), service=sa.true())
)
SET_ACTIVE = Sql(
    sa.update(ACCOUNT)
    .where(ACCOUNT.c.id == _ID, ACCOUNT.c.active != arg("active", sa.Boolean()))
    .values(active=arg("active", sa.Boolean()))
    .returning(ACCOUNT.c.id)
)
FIND_REGION = Sql(sa.select(REGION.c.id).where(REGION.c.code == arg("code", sa.Text()), REGION.c.valid_to.is_(None)))
GIVE = Sql(
    sa.insert(GRANTS)
    .inline()
    .values(
        {name: arg(name, GRANTS.c[name].type) for name in ("user_id", "role", "region_id", "national", "valid_from")}
    )
)
HASHES = Sql(
    sa.select(SERVICE_OPERATION.c.sha256, SERVICE_OPERATION.c.name).where(SERVICE_OPERATION.c.account_id == _ID)
)
REGISTER = Sql(
    sa.insert(SERVICE_OPERATION)
    .inline()
    .values(account_id=_ID, **{n: arg(n, SERVICE_OPERATION.c[n].type) for n in ("sha256", "name", "cost", "document")})
)
UNREGISTER = Sql(
    sa.delete(SERVICE_OPERATION).where(
        SERVICE_OPERATION.c.account_id == _ID, SERVICE_OPERATION.c.sha256 == sa.any_(arg("hashes", ARRAY(sa.Text())))
    )
)
OPERATIONS = Sql(
    sa.select(
        *[SERVICE_OPERATION.c[name] for name in ("name", "sha256", "cost", "registered_at", "document")],
    )
    .where(SERVICE_OPERATION.c.account_id == _ID)
    .order_by(SERVICE_OPERATION.c.name, SERVICE_OPERATION.c.sha256)
)
KEYS = Sql(
    sa.select(SERVICE_KEY.c.kid, SERVICE_KEY.c.added_at)
    .where(SERVICE_KEY.c.account_id == _ID)
    .order_by(SERVICE_KEY.c.added_at, SERVICE_KEY.c.kid)
)
ADD_KEY = Sql(sa.insert(SERVICE_KEY).inline().values(kid=_KID, account_id=_ID, public_key=arg("public_key", sa.Text())))
REMOVE_KEY = Sql(
    sa.delete(SERVICE_KEY)
    .where(SERVICE_KEY.c.account_id == _ID, SERVICE_KEY.c.kid == _KID)
    .returning(SERVICE_KEY.c.kid)
)


def _services() -> Sql:
    # SELECT username, name, id, active, (SELECT count(*) FROM service_operation …) AS operations, … AS keys, … AS areas
    # FROM account WHERE service ORDER BY username
    def count(table: sa.Table) -> Any:
        return sa.select(sa.func.count()).where(table.c.account_id == ACCOUNT.c.id).scalar_subquery()

    areas = (
        sa.select(sa.func.array_agg(sa.func.coalesce(REGION.c.code, sa.literal_column(f"'{WHOLE_COUNTRY}'"))))
        .select_from(GRANTS.outerjoin(REGION, REGION.c.id == GRANTS.c.region_id))
        .where(GRANTS.c.user_id == ACCOUNT.c.id, GRANTS.c.active)
        .scalar_subquery()
    )
    return Sql(
        sa.select(
            *[ACCOUNT.c[name] for name in ("username", "name", "id", "active")],
            areas.label("areas"),
            count(SERVICE_OPERATION).label("operations"),
            count(SERVICE_KEY).label("keys"),
        )
        .where(ACCOUNT.c.service)
        .order_by(ACCOUNT.c.username)
    )


SERVICES = _services()


class ServiceError(Exception):
    """Why a verb of service accounts does nothing."""


@dataclass(frozen=True)
class OperationToRegister:
    """A document with its SHA-256 and name, and its cost in nodes."""

    sha256: str
    name: str
    cost: int
    document: str


@dataclass(frozen=True)
class Difference:
    """What replacing the operations of a service changes: the names of those that come and go, and how many stay."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


async def find_service(shell: Shell, username: str) -> uuid.UUID:
    """The account of a service.  Raises ServiceError."""
    account = await shell.tx.one(FIND, username=username)
    if account is None or not account["service"]:
        raise ServiceError(f"There is no service account {username}: `desmigratif service list` shows them.")
    id_: uuid.UUID = account["id"]
    return id_


async def add_service(shell: Shell, username: str, name: str, areas: Sequence[str]) -> uuid.UUID:
    """Add the account of a service, which sees in these areas: codes, or WHOLE_COUNTRY.  Raises ServiceError."""
    if not USERNAME.fullmatch(username):
        raise ServiceError("The name of a service has 3 to 100 lower-case letters, digits and `.`, `_`, `+`, `@`, `-`.")
    title = clean(name)
    if not title or len(title) > NAME:
        raise ServiceError(f"Give the service a title of at most {NAME} characters.")
    if await shell.tx.one(FIND, username=username):
        raise ServiceError(f"There is an account {username} already.")
    if await shell.tx.value(COUNT) >= MAX_SERVICES:
        raise ServiceError(f"There are {MAX_SERVICES} service accounts already.")
    id_ = uuid.uuid4()
    await shell.tx.rows(ADD, id=id_, username=username, name=title)
    for area in dict.fromkeys(areas):
        region = None
        if area != WHOLE_COUNTRY and (region := await shell.tx.value(FIND_REGION, code=area)) is None:
            raise ServiceError(f"There is no region {area} today: give its dotted code, or `{WHOLE_COUNTRY}`.")
        grant = {"role": ROLE.value, "region_id": region, "national": region is None, "valid_from": civil_day()}
        await shell.tx.rows(GIVE, user_id=id_, **grant)
    await shell.audit(ABILITY, id_, f"service add, areas: {', '.join(areas) or 'none'}")
    return id_


async def replace_operations(shell: Shell, service: uuid.UUID, operations: Iterable[OperationToRegister]) -> Difference:
    """Let the service run these operations and no others."""
    difference = await put_operations(shell.tx, service, operations)
    added, removed, unchanged = len(difference.added), len(difference.removed), difference.unchanged
    note = f"service operations: {added} added, {removed} removed, {unchanged} unchanged"
    await shell.audit(ABILITY, service, note, changed=bool(added or removed))
    return difference


async def put_operations(tx: Transaction, service: uuid.UUID, operations: Iterable[OperationToRegister]) -> Difference:
    """Store these operations of the service and no others; what is stored already stays as it is."""
    stored = {row["sha256"]: row["name"] for row in await tx.rows(HASHES, id=service)}
    wanted = {operation.sha256: operation for operation in operations}
    added = [operation for sha256, operation in wanted.items() if sha256 not in stored]
    removed = [sha256 for sha256 in stored if sha256 not in wanted]
    for operation in added:
        columns = {"name": operation.name[:200], "cost": operation.cost, "document": operation.document}
        await tx.rows(REGISTER, id=service, sha256=operation.sha256, **columns)
    if removed:
        await tx.rows(UNREGISTER, id=service, hashes=removed)
    names = sorted(operation.name for operation in added), sorted(stored[sha256] for sha256 in removed)
    return Difference(tuple(names[0]), tuple(names[1]), len(stored) - len(removed))


async def add_key(shell: Shell, service: uuid.UUID, key: ServiceKey) -> None:
    """Let the service sign in by this key too.  Raises ServiceError."""
    if len(await shell.tx.rows(KEYS, id=service)) >= MAX_KEYS:
        raise ServiceError(f"The service has {MAX_KEYS} keys already: remove one that its team no longer uses.")
    try:
        await shell.tx.rows(ADD_KEY, id=service, kid=key.kid, public_key=key.public_key)
    except asyncpg.UniqueViolationError:
        raise ServiceError("This key is known already; a key belongs to one service.") from None
    await shell.audit(ABILITY, service, f"service key add {key.kid}")


async def remove_key(shell: Shell, service: uuid.UUID, kid: str) -> None:
    """Let the service sign in by this key no more.  Raises ServiceError."""
    if await shell.tx.one(REMOVE_KEY, id=service, kid=kid) is None:
        raise ServiceError("The service has no such key: `desmigratif service show` lists its keys.")
    await shell.audit(ABILITY, service, f"service key remove {kid}")


async def set_active(shell: Shell, service: uuid.UUID, active: bool) -> bool:
    """Enable or disable the account.  Returns whether that changes anything."""
    changed = await shell.tx.one(SET_ACTIVE, id=service, active=active) is not None
    verb = "enable" if active else "disable"
    await shell.audit(ABILITY, service, f"service {verb}", changed=changed)
    return changed
