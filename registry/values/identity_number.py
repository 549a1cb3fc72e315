"""The numbers that identify people: their written form, their errors, and the mask that may be shown.

Rule: nobody can rebuild a number from its mask. Region, birth date and sex make up the first twelve digits of a NIK and
are shown elsewhere, so a mask never shows its serial, and of other numbers nothing but their beginning.
Test: tests/test_identity_number.py.

NIK: 6 digits of the region of first registration, birth date DDMMYY (women: day + 40), serial from 0001. Once issued
it stays, even with a wrong date or sex (PP 40/2019 Art. 30(2)), and the region may have been split or recoded since:
so the date is only compared, and of the region only whether there ever was such a province.
KK (family card): region of issue, day of recording DDMMYY, serial. It changes with the head of the family.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from registry.codes import IdentityField, Sex
from registry.codes.messages import UserErrorCode
from registry.values.text import plain_digits

_DASHES = "\\-\u2010-\u2015\u2043\u2212"
_SEPARATORS = re.compile(rf"[\s.,:;'`_/\\|()\[\]{{}}<>\u00b7\u2019{_DASHES}]")
_DASH = re.compile(f"[{_DASHES}]")
HIDDEN = "*"
_HIDDEN = re.compile("[*\u2022\u25cf\u2217\u25aa\u25a0\u2588\u2592#]")
"""How screens draw the sign that hides a digit."""
_SIXTEEN = re.compile(r"[0-9]{16}")
_PHONE = re.compile(r"(?:(?:\+|00)?620?|0)(8[0-9]{7,12})")
_PASSPORT = re.compile(r"[A-Z0-9]{6,9}")
_PASSPORT_USUAL = re.compile(r"[A-Z]{1,2}[0-9]{6,7}")
_NIB = re.compile(r"[0-9]{13}")
_UNIT = re.compile(r"[\W_]*(?:R[TW])?[\W_]*([0-9]+)[\W_]*")

PROVINCES = frozenset(
    """
    11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 51 52 53 54 61 62 63 64 65 71 72 73 74 75 76 81 82
    91 92 93 94 95 96
    """.split()  # noqa: SIM905  (a table, not code)
)
"""Codes of the provinces that ever were: the 38 of Kepmendagri 300.2.2-2138/2025, and Timor Timur (54), until 1999."""
INVENTED = "99"
"""No province: the numbers of invented people begin so, in the demo, in examples and in training."""


def bare(text: str) -> str:
    """The number without the separators that people write: blanks, dots, dashes, slashes, brackets and the like.

    Wide digits and those of other scripts become ASCII, and signs that hide a digit become `*`."""
    if text.isascii() and text.isalnum():  # as phones send them
        return text
    return _SEPARATORS.sub("", _HIDDEN.sub(HIDDEN, plain_digits(text)))


def normalise_nik(text: str) -> str:
    """Without separators."""
    return bare(text)


def normalise_kk(text: str) -> str:
    """Without separators."""
    return bare(text)


def normalise_phone(text: str) -> str:
    """An Indonesian mobile number as E.164 (`+6281234567890`); other numbers only without separators."""
    stripped = bare(text)
    match = _PHONE.fullmatch(stripped)
    return f"+62{match[1]}" if match else stripped


def normalise_passport(text: str) -> str:
    """In capitals, without separators."""
    return bare(text).upper()


def normalise_epmi(text: str) -> str:
    """In capitals, without blanks. No format is published, so dots and dashes stay, each dash as `-`."""
    return _DASH.sub("-", re.sub(r"\s", "", _HIDDEN.sub(HIDDEN, plain_digits(text)))).upper()


def normalise_nib(text: str) -> str:
    """Without separators."""
    return bare(text)


def normalise_unit(text: str) -> str:
    """RT or RW without its name and signs around it: `RT. 003` is `003`; two numbers stay as they are."""
    unit = plain_digits(text).upper()
    match = _UNIT.fullmatch(unit)
    return match[1] if match else unit


def normalise_occupation(text: str) -> str:
    """Dukcapil's number of an occupation without leading zeros; 0 is not one of them and stays as it is."""
    number = bare(text)
    return number.lstrip("0") or number[:1]


def normalise_kbli(text: str) -> str:
    """A KBLI code without the letter of its section before it, blanks and signs: `G 47.111` is `47111`."""
    code = bare(text)
    return code[1:] if code[:1].isalpha() and code[1:].isdigit() else code


def is_masked(number: str) -> bool:
    """Whether a normalised number has a sign that hides a digit."""
    return HIDDEN in number


