"""The pool and its two doors to records: `Database.fetch`, which reads, and `Database.write`.

Connections skip the reset query, because every setting is local to its transaction, and are read-only by default.
Rule: whatever is read or written, the caller's areas are set in the same statement or transaction; besides the two
doors only `sign_in` (a crossing) and `ready` (the version) ask anything.
Tests: tests/test_wall.py, tests/test_faults.py.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from auth.principal import SETTINGS, Principal

DIALECT = dialect()  # type: ignore[no-untyped-call]
SETTING, CLAIM = "set_", "claim_"


class TooSlow(Exception):
    """A statement passed its time limit."""


class Unreachable(Exception):
    """The database gave no connection in time, or it was lost; what was under way may be sent again."""


@dataclass(frozen=True)
class Statement:
    """SQL text with $1 … and the names of its arguments in that order."""

    text: str
    names: tuple[str, ...]


def compiled(statement: sa.ClauseElement) -> Statement:
    made = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    fixed = {k: v for k, v in made.params.items() if v is not None}
    if fixed:
        raise ValueError(f"constants {fixed} in a statement: use literal_column or a named bindparam")
    return Statement(str(made), tuple(getattr(made, "positiontup", None) or ()))


class Sql:
    """A statement of a command, compiled once at import: `INSERT = Sql(sa.insert(table).values(…bindparams…))`."""

    def __init__(self, statement: sa.ClauseElement) -> None:
        made = compiled(statement)
        self.text, self.names = made.text, made.names

    def bind(self, arguments: Mapping[str, Any], claims: Mapping[str, Any] = MappingProxyType({})) -> list[Any]:
        if extra := set(arguments) - set(self.names):
            raise TypeError(f"unknown arguments {sorted(extra)}")
        return [claims[name] if name.startswith(CLAIM) else arguments[name] for name in self.names]


def arg(name: str, type_: Any = None) -> Any:
    """A named argument of a statement."""
    return sa.bindparam(name, type_=type_, required=False)


class Connection(asyncpg.Connection):
    def get_reset_query(self) -> str:
        return ""  # settings are transaction-local: nothing to reset


class Transaction:
    """A write in progress: its caller's areas are set, and what a statement asks of the caller is known."""

    def __init__(self, connection: Any, principal: Principal) -> None:
        self._connection, self._claims = connection, {f"{CLAIM}user": principal.user_id}

    async def rows(self, sql: Sql, **arguments: Any) -> list[asyncpg.Record]:
        found: list[asyncpg.Record] = await self._connection.fetch(sql.text, *sql.bind(arguments, self._claims))
        return found

    async def one(self, sql: Sql, **arguments: Any) -> asyncpg.Record | None:
        found: asyncpg.Record | None = await self._connection.fetchrow(sql.text, *sql.bind(arguments, self._claims))
        return found

    async def value(self, sql: Sql, **arguments: Any) -> Any:
        return await self._connection.fetchval(sql.text, *sql.bind(arguments, self._claims))


class Database:
    """One pool of connections for a login without rights of its own."""

    def __init__(self, pool: asyncpg.Pool, timeout: float) -> None:
        self._pool, self._timeout = pool, timeout

    @classmethod
    @asynccontextmanager
    async def open(cls, dsn: str, size: int = 10, seconds: float = 15.0) -> AsyncIterator[Database]:
        """Connect as the application's login.  `size` connections at most, `seconds` for a statement."""
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            connection_class=Connection,
            statement_cache_size=150,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=0,
            command_timeout=seconds,
        )
        try:
            yield cls(pool, seconds)
        finally:
            await pool.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """A connection of the pool.  Raises Unreachable where none comes or it is lost, TooSlow past the limit."""
        try:
            connection = await self._pool.acquire(timeout=self._timeout)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            raise Unreachable from None
        try:
            yield connection
        except TimeoutError:
            raise TooSlow from None
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            if _lost(connection):
                raise Unreachable from None
            raise
        finally:
            await self._pool.release(connection)

    async def sign_in(self, user: uuid.UUID) -> list[asyncpg.Record]:
        """The crossing that answers an account's own name and grants; no row for an unknown or closed account."""
        async with self._connection() as connection:
            found: list[asyncpg.Record] = await connection.fetch("SELECT * FROM registry.sign_in($1)", user)
            return found

    async def fetch(self, statement: Statement, principal: Principal, arguments: Mapping[str, Any]) -> bytes | None:
        """The finished JSON of one gated statement; None when nothing is there for this caller."""
        values = [
            principal.setting(name.removeprefix(SETTING)) if name.startswith(SETTING) else arguments[name]
            for name in statement.names
        ]
        async with self._connection() as connection:
            found = await connection.fetchval(statement.text, *values)
        return None if found is None else found.encode()

    @asynccontextmanager
    async def write(self, principal: Principal, setting: str) -> AsyncIterator[Transaction]:
        """A transaction that may write where `setting` (the areas of the command's own ability) says."""
        async with self._connection() as connection:
            try:
                await connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
                values = [principal.setting(name) for name in SETTINGS]
                await connection.fetchval(_SET, principal.setting(setting), *values)
                yield Transaction(connection, principal)
                await connection.execute("COMMIT")
            except BaseException:
                await _rolled_back(connection)
                raise

    async def ready(self, version: str) -> bool:
        """Whether queries will be answered: the database has this version."""
        async with self._connection() as connection:
            found = await connection.fetchval("SELECT version_num FROM registry.alembic_version")
        return bool(found == version)


async def _rolled_back(connection: Any) -> None:
    """Nobody else gets a connection with a transaction open: what cannot be rolled back is closed."""
    try:
        await connection.execute("ROLLBACK")
    except BaseException:  # the caller raises what went wrong before
        with suppress(asyncpg.InterfaceError):
            connection.terminate()


def _lost(connection: Any) -> bool:
    """Whether the server is gone from the other end; asyncpg then takes the connection from whoever holds it."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


def _set_statement(names: Sequence[str]) -> str:
    parts = [f"set_config('app.{name}', ${n}, true)" for n, name in enumerate(("write", *names), 1)]
    return f"SELECT {', '.join(parts)}"


_SET = _set_statement(tuple(SETTINGS))
