"""The bodies of the crossings that answer a question of figures: `figure_cells` counts, `statistics` makes rows of it.

The first builds one query from declared parts and runs it.  A question names indicators and dimensions, and each of
those stands for SQL that is written here when the database is migrated; nothing that a caller sends becomes SQL.
Rule: a row is counted only if its whole area lies where the caller sees figures as they are, for the class of its
indicator and of each dimension.  Test: tests/test_statistics.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from auth.area import COUNTRY
from registry.codes import Dimension, RegionLevel, TimeBasis
from registry.figures.catalogue import INDICATORS
from registry.figures.count import Count, amount, conditions, fact_of_dimension, key_of
from registry.figures.indicator import MOST_INDICATORS, PERIODS, PLACES, Indicator
from registry.figures.statistics import SETTINGS
from registry.models.region import PREFIXES
from registry.read.run import REFUSED
from registry.values.civil_day import CAPITAL

MOST_ROWS = 10_000
"""Rows of one answer, before it is paged."""
MOST_CELLS = 2 * MOST_ROWS * MOST_INDICATORS
DAY = "$day"
"""Stands for the day as of which a unit is counted, in the SQL of a part."""


def _part(count: Count, fixed: Iterable[Dimension]) -> dict[str, Any]:
    """The SQL of one count, for the function: its rows `l`, its conditions, its sum, and its key by each dimension."""
    keys = {
        dimension.value: key_of(count, dimension, DAY)
        for dimension in Dimension
        if dimension in PLACES
        or (count.dated is not None and dimension in PERIODS)
        or fact_of_dimension(count.unit, dimension) is not None
    }
    return {
        "rows": f"{count.unit.ledger} l",
        "where": " AND ".join(conditions(count, DAY) or ["true"]),
        "amount": amount(count),
        "dated": count.dated,
        "keys": keys | {dimension.value: "'*'" for dimension in fixed},
    }


def _numerator_only(indicator: Indicator) -> list[Dimension]:
    """The dimensions that the denominator of a share is not broken down by, because they are what makes the part."""
    if indicator.counts is None or indicator.per is None:
        return []
    unit, conditional = indicator.per.unit, indicator.counts.where
    return [dimension for dimension in indicator.by if fact_of_dimension(unit, dimension) in conditional]


def _declared(indicator: Indicator) -> dict[str, Any]:
    assert indicator.counts is not None
    fixed = _numerator_only(indicator)
    counts = {"n": _part(indicator.counts, ())}
    if indicator.per is not None:
        counts["d"] = _part(indicator.per, fixed)
    return {
        "class": indicator.sensitivity.value,
        "rounded_to": indicator.rounded_to,
        "is_share": indicator.per is not None,
        "is_flow": indicator.time_basis is TimeBasis.FLOW,
        "is_total": indicator.per is None,
        "fixed": [dimension.value for dimension in fixed],
        "counts": counts,
    }


DECLARED = {name.value: _declared(indicator) for name, indicator in INDICATORS.items() if indicator.counts is not None}
"""What the functions know of each indicator that they answer."""
_LENGTHS = {level.value: PREFIXES.get(level, 13) for level in RegionLevel}
_CLASSES = {dimension.value: dimension.sensitivity.value for dimension in Dimension}
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

_ASKED = f"""
      declared CONSTANT jsonb := {_json(DECLARED)};
      classes CONSTANT jsonb := {_json(_CLASSES)};
      lengths CONSTANT jsonb := {_json(_LENGTHS)};
      names CONSTANT text[] := ARRAY(SELECT jsonb_array_elements_text(asked->'indicators'));
      is_then CONSTANT boolean := asked->>'boundaries' = 'THEN';
      today CONSTANT date := timezone('{CAPITAL.key}', now())::date;
      day CONSTANT date := least(coalesce((asked->>'on')::date, (asked->>'to')::date, today), today);
      ends CONSTANT timestamptz := {_end_of("day")};
"""

FIGURE_CELLS = f"""
    #variable_conflict use_column
    DECLARE {_ASKED}
      period_keys CONSTANT jsonb := {_json(_PERIOD_KEYS)};
      days CONSTANT date[] := ARRAY(SELECT jsonb_array_elements_text(asked->'days'));
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
    BEGIN
      FOR n IN 1 .. cardinality(names) LOOP
        indicator := declared->names[n];
        kinds := ARRAY[indicator->>'class'] || ARRAY(SELECT classes->>d FROM unnest(dims) d);
        CONTINUE WHEN width = width_of_place AND NOT sees_exactly(kinds, place);
        is_series := NOT (indicator->>'is_flow')::boolean AND dims && ARRAY['MONTH', 'QUARTER', 'YEAR'];
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
          queries := queries || replace(replace(
            format('SELECT %s, %L, %s, ARRAY[%s]::text[], ARRAY[%s]::text[], (%s)::numeric FROM %s%s%s WHERE %s'
                   ' GROUP BY 3, 4, 5 HAVING sees_exactly(%L, %s)',
                   n, side, area, keys, share_keys, part->>'amount', part->>'rows',
                   CASE WHEN is_then THEN ' JOIN region v ON v.id = l.village_then' END,
                   CASE WHEN is_series THEN ' CROSS JOIN unnest($3, $4) p(day, ends)' END,
                   array_to_string(tests, ' AND '), kinds, area),
            'left(l.area,', 'left(' || code || ','), '{DAY}', CASE WHEN is_series THEN 'p.day' ELSE '$1' END);
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

