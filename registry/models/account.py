"""Accounts and grants: who works with the registry, in which area and for how long.

Rule: a grant names a region by its id, so it follows every recoding.  Callers see their own account and grants, and
those of an area where they see the class SYSTEM.  Tests: tests/test_wall.py, tests/test_grants.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped

from auth.ability import Ability
from auth.area import COUNTRY
from auth.policy import cell
from auth.principal import SETTING_OF
from auth.role import Role
from auth.sensitivity import Sensitivity
from registry.models.fact import Derived, Fact, RegionCode, StatementContext, fact
from registry.models.noun import SCHEMA, Noun, const, table_of
from registry.models.region import REGION, REGION_ID
from registry.models.search import sound_indexes, sounds_of
from registry.store.sql import compiled
from registry.values.bounds import NAME
from registry.values.civil_day import NOW_IN_CAPITAL

SYSTEM = Sensitivity.SYSTEM


class User(Noun):
    """Akun: a member of staff or a service."""

    __tablename__ = "account"
    row_sensitivity = searched = SYSTEM
    id: Mapped[uuid.UUID] = fact(SYSTEM, "Id", "Id", primary_key=True)
    username: Mapped[str] = fact(SYSTEM, "Nama pengguna", "User name", unique=True, longest=100)
    name: Mapped[str] = fact(SYSTEM, "Nama", "Name", longest=NAME)
    active: Mapped[bool] = fact(SYSTEM, "Aktif", "Active", server_default=sa.true())
    service: Mapped[bool] = fact(SYSTEM, "Akun layanan", "Service account", server_default=sa.false())
    signed_out_at: Mapped[dt.datetime | None] = fact(
        SYSTEM, "Keluar semua", "Signed out everywhere at: sessions begun before have ended", server=True
    )
    created_by: Mapped[uuid.UUID | None] = fact(
        SYSTEM, "Pembuat", "The account that created it; null if the shell did", server=True
    )
    sounds: Mapped[list[str] | None] = sounds_of("name", SYSTEM, "name || ' ' || username")
    __table_args__ = (*sound_indexes("account"),)


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
    area: Mapped[RegionCode] = fact(
        SYSTEM, "Kode wilayah", "Code of the region, which a trigger writes; 0 for the whole country", server=True
    )
    national: Mapped[bool] = fact(SYSTEM, "Nasional", "Whole country", server_default=sa.false())
    valid_from: Mapped[dt.date] = fact(SYSTEM, "Berlaku sejak", "Valid from")
    valid_to: Mapped[dt.date | None] = fact(SYSTEM, "Berlaku sampai", "Valid to, that day included")
    granted_by: Mapped[uuid.UUID | None] = fact(SYSTEM, "Pemberi", "Granted by")
    granted_by_name: Mapped[str | None] = fact(SYSTEM, "Nama pemberi", "Name of the giver", server=True, longest=NAME)
    granted_by_role: Mapped[str | None] = fact(
        SYSTEM, "Peran pemberi", "Role of the giver", server=True, longest=40, closed=Role
    )
    approved_by: Mapped[uuid.UUID | None] = fact(SYSTEM, "Penyetuju", "Approved by", server=True)
    seq: Mapped[int] = fact(
        SYSTEM,
        "Urutan",
        "When granted or revoked, in the sync feed's count",
        sa.BigInteger(),
        server_default="0",
        server=True,
    )
    active: Mapped[bool] = fact(SYSTEM, "Aktif", "Active", server_default=sa.true())
    pending: Mapped[bool] = fact(
        SYSTEM, "Menunggu persetujuan", "Waits for a second person", server_default=sa.false(), server=True
    )
    __table_args__ = (
        sa.CheckConstraint("national = (region_id IS NULL)", name="ck_grants_national"),
        sa.CheckConstraint(f"national = (area = '{COUNTRY}')", name="ck_grants_country"),
        sa.CheckConstraint("NOT (active AND pending)", name="ck_grants_active_or_pending"),
        sa.ForeignKeyConstraint(["region_id", "area"], [REGION_ID, f"{SCHEMA}.region.code"], onupdate="CASCADE"),
        sa.Index("ix_grants_area", "area"),
    )


TODAY = sa.cast(NOW_IN_CAPITAL, sa.Date())
"""The civil day of the capital, in SQL."""


def not_ended(grant: sa.FromClause) -> sa.ColumnElement[bool]:
    """The grant gives something today or on a later day, or will when it is approved."""
    is_not_over = sa.func.coalesce(grant.c.valid_to >= TODAY, sa.true())
    return sa.and_(sa.or_(grant.c.active, grant.c.pending), is_not_over)


def in_force_on(grant: sa.FromClause, day: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """The grant gives its role on this civil day of the capital, unless it is ended before; its region still exists."""
    # g.active AND g.valid_from <= day AND coalesce(g.valid_to >= day, true) AND NOT EXISTS (SELECT … FROM region …)
    has_begun = grant.c.valid_from <= day
    is_not_over = sa.func.coalesce(grant.c.valid_to >= day, sa.true())
    its_region = (REGION.c.id == grant.c.region_id, REGION.c.valid_to.is_not(None))
    return sa.and_(grant.c.active, has_begun, is_not_over, sa.not_(sa.exists().where(*its_region).correlate(grant)))


def in_force(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: the grant gives its role today."""
    return in_force_on(row, TODAY)


