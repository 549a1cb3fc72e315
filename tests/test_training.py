"""Trainings: a village's record with entries, each keyed by the member who took part."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from registry.store.db import Transaction
from registry.values.bounds import LONGEST_ENTRIES
from registry.write import village_record
from registry.write.code_lookup import FIND
from tests.user_errors import codes_and_paths
from tests.village import FAR, HERE, NEXT_DOOR, Place

pytestmark = pytest.mark.anyio
SHOWN = """id withheld viewerCan village { code } title skill provider startsOn endsOn hours participantCount
  participants { member { id } completed certified outcomeAfter6Months } rev"""
SAVE = f"""mutation($input: TrainingInput!) {{ saveTraining(input: $input) {{
  outcome training {{ {SHOWN} }} userErrors {{ code severity path message }} }} }}"""
NODE = f"query($id: ID!) {{ node(id: $id) {{ ... on Training {{ {SHOWN} }} }} }}"


def training(*participants: dict[str, Any], **changes: Any) -> dict[str, Any]:
    columns = {
        "id": str(uuid.uuid4()),
        "villageCode": HERE,
        "title": "Menjahit tingkat dasar",
        "skill": "SEWING",
        "provider": "COMMUNITY_TRAINING_CENTRE",
        "startsOn": "2026-03-02",
        "endsOn": "2026-03-13",
        "hours": 80,
        "participants": list(participants),
    }
    return columns | changes


def took_part(member: str, **changes: Any) -> dict[str, Any]:
    return {"memberId": member, "completed": True, "certified": False} | changes


async def save(village: Place, who: str, columns: dict[str, Any]) -> Any:
    """Payload of `saveTraining`."""
    return (await village.ask(who, SAVE, input=columns))["saveTraining"]


async def saved(village: Place, columns: dict[str, Any], who: str = "officer", outcome: str = "ACCEPTED") -> Any:
    payload = await save(village, who, columns)
    assert (payload["outcome"], payload["userErrors"]) == (outcome, [])
    return payload["training"]


def who_took_part(stored: Any) -> set[str]:
    return {entry["member"]["id"] for entry in stored["participants"]}


async def people(village: Place, number: int = 3, code: str = HERE, author: str = "officer") -> list[str]:
    """The ids of so many members of a new household."""
    document = await village.new_household("DRAFT", author, villageCode=code, people=number)
    return [member["id"] for member in document["members"]]


async def rows(village: Place, id_: str) -> list[tuple[str, bool]]:
    """Member and whether archived, of every row of a training's participants."""
    query = "SELECT member_id::text, archived_at IS NOT NULL FROM training_participant WHERE record_id = $1 ORDER BY 1"
    return [tuple(row) for row in await village.admin.fetch(query, uuid.UUID(id_))]


async def test_a_training_shows_its_participants_and_what_became_of_them(village: Place) -> None:
    one, other, _ = await people(village)
    columns = training(took_part(one, certified=True, outcomeAfter6Months="Membuka usaha"), {"memberId": other})
    stored = await saved(village, columns)
    assert {entry["member"]["id"]: entry for entry in stored.pop("participants")} == {
        one: {
            "member": {"id": one},
            "completed": True,
            "certified": True,
            "outcomeAfter6Months": "Membuka usaha",
        },
        other: {"member": {"id": other}, "completed": False, "certified": False, "outcomeAfter6Months": None},
    }
    assert stored == {
        "id": columns["id"],
        "withheld": [],
        "viewerCan": ["PILLAR_RECORD"],
        "village": {"code": HERE},
        "title": "Menjahit tingkat dasar",
        "skill": "SEWING",
        "provider": "COMMUNITY_TRAINING_CENTRE",
        "startsOn": "2026-03-02",
        "endsOn": "2026-03-13",
        "hours": 80,
        "participantCount": 2,
        "rev": 1,
    }
    node = (await village.ask("viewer", NODE, id=columns["id"]))["node"]
    assert (node["withheld"], node["participants"], node["participantCount"]) == (["participants"], None, 2)


async def test_the_list_is_the_whole_list_null_is_empty_and_left_out_stays(village: Place) -> None:
    one, other, third = await people(village)
    columns = training(took_part(one), took_part(other))
    await saved(village, columns)
    without = {name: value for name, value in columns.items() if name != "participants"}
    assert who_took_part(await saved(village, without | {"title": "Lain"})) == {one, other}
    assert who_took_part(await saved(village, columns | {"participants": [took_part(third)]})) == {third}
    assert await rows(village, columns["id"]) == sorted([(one, True), (other, True), (third, False)])
    assert who_took_part(await saved(village, columns | {"participants": None})) == set()
    again = await saved(village, columns)
    assert (who_took_part(again), again["participantCount"], again["rev"]) == ({one, other}, 2, 5)
    assert len(await rows(village, columns["id"])) == 3  # the same rows came back


