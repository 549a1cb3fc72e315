"""The wall around cases: without their class, or their authorship, no SQL shows, counts or changes one."""

from __future__ import annotations

import uuid

import asyncpg
import pytest

from auth.area import NATIONAL
from tests import oracle
from tests.personas import BY_NAME, PERSONAS, TODAY, Persona
from tests.world import Row, World, every_setting, fetch_ids

pytestmark = pytest.mark.anyio
RLS = asyncpg.InsufficientPrivilegeError
ROOT = "{ cases(first: 1000) { totalCount nodes { id withheld type status household { id } } edges { cursor } } }"
DESK, OFFICER = BY_NAME["PROTECTION_DESK@country"], BY_NAME["OFFICER@A111"]


def revisions(world: World) -> list[Row]:
    return [row for row in world.of("record_revision") if row.kind == "SPECIAL"]


async def test_lists_counts_and_plain_sql_show_what_the_oracle_allows(world: World) -> None:
    seen = dict.fromkeys((*oracle.SEES["SPECIAL"], *oracle.DESK), 0)
    for who in PERSONAS:
        allowed = {row.id for row in world.of("household_case") if world.exists(who, row)}
        answer = await world.ask(who, ROOT)
        if answer.data["cases"] is None:
            assert (answer.codes, allowed) == (["FORBIDDEN"], set()), who.name
        else:
            nodes = answer.data["cases"]["nodes"]
            assert {uuid.UUID(node["id"]) for node in nodes} == allowed, who.name
            assert answer.data["cases"]["totalCount"] == len(answer.data["cases"]["edges"]) == len(allowed)
            for node in nodes:
                (row,) = [row for row in world.of("household_case") if str(row.id) == node["id"]]
                assert (node["type"] is not None) is world.sees(who, "PROTECTIVE", row), who.name
                assert (node["household"] is not None) is (str(row.house.id) in world.listed(who, "household"))
        async with world.as_login(who) as connection:
            assert await fetch_ids(connection, "SELECT id FROM household_case") == allowed, who.name
            assert await connection.fetchval("SELECT count(*) FROM household_case") == len(allowed)
            ids = await fetch_ids(connection, "SELECT id FROM record_revision WHERE noun = 'household_case'")
            assert ids == {row.id for row in revisions(world) if world.exists(who, row)}, who.name
        for grant in who.grants:
            seen |= {grant.role: seen[grant.role] + len(allowed)} if grant.role in seen else {}
    assert min(seen.values()) > 5, seen


async def test_households_show_the_cases_that_exist_for_the_caller(world: World) -> None:
    shown = 0
    for who in PERSONAS:
        answer = await world.ask(who, "{ households(first: 1000) { nodes { id withheld cases { id } } } }")
        for node in (answer.data["households"] or {}).get("nodes", ()):
            house = next(house for house in world.houses if str(house.id) == node["id"])
            sees = world.sees(who, "SPECIAL", house.rows[0])
            assert ("cases" in node["withheld"]) is not sees
            if not sees:
                assert node["cases"] is None, who.name
                continue
            allowed = {str(row.id) for row in house.rows if row.table == "household_case" and world.exists(who, row)}
            assert {case["id"] for case in node["cases"]} == allowed
            shown += len(allowed)
    assert shown > 50


async def test_look_ups_show_what_lists_show(world: World) -> None:
    cases = world.of("household_case")
    selections = " ".join(f'n{n}: node(id: "{row.id}") {{ id }}' for n, row in enumerate(cases))
    for who in PERSONAS:
        answer = await world.ask(who, f"{{ {selections} }}")
        for n, row in enumerate(cases):
            assert (answer.data[f"n{n}"] is not None) is world.exists(who, row), who.name


@pytest.mark.parametrize("missing", ["special", "read", "read_from", "read_below"])
async def test_every_setting_but_one_shows_no_case(world: World, missing: str) -> None:
    settings = every_setting(NATIONAL) | {missing: ""}
    async with world.as_login(None, **settings) as connection:
        assert await connection.fetch("SELECT FROM household_case") == []
        assert await connection.fetch("SELECT FROM record_revision WHERE noun = 'household_case'") == []


