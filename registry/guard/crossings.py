"""All crossings, as row security makes them."""

from __future__ import annotations

from registry.guard.close_crossings import CLOSING
from registry.guard.crossing import (
    CHILDREN_LEFT_BEHIND,
    FIGURE_CELLS,
    FIGURES,
    FOLDING,
    KEPT_STATISTICS,
    LIVING_GRANTS,
    NAMING,
    OFFICERS_OF,
    PUBLISHED_CELLS,
    REGISTERED_OPERATION,
    SERVICE_KEYS,
    STATISTICS,
    TAKING,
    WAS_GRANTED,
)
from registry.guard.door_crossings import (
    ACCOUNT_OF,
    ADMITTING,
    BIND_SUBJECT,
    CAN_SIGN_IN,
    FORGETTING,
    FORGETTING_FACTORS,
    GIVING_PASSWORD,
    LAST_SEEN,
    OUTGROWING,
    SIGN_IN,
    WELCOMING,
)

CROSSINGS = (
    SIGN_IN,
    ACCOUNT_OF,
    BIND_SUBJECT,
    REGISTERED_OPERATION,
    SERVICE_KEYS,
    FIGURES,
    FIGURE_CELLS,
    PUBLISHED_CELLS,
    STATISTICS,
    CHILDREN_LEFT_BEHIND,
    KEPT_STATISTICS,
    FOLDING,
    *CLOSING.values(),
    NAMING,
    TAKING,
    WAS_GRANTED,
    LIVING_GRANTS,
    OFFICERS_OF,
    ADMITTING,
    WELCOMING,
    LAST_SEEN,
    CAN_SIGN_IN,
    FORGETTING,
    FORGETTING_FACTORS,
    GIVING_PASSWORD,
    OUTGROWING,
)
