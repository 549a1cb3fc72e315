"""Submitting a household: stored once however often it is sent, merged by column, refused whole.

What the state of a household allows is in tests/test_workflow.py, what merging does in tests/test_document.py.
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
from registry.models.workflow import Act
from registry.store.sql import Sql, arg
from registry.write.household import HouseholdSubmission
from registry.write.record import OPTIMISTIC_LOCK_TIMEOUT_MS, save
from schema.inputs.household import edit_of
from tests.eventually import waiting_for_locks
from tests.village import (
    FAR,
    HERE,
    NEXT_DOOR,
    OLD_CODE,
    SPLIT,
    SUBMIT,
    SUCCESSORS,
    Place,
    episode,
    household,
    person,
    shop,
    with_changes,
)

pytestmark = pytest.mark.anyio
SETTING = Sql(sa.select(sa.func.current_setting(arg("name", sa.Text()))))


def codes(payload: Any) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


def paths(payload: Any) -> list[str]:
    return [".".join(error["path"]) for error in payload["userErrors"]]


async def refused(village: Place, who: str, document: Any, **more: Any) -> Any:
    """The payload of a submission that is refused and leaves nothing behind."""
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


async def test_the_same_content_again_is_unchanged(village: Place) -> None:
    made = household(people=2, businesses=[])
    made["businesses"] = [shop(made["members"][0], annualSales={"amount": "5.5", "currency": "IDR"})]
    assert (await village.submit("officer", made))["outcome"] == "ACCEPTED"
    made["businesses"][0]["annualSales"]["amount"] = "5.50"
    for base in (None, 1):
        again = await village.submit("officer", made, base)
        assert (again["outcome"], again["household"]["rev"]) == ("UNCHANGED", 1)
    assert len((await stored(village, made, "events { to }"))["events"]) == 1


@pytest.mark.parametrize("save", ["DRAFT", "SUBMITTED"])
async def test_a_double_send_at_the_same_moment_is_stored_once(village: Place, save: str) -> None:
    made = household(people=3)
    sent = await asyncio.gather(*[village.submit("officer", made, save=save) for _ in range(6)])
    assert sorted(s["outcome"] for s in sent) == ["ACCEPTED"] + ["UNCHANGED"] * 5
    assert {s["household"]["householdNo"] for s in sent} == {sent[0]["household"]["householdNo"]}
    assert [e["rev"] for e in (await stored(village, made, "events { rev }"))["events"]] == [1]


async def test_what_is_sent_again_waits_for_no_new_household(village: Place) -> None:
    made, draft = household(), household()
    await village.submit("officer", made)
    await village.submit("officer", draft, save="DRAFT")
    part = {"id": draft["id"], "villageCode": HERE, "rt": "001"}
    async with asyncio.timeout(10), village.admin.transaction():
        await village.admin.execute("UPDATE household_number SET last = last")  # as a new household does on its way
        assert (await village.submit("officer", made))["outcome"] == "UNCHANGED"
        assert (await village.submit("officer", part, save="DRAFT"))["outcome"] == "MERGED"
    async with asyncio.timeout(10), village.admin.transaction():
        await village.admin.execute("UPDATE household SET updated_at = now() WHERE id = $1", uuid.UUID(made["id"]))
        again = asyncio.create_task(village.submit("officer", made))
        await waiting_for_locks(village.admin, 1)  # it has the village's numbers, and waits for the household
        assert (await village.submit("second", household()))["outcome"] == "ACCEPTED"
    assert (await again)["outcome"] == "UNCHANGED"


async def test_a_double_send_that_waits_for_long_is_stored_once(village: Place) -> None:
    await village.submit("officer", household())
    made = household()
    async with village.admin.transaction():
        await village.admin.execute("UPDATE household_number SET last = last")
        sent = [asyncio.create_task(village.submit("officer", made)) for _ in range(4)]
        await waiting_for_locks(
            village.admin, 4, 2 * OPTIMISTIC_LOCK_TIMEOUT_MS
        )  # longer than the first, hurried attempt of each
    assert sorted([(await s)["outcome"] for s in sent]) == ["ACCEPTED"] + ["UNCHANGED"] * 3


async def test_numbers_stay_without_a_gap_when_many_arrive_at_once(village: Place) -> None:
    sent = await asyncio.gather(*[village.submit("next door", household(NEXT_DOOR)) for _ in range(8)])
    serials = sorted(int(s["household"]["householdNo"][-4:]) for s in sent)
    assert serials == list(range(serials[0], serials[0] + 8))


async def test_two_officers_at_the_same_moment_lose_nothing(village: Place) -> None:
    made = await village.new_household("DRAFT")
    edits = [("officer", {"address": "Jalan Baru 2"}), ("second", {"hamlet": "Sumber"}), ("officer", {"rt": "004"})]
    sent = await asyncio.gather(
        *[village.submit(who, {"id": made["id"]} | change, 1, "DRAFT") for who, change in edits]
    )
    assert sorted(s["outcome"] for s in sent) == ["ACCEPTED", "MERGED", "MERGED"]
    assert await stored(village, made, "address hamlet rt rev") == {
        "address": "Jalan Baru 2",
        "hamlet": "Sumber",
        "rt": "004",
        "rev": 4,
    }


# --- changes ------------------------------------------------------------------------------------------------------


async def test_left_out_stays_null_clears_and_rev_rises_with_content_only(village: Place) -> None:
    made = household()
    await village.submit("officer", made, save="DRAFT")
    changed = await village.submit("officer", {"id": made["id"], "hamlet": None, "rt": "007"}, 1, "DRAFT")
    assert (changed["outcome"], changed["household"]["rev"]) == ("ACCEPTED", 2)
    assert await stored(village, made, "hamlet rt address memberCount") == {
        "hamlet": None,
        "rt": "007",
        "address": made["address"],
        "memberCount": 1,
    }
    finished = await village.submit("officer", {"id": made["id"]}, 2)
    assert (finished["outcome"], finished["household"]["rev"]) == ("ACCEPTED", 2)
    assert finished["household"]["workflowState"] == "SUBMITTED"


async def test_a_part_of_a_value_can_be_sent_alone(village: Place) -> None:
    made = await village.new_household("DRAFT")
    await village.submit("officer", {"id": made["id"], "consent": {"givenBy": "Siti"}}, 1, "DRAFT")
    found = await stored(village, made, "consent { basis method givenBy }")
    assert found["consent"] == {"basis": "CONSENT", "method": "SIGNATURE", "givenBy": "Siti"}


async def test_without_base_rev_the_same_is_unchanged_and_another_value_is_a_conflict(village: Place) -> None:
    made = await village.new_household("SUBMITTED")
    assert (await village.submit("officer", made))["outcome"] == "UNCHANGED"
    clash = await refused(village, "officer", with_changes(made, address="Jalan Lain 9"))
    assert (codes(clash), paths(clash)) == (["VERSION_CONFLICT"], ["household.address"])
    assert (await village.submit("officer", with_changes(made, rw="02")))["outcome"] == "MERGED"


async def test_a_clash_stores_nothing_of_the_edit(village: Place) -> None:
    made = await village.new_household("DRAFT")
    await village.submit("officer", {"id": made["id"], "address": "Jalan A"}, 1, "DRAFT")
    edit = {"id": made["id"], "address": "Jalan B", "hamlet": "Lor", "members": [person(2)]}
    clash = await refused(village, "second", edit, base=1, save="DRAFT")
    assert paths(clash) == ["household.address"]
    found = await stored(village, made, "address hamlet memberCount rev")
    assert found == {"address": "Jalan A", "hamlet": made["hamlet"], "memberCount": 1, "rev": 2}


async def test_an_unknown_base_rev_is_a_conflict(village: Place) -> None:
    made = await village.new_household("DRAFT")
    for base in (0, 2, -1, 2**31 - 1):
        clash = await refused(village, "officer", with_changes(made, rt="1"), base=base, save="DRAFT")
        assert (codes(clash), paths(clash)) == (["VERSION_CONFLICT"], ["baseRev"])


async def test_a_removed_child_goes_and_comes_back(village: Place) -> None:
    made = household(people=2)
    sent = made["members"][1]
    await village.submit("officer", made, save="DRAFT")
    gone = {"id": made["id"], "members": [{"id": sent["id"], "removed": True}]}
    assert (await village.submit("officer", gone, 1, "DRAFT"))["household"]["rev"] == 2
    assert (await village.submit("officer", gone, 2, "DRAFT"))["outcome"] == "UNCHANGED"
    assert (await stored(village, made, "memberCount members { id }"))["memberCount"] == 1
    assert (await village.ask("officer", "query($i: ID!) { node(id: $i) { id } }", i=sent["id"]))["node"] is None
    back = await village.submit("officer", {"id": made["id"], "members": [sent]}, 2, "DRAFT")
    assert (back["outcome"], back["household"]["rev"]) == ("ACCEPTED", 3)
    members = (await stored(village, made, "members { id fullName nikMasked }"))["members"]
    assert [m["id"] for m in members] == [m["id"] for m in made["members"]]
    assert members[1]["fullName"] == sent["fullName"]
    assert members[1]["nikMasked"] == "3507" + "*" * 12


async def test_leaving_a_child_out_of_its_list_does_not_remove_it(village: Place) -> None:
    made = household(people=3)
    await village.submit("officer", made, save="DRAFT")
    await village.submit("officer", with_changes(made, members=made["members"][:1], rt="3"), 1, "DRAFT")
    assert (await stored(village, made, "memberCount"))["memberCount"] == 3


async def test_nobody_takes_out_what_another_has_changed(village: Place) -> None:
    made = household(people=2)
    child = made["members"][1]
    await village.submit("officer", made, save="DRAFT")
    await village.submit("second", {"id": made["id"], "members": [{"id": child["id"], "seq": 7}]}, 1, "DRAFT")
    gone = {"id": made["id"], "members": [{"id": child["id"], "removed": True}]}
    assert codes(await refused(village, "officer", gone, base=1, save="DRAFT")) == ["VERSION_CONFLICT"]
    await village.submit("officer", gone, 2, "DRAFT")
    edit = {"id": made["id"], "members": [{"id": child["id"], "fullName": "Sari"}]}
    assert set(codes(await refused(village, "second", edit, base=2, save="DRAFT"))) == {"VERSION_CONFLICT"}


async def test_derived_columns_follow_the_document(village: Place) -> None:
    made = household()
    head = made["members"][0]
    made["migrations"] = [
        episode(head, stage="RETURNED", departedOn="2001", returnedOn="2004", returnReason="CONTRACT_ENDED"),
        episode(head),
    ]
    made["businesses"] = [shop(head, annualSales={"amount": "1000000", "currency": "IDR"})]
    assert (await village.submit("officer", made))["outcome"] == "ACCEPTED"
    found = await stored(
        village,
        made,
        "migrations { seq underageAtDeparture } businesses { ownerCategory scale locationVillage { code } }"
        " members { stage age } head { id } status",
    )
    assert found["migrations"] == [
        {"seq": 2, "underageAtDeparture": False},
        {"seq": 1, "underageAtDeparture": True},
    ]
    (trade,) = found["businesses"]
    assert trade == {"ownerCategory": "ACTIVE_MIGRANT", "scale": "MICRO", "locationVillage": {"code": HERE}}
    assert found["members"][0]["stage"] == "WORKING_ABROAD"
    assert (found["head"]["id"], found["status"]) == (head["id"], "ACTIVE")


# --- whose id, whose village --------------------------------------------------------------------------------------


async def test_the_id_of_a_household_elsewhere_is_taken(village: Place) -> None:
    hidden = household(FAR)
    await village.submit("stranger", hidden)
    taken = await refused(village, "officer", household(id=hidden["id"]))
    assert (codes(taken), paths(taken)) == (["ID_TAKEN"], ["household.id"])
    assert (await village.household("stranger", hidden["id"], "rev"))["rev"] == 1


@pytest.mark.parametrize("place", [HERE, FAR])
async def test_the_id_of_a_child_of_another_household_is_taken(village: Place, place: str) -> None:
    other = household(place)
    await village.submit("stranger" if place == FAR else "officer", other)
    mine = household()
    mine["members"].append(person(2, id=other["members"][0]["id"]))
    taken = await refused(village, "officer", mine)
    assert (codes(taken), paths(taken)) == (["ID_TAKEN"], ["household.members.1.id"])


async def test_nothing_hangs_on_an_id_that_is_taken(village: Place) -> None:
    """A number, an episode and a business of a member whose id is another's: not even a row out of sight is left."""
    other, mine = household(FAR), household()
    await village.submit("stranger", other)
    taken = person(2, id=other["members"][0]["id"])
    mine["members"].append(taken)
    mine["migrations"].append(episode(taken))
    mine["businesses"].append(shop(taken))
    tables = ("household", "member", "migration_episode", "business", "identity", "finding", "household_revision")
    counted = [*tables, "workflow_event", "household_number"]

    async def rows() -> dict[str, int]:
        return {name: await village.admin.fetchval(f"SELECT count(*) FROM {name}") for name in counted}

    before, audited = await rows(), await village.admin.fetchval("SELECT count(*) FROM audit_event")
    answer = await refused(village, "officer", mine)
    assert (codes(answer), paths(answer)) == (["ID_TAKEN"], ["household.members.1.id"])
    assert await rows() == before
    assert await village.admin.fetchval("SELECT count(*) FROM audit_event") == audited + 1


