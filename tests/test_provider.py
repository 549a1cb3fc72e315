"""Tokens of an identity provider: only its own, current ones for this service are accepted, by keys that are fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from traceback import format_exception
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as new_rsa_key
from hypothesis import given
from hypothesis import strategies as st
from jwt import PyJWS
from jwt.algorithms import get_default_algorithms

from auth.errors import SignInFault, Unauthenticated
from auth.provider import ALGORITHMS, MAX_KEYS, KeyName, Keys, Provider, Subject

NOW = datetime(2026, 11, 24, 6, 34, tzinfo=UTC)
SECOND = int(NOW.timestamp())
PROVIDER = Provider("https://sso.example.go.id/realms/staff", "desmigratif-api")
RSA, EC, ED = (
    new_rsa_key(65537, 2048),
    new_ec_key(SECP256R1()),
    Ed25519PrivateKey.generate(),
)
SIGNERS: dict[str, Any] = {"RS256": RSA, "PS256": RSA, "ES256": EC, "EdDSA": ED}
CLAIMS = {
    "iss": PROVIDER.issuer,
    "aud": PROVIDER.audience,
    "sub": "1f0c",
    "client_id": "app",
    "jti": "one",
    "iat": SECOND,
    "exp": SECOND + 3600,
}


def jwk(key: Any, kid: str, **members: object) -> dict[str, Any]:
    """The public half of a key as an entry of a key set."""
    algorithm = next(name for name in SIGNERS if type(SIGNERS[name]) is type(key))
    return {**get_default_algorithms()[algorithm].to_jwk(key.public_key(), as_dict=True), "kid": kid, **members}


def private(key: Any, kid: str) -> dict[str, Any]:
    """A whole key as an entry of a key set."""
    return {**get_default_algorithms()["RS256"].to_jwk(key, as_dict=True), "kid": kid, "key_ops": ["verify"]}


def shared_secret(kid: str, secret: bytes, **members: object) -> dict[str, Any]:
    """A symmetric key as an entry of a key set."""
    return {**get_default_algorithms()["HS256"].to_jwk(secret, as_dict=True), "kid": kid, **members}


KEY_SET = {"keys": [jwk(RSA, "rsa"), jwk(EC, "ec"), jwk(ED, "ed")]}
KIDS = {"RS256": "rsa", "PS256": "rsa", "ES256": "ec", "EdDSA": "ed"}
KEYS = PROVIDER.keys(KEY_SET)


def signed(algorithm: str = "RS256", key: Any = None, *, payload: Any = None, **headers: object) -> str:
    """A token with any algorithm, key, payload and header, by default a valid one."""
    header = {"kid": KIDS.get(algorithm, "rsa"), "typ": "at+jwt", **headers}
    content = json.dumps(CLAIMS if payload is None else payload).encode()
    signing_key: Any = key or SIGNERS.get(algorithm)
    return PyJWS().encode(content, signing_key, algorithm, headers=header)


def with_claims(**claims: object) -> str:
    """A token with the provider's signature and some claims that differ from a valid one; None leaves one out."""
    return signed(payload={name: value for name, value in {**CLAIMS, **claims}.items() if value is not None})


def verify(text: str, provider: Provider = PROVIDER, keys: Keys = KEYS, now: datetime = NOW) -> Subject:
    return provider.verify(text, provider.key_of(text), keys, now)


def fault(text: str, provider: Provider = PROVIDER, keys: Keys = KEYS, now: datetime = NOW) -> SignInFault | None:
    """Why a token is refused; None if it is accepted."""
    try:
        verify(text, provider, keys, now)
    except Unauthenticated as error:
        return error.fault
    return None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_names_a_subject_of_its_issuer(algorithm: str) -> None:
    subject = verify(signed(algorithm))
    assert subject == Subject(PROVIDER.issuer, "1f0c", "one", None, NOW + timedelta(hours=1), False)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_only_the_algorithms_of_the_setting_are_accepted(algorithm: str) -> None:
    narrow = replace(PROVIDER, algorithms=frozenset(ALGORITHMS) - {algorithm})
    assert fault(signed(algorithm), narrow, narrow.keys(KEY_SET)) is SignInFault.WRONG_ALGORITHM
    assert not any(name.algorithm == algorithm for name in narrow.keys(KEY_SET))


def test_a_token_is_valid_a_minute_around_its_time_and_no_longer() -> None:
    text = signed()
    for seconds in (-60, 0, 3600, 3659):
        assert fault(text, now=NOW + timedelta(seconds=seconds)) is None
    assert fault(text, now=NOW + timedelta(seconds=-61)) is SignInFault.NOT_YET_VALID
    assert fault(text, now=NOW + timedelta(seconds=3660)) is SignInFault.EXPIRED


