"""Late, repeated and partial requests: nothing is restored, nothing is undone, no value mixes two edits."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.village import FAR, NEXT_DOOR, Place, episode, household, person, shop, with_changes

pytestmark = pytest.mark.anyio


def refusal(payload: Any) -> list[str]:
    assert payload["outcome"] == "REJECTED", payload
    return [error["code"] for error in payload["userErrors"]]


async def stored(village: Place, id_: str) -> tuple[Any, ...]:
    """Everything that a submission could change: the household, its revisions and its events."""
    row = await village.admin.fetchval("SELECT to_jsonb(h)::text FROM household h WHERE id = $1", uuid.UUID(id_))
    counts = [
        await village.admin.fetchval(f"SELECT count(*) FROM {table} WHERE household_id = $1", uuid.UUID(id_))
        for table in ("household_revision", "workflow_event", "member", "identity")
    ]
    return (row, *counts)


# --- a retry is compared with what was accepted before ---------------------------------------------------------------

WAY = {
    "SUBMITTED": (),
    "RETURNED": ("back",),
    "VERIFIED_VILLAGE": ("verifier",),
    "VERIFIED": ("verifier", "coordinator"),
}


@pytest.mark.parametrize("state", ["DRAFT", *WAY])
async def test_a_repeated_submission_is_unchanged(village: Place, state: str) -> None:
    """A draft, an edit of it and its submission are each repeated, whatever the state of the household by then."""
    document = household(people=2)
    sendings: list[tuple[Any, int | None, str]] = [
        (document, None, "DRAFT"),
        (
            {"id": document["id"], "hamlet": "Sumber", "members": [{"id": document["members"][1]["id"], "seq": 5}]},
            1,
            "DRAFT",
        ),
        ({"id": document["id"], "hamlet": "Lor"}, 2, "DRAFT"),
        ({"id": document["id"]}, 3, "SUBMITTED"),
    ][: 3 if state == "DRAFT" else 4]
    for sending in sendings:
        assert (await village.submit("officer", *sending))["outcome"] == "ACCEPTED"
    for who in WAY.get(state, ()):
        step = village.return_household("verifier", document, 3) if who == "back" else village.verify(who, document, 3)
        assert not (await step)["userErrors"]
    before = await stored(village, document["id"])
    for sending in sendings:
        again = await village.submit("officer", *sending)
        assert (again["outcome"], again["userErrors"]) == ("UNCHANGED", [])
        assert (again["household"]["rev"], again["household"]["workflowState"]) == (3, state)
    assert await stored(village, document["id"]) == before


async def test_an_equivalent_first_submission_is_unchanged(village: Place) -> None:
    """With nulls, with explicit defaults, in another order."""
    document = household(people=2)
    document["businesses"] = [shop(document["members"][0])]
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    assert (await village.submit("officer", {"id": document["id"], "hamlet": "Lor"}, base=1))["outcome"] == "ACCEPTED"
    first, second = document["members"]
    (business,) = document["businesses"]
    others: list[dict[str, Any]] = [
        {"phone": None, "location": None, "kkNumber": "", "members": [first, second | {"motherId": ""}]},
        {
            "status": "ACTIVE",
            "businesses": [business | {"status": "RUNNING", "exportReadiness": "NONE", "permits": []}],
        },
        {"members": [second, first]},
    ]
    for other in others:
        again = await village.submit("officer", with_changes(document, **other))
        assert (again["outcome"], again["userErrors"]) == ("UNCHANGED", []), other
    assert set(refusal(await village.submit("officer", with_changes(document, status="EMPTY")))) == {"VERSION_CONFLICT"}
    assert (await village.household("officer", document["id"], "hamlet"))["hamlet"] == "Lor"


async def test_a_late_first_submission_restores_no_removed_record(village: Place) -> None:
    first = household(people=2)
    gone = first["members"][1]["id"]
    assert (await village.submit("officer", first))["outcome"] == "ACCEPTED"
    removal = {"id": first["id"], "members": [{"id": gone, "removed": True}]}
    assert (await village.submit("officer", removal, base=1))["outcome"] == "ACCEPTED"
    assert (await village.submit("officer", first))["outcome"] == "UNCHANGED"
    assert refusal(await village.submit("officer", with_changes(first, rt="009"))) == ["VERSION_CONFLICT"]
    assert (await village.household("officer", first["id"], "memberCount"))["memberCount"] == 1


async def test_a_new_edit_may_bring_back_an_earlier_value(village: Place) -> None:
    document = household(hamlet="Krajan")
    await village.submit("officer", document)
    there, back = {"id": document["id"], "hamlet": "Lor"}, {"id": document["id"], "hamlet": "Krajan"}
    for rev, edit in enumerate((there, back, there, back), 1):
        assert (await village.submit("officer", edit, base=rev))["outcome"] == "ACCEPTED"
    for rev, edit in enumerate((there, back, there), 1):
        assert (await village.submit("officer", edit, base=rev))["outcome"] == "UNCHANGED"
    assert await village.household("officer", document["id"], "rev hamlet") == {"rev": 5, "hamlet": "Krajan"}


async def test_a_retry_is_recognised_after_an_edit_by_another(village: Place) -> None:
    document = await village.new_household("DRAFT", hamlet="Krajan")
    mine = {"id": document["id"], "hamlet": "Lor"}
    assert (await village.submit("officer", mine, 1, "DRAFT"))["outcome"] == "ACCEPTED"
    assert (await village.submit("second", {"id": document["id"], "hamlet": "Kidul"}, 2, "DRAFT"))[
        "outcome"
    ] == "ACCEPTED"
    assert (await village.submit("officer", mine, 1, "DRAFT"))["outcome"] == "UNCHANGED"
    assert refusal(await village.submit("second", mine, 1, "DRAFT")) == ["VERSION_CONFLICT"]
    assert (await village.household("officer", document["id"], "hamlet"))["hamlet"] == "Kidul"


async def test_a_late_answer_to_one_return_does_not_answer_the_next(village: Place) -> None:
    """Otherwise the second return would leave the officer's list unseen; a change of any field is an answer."""
    document = await village.new_household("RETURNED")
    assert (await village.submit("officer", {"id": document["id"]}, 1))["outcome"] == "ACCEPTED"
    assert not (await village.return_household("verifier", document))["userErrors"]
    late = await village.submit("officer", {"id": document["id"]}, 1)
    assert (late["outcome"], late["household"]["workflowState"]) == ("UNCHANGED", "RETURNED")
    answer = await village.submit("officer", {"id": document["id"], "hamlet": "Lor"}, 1)
    assert (answer["outcome"], answer["household"]["workflowState"]) == ("ACCEPTED", "SUBMITTED")


