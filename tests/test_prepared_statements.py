"""The prepared statements of a connection are bounded in characters, because PostgreSQL's memory grows with these."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from registry.store import prepared
from registry.store.prepared import Connection
from server.database.embedded import Embedded

pytestmark = pytest.mark.anyio
KEPT = (
    "SELECT count(*), coalesce(sum(length(statement)), 0) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1%'"
)


@pytest.fixture
async def connection(postgres: Embedded, anyio_backend: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(postgres.dsn("postgres"), connection_class=Connection, statement_cache_size=9)
    yield opened
    await opened.close()


def statement(number: int, letters: int) -> str:
    text = f"SELECT $1::int + {number} /* kept "
    return text + "x" * (letters - len(text) - 2) + "*/"


async def test_a_repeated_statement_is_prepared_once(connection: Connection) -> None:
    for number in range(5):
        assert await connection.fetch_value(statement(1, 500), [number], None) == number + 1
    assert [tuple(row) for row in await connection.fetch(KEPT)] == [(1, 500)]


async def test_prepared_statements_are_bounded_in_characters(connection: Connection) -> None:
    for number in range(80):
        assert await connection.fetch_value(statement(number, 15_000), [1], None) == number + 1
    ((count, letters),) = await connection.fetch(KEPT)
    assert letters - 15_000 <= connection.letters <= prepared.LETTERS, "one may wait to be closed"
    assert count >= connection.letters // 15_000 > 10
    assert await connection.fetch_value(statement(0, 15_000), [1], None) == 1, "one that was given up is prepared again"


async def test_the_least_recently_used_statement_is_closed_first(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "LETTERS", 3_000)
    for number in (0, 1, 2, 0, 3):
        await connection.fetch_value(statement(number, 1_000), [1], None)
    assert list(connection._prepared) == [statement(number, 1_000) for number in (2, 0, 3)]


async def test_a_very_long_statement_is_not_cached(connection: Connection) -> None:
    assert await connection.fetch_value(statement(7, prepared.LARGEST + 1), [1], None) == 8
    assert connection.letters == 0
    assert (await connection.fetchval(KEPT)) == 0


async def test_a_statement_outlives_a_change_of_its_table(connection: Connection) -> None:
    await connection.execute("CREATE TEMP TABLE changing (a int); INSERT INTO changing VALUES (1)")
    text = "SELECT a FROM changing /* kept */"
    assert await connection.fetch_value(text, [], None) == 1
    await connection.execute("ALTER TABLE changing ALTER a TYPE bigint")
    assert await connection.fetch_value(text, [], None) == 1
    assert await connection.fetch_value(text, [], None) == 1


async def test_a_statement_has_its_timeout(connection: Connection) -> None:
    with pytest.raises(TimeoutError):
        await connection.fetch_value("SELECT pg_sleep(60)::text /* kept */", [], 0.1)
    assert await connection.fetch_value(statement(1, 500), [1], None) == 2
