"""The wall for writing: rows are written only where the ability allows; history, map and wall cannot change."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator

import asyncpg
import pytest

from registry.guard.wall import DOORS
from tests import oracle
from tests.personas import BY_NAME, PERSONAS, REPRESENTATIVES, TODAY, Persona
from tests.world import SCOPED, House, World, fetch_ids

pytestmark = pytest.mark.anyio
RLS = asyncpg.InsufficientPrivilegeError


def house_in(world: World, village: str, state: str = "SUBMITTED") -> House:
    return next(h for h in world.houses if (h.village, h.state, h.archived) == (village, state, False))


INSERT = (
    "INSERT INTO member (id, household_id, village_id, area, draft, created_by, seq)"
    " VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, 9)"
)


def place(world: World, house: House) -> tuple[uuid.UUID, uuid.UUID, str, bool]:
    return house.id, world.regions[house.village], world.codes[house.village], house.draft


async def test_rows_are_written_only_in_the_areas_of_the_command(world: World) -> None:
    officer, mine, sibling = BY_NAME["OFFICER@A111"], house_in(world, "A111"), house_in(world, "A112")
    async with world.as_login(officer, write="submit") as connection:
        await connection.execute(INSERT, *place(world, mine), officer.id)
        with pytest.raises(RLS):
            await connection.execute(INSERT, *place(world, sibling), officer.id)
    for who, write in ((officer, "verify"), (BY_NAME["VILLAGE_VERIFIER@A11"], "submit"), (officer, None)):
        async with world.as_login(who, write=write) as connection:
            with pytest.raises(RLS):
                await connection.execute(INSERT, *place(world, mine), officer.id)


async def test_two_grants_do_not_combine_their_rights(world: World) -> None:
    both, there = BY_NAME["officer-A111-viewer-B"], house_in(world, "B111")
    async with world.as_login(both, write="submit") as connection:
        assert there.id in await fetch_ids(connection, "SELECT id FROM household")
        assert await connection.execute("UPDATE household SET address = 'x' WHERE id = $1", there.id) == "UPDATE 0"
        assert await connection.fetch("SELECT id FROM household WHERE draft AND area LIKE '52%'") == []
        with pytest.raises(RLS):
            await connection.execute(INSERT, *place(world, there), both.id)


@pytest.mark.parametrize("table", SCOPED)
async def test_an_update_affects_only_rows_the_caller_may_read_and_write(world: World, table: str) -> None:
    for who, write in itertools.product(REPRESENTATIVES, ("submit", "verify")):
        roles = oracle.SUBMITS if write == "submit" else frozenset({"VILLAGE_VERIFIER", "REGENCY_COORDINATOR"})
        may = {
            row.id
            for row in world.of(table)
            if row.id in world.stored(who, table) and oracle.has(world.tree, who, roles, row.village, TODAY)
        }
        async with world.as_login(who, write=write) as connection:
            if table in ("household_revision", "record_revision", "workflow_event"):
                with pytest.raises(RLS):
                    await connection.execute(f"UPDATE {table} SET updated_at = now()")
                continue
            updated = await fetch_ids(connection, f"UPDATE {table} SET updated_at = now() RETURNING id")
            assert updated == may, (who.name, table, write)


async def test_a_child_of_a_hidden_or_absent_household_is_refused_alike(world: World) -> None:
    officer, hidden = BY_NAME["OFFICER@A111"], house_in(world, "B111")
    here = world.regions["A111"], world.codes["A111"], False
    messages = []
    for household in (hidden.id, uuid.uuid4()):
        async with world.as_login(officer, write="submit") as connection:
            with pytest.raises(asyncpg.ForeignKeyViolationError) as caught:
                await connection.execute(INSERT, household, *here, officer.id)
            messages.append(str(caught.value).replace(str(household), "") + str(caught.value.detail))
    assert messages[0] == messages[1]
    for household in (hidden.id, uuid.uuid4()):
        async with world.as_login(officer, write="submit") as connection:
            with pytest.raises(RLS):
                await connection.execute(INSERT, household, *place(world, hidden)[1:], officer.id)


async def test_a_child_has_the_village_of_its_household(world: World) -> None:
    officer, mine = BY_NAME["OFFICER@country"], house_in(world, "A111")
    for village, code in (("A112", "A112"), ("A111", "A112"), ("A112", "A111")):
        async with world.as_login(officer, write="submit") as connection:
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                await connection.execute(INSERT, mine.id, world.regions[village], world.codes[code], False, officer.id)


@pytest.mark.parametrize(
    "text",
    [
        # WHERE false: it is the privilege that is missing, not a row
        "UPDATE region SET code = '35.01.11.2999' WHERE code = '35.01.11.2001'",
        "INSERT INTO region (code, level, kind, name, search_name, valid_from, decree)"
        " SELECT code, level, kind, name, search_name, valid_from, decree FROM region",
        "UPDATE grants SET region_id = NULL, national = true WHERE false",
        "INSERT INTO grants (user_id, role, national, valid_from) SELECT id, 'OFFICER', true, now() FROM account",
        "UPDATE account SET id = id WHERE false",
        "UPDATE reference_code SET label_id = '' WHERE false",
        "UPDATE household_revision SET rev = rev + 1 WHERE false",
        "UPDATE workflow_event SET reason = '' WHERE false",
        "UPDATE record_revision SET document = '{}' WHERE false",
        "UPDATE identity SET area = area WHERE false",
        "UPDATE finding SET about = 'OPEN' WHERE false",
        "UPDATE remark SET text = '' WHERE false",
        "UPDATE remark SET about = 'OPEN' WHERE false",
        "UPDATE ledger_person SET since = now() WHERE false",
        "UPDATE audit_event SET note = '' WHERE false",
        "SELECT * FROM audit_event",
        *[f"DELETE FROM {table}" for table in DOORS],
        *[f"TRUNCATE {table} CASCADE" for table in DOORS],
        "ALTER TABLE household DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE household NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY see ON household",
        "CREATE TABLE registry.mine AS SELECT * FROM household",
        "CREATE OR REPLACE FUNCTION registry.areas(ability text) RETURNS registry.area_set LANGUAGE sql"
        " AS 'SELECT NULL'",
        "SET ROLE registry_owner",
        "SET ROLE registry_crossing",
        "SET SESSION AUTHORIZATION postgres",
        "COPY household TO PROGRAM 'cat'",
    ],
)
async def test_nobody_can_change_the_map_the_history_or_the_wall(world: World, text: str) -> None:
    async with world.as_login(BY_NAME["OFFICER@country"], write="submit") as connection:
        with pytest.raises((RLS, asyncpg.FeatureNotSupportedError)):
            await connection.execute(text)


async def test_a_revision_changes_only_to_lose_the_numbers_of_a_household_that_has_left(world: World) -> None:
    everything = "UPDATE household_revision SET document = document"
    async with world.as_login(BY_NAME["OFFICER@country"], write="submit") as connection:
        with pytest.raises(RLS):  # some of those that have left have numbers still
            await connection.execute(everything)
    async with world.as_login(BY_NAME["OFFICER@country"], write="submit") as connection:
        changed = await connection.fetch("UPDATE household_revision SET document = '{}' RETURNING household_id")
    left = {house.id for house in world.houses if house.archived}
    assert {row["household_id"] for row in changed} == left != set()


async def test_row_security_cannot_be_switched_off(world: World) -> None:
    async with world.as_login(BY_NAME["OFFICER@A111"]) as connection:
        await connection.execute("SET LOCAL row_security = off")
        with pytest.raises(RLS):
            await connection.fetch("SELECT * FROM household")


def moves(world: World) -> Iterator[tuple[Persona, str, bool]]:
    """Persona, destination of a household of A111, and whether they may write at both ends."""
    for who in PERSONAS:
        for village in ("A112", "B111", "recoded"):
            ends = [oracle.has(world.tree, who, oracle.SUBMITS, v, TODAY) for v in ("A111", village)]
            yield who, village, all(ends)


async def test_a_move_needs_rights_at_both_ends_and_moves_the_children(world: World) -> None:
    house = house_in(world, "A111")
    moved = 0
    for who, village, may in moves(world):
        async with world.as_login(who, write="submit") as connection:
            try:
                text = "UPDATE household SET village_id = $2, area = $3 WHERE id = $1"
                status = await connection.execute(text, house.id, world.regions[village], world.codes[village])
            except RLS:
                status = "refused"
            assert (status == "UPDATE 1") is may, (who.name, village)
            if may:
                moved += 1
                children = await connection.fetch("SELECT area FROM member WHERE household_id = $1", house.id)
                assert {row["area"] for row in children} == {world.codes[village]}
    assert moved >= 3
