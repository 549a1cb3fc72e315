"""Records of a village: what every one of them carries, and the keys that keep it true.

Rule: a record without its area cannot exist, and a child lies where its household lies; a move or a recoding is one
UPDATE of the parent, and foreign keys carry everything along.  Test: tests/test_wall_writes.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, declared_attr

from auth.sensitivity import Sensitivity
from registry.models.fact import RegionCode, fact
from registry.models.noun import SCHEMA, Readable
from registry.models.region import village_key

OPERATIONAL, SYSTEM = Sensitivity.OPERATIONAL, Sensitivity.SYSTEM


class Scoped:
    """A record of a village.  Row security compares `area` with the caller's; foreign keys keep it true.

    `walled_by` are the classes that it tests besides (registry/guard/sensitive.py)."""

    walled_by: ClassVar[tuple[Sensitivity, ...]] = ()
    id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Id", "Id", primary_key=True)
    village_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Desa", "Village", server=True)
    area: Mapped[RegionCode] = fact(OPERATIONAL, "Kode desa", "Village code", server=True)
    draft: Mapped[bool] = fact(OPERATIONAL, "Draf", "Draft", server=True)
    created_at: Mapped[dt.datetime] = fact(
        OPERATIONAL, "Dibuat", "Created at", server=True, server_default=sa.func.now()
    )
    created_by: Mapped[uuid.UUID] = fact(SYSTEM, "Pembuat", "Recorder", server=True)
    updated_at: Mapped[dt.datetime] = fact(
        OPERATIONAL, "Diubah", "Updated at", server=True, server_default=sa.func.now()
    )
    archived_at: Mapped[dt.datetime | None] = fact(OPERATIONAL, "Diarsipkan", "Archived at", server=True)


def walled_by(noun: Readable) -> tuple[Sensitivity, ...]:
    """The classes that row security tests of each row of a noun, besides where it lies."""
    return noun.walled_by if issubclass(noun, Scoped) else ()


def in_region() -> sa.ForeignKeyConstraint:
    """`area` is the code of `village_id`, today and after every recoding."""
    return sa.ForeignKeyConstraint(
        ["village_id", "area"],
        [f"{SCHEMA}.region.id", f"{SCHEMA}.region.code"],
        onupdate="NO ACTION",
        deferrable=True,
        initially="DEFERRED",
    )


class VillageRecord(Scoped):
    """A record of its own in a village, saved by a command of its own (registry/write/village_record.py).

    It stays in its village, is never a draft, and every accepted content of it is a `RecordRevision`."""

    village_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Desa", "Village")
    rev: Mapped[int] = fact(OPERATIONAL, "Revisi", "Number of the newest revision, from 1", server=True)
    lot: Mapped[int] = fact(
        SYSTEM,
        "Undian",
        "Drawn once: decides which way a published figure of few records is rounded",
        server=True,
        server_default=sa.func.registry.draw_lot(),
    )

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805  (SQLAlchemy calls it with the class)
        return in_village(cls.__tablename__)  # type: ignore[attr-defined]  # the class is a mapped one


def in_village(name: str, *more: sa.schema.SchemaItem) -> tuple[sa.schema.SchemaItem, ...]:
    """The keys of a table whose records lie in a village by themselves: a recoding of the village reaches them."""
    return (
        village_key(),
        sa.Index(f"ix_{name}_area_id", "area", "id"),
        *more,
    )


RECORD_KEY = ("id", "village_id", "area")
"""What the entries of a village's record refer to."""


def with_entries(name: str, *more: sa.schema.SchemaItem) -> tuple[sa.schema.SchemaItem, ...]:
    """The keys of a table of village records that have entries."""
    return in_village(name, sa.UniqueConstraint(*RECORD_KEY), *more)


