"""Store a judged household: its row, children, numbers, findings, revision, event and audit row, by one statement.

Rule: what is accepted reaches its table, or nothing is written.  Tests: tests/test_submission.py, tests/test_audit.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import asyncpg
import orjson

from registry.codes import ChangeSource, WorkflowState, WriteOutcome
from registry.codes.messages import sentence
from registry.guard.record_id import taken_in
from registry.models.aggregate import Document
from registry.models.fact import fact_of
from registry.models.household_aggregate import CHILDREN, DERIVED, LISTS, NOUNS, SEALED
from registry.rules import Finding
from registry.values.civil_day import civil_day
from registry.values.derived import owner_category, underage_at_departure
from registry.values.derived import scale as business_scale
from registry.write import household_sql
from registry.write.command import Actor, actor
from registry.write.document import listed
from registry.write.remark import Inside, answered
from registry.write.statements import as_json
from registry.write.submission_context import SubmissionContext
from registry.write.user_errors import IdTaken
from registry.write.village_lookup import LOCATION

SUBMITTED = ("submitted_at", "submitted_by_id", "submitted_by_name", "submitted_by_role")
"""What a household keeps of its last submission."""
Rows = tuple[list[dict[str, Any]], list[dict[str, Any]], list[uuid.UUID]]
"""The new and the changed records of a list, and the ids of those removed."""


async def persist(
    work: SubmissionContext,
    document: Document,
    state: WorkflowState,
    findings: Sequence[Finding],
    outcome: WriteOutcome,
    reason: str | None,
    source: ChangeSource,
    *,
    revises: bool,
) -> None:
    """Store the document in `state`; `revises` is whether it becomes a new revision, which came by the door `source`.

    Raises IdTaken if the id of the household or of a new child names another record of any type, or the village is not
    one of today's."""
    ability = work.submission.ability
    me = actor(work.principal, ability, work.village_code)
    rev = work.rev + 1 if revises else work.rev
    for columns in document["business"].values():
        columns[LOCATION] = columns.get(LOCATION) or str(work.village_id)
    children = {table: _children(work, table, document) if revises else ([], [], []) for table in CHILDREN}
    lists = household_sql.lists_to_write(children)
    sealed, cleared = _numbers(work, document) if revises else ([], [])
    sent: dict[str, Any] = {
        "village": work.village_id,
        "area": work.village_code,
        "draft": state is WorkflowState.DRAFT,
        "me": me.id,
        "household": as_json([_household(work, document, state, rev, me)]),
        **{f"new_{table}": as_json(children[table][0]) for table in lists},
        "sealed": as_json(sealed),
        "document": orjson.dumps(document).decode() if revises else None,
        "source": source.value,
        "findings": as_json(_findings(work, document, findings)),
        "rev": rev,
        "from_state": None if work.row is None else work.row["workflow_state"],
        "to_state": state,
        "actor_id": me.id,
        "actor_name": me.name,
        "actor_role": me.role,
        "reason": reason,
        "edit_hash": work.submission.edit_hash,
        "ability": ability.value,
        "outcome": outcome.value,
    }
    if work.row is None:
        sent |= {"year": civil_day().year}
    else:
        for table in lists:
            _, changed_rows, removed = children[table]
            sent |= {f"changed_{table}": as_json(changed_rows), f"removed_{table}": removed}
        resolved: list[uuid.UUID] = []
        if state is WorkflowState.SUBMITTED:
            resolved = await answered(work.tx, work.id, work.rev, work.current, document, work.edit.inside)
        sent |= {"cleared": as_json(cleared), "resolved": resolved}
    statement = household_sql.storing(lists, existing=work.row is not None)
    try:
        written = await work.tx.rows(statement, **sent)
    except asyncpg.UniqueViolationError as error:
        if (taken := taken_in(error)) is None:
            raise
        table, id_ = taken
        raise _id_taken(work, table, str(id_)) from None
    _check_written(work, {(row["noun"], str(row["id"])) for row in written}, children)


def _check_written(work: SubmissionContext, written: set[tuple[str, str]], children: dict[str, Rows]) -> None:
    """Raises IdTaken for what was not written: its id is taken, visibly or not, or its village is not today's."""
    if ("household", work.edit.id) not in written:
        raise _id_taken(work, "household", work.edit.id)
    for table, (new, changed, _) in children.items():
        if taken := [row["id"] for row in new if (table, row["id"]) not in written]:
            raise _id_taken(work, table, min(taken))
        assert all((table, row["id"]) in written for row in changed), "what is accepted reaches its table"


def _id_taken(work: SubmissionContext, table: str, id_: str) -> IdTaken:
    path = ("household", "id") if table == "household" else work.edit.path((table, id_, "id"))
    return IdTaken(uuid.UUID(id_), path)


def _household(
    work: SubmissionContext, document: Document, state: WorkflowState, rev: int, me: Actor
) -> dict[str, Any]:
    columns = _masked("household", work.edit.id, document)
    columns |= {"rev": rev, "workflow_state": state.value}
    columns |= {"village_verified_by_id": None}  # whoever verified, verified other content
    if state is WorkflowState.SUBMITTED:
        columns |= {"submitted_at": dt.datetime.now(dt.UTC).isoformat(), "submitted_by_id": str(me.id)}
        columns |= {"submitted_by_name": me.name, "submitted_by_role": me.role}
    elif work.row is not None:
        columns |= {name: work.row[name] for name in SUBMITTED}
    return columns


