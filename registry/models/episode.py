"""Migration episode (episode migrasi): one migration of one person, from plan to return.

Rule: stage, procedural status and welfare are three separate things; only those who recorded a procedural status see
it, because families hide it out of fear.  Tests: tests/test_submission.py, tests/test_rules.py.
"""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Mapped

from auth.sensitivity import Sensitivity
from registry.codes import (
    IdentityField,
    LegalCategory,
    MigrationStage,
    OccupationGroup,
    PlacementScheme,
    PlanAfterReturn,
    ProceduralStatus,
    RecruiterType,
    RemittanceBand,
    RemittanceChannel,
    RemittanceFrequency,
    RemittanceUse,
    ReturnReason,
    Sector,
    WelfareStatus,
)
from registry.models.agency import Agency
from registry.models.fact import CountryCode, CurrencyCode, PartialDate, StatementContext, codes_fact, derived, fact
from registry.models.noun import C_TEXT, SCHEMA, Noun, const, table_of
from registry.models.scoped import HouseholdPart, counted, newest, of_member
from registry.values.bounds import AMOUNT

OPERATIONAL, PERSONAL, IDENTITY, SPECIAL, PROTECTIVE = (
    Sensitivity.OPERATIONAL,
    Sensitivity.PERSONAL,
    Sensitivity.IDENTITY,
    Sensitivity.SPECIAL,
    Sensitivity.PROTECTIVE,
)


class MigrationEpisode(HouseholdPart, Noun):
    """Episode migrasi."""

    __tablename__ = "migration_episode"
    member_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Anggota", "Member")
    seq: Mapped[int] = fact(
        OPERATIONAL,
        "Nomor urut",
        "Number of the episode in the household, in the order of recording",
        server=True,
    )
    stage: Mapped[MigrationStage | None] = fact(PERSONAL, "Tahap migrasi", "Stage", MigrationStage)
    country: Mapped[CountryCode | None] = fact(PERSONAL, "Negara tujuan", "Country of destination")
    city: Mapped[str | None] = fact(SPECIAL, "Kota", "City", longest=100)
    legal_category: Mapped[LegalCategory | None] = fact(PERSONAL, "Kategori PMI", "Legal category", LegalCategory)
    scheme: Mapped[PlacementScheme | None] = fact(PERSONAL, "Skema penempatan", "Placement scheme", PlacementScheme)
    procedural_status: Mapped[ProceduralStatus | None] = fact(
        PROTECTIVE, "Status prosedural", "Procedural status", ProceduralStatus
    )
    sector: Mapped[Sector | None] = fact(PERSONAL, "Sektor", "Sector", Sector)
    occupation_group: Mapped[OccupationGroup | None] = fact(
        PERSONAL, "Kelompok jabatan", "Occupation group", OccupationGroup
    )
    job_title: Mapped[str | None] = fact(PERSONAL, "Jabatan", "Job title", longest=100)
    employer_name: Mapped[str | None] = fact(SPECIAL, "Nama pemberi kerja", "Employer", longest=200)
    agency_id: Mapped[uuid.UUID | None] = fact(
        SPECIAL, "P3MI", "Licensed placement company", sa.ForeignKey(f"{SCHEMA}.agency.id"), names=Agency
    )
    recruiter: Mapped[RecruiterType | None] = fact(PERSONAL, "Perekrut", "Who arranged the migration", RecruiterType)
    epmi_no: Mapped[str | None] = fact(IDENTITY, "ID PMI", "e-PMI number", sealed=IdentityField.EPMI, longest=32)
    passport_no: Mapped[str | None] = fact(
        IDENTITY, "Nomor paspor", "Passport number", sealed=IdentityField.PASSPORT, longest=32
    )
    passport_expires_on: Mapped[dt.date | None] = fact(PERSONAL, "Paspor berlaku sampai", "Passport expires on")
    visa_type: Mapped[str | None] = fact(PERSONAL, "Jenis visa", "Type of visa", longest=100)
    contract_starts_on: Mapped[PartialDate | None] = fact(PERSONAL, "Kontrak mulai", "Contract starts on")
    contract_ends_on: Mapped[PartialDate | None] = fact(PERSONAL, "Kontrak selesai", "Contract ends on")
    wage_amount: Mapped[decimal.Decimal | None] = fact(
        SPECIAL, "Upah sebulan", "Wage a month", within=AMOUNT, whole="wage"
    )
    wage_currency: Mapped[CurrencyCode | None] = fact(SPECIAL, "Mata uang upah", "Currency of the wage", whole="wage")
    registered_on: Mapped[PartialDate | None] = fact(PERSONAL, "Tanggal daftar", "Registered on")
    departed_on: Mapped[PartialDate | None] = fact(PERSONAL, "Tanggal berangkat", "Departed on")
    returned_on: Mapped[PartialDate | None] = fact(PERSONAL, "Tanggal pulang", "Returned on")
    return_reason: Mapped[ReturnReason | None] = fact(SPECIAL, "Sebab kepulangan", "Reason of return", ReturnReason)
    plan_after_return: Mapped[PlanAfterReturn | None] = fact(
        PERSONAL, "Rencana setelah pulang", "Plan after return", PlanAfterReturn
    )
    welfare: Mapped[WelfareStatus | None] = fact(SPECIAL, "Keadaan", "How the migrant fares", WelfareStatus)
    underage_at_departure: Mapped[bool | None] = fact(
        SPECIAL,
        "Berangkat sebelum 18 tahun",
        "Left before the 18th birthday: recorded and flagged, never refused",
        server=True,
    )
    social_security_jkk_jkm: Mapped[bool | None] = fact(PERSONAL, "JKK dan JKM", "Covered by JKK and JKM")
    social_security_jht: Mapped[bool | None] = fact(PERSONAL, "JHT", "Covered by JHT")
    cost_paid_amount: Mapped[decimal.Decimal | None] = fact(
        SPECIAL, "Biaya dibayar", "Cost paid", within=AMOUNT, whole="cost_paid"
    )
    cost_paid_currency: Mapped[CurrencyCode | None] = fact(
        SPECIAL, "Mata uang biaya", "Currency of the cost", whole="cost_paid"
    )
    debt_amount: Mapped[decimal.Decimal | None] = fact(SPECIAL, "Utang", "Debt", within=AMOUNT, whole="debt")
    debt_currency: Mapped[CurrencyCode | None] = fact(SPECIAL, "Mata uang utang", "Currency of the debt", whole="debt")
    last_contact_on: Mapped[PartialDate | None] = fact(PERSONAL, "Kontak terakhir", "Last contact on")
    remittance_frequency: Mapped[RemittanceFrequency | None] = fact(
        SPECIAL, "Frekuensi kiriman", "How often money is sent home", RemittanceFrequency
    )
    remittance_band: Mapped[RemittanceBand | None] = fact(
        SPECIAL, "Kiriman per bulan", "Money sent home a month", RemittanceBand
    )
    remittance_channel: Mapped[RemittanceChannel | None] = fact(
        SPECIAL, "Cara mengirim", "How money is sent home", RemittanceChannel
    )
    remittance_uses: Mapped[list[RemittanceUse]] = codes_fact(
        SPECIAL, "Penggunaan kiriman", "What the money is used for", RemittanceUse
    )
    __table_args__ = of_member(
        "migration_episode", "member_id", counted("migration_episode"), newest("migration_episode", "departed_on")
    )


