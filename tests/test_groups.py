"""Groups count the rows of a list by a key, largest first, with labels in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from schema.declare.listing import LIST_OPTIONS
from tests.test_filters import NOUNS, ROOTS
from tests.village import FAR, HERE, NEXT_DOOR, Place, episode, household, participation, shop

pytestmark = pytest.mark.anyio
DIMENSIONS = [(stem, key) for stem in ROOTS for key in LIST_OPTIONS[NOUNS[stem]].groups]


@pytest.fixture(scope="module")
async def filled(village: Place) -> Place:
    for place, who, n in ((HERE, "officer", 3), (NEXT_DOOR, "next door", 2), (FAR, "stranger", 1)):
        for number in range(n):
            document = household(place, people=2)
            head, other = document["members"]
            document["migrations"] = [
                episode(head, country="HK" if number else "MY", contractEndsOn=("2027-03-14", "2027-03", None)[number]),
                episode(other, country="HK", contractEndsOn="2027"),
            ]
            document["pillars"] = [participation(pillar="COOPERATIVE") for _ in range(number)]
            document["businesses"] = [shop(head), shop(head, field="FOOD_PROCESSING")]
            assert (await village.submit(who, document))["outcome"] == "ACCEPTED"
    return village


def several(stem: str, key: str) -> bool:
    """Whether a row counts under each of its keys."""
    return LIST_OPTIONS[NOUNS[stem]].groups[key].several


def place(dimension: str, group: dict[str, Any]) -> tuple[Any, ...]:
    """Months come in the order of time, everything else the largest first, and unknown last."""
    timed = dimension.endswith("MONTH")
    return group["key"] == "UNKNOWN", 0 if timed else -group["count"], group["key"]


@pytest.mark.parametrize(("stem", "key"), DIMENSIONS)
async def test_groups_count_the_rows_of_the_list(filled: Place, stem: str, key: str) -> None:
    text = f"""{{ l: {ROOTS[stem]} {{ groups(by: {key}) {{ key label count __typename }} }}
      counted: {ROOTS[stem]} {{ totalCount }} }}"""
    for who in ("officer", "coordinator"):
        data = await filled.ask(who, text)
        groups = data["l"]["groups"]
        counts, rows = [group["count"] for group in groups], data["counted"]["totalCount"]
        assert max(counts) <= rows if several(stem, key) else sum(counts) == rows > 0
        assert groups == sorted(groups, key=lambda group: place(key, group))
        assert len({group["key"] for group in groups}) == len(groups)
        assert all(group["label"] and group["__typename"] == "Group" for group in groups)


@pytest.mark.parametrize(("stem", "key"), DIMENSIONS)
async def test_total_count_is_the_same_with_and_without_groups(filled: Place, stem: str, key: str) -> None:
    """Even if few groups are shown, and for an empty list."""
    few = f"few: groups(by: {key}, first: 1) {{ count }}"
    text = f"""query($f: {stem}Filter!) {{ alone: {ROOTS[stem]} {{ totalCount }}
      beside: {ROOTS[stem]} {{ {few} totalCount places: groups(by: VILLAGE) {{ key }} }}
      none: {ROOTS[stem]}(filter: $f) {{ totalCount {few} }} }}"""
    for who in ("officer", "coordinator", "analyst"):
        answer = await filled.query(who, text, f={"within": ["35"], "not": {"within": ["35"]}})
        if answer.codes:  # the class of the key is seen nowhere
            assert set(answer.codes) == {"FORBIDDEN"}
            continue
        assert answer.data["beside"]["totalCount"] == answer.data["alone"]["totalCount"] > 0
        assert answer.data["none"] == {"totalCount": 0, "few": []}


async def test_groups_respect_the_filter_and_their_limit(filled: Place) -> None:
    text = """{ l: migrations(filter: {country: [HK]}) { totalCount groups(by: COUNTRY) { key count }
      two: groups(by: CONTRACT_END_MONTH, first: 2) { key } } }"""
    data = (await filled.ask("coordinator", text))["l"]
    assert data["groups"] == [{"key": "HK", "count": data["totalCount"]}]
    assert [group["key"] for group in data["two"]] == ["2027-01", "2027-03"]
    for first, code in ((0, "BAD_USER_INPUT"), (1001, "PAGE_TOO_LARGE")):
        answer = await filled.query("officer", f"{{ members {{ groups(by: SEX, first: {first}) {{ key }} }} }}")
        assert answer.codes == [code]


async def test_labels_of_groups_are_in_the_language_of_the_request(filled: Place) -> None:
    text = """{ migrations { groups(by: CONTRACT_END_MONTH) { key label } countries: groups(by: COUNTRY) { key label }
      places: groups(by: VILLAGE) { key label } } }"""

    async def labels(language: str) -> dict[str, Any]:
        answer = await filled.query("officer", text, language=language)
        return {g["key"]: g["label"] for part in answer.data["migrations"].values() for g in part}

    indonesian, english = await labels("id"), await labels("en")
    assert (indonesian["2027-03"], english["2027-03"]) == ("Maret 2027", "March 2027")
    assert (indonesian["2027-01"], english["2027-01"]) == ("Januari 2027", "January 2027")
    assert (indonesian["UNKNOWN"], english["UNKNOWN"]) == ("Tidak diketahui", "Not known")
    assert indonesian["HK"] == english["HK"] == "Hong Kong"
    names = {row["code"]: row["name"] for row in await filled.admin.fetch("SELECT code, name FROM region")}
    assert indonesian[HERE] == names[HERE]


async def test_groups_of_a_region_count_only_rows_within_it(filled: Place) -> None:
    text = """query($code: RegionCode!) { region(code: $code) { households { groups(by: VILLAGE) { key count } } }
      households(filter: {within: [$code]}) { groups(by: VILLAGE) { key count } } }"""
    data = await filled.ask("coordinator", text, code=HERE[:5])
    assert data["region"]["households"] == data["households"]
    assert {group["key"] for group in data["households"]["groups"]} >= {HERE, NEXT_DOOR}


def test_which_groups_are_timed_and_which_derived() -> None:
    """`timed` sets the order of groups, `derived` their cost."""
    groups = {
        (noun.__name__, name): by for noun, listing in LIST_OPTIONS.items() for name, by in listing.groups.items()
    }
    assert {name for (_, name), by in groups.items() if by.timed} == {"CONTRACT_END_MONTH"}
    assert {key for key, by in groups.items() if by.derived} == {
        ("Business", "KBLI_SECTION"),
        ("Household", "PILLAR"),
        ("Member", "STAGE"),
        ("Member", "AGE_BAND"),
        ("Member", "PARENTS_ABROAD"),
    }
