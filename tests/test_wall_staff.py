"""The wall around accounts and grants: PostgreSQL refuses what the page does not allow, whatever the code."""

from __future__ import annotations

import itertools

import asyncpg
import pytest

from auth.area import COUNTRY
from auth.policy import needs_second_person
from auth.role import Role
from tests import oracle
from tests.colleagues import COLLEAGUES
from tests.personas import BY_NAME, DISABLED, PERSONAS, TODAY
from tests.world import World, fetch_ids

pytestmark = pytest.mark.anyio
RLS = asyncpg.InsufficientPrivilegeError
ADD = """INSERT INTO grants (user_id, role, region_id, national, valid_from, granted_by, active, pending)
    VALUES ($1, $2, $3, $3::uuid IS NULL, now(), $4, $5, $6)"""
PLACES = ("A111", "A1", "A", "A2", "prefix", "recoded", "B", None)
STAFF = tuple(
    who
    for who in PERSONAS
    if {grant.role for grant in who.grants} & {"REGENCY_COORDINATOR", "MINISTRY_ADMIN", "SYSTEM_ADMIN", "AUDITOR"}
)
OTHERS = (BY_NAME["OFFICER@A111"], BY_NAME["PROVINCE_OFFICER@A"], BY_NAME["SERVICE@country"], BY_NAME["nobody"])


async def test_a_grant_is_added_where_the_page_lets_the_caller_give_it(world: World) -> None:
    """It is active or waits for a second person, as the page has it, and never the other way round."""
    receiver, count = BY_NAME["nobody"].id, 0
    for who in (*STAFF, *OTHERS[:3]):
        async with world.as_login(who) as connection:
            for role, region, pending in itertools.product(Role, PLACES, (False, True)):
                region_id = None if region is None else world.regions[region]
                await connection.execute("SAVEPOINT here")
                try:
                    await connection.execute(ADD, receiver, role.value, region_id, who.id, not pending, pending)
                    added = True
                except RLS:
                    added = False
                await connection.execute("ROLLBACK TO here")
                waits = needs_second_person(role, COUNTRY if region is None else world.codes[region])
                expected = pending is waits and oracle.gives(world.tree, who, role.value, region, TODAY)
                assert added is expected, (who.name, role, region, pending)
                count += added
    assert count > 100


async def test_nobody_adds_a_grant_to_themselves_or_in_the_name_of_another(world: World) -> None:
    admin, other = BY_NAME["MINISTRY_ADMIN@country"], BY_NAME["nobody"]
    for receiver, giver in ((admin, admin), (other, other), (other, None)):
        async with world.as_login(admin) as connection:
            with pytest.raises(RLS):
                await connection.execute(ADD, receiver.id, "OFFICER", None, giver and giver.id, False, True)


async def test_a_grant_changes_where_the_caller_may_give_it(world: World) -> None:
    count = 0
    for who in (*STAFF, *OTHERS):
        expected = {
            (holder.id, grant.role)
            for holder, grant in [(holder, grant) for holder in world.holders for grant in holder.grants]
            if holder.id != who.id and oracle.gives(world.ever, who, grant.role, grant.region, TODAY)
        }
        async with world.as_login(who) as connection:
            rows = await connection.fetch("UPDATE grants SET valid_to = valid_to RETURNING user_id, role")
            assert {(row["user_id"], row["role"]) for row in rows} == expected, who.name
        count += len(rows)
    assert count > 100


async def test_an_account_changes_if_the_caller_reaches_its_every_grant(world: World) -> None:
    """Among them those that the caller does not see: an officer here and a viewer elsewhere is no coordinator's."""
    for who in (*STAFF, *OTHERS):
        expected = {holder.id for holder in world.holders if oracle.closes(world.ever, who, holder, TODAY)}
        async with world.as_login(who) as connection:
            ids = await fetch_ids(connection, "UPDATE account SET active = active RETURNING id")
        unseen_end = {BY_NAME[name].id for name in ("ended", "unsigned")}
        assert ids - unseen_end == expected - unseen_end, who.name
    split = BY_NAME["officer-A111-viewer-B"]
    assert oracle.sees_grant(world.tree, BY_NAME["REGENCY_COORDINATOR@A1"], split.name, "A111", TODAY)
    assert not oracle.closes(world.tree, BY_NAME["REGENCY_COORDINATOR@A1"], split, TODAY)
    assert DISABLED in world.holders


async def test_devices_show_with_their_account_and_are_revoked_by_who_disables_it(world: World) -> None:
    revoked = 0
    for who in (*STAFF, *OTHERS):
        seen = {c.id for c in COLLEAGUES.values() if oracle.sees_account(world.ever, who, c, TODAY)}
        closed = {c.id for c in COLLEAGUES.values() if oracle.closes(world.ever, who, c, TODAY)}
        async with world.as_login(who) as connection:
            rows = await connection.fetch("SELECT account_id FROM device")
            assert {row["account_id"] for row in rows} == seen, who.name
            rows = await connection.fetch("UPDATE device SET revoked = revoked RETURNING account_id")
            assert {row["account_id"] for row in rows} == closed, who.name
        revoked += len(closed)
    assert revoked > 20


async def test_an_account_is_created_by_whoever_manages_accounts(world: World) -> None:
    text = "INSERT INTO account (id, username, name, created_by) VALUES (gen_random_uuid(), $1, $1, $2)"
    for who in (*STAFF, *OTHERS):
        may = any(grant.role in oracle.GIVES for grant in who.grants)
        for creator in (who.id, BY_NAME["nobody"].id):
            async with world.as_login(who) as connection:
                if may and creator == who.id:
                    await connection.execute(text, "somebody.new", creator)
                    created = "SELECT id FROM account WHERE username = 'somebody.new'"
                    assert len(await fetch_ids(connection, created)) == 1
                    continue
                with pytest.raises(RLS):
                    await connection.execute(text, "somebody.new", creator)


async def test_a_grant_lies_where_its_region_lies_and_follows_its_new_code(world: World) -> None:
    rows = await world.admin.fetch(
        "SELECT g.area, coalesce(r.code, '0') AS code FROM grants g LEFT JOIN region r ON r.id = g.region_id"
    )
    assert len(rows) > len(PERSONAS)
    assert [row for row in rows if row["area"] != row["code"]] == []
    assert world.codes["recoded"] in {row["area"] for row in rows}