STATISTICS = f"""
    #variable_conflict use_column
    DECLARE {_ASKED}
      dims CONSTANT text[] := ARRAY(SELECT jsonb_array_elements_text(asked->'by'));
    BEGIN
      IF place <> '{COUNTRY}' AND NOT EXISTS (SELECT FROM region r WHERE r.code = place AND r.valid_to IS NULL) THEN
        place := lower(areas_of(ARRAY[place]));  -- of an earlier code today's region; raises unless there is one
      END IF;
      IF ends IS NOT NULL AND NOT EXISTS (SELECT FROM ledger_household h WHERE h.since < ends) THEN
        RAISE EXCEPTION USING ERRCODE = '{REFUSED}', MESSAGE = 'BEFORE_FIRST_VERIFICATION';
      END IF;
      IF is_then AND day < (SELECT min(effective_on) FROM region_list) THEN
        RAISE EXCEPTION USING ERRCODE = '{REFUSED}', MESSAGE = 'BEFORE_THE_MAP';
      END IF;
      WITH indicator AS MATERIALIZED (
        SELECT o.at::int AS at, declared->o.name AS of, ARRAY[declared->o.name->>'class'] AS kind,
               ARRAY(SELECT classes->>d FROM unnest(dims) d) AS kinds
        FROM unnest(names) WITH ORDINALITY o(name, at)),
      cell AS MATERIALIZED (
        SELECT true AS is_row, * FROM (SELECT * FROM figure_cells(asked, dims, place) LIMIT {MOST_CELLS} + 1) c
        UNION ALL SELECT false, * FROM figure_cells(asked, '{{}}', place)),
      enrolled AS MATERIALIZED (
        SELECT DISTINCT r.code FROM village_enrolment e JOIN region r ON r.id = e.region_id
        WHERE e.active AND r.valid_to IS NULL AND r.code >= place AND (place = '{COUNTRY}' OR r.code < place || '/')),
      line AS MATERIALIZED (
        SELECT true AS is_row, region, line, share FROM cell WHERE is_row AND NOT '*' = ANY (line) GROUP BY 2, 3, 4
        UNION SELECT true, left(e.code, x.width), x.keys, x.keys FROM enrolled e CROSS JOIN LATERAL (
          SELECT max((lengths->>w.d)::int) AS width, array_agg(left(e.code, (lengths->>w.d)::int) ORDER BY w.at) AS keys
          FROM unnest(dims) WITH ORDINALITY w(d, at)) x
        WHERE cardinality(dims) > 0 AND (SELECT bool_and(lengths ? d) FROM unnest(dims) d)
        UNION SELECT true, place, '{{}}', '{{}}' WHERE cardinality(dims) = 0
        UNION ALL SELECT false, place, '{{}}', '{{}}'),
      figure AS MATERIALIZED (
        SELECT l.is_row, l.region, l.line, a.at, a.of, n.amount, d.amount AS whole,
               sees_exactly(CASE WHEN l.is_row THEN a.kind || a.kinds ELSE a.kind END, l.region) AS is_exact
        FROM line l CROSS JOIN indicator a
        LEFT JOIN cell n ON n.side = 'n'
          AND (n.is_row, n.region, n.line, n.nth) = (l.is_row, l.region, l.line, a.at)
        LEFT JOIN cell d ON d.side = 'd'
          AND (d.is_row, d.region, d.share, d.nth) = (l.is_row, l.region, l.share, a.at)),
      shown AS (
        SELECT f.is_row, f.region, f.line, jsonb_agg(jsonb_build_array(
                 CASE WHEN NOT f.is_exact THEN NULL
                      WHEN (f.of->>'is_share')::boolean THEN round(100 * coalesce(f.amount, 0) / nullif(f.whole, 0), 1)
                      WHEN (f.of->>'is_total')::boolean THEN coalesce(f.amount, 0) ELSE f.amount END,
                 NOT f.is_exact, f.is_exact, 0) ORDER BY f.at) AS figures,
               count(*) FILTER (WHERE NOT f.is_exact) AS hidden
        FROM figure f GROUP BY 1, 2, 3)
      SELECT md5(asked::text || place)::uuid, place, now(), now(),
             coalesce((SELECT decree FROM region_list ORDER BY loaded_at DESC LIMIT 1), ''),
             (SELECT count(*) FROM enrolled e WHERE EXISTS (SELECT FROM ledger_household h
                WHERE h.until = 'infinity' AND h.area = e.code AND h.since > now() - interval '180 days')),
             (SELECT count(*) FROM enrolled), 0, coalesce((SELECT sum(hidden) FROM shown), 0), asked,
             (SELECT jsonb_build_array(s.region, to_jsonb(s.line), s.figures) FROM shown s WHERE NOT s.is_row),
             coalesce((SELECT jsonb_agg(jsonb_build_array(s.region, to_jsonb(s.line), s.figures) ORDER BY s.line)
                       FROM shown s WHERE s.is_row), '[]')
      INTO id, area, cut_off, oldest_cut_off, region_version, reporting, enrolled, published, suppressed, question,
           total, lines;
      IF jsonb_array_length(lines) > {MOST_ROWS} THEN
        RAISE EXCEPTION USING ERRCODE = '{REFUSED}', MESSAGE = 'TOO_MANY_ROWS';
      END IF;
      RETURN NEXT;
    END
"""
"""One row: the place, the cut-offs, the map, the villages, and the total and the rows as
[region, keys, [[value, is it suppressed, is it exact, margin] of each indicator]]."""
