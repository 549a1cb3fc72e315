"""Cases: who records, sees and closes them, and what their household and migration must be."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import pytest

from registry.values.civil_day import civil_day
from tests.user_errors import codes_and_paths
from tests.village import FAR, HERE, NEXT_DOOR, Place, episode, household

pytestmark = pytest.mark.anyio
FIELDS = "id withheld viewerCan type status openedOn closedOn referredTo notes outcome rev"
SHOWN = f"{FIELDS} household {{ id }} migration {{ id }}"
SAVE = f"""mutation($input: CaseInput!) {{ saveCase(input: $input) {{
  outcome case {{ {SHOWN} }} userErrors {{ code severity path message params {{ name value }} }} }} }}"""
NODE = f"query($id: ID!) {{ node(id: $id) {{ ... on Case {{ {SHOWN} }} }} }}"
LIST = "query($filter: PillarFilter) { cases(filter: $filter, first: 100) { totalCount nodes { id } } }"
PROTECTIVE = ["notes", "outcome", "type"]


def case(of: Any, **changes: Any) -> dict[str, Any]:
    """A case of a household: wages that were not paid, received in July."""
    columns = {
        "id": str(uuid.uuid4()),
        "household": {"id": of["id"]} if of else None,
        "type": "UNPAID_WAGES",
        "status": "RECEIVED",
        "openedOn": "2026-07-14",
        "notes": "Gaji tiga bulan belum dibayar.",
    }
    return columns | changes


async def save(village: Place, who: str, columns: dict[str, Any]) -> Any:
    """Payload of `saveCase`."""
    return (await village.ask(who, SAVE, input=columns))["saveCase"]


async def saved(village: Place, columns: dict[str, Any], who: str = "officer") -> Any:
    payload = await save(village, who, columns)
    assert (payload["outcome"], payload["userErrors"]) == ("ACCEPTED", [])
    return payload["case"]


async def listed(village: Place, who: str, **filter_: Any) -> set[str]:
    page = (await village.ask(who, LIST, filter=filter_))["cases"]
    assert page["totalCount"] == len(page["nodes"])
    return {node["id"] for node in page["nodes"]}


async def recorded_by(village: Place, who: str, columns: dict[str, Any]) -> dict[str, Any]:
    """A case as it would be, had this person recorded it."""
    await saved(village, columns)
    id_, recorder = uuid.UUID(columns["id"]), village.ids[who]
    await village.admin.execute("UPDATE household_case SET created_by = $2 WHERE id = $1", id_, recorder)
    await village.admin.execute(
        "UPDATE record_revision SET created_by = $2, actor_id = $2 WHERE record_id = $1", id_, recorder
    )
    return columns


# --- recording --------------------------------------------------------------------------------------------------------


async def test_a_case_shows_its_recorder_everything(village: Place) -> None:
    home = await village.new_household("SUBMITTED")
    columns = case(home, migrationId=home["migrations"][0]["id"], referredTo="BP3MI", status="REFERRED")
    assert await saved(village, columns) == {
        "id": columns["id"],
        "withheld": [],
        "viewerCan": ["CASE_RECORD"],
        "type": "UNPAID_WAGES",
        "status": "REFERRED",
        "openedOn": "2026-07-14",
        "closedOn": None,
        "referredTo": "BP3MI",
        "notes": "Gaji tiga bulan belum dibayar.",
        "outcome": None,
        "rev": 1,
        "household": {"id": home["id"]},
        "migration": {"id": home["migrations"][0]["id"]},
    }


async def test_the_household_is_named_by_its_number_too(village: Place) -> None:
    home = await village.new_household("SUBMITTED")
    number = (await village.household("officer", home["id"], "householdNo"))["householdNo"]
    columns = case(home, household={"householdNo": f" {number} "})
    assert (await saved(village, columns))["household"] == {"id": home["id"]}
    again = await save(village, "officer", columns | {"household": {"id": home["id"]}})
    assert (again["outcome"], again["case"]["rev"]) == ("UNCHANGED", 1)


async def test_sent_twice_at_once_it_is_stored_once(village: Place) -> None:
    columns = case(await village.new_household("SUBMITTED"))
    payloads = await asyncio.gather(*[save(village, "officer", columns) for _ in range(4)])
    assert sorted(payload["outcome"] for payload in payloads) == ["ACCEPTED", *["UNCHANGED"] * 3]


async def test_a_household_has_its_cases_newest_first(village: Place) -> None:
    home = await village.new_household("SUBMITTED")
    old = await saved(village, case(home, openedOn="2025-01-01"))
    new = await saved(village, case(home, openedOn="2026-02-03"))
    shown = await village.household("officer", home["id"], "cases { id }")
    assert [row["id"] for row in shown["cases"]] == [new["id"], old["id"]]
    other = await village.new_household("SUBMITTED")
    assert (await village.household("officer", other["id"], "cases { id }"))["cases"] == []


# --- a successor ------------------------------------------------------------------------------------------------------


async def test_a_successor_closes_a_case_whose_type_and_notes_stay_with_their_writer(village: Place) -> None:
    home = await village.new_household("SUBMITTED")
    columns = case(home)
    await saved(village, columns)
    shown = (await village.ask("second", NODE, id=columns["id"]))["node"]
    assert (shown["type"], shown["notes"], sorted(shown["withheld"])) == (None, None, PROTECTIVE)
    assert shown["viewerCan"] == ["CASE_RECORD"]
    end = {"id": columns["id"], "baseRev": 1, "status": "CLOSED", "closedOn": "2026-08-01", "referredTo": "BP3MI"}
    closed = await save(village, "second", end)
    assert (closed["outcome"], closed["case"]["status"], closed["case"]["closedOn"]) == (
        "ACCEPTED",
        "CLOSED",
        "2026-08-01",
    )
    mine = (await village.ask("officer", NODE, id=columns["id"]))["node"]
    assert (mine["type"], mine["notes"], mine["status"], mine["rev"]) == (
        columns["type"],
        columns["notes"],
        "CLOSED",
        2,
    )


@pytest.mark.parametrize("change", [{"type": "DEATH"}, {"notes": None}, {"outcome": "Dibayar."}])
async def test_who_cannot_see_a_column_neither_writes_nor_clears_it(village: Place, change: dict[str, Any]) -> None:
    columns = case(await village.new_household("SUBMITTED"))
    await saved(village, columns)
    refused = await village.query("second", SAVE, input={"id": columns["id"], "baseRev": 1} | change)
    assert refused.codes == ["FORBIDDEN"]
    assert refused.errors[0]["extensions"]["field"] == next(iter(change))
    assert (await village.ask("officer", NODE, id=columns["id"]))["node"]["rev"] == 1


# --- who sees that it exists ------------------------------------------------------------------------------------------


async def test_the_coordinator_sees_that_a_case_exists_and_not_what_happened(village: Place) -> None:
    home = await village.new_household("SUBMITTED")
    columns = case(home)
    await saved(village, columns)
    shown = (await village.ask("coordinator", NODE, id=columns["id"]))["node"]
    assert (shown["status"], shown["openedOn"], shown["household"]) == ("RECEIVED", "2026-07-14", {"id": home["id"]})
    assert [shown[name] for name in PROTECTIVE] == [None] * 3
    assert (sorted(shown["withheld"]), shown["viewerCan"]) == (PROTECTIVE, [])
    assert columns["id"] in await listed(village, "coordinator")
    refused = await village.query("coordinator", SAVE, input={"id": columns["id"], "baseRev": 1, "status": "CLOSED"})
    assert refused.codes == ["FORBIDDEN"]


WITHOUT = ("viewer", "verifier", "province", "analyst", "ministry", "auditor", "nobody")


@pytest.mark.parametrize("who", WITHOUT)
async def test_who_does_not_see_the_class_sees_no_case_and_no_count(village: Place, who: str) -> None:
    home = await village.new_household("SUBMITTED")
    columns = case(home)
    await saved(village, columns)
    assert await village.ask(who, NODE, id=columns["id"]) == {"node": None}
    page = "totalCount nodes { id } edges { cursor node { id } } pageInfo { hasNextPage endCursor }"
    for query in (f"{{ cases {{ {page} }} }}", "{ cases { totalCount } }"):
        refused = await village.query(who, query)
        assert (refused.codes, refused.json["data"]) == (["FORBIDDEN"], {"cases": None})
        assert refused.errors[0]["extensions"]["field"] == "cases"
    if who not in ("auditor", "nobody"):  # who see no household at all
        shown = await village.household(who, home["id"], "withheld cases { id }")
        assert (shown["cases"], "cases" in shown["withheld"]) == (None, True)


async def test_officers_see_the_cases_of_their_own_villages(village: Place) -> None:
    home = await village.new_household("SUBMITTED")
    columns = case(home)
    await saved(village, columns)
    for who in ("next door", "stranger", "far coordinator", "desk", "other desk"):
        assert await village.ask(who, NODE, id=columns["id"]) == {"node": None}
        assert columns["id"] not in await listed(village, who)
        assert columns["id"] not in await listed(village, who, within=[HERE])
    for who in ("officer", "second", "both villages", "coordinator", "desk and officer"):
        assert columns["id"] in await listed(village, who)


async def test_a_former_officer_sees_nothing_of_what_they_recorded(village: Place) -> None:
    """Whoever is an officer elsewhere now recorded it when they were one here."""
    columns = await recorded_by(village, "next door", case(await village.new_household("SUBMITTED")))
    assert await village.ask("next door", NODE, id=columns["id"]) == {"node": None}
    assert columns["id"] not in await listed(village, "next door")
    again = await save(village, "next door", {"id": columns["id"], "baseRev": 1, "status": "IN_PROGRESS"})
    assert codes_and_paths(again) == [("NOT_FOUND", ["id"])]
    assert codes_and_paths(await save(village, "next door", columns)) == [("NOT_FOUND", ["household"])]


async def test_the_lists_of_a_caller_without_the_class_do_not_depend_on_cases(village: Place) -> None:
    """What everybody asks of a household is the same bytes, whether it has a case or not."""
    query = """query($id: ID!) { household(by: {id: $id}) { withheld viewerCan memberCount cases { id }
      events { rev } remarks { text } findings { code } updatedAt rev } households { totalCount } }"""
    home = await village.new_household("SUBMITTED")
    before = (await village.query("viewer", query, id=home["id"])).json["data"]
    await saved(village, case(home))
    assert (await village.query("viewer", query, id=home["id"])).json["data"] == before


# --- the household and the migration that it is about ----------------------------------------------------------------


async def hidden_households(village: Place) -> list[dict[str, str]]:
    """Keys of households that the officer does not see, and of one that does not exist."""
    archived = await village.new_household("SUBMITTED")
    await village.admin.execute("UPDATE household SET archived_at = now() WHERE id = $1", uuid.UUID(archived["id"]))
    keys = [{"id": str(uuid.uuid4())}, {"householdNo": f"{HERE}-2026-9999"}]
    others = [(await village.new_household("SUBMITTED", "next door", villageCode=NEXT_DOOR), "next door")]
    others += [(await village.new_household("DRAFT", "stranger", villageCode=FAR), "stranger")]
    for home, who in others:
        number = (await village.household(who, home["id"], "householdNo"))["householdNo"]
        keys += [{"id": home["id"]}, {"householdNo": number}]
    return [*keys, {"id": archived["id"]}]


async def test_an_absent_a_hidden_and_an_archived_household_are_refused_alike(village: Place) -> None:
    answers = []
    for key in await hidden_households(village):
        columns = case({}, household=key)
        answer = await village.query("officer", SAVE, input=columns)
        answers.append(answer.json["data"])
        assert codes_and_paths(answer.data["saveCase"]) == [("NOT_FOUND", ["household"])]
        assert await village.ask("officer", NODE, id=columns["id"]) == {"node": None}
    assert all(answer == answers[0] for answer in answers)


async def test_a_household_that_is_only_read_takes_no_case(village: Place) -> None:
    """Whoever reads a household and records cases elsewhere learns nothing by trying."""
    home = await village.new_household("SUBMITTED", "next door", villageCode=NEXT_DOOR)
    payload = await save(village, "all in one", case(home))
    assert codes_and_paths(payload) == [("NOT_FOUND", ["household"])]


async def test_the_migration_is_one_of_the_household(village: Place) -> None:
    home, other = [await village.new_household("SUBMITTED") for _ in range(2)]
    far = await village.new_household("SUBMITTED", "stranger", villageCode=FAR)
    refused = await save(village, "officer", case(home, migrationId=other["migrations"][0]["id"]))
    assert codes_and_paths(refused) == [("NOT_IN_HOUSEHOLD", ["migrationId"])]
    for id_ in (str(uuid.uuid4()), far["migrations"][0]["id"], home["members"][0]["id"]):
        payload = await save(village, "officer", case(home, migrationId=id_))
        assert codes_and_paths(payload) == [("NOT_FOUND", ["migrationId"])]


async def test_a_migration_that_was_removed_since_is_not_shown_and_keeps_nobody_from_closing(village: Place) -> None:
    home = await village.new_household("SUBMITTED")
    second = episode(home["members"][0], stage="RETURNED", departedOn="2018", returnedOn="2019") | {
        "returnReason": "CONTRACT_ENDED"
    }
    migrations = [*home["migrations"], second]
    assert (await village.submit("officer", home | {"migrations": migrations}, 1))["outcome"] == "ACCEPTED"
    columns = case(home, migrationId=second["id"])
    await saved(village, columns)
    removed = [*home["migrations"], {"id": second["id"], "removed": True}]
    assert (await village.submit("officer", home | {"migrations": removed}, 2))["outcome"] == "ACCEPTED"
    closed = await saved(village, {"id": columns["id"], "status": "CLOSED", "closedOn": "2026-08-01"})
    assert (closed["migration"], closed["status"]) == (None, "CLOSED")


async def test_a_case_stays_with_its_household(village: Place) -> None:
    home, other = [await village.new_household("SUBMITTED") for _ in range(2)]
    columns = case(home)
    await saved(village, columns)
    refused = await save(village, "officer", columns | {"household": {"id": other["id"]}})
    assert codes_and_paths(refused) == [("HOUSEHOLD_FIXED", ["household"])]
    gone = await save(village, "officer", columns | {"household": {"id": str(uuid.uuid4())}})
    assert codes_and_paths(gone) == [("NOT_FOUND", ["household"])]


async def test_a_case_moves_with_its_household(village: Place) -> None:
    home = await village.new_household("DRAFT", "both villages")
    columns = case(home)
    await saved(village, columns)
    moved = await village.submit("both villages", {"id": home["id"], "villageCode": NEXT_DOOR}, 1, "DRAFT")
    assert moved["outcome"] == "ACCEPTED", moved
    assert await village.ask("officer", NODE, id=columns["id"]) == {"node": None}
    assert columns["id"] in await listed(village, "next door", within=[NEXT_DOOR])
    shown = (await village.ask("next door", NODE, id=columns["id"]))["node"]
    assert (shown["type"], shown["household"]) == (None, {"id": home["id"]})
    end = {"id": columns["id"], "baseRev": 1, "status": "RESOLVED", "closedOn": "2026-08-01"}
    assert (await save(village, "next door", end))["outcome"] == "ACCEPTED"


async def test_a_case_is_saved_while_its_household_is_locked(village: Place) -> None:
    """A command that moves the household locks it first and its cases afterwards, so a case must not wait for it."""
    home = await village.new_household("SUBMITTED")
    number = (await village.household("officer", home["id"], "householdNo"))["householdNo"]
    columns = case(home)
    await saved(village, columns)
    async with village.admin.transaction():
        await village.admin.execute("SELECT FROM household WHERE id = $1 FOR UPDATE", uuid.UUID(home["id"]))
        edit = {"id": columns["id"], "household": {"householdNo": number}, "status": "IN_PROGRESS"}
        payload = await asyncio.wait_for(save(village, "officer", edit), 10)
    assert payload["outcome"] == "ACCEPTED"


async def test_a_case_of_a_draft_exists_for_those_who_see_the_draft(village: Place) -> None:
    home = await village.new_household("DRAFT")
    columns = case(home)
    await saved(village, columns)
    assert columns["id"] in await listed(village, "second")
    assert columns["id"] not in await listed(village, "coordinator")
    assert (await village.submit("officer", home, 1))["household"]["workflowState"] == "SUBMITTED"
    assert columns["id"] in await listed(village, "coordinator")


@pytest.mark.parametrize("status", ["RECEIVED", "IN_PROGRESS", "REFERRED"])
@pytest.mark.parametrize("who", ["officer", "coordinator"])
async def test_a_household_with_an_open_case_is_not_archived(village: Place, who: str, status: str) -> None:
    """Also not if the case is a desk's: whoever archives sees that there is one."""
    home = await village.new_household("VERIFIED")
    columns = await recorded_by(village, "desk", case(home, status=status))
    for _ in range(2):
        assert codes_and_paths(await village.archive(who, home)) == [("CASES_OPEN", ["id"])]
    assert await village.household("officer", home["id"], "workflowState") == {"workflowState": "VERIFIED"}
    await saved(village, {"id": columns["id"], "status": "RESOLVED", "closedOn": "2026-08-01"}, "desk")
    assert codes_and_paths(await village.archive(who, home)) == []


