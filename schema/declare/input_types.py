"""The makers of inputs, orders, enums and scalars: what callers may send.

Rule: an input field has a class or an exemption, an order key the class of its datum.  Test: tests/test_schema.py.
"""

from __future__ import annotations

import datetime as dt
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
from registry.figures.catalogue import INDICATORS
from registry.models.fact import Fact
from registry.models.noun import camel
from registry.values.text import clean
from schema.declare.directives import Exempt, Exemption, named_enum, own_labels, sensitivity
from schema.declare.strawberry_internals import keep_as_sent


@dataclass(frozen=True)
class InputField:
    """An input field: its type, its class or exemption, and its description."""

    type: Any
    kind: Sensitivity | Exemption
    text: str
    default: Any = UNSET
    required: bool = False
    lines: bool = False  # a text that may have several lines
    secret: bool = False  # a text that reaches the command as it was sent


def described(fact: Fact, text: str | None = None) -> str:
    """The description of a fact in the schema: what it is, in both languages, and how large it may be."""
    description = f"{text or fact.label_en} ({fact.label_id})."
    if fact.listed is not None:
        return f"{description} A code of the list {fact.listed.name}."
    return description if fact.bounds is None else f"{description} {fact.bounds.text}"


InputDict = dict[str, Any]
"""A coerced input: its values by the names of the schema, without what was left out."""
Clean = Callable[[Any], Any]
CLEANING: dict[type[Any], dict[str, Clean]] = {}
"""Input → key → how its value is cleaned, for all keys whose values are or contain texts."""


def cleaned(type_: Any, sent: InputDict) -> InputDict:
    """An input with every text but secrets cleaned, once, before a command reads it; a blank text becomes null."""
    values = dict(sent)
    for key, clean_value in CLEANING[type_].items():
        value = sent.get(key)
        if value is not None:
            values[key] = clean_value(value)
    return values


def _cleaning(type_: Any, input_field: InputField) -> Clean | None:
    """How values of a type are cleaned; None if they contain no text."""
    if typing.get_origin(type_) is list:
        (item_type,) = typing.get_args(type_)
        clean_item = _cleaning(item_type, replace(input_field, required=True))
        if clean_item is None:
            return None
        return lambda values: [clean_item(value) for value in values]
    if type_ in CLEANING:
        return (lambda value: cleaned(type_, value)) if CLEANING[type_] else None
    if type_ is not str or input_field.secret:
        return None
    blank = "" if input_field.required else None
    return lambda text: clean(text, lines=input_field.lines) or blank


def input_type(name: str, text: str, fields: dict[str, InputField], one_of: bool = False) -> type[Any]:
    """An input made of `fields` (Python name → InputField).

    It reaches a command as `InputDict`."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for python_name, input_field in fields.items():
        body["__annotations__"][python_name] = _annotation(input_field)
        body[python_name] = _strawberry_field(python_name, input_field)
    input_: Any = strawberry.input(type(name, (), body), description=text, one_of=one_of)
    keep_as_sent(input_)
    CLEANING[input_] = {}
    for python_name, input_field in fields.items():
        clean_value = _cleaning(input_field.type, input_field)
        if clean_value is not None:
            CLEANING[input_][camel(python_name)] = clean_value
    return cast("type[Any]", input_)


def _annotation(input_field: InputField) -> Any:
    is_non_null = input_field.required or input_field.default is not UNSET
    return input_field.type if is_non_null else input_field.type | None


def _strawberry_field(python_name: str, input_field: InputField) -> Any:
    kind = input_field.kind
    directives = [Exempt(reason=kind)] if isinstance(kind, Exemption) else sensitivity(kind)
    options: dict[str, Any] = {} if input_field.required else {"default": input_field.default}
    if python_name.endswith("_"):  # the name is a keyword of Python
        options["name"] = python_name[:-1]
    return strawberry.field(directives=directives, description=input_field.text, **options)


def key_enum(name: str, text: str, facts: dict[str, Fact]) -> type[Enum]:
    """An enum of keys, each with the class of its fact."""
    keys = Enum(name, {key: key for key in facts})  # type: ignore[misc]  # an enum of names known at import
    named_enum(
        keys,
        lambda key: (facts[key.name].label_id, facts[key.name].label_en),
        text,
        lambda key: sensitivity(facts[key.name].sensitivity),
    )
    return keys


def order_input(name: str, text: str, facts: dict[str, Fact]) -> type[Any]:
    """The input `{name}Order` over an enum of keys."""
    keys = key_enum(f"{name}OrderField", "Keys to sort by; one that you may not read is refused.", facts)
    fields = {
        "field": InputField(keys, Exemption.STRUCTURE, "Key.", required=True),
        "direction": InputField(OrderDirection, Exemption.STRUCTURE, "Direction.", OrderDirection.ASC),
    }
    return input_type(f"{name}Order", text, fields)


def scalar(name: str, text: str, parse: Callable[[Any], Any]) -> Any:
    """A scalar; what is sent of it is parsed, and the read engine's values are in their form on the wire already."""
    return strawberry.scalar(name=name, description=text, serialize=_written, parse_value=parse)


def _written(value: Any) -> Any:
    """A value in its form on the wire: an instant that a command answers is UTC with milliseconds."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


_CLASSES: dict[type[codes.Code], Callable[[Any], list[object]]] = {
    codes.IndicatorName: lambda name: sensitivity(INDICATORS[name].sensitivity),
    codes.Dimension: lambda dimension: sensitivity(dimension.sensitivity),
}
"""The lists whose codes have a class each."""


def config(scalars: dict[object, Any]) -> StrawberryConfig:
    return StrawberryConfig(scalar_map=scalars)


for _codes in codes.lists().values():  # every code list is an enum of the schema, each value with both labels
    named_enum(_codes, own_labels, directives=_CLASSES.get(_codes))
