"""KBLI: codes of two editions, as businesses hold them, lists filter and group them, and operators load them."""

from __future__ import annotations

import copy
import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.codes import BusinessField, KbliVersion
from registry.codes.kbli import KBLI, SECTIONS
from registry.codes.open_lists import LoadedCodes
from registry.models.household_aggregate import AGGREGATE
from registry.rules import check
from tests.household_cases import GOOD, NOW
from tests.village import Place, household

anyio = pytest.mark.anyio
editions = st.sampled_from(KbliVersion)
fields = st.sampled_from(BusinessField)
digits = st.text("0123456789", min_size=1, max_size=6)
DIVISIONS = {
    KbliVersion.KBLI_2020: "01-03 05-33 35-39 41-43 45-47 49-53 55-56 58-66 68-75 77-82 84-88 90-99",
    KbliVersion.KBLI_2025: "01-03 05-33 35-39 41-43 46-47 49-53 55-56 58-66 68-75 77-82 84-88 90-99",
}
"""Of ISIC Rev. 4 and Rev. 5, whose divisions the editions have."""


def divisions(edition: KbliVersion) -> set[str]:
    spans = [part.split("-") for part in DIVISIONS[edition].split()]
    return {f"{number:02}" for first, last in spans for number in range(int(first), int(last) + 1)}


def findings(field: str, edition: str | None, code: str | None, loaded: LoadedCodes | None = None) -> set[str]:
    """The codes of the rules that find something in a business."""
    document = copy.deepcopy(GOOD)
    document["business"]["shop"] |= {"field": field, "kbli_version": edition, "kbli_code": code}
    known = LoadedCodes() if loaded is None else loaded
    return {finding.code.value for finding in check(document, NOW, complete=True, aggregate=AGGREGATE, loaded=known)}


# --- the editions and the rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", KbliVersion)
def test_an_edition_has_its_divisions_and_sections(edition: KbliVersion) -> None:
    codes = [*KBLI[edition].codes]
    assert {code for code in codes if code.isdigit()} == divisions(edition)
    letters = [code for code in codes if code.isalpha()]
    assert letters == [chr(ord("A") + number) for number in range({"KBLI_2020": 21, "KBLI_2025": 22}[edition])]
    assert [*SECTIONS[edition].values()] == letters


@given(editions, digits)
def test_a_code_is_known_by_its_division(edition: KbliVersion, code: str) -> None:
    known = 2 <= len(code) <= 5 and code[:2] in divisions(edition)
    assert ("KBLI_UNKNOWN" in findings("OTHER", edition, code)) is not known


@given(editions, digits, st.sets(digits, max_size=3))
def test_a_longer_code_of_a_loaded_list_is_known_by_itself(edition: KbliVersion, code: str, listed: set[str]) -> None:
    loaded = LoadedCodes(frozenset({edition.value}), frozenset((edition.value, other) for other in listed))
    of_the_other = LoadedCodes(frozenset({"KBLI_2020", "KBLI_2025"} - {edition.value}), loaded.codes)
    in_form = 2 <= len(code) <= 5 and code[:2] in divisions(edition)
    known = in_form and (len(code) == 2 or code in listed)
    assert ("KBLI_UNKNOWN" in findings("OTHER", edition, code, loaded)) is not known
    assert ("KBLI_UNKNOWN" in findings("OTHER", edition, code, of_the_other)) is not in_form


def of_label(field: BusinessField) -> list[str] | None:
    """The beginnings of codes that the label of a field names; None if it names none."""
    named = re.search(r"\((.*)\)", field.label_id)
    if named is None:
        return None
    if named[1] == "C":
        return [str(number) for number in range(10, 34)]
    beginnings: list[str] = []
    for part in named[1].split(", "):
        first, _, last = part.partition("–")
        beginnings += [f"{n:02}" for n in range(int(first), int(last) + 1)] if last else [first]
    return beginnings


@pytest.mark.parametrize("field", BusinessField)
def test_a_field_matches_the_codes_that_its_label_names(field: BusinessField) -> None:
    beginnings = of_label(field)
    for division in sorted(divisions(KbliVersion.KBLI_2020)):
        for code in (division, f"{division}4", f"{division}9"):
            fits = beginnings is None or any(code[: len(b)] == b[: len(code)] for b in beginnings)
            assert ("FIELD_KBLI_MISMATCH" in findings(field, "KBLI_2020", code)) is not fits, code


@pytest.mark.parametrize("field", BusinessField)
def test_below_the_division_a_field_says_nothing_of_the_newer_edition(field: BusinessField) -> None:
    for division in sorted(divisions(KbliVersion.KBLI_2025)):
        of_division = "FIELD_KBLI_MISMATCH" in findings(field, "KBLI_2025", division)
        assert of_division is ("FIELD_KBLI_MISMATCH" in findings(field, "KBLI_2020", division))
        for code in (f"{division}4", f"{division}711"):
            assert ("FIELD_KBLI_MISMATCH" in findings(field, "KBLI_2025", code)) is of_division, code


@given(fields, editions | st.none(), digits | st.none())
def test_a_code_and_its_edition_stand_together(field: BusinessField, edition: str | None, code: str | None) -> None:
    assert ("REQUIRED" in findings(field, edition, code)) is ((edition is None) is not (code is None))


# --- over the API -----------------------------------------------------------------------------------------------------

KBLI_OF = "businesses { kbli { version code title section } }"


