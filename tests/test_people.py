"""Accounts: who finds them, creates and changes them, and what happens when one is disabled."""

from __future__ import annotations

import asyncio
import threading
import uuid
from typing import Any

import pytest

from auth.password import is_right
from tests.accounts import new_account
from tests.eventually import answer_of, eventually
from tests.test_grants import events, give
from tests.user_errors import codes
from tests.village import FAR, HERE, HIGH_QUOTAS, Place, served_with

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
    others = {"Siti Aminah"}  # whom another test may have created
    assert await found(village, "coordinator", search="siti") - others == {"Sitti Aminah"}
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


# --- create and change ------------------------------------------------------------------------------------------------

SAVE = """mutation($input: SaveUserInput!) { saveUser(input: $input) {
  user { id username name active grants { id } } temporaryPassword userErrors { code severity path } } }"""
DISABLE = """mutation($id: ID!) { disableUser(input: {userId: $id}) {
  user { active } userErrors { code severity path } } }"""
RESET = "mutation($id: ID!) { resetPassword(input: {userId: $id}) { temporaryPassword userErrors { code path } } }"
REVOKE = "mutation($id: ID!) { revokeDevice(input: {id: $id}) { device { id revoked } userErrors { code path } } }"
VIEWER = "{ viewer { id } }"


async def test_a_new_account_gets_a_password_once_and_then_a_role(village: Place) -> None:
    sent = {"id": str(uuid.uuid4()), "username": f"siti.{uuid.uuid4()}", "name": "Siti Aminah"}
    first, again = [(await village.query("coordinator", SAVE, input=sent)).data["saveUser"] for _ in range(2)]
    assert first["userErrors"] == again["userErrors"] == []
    assert first["user"] == again["user"] == sent | {"active": True, "grants": []}
    assert first["temporaryPassword"]
    assert again["temporaryPassword"] is None
    assert await events(village, sent["id"]) == ["ACCEPTED", "UNCHANGED"]
    stored = await village.admin.fetchrow("SELECT * FROM credential WHERE account_id = $1", uuid.UUID(sent["id"]))
    assert stored is not None
    assert stored["temporary"] is True
    assert is_right(first["temporaryPassword"], stored["password_hash"])
    assert sent["name"] in await found(village, "coordinator", search=sent["username"])
    assert await found(village, "colleague", search=sent["username"]) == set()
    assert codes((await village.query("colleague", SAVE, input=sent)).data["saveUser"]) == ["ID_TAKEN"]
    village.ids[sent["username"]] = uuid.UUID(sent["id"])
    assert codes(await give(village, "coordinator", sent["username"], "OFFICER", HERE)) == []
    assert sent["name"] in await found(village, "colleague", search=sent["username"])


async def test_what_is_wrong_with_an_account_is_said(village: Place) -> None:
    taken = await new_account(village, ("OFFICER", FAR))
    for change, expected, path in (
        ({"username": None}, "REQUIRED", "username"),
        ({"name": None}, "REQUIRED", "name"),
        ({"username": "Siti Aminah"}, "USERNAME_FORMAT", "username"),
        ({"username": "x" * 101}, "UNKNOWN_VALUE", "username"),
        ({"name": "x" * 151}, "UNKNOWN_VALUE", "name"),
        ({"username": taken}, "USERNAME_TAKEN", "username"),
        ({"id": str(village.ids[taken])}, "ID_TAKEN", "id"),
    ):
        sent = {"id": str(uuid.uuid4()), "username": f"x.{uuid.uuid4()}", "name": "X"} | change
        result = (await village.query("coordinator", SAVE, input=sent)).data["saveUser"]
        assert (codes(result), result["userErrors"][0]["path"]) == ([expected], [path]), change
        assert (result["user"], result["temporaryPassword"]) == (None, None)


async def test_only_who_may_give_every_grant_manages_an_account(village: Place) -> None:
    officer = await new_account(village, ("OFFICER", HERE))
    both = await new_account(village, ("OFFICER", HERE), ("REGIONAL_VIEWER", "52.03"))
    village.ids["absent"] = uuid.uuid4()
    for who, name, expected in (
        ("coordinator", officer, []),
        ("coordinator", both, ["GRANT_NOT_HELD"]),
        ("coordinator", "colleague", ["GRANT_NOT_HELD"]),
        ("coordinator", "coordinator", ["ACCOUNT_SELF"]),
        ("coordinator", "stranger", ["NOT_FOUND"]),
        ("coordinator", "absent", ["NOT_FOUND"]),
        ("ministry", both, []),
        ("ministry", "ministry", ["ACCOUNT_SELF"]),
    ):
        reset = (await village.query(who, RESET, id=str(village.ids[name]))).data["resetPassword"]
        assert codes(reset) == expected, (who, name)
        assert bool(reset["temporaryPassword"]) is (not expected)
        if name != "absent" and expected != ["NOT_FOUND"]:
            saved = (await village.query(who, SAVE, input={"id": str(village.ids[name])})).data["saveUser"]
            assert codes(saved) == expected, (who, name)


