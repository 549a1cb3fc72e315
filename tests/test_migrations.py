"""All migrations together equal the metadata, on both versions of the server; repeating them changes nothing."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from pathlib import Path
from typing import Any, Literal

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from registry.guard import area_tests, constraints, wall
from registry.models.noun import SCHEMA, Noun
from server.database import migrate as migrating
from server.database.checks import ServingError, check_database
from server.database.embedded import Embedded, temporary
from server.database.migrate import MIGRATIONS, head, migrate, run_versions, served_versions, version
from tests.test_figures import AS_PLANNER

pytestmark = pytest.mark.anyio
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, a.attidentity::text,
       pg_get_expr(d.adbin, d.adrelid) AS default, coalesce(l.collname, '') AS collation
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE c.relnamespace = 'registry'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> 'alembic_version'
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text AS relname, conname, pg_get_constraintdef(oid), condeferred FROM pg_constraint
WHERE connamespace = 'registry'::regnamespace AND conrelid::regclass::text NOT SIMILAR TO '%ledger_%_(open|closed)'
  AND conrelid::regclass::text NOT LIKE '%alembic_version'
"""
INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'registry' AND tablename <> 'alembic_version'
  AND NOT (SELECT relispartition FROM pg_class WHERE oid = to_regclass(format('%I.%I', schemaname, tablename)))
"""
POLICIES = "SELECT * FROM pg_policies WHERE schemaname = 'registry'"
FUNCTIONS = """
SELECT oid::regprocedure::text, pg_get_functiondef(oid), proacl::text FROM pg_proc
WHERE pronamespace = 'registry'::regnamespace AND prokind = 'f'
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'i')
"""


async def catalogue(connection: asyncpg.Connection, *questions: str) -> set[tuple[Any, ...]]:
    """The answers as comparable rows, with lists as tuples."""
    rows = [row for question in questions for row in await connection.fetch(question)]
    return {tuple(tuple(v) if isinstance(v, list) else v for v in row.values()) for row in rows}


@pytest.mark.parametrize("server", ["16", "18"])
async def test_migrations_create_what_the_nouns_declare(server: Literal["16", "18"]) -> None:
    questions = (COLUMNS, CONSTRAINTS, INDEXES)
    with temporary(server) as postgres:
        await migrate(postgres.dsn())
        connection = await asyncpg.connect(postgres.dsn())
        assert await version(connection) == head()
        migrated = await catalogue(connection, *questions)
        again = await catalogue(connection, *questions, POLICIES, FUNCTIONS)
        await migrate(postgres.dsn())
        assert await catalogue(connection, *questions, POLICIES, FUNCTIONS) == again
        functions = [
            f"registry.{name}" for name in ("name_words", "name_joined", "name_together", "sounds", "draw_lot")
        ]
        definitions = "SELECT pg_get_functiondef(name::regproc) FROM unnest($1::text[]) AS name"
        generating = ";".join([row[0] for row in await connection.fetch(definitions, functions)])
        await connection.execute("CREATE DATABASE declared")
        await connection.close()
        declared = await asyncpg.connect(postgres.dsn("declared"))
        await declared.execute(f"CREATE SCHEMA {SCHEMA}; {area_tests.TYPES} {generating}")
        for table in Noun.metadata.sorted_tables:
            await declared.execute(str(CreateTable(table).compile(dialect=DIALECT)))
            for index in table.indexes:
                await declared.execute(str(CreateIndex(index).compile(dialect=DIALECT)))
        declared_catalogue = await catalogue(declared, *questions)
        await declared.close()
    assert declared_catalogue - migrated == set(), "declared and not migrated"
    assert migrated - declared_catalogue == set(), "migrated and not declared"


async def test_a_login_that_may_create_roles_can_migrate() -> None:
    with temporary() as postgres:
        first = await asyncpg.connect(postgres.dsn("postgres"))
        await first.execute("CREATE ROLE dba LOGIN CREATEROLE CREATEDB")
        await first.execute("CREATE DATABASE plain OWNER dba")
        await first.close()
        for _ in range(2):
            await migrate(postgres.dsn("plain", user="dba"))
        await check_database(postgres.dsn("plain", user=wall.LOGIN))
        with pytest.raises(ServingError):
            await check_database(postgres.dsn("plain", user="dba"))


def test_versions_are_read_as_alembic_reads_them() -> None:
    """`serve` reads the files without Alembic: docs/decisions/head-without-alembic.md."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert head() == scripts.get_current_head()
    served = []
    for script in scripts.walk_revisions():
        served.append(script.revision)
        if not getattr(script.module, "compatible", False):
            break
    assert served_versions() == served


def test_a_running_server_keeps_the_version_that_it_started_with(monkeypatch: pytest.MonkeyPatch) -> None:
    started = head()
    monkeypatch.setattr(migrating, "served_versions", lambda: ["9999_replaced_under_it"])
    assert head() == started


def test_versions_are_named_in_the_order_in_which_they_run() -> None:
    run = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
    assert run == sorted(path.stem for path in (MIGRATIONS / "versions").glob("*.py"))
    assert [int(revision.partition("_")[0]) for revision in run] == list(range(1, len(run) + 1))


