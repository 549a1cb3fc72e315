"""Refresh tokens: only we make them, and each has one successor."""

from __future__ import annotations

import uuid

import pytest

from auth.refresh_token import LENGTH, RefreshToken

KEY, OTHER = b"k" * 32, b"o" * 32
ACCOUNT, SESSION = uuid.uuid4(), uuid.uuid4()


def test_a_token_is_read_as_it_was_written() -> None:
    token = RefreshToken.first(ACCOUNT, SESSION)
    text = token.text(KEY)
    assert len(text) == LENGTH
    assert RefreshToken.read(text, KEY) == token
    assert RefreshToken.read(text, OTHER) is None


def test_every_changed_character_is_noticed() -> None:
    text = RefreshToken.first(ACCOUNT, SESSION).text(KEY)
    for place, letter in enumerate(text):
        changed = text[:place] + ("A" if letter != "A" else "B") + text[place + 1 :]
        assert RefreshToken.read(changed, KEY) is None, place


@pytest.mark.parametrize("text", ["", "x", "é" * LENGTH, "=" * LENGTH, "A" * LENGTH, "A" * 1_000_000])
def test_what_we_did_not_make_is_refused(text: str) -> None:
    assert RefreshToken.read(text, KEY) is None


def test_a_successor_follows_from_the_token_and_the_key_alone() -> None:
    token = RefreshToken.first(ACCOUNT, SESSION)
    successor = token.successor(KEY)
    assert successor == token.successor(KEY)
    assert successor.secret not in (token.secret, token.successor(OTHER).secret)
    assert (successor.account, successor.session, successor.generation) == (ACCOUNT, SESSION, 1)
    assert len({token.hash, successor.hash, successor.successor(KEY).hash}) == 3


def test_the_secret_is_random_and_not_shown() -> None:
    tokens = [RefreshToken.first(ACCOUNT, SESSION) for _ in range(100)]
    assert len({token.secret for token in tokens}) == 100
    assert "secret" not in repr(tokens[0])