@derived(
    PERSONAL,
    "Mulai",
    "When the episode began or is planned; `9999` for a plan without any date",
    C_TEXT,
    nullable=False,
    longest=10,
)
def begun_on(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(row.c.departed_on, row.c.registered_on, row.c.contract_starts_on, const("9999"))


@derived(SPECIAL, "Ada kiriman", "Anything is recorded of money sent home; else null", sa.Boolean())
def remits(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # CASE WHEN (num_nonnulls(t$1.remittance_frequency, …, nullif(t$1.remittance_uses, '{}')) > 0) THEN true END
    columns = (row.c.remittance_frequency, row.c.remittance_band, row.c.remittance_channel)
    uses = sa.func.nullif(row.c.remittance_uses, sa.cast(const("{}"), ARRAY(sa.Text())))
    return sa.case((sa.func.num_nonnulls(*columns, uses) > const(0), sa.true()))


def newest_first(row: sa.FromClause, ctx: StatementContext) -> list[sa.ColumnElement[Any]]:
    """Order of a person's episodes; the first one gives their stage."""
    return [begun_on.expression(row, ctx).desc(), row.c.seq.desc()]


def of_newest_episode(
    column: InstrumentedAttribute[Any], member_id: sa.ColumnElement[Any], ctx: StatementContext, alias: str
) -> sa.ScalarSelect[Any]:
    """A column of a person's newest episode."""
    # (SELECT e$stage.stage FROM registry.migration_episode AS e$stage
    #  WHERE e$stage.member_id = t$1.id AND e$stage.archived_at IS NULL
    #  ORDER BY coalesce(e$stage.departed_on, e$stage.registered_on, …, '9999') DESC, e$stage.seq DESC LIMIT 1)
    episode = table_of(MigrationEpisode).alias(alias)
    values = sa.select(episode.c[column.key]).where(episode.c.member_id == member_id, episode.c.archived_at.is_(None))
    newest = values.order_by(*newest_first(episode, ctx)).limit(const(1))
    return newest.correlate_except(episode).scalar_subquery()


@dataclass(frozen=True)
class Latest:
    """Named condition: it is the person's newest episode, or is not."""

    yes: bool

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        newest = of_newest_episode(MigrationEpisode.id, row.c.member_id, ctx, "e$latest")
        return row.c.id == newest if self.yes else row.c.id != newest
