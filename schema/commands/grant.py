"""The commands on grants: give a role, approve it, end it."""

from __future__ import annotations

import datetime as dt
import uuid

from auth.ability import Ability
from auth.role import Role
from auth.sensitivity import Sensitivity
from registry.models.account import GRANTS
from registry.models.fact import RegionCode, fact_of
from registry.write import grants
from registry.write.act import ActOutcome
from registry.write.grants import NewGrant
from schema.declare.commands import command
from schema.declare.directives import Exemption
from schema.declare.input_types import InputDict, InputField, described, input_type
from schema.declare.makers import ID
from schema.engine.context import Context
from schema.errors import BadInput
from schema.inputs.reading import id_of, uuid_text
from schema.types.account import Grant
from schema.types.payload import payload, record

SYSTEM, STRUCTURE = Sensitivity.SYSTEM, Exemption.STRUCTURE
AS_STORED = record(Grant, "As stored now; null if refused and nothing is stored.", SYSTEM)
GRANT_ID = InputField(ID, SYSTEM, "The grant.", required=True)

AreaInput = input_type(
    "AreaInput",
    "Exactly one: a region with all that is under it, or the whole country.",
    {
        "region_code": InputField(RegionCode, STRUCTURE, "Code of the region, of any year."),
        "national": InputField(bool, STRUCTURE, "The whole country; only `true`."),
    },
    one_of=True,
)


def region_of(area: InputDict) -> str | None:
    """The region code that an area names; None for the whole country.  Raises BadInput."""
    if area.get("national") is False:
        raise BadInput(
            "`national` hanya boleh true; kirim `regionCode` untuk satu wilayah.",
            "`national` is only ever true; send `regionCode` for a region.",
        )
    code: str | None = area.get("regionCode")
    return code


# --- give -------------------------------------------------------------------------------------------------------------

GrantRoleInput = input_type(
    "GrantRoleInput",
    "Give a role in an area for a time.",
    {
        "id": InputField(ID, SYSTEM, "UUID made by the client; the key of every retry.", required=True),
        "user_id": InputField(ID, SYSTEM, "Who receives it: never yourself.", required=True),
        "role": InputField(Role, SYSTEM, "One that your own role may give.", required=True),
        "area": InputField(AreaInput, SYSTEM, "Where: inside your own area.", required=True),
        "valid_from": InputField(
            dt.date, SYSTEM, described(fact_of(GRANTS.c.valid_from), "First day; today if it is left out")
        ),
        "valid_to": InputField(
            dt.date, SYSTEM, described(fact_of(GRANTS.c.valid_to), "Last day; none if it is left out")
        ),
    },
)
GrantRolePayload = payload("GrantRolePayload", "Outcome of giving a role.", ActOutcome, grant=AS_STORED)


@command(
    Ability.GRANT_GIVE,
    "Give a role; it works at once, unless it is `pending`: beyond a regency a second person approves it."
    "  Before you reassign an area, look at `impact` of the grant that you will end.",
    GrantRoleInput,
    GrantRolePayload,
)
async def grant_role(context: Context, sent: InputDict) -> ActOutcome:
    user = uuid.UUID(uuid_text(sent["userId"]))
    new = NewGrant(id_of(sent), user, sent["role"], region_of(sent["area"]), sent.get("validFrom"), sent.get("validTo"))
    return await grants.grant_role(context.database, context.principal, new, context.quotas.taken_ids)


# --- approve ----------------------------------------------------------------------------------------------------------

ApproveGrantInput = input_type("ApproveGrantInput", "Second signature on a grant that is pending.", {"id": GRANT_ID})
ApproveGrantPayload = payload("ApproveGrantPayload", "Outcome of an approval.", ActOutcome, grant=AS_STORED)


@command(
    Ability.GRANT_APPROVE,
    "Approve a grant that another person gave to a third.",
    ApproveGrantInput,
    ApproveGrantPayload,
)
async def approve_grant(context: Context, sent: InputDict) -> ActOutcome:
    return await grants.approve_grant(context.database, context.principal, id_of(sent), context.quotas.taken_ids)


# --- end --------------------------------------------------------------------------------------------------------------

EndGrantInput = input_type(
    "EndGrantInput",
    "End a grant at once or on a day.",
    {
        "id": GRANT_ID,
        "on": InputField(
            dt.date, SYSTEM, described(fact_of(GRANTS.c.valid_to), "Its last day; at once if it is left out")
        ),
    },
)
EndGrantPayload = payload("EndGrantPayload", "Outcome of ending a grant.", ActOutcome, grant=AS_STORED)


@command(
    Ability.GRANT_GIVE,
    "End a grant; running tokens lose it at once.  `impact` of the grant shows what this leaves behind.",
    EndGrantInput,
    EndGrantPayload,
)
async def end_grant(context: Context, sent: InputDict) -> ActOutcome:
    quota = context.quotas.taken_ids
    return await grants.end_grant(context.database, context.principal, id_of(sent), sent.get("on"), quota)
