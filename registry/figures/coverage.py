"""Coverage: how villages, and the regions above them, are counted that take part in the programme.

Enrolments are no ledger, because the map and the programmes are public: an enrolment counts from the first day of its
year, as long as it is active.  Which of the villages report is told as registry/guard/reporting.py says.
Test: tests/test_coverage.py.
"""

from __future__ import annotations

from registry.codes import IndicatorName
from registry.values.civil_day import CAPITAL

N = IndicatorName
DAY, AREA = "$day", "$area"
"""Stand for the day as of which is counted, and for the region of the row."""

ENROLMENTS = """(SELECT r.code AS area, r.id AS village_then, p.code AS programme,
    make_date(e.year, 1, 1)::timestamptz AS since, 'infinity'::timestamptz AS until
  FROM village_enrolment e JOIN programme p ON p.id = e.programme_id
  JOIN region r ON r.id = e.region_id AND r.valid_to IS NULL WHERE e.active) l"""
"""The rows `l` that are counted."""

AMOUNTS = {
    N.VILLAGES_ENROLLED: "count(DISTINCT l.area)",
    N.VILLAGES_REPORTING: "count(DISTINCT l.area)",
    N.PROVINCES_COVERED: "count(DISTINCT left(l.area, 2))",
    N.REGENCIES_COVERED: "count(DISTINCT left(l.area, 5))",
    N.DISTRICTS_COVERED: "count(DISTINCT left(l.area, 8))",
}
"""What is counted of them."""

_MOMENT = f"least(now(), ({DAY} + 1)::timestamp AT TIME ZONE '{CAPITAL.key}')"
_RECENT = f"since <= {_MOMENT} AND {{0}}.since > {_MOMENT} - interval '180 days' AND {{0}}.until >= {_MOMENT}"
REPORTS = (
    f"CASE WHEN sees_exactly('{{OPERATIONAL}}', {AREA})"
    f" THEN EXISTS (SELECT FROM ledger_household h WHERE h.area = l.area AND h.{_RECENT.format('h')})"
    f" ELSE EXISTS (SELECT FROM block_close b WHERE b.depth = 1 AND b.place = l.area AND b.{_RECENT.format('b')}) END"
)
"""The condition on a village that reports."""
READ = frozenset({"village_enrolment", "programme", "region", "region_code", "ledger_household", "block_close"})
"""The tables that are read for it."""
