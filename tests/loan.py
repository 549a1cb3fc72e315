"""A noun of the household that the registry does not have: money that it owes."""

from __future__ import annotations

from tests.new_noun import NewNoun

FACTS_FILE, FACE_FILE = "registry/models/loan.py", "schema/types/loan.py"
LINE_FILE, LIST_FILE = "registry/models/household_aggregate.py", "schema/types/household.py"

FACTS = '''
"""Loan (pinjaman): money that a member of the household borrowed."""

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


class Loan(HouseholdPart, Noun):
    """Pinjaman."""

    __tablename__ = "loan"
    borrower_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Peminjam", "Borrower")
    regular: Mapped[bool | None] = fact(OPERATIONAL, "Angsuran teratur", "Repaid regularly")
    lent_from: Mapped[CountryCode | None] = fact(OPERATIONAL, "Negara pemberi", "Country of the lender")
    borrowed_on: Mapped[PartialDate | None] = fact(OPERATIONAL, "Tanggal pinjam", "Borrowed on")
    lender: Mapped[str | None] = fact(PERSONAL, "Pemberi pinjaman", "Lender", longest=NAME)
    amount: Mapped[decimal.Decimal | None] = fact(SPECIAL, "Jumlah", "Amount", within=AMOUNT, whole="amount")
    currency: Mapped[CurrencyCode | None] = fact(SPECIAL, "Mata uang", "Currency", whole="amount")
    passport_no: Mapped[str | None] = fact(
        IDENTITY, "Paspor peminjam", "Passport shown by the borrower", sealed=IdentityField.PASSPORT, longest=32
    )
    __table_args__ = of_member("loan", "borrower_id")
'''

FACE = '''
"""The face of the loan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.models import workflow
from registry.models.fact import CountryCode, PartialDate
from registry.models.household import Household as HouseholdFacts
from registry.models.member import Member as MemberFacts
from registry.models.noun import to
from registry.models.loan import Loan as LoanFacts
from schema.declare.listing import filtering, of_list
from schema.declare.makers import ID, face, guarded, id_field, lazy, of_caller, one, shown, withheld_names
from schema.types.node import Money, Record, money

if TYPE_CHECKING:
    from schema.types.household import Household
    from schema.types.member import Member

OPERATIONAL, SPECIAL = Sensitivity.OPERATIONAL, Sensitivity.SPECIAL


@face(LoanFacts)
class Loan(Record):
    """Pinjaman: money that a member of the household borrowed."""

    id: ID = id_field(LoanFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can_numbers)
    household: Annotated[Household, lazy("schema.types.household")] = one(
        OPERATIONAL, "The household.", HouseholdFacts, to(LoanFacts.household_id)
    )
    borrower: Annotated[Member, lazy("schema.types.member")] = one(
        OPERATIONAL, "Who borrowed it.", MemberFacts, to(LoanFacts.borrower_id)
    )
    regular: bool | None = shown(LoanFacts.regular, by="filter")
    lent_from: CountryCode | None = shown(LoanFacts.lent_from)
    borrowed_on: PartialDate | None = shown(LoanFacts.borrowed_on, by="filter")
    lender: str | None = guarded(LoanFacts.lender)
    amount: Money | None = money(SPECIAL, "How much.", LoanFacts.amount, LoanFacts.currency)
    passport_masked: str | None = guarded(LoanFacts.passport_no, text="Passport as a mask, `X1******`")


LoanFilter = filtering(Loan, LoanFacts, {})
LoanListFilter = of_list(LoanFacts, LoanFilter)
'''

LINE = '    Part(Loan, "loans"),\n'
LIST = """    loans: list[Loan] = plain_list(
        OPERATIONAL, "Pinjaman, at most 50.", LoanFacts, by(LoanFacts.household_id)
    )
"""

_END = ')\n"""In the order in which they refer to each other."""\n'
_BUSINESS = "from registry.models.business import Business\n"
_FACES = "from schema.types.business import Business\n"
_IMPORTS = """from registry.models.loan import Loan as LoanFacts
from schema.types.loan import Loan
"""
_NEXT_FIELD = "    member_count: int = shown("
LOAN = NewNoun(
    "loan",
    {"facts": (FACTS_FILE, FACTS), "face": (FACE_FILE, FACE)},
    "from registry.models.loan import Loan",
    "table_of(Loan)",
    {
        "line": (
            (LINE_FILE, _END, LINE + _END),
            (LINE_FILE, _BUSINESS, _BUSINESS + "from registry.models.loan import Loan\n"),
        ),
        "list": ((LIST_FILE, _FACES, _FACES + _IMPORTS), (LIST_FILE, _NEXT_FIELD, LIST + _NEXT_FIELD)),
    },
)
"""In the order of README.md."""
