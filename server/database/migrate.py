"""Bring a database to the state of the code: roles, versions, then policies, crossings, lists and labels.

Rule: running it again changes nothing; it needs a login that may create roles, and the server never uses that one.
Test: tests/test_migrations.py.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import asyncpg

from registry.guard import area_tests, constraints, wall
from registry.models.noun import SCHEMA, Noun
from server.database.cells import rebuild_if_declared_anew
from server.database.reference_lists import write_lists
from server.settings import LONGEST_STATEMENT_MS

MIGRATIONS = Path(__file__).parents[2] / "migrations"
OLDEST_POSTGRESQL = 16
LOCK = 7_202_016  # an advisory lock: migrations of one cluster run one after another, because its roles are shared

ReportStep = Callable[[str], None]
"""Is called with the name of each step as it begins."""

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
# Settings of the login's sessions. They are set here because PgBouncer refuses them as startup parameters.
LOGIN_SETTINGS = {
    "jit": "off",
    "timezone": "UTC",
    "plan_cache_mode": "force_generic_plan",
    "search_path": SCHEMA,
    "default_transaction_read_only": "on",
    # kB of memory for each sort of a statement, and twice that for each hash; larger ones go to disk
    "work_mem": "4096",
    "hash_mem_multiplier": "2",
    # If this program is killed or the network fails, statements and sessions that nobody waits for end by themselves.
    "statement_timeout": str(LONGEST_STATEMENT_MS + 5_000),
    "idle_in_transaction_session_timeout": "60000",
    "client_connection_check_interval": "2000",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


class MigrationRefused(Exception):
    """The database cannot be migrated; one sentence says why."""


class NewerDatabase(MigrationRefused):
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
        if revision := re.search(r'^revision = "(\w+)"', text, re.MULTILINE):
            built_on = re.search(r'^down_revision = "(\w+)"', text, re.MULTILINE)
            compatible = re.search(r"^compatible = True$", text, re.MULTILINE) is not None
            before[revision[1]] = (built_on[1] if built_on else None, compatible)
    (newest,) = before.keys() - {built_on for built_on, _ in before.values()}
    served = [newest]
    while before[served[-1]][1] and (older := before[served[-1]][0]):
        served.append(older)
    return served


async def version(connection: asyncpg.Connection) -> str | None:
    """The version of a database; None if `migrate` has never run on it."""
    if await connection.fetchval(f"SELECT to_regclass('{SCHEMA}.alembic_version')") is None:
        return None
    stored: str | None = await connection.fetchval(f"SELECT version_num FROM {SCHEMA}.alembic_version")
    return stored


async def migrate(dsn: str, report: ReportStep = lambda _: None) -> None:
    """Create roles, run the versions that are missing, apply wall and labels.  Raises MigrationRefused."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"SELECT pg_advisory_lock({LOCK})")
        await run_versions(connection, dsn, report)
        report("policies and labels")
        async with connection.transaction():
            await _refuse_unmigrated(connection)
            await _apply_wall(connection)
            await _apply_constraints(connection)
            await configure_login(connection)
            await _enter_served_versions(connection)
            await write_lists(connection)
        report("figures")
        await rebuild_if_declared_anew(connection)
    finally:
        await connection.close()


