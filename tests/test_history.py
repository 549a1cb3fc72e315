"""History: what each revision changed, for whom, and nothing that the record would not show them now."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.eventually import eventually
from tests.village import HERE, NEXT_DOOR, RETURN, Place, episode, household, shop

pytestmark = pytest.mark.anyio
HISTORY = """query($id: ID!, $since: Int, $first: Int, $after: String, $last: Int, $before: String) {
  household(by: {id: $id}) { history(sinceRev: $since, first: $first, after: $after, last: $last, before: $before) {
    totalCount pageInfo { hasNextPage hasPreviousPage endCursor startCursor }
    nodes { rev at source actor { accountId name role } changes { path before after withheld } } } } }"""
Change = tuple[str | None, str | None, bool]


async def history(village: Place, who: str, document: dict[str, Any], **paging: Any) -> list[dict[str, Any]]:
    """The revisions of a household as they see them."""
    page = (await village.ask(who, HISTORY, id=document["id"], **paging))["household"]["history"]
    nodes: list[dict[str, Any]] = page["nodes"]
    return nodes


def changes(revision: dict[str, Any]) -> dict[tuple[str, ...], Change]:
    """Path → before, after, whether the values are withheld."""
    by_path = {tuple(c["path"]): (c["before"], c["after"], c["withheld"]) for c in revision["changes"]}
    assert len(by_path) == len(revision["changes"])
    return by_path


async def edited(village: Place) -> dict[str, Any]:
    """A submitted household of two revisions, with a change of every class and kind."""
    document = household(people=2, phone="0812-3456-7890", welfareDecile=3, businesses=[])
    one, two = document["members"]
    document["businesses"] = [shop(one)]
    document["migrations"][0] |= {"proceduralStatus": "NON_PROCEDURAL", "passportNo": "B1234567"}
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    edit = {
        "id": document["id"],
        "hamlet": None,
        "address": "Jalan Mawar 2",
        "visitResult": "PARTIAL",
        "phone": "0812-9876-5432",
        "welfareDecile": 4,
        "consent": {"basis": "CONSENT", "method": "THUMBPRINT"},
        "members": [
            {"id": two["id"], "removed": True},
            {"id": one["id"], "fullName": "Siti Aminah", "birthDate": "1985"},
        ],
        "migrations": [
            {
                "id": document["migrations"][0]["id"],
                "proceduralStatus": "PROCEDURAL",
                "wage": {"amount": "4500.00", "currency": "HKD"},
                "passportNo": "C7654321",
            }
        ],
        "businesses": [
            {"id": document["businesses"][0]["id"], "permits": ["PIRT"], "locationVillageCode": NEXT_DOOR},
        ],
    }
    stored = await village.submit("officer", edit, 1)
    assert (stored["outcome"], stored["household"]["rev"]) == ("ACCEPTED", 2), stored
    return document


# --- what changed -----------------------------------------------------------------------------------------------------


async def test_a_revision_shows_each_changed_field_as_the_form_has_it(village: Place) -> None:
    document = await edited(village)
    (one, two), (move,), (business,) = document["members"], document["migrations"], document["businesses"]
    first, second = await history(village, "officer", document)
    assert (second["rev"], second["source"]) == (2, "WEB")
    assert second["actor"] == {"accountId": str(village.ids["officer"]), "name": "officer", "role": "OFFICER"}
    by_path = changes(second)
    removed = {path: by_path.pop(path) for path in list(by_path) if path[:2] == ("members", two["id"])}
    assert by_path == {
        ("hamlet",): ("Krajan", None, False),
        ("address",): ("Jalan Melati 1", "Jalan Mawar 2", False),
        ("visitResult",): ("COMPLETE", "PARTIAL", False),
        ("phone",): (None, None, True),
        ("welfareDecile",): ("3", "4", False),
        ("consent", "method"): ("SIGNATURE", "THUMBPRINT", False),
        ("members", one["id"], "fullName"): (one["fullName"], "Siti Aminah", False),
        ("members", one["id"], "birthDate"): ("1985-04-23", "1985", False),
        ("migrations", move["id"], "proceduralStatus"): ("NON_PROCEDURAL", "PROCEDURAL", False),
        ("migrations", move["id"], "wage", "amount"): (None, "4500.00", False),
        ("migrations", move["id"], "wage", "currency"): (None, "HKD", False),
        ("migrations", move["id"], "passportNo"): (None, None, True),
        ("businesses", business["id"], "permits"): (None, '["PIRT"]', False),
        ("businesses", business["id"], "locationVillageCode"): (HERE, NEXT_DOOR, False),
    }
    assert removed["members", two["id"], "fullName"] == (two["fullName"], None, False)
    assert removed["members", two["id"], "nik"] == (None, None, True)
    whole = changes(first)
    assert whole["address",] == (None, "Jalan Melati 1", False)
    assert whole["members", two["id"], "fullName"] == (None, two["fullName"], False)
    assert {before for before, _, _ in whole.values()} == {None}


async def test_a_number_is_never_shown_in_a_history_nor_its_mask(village: Place) -> None:
    document = await edited(village)
    for who in ("officer", "verifier", "coordinator", "ministry"):
        answer = await village.query(who, HISTORY, id=document["id"])
        assert answer.data["household"]["history"]["nodes"]
        for digits in (
            b"81234",
            b"81298",
            b"+62",
            b"B1234567",
            b"C7654321",
            b"B12",
            b"350711",
            b"****",
            b"sealed",
            b"blind",
        ):
            body = answer.body.replace(HERE.encode(), b"").replace(NEXT_DOOR.encode(), b"")
            assert digits not in body, (who, digits)


async def test_a_number_that_is_sent_again_has_not_changed(village: Place) -> None:
    document = await village.new_household("SUBMITTED", phone="0812-3456-7890")
    await village.submit("officer", {"id": document["id"], "phone": "0812-3456-7890", "rt": "007"}, 1)
    _, second = await history(village, "officer", document)
    assert changes(second) == {("rt",): (None, "007", False)}


async def test_a_number_that_is_sealed_with_another_key_has_not_changed(village: Place) -> None:
    def sealed(key: str, blind: str = "same") -> str:
        return f'{{"household": {{"1": {{"phone": {{"key_id": "{key}", "sealed": "{key}", "blind": "{blind}"}}}}}}}}'

    changed = "SELECT noun, fact FROM registry.changes_between($1::json, $2::json)"
    assert await village.admin.fetch(changed, sealed("k1"), sealed("k2")) == []
    rows = await village.admin.fetch(changed, sealed("k1"), sealed("k1", "another"))
    assert [tuple(row) for row in rows] == [("household", "phone")]


# --- for whom ---------------------------------------------------------------------------------------------------------


async def test_a_field_of_a_class_that_they_do_not_see_is_left_out(village: Place) -> None:
    """Neither its values nor that it changed; who sees no PERSONAL data sees the revisions without changes."""
    document = await edited(village)
    sees = {
        "officer": {"address", "phone", "welfareDecile", "proceduralStatus", "passportNo", "wage"},
        "second": {"address", "phone", "welfareDecile", "passportNo", "wage"},  # of the protective not the recorder
        "coordinator": {"address", "phone", "welfareDecile", "passportNo", "wage"},
        "verifier": {"address", "phone", "passportNo", "wage"},
        "ministry": {"address", "phone", "passportNo", "wage"},
        "province": {"address", "wage"},
    }
    asked = {"address", "phone", "welfareDecile", "proceduralStatus", "passportNo", "wage"}
    for who, expected in sees.items():
        record = await village.household(
            who, document["id"], "withheld migrations { withheld } history(first: 50) { nodes { changes { path } } }"
        )
        for revision in record["history"]["nodes"]:
            names = {name for change in revision["changes"] for name in change["path"]}
            assert names & (asked - {"wage"}) == expected - {"wage"}, who
    for who in ("viewer", "analyst"):
        for revision in await history(village, who, document):
            assert (revision["actor"], revision["changes"]) == (None, None)
            assert revision["rev"]


async def test_protective_fields_are_their_recorder_s_even_if_others_changed_the_household(village: Place) -> None:
    document = await edited(village)
    status = {"id": document["migrations"][0]["id"], "proceduralStatus": "NON_PROCEDURAL"}
    stored = await village.submit("officer", {"id": document["id"], "migrations": [status]}, 2)
    assert stored["outcome"] == "ACCEPTED"
    path = ("migrations", status["id"], "proceduralStatus")
    (third,) = await history(village, "officer", document, since=2)
    assert changes(third) == {path: ("PROCEDURAL", "NON_PROCEDURAL", False)}
    for who in ("second", "verifier", "coordinator", "ministry", "province"):
        (third,) = await history(village, who, document, since=2)
        assert third["changes"] == [], who


async def test_what_another_removed_stays_protected(village: Place) -> None:
    """Whoever removes a record is not its recorder, so they do not learn from the history what they could not see."""
    document = await edited(village)
    (move,) = document["migrations"]
    changed = [{"id": move["id"], "removed": True}, episode(document["members"][0])]
    amended = await village.amend("second", {"id": document["id"], "migrations": changed}, 2)
    assert amended["outcome"] == "ACCEPTED", amended
    path = ("migrations", move["id"], "proceduralStatus")
    (third,) = await history(village, "officer", document, since=2)
    assert changes(third)[path] == ("PROCEDURAL", None, False)
    (third,) = await history(village, "second", document, since=2)
    assert path not in changes(third)
    assert changes(third)["migrations", move["id"], "country"] == ("HK", None, False)


async def test_a_revision_names_whoever_saved_it_as_they_were_called_then(village: Place) -> None:
    document = await village.new_household("VERIFIED_VILLAGE")
    assert (await village.amend("officer", {"id": document["id"], "rt": "007"}))["outcome"] == "ACCEPTED"
    of_rev = "UPDATE workflow_event SET {} WHERE household_id = $1 AND rev = 1 AND actor_name = $2"
    renamed, earlier = of_rev.format("actor_name = 'Nama lama'"), of_rev.format("at = at - interval '1 day'")
    await village.admin.execute(earlier, document["id"], "verifier")  # an act of others, whenever it was
    await village.admin.execute(renamed, document["id"], "officer")
    first, second = await history(village, "officer", document)
    assert (first["actor"]["name"], second["actor"]["name"]) == ("Nama lama", "officer")
    assert first["actor"]["accountId"] == second["actor"]["accountId"] == str(village.ids["officer"])


async def test_a_former_officer_has_no_history(village: Place) -> None:
    document = await edited(village)
    assert await village.household("stranger", document["id"], "history { totalCount }") is None
    grant = "UPDATE grants SET active = $2 WHERE user_id = $1 AND role = 'OFFICER'"
    await village.admin.execute(grant, village.ids["second"], False)
    try:

        async def is_gone() -> bool:  # when the notification has dropped the grants that the server remembers
            answer = await village.query("second", HISTORY, id=document["id"])
            return bool(answer.json["data"] == {"household": None})

        assert await eventually(is_gone)
    finally:
        await village.admin.execute(grant, village.ids["second"], True)


# --- drafts -----------------------------------------------------------------------------------------------------------


async def test_what_only_ever_was_a_draft_is_for_those_who_may_submit(village: Place) -> None:
    """Nor is it the `before` of a change that others see, nor counted."""
    document = await village.new_household("DRAFT", address="Rahasia 1")
    for rev, address in ((1, "Rahasia 2"), (2, "Rahasia 3")):
        await village.submit("officer", {"id": document["id"], "address": address}, rev, "DRAFT")
    await village.submit("second", {"id": document["id"], "address": "Jalan Melati 1"}, 3)
    await village.submit("second", {"id": document["id"], "address": "Jalan Mawar 2"}, 4)
    assert [revision["rev"] for revision in await history(village, "second", document)] == [1, 2, 3, 4, 5]
    for who in ("verifier", "coordinator", "ministry"):
        answer = await village.query(who, HISTORY, id=document["id"])
        page = answer.data["household"]["history"]
        assert [revision["rev"] for revision in page["nodes"]] == [4, 5], who
        assert page["totalCount"] == 2
        assert b"Rahasia" not in answer.body
        assert changes(page["nodes"][0])["address",] == (None, "Jalan Melati 1", False)
        assert changes(page["nodes"][1])["address",] == ("Jalan Melati 1", "Jalan Mawar 2", False)


async def test_what_others_saw_before_a_withdrawal_stays_in_their_history(village: Place) -> None:
    document = await village.new_household("SUBMITTED", address="Jalan Melati 1")
    await village.withdraw("officer", document)
    await village.submit("officer", {"id": document["id"], "address": "Rahasia 1"}, 1, "DRAFT")
    await village.submit("officer", {"id": document["id"], "address": "Jalan Mawar 2"}, 2)
    revisions = await history(village, "verifier", document)
    assert [revision["rev"] for revision in revisions] == [1, 3]
    assert changes(revisions[1])["address",] == ("Jalan Melati 1", "Jalan Mawar 2", False)


async def test_a_draft_that_was_sent_unchanged_is_a_revision_for_everybody(village: Place) -> None:
    document = await village.new_household("DRAFT")
    await village.submit("second", {"id": document["id"]}, 1)
    (revision,) = await history(village, "verifier", document)
    assert (revision["rev"], revision["actor"]["name"]) == (1, "officer")  # who saved it, not who sent it


async def test_a_household_that_moved_here_shows_the_history_that_it_has(village: Place) -> None:
    """Row security shows its revisions where it lies today; what was protective there stays its recorder's."""
    document = household(NEXT_DOOR)
    document["migrations"][0] |= {"proceduralStatus": "NON_PROCEDURAL"}
    await village.submit("next door", document, save="DRAFT")
    moved = await village.submit("both villages", {"id": document["id"], "villageCode": HERE}, 1, "DRAFT")
    assert moved["outcome"] == "ACCEPTED"
    await village.submit("officer", {"id": document["id"], "rt": "007"}, 1)
    assert await village.household("next door", document["id"], "history { totalCount }") is None
    revisions = await history(village, "officer", document)
    assert [revision["rev"] for revision in revisions] == [1, 2]
    assert not [path for revision in revisions for path in changes(revision) if "proceduralStatus" in path]
    assert changes(revisions[0])["address",] == (None, "Jalan Melati 1", False)


