"""Training (pelatihan, pillar 2): what was taught, by whom, to whom, and what became of it."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes.open_lists import SKILL, TRAINING_PROVIDER
from registry.models.entry import number_of
from registry.models.fact import fact
from registry.models.member import Member
from registry.models.noun import Noun
from registry.models.scoped import RecordEntry, VillageRecord, with_entries
from registry.values.bounds import NAME, NOTE

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


class Training(VillageRecord, Noun):
    """Pelatihan."""

    __tablename__ = "training"
    title: Mapped[str] = fact(OPERATIONAL, "Judul", "Title", longest=NAME)
    skill: Mapped[str] = fact(OPERATIONAL, "Keterampilan", "What is taught", listed=SKILL)
    provider: Mapped[str | None] = fact(OPERATIONAL, "Penyelenggara", "Who gives it", listed=TRAINING_PROVIDER)
    starts_on: Mapped[dt.date] = fact(OPERATIONAL, "Mulai", "First day")
    ends_on: Mapped[dt.date | None] = fact(OPERATIONAL, "Selesai", "Last day")
    hours: Mapped[int | None] = fact(OPERATIONAL, "Jam pelajaran", "Hours of teaching", within=(1, 5_000))
    __table_args__ = with_entries("training", sa.Index("ix_training_starts_on", "starts_on", "id"))


class TrainingParticipant(RecordEntry, Noun):
    """Peserta pelatihan."""

    __tablename__ = "training_participant"
    record, key, list_name = Training, "member_id", "participants"
    member_id: Mapped[uuid.UUID] = fact(PERSONAL, "Peserta", "Participant", names=Member)
    completed: Mapped[bool] = fact(PERSONAL, "Tamat", "Whether they completed it")
    certified: Mapped[bool] = fact(PERSONAL, "Bersertifikat", "Whether they have a certificate")
    outcome_after_6_months: Mapped[str | None] = fact(
        PERSONAL, "Hasil setelah enam bulan", "What became of it after six months", longest=NOTE, lines=True
    )


participant_count = number_of(TrainingParticipant, "Jumlah peserta", "Number of participants")
