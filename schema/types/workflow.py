"""The face of the workflow: remarks of verifiers and the steps a record took."""

from __future__ import annotations

import datetime as dt

from auth.sensitivity import Sensitivity
from registry.codes import WorkflowState
from registry.models.workflow import Remark as RemarkFacts
from registry.models.workflow import WorkflowEvent as EventFacts
from schema.declare.makers import ID, face, guarded, inside, key, non_null, shown
from schema.types.node import Actor

PERSONAL = Sensitivity.PERSONAL


@face(RemarkFacts)
class Remark:
    """Catatan verifikasi on one field."""

    id: ID = key(RemarkFacts.id)
    path: list[str] = shown(RemarkFacts.path)
    text: str = non_null(RemarkFacts.text, PERSONAL)
    author: Actor = inside(
        PERSONAL,
        "Who wrote it.",
        RemarkFacts.author_id,
        account_id=RemarkFacts.author_id,
        name=RemarkFacts.author_name,
        role=RemarkFacts.author_role,
    )
    at: dt.datetime = shown(RemarkFacts.at)
    resolved_in_rev: int | None = shown(RemarkFacts.resolved_in_rev)


@face(EventFacts)
class WorkflowEvent:
    """One step of a record through the workflow; never changed afterwards."""

    from_: WorkflowState | None = shown(EventFacts.from_state, name="from")
    to: WorkflowState = shown(EventFacts.to_state)
    rev: int = shown(EventFacts.rev)
    actor: Actor | None = inside(
        PERSONAL,
        "Who took it.",
        EventFacts.actor_id,
        account_id=EventFacts.actor_id,
        name=EventFacts.actor_name,
        role=EventFacts.actor_role,
    )
    at: dt.datetime = shown(EventFacts.at)
    reason: str | None = guarded(EventFacts.reason)
