"""A village's record on the write path: a noun of `VillageRecord`, created or changed by the id that the client made.

It has no workflow: what is accepted is stored, as a revision, and everybody who sees the village sees it.  An edit
without `base_rev` starts from the last revision that its sender wrote, so it conflicts with what others changed since;
it is a retry only if it repeats the edit of that revision, because sending an earlier value again is an edit too.
Tests: tests/test_new_noun.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.dialects.postgresql import insert as upsert

from auth.ability import Ability
from auth.principal import SETTING_OF
from registry.codes import Severity, WriteOutcome
from registry.codes.messages import UserErrorCode as Code
from registry.figures.ledger import UNITS_OF, keeping_record
from registry.guard.case_counting import COUNT_CASE
from registry.guard.record_id import taken_in
from registry.models.aggregate import Aggregate, Document, created_columns, saved_columns
from registry.models.case import Case
from registry.models.fact import WRITTEN_AT, fact_of
from registry.models.noun import Noun, const, table_of
from registry.models.record_revision import RECORD_REVISION
from registry.rules import Finding, check
from registry.store.db import Transaction
from registry.store.sql import CLAIM, Sql, arg
from registry.values.bounds import LONGEST_ENTRIES
from registry.write.command import actor
from registry.write.document import Merged
from registry.write.named_records import find_programmes
from registry.write.retry import accepted_before
from registry.write.statements import as_json, audited, locking, scope_columns, sent_rows, todays_village
from registry.write.submission_context import Judgement, Recorders, Submission, SubmissionContext
from registry.write.user_errors import IdTaken, Problem, Refused, refusal

_NEEDED = ("id", "village_id", "area", "draft", "created_by", "rev")
_ID = RECORD_REVISION.c.record_id == arg("id", sa.Uuid())
_REV = RECORD_REVISION.c.rev == arg("rev", sa.Integer())
SELECT_REVISION = Sql(sa.select(RECORD_REVISION.c.document).where(_ID, _REV))
ACCEPTED_BEFORE = accepted_before(RECORD_REVISION, "record_id")
MY_LAST = Sql(
    sa.select(RECORD_REVISION.c.rev, RECORD_REVISION.c.edit_hash)
    .where(_ID, RECORD_REVISION.c.actor_id == arg(f"{CLAIM}user", sa.Uuid()))
    .order_by(RECORD_REVISION.c.rev.desc())
    .limit(const(1))
)
"""The last revision that the caller wrote, with the hash of its edit."""
(_NUMBERED_ONCE,) = [key.name for key in RECORD_REVISION.constraints if isinstance(key, sa.UniqueConstraint)]
"""The constraint that no two revisions of a record have the same number."""
_EVENT = ("rev", "edit_hash", "actor_id", "actor_name", "actor_role")
"""What a revision says of how it came."""


@dataclass
class VillageRecordSubmission(Submission):
    """A village's record that is saved by an ability."""

    command_ability: Ability

    @property
    def ability(self) -> Ability:
        return self.command_ability

    @property
    def setting(self) -> str:
        return SETTING_OF[self.command_ability]

    @property
    def hashed(self) -> dict[str, str]:
        return {"ability": self.ability.value}

    @property
    def lock_statement(self) -> Sql:
        return _statements(self.edit.aggregate).lock

    async def revision(self, tx: Transaction, rev: int) -> Document | None:
        text = await tx.value(SELECT_REVISION, id=self.id, rev=rev)
        if text is None:
            return None
        document: Document = orjson.loads(text)
        return self.edit.aggregate.empty() | document

    def check_request(self) -> None:
        """An entry stands once in its list, and no list is longer than the registry keeps."""
        if problems := [Problem(Code.LISTED_TWICE, path) for path in self.edit.repeated]:
            raise Refused(*problems)
        self._refuse_long_lists(self.edit.sent)

    def _refuse_long_lists(self, document: Document) -> None:
        for table, list_ in self.edit.aggregate.lists.items():
            if len(document[table]) > LONGEST_ENTRIES:
                raise refusal(Code.UNKNOWN_VALUE, list_, items=str(LONGEST_ENTRIES))

    async def recorders(self, tx: Transaction, row: asyncpg.Record) -> Recorders:
        return {self.edit.root: row["created_by"]}

    async def accepted_before(self, tx: Transaction) -> bool:
        if self.base_rev is not None:
            return bool(await tx.value(ACCEPTED_BEFORE, id=self.id, edit_hash=self.edit_hash))
        last = await tx.one(MY_LAST, id=self.id)
        return last is not None and bool(last["edit_hash"] == self.edit_hash)

    async def locate(self, work: SubmissionContext) -> None:
        await find_programmes(work)

    async def base_without_rev(self, work: SubmissionContext) -> Document:
        """The last revision that the caller wrote; nothing, if they wrote none."""
        last = await work.tx.one(MY_LAST, id=self.id)
        if last is None:
            return self.edit.aggregate.empty()
        if last["rev"] == work.rev:
            return work.current
        written = await self.revision(work.tx, last["rev"])
        assert written is not None, "a revision is never deleted"
        return written

    def judge(self, work: SubmissionContext, merged: Merged) -> Judgement | None:
        """By the rules of its values: errors refuse, warnings go back to whoever sent it."""
        if work.moved:
            raise refusal(Code.VILLAGE_FIXED, *work.edit.root_path("village_id"))
        if not merged.changed and work.row is not None:
            return None
        self._refuse_long_lists(merged.document)
        table, id_ = work.edit.root
        root = {table: {id_: merged.document[table][id_] | {"village_id": str(work.village_id)}}}
        document = merged.document | root
        now, aggregate = dt.datetime.now(dt.UTC), work.edit.aggregate
        findings = check(document, now, complete=True, aggregate=aggregate, loaded=work.loaded)
        if errors := [finding for finding in findings if finding.severity is Severity.ERROR]:
            raise Refused(*[self._problem(error) for error in errors])
        work.warnings += [self._problem(finding) for finding in findings if self._shows(work, finding)]
        return Judgement(findings)

    def _problem(self, finding: Finding) -> Problem:
        path = self.edit.path((finding.table, finding.id, finding.column))
        return Problem(finding.code, path, finding.params, finding.severity)

    def _shows(self, work: SubmissionContext, finding: Finding) -> bool:
        """Whether the caller sees the column of a finding, which tells something of what it holds."""
        column = table_of(self.edit.aggregate.nouns[finding.table]).c[finding.column]
        recorder = work.recorders.get(self.edit.root, work.principal.user_id)
        return work.principal.sees_of(fact_of(column).sensitivity, recorder).covers(work.village_code)

    async def store(self, work: SubmissionContext, merged: Merged, judgement: Judgement, outcome: WriteOutcome) -> None:
        me, (table, id_) = actor(work.principal, self.ability, work.village_code), work.edit.root
        rev = work.rev + 1
        statements = _statements(self.edit.aggregate)
        statement = statements.create if work.row is None else statements.save
        try:
            written = await work.tx.rows(
                statement,
                village=work.village_id,
                area=work.village_code,
                draft=work.draft,
                me=me.id,
                record=as_json([merged.document[table][id_] | {"id": id_, "rev": rev}]),
                document=orjson.dumps(merged.document).decode(),
                rev=rev,
                edit_hash=self.edit_hash,
                actor_id=me.id,
                actor_name=me.name,
                actor_role=me.role,
                ability=self.ability.value,
                outcome=outcome.value,
                **_entries(work, merged.document),
            )
        except asyncpg.UniqueViolationError as error:
            # The id of a village's record of another type has a revision of this number, which PostgreSQL finds before
            # the trigger that enters ids.
            if taken_in(error) is None and error.constraint_name != _NUMBERED_ONCE:
                raise
            written = []
        if not written:  # the id names another record, visible or not; or the village does not exist today
            raise IdTaken(self.id, work.edit.root_path("id"))
        if statements.count is not None:
            await work.tx.rows(statements.count, id=self.id)


