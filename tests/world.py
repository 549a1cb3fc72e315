"""The world of the access tests: what is in it, whose it is, and how to query it.

tests/building.py builds it once a run.  Every value above OPERATIONAL that can be unique is unique
(tests/unique_values.py), so that its text, wherever it appears, shows whose value it is.  A test that writes to it
rolls back.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import itertools
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import orjson

from auth.area import AreaSet
from auth.principal import SETTINGS, Principal
from auth.token import Keyring
from registry.figures.ledger import LEDGERS as UNIT_LEDGERS
from registry.models.aggregate import record_entries, village_records
from registry.models.household_aggregate import LISTS, NOUNS
from registry.models.noun import camel
from registry.models.scoped import HouseholdRecord
from registry.store.db import Database, Transaction
from registry.store.sql import Statement
from schema.declare.makers import fields_of
from schema.declare.shapes import RelatedField
from schema.query import Query
from server.http.identity import principal_of
from server.http.request_log import RequestLog
from tests import oracle
from tests.colleagues import Colleague
from tests.personas import TODAY, Grant, Persona

OF_VILLAGES = [str(noun.__tablename__) for noun in village_records()]
OF_HOUSEHOLDS = [str(noun.__tablename__) for noun in village_records() if issubclass(noun, HouseholdRecord)]
"""Of these, those that lie in a household."""
ENTRIES = [str(noun.__tablename__) for noun in record_entries()]
SCOPED = [
    *NOUNS,
    *OF_VILLAGES,
    *ENTRIES,
    "household_revision",
    "workflow_event",
    "remark",
    "finding",
    "identity",
    "record_revision",
]
LEDGERS = [
    *("household_number", "signed_report", "figure_due"),
    *(ledger.name for unit, ledger in UNIT_LEDGERS.items() if not unit.is_hidden),
]
"""What is kept of a village and its households, whatever becomes of its records."""
READ = ("read", "read_from", "read_below")
"""The settings that say which rows a caller reads."""
REGISTER = "INSERT INTO service_operation (account_id, sha256, name, cost, document) VALUES ($1, $2, 'X', 1, $3)"
_ROOTS = {field_.python_name for field_ in fields_of(Query)}
CHILDREN = {name: table for table, name in LISTS.items() if name in _ROOTS}
"""The lists of the query root that show parts of households → their tables."""


def _lists_of_villages() -> Iterator[tuple[str, str]]:
    for field_, noun in itertools.product(fields_of(Query), village_records()):
        shape = field_.metadata["shape"]
        if isinstance(shape, RelatedField) and shape.source.noun is noun:
            yield camel(field_.python_name), str(noun.__tablename__)


VILLAGE_LISTS = dict(_lists_of_villages())
"""The lists of the query root that show the records of villages → their tables."""


def every_setting(area: AreaSet) -> dict[str, str]:
    """The settings that the policies on reading ask, for a caller who has every ability in the area."""
    values = area.literal()
    from_, below = area.hull
    wall = {"read": values, "read_from": from_, "read_below": below, "submit": values, "identity": values}
    return wall | {"special": values, "system": values}


class _Undone(Exception):
    """Ends the transaction of a command that is not to be stored."""


@dataclass
class House:
    """A household, or a village's record, with its place and state; each record saved with it has its own author."""

    id: uuid.UUID
    village: str
    state: str
    author: str
    archived: bool = False
    rows: list[Row] = field(default_factory=list)

    @property
    def draft(self) -> bool:
        return self.state == "DRAFT"


@dataclass
class Row:
    """A record of a household or of a village, with its author."""

    table: str
    id: uuid.UUID
    house: House
    author: str
    archived: bool = False  # no list shows it, but the wall does
    kind: str = "OPERATIONAL"  # the class of its existence

    @property
    def village(self) -> str:
        return self.house.village

    @property
    def draft(self) -> bool:
        return self.house.draft

    @property
    def has_left(self) -> bool:
        """Whether no list shows it any more: a record with a command of its own stays when its household leaves."""
        return self.archived or (self.house.archived and self.table not in OF_HOUSEHOLDS)


@dataclass(frozen=True)
class Mark:
    """A text that stands for one value of one record; without a kind nobody may read it."""

    text: str
    kind: str | None
    row: Row | Colleague


@dataclass(frozen=True)
class HeldGrant:
    """A grant as it is stored."""

    id: uuid.UUID
    holder: Persona
    grant: Grant


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = orjson.loads(self.body)
        return document

    @property
    def data(self) -> Any:
        return self.json.get("data")

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.json.get("errors", ())]

    @property
    def without_request_id(self) -> bytes:
        """The body without the id of the request, in which alone two equal answers may differ."""
        return re.sub(rb'"(requestId|errorId)":"[^"]+"', b"", self.body)


