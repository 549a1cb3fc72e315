"""Counting for a question of figures: the bodies of the crossings `figure_cells` and `published_cells`.

The first counts the ledgers: it builds one query from declared parts and runs it.  A question names indicators and
dimensions, and each of those stands for SQL that is written here when the database is migrated; nothing that a caller
sends becomes SQL.  The second reads what is published.
Rule: a row is counted only if its whole area lies where the caller sees figures as they are, for the class of its
indicator and of each dimension; of every other row only what is published is read.  Test: tests/test_statistics.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from auth.area import COUNTRY
from registry.codes import Dimension, IndicatorName, RegionLevel, TimeBasis
from registry.figures import coverage
from registry.figures.catalogue import INDICATORS
from registry.figures.count import Count, amount, conditions, fact_of_dimension, key_of
from registry.figures.coverage import AREA, DAY
from registry.figures.indicator import PERIODS, Indicator
from registry.figures.published import WIDTHS
from registry.figures.statistics import SETTINGS
from registry.figures.tables import HEADLINE, TABLES
from registry.models.region import PREFIXES
from registry.read.run import REFUSED
from registry.values.civil_day import CAPITAL

_LENGTHS = {level.value: PREFIXES.get(level, 13) for level in RegionLevel}
_PLACE_KEYS = {level: f"left(l.area, {length})" for level, length in _LENGTHS.items()}


def _part(count: Count, fixed: Iterable[Dimension]) -> dict[str, Any]:
    """The SQL of one count, for the function: its rows `l`, its conditions, its sum, and its key by each dimension."""
    keys = {
        dimension.value: key_of(count, dimension, DAY)
        for dimension in Dimension
        if (count.dated is not None and dimension in PERIODS) or fact_of_dimension(count.unit, dimension) is not None
    }
    return {
        "rows": f"{count.unit.ledger} l",
        "where": " AND ".join(conditions(count, DAY) or ["true"]),
        "amount": amount(count),
        "dated": count.dated,
        "keys": _PLACE_KEYS | keys | {dimension.value: "'*'" for dimension in fixed},
    }


def _numerator_only(indicator: Indicator) -> list[Dimension]:
    """The dimensions that the denominator of a share is not broken down by, because they are what makes the part."""
    if indicator.counts is None or indicator.per is None:
        return []
    whole, part = indicator.per, indicator.counts
    narrowed = [fact for fact, codes in part.where.items() if whole.where.get(fact) != codes]
    return [dimension for dimension in indicator.by if fact_of_dimension(whole.unit, dimension) in narrowed]


def _declared(indicator: Indicator) -> dict[str, Any]:
    assert indicator.counts is not None
    fixed = _numerator_only(indicator)
    counts = {"n": _part(indicator.counts, ())}
    if indicator.per is not None:
        counts["d"] = _part(indicator.per, fixed)
    tables = {table.by_text: WIDTHS[table.block] for table in TABLES.values() if table.indicator is indicator}
    return {
        "class": indicator.sensitivity.value,
        "tables": tables,
        "headline": [" ".join(by) for by in HEADLINE.get(indicator.name, ())],
        "rounded_to": indicator.rounded_to,
        "is_share": indicator.per is not None,
        "is_flow": indicator.time_basis is TimeBasis.FLOW,
        "is_total": indicator.per is None and indicator.counts.median is None,
        "fixed": [dimension.value for dimension in fixed],
        "counts": counts,
    }


def _coverage(indicator: Indicator) -> dict[str, Any]:
    """What is counted of enrolments; it is public, so nothing of it is published apart."""
    keys = _PLACE_KEYS | {Dimension.PROGRAMME.value: "l.programme"}
    reports = indicator.name is IndicatorName.VILLAGES_REPORTING
    part = {"rows": coverage.ENROLMENTS, "where": coverage.REPORTS if reports else "true", "dated": None, "keys": keys}
    return {
        "class": indicator.sensitivity.value,
        "rounded_to": indicator.rounded_to,
        "is_share": False,
        "is_total": True,
        "is_flow": False,
        "fixed": [],
        "tables": {},
        "headline": [],
        "counts": {"n": part | {"amount": coverage.AMOUNTS[indicator.name]}},
    }


DECLARED = {
    **{name.value: _declared(indicator) for name, indicator in INDICATORS.items() if indicator.counts is not None},
    **{name.value: _coverage(INDICATORS[name]) for name in coverage.AMOUNTS},
}
"""What the functions know of each indicator that they answer."""
_CLASSES = {dimension.value: dimension.sensitivity.value for dimension in Dimension}
_ORDERS = {dimension.value: n for n, dimension in enumerate(Dimension)}
_PERIOD_KEYS = {
    "MONTH": "to_char(p.day, 'YYYY-MM')",
    "QUARTER": "to_char(p.day, 'YYYY-\"Q\"Q')",
    "YEAR": "to_char(p.day, 'YYYY')",
}


def _json(value: Any) -> str:
    return f"$json${json.dumps(value, sort_keys=True)}$json$::jsonb"


def _end_of(day: str) -> str:
    """SQL of the instant at which a day that is over has ended in the capital; null for today."""
    return f"CASE WHEN {day} < today THEN ({day} + 1)::timestamp AT TIME ZONE '{CAPITAL.key}' END"


_SOMEWHERE = " + ".join(f"coalesce(areas('{setting}'), '{{}}')" for setting in SETTINGS)
"""SQL of all areas where a figure of some class is exact for the caller."""

MOVED = """WITH RECURSIVE later AS (
          SELECT c.code AS was, r.id, r.code FROM region_code c JOIN region r ON r.id = c.region_id
          WHERE r.level = 'VILLAGE' AND c.valid_to IS NOT NULL
          UNION SELECT l.was, r.id, r.code FROM later l JOIN region_lineage g ON g.from_region_id = l.id
          JOIN region r ON r.id = g.to_region_id)
        SELECT was, code FROM later WHERE was <> code"""
"""SQL of each earlier code of a village, `was`, and a `code` under which its records may lie today.

