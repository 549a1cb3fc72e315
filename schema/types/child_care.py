"""The face of child care."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from auth.sensitivity import Sensitivity
from registry.codes import CaregiverRelation
from registry.models.child_care import ChildCare as ChildCareFacts
from registry.models.member import Member as MemberFacts
from registry.models.noun import to
from schema.declare.makers import ID, face, guarded, id_field, lazy, non_null, one
from schema.types.node import Node

if TYPE_CHECKING:
    from schema.types.member import Member

SPECIAL = Sensitivity.SPECIAL


@face(ChildCareFacts)
class ChildCare(Node):
    """Who looks after a child whose parent is away (pengasuhan); recorded with the guardian's consent."""

    id: ID = id_field(ChildCareFacts.id)
    child: Annotated[Member, lazy("schema.types.member")] = one(
        SPECIAL, "The child.", MemberFacts, to(ChildCareFacts.child_id)
    )
    caregiver: CaregiverRelation | None = guarded(ChildCareFacts.caregiver)
    caregiver_member: Annotated[Member, lazy("schema.types.member")] | None = one(
        SPECIAL,
        "The member who looks after the child, if in the same household.",
        MemberFacts,
        to(ChildCareFacts.caregiver_member_id),
    )
    needs: list[str] = non_null(ChildCareFacts.needs, SPECIAL)
    attends_parenting: bool | None = guarded(ChildCareFacts.attends_parenting)
