"""The hand-written limit's SQL: for every workload one statement in which PostgreSQL makes the whole answer.

`walled` statements set the caller's areas in the statement itself and read under row security, in the one shape in
which that is safe: the answer is a scalar subquery that depends on the row which sets.  The others are for a login that
row security does not bind and say in WHERE what the caller may see.  Rule: both answer what the product answers, which
`benchmarks.sides` compares before it measures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

SETTINGS = ("read", "read_from", "read_below", "submit", "user", "protective_own")
"""The settings that the walled statements need: they are its first arguments, `$1` to `$6`."""
MORE = {"W5b": ("operational", "personal", "special", "exact"), "W7": ("personal", "identity", "special")}
"""Workload → the settings that its statement needs besides."""
CURSOR = "encode(convert_to(json_build_array(household_no, id)::text, 'UTF8'), 'base64')"
INSTANT = """to_char(timezone('UTC', {}), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""

MEMBERS_8 = """(SELECT coalesce(json_agg(o), '[]') FROM (
    SELECT id, seq, full_name AS "fullName", nik AS "nikMasked", sex, birth_date AS "birthDate",
      relation_to_head AS "relationToHead", residence
    FROM member WHERE household_id = h.id AND archived_at IS NULL ORDER BY seq, id LIMIT 50) o)"""
MEMBERS_6 = """(SELECT coalesce(json_agg(o), '[]') FROM (
    SELECT id, seq, full_name AS "fullName", sex, birth_date AS "birthDate", relation_to_head AS "relationToHead"
    FROM member WHERE household_id = h.id AND archived_at IS NULL ORDER BY seq, id LIMIT 50) o)"""


def _procedural(walled: bool) -> str:
    """For its recorder alone."""
    if not walled:
        return "procedural_status"
    return (
        "CASE WHEN area <@ (SELECT areas('protective_own')) AND created_by = $5::text::uuid THEN procedural_status END"
    )


def household(walled: bool) -> str:
    return f"""SELECT row_to_json(o) FROM (
  SELECT h.id, h.household_no AS "householdNo", h.workflow_state AS "workflowState", h.status, h.address, h.hamlet,
    (SELECT count(*) FROM member WHERE household_id = h.id AND archived_at IS NULL) AS "memberCount",
    {INSTANT.format("h.captured_at")} AS "capturedAt",
    {MEMBERS_8} AS members,
    (SELECT coalesce(json_agg(o), '[]') FROM (
      SELECT id, seq, stage, country, sector, departed_on AS "departedOn", returned_on AS "returnedOn",
        {_procedural(walled)} AS "proceduralStatus"
      FROM migration_episode WHERE household_id = h.id AND archived_at IS NULL
      ORDER BY coalesce(departed_on, registered_on, contract_starts_on, '9999') DESC, seq DESC, id LIMIT 50) o)
      AS migrations,
    (SELECT coalesce(json_agg(o), '[]') FROM (
      SELECT id, name, field, status, started_on AS "startedOn", scale, export_readiness AS "exportReadiness",
        workers_family AS "workersFamily"
      FROM business WHERE household_id = h.id AND archived_at IS NULL ORDER BY id LIMIT 50) o) AS businesses
  FROM household h WHERE h.id = $a1::uuid AND h.archived_at IS NULL) o"""


def whole(walled: bool) -> str:
    shown = (
        """area <@ (SELECT areas('personal')) AND (about IN ('OPERATIONAL', 'PERSONAL')
        OR about = 'IDENTITY' AND area <@ (SELECT areas('identity'))
        OR about = 'SPECIAL' AND area <@ (SELECT areas('special'))
        OR about = 'PROTECTIVE' AND area <@ (SELECT areas('protective_own')) AND about_author = $5::text::uuid)"""
        if walled
        else "true"
    )
    person = '(SELECT row_to_json(p) FROM (SELECT id, full_name AS "fullName" FROM member WHERE id = {}) p)'
    return f"""SELECT row_to_json(o) FROM (
  SELECT h.id, h.household_no AS "householdNo", h.workflow_state AS "workflowState", h.status, h.address, h.hamlet,
    (SELECT count(*) FROM member WHERE household_id = h.id AND archived_at IS NULL) AS "memberCount",
    (SELECT count(*) FROM business WHERE household_id = h.id AND archived_at IS NULL) AS "businessCount",
    {INSTANT.format("h.captured_at")} AS "capturedAt", h.welfare_decile AS "welfareDecile",
    (SELECT coalesce(json_agg(o), '[]') FROM (
      SELECT id, seq, full_name AS "fullName", nik AS "nikMasked", sex, birth_date AS "birthDate",
        relation_to_head AS "relationToHead", marital_status AS "maritalStatus", education, residence,
        school_status AS "schoolStatus"
      FROM member WHERE household_id = h.id AND archived_at IS NULL ORDER BY seq, id LIMIT 50) o) AS members,
    (SELECT coalesce(json_agg(o), '[]') FROM (
      SELECT id, seq, stage, country, sector, departed_on AS "departedOn", returned_on AS "returnedOn",
        {_procedural(walled)} AS "proceduralStatus", contract_ends_on AS "contractEndsOn",
        return_reason AS "returnReason",
        CASE WHEN wage_amount IS NOT NULL THEN (SELECT row_to_json(w) FROM (
          SELECT wage_amount::text AS amount, wage_currency AS currency) w) END AS wage,
        CASE WHEN num_nonnulls(remittance_frequency, remittance_band, remittance_channel) > 0
          OR remittance_uses <> '{{}}' THEN (SELECT row_to_json(r) FROM (SELECT remittance_frequency AS frequency,
            remittance_band AS band, remittance_channel AS channel, remittance_uses AS uses) r) END AS remittance
      FROM migration_episode WHERE household_id = h.id AND archived_at IS NULL
      ORDER BY coalesce(departed_on, registered_on, contract_starts_on, '9999') DESC, seq DESC, id LIMIT 50) o)
      AS migrations,
    (SELECT coalesce(json_agg(o), '[]') FROM (
      SELECT id, name, field, status, started_on AS "startedOn", scale, export_readiness AS "exportReadiness",
        workers_family AS "workersFamily", permits,
        CASE WHEN annual_sales_amount IS NOT NULL THEN (SELECT row_to_json(s) FROM (
          SELECT annual_sales_amount::text AS amount, annual_sales_currency AS currency) s) END AS "annualSales"
      FROM business WHERE household_id = h.id AND archived_at IS NULL ORDER BY id LIMIT 50) o) AS businesses,
    (SELECT coalesce(json_agg(o), '[]') FROM (
      SELECT id, pillar, started_on AS since, ended_on AS until
      FROM pillar_participation WHERE household_id = h.id AND archived_at IS NULL ORDER BY id LIMIT 50) o) AS pillars,
    (SELECT coalesce(json_agg(o), '[]') FROM (
      SELECT id, caregiver, needs, attends_parenting AS "attendsParenting", {person.format("c.child_id")} AS child,
        {person.format("c.caregiver_member_id")} AS "caregiverMember"
      FROM child_care c WHERE household_id = h.id AND archived_at IS NULL ORDER BY id LIMIT 50) o) AS "childCare",
    (SELECT coalesce(json_agg(o), '[]') FROM (
      SELECT code, severity, path, message_id AS message
      FROM finding WHERE household_id = h.id AND archived_at IS NULL AND {shown}
      ORDER BY position, id LIMIT 50) o) AS findings
  FROM household h WHERE h.id = $a1::uuid AND h.archived_at IS NULL) o"""


def village(walled: bool) -> str:
    """A page of 20, and one row more that shows whether there is another page."""
    return f"""SELECT row_to_json(o) FROM (
  WITH page AS MATERIALIZED (
    SELECT h.*, row_number() OVER () AS n FROM (
      SELECT id, household_no, workflow_state, status, address, hamlet, respondent_name, updated_at
      FROM household WHERE area = $a1 AND archived_at IS NULL ORDER BY household_no, id LIMIT 21) h)
  SELECT (SELECT coalesce(json_agg(o), '[]') FROM (
      SELECT h.id, h.household_no AS "householdNo", h.workflow_state AS "workflowState", h.status, h.address, h.hamlet,
        h.respondent_name AS "respondentName", {INSTANT.format("h.updated_at")} AS "updatedAt", {MEMBERS_6} AS members
      FROM page h WHERE n <= 20) o) AS nodes,
    (SELECT row_to_json(i) FROM (
      SELECT count(*) > 20 AS "hasNextPage", false AS "hasPreviousPage",
        max({CURSOR}) FILTER (WHERE n = 1) AS "startCursor",
        max({CURSOR}) FILTER (WHERE n = least(20, last)) AS "endCursor"
      FROM (SELECT page.*, count(*) OVER () AS last FROM page) page) i) AS "pageInfo") o"""


def regency(walled: bool) -> str:
    drafts = "" if walled else "AND NOT draft"
    return f"""SELECT row_to_json(o) FROM (
  SELECT (SELECT coalesce(json_agg(o), '[]') FROM (
      SELECT h.id, h.household_no AS "householdNo", h.workflow_state AS "workflowState", h.status, h.address, h.hamlet,
        h.rt, h.rw, {INSTANT.format("h.captured_at")} AS "capturedAt", h.visit_result AS "visitResult",
        {MEMBERS_6} AS members
      FROM (SELECT id, household_no, workflow_state, status, address, hamlet, rt, rw, captured_at, visit_result
        FROM household WHERE area >= $a1 AND area < $a1 || '/' AND archived_at IS NULL {drafts}
        ORDER BY household_no, id LIMIT 1000) h) o) AS nodes) o"""


def province(walled: bool) -> str:
    """Counted once a village and added upward, one level after the other, so that no row is looked up twice."""
    drafts = "" if walled else "AND NOT draft"
    counted = [
        f"""{name} AS (SELECT area, count(*)::int AS n FROM {table}
        WHERE area >= $a1 AND area < $a1 || '/' AND archived_at IS NULL {drafts} GROUP BY area)"""
        for name, table in (("h", "household"), ("m", "member"))
    ]
    villages = """village AS MATERIALIZED (
      SELECT r.parent_id AS id, sum(coalesce(h.n, 0))::int AS h, sum(coalesce(m.n, 0))::int AS m,
        json_agg(json_build_object('code', r.code, 'name', r.name,
          'households', json_build_object('totalCount', coalesce(h.n, 0)),
          'members', json_build_object('totalCount', coalesce(m.n, 0))) ORDER BY r.code) AS nodes
      FROM region r LEFT JOIN h ON h.area = r.code LEFT JOIN m ON m.area = r.code
      WHERE r.level = 'VILLAGE' AND r.code >= $a1 AND r.code < $a1 || '/' AND r.valid_to IS NULL
      GROUP BY r.parent_id)"""
    districts, regencies = _level("district", "village", "villages"), _level("regency", "district", "districts")
    return f"""SELECT row_to_json(o) FROM (
  WITH {", ".join([*counted, villages, districts, regencies])}
  SELECT r.code, r.name, json_build_object('totalCount', coalesce(t.h, 0)) AS households,
    json_build_object('totalCount', coalesce(t.m, 0)) AS members,
    json_build_object('nodes', coalesce(t.nodes, '[]')) AS regencies
  FROM region r LEFT JOIN regency t USING (id) WHERE r.code = $a1 AND r.valid_to IS NULL) o"""


def _level(level: str, below: str, field: str) -> str:
    """The regions of a level by the one above: their counts, and as JSON each with the regions below it."""
    return f"""{level} AS MATERIALIZED (
      SELECT r.parent_id AS id, coalesce(sum(t.h), 0)::int AS h, coalesce(sum(t.m), 0)::int AS m,
        json_agg(json_build_object('code', r.code, 'name', r.name,
          'households', json_build_object('totalCount', coalesce(t.h, 0)),
          'members', json_build_object('totalCount', coalesce(t.m, 0)),
          '{field}', json_build_object('nodes', coalesce(t.nodes, '[]'))) ORDER BY r.code) AS nodes
      FROM region r LEFT JOIN {below} t USING (id)
      WHERE r.level = '{level.upper()}' AND r.code >= $a1 AND r.code < $a1 || '/' AND r.valid_to IS NULL
      GROUP BY r.parent_id)"""


def national(walled: bool) -> str:
    drafts = "" if walled else "AND NOT draft"
    made = [
        f"json_build_object('totalCount', (SELECT count(*) FROM {table} WHERE archived_at IS NULL {drafts})) AS {name}"
        for table, name in (("household", "households"), ("member", "members"))
    ]
    return f"""SELECT row_to_json(o) FROM (
  WITH grouped AS MATERIALIZED (
    SELECT field AS key, count(*)::int AS count FROM business WHERE archived_at IS NULL {drafts} GROUP BY field)
  SELECT {", ".join(made)}, (SELECT row_to_json(b) FROM (
    SELECT coalesce(sum(count), 0) AS "totalCount",
      coalesce(json_agg(grouped ORDER BY count DESC, key), '[]') AS groups FROM grouped) b) AS businesses) o"""


def figures(walled: bool) -> str:
    return """SELECT row_to_json(o) FROM (
  SELECT provinces, regencies, villages, households, persons, prospective, working_abroad AS "workingAbroad", returned,
    businesses, export_ready AS "exportReady", (SELECT json_agg(b) FROM (
      SELECT value ->> 0 AS key, (value ->> 1)::int AS count FROM jsonb_array_elements(businesses_by_field)) b)
      AS "businessesByField"
  FROM figures('0')) o"""


MADE: Mapping[str, tuple[Callable[[bool], str], str]] = {
    "W1": (household, '{"data":{"household":%s}}'),
    "W2": (village, '{"data":{"households":%s}}'),
    "W3": (province, '{"data":{"region":%s}}'),
    "W4": (regency, '{"data":{"households":%s}}'),
    "W5": (national, '{"data":%s}'),
    "W5b": (figures, '{"data":{"nationalSummary":%s}}'),
    "W7": (whole, '{"data":{"household":%s}}'),
}


def settings(name: str) -> tuple[str, ...]:
    """The settings of a workload's walled statement, in the order of its first arguments."""
    return SETTINGS + MORE.get(name, ())


def statement(name: str, walled: bool) -> str:
    """The statement of a workload; its own arguments come after the settings."""
    body = MADE[name][0](walled)
    if not walled:
        return f"SELECT ({body.replace('$a1', '$1')})::varchar"
    names = settings(name)
    sets = ", ".join(f"set_config('app.{setting}', ${n}, true) AS s{n}" for n, setting in enumerate(names, 1))
    gated = body.replace("$a1", f"${len(names) + 1}")
    answer = f"SELECT j FROM ({gated}) a(j) WHERE s.s1 IS NOT NULL"
    return f"WITH s AS MATERIALIZED (SELECT {sets}) SELECT ({answer})::varchar FROM s"
