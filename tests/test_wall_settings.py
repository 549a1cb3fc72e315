"""The settings that the policies read: the area set and its bounds decide together, and none of them widens another."""

from __future__ import annotations

import itertools
import random

import asyncpg
import pytest

from auth.area import NATIONAL, NOWHERE, AreaSet
from tests.world import LEDGERS, OF_HOUSEHOLDS, READ, SCOPED, World, every_setting

pytestmark = pytest.mark.anyio

TABLES = (*SCOPED, *LEDGERS)
_RECORDS = ", ".join(f"(SELECT r.area FROM {table} r WHERE r.id = record_id)" for table in OF_HOUSEHOLDS)
PLACES = {"record_revision": f"coalesce({_RECORDS}, area)"}
"""Where a row lies for the wall, if that is not its own area: a revision is where its record has moved."""
EVERYTHING = " UNION ALL ".join(
    f"SELECT '{name}' AS name, {PLACES.get(name, 'area')} AS area FROM {name}" for name in TABLES
)
CODES = (
    ("35",),
    ("35.01",),
    ("35.01.11.2001",),
    ("35.01", "52"),
    ("35.01.11", "35.02.11"),
    ("35.01.11.2001", "35.02", "52.01"),
)
AREAS = (NATIONAL, NOWHERE, *[AreaSet.of(*codes) for codes in CODES])


async def rows_shown(connection: asyncpg.Connection, settings: dict[str, str]) -> list[tuple[str, str]]:
    """The table and the area of each row that these settings show."""
    await connection.execute(
        "SELECT set_config('app.' || name, value, true) FROM unnest($1::text[], $2::text[]) AS setting (name, value)",
        list(settings),
        list(settings.values()),
    )
    rows = await connection.fetch(f"SELECT * FROM ({EVERYTHING}) row ORDER BY name, area")
    return [(row["name"], row["area"]) for row in rows]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        every_setting(NOWHERE),
        *[every_setting(NATIONAL) | {"read": value} for value in ("", "{}")],
        *[every_setting(NATIONAL) | {name: ""} for name in READ],
        every_setting(NATIONAL) | {"read": "{[,)}", "read_from": "", "read_below": ""},
        every_setting(NATIONAL) | {"read": "{[,:)}", "read_from": ""},
        every_setting(NATIONAL) | {"read": "{[0,)}", "read_below": ""},
    ],
)
async def test_an_empty_or_unbounded_scope_shows_nothing(world: World, settings: dict[str, str]) -> None:
    async with world.as_login(None) as connection:
        assert await rows_shown(connection, settings) == []


@pytest.mark.parametrize("name", READ)
async def test_a_setting_that_was_never_set_shows_nothing(world: World, name: str) -> None:
    settings = every_setting(NATIONAL)
    del settings[name]
    async with world.as_login(None) as connection:
        assert await rows_shown(connection, settings) == []


@pytest.mark.parametrize("value", ["35.01", "[35,35/)", "{[35,35/)", "%", "NULL", "{[35/,35)}", "{35}"])
async def test_a_malformed_scope_is_an_error(world: World, value: str) -> None:
    async with world.as_login(None, **every_setting(NATIONAL) | {"read": value}) as connection:
        with pytest.raises(asyncpg.DataError):
            await connection.fetch("SELECT * FROM household")


async def test_the_policies_show_what_the_area_set_covers(world: World) -> None:
    """With the bounds of the set, where one range needs no exact test; and with wider ones, where every set does."""
    chance = random.Random(12)
    codes = sorted({*world.codes.values(), "35", "35.01", "35.01.11", "52", "52.01"})
    any_areas = [AreaSet.of(*chance.sample(codes, chance.randrange(5))) for _ in range(40)]
    async with world.as_login(None) as connection:
        everything = await rows_shown(connection, every_setting(NATIONAL))
        assert {name for name, _ in everything} == set(TABLES)
        for area in (*AREAS, *any_areas):
            covered = [(name, place) for name, place in everything if area.covers(place)]
            assert await rows_shown(connection, every_setting(area)) == covered, area
            wider = {"read_from": "0", "read_below": ":"}
            assert await rows_shown(connection, every_setting(area) | wider) == covered, area


async def test_no_mixture_of_settings_shows_what_one_of_them_does_not(world: World) -> None:
    """Settings of different callers, and bounds that are written so that their text together reads as another set."""
    sets = [*[area.literal() for area in AREAS], '{["35",52/)}', "{[\\35,52/)}", "{[35,\\52/)}", "{[35.01,35.01)}"]
    froms = sorted({*[area.hull[0] for area in AREAS], "35.01,35.01/),[52", '"35"', "\\35", "35.02"})
    belows = sorted({*[area.hull[1] for area in AREAS], "35.01/),[52,52/", "\\52/", "35.01", "z"})
    async with world.as_login(None) as connection:
        everything = await rows_shown(connection, every_setting(NATIONAL))
        places = sorted({place for _, place in everything})
        for text in sets:
            in_set = await connection.fetch(
                "SELECT place FROM unnest($1::text[]) place WHERE place <@ nullif($2, '')::registry.area_set",
                places,
                text,
            )
            covered = {row["place"] for row in in_set}
            for from_, below in itertools.product(froms, belows):
                settings = every_setting(NATIONAL) | {"read": text, "read_from": from_, "read_below": below}
                visible = {place for _, place in await rows_shown(connection, settings)}
                assert visible <= {place for place in covered if from_ <= place < below}, settings


async def test_a_string_prefix_of_an_area_is_outside_it(world: World) -> None:
    """35.01.11.20011 and 35.011 begin with codes of other regions without being below them."""
    async with world.as_login(None, **every_setting(AreaSet.of("35.01.11.2001")) | {"submit": ""}) as connection:
        rows = await connection.fetch("SELECT DISTINCT area FROM household")
        assert [row["area"] for row in rows] == ["35.01.11.2001"]
    async with world.as_login(None, **every_setting(AreaSet.of("35.01"))) as connection:
        assert await connection.fetch("SELECT DISTINCT area FROM household WHERE area >= '35.011'") == []
