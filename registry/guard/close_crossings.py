"""The crossings that close the ledgers: one of each, because what they count of others is published rounded.

Rule: they return how many blocks closed, and write shown numbers only.  Tests: tests/test_closes.py.
"""

from __future__ import annotations

from registry.figures.closing import body, is_closed
from registry.figures.ledger import LEDGERS
from registry.figures.unit import Unit
from registry.guard.crossing import Crossing

_WRITTEN = frozenset({"block_close", "published"})


def _closing(unit: Unit) -> Crossing:
    return Crossing(
        f"close_{unit.name}",
        (("after", "timestamptz"),),
        "int",
        frozenset({unit.ledger, *_WRITTEN}),
        f"Published numbers are counted of every {unit.name}, and nobody learns more than what is published.",
        body(unit),
        enters=_WRITTEN,
        changes=_WRITTEN,
    )


CLOSING = {unit: _closing(unit) for unit in LEDGERS if is_closed(unit)}
"""Unit → the crossing that closes its ledger."""
