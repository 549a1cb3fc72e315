"""The household on the write path: save a new, drafted, returned or own submitted one, as a whole; or amend one that
others have verified or are verifying, with a reason.

Rule: what saving leads to in which state is the table in `registry/models/workflow.py`, and nothing else decides it.
Tests: tests/test_submission.py, tests/test_late.py, tests/test_workflow.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg
import orjson

from auth.ability import Ability
from auth.principal import Principal
from registry.codes import ChangeSource, Severity, WorkflowState, WriteOutcome
from registry.codes.messages import UserErrorCode as Code
from registry.guard.case_counting import MOVE_CASES
from registry.models.aggregate import Document
from registry.models.household import HOUSEHOLD
from registry.models.household_aggregate import AGGREGATE, CHILDREN, LISTS, REFERENCES
from registry.models.step import Step
from registry.models.workflow import EVENT, MOVABLE, STEP_OF, Intent, Verdict, saving
from registry.rules import Finding, check
from registry.store.db import Transaction
from registry.store.sql import Sql
from registry.values.bounds import LONGEST_LIST
from registry.values.text import says_something
from registry.write import household_sql
from registry.write.document import ChangeSet, Merged, opened
from registry.write.echoes import drop_status
from registry.write.persist import SUBMITTED, persist
from registry.write.retry import accepted_before
from registry.write.statements import CALLER, locking
from registry.write.submission_context import Judgement, Recorders, Submission, SubmissionContext
from registry.write.user_errors import Problem, Refused, refusal, unfit
from registry.write.village_lookup import locate, move_along

_NEEDED = ("id", "village_id", "area", "created_by", "workflow_state", "rev", *SUBMITTED)


def _lock(step: Step) -> Sql:
    allowed = step.allowed(HOUSEHOLD, CALLER).label("allowed")
    return locking(HOUSEHOLD, *[HOUSEHOLD.c[name] for name in _NEEDED], allowed)


ACCEPTED_BEFORE = accepted_before(EVENT, "household_id")
LOCKS = {intent: _lock(step) for intent, step in STEP_OF.items()}


@dataclass
class HouseholdSubmission(Submission):
    """A household with the intent for which it is saved, and the door by which it came; an amendment has a reason."""

    intent: Intent
    reason: str | None = None
    source: ChangeSource = ChangeSource.WEB

    @property
    def step(self) -> Step:
        """The step of the state table that opens the way."""
        return STEP_OF[self.intent]

    @property
    def ability(self) -> Ability:
        return self.step.ability

    @property
    def setting(self) -> str:
        return self.step.setting

    @property
    def lock_statement(self) -> Sql:
        return LOCKS[self.intent]

    @property
    def hashed(self) -> dict[str, str]:
        """Not the reason: the same amendment with another reason is a retry."""
        return {"act": self.intent.value}

    @property
    def only_creates(self) -> bool:
        return self.base_rev is None and self.sent_village_code is not None

    def check_request(self) -> None:
        """An amendment has a reason that says something."""
        if self.intent is not Intent.AMEND:
            return
        if not says_something(self.reason or ""):
            raise refusal(Code.REASON_REQUIRED, "reason")
        if problems := unfit(EVENT.c.reason, self.reason, "reason"):
            raise Refused(*problems)

    def village_if_new(self, principal: Principal) -> uuid.UUID | None:
        """The village of a grant that covers just that village, if the household may be new.

        Most are, and need no look: the writing statement knows whether the household is new, and whether the region is
        one of today's villages."""
        code = self.sent_village_code
        if self.base_rev is not None or code is None or not principal.areas(self.ability).covers(code):
            return None
        return next((grant.region_id for grant in principal.grants if code in grant.area.codes), None)

    async def revision(self, tx: Transaction, rev: int) -> Document | None:
        return await self._document(tx, household_sql.REVISIONS, rev)

    async def base(self, tx: Transaction, rev: int) -> Document | None:
        """One that its sender saw: merging with another would tell them what a draft held."""
        return await self._document(tx, household_sql.SHOWN_REVISIONS, rev)

    async def _document(self, tx: Transaction, statement: Sql, rev: int) -> Document | None:
        row = await tx.one(statement, household=self.id, revs=[rev])
        if row is None:
            return None
        document: Document = orjson.loads(row["document"])
        return document

    async def recorders(self, tx: Transaction, row: asyncpg.Record) -> Recorders:
        parts = await tx.rows(household_sql.RECORDERS, household=row["id"])
        return {self.edit.root: row["created_by"]} | {
            (part["noun"], str(part["id"])): part["created_by"] for part in parts
        }

    async def accepted_before(self, tx: Transaction) -> bool:
        return bool(await tx.value(ACCEPTED_BEFORE, id=self.id, edit_hash=self.edit_hash))

    async def locate(self, work: SubmissionContext) -> None:
        await locate(work)

    async def base_without_rev(self, work: SubmissionContext) -> Document:
        """Nothing, so that a value which differs from a stored one conflicts; where none is stored it is added."""
        return AGGREGATE.empty()

    def drop_echoes(self, edit: ChangeSet, *shown: Document) -> Iterator[Problem]:
        yield from super().drop_echoes(edit, *shown)
        yield from drop_status(edit, *shown)

    def judge(self, work: SubmissionContext, merged: Merged) -> Judgement | None:
        """By the state table, then by the rules."""
        merged.changed |= move_along(work, merged.document)
        has_effect = merged.changed or work.moved
        verdict = saving(self.intent, state_of(work), changed=has_effect, based=self.base_rev is not None)
        if verdict is Verdict.UNCHANGED:
            return None
        if isinstance(verdict, Verdict) or not _allowed(work):
            raise refusal(Code.TRANSITION_NOT_ALLOWED, *self._refused_at(work))
        return Judgement(_findings(work, merged.document, finished=verdict is WorkflowState.SUBMITTED), verdict)

    def _refused_at(self, work: SubmissionContext) -> tuple[str, ...]:
        if work.moved:
            return work.edit.root_path("village_id")
        return ("saveAs",) if self.intent is Intent.DRAFT else work.edit.root_path("id")

    async def store(self, work: SubmissionContext, merged: Merged, judgement: Judgement, outcome: WriteOutcome) -> None:
        assert judgement.state is not None, "a household has a workflow"
        revises = merged.changed or work.row is None  # a move alone does not make a revision
        document, state, findings = merged.document, judgement.state, judgement.findings
        await persist(work, document, state, findings, outcome, self.reason, self.source, revises=revises)
        if work.moved:
            await work.tx.value(MOVE_CASES, id=self.id, village=work.village_id, area=work.village_code)


