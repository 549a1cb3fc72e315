"""The query of the crossing `figures`: what is counted in the country, in the areas from `inside` to `below`.

Test: tests/test_crossing.py.
"""

from __future__ import annotations

COUNTED = """
    WITH enrolled AS (
        SELECT DISTINCT r.code FROM village_enrolment e JOIN region r ON r.id = e.region_id
        WHERE e.active AND r.valid_to IS NULL AND r.code >= inside AND r.code < below),
    coverage AS (
        SELECT count(DISTINCT left(code, 2))::int AS provinces, count(DISTINCT left(code, 5))::int AS regencies,
               count(DISTINCT left(code, 8))::int AS districts, count(*)::int AS villages FROM enrolled),
    household AS (
        SELECT area, since, has_business FROM ledger_household
        WHERE until = 'infinity' AND area >= inside AND area < below),
    business AS (
        SELECT field, export_readiness IN ('READY', 'EXPORTING') AS ready FROM ledger_business
        WHERE until = 'infinity' AND status = 'RUNNING' AND area >= inside AND area < below),
    stages AS (
        SELECT count(*) FILTER (WHERE stage = 'PROSPECTIVE')::int AS prospective,
               count(*) FILTER (WHERE stage = 'WORKING_ABROAD')::int AS working_abroad,
               count(*) FILTER (WHERE stage = 'RETURNED')::int AS returned
        FROM ledger_migrant WHERE until = 'infinity' AND area >= inside AND area < below),
    by_field AS (
        SELECT field, count(*)::int AS units, count(*) FILTER (WHERE ready)::int AS ready FROM business GROUP BY field)
    SELECT inside, c.provinces, c.regencies, c.districts, c.villages,
           (SELECT count(DISTINCT h.area)::int FROM household h JOIN enrolled e ON e.code = h.area
            WHERE h.since > now() - interval '180 days'),
           (SELECT count(*)::int FROM household),
           (SELECT count(*)::int FROM ledger_person WHERE until = 'infinity' AND area >= inside AND area < below),
           s.prospective, s.working_abroad, s.returned,
           (SELECT count(*)::int FROM household WHERE has_business), (SELECT count(*)::int FROM business),
           (SELECT count(*)::int FROM business WHERE ready),
           (SELECT coalesce(jsonb_agg(jsonb_build_array(field, units, inside) ORDER BY field), '[]') FROM by_field),
           (SELECT coalesce(jsonb_agg(jsonb_build_array(field, ready, inside) ORDER BY field), '[]')
            FROM by_field WHERE ready > 0),
           now(), coalesce((SELECT decree FROM region_list ORDER BY loaded_at DESC LIMIT 1), '')
    FROM coverage c, stages s
    """
