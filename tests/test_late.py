"""What arrives late, twice or half: nothing comes back, nothing is undone, nothing becomes what nobody wrote."""

from __future__ import annotations

from typing import Any

import pytest

from tests.village import Place, but, household, journey, person, shop

pytestmark = pytest.mark.anyio


def refusal(payload: Any) -> list[str]:
    assert payload["outcome"] == "REJECTED", payload
    return [error["code"] for error in payload["userErrors"]]


async def test_a_late_first_sending_does_not_bring_back_who_was_taken_out(village: Place) -> None:
    first = household(people=2)
    gone = first["members"][1]["id"]
    assert (await village.submit("officer", first))["outcome"] == "ACCEPTED"
    removal = {"id": first["id"], "members": [{"id": gone, "removed": True}]}
    assert (await village.submit("officer", removal, base=1))["outcome"] == "ACCEPTED"
    assert refusal(await village.submit("officer", first)) == ["VERSION_CONFLICT"]
    assert (await village.household("officer", first["id"], "memberCount"))["memberCount"] == 1


async def test_a_late_first_sending_does_not_undo_a_return(village: Place) -> None:
    made = await village.reach("RETURNED")
    assert (await village.submit("officer", made))["outcome"] == "UNCHANGED"
    seen = await village.household("officer", made["id"], "workflowState remarks { resolvedInRev }")
    assert seen == {"workflowState": "RETURNED", "remarks": [{"resolvedInRev": None}]}
    assert (await village.submit("officer", made, base=1))["outcome"] == "ACCEPTED"


async def test_an_amount_and_its_currency_are_one_value(village: Place) -> None:
    one = person(1)
    trip = journey(one, wage={"amount": "4990.00", "currency": "HKD"})
    made = household(members=[one], migrations=[trip])
    assert (await village.submit("officer", made))["outcome"] == "ACCEPTED"

    def paid(amount: str, currency: str) -> Any:
        return {"id": made["id"], "migrations": [{"id": trip["id"], "wage": {"amount": amount, "currency": currency}}]}

    assert (await village.submit("officer", paid("5100.00", "HKD"), base=1))["outcome"] == "ACCEPTED"
    assert refusal(await village.submit("officer", paid("4990.00", "IDR"), base=1)) == ["VERSION_CONFLICT"]
    seen = await village.household("officer", made["id"], "migrations { wage { amount currency } }")
    assert seen["migrations"][0]["wage"] == {"amount": "5100.00", "currency": "HKD"}


async def test_null_without_a_base_is_no_silent_nothing(village: Place) -> None:
    made = household(hamlet="Krajan")
    assert (await village.submit("officer", made))["outcome"] == "ACCEPTED"
    assert refusal(await village.submit("officer", {"id": made["id"], "hamlet": None})) == ["VERSION_CONFLICT"]
    assert (await village.submit("officer", {"id": made["id"], "hamlet": None}, base=1))["outcome"] == "ACCEPTED"
    assert (await village.household("officer", made["id"], "hamlet"))["hamlet"] is None


async def test_other_remarks_are_not_taken_for_the_same_return(village: Place) -> None:
    made = await village.reach("SUBMITTED")
    assert (await village.give_back("verifier", made, 1, "first"))["userErrors"] == []
    assert (await village.give_back("verifier", made, 1, "first"))["userErrors"] == []
    assert [e["code"] for e in (await village.give_back("verifier", made, 1, "second"))["userErrors"]] == [
        "TRANSITION_NOT_ALLOWED"
    ]
    assert (await village.household("officer", made["id"], "remarks { text }"))["remarks"] == [{"text": "first"}]


async def test_remarks_stand_in_the_order_in_which_they_were_made(village: Place) -> None:
    made = await village.reach("SUBMITTED")
    said = [f"remark {n}" for n in range(20)]
    assert (await village.give_back("verifier", made, 1, *said))["userErrors"] == []
    seen = (await village.household("officer", made["id"], "remarks { text }"))["remarks"]
    assert [remark["text"] for remark in seen] == said[::-1]
    other = await village.reach("SUBMITTED")
    assert (await village.give_back("verifier", other, 1, *["x"] * 51))["userErrors"][0]["code"] == "UNKNOWN_VALUE"


async def test_ids_of_two_kinds_of_record_may_be_equal(village: Place) -> None:
    made = household()
    one = made["members"][0]
    assert (await village.submit("officer", made))["outcome"] == "ACCEPTED"
    twin = shop(one) | {"id": one["id"]}
    stored = await village.submit("officer", {"id": made["id"], "businesses": [twin]}, base=1)
    assert stored["outcome"] == "ACCEPTED"
    seen = await village.household("officer", made["id"], "businessCount businesses { id }")
    assert seen == {"businessCount": 1, "businesses": [{"id": one["id"]}]}


async def test_ids_are_the_same_in_any_letters(village: Place) -> None:
    one = person(1)
    loud = household(members=[one], migrations=[journey(one) | {"memberId": one["id"].upper()}])
    assert (await village.submit("officer", loud))["outcome"] == "ACCEPTED"
    assert (await village.submit("officer", but(loud, id=loud["id"].upper())))["outcome"] == "UNCHANGED"


async def test_the_village_step_sent_again_after_the_regency_s_is_success(village: Place) -> None:
    made = await village.reach("VERIFIED")
    for who in ("verifier", "coordinator"):
        assert (await village.verify(who, made))["userErrors"] == []
    seen = await village.household("officer", made["id"], "events { to }")
    assert [event["to"] for event in seen["events"]] == ["SUBMITTED", "VERIFIED_VILLAGE", "VERIFIED"]
