"""Every way in which access is refused.

Rule: a refusal names what was requested, never what exists; every failed sign-in is one and the same error.
Test: `tests/test_token.py`, `tests/test_policy.py`
"""

from __future__ import annotations

from enum import Enum, auto
from typing import ClassVar

from auth.ability import Ability
from auth.sensitivity import Sensitivity


class AccessError(Exception):
    """The caller is refused.  `code` is stable and public, the labels are its message in both languages."""

    code: ClassVar[str]

    def __init__(self, label_id: str, label_en: str) -> None:
        super().__init__(label_en)
        self.label_id = label_id
        self.label_en = label_en


class SignInFault(Enum):
    """Why a caller is not signed in: a word for the operator's log alone.  No answer depends on it."""

    NO_TOKEN = auto()
    MALFORMED = auto()
    WRONG_TYPE = auto()
    UNKNOWN_KEY = auto()
    WRONG_ALGORITHM = auto()
    WRONG_SIGNATURE = auto()
    WRONG_ISSUER = auto()
    WRONG_AUDIENCE = auto()
    MISSING_CLAIM = auto()
    EXPIRED = auto()
    NOT_YET_VALID = auto()
    VALID_TOO_LONG = auto()
    NO_ACCOUNT = auto()
    NO_SESSION = auto()  # it has ended, or its account is closed
    UNSPECIFIED = auto()


class Unauthenticated(AccessError):
    """No token, or one that is expired, revoked, malformed or of another issuer: always the same error.

    `fault` is for the log alone."""

    code = "UNAUTHENTICATED"

    def __init__(self, fault: SignInFault = SignInFault.UNSPECIFIED) -> None:
        super().__init__("Silakan masuk kembali.", "Please sign in again.")
        self.fault = fault


class RateLimited(AccessError):
    """More of one thing than its limit allows; it may be sent again after `retry_after` seconds."""

    code = "RATE_LIMITED"

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"Terlalu sering; coba lagi dalam {retry_after} detik.", f"Too often; try again in {retry_after} seconds."
        )
        self.retry_after = retry_after


class Forbidden(AccessError):
    """No grant of the caller gives the ability anywhere, or the class of the field where it is needed.

    Either `ability` is set, or `field` (its public name) with `kind`, the class that it requires; callers see them."""

    code = "FORBIDDEN"

    def __init__(
        self, *, ability: Ability | None = None, field: str | None = None, kind: Sensitivity | None = None
    ) -> None:
        if (ability is None) == (field is None) or (field is None) != (kind is None):
            raise TypeError("Forbidden speaks of one ability, or of one field and its class")
        self.ability = ability
        self.field = field
        self.kind = kind
        if ability is not None:
            super().__init__(
                f"Penugasan Anda tidak mencakup hal ini: {ability.label_id}.",
                f"None of your grants includes this: {ability.label_en}.",
            )
        else:
            super().__init__(
                f"Penugasan Anda tidak mencakup data ini di wilayah tersebut: {field}.",
                f"None of your grants includes this datum in that area: {field}.",
            )
