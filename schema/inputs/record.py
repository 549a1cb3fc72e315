"""The input of one record: its fields, the columns that they write, and how what was sent is read."""

from __future__ import annotations

import typing
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from auth.sensitivity import Sensitivity
from registry.models.aggregate import Aggregate
from registry.models.fact import RegionCode, fact_of
from registry.models.household import Household as HouseholdFacts
from registry.models.noun import Noun, Readable, To, camel, table_of
from registry.models.region import Programme
from registry.models.region import Region as RegionFacts
from registry.read.query import Datum
from registry.values.identity_number import NUMBERS
from registry.write.document import Path
from schema.declare.directives import Exemption
from schema.declare.input_types import InputDict, InputField, described, input_type
from schema.declare.makers import ID, NOUNS_BY_FACE, fields_of
from schema.declare.shapes import ColumnField, EmbeddedField, RelatedField, UnionField
from schema.inputs.reading import as_it_is, code_of, formed, id_or_null, json_value, uuid_text
from schema.types.episode import Remittance
from schema.types.household import HOUSEHOLD_KEY, Consent
from schema.types.node import GeoPoint, Money

OPERATIONAL = Sensitivity.OPERATIONAL
ID_FIELD = InputField(ID, OPERATIONAL, "UUID made by the client; the key of every retry.", required=True)
NOTHING: Mapping[str, InputField] = {}


@dataclass(frozen=True)
class WrittenField:
    """A field of an input: the columns that it writes, each with its part of an embedded value; `form` of a number."""

    name: str
    input: InputField
    columns: tuple[tuple[str | None, str], ...]
    form: Callable[[str], str] | None = None


def noun_of(face: type[Any]) -> type[Noun]:
    """The noun that a face shows."""
    noun = NOUNS_BY_FACE[face]
    assert noun is not None
    assert issubclass(noun, Noun)
    return noun


def home_of(noun: type[Noun]) -> str:
    """The file that declares the face of a noun."""
    return f"schema/types/{noun.__module__.rpartition('.')[2]}.py"


def column_of(datum: Datum) -> str:
    """The name of the column that a typed datum is."""
    assert isinstance(datum, InstrumentedAttribute)
    return str(datum.key)


def type_of(face: type[Any], name: str) -> Any:
    """The type of a field of a face, without `| None`."""
    annotation = next(field for field in fields_of(face) if field.python_name == name).type_annotation
    assert annotation is not None
    hint = annotation.evaluate()
    inner = [argument for argument in typing.get_args(hint) if argument is not type(None)]
    return inner[0] if type(None) in typing.get_args(hint) else hint


# --- the fields of a face ---------------------------------------------------------------------------------------------


def _value_input(face: type[Any], name: str) -> type[Any]:
    """The input of a value type: its fields, each under its own class if it has one."""
    fields = {}
    for field in fields_of(face):
        shape = field.metadata["shape"]
        is_column = isinstance(shape, ColumnField)
        kind = fact_of(shape.datum).sensitivity if is_column else Exemption.STRUCTURE
        hint = type_of(face, field.python_name)
        fields[field.python_name] = InputField(hint, kind, str(field.description), required=not is_column)
    return input_type(name, str(face.__doc__).strip().splitlines()[0], fields)


VALUES = {
    Money: _value_input(Money, "MoneyInput"),
    GeoPoint: _value_input(GeoPoint, "GeoPointInput"),
    Consent: _value_input(Consent, "ConsentInput"),
    Remittance: _value_input(Remittance, "RemittanceInput"),
}
"""Value types of the faces → their inputs."""


def _written_fields(face: type[Any], aggregate: Aggregate) -> Iterator[WrittenField]:
    """The input fields of a face, in its order."""
    for field in fields_of(face):
        shape, name, text = field.metadata["shape"], field.python_name, str(field.description)
        match shape:
            case ColumnField(datum=InstrumentedAttribute() as datum) if not fact_of(datum).server and datum.key != "id":
                yield _column_field(face, name, datum)
            case EmbeddedField() if not any(fact_of(datum).server for datum in _parts(face, name, shape).values()):
                yield _value_field(face, name, text, shape, aggregate)
            case EmbeddedField():
                yield from _columns_of_value(face, name, shape)
            case RelatedField(source=source) if isinstance(source.link, To):
                column = table_of(noun_of(face)).c[source.link.column]
                if not fact_of(column).server:
                    yield _relation_field(column, text, source.noun)
            case UnionField(link=link):
                yield _relation_field(table_of(noun_of(face)).c[link.column], text, None)


def _parts(face: type[Any], name: str, shape: EmbeddedField) -> dict[str, Datum]:
    """The datum of each field of an embedded value: as its embedding declares, or else its own."""
    if shape.columns:
        return shape.columns
    return {field.python_name: field.metadata["shape"].datum for field in fields_of(type_of(face, name))}


def _column_field(face: type[Any], name: str, datum: InstrumentedAttribute[Any]) -> WrittenField:
    fact = fact_of(datum)
    text, columns = described(fact), ((None, datum.key),)
    if fact.sealed:
        number = InputField(str, fact.sensitivity, text, lines=fact.lines)
        return WrittenField(datum.key, number, columns, NUMBERS[fact.sealed].normalise)
    return WrittenField(
        name, InputField(type_of(face, name), fact.sensitivity, text, lines=fact.lines), columns, fact.form
    )


