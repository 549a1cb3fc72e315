"""The civil day of the registry, that of the capital (WIB, UTC+7): grants, ages and the serials of a year follow it.

Rule: a day is the same for every caller and server, whatever their own time zone.  Tests: tests/test_principals.py,
tests/test_masks.py.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

CAPITAL = ZoneInfo("Asia/Jakarta")
NOW_IN_CAPITAL: sa.ColumnElement[Any] = sa.func.timezone(
    sa.literal_column(f"'{CAPITAL.key}'", sa.Text()), sa.func.now()
)
"""The date and time on the clocks of the capital, in SQL; cast to a date it is the civil day."""


def civil_day() -> dt.date:
    """Today in the capital."""
    return dt.datetime.now(CAPITAL).date()