class RecordEntry(Scoped):
    """An entry of a list of a village's record, saved with it: `record` is its noun, `key` the column by which the
    entries of one record differ, `list_name` what the list is called in the record's input.

    Its id is made of the record's and of the key, so an entry that comes back is the same row."""

    record: ClassVar[Any]
    key: ClassVar[str]
    list_name: ClassVar[str]
    named = False
    record_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Catatan", "Record", server=True)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805  (SQLAlchemy calls it with the class)
        entry: Any = cls
        return in_record(entry.__tablename__, entry.record.__tablename__, entry.key)


def in_record(name: str, record: str, key: str) -> tuple[sa.schema.SchemaItem, ...]:
    """The keys that tie a table of entries to their record: a recoding of its village is a change here."""
    return (
        sa.ForeignKeyConstraint(
            ["record_id", "village_id", "area"],
            [f"{SCHEMA}.{record}.{column}" for column in RECORD_KEY],
            onupdate="CASCADE",
            name=f"fk_{name}_record",
        ),
        in_region(),
        sa.Index(f"ix_{name}_record_id", "record_id", "area"),  # the wall asks the area of every row
        sa.Index(f"ix_{name}_{key}", key, "area"),
        sa.Index(f"ix_{name}_area_id", "area", "id"),
    )


class InHousehold(Scoped):
    """A record inside a household: it lies where the household lies and is a draft while the household is."""

    household_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Rumah tangga", "Household", server=True)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805  (SQLAlchemy calls it with the class)
        return in_household(cls.__tablename__)  # type: ignore[attr-defined]  # the class is a mapped one


class HouseholdRecord(VillageRecord):
    """A record of its own about a household, saved by a command of its own (registry/write/household_record.py).

    It lies where its household lies, and moves with it; it is a draft while the household is."""

    village_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Desa", "Village", server=True)
    household_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Rumah tangga", "Household")

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805  (SQLAlchemy calls it with the class)
        return in_household(cls.__tablename__)  # type: ignore[attr-defined]  # the class is a mapped one


class HouseholdPart(InHousehold):
    """A record that is written with its household: its line is in registry/models/household_aggregate.py."""


def in_household(name: str, *more: sa.schema.SchemaItem) -> tuple[sa.schema.SchemaItem, ...]:
    """The keys that tie a table to its household: a move or a change of `draft` there is a change here."""
    return (
        sa.ForeignKeyConstraint(
            ["household_id", "village_id", "area", "draft"],
            [f"{SCHEMA}.household.{key}" for key in ("id", "village_id", "area", "draft")],
            onupdate="CASCADE",
            name=f"fk_{name}_household",
        ),
        in_region(),
        sa.Index(f"ix_{name}_household_id", "household_id", "area"),  # the wall asks the area of every row
        sa.Index(f"ix_{name}_area_id", "area", "id"),
        *more,
    )


def counted(name: str, *columns: str) -> sa.Index:
    """An index from which the rows that a list shows are counted, without their table."""
    shown: sa.ColumnElement[bool] = sa.literal_column("archived_at IS NULL")
    return sa.Index(f"ix_{name}_counted", "area", "draft", *columns, postgresql_where=shown)


def newest(name: str, column: str) -> sa.Index:
    """An index that has the rows in the order of a date, the unknown last where the newest come first."""
    known: sa.ColumnElement[str] = sa.literal_column(f"(CASE WHEN {column} IS NULL THEN '' ELSE {column} END)")
    return sa.Index(f"ix_{name}_{column}", known, "id", info={"newest": column})


def of_member(name: str, column: str, *more: sa.schema.SchemaItem) -> tuple[sa.schema.SchemaItem, ...]:
    """`column` names a member of the same household, which the database holds too."""
    return in_household(
        name,
        sa.ForeignKeyConstraint(
            [column, "household_id"],
            [f"{SCHEMA}.member.id", f"{SCHEMA}.member.household_id"],
            name=f"fk_{name}_{column}",
        ),
        sa.Index(f"ix_{name}_{column}", column, "area"),
        *more,
    )
