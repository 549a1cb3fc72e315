"""Care of children: rules about it, and that nobody without its class learns that there is any."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from auth.sensitivity import Sensitivity
from tests.village import SUBMIT, Place, care, hide_class, household, infant, person

pytestmark = pytest.mark.anyio
SPECIAL = Sensitivity.SPECIAL
SHOWN = """childCare { id child { id } caregiver caregiverMember { id } needs attendsParenting }
  members { id childCare { id } }"""
NODE = "query($id: ID!) { node(id: $id) { __typename id ... on ChildCare { caregiver needs } } }"


def with_care(consent: bool | None = True, **changes: Any) -> dict[str, Any]:
    """A household with a child whom the second member looks after."""
    document = household(people=2)
    document["members"].append(child := infant())
    document["consent"]["guardianConsent"] = consent
    arranged = {"caregiverMemberId": document["members"][1]["id"], "attendsParenting": True} | changes
    return document | {"childCare": [care(child) | arranged]}


async def codes(village: Place, document: dict[str, Any], save: str = "SUBMITTED") -> list[tuple[str, list[str]]]:
    answer = await village.submit("officer", document, save=save)
    return [(error["code"], error["path"][1:]) for error in answer["userErrors"]]


async def test_it_is_recorded_and_shown_with_its_household_and_its_child(village: Place) -> None:
    document = with_care(needs=["Buku", "Seragam"])
    assert await codes(village, document) == []
    (sent,), members = document["childCare"], document["members"]
    for who in ("officer", "coordinator"):
        shown = await village.household(who, document["id"], SHOWN)
        (stored,) = shown["childCare"]
        assert stored == {
            "id": sent["id"],
            "child": {"id": sent["childId"]},
            "caregiver": "GRANDPARENTS",
            "caregiverMember": {"id": members[1]["id"]},
            "needs": ["Buku", "Seragam"],
            "attendsParenting": True,
        }
        assert [m["childCare"] for m in shown["members"]] == [None, None, {"id": sent["id"]}]
        node = await village.ask(who, NODE, id=sent["id"])
        assert node["node"] == {
            "__typename": "ChildCare",
            "id": sent["id"],
            "caregiver": "GRANDPARENTS",
            "needs": ["Buku", "Seragam"],
        }


async def test_without_the_class_it_is_as_if_there_were_none(village: Place) -> None:
    document, other = with_care(), household(people=3)
    for one in (document, other):
        assert await codes(village, one) == []
    for who in ("verifier", "viewer", "analyst"):
        shown, without = [
            await village.household(who, d["id"], "withheld childCare { id } members { withheld childCare { id } }")
            for d in (document, other)
        ]
        assert shown == without
        assert shown["childCare"] is None
        assert all("childCare" in row["withheld"] for row in (shown, *shown["members"]))
        hidden, absent = [
            (await village.query(who, NODE, id=id_)).json["data"]
            for id_ in (document["childCare"][0]["id"], str(uuid.uuid4()))
        ]
        assert hidden == absent == {"node": None}
    for who in ("stranger", "next door"):
        assert (await village.ask(who, NODE, id=document["childCare"][0]["id"]))["node"] is None


@pytest.mark.parametrize("consent", [None, False])
async def test_it_needs_the_guardians_consent(village: Place, consent: bool | None) -> None:
    expected = [("GUARDIAN_CONSENT_REQUIRED", ["consent", "guardianConsent"])]
    assert await codes(village, with_care(consent)) == expected
    assert await codes(village, with_care(consent), "DRAFT") == []


async def test_it_is_about_a_child_of_the_household(village: Place) -> None:
    adult = with_care()
    adult["childCare"][0]["childId"] = adult["members"][1]["id"]
    adult["childCare"][0]["caregiverMemberId"] = adult["members"][0]["id"]
    assert await codes(village, adult) == [("CHILD_DETAIL_ADULT", ["childCare", "0", "childId"])]
    elsewhere = with_care(childId=household()["members"][0]["id"])
    assert await codes(village, elsewhere, "DRAFT") == [("NOT_FOUND", ["childCare", "0", "childId"])]
    nobody = with_care(childId=None)
    assert await codes(village, nobody, "DRAFT") == [("REQUIRED", ["childCare", "0", "childId"])]


async def test_a_caregiver_of_the_household_is_grown_up(village: Place) -> None:
    sibling = person(8, birthDate="2012", nik=None, nikMissingReason="NONE_YET", maritalStatus="NEVER_MARRIED")
    document = with_care(caregiverMemberId=sibling["id"])
    document["members"].append(sibling)
    place = ["childCare", "0", "caregiverMemberId"]
    assert await codes(village, document) == [("CAREGIVER_IS_CHILD", place)]
    document["childCare"][0]["caregiverMemberId"] = document["childCare"][0]["childId"]
    assert await codes(village, document) == [("CAREGIVER_IS_CHILD", place)]
    document["childCare"][0]["caregiverMemberId"] = str(uuid.uuid4())
    assert await codes(village, document) == [("NOT_FOUND", place)]


async def test_nobody_looks_after_themselves_however_old_they_are(village: Place) -> None:
    document = with_care()
    document["members"][2] |= {"birthDate": None}
    document["childCare"][0]["caregiverMemberId"] = document["childCare"][0]["childId"]
    place = ["childCare", "0", "caregiverMemberId"]
    assert ("CAREGIVER_IS_CHILD", place) in await codes(village, document)


async def test_who_does_not_see_the_class_does_not_remove_an_arrangement(
    village: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody who submits sees it today, by the page; the path of every record does not count on that."""
    document = with_care()
    assert await codes(village, document) == []
    hide_class(monkeypatch, SPECIAL)
    removed = {"id": document["id"], "childCare": [{"id": document["childCare"][0]["id"], "removed": True}]}
    answer = await village.query("officer", SUBMIT, household=removed, baseRev=1)
    assert answer.codes == ["FORBIDDEN"]
    monkeypatch.undo()
    assert len((await village.household("officer", document["id"], "childCare { id }"))["childCare"]) == 1


