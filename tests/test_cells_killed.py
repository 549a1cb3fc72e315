"""The books of the figures after PostgreSQL was killed, amid a fold and while eight write."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from registry.figures.router import from_cells
from server.database.cells import wrong_cells
from server.database.embedded import Embedded
from server.database.migrate import migrate
from server.database.postgres import Programs
from tests.eventually import eventually
from tests.histories import recount, verify
from tests.test_router import QUESTIONS, count_ledger, read_cells

pytestmark = pytest.mark.anyio
WRITERS = 8
HOUSEHOLDS = 24
"""Few, so that writers meet and a fold takes a household that is verified again meanwhile."""
BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    OSError,
)
"""What a client sees of a connection that has ended."""
VILLAGES = "SELECT id, code FROM region WHERE level = 'VILLAGE' AND valid_to IS NULL"


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    # asyncpg may wait for ever for an answer of a server that was killed amid its statement.
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "registry"}, command_timeout=10)
    try:
        yield connection
    finally:
        connection.terminate()


class Race:
    """Eight writers and a fold in one database."""

    def __init__(self, dsn: str, seed: int, villages: Sequence[asyncpg.Record]) -> None:
        self.dsn, self.seed = dsn, seed
        rng = random.Random(seed)
        ids = [uuid.UUID(int=rng.getrandbits(128)) for _ in range(HOUSEHOLDS)]
        self.homes = [(household, rng.choice(villages)) for household in ids]
        self.verified = 0
        self.folder: int | None = None
        """The process of PostgreSQL that folds, while it does not commit."""
        self.is_over = False

    async def write(self, writer: int, times: int) -> None:
        """Verify random households; one in six verifications is undone."""
        rng = random.Random(f"{self.seed} {writer}")
        async with connected(self.dsn) as connection:
            for _ in range(times):
                transaction = connection.transaction()
                await transaction.start()
                await verify(connection, rng, *rng.choice(self.homes))
                if rng.random() < 1 / 6:
                    await transaction.rollback()
                else:
                    await transaction.commit()
                    self.verified += 1

    async def fold(self) -> None:
        """Fold again and again until it is over, and stay a moment before each commit."""
        while not self.is_over:
            with suppress(asyncpg.AdminShutdownError, *BROKEN):
                async with connected(self.dsn) as connection:
                    while not self.is_over:
                        async with connection.transaction():
                            if await connection.fetchval("SELECT registry.fold(20)"):
                                self.folder = connection.get_server_pid()
                                await connection.execute("SELECT pg_sleep(0.05)")
                            self.folder = None
                        await asyncio.sleep(0)
            self.folder = None
            await asyncio.sleep(0.01)


async def check(connection: asyncpg.Connection) -> None:
    """In one snapshot: the books balance, and every kind of question has the answer that the ledger gives."""
    assert (await wrong_cells(connection))[2] == 0
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        for count, by in QUESTIONS:
            text = from_cells(count, by, 0, inside="$1", below="$2")
            assert text is not None
            kept = (await read_cells(connection, text, "0", []))[None]
            assert kept == await count_ledger(connection, count, by, 0, "0", None), count
            rows = await connection.fetch(f"SELECT * FROM {count.unit.ledger}")
            assert kept == recount(rows, count, by, 0, "0", None), count


@pytest.fixture
def server() -> Iterator[Embedded]:
    """A durable server of this test alone, which may be killed."""
    folder = Path(tempfile.mkdtemp(prefix="killed-", dir=Programs("18").temporary_folder()))
    folder.chmod(0o711)
    try:
        with Embedded(folder / "data") as embedded:
            yield embedded
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def villages_of(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """Two villages of two provinces."""
    for code in ("35.07.11.2008", "52.03.21.2002"):
        await connection.execute(
            "INSERT INTO region (code, level, kind, name, search_name, valid_from, decree)"
            " VALUES ($1, 'VILLAGE', 'RURAL_VILLAGE', $1, $1, '1945-08-17', 'decree')",
            code,
        )
    return list(await connection.fetch(VILLAGES))


async def killed_server(server: Embedded, seeds: Sequence[int]) -> int:
    """Kill PostgreSQL with SIGKILL amid a fold that has not committed, once for each seed.

    Returns how many verifications were committed; each is there afterwards."""
    await migrate(server.dsn())
    async with connected(server.dsn()) as connection:
        villages = await villages_of(connection)
    committed = 0
    for seed in seeds:
        race = Race(server.dsn(), seed, villages)
        folding = asyncio.create_task(race.fold())
        writing = [asyncio.create_task(race.write(n, 10_000)) for n in range(WRITERS)]
        await eventually(lambda race=race: race.verified >= 20 and race.folder is not None)  # type: ignore[misc]
        pid = int((server.data / "cluster" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        race.is_over = True
        ended = await asyncio.gather(folding, *writing, return_exceptions=True)
        assert not [error for error in ended[1:] if not isinstance(error, BROKEN)], "writers end with the server"
        committed += race.verified
        await asyncio.to_thread(server.start)
        async with connected(server.dsn()) as connection:
            await check(connection)
            assert await connection.fetchval("SELECT count(*) FROM ledger_household") >= committed
            while await connection.fetchval("SELECT registry.fold(1000)"):
                await check(connection)
            assert await connection.fetchval("SELECT count(*) FROM figure_due") == 0
            await check(connection)
    return committed


async def test_books_balance_after_postgresql_was_killed(server: Embedded) -> None:
    await killed_server(server, [1])


@pytest.mark.prove
async def test_books_balance_after_postgresql_was_killed_whole(
    server: Embedded, capsys: pytest.CaptureFixture[str]
) -> None:
    committed = await killed_server(server, range(100, 110))
    with capsys.disabled():
        sys.stdout.write(f"PostgreSQL killed 10 times, {committed} verifications committed, and the books balanced\n")
