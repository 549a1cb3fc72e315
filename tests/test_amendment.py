"""An amendment of a verified household: a new revision with a reason, which others verify.

Until then the figures, the ledger and `verifiedRev` stay with the verified revision.
"""

from __future__ import annotations

import asyncio
import uuid

import pytest

from registry.figures.ledger import HOUSEHOLD_LEDGERS as LEDGERS
from tests.user_errors import codes
from tests.village import AMEND, FAR, NEXT_DOOR, Place, episode, household, person, shop, with_changes

pytestmark = pytest.mark.anyio
SHOWN = "rev workflowState verifiedRev verifiedBy { name } hamlet memberCount"


async def ledger(village: Place, id_: str) -> dict[str, list[bool]]:
    """The rows of the household in each ledger: whether each is open."""
    rows = {}
    for table in LEDGERS.values():
        text = f"SELECT until = 'infinity' FROM {table.name} WHERE household_id = $1 ORDER BY since"
        rows[table.name] = [row[0] for row in await village.admin.fetch(text, uuid.UUID(id_))]
    return rows


@pytest.mark.parametrize(("who", "role"), [("second", "OFFICER"), ("coordinator", "REGENCY_COORDINATOR")])
async def test_the_verified_revision_counts_until_others_verify_the_new_one(
    village: Place, who: str, role: str
) -> None:
    document = await village.new_household("VERIFIED")
    before = await ledger(village, document["id"])
    newborn = person(2, birthDate="2026-01-02", relationToHead="CHILD", maritalStatus="NEVER_MARRIED")
    newborn |= {"nik": None, "nikMissingReason": "NONE_YET", "motherId": document["members"][0]["id"]}
    change = {"id": document["id"], "hamlet": "Lor", "members": [newborn]}
    amended = await village.amend(who, change, reason="Anak lahir, kunjungan rumah.")
    assert (amended["outcome"], amended["userErrors"]) == ("ACCEPTED", [])
    assert amended["household"] == {"id": document["id"], "rev": 2, "workflowState": "SUBMITTED", "verifiedRev": 1}
    assert await ledger(village, document["id"]) == before
    assert not (await village.verify("verifier", document, 2))["userErrors"]
    assert await ledger(village, document["id"]) == before
    if who == "coordinator":
        assert codes(await village.verify("coordinator", document, 2)) == ["SELF_VERIFY"]
    assert not (await village.verify("colleague", document, 2))["userErrors"]
    after = await ledger(village, document["id"])
    assert after["ledger_household"] == [False, True]
    assert after["ledger_person"] == [False, True, True]
    record = await village.household(
        "officer", document["id"], SHOWN + " events { from to rev reason actor { name role } }"
    )
    assert record["verifiedRev"] == 2
    assert record["events"][3] == {
        "from": "VERIFIED",
        "to": "SUBMITTED",
        "rev": 2,
        "reason": "Anak lahir, kunjungan rumah.",
        "actor": {"name": who, "role": role},
    }


@pytest.mark.parametrize("state", ["SUBMITTED", "VERIFIED_VILLAGE"])
async def test_an_amendment_restarts_verification(village: Place, state: str) -> None:
    document = await village.new_household(state)
    assert (await village.amend("coordinator", {"id": document["id"], "hamlet": "Lor"}))["outcome"] == "ACCEPTED"
    assert codes(await village.verify("colleague", document, 2)) == ["TRANSITION_NOT_ALLOWED"]
    assert not (await village.verify("verifier", document, 2))["userErrors"]
    assert codes(await village.verify("coordinator", document, 2)) == ["SELF_VERIFY"]
    assert not (await village.verify("colleague", document, 2))["userErrors"]


async def test_the_author_of_a_verified_household_may_verify_an_amendment_by_another(village: Place) -> None:
    document = await village.new_household("VERIFIED", "all in one")
    await village.amend("officer", {"id": document["id"], "hamlet": "Lor"})
    assert not (await village.verify("all in one", document, 2))["userErrors"]