On the map of then a region holds villages that lie elsewhere today, and who sees the region does not see those."""

ASKED = f"""
      declared CONSTANT jsonb := {_json(DECLARED)};
      classes CONSTANT jsonb := {_json(_CLASSES)};
      lengths CONSTANT jsonb := {_json(_LENGTHS)};
      names CONSTANT text[] := ARRAY(SELECT jsonb_array_elements_text(asked->'indicators'));
      is_then CONSTANT boolean := asked->>'boundaries' = 'THEN';
      today CONSTANT date := timezone('{CAPITAL.key}', now())::date;
      day CONSTANT date := least(coalesce((asked->>'on')::date, (asked->>'to')::date, today), today);
      days CONSTANT date[] := ARRAY(SELECT jsonb_array_elements_text(asked->'days'));
      ends CONSTANT timestamptz := {_end_of("day")};
"""

FIGURE_CELLS = f"""
    #variable_conflict use_column
    DECLARE {ASKED}
      period_keys CONSTANT jsonb := {_json(_PERIOD_KEYS)};
      width_of_place CONSTANT int := CASE WHEN place = '{COUNTRY}' THEN 0 ELSE length(place) END;
      width CONSTANT int := greatest(width_of_place, (SELECT max((lengths->>d)::int) FROM unnest(dims) d));
      code CONSTANT text := CASE WHEN is_then THEN 'v.code' ELSE 'l.area' END;
      area CONSTANT text := CASE WHEN width > width_of_place THEN format('left(%s, %s)', code, width)
                            ELSE format('%L::text', place) END;
      queries text[] := '{{}}';
      indicator jsonb;
      side text;
      part jsonb;
      is_series boolean;
      kinds text[];
      sees CONSTANT area_set := {_SOMEWHERE};  -- what lies elsewhere need not be read
      keys text;
      share_keys text;
      tests text[];
      strays text[];
    BEGIN
      FOR n IN 1 .. cardinality(names) LOOP
        indicator := declared->names[n];
        kinds := ARRAY[indicator->>'class'] || ARRAY(SELECT classes->>d FROM unnest(dims) d);
        CONTINUE WHEN width = width_of_place AND NOT sees_exactly(kinds, place);
        is_series := NOT (indicator->>'is_flow')::boolean AND dims && ARRAY['MONTH', 'QUARTER', 'YEAR'];
        IF is_then THEN
          strays := ARRAY(
            SELECT DISTINCT left(m.was, width) FROM ({MOVED}) m
            WHERE left(m.was, width) <> left(m.code, width) AND NOT sees_exactly(kinds, left(m.code, width)));
        END IF;
        FOR side, part IN SELECT * FROM jsonb_each(indicator->'counts') LOOP
          SELECT coalesce(string_agg(k.key, ', ' ORDER BY k.at), ''),
                 coalesce(string_agg(k.of_whole, ', ' ORDER BY k.at), '')
          INTO keys, share_keys
          FROM (SELECT w.at, x.key, CASE WHEN indicator->'fixed' ? w.d THEN '''*''' ELSE x.key END AS of_whole
                FROM unnest(dims) WITH ORDINALITY w(d, at) CROSS JOIN LATERAL (
                  SELECT coalesce(CASE WHEN is_series THEN period_keys->>w.d END, part->'keys'->>w.d) AS key) x) k;
          tests := ARRAY[part->>'where'];
          IF NOT sees_exactly(kinds, place) THEN
            tests := tests || format(
              'l.area >= %L AND l.area < %L AND l.area <@ %L::area_set', lower(sees), upper(sees), sees);
          END IF;
          IF place <> '{COUNTRY}' THEN
            tests := tests || format('%s >= %L AND %s < %L', code, place, code, place || '/');
          END IF;
          tests := tests || CASE
            WHEN is_series THEN 'l.since < p.ends AND l.until >= p.ends'
            WHEN (indicator->>'is_flow')::boolean THEN format(
              'l.until = %L AND l.%I BETWEEN coalesce($5, %L) AND coalesce($6, %L)',
              'infinity', part->>'dated', '-infinity', 'infinity')
            WHEN ends IS NULL THEN format('l.until = %L', 'infinity')
            ELSE 'l.since < $2 AND l.until >= $2' END;
          queries := queries || replace(replace(replace(
            format('SELECT %s, %L, %s, ARRAY[%s]::text[], ARRAY[%s]::text[], (%s)::numeric FROM %s%s%s WHERE %s'
                   ' GROUP BY 3, 4, 5 HAVING sees_exactly(%L, %s) AND NOT %s = ANY (%L)',
                   n, side, area, keys, share_keys, part->>'amount', part->>'rows',
                   CASE WHEN is_series THEN ' CROSS JOIN unnest($3, $4) p(day, ends)' END,
                   CASE WHEN is_then THEN ' JOIN region_code v ON v.region_id = l.village_then'
                     ' AND v.valid_from <= {DAY} AND (v.valid_to IS NULL OR v.valid_to > {DAY})' END,
                   array_to_string(tests, ' AND '), kinds, area, area, coalesce(strays, '{{}}')),
            'left(l.area,', 'left(' || code || ','), '{AREA}', area),
            '{DAY}', CASE WHEN is_series THEN 'p.day' ELSE '$1' END);
        END LOOP;
      END LOOP;
      IF cardinality(queries) > 0 THEN
        RETURN QUERY EXECUTE array_to_string(queries, ' UNION ALL ') USING day, ends, days,
          ARRAY(SELECT coalesce({_end_of("d")}, now()) FROM unnest(days) WITH ORDINALITY u(d, at) ORDER BY at),
          (asked->>'from')::date, (asked->>'to')::date;
      END IF;
    END
