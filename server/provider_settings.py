"""What an operator sets of the ministry's identity provider; `server/settings.py` takes these fields over.

Test: tests/test_settings.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

NAMES = r"^[!-+\--~]+(,[!-+\--~]+)*$"
"""Words of printable ASCII, separated by commas."""


SELF_SET = frozenset(
    {"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "website"}
)
"""Claims that people enter themselves, and that no claim of the standard says to be checked (OpenID Connect Core, 5.1).

A provider that lets them choose one lets them be whom they like."""


class ProviderSettings(BaseSettings):
    """The provider whose access tokens are accepted beside our own (docs/identity-provider.md)."""

    oidc_issuer: str | None = Field(
        default=None,
        max_length=255,
        pattern=r"^(https://[!-~]+|http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]+)?(/[!-~]*)?)$",
        description="`iss` of the ministry's OpenID Connect provider, exactly as in its discovery document, such as "
        "`https://sso.example.go.id/realms/staff`. Its access tokens are then accepted beside our own "
        "([how](identity-provider.md)). `http` is for a provider on this machine. None: no provider.",
    )
    oidc_audience: str | None = Field(
        default=None,
        min_length=1,
        description="`aud` that the provider's tokens must have. None: `DESMIGRATIF_AUDIENCE`.",
    )
    oidc_algorithms: str = Field(
        default="RS256,PS256,ES256,EdDSA",
        pattern=r"^(RS256|PS256|ES256|EdDSA)(,(RS256|PS256|ES256|EdDSA))*$",
        description="Algorithms of the provider's signatures that are accepted, separated by commas.",
    )
    oidc_token_minutes: int = Field(
        default=60,
        ge=1,
        le=120,
        description="Longest lifetime of a provider's token; one that lives longer is refused. As long, its last keys "
        "count while it cannot be reached.",
    )
    oidc_account_claim: str | None = Field(
        default=None,
        pattern=r"^[!-~]{1,100}$",
        description="Claim that holds the user name of the account here, such as `email`: the first token of a subject "
        "then binds it to that account. None: an administrator binds each, by `desmigratif user bind`.",
    )
    oidc_verified_claim: str | None = Field(
        default=None,
        pattern=r"^[!-~]{1,100}$",
        description="Claim that must be true for `DESMIGRATIF_OIDC_ACCOUNT_CLAIM` to count. None: `email_verified` for "
        "`email`, `phone_number_verified` for `phone_number`, and none for a claim that nobody sets for themselves.",
    )
    oidc_second_factor: str | None = Field(
        default=None,
        pattern=NAMES,
        description="Values of `acr` or `amr`, separated by commas, that show that the provider asked for a second "
        "factor, such as `mfa,otp`. None: its sign-in never counts as one.",
    )
    oidc_ca: Path | None = Field(
        default=None,
        description="File of the certificates (PEM) that sign the provider's. None: those of the system, or of "
        "`SSL_CERT_FILE`.",
    )

    @model_validator(mode="after")
    def _claim_is_vouched_for(self) -> Self:
        if self.oidc_account_claim in SELF_SET and self.oidc_verified_claim is None:
            raise ValueError(
                "DESMIGRATIF_OIDC_ACCOUNT_CLAIM names a claim that people may set for themselves: name in"
                " DESMIGRATIF_OIDC_VERIFIED_CLAIM what is true when the provider has checked it, use `email` or a claim"
                " that the provider alone writes, or leave it out and bind each account by `desmigratif user bind`"
            )
        return self

    @model_validator(mode="after")
    def _is_another_issuer(self) -> Self:
        if self.oidc_issuer is not None and self.oidc_issuer == getattr(self, "issuer", None):
            raise ValueError("DESMIGRATIF_OIDC_ISSUER must differ from DESMIGRATIF_ISSUER, which is our own")
        return self