def bad_tokens() -> Iterator[tuple[str, str, SignInFault]]:
    faults = SignInFault
    for claim in CLAIMS:
        yield f"without {claim}", with_claims(**{claim: None}), faults.MISSING_CLAIM
    for name in ("exp", "iat", "nbf"):
        wrong_times: list[object] = ["soon", SECOND + 0.5, True, [], 10**30]
        for value in wrong_times:
            yield f"{name} {value!r}", with_claims(**{name: value}), faults.MALFORMED
    yield "unsigned", signed("none"), faults.WRONG_ALGORITHM
    yield "signature taken off", signed().rpartition(".")[0] + ".", faults.WRONG_SIGNATURE
    public = jwk(RSA, "rsa")
    yield "HMAC with the public key", signed("HS256", public["n"].encode()), faults.WRONG_ALGORITHM
    yield "a longer hash", signed("RS512", RSA), faults.WRONG_ALGORITHM
    yield "an ID token", signed(typ="JWT"), faults.WRONG_TYPE
    yield "without a type", signed(typ=None), faults.WRONG_TYPE
    other = new_rsa_key(65537, 2048)
    yield "another key in the key's name", signed("RS256", other), faults.WRONG_SIGNATURE
    yield "the algorithm of another key", signed("ES256", kid="rsa"), faults.UNKNOWN_KEY
    yield "unknown kid", signed(kid="another"), faults.UNKNOWN_KEY
    yield "its own key beside it", signed("RS256", other, kid="another", jwk=jwk(other, "another")), faults.UNKNOWN_KEY
    yield "no kid", jwt.encode(CLAIMS, RSA, "RS256", headers={"typ": "at+jwt"}), faults.MALFORMED
    yield "an extension that must be understood", signed(crit=["exp"]), faults.MALFORMED
    yield "wrong audience", with_claims(aud="another"), faults.WRONG_AUDIENCE
    yield "a longer issuer", with_claims(iss=PROVIDER.issuer + "/"), faults.WRONG_ISSUER
    yield "several issuers", with_claims(iss=[PROVIDER.issuer]), faults.WRONG_ISSUER
    yield "issued in the future", with_claims(iat=SECOND + 61), faults.NOT_YET_VALID
    yield "not before the future", with_claims(nbf=SECOND + 61), faults.NOT_YET_VALID
    yield "lives too long", with_claims(exp=SECOND + 3601), faults.VALID_TOO_LONG
    yield "an empty subject", with_claims(sub=""), faults.MISSING_CLAIM
    yield "a subject with NUL", with_claims(sub="a\0b"), faults.MISSING_CLAIM
    yield "a very long subject", with_claims(sub="x" * 256), faults.MISSING_CLAIM
    yield "a subject that is no text", with_claims(sub=1), faults.MALFORMED
    yield "longer than any token", with_claims(note="x" * 9000), faults.MALFORMED
    yield "padding", signed() + "=", faults.MALFORMED
    for garbage in ("", ".", "..", "a.b.c", "null", "é" * 30, "\ud800", "[" * 4000):
        yield f"garbage {garbage[:12]!r}", garbage, faults.MALFORMED


@pytest.mark.parametrize(("text", "wrong"), [pytest.param(text, wrong, id=name) for name, text, wrong in bad_tokens()])
def test_every_bad_token_gets_the_same_message_and_the_log_its_fault(text: str, wrong: SignInFault) -> None:
    assert fault(text) is wrong
    with pytest.raises(Unauthenticated) as refused:
        verify(text)
    assert refused.value.args == Unauthenticated().args
    assert "".join(format_exception(refused.value)).count("Error") == 0, "no cause is shown"


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda b: b.decode("latin-1")))
def test_any_text_that_is_not_a_token_is_refused(text: str) -> None:
    assert fault(text) is SignInFault.MALFORMED
    assert not PROVIDER.issued(text)


def test_several_audiences_may_be_named() -> None:
    assert fault(with_claims(aud=["another", PROVIDER.audience])) is None


def test_the_issuer_that_a_token_claims_is_compared_byte_for_byte() -> None:
    assert PROVIDER.issued(signed())
    assert PROVIDER.issued(signed("none")), "nothing of it is verified"
    for issuer in (PROVIDER.issuer + "/", PROVIDER.issuer.upper(), "desmigratif", None, [PROVIDER.issuer]):
        assert not PROVIDER.issued(with_claims(iss=issuer))
    assert not PROVIDER.issued(with_claims(note="x" * 9000))


