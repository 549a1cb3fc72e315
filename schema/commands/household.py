"""The household's commands: submit, withdraw, archive and amend."""

from __future__ import annotations

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import ArchiveReason, SaveAs
from registry.models.fact import fact_of
from registry.models.workflow import EVENT, Intent
from registry.write.archiving import ARCHIVING
from registry.write.household import HouseholdSubmission
from registry.write.one_step import WITHDRAWING
from registry.write.step import Result
from registry.write.submission_context import SaveOutcome
from schema.commands import save
from schema.declare.commands import command
from schema.declare.directives import Exemption
from schema.declare.input_types import InputDict, InputField, described, input_type
from schema.engine.context import Context
from schema.inputs.household import HouseholdInput, edit_of
from schema.inputs.step import AT_REVISION, NOTE, item_of
from schema.types.household import Household
from schema.types.payload import payload, record

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL
STORED = record(Household, "As stored now; null when refused and nothing is stored.")


# --- submit -----------------------------------------------------------------------------------------------------------

SubmitHouseholdInput = input_type(
    "SubmitHouseholdInput",
    "Save a new, drafted or returned household.",
    {
        "household": InputField(HouseholdInput, OPERATIONAL, "The household.", required=True),
        "base_rev": InputField(
            int, OPERATIONAL, "The `rev` that the edit started from; leave out for a new household."
        ),
        "save_as": InputField(SaveAs, Exemption.PARAMETER, "Whether the work is finished.", SaveAs.SUBMITTED),
    },
)
SubmitHouseholdPayload = payload(
    "SubmitHouseholdPayload", "Outcome of saving one household.", SaveOutcome, household=STORED
)


@command(
    Ability.HOUSEHOLD_SUBMIT,
    "Save a new, drafted or returned household; send it again as often as you like.",
    SubmitHouseholdInput,
    SubmitHouseholdPayload,
)
async def submit_household(context: Context, sent: InputDict) -> SaveOutcome:
    edit, village = edit_of(sent["household"])
    intent = Intent.DRAFT if sent["saveAs"] is SaveAs.DRAFT else Intent.SUBMIT
    return await save(context, HouseholdSubmission(edit, village, sent.get("baseRev"), intent))


# --- withdraw ---------------------------------------------------------------------------------------------------------

WithdrawHouseholdInput = input_type(
    "WithdrawHouseholdInput",
    "Take a submission back before anybody has verified it; it becomes a draft.",
    AT_REVISION,
)
WithdrawHouseholdPayload = payload(
    "WithdrawHouseholdPayload", "Outcome of a withdrawal.", Result, household=record(Household, "As it stands now.")
)


@command(
    Ability.HOUSEHOLD_WITHDRAW,
    "Take a submission back before anybody has verified it.",
    WithdrawHouseholdInput,
    WithdrawHouseholdPayload,
)
async def withdraw_household(context: Context, sent: InputDict) -> Result:
    return await WITHDRAWING.take(context.database, context.principal, item_of(sent))


# --- archive ----------------------------------------------------------------------------------------------------------

ArchiveHouseholdInput = input_type(
    "ArchiveHouseholdInput",
    "Take a household out of the register; nothing is deleted but the numbers of those who withdraw their consent.",
    {
        **AT_REVISION,
        "reason": InputField(ArchiveReason, OPERATIONAL, "Why it leaves the register.", required=True),
        "note": NOTE,
    },
)
ArchiveHouseholdPayload = payload(
    "ArchiveHouseholdPayload",
    "Outcome of an archiving.",
    Result,
    household=record(Household, "Null once it is archived: nobody finds a household that has left the register."),
)


@command(
    Ability.HOUSEHOLD_ARCHIVE,
    "Take a household out of the register, with a reason.",
    ArchiveHouseholdInput,
    ArchiveHouseholdPayload,
)
async def archive_household(context: Context, sent: InputDict) -> Result:
    item, reason = item_of(sent), sent["reason"].value
    return await ARCHIVING.take(context.database, context.principal, item, sent.get("note"), archive_reason=reason)


# --- amend ------------------------------------------------------------------------------------------------------------

AmendHouseholdInput = input_type(
    "AmendHouseholdInput",
    "Change a household that was verified or is under verification;"
    " opens a new revision, the verified one stays in the figures.",
    {
        "household": InputField(HouseholdInput, OPERATIONAL, "The household: its id, and what changes.", required=True),
        "base_rev": InputField(int, OPERATIONAL, "The `rev` that the edit started from.", required=True),
        "reason": InputField(
            str, PERSONAL, described(fact_of(EVENT.c.reason), "Why it changes"), required=True, lines=True
        ),
    },
)
AmendHouseholdPayload = payload("AmendHouseholdPayload", "Outcome of an amendment.", SaveOutcome, household=STORED)


@command(
    Ability.HOUSEHOLD_AMEND,
    "Change a household that was verified or is under verification, with a reason.",
    AmendHouseholdInput,
    AmendHouseholdPayload,
)
async def amend_household(context: Context, sent: InputDict) -> SaveOutcome:
    edit, village = edit_of(sent["household"])
    return await save(context, HouseholdSubmission(edit, village, sent["baseRev"], Intent.AMEND, sent["reason"]))
