"""Access tokens of the ministry's identity provider (OpenID Connect; JWT profile of RFC 9068), accepted beside our own.

A token names who signed in at the provider, never what they may do here: its scopes and roles are not read.
Rule: the key set decides which algorithm a key verifies, and the token only which key; a key that does not fit is as if
it were not there.  Whatever is wrong with a token, the error is the same `Unauthenticated`.
Test: tests/test_provider.py
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from auth.errors import SignInFault, Unauthenticated
from auth.token import fault_of, instant, is_canonical

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""The algorithms that a setting may allow; all of them are asymmetric."""
ALGORITHMS_OF_KEY = {
    "RSA": (None, ("RS256", "PS256")),
    "EC": ("P-256", ("ES256",)),
    "OKP": ("Ed25519", ("EdDSA",)),
}
"""The curve of a key, by its type, and the algorithms that it can verify (RFC 7518, RFC 8037)."""
RSA_BITS = range(2048, 8193)
"""Fewer bits are too weak (RFC 7518, section 3.3); more only cost time."""
RSA_EXPONENTS = range(65537, 2**32)
"""Smaller ones are too weak (FIPS 186-5, section A.1.1); larger ones only cost time."""
PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
TYPES = ("at+jwt", "application/at+jwt")
"""`typ` of an access token (RFC 9068, section 4); an ID token has another, so it cannot pass for one."""
REQUIRED = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
VERIFIED_BY = {"email": "email_verified", "phone_number": "phone_number_verified"}
"""Claims that people may enter themselves, and what says that the provider checked them (OpenID Connect Core, 5.1)."""
LEEWAY = timedelta(seconds=60)
"""By how much the provider's clock may differ from ours."""
MAX_CHARACTERS = 8192  # of a token
MAX_KEYS = 32  # of a key set
MAX_NAME = 255  # characters of a subject (OpenID Connect Core, section 2), a key's id or another name

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class KeyName(NamedTuple):
    """How a token names its key: the id, and the algorithm that the key shall verify."""

    kid: str
    algorithm: str


Keys = Mapping[KeyName, PublicKey]


@dataclass(frozen=True)
class Subject:
    """Who a valid token names.

    `subject` is the provider's own name of the person, never given to another one.  `username` is that of our account,
    if the provider vouches for it.  `token_id` is the token's own name (`jti`), and `expires_at` its end, UTC."""

    issuer: str
    subject: str
    token_id: str
    username: str | None
    expires_at: datetime
    has_second_factor: bool


