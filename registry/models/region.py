"""Region (wilayah): the official hierarchy from province to village, and the codes it had in other years.

Rule: a region is its id; the code is today's name for it, and older codes lead here too.  The map is open to every
signed-in caller; only `desmigratif regions load` changes its rows, and only holders of `programme:manage` and
`desmigratif programme` those of programmes.  Tests: tests/test_regions.py, tests/test_programmes.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import RegionChange, RegionKind, RegionLevel
from registry.models.fact import RegionCode, StatementContext, fact
from registry.models.noun import SCHEMA, Noun, const, is_one, table_of
from registry.models.search import sound_indexes, sounds_of

OPEN = Sensitivity.OPEN
REGION_ID = f"{SCHEMA}.region.id"
LONGEST_NAME, LONGEST_DECREE = 120, 200


class Region(Noun):
    """Wilayah."""

    __tablename__ = "region"
    searched = OPEN
    row_sensitivity = OPEN
    place = "code"
    id: Mapped[uuid.UUID] = fact(OPEN, "Id", "Id", primary_key=True, server_default=sa.func.gen_random_uuid())
    code: Mapped[RegionCode] = fact(OPEN, "Kode wilayah", "Today's code, or the code on the day of `asOf`")
    level: Mapped[RegionLevel] = fact(OPEN, "Tingkat", "Level", RegionLevel)
    kind: Mapped[RegionKind] = fact(OPEN, "Jenis", "Kind", RegionKind)
    name: Mapped[str] = fact(OPEN, "Nama", "Name", longest=LONGEST_NAME)
    search_name: Mapped[str] = fact(OPEN, "Nama untuk pencarian", "Name for searching", server=True, longest=200)
    sounds: Mapped[list[str] | None] = sounds_of("search_name", OPEN)
    parent_id: Mapped[uuid.UUID | None] = fact(OPEN, "Induk", "Parent", sa.ForeignKey(REGION_ID), index=True)
    bps_code: Mapped[str | None] = fact(
        OPEN, "Kode BPS", "Statistics Indonesia's code, not derived from `code`", longest=10
    )
    valid_from: Mapped[dt.date] = fact(OPEN, "Berlaku sejak", "Valid from")
    valid_to: Mapped[dt.date | None] = fact(OPEN, "Berlaku sampai", "Valid to")
    decree: Mapped[str] = fact(OPEN, "Keputusan", "Decree", longest=LONGEST_DECREE)
    __table_args__ = (
        sa.UniqueConstraint("id", "code"),
        sa.Index("uq_region_code_today", "code", unique=True, postgresql_where=sa.literal_column("valid_to IS NULL")),
        sa.Index("ix_region_level_code", "level", "code"),
        *sound_indexes("region"),
    )


class RegionCodeHistory(Noun):
    """A code that a region has or had."""

    __tablename__ = "region_code"
    row_sensitivity = OPEN
    region_id: Mapped[uuid.UUID] = fact(OPEN, "Wilayah", "Region", sa.ForeignKey(REGION_ID), primary_key=True)
    code: Mapped[RegionCode] = fact(OPEN, "Kode", "Code", primary_key=True)
    valid_from: Mapped[dt.date] = fact(OPEN, "Berlaku sejak", "Valid from", primary_key=True)
    valid_to: Mapped[dt.date | None] = fact(OPEN, "Berlaku sampai", "Valid to")
    __table_args__ = (sa.Index("ix_region_code_code", "code"),)


class RegionLineage(Noun):
    """Silsilah: one change of a region by decree."""

    __tablename__ = "region_lineage"
    named = False
    row_sensitivity = OPEN
    id: Mapped[uuid.UUID] = fact(OPEN, "Id", "Id", primary_key=True, server_default=sa.func.gen_random_uuid())
    from_region_id: Mapped[uuid.UUID] = fact(OPEN, "Dari", "From", sa.ForeignKey(REGION_ID), index=True)
    to_region_id: Mapped[uuid.UUID | None] = fact(OPEN, "Ke", "To", sa.ForeignKey(REGION_ID), index=True)
    change: Mapped[RegionChange] = fact(OPEN, "Perubahan", "Change", RegionChange)
    from_code: Mapped[RegionCode] = fact(OPEN, "Kode lama", "Earlier code")
    to_code: Mapped[RegionCode | None] = fact(OPEN, "Kode baru", "Later code; null if abolished without a successor")
    decree: Mapped[str] = fact(OPEN, "Keputusan", "Decree", longest=LONGEST_DECREE)
    effective_on: Mapped[dt.date] = fact(OPEN, "Berlaku", "Effective on")


class RegionList(Noun):
    """An official list that was loaded: decree, source and checksum."""

    __tablename__ = "region_list"
    named = False
    row_sensitivity = OPEN
    id: Mapped[uuid.UUID] = fact(OPEN, "Id", "Id", primary_key=True, server_default=sa.func.gen_random_uuid())
    source: Mapped[str] = fact(OPEN, "Sumber", "Source", longest=500)
    decree: Mapped[str] = fact(OPEN, "Keputusan", "Decree", longest=LONGEST_DECREE)
    effective_on: Mapped[dt.date] = fact(OPEN, "Berlaku sejak", "In force from")
    checksum: Mapped[str] = fact(OPEN, "Sidik jari", "SHA-256 of the content", longest=64)
    attribution: Mapped[str | None] = fact(OPEN, "Atribusi", "Attribution", longest=200)
    loaded_at: Mapped[dt.datetime] = fact(OPEN, "Dimuat", "Loaded at", server_default=sa.func.now())
    regions: Mapped[int] = fact(OPEN, "Jumlah wilayah", "Regions in it", server=True)


class Programme(Noun):
    """Program: DESMIGRATIF and those to come."""

    __tablename__ = "programme"
    row_sensitivity = OPEN
    id: Mapped[uuid.UUID] = fact(OPEN, "Id", "Id", primary_key=True, server_default=sa.func.gen_random_uuid())
    code: Mapped[str] = fact(OPEN, "Kode", "Code", unique=True, longest=40)
    name: Mapped[str] = fact(OPEN, "Nama", "Name", longest=100)
    agency: Mapped[str] = fact(OPEN, "Instansi", "Agency", longest=200)


class VillageEnrolment(Noun):
    """A village in a programme, from a year on."""

    __tablename__ = "village_enrolment"
    row_sensitivity = OPEN
    programme_id: Mapped[uuid.UUID] = fact(
        OPEN, "Program", "Programme", sa.ForeignKey(f"{SCHEMA}.programme.id"), primary_key=True
    )
    region_id: Mapped[uuid.UUID] = fact(OPEN, "Desa", "Village", sa.ForeignKey(REGION_ID), primary_key=True)
    year: Mapped[int] = fact(OPEN, "Tahun", "Year", within=(1945, 2199))
    decree: Mapped[str | None] = fact(OPEN, "Keputusan", "Decree", longest=LONGEST_DECREE)
    active: Mapped[bool] = fact(OPEN, "Aktif", "Active", server_default=sa.true())


def village_key() -> sa.ForeignKeyConstraint:
    """The key (village_id, area): `area` is the code of the village and follows its recoding."""
    return sa.ForeignKeyConstraint(["village_id", "area"], [REGION_ID, f"{SCHEMA}.region.code"], onupdate="CASCADE")


def under(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: the records whose village is this region or lies below it."""
    # t$1.area >= r$1.code AND t$1.area < r$1.code || '/': '/' is the character after '.'
    return sa.and_(child.c.area >= parent.c.code, child.c.area < parent.c.code + const("/"))


