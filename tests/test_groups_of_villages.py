"""Business groups, cooperatives and parenting sessions: who belongs to them, and the businesses that do."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from auth.sensitivity import Sensitivity
from tests.user_errors import codes_and_paths
from tests.village import FAR, HERE, NEXT_DOOR, Place, hide_class, shop

pytestmark = pytest.mark.anyio
SPECIAL = Sensitivity.SPECIAL
FIELDS = {
    "BusinessGroup": "id withheld name kind formedOn memberCount members { id } rev",
    "Cooperative": """id withheld name status kind legalNo legalOn members { id } rev
      figures { year members returnedMigrants savings { amount currency } loans { amount currency } }""",
    "ParentingSession": "id withheld date group topic facilitator children caregivers attendees { id } rev",
}
SHOP = "query($id: ID!) { node(id: $id) { ... on Business { group { id name } cooperative { id name } } } }"


def field(noun: str) -> str:
    return noun[0].lower() + noun[1:]


async def save(village: Place, who: str, noun: str, columns: dict[str, Any]) -> Any:
    """The payload of the command that saves a record of the noun, under `record` too."""
    text = f"""mutation($input: {noun}Input!) {{ save{noun}(input: $input) {{ outcome
      record: {field(noun)} {{ {FIELDS[noun]} }} userErrors {{ code path }} }} }}"""
    return (await village.ask(who, text, input=columns))[f"save{noun}"]


async def saved(village: Place, noun: str, columns: dict[str, Any], who: str = "officer") -> Any:
    payload = await save(village, who, noun, columns)
    assert (payload["outcome"], payload["userErrors"]) == ("ACCEPTED", [])
    return payload["record"]


async def seen(village: Place, who: str, noun: str, id_: str) -> Any:
    text = f"query($id: ID!) {{ node(id: $id) {{ ... on {noun} {{ {FIELDS[noun]} }} }} }}"
    return (await village.ask(who, text, id=id_))["node"]


async def people(village: Place, number: int = 2, code: str = HERE, author: str = "officer") -> list[str]:
    document = await village.new_household("DRAFT", author, villageCode=code, people=number)
    return [member["id"] for member in document["members"]]


def group(**changes: Any) -> dict[str, Any]:
    columns = {"id": str(uuid.uuid4()), "villageCode": HERE, "name": "Melati", "kind": "Keripik", "formedOn": "2022-05"}
    return columns | changes


def cooperative(**changes: Any) -> dict[str, Any]:
    columns = {
        "id": str(uuid.uuid4()),
        "villageCode": HERE,
        "name": "Koperasi Maju",
        "status": "LEGAL_ENTITY",
        "kind": "SAVINGS_AND_LOANS",
        "legalNo": "AHU-0001",
        "legalOn": "2023-02-01",
    }
    return columns | changes


def session(**changes: Any) -> dict[str, Any]:
    columns = {
        "id": str(uuid.uuid4()),
        "villageCode": HERE,
        "date": "2026-05-10",
        "group": "Mawar",
        "topic": "Belajar di rumah",
        "facilitator": "Ibu Rini",
        "children": 12,
        "caregivers": 9,
    }
    return columns | changes


MAKERS = {"BusinessGroup": (group, "memberIds"), "Cooperative": (cooperative, "memberIds")}


@pytest.mark.parametrize("noun", MAKERS)
async def test_members_are_sent_and_shown_by_their_ids(village: Place, noun: str) -> None:
    make, list_ = MAKERS[noun]
    one, other = await people(village)
    columns = make(**{list_: [one, other]})
    assert {member["id"] for member in (await saved(village, noun, columns))["members"]} == {one, other}
    stored = await saved(village, noun, columns | {list_: [other], "baseRev": 1})
    assert [member["id"] for member in stored["members"]] == [other]
    assert (await saved(village, noun, {"id": columns["id"], list_: None, "baseRev": 2}))["members"] == []
    hidden = await seen(village, "viewer", noun, columns["id"])
    assert (hidden["members"], hidden["withheld"]) == (None, ["members"])


@pytest.mark.parametrize("noun", MAKERS)
async def test_members_who_live_elsewhere_are_refused(village: Place, noun: str) -> None:
    make, list_ = MAKERS[noun]
    (here,) = await people(village, 1)
    (next_door,) = await people(village, 1, NEXT_DOOR, "next door")
    (far,) = await people(village, 1, FAR, "stranger")
    refused = await save(village, "both villages", noun, make(**{list_: [here, next_door]}))
    assert codes_and_paths(refused) == [("NOT_IN_VILLAGE", [list_, "1"])]
    refused = await save(village, "officer", noun, make(**{list_: [far, here]}))
    assert codes_and_paths(refused) == [("NOT_FOUND", [list_, "0"])]
    assert codes_and_paths(await save(village, "officer", noun, make(**{list_: [here, here]}))) == [
        ("LISTED_TWICE", [list_, "1"])
    ]


async def test_a_group_counts_members_who_have_left(village: Place) -> None:
    one, other = await people(village)
    columns = group(memberIds=[one, other])
    await saved(village, "BusinessGroup", columns)
    await village.admin.execute("UPDATE member SET archived_at = now() WHERE id = $1", uuid.UUID(one))
    stored = await seen(village, "officer", "BusinessGroup", columns["id"])
    assert (stored["memberCount"], [member["id"] for member in stored["members"]]) == (2, [other])
    assert codes_and_paths(await save(village, "officer", "BusinessGroup", group(formedOn="2190"))) == [
        ("DATE_FUTURE", ["formedOn"])
    ]


async def test_figures_of_a_cooperative_are_kept_by_year_the_newest_first(village: Place) -> None:
    money = {"amount": "5000000.00", "currency": "IDR"}
    last = {"year": 2025, "members": 40, "returnedMigrants": 12, "savings": money}
    columns = cooperative(figures=[{"year": 2023, "members": 20}, last])
    figures = (await saved(village, "Cooperative", columns))["figures"]
    assert [year["year"] for year in figures] == [2025, 2023]
    assert figures[0] == last | {"loans": None}
    later = {"id": columns["id"], "baseRev": 1, "figures": [*columns["figures"], {"year": 2024, "members": 30}]}
    await saved(village, "Cooperative", later, "second")
    mine = [{"year": 2023, "members": 21}, last]
    payload = await save(village, "officer", "Cooperative", {"id": columns["id"], "baseRev": 1, "figures": mine})
    assert payload["outcome"] == "MERGED"
    assert [(y["year"], y["members"]) for y in payload["record"]["figures"]] == [(2025, 40), (2024, 30), (2023, 21)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"legalOn": "2190-01-01"}, [("DATE_FUTURE", ["legalOn"])]),
        ({"kind": "CASINO"}, [("UNKNOWN_VALUE", ["kind"])]),
        ({"figures": [{"year": 2190, "members": 3}]}, [("DATE_FUTURE", ["figures", "0", "year"])]),
        ({"figures": [{"year": 1200, "members": 3}]}, [("UNKNOWN_VALUE", ["figures", "0", "year"])]),
        (
            {"figures": [{"year": 2024, "members": 3, "returnedMigrants": 4}]},
            [("PART_EXCEEDS_WHOLE", ["figures", "0", "returnedMigrants"])],
        ),
        (
            {"figures": [{"year": 2024, "members": 3}, {"year": 2024, "members": 4}]},
            [("LISTED_TWICE", ["figures", "1"])],
        ),
    ],
)
async def test_a_wrong_cooperative_is_refused_at_its_place(
    village: Place, changes: dict[str, Any], expected: list[tuple[str, list[str]]]
) -> None:
    assert codes_and_paths(await save(village, "officer", "Cooperative", cooperative(**changes))) == expected


async def test_who_came_to_a_parenting_session_is_for_those_who_see_the_class_special(village: Place) -> None:
    one, other = await people(village)
    columns = session(attendeeIds=[one, other])
    stored = await saved(village, "ParentingSession", columns)
    assert {member["id"] for member in stored["attendees"]} == {one, other}
    verifier = await seen(village, "verifier", "ParentingSession", columns["id"])
    assert (verifier["facilitator"], verifier["attendees"], verifier["withheld"]) == ("Ibu Rini", None, ["attendees"])
    viewer = await seen(village, "viewer", "ParentingSession", columns["id"])
    assert (viewer["facilitator"], viewer["attendees"], viewer["children"]) == (None, None, 12)
    assert codes_and_paths(await save(village, "officer", "ParentingSession", session(date="2190-01-01"))) == [
        ("DATE_FUTURE", ["date"])
    ]


async def test_who_does_not_see_the_class_of_a_list_does_not_empty_it(
    village: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty list names nobody, so no column of its class is sent."""
    columns = session(attendeeIds=await people(village))
    await saved(village, "ParentingSession", columns)
    hide_class(monkeypatch, SPECIAL)
    text = """mutation($input: ParentingSessionInput!) { saveParentingSession(input: $input) { outcome } }"""
    answer = await village.query("officer", text, input={"id": columns["id"], "baseRev": 1, "attendeeIds": []})
    assert answer.codes == ["FORBIDDEN"]
    monkeypatch.undo()
    assert len((await seen(village, "officer", "ParentingSession", columns["id"]))["attendees"]) == 2