# --- pages and their price --------------------------------------------------------------------------------------------


async def test_a_history_is_paged_and_narrowed(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    for rev in range(1, 7):
        await village.submit("officer", {"id": document["id"], "rt": f"{rev:03d}"}, rev)
    revs: list[int] = []
    after = None
    while True:
        page = (await village.ask("officer", HISTORY, id=document["id"], first=3, after=after))["household"]["history"]
        revs += [revision["rev"] for revision in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert page["totalCount"] == 7
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert revs == [1, 2, 3, 4, 5, 6, 7]
    assert [r["rev"] for r in await history(village, "officer", document, last=2)] == [6, 7]
    assert [r["rev"] for r in await history(village, "officer", document, since=4)] == [5, 6, 7]
    assert [r["rev"] for r in await history(village, "officer", document, since=4, first=1)] == [5]
    assert await history(village, "officer", document, since=7) == []
    foreign = await village.query("officer", HISTORY, id=document["id"], since=2, after=after)
    assert foreign.codes == ["BAD_USER_INPUT"]  # a cursor of another list


async def test_a_history_is_read_by_one_statement(village: Place) -> None:
    document = await edited(village)
    before = len(village.statements)
    await history(village, "officer", document)
    assert len(village.statements) == before + 1


async def test_too_many_changes_are_refused_before_anything_is_read(village: Place) -> None:
    text = "{ households(first: %d) { nodes { history(last: %d) { nodes { changes { path before after } } } } } }"
    for households, revisions in ((1, 1000), (1000, 1), (50, 20)):
        before = len(village.statements)
        answer = await village.query("officer", text % (households, revisions))
        assert answer.codes == ["QUERY_TOO_COMPLEX"], (households, revisions)
        assert len(village.statements) == before
    assert not (await village.query("officer", text % (20, 1))).errors
    too_many = await village.query("officer", "{ households { nodes { history(first: 1001) { totalCount } } } }")
    assert too_many.codes == ["PAGE_TOO_LARGE"]


async def test_the_largest_household_has_a_history(village: Place) -> None:
    document = household(people=50, rt="001")
    document["migrations"] = [episode(member) for member in document["members"]]
    document["businesses"] = [
        shop(document["members"][0], name=f"Warung {n}", description="x" * 1000) for n in range(50)
    ]
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    renamed = [{"id": member["id"], "fullName": f"Orang {n}"} for n, member in enumerate(document["members"])]
    assert (await village.submit("officer", {"id": document["id"], "members": renamed}, 1))["outcome"] == "ACCEPTED"
    first, second = await history(village, "officer", document)
    assert len(changes(second)) == 50
    assert len(changes(first)) > 50 * 12
    assert uuid.UUID(first["actor"]["accountId"]) == village.ids["officer"]


# --- commands that name a revision ------------------------------------------------------------------------------------


async def withdrawn_and_changed(village: Place) -> dict[str, Any]:
    """A household of three members whose second revision was a draft: of two members, in another hamlet."""
    document = await village.new_household("SUBMITTED", people=3)
    assert not (await village.withdraw("officer", document))["userErrors"]
    last = document["members"][2]
    draft = {"id": document["id"], "hamlet": "Rahasia", "members": [{"id": last["id"], "removed": True}]}
    assert (await village.submit("officer", draft, 1, "DRAFT"))["outcome"] == "ACCEPTED"
    sent = {"id": document["id"], "hamlet": "Lor", "members": [last]}
    assert (await village.submit("officer", sent, 2))["outcome"] == "ACCEPTED"
    return document


@pytest.mark.parametrize("hamlet", ["Rahasia", "Lor", "Kidul"])
async def test_an_edit_that_names_a_draft_tells_nothing_of_what_it_held(village: Place, hamlet: str) -> None:
    """A value that the draft held would be taken as not changed since, and any other as a conflict."""
    document = await withdrawn_and_changed(village)
    answer = await village.amend("coordinator", {"id": document["id"], "hamlet": hamlet}, 2)
    absent = await village.amend("coordinator", {"id": document["id"], "hamlet": hamlet}, 9)
    assert [(e["code"], e["path"]) for e in answer["userErrors"]] == [("VERSION_CONFLICT", ["baseRev"])]
    assert answer == absent
    assert (await village.amend("second", {"id": document["id"], "hamlet": "Rahasia"}, 2))["outcome"] == "UNCHANGED"


@pytest.mark.parametrize("place", ["1", "2"])
async def test_a_remark_that_names_a_draft_tells_nothing_of_what_it_held(village: Place, place: str) -> None:
    document = await withdrawn_and_changed(village)
    for rev in (2, 9):
        remarks = [{"path": ["members", place, "fullName"], "text": "Periksa."}]
        answer = await village.ask("verifier", RETURN, id=document["id"], rev=rev, remarks=remarks)
        problems = answer["returnHousehold"]["userErrors"]
        assert [(problem["code"], problem["path"]) for problem in problems] == [("VERSION_CONFLICT", ["rev"])]