async def test_an_id_stands_only_once_in_a_document(village: Place) -> None:
    made = household(people=2)
    made["members"][1]["id"] = made["members"][0]["id"].upper()
    answer = await village.query("officer", SUBMIT, household=made)
    assert answer.codes == ["BAD_USER_INPUT"]
    own = household()
    own["members"][0]["id"] = own["migrations"][0]["memberId"] = own["id"]
    taken = await refused(village, "officer", own)
    assert (codes(taken), paths(taken)) == (["ID_TAKEN"], ["household.members.0.id"])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (NEXT_DOOR, "OUT_OF_SCOPE"),
        (FAR, "OUT_OF_SCOPE"),
        ("35.07.11", "REGION_NOT_VILLAGE"),
        ("35.07.11.2999", "REGION_UNKNOWN"),
        (SPLIT, "REGION_CODE_AMBIGUOUS"),
    ],
)
async def test_the_village_must_be_one_of_the_callers(village: Place, code: str, said: str) -> None:
    payload = await refused(village, "officer", household(code))
    assert (codes(payload), paths(payload)) == ([said], ["household.villageCode"])
    if code == SPLIT:
        assert payload["userErrors"][0]["params"] == [{"name": "codes", "value": ", ".join(SUCCESSORS)}]


async def test_a_superseded_village_code_is_taken_with_a_warning(village: Place) -> None:
    made = household(OLD_CODE)
    for outcome in ("ACCEPTED", "UNCHANGED"):
        payload = await village.submit("officer", made)
        assert payload["outcome"] == outcome
        (note,) = payload["userErrors"]
        assert (note["code"], note["severity"]) == ("REGION_CODE_SUPERSEDED", "WARNING")
        assert note["params"] == [{"name": "code", "value": HERE}]
    assert (await stored(village, made, "village { code }"))["village"]["code"] == HERE


