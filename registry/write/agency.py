"""The list of licensed agencies, as an operator loads it.

An agency is known by the number of its licence; its id follows from it, so that every registry that loads the list has
the same.  Rule: an agency that a later file lacks is inactive.  Test: tests/test_agencies.py.
"""

from __future__ import annotations

import datetime as dt
import uuid

from registry.models.agency import AGENCY
from registry.write.loadable import Cells, Loadable, Values

LICENCES = uuid.UUID("7b0d2d0e-3f0a-4c57-9a63-2f1d6f3c9a01")
"""The name space of the ids."""


def agency_id(licence_no: str) -> uuid.UUID:
    """The id of the agency with this licence."""
    return uuid.uuid5(LICENCES, licence_no)


def _row(licence_no: str, cells: Cells, place: int) -> Values:
    return {"id": agency_id(licence_no), "name": cells["name"], "city": cells["city"], "active": True}


def _ended(licence_no: str, before: Values, today: dt.date) -> Values | None:
    return {"active": False} if before["active"] else None


AGENCIES = Loadable(
    "AGENCY", AGENCY, "licence_no", ("licence_no", "name", "city"), ("licence_no", "name"), _row, _ended
)
