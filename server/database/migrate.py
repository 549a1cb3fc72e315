"""Bring a database to the code's state: roles, versions, then policies, crossings, lists and labels as declared.

Rule: running it again changes nothing; it needs a login that may create roles, which the server never uses.
Test: tests/test_migrations.py.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import asyncpg

from registry.codes import all_lists
from registry.codes.countries import all_countries
from registry.codes.messages import all_sentences
from registry.guard import constraints, wall
from registry.models.noun import SCHEMA, Noun
from server.settings import LONGEST_STATEMENT_MS

MIGRATIONS = Path(__file__).parents[2] / "migrations"
LOCK = 7_202_016  # serialises migrations of one cluster: roles belong to the cluster

ROLES = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{wall.OWNER}') THEN CREATE ROLE {wall.OWNER} NOLOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{wall.CROSSING}') THEN
    CREATE ROLE {wall.CROSSING} NOLOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{wall.LOGIN}') THEN
    CREATE ROLE {wall.LOGIN} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB; END IF;
  EXECUTE format('GRANT {wall.OWNER}, {wall.CROSSING} TO %I', current_user);
  EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO {wall.OWNER}', current_database());
END $$
"""
# transaction settings of the login, here because PgBouncer refuses them as startup parameters
LOGIN_SETTINGS = {
    "jit": "off",
    "timezone": "UTC",
    "plan_cache_mode": "force_generic_plan",
    "search_path": SCHEMA,
    "default_transaction_read_only": "on",
    # kB that one statement may take for each sort, and for each hash twice that; a larger one goes to disk
    "work_mem": "4096",
    "hash_mem_multiplier": "2",
    # for when this program is killed, or the network is: what nobody waits for ends by itself
    "statement_timeout": str(LONGEST_STATEMENT_MS + 5_000),
    "idle_in_transaction_session_timeout": "60000",
    "client_connection_check_interval": "2000",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


class NewerDatabase(Exception):
    """The database was migrated by a newer version of this program, which alone can serve it."""


@cache
def head() -> str:
    """The newest version of the code: the one that no other builds on.

    It is read once, because files that are replaced under a running server are not its code; and without Alembic
    (docs/decisions/head-without-alembic.md)."""
    return served_versions()[0]


def served_versions(versions: Path = MIGRATIONS / "versions") -> list[str]:
    """The newest version and, behind it, those whose code works on its tables.

    A version that only adds, so that the code before it goes on (expand), says `compatible = True` in its file;
    one that says nothing ends the older code, and what older code needs is removed by a later version (contract)."""
    before: dict[str, tuple[str | None, bool]] = {}
    for path in versions.glob("*.py"):
        text = path.read_text()
        if made := re.search(r'^revision = "(\w+)"', text, re.MULTILINE):
            built_on = re.search(r'^down_revision = "(\w+)"', text, re.MULTILINE)
            compatible = re.search(r"^compatible = True$", text, re.MULTILINE) is not None
            before[made[1]] = (built_on[1] if built_on else None, compatible)
    (newest,) = before.keys() - {built_on for built_on, _ in before.values()}
    served = [newest]
    while before[served[-1]][1] and (older := before[served[-1]][0]):
        served.append(older)
    return served


async def version(connection: asyncpg.Connection) -> str | None:
    """The version of a database; None where `migrate` has never run."""
    if await connection.fetchval(f"SELECT to_regclass('{SCHEMA}.alembic_version')") is None:
        return None
    found: str | None = await connection.fetchval(f"SELECT version_num FROM {SCHEMA}.alembic_version")
    return found


async def migrate(dsn: str, tell: Callable[[str], None] = lambda _: None) -> None:
    """Create roles, run the versions that are missing, apply wall and labels.  Raises NewerDatabase."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"SELECT pg_advisory_lock({LOCK})")
        await run_versions(connection, dsn, tell)
        tell("policies and labels")
        async with connection.transaction():
            await _settle(connection)
    finally:
        await connection.close()


async def run_versions(connection: asyncpg.Connection, dsn: str, tell: Callable[[str], None] = lambda _: None) -> None:
    """Create roles and run the versions that are missing: tables alone, without what the code declares of them."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    known = {None, *(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())}
    if (found := await version(connection)) not in known:
        raise NewerDatabase(f"The database is at version {found}, made by a newer version of this program.")
    tell("roles")
    await connection.execute(ROLES)
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA} AUTHORIZATION {wall.OWNER}")
    await connection.execute(f"SET ROLE {wall.OWNER}; {wall.TYPES} RESET ROLE")
    await _unready(connection)
    tell("versions")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    async def creator() -> asyncpg.Connection:
        return await asyncpg.connect(dsn)

    config.attributes["creator"] = creator
    await asyncio.to_thread(command.upgrade, config, "head")


async def _unready(connection: asyncpg.Connection) -> None:
    """Servers whose code the next versions would break are not ready from now on."""
    if await connection.fetchval(f"SELECT to_regclass('{SCHEMA}.code_version')") is not None:
        await connection.execute(
            f"DELETE FROM {SCHEMA}.code_version WHERE version <> ALL ($1::text[])", served_versions()
        )


COLUMNS = """
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""


async def _refuse_unmigrated(connection: asyncpg.Connection) -> None:
    """Raises RuntimeError for a table or column that the code declares and no version makes."""
    existing = {tuple(row) for row in await connection.fetch(COLUMNS, SCHEMA)}
    declared = [(table.name, column.name) for table in Noun.metadata.sorted_tables for column in table.columns]
    tables = {name for name, _ in existing}
    missing = {place[0] if place[0] not in tables else ".".join(place) for place in declared if place not in existing}
    if missing:
        raise RuntimeError(f"no version makes {', '.join(sorted(missing))}: write a migration in migrations/versions")


async def _settle(connection: asyncpg.Connection) -> None:
    await _refuse_unmigrated(connection)
    existing = await connection.fetch("SELECT tablename, policyname FROM pg_policies WHERE schemaname = $1", SCHEMA)
    crossing = await connection.fetch(
        "SELECT oid::regprocedure::text AS signature FROM pg_proc WHERE proowner = $1::regrole", wall.CROSSING
    )
    policies = [(row["tablename"], row["policyname"]) for row in existing]
    for statement in wall.statements(policies, [row["signature"] for row in crossing]):
        await connection.execute(statement)
    lists = {name: comment for name, comment in await connection.fetch(constraints.EXISTING)}
    for statement in constraints.statements(lists):
        await connection.execute(statement)
    await connection.execute(f"GRANT SELECT ON {SCHEMA}.alembic_version TO {wall.LOGIN}")
    await configure_login(connection)
    await connection.execute(
        f"INSERT INTO {SCHEMA}.code_version SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", served_versions()
    )
    rows = [(name, code, id_, en) for name, codes in all_lists().items() for code, id_, en in codes]
    rows += [("COUNTRY", code, id_, en) for code, id_, en in all_countries()]
    rows += [("ERROR_CODE", code, id_, en) for code, id_, en in all_sentences()]
    await connection.execute(f"DELETE FROM {SCHEMA}.label")
    await connection.executemany(f"INSERT INTO {SCHEMA}.label (list, code, id, en) VALUES ($1, $2, $3, $4)", rows)


async def configure_login(connection: asyncpg.Connection) -> None:
    """How the application's login works in this database; such settings belong to the cluster, so a copy lacks them."""
    name = await connection.fetchval("SELECT quote_ident(current_database())")
    for setting, value in LOGIN_SETTINGS.items():
        await connection.execute(f"ALTER ROLE {wall.LOGIN} IN DATABASE {name} SET {setting} = {value}")
