"""The loaders of the ordinary server: one batch query for each relation and level of a request."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from strawberry.dataloader import DataLoader

from registry.models.business import Business as BusinessRow
from registry.models.episode import MigrationEpisode as EpisodeRow
from registry.models.household import Household as HouseholdRow
from registry.models.member import Member as MemberRow
from registry.models.region import Region as RegionRow

Sessions = async_sessionmaker[AsyncSession]


@dataclass
class Ask:
    """The context of a request: sessions, the caller's areas, and the loaders."""

    sessions: Sessions
    areas: list[str | None]
    drafts: bool

    def __post_init__(self) -> None:
        begun = sa.func.coalesce(
            EpisodeRow.departed_on, EpisodeRow.registered_on, EpisodeRow.contract_starts_on, "9999"
        )
        self.members = self._children(MemberRow, MemberRow.seq)
        self.migrations = self._children(EpisodeRow, begun.desc(), EpisodeRow.seq.desc())
        self.businesses = self._children(BusinessRow)
        self.regions: DataLoader[uuid.UUID, list[RegionRow]] = DataLoader(self._regions)
        self.counts = {row: self._counts(row) for row in (HouseholdRow, MemberRow)}

    def visible(self, row: Any) -> sa.ColumnElement[bool]:
        """The condition on rows that the caller's grants reach."""
        reach = [sa.true() if a is None else sa.and_(row.area >= a, row.area < a + "/") for a in self.areas]
        return sa.and_(row.archived_at.is_(None), sa.or_(*reach), *([] if self.drafts else [~row.draft]))

    def _children(self, row: Any, *order: Any) -> DataLoader[uuid.UUID, list[Any]]:
        async def load(ids: list[uuid.UUID]) -> list[list[Any]]:
            wanted = sa.select(row).where(row.household_id.in_(ids), self.visible(row)).order_by(*order, row.id)
            of: dict[uuid.UUID, list[Any]] = defaultdict(list)
            async with self.sessions() as session:
                for child in await session.scalars(wanted):
                    of[child.household_id].append(child)
            return [of[i] for i in ids]

        return DataLoader(load)

    async def _regions(self, ids: list[uuid.UUID]) -> list[list[RegionRow]]:
        async with self.sessions() as session:
            wanted = sa.select(RegionRow).where(RegionRow.parent_id.in_(ids), RegionRow.valid_to.is_(None))
            of: dict[uuid.UUID | None, list[RegionRow]] = defaultdict(list)
            for region in await session.scalars(wanted.order_by(RegionRow.code)):
                of[region.parent_id].append(region)
        return [of[i] for i in ids]

    def _counts(self, row: Any) -> DataLoader[str, int]:
        """One GROUP BY for all regions of a level: their codes have the same length."""

        async def load(codes: list[str]) -> list[int]:
            of: dict[str, int] = {}
            async with self.sessions() as session:
                for length in {len(code) for code in codes}:
                    level = [code for code in codes if len(code) == length]
                    prefix = sa.func.left(row.area, sa.literal_column(str(length)))
                    inside = sa.and_(row.area >= min(level), row.area < max(level) + "/")
                    counted = sa.select(prefix, sa.func.count()).where(inside, self.visible(row)).group_by(prefix)
                    of |= dict((await session.execute(counted)).tuples().all())
            return [of.get(code, 0) for code in codes]

        return DataLoader(load)
