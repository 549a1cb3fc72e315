"""The maker of unions: a field that shows one record of several nouns, by one id."""

from __future__ import annotations

import typing
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField

from auth.sensitivity import Sensitivity
from registry.models.noun import To
from schema.declare.directives import sensitivity
from schema.declare.makers import NEVER_WITHHELD
from schema.declare.shapes import UnionField


def union(name: str, text: str) -> Any:
    """The name of a union: `Annotated[Business | Household, union("Recipient", "Who received it.")]`."""
    return strawberry.union(name, description=text)


def one_among(kind: Sensitivity, text: str, link: To, *faces: type[Any]) -> Any:
    """The record that a column names, of whichever of these faces it is; null if the caller sees none of them.

    Raises TypeError for a class that may be withheld: nothing hides the record from who sees the row."""
    if kind not in NEVER_WITHHELD:
        raise TypeError(f"{kind.name}: the record would be shown to everybody who sees the row")
    shape = UnionField(link, faces, kind)
    field: StrawberryField = strawberry.field(
        metadata={"shape": shape, "arguments": frozenset()}, directives=sensitivity(kind), description=text
    )
    return typing.cast("Any", field)
