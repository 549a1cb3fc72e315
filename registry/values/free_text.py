"""Free texts: names, addresses, remarks, notes and reasons, which many may read and the audit keeps for ever.

Rule: no identity number stands in one.  A text is refused that holds sixteen digits in a row, whatever is written
between them; what is plainly something else is left alone: dates and years, times, amounts, region codes, household
numbers and ids.  Test: tests/test_free_text.py.
"""

from __future__ import annotations

import re

from registry.values.text import plain_digits

DIGITS = 16
_BETWEEN = r"[\W_]"  # whatever is no letter
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
    """Whether a text holds what may be a NIK, a family card number or another number as long."""
    plain = plain_digits(text)
    if len(plain) < DIGITS or sum(map(plain.count, "0123456789")) < DIGITS:  # nearly all texts
        return False
    plain = _UUID.sub("x", plain)
    return any(_is_number(run[0]) for run in _RUN.finditer(plain))


def _is_number(run: str) -> bool:
    """Digits with separators between them, at least sixteen: not a row of dates, codes and amounts."""
    at = 0
    while at < len(run):
        part = _HARMLESS.match(run, at)
        if part is None:
            return True
        at = _SIGNS.match(run, part.end()).end()  # type: ignore[union-attr]  # it matches nothing too
    return False
