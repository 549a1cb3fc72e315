"""The policies of accounts and grants: who sees them, and who may write them.

An account is seen where one of its grants is; one that never had a grant, by its creator and in the whole country.  A
grant is written by whoever may give its role in its area, an account by whoever may give its every grant.
Rule: nobody writes their own account or a grant of theirs; no policy of grants reads accounts, so none recurses; a
grant that needs a second person is added pending.  Who may change what it was before: registry/guard/one_way.py.
Tests: tests/test_wall.py, tests/test_wall_staff.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.ability import Ability
from auth.principal import SETTING_OF, area_setting
from auth.sensitivity import Sensitivity
from registry.models.account import ACCOUNT, GRANTS, LIVING, TODAY, in_force_on, is_national
from registry.models.device import DEVICE
from registry.models.fact import StatementContext
from registry.models.noun import const
from registry.models.post import is_me, manageable, of_others, waits_for_second_person
from registry.store.sql import compiled


class _Policy(StatementContext):
    """The statement context of a policy, which knows its caller by settings."""

    def areas(self, setting: str) -> Any:
        return sa.select(sa.func.registry.areas(const(setting))).scalar_subquery()

    def claim(self, name: str, type_: Any) -> Any:
        assert name == "user", f"a policy does not know {name}"
        return sa.select(sa.func.registry.me(type_=type_)).scalar_subquery()

    def argument(self, name: str, type_: Any) -> Any:
        raise NotImplementedError("a policy has no arguments")


POLICY = _Policy()
SYSTEM_AREAS = POLICY.areas(area_setting(Sensitivity.SYSTEM))


def _sees_grant() -> sa.ColumnElement[bool]:
    return sa.or_(is_me(GRANTS.c.user_id, POLICY), GRANTS.c.area.op("<@")(SYSTEM_AREAS))


def _sees_account() -> sa.ColumnElement[bool]:
    seen = GRANTS.alias("g")  # those that the caller sees
    is_seen = sa.exists(sa.select(const(1)).select_from(seen).where(seen.c.user_id == ACCOUNT.c.id).correlate(ACCOUNT))
    created = sa.and_(SYSTEM_AREAS.is_not(None), is_me(ACCOUNT.c.created_by, POLICY))
    whose = sa.or_(created, is_national(SYSTEM_AREAS))
    never_granted = sa.not_(sa.func.registry.was_granted(ACCOUNT.c.id))
    return sa.or_(is_me(ACCOUNT.c.id, POLICY), is_seen, sa.and_(whose, never_granted))


def _adds_account() -> sa.ColumnElement[bool]:
    created = sa.and_(is_me(ACCOUNT.c.created_by, POLICY), sa.not_(is_me(ACCOUNT.c.id, POLICY)))
    return sa.and_(created, POLICY.areas(SETTING_OF[Ability.USER_MANAGE]).is_not(None))


def _adds_grant() -> sa.ColumnElement[bool]:
    waits = waits_for_second_person(GRANTS)
    as_given = (GRANTS.c.pending == waits, GRANTS.c.active == sa.not_(waits), GRANTS.c.approved_by.is_(None))
    return sa.and_(is_me(GRANTS.c.granted_by, POLICY), of_others(GRANTS, POLICY, Ability.GRANT_GIVE), *as_given)


def _changes_grant() -> sa.ColumnElement[bool]:
    return sa.or_(
        of_others(GRANTS, POLICY, Ability.GRANT_GIVE),
        of_others(GRANTS, POLICY, Ability.GRANT_APPROVE),
    )


def _text(table: sa.Table, condition: sa.ColumnElement[bool]) -> str:
    """A condition on the rows of a table, as they are named in its policies."""
    select = compiled(sa.select(const(1)).select_from(table).where(condition)).text
    return select.partition(f"FROM {table.schema}.{table.name} \nWHERE ")[2]


def policies(table: str) -> Iterator[str]:
    """The CREATE POLICY statements of the table of grants, or of that of accounts, without the owner's."""
    if table == GRANTS.name:
        rows, see, add, change = GRANTS, _sees_grant(), _adds_grant(), _changes_grant()
    else:
        rows, see, add = ACCOUNT, _sees_account(), _adds_account()
        change = manageable(ACCOUNT, POLICY, Ability.USER_DISABLE)
    name, writes = f"{rows.schema}.{table}", _text(rows, change)
    yield f"CREATE POLICY see ON {name} FOR SELECT USING ({_text(rows, see)})"
    yield f"CREATE POLICY add ON {name} FOR INSERT WITH CHECK ({_text(rows, add)})"
    yield f"CREATE POLICY change ON {name} FOR UPDATE USING ({writes}) WITH CHECK ({writes})"