async def test_a_case_that_has_left_the_register_keeps_no_household_in_it(village: Place) -> None:
    home = await village.new_household("VERIFIED")
    columns = case(home)
    await saved(village, columns)
    await village.admin.execute("UPDATE household_case SET archived_at = now() WHERE id = $1", columns["id"])
    assert codes_and_paths(await village.archive("officer", home)) == []


async def test_no_case_is_added_to_a_household_while_it_is_archived(village: Place) -> None:
    """Whichever comes first, no household has left the register with an open case."""
    for _ in range(8):
        home = await village.new_household("VERIFIED")
        columns = case(home)
        archive, payload = await asyncio.gather(village.archive("coordinator", home), save(village, "officer", columns))
        stored = await village.ask("officer", NODE, id=columns["id"])
        if codes_and_paths(archive):
            assert (codes_and_paths(archive), payload["outcome"]) == ([("CASES_OPEN", ["id"])], "ACCEPTED")
        else:
            assert (codes_and_paths(payload), stored) == ([("NOT_FOUND", ["household"])], {"node": None})


async def test_a_case_stays_when_its_household_is_archived(village: Place) -> None:
    home = await village.new_household("VERIFIED")
    columns = case(home, status="CLOSED", closedOn="2026-08-01")
    await saved(village, columns)
    assert codes_and_paths(await village.archive("officer", home)) == []
    shown = (await village.ask("officer", NODE, id=columns["id"]))["node"]
    assert (shown["household"], shown["status"], shown["type"]) == (None, "CLOSED", "UNPAID_WAGES")
    assert (await save(village, "officer", columns))["outcome"] == "UNCHANGED"
    edited = await saved(village, {"id": columns["id"], "outcome": "Sudah dibayar."})
    assert edited["outcome"] == "Sudah dibayar."
    again = await saved(village, {"id": columns["id"], "status": "IN_PROGRESS", "closedOn": None})
    assert (again["status"], again["closedOn"], again["household"]) == ("IN_PROGRESS", None, None)


