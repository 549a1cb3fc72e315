"""How tests hash passwords: at a hundredth of the price, except those about the price itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from auth import password

TODAYS = password.HASHER
QUICK = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)  # KiB


def hash_quickly() -> None:
    """Let this process hash with QUICK, which no setting of the product could ask for."""
    password.HASHER = QUICK


@pytest.fixture
def todays_hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Today's parameters, for one test."""
    monkeypatch.setattr(password, "HASHER", TODAYS)
    password._decoy.cache_clear()
    yield
    password._decoy.cache_clear()
