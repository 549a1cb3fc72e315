"""Questions of figures: what may be asked together, and the days of a series."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from registry.codes import Boundaries, Dimension, IndicatorName
from registry.values.civil_day import civil_day
from schema.types.question import QuestionRefused, question

N, D = IndicatorName, Dimension
STOCK, FEMALE, SHOPS = N.HOUSEHOLD_MEMBERS, N.FEMALE_SHARE, N.BUSINESSES
TOMORROW = civil_day() + dt.timedelta(days=1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def period(first: str, last: str) -> dict[str, dt.date]:
    return {"from": day(first), "to": day(last)}


def asked(**changes: Any) -> dict[str, Any]:
    arguments = {"indicators": [STOCK], "by": [], "includeUnverified": False, "boundaries": Boundaries.NOW} | changes
    answer: dict[str, Any] = json.loads(question(arguments))
    return answer


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("NO_INDICATOR", {"indicators": []}),
    ("TOO_MANY_INDICATORS", {"indicators": list(N)[:41]}),
    ("INDICATOR_TWICE", {"indicators": [STOCK, SHOPS, STOCK]}),
    ("DIMENSION_TWICE", {"by": [D.SEX, D.SEX]}),
    ("DIMENSION_NOT_ALLOWED", {"by": [D.BUSINESS_FIELD]}),
    ("DIMENSION_NOT_ALLOWED", {"indicators": [STOCK, FEMALE], "by": [D.SEX]}),
    ("IN_THE_FUTURE", {"on": TOMORROW}),
    ("IN_THE_FUTURE", {"period": {"from": TOMORROW, "to": TOMORROW}}),
    ("ON_AND_PERIOD", {"on": day("2026-01-01"), "period": period("2026-01-01", "2026-01-31")}),
    ("PERIOD_ENDS_FIRST", {"period": period("2026-02-01", "2026-01-31")}),
    ("PERIOD_MISSING", {"by": [D.MONTH]}),
    ("TOO_MANY_PERIODS", {"by": [D.MONTH], "period": period("2010-01-01", "2026-01-31")}),
    ("UNVERIFIED_NOT_COUNTED", {"includeUnverified": True}),
]


@pytest.mark.parametrize(("problem", "changes"), REFUSED)
def test_what_cannot_be_answered_is_refused_before_anything_runs(problem: str, changes: dict[str, Any]) -> None:
    with pytest.raises(QuestionRefused) as refused:
        asked(**changes)
    assert refused.value.extensions == {"problem": problem}
    assert refused.value.code == "BAD_USER_INPUT"
    assert refused.value.label_id != refused.value.label_en


def test_a_series_has_the_last_day_of_each_period() -> None:
    by_month = asked(by=[D.MONTH], period=period("2025-12-15", "2026-02-10"))
    assert by_month["days"] == ["2025-12-31", "2026-01-31", "2026-02-10"]
    by_quarter = asked(by=[D.QUARTER], period=period("2025-11-01", "2026-06-30"))
    assert by_quarter["days"] == ["2025-12-31", "2026-03-31", "2026-06-30"]
    by_year = asked(by=[D.YEAR], period=period("2023-05-01", "2024-12-31"))
    assert by_year["days"] == ["2023-12-31", "2024-12-31"]
    assert asked(period=period("2025-12-15", "2026-02-10"))["days"] == [], (
        "a period without a breakdown is its last day"
    )


def test_a_period_that_runs_ends_today() -> None:
    today = civil_day()
    running = asked(by=[D.YEAR], period={"from": today.replace(month=1, day=1), "to": dt.date(today.year + 3, 12, 31)})
    assert running["days"] == [today.isoformat()]
