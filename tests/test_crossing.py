"""Crossings: only the declared functions see beyond their caller, and their answers hold no records."""

from __future__ import annotations

import json
import re
import uuid

import asyncpg
import pytest

from registry.guard.counting import DECLARED
from registry.guard.crossings import CROSSINGS
from registry.guard.wall import CROSSING, DOORS, LOGIN
from registry.models.noun import SCHEMA
from tests.personas import BY_NAME, DISABLED, PERSONAS
from tests.world import LEDGERS, SCOPED, World

pytestmark = pytest.mark.anyio
GONE = ("closed", "split")  # a grant in a closed region gives nothing, even if its code is used again
FIGURES = ("figure_cell", "block_close", "published", "ledger_case")
NATIONAL = "SELECT * FROM registry.figures('0')"


async def test_the_declared_crossings_are_those_of_the_database(world: World) -> None:
    rows = await world.admin.fetch(
        "SELECT proname, pg_get_userbyid(proowner) AS owner, proconfig, provolatile, prosrc,"
        " pg_get_function_result(oid) AS returns,"
        " has_function_privilege('public', oid, 'EXECUTE') AS public,"
        " has_function_privilege($1, oid, 'EXECUTE') AS login"
        " FROM pg_proc WHERE prosecdef AND pronamespace::regnamespace::text <> 'pg_catalog'",
        LOGIN,
    )
    by_name = {row["proname"]: row for row in rows}
    assert sorted(row["proname"] for row in rows) == sorted(crossing.name for crossing in CROSSINGS)
    for crossing in CROSSINGS:
        row = by_name[crossing.name]
        assert row["owner"] == CROSSING
        assert row["proconfig"] == [f"search_path={SCHEMA}, pg_temp", "row_security=on"]
        kind = b"v" if crossing.enters or crossing.changes or crossing.removes else b"s"
        assert (row["public"], row["login"], row["provolatile"]) == (False, True, kind), crossing.name
        assert row["prosrc"].strip() == crossing.body.strip()


async def test_other_functions_run_as_the_caller_and_build_no_sql(world: World) -> None:
    rows = await world.admin.fetch(
        "SELECT proname, l.lanname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang"
        " WHERE pronamespace = 'registry'::regnamespace AND lanname NOT IN ('sql', 'internal')"
        r" AND NOT (lanname = 'plpgsql' AND prosrc !~* '\mexecute\M')"
    )
    assert [tuple(row) for row in rows] == [("figure_cells", "plpgsql")], "it builds SQL from what is declared"
    called = await world.admin.fetch("SELECT DISTINCT tgfoid::regproc::text FROM pg_trigger WHERE NOT tgisinternal")
    assert {row[0] for row in called} == {"tell_grants", "enter_ids", "place_grant", "refuse_change"}, (
        "they notify, register ids, write a code, refuse"
    )
    assert await world.admin.fetchval("SELECT count(*) FROM pg_views WHERE schemaname = 'registry'") == 0


async def test_crossings_may_use_only_the_tables_they_declare(world: World) -> None:
    read = set[str]().union(*(crossing.reads for crossing in CROSSINGS))
    entered = set[str]().union(*(crossing.enters for crossing in CROSSINGS))
    changed = set[str]().union(*(crossing.changes for crossing in CROSSINGS))
    removed = set[str]().union(*(crossing.removes for crossing in CROSSINGS))
    assert entered == {
        "record_id",
        "quota",
        "account_subject",
        "audit_event",
        "throttle",
        "credential",
        "figure",
        *FIGURES,
    }
    assert changed == {"quota", "throttle", "credential", "account", "second_factor", "recovery_code", *FIGURES}
    assert removed == {"throttle", "session", "device", "second_factor", "recovery_code", "figure_due"}
    for table in DOORS:
        may = await world.admin.fetchval("SELECT has_table_privilege($1, $2, 'SELECT')", CROSSING, f"registry.{table}")
        beyond = await world.admin.fetchval(
            "SELECT count(*) FROM pg_policies WHERE tablename = $1 AND policyname = 'beyond'", table
        )
        assert (may, beyond) == (table in read, int(table in read)), table
        (writes,) = await world.admin.fetch(
            "SELECT has_table_privilege($1, $2, 'INSERT'), has_table_privilege($1, $2, 'UPDATE'),"
            " has_table_privilege($1, $2, 'DELETE')",
            *(CROSSING, f"registry.{table}"),
        )
        assert tuple(writes) == (table in entered, table in changed, table in removed), table
    assert not read & set(SCOPED)


async def test_the_policies_of_crossings_do_not_apply_to_the_login(world: World) -> None:
    rows = await world.admin.fetch("SELECT tablename, roles FROM pg_policies WHERE policyname = 'beyond'")
    assert rows
    assert all(row["roles"] == [CROSSING] for row in rows)
    assert not await world.admin.fetchval("SELECT pg_has_role($1, $2, 'MEMBER')", LOGIN, CROSSING)


async def test_sign_in_returns_the_caller_s_own_grants(world: World) -> None:
    for who in PERSONAS:
        async with world.as_login(None) as connection:
            rows = await connection.fetch("SELECT * FROM registry.sign_in($1, NULL)", who.id)
        assert {row["username"] for row in rows} == {who.name}
        granted = {(row["role"], row["region_id"], row["valid_from"]) for row in rows if row["role"]}
        expected = [g for g in who.grants if g.active and g.region not in GONE]
        assert granted == {(g.role, g.region and world.regions[g.region], g.from_) for g in expected}, who.name


