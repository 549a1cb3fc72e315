"""What is saved at a time, as one document: a record, and the nouns that are written with it.

An `Aggregate` derives from the facts of its nouns what inputs, merging, rules and statements need to know of them.
`registry/models/household_aggregate.py` declares the household; a `VillageRecord` is an aggregate by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import sqlalchemy as sa

from auth.sensitivity import Sensitivity
from registry.models.fact import fact_of
from registry.models.noun import SCHEMA, Noun, facts, table_of
from registry.models.scoped import RECORD_KEY, HouseholdPart, RecordEntry, VillageRecord

Records = Mapping[str, Mapping[str, Any]]
"""Id → column → JSON value, of one list of a document."""
Document = dict[str, dict[str, dict[str, Any]]]
"""Table → id → column → JSON value; numbers of the vault are sealed in it."""
Ordering = Callable[[Records], list[str]]
LONGEST_TABLE = 40
"""Characters of the name of a table that a revision keeps, at most."""
PLACED_BY = ("village_id", "household_id")
"""The columns that say where a village's record lies: written once, by the command that creates it."""
_REGION_ID = f"{SCHEMA}.region.id"


@dataclass(frozen=True)
class Part:
    """One noun of an aggregate.

    `list` is what the document and the schema call its records; the root has none.  `stem` begins the names of its
    inputs, where that is not the noun's name.  The columns `derived` are worked out by the server and written with
    what people filled in; `defaults` is what an unfinished record holds where the database needs a value.  `order`
    returns the ids of its records in the order in which the household shows them: by id, unless its list in
    schema/types/household.py has another."""

    noun: type[Noun]
    list: str = ""
    derived: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    order: Ordering = sorted
    stem: str = ""

    def __post_init__(self) -> None:
        for column, fact in facts(self.noun):
            own = fact.server and column.computed is None and not hasattr(HouseholdPart, column.name)
            if own and issubclass(self.noun, HouseholdPart) and column.name not in self.derived:
                raise TypeError(f"{column} is the server's own: name it in `derived` of its line in PARTS")

    @property
    def name(self) -> str:
        """The name of its table."""
        return str(self.noun.__tablename__)


class Aggregate:
    """A root and its parts, in the order in which they refer to each other; each attribute is by table."""

    def __init__(self, *parts: Part) -> None:
        root, *children = parts
        self.parts = parts
        self.root = root.name
        self.nouns = {part.name: part.noun for part in parts}
        self.children = tuple(part.name for part in children)
        self.lists = {part.name: part.list for part in children}
        self.derived = {part.name: part.derived for part in parts}
        self.defaults = {part.name: part.defaults for part in parts if part.defaults}
        self.orders = {part.name: part.order for part in parts}
        self.stems = {part.name: part.stem or part.noun.__name__ for part in parts}
        self.typed = {part.name: _typed(part.noun) for part in parts}
        """The columns that people fill in."""
        self.sealed = {
            (part.name, column.name): fact.sealed for part in parts for column, fact in facts(part.noun) if fact.sealed
        }
        """(Table, column) → which number of the vault it is."""
        self.references = frozenset((name, column.name) for name, column in self._children() if _names_record(column))
        """The (table, column) pairs of children that name another record of the document."""
        self.named = {
            (part.name, column.name): fact.names for part in parts for column, fact in facts(part.noun) if fact.names
        }
        """(Table, column) → the nouns of which it names a record outside the document."""
        self.places = tuple((name, column.name) for name, column in self._children() if _names_region(column))
        """The (table, column) pairs of children that name a village; where nothing is sent it is the root's."""
        self.skeleton = tuple(self._skeleton())
        """What even a draft has, as `table.column`: the database needs a value, and nothing else gives one."""
        self.listed = {
            (part.name, column.name): fact.listed for part in parts for column, fact in facts(part.noun) if fact.listed
        }
        """(Table, column) → the open list of which it holds a code."""
        self.wholes = dict(_wholes(parts))
        """(Table, column) → the columns that are one value with it, itself among them."""
        if len({(name, number) for (name, _), number in self.sealed.items()}) < len(self.sealed):
            raise TypeError("a record has one number of each kind: give its second one an IdentityField of its own")

    def empty(self) -> Document:
        """A document without records."""
        return {name: {} for name in self.nouns}

    def _children(self) -> Iterator[tuple[str, sa.Column[Any]]]:
        return ((name, column) for name in self.children for column in self.typed[name])

    def _skeleton(self) -> Iterator[str]:
        for name, columns in self.typed.items():
            filled = {*self.defaults.get(name, {}), *(column for table, column in self.places if table == name)}
            yield from (f"{name}.{c.name}" for c in columns if not c.nullable and c.name not in filled)


