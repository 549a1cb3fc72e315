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
from auth.labelled import Labelled
from auth.sensitivity import Sensitivity
from registry.codes import list_name
from schema.declare.strawberry_internals import describe_values


class Exemption(Labelled):
    """Why an element needs neither a sensitivity nor an ability: a closed list."""

    STRUCTURE = (
        "STRUCTURE",
        "Susunan jawaban: yang menuju ke sana sudah dinyatakan",
        "Edges, page info, totals, payload wrappers, values: what leads to them is declared",
    )
    PARAMETER = (
        "PARAMETER",
        "Parameter perintah, bukan kolom data",
        "A parameter of a command, not a column of a record",
    )
    OWN_CALLER = "OWN_CALLER", "Tentang pemanggil sendiri", "It is about the caller"
    PROTOCOL = "PROTOCOL", "Penanda protokol sinkronisasi", "Checkpoints, digests and stamps of the sync protocol"
    BEFORE_SIGN_IN = "BEFORE_SIGN_IN", "Berlaku sebelum masuk", "It must work without a token"


Labels = tuple[str, str]
"""The Indonesian and the English label of an enum's value."""
ENUM_LABELS: dict[str, dict[str, Labels]] = {}
"""Every enum of the schema by the name of its code list: its values with their labels, in order."""


def named_enum(
    enum: type[Enum],
    labels: Callable[[Any], Labels],
    description: str | None = None,
    directives: Callable[[Any], list[object]] | None = None,
) -> None:
    """Make a type of the schema of an enum, each value described by its labels."""
    text = description or (enum.__doc__ or "").strip()
    labels_of = ENUM_LABELS[list_name(enum.__name__)] = {member.name: labels(member) for member in enum}
    describe_values(
        strawberry.enum(enum, description=text), lambda member: " / ".join(labels_of[member.name]), directives
    )


def own_labels(member: Any) -> Labels:
    """The labels that a member of an enum of ours has."""
    return member.label_id, member.label_en


named_enum(Sensitivity, own_labels, "Classes of data.")
named_enum(Exemption, own_labels)
named_enum(Ability, own_labels, "Abilities of the policy: `household:submit` is HOUSEHOLD_SUBMIT.")

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
