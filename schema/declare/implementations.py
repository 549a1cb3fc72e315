"""Interfaces whose types show one noun: the region and its levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Implementations:
    """The types of an interface that show one noun: the column `discriminator` holds the code of a row's type."""

    discriminator: str
    faces: dict[str, type[Any]]  # by code


IMPLEMENTATIONS: dict[type[Any], Implementations] = {}
"""Face of an interface → its types."""
