"""Scalars: the forms of dates, codes and amounts on the wire.

Rule: a value that cannot be read is refused with a sentence that says how to write it and never repeats the value.
Test: tests/test_scalars.py.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import GraphQLError

from registry.codes.countries import HOME, ISO_3166
from registry.codes.currencies import ISO_4217, RECENTLY_WITHDRAWN
from registry.models.fact import CountryCode, CurrencyCode, PartialDate, RegionCode, VillageCode
from registry.values.partial_date import span
from schema.declare.input_types import scalar

_DOTTED = re.compile(r"[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(?P<village>\.[0-9]{4})?)?)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,2})?")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")


SENTENCES: dict[str, str] = {}
"""The sentences by which our scalars refuse, English → Indonesian; callers see no other sentence about a value."""


def _parser(read: Callable[[str], Any], english: str, indonesian: str) -> Callable[[Any], Any]:
    """Parses with `read`, which returns None or raises for what it refuses; then raises GraphQLError."""
    SENTENCES[english] = indonesian

    def parse(value: Any) -> Any:
        if isinstance(value, str):
            try:
                parsed = read(value)
            except (ValueError, OverflowError, InvalidOperation):
                parsed = None
            if parsed is not None:
                return parsed
        raise GraphQLError(english)

    return parse


def _day(value: str) -> dt.date | None:
    return dt.date.fromisoformat(value) if _DAY.fullmatch(value) else None


def _instant(value: str) -> dt.datetime | None:
    if not _INSTANT.fullmatch(value):
        return None
    return dt.datetime.fromisoformat(value).astimezone(dt.UTC)


def _amount(value: str) -> Decimal | None:
    return Decimal(value) if _AMOUNT.fullmatch(value) else None


def _region(value: str) -> str | None:
    match = _DOTTED.fullmatch(value)
    if match is None:
        return None
    return VillageCode(value) if match["village"] else value


def _partial_date(value: str) -> str | None:
    return value if span(value) else None


def _country(value: str) -> str | None:
    return value if value in ISO_3166 or value == HOME else None


def _currency(value: str) -> str | None:
    return value if value in ISO_4217 or value in RECENTLY_WITHDRAWN else None


SCALARS: dict[object, Any] = {
    dt.date: scalar(
        "Date",
        "Calendar day, `2026-11-24`.",
        _parser(_day, "A day is written 2026-11-24.", "Tanggal ditulis 2026-11-24."),
    ),
    dt.datetime: scalar(
        "DateTime",
        "Instant in UTC with milliseconds, `2026-11-24T06:34:00.000Z`.",
        _parser(_instant, "An instant is written 2026-11-24T06:34:00.000Z.", "Waktu ditulis 2026-11-24T06:34:00.000Z."),
    ),
    PartialDate: scalar(
        "PartialDate",
        "A day, a month or a year, as far as it is known: `2019-03-14`, `2019-03`, `2019`."
        " Compared and sorted by its first day.",
        _parser(
            _partial_date,
            "Write what is known: 2019-03-14, 2019-03 or 2019.",
            "Tulis yang diketahui: 2019-03-14, 2019-03 atau 2019.",
        ),
    ),
    Decimal: scalar(
        "Decimal",
        'Exact decimal number as a string, `"1250000.00"`.',
        _parser(
            _amount,
            'An amount is a text such as "1250000.00".',
            'Jumlah uang adalah teks seperti "1250000.00".',
        ),
    ),
    CurrencyCode: scalar(
        "CurrencyCode",
        "ISO 4217 alphabetic code, `IDR`.",
        _parser(
            _currency,
            "A currency is its ISO 4217 code of three capital letters, such as IDR, MYR, HKD, TWD or SAR.",
            "Mata uang ditulis dengan kode ISO 4217 tiga huruf besar, misalnya IDR, MYR, HKD, TWD atau SAR.",
        ),
    ),
    CountryCode: scalar(
        "CountryCode",
        "ISO 3166-1 alpha-2 code, `HK`; `ID` is refused as a destination.",
        _parser(
            _country,
            "A country is its ISO 3166-1 code of two capital letters, such as HK, MY, TW or SA.",
            "Negara ditulis dengan kode ISO 3166-1 dua huruf besar, misalnya HK, MY, TW atau SA.",
        ),
    ),
    RegionCode: scalar(
        "RegionCode",
        "Official Kemendagri code, dotted: `35`, `35.07`, `35.07.11`, `35.07.11.2008`."
        " Superseded codes are accepted for ever; undotted and BPS codes are refused.",
        _parser(
            _region,
            "Write region codes with dots, 35.07.11.2008: without dots it may be a BPS code, another place.",
            "Tulis kode wilayah dengan titik, 35.07.11.2008: tanpa titik bisa berarti kode BPS, wilayah lain.",
        ),
    ),
}
