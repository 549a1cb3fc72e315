"""The command of cooperatives."""

from __future__ import annotations

from auth.ability import Ability
from registry.write.submission_context import SaveOutcome
from schema.commands import save
from schema.declare.commands import command
from schema.declare.input_types import InputDict
from schema.engine.context import Context
from schema.inputs.village_record import VillageRecordInput
from schema.types.cooperative import Cooperative
from schema.types.payload import payload, record

INPUT = VillageRecordInput(Cooperative, "A cooperative with its yearly figures.")
SaveCooperativePayload = payload(
    "SaveCooperativePayload",
    "Outcome of saving.",
    SaveOutcome,
    cooperative=record(Cooperative, "As stored now; null when refused."),
)


@command(
    Ability.PILLAR_RECORD,
    "Create or change a cooperative; send it again as often as you like.",
    INPUT.command_input,
    SaveCooperativePayload,
)
async def save_cooperative(context: Context, sent: InputDict) -> SaveOutcome:
    return await save(context, INPUT.submission(Ability.PILLAR_RECORD, sent))
