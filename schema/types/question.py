"""A question of figures: what may be asked together, and the question as the database reads it.

Rule: whatever can be refused without data is refused here, before anything runs, with a `problem` that never changes
and a sentence that says what to do.  Test: tests/test_question.py.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from registry.codes import Boundaries, Dimension, IndicatorName, TimeBasis
from registry.figures.catalogue import INDICATORS
from registry.figures.coverage import AMOUNTS
from registry.figures.indicator import MOST_INDICATORS, PERIODS, PLACES, Indicator
from registry.models.fact import RegionCode
from registry.values.civil_day import civil_day
from schema.declare.arguments import argument
from schema.declare.directives import Exemption
from schema.declare.input_types import InputField, input_type
from schema.declare.makers import ID
from schema.declare.shapes import Asked
from schema.errors import BadInput

MOST_DIMENSIONS = 4
"""Dimensions that are no regions and no periods."""
MOST_PERIODS = 120
"""Months, quarters or years of one series."""
_MONTHS = {Dimension.MONTH: 1, Dimension.QUARTER: 3, Dimension.YEAR: 12}


class QuestionRefused(BadInput):
    """A question that has no answer; the extension `problem` says why."""

    def __init__(self, problem: str, label_id: str, label_en: str) -> None:
        super().__init__(label_id, label_en, problem=problem)


_BY_DATA = {
    "BEFORE_FIRST_VERIFICATION": (
        "Pada hari itu belum ada rumah tangga yang diverifikasi.",
        "On that day no household had been verified yet.",
    ),
    "BEFORE_THE_MAP": (
        "Peta wilayah belum ada pada hari itu; pakai `boundaries: NOW`.",
        "There is no map of that day yet: use `boundaries: NOW`.",
    ),
    "TOO_MANY_ROWS": (
        "Hasilnya terlalu banyak baris; kurangi rincian atau pilih wilayah yang lebih kecil.",
        "The answer would have too many rows: use fewer dimensions or a smaller region.",
    ),
    "FIGURE_UNKNOWN": (
        "Id ini bukan jawaban yang boleh Anda lihat; ajukan `statistics` lagi.",
        "No answer that you may see has this id: ask `statistics` again.",
    ),
    "TOO_MANY_QUOTED": (
        "Terlalu banyak `id` dalam satu jam; minta `id` hanya bila angka dikutip.",
        "Too many ids in one hour: ask for `id` only to quote the figures.",
    ),
    "PERIOD_NOT_WHOLE_MONTHS": (
        "Di luar wilayah Anda angka terbit per bulan penuh; mulai tanggal 1 dan berakhir pada hari terakhir bulan.",
        "Outside your area numbers are published by whole months: begin on the 1st and end on the last of a month.",
    ),
}
"""What only the data can refuse (registry/guard/statistics.py) → the sentences."""


def kept(arguments: Mapping[str, Any]) -> str:
    """The question for a kept answer, by its id."""
    try:
        which = uuid.UUID(arguments["id"])
    except ValueError:
        which = uuid.UUID(int=0)  # no answer has it
    return json.dumps({"id": str(which)})


def unanswerable(problem: str) -> QuestionRefused:
    """The refusal of a question whose problem the database has told."""
    return QuestionRefused(problem, *_BY_DATA[problem])


def question(arguments: Mapping[str, Any]) -> str:
    """The question of these arguments, as JSON.  Raises QuestionRefused."""
    names: list[IndicatorName] = arguments["indicators"]
    by: list[Dimension] = arguments["by"]
    on: dt.date | None = arguments.get("on")
    period: Mapping[str, dt.date] | None = arguments.get("period")
    first, last = (period["from"], period["to"]) if period else (None, None)
    _check_names(names)
    _check_dimensions(by)
    for name in names:
        _check_indicator(INDICATORS[name], by)
    is_flow = [INDICATORS[name].time_basis is TimeBasis.FLOW for name in names]
    _check_time(on, first, last, any(is_flow))
    asked = {
        "indicators": [name.value for name in names],
        "by": [dimension.value for dimension in by],
        "within": arguments.get("within"),
        "on": on and on.isoformat(),
        "from": first and first.isoformat(),
        "to": last and last.isoformat(),
        "days": [day.isoformat() for day in _days(by, first, last, all(is_flow))],
        "unverified": bool(arguments.get("includeUnverified")),
        "keep": bool(arguments.get("keep")),
        "boundaries": (arguments.get("boundaries") or Boundaries.NOW).value,
    }
    if asked["unverified"]:
        raise QuestionRefused(
            "UNVERIFIED_NOT_COUNTED",
            "Yang belum diverifikasi belum dihitung di sini; pakai `groups` pada daftar.",
            "What is not verified is not counted here yet: use `groups` of a list.",
        )
    return json.dumps(asked)


def _check_names(names: Sequence[IndicatorName]) -> None:
    if not 1 <= len(names) <= MOST_INDICATORS:
        raise QuestionRefused(
            "TOO_MANY_INDICATORS" if names else "NO_INDICATOR",
            f"Minta 1 sampai {MOST_INDICATORS} indikator.",
            f"Ask for 1 to {MOST_INDICATORS} indicators.",
        )
    if twice := _twice(names):
        raise QuestionRefused("INDICATOR_TWICE", f"{twice} diminta dua kali.", f"{twice} is asked for twice.")


def _check_dimensions(by: Sequence[Dimension]) -> None:
    if twice := _twice(by):
        raise QuestionRefused("DIMENSION_TWICE", f"{twice} ada dua kali dalam `by`.", f"{twice} is twice in `by`.")
    if len(set(by) - set(PLACES) - set(PERIODS)) > MOST_DIMENSIONS:
        raise QuestionRefused(
            "TOO_MANY_DIMENSIONS",
            f"Paling banyak {MOST_DIMENSIONS} rincian, selain wilayah dan masa.",
            f"Use at most {MOST_DIMENSIONS} dimensions besides regions and periods.",
        )


def _check_indicator(indicator: Indicator, by: Iterable[Dimension]) -> None:
    name = indicator.name.value
    if indicator.counts is None and indicator.name not in AMOUNTS:
        raise QuestionRefused(
            "NOT_COUNTED", f"{name} belum dihitung di sini.", f"{name} is defined, and not yet counted here."
        )
    for dimension in by:
        if dimension not in indicator.by:
            raise QuestionRefused(
                "DIMENSION_NOT_ALLOWED",
                f"{name} tidak dirinci menurut {dimension.value}; lihat `dimensions` pada `indicators`.",
                f"{name} has no breakdown by {dimension.value}: see `dimensions` of `indicators`.",
            )


def _check_time(on: dt.date | None, first: dt.date | None, last: dt.date | None, has_flow: bool) -> None:
    if on and first:
        raise QuestionRefused("ON_AND_PERIOD", "Pakai `on` atau `period`.", "Use `on` or `period`, never both.")
    if on and has_flow:
        raise QuestionRefused(
            "FLOW_ON_A_DAY",
            "Indikator ini menghitung kejadian; pakai `period`, bukan `on`.",
            "What happened is counted in a period: use `period` instead of `on`.",
        )
    if first and last and first > last:
        raise QuestionRefused("PERIOD_ENDS_FIRST", "`to` sebelum `from`.", "`to` is before `from`.")
    begins = on or first
    if begins and begins > civil_day():
        raise QuestionRefused(
            "IN_THE_FUTURE", "Hari itu belum tiba di Jakarta.", "That day has not begun yet in Jakarta."
        )


def _days(by: Iterable[Dimension], first: dt.date | None, last: dt.date | None, is_flow: bool) -> list[dt.date]:
    """The days on which a stock by month, quarter or year is counted: the last of each, and today for one that runs."""
    lengths = [_MONTHS[dimension] for dimension in by if dimension in _MONTHS]
    if not lengths or is_flow:
        return []
    if first is None or last is None:
        raise QuestionRefused(
            "PERIOD_MISSING",
            "Rincian menurut masa memerlukan `period`.",
            "Say in `period` from when until when to break down by month, quarter or year.",
        )
    length, today = min(lengths), civil_day()
    first_month = (first.year * 12 + first.month - 1) // length * length
    last_month = min(last, today).year * 12 + min(last, today).month - 1
    starts = range(first_month, last_month + 1, length)
    if len(starts) > MOST_PERIODS:
        raise QuestionRefused(
            "TOO_MANY_PERIODS",
            f"Paling banyak {MOST_PERIODS} bulan, triwulan, atau tahun.",
            f"Ask for at most {MOST_PERIODS} months, quarters or years.",
        )
    return [min(_day_before(start + length), last, today) for start in starts]


def _day_before(month: int) -> dt.date:
    """The last day before a month, which is counted from the year 0."""
    return dt.date(month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)


def _twice(codes: Sequence[Any]) -> str:
    """A code that stands there twice; '' if none does."""
    return next((code.value for n, code in enumerate(codes) if code in codes[:n]), "")


# --- the arguments ----------------------------------------------------------------------------------------------------

DateRangeInput = input_type(
    "DateRangeInput",
    "A period, both days included.",
    {
        "from_": InputField(dt.date, Exemption.STRUCTURE, "First day.", required=True),
        "to": InputField(dt.date, Exemption.STRUCTURE, "Last day.", required=True),
    },
)
_ARGUMENTS: dict[str, Any] = {
    "indicators": argument(list[IndicatorName], f"What to count: 1 to {MOST_INDICATORS} indicators."),
    "by": argument(list[Dimension], "What to break it down by; `dimensions` of an indicator says what it allows.", ()),
    "on": argument(dt.date | None, "Any past day, at its end in Jakarta; now if it is left out."),
    "period": argument(
        DateRangeInput | None,
        "When it happened; a state is that of the last day, and by month, quarter or year that of each last day.",
    ),
    "include_unverified": argument(bool, "Count the records as they stand, in your own area only.", False),
    "boundaries": argument(Boundaries, "On the map of then or of now.", Boundaries.NOW),
}
BY_ID = Asked({"id": argument(ID, "`id` of an earlier answer.")}, kept, keeps=False)
"""The question for an answer that was given before."""
OF_REGION = Asked(_ARGUMENTS, question)
"""The question about the region that it is asked of."""
OF_ANY = Asked(
    _ARGUMENTS | {"within": argument(RegionCode | None, "The region; the country if it is left out.")}, question
)
"""The question about a region that it names, or the country."""
