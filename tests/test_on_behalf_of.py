"""A service that acts for a user sees what both may see; the two are named wherever somebody looks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.test_registered import JSON, account, register
from tests.village import FAR, HERE, SUBMIT, VERIFY, Answer, Place, household

pytestmark = pytest.mark.anyio
LIST = """{ households(first: 100) { nodes { id village { code } workflowState respondentName withheld
  migrations { id proceduralStatus withheld } } } }"""
VIEWER = """{ viewer { id name username abilities grants { role } expiresAt actingFor { accountId name role } } }"""


def pair(village: Place, service: str, user: str | None) -> dict[str, str]:
    """The headers of a service that acts for a user."""
    behalf = {} if user is None else {"on-behalf-of": village.bearer(user)["authorization"]}
    return village.bearer(service) | behalf | JSON


async def ask(village: Place, user: str | None, text: str, service: str = "service", **variables: Any) -> Answer:
    body = {"query": text, "variables": variables}
    return await village.send("POST", json=body, headers=pair(village, service, user))


@pytest.fixture
async def service(village: Place) -> str:
    """A service account of the regency, with the operations of these tests."""
    await account(village, "service", "SERVICE", True)
    for document in (LIST, VIEWER, SUBMIT, VERIFY):
        await register(village, "service", document)
    return "service"


async def rows(village: Place, user: str | None) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = (await ask(village, user, LIST)).data["households"]["nodes"]
    return nodes


async def test_a_service_and_its_user_see_what_both_see(village: Place, service: str) -> None:
    here = await village.new_household("SUBMITTED")
    next_door = await village.new_household("SUBMITTED", "next door", villageCode="35.07.11.2009")
    far = household(FAR)
    assert (await village.submit("stranger", far))["outcome"] == "ACCEPTED"

    async def ids(user: str | None) -> set[str]:
        return {row["id"] for row in await rows(village, user)} & {here["id"], next_door["id"], far["id"]}

    assert await ids(None) == {here["id"], next_door["id"]}
    assert await ids("officer") == {here["id"]}
    assert await ids("coordinator") == {here["id"], next_door["id"]}
    assert await ids("analyst") == {here["id"], next_door["id"]}, "of the country, what the service reaches"
    outside = await ask(village, "stranger", LIST)
    assert (outside.codes, outside.json["data"]) == (["FORBIDDEN"], {"households": None})


async def test_a_user_s_classes_end_where_the_service_s_do(village: Place, service: str) -> None:
    """Also what only its author sees: the officer wrote the status, and the service has no right to it."""
    await village.new_household("SUBMITTED")
    for row in await rows(village, "officer"):
        assert row["village"]["code"] == HERE
        assert row["respondentName"] is None
        assert "respondentName" in row["withheld"]
        for episode in row["migrations"]:
            assert episode["proceduralStatus"] is None
            assert "proceduralStatus" in episode["withheld"]


async def test_drafts_are_not_shown_through_a_service(village: Place, service: str) -> None:
    draft = await village.new_household("DRAFT")
    assert draft["id"] in {row["id"] for row in (await village.ask("officer", LIST))["households"]["nodes"]}
    assert draft["id"] not in {row["id"] for row in await rows(village, "officer")}


async def test_the_viewer_is_the_service_and_names_its_user(village: Place, service: str) -> None:
    viewer = (await ask(village, "officer", VIEWER)).data["viewer"]
    assert (viewer["id"], viewer["name"]) == (str(village.ids[service]), service)
    assert viewer["actingFor"] == {"accountId": str(village.ids["officer"]), "name": "officer", "role": "OFFICER"}
    assert viewer["abilities"] == ["SEE_OPEN", "SEE_OPERATIONAL"]
    assert viewer["grants"] == [{"role": "SERVICE"}]
    alone = (await ask(village, None, VIEWER)).data["viewer"]
    assert (alone["id"], alone["actingFor"]) == (str(village.ids[service]), None)
    assert (await village.ask("officer", VIEWER))["viewer"]["actingFor"] is None


@pytest.mark.parametrize("user", ["officer", "verifier", None])
async def test_nothing_is_written_through_a_service_and_the_audit_names_both(
    village: Place, service: str, user: str | None
) -> None:
    last = await village.admin.fetchval("SELECT coalesce(max(id), 0) FROM audit_event")
    document = household()
    answer = await ask(village, user, SUBMIT, household=document, saveAs="SUBMITTED")
    assert answer.codes == ["FORBIDDEN"]
    assert await village.admin.fetchval("SELECT count(*) FROM household WHERE id::text = $1", document["id"]) == 0
    events = await village.admin.fetch(
        "SELECT actor_id, acting_for_id, ability, outcome FROM audit_event WHERE id > $1", last
    )
    acting_for = None if user is None else village.ids[user]
    assert [tuple(event) for event in events] == [(village.ids[service], acting_for, "household:submit", "FORBIDDEN")]


async def test_a_pair_runs_registered_operations_only(village: Place, service: str) -> None:
    answer = await ask(village, "officer", "{ viewer { name } }")
    assert (answer.status, answer.codes) == (400, ["OPERATION_NOT_REGISTERED"])


async def test_whatever_refuses_the_user_refuses_the_pair(village: Place, service: str) -> None:
    good = pair(village, service, "officer")
    for behalf in ("", "Bearer", "Bearer x", "Basic eDp5", good["authorization"]):
        answer = await village.send("POST", json={"query": VIEWER}, headers=good | {"on-behalf-of": behalf})
        assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"]), behalf
    nobody = await ask(village, "nobody", VIEWER)
    assert (nobody.status, nobody.codes) == (403, ["FORBIDDEN"])
    await account(village, "closed", "OFFICER", False)
    await village.admin.execute("UPDATE account SET active = false WHERE id = $1", village.ids["closed"])
    assert (await ask(village, "closed", VIEWER)).status == 401


async def test_only_a_service_acts_for_somebody(village: Place, service: str) -> None:
    answer = await ask(village, "officer", VIEWER, service="coordinator")
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])
    alone = {"on-behalf-of": village.bearer("officer")["authorization"]} | JSON
    answer = await village.send("POST", json={"query": VIEWER}, headers=alone)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


async def test_a_user_s_token_that_comes_twice_is_refused(village: Place, service: str) -> None:
    headers = list(pair(village, service, "officer").items())
    headers.append(("On-Behalf-Of", village.bearer("verifier")["authorization"]))
    answer = await village.send("POST", json={"query": VIEWER}, headers=headers)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


async def test_a_cursor_of_one_user_is_of_no_use_to_another(village: Place, service: str) -> None:
    page = "query Page($after: String) { households(first: 1, after: $after) { pageInfo { endCursor } } }"
    await register(village, service, page)
    for _ in range(2):
        await village.new_household("SUBMITTED")
    cursor = (await ask(village, "officer", page)).data["households"]["pageInfo"]["endCursor"]
    assert (await ask(village, "officer", page, after=cursor)).data
    for other in ("second", None):
        assert (await ask(village, other, page, after=cursor)).codes == ["BAD_USER_INPUT"]
