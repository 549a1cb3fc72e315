"""Withdraw and reject: what each step leads to for everybody, and when it is sent twice; and all steps in a race.

Who may take them in which state is in tests/test_workflow.py.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from registry.figures.ledger import HOUSEHOLD_LEDGERS as LEDGERS
from tests.user_errors import codes_and_paths
from tests.village import NEXT_DOOR, REJECT, WITHDRAW, Place, household

pytestmark = pytest.mark.anyio
IN_HOUSEHOLD = ("member", "migration_episode", "household_revision", "workflow_event", "remark", "identity")


async def events(village: Place, document: dict[str, Any]) -> list[tuple[str | None, str]]:
    """The steps of a household, as the database has them."""
    rows = await village.admin.fetch(
        "SELECT from_state, to_state FROM workflow_event WHERE household_id = $1 ORDER BY at", document["id"]
    )
    return [(row["from_state"], row["to_state"]) for row in rows]


# --- withdraw ---------------------------------------------------------------------------------------------------------


async def test_a_withdrawn_household_is_a_draft_for_everybody(village: Place) -> None:
    document = await village.new_household("RETURNED", phone="0812-3456-7890")
    await village.submit("officer", {"id": document["id"]}, 1)
    payload = await village.withdraw("second", document)  # officers of a village stand in for each other
    assert payload == {"household": {"rev": 1, "workflowState": "DRAFT"}, "userErrors": []}
    for who in ("verifier", "coordinator", "viewer", "ministry"):
        assert await village.household(who, document["id"], "id") is None, who
    for table in IN_HOUSEHOLD:
        rows = await village.admin.fetch(f"SELECT draft FROM {table} WHERE household_id = $1", document["id"])
        assert {row["draft"] for row in rows} == {True}, table
    shown = "events { from to actor { name role } } members { fullName }"
    record = await village.household("officer", document["id"], shown)
    assert record["events"][-1] == {
        "from": "SUBMITTED",
        "to": "DRAFT",
        "actor": {"name": "second", "role": "OFFICER"},
    }
    assert record["members"] == [{"fullName": document["members"][0]["fullName"]}]


async def test_a_withdrawn_household_is_edited_sent_and_verified_like_any_other(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    await village.withdraw("officer", document)
    resent = await village.submit("officer", document)  # the first sending, whose answer was lost
    assert (resent["outcome"], resent["household"]["workflowState"]) == ("UNCHANGED", "DRAFT")
    draft = await village.submit("second", {"id": document["id"], "rt": "007"}, 1, "DRAFT")
    assert (draft["outcome"], draft["household"]["rev"]) == ("ACCEPTED", 2)
    assert (await village.submit("officer", {"id": document["id"]}, 2))["household"]["workflowState"] == "SUBMITTED"
    for who in ("verifier", "coordinator"):
        assert not (await village.verify(who, document, 2))["userErrors"]


async def test_authors_of_a_withdrawn_submission_still_cannot_verify_it(village: Place) -> None:
    document = await village.new_household("SUBMITTED", "all in one")
    await village.withdraw("officer", document)
    await village.submit("officer", {"id": document["id"]}, 1)
    assert codes_and_paths(await village.verify("all in one", document)) == [("SELF_VERIFY", ["items", "0", "id"])]


async def test_an_amendment_of_a_verified_household_is_not_withdrawn(village: Place) -> None:
    """Others see a verified household and the figures count it, so it does not become a draft."""
    document = await village.new_household("VERIFIED")
    await village.amend("officer", {"id": document["id"], "rt": "007"})
    record = await village.household("officer", document["id"], "viewerCan workflowState")
    assert record["workflowState"] == "SUBMITTED"
    assert "HOUSEHOLD_WITHDRAW" not in record["viewerCan"]
    refused = await village.withdraw("officer", document, 2)
    assert (codes_and_paths(refused), refused["household"]) == ([("TRANSITION_NOT_ALLOWED", ["id"])], None)


# --- reject -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["NOT_RESIDENT", "NOT_MIGRANT_HOUSEHOLD", "DUPLICATE"])
async def test_a_rejection_says_why_and_is_final(village: Place, reason: str) -> None:
    document = await village.new_household("VERIFIED_VILLAGE")
    payload = await village.reject("coordinator", document, reason=reason, note="Sudah dicek ke desa.")
    assert payload == {
        "household": {"rev": 1, "workflowState": "REJECTED", "verifiedRev": None},
        "userErrors": [],
    }
    for who in ("officer", "verifier"):
        record = await village.household(who, document["id"], "viewerCan events { to reason rejectReason }")
        assert record["events"][-1] == {"to": "REJECTED", "reason": "Sudah dicek ke desa.", "rejectReason": reason}
        assert set(record["viewerCan"]) <= {"HOUSEHOLD_ARCHIVE", "IDENTITY_REVEAL"}, who
    record = await village.household("viewer", document["id"], "events { to reason rejectReason }")
    assert record["events"][-1] == {"to": "REJECTED", "reason": None, "rejectReason": reason}  # a note is PERSONAL


async def test_a_rejection_of_an_amendment_ends_what_the_figures_count(village: Place) -> None:
    document = await village.new_household("VERIFIED")
    await village.amend("officer", {"id": document["id"], "rt": "007"})
    rows = " UNION ALL ".join(
        f"SELECT until = 'infinity' AS is_open FROM {ledger.name} WHERE household_id = $1::uuid"
        for ledger in LEDGERS.values()
    )
    assert {row["is_open"] for row in await village.admin.fetch(rows, document["id"])} == {True}
    assert not (await village.reject("coordinator", document, 2, "NOT_RESIDENT"))["userErrors"]
    record = await village.household("officer", document["id"], "workflowState verifiedRev")
    assert record == {"workflowState": "REJECTED", "verifiedRev": None}
    closed = await village.admin.fetch(rows, document["id"])
    assert [row["is_open"] for row in closed] == [False] * 4


async def test_authors_cannot_reject_what_they_wrote(village: Place) -> None:
    document = await village.new_household("VERIFIED_VILLAGE")
    await village.amend("coordinator", {"id": document["id"], "rt": "007"})
    assert codes_and_paths(await village.reject("coordinator", document, 2)) == [("SELF_VERIFY", ["id"])]
    assert codes_and_paths(await village.reject("colleague", document, 2)) == []


@pytest.mark.parametrize(("note", "code"), [("x" * 2001, "UNKNOWN_VALUE"), ("NIK 3507116304850001", "NUMBER_IN_TEXT")])
async def test_the_note_of_a_rejection_has_bounds_and_no_number(village: Place, note: str, code: str) -> None:
    document = await village.new_household("SUBMITTED")
    assert codes_and_paths(await village.reject("coordinator", document, note=note)) == [(code, ["note"])]
    assert await events(village, document) == [(None, "SUBMITTED")]


# --- sent twice, too late, and to what is hidden ----------------------------------------------------------------------


async def test_a_step_that_is_sent_twice_is_taken_once(village: Place) -> None:
    for take, who in ((village.withdraw, "officer"), (village.reject, "coordinator")):
        document = await village.new_household("SUBMITTED")
        first, second = await take(who, document), await take(who, document)
        assert first == second
        assert first["userErrors"] == []
        assert len(await events(village, document)) == 2


async def test_a_step_is_the_same_only_by_the_same_person_for_the_same_reason(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    await village.reject("coordinator", document, reason="DUPLICATE")
    not_allowed = [("TRANSITION_NOT_ALLOWED", ["id"])]
    assert codes_and_paths(await village.reject("coordinator", document, reason="NOT_RESIDENT")) == not_allowed
    assert codes_and_paths(await village.reject("colleague", document, reason="DUPLICATE")) == not_allowed
    withdrawn = await village.new_household("SUBMITTED")
    await village.withdraw("officer", withdrawn)
    assert codes_and_paths(await village.withdraw("second", withdrawn)) == not_allowed


async def test_another_step_of_the_same_person_is_not_the_same_step(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    assert not (await village.verify("all in one", document))["userErrors"]
    assert codes_and_paths(await village.withdraw("all in one", document)) == [("TRANSITION_NOT_ALLOWED", ["id"])]


async def test_a_late_retry_of_a_step_succeeds_whatever_came_after(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    await village.withdraw("officer", document)
    await village.submit("second", {"id": document["id"], "rt": "007"}, 1)
    late = await village.withdraw("officer", document, 1)
    assert late == {"household": {"rev": 2, "workflowState": "SUBMITTED"}, "userErrors": []}


async def test_steps_need_the_newest_revision(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    await village.submit("officer", {"id": document["id"], "rt": "007"}, 1)
    for rev in (0, 1, 3):
        for refused in (
            await village.withdraw("officer", document, rev),
            await village.reject("coordinator", document, rev),
        ):
            assert (codes_and_paths(refused), refused["household"]) == ([("VERSION_CONFLICT", ["rev"])], None)


async def test_hidden_and_absent_households_get_equal_answers(village: Place) -> None:
    hidden, draft = household(NEXT_DOOR), await village.new_household("DRAFT")
    await village.submit("next door", hidden)
    nobody = str(uuid.uuid4())
    for who, text, ids, more in (
        ("officer", WITHDRAW, (hidden["id"], nobody), {}),
        ("far coordinator", REJECT, (hidden["id"], draft["id"], nobody), {"reason": "DUPLICATE"}),
        ("coordinator", REJECT, (draft["id"], nobody), {"reason": "DUPLICATE"}),
    ):
        answers = [await village.query(who, text, id=id_, rev=1, **more) for id_ in ids]
        assert len({answer.body.split(b'"extensions"')[0] for answer in answers}) == 1
        assert b'"NOT_FOUND"' in answers[0].body


async def test_each_attempt_of_a_step_is_audited(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    last = await village.admin.fetchval("SELECT max(id) FROM audit_event")
    await village.reject("coordinator", document, 7)
    await village.reject("coordinator", document, note="Ganda.")
    await village.reject("coordinator", document)
    await village.query("officer", REJECT, id=document["id"], rev=1, reason="DUPLICATE")
    rows = await village.admin.fetch("SELECT * FROM audit_event WHERE id > $1 ORDER BY id", last)
    assert [(row["ability"], str(row["subject_id"]), row["outcome"], row["rev"], row["note"]) for row in rows] == [
        ("submission:reject", document["id"], outcome, rev, note)
        for outcome, rev, note in (
            ("VERSION_CONFLICT", 7, None),
            ("ACCEPTED", 1, "Ganda."),
            ("UNCHANGED", 1, None),
            ("FORBIDDEN", None, None),
        )
    ]


# --- races ------------------------------------------------------------------------------------------------------------

Attempt = Callable[[Place, dict[str, Any], int], Awaitable[Any]]
OFFICERS, VERIFIERS = ("officer", "second", "both villages"), ("verifier", "both steps")
COORDINATORS = ("coordinator", "colleague")


def _amend(village: Place, document: dict[str, Any], n: int) -> Awaitable[Any]:
    return village.amend(OFFICERS[n // 2 % 3], {"id": document["id"], "rt": f"{n:03d}"})


def _verify(village: Place, document: dict[str, Any], n: int) -> Awaitable[Any]:
    return village.verify(VERIFIERS[n // 2 % 2], document)


def _withdraw(village: Place, document: dict[str, Any], n: int) -> Awaitable[Any]:
    return village.withdraw(OFFICERS[n // 2 % 3], document)


def _reject(village: Place, document: dict[str, Any], n: int) -> Awaitable[Any]:
    return village.reject(COORDINATORS[n // 2 % 2], document)


def _archive(village: Place, document: dict[str, Any], n: int) -> Awaitable[Any]:
    return village.archive(COORDINATORS[n // 2 % 2], document)


RACES: dict[str, tuple[Attempt, Attempt]] = {
    "amend against verify": (_amend, _verify),
    "withdraw against verify": (_withdraw, _verify),
    "reject against verify": (_reject, _verify),
    "withdraw against amend": (_withdraw, _amend),
    "withdraw against reject": (_withdraw, _reject),
    "archive against amend": (_archive, _amend),
    "archive against verify": (_archive, _verify),
    "archive against withdraw": (_archive, _withdraw),
}
LOST = {"VERSION_CONFLICT", "TRANSITION_NOT_ALLOWED", "SELF_VERIFY", "NOT_FOUND"}


@pytest.mark.parametrize("name", RACES)
async def test_of_eight_at_the_same_moment_each_step_is_taken_from_the_state_that_the_one_before_left(
    village: Place, name: str
) -> None:
    """Whoever comes first wins; the others are refused with a code, and what was accepted is stored."""
    for _ in range(3):
        document = await village.new_household("SUBMITTED")
        attempts = [attempt(village, document, n) for n, attempt in zip(range(8), itertools.cycle(RACES[name]))]
        payloads = await asyncio.gather(*attempts)
        refused = [payload for payload in payloads if payload["userErrors"]]
        assert {code for payload in refused for code, _ in codes_and_paths(payload)} <= LOST
        assert 1 <= len(refused) < 8
        await check_chain(village, document)


async def check_chain(village: Place, document: dict[str, Any]) -> None:
    """The steps of a household are one chain from its creation to its state, and its revisions have no gap."""
    row = await village.admin.fetchrow("SELECT rev, workflow_state FROM household WHERE id = $1", document["id"])
    assert row is not None
    steps = await events(village, document)
    entered: Counter[str | None] = Counter(to for _, to in steps)
    left = Counter(from_ for from_, _ in steps)
    assert entered - left == Counter([row["workflow_state"]])
    assert left - entered == Counter([None])
    revisions = await village.admin.fetch("SELECT rev FROM household_revision WHERE household_id = $1", document["id"])
    assert sorted(row["rev"] for row in revisions) == list(range(1, row["rev"] + 1))