PREFIXES = {RegionLevel.PROVINCE: 2, RegionLevel.REGENCY: 5, RegionLevel.DISTRICT: 8}
"""Characters of a code that are the code of the region above it (35.07.11.2001)."""


def ancestors(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: the regions above this one."""
    prefixes = [sa.func.left(parent.c.code, const(n)) for n in PREFIXES.values()]
    return sa.and_(child.c.code.in_(prefixes), child.c.id != parent.c.id, child.c.valid_to.is_(None))


def lineage(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: the changes by decree from or to this region."""
    return sa.or_(child.c.from_region_id == parent.c.id, child.c.to_region_id == parent.c.id)


def exists_today(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: the region exists today."""
    return row.c.valid_to.is_(None)


@dataclass(frozen=True)
class AtLevel:
    """Named condition: regions of one level that exist today."""

    level: RegionLevel

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        return sa.and_(is_one(row.c.level, self.level), exists_today(row, ctx))


def _regions_of_code(ctx: StatementContext) -> sa.TableValuedAlias:
    """Ids of the regions of today that the argument `code` leads to."""
    ids = sa.func.registry.regions_of(ctx.argument("code", sa.Text()))
    return ids.table_valued(sa.column("id", sa.Uuid()), name="heir$")


def resolved(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: the one region of today that the argument `code` leads to; false if it was split."""
    # t$1.id = (SELECT CASE WHEN (count(*) = 1) THEN CAST(min(CAST(heir$.id AS TEXT)) AS UUID) END
    #           FROM registry.regions_of($1) AS heir$)
    successors = _regions_of_code(ctx)
    only_id = sa.cast(sa.func.min(sa.cast(successors.c.id, sa.Text())), sa.Uuid())
    id_if_one = sa.case((sa.func.count() == const(1), only_id), else_=sa.null())
    return row.c.id == sa.select(id_if_one).select_from(successors).scalar_subquery()


def successor(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: one of the regions of today that the argument `code` leads to."""
    return row.c.id.in_(sa.select(_regions_of_code(ctx).c.id))


@dataclass(frozen=True)
class EnrolledIn:
    """Named condition: the village is now enrolled in one of the programmes whose codes the argument lists.

    `village` is the column that names it: the row's own id, or the village of a record."""

    argument: str
    village: str = "id"

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        # EXISTS (SELECT 1 FROM registry.village_enrolment AS v$, registry.programme AS g$
        #         WHERE v$.region_id = t$1.id AND v$.active AND v$.programme_id = g$.id AND g$.code = ANY ($1))
        enrolment, programme = table_of(VillageEnrolment).alias("v$"), table_of(Programme).alias("g$")
        of_village = sa.and_(
            enrolment.c.region_id == row.c[self.village], enrolment.c.active, enrolment.c.programme_id == programme.c.id
        )
        is_listed = programme.c.code == sa.any_(ctx.argument(self.argument, ARRAY(sa.Text())))
        enrolments = sa.select(const(1)).select_from(enrolment, programme).where(of_village, is_listed)
        return sa.exists(enrolments.correlate(row))


REGION, PROGRAMME, ENROLMENT = table_of(Region), table_of(Programme), table_of(VillageEnrolment)
