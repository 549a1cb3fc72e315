"""Records of other nouns that an edit names, such as the member who visited: each lies in the village, and is seen.

Rule: a record that is absent, hidden or archived is NOT_FOUND, the same for all of them; one of another village is
NOT_IN_VILLAGE, which only callers who see it learn.  A household's record names what lies in its household; that of
another is NOT_IN_HOUSEHOLD.  Only what the edit changes is looked up, by one statement for each noun, so that a record
which has left since does not keep others from changing the rest.
Tests: tests/test_service_visit.py, tests/test_new_noun.py.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from functools import cache

import sqlalchemy as sa

from registry.codes.messages import UserErrorCode as Code
from registry.models.noun import Noun, table_of
from registry.models.region import PROGRAMME, Programme, Region
from registry.models.scoped import HouseholdRecord
from registry.store.sql import Sql, arg
from registry.write.document import At, Merged
from registry.write.submission_context import SubmissionContext
from registry.write.user_errors import Problem, Refused, refusal


async def refuse_unknown(work: SubmissionContext, merged: Merged) -> None:
    """Raises Refused for a record that the edit names anew and that the caller does not see in the record's village."""
    names = _named_anew(work, merged)
    problems: list[Problem] = []
    column, home, elsewhere = _home(work, merged)
    for nouns, places in names.items():
        homes = await _homes(work, nouns, {id_ for _, id_ in places}, column)
        for at, id_ in places:
            if id_ not in homes:
                problems.append(Problem(Code.NOT_FOUND, work.edit.path(at)))
            elif homes[id_] not in (None, home):
                problems.append(Problem(elsewhere, work.edit.path(at)))
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


def _home(work: SubmissionContext, merged: Merged) -> tuple[str, uuid.UUID, Code]:
    """What a named record has in common with the record, as column and value, and the code for one that has not."""
    table, id_ = work.edit.root
    if issubclass(work.edit.aggregate.nouns[table], HouseholdRecord):
        return "household_id", uuid.UUID(merged.document[table][id_]["household_id"]), Code.NOT_IN_HOUSEHOLD
    return "village_id", work.village_id, Code.NOT_IN_VILLAGE


async def _homes(
    work: SubmissionContext, nouns: tuple[type[Noun], ...], ids: set[uuid.UUID], column: str
) -> dict[uuid.UUID, uuid.UUID | None]:
    """Id → its village or household, of the records that exist for the caller; None if it lies in none."""
    homes: dict[uuid.UUID, uuid.UUID | None] = {}
    for noun in nouns:
        rows = await work.tx.rows(_statement(noun, column), ids=sorted(ids))
        homes |= {row["id"]: row[column] for row in rows}
    return homes


@cache
def _statement(noun: type[Noun], column: str) -> Sql:
    """SELECT id, village_id FROM table WHERE id = ANY ($1) AND archived_at IS NULL, under the caller's row security.

    A region is its own village; what lies in no village, such as an agency, has null in its place."""
    table = table_of(noun)
    is_named = table.c.id == sa.any_(arg("ids", sa.ARRAY(sa.Uuid())))
    if noun is Region:
        return Sql(sa.select(table.c.id, table.c.id.label(column)).where(is_named, table.c.valid_to.is_(None)))
    if column not in table.c:
        return Sql(sa.select(table.c.id, sa.null().label(column)).where(is_named))
    return Sql(sa.select(table.c.id, table.c[column]).where(is_named, table.c.archived_at.is_(None)))


PROGRAMMES = Sql(sa.select(PROGRAMME.c.code, PROGRAMME.c.id).where(PROGRAMME.c.code == arg("code", sa.Text())))


async def find_programmes(work: SubmissionContext) -> None:
    """Replace the code of each programme that the edit names by its id.  Raises Refused."""
    of_programmes = [place for place, nouns in work.edit.aggregate.named.items() if nouns == (Programme,)]
    for table, column in of_programmes:
        for id_, columns in work.edit.sent[table].items():
            if (code := columns.get(column)) is None:
                continue
            programme = await work.tx.one(PROGRAMMES, code=code)
            if programme is None:
                raise refusal(Code.PROGRAMME_UNKNOWN, *work.edit.path((table, id_, column)))
            columns[column] = str(programme["id"])
