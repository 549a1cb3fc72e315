"""The query of the crossing `figures`: what is counted in the country, or in a region and what lies below it.

What a cube keeps is read from its cells, and the rest of the queue is added.  Test: tests/test_crossing.py.
"""

from __future__ import annotations

from registry.figures.cube import BUSINESSES, HOUSEHOLDS, MIGRANTS, PERSONS
from registry.figures.fold import postings

_WAITING = postings("figure_due", where="l.area >= inside AND l.area < below")
_RUNNING = f"cube = {BUSINESSES.id} AND k1 = 'RUNNING'"

COUNTED = f"""
    WITH enrolled AS (
        SELECT DISTINCT r.code FROM village_enrolment e JOIN region r ON r.id = e.region_id
        WHERE e.active AND r.valid_to IS NULL AND r.code >= inside AND r.code < below),
    coverage AS (
        SELECT count(DISTINCT left(code, 2))::int AS provinces, count(DISTINCT left(code, 5))::int AS regencies,
               count(DISTINCT left(code, 8))::int AS districts, count(*)::int AS villages FROM enrolled),
    cell AS MATERIALIZED (
        SELECT cube, k1, k2, k3, n FROM figure_cell WHERE region = inside
        UNION ALL SELECT cube, k1, k2, k3, n FROM ({_WAITING}) w),
    total AS (
        SELECT coalesce(sum(n) FILTER (WHERE cube = {HOUSEHOLDS.id}), 0)::int AS households,
               coalesce(sum(n) FILTER (WHERE cube = {HOUSEHOLDS.id} AND k2 = 'true'), 0)::int AS with_business,
               coalesce(sum(n) FILTER (WHERE cube = {PERSONS.id}), 0)::int AS persons,
               coalesce(sum(n) FILTER (WHERE cube = {MIGRANTS.id} AND k1 = 'PROSPECTIVE'), 0)::int AS prospective,
               coalesce(sum(n) FILTER (WHERE cube = {MIGRANTS.id} AND k1 = 'WORKING_ABROAD'), 0)::int AS working_abroad,
               coalesce(sum(n) FILTER (WHERE cube = {MIGRANTS.id} AND k1 = 'RETURNED'), 0)::int AS returned
        FROM cell),
    by_field AS (
        SELECT k2 AS field, sum(n)::int AS units,
               coalesce(sum(n) FILTER (WHERE k3 IN ('READY', 'EXPORTING')), 0)::int AS ready
        FROM cell WHERE {_RUNNING} GROUP BY k2 HAVING sum(n) > 0)
    SELECT inside, c.provinces, c.regencies, c.districts, c.villages,
           (SELECT count(*)::int FROM enrolled e WHERE EXISTS (
              SELECT FROM ledger_household h
              WHERE h.until = 'infinity' AND h.area = e.code AND h.since > now() - interval '180 days')),
           t.households, t.persons, t.prospective, t.working_abroad, t.returned, t.with_business,
           (SELECT coalesce(sum(units), 0)::int FROM by_field), (SELECT coalesce(sum(ready), 0)::int FROM by_field),
           (SELECT coalesce(jsonb_agg(jsonb_build_array(field, units, inside) ORDER BY field), '[]') FROM by_field),
           (SELECT coalesce(jsonb_agg(jsonb_build_array(field, ready, inside) ORDER BY field), '[]')
            FROM by_field WHERE ready > 0),
           now(), coalesce((SELECT decree FROM region_list ORDER BY loaded_at DESC LIMIT 1), '')
    FROM coverage c, total t
    """
