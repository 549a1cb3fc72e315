"""The commands of verification: verify a batch of households, return one with remarks, or reject it for good."""

from __future__ import annotations

from dataclasses import dataclass

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import RejectReason
from registry.models.fact import fact_of
from registry.models.workflow import REMARK
from registry.values.bounds import LONGEST_LIST
from registry.write import returning, verification
from registry.write.one_step import REJECTING
from registry.write.step import Result
from schema.declare.commands import command
from schema.declare.directives import Exemption
from schema.declare.input_types import InputDict, InputField, described, input_type
from schema.engine.context import Context
from schema.errors import BadInput
from schema.inputs.household import INSIDE
from schema.inputs.step import AT_REVISION, NOTE, item_of
from schema.types.household import Household
from schema.types.payload import items, payload, record, value

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


# --- verify -----------------------------------------------------------------------------------------------------------

VerifyItemInput = input_type(
    "VerifyItemInput",
    "One household, at the revision that you looked at.",
    {
        **AT_REVISION,
        "accept_findings": InputField(
            bool, Exemption.PARAMETER, "Must be true where a finding that must be seen is open.", False
        ),
    },
)
VerifyHouseholdsInput = input_type(
    "VerifyHouseholdsInput",
    f"Verify 1 to {LONGEST_LIST} households; each is judged by itself.",
    {
        "items": InputField(list[VerifyItemInput], OPERATIONAL, "The households.", required=True),  # type: ignore[valid-type]  # a type made at import
        "note": NOTE,
    },
)


@dataclass(frozen=True)
class Batch:
    """What became of each household of a batch, in the order of its items."""

    results: list[Result]


VerifyResult = payload(
    "VerifyResult",
    "What became of one item.",
    Result,
    household_id=value("Id of the household that the item names, written as `id` is everywhere."),
    household=record(Household, "As it stands now."),
)
VerifyHouseholdsPayload = payload(
    "VerifyHouseholdsPayload",
    "One result for each item, in order.",
    Batch,
    results=items(VerifyResult, "One for each item, in order.", LONGEST_LIST),
)


@command(
    Ability.SUBMISSION_VERIFY,
    "Village or regency step, whichever is yours and next; never your own record.",
    VerifyHouseholdsInput,
    VerifyHouseholdsPayload,
)
async def verify_households(context: Context, sent: InputDict) -> Batch:
    if not 1 <= len(sent["items"]) <= LONGEST_LIST:
        raise BadInput(
            f"Kirim 1 sampai {LONGEST_LIST} rumah tangga sekaligus.",
            f"Send 1 to {LONGEST_LIST} households at a time.",
        )
    households = [item_of(item) for item in sent["items"]]
    return Batch(await verification.verify(context.database, context.principal, households, sent.get("note")))


# --- return -----------------------------------------------------------------------------------------------------------

RemarkInput = input_type(
    "RemarkInput",
    "One remark on one field.",
    {
        "path": InputField(
            list[str],
            OPERATIONAL,
            "A field as in HouseholdInput, of a child after its list and id: [members, <id>, nik]; or a whole record.",
            required=True,
        ),
        "text": InputField(
            str, PERSONAL, described(fact_of(REMARK.c.text), "What to correct"), required=True, lines=True
        ),
    },
)
ReturnHouseholdInput = input_type(
    "ReturnHouseholdInput",
    "Send a submission back with at least one remark.",
    {
        **AT_REVISION,
        "remarks": InputField(list[RemarkInput], PERSONAL, "At least one.", required=True),  # type: ignore[valid-type]  # a type made at import
    },
)
ReturnHouseholdPayload = payload(
    "ReturnHouseholdPayload", "Outcome of a return.", Result, household=record(Household, "As it stands now.")
)


@command(
    Ability.SUBMISSION_RETURN, "Send a submission back with remarks.", ReturnHouseholdInput, ReturnHouseholdPayload
)
async def return_household(context: Context, sent: InputDict) -> Result:
    item = item_of(sent)
    remarks = [returning.RemarkInput(remark["path"], remark["text"]) for remark in sent["remarks"]]
    return await returning.return_household(context.database, context.principal, item, remarks, INSIDE)


# --- reject -----------------------------------------------------------------------------------------------------------

RejectHouseholdInput = input_type(
    "RejectHouseholdInput",
    "Refuse a submission for good.",
    {
        **AT_REVISION,
        "reason": InputField(RejectReason, OPERATIONAL, "Why it is refused for good.", required=True),
        "note": NOTE,
    },
)
RejectHouseholdPayload = payload(
    "RejectHouseholdPayload", "Outcome of a rejection.", Result, household=record(Household, "As it stands now.")
)


@command(Ability.SUBMISSION_REJECT, "Refuse a submission for good.", RejectHouseholdInput, RejectHouseholdPayload)
async def reject_household(context: Context, sent: InputDict) -> Result:
    item, reason = item_of(sent), sent["reason"].value
    return await REJECTING.take(context.database, context.principal, item, sent.get("note"), reject_reason=reason)
