"""What PostgreSQL does for a query of one user: the cost, statement and plan of each root field.

The query is planned as the server plans it and run once as that user, by the application's own login, so the plan has
the user's row security and masks.
Rule: values are bound and never printed, neither those of the variables nor those of the rows.
Test: tests/test_explain.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import secrets
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.syntax import Syntax

from auth.errors import Unauthenticated
from auth.principal import Principal
from registry.guard.vault import Vault
from registry.read.run import NO_REGION, successors_of
from registry.read.visibility import Visibility
from registry.store.db import Database
from registry.store.outage import TooSlow, Unreachable
from schema.build import build
from schema.declare.strawberry_internals import graphql_schema
from schema.engine.complexity import check_costs
from schema.engine.cursor import Cursors
from schema.engine.operation import Invalid, Operation, Operations
from schema.engine.plan import Plan
from schema.engine.refusal import Refusal
from schema.engine.variables import Call
from schema.errors import RequestError, no_such_region
from server.cli.sql_layout import laid_out
from server.database.checks import check_database
from server.database.migrate import head
from server.database.reader import Reader
from server.http.identity import principal_now
from server.http.serving import CURSORS
from server.settings import Settings, SettingsError


class ExplainError(Exception):
    """The query cannot be explained; the message says why."""


@dataclass(frozen=True)
class Explained:
    """One root field: either its statement, or the sentence with which it is refused.

    `nodes` is how many records it may return at most; `plan` is empty if the statement was not run."""

    key: str
    refused: str = ""
    nodes: int = 0
    sql: str = ""
    plan: tuple[str, ...] = ()


async def explained(
    operation: Operation,
    raw_variables: dict[str, Any],
    principal: Principal,
    database: Database,
    cursors: Cursors,
    run: bool,
) -> AsyncIterator[Explained]:
    """Each root field of a query with these variables: run once as the principal, or without `run` only planned.

    Raises Invalid and RequestError if the server would refuse the whole request."""
    variables = operation.variables(raw_variables)
    plan = operation.plan(Visibility.of(principal), variables)
    call = Call(principal, "id", cursors, variables.coerced)
    plan.check(call)
    for root in plan.roots:
        if isinstance(root.plan, Refusal):
            yield Explained(root.key, str(root.plan.error))
        elif isinstance(root.plan, Plan):
            nodes = check_costs([root.plan.cost], call)
            sql = root.plan.statement.text
            lines: list[str] = []
            refused = ""
            if run:
                try:
                    lines = await database.explain(sql, [value(call) for value in root.plan.values])
                except asyncpg.PostgresError as error:
                    if error.sqlstate != NO_REGION:
                        raise
                    refused = str(no_such_region(successors_of(error)))
            yield Explained(root.key, refused, nodes, sql, tuple(lines))


def explain(
    settings: Settings,
    document: str,
    name: str | None,
    variables: str,
    reader: AbstractContextManager[Reader],
    run: bool,
    console: Console,
) -> None:
    """Print each root field of an operation as the reader would run it.

    `variables` is JSON, or `@` and the name of a file of it.
    Raises ExplainError, SettingsError, ServingError, EmbeddedError, whose message says what to correct."""
    raw_variables = _parse_variables(variables)
    try:
        operation = Operations(graphql_schema(build())).get(document, name)
        if not operation.is_query:
            raise ExplainError("Only queries are explained; the statements of commands are in registry/write.")
        with reader as opened:
            asyncio.run(_print(settings, opened, operation, raw_variables, run, console))
    except Invalid as invalid:
        raise ExplainError("\n".join(error.message for error in invalid.errors)) from None
    except Unauthenticated:
        raise ExplainError("No open account has this id.") from None
    except (RequestError, Unreachable) as error:
        raise ExplainError(str(error) or "The database gives no connection.") from None
    except TooSlow:
        raise ExplainError(
            f"It took more than {settings.statement_timeout_ms} ms: --no-plan shows its SQL without running it."
        ) from None


def _parse_variables(argument: str) -> dict[str, Any]:
    text = Path(argument[1:]).read_text() if argument.startswith("@") else argument
    try:
        variables = json.loads(text)
    except json.JSONDecodeError as error:
        raise ExplainError(f"The variables are not JSON: {error.msg} at line {error.lineno}.") from None
    if not isinstance(variables, dict):
        raise ExplainError('The variables must be a JSON object, such as {"code": "35.07"}.')
    return variables


@contextmanager
def account_reader(settings: Settings, account: uuid.UUID) -> Iterator[Reader]:
    """An account of the database that the settings name.  Raises SettingsError, ServingError, ExplainError."""
    if settings.database_url is None:
        raise SettingsError("Name the database in DATABASE_URL, or a persona of the demo.")
    asyncio.run(check_database(settings.database_url))
    yield Reader(account, settings.database_url, _secret(settings.vault_keys))


def _secret(keys: Path | None) -> bytes:
    """The secret that signs the server's cursors; without the keys a random one, which no cursor fits."""
    if keys is None:
        return secrets.token_bytes(32)
    try:
        return Vault.load(keys).derive(CURSORS)
    except ValueError as error:
        raise ExplainError(str(error)) from None


async def _print(
    settings: Settings, reader: Reader, operation: Operation, raw_variables: dict[str, Any], run: bool, console: Console
) -> None:
    cursors = Cursors(reader.secret)
    async with Database.open(reader.dsn, 1, settings.statement_timeout_ms / 1000) as database:
        if not await database.ready(head()):
            raise ExplainError("The database is of another version: `desmigratif demo` or `migrate` brings it here.")
        in_ten_minutes = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10)
        principal = await principal_now(reader.user, in_ten_minutes, database)
        async for root in explained(operation, raw_variables, principal, database, cursors, run):
            show(root, principal.username, console)


def show(root: Explained, who: str, console: Console) -> None:
    """Print one root field, in colours if the console has them."""

    def write(text: str, style: str | None = None) -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    if root.refused:
        write(f"{root.key} as {who}: {root.refused}", "bold red")
    else:
        write(f"{root.key} as {who}: at most {root.nodes:,} nodes", "bold")
    if root.sql:
        sql = laid_out(root.sql)
        write("")
        if console.is_terminal:
            console.print(Syntax(sql, "sql", background_color="default", word_wrap=True))
        else:
            write(sql)
    if root.plan:
        write("\n" + "\n".join(root.plan))
    write("")
