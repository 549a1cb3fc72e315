"""A record on its way into the registry: what was sent, and what is known of the record while its transaction is open.

A `Submission` is what one kind of record decides on the write path; a `SubmissionContext` is one attempt to store it.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from auth.ability import Ability
from auth.principal import Principal
from registry.codes import WorkflowState, WriteOutcome
from registry.codes.open_lists import LoadedCodes
from registry.guard.vault import Vault
from registry.models.aggregate import Document
from registry.rules import Finding
from registry.rules.rule import NOTHING_LOADED
from registry.store.db import Transaction
from registry.store.sql import Sql
from registry.write.document import ChangeSet, Merged
from registry.write.echoes import drop_masks
from registry.write.user_errors import Problem

Recorders = dict[tuple[str, str], uuid.UUID]
"""(Table, id) of each stored record of a document → who recorded it."""


@dataclass
class SaveResult:
    """The result of a command on one record; `record` is the id of the stored one, None if nothing is stored."""

    record: uuid.UUID | None
    problems: tuple[Problem, ...]


@dataclass
class SaveOutcome(SaveResult):
    """A saved or refused record: ACCEPTED, MERGED with changes of others, UNCHANGED, or REJECTED."""

    outcome: WriteOutcome


@dataclass(frozen=True)
class Judgement:
    """The rules' findings that do not refuse a document, and the state of the workflow in which it is stored, if it has
    one."""

    findings: Sequence[Finding]
    state: WorkflowState | None = None


@dataclass(frozen=True)
class Place:
    """Where a record lies: its village with its code, whether it is a draft there, and the columns that say so."""

    village_id: uuid.UUID
    area: str
    draft: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Submission(ABC):
    """What a caller sends of one record.  A subclass knows how its kind of record is locked, judged and stored.

    The village is named by its code, today's or a superseded one.  `base_rev` is the revision that the edit started
    from, None for a new record."""

    edit: ChangeSet
    sent_village_code: str | None
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
        """What tells apart two submissions of the same columns."""
        return {}

    @property
    def only_creates(self) -> bool:
        """Whether it is sent as a new record, so that null and a default count as left out in its hash."""
        return False

    def check_request(self) -> None:
        """Raises Refused for what is wrong whatever is stored."""
        return

    def village_if_new(self, principal: Principal) -> uuid.UUID | None:
        """The village in which to try it as a new record without a look; None to look first."""
        return None

    @property
    @abstractmethod
    def lock_statement(self) -> Sql:
        """One row: the `regions` that `code` names, and the record `id` under lock, or nulls in its place."""

    @abstractmethod
    async def revision(self, tx: Transaction, rev: int) -> Document | None:
        """What was accepted as this revision of the stored record."""

    async def base(self, tx: Transaction, rev: int) -> Document | None:
        """The revision of this number, from which the edit says that it started."""
        return await self.revision(tx, rev)

    @abstractmethod
    async def recorders(self, tx: Transaction, row: asyncpg.Record) -> Recorders:
        """Who recorded each record of the stored document."""

    @abstractmethod
    async def accepted_before(self, tx: Transaction) -> bool:
        """Whether the caller had this very edit accepted before; read under the record's lock."""

    async def place(self, tx: Transaction, row: asyncpg.Record | None) -> Place | None:
        """Where the record lies because of another record; None if the code of its village says it.  Raises Refused."""
        return None

    async def locate(self, work: SubmissionContext) -> None:  # noqa: B027  (most records name no other village)
        """Find the villages that the edit names beside its own.  Raises Refused."""

    @abstractmethod
    async def base_without_rev(self, work: SubmissionContext) -> Document:
        """The document from which an edit without `base_rev` started."""

    def drop_echoes(self, edit: ChangeSet, *shown: Document) -> Iterator[Problem]:
        """Remove from the edit what a form echoes as it was shown; yield a problem for what nobody may type."""
        return drop_masks(edit, *shown)

    @abstractmethod
    def judge(self, work: SubmissionContext, merged: Merged) -> Judgement | None:
        """Whether the merged document may be stored; None if it is stored already.  Raises Refused."""

    @abstractmethod
    async def store(self, work: SubmissionContext, merged: Merged, judgement: Judgement, outcome: WriteOutcome) -> None:
        """Write the document with its revision and audit row.  Raises IdTaken."""


@dataclass
class SubmissionContext:
    """One attempt to store a submission, in one transaction; `edit` is this attempt's own copy."""

    tx: Transaction
    principal: Principal
    vault: Vault
    submission: Submission
    edit: ChangeSet
    row: asyncpg.Record | None
    village_id: uuid.UUID
    village_code: str
    current: Document
    recorders: Recorders = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)
    loaded: LoadedCodes = NOTHING_LOADED
    draft: bool = False  # of a record without a workflow

    @property
    def id(self) -> uuid.UUID:
        return self.submission.id

    @property
    def moved(self) -> bool:
        """It is to lie in another village than it is stored in."""
        return self.row is not None and bool(self.row["village_id"] != self.village_id)

    @property
    def rev(self) -> int:
        """The stored revision; 0 for a new record."""
        return 0 if self.row is None else int(self.row["rev"])