async def test_a_repeated_amendment_is_unchanged_whatever_came_after(village: Place) -> None:
    document = await village.new_household("VERIFIED")
    edit = {"id": document["id"], "hamlet": "Lor"}
    for outcome in ("ACCEPTED", "UNCHANGED"):
        assert (await village.amend("officer", edit))["outcome"] == outcome
    assert (await village.amend("second", edit))["outcome"] == "UNCHANGED"
    await village.return_household("verifier", document, 2)
    returned = await village.amend("officer", edit)
    assert (returned["outcome"], returned["household"]["workflowState"]) == ("UNCHANGED", "RETURNED")
    await village.submit("second", {"id": document["id"], "hamlet": "Kidul"}, 2)
    for who in ("verifier", "coordinator"):
        assert not (await village.verify(who, document, 3))["userErrors"]
    assert (await village.amend("officer", edit))["outcome"] == "UNCHANGED"
    record = await village.household("officer", document["id"], SHOWN)
    assert (record["rev"], record["hamlet"], record["workflowState"]) == (3, "Kidul", "VERIFIED")


async def test_simultaneous_equal_amendments_are_stored_once(village: Place) -> None:
    document = await village.new_household("VERIFIED")
    payloads = await asyncio.gather(
        *[village.amend("officer", {"id": document["id"], "hamlet": "Lor"}) for _ in range(4)]
    )
    assert sorted(s["outcome"] for s in payloads) == ["ACCEPTED"] + ["UNCHANGED"] * 3


async def test_an_amendment_without_a_change_leaves_a_household_verified(village: Place) -> None:
    document = await village.new_household("VERIFIED")
    for edit in ({"id": document["id"]}, document):
        payload = await village.amend("coordinator", edit)
        assert (payload["outcome"], payload["household"]["workflowState"]) == ("UNCHANGED", "VERIFIED")


async def test_amendments_of_different_columns_merge_and_of_one_column_conflict(village: Place) -> None:
    document = await village.new_household("VERIFIED")
    assert (await village.amend("officer", {"id": document["id"], "hamlet": "Lor"}))["outcome"] == "ACCEPTED"
    merged = await village.amend("coordinator", {"id": document["id"], "rt": "004"})
    assert (merged["outcome"], merged["household"]["rev"]) == ("MERGED", 3)
    conflict = await village.amend("second", {"id": document["id"], "hamlet": "Kidul"})
    assert (conflict["outcome"], conflict["household"]) == ("REJECTED", None)
    assert [(e["code"], e["path"]) for e in conflict["userErrors"]] == [("VERSION_CONFLICT", ["household", "hamlet"])]
    await village.verify("verifier", document, 3)
    assert codes(await village.verify("coordinator", document, 3)) == ["SELF_VERIFY"]


async def test_an_amendment_needs_a_reason_of_bounded_length(village: Place) -> None:
    document = await village.new_household("VERIFIED")
    for reason, code in (
        ("", "REASON_REQUIRED"),
        ("  \n", "REASON_REQUIRED"),
        ("-", "REASON_REQUIRED"),
        ("x" * 2001, "UNKNOWN_VALUE"),
    ):
        refused = await village.amend("officer", {"id": document["id"], "hamlet": "Lor"}, reason=reason)
        assert [(e["code"], e["path"]) for e in refused["userErrors"]] == [(code, ["reason"])]
    assert (await village.household("officer", document["id"], "rev"))["rev"] == 1


async def test_an_amendment_is_validated_like_a_submission(village: Place) -> None:
    document = await village.new_household("VERIFIED")
    refused = await village.amend("officer", {"id": document["id"], "visitResult": None})
    assert [(e["code"], e["path"]) for e in refused["userErrors"]] == [("REQUIRED", ["household", "visitResult"])]
    young = {
        "id": document["id"],
        "migrations": [episode(document["members"][0], stage="RETURNED", departedOn="2001-01-01")],
    }
    young["migrations"][0] |= {"returnedOn": "2003", "returnReason": "CONTRACT_ENDED"}
    assert (await village.amend("officer", young))["outcome"] == "ACCEPTED"
    record = await village.household("coordinator", document["id"], "findings { code }")
    assert record["findings"] == [{"code": "UNDERAGE_DEPARTURE"}]


