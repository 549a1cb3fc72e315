"""Accounts: who finds them, creates and changes them, and what happens when one is disabled."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.test_grants import new_account
from tests.village import FAR, HERE, Place

pytestmark = pytest.mark.anyio
USERS = """query($filter: UserFilter, $search: String, $first: Int) {
  users(filter: $filter, search: $search, first: $first) { totalCount nodes { id username name active viewerCan
    grants { id role region { code } user { id } } } } }"""


async def found(village: Place, who: str, **arguments: Any) -> set[str]:
    """The names of the accounts that a list shows."""
    answer = await village.query(who, USERS, first=1000, **arguments)
    users = answer.data["users"]
    assert users["totalCount"] == len(users["nodes"])
    return {user["name"] for user in users["nodes"]}


# --- find -------------------------------------------------------------------------------------------------------------


async def test_callers_find_the_accounts_of_their_area(village: Place) -> None:
    here, far = await new_account(village, ("OFFICER", HERE)), await new_account(village, ("OFFICER", FAR))
    both = await new_account(village, ("OFFICER", HERE), ("REGIONAL_VIEWER", "52.03"))
    nowhere = await new_account(village)
    by_coordinator, by_ministry = await found(village, "coordinator"), await found(village, "ministry")
    assert {here, both, "officer", "coordinator"} <= by_coordinator
    assert not {far, nowhere, "stranger", "ministry", "analyst"} & by_coordinator
    assert {here, far, both, nowhere, "stranger", "ministry"} <= by_ministry
    for who in ("officer", "verifier", "province", "analyst", "auditor", "nobody"):
        assert (await village.query(who, USERS)).codes == ["FORBIDDEN"], who


async def test_only_grants_of_the_caller_s_area_are_shown(village: Place) -> None:
    both = await new_account(village, ("OFFICER", HERE), ("REGIONAL_VIEWER", "52.03"))
    for who, expected in (("coordinator", {"OFFICER"}), ("ministry", {"OFFICER", "REGIONAL_VIEWER"})):
        answer = await village.query(who, USERS, search=both)
        (user,) = answer.data["users"]["nodes"]
        assert {grant["role"] for grant in user["grants"]} == expected
        assert {grant["user"]["id"] for grant in user["grants"]} == {user["id"]}


async def test_filters_and_search_narrow_the_list(village: Place) -> None:
    officer = await new_account(village, ("OFFICER", HERE))
    ended = await new_account(village, ("OFFICER", HERE), ("REGIONAL_VIEWER", "35.07"))
    await village.admin.execute(
        "UPDATE grants SET active = false WHERE user_id = $1 AND role = 'OFFICER'", village.ids[ended]
    )
    await village.admin.execute("UPDATE account SET active = false WHERE id = $1", village.ids[officer])
    by_role = await found(village, "coordinator", filter={"role": ["OFFICER"]})
    assert officer in by_role
    assert not {ended, "coordinator"} & by_role
    inside = await found(village, "ministry", filter={"within": [HERE]})
    assert "officer" in inside
    assert not {"stranger", "coordinator", "ministry"} & inside
    assert officer in await found(village, "coordinator", filter={"active": False})
    assert officer not in await found(village, "coordinator", filter={"active": True})
    await village.admin.execute("UPDATE account SET name = 'Sitti Aminah' WHERE id = $1", village.ids[ended])
    assert await found(village, "coordinator", search="siti") == {"Sitti Aminah"}
    assert await found(village, "coordinator", search=officer.partition(".")[2]) == {officer}
    assert await found(village, "far coordinator", search="siti") == set()


NODE = """query($id: ID!) {
  node(id: $id) { id ... on User { username grants { id } } ... on Grant { role user { id } } } }"""


async def test_node_finds_what_the_list_finds(village: Place) -> None:
    grant = await village.admin.fetchrow("SELECT id, user_id FROM grants WHERE user_id = $1", village.ids["officer"])
    assert grant is not None
    for id_ in (grant["id"], grant["user_id"]):
        for who, sees in (("coordinator", True), ("ministry", True), ("far coordinator", False), ("auditor", False)):
            answer = await village.query(who, NODE, id=str(id_))
            assert (answer.data["node"] is not None) is sees, who
    assert (await village.query("officer", NODE, id=str(grant["user_id"]))).data["node"] is None
    assert (await village.query("coordinator", NODE, id=str(uuid.uuid4()))).data["node"] is None


async def test_viewer_can_says_what_would_be_accepted(village: Place) -> None:
    officer = await new_account(village, ("OFFICER", HERE))
    both = await new_account(village, ("OFFICER", HERE), ("REGIONAL_VIEWER", "52.03"))
    everything = ["USER_MANAGE", "USER_DISABLE", "GRANT_GIVE"]
    for who, name, expected in (
        ("coordinator", officer, everything),
        ("coordinator", both, ["GRANT_GIVE"]),
        ("coordinator", "colleague", ["GRANT_GIVE"]),
        ("coordinator", "coordinator", []),
        ("ministry", both, everything),
        ("ministry", "coordinator", everything),
        ("ministry", "ministry", []),
    ):
        answer = await village.query(who, USERS, first=1000)
        (user,) = [user for user in answer.data["users"]["nodes"] if user["name"] == name]
        assert user["viewerCan"] == expected, (who, name)
