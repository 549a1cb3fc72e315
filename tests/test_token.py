"""Tokens: only our own, current ones for this service are accepted; every other one gets the same message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from traceback import format_exception
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt import PyJWS

from auth import token
from auth.ability import Ability
from auth.errors import AccessError, Forbidden, SignInFault, Unauthenticated
from auth.sensitivity import Sensitivity
from auth.token import Claims, Keyring

NOW = datetime(2026, 11, 24, 6, 34, tzinfo=UTC)
SECOND = int(NOW.timestamp())
USER = UUID("018f6d2e-0000-7000-8000-000000000001")
KEY = Ed25519PrivateKey.generate()
OURS = Keyring("https://desmigratif.go.id", "registry", KEY)
KID: str = OURS.jwks()["keys"][0]["kid"]
DEMO = Keyring.generate("registry")
CLAIMS = {"iss": OURS.issuer, "aud": OURS.audience, "sub": str(USER), "jti": "one", "iat": SECOND, "exp": SECOND + 600}


def is_refused(keyring: Keyring, text: str, now: datetime = NOW) -> bool:
    """Whether the token is refused, with the message of every refusal and without a cause; the fault is the log's."""
    try:
        keyring.verify(text, now)
    except Unauthenticated as error:
        traceback = "".join(format_exception(error))
        return (
            traceback.count("Error") == 0
            and vars(error) | {"fault": None} == vars(Unauthenticated()) | {"fault": None}
            and error.args == Unauthenticated().args
        )
    return False


def with_claims(**claims: object) -> str:
    """A token with our signature and some claims that differ from a valid one."""
    return forged(KEY, payload={**CLAIMS, **claims})


def forged(key: Any, algorithm: str = "EdDSA", payload: dict[str, Any] = CLAIMS, **headers: str) -> str:
    """A token with any key, algorithm and claims, and with our `kid` by default."""
    return PyJWS().encode(json.dumps(payload).encode(), key, algorithm, headers={"kid": KID, **headers})


