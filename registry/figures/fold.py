"""Fold: the queue becomes cells.

A row of the ledger is a posting of +1 where it opened, and of −1 where it closed.  Whoever changes a ledger enters the
household and the instant into the queue, and touches no cell, so nobody waits for anybody; a fold takes rows out of the
queue and adds their postings to the cells, and one fold at a time runs in a database.
Rule: at any moment, cells and the postings of the queue together equal the ledgers.  Tests: tests/test_cells.py.
"""

from __future__ import annotations

import hashlib

from registry.figures.cube import AREAS, CELL, CUBES

LOCK = 7_202_019
"""The advisory lock of whoever folds or rebuilds."""


def postings(queue: str, where: str = "true") -> str:
    """SELECT cube, area of the village, keys and n: what the households of the queue opened and closed."""
    # SELECT 1::smallint AS cube, l.area, … AS k1, …, CASE WHEN l.since = q.at THEN 1 ELSE -1 END AS n
    # FROM figure_due q JOIN ledger_household l
    # ON l.household_id = q.household_id AND (l.since = q.at OR l.until = q.at)
    # WHERE l.since <> l.until UNION ALL …
    sign = "CASE WHEN l.since = q.at THEN 1 ELSE -1 END"
    at = "l.household_id = q.household_id AND (l.since = q.at OR l.until = q.at)"
    selects = [
        f"SELECT {cube.place}, {sign} AS n FROM {queue} q JOIN {cube.unit.ledger} l ON {at}"
        f" WHERE l.since <> l.until AND {where}"
        for cube in CUBES
    ]
    return "\nUNION ALL ".join(selects)


def opened() -> str:
    """SELECT the postings that count what is open now, of all households."""
    is_open = "l.until = 'infinity'"
    selects = [f"SELECT {cube.place}, 1 AS n FROM {cube.unit.ledger} l WHERE {is_open}" for cube in CUBES]
    return "\nUNION ALL ".join(selects)


def cells(source: str) -> str:
    """SELECT the cells of postings: for the country and for each region above their villages."""
    by_village = f"SELECT cube, area, k1, k2, k3, sum(n) AS n FROM ({source}) u GROUP BY 1, 2, 3, 4, 5"
    return (
        "SELECT p.cube, a.region, p.k1, p.k2, p.k3, sum(p.n)::bigint AS n"
        f" FROM ({by_village}) p CROSS JOIN LATERAL {AREAS}"
        " GROUP BY 1, 2, 3, 4, 5 HAVING sum(p.n) <> 0 ORDER BY 1, 2, 3, 4, 5"
    )


FOLD = f"""
    DECLARE
      folded int;
    BEGIN
      IF NOT EXISTS (SELECT FROM figure_due) OR NOT pg_try_advisory_xact_lock({LOCK}) THEN
        RETURN 0;
      END IF;
      WITH taken AS (
        DELETE FROM figure_due WHERE ctid = ANY (ARRAY(SELECT ctid FROM figure_due LIMIT most)) RETURNING *),
      added AS (
        INSERT INTO figure_cell AS c ({CELL}, n) {cells(postings("taken"))}
        ON CONFLICT ({CELL}) DO UPDATE SET n = c.n + excluded.n)
      SELECT count(*) INTO folded FROM taken;
      RETURN folded;
    END
"""
"""Body of the function that folds at most so many rows of the queue, and returns how many."""

REBUILD = (
    "DELETE FROM figure_due",
    "DELETE FROM figure_cell",
    f"INSERT INTO figure_cell ({CELL}, n) {cells(opened())}",
)
"""The cells anew from the ledgers, under the lock; in one REPEATABLE READ transaction, or what commits meanwhile would
count twice.  No TRUNCATE: readers would wait for it, and then find a table that is empty in their snapshot."""

DECLARED = hashlib.sha256(cells(opened()).encode()).hexdigest()
"""Names what is kept: another one means that the cells are to be rebuilt."""

BOOKS = f"""
WITH kept AS (
  SELECT {CELL}, sum(n) AS n FROM (
    SELECT {CELL}, n FROM figure_cell UNION ALL ({cells(postings("figure_due"))})) b GROUP BY {CELL}),
counted AS (SELECT {CELL}, n FROM ({cells(opened())}) o)
SELECT count(*) FROM kept FULL JOIN counted USING ({CELL}) WHERE coalesce(kept.n, 0) <> coalesce(counted.n, 0)
"""
"""How many cells, with what is in the queue, do not equal the ledgers: none, in any snapshot."""
