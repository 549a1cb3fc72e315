"""The state table, written by hand: what each command does for whom in each state; `viewerCan` agrees with it.

`officer` has recorded and submitted the households, `verifier` has taken the village step, `coordinator` the last.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest

from auth.ability import Ability
from registry.codes import WorkflowState
from registry.models.workflow import AMEND as AMENDING
from registry.models.workflow import SAVE_DRAFT, SAVING, STEPS, Intent, Verdict
from registry.models.workflow import SUBMIT as SUBMITTING
from registry.write import returning, verification
from registry.write.step import STAGE_OF
from tests.village import (
    AMEND,
    ARCHIVE,
    FAR,
    HERE,
    NEXT_DOOR,
    REJECT,
    REVEAL,
    VERIFY,
    WITHDRAW,
    Place,
    episode,
    household,
)

pytestmark = pytest.mark.anyio
STATES = ("DRAFT", "SUBMITTED", "RETURNED", "VERIFIED_VILLAGE", "VERIFIED", "REJECTED")

# One row per person, one column per state.  ok: done.  no: TRANSITION_NOT_ALLOWED.  self: SELF_VERIFY.
# --: like an absent record.  x: FORBIDDEN, they have the ability nowhere.  same: success without an event.
SUBMIT = """
officer          ok    ok    ok    no    no    no
second           ok    no    ok    no    no    no
all in one       ok    no    ok    no    no    no
next door        --    --    --    --    --    --
verifier         x     x     x     x     x     x
coordinator      x     x     x     x     x     x
viewer           x     x     x     x     x     x
ministry         x     x     x     x     x     x
"""
AMENDS = """
officer          no    ok    no    ok    ok    no
second           no    ok    no    ok    ok    no
all in one       no    ok    no    ok    ok    no
coordinator      --    ok    no    ok    ok    no
colleague        --    ok    no    ok    ok    no
next door        --    --    --    --    --    --
far coordinator  --    --    --    --    --    --
verifier         x     x     x     x     x     x
viewer           x     x     x     x     x     x
ministry         x     x     x     x     x     x
"""
VERIFIES = """
officer          x     x     x     x     x     x
verifier         --    ok    no    same  same  no
coordinator      --    no    no    ok    same  no
colleague        --    no    no    ok    no    no
both steps       --    ok    no    ok    no    no
all in one       no    ok    no    ok    no    no
far coordinator  --    --    --    --    --    --
viewer           x     x     x     x     x     x
ministry         x     x     x     x     x     x
"""
RETURNS = """
officer          x     x     x     x     x     x
verifier         --    ok    same  no    no    no
coordinator      --    ok    no    ok    no    no
colleague        --    ok    no    ok    no    no
both steps       --    ok    no    ok    no    no
all in one       no    ok    no    ok    no    no
far coordinator  --    --    --    --    --    --
viewer           x     x     x     x     x     x
ministry         x     x     x     x     x     x
"""
REVEALS = """
officer          ok    ok    ok    ok    ok    ok
second           ok    ok    ok    ok    ok    ok
next door        --    --    --    --    --    --
verifier         x     x     x     x     x     x
coordinator      --    ok    ok    ok    ok    ok
far coordinator  --    --    --    --    --    --
viewer           x     x     x     x     x     x
ministry         --    ok    ok    ok    ok    ok
"""
WITHDRAWS = """
officer          no    ok    no    no    no    no
second           no    ok    no    no    no    no
both villages    no    ok    no    no    no    no
all in one       no    ok    no    no    no    no
next door        --    --    --    --    --    --
verifier         x     x     x     x     x     x
coordinator      x     x     x     x     x     x
viewer           x     x     x     x     x     x
ministry         x     x     x     x     x     x
"""
REJECTS = """
coordinator      --    ok    no    ok    no    same
colleague        --    ok    no    ok    no    no
both steps       --    ok    no    ok    no    no
all in one       no    ok    no    ok    no    no
far coordinator  --    --    --    --    --    --
officer          x     x     x     x     x     x
verifier         x     x     x     x     x     x
viewer           x     x     x     x     x     x
ministry         x     x     x     x     x     x
"""
ARCHIVES = """
officer          ok    ok    ok    ok    ok    ok
second           ok    ok    ok    ok    ok    ok
coordinator      --    ok    ok    ok    ok    ok
colleague        --    ok    ok    ok    ok    ok
all in one       ok    ok    ok    ok    ok    ok
next door        --    --    --    --    --    --
far coordinator  --    --    --    --    --    --
verifier         x     x     x     x     x     x
viewer           x     x     x     x     x     x
ministry         x     x     x     x     x     x
"""
TABLES = {
    "HOUSEHOLD_SUBMIT": SUBMIT,
    "HOUSEHOLD_WITHDRAW": WITHDRAWS,
    "HOUSEHOLD_AMEND": AMENDS,
    "SUBMISSION_VERIFY": VERIFIES,
    "SUBMISSION_RETURN": RETURNS,
    "SUBMISSION_REJECT": REJECTS,
    "HOUSEHOLD_ARCHIVE": ARCHIVES,
    "IDENTITY_REVEAL": REVEALS,
}
CASES = [
    (ability, row[:17].strip(), dict(zip(STATES, row[17:].split(), strict=True)))
    for ability, table in TABLES.items()
    for row in table.strip().splitlines()
]
WORD = {"TRANSITION_NOT_ALLOWED": "no", "SELF_VERIFY": "self", "NOT_FOUND": "--", "ID_TAKEN": "--"}
WRITE = (
    """mutation($h: HouseholdInput!) { submitHousehold(input: {household: $h, baseRev: 1}) { userErrors { code } } }"""
)
RETURN = """mutation($id: ID!, $rev: Int! = 1) {
  returnHousehold(input: {id: $id, rev: $rev, remarks: [{path: ["address"], text: "Alamat kurang jelas."}]}) {
    userErrors { code } } }"""


async def attempt(village: Place, ability: str, who: str, document: dict[str, Any]) -> str:
    """Try the command of an ability; return the outcome in the words of the tables."""
    before = await village.admin.fetchval("SELECT count(*) FROM workflow_event")
    rev = document.get("rev", 1)
    match ability:
        case "HOUSEHOLD_SUBMIT":
            # a change of content, so that a refusal shows; for "next door" a complete document of their own village
            edit = {"id": document["id"], "villageCode": HERE, "rt": "012"}
            if who == "next door":
                edit = household("35.07.11.2009", id=document["id"])
            answer = await village.query(who, WRITE, h=edit)
        case "HOUSEHOLD_AMEND":
            changed = {"id": document["id"], "rt": "013"}
            answer = await village.query(who, AMEND, household=changed, baseRev=rev, reason="Kunjungan rumah.")
        case "SUBMISSION_VERIFY":
            answer = await village.query(
                who, VERIFY, items=[{"id": document["id"], "rev": rev, "acceptFindings": True}]
            )
        case "SUBMISSION_RETURN":
            answer = await village.query(who, RETURN, id=document["id"], rev=rev)
        case "HOUSEHOLD_WITHDRAW":
            answer = await village.query(who, WITHDRAW, id=document["id"], rev=rev)
        case "SUBMISSION_REJECT":
            answer = await village.query(who, REJECT, id=document["id"], rev=rev, reason="DUPLICATE")
        case "HOUSEHOLD_ARCHIVE":
            answer = await village.query(who, ARCHIVE, id=document["id"], rev=rev, reason="DISSOLVED")
        case _:
            answer = await village.query(who, REVEAL, id=document["id"], field="PHONE", purpose="VERIFICATION")
    if answer.codes:
        assert answer.codes == ["FORBIDDEN"]
        assert answer.errors[0]["extensions"]["ability"] == ability
        return "x"
    (payload,) = answer.data.values()
    problems = (payload["results"][0] if "results" in payload else payload)["userErrors"]
    if problems:
        return WORD[problems[0]["code"]]
    if ability == "IDENTITY_REVEAL":
        assert payload["value"] == "+6281234567890"
        return "ok"
    return "ok" if await village.admin.fetchval("SELECT count(*) FROM workflow_event") == before + 1 else "same"


@pytest.mark.parametrize(("ability", "who", "row"), CASES, ids=[f"{a}-{w}" for a, w, _ in CASES])
async def test_each_command_follows_the_state_table(
    village: Place, ability: str, who: str, row: dict[str, str]
) -> None:
    """And `viewerCan` lists the command before exactly if it is done, for every caller and state."""
    for state, expected in row.items():
        document = await village.new_household(state, phone="0812-3456-7890")
        record = await village.household(who, document["id"], "viewerCan")
        if expected != "x":
            assert (record is None) == (expected == "--")
        promised = record is not None and ability in record["viewerCan"]
        outcome = await attempt(village, ability, who, document)
        assert outcome == expected, state
        assert promised == (outcome == "ok"), state


TERMINAL: dict[str, str] = {"ARCHIVED": "it has left the register, and nobody finds it"}
"""States that no step leaves, each with its reason."""
ONLY_ARCHIVED = {"REJECTED": "refused for good; its data leave the register like everybody's"}
"""States that archiving alone leaves, each with its reason."""


@pytest.mark.parametrize("state", [state.value for state in WorkflowState])
async def test_somebody_can_leave_every_state_that_is_not_terminal(village: Place, state: str) -> None:
    """Every ability that `viewerCan` lists is tried, so that no household is stuck in a state."""
    leaving = {step.ability for step in STEPS if step.leads_to not in (None, WorkflowState[state])}
    leaving &= {step.ability for step in STEPS if WorkflowState[state] in step.states}
    if state in TERMINAL:
        assert not leaving, TERMINAL[state]
        return
    assert leaving
    assert (leaving == {Ability.HOUSEHOLD_ARCHIVE}) == (state in ONLY_ARCHIVED)
    for ability in sorted(ability.name for ability in leaving):
        document = await village.new_household(state)
        able = [
            who
            for who in ("second", "officer", "verifier", "coordinator", "colleague")
            if (seen := await village.household(who, document["id"], "viewerCan")) and ability in seen["viewerCan"]
        ]
        assert able, ability
        assert await attempt(village, ability, able[0], document) == "ok"
        record = await village.household("officer", document["id"], "workflowState")
        assert record is None or record["workflowState"] != state, ability


def test_the_table_of_saving_has_only_states_that_accept_changes() -> None:
    """A state in which saving a change is refused has no row, and a row's first cell is never a refusal."""
    for intent, rows in SAVING.items():
        assert intent in {Intent.DRAFT, Intent.SUBMIT, Intent.AMEND}
        for state, cells in rows.items():
            assert isinstance(cells[0], WorkflowState), (intent, state)
            assert Verdict.REFUSED not in cells, (intent, state)


