"""A submission on its way: what was sent, and what is known of the household while its transaction is open.

Rule: what the parts of a submission share stands here, so that none of them knows the others' insides.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import asyncpg

from auth.principal import Principal
from registry.codes import WorkflowState
from registry.guard.vault import Vault
from registry.models.workflow import STEP_OF, Act, Step
from registry.store.db import Transaction
from registry.write.document import ChangeSet, Document
from registry.write.user_errors import Problem


@dataclass
class Submission:
    """What the caller sends; the village is named by its code, today's or a superseded one."""

    edit: ChangeSet
    village: str | None
    base_rev: int | None
    act: Act
    reason: str | None = None
    edit_hash: str = ""

    @property
    def step(self) -> Step:
        """The step of the state table that opens the way."""
        return STEP_OF[self.act]


@dataclass
class SubmissionContext:
    """A submission on its way through one transaction."""

    tx: Transaction
    principal: Principal
    vault: Vault
    submission: Submission
    edit: ChangeSet
    row: asyncpg.Record | None
    village: uuid.UUID
    area: str
    current: Document
    authors: dict[tuple[str, str], uuid.UUID] = field(default_factory=dict)
    notes: list[Problem] = field(default_factory=list)

    @property
    def id(self) -> uuid.UUID:
        return uuid.UUID(self.edit.household)

    @property
    def moved(self) -> bool:
        """It is to lie in another village."""
        return self.row is not None and bool(self.row["village_id"] != self.village)

    @property
    def state(self) -> WorkflowState | None:
        return None if self.row is None else WorkflowState[self.row["workflow_state"]]

    @property
    def rev(self) -> int:
        return 0 if self.row is None else int(self.row["rev"])
