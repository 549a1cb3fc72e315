"""Household (rumah tangga): who lives together and where; the unit of field work and of verification.

Rule: a household belongs to exactly one village, and everything in it lies where the household lies.
Tests: tests/test_submission.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.role import Role
from auth.sensitivity import Sensitivity
from registry.codes import (
    ConsentBasis,
    ConsentMethod,
    HouseholdStatus,
    HouseOwnership,
    IdentityField,
    MissingReason,
    RelationToHead,
    VisitResult,
    WorkflowState,
)
from registry.models.business import Business
from registry.models.fact import RegionCode, StatementContext, derived, fact
from registry.models.member import Member
from registry.models.noun import C_TEXT, Noun, is_one, table_of, to
from registry.models.reached import reached
from registry.models.region import under, village_key
from registry.models.scoped import Scoped, counted
from registry.values.bounds import NAME
from registry.values.identity_number import normalise_unit

OPERATIONAL, PERSONAL, IDENTITY, SPECIAL, SYSTEM = (
    Sensitivity.OPERATIONAL,
    Sensitivity.PERSONAL,
    Sensitivity.IDENTITY,
    Sensitivity.SPECIAL,
    Sensitivity.SYSTEM,
)


class Household(Scoped, Noun):
    """Rumah tangga PMI."""

    __tablename__ = "household"
    searched = PERSONAL
    village_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Desa", "Village")  # the only place where people choose it
    household_no: Mapped[str] = fact(
        OPERATIONAL,
        "Nomor urut rumah tangga",
        "Household number: code of the village of first recording, year and serial",
        C_TEXT,
        server=True,
        longest=32,
    )
    status: Mapped[HouseholdStatus] = fact(OPERATIONAL, "Status rumah tangga", "Status", HouseholdStatus)
    hamlet: Mapped[str | None] = fact(PERSONAL, "Dusun", "Hamlet", longest=100)
    rt: Mapped[str | None] = fact(PERSONAL, "RT", "Neighbourhood unit", longest=3, form=normalise_unit)
    rw: Mapped[str | None] = fact(PERSONAL, "RW", "Community unit", longest=3, form=normalise_unit)
    address: Mapped[str | None] = fact(PERSONAL, "Alamat", "Address", longest=300)
    location_lat: Mapped[float | None] = fact(
        PERSONAL, "Lintang", "Latitude, WGS 84", within=(-90, 90), whole="location"
    )
    location_lon: Mapped[float | None] = fact(
        PERSONAL, "Bujur", "Longitude, WGS 84", within=(-180, 180), whole="location"
    )
    phone: Mapped[str | None] = fact(IDENTITY, "Telepon", "Phone", sealed=IdentityField.PHONE, longest=32)
    kk_number: Mapped[str | None] = fact(
        IDENTITY, "Nomor KK", "Family card number", sealed=IdentityField.KK_NUMBER, longest=32
    )
    kk_missing_reason: Mapped[MissingReason | None] = fact(
        PERSONAL, "Alasan nomor KK kosong", "Why the family card number is missing", MissingReason
    )
    house_ownership: Mapped[HouseOwnership | None] = fact(
        PERSONAL, "Status rumah", "Ownership of the house", HouseOwnership
    )
    welfare_decile: Mapped[int | None] = fact(SPECIAL, "Desil DTSEN", "Welfare decile, 1 to 10", within=(1, 10))
    receives_pkh: Mapped[bool | None] = fact(SPECIAL, "Penerima PKH", "Receives PKH")
    receives_bpnt: Mapped[bool | None] = fact(SPECIAL, "Penerima BPNT", "Receives BPNT")
    visit_result: Mapped[VisitResult | None] = fact(OPERATIONAL, "Hasil kunjungan", "Result of the visit", VisitResult)
    respondent_name: Mapped[str | None] = fact(PERSONAL, "Nama responden", "Respondent", longest=NAME)
    respondent_relation: Mapped[str | None] = fact(
        PERSONAL, "Hubungan responden", "Respondent's relation to the household", longest=100
    )
    captured_at: Mapped[dt.datetime | None] = fact(
        OPERATIONAL, "Waktu pencatatan", "Time of recording by the device's clock, which is never relied on"
    )
    consent_basis: Mapped[ConsentBasis | None] = fact(
        OPERATIONAL, "Dasar pemrosesan", "Basis of processing", ConsentBasis
    )
    consent_method: Mapped[ConsentMethod | None] = fact(
        OPERATIONAL, "Cara persetujuan", "How consent was given", ConsentMethod
    )
    consent_text_version: Mapped[str | None] = fact(
        OPERATIONAL, "Versi teks persetujuan", "Version of the consent text", longest=40
    )
    consent_given_by: Mapped[str | None] = fact(PERSONAL, "Pemberi persetujuan", "Who gave consent", longest=NAME)
    consent_given_on: Mapped[dt.date | None] = fact(OPERATIONAL, "Tanggal persetujuan", "Day of consent")
    consent_withdrawn_on: Mapped[dt.date | None] = fact(OPERATIONAL, "Tanggal penarikan", "Day of withdrawal")
    guardian_consent: Mapped[bool | None] = fact(
        SPECIAL, "Persetujuan wali", "Guardian's consent for detailed data of children"
    )
    rev: Mapped[int] = fact(OPERATIONAL, "Revisi", "Number of the newest revision, from 1", server=True)
    workflow_state: Mapped[WorkflowState] = fact(
        OPERATIONAL, "Status alur kerja", "Workflow state of the newest revision", WorkflowState, server=True
    )
    verified_rev: Mapped[int | None] = fact(
        OPERATIONAL, "Revisi terverifikasi", "The revision that the figures count", server=True
    )
    submitted_at: Mapped[dt.datetime | None] = fact(OPERATIONAL, "Dikirim pada", "Submitted at", server=True)
    submitted_by_id: Mapped[uuid.UUID | None] = fact(PERSONAL, "Pengirim", "Submitted by", server=True)
    submitted_by_name: Mapped[str | None] = fact(
        PERSONAL, "Nama pengirim", "Name of the submitter", server=True, longest=NAME
    )
    submitted_by_role: Mapped[str | None] = fact(
        PERSONAL, "Peran pengirim", "Role of the submitter", server=True, longest=40, closed=Role
    )
    lot: Mapped[int] = fact(
        SYSTEM,
        "Undian",
        "Drawn once: decides which way a published figure of few households is rounded",
        server=True,
        server_default=sa.func.registry.draw_lot(),
    )
    authors: Mapped[list[uuid.UUID]] = fact(
        SYSTEM,
        "Penulis revisi",
        "Authors of the revisions since the last verified one; none of them may verify",
        server=True,
        server_default="{}",
    )
    village_verified_by_id: Mapped[uuid.UUID | None] = fact(
        PERSONAL, "Verifikator desa", "Verifier of the village step", server=True
    )
    verified_at: Mapped[dt.datetime | None] = fact(OPERATIONAL, "Diverifikasi pada", "Verified at", server=True)
    verified_by_id: Mapped[uuid.UUID | None] = fact(PERSONAL, "Verifikator", "Verified by", server=True)
    verified_by_name: Mapped[str | None] = fact(
        PERSONAL, "Nama verifikator", "Name of the verifier", server=True, longest=NAME
    )
    verified_by_role: Mapped[str | None] = fact(
        PERSONAL, "Peran verifikator", "Role of the verifier", server=True, longest=40, closed=Role
    )
    __table_args__ = (
        sa.UniqueConstraint("id", "village_id", "area", "draft"),
        village_key(),
        sa.Index("ix_household_area_no", "area", "household_no", "id"),
        sa.Index("ix_household_no", "household_no", "id"),
        sa.Index("ix_household_area_verified", "area", "verified_at"),
        counted("household"),
        # A draft that has left the register is nobody else's either.
        sa.CheckConstraint("draft = (workflow_state = 'DRAFT') OR archived_at IS NOT NULL", name="ck_household_draft"),
    )


class HouseholdNumber(Noun):
    """The last serial that a village has used in a year; its lock makes household numbers unique."""

    __tablename__ = "household_number"
    village_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Desa", "Village", primary_key=True)
    area: Mapped[RegionCode] = fact(OPERATIONAL, "Kode desa", "Village code", server=True)
    year: Mapped[int] = fact(OPERATIONAL, "Tahun", "Year", primary_key=True, server=True)
    last: Mapped[int] = fact(OPERATIONAL, "Nomor terakhir", "Last serial used", server=True)
    __table_args__ = (village_key(),)


HOUSEHOLD = table_of(Household)


def _count(noun: type[Noun], row: sa.FromClause) -> sa.ColumnElement[Any]:
    # CAST((SELECT count(*) FROM registry.member AS c$member
    #       WHERE c$member.household_id = t$1.id AND c$member.archived_at IS NULL) AS INTEGER)
    child = table_of(noun).alias(f"c${noun.__tablename__}")
    of_household = (child.c.household_id == row.c.id, child.c.archived_at.is_(None))
    count = sa.select(sa.func.count()).select_from(child).where(*of_household)
    return sa.cast(count.correlate(row).scalar_subquery(), sa.Integer())


@derived(OPERATIONAL, "Jumlah anggota", "Number of members", sa.Integer(), nullable=False)
def member_count(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return _count(Member, row)


@derived(OPERATIONAL, "Jumlah usaha", "Number of business units", sa.Integer())
def business_count(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return _count(Business, row)


def head_of_household(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: kepala keluarga."""
    return sa.and_(child.c.household_id == parent.c.id, is_one(child.c.relation_to_head, RelationToHead.HEAD))


