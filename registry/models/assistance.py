"""Assistance (bantuan, pillar 2): what was given, when, by whom, and to whom in a village."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import AssistanceType
from registry.codes.open_lists import ASSISTANCE_SOURCE
from registry.models.business import Business
from registry.models.business_group import BusinessGroup
from registry.models.fact import CurrencyCode, StatementContext, fact
from registry.models.household import Household
from registry.models.noun import Noun
from registry.models.region import PROGRAMME, Programme, Region
from registry.models.scoped import VillageRecord, in_village
from registry.values.bounds import AMOUNT

OPERATIONAL = Sensitivity.OPERATIONAL
RECIPIENTS = (Business, BusinessGroup, Household, Region)
"""Who may receive assistance; a region is the record's village."""


class Assistance(VillageRecord, Noun):
    """Bantuan."""

    __tablename__ = "assistance"
    type: Mapped[AssistanceType] = fact(OPERATIONAL, "Jenis bantuan", "What was given", AssistanceType)
    programme_id: Mapped[uuid.UUID | None] = fact(OPERATIONAL, "Program", "Programme", names=Programme)
    source: Mapped[str] = fact(OPERATIONAL, "Sumber bantuan", "Who pays for it", listed=ASSISTANCE_SOURCE)
    value_amount: Mapped[decimal.Decimal | None] = fact(OPERATIONAL, "Nilai", "Value", within=AMOUNT, whole="value")
    value_currency: Mapped[CurrencyCode | None] = fact(
        OPERATIONAL, "Mata uang nilai", "Currency of the value", whole="value"
    )
    date: Mapped[dt.date] = fact(OPERATIONAL, "Tanggal", "Day on which it was given")
    recipient_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Penerima", "Recipient", names=RECIPIENTS)
    __table_args__ = in_village(
        "assistance",
        sa.Index("ix_assistance_date", "date", "id"),
        sa.Index("ix_assistance_recipient_id", "recipient_id", "area"),
    )


@dataclass(frozen=True)
class UnderProgramme:
    """Named condition: it was given under one of the programmes whose codes the argument lists."""

    argument: str

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        # t$1.programme_id IN (SELECT g$.id FROM registry.programme AS g$ WHERE g$.code = ANY ($1))
        programme = PROGRAMME.alias("g$")
        is_listed = programme.c.code == sa.any_(ctx.argument(self.argument, ARRAY(sa.Text())))
        in_one = row.c.programme_id.in_(sa.select(programme.c.id).where(is_listed))
        return sa.and_(row.c.programme_id.is_not(None), in_one)
