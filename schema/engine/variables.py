"""What one call brings to a prepared operation: values that are bound, not compiled.

A plan is made once for each *shape* of the variables, which is all that may change the SQL: which variables are given,
which keys their objects have, the values of enums and Booleans, whether a code is one village's, and which texts are
blank.  A `Placeholder` stands for everything else: the place where a call holds it.
Rule: what is not part of the shape never reaches a query tree; tests/test_prepared.py changes each value and looks at
the SQL.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from auth.principal import Principal
from registry.models.fact import VillageCode
from schema.engine.cursor import Cursors, Signer

GIVEN, VILLAGE, BLANK = "given", "village", "blank"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its caller, its language and its values."""

    principal: Principal
    language: str
    cursors: Cursors
    variables: dict[str, Any]
    record: uuid.UUID | None = None  # the id of the record that a command has changed, for its payload
    signers: dict[Hashable, Signer] = field(default_factory=dict)  # of the lists that this call has signed or read


Binding = Callable[[Call], Any]
"""The value of an argument in a call."""
Convert = Callable[[Any], Any]
"""Converts a value before it is bound; may raise RequestError."""


@dataclass(frozen=True)
class Placeholder:
    """The value at this path of a call's variables."""

    path: tuple[str | int, ...]
    village: bool = False  # always the code of a village
    blank: bool = False  # always a text that is empty or only spaces

    def __call__(self, call: Call) -> Any:
        value: Any = call.variables
        for step in self.path:
            value = value[step]
        return value


def shape(value: Any) -> Hashable:
    """The part of a coerced value that may change the SQL."""
    if value is None or isinstance(value, bool | Enum):
        return value
    if isinstance(value, dict):
        return tuple((key, shape(inner)) for key, inner in value.items())
    if isinstance(value, list) and _shapes_sql(value):
        return tuple(shape(inner) for inner in value)
    if isinstance(value, VillageCode):
        return VILLAGE
    return BLANK if is_blank(value) else GIVEN


def with_placeholders(value: Any, path: tuple[str | int, ...]) -> Any:
    """The value with a placeholder for everything that is not part of its shape."""
    if value is None or isinstance(value, bool | Enum):
        return value
    if isinstance(value, dict):
        return {key: with_placeholders(inner, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list) and _shapes_sql(value):
        return [with_placeholders(inner, (*path, number)) for number, inner in enumerate(value)]
    return Placeholder(path, isinstance(value, VillageCode), is_blank(value))


def _shapes_sql(value: list[Any]) -> bool:
    """Whether the items of a list are part of the shape: objects, or a single village; an empty list is too."""
    is_one_village = len(value) == 1 and isinstance(value[0], VillageCode)
    return is_one_village or not value or any(isinstance(inner, dict) for inner in value)


def is_village(value: Any) -> bool:
    """Whether a value, or the value of a placeholder, is the code of one village."""
    return value.village if isinstance(value, Placeholder) else isinstance(value, VillageCode)


def is_blank(value: Any) -> bool:
    """Whether a value, or the value of a placeholder, is a text that is empty or only spaces."""
    if isinstance(value, Placeholder):
        return value.blank
    return isinstance(value, str) and not value.strip()


def resolved(value: Any, call: Call) -> Any:
    """The value with the values of a call for its placeholders."""
    if isinstance(value, Placeholder):
        return value(call)
    if isinstance(value, dict):
        return {key: resolved(inner, call) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolved(inner, call) for inner in value]
    return value


def binding(value: Any, convert: Convert | None = None) -> Binding:
    """How a call gets the value of an argument: a placeholder, a list or object that may hold some, or a constant.

    A constant is converted at once, so that what is wrong with it is refused before the plan is made."""
    if isinstance(value, Placeholder):
        return value if convert is None else lambda call: convert(value(call))
    if _has_placeholder(value):
        return lambda call: resolved(value, call) if convert is None else convert(resolved(value, call))
    constant = value if convert is None else convert(value)
    return lambda call: constant


def _has_placeholder(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(_has_placeholder(inner) for inner in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, Placeholder)


def plain(value: Any) -> Any:
    """The code of an enum, the codes of a list, any other value as it is."""
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value


def folded(text: str) -> str:
    """A text without case and accents, as the function `registry.folded` of the database makes it."""
    letters = unicodedata.normalize("NFKD", text)
    without_accents = (letter for letter in letters if not "\u0300" <= letter <= "\u036f")
    return "".join(letter.lower() if letter.isascii() else letter for letter in without_accents)


def as_uuid(text: str | None) -> uuid.UUID | None:
    """The id; a text that is not a UUID becomes an id that no record has."""
    try:
        return None if text is None else uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)
