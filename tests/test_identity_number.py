"""Identity numbers: which are accepted, and that a mask never reveals the number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.codes import Sex
from registry.codes.messages import UserErrorCode as Code
from registry.values.identity_number import (
    Nik,
    has_province,
    is_kk,
    is_nib,
    is_passport,
    is_phone,
    is_usual_passport,
    kk_recorded,
    mask_epmi,
    mask_kk,
    mask_nik,
    mask_passport,
    mask_phone,
    nik_of,
    normalise_epmi,
    normalise_kk,
    normalise_nib,
    normalise_nik,
    normalise_occupation,
    normalise_passport,
    normalise_phone,
)

MASKS = (mask_nik, mask_kk, mask_phone, mask_passport, mask_epmi)
NORMALISERS = (normalise_nik, normalise_kk, normalise_phone, normalise_passport, normalise_epmi, normalise_nib)
digits = st.text("0123456789", min_size=16, max_size=16)


@st.composite
def niks(draw: st.DrawFn) -> tuple[str, date, Sex]:
    """A NIK as issued in any region, for anybody."""
    born = draw(st.dates(date(1900, 3, 1), date(2099, 12, 31)))
    sex = draw(st.sampled_from(Sex))
    day = born.day + (40 if sex is Sex.FEMALE else 0)
    region = draw(st.text("0123456789", min_size=6, max_size=6))
    serial = draw(st.integers(1, 9999))
    return f"{region}{day:02}{born:%m%y}{serial:04}", born, sex


@given(niks())
def test_a_nik_gives_date_of_birth_and_sex(issued: tuple[str, date, Sex]) -> None:
    nik, born, sex = issued
    if len(set(nik)) > 1:
        read = nik_of(nik)
        assert isinstance(read, Nik)
        assert (read.digits, read.sex) == (nik, sex)
        assert born in read.births


@pytest.mark.parametrize(
    ("nik", "error"),
    [
        ("3507112304850001", None),
        ("35.07.11.230485.0001", None),
        ("9907112304850001", None),
        ("3507112902000001", None),
        ("350711230485000", Code.NIK_FORMAT),
        ("35071123048500011", Code.NIK_FORMAT),
        ("3507112304B50001", Code.NIK_FORMAT),
        ("1111111111111111", Code.NIK_FORMAT),
        ("٣٥٠٧١١٢٣٠٤٨٥٠٠٠١", None),
        ("３５０７ 1123/0485\u20110001\u200b", None),
        ("(3507) 112304.850001", None),
        ("3507113204850001", Code.NIK_INVALID_DATE),
        ("3507117204850001", Code.NIK_INVALID_DATE),
        ("3507114004850001", Code.NIK_INVALID_DATE),
        ("3507112302010001", None),
        ("3507112902010001", Code.NIK_INVALID_DATE),
        ("3507112304850000", Code.NIK_SERIAL_ZERO),
    ],
)
def test_a_nik_that_cannot_exist_is_refused(nik: str, error: Code | None) -> None:
    read = nik_of(nik)
    assert (None if isinstance(read, Nik) else read) is error


@given(digits)
def test_a_number_begins_with_a_province_that_ever_was_or_is_invented(number: str) -> None:
    """By islands: 1 and 2 Sumatera, 3 Jawa, 5 Nusa Tenggara, 6 Kalimantan, 7 Sulawesi, 8 Maluku, 9 Papua."""
    last_of = {"1": 9, "2": 1, "3": 6, "5": 4, "6": 5, "7": 6, "8": 2, "9": 6}
    island, province = number[0], int(number[1])
    assert has_province(number) is (1 <= province <= last_of.get(island, 0) or number.startswith("99"))


@given(niks(), niks())
def test_the_mask_of_a_nik_shows_only_its_first_four_digits(
    one: tuple[str, date, Sex], other: tuple[str, date, Sex]
) -> None:
    nik = one[0]
    assert mask_nik(nik) == mask_kk(nik) == nik[:4] + "*" * 12
    assert mask_nik(nik[:4] + other[0][4:]) == mask_nik(nik)


def test_masks_of_each_kind_of_number() -> None:
    assert mask_nik("3507112304850001") == "3507************"
    assert mask_kk("3507110101190001") == "3507************"
    assert mask_phone("+628123456789") == "+62812*******"
    assert mask_phone("08123456789") == "+62812*******"
    assert mask_passport("X1234567") == "X1******"
    assert mask_epmi("ID0012345") == "ID*******"


@pytest.mark.parametrize("mask", MASKS)
@given(text=st.text(max_size=40))
def test_a_mask_hides_at_least_half(mask: Callable[[str], str], text: str) -> None:
    masked = mask(text)
    assert masked.count("*") >= len(masked) / 2
    assert set(mask("a1b")) == {"*"}


@pytest.mark.parametrize("normalise", NORMALISERS)
@given(text=st.text("0123456789+ .-–aBx\u00a0", max_size=24))
def test_normalisation_is_idempotent(normalise: Callable[[str], str], text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(digits, st.sampled_from(" .-–"))
def test_separators_are_ignored(number: str, separator: str) -> None:
    typed = separator.join(number[i : i + 4] for i in range(0, 16, 4))
    assert normalise_nik(typed) == normalise_kk(typed) == number
    assert nik_of(typed) == nik_of(number)
    assert is_kk(typed) == is_kk(number)


@pytest.mark.parametrize("typed", ["0812-3456-7890", "62 812 3456 7890", "+62.812.3456.7890"])
def test_a_phone_becomes_e164(typed: str) -> None:
    assert normalise_phone(typed) == "+6281234567890"
    assert is_phone(typed)


def test_forms_of_the_other_numbers() -> None:
    assert not is_phone("0274 561234")
    assert not is_phone("+8522345678")
    assert kk_recorded("3507110101190001") == (date(1919, 1, 1), date(2019, 1, 1))
    assert kk_recorded("3507114101190001") == ()
    assert is_passport("c 1234567")
    assert is_usual_passport("c 1234567")
    assert is_passport("123456789")
    assert not is_usual_passport("123456789")
    assert not is_passport("C12345678901")
    assert is_nib("1234567890123")
    assert not is_nib("123456789012")
    assert normalise_epmi("id 00-12") == "ID00-12"


def test_occupation_code_zero_is_kept() -> None:
    assert [normalise_occupation(text) for text in ("09", " 9. ", "0", "000", "-")] == ["9", "9", "0", "0", ""]