# --- the protection desk ----------------------------------------------------------------------------------------------


async def test_the_desk_records_no_case_of_a_household_that_it_does_not_see(village: Place) -> None:
    """Its answer is the same for one that exists and one that does not, by whichever key."""
    home = await village.new_household("SUBMITTED")
    number = (await village.household("officer", home["id"], "householdNo"))["householdNo"]
    absent = {"id": str(uuid.uuid4())}, {"householdNo": f"{HERE}-2026-9999"}
    before = await counts(village)
    keys = {"id": home["id"]}, {"householdNo": number}, *absent
    answers = [(await village.query("desk", SAVE, input=case(None, household=key))).json["data"] for key in keys]
    assert codes_and_paths(answers[0]["saveCase"]) == [("NOT_FOUND", ["household"])]
    assert all(answer == answers[0] for answer in answers)
    assert await counts(village) == before


async def counts(village: Place) -> list[int]:
    """How many cases and revisions are stored."""
    tables = ("household_case", "record_revision")
    return [await village.admin.fetchval(f"SELECT count(*) FROM {table}") for table in tables]


async def test_the_desk_keeps_its_own_cases_and_sees_nothing_of_their_household(village: Place) -> None:
    home = await village.new_household("SUBMITTED")
    columns = await recorded_by(village, "desk", case(home, migrationId=home["migrations"][0]["id"]))
    shown = (await village.ask("desk", NODE, id=columns["id"]))["node"]
    assert (shown["type"], shown["notes"], shown["status"]) == (columns["type"], columns["notes"], "RECEIVED")
    assert (shown["household"], shown["migration"]) == (None, None)
    assert (shown["withheld"], shown["viewerCan"]) == ([], ["CASE_RECORD"])
    edit = {"id": columns["id"], "status": "RESOLVED", "closedOn": "2026-08-01", "outcome": "Dipulangkan."}
    settled = await saved(village, edit, "desk")
    assert (settled["outcome"], settled["closedOn"], settled["rev"]) == ("Dipulangkan.", "2026-08-01", 2)
    assert (await save(village, "desk", edit))["outcome"] == "UNCHANGED"
    assert columns["id"] in await listed(village, "desk")
    assert (await village.query("desk", "{ households { totalCount } }")).codes == ["FORBIDDEN"]


