"""Pillar participation (keikutsertaan): since when a household takes part in one of the four pillars.

Rule: a household that left a pillar and came back has two of them; it takes part now by one that has not ended.
Tests: tests/test_pillars.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import Pillar
from registry.models.fact import PartialDate, StatementContext, derived, fact
from registry.models.noun import Noun, table_of
from registry.models.scoped import HouseholdPart

OPERATIONAL = Sensitivity.OPERATIONAL


class PillarParticipation(HouseholdPart, Noun):
    """Keikutsertaan of a household in one of the four pillars."""

    __tablename__ = "pillar_participation"
    pillar: Mapped[Pillar] = fact(OPERATIONAL, "Pilar", "Pillar", Pillar)
    started_on: Mapped[PartialDate | None] = fact(OPERATIONAL, "Ikut sejak", "Takes part since")
    ended_on: Mapped[PartialDate | None] = fact(OPERATIONAL, "Ikut sampai", "Took part until")


def _current(household: sa.FromClause, alias: str) -> tuple[sa.FromClause, sa.Select[Any]]:
    """The participations of a household that have not ended, and the SELECT of their pillars."""
    row = table_of(PillarParticipation).alias(alias)
    is_current = (row.c.household_id == household.c.id, row.c.archived_at.is_(None), row.c.ended_on.is_(None))
    return row, sa.select(row.c.pillar).where(*is_current).correlate(household)


@dataclass(frozen=True)
class TakesPart:
    """Named condition: the household takes part now in any of the pillars that the argument lists."""

    argument: str

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        # EXISTS (SELECT p$in.pillar FROM registry.pillar_participation AS p$in
        #         WHERE p$in.household_id = t$1.id AND … AND p$in.ended_on IS NULL AND p$in.pillar = ANY ($1))
        participation, pillars = _current(row, "p$in")
        return sa.exists(
            pillars.where(participation.c.pillar == sa.any_(ctx.argument(self.argument, ARRAY(sa.Text()))))
        )


@derived(OPERATIONAL, "Pilar", "Pillars in which the household takes part now", Pillar)
def pillars_now(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """An array, each pillar once."""
    # ARRAY(SELECT DISTINCT p$now.pillar FROM registry.pillar_participation AS p$now
    #       WHERE p$now.household_id = t$1.id AND … AND p$now.ended_on IS NULL)
    _, pillars = _current(row, "p$now")
    return sa.func.array(pillars.distinct().scalar_subquery(), type_=ARRAY(sa.Text()))
