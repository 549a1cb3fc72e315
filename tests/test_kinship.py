"""Kinship: family of a migrant, and which parents of a child work abroad, by recorded parents or by position."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from tests.plan import explain_generic, nodes_of
from tests.village import Place, episode, household, infant, person

pytestmark = pytest.mark.anyio
SHOWN = "members { fullName migrantFamily parentsAbroad withheld }"


def relative(seq: int, relation: str, sex: str, **changes: Any) -> dict[str, Any]:
    facts = {"relationToHead": relation, "sex": sex, "nik": None, "nikMissingReason": "NONE_YET", "fullName": relation}
    return person(seq, **facts) | changes


def family() -> dict[str, dict[str, Any]]:
    """A man, his wife, their child, his father, her mother and a cousin; nobody is linked."""
    members = [
        relative(1, "HEAD", "MALE"),
        relative(2, "WIFE", "FEMALE"),
        infant(fullName="CHILD"),
        relative(4, "PARENT", "MALE", birthDate="1955"),
        relative(5, "PARENT_IN_LAW", "FEMALE", birthDate="1956"),
        relative(6, "OTHER_KIN", "MALE"),
    ]
    return {member["fullName"]: member for member in members}


async def stored(village: Place, who: str, members: dict[str, Any], trips: list[dict[str, Any]]) -> dict[str, Any]:
    """What is derived of each member."""
    document = household(members=list(members.values()), migrations=trips)
    answer = await village.submit("officer", document)
    assert answer["outcome"] == "ACCEPTED", answer["userErrors"]
    rows = (await village.household(who, document["id"], SHOWN))["members"]
    return {row["fullName"]: row for row in rows}


def returned(member: dict[str, Any], **changes: Any) -> dict[str, Any]:
    ended = {"stage": "RETURNED", "departedOn": "2015", "returnedOn": "2018", "returnReason": "CONTRACT_ENDED"}
    return episode(member, **ended | changes)


@pytest.mark.parametrize(
    ("migrant", "kin"),
    [
        ("HEAD", {"WIFE", "CHILD", "PARENT"}),
        ("WIFE", {"HEAD", "CHILD", "PARENT_IN_LAW"}),
        ("PARENT", {"HEAD"}),
        ("PARENT_IN_LAW", {"WIFE"}),
        ("OTHER_KIN", set()),
    ],
)
async def test_spouse_child_and_parent_are_family_of_a_migrant(village: Place, migrant: str, kin: set[str]) -> None:
    members = family()
    rows = await stored(village, "officer", members, [returned(members[migrant])])
    assert {name for name, row in rows.items() if row["migrantFamily"]} == kin


async def test_a_failed_departure_makes_nobody_family(village: Place) -> None:
    members = family()
    failed = episode(members["HEAD"], stage="FAILED_TO_DEPART", departedOn=None, country=None)
    rows = await stored(village, "officer", members, [failed])
    assert [row["migrantFamily"] for row in rows.values()] == [False] * 6


async def test_the_recorded_parents_decide(village: Place) -> None:
    members = family()
    members["CHILD"] |= {"relationToHead": "OTHER_KIN", "fatherId": members["OTHER_KIN"]["id"]}
    rows = await stored(village, "officer", members, [returned(members["OTHER_KIN"])])
    assert {name for name, row in rows.items() if row["migrantFamily"]} == {"CHILD"}
    members = family()
    members["CHILD"] |= {"fatherId": members["OTHER_KIN"]["id"]}
    rows = await stored(village, "officer", members, [episode(members["HEAD"])])
    assert (rows["CHILD"]["migrantFamily"], rows["CHILD"]["parentsAbroad"]) == (False, "NONE")


@pytest.mark.parametrize(
    ("abroad", "expected"),
    [((), "NONE"), (("HEAD",), "FATHER"), (("WIFE",), "MOTHER"), (("HEAD", "WIFE"), "BOTH"), (("PARENT",), "NONE")],
)
async def test_which_parents_of_a_child_work_abroad(village: Place, abroad: tuple[str, ...], expected: str) -> None:
    members = family()
    trips = [episode(members[name]) for name in abroad] + [returned(members["OTHER_KIN"])]
    rows = await stored(village, "officer", members, trips)
    assert {name: row["parentsAbroad"] for name, row in rows.items()} == dict.fromkeys(members) | {"CHILD": expected}


async def test_the_newest_episode_of_a_parent_counts(village: Place) -> None:
    members = family()
    before, now = returned(members["WIFE"]), episode(members["WIFE"], departedOn="2020")
    assert (await stored(village, "officer", members, [before, now]))["CHILD"]["parentsAbroad"] == "MOTHER"
    members = family()
    trips = [returned(members["WIFE"], departedOn="2012", returnedOn="2014"), returned(members["WIFE"])]
    assert (await stored(village, "officer", members, trips))["CHILD"]["parentsAbroad"] == "NONE"


async def test_a_parent_on_home_leave_works_abroad(village: Place) -> None:
    members = family()
    leave = episode(members["WIFE"], stage="ON_HOME_LEAVE")
    assert (await stored(village, "officer", members, [leave]))["CHILD"]["parentsAbroad"] == "MOTHER"


async def test_what_was_removed_makes_nobody_kin(village: Place) -> None:
    """Neither a migration nor a member who has left the household."""
    members, shown = family(), []
    trips = [returned(members["HEAD"], departedOn="2010", returnedOn="2012"), episode(members["WIFE"])]
    trips.append(returned(members["PARENT"]))
    document = household(members=list(members.values()), migrations=trips)
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    gone = {"id": trips[0]["id"], "removed": True}
    wife = {"id": members["WIFE"]["id"], "removed": True}
    for rev, edit in enumerate(
        [
            {"migrations": [gone]},
            {"members": [wife], "migrations": [{"id": trips[1]["id"], "removed": True}]},
        ],
        1,
    ):
        answer = await village.submit("officer", {"id": document["id"]} | edit, rev)
        assert answer["outcome"] == "ACCEPTED", answer
        rows = (await village.household("officer", document["id"], SHOWN))["members"]
        shown.append({row["fullName"]: (row["migrantFamily"], row["parentsAbroad"]) for row in rows})
    restored = "UPDATE migration_episode SET archived_at = NULL WHERE id = $1"  # no rule lets her migration stay
    await village.admin.execute(restored, trips[1]["id"])
    rows = (await village.household("officer", document["id"], SHOWN))["members"]
    assert {row["fullName"]: (row["migrantFamily"], row["parentsAbroad"]) for row in rows} == shown[-1]
    after_trip, after_wife = shown
    assert (after_trip["WIFE"], after_trip["CHILD"]) == ((False, None), (True, "MOTHER"))
    assert (after_wife["HEAD"], after_wife["CHILD"]) == ((True, None), (False, "NONE"))  # the head's father migrated


async def test_each_is_withheld_without_its_class(village: Place) -> None:
    for who, withheld in (("coordinator", set()), ("verifier", {"parentsAbroad"})):
        members = family()
        for row in (await stored(village, who, members, [episode(members["HEAD"])])).values():
            assert {"parentsAbroad", "migrantFamily"} & set(row["withheld"]) == withheld
            assert row["parentsAbroad"] is None or who == "coordinator"


async def test_members_are_filtered_and_counted_by_it(village: Place) -> None:
    members = family()
    await stored(village, "officer", members, [episode(members["WIFE"])])
    query = """{ members(filter: {parentsAbroad: [MOTHER]}) { totalCount nodes { parentsAbroad } }
      all: members { groups(by: PARENTS_ABROAD) { key label count } } }"""
    data = await village.ask("officer", query)
    assert data["members"]["totalCount"] > 0
    assert {node["parentsAbroad"] for node in data["members"]["nodes"]} == {"MOTHER"}
    counts = {group["key"]: group["count"] for group in data["all"]["groups"]}
    assert counts["MOTHER"] == data["members"]["totalCount"]
    answer = await village.query("viewer", query)
    assert set(answer.codes) == {"FORBIDDEN"}


async def test_kin_are_looked_for_in_the_household_alone_and_each_parent_once(village: Place) -> None:
    members = family()
    await stored(village, "officer", members, [returned(members["HEAD"])])  # for an empty table only a scan is planned
    await village.ask("officer", "{ members(first: 50) { nodes { migrantFamily parentsAbroad } } }")
    statement, transaction = village.statements[-1], village.admin.transaction()
    await transaction.start()
    try:  # the planner believes in a hundred million members and episodes
        for table in ("member", "migration_episode"):
            await village.admin.execute(f"ANALYZE registry.{table}")
            count = f"UPDATE pg_class SET relpages = 1, reltuples = 100000000 WHERE relname = '{table}'"
            await village.admin.execute(count)
        await village.admin.execute("SET LOCAL ROLE registry_app")
        plan = await explain_generic(village.admin, statement)
    finally:
        await transaction.rollback()
    scans = {node["Alias"]: node.get("Index Cond", "") for node in nodes_of(plan) if "$" in node.get("Alias", "")}
    kin = {alias: condition for alias, condition in scans.items() if alias.startswith(("m$", "e$"))}
    for alias, condition in kin.items():
        column = "household_id" if alias.startswith("m$") else "member_id"
        assert re.search(rf"\({column} = .*area >= ", condition), (alias, condition)
    looks = Counter(re.sub("_[0-9]+$", "", alias) for alias in kin)
    assert looks == {
        "m$kin": 1, "e$kin": 1, "m$mother_id": 1, "e$mother_id": 1, "m$father_id": 2, "e$father_id": 2
    }  # fmt: skip
