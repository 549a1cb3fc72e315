"""Business (usaha): a business unit of a migrant household, pillar 2 of the programme.

Rule: its owner is a member of the household.  Export-ready means READY or EXPORTING.  Tests: tests/test_rules.py.
"""

from __future__ import annotations

import decimal
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import (
    BusinessField,
    BusinessPermit,
    BusinessScale,
    BusinessStatus,
    CapitalSource,
    ExportReadiness,
    KbliVersion,
    Market,
    OwnerCategory,
    TurnoverBand,
)
from registry.codes.catalogue import LONGEST
from registry.codes.kbli import KBLI, SECTIONS
from registry.codes.open_lists import Editions
from registry.models.business_group import BusinessGroup
from registry.models.cooperative import Cooperative
from registry.models.fact import CountryCode, CurrencyCode, PartialDate, StatementContext, codes_fact, derived, fact
from registry.models.noun import C_TEXT, Noun, const
from registry.models.reference import CODE, in_language
from registry.models.scoped import HouseholdPart, counted, newest, of_member
from registry.models.search import sound_indexes, sounds_of
from registry.values.bounds import AMOUNT, NAME, WORKERS
from registry.values.identity_number import normalise_kbli, normalise_nib

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


class Business(HouseholdPart, Noun):
    """Usaha of a migrant household."""

    __tablename__ = "business"
    searched = PERSONAL
    owner_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Pemilik", "Owner")
    owner_category: Mapped[OwnerCategory | None] = fact(
        PERSONAL, "Kategori pemilik", "Owner category at capture; stored", OwnerCategory, server=True
    )
    name: Mapped[str | None] = fact(PERSONAL, "Nama usaha", "Name", longest=NAME)
    sounds: Mapped[list[str] | None] = sounds_of("name", PERSONAL)
    description: Mapped[str | None] = fact(PERSONAL, "Uraian", "Description", longest=1000, lines=True)
    field: Mapped[BusinessField] = fact(OPERATIONAL, "Bidang usaha", "Field", BusinessField)
    kbli_version: Mapped[KbliVersion | None] = fact(
        OPERATIONAL, "Edisi KBLI", "Edition of KBLI", KbliVersion, whole="kbli"
    )
    kbli_code: Mapped[str | None] = fact(
        OPERATIONAL,
        "Kode KBLI",
        "Code in that edition, 2 to 5 digits",
        listed=Editions("KBLI", "kbli_version", KBLI),
        form=normalise_kbli,
        whole="kbli",
    )
    status: Mapped[BusinessStatus] = fact(OPERATIONAL, "Status usaha", "Status", BusinessStatus)
    started_on: Mapped[PartialDate | None] = fact(OPERATIONAL, "Mulai usaha", "Started on")
    closed_on: Mapped[PartialDate | None] = fact(OPERATIONAL, "Tutup pada", "Closed on")
    scale: Mapped[BusinessScale | None] = fact(
        OPERATIONAL, "Skala usaha", "Scale (PP 7/2021 Art. 35), derived", BusinessScale, server=True
    )
    turnover_band: Mapped[TurnoverBand | None] = fact(PERSONAL, "Omzet per bulan", "Turnover a month", TurnoverBand)
    annual_sales_amount: Mapped[decimal.Decimal | None] = fact(
        PERSONAL, "Penjualan setahun", "Yearly sales", within=AMOUNT, whole="annual_sales"
    )
    annual_sales_currency: Mapped[CurrencyCode | None] = fact(
        PERSONAL, "Mata uang penjualan", "Currency of the sales", whole="annual_sales"
    )
    capital_amount: Mapped[decimal.Decimal | None] = fact(
        PERSONAL, "Modal", "Capital without land and buildings", within=AMOUNT, whole="capital"
    )
    capital_currency: Mapped[CurrencyCode | None] = fact(
        PERSONAL, "Mata uang modal", "Currency of the capital", whole="capital"
    )
    capital_source: Mapped[CapitalSource | None] = fact(PERSONAL, "Sumber modal", "Source of capital", CapitalSource)
    workers_family: Mapped[int | None] = fact(OPERATIONAL, "Pekerja keluarga", "Family workers", within=WORKERS)
    workers_paid_male: Mapped[int | None] = fact(
        OPERATIONAL, "Pekerja dibayar laki-laki", "Paid male workers", within=WORKERS
    )
    workers_paid_female: Mapped[int | None] = fact(
        OPERATIONAL, "Pekerja dibayar perempuan", "Paid female workers", within=WORKERS
    )
    nib: Mapped[str | None] = fact(
        PERSONAL, "Nomor induk berusaha", "Business identification number, 13 digits", longest=32, form=normalise_nib
    )
    permits: Mapped[list[BusinessPermit]] = codes_fact(OPERATIONAL, "Izin dan sertifikat", "Permits", BusinessPermit)
    market: Mapped[Market | None] = fact(OPERATIONAL, "Pasar", "Farthest market served", Market)
    sells_online: Mapped[bool | None] = fact(OPERATIONAL, "Jual daring", "Sells online")
    export_readiness: Mapped[ExportReadiness] = fact(
        OPERATIONAL, "Kesiapan ekspor", "Export readiness", ExportReadiness
    )
    export_countries: Mapped[list[CountryCode]] = fact(
        OPERATIONAL, "Negara tujuan ekspor", "Export destinations", server_default="{}", items=50
    )
    location_village_id: Mapped[uuid.UUID] = fact(
        OPERATIONAL,
        "Desa tempat usaha",
        "Village in which the business is; usually that of the household",
        sa.ForeignKey("registry.region.id"),
    )
    group_id: Mapped[uuid.UUID | None] = fact(OPERATIONAL, "Kelompok usaha", "Business group", names=BusinessGroup)
    cooperative_id: Mapped[uuid.UUID | None] = fact(OPERATIONAL, "Koperasi", "Cooperative", names=Cooperative)
    __table_args__ = of_member(
        "business",
        "owner_id",
        counted("business", "field"),
        newest("business", "started_on"),
        *sound_indexes("business", "area"),
    )