async def test_a_business_may_lie_in_any_village(village: Place) -> None:
    made = household()
    made["businesses"] = [shop(made["members"][0], locationVillageCode=FAR)]
    assert (await village.submit("officer", made))["outcome"] == "ACCEPTED"
    assert (await village.submit("officer", made))["outcome"] == "UNCHANGED"
    where = (await stored(village, made, "businesses { locationVillage { code } }"))["businesses"]
    assert where == [{"locationVillage": {"code": FAR}}]
    made["businesses"][0]["locationVillageCode"] = "35.07.11.2999"
    unknown = await refused(village, "officer", made, base=1)
    assert paths(unknown) == ["household.businesses.0.locationVillageCode"]


async def test_a_superseded_place_of_a_business_is_told_each_time_it_is_sent(village: Place) -> None:
    made = household()
    made["businesses"] = [shop(made["members"][0], locationVillageCode=OLD_CODE)]
    for outcome in ("ACCEPTED", "UNCHANGED"):
        payload = await village.submit("officer", made)
        assert (payload["outcome"], codes(payload)) == (outcome, ["REGION_CODE_SUPERSEDED"])


@pytest.mark.parametrize(
    ("code", "region", "said"),
    [
        (HERE, HERE, []),
        (HERE, NEXT_DOOR, []),
        (HERE, SPLIT, []),
        (SPLIT, SPLIT, ["REGION_CODE_AMBIGUOUS"]),
        ("35.07.11", "35.07.11", ["REGION_NOT_VILLAGE"]),
        (OLD_CODE, HERE, ["OUT_OF_SCOPE"]),
    ],
)
async def test_a_grant_of_yesterday_puts_no_household_where_no_village_is(
    village: Place, code: str, region: str, said: list[str]
) -> None:
    """What a grant says of its village is believed only as far as the map of today says the same."""
    id_ = await village.admin.fetchval("SELECT id FROM region WHERE code = $1", region)
    grant = Grant(Role.OFFICER, AreaSet.of(code), id_, dt.date(2020, 1, 1), None, active=True)
    officer = replace(await village.principal("officer"), grants=(grant,))
    edit, sent = edit_of(household(code))
    done = await save(village.database, village.vault, officer, HouseholdSubmission(edit, sent, None, Act.SUBMIT), 1)
    assert [problem.code.value for problem in done.problems] == said
    where = "SELECT r.code FROM household h JOIN region r ON (r.id, r.code) = (h.village_id, h.area) WHERE h.id = $1"
    assert await village.admin.fetchval(where, uuid.UUID(edit.id)) == (None if said else HERE)


