"""The makers of inputs, orders, enums and scalars: what callers may send.

Rule: an input field has a class or an exemption, an order key the class of its datum.  Test: tests/test_schema.py.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, cast

import strawberry
from strawberry import UNSET
from strawberry.schema.config import StrawberryConfig

from auth.sensitivity import Sensitivity
from registry import codes
from registry.codes import OrderDirection
from registry.models.fact import Fact
from registry.models.noun import camel
from registry.values.text import clean
from schema.declare.directives import Exempt, Exemption, named_enum, sensitivity
from schema.declare.strawberry_internals import describe_values, keep_as_sent


@dataclass(frozen=True)
class InputField:
    """An input field: `columns` are what it writes."""

    type: Any
    kind: Sensitivity | Exemption
    text: str
    default: Any = UNSET
    columns: tuple[str, ...] = ()
    required: bool = False
    lines: bool = False  # a text of several lines


def described(fact: Fact, text: str | None = None) -> str:
    """A fact as the schema describes it: what it is, in both languages, and how large it may be."""
    said = f"{text or fact.label_en} ({fact.label_id})."
    return said if fact.bounds is None else f"{said} {fact.bounds.text}"


InputDict = dict[str, Any]
"""An input as GraphQL coerced it: by the names of the schema, without what was left out."""


Clean = Callable[[Any], Any]
CLEANING: dict[type[Any], dict[str, Clean]] = {}
"""Input → key → how a value of it is cleaned, for its texts and what holds some."""


def cleaned(type_: Any, sent: InputDict) -> InputDict:
    """An input with every text in it cleaned, once, before a command looks at it: what is blank is not given."""
    cleaning = CLEANING[type_]
    return {
        key: value if value is None or (clean_ := cleaning.get(key)) is None else clean_(value)
        for key, value in sent.items()
    }


def _cleaning(type_: Any, given: InputField) -> Clean | None:
    """How values of a type are cleaned; None where there is no text in them."""
    if typing.get_origin(type_) is list:
        (item,) = typing.get_args(type_)
        each = _cleaning(item, replace(given, required=True))
        return None if each is None else lambda values: [each(value) for value in values]
    if type_ in CLEANING:
        return (lambda value: cleaned(type_, value)) if CLEANING[type_] else None
    if type_ is not str:
        return None
    blank = "" if given.required else None
    return lambda text: clean(text, lines=given.lines) or blank


def input_type(name: str, text: str, fields: dict[str, InputField], one_of: bool = False) -> type[Any]:
    """An input made of `fields` (Python name → Given).

    It reaches a command as `InputDict`."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for python_name, given in fields.items():
        body["__annotations__"][python_name] = (
            given.type if given.required or given.default is not UNSET else given.type | None
        )
        directives = [Exempt(reason=given.kind)] if isinstance(given.kind, Exemption) else sensitivity(given.kind)
        kw: dict[str, Any] = {} if given.required else {"default": given.default}
        if python_name.endswith("_"):  # a word of Python
            kw["name"] = python_name[:-1]
        body[python_name] = strawberry.field(
            directives=directives, description=given.text, metadata={"given": given}, **kw
        )
    made: Any = strawberry.input(type(name, (), body), description=text, one_of=one_of)
    keep_as_sent(made)
    cleaning = {camel(python_name): _cleaning(given.type, given) for python_name, given in fields.items()}
    CLEANING[made] = {key: clean_ for key, clean_ in cleaning.items() if clean_ is not None}
    return cast("type[Any]", made)


def keys(name: str, text: str, facts: dict[str, Fact]) -> type[Enum]:
    """An enum of keys, each with the class of its fact."""
    values = Enum(name, {key: key for key in facts})  # type: ignore[misc]  # an enum of names known at import
    describe_values(
        strawberry.enum(values, description=text),
        lambda key: f"{facts[key.name].label_en} ({facts[key.name].label_id}).",
        lambda key: sensitivity(facts[key.name].sensitivity),
    )
    return values


def ordering(name: str, text: str, facts: dict[str, Fact]) -> type[Any]:
    """The input `{name}Order` over an enum of keys."""
    values = keys(
        f"{name}OrderField", f"Keys to sort {name.lower()} records by; one that you may not read is refused.", facts
    )
    direction = InputField(OrderDirection, Exemption.STRUCTURE, "Direction.", OrderDirection.ASC)
    return input_type(
        f"{name}Order",
        text,
        {"field": InputField(values, Exemption.STRUCTURE, "Key.", required=True), "direction": direction},
    )


def scalar(name: str, text: str, parse: Callable[[Any], Any]) -> Any:
    """A scalar whose values the read engine has already written in their form on the wire."""
    return strawberry.scalar(name=name, description=text, serialize=lambda value: value, parse_value=parse)


def config(scalars: dict[object, Any]) -> StrawberryConfig:
    return StrawberryConfig(scalar_map=scalars)


for _codes in codes.lists().values():  # every code list is an enum of the schema, each value with both labels
    named_enum(_codes, lambda code: code.description)
