"""Records that have a command of their own, of every noun: what is sent of them follows from their declarations.

No noun is named here, so a new one is in the world of the access tests as soon as it is declared.  A value follows from
the type and the class of its column: above OPERATIONAL it is unique where it can be.  Columns that a rule refuses
together, as a registered visitor who is described too, are left out.
"""

from __future__ import annotations

import datetime as dt
import decimal
import itertools
import uuid
from functools import cache
from typing import Any

import sqlalchemy as sa
from graphql import GraphQLField, GraphQLObjectType, get_named_type
from sqlalchemy.dialects.postgresql import ARRAY

from registry.codes.open_lists import OpenList
from registry.models.fact import CountryCode, CurrencyCode, PartialDate, fact_of, is_free, python_type
from registry.models.noun import Noun, camel, table_of
from registry.models.scoped import HouseholdRecord
from schema.build import build
from schema.declare.commands import COMMANDS
from schema.declare.strawberry_internals import graphql_schema
from schema.inputs.record import RecordInput
from schema.inputs.village_record import INPUTS, EntryList, VillageRecordInput
from tests.personas import BY_NAME
from tests.unique_values import UniqueValues
from tests.world import House, Row, World

BELOW_MARKS = ("OPEN", "OPERATIONAL")
"""The classes whose values need not be unique, because everybody who sees the record sees them."""
ENTRIES_OF_A_LIST = 2
PLAIN: dict[Any, Any] = {
    bool: True,
    float: 1.5,
    dt.date: "2026-01-02",
    dt.datetime: "2026-01-02T03:04:05.000Z",
    PartialDate: "2020-05",
    CountryCode: "MY",
    CurrencyCode: "IDR",
}
"""Values of the types that have the same one everywhere, or where the class does not ask for a unique one."""


@cache
def mutations() -> dict[str, GraphQLField]:
    """The commands of the built schema by their names."""
    mutation = graphql_schema(build()).mutation_type
    assert mutation is not None
    return dict(mutation.fields)


def saving(noun: type[Noun]) -> str:
    """The name of the command that saves records of a noun."""
    (name,) = (
        name
        for name, field in mutations().items()
        if get_named_type(field.args["input"].type).name == INPUTS[noun].name
    )
    return name


def ability_of(noun: type[Noun]) -> str:
    """The ability that opens that command."""
    (ability,) = (command.ability for name, command in COMMANDS.items() if camel(name) == saving(noun))
    assert ability is not None
    return str(ability.value)


def payload_field(noun: type[Noun]) -> str:
    """The field of the payload of that command that shows the record."""
    payload = get_named_type(mutations()[saving(noun)].type)
    assert isinstance(payload, GraphQLObjectType)
    (name,) = payload.fields.keys() - {"outcome", "userErrors"}
    return str(name)


def type_name(noun: type[Noun]) -> str:
    """The type of the schema that shows records of a noun."""
    payload = get_named_type(mutations()[saving(noun)].type)
    assert isinstance(payload, GraphQLObjectType)
    return str(get_named_type(payload.fields[payload_field(noun)].type).name)


def save_text(noun: type[Noun], problems: str) -> str:
    """The document of that command, with the input as `$input`."""
    return f"mutation($input: {INPUTS[noun].name}!) {{ {saving(noun)}(input: $input) {{ outcome {problems} }} }}"


def saved_nouns() -> list[type[Noun]]:
    """The nouns that have a command of their own, by the names of their tables."""
    mutations()  # importing the commands declares what they save
    return sorted(INPUTS, key=lambda noun: noun.__tablename__)


TYPE_NAMES = {str(noun.__tablename__): type_name(noun) for noun in saved_nouns()}
"""Table of each of these nouns → its type."""


