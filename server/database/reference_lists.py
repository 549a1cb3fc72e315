"""The code lists that come with the program, written into the database with their labels.

Rule: a list that was loaded belongs to whoever loaded it: only codes that it lacks are added.
Test: tests/test_reference_codes.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import asyncpg

from registry.codes.countries import COUNTRIES
from registry.codes.open_lists import Labels, OpenList
from registry.models.noun import SCHEMA
from registry.write.code_list import SET_VERSIONS

OWN_SOURCE = "Desmigratif Registry"


@dataclass(frozen=True)
class BuiltIn:
    """A list of the program: its name, who keeps it, and its codes in order."""

    name: str
    source: str
    codes: Mapping[str, Labels]


def built_in_lists() -> Iterator[BuiltIn]:
    """Every enum of the schema under its name, and the lists whose codes are data."""
    import schema.build  # noqa: F401  (declares every enum)
    from schema.declare.directives import ENUM_LABELS

    for name, codes in ENUM_LABELS.items():
        yield BuiltIn(name, OWN_SOURCE, codes)
    yield BuiltIn("ERROR_CODE", OWN_SOURCE, ENUM_LABELS["USER_ERROR_CODE"])
    yield BuiltIn("COUNTRY", "ISO 3166-1, Unicode CLDR", COUNTRIES)
    for open_list in OpenList.every.values():
        yield BuiltIn(open_list.name, open_list.source, open_list.codes)


async def write_lists(connection: asyncpg.Connection) -> None:
    """Write every list of the program: those that nobody loaded anew, of the others the codes that they lack."""
    lists = list(built_in_lists())
    await connection.execute(REMOVE)
    await connection.executemany(ADD_LIST, [(built_in.name, built_in.source) for built_in in lists])
    rows = [
        (built_in.name, code, label_id, label_en, number)
        for built_in in lists
        for number, (code, (label_id, label_en)) in enumerate(built_in.codes.items(), start=1)
    ]
    await connection.executemany(ADD_CODE, rows)
    await connection.execute(SET_VERSIONS.text)


OF_PROGRAM = f"(SELECT name FROM {SCHEMA}.reference_list WHERE loaded_at IS NULL)"
REMOVE = f"""
WITH removed AS (DELETE FROM {SCHEMA}.reference_code WHERE list IN {OF_PROGRAM} RETURNING list)
DELETE FROM {SCHEMA}.reference_list WHERE loaded_at IS NULL
"""
ADD_LIST = f"""
INSERT INTO {SCHEMA}.reference_list (name, source, version) VALUES ($1, $2, '') ON CONFLICT DO NOTHING
"""
ADD_CODE = f"""
INSERT INTO {SCHEMA}.reference_code (list, code, label_id, label_en, sort) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
"""
