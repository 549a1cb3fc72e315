"""Production starts only with a login bound by row security, keys of its own and a migrated database."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from registry.guard.vault import Vault
from registry.guard.wall import LOGIN, OWNER
from server.cli.main import main
from server.database import migrate as migration
from server.database.checks import ServingError, check_database, check_pooler, check_vault
from server.database.embedded import Embedded
from server.database.migrate import MigrationRefused, migrate
from server.http.serving import listen, production
from server.keys import VAULT, create_signing, demo_keys
from server.settings import Settings

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[1]
TABLE = (ROOT / "docs" / "operating.md").read_text().partition("| it says | do |")[2].partition("## Sizes")[0]
SOURCES = [
    " ".join(re.findall(r'"([^"]*)"', path.read_text()))
    for folder in ("server", "registry")
    for path in (ROOT / folder).rglob("*.py")
]
"""The texts of the code, without what is filled in."""

FAULTS = {
    "is superuser": "SUPERUSER",
    "has BYPASSRLS": "BYPASSRLS",
    "owns the tables": f"IN ROLE {OWNER}",
    "may not read the registry": "",
}


@pytest.fixture(scope="module")
async def database(postgres: Embedded, fresh: Any, anyio_backend: str) -> str:
    name: str = await fresh()
    return name


@pytest.fixture
async def connection(postgres: Embedded, database: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(postgres.dsn(database))
    yield opened
    await opened.close()


@pytest.fixture
def keys(tmp_path: Path) -> Settings:
    """Settings of a production with its own keys; no test connects to its database."""
    folder, sealing = tmp_path / "keys", tmp_path / "vault.json"
    create_signing(folder)
    Vault.create(sealing)
    return Settings(database_url="postgresql://x@/x", signing_keys=folder, vault_keys=sealing)


async def test_the_login_of_migrate_may_serve(postgres: Embedded, database: str) -> None:
    await check_database(postgres.dsn(database, LOGIN))


async def test_a_superuser_may_not_serve(postgres: Embedded, database: str) -> None:
    with pytest.raises(ServingError, match="postgres is superuser"):
        await check_database(postgres.dsn(database))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("through", [False, True], ids=["itself", "by another role"])
async def test_a_login_that_bypasses_row_security_may_not_serve(
    postgres: Embedded, database: str, connection: asyncpg.Connection, fault: str, through: bool
) -> None:
    await connection.execute(f"CREATE ROLE faulty LOGIN {FAULTS[fault]}; CREATE ROLE proxy LOGIN IN ROLE faulty")
    try:
        with pytest.raises(ServingError, match=fault):
            await check_database(postgres.dsn(database, "proxy" if through else "faulty"))
    finally:
        await connection.execute("DROP ROLE proxy, faulty")


async def test_a_database_that_is_not_migrated_is_not_served(
    postgres: Embedded, database: str, connection: asyncpg.Connection
) -> None:
    with pytest.raises(ServingError, match="version none"):
        await check_database(postgres.dsn("postgres", LOGIN))
    value = await connection.fetchval("SELECT version_num FROM registry.alembic_version")
    await connection.execute("UPDATE registry.alembic_version SET version_num = 'of_yesterday'")
    await connection.execute("UPDATE registry.code_version SET version = 'of_yesterday' WHERE version = $1", value)
    try:
        with pytest.raises(ServingError, match="version of_yesterday"):
            await check_database(postgres.dsn(database, LOGIN))
    finally:
        await connection.execute("UPDATE registry.alembic_version SET version_num = $1", value)
        await connection.execute("UPDATE registry.code_version SET version = $1 WHERE version = 'of_yesterday'", value)


async def test_a_login_without_its_settings_may_not_serve_until_migrate_restores_them(
    postgres: Embedded, fresh: Any
) -> None:
    """A dump restored elsewhere loses them, because they belong to the role."""
    name = await fresh()
    connection = await asyncpg.connect(postgres.dsn(name))
    await connection.execute(f"ALTER ROLE {LOGIN} IN DATABASE {name} RESET ALL")
    with pytest.raises(ServingError, match=r"lacks its settings .*default_transaction_read_only.*desmigratif migrate"):
        await check_database(postgres.dsn(name, LOGIN))
    await connection.execute(f"ALTER ROLE {LOGIN} IN DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(ServingError, match="search_path"):
        await check_database(postgres.dsn(name, LOGIN))
    await connection.close()
    await migrate(postgres.dsn(name))
    await check_database(postgres.dsn(name, LOGIN))


async def test_another_login_without_the_settings_may_not_serve(
    postgres: Embedded, database: str, connection: asyncpg.Connection
) -> None:
    await connection.execute(f"CREATE ROLE other LOGIN IN ROLE {LOGIN}")
    try:
        with pytest.raises(ServingError, match=f"other lacks the settings of {LOGIN}"):
            await check_database(postgres.dsn(database, "other"))
    finally:
        await connection.execute("DROP ROLE other")


def other_keys(current: str = "k1", changed: str = "") -> Vault:
    """Keys that differ in the named part."""
    keys = {"sealing": b"s" * 32, "blind": b"b" * 32} | ({changed: b"x" * 32} if changed else {})
    return Vault(current, {current: keys["sealing"]}, keys["blind"])


async def test_a_database_accepts_only_its_first_keys(postgres: Embedded, fresh: Any) -> None:
    dsn = postgres.dsn(await fresh(), LOGIN)
    for _ in range(2):
        await check_vault(dsn, other_keys())
    for wrong in (other_keys(changed="sealing"), other_keys(changed="blind"), other_keys(current="k2")):
        with pytest.raises(ServingError, match="not those with which the numbers of this database were sealed"):
            await check_vault(dsn, wrong)
    rotated = Vault("k2", {"k1": b"s" * 32, "k2": b"n" * 32}, b"b" * 32)
    await check_vault(dsn, rotated)


async def test_the_proof_of_keys_is_never_replaced(postgres: Embedded, fresh: Any) -> None:
    dsn = postgres.dsn(await fresh(), LOGIN)
    await check_vault(dsn, other_keys())
    login = await asyncpg.connect(dsn)
    for statement in ("UPDATE vault_check SET blind = ''", "DELETE FROM vault_check", "TRUNCATE vault_check"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await login.execute(f"BEGIN READ WRITE; {statement}")
        await login.execute("ROLLBACK")
    await login.close()


def test_two_key_files_have_no_key_id_in_common(tmp_path: Path) -> None:
    names = set()
    for number in range(2):
        Vault.create(tmp_path / str(number))
        names |= json.loads((tmp_path / str(number)).read_text())["keys"].keys()
    assert len(names) == 2


async def test_a_direct_connection_passes_the_check_of_poolers(postgres: Embedded, database: str) -> None:
    await check_pooler(postgres.dsn(database, LOGIN))


async def test_a_database_of_a_newer_version_that_serves_this_one_is_served(
    postgres: Embedded, database: str, connection: asyncpg.Connection
) -> None:
    value = await connection.fetchval("SELECT version_num FROM registry.alembic_version")
    await connection.execute("UPDATE registry.alembic_version SET version_num = 'of_tomorrow'")
    await connection.execute("INSERT INTO registry.code_version VALUES ('of_tomorrow')")
    try:
        await check_database(postgres.dsn(database, LOGIN))
    finally:
        await connection.execute("UPDATE registry.alembic_version SET version_num = $1", value)
        await connection.execute("DELETE FROM registry.code_version WHERE version = 'of_tomorrow'")


async def test_an_unreachable_database_is_one_sentence(postgres: Embedded) -> None:
    for dsn, advice in (
        ("postgresql://x@127.0.0.1:1/x", "check host and port"),
        ("postgresql://x@nowhere.invalid/x", "no host of that name"),
        (postgres.dsn("not_there", LOGIN), "no such database"),
        (postgres.dsn(user="nobody_here"), "no such login"),
    ):
        with pytest.raises(ServingError, match=f"does not let us in .*{advice}"):
            await check_database(dsn)


def test_production_serves_with_its_own_keys(keys: Settings) -> None:
    assert production(keys).service.keyring.issuer == keys.issuer


def test_production_refuses_the_keys_of_a_demo(keys: Settings, tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    demo_keys(demo, keys.audience)
    for wrong in ({"signing_keys": demo}, {"vault_keys": demo / VAULT}):
        with pytest.raises(ServingError, match="demo's key"):
            production(keys.model_copy(update=wrong))


def test_keys_of_a_demo_are_recognised_after_copying(keys: Settings, tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    demo_keys(demo, keys.audience)
    assert keys.vault_keys is not None
    keys.vault_keys.write_bytes((demo / VAULT).read_bytes())
    with pytest.raises(ServingError, match="demo's key"):
        production(keys)


def test_missing_and_broken_keys_are_one_sentence(keys: Settings, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.json").write_text("{}")
    for wrong in (
        {"signing_keys": tmp_path / "empty"},
        {"signing_keys": tmp_path / "nowhere"},
        {"vault_keys": tmp_path / "nowhere.json"},
        {"vault_keys": tmp_path / "broken.json"},
    ):
        with pytest.raises(ServingError, match="key"):
            production(keys.model_copy(update=wrong))


def test_a_taken_port_is_one_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ServingError, match=f"Port {port} of 127.0.0.1 is taken"):
            listen("127.0.0.1", port)
    listen("127.0.0.1", port).close()


def test_a_taken_port_is_refused_before_anything_is_prepared() -> None:
    """Two sockets that only bind may share a port, and the second fails when it listens, after all preparations."""
    with listen("127.0.0.1", 0) as listener, pytest.raises(ServingError, match="is taken"):
        listen("127.0.0.1", listener.getsockname()[1])


def test_serve_runs_these_checks(
    postgres: Embedded,
    database: str,
    keys: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres.dsn(database))
    monkeypatch.setenv("DESMIGRATIF_SIGNING_KEYS", str(keys.signing_keys))
    monkeypatch.setenv("DESMIGRATIF_VAULT_KEYS", str(keys.vault_keys))
    with pytest.raises(SystemExit, match="1"):
        main(["serve"])
    assert "is superuser" in capsys.readouterr().err


INTERRUPTED = """
import asyncio, os, signal
from collections import Counter
from types import SimpleNamespace
from server.http import serving
from server.http.request_log import RequestLog
from server.settings import Settings

