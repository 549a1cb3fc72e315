"""Accounts and grants: who works with the registry, in which area and for how long.

Rule: a grant names a region by its id, so it follows every recoding; callers see only their own account and grants.
Tests: tests/test_wall.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped

from auth.ability import Ability
from auth.policy import cell
from auth.role import Role
from auth.sensitivity import Sensitivity
from registry.models.fact import Derived, Fact, StatementContext, fact
from registry.models.noun import SCHEMA, Noun, const, table_of
from registry.models.region import REGION
from registry.values.bounds import NAME
from registry.values.civil_day import NOW_IN_CAPITAL

SYSTEM = Sensitivity.SYSTEM


class Account(Noun):
    """Akun: a member of staff or a service."""

    __tablename__ = "account"
    row_sensitivity = SYSTEM
    id: Mapped[uuid.UUID] = fact(SYSTEM, "Id", "Id", primary_key=True)
    username: Mapped[str] = fact(SYSTEM, "Nama pengguna", "User name", unique=True, longest=100)
    name: Mapped[str] = fact(SYSTEM, "Nama", "Name", longest=NAME)
    active: Mapped[bool] = fact(SYSTEM, "Aktif", "Active", server_default=sa.true())
    service: Mapped[bool] = fact(SYSTEM, "Akun layanan", "Service account", server_default=sa.false())
    signed_out_at: Mapped[dt.datetime | None] = fact(
        SYSTEM, "Keluar semua", "Signed out everywhere at: sessions begun before have ended", server=True
    )


class GrantRecord(Noun):
    """Penugasan: a role in an area for a time.  `region_id` is null exactly for the whole country."""

    __tablename__ = "grants"
    row_sensitivity = SYSTEM
    id: Mapped[uuid.UUID] = fact(SYSTEM, "Id", "Id", primary_key=True, server_default=sa.func.gen_random_uuid())
    user_id: Mapped[uuid.UUID] = fact(SYSTEM, "Akun", "Account", sa.ForeignKey(f"{SCHEMA}.account.id"), index=True)
    role: Mapped[Role] = fact(SYSTEM, "Peran", "Role", sa.Text(), longest=40, closed=Role)
    region_id: Mapped[uuid.UUID | None] = fact(
        SYSTEM, "Wilayah", "Region", sa.ForeignKey(f"{SCHEMA}.region.id"), index=True
    )
    national: Mapped[bool] = fact(SYSTEM, "Nasional", "Whole country", server_default=sa.false())
    valid_from: Mapped[dt.date] = fact(SYSTEM, "Berlaku sejak", "Valid from")
    valid_to: Mapped[dt.date | None] = fact(SYSTEM, "Berlaku sampai", "Valid to, that day included")
    granted_by: Mapped[uuid.UUID | None] = fact(SYSTEM, "Pemberi", "Granted by")
    seq: Mapped[int] = fact(
        SYSTEM,
        "Urutan",
        "When granted or revoked, in the sync feed's count",
        sa.BigInteger(),
        server_default="0",
        server=True,
    )
    active: Mapped[bool] = fact(SYSTEM, "Aktif", "Active", server_default=sa.true())
    __table_args__ = (sa.CheckConstraint("national = (region_id IS NULL)", name="ck_grants_national"),)


def in_force(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: the grant holds today (civil day of the capital), and its region still exists."""
    today = sa.cast(NOW_IN_CAPITAL, sa.Date())
    has_begun = row.c.valid_from <= today
    is_not_over = sa.func.coalesce(row.c.valid_to >= today, sa.true())
    region_is_closed = sa.exists().where(REGION.c.id == row.c.region_id, REGION.c.valid_to.is_not(None)).correlate(row)
    return sa.and_(row.c.active, has_begun, is_not_over, sa.not_(region_is_closed))


def _derived(name: str, type_: sa.types.TypeEngine[Any], label_id: str, label_en: str, expression: Any) -> Derived[Any]:
    return Derived(name, Fact(SYSTEM, label_id, label_en, server=True), expression, type_)


def _abilities(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # CASE WHEN (t$1.role = 'OFFICER') THEN CAST('{HOUSEHOLD_SUBMIT,SEE_OPEN,…}' AS TEXT[]) WHEN … END
    cases = []
    for role in Role:
        names = sorted(ability.name for ability in Ability if cell(ability, role))
        array = sa.cast(const("{" + ",".join(names) + "}"), ARRAY(sa.Text()))
        cases.append((row.c.role == const(role.value), array))
    return sa.case(*cases)


abilities: Derived[list[Ability]] = _derived(
    "abilities", ARRAY(sa.Text()), "Kewenangan", "What the grant allows", _abilities
)
all_abilities: Derived[list[Ability]] = _derived(
    "all_abilities",
    ARRAY(sa.Text()),
    "Semua kewenangan",
    "Everything that at least one grant allows somewhere",
    lambda row, ctx: ctx.claim("abilities", ARRAY(sa.Text())),
)
must_change_password: Derived[bool] = _derived(
    "must_change_password",
    sa.Boolean(),
    "Wajib ganti sandi",
    "Must change the password before anything else",
    lambda row, ctx: ctx.claim("must_change_password", sa.Boolean()),
)
expires_at: Derived[dt.datetime] = _derived(
    "expires_at",
    sa.DateTime(timezone=True),
    "Berlaku sampai",
    "When this token expires",
    lambda row, ctx: ctx.claim("expires_at", sa.DateTime(timezone=True)),
)

acting_for: Derived[uuid.UUID | None] = _derived(
    "acting_for",
    sa.Uuid(),
    "Atas nama",
    "The user for whom a service acts",
    lambda row, ctx: ctx.claim("acting_for", sa.Uuid()),
)
acting_for_name: Derived[str] = _derived(
    "acting_for_name",
    sa.Text(),
    "Nama",
    "Their name",
    lambda row, ctx: ctx.claim("acting_for_name", sa.Text()),
)
acting_for_role: Derived[Role] = _derived(
    "acting_for_role",
    sa.Text(),
    "Peran",
    "Their role; of several, the first of the policy's page",
    lambda row, ctx: ctx.claim("acting_for_role", sa.Text()),
)


def is_me(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: the account that sent the request; of a service that acts for a user, the service's."""
    return row.c.id == ctx.claim("caller", sa.Uuid())


ACCOUNT, GRANTS = table_of(Account), table_of(GrantRecord)
