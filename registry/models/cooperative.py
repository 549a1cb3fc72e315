"""Cooperative (koperasi, pillar 4): its legal form, its members, and its figures at the end of each year."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import CooperativeStatus
from registry.codes.open_lists import COOPERATIVE_KIND
from registry.models.fact import CurrencyCode, fact
from registry.models.member import Member
from registry.models.noun import Noun
from registry.models.scoped import RecordEntry, VillageRecord, with_entries
from registry.values.bounds import AMOUNT, NAME

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL
PEOPLE = (0, 100_000)
"""Members of one cooperative."""


class Cooperative(VillageRecord, Noun):
    """Koperasi."""

    __tablename__ = "cooperative"
    name: Mapped[str] = fact(OPERATIONAL, "Nama koperasi", "Name", longest=NAME)
    status: Mapped[CooperativeStatus] = fact(OPERATIONAL, "Status", "Status", CooperativeStatus)
    kind: Mapped[str] = fact(OPERATIONAL, "Jenis koperasi", "What it does", listed=COOPERATIVE_KIND)
    legal_no: Mapped[str | None] = fact(OPERATIONAL, "Nomor badan hukum", "Number of the legal entity", longest=100)
    legal_on: Mapped[dt.date | None] = fact(OPERATIONAL, "Tanggal badan hukum", "Legal entity since")
    __table_args__ = with_entries("cooperative", sa.Index("ix_cooperative_legal_on", "legal_on", "id"))


class CooperativeMember(RecordEntry, Noun):
    """Anggota koperasi."""

    __tablename__ = "cooperative_member"
    record, key, list_name = Cooperative, "member_id", "memberIds"
    member_id: Mapped[uuid.UUID] = fact(PERSONAL, "Anggota", "Member", names=Member)


class CooperativeYear(RecordEntry, Noun):
    """Angka koperasi pada akhir tahun."""

    __tablename__ = "cooperative_year"
    record, key, list_name = Cooperative, "year", "figures"
    year: Mapped[int] = fact(OPERATIONAL, "Tahun", "Year", within=(1945, 2199))
    members: Mapped[int] = fact(OPERATIONAL, "Jumlah anggota", "Number of members", within=PEOPLE)
    returned_migrants: Mapped[int | None] = fact(
        OPERATIONAL, "Anggota purna PMI", "Members who are returned migrants", within=PEOPLE
    )
    savings_amount: Mapped[decimal.Decimal | None] = fact(
        OPERATIONAL, "Simpanan", "Savings", within=AMOUNT, whole="savings"
    )
    savings_currency: Mapped[CurrencyCode | None] = fact(
        OPERATIONAL, "Mata uang simpanan", "Currency of the savings", whole="savings"
    )
    loans_amount: Mapped[decimal.Decimal | None] = fact(OPERATIONAL, "Pinjaman", "Loans", within=AMOUNT, whole="loans")
    loans_currency: Mapped[CurrencyCode | None] = fact(
        OPERATIONAL, "Mata uang pinjaman", "Currency of the loans", whole="loans"
    )
