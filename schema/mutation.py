"""The commands: each one `input`, one payload with the changed record and `userErrors`; all can be sent twice.

Rule: a command runs only by its ability, and only its function in `registry/` decides.
Tests: tests/test_submission.py, tests/test_workflow.py, tests/test_audit.py.
"""

from __future__ import annotations

import uuid

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import AccessPurpose, IdentityField, SaveAs, WriteOutcome
from registry.models.audit import AUDIT
from registry.models.fact import fact_of
from registry.models.workflow import EVENT, REMARK, Act
from registry.write import reveal, submission, verification
from registry.write.submission_context import Submission
from registry.write.user_errors import Problem
from schema.declare.directives import Exemption
from schema.declare.input_types import InputDict, InputField, described, input_type
from schema.declare.makers import ID, Private, command, face, opened_value, payload_field, payload_record
from schema.engine.context import Context
from schema.errors import BadInput
from schema.inputs import INSIDE, HouseholdInput, edit_of, uuid_text
from schema.limits import Limit
from schema.types.household import Household
from schema.types.node import ErrorParam, UserError

OPERATIONAL, PERSONAL, IDENTITY = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL, Sensitivity.IDENTITY
PARAMETER = Exemption.PARAMETER
MEND = "What the caller must mend; empty when all went well."


def _id_of(sent: InputDict) -> uuid.UUID:
    """The `id` of an input.  Raises BadInput."""
    return uuid.UUID(uuid_text(sent["id"]))


def errors(context: Context, problems: tuple[Problem, ...]) -> list[UserError]:
    """Problems in the language of the request."""
    return [
        UserError(
            code=p.code,
            severity=p.severity,
            path=list(p.path),
            message=p.message("en" if context.language == "en" else "id"),
            params=[ErrorParam(name=name, value=value) for name, value in p.params.items()],
        )
        for p in problems
    ]


# --- submit -----------------------------------------------------------------------------------------------------------

SubmitHouseholdInput = input_type(
    "SubmitHouseholdInput",
    "Save a new, drafted or returned household.",
    {
        "household": InputField(HouseholdInput, OPERATIONAL, "The household.", required=True),
        "base_rev": InputField(
            int, OPERATIONAL, "The `rev` that the edit started from; leave out for a new household."
        ),
        "save_as": InputField(SaveAs, PARAMETER, "Whether the work is finished.", SaveAs.SUBMITTED),
    },
)


@face()
class SubmitHouseholdPayload:
    """Outcome of saving one household."""

    outcome: WriteOutcome = payload_field("What became of it.")
    record: Private[uuid.UUID | None] = None
    household: Household | None = payload_record("As stored now; null when refused and nothing is stored.")
    user_errors: list[UserError] = payload_field(MEND)


async def submit_household(context: Context, sent: InputDict) -> SubmitHouseholdPayload:
    edit, village = edit_of(sent["household"])
    act = Act.DRAFT if sent["saveAs"] is SaveAs.DRAFT else Act.SUBMIT
    work = Submission(edit, village, sent.get("baseRev"), act)
    done = await submission.submit(context.database, context.vault, context.principal, work, context.quotas.taken_ids)
    return SubmitHouseholdPayload(outcome=done.outcome, record=done.record, user_errors=errors(context, done.problems))


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


@face()
class AmendHouseholdPayload:
    """Outcome of an amendment."""

    outcome: WriteOutcome = payload_field("What became of it.")
    record: Private[uuid.UUID | None] = None
    household: Household | None = payload_record("As stored now; null when refused and nothing is stored.")
    user_errors: list[UserError] = payload_field(MEND)


async def amend_household(context: Context, sent: InputDict) -> AmendHouseholdPayload:
    edit, village = edit_of(sent["household"])
    work = Submission(edit, village, sent["baseRev"], Act.AMEND, sent["reason"])
    done = await submission.submit(context.database, context.vault, context.principal, work, context.quotas.taken_ids)
    return AmendHouseholdPayload(outcome=done.outcome, record=done.record, user_errors=errors(context, done.problems))


# --- verify, return ---------------------------------------------------------------------------------------------------

VerifyItemInput = input_type(
    "VerifyItemInput",
    "One household, at the revision that you looked at.",
    {
        "id": InputField(ID, OPERATIONAL, "The household.", required=True),
        "rev": InputField(int, OPERATIONAL, "The revision that you looked at.", required=True),
        "accept_findings": InputField(
            bool, PARAMETER, "Must be true where a finding that must be seen is open.", False
        ),
    },
)
VerifyHouseholdsInput = input_type(
    "VerifyHouseholdsInput",
    "Verify 1 to 50 households; each is judged by itself.",
    {
        "items": InputField(list[VerifyItemInput], OPERATIONAL, "The households.", required=True),  # type: ignore[valid-type]  # a type made at import
        "note": InputField(
            str, PARAMETER, described(fact_of(EVENT.c.reason), "Note for the record of the step"), lines=True
        ),
    },
)


