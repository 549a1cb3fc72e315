"""Passwords: which are accepted, and how they are hashed.

Argon2id with the parameters that RFC 9106 recommends where memory is scarce; what is accepted follows NIST SP
800-63B-4, section 3.1.1: long enough, not easily guessed, and no rule about which characters it must have.
Rule: no password is longer than LONGEST when work on it begins, and no error, log or repr holds one.
Tests: tests/test_password.py.
"""

from __future__ import annotations

import functools
import re
import secrets
import unicodedata
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from auth.typed_secret import typed_secret

SHORTEST, LONGEST = 12, 200  # characters
FEWEST_GUESSES = 8  # decimal digits of how many guesses a password must withstand, as zxcvbn estimates them
FEWEST_OWN_LETTERS = 6  # letters and digits that are not words of the account or of the ministry
TEMPORARY_FOR = timedelta(days=7)
"""How long a temporary password signs in."""
_ESTIMATED = 72  # characters that zxcvbn accepts; what is beyond them makes no password weaker
_CONTEXT = ("desmigratif", "registry", "kemnaker", "kementerian", "ketenagakerjaan", "migran", "indonesia")

HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def is_acceptable_length(text: str) -> bool:
    """Whether a text that was sent can be a password that somebody has."""
    return len(text) <= LONGEST


def is_weak(password: str, *words: str) -> bool:
    """Whether a password is too short, too long, or guessed early: common ones, dictionary words, names and dates,
    keyboard rows and repetitions, and `words` of its account such as the user name."""
    if not is_acceptable_length(password) or len(_normal(password)) < SHORTEST:
        return True
    from zxcvbn import zxcvbn  # its lists take 15 MB, which only changes of passwords need

    text = _normal(password).casefold()
    parts = {part for word in words for part in re.split(r"[\W_]+", word.casefold()) if len(part) > 2}
    known_words = sorted({*_CONTEXT, *parts}, key=len, reverse=True)
    without_known_words = re.sub("|".join([*map(re.escape, known_words), r"[\W_]+"]), "", text)
    if len(without_known_words) < FEWEST_OWN_LETTERS:
        return True
    estimate = zxcvbn(text[:_ESTIMATED], user_inputs=known_words)
    return bool(estimate["guesses_log10"] < FEWEST_GUESSES)


def hashed(password: str) -> str:
    """The hash to store, with its own salt and parameters; takes 64 MiB and tens of milliseconds."""
    return HASHER.hash(_normal(password))


def is_right(password: str, stored: str | None) -> bool:
    """Whether a password fits a stored hash; without one it takes as long and is false."""
    try:
        HASHER.verify(stored or _decoy(), _normal(password[:LONGEST]))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None and is_acceptable_length(password)


def is_outdated(stored: str) -> bool:
    """Whether a hash has other parameters than today's."""
    return HASHER.check_needs_rehash(stored)


def temporary() -> str:
    """A new password, which its holder types once."""
    return typed_secret()


@functools.cache
def _decoy() -> str:
    """The hash of a password that nobody has."""
    return hashed(secrets.token_urlsafe())


def _normal(password: str) -> str:
    """The same password from every keyboard: NFC."""
    return unicodedata.normalize("NFC", password)