async def test_two_officers_who_each_add_a_participant_are_both_kept(village: Place) -> None:
    one, other, third = await people(village)
    columns = training(took_part(one))
    await saved(village, columns)
    edit = {"id": columns["id"], "baseRev": 1}
    await saved(village, edit | {"participants": [took_part(one), took_part(other)]}, "second")
    merged = await saved(village, edit | {"participants": [took_part(one), took_part(third)]}, outcome="MERGED")
    assert (who_took_part(merged), merged["rev"]) == ({one, other, third}, 3)


async def test_one_person_takes_part_in_several_trainings(village: Place) -> None:
    one, *_ = await people(village)
    first, second = training(took_part(one, certified=True)), training(took_part(one))
    for columns in (first, second):
        await saved(village, columns)
    await saved(village, second | {"participants": []})
    shown = (await village.ask("officer", NODE, id=first["id"]))["node"]
    assert (who_took_part(shown), shown["participants"][0]["certified"]) == ({one}, True)


async def test_together_officers_add_no_more_than_a_list_holds(village: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other, third = await people(village)
    columns = training(took_part(one))
    await saved(village, columns)
    edit = {"id": columns["id"], "baseRev": 1}
    await saved(village, edit | {"participants": [took_part(one), took_part(other)]}, "second")
    monkeypatch.setattr(village_record, "LONGEST_ENTRIES", 2)
    payload = await save(village, "officer", edit | {"participants": [took_part(one), took_part(third)]})
    assert codes_and_paths(payload) == [("UNKNOWN_VALUE", ["participants"])]
    assert await rows(village, columns["id"]) == sorted([(one, False), (other, False)])


async def test_the_same_participant_changed_differently_is_a_conflict_and_stores_nothing(village: Place) -> None:
    one, other, _ = await people(village)
    columns = training(took_part(one), took_part(other))
    await saved(village, columns)
    edit = {"id": columns["id"], "baseRev": 1}
    await saved(village, edit | {"participants": [took_part(one, outcomeAfter6Months="Bekerja"), took_part(other)]})
    mine = [took_part(other), took_part(one, outcomeAfter6Months="Menganggur")]
    refused = await save(village, "second", edit | {"participants": mine, "title": "Lain"})
    assert codes_and_paths(refused) == [("VERSION_CONFLICT", ["participants", "1", "outcomeAfter6Months"])]
    removed = await save(village, "second", edit | {"participants": [took_part(other)]})
    assert codes_and_paths(removed) == [("VERSION_CONFLICT", ["participants", one])]
    node = (await village.ask("officer", NODE, id=columns["id"]))["node"]
    assert (node["title"], node["rev"], len(node["participants"])) == (columns["title"], 2, 2)


async def test_a_participant_whom_others_removed_stays_removed_unless_changed(village: Place) -> None:
    one, other, third = await people(village)
    columns = training(took_part(one), took_part(other))
    await saved(village, columns)
    edit = {"id": columns["id"], "baseRev": 1}
    await saved(village, edit | {"participants": [took_part(one)]}, "second")
    echoed = [took_part(one), took_part(other), took_part(third)]
    merged = await saved(village, edit | {"participants": echoed}, outcome="MERGED")
    assert who_took_part(merged) == {one, third}
    mine = [took_part(one), took_part(other, certified=True)]
    changed = await save(village, "officer", edit | {"participants": mine})
    conflicts = [["participants", "1", "certified"], ["participants", "1"]]
    assert codes_and_paths(changed) == [("VERSION_CONFLICT", path) for path in conflicts]


async def test_a_resend_is_stored_once_also_at_once(village: Place) -> None:
    one, other, _ = await people(village)
    columns = training(took_part(one), took_part(other))
    payloads = await asyncio.gather(*[save(village, "officer", columns) for _ in range(4)])
    assert sorted(payload["outcome"] for payload in payloads) == ["ACCEPTED", *["UNCHANGED"] * 3]
    emptied = await saved(village, columns | {"participants": []})
    assert emptied["rev"] == 2  # an empty list is not one that was left out
    query = "SELECT count(*) FROM audit_event WHERE subject_id = $1 AND outcome = 'ACCEPTED'"
    assert await village.admin.fetchval(query, uuid.UUID(columns["id"])) == 2


async def test_a_participant_who_is_hidden_or_of_another_village_is_refused_at_their_place(village: Place) -> None:
    one, other, _ = await people(village)
    (hidden,) = await people(village, 1, FAR, "stranger")
    (next_door,) = await people(village, 1, NEXT_DOOR, "next door")
    for member in (hidden, str(uuid.uuid4())):
        refused = await save(village, "officer", training(took_part(one), took_part(member), took_part(other)))
        assert codes_and_paths(refused) == [("NOT_FOUND", ["participants", "1", "memberId"])]
    elsewhere = await save(village, "both villages", training(took_part(next_door)))
    assert codes_and_paths(elsewhere) == [("NOT_IN_VILLAGE", ["participants", "0", "memberId"])]


async def test_a_participant_who_has_left_stays_counted_and_is_not_shown(village: Place) -> None:
    one, other, _ = await people(village)
    columns = training(took_part(one), took_part(other))
    await saved(village, columns)
    await village.admin.execute("UPDATE member SET archived_at = now() WHERE id = $1", uuid.UUID(one))
    changed = await saved(village, columns | {"title": "Lain"})
    assert (who_took_part(changed), changed["participantCount"]) == ({other}, 2)


async def test_a_list_names_nobody_twice_and_is_bounded(village: Place) -> None:
    one, *_ = await people(village)
    twice = await save(village, "officer", training(took_part(one), took_part(one, certified=True)))
    assert codes_and_paths(twice) == [("LISTED_TWICE", ["participants", "1"])]
    too_many = training(*[took_part(str(uuid.uuid4())) for _ in range(LONGEST_ENTRIES + 1)])
    assert codes_and_paths(await save(village, "officer", too_many)) == [("UNKNOWN_VALUE", ["participants"])]
    answer = await village.query("officer", SAVE, input=training({"memberId": "x"}))
    assert answer.codes == ["BAD_USER_INPUT"]
    assert (await village.query("officer", SAVE, input=training({"memberId": " "}))).codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"endsOn": "2026-03-01"}, [("DATES_ORDER", ["endsOn"])]),
        ({"startsOn": None}, [("REQUIRED", ["startsOn"])]),
        ({"title": None}, [("REQUIRED", ["title"])]),
        ({"skill": "MAGIC"}, [("UNKNOWN_VALUE", ["skill"])]),
        ({"provider": "MAGIC"}, [("UNKNOWN_VALUE", ["provider"])]),
        ({"hours": 0}, [("UNKNOWN_VALUE", ["hours"])]),
    ],
)
async def test_a_wrong_training_is_refused_at_its_place(
    village: Place, changes: dict[str, Any], expected: list[tuple[str, list[str]]]
) -> None:
    assert codes_and_paths(await save(village, "officer", training(**changes))) == expected


