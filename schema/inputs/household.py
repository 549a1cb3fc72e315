"""The input of a household, with its lists, and the change set that it sends."""

from __future__ import annotations

import re
import sys
import typing
from collections.abc import Iterator
from typing import Any

from auth.sensitivity import Sensitivity
from registry.models import history
from registry.models.household_aggregate import AGGREGATE, LISTS, NOUNS, ORDERS, SEALED, refuse_forgotten
from registry.models.noun import camel
from registry.models.workflow import can_numbers
from registry.write.document import ChangeSet
from schema.declare.input_types import InputDict, InputField
from schema.declare.makers import fields_of
from schema.declare.shapes import RelatedField
from schema.errors import BadInput
from schema.inputs.reading import uuid_text
from schema.inputs.record import RecordInput, home_of, noun_of, type_of
from schema.types.household import Household
from schema.types.node import Record

OPERATIONAL = Sensitivity.OPERATIONAL
_REMOVED = InputField(bool, OPERATIONAL, "true takes the record out; leaving it out of the list does not.")


def _lists() -> Iterator[tuple[str, type[Any]]]:
    """The lists of a household that are written with it: name and face.  Raises TypeError for one that is missing."""
    refuse_forgotten()  # again, because all faces are imported now
    fields = {camel(field.python_name): field for field in fields_of(Household)}
    for table, name in LISTS.items():
        noun, shape = NOUNS[table], fields[name].metadata["shape"] if name in fields else None
        if not isinstance(shape, RelatedField) or shape.source.noun is not noun:
            raise TypeError(f"declare the list `{name}` in schema/types/household.py, of the face in {home_of(noun)}")
        if bool(shape.order) != (ORDERS[table] is not sorted):
            raise TypeError(
                f"`{name}` have one order: say it in schema/types/household.py"
                " and registry/models/household_aggregate.py"
            )
        yield name, typing.get_args(type_of(Household, fields[name].python_name))[0]


LISTED: dict[str, type[Any]] = dict(_lists())
"""The lists of a household that are written with it: name → face."""
_FACES: tuple[type[Any], ...] = (Household, *LISTED.values())
RECORDS = {noun_of(face).__tablename__: RecordInput(face, AGGREGATE) for face in _FACES}
"""Table → how its records are written."""
INSIDE = {table: record.inside for table, record in RECORDS.items()}
"""Where in a record each column stands."""
history.IN_RECORD.update(INSIDE)


def _refuse_incomplete(record: RecordInput) -> None:
    """Raises TypeError for what the face of a child lacks; one that is no `Record` has no commands and no filter."""
    if not issubclass(record.face, Record):
        return
    face, name, home = record.face, record.noun.__name__, home_of(record.noun)
    viewer_can = next(field.metadata["shape"].datum for field in fields_of(face) if field.python_name == "viewer_can")
    has_number = any(table == record.table for table, _ in SEALED)
    if has_number is not (viewer_can is can_numbers):
        raise TypeError(f"viewer_can of {name} in {home}: can_numbers if it has a number of the vault")
    for suffix in ("Filter", "ListFilter"):
        if not hasattr(sys.modules[face.__module__], name + suffix):
            raise TypeError(f"make {name}{suffix} in {home}: the household's lists are filtered by it")


for _table in LISTS:
    _refuse_incomplete(RECORDS[_table])


def _singular(face: type[Any]) -> str:
    """What one record is called: `MigrationEpisode` is a "migration episode"."""
    return re.sub("(?<=.)(?=[A-Z])", " ", face.__name__).lower()


def _list_fields() -> Iterator[tuple[str, InputField]]:
    for name, face in LISTED.items():
        text = f"A {_singular(face)} inside a household document."
        child: Any = RECORDS[noun_of(face).__tablename__].type(text, before={"removed": _REMOVED})
        yield name, InputField(list[child], noun_of(face).row_sensitivity, "Records of the household.")


HouseholdInput = RECORDS["household"].type(
    "A whole household as one document.  A key left out stays as it is, null clears it, children are matched by id.",
    after=dict(_list_fields()),
)


def edit_of(sent: InputDict) -> tuple[ChangeSet, str | None]:
    """What an input sends, as a change set, and the village code that it names.  Raises BadInput."""
    id_ = uuid_text(sent["id"])
    edit, tables = ChangeSet(id_, AGGREGATE.empty(), inside=INSIDE), {id_: "household"}
    columns = edit.sent["household"][id_] = RECORDS["household"].columns(sent)
    edit.records[edit.root] = ("household",)
    village = columns.pop("village_id", None)
    for table, name in LISTS.items():
        for position, record in enumerate(sent.get(name) or ()):
            child, path = uuid_text(record["id"]), ("household", name, str(position))
            if tables.setdefault(child, table) != table:  # an id names one record of one type
                edit.taken.append((*path, "id"))
            elif (table, child) in edit.records:
                raise BadInput("Setiap `id` hanya boleh muncul sekali.", "Every `id` may appear only once.")
            edit.records[table, child] = path
            if record.get("removed") is True:
                edit.removed.add((table, child))
            else:
                edit.sent[table][child] = RECORDS[table].columns(record)
    return edit, village
