"""The household as one record: the nouns that it is made of, declared once.

Its document, inputs, statements, rules, ledgers, row security and vault take their lists from here, so a noun of the
household is added by one line of `PARTS`.  Rule: every `HouseholdPart` has its line, or nothing that is declared after
this module imports.  Tests: tests/test_aggregate.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from registry.models.business import Business
from registry.models.episode import MigrationEpisode
from registry.models.household import Household
from registry.models.member import Member
from registry.models.noun import SCHEMA, Noun, facts
from registry.models.scoped import HouseholdPart
from registry.values import derived

Records = Mapping[str, Mapping[str, Any]]
"""Id → column → JSON value, of one list of a document."""
Ordering = Callable[[Records], list[str]]


def by_number(records: Records) -> list[str]:
    return sorted(records, key=lambda id_: (records[id_].get("seq") or 0, id_))


def newest_first(records: Records) -> list[str]:
    return [str(episode["id"]) for episode in derived.newest_first([{**e, "id": i} for i, e in records.items()])]


@dataclass(frozen=True)
class Part:
    """One noun of the household.

    `list` is what the document and the schema call its records, `ledger` the table that counts the verified ones.  The
    columns `derived` are worked out by the server and written with what people filled in; `defaults` is what an
    unfinished record holds where the database needs a value.  `order` returns the ids of its records in the order in
    which the household shows them: by id, unless its list in schema/types/household.py has another."""

    noun: type[Noun]
    list: str
    ledger: str
    derived: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    order: Ordering = sorted

    def __post_init__(self) -> None:
        for column, fact in facts(self.noun):
            own = fact.server and column.computed is None and not hasattr(HouseholdPart, column.name)
            if own and issubclass(self.noun, HouseholdPart) and column.name not in self.derived:
                raise TypeError(f"{column} is the server's own: name it in `derived` of its line in PARTS")

    @property
    def name(self) -> str:
        """The name of its table."""
        return str(self.noun.__tablename__)


HOUSEHOLD_PART = Part(Household, "household", "ledger_household", defaults={"status": "ACTIVE"})
PARTS = (
    HOUSEHOLD_PART,
    Part(Member, "members", "ledger_person", order=by_number),
    Part(
        MigrationEpisode,
        "migrations",
        "ledger_episode",
        derived=("seq", "underage_at_departure"),
        order=newest_first,
    ),
    Part(
        Business,
        "businesses",
        "ledger_business",
        derived=("owner_category", "scale"),
        defaults={"status": "RUNNING", "export_readiness": "NONE", "permits": [], "export_countries": []},
    ),
)
"""In the order in which they refer to each other."""

NOUNS: dict[str, type[Noun]] = {part.name: part.noun for part in PARTS}
"""Table → noun; so for the other tables below."""
CHILDREN = tuple(part.name for part in PARTS if part is not HOUSEHOLD_PART)
LISTS = {part.name: part.list for part in PARTS if part is not HOUSEHOLD_PART}
DERIVED = {part.name: part.derived for part in PARTS}
DEFAULTS: dict[str, Mapping[str, Any]] = {part.name: part.defaults for part in PARTS if part.defaults}
ORDERS = {part.name: part.order for part in PARTS}
TYPED: dict[str, tuple[sa.Column[Any], ...]] = {
    name: tuple(column for column, fact in facts(noun) if not fact.server and column.name != "id")
    for name, noun in NOUNS.items()
}
"""The columns that people fill in."""
SEALED = {
    (name, column.name): fact.sealed for name, noun in NOUNS.items() for column, fact in facts(noun) if fact.sealed
}
"""(Table, column) → which number of the vault it is."""
if len({(name, number) for (name, _), number in SEALED.items()}) < len(SEALED):
    raise TypeError("a record has one number of each kind: give its second one an IdentityField of its own")

_REGION_ID = f"{SCHEMA}.region.id"


def _names_region(column: sa.Column[Any]) -> bool:
    return any(key.target_fullname == _REGION_ID for key in column.foreign_keys)


REFERENCES = frozenset(
    (name, column.name)
    for name in CHILDREN
    for column in TYPED[name]
    if isinstance(column.type, sa.Uuid) and not _names_region(column)
)
"""The (table, column) pairs that name a member of the household: mother, father, migrant, owner."""
PLACES = tuple((name, column.name) for name in CHILDREN for column in TYPED[name] if _names_region(column))
"""The (table, column) pairs that name a village of the country; where nothing is said it is the household's."""
SKELETON = tuple(
    f"{name}.{column.name}"
    for name in NOUNS
    for column in TYPED[name]
    if not column.nullable and column.name not in DEFAULTS.get(name, {}) and (name, column.name) not in PLACES
)
"""What even a draft has, as `table.column`: the database needs a value, and nothing else gives one."""


def _wholes() -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    for name, noun in NOUNS.items():
        columns: dict[str, list[str]] = defaultdict(list)
        for column, fact in facts(noun):
            if fact.whole is not None:
                columns[fact.whole].append(column.name)
        for whole, parts in columns.items():
            if len(parts) == 1:
                raise TypeError(f"{name}.{parts[0]} is a value by itself: give its other column whole={whole!r} too")
            yield from (((name, part), tuple(parts)) for part in parts)


WHOLES: dict[tuple[str, str], tuple[str, ...]] = dict(_wholes())
"""(Table, column) → the columns that are one value with it, itself among them."""


def refuse_forgotten() -> None:
    """Raises TypeError for a noun that is written with its household, but has no line here."""
    declared = set(NOUNS.values())
    nouns: set[type[Noun]] = {mapper.class_ for mapper in Noun.registry.mappers} - declared
    if names := sorted(noun.__tablename__ for noun in nouns if issubclass(noun, HouseholdPart)):
        raise TypeError(f"add {', '.join(names)} to PARTS in registry/models/aggregate.py, or make it InHousehold only")


refuse_forgotten()