def of_roles(grant: sa.FromClause, roles: Iterable[Role]) -> sa.ColumnElement[bool]:
    """The grant gives one of these roles."""
    return grant.c.role.in_([const(name) for name in sorted(role.value for role in roles)])


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
    "Wajib ganti kata sandi",
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


def is_caller(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: the account that sent the request; of a service that acts for a user, the service's."""
    return row.c.id == ctx.claim("caller", sa.Uuid())


ACCOUNT, GRANTS = table_of(User), table_of(GrantRecord)
LIVING = compiled(not_ended(GRANTS.alias("g"))).text
"""`not_ended` of the grant `g`, for policies and crossings."""


def is_national(areas: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """The areas are the whole country, which alone covers what lies in no region."""
    return sa.cast(const(COUNTRY), sa.Text()).op("<@", is_comparison=True)(areas)


def listed(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: an account that the ability to find accounts shows, by a grant in the caller's areas.

    One that never had a grant is its creator's, and of the whole country."""
    # EXISTS (SELECT 1 FROM registry.grants AS g$listed WHERE g$listed.user_id = t$1.id AND g$listed.area <@ …)
    # OR (t$1.created_by = $1 OR '0' <@ …) AND NOT registry.was_granted(t$1.id)
    grant, areas = GRANTS.alias("g$listed"), ctx.areas(SETTING_OF[Ability.USER_READ])
    here = (grant.c.user_id == row.c.id, grant.c.area.op("<@")(areas))
    granted_here = sa.exists(sa.select(const(1)).select_from(grant).where(*here).correlate(row))
    whose = sa.or_(row.c.created_by == ctx.claim("user", sa.Uuid()), is_national(areas))
    return sa.or_(granted_here, sa.and_(whose, sa.not_(sa.func.registry.was_granted(row.c.id))))


def listed_grant(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: a grant where the caller has the ability to find accounts."""
    return row.c.area.op("<@")(ctx.areas(SETTING_OF[Ability.USER_READ]))


@dataclass(frozen=True)
class HasRole:
    """Named condition: the account has a grant of one of the roles of the argument, which has not ended."""

    argument: str

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        # EXISTS (SELECT 1 FROM registry.grants AS g$role
        #         WHERE g$role.user_id = t$1.id AND … AND g$role.role = ANY ($1))
        grant = GRANTS.alias("g$role")
        is_listed = grant.c.role == sa.any_(ctx.argument(self.argument, ARRAY(sa.Text())))
        tests = (grant.c.user_id == row.c.id, not_ended(grant), is_listed)
        return sa.exists(sa.select(const(1)).select_from(grant).where(*tests).correlate(row))
