"""Posts: a role in an area, `OFFICER/35.07.11.2008`, and whose grants and accounts a caller may write by their own.

The settings of the abilities over people hold the caller's posts (auth/principal.py), so one comparison says whether
one of their grants reaches the role and the area of a grant.  The policies of the wall, the commands and `viewerCan`
are all made of the expressions below.
Rule: an account is managed by whoever may give its every grant, seen or not; nobody manages their own.
Tests: tests/test_grants.py, tests/test_people.py, tests/test_wall_staff.py.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.ability import Ability
from auth.policy import REGIONAL_ROLES
from auth.principal import SETTING_OF
from auth.sensitivity import Sensitivity
from registry.models.account import GRANTS, is_national, not_ended
from registry.models.fact import Derived, Fact, StatementContext
from registry.models.noun import const
from registry.models.workflow import granted


def is_me(column: sa.ColumnElement[Any], ctx: StatementContext) -> sa.ColumnElement[bool]:
    """The column holds the id of the user, whose grants decide; a service that acts for them is not meant."""
    return column == ctx.claim("user", sa.Uuid())


def within_posts(grant: sa.FromClause, ctx: StatementContext, ability: Ability) -> sa.ColumnElement[bool]:
    """A grant is one of the posts that the caller reaches by the ability."""
    # g.role || '/' || g.area <@ (SELECT registry.areas('give'))
    post = grant.c.role + const("/") + grant.c.area
    return post.op("<@", is_comparison=True)(ctx.areas(SETTING_OF[ability]))


def of_others(grant: sa.FromClause, ctx: StatementContext, ability: Ability) -> sa.ColumnElement[bool]:
    """A grant of somebody else that the caller reaches by the ability."""
    return sa.and_(sa.not_(is_me(grant.c.user_id, ctx)), within_posts(grant, ctx, ability))


def waits_for_second_person(grant: sa.FromClause) -> sa.ColumnElement[bool]:
    """`needs_second_person` of auth/policy.py, in SQL."""
    # g.role NOT IN ('OFFICER', …) OR strpos(g.area, '.') = 0
    regional = [const(role.value) for role in sorted(REGIONAL_ROLES, key=lambda role: role.value)]
    reaches_far = sa.func.strpos(grant.c.area, const("."), type_=sa.Integer()) == const(0)
    return sa.or_(sa.not_(grant.c.role.in_(regional)), reaches_far)


def manageable(account: sa.FromClause, ctx: StatementContext, ability: Ability) -> sa.ColumnElement[bool]:
    """An account of somebody else, all of whose grants that have not ended the caller reaches by the ability.

    One without such a grant is its creator's, and that of whoever has the ability in the whole country.  A service's is
    disabled as others are, but kept at the command line alone: it has keys and no password."""
    # registry.living_grants(a.id) = (SELECT count(*) FROM registry.grants AS g$held WHERE … one of the caller's posts)
    # AND (registry.living_grants(a.id) > 0 OR a.created_by = $1 AND … IS NOT NULL OR '0' <@ …) AND a.id <> $1
    grant, areas = GRANTS.alias("g$held"), ctx.areas(SETTING_OF[ability])
    held = (grant.c.user_id == account.c.id, not_ended(grant), within_posts(grant, ctx, ability))
    reached = sa.select(sa.func.count()).select_from(grant).where(*held).correlate(account).scalar_subquery()
    living = sa.func.registry.living_grants(account.c.id)
    created = sa.and_(is_me(account.c.created_by, ctx), areas.is_not(None))
    whose = sa.or_(living > const(0), created, is_national(areas))
    tests = [sa.not_(is_me(account.c.id, ctx)), living == reached, whose]
    if ability is Ability.USER_MANAGE:
        tests.append(sa.not_(account.c.service))
    return sa.and_(*tests)


OVER_ACCOUNTS = (Ability.USER_MANAGE, Ability.USER_DISABLE)


def _can_account(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    tests: dict[Ability, sa.ColumnElement[bool]] = {}
    for ability in OVER_ACCOUNTS:
        tests[ability] = sa.func.coalesce(manageable(row, ctx, ability), sa.false())
    areas = ctx.areas(SETTING_OF[Ability.GRANT_GIVE])
    tests[Ability.GRANT_GIVE] = sa.and_(sa.not_(is_me(row.c.id, ctx)), areas.is_not(None))
    return granted(tests)


can_account: Derived[list[Ability]] = Derived(
    "viewer_can",
    Fact(Sensitivity.OPEN, "Yang boleh Anda lakukan", "Commands that would be accepted from you now", server=True),
    _can_account,
    ARRAY(sa.Text()),
)
"""Of an account: what the caller may do with it; GRANT_GIVE says that they may give it a grant somewhere."""


last_seen: Derived[Any] = Derived(
    "last_seen_at",
    Fact(Sensitivity.SYSTEM, "Terakhir dipakai", "When it last signed in or renewed its session", server=True),
    lambda row, ctx: sa.func.registry.last_seen(row.c.id),
    sa.DateTime(timezone=True),
)
