"""The state table: what each command does for whom in each state, written by hand; `viewerCan` says it before.

The households are the officer's: he recorded and sent them, `verifier` took the village step, `coordinator` the last.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest

from registry.codes import WorkflowState
from registry.models.workflow import AMEND as AMENDING
from registry.models.workflow import SAVE_DRAFT, SAVING, STEPS, Act, Verdict
from registry.models.workflow import SUBMIT as SUBMITTING
from registry.write import verification
from tests.village import AMEND, FAR, HERE, NEXT_DOOR, REVEAL, VERIFY, Place, episode, household

pytestmark = pytest.mark.anyio
STATES = ("DRAFT", "SUBMITTED", "RETURNED", "VERIFIED_VILLAGE", "VERIFIED")

# One row a person, one column a state, in the order above.  ok: done.  no: TRANSITION_NOT_ALLOWED.  self: SELF_VERIFY.
# --: as if the record were not there.  x: FORBIDDEN, the ability is nowhere his.  same: success without an event.
SUBMIT = """
officer          ok    ok    ok    no    no
second           ok    no    ok    no    no
all in one       ok    no    ok    no    no
next door        --    --    --    --    --
verifier         x     x     x     x     x
coordinator      x     x     x     x     x
viewer           x     x     x     x     x
ministry         x     x     x     x     x
"""
AMENDS = """
officer          no    ok    no    ok    ok
second           no    ok    no    ok    ok
all in one       no    ok    no    ok    ok
coordinator      --    ok    no    ok    ok
colleague        --    ok    no    ok    ok
next door        --    --    --    --    --
far coordinator  --    --    --    --    --
verifier         x     x     x     x     x
viewer           x     x     x     x     x
ministry         x     x     x     x     x
"""
VERIFIES = """
officer          x     x     x     x     x
verifier         --    ok    no    same  same
coordinator      --    no    no    ok    same
colleague        --    no    no    ok    no
both steps       --    ok    no    ok    no
all in one       no    ok    no    ok    no
far coordinator  --    --    --    --    --
viewer           x     x     x     x     x
ministry         x     x     x     x     x
"""
RETURNS = """
officer          x     x     x     x     x
verifier         --    ok    same  no    no
coordinator      --    ok    no    ok    no
colleague        --    ok    no    ok    no
both steps       --    ok    no    ok    no
all in one       no    ok    no    ok    no
far coordinator  --    --    --    --    --
viewer           x     x     x     x     x
ministry         x     x     x     x     x
"""
REVEALS = """
officer          ok    ok    ok    ok    ok
second           ok    ok    ok    ok    ok
next door        --    --    --    --    --
verifier         x     x     x     x     x
coordinator      --    ok    ok    ok    ok
far coordinator  --    --    --    --    --
viewer           x     x     x     x     x
ministry         --    ok    ok    ok    ok
"""
TABLES = {
    "HOUSEHOLD_SUBMIT": SUBMIT,
    "HOUSEHOLD_AMEND": AMENDS,
    "SUBMISSION_VERIFY": VERIFIES,
    "SUBMISSION_RETURN": RETURNS,
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
GIVE_BACK = """mutation($id: ID!, $rev: Int! = 1) {
  returnHousehold(input: {id: $id, rev: $rev, remarks: [{path: ["address"], text: "Alamat kurang jelas."}]}) {
    userErrors { code } } }"""


async def attempt(village: Place, ability: str, who: str, made: dict[str, Any]) -> str:
    """Try the command of an ability and say what came of it, in the words of the tables."""
    before = await village.admin.fetchval("SELECT count(*) FROM workflow_event")
    rev = made.get("rev", 1)
    match ability:
        case "HOUSEHOLD_SUBMIT":
            # a change of content, so that a refusal shows; a whole document of his own village for whom it is not there
            sent = {"id": made["id"], "villageCode": HERE, "rt": "012"}
            if who == "next door":
                sent = household("35.07.11.2009", id=made["id"])
            answer = await village.query(who, WRITE, h=sent)
        case "HOUSEHOLD_AMEND":
            changed = {"id": made["id"], "rt": "013"}
            answer = await village.query(who, AMEND, household=changed, baseRev=rev, reason="Kunjungan rumah.")
        case "SUBMISSION_VERIFY":
            answer = await village.query(who, VERIFY, items=[{"id": made["id"], "rev": rev, "acceptFindings": True}])
        case "SUBMISSION_RETURN":
            answer = await village.query(who, GIVE_BACK, id=made["id"], rev=rev)
        case _:
            answer = await village.query(who, REVEAL, id=made["id"], field="PHONE", purpose="VERIFICATION")
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
async def test_each_command_does_what_the_table_says(
    village: Place, ability: str, who: str, row: dict[str, str]
) -> None:
    """And `viewerCan` has named it before exactly when it is done, whoever asks and whatever the state."""
    for state, expected in row.items():
        made = await village.new_household(state, phone="0812-3456-7890")
        seen = await village.household(who, made["id"], "viewerCan")
        if expected != "x":
            assert (seen is None) == (expected == "--")
        promised = seen is not None and ability in seen["viewerCan"]
        found = await attempt(village, ability, who, made)
        assert found == expected, state
        assert promised == (found == "ok"), state


TERMINAL: dict[str, str] = {
    "REJECTED": "refused for good: no resident, no migrant, or recorded twice",
    "ARCHIVED": "it has left the register; nothing is deleted",
}
"""States that nothing leaves, each with its reason."""


@pytest.mark.parametrize("state", [state.value for state in WorkflowState])
async def test_every_state_but_the_last_ones_is_left_by_somebody(village: Place, state: str) -> None:
    """And by what `viewerCan` names, tried: a household is stuck in no state, whoever else has gone."""
    leaving = {step.ability for step in STEPS if step.leads_to not in (None, WorkflowState[state])}
    leaving &= {step.ability for step in STEPS if WorkflowState[state] in step.states}
    if state in TERMINAL:
        assert not leaving, TERMINAL[state]
        return
    assert leaving
    for ability in sorted(ability.name for ability in leaving):
        made = await village.new_household(state)
        able = [
            who
            for who in ("second", "officer", "verifier", "coordinator", "colleague")
            if (seen := await village.household(who, made["id"], "viewerCan")) and ability in seen["viewerCan"]
        ]
        assert able, ability
        assert await attempt(village, ability, able[0], made) == "ok"
        left = await village.household("officer", made["id"], "workflowState")
        assert left["workflowState"] != state, ability


def test_the_table_names_only_what_its_step_opens() -> None:
    """A state in which saving a change is refused has no row, and a row's first cell is never a refusal."""
    for act, rows in SAVING.items():
        assert act in {Act.DRAFT, Act.SUBMIT, Act.AMEND}
        for state, cells in rows.items():
            assert isinstance(cells[0], WorkflowState), (act, state)
            assert Verdict.REFUSED not in cells, (act, state)


