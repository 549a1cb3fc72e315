"""The read engine: one statement for each root field, and answers that are easy to predict.

tests/test_differential.py compares any answer with that of a reference.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.village import FAR, HERE, NEXT_DOOR, Place, episode, household, shop

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def records(village: Place) -> list[str]:
    """The ids of some households with all their records, and one that does not exist."""
    documents = []
    for place, who in ((HERE, "officer"), (HERE, "second"), (NEXT_DOOR, "next door"), (FAR, "stranger")):
        document = household(place, people=2, phone="0812-3456-7890")
        head, other = document["members"]
        document["migrations"] += [
            episode(
                other, stage="PROSPECTIVE", departedOn=None, country="MY", wage={"amount": "5000", "currency": "MYR"}
            )
        ]
        document["businesses"] = [shop(head, permits=["HALAL"]), shop(other, field="FOOD_PROCESSING")]
        head["birthDate"] = "1985-04-24"  # a warning: the NIK has the 23rd
        documents.append(document)
        assert (await village.submit(who, document))["outcome"] == "ACCEPTED"
    await village.verify("verifier", documents[0])
    await village.verify("coordinator", documents[0])
    await village.return_household("verifier", documents[1])
    await village.new_household("DRAFT")
    return (
        [d["id"] for d in documents]
        + [c["id"] for d in documents for c in d["members"] + d["migrations"]]
        + [str(uuid.uuid4())]
    )


# --- one statement ------------------------------------------------------------------------------------------------

WHOLE = """{ households(first: 500) { totalCount pageInfo { endCursor } nodes {
  id withheld viewerCan address village { name parent { name } } head { fullName } consent { basis }
  members { id fullName nikMasked age stage mother { fullName } }
  migrations { stage member { fullName } } businesses { name owner { fullName } }
  findings { message } remarks { text } events { to actor { name } } } } }"""


async def statements(village: Place, who: str, text: str, **variables: Any) -> tuple[int, Any]:
    before = len(village.statements)
    data = await village.ask(who, text, **variables)
    return len(village.statements) - before, data


async def test_a_root_field_is_one_statement_for_any_number_of_rows(village: Place) -> None:
    document = household(NEXT_DOOR)
    await village.submit("next door", document)
    one, _ = await statements(village, "next door", WHOLE)
    await village.admin.execute(
        """WITH h AS (INSERT INTO household (id, village_id, area, draft, created_by, household_no, status, rev,
             workflow_state, address)
           SELECT gen_random_uuid(), $1, $2, false, $3, 'x-' || n, 'ACTIVE', 1, 'SUBMITTED', 'Jalan ' || n
           FROM generate_series(1, 500) n RETURNING id)
           INSERT INTO member (id, household_id, village_id, area, draft, created_by, seq, full_name, relation_to_head)
           SELECT gen_random_uuid(), h.id, $1, $2, false, $3, 1, 'Siti', 'HEAD' FROM h""",
        *(village.regions[NEXT_DOOR], NEXT_DOOR, village.ids["next door"]),
    )
    try:
        many, data = await statements(village, "next door", WHOLE)
        assert (one, many) == (1, 1)
        assert len(data["households"]["nodes"]) == 500
        assert data["households"]["totalCount"] > 500
    finally:  # lists show no archived records, so other tests do not see them
        for table, key in (("member", "household_id"), ("household", "id")):
            await village.admin.execute(
                f"UPDATE {table} SET archived_at = now() WHERE {key} IN"
                " (SELECT id FROM household WHERE household_no LIKE 'x-%')"
            )


async def test_each_root_field_is_one_statement(village: Place, records: list[str]) -> None:
    text = """query($id: ID!) { a: households { totalCount } b: members { nodes { id } } viewer { name grants { role } }
      node(id: $id) { id } region(code: "35") { name summary { households } } nationalSummary { villages }
      household(by: {id: $id}) { id } __typename }"""
    assert (await statements(village, "officer", text, id=records[0]))[0] == 7


async def test_a_query_about_the_schema_reads_nothing(village: Place) -> None:
    assert (await statements(village, "officer", '{ __typename __type(name: "Household") { name } }'))[0] == 0


async def test_a_payload_is_read_by_one_statement(village: Place) -> None:
    text = """mutation($h: HouseholdInput!) { submitHousehold(input: {household: $h}) {
      outcome household { id members { fullName } events { to } } userErrors { code } } }"""
    assert (await statements(village, "officer", text, h=household()))[0] == 1


async def test_equal_queries_share_a_statement_whatever_their_values(village: Place, records: list[str]) -> None:
    text = "query($id: ID!, $n: Int) { node(id: $id) { id } households(first: $n) { nodes { id } } }"
    before = len(village.statements)
    for n, id_ in enumerate(records[:3], 1):
        await village.ask("officer", text, id=id_, n=n)
    assert len(set(village.statements[before:])) == 2


# --- predicted answers ------------------------------------------------------------------------------------------------


async def test_keys_have_the_order_of_the_document(village: Place, records: list[str]) -> None:
    text = """query($id: ID!) { household(by: {id: $id}) {
      z: rev address ...f a: rev members { seq } rev members { id } } }
      fragment f on Household { hamlet z: rev members { sex } }"""
    answer = await village.query("officer", text, id=records[0])
    assert list(answer.data["household"]) == ["z", "address", "hamlet", "members", "a", "rev"]
    assert list(answer.data["household"]["members"][0]) == ["sex", "seq", "id"]


async def test_nothing_selected_is_an_empty_object(village: Place, records: list[str]) -> None:
    text = """query($id: ID!) { household(by: {id: $id}) { id @skip(if: true) } node(id: $id) { ... on Member { id } }
      households(first: 1) { totalCount @include(if: false) } members(first: 2) { nodes { id @skip(if: true) } } }"""
    assert (await village.ask("officer", text, id=records[0])) == {
        "household": {},
        "node": {},
        "households": {},
        "members": {"nodes": [{}, {}]},
    }


async def test_a_failed_root_field_does_not_affect_its_neighbours(village: Place, records: list[str]) -> None:
    text = """query($id: ID!) { a: household(by: {id: $id}) { rev }
      b: households(filter: {within: ["99"]}) { totalCount } c: viewer { name }
      d: migrations(filter: {proceduralStatus: [PROCEDURAL]}) { totalCount } }"""
    answer = await village.query("coordinator", text, id=records[0])
    assert answer.json["data"] == {"a": {"rev": 1}, "b": None, "c": {"name": "coordinator"}, "d": None}
    assert [(e["path"], e["extensions"]["code"]) for e in answer.errors] == [
        (["b"], "BAD_USER_INPUT"),
        (["d"], "FORBIDDEN"),
    ]


async def test_absent_records_are_null(village: Place) -> None:
    text = """query($id: ID!) { node(id: $id) { id } household(by: {id: $id}) { id }
      other: household(by: {householdNo: "nobody's"}) { id } }"""
    for id_ in (str(uuid.uuid4()), "no uuid", ""):
        assert await village.ask("officer", text, id=id_) == {"node": None, "household": None, "other": None}


async def test_odd_aliases_work(village: Place, records: list[str]) -> None:
    names = ["select", "j", "o", "s", "t1", "id", "null", "A", "_", "a" * 63]
    text = "query($id: ID!) { household(by: {id: $id}) { " + " ".join(f"{n}: rev" for n in names) + " } }"
    assert (await village.ask("officer", text, id=records[0]))["household"] == dict.fromkeys(names, 1)
    answer = await village.query("officer", text.replace("a" * 63, "a" * 64), id=records[0])
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_a_query_that_skips_everything_gets_empty_data(village: Place) -> None:
    assert await village.ask("officer", "{ households @skip(if: true) { totalCount } }") == {}


@pytest.mark.parametrize("who", ["province", "coordinator", "viewer"])
async def test_counts_of_regions_below_regions_are_those_of_each(village: Place, records: list[str], who: str) -> None:
    """Counts are made once for all levels and looked up; a filtered list is counted separately."""
    assert records
    counts = "code households { totalCount } members { totalCount } businesses(filter: {within: $all}) { totalCount }"
    down = f"districts(first: 5) {{ nodes {{ {counts} villages(first: 9) {{ nodes {{ {counts} }} }} }} }}"
    text = f"""query($all: [RegionCode!]) {{ region(code: "35") {{ {counts}
      ... on Province {{ regencies(first: 5) {{ nodes {{ {counts} {down} }} }} }} }} }}"""
    before = len(village.statements)
    province = (await village.ask(who, text, all=["35", "52"]))["region"]
    assert "ROLLUP(" in village.statements[before]
    regencies = province["regencies"]["nodes"]
    districts = [district for regency in regencies for district in regency["districts"]["nodes"]]
    villages = [one for district in districts for one in district["villages"]["nodes"]]
    one_by_one = f"query($code: RegionCode!, $all: [RegionCode!]) {{ region(code: $code) {{ {counts} }} }}"
    for region in (province, *regencies, *districts, *villages):
        alone = (await village.ask(who, one_by_one, code=region["code"], all=["35", "52"]))["region"]
        assert {key: region[key] for key in alone} == alone
    assert province["households"]["totalCount"] > 0
    assert "ROLLUP(" not in village.statements[-1]
