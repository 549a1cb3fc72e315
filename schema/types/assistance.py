"""The face of assistance."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import AssistanceType
from registry.models import workflow
from registry.models.assistance import Assistance as AssistanceFacts
from registry.models.assistance import UnderProgramme
from registry.models.noun import to
from registry.models.region import Programme as ProgrammeFacts
from registry.models.region import Region as RegionFacts
from schema.declare.listing import FilterKey, NamedCondition
from schema.declare.makers import ID, face, id_field, of_caller, one, shown, withheld_names
from schema.declare.unions import one_among, union
from schema.types.business import Business
from schema.types.business_group import BusinessGroup
from schema.types.household import Household
from schema.types.node import Money, Record, money
from schema.types.pillar import PROGRAMME_KEY, pillar_filter
from schema.types.region import Programme, Village

OPERATIONAL = Sensitivity.OPERATIONAL
AssistanceRecipient = Annotated[
    Business | BusinessGroup | Household | Village,
    union("AssistanceRecipient", "Who received assistance (penerima bantuan)."),
]


@face(AssistanceFacts)
class Assistance(Record):
    """Assistance to a business, a group, a household or a village (bantuan, pillar 2)."""

    id: ID = id_field(AssistanceFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can(Ability.PILLAR_RECORD))
    village: Village = one(OPERATIONAL, "The village.", RegionFacts, to(AssistanceFacts.village_id))
    type: AssistanceType = shown(AssistanceFacts.type)
    programme: Programme | None = one(
        OPERATIONAL, "The programme under which it was given.", ProgrammeFacts, to(AssistanceFacts.programme_id)
    )
    source: str = shown(AssistanceFacts.source)
    value: Money | None = money(
        OPERATIONAL, "What it is worth.", AssistanceFacts.value_amount, AssistanceFacts.value_currency
    )
    date: dt.date = shown(AssistanceFacts.date)
    recipient: AssistanceRecipient | None = one_among(
        OPERATIONAL,
        "Who received it; null if you no longer see them, because they left the village or the register.",
        to(AssistanceFacts.recipient_id),
        *(Business, BusinessGroup, Household, Village),
    )
    rev: int = shown(AssistanceFacts.rev)


AssistanceFilter = pillar_filter(
    AssistanceFacts,
    AssistanceFacts.date,
    programme=FilterKey(Sensitivity.OPEN, PROGRAMME_KEY, NamedCondition(list[str], UnderProgramme)),
)