async def test_one_desk_does_not_see_the_case_of_another(village: Place) -> None:
    home = await village.new_household("SUBMITTED")
    columns = await recorded_by(village, "desk", case(home))
    assert await village.ask("other desk", NODE, id=columns["id"]) == {"node": None}
    assert await listed(village, "other desk") == set()
    for edit in ({"baseRev": 1, "status": "CLOSED"}, {"status": "CLOSED"}):
        payload = await save(village, "other desk", {"id": columns["id"]} | edit)
        assert codes_and_paths(payload) == [("NOT_FOUND", ["id"]) if "baseRev" in edit else ("REQUIRED", ["household"])]
    absent = await save(village, "other desk", {"id": str(uuid.uuid4()), "baseRev": 1, "status": "CLOSED"})
    assert codes_and_paths(absent) == [("NOT_FOUND", ["id"])]


async def test_an_officer_closes_a_case_of_the_desk_and_the_desk_goes_on(village: Place) -> None:
    home = await village.new_household("SUBMITTED")
    columns = await recorded_by(village, "desk", case(home))
    shown = (await village.ask("officer", NODE, id=columns["id"]))["node"]
    assert (shown["type"], shown["notes"], shown["household"]) == (None, None, {"id": home["id"]})
    end = {"id": columns["id"], "baseRev": 1, "status": "CLOSED", "closedOn": "2026-08-01"}
    assert (await save(village, "officer", end))["outcome"] == "ACCEPTED"
    late = await saved(village, {"id": columns["id"], "baseRev": 2, "outcome": "Selesai."}, "desk")
    assert (late["status"], late["outcome"], late["rev"]) == ("CLOSED", "Selesai.", 3)


