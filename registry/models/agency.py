"""Agencies (P3MI): companies that are licensed to place migrant workers (UU 18/2017), as an operator loads them.

Rule: an agency is never removed, because episodes name it; one whose licence has ended is inactive.
Test: tests/test_agencies.py.
"""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.models.fact import fact
from registry.models.noun import Noun, table_of
from registry.models.search import sounds_of

OPEN = Sensitivity.OPEN


class Agency(Noun):
    """Perusahaan penempatan pekerja migran Indonesia (P3MI)."""

    __tablename__ = "agency"
    row_sensitivity = OPEN
    searched = OPEN
    id: Mapped[uuid.UUID] = fact(OPEN, "Id", "Id", primary_key=True)
    name: Mapped[str] = fact(OPEN, "Nama", "Name", longest=150)
    sounds: Mapped[list[str] | None] = sounds_of("name", OPEN)
    licence_no: Mapped[str | None] = fact(OPEN, "Nomor SIP3MI", "Licence number (SIP3MI)", unique=True, longest=60)
    city: Mapped[str | None] = fact(OPEN, "Kota", "City", longest=100)
    active: Mapped[bool] = fact(OPEN, "Berizin", "Whether its licence is in force")


AGENCY = table_of(Agency)
