"""How large an answer may become, in bytes of JSON, known before it is read.

PostgreSQL makes the whole answer in memory, some copies of it, and so do the server and whoever compresses it: an
answer's greatest length bounds what a statement takes.
Rule: a value is as large as its type and its bounds let it be.  Test: tests/test_size.py.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.models.fact import codes_of, fact_of
from registry.read.query import Datum, Order
from registry.read.sql import type_of
from registry.values.bounds import Bounds

CHARACTER = 4  # bytes at most; a quote or a backslash takes two, and other signs that JSON escapes are never stored
UNBOUNDED = 150  # characters that a text counts as whose column says no bound
ITEMS = 100  # items that a list counts as whose column says no bound
AROUND = 4  # quotes, colon and comma of a field, braces and comma of an object
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
def of_datum(datum: Datum) -> int:
    """The greatest length of a datum's value."""
    type_: Any = type_of(datum)
    bounds = fact_of(datum).bounds
    if isinstance(type_, ARRAY):
        items = (bounds and bounds.items) or (len(codes) if (codes := codes_of(datum)) else ITEMS)
        return 2 + items * (1 + _of_type(datum, type_.item_type, bounds))
    return _of_type(datum, type_, bounds)


def _of_type(datum: Datum, type_: Any, bounds: Bounds | None) -> int:
    for known, size in SIZES:
        if isinstance(type_, known):
            return size
    if codes := codes_of(datum):
        return 2 + max(len(code.value) for code in codes)
    return 2 + CHARACTER * ((bounds and bounds.longest) or UNBOUNDED)


def of_text(text: str) -> int:
    """The length of a text that is always the same."""
    return 2 + len(text.encode())


def of_cursor(order: tuple[Order, ...]) -> int:
    """The greatest length of a cursor, which holds the sort keys, the id and a signature in base 64."""
    return CURSOR + (4 * sum(of_datum(key.datum) for key in order)) // 3