async def test_rights_of_a_desk_and_of_an_officer_do_not_multiply(village: Place) -> None:
    """What they see as officers is not their own as a desk: only what they recorded themselves is."""
    here = await recorded_by(village, "officer", case(await village.new_household("SUBMITTED")))
    far = await village.new_household("SUBMITTED", "stranger", villageCode=FAR)
    there = case(far)
    await saved(village, there, "stranger")
    shown = (await village.ask("desk and officer", NODE, id=here["id"]))["node"]
    assert (shown["type"], shown["viewerCan"]) == (None, ["CASE_RECORD"])
    assert await village.ask("desk and officer", NODE, id=there["id"]) == {"node": None}
    own = case(await village.new_household("SUBMITTED"))
    assert (await saved(village, own, "desk and officer"))["type"] == own["type"]


# --- rules ------------------------------------------------------------------------------------------------------------


def day(days: int) -> str:
    """A day counted from today, where the registry is."""
    return (civil_day() + dt.timedelta(days)).isoformat()


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"household": None}, "REQUIRED", ["household"]),
        ({"type": None}, "REQUIRED", ["type"]),
        ({"status": None}, "REQUIRED", ["status"]),
        ({"openedOn": None}, "REQUIRED", ["openedOn"]),
        ({"openedOn": day(1)}, "DATE_FUTURE", ["openedOn"]),
        ({"status": "CLOSED"}, "REQUIRED", ["closedOn"]),
        ({"status": "RESOLVED"}, "REQUIRED", ["closedOn"]),
        ({"closedOn": "2026-08-01"}, "CASE_STATUS_OPEN", ["closedOn"]),
        ({"status": "REFERRED", "closedOn": "2026-08-01"}, "CASE_STATUS_OPEN", ["closedOn"]),
        ({"status": "CLOSED", "closedOn": "2026-07-13"}, "DATES_ORDER", ["closedOn"]),
        ({"status": "CLOSED", "closedOn": day(1)}, "DATE_FUTURE", ["closedOn"]),
        ({"referredTo": "NOBODY"}, "UNKNOWN_VALUE", ["referredTo"]),
        ({"referredTo": "x" * 33}, "UNKNOWN_VALUE", ["referredTo"]),
        ({"notes": "x" * 1001}, "UNKNOWN_VALUE", ["notes"]),
        ({"notes": "NIK 3507116304850001"}, "NUMBER_IN_TEXT", ["notes"]),
        ({"outcome": "3507116304850001"}, "NUMBER_IN_TEXT", ["outcome"]),
        ({"baseRev": 1}, "NOT_FOUND", ["id"]),
    ],
)
async def test_it_is_refused_with_the_place_in_its_input(
    village: Place, changes: dict[str, Any], code: str, path: list[str]
) -> None:
    columns = case(await village.new_household("SUBMITTED"), **changes)
    sentences = set()
    for language in ("id", "en"):
        payload = (await village.query("officer", SAVE, language, input=columns)).data["saveCase"]
        assert (payload["outcome"], payload["case"], codes_and_paths(payload)) == ("REJECTED", None, [(code, path)])
        sentences.add(payload["userErrors"][0]["message"])
    assert len(sentences) == 2
    assert not any(value in sentence for value in ("x" * 33, "3507116304850001", "NOBODY") for sentence in sentences)
    assert await village.ask("officer", NODE, id=columns["id"]) == {"node": None}


