"""Applies an official region list to the database: what is new, what is spelled otherwise, what is gone.

Rule: a list never moves anybody's data.  It adds, respells and closes regions; a region that a list no longer holds,
or whose code now names another place, stays as it is while anything refers to it or to what lies below, and the load
is refused.  So is a list that is older than the newest one loaded, unless a person forces it.  New codes of old regions
come by region events; a list only names the candidates.  Loading twice changes nothing.  Test: tests/test_regions.py.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import TypeAlias

import asyncpg

from registry.codes import RegionChange, RegionLevel
from registry.models.region import LONGEST_DECREE
from registry.regions.region_list import ListedRegion, RegionList
from registry.regions.region_name import normalise, place
from registry.values.civil_day import civil_day

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

BATCH = 5_000
"""Regions written by one statement, and the step of the progress shown."""
SAME_PLACE = 0.5
"""Likeness of two names (0–1) below which one code is taken to name two places.  Between the lists of 2019 and 2025
real re-use (Tonasa, Kassi) lies at 0.36, misspelling above 0.6."""


@dataclass(frozen=True, slots=True)
class Known:
    """A region as the database has it today."""

    code: str
    name: str
    valid_from: dt.date


@dataclass(frozen=True, slots=True)
class Rename:
    """A code that has another name in the list.  Reused: the names have nothing in common."""

    row: ListedRegion
    was: str

    @property
    def reused(self) -> bool:
        """Whether the code seems to name another place now."""
        return SequenceMatcher(None, _core(self.was), _core(self.row.name), autojunk=False).ratio() < SAME_PLACE

    @property
    def spelling_only(self) -> bool:
        """Whether case, quotes, hyphens, spaces or the word for the kind (`KAB.`, `Kabupaten`) are all that differs."""
        return _core(self.was) == _core(self.row.name)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A code that is gone and the only new one of its level and name: perhaps the same place, for a person to say."""

    code: str
    new_code: str
    name: str


@dataclass(frozen=True, slots=True)
class Diff:
    """What a list changes.  `gone_with_data` and `reused_with_data` are the codes for which a load is refused."""

    new: list[ListedRegion]
    renamed: list[Rename]
    unchanged: int
    gone: list[Known]
    candidates: list[Candidate]
    gone_with_data: list[str]
    reused_with_data: list[str]

    @property
    def changes(self) -> bool:
        """Whether a load would change anything."""
        return bool(self.new or self.renamed or self.gone)


