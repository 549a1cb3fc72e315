"""The command of assistance."""

from __future__ import annotations

from auth.ability import Ability
from registry.write.submission_context import SaveOutcome
from schema.commands import save
from schema.declare.commands import command
from schema.declare.input_types import InputDict
from schema.engine.context import Context
from schema.inputs.village_record import VillageRecordInput
from schema.types.assistance import Assistance
from schema.types.payload import payload, record

INPUT = VillageRecordInput(Assistance, "Assistance to a business, group, household or village, named by its id.")
SaveAssistancePayload = payload(
    "SaveAssistancePayload",
    "Outcome of saving.",
    SaveOutcome,
    assistance=record(Assistance, "As stored now; null when refused."),
)


@command(
    Ability.PILLAR_RECORD,
    "Create or change assistance; send it again as often as you like.",
    INPUT.command_input,
    SaveAssistancePayload,
)
async def save_assistance(context: Context, sent: InputDict) -> SaveOutcome:
    return await save(context, INPUT.submission(Ability.PILLAR_RECORD, sent))
