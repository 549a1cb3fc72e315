"""Applies an official region list to the database: regions that are new, renamed or gone.

Rule: a list never moves anybody's data.  It adds, renames and closes regions.  If a region that the list no longer has,
or whose code now names another place, has data in it or below it, it stays as it is and the load is refused.  So is a
list that is older than the newest one loaded, unless a person forces it.  New codes of old regions come by region
events; a list only names the candidates.  Loading twice changes nothing.  Test: tests/test_regions.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

import asyncpg

from registry.codes import RegionChange
from registry.models.region import LONGEST_DECREE
from registry.regions.region_diff import CurrentRegion, Diff, Rename, plan
from registry.regions.region_list import ListedRegion, RegionList
from registry.regions.region_name import normalise
from registry.values.civil_day import CAPITAL
from registry.values.text import counted

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

BATCH = 5_000
"""Regions written by one statement, and the step of the progress shown."""


class RegionLoadError(Exception):
    """The list cannot be applied; `codes` are the regions that prevent it."""

    def __init__(self, reason: str, codes: Collection[str] = ()) -> None:
        self.codes = sorted(codes)
        listed = ", ".join(self.codes[:20])
        if len(codes) > 20:
            listed += f" and {len(codes) - 20} more"
        super().__init__(f"{reason}: {listed}" if codes else reason)


SEES_EVERY_ROW = """
SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = 'registry.region'::regclass
"""
"""Whether the role has the rights of the tables' owner, whom the policy `keep` shows every row; superusers have."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest list that was loaded, and the day from which it is in force."""

    decree: str
    effective_on: dt.date


async def compare(connection: Connection, regions: RegionList, *, lock: bool = False) -> Diff:
    """The difference between a list and the database; writes nothing.  `lock` keeps it true until the transaction ends.

    The connection's role must see every row, as the owner of the tables does.  Raises RegionLoadError for any other,
    for whom a village with data would look empty.
    """
    async with connection.transaction():
        if not await connection.fetchval(SEES_EVERY_ROW):
            raise RegionLoadError("this login does not see every row: use the one with which `migrate` ran")
        if lock:
            await connection.execute("LOCK TABLE region IN SHARE ROW EXCLUSIVE MODE")
        rows = await connection.fetch("SELECT code, name, valid_from FROM region WHERE valid_to IS NULL")
        current = {row["code"]: CurrentRegion(row["code"], row["name"], row["valid_from"]) for row in rows}
        diff = plan(regions, current)
        doubtful = [region.code for region in diff.gone]
        doubtful += [rename.row.code for rename in diff.renamed if rename.reused]
        if not doubtful:
            return diff
        return plan(regions, current, await _occupied(connection, doubtful, lock))


async def newer_list(
    connection: Connection, regions: RegionList, decree: str | None, effective_on: dt.date
) -> Newest | None:
    """The newest list that was loaded, if this one is older.

    A later `effective_on` does not make a list newer than its content proves, or than when it was loaded before."""
    loaded_on = await connection.fetchval(FIRST_DAY, regions.checksum, decree)
    days = [day for day in (effective_on, regions.origin.effective_on, loaded_on) if day is not None]
    newest = await connection.fetchrow(NEWEST)
    if newest is None or min(days) >= newest["effective_on"]:
        return None
    return Newest(newest["decree"], newest["effective_on"])


def refuse_older(diff: Diff, newest: Newest) -> None:
    """Raise RegionLoadError with the changes that an older list would undo."""
    raise RegionLoadError(
        f"the list is older than {newest.decree} of {newest.effective_on}, which is loaded: it would give"
        f" {counted(len(diff.renamed), 'region')} another name, close {len(diff.gone)} and add {len(diff.new)};"
        " load a newer list, or force this one"
    )


async def apply(
    connection: Connection,
    regions: RegionList,
    decree: str,
    effective_on: dt.date,
    progress: Callable[[int, int], None] = lambda done, total: None,
    accept: Collection[str] = (),
    force: bool = False,
) -> Diff:
    """Load a list in one transaction and return its changes.  RegionLoadError leaves the database as it was.

    `effective_on` is the day from which the decree's changes are in force.  `progress` is called with the numbers of
    regions written and to write.  `accept` are codes whose new name, as a person has confirmed, is of the same place.
    `force` loads a list that is older than the newest one: its changes are dated today, because history is not
    rewritten.
    """
    if not regions.rows:
        raise RegionLoadError("the list has no region")
    if len(decree) > LONGEST_DECREE:
        raise RegionLoadError(f"a decree has at most {LONGEST_DECREE} characters")
    async with connection.transaction():
        diff = await compare(connection, regions, lock=True)
        changes_on = effective_on
        if diff.changes and (newest := await newer_list(connection, regions, decree, effective_on)):
            if not force:
                refuse_older(diff, newest)
            changes_on = await connection.fetchval(f"SELECT timezone('{CAPITAL.key}', now())::date")
        _refuse_loss(diff, accept, changes_on)
        await _write(connection, diff, decree, changes_on, progress)
        origin, size = regions.origin, len(regions.rows)
        await connection.execute(
            RECORD, origin.source, decree, effective_on, regions.checksum, origin.attribution, size
        )
        return diff


