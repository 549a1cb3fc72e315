"""`region(code)`: old codes find today's region, and codes without one are explained."""

from __future__ import annotations

import pytest

from tests.village import FAR, HERE, OLD_CODE, SPLIT, SUCCESSORS, Place

pytestmark = pytest.mark.anyio
REGION = "query($code: RegionCode!) { region(code: $code) { code name level lineage { fromCode toCode } } }"
WITHIN = "query($code: RegionCode!) { households(filter: {within: [$code]}) { totalCount } }"


async def test_an_old_code_finds_the_region_of_today(village: Place) -> None:
    today = await village.ask("officer", REGION, code=HERE)
    assert await village.ask("officer", REGION, code=OLD_CODE) == today
    assert today["region"]["code"] == HERE


async def test_a_split_code_names_its_successors(village: Place) -> None:
    for language, word in (("id", "dimekarkan"), ("en", "split")):
        answer = await village.query("stranger", REGION, language, code=SPLIT)
        assert answer.json["data"] == {"region": None}
        (error,) = answer.errors
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "successors": SUCCESSORS}
        assert word in error["message"]
        assert error["path"] == ["region"]


async def test_a_village_that_became_a_district_is_not_called_split(village: Place) -> None:
    old, district = "35.07.08.2001", HERE[:8]
    await village.admin.execute(
        "INSERT INTO region_code (region_id, code, valid_from, valid_to) VALUES ($1, $2, '1945-08-16', '2019-10-08')",
        *(village.regions[district], old),
    )
    for language, words in (("id", "kini wilayah"), ("en", "is now the region")):
        (error,) = (await village.query("viewer", WITHIN, language, code=old)).errors
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "successors": [district]}
        assert f"{words} {district}" in error["message"]


@pytest.mark.parametrize("code", ["99", "35.07.11.2999", "35.99", "00"])
async def test_an_unknown_code_is_null_without_an_error(village: Place, code: str) -> None:
    """Like in every look-up; in a filter it is an error, because the list would look empty."""
    assert await village.ask("officer", REGION, code=code) == {"region": None}
    answer = await village.query("officer", WITHIN, "en", code=code)
    (error,) = answer.errors
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "successors": []}
    assert "unknown" in error["message"]
    assert code not in error["message"]


async def test_a_split_code_does_not_affect_its_neighbours(village: Place) -> None:
    answer = await village.query(
        "officer", f'{{ a: region(code: "35") {{ name }} b: region(code: "{SPLIT}") {{ name }} }}'
    )
    assert answer.json["data"] == {"a": {"name": "Jawa Timur"}, "b": None}
    assert [error["path"] for error in answer.errors] == [["b"]]


@pytest.mark.parametrize("code", ["3507112008", "3507", "35.7", "35.07.11.2008 ", "", "x"])
async def test_only_dotted_codes_are_valid(village: Place, code: str) -> None:
    answer = await village.query("officer", REGION, code=code)
    assert answer.codes == ["BAD_USER_INPUT"]
    assert "titik" in answer.errors[0]["message"]


async def test_every_signed_in_caller_reads_the_map(village: Place) -> None:
    for who in ("nobody", "auditor", "stranger"):
        data = await village.ask(who, REGION, code=FAR)
        assert data["region"]["name"] == "Lenek Lauk"


async def test_ancestors_and_typed_lists_agree(village: Place) -> None:
    up = await village.ask(
        "viewer", "query($c: RegionCode!) { region(code: $c) { ancestors { code } parent { code } } }", c=HERE
    )
    assert [a["code"] for a in up["region"]["ancestors"]] == ["35", "35.07", "35.07.11"]
    assert up["region"]["parent"]["code"] == "35.07.11"
    down = await village.ask(
        "viewer",
        """{ provinces { nodes { regencies(first: 5) { nodes { districts(first: 5) { nodes {
             villages(first: 5) { nodes { code } } } } } } } } }""",
    )
    villages = [
        v["code"]
        for p in down["provinces"]["nodes"]
        for r in p["regencies"]["nodes"]
        for d in r["districts"]["nodes"]
        for v in d["villages"]["nodes"]
    ]
    assert villages == [HERE, "35.07.11.2009", *SUCCESSORS, FAR]
