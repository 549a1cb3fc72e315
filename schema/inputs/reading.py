"""How coerced values of an input are read: as a document holds them."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any

from registry.models.fact import VillageCode
from registry.values.text import clean
from schema.declare.input_types import InputDict
from schema.errors import BadInput

_NIL = str(uuid.UUID(int=0))
_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUID = re.compile(r"(urn:uuid:)?(\{)?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}(?(2)\})", re.ASCII | re.IGNORECASE)


def json_value(value: Any) -> Any:
    """A value as a document holds it."""
    if (read := READERS.get(type(value))) is not None:
        return read(value)
    return code_of(value)


def as_it_is(value: Any) -> Any:
    """A text, number or Boolean as a document holds it."""
    return value


def code_of(value: Any) -> Any:
    """A code as a document holds it; what is not a member of an enum stays as it is."""
    return value.value if isinstance(value, Enum) else value


def formed(form: Callable[[str], str]) -> Callable[[str], str | None]:
    """A reader of numbers and codes that are typed as text: in the one way to write them; blank is null."""
    return lambda value: form(value) or None


def _instant(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


READERS: dict[type[Any], Callable[[Any], Any]] = {
    VillageCode: str,
    dt.datetime: _instant,
    dt.date: dt.date.isoformat,
    Decimal: lambda value: str(value.quantize(Decimal("0.01"))),
    float: lambda value: round(value, 4),
    list: lambda values: list(dict.fromkeys(json_value(value) for value in values)),
}
"""Type of a coerced value → how a document writes it; numbers and Booleans stay as they are, a code is its value."""


def id_or_null(value: str) -> str | None:
    """An id; blank is null.  Raises BadInput."""
    return uuid_text(value) if clean(value) else None


def uuid_text(text: str) -> str:
    """The canonical form of an id.  Raises BadInput for a text that is not a UUID."""
    if _CANONICAL.fullmatch(text) and text != _NIL:
        return text
    cleaned = clean(text) or ""
    if not _UUID.fullmatch(cleaned) or not (id_ := uuid.UUID(cleaned)).int:
        raise BadInput("Setiap `id` harus UUID.", "Every `id` must be a UUID.")
    return str(id_)


def id_of(sent: InputDict) -> uuid.UUID:
    """The `id` of an input.  Raises BadInput."""
    return uuid.UUID(uuid_text(sent["id"]))
