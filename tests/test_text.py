"""Texts are cleaned on arrival: once, equally for all inputs, and clean text stays unchanged."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.values.text import clean, counted, plain_digits
from schema.declare.input_types import CLEANING
from tests.village import REVEAL, VERIFY, Place, household, person, shop, with_changes

UNSEEN = {
    "blank": " ",
    "no-break space": "\u00a0",
    "em space": "\u2003",
    "ideographic space": "\u3000",
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "word joiner": "\u2060",
    "right-to-left mark": "\u200f",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "Arabic letter mark": "\u061c",
    "Hangul filler": "\u3164",
    "half-width Hangul filler": "\uffa0",
    "empty Braille pattern": "\u2800",
    "grapheme joiner": "\u034f",
    "variation selector": "\ufe0f",
    "tag": "\U000e0041",
    "bell": "\u0007",
    "next line": "\u0085",
    "line separator": "\u2028",
    "tab and break": "\t\r\n",
    "private use": "\ue000",
    "object replacement": "\ufffc",
    "Arabic pound mark": "\u0890",
    "hieroglyph joiner": "\U00013430",
}


@pytest.mark.parametrize("mark", UNSEEN.values(), ids=UNSEEN)
def test_invisible_text_is_null(mark: str) -> None:
    assert clean(mark) is None
    assert clean(mark * 3, lines=True) is None
    assert clean(f"{mark}Siti {mark} Aminah{mark}") == "Siti Aminah"


def test_a_combining_mark_alone_is_null() -> None:
    assert clean("\u0301") is None
    assert clean(" \u0301\u200b\n\u0327", lines=True) is None


@given(st.text(), st.booleans())
def test_clean_text_stays_unchanged(text: str, lines: bool) -> None:
    once = clean(text, lines=lines)
    if once is None:
        return
    assert clean(once, lines=lines) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip()
    assert "  " not in once
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") for c in once if c != "\n")
    assert lines or "\n" not in once
    once.encode()


def test_a_text_of_several_lines_keeps_its_lines() -> None:
    assert clean(" satu \r\n\tdua  tiga\r\r\r\r empat ", lines=True) == "satu\ndua tiga\n\nempat"
    assert clean("satu\u2028dua", lines=True) == "satu\ndua"
    assert clean("satu\ndua") == "satu dua"


def test_text_is_unicode_normalised() -> None:
    assert clean("Re\u0301ne\u0301") == clean("R\u00e9n\u00e9")
    assert clean("e\u200d\u0301") == "\u00e9"


def test_a_number_agrees_with_its_noun() -> None:
    assert [counted(number, "bad row") for number in range(3)] == ["0 bad rows", "1 bad row", "2 bad rows"]


def test_digits_of_every_script_are_read() -> None:
    assert plain_digits("３５٠٧۱\u200b१＋") == "35071" + "1+"


# --- over HTTP --------------------------------------------------------------------------------------------------------


def test_every_text_of_every_command_is_cleaned() -> None:
    texts = {input_type.__name__: set(keys) for input_type, keys in CLEANING.items() if keys}
    assert texts["RemarkInput"] == {"path", "text"}
    assert texts["ReturnHouseholdInput"] == {"remarks"}
    assert texts["VerifyHouseholdsInput"] == {"note"}
    assert texts["RevealIdentityInput"] == {"note"}
    assert texts["SubmitHouseholdInput"] == {"household"}
    assert {"members", "migrations", "businesses", "consent", "address", "phone"} <= texts["HouseholdInput"]
    assert {"fullName", "nik"} <= texts["MemberInput"]


@pytest.mark.anyio
@pytest.mark.parametrize("mark", ["", " ", "\u00a0\u2003", "\u200b\u200d\u2060", "\u200f\ufeff", "\u3164", "\u2800"])
async def test_an_invisible_name_is_required_and_an_invisible_nik_is_null(village: Place, mark: str) -> None:
    document = household()
    document["members"][0] |= {"fullName": mark, "nik": mark, "nikMissingReason": "NONE_YET"}
    payload = await village.submit("officer", document)
    assert [(e["code"], e["path"][-1]) for e in payload["userErrors"]] == [("REQUIRED", "fullName")]
    document["members"][0] |= {"fullName": "Siti"}
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"


@pytest.mark.anyio
async def test_equivalent_text_is_unchanged(village: Place) -> None:
    document = household(people=2, rt="003", rw="01", phone="(0812) 0000-4321", kkNumber="3507110101190001")
    document["members"][0] |= {"fullName": "Siti Ren\u00e9e", "nik": "3507116304858801", "occupationCode": "9"}
    document["businesses"] = [
        shop(document["members"][0], nib="1234567890123", description="Kue\nbasah", permits=["HALAL"])
    ]
    document["migrations"][0] |= {"passportNo": "X1234567", "epmiNo": "ID-1"}
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    again = with_changes(
        document,
        rt="RT. 003",
        rw=" 0\u200b1",
        phone="+62 (812) 0000\u20114321",
        kkNumber="3507.1101/0119-0001",
        address=" Jalan\u00a0 Melati\u200b 1\n",
    )
    again["members"][0] |= {
        "fullName": "  Siti\tRene\u0301e\ufeff",
        "nik": "３５０７ 1163 0485\u20138801",
        "occupationCode": "09",
    }
    again["businesses"][0] |= {
        "nib": "(12345) 67890.123",
        "description": "Kue \r\n basah ",
        "permits": ["HALAL", "HALAL"],
    }
    again["migrations"][0] |= {"passportNo": "x 123 4567", "epmiNo": " id\u20111"}
    payload = await village.submit("officer", again)
    assert (payload["outcome"], payload["userErrors"]) == ("UNCHANGED", [])
    (row,) = await village.admin.fetch("SELECT rt, rw, address FROM household WHERE id = $1::uuid", document["id"])
    assert tuple(row) == ("003", "01", "Jalan Melati 1")
    (first, second) = document["members"]
    assert first["id"] != second["id"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "typed",
    [
        "(0812) 0000-4321",
        "+62 (812) 0000 4321",
        "+62 (0) 812 0000 4321",
        "0062 812 0000 4321",
        "62-812-0000-4321",
        "0812/0000.4321",
        "０８１２００００４３２１",
        "\u202a+62 812\u00ad0000\u20114321\u202c",
    ],
)
async def test_a_phone_number_is_one_number_however_written(village: Place, typed: str) -> None:
    document = household(phone=typed)
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    arguments = {"id": document["id"], "field": "PHONE", "purpose": "SERVICE"}
    payload = await village.ask("coordinator", REVEAL, **arguments)
    assert payload["revealIdentity"]["value"] == "+6281200004321"


@pytest.mark.anyio
async def test_an_invisible_remark_is_refused_and_others_are_cleaned(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    for nothing in ("\u200b \u00a0", "...", "\u0301"):
        blank = await village.return_household("verifier", document, 1, nothing)
        assert [e["code"] for e in blank["userErrors"]] == ["REMARK_REQUIRED"]
    for text in ("Periksa\u200b alamat \r\n RT-nya", " Periksa  alamat\nRT-nya "):
        assert not (await village.return_household("verifier", document, 1, text))["userErrors"]
    remarks = (await village.household("officer", document["id"], "remarks { text }"))["remarks"]
    assert [r["text"] for r in remarks] == ["Periksa alamat\nRT-nya"]


@pytest.mark.anyio
async def test_notes_are_cleaned(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    items = [{"id": document["id"], "rev": 1, "acceptFindings": True}]
    await village.ask("verifier", VERIFY, items=items, note=" sudah\u200b dilihat\u00a0")
    notes = await village.admin.fetch(
        "SELECT note FROM audit_event WHERE subject_id = $1::uuid AND note <> ''", document["id"]
    )
    assert [row["note"] for row in notes] == ["sudah dilihat"]


@pytest.mark.anyio
async def test_filters_and_searches_are_cleaned_like_stored_text(village: Place) -> None:
    document = household()
    document["members"] = [person(1, fullName="Kartin\u00ed Wulandari")]
    document["migrations"] = []
    assert (await village.submit("officer", document, save="DRAFT"))["outcome"] == "ACCEPTED"
    typed = " Kartini\u0301\u200b\u00a0Wulandari"
    cases: list[dict[str, Any]] = [
        {"f": {"fullName": {"eq": typed}}},
        {"f": {"fullName": {"in": [typed]}}},
        {"f": {"fullName": {"startsWith": typed}}},
        {"s": typed},
    ]
    for variables in cases:
        data = await village.ask(
            "officer",
            "query($f: MemberFilter, $s: String) { members(filter: $f, search: $s) { nodes { id } } }",
            **variables,
        )
        assert [node["id"] for node in data["members"]["nodes"]] == [document["members"][0]["id"]], variables
