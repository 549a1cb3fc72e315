"""The Minister's sentence for whoever is not of the area: published numbers, from which no verification can be told."""

from __future__ import annotations

import random
from typing import Any

import pytest

from auth.area import COUNTRY
from registry.codes import IndicatorName
from registry.figures.published import margin
from registry.figures.summary import CLASSES, HEADLINE_NAMES
from registry.figures.tables import TABLES
from registry.guard.counted import BARS as TOTALS
from registry.guard.counted import SUMMARY
from registry.models.noun import camel
from registry.write.fold import fold
from tests.ledgers import Country, House
from tests.test_closes import close_all, houses, moved
from tests.village import FAR, HERE, NEXT_DOOR, Place

pytestmark = pytest.mark.anyio
VILLAGES = [HERE, NEXT_DOOR, FAR]
NAMES = [camel(name) for name in SUMMARY]
BARS = [camel(name) for name in TOTALS]
BAR = "{ key label count suppressed exact margin }"
SELECTION = " ".join(
    [
        "provinces regencies districts villages villagesReporting withheld exact margin",
        *NAMES,
        *(f"{name} {BAR}" for name in (*BARS, "householdsByState")),
    ]
)
OUTSIDERS = ["officer", "viewer", "coordinator", "auditor", "nobody", "desk", "stranger"]
PLACES = [COUNTRY, "35", "35.07", "35.07.11", HERE, NEXT_DOOR, "52", "52.03", "52.03.21", FAR]


async def summary(village: Place, who: str, place: str, selection: str = SELECTION) -> Any:
    if place == COUNTRY:
        return (await village.ask(who, f"{{ nationalSummary {{ {selection} }} }}"))["nationalSummary"]
    text = f"query($c: RegionCode!) {{ region(code: $c) {{ summary {{ {selection} }} }} }}"
    return (await village.ask(who, text, c=place))["region"]["summary"]


@pytest.fixture(scope="module")
async def published(village: Place) -> tuple[Place, Country, list[House]]:
    """Thirty households in each of three villages, and a close."""
    country = Country(village.admin, {code: village.regions[code] for code in VILLAGES})
    living = houses(random.Random(15), VILLAGES, 30)
    await country.verify(living)
    await close_all(village.admin)
    return village, country, living


Published = tuple[Place, Country, list[House]]


async def settle(published: Published) -> None:
    """Change enough that every block closes, whatever other tests have left open."""
    village, country, living = published
    for house in living:
        moved(house)
    await country.verify(living)
    await close_all(village.admin)


async def shown(village: Place, indicator: IndicatorName, by: str, place: str) -> dict[str, int | None]:
    """Key → the published number of a place: of the country its own, of a region the sum of its villages'."""
    here = "place = '0'" if place == COUNTRY else "starts_with(place, $3) AND place <> '0'"
    text = (
        "SELECT array_to_string(keys, '') AS key, sum(shown)::int AS shown FROM published"
        f" WHERE indicator = $1 AND by = $2 AND part = 'n' AND until = 'infinity' AND {here} AND $3 <> '' GROUP BY 1"
    )
    return {row["key"]: row["shown"] for row in await village.admin.fetch(text, indicator, by, place)}


@pytest.mark.parametrize("place", PLACES)
async def test_whoever_is_no_one_there_gets_what_is_published(published: Published, place: str) -> None:
    village, _, _ = published
    answer = await summary(village, "nobody", place)
    villages = {COUNTRY: 3, "35": 2, "35.07": 2, "35.07.11": 2}.get(place, 1)
    far = 4 if place == COUNTRY else margin(villages, 5)
    assert answer["margin"] == far
    numbers = 0
    for name, figure in SUMMARY.items():
        field = camel(name)
        of_headline = place == COUNTRY and name in HEADLINE_NAMES
        zero = 0 if of_headline and (figure.indicator, ()) in TABLES else None  # the country has closed
        expected = (await shown(village, figure.indicator, "", place)).get("", zero)
        assert answer[field] == expected, name
        assert (field in answer["withheld"]) is (expected is None)
        assert (field in answer["exact"]) is (of_headline and expected is not None)
        assert of_headline or (expected or 0) % 5 == 0
        numbers += expected is not None
    assert numbers > 1
    for name, (total, _) in TOTALS.items():
        if answer[camel(total)] is None:
            assert answer[camel(name)] is None
            continue
        expected_bars = await shown(village, SUMMARY[total].indicator, "BUSINESS_FIELD", place)
        assert {bar["key"]: bar["count"] for bar in answer[camel(name)]} == expected_bars
        for bar in answer[camel(name)]:
            assert bar["suppressed"] is (bar["count"] is None)
            assert (bar["exact"], bar["margin"]) == ((not bar["suppressed"], 0) if place == COUNTRY else (False, far))
    assert answer["householdsByState"] is None


async def test_the_country_s_sentence_is_exact_as_of_its_close(published: Published) -> None:
    village, _, _ = published
    await settle(published)
    answer, live = await summary(village, "nobody", COUNTRY), await summary(village, "analyst", COUNTRY)
    of_headline = [camel(name) for name in HEADLINE_NAMES & SUMMARY.keys() if (SUMMARY[name].indicator, ()) in TABLES]
    assert of_headline
    assert {name: answer[name] for name in of_headline} == {name: live[name] for name in of_headline}


