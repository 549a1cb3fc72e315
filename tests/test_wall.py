"""The wall: PostgreSQL shows callers only their rows, whatever the SQL; and the engine reads only behind the gate."""

from __future__ import annotations

import itertools
import random
import re
import uuid
from collections.abc import Iterable
from typing import Any

import asyncpg
import pytest

from auth.area import NATIONAL, NOWHERE, AreaSet
from registry.guard.wall import CROSSING, DOORS, LOGIN, OWNER, Kind, policies
from registry.read.run import REFUSED
from tests import oracle
from tests.personas import BY_NAME, PERSONAS, REPRESENTATIVES, TODAY, Persona
from tests.plan import explain_generic, is_gated, scanned_tables, unguarded
from tests.queries import QUERIES
from tests.world import LEDGERS, READ, SCOPED, Row, World, every_setting, fetch_ids

pytestmark = pytest.mark.anyio
RLS = asyncpg.InsufficientPrivilegeError
SCOPED_KINDS = (Kind.SCOPED, Kind.SENSITIVE, Kind.SEALED, Kind.COUNTED)


# --- what the catalogue says ------------------------------------------------------------------------------------------


async def test_every_table_is_declared_and_has_forced_row_security(world: World) -> None:
    rows = await world.admin.fetch(
        "SELECT relname, relrowsecurity AND relforcerowsecurity AS forced, pg_get_userbyid(relowner) AS owner,"
        " (SELECT attnotnull FROM pg_attribute a WHERE a.attrelid = c.oid AND attname = 'area') AS placed"
        " FROM pg_class c WHERE relnamespace = 'registry'::regnamespace AND relkind IN ('r', 'p', 'm', 'v', 'f')"
    )
    tables = {row["relname"]: row for row in rows}
    assert tables.keys() == DOORS.keys() | {"alembic_version"}
    assert all(tables[name]["forced"] for name in DOORS)
    assert all(row["owner"] == OWNER for row in tables.values())
    for name, door in DOORS.items():
        placed = door.kind in (*SCOPED_KINDS, Kind.GRANT, Kind.HIDDEN, Kind.PART)
        assert tables[name]["placed"] is (True if placed else None), name
    assert sorted(n for n, d in DOORS.items() if d.kind in SCOPED_KINDS[:3]) == sorted(SCOPED)
    assert sorted(n for n, d in DOORS.items() if d.kind is Kind.COUNTED) == sorted(LEDGERS)


async def test_policies_are_exactly_the_declared_ones(world: World) -> None:
    rows = await world.admin.fetch("SELECT tablename, policyname, cmd, roles FROM pg_policies")
    stored = {(row["tablename"], row["policyname"], row["cmd"], *row["roles"]) for row in rows}
    declared = set()
    for name, door in DOORS.items():
        for text in policies(name, door):
            match = re.match(r"CREATE POLICY (\w+) ON registry\.(\w+)(?: FOR (\w+))?(?: TO (\w+))?", text)
            assert match is not None
            declared.add((match[2], match[1], match[3] or "ALL", match[4] or "public"))
    assert stored == declared


async def test_an_owner_who_is_no_superuser_has_every_row(world: World) -> None:
    """Otherwise their dump, with row security on as it must be for them, would be a part of the registry."""
    async with world.admin.transaction():
        counts = {name: await world.admin.fetchval(f"SELECT count(*) FROM {name}") for name in DOORS}
        await world.admin.execute(f"SET LOCAL ROLE {OWNER}")
        assert {name: await world.admin.fetchval(f"SELECT count(*) FROM {name}") for name in DOORS} == counts
    assert sum(count > 0 for count in counts.values()) > 10