@pytest.mark.parametrize("missing", ["user", "special_own", "operational_own"])
async def test_one_s_own_cases_need_their_recorder_and_both_classes(world: World, missing: str) -> None:
    async with world.as_login(DESK) as connection:
        assert await connection.fetch("SELECT FROM household_case") != []
        await connection.execute("SELECT set_config('app.' || $1, '', true)", missing)
        assert await connection.fetch("SELECT FROM household_case") == []
        assert await connection.fetch("SELECT FROM record_revision WHERE noun = 'household_case'") == []


JOINS = (
    "SELECT c.id FROM household h JOIN household_case c ON c.household_id = h.id OR true",
    "SELECT c.id FROM household_case c LEFT JOIN household h ON h.id = c.household_id WHERE h.id IS NOT NULL OR true",
    "SELECT id FROM household_case WHERE status IS NOT NULL OR created_by IS NOT NULL",
    "SELECT id FROM (SELECT *, row_number() OVER (ORDER BY opened_on) FROM household_case) q",
    "SELECT record_id AS id FROM record_revision WHERE noun = 'household_case' OR document::text LIKE '%VIOLENCE%'",
)


async def test_no_join_shows_a_hidden_case(world: World) -> None:
    for who in PERSONAS:
        allowed = {row.id for row in world.of("household_case") if world.exists(who, row)}
        async with world.as_login(who) as connection:
            for text in JOINS:
                ids = await fetch_ids(connection, text)
                ids &= {row.id for row in world.of("household_case")}
                assert ids <= allowed, (who.name, text)


ADD = (
    "INSERT INTO household_case (id, household_id, village_id, area, draft, created_by, rev, type, status, opened_on)"
    " SELECT gen_random_uuid(), $1, $2, $3, $4, $5, 1, 'DEATH', 'RECEIVED', '2026-01-01'"
)
REVISE = (
    "INSERT INTO record_revision (id, record_id, noun, rev, document, edit_hash, actor_id, actor_name, actor_role,"
    " village_id, area, draft, created_by)"
    " SELECT gen_random_uuid(), gen_random_uuid(), 'household_case', 7, '{}', 'x', $5, 'x', 'OFFICER', $2, $3, $4, $5"
    " WHERE $1::uuid IS NOT NULL"
)


@pytest.mark.parametrize("text", [ADD, REVISE])
async def test_cases_are_recorded_only_where_the_command_and_the_class_allow(world: World, text: str) -> None:
    house = next(house for house in world.houses if (house.village, house.state) == ("A111", "SUBMITTED"))
    place = house.id, world.regions["A111"], world.codes["A111"], False
    tries: list[tuple[Persona, str | None, uuid.UUID, bool]] = [
        (OFFICER, "case", OFFICER.id, True),
        (OFFICER, "submit", OFFICER.id, True),  # any command of theirs that writes there
        (OFFICER, None, OFFICER.id, False),
        (BY_NAME["OFFICER@A112"], "case", BY_NAME["OFFICER@A112"].id, False),
        (BY_NAME["VILLAGE_VERIFIER@A11"], "verify", BY_NAME["VILLAGE_VERIFIER@A11"].id, False),
        (DESK, "case", OFFICER.id, False),
    ]
    for who, write, author, may in tries:
        async with world.as_login(who, write=write) as connection:
            if may:
                await connection.execute(text, *place, author)
            else:
                with pytest.raises(RLS):
                    await connection.execute(text, *place, author)


async def test_a_case_changes_only_where_the_command_reaches(world: World) -> None:
    for who in PERSONAS:
        cases = [row for row in world.of("household_case") if world.exists(who, row)]
        roles = oracle.RECORDS["case:record"]
        may = {row.id for row in cases if oracle.records(world.tree, who, roles, row, TODAY)}
        async with world.as_login(who, write="case") as connection:
            changed = await fetch_ids(connection, "UPDATE household_case SET updated_at = now() RETURNING id")
            assert changed == may, who.name
            assert await fetch_ids(connection, "SELECT id FROM household_case FOR UPDATE") == may, who.name


@pytest.mark.parametrize("column", ["id", "household_id", "created_by", "village_id", "area", "draft"])
async def test_what_a_case_is_about_and_who_recorded_it_stays(world: World, column: str) -> None:
    async with world.as_login(OFFICER, write="case") as connection:
        with pytest.raises(RLS):
            await connection.execute(f"UPDATE household_case SET {column} = {column}")