async def test_a_number_sealed_again_is_the_same_number(village: Place) -> None:
    document = household()
    person_ = document["members"][0]
    await village.submit("officer", document)
    other = {"id": person_["id"], "nik": person(1)["nik"]}
    assert (await village.submit("officer", {"id": document["id"], "members": [other]}, base=1))[
        "outcome"
    ] == "ACCEPTED"
    assert (await village.submit("officer", document))["outcome"] == "UNCHANGED"
    wrong = with_changes(document, members=[person_ | {"nik": person(1)["nik"]}])
    assert refusal(await village.submit("officer", wrong)) == ["VERSION_CONFLICT"]


async def test_a_late_first_submission_does_not_move_a_draft_back(village: Place) -> None:
    await village.admin.execute(
        "INSERT INTO grants (user_id, role, region_id, national, valid_from)"
        " VALUES ($1, 'OFFICER', $2, false, '2019-01-01')",
        *(village.ids["stranger"], village.regions[NEXT_DOOR]),
    )
    document = household(FAR)
    await village.submit("stranger", document, save="DRAFT")
    await village.submit("stranger", {"id": document["id"], "villageCode": NEXT_DOOR}, 1, "DRAFT")
    assert (await village.submit("stranger", document, save="DRAFT"))["outcome"] == "UNCHANGED"
    record = await village.household("stranger", document["id"], "village { code }")
    assert record["village"]["code"] == NEXT_DOOR


async def test_a_draft_after_its_submission_is_unchanged(village: Place) -> None:
    """It was overtaken: never accepted itself, but everything in it is stored."""
    document = await village.new_household("SUBMITTED")
    assert (await village.submit("officer", document, save="DRAFT"))["outcome"] == "UNCHANGED"
    assert refusal(await village.submit("officer", with_changes(document, rt="1"), save="DRAFT")) == [
        "TRANSITION_NOT_ALLOWED"
    ]


async def test_an_edit_of_an_absent_household_is_not_found(village: Place) -> None:
    """Absent, in another village or another's draft; a later creation is stored, and then the edit."""
    hidden, created = household(FAR), household()
    await village.submit("stranger", hidden)
    for document in (with_changes(created, id=hidden["id"]), created, {"id": created["id"], "hamlet": "Lor"}):
        payload = await village.submit("officer", document, base=1)
        assert payload["household"] is None
        assert [(e["code"], e["path"]) for e in payload["userErrors"]] == [("NOT_FOUND", ["household", "id"])]
    assert (await village.submit("officer", created))["household"]["rev"] == 1
    edited = await village.submit("officer", {"id": created["id"], "hamlet": "Lor"}, base=1)
    assert (edited["outcome"], edited["household"]["rev"]) == ("ACCEPTED", 2)


async def test_a_late_first_submission_does_not_undo_a_return(village: Place) -> None:
    document = await village.new_household("RETURNED")
    assert (await village.submit("officer", document))["outcome"] == "UNCHANGED"
    record = await village.household("officer", document["id"], "workflowState remarks { resolvedInRev }")
    assert record == {"workflowState": "RETURNED", "remarks": [{"resolvedInRev": None}]}
    assert (await village.submit("officer", document, base=1))["outcome"] == "ACCEPTED"


