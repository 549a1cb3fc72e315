"""Statistics: the answer to a question of figures, with all that one must know to quote it.

The database answers (registry/guard/statistics.py): it counts, and decides which figures the caller gets as they are.
Tests: tests/test_statistics.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.ability import Ability
from auth.area import COUNTRY
from auth.principal import SETTING_OF, area_setting
from auth.sensitivity import Sensitivity
from registry.figures.answer import column, shown_part
from registry.figures.indicator import COUNTED
from registry.figures.kept import ANSWER, FIGURE
from registry.models.fact import Derived
from registry.models.noun import Answer, const

OPEN = Sensitivity.OPEN
SETTINGS = (*[area_setting(kind) for kind in COUNTED if kind is not OPEN], SETTING_OF[Ability.FIGURE_EXACT])
"""Where the caller sees figures of each class as they are; OPEN ones are exact for everybody."""
TEXTS = ARRAY(sa.Text())


class Statistics(Answer):
    """One row: the answer for the parent region, or for the place that the question names."""

    row_sensitivity = OPEN
    settings = SETTINGS

    @staticmethod
    def answer(parent: sa.FromClause | None, name: str, question: sa.ColumnElement[Any]) -> sa.FromClause:
        # registry.statistics(CAST($1 AS JSONB), t$1.code) AS t$2
        within: Any = question.op("->>")(const("within"))
        place = sa.func.coalesce(within, const(COUNTRY)) if parent is None else parent.c.code
        return sa.func.registry.statistics(question, place).table_valued(*_columns(), name=name)


class KeptStatistics(Answer):
    """One row: an answer that was kept, by its id."""

    row_sensitivity = OPEN
    settings = SETTINGS

    @staticmethod
    def answer(parent: sa.FromClause | None, name: str, question: sa.ColumnElement[Any]) -> sa.FromClause:
        # registry.kept_statistics(CAST(CAST($1 AS JSONB) ->> 'id' AS UUID)) AS t$1
        which = sa.cast(question.op("->>")(const("id")), sa.Uuid())
        return sa.func.registry.kept_statistics(which).table_valued(*_columns(), name=name)


def _columns() -> list[Any]:
    return [sa.column("area" if name == "place" else name, FIGURE.c[name].type) for name in ANSWER]


def of_region(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: always true, because the function's argument names the region."""
    return sa.true()


def region_of(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: the region that the answer describes; none for the country."""
    return sa.and_(child.c.code == parent.c.area, child.c.valid_to.is_(None))


def _asked(name: str, key: str, type_: Any, label_id: str, label_en: str) -> Derived[Any]:
    """A part of the question."""
    return shown_part(
        name, type_, label_id, label_en, lambda row, ctx: sa.cast(row.c.question.op("->>")(const(key)), type_)
    )


# --- the answer -------------------------------------------------------------------------------------------------------

identity: Derived[uuid.UUID] = column("id", sa.Uuid(), "Id", "Id of this answer")
on: Derived[dt.date | None] = _asked("on", "on", sa.Date(), "Pada tanggal", "The day asked for; null for now")
period_from: Derived[dt.date | None] = _asked("period_from", "from", sa.Date(), "Dari", "First day of the period")
period_to: Derived[dt.date | None] = _asked("period_to", "to", sa.Date(), "Sampai", "Last day of the period")
cut_off: Derived[dt.datetime] = column(
    "cut_off", sa.DateTime(timezone=True), "Data sampai", "The newest state that is counted here"
)
oldest_cut_off: Derived[dt.datetime] = column(
    "oldest_cut_off",
    sa.DateTime(timezone=True),
    "Data tertua",
    "The oldest state: published numbers of a village move only when five of its households have changed",
)
region_version: Derived[str] = column("region_version", sa.Text(), "Versi wilayah", "Decree of the region list")
reporting: Derived[int] = column(
    "reporting", sa.Integer(), "Desa yang melapor", "Enrolled villages with a verification in the last 180 days"
)
enrolled: Derived[int] = column("enrolled", sa.Integer(), "Desa peserta", "Villages that are enrolled and active")
published: Derived[int] = column(
    "published", sa.Integer(), "Desa yang terbit", "Villages of which numbers are published"
)
suppressed_cells: Derived[int] = column(
    "suppressed", sa.Integer(), "Angka yang disembunyikan", "Figures of this answer that are suppressed"
)
includes_unverified: Derived[bool] = _asked(
    "includes_unverified",
    "unverified",
    sa.Boolean(),
    "Termasuk yang belum diverifikasi",
    "Whether records are counted that nobody has verified yet",
)
