"""Assistance: a village's record whose recipient is a business, a group, a household or the village itself."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from auth.sensitivity import Sensitivity
from registry.models.noun import To
from schema.declare.unions import one_among
from tests.user_errors import codes_and_paths
from tests.village import FAR, HERE, NEXT_DOOR, SPLIT, Place, shop

pytestmark = pytest.mark.anyio
SHOWN = """id type programme { code } source value { amount currency } date rev village { code }
  recipient { __typename ... on Node { id } ... on Business { name field } ... on BusinessGroup { memberCount }
    ... on Household { householdNo } ... on Village { code } }"""
SAVE = f"""mutation($input: AssistanceInput!) {{ saveAssistance(input: $input) {{
  outcome assistance {{ {SHOWN} }} userErrors {{ code path message }} }} }}"""
NODE = f"query($id: ID!) {{ node(id: $id) {{ ... on Assistance {{ {SHOWN} }} }} }}"
LIST = (
    f"query($filter: PillarFilter) {{ assistance(filter: $filter, first: 100) {{ totalCount nodes {{ {SHOWN} }} }} }}"
)
GROUP = "mutation($input: BusinessGroupInput!) { saveBusinessGroup(input: $input) { outcome } }"


def assistance(recipient: str, **changes: Any) -> dict[str, Any]:
    columns = {
        "id": str(uuid.uuid4()),
        "villageCode": HERE,
        "type": "CAPITAL",
        "programme": "DESMIGRATIF",
        "source": "VILLAGE_FUND",
        "value": {"amount": "20000000.00", "currency": "IDR"},
        "date": "2025-08-17",
        "recipientId": recipient,
    }
    return columns | changes


async def save(village: Place, who: str, columns: dict[str, Any]) -> Any:
    """Payload of `saveAssistance`."""
    return (await village.ask(who, SAVE, input=columns))["saveAssistance"]


async def saved(village: Place, columns: dict[str, Any], who: str = "officer") -> Any:
    payload = await save(village, who, columns)
    assert (payload["outcome"], payload["userErrors"]) == ("ACCEPTED", [])
    return payload["assistance"]


async def household_with_shop(village: Place, state: str = "SUBMITTED", code: str = HERE, who: str = "officer") -> Any:
    """A new household, and the id of its business."""
    document = await village.new_household("DRAFT", who, villageCode=code)
    own = shop(document["members"][0])
    payload = await village.submit(who, {"id": document["id"], "businesses": [own]}, 1, state)
    assert payload["outcome"] == "ACCEPTED", payload["userErrors"]
    return document["id"], own["id"]


async def new_group(village: Place, code: str = HERE, who: str = "officer") -> str:
    columns = {"id": str(uuid.uuid4()), "villageCode": code, "name": "Melati"}
    assert (await village.ask(who, GROUP, input=columns))["saveBusinessGroup"]["outcome"] == "ACCEPTED"
    return str(columns["id"])


async def test_the_recipient_is_whichever_record_has_the_id(village: Place) -> None:
    house, business = await household_with_shop(village)
    group, place = await new_group(village), str(village.regions[HERE])
    kinds = {house: "Household", business: "Business", group: "BusinessGroup", place: "Village"}
    for id_, kind in kinds.items():
        recipient = (await saved(village, assistance(id_)))["recipient"]
        assert (recipient["id"], recipient["__typename"]) == (id_, kind)
    stored = await saved(village, columns := assistance(business))
    assert stored["recipient"] == {"__typename": "Business", "id": business, "name": "Warung Siti", "field": "RETAIL"}
    assert (stored["programme"], stored["value"], stored["rev"]) == ({"code": "DESMIGRATIF"}, columns["value"], 1)
    node = (await village.ask("viewer", NODE, id=columns["id"]))["node"]
    assert node["recipient"] == {"__typename": "Business", "id": business, "name": None, "field": "RETAIL"}
    assert (await village.ask("stranger", NODE, id=columns["id"]))["node"] is None


async def test_recipients_that_do_not_exist_for_the_caller_are_not_found_alike(village: Place) -> None:
    far_house, far_business = await household_with_shop(village, code=FAR, who="stranger")
    far_group = await new_group(village, FAR, "stranger")
    house, _ = await household_with_shop(village)
    await village.admin.execute("UPDATE household SET archived_at = now() WHERE id = $1", uuid.UUID(house))
    member = (await village.new_household("DRAFT"))["members"][0]["id"]
    closed = str(village.regions[SPLIT])
    ids = (str(uuid.uuid4()), far_house, far_business, far_group, house, member, closed)
    answers = [await save(village, "officer", assistance(id_)) for id_ in ids]
    assert codes_and_paths(answers[0]) == [("NOT_FOUND", ["recipientId"])]
    assert all(answer == answers[0] for answer in answers)
    elsewhere = assistance(await new_group(village, NEXT_DOOR, "next door"))
    assert codes_and_paths(await save(village, "both villages", elsewhere)) == [("NOT_IN_VILLAGE", ["recipientId"])]
    for code in (FAR, "35.07"):  # regions are public
        payload = await save(village, "officer", assistance(str(village.regions[code])))
        assert codes_and_paths(payload) == [("NOT_IN_VILLAGE", ["recipientId"])]


async def test_a_recipient_out_of_sight_is_null_and_the_assistance_stays(village: Place) -> None:
    house, _ = await household_with_shop(village, "DRAFT")
    columns = assistance(house)
    await saved(village, columns)
    for who in ("viewer", "analyst"):  # to whom no draft exists
        node = (await village.ask(who, NODE, id=columns["id"]))["node"]
        assert (node["id"], node["recipient"]) == (columns["id"], None)
        page = (await village.ask(who, LIST))["assistance"]
        assert page["totalCount"] == len(page["nodes"])
        assert columns["id"] in {node["id"] for node in page["nodes"]}
    await village.admin.execute("UPDATE household SET archived_at = now() WHERE id = $1", uuid.UUID(house))
    changed = await saved(village, columns | {"source": "CSR"})
    assert (changed["recipient"], changed["source"]) == (None, "CSR")


async def test_businesses_and_groups_show_what_they_received_newest_first(village: Place) -> None:
    _, business = await household_with_shop(village)
    group = await new_group(village)
    given = {}
    for recipient in (business, group):
        days = ("2024-01-01", "2025-01-01", "2023-01-01")
        stored = [await saved(village, assistance(recipient, date=day)) for day in days]
        given[recipient] = [stored[n]["id"] for n in (1, 0, 2)]
    query = """query($id: ID!) { node(id: $id) { ... on Business { assistance { id } }
      ... on BusinessGroup { assistance { id recipient { __typename } } } } }"""
    for recipient, ids in given.items():
        node = (await village.ask("viewer", query, id=recipient))["node"]
        assert [one["id"] for one in node["assistance"]] == ids


async def test_the_list_is_filtered_by_the_programme_under_which_it_was_given(village: Place) -> None:
    one = await saved(village, assistance(place := str(village.regions[HERE])))
    other = await saved(village, assistance(place, programme=None))
    page = (await village.ask("officer", LIST, filter={"programme": ["DESMIGRATIF"]}))["assistance"]
    ids = {node["id"] for node in page["nodes"]}
    assert one["id"] in ids
    assert other["id"] not in ids
    assert (await village.ask("officer", LIST, filter={"programme": ["X"]}))["assistance"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"recipientId": None}, [("REQUIRED", ["recipientId"])]),
        ({"programme": "NONE"}, [("PROGRAMME_UNKNOWN", ["programme"])]),
        ({"source": "MAGIC"}, [("UNKNOWN_VALUE", ["source"])]),
        ({"date": "2190-01-01"}, [("DATE_FUTURE", ["date"])]),
        ({"value": {"amount": "-1", "currency": "IDR"}}, [("AMOUNT_NEGATIVE", ["value", "amount"])]),
    ],
)
async def test_wrong_assistance_is_refused_at_its_place(
    village: Place, changes: dict[str, Any], expected: list[tuple[str, list[str]]]
) -> None:
    columns = assistance(str(village.regions[HERE]), **changes)
    assert codes_and_paths(await save(village, "officer", columns)) == expected


async def test_a_resend_is_known_by_the_code_of_its_programme(village: Place) -> None:
    columns = assistance(str(village.regions[HERE]))
    await saved(village, columns)
    assert (await save(village, "officer", columns))["outcome"] == "UNCHANGED"
    cleared = await saved(village, columns | {"programme": None})
    assert (cleared["programme"], cleared["rev"]) == (None, 2)


def test_a_union_of_a_class_that_may_be_withheld_is_refused() -> None:
    with pytest.raises(TypeError, match="would be shown to everybody"):
        one_among(Sensitivity.PERSONAL, "Who it is.", To("recipient_id"))