def state_of(work: SubmissionContext) -> WorkflowState | None:
    """The state of the stored household; None for a new one."""
    return None if work.row is None else WorkflowState[work.row["workflow_state"]]


def _allowed(work: SubmissionContext) -> bool:
    """Whether the state table lets the caller save for this intent and, where they do, move the household."""
    if work.row is None:
        return True
    return bool(work.row["allowed"]) and (not work.moved or state_of(work) in MOVABLE)


def _findings(work: SubmissionContext, document: Document, *, finished: bool) -> list[Finding]:
    """Judge the whole household: errors refuse, the rest is kept for the verifier.  Raises Refused."""
    for table in CHILDREN:
        if len(document[table]) > LONGEST_LIST:
            raise refusal(Code.UNKNOWN_VALUE, "household", LISTS[table], items=str(LONGEST_LIST))
    plain = opened(document, work.vault)
    plain["household"][work.edit.id]["village_id"] = str(work.village_id)
    findings = check(plain, dt.datetime.now(dt.UTC), complete=finished, aggregate=AGGREGATE, loaded=work.loaded)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise Refused(*[_problem(work, document, error) for error in errors])
    return findings


def _problem(work: SubmissionContext, document: Document, error: Finding) -> Problem:
    """An error at its place in the input; one about a member whom this edit removes says so."""
    path = work.edit.path((error.table, error.id, error.column))
    if (error.table, error.column) in REFERENCES:
        member = document[error.table][error.id].get(error.column)
        if ("member", member) in work.edit.removed:
            return Problem(Code.MEMBER_REMOVED, path)
    return Problem(error.code, path, error.params)