@dataclass(frozen=True)
class Provider:
    """One identity provider, and what is believed of it.

    `account_claim` is the claim with the user name of our account; None binds accounts by an administrator alone.
    `verified_claim` must be true for it to count.  `second_factors` are values of `acr` or `amr` that show one."""

    issuer: str
    audience: str
    algorithms: frozenset[str] = frozenset(ALGORITHMS)
    longest: timedelta = timedelta(minutes=60)
    account_claim: str | None = None
    verified_claim: str | None = None
    second_factors: frozenset[str] = frozenset()

    def issued(self, text: str) -> bool:
        """Whether a token says that it is this provider's; nothing of it is verified."""
        if len(text) > MAX_CHARACTERS:
            return False
        try:
            payload = json.loads(urlsafe_b64decode(text.split(".")[1] + "=="))
            return bool(payload["iss"] == self.issuer)
        except Exception:  # malformed tokens fail in many ways, and belong to nobody
            return False

    def key_of(self, text: str) -> KeyName:
        """The key by which a token is to be verified.  Raises Unauthenticated."""
        try:
            if len(text) > MAX_CHARACTERS or not is_canonical(text):
                raise Unauthenticated(SignInFault.MALFORMED)
            header = jwt.get_unverified_header(text)
            if str(header.get("typ")).lower() not in TYPES:
                raise Unauthenticated(SignInFault.WRONG_TYPE)
            if header["alg"] not in self.algorithms:
                raise Unauthenticated(SignInFault.WRONG_ALGORITHM)
            return KeyName(header["kid"], header["alg"])
        except Exception as error:  # as above
            raise Unauthenticated(fault_of(error)) from None

    def verify(self, text: str, key: KeyName, keys: Keys, now: datetime) -> Subject:
        """Who a token names that is valid at `now`; `key` is its `key_of`.  Raises Unauthenticated."""
        if key not in keys:
            raise Unauthenticated(SignInFault.UNKNOWN_KEY)
        try:
            payload = jwt.decode(
                text,
                keys[key],
                algorithms=[key.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                options={
                    "require": list(REQUIRED),
                    "verify_exp": False,  # times are checked below, all at the same instant
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            return self._subject(payload, now)
        except Exception as error:  # as above
            raise Unauthenticated(fault_of(error)) from None

    def keys(self, key_set: object) -> Keys:
        """The keys of a JSON Web Key Set (RFC 7517) that may verify tokens here; all others are left out.

        Raises ValueError for what is no key set, or a larger one than any provider needs."""
        entries = key_set.get("keys") if isinstance(key_set, dict) else None
        if not isinstance(entries, list) or len(entries) > MAX_KEYS:
            raise ValueError("this is no set of keys, or too large a one")
        keys: dict[KeyName, PublicKey] = {}
        for entry in entries:
            for name, key in self._fitting(entry):
                keys.setdefault(name, key)
        return keys

    def _fitting(self, entry: object) -> Iterator[tuple[KeyName, PublicKey]]:
        """The key of an entry, under each name by which it may verify."""
        if not isinstance(entry, dict) or not _may_verify(entry):
            return
        _, algorithms = ALGORITHMS_OF_KEY[entry["kty"]]
        for algorithm in algorithms:
            if algorithm not in self.algorithms or entry.get("alg", algorithm) != algorithm:
                continue
            try:
                key = jwt.PyJWK.from_dict(entry, algorithm).key
            except Exception:  # malformed keys fail in many ways, too
                return
            if _is_strong(key):
                yield KeyName(entry["kid"], algorithm), key

    def _subject(self, payload: Mapping[str, Any], now: datetime) -> Subject:
        issued_at, expires_at = instant(payload["iat"]), instant(payload["exp"])
        not_before = instant(payload.get("nbf", payload["iat"]))
        if expires_at + LEEWAY <= now:
            raise Unauthenticated(SignInFault.EXPIRED)
        if max(issued_at, not_before) > now + LEEWAY:
            raise Unauthenticated(SignInFault.NOT_YET_VALID)
        if expires_at - issued_at > self.longest:
            raise Unauthenticated(SignInFault.VALID_TOO_LONG)
        if not is_name(payload["sub"]) or not payload["jti"] or not payload["client_id"]:
            raise Unauthenticated(SignInFault.MISSING_CLAIM)
        return Subject(
            self.issuer,
            payload["sub"],
            payload["jti"],
            self._username(payload),
            expires_at,
            self._has_second_factor(payload),
        )

    def _username(self, payload: Mapping[str, Any]) -> str | None:
        if self.account_claim is None:
            return None
        verified_claim = self.verified_claim or VERIFIED_BY.get(self.account_claim)
        if verified_claim is not None and payload.get(verified_claim) is not True:
            return None
        username = payload.get(self.account_claim)
        return username if is_name(username) else None

    def _has_second_factor(self, payload: Mapping[str, Any]) -> bool:
        methods = payload.get("amr", [])
        values = [payload.get("acr"), *(methods if isinstance(methods, list) else ())]
        return any(isinstance(value, str) and value in self.second_factors for value in values)


def is_name(value: object) -> bool:
    """Whether it is a text that may name somebody or something: printable and not long."""
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME and value.isprintable()


def _may_verify(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a key set is a public key of a type that we use, and is meant to verify signatures."""
    kty, operations = entry.get("kty"), entry.get("key_ops", ["verify"])
    if not isinstance(kty, str) or kty not in ALGORITHMS_OF_KEY or not isinstance(operations, list):
        return False
    curve, _ = ALGORITHMS_OF_KEY[kty]
    is_meant = entry.get("use", "sig") == "sig" and "verify" in operations
    return is_meant and entry.get("crv") == curve and is_name(entry.get("kid")) and not PRIVATE_PARTS & entry.keys()


def _is_strong(key: PublicKey) -> bool:
    if not isinstance(key, RSAPublicKey):
        return True
    return key.key_size in RSA_BITS and key.public_numbers().e in RSA_EXPONENTS