def test_a_step_with_an_unknown_setting_is_refused() -> None:
    with pytest.raises(TypeError, match=r"'verify_vilage' is no setting: add it to SETTINGS of auth/principal\.py"):
        replace(STEPS[2], setting="verify_vilage")


@pytest.mark.parametrize(
    ("author", "who", "state"),
    [
        ("all in one", "all in one", "SUBMITTED"),
        ("all in one", "all in one", "VERIFIED_VILLAGE"),
    ],
)
async def test_officers_cannot_verify_or_return_their_own_submission(
    village: Place, author: str, who: str, state: str
) -> None:
    document = await village.new_household(state, author)
    for ability in ("SUBMISSION_VERIFY", "SUBMISSION_RETURN"):
        assert await attempt(village, ability, who, document) == "self"
    assert (await village.household(who, document["id"], "viewerCan"))["viewerCan"].count("SUBMISSION_VERIFY") == 0


async def test_authors_cannot_verify_a_draft_that_another_submitted(village: Place) -> None:
    document = await village.new_household("DRAFT", "all in one")
    await village.submit("second", {"id": document["id"]}, 1)
    assert await attempt(village, "SUBMISSION_VERIFY", "all in one", document) == "self"
    assert await attempt(village, "SUBMISSION_VERIFY", "verifier", document) == "ok"