@derived(PERSONAL, "Nama kepala keluarga", "Name of the head", sa.Text(), longest=NAME)
def head_name(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # (SELECT min(m$head.full_name) FROM registry.member AS m$head WHERE … AND m$head.relation_to_head IN ('HEAD') …);
    # the minimum, because a draft may have two heads
    person = table_of(Member).alias("m$head")
    is_head = (head_of_household(row, person), person.c.archived_at.is_(None))
    return sa.select(sa.func.min(person.c.full_name)).where(*is_head).correlate(row).scalar_subquery()


number_of = reached(Household.household_no, to(Member.household_id))
"""The number of the household of a member."""


@dataclass(frozen=True)
class SubmittedByMe:
    """Named condition: the caller sent the newest submission, or somebody else did."""

    yes: bool

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        mine = row.c.submitted_by_id == ctx.claim("user", sa.Uuid())
        return mine.is_(sa.true()) if self.yes else mine.is_not(sa.true())


@derived(OPERATIONAL, "Jumlah rumah tangga", "Number of households", sa.Integer(), nullable=False)
def household_count(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """Of a region: the households in it that the caller may list."""
    return _region_figure(row, lambda household: sa.cast(sa.func.count(), sa.Integer()))


@derived(OPERATIONAL, "Verifikasi terakhir", "Last verified at", sa.DateTime(timezone=True))
def last_verified_at(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """Of a region: when a household in it was last verified."""
    return _region_figure(row, lambda household: sa.func.max(household.c.verified_at))


def _region_figure(region: sa.FromClause, figure: Any) -> sa.ColumnElement[Any]:
    # (SELECT count(*) FROM registry.household AS h$under
    #  WHERE h$under.area >= t$1.code AND h$under.area < t$1.code || '/' AND h$under.archived_at IS NULL)
    household = HOUSEHOLD.alias("h$under")
    inside = sa.and_(under(region, household), household.c.archived_at.is_(None))
    return sa.select(figure(household)).select_from(household).where(inside).correlate(region).scalar_subquery()
