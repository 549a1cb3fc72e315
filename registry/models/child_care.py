"""Child care (pengasuhan): who looks after a child whose parent works abroad, and what the child needs.

Rule: that a child has an arrangement is itself SPECIAL (UU 27/2022 Art. 4(2)); it is about a child under 18, needs the
guardian's consent, and no child has two (registry/rules/child_care.py).  Tests: tests/test_child_care.py.
"""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import CaregiverRelation
from registry.models.fact import fact
from registry.models.noun import Noun
from registry.models.scoped import HouseholdPart, of_member

SPECIAL = Sensitivity.SPECIAL


class ChildCare(HouseholdPart, Noun):
    """Pengasuhan of a child left behind."""

    __tablename__ = "child_care"
    row_sensitivity = SPECIAL
    walled_by = (SPECIAL,)
    child_id: Mapped[uuid.UUID] = fact(SPECIAL, "Anak", "Child")
    caregiver: Mapped[CaregiverRelation | None] = fact(
        SPECIAL, "Pengasuh", "Who looks after the child", CaregiverRelation
    )
    caregiver_member_id: Mapped[uuid.UUID | None] = fact(
        SPECIAL, "Anggota yang mengasuh", "The member who looks after the child, if in the household"
    )
    needs: Mapped[list[str]] = fact(
        SPECIAL, "Kebutuhan anak", "What the child needs", server_default="{}", longest=100, items=20
    )
    attends_parenting: Mapped[bool | None] = fact(
        SPECIAL, "Ikut pengasuhan bersama", "Comes to the sessions of community parenting"
    )
    __table_args__ = of_member("child_care", "child_id")