async def test_what_was_left_in_a_session_opens_nothing(village: Place) -> None:
    who, names = await village.principal("viewer"), ("write", *SETTINGS)

    async def leave(scope: str) -> None:
        async with village.database._connection() as connection:  # the one that was used last is given next
            for name in names:
                await connection.execute("SELECT set_config($1, $2, false)", f"app.{name}", scope)

    await leave(NATIONAL.literal())
    async with village.database.write(who, "submit") as tx:
        found = {name: await tx.value(SETTING, name=f"app.{name}") for name in names}
    await leave("")
    assert found == {"write": who.setting("submit")} | {name: who.setting(name) for name in SETTINGS}


async def test_a_read_that_was_cancelled_between_its_parts_leaves_nothing_to_a_command(village: Place) -> None:
    who = await village.principal("officer")
    connection: Any = await village.database.pool.acquire()
    await connection.prepare("SELECT $1::int")  # asyncpg asks for an end only after the next part
    village.database.pool.release(connection)
    async with village.database.write(who, "submit") as tx:
        assert await tx.value(SETTING, name="app.user") == str(who.user_id)


async def test_a_protective_fact_is_written_by_its_recorder_alone(village: Place) -> None:
    made = household()
    made["migrations"] = [episode(made["members"][0], proceduralStatus="PROCEDURAL")]
    assert (await village.submit("officer", made))["outcome"] == "ACCEPTED"
    part = {"id": made["id"], "villageCode": HERE, "migrations": [{"id": made["migrations"][0]["id"]}]}
    for edit in (part, made):
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
    sent = HouseholdSubmission(edit, code, None, Act.SUBMIT)
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


