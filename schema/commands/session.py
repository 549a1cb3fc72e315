"""The commands of sign-in: begin, renew and end a session, change the password, and set up a second factor.

The first two need no token; the others are everybody's own."""

from __future__ import annotations

import uuid

from auth.ability import Ability
from auth.password import SHORTEST
from registry.models.device import DEVICE
from registry.models.fact import fact_of
from registry.write import own_credentials, sessions
from registry.write.entrance import Tokens
from registry.write.own_credentials import Confirmed, Enrolled, Proof
from registry.write.sessions import SignedOut
from registry.write.sign_in import Attempt, SignedIn
from registry.write.sign_in import sign_in as begin_session
from schema.declare.commands import command
from schema.declare.directives import Exemption
from schema.declare.input_types import InputDict, InputField, described, input_type
from schema.declare.makers import ID
from schema.engine.context import Context
from schema.inputs.reading import id_or_null
from schema.limits import Limit
from schema.types.payload import opened, payload

PARAMETER, OWN_CALLER = Exemption.PARAMETER, Exemption.OWN_CALLER
DEVICE_ID = "Id that your app has made for this device, a UUID; always the same."

Session = payload(
    "Session",
    "Tokens of a signed-in caller.",
    Tokens,
    access_token=opened(OWN_CALLER, "Bearer, at most 15 minutes."),
    refresh_token=opened(OWN_CALLER, "For `refreshSession`, once."),
    expires_at=opened(OWN_CALLER, "When the access token expires."),
)


def _secret(text: str) -> InputField:
    return InputField(str, PARAMETER, text, required=True, secret=True)


def _device(sent: InputDict) -> uuid.UUID | None:
    text = sent.get("deviceId")
    device = None if text is None else id_or_null(text)
    return None if device is None else uuid.UUID(device)


# --- before there is a token ------------------------------------------------------------------------------------------

SignInInput = input_type(
    "SignInInput",
    "Sign in.",
    {
        "username": InputField(str, PARAMETER, "User name.", required=True),
        "password": _secret("Password."),
        "otp": InputField(str, PARAMETER, "Code of the authenticator app, or a recovery code.", secret=True),
        "device_id": InputField(ID, PARAMETER, DEVICE_ID),
        "device_label": InputField(str, PARAMETER, described(fact_of(DEVICE.c.label), "How people call the device")),
    },
)
SignInPayload = payload(
    "SignInPayload",
    "Outcome of signing in.",
    SignedIn,
    session=opened(Exemption.BEFORE_SIGN_IN, "The session; null when refused.", Session | None),
)


@command(None, "Begin a session.", SignInInput, SignInPayload, most=Limit.PROOFS)
async def sign_in(context: Context, sent: InputDict) -> SignedIn:
    attempt = Attempt(
        sent["username"], sent["password"], sent.get("otp"), _device(sent), sent.get("deviceLabel"), context.address
    )
    return await begin_session(context.database, context.entrance, attempt)


RefreshSessionInput = input_type(
    "RefreshSessionInput",
    "New tokens for old; each refresh token works once.",
    {
        "refresh_token": _secret("The refresh token of the session."),
        "device_id": InputField(ID, PARAMETER, "The id of the device that signed in."),
    },
)
RefreshSessionPayload = payload(
    "RefreshSessionPayload",
    "Outcome of renewing a session.",
    SignedIn,
    session=opened(Exemption.BEFORE_SIGN_IN, "The session with new tokens; null when refused.", Session | None),
)


@command(
    None,
    "New tokens for a refresh token.  Sent twice it ends the session, but its own device may repeat it for 30 seconds.",
    RefreshSessionInput,
    RefreshSessionPayload,
    most=Limit.PROOFS,
)
async def refresh_session(context: Context, sent: InputDict) -> SignedIn:
    token, device = sent["refreshToken"], _device(sent)
    return await sessions.refresh(context.database, context.entrance, token, device, context.address)


# --- one's own session ------------------------------------------------------------------------------------------------

SignOutInput = input_type(
    "SignOutInput",
    "End this session and its refresh token.",
    {"everywhere": InputField(bool, PARAMETER, "Whether all of your sessions end.", False)},
)
SignOutPayload = payload(
    "SignOutPayload",
    "Outcome of signing out.",
    SignedOut,
    signed_out=opened(OWN_CALLER, "Whether a session has ended; a token that was made by hand has none."),
)


@command(Ability.SESSION_OWN, "End your session, or all of them.", SignOutInput, SignOutPayload)
async def sign_out(context: Context, sent: InputDict) -> SignedOut:
    return await sessions.sign_out(context.database, context.principal, sent["everywhere"])


ChangePasswordInput = input_type(
    "ChangePasswordInput",
    "Change your own password.",
    {
        "current": _secret("The password that you have."),
        "new": _secret(f"The new one: at least {SHORTEST} characters, and not easily guessed."),
    },
)
ChangePasswordPayload = payload(
    "ChangePasswordPayload",
    "Outcome of changing the password.",
    SignedIn,
    session=opened(OWN_CALLER, "Your session with new tokens; your other sessions have ended.", Session | None),
)


@command(
    Ability.SESSION_OWN,
    "Change your password; your other sessions end.",
    ChangePasswordInput,
    ChangePasswordPayload,
    most=Limit.PROOFS,
)
async def change_password(context: Context, sent: InputDict) -> SignedIn:
    proof = Proof(sent["current"], context.address)
    return await own_credentials.change_password(
        context.database, context.entrance, context.principal, proof, sent["new"]
    )


# --- second factor ----------------------------------------------------------------------------------------------------

EnrolTotpInput = input_type("EnrolTotpInput", "Start a second factor.", {"password": _secret("Your password.")})
EnrolTotpPayload = payload(
    "EnrolTotpPayload",
    "The new authenticator; it counts after its first code.",
    Enrolled,
    uri=opened(OWN_CALLER, "For the authenticator app; shown once."),
)


@command(
    Ability.SESSION_OWN,
    "Start a second factor; finish it by `confirmTotp`.",
    EnrolTotpInput,
    EnrolTotpPayload,
    most=Limit.PROOFS,
)
async def enrol_totp(context: Context, sent: InputDict) -> Enrolled:
    proof = Proof(sent["password"], context.address)
    return await own_credentials.enrol_totp(context.database, context.entrance, context.principal, proof)


ConfirmTotpInput = input_type(
    "ConfirmTotpInput", "Finish the second factor with its first code.", {"otp": _secret("The code of the app.")}
)
ConfirmTotpPayload = payload(
    "ConfirmTotpPayload",
    "The second factor stands from now on, and replaces an earlier one.",
    Confirmed,
    confirmed=opened(OWN_CALLER, "Whether the code was right."),
    recovery_codes=opened(
        OWN_CALLER, "Ten codes that replace the authenticator, each once; shown once, keep them apart from it."
    ),
)


@command(
    Ability.SESSION_OWN,
    "Finish the second factor by its first code.",
    ConfirmTotpInput,
    ConfirmTotpPayload,
    most=Limit.PROOFS,
)
async def confirm_totp(context: Context, sent: InputDict) -> Confirmed:
    return await own_credentials.confirm_totp(context.database, context.entrance, context.principal, sent["otp"])
