"""The command of the vault: reveal one number in full."""

from __future__ import annotations

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import AccessPurpose, IdentityField
from registry.models.audit import AUDIT
from registry.models.fact import fact_of
from registry.write import reveal
from registry.write.reveal import Revealed
from schema.declare.commands import command
from schema.declare.directives import Exemption
from schema.declare.input_types import InputDict, InputField, described, input_type
from schema.declare.makers import ID
from schema.engine.context import Context
from schema.inputs.reading import id_of
from schema.limits import Limit
from schema.types.payload import opened, payload

PARAMETER = Exemption.PARAMETER
NOTE_NEEDED = ", ".join(sorted(purpose.value for purpose in reveal.NOTED))

RevealIdentityInput = input_type(
    "RevealIdentityInput",
    "Show one value of the vault in full: one a request, so many in an hour; every call is audited.",
    {
        "id": InputField(ID, Sensitivity.OPERATIONAL, "Of the household, member or episode.", required=True),
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
RevealIdentityPayload = payload(
    "RevealIdentityPayload",
    "The value, once.",
    Revealed,
    value=opened(Sensitivity.IDENTITY, "The number; null where the record has none."),
)


@command(
    Ability.IDENTITY_REVEAL,
    "Show one number in full; audited.",
    RevealIdentityInput,
    RevealIdentityPayload,
    most=Limit.REVEALS,
)
async def reveal_identity(context: Context, sent: InputDict) -> Revealed:
    request = reveal.Request(id_of(sent), sent["field"], sent["purpose"], sent.get("note"))
    per_hour = context.quotas.reveals
    return await reveal.reveal(context.database, context.vault, context.principal, request, per_hour)
