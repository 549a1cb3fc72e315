"""The village that a code names, of today or of another year: the household's own, and those of its businesses.

Rule: a superseded code is accepted with a warning; one that is unknown, split, or not a village is refused,
at its path in the input.  Tests: tests/test_submission.py.
"""

from __future__ import annotations

import orjson
import sqlalchemy as sa

from registry.codes import RegionLevel, Severity
from registry.codes.messages import UserErrorCode as Code
from registry.models.aggregate import Document
from registry.models.household_aggregate import PLACES
from registry.models.region import REGION
from registry.store.sql import Sql, arg
from registry.write.submission_context import SubmissionContext
from registry.write.user_errors import Problem, refusal

_of_code = sa.func.registry.regions_of(arg("code", sa.Text())).table_valued(sa.column("id", sa.Uuid()), name="of_code")
_named = (
    sa.select(REGION.c.id, REGION.c.code, REGION.c.level)
    .select_from(_of_code.join(REGION, REGION.c.id == _of_code.c.id))
    .order_by(REGION.c.code)
    .subquery("named")
)
NAMED_REGIONS = sa.select(sa.func.json_agg(_named.table_valued()).label("regions")).select_from(_named).cte("place")
"""One row: the regions of today that a code names, as JSON; null for none."""
LOCATION = "location_village_id"
if elsewhere := [place for place in PLACES if place != ("business", LOCATION)]:
    raise TypeError(
        f"registry/write/village_lookup.py finds the village of a business, and not yet that of {elsewhere}"
    )
REGIONS = Sql(sa.select(NAMED_REGIONS.c.regions))


def named_village(regions: str | None, code: str, path: tuple[str, ...]) -> tuple[dict[str, str], list[Problem]]:
    """The one village that a code names, and a warning if the code is not today's.  Raises Refused.

    `regions` is what `NAMED_REGIONS` returns: a JSON list of id, code and level."""
    return _only(regions, code, path, tuple(level for level in RegionLevel if level is not RegionLevel.VILLAGE))


def named_region(regions: str | None, code: str, path: tuple[str, ...]) -> tuple[dict[str, str], list[Problem]]:
    """The one region of any level that a code names, as `named_village` does."""
    return _only(regions, code, path, ())


def _only(
    regions: str | None, code: str, path: tuple[str, ...], refused_levels: tuple[RegionLevel, ...]
) -> tuple[dict[str, str], list[Problem]]:
    places: list[dict[str, str]] = orjson.loads(regions or "[]")
    if not places:
        raise refusal(Code.REGION_UNKNOWN, *path)
    if any(place["level"] in refused_levels for place in places):
        raise refusal(Code.REGION_NOT_VILLAGE, *path)
    if len(places) > 1:
        raise refusal(Code.REGION_CODE_AMBIGUOUS, *path, codes=", ".join(place["code"] for place in places))
    (region,) = places
    if region["code"] == code:
        return region, []
    return region, [Problem(Code.REGION_CODE_SUPERSEDED, path, {"code": region["code"]}, Severity.WARNING)]


def move_along(work: SubmissionContext, document: Document) -> bool:
    """Move the businesses in the village that a household leaves along with it, except those that the edit places.

    Returns whether there were any."""
    if work.row is None or not work.moved:
        return False
    old, new = str(work.row["village_id"]), str(work.village_id)
    placed = {id_ for id_, columns in work.edit.sent["business"].items() if LOCATION in columns}
    moving = [
        columns for id_, columns in document["business"].items() if columns.get(LOCATION) == old and id_ not in placed
    ]
    for columns in moving:
        columns[LOCATION] = new
    return bool(moving)


async def locate(work: SubmissionContext) -> None:
    """Replace the code of each business's village, any of the country, by its id; null is the household's own.

    Raises Refused."""
    for id_, columns in work.edit.sent["business"].items():
        if LOCATION not in columns:
            continue
        if (code := columns[LOCATION]) is None:
            columns[LOCATION] = str(work.village_id)
            continue
        regions = await work.tx.value(REGIONS, code=code)
        village, warnings = named_village(regions, code, work.edit.path(("business", id_, LOCATION)))
        columns[LOCATION] = str(village["id"])
        work.warnings += warnings
