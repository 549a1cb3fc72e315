"""The command of parenting sessions."""

from __future__ import annotations

from auth.ability import Ability
from registry.write.submission_context import SaveOutcome
from schema.commands import save
from schema.declare.commands import command
from schema.declare.input_types import InputDict
from schema.engine.context import Context
from schema.inputs.village_record import VillageRecordInput
from schema.types.parenting_session import ParentingSession
from schema.types.payload import payload, record

INPUT = VillageRecordInput(ParentingSession, "A parenting session.")
SaveParentingSessionPayload = payload(
    "SaveParentingSessionPayload",
    "Outcome of saving.",
    SaveOutcome,
    parenting_session=record(ParentingSession, "As stored now; null when refused."),
)


@command(
    Ability.PILLAR_RECORD,
    "Create or change a parenting session; send it again as often as you like.",
    INPUT.command_input,
    SaveParentingSessionPayload,
)
async def save_parenting_session(context: Context, sent: InputDict) -> SaveOutcome:
    return await save(context, INPUT.submission(Ability.PILLAR_RECORD, sent))
