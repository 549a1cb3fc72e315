"""Loading region lists: a second load changes nothing, and no region with data is closed or renamed away."""

import datetime as dt
import os
import uuid
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.regions.region_diff import Candidate, CurrentRegion, plan
from registry.regions.region_list import ListedRegion, Origin, RegionList, read_list
from registry.regions.region_load import Connection, RegionLoadError, apply, compare
from registry.regions.region_name import place
from registry.values.csv_file import BadRow
from server.demo import geography

FIRST, LATER = dt.date(2019, 10, 8), dt.date(2025, 4, 25)
COUNTRY = {
    "35": "Jawa Timur",
    "35.07": "Kabupaten Malang",
    "35.07.11": "Kalipare",
    "35.07.11.2007": "Tumpakrejo",
    "35.07.11.2008": "Arjowilangun",
    "35.07.33": "Pagelaran",
    "35.07.33.2006": "Brongkal",
}


def region_list(regions: dict[str, str], bad: list[BadRow] | None = None) -> RegionList:
    """A list with these names by code, in the order of the codes."""
    rows = [ListedRegion(c, name, *place(c), "made.csv", n) for n, (c, name) in enumerate(sorted(regions.items()), 1)]
    return RegionList(
        sorted(rows, key=lambda row: len(row.code)),
        bad or [],
        sha256(str(sorted(regions)).encode()).hexdigest(),
        Origin("made"),
    )


def stored_regions(regions: dict[str, str]) -> dict[str, CurrentRegion]:
    return {code: CurrentRegion(code, name, FIRST) for code, name in regions.items()}


def country_without(*codes: str) -> dict[str, str]:
    return {code: name for code, name in COUNTRY.items() if code not in codes}


trees = st.dictionaries(st.sampled_from(sorted(COUNTRY)), st.sampled_from(["Kassi", "Tonasa", "Tonassa", "TONASA"]))


@given(trees, trees, st.sets(st.sampled_from(sorted(COUNTRY))))
def test_a_plan_contains_every_region_once(listed: dict[str, str], now: dict[str, str], occupied: set[str]) -> None:
    diff = plan(region_list(listed), stored_regions(now), occupied)
    assert {row.code for row in diff.new} == listed.keys() - now.keys()
    assert {region.code for region in diff.gone} == now.keys() - listed.keys()
    assert len(diff.new) + len(diff.renamed) + diff.unchanged == len(listed)
    assert all(rename.former_name != rename.row.name for rename in diff.renamed)
    assert {region.code for region in diff.gone} & occupied <= set(diff.gone_with_data)
    assert diff.changes is (listed != now)


def test_regions_above_data_are_not_closed() -> None:
    gone = plan(region_list(country_without("35.07.33", "35.07.33.2006")), stored_regions(COUNTRY), {"35.07.33.2006"})
    assert gone.gone_with_data == ["35.07.33", "35.07.33.2006"]


def test_a_list_with_bad_lines_closes_nothing() -> None:
    listed = region_list(country_without("35.07.11.2007"), [BadRow("made.csv", 4, "no name")])
    assert plan(listed, stored_regions(COUNTRY)).gone == []


def test_a_moved_village_is_a_candidate_unless_its_name_is_ambiguous() -> None:
    moved = country_without("35.07.11.2007") | {"35.07.33.2010": "TUMPAKREJO"}
    assert plan(region_list(moved), stored_regions(COUNTRY)).candidates == [
        Candidate("35.07.11.2007", "35.07.33.2010", "TUMPAKREJO")
    ]
    namesakes = moved | {"35.07.33.2011": "Tumpakrejo"}
    assert plan(region_list(namesakes), stored_regions(COUNTRY)).candidates == []


async def snapshot(admin: Connection) -> list[object]:
    """Every row of the map as text, to compare before and after."""
    tables = ("region", "region_code", "region_lineage", "region_list", "programme", "village_enrolment")
    return [await admin.fetchval(f"SELECT array_agg(t::text ORDER BY t::text) FROM {table} t") for table in tables]


async def enrol(admin: Connection, code: str) -> None:
    """Enrol a village, so that data refers to it."""
    programme = await admin.fetchval(
        "INSERT INTO programme (code, name, agency) VALUES ($1, 'Uji', 'Uji') RETURNING id", uuid.uuid4().hex
    )
    await admin.execute(
        "INSERT INTO village_enrolment (programme_id, region_id, year, active)"
        " SELECT $1, id, 2017, true FROM region WHERE code = $2",
        programme,
        code,
    )


