"""A village's officers: named to whoever sees its persons, as of today, and to nobody else, whatever the SQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from registry.values.civil_day import civil_day
from tests import oracle
from tests.accounts import new_account
from tests.personas import PERSONAS, TODAY, Persona
from tests.test_grants import APPROVE, give
from tests.village import HERE, NEXT_DOOR, OLD_CODE, Place
from tests.world import World

pytestmark = pytest.mark.anyio
VILLAGES = """{ regions(first: 50, filter: {level: [VILLAGE]}) {
  nodes { id withheld ... on Village { officers { accountId name role } } } } }"""
NODE = "query($id: ID!) { node(id: $id) { ... on Village { withheld officers { accountId name role } } } }"
DISABLE = "mutation($id: ID!) { disableUser(input: {userId: $id}) { user { active } } }"
OFFICERS = "query($code: RegionCode!) { region(code: $code) { ... on Village { officers { name role } } } }"


# --- who sees whom ----------------------------------------------------------------------------------------------------


def officers_of(world: World, village: str) -> list[tuple[str, str]]:
    """Id and name of everybody whose grant covers it, in the order of names."""
    covering = [who for who in world.holders if oracle.has(world.tree, who, oracle.SUBMITS, village, TODAY)]
    return sorted(((str(who.id), who.name) for who in covering), key=lambda pair: pair[1].casefold())


def is_seen(world: World, who: Persona, village: str) -> bool:
    return oracle.has(world.tree, who, oracle.SEES["PERSONAL"], village, TODAY)


async def villages(world: World) -> dict[str, str]:
    """Id → key of today's villages."""
    rows = await world.admin.fetch("SELECT id FROM region WHERE level = 'VILLAGE' AND valid_to IS NULL")
    ids = {row["id"] for row in rows}
    return {str(id_): key for key, id_ in world.regions.items() if id_ in ids}


async def test_officers_are_shown_where_persons_are_seen(world: World) -> None:
    keys, shown = await villages(world), 0
    for who in PERSONAS:
        answer = await world.ask(who, VILLAGES)
        nodes = answer.data["regions"]["nodes"]
        assert {node["id"] for node in nodes} == keys.keys()
        for node in nodes:
            key = keys[node["id"]]
            expected = None
            if is_seen(world, who, key):
                officers = officers_of(world, key)
                expected = [{"accountId": id_, "name": name, "role": "OFFICER"} for id_, name in officers]
                shown += len(officers)
            assert sorted_by_id(node["officers"]) == sorted_by_id(expected), (who.name, key)
            assert ("officers" in node["withheld"]) is (expected is None), (who.name, key)
    assert shown > 100


def sorted_by_id(officers: Any) -> Any:
    return officers and sorted(officers, key=lambda officer: officer["accountId"])


async def test_plain_sql_names_officers_only_where_persons_are_seen(world: World) -> None:
    text = "SELECT r.id AS village, o.* FROM registry.region r, registry.officers(r.id) o"
    keys, shown = await villages(world), 0
    for who in PERSONAS:
        async with world.as_login(who) as connection:
            rows = await connection.fetch(text)
        expected = set()
        for id_, key in keys.items():
            if is_seen(world, who, key):
                expected |= {(id_, holder, name) for holder, name in officers_of(world, key)}
        assert {(str(row["village"]), str(row["id"]), row["name"]) for row in rows} == expected, who.name
        assert len(rows) == len(expected), "each once"
        shown += len(rows)
    assert shown > 100


async def test_nobody_is_named_before_the_caller_s_areas_are_set(world: World) -> None:
    for settings in ({}, {"personal": ""}, {"read": "{[0,:)}", "operational": "{[0,:)}", "system": "{[0,:)}"}):
        async with world.as_login(None, **settings) as connection:
            assert await connection.fetch("SELECT o.* FROM registry.region r, registry.officers(r.id) o") == []


async def test_a_closed_village_has_no_officers_even_if_its_code_is_used_again(world: World) -> None:
    country = next(who for who in PERSONAS if who.name == "OFFICER@country")
    assert officers_of(world, "reused")
    for key in ("closed", "split"):
        answer = await world.ask(country, NODE, id=str(world.regions[key]))
        assert answer.data["node"] == {"withheld": [], "officers": []}


