"""The order of an answer's rows by an indicator.

Rule: it is one of the indicators that were asked for.  Test: tests/test_statistics.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from registry.codes import OrderDirection
from registry.read.query import Datum, Order
from schema.engine.variables import plain
from schema.engine.walk import Walk
from schema.errors import BadInput


def indicator_order(selection: Walk, order_by: Any, order_of: Callable[[str], Datum]) -> Order:
    """The order that `orderBy` of an answer's rows asks for."""
    name, question = plain(order_by["indicator"]), selection.question
    assert question is not None
    selection.bind(selection.new_name("o"), question["indicators"], partial(_among, name), refuses=True)
    return Order(order_of(name), order_by.get("direction") is not OrderDirection.ASC)


def _among(name: str, names: list[Any]) -> str:
    """The indicator to sort by.  Raises BadInput unless it is among those asked for."""
    if name not in plain(names):
        raise BadInput(f"Minta {name} juga bila diurutkan menurutnya.", f"Ask for {name} too, to sort by it.")
    return name