async def test_a_draft_needs_its_skeleton_only(village: Place) -> None:
    made = {"id": str(uuid.uuid4()), "villageCode": HERE, "members": [{"id": str(uuid.uuid4())}]}
    missing = await refused(village, "officer", made, save="DRAFT")
    assert (codes(missing), paths(missing)) == (["REQUIRED"], ["household.members.0.seq"])
    made["members"][0]["seq"] = 1  # type: ignore[index]
    assert (await village.submit("officer", made, save="DRAFT"))["outcome"] == "ACCEPTED"
    finished = await refused(village, "officer", {"id": made["id"]}, base=1)
    member = made["members"][0]["id"]  # type: ignore[index]
    assert f"household.members.{member}.fullName" in paths(finished)


async def test_every_fault_is_named_at_its_place(village: Place) -> None:
    made = household(people=2)
    made["members"][0] |= {"nik": "3507113102850001", "birthDate": None}
    made["members"][1] |= {"relationToHead": "HEAD"}
    made["migrations"][0] |= {"country": "ID"}
    made["businesses"] = [shop(made["members"][0], annualSales={"amount": "-5", "currency": "IDR"})]
    payload = await refused(village, "officer", made)
    assert dict(zip(paths(payload), codes(payload), strict=True)) == {
        "household.members.0.birthDate": "REQUIRED",
        "household.members.0.nik": "NIK_INVALID_DATE",
        "household.members.1.relationToHead": "HEAD_NOT_UNIQUE",
        "household.migrations.0.country": "COUNTRY_IS_ID",
        "household.businesses.0.annualSales.amount": "AMOUNT_NEGATIVE",
    }


@pytest.mark.parametrize("people", [50, 51])
async def test_a_household_has_at_most_fifty_members(village: Place, people: int) -> None:
    made = household(people=people)
    if people == 50:
        assert (await village.submit("officer", made))["outcome"] == "ACCEPTED"
        return
    payload = await refused(village, "officer", made, save="DRAFT")
    assert (codes(payload), paths(payload)) == (["UNKNOWN_VALUE"], ["household.members"])