def _entries(work: SubmissionContext, document: Document) -> dict[str, Any]:
    """The entries to write and the ids of those to remove, as arguments of the statements."""
    arguments: dict[str, Any] = {}
    for table in work.edit.aggregate.children:
        before, now = work.current[table], document[table]
        changed = [columns | {"id": _entry_id(work, key)} for key, columns in now.items() if columns != before.get(key)]
        arguments[f"entries_{table}"] = as_json(changed)
        arguments[f"removed_{table}"] = [_entry_id(work, key) for key in before if key not in now]
    return arguments


def _entry_id(work: SubmissionContext, key: str) -> uuid.UUID:
    return uuid.uuid5(work.id, key)


@dataclass(frozen=True)
class _Statements:
    lock: Sql
    create: Sql
    save: Sql
    count: Sql | None
    """Let the ledgers count the record as it is now; None if nothing of it is counted."""


@cache
def _statements(aggregate: Aggregate) -> _Statements:
    table = table_of(aggregate.nouns[aggregate.root])
    created, saved = created_columns(aggregate), saved_columns(aggregate)
    row = sent_rows(table, "record", "id", *created)
    sent = {name: row.c[name] for name in created}
    create = (
        upsert(table)
        .from_select(
            ["id", *scope_columns(), *sent],
            todays_village(row.c.id, *scope_columns().values(), *sent.values()).select_from(row),
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(table.c.id)
    )
    save = (
        sa.update(table)
        .values({name: row.c[name] for name in saved} | {"updated_at": WRITTEN_AT})
        .where(table.c.id == row.c.id)
        .returning(table.c.id)
    )
    needed = [table.c[name] for name in (*_NEEDED, "household_id") if name in table.c]
    written = _with_entries(aggregate, create), _with_entries(aggregate, save)
    return _Statements(locking(table, *needed), *written, _counting(aggregate.nouns[aggregate.root]))


def _counting(noun: type[Noun]) -> Sql | None:
    if noun not in UNITS_OF:
        return None
    return COUNT_CASE if noun is Case else Sql(keeping_record(noun, array([arg("id", sa.Uuid())])))


def _write_entries(entry: sa.Table, columns: tuple[str, ...], home: sa.CTE) -> Any:
    """INSERT INTO entry (id, record_id, …) SELECT … FROM home, jsonb_populate_recordset(NULL::entry, $1)
    ON CONFLICT (id) DO UPDATE SET …, archived_at = NULL"""
    row = sent_rows(entry, f"entries_{entry.name}", "id", *columns)
    own = {"id": row.c.id, "record_id": home.c.id, **scope_columns(), **{name: row.c[name] for name in columns}}
    new = upsert(entry).from_select([*own], sa.select(*own.values()).select_from(home.join(row, sa.true())))
    values = {name: new.excluded[name] for name in columns} | {"updated_at": WRITTEN_AT, "archived_at": sa.null()}
    return new.on_conflict_do_update(index_elements=["id"], set_=values)


def _remove_entries(entry: sa.Table, home: sa.CTE) -> Any:
    """UPDATE entry SET archived_at = clock_timestamp() FROM home WHERE record_id = home.id AND id = ANY ($1)"""
    removed = entry.c.id == sa.any_(arg(f"removed_{entry.name}", sa.ARRAY(sa.Uuid())))
    values = {"archived_at": WRITTEN_AT, "updated_at": WRITTEN_AT}
    return sa.update(entry).values(values).where(entry.c.record_id == home.c.id, removed)


def _with_entries(aggregate: Aggregate, written: Any) -> Sql:
    """The record, its entries, its revision and the audit row; the answer is the id, if it was written.

    WITH home AS (INSERT … RETURNING id), revision AS (INSERT … SELECT … FROM home), audit AS (…) SELECT id FROM home"""
    table = table_of(aggregate.nouns[aggregate.root])
    home = written.cte("home")
    parts = []
    for name in aggregate.children:
        entry = table_of(aggregate.nouns[name])
        parts += [_write_entries(entry, saved_columns(aggregate, name), home), _remove_entries(entry, home)]
    columns = {
        "id": sa.func.gen_random_uuid(),
        "record_id": home.c.id,
        "noun": const(table.name),
        "document": arg("document", sa.JSON()),
        **scope_columns(),
        **{name: arg(name, RECORD_REVISION.c[name].type) for name in _EVENT},
    }
    revision = sa.insert(RECORD_REVISION).from_select(list(columns), sa.select(*columns.values()))
    others = [part.cte(f"entries_{n}") for n, part in enumerate(parts)]
    return Sql(sa.select(home.c.id).add_cte(revision.cte("revision"), audited(home).cte("audit"), *others))