def with_business(**columns: Any) -> dict[str, Any]:
    document = household()
    owner = document["members"][0]["id"]
    return document | {"businesses": [{"id": str(uuid.uuid4()), "ownerId": owner, "field": "RETAIL", **columns}]}


async def kbli(village: Place, document: dict[str, Any], language: str = "id") -> Any:
    query = f"query($id: ID!) {{ household(by: {{id: $id}}) {{ {KBLI_OF} }} }}"
    answer = await village.query("officer", query, language, id=document["id"])
    return answer.data["household"]["businesses"][0]["kbli"]


@anyio
async def test_a_code_is_shown_with_its_title_and_section(village: Place) -> None:
    document = with_business(kbliVersion="KBLI_2025", kbliCode="K 62.01-1", field="ICT_CONTENT")
    assert (await village.submit("officer", document))["userErrors"] == []
    assert await kbli(village, document) == {
        "version": "KBLI_2025",
        "code": "62011",
        "title": "Pemrograman dan Konsultasi Komputer",
        "section": "K",
    }
    assert (await kbli(village, document, "en"))["title"] == "Computer programming and consultancy"
    document["businesses"][0] |= {"kbliVersion": "KBLI_2020"}
    assert (await village.submit("officer", document, base=1))["outcome"] == "ACCEPTED"
    assert (await kbli(village, document))["section"] == "J"  # the same digits in the other edition
    document["businesses"][0] |= {"kbliVersion": None, "kbliCode": None}
    assert (await village.submit("officer", document, base=2))["outcome"] == "ACCEPTED"
    assert await kbli(village, document) is None


@anyio
async def test_a_code_of_the_other_edition_is_refused_at_its_place(village: Place) -> None:
    for save in ("SUBMITTED", "DRAFT"):
        document = with_business(kbliVersion="KBLI_2025", kbliCode="45201", field="WORKSHOP_REPAIR")
        (error,) = (await village.submit("officer", document, save=save))["userErrors"]
        assert (error["code"], error["path"]) == ("KBLI_UNKNOWN", ["household", "businesses", "0", "kbliCode"])
        assert "KBLI 2025" in error["message"]
        assert "45" not in error["message"]


@anyio
async def test_a_field_that_does_not_match_is_a_warning(village: Place) -> None:
    document = with_business(kbliVersion="KBLI_2025", kbliCode="56", field="RETAIL")
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    shown = await village.household("verifier", document["id"], "findings { code path severity }")
    warning = {"code": "FIELD_KBLI_MISMATCH", "path": ["businesses", "0", "field"], "severity": "WARNING"}
    assert warning in shown["findings"]


@anyio
async def test_lists_are_filtered_and_grouped_by_code(village: Place) -> None:
    for edition, code, field in (
        ("KBLI_2020", "47111", "RETAIL"),
        ("KBLI_2025", "47", "RETAIL"),
        ("KBLI_2025", "62", "ICT_CONTENT"),
        ("KBLI_2020", "62", "ICT_CONTENT"),
    ):
        document = with_business(kbliVersion=edition, kbliCode=code, field=field)
        assert (await village.submit("next door", document | {"villageCode": "35.07.11.2009"}))["userErrors"] == []
    query = """query($code: StringFilter) { businesses(filter: {kbliCode: $code}) {
        totalCount groups(by: KBLI_SECTION) { key label count } } }"""
    everything = (await village.ask("next door", query, code={"startsWith": "47"}))["businesses"]
    assert everything["totalCount"] == 2
    all_ = (
        await village.ask(
            "next door", query.replace("(filter: {kbliCode: $code})", "").replace("query($code: StringFilter)", "query")
        )
    )["businesses"]
    assert sorted((group["key"], group["count"]) for group in all_["groups"]) == [
        ("KBLI_2020 G", 1),
        ("KBLI_2020 J", 1),
        ("KBLI_2025 G", 1),
        ("KBLI_2025 K", 1),
    ]
    labels = {group["key"]: group["label"] for group in all_["groups"]}
    assert labels["KBLI_2020 J"] == "Informasi dan Komunikasi"
    assert labels["KBLI_2025 G"] == "Perdagangan Besar dan Eceran"


@anyio
async def test_a_loaded_list_decides_about_longer_codes_and_titles(village: Place) -> None:
    kept = with_business(kbliVersion="KBLI_2025", kbliCode="47999")
    assert (await village.submit("officer", kept))["userErrors"] == []
    await village.admin.execute("UPDATE reference_list SET loaded_at = now() WHERE name = 'KBLI_2025'")
    await village.admin.execute(
        "INSERT INTO reference_code (list, code, label_id, label_en, sort)"
        " VALUES ('KBLI_2025', '47111', 'Minimarket', 'minimarket', 200)"
    )
    try:
        good = with_business(kbliVersion="KBLI_2025", kbliCode="47111")
        assert (await village.submit("officer", good))["userErrors"] == []
        assert (await kbli(village, good))["title"] == "Minimarket"
        for code in ("47112", "471"):
            bad = with_business(kbliVersion="KBLI_2025", kbliCode=code)
            (error,) = (await village.submit("officer", bad))["userErrors"]
            assert error["code"] == "KBLI_UNKNOWN"
        kept["businesses"][0]["sellsOnline"] = True  # what was accepted once stays
        assert (await village.submit("officer", kept, base=1))["outcome"] == "ACCEPTED"
    finally:
        await village.admin.execute("DELETE FROM reference_code WHERE code = '47111'")
        await village.admin.execute("UPDATE reference_list SET loaded_at = NULL WHERE name = 'KBLI_2025'")