@derived(OPERATIONAL, "Jumlah pekerja", "Workers, family and paid", sa.BigInteger(), nullable=False)
def workers(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # CAST(coalesce(t$1.workers_family, 0) AS BIGINT) + …: the sum of three integers may be too large for one
    columns = (row.c.workers_family, row.c.workers_paid_male, row.c.workers_paid_female)
    first, *others = [sa.cast(sa.func.coalesce(column, const(0)), sa.BigInteger()) for column in columns]
    return sum(others, first)


@dataclass(frozen=True)
class HasNib:
    """Named condition: the business has a known identification number (NIB), or has none."""

    yes: bool

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        return row.c.nib.is_not(None) if self.yes else row.c.nib.is_(None)


@derived(OPERATIONAL, "Kesiapan ekspor", "Export readiness, from NONE to EXPORTING", sa.Integer(), nullable=False)
def readiness(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """The rank of the code in its list."""
    # CASE WHEN (t$1.export_readiness = 'NONE') THEN 0 WHEN … END
    ranks = []
    for rank, code in enumerate(ExportReadiness):
        ranks.append((row.c.export_readiness == const(code.value), const(rank)))
    return sa.case(*ranks)


@derived(OPERATIONAL, "Golongan pokok KBLI", "Letter of the KBLI section, in its edition", sa.Text(), longest=1)
def kbli_section(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # CASE WHEN (t$1.kbli_version = 'KBLI_2020')
    #      THEN split_part('A B C …', ' ', width_bucket(left(t$1.kbli_code, 2), '{01,05,10,…}')) WHEN … END
    division = sa.func.left(row.c.kbli_code, const(2))
    editions = []
    for version, firsts in SECTIONS.items():
        starts = sa.cast(const("{" + ",".join(firsts) + "}"), ARRAY(C_TEXT))
        number = sa.func.width_bucket(sa.collate(division, "C"), starts)
        letters = const(" ".join(firsts.values()))
        editions.append((row.c.kbli_version == const(version.value), sa.func.split_part(letters, const(" "), number)))
    return sa.case(*editions)


@derived(
    OPERATIONAL,
    "Judul KBLI",
    "Title of the code or, if its list is not loaded, of its division",
    sa.Text(),
    longest=LONGEST,
)
def kbli_title(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # coalesce((SELECT CASE WHEN ($language = 'en') THEN k$.label_en ELSE k$.label_id END
    #           FROM registry.reference_code AS k$
    #           WHERE k$.list = t$1.kbli_version AND k$.code IN (t$1.kbli_code, left(t$1.kbli_code, 2))
    #           ORDER BY char_length(k$.code) DESC LIMIT 1), t$1.kbli_code)
    title = CODE.alias("k$")
    is_named = title.c.code.in_([row.c.kbli_code, sa.func.left(row.c.kbli_code, const(2))])
    titles = sa.select(in_language(ctx, title.c.label_id, title.c.label_en)).where(
        title.c.list == row.c.kbli_version, is_named
    )
    longest = titles.order_by(sa.func.char_length(title.c.code).desc()).limit(const(1))
    return sa.func.coalesce(longest.correlate_except(title).scalar_subquery(), row.c.kbli_code)
