"""One-time codes of an authenticator (TOTP, RFC 6238), and the recovery codes that replace it.

Rule: a code is good in its own time step and the one before or after (RFC 6238, section 5.2), and no time step is good
twice: whoever accepts a code stores its step.  Tests: tests/test_totp.py.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

import pyotp

from auth.typed_secret import typed_secret

PERIOD = 30  # seconds of a time step
DIGITS = 6
DRIFT = 1  # time steps by which the clock of the authenticator may be ahead or behind
RECOVERY_CODES = 10
LONGEST_CODE = 40  # characters of a code as people type it, with blanks and hyphens


def new_secret() -> str:
    """A secret of 160 bits (RFC 4226, section 4), in base 32."""
    return pyotp.random_base32()


def uri(secret: str, username: str, issuer: str) -> str:
    """The `otpauth://` address that authenticator apps read as a QR code."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD).provisioning_uri(name=username, issuer_name=issuer)


def step_of(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """The time step after `last_step` whose code this is; None for a wrong code, and for one that was used."""
    digits = _typed(code)
    if len(digits) != DIGITS or not digits.isdecimal() or not digits.isascii():
        return None
    totp, this_step = pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD), int(now.timestamp()) // PERIOD
    steps = [
        step
        for step in range(this_step - DRIFT, this_step + DRIFT + 1)
        if hmac.compare_digest(totp.generate_otp(step), digits)
    ]
    return next((step for step in steps if step > last_step), None)


def new_recovery_codes() -> list[str]:
    """Codes of 80 random bits each, as many as an account has."""
    return [typed_secret() for _ in range(RECOVERY_CODES)]


def recovery_hash(code: str, account: str, key: bytes) -> bytes:
    """What is stored of a recovery code: without the key, a stolen dump lets nobody try codes (NIST SP 800-63B-4,
    section 3.1.2.2)."""
    return hmac.digest(key, f"{account}|{_typed(code).upper()}".encode(), hashlib.sha256)


def _typed(code: str) -> str:
    """A code without the blanks and hyphens between its groups."""
    return "".join(code[:LONGEST_CODE].split()).replace("-", "")
