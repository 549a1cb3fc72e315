"""Secrets that people type once: temporary passwords and recovery codes.

Tests: tests/test_password.py, tests/test_totp.py.
"""

from __future__ import annotations

import secrets

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none looks like another
_GROUPS, _GROUP_LENGTH = 4, 4


def typed_secret() -> str:
    """80 random bits in four groups of letters and digits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)