class Bare:
    service = SimpleNamespace(settings=Settings(), outcomes=Counter(), log=RequestLog("json"))

    async def __call__(self, scope, receive, send):
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})

def close(runner, closing=asyncio.Runner.close):
    os.kill(os.getpid(), signal.SIGINT)
    closing(runner)
    print("closed")

def ended(*_):
    print("ended")
    raise KeyboardInterrupt

async def stop():
    os.kill(os.getpid(), signal.SIGINT)

asyncio.Runner.close = close
signal.signal(signal.SIGINT, ended)
try:
    serving.run(Bare(), serving.listen("127.0.0.1", 0), stop)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_second_signal_does_not_interrupt_the_shutdown() -> None:
    run = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60, check=False)
    assert (run.stdout.split(), run.stderr) == (["closed", "ended", "interrupted"], "")


async def test_a_login_that_may_not_migrate_is_told_what_it_needs(postgres: Embedded, database: str) -> None:
    admin = await asyncpg.connect(postgres.dsn("postgres"))
    await admin.execute("CREATE ROLE clerk LOGIN; CREATE ROLE dba LOGIN CREATEROLE")
    await admin.execute("CREATE DATABASE theirs")
    try:
        for login in ("clerk", "dba"):  # the roles are another's, and the database too
            with pytest.raises(MigrationRefused, match=f"{login} may not do this .*CREATEROLE and own the database"):
                await migrate(postgres.dsn("theirs", login))
    finally:
        await admin.execute("DROP DATABASE theirs")
        await admin.execute("DROP ROLE clerk, dba")
        await admin.close()


