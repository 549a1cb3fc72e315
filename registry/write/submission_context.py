"""A record on its way into the registry: what was sent, and what is known of the record while its transaction is open.

Rule: what the parts of the write path share stands here, so that none of them knows the insides of another.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import asyncpg

from auth.ability import Ability
from auth.principal import Principal
from registry.codes import WorkflowState, WriteOutcome
from registry.guard.vault import Vault
from registry.rules import Finding
from registry.store.db import Transaction
from registry.store.sql import Sql
from registry.write.document import ChangeSet, Document, Merged
from registry.write.unchanged import drop_masks
from registry.write.user_errors import Problem

Authors = dict[tuple[str, str], uuid.UUID]
"""(Table, id) of each stored record of a document → who recorded it."""


@dataclass
class Saved:
    """What became of it; `record` is the id of the record as stored, None where nothing is."""

    record: uuid.UUID | None
    problems: tuple[Problem, ...]


@dataclass
class Outcome(Saved):
    """And which way: ACCEPTED, MERGED with what others changed, UNCHANGED, or REJECTED."""

    outcome: WriteOutcome


@dataclass(frozen=True)
class Judged:
    """The rules' findings that do not refuse a document, and the state of the workflow in which it is stored, if it has
    one."""

    findings: Sequence[Finding]
    state: WorkflowState | None = None


@dataclass
class Submission(ABC):
    """What a caller sends of one record.  A subclass knows how its kind of record is locked, judged and stored.

    The village is named by its code, today's or a superseded one.  `base_rev` is the revision that the edit started
    from, None for a new record."""

    edit: ChangeSet
    village: str | None
    base_rev: int | None
    edit_hash: str = field(default="", init=False)

    @property
    def id(self) -> uuid.UUID:
        return uuid.UUID(self.edit.id)

    @property
    @abstractmethod
    def ability(self) -> Ability:
        """What opens the command."""

    @property
    @abstractmethod
    def setting(self) -> str:
        """The name in `auth.principal.SETTINGS` of the areas in which the ability is held."""

    @property
    def hashed(self) -> dict[str, str]:
        """What makes two sendings of the same edit different ones."""
        return {}

    def check(self) -> None:
        """Raises Refused for what is wrong whatever is stored."""
        return

    def own_village(self, principal: Principal) -> uuid.UUID | None:
        """The village in which to store it as new without looking first; None to look first."""
        return None

    @property
    @abstractmethod
    def lock(self) -> Sql:
        """One row: the `regions` that `code` names, and the record `id` under lock, or nulls in its place."""

    @abstractmethod
    async def revision(self, tx: Transaction, rev: int) -> Document | None:
        """What was accepted as this revision of the stored record."""

    @abstractmethod
    async def authors(self, tx: Transaction, row: asyncpg.Record) -> Authors:
        """Who recorded each record of the stored document."""

    @abstractmethod
    async def accepted_before(self, tx: Transaction) -> bool:
        """Whether the caller had this very edit accepted before; asked under the record's lock."""

    async def locate(self, work: SubmissionContext) -> None:  # noqa: B027  (most records name no other village)
        """Find the villages that the edit names beside its own.  Raises Refused."""

    def unbased(self, current: Document) -> Document:
        """Where an edit without `base_rev` started: from what is stored, so that it changes whatever it sends."""
        return current

    def drop_unchanged(self, edit: ChangeSet, *shown: Document) -> Iterator[Problem]:
        """Remove from the edit what a form sends back as it was shown; yield a problem for what nobody may type."""
        return drop_masks(edit, *shown)

    @abstractmethod
    def judge(self, work: SubmissionContext, merged: Merged) -> Judged | None:
        """Whether the merged document may be stored; None if it is stored already.  Raises Refused."""

    @abstractmethod
    async def store(self, work: SubmissionContext, merged: Merged, judged: Judged, outcome: WriteOutcome) -> None:
        """Write the document with its revision and audit row.  Raises IdTaken."""


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
    authors: Authors = field(default_factory=dict)
    notes: list[Problem] = field(default_factory=list)

    @property
    def id(self) -> uuid.UUID:
        return self.submission.id

    @property
    def moved(self) -> bool:
        """It is to lie in another village than it is stored in."""
        return self.row is not None and bool(self.row["village_id"] != self.village)

    @property
    def rev(self) -> int:
        """The stored revision; 0 for a new record."""
        return 0 if self.row is None else int(self.row["rev"])
