"""What was accepted of a record that has no workflow: its revisions, with who made each of them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.role import Role
from auth.sensitivity import Sensitivity
from registry.models.aggregate import LONGEST_TABLE
from registry.models.fact import WRITTEN_AT, fact
from registry.models.noun import Noun, table_of
from registry.models.scoped import Scoped, in_village
from registry.values.bounds import NAME

OPERATIONAL, PERSONAL, SYSTEM = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL, Sensitivity.SYSTEM


class RecordRevision(Scoped, Noun):
    """One accepted content of a village's record, whole; never changed afterwards."""

    __tablename__ = "record_revision"
    named = False
    walled_by = (Sensitivity.SPECIAL,)  # that of a case exists only where the case does
    record_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Catatan", "Record", server=True)
    noun: Mapped[str] = fact(OPERATIONAL, "Jenis data", "Table of the record", server=True, longest=LONGEST_TABLE)
    rev: Mapped[int] = fact(OPERATIONAL, "Revisi", "Revision", server=True)
    document: Mapped[dict[str, Any]] = fact(SYSTEM, "Dokumen", "The record as it was accepted", sa.JSON(), server=True)
    edit_hash: Mapped[str] = fact(
        SYSTEM,
        "Sidik suntingan",
        "Hash of the edit that was accepted; by it a retry is known",
        server=True,
        longest=100,
    )
    actor_id: Mapped[uuid.UUID] = fact(PERSONAL, "Pelaku", "Actor", server=True)
    actor_name: Mapped[str] = fact(PERSONAL, "Nama pelaku", "Name of the actor", server=True, longest=NAME)
    actor_role: Mapped[str] = fact(PERSONAL, "Peran pelaku", "Role of the actor", server=True, longest=40, closed=Role)
    at: Mapped[dt.datetime] = fact(OPERATIONAL, "Waktu", "At", server=True, server_default=WRITTEN_AT)
    __table_args__ = in_village("record_revision", sa.UniqueConstraint("record_id", "rev"))


RECORD_REVISION = table_of(RecordRevision)