async def test_a_coordinator_cannot_change_fields_they_do_not_see(village: Place) -> None:
    document = household()
    trip = episode(document["members"][0], proceduralStatus="PROCEDURAL")
    document["migrations"] = [trip]
    await village.submit("officer", document)
    edit = {"id": document["id"], "migrations": [{"id": trip["id"], "proceduralStatus": "NON_PROCEDURAL"}]}
    answer = await village.query("coordinator", AMEND, household=edit, baseRev=1, reason="Salah catat.")
    assert [e["extensions"]["field"] for e in answer.errors] == ["proceduralStatus"]
    edit["migrations"] = [{"id": trip["id"], "country": "TW"}]
    assert (await village.amend("coordinator", edit))["outcome"] == "ACCEPTED"
    record = await village.household("officer", document["id"], "migrations { country proceduralStatus }")
    assert record["migrations"] == [{"country": "TW", "proceduralStatus": "PROCEDURAL"}]


async def test_an_amendment_cannot_leave_its_village_or_reach_another(village: Place) -> None:
    document, hidden = await village.new_household("VERIFIED"), household(FAR)
    await village.submit("stranger", hidden)
    moved = await village.amend("coordinator", {"id": document["id"], "villageCode": NEXT_DOOR})
    assert [(e["code"], e["path"]) for e in moved["userErrors"]] == [
        ("TRANSITION_NOT_ALLOWED", ["household", "villageCode"])
    ]
    for id_ in (hidden["id"], str(uuid.uuid4())):
        for change in ({"hamlet": "Lor"}, with_changes(household(), id=id_)):
            payload = await village.amend("coordinator", {"id": id_} | change)
            assert [(e["code"], e["path"]) for e in payload["userErrors"]] == [("NOT_FOUND", ["household", "id"])]


async def test_an_amendment_closes_a_business_and_returns_a_migrant(village: Place) -> None:
    document = household()
    document["businesses"] = [shop(document["members"][0], exportReadiness="READY")]
    await village.submit("officer", document)
    for who in ("verifier", "coordinator"):
        assert not (await village.verify(who, document))["userErrors"]
    returned = {"id": document["migrations"][0]["id"], "stage": "RETURNED", "returnedOn": "2026-05"}
    returned |= {"returnReason": "CONTRACT_ENDED"}
    closed = {"id": document["businesses"][0]["id"], "status": "CLOSED", "closedOn": "2026-06"}
    amended = await village.amend("officer", {"id": document["id"], "migrations": [returned], "businesses": [closed]})
    assert amended["outcome"] == "ACCEPTED", amended
    status_in_ledger = "SELECT status FROM ledger_business WHERE household_id = $1 AND until = 'infinity'"
    assert await village.admin.fetchval(status_in_ledger, uuid.UUID(document["id"])) == "RUNNING"
    for who in ("verifier", "coordinator"):
        assert not (await village.verify(who, document, 2))["userErrors"]
    assert await village.admin.fetchval(status_in_ledger, uuid.UUID(document["id"])) == "CLOSED"


async def test_the_audit_of_an_amendment_has_its_ability_but_not_its_reason(village: Place) -> None:
    document, last = (
        await village.new_household("VERIFIED"),
        await village.admin.fetchval("SELECT max(id) FROM audit_event"),
    )
    await village.amend("coordinator", {"id": document["id"], "hamlet": "Lor"}, reason="Rahasia")
    await village.amend("coordinator", {"id": document["id"], "hamlet": "Lor"}, reason="")
    rows = await village.admin.fetch(
        "SELECT ability, outcome, rev, note FROM audit_event WHERE id > $1 ORDER BY id", last
    )
    assert [tuple(row) for row in rows] == [
        ("household:amend", "ACCEPTED", 2, None),
        ("household:amend", "REASON_REQUIRED", None, None),
    ]
