"""What an operation is to PostgreSQL when one user asks it: each root field's cost, statement and plan.

It is planned as the server plans it and run once as that user, by the application's own login, so the plan has his row
security and his masks.  Rule: values are bound and never printed, neither those given nor those found.
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
    """It cannot be explained; one sentence says why."""


@dataclass(frozen=True)
class Explained:
    """One root field: either `refused`, a sentence, or its statement; `plan` is empty where it was not run."""

    key: str
    refused: str = ""
    nodes: int = 0  # it may return at most
    sql: str = ""
    plan: tuple[str, ...] = ()


async def explained(
    operation: Operation, sent: dict[str, Any], principal: Principal, database: Database, cursors: Cursors, run: bool
) -> AsyncIterator[Explained]:
    """Each root field of a query with these variables; run as the principal, or only planned by the engine.

    Raises Invalid and RequestError for what the server would refuse as a whole."""
    variables = operation.variables(sent)
    planned = operation.plan(Visibility.of(principal), variables)
    call = Call(principal, "id", cursors, variables.coerced)
    planned.check(call)
    for root in planned.roots:
        if isinstance(root.plan, Refusal):
            yield Explained(root.key, str(root.plan.error))
        elif isinstance(root.plan, Plan):
            made = root.plan
            nodes, text = check_costs([made.cost], call), made.statement.text
            try:
                plan = await database.explain(text, [value(call) for value in made.values]) if run else []
                yield Explained(root.key, "", nodes, text, tuple(plan))
            except asyncpg.PostgresError as error:
                if error.sqlstate != NO_REGION:
                    raise
                yield Explained(root.key, str(no_such_region(successors_of(error))), nodes, text)


def explain(
    settings: Settings,
    document: str,
    name: str | None,
    given: str,
    reader: AbstractContextManager[Reader],
    run: bool,
    console: Console,
) -> None:
    """Print what an operation of a document is for a reader.

    ExplainError, SettingsError, ServingError, EmbeddedError: one sentence says what to correct."""
    sent = _variables(given)
    try:
        operation = Operations(graphql_schema(build())).get(document, name)
        if not operation.is_query:
            raise ExplainError("Queries are explained; a command's statements stand in registry/, compiled at import.")
        with reader as opened:
            asyncio.run(_print(settings, opened, operation, sent, run, console))
    except Invalid as refused:
        raise ExplainError("\n".join(error.message for error in refused.errors)) from None
    except Unauthenticated:
        raise ExplainError("No open account has this id.") from None
    except (RequestError, Unreachable) as error:
        raise ExplainError(str(error) or "The database gives no connection.") from None
    except TooSlow:
        raise ExplainError(f"It took more than {settings.statement_timeout_ms} ms: see it with --no-plan.") from None


def _variables(given: str) -> dict[str, Any]:
    text = Path(given[1:]).read_text() if given.startswith("@") else given
    try:
        sent = json.loads(text)
    except json.JSONDecodeError as error:
        raise ExplainError(f"The variables are not JSON: {error.msg} at line {error.lineno}.") from None
    if not isinstance(sent, dict):
        raise ExplainError('The variables are a JSON object, such as {"code": "35.07"}.')
    return sent


@contextmanager
def account_reader(settings: Settings, account: uuid.UUID) -> Iterator[Reader]:
    """An account of the database that the settings name.  Raises SettingsError, ServingError, ExplainError."""
    if settings.database_url is None:
        raise SettingsError("Say which database: DATABASE_URL, or a persona of the demo.")
    asyncio.run(check_database(settings.database_url))
    yield Reader(account, settings.database_url, _secret(settings.vault_keys))


def _secret(keys: Path | None) -> bytes:
    """What signs the server's cursors; without the keys none of them is good here."""
    try:
        return secrets.token_bytes(32) if keys is None else Vault.load(keys).derive(CURSORS)
    except ValueError as error:
        raise ExplainError(str(error)) from None


async def _print(
    settings: Settings, reader: Reader, operation: Operation, sent: dict[str, Any], run: bool, console: Console
) -> None:
    cursors = Cursors(reader.secret)
    async with Database.open(reader.dsn, 1, settings.statement_timeout_ms / 1000) as database:
        if not await database.ready(head()):
            raise ExplainError("The database is of another version: `desmigratif demo` or `migrate` brings it here.")
        principal = await principal_now(reader.user, dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10), database)
        async for root in explained(operation, sent, principal, database, cursors, run):
            show(root, principal.username, console)


def show(root: Explained, who: str, console: Console) -> None:
    """Print one root field, in colours where the console has them."""

    def say(text: str, style: str | None = None) -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    say(
        f"{root.key} as {who}: " + (root.refused or f"at most {root.nodes:,} nodes"),
        "bold red" if root.refused else "bold",
    )
    if root.sql:
        sql = laid_out(root.sql)
        say("")
        if console.is_terminal:
            console.print(Syntax(sql, "sql", background_color="default", word_wrap=True))
        else:
            say(sql)
    if root.plan:
        say("\n" + "\n".join(root.plan))
    say("")
