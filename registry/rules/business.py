"""Rules about the businesses of a household: their owner, their NIB and their KBLI code."""

import re
from collections.abc import Iterator

from registry.codes import BusinessField, KbliVersion
from registry.codes.kbli import KBLI
from registry.codes.messages import UserErrorCode as Code
from registry.codes.open_lists import LONGEST_CODE, LoadedCodes, OpenList
from registry.rules.rule import Place, Rule, RuleInput, rule, value_rule
from registry.values.free_text import holds_number
from registry.values.identity_number import is_nib

YOUNGEST_OWNER = 15
KBLI_CODE = re.compile("[0-9]{2,5}")


def owner_young(rule_input: RuleInput) -> Iterator[Place]:
    """Nobody employs a child, but for light work from 13 to 15 (UU 13/2003 Art. 68 and 69): the owner is likelier a
    parent.  Children may work in the business of their family, so it is a warning."""
    for business in rule_input.businesses:
        owner = rule_input.member(business["owner_id"])
        if owner is not None and rule_input.is_child(owner, YOUNGEST_OWNER):
            yield business.at("owner_id")


def nib_format(rule_input: RuleInput) -> Iterator[Place]:
    """A NIB is 13 random digits, as the licensing system issues them since PP 24/2018."""
    for business in rule_input.businesses:
        nib = business.text("nib")
        if nib is not None and not is_nib(nib) and not holds_number(nib):
            yield business.at("nib")


def nib_of_a_person(rule_input: RuleInput) -> Iterator[Place]:
    """A NIK or family card number in this column would be readable, so not even a draft may have it."""
    return (business.at("nib") for business in rule_input.businesses if business.read("nib", holds_number))


FIELD_CODES: dict[str, tuple[str, ...]] = {
    BusinessField.CROPS: ("01",),
    BusinessField.LIVESTOCK: ("014",),
    BusinessField.FISHERY: ("03",),
    BusinessField.FORESTRY_QUARRYING: ("02", "05", "06", "07", "08", "09"),
    BusinessField.FOOD_PROCESSING: ("10", "11"),
    BusinessField.TEXTILE_CLOTHING_LEATHER: ("13", "14", "15"),
    BusinessField.CRAFTS: ("16", "23", "32"),
    BusinessField.FURNITURE_WOOD: ("16", "31"),
    BusinessField.OTHER_MANUFACTURING: tuple(str(division) for division in range(10, 34)),
    BusinessField.CONSTRUCTION: ("41", "42", "43"),
    BusinessField.WORKSHOP_REPAIR: ("45", "95"),
    BusinessField.RETAIL: ("47",),
    BusinessField.WHOLESALE_COLLECTOR: ("46",),
    BusinessField.ONLINE_TRADE: ("479",),
    BusinessField.TRANSPORT: ("49", "50", "51", "52", "53"),
    BusinessField.FOOD_SERVICE: ("56",),
    BusinessField.TOURISM_LODGING: ("55", "79"),
    BusinessField.SALON: ("96",),
    BusinessField.TAILORING: ("14", "95"),
    BusinessField.EDUCATION: ("85",),
    BusinessField.HEALTH: ("86",),
    BusinessField.ICT_CONTENT: ("58", "59", "60", "61", "62", "63"),
    BusinessField.FINANCIAL_AGENT: ("64", "65", "66"),
    BusinessField.RENTAL_PROPERTY: ("68", "77"),
}
"""How the codes of a field begin in KBLI 2020; any code fits other services and other fields.

KBLI 2025 has the same divisions for them, except that 45 has no codes any more.  Below the division it does not: it
counts an online shop by what it sells, and 479 is somebody who brings buyers and shops together."""


def kbli_incomplete(rule_input: RuleInput) -> Iterator[Place]:
    """A code says nothing without its edition (KBLI 2020 and 2025 share digits and differ in meaning), nor an edition
    without a code."""
    for business in rule_input.businesses:
        if (business["kbli_version"] is None) != (business["kbli_code"] is None):
            yield business.at("kbli_version" if business["kbli_version"] is None else "kbli_code")


def kbli_unknown(rule_input: RuleInput) -> Iterator[Place]:
    """A code that its edition does not have (Peraturan BPS 2/2020 and 7/2025), such as a division of the other one.

    Divisions are always known; a longer code is judged by itself if its list was loaded, and else by its division."""
    for business in rule_input.rows_with("business", "kbli_code"):
        code, edition = business.text("kbli_code"), KBLI.get(business["kbli_version"])
        if code is None or edition is None or len(code) > LONGEST_CODE:  # other rules find these
            continue
        if not _has(edition, code, rule_input.loaded):
            yield business.at("kbli_code", edition=edition.name.replace("_", " "))


def _has(edition: OpenList, code: str, loaded: LoadedCodes) -> bool:
    if not KBLI_CODE.fullmatch(code) or code[:2] not in edition.codes:
        return False
    is_judged_by_division = len(code) == 2 or edition.name not in loaded.lists
    return is_judged_by_division or (edition.name, code) in loaded.codes


def field_mismatch(rule_input: RuleInput) -> Iterator[Place]:
    """A field of business that is not the code's: one of the two was chosen by mistake.  The labels of the fields name
    their codes (registry/codes/business.py)."""
    for business in rule_input.rows_with("business", "kbli_code"):
        code, beginnings = business.text("kbli_code"), FIELD_CODES.get(business["field"])
        if not code or not beginnings or not KBLI_CODE.fullmatch(code):
            continue
        if business["kbli_version"] != KbliVersion.KBLI_2020:
            beginnings = tuple(start[:2] for start in beginnings)
        if not any(code.startswith(start) or start.startswith(code) for start in beginnings):
            yield business.at("field")


RULES: tuple[Rule, ...] = (
    rule(Code.OWNER_UNDER_15, "business.owner_id member.birth_date", owner_young),
    value_rule(Code.NIB_FORMAT, "business.nib", nib_format),
    value_rule(Code.NIB_FORMAT, "business.nib", nib_of_a_person, draft=True),
    rule(Code.REQUIRED, "business.kbli_version business.kbli_code", kbli_incomplete, draft=True),
    value_rule(Code.KBLI_UNKNOWN, "business.kbli_code business.kbli_version", kbli_unknown, draft=True),
    value_rule(Code.FIELD_KBLI_MISMATCH, "business.kbli_code business.kbli_version business.field", field_mismatch),
)
