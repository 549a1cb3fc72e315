"""What follows from the facts and is never typed: scale of a business, who owns it, a departure before 18.

Rule: pure functions; what cannot be known is None, never a guess. Test: tests/test_rules.py.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from registry.codes import BusinessScale, MigrationStage, OwnerCategory
from registry.values.partial_date import span

ADULT = 18

_SALES = (Decimal(2_000_000_000), Decimal(15_000_000_000), Decimal(50_000_000_000))
_CAPITAL = (Decimal(1_000_000_000), Decimal(5_000_000_000), Decimal(10_000_000_000))
_SCALES = (BusinessScale.MICRO, BusinessScale.SMALL, BusinessScale.MEDIUM)

_OWNER: dict[str, OwnerCategory] = {
    MigrationStage.RETURNED: OwnerCategory.RETURNED_MIGRANT,
    MigrationStage.WORKING_ABROAD: OwnerCategory.ACTIVE_MIGRANT,
    MigrationStage.ON_HOME_LEAVE: OwnerCategory.ACTIVE_MIGRANT,
    MigrationStage.PROSPECTIVE: OwnerCategory.PROSPECTIVE,
}


def scale(annual_sales_idr: Decimal | None, capital_idr: Decimal | None) -> BusinessScale | None:
    """PP 7/2021 Art. 35: by yearly sales where known, else by capital without land and buildings; both in rupiah."""
    if annual_sales_idr is not None:
        return _step(annual_sales_idr, _SALES)
    return None if capital_idr is None else _step(capital_idr, _CAPITAL)


def owner_category(episodes: Iterable[Mapping[str, Any]]) -> OwnerCategory:
    """Of the owner's latest episode that led or may lead abroad; family where there is none.

    A failed departure makes nobody a migrant; what the person was before stays.
    """
    for episode in newest_first(episodes):
        if (category := _OWNER.get(episode.get("stage", ""))) is not None:
            return category
    return OwnerCategory.FAMILY_MEMBER


def newest_first(episodes: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One person's episodes; the one without any date is a plan, hence the newest."""

    def begun(episode: Mapping[str, Any]) -> tuple[bool, str, int]:
        day = episode.get("departed_on") or episode.get("registered_on") or episode.get("contract_starts_on")
        return day is None, day or "", episode.get("seq") or 0

    return sorted(episodes, key=begun, reverse=True)


def underage_at_departure(birth_date: str | None, departed_on: str | None) -> bool | None:
    """Left before the 18th birthday; None when the dates, as well as they are known, allow both answers."""
    born, departed = span(birth_date), span(departed_on)
    if born is None or departed is None:
        return None
    adult = born.plus_years(ADULT)
    if departed.surely_before(adult):
        return True
    return False if departed.first >= adult.last else None


def _step(amount: Decimal, limits: tuple[Decimal, ...]) -> BusinessScale:
    for limit, step in zip(limits, _SCALES, strict=True):
        if amount <= limit:
            return step
    return BusinessScale.LARGE