def _refuse_loss(diff: Diff, accept: Collection[str], changes_on: dt.date) -> None:
    """Raise RegionLoadError if a load would leave data without its region."""
    if diff.gone_with_data:
        raise RegionLoadError("regions with data are not in the list; record region events first", diff.gone_with_data)
    if reused := set(diff.reused_with_data) - set(accept):
        raise RegionLoadError("codes with data name another place; confirm the new names", reused)
    if later := [region.code for region in diff.gone if region.valid_from >= changes_on]:
        raise RegionLoadError("the list is older than the regions it would close", later)


async def _write(
    connection: Connection, diff: Diff, decree: str, changes_on: dt.date, progress: Callable[[int, int], None]
) -> None:
    total, done = len(diff.new) + len(diff.renamed) + len(diff.gone), 0
    for rows in _batches(diff.new):
        await _add(connection, rows, decree, changes_on)
        progress(done := done + len(rows), total)
    if diff.renamed:
        await _rename(connection, diff.renamed, decree, changes_on)
        progress(done := done + len(diff.renamed), total)
    if diff.gone:
        await connection.execute(CLOSE, [region.code for region in diff.gone], changes_on)
        progress(total, total)


async def _occupied(connection: Connection, codes: list[str], lock: bool) -> set[str]:
    """Those of these regions to which any row refers.

    The tables with a foreign key to a region's id come from the database's catalogue, so that no noun is forgotten; the
    region's own tables are the map and not data.
    """
    occupied: set[str] = set()
    for table, column in await connection.fetch(REFERENCES):
        if lock:
            await connection.execute(f"LOCK TABLE {table} IN SHARE MODE")
        rows = await connection.fetch(
            "SELECT r.code FROM region r WHERE r.valid_to IS NULL AND r.code = ANY ($1::text[])"
            f" AND EXISTS (SELECT FROM {table} t WHERE t.{column} = r.id)",
            codes,
        )
        occupied.update(row["code"] for row in rows)
    return occupied


async def _add(connection: Connection, rows: list[ListedRegion], decree: str, changes_on: dt.date) -> None:
    values = [(row.code, row.level, row.kind, row.name, normalise(row.name), row.parent_code) for row in rows]
    await connection.execute(ADD, changes_on, decree, *_columns(values))


async def _rename(connection: Connection, renames: list[Rename], decree: str, changes_on: dt.date) -> None:
    values = []
    for rename in renames:
        name = rename.row.name
        values.append((rename.row.code, name, normalise(name), not rename.spelling_only))
    await connection.execute(RENAME, changes_on, decree, RegionChange.RENAME, *_columns(values))


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    """One array for each column, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)]


def _batches(rows: list[ListedRegion]) -> Iterator[list[ListedRegion]]:
    """Batches of one level each, parents first, so that the parents of a statement's rows exist."""
    for _, same_level in groupby(rows, key=lambda row: row.level):
        regions = list(same_level)
        for start in range(0, len(regions), BATCH):
            yield regions[start : start + BATCH]


ADD = """
WITH added AS (
    INSERT INTO region (code, level, kind, name, search_name, parent_id, valid_from, decree)
    SELECT n.code, n.level, n.kind, n.name, n.search_name, p.id, $1, $2
    FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
         AS n (code, level, kind, name, search_name, parent_code)
    LEFT JOIN region p ON p.code = n.parent_code AND p.valid_to IS NULL
    RETURNING id, code)
INSERT INTO region_code (region_id, code, valid_from) SELECT id, code, $1 FROM added
"""

RENAME = """
WITH renamed AS (
    UPDATE region r SET name = n.name, search_name = n.search_name, decree = $2
    FROM unnest($4::text[], $5::text[], $6::text[], $7::boolean[]) AS n (code, name, search_name, tell)
    WHERE r.code = n.code AND r.valid_to IS NULL
    RETURNING r.id, r.code, n.tell)
INSERT INTO region_lineage (from_region_id, to_region_id, change, from_code, to_code, decree, effective_on)
SELECT id, id, $3, code, code, $2, $1 FROM renamed WHERE tell
"""

CLOSE = """
WITH closed AS (
    UPDATE region SET valid_to = $2 WHERE code = ANY ($1::text[]) AND valid_to IS NULL RETURNING id)
UPDATE region_code SET valid_to = $2 WHERE region_id IN (SELECT id FROM closed) AND valid_to IS NULL
"""

RECORD = """
INSERT INTO region_list (source, decree, effective_on, checksum, attribution, regions)
SELECT $1, $2, $3, $4, $5, $6
WHERE NOT EXISTS (SELECT FROM region_list WHERE decree = $2 AND checksum = $4)
"""

NEWEST = "SELECT decree, effective_on FROM region_list ORDER BY effective_on DESC, loaded_at DESC LIMIT 1"
FIRST_DAY = "SELECT min(effective_on) FROM region_list WHERE checksum = $1 AND decree = $2"

REFERENCES = """
SELECT DISTINCT c.conrelid::regclass::text, quote_ident(a.attname)
FROM pg_constraint c
CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS pair (ours, theirs)
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = pair.ours
JOIN pg_attribute t ON t.attrelid = c.confrelid AND t.attnum = pair.theirs
WHERE c.contype = 'f' AND c.confrelid = 'region'::regclass AND t.attname = 'id' AND c.conparentid = 0
  AND c.conrelid NOT IN ('region'::regclass, 'region_code'::regclass, 'region_lineage'::regclass)
ORDER BY 1, 2
"""
