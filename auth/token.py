"""Access tokens: short-lived JWTs signed with Ed25519, by a key whose id they name.

A token names its user, never their rights: grants come from the database.  Keys rotate: one signs, the others verify
(auth/key_schedule.py).
Rule: whatever is wrong with a token, the error is the same `Unauthenticated`; a demo's tokens are valid in that demo
only, because its issuer is `demo` and `Keyring.load` refuses to be that issuer.  Test: `tests/test_token.py`
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from auth.errors import SignInFault, Unauthenticated
from auth.key_schedule import LEEWAY, LONGEST, SIGNING, KeySchedule, TimedKey, signs_since

ALGORITHM = "EdDSA"
DEMO = "demo"
_MAX_CHARACTERS = 4096
_MAX_CACHED = 10_000


@dataclass(frozen=True)
class Claims:
    """The content of a valid token: its user (`sub`), its own id (`jti`), and when it expires (exclusive, UTC).

    `session` (`sid`) is the sign-in from which it follows; a demo's tokens that were made by hand have none, nor have
    a service's or an identity provider's, of which `second_factor` says whether the provider asked for one."""

    sub: UUID
    jti: str
    expires_at: datetime
    session: UUID | None = None
    second_factor: bool = True


class Keyring:
    """The keys of one issuer: `signing` signs tokens until a `later` key begins; these and `verifying` verify them."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        signing: Ed25519PrivateKey | None = None,
        verifying: Iterable[Ed25519PublicKey] = (),
        later: Iterable[TimedKey] = (),
    ) -> None:
        keys = [*([TimedKey(signing)] if signing else []), *later]
        self.issuer = issuer
        self.audience = audience
        self._schedule = KeySchedule(keys)
        self._public = {key.private: (kid_of(key.private), key.private.public_key()) for key in keys}
        self._verifying = {_kid(key): key for key in verifying}
        self._cache: dict[str, Claims] = {}
        if not (keys or self._verifying) or not issuer or not audience:
            raise ValueError("a keyring has an issuer, an audience and at least one key")

    @classmethod
    def generate(cls, audience: str = "desmigratif") -> Keyring:
        """The keyring of a demo: a fresh key in memory."""
        return cls(DEMO, audience, Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, folder: Path, *, issuer: str, audience: str) -> Keyring:
        """The keyring of a real service: `signing.pem` (private, PKCS 8) signs, `signing-<instant>.pem` signs from then
        on, and every other `*.pem` (public) verifies.

        Without a private key it only verifies.  Raises ValueError for the issuer `demo`, wrong keys or none."""
        if issuer == DEMO:
            raise ValueError(f"{DEMO!r} is the issuer of demos; name the service that signs these tokens")
        later, verifying = [], []
        for path in sorted(folder.glob("*.pem")):
            text, since = path.read_bytes(), signs_since(path.name)
            key = load_pem_public_key(text) if since is None else load_pem_private_key(text, None)
            if isinstance(key, Ed25519PrivateKey) and since is not None:
                later.append(TimedKey(key, since))
            elif isinstance(key, Ed25519PublicKey):
                verifying.append(key)
            else:
                raise ValueError(f"{path.name} is not an Ed25519 key")
        return cls(issuer, audience, None, verifying, later)

    def issue(self, subject: UUID, minutes: int, now: datetime, session: UUID | None = None) -> str:
        """A token for this user and session, valid from `now` for so many minutes (at most 15, except in a demo)."""
        signing = self._schedule.signing_at(now)
        if signing is None:
            raise ValueError(f"this keyring only verifies: put {SIGNING} beside its keys")
        lifetime = timedelta(minutes=minutes)
        if not timedelta() < lifetime <= self._longest:
            raise ValueError("a token lives more than 0 and at most 15 minutes")
        issued_at = int(now.timestamp())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": str(subject),
            "jti": uuid4().hex,
            "iat": issued_at,
            "exp": issued_at + int(lifetime.total_seconds()),
        }
        if session is not None:
            claims["sid"] = str(session)
        return jwt.encode(claims, signing, ALGORITHM, headers={"kid": kid_of(signing)})

    def verify(self, text: str, now: datetime | None = None) -> Claims:
        """The claims of a token that is valid at `now` (default: this instant).  Raises Unauthenticated."""
        now = now or datetime.now(UTC)
        claims = self._cache.get(text) or self._read(text, now)
        if claims.expires_at <= now:
            self._cache.pop(text, None)
            raise Unauthenticated(SignInFault.EXPIRED)
        if text not in self._cache:
            if len(self._cache) >= _MAX_CACHED:
                self._cache.pop(next(iter(self._cache)), None)
            self._cache[text] = claims
        return claims

    def jwks(self, now: datetime | None = None) -> dict[str, Any]:
        """The public keys that are accepted at `now` (default: this instant), as a JSON Web Key Set (RFC 7517)."""
        keys = self._accepted(now or datetime.now(UTC))
        return {"keys": [{**_jwk(key), "kid": kid, "use": "sig", "alg": ALGORITHM} for kid, key in keys.items()]}

    def _accepted(self, now: datetime) -> dict[str, Ed25519PublicKey]:
        """The keys whose tokens are valid at `now`, by id."""
        return dict(self._public[key] for key in self._schedule.accepted_at(now)) | self._verifying

    def take_over(self, later: Keyring) -> None:
        """Use the keys of another keyring of this issuer, so that everybody who holds this one does."""
        self._schedule, self._public, self._verifying = later._schedule, later._public, later._verifying
        self._cache.clear()  # it may hold tokens of a key that was taken away

    @property
    def needs_session(self) -> bool:
        """Whether each of its tokens must name a session, as all but a demo's do that were made by hand."""
        return self.issuer != DEMO

    @property
    def _longest(self) -> timedelta:
        return timedelta.max if self.issuer == DEMO else LONGEST

    def _read(self, text: str, now: datetime) -> Claims:
        try:
            if len(text) > _MAX_CHARACTERS or not is_canonical(text):
                raise Unauthenticated(SignInFault.MALFORMED)
            return self._checked(self._decode(text, now), now)
        except Exception as error:  # malformed tokens fail in many ways, and callers learn none of them
            raise Unauthenticated(fault_of(error)) from None

    def _decode(self, text: str, now: datetime) -> dict[str, Any]:
        key = self._accepted(now).get(jwt.get_unverified_header(text)["kid"])
        if key is None:
            raise Unauthenticated(SignInFault.UNKNOWN_KEY)
        return jwt.decode(
            text,
            key,
            algorithms=[ALGORITHM],
            audience=self.audience,
            issuer=self.issuer,
            options={
                "require": ["exp", "iat", "sub", "jti", "aud", "iss"],
                "strict_aud": True,
                "verify_exp": False,  # times are checked below, all at the same instant
                "verify_iat": False,
                "verify_nbf": False,
            },
        )

    def _checked(self, payload: dict[str, Any], now: datetime) -> Claims:
        issued_at, expires_at = instant(payload["iat"]), instant(payload["exp"])
        not_before = instant(payload.get("nbf", payload["iat"]))
        if max(issued_at, not_before) > now + LEEWAY:
            raise Unauthenticated(SignInFault.NOT_YET_VALID)
        if expires_at - issued_at > self._longest:
            raise Unauthenticated(SignInFault.VALID_TOO_LONG)
        if not payload["jti"]:
            raise Unauthenticated(SignInFault.MISSING_CLAIM)
        session = UUID(payload["sid"]) if "sid" in payload else None
        return Claims(UUID(payload["sub"]), payload["jti"], expires_at, session)


