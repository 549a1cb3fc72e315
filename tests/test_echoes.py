"""A form that is sent back unchanged changes nothing: a mask never replaces the number that it hides."""

from __future__ import annotations

from typing import Any

import pytest

from registry.codes import IdentityField
from tests.village import REVEAL, Place, household, person, with_changes

pytestmark = pytest.mark.anyio
NUMBERS = {
    ("household", "kkNumber"): ("KK_NUMBER", "3507110101190001", "3507************"),
    ("household", "phone"): ("PHONE", "+6281200004321", "+62812********"),
    ("members", "nik"): ("NIK", "3507116304857777", "3507************"),
    ("migrations", "passportNo"): ("PASSPORT", "X1234567", "X1******"),
    ("migrations", "epmiNo"): ("EPMI", "ID12345678", "ID********"),
}
CASES = [(*place, *about) for place, about in NUMBERS.items()]


def household_with_numbers() -> dict[str, Any]:
    """A household with every kind of vault number."""
    document = household()
    for (place, key), (_, number, _) in NUMBERS.items():
        holder(document, place)[key] = number
    return document


def holder(document: dict[str, Any], place: str) -> dict[str, Any]:
    record: dict[str, Any] = document if place == "household" else document[place][0]
    return record


async def number(village: Place, document: dict[str, Any], place: str, field: str) -> str | None:
    """The number in the vault."""
    row = await village.admin.fetchrow(
        "SELECT subject_id, key_id, encode(sealed, 'base64') AS sealed FROM identity"
        " WHERE subject_id = $1::uuid AND field = $2 AND archived_at IS NULL",
        holder(document, place)["id"],
        field,
    )
    if row is None:
        return None
    return village.vault.open(row["subject_id"], IdentityField[field], row["key_id"], row["sealed"])


@pytest.mark.parametrize("state", ["DRAFT", "RETURNED", "SUBMITTED"])
@pytest.mark.parametrize(("place", "key", "field", "full", "mask"), CASES)
async def test_the_stored_mask_means_unchanged(
    village: Place, place: str, key: str, field: str, full: str, mask: str, state: str
) -> None:
    document = household_with_numbers()
    await village.submit("officer", document, save="DRAFT" if state == "DRAFT" else "SUBMITTED")
    if state == "RETURNED":
        await village.return_household("verifier", document)
    rev = 1
    for n, sent_mask in enumerate(
        (mask, f" {mask[:4]} {mask[4:]}\u200b", mask.replace("*", "\u2022"), mask.replace("*", "＊"))
    ):
        sent = with_changes(document, hamlet=f"Krajan {n}")
        holder(sent, place)[key] = sent_mask
        done = await village.submit("officer", sent, rev, "DRAFT" if state == "DRAFT" else "SUBMITTED")
        assert done["outcome"] == "ACCEPTED", done["userErrors"]
        rev = done["household"]["rev"]
        assert await number(village, document, place, field) == full


@pytest.mark.parametrize("save", ["DRAFT", "SUBMITTED"])
@pytest.mark.parametrize(("place", "key", "field", "full", "mask"), CASES)
async def test_any_other_mask_is_refused_and_the_number_stays(
    village: Place, place: str, key: str, field: str, full: str, mask: str, save: str
) -> None:
    document = household_with_numbers()
    await village.submit("officer", document, save="DRAFT")
    for wrong in ("9" + mask[1:], mask[:-1], "*" * 16, full[:-1] + "*", full[:-1] + "#", full[:-1] + "\u25cf"):
        sent = with_changes(document)
        holder(sent, place)[key] = wrong
        done = await village.submit("officer", sent, 1, save)
        assert [(e["code"], e["path"][-1]) for e in done["userErrors"]] == [("MASK_SENT", key)]
        assert await number(village, document, place, field) == full


async def test_a_mask_in_a_new_record_is_refused(village: Place) -> None:
    document = household()
    document["members"][0]["nik"] = "3507************"
    for save in ("DRAFT", "SUBMITTED"):
        done = await village.submit("officer", document, save=save)
        assert [(e["code"], e["path"]) for e in done["userErrors"]] == [
            ("MASK_SENT", ["household", "members", "0", "nik"])
        ]
    document["members"][0]["nik"] = "3507116304851212"
    await village.submit("officer", document)
    document["members"].append(person(2, relationToHead="OTHER", nik="3507************"))
    done = await village.submit("officer", document, 1)
    assert [(e["code"], e["path"][2:]) for e in done["userErrors"]] == [("MASK_SENT", ["1", "nik"])]


async def test_a_number_under_another_mask_may_be_typed_in_full(village: Place) -> None:
    document = household_with_numbers()
    await village.submit("officer", document, save="DRAFT")
    document["members"][0]["nik"] = "3507116304851313"
    assert (await village.submit("officer", document, 1, "DRAFT"))["outcome"] == "ACCEPTED"
    payload = await village.ask("coordinator", REVEAL, id=document["members"][0]["id"], field="NIK", purpose="SERVICE")
    assert payload["revealIdentity"]["value"] is None  # a coordinator does not see drafts
    assert await number(village, document, "members", "NIK") == "3507116304851313"


@pytest.mark.parametrize("save", ["DRAFT", "SUBMITTED"])
@pytest.mark.parametrize("status", ["MERGED", "DISSOLVED"])
async def test_a_column_of_the_server_cannot_be_sent(village: Place, status: str, save: str) -> None:
    document = household(status=status)
    done = await village.submit("officer", document, save=save)
    (error,) = done["userErrors"]
    assert (error["code"], error["path"]) == ("UNKNOWN_VALUE", ["household", "status"])
    assert error["params"] == [{"name": "allowed", "value": "ACTIVE, EMPTY, MOVED_OUT"}]
    for typed in ("EMPTY", "MOVED_OUT"):
        assert (await village.submit("officer", household(status=typed), save=save))["outcome"] == "ACCEPTED"
