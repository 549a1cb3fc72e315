"""Remarks: each belongs to an existing field, follows its record, and stays open until it is answered."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from registry.codes import Severity
from registry.codes.messages import UserErrorCode
from registry.models.household_aggregate import AGGREGATE, LISTS, NOUNS
from registry.rules import Finding
from registry.write.persist import finding_path
from registry.write.remark import changed, stored_path
from schema.inputs.household import INSIDE
from tests.village import RETURN, Place, episode, household, person, shop, whole_household

pytestmark = pytest.mark.anyio


async def return_with_remarks(
    village: Place, document: Any, *paths: list[str], rev: int = 1, who: str = "verifier"
) -> Any:
    remarks = [{"path": path, "text": f"Periksa {n}."} for n, path in enumerate(paths)]
    return (await village.ask(who, RETURN, id=document["id"], rev=rev, remarks=remarks))["returnHousehold"]


async def remarks(village: Place, document: Any) -> dict[tuple[str, ...], int | None]:
    """The path of each remark, and the revision that answered it."""
    rows = (await village.household("officer", document["id"], "remarks { path resolvedInRev }"))["remarks"]
    return {tuple(remark["path"]): remark["resolvedInRev"] for remark in rows}


def family() -> dict[str, Any]:
    document = household(people=3)
    one, two, _ = document["members"]
    past = episode(one, stage="RETURNED", departedOn="2015", returnedOn="2018", returnReason="CONTRACT_ENDED")
    document["migrations"] = [past, episode(two, departedOn="2021")]
    document["businesses"] = [shop(one, capital={"amount": "5.00", "currency": "IDR"})]
    return document


async def test_a_path_names_a_child_by_id_or_by_index(village: Place) -> None:
    document = family()
    await village.submit("officer", document)
    second = document["members"][1]["id"]
    early, late = (trip["id"] for trip in document["migrations"])
    trade = document["businesses"][0]["id"]
    sent_and_stored = [
        (["address"], ["address"]),
        (["consent", "givenBy"], ["consent", "givenBy"]),
        (["consent"], ["consent"]),
        (["villageCode"], ["villageCode"]),
        (["members"], ["members"]),
        (["members", second], ["members", second]),
        (["members", "1", "nik"], ["members", second, "nik"]),
        (["members", second.upper(), "fullName"], ["members", second, "fullName"]),
        (["migrations", "0", "departedOn"], ["migrations", late, "departedOn"]),
        (["migrations", early, "contractEndsOn"], ["migrations", early, "contractEndsOn"]),
        (["businesses", "0", "capital"], ["businesses", trade, "capital"]),
    ]
    for _ in range(2):  # and repeated, which is the same return
        assert (await return_with_remarks(village, document, *[sent for sent, _ in sent_and_stored]))[
            "userErrors"
        ] == []
    rows = (await village.household("officer", document["id"], "remarks { path }"))["remarks"]
    assert [remark["path"] for remark in rows] == [stored for _, stored in sent_and_stored][::-1]


@pytest.mark.parametrize("table", NOUNS)
def test_a_remark_may_quote_the_path_of_any_finding(table: str) -> None:
    document = AGGREGATE.empty() | {table: {"1": {"seq": 1}}}
    for column in INSIDE[table].keys() - {"id"}:
        finding = Finding(UserErrorCode.REQUIRED, Severity.ERROR, table, "1", column, {})
        path = finding_path(finding, document, INSIDE)
        stored = [path[0], "1", *path[2:]] if table in LISTS else path
        assert stored_path(path, document, INSIDE) == stored


@pytest.mark.parametrize(
    "path",
    [
        [],
        [""],
        ["nonsense"],
        ["workflowState"],
        ["id"],
        ["address", "street"],
        ["consent", "nonsense"],
        ["consentBasis"],  # its column, which no form has
        ["members", "7", "nik"],
        ["members", "-1", "nik"],
        ["members", "0", "nonsense"],
        ["members", "0", "id"],
        ["members", "0", "removed"],
        ["members", "0", "nik", "more"],
        ["members", "nobody", "nik"],
        ["members", "9" * 40, "nik"],
        ["members", "\u0661", "nik"],
        ["business", "0", "name"],
    ],
    ids=lambda path: ".".join(path)[:30],
)
async def test_an_unknown_path_is_refused(village: Place, path: list[str]) -> None:
    document, other = await village.new_household("SUBMITTED"), await village.new_household("SUBMITTED")
    for nowhere in (path, ["members", other["members"][0]["id"], "nik"]):
        payload = await return_with_remarks(village, document, ["address"], nowhere)
        assert [(e["code"], e["path"]) for e in payload["userErrors"]] == [("UNKNOWN_FIELD", ["remarks", "1", "path"])]
    assert (await village.household("officer", document["id"], "workflowState"))["workflowState"] == "SUBMITTED"


async def test_only_a_change_of_its_field_answers_a_remark(village: Place) -> None:
    document = family()
    document["migrations"][1]["memberId"] = document["members"][0]["id"]
    await village.submit("officer", document)
    one, two, three = (member["id"] for member in document["members"])
    paths = [["address"], ["members", two, "nik"], ["members", three], ["members", one, "fullName"], ["consent"]]
    await return_with_remarks(village, document, *paths)
    edit = {"id": document["id"], "rt": "09", "members": [{"id": one, "birthPlace": "Malang"}]}
    assert (await village.submit("officer", edit, 1))["outcome"] == "ACCEPTED"
    assert set((await remarks(village, document)).values()) == {None}
    people = [{"id": two, "nik": person(1)["nik"]}, {"id": three, "removed": True}]
    answer = {"id": document["id"], "address": "Jalan Baru 2", "members": people}
    assert (await village.submit("officer", answer, 2))["outcome"] == "ACCEPTED"
    assert await remarks(village, document) == {
        ("address",): 3,
        ("members", two, "nik"): 3,
        ("members", three): 3,
        ("members", one, "fullName"): None,
        ("consent",): None,
    }


async def test_a_remark_stays_with_its_member_when_the_list_is_reordered(village: Place) -> None:
    document = household(people=3)
    await village.submit("officer", document)
    first, last = document["members"][0]["id"], document["members"][2]["id"]
    await return_with_remarks(village, document, ["members", "0", "fullName"])
    order = [{"id": member["id"], "seq": 9 - n} for n, member in enumerate(document["members"])]
    await village.submit("officer", {"id": document["id"], "members": order}, 1)
    assert await remarks(village, document) == {("members", first, "fullName"): None}
    await village.submit("officer", {"id": document["id"], "members": [{"id": last, "fullName": "Lain"}]}, 2)
    assert await remarks(village, document) == {("members", first, "fullName"): None}  # the other member is first now
    await village.submit("officer", {"id": document["id"], "members": [{"id": first, "fullName": "Lain"}]}, 3)
    assert await remarks(village, document) == {("members", first, "fullName"): 4}


async def test_an_unchanged_submission_answers_no_remark(village: Place) -> None:
    document = await village.new_household("RETURNED")
    assert (await village.submit("officer", {"id": document["id"]}, 1))["household"]["workflowState"] == "SUBMITTED"
    assert await remarks(village, document) == {("address",): None}


async def test_a_change_that_is_undone_answers_no_remark(village: Place) -> None:
    document = await village.new_household("RETURNED")
    await village.submit("officer", {"id": document["id"], "address": "Jalan Baru 2"}, 1, "DRAFT")
    await village.submit("officer", {"id": document["id"], "address": document["address"]}, 2)
    assert await remarks(village, document) == {("address",): None}


async def test_a_verifier_settles_their_own_remarks_and_the_last_step_all(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    await return_with_remarks(village, document, ["hamlet"])
    await village.submit("officer", {"id": document["id"], "rt": "02"}, 1)
    await return_with_remarks(village, document, ["address"], rev=2, who="colleague")
    await village.submit("officer", {"id": document["id"], "rt": "03"}, 2)
    assert not (await village.verify("verifier", document, 3))["userErrors"]
    assert await remarks(village, document) == {("hamlet",): 3, ("address",): None}
    assert not (await village.verify("coordinator", document, 3))["userErrors"]
    assert await remarks(village, document) == {("hamlet",): 3, ("address",): 3}


async def test_an_amendment_answers_remarks(village: Place) -> None:
    document = await village.new_household("RETURNED")
    await village.submit("officer", {"id": document["id"], "rt": "02"}, 1)
    assert (await village.amend("coordinator", {"id": document["id"], "address": "Jalan Baru"}, 2))[
        "outcome"
    ] == "ACCEPTED"
    assert await remarks(village, document) == {("address",): 3}


async def test_a_late_repeated_step_is_recognised(village: Place) -> None:
    """For an earlier revision; other remarks on it, or remarks by somebody else, are a conflict."""
    document = await village.new_household("VERIFIED_VILLAGE")
    await return_with_remarks(village, document, ["address"], who="coordinator")
    await village.submit("officer", {"id": document["id"], "address": "Jalan Baru 2"}, 1)
    before = await village.household("officer", document["id"], "rev workflowState remarks { id } events { to }")
    assert not (await village.verify("verifier", document, 1))["userErrors"]
    assert not (await return_with_remarks(village, document, ["address"], who="coordinator"))["userErrors"]
    for late in (
        await return_with_remarks(village, document, ["hamlet"], who="coordinator"),
        await return_with_remarks(village, document, ["address"]),
        await village.verify("coordinator", document, 1),
    ):
        assert [e["code"] for e in late["userErrors"]] == ["VERSION_CONFLICT"]
    assert (
        await village.household("officer", document["id"], "rev workflowState remarks { id } events { to }") == before
    )


async def test_a_late_repeated_step_is_recognised_whatever_followed(village: Place) -> None:
    """A verification repeated after the return of its revision, and that return after the next verification."""
    document = await village.new_household("VERIFIED_VILLAGE")
    await return_with_remarks(village, document, ["address"], who="coordinator")
    fields = "rev workflowState remarks { id } events { to }"
    before = await village.household("officer", document["id"], fields)
    assert not (await village.verify("verifier", document, 1))["userErrors"]
    assert await village.household("officer", document["id"], fields) == before
    await village.submit("officer", {"id": document["id"]}, 1)
    for who in ("verifier", "coordinator"):
        assert not (await village.verify(who, document, 1))["userErrors"]
    after = await village.household("officer", document["id"], fields)
    assert after["workflowState"] == "VERIFIED"
    assert not (await return_with_remarks(village, document, ["address"], who="coordinator"))["userErrors"]
    other = await return_with_remarks(village, document, ["hamlet"], who="coordinator")
    assert [e["code"] for e in other["userErrors"]] == ["TRANSITION_NOT_ALLOWED"]
    assert await village.household("officer", document["id"], fields) == after


# --- of every column --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", NOUNS)
def test_every_input_field_accepts_a_remark_and_can_answer_it(table: str) -> None:
    id_ = str(uuid.uuid4())
    key, prefix = ("h", []) if table == "household" else (id_, [LISTS[table], id_])
    fields = {column: list(where) for column, where in INSIDE[table].items() if column != "id"}
    for column, where in fields.items():
        before, after = (
            AGGREGATE.empty() | {"household": {"h": {}}} | {table: {key: row}} for row in ({}, {column: "x"})
        )
        path = stored_path([*prefix, *where], before, INSIDE)
        assert path == [*prefix, *where]
        assert changed(path, before, after, INSIDE)
        assert not changed(path, after, after, INSIDE)
        for place in fields.values():
            if place[0] != where[0]:
                assert not changed([*prefix, *place], before, after, INSIDE), (column, place)


# --- who sees the class of the field ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "kind", "who"),
    [
        ("wage", "SPECIAL", "verifier"),
        ("wage", "SPECIAL", "coordinator"),
        ("city", "SPECIAL", "verifier"),
        ("passportNo", "IDENTITY", "verifier"),
        ("proceduralStatus", "PROTECTIVE", "coordinator"),
        ("stage", "PERSONAL", "verifier"),
    ],
)
async def test_a_remark_needs_the_class_of_its_field(village: Place, field: str, kind: str, who: str) -> None:
    document = family()
    await village.submit("officer", document)
    path = ["migrations", document["migrations"][0]["id"], field]
    remarks_ = [{"path": path, "text": "Periksa."}]
    answer = await village.query(who, RETURN, id=document["id"], rev=1, remarks=remarks_)
    record = await village.household("officer", document["id"], "workflowState remarks { path }")
    outcome = await village.admin.fetchval(
        "SELECT outcome FROM audit_event WHERE subject_id = $1 ORDER BY id DESC LIMIT 1", uuid.UUID(document["id"])
    )
    if kind == "PROTECTIVE" or (kind, who) == ("SPECIAL", "verifier"):
        assert [(e["extensions"]["field"], e["extensions"]["class"]) for e in answer.errors] == [(field, kind)]
        assert (record, outcome) == ({"workflowState": "SUBMITTED", "remarks": []}, "FORBIDDEN")
    else:
        assert answer.codes == []
        assert (record, outcome) == ({"workflowState": "RETURNED", "remarks": [{"path": path}]}, "ACCEPTED")


@pytest.mark.parametrize("path", [[], ["0"], ["7"], ["0", "needs"], ["7", "needs"], ["ID"], ["ID", "needs"]], ids=str)
async def test_a_remark_tells_nobody_whether_a_hidden_record_exists(village: Place, path: list[str]) -> None:
    """A household with a child's care, and one without any, refuse the remark of a verifier in the same words."""
    answers = []
    for document in (whole_household(), household()):
        await village.submit("officer", document)
        id_ = document["childCare"][0]["id"] if "childCare" in document else str(uuid.uuid4())
        remark = {"path": ["childCare", *[id_ if part == "ID" else part for part in path]], "text": "Periksa."}
        answer = await village.query("verifier", RETURN, id=document["id"], rev=1, remarks=[remark])
        assert (answer.codes, answer.errors[0]["extensions"]["field"]) == (["FORBIDDEN"], "childCare")
        answers.append(answer.errors)
    assert answers[0] == answers[1]