def _columns_of_value(face: type[Any], name: str, shape: EmbeddedField) -> Iterator[WrittenField]:
    """The columns that people fill in of a value of which the server works out the rest: each is written by itself."""
    for part, datum in _parts(face, name, shape).items():
        if isinstance(datum, InstrumentedAttribute) and not fact_of(datum).server:
            yield replace(_column_field(type_of(face, name), part, datum), name=str(datum.key))


def _value_field(face: type[Any], name: str, text: str, shape: EmbeddedField, aggregate: Aggregate) -> WrittenField:
    """Raises TypeError for columns that a merge would tear apart."""
    value, table = type_of(face, name), noun_of(face).__tablename__
    parts = {part: column_of(datum) for part, datum in _parts(face, name, shape).items()}
    columns = set(parts.values())
    if shape.columns and any(set(aggregate.wholes.get((table, column), ())) != columns for column in columns):
        raise TypeError(f"{', '.join(parts.values())} are one value: give each fact(…, whole=…)")
    return WrittenField(name, InputField(VALUES[value], shape.kind or OPERATIONAL, text), tuple(parts.items()))


def _relation_field(column: sa.Column[Any], text: str, noun: Readable | None) -> WrittenField:
    """A record is named by its id, a household by a key of it, a region and a programme by their codes."""
    kind, columns = fact_of(column).sensitivity, ((None, column.name),)
    if noun is HouseholdFacts:
        return WrittenField("household", InputField(HOUSEHOLD_KEY.type, kind, text), columns)
    type_, suffix = _NAMED_BY.get(noun, (ID, "_id"))
    return WrittenField(column.name.removesuffix("_id") + suffix, InputField(type_, kind, text), columns)


_NAMED_BY: dict[Readable | None, tuple[Any, str]] = {RegionFacts: (RegionCode, "_code"), Programme: (str, "")}


# --- the input of a face ----------------------------------------------------------------------------------------------


class RecordInput:
    """How records of a face are written.

    `inside` is where in a record each column stands.  Raises TypeError for a typed column that the face leaves out."""

    def __init__(self, face: type[Any], aggregate: Aggregate) -> None:
        self.face, self.noun = face, noun_of(face)
        self.table = str(self.noun.__tablename__)
        self.name = f"{aggregate.stems[self.table]}Input"
        self.fields = tuple(_written_fields(face, aggregate))
        written = {column for field in self.fields for _, column in field.columns}
        if missing := [column.name for column in aggregate.typed[self.table] if column.name not in written]:
            home = home_of(self.noun)
            raise TypeError(
                f"show {', '.join(missing)} of {self.noun.__name__} in {home}: nobody could write it otherwise"
            )
        self.inside: dict[str, Path] = {"id": ("id",)}
        for field in self.fields:
            for part, column in field.columns:
                self.inside[column] = tuple(camel(name) for name in (field.name, part) if name)
        self._readers: dict[str, tuple[str, Read]] = {}
        self._part_readers: dict[str, list[tuple[str, str, Read]]] = {}
        for field in self.fields:
            for part, column in field.columns:
                if part is None:
                    self._readers[camel(field.name)] = column, _reader(field)
                else:
                    self._part_readers.setdefault(camel(field.name), []).append((camel(part), column, json_value))

    @property
    def id_field(self) -> InputField:
        """The id of a part of a household says no more than its list does."""
        return ID_FIELD

    def type(
        self, text: str, before: Mapping[str, InputField] = NOTHING, after: Mapping[str, InputField] = NOTHING
    ) -> type[Any]:
        """The input type: `before` and `after` are fields beside those of the face."""
        fields = {"id": self.id_field, **before, **{field.name: field.input for field in self.fields}, **after}
        return input_type(self.name, text, fields)

    def columns(self, sent: InputDict) -> dict[str, Any]:
        """The columns that were sent, as a document holds them.  Raises BadInput."""
        columns: dict[str, Any] = {}
        for name, value in sent.items():
            if name in self._readers:
                column, read = self._readers[name]
                columns[column] = None if value is None else read(value)
                continue
            for part, column, read in self._part_readers.get(name, ()):
                if value is None:
                    columns[column] = None
                elif part in value:  # else it was left out
                    inner = value[part]
                    columns[column] = None if inner is None else read(inner)
        return columns


Read = Callable[[Any], Any]
"""A coerced value, which is not null → the same as a document holds it."""


def _household_key(value: InputDict) -> tuple[str, uuid.UUID | str | None]:
    """The key of a household that was sent, and its value.  Raises BadInput."""
    ((key, text),) = value.items()
    return key, uuid.UUID(uuid_text(text)) if key == "id" else text


def _reader(field: WrittenField) -> Read:
    type_ = field.input.type
    if type_ is HOUSEHOLD_KEY.type:
        return _household_key
    if field.form is not None:
        return formed(field.form)
    if type_ is ID:
        return id_or_null
    if type_ in (str, int, bool):
        return as_it_is
    return code_of if isinstance(type_, type) and issubclass(type_, Enum) else json_value
