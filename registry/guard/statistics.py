"""The answer to a question of figures, as rows: the body of the crossing `statistics`.

Rule: what is not exact is what is published, and what of that is 0 is suppressed, as is what is finer than what is
published: by the question and the published number alone.  Test: tests/test_statistics.py.
"""

from __future__ import annotations

from auth.area import COUNTRY
from registry.figures.indicator import MOST_INDICATORS
from registry.figures.kept import ANSWER, KEPT_PER_HOUR
from registry.figures.report import FIRST_MONTH
from registry.guard.counting import ASKED, MOVED
from registry.guard.quota import Metered
from registry.guard.reporting import reporting
from registry.read.run import REFUSED

MOST_ROWS = 10_000
"""Rows of one answer, before it is paged."""
_IS_MINE = "sees_exactly('{OPERATIONAL}', place)"
MOST_CELLS = 2 * MOST_ROWS * MOST_INDICATORS

STATISTICS = f"""
    #variable_conflict use_column
    DECLARE {ASKED}
      dims CONSTANT text[] := ARRAY(SELECT jsonb_array_elements_text(asked->'by'));
      first_day CONSTANT date := coalesce((asked->>'from')::date, '{FIRST_MONTH}-01');
      span CONSTANT interval := age(day + 1, first_day);
      months CONSTANT int := greatest(1, 12 * extract(year FROM span) + extract(month FROM span));
      needs jsonb;
      digest uuid;
      moment CONSTANT timestamptz := coalesce(ends, now());
    BEGIN
      IF place <> '{COUNTRY}' AND NOT EXISTS (SELECT FROM region r WHERE r.code = place AND r.valid_to IS NULL) THEN
        place := lower(areas_of(ARRAY[place]));  -- of an earlier code today's region; raises unless there is one
      END IF;
      -- Of a day before there is no state; what happened before is known from later verifications.
      IF EXISTS (
        SELECT FROM unnest(names) i WHERE declared->i->>'class' <> 'OPEN' AND NOT (declared->i->>'is_flow')::boolean)
         AND NOT EXISTS (SELECT FROM ledger_household h WHERE h.since < ends) AND ends IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '{REFUSED}', MESSAGE = 'BEFORE_FIRST_VERIFICATION';
      END IF;
      IF is_then AND day < (SELECT min(effective_on) FROM region_list) THEN
        RAISE EXCEPTION USING ERRCODE = '{REFUSED}', MESSAGE = 'BEFORE_THE_MAP';
      END IF;
      WITH indicator AS MATERIALIZED (
        SELECT o.at::int AS at, declared->o.name AS of, ARRAY[declared->o.name->>'class'] AS kind,
               ARRAY(SELECT classes->>d FROM unnest(dims) d) AS kinds,
               (SELECT coalesce(string_agg(d, ' '), '') FROM unnest(dims) d
                WHERE NOT lengths ? d AND d NOT IN ('MONTH', 'QUARTER', 'YEAR')) AS details
        FROM unnest(names) WITH ORDINALITY o(name, at)),
      cell AS MATERIALIZED (
        SELECT true AS is_row, * FROM (SELECT * FROM figure_cells(asked, dims, place) LIMIT {MOST_CELLS} + 1) c
        UNION ALL SELECT true, * FROM (SELECT * FROM published_cells(asked, dims, place) LIMIT {MOST_CELLS} + 1) c
        UNION ALL SELECT false, * FROM figure_cells(asked, '{{}}', place)
        UNION ALL SELECT false, * FROM published_cells(asked, '{{}}', place)),
      enrolled AS MATERIALIZED (
        SELECT DISTINCT r.code FROM village_enrolment e JOIN region r ON r.id = e.region_id
        WHERE e.active AND r.valid_to IS NULL AND r.code >= place AND (place = '{COUNTRY}' OR r.code < place || '/')),
      line AS MATERIALIZED (
        SELECT true AS is_row, region, line, share FROM cell WHERE is_row AND NOT '*' = ANY (line) GROUP BY 2, 3, 4
        UNION SELECT true, left(e.code, x.width), x.keys, x.keys FROM enrolled e CROSS JOIN LATERAL (
          SELECT greatest(length(place), max((lengths->>w.d)::int)) AS width,
                 array_agg(left(e.code, (lengths->>w.d)::int) ORDER BY w.at) AS keys
          FROM unnest(dims) WITH ORDINALITY w(d, at)) x
        WHERE cardinality(dims) > 0 AND (SELECT bool_and(lengths ? d) FROM unnest(dims) d)
        UNION SELECT true, place, '{{}}', '{{}}' WHERE cardinality(dims) = 0
        UNION ALL SELECT false, place, '{{}}', '{{}}'),
      villages AS MATERIALIZED (
        SELECT l.region, greatest(count(e.code), 1)::int AS n FROM (SELECT DISTINCT region FROM line) l
        LEFT JOIN enrolled e ON l.region <> '{COUNTRY}' AND e.code >= l.region AND e.code < l.region || '/' GROUP BY 1),
      moved AS MATERIALIZED (
        SELECT w.region, array_agg(DISTINCT left(m.code, length(w.region))) AS regions FROM ({MOVED}) m
        JOIN (SELECT DISTINCT region FROM line WHERE region <> '{COUNTRY}') w
        ON w.region = left(m.was, length(w.region))
        WHERE is_then AND left(m.code, length(w.region)) <> w.region GROUP BY 1),
      figure AS MATERIALIZED (
        SELECT l.is_row, l.region, l.line, a.at, a.of, n.amount, d.amount AS whole, v.n AS villages,
               (a.of->>'rounded_to')::int AS k,
               CASE WHEN NOT (a.of->>'is_flow')::boolean OR l.is_row AND 'MONTH' = ANY (dims) THEN 1
                    WHEN l.is_row AND 'QUARTER' = ANY (dims) THEN 3 WHEN l.is_row AND 'YEAR' = ANY (dims) THEN 12
                    ELSE months END AS months,
               sees_exactly(k.kinds, l.region) AND NOT EXISTS (
                 SELECT FROM unnest(m.regions) r WHERE NOT sees_exactly(k.kinds, r)) AS is_live,
               l.region = '{COUNTRY}' AND a.of->'headline' ? (CASE WHEN l.is_row THEN a.details ELSE '' END)
                 AS is_headline
        FROM line l CROSS JOIN indicator a JOIN villages v ON v.region = l.region
        CROSS JOIN LATERAL (SELECT CASE WHEN l.is_row THEN a.kind || a.kinds ELSE a.kind END AS kinds) k
        LEFT JOIN moved m ON m.region = l.region
        LEFT JOIN cell n ON n.side = 'n'
          AND (n.is_row, n.region, n.line, n.nth) = (l.is_row, l.region, l.line, a.at)
        LEFT JOIN cell d ON d.side = 'd'
          AND (d.is_row, d.region, d.share, d.nth) = (l.is_row, l.region, l.share, a.at)),
      value AS (
        SELECT f.*, f.is_live OR f.is_headline AS is_exact, CASE
          WHEN (f.of->>'is_share')::boolean AND f.is_live
            THEN round(100 * coalesce(f.amount, 0) / nullif(f.whole, 0), 1)
          WHEN (f.of->>'is_share')::boolean
            THEN CASE WHEN f.whole >= 4 * f.k THEN round(100 * coalesce(f.amount, 0) / f.whole) END
          WHEN f.is_live AND (f.of->>'is_total')::boolean THEN coalesce(f.amount, 0)
          WHEN f.is_live THEN f.amount ELSE nullif(f.amount, 0) END AS shown
        FROM figure f),
      shown AS (
        SELECT v.is_row, v.region, v.line, count(*) FILTER (WHERE v.shown IS NULL AND NOT v.is_live) AS hidden,
               jsonb_agg(jsonb_build_array(v.shown, v.shown IS NULL AND NOT v.is_live, v.is_exact, CASE
                 WHEN v.is_exact THEN 0 ELSE margin(v.villages * v.months, v.k) END) ORDER BY v.at) AS figures
        FROM value v GROUP BY 1, 2, 3),
      closed AS (
        SELECT c.place, max(c.since) AS newest, min(c.since) AS oldest FROM block_close c
        JOIN enrolled e ON e.code = c.place WHERE c.depth = 1 AND c.since <= moment AND c.until > moment GROUP BY 1),
      needed AS (
        SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_array(
          CASE WHEN v.is_row THEN i.kind || i.kinds ELSE i.kind END, v.region)), '[]') AS needs
        FROM value v JOIN indicator i ON i.at = v.at WHERE v.is_live)
      SELECT NULL, place,
             CASE WHEN bool_or(v.is_live) THEN moment ELSE coalesce((SELECT max(newest) FROM closed), moment) END,
             CASE WHEN bool_and(v.is_live) THEN moment ELSE coalesce((SELECT min(oldest) FROM closed), moment) END,
             coalesce((SELECT decree FROM region_list ORDER BY loaded_at DESC LIMIT 1), ''),
             {reporting(_IS_MINE)},
             (SELECT count(*) FROM enrolled), (SELECT count(*) FROM closed),
             coalesce((SELECT sum(hidden) FROM shown), 0), asked - 'keep',
             (SELECT jsonb_build_array(s.region, to_jsonb(s.line), s.figures) FROM shown s WHERE NOT s.is_row),
             coalesce((SELECT jsonb_agg(jsonb_build_array(s.region, to_jsonb(s.line), s.figures) ORDER BY s.line)
                       FROM shown s WHERE s.is_row), '[]'), (SELECT needs FROM needed)
      FROM value v
      INTO id, area, cut_off, oldest_cut_off, region_version, reporting, enrolled, published, suppressed, question,
           total, lines, needs;
      IF jsonb_array_length(lines) > {MOST_ROWS} THEN
        RAISE EXCEPTION USING ERRCODE = '{REFUSED}', MESSAGE = 'TOO_MANY_ROWS';
      END IF;
      IF (asked->>'keep')::boolean THEN
        id := gen_random_uuid();
        digest := md5(concat_ws('|', area, question, total, lines, needs))::uuid;
        INSERT INTO figure (id, content, place, cut_off, oldest_cut_off, region_version, reporting, enrolled, published,
                            suppressed, question, total, lines, needs)
        VALUES (id, digest, area, cut_off, oldest_cut_off, region_version, reporting, enrolled, published,
                suppressed, question, total, lines, needs) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
          SELECT f.id INTO STRICT id FROM figure f WHERE f.content = digest;
        ELSIF take(me(), '{Metered.KEPT_FIGURE.name}', id, {KEPT_PER_HOUR}) > 0 THEN
          RAISE EXCEPTION USING ERRCODE = '{REFUSED}', MESSAGE = 'TOO_MANY_QUOTED';
        END IF;
      END IF;
      RETURN NEXT;
    END
"""
"""One row: the place, the cut-offs, the map, the villages, and the total and the rows as
[region, keys, [[value, is it suppressed, is it exact, margin] of each indicator]]."""

KEPT = f"""
    #variable_conflict use_column
    BEGIN
      RETURN QUERY SELECT {", ".join(f"f.{name}" for name in ANSWER)} FROM figure f
      WHERE f.id = which AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(f.needs) n
        WHERE NOT sees_exactly(ARRAY(SELECT jsonb_array_elements_text(n->0)), n->>1));
      IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '{REFUSED}', MESSAGE = 'FIGURE_UNKNOWN';
      END IF;
    END
"""
"""The same row of a kept answer; one that shows what the caller may not see any more is refused like one that never
was."""
