"""Codes of open lists that an edit brings and the program does not: which of them the database knows.

What is stored was accepted before, so only new codes are sought, by one statement; an edit without any needs none.
Tests: tests/test_kbli.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.codes.open_lists import LoadedCodes, OpenList
from registry.models.aggregate import Aggregate, Document
from registry.models.reference import CODE, LIST
from registry.store.db import Transaction
from registry.store.sql import Sql, arg


def _find() -> Sql:
    # SELECT name, loaded_at IS NOT NULL AS loaded,
    #        ARRAY(SELECT code FROM reference_code WHERE list = name AND code = ANY ($1)) AS codes
    # FROM reference_list WHERE name = ANY ($2)
    codes = sa.select(CODE.c.code).where(
        CODE.c.list == LIST.c.name, CODE.c.code == sa.any_(arg("codes", ARRAY(sa.Text())))
    )
    is_sought = LIST.c.name == sa.any_(arg("names", ARRAY(sa.Text())))
    known = sa.func.array(codes.scalar_subquery()).label("codes")
    return Sql(sa.select(LIST.c.name, LIST.c.loaded_at.is_not(None).label("loaded"), known).where(is_sought))


FIND = _find()


async def loaded_codes(tx: Transaction, aggregate: Aggregate, document: Document, stored: Document) -> LoadedCodes:
    """What is known of the codes of a document that do not come with the program; those that are `stored` are known."""
    before = set(_codes(aggregate, stored))
    sought = set(_codes(aggregate, document)) - before
    if not sought:
        return LoadedCodes(codes=frozenset(before))
    names, codes = sorted({name for name, _ in sought}), sorted({code for _, code in sought})
    rows = await tx.rows(FIND, names=names, codes=codes)
    loaded_lists = frozenset(row["name"] for row in rows if row["loaded"])
    loaded = {(row["name"], code) for row in rows for code in row["codes"]}
    return LoadedCodes(loaded_lists, frozenset(before | loaded))


def _codes(aggregate: Aggregate, document: Document) -> Iterator[tuple[str, str]]:
    """The codes of a document that do not come with the program, each with its list."""
    for (table, column), listed in aggregate.listed.items():
        for record in document[table].values():
            code, open_list = record.get(column), listed.of(record)
            if code is not None and isinstance(open_list, OpenList) and code not in open_list.codes:
                yield open_list.name, code