async def test_a_code_that_was_loaded_is_one_of_its_own_list_alone(village: Place) -> None:
    add = """INSERT INTO reference_code (list, code, label_id, label_en, sort)
      VALUES ('SKILL', 'WEAVING', 'Tenun', 'weaving', 99)"""
    assert codes_and_paths(await save(village, "officer", training(skill="WEAVING"))) == [("UNKNOWN_VALUE", ["skill"])]
    await village.admin.execute(add)
    await saved(village, training(skill="WEAVING"))
    elsewhere = training(skill="WEAVING", provider="WEAVING")
    assert codes_and_paths(await save(village, "officer", elsewhere)) == [("UNKNOWN_VALUE", ["provider"])]


async def test_a_stored_code_is_not_sought_again(village: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    await village.admin.execute(
        "INSERT INTO reference_code (list, code, label_id, label_en, sort) VALUES ('SKILL', 'DYEING', 'Celup', '-', 98)"
    )
    sought: list[Any] = []
    rows_of = Transaction.rows

    async def recording(tx: Transaction, statement: Any, **arguments: Any) -> Any:
        sought.extend([arguments["codes"]] if statement is FIND else [])
        return await rows_of(tx, statement, **arguments)

    monkeypatch.setattr(Transaction, "rows", recording)
    columns = training(skill="DYEING")
    await saved(village, columns)
    await saved(village, columns | {"title": "Lain"})
    await saved(village, training())  # all its codes come with the program
    assert sought == [["DYEING"]]


async def test_what_is_wrong_with_a_participant_stands_at_its_place(village: Place) -> None:
    one, other, _ = await people(village)
    number = took_part(other, outcomeAfter6Months="3507116304850001")
    refused = await save(village, "officer", training(took_part(one), number))
    assert codes_and_paths(refused) == [("NUMBER_IN_TEXT", ["participants", "1", "outcomeAfter6Months"])]


async def test_entries_follow_a_recoding_of_their_village(village: Place) -> None:
    one, *_ = await people(village, 1)
    columns = training(took_part(one))
    await saved(village, columns)
    code = "SELECT area FROM training_participant WHERE record_id = $1"
    async with village.admin.transaction():
        recode = "UPDATE region SET code = $1 WHERE id = $2"
        await village.admin.execute(recode, "35.07.11.2099", village.regions[HERE])
        assert await village.admin.fetchval(code, uuid.UUID(columns["id"])) == "35.07.11.2099"
        await village.admin.execute(recode, HERE, village.regions[HERE])
    assert await village.admin.fetchval(code, uuid.UUID(columns["id"])) == HERE


async def test_the_list_of_trainings_has_the_newest_first(village: Place) -> None:
    await saved(village, training(startsOn="2024-01-01", endsOn=None))
    await saved(village, training(startsOn="2025-01-01", endsOn=None))
    query = "{ trainings(first: 50) { nodes { startsOn participants { member { id } } } } }"
    days = [node["startsOn"] for node in (await village.ask("officer", query))["trainings"]["nodes"]]
    assert days == sorted(days, reverse=True)
    assert {"2024-01-01", "2025-01-01"} <= set(days)
    assert (await village.ask("stranger", query))["trainings"]["nodes"] == []
