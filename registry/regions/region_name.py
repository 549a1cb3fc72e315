"""The official codes and the names of regions.

A code is Kemendagri's, with dots, `PP.KK.CC.VVVV`: level, kind and parent follow from its digits.  BPS codes look the
same but mean other places (163 regency codes do), so a code without dots is refused, never completed.  Names do not
identify a region: they are only searched, in the form that `normalise` gives them.  Test: tests/test_region_list.py.
"""

import re
import unicodedata

from registry.codes import RegionKind, RegionLevel

_CODE = re.compile(r"([1-9]\d)(?:\.(\d\d)(?:\.(\d\d)(?:\.(\d{4}))?)?)?", re.ASCII)
_VILLAGES = {"1": RegionKind.URBAN_VILLAGE, "2": RegionKind.RURAL_VILLAGE, "3": RegionKind.CUSTOMARY_VILLAGE}
_QUOTES = re.compile("['\"`´‘’‚‛“”„ʻʼʽˈ′]")
_OTHER = re.compile(r"[\W_]+")
_LETTERS = re.compile(r"\b(?:[^\W\d_] ){2,}[^\W\d_]\b")


def place(code: str) -> tuple[RegionLevel, RegionKind, str | None]:
    """Level, kind and parent code (None for a province) of a dotted code; ValueError describes the error in it.

    Kabupaten are 01–69, kota 71–99; a village's first digit is 1 kelurahan, 2 desa, 3 desa adat.
    """
    match = _CODE.fullmatch(code)
    if match is None:
        if code.isascii() and code.isdigit():
            raise ValueError("code without dots; only dotted Kemendagri codes are read")
        raise ValueError("not a Kemendagri code (PP, PP.KK, PP.KK.CC or PP.KK.CC.VVVV)")
    _, regency, district, village = match.groups()
    if regency is None:
        return RegionLevel.PROVINCE, RegionKind.PROVINCE, None
    if regency in ("00", "70"):
        raise ValueError("the regency's digits must be 01–69 (kabupaten) or 71–99 (kota)")
    if district is None:
        return RegionLevel.REGENCY, RegionKind.CITY if regency > "70" else RegionKind.REGENCY, code[:2]
    if district == "00":
        raise ValueError("the district's digits must be 01–99")
    if village is None:
        return RegionLevel.DISTRICT, RegionKind.DISTRICT, code[:5]
    if village[0] not in _VILLAGES or village[1:] == "000":
        raise ValueError("a village's digits must be 1001–1999, 2001–2999 or 3001–3999")
    return RegionLevel.VILLAGE, _VILLAGES[village[0]], code[:8]


def normalise(name: str) -> str:
    """The form in which names are searched: without case, accents, quotes or punctuation, with single spaces.

    Letters written apart are joined (`N i a n` in the official list).  Only letters, digits and spaces remain, so no
    wildcard of LIKE does.
    """
    folded = unicodedata.normalize("NFKD", _QUOTES.sub("", name)).casefold()
    unaccented = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    words = _OTHER.sub(" ", unaccented).strip()
    return _LETTERS.sub(lambda run: run[0].replace(" ", ""), words)