async def test_a_service_account_gets_no_password_but_is_disabled(village: Place) -> None:
    """It has keys; whoever set its password would act as it, from anywhere."""
    service = await new_account(village)
    id_ = village.ids[service]
    await village.admin.execute("UPDATE account SET service = true WHERE id = $1", id_)
    for name, document, variables in (
        ("resetPassword", RESET, {"id": str(id_)}),
        ("saveUser", SAVE, {"input": {"id": str(id_), "name": "Lain"}}),
    ):
        assert codes((await village.query("ministry", document, **variables)).data[name]) == ["GRANT_NOT_HELD"], name
    assert await village.admin.fetchval("SELECT count(*) FROM credential WHERE account_id = $1", id_) == 0
    assert codes((await village.query("ministry", DISABLE, id=str(id_))).data["disableUser"]) == []
    assert not await village.admin.fetchval("SELECT active FROM account WHERE id = $1", id_)


async def test_a_reset_ends_the_sessions(village: Place) -> None:
    officer = await new_account(village, ("OFFICER", HERE))
    first = (await village.query("coordinator", RESET, id=str(village.ids[officer]))).data["resetPassword"]
    second = (await village.query("colleague", RESET, id=str(village.ids[officer]))).data["resetPassword"]
    assert first["temporaryPassword"] != second["temporaryPassword"]
    row = await village.admin.fetchrow(
        "SELECT c.password_hash, a.signed_out_at FROM credential c JOIN account a ON a.id = c.account_id"
        " WHERE a.id = $1",
        village.ids[officer],
    )
    assert row is not None
    assert row["signed_out_at"] is not None
    assert is_right(second["temporaryPassword"], row["password_hash"])
    assert not is_right(first["temporaryPassword"], row["password_hash"])


# --- disable ----------------------------------------------------------------------------------------------------------


async def test_a_disabled_account_is_refused_at_the_next_request_in_another_worker(village: Place) -> None:
    officer = await new_account(village, ("OFFICER", HERE))
    async with served_with(village, **HIGH_QUOTAS) as other:
        await eventually(lambda: other.app.service.principals.listening)
        assert (await other.query(officer, VIEWER)).data["viewer"]["id"] == str(village.ids[officer])
        result = (await village.query("coordinator", DISABLE, id=str(village.ids[officer]))).data["disableUser"]
        assert result["user"] == {"active": False}
        await answer_of(401, lambda: other.query(officer, VIEWER))
        again = (await village.query("coordinator", DISABLE, id=str(village.ids[officer]))).data["disableUser"]
        assert again == result
        opened = {"id": str(village.ids[officer]), "active": True}
        assert codes((await village.query("coordinator", SAVE, input=opened)).data["saveUser"]) == []
        assert (await other.query(officer, VIEWER)).status == 200
    assert await events(village, str(village.ids[officer])) == ["ACCEPTED", "UNCHANGED", "ACCEPTED"]


async def test_whoever_keeps_accounts_disables_them_and_learns_no_password(village: Place) -> None:
    keeper = await new_account(village, ("SYSTEM_ADMIN", None))
    coordinator = await new_account(village, ("REGENCY_COORDINATOR", "52.03"))
    assert (await village.query(keeper, RESET, id=str(village.ids[coordinator]))).codes == ["FORBIDDEN"]
    assert (await village.query(keeper, SAVE, input={"id": str(village.ids[coordinator])})).codes == ["FORBIDDEN"]
    assert codes((await village.query(keeper, DISABLE, id=str(village.ids[keeper]))).data["disableUser"]) == [
        "ACCOUNT_SELF"
    ]
    assert codes((await village.query(keeper, DISABLE, id=str(village.ids[coordinator]))).data["disableUser"]) == []


