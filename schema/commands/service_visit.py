"""The command of service visits."""

from __future__ import annotations

from auth.ability import Ability
from registry.write.submission_context import SaveOutcome
from schema.commands import save
from schema.declare.commands import command
from schema.declare.input_types import InputDict
from schema.engine.context import Context
from schema.inputs.village_record import VillageRecordInput
from schema.types.payload import payload, record
from schema.types.service_visit import ServiceVisit

INPUT = VillageRecordInput(ServiceVisit, "A visit to the service centre.")
SaveServiceVisitPayload = payload(
    "SaveServiceVisitPayload",
    "Outcome of saving.",
    SaveOutcome,
    service_visit=record(ServiceVisit, "As stored now; null when refused."),
)


@command(
    Ability.PILLAR_RECORD,
    "Create or change a service visit; send it again as often as you like.",
    INPUT.command_input,
    SaveServiceVisitPayload,
)
async def save_service_visit(context: Context, sent: InputDict) -> SaveOutcome:
    return await save(context, INPUT.submission(Ability.PILLAR_RECORD, sent))
