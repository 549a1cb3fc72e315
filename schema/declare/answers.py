"""The makers of answers: fields whose rows the database makes for the question of their arguments.

Rule: as in schema/declare/makers.py, each has its class.  Test: tests/test_schema.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auth.sensitivity import Sensitivity
from registry.models.noun import Answer, Link, Readable
from registry.read.query import Datum, Order, Source
from schema.declare.arguments import PAGING, argument
from schema.declare.directives import sensitivity
from schema.declare.makers import element
from schema.declare.shapes import Asked, RelatedField

OrderOf = Callable[[str], Datum]
"""How the rows of an answer are sorted by an indicator of this name."""


def answer(kind: Sensitivity, text: str, noun: type[Answer], link: Link | None, asked: Asked) -> Any:
    """The answer to the question of the field's arguments, for the parent or, without a link, for all."""
    shape = RelatedField("one", Source(noun, link), (), None, asked=asked)
    return element(shape, sensitivity(kind), text, asked.arguments)


def answer_rows(
    kind: Sensitivity, text: str, noun: Readable, link: Link, order: tuple[Order, ...], by: Any, order_of: OrderOf
) -> Any:
    """A connection of an answer's rows, sorted by their keys or as the input `by` says."""
    shape = RelatedField("connection", Source(noun, link), order, kind, order_of=order_of)
    arguments = {"order_by": argument(by | None, "By the value of an indicator; by the keys if it is left out.")}
    return element(shape, sensitivity(kind), text, arguments | PAGING)
