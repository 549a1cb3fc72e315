"""The policies of records whose mere existence is sensitive, as that of a case or of a child's care, and of revisions.

Such a record exists for callers that see its class in its area, and for its recorder where they see the class in their
own records.  Its revisions exist for whoever the record exists for, wherever it lies by now.
Rule: the class that a noun declares as `row_sensitivity` is tested here, so no SQL shows, counts or changes its rows
without it.  Tests: tests/test_case_wall.py, tests/test_wall.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from auth.principal import area_setting, own_area_setting
from auth.sensitivity import Sensitivity
from registry.guard.area_tests import UNDRAFTED, in_areas, within
from registry.models.aggregate import village_records
from registry.models.household_aggregate import NOUNS
from registry.models.noun import SCHEMA
from registry.models.record_revision import RECORD_REVISION, RecordRevision
from registry.models.scoped import walled_by

_MINE = f"created_by = (SELECT {SCHEMA}.me())"
_PLAIN = f"{in_areas('read')} AND {UNDRAFTED}"


@cache
def kinds() -> dict[str, Sensitivity]:
    """Table of such a noun → the class without which its records do not exist; of those that are imported."""
    tables: dict[str, Sensitivity] = {}
    for noun in (*NOUNS.values(), *village_records()):
        kind = noun.row_sensitivity
        if kind is Sensitivity.OPERATIONAL:
            continue
        if kind not in walled_by(noun):
            raise TypeError(f"the wall tests {kind.name} of each {noun.__name__}: add it to its `walled_by`")
        tables[str(noun.__tablename__)] = kind
    return tables


def _of_villages() -> list[str]:
    """The tables of such nouns whose revisions are records of a table of their own."""
    names = [str(noun.__tablename__) for noun in village_records()]
    sensitive = [name for name in kinds() if name in names]
    if lacking := {kinds()[name] for name in sensitive} - set(RecordRevision.walled_by):
        raise TypeError(f"the wall tests {lacking} of RecordRevision: add it to its `walled_by`")
    return sensitive


def policies(table: str, *, updated: bool) -> Iterator[str]:
    """The CREATE POLICY statements on reading and writing the table of such a noun, or that of all revisions."""
    name = f"{SCHEMA}.{table}"
    if table == RECORD_REVISION.name:
        yield f"CREATE POLICY see ON {name} FOR SELECT USING ({_of_revision(_PLAIN, _exists)})"
        add = _of_revision(f"{within('write')} AND {_PLAIN}", lambda noun: _written(kinds()[noun]))
        yield f"CREATE POLICY add ON {name} FOR INSERT WITH CHECK ({add})"
        return
    kind = kinds()[table]
    yield f"CREATE POLICY see ON {name} FOR SELECT USING ({_in_area(kind)} OR {_own(kind)})"
    yield f"CREATE POLICY add ON {name} FOR INSERT WITH CHECK ({_written(kind)})"
    if updated:
        yield f"CREATE POLICY change ON {name} FOR UPDATE USING ({_written(kind)}) WITH CHECK ({_written(kind)})"


def _in_area(kind: Sensitivity) -> str:
    """Visible because of where it lies."""
    return f"({_PLAIN} AND {within(area_setting(kind))})"


def _own(kind: Sensitivity) -> str:
    """Visible because the caller recorded it, even if its household is a draft again."""
    reads = f"({within('read')} OR {within(own_area_setting(Sensitivity.OPERATIONAL))})"
    return f"({_MINE} AND {reads} AND {within(own_area_setting(kind))})"


def _written(kind: Sensitivity) -> str:
    return f"(({within('write')} AND {_in_area(kind)}) OR ({within('write_own')} AND {_own(kind)}))"


def _of_revision(plain: str, sensitive: Callable[[str], str]) -> str:
    """The test of a revision: `plain`, or that of its own noun if the noun is sensitive."""
    names = ", ".join(f"'{name}'" for name in _of_villages())
    tests = [f"(noun NOT IN ({names}) AND {plain})"]
    tests += [f"(noun = '{name}' AND {sensitive(name)})" for name in _of_villages()]
    return " OR ".join(tests)


def _exists(noun: str) -> str:
    """The record itself exists for the caller: its own policies decide."""
    return f"EXISTS (SELECT FROM {SCHEMA}.{noun} r WHERE r.id = record_id)"