SMALL = {bits: new_rsa_key(65537, bits) for bits in (1024, 2047)}
UNFIT: dict[str, Any] = {
    "RSA of 1024 bits": jwk(SMALL[1024], "k"),
    "RSA of 2047 bits": jwk(SMALL[2047], "k"),
    "RSA of 512 bits": {"kty": "RSA", "kid": "k", "e": "AQAB", "n": "8" + "_" * 85},
    "RSA with exponent 3": jwk(new_rsa_key(3, 2048), "k"),
    "RSA without an exponent": {name: part for name, part in jwk(RSA, "k").items() if name != "e"},
    "a key for encryption": jwk(RSA, "k", use="enc"),
    "a key that wraps": jwk(RSA, "k", key_ops=["wrapKey"]),
    "operations that are no list": jwk(RSA, "k", key_ops=1),
    "a key of another algorithm": jwk(RSA, "k", alg="RS512"),
    "an elliptic key for RSA": jwk(EC, "k", alg="RS256"),
    "another curve": {**jwk(EC, "k"), "crv": "P-384"},
    "a point that is not on the curve": {**jwk(EC, "k"), "x": jwk(EC, "k")["y"]},
    "Ed448": {**jwk(ED, "k"), "crv": "Ed448"},
    "a shared secret": shared_secret("k", b"x" * 32),
    "a shared secret for RSA": shared_secret("k", b"x" * 32, alg="RS256"),
    "a private key": private(RSA, "k"),
    "no kid": {name: part for name, part in jwk(RSA, "k").items() if name != "kid"},
    "a kid that is no text": {**jwk(RSA, "k"), "kid": []},
    "a type that is no text": {**jwk(RSA, "k"), "kty": {}},
    "a text": "k",
    "null": None,
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_key_that_is_not_fit_is_left_out_and_others_stay(name: str) -> None:
    assert PROVIDER.keys({"keys": [UNFIT[name], jwk(EC, "ec")]}).keys() == {KeyName("ec", "ES256")}


@pytest.mark.parametrize(
    "key_set", [None, [], {}, {"keys": None}, {"keys": {}}, {"keys": [jwk(EC, str(n)) for n in range(MAX_KEYS + 1)]}]
)
def test_what_is_no_key_set_is_an_error(key_set: object) -> None:
    with pytest.raises(ValueError, match="no set of keys"):
        PROVIDER.keys(key_set)


def test_a_key_verifies_what_its_own_entry_allows() -> None:
    assert KEYS.keys() == {KeyName(kid, algorithm) for algorithm, kid in KIDS.items()}
    assert PROVIDER.keys({"keys": [jwk(RSA, "rsa", alg="PS256")]}).keys() == {KeyName("rsa", "PS256")}
    assert PROVIDER.keys({"keys": []}) == {}


BY_EMAIL = replace(PROVIDER, account_claim="email")
BY_NIP = replace(PROVIDER, account_claim="nip", verified_claim="nip_checked")
TRUSTED = replace(PROVIDER, account_claim="nip")


@pytest.mark.parametrize(
    ("provider", "claims", "username"),
    [
        (PROVIDER, {"email": "siti", "email_verified": True}, None),
        (TRUSTED, {"nip": "siti"}, "siti"),
        (TRUSTED, {"nip": ["siti"]}, None),
        (TRUSTED, {"nip": "si\0ti"}, None),
        (TRUSTED, {}, None),
        (BY_NIP, {"nip": "siti", "nip_checked": True}, "siti"),
        (BY_NIP, {"nip": "siti"}, None),
        (BY_NIP, {"nip": "siti", "nip_checked": "true"}, None),
        (BY_NIP, {"nip": "siti", "nip_checked": 1}, None),
        (BY_EMAIL, {"email": "siti@example.go.id", "email_verified": True}, "siti@example.go.id"),
        (BY_EMAIL, {"email": "siti@example.go.id", "email_verified": False}, None),
        (BY_EMAIL, {"email": "siti@example.go.id"}, None),
    ],
)
def test_a_claim_names_an_account_only_where_the_provider_has_verified_it(
    provider: Provider, claims: dict[str, object], username: str | None
) -> None:
    assert verify(with_claims(**claims), provider).username == username


@pytest.mark.parametrize(
    ("claims", "has_one"),
    [
        ({"amr": ["pwd", "otp"]}, True),
        ({"acr": "gold"}, True),
        ({"amr": ["pwd"]}, False),
        ({"amr": "otp"}, False),
        ({"acr": ["gold"]}, False),
        ({"acr": {}, "amr": [{}]}, False),
        ({}, False),
    ],
)
def test_a_second_factor_is_what_the_setting_says(claims: dict[str, object], has_one: bool) -> None:
    text = with_claims(**claims)
    assert verify(text, replace(PROVIDER, second_factors=frozenset({"otp", "gold"}))).has_second_factor is has_one
    assert not verify(text).has_second_factor
