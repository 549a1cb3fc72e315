"""Scalars: how values are read, and that a refusal explains the form without repeating the value."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLScalarType
from hypothesis import given
from hypothesis import strategies as st

from registry.codes.countries import ISO_3166
from registry.models.fact import VillageCode
from schema.build import build
from schema.declare.scalars import SENTENCES
from schema.declare.strawberry_internals import graphql_schema
from tests.village import Place, household, shop, with_changes

DECLARED = graphql_schema(build()).type_map
VILLAGE = "35.07.11.2008"
NAMES = ("Date", "DateTime", "PartialDate", "Decimal", "CurrencyCode", "CountryCode", "RegionCode")
GOOD: dict[str, dict[str, Any]] = {
    "Date": {"2026-11-24": dt.date(2026, 11, 24), "2024-02-29": dt.date(2024, 2, 29)},
    "DateTime": {
        "2026-11-24T06:34:00.000Z": dt.datetime(2026, 11, 24, 6, 34, tzinfo=dt.UTC),
        "2026-11-24T13:34:00+07:00": dt.datetime(2026, 11, 24, 6, 34, tzinfo=dt.UTC),
    },
    "PartialDate": {text: text for text in ("2019", "2019-03", "2019-03-14", "2024-02-29")},
    "Decimal": {"1250000.00": Decimal(1250000), "-3.5": Decimal("-3.5"), "0": Decimal(0)},
    "CurrencyCode": {"IDR": "IDR", "HKD": "HKD"},
    "CountryCode": {"HK": "HK", "MY": "MY", "ID": "ID"},
    "RegionCode": {text: text for text in ("35", "35.07", "35.07.11")} | {VILLAGE: VillageCode(VILLAGE)},
}
BAD: dict[str, tuple[Any, ...]] = {
    "Date": ("2023-02-29", "24-11-2026", "20261124", "2026-W48-2", "2026-11-24T00:00:00Z", "", 20261124, None),
    "DateTime": ("2026-11-24", "2026-11-24T06:34:00", "2026-11-24 06:34:00Z", "2026-13-24T06:34:00Z", 1, ""),
    "PartialDate": ("2019-3", "2019-13", "2023-02-29", "2019-00", "0000", "19", "2019-03-14T00:00:00Z", 2019, ""),
    "Decimal": ("1e9", "NaN", "Infinity", "1.234", "1,5", "1.", ".5", "1" * 16, "", 1.5, 3, True),
    "CurrencyCode": ("idr", "RUPIAH", "ID", "Rp", "", 360),
    "CountryCode": ("hk", "HKG", "XX", "Hong Kong", "", 344),
    "RegionCode": ("3507112008", "35.7", "35.07.11.208", "35.07.11.2008.1", "35.", " 35", "٣٥", "", 35),
}


def scalar(name: str) -> GraphQLScalarType:
    type_ = DECLARED[name]
    assert isinstance(type_, GraphQLScalarType)
    return type_


@pytest.mark.parametrize("name", NAMES)
def test_valid_values_are_read(name: str) -> None:
    for text, value in GOOD[name].items():
        read = scalar(name).parse_value(text)
        assert (read, type(read)) == (value, type(value)), text


@pytest.mark.parametrize("name", NAMES)
def test_invalid_values_are_refused_with_a_sentence(name: str) -> None:
    for wrong in BAD[name]:
        with pytest.raises(GraphQLError) as refused:
            scalar(name).parse_value(wrong)
        assert refused.value.message in SENTENCES, wrong


@given(st.sampled_from(NAMES), st.text("abcxyz ٣é\n:-.") | st.integers() | st.floats() | st.lists(st.text()))
def test_a_refusal_does_not_repeat_the_value(name: str, written: Any) -> None:
    with pytest.raises(GraphQLError) as refused:
        scalar(name).parse_value(written)
    assert refused.value.message in SENTENCES  # and the messages are constants


def test_each_scalar_has_its_sentence_and_a_description() -> None:
    assert len(SENTENCES) == len(set(SENTENCES.values())) == len(NAMES)
    assert not SENTENCES.keys() & set(SENTENCES.values())
    assert all(scalar(name).description for name in NAMES)


@given(st.dates(dt.date(1, 1, 1)))
def test_any_day_month_and_year_is_a_partial_date(day: dt.date) -> None:
    for text in (day.isoformat(), day.isoformat()[:7], day.isoformat()[:4]):
        assert scalar("PartialDate").parse_value(text) == text
    assert scalar("Date").parse_value(day.isoformat()) == day


@given(st.decimals(-(10**15) + 1, 10**15 - 1, places=2))
def test_an_amount_is_exact(amount: Decimal) -> None:
    assert scalar("Decimal").parse_value(f"{amount:f}") == amount


def test_every_country_of_the_standard_is_valid() -> None:
    assert len(ISO_3166) > 240
    assert [code for code in ISO_3166 if scalar("CountryCode").parse_value(code) != code] == []


@pytest.mark.anyio
async def test_values_are_returned_in_one_form(village: Place) -> None:
    document = household(
        capturedAt="2026-11-20T13:34:05.1+07:00",
        location={"latitude": -8.123456789, "longitude": 112.5},
        consent={"basis": "CONSENT", "method": "SIGNATURE", "givenOn": "2026-11-20"},
    )
    document["businesses"] = [
        shop(document["members"][0], startedOn="2019-03", annualSales={"amount": "1250000.5", "currency": "IDR"})
    ]
    assert (await village.submit("officer", document, save="DRAFT"))["outcome"] == "ACCEPTED"
    selection = """capturedAt location { latitude longitude } consent { givenOn } village { code }
      migrations { country departedOn } businesses { startedOn annualSales { amount currency } }"""
    assert await village.household("officer", document["id"], selection) == {
        "capturedAt": "2026-11-20T06:34:05.100Z",
        "location": {"latitude": -8.1235, "longitude": 112.5},
        "consent": {"givenOn": "2026-11-20"},
        "village": {"code": document["villageCode"]},
        "migrations": [{"country": "HK", "departedOn": "2022"}],
        "businesses": [{"startedOn": "2019-03", "annualSales": {"amount": "1250000.50", "currency": "IDR"}}],
    }


@pytest.mark.anyio
async def test_an_error_over_http_has_the_sentence_without_the_value(village: Place) -> None:
    answer = await village.query(
        "officer",
        "mutation($h: HouseholdInput!) { submitHousehold(input: {household: $h, saveAs: DRAFT}) { outcome } }",
        h=with_changes(household(), capturedAt="besok-sekali"),
    )
    assert answer.codes == ["BAD_USER_INPUT"]
    assert "2026-11-24T06:34:00.000Z" in answer.errors[0]["message"]
    assert b"besok" not in answer.body
