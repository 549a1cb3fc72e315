"""Keys of look-ups: how one record of a noun is found, declared beside its face in schema/types.

Rule: a look-up reads the key that was sent and no other.  Tests: tests/test_keys.py.
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
    fields, columns = {}, {}
    for key, (column, key_text) in keys.items():
        type_ = ID if isinstance(column.type, sa.Uuid) else str
        fields[key] = InputField(type_, Exemption.STRUCTURE, key_text)
        columns[camel(key)] = column
    return LookupKey("by", input_type(name, text, fields, one_of=True), argument_text, columns=columns)
