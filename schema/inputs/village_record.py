"""The input of a village's record: its fields, and the lists of its entries, each sent as a whole."""

from __future__ import annotations

import typing
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from auth.ability import Ability
from registry.models.aggregate import Aggregate, by_itself, entry_key, village_records
from registry.models.entry import Through
from registry.models.fact import fact_of
from registry.models.noun import By, Noun, table_of
from registry.models.scoped import HouseholdRecord
from registry.values.bounds import LONGEST_ENTRIES
from registry.write.document import ChangeSet, Path
from registry.write.household_record import HouseholdRecordSubmission
from registry.write.village_record import VillageRecordSubmission
from schema.declare.input_types import InputDict, InputField, input_type
from schema.declare.makers import ID, fields_of
from schema.declare.shapes import RelatedField
from schema.errors import BadInput
from schema.inputs.reading import uuid_text
from schema.inputs.record import ID_FIELD, OPERATIONAL, RecordInput, WrittenField, home_of, noun_of, type_of

BASE_REV = InputField(
    int, OPERATIONAL, "The `rev` that the edit started from; without it, from the last revision that you wrote."
)
INPUTS: dict[type[Noun], VillageRecordInput] = {}
"""The nouns of villages that a command saves → how each is written."""


def refuse_unsaved() -> None:
    """Raises TypeError for a noun of a village that no command saves."""
    if unsaved := [noun for noun in village_records() if noun not in INPUTS]:
        noun = min(unsaved, key=lambda noun: noun.__name__)
        home = home_of(noun).replace("/types/", "/commands/")
        raise TypeError(f"nobody could save a {noun.__name__}: declare its command in {home}")


class EntryList:
    """How a list of entries is written: as objects, or as the ids alone if its entries hold nothing else.

    Raises TypeError if the face of the record does not show the list."""

    def __init__(self, face: type[Any], entry: Any, aggregate: Aggregate) -> None:
        self.table, self.name, self.key = str(entry.__tablename__), str(entry.list_name), entry_key(entry)
        shown_as = _face_of_entries(face, entry)
        self.record: RecordInput | None = None
        self.inside: dict[str, Path] = {self.key.name: ()}
        type_: Any = ID
        if len(aggregate.typed[self.table]) > 1:
            self.record = RecordInput(shown_as, aggregate)
            self.inside |= {name: path for name, path in self.record.inside.items() if name != "id"}
            fields = {field.name: _required(field, table_of(entry)) for field in self.record.fields}
            type_ = input_type(f"{shown_as.__name__}Input", f"An entry of `{self.name}`.", fields)
        text = f"All of them, at most {LONGEST_ENTRIES}: what is not in the list is removed, and null is an empty list."
        self.input = InputField(list[type_], fact_of(self.key).sensitivity, text)

    def read(self, sent: InputDict, edit: ChangeSet) -> None:
        """Add what was sent of the list to an edit.  Raises BadInput."""
        if self.name not in sent:
            return
        edit.whole = edit.whole | {self.table}
        for position, value in enumerate(sent[self.name] or ()):
            columns, path = self._columns(value), (self.name, str(position))
            key = str(columns[self.key.name])
            if (self.table, key) in edit.records:
                edit.repeated.append(path)
            edit.records[self.table, key] = path
            edit.sent[self.table][key] = columns

    def _columns(self, value: Any) -> dict[str, Any]:
        columns = {self.key.name: uuid_text(value)} if self.record is None else self.record.columns(value)
        if columns[self.key.name] is None:
            raise BadInput("Setiap `id` harus UUID.", "Every `id` must be a UUID.")
        return columns


def _face_of_entries(face: type[Any], entry: Any) -> type[Any]:
    """The type of the list of a face that shows the entries, or what they name."""
    for field in fields_of(face):
        match field.metadata["shape"]:
            case RelatedField("list", source) if source.link == Through(entry):
                return typing.cast("type[Any]", typing.get_args(type_of(face, field.python_name))[0])
            case RelatedField("list", source) if source.noun is entry and isinstance(source.link, By):
                return typing.cast("type[Any]", typing.get_args(type_of(face, field.python_name))[0])
    raise TypeError(f"show a list of {entry.__name__} in {home_of(noun_of(face))}: nobody could see it otherwise")


def _required(field: WrittenField, table: sa.Table) -> InputField:
    """The input field, non-null where the entry needs a value; a Boolean that is left out is false."""
    if all(table.c[column].nullable for _, column in field.columns):
        return field.input
    return replace(field.input, default=False) if field.input.type is bool else replace(field.input, required=True)


class VillageRecordInput(RecordInput):
    """How a village's record is written, by a command of its own: `command_input` is the input of that."""

    def __init__(self, face: type[Any], text: str) -> None:
        self.aggregate = by_itself(noun_of(face))
        super().__init__(face, self.aggregate)
        INPUTS[self.noun] = self
        self.lists = [EntryList(face, self.aggregate.nouns[name], self.aggregate) for name in self.aggregate.children]
        self.places = {self.table: self.inside, **{list_.table: list_.inside for list_ in self.lists}}
        lists = {list_.name: list_.input for list_ in self.lists}
        self.command_input = self.type(text, before={"base_rev": BASE_REV}, after=lists)

    @property
    def id_field(self) -> InputField:
        """The id of a record that is sent by itself tells that there is one."""
        return replace(ID_FIELD, kind=self.noun.row_sensitivity)

    def submission(self, ability: Ability, sent: InputDict) -> VillageRecordSubmission:
        """What was sent, to be saved by an ability.  Raises BadInput."""
        id_, columns = uuid_text(sent["id"]), self.columns(sent)
        village = columns.pop("village_id", None)
        edit = ChangeSet(id_, self.aggregate.empty(), self.aggregate, inside=self.places)
        edit.sent[self.table][id_] = columns
        for list_ in self.lists:
            list_.read(sent, edit)
        if issubclass(self.noun, HouseholdRecord):
            household = columns.pop("household_id", None)
            return HouseholdRecordSubmission(edit, None, sent.get("baseRev"), ability, household)
        return VillageRecordSubmission(edit, village, sent.get("baseRev"), ability)
