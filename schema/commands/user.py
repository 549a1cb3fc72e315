"""The commands on accounts: save, disable, reset the password, revoke a device."""

from __future__ import annotations

import uuid

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.models.account import ACCOUNT
from registry.models.fact import fact_of
from registry.write import people
from registry.write.act import ActOutcome
from registry.write.people import PasswordOutcome, UserEdit
from schema.declare.commands import command
from schema.declare.input_types import InputDict, InputField, described, input_type
from schema.declare.makers import ID
from schema.engine.context import Context
from schema.inputs.reading import id_of, uuid_text
from schema.types.account import Device, User
from schema.types.payload import opened, payload, record

SYSTEM = Sensitivity.SYSTEM
AS_STORED = record(User, "As stored now; null if refused and nothing is stored.", SYSTEM)
ACCOUNT_ID = InputField(ID, SYSTEM, "The account: never your own.", required=True)


def user_of(sent: InputDict) -> uuid.UUID:
    """The `userId` of an input.  Raises BadInput."""
    return uuid.UUID(uuid_text(sent["userId"]))


SaveUserInput = input_type(
    "SaveUserInput",
    "Create or change an account; what is left out stays as it is.",
    {
        "id": InputField(ID, SYSTEM, "UUID made by the client; the key of every retry.", required=True),
        "username": InputField(
            str, SYSTEM, described(fact_of(ACCOUNT.c.username), "User name: small letters, digits, . _ - + @")
        ),
        "name": InputField(str, SYSTEM, described(fact_of(ACCOUNT.c.name))),
        "active": InputField(bool, SYSTEM, "false disables the account, as disableUser does; true opens it again."),
    },
)
SaveUserPayload = payload(
    "SaveUserPayload",
    "Outcome of saving an account.",
    PasswordOutcome,
    user=AS_STORED,
    temporary_password=opened(
        SYSTEM,
        "Once, for a new account; null when it is sent again: then use resetPassword.  Changed at first sign-in.",
    ),
)


@command(
    Ability.USER_MANAGE,
    "Create or change an account, if you may give its every grant; one without a grant if you created it.",
    SaveUserInput,
    SaveUserPayload,
)
async def save_user(context: Context, sent: InputDict) -> PasswordOutcome:
    edit = UserEdit(id_of(sent), sent.get("username"), sent.get("name"), sent.get("active"))
    database, hashing = context.database, context.entrance.hashing
    return await people.save_user(database, hashing, context.principal, edit, context.quotas.taken_ids)


ResetPasswordInput = input_type("ResetPasswordInput", "Issue a one-time password.", {"user_id": ACCOUNT_ID})
ResetPasswordPayload = payload(
    "ResetPasswordPayload",
    "Outcome of a reset.",
    PasswordOutcome,
    temporary_password=opened(SYSTEM, "Once; changed at the next sign-in."),
)


@command(
    Ability.USER_MANAGE,
    "Issue a one-time password for an account whose every grant you may give; its sessions end.",
    ResetPasswordInput,
    ResetPasswordPayload,
)
async def reset_password(context: Context, sent: InputDict) -> PasswordOutcome:
    database, hashing = context.database, context.entrance.hashing
    return await people.reset_password(database, hashing, context.principal, user_of(sent), context.quotas.taken_ids)


DisableUserInput = input_type("DisableUserInput", "Disable an account; its sessions end.", {"user_id": ACCOUNT_ID})
DisableUserPayload = payload("DisableUserPayload", "Outcome of disabling.", ActOutcome, user=AS_STORED)


@command(
    Ability.USER_DISABLE,
    "Disable an account at once, for running tokens too.",
    DisableUserInput,
    DisableUserPayload,
)
async def disable_user(context: Context, sent: InputDict) -> ActOutcome:
    quota = context.quotas.taken_ids
    return await people.disable_user(context.database, context.principal, user_of(sent), quota)


RevokeDeviceInput = input_type(
    "RevokeDeviceInput",
    "Refuse a lost phone; it may only purge itself.",
    {"id": InputField(ID, SYSTEM, "The device.", required=True)},
)
RevokeDevicePayload = payload(
    "RevokeDevicePayload",
    "Outcome of a revocation.",
    ActOutcome,
    device=record(Device, "As stored now; null if refused.", SYSTEM),
)


@command(
    Ability.USER_DISABLE,
    "Refuse a device from now on, for all accounts that used it.",
    RevokeDeviceInput,
    RevokeDevicePayload,
)
async def revoke_device(context: Context, sent: InputDict) -> ActOutcome:
    return await people.revoke_device(context.database, context.principal, id_of(sent), context.quotas.taken_ids)