@pytest.mark.parametrize(
    ("author", "who", "state"),
    [
        ("all in one", "all in one", "SUBMITTED"),
        ("all in one", "all in one", "VERIFIED_VILLAGE"),
    ],
)
async def test_nobody_verifies_or_returns_what_he_sent(village: Place, author: str, who: str, state: str) -> None:
    made = await village.new_household(state, author)
    for ability in ("SUBMISSION_VERIFY", "SUBMISSION_RETURN"):
        assert await attempt(village, ability, who, made) == "self"
    assert (await village.household(who, made["id"], "viewerCan"))["viewerCan"].count("SUBMISSION_VERIFY") == 0


async def test_nobody_verifies_what_he_recorded_though_another_sent_it(village: Place) -> None:
    made = await village.new_household("DRAFT", "all in one")
    await village.submit("second", {"id": made["id"]}, 1)
    assert await attempt(village, "SUBMISSION_VERIFY", "all in one", made) == "self"
    assert await attempt(village, "SUBMISSION_VERIFY", "verifier", made) == "ok"


@pytest.mark.parametrize("state", ["DRAFT", "RETURNED"])
async def test_nobody_verifies_words_of_his_own_that_another_sent(village: Place, state: str) -> None:
    """The writer of any revision since the last verified one, not of the newest alone."""
    made = await village.new_household(state)
    await village.submit("second", {"id": made["id"], "hamlet": "Sumber"}, 1, "DRAFT")
    merged = await village.submit("all in one", {"id": made["id"], "rw": "07"}, 1, "DRAFT")
    assert (merged["outcome"], merged["household"]["rev"]) == ("MERGED", 3)
    await village.submit("officer", {"id": made["id"], "rt": "02"}, 3)
    made |= {"rev": 4}
    for ability in ("SUBMISSION_VERIFY", "SUBMISSION_RETURN"):
        assert await attempt(village, ability, "all in one", made) == "self"
    can = (await village.household("all in one", made["id"], "viewerCan"))["viewerCan"]
    assert not {"SUBMISSION_VERIFY", "SUBMISSION_RETURN"} & set(can)
    assert await attempt(village, "SUBMISSION_VERIFY", "verifier", made) == "ok"
    assert await attempt(village, "SUBMISSION_VERIFY", "all in one", made) == "self"


