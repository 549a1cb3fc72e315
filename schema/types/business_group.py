"""The face of the business group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.models import business_group, workflow
from registry.models.business_group import BusinessGroup as BusinessGroupFacts
from registry.models.business_group import BusinessGroupMember
from registry.models.fact import PartialDate
from registry.models.noun import to
from registry.models.region import Region as RegionFacts
from schema.declare.makers import ID, face, id_field, lazy, of_caller, one, shown, withheld_names
from schema.types.member import Member
from schema.types.node import Record
from schema.types.pillar import assistance_received, members_named, pillar_filter
from schema.types.region import Village

if TYPE_CHECKING:
    from schema.types.assistance import Assistance

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


@face(BusinessGroupFacts)
class BusinessGroup(Record):
    """A business group of a village (kelompok usaha, pillar 2)."""

    id: ID = id_field(BusinessGroupFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can(Ability.PILLAR_RECORD))
    village: Village = one(OPERATIONAL, "The village.", RegionFacts, to(BusinessGroupFacts.village_id))
    name: str = shown(BusinessGroupFacts.name)
    kind: str | None = shown(BusinessGroupFacts.kind)
    formed_on: PartialDate | None = shown(BusinessGroupFacts.formed_on)
    member_count: int = shown(business_group.member_count)
    members: list[Member] | None = members_named(PERSONAL, "Members whom you see", BusinessGroupMember)
    assistance: list[Annotated[Assistance, lazy("schema.types.assistance")]] = assistance_received()
    rev: int = shown(BusinessGroupFacts.rev)


BusinessGroupFilter = pillar_filter(BusinessGroupFacts, BusinessGroupFacts.formed_on)
