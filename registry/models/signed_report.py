"""Monthly report that a village has signed (laporan bulanan yang dikunci): its figures as they stood then.

Rule: nothing changes a signed report: the login has no UPDATE and no DELETE, and whoever signs is the caller.
Tests: tests/test_monthly_report.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from auth.role import Role
from auth.sensitivity import Sensitivity
from registry.models.fact import PartialDate, RegionCode, fact
from registry.models.noun import Noun, table_of
from registry.models.region import village_key
from registry.values.bounds import NAME

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


class SignedReport(Noun):
    """Laporan bulanan yang dikunci."""

    __tablename__ = "signed_report"
    named = False
    id: Mapped[uuid.UUID] = fact(
        OPERATIONAL, "Id", "Id", primary_key=True, server=True, server_default=sa.func.gen_random_uuid()
    )
    village_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Desa", "Village", server=True)
    area: Mapped[RegionCode] = fact(OPERATIONAL, "Kode desa", "Village code", server=True)
    month: Mapped[PartialDate] = fact(OPERATIONAL, "Bulan", "Month", server=True)
    code: Mapped[RegionCode] = fact(
        OPERATIONAL, "Kode desa saat itu", "Code that the village had when it signed", server=True
    )
    sha256: Mapped[str] = fact(OPERATIONAL, "Sidik jari", "SHA-256 of the signed content", server=True, longest=64)
    rows: Mapped[list[Any]] = fact(
        PERSONAL, "Baris", "What was signed, as rows: [indicator, key, value]", JSONB, server=True
    )
    signer_id: Mapped[uuid.UUID] = fact(PERSONAL, "Penanda tangan", "Who signed", server=True)
    signer_name: Mapped[str] = fact(PERSONAL, "Nama penanda tangan", "Name of the signer", server=True, longest=NAME)
    signer_role: Mapped[str] = fact(
        PERSONAL, "Peran penanda tangan", "Role of the signer", server=True, longest=40, closed=Role
    )
    signed_at: Mapped[dt.datetime] = fact(
        OPERATIONAL, "Dikunci", "Locked at", server=True, server_default=sa.func.now()
    )
    __table_args__ = (
        village_key(),
        sa.UniqueConstraint("village_id", "month"),
        sa.Index("ix_signed_report_area_id", "area", "id"),
    )


SIGNED_REPORT = table_of(SignedReport)
