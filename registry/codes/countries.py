"""Countries and territories by ISO 3166-1 alpha-2 code; Hong Kong, Taiwan and Macau have codes of their own there.

Rule: any ISO code may be recorded; the destinations of Indonesian migrant workers have labels.
Test: tests/test_codes.py.
"""

ISO_3166 = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905  (a table, not code)
)
"""Every officially assigned code."""

HOME = "ID"

DESTINATIONS = {
    "HK": ("Hong Kong", "Hong Kong"),
    "TW": ("Taiwan", "Taiwan"),
    "MY": ("Malaysia", "Malaysia"),
    "JP": ("Jepang", "Japan"),
    "SG": ("Singapura", "Singapore"),
    "KR": ("Korea Selatan", "South Korea"),
    "SA": ("Arab Saudi", "Saudi Arabia"),
    "IT": ("Italia", "Italy"),
    "TR": ("Turki", "Türkiye"),
    "BN": ("Brunei Darussalam", "Brunei Darussalam"),
    "AE": ("Uni Emirat Arab", "United Arab Emirates"),
    "QA": ("Qatar", "Qatar"),
    "KW": ("Kuwait", "Kuwait"),
    "BH": ("Bahrain", "Bahrain"),
    "OM": ("Oman", "Oman"),
    "JO": ("Yordania", "Jordan"),
    "DE": ("Jerman", "Germany"),
    "PL": ("Polandia", "Poland"),
    "HU": ("Hungaria", "Hungary"),
    "SK": ("Slowakia", "Slovakia"),
    "CZ": ("Ceko", "Czechia"),
    "RO": ("Rumania", "Romania"),
    "RS": ("Serbia", "Serbia"),
    "GB": ("Inggris", "United Kingdom"),
    "NL": ("Belanda", "Netherlands"),
    "ES": ("Spanyol", "Spain"),
    "PT": ("Portugal", "Portugal"),
    "RU": ("Rusia", "Russia"),
    "US": ("Amerika Serikat", "United States"),
    "CA": ("Kanada", "Canada"),
    "AU": ("Australia", "Australia"),
    "NZ": ("Selandia Baru", "New Zealand"),
    "PG": ("Papua Nugini", "Papua New Guinea"),
    "SB": ("Kepulauan Solomon", "Solomon Islands"),
    "MV": ("Maladewa", "Maldives"),
    "MO": ("Makau", "Macau"),
    "CN": ("Tiongkok", "China"),
    "TH": ("Thailand", "Thailand"),
    "PH": ("Filipina", "Philippines"),
    "VN": ("Vietnam", "Vietnam"),
    "KH": ("Kamboja", "Cambodia"),
    "MM": ("Myanmar", "Myanmar"),
    "LA": ("Laos", "Laos"),
    "IN": ("India", "India"),
    "MU": ("Mauritius", "Mauritius"),
    "SC": ("Seychelles", "Seychelles"),
    "ZA": ("Afrika Selatan", "South Africa"),
    "EG": ("Mesir", "Egypt"),
    "SY": ("Suriah", "Syria"),
    "LB": ("Lebanon", "Lebanon"),
    "IQ": ("Irak", "Iraq"),
    "YE": ("Yaman", "Yemen"),
    "LY": ("Libya", "Libya"),
}
"""Destinations in the order of placements (2024): code to (Indonesian, English) label."""


def all_countries() -> list[tuple[str, str, str]]:
    """The label table of the destinations: (code, Indonesian, English)."""
    return [(code, label_id, label_en) for code, (label_id, label_en) in DESTINATIONS.items()]