async def test_an_older_postgresql_is_refused(
    postgres: Embedded, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "OLDEST_POSTGRESQL", 99)
    with pytest.raises(MigrationRefused, match=r"PostgreSQL \d+: the registry needs 99 or newer"):
        await migrate(postgres.dsn(database))


async def test_a_database_that_nobody_can_use_yet_is_served_and_says_what_to_run(
    postgres: Embedded, fresh: Any
) -> None:
    name = await fresh()
    lacks = (await check_database(postgres.dsn(name, LOGIN))).lacks
    assert [sentence.partition(":")[0].partition(",")[0] for sentence in lacks] == [
        "There are no regions",
        "No village takes part in a programme",
    ]
    connection = await asyncpg.connect(postgres.dsn(name))
    await connection.execute(
        "INSERT INTO registry.region (code, level, kind, name, search_name, valid_from, decree)"
        " VALUES ('35', 'PROVINCE', 'PROVINCE', 'Jawa Timur', 'jawa timur', '1945-08-17', 'decree')"
    )
    await connection.close()
    assert len((await check_database(postgres.dsn(name, LOGIN))).lacks) == 1


@pytest.mark.parametrize(("sentence", "row"), re.findall(r"^\| `([^|]+)` \| (.+) \|$", TABLE, re.MULTILINE))
def test_the_page_quotes_sentences_that_serve_has(sentence: str, row: str) -> None:
    """The table of docs/operating.md; `…` stands for anything."""
    parts = [part.strip() for part in sentence.split("…") if part.strip()]
    assert row
    assert all(any(part in text for text in SOURCES) for part in parts)