FILLED = {"uuid": uuid.UUID(int=7), "text": "x", "integer": 1, "boolean": False, "date": dt.date(2024, 1, 1)}
VILLAGE = {"code": "35.07.11.2008", "level": "VILLAGE", "kind": "RURAL_VILLAGE"}
REQUIRED = """
SELECT column_name, data_type FROM information_schema.columns
WHERE table_schema = 'registry' AND table_name = $1 AND is_nullable = 'NO' AND column_default IS NULL
  AND is_generated = 'NEVER'
"""


async def insert(connection: asyncpg.Connection, table: str, **values: Any) -> uuid.UUID:
    """Insert a row with these values, and something in every other column that needs a value."""
    row = {name: FILLED[kind] for name, kind in await connection.fetch(REQUIRED, table)}
    row |= {"id": uuid.uuid4()} | values
    places = ", ".join(f"${n + 1}" for n in range(len(row)))
    await connection.execute(f"INSERT INTO registry.{table} ({', '.join(row)}) VALUES ({places})", *row.values())
    return uuid.UUID(str(row["id"]))


async def test_rows_of_the_earlier_ledgers_are_carried_over() -> None:
    """A person abroad, whose household was verified again after they had returned and opened a shop."""
    began, again = dt.datetime(2025, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    with temporary() as postgres:
        connection = await asyncpg.connect(postgres.dsn())
        await run_versions(connection, postgres.dsn(), last="0041_order_of_acts")
        await connection.execute("SET session_replication_role = replica")  # only what the ledgers had
        place = {"village_id": await insert(connection, "region", **VILLAGE), "area": "35.07.11.2008"}
        house = await insert(connection, "household", **place, status="ACTIVE", workflow_state="VERIFIED")
        person, trip, shop = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
        first = place | {"household_id": house, "rev": 1, "since": began, "until": again}
        second = place | {"household_id": house, "rev": 2, "since": again}
        for held, stage in ((first, "WORKING_ABROAD"), (second, "RETURNED")):
            await insert(connection, "ledger_household", subject_id=house, **held)
            await insert(connection, "ledger_person", subject_id=person, sex="FEMALE", birth_date="1990-05", **held)
            episode = {"member_id": person, "seq": 1, "stage": stage, "country": "HK", "departed_on": "2008"}
            await insert(connection, "ledger_episode", subject_id=trip, **episode, **held)
        trade = {"owner_id": person, "status": "RUNNING", "field": "CROPS", "workers_paid_male": 2}
        await insert(connection, "ledger_business", subject_id=shop, **trade, **second)
        await migrate(postgres.dsn())
        columns = "until = 'infinity' AS open, has_business"
        homes = await connection.fetch(f"SELECT pmi, {columns} FROM registry.ledger_household ORDER BY since")
        assert [tuple(row) for row in homes] == [(True, False, False), (True, True, True)]
        migrants = await connection.fetch(
            f"SELECT stage, sex, born, {columns} FROM registry.ledger_migrant ORDER BY since"
        )
        born = dt.date(1990, 5, 1)
        assert [tuple(row) for row in migrants] == [
            ("WORKING_ABROAD", "FEMALE", born, False, False),
            ("RETURNED", "FEMALE", born, True, True),
        ]
        trips = await connection.fetch("SELECT sex, departed_on FROM registry.ledger_episode")
        assert {tuple(row) for row in trips} == {("FEMALE", dt.date(2008, 1, 1))}
        assert await connection.fetchval("SELECT workers_paid FROM registry.ledger_business") == 2
        lots = "SELECT count(*) FROM registry.ledger_person p JOIN registry.household h ON h.lot = p.lot AND p.lot >= 0"
        assert await connection.fetchval(lots) == 2
        await connection.execute("SET search_path = registry")
        row = await connection.fetchrow(AS_PLANNER, "35.07")
        assert row is not None
        assert [row[name] for name in ("households", "returned", "working_abroad", "businesses")] == [1, 1, 0, 1]
        await connection.close()


def test_versions_leave_out_what_migrate_applies_itself() -> None:
    text = "".join(path.read_text() for path in (MIGRATIONS / "versions").glob("*.py"))
    assert "CHECK (draft = " in text  # checks across columns belong to the versions
    assert [name for _, name, _ in constraints.constraints() if re.search(rf"\b{name}\b", text)] == []
    assert re.findall(r"CREATE POLICY|ROW LEVEL SECURITY", text) == []


VERSION = 'revision = "{}"\ndown_revision = {}\n{}'


@pytest.mark.parametrize(
    ("compatible", "served"),
    [
        ((False, False, False), ["c"]),
        ((False, False, True), ["c", "b"]),
        ((False, True, True), ["c", "b", "a"]),
        ((False, True, False), ["c"]),
        ((True, True, True), ["c", "b", "a"]),
    ],
)
def test_older_code_serves_newer_versions_while_they_are_compatible(
    tmp_path: Path, compatible: tuple[bool, ...], served: list[str]
) -> None:
    for name, before, mark in zip("abc", ("None", '"a"', '"b"'), compatible, strict=True):
        (tmp_path / f"{name}.py").write_text(VERSION.format(name, before, "compatible = True\n" if mark else ""))
    assert served_versions(tmp_path) == served


async def test_a_server_is_not_ready_while_incompatible_versions_run(
    postgres: Embedded, admin: asyncpg.Connection
) -> None:
    await admin.execute("INSERT INTO code_version VALUES ('of_yesterday')")
    await migrate(postgres.dsn(await admin.fetchval("SELECT current_database()")))
    assert [row["version"] for row in await admin.fetch("SELECT version FROM code_version")] == served_versions()
