"""The directives that print each element's declaration into the schema, and the closed list of exemptions.

Rule: an element has exactly one of `@sensitivity`, `@requires`, `@exempt`.  Test: tests/test_schema.py.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import strawberry
from strawberry.schema_directive import Location

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from schema.declare.strawberry_internals import describe_values


class Exemption(Enum):
    """Why an element needs neither a sensitivity nor an ability: a closed list."""

    STRUCTURE = "STRUCTURE"
    PARAMETER = "PARAMETER"
    OWN_CALLER = "OWN_CALLER"
    PROTOCOL = "PROTOCOL"
    BEFORE_SIGN_IN = "BEFORE_SIGN_IN"


EXEMPTIONS = {
    Exemption.STRUCTURE: "Edges, page info, totals, payload wrappers, values: what leads to them is declared.",
    Exemption.PARAMETER: "A parameter of a command, not a column of a record.",
    Exemption.OWN_CALLER: "It is about the caller.",
    Exemption.PROTOCOL: "Checkpoints, digests and stamps of the sync protocol.",
    Exemption.BEFORE_SIGN_IN: "It must work without a token.",
}


def named_enum(enum: type[Enum], described: Callable[[Any], str], description: str | None = None) -> None:
    """Make a type of the schema of an enum, each value with a description."""
    text = description or (enum.__doc__ or "").strip()
    describe_values(strawberry.enum(enum, description=text), described)


named_enum(Sensitivity, lambda kind: f"{kind.label_en} ({kind.label_id}).", "Classes of data.")
named_enum(Exemption, EXEMPTIONS.__getitem__)
named_enum(
    Ability,
    lambda ability: f"{ability.label_en} ({ability.label_id}).",
    "Abilities of the policy: `household:submit` is HOUSEHOLD_SUBMIT.",
)

_FIELD, _INPUT = Location.FIELD_DEFINITION, Location.INPUT_FIELD_DEFINITION


@strawberry.schema_directive(
    locations=[_FIELD, _INPUT, Location.ARGUMENT_DEFINITION, Location.ENUM_VALUE],
    name="sensitivity",
    description="Declares which class of data this is.",
)
class SensitivityIs:
    is_: Sensitivity = strawberry.directive_field(name="is")


@strawberry.schema_directive(
    locations=[_FIELD], name="requires", description="Declares which ability opens this command."
)
class Requires:
    ability: str


@strawberry.schema_directive(
    locations=[_FIELD, _INPUT],
    name="exempt",
    description="Declares that this needs neither a sensitivity nor an ability, and why.",
)
class Exempt:
    reason: Exemption


def sensitivity(kind: Sensitivity) -> list[object]:
    """`@sensitivity(is: …)`."""
    return [SensitivityIs(is_=kind)]