async def test_an_id_in_use_is_taken_whatever_it_names(village: Place) -> None:
    """One answer for the id of a hidden case, of a visible record of another type, and of a hidden one."""
    home = await village.new_household("SUBMITTED")
    far = await village.new_household("SUBMITTED", "stranger", villageCode=FAR)
    hidden = case(far)
    await saved(village, hidden, "stranger")
    answers = []
    for id_ in (hidden["id"], home["id"], far["id"]):
        answer = await village.query("officer", SAVE, input=case(home, id=id_))
        answers.append(answer.json["data"])
    assert codes_and_paths(answers[0]["saveCase"]) == [("ID_TAKEN", ["id"])]
    assert all(answer == answers[0] for answer in answers)
    taken = await village.submit("officer", household(id=hidden["id"]))
    assert codes_and_paths(taken) == [("ID_TAKEN", ["household", "id"])]


# --- lists ------------------------------------------------------------------------------------------------------------


async def test_lists_are_filtered_by_place_day_status_and_programme(village: Place) -> None:
    home = await village.new_household("SUBMITTED", "stranger", villageCode=FAR)
    received = case(home, openedOn="2001-02-03")
    closed = case(home, openedOn="2001-02-04", status="CLOSED", closedOn="2002-01-01")
    for columns in (received, closed):
        await saved(village, columns, "stranger")
    everything = {received["id"], closed["id"]}
    filters: list[tuple[dict[str, Any], set[str]]] = [
        ({"caseStatus": ["RECEIVED"]}, {received["id"]}),
        ({"caseStatus": ["RECEIVED", "CLOSED"]}, everything),
        ({"caseStatus": []}, set()),
        ({"date": {"gt": "2001-02-03"}}, {closed["id"]}),
        ({"date": {"eq": "2001-02-03"}, "caseStatus": ["CLOSED"]}, set()),
        ({"within": [FAR]}, everything),
        ({"within": ["52"]}, everything),
        ({"within": [HERE]}, set()),
        ({"programme": ["DESMIGRATIF"]}, everything),
        ({"programme": ["OTHER"]}, set()),
    ]
    for filter_, ids in filters:
        dated = filter_ | {"date": {"gte": "2001-02-01", "lt": "2001-03-01"} | filter_.get("date", {})}
        assert await listed(village, "stranger", **dated) == ids, filter_