class RegionLoadError(Exception):
    """The list cannot be applied; `codes` are the regions that stand in the way."""

    def __init__(self, reason: str, codes: Collection[str] = ()) -> None:
        shown = ", ".join(sorted(codes)[:20]) + (f" and {len(codes) - 20} more" if len(codes) > 20 else "")
        super().__init__(f"{reason}: {shown}" if codes else reason)
        self.codes = sorted(codes)


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest list that was loaded, and the day from which it holds."""

    decree: str
    effective_on: dt.date


def plan(regions: RegionList, current: Mapping[str, Known], occupied: Collection[str] = ()) -> Diff:
    """Compare a list with today's regions by code; `occupied` are the codes of regions that anything refers to.

    A list with bad lines closes nothing: what it lacks may stand on one of them.
    """
    listed = {row.code: row for row in regions.rows}
    new = [row for row in regions.rows if row.code not in current]
    renamed = [
        Rename(r, current[r.code].name) for r in regions.rows if r.code in current and r.name != current[r.code].name
    ]
    gone = [] if regions.bad else [current[code] for code in sorted(current.keys() - listed.keys())]
    held = {prefix for code in occupied for prefix in (code[:2], code[:5], code[:8], code)}
    return Diff(
        new=new,
        renamed=renamed,
        unchanged=len(regions.rows) - len(new) - len(renamed),
        gone=gone,
        candidates=list(_candidates(gone, new)),
        gone_with_data=[known.code for known in gone if known.code in held],
        reused_with_data=[r.row.code for r in renamed if r.row.code in occupied and r.reused],
    )


async def compare(connection: Connection, regions: RegionList, *, lock: bool = False) -> Diff:
    """The difference to the database, nothing written: the dry run.  `lock` keeps it true until the transaction ends.

    The connection's role must see every row (BYPASSRLS or superuser): one that row security would filter gets
    PostgreSQL's error instead of an answer that calls a full village empty.
    """
    async with connection.transaction():
        await connection.execute("SET LOCAL row_security = off")
        if lock:
            await connection.execute("LOCK TABLE region IN SHARE ROW EXCLUSIVE MODE")
        known = await connection.fetch("SELECT code, name, valid_from FROM region WHERE valid_to IS NULL")
        current = {r["code"]: Known(r["code"], r["name"], r["valid_from"]) for r in known}
        diff = plan(regions, current)
        doubtful = [k.code for k in diff.gone] + [r.row.code for r in diff.renamed if r.reused]
        return plan(regions, current, await _occupied(connection, doubtful, lock)) if doubtful else diff


async def newer_list(
    connection: Connection, regions: RegionList, decree: str | None, effective_on: dt.date
) -> Newest | None:
    """The newest list that was loaded, if this one is older.

    A later day makes no list newer than it is known to be: by its content, or because it was loaded before."""
    loaded_on = await connection.fetchval(FIRST_DAY, regions.checksum, decree)
    days = [day for day in (effective_on, regions.origin.effective_on, loaded_on) if day is not None]
    newest = await connection.fetchrow(NEWEST)
    if newest is None or min(days) >= newest["effective_on"]:
        return None
    return Newest(newest["decree"], newest["effective_on"])


def refuse_older(diff: Diff, newest: Newest) -> None:
    """RegionLoadError: what an older list would undo."""
    raise RegionLoadError(
        f"the list is older than {newest.decree} of {newest.effective_on}, which is loaded: it would give"
        f" {len(diff.renamed)} regions another name, close {len(diff.gone)} and add {len(diff.new)};"
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
    """Load a list in one transaction and return what it changed; RegionLoadError leaves the database as it was.

    `effective_on` is the day from which the decree's changes hold.  `progress` is called with regions written and to
    write.  `accept` are codes whose new name a person has confirmed to be the same place.  `force` loads an older list
    than the newest one: what it undoes ends today, because history is not rewritten.
    """
    if not regions.rows:
        raise RegionLoadError("the list holds no region")
    if len(decree) > LONGEST_DECREE:
        raise RegionLoadError(f"a decree has {LONGEST_DECREE} characters at most")
    async with connection.transaction():
        diff = await compare(connection, regions, lock=True)
        record_day = effective_on
        if diff.changes and (newest := await newer_list(connection, regions, decree, effective_on)):
            if not force:
                refuse_older(diff, newest)
            effective_on = civil_day()
        if diff.gone_with_data:
            raise RegionLoadError(
                "regions with data are not in the list; record region events first", diff.gone_with_data
            )
        if reused := set(diff.reused_with_data) - set(accept):
            raise RegionLoadError("codes with data name another place; confirm the new names", reused)
        if later := [known.code for known in diff.gone if known.valid_from >= effective_on]:
            raise RegionLoadError("the list is older than the regions it would close", later)
        total, done = len(diff.new) + len(diff.renamed) + len(diff.gone), 0
        for rows in _batches(diff.new):
            await _add(connection, rows, decree, effective_on)
            progress(done := done + len(rows), total)
        if diff.renamed:
            await _rename(connection, diff.renamed, decree, effective_on)
            progress(done := done + len(diff.renamed), total)
        if diff.gone:
            await connection.execute(CLOSE, [known.code for known in diff.gone], effective_on)
            progress(total, total)
        origin = regions.origin
        await connection.execute(
            RECORD, origin.source, decree, record_day, regions.checksum, origin.attribution, len(regions.rows)
        )
        return diff


async def _occupied(connection: Connection, codes: list[str], lock: bool) -> set[str]:
    """Which of these regions any row refers to.

    The tables are those with a foreign key to a region's id, asked from the catalogue, so that no noun is forgotten;
    the region's own ones are the map, not data.
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


async def _add(connection: Connection, rows: list[ListedRegion], decree: str, effective_on: dt.date) -> None:
    columns = zip(*((r.code, r.level, r.kind, r.name, normalise(r.name), r.parent_code) for r in rows), strict=True)
    await connection.execute(ADD, effective_on, decree, *map(list, columns))


async def _rename(connection: Connection, renamed: list[Rename], decree: str, effective_on: dt.date) -> None:
    columns = zip(*((r.row.code, r.row.name, normalise(r.row.name), not r.spelling_only) for r in renamed), strict=True)
    await connection.execute(RENAME, effective_on, decree, RegionChange.RENAME, *map(list, columns))


def _batches(rows: list[ListedRegion]) -> Iterator[list[ListedRegion]]:
    """Batches of one level each, parents first, so that a statement finds its parents in place."""
    for _, same_level in groupby(rows, key=lambda row: row.level):
        level = list(same_level)
        yield from (level[start : start + BATCH] for start in range(0, len(level), BATCH))


def _candidates(gone: list[Known], new: list[ListedRegion]) -> Iterator[Candidate]:
    named: defaultdict[tuple[RegionLevel, str], list[ListedRegion]] = defaultdict(list)
    for row in new:
        named[row.level, normalise(row.name)].append(row)
    for known in gone:
        match named[place(known.code)[0], normalise(known.name)]:
            case [row]:
                yield Candidate(known.code, row.code, row.name)


def _core(name: str) -> str:
    """A name without the word for its kind and without spaces, for judging likeness."""
    words = normalise(name).split()
    return "".join(words[1:] if len(words) > 1 and words[0] in ("kab", "kabupaten", "kota") else words)


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
