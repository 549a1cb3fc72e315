"""Behind PgBouncer in transaction mode everything is as without it: each statement may run on another connection.

PgBouncer keeps prepared statements since 1.21.  The program that `PGBOUNCER` names is used, else the installed one.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from registry.wall import LOGIN
from tests.village import SUBMIT, Place, household, served_with

PROGRAM = os.environ.get("PGBOUNCER") or shutil.which("pgbouncer")
NEEDED = (1, 21)


def version() -> tuple[int, ...]:
    if PROGRAM is None:
        return ()
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"PgBouncer (\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else ()


pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(version() < NEEDED, reason=f"no PgBouncer of 1.21 or newer here, but {version() or 'none'}"),
]
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
max_prepared_statements = 200
"""
HOUSEHOLDS = "{ households(first: 5) { totalCount nodes { id address members { fullName } } } }"


@contextmanager
def pgbouncer(login: str) -> Iterator[str]:
    """The login's address through a PgBouncer with two connections."""
    place = urlsplit(login)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "users").write_text(f'"{LOGIN}" ""\n')
        server = parse_qs(place.query)["host"][0]
        (folder / "ini").write_text(CONFIG.format(server=server, port=port, users=folder / "users"))
        account = ["-u", "nobody"] if os.geteuid() == 0 else []
        assert PROGRAM is not None
        running = subprocess.Popen([PROGRAM, "-q", *account, str(folder / "ini")])
        try:
            yield f"postgresql://{LOGIN}@127.0.0.1:{port}{place.path}"
        finally:
            running.kill()  # politely it would wait for all its clients
            running.wait()


@pytest.fixture
async def pooled(village: Place) -> AsyncIterator[Place]:
    with pgbouncer(village.login) as login:
        for _ in range(100):
            try:
                settings = {"pool_size": 8, "queue_timeout_ms": 30_000, "listen_url": village.login}
                async with served_with(replace(village, login=login), **settings) as served:
                    yield served
                return
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)


async def test_many_readers_share_two_connections_and_nobody_sees_another_s_sight(
    village: Place, pooled: Place
) -> None:
    for _ in range(3):
        await village.submit("officer", household(people=2))
    people = ["officer", "verifier", "province", "viewer", "analyst", "stranger", "next door", "nobody"]
    expected = {who: (await village.query(who, HOUSEHOLDS)).json for who in people}
    assert expected["officer"]["data"] != expected["stranger"]["data"]
    texts = [HOUSEHOLDS, *(HOUSEHOLDS.replace("address", f"a{n}: address") for n in range(30))]

    async def ask(who: str, number: int) -> None:
        got = (await pooled.query(who, texts[number % len(texts)])).body.decode()
        got = re.sub(r'"a\d+":', '"address":', got)
        wanted = expected[who]
        if "data" in wanted and not wanted.get("errors"):
            assert f'"totalCount":{wanted["data"]["households"]["totalCount"]}' in got
            for node in wanted["data"]["households"]["nodes"]:
                assert node["id"] in got
                assert (node["address"] or "null") in got
        else:
            assert wanted["errors"][0]["extensions"]["code"] in got

    async with asyncio.TaskGroup() as group:
        for number in range(40):
            for who in people:
                group.create_task(ask(who, number))


async def test_a_command_is_one_transaction_and_is_read_back(pooled: Place) -> None:
    async def submit() -> None:
        made = household()
        stored = (await pooled.ask("officer", SUBMIT, household=made, saveAs="SUBMITTED"))["submitHousehold"]
        assert stored["outcome"] == "ACCEPTED", stored
        assert (await pooled.household("officer", made["id"], "rev"))["rev"] == 1

    async with asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(submit())


async def test_a_revoked_grant_is_heard_past_the_pooler(pooled: Place) -> None:
    async with asyncio.timeout(5):
        while not pooled.app.service.principals.listening:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (await pooled.query("second", HOUSEHOLDS)).codes == []
    await pooled.admin.execute("UPDATE grants SET active = false WHERE user_id = $1", pooled.ids["second"])
    async with asyncio.timeout(1):
        while (await pooled.query("second", HOUSEHOLDS)).codes != ["FORBIDDEN"]:
            pass


async def test_a_server_connection_that_is_lost_is_told_as_overload_at_most_once(pooled: Place) -> None:
    await pooled.ask("officer", HOUSEHOLDS)
    await pooled.admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = $1 AND datname = current_database() AND query NOT LIKE 'LISTEN%'",
        LOGIN,
    )
    codes = [(await pooled.query("officer", HOUSEHOLDS)).codes for _ in range(9)]
    assert codes[-1] == []
    assert {code for one in codes for code in one} <= {"OVERLOADED"}
