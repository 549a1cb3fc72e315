"""What the login cannot undo or decide by plain SQL, as a caller whose policies let them write the row.

Each refused change is a way around a command; its neighbour, which the command makes, passes.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest

from auth.principal import SETTINGS
from registry.guard import one_way
from registry.guard.wall import LOGIN
from tests.village import Place

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Change:
    """An UPDATE of one row, by somebody; `$1` is their own id."""

    who: str
    table: str
    set: str
    row: str = "true"

    @property
    def sql(self) -> str:
        text = f"UPDATE {self.table} SET {self.set} WHERE {self.row}"
        return text.replace("$1", "registry.me()")


def grant(who: str, set_: str, row: str) -> Change:
    return Change(who, "grants", set_, f"granted_by_name = '{row}'")


def account(who: str, set_: str, row: str) -> Change:
    return Change(who, "account", set_, f"username = '{row}'")


def own(table: str, set_: str, row: str = "true") -> Change:
    return Change("holder", table, set_, f"account_id = registry.me() AND {row}")


APPROVED = "active = true, pending = false, approved_by = $1"
REFUSED = (
    grant("giver", APPROVED, "by giver"),
    grant("approver", "active = true, pending = false", "by giver"),
    grant("approver", "active = true, pending = false, approved_by = granted_by", "by giver"),
    grant("approver", "active = true, approved_by = $1", "ended"),
    grant("province coordinator", APPROVED, "in the province"),
    grant("approver", "pending = true", "ended"),
    grant("approver", "approved_by = $1", "until 2030"),
    grant("approver", "approved_by = $1", "by giver"),
    grant("approver", "valid_to = '2031-01-01'", "until 2030"),
    grant("approver", "valid_to = NULL", "until 2030"),
    account("keeper", "username = 'somebody.else'", "target"),
    account("keeper", "name = 'Somebody Else'", "target"),
    account("keeper", "active = true", "disabled"),
    account("approver", "signed_out_at = NULL", "disabled"),
    account("approver", "signed_out_at = signed_out_at - interval '1 second'", "disabled"),
    Change("keeper", "device", "revoked = false", "revoked"),
    own("device", "revoked = false", "revoked"),
    Change("keeper", "device", "label = 'Mine'", "NOT revoked"),
    Change("keeper", "device", "last_sync_at = now()", "NOT revoked"),
    own("session", "ended_at = NULL", "ended_at IS NOT NULL"),
    own("session", "token_hash = 'x'", "ended_at IS NOT NULL"),
    own("session", "expires_at = expires_at + interval '1 day'", "ended_at IS NULL"),
    own("session", "generation = generation - 1", "ended_at IS NULL"),
    Change("beginner", "session", "second_factor = true"),
    own("credential", "temporary = false"),
    own("credential", "valid_until = NULL"),
    own("credential", "valid_until = valid_until + interval '1 day'"),
    own("second_factor", "ended_at = NULL", "ended_at IS NOT NULL"),
    own("second_factor", "last_step = last_step - 1", "ended_at IS NULL"),
    own("second_factor", "confirmed_at = NULL", "ended_at IS NULL"),
    own("second_factor", "sealed = 'another'", "ended_at IS NULL"),
    own("second_factor", "ended_at = now(), sealed = ''", "ended_at IS NULL"),
    own("recovery_code", "used_at = NULL", "used_at IS NOT NULL"),
)
PASSED = (
    grant("approver", APPROVED, "by giver"),
    grant("approver", APPROVED, "by the shell"),
    grant("giver", "active = false, pending = false, valid_to = now()", "by giver"),
    grant("approver", "valid_to = '2029-01-01'", "until 2030"),
    account("approver", "username = 'somebody.else', name = 'Somebody Else'", "target"),
    account("approver", "active = true", "disabled"),
    account("keeper", "active = false, signed_out_at = now()", "target"),
    Change("keeper", "device", "revoked = true", "NOT revoked"),
    own("device", "label = 'Mine'", "NOT revoked"),
    own("session", "renewed_at = now(), generation = 3, token_hash = 'x', second_factor = true", "ended_at IS NULL"),
    own("session", "ended_at = now()", "ended_at IS NULL"),
    own("credential", "password_hash = 'new', temporary = false, valid_until = NULL"),
    own("credential", "password_hash = 'the same by another cost'"),
    own("second_factor", "last_step = last_step + 1", "ended_at IS NULL"),
    own("recovery_code", "used_at = now()", "used_at IS NULL"),
)
PEOPLE: Mapping[str, Sequence[tuple[str, str | None]]] = {
    "giver": [("MINISTRY_ADMIN", None)],
    "approver": [("MINISTRY_ADMIN", None)],
    "keeper": [("SYSTEM_ADMIN", None)],
    "province coordinator": [("REGENCY_COORDINATOR", "35")],
    "holder": [],
    "beginner": [],
    "target": [("OFFICER", "35.07")],
    "disabled": [("OFFICER", "35.07")],
}


@pytest.fixture(scope="module", autouse=True)
async def rows(village: Place) -> None:
    """The people above, and rows in the states from which the changes start."""
    add, ids = village.admin.execute, village.ids
    for name, grants in PEOPLE.items():
        ids[name] = uuid.uuid4()
        await add("INSERT INTO account (id, username, name) VALUES ($1, $2, $2)", ids[name], name)
        for role, code in grants:
            await add(
                "INSERT INTO grants (user_id, role, region_id, national, valid_from)"
                " VALUES ($1, $2, $3, $4, '2019-01-01')",
                *(ids[name], role, None if code is None else village.regions[code], code is None),
            )
    await add("UPDATE account SET active = false, signed_out_at = now() WHERE username = 'disabled'")
    for label, giver, role, code, active, pending, last in (
        ("by giver", "giver", "AUDITOR", None, False, True, None),
        ("by the shell", None, "AUDITOR", None, False, True, None),
        ("in the province", "giver", "OFFICER", "35", False, True, None),
        ("ended", "giver", "OFFICER", "35.07", False, False, None),
        ("until 2030", "giver", "OFFICER", "35.07", True, False, "2030-01-01"),
    ):
        await add(
            "INSERT INTO grants (user_id, role, region_id, national, valid_from, valid_to, granted_by, granted_by_name,"
            " active, pending) VALUES ($1, $2, $3, $4, '2019-01-01', $5::text::date, $6, $7, $8, $9)",
            *(ids["target"], role, None if code is None else village.regions[code], code is None, last),
            *(None if giver is None else ids[giver], label, active, pending),
        )
    for name in ("holder", "beginner"):
        me = ids[name]
        await add(
            "INSERT INTO credential (account_id, password_hash, temporary, valid_until) VALUES ($1, 'x', true, now())",
            me,
        )
        for ended in ("now()", "NULL"):
            await add(
                "INSERT INTO session (id, account_id, begun_at, renewed_at, expires_at, ended_at, second_factor,"
                " generation, token_hash)"
                f" VALUES (gen_random_uuid(), $1, now(), now(), now() + interval '1 day', {ended}, false, 2, '')",
                me,
            )
    await add("DELETE FROM session WHERE account_id = $1 AND ended_at IS NOT NULL", ids["beginner"])
    me = ids["holder"]
    for ended in ("now()", "NULL"):
        await add(
            "INSERT INTO second_factor (id, account_id, key_id, sealed, last_step, confirmed_at, ended_at)"
            f" VALUES (gen_random_uuid(), $1, 'k1', 'x', 7, now() - interval '1 day', {ended})",
            me,
        )
        await add(
            "INSERT INTO recovery_code (id, account_id, code_hash, used_at)"
            f" VALUES (gen_random_uuid(), $1, 'x', {ended})",
            me,
        )
    for revoked in (True, False):
        await add(
            "INSERT INTO device (id, account_id, label, revoked) VALUES (gen_random_uuid(), $1, 'Phone', $2)",
            *(me, revoked),
        )


@asynccontextmanager
async def as_login(village: Place, who: str, before: str = "SELECT") -> AsyncIterator[asyncpg.Connection]:
    """The login with somebody's settings, after `before`; what it does is rolled back."""
    principal = await village.principal(who)
    connection, transaction = village.admin, village.admin.transaction()
    await transaction.start()
    try:
        await connection.execute(before)
        await connection.execute(f"SET LOCAL ROLE {LOGIN}")
        for name in SETTINGS:
            await connection.execute("SELECT set_config('app.' || $1, $2, true)", name, principal.setting(name))
        yield connection
    finally:
        await transaction.rollback()


