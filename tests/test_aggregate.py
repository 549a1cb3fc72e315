"""The household is declared once: a missing part is an error at import that says where it belongs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from registry.guard.wall import DOORS, Kind
from registry.models.household_aggregate import CHILDREN, NOUNS, PARTS, TYPED, WHOLES
from registry.models.noun import table_of

NOUN = """
from decimal import Decimal
from sqlalchemy.orm import Mapped
from auth.sensitivity import Sensitivity
from registry.models import noun
from registry.models.fact import CurrencyCode, fact
from registry.models.noun import Noun
from registry.models.scoped import HouseholdPart, in_household

class Loan(HouseholdPart, Noun):
    __tablename__ = "loan"
    amount: Mapped[Decimal | None] = fact(
        Sensitivity.SPECIAL, "Jumlah", "Amount", within=(0, 1000), whole="amount"
    )
    amount_currency: Mapped[CurrencyCode | None] = fact(
        Sensitivity.SPECIAL, "Mata uang", "Currency"{whole}
    )
    __table_args__ = in_household("loan")
"""


def last_line_of_import(whole: str) -> str:
    """The last line that Python prints if such a noun exists before the aggregate is imported."""
    code = NOUN.replace("{whole}", whole) + "\nimport registry.models.household_aggregate\n"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode != 0
    return run.stderr.strip().splitlines()[-1]


def test_a_currency_belongs_to_an_amount() -> None:
    assert last_line_of_import("") == (
        "TypeError: loan.amount_currency: a currency is one value with its amount: give both fact(…, whole=…)"
    )


def test_a_noun_of_the_household_is_a_part_of_it() -> None:
    assert last_line_of_import(', whole="amount"') == (
        "TypeError: add loan to PARTS in registry/models/household_aggregate.py, or make it InHousehold only"
    )


@pytest.mark.parametrize("name", NOUNS)
def test_every_part_has_row_security(name: str) -> None:
    assert DOORS[name].kind in (Kind.SCOPED, Kind.SENSITIVE)


def test_parts_are_ordered_after_what_they_refer_to() -> None:
    names = [part.name for part in PARTS]
    for place, name in enumerate(names):
        targets = {key.column.table.name for key in table_of(NOUNS[name]).foreign_keys} & set(CHILDREN)
        assert targets <= set(names[: place + 1]), f"{name} refers to what comes after it"


def test_each_column_of_a_value_names_all_its_columns() -> None:
    for (name, column), whole in WHOLES.items():
        assert len(whole) > 1, f"{name}.{column} is a value by itself"
        assert all(WHOLES[name, other] == whole for other in whole)
        assert set(whole) <= {typed.name for typed in TYPED[name]}
