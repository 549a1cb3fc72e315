"""Participation in the pillars: recorded with the household, filtered and counted by those that have not ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.village import HERE, Place, household, participation

pytestmark = pytest.mark.anyio
SHOWN = "pillars { id pillar since until }"
COUNTED = "{ households { totalCount groups(by: PILLAR) { key label count } } }"


async def submitted(village: Place, *pillars: dict[str, Any]) -> str:
    """The id of a household with these participations."""
    document = household(pillars=list(pillars))
    answer = await village.submit("officer", document)
    assert (answer["outcome"], answer["userErrors"]) == ("ACCEPTED", [])
    return str(document["id"])


async def filtered(village: Place, *pillars: str) -> set[str]:
    query = "query($p: [Pillar!]) { households(filter: {pillar: $p}, first: 100) { nodes { id } } }"
    rows = (await village.ask("officer", query, p=list(pillars)))["households"]["nodes"]
    return {row["id"] for row in rows}


async def test_a_participation_is_recorded_with_its_household(village: Place) -> None:
    one = participation(pillar="COOPERATIVE", since="2021-03", until="2022")
    id_ = await submitted(village, one)
    assert (await village.household("viewer", id_, SHOWN))["pillars"] == [one]
    removed = {"id": id_, "pillars": [{"id": one["id"], "removed": True}]}
    assert (await village.submit("officer", removed, 1))["outcome"] == "ACCEPTED"
    assert (await village.household("officer", id_, SHOWN))["pillars"] == []


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"since": "2022", "until": "2021-12"}, "DATES_ORDER", "until"),
        ({"since": "2200"}, "DATE_FUTURE", "since"),
        ({"pillar": None}, "REQUIRED", "pillar"),
    ],
)
async def test_an_error_names_the_field_of_the_input(
    village: Place, changes: dict[str, Any], code: str, field: str
) -> None:
    document = household(pillars=[participation(), participation(pillar="COOPERATIVE") | changes])
    errors = (await village.submit("officer", document))["userErrors"]
    assert [(error["code"], error["path"]) for error in errors] == [(code, ["household", "pillars", "1", field])]


async def test_two_edits_of_one_participation_merge_by_column(village: Place) -> None:
    one = participation()
    id_ = await submitted(village, one)
    for changes, base, outcome in (
        ({"until": "2025"}, 1, "ACCEPTED"),
        ({"since": "2022"}, 1, "MERGED"),
        ({"since": "2020"}, 1, "REJECTED"),
    ):
        answer = await village.submit("officer", {"id": id_, "pillars": [{"id": one["id"]} | changes]}, base)
        assert answer["outcome"] == outcome, answer
    shown = (await village.household("officer", id_, SHOWN))["pillars"]
    assert shown == [one | {"since": "2022", "until": "2025"}]


async def test_the_filter_takes_the_pillars_that_have_not_ended(village: Place) -> None:
    ended = await submitted(village, participation(pillar="COOPERATIVE", until="2024"))
    back = await submitted(
        village, participation(pillar="COOPERATIVE", until="2024"), participation(pillar="COOPERATIVE", since="2025")
    )
    other = await submitted(village, participation(pillar="SERVICE_CENTRE"))
    none = await submitted(village)
    mine = {ended, back, other, none}
    assert await filtered(village, "COOPERATIVE") & mine == {back}
    assert await filtered(village, "COOPERATIVE", "SERVICE_CENTRE") & mine == {back, other}
    assert await filtered(village) == set()


async def test_a_household_counts_once_under_each_of_its_pillars(village: Place) -> None:
    async def counts() -> dict[str, int]:
        groups = (await village.ask("officer", COUNTED))["households"]["groups"]
        return {group["key"]: group["count"] for group in groups}

    before = await counts()
    await submitted(
        village,
        participation(pillar="COOPERATIVE"),
        participation(pillar="COOPERATIVE"),
        participation(pillar="COMMUNITY_PARENTING"),
        participation(pillar="PRODUCTIVE_BUSINESS", until="2024"),
    )
    await submitted(village)
    after = await counts()
    grown = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
    assert grown == {"COOPERATIVE": 1, "COMMUNITY_PARENTING": 1, "UNKNOWN": 1}
    page = (await village.ask("officer", COUNTED))["households"]
    assert page["totalCount"] == await village.admin.fetchval("SELECT count(*) FROM household WHERE area = $1", HERE)
    assert {"key": "COOPERATIVE", "label": "Koperasi", "count": after["COOPERATIVE"]} in page["groups"]