@dataclass(repr=False)
class World:
    """The fixture, and how to query it."""

    dsn: str
    login: str
    admin: asyncpg.Connection
    registrar: asyncpg.Connection  # registers operations, while `admin` may be in a transaction of a test
    client: httpx.AsyncClient
    database: Database
    log: RequestLog
    keyring: Keyring
    tree: dict[str, str | None]
    codes: dict[str, str]
    regions: dict[str, uuid.UUID]
    ever: dict[str, str | None] = field(default_factory=dict)  # the tree with the regions that have closed
    holders: list[Persona] = field(default_factory=list)  # everybody who has an account
    grants: list[HeldGrant] = field(default_factory=list)
    houses: list[House] = field(default_factory=list)
    records: list[House] = field(default_factory=list)  # of villages, with their entries
    rows: list[Row] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)  # every statement of the application's connection, as sent
    prepared: dict[Statement, None] = field(default_factory=dict)  # every statement of the read engine
    _tokens: dict[str, str] = field(default_factory=dict)
    _registered: set[tuple[uuid.UUID, str]] = field(default_factory=set)
    _registering: asyncio.Lock = field(default_factory=asyncio.Lock)

    def token(self, who: Persona) -> str:
        if who.name not in self._tokens:
            self._tokens[who.name] = self.keyring.issue(who.id, 600, dt.datetime.now(dt.UTC))
        return self._tokens[who.name]

    async def ask(self, who: Persona | None, query: str, /, header: str | None = None, **variables: Any) -> Answer:
        """One request over HTTP; `header` replaces the persona's own Authorization."""
        if who is not None and who.runs_registered_only:
            await self.register(who, query)
        authorization = header if who is None else f"Bearer {self.token(who)}"
        headers = {} if authorization is None else {"authorization": authorization}
        response = await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        return Answer(response.status_code, response.content, dict(response.headers))

    async def register(self, who: Persona, document: str) -> None:
        """Let a service run this document, as its operator would."""
        key = who.id, hashlib.sha256(document.encode()).hexdigest()
        if key in self._registered:
            return
        self._registered.add(key)
        async with self._registering:
            await self.registrar.execute(REGISTER, *key, document)

    async def principal(self, who: Persona) -> Principal:
        return await principal_of(f"Bearer {self.token(who)}", self.keyring, self.database)

    @asynccontextmanager
    async def as_login(
        self, who: Persona | None, write: str | None = None, **settings: str
    ) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the application's login with the persona's settings; whatever it does is rolled back."""
        connection = await asyncpg.connect(self.login)
        try:
            await connection.execute("BEGIN READ WRITE")
            if who is not None:
                principal = await self.principal(who)
                settings = {name: principal.setting(name) for name in SETTINGS} | settings
                if write is not None:
                    settings |= principal.written(write)
            for name, value in settings.items():
                await connection.execute("SELECT set_config('app.' || $1, $2, true)", name, value)
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def undone(self) -> AsyncIterator[None]:
        """Commands in here store nothing: PostgreSQL takes every statement and checks every key, then rolls back.

        So a command that is accepted answers as ever, and leaves the world as it is."""
        write = self.database.write

        @asynccontextmanager
        async def rolled_back(*arguments: Any, **options: Any) -> AsyncIterator[Transaction]:
            with suppress(_Undone):
                async with write(*arguments, **options) as tx:
                    yield tx
                    await tx._connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                    raise _Undone

        setattr(self.database, "write", rolled_back)  # noqa: B010  (on this object alone)
        try:
            yield
        finally:
            del self.database.write  # the method of its class again

    def exists(self, who: Persona, row: oracle.Placed) -> bool:
        return oracle.exists(self.tree, who, row, TODAY)

    def sees(self, who: Persona, kind: str, row: oracle.Placed) -> bool:
        return oracle.sees(self.tree, who, kind, row, TODAY)

    def stands(self, who: Persona, mark: Mark) -> bool:
        """Whether the record or account of a mark exists for this caller."""
        if isinstance(mark.row, Row):
            return self.exists(who, mark.row)
        named = oracle.names_officer(self.tree, who, mark.row, TODAY)
        return named or oracle.sees_account(self.ever, who, mark.row, TODAY)

    def may_read(self, who: Persona, mark: Mark) -> bool:
        """Whether this caller may get the text of a mark."""
        if mark.kind is None:
            return False
        if isinstance(mark.row, Row):
            return self.sees(who, mark.kind, mark.row)
        named = mark.kind == "PERSONAL" and oracle.names_officer(self.tree, who, mark.row, TODAY)
        return named or oracle.finds(self.ever, who, mark.row, TODAY)

    def granted(self, who: Persona) -> set[tuple[uuid.UUID, str]]:
        """Holder and role of the grants that exist for this caller."""
        return {
            (held.holder.id, held.grant.role)
            for held in self.grants
            if oracle.sees_grant(self.ever, who, held.holder.name, held.grant.region, TODAY)
        }

    def of(self, table: str) -> list[Row]:
        return [row for row in self.rows if row.table == table]

    def listed(self, who: Persona, table: str) -> set[str]:
        """The ids that the lists of the API show."""
        return {str(row.id) for row in self.of(table) if not row.has_left and self.exists(who, row)}

    def stored(self, who: Persona, table: str) -> set[uuid.UUID]:
        """The ids that plain SQL shows."""
        if table == "identity":
            return {row.id for row in self.of(table) if self.sees(who, "IDENTITY", row)}
        return {row.id for row in self.of(table) if self.exists(who, row)}


async def fetch_ids(connection: asyncpg.Connection, text: str) -> set[uuid.UUID]:
    """The ids that a statement returns."""
    return {row["id"] for row in await connection.fetch(text)}