async def run_versions(
    connection: asyncpg.Connection, dsn: str, report: ReportStep = lambda _: None, last: str = "head"
) -> None:
    """Create roles and run the versions that are missing: the tables, without policies, constraints and labels.

    `last` is the last version to run."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    revisions = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    stored = await version(connection)
    if stored is not None and stored not in revisions:
        raise NewerDatabase(f"The database is at version {stored}, made by a newer version of this program.")
    report("roles")
    await _make_roles(connection)
    await connection.execute(f"SET ROLE {wall.OWNER}; {area_tests.TYPES} RESET ROLE")
    await _retire_older_code(connection)
    report("versions")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    async def creator() -> asyncpg.Connection:
        return await asyncpg.connect(dsn)

    config.attributes["creator"] = creator
    await asyncio.to_thread(command.upgrade, config, last)


async def _make_roles(connection: asyncpg.Connection) -> None:
    """Make the roles and the schema.  Raises MigrationRefused if the login may not."""
    major = connection.get_server_version().major
    if major < OLDEST_POSTGRESQL:
        raise MigrationRefused(f"This is PostgreSQL {major}: the registry needs {OLDEST_POSTGRESQL} or newer.")
    try:
        await connection.execute(ROLES)
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA} AUTHORIZATION {wall.OWNER}")
    except asyncpg.InsufficientPrivilegeError as error:
        login = await connection.fetchval("SELECT current_user")
        reason = str(error).partition("\n")[0]
        raise MigrationRefused(
            f"The login {login} may not do this ({reason}): it must have CREATEROLE and own the database, and the "
            f"roles {wall.OWNER}, {wall.CROSSING} and {wall.LOGIN} must be its own, or new."
        ) from None


async def _retire_older_code(connection: asyncpg.Connection) -> None:
    """From now on, servers whose code the next versions would break are not ready."""
    if await connection.fetchval(f"SELECT to_regclass('{SCHEMA}.code_version')") is not None:
        await connection.execute(
            f"DELETE FROM {SCHEMA}.code_version WHERE version <> ALL ($1::text[])", served_versions()
        )


COLUMNS = """
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
"""


async def _refuse_unmigrated(connection: asyncpg.Connection) -> None:
    """Raises RuntimeError if the code declares a table or column that no version makes."""
    columns = {tuple(row) for row in await connection.fetch(COLUMNS, SCHEMA)}
    tables = {table for table, _ in columns}
    missing = set()
    for table in Noun.metadata.sorted_tables:
        if table.name not in tables:
            missing.add(table.name)
            continue
        names = [column.name for column in table.columns]
        missing |= {f"{table.name}.{name}" for name in names if (table.name, name) not in columns}
    if missing:
        raise RuntimeError(f"no version makes {', '.join(sorted(missing))}: write a migration in migrations/versions")


async def _apply_wall(connection: asyncpg.Connection) -> None:
    """Replace the policies and crossings of the database by those of the code, and grant what the login may do."""
    rows = await connection.fetch("SELECT tablename, policyname FROM pg_policies WHERE schemaname = $1", SCHEMA)
    policies = [(row["tablename"], row["policyname"]) for row in rows]
    rows = await connection.fetch(
        "SELECT oid::regprocedure::text AS signature FROM pg_proc WHERE proowner = $1::regrole", wall.CROSSING
    )
    crossings = [row["signature"] for row in rows]
    for statement in wall.statements(policies, crossings):
        await connection.execute(statement)
    await connection.execute(f"GRANT SELECT ON {SCHEMA}.alembic_version TO {wall.LOGIN}")


async def _apply_constraints(connection: asyncpg.Connection) -> None:
    """Bring the check constraints to those of the code lists."""
    existing = {name: comment for name, comment in await connection.fetch(constraints.EXISTING)}
    for statement in constraints.statements(existing):
        await connection.execute(statement)


async def _enter_served_versions(connection: asyncpg.Connection) -> None:
    """Enter the versions whose code works on this database: their servers are ready."""
    await connection.execute(
        f"INSERT INTO {SCHEMA}.code_version SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", served_versions()
    )


async def configure_login(connection: asyncpg.Connection) -> None:
    """Set the settings of the application's login in this database.  They belong to the cluster, so a copy of the
    database lacks them."""
    name = await connection.fetchval("SELECT quote_ident(current_database())")
    for setting, value in LOGIN_SETTINGS.items():
        await connection.execute(f"ALTER ROLE {wall.LOGIN} IN DATABASE {name} SET {setting} = {value}")
