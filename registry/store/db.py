"""The database and its two doors to records: `Database.fetch_json`, which reads, and `Database.write`.

Connections are read-only by default and never reset, because every setting is local to its transaction.
Rule: the statement or transaction that touches records sets the caller's areas itself.  Besides the two doors, only
`explain` (a plan), `sign_in`, `account_of`, `registered_operation` and `service_keys` (crossings), `ready` (the
version) and `stores` (a row that is rolled back) run SQL.
Tests: tests/test_wall.py, tests/test_database.py, tests/test_faults.py.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from auth.errors import RateLimited
from auth.principal import NOBODY, Principal
from registry.store.outage import (
    CONNECTION_ERRORS,
    NOT_STORING,
    TOO_MUCH,
    Deadlocked,
    TooSlow,
    Unreachable,
    is_passing,
    sqlstate,
)
from registry.store.pool import Durations, Pool
from registry.store.prepared import LARGEST, Connection
from registry.store.session import begin, begin_sql, return_answers_as_bytes, roll_back
from registry.store.sql import CLAIM, Sql
from registry.store.turns import Crowded, Turns, acquire_both

CONNECT = 5.0  # seconds
RETRY = 2  # seconds after which a caller who used up their share may ask again
MAX_WAITERS_PER_CONNECTION = 83  # waiters for each connection: more would not get one in time
STATEMENT_CACHE_SIZE = 150  # prepared statements of commands, whose number is fixed
PROBE_LOCK_TIMEOUT_MS = 1_000
_KINDS = "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'explained'"


SERVES = "SELECT EXISTS (SELECT FROM registry.code_version WHERE version = $1)"


class Transaction:
    """A write in progress: the caller's areas are set, and statements know what they may ask of the caller."""

    def __init__(self, connection: Any, principal: Principal) -> None:
        self._connection, self._claims = connection, {f"{CLAIM}user": principal.user_id}

    async def rows(self, sql: Sql, **arguments: Any) -> list[asyncpg.Record]:
        records: list[asyncpg.Record] = await self._connection.fetch(sql.text, *sql.bind(arguments, self._claims))
        return records

    async def one(self, sql: Sql, **arguments: Any) -> asyncpg.Record | None:
        record: asyncpg.Record | None = await self._connection.fetchrow(sql.text, *sql.bind(arguments, self._claims))
        return record

    async def value(self, sql: Sql, **arguments: Any) -> Any:
        return await self._connection.fetchval(sql.text, *sql.bind(arguments, self._claims))

    async def value_within(self, seconds: float, sql: Sql, **arguments: Any) -> Any:
        """One value of a statement that may take longer than others."""
        return await self._connection.fetchval(sql.text, *sql.bind(arguments, self._claims), timeout=seconds)


_PROBE = "INSERT INTO registry.audit_event (actor_id, ability, outcome) VALUES ($1, 'household:submit', 'REJECTED')"


class _Borrowed:
    """A connection of the pool.  Raises Unreachable if none comes or it is lost, TooSlow past the time limit.

    A class, because a generator would cost more than the pool itself."""

    def __init__(self, pool: Pool, durations: Durations) -> None:
        self._pool, self._durations = pool, durations

    async def __aenter__(self) -> Any:
        try:
            self._connection = await self._pool.acquire()
        except (asyncio.QueueFull, TimeoutError, *CONNECTION_ERRORS):
            raise Unreachable from None
        self._begun = time.monotonic()
        return self._connection

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        self._durations.add(time.monotonic() - self._begun)
        if error is None:
            self._pool.release(self._connection)
            return
        if isinstance(error, asyncpg.InternalClientError):  # asyncpg lost track of the protocol
            self._connection.terminate()
        lost = self._connection.is_closed()
        self._pool.release(self._connection)
        if isinstance(error, (TimeoutError, asyncpg.QueryCanceledError)) or sqlstate(error) == TOO_MUCH:
            raise TooSlow from None
        if isinstance(error, asyncpg.DeadlockDetectedError):
            raise Deadlocked from None
        if (lost and isinstance(error, CONNECTION_ERRORS)) or is_passing(error):
            raise Unreachable from None


class Turn:
    """A caller's turn for a statement, or for a heavy one.  Raises RateLimited or Unreachable if none comes in time."""

    def __init__(self, turns: Turns, caller: Hashable, scarce: Turns | None = None) -> None:
        self._turns, self._caller, self._scarce = turns, caller, scarce

    async def __aenter__(self) -> None:
        try:
            if self._scarce is None:
                await self._turns.acquire(self._caller)
            else:
                await acquire_both(self._scarce, self._turns, self._caller)
        except Crowded as error:
            raise RateLimited(RETRY) if error.own else Unreachable from None

    async def __aexit__(self, *_: object) -> None:
        self._turns.release(self._caller)
        if self._scarce is not None:
            self._scarce.release(self._caller)


