"""Texts as the registry stores them: every text is cleaned once, when it comes in.

Phones, word processors and chat programs put invisible characters into texts: two spellings that look alike would be
two values, a name of nothing but such characters would pass as a name, and a number would not be recognised.
Rule: cleaning a clean text changes nothing, so a text that is typed again stays the same.  Test: tests/test_text.py.
"""

from __future__ import annotations

import re
import unicodedata

_BREAK = "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
_CONTROLS = "".join(chr(n) for n in (*range(32), *range(127, 160)) if chr(n) not in _BREAK + "\t")
_UNSEEN = (
    # Default_Ignorable_Code_Point of Unicode, its fillers and variation selectors, the empty Braille pattern,
    # private use
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffc\U000f0000-\U0010ffff"
)
_SIGNS = "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001345f"
"""Format characters around numbers and hieroglyphs."""
_HIDDEN = re.compile(f"[{re.escape(_CONTROLS)}{_UNSEEN}{_SIGNS}]")
_LINES = re.compile(f"\r\n|[{_BREAK}]")
_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


def clean(text: str, *, lines: bool = False) -> str | None:
    """The text composed (NFC), without control and other invisible characters, without blanks around it and with single
    blanks inside; None if nothing is left.  With `lines` line breaks stay, at most one empty line at a time; otherwise
    they become blanks."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split()) or None
    visible = unicodedata.normalize("NFC", _HIDDEN.sub("", text))
    if all(c.isspace() or unicodedata.category(c).startswith("M") for c in visible):  # an accent needs a letter to show
        return None
    if not lines:
        return " ".join(visible.split())
    cleaned = [_BLANKS.sub(" ", line).strip() for line in _LINES.sub("\n", visible).split("\n")]
    return _EMPTY_LINES.sub("\n\n", "\n".join(cleaned)).strip() or None


def says_something(text: str) -> bool:
    """Whether a text has a letter or digit: `-` and `...` are not reasons."""
    return any(c.isalnum() for c in text)


def names_somebody(text: str) -> bool:
    """Whether a text has a letter; one that only modifies others, such as a raised comma, does not count."""
    return any(unicodedata.category(c) in ("Lu", "Ll", "Lt", "Lo") for c in text)


def plain_digits(text: str) -> str:
    """For texts that are numbers: wide and other forms of letters, digits and signs as ASCII, no invisible ones."""
    if text.isascii() and text.isprintable():
        return text
    wide = unicodedata.normalize("NFKC", _HIDDEN.sub("", text))
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in wide)


def counted(number: int, noun: str) -> str:
    """A number with its English noun: `1 row`, `2 rows`."""
    return f"{number:d} {noun}" if number == 1 else f"{number:d} {noun}s"