def device_policies() -> Iterator[str]:
    """The further policies of devices: who sees an account sees its devices, and who disables it revokes them."""
    name, ours = f"{DEVICE.schema}.{DEVICE.name}", ACCOUNT.alias("a")
    is_its = ours.c.id == DEVICE.c.account_id
    seen = sa.exists(sa.select(const(1)).select_from(ours).where(is_its).correlate(DEVICE))
    tests = (is_its, manageable(ours, POLICY, Ability.USER_DISABLE))
    disabled = _text(DEVICE, sa.exists(sa.select(const(1)).select_from(ours).where(*tests).correlate(DEVICE)))
    yield f"CREATE POLICY see_of_others ON {name} FOR SELECT USING ({_text(DEVICE, seen)})"
    yield f"CREATE POLICY revoke ON {name} FOR UPDATE USING ({disabled}) WITH CHECK ({disabled})"


def _may_give() -> sa.ColumnElement[bool]:
    """Whoever gave the password of `c` has one of the roles `givers` today."""
    grant = GRANTS.alias("h")
    is_theirs = grant.c.user_id == sa.literal_column("c.given_by", sa.Uuid())
    gives = grant.c.role == sa.any_(sa.literal_column("givers", ARRAY(sa.Text())))
    return sa.exists(sa.select(const(1)).select_from(grant).where(is_theirs, gives, in_force_on(grant, TODAY)))


_WAITED = compiled(waits_for_second_person(GRANTS.alias("g"))).text

OUTGROW = f"""
    DECLARE
      holder uuid;
    BEGIN
      SELECT g.user_id INTO holder FROM grants g JOIN credential c ON c.account_id = g.user_id
      WHERE g.id = given AND c.given_by IS NOT NULL AND (
        g.active AND g.approved_by = me() AND c.given_by <> me()
        OR g.granted_by IS NOT DISTINCT FROM me() AND NOT {compiled(_may_give()).text});
      IF holder IS NULL THEN
        RETURN false;
      END IF;
      UPDATE credential SET temporary = true, valid_until = now() WHERE account_id = holder;
      UPDATE second_factor SET ended_at = now(), sealed = '' WHERE account_id = holder AND ended_at IS NULL;
      UPDATE recovery_code SET used_at = now() WHERE account_id = holder AND used_at IS NULL;
      UPDATE account SET signed_out_at = clock_timestamp() WHERE id = holder;
      RETURN true;
    END
"""
"""End the password that the holder of the grant `given` has from somebody else, with the second factor, which may be
theirs too: when the grant is given, if that was none of the `givers` of its role; when it is approved, if that was not
the second person."""

ALONE = f"""(EXISTS (SELECT FROM grants g WHERE g.user_id = whose AND g.granted_by = me() AND g.active
        AND {LIVING} AND ({_WAITED}))
        AND NOT EXISTS (SELECT FROM second_factor s
          WHERE s.account_id = whose AND s.confirmed_at IS NOT NULL AND s.ended_at IS NULL))"""
"""The caller gave the account `whose` a grant that took a second person, and nothing but the password is asked of
whoever signs in with it: with its password they would hold that grant alone."""


def manages(account: str) -> str:
    """The caller manages the account of this id, as the text of a condition."""
    return f"EXISTS (SELECT FROM registry.account WHERE registry.account.id = {account} AND {_MANAGED})"


_MANAGED = _text(ACCOUNT, manageable(ACCOUNT, POLICY, Ability.USER_MANAGE))