def _typed(noun: type[Noun]) -> tuple[sa.Column[Any], ...]:
    return tuple(column for column, fact in facts(noun) if not fact.server and column.name != "id")


def _names_region(column: sa.Column[Any]) -> bool:
    return any(key.target_fullname == _REGION_ID for key in column.foreign_keys)


def _names_record(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.Uuid) and not _names_region(column) and not fact_of(column).names


def _wholes(parts: tuple[Part, ...]) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    for part in parts:
        columns: dict[str, list[str]] = defaultdict(list)
        for column, fact in facts(part.noun):
            if fact.whole is not None:
                columns[fact.whole].append(column.name)
        for whole, together in columns.items():
            if len(together) == 1:
                raise TypeError(
                    f"{part.name}.{together[0]} is a value by itself: give its other column whole={whole!r} too"
                )
            yield from (((part.name, column), tuple(together)) for column in together)


@cache
def by_itself(noun: type[Noun]) -> Aggregate:
    """The aggregate of a village's record: that record and the entries of its lists.

    Raises TypeError for any other noun, and for what only the records of a household can have."""
    if not issubclass(noun, VillageRecord):
        raise TypeError(f"{noun.__name__} is saved with its household, or make it a VillageRecord")
    parts = [Part(noun), *(Part(entry, entry.list_name) for entry in entries_of(noun))]
    for part in parts:
        _refuse_unsupported(part.noun)
    return Aggregate(*parts)


def entries_of(noun: type[Noun]) -> list[Any]:
    """The nouns that are entries of a village's record, by the names of their tables."""
    return [entry for entry in record_entries() if entry.record is noun]


def entry_key(entry: Any) -> sa.Column[Any]:
    """The column by which the entries of one record differ."""
    return cast("sa.Column[Any]", table_of(entry).c[entry.key])


def record_entries() -> list[Any]:
    """The nouns that are entries of village records, of those that are imported, by the names of their tables."""
    return _imported(RecordEntry)


def _refuse_unsupported(noun: type[Noun]) -> None:
    """Raises TypeError for a column or a constraint that registry/write/village_record.py does not know how to save."""
    name, table = noun.__name__, table_of(noun)
    kind = RecordEntry if issubclass(noun, RecordEntry) else VillageRecord
    for column, fact in facts(noun):
        item = column.type.item_type if isinstance(column.type, sa.ARRAY) else column.type
        if fact.sealed:
            raise TypeError(f"{name} has a number of the vault: only a household's records have those")
        if fact.server and column.computed is None and not hasattr(kind, column.name):
            raise TypeError(f"{column} is the server's own: nothing gives a village's record such a column")
        is_reference = not fact.server and column.name not in ("id", *PLACED_BY) and isinstance(item, sa.Uuid)
        if is_reference and (item is not column.type or not fact.names):
            raise TypeError(f"{column} names a record: say of which noun, by fact(…, names=Member)")
        if not fact.server and issubclass(noun, RecordEntry) and fact.sensitivity is Sensitivity.PROTECTIVE:
            raise TypeError(f"{column} is PROTECTIVE: nothing says yet who recorded an entry")
    unique = [key for key in table.constraints if isinstance(key, sa.UniqueConstraint)]
    if any(tuple(key.columns.keys()) != RECORD_KEY for key in unique) or any(index.unique for index in table.indexes):
        raise TypeError(f"{table.name} has a unique key: no error tells yet who broke it")
    if len(table.name) > LONGEST_TABLE:
        raise TypeError(f"{table.name}: a revision keeps at most {LONGEST_TABLE} characters of the name of a table")


def created_columns(aggregate: Aggregate) -> tuple[str, ...]:
    """The columns of a village's record that its command writes when it creates the record."""
    placed = (column.name for column in aggregate.typed[aggregate.root] if column.name == "household_id")
    return *placed, *saved_columns(aggregate)


def saved_columns(aggregate: Aggregate, table: str = "") -> tuple[str, ...]:
    """The columns that the command of a village's record writes, each time it is saved: of the record itself, or of the
    `table` of its entries."""
    typed = [column.name for column in aggregate.typed[table or aggregate.root] if column.name not in PLACED_BY]
    return tuple(typed) if table else (*typed, "rev")


def village_records() -> list[type[Noun]]:
    """The nouns that are a village's records, of those that are imported, by the names of their tables."""
    return _imported(VillageRecord)


def _imported(kind: type[Any]) -> list[Any]:
    """SQLAlchemy keeps its mappers in a set, whose order differs from process to process."""
    nouns = [mapper.class_ for mapper in Noun.registry.mappers if issubclass(mapper.class_, kind)]
    return sorted(nouns, key=lambda noun: str(noun.__tablename__))
