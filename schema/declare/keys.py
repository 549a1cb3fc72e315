"""Keys of look-ups: how one record of a noun is found, declared beside its face in schema/types.

Rule: a look-up reads the key that is given and no other.  Tests: tests/test_keys.py.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from registry.models.noun import camel
from schema.declare.directives import Exemption
from schema.declare.input_types import InputField, input_type
from schema.declare.makers import ID
from schema.declare.shapes import LookupKey

Column = InstrumentedAttribute[Any]


def one_of(name: str, text: str, argument_text: str, **keys: tuple[Column, str]) -> LookupKey:
    """The argument `by`, an input `name` that takes exactly one of several unique columns, each with its text."""
    fields = {
        key: InputField(ID if isinstance(column.type, sa.Uuid) else str, Exemption.STRUCTURE, key_text)
        for key, (column, key_text) in keys.items()
    }
    columns = {camel(key): column for key, (column, _) in keys.items()}
    return LookupKey("by", input_type(name, text, fields, one_of=True), argument_text, columns=columns)
