"""The command of cases."""

from __future__ import annotations

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.write.submission_context import SaveOutcome
from schema.commands import save
from schema.declare.commands import command
from schema.declare.input_types import InputDict
from schema.engine.context import Context
from schema.inputs.village_record import VillageRecordInput
from schema.types.case import Case
from schema.types.payload import payload, record

INPUT = VillageRecordInput(Case, "A case of a household.")
SaveCasePayload = payload(
    "SaveCasePayload",
    "Outcome of saving.",
    SaveOutcome,
    case=record(Case, "As stored now; null when refused.", Sensitivity.SPECIAL),
)


@command(
    Ability.CASE_RECORD,
    "Create or change a case; send it again as often as you like.  Whoever did not record it leaves `type`, `notes` and"
    " `outcome` out, and they stay.",
    INPUT.command_input,
    SaveCasePayload,
)
async def save_case(context: Context, sent: InputDict) -> SaveOutcome:
    return await save(context, INPUT.submission(Ability.CASE_RECORD, sent))
