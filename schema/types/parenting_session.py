"""The face of the parenting session."""

from __future__ import annotations

import datetime as dt

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.models import workflow
from registry.models.noun import to
from registry.models.parenting_session import ParentingSession as ParentingSessionFacts
from registry.models.parenting_session import ParentingSessionAttendee
from registry.models.region import Region as RegionFacts
from schema.declare.makers import ID, face, guarded, id_field, of_caller, one, shown, withheld_names
from schema.types.member import Member
from schema.types.node import Record
from schema.types.pillar import members_named, pillar_filter
from schema.types.region import Village

OPERATIONAL, SPECIAL = Sensitivity.OPERATIONAL, Sensitivity.SPECIAL


@face(ParentingSessionFacts)
class ParentingSession(Record):
    """A parenting session in a village (pertemuan pengasuhan bersama, pillar 3)."""

    id: ID = id_field(ParentingSessionFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can(Ability.PILLAR_RECORD))
    village: Village = one(OPERATIONAL, "The village.", RegionFacts, to(ParentingSessionFacts.village_id))
    date: dt.date = shown(ParentingSessionFacts.date)
    group: str | None = shown(ParentingSessionFacts.group_name)
    topic: str = shown(ParentingSessionFacts.topic)
    facilitator: str | None = guarded(ParentingSessionFacts.facilitator)
    children: int = shown(ParentingSessionFacts.children)
    caregivers: int = shown(ParentingSessionFacts.caregivers)
    attendees: list[Member] | None = members_named(
        SPECIAL, "Children and caregivers who came and whom you see", ParentingSessionAttendee
    )
    rev: int = shown(ParentingSessionFacts.rev)


ParentingSessionFilter = pillar_filter(ParentingSessionFacts, ParentingSessionFacts.date)
