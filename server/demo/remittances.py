"""What the demo's migrants send home with an episode: how often, how much, by which way and what for.

Invented: most of those who work abroad send something, a fifth to a half of their wage.
Rule: whoever sends nothing has neither an amount nor a way.  Test: tests/test_demo_pillars.py.
"""

import random
from collections.abc import Mapping
from typing import Any

from registry.codes import MigrationStage
from server.demo.episodes import Weights, pick

FREQUENCY: Weights = {"MONTHLY": 54, "QUARTERLY": 18, "IRREGULAR": 20, "YEARLY": 4, "NONE": 4}
CHANNEL: Weights = {
    "BANK": 44,
    "MONEY_TRANSFER": 30,
    "E_WALLET": 10,
    "VIA_FRIEND_OR_AGENT": 10,
    "CARRIED": 4,
    "POST": 2,
}
USES = {
    "DAILY_NEEDS": 0.9,
    "SCHOOLING": 0.5,
    "HEALTH": 0.2,
    "HOUSE_OR_LAND": 0.35,
    "DEBT": 0.3,
    "BUSINESS_CAPITAL": 0.12,
    "SAVINGS": 0.15,
    "RELIGIOUS_OR_SOCIAL": 0.1,
}
"""Share of the families that use the money for it."""
BANDS = {
    1_000_000: "UNDER_1M",
    2_000_000: "FROM_1M_TO_2M",
    3_000_000: "FROM_2M_TO_3M",
    5_000_000: "FROM_3M_TO_5M",
    10_000_000: "FROM_5M_TO_10M",
}
RUPIAH = {
    "HKD": 2_100,
    "TWD": 520,
    "MYR": 3_900,
    "SGD": 12_700,
    "JPY": 108,
    "KRW": 11.5,
    "SAR": 4_400,
    "AED": 4_500,
    "BND": 12_700,
    "USD": 16_500,
    "EUR": 19_000,
    "PLN": 4_500,
}
"""About what one unit of a currency is in rupiah; only the band depends on it."""


def remittance(episode: Mapping[str, Any], rng: random.Random) -> dict[str, Any]:
    """The columns of what is sent home with an episode; none unless its migrant works abroad, or if nobody answered."""
    if episode["stage"] != MigrationStage.WORKING_ABROAD or rng.random() < 0.1:
        return {}
    frequency = pick(FREQUENCY, rng)
    if frequency == "NONE":
        return {"remittance_frequency": frequency}
    sent = float(episode["wage_amount"]) * RUPIAH[episode["wage_currency"]] * rng.uniform(0.2, 0.5)
    return {
        "remittance_frequency": frequency,
        "remittance_band": next((band for limit, band in BANDS.items() if sent < limit), "OVER_10M"),
        "remittance_channel": pick(CHANNEL, rng),
        "remittance_uses": [use for use, share in USES.items() if rng.random() < share],
    }