async def test_a_remark_is_shown_only_with_the_class_of_its_field(village: Place) -> None:
    """Otherwise its answer would show when the field changed, and its text what the field holds."""
    document = family()
    await village.submit("officer", document)
    trip = document["migrations"][0]["id"]
    paths = [["migrations", trip, "wage"], ["migrations", trip, "passportNo"], ["migrations", trip, "stage"]]
    assert (await return_with_remarks(village, document, *paths, who="coordinator"))["userErrors"] == []
    fields_by_reader = {}
    for who in ("officer", "coordinator", "verifier", "ministry"):
        rows = (await village.household(who, document["id"], "remarks { path }"))["remarks"]
        fields_by_reader[who] = sorted(row["path"][2] for row in rows)
    assert fields_by_reader["officer"] == fields_by_reader["coordinator"] == ["passportNo", "stage", "wage"]
    assert fields_by_reader["verifier"] == fields_by_reader["ministry"] == ["passportNo", "stage"]


async def test_a_remark_on_a_record_is_answered_by_a_visible_change(village: Place) -> None:
    """Nothing reveals a change of the procedural status, which only its author sees."""
    document = family()
    await village.submit("officer", document)
    early, late = (trip["id"] for trip in document["migrations"])
    await return_with_remarks(village, document, ["migrations"], ["migrations", early], ["consent"], who="coordinator")
    hidden = [{"id": early, "proceduralStatus": "NON_PROCEDURAL", "wage": {"amount": "5.00", "currency": "MYR"}}]
    edit = {"id": document["id"], "consent": {"guardianConsent": False}, "migrations": hidden}
    assert (await village.submit("officer", edit, 1))["outcome"] == "ACCEPTED"
    assert set((await remarks(village, document)).values()) == {None}
    visible = [{"id": late, "removed": True}, {"id": early, "jobTitle": "Juru masak"}]
    edit = {"id": document["id"], "consent": {"givenBy": "Siti Aminah"}, "migrations": visible}
    assert (await village.submit("officer", edit, 2))["outcome"] == "ACCEPTED"
    assert set((await remarks(village, document)).values()) == {3}
