"""A noun of a village that the registry does not have: a workshop with its visitors, saved by a command of its own."""

from __future__ import annotations

from tests.new_noun import NewNoun

FACTS_FILE, FACE_FILE = "registry/models/workshop.py", "schema/types/workshop.py"
RULES_FILE, COMMAND_FILE = "registry/rules/workshop.py", "schema/commands/workshop.py"

FACTS = '''
"""Workshop (lokakarya): what was taught in a village, and what it cost."""

from __future__ import annotations

import decimal
import uuid

from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.models.fact import CurrencyCode, PartialDate, fact
from registry.models.member import Member
from registry.models.noun import Noun
from registry.models.scoped import RecordEntry, VillageRecord, with_entries
from registry.values.bounds import AMOUNT, NAME

OPERATIONAL, PERSONAL, PROTECTIVE = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL, Sensitivity.PROTECTIVE


class Workshop(VillageRecord, Noun):
    """Lokakarya."""

    __tablename__ = "workshop"
    __table_args__ = with_entries("workshop")
    title: Mapped[str] = fact(OPERATIONAL, "Judul", "Title", longest=NAME)
    held_on: Mapped[PartialDate | None] = fact(OPERATIONAL, "Tanggal", "Held on")
    trainer: Mapped[str | None] = fact(PERSONAL, "Pelatih", "Trainer", longest=NAME)
    host_id: Mapped[uuid.UUID | None] = fact(PERSONAL, "Tuan rumah", "At whose house it was", names=Member)
    cost: Mapped[decimal.Decimal | None] = fact(OPERATIONAL, "Biaya", "Cost", within=AMOUNT, whole="cost")
    currency: Mapped[CurrencyCode | None] = fact(OPERATIONAL, "Mata uang", "Currency", whole="cost")
    incident: Mapped[str | None] = fact(PROTECTIVE, "Kejadian", "What had to be protected", longest=NAME)
    harmed: Mapped[int | None] = fact(PROTECTIVE, "Korban", "How many were harmed", within=(0, 1000))


class WorkshopVisitor(RecordEntry, Noun):
    """Pengunjung lokakarya."""

    __tablename__ = "workshop_visitor"
    record, key, list_name = Workshop, "member_id", "visitors"
    member_id: Mapped[uuid.UUID] = fact(PERSONAL, "Pengunjung", "Visitor", names=Member)
    paid: Mapped[bool] = fact(PERSONAL, "Membayar", "Whether they paid")
'''

RULES = '''
"""Rules about workshops."""

from collections.abc import Iterator

from registry.codes.messages import UserErrorCode as Code
from registry.rules.rule import Place, Rule, RuleInput, rule, value_rule


def held_in_future(rule_input: RuleInput) -> Iterator[Place]:
    for workshop in rule_input.rows["workshop"]:
        held = workshop.span("held_on")
        if held is not None and held.first > rule_input.today:
            yield workshop.at("held_on")


def cost_without_day(rule_input: RuleInput) -> Iterator[Place]:
    for workshop in rule_input.rows["workshop"]:
        if workshop["cost"] is not None and workshop["held_on"] is None:
            yield workshop.at("held_on")


def many_harmed(rule_input: RuleInput) -> Iterator[Place]:
    for workshop in rule_input.rows_with("workshop", "harmed"):
        if workshop["harmed"] > 50:
            yield workshop.at("harmed", limit="50")


RULES: tuple[Rule, ...] = (
    value_rule(Code.AMOUNT_OUTLIER, "workshop.harmed", many_harmed),
    value_rule(Code.DATE_FUTURE, "workshop.held_on", held_in_future),
    rule(Code.REQUIRED, "workshop.held_on workshop.cost", cost_without_day),
)
'''
FACE = '''
"""The face of the workshop."""

from __future__ import annotations

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.models import workflow
from registry.models.fact import PartialDate
from registry.models.member import Member as MemberFacts
from registry.models.noun import by, to
from registry.models.region import Region as RegionFacts
from registry.models.workshop import Workshop as WorkshopFacts
from registry.models.workshop import WorkshopVisitor as VisitorFacts
from registry.values.bounds import LONGEST_ENTRIES
from schema.declare.makers import (
    ID,
    face,
    guarded,
    id_field,
    non_null,
    of_caller,
    one,
    plain_list,
    shown,
    withheld_names,
)
from schema.types.member import Member
from schema.types.node import Money, Record, money
from schema.types.pillar import names_somebody_seen
from schema.types.region import Village

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


@face(VisitorFacts)
class WorkshopVisitor:
    """Who came to a workshop."""

    member: Member = one(PERSONAL, "Who came.", MemberFacts, to(VisitorFacts.member_id))
    paid: bool = non_null(VisitorFacts.paid, PERSONAL)


@face(WorkshopFacts)
class Workshop(Record):
    """Lokakarya: what was taught in a village."""

    id: ID = id_field(WorkshopFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can(Ability.HOUSEHOLD_SUBMIT))
    village: Village = one(OPERATIONAL, "The village.", RegionFacts, to(WorkshopFacts.village_id))
    title: str = shown(WorkshopFacts.title)
    held_on: PartialDate | None = shown(WorkshopFacts.held_on)
    trainer: str | None = guarded(WorkshopFacts.trainer)
    host: Member | None = one(PERSONAL, "At whose house it was.", MemberFacts, to(WorkshopFacts.host_id))
    cost: Money | None = money(OPERATIONAL, "What it cost.", WorkshopFacts.cost, WorkshopFacts.currency)
    visitors: list[WorkshopVisitor] | None = plain_list(
        PERSONAL,
        "Visitors whom you see.",
        VisitorFacts,
        by(VisitorFacts.record_id),
        names_somebody_seen(VisitorFacts),
        limit=LONGEST_ENTRIES,
    )
    incident: str | None = guarded(WorkshopFacts.incident)
    harmed: int | None = guarded(WorkshopFacts.harmed)
    rev: int = shown(WorkshopFacts.rev)
'''

COMMAND = '''
"""The command of workshops."""

from auth.ability import Ability
from schema.commands import saving
from schema.types.workshop import Workshop

saving(Workshop, Ability.HOUSEHOLD_SUBMIT, "a workshop", "A workshop of a village.")
'''

WORKSHOP = NewNoun(
    "workshop",
    {
        "facts": (FACTS_FILE, FACTS),
        "rules": (RULES_FILE, RULES),
        "face": (FACE_FILE, FACE),
        "command": (COMMAND_FILE, COMMAND),
    },
    "from registry.models.workshop import Workshop, WorkshopVisitor",
    "table_of(Workshop), table_of(WorkshopVisitor)",
)
"""In the order of README.md."""