@pytest.mark.parametrize("save", ["DRAFT", "SUBMITTED"])
async def test_a_child_has_one_arrangement(village: Place, save: str) -> None:
    document = with_care()
    document["childCare"].append(document["childCare"][0] | {"id": str(uuid.uuid4())})
    # The household's own order is by id.
    second = max(range(2), key=lambda n: document["childCare"][n]["id"])
    assert [code for code, _ in await codes(village, document, save)] == ["CHILD_CARE_TWICE"]
    del document["childCare"][second]
    assert await codes(village, document, save) == []


async def test_needs_are_bounded_and_hold_no_identity_number(village: Place) -> None:
    place = ["childCare", "0", "needs"]
    for needs, code in (
        (["x" * 101], "UNKNOWN_VALUE"),
        ([f"{n}" for n in range(21)], "UNKNOWN_VALUE"),
        (["buku", "NIK 3507116304850001"], "NUMBER_IN_TEXT"),
    ):
        assert await codes(village, with_care(needs=needs), "DRAFT") == [(code, place)]
    assert await codes(village, with_care(needs=None)) == []


async def test_removing_a_child_removes_the_arrangement_with_it(village: Place) -> None:
    document = with_care()
    assert await codes(village, document) == []
    gone = [{"id": document["members"][2]["id"], "removed": True}]
    kept = await village.submit("officer", {"id": document["id"], "members": gone}, 1)
    assert [error["code"] for error in kept["userErrors"]] == ["MEMBER_REMOVED"]
    both = {
        "id": document["id"],
        "members": gone,
        "childCare": [{"id": document["childCare"][0]["id"], "removed": True}],
    }
    assert (await village.submit("officer", both, 1))["outcome"] == "ACCEPTED"
    assert (await village.household("officer", document["id"], "childCare { id }"))["childCare"] == []
