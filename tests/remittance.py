"""A noun of the household that the registry does not have: money that it got from abroad."""

from __future__ import annotations

from tests.new_noun import NewNoun

FACTS_FILE, FACE_FILE = "registry/models/remittance.py", "schema/types/remittance.py"
LINE_FILE, LIST_FILE = "registry/models/household_aggregate.py", "schema/types/household.py"

FACTS = '''
"""Remittance (kiriman uang): money that a member of the household sent home."""

from __future__ import annotations

import decimal
import uuid

from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import IdentityField
from registry.models.fact import CountryCode, CurrencyCode, PartialDate, fact
from registry.models.noun import Noun
from registry.models.scoped import HouseholdPart, of_member
from registry.values.bounds import AMOUNT, NAME

OPERATIONAL, PERSONAL, IDENTITY, SPECIAL = (
    Sensitivity.OPERATIONAL,
    Sensitivity.PERSONAL,
    Sensitivity.IDENTITY,
    Sensitivity.SPECIAL,
)


class Remittance(HouseholdPart, Noun):
    """Kiriman uang."""

    __tablename__ = "remittance"
    sender_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Pengirim", "Sender", counted=True)
    regular: Mapped[bool | None] = fact(OPERATIONAL, "Kiriman rutin", "Sent regularly", counted=True)
    sent_from: Mapped[CountryCode | None] = fact(OPERATIONAL, "Negara asal", "Country that it was sent from")
    sent_on: Mapped[PartialDate | None] = fact(OPERATIONAL, "Tanggal kirim", "Sent on")
    recipient: Mapped[str | None] = fact(PERSONAL, "Penerima", "Recipient", longest=NAME)
    amount: Mapped[decimal.Decimal | None] = fact(SPECIAL, "Jumlah", "Amount", within=AMOUNT, whole="amount")
    currency: Mapped[CurrencyCode | None] = fact(SPECIAL, "Mata uang", "Currency", whole="amount")
    passport_no: Mapped[str | None] = fact(
        IDENTITY, "Paspor pengirim", "Passport shown by the sender", sealed=IdentityField.PASSPORT, longest=32
    )
    __table_args__ = of_member("remittance", "sender_id")
'''

FACE = '''
"""The face of the remittance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.models import workflow
from registry.models.fact import CountryCode, PartialDate
from registry.models.household import Household as HouseholdFacts
from registry.models.member import Member as MemberFacts
from registry.models.noun import to
from registry.models.remittance import Remittance as RemittanceFacts
from schema.declare.listing import filtering, of_list
from schema.declare.makers import ID, embedded, face, guarded, id_field, lazy, of_caller, one, shown, withheld_names
from schema.types.node import Money, Record

if TYPE_CHECKING:
    from schema.types.household import Household
    from schema.types.member import Member

OPERATIONAL, SPECIAL = Sensitivity.OPERATIONAL, Sensitivity.SPECIAL


@face(RemittanceFacts)
class Remittance(Record):
    """Kiriman uang: money that a member of the household sent home."""

    id: ID = id_field(RemittanceFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can_numbers)
    household: Annotated[Household, lazy("schema.types.household")] = one(
        OPERATIONAL, "The household.", HouseholdFacts, to(RemittanceFacts.household_id)
    )
    sender: Annotated[Member, lazy("schema.types.member")] = one(
        OPERATIONAL, "Who sent it.", MemberFacts, to(RemittanceFacts.sender_id)
    )
    regular: bool | None = shown(RemittanceFacts.regular, by="filter")
    sent_from: CountryCode | None = shown(RemittanceFacts.sent_from)
    sent_on: PartialDate | None = shown(RemittanceFacts.sent_on, by="filter")
    recipient: str | None = guarded(RemittanceFacts.recipient)
    amount: Money | None = embedded(
        SPECIAL, "How much.", RemittanceFacts.amount, amount=RemittanceFacts.amount, currency=RemittanceFacts.currency
    )
    passport_masked: str | None = guarded(RemittanceFacts.passport_no, text="Passport as a mask, `X1******`")


RemittanceFilter = filtering(Remittance, RemittanceFacts, {})
RemittanceListFilter = of_list(RemittanceFacts, RemittanceFilter)
'''

LINE = '    Part(Remittance, "remittances", "ledger_remittance"),\n'
LIST = """    remittances: list[Remittance] = plain_list(
        OPERATIONAL, "Kiriman uang, at most 50.", RemittanceFacts, by(RemittanceFacts.household_id)
    )
"""

_END = ')\n"""In the order in which they refer to each other."""\n'
_BUSINESS = "from registry.models.business import Business\n"
_FACES = "from schema.types.business import Business\n"
_IMPORTS = """from registry.models.remittance import Remittance as RemittanceFacts
from schema.types.remittance import Remittance
"""
_NEXT_FIELD = "    member_count: int = shown("
REMITTANCE = NewNoun(
    "remittance",
    {"facts": (FACTS_FILE, FACTS), "face": (FACE_FILE, FACE)},
    "from registry.figures.ledger import LEDGERS; from registry.models.remittance import Remittance",
    "table_of(Remittance), LEDGERS[table_of(Remittance)]",
    {
        "line": (
            (LINE_FILE, _END, LINE + _END),
            (LINE_FILE, _BUSINESS, _BUSINESS + "from registry.models.remittance import Remittance\n"),
        ),
        "list": ((LIST_FILE, _FACES, _FACES + _IMPORTS), (LIST_FILE, _NEXT_FIELD, LIST + _NEXT_FIELD)),
    },
)
"""In the order of README.md."""
