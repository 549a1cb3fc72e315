"""What tests read of the problems of a payload."""

from __future__ import annotations

from typing import Any


def codes(payload: Any) -> list[str]:
    """The codes of a payload's errors and warnings, in their order."""
    return [problem["code"] for problem in payload["userErrors"]]


def codes_and_paths(payload: Any) -> list[tuple[str, list[str]]]:
    """The codes of a payload's errors and warnings with the places in the input that they point to, in their order."""
    return [(problem["code"], problem["path"]) for problem in payload["userErrors"]]
