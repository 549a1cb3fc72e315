"""Identity numbers in free text are refused everywhere and in any form; dates, codes and amounts are not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import ARRAY

from registry.models.fact import is_free
from registry.models.household_aggregate import NOUNS, TYPED
from registry.models.noun import camel
from registry.values.free_text import holds_number
from schema.inputs.household import RECORDS
from tests.village import REVEAL, VERIFY, Place, last_record, whole_household

NIK = "3507116304850001"
NUMBERS = [
    NIK,
    f"NIK {NIK}.",
    f"nik{NIK}x",
    "3507 1163 0485 0001",
    "3507-1163-0485-0001",
    "35.07.11.630485.0001",
    "350711 630485 0001",
    "35 07 11 63 04 85 00 01",
    "3507/1163/0485/0001",
    "(3507) 1163-0485 [0001]",
    "3 5 0 7 1 1 6 3 0 4 8 5 0 0 0 1",
    "3507\n1163\n0485\n0001",
    "3507\u200b1163\u00ad0485\u20600001",
    "3507\u20111163\u20130485\u20120001",
    "３５０７１１６３０４８５０００１",
    "٣٥٠٧١١٦٣٠٤٨٥٠٠٠١",
    "KK 3507110101190001, salah ketik",
    "1234567890123456",
    "1234 5678 9012 3456",
    "0012345678901234567890",
    "1901 0112 0380 0001",
    "35.07.11.63.04.85.00.01",
    "12.07.11.11.02.50.00.01",
    "3507*1163*0485*0001",
    "3507 = 1163 ~ 0485 & 0001",
    '3507 "1163" #0485 @0001!',
    "3507 \u2022 1163 \u2192 0485 \u2026 0001",
    "3507\U0001f6001163\U0001f60004850001",
    "081234567890 3507 1163 0485 0001",
    "35.07.11.2008 3507 1163 0485 0001",
]
HARMLESS = [
    "",
    "Jalan Melati 12, RT 003/RW 01",
    "081234567890",
    "0812-3456-7890",
    "lihat 35.07.11.2008-2026-0001",
    "35.07.11.2008 / 35.07.11.2009",
    "pindah dari 35.07.11.2008-2026-0001 ke 35.07.11.2009-2026-0012",
    "berangkat 2019-03-14, pulang 2021-05-06",
    "2019-03-14 2021-05-06",
    "14-03-2019 / 06-05-2021 / 01-01-2022",
    "tahun 2015-2016, 2017-2018, 2019-2020",
    "2015 2016 2017 2018 2019",
    "2026-11-02 08:30, 2026-11-03 09:15",
    "buka 08.00-12.00 & 13.00-17.30",
    "12.000.000 + 15.000.000 = 27.000.000",
    "upah 12.000.000 - 15.000.000",
    "antara Rp 12.000.000 dan Rp 15.000.000",
    "id 6f1c1a52-6a0e-4f5e-9d53-0d5c4f8f2a10",
    "00112233-4455-6677-8899-001122334455",
    "nib 1234567890123",
    "1 2 3 4 5",
]


@pytest.mark.parametrize("text", NUMBERS)
def test_a_long_number_is_detected_however_written(text: str) -> None:
    assert holds_number(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_other_numbers_are_allowed(text: str) -> None:
    assert not holds_number(text)


@given(
    st.integers(3_500_000_000_000_000, 3_599_999_999_999_999).map(str),
    st.lists(st.sampled_from([" ", "-", ".", "/", "\u200b", "\u2013", ") ("]), min_size=4, max_size=4),
)
def test_groups_of_digits_are_detected_whatever_separates_them(number: str, signs: list[str]) -> None:
    groups = [number[n : n + 4] for n in range(0, 16, 4)]
    assert holds_number("a " + "".join(group + sign for group, sign in zip(groups, signs, strict=True)) + "z")


FREE = [(table, column.name) for table, columns in TYPED.items() for column in columns if is_free(column)]


def test_the_free_text_columns_are_known() -> None:
    assert set(FREE) >= {
        ("household", "address"),
        ("household", "hamlet"),
        ("household", "respondent_name"),
        ("household", "consent_given_by"),
        ("member", "full_name"),
        ("member", "birth_place"),
        ("migration_episode", "employer_name"),
        ("business", "description"),
    }
    others = {"nib", "rt", "rw", "nik", "phone", "country", "birth_date", "wage_currency", "occupation_code"}
    assert not {name for _, name in FREE} & others


@pytest.mark.anyio
@pytest.mark.parametrize("save", ["DRAFT", "SUBMITTED"])
@pytest.mark.parametrize(("table", "column"), FREE)
async def test_free_text_columns_refuse_identity_numbers(village: Place, table: str, column: str, save: str) -> None:
    document = whole_household()
    holder: Any = last_record(document, table)
    field, part = next((f, p) for f in RECORDS[table].fields for p, name in f.columns if name == column)
    text: Any = "x 3507 1163\u200b0485-0001"
    if isinstance(NOUNS[table].__table__.c[column].type, ARRAY):
        text = ["harmless", text]
    holder[camel(field.name)] = text if part is None else holder[camel(field.name)] | {camel(part): text}
    refused = await village.submit("officer", document, save=save)
    assert refused["outcome"] == "REJECTED"
    assert [(e["code"], e["path"][-1]) for e in refused["userErrors"]] == [
        ("NUMBER_IN_TEXT", camel(part or field.name))
    ]


@pytest.mark.anyio
async def test_remarks_and_notes_refuse_identity_numbers(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    text = "salah: 3507.1163 0485/0001"
    returned = await village.return_household("verifier", document, 1, text)
    assert [(e["code"], e["path"]) for e in returned["userErrors"]] == [("NUMBER_IN_TEXT", ["remarks", "0", "text"])]
    item = {"id": document["id"], "rev": 1, "acceptFindings": True}
    (noted,) = (await village.ask("verifier", VERIFY, items=[item], note=text))["verifyHouseholds"]["results"]
    assert [(e["code"], e["path"]) for e in noted["userErrors"]] == [("NUMBER_IN_TEXT", ["note"])]
    arguments = {"id": document["members"][0]["id"], "field": "NIK", "purpose": "SERVICE", "note": text}
    payload = (await village.ask("coordinator", REVEAL, **arguments))["revealIdentity"]
    assert payload["value"] is None
    assert [(e["code"], e["path"]) for e in payload["userErrors"]] == [("NUMBER_IN_TEXT", ["note"])]
    assert await village.admin.fetchval("SELECT count(*) FROM audit_event WHERE note LIKE '%3507%'") == 0
    assert await village.admin.fetchval("SELECT count(*) FROM workflow_event WHERE reason LIKE '%3507%'") == 0
