"""How large an answer can become, in bytes of JSON, before anything is read.

PostgreSQL builds the whole answer in memory, several copies of it, and so do the server and whatever compresses it:
the greatest length of an answer bounds the memory of its statement.
Rule: a value counts as long as its type and its bounds allow.  Test: tests/test_size.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.models.fact import codes_of, fact_of
from registry.read.query import Datum, Order
from registry.read.sql import type_of
from registry.values.bounds import Bounds

# Bytes that a character takes at most in UTF-8.  A quote or a backslash takes two; no stored text contains the other
# characters that JSON escapes.
CHARACTER = 4
DEFAULT_CHARACTERS = 150  # of a text whose column declares no bound
DEFAULT_ITEMS = 100  # of an array whose column declares no bound
AROUND = 4  # quotes, colon and comma of a field; braces and comma of an object
CURSOR, COUNT, GROUP = 60, 11, 400
SIZES: tuple[tuple[type[sa.types.TypeEngine[Any]], int], ...] = (
    (sa.Uuid, 38),
    (sa.Boolean, 5),
    (sa.Integer, 11),
    (sa.Float, 24),
    (sa.Numeric, 26),
    (sa.DateTime, 27),
    (sa.Date, 12),
)


@lru_cache(maxsize=2000)
def datum_size(datum: Datum) -> int:
    """The greatest length of a datum's value."""
    type_: Any = type_of(datum)
    bounds = fact_of(datum).bounds
    if not isinstance(type_, ARRAY):
        return _scalar_size(datum, type_, bounds)
    item_size = _scalar_size(datum, type_.item_type, bounds)
    return 2 + _max_items(datum, bounds) * (1 + item_size)


def _max_items(datum: Datum, bounds: Bounds | None) -> int:
    """How many items an array has at most; one of codes holds each code once."""
    if bounds is not None and bounds.items:
        return bounds.items
    codes = codes_of(datum)
    return len(codes) if codes else DEFAULT_ITEMS


def _scalar_size(datum: Datum, type_: Any, bounds: Bounds | None) -> int:
    for sized_type, size in SIZES:
        if isinstance(type_, sized_type):
            return size
    codes = codes_of(datum)
    if codes:
        return 2 + max(len(code.value) for code in codes)
    characters = (bounds and bounds.longest) or DEFAULT_CHARACTERS
    return 2 + CHARACTER * characters


def text_size(text: str) -> int:
    """The length of a constant text."""
    return 2 + len(text.encode())


def cursor_size(order: tuple[Order, ...]) -> int:
    """The greatest length of a cursor: the sort keys, the id and a signature, in base 64."""
    sort_keys = sum(datum_size(key.datum) for key in order)
    return CURSOR + (4 * sort_keys) // 3


def keys_size(keys: Iterable[str], value_size: int = 0) -> int:
    """The length of an object's response keys, and of values of one size behind them."""
    return sum(AROUND + len(key.encode()) + value_size for key in keys)
