"""Field work (pendataan): which roles do it, and by which grants somebody does it in a place.

Rule: an officer covers the region of their grant and everything under it, as long as it exists.
Tests: tests/test_impact.py, tests/test_officers.py, tests/test_grants.py.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from auth.ability import Ability
from auth.area import COUNTRY
from auth.policy import cell
from auth.role import Role
from registry.models.account import in_force_on, of_roles
from registry.models.noun import const
from registry.models.region import PREFIXES

OFFICERS = frozenset(role for role in Role if cell(Ability.HOUSEHOLD_SUBMIT, role))
"""The roles that do the field work of a village."""


def covers(
    grant: sa.FromClause, account: sa.FromClause, code: sa.ColumnElement[Any], day: sa.ColumnElement[Any]
) -> sa.ColumnElement[bool]:
    """By the grant, its active account does the field work of the whole region of this code on this day."""
    # a.id = g.user_id AND a.active AND g.role IN ('OFFICER') AND g.area IN (r.code, left(r.code, 2), …, '0')
    # AND (g.national OR r.code < g.area || '/') AND … in force on the day
    above = [sa.func.left(code, const(length)) for length in PREFIXES.values()]
    starts_it = grant.c.area.in_([code, *above, sa.cast(const(COUNTRY), sa.Text())])  # by the index of areas
    lies_in_it = sa.or_(grant.c.national, code < grant.c.area + const("/"))  # 35.011 does not lie in 35.01
    holder = (account.c.id == grant.c.user_id, account.c.active)
    return sa.and_(*holder, of_roles(grant, OFFICERS), starts_it, lies_in_it, in_force_on(grant, day))
