"""Programmes and enrolments over the API: who may save them, what is refused, and that nothing changes twice."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import asyncpg
import pytest

from auth.principal import Principal
from registry.store.session import begin_sql
from tests.accounts import new_account
from tests.test_audit import AuditRows
from tests.village import FAR, HERE, NEXT_DOOR, OLD_CODE, SPLIT, SUCCESSORS, Place, served_with

pytestmark = pytest.mark.anyio
SAVE = """mutation($input: SaveProgrammeInput!) { saveProgramme(input: $input) {
  programme { id code name agency } userErrors { code severity path message params { name value } } } }"""
ENROL = """mutation($input: EnrolVillageInput!) { enrolVillage(input: $input) {
  village { code enrolments { programme { code } year decree active } }
  userErrors { code severity path message params { name value } } } }"""
FREE = SUCCESSORS[0]
"""A village that no test but one enrols."""


def programme(**changes: Any) -> dict[str, Any]:
    id_ = str(uuid.uuid4())
    return {"id": id_, "code": f"UJI_{id_[:8]}", "name": "Desa Migran Uji", "agency": "Kementerian Uji"} | changes


async def save(village: Place, who: str = "ministry", **sent: Any) -> Any:
    return (await village.ask(who, SAVE, input=sent))["saveProgramme"]


async def enrol(village: Place, code: str, programme: str, who: str = "ministry", **sent: Any) -> Any:
    terms = {"villageCode": code, "programme": programme, "year": 2026} | sent
    return (await village.ask(who, ENROL, input=terms))["enrolVillage"]


async def stored(village: Place) -> list[Any]:
    """All programmes and enrolments."""
    tables = ("programme", "village_enrolment")
    return [sorted(map(str, await village.admin.fetch(f"SELECT * FROM {table}"))) for table in tables]


@pytest.fixture
async def new(village: Place) -> str:
    """The code of a programme without villages."""
    sent = programme()
    assert (await save(village, **sent))["programme"] == sent
    return str(sent["code"])


@pytest.fixture(scope="module")
async def provincial(village: Place) -> str:
    """A holder of the ability in one province only."""
    return await new_account(village, ("MINISTRY_ADMIN", "35"), name="provincial")


# --- programmes -------------------------------------------------------------------------------------------------------


async def test_a_programme_is_created_once_and_changed_by_its_id(village: Place) -> None:
    since, sent = await AuditRows.now(village), programme()
    for _ in range(2):
        assert await save(village, **sent) == {"programme": sent, "userErrors": []}
    changed = await save(village, id=sent["id"], name="Desa Migran Emas")
    assert changed["programme"] == sent | {"name": "Desa Migran Emas"}
    assert [row[1:4] for row in await since.rows()] == [
        ("programme:manage", sent["id"], outcome) for outcome in ("ACCEPTED", "UNCHANGED", "ACCEPTED")
    ]
    listed = (await village.ask("officer", "{ programmes { id code name agency } }"))["programmes"]
    assert changed["programme"] in listed
    assert [one["code"] for one in listed] == sorted(one["code"] for one in listed)
    node = await village.ask(
        "viewer", "query($id: ID!) { node(id: $id) { id ... on Programme { code } } }", id=sent["id"]
    )
    assert node["node"] == {"id": sent["id"], "code": sent["code"]}


@pytest.mark.parametrize(
    ("sent", "codes", "path"),
    [
        ({"code": "DESMIGRATIF"}, ["PROGRAMME_CODE_TAKEN"], "code"),
        ({"name": None}, ["REQUIRED"], "name"),
        ({"agency": "  \u200b"}, ["REQUIRED"], "agency"),
        ({"code": "K" * 41}, ["UNKNOWN_VALUE"], "code"),
        ({"name": "N" * 101}, ["UNKNOWN_VALUE"], "name"),
    ],
)
async def test_a_programme_that_does_not_fit_is_refused_and_changes_nothing(
    village: Place, new: str, sent: dict[str, Any], codes: list[str], path: str
) -> None:
    before, since = await stored(village), await AuditRows.now(village)
    id_ = str(await village.admin.fetchval("SELECT id FROM programme WHERE code = $1", new))
    for input_ in (programme(**sent), {"id": id_} | sent):
        answer = await save(village, **input_)
        assert answer["programme"] is None
        assert [(error["code"], error["path"]) for error in answer["userErrors"]] == [(codes[0], [path])]
        assert [(row[2], row[3]) for row in await since.rows()][-1] == (input_["id"], codes[0])
    assert await stored(village) == before


async def test_an_id_of_another_record_is_taken_and_counted(village: Place) -> None:
    region = str(village.regions[HERE])
    answer = await save(village, **programme(id=region))
    assert [(error["code"], error["path"]) for error in answer["userErrors"]] == [("ID_TAKEN", ["id"])]
    async with served_with(village, taken_ids_per_hour=1) as served:
        for _ in range(2):
            answer = await served.query("ministry", SAVE, input=programme(id=str(village.regions[FAR])))
        assert answer.codes == ["RATE_LIMITED"]


async def test_both_languages_say_what_to_do(village: Place) -> None:
    sentences = set()
    for language in ("id", "en"):
        answer = await village.query("ministry", SAVE, language, input=programme(code="DESMIGRATIF"))
        sentences.add(answer.data["saveProgramme"]["userErrors"][0]["message"])
    assert len(sentences) == 2


# --- enrolments -------------------------------------------------------------------------------------------------------


async def test_a_village_is_enrolled_once_ended_and_enrolled_again(village: Place, new: str) -> None:
    since, decree = await AuditRows.now(village), "Kepmenaker 59/2026"
    row = {"programme": {"code": new}, "year": 2026, "decree": decree, "active": True}

    async def step(expected: dict[str, Any], **sent: Any) -> list[tuple[str, str]]:
        answer = await enrol(village, FREE, new, **sent)
        assert answer["village"] == {"code": FREE, "enrolments": [expected]}
        return [(error["code"], error["severity"]) for error in answer["userErrors"]]

    assert await step(row, decree=decree) == []
    before = await stored(village)
    assert await step(row, decree=decree) == [("ALREADY_ENROLLED", "WARNING")]
    assert await step(row) == [("ALREADY_ENROLLED", "WARNING")]  # the decree is left out, so it stays
    assert await stored(village) == before
    assert await step(row | {"active": False}, active=False) == []
    assert await step(row | {"active": False}, active=False) == []
    assert await step(row | {"year": 2027}, year=2027) == []
    outcomes = ["ACCEPTED", "UNCHANGED", "UNCHANGED", "ACCEPTED", "UNCHANGED", "ACCEPTED"]
    region = str(village.regions[FREE])
    assert [row[1:4] for row in await since.rows()] == [("programme:manage", region, outcome) for outcome in outcomes]


@pytest.mark.parametrize(
    ("sent", "code", "path"),
    [
        ({"programme": "TIDAK_ADA"}, "PROGRAMME_UNKNOWN", "programme"),
        ({"villageCode": "99.99.99.9999"}, "REGION_UNKNOWN", "villageCode"),
        ({"villageCode": "35.07.11"}, "REGION_NOT_VILLAGE", "villageCode"),
        ({"villageCode": SPLIT}, "REGION_CODE_AMBIGUOUS", "villageCode"),
        ({"year": 1944}, "UNKNOWN_VALUE", "year"),
        ({"year": 2200}, "UNKNOWN_VALUE", "year"),
        ({"decree": "K" * 201}, "UNKNOWN_VALUE", "decree"),
        ({"year": 2020}, "ALREADY_ENROLLED", "villageCode"),
        ({"active": False}, "UNKNOWN_VALUE", "year"),
        ({"villageCode": SUCCESSORS[1], "active": False}, "NOT_FOUND", "villageCode"),
    ],
)
async def test_an_enrolment_that_does_not_fit_is_refused_and_changes_nothing(
    village: Place, sent: dict[str, Any], code: str, path: str
) -> None:
    before, since = await stored(village), await AuditRows.now(village)
    terms = {"code": HERE, "programme": "DESMIGRATIF"} | sent
    answer = await enrol(village, terms.pop("villageCode", terms.pop("code")), **terms)
    assert answer["village"] is None
    assert [(error["code"], error["severity"], error["path"]) for error in answer["userErrors"]] == [
        (code, "ERROR", [path])
    ]
    assert [row[1:4] for row in await since.rows()] == [("programme:manage", None, code)]
    assert await stored(village) == before


async def test_an_earlier_code_leads_to_the_village_of_today(village: Place, new: str) -> None:
    answer = await enrol(village, OLD_CODE, new)
    assert answer["village"]["code"] == HERE
    assert [(error["code"], error["severity"]) for error in answer["userErrors"]] == [
        ("REGION_CODE_SUPERSEDED", "WARNING")
    ]
    assert [e["code"] for e in (await enrol(village, HERE, new))["userErrors"]] == ["ALREADY_ENROLLED"]


async def test_many_that_enrol_the_same_village_at_once_enrol_it_once(village: Place, new: str) -> None:
    years = [2020, 2021, 2022, 2023]
    answers = await asyncio.gather(*[enrol(village, NEXT_DOOR, new, year=year) for year in years])
    accepted = [answer for answer in answers if not answer["userErrors"]]
    refused = [error["code"] for answer in answers for error in answer["userErrors"]]
    assert len(accepted) == 1
    assert refused == ["ALREADY_ENROLLED"] * 3
    (row,) = [e for e in accepted[0]["village"]["enrolments"] if e["programme"]["code"] == new]
    year = "SELECT year FROM village_enrolment e JOIN programme p ON p.id = e.programme_id WHERE p.code = $1"
    assert [line["year"] for line in await village.admin.fetch(year, new)] == [row["year"]]


async def test_a_village_whose_enrolment_has_ended_is_in_no_figure_and_no_filter(village: Place, new: str) -> None:
    listed = "query($of: [String!]) { regions(filter: {level: [VILLAGE], programme: $of}) { nodes { code } } }"

    async def codes() -> list[str]:
        return [node["code"] for node in (await village.ask("viewer", listed, of=[new]))["regions"]["nodes"]]

    async def counted() -> int:
        return int((await village.ask("viewer", "{ nationalSummary { villages } }"))["nationalSummary"]["villages"])

    before = await counted()
    await enrol(village, SUCCESSORS[1], new)
    assert (await codes(), await counted()) == ([SUCCESSORS[1]], before + 1)
    await enrol(village, SUCCESSORS[1], new, active=False)
    assert (await codes(), await counted()) == ([], before)


# --- where ------------------------------------------------------------------------------------------------------------


async def test_a_holder_in_a_province_enrols_there_and_saves_no_programme(
    village: Place, new: str, provincial: str
) -> None:
    assert (await enrol(village, HERE, new, provincial))["village"]["code"] == HERE
    before = await stored(village)
    refused = await enrol(village, FAR, new, provincial)
    assert [error["code"] for error in refused["userErrors"]] == ["OUT_OF_SCOPE"]
    assert (await village.query(provincial, SAVE, input=programme())).codes == ["FORBIDDEN"]
    assert await stored(village) == before
    can = "query($code: RegionCode!) { region(code: $code) { viewerCan } }"
    for code, who, may in ((HERE, provincial, True), (FAR, provincial, False), (FAR, "ministry", True)):
        abilities = (await village.ask(who, can, code=code))["region"]["viewerCan"]
        assert ("PROGRAMME_MANAGE" in abilities) is may


WRITES = {
    "programme": "INSERT INTO programme (id, code, name, agency) VALUES (gen_random_uuid(), 'X', 'X', 'X')",
    "change": "UPDATE programme SET name = 'X' WHERE code = '{new}'",
    "enrol here": "INSERT INTO village_enrolment (programme_id, region_id, year)"
    " SELECT p.id, r.id, 2020 FROM programme p, region r WHERE p.code = '{new}' AND r.code = '35.07.11.2008'",
    "enrol far": "INSERT INTO village_enrolment (programme_id, region_id, year)"
    " SELECT p.id, r.id, 2020 FROM programme p, region r WHERE p.code = '{new}' AND r.code = '52.03.21.2002'",
    "enrol no village": "INSERT INTO village_enrolment (programme_id, region_id, year)"
    " SELECT p.id, r.id, 2020 FROM programme p, region r WHERE p.code = '{new}' AND r.code = '35.07.11'",
    "end here": "UPDATE village_enrolment SET active = false WHERE region_id ="
    " (SELECT id FROM region WHERE code = '35.07.11.2008')",
    "end far": "UPDATE village_enrolment SET active = false WHERE region_id ="
    " (SELECT id FROM region WHERE code = '52.03.21.2002')",
    "another id": "UPDATE programme SET id = gen_random_uuid() WHERE code = '{new}'",
    "another village": "UPDATE village_enrolment SET region_id = region_id",
    "remove": "DELETE FROM village_enrolment",
}


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("ministry", {"programme", "change", "enrol here", "enrol far", "end here", "end far"}),
        ("provincial", {"enrol here", "end here"}),
        ("officer", set()),
        ("coordinator", set()),
        ("nobody", set()),
    ],
)
@pytest.mark.usefixtures("provincial")
async def test_the_wall_itself_holds_who_writes_what_where(
    village: Place, new: str, who: str, allowed: set[str]
) -> None:
    """Even if code forgot to check: plain SQL as the application's login, in the transaction of a command."""
    principal = await village.principal(who)
    written = {name for name, text in WRITES.items() if await _is_written(village, principal, text.format(new=new))}
    assert written == allowed


async def _is_written(village: Place, principal: Principal, text: str) -> bool:
    """Whether a statement writes a row; it is rolled back."""
    connection = await asyncpg.connect(village.login)
    try:
        await connection.execute(begin_sql(principal, "programme", 0))
        return not (await connection.execute(text)).endswith(" 0")
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await connection.close()
