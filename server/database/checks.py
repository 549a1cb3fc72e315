"""Checks of the database before anything is served; each fault is one sentence that says what to correct.

Rule: production serves only with a login that row security binds, on a migrated database with that login's settings,
with the keys of its vault, and through no pooler that loses prepared statements.
Tests: tests/test_serving.py, tests/test_pgbouncer.py.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import asyncpg

from registry.guard.vault import Vault
from registry.guard.wall import LOGIN
from registry.models.noun import SCHEMA
from registry.store.db import SERVES
from registry.store.outage import CONNECTION_ERRORS
from server.database.migrate import LOGIN_SETTINGS, head, version

CONNECT_SECONDS = 10
TRIAL_SECONDS = 2.0  # for one statement of the pooler's trial
TRIAL_NAME = "desmigratif_trial"
NEEDED_STATEMENTS = 200  # of a connection that a pooler keeps prepared
ENTER_CHECK = f"INSERT INTO {SCHEMA}.vault_check VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING"
LOST_STATEMENT = (
    asyncpg.InvalidSQLStatementNameError,
    asyncpg.DuplicatePreparedStatementError,
    asyncpg.ProtocolViolationError,
)

# A login that may become another role is bound only by what binds that role: nothing, for a superuser or the owner.
LOGIN_RIGHTS = """
SELECT current_user AS name, current_setting('server_version') AS postgresql,
  EXISTS (SELECT FROM pg_roles r WHERE r.rolsuper AND pg_has_role(current_user, r.oid, 'MEMBER')) AS superuser,
  EXISTS (SELECT FROM pg_roles r WHERE r.rolbypassrls AND pg_has_role(current_user, r.oid, 'MEMBER')) AS bypasses,
  EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS owner
"""
FAULTS = {"superuser": "is superuser", "bypasses": "has BYPASSRLS", "owner": "owns the tables"}
"""How the sentence names each column of LOGIN_RIGHTS that must be false."""

LACKS = f"""
SELECT NOT EXISTS (SELECT FROM {SCHEMA}.region) AS regions,
  NOT EXISTS (SELECT FROM {SCHEMA}.village_enrolment) AS enrolments
"""
LACKING = {
    "regions": "There are no regions: `desmigratif regions load` loads the official list.",
    "enrolments": "No village takes part in a programme, so national figures are empty: see `desmigratif programme`.",
}
"""What is said of each column of LACKS that is true."""

ADVICE: tuple[tuple[type[Exception], str], ...] = (
    (asyncpg.InvalidPasswordError, "the password in it is not that of the login"),
    (asyncpg.InvalidAuthorizationSpecificationError, "there is no such login, or pg_hba.conf does not let it in"),
    (asyncpg.InvalidCatalogNameError, "there is no such database: make it, then run `desmigratif migrate`"),
    (asyncpg.TooManyConnectionsError, "it has no connection left: docs/operating.md says how many are needed"),
    (asyncpg.CannotConnectNowError, "it is starting or stopping: try again"),
    (socket.gaierror, "there is no host of that name"),
    (OSError, "check host and port, and that it runs"),
    (Exception, "its own log says why"),
)
"""What to do about each error of connecting; the first that fits counts."""

HAS_VERSIONS = f"SELECT to_regclass('{SCHEMA}.code_version') IS NOT NULL"

# The settings as they are, and as PostgreSQL writes the right ones: `1s` and `1000ms` are the same value.
ACTUAL_SETTINGS = "SELECT current_setting(name) FROM unnest($1::text[]) WITH ORDINALITY AS s (name, n) ORDER BY n"
RIGHT_SETTINGS = """SELECT set_config(name, value, true)
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS s (name, value, n) ORDER BY n"""


class ServingError(Exception):
    """The server cannot start; one sentence says what to correct."""


class CheckedDatabase(NamedTuple):
    """What a database is that may be served: PostgreSQL's version, and that of the tables."""

    postgresql: str
    tables: str
    lacks: tuple[str, ...]
    """What it needs to be of use: sentences that say what to run."""


async def check(dsn: str, vault: Vault) -> CheckedDatabase:
    """All checks that `serve` makes.  Raises ServingError."""
    database = await check_database(dsn)
    await check_pooler(dsn)
    await check_vault(dsn, vault)
    return database