async def test_nobody_verifies_a_household_in_the_village_that_he_gave_it(village: Place) -> None:
    await village.admin.execute(
        "INSERT INTO grants (user_id, role, region_id, national, valid_from)"
        " VALUES ($1, 'OFFICER', $2, false, '2019-01-01')",
        *(village.ids["all in one"], village.regions[NEXT_DOOR]),
    )
    made = household(NEXT_DOOR)
    await village.submit("next door", made, save="DRAFT")
    moved = await village.submit("all in one", {"id": made["id"], "villageCode": HERE}, 1, "DRAFT")
    assert (moved["outcome"], moved["userErrors"]) == ("ACCEPTED", [])
    await village.submit("officer", {"id": made["id"]}, 1)
    assert await attempt(village, "SUBMISSION_VERIFY", "all in one", made) == "self"
    assert await attempt(village, "SUBMISSION_VERIFY", "verifier", made) == "ok"


async def test_who_sends_without_a_change_writes_nothing(village: Place) -> None:
    made = await village.new_household("DRAFT")
    for who in ("all in one", "officer"):  # the first is no author, and the second sends it after a return
        await village.submit(who, {"id": made["id"]}, 1)
        if who == "all in one":
            assert await attempt(village, "SUBMISSION_VERIFY", who, made) == "self"
            await village.return_household("verifier", made)
    assert await attempt(village, "SUBMISSION_VERIFY", "all in one", made) == "ok"


async def test_the_authors_of_what_is_verified_are_free_again(village: Place) -> None:
    made = await village.new_household("SUBMITTED", "all in one")
    authors = "SELECT authors FROM household WHERE id = $1"
    assert await village.admin.fetchval(authors, uuid.UUID(made["id"])) == [village.ids["all in one"]]
    for who in ("verifier", "coordinator"):
        assert not (await village.verify(who, made))["userErrors"]
    assert await village.admin.fetchval(authors, uuid.UUID(made["id"])) == []


async def test_nobody_takes_both_steps_of_one_revision(village: Place) -> None:
    made = await village.new_household("SUBMITTED")
    assert await attempt(village, "SUBMISSION_VERIFY", "both steps", made) == "ok"
    assert await attempt(village, "SUBMISSION_VERIFY", "both steps", made) == "same"
    assert "SUBMISSION_VERIFY" not in (await village.household("both steps", made["id"], "viewerCan"))["viewerCan"]
    assert await attempt(village, "SUBMISSION_VERIFY", "coordinator", made) == "ok"


async def test_a_return_frees_the_second_step(village: Place) -> None:
    made = await village.new_household("SUBMITTED")
    await village.verify("both steps", made)
    await village.return_household("coordinator", made)
    await village.submit("officer", {"id": made["id"]}, 1)
    await village.verify("verifier", made)
    assert await attempt(village, "SUBMISSION_VERIFY", "both steps", made) == "ok"


# --- revisions ----------------------------------------------------------------------------------------------------


async def test_nobody_verifies_or_returns_unseen_text(village: Place) -> None:
    made = await village.new_household("SUBMITTED")
    await village.submit("officer", {"id": made["id"], "rt": "4"}, 1)
    for rev in (1, 3, 0):
        for result in (
            await village.verify("verifier", made, rev),
            await village.return_household("verifier", made, rev),
        ):
            assert [e["code"] for e in result["userErrors"]] == ["VERSION_CONFLICT"]
            assert result["household"] is None
    assert not (await village.verify("verifier", made, 2))["userErrors"]


async def test_verification_leaves_its_mark_and_rev_alone(village: Place) -> None:
    made = await village.new_household("SUBMITTED")
    village_step = await village.verify("verifier", made)
    assert village_step["household"] == {"rev": 1, "workflowState": "VERIFIED_VILLAGE", "verifiedRev": None}
    last = await village.verify("coordinator", made)
    assert last["household"] == {"rev": 1, "workflowState": "VERIFIED", "verifiedRev": 1}
    found = await village.household(
        "officer",
        made["id"],
        "verifiedAt verifiedBy { name role } submittedBy { name role } events { from to rev actor { name role } }",
    )
    assert found["verifiedAt"] is not None
    assert found["verifiedBy"] == {"name": "coordinator", "role": "REGENCY_COORDINATOR"}
    assert found["submittedBy"] == {"name": "officer", "role": "OFFICER"}
    assert [(e["from"], e["to"], e["rev"], e["actor"]["name"], e["actor"]["role"]) for e in found["events"]] == [
        (None, "SUBMITTED", 1, "officer", "OFFICER"),
        ("SUBMITTED", "VERIFIED_VILLAGE", 1, "verifier", "VILLAGE_VERIFIER"),
        ("VERIFIED_VILLAGE", "VERIFIED", 1, "coordinator", "REGENCY_COORDINATOR"),
    ]