def mask_nik(nik: str) -> str:
    """`3507************`; stars alone if it is not a NIK."""
    return _mask(nik, 4 if _SIXTEEN.fullmatch(nik) else 0)


def mask_kk(kk_number: str) -> str:
    """`3507************`; stars alone if it is not a KK number."""
    return _mask(kk_number, 4 if _SIXTEEN.fullmatch(kk_number) else 0)


def mask_phone(phone: str) -> str:
    """`+62812*******`: country and operator; stars alone if it is not an Indonesian mobile number."""
    number = normalise_phone(phone)
    return _mask(number, 6 if _PHONE.fullmatch(number) else 0)


def mask_passport(passport_no: str) -> str:
    """`X1******`; stars alone if it has fewer than six characters."""
    return _mask(passport_no, 2 if len(passport_no) >= 6 else 0)


def mask_epmi(epmi_no: str) -> str:
    """`ID**********`; stars alone if it has fewer than six characters."""
    return _mask(epmi_no, 2 if len(epmi_no) >= 6 else 0)


class Number(NamedTuple):
    """How a number of the vault is normalised, and how it is masked."""

    normalise: Callable[[str], str]
    mask: Callable[[str], str]


NUMBERS: Mapping[IdentityField, Number] = {
    IdentityField.NIK: Number(normalise_nik, mask_nik),
    IdentityField.KK_NUMBER: Number(normalise_kk, mask_kk),
    IdentityField.PHONE: Number(normalise_phone, mask_phone),
    IdentityField.PASSPORT: Number(normalise_passport, mask_passport),
    IdentityField.EPMI: Number(normalise_epmi, mask_epmi),
}
if unformed := [field.value for field in IdentityField if field not in NUMBERS]:
    raise TypeError(f"say in NUMBERS of registry/values/identity_number.py how {unformed} are written and masked")


class Nik(NamedTuple):
    """The content of a NIK that can have been issued.

    `births` are the dates that it can mean, one for each century in which the day exists."""

    digits: str
    births: tuple[date, ...]
    sex: Sex


def nik_of(text: str) -> Nik | UserErrorCode:
    """The NIK, however it is written, or the error of a number that cannot have been issued."""
    nik = normalise_nik(text)
    if not _SIXTEEN.fullmatch(nik) or nik == nik[0] * 16:
        return UserErrorCode.NIK_FORMAT
    day = int(nik[6:8])
    is_woman = day > 40
    births = _dates(day - 40 if is_woman else day, int(nik[8:10]), int(nik[10:12]))
    if not births:
        return UserErrorCode.NIK_INVALID_DATE
    if nik.endswith("0000"):
        return UserErrorCode.NIK_SERIAL_ZERO
    return Nik(nik, births, Sex.FEMALE if is_woman else Sex.MALE)


def is_kk(kk_number: str) -> bool:
    """Whether it is a family card number: sixteen digits, not all the same."""
    kk_number = normalise_kk(kk_number)
    return bool(_SIXTEEN.fullmatch(kk_number)) and kk_number != kk_number[0] * 16


def kk_recorded(kk_number: str) -> tuple[date, ...]:
    """The days of recording that a KK number can mean; without any it is odd, although such cards exist."""
    return _dates(int(kk_number[6:8]), int(kk_number[8:10]), int(kk_number[10:12]))


def has_province(number: str) -> bool:
    """Whether a normalised NIK or KK number begins with the code of a province, of today or of the past; the numbers of
    invented people do as well."""
    return number[:2] in PROVINCES or number.startswith(INVENTED)


def is_phone(phone: str) -> bool:
    """Whether it is an Indonesian mobile number, however it is written."""
    return bool(_PHONE.fullmatch(bare(phone)))


def is_passport(passport_no: str) -> bool:
    """Whether it can be a passport or another travel document (ICAO 9303: at most 9 characters)."""
    return bool(_PASSPORT.fullmatch(normalise_passport(passport_no)))


def is_usual_passport(passport_no: str) -> bool:
    """Whether it looks like an Indonesian passport: one or two letters and six or seven digits."""
    return bool(_PASSPORT_USUAL.fullmatch(normalise_passport(passport_no)))


def is_nib(nib: str) -> bool:
    """Whether it is a nomor induk berusaha: thirteen digits, without a check digit."""
    return bool(_NIB.fullmatch(normalise_nib(nib)))


def _mask(text: str, shown: int) -> str:
    return text[:shown] + HIDDEN * (len(text) - shown)


def _dates(day: int, month: int, year: int) -> tuple[date, ...]:
    dates = [_date(century + year, month, day) for century in (1900, 2000)]
    return tuple(existing for existing in dates if existing is not None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
