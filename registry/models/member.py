"""Member (anggota rumah tangga): a person in a household.

Rule: a member lies where the household lies; the vault keeps the NIK, the row holds its mask.
Tests: tests/test_submission.py, tests/test_rules.py.
"""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import (
    EducationLevel,
    IdentityField,
    LifeStatus,
    MaritalStatus,
    MigrationStage,
    MissingReason,
    RelationToHead,
    Residence,
    SchoolStatus,
    Sex,
)
from registry.codes.open_lists import OCCUPATION
from registry.models.episode import MigrationEpisode, of_newest_episode
from registry.models.fact import PartialDate, StatementContext, derived, fact
from registry.models.noun import Noun
from registry.models.scoped import HouseholdPart, counted, in_household
from registry.models.search import sound_indexes, sounds_of
from registry.values.bounds import NAME
from registry.values.civil_day import NOW_IN_CAPITAL
from registry.values.identity_number import normalise_occupation

OPERATIONAL, PERSONAL, IDENTITY, SPECIAL = (
    Sensitivity.OPERATIONAL,
    Sensitivity.PERSONAL,
    Sensitivity.IDENTITY,
    Sensitivity.SPECIAL,
)


class Member(HouseholdPart, Noun):
    """Anggota rumah tangga."""

    __tablename__ = "member"
    searched = PERSONAL
    seq: Mapped[int] = fact(OPERATIONAL, "Nomor urut", "Position in the household", within=(0, 999))
    full_name: Mapped[str | None] = fact(PERSONAL, "Nama lengkap", "Full name", longest=NAME)
    sounds: Mapped[list[str] | None] = sounds_of("full_name", PERSONAL)
    nik: Mapped[str | None] = fact(IDENTITY, "NIK", "National identity number", sealed=IdentityField.NIK, longest=32)
    nik_missing_reason: Mapped[MissingReason | None] = fact(
        PERSONAL, "Alasan NIK kosong", "Why the NIK is missing", MissingReason
    )
    sex: Mapped[Sex | None] = fact(PERSONAL, "Jenis kelamin", "Sex", Sex)
    birth_place: Mapped[str | None] = fact(PERSONAL, "Tempat lahir", "Place of birth", longest=100)
    birth_date: Mapped[PartialDate | None] = fact(PERSONAL, "Tanggal lahir", "Birth date")
    relation_to_head: Mapped[RelationToHead | None] = fact(PERSONAL, "SHDK", "Relation to the head", RelationToHead)
    marital_status: Mapped[MaritalStatus | None] = fact(PERSONAL, "Status kawin", "Marital status", MaritalStatus)
    education: Mapped[EducationLevel | None] = fact(
        PERSONAL, "Pendidikan tertinggi", "Highest completed education", EducationLevel
    )
    occupation_code: Mapped[str | None] = fact(
        PERSONAL, "Pekerjaan", "Occupation, Dukcapil list of 89", listed=OCCUPATION, form=normalise_occupation
    )
    life_status: Mapped[LifeStatus | None] = fact(PERSONAL, "Status hidup", "Life status", LifeStatus)
    residence: Mapped[Residence | None] = fact(
        PERSONAL, "Tempat tinggal sekarang", "Where the member lives now", Residence
    )
    mother_id: Mapped[uuid.UUID | None] = fact(PERSONAL, "Ibu", "Mother")
    father_id: Mapped[uuid.UUID | None] = fact(PERSONAL, "Ayah", "Father")
    school_status: Mapped[SchoolStatus | None] = fact(SPECIAL, "Status sekolah", "School status", SchoolStatus)
    birth_certificate: Mapped[bool | None] = fact(SPECIAL, "Akta kelahiran", "Has a birth certificate")
    disability: Mapped[bool | None] = fact(SPECIAL, "Disabilitas", "Disability")
    covered_by_jkn: Mapped[bool | None] = fact(SPECIAL, "Peserta JKN", "Covered by JKN")
    __table_args__ = in_household(
        "member", sa.UniqueConstraint("id", "household_id"), counted("member"), *sound_indexes("member", "area")
    )


@derived(PERSONAL, "Umur", "Completed years today; null when not even the year is known", sa.Integer())
def age(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """A birth date of which only the year or month is known counts from its first day."""
    # CAST(EXTRACT(year FROM age(timezone('Asia/Jakarta', now()), registry.first_day(t$1.birth_date))) AS INTEGER)
    born = sa.cast(sa.func.registry.first_day(row.c.birth_date), sa.DateTime())
    return sa.cast(sa.extract("year", sa.func.age(NOW_IN_CAPITAL, born)), sa.Integer())


@derived(PERSONAL, "Tahap migrasi", "Stage of the latest episode; null when never a migrant", MigrationStage)
def stage(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """UU 18/2017 Art. 1: akan, sedang, telah."""
    return of_newest_episode(MigrationEpisode.stage, row.c.id, ctx, "e$stage")