class RecordMaker:
    """Saves records as the officer who recorded a household of the village, whose members they name."""

    def __init__(self, world: World, unique: UniqueValues) -> None:
        self.world, self.unique, self._n = world, unique, itertools.count()

    async def save_of_village(self, house: House, code: str) -> list[House]:
        """Save a record of each noun of villages in the village of a household, which has this code now."""
        records = []
        for noun in saved_nouns():
            if not issubclass(noun, HouseholdRecord):
                record = House(uuid.uuid4(), house.village, "SAVED", house.author)
                await self._save(noun, record, house, code)
                records.append(record)
        return records

    async def save_of_household(self, house: House) -> None:
        """Save a record of each noun that lies in a household."""
        for noun in saved_nouns():
            if issubclass(noun, HouseholdRecord):
                await self._save(noun, house, house, "")

    async def _save(self, noun: type[Noun], home: House, house: House, code: str) -> None:
        """Save one record: of every second one, without the records that it may name and need not."""
        id_ = home.id if home is not house else uuid.uuid4()
        await self.accepted(noun, self._row(noun, id_, home), house, code, next(self._n) % 2 == 0)

    async def accepted(self, noun: type[Noun], row: Row, house: House, code: str, complete: bool = True) -> Any:
        """Save a record of that id, without the columns that a rule refuses, and return what was sent."""
        input_, home = INPUTS[noun], row.house
        left_out = set() if complete else _references(input_)
        marks, rows = len(self.unique.marks), len(home.rows)
        for _ in range(3):
            sent = self._record(input_, row, house, code)
            sent = {name: value for name, value in sent.items() if name not in left_out}
            text = save_text(noun, "userErrors { code path severity }")
            answer = await self.world.ask(BY_NAME[house.author], text, input=sent)
            assert not answer.codes, answer.body
            ((payload),) = answer.data.values()
            if payload["outcome"] == "ACCEPTED":
                return sent
            del self.unique.marks[marks:], home.rows[rows:]
            left_out |= {problem["path"][0] for problem in payload["userErrors"]}
        raise AssertionError((noun, sent, payload))

    def _row(self, noun: type[Noun], id_: uuid.UUID, home: House) -> Row:
        row = Row(str(noun.__tablename__), id_, home, home.author, kind=noun.row_sensitivity.value)
        home.rows.append(row)
        return row

    def _record(self, input_: VillageRecordInput, row: Row, house: House, code: str) -> dict[str, Any]:
        """The input of a record with its entries."""
        places = {"village_id": code, "household_id": {"id": str(house.id)}}
        sent = {"id": str(row.id), **self._fields(input_, row, house, places)}
        return sent | {list_.name: self._entries(list_, input_, row, house) for list_ in input_.lists}

    def _entries(self, list_: EntryList, input_: VillageRecordInput, record: Row, house: House) -> list[Any]:
        """The entries of a list, by different keys."""
        noun, entries = input_.aggregate.nouns[list_.table], []
        for n in range(ENTRIES_OF_A_LIST):
            key = self._value(noun, list_.key, record, house, n)
            row = self._row(noun, uuid.uuid5(record.id, str(key)), record.house)
            keyed = {list_.key.name: key}
            entries.append(key if list_.record is None else self._fields(list_.record, row, house, keyed))
        return entries

    def _fields(self, input_: RecordInput, row: Row, house: House, known: dict[str, Any]) -> dict[str, Any]:
        """The fields of a record or an entry; some columns have a known value."""
        sent: dict[str, Any] = {}
        columns = table_of(input_.noun).c
        for field in input_.fields:
            values = {
                part and camel(part): known[name]
                if name in known
                else self._value(input_.noun, columns[name], row, house)
                for part, name in field.columns
            }
            sent[camel(field.name)] = values.get(None, values)
        return sent

    def _value(self, noun: type[Noun], column: sa.Column[Any], row: Row, house: House, n: int = 0) -> Any:
        """A value for a column of a record or entry; the `n`-th of its keys."""
        fact, kind = fact_of(column), fact_of(column).sensitivity.value
        type_, is_marked = python_type(getattr(noun, column.name)), kind not in BELOW_MARKS
        if fact.names:
            tables = [str(named.__tablename__) for named in fact.names]
            ids = [str(other.id) for other in house.rows if other.table in tables]
            return ids[n] if ids else None  # nothing of a programme lies in a village
        if codes := column.info.get("codes"):
            code = list(codes)[-1].value
            return [code] if isinstance(column.type, ARRAY) else code
        if fact.listed is not None:
            return list(fact.listed.codes)[-1] if isinstance(fact.listed, OpenList) else None
        if is_free(column) and type_ is str:
            return self.unique.text(kind, row) if is_marked else "Catatan"
        if type_ in (dt.date, PartialDate) and is_marked:
            return self.unique.day(kind, row)
        if type_ is decimal.Decimal:
            return self.unique.money(kind, row)["amount"] if is_marked else "7000000.25"
        if type_ is int:
            assert fact.bounds is not None
            assert fact.bounds.within is not None
            return int(fact.bounds.within[0]) + 1 + n
        return PLAIN[type_]


def _references(input_: VillageRecordInput) -> set[str]:
    """The fields by which a record may name others, and need not."""
    columns = table_of(input_.noun).c
    return {
        camel(field.name)
        for field in input_.fields
        for _, name in field.columns
        if fact_of(columns[name]).names and columns[name].nullable
    }