@pytest.mark.anyio
async def test_a_list_is_loaded_once(admin: Connection) -> None:
    steps: list[tuple[int, int]] = []
    diff = await apply(admin, region_list(COUNTRY), "Uji 1", FIRST, lambda done, total: steps.append((done, total)))
    assert len(diff.new) == 7
    assert steps[-1] == (7, 7)
    rows = await admin.fetch(
        "SELECT r.code, r.level, r.kind, r.search_name, p.code AS parent, c.valid_from, c.valid_to"
        " FROM region r JOIN region_code c ON c.region_id = r.id AND c.code = r.code"
        " LEFT JOIN region p ON p.id = r.parent_id ORDER BY r.code"
    )
    assert [tuple(row) for row in rows[:4]] == [
        ("35", "PROVINCE", "PROVINCE", "jawa timur", None, FIRST, None),
        ("35.07", "REGENCY", "REGENCY", "kabupaten malang", "35", FIRST, None),
        ("35.07.11", "DISTRICT", "DISTRICT", "kalipare", "35.07", FIRST, None),
        ("35.07.11.2007", "VILLAGE", "RURAL_VILLAGE", "tumpakrejo", "35.07.11", FIRST, None),
    ]
    before = await snapshot(admin)
    assert not (await apply(admin, region_list(COUNTRY), "Uji 1", LATER)).changes
    assert await snapshot(admin) == before


@pytest.mark.anyio
async def test_a_dry_run_writes_nothing(admin: Connection) -> None:
    before = await snapshot(admin)
    assert len((await compare(admin, region_list(COUNTRY))).new) == 7
    assert await snapshot(admin) == before


@pytest.mark.anyio
async def test_regions_missing_from_a_list_are_closed_and_may_return(admin: Connection) -> None:
    await apply(admin, region_list(COUNTRY), "Uji 1", FIRST)
    with pytest.raises(RegionLoadError, match="older"):
        await apply(admin, region_list(country_without("35.07.11.2007")), "Uji 0", FIRST)
    assert [
        k.code for k in (await apply(admin, region_list(country_without("35.07.11.2007")), "Uji 2", LATER)).gone
    ] == ["35.07.11.2007"]
    for table in ("region", "region_code"):
        closed = await admin.fetch(f"SELECT valid_to FROM {table} WHERE code = '35.07.11.2007'")
        assert [row["valid_to"] for row in closed] == [LATER]
    await apply(admin, region_list(COUNTRY), "Uji 3", dt.date(2026, 1, 1))
    assert await admin.fetchval("SELECT count(*) FROM region WHERE code = '35.07.11.2007'") == 2


OLDER, NEWER = COUNTRY | {"35.07.11.2007": "Tumpak Rejo"}, country_without("35.07.33.2006")


@pytest.mark.anyio
async def test_an_older_list_is_refused_with_the_changes_it_would_undo(admin: Connection) -> None:
    await apply(admin, region_list(OLDER), "Old", FIRST)
    await apply(admin, region_list(NEWER), "New", LATER)
    before = await snapshot(admin)
    refused = "older than New of 2025-04-25, .* 1 region another name, close 0 and add 1"
    with pytest.raises(RegionLoadError, match=refused):
        await apply(admin, region_list(OLDER), "Older still", FIRST)
    with pytest.raises(RegionLoadError, match=refused):  # a later day does not make an already loaded list newer
        await apply(admin, region_list(OLDER), "Old", dt.date(2026, 1, 1))
    known_by_content = replace(region_list(OLDER), origin=Origin("made", "Old", FIRST))
    with pytest.raises(RegionLoadError, match=refused):
        await apply(admin, known_by_content, "Another", dt.date(2026, 1, 1))
    assert await snapshot(admin) == before
    assert not (await apply(admin, region_list(NEWER), "Old again", FIRST)).changes


@pytest.mark.anyio
async def test_a_list_of_the_same_day_may_correct_the_newest(admin: Connection) -> None:
    await apply(admin, region_list(OLDER), "Old", FIRST)
    assert len((await apply(admin, region_list(COUNTRY), "Corrected", FIRST)).renamed) == 1


@pytest.mark.anyio
async def test_a_forced_older_list_changes_only_today(admin: Connection) -> None:
    await apply(admin, region_list(OLDER), "Old", FIRST)
    await apply(admin, region_list(NEWER), "New", LATER)
    await apply(admin, region_list(OLDER), "Old", FIRST, force=True)
    periods = await admin.fetch("SELECT valid_from, valid_to FROM region WHERE code = '35.07.33.2006' ORDER BY 1")
    today = await admin.fetchval("SELECT timezone('Asia/Jakarta', now())::date")
    assert [tuple(row) for row in periods] == [(FIRST, LATER), (today, None)]
    await apply(admin, region_list(NEWER), "New", dt.date(2099, 1, 1), force=True)
    days = await admin.fetch("SELECT DISTINCT decree, effective_on FROM region_list ORDER BY 1")
    assert [tuple(row) for row in days] == [("New", LATER), ("Old", FIRST)]