async def test_the_login_has_only_declared_privileges_and_owns_nothing(world: World) -> None:
    roles = {
        row["rolname"]: row for row in await world.admin.fetch("SELECT * FROM pg_roles WHERE rolname ~ '^registry_'")
    }
    for name in (OWNER, LOGIN, CROSSING):
        role = roles[name]
        assert not any(role[f"rol{right}"] for right in ("super", "bypassrls", "createrole", "createdb", "replication"))
        assert role["rolcanlogin"] is (name == LOGIN)
    assert not await world.admin.fetchval(
        "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = $1", LOGIN
    )
    for name, door in DOORS.items():
        rights = await world.admin.fetchrow(
            "SELECT has_table_privilege($1, $2, 'SELECT') AS s, has_table_privilege($1, $2, 'INSERT') AS i,"
            " has_table_privilege($1, $2, 'UPDATE') AS u, has_table_privilege($1, $2, 'DELETE') AS d,"
            " has_table_privilege($1, $2, 'TRUNCATE') AS t, has_table_privilege($1, $2, 'REFERENCES') AS r,"
            " has_table_privilege($1, $2, 'TRIGGER') AS g",
            *(LOGIN, f"registry.{name}"),
        )
        assert rights is not None
        read = door.kind not in (Kind.APPENDED, Kind.ENTERED, Kind.REGISTERED, Kind.HIDDEN, Kind.PART)
        assert tuple(rights) == (read, door.insert, False, *[False] * 4), name
        columns = await world.admin.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $2::regclass AND attnum > 0"
            " AND has_column_privilege($1, attrelid, attnum, 'UPDATE')",
            *(LOGIN, f"registry.{name}"),
        )
        if door.update:
            assert {row["attname"] for row in columns} == set(door.update), name
    assert await world.admin.fetchval("SELECT has_schema_privilege($1, 'registry', 'CREATE')", LOGIN) is False
    assert await world.admin.fetchval("SELECT has_schema_privilege($1, 'registry', 'CREATE')", CROSSING) is False


# --- the plans --------------------------------------------------------------------------------------------------------

BROKEN = {
    "joined": "SELECT h.id FROM s CROSS JOIN household h WHERE h.id = $2 AND s.ok IS NOT NULL",
    "joined the other way": "SELECT h.id FROM household h CROSS JOIN s WHERE h.id = $2",
    "exists": "SELECT 1 FROM s WHERE EXISTS (SELECT 1 FROM household h WHERE h.id = $2)",
    "second expression": "SELECT q.id FROM (SELECT id FROM household OFFSET 0) q, s",
    "scalar without the gate": "SELECT (SELECT max(id::text) FROM household) FROM s",
}
GATE = "WITH s AS MATERIALIZED (SELECT set_config('app.read', $1, true) AS ok)"
GOOD = "SELECT (SELECT row_to_json(o) FROM (SELECT count(*) FROM household) o WHERE s.ok IS NOT NULL)::varchar FROM s"


async def test_the_check_of_plans_refuses_every_unguarded_shape(world: World) -> None:
    async with world.as_login(None) as connection:
        for name, text in BROKEN.items():
            plan = await explain_generic(connection, f"{GATE} {text}")
            assert unguarded(plan, SCOPED) or not is_gated(plan), name
        plan = await explain_generic(connection, f"{GATE} {GOOD}")
        assert is_gated(plan)
        assert not unguarded(plan, SCOPED)
        assert scanned_tables(plan) == ["household"]


async def prepare(world: World, who: Persona) -> None:
    """Send every canonical query."""
    house = world.houses[0]
    number = await world.admin.fetchval("SELECT household_no FROM household WHERE id = $1", house.id)
    values = {"id": str(house.id), "no": number, "code": "35.01"}
    for text in QUERIES.values():
        variables = {name: value for name, value in values.items() if f"${name}:" in text}
        await world.ask(who, text, **variables)


VISIBILITIES = ("OFFICER@A111", "REGIONAL_VIEWER@A", "officer-A111-viewer-B", "verifier-A11-analyst", "AUDITOR@country")


async def check_gates(world: World, callers: Iterable[Persona]) -> None:
    """Check that no statement prepared so far, for any caller, reads anything before the areas are set."""
    for who in callers:
        await prepare(world, who)
    read = set()
    async with world.as_login(None) as connection:
        for statement in world.prepared:
            plan = await explain_generic(connection, statement)
            assert is_gated(plan), statement.text
            assert unguarded(plan, DOORS) == [], statement.text
            read |= set(scanned_tables(plan))
    assert {"household", "member", "migration_episode", "business", "finding", "remark", "workflow_event"} <= read
    assert len(world.prepared) > 2 * len(QUERIES)


async def test_every_scan_of_a_scoped_table_is_behind_the_gate(world: World) -> None:
    await check_gates(world, [BY_NAME[name] for name in VISIBILITIES])


@pytest.mark.prove
async def test_every_scan_of_every_persona_is_behind_the_gate(world: World) -> None:
    await check_gates(world, PERSONAS)


# --- hostile SQL ------------------------------------------------------------------------------------------------------


async def test_a_query_without_where_shows_what_the_oracle_allows(world: World) -> None:
    count = 0
    for who in PERSONAS:
        async with world.as_login(who) as connection:
            for table in SCOPED:
                ids = await fetch_ids(connection, f"SELECT id FROM {table}")
                assert ids == world.stored(who, table), (who.name, table)
                count += len(ids)
    assert count > len(world.rows)


