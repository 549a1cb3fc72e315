"""What one call brings to a prepared operation: values that are bound, not compiled.

A plan is made once for each *shape* of the variables: which are given, which keys their objects have, the values of
enums and Booleans, where a code is one village's, and which texts are blank, for those may choose the SQL.  Everything
else is marked by a `Placeholder`, the place where a call holds it.
Rule: what is no part of the shape never reaches a query tree; tests/test_prepared.py changes each value and looks at
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
    """One call: who asks, in which language, with which values."""

    principal: Principal
    language: str
    cursors: Cursors
    variables: dict[str, Any]
    record: uuid.UUID | None = None  # what the command has changed, when a payload shows it
    signers: dict[Hashable, Signer] = field(default_factory=dict)  # of the lists whose cursors this call has met


Binding = Callable[[Call], Any]


@dataclass(frozen=True)
class Placeholder:
    """The value that stands at this place of a call's variables."""

    path: tuple[str | int, ...]
    village: bool = False  # it is always the code of a village
    blank: bool = False  # it is always a text of nothing but spaces

    def __call__(self, call: Call) -> Any:
        found: Any = call.variables
        for step in self.path:
            found = found[step]
        return found


def shape(value: Any) -> Hashable:
    """What of a coerced value may change the SQL."""
    if value is None or isinstance(value, bool | Enum):
        return value
    if isinstance(value, dict):
        return tuple((key, shape(inner)) for key, inner in value.items())
    if isinstance(value, list) and _opened(value):
        return tuple(shape(inner) for inner in value)
    if isinstance(value, VillageCode):
        return VILLAGE
    return BLANK if is_blank(value) else GIVEN


def with_placeholders(value: Any, path: tuple[str | int, ...]) -> Any:
    """The value with a Ref for everything that is not its shape."""
    if value is None or isinstance(value, bool | Enum):
        return value
    if isinstance(value, dict):
        return {key: with_placeholders(inner, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list) and _opened(value):
        return [with_placeholders(inner, (*path, number)) for number, inner in enumerate(value)]
    return Placeholder(path, isinstance(value, VillageCode), is_blank(value))


def _opened(value: list[Any]) -> bool:
    """Whether what a list holds is part of the shape: objects, one village, or nothing: no Ref stands for it."""
    alone = len(value) == 1 and isinstance(value[0], VillageCode)
    return alone or not value or any(isinstance(inner, dict) for inner in value)


def is_village(value: Any) -> bool:
    """Whether a value, or what stands in its place, is the code of one village."""
    return value.village if isinstance(value, Placeholder) else isinstance(value, VillageCode)


def is_blank(value: Any) -> bool:
    """Whether a value, or what stands in its place, is a text of nothing but spaces."""
    return value.blank if isinstance(value, Placeholder) else isinstance(value, str) and not value.strip()


def resolved(value: Any, call: Call) -> Any:
    """The value with what a call holds in the place of every Ref."""
    if isinstance(value, Placeholder):
        return value(call)
    if isinstance(value, dict):
        return {key: resolved(inner, call) for key, inner in value.items()}
    return [resolved(inner, call) for inner in value] if isinstance(value, list) else value


def binding(value: Any, convert: Callable[[Any], Any] | None = None) -> Binding:
    """How a call finds the value of an argument, which is a Ref, a list that may hold some, or a constant."""
    if isinstance(value, Placeholder):
        return value if convert is None else lambda call: convert(value(call))
    if isinstance(value, list) and any(isinstance(inner, Placeholder) for inner in value):
        return lambda call: (convert or list)(resolved(value, call))
    constant = value if convert is None else convert(value)
    return lambda call: constant


def plain(value: Any) -> Any:
    """An enum's code, a list of codes, any other value as it is."""
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value


def folded(text: str) -> str:
    """A text without case and accents, as `registry.folded` makes it in the database."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(c.lower() if c.isascii() else c for c in parts if not "\u0300" <= c <= "\u036f")
