"""Code lists as data: every list by its name, and its codes with their labels in both languages.

`migrate` writes those that come with the program, from the declarations; `desmigratif codes load` those of others.
Rule: a code is never removed, because records hold it; one that is used no more has a last day.
Test: tests/test_reference_codes.py.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes.catalogue import LONGEST
from registry.models.fact import StatementContext, fact
from registry.models.noun import C_TEXT, SCHEMA, Noun, const, table_of

OPEN = Sensitivity.OPEN
MOST_CODES = 5_000
"""Codes of one list; the whole of KBLI has some 2,700."""


class ReferenceList(Noun):
    """A code list; cacheable by its version."""

    __tablename__ = "reference_list"
    named = False
    row_sensitivity = OPEN
    name: Mapped[str] = fact(OPEN, "Nama", "Name", C_TEXT, primary_key=True, longest=40)
    source: Mapped[str] = fact(OPEN, "Sumber", "Who keeps it", longest=LONGEST)
    version: Mapped[str] = fact(OPEN, "Versi", "Changes whenever its content does", longest=40, server=True)
    loaded_at: Mapped[dt.datetime | None] = fact(
        OPEN, "Dimuat", "Loaded at; null if it comes with the program", server=True
    )


class ReferenceCode(Noun):
    """One code of a code list, with both labels."""

    __tablename__ = "reference_code"
    named = False
    row_sensitivity = OPEN
    list: Mapped[str] = fact(OPEN, "Daftar", "List", C_TEXT, primary_key=True, longest=40)
    code: Mapped[str] = fact(OPEN, "Kode", "Code", C_TEXT, primary_key=True, longest=40)
    label_id: Mapped[str] = fact(OPEN, "Label Indonesia", "Indonesian label", longest=LONGEST)
    label_en: Mapped[str] = fact(OPEN, "Label Inggris", "English label", longest=LONGEST)
    sort: Mapped[int] = fact(OPEN, "Urutan", "Its place in the list, from 1", server=True)
    valid_from: Mapped[dt.date | None] = fact(OPEN, "Berlaku sejak", "In use from; null if always")
    valid_to: Mapped[dt.date | None] = fact(
        OPEN, "Berlaku sampai", "In use until; records of before keep it, forms offer it no more"
    )
    __table_args__ = (sa.ForeignKeyConstraint(["list"], [f"{SCHEMA}.reference_list.name"]),)


LIST, CODE = table_of(ReferenceList), table_of(ReferenceCode)


def of_list(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: the codes of a list."""
    return child.c.list == parent.c.name


def in_language(ctx: StatementContext, indonesian: Any, english: Any) -> sa.ColumnElement[Any]:
    """The text in the caller's language."""
    return sa.case((ctx.claim("language", sa.Text()) == const("en"), english), else_=indonesian)