async def test_relations_point_into_the_household(village: Place) -> None:
    other = await village.new_household("SUBMITTED")
    made = household()
    stranger = other["members"][0]["id"]
    made["migrations"][0]["memberId"] = stranger
    made["members"][0]["motherId"] = stranger
    made["businesses"] = [shop({"id": stranger})]
    payload = await refused(village, "officer", made)
    assert set(paths(payload)) >= {
        "household.migrations.0.memberId",
        "household.members.0.motherId",
        "household.businesses.0.ownerId",
    }


@pytest.mark.parametrize("save", ["DRAFT", "SUBMITTED"])
async def test_a_removed_member_is_named_by_nothing_that_stays(village: Place, save: str) -> None:
    """Mother, father, owner, migrant: the path leads to the reference, sent or not, and the sentence is about it."""
    made = household(people=4)
    head, gone, child, other = made["members"]
    child["motherId"] = other["fatherId"] = gone["id"]
    trip, trade = episode(gone), shop(gone)
    made["migrations"].append(trip)
    made["businesses"] = [trade]
    await village.submit("officer", made, save=save)
    removal = {"id": gone["id"], "removed": True}
    alone = await refused(village, "officer", {"id": made["id"], "members": [removal]}, base=1, save=save)
    assert set(paths(alone)) == {
        f"household.members.{child['id']}.motherId",
        f"household.members.{other['id']}.fatherId",
        f"household.migrations.{trip['id']}.memberId",
        f"household.businesses.{trade['id']}.ownerId",
    }
    assert set(codes(alone)) == {"MEMBER_REMOVED"}
    beside: dict[str, Any] = {"id": made["id"], "members": [removal, {"id": child["id"]}]}
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


async def test_a_draft_is_there_for_the_officers_of_its_village_alone(village: Place) -> None:
    made = await village.new_household("DRAFT")
    for who in ("officer", "second", "verifier", "coordinator", "viewer", "analyst", "ministry", "next door"):
        sees = who in ("officer", "second")
        lists = await village.ask(who, LISTS)
        found = [made["id"] in [n.get("id") or n["household"]["id"] for n in lists[key]["nodes"]] for key in lists]
        assert found == [sees] * 3, who
        for record in (made["id"], made["members"][0]["id"], made["migrations"][0]["id"]):
            node = await village.ask(who, "query($i: ID!) { node(id: $i) { id } }", i=record)
            assert (node["node"] is not None) == sees, who
    await village.submit("officer", {"id": made["id"]}, 1)
    assert (await village.household("viewer", made["id"], "memberCount"))["memberCount"] == 1


async def test_a_warning_is_stored_and_shown_by_its_class(village: Place) -> None:
    made = household()
    made["members"][0] |= {"birthDate": "1985-04-24"}  # the NIK says the 23rd
    made["migrations"][0] |= {"departedOn": "2001"}  # at sixteen
    payload = await village.submit("officer", made)
    assert payload["outcome"] == "ACCEPTED"
    seen: dict[str, set[str]] = {}
    for who in ("officer", "verifier", "province", "coordinator", "viewer"):
        found = await village.household(who, made["id"], "findings { code path severity message } withheld")
        seen[who] = {f["code"] for f in found["findings"] or ()}
        assert ("findings" in found["withheld"]) == (found["findings"] is None)
    everything = {"NIK_DOB_MISMATCH", "UNDERAGE_DEPARTURE"}
    assert seen["officer"] == seen["coordinator"] == everything
    assert seen["viewer"] == set()
    assert seen["verifier"] <= everything
    assert "NIK_DOB_MISMATCH" not in seen["province"]  # without sight of numbers, none of what tells of them


async def test_warnings_are_those_of_the_newest_revision(village: Place) -> None:
    made = household()
    made["members"][0] |= {"birthDate": "1985-04-24"}
    await village.submit("officer", made)
    assert len((await stored(village, made, "findings { code }"))["findings"]) == 1
    made["members"][0] |= {"birthDate": "1985-04-23"}
    await village.submit("officer", made, 1)
    assert (await stored(village, made, "findings { code }"))["findings"] == []


