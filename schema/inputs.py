"""Inputs of a household, derived from the faces: nothing is said twice.

An input field is a typed column under the face's name; masks are written by their plain name (`nikMasked` is written
`nik`), relations by id (`owner { id }` is written `ownerId`), regions by code (`village { code }`, `villageCode`).
Rule: every typed fact of a face is an input field and nothing else is.  Tests: tests/test_inputs.py.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
import typing
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from auth.sensitivity import Sensitivity
from registry.models.aggregate import LISTS, NOUNS, ORDERS, SEALED, TYPED, WHOLES, refuse_forgotten
from registry.models.fact import RegionCode, VillageCode, fact_of
from registry.models.noun import Noun, To, camel, table_of
from registry.models.region import Region as RegionFacts
from registry.models.workflow import can_numbers
from registry.read.query import Datum
from registry.values.identity_number import NUMBERS
from registry.values.text import clean
from registry.write.document import ChangeSet, Path, empty
from schema.declare.directives import Exemption
from schema.declare.input_types import InputDict, InputField, described, input_type
from schema.declare.makers import FACES, ID, fields_of
from schema.declare.shapes import ColumnField, EmbeddedField, RelatedField
from schema.errors import BadInput
from schema.types.household import Consent, Household
from schema.types.node import GeoPoint, Money

OPERATIONAL = Sensitivity.OPERATIONAL
_NIL = str(uuid.UUID(int=0))
_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUID = re.compile(r"(urn:uuid:)?(\{)?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}(?(2)\})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Typed:
    """One input field: the columns it writes, for a value the part that each of them is, and of a number its form."""

    name: str
    given: InputField
    columns: tuple[tuple[str | None, str], ...]
    form: Callable[[str], str] | None = None


def _noun(face: type[Any]) -> type[Noun]:
    noun = FACES[face]
    assert noun is not None
    assert issubclass(noun, Noun)
    return noun


def column_of(datum: Datum) -> str:
    """The name of the column that a typed datum is."""
    assert isinstance(datum, InstrumentedAttribute)
    return str(datum.key)


def _annotation(face: type[Any], name: str) -> Any:
    found = next(f for f in fields_of(face) if f.python_name == name).type_annotation
    assert found is not None
    hint = found.evaluate()
    inner = [a for a in typing.get_args(hint) if a is not type(None)]
    return inner[0] if type(None) in typing.get_args(hint) else hint


def typed(face: type[Any]) -> Iterator[Typed]:
    """The input fields of a face, in its order."""
    table = _noun(face).__tablename__
    for made in fields_of(face):
        shape, name = made.metadata["shape"], made.python_name
        match shape:
            case ColumnField(datum=InstrumentedAttribute() as datum):
                fact = fact_of(datum)
                if fact.server or datum.key == "id":
                    continue
                type_ = str if fact.sealed else _annotation(face, name)
                given = InputField(type_, fact.sensitivity, described(fact), lines=fact.lines)
                form = NUMBERS[fact.sealed].normalise if fact.sealed else fact.form
                yield Typed(datum.key if fact.sealed else name, given, ((None, datum.key),), form)
            case EmbeddedField(present=present) if not fact_of(present).server:
                value = _annotation(face, name)
                parts = {p: column_of(d) for p, d in shape.columns.items()} or {
                    f.python_name: column_of(f.metadata["shape"].datum) for f in fields_of(value)
                }
                columns = set(parts.values())
                if shape.columns and any(set(WHOLES.get((table, column), ())) != columns for column in columns):
                    raise TypeError(f"{', '.join(parts.values())} are one value: give each fact(…, whole=…)")
                kind = shape.kind or OPERATIONAL
                yield Typed(name, InputField(VALUES[value], kind, str(made.description)), tuple(parts.items()))
            case RelatedField(source=source) if isinstance(source.link, To):
                column = table_of(_noun(face)).c[source.link.column]
                if column.info["fact"].server:
                    continue
                code = source.noun is RegionFacts
                given = InputField(RegionCode if code else ID, column.info["fact"].sensitivity, str(made.description))
                yield Typed(column.key.removesuffix("_id") + ("_code" if code else "_id"), given, ((None, column.key),))


def _value(face: type[Any], name: str) -> type[Any]:
    """The input of a value type: its fields, each under its own class if it has one."""
    fields = {}
    for made in fields_of(face):
        shape, hint = made.metadata["shape"], _annotation(face, made.python_name)
        kind = fact_of(shape.datum).sensitivity if isinstance(shape, ColumnField) else Exemption.STRUCTURE
        fields[made.python_name] = InputField(
            hint, kind, str(made.description), required=not isinstance(shape, ColumnField)
        )
    return input_type(name, str(face.__doc__).strip().splitlines()[0], fields)


VALUES = {
    Money: _value(Money, "MoneyInput"),
    GeoPoint: _value(GeoPoint, "GeoPointInput"),
    Consent: _value(Consent, "ConsentInput"),
}

_ID = InputField(ID, OPERATIONAL, "UUID made by the client; the key of every retry.", required=True)
_REMOVED = InputField(bool, OPERATIONAL, "true takes the record out; leaving it out of the list does not.")


def _lists() -> Iterator[tuple[str, type[Any]]]:
    """The lists of a household that are written with it: name and face.  TypeError says where one is missing."""
    refuse_forgotten()  # again, because all faces are imported now
    shown = {made.python_name: made.metadata["shape"] for made in fields_of(Household)}
    for table, name in LISTS.items():
        noun, shape = NOUNS[table], shown.get(name)
        if not isinstance(shape, RelatedField) or shape.source.noun is not noun:
            raise TypeError(f"declare the list `{name}` in schema/types/household.py, of the face in {_home(noun)}")
        if bool(shape.order) != (ORDERS[table] is not sorted):
            raise TypeError(
                f"`{name}` have one order: say it in schema/types/household.py and registry/models/aggregate.py"
            )
        yield name, typing.get_args(_annotation(Household, name))[0]


def _home(noun: type[Noun]) -> str:
    return f"schema/types/{noun.__module__.rpartition('.')[2]}.py"


LISTED: dict[str, type[Any]] = dict(_lists())
"""The lists of a household that are written with it: name → face."""
FACES_WRITTEN: tuple[type[Any], ...] = (Household, *LISTED.values())
FIELDS: dict[type[Any], tuple[Typed, ...]] = {face: tuple(typed(face)) for face in FACES_WRITTEN}


def _refuse_unwritten(face: type[Any]) -> None:
    """Raises TypeError for what a face leaves out, although somebody has to write or see it."""
    noun = _noun(face)
    table, home = noun.__tablename__, _home(noun)
    written = {column for field in FIELDS[face] for _, column in field.columns}
    if missing := [column.name for column in TYPED[table] if column.name not in written]:
        raise TypeError(f"show {', '.join(missing)} of {noun.__name__} in {home}: nobody could write it otherwise")
    can = next(made.metadata["shape"].datum for made in fields_of(face) if made.python_name == "viewer_can")
    if face is not Household and any(table == sealed for sealed, _ in SEALED) is not (can is can_numbers):
        raise TypeError(f"viewer_can of {noun.__name__} in {home}: can_numbers if it has a number of the vault")
    for suffix in ("Filter", "ListFilter"):
        if face is not Household and not hasattr(sys.modules[face.__module__], noun.__name__ + suffix):
            raise TypeError(f"make {noun.__name__}{suffix} in {home}: the household's lists are filtered by it")


for face in FACES_WRITTEN:
    _refuse_unwritten(face)
INSIDE = {
    _noun(face).__tablename__: {"id": ("id",)}
    | {
        column: tuple(camel(name) for name in (field.name, part) if name)
        for field in fields
        for part, column in field.columns
    }
    for face, fields in FIELDS.items()
}
"""Where in a record each column stands."""


def _input(face: type[Any], text: str, **more: InputField) -> type[Any]:
    fields = {
        "id": _ID,
        **({} if face is Household else {"removed": _REMOVED}),
        **{t.name: t.given for t in FIELDS[face]},
        **more,
    }
    return input_type(f"{face.__name__}Input", text, fields)


def _singular(face: type[Any]) -> str:
    """What one record is called: `MigrationEpisode` is a "migration episode"."""
    return re.sub("(?<=.)(?=[A-Z])", " ", face.__name__).lower()


INPUTS = {face: _input(face, f"A {_singular(face)} inside a household document.") for face in LISTED.values()}
HouseholdInput = _input(
    Household,
    "A whole household as one document.  A key left out stays as it is, null clears it, children are matched by id.",
    **{name: InputField(list[INPUTS[face]], OPERATIONAL, "Records of the household.") for name, face in LISTED.items()},  # type: ignore[valid-type]  # a type made at import
)


# --- reading an input -------------------------------------------------------------------------------------------------


def edit_of(sent: InputDict) -> tuple[ChangeSet, str | None]:
    """What an input says, as an edit, and the village code that it names.  Raises BadInput."""
    id_ = uuid_text(sent["id"])
    edit, seen = ChangeSet(id_, empty(), inside=INSIDE), {id_: "household"}
    _row(edit, "household", id_, sent, ("household",))
    village = edit.sent["household"][id_].pop("village_id", None)
    for table, name in LISTS.items():
        for n, row in enumerate(sent.get(name) or ()):
            child, path = uuid_text(row["id"]), ("household", name, str(n))
            if seen.setdefault(child, table) != table:  # an id names one record of one type
                edit.taken.append((*path, "id"))
            elif (table, child) in edit.records:
                raise BadInput("Setiap `id` hanya boleh muncul sekali.", "Every `id` may appear only once.")
            if row.get("removed") is True:
                edit.removed.add((table, child))
                edit.records[table, child] = path
            else:
                _row(edit, table, child, row, path)
    return edit, village


def _row(edit: ChangeSet, table: str, id_: str, sent: InputDict, path: Path) -> None:
    edit.records[table, id_] = path
    columns, known = edit.sent[table].setdefault(id_, {}), _WRITTEN[table]
    for name, value in sent.items():
        for part, column, read in known.get(name, ()):
            if part is not None and value is not None and part not in value:
                continue  # left out
            inner = value if part is None or value is None else value[part]
            columns[column] = None if inner is None else read(inner)


def _json(value: Any) -> Any:
    """A value as a document holds it."""
    if (read := _READ.get(type(value))) is not None:
        return read(value)
    return value.value if isinstance(value, Enum) else value


def _formed(form: Callable[[str], str]) -> Callable[[str], str | None]:
    """How a number or code that is typed as text is read: in the one way to write it."""
    return lambda value: form(value) or None


def _instant(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_READ: dict[type[Any], Callable[[Any], Any]] = {
    VillageCode: str,
    dt.datetime: _instant,
    dt.date: dt.date.isoformat,
    Decimal: lambda value: str(value.quantize(Decimal("0.01"))),
    float: lambda value: round(value, 4),
    list: lambda value: list(dict.fromkeys(_json(inner) for inner in value)),
}
"""Type of a coerced value → how a document writes it; numbers and Booleans stay as they are, a code is its value."""


def _id(value: str) -> str | None:
    """An id; blank is nothing."""
    return uuid_text(value) if clean(value) else None


def uuid_text(text: str) -> str:
    """The canonical form of an id.  Raises BadInput for what is no UUID."""
    if _CANONICAL.fullmatch(text) and text != _NIL:
        return text
    written = clean(text) or ""
    if not _UUID.fullmatch(written) or not (found := uuid.UUID(written)).int:
        raise BadInput("Setiap `id` harus UUID.", "Every `id` must be a UUID.")
    return str(found)


def id_of(sent: InputDict) -> uuid.UUID:
    """The `id` of an input.  Raises BadInput."""
    return uuid.UUID(uuid_text(sent["id"]))


def _read_of(field: Typed) -> Callable[[Any], Any]:
    if field.form is not None:
        return _formed(field.form)
    return _id if field.given.type is ID else _json


_WRITTEN = {
    _noun(face).__tablename__: {
        camel(field.name): [(part and camel(part), column, _read_of(field)) for part, column in field.columns]
        for field in fields
    }
    for face, fields in FIELDS.items()
}
"""Table → key of a record → the columns that it writes, each with the key of its part and how it is read."""
