"""Values that follow from the facts and that nobody enters: scale of a business, category of its owner, a departure
before 18.

Rule: pure functions; an unknown value is None, never a guess. Test: tests/test_rules.py.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from registry.codes import BusinessScale, MigrationStage, OwnerCategory
from registry.values.partial_date import span

ADULT = 18

# The largest amount of each scale but the last.
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
    """PP 7/2021 Art. 35: by yearly sales if known, else by capital without land and buildings; both in rupiah."""
    if annual_sales_idr is not None:
        return _scale_within(annual_sales_idr, _SALES)
    if capital_idr is not None:
        return _scale_within(capital_idr, _CAPITAL)
    return None


def owner_category(episodes: Iterable[Mapping[str, Any]]) -> OwnerCategory:
    """By the owner's latest episode that led or may lead abroad; a family member without one.

    A failed departure makes nobody a migrant; the category from before it stays.
    """
    for episode in newest_first(episodes):
        category = _OWNER.get(episode.get("stage", ""))
        if category is not None:
            return category
    return OwnerCategory.FAMILY_MEMBER


def newest_first(episodes: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One person's episodes; one without any date is a plan and therefore the newest.

    The same order in SQL is registry/models/episode.py's `newest_first`."""

    def beginning(episode: Mapping[str, Any]) -> tuple[bool, str, int]:
        day = episode.get("departed_on") or episode.get("registered_on") or episode.get("contract_starts_on")
        return day is None, day or "", episode.get("seq") or 0

    return sorted(episodes, key=beginning, reverse=True)


def underage_at_departure(birth_date: str | None, departed_on: str | None) -> bool | None:
    """Whether they left before the 18th birthday; None if the dates, as far as known, allow both answers."""
    born, departed = span(birth_date), span(departed_on)
    if born is None or departed is None:
        return None
    adult = born.plus_years(ADULT)
    if departed.surely_before(adult):
        return True
    return False if departed.first >= adult.last else None


def _scale_within(amount: Decimal, limits: tuple[Decimal, ...]) -> BusinessScale:
    for limit, scale in zip(limits, _SCALES, strict=True):
        if amount <= limit:
            return scale
    return BusinessScale.LARGE
