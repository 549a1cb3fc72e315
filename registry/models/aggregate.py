"""The household as one record: the nouns that it is made of, declared once.

Its document, inputs, statements, rules, ledgers, row security and vault take their lists from here, so a noun of the
household is added by one line of `PARTS`.  Rule: every `HouseholdPart` has its line, or nothing that is declared after
this module imports.  Tests: tests/test_aggregate.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from registry.models.business import Business
from registry.models.household import Household
from registry.models.member import Member
from registry.models.migration import MigrationEpisode
from registry.models.noun import SCHEMA, Noun, facts
from registry.models.scoped import HouseholdPart


@dataclass(frozen=True)
class Part:
    """One noun of the household.

    `list` is what the document and the schema call its records, `ledger` the table that counts the verified ones.  The
    columns `derived` are worked out by the server and written with what people filled in; `defaults` is what an
    unfinished record holds where the database needs a value."""

    noun: type[Noun]
    list: str
    ledger: str
    derived: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its table."""
        return str(self.noun.__tablename__)


HOUSEHOLD_PART = Part(Household, "household", "ledger_household", defaults={"status": "ACTIVE"})
PARTS = (
    HOUSEHOLD_PART,
    Part(Member, "members", "ledger_person"),
    Part(MigrationEpisode, "migrations", "ledger_episode", derived=("seq", "underage_at_departure")),
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
TYPED: dict[str, tuple[sa.Column[Any], ...]] = {
    name: tuple(column for column, fact in facts(noun) if not fact.server and column.name != "id")
    for name, noun in NOUNS.items()
}
"""The columns that people fill in."""
SEALED = {
    (name, column.name): fact.sealed for name, noun in NOUNS.items() for column, fact in facts(noun) if fact.sealed
}
"""(Table, column) → which number of the vault it is."""

_REGION_ID = f"{SCHEMA}.region.id"
REFERENCES = frozenset(
    (name, column.name)
    for name in CHILDREN
    for column in TYPED[name]
    if isinstance(column.type, sa.Uuid) and all(key.target_fullname != _REGION_ID for key in column.foreign_keys)
)
"""The (table, column) pairs that name a member of the household: mother, father, migrant, owner."""


def _wholes() -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    for name, noun in NOUNS.items():
        columns: dict[str, list[str]] = defaultdict(list)
        for column, fact in facts(noun):
            if fact.whole is not None:
                columns[fact.whole].append(column.name)
        for parts in columns.values():
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