@pytest.mark.parametrize("state", ["DRAFT", "RETURNED"])
async def test_authors_of_an_earlier_revision_cannot_verify_a_later_one(village: Place, state: str) -> None:
    """Four eyes hold for the author of any revision since the last verified one, not only of the newest."""
    document = await village.new_household(state)
    await village.submit("second", {"id": document["id"], "hamlet": "Sumber"}, 1, "DRAFT")
    merged = await village.submit("all in one", {"id": document["id"], "rw": "07"}, 1, "DRAFT")
    assert (merged["outcome"], merged["household"]["rev"]) == ("MERGED", 3)
    await village.submit("officer", {"id": document["id"], "rt": "02"}, 3)
    document |= {"rev": 4}
    for ability in ("SUBMISSION_VERIFY", "SUBMISSION_RETURN"):
        assert await attempt(village, ability, "all in one", document) == "self"
    can = (await village.household("all in one", document["id"], "viewerCan"))["viewerCan"]
    assert not {"SUBMISSION_VERIFY", "SUBMISSION_RETURN"} & set(can)
    assert await attempt(village, "SUBMISSION_VERIFY", "verifier", document) == "ok"
    assert await attempt(village, "SUBMISSION_VERIFY", "all in one", document) == "self"


async def test_officers_cannot_verify_a_household_that_they_moved(village: Place) -> None:
    await village.admin.execute(
        "INSERT INTO grants (user_id, role, region_id, national, valid_from)"
        " VALUES ($1, 'OFFICER', $2, false, '2019-01-01')",
        *(village.ids["all in one"], village.regions[NEXT_DOOR]),
    )
    document = household(NEXT_DOOR)
    await village.submit("next door", document, save="DRAFT")
    moved = await village.submit("all in one", {"id": document["id"], "villageCode": HERE}, 1, "DRAFT")
    assert (moved["outcome"], moved["userErrors"]) == ("ACCEPTED", [])
    await village.submit("officer", {"id": document["id"]}, 1)
    assert await attempt(village, "SUBMISSION_VERIFY", "all in one", document) == "self"
    assert await attempt(village, "SUBMISSION_VERIFY", "verifier", document) == "ok"


