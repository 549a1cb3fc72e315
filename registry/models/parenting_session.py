"""Parenting session (pertemuan pengasuhan bersama, pillar 3): what it was about, and how many came."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.models.fact import fact
from registry.models.member import Member
from registry.models.noun import Noun
from registry.models.scoped import RecordEntry, VillageRecord, with_entries
from registry.values.bounds import NAME

OPERATIONAL, PERSONAL, SPECIAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL, Sensitivity.SPECIAL
PEOPLE = (0, 1_000)
"""Children or caregivers at one session."""


class ParentingSession(VillageRecord, Noun):
    """Pertemuan pengasuhan bersama."""

    __tablename__ = "parenting_session"
    date: Mapped[dt.date] = fact(OPERATIONAL, "Tanggal", "Day of the session")
    group_name: Mapped[str | None] = fact(OPERATIONAL, "Kelompok", "Group of parents", longest=NAME)
    topic: Mapped[str] = fact(OPERATIONAL, "Topik", "Topic", longest=NAME)
    facilitator: Mapped[str | None] = fact(PERSONAL, "Fasilitator", "Who led it", longest=NAME)
    children: Mapped[int] = fact(OPERATIONAL, "Jumlah anak", "Number of children", within=PEOPLE)
    caregivers: Mapped[int] = fact(OPERATIONAL, "Jumlah pengasuh", "Number of caregivers", within=PEOPLE)
    __table_args__ = with_entries("parenting_session", sa.Index("ix_parenting_session_date", "date", "id"))


class ParentingSessionAttendee(RecordEntry, Noun):
    """Peserta pertemuan: children left behind and their carers, so the class is SPECIAL (UU 27/2022 Art. 4(2))."""

    __tablename__ = "parenting_session_attendee"
    record, key, list_name = ParentingSession, "member_id", "attendeeIds"
    member_id: Mapped[uuid.UUID] = fact(SPECIAL, "Peserta", "Who came", names=Member)
