"""Free texts: names, addresses, remarks, notes and reasons, which many may read and the audit keeps for ever.

Rule: none contains an identity number.  A text with sixteen digits in a row, whatever separates them, is refused;
what is clearly something else is allowed: dates and years, times, amounts, region codes, household numbers and ids.
Test: tests/test_free_text.py.
"""

from __future__ import annotations

import re

from registry.values.text import plain_digits

DIGITS = 16
_BETWEEN = r"[\W_]"  # anything but letters and digits
_RUN = re.compile(rf"[0-9](?:{_BETWEEN}*[0-9]){{{DIGITS - 1},}}")
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_YEAR = r"(?:18|19|20|21)\d\d"
_HARMLESS = re.compile(
    rf"(?:\d\d\.\d\d\.\d\d\.\d{{4}}(?:-\d{{4}}-\d{{4,6}})?"  # a village code, or the number of a household in it
    rf"|{_YEAR}-\d\d(?:-\d\d)?|\d\d?[-/.]\d\d?[-/.]{_YEAR}"  # a day or month
    rf"|\d{{1,3}}(?:([., ])\d{{3}})(?:\1\d{{3}}){{0,3}}"  # an amount
    rf"|(?:[01]?\d|2[0-4])[:.][0-5]\d(?![:.]\d)"  # a time
    rf"|{_YEAR})(?!\d)"
)
_SIGNS = re.compile(f"{_BETWEEN}*")


def holds_number(text: str) -> bool:
    """Whether a text contains what may be a NIK, a family card number or another number of that length."""
    plain = plain_digits(text)
    if len(plain) < DIGITS or sum(map(plain.count, "0123456789")) < DIGITS:  # nearly all texts
        return False
    plain = _UUID.sub("x", plain)
    return any(_is_number(run[0]) for run in _RUN.finditer(plain))


def _is_number(run: str) -> bool:
    """Whether a run of sixteen or more digits and separators is more than a row of dates, codes and amounts."""
    position = 0
    while position < len(run):
        harmless = _HARMLESS.match(run, position)
        if harmless is None:
            return True
        position = _SIGNS.match(run, harmless.end()).end()  # type: ignore[union-attr]  # it matches '' too
    return False