def pem(key: Any) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def public_pem(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_a_token_holds_its_user_and_expiry() -> None:
    one, two = (OURS.verify(OURS.issue(USER, 15, NOW), NOW) for _ in range(2))
    assert one.sub == USER
    assert one.expires_at == NOW + timedelta(minutes=15)
    assert one.jti != two.jti
    assert OURS.verify(with_claims(), NOW) == Claims(USER, "one", NOW + timedelta(minutes=10))


def test_a_token_is_valid_from_its_issue_until_just_before_its_expiry() -> None:
    text = OURS.issue(USER, 5, NOW)
    assert is_refused(OURS, text, NOW - timedelta(seconds=61))
    for seconds in (-60, -1, 0, 1, 299):  # a clock may be a minute behind that of the issuer
        assert not is_refused(OURS, text, NOW + timedelta(seconds=seconds))
    for seconds in (300, 301, 86400):
        assert is_refused(OURS, text, NOW + timedelta(seconds=seconds))


def test_the_clock_is_that_of_the_machine_by_default() -> None:
    assert OURS.verify(OURS.issue(USER, 1, datetime.now(UTC))).sub == USER
    with pytest.raises(Unauthenticated):
        OURS.verify(OURS.issue(USER, 1, datetime.now(UTC) - timedelta(minutes=2)))


def _respelt(text: str) -> str:
    """The same bytes with one of the four unused bits of the last letter set."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + letters[letters.index(text[-1]) + 1]


def bad_tokens() -> Iterator[tuple[str, str]]:
    for claim in CLAIMS:
        yield f"without {claim}", forged(KEY, payload={name: value for name, value in CLAIMS.items() if name != claim})
    wrong_times: list[object] = ["soon", str(SECOND), SECOND + 0.5, True, None, [], float("inf"), 10**30, -(10**30)]
    for name in ("exp", "iat", "nbf"):
        for value in wrong_times:
            yield f"{name} {value!r}", with_claims(**{name: value})
    yield "unsigned", forged(None, "none")
    yield "signature taken off", with_claims().rpartition(".")[0] + "."
    yield "signature cut", with_claims()[:-2]
    for part in range(3):
        for junk in ("=", "==", "====", "!", "\n", " ", "%3D"):
            padded = with_claims().split(".")
            padded[part] += junk
            yield f"part {part} with {junk!r}", ".".join(padded)
    yield "signature in another spelling", _respelt(with_claims())
    yield "signature in the other alphabet", with_claims().replace("-", "+").replace("_", "/") + "+"
    yield "HMAC with our public key", forged(OURS.jwks()["keys"][0]["x"], "HS256")
    yield "Ed448 in our key's name", forged(Ed448PrivateKey.generate())
    yield "another key in our key's name", forged(Ed25519PrivateKey.generate())
    yield "no kid", jwt.encode(CLAIMS, KEY, "EdDSA")
    yield "unknown kid", forged(KEY, kid="unknown")
    yield "empty kid", forged(KEY, kid="")
    yield "wrong audience", with_claims(aud="another")
    yield "several audiences", with_claims(aud=["registry", "another"])
    yield "wrong issuer", with_claims(iss="https://elsewhere.go.id")
    yield "demo's issuer", with_claims(iss=token.DEMO)
    yield "several issuers", with_claims(iss=[OURS.issuer])
    yield "expired", with_claims(iat=SECOND - 600, exp=SECOND)
    yield "issued in the future", with_claims(iat=SECOND + 61)
    yield "not before the future", with_claims(nbf=SECOND + 61)
    yield "lives too long", with_claims(exp=SECOND + 901)
    yield "lives too long, begun before", with_claims(iat=SECOND - 600, exp=SECOND + 301)
    yield "a subject that is no id", with_claims(sub="officer@35.07.11.2008")
    yield "a subject that is no text", with_claims(sub=1)
    yield "an empty name of itself", with_claims(jti="")
    yield "a name of itself that is no text", with_claims(jti=1)
    yield "a demo's", DEMO.issue(USER, 10, NOW)
    stranger = Keyring(OURS.issuer, OURS.audience, Ed25519PrivateKey.generate())
    yield "a stranger's in our name", stranger.issue(USER, 10, NOW)
    yield "longer than any token", with_claims(note="x" * 5000)
    yield "surrogate", with_claims() + "\ud800"
    for garbage in ("", ".", "..", "a.b.c", "null", "Bearer x", "e30.e30.e30", "é" * 30, "[" * 4000):
        yield f"garbage {garbage[:12]!r}", garbage


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in bad_tokens()])
def test_every_bad_token_gets_the_same_message(text: str) -> None:
    assert is_refused(OURS, text)
    assert is_refused(OURS, text), "and is not remembered as good"


FAULTS = {
    "unsigned": SignInFault.WRONG_ALGORITHM,
    "another key in our key's name": SignInFault.WRONG_SIGNATURE,
    "unknown kid": SignInFault.UNKNOWN_KEY,
    "a demo's": SignInFault.UNKNOWN_KEY,
    "wrong audience": SignInFault.WRONG_AUDIENCE,
    "wrong issuer": SignInFault.WRONG_ISSUER,
    "without sub": SignInFault.MISSING_CLAIM,
    "expired": SignInFault.EXPIRED,
    "issued in the future": SignInFault.NOT_YET_VALID,
    "lives too long": SignInFault.VALID_TOO_LONG,
    "garbage 'a.b.c'": SignInFault.MALFORMED,
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_log_learns_what_is_wrong_with_a_token(name: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        OURS.verify(dict(bad_tokens())[name], NOW)
    assert refused.value.fault is FAULTS[name]


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda b: b.decode("latin-1")))
def test_any_text_that_is_not_a_token_is_refused(text: str) -> None:
    assert is_refused(OURS, text)


@given(st.data())
def test_a_token_with_one_changed_character_is_refused(data: st.DataObject) -> None:
    good = with_claims()
    place = data.draw(st.integers(0, len(good) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_.").filter(lambda drawn: drawn != good[place]))
    assert is_refused(OURS, good[:place] + letter + good[place + 1 :])


def test_our_tokens_live_at_most_fifteen_minutes() -> None:
    for minutes in (0, -1, 16):
        with pytest.raises(ValueError, match="at most 15 minutes"):
            OURS.issue(USER, minutes, NOW)


def test_a_demo_token_may_live_long_but_only_in_that_demo() -> None:
    text = DEMO.issue(USER, 60 * 24 * 30, NOW)
    assert DEMO.verify(text, NOW + timedelta(days=29)).sub == USER
    assert is_refused(Keyring.generate("registry"), text)
    assert is_refused(OURS, text)
    assert is_refused(DEMO, OURS.issue(USER, 10, NOW))


def test_a_service_cannot_be_configured_as_a_demo(tmp_path: Path) -> None:
    (tmp_path / "signing.pem").write_bytes(pem(KEY))
    with pytest.raises(ValueError, match="issuer of demos"):
        Keyring.load(tmp_path, issuer="demo", audience="registry")


def test_keys_can_be_rotated(tmp_path: Path) -> None:
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    (tmp_path / "signing.pem").write_bytes(pem(old))
    before = Keyring.load(tmp_path, issuer=OURS.issuer, audience="registry")
    text = before.issue(USER, 10, NOW)

    (tmp_path / "signing.pem").write_bytes(pem(new))
    (tmp_path / "old.pem").write_bytes(public_pem(old))
    during = Keyring.load(tmp_path, issuer=OURS.issuer, audience="registry")
    assert during.verify(text, NOW).sub == USER
    fresh = during.issue(USER, 10, NOW)
    assert is_refused(before, fresh)
    assert not is_refused(during, fresh)

    (tmp_path / "old.pem").unlink()
    after = Keyring.load(tmp_path, issuer=OURS.issuer, audience="registry")
    assert is_refused(after, text)
    assert not is_refused(after, fresh)


def test_a_keyring_without_a_signing_key_only_verifies(tmp_path: Path) -> None:
    (tmp_path / "ministry.pem").write_bytes(public_pem(KEY))
    keyring = Keyring.load(tmp_path, issuer=OURS.issuer, audience="registry")
    assert not is_refused(keyring, OURS.issue(USER, 10, NOW))
    with pytest.raises(ValueError, match="only verifies"):
        keyring.issue(USER, 10, NOW)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("signing.pem", pem(Ed448PrivateKey.generate())),
        ("other.pem", public_pem(Ed448PrivateKey.generate())),
        ("other.pem", pem(KEY)),
        ("other.pem", b"no key"),
        ("readme.txt", b"no key at all"),
    ],
)
def test_a_folder_without_valid_keys_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        Keyring.load(tmp_path, issuer=OURS.issuer, audience="registry")


def test_published_keys_verify_but_cannot_sign() -> None:
    published = OURS.jwks()
    keys = jwt.PyJWKSet.from_dict(published)
    text = OURS.issue(USER, 10, datetime.now(UTC))
    key = keys[jwt.get_unverified_header(text)["kid"]]
    assert jwt.decode(text, key, audience="registry", issuer=OURS.issuer)["sub"] == str(USER)
    assert all(set(key) == {"kty", "crv", "x", "kid", "use", "alg"} for key in published["keys"])


def test_the_token_cache_is_bounded_and_eviction_refuses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token, "_MAX_CACHED", 3)
    keyring = Keyring.generate()
    texts = [keyring.issue(USER, 10, NOW) for _ in range(8)]
    for text in texts * 2:
        assert not is_refused(keyring, text)
    assert len(keyring._cache) == 3


def test_access_errors_have_a_code_and_both_languages() -> None:
    for error in (
        Unauthenticated(),
        Forbidden(ability=Ability.IDENTITY_REVEAL),
        Forbidden(field="fullName", kind=Sensitivity.PERSONAL),
    ):
        assert isinstance(error, AccessError)
        assert error.code.isupper()
        assert error.label_id
        assert error.label_en == str(error) != error.label_id


def test_forbidden_names_either_an_ability_or_a_class() -> None:
    assert Forbidden(field="fullName", kind=Sensitivity.PERSONAL).field == "fullName"
    assert Forbidden(ability=Ability.SEE_OPEN).ability is Ability.SEE_OPEN
    for wrong in ({}, {"field": "fullName"}, {"ability": Ability.SEE_OPEN, "field": "fullName"}):
        with pytest.raises(TypeError):
            Forbidden(**wrong)
