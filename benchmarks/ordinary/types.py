"""The types of the ordinary server: fields read from rows, relations from loaders."""

# A resolver returns the row itself; the type only says which of its fields are shown.
# mypy: disable-error-code="no-any-return, return-value, arg-type, attr-defined, union-attr"

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Generic, NewType, TypeVar

import sqlalchemy as sa
import strawberry

from benchmarks.ordinary.loaders import Ask
from registry.models.business import Business as BusinessRow
from registry.models.household import Household as HouseholdRow
from registry.models.member import Member as MemberRow

Code = NewType("Code", str)
T = TypeVar("T")


Info = strawberry.Info[Ask, None]


def _instant(value: dt.datetime | None) -> str | None:
    return None if value is None else value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@strawberry.type
class Member:
    id: strawberry.ID
    seq: int
    full_name: str | None
    sex: str | None
    birth_date: str | None
    relation_to_head: str | None
    residence: str | None

    @strawberry.field
    def nik_masked(self) -> str | None:
        return self.nik


@strawberry.type
class MigrationEpisode:
    id: strawberry.ID
    seq: int
    stage: str | None
    country: str | None
    sector: str | None
    departed_on: str | None
    returned_on: str | None
    procedural_status: str | None


@strawberry.type
class Business:
    id: strawberry.ID
    name: str | None
    field: str
    status: str
    started_on: str | None
    scale: str | None
    export_readiness: str
    workers_family: int | None


@strawberry.type
class Household:
    """Its fields are read from the row that a resolver returns; relations come from the loaders."""

    id: strawberry.ID
    household_no: str
    workflow_state: str
    status: str
    address: str | None
    hamlet: str | None
    rt: str | None
    rw: str | None
    respondent_name: str | None
    visit_result: str | None

    @strawberry.field
    def captured_at(self) -> str | None:
        return _instant(self.captured_at)

    @strawberry.field
    def updated_at(self) -> str | None:
        return _instant(self.updated_at)

    @strawberry.field
    async def member_count(self, info: Info) -> int:
        return len(await info.context.members.load(self.id))

    @strawberry.field
    async def members(self, info: Info) -> list[Member]:
        return await info.context.members.load(self.id)

    @strawberry.field
    async def migrations(self, info: Info) -> list[MigrationEpisode]:
        return await info.context.migrations.load(self.id)

    @strawberry.field
    async def businesses(self, info: Info) -> list[Business]:
        return await info.context.businesses.load(self.id)


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Group:
    key: str
    count: int


@strawberry.enum
class BusinessGroupBy(Enum):
    FIELD = "FIELD"


@strawberry.type
class Counted:
    """A list that is only counted: of a region, or of all that the caller sees."""

    row: strawberry.Private[Any]
    code: strawberry.Private[str | None]

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        if self.code is not None:
            return await info.context.counts[self.row].load(self.code)
        async with info.context.sessions() as session:
            visible = info.context.visible(self.row)
            return await session.scalar(sa.select(sa.func.count()).select_from(self.row).where(visible)) or 0


@strawberry.type
class BusinessConnection(Counted):
    @strawberry.field
    async def groups(self, info: Info, by: BusinessGroupBy) -> list[Group]:
        count = sa.func.count().label("count")
        async with info.context.sessions() as session:
            grouped = sa.select(BusinessRow.field, count).where(info.context.visible(BusinessRow))
            found = await session.execute(grouped.group_by(BusinessRow.field).order_by(count.desc(), BusinessRow.field))
            return [Group(key=key, count=n) for key, n in found]


@strawberry.type
class HouseholdConnection(Counted):
    found: strawberry.Private[Sequence[Any]] = ()
    first: strawberry.Private[int] = 0

    @strawberry.field
    def nodes(self) -> list[Household]:
        return list(self.found[: self.first])

    @strawberry.field
    def page_info(self) -> PageInfo:
        cursors: list[str | None] = [_cursor(row) for row in self.found[: self.first]] or [None]
        return PageInfo(
            has_next_page=len(self.found) > self.first,
            has_previous_page=False,
            start_cursor=cursors[0],
            end_cursor=cursors[-1],
        )


def _cursor(row: HouseholdRow) -> str:
    return base64.b64encode(json.dumps([row.household_no, str(row.id)]).encode()).decode()


@strawberry.interface
class Region:
    code: Code
    name: str

    @strawberry.field
    def households(self) -> Counted:
        return Counted(row=HouseholdRow, code=self.code)

    @strawberry.field
    def members(self) -> Counted:
        return Counted(row=MemberRow, code=self.code)


def _level(name: str) -> Callable[[Any, Any], bool]:
    return lambda row, info: row.level == name


@strawberry.type
class Village(Region):
    is_type_of = _level("VILLAGE")


@strawberry.type
class Nodes(Generic[T]):
    nodes: list[T]


async def _under(region: Any, info: Info, first: int) -> Any:
    return Nodes(nodes=(await info.context.regions.load(region.id))[:first])


@strawberry.type
class District(Region):
    is_type_of = _level("DISTRICT")

    @strawberry.field
    async def villages(self, info: Info, first: int = 20) -> Nodes[Village]:
        return await _under(self, info, first)


@strawberry.type
class Regency(Region):
    is_type_of = _level("REGENCY")

    @strawberry.field
    async def districts(self, info: Info, first: int = 20) -> Nodes[District]:
        return await _under(self, info, first)


@strawberry.type
class Province(Region):
    is_type_of = _level("PROVINCE")

    @strawberry.field
    async def regencies(self, info: Info, first: int = 20) -> Nodes[Regency]:
        return await _under(self, info, first)
