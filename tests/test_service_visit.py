"""Service visits: a village's record that names a member, with everything that follows from `names=`."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from registry.write import named_records
from tests.user_errors import codes_and_paths
from tests.village import FAR, HERE, NEXT_DOOR, Place, household

pytestmark = pytest.mark.anyio
SHOWN = """id withheld viewerCan village { code } date type visitor { id fullName } visitorSex visitorAgeBand result
  officer { accountId name role } rev"""
SAVE = f"""mutation($input: ServiceVisitInput!) {{ saveServiceVisit(input: $input) {{
  outcome serviceVisit {{ {SHOWN} }} userErrors {{ code severity path message }} }} }}"""
NODE = f"query($id: ID!) {{ node(id: $id) {{ ... on ServiceVisit {{ {SHOWN} }} }} }}"
LIST = "query($filter: PillarFilter) { serviceVisits(filter: $filter, first: 100) { totalCount nodes { id } } }"


def visit(**changes: Any) -> dict[str, Any]:
    columns = {
        "id": str(uuid.uuid4()),
        "villageCode": HERE,
        "date": "2026-07-14",
        "type": "COMPLAINT",
        "visitorSex": "FEMALE",
        "visitorAgeBand": "25-34",
        "result": "Diteruskan ke dinas",
    }
    return columns | changes


def by_member(member: str, **changes: Any) -> dict[str, Any]:
    return visit(visitorId=member, visitorSex=None, visitorAgeBand=None, **changes)


async def save(village: Place, who: str, columns: dict[str, Any]) -> Any:
    """Payload of `saveServiceVisit`."""
    return (await village.ask(who, SAVE, input=columns))["saveServiceVisit"]


async def saved(village: Place, columns: dict[str, Any], who: str = "officer") -> Any:
    payload = await save(village, who, columns)
    assert (payload["outcome"], payload["userErrors"]) == ("ACCEPTED", [])
    return payload["serviceVisit"]


async def member_in(village: Place, code: str = HERE, author: str = "officer", state: str = "SUBMITTED") -> str:
    """The id of a member of a new household."""
    document = await village.new_household(state, author, villageCode=code)
    return str(document["members"][0]["id"])


async def listed(village: Place, who: str, **filter_: Any) -> set[str]:
    page = (await village.ask(who, LIST, filter=filter_))["serviceVisits"]
    assert page["totalCount"] == len(page["nodes"])
    return {node["id"] for node in page["nodes"]}


async def test_a_visit_of_a_member_shows_who_came_and_who_recorded_it(village: Place) -> None:
    member = await member_in(village)
    columns = by_member(member)
    assert await saved(village, columns) == {
        "id": columns["id"],
        "withheld": [],
        "viewerCan": ["PILLAR_RECORD"],
        "village": {"code": HERE},
        "date": "2026-07-14",
        "type": "COMPLAINT",
        "visitor": {"id": member, "fullName": "Siti Aminah 1"},
        "visitorSex": None,
        "visitorAgeBand": None,
        "result": "Diteruskan ke dinas",
        "officer": {"accountId": str(village.ids["officer"]), "name": "officer", "role": "OFFICER"},
        "rev": 1,
    }
    await saved(village, {"id": columns["id"], "baseRev": 1, "type": "OTHER"}, "second")
    node = (await village.ask("verifier", NODE, id=columns["id"]))["node"]
    assert (node["type"], node["officer"]["name"], node["viewerCan"]) == ("OTHER", "officer", [])


async def test_callers_without_the_class_learn_neither_the_visitor_nor_the_officer(village: Place) -> None:
    columns = by_member(await member_in(village))
    await saved(village, columns)
    node = (await village.ask("viewer", NODE, id=columns["id"]))["node"]
    hidden = ["officer", "result", "visitor", "visitorAgeBand", "visitorSex"]
    assert sorted(node["withheld"]) == hidden
    assert [node[name] for name in hidden] == [None] * len(hidden)


async def test_a_member_who_is_absent_hidden_or_archived_is_not_found_alike(village: Place) -> None:
    hidden = await member_in(village, FAR, "stranger")
    hidden_draft = await member_in(village, FAR, "stranger", "DRAFT")
    archived = await member_in(village)
    await village.admin.execute("UPDATE member SET archived_at = now() WHERE id = $1", uuid.UUID(archived))
    other_noun = (await village.new_household("DRAFT"))["id"]
    members = (str(uuid.uuid4()), hidden, hidden_draft, archived, other_noun)
    answers = [await save(village, "officer", by_member(member)) for member in members]
    assert codes_and_paths(answers[0]) == [("NOT_FOUND", ["visitorId"])]
    assert answers[0]["outcome"] == "REJECTED"
    assert all(answer == answers[0] for answer in answers)


async def test_a_member_of_another_village_is_refused_even_if_seen(village: Place) -> None:
    member = await member_in(village, NEXT_DOOR, "next door")
    assert codes_and_paths(await save(village, "both villages", by_member(member))) == [
        ("NOT_IN_VILLAGE", ["visitorId"])
    ]
    assert codes_and_paths(await save(village, "officer", by_member(member))) == [("NOT_FOUND", ["visitorId"])]


async def test_a_visitor_who_has_left_since_stays_until_somebody_names_another(village: Place) -> None:
    member = await member_in(village)
    columns = by_member(member)
    await saved(village, columns)
    await village.admin.execute("UPDATE member SET archived_at = now() WHERE id = $1", uuid.UUID(member))
    assert (await save(village, "officer", columns))["outcome"] == "UNCHANGED"
    changed = await saved(village, columns | {"result": "Selesai"})
    assert (changed["result"], changed["visitor"], changed["rev"]) == ("Selesai", None, 2)
    query = "SELECT visitor_id::text FROM service_visit WHERE id = $1"
    assert await village.admin.fetchval(query, uuid.UUID(columns["id"])) == member
    assert codes_and_paths(await save(village, "officer", visit(visitorId=member))) == [("NOT_FOUND", ["visitorId"])]


async def test_what_an_edit_names_is_looked_up_once_and_only_if_it_changes(
    village: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[int] = []
    homes = named_records._homes

    async def counting(work: Any, nouns: Any, ids: Any, column: str) -> Any:
        looked_up.append(len(ids))
        return await homes(work, nouns, ids, column)

    monkeypatch.setattr(named_records, "_homes", counting)
    columns = by_member(await member_in(village))
    await saved(village, columns)
    await saved(village, columns | {"result": "Selesai"})
    await saved(village, visit())
    await village.submit("officer", household())
    assert looked_up == [1]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"date": "2198-01-01"}, [("DATE_FUTURE", ["date"])]),
        ({"date": "1700-01-01"}, [("UNKNOWN_VALUE", ["date"])]),
        ({"date": None}, [("REQUIRED", ["date"])]),
        ({"type": None}, [("REQUIRED", ["type"])]),
        ({"visitorAgeBand": "25-35"}, [("UNKNOWN_VALUE", ["visitorAgeBand"])]),
        ({"visitorAgeBand": None}, [("REQUIRED", ["visitorAgeBand"])]),
        ({"visitorSex": None, "visitorAgeBand": None}, [("REQUIRED", ["visitorId"])]),
        ({"result": "3507116304850001"}, [("NUMBER_IN_TEXT", ["result"])]),
        ({"villageCode": FAR}, [("OUT_OF_SCOPE", ["villageCode"])]),
    ],
)
async def test_a_wrong_visit_is_refused_at_its_place(
    village: Place, changes: dict[str, Any], expected: list[tuple[str, list[str]]]
) -> None:
    assert codes_and_paths(await save(village, "officer", visit(**changes))) == expected


async def test_a_visitor_is_registered_or_described_never_both(village: Place) -> None:
    member = await member_in(village)
    both = await save(village, "officer", visit(visitorId=member))
    assert codes_and_paths(both) == [("VISITOR_TWICE", ["visitorSex"]), ("VISITOR_TWICE", ["visitorAgeBand"])]


async def test_a_day_that_has_begun_in_the_east_is_not_in_the_future(village: Place) -> None:
    east = dt.datetime.now(dt.timezone(dt.timedelta(hours=9))).date()
    await saved(village, visit(date=east.isoformat()))
    tomorrow = (east + dt.timedelta(days=1)).isoformat()
    assert codes_and_paths(await save(village, "officer", visit(date=tomorrow))) == [("DATE_FUTURE", ["date"])]


async def test_only_officers_of_the_village_record_a_visit(village: Place) -> None:
    for who in ("verifier", "coordinator", "province", "ministry", "viewer"):
        assert (await village.query(who, SAVE, input=visit())).codes == ["FORBIDDEN"]
    assert codes_and_paths(await save(village, "next door", visit())) == [("OUT_OF_SCOPE", ["villageCode"])]


async def test_the_list_shows_what_the_caller_sees_newest_first(village: Place) -> None:
    here = [await saved(village, visit(date=day)) for day in ("2025-01-01", "2025-03-01", "2025-02-01")]
    there = await saved(village, visit(villageCode=FAR), "stranger")
    ids = {one["id"] for one in here}
    assert ids <= await listed(village, "officer")
    assert there["id"] not in await listed(village, "officer")
    assert ids | {there["id"]} <= await listed(village, "analyst")
    assert await listed(village, "officer", date={"gte": "2025-01-01", "lt": "2025-03-01"}) == {
        here[0]["id"],
        here[2]["id"],
    }
    page = "query($filter: PillarFilter) { serviceVisits(first: 2, filter: $filter) {"
    page += " nodes { date } pageInfo { hasNextPage } } }"
    first = (await village.ask("officer", page, filter={"date": {"lt": "2025-12-31"}}))["serviceVisits"]
    assert first == {"nodes": [{"date": "2025-03-01"}, {"date": "2025-02-01"}], "pageInfo": {"hasNextPage": True}}
    assert await listed(village, "analyst", within=["52.03"]) == {there["id"]}
    assert await listed(village, "officer", within=[FAR]) == set()


async def test_the_list_is_filtered_by_the_programmes_of_the_village(village: Place) -> None:
    one = await saved(village, visit())
    assert one["id"] in await listed(village, "officer", programme=["DESMIGRATIF"])
    assert await listed(village, "officer", programme=["DESA_MIGRAN_EMAS"]) == set()
    assert await listed(village, "officer", programme=[]) == set()


async def test_whoever_may_record_there_reads_it_of_the_village(village: Place) -> None:
    query = "query($code: RegionCode!) { region(code: $code) { viewerCan } }"
    assert "PILLAR_RECORD" in (await village.ask("officer", query, code=HERE))["region"]["viewerCan"]
    assert "PILLAR_RECORD" not in (await village.ask("officer", query, code=NEXT_DOOR))["region"]["viewerCan"]
    assert "PILLAR_RECORD" not in (await village.ask("coordinator", query, code=HERE))["region"]["viewerCan"]
