"""Remittances of an episode: one value of class SPECIAL, whose existence is as hidden as what it holds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.village import Place, episode, household

pytestmark = pytest.mark.anyio
SHOWN = "migrations { id withheld remittance { frequency band channel uses } }"
SENT = {"frequency": "MONTHLY", "band": "FROM_2M_TO_3M", "channel": "BANK", "uses": ["SCHOOLING", "DEBT"]}


async def submitted(village: Place, remittance: Any) -> tuple[str, dict[str, Any]]:
    """The id of a household whose one episode has this remittance, and that episode."""
    document = household()
    trip = document["migrations"][0] = episode(document["members"][0], remittance=remittance)
    answer = await village.submit("officer", document)
    assert (answer["outcome"], answer["userErrors"]) == ("ACCEPTED", [])
    return str(document["id"]), trip


async def shown(village: Place, who: str, id_: str) -> Any:
    (record,) = (await village.household(who, id_, SHOWN))["migrations"]
    return record


async def test_it_is_stored_and_its_existence_withheld_without_the_class(village: Place) -> None:
    with_money, _ = await submitted(village, SENT)
    without, _ = await submitted(village, None)
    for who in ("officer", "coordinator"):
        assert (await shown(village, who, with_money))["remittance"] == SENT
        assert (await shown(village, who, without))["remittance"] is None
    for who in ("verifier", "viewer"):
        one, other = await shown(village, who, with_money), await shown(village, who, without)
        assert one | {"id": ""} == other | {"id": ""}
        assert one["remittance"] is None
        assert "remittance" in one["withheld"]


async def test_a_part_of_it_is_enough_and_nothing_is_none(village: Place) -> None:
    for sent, expected in (
        ({"uses": ["HEALTH"]}, {"frequency": None, "band": None, "channel": None, "uses": ["HEALTH"]}),
        ({"band": "OVER_10M"}, {"frequency": None, "band": "OVER_10M", "channel": None, "uses": []}),
        ({"uses": []}, None),
        ({}, None),
    ):
        id_, _ = await submitted(village, sent)
        assert (await shown(village, "officer", id_))["remittance"] == expected


async def test_null_clears_it_and_what_is_left_out_stays(village: Place) -> None:
    id_, trip = await submitted(village, SENT)

    async def change(remittance: Any, base: int) -> Any:
        sent = {"id": id_, "migrations": [{"id": trip["id"], "remittance": remittance}]}
        answer = await village.submit("officer", sent, base)
        return answer["outcome"], (await shown(village, "officer", id_))["remittance"]

    assert await change({"channel": "E_WALLET"}, 1) == ("ACCEPTED", SENT | {"channel": "E_WALLET"})
    assert await change({"band": "UNDER_1M"}, 1) == ("MERGED", SENT | {"channel": "E_WALLET", "band": "UNDER_1M"})
    assert await change(None, 3) == ("ACCEPTED", None)


async def test_who_does_not_see_the_class_may_not_send_it(village: Place) -> None:
    """The coordinator sees SPECIAL and amends; a role without the class has no command that could send it."""
    id_, trip = await submitted(village, None)
    sent = {"id": id_, "migrations": [{"id": trip["id"], "remittance": SENT}]}
    answer = await village.amend("coordinator", sent)
    assert answer["outcome"] == "ACCEPTED", answer
    assert (await shown(village, "officer", id_))["remittance"] == SENT


@pytest.mark.parametrize(("sent", "receives"), [(SENT, True), ({"frequency": "NONE"}, False), (None, False)])
async def test_the_ledger_counts_who_receives_it(village: Place, sent: Any, receives: bool) -> None:
    document = household()
    document["migrations"] = [episode(document["members"][0], remittance=sent)]
    await village.new_household("VERIFIED", **document)
    row = await village.admin.fetchrow(
        "SELECT has_migrant_abroad, receives_remittances FROM ledger_household WHERE household_id = $1", document["id"]
    )
    assert row is not None
    assert tuple(row) == (True, receives)
