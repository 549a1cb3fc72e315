"""What a new noun of a village can do; tests/test_new_noun.py runs these tests in a copy that has one."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

import registry
from registry.guard.wall import DOORS, Kind
from tests.user_errors import codes_and_paths
from tests.village import FAR, HERE, NEXT_DOOR, Place, household

pytestmark = pytest.mark.anyio
SHOWN = """id withheld viewerCan title heldOn trainer host { id } cost { amount currency } incident rev village { code }
  visitors { member { id } paid }"""
SAVE = f"""mutation($input: WorkshopInput!) {{ saveWorkshop(input: $input) {{
  outcome workshop {{ {SHOWN} }} userErrors {{ code severity path }} }} }}"""


def workshop(**changes: Any) -> dict[str, Any]:
    columns = {
        "id": str(uuid.uuid4()),
        "villageCode": HERE,
        "title": "Mengolah hasil kebun",
        "heldOn": "2026-07",
        "trainer": "Siti Aminah",
        "cost": {"amount": "1500000.00", "currency": "IDR"},
    }
    return columns | changes


async def save(village: Place, who: str, columns: dict[str, Any]) -> Any:
    """Payload of `saveWorkshop`."""
    return (await village.ask(who, SAVE, input=columns))["saveWorkshop"]


async def saved(village: Place, **changes: Any) -> dict[str, Any]:
    columns = workshop(**changes)
    payload = await save(village, "officer", columns)
    assert (payload["outcome"], payload["userErrors"]) == ("ACCEPTED", [])
    return columns


async def revisions(village: Place, id_: str) -> list[tuple[int, str, str]]:
    rows = await village.admin.fetch(
        "SELECT rev, noun, area FROM record_revision WHERE record_id = $1 ORDER BY rev", uuid.UUID(id_)
    )
    return [tuple(row) for row in rows]


def test_it_is_the_copy_that_is_tested() -> None:
    assert DOORS["workshop"].kind is Kind.SCOPED, registry.__path__


async def test_it_is_answered_like_a_household(village: Place) -> None:
    columns = workshop()
    payload = await save(village, "officer", columns)
    assert payload == {
        "outcome": "ACCEPTED",
        "workshop": {
            "id": columns["id"],
            "withheld": [],
            "viewerCan": ["HOUSEHOLD_SUBMIT"],
            "title": "Mengolah hasil kebun",
            "heldOn": "2026-07",
            "trainer": "Siti Aminah",
            "host": None,
            "cost": {"amount": "1500000.00", "currency": "IDR"},
            "incident": None,
            "rev": 1,
            "village": {"code": HERE},
            "visitors": [],
        },
        "userErrors": [],
    }
    query = f"query($id: ID!) {{ node(id: $id) {{ ... on Workshop {{ {SHOWN} }} }} }}"
    node = (await village.ask("viewer", query, id=columns["id"]))["node"]
    assert (sorted(node["withheld"]), node["trainer"], node["viewerCan"]) == (
        ["harmed", "host", "incident", "trainer", "visitors"],
        None,
        [],
    )


async def test_a_resend_is_stored_once_whatever_others_changed_since(village: Place) -> None:
    columns = await saved(village)
    again = await save(village, "officer", columns)
    assert (again["outcome"], again["workshop"]["rev"], again["userErrors"]) == ("UNCHANGED", 1, [])
    later = await save(village, "second", {"id": columns["id"], "baseRev": 1, "title": "Menjual hasil kebun"})
    assert (later["workshop"]["rev"], later["workshop"]["trainer"]) == (2, "Siti Aminah")
    late = await save(village, "officer", columns)
    assert (late["outcome"], late["workshop"]["title"]) == ("UNCHANGED", "Menjual hasil kebun")
    assert await revisions(village, columns["id"]) == [(1, "workshop", HERE), (2, "workshop", HERE)]


async def test_a_resend_of_an_edit_that_names_its_revision_is_known_after_later_edits(village: Place) -> None:
    columns = await saved(village)
    first = {"id": columns["id"], "baseRev": 1, "title": "Satu"}
    second = {"id": columns["id"], "baseRev": 2, "title": "Dua"}
    for edit in (first, second):
        assert (await save(village, "officer", edit))["outcome"] == "ACCEPTED"
    late = await save(village, "officer", first)
    assert (late["outcome"], late["workshop"]["title"], late["workshop"]["rev"]) == ("UNCHANGED", "Dua", 3)


async def test_an_earlier_value_that_is_sent_again_is_an_edit(village: Place) -> None:
    columns = await saved(village)
    other = await save(village, "officer", columns | {"title": "Lain"})
    back = await save(village, "officer", columns)
    assert (other["workshop"]["rev"], back["workshop"]["rev"]) == (2, 3)
    assert back["workshop"]["title"] == columns["title"]


async def test_an_edit_that_names_no_revision_keeps_what_others_changed(village: Place) -> None:
    columns = await saved(village)
    assert (await save(village, "second", {"id": columns["id"], "baseRev": 1, "title": "Lain"}))[
        "outcome"
    ] == "ACCEPTED"
    form = await save(village, "officer", columns | {"trainer": "Budi"})
    assert (form["outcome"], form["workshop"]["title"], form["workshop"]["trainer"]) == ("MERGED", "Lain", "Budi")
    conflict = await save(village, "second", columns | {"trainer": "Siti"})
    assert codes_and_paths(conflict) == [("VERSION_CONFLICT", ["trainer"])]


async def test_whoever_never_wrote_a_record_must_name_a_revision_to_change_it(village: Place) -> None:
    columns = await saved(village)
    refused = await save(village, "second", {"id": columns["id"], "title": "Lain"})
    assert (refused["outcome"], codes_and_paths(refused)) == ("REJECTED", [("VERSION_CONFLICT", ["title"])])


async def test_null_clears_a_column_and_a_column_left_out_stays(village: Place) -> None:
    columns = await saved(village)
    without = {key: value for key, value in columns.items() if key != "trainer"}
    assert (await save(village, "officer", without | {"title": "Lain"}))["workshop"]["trainer"] == "Siti Aminah"
    cleared = await save(village, "officer", without | {"title": "Lain", "trainer": None})
    assert (cleared["workshop"]["trainer"], cleared["workshop"]["rev"]) == (None, 3)


async def test_sent_twice_at_once_it_is_stored_once(village: Place) -> None:
    columns = workshop()
    payloads = await asyncio.gather(*[save(village, "officer", columns) for _ in range(4)])
    assert sorted(payload["outcome"] for payload in payloads) == ["ACCEPTED", *["UNCHANGED"] * 3]
    assert len(await revisions(village, columns["id"])) == 1


async def test_edits_of_different_columns_are_both_kept_and_conflicts_store_nothing(village: Place) -> None:
    columns = await saved(village)
    edit = {"id": columns["id"], "baseRev": 1}
    first = await save(village, "officer", edit | {"cost": {"amount": "9", "currency": "IDR"}})
    assert first["outcome"] == "ACCEPTED"
    beside = await save(village, "officer", edit | {"trainer": "Budi"})
    assert (beside["outcome"], beside["workshop"]["cost"]["amount"]) == ("MERGED", "9.00")
    payload = await save(village, "officer", edit | {"cost": {"amount": "1500000.00", "currency": "MYR"}})
    assert (payload["outcome"], payload["workshop"]) == ("REJECTED", None)
    assert codes_and_paths(payload) == [("VERSION_CONFLICT", ["cost", "currency"])]
    assert len(await revisions(village, columns["id"])) == 3


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"title": None}, "REQUIRED", ["title"]),
        ({"title": "3507116304850001"}, "NUMBER_IN_TEXT", ["title"]),
        ({"cost": {"amount": "-1", "currency": "IDR"}}, "AMOUNT_NEGATIVE", ["cost", "amount"]),
        ({"heldOn": "2198"}, "DATE_FUTURE", ["heldOn"]),
        ({"heldOn": None}, "REQUIRED", ["heldOn"]),
        ({"villageCode": None}, "REQUIRED", ["villageCode"]),
        ({"villageCode": "35.07"}, "REGION_NOT_VILLAGE", ["villageCode"]),
        ({"villageCode": FAR}, "OUT_OF_SCOPE", ["villageCode"]),
        ({"baseRev": 1}, "NOT_FOUND", ["id"]),
    ],
)
async def test_it_is_refused_with_the_place_in_its_input(
    village: Place, changes: dict[str, Any], code: str, path: list[str]
) -> None:
    columns = workshop(**changes)
    payload = await save(village, "officer", columns)
    assert (payload["outcome"], codes_and_paths(payload)) == ("REJECTED", [(code, path)])
    id_ = uuid.UUID(columns["id"])
    assert await village.admin.fetchval("SELECT count(*) FROM workshop WHERE id = $1", id_) == 0
    audited = await village.admin.fetch("SELECT outcome FROM audit_event WHERE subject_id = $1", id_)
    assert [row["outcome"] for row in audited] == [code]


async def test_whom_it_names_is_looked_up_in_its_village(village: Place) -> None:
    here = (await village.new_household("DRAFT"))["members"][0]["id"]
    hidden = (await village.new_household("DRAFT", "stranger", villageCode=FAR))["members"][0]["id"]
    payload = await save(village, "officer", columns := workshop(hostId=here))
    assert (payload["outcome"], payload["workshop"]["host"]) == ("ACCEPTED", {"id": here})
    for host in (hidden, str(uuid.uuid4())):
        assert codes_and_paths(await save(village, "officer", columns | {"hostId": host})) == [
            ("NOT_FOUND", ["hostId"])
        ]


async def test_its_list_is_sent_as_a_whole_and_merged_entry_by_entry(village: Place) -> None:
    one, two, three = [member["id"] for member in (await village.new_household("DRAFT", people=3))["members"]]
    columns = await saved(village, visitors=[{"memberId": one, "paid": True}, {"memberId": two}])
    edit = {"id": columns["id"], "baseRev": 1}
    longer = [{"memberId": id_, "paid": id_ == one} for id_ in (one, two, three)]
    assert (await save(village, "second", edit | {"visitors": longer}))["outcome"] == "ACCEPTED"
    merged = await save(village, "officer", edit | {"visitors": [{"memberId": two, "paid": True}]})
    visitors = {visitor["member"]["id"]: visitor["paid"] for visitor in merged["workshop"]["visitors"]}
    assert (merged["outcome"], visitors) == ("MERGED", {two: True, three: False})
    twice = workshop(visitors=[{"memberId": one}, {"memberId": one, "paid": True}])
    assert codes_and_paths(await save(village, "officer", twice)) == [("LISTED_TWICE", ["visitors", "1"])]
    hidden = (await village.new_household("DRAFT", "stranger", villageCode=FAR))["members"][0]["id"]
    unseen = workshop(visitors=[{"memberId": one}, {"memberId": hidden}])
    assert codes_and_paths(await save(village, "officer", unseen)) == [("NOT_FOUND", ["visitors", "1", "memberId"])]


async def test_it_stays_in_its_village(village: Place) -> None:
    columns = await saved(village)
    payload = await save(village, "both villages", {"id": columns["id"], "villageCode": NEXT_DOOR})
    assert codes_and_paths(payload) == [("VILLAGE_FIXED", ["villageCode"])]


async def test_who_may_not_write_there_changes_nothing_and_learns_nothing(village: Place) -> None:
    columns = await saved(village)
    elsewhere = workshop(id=columns["id"], villageCode=NEXT_DOOR)
    assert codes_and_paths(await save(village, "next door", elsewhere)) == [("ID_TAKEN", ["id"])]
    assert codes_and_paths(await save(village, "next door", {"id": columns["id"], "baseRev": 1, "title": "x"})) == [
        ("NOT_FOUND", ["id"])
    ]
    refused = await village.query("verifier", SAVE, input=columns)
    assert refused.codes == ["FORBIDDEN"]
    hidden = await village.ask("stranger", "query($id: ID!) { node(id: $id) { id } }", id=columns["id"])
    assert hidden == {"node": None}
    assert len(await revisions(village, columns["id"])) == 1


async def test_its_id_names_no_other_record(village: Place) -> None:
    document = await village.new_household("DRAFT")
    payload = await save(village, "officer", workshop(id=document["members"][0]["id"]))
    assert codes_and_paths(payload) == [("ID_TAKEN", ["id"])]
    columns = await saved(village)
    refused = await village.submit("officer", household(id=columns["id"]))
    assert codes_and_paths(refused) == [("ID_TAKEN", ["household", "id"])]


async def test_only_its_recorder_writes_and_reads_what_is_protected(village: Place) -> None:
    columns = await saved(village, incident="Ancaman")
    change = {"id": columns["id"], "incident": "Tidak ada"}
    refused = await village.query("second", SAVE, input=change)
    assert refused.codes == ["FORBIDDEN"]
    seen = await save(village, "second", {"id": columns["id"], "baseRev": 1, "title": "Lain"})
    assert (seen["workshop"]["incident"], sorted(seen["workshop"]["withheld"])) == (None, ["harmed", "incident"])
    assert (await save(village, "officer", change))["workshop"]["incident"] == "Tidak ada"


async def test_a_warning_is_stored_and_told_only_to_those_who_see_its_column(village: Place) -> None:
    columns = workshop(harmed=60)
    recorded = await save(village, "officer", columns)
    assert (recorded["outcome"], codes_and_paths(recorded)) == ("ACCEPTED", [("AMOUNT_OUTLIER", ["harmed"])])
    assert recorded["userErrors"][0]["severity"] == "WARNING"
    other = await save(village, "second", {"id": columns["id"], "baseRev": 1, "title": "Lain"})
    assert (other["outcome"], other["userErrors"]) == ("ACCEPTED", [])


async def test_every_act_on_it_is_audited(village: Place) -> None:
    columns = await saved(village)
    await save(village, "officer", columns)
    await save(village, "officer", {"id": columns["id"], "title": "Lain"})
    rows = await village.admin.fetch(
        "SELECT ability, outcome, rev FROM audit_event WHERE subject_id = $1 ORDER BY id", uuid.UUID(columns["id"])
    )
    assert [tuple(row) for row in rows] == [
        ("household:submit", "ACCEPTED", 1),
        ("household:submit", "UNCHANGED", 1),
        ("household:submit", "ACCEPTED", 2),
    ]
