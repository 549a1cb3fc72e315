"""The database and its two doors to records: `Database.answer`, which reads, and `Database.write`.

Connections are never reset, because every setting is local to its transaction, and are read-only by default.
Rule: whatever is read or written, the caller's areas are set in the same statement or transaction; besides the two
doors only `explain` (the plan of a reading), `sign_in` (a crossing), `ready` (the version) and `stores` (a row that is
taken back) ask anything.
Tests: tests/test_wall.py, tests/test_database.py, tests/test_faults.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
import uuid
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from auth.errors import RateLimited
from auth.principal import Principal
from registry.store.pool import Durations, Pool
from registry.store.prepared import LARGEST, Connection
from registry.store.session import answers_in_bytes, begin, beginning, rolled_back
from registry.store.turns import Crowded, Turns, take_both

DIALECT = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialect has no types
SETTING, CLAIM = "set_", "claim_"
CONNECT = 5.0  # seconds
RETRY = 2  # seconds after which a caller may ask again who took all of his share
MAX_WAITERS_PER_CONNECTION = 50  # who may wait for each connection: more would not come to their turn in time
STATEMENT_CACHE_SIZE = 150  # statements of commands that a connection keeps prepared: ours, so many and no more
PROBE_WAIT = 1_000  # milliseconds
_KINDS = "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'explained'"


SERVES = "SELECT EXISTS (SELECT FROM registry.code_version WHERE version = $1)"


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
    """The text and the arguments of a statement.  ValueError: it holds a constant that would become an argument."""
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


CONNECTION_ERRORS = OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError
"""What is raised where a connection is lost, and some of it elsewhere too."""


UNAVAILABLE = "53", "57P", "58", "25006", "40001", "40P01"
"""SQLSTATEs of what may go well a moment later: no disk, memory or connections, a server that stops, starts or only
reads, and transactions that were in each other's way."""
NOT_STORING = "53", "57P", "58", "25006"
"""Those of them that hold for every command."""
TOO_MUCH = "53400"  # a statement reached a limit of its own, as of temporary files
_PROBE = "INSERT INTO registry.audit_event (actor_id, ability, outcome) VALUES ($1, 'household:submit', 'REJECTED')"
_NOBODY = Principal(uuid.UUID(int=0), "", "", (), dt.datetime.max.replace(tzinfo=dt.UTC))


def sqlstate(error: BaseException | None) -> str:
    """The state of what PostgreSQL refused; empty for anything else."""
    return (error.sqlstate or "") if isinstance(error, asyncpg.PostgresError) else ""


def is_passing(error: BaseException | None, states: tuple[str, ...] = UNAVAILABLE) -> bool:
    """Whether the same may go well a moment later."""
    return sqlstate(error).startswith(states) and sqlstate(error) != TOO_MUCH


class _Borrowed:
    """A connection of the pool.  Raises Unreachable where none comes or it is lost, TooSlow past the limit.

    A class and no generator, which costs more than the pool itself."""

    def __init__(self, pool: Pool, held: Durations) -> None:
        self._pool, self._held = pool, held

    async def __aenter__(self) -> Any:
        try:
            self._connection = await self._pool.acquire()
        except (asyncio.QueueFull, TimeoutError, *CONNECTION_ERRORS):
            raise Unreachable from None
        self._begun = time.monotonic()
        return self._connection

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        self._held.add(time.monotonic() - self._begun)
        if isinstance(error, asyncpg.InternalClientError):  # asyncpg lost its way in what the server said last
            self._connection.terminate()
        lost = self._connection.is_closed()
        self._pool.release(self._connection)
        if isinstance(error, (TimeoutError, asyncpg.QueryCanceledError)) or sqlstate(error) == TOO_MUCH:
            raise TooSlow from None
        if (lost and isinstance(error, CONNECTION_ERRORS)) or is_passing(error):
            raise Unreachable from None


class Turn:
    """A caller's turn for a statement, or for a heavy one.  Raises RateLimited, Unreachable where none comes.

    A class and no generator, as above."""

    def __init__(self, lane: Turns, caller: Hashable, scarce: Turns | None = None) -> None:
        self._lane, self._caller, self._scarce = lane, caller, scarce

    async def __aenter__(self) -> None:
        try:
            if self._scarce is None:
                await self._lane.acquire(self._caller)
            else:
                await take_both(self._scarce, self._lane, self._caller)
        except Crowded as error:
            raise RateLimited(RETRY) if error.own else Unreachable from None

    async def __aexit__(self, *_: object) -> None:
        self._lane.release(self._caller)
        if self._scarce is not None:
            self._scarce.release(self._caller)


