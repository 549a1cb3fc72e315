"""The roots of the ordinary server, and its endpoint."""

# A resolver returns the row itself; the type only says which of its fields are shown.
# mypy: disable-error-code="no-any-return, return-value, arg-type, attr-defined, union-attr"

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from auth.role import Role
from auth.token import Keyring
from benchmarks.ordinary.loaders import Ask, Sessions
from benchmarks.ordinary.types import (
    BusinessConnection,
    Code,
    Counted,
    District,
    Household,
    HouseholdConnection,
    Info,
    Province,
    Regency,
    Region,
    Village,
)
from registry.models.account import GrantRecord
from registry.models.business import Business as BusinessRow
from registry.models.household import Household as HouseholdRow
from registry.models.member import Member as MemberRow
from registry.models.region import Region as RegionRow
from server.settings import Settings

PATIENCE = 120  # seconds for a connection: under the heaviest load it is slow, and does not fail


@strawberry.input
class HouseholdKey:
    id: strawberry.ID


@strawberry.input
class HouseholdFilter:
    within: list[Code]


@strawberry.type
class Query:
    @strawberry.field
    async def household(self, info: Info, by: HouseholdKey) -> Household | None:
        wanted = sa.select(HouseholdRow).where(HouseholdRow.id == uuid.UUID(by.id), info.context.visible(HouseholdRow))
        async with info.context.sessions() as session:
            return await session.scalar(wanted)

    @strawberry.field
    async def households(
        self, info: Info, first: int = 20, filter: HouseholdFilter | None = None
    ) -> HouseholdConnection:
        found: Sequence[HouseholdRow] = ()
        if _selects(info, "nodes"):
            wanted = sa.select(HouseholdRow).where(info.context.visible(HouseholdRow)).limit(first + 1)
            if filter is not None:
                reach = [sa.and_(HouseholdRow.area >= c, HouseholdRow.area < c + "/") for c in filter.within]
                wanted = wanted.where(sa.or_(*reach))
            async with info.context.sessions() as session:
                found = (await session.scalars(wanted.order_by(HouseholdRow.household_no, HouseholdRow.id))).all()
        return HouseholdConnection(row=HouseholdRow, code=None, found=found, first=first)

    @strawberry.field
    def members(self) -> Counted:
        return Counted(row=MemberRow, code=None)

    @strawberry.field
    def businesses(self) -> BusinessConnection:
        return BusinessConnection(row=BusinessRow, code=None)

    @strawberry.field
    async def region(self, info: Info, code: Code) -> Region | None:
        wanted = sa.select(RegionRow).where(RegionRow.code == code, RegionRow.valid_to.is_(None))
        async with info.context.sessions() as session:
            return await session.scalar(wanted)


def _selects(info: Info, name: str) -> bool:
    return any(field.name == name for chosen in info.selected_fields for field in chosen.selections)


class Endpoint(GraphQL[Ask, None]):
    """Verifies the token and reads the grants of every request."""

    def __init__(self, schema: strawberry.Schema, sessions: Sessions, keyring: Keyring) -> None:
        super().__init__(schema, graphql_ide=None)
        self._sessions, self._keyring = sessions, keyring

    async def get_context(self, request: Any, response: Any) -> Ask:
        claims = self._keyring.verify(request.headers["authorization"].removeprefix("Bearer "))
        granted = sa.select(GrantRecord.role, RegionRow.code).outerjoin(
            RegionRow, RegionRow.id == GrantRecord.region_id
        )
        async with self._sessions() as session:
            grants = (await session.execute(granted.where(GrantRecord.user_id == claims.sub))).all()
        return Ask(
            self._sessions, [code for _, code in grants], any(str(role) == Role.OFFICER.value for role, _ in grants)
        )


def create(dsn: str, keyring: Keyring) -> Any:
    """The application over the database of `dsn`, whose login row security must not bind."""
    address = dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(address, pool_size=Settings().connections, max_overflow=0, pool_timeout=PATIENCE)
    code = strawberry.scalar(name="RegionCode", serialize=str, parse_value=str)
    schema = strawberry.Schema(
        Query,
        types=[Province, Regency, District, Village],
        extensions=[lambda: ParserCache(500), lambda: ValidationCache(500)],
        config=StrawberryConfig(scalar_map={Code: code}),
    )
    return Endpoint(schema, async_sessionmaker(engine, expire_on_commit=False), keyring)