@face()
class VerifyResult:
    """What became of one item."""

    household_id: ID = payload_field("Id of the household that the item names, written as `id` is everywhere.")
    record: Private[uuid.UUID | None] = None
    household: Household | None = payload_record("As it stands now.")
    user_errors: list[UserError] = payload_field(MEND)


@face()
class VerifyHouseholdsPayload:
    """One result for each item, in order."""

    results: list[VerifyResult] = payload_field("One for each item, in order.", most=verification.MOST)


async def verify_households(context: Context, sent: InputDict) -> VerifyHouseholdsPayload:
    if not 1 <= len(sent["items"]) <= verification.MOST:
        raise BadInput(
            f"Kirim 1 sampai {verification.MOST} rumah tangga sekaligus.",
            f"Send 1 to {verification.MOST} households at a time.",
        )
    items = [verification.Item(_id_of(item), item["rev"], item["acceptFindings"]) for item in sent["items"]]
    results = await verification.verify(context.database, context.principal, items, sent.get("note"))
    made = [
        VerifyResult(household_id=ID(str(r.id)), record=r.record, user_errors=errors(context, r.problems))
        for r in results
    ]
    return VerifyHouseholdsPayload(results=made)


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
            str, PERSONAL, described(fact_of(REMARK.c.text), "What is to be mended"), required=True, lines=True
        ),
    },
)
ReturnHouseholdInput = input_type(
    "ReturnHouseholdInput",
    "Send a submission back with at least one remark.",
    {
        "id": InputField(ID, OPERATIONAL, "The household.", required=True),
        "rev": InputField(int, OPERATIONAL, "The revision that you looked at.", required=True),
        "remarks": InputField(list[RemarkInput], PERSONAL, "At least one.", required=True),  # type: ignore[valid-type]  # a type made at import
    },
)


@face()
class ReturnHouseholdPayload:
    """Outcome of a return."""

    record: Private[uuid.UUID | None] = None
    household: Household | None = payload_record("As it stands now.")
    user_errors: list[UserError] = payload_field(MEND)


async def return_household(context: Context, sent: InputDict) -> ReturnHouseholdPayload:
    item = verification.Item(_id_of(sent), sent["rev"])
    remarks = [verification.RemarkInput(remark["path"], remark["text"]) for remark in sent["remarks"]]
    done = await verification.return_household(context.database, context.principal, item, remarks, INSIDE)
    return ReturnHouseholdPayload(record=done.record, user_errors=errors(context, done.problems))


# --- reveal -----------------------------------------------------------------------------------------------------------

NOTE_NEEDED = ", ".join(sorted(purpose.value for purpose in reveal.NOTED))
RevealIdentityInput = input_type(
    "RevealIdentityInput",
    "Show one value of the vault in full: one a request, so many in an hour; every call is audited.",
    {
        "id": InputField(ID, OPERATIONAL, "Of the household, member or episode.", required=True),
        "field": InputField(IdentityField, PARAMETER, "Which number.", required=True),
        "purpose": InputField(AccessPurpose, PARAMETER, "Why it is needed.", required=True),
        "note": InputField(
            str,
            PARAMETER,
            described(
                fact_of(AUDIT.c.note),
                f"Note for the audit; {NOTE_NEEDED} need one that names the case, the request or the order",
            ),
            lines=True,
        ),
    },
)


@face()
class RevealIdentityPayload:
    """The value, once."""

    value: str | None = opened_value(IDENTITY, "The number; null where the record has none.")
    user_errors: list[UserError] = payload_field(MEND)


async def reveal_identity(context: Context, sent: InputDict) -> RevealIdentityPayload:
    request = reveal.Request(_id_of(sent), sent["field"], sent["purpose"], sent.get("note"))
    quota = context.quotas.reveals
    value, problems = await reveal.reveal(context.database, context.vault, context.principal, request, quota)
    return RevealIdentityPayload(value=value, user_errors=errors(context, problems))


@face()
class Mutation:
    """Writes: one `input`, one payload with the changed record and `userErrors`; all can be sent twice."""

    submit_household = command(
        Ability.HOUSEHOLD_SUBMIT,
        "Save a new, drafted or returned household; send it again as often as you like.",
        SubmitHouseholdInput,
        submit_household,
    )
    amend_household = command(
        Ability.HOUSEHOLD_AMEND,
        "Change a household that was verified or is under verification, with a reason.",
        AmendHouseholdInput,
        amend_household,
    )
    verify_households = command(
        Ability.SUBMISSION_VERIFY,
        "Village or regency step, whichever is yours and next; never your own record.",
        VerifyHouseholdsInput,
        verify_households,
    )
    return_household = command(
        Ability.SUBMISSION_RETURN, "Send a submission back with remarks.", ReturnHouseholdInput, return_household
    )
    reveal_identity = command(
        Ability.IDENTITY_REVEAL,
        "Show one number in full; audited.",
        RevealIdentityInput,
        reveal_identity,
        most=Limit.REVEALS,
    )