def _children(work: SubmissionContext, table: str, document: Document) -> Rows:
    after, before = document[table], work.current[table]
    derived = DERIVATIONS[table](document, work) if table in DERIVATIONS else {}
    new, changed = [], []
    for id_, columns in after.items():
        row = _masked(table, id_, document) | derived.get(id_, {})
        if (table, id_) not in work.recorders:
            new.append(row)
        elif columns != before.get(id_) or DERIVED[table]:
            changed.append(row)
    return new, changed, [uuid.UUID(id_) for id_ in before if id_ not in after]


def _derived_of_episodes(document: Document, work: SubmissionContext) -> dict[str, dict[str, Any]]:
    """Their numbers in the household, and whether the migrant left before 18.

    A number is a part of the document, because it stays; the rest is computed again."""
    episodes, derived = document["migration_episode"], {}
    last = max((columns.get("seq") or 0 for columns in episodes.values()), default=0)
    for id_, columns in episodes.items():
        if columns.get("seq") is None:
            last = columns["seq"] = last + 1
        birth_date = document["member"].get(columns.get("member_id", ""), {}).get("birth_date")
        underage = underage_at_departure(birth_date, columns.get("departed_on"))
        derived[id_] = {"seq": columns["seq"], "underage_at_departure": underage}
    return derived


def _derived_of_businesses(document: Document, work: SubmissionContext) -> dict[str, dict[str, Any]]:
    """The category of their owner when they were recorded, and their scale.

    The category is a part of the document, because it stays; the scale is computed again."""
    derived, episodes = {}, document["migration_episode"].values()
    for id_, columns in document["business"].items():
        of_owner = [episode for episode in episodes if episode.get("member_id") == columns.get("owner_id")]
        before = work.current["business"].get(id_, {}).get("owner_category")
        category = columns["owner_category"] = before or owner_category(of_owner).value
        scale = business_scale(_rupiah(columns, "annual_sales"), _rupiah(columns, "capital"))
        derived[id_] = {"owner_category": category, "scale": scale}
    return derived


DERIVATIONS: dict[str, Callable[[Document, SubmissionContext], dict[str, dict[str, Any]]]] = {
    "migration_episode": _derived_of_episodes,
    "business": _derived_of_businesses,
}
"""Table → the columns that follow from the facts of its records, by id."""
if underived := {name for name, columns in DERIVED.items() if columns} - DERIVATIONS.keys():
    raise TypeError(f"work out the `derived` of {sorted(underived)} in DERIVATIONS of registry/write/persist.py")


def _rupiah(columns: dict[str, Any], name: str) -> Decimal | None:
    amount, currency = columns.get(f"{name}_amount"), columns.get(f"{name}_currency")
    return Decimal(amount) if amount is not None and currency == "IDR" else None


_NUMBERS = {table: [column for sealed, column in SEALED if sealed == table] for table in NOUNS}
"""Table → its columns whose numbers are sealed."""


def _masked(table: str, id_: str, document: Document) -> dict[str, Any]:
    """A record as its table holds it: masks in place of sealed numbers."""
    columns = document[table][id_] | {"id": id_}
    for column in _NUMBERS[table]:
        if isinstance(number := columns.get(column), dict):
            columns[column] = number["mask"]
    return columns


def _numbers(work: SubmissionContext, document: Document) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The numbers to seal and those to clear."""
    sealed, cleared = [], []
    for (table, column), field in SEALED.items():
        for id_ in document[table].keys() | work.current[table].keys():
            now = document[table].get(id_, {}).get(column)
            before = work.current[table].get(id_, {}).get(column)
            if now is not None and now != before:
                sealed.append({"subject_id": id_, "field": field.value, **now})
            elif now is None and before is not None:
                cleared.append({"subject_id": id_, "field": field.value})
    return sealed, cleared


def _findings(work: SubmissionContext, document: Document, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The findings as rows, those that must be seen first, because a list shows a limited number."""
    me, rows = work.principal.user_id, []
    for position, finding in enumerate(sorted(findings, key=lambda finding: not finding.must_see), 1):
        recorder = work.recorders.get((finding.table, finding.id), me)
        rows.append(finding_row(finding, position, document, work.edit.inside, recorder))
    return rows


def finding_row(
    finding: Finding, position: int, document: Document, inside: Inside, recorder: uuid.UUID
) -> dict[str, Any]:
    """A finding as it is stored: with both sentences, the class of its column and the recorder of its row."""
    column = NOUNS[finding.table].__table__.c.get(finding.column)
    about = "OPERATIONAL" if column is None else fact_of(column).sensitivity.value
    return {
        "position": position,
        "code": finding.code.value,
        "severity": finding.severity.value,
        "path": finding_path(finding, document, inside),
        "message_id": sentence(finding.code, "id", **finding.params),
        "message_en": sentence(finding.code, "en", **finding.params),
        "params": [{"name": name, "value": value} for name, value in finding.params.items()],
        "about": about,
        "about_author": str(recorder),
        "must_see": finding.must_see,
    }


def finding_path(finding: Finding, document: Document, inside: Inside) -> list[str]:
    """Where in the household: list, position in it, field as the form has it; a whole list by its name."""
    field = inside[finding.table].get(finding.column, (finding.column,))
    if finding.table == "household":
        return [*field]
    return [LISTS[finding.table], str(listed(finding.table, document).index(finding.id)), *field]
