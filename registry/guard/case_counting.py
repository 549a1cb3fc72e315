"""Counting cases: their ledger is written where nobody reads it.

That there is a case is SPECIAL, and whoever moves a household may see none of its cases.  So functions of the database
write the ledger and read no case: whoever saves one hands over what is counted of it, and whoever moves a household
says where it lies now.  Their answer is nothing, whether there is a case or not.
Test: tests/test_case_ledger.py.
"""

from __future__ import annotations

import sqlalchemy as sa

from registry.figures.ledger import PLACED, RECORD_LEDGERS
from registry.figures.record_units import CASE as UNIT
from registry.models.case import CASE
from registry.store.sql import Sql, arg

_FACTS = [column.name for column in RECORD_LEDGERS[UNIT].c if column.name not in ("since", "until")]
_ROW = ", ".join(_FACTS)
_MOVED = {"village_id": "village", "village_then": "village", "area": "code"}

COUNT = f"""
    DECLARE
      moment CONSTANT timestamptz := clock_timestamp();
    BEGIN
      UPDATE ledger_case l SET until = moment
      WHERE l.subject_id = (counted->>'subject_id')::uuid AND l.until = 'infinity';
      INSERT INTO ledger_case (since, {_ROW})
      SELECT moment, {_ROW} FROM jsonb_populate_record(NULL::ledger_case, counted);
    END
"""
"""Body of the function that closes what is counted of a case, and enters what is `counted` from now on."""

MOVE = f"""
    DECLARE
      moment CONSTANT timestamptz := clock_timestamp();
    BEGIN
      WITH moved AS (
        UPDATE ledger_case l SET until = moment WHERE l.household_id = whose AND l.until = 'infinity' RETURNING l.*)
      INSERT INTO ledger_case (since, {_ROW})
      SELECT moment, {", ".join(_MOVED.get(name, f"m.{name}") for name in _FACTS)} FROM moved m;
    END
"""
"""Body of the function that lets the cases of a household count where it lies now."""


def _counting() -> sa.Select[object]:
    # SELECT registry.count_case(to_jsonb(new$)) FROM (SELECT …, c$.lot, … FROM registry.household_case AS c$ …) AS new$
    here = sa.select(CASE).where(CASE.c.id == arg("id", sa.Uuid())).subquery("c$")
    placed = [here.c[name] for name in PLACED] + [here.c.village_id.label("village_then")]
    rows = UNIT.rows(here).add_columns(*placed).subquery("new$")
    return sa.select(sa.func.registry.count_case(sa.func.to_jsonb(rows.table_valued()))).select_from(rows)


COUNT_CASE = Sql(_counting())
"""Let the ledger count a case as it is now."""
MOVE_CASES = Sql(
    sa.select(sa.func.registry.move_cases(arg("id", sa.Uuid()), arg("village", sa.Uuid()), arg("area", sa.Text())))
)
"""Let the cases of a household count in the village to which it has moved."""