async def test_the_last_administrator_is_not_disabled(village: Place) -> None:
    others = await village.admin.fetch(
        "UPDATE account SET active = false WHERE id IN (SELECT user_id FROM grants WHERE role = 'MINISTRY_ADMIN')"
        " AND active RETURNING id"
    )
    try:
        last, keeper = (
            await new_account(village, ("MINISTRY_ADMIN", None)),
            await new_account(village, ("SYSTEM_ADMIN", None)),
        )
        result = (await village.query(keeper, DISABLE, id=str(village.ids[last]))).data["disableUser"]
        assert codes(result) == ["LAST_ADMINISTRATOR"]
        assert (await village.query(last, VIEWER)).status == 200
    finally:
        await village.admin.execute(
            "UPDATE account SET active = true WHERE id = ANY($1)", [row["id"] for row in others]
        )


async def test_disabling_the_only_officer_of_a_village_is_warned_of(village: Place) -> None:
    officer = await new_account(village, ("OFFICER", "35.07.12.2003"))
    result = (await village.query("coordinator", DISABLE, id=str(village.ids[officer]))).data["disableUser"]
    assert [(p["code"], p["severity"]) for p in result["userErrors"]] == [("VILLAGE_WITHOUT_OFFICER", "WARNING")]
    assert result["user"] == {"active": False}


# --- devices ----------------------------------------------------------------------------------------------------------


async def test_a_lost_phone_is_revoked_by_whoever_may_disable_its_account(village: Place) -> None:
    officer, phone, instant = await new_account(village, ("OFFICER", HERE)), uuid.uuid4(), "2026-11-01T02:03:04.000Z"
    await village.admin.execute(
        "INSERT INTO device (id, account_id, label) VALUES ($1, $2, 'Telepon')", phone, village.ids[officer]
    )
    await village.admin.execute(
        "INSERT INTO session (id, account_id, begun_at, renewed_at, expires_at, second_factor, generation, token_hash)"
        " VALUES (gen_random_uuid(), $1, $2::text::timestamptz, $2::text::timestamptz, now(), true, 0, 'x')",
        *(village.ids[officer], instant),
    )
    text = "query($search: String) { users(search: $search) { nodes { lastSeenAt devices { id label revoked } } } }"
    (user,) = (await village.query("coordinator", text, search=officer)).data["users"]["nodes"]
    assert user == {"lastSeenAt": instant, "devices": [{"id": str(phone), "label": "Telepon", "revoked": False}]}
    hidden = (await village.query("far coordinator", REVOKE, id=str(phone))).data
    assert hidden == (await village.query("far coordinator", REVOKE, id=str(uuid.uuid4()))).data
    assert codes(hidden["revokeDevice"]) == ["NOT_FOUND"]
    for _ in range(2):
        result = (await village.query("coordinator", REVOKE, id=str(phone))).data["revokeDevice"]
        assert result == {"device": {"id": str(phone), "revoked": True}, "userErrors": []}
    assert await events(village, str(phone)) == ["NOT_FOUND", "ACCEPTED", "UNCHANGED"]


# --- while passwords are hashed ---------------------------------------------------------------------------------------

SAVE_NEW = """mutation($id: ID!, $username: String!) {
  saveUser(input: {id: $id, username: $username, name: "Baru"}) { temporaryPassword userErrors { code } } }"""
RESET_ONE = "mutation($id: ID!) { resetPassword(input: {userId: $id}) { temporaryPassword userErrors { code } } }"


@pytest.mark.parametrize("command", [SAVE_NEW, RESET_ONE])
async def test_no_connection_is_held_while_a_password_waits_to_be_hashed(village: Place, command: str) -> None:
    """The threads of sign-in hash for administrators too, and for nobody who may not manage accounts."""
    new, names = uuid.uuid4(), {"id": str(uuid.uuid4()), "username": f"baru.{uuid.uuid4()}"}
    account = await new_account(village, ("OFFICER", HERE))
    values = names if command is SAVE_NEW else {"id": str(village.ids[account])}
    async with served_with(village, pool_size=1, hashes_at_once=1, **HIGH_QUOTAS) as place:
        hashing = place.app.service.entrance.hashing
        free = threading.Event()
        busy = asyncio.create_task(hashing.run(new, free.wait))
        try:
            await eventually(lambda: hashing.turns.taken == 1)
            waits = asyncio.create_task(place.query("coordinator", command, **values))
            await eventually(lambda: hashing.turns.waiting == 1)
            assert (await place.query("officer", "{ viewer { name } }")).codes == []
            assert (await place.query("officer", command, **values)).codes == ["FORBIDDEN"]
            assert hashing.turns.waiting == 1
        finally:
            free.set()
        await busy
        (result,) = (await waits).data.values()
    assert result["temporaryPassword"]
    assert result["userErrors"] == []