async def test_ledgers_show_the_areas_that_the_caller_reads(world: World) -> None:
    villages = {world.regions[key]: key for key in world.regions}
    for who in PERSONAS:
        async with world.as_login(who) as connection:
            for table in LEDGERS:
                everything = await world.admin.fetch(f"SELECT village_id FROM {table} ORDER BY 1")
                reads = oracle.SEES["OPERATIONAL"]
                allowed = [
                    row["village_id"]
                    for row in everything
                    if oracle.has(world.tree, who, reads, villages[row["village_id"]], TODAY)
                ]
                rows = await connection.fetch(f"SELECT village_id FROM {table} ORDER BY 1")
                assert [row["village_id"] for row in rows] == allowed, (who.name, table)


async def test_other_tables_show_the_map_and_the_caller(world: World) -> None:
    everything = await world.admin.fetchval("SELECT count(*) FROM region")
    for who in PERSONAS:
        async with world.as_login(who) as connection:
            assert await connection.fetchval("SELECT count(*) FROM region") == everything
            with pytest.raises(RLS):
                await connection.fetch("SELECT * FROM audit_event")


async def test_accounts_and_grants_show_where_the_caller_sees_the_class_system(world: World) -> None:
    """Their own; those of their area; and those that never had a grant, to their creator and in the whole country."""
    count = 0
    for who in PERSONAS:
        expected = world.granted(who)
        accounts = {other.id for other in world.holders if oracle.sees_account(world.ever, who, other, TODAY)}
        async with world.as_login(who) as connection:
            rows = await connection.fetch("SELECT user_id, role FROM grants")
            assert {(row["user_id"], row["role"]) for row in rows} == expected, who.name
            assert await fetch_ids(connection, "SELECT id FROM account") == accounts, who.name
        count += len(expected)
    assert count > 4 * len(PERSONAS)


JOINS = (
    "SELECT h.id FROM household h LEFT JOIN member m ON true WHERE m.full_name IS NOT NULL OR true",
    "SELECT h.id FROM member m RIGHT JOIN household h ON h.id = m.household_id OR h.draft OR true",
    "SELECT DISTINCT h.id FROM region r JOIN household h ON h.area LIKE '%'",
    "SELECT id FROM household UNION SELECT household_id FROM workflow_event",
    "SELECT id FROM household WHERE id IN (SELECT household_id FROM household_revision) OR archived_at IS NULL",
    "SELECT id FROM (SELECT *, row_number() OVER (ORDER BY household_no) FROM household) q",
    "SELECT id FROM household WHERE EXISTS (SELECT FROM identity) OR true ORDER BY household_no DESC NULLS LAST",
    "WITH q AS MATERIALIZED (SELECT * FROM household) SELECT id FROM q",
    "SELECT h.id FROM household h, LATERAL (SELECT count(*) FROM member m WHERE m.area <> h.area) q",
)
SWITCHES = [
    "enable_nestloop",
    "enable_hashjoin",
    "enable_mergejoin",
    "enable_seqscan",
    "enable_indexscan",
    "enable_indexonlyscan",
    "enable_bitmapscan",
    "enable_memoize",
    "enable_sort",
    "enable_material",
    "enable_hashagg",
]


async def test_joins_and_planner_settings_do_not_widen_a_result(world: World) -> None:
    chance = random.Random(7)
    for who in REPRESENTATIVES:
        allowed = world.stored(who, "household")
        async with world.as_login(who) as connection:
            for text in JOINS:
                for switch in SWITCHES:
                    await connection.execute(f"SET LOCAL {switch} = {chance.choice(('on', 'off'))}")
                mode = chance.choice(("force_generic_plan", "force_custom_plan", "auto"))
                await connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
                await connection.execute(f"SET LOCAL debug_parallel_query = {chance.choice(('off', 'on'))}")
                assert await fetch_ids(connection, text) == allowed, (who.name, text)


LEFTOVERS = (NATIONAL, NOWHERE, AreaSet.of("52"))


async def check_leftover(world: World, who: Persona, leftover: AreaSet, moods: random.Random) -> None:
    """Check that a gated statement for `who` answers like on a clean connection if a wider scope was left on it."""
    principal = await world.principal(who)
    names = (*READ, "submit")
    sets = ", ".join(f"set_config('app.{name}', ${n}, true) AS {name}" for n, name in enumerate(names, 1))
    text = f"WITH s AS MATERIALIZED (SELECT {sets}) " + (
        "SELECT (SELECT json_agg(o) FROM (SELECT id FROM household UNION ALL SELECT id FROM member) o"
        " WHERE s.read IS NOT NULL)::varchar FROM s"
    )
    async with world.as_login(None) as connection:
        await connection.execute("ROLLBACK")
        for name, value in every_setting(leftover).items():
            await connection.execute("SELECT set_config('app.' || $1, $2, false)", name, value)
        for switch in SWITCHES:
            await connection.execute(f"SET {switch} = {moods.choice(('on', 'off'))}")
        answer = await connection.fetchval(text, *[principal.setting(name) for name in names])
        ids = {uuid.UUID(id_) for id_ in re.findall(r'"id":"([^"]+)"', answer or "")}
        assert ids == world.stored(who, "household") | world.stored(who, "member"), who.name


