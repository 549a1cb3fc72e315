"""Service visit (kunjungan pusat layanan migrasi, pillar 1): who came to the village's service centre, and what for."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import ServiceType, Sex
from registry.codes.open_lists import AGE_BAND
from registry.models.fact import fact
from registry.models.member import Member
from registry.models.noun import Noun
from registry.models.scoped import VillageRecord, in_village
from registry.values.bounds import NOTE

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


class ServiceVisit(VillageRecord, Noun):
    """Kunjungan pusat layanan migrasi."""

    __tablename__ = "service_visit"
    date: Mapped[dt.date] = fact(OPERATIONAL, "Tanggal", "Day of the visit")
    type: Mapped[ServiceType] = fact(OPERATIONAL, "Jenis layanan", "What they came for", ServiceType)
    visitor_id: Mapped[uuid.UUID | None] = fact(PERSONAL, "Pengunjung", "Visitor, if registered", names=Member)
    visitor_sex: Mapped[Sex | None] = fact(PERSONAL, "Jenis kelamin", "Sex of an anonymous visitor", Sex)
    visitor_age_band: Mapped[str | None] = fact(
        PERSONAL, "Kelompok umur", "Age of an anonymous visitor", listed=AGE_BAND
    )
    result: Mapped[str | None] = fact(PERSONAL, "Hasil", "What came of it", longest=NOTE, lines=True)
    __table_args__ = in_village("service_visit", sa.Index("ix_service_visit_date", "date", "id"))
