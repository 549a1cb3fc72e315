"""What tests read of the problems of a payload."""

from __future__ import annotations

from typing import Any


def codes(payload: Any) -> list[str]:
    """The codes of a payload's errors and warnings, in their order."""
    return [problem["code"] for problem in payload["userErrors"]]