async def test_only_who_may_submit_may_submit(village: Place) -> None:
    for who in ("verifier", "coordinator", "viewer", "analyst", "ministry", "auditor", "nobody"):
        answer = await village.query(who, SUBMIT, household=household())
        assert answer.json["data"] == {"submitHousehold": None}
        assert [e["extensions"] for e in answer.errors] == [{"code": "FORBIDDEN", "ability": "HOUSEHOLD_SUBMIT"}]


async def test_a_returned_household_is_saved_and_sent_again(village: Place) -> None:
    made = await village.new_household("RETURNED")
    saved = await village.submit("second", {"id": made["id"], "address": "Jalan Melati 1A"}, 1, "DRAFT")
    assert (saved["household"]["workflowState"], saved["household"]["rev"]) == ("RETURNED", 2)
    (remark,) = (await stored(village, made, "remarks { resolvedInRev }"))["remarks"]
    assert remark["resolvedInRev"] is None
    sent = await village.submit("second", {"id": made["id"], "rt": "009"}, 2)
    assert (sent["household"]["workflowState"], sent["household"]["rev"]) == ("SUBMITTED", 3)
    (remark,) = (await stored(village, made, "remarks { resolvedInRev }"))["remarks"]
    assert remark["resolvedInRev"] == 3


async def test_a_draft_can_go_to_another_village_of_the_officer_and_a_submission_cannot(village: Place) -> None:
    await village.admin.execute(
        "INSERT INTO grants (user_id, role, region_id, national, valid_from)"
        " VALUES ($1, 'OFFICER', $2, false, '2019-01-01')",
        *(village.ids["stranger"], village.regions[NEXT_DOOR]),
    )
    made = household(FAR)
    await village.submit("stranger", made, save="DRAFT")
    moved = await village.submit("stranger", {"id": made["id"], "villageCode": NEXT_DOOR}, 1, "DRAFT")
    assert moved["outcome"] == "ACCEPTED", moved
    found = await village.household(
        "next door", made["id"], "village { code } members { household { village { code } } nikMasked }"
    )
    assert found["village"]["code"] == found["members"][0]["household"]["village"]["code"] == NEXT_DOOR
    await village.submit("stranger", {"id": made["id"]}, moved["household"]["rev"])
    back = await refused(village, "stranger", {"id": made["id"], "villageCode": FAR}, base=moved["household"]["rev"])
    assert (codes(back), paths(back)) == (["TRANSITION_NOT_ALLOWED"], ["household.villageCode"])


async def test_the_businesses_of_a_draft_move_with_it(village: Place) -> None:
    """But those that stand elsewhere, and those that the same edit places, stay where they are."""
    who = "mover"
    village.ids[who] = uuid.uuid4()
    await village.admin.execute("INSERT INTO account (id, username, name) VALUES ($1, $2, $2)", village.ids[who], who)
    for code in (FAR, NEXT_DOOR):
        await village.admin.execute(
            "INSERT INTO grants (user_id, role, region_id, valid_from) VALUES ($1, 'OFFICER', $2, '2019-01-01')",
            *(village.ids[who], village.regions[code]),
        )
    made = household(FAR)
    owner = made["members"][0]
    here, elsewhere, stays = shop(owner), shop(owner, locationVillageCode=HERE), shop(owner)
    made["businesses"] = [here, elsewhere, stays]
    await village.submit(who, made, save="DRAFT")
    stay = [{"id": stays["id"], "locationVillageCode": FAR}]
    for _ in range(2):  # the second time it is there already
        await village.submit(who, {"id": made["id"], "villageCode": NEXT_DOOR, "businesses": stay}, 1, "DRAFT")
    found = await village.household(who, made["id"], "rev businesses { id locationVillage { code } }")
    assert {b["id"]: b["locationVillage"]["code"] for b in found["businesses"]} == {
        here["id"]: NEXT_DOOR,
        elsewhere["id"]: HERE,
        stays["id"]: FAR,
    }
    assert found["rev"] == 2, "what they say is in the revision"
    documents = await village.admin.fetch(
        "SELECT document FROM household_revision WHERE household_id = $1 ORDER BY rev", uuid.UUID(made["id"])
    )
    newest = orjson.loads(documents[-1]["document"])["business"][here["id"]]
    assert newest["location_village_id"] == str(village.regions[NEXT_DOOR])