async def test_who_has_two_roles_acts_in_the_role_of_the_step(village: Place) -> None:
    for state, role in (("SUBMITTED", "VILLAGE_VERIFIER"), ("VERIFIED_VILLAGE", "REGENCY_COORDINATOR")):
        made = await village.new_household(state)
        await village.verify("both steps", made)
        events = (await village.household("officer", made["id"], "events { actor { name role } }"))["events"]
        assert events[-1]["actor"] == {"name": "both steps", "role": role}


async def test_a_warning_that_must_be_seen_is_accepted_knowingly(village: Place) -> None:
    made = household()
    made["migrations"] = [episode(made["members"][0], departedOn="2001")]  # at sixteen
    await village.submit("officer", made)
    blind = await village.verify("verifier", made, accept=False)
    assert [(e["code"], e["path"]) for e in blind["userErrors"]] == [
        ("FINDINGS_OPEN", ["items", "0", "acceptFindings"])
    ]
    assert not (await village.verify("verifier", made, accept=True))["userErrors"]
    assert (await village.verify("coordinator", made, accept=False))["userErrors"][0]["code"] == "FINDINGS_OPEN"
    assert not (await village.verify("coordinator", made, accept=True))["userErrors"]


# --- batches ------------------------------------------------------------------------------------------------------


async def test_a_batch_judges_each_by_itself_and_answers_in_order(village: Place) -> None:
    good, own, elsewhere, late = (
        await village.new_household("SUBMITTED"),
        await village.new_household("SUBMITTED", "all in one"),
        household(FAR),
        await village.new_household("VERIFIED"),
    )
    await village.submit("stranger", elsewhere)
    unknown = {"id": str(uuid.uuid4())}
    sent = [own, good, unknown, elsewhere, late, good]
    items = [{"id": h["id"], "rev": 1, "acceptFindings": True} for h in sent]
    answer = await village.ask("all in one", VERIFY, items=items, note="Sudah dicek di desa.")
    results = answer["verifyHouseholds"]["results"]
    assert [r["householdId"] for r in results] == [h["id"] for h in sent]
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


async def test_hidden_and_absent_are_answered_alike(village: Place) -> None:
    hidden, nowhere = household(FAR), str(uuid.uuid4())
    await village.submit("stranger", hidden)
    draft = await village.new_household("DRAFT")
    answers = set()
    for id_ in (hidden["id"], draft["id"], nowhere):
        said = await village.query("verifier", VERIFY, items=[{"id": id_, "rev": 1}])
        back = await village.query("verifier", GIVE_BACK, id=id_)
        answers.add(
            (said.body.split(b'"extensions"')[0].replace(id_.encode(), b""), back.body.split(b'"extensions"')[0])
        )
    assert len(answers) == 1


@pytest.mark.parametrize("count", [0, 51])
async def test_a_batch_holds_one_to_fifty(village: Place, count: int) -> None:
    answer = await village.query("verifier", VERIFY, items=[{"id": str(uuid.uuid4()), "rev": 1}] * count)
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.json["data"] == {"verifyHouseholds": None}


async def test_fifty_at_once(village: Place) -> None:
    items = [{"id": str(uuid.uuid4()), "rev": 1} for _ in range(50)]
    answer = await village.ask("verifier", VERIFY, items=items)
    assert [r["householdId"] for r in answer["verifyHouseholds"]["results"]] == [i["id"] for i in items]


# --- remarks ------------------------------------------------------------------------------------------------------


async def test_a_return_says_why(village: Place) -> None:
    made = await village.new_household("SUBMITTED")
    for remarks in ([], [{"path": ["address"], "text": "  "}]):
        answer = await village.ask(
            "verifier",
            "mutation($id: ID!, $r: [RemarkInput!]!) {"
            " returnHousehold(input: {id: $id, rev: 1, remarks: $r}) { userErrors { code path } } }",
            id=made["id"],
            r=remarks,
        )
        assert answer["returnHousehold"]["userErrors"] == [{"code": "REMARK_REQUIRED", "path": ["remarks"]}]
    returned = await village.return_household("verifier", made, 1, "Alamat kurang.", "Nomor rumah?")
    assert returned["household"] == {"rev": 1, "workflowState": "RETURNED"}
    remarks = (await village.household("officer", made["id"], "remarks { text path author { name role } }"))["remarks"]
    assert {r["text"] for r in remarks} == {"Alamat kurang.", "Nomor rumah?"}
    assert remarks[0]["author"] == {"name": "verifier", "role": "VILLAGE_VERIFIER"}
    assert remarks[0]["path"] == ["address"]


