"""The command of business groups."""

from __future__ import annotations

from auth.ability import Ability
from registry.write.submission_context import SaveOutcome
from schema.commands import save
from schema.declare.commands import command
from schema.declare.input_types import InputDict
from schema.engine.context import Context
from schema.inputs.village_record import VillageRecordInput
from schema.types.business_group import BusinessGroup
from schema.types.payload import payload, record

INPUT = VillageRecordInput(BusinessGroup, "A business group.")
SaveBusinessGroupPayload = payload(
    "SaveBusinessGroupPayload",
    "Outcome of saving.",
    SaveOutcome,
    business_group=record(BusinessGroup, "As stored now; null when refused."),
)


@command(
    Ability.PILLAR_RECORD,
    "Create or change a business group; send it again as often as you like.",
    INPUT.command_input,
    SaveBusinessGroupPayload,
)
async def save_business_group(context: Context, sent: InputDict) -> SaveOutcome:
    return await save(context, INPUT.submission(Ability.PILLAR_RECORD, sent))