async def test_a_business_belongs_to_a_group_and_a_cooperative_of_its_village(village: Place) -> None:
    own_group, own_cooperative, other = group(), cooperative(), group(villageCode=NEXT_DOOR)
    await saved(village, "BusinessGroup", own_group)
    await saved(village, "Cooperative", own_cooperative)
    await saved(village, "BusinessGroup", other, "next door")
    document = await village.new_household("DRAFT")
    own = shop(document["members"][0], groupId=own_group["id"], cooperativeId=own_cooperative["id"])
    payload = await village.submit("officer", document | {"businesses": [own]}, 1, save="DRAFT")
    assert (payload["outcome"], payload["userErrors"]) == ("ACCEPTED", [])
    node = (await village.ask("officer", SHOP, id=own["id"]))["node"]
    assert node == {
        "group": {"id": own_group["id"], "name": "Melati"},
        "cooperative": {"id": own_cooperative["id"], "name": "Koperasi Maju"},
    }
    place = ["household", "businesses", "0", "groupId"]
    for wrong in (other["id"], str(uuid.uuid4()), own_cooperative["id"]):
        edit = document | {"businesses": [own | {"groupId": wrong}]}
        assert codes_and_paths(await village.submit("officer", edit, 2, save="DRAFT")) == [("NOT_FOUND", place)]
    edit = document | {"businesses": [own | {"groupId": other["id"]}]}
    assert codes_and_paths(await village.submit("both villages", edit, 2, save="DRAFT")) == [("NOT_IN_VILLAGE", place)]