async def test_an_amount_and_its_currency_are_one_value(village: Place) -> None:
    one = person(1)
    trip = episode(one, wage={"amount": "4990.00", "currency": "HKD"})
    document = household(members=[one], migrations=[trip])
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"

    def paid(amount: str, currency: str) -> Any:
        return {
            "id": document["id"],
            "migrations": [{"id": trip["id"], "wage": {"amount": amount, "currency": currency}}],
        }

    assert (await village.submit("officer", paid("5100.00", "HKD"), base=1))["outcome"] == "ACCEPTED"
    assert refusal(await village.submit("officer", paid("4990.00", "IDR"), base=1)) == ["VERSION_CONFLICT"]
    record = await village.household("officer", document["id"], "migrations { wage { amount currency } }")
    assert record["migrations"][0]["wage"] == {"amount": "5100.00", "currency": "HKD"}


async def test_null_without_a_base_revision_is_a_conflict(village: Place) -> None:
    document = household(hamlet="Krajan")
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    assert refusal(await village.submit("officer", {"id": document["id"], "hamlet": None})) == ["VERSION_CONFLICT"]
    assert (await village.submit("officer", {"id": document["id"], "hamlet": None}, base=1))["outcome"] == "ACCEPTED"
    assert (await village.household("officer", document["id"], "hamlet"))["hamlet"] is None


async def test_a_return_with_other_remarks_is_not_a_repetition(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    assert (await village.return_household("verifier", document, 1, "first"))["userErrors"] == []
    assert (await village.return_household("verifier", document, 1, "first"))["userErrors"] == []
    assert [e["code"] for e in (await village.return_household("verifier", document, 1, "second"))["userErrors"]] == [
        "TRANSITION_NOT_ALLOWED"
    ]
    assert (await village.household("officer", document["id"], "remarks { text }"))["remarks"] == [{"text": "first"}]


async def test_a_repeated_remark_is_stored_once(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    for times in (3, 1, 2):
        assert (await village.return_household("verifier", document, 1, *["periksa"] * times))["userErrors"] == []
    assert (await village.household("officer", document["id"], "remarks { text }"))["remarks"] == [{"text": "periksa"}]


async def test_a_return_is_recognised_whatever_the_order_of_its_remarks(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    for texts in (["one", "two"], ["two", "one"], ["one", "two", "one"]):
        assert (await village.return_household("verifier", document, 1, *texts))["userErrors"] == []
    for texts in (["one"], ["one", "two", "three"]):
        other = await village.return_household("verifier", document, 1, *texts)
        assert [e["code"] for e in other["userErrors"]] == ["TRANSITION_NOT_ALLOWED"]
    remarks = (await village.household("officer", document["id"], "remarks { text }"))["remarks"]
    assert [remark["text"] for remark in remarks] == ["two", "one"]


async def test_remarks_are_listed_in_the_order_of_creation(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    texts = [f"remark {n}" for n in range(20)]
    assert (await village.return_household("verifier", document, 1, *texts))["userErrors"] == []
    remarks = (await village.household("officer", document["id"], "remarks { text }"))["remarks"]
    assert [remark["text"] for remark in remarks] == texts[::-1]
    other = await village.new_household("SUBMITTED")
    assert (await village.return_household("verifier", other, 1, *["x"] * 51))["userErrors"][0][
        "code"
    ] == "UNKNOWN_VALUE"


async def test_an_id_belongs_to_one_record_of_any_type(village: Place) -> None:
    document = household()
    one = document["members"][0]
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    twin = shop(one) | {"id": one["id"]}
    assert refusal(await village.submit("officer", {"id": document["id"], "businesses": [twin]}, base=1)) == [
        "ID_TAKEN"
    ]
    assert (await village.household("officer", document["id"], "businessCount"))["businessCount"] == 0


async def test_ids_are_case_insensitive(village: Place) -> None:
    one = person(1)
    loud = household(members=[one], migrations=[episode(one) | {"memberId": one["id"].upper()}])
    assert (await village.submit("officer", loud))["outcome"] == "ACCEPTED"
    assert (await village.submit("officer", with_changes(loud, id=loud["id"].upper())))["outcome"] == "UNCHANGED"


async def test_repeating_the_village_step_after_that_of_the_regency_succeeds(village: Place) -> None:
    document = await village.new_household("VERIFIED")
    for who in ("verifier", "coordinator"):
        assert (await village.verify(who, document))["userErrors"] == []
    record = await village.household("officer", document["id"], "events { to }")
    assert [event["to"] for event in record["events"]] == ["SUBMITTED", "VERIFIED_VILLAGE", "VERIFIED"]
