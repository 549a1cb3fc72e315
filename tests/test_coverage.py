"""Coverage: the villages of the programme and the regions above them, for everybody and by every place."""

from __future__ import annotations

import pytest

from tests.test_figures import counted
from tests.test_statistics import asked, rows_of, total_of
from tests.village import FAR, HERE, NEXT_DOOR, Place

__all__ = ["counted"]

pytestmark = pytest.mark.anyio
ALL = ("PROVINCES_COVERED", "REGENCIES_COVERED", "DISTRICTS_COVERED", "VILLAGES_ENROLLED")


@pytest.mark.parametrize("who", ["ministry", "officer", "nobody"])
async def test_coverage_is_the_same_for_everybody(counted: Place, who: str) -> None:
    answer = await asked(counted, who, "VILLAGES_ENROLLED", by=("PROVINCE", "VILLAGE"))
    assert rows_of(answer) == {("35", HERE): (1,), ("35", NEXT_DOOR): (1,), ("52", FAR): (1,)}
    districts = await counted.admin.fetchval(
        "SELECT count(DISTINCT left(r.code, 8)) FROM village_enrolment e JOIN region r ON r.id = e.region_id"
    )
    assert total_of(answer) == (3,)
    country = await asked(counted, who, "PROVINCES_COVERED", "VILLAGES_ENROLLED")
    assert total_of(country) == (2, 3)
    assert country["suppressedCells"] == 0
    assert total_of(await asked(counted, who, "DISTRICTS_COVERED")) == (districts,)


async def test_enrolments_count_from_their_year(counted: Place) -> None:
    await counted.admin.execute(
        "UPDATE village_enrolment SET year = CASE region_id WHEN $1 THEN 2025 ELSE 2019 END", counted.regions[FAR]
    )
    years = {"from": "2023-01-01", "to": "2025-12-31"}
    answer = await asked(counted, "nobody", "VILLAGES_ENROLLED", by=("YEAR",), period=years)
    assert rows_of(answer) == {("2023",): (2,), ("2024",): (2,), ("2025",): (3,)}


async def test_others_reports_are_told_by_closes_alone(counted: Place) -> None:
    """A silent village that verifies one household looks silent to others until its numbers are published."""
    assert total_of(await asked(counted, "ministry", "VILLAGES_REPORTING")) == (3,)
    assert total_of(await asked(counted, "nobody", "VILLAGES_REPORTING")) == (0,)
    own = await asked(counted, "stranger", "VILLAGES_REPORTING", by=("VILLAGE",))
    assert rows_of(own)[FAR,] == (1,)
    assert total_of(own) == (0,)
