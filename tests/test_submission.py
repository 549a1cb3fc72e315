"""Submitting a household: stored once however often it is sent, merged by column, refused as a whole.

tests/test_workflow.py has what each state allows, tests/test_document.py what merging does.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from auth.area import NATIONAL, AreaSet
from auth.errors import Forbidden
from auth.principal import SETTINGS, Grant
from auth.role import Role
from registry.models.household_aggregate import CHILDREN, NOUNS
from registry.models.workflow import Intent
from registry.store.prepared import LARGEST
from registry.store.sql import Sql, arg
from registry.write.household import HouseholdSubmission
from registry.write.household_sql import storing
from registry.write.record import OPTIMISTIC_LOCK_TIMEOUT_MS, save
from schema.inputs.household import edit_of
from tests.accounts import new_account
from tests.eventually import waiting_for_locks
from tests.user_errors import codes
from tests.village import (
    FAR,
    HERE,
    NEXT_DOOR,
    OLD_CODE,
    RETURN,
    SPLIT,
    SUBMIT,
    SUCCESSORS,
    Place,
    episode,
    household,
    participation,
    person,
    shop,
    with_changes,
)

pytestmark = pytest.mark.anyio
SETTING = Sql(sa.select(sa.func.current_setting(arg("name", sa.Text()))))


def paths(payload: Any) -> list[str]:
    return [".".join(error["path"]) for error in payload["userErrors"]]


async def refused(village: Place, who: str, document: Any, **more: Any) -> Any:
    """The payload of a submission; checks that it is refused and stores nothing."""
    before = await village.admin.fetchval("SELECT count(*) FROM household_revision")
    payload = await village.submit(who, document, **more)
    assert (payload["outcome"], payload["household"]) == ("REJECTED", None)
    assert await village.admin.fetchval("SELECT count(*) FROM household_revision") == before
    return payload


async def stored(village: Place, document: Any, selection: str, who: str = "officer") -> Any:
    return await village.household(who, document["id"], selection)


# --- once ---------------------------------------------------------------------------------------------------------


async def test_a_new_household_is_stored_with_a_number_of_its_village(village: Place) -> None:
    first, second = household(), household()
    numbers = [(await village.submit("officer", h))["household"]["householdNo"] for h in (first, second)]
    assert [n.rpartition("-")[0][:13] for n in numbers] == [HERE, HERE]
    assert int(numbers[1][-4:]) == int(numbers[0][-4:]) + 1


async def test_repeated_content_is_unchanged(village: Place) -> None:
    document = household(people=2, businesses=[])
    document["businesses"] = [shop(document["members"][0], annualSales={"amount": "5.5", "currency": "IDR"})]
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    document["businesses"][0]["annualSales"]["amount"] = "5.50"
    for base in (None, 1):
        again = await village.submit("officer", document, base)
        assert (again["outcome"], again["household"]["rev"]) == ("UNCHANGED", 1)
    assert len((await stored(village, document, "events { to }"))["events"]) == 1


@pytest.mark.parametrize("save", ["DRAFT", "SUBMITTED"])
async def test_simultaneous_equal_submissions_are_stored_once(village: Place, save: str) -> None:
    document = household(people=3)
    payloads = await asyncio.gather(*[village.submit("officer", document, save=save) for _ in range(6)])
    assert sorted(s["outcome"] for s in payloads) == ["ACCEPTED"] + ["UNCHANGED"] * 5
    assert {s["household"]["householdNo"] for s in payloads} == {payloads[0]["household"]["householdNo"]}
    assert [e["rev"] for e in (await stored(village, document, "events { rev }"))["events"]] == [1]


async def test_a_repeated_submission_does_not_wait_for_new_households(village: Place) -> None:
    document, draft = household(), household()
    await village.submit("officer", document)
    await village.submit("officer", draft, save="DRAFT")
    part = {"id": draft["id"], "villageCode": HERE, "rt": "001"}
    async with asyncio.timeout(10), village.admin.transaction():
        # Like a new household that is being stored.
        await village.admin.execute("UPDATE household_number SET last = last")
        assert (await village.submit("officer", document))["outcome"] == "UNCHANGED"
        assert (await village.submit("officer", part, save="DRAFT"))["outcome"] == "MERGED"
    async with asyncio.timeout(10), village.admin.transaction():
        await village.admin.execute("UPDATE household SET updated_at = now() WHERE id = $1", uuid.UUID(document["id"]))
        again = asyncio.create_task(village.submit("officer", document))
        await waiting_for_locks(village.admin, 1)  # it has passed the village's numbers, and waits for the household
        assert (await village.submit("second", household()))["outcome"] == "ACCEPTED"
    assert (await again)["outcome"] == "UNCHANGED"


async def test_equal_submissions_that_wait_long_are_stored_once(village: Place) -> None:
    await village.submit("officer", household())
    document = household()
    async with village.admin.transaction():
        await village.admin.execute("UPDATE household_number SET last = last")
        payloads = [asyncio.create_task(village.submit("officer", document)) for _ in range(4)]
        # Longer than the optimistic attempt of each.
        await waiting_for_locks(village.admin, 4, 2 * OPTIMISTIC_LOCK_TIMEOUT_MS)
    assert sorted([(await s)["outcome"] for s in payloads]) == ["ACCEPTED"] + ["UNCHANGED"] * 3


async def test_simultaneous_new_households_get_consecutive_numbers(village: Place) -> None:
    payloads = await asyncio.gather(*[village.submit("next door", household(NEXT_DOOR)) for _ in range(8)])
    serials = sorted(int(s["household"]["householdNo"][-4:]) for s in payloads)
    assert serials == list(range(serials[0], serials[0] + 8))


OPENED = """SELECT DISTINCT relation::regclass::text FROM pg_locks WHERE mode = 'RowExclusiveLock' AND pid IN
  (SELECT pid FROM pg_locks WHERE NOT granted) AND relation::regclass::text = ANY($1)"""


@pytest.mark.parametrize("pillars", [[], [participation()]])
async def test_lists_after_the_last_that_has_rows_are_not_opened(village: Place, pillars: list[Any]) -> None:
    await village.submit("officer", household())
    document = household(pillars=pillars)
    async with village.admin.transaction():
        await village.admin.execute("UPDATE household_number SET last = last")
        payload = asyncio.create_task(village.submit("officer", document))
        await waiting_for_locks(village.admin, 1)
        opened = {row[0] for row in await village.admin.fetch(OPENED, list(CHILDREN))}
    assert (await payload)["outcome"] == "ACCEPTED"
    last = "pillar_participation" if pillars else "migration_episode"
    assert opened == set(CHILDREN[: CHILDREN.index(last) + 1])
    assert len((await stored(village, document, "pillars { id }"))["pillars"]) == len(pillars)


def test_the_largest_statement_of_a_household_stays_prepared() -> None:
    assert len(storing(tuple(CHILDREN), existing=True).text) <= LARGEST


async def test_simultaneous_edits_of_two_officers_are_merged(village: Place) -> None:
    document = await village.new_household("DRAFT")
    edits = [("officer", {"address": "Jalan Baru 2"}), ("second", {"hamlet": "Sumber"}), ("officer", {"rt": "004"})]
    payloads = await asyncio.gather(
        *[village.submit(who, {"id": document["id"]} | change, 1, "DRAFT") for who, change in edits]
    )
    assert sorted(s["outcome"] for s in payloads) == ["ACCEPTED", "MERGED", "MERGED"]
    assert await stored(village, document, "address hamlet rt rev") == {
        "address": "Jalan Baru 2",
        "hamlet": "Sumber",
        "rt": "004",
        "rev": 4,
    }


# --- changes ------------------------------------------------------------------------------------------------------


async def test_missing_fields_stay_null_clears_and_only_changes_raise_rev(village: Place) -> None:
    document = household()
    await village.submit("officer", document, save="DRAFT")
    changed = await village.submit("officer", {"id": document["id"], "hamlet": None, "rt": "007"}, 1, "DRAFT")
    assert (changed["outcome"], changed["household"]["rev"]) == ("ACCEPTED", 2)
    assert await stored(village, document, "hamlet rt address memberCount") == {
        "hamlet": None,
        "rt": "007",
        "address": document["address"],
        "memberCount": 1,
    }
    finished = await village.submit("officer", {"id": document["id"]}, 2)
    assert (finished["outcome"], finished["household"]["rev"]) == ("ACCEPTED", 2)
    assert finished["household"]["workflowState"] == "SUBMITTED"


async def test_a_part_of_a_value_can_be_sent_alone(village: Place) -> None:
    document = await village.new_household("DRAFT")
    await village.submit("officer", {"id": document["id"], "consent": {"givenBy": "Siti"}}, 1, "DRAFT")
    record = await stored(village, document, "consent { basis method givenBy }")
    assert record["consent"] == {"basis": "CONSENT", "method": "SIGNATURE", "givenBy": "Siti"}


async def test_without_base_rev_only_a_different_value_is_a_conflict(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    assert (await village.submit("officer", document))["outcome"] == "UNCHANGED"
    conflict = await refused(village, "officer", with_changes(document, address="Jalan Lain 9"))
    assert (codes(conflict), paths(conflict)) == (["VERSION_CONFLICT"], ["household.address"])
    assert (await village.submit("officer", with_changes(document, rw="02")))["outcome"] == "MERGED"


async def test_a_conflict_stores_nothing_of_the_edit(village: Place) -> None:
    document = await village.new_household("DRAFT")
    await village.submit("officer", {"id": document["id"], "address": "Jalan A"}, 1, "DRAFT")
    edit = {"id": document["id"], "address": "Jalan B", "hamlet": "Lor", "members": [person(2)]}
    conflict = await refused(village, "second", edit, base=1, save="DRAFT")
    assert paths(conflict) == ["household.address"]
    record = await stored(village, document, "address hamlet memberCount rev")
    assert record == {"address": "Jalan A", "hamlet": document["hamlet"], "memberCount": 1, "rev": 2}


async def test_an_unknown_base_rev_is_a_conflict(village: Place) -> None:
    document = await village.new_household("DRAFT")
    for base in (0, 2, -1, 2**31 - 1):
        conflict = await refused(village, "officer", with_changes(document, rt="1"), base=base, save="DRAFT")
        assert (codes(conflict), paths(conflict)) == (["VERSION_CONFLICT"], ["baseRev"])


async def test_a_removed_child_can_be_restored(village: Place) -> None:
    document = household(people=2)
    child = document["members"][1]
    await village.submit("officer", document, save="DRAFT")
    removal = {"id": document["id"], "members": [{"id": child["id"], "removed": True}]}
    assert (await village.submit("officer", removal, 1, "DRAFT"))["household"]["rev"] == 2
    assert (await village.submit("officer", removal, 2, "DRAFT"))["outcome"] == "UNCHANGED"
    assert (await stored(village, document, "memberCount members { id }"))["memberCount"] == 1
    assert (await village.ask("officer", "query($i: ID!) { node(id: $i) { id } }", i=child["id"]))["node"] is None
    back = await village.submit("officer", {"id": document["id"], "members": [child]}, 2, "DRAFT")
    assert (back["outcome"], back["household"]["rev"]) == ("ACCEPTED", 3)
    members = (await stored(village, document, "members { id fullName nikMasked }"))["members"]
    assert [m["id"] for m in members] == [m["id"] for m in document["members"]]
    assert members[1]["fullName"] == child["fullName"]
    assert members[1]["nikMasked"] == "3507" + "*" * 12


async def test_a_child_missing_from_its_list_is_not_removed(village: Place) -> None:
    document = household(people=3)
    await village.submit("officer", document, save="DRAFT")
    await village.submit("officer", with_changes(document, members=document["members"][:1], rt="3"), 1, "DRAFT")
    assert (await stored(village, document, "memberCount"))["memberCount"] == 3


async def test_removing_a_child_that_another_has_changed_is_a_conflict(village: Place) -> None:
    document = household(people=2)
    child = document["members"][1]
    await village.submit("officer", document, save="DRAFT")
    await village.submit("second", {"id": document["id"], "members": [{"id": child["id"], "seq": 7}]}, 1, "DRAFT")
    removal = {"id": document["id"], "members": [{"id": child["id"], "removed": True}]}
    assert codes(await refused(village, "officer", removal, base=1, save="DRAFT")) == ["VERSION_CONFLICT"]
    await village.submit("officer", removal, 2, "DRAFT")
    edit = {"id": document["id"], "members": [{"id": child["id"], "fullName": "Sari"}]}
    assert set(codes(await refused(village, "second", edit, base=2, save="DRAFT"))) == {"VERSION_CONFLICT"}


async def test_derived_columns_follow_the_document(village: Place) -> None:
    document = household()
    head = document["members"][0]
    document["migrations"] = [
        episode(head, stage="RETURNED", departedOn="2001", returnedOn="2004", returnReason="CONTRACT_ENDED"),
        episode(head),
    ]
    document["businesses"] = [shop(head, annualSales={"amount": "1000000", "currency": "IDR"})]
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    record = await stored(
        village,
        document,
        "migrations { seq underageAtDeparture } businesses { ownerCategory scale locationVillage { code } }"
        " members { stage age } head { id } status",
    )
    assert record["migrations"] == [
        {"seq": 2, "underageAtDeparture": False},
        {"seq": 1, "underageAtDeparture": True},
    ]
    (trade,) = record["businesses"]
    assert trade == {"ownerCategory": "ACTIVE_MIGRANT", "scale": "MICRO", "locationVillage": {"code": HERE}}
    assert record["members"][0]["stage"] == "WORKING_ABROAD"
    assert (record["head"]["id"], record["status"]) == (head["id"], "ACTIVE")


# --- whose id, whose village --------------------------------------------------------------------------------------


async def test_the_id_of_a_hidden_household_is_taken(village: Place) -> None:
    hidden = household(FAR)
    await village.submit("stranger", hidden)
    payload = await refused(village, "officer", household(id=hidden["id"]))
    assert (codes(payload), paths(payload)) == (["ID_TAKEN"], ["household.id"])
    assert (await village.household("stranger", hidden["id"], "rev"))["rev"] == 1


@pytest.mark.parametrize("place", [HERE, FAR])
async def test_the_id_of_a_child_of_another_household_is_taken(village: Place, place: str) -> None:
    other = household(place)
    await village.submit("stranger" if place == FAR else "officer", other)
    mine = household()
    mine["members"].append(person(2, id=other["members"][0]["id"]))
    payload = await refused(village, "officer", mine)
    assert (codes(payload), paths(payload)) == (["ID_TAKEN"], ["household.members.1.id"])


async def test_records_that_refer_to_a_taken_id_are_not_stored(village: Place) -> None:
    """For a number, an episode and a business of a member with a taken id, not even a hidden row is left."""
    other, mine = household(FAR), household()
    await village.submit("stranger", other)
    member = person(2, id=other["members"][0]["id"])
    mine["members"].append(member)
    mine["migrations"].append(episode(member))
    mine["businesses"].append(shop(member))
    counted = [*NOUNS, "identity", "finding", "household_revision", "workflow_event", "household_number"]

    async def rows() -> dict[str, int]:
        return {name: await village.admin.fetchval(f"SELECT count(*) FROM {name}") for name in counted}

    before, audited = await rows(), await village.admin.fetchval("SELECT count(*) FROM audit_event")
    answer = await refused(village, "officer", mine)
    assert (codes(answer), paths(answer)) == (["ID_TAKEN"], ["household.members.1.id"])
    assert await rows() == before
    assert await village.admin.fetchval("SELECT count(*) FROM audit_event") == audited + 1


async def test_an_id_may_occur_only_once_in_a_document(village: Place) -> None:
    document = household(people=2)
    document["members"][1]["id"] = document["members"][0]["id"].upper()
    answer = await village.query("officer", SUBMIT, household=document)
    assert answer.codes == ["BAD_USER_INPUT"]
    own = household()
    own["members"][0]["id"] = own["migrations"][0]["memberId"] = own["id"]
    payload = await refused(village, "officer", own)
    assert (codes(payload), paths(payload)) == (["ID_TAKEN"], ["household.members.0.id"])


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (NEXT_DOOR, "OUT_OF_SCOPE"),
        (FAR, "OUT_OF_SCOPE"),
        ("35.07.11", "REGION_NOT_VILLAGE"),
        ("35.07.11.2999", "REGION_UNKNOWN"),
        (SPLIT, "REGION_CODE_AMBIGUOUS"),
    ],
)
async def test_the_village_must_be_in_the_caller_s_areas(village: Place, code: str, problem: str) -> None:
    payload = await refused(village, "officer", household(code))
    assert (codes(payload), paths(payload)) == ([problem], ["household.villageCode"])
    if code == SPLIT:
        assert payload["userErrors"][0]["params"] == [{"name": "codes", "value": ", ".join(SUCCESSORS)}]


async def test_a_superseded_village_code_is_accepted_with_a_warning(village: Place) -> None:
    document = household(OLD_CODE)
    for outcome in ("ACCEPTED", "UNCHANGED"):
        payload = await village.submit("officer", document)
        assert payload["outcome"] == outcome
        (note,) = payload["userErrors"]
        assert (note["code"], note["severity"]) == ("REGION_CODE_SUPERSEDED", "WARNING")
        assert note["params"] == [{"name": "code", "value": HERE}]
    assert (await stored(village, document, "village { code }"))["village"]["code"] == HERE


async def test_a_business_may_be_in_any_village(village: Place) -> None:
    document = household()
    document["businesses"] = [shop(document["members"][0], locationVillageCode=FAR)]
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    assert (await village.submit("officer", document))["outcome"] == "UNCHANGED"
    where = (await stored(village, document, "businesses { locationVillage { code } }"))["businesses"]
    assert where == [{"locationVillage": {"code": FAR}}]
    document["businesses"][0]["locationVillageCode"] = "35.07.11.2999"
    unknown = await refused(village, "officer", document, base=1)
    assert paths(unknown) == ["household.businesses.0.locationVillageCode"]


async def test_a_superseded_village_of_a_business_gives_a_warning_each_time(village: Place) -> None:
    document = household()
    document["businesses"] = [shop(document["members"][0], locationVillageCode=OLD_CODE)]
    for outcome in ("ACCEPTED", "UNCHANGED"):
        payload = await village.submit("officer", document)
        assert (payload["outcome"], codes(payload)) == (outcome, ["REGION_CODE_SUPERSEDED"])


@pytest.mark.parametrize(
    ("code", "region", "problems"),
    [
        (HERE, HERE, []),
        (HERE, NEXT_DOOR, []),
        (HERE, SPLIT, []),
        (SPLIT, SPLIT, ["REGION_CODE_AMBIGUOUS"]),
        ("35.07.11", "35.07.11", ["REGION_NOT_VILLAGE"]),
        (OLD_CODE, HERE, ["OUT_OF_SCOPE"]),
    ],
)
async def test_an_outdated_grant_stores_a_household_only_in_a_current_village(
    village: Place, code: str, region: str, problems: list[str]
) -> None:
    """A grant's village counts only if today's map agrees."""
    id_ = await village.admin.fetchval("SELECT id FROM region WHERE code = $1", region)
    grant = Grant(Role.OFFICER, AreaSet.of(code), id_, dt.date(2020, 1, 1), None, active=True)
    officer = replace(await village.principal("officer"), grants=(grant,))
    edit, sent = edit_of(household(code))
    done = await save(village.database, village.vault, officer, HouseholdSubmission(edit, sent, None, Intent.SUBMIT), 1)
    assert [problem.code.value for problem in done.problems] == problems
    where = "SELECT r.code FROM household h JOIN region r ON (r.id, r.code) = (h.village_id, h.area) WHERE h.id = $1"
    assert await village.admin.fetchval(where, uuid.UUID(edit.id)) == (None if problems else HERE)


async def test_settings_left_in_a_session_open_nothing(village: Place) -> None:
    who, names = await village.principal("viewer"), ("write", *SETTINGS)

    async def leave(scope: str) -> None:
        async with village.database._connection() as connection:  # the most recently used one is acquired next
            for name in names:
                await connection.execute("SELECT set_config($1, $2, false)", f"app.{name}", scope)

    await leave(NATIONAL.literal())
    async with village.database.write(who, "submit") as tx:
        settings = {name: await tx.value(SETTING, name=f"app.{name}") for name in names}
    await leave("")
    assert settings == {"write": who.setting("submit")} | {name: who.setting(name) for name in SETTINGS}


async def test_a_read_cancelled_between_its_parts_does_not_affect_a_command(village: Place) -> None:
    who = await village.principal("officer")
    connection: Any = await village.database.pool.acquire()
    await connection.prepare("SELECT $1::int")  # asyncpg sends Sync only with the next part
    village.database.pool.release(connection)
    async with village.database.write(who, "submit") as tx:
        assert await tx.value(SETTING, name="app.user") == str(who.user_id)


async def test_only_its_author_may_change_a_protective_fact(village: Place) -> None:
    document = household()
    document["migrations"] = [episode(document["members"][0], proceduralStatus="PROCEDURAL")]
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    part = {"id": document["id"], "villageCode": HERE, "migrations": [{"id": document["migrations"][0]["id"]}]}
    for edit in (part, document):
        edit["migrations"][0]["proceduralStatus"] = "NON_PROCEDURAL"
        for base in (None, 1):
            answer = await village.query("second", SUBMIT, household=edit, baseRev=base)
            (error,) = answer.errors
            refusal = {"code": "FORBIDDEN", "field": "proceduralStatus"}
            assert error["extensions"] == refusal | {"class": "PROTECTIVE", "ability": "SEE_PROTECTIVE"}
    assert (await village.submit("officer", part, 1))["outcome"] == "ACCEPTED"


async def test_a_column_that_nobody_may_send_is_refused(village: Place) -> None:
    edit, code = edit_of(household())
    edit.sent["household"][edit.id]["verified_rev"] = 1
    sent = HouseholdSubmission(edit, code, None, Intent.SUBMIT)
    with pytest.raises(Forbidden):
        await save(village.database, village.vault, await village.principal("officer"), sent, 1)


# --- what is complete ---------------------------------------------------------------------------------------------


async def test_an_empty_document_names_what_is_missing(village: Place) -> None:
    nothing = await refused(village, "officer", {"id": str(uuid.uuid4())})
    assert (codes(nothing), paths(nothing)) == (["REQUIRED"], ["household.villageCode"])
    only = await refused(village, "officer", {"id": str(uuid.uuid4()), "villageCode": HERE})
    assert dict(zip(paths(only), codes(only), strict=True)) == {
        "household.visitResult": "REQUIRED",
        "household.kkNumber": "REQUIRED",
        "household.members": "REQUIRED",
        "household.migrations": "NO_PMI_IN_HOUSEHOLD",
        "household.consent.basis": "CONSENT_REQUIRED",
    }
    draft = await village.submit("officer", {"id": str(uuid.uuid4()), "villageCode": HERE}, save="DRAFT")
    assert (draft["outcome"], draft["userErrors"]) == ("ACCEPTED", [])


async def test_a_draft_needs_only_its_required_structure(village: Place) -> None:
    document = {"id": str(uuid.uuid4()), "villageCode": HERE, "members": [{"id": str(uuid.uuid4())}]}
    missing = await refused(village, "officer", document, save="DRAFT")
    assert (codes(missing), paths(missing)) == (["REQUIRED"], ["household.members.0.seq"])
    document["members"][0]["seq"] = 1  # type: ignore[index]
    assert (await village.submit("officer", document, save="DRAFT"))["outcome"] == "ACCEPTED"
    finished = await refused(village, "officer", {"id": document["id"]}, base=1)
    member = document["members"][0]["id"]  # type: ignore[index]
    assert f"household.members.{member}.fullName" in paths(finished)


async def test_every_problem_is_reported_at_its_path(village: Place) -> None:
    document = household(people=2)
    document["members"][0] |= {"nik": "3507113102850001", "birthDate": None}
    document["members"][1] |= {"relationToHead": "HEAD"}
    document["migrations"][0] |= {"country": "ID"}
    document["businesses"] = [shop(document["members"][0], annualSales={"amount": "-5", "currency": "IDR"})]
    payload = await refused(village, "officer", document)
    assert dict(zip(paths(payload), codes(payload), strict=True)) == {
        "household.members.0.birthDate": "REQUIRED",
        "household.members.0.nik": "NIK_INVALID_DATE",
        "household.members.1.relationToHead": "HEAD_NOT_UNIQUE",
        "household.migrations.0.country": "COUNTRY_IS_ID",
        "household.businesses.0.annualSales.amount": "AMOUNT_NEGATIVE",
    }


@pytest.mark.parametrize("people", [50, 51])
async def test_a_household_has_at_most_fifty_members(village: Place, people: int) -> None:
    document = household(people=people)
    if people == 50:
        assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
        return
    payload = await refused(village, "officer", document, save="DRAFT")
    assert (codes(payload), paths(payload)) == (["UNKNOWN_VALUE"], ["household.members"])


async def test_relations_must_stay_within_the_household(village: Place) -> None:
    other = await village.new_household("SUBMITTED")
    document = household()
    stranger = other["members"][0]["id"]
    document["migrations"][0]["memberId"] = stranger
    document["members"][0]["motherId"] = stranger
    document["businesses"] = [shop({"id": stranger})]
    payload = await refused(village, "officer", document)
    assert set(paths(payload)) >= {
        "household.migrations.0.memberId",
        "household.members.0.motherId",
        "household.businesses.0.ownerId",
    }


@pytest.mark.parametrize("save", ["DRAFT", "SUBMITTED"])
async def test_a_removed_member_may_not_be_referred_to(village: Place, save: str) -> None:
    """Mother, father, owner, migrant: the path leads to the reference, whether it was sent or not."""
    document = household(people=4)
    head, gone, child, other = document["members"]
    child["motherId"] = other["fatherId"] = gone["id"]
    trip, trade = episode(gone), shop(gone)
    document["migrations"].append(trip)
    document["businesses"] = [trade]
    await village.submit("officer", document, save=save)
    removal = {"id": gone["id"], "removed": True}
    alone = await refused(village, "officer", {"id": document["id"], "members": [removal]}, base=1, save=save)
    assert set(paths(alone)) == {
        f"household.members.{child['id']}.motherId",
        f"household.members.{other['id']}.fatherId",
        f"household.migrations.{trip['id']}.memberId",
        f"household.businesses.{trade['id']}.ownerId",
    }
    assert set(codes(alone)) == {"MEMBER_REMOVED"}
    beside: dict[str, Any] = {"id": document["id"], "members": [removal, {"id": child["id"]}]}
    beside["members"].append({"id": other["id"], "fatherId": None})
    beside |= {"businesses": [{"id": trade["id"], "ownerId": head["id"]}]}
    beside |= {"migrations": [{"id": trip["id"], "removed": True}]}
    still = await refused(village, "officer", beside, base=1, save=save)
    assert (paths(still), codes(still)) == (["household.members.1.motherId"], ["MEMBER_REMOVED"])
    beside["members"][1]["motherId"] = head["id"]
    assert (await village.submit("officer", beside, 1, save))["outcome"] == "ACCEPTED"


# --- drafts, findings, classes ------------------------------------------------------------------------------------

LISTS = (
    "{ households(first: 1000) { nodes { id } } members(first: 1000) { nodes { household { id } } }"
    " migrations(first: 1000) { nodes { household { id } } } }"
)


async def test_only_officers_of_its_village_see_a_draft(village: Place) -> None:
    document = await village.new_household("DRAFT")
    for who in ("officer", "second", "verifier", "coordinator", "viewer", "analyst", "ministry", "next door"):
        sees = who in ("officer", "second")
        lists = await village.ask(who, LISTS)
        listed = [document["id"] in [n.get("id") or n["household"]["id"] for n in lists[key]["nodes"]] for key in lists]
        assert listed == [sees] * 3, who
        for record in (document["id"], document["members"][0]["id"], document["migrations"][0]["id"]):
            node = await village.ask(who, "query($i: ID!) { node(id: $i) { id } }", i=record)
            assert (node["node"] is not None) == sees, who
    await village.submit("officer", {"id": document["id"]}, 1)
    assert (await village.household("viewer", document["id"], "memberCount"))["memberCount"] == 1


async def test_a_warning_is_stored_and_shown_by_its_class(village: Place) -> None:
    document = household()
    document["members"][0] |= {"birthDate": "1985-04-24"}  # the NIK has the 23rd
    document["migrations"][0] |= {"departedOn": "2001"}  # at the age of sixteen
    payload = await village.submit("officer", document)
    assert payload["outcome"] == "ACCEPTED"
    codes_by_reader: dict[str, set[str]] = {}
    for who in ("officer", "verifier", "province", "coordinator", "viewer"):
        record = await village.household(who, document["id"], "findings { code path severity message } withheld")
        codes_by_reader[who] = {f["code"] for f in record["findings"] or ()}
        assert ("findings" in record["withheld"]) == (record["findings"] is None)
    everything = {"NIK_DOB_MISMATCH", "UNDERAGE_DEPARTURE"}
    assert codes_by_reader["officer"] == codes_by_reader["coordinator"] == everything
    assert codes_by_reader["viewer"] == set()
    assert codes_by_reader["verifier"] <= everything
    # Who does not see numbers does not see findings about them.
    assert "NIK_DOB_MISMATCH" not in codes_by_reader["province"]


async def test_a_warning_stands_at_its_place_in_the_form(village: Place) -> None:
    document = household()
    document["businesses"] = [shop(document["members"][0], annualSales={"amount": "9" * 13, "currency": "IDR"})]
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    (finding,) = (await stored(village, document, "findings { code path }"))["findings"]
    assert finding == {"code": "AMOUNT_OUTLIER", "path": ["businesses", "0", "annualSales", "amount"]}
    remark = {"path": finding["path"], "text": "Terlalu besar."}
    returned = await village.ask("verifier", RETURN, id=document["id"], rev=1, remarks=[remark])
    assert returned["returnHousehold"]["userErrors"] == []  # a verifier may quote it


async def test_warnings_are_those_of_the_newest_revision(village: Place) -> None:
    document = household()
    document["members"][0] |= {"birthDate": "1985-04-24"}
    await village.submit("officer", document)
    assert len((await stored(village, document, "findings { code }"))["findings"]) == 1
    document["members"][0] |= {"birthDate": "1985-04-23"}
    await village.submit("officer", document, 1)
    assert (await stored(village, document, "findings { code }"))["findings"] == []


async def test_submitting_needs_the_ability(village: Place) -> None:
    for who in ("verifier", "coordinator", "viewer", "analyst", "ministry", "auditor", "nobody"):
        answer = await village.query(who, SUBMIT, household=household())
        assert answer.json["data"] == {"submitHousehold": None}
        assert [e["extensions"] for e in answer.errors] == [{"code": "FORBIDDEN", "ability": "HOUSEHOLD_SUBMIT"}]


async def test_a_returned_household_is_saved_and_submitted_again(village: Place) -> None:
    document = await village.new_household("RETURNED")
    saved = await village.submit("second", {"id": document["id"], "address": "Jalan Melati 1A"}, 1, "DRAFT")
    assert (saved["household"]["workflowState"], saved["household"]["rev"]) == ("RETURNED", 2)
    (remark,) = (await stored(village, document, "remarks { resolvedInRev }"))["remarks"]
    assert remark["resolvedInRev"] is None
    sent = await village.submit("second", {"id": document["id"], "rt": "009"}, 2)
    assert (sent["household"]["workflowState"], sent["household"]["rev"]) == ("SUBMITTED", 3)
    (remark,) = (await stored(village, document, "remarks { resolvedInRev }"))["remarks"]
    assert remark["resolvedInRev"] == 3


async def test_a_draft_can_move_to_another_village_but_a_submission_cannot(village: Place) -> None:
    await village.admin.execute(
        "INSERT INTO grants (user_id, role, region_id, national, valid_from)"
        " VALUES ($1, 'OFFICER', $2, false, '2019-01-01')",
        *(village.ids["stranger"], village.regions[NEXT_DOOR]),
    )
    document = household(FAR)
    await village.submit("stranger", document, save="DRAFT")
    moved = await village.submit("stranger", {"id": document["id"], "villageCode": NEXT_DOOR}, 1, "DRAFT")
    assert moved["outcome"] == "ACCEPTED", moved
    record = await village.household(
        "next door", document["id"], "village { code } members { household { village { code } } nikMasked }"
    )
    assert record["village"]["code"] == record["members"][0]["household"]["village"]["code"] == NEXT_DOOR
    await village.submit("stranger", {"id": document["id"]}, moved["household"]["rev"])
    back = await refused(
        village, "stranger", {"id": document["id"], "villageCode": FAR}, base=moved["household"]["rev"]
    )
    assert (codes(back), paths(back)) == (["TRANSITION_NOT_ALLOWED"], ["household.villageCode"])


async def test_the_businesses_of_a_draft_move_with_it(village: Place) -> None:
    """Except businesses in other villages, and those that the same edit places."""
    who = await new_account(village, ("OFFICER", FAR), ("OFFICER", NEXT_DOOR))
    document = household(FAR)
    owner = document["members"][0]
    here, elsewhere, stays = shop(owner), shop(owner, locationVillageCode=HERE), shop(owner)
    document["businesses"] = [here, elsewhere, stays]
    await village.submit(who, document, save="DRAFT")
    stay = [{"id": stays["id"], "locationVillageCode": FAR}]
    for _ in range(2):  # the second time it has moved already
        await village.submit(who, {"id": document["id"], "villageCode": NEXT_DOOR, "businesses": stay}, 1, "DRAFT")
    record = await village.household(who, document["id"], "rev businesses { id locationVillage { code } }")
    assert {b["id"]: b["locationVillage"]["code"] for b in record["businesses"]} == {
        here["id"]: NEXT_DOOR,
        elsewhere["id"]: HERE,
        stays["id"]: FAR,
    }
    assert record["rev"] == 2, "the new villages are in the revision"
    documents = await village.admin.fetch(
        "SELECT document FROM household_revision WHERE household_id = $1 ORDER BY rev", uuid.UUID(document["id"])
    )
    newest = orjson.loads(documents[-1]["document"])["business"][here["id"]]
    assert newest["location_village_id"] == str(village.regions[NEXT_DOOR])