async def check_database(dsn: str) -> CheckedDatabase:
    """Raises ServingError if row security does not bind the login, or if the database needs `migrate`."""
    async with _connected(dsn) as connection:
        login = await connection.fetchrow(LOGIN_RIGHTS, SCHEMA)
        assert login is not None
        for fault, words in FAULTS.items():
            if login[fault]:
                raise ServingError(
                    f"The login {login['name']} {words}, so row security would not bind it: "
                    f"use {LOGIN} in DATABASE_URL."
                )
        try:
            stored = await version(connection)
            has_versions = stored is not None and await connection.fetchval(HAS_VERSIONS)
            serves = has_versions and await connection.fetchval(SERVES, head())
        except asyncpg.InsufficientPrivilegeError:
            raise ServingError(f"The login {login['name']} may not read the registry: use {LOGIN}.") from None
        if stored is None or not serves:
            raise ServingError(
                f"The database is at version {stored or 'none'} and this program at {head()}: "
                "run `desmigratif migrate`."
            )
        await _check_settings(connection, login["name"])
        lacks = await connection.fetchrow(LACKS)
        assert lacks is not None
        sentences = tuple(sentence for name, sentence in LACKING.items() if lacks[name])
        return CheckedDatabase(login["postgresql"], stored, sentences)


async def _check_settings(connection: asyncpg.Connection, login: str) -> None:
    """A dump leaves out what ALTER ROLE … IN DATABASE has set, so a restored database may lack it."""
    names = list(LOGIN_SETTINGS)
    actual = await connection.fetch(ACTUAL_SETTINGS, names)
    right = await connection.fetch(RIGHT_SETTINGS, names, list(LOGIN_SETTINGS.values()))
    wrong = [name for name, actual_row, right_row in zip(names, actual, right, strict=True) if actual_row != right_row]
    if not wrong:
        return
    if login != LOGIN:
        raise ServingError(f"The login {login} lacks the settings of {LOGIN} ({', '.join(wrong)}): use {LOGIN}.")
    raise ServingError(
        f"The login {login} lacks its settings in this database ({', '.join(wrong)}), as after a restore: "
        "run `desmigratif migrate`."
    )


async def check_vault(dsn: str, vault: Vault) -> None:
    """Raises ServingError if the numbers of this database were sealed with other keys than these.

    The first keys that serve a database become its own."""
    async with _connected(dsn) as connection:
        async with connection.transaction():
            await connection.execute("SET TRANSACTION READ WRITE")
            await connection.execute(ENTER_CHECK, *vault.check_value())
        stored = await connection.fetchrow(f"SELECT key_id, sealed, blind FROM {SCHEMA}.vault_check")
    if stored is None or not vault.opens_check(*stored):
        raise ServingError(
            "The vault's keys are not those with which the numbers of this database were sealed: "
            "use the key file that was made for it."
        )


async def check_pooler(dsn: str) -> None:
    """Raises ServingError if a pooler runs a prepared statement on a connection where it was not prepared.

    Two clients prepare statements of the same name; then the first runs its own while the second's transaction holds
    the server connection that the pooler had given to both."""
    async with _connected(dsn) as first, _connected(dsn) as second:
        try:
            one = await first.prepare("SELECT 1", name=TRIAL_NAME, timeout=TRIAL_SECONDS)
            two = await second.prepare("SELECT 2", name=TRIAL_NAME, timeout=TRIAL_SECONDS)
            async with second.transaction():
                answers = [await two.fetchval(timeout=TRIAL_SECONDS), await one.fetchval(timeout=TRIAL_SECONDS)]
            answers += [await one.fetchval(timeout=TRIAL_SECONDS), await two.fetchval(timeout=TRIAL_SECONDS)]
        except TimeoutError:  # the pooler has one connection, so the first client waits for the second: nothing is lost
            return
        except LOST_STATEMENT:
            answers = []
        if answers != [2, 1, 1, 2]:
            raise ServingError(
                "The pooler of DATABASE_URL loses prepared statements: it must be PgBouncer 1.21 or newer with "
                f"max_prepared_statements = {NEEDED_STATEMENTS}, or have pool_mode = session."
            )


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        advice = next(advice for kind, advice in ADVICE if isinstance(error, kind))
        raise ServingError(
            f"The database of DATABASE_URL does not let us in ({type(error).__name__}): {advice}."
        ) from None
    try:
        yield connection
    finally:
        with suppress(TimeoutError, *CONNECTION_ERRORS):  # a pooler may keep it waiting, or it may be lost already
            await connection.close(timeout=TRIAL_SECONDS)
