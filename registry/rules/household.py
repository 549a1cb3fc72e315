"""Rules about a household: its family card, its head, where it lives and on what basis it is recorded."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from registry.codes import RelationToHead
from registry.codes.messages import UserErrorCode as Code
from registry.rules.rule import Find, Place, Rule, RuleInput, columns_of, rule, value_rule
from registry.values.derived import ADULT
from registry.values.identity_number import has_province, is_kk, is_phone, kk_recorded, normalise_kk, normalise_nik

CLOCK_ALLOWANCE = timedelta(hours=24)
CHILD_DETAIL = ("school_status", "birth_certificate", "disability")
"""Detailed data of a child (UU 27/2022 Art. 25): only with the guardian's consent."""


def kk_format(rule_input: RuleInput) -> Iterator[Place]:
    """A family card number has 16 digits: six of the region, six of the day of recording, and a serial of four."""
    for household in rule_input.households:
        number = household.text("kk_number")
        if number is not None and not is_kk(number):
            yield household.at("kk_number")


def kk_date(rule_input: RuleInput) -> Iterator[Place]:
    """The middle of a family card number is the day of recording; numbers with odd ones were issued, so it is a
    warning."""
    for household in rule_input.households:
        number = household.text("kk_number")
        if number is not None and is_kk(number) and not kk_recorded(normalise_kk(number)):
            yield household.at("kk_number")


def kk_without_province(rule_input: RuleInput) -> Iterator[Place]:
    """A family card number begins with the province that issued it; a slip of the first digits names none."""
    for household in rule_input.households:
        number = household.text("kk_number")
        if number is not None and is_kk(number) and not has_province(normalise_kk(number)):
            yield household.at("kk_number")


def kk_equals_nik(rule_input: RuleInput) -> Iterator[Place]:
    """The classic slip: a NIK typed into the field of the family card."""
    niks = {normalise_nik(nik) for member in rule_input.members if (nik := member.text("nik"))}
    for household in rule_input.households:
        number = household.text("kk_number")
        if number is not None and normalise_kk(number) in niks:
            yield household.at("kk_number")


def no_head(rule_input: RuleInput) -> Iterator[Place]:
    """A family card names one head (UU 23/2006 Art. 61); the relations of all others are to them."""
    if rule_input.members and not any(
        member["relation_to_head"] == RelationToHead.HEAD for member in rule_input.members
    ):
        yield from (household.at("members") for household in rule_input.households)


def second_head(rule_input: RuleInput) -> Iterator[Place]:
    """A family card names one head (UU 23/2006 Art. 61); each further one is marked."""
    heads = [member for member in rule_input.members if member["relation_to_head"] == RelationToHead.HEAD]
    yield from (head.at("relation_to_head") for head in heads[1:])


def phone_format(rule_input: RuleInput) -> Iterator[Place]:
    """Mobile numbers of Indonesia begin with 08 or +628 and have 9 to 14 digits."""
    for household in rule_input.households:
        phone = household.text("phone")
        if phone is not None and not is_phone(phone):
            yield household.at("phone")


def guardian_consent(rule_input: RuleInput) -> Iterator[Place]:
    """UU 27/2022 Art. 25: detailed data about a child, and who looks after them, only with the guardian's consent."""
    detailed = any(
        rule_input.is_child(member, ADULT) and any(member[column] is not None for column in CHILD_DETAIL)
        for member in rule_input.members
    )
    cared_for = any(care["child_id"] is not None for care in rule_input.rows["child_care"])
    for household in rule_input.households:
        if (detailed or cared_for) and household["guardian_consent"] is not True:
            yield household.at("guardian_consent")


def captured_in_future(rule_input: RuleInput) -> Iterator[Place]:
    """The device's clock is a claim, and a wrong one would put records in the wrong order."""
    for household in rule_input.households:
        captured = _instant(household.text("captured_at"))
        if captured is not None and captured - rule_input.now > CLOCK_ALLOWANCE:
            yield household.at("captured_at")


def no_unit(column: str) -> Find:
    """Finds the households whose RT or RW is not a number; the column's bounds limit its length."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        for household in rule_input.households:
            unit = household.text(column)
            if unit is not None and not (unit.isascii() and unit.isdigit()):
                yield household.at(column, allowed="0–999")

    return find


def _instant(text: str | None) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


RULES: tuple[Rule, ...] = (
    value_rule(Code.KK_FORMAT, "household.kk_number", kk_format),
    value_rule(Code.KK_DATE_ODD, "household.kk_number", kk_date),
    value_rule(Code.NUMBER_WITHOUT_PROVINCE, "household.kk_number", kk_without_province),
    value_rule(Code.KK_EQUALS_NIK, "household.kk_number member.nik", kk_equals_nik),
    rule(Code.HEAD_REQUIRED, "household.members member.relation_to_head", no_head),
    rule(Code.HEAD_NOT_UNIQUE, "member.relation_to_head", second_head),
    value_rule(Code.PHONE_FORMAT, "household.phone", phone_format),
    rule(
        Code.GUARDIAN_CONSENT_REQUIRED,
        f"household.guardian_consent child_care.child_id {columns_of('member', 'birth_date', *CHILD_DETAIL)}",
        guardian_consent,
    ),
    value_rule(Code.CAPTURED_AT_FUTURE, "household.captured_at", captured_in_future),
    value_rule(Code.UNKNOWN_VALUE, "household.rt", no_unit("rt"), draft=True),
    value_rule(Code.UNKNOWN_VALUE, "household.rw", no_unit("rw"), draft=True),
)
