"""Records of other nouns that an edit names, such as the member who visited: each lies in the village, and is seen.

Rule: a record that is absent, hidden or archived is NOT_FOUND, the same for all of them; one of another village is
NOT_IN_VILLAGE, which only callers who see it learn.  Only what the edit changes is looked up, by one statement for each
noun, so that a record which has left since does not keep others from changing the rest.
Tests: tests/test_service_visit.py, tests/test_new_noun.py.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from functools import cache

import sqlalchemy as sa

from registry.codes.messages import UserErrorCode as Code
from registry.models.noun import Noun, table_of
from registry.store.sql import Sql, arg
from registry.write.document import At, Merged
from registry.write.submission_context import SubmissionContext
from registry.write.user_errors import Problem, Refused


async def refuse_unknown(work: SubmissionContext, merged: Merged) -> None:
    """Raises Refused for a record that the edit names anew and that the caller does not see in the record's village."""
    names = _named_anew(work, merged)
    problems: list[Problem] = []
    for nouns, places in names.items():
        villages = await _villages(work, nouns, {id_ for _, id_ in places})
        for at, id_ in places:
            if id_ not in villages:
                problems.append(Problem(Code.NOT_FOUND, work.edit.path(at)))
            elif villages[id_] != work.village_id:
                problems.append(Problem(Code.NOT_IN_VILLAGE, work.edit.path(at)))
    if problems:
        raise Refused(*problems)


def _named_anew(work: SubmissionContext, merged: Merged) -> dict[tuple[type[Noun], ...], list[tuple[At, uuid.UUID]]]:
    """Nouns → the places that name one of their records, and did not name it before."""
    names = defaultdict(list)
    for (table, column), nouns in work.edit.aggregate.named.items():
        before = work.current[table]
        for id_, columns in merged.document[table].items():
            name = columns.get(column)
            if name is not None and name != before.get(id_, {}).get(column):
                names[nouns].append(((table, id_, column), uuid.UUID(name)))
    return names


async def _villages(
    work: SubmissionContext, nouns: tuple[type[Noun], ...], ids: set[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """Id → village, of the records that exist for the caller."""
    villages: dict[uuid.UUID, uuid.UUID] = {}
    for noun in nouns:
        rows = await work.tx.rows(_statement(noun), ids=sorted(ids))
        villages |= {row["id"]: row["village_id"] for row in rows}
    return villages


@cache
def _statement(noun: type[Noun]) -> Sql:
    """SELECT id, village_id FROM table WHERE id = ANY ($1) AND archived_at IS NULL, under the caller's row security."""
    table = table_of(noun)
    is_named = table.c.id == sa.any_(arg("ids", sa.ARRAY(sa.Uuid())))
    return Sql(sa.select(table.c.id, table.c.village_id).where(is_named, table.c.archived_at.is_(None)))
