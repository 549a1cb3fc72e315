"""The query of the crossing `figures`: the Minister's sentence for a region, or for the country, '0'.

Whoever sees a class exactly there gets what is counted now: what a cube keeps is read from its cells, and the rest of
the queue is added.  Everybody else gets what is published; of the country that is exact, as of its last close.
Rule: which of both it is, is decided in here, from the caller's settings, so the function hands nobody a true count of
others.  Tests: tests/test_summary.py, tests/test_crossing.py.
"""

from __future__ import annotations

from typing import NamedTuple

from auth.area import COUNTRY
from registry.codes import IndicatorName
from registry.figures.catalogue import INDICATORS
from registry.figures.count import conditions
from registry.figures.cube import BUSINESSES, HOUSEHOLDS, MIGRANTS, NOW, PERSONS, level_of
from registry.figures.fold import postings
from registry.figures.tables import HEADLINE, NUMERATOR
from registry.figures.units import PERSON
from registry.guard.reporting import reporting
from registry.values.civil_day import CAPITAL

N = IndicatorName


class SummaryFigure(NamedTuple):
    """A figure of the sentence: its indicator, and its live count from the rows `cell`; None is counted apart."""

    indicator: IndicatorName
    live: str | None

    @property
    def kind(self) -> str:
        """Its class, as a column of `sight`."""
        return INDICATORS[self.indicator].sensitivity.value.lower()


def _cells(cube: int, *tests: str) -> str:
    where = " AND ".join([f"cube = {cube}", *tests])
    return f"(SELECT coalesce(sum(n), 0)::int FROM cell WHERE {where})"


_RUNNING, _READY = "k1 = 'RUNNING'", "k3 IN ('READY', 'EXPORTING')"
SUMMARY: dict[str, SummaryFigure] = {
    "households": SummaryFigure(N.HOUSEHOLDS, _cells(HOUSEHOLDS.id)),
    "persons": SummaryFigure(N.HOUSEHOLD_MEMBERS, _cells(PERSONS.id)),
    "prospective": SummaryFigure(N.PERSONS_PROSPECTIVE, _cells(MIGRANTS.id, "k1 = 'PROSPECTIVE'")),
    "working_abroad": SummaryFigure(N.PERSONS_ACTIVE, _cells(MIGRANTS.id, "k1 = 'WORKING_ABROAD'")),
    "returned": SummaryFigure(N.PERSONS_RETURNED, _cells(MIGRANTS.id, "k1 = 'RETURNED'")),
    "children_left_behind": SummaryFigure(N.CHILDREN_LEFT_BEHIND, None),
    "households_with_business": SummaryFigure(N.HOUSEHOLDS_WITH_BUSINESS, _cells(HOUSEHOLDS.id, "k2 = 'true'")),
    "returned_with_business": SummaryFigure(
        N.RETURNED_WITH_BUSINESS, _cells(MIGRANTS.id, "k1 = 'RETURNED'", "k2 = 'true'")
    ),
    "businesses": SummaryFigure(N.BUSINESSES, _cells(BUSINESSES.id, _RUNNING)),
    "export_ready": SummaryFigure(N.EXPORT_READY, _cells(BUSINESSES.id, _RUNNING, _READY)),
}
"""Every figure of the sentence but coverage, which is public."""
BARS = {
    "businesses_by_field": ("businesses", _RUNNING),
    "export_ready_by_field": ("export_ready", f"{_RUNNING} AND {_READY}"),
}
"""List by field → the figure that it adds up to, and its live rows of `cell`."""

_BELOW = f"CASE inside WHEN '{COUNTRY}' THEN ':' ELSE inside || '/' END"
_CUBES = (HOUSEHOLDS, PERSONS, MIGRANTS, BUSINESSES)
_IDS = ", ".join(str(cube.id) for cube in _CUBES)
_WAITING = postings("figure_due", _CUBES, where=f"l.area >= inside AND l.area < {_BELOW}")
_K = 5


def _ledger(indicator: IndicatorName) -> str:
    counts = INDICATORS[indicator].counts
    return "" if counts is None else counts.unit.name


def _published(figure: SummaryFigure) -> str:
    """The published number; of the headline, none is zero once the country has closed."""
    shown = f"(SELECT shown FROM shown WHERE indicator = '{figure.indicator}' AND by = '')"
    if figure.indicator not in HEADLINE:
        return shown
    closed = f"ledger = '{_ledger(figure.indicator)}' AND depth = 1 AND place = '{COUNTRY}'"
    is_closed = f"inside = '{COUNTRY}' AND EXISTS (SELECT FROM block_close WHERE {closed})"
    return f"coalesce({shown}, CASE WHEN {is_closed} THEN 0 END)"


def _figure(name: str) -> str:
    figure = SUMMARY[name]
    live = "NULL" if figure.live is None else figure.live
    return f"CASE WHEN s.{figure.kind} THEN {live} ELSE {_published(figure)} END AS {name}"