@pytest.mark.parametrize("place", PLACES)
async def test_every_outsider_gets_the_same_bytes(published: Published, place: str) -> None:
    village, _, _ = published
    reference = await summary(village, "nobody", place)
    same = 0
    for who in OUTSIDERS:
        answer = await summary(village, who, place)
        for name in [*NAMES, *BARS]:
            if name in answer["exact"] and name not in reference["exact"]:
                continue  # it is of their own area
            assert answer[name] == reference[name], (who, name)
            same += 1
    assert same > 4 * len(NAMES)


async def test_two_polls_do_not_tell_one_verification(published: Published) -> None:
    """An officer of another province asks for everything, one household is verified, and they ask again.

    Its stage, size, business and field would follow from what changed; the fifth household of the village and a close
    change the numbers at last."""
    village, country, living = published
    await settle(published)
    here = [house for house in living if house.village == HERE]

    async def poll(who: str) -> list[Any]:
        return [await summary(village, who, place) for place in PLACES]

    before, live = await poll("stranger"), await poll("ministry")
    for n, house in enumerate(here[:5], 1):
        moved(house)
        await country.verify([house])
        if n == 2:
            await fold(village.database)
        assert await poll("stranger") == before
        assert await poll("ministry") != live, "there is something to be told"
        await close_all(village.admin)
        assert (await poll("stranger") == before) is (n < 5)


async def test_ten_verifications_without_a_change_move_nothing(published: Published) -> None:
    village, country, living = published
    await settle(published)
    before = [await summary(village, "stranger", place) for place in PLACES]
    for _ in range(10):
        await country.verify(living)
        await close_all(village.admin)
    assert [await summary(village, "stranger", place) for place in PLACES] == before


async def test_numbers_add_up_along_the_regions(published: Published) -> None:
    village, _, _ = published
    for above, below in (("35.07.11", [HERE, NEXT_DOOR]), ("35.07", ["35.07.11"]), ("35", ["35.07"]), ("52", [FAR])):
        whole = await summary(village, "nobody", above)
        parts = [await summary(village, "nobody", code) for code in below]
        for name in NAMES:
            assert (whole[name] or 0) == sum(part[name] or 0 for part in parts), (above, name)


async def test_the_database_hands_the_login_no_count_of_others(published: Published) -> None:
    """Whatever a statement of the application's login asks: another area's end, no settings, settings of elsewhere."""
    village, _, _ = published

    async def ask(text: str, *values: str, **settings: str) -> Any:
        principal = await village.principal("nobody")
        async with village.database.write(principal, "read") as tx:
            for name, value in settings.items():
                await tx._connection.execute("SELECT set_config('app.' || $1, $2, true)", name, value)
            return await tx._connection.fetchrow(text, *values)

    reference = await ask("SELECT households, persons, businesses FROM registry.figures($1)", HERE)
    elsewhere = dict.fromkeys(("operational", "personal", "special", "exact"), f"{{[{FAR},{FAR}/)}}")
    assert await ask("SELECT households, persons, businesses FROM registry.figures($1)", HERE, **elsewhere) == reference
    for place in (HERE, "35.07", COUNTRY):
        assert await ask("SELECT registry.children_left_behind($1)", place, **elsewhere) == (None,)
    row = await ask("SELECT * FROM registry.figures($1)", "35.0", **elsewhere)
    assert [row[name] for name in SUMMARY] == [None] * len(SUMMARY)


async def test_an_exact_region_is_live(published: Published) -> None:
    village, country, living = published
    house = next(house for house in living if house.village == HERE)
    before = await summary(village, "officer", HERE)
    assert set(before["exact"]) == {*NAMES, *BARS, "householdsByState"}
    assert (before["margin"], before["withheld"]) == (0, [])
    moved(house)
    await country.verify([house])
    after = await summary(village, "officer", HERE)
    assert after["businesses"] == before["businesses"] + 1


# --- the records by state ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["officer", "coordinator", "ministry", "analyst"])
async def test_households_by_state_are_those_of_the_lists_without_drafts(village: Place, who: str) -> None:
    for state in ("DRAFT", "SUBMITTED", "VERIFIED"):
        await village.new_household(state)
    text = "{ households { totalCount } draft: households(filter: {workflowState: [DRAFT]}) { totalCount } }"
    place = {"officer": HERE, "coordinator": "35.07"}.get(who, COUNTRY)
    lists, answer = await village.ask(who, text), await summary(village, who, place)
    states = {bar["key"]: bar["count"] for bar in answer["householdsByState"]}
    assert "DRAFT" not in states
    assert states["SUBMITTED"] > 0
    assert sum(states.values()) == lists["households"]["totalCount"] - lists["draft"]["totalCount"]
    assert all(bar["exact"] and not bar["margin"] and bar["label"] for bar in answer["householdsByState"])


@pytest.mark.parametrize(("who", "place"), [("officer", NEXT_DOOR), ("officer", "35.07"), ("viewer", "35")])
async def test_households_by_state_are_withheld_outside_the_own_area(village: Place, who: str, place: str) -> None:
    answer = await summary(village, who, place)
    assert answer["householdsByState"] is None
    assert "householdsByState" in answer["withheld"]


def test_every_figure_of_the_sentence_has_its_class() -> None:
    assert {name: figure.kind for name, figure in SUMMARY.items()} == {
        name: CLASSES[name].value.lower() for name in SUMMARY
    }
