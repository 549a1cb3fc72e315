"""The programme's commands: save one, and enrol a village in it or end that."""

from __future__ import annotations

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.models.fact import RegionCode, fact_of
from registry.models.region import ENROLMENT, PROGRAMME
from registry.write import programme
from registry.write.act import ActOutcome
from registry.write.programme import Enrolment
from schema.declare.commands import command
from schema.declare.input_types import InputDict, InputField, described, input_type
from schema.declare.makers import ID
from schema.engine.context import Context
from schema.inputs.reading import id_of
from schema.types.payload import payload, record
from schema.types.region import Programme, Village

OPEN = Sensitivity.OPEN


# --- save -------------------------------------------------------------------------------------------------------------

SaveProgrammeInput = input_type(
    "SaveProgrammeInput",
    "Create a programme with all of its columns, or change those that are sent.",
    {
        "id": InputField(ID, OPEN, "UUID that you make for a new programme.", required=True),
        "code": InputField(str, OPEN, described(fact_of(PROGRAMME.c.code), "No other programme has it")),
        "name": InputField(str, OPEN, described(fact_of(PROGRAMME.c.name))),
        "agency": InputField(str, OPEN, described(fact_of(PROGRAMME.c.agency))),
    },
)
SaveProgrammePayload = payload(
    "SaveProgrammePayload",
    "Outcome of saving one programme.",
    ActOutcome,
    programme=record(Programme, "As stored now; null when refused.", OPEN),
)


@command(Ability.PROGRAMME_MANAGE, "Create or change a programme.", SaveProgrammeInput, SaveProgrammePayload)
async def save_programme(context: Context, sent: InputDict) -> ActOutcome:
    columns = {name: sent[name] for name in programme.COLUMNS if name in sent}
    quota = context.quotas.taken_ids
    return await programme.save_programme(context.database, context.principal, id_of(sent), columns, quota)


# --- enrol ------------------------------------------------------------------------------------------------------------

EnrolVillageInput = input_type(
    "EnrolVillageInput",
    "Enrol a village in a programme, or end its enrolment.",
    {
        "village_code": InputField(RegionCode, OPEN, "Code of the village, today's or an earlier one.", required=True),
        "programme": InputField(str, OPEN, "Code of the programme.", required=True),
        "year": InputField(
            int,
            OPEN,
            described(fact_of(ENROLMENT.c.year), "From which it takes part; the same to end that"),
            required=True,
        ),
        "decree": InputField(str, OPEN, described(fact_of(ENROLMENT.c.decree), "Decree; leave out to keep it")),
        "active": InputField(bool, OPEN, "False to end the enrolment.", True),
    },
)
EnrolVillagePayload = payload(
    "EnrolVillagePayload",
    "Outcome of enrolling one village.",
    ActOutcome,
    village=record(Village, "The village, with its enrolments as stored now; null when refused.", OPEN),
)


@command(
    Ability.PROGRAMME_MANAGE,
    "Enrol a village in a programme, or end its enrolment.",
    EnrolVillageInput,
    EnrolVillagePayload,
)
async def enrol_village(context: Context, sent: InputDict) -> ActOutcome:
    enrolment = Enrolment(
        sent["villageCode"], sent["programme"], sent["year"], sent.get("decree"), active=sent["active"]
    )
    return await programme.enrol_village(context.database, context.principal, enrolment, context.quotas.taken_ids)