async def test_a_wider_scope_left_in_the_session_does_not_pass_the_gate(world: World) -> None:
    moods = random.Random(8)
    for who, leftover in itertools.product(REPRESENTATIVES, LEFTOVERS):
        await check_leftover(world, who, leftover, moods)


@pytest.mark.prove
async def test_a_scope_left_in_the_session_does_not_pass_the_gate_of_any_persona(world: World) -> None:
    moods = random.Random(9)
    for who, leftover, _ in itertools.product(PERSONAS, LEFTOVERS, range(9)):
        await check_leftover(world, who, leftover, moods)


# --- the engine without its own conditions ----------------------------------------------------------------------------


async def test_statements_without_a_condition_show_only_the_caller_s_rows(world: World) -> None:
    """One WHERE of each engine statement is always true: the answer still has only the caller's rows."""
    await prepare(world, REPRESENTATIVES[1])
    chance = random.Random(11)
    loosened = [(statement, loosen(statement.text, chance)) for statement in world.prepared]
    answers = ""
    for who in REPRESENTATIVES:
        principal = await world.principal(who)
        hidden = {mark.text for mark in world.marks if not world.stands(who, mark)}
        async with world.as_login(who) as connection:
            for statement, text in loosened:
                values = [argument(principal, name, statement.text, n) for n, name in enumerate(statement.names, 1)]
                await connection.execute("SAVEPOINT here")
                answer = await answer_or_error(connection, text, values)
                await connection.execute("ROLLBACK TO here")
                assert not {mark for mark in re.findall(r"mk\d+z", answer) if mark in hidden}, (who.name, text)
                answers += answer
    assert "mk0" in answers


async def answer_or_error(connection: asyncpg.Connection, text: str, values: list[Any]) -> str:
    """The answer, or the error of a statement that cannot be answered with such values."""
    try:
        return await connection.fetchval(text, *values) or ""
    except (asyncpg.CardinalityViolationError, asyncpg.DataError) as error:
        return str(error)
    except asyncpg.PostgresError as error:
        if error.sqlstate != REFUSED:
            raise
        return str(error)


def loosen(text: str, chance: random.Random) -> str:
    """The statement without one of its conditions, but always with that of the gate."""
    before, *places = re.split(r"\bWHERE (?!s\.ok)", text)
    forgotten = chance.randrange(len(places)) if places else 0
    return before + "".join(
        f"WHERE {'true OR ' if n == forgotten else ''}{condition}" for n, condition in enumerate(places)
    )


def argument(principal: Any, name: str, text: str, number: int) -> Any:
    """A value for any argument of an engine statement, of the type in its text."""
    if name.startswith("set_"):
        return principal.setting(name.removeprefix("set_"))
    if name == "claim_abilities":
        return []
    if name == "claim_expires_at":
        return principal.expires_at
    if name == "claim_language":
        return "id"
    if name.endswith(("_inner", "_outer")):
        return b"k" * 64
    if f"r$.code = ${number}::" in text:
        return "35.01.11.2001"
    values: dict[str, Any] = {"UUID": principal.user_id, "INTEGER": 1000, "TEXT[]": ["35.01"]}
    type_ = re.search(rf"\${number}::([A-Z]+(?:\[\])?)", text)
    return None if type_ is None else values.get(type_[1])


# --- the oracle -----------------------------------------------------------------------------------------------------


async def test_the_oracle_agrees_with_the_stored_map(world: World) -> None:
    """The world's tree equals the stored map, so that a wrong fixture cannot hide a wrong oracle."""
    parents = {row["id"]: row["parent_id"] for row in await world.admin.fetch("SELECT id, parent_id FROM region")}
    for key, parent in world.tree.items():
        assert parents[world.regions[key]] == (None if parent is None else world.regions[parent])
    assert not oracle.inside(world.tree, "prefix", "A111")
    assert oracle.inside(world.tree, "recoded", "B11")
    assert not oracle.exists(world.tree, BY_NAME["nobody"], Row("", uuid.uuid4(), world.houses[0], ""), TODAY)
