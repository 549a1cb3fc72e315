"""One embedded PostgreSQL for each process of the run, one migrated template, one database per module that uses it.

`make test` runs a process per core, and these share nothing; a module that two of them run is set up in both.
"""

# ruff: noqa: F811  (an imported fixture is requested by its name)

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache

import asyncpg
import pytest

from schema.build import build
from server.database.embedded import Embedded
from server.database.migrate import migrate
from server.http import app
from tests.building import build_world
from tests.hashing import hash_quickly
from tests.run import postgres, pytest_collection, pytest_configure, pytest_terminal_summary  # noqa: F401  (hooks)
from tests.world import World

hash_quickly()  # before any module of tests hashes a password
app.build = cache(build)  # type: ignore[attr-defined]  # the servers of the tests share a schema, which nothing changes


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def template(postgres: Embedded, anyio_backend: str) -> str:
    """The name of a migrated database to copy from."""
    await migrate(postgres.dsn())
    return "desmigratif"


@pytest.fixture(scope="session")
async def fresh(postgres: Embedded, template: str, anyio_backend: str) -> object:
    """A function that makes a migrated, empty database and returns its name."""
    names: list[str] = []

    async def make() -> str:
        name = f"t{len(names)}"
        connection = await asyncpg.connect(postgres.dsn("postgres"))
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        await connection.close()
        names.append(name)
        settings = await asyncpg.connect(postgres.dsn(name))
        from server.database.migrate import configure_login

        await configure_login(settings)
        await settings.close()
        return name

    return make


@pytest.fixture
async def admin(postgres: Embedded, fresh: object, anyio_backend: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection to a migrated, empty database for this test alone."""
    name = await fresh()  # type: ignore[operator]
    connection = await asyncpg.connect(postgres.dsn(name), server_settings={"search_path": "registry"})
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def world(postgres: Embedded, fresh: object, anyio_backend: str) -> AsyncIterator[World]:
    """The world of the access tests, built once; a test that writes to it rolls back."""
    name = await fresh()  # type: ignore[operator]
    async with build_world(postgres.dsn(name), postgres.dsn(name, user="registry_app")) as world:
        yield world


from tests.village import village  # noqa: E402, F401  (a fixture)