async def test_the_status_of_a_case_filters_no_other_list(village: Place) -> None:
    query = "query($filter: PillarFilter) { serviceVisits(filter: $filter) { totalCount } }"
    for who in ("officer", "viewer"):
        refused = await village.query(who, query, filter={"caseStatus": ["CLOSED"]})
        assert (refused.codes, refused.json.get("data")) == (["BAD_USER_INPUT"], None)


async def test_pages_of_cases_show_what_their_whole_list_shows(village: Place) -> None:
    home = await village.new_household("SUBMITTED", "stranger", villageCode=FAR)
    ids = [(await saved(village, case(home, openedOn=f"1999-01-{n:02}"), "stranger"))["id"] for n in range(1, 6)]
    query = """query($after: String) { cases(first: 2, after: $after, filter: {date: {lt: "1999-02-01"}}) {
      edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }"""
    paged, after = [], None
    for _ in range(3):
        page = (await village.ask("stranger", query, after=after))["cases"]
        paged += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert paged == ids[::-1]
    stolen = await village.query("far coordinator", query, after=page["edges"][0]["cursor"])
    assert stolen.codes == ["BAD_USER_INPUT"]


# --- traces -----------------------------------------------------------------------------------------------------------


async def test_the_audit_names_the_case_and_nothing_that_is_in_it(village: Place) -> None:
    columns = case(await village.new_household("SUBMITTED"))
    await saved(village, columns)
    refused = columns | {"baseRev": 1, "status": "CLOSED"}
    await save(village, "officer", refused)
    await village.query("viewer", SAVE, input=columns)
    await village.query("second", SAVE, input={"id": columns["id"], "baseRev": 1, "type": "DEATH"})
    rows = await village.admin.fetch("SELECT * FROM audit_event WHERE subject_id = $1", uuid.UUID(columns["id"]))
    assert sorted(row["outcome"] for row in rows) == ["ACCEPTED", "FORBIDDEN", "FORBIDDEN", "REQUIRED"]
    for row in rows:
        assert row["ability"] == "case:record"
        told = {name: value for name, value in row.items() if value is not None}
        assert told.keys() <= {"id", "at", "actor_id", "ability", "subject_id", "outcome", "rev"}, told
