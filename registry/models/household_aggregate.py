"""The household as one record: the nouns that it is made of, declared once.

Its document, inputs, statements, rules, row security and vault take their lists from here, so a noun of the
household is added by one line of `PARTS`.  Rule: every `HouseholdPart` has its line, or nothing that is declared after
this module imports.  Tests: tests/test_aggregate.py.
"""

from __future__ import annotations

from registry.models.aggregate import Aggregate, Part, Records
from registry.models.business import Business
from registry.models.child_care import ChildCare
from registry.models.episode import MigrationEpisode
from registry.models.household import Household
from registry.models.member import Member
from registry.models.noun import Noun
from registry.models.pillar_participation import PillarParticipation
from registry.models.scoped import HouseholdPart
from registry.values import derived


def by_number(records: Records) -> list[str]:
    return sorted(records, key=lambda id_: (records[id_].get("seq") or 0, id_))


def newest_first(records: Records) -> list[str]:
    return [str(episode["id"]) for episode in derived.newest_first([{**e, "id": i} for i, e in records.items()])]


PARTS = (
    Part(Household, defaults={"status": "ACTIVE"}),
    Part(Member, "members", order=by_number),
    Part(
        MigrationEpisode,
        "migrations",
        derived=("seq", "underage_at_departure"),
        defaults={"remittance_uses": []},
        order=newest_first,
    ),
    Part(
        Business,
        "businesses",
        derived=("owner_category", "scale"),
        defaults={"status": "RUNNING", "export_readiness": "NONE", "permits": [], "export_countries": []},
    ),
    Part(PillarParticipation, "pillars", stem="Pillar"),
    Part(ChildCare, "childCare", defaults={"needs": []}),
)
"""In the order in which they refer to each other."""

AGGREGATE = Aggregate(*PARTS)
NOUNS = AGGREGATE.nouns
"""Table → noun; so for the other tables below."""
CHILDREN = AGGREGATE.children
LISTS = AGGREGATE.lists
DERIVED = AGGREGATE.derived
ORDERS = AGGREGATE.orders
TYPED = AGGREGATE.typed
SEALED = AGGREGATE.sealed
REFERENCES = AGGREGATE.references
"""The (table, column) pairs that name a member of the household: mother, father, migrant, owner."""
PLACES = AGGREGATE.places
WHOLES = AGGREGATE.wholes


def refuse_forgotten() -> None:
    """Raises TypeError for a noun that is written with its household, but has no line here."""
    declared = set(NOUNS.values())
    nouns: set[type[Noun]] = {mapper.class_ for mapper in Noun.registry.mappers} - declared
    if names := sorted(noun.__tablename__ for noun in nouns if issubclass(noun, HouseholdPart)):
        raise TypeError(
            f"add {', '.join(names)} to PARTS in registry/models/household_aggregate.py, or make it InHousehold only"
        )


refuse_forgotten()