async def passes(village: Place, change: Change, before: str = "SELECT") -> bool:
    """Whether the change is made; False if it is refused."""
    async with as_login(village, change.who, before) as connection:
        try:
            status = await connection.execute(change.sql)
        except asyncpg.InsufficientPrivilegeError as error:
            if "no command" not in str(error):  # a policy refused it: not what this is about
                raise
            return False
    assert status == "UPDATE 1", change
    return True


async def test_what_no_command_does_is_refused(village: Place) -> None:
    for change in REFUSED:
        assert not await passes(village, change), change


async def test_what_commands_do_passes(village: Place) -> None:
    for change in PASSED:
        assert await passes(village, change), change


def without(table: str, place: int) -> str:
    """The statements that leave one refusal of a table out."""
    changes = one_way.REFUSED[table]
    kept = {table: (*changes[:place], *changes[place + 1 :], "false")}
    (trigger,) = one_way.triggers(LOGIN, kept)
    return f"DROP TRIGGER {one_way.TRIGGER} ON registry.{table}; {trigger}"


@pytest.mark.parametrize(
    ("table", "place"), [(table, place) for table, rules in one_way.REFUSED.items() for place in range(len(rules))]
)
async def test_no_refusal_could_be_left_out(village: Place, table: str, place: int) -> None:
    left = [change for change in REFUSED if change.table == table]
    assert any([await passes(village, change, without(table, place)) for change in left])


ADD_SESSION = """INSERT INTO session (id, account_id, begun_at, renewed_at, expires_at, ended_at, second_factor,
    generation, token_hash) VALUES (gen_random_uuid(), registry.me(), now(), now(), now(), NULL, {}, 0, '')"""
ADD_FACTOR = """INSERT INTO second_factor (id, account_id, key_id, sealed, last_step, confirmed_at)
    VALUES (gen_random_uuid(), registry.me(), 'k1', 'x', 0, {})"""


@pytest.mark.parametrize(
    ("who", "text", "added"),
    [
        ("holder", ADD_SESSION.format("true"), True),
        ("beginner", ADD_SESSION.format("false"), True),
        ("beginner", ADD_SESSION.format("true"), False),
        ("beginner", ADD_FACTOR.format("NULL"), True),
        ("beginner", ADD_FACTOR.format("now()"), False),
    ],
)
async def test_nobody_has_shown_a_second_factor_before_it_is_confirmed(
    village: Place, who: str, text: str, added: bool
) -> None:
    async with as_login(village, who) as connection:
        if added:
            assert await connection.execute(text) == "INSERT 0 1"
            return
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(text)
