"""The face of the workflow: remarks of verifiers and the steps a record took."""

from __future__ import annotations

import datetime as dt

from auth.sensitivity import Sensitivity
from registry.codes import RejectReason, WorkflowState
from registry.models.workflow import Remark as RemarkFacts
from registry.models.workflow import WorkflowEvent as EventFacts
from schema.declare.makers import ID, embedded, face, guarded, id_field, non_null, shown
from schema.types.node import Actor

PERSONAL = Sensitivity.PERSONAL


@face(RemarkFacts)
class Remark:
    """A verifier's remark on one field (catatan verifikasi)."""

    id: ID = id_field(RemarkFacts.id)
    path: list[str] = shown(RemarkFacts.path)
    text: str = non_null(RemarkFacts.text, PERSONAL)
    author: Actor = embedded(
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
    actor: Actor | None = embedded(
        PERSONAL,
        "Who took the step.",
        EventFacts.actor_id,
        account_id=EventFacts.actor_id,
        name=EventFacts.actor_name,
        role=EventFacts.actor_role,
    )
    at: dt.datetime = shown(EventFacts.at)
    reason: str | None = guarded(EventFacts.reason)
    reject_reason: RejectReason | None = shown(EventFacts.reject_reason)
