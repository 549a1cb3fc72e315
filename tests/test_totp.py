"""One-time codes: the vectors of RFC 6238, its window, and no code twice."""

from __future__ import annotations

import base64
import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pytest

from auth import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"}


def at(second: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(second, dt.UTC)


@pytest.mark.parametrize("second", VECTORS)
def test_the_codes_are_those_of_rfc_6238(second: int) -> None:
    """Of its appendix B, the last six of eight digits."""
    assert totp.step_of(SECRET, VECTORS[second], at(second), 0) == second // 30
    spaced = f" {VECTORS[second][:3]} {VECTORS[second][3:]} "
    assert totp.step_of(SECRET, spaced, at(second), 0) == second // 30


@pytest.mark.parametrize(("steps", "is_good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_ahead_or_behind(steps: int, is_good: bool) -> None:
    step = totp.step_of(SECRET, "081804", at(1111111109 + 30 * steps), 0)
    assert (step is not None) is is_good


def test_no_time_step_is_good_twice() -> None:
    step = totp.step_of(SECRET, "081804", at(1111111109), 0)
    assert step is not None
    assert totp.step_of(SECRET, "081804", at(1111111109), step) is None
    assert totp.step_of(SECRET, "081804", at(1111111109), step - 1) == step


@pytest.mark.parametrize("code", ["", "08180", "0818044", "081805", "٠٨١٨٠٤", "abcdef", "0" * 10_000])
def test_what_is_no_code_of_the_moment_is_refused(code: str) -> None:
    assert totp.step_of(SECRET, code, at(1111111109), 0) is None


def test_apps_read_the_address() -> None:
    address = urlsplit(totp.uri(SECRET, "admin@national", "Desmigratif"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert parse_qs(address.query) == {"secret": [SECRET], "issuer": ["Desmigratif"]}


def test_secrets_and_recovery_codes_are_random() -> None:
    assert len({totp.new_secret() for _ in range(50)}) == 50
    codes = [code for _ in range(10) for code in totp.new_recovery_codes()]
    assert len(set(codes)) == len(codes) == 100


def test_a_recovery_code_is_known_however_it_is_typed_and_only_with_the_key() -> None:
    (code, *_) = totp.new_recovery_codes()
    stored = totp.recovery_hash(code, "account", b"k" * 32)
    assert totp.recovery_hash(code.lower().replace("-", " "), "account", b"k" * 32) == stored
    assert totp.recovery_hash(code, "another", b"k" * 32) != stored
    assert totp.recovery_hash(code, "account", b"l" * 32) != stored
