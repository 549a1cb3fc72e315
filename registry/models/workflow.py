"""Workflow: who has looked at a household so far, and what was said about it.

Rule: every step is an append-only event; the state table below is the only place that says which step may follow
which, for the commands and for `viewerCan` alike.  Tests: tests/test_workflow.py.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import Mapped

from auth.ability import Ability
from auth.principal import OF_OWN, SETTING_OF
from auth.role import Role
from auth.sensitivity import Sensitivity
from registry.codes import ArchiveReason, ChangeSource, RejectReason, WorkflowState
from registry.models.fact import WRITTEN_AT, Derived, Fact, StatementContext, fact
from registry.models.noun import Noun, const, table_of
from registry.models.scoped import InHousehold
from registry.models.step import (
    Condition,
    Step,
    is_author,
    is_author_or_village_verifier,
    sent_by_another,
    verified_before,
)
from registry.values.bounds import NAME, NOTE, REMARK_TEXT

OPERATIONAL, PERSONAL, SYSTEM = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL, Sensitivity.SYSTEM


class HouseholdRevision(InHousehold, Noun):
    """Every accepted document, whole, in the order of acceptance; numbers are sealed in it."""

    __tablename__ = "household_revision"
    named = False
    rev: Mapped[int] = fact(OPERATIONAL, "Revisi", "Revision", server=True)
    created_at: Mapped[dt.datetime] = fact(OPERATIONAL, "Dibuat", "Created at", server=True, server_default=WRITTEN_AT)
    source: Mapped[ChangeSource] = fact(
        OPERATIONAL, "Asal", "By which door it came", ChangeSource, server=True, server_default=ChangeSource.WEB.value
    )
    document: Mapped[dict[str, Any]] = fact(
        SYSTEM, "Dokumen", "The household as it was accepted, in the order of the form", sa.JSON(), server=True
    )


class WorkflowEvent(InHousehold, Noun):
    """One accepted act on a household: the states before and after, who acted and why; never changed afterwards."""

    __tablename__ = "workflow_event"
    named = False
    from_state: Mapped[WorkflowState | None] = fact(OPERATIONAL, "Dari", "From", WorkflowState, server=True)
    to_state: Mapped[WorkflowState] = fact(OPERATIONAL, "Ke", "To", WorkflowState, server=True)
    rev: Mapped[int] = fact(OPERATIONAL, "Revisi", "Revision", server=True)
    actor_id: Mapped[uuid.UUID] = fact(PERSONAL, "Pelaku", "Actor", server=True)
    actor_name: Mapped[str] = fact(PERSONAL, "Nama pelaku", "Name of the actor", server=True, longest=NAME)
    actor_role: Mapped[str] = fact(PERSONAL, "Peran pelaku", "Role of the actor", server=True, longest=40, closed=Role)
    at: Mapped[dt.datetime] = fact(OPERATIONAL, "Waktu", "At", server=True, server_default=WRITTEN_AT)
    reason: Mapped[str | None] = fact(PERSONAL, "Alasan", "Reason", server=True, longest=NOTE, lines=True)
    reject_reason: Mapped[RejectReason | None] = fact(
        OPERATIONAL, "Alasan penolakan", "Why the submission was refused for good", RejectReason, server=True
    )
    archive_reason: Mapped[ArchiveReason | None] = fact(
        OPERATIONAL, "Alasan pengarsipan", "Why the household left the register", ArchiveReason, server=True
    )
    edit_hash: Mapped[str | None] = fact(
        SYSTEM,
        "Sidik suntingan",
        "Hash of the edit that was accepted with this event; by it a retry is known",
        server=True,
        longest=100,
    )


class Remark(InHousehold, Noun):
    """Catatan verifikasi on one field; shown to those who see the class of the field."""

    __tablename__ = "remark"
    named = False
    path: Mapped[list[str]] = fact(
        OPERATIONAL, "Kolom", "Path of the field, a child by its id", server=True, items=6, longest=40
    )
    rev: Mapped[int] = fact(OPERATIONAL, "Revisi", "The revision that it speaks of", server=True)
    about: Mapped[Sensitivity] = fact(
        OPERATIONAL,
        "Kelas kolom",
        "Class of the field it speaks of",
        sa.Text(),
        server=True,
        longest=20,
        closed=Sensitivity,
    )
    about_author: Mapped[uuid.UUID] = fact(SYSTEM, "Pembuat catatan", "Recorder of the row it speaks of", server=True)
    text: Mapped[str] = fact(PERSONAL, "Catatan", "Text", longest=REMARK_TEXT, lines=True)
    author_id: Mapped[uuid.UUID] = fact(PERSONAL, "Penulis", "Author", server=True)
    author_name: Mapped[str] = fact(PERSONAL, "Nama penulis", "Name of the author", server=True, longest=NAME)
    author_role: Mapped[str] = fact(
        PERSONAL, "Peran penulis", "Role of the author", server=True, longest=40, closed=Role
    )
    at: Mapped[dt.datetime] = fact(OPERATIONAL, "Waktu", "At", server=True, server_default=WRITTEN_AT)
    resolved_in_rev: Mapped[int | None] = fact(OPERATIONAL, "Selesai dalam revisi", "Resolved in revision", server=True)


Expression = Callable[[sa.FromClause, StatementContext], sa.ColumnElement[Any]]


class Intent(enum.Enum):
    """What the content of a household is saved for."""

    DRAFT = "DRAFT"
    SUBMIT = "SUBMITTED"
    AMEND = "AMENDED"


class Verdict(enum.Enum):
    """Why saving stores nothing."""

    UNCHANGED = "what was sent is stored already"
    REFUSED = "the household is in a state in which saving for this changes nothing"


# --- the state table --------------------------------------------------------------------------------------------------
#
# It has two parts.  SAVING: what happens when content is saved.  STEPS: which command is open to whom, in which states.

A, S = Ability, WorkflowState
SaveTarget = WorkflowState | Verdict
no, same = Verdict.REFUSED, Verdict.UNCHANGED

# fmt: off
SAVING: dict[Intent, dict[WorkflowState | None, tuple[SaveTarget, SaveTarget, SaveTarget]]] = {
    # What was sent          differs from   is what is stored,  is what is stored,
    # for a household that   what is        and names its       and names no
    # is …                   stored         `baseRev`           `baseRev`
    Intent.DRAFT: {
        None:               (S.DRAFT,       S.DRAFT,            S.DRAFT),
        S.DRAFT:            (S.DRAFT,       same,               same),
        S.RETURNED:         (S.RETURNED,    same,               same),
    },
    Intent.SUBMIT: {
        None:               (S.SUBMITTED,   S.SUBMITTED,        S.SUBMITTED),
        S.DRAFT:            (S.SUBMITTED,   S.SUBMITTED,        S.SUBMITTED),
        S.RETURNED:         (S.SUBMITTED,   S.SUBMITTED,        same),  # a late first sending is no answer to a return
        S.SUBMITTED:        (S.SUBMITTED,   same,               same),
    },
    Intent.AMEND: {
        S.SUBMITTED:        (S.SUBMITTED,   same,               same),
        S.VERIFIED_VILLAGE: (S.SUBMITTED,   same,               same),
        S.VERIFIED:         (S.SUBMITTED,   same,               same),
    },
}
# fmt: on
"""What saving leads to.  A state: it is stored, and the household has this state then.  A household in a state that is
not named here stays as it is: `same` where the content is stored already, `no` for everything else."""

MOVABLE = (S.DRAFT,)
"""The states in which saving may move a household to another village."""


def saving(intent: Intent, state: WorkflowState | None, *, changed: bool, based: bool) -> SaveTarget:
    """What saving leads to for a household in this state, None for a new one, by the table."""
    if_changed, if_based, if_not = SAVING[intent].get(state, (no, same, same))
    return if_changed if changed else if_based if based else if_not


def _states(intent: Intent) -> tuple[WorkflowState, ...]:
    """Where somebody may change the household so."""
    return tuple(state for state in SAVING[intent] if state is not None)


def _leads_to(intent: Intent) -> WorkflowState | None:
    """The state in which changed content is stored, where it is the same from every state."""
    targets = {changed for changed, _, _ in SAVING[intent].values() if isinstance(changed, WorkflowState)}
    return targets.pop() if len(targets) == 1 else None


def _saving(intent: Intent, ability: Ability, setting: str, unless: Condition | None = None) -> Step:
    """The step that saves for an intent, in the states of the table above."""
    return Step(ability, setting, _states(intent), _leads_to(intent), unless)


# fmt: off
# Saving, in the states that have a row for the intent in SAVING
#                        intent          ability             setting
SAVE_DRAFT     = _saving(Intent.DRAFT,  A.HOUSEHOLD_SUBMIT, "submit")
SUBMIT         = _saving(Intent.SUBMIT, A.HOUSEHOLD_SUBMIT, "submit", unless=sent_by_another)
AMEND          = _saving(Intent.AMEND,  A.HOUSEHOLD_AMEND,  "amend")

IN_REGISTER = tuple(state for state in S if state is not S.ARCHIVED)

# The other commands
#                     ability              setting           in these states                    leads to
VERIFY_VILLAGE = Step(A.SUBMISSION_VERIFY, "verify_village", (S.SUBMITTED,),                    S.VERIFIED_VILLAGE,
                      unless=is_author)
VERIFY_REGENCY = Step(A.SUBMISSION_VERIFY, "verify_regency", (S.VERIFIED_VILLAGE,),             S.VERIFIED,
                      unless=is_author_or_village_verifier)
RETURN_VILLAGE = Step(A.SUBMISSION_RETURN, "return_village", (S.SUBMITTED,),                    S.RETURNED,
                      unless=is_author)
RETURN_REGENCY = Step(A.SUBMISSION_RETURN, "return_regency", (S.SUBMITTED, S.VERIFIED_VILLAGE), S.RETURNED,
                      unless=is_author)
WITHDRAW       = Step(A.HOUSEHOLD_WITHDRAW, "withdraw",      (S.SUBMITTED,),                    S.DRAFT,
                      unless=verified_before)
REJECT         = Step(A.SUBMISSION_REJECT, "reject",         (S.SUBMITTED, S.VERIFIED_VILLAGE), S.REJECTED,
                      unless=is_author)
ARCHIVE        = Step(A.HOUSEHOLD_ARCHIVE, "archive",        IN_REGISTER,                       S.ARCHIVED)
REVEAL         = Step(A.IDENTITY_REVEAL,   "reveal",         tuple(S),                          None)
# fmt: on
STEPS = (
    SUBMIT,
    WITHDRAW,
    AMEND,
    ARCHIVE,
    VERIFY_VILLAGE,
    VERIFY_REGENCY,
    RETURN_VILLAGE,
    RETURN_REGENCY,
    REJECT,
    REVEAL,
)
STEP_OF = {Intent.DRAFT: SAVE_DRAFT, Intent.SUBMIT: SUBMIT, Intent.AMEND: AMEND}
"""The step that saves for each intent."""


REVISION, EVENT, REMARK = (table_of(n) for n in (HouseholdRevision, WorkflowEvent, Remark))


def abilities(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """`viewerCan` of a household: the abilities whose step would be accepted from the caller now, each once."""
    by_ability: dict[Ability, list[sa.ColumnElement[bool]]] = {}
    for step in STEPS:
        by_ability.setdefault(step.ability, []).append(step.allowed(row, ctx))
    return granted({ability: sa.or_(*tests) for ability, tests in by_ability.items()})


def granted(tests: dict[Ability, sa.ColumnElement[bool]]) -> sa.ColumnElement[Any]:
    """The names of the abilities whose test holds, as a text array."""
    names = [sa.case((test, const(ability.name)), else_=sa.null()) for ability, test in tests.items()]
    return sa.func.array_remove(sa.cast(array(names), ARRAY(sa.Text())), sa.null(), type_=ARRAY(sa.Text()))


OF_PLACES = [
    (ability, SETTING_OF[ability]) for ability in (Ability.PROGRAMME_MANAGE, Ability.PILLAR_RECORD, Ability.CASE_RECORD)
]
"""The abilities of commands on a place itself and on its records, with their settings."""


def in_region(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """`viewerCan` of a region: what the caller may do there, before the state of any one record is considered."""
    by_ability: dict[Ability, list[sa.ColumnElement[bool]]] = {}
    for ability, setting in [*[(step.ability, step.setting) for step in STEPS], *OF_PLACES]:
        by_ability.setdefault(ability, []).append(row.c.code.op("<@")(ctx.areas(setting)))
    return granted({ability: sa.func.coalesce(sa.or_(*tests), sa.false()) for ability, tests in by_ability.items()})


def where_held(ability: Ability) -> Expression:
    """`viewerCan` of a record whose command asks for nothing but the ability, where the record lies."""

    def held(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        inside = row.c.area.op("<@", is_comparison=True)
        if ability not in OF_OWN:
            return granted({ability: inside(ctx.areas(SETTING_OF[ability]))})
        own = sa.and_(inside(ctx.areas(OF_OWN[ability])), row.c.created_by == ctx.claim("user", sa.Uuid()))
        return granted({ability: sa.or_(inside(ctx.areas(SETTING_OF[ability])), own)})

    return held


def nothing(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """`viewerCan` of records that no command takes by themselves."""
    return sa.cast(const("{}"), ARRAY(sa.Text()))


def _can(expression: Expression) -> Derived[list[Ability]]:
    shown = Fact(
        Sensitivity.OPEN, "Yang boleh Anda lakukan", "Commands that would be accepted from you now", server=True
    )
    return Derived("viewer_can", shown, expression, ARRAY(sa.Text()))


can_household, can_region, can_nothing = (_can(e) for e in (abilities, in_region, nothing))
can_numbers = _can(where_held(Ability.IDENTITY_REVEAL))
"""Of a member or an episode: its identity numbers may be revealed."""


@cache
def can(ability: Ability) -> Derived[list[Ability]]:
    """Of a village's record: the ability whose command saves it."""
    return _can(where_held(ability))
