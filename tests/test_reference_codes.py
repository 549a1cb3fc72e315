"""Code lists over the API: every enum and every other list, with both labels, and an entity tag that saves bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
import pytest
from graphql import GraphQLEnumType, build_schema

from registry.codes import Sex, list_name
from registry.codes.messages import UserErrorCode
from registry.codes.open_lists import SKILL, OpenList
from registry.models.reference import MOST_CODES
from server.database.reference_lists import write_lists
from tests.village import Answer, Place

pytestmark = pytest.mark.anyio
CODES = "query($list: String!) { referenceCodes(list: $list) { %s } }"
WHOLE = "name version source codes { code labelId labelEn sort validFrom validTo }"
EVERYBODY = ["officer", "verifier", "coordinator", "viewer", "province", "analyst", "ministry", "auditor"]


async def codes(village: Place, name: str, who: str = "officer") -> Any:
    return (await village.ask(who, CODES % WHOLE, list=name))["referenceCodes"]


async def get(village: Place, query: str, **headers: str) -> Answer:
    path = f"/graphql?{urlencode({'query': query})}"
    return await village.send("GET", path, headers=village.bearer("officer") | headers)


# --- which lists there are --------------------------------------------------------------------------------------------


async def test_every_enum_of_the_schema_is_a_list_with_both_labels(village: Place) -> None:
    schema = build_schema(village.app.service.sdl)
    enums = [type_ for type_ in schema.type_map.values() if isinstance(type_, GraphQLEnumType) and type_.name[0] != "_"]
    assert len(enums) > 40
    for enum in enums:
        list_ = await codes(village, enum.name)
        assert list_["name"] == list_name(enum.name)
        assert [code["code"] for code in list_["codes"]] == list(enum.values), enum.name
        assert [code["sort"] for code in list_["codes"]] == [*range(1, len(enum.values) + 1)]
        for code in list_["codes"]:
            assert code["labelId"].strip(), (enum.name, code)
            assert code["labelEn"].strip(), (enum.name, code)
            assert f"{code['labelId']} / {code['labelEn']}" == enum.values[code["code"]].description


@pytest.mark.parametrize("name", ["REGION_KIND", "COUNTRY", "ERROR_CODE", *OpenList.every])
async def test_the_agreed_names_are_lists(village: Place, name: str) -> None:
    list_ = await codes(village, name)
    assert list_["name"] == name
    assert list_["source"]
    assert re.fullmatch("[0-9a-f]{12}", list_["version"])
    assert len(list_["codes"]) >= 3


async def test_the_labels_are_those_of_the_declarations(village: Place) -> None:
    sex = await codes(village, "Sex")
    assert [(code["code"], code["labelId"], code["labelEn"]) for code in sex["codes"]] == [
        (code.value, code.label_id, code.label_en) for code in Sex
    ]
    errors = await codes(village, "ERROR_CODE")
    assert [(code["code"], code["labelId"], code["labelEn"]) for code in errors["codes"]] == [
        (code.value, code.sentence_id, code.sentence_en) for code in UserErrorCode
    ]
    skills = await codes(village, "SKILL")
    assert {code["code"]: (code["labelId"], code["labelEn"]) for code in skills["codes"]} == SKILL.codes


async def test_a_name_of_no_list_is_null(village: Place) -> None:
    for name in ("", "NOTHING", "registry.household", "x" * 500, "SEX; DROP TABLE", "sex "):
        assert await codes(village, name) is None


async def test_everybody_reads_the_same_list_in_one_statement(village: Place) -> None:
    lists = set()
    for who in EVERYBODY:
        village.statements.clear()
        answer = await village.query(who, CODES % WHOLE, list="COUNTRY")
        assert answer.data["referenceCodes"]["codes"][0] == {
            "code": "HK",
            "labelId": "Hong Kong",
            "labelEn": "Hong Kong",
            "sort": 1,
            "validFrom": None,
            "validTo": None,
        }
        assert len(village.statements) == 1
        lists.add(str(answer.data))
    assert len(lists) == 1


async def test_a_list_costs_as_many_nodes_as_it_may_have(village: Place) -> None:
    query = "{ %s }"
    for name, most in (("Sex", 2), ("SEX", 2), ("SKILL", MOST_CODES)):
        answer = await village.query("officer", query % f'referenceCodes(list: "{name}") {{ codes {{ code }} }}')
        assert answer.json["extensions"]["cost"]["requested"] == most
    twice_too_many = " ".join(f'l{n}: referenceCodes(list: "SKILL") {{ codes {{ code }} }}' for n in range(20))
    assert (await village.query("officer", query % twice_too_many)).codes == ["QUERY_TOO_COMPLEX"]
    every_form = " ".join(f'l{n}: referenceCodes(list: "BusinessField") {{ {WHOLE} }}' for n in range(20))
    assert (await village.query("officer", query % every_form)).data


def test_the_page_of_code_lists_names_each_with_its_source() -> None:
    page = (Path(__file__).parents[1] / "docs" / "code-lists.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", page, re.MULTILINE)
    assert {name: source for name, _, source in rows} == {name: list_.source for name, list_ in OpenList.every.items()}
    for name, count, _ in rows:
        assert sum(map(int, re.findall(r"\d+", count))) == len(OpenList.every[name].codes), name


# --- what `migrate` writes --------------------------------------------------------------------------------------------

ROWS = "SELECT list, code, label_id, label_en, sort, valid_to FROM reference_code ORDER BY list, sort, code"
VERSIONS = "SELECT name, version FROM reference_list ORDER BY name"


async def test_writing_the_lists_again_changes_nothing(admin: asyncpg.Connection) -> None:
    before = await admin.fetch(ROWS), await admin.fetch(VERSIONS)
    await write_lists(admin)
    assert (await admin.fetch(ROWS), await admin.fetch(VERSIONS)) == before


async def test_a_version_changes_with_a_label(admin: asyncpg.Connection) -> None:
    before = {row["name"]: row["version"] for row in await admin.fetch(VERSIONS)}
    await admin.execute("UPDATE reference_code SET label_en = 'woman' WHERE list = 'SEX' AND code = 'FEMALE'")
    await admin.execute("UPDATE reference_list SET loaded_at = now() WHERE name = 'SEX'")
    await write_lists(admin)
    after = {row["name"]: row["version"] for row in await admin.fetch(VERSIONS)}
    assert {name for name, version in after.items() if version != before[name]} == {"SEX"}


async def test_a_list_that_was_loaded_keeps_its_labels_and_gets_the_codes_that_it_lacks(
    admin: asyncpg.Connection,
) -> None:
    await admin.execute("UPDATE reference_list SET loaded_at = now() WHERE name = 'SKILL'")
    await admin.execute("DELETE FROM reference_code WHERE list = 'SKILL' AND code = 'SEWING'")
    await admin.execute("UPDATE reference_code SET label_id = 'Kayu' WHERE list = 'SKILL' AND code = 'CARPENTRY'")
    await write_lists(admin)
    rows = await admin.fetch("SELECT code, label_id FROM reference_code WHERE list = 'SKILL'")
    labels = {row["code"]: row["label_id"] for row in rows}
    assert labels.pop("CARPENTRY") == "Kayu"
    assert labels == {code: label_id for code, (label_id, _) in SKILL.codes.items() if code != "CARPENTRY"}


# --- the entity tag ---------------------------------------------------------------------------------------------------

ONE_LIST = f'{{ referenceCodes(list: "MigrationStage") {{ {WHOLE} }} }}'


async def test_a_client_that_has_a_list_gets_no_body(village: Place) -> None:
    first = await get(village, ONE_LIST)
    etag = first.headers["etag"]
    assert first.data["referenceCodes"]["codes"]
    assert first.headers["cache-control"] == "private, no-cache"
    for named in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        again = await get(village, ONE_LIST, **{"if-none-match": named})
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == etag
        assert "content-type" not in again.headers
    assert (await get(village, ONE_LIST, **{"if-none-match": '"other"'})).status == 200


async def test_another_list_language_or_selection_has_another_tag_only_if_its_data_differ(village: Place) -> None:
    tag = (await get(village, ONE_LIST)).headers["etag"]
    assert (await get(village, ONE_LIST, **{"accept-language": "en"})).headers["etag"] == tag
    for other in (ONE_LIST.replace("MigrationStage", "Sex"), ONE_LIST.replace("labelEn", "")):
        assert (await get(village, other)).headers["etag"] != tag


async def test_a_change_of_the_list_is_sent(village: Place) -> None:
    etag = (await get(village, ONE_LIST)).headers["etag"]
    change = "UPDATE reference_code SET label_en = $1 WHERE list = 'MIGRATION_STAGE' AND code = 'RETURNED'"
    label = "SELECT label_en FROM reference_code WHERE list = 'MIGRATION_STAGE' AND code = 'RETURNED'"
    before = await village.admin.fetchval(label)
    await village.admin.execute(change, "back home")
    changed = await get(village, ONE_LIST, **{"if-none-match": etag})
    await village.admin.execute(change, before)
    assert changed.status == 200
    assert "back home" in changed.body.decode()
    assert (await get(village, ONE_LIST, **{"if-none-match": etag})).status == 304


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { name } }",
        f"{{ viewer {{ name }} {ONE_LIST[1:]}",
        f"query {{ ...F }} fragment F on Query {{ {ONE_LIST[1:-1]} viewer {{ name }} }}",
        "{ households { totalCount } }",
    ],
)
async def test_no_other_answer_has_a_tag(village: Place, query: str) -> None:
    answer = await get(village, query, **{"if-none-match": "*"})
    assert answer.status == 200
    assert answer.data
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


async def test_an_answer_by_post_or_with_an_error_has_no_tag(village: Place) -> None:
    posted = await village.query("officer", ONE_LIST)
    assert "etag" not in posted.headers
    assert posted.headers["cache-control"] == "no-store"
    stranger = await village.send("GET", f"/graphql?{urlencode({'query': ONE_LIST})}", headers={"if-none-match": "*"})
    assert (stranger.status, stranger.codes) == (401, ["UNAUTHENTICATED"])
    assert "etag" not in stranger.headers