@pytest.mark.parametrize("caller", [uuid.uuid4(), DISABLED.id, None])
async def test_sign_in_returns_nothing_without_an_active_account(world: World, caller: uuid.UUID | None) -> None:
    async with world.as_login(None) as connection:
        assert await connection.fetch("SELECT * FROM registry.sign_in($1, NULL)", caller) == []


@pytest.mark.parametrize("by", [[], ["PROVINCE"], ["VILLAGE"]])
async def test_the_login_is_counted_nothing_without_areas(world: World, by: list[str]) -> None:
    """Whoever holds the application's login alone gets no count, whatever they ask the database for."""
    names = [name for name, it in DECLARED.items() if it["class"] != "OPEN"]
    question = json.dumps({"indicators": names, "by": by, "days": []})
    count = "SELECT * FROM registry.figure_cells($1, $2, $3)"
    async with world.as_login(None) as connection:
        for place in ("0", world.codes["A"], world.codes["A111"]):
            assert await connection.fetch(count, question, by, place) == []
    async with world.as_login(BY_NAME["MINISTRY_ADMIN@country"]) as connection:
        assert await connection.fetch(count, question, by, "0")


async def test_figures_are_equal_for_everybody_and_show_no_record(world: World) -> None:
    answers = set()
    for who in (None, *PERSONAS):
        async with world.as_login(who) as connection:
            for name in ("operational", "personal", "special", "exact"):  # as a statement that set none of them
                await connection.execute("SELECT set_config('app.' || $1, '', true)", name)
            (row,) = await connection.fetch(NATIONAL)
            answers.add(tuple((key, value) for key, value in row.items() if key != "cut_off"))
    assert len(answers) == 1
    text = str(answers)
    assert not [mark.text for mark in world.marks if mark.text.strip('"') in text]
    assert not re.search("|".join(str(row.id) for row in world.rows), text)


async def test_figures_count_verified_households(world: World) -> None:
    """Four households of the world are verified, each with three people, two episodes and one business."""
    async with world.as_login(BY_NAME["MINISTRY_ADMIN@country"]) as connection:
        (country,) = await connection.fetch(NATIONAL)
        (regency,) = await connection.fetch("SELECT * FROM registry.figures('35.01')")
        (prefix,) = await connection.fetch("SELECT * FROM registry.figures('35.011')")
    verified = [h for h in world.houses if any(h is world.houses[n] for n in (2, 5, 10, 15))]
    assert {h.state for h in verified} == {"VERIFIED", "SUBMITTED"}  # one has a newer revision that is not verified
    assert [country[n] for n in ("households", "persons", "businesses")] == [4, 12, 4]
    assert [country[n] for n in ("working_abroad", "households_with_business", "export_ready")] == [4, 4, 4]
    assert [regency["households"], prefix["households"]] == [3, 0]


ODD = ("35'; DROP TABLE household; --", "%", "", "{[0,:)}", "35.01.11.2001' OR true --")


@pytest.mark.parametrize("text", ODD)
async def test_hostile_arguments_are_only_text(world: World, text: str) -> None:
    async with world.as_login(BY_NAME["OFFICER@A111"]) as connection:
        (row,) = await connection.fetch("SELECT * FROM registry.figures($1)", text)
        assert {row["households"], row["persons"], row["businesses"]} <= {None, 0}


async def test_temporary_tables_do_not_mislead_a_crossing(world: World) -> None:
    """The search path of a crossing is fixed, with temporary tables last."""
    async with world.as_login(BY_NAME["MINISTRY_ADMIN@country"]) as connection:
        before = await connection.fetchval("SELECT households FROM registry.figures('0')")
        assert before == 4
        for table in LEDGERS[1:]:
            await connection.execute(f"CREATE TEMP TABLE {table} (LIKE registry.{table})")
        await connection.execute("SET LOCAL search_path = pg_temp, registry")
        assert await connection.fetchval("SELECT households FROM registry.figures('0')") == before
        assert await connection.fetchval("SELECT count(*) FROM ledger_household") == 0


async def test_figures_outside_the_caller_s_areas_show_only_coverage(world: World) -> None:
    """Over HTTP: outside their areas callers get what is public, and the names of the withheld fields."""
    text = '{ region(code: "52") { summary { provinces villages households persons withheld'
    text += " businessesByField { key count } exportReadyByField { key count } } } }"
    for name in ("OFFICER@A111", "REGIONAL_VIEWER@A", "SYSTEM_ADMIN@country", "nobody"):
        who = BY_NAME[name]
        answer = await world.ask(who, text)
        summary = answer.data["region"]["summary"]
        if name == "SYSTEM_ADMIN@country":  # any grant there shows cells of five and more; these are smaller
            assert summary["households"] is None
            continue
        assert [summary[n] for n in ("households", "persons", "businessesByField", "exportReadyByField")] == [None] * 4
        assert {"households", "persons", "businessesByField"} <= set(summary["withheld"]), name


@pytest.mark.parametrize(
    "text",
    [
        "CREATE FUNCTION registry.peek() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION registry.me() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'",
        "ALTER FUNCTION registry.figures(text) SECURITY INVOKER",
        "DROP FUNCTION registry.sign_in(uuid, uuid)",
    ],
)
async def test_the_login_cannot_create_or_change_functions(world: World, text: str) -> None:
    async with world.as_login(BY_NAME["OFFICER@A111"]) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(text)