async def test_other_levels_withhold_no_officers(world: World) -> None:
    nobody = next(who for who in PERSONAS if who.name == "nobody")
    answer = await world.ask(nobody, "{ regions(first: 50) { nodes { level withheld } } }")
    for node in answer.data["regions"]["nodes"]:
        assert ("officers" in node["withheld"]) is (node["level"] == "VILLAGE")


# --- today ------------------------------------------------------------------------------------------------------------


async def named(village: Place, who: str, code: str = HERE) -> set[str]:
    """The officers that somebody sees."""
    answer = await village.query(who, OFFICERS, code=code)
    return {officer["name"] for officer in answer.data["region"]["officers"]}


async def stored_grant(village: Place, who: str, code: str | None, **columns: Any) -> None:
    days = {"valid_from": dt.date(2019, 1, 1), "valid_to": None, "active": True, "pending": False} | columns
    await village.admin.execute(
        "INSERT INTO grants (user_id, role, region_id, national, valid_from, valid_to, active, pending)"
        " VALUES ($1, 'OFFICER', $2, $3, $4, $5, $6, $7)",
        *(village.ids[who], None if code is None else village.regions[code], code is None, *days.values()),
    )


async def test_a_grant_counts_on_its_days_only(village: Place) -> None:
    day = dt.timedelta(days=1)
    today = civil_day()
    cases: dict[str, tuple[dict[str, Any], bool]] = {
        "last day": ({"valid_to": today}, True),
        "first day": ({"valid_from": today}, True),
        "ended": ({"valid_to": today - day}, False),
        "not begun": ({"valid_from": today + day}, False),
        "taken away": ({"active": False}, False),
        "waits for a second person": ({"active": False, "pending": True}, False),
    }
    holders = {case: await new_account(village) for case in cases}
    for case, (columns, _) in cases.items():
        await stored_grant(village, holders[case], HERE, **columns)
    names = await named(village, "coordinator")
    for case, (_, counts) in cases.items():
        assert (holders[case] in names) is counts, case


async def test_wider_grants_cover_the_village_and_nobody_is_named_twice(village: Place) -> None:
    wide, national, elsewhere = [await new_account(village) for _ in range(3)]
    for code in (HERE, HERE[:8], HERE[:5], HERE[:2]):
        await stored_grant(village, wide, code)
    await stored_grant(village, national, None)
    await stored_grant(village, elsewhere, NEXT_DOOR)
    answer = await village.query("coordinator", OFFICERS, code=HERE)
    names = [officer["name"] for officer in answer.data["region"]["officers"]]
    assert names == sorted(names, key=str.casefold)
    assert (names.count(wide), names.count(national), names.count(elsewhere)) == (1, 1, 0)


async def test_giving_and_disabling_show_at_once(village: Place) -> None:
    officer = await new_account(village, ("VILLAGE_VERIFIER", HERE))
    assert officer not in await named(village, "coordinator")
    await give(village, "coordinator", officer, "OFFICER", HERE)
    for code in (HERE, OLD_CODE):
        assert officer in await named(village, "coordinator", code)
    disabled = await village.query("ministry", DISABLE, id=str(village.ids[officer]))
    assert disabled.data["disableUser"]["user"] == {"active": False}
    assert officer not in await named(village, "coordinator")


async def test_a_national_grant_counts_when_the_second_person_has_approved(village: Place) -> None:
    officer, second = await new_account(village), await new_account(village, ("MINISTRY_ADMIN", None))
    grant = (await give(village, "ministry", officer, "OFFICER", None))["grant"]
    assert grant["pending"] is True
    assert officer not in await named(village, "coordinator")
    await village.query(second, APPROVE, id=grant["id"])
    assert officer in await named(village, "coordinator")


async def test_finding_the_officers_of_many_villages_has_a_price(village: Place) -> None:
    """Eight times the officers of a thousand villages are 41,000 nodes, below the limit of 50,000, and as much work."""
    lists = " ".join(f"o{n}: officers {{ role }}" for n in range(8))
    text = f"{{ regions(first: 1000) {{ nodes {{ ... on Village {{ {lists} }} }} }} }}"
    assert (await village.query("coordinator", text)).codes == ["QUERY_TOO_COMPLEX"]