async def test_submitting_without_a_change_makes_nobody_an_author(village: Place) -> None:
    document = await village.new_household("DRAFT")
    for who in ("all in one", "officer"):  # the first is not an author, and the second submits it after a return
        await village.submit(who, {"id": document["id"]}, 1)
        if who == "all in one":
            assert await attempt(village, "SUBMISSION_VERIFY", who, document) == "self"
            await village.return_household("verifier", document)
    assert await attempt(village, "SUBMISSION_VERIFY", "all in one", document) == "ok"


async def test_verification_clears_the_authors(village: Place) -> None:
    document = await village.new_household("SUBMITTED", "all in one")
    authors = "SELECT authors FROM household WHERE id = $1"
    assert await village.admin.fetchval(authors, uuid.UUID(document["id"])) == [village.ids["all in one"]]
    for who in ("verifier", "coordinator"):
        assert not (await village.verify(who, document))["userErrors"]
    assert await village.admin.fetchval(authors, uuid.UUID(document["id"])) == []


async def test_nobody_can_take_both_steps_of_one_revision(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    assert await attempt(village, "SUBMISSION_VERIFY", "both steps", document) == "ok"
    assert await attempt(village, "SUBMISSION_VERIFY", "both steps", document) == "same"
    assert "SUBMISSION_VERIFY" not in (await village.household("both steps", document["id"], "viewerCan"))["viewerCan"]
    assert await attempt(village, "SUBMISSION_VERIFY", "coordinator", document) == "ok"


async def test_a_return_allows_the_other_step_again(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    await village.verify("both steps", document)
    await village.return_household("coordinator", document)
    await village.submit("officer", {"id": document["id"]}, 1)
    await village.verify("verifier", document)
    assert await attempt(village, "SUBMISSION_VERIFY", "both steps", document) == "ok"


# --- revisions ----------------------------------------------------------------------------------------------------


async def test_verifying_or_returning_needs_the_newest_revision(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    await village.submit("officer", {"id": document["id"], "rt": "4"}, 1)
    for rev in (1, 3, 0):
        for result in (
            await village.verify("verifier", document, rev),
            await village.return_household("verifier", document, rev),
        ):
            assert [e["code"] for e in result["userErrors"]] == ["VERSION_CONFLICT"]
            assert result["household"] is None
    assert not (await village.verify("verifier", document, 2))["userErrors"]


async def test_verification_records_who_and_when_and_keeps_rev(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    village_step = await village.verify("verifier", document)
    assert village_step["household"] == {"rev": 1, "workflowState": "VERIFIED_VILLAGE", "verifiedRev": None}
    regency_step = await village.verify("coordinator", document)
    assert regency_step["household"] == {"rev": 1, "workflowState": "VERIFIED", "verifiedRev": 1}
    record = await village.household(
        "officer",
        document["id"],
        "verifiedAt verifiedBy { name role } submittedBy { name role } events { from to rev actor { name role } }",
    )
    assert record["verifiedAt"] is not None
    assert record["verifiedBy"] == {"name": "coordinator", "role": "REGENCY_COORDINATOR"}
    assert record["submittedBy"] == {"name": "officer", "role": "OFFICER"}
    assert [(e["from"], e["to"], e["rev"], e["actor"]["name"], e["actor"]["role"]) for e in record["events"]] == [
        (None, "SUBMITTED", 1, "officer", "OFFICER"),
        ("SUBMITTED", "VERIFIED_VILLAGE", 1, "verifier", "VILLAGE_VERIFIER"),
        ("VERIFIED_VILLAGE", "VERIFIED", 1, "coordinator", "REGENCY_COORDINATOR"),
    ]


async def test_people_with_two_roles_act_in_that_of_the_step(village: Place) -> None:
    for state, role in (("SUBMITTED", "VILLAGE_VERIFIER"), ("VERIFIED_VILLAGE", "REGENCY_COORDINATOR")):
        document = await village.new_household(state)
        await village.verify("both steps", document)
        events = (await village.household("officer", document["id"], "events { actor { name role } }"))["events"]
        assert events[-1]["actor"] == {"name": "both steps", "role": role}


async def test_some_warnings_must_be_acknowledged(village: Place) -> None:
    document = household()
    document["migrations"] = [episode(document["members"][0], departedOn="2001")]  # at the age of sixteen
    await village.submit("officer", document)
    unacknowledged = await village.verify("verifier", document, accept=False)
    assert [(e["code"], e["path"]) for e in unacknowledged["userErrors"]] == [
        ("FINDINGS_OPEN", ["items", "0", "acceptFindings"])
    ]
    assert not (await village.verify("verifier", document, accept=True))["userErrors"]
    assert (await village.verify("coordinator", document, accept=False))["userErrors"][0]["code"] == "FINDINGS_OPEN"
    assert not (await village.verify("coordinator", document, accept=True))["userErrors"]


# --- batches ------------------------------------------------------------------------------------------------------


async def test_a_batch_handles_each_item_separately_and_in_order(village: Place) -> None:
    good, own, elsewhere, late = (
        await village.new_household("SUBMITTED"),
        await village.new_household("SUBMITTED", "all in one"),
        household(FAR),
        await village.new_household("VERIFIED"),
    )
    await village.submit("stranger", elsewhere)
    unknown = {"id": str(uuid.uuid4())}
    households = [own, good, unknown, elsewhere, late, good]
    items = [{"id": h["id"], "rev": 1, "acceptFindings": True} for h in households]
    answer = await village.ask("all in one", VERIFY, items=items, note="Sudah dicek di desa.")
    results = answer["verifyHouseholds"]["results"]
    assert [r["householdId"] for r in results] == [h["id"] for h in households]
    assert [[e["code"] for e in r["userErrors"]] for r in results] == [
        ["SELF_VERIFY"],
        [],
        ["NOT_FOUND"],
        ["NOT_FOUND"],
        ["TRANSITION_NOT_ALLOWED"],
        [],
    ]
    assert [e["path"] for r in results for e in r["userErrors"]] == [["items", str(n), "id"] for n in (0, 2, 3, 4)]
    assert [r["household"] is None for r in results] == [True, False, True, True, True, False]
    (note,) = [
        e["reason"]
        for e in (await village.household("officer", good["id"], "events { reason }"))["events"]
        if e["reason"]
    ]
    assert note == "Sudah dicek di desa."


async def test_hidden_and_absent_households_get_equal_answers(village: Place) -> None:
    hidden, nowhere = household(FAR), str(uuid.uuid4())
    await village.submit("stranger", hidden)
    draft = await village.new_household("DRAFT")
    answers = set()
    for id_ in (hidden["id"], draft["id"], nowhere):
        verifying = await village.query("verifier", VERIFY, items=[{"id": id_, "rev": 1}])
        returning = await village.query("verifier", RETURN, id=id_)
        answers.add(
            (
                verifying.body.split(b'"extensions"')[0].replace(id_.encode(), b""),
                returning.body.split(b'"extensions"')[0],
            )
        )
    assert len(answers) == 1


@pytest.mark.parametrize("count", [0, 51])
async def test_a_batch_holds_one_to_fifty(village: Place, count: int) -> None:
    answer = await village.query("verifier", VERIFY, items=[{"id": str(uuid.uuid4()), "rev": 1}] * count)
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.json["data"] == {"verifyHouseholds": None}


async def test_a_batch_of_fifty_is_answered_in_order(village: Place) -> None:
    items = [{"id": str(uuid.uuid4()), "rev": 1} for _ in range(50)]
    answer = await village.ask("verifier", VERIFY, items=items)
    assert [r["householdId"] for r in answer["verifyHouseholds"]["results"]] == [i["id"] for i in items]


# --- remarks ------------------------------------------------------------------------------------------------------


async def test_a_return_needs_a_remark(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    for remarks in ([], [{"path": ["address"], "text": "  "}]):
        answer = await village.ask(
            "verifier",
            "mutation($id: ID!, $r: [RemarkInput!]!) {"
            " returnHousehold(input: {id: $id, rev: 1, remarks: $r}) { userErrors { code path } } }",
            id=document["id"],
            r=remarks,
        )
        assert answer["returnHousehold"]["userErrors"] == [{"code": "REMARK_REQUIRED", "path": ["remarks"]}]
    returned = await village.return_household("verifier", document, 1, "Alamat kurang.", "Nomor rumah?")
    assert returned["household"] == {"rev": 1, "workflowState": "RETURNED"}
    remarks = (await village.household("officer", document["id"], "remarks { text path author { name role } }"))[
        "remarks"
    ]
    assert {r["text"] for r in remarks} == {"Alamat kurang.", "Nomor rumah?"}
    assert remarks[0]["author"] == {"name": "verifier", "role": "VILLAGE_VERIFIER"}
    assert remarks[0]["path"] == ["address"]


async def test_a_repeated_return_is_one_return(village: Place) -> None:
    document = await village.new_household("RETURNED")
    again = await village.return_household("verifier", document)
    assert (again["userErrors"], again["household"]["workflowState"]) == ([], "RETURNED")
    for who, text in (("verifier", "Sekali lagi."), ("coordinator", "Alamat kurang jelas.")):
        other = await village.return_household(who, document, 1, text)
        assert [e["code"] for e in other["userErrors"]] == ["TRANSITION_NOT_ALLOWED"]
    record = await village.household("officer", document["id"], "remarks { text } events { to }")
    assert [r["text"] for r in record["remarks"]] == ["Alamat kurang jelas."]
    assert [e["to"] for e in record["events"]] == ["SUBMITTED", "RETURNED"]


async def test_viewer_can_of_a_region_lists_what_the_caller_may_do_there(village: Place) -> None:
    text = "query($c: RegionCode!) { region(code: $c) { viewerCan } }"
    for who, code, can in (
        (
            "officer",
            HERE,
            {
                "HOUSEHOLD_SUBMIT",
                "HOUSEHOLD_WITHDRAW",
                "HOUSEHOLD_AMEND",
                "HOUSEHOLD_ARCHIVE",
                "IDENTITY_REVEAL",
                "PILLAR_RECORD",
                "CASE_RECORD",
            },
        ),
        ("officer", "35.07", set()),
        (
            "coordinator",
            HERE,
            {
                "HOUSEHOLD_AMEND",
                "HOUSEHOLD_ARCHIVE",
                "SUBMISSION_VERIFY",
                "SUBMISSION_RETURN",
                "SUBMISSION_REJECT",
                "IDENTITY_REVEAL",
            },
        ),
        ("coordinator", FAR, set()),
        ("verifier", HERE, {"SUBMISSION_VERIFY", "SUBMISSION_RETURN"}),
        ("viewer", HERE, set()),
    ):
        assert set((await village.ask(who, text, c=code))["region"]["viewerCan"]) == can, (who, code)


@pytest.mark.parametrize("name", ["RETURN_VILLAGE", "VERIFY_VILLAGE", "VERIFY_REGENCY"])
async def test_steps_lead_to_the_state_in_the_table(village: Place, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The commands take it from the table, for the household and for its event."""
    document = await village.new_household("VERIFIED_VILLAGE" if name == "VERIFY_REGENCY" else "SUBMITTED")
    commands = returning if name == "RETURN_VILLAGE" else verification
    rejecting = replace(getattr(commands, name), leads_to=WorkflowState.REJECTED)
    monkeypatch.setitem(STAGE_OF, rejecting, STAGE_OF[getattr(commands, name)])
    monkeypatch.setattr(commands, name, rejecting)
    if name == "RETURN_VILLAGE":
        payload = await village.return_household("verifier", document)
    else:
        payload = await village.verify("coordinator" if name == "VERIFY_REGENCY" else "verifier", document)
    assert payload["userErrors"] == []
    record = await village.household("officer", document["id"], "workflowState events { to }")
    assert record["workflowState"] == record["events"][-1]["to"] == "REJECTED"


def test_the_steps_of_saving_lead_to_their_states() -> None:
    submitted = WorkflowState.SUBMITTED
    assert [step.leads_to for step in (SAVE_DRAFT, SUBMITTING, AMENDING)] == [None, submitted, submitted]


async def test_a_result_has_the_normalised_id_of_its_household(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    nobody = str(uuid.uuid4())
    items = [{"id": f" {document['id'].upper()} ", "rev": 1}, {"id": nobody.upper(), "rev": 1}]
    results = (await village.ask("verifier", VERIFY, items=items))["verifyHouseholds"]["results"]
    assert [result["householdId"] for result in results] == [document["id"], nobody]


async def test_warnings_to_acknowledge_are_listed_first(village: Place) -> None:
    """A list shows fifty findings, those to acknowledge before the rest."""
    document = household(people=50)
    odd = {"occupationGroup": "DOMESTIC_WORKER", "sector": "FORMAL"}
    document["migrations"] = [episode(member, departedOn="2015", **odd) for member in document["members"]]
    document["migrations"][-1]["contractEndsOn"] = "2017-01-01"
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    assert (await village.verify("verifier", document, accept=False))["userErrors"][0]["code"] == "FINDINGS_OPEN"
    codes = [f["code"] for f in (await village.household("verifier", document["id"], "findings { code }"))["findings"]]
    assert len(codes) == 50
    assert codes[0] == "CONTRACT_EXPIRED_ACTIVE"
    assert set(codes[1:]) == {"SCHEME_SECTOR"}
