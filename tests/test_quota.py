"""Quotas: how many full numbers one account sees in an hour, and how many ids of others it may try."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from registry.codes import AccessPurpose
from registry.guard.quota import Metered, take
from registry.write.reveal import NOTED, SHORTEST_NOTE
from tests.accounts import new_account
from tests.village import FAR, HERE, REVEAL, SUBMIT, Answer, Place, household, person, served_with, shop, with_changes

pytestmark = pytest.mark.anyio
LIMIT = 3


async def account(village: Place) -> str:
    """A new officer, who has used nothing yet."""
    return await new_account(village, ("OFFICER", HERE))


async def reveal(village: Place, who: str, id_: str, **more: Any) -> Answer:
    return await village.query(who, REVEAL, **({"id": id_, "field": "NIK", "purpose": "VERIFICATION"} | more))


async def outcomes(village: Place, who: str) -> list[str]:
    """The audited outcomes of an account, in order."""
    rows = await village.admin.fetch(
        "SELECT outcome FROM audit_event WHERE actor_id = $1 ORDER BY id", village.ids[who]
    )
    return [row["outcome"] for row in rows]


def assert_limited(answer: Answer, most: int = 3600) -> None:
    """Check that the whole request is RATE_LIMITED and has Retry-After."""
    assert (answer.status, answer.codes) == (429, ["RATE_LIMITED"]), answer.body
    assert 1 <= int(answer.headers["retry-after"]) <= most


# --- reveal -----------------------------------------------------------------------------------------------------------


ONE = '%s: revealIdentity(input: {id: "%s", field: NIK, purpose: VERIFICATION}) { value }'
DOCUMENTS = {
    "aliases": "mutation {{ {0} {1} }}",
    "fragments": "mutation {{ ...A ...B }} fragment A on Mutation {{ {0} }} fragment B on Mutation {{ {1} }}",
    "a fragment inside a fragment": "mutation {{ {0} ...A }} fragment A on Mutation {{ ...B }}"
    " fragment B on Mutation {{ ... on Mutation {{ {1} }} }}",
    "directives": "mutation($yes: Boolean = true) {{ {0} ... @include(if: $yes) {{ {1} }} }}",
    "several operations": "query Other {{ viewer {{ id }} }} mutation M {{ {0} {1} }}",
}


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_one_request_may_reveal_one_number(village: Place, text: str) -> None:
    household_, who = await village.new_household("SUBMITTED"), await account(village)
    member_id = household_["members"][0]["id"]
    document = text.format(ONE % ("a", member_id), ONE % ("b", member_id))
    body = {"query": document} | ({"operationName": "M"} if "query Other" in text else {})
    answer = await village.send("POST", json=body, headers=village.bearer(who))
    assert answer.codes == ["QUERY_TOO_COMPLEX"]
    (extensions,) = [error["extensions"] for error in answer.errors]
    assert (extensions["dimension"], extensions["limit"], extensions["requested"]) == ("reveals", 1, 2)
    assert "data" not in answer.json, "nothing ran"
    assert await outcomes(village, who) == []


async def test_merged_or_skipped_fields_count_as_one_reveal(village: Place) -> None:
    document, who = await village.new_household("SUBMITTED"), await account(village)
    one = ONE % ("a", document["members"][0]["id"])
    for text in (
        f"mutation {{ {one} {one} }}",
        f"mutation {{ {one} ... @skip(if: true) {{ {one.replace('a:', 'b:')} }} }}",
    ):
        answer = await village.query(who, text)
        assert answer.data == {"a": {"value": document["members"][0]["nik"]}}
    assert await outcomes(village, who) == ["ACCEPTED"] * 2


async def test_reveals_of_an_account_are_limited_per_hour(village: Place) -> None:
    """Reveals of any number count; the refusal is audited; other accounts and other work go on."""
    document, who = await village.new_household("SUBMITTED"), await account(village)
    member = document["members"][0]
    async with served_with(village, reveals_per_hour=LIMIT) as limited:
        assert (await reveal(limited, who, member["id"])).data["revealIdentity"]["value"] == member["nik"]
        absent = (await reveal(limited, who, str(uuid.uuid4()))).data["revealIdentity"]
        assert [error["code"] for error in absent["userErrors"]] == ["NOT_FOUND"]
        assert (await reveal(limited, who, document["id"], field="PHONE")).data["revealIdentity"]["value"] is None
        for id_ in (member["id"], str(uuid.uuid4())):
            answer = await reveal(limited, who, id_)
            assert_limited(answer)
            assert answer.json.get("data") is None
        assert await outcomes(village, who) == ["ACCEPTED", "NOT_FOUND", "ACCEPTED", "RATE_LIMITED", "RATE_LIMITED"]
        assert (await limited.submit(who, household()))["outcome"] == "ACCEPTED"
        other = await reveal(limited, await account(village), member["id"])
        assert other.data["revealIdentity"]["value"] == member["nik"]


async def test_the_limit_of_reveals_affects_only_its_own_field(village: Place) -> None:
    document, who = await village.new_household("SUBMITTED"), await account(village)
    text = """mutation($household: HouseholdInput!, $id: ID!) {
      revealIdentity(input: {id: $id, field: NIK, purpose: VERIFICATION}) { value }
      submitHousehold(input: {household: $household}) { outcome } }"""
    async with served_with(village, reveals_per_hour=1) as limited:
        await reveal(limited, who, document["id"])
        answer = await limited.query(who, text, household=household(), id=document["members"][0]["id"])
    assert (answer.status, answer.codes) == (200, ["RATE_LIMITED"])
    assert answer.json["data"] == {"revealIdentity": None, "submitHousehold": {"outcome": "ACCEPTED"}}


async def test_the_limit_is_exact_for_simultaneous_requests_on_two_servers(village: Place) -> None:
    document, who = await village.new_household("SUBMITTED"), await account(village)
    member = document["members"][0]
    async with served_with(village, reveals_per_hour=LIMIT) as one, served_with(village, reveals_per_hour=LIMIT) as two:
        answers = await asyncio.gather(*[reveal(place, who, member["id"]) for place in (one, two) * 6])
    revealed = [answer for answer in answers if not answer.codes]
    assert len(revealed) == LIMIT
    assert {tuple(answer.codes) for answer in answers if answer not in revealed} == {("RATE_LIMITED",)}
    assert sorted(await outcomes(village, who)) == ["ACCEPTED"] * LIMIT + ["RATE_LIMITED"] * (12 - LIMIT)


async def test_uses_expire_after_an_hour(village: Place) -> None:
    """The window slides: each use expires an hour later."""
    document, who = await village.new_household("SUBMITTED"), await account(village)
    async with served_with(village, reveals_per_hour=2) as limited:
        for _ in range(2):
            assert not (await reveal(limited, who, document["id"], field="PHONE")).codes
        await village.admin.execute(
            "UPDATE quota SET times = ARRAY[now() - interval '59 minutes 50 seconds', times[2]] WHERE holder = $1",
            village.ids[who],
        )
        assert_limited(await reveal(limited, who, document["id"]), most=10)
        await village.admin.execute(
            "UPDATE quota SET times = ARRAY[now() - interval '61 minutes', times[2]] WHERE holder = $1",
            village.ids[who],
        )
        assert not (await reveal(limited, who, document["id"], field="PHONE")).codes
        assert_limited(await reveal(limited, who, document["id"]))


@pytest.mark.parametrize("purpose", AccessPurpose)
async def test_a_reveal_by_an_outsider_needs_a_note(village: Place, purpose: AccessPurpose) -> None:
    document, who = await village.new_household("SUBMITTED"), await account(village)
    number, member = document["members"][0]["nik"], document["members"][0]["id"]
    for note in (None, "", "   ", "x", "- - - - - -", "\t\n", "a b c d"):
        payload = (await reveal(village, who, member, purpose=purpose.value, note=note)).data["revealIdentity"]
        if purpose not in NOTED:
            assert payload == {"value": number, "userErrors": []}
            continue
        assert payload["value"] is None
        (error,) = payload["userErrors"]
        assert (error["code"], error["path"]) == ("PURPOSE_REQUIRED", ["note"])
        assert str(SHORTEST_NOTE) in error["message"]
    too_long = (await reveal(village, who, member, purpose=purpose.value, note="x" * 10_000)).data
    assert [e["code"] for e in too_long["revealIdentity"]["userErrors"]] == ["UNKNOWN_VALUE"]
    good = await reveal(village, who, member, purpose=purpose.value, note="  Surat B/12/2026  ")
    assert good.data["revealIdentity"] == {"value": number, "userErrors": []}
    notes = await village.admin.fetch(
        "SELECT outcome, note FROM audit_event WHERE actor_id = $1 AND note IS NOT NULL ORDER BY id", village.ids[who]
    )
    assert {tuple(row) for row in notes if row["outcome"] != "ACCEPTED"} == set(), "what was refused is not kept"
    assert notes[-1]["note"] == "Surat B/12/2026"


# --- ids of others ----------------------------------------------------------------------------------------------------


async def taken_ids(village: Place, count: int) -> list[str]:
    """The ids of records that the officer does not see."""
    ids: list[str] = []
    while len(ids) < count:
        hidden = household(FAR)
        assert (await village.submit("stranger", hidden))["outcome"] == "ACCEPTED"
        ids += [hidden["id"], hidden["members"][0]["id"], hidden["migrations"][0]["id"]]
    return ids[:count]


async def submit_with_id(village: Place, who: str, id_: str) -> Answer:
    return await village.query(who, SUBMIT, household=household(id=id_))


def codes_or_outcome(answer: Answer) -> list[str]:
    """The codes of the errors of a submission, or its outcome."""
    if answer.codes:
        return answer.codes
    payload = answer.data["submitHousehold"]
    return [error["code"] for error in payload["userErrors"]] or [payload["outcome"]]


async def test_probing_ids_is_limited_per_hour(village: Place) -> None:
    """After the limit, used and free ids of households and children get equal answers."""
    who, hidden = await account(village), await taken_ids(village, LIMIT + 2)
    mine = household()
    async with served_with(village, taken_ids_per_hour=LIMIT) as limited:
        assert (await limited.submit(who, mine))["outcome"] == "ACCEPTED"
        for id_ in hidden[:LIMIT]:
            assert codes_or_outcome(await submit_with_id(limited, who, id_)) == ["ID_TAKEN"]
        bodies = set()
        for id_ in (hidden[LIMIT], str(uuid.uuid4()), hidden[LIMIT + 1], str(uuid.uuid4())):
            answer = await submit_with_id(limited, who, id_)
            assert_limited(answer)
            bodies.add(tuple(sorted(answer.json["errors"][0]["extensions"].items())))
            child = with_changes(mine, businesses=[shop(mine["members"][0], id=id_)])
            assert_limited(await limited.query(who, SUBMIT, household=child, baseRev=1))
        assert bodies == {(("code", "RATE_LIMITED"),)}
        assert (await outcomes(village, who))[1 : 1 + LIMIT] == ["ID_TAKEN"] * LIMIT
        assert set((await outcomes(village, who))[1 + LIMIT :]) == {"RATE_LIMITED"}
        edited = await limited.submit(who, with_changes(mine, address="Jalan Mawar 2"), 1)
        assert edited["outcome"] == "ACCEPTED", "edits go on"
        assert (await limited.submit(await account(village), household()))["outcome"] == "ACCEPTED", "and others"


async def test_repeating_one_taken_id_limits_only_that_record(village: Place) -> None:
    who, (hidden,) = await account(village), await taken_ids(village, 1)
    async with served_with(village, taken_ids_per_hour=LIMIT) as limited:
        for _ in range(LIMIT):
            assert codes_or_outcome(await submit_with_id(limited, who, hidden)) == ["ID_TAKEN"]
        for _ in range(2 * LIMIT):
            assert_limited(await submit_with_id(limited, who, hidden))
            document = household()
            document["members"].append(person(2))
            assert (await limited.submit(who, document))["outcome"] == "ACCEPTED"


async def test_an_id_that_occurs_twice_in_a_document_uses_no_quota(village: Place) -> None:
    who = await account(village)
    async with served_with(village, taken_ids_per_hour=1) as limited:
        for _ in range(3):
            document = household()
            document["members"][0]["id"] = document["migrations"][0]["memberId"] = document["id"]
            assert codes_or_outcome(await limited.query(who, SUBMIT, household=document)) == ["ID_TAKEN"]
        assert (await limited.submit(who, household()))["outcome"] == "ACCEPTED"


# --- the count itself -------------------------------------------------------------------------------------------------


async def test_uses_count_once_for_each_key_act_and_account(village: Place) -> None:
    principal = await village.principal("officer")
    one, other, key = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    async with village.database.write(principal, "submit") as tx:
        for _ in range(3):
            assert await take(tx, one, Metered.TAKEN_ID, 2, key) == 0
        assert await take(tx, one, Metered.TAKEN_ID, 2) == 0
        assert 3590 < await take(tx, one, Metered.TAKEN_ID, 2) <= 3600
        assert await take(tx, one, Metered.TAKEN_ID, 2, key) == 0
        assert await take(tx, one, Metered.REVEAL, 2) == 0
        assert await take(tx, other, Metered.TAKEN_ID, 2) == 0
    stored_uses = await village.admin.fetchval(
        "SELECT max(cardinality(times)) FROM quota WHERE holder = ANY($1)", [one, other]
    )
    assert stored_uses == 2, "the limit bounds what is stored"


async def test_a_use_that_is_rolled_back_does_not_count(village: Place) -> None:
    principal, holder = await village.principal("officer"), uuid.uuid4()

    async def use_and_roll_back() -> None:
        async with village.database.write(principal, "submit") as tx:
            assert await take(tx, holder, Metered.REVEAL, 1) == 0
            raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await use_and_roll_back()
    async with village.database.write(principal, "submit") as tx:
        assert await take(tx, holder, Metered.REVEAL, 1) == 0