class Database:
    """One pool of connections for a login without rights of its own; `held` counts how long they were in use.

    Each caller has a share of the pool, and only a few heavy statements run at the same time, so that others find a
    connection and a processor.  `query_seconds` bounds all reading statements of one request together."""

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

        At most `size` connections; `seconds` for a statement, `acquire_timeout` for a connection to become free;
        `heavy` statements at a time that read much; `query_seconds` for all reading statements of a request."""

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
            await return_answers_as_bytes(connection)
            return connection

        async with Pool(connect, size, size * MAX_WAITERS_PER_CONNECTION, acquire_timeout).opening() as pool:
            yield cls(pool, heavy, min(query_seconds, seconds))

    def turn(self, caller: Hashable, heavy: bool = False) -> Turn:
        """A turn of the caller for one statement or transaction.  Raises RateLimited, Unreachable."""
        return Turn(self.turns, caller, self.heavy if heavy else None)

    def _connection(self) -> _Borrowed:
        return _Borrowed(self.pool, self.held)

    async def sign_in(self, user: uuid.UUID, session: uuid.UUID | None = None) -> list[asyncpg.Record]:
        """The crossing that returns an account's own name and grants.

        No row for an unknown or disabled account, nor for a session that has ended."""
        async with self._connection() as connection:
            grants: list[asyncpg.Record] = await connection.fetch(
                "SELECT * FROM registry.sign_in($1, $2)", user, session
            )
            return grants

    async def account_of(self, issuer: str, subject: str) -> uuid.UUID | None:
        """The crossing that returns the account of a provider's subject; None if it is bound to none."""
        async with self._connection() as connection:
            account: uuid.UUID | None = await connection.fetchval("SELECT registry.account_of($1, $2)", issuer, subject)
            return account

    async def registered_operation(self, service: uuid.UUID, sha256: str) -> str | None:
        """The crossing that returns a document that this service account may run; None if it is not registered."""
        async with self.turn(service), self._connection() as connection:
            document: str | None = await connection.fetchval(
                "SELECT registry.registered_operation($1, $2)", service, sha256
            )
            return document

    async def service_keys(self) -> list[asyncpg.Record]:
        """The crossing that returns the public keys of all open service accounts."""
        async with self._connection() as connection:
            keys: list[asyncpg.Record] = await connection.fetch("SELECT * FROM registry.service_keys()")
            return keys

    async def fetch_json(self, text: str, values: Sequence[Any], seconds: float | None = None) -> bytes | None:
        """The finished JSON of one gated statement, with its values in order; None if there is nothing for this caller.

        It may take `seconds`, by default as long as any statement.  Raises TooSlow, Unreachable and the errors of
        PostgreSQL."""
        async with self._connection() as connection:
            json: bytes | None = await connection.fetch_value(text, values, seconds)
            return json

    async def fetch_kept(self, text: str, values: Sequence[Any], seconds: float | None = None) -> bytes | None:
        """Like `fetch_json`, for a statement that also keeps what it answers (registry/figures/kept.py)."""
        async with self._connection() as connection:
            try:
                await begin(connection, "BEGIN READ WRITE")
                json: bytes | None = await connection.fetch_value(text, values, seconds)
                await connection.execute("COMMIT")
            except BaseException:
                await roll_back(connection)
                raise
            return json

    async def explain(self, text: str, values: Sequence[Any]) -> list[str]:
        """The plan that `fetch_json` uses, with the counts and times of one more run.

        It is the generic plan, so it names arguments ($1 …) and shows no value; values reach it as settings."""
        async with self._connection() as connection:
            try:
                await connection.execute(f"BEGIN READ ONLY; PREPARE explained AS {text}")
                kinds = await connection.fetchval(_KINDS)
                present = [(n, kind) for n, kind in enumerate(kinds, 1) if values[n - 1] is not None]
                settings = [
                    f"set_config('explain.v{n}', ${place}::{kind}::text, true)"
                    for place, (n, kind) in enumerate(present, 1)
                ]
                await connection.fetchrow(f"SELECT {', '.join(settings)}", *[values[n - 1] for n, _ in present])
                arguments = {n: f"current_setting('explain.v{n}')::{kind}" for n, kind in present}
                bound = ", ".join(arguments.get(n, "NULL") for n in range(1, len(kinds) + 1))
                lines = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) EXECUTE explained({bound})")
            finally:
                await connection.execute("ROLLBACK; DEALLOCATE explained")
        return [line[0] for line in lines]

    @asynccontextmanager
    async def write(
        self, principal: Principal, setting: str, lock_timeout_ms: int = 0, turn: Hashable = None
    ) -> AsyncIterator[Transaction]:
        """A transaction that may write in the areas that `setting` names, those of the command's own ability.

        It waits `lock_timeout_ms` for a lock, without limit for 0.  `turn` says whose turn it takes where that is not
        the principal's, because nobody is known yet.  Raises asyncpg.LockNotAvailableError."""
        async with self.turn(turn or principal.user_id), self._connection() as connection:
            try:
                await begin(connection, begin_sql(principal, setting, lock_timeout_ms))
                yield Transaction(connection, principal)
                await connection.execute("COMMIT")
                self._write_failed = False
            except BaseException as error:
                self._write_failed |= is_passing(error, NOT_STORING)
                await roll_back(connection)
                raise

    async def ready(self, version: str) -> bool:
        """Whether queries will be answered: the database serves code of this version."""
        async with self._connection() as connection:
            return bool(await connection.fetchval(SERVES, version))

    async def stores(self) -> bool:
        """Whether commands will be stored.  After a failure, one row is inserted and rolled back."""
        async with self._connection() as connection:
            if await connection.fetchval("SELECT pg_is_in_recovery()"):
                return False
            if not self._write_failed:
                return True
            try:
                await begin(connection, begin_sql(NOBODY, "submit", PROBE_LOCK_TIMEOUT_MS))
                await connection.fetch(_PROBE, NOBODY.user_id)
                self._write_failed = False
            except asyncpg.PostgresError:
                pass  # not yet
            finally:
                await roll_back(connection)
        return not self._write_failed
