"""Which enrolled villages report: where the caller sees the area, by what is verified; elsewhere by what is published.

A verification in a village that was silent would show at once that it has one.  Test: tests/test_summary.py.
"""

from __future__ import annotations


def reporting(is_live: str) -> str:
    """SQL of how many villages of the relation `enrolled` report; `is_live` says whether the caller sees the area."""
    recent = "since > now() - interval '180 days'"
    return f"""(SELECT count(*)::int FROM enrolled e WHERE CASE WHEN {is_live}
          THEN EXISTS (SELECT FROM ledger_household h WHERE h.until = 'infinity' AND h.area = e.code AND h.{recent})
          ELSE EXISTS (SELECT FROM block_close b WHERE b.depth = 1 AND b.place = e.code AND b.{recent}) END)"""