@pytest.mark.anyio
async def test_a_region_with_data_is_not_closed(admin: Connection) -> None:
    await apply(admin, region_list(COUNTRY), "Uji 1", FIRST)
    await enrol(admin, "35.07.33.2006")
    before = await snapshot(admin)
    smaller = region_list(country_without("35.07.33", "35.07.33.2006", "35.07.11.2007"))
    assert (await compare(admin, smaller)).gone_with_data == ["35.07.33", "35.07.33.2006"]
    with pytest.raises(RegionLoadError, match=r"35\.07\.33, 35\.07\.33\.2006$") as refused:
        await apply(admin, smaller, "Uji 2", LATER)
    assert refused.value.codes == ["35.07.33", "35.07.33.2006"]
    assert await snapshot(admin) == before


@pytest.mark.anyio
async def test_a_code_with_data_cannot_move_to_another_place(admin: Connection) -> None:
    await apply(admin, region_list(COUNTRY), "Uji 1", FIRST)
    await enrol(admin, "35.07.33.2006")
    other = region_list(
        COUNTRY | {"35.07.33.2006": "Sidomulyo", "35.07.11.2007": "Kedungsalam", "35.07.11.2008": "ARJO-WILANGUN"}
    )
    with pytest.raises(RegionLoadError, match=r"confirm the new names: 35\.07\.33\.2006$"):
        await apply(admin, other, "Uji 2", LATER)
    diff = await apply(admin, other, "Uji 2", LATER, accept={"35.07.33.2006"})
    assert len(diff.renamed) == 3
    lineage = await admin.fetch(
        "SELECT change, from_code, to_code, decree, effective_on FROM region_lineage ORDER BY 2"
    )
    assert [tuple(row) for row in lineage] == [
        ("RENAME", code, code, "Uji 2", LATER) for code in ("35.07.11.2007", "35.07.33.2006")
    ]


@pytest.mark.anyio
async def test_an_empty_list_is_refused(admin: Connection) -> None:
    with pytest.raises(RegionLoadError, match="no region"):
        await apply(admin, region_list({}), "Uji", FIRST)


@pytest.mark.anyio
async def test_the_demo_country_is_loaded_once_with_lenek_lauk_under_both_codes(admin: Connection) -> None:
    await geography.ensure(admin)
    before = await snapshot(admin)
    await geography.ensure(admin)
    assert await snapshot(admin) == before
    years = await admin.fetch("SELECT year, count(*)::int FROM village_enrolment GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in years] == [(2016, 2), (2017, 120), (2018, 130), (2019, 150)]
    codes = await admin.fetch(
        "SELECT c.code, c.valid_from, c.valid_to FROM region_code c JOIN region r ON r.id = c.region_id"
        " WHERE r.code = '52.03.21.2002' ORDER BY 2"
    )
    assert [tuple(row) for row in codes] == [
        ("52.03.09.2005", dt.date(2015, 6, 29), FIRST),
        ("52.03.21.2002", FIRST, None),
    ]
    lineage = await admin.fetch("SELECT change, from_code, to_code, from_region_id = to_region_id FROM region_lineage")
    assert [tuple(row) for row in lineage] == [("MOVE_PARENT", "52.03.09.2005", "52.03.21.2002", True)]


@pytest.mark.anyio
async def test_the_demo_does_not_load_over_another_map(admin: Connection) -> None:
    await apply(admin, region_list(COUNTRY), "Uji 1", FIRST)
    with pytest.raises(RegionLoadError, match="empty registry"):
        await geography.ensure(admin)


@pytest.mark.anyio
async def test_the_national_list_loads_over_the_demo(admin: Connection) -> None:
    path = Path(os.environ.get("REGION_LISTS", "")) / "idn-area-data-4.0.1.tgz"
    if not path.is_file():
        pytest.skip("REGION_LISTS names no folder that holds idn-area-data-4.0.1.tgz")
    await geography.ensure(admin)
    country = read_list(path)
    assert country.origin.decree
    diff = await apply(admin, country, country.origin.decree, LATER)
    assert (diff.unchanged, diff.gone, diff.renamed) == (835, [], [])
    assert await admin.fetchval("SELECT count(*) FROM region") == 91_599
    again = await apply(admin, replace(country, checksum="repacked"), country.origin.decree, LATER)
    assert (again.changes, again.unchanged) == (False, 91_599)


@pytest.mark.anyio
async def test_a_login_that_does_not_see_every_row_compares_nothing(admin: Connection) -> None:
    """For it a village with data would look empty, and could be closed."""
    await apply(admin, region_list(COUNTRY), "First", FIRST)
    for role in ("registry_app", "registry_crossing"):
        async with admin.transaction():
            await admin.execute(f"SET LOCAL ROLE {role}")
            with pytest.raises(RegionLoadError, match="does not see every row"):
                await compare(admin, region_list(COUNTRY))
    async with admin.transaction():
        await admin.execute("SET LOCAL ROLE registry_owner")
        assert not (await compare(admin, region_list(COUNTRY))).changes
