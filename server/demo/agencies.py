"""The demo's licensed agencies: invented companies, each called an example (contoh) by its name and its number.

Rule: who was sent by which of them follows from their id alone.  Test: tests/test_agencies.py.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import asyncpg

from registry.models.noun import SCHEMA
from registry.values.csv_file import content_of, csv_lines
from registry.write.agency import agency_id

FILE = Path(__file__).with_name("agencies.csv")
AGENCIES = [
    cells for first, _, cells in csv_lines(FILE.name, content_of(FILE)) if isinstance(cells, list) and not first
]
"""Number of the licence, name and city of each."""
IDS = [agency_id(licence_no) for licence_no, _, _ in AGENCIES]
ADD = f"""
INSERT INTO {SCHEMA}.agency (id, licence_no, name, city, active) VALUES ($1, $2, $3, $4, true) ON CONFLICT DO NOTHING
"""


async def ensure(connection: asyncpg.Connection) -> None:
    """Bring the agencies into the database, if they are not there."""
    await connection.executemany(ADD, [(id_, *agency) for id_, agency in zip(IDS, AGENCIES, strict=True)])


def agency_of(traveller: str) -> str:
    """The id of the agency that sent the traveller of this id."""
    return str(IDS[uuid.UUID(traveller).int % len(IDS)])
