"""The village that a code names, of today or of another year: the household's own, and those where its businesses are.

Rule: a superseded code is taken with a warning; one that is unknown, no village or split is refused at its place.
Tests: tests/test_submission.py.
"""

from __future__ import annotations

from dataclasses import replace

import orjson
import sqlalchemy as sa

from registry.codes import RegionLevel, Severity
from registry.codes.messages import UserErrorCode as Code
from registry.models.aggregate import PLACES
from registry.models.region import REGION
from registry.store.sql import Sql, arg
from registry.write.document import Document
from registry.write.submission_context import SubmissionContext
from registry.write.user_errors import Problem, refuse

_of_code = sa.func.registry.regions_of(arg("code", sa.Text())).table_valued(sa.column("id", sa.Uuid()), name="of_code")
_named = (
    sa.select(REGION.c.id, REGION.c.code, REGION.c.level)
    .select_from(_of_code.join(REGION, REGION.c.id == _of_code.c.id))
    .order_by(REGION.c.code)
    .subquery("named")
)
PLACE = sa.select(sa.func.json_agg(_named.table_valued()).label("regions")).select_from(_named).cte("place")
"""One row: the regions of today that a code names, as JSON; null for none."""
LOCATION = "location_village_id"
if elsewhere := [place for place in PLACES if place != ("business", LOCATION)]:
    raise TypeError(
        f"registry/write/village_lookup.py finds the village of a business, and not yet that of {elsewhere}"
    )
_REGIONS = Sql(sa.select(PLACE.c.regions))


def named_village(regions: str | None, code: str, path: tuple[str, ...]) -> tuple[dict[str, str], list[Problem]]:
    """The one village that a code names, and a warning if the code is not of today.  Raises Refused."""
    found: list[dict[str, str]] = orjson.loads(regions or "[]")
    if not found:
        raise refuse(Code.REGION_UNKNOWN, *path)
    if any(r["level"] != RegionLevel.VILLAGE for r in found):
        raise refuse(Code.REGION_NOT_VILLAGE, *path)
    if len(found) > 1:
        raise refuse(Code.REGION_CODE_AMBIGUOUS, *path, codes=", ".join(r["code"] for r in found))
    if found[0]["code"] != code:
        return found[0], [Problem(Code.REGION_CODE_SUPERSEDED, path, {"code": found[0]["code"]}, Severity.WARNING)]
    return found[0], []


def move_along(work: SubmissionContext, document: Document) -> bool:
    """Let the businesses at the village that a household leaves go with it, but for those that the edit places itself.

    Returns whether there were any."""
    if work.row is None or not work.moved:
        return False
    left, now = str(work.row["village_id"]), str(work.village)
    placed = {id_ for id_, columns in work.edit.sent["business"].items() if LOCATION in columns}
    along = [id_ for id_, columns in document["business"].items() if columns.get(LOCATION) == left]
    for id_ in along:
        if id_ not in placed:
            document["business"][id_][LOCATION] = now
    return not placed.issuperset(along)


async def locate(work: SubmissionContext) -> None:
    """Where each business is: any village of the country; null is the household's own.

    What was sent stays as it is, for another attempt."""
    placed = {id_: dict(columns) for id_, columns in work.edit.sent["business"].items()}
    work.edit = replace(work.edit, sent=work.edit.sent | {"business": placed})
    for id_, columns in placed.items():
        if LOCATION not in columns:
            continue
        if (code := columns[LOCATION]) is None:
            columns[LOCATION] = str(work.village)
            continue
        found = await work.tx.value(_REGIONS, code=code)
        place, said = named_village(found, code, work.edit.path(("business", id_, LOCATION)))
        columns[LOCATION] = str(place["id"])
        work.notes += said
