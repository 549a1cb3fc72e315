"""Officers (petugas) of a village: whose grant to do its field work covers it today.

Rule: an account is SYSTEM, but who visits a household is PERSONAL like the household; so the crossing `officers` names
them, and answers only for a village whose persons the caller sees.  Test: tests/test_officers.py.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from auth.principal import area_setting
from auth.sensitivity import Sensitivity
from registry.codes import RegionLevel
from registry.models.account import ACCOUNT, GRANTS, TODAY
from registry.models.fact import StatementContext, derived
from registry.models.field_work import covers
from registry.models.noun import TableFunction, is_one
from registry.models.region import REGION
from registry.store.sql import compiled
from registry.values.bounds import NAME

PERSONAL = Sensitivity.PERSONAL


class Officer(TableFunction):
    """The officers of the parent village; none of a village that has closed."""

    row_sensitivity = PERSONAL

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        # registry.officers(t$1.id) AS t$2
        assert parent is not None
        columns: list[sa.ColumnClause[Any]] = [sa.column("id", sa.Uuid()), sa.column("name", sa.Text())]
        columns.append(sa.column("role", sa.Text()))
        return sa.func.registry.officers(parent.c.id).table_valued(*columns, name=name)


def of_village(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: always true, because the function's argument names the village."""
    return sa.true()


def officers_of(village: sa.ColumnElement[Any], ctx: StatementContext) -> str:
    """The query of the crossing: id, name and role of the officers of the village of this id, each once."""
    # SELECT a.id, a.name, min(g.role) FROM region r, grants g, account a
    # WHERE r.id = village AND r.level = 'VILLAGE' AND r.valid_to IS NULL AND r.code <@ areas('personal')
    # AND … g covers r.code today GROUP BY a.id, a.name
    region, grant, account = REGION.alias("r"), GRANTS.alias("g"), ACCOUNT.alias("a")
    is_open = (is_one(region.c.level, RegionLevel.VILLAGE), region.c.valid_to.is_(None))
    is_seen = region.c.code.op("<@", is_comparison=True)(ctx.areas(area_setting(PERSONAL)))
    officers = (
        sa.select(account.c.id, account.c.name, sa.func.min(grant.c.role))
        .select_from(region, grant, account)
        .where(region.c.id == village, *is_open, is_seen, covers(grant, account, region.c.code, TODAY))
        .group_by(account.c.id, account.c.name)
    )
    return compiled(officers).text


@derived(PERSONAL, "Akun", "The account", sa.Uuid(), nullable=False)
def account_id(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return row.c.id


@derived(PERSONAL, "Nama", "Name", sa.Text(), nullable=False, longest=NAME)
def officer_name(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return row.c.name


@derived(PERSONAL, "Peran", "Role", sa.Text(), nullable=False, longest=40)
def officer_role(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return row.c.role