FAULTS: dict[type[Exception], SignInFault] = {
    jwt.InvalidAlgorithmError: SignInFault.WRONG_ALGORITHM,
    jwt.InvalidSignatureError: SignInFault.WRONG_SIGNATURE,
    jwt.InvalidIssuerError: SignInFault.WRONG_ISSUER,
    jwt.InvalidAudienceError: SignInFault.WRONG_AUDIENCE,
    jwt.MissingRequiredClaimError: SignInFault.MISSING_CLAIM,
}
"""The fault of each error of the library; every other error is that of a malformed token."""


def fault_of(error: Exception) -> SignInFault:
    """What was wrong with a token that raised this error."""
    if isinstance(error, Unauthenticated):
        return error.fault
    return FAULTS.get(type(error), SignInFault.MALFORMED)


def is_canonical(text: str) -> bool:
    """Whether each of the three parts is base64url as RFC 7515 writes it, without padding or unused bits.

    A token has one spelling: a list of revoked tokens would miss it in another."""
    parts = text.encode("ascii").split(b".")
    return len(parts) == 3 and all(map(_is_canonical_part, parts))


def _is_canonical_part(part: bytes) -> bool:
    padded = part + b"=" * (-len(part) % 4)
    return _base64url(urlsafe_b64decode(padded)) == part


def instant(seconds: object) -> datetime:
    """The time of a claim, in whole seconds since 1970 (NumericDate of RFC 7519).  Raises Unauthenticated."""
    if type(seconds) is not int:
        raise Unauthenticated(SignInFault.MALFORMED)
    return datetime.fromtimestamp(seconds, UTC)


def _jwk(key: Ed25519PublicKey) -> dict[str, str]:
    x = _base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    return {"crv": "Ed25519", "kty": "OKP", "x": x}


def kid_of(signing: Ed25519PrivateKey) -> str:
    """The id of a signing key, by which its tokens name it."""
    return _kid(signing.public_key())


def _kid(key: Ed25519PublicKey) -> str:
    """The key's own thumbprint (RFC 7638), so that a name can never point to another key."""
    digest = hashlib.sha256(json.dumps(_jwk(key), separators=(",", ":")).encode()).digest()
    return _base64url(digest).decode()


def _base64url(data: bytes) -> bytes:
    """Base64url without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=")
