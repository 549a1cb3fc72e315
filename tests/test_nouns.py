"""Nouns: every column declares its sensitivity and its labels, or the registry cannot be imported."""

from __future__ import annotations

import datetime as dt
import re
import typing
import uuid
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

import schema.build  # noqa: F401  (so that every noun and derived fact is declared)
from auth.sensitivity import Sensitivity
from registry.codes import Code, IdentityField, Sex
from registry.figures.ledger import FIGURE_DUE, LEDGERS
from registry.models.fact import Derived, Fact, fact, fact_of
from registry.models.member import Member
from registry.models.noun import SCHEMA, Noun, facts, table_of
from schema.declare.makers import NOUNS_BY_FACE, fields_of
from schema.declare.shapes import ColumnField, EmbeddedField

OPERATIONAL, IDENTITY, SYSTEM = Sensitivity.OPERATIONAL, Sensitivity.IDENTITY, Sensitivity.SYSTEM
NOUNS = sorted((m.class_ for m in Noun.registry.mappers), key=lambda noun: str(noun.__tablename__))
COLUMNS = [(noun, column) for noun in NOUNS for column in table_of(noun).columns]


def declared_type(noun: type[Noun], column: str) -> type[Any] | None:
    """The declared Python type of a column; for a list, that of its items."""
    hint = next(
        vars(c)["__annotations__"][column] for c in noun.__mro__ if column in vars(c).get("__annotations__", ())
    )
    module = next(c.__module__ for c in noun.__mro__ if column in vars(c).get("__annotations__", ()))
    names = vars(__import__(module, fromlist=["_"]))
    (inner,) = typing.get_args(eval(hint, names, {"list": list}))  # noqa: S307  (our own annotation)
    for part in typing.get_args(inner) or (inner,):
        if isinstance(part, type) and part is not type(None):
            return part
    return None


def with_codes() -> Iterator[tuple[type[Noun], sa.Column[Any], type[Code]]]:
    for noun, column in COLUMNS:
        if "codes" in column.info:
            yield noun, column, column.info["codes"]


def derived_facts() -> list[Derived[Any]]:
    shapes = [field.metadata.get("shape") for face in NOUNS_BY_FACE for field in fields_of(face)]
    data = [s.datum for s in shapes if isinstance(s, ColumnField)] + [
        s.present for s in shapes if isinstance(s, EmbeddedField)
    ]
    return [d for d in data if isinstance(d, Derived)]


# --- what is declared -------------------------------------------------------------------------------------------------


def test_every_column_has_a_class_and_a_label_in_each_language() -> None:
    assert len(NOUNS) >= 20
    for noun, column in COLUMNS:
        fact = fact_of(column)
        where = f"{noun.__name__}.{column.name}"
        assert isinstance(fact.sensitivity, Sensitivity), where
        assert fact.label_id == fact.label_id.strip() != "", where
        assert fact.label_en == fact.label_en.strip() != "", where
    assert [column for noun in NOUNS for column, _ in facts(noun)] == [column for _, column in COLUMNS]


def test_every_derived_fact_has_a_class_and_labels_and_no_input() -> None:
    data = derived_facts()
    assert len(data) > 20
    for datum in data:
        assert isinstance(fact_of(datum).sensitivity, Sensitivity)
        assert fact_of(datum).server, datum.name


def test_every_noun_has_a_description() -> None:
    assert [noun.__name__ for noun in NOUNS if not (noun.__doc__ or "").strip()] == []
    assert [noun.__name__ for noun in NOUNS if not isinstance(noun.row_sensitivity, Sensitivity)] == []


def test_an_enum_column_declares_its_code_list() -> None:
    count = 0
    for noun, column in COLUMNS:
        kind = declared_type(noun, column.name)
        code = kind if isinstance(kind, type) and issubclass(kind, Code) else None
        assert column.info.get("codes") is code, f"{noun.__name__}.{column.name}"
        count += code is not None
    assert count > 30