def _bars(name: str) -> str:
    """[code, count, whether it is exact, its margin] of each field; null with the sum."""
    total, rows = BARS[name]
    figure = SUMMARY[total]
    live = (
        "SELECT jsonb_agg(jsonb_build_array(field, n, true, 0) ORDER BY field) FROM ("
        f"SELECT k2 AS field, sum(n)::int AS n FROM cell WHERE cube = {BUSINESSES.id} AND {rows}"
        " GROUP BY k2 HAVING sum(n) > 0) b"
    )
    is_exact = f"inside = '{COUNTRY}' AND shown IS NOT NULL"
    published = (
        f"SELECT jsonb_agg(jsonb_build_array(keys[1], shown, {is_exact}, CASE WHEN inside = '{COUNTRY}' THEN 0"
        f" ELSE f.margin END) ORDER BY keys[1]) FROM shown"
        f" WHERE indicator = '{figure.indicator}' AND by = 'BUSINESS_FIELD'"
    )
    return (
        f"CASE WHEN f.{figure.kind} THEN coalesce(({live}), '[]')"
        f" WHEN f.{total} IS NOT NULL THEN coalesce(({published}), '[]') END"
    )


_INDICATORS = ", ".join(f"'{figure.indicator}'" for figure in SUMMARY.values())
_OF_PLACE = f"place >= inside AND place < inside || '/' AND (inside = '{COUNTRY}') = (place = '{COUNTRY}')"
_ALL_EXACT = "(SELECT operational AND personal AND special FROM sight)"

COUNTED = f"""
    WITH sight AS MATERIALIZED (
        SELECT sees_exactly('{{OPERATIONAL}}', inside) AS operational, sees_exactly('{{PERSONAL}}', inside) AS personal,
               sees_exactly('{{SPECIAL}}', inside) AS special),
    enrolled AS (
        SELECT DISTINCT r.code FROM village_enrolment e JOIN region r ON r.id = e.region_id
        WHERE e.active AND r.valid_to IS NULL AND r.code >= inside AND r.code < {_BELOW}),
    coverage AS (
        SELECT count(DISTINCT left(code, 2))::int AS provinces, count(DISTINCT left(code, 5))::int AS regencies,
               count(DISTINCT left(code, 8))::int AS districts, count(*)::int AS villages FROM enrolled),
    reporting AS (SELECT {reporting("operational")} AS villages FROM sight),
    cell AS MATERIALIZED (
        SELECT cube, k1, k2, k3, n FROM figure_cell
        WHERE cube IN ({_IDS}) AND grain = '{NOW}' AND level = {level_of("inside")} AND region = inside
          AND (SELECT operational OR personal FROM sight)
        UNION ALL SELECT cube, k1, k2, k3, n FROM ({_WAITING}) w WHERE (SELECT operational OR personal FROM sight)),
    shown AS MATERIALIZED (
        SELECT indicator, by, keys, sum(shown)::int AS shown FROM published
        WHERE NOT {_ALL_EXACT} AND indicator IN ({_INDICATORS}) AND part = '{NUMERATOR}'
          AND by IN ('', 'BUSINESS_FIELD') AND {_OF_PLACE} AND until = 'infinity' GROUP BY 1, 2, 3),
    figure AS (
        SELECT s.*, c.*, r.villages AS villages_reporting, {", ".join(map(_figure, SUMMARY))},
               CASE WHEN {_ALL_EXACT} THEN 0 WHEN inside = '{COUNTRY}' THEN {_K - 1}
                    ELSE margin(greatest(c.villages, 1), {_K}) END AS margin
        FROM sight s, coverage c, reporting r)
    SELECT inside, f.provinces, f.regencies, f.districts, f.villages, f.villages_reporting,
           {", ".join(f"f.{name}" for name in SUMMARY)},
           {", ".join(map(_bars, BARS))},
           f.operational, f.personal, f.special, f.margin,
           CASE WHEN {_ALL_EXACT} THEN now() ELSE coalesce((
             SELECT min(since) FROM block_close
             WHERE depth = 1 AND {_OF_PLACE} AND until = 'infinity'), now()) END,
           coalesce((SELECT decree FROM region_list ORDER BY loaded_at DESC LIMIT 1), '')
    FROM figure f
    """

RETURNS = ", ".join(
    [
        *(
            f"{name} int"
            for name in ("provinces", "regencies", "districts", "villages", "villages_reporting", *SUMMARY)
        ),
        *(f"{name} jsonb" for name in BARS),
        *(f"{name} boolean" for name in ("operational", "personal", "special")),
    ]
)

_TODAY = f"(now() AT TIME ZONE '{CAPITAL.key}')::date"
_LEFT_BEHIND = INDICATORS[N.CHILDREN_LEFT_BEHIND].counts
assert _LEFT_BEHIND is not None
_ARE_LEFT_BEHIND = " AND ".join(conditions(_LEFT_BEHIND, _TODAY))
CHILDREN = f"""
    SELECT CASE WHEN sees_exactly('{{SPECIAL}}', inside) THEN (
      SELECT count(*)::int FROM {PERSON.ledger} l WHERE l.until = 'infinity' AND l.area >= inside AND l.area < {_BELOW}
        AND {_ARE_LEFT_BEHIND}) END
"""
"""The children left behind now, for whoever sees them exactly there, and null for everybody else.

A function of its own: who is a child today is in no cell, so it takes longer and is read only where it is selected."""
