"""Who sees figures of a region as they are: decided by PostgreSQL, from the settings of the caller's statement."""

from __future__ import annotations

import itertools

import asyncpg
import pytest

from auth.area import COUNTRY, NATIONAL, NOWHERE, AreaSet
from auth.sensitivity import Sensitivity
from registry.guard.area_tests import PLANNED, SEEN_BY_CLASS
from tests import oracle
from tests.personas import PERSONAS, TODAY, Persona
from tests.world import World

pytestmark = pytest.mark.anyio
COUNTED = ("OPEN", "OPERATIONAL", "PERSONAL", "SPECIAL", "PROTECTIVE")
SETS = [list(kinds) for n in (1, 2, 5) for kinds in itertools.combinations(COUNTED, n)]
REGENCY, VILLAGE = "35.07", "35.07.11.2008"


async def sees_exactly(connection: asyncpg.Connection, kinds: list[str | None], place: str | None) -> bool:
    answer = await connection.fetchval("SELECT registry.sees_exactly($1, $2)", kinds, place)
    assert answer is not None
    return bool(answer)


def everywhere(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, NATIONAL.literal())


@pytest.mark.parametrize("who", PERSONAS, ids=lambda who: who.name)
async def test_each_persona_sees_exactly_what_the_oracle_says(world: World, who: Persona) -> None:
    places = {world.codes[name]: name for name in world.tree} | {COUNTRY: None}
    async with world.as_login(who) as connection:
        rows = await connection.fetch(
            "SELECT place, kinds, registry.sees_exactly(string_to_array(kinds, ' '), place) AS exactly"
            " FROM unnest($1::text[]) place, unnest($2::text[]) kinds",
            list(places),
            [" ".join(kinds) for kinds in SETS],
        )
    assert len(rows) == len(places) * len(SETS)
    for row in rows:
        level = 0 if row["place"] == COUNTRY else row["place"].count(".") + 1
        kinds = frozenset(row["kinds"].split())
        expected = oracle.counts_exactly(world.tree, who, kinds, places[row["place"]], level, TODAY)
        assert row["exactly"] is expected, (row["kinds"], row["place"])


async def test_somebody_sees_each_class_exactly_and_somebody_only_plans(world: World) -> None:
    """The comparison above is not one of no with no."""

    async def who_sees(kinds: str, name: str | None) -> set[str]:
        names = set()
        for who in PERSONAS:
            async with world.as_login(who) as connection:
                if await sees_exactly(connection, [kinds], COUNTRY if name is None else world.codes[name]):
                    names.add(who.name)
        return names

    assert await who_sees("OPEN", None) == {who.name for who in PERSONAS}
    assert await who_sees("PROTECTIVE", "A111") == set()
    assert await who_sees("SPECIAL", "A111") >= {"OFFICER@A111", "REGENCY_COORDINATOR@A1"}
    assert "MINISTRY_ANALYST@country" not in await who_sees("PERSONAL", "A111")
    assert "MINISTRY_ANALYST@country" in await who_sees("PERSONAL", "A1")
    assert "REGIONAL_VIEWER@A1" in await who_sees("OPERATIONAL", "A1")
    assert "REGIONAL_VIEWER@A1" not in await who_sees("PERSONAL", "A1")


async def test_a_setting_that_is_missing_or_empty_shows_nothing_but_what_is_open(world: World) -> None:
    for settings in ({}, dict.fromkeys(("operational", "exact"), NOWHERE.literal()), everywhere("read", "submit")):
        async with world.as_login(None, **settings) as connection:
            for kinds, place in itertools.product(SETS, (VILLAGE, REGENCY, COUNTRY)):
                assert await sees_exactly(connection, list(kinds), place) is (kinds == ["OPEN"]), (kinds, place)


async def test_planning_begins_at_the_regency_and_never_counts_what_protects(world: World) -> None:
    async with world.as_login(None, **everywhere("exact")) as connection:
        assert [await sees_exactly(connection, ["SPECIAL"], place) for place in (COUNTRY, "35", REGENCY)] == [True] * 3
        for place in ("35.07.11", VILLAGE):
            assert not await sees_exactly(connection, ["OPERATIONAL"], place)
        assert not await sees_exactly(connection, ["OPERATIONAL", "PROTECTIVE"], COUNTRY)
    async with world.as_login(None, **everywhere("exact", "protective")) as connection:
        assert await sees_exactly(connection, ["PROTECTIVE"], VILLAGE)
        assert not await sees_exactly(connection, ["PERSONAL", "PROTECTIVE"], COUNTRY), "two grants do not multiply"


async def test_a_part_of_a_region_is_not_the_region(world: World) -> None:
    parts = AreaSet.of("35.07", "35.08", "52").literal()
    async with world.as_login(None, operational=parts, exact=parts) as connection:
        assert await sees_exactly(connection, ["OPERATIONAL"], "35.07.11")
        for place in ("35", COUNTRY, "35.0", "35.071", "5", ""):
            assert not await sees_exactly(connection, ["OPERATIONAL"], place), place


async def test_what_is_no_class_or_no_place_is_not_exact(world: World) -> None:
    async with world.as_login(None, **everywhere("exact", "read", "submit", "system", "identity")) as connection:
        strange: list[list[str | None]] = [[], [None], ["OPEN", None], ["SYSTEM"], ["IDENTITY"], ["READ"], ["submit"]]
        for kinds in strange:
            assert not await sees_exactly(connection, kinds, COUNTRY), kinds
        assert not await sees_exactly(connection, ["OPEN"], None)


def test_the_classes_are_those_that_are_counted() -> None:
    names = {kind.value for kind in SEEN_BY_CLASS}
    assert names | {"OPEN"} == set(COUNTED)
    assert {kind.value for kind in PLANNED} | {"OPEN"} == oracle.PLANNED
    assert {kind.value for kind in Sensitivity} - names == {"OPEN", "IDENTITY", "SYSTEM"}


async def test_it_is_one_expression_that_postgresql_puts_in_place(world: World) -> None:
    async with world.as_login(None) as connection:
        rows = await connection.fetch(
            "EXPLAIN (VERBOSE) SELECT registry.sees_exactly(ARRAY['PERSONAL'], r.code) FROM registry.region r"
        )
    plan = "\n".join(row[0] for row in rows)
    assert "sees_exactly" not in plan
    assert "app.personal" in plan
    assert "app.special" not in plan