def test_vault_numbers_are_of_class_identity() -> None:
    sealed = [(c, s) for noun in NOUNS for c, s in facts(noun) if s.sealed]
    assert {s.sealed for _, s in sealed} == set(IdentityField)
    assert {s.sensitivity for _, s in sealed} == {IDENTITY}


# --- the database holds it too ----------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_the_database_accepts_only_codes_of_the_list(admin: asyncpg.Connection) -> None:
    rows = await admin.fetch(
        "SELECT conname, pg_get_constraintdef(oid) AS test FROM pg_constraint WHERE contype = 'c'"
        " AND connamespace = 'registry'::regnamespace"
    )
    tests = {row["conname"]: row["test"] for row in rows}
    for noun, column, codes in with_codes():
        constraint = tests[f"ck_{noun.__tablename__}_{column.name}"]
        assert set(re.findall(r"'([^']+)'", constraint)) == {code.value for code in codes}
        assert ("<@" in constraint) is isinstance(column.type, ARRAY)
        assert re.search(rf"\b{column.name}\b", constraint)


def test_village_and_area_of_a_record_agree_by_a_foreign_key() -> None:
    tables = [t for t in Noun.metadata.sorted_tables if "village_id" in t.c]
    assert {t.name for t in tables} >= {"household", "member", "identity", *(t.name for t in LEDGERS.values())}
    for table in tables:
        assert not table.c.area.nullable, table.name
        assert not table.c.village_id.nullable, table.name
        keys = [[(e.parent.name, e.target_fullname) for e in key.elements] for key in table.foreign_key_constraints]
        place = [("village_id", f"{SCHEMA}.region.id"), ("area", f"{SCHEMA}.region.code")]
        assert place in keys, table.name


def test_parts_of_a_household_are_in_its_village_by_a_foreign_key() -> None:
    for table in Noun.metadata.sorted_tables:
        if "household_id" in table.c and table not in (*LEDGERS.values(), FIGURE_DUE):
            moved = [
                {e.parent.name: e.target_fullname for e in key.elements}
                for key in table.foreign_key_constraints
                if key.onupdate == "CASCADE"
            ]
            assert {
                "household_id": "registry.household.id",
                "village_id": "registry.household.village_id",
                "area": "registry.household.area",
                "draft": "registry.household.draft",
            } in moved, table.name


# --- what cannot be said ----------------------------------------------------------------------------------------------


def test_a_column_without_a_fact_is_refused_at_import() -> None:
    with pytest.raises(TypeError, match=r"stray\.remark is not a fact: declare it with fact\("):

        class Stray(Noun):
            """A table that misses something."""

            __tablename__ = "stray"
            metadata = sa.MetaData()
            id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Id", "Id", primary_key=True)
            remark: Mapped[str] = mapped_column()


@pytest.mark.parametrize("labels", [("", "Name"), ("Nama", ""), (" ", " ")])
def test_a_blank_label_is_refused(labels: tuple[str, str]) -> None:
    with pytest.raises(TypeError, match="label"):
        fact(OPERATIONAL, *labels)


def test_a_fact_has_no_defaults_for_class_and_labels() -> None:
    with pytest.raises(TypeError):
        fact()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        fact(OPERATIONAL, "Nama")  # type: ignore[call-arg]


def test_a_vault_number_of_another_class_is_refused() -> None:
    with pytest.raises(TypeError, match="its class is IDENTITY"):
        Fact(OPERATIONAL, "Telepon", "Phone", sealed=IdentityField.PHONE)


def test_the_error_for_a_plain_column_shows_how_to_declare_a_fact() -> None:
    with pytest.raises(TypeError, match="declare it with"):
        fact_of(sa.Column("x", sa.Text()))
    assert fact_of(Member.sex) == fact_of(table_of(Member).c.sex)
    assert table_of(Member).c.sex.info["codes"] is Sex
    assert isinstance(table_of(Member).c.created_at.type.python_type(2026, 11, 24), dt.datetime)
