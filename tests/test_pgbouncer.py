"""Behind PgBouncer in transaction mode, where each statement may run on another connection, everything works the same.

PgBouncer supports prepared statements since 1.21.  `PGBOUNCER` names the program, by default the installed one.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from registry.guard.vault import Vault
from registry.guard.wall import LOGIN
from server.database.checks import ServingError, check
from server.http import principals
from tests.eventually import eventually, eventually_now
from tests.ports import free_port
from tests.village import SUBMIT, Place, household, served_with

PROGRAM = os.environ.get("PGBOUNCER") or shutil.which("pgbouncer")
NEEDED = (1, 21)
VAULT = Vault("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32))


def version() -> tuple[int, ...]:
    if PROGRAM is None:
        return ()
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"PgBouncer (\d+)\.(\d+)", version)
    return tuple(map(int, match.groups())) if match else ()


pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not version(), reason="no PgBouncer here"),
]
needs_statements = pytest.mark.skipif(
    version() < NEEDED, reason=f"no PgBouncer of 1.21 or newer here, but {version() or 'none'}"
)
CONFIG = """
[databases]
* = host={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = 2
"""
HOUSEHOLDS = "{ households(first: 5) { totalCount nodes { id address members { fullName } } } }"


@contextmanager
def pgbouncer(login: str, statements: int = 200) -> Iterator[str]:
    """The login's URL through a PgBouncer with two connections and this many prepared statements for each."""
    place = urlsplit(login)
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "users").write_text(f'"{LOGIN}" ""\n')
        server = parse_qs(place.query)["host"][0]
        config = CONFIG.format(server=server, port=port, users=folder / "users")
        if version() >= NEEDED:
            config += f"max_prepared_statements = {statements}\n"
        (folder / "ini").write_text(config)
        account = ["-u", "nobody"] if os.geteuid() == 0 else []
        assert PROGRAM is not None
        running = subprocess.Popen([PROGRAM, "-q", *account, str(folder / "ini")])
        try:
            eventually_now(lambda: accepts(port))
            yield f"postgresql://{LOGIN}@127.0.0.1:{port}{place.path}"
        finally:
            running.kill()  # after SIGTERM it would wait for all its clients
            running.wait()


def accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
async def pooled(village: Place) -> AsyncIterator[Place]:
    settings = {"pool_size": 8, "queue_timeout_ms": 30_000, "listen_url": village.login}
    with pgbouncer(village.login) as login:
        async with served_with(replace(village, login=login), **settings) as served:
            yield served


@needs_statements
async def test_readers_share_connections_without_sharing_visibility(village: Place, pooled: Place) -> None:
    for _ in range(3):
        await village.submit("officer", household(people=2))
    people = ["officer", "verifier", "province", "viewer", "analyst", "stranger", "next door", "nobody"]
    expected = {who: (await village.query(who, HOUSEHOLDS)).json for who in people}
    assert expected["officer"]["data"] != expected["stranger"]["data"]
    texts = [HOUSEHOLDS, *(HOUSEHOLDS.replace("address", f"a{n}: address") for n in range(30))]

    async def ask(who: str, number: int) -> None:
        aliased = (await pooled.query(who, texts[number % len(texts)])).body.decode()
        body = re.sub(r'"a\d+":', '"address":', aliased)
        answer = expected[who]
        if "data" in answer and not answer.get("errors"):
            assert f'"totalCount":{answer["data"]["households"]["totalCount"]}' in body
            for node in answer["data"]["households"]["nodes"]:
                assert node["id"] in body
                assert (node["address"] or "null") in body
        else:
            assert answer["errors"][0]["extensions"]["code"] in body

    async with asyncio.TaskGroup() as group:
        for number in range(40):
            for who in people:
                group.create_task(ask(who, number))


@needs_statements
async def test_a_command_is_one_transaction_behind_a_pooler(pooled: Place) -> None:
    async def submit() -> None:
        document = household()
        stored = (await pooled.ask("officer", SUBMIT, household=document, saveAs="SUBMITTED"))["submitHousehold"]
        assert stored["outcome"] == "ACCEPTED", stored
        assert (await pooled.household("officer", document["id"], "rev"))["rev"] == 1

    async with asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(submit())


@needs_statements
async def test_a_revoked_grant_ends_at_once_behind_a_pooler(pooled: Place) -> None:
    await eventually(lambda: pooled.app.service.principals.listening)
    assert (await pooled.query("second", HOUSEHOLDS)).codes == []

    async def refused() -> bool:
        return (await pooled.query("second", HOUSEHOLDS)).codes == ["FORBIDDEN"]

    async with active(pooled, "second", False):
        await eventually(refused)


@needs_statements
async def test_without_a_direct_connection_principals_are_not_cached(
    village: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PgBouncer accepts LISTEN but delivers nothing, so a revoked grant must end with the next request."""
    monkeypatch.setattr(principals, "HEARTBEAT_SECONDS", 0.5)
    with pgbouncer(village.login) as login:
        async with served_with(replace(village, login=login), pool_size=4) as served:
            for _ in range(3):
                assert (await served.query("second", HOUSEHOLDS)).codes == []
            await eventually(lambda: "notifications are lost on the way" in caplog.text)
            assert not served.app.service.principals.listening
            async with active(served, "second", False):
                assert (await served.query("second", HOUSEHOLDS)).codes == ["FORBIDDEN"]


@needs_statements
async def test_a_pooler_that_supports_prepared_statements_is_accepted(village: Place) -> None:
    with pgbouncer(village.login) as login:
        for _ in range(3):
            await check(login, VAULT)  # the first keys are the database's own


async def test_a_pooler_that_loses_prepared_statements_is_refused(village: Place) -> None:
    with pgbouncer(village.login, statements=0) as login:
        for _ in range(3):
            with pytest.raises(ServingError, match=r"PgBouncer 1\.21 or newer with max_prepared_statements = 200"):
                await check(login, VAULT)


@asynccontextmanager
async def active(place: Place, who: str, value: bool) -> AsyncIterator[None]:
    """Activate or revoke a grant for a while."""
    change = "UPDATE grants SET active = $2 WHERE user_id = $1"
    await place.admin.execute(change, place.ids[who], value)
    try:
        yield
    finally:
        await place.admin.execute(change, place.ids[who], not value)


@needs_statements
async def test_a_lost_server_connection_is_overload_at_most_once(pooled: Place) -> None:
    await pooled.ask("officer", HOUSEHOLDS)
    await pooled.admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = $1 AND datname = current_database() AND query NOT LIKE 'LISTEN%'",
        LOGIN,
    )
    codes = [(await pooled.query("officer", HOUSEHOLDS)).codes for _ in range(9)]
    assert codes[-1] == []
    assert {code for one in codes for code in one} <= {"OVERLOADED"}