async def test_returning_twice_is_one_return(village: Place) -> None:
    made = await village.new_household("RETURNED")
    again = await village.return_household("verifier", made)
    assert (again["userErrors"], again["household"]["workflowState"]) == ([], "RETURNED")
    for who, text in (("verifier", "Sekali lagi."), ("coordinator", "Alamat kurang jelas.")):
        other = await village.return_household(who, made, 1, text)
        assert [e["code"] for e in other["userErrors"]] == ["TRANSITION_NOT_ALLOWED"]
    found = await village.household("officer", made["id"], "remarks { text } events { to }")
    assert [r["text"] for r in found["remarks"]] == ["Alamat kurang jelas."]
    assert [e["to"] for e in found["events"]] == ["SUBMITTED", "RETURNED"]


async def test_what_one_may_do_in_a_region_is_told_before_any_record(village: Place) -> None:
    text = "query($c: RegionCode!) { region(code: $c) { viewerCan } }"
    for who, code, can in (
        ("officer", HERE, {"HOUSEHOLD_SUBMIT", "HOUSEHOLD_AMEND", "IDENTITY_REVEAL"}),
        ("officer", "35.07", set()),
        ("coordinator", HERE, {"HOUSEHOLD_AMEND", "SUBMISSION_VERIFY", "SUBMISSION_RETURN", "IDENTITY_REVEAL"}),
        ("coordinator", FAR, set()),
        ("verifier", HERE, {"SUBMISSION_VERIFY", "SUBMISSION_RETURN"}),
        ("viewer", HERE, set()),
    ):
        assert set((await village.ask(who, text, c=code))["region"]["viewerCan"]) == can, (who, code)


@pytest.mark.parametrize("name", ["RETURN_VILLAGE", "VERIFY_VILLAGE", "VERIFY_REGENCY"])
async def test_a_step_leads_where_the_state_table_says(
    village: Place, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The commands have it from there, for the household and for its event."""
    made = await village.new_household("VERIFIED_VILLAGE" if name == "VERIFY_REGENCY" else "SUBMITTED")
    monkeypatch.setattr(verification, name, replace(getattr(verification, name), leads_to=WorkflowState.REJECTED))
    if name == "RETURN_VILLAGE":
        payload = await village.return_household("verifier", made)
    else:
        payload = await village.verify("coordinator" if name == "VERIFY_REGENCY" else "verifier", made)
    assert payload["userErrors"] == []
    left = await village.household("officer", made["id"], "workflowState events { to }")
    assert left["workflowState"] == left["events"][-1]["to"] == "REJECTED"


def test_the_steps_of_saving_lead_where_saving_does() -> None:
    submitted = WorkflowState.SUBMITTED
    assert [step.leads_to for step in (SAVE_DRAFT, SUBMITTING, AMENDING)] == [None, submitted, submitted]


async def test_a_result_names_the_household_as_its_id_is_written_everywhere(village: Place) -> None:
    made = await village.new_household("SUBMITTED")
    nobody = str(uuid.uuid4())
    items = [{"id": f" {made['id'].upper()} ", "rev": 1}, {"id": nobody.upper(), "rev": 1}]
    results = (await village.ask("verifier", VERIFY, items=items))["verifyHouseholds"]["results"]
    assert [result["householdId"] for result in results] == [made["id"], nobody]


async def test_what_must_be_seen_is_not_hidden_behind_other_warnings(village: Place) -> None:
    """A list shows fifty: what a verifier accepts knowingly stands before the rest."""
    made = household(people=50)
    odd = {"occupationGroup": "DOMESTIC_WORKER", "sector": "FORMAL"}
    made["migrations"] = [episode(member, departedOn="2015", **odd) for member in made["members"]]
    made["migrations"][-1]["contractEndsOn"] = "2017-01-01"
    assert (await village.submit("officer", made))["outcome"] == "ACCEPTED"
    assert (await village.verify("verifier", made, accept=False))["userErrors"][0]["code"] == "FINDINGS_OPEN"
    codes = [f["code"] for f in (await village.household("verifier", made["id"], "findings { code }"))["findings"]]
    assert len(codes) == 50
    assert codes[0] == "CONTRACT_EXPIRED_ACTIVE"
    assert set(codes[1:]) == {"SCHEME_SECTOR"}