class Database:
    """One pool of connections for a login without rights of its own; `held` is how long they were in use.

    Every caller has a share of it, and few statements that read much run at the same time: the others find a connection
    and a processor meanwhile.  `query_seconds` are what the statements by which one request reads may take together."""

    def __init__(self, pool: Pool, heavy: int = 2, query_seconds: float = 2.0) -> None:
        self.pool, self.held, self.query_seconds = pool, Durations(), query_seconds
        share, heavy = -(-pool.size // 2), min(heavy, pool.size)
        self.turns = Turns(pool.size, share, share * MAX_WAITERS_PER_CONNECTION, pool.acquire_timeout)
        self.heavy = Turns(heavy, heavy, share * MAX_WAITERS_PER_CONNECTION, pool.acquire_timeout)
        self._write_failed = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        dsn: str,
        size: int = 10,
        seconds: float = 15.0,
        acquire_timeout: float = 2.0,
        heavy: int = 2,
        query_seconds: float = 2.0,
    ) -> AsyncIterator[Database]:
        """Connect as the application's login.

        `size` connections at most, `seconds` for a statement, `acquire_timeout` seconds for a connection to become
        free, `heavy` statements at a time that read much, `query_seconds` for all statements by which a request
        reads."""

        async def connect() -> asyncpg.Connection:
            connection = await asyncpg.connect(
                dsn,
                timeout=CONNECT,
                command_timeout=seconds,
                connection_class=Connection,
                statement_cache_size=STATEMENT_CACHE_SIZE,
                max_cached_statement_lifetime=0,
                max_cacheable_statement_size=LARGEST,
            )
            await answers_in_bytes(connection)
            return connection

        async with Pool(connect, size, size * MAX_WAITERS_PER_CONNECTION, acquire_timeout).opening() as pool:
            yield cls(pool, heavy, min(query_seconds, seconds))

    def turn(self, caller: uuid.UUID, heavy: bool = False) -> Turn:
        """`async with` a turn of this caller's for one statement or transaction.  Raises RateLimited, Unreachable."""
        return Turn(self.turns, caller, self.heavy if heavy else None)

    def _connection(self) -> _Borrowed:
        return _Borrowed(self.pool, self.held)

    async def sign_in(self, user: uuid.UUID) -> list[asyncpg.Record]:
        """The crossing that answers an account's own name and grants; no row for an unknown or closed account."""
        async with self._connection() as connection:
            found: list[asyncpg.Record] = await connection.fetch("SELECT * FROM registry.sign_in($1)", user)
            return found

    async def answer(self, text: str, values: Sequence[Any], seconds: float | None = None) -> bytes | None:
        """The finished JSON of one gated statement, its values in order; None when nothing is there for this caller.

        It may take `seconds`, else as long as any statement may.

        Raises TooSlow, Unreachable, and what PostgreSQL refuses."""
        async with self._connection() as connection:
            found: bytes | None = await connection.answer(text, values, seconds)
            return found

    async def explain(self, text: str, values: Sequence[Any]) -> list[str]:
        """The lines of the plan by which `answer` runs, with the counts and times of running it once more.

        It is the plan for any values, so it names arguments ($1 …) and shows none; they reach it as settings."""
        async with self._connection() as connection:
            try:
                await connection.execute(f"BEGIN READ ONLY; PREPARE explained AS {text}")
                kinds = await connection.fetchval(_KINDS)
                given = [(n, kind) for n, kind in enumerate(kinds, 1) if values[n - 1] is not None]
                told = [
                    f"set_config('explain.v{n}', ${place}::{kind}::text, true)"
                    for place, (n, kind) in enumerate(given, 1)
                ]
                await connection.fetchrow(f"SELECT {', '.join(told)}", *[values[n - 1] for n, _ in given])
                held = {n: f"current_setting('explain.v{n}')::{kind}" for n, kind in given}
                bound = ", ".join(held.get(n, "NULL") for n in range(1, len(kinds) + 1))
                found = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) EXECUTE explained({bound})")
            finally:
                await connection.execute("ROLLBACK; DEALLOCATE explained")
        return [row[0] for row in found]

    @asynccontextmanager
    async def write(self, principal: Principal, setting: str, wait: int = 0) -> AsyncIterator[Transaction]:
        """A transaction that may write where `setting` (the areas of the command's own ability) says.

        It waits so many milliseconds for a lock, 0 without end.  Raises asyncpg.LockNotAvailableError."""
        async with self.turn(principal.user_id), self._connection() as connection:
            try:
                await begin(connection, beginning(principal, setting, wait))
                yield Transaction(connection, principal)
                await connection.execute("COMMIT")
                self._write_failed = False
            except BaseException as error:
                self._write_failed |= is_passing(error, NOT_STORING)
                await rolled_back(connection)
                raise

    async def ready(self, version: str) -> bool:
        """Whether queries will be answered: the database serves the code of this version."""
        async with self._connection() as connection:
            return bool(await connection.fetchval(SERVES, version))

    async def stores(self) -> bool:
        """Whether commands will be stored.  After one that could not be, a row is tried and taken back."""
        async with self._connection() as connection:
            if await connection.fetchval("SELECT pg_is_in_recovery()"):
                return False
            if not self._write_failed:
                return True
            try:
                await begin(connection, beginning(_NOBODY, "submit", PROBE_WAIT))
                await connection.fetch(_PROBE, _NOBODY.user_id)
                self._write_failed = False
            except asyncpg.PostgresError:
                pass  # not yet
            finally:
                await rolled_back(connection)
        return not self._write_failed