"""
"""Rows (which indicator, `n` or `d` of a share, region of the row, its keys, those of its denominator, the amount)."""

PUBLISHED_CELLS = f"""
    #variable_conflict use_column
    DECLARE {ASKED}
      orders CONSTANT jsonb := {_json(_ORDERS)};
      first_day CONSTANT date := asked->>'from';
      last_day CONSTANT date := asked->>'to';
      inside CONSTANT text := place;  -- in the query below, `place` is the column
      kinds CONSTANT text[] := ARRAY(SELECT classes->>d FROM unnest(dims) d);
      width CONSTANT int := greatest(CASE WHEN place = '{COUNTRY}' THEN 0 ELSE length(place) END,
                                     (SELECT max((lengths->>d)::int) FROM unnest(dims) d));
    BEGIN
      IF (date_trunc('month', first_day) <> first_day OR date_trunc('month', last_day + 1) <> last_day + 1)
         AND EXISTS (
           SELECT FROM unnest(names) i WHERE (declared->i->>'is_flow')::boolean
           AND NOT sees_exactly(ARRAY[declared->i->>'class'] || kinds, place)) THEN
        RAISE EXCEPTION USING ERRCODE = '{REFUSED}', MESSAGE = 'PERIOD_NOT_WHOLE_MONTHS';
      END IF;
      RETURN QUERY
      WITH part AS (
        SELECT o.at::int AS nth, o.name, side, (i.of->>'is_flow')::boolean AS is_flow, i.of->'fixed' AS fixed,
               i.of->'tables' AS tables, ARRAY[i.of->>'class'] || kinds AS kinds,
               NOT (i.of->>'is_flow')::boolean AND dims && ARRAY['MONTH', 'QUARTER', 'YEAR'] AS is_series
        FROM unnest(names) WITH ORDINALITY o(name, at), LATERAL (SELECT declared->o.name AS of) i,
             LATERAL jsonb_object_keys(i.of->'counts') side),
      source AS (
        SELECT p.*, ARRAY(
          SELECT d FROM (
            SELECT DISTINCT CASE WHEN d IN ('QUARTER', 'YEAR') THEN 'MONTH' ELSE d END AS d
            FROM unnest(dims || CASE WHEN p.is_flow THEN '{{MONTH}}'::text[] ELSE '{{}}' END) d
            WHERE NOT lengths ? d AND (p.is_flow OR d NOT IN ('MONTH', 'QUARTER', 'YEAR'))
              AND NOT (p.side = 'd' AND p.fixed ? d)) w ORDER BY (orders->>d)::int) AS details
        FROM part p),
      instant AS (
        SELECT NULL::date AS day, false AS is_flow, coalesce(ends, now()) AS at UNION ALL SELECT NULL, true, now()
        UNION ALL SELECT d, false, coalesce({_end_of("d")}, now()) FROM unnest(days) d)
      SELECT s.nth, s.side, r.region, k.line, k.share, sum(p.shown)::numeric
      FROM source s JOIN instant t ON t.is_flow = s.is_flow AND s.is_series = (t.day IS NOT NULL)
      JOIN published p ON p.indicator = s.name AND p.part = s.side AND p.by = array_to_string(s.details, ' ')
        AND p.since <= t.at AND p.until > t.at AND (width = 0) = (p.place = '{COUNTRY}')
        AND (inside = '{COUNTRY}' OR p.place >= inside AND p.place < inside || '/')
      CROSS JOIN LATERAL (SELECT CASE WHEN width = 0 THEN '{COUNTRY}' ELSE left(p.place, width) END AS region) r
      CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(x.key ORDER BY w.at), '{{}}') AS line,
               coalesce(array_agg(CASE WHEN s.fixed ? w.d THEN '*' ELSE x.key END ORDER BY w.at), '{{}}') AS share
        FROM unnest(dims) WITH ORDINALITY w(d, at) CROSS JOIN LATERAL (
          SELECT CASE WHEN w.d IN ('QUARTER', 'YEAR') THEN 'MONTH' ELSE w.d END AS published_as) a
        CROSS JOIN LATERAL (SELECT p.keys[array_position(s.details, a.published_as)] AS code) c
        CROSS JOIN LATERAL (SELECT CASE
          WHEN lengths ? w.d THEN left(p.place, (lengths->>w.d)::int)
          WHEN w.d = 'MONTH' THEN coalesce(to_char(t.day, 'YYYY-MM'), c.code)
          WHEN w.d = 'YEAR' THEN coalesce(to_char(t.day, 'YYYY'), left(c.code, 4))
          WHEN w.d = 'QUARTER' THEN
            coalesce(to_char(t.day, 'YYYY-"Q"Q'), left(c.code, 4) || '-Q' || (right(c.code, 2)::int + 2) / 3)
          ELSE coalesce(c.code, '*') END AS key) x) k
      WHERE (width = 0 OR width <= (s.tables->>array_to_string(s.details, ' '))::int)
        AND NOT sees_exactly(s.kinds, r.region)
        AND (NOT s.is_flow OR p.keys[array_position(s.details, 'MONTH')] BETWEEN
          coalesce(to_char(first_day, 'YYYY-MM'), '') AND coalesce(to_char(last_day, 'YYYY-MM'), '~'))
      GROUP BY 1, 2, 3, 4, 5;
    END
"""
"""The same rows, of what is published: for regions that are not the caller's."""
