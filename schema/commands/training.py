"""The command of trainings."""

from __future__ import annotations

from auth.ability import Ability
from registry.write.submission_context import SaveOutcome
from schema.commands import save
from schema.declare.commands import command
from schema.declare.input_types import InputDict
from schema.engine.context import Context
from schema.inputs.village_record import VillageRecordInput
from schema.types.payload import payload, record
from schema.types.training import Training

INPUT = VillageRecordInput(Training, "A training with its participants.")
SaveTrainingPayload = payload(
    "SaveTrainingPayload",
    "Outcome of saving.",
    SaveOutcome,
    training=record(Training, "As stored now; null when refused."),
)


@command(
    Ability.PILLAR_RECORD,
    "Create or change a training; send it again as often as you like.",
    INPUT.command_input,
    SaveTrainingPayload,
)
async def save_training(context: Context, sent: InputDict) -> SaveOutcome:
    return await save(context, INPUT.submission(Ability.PILLAR_RECORD, sent))
