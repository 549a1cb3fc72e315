"""Rules about a household: its family card, its head, where it lives and on what basis it is recorded."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from registry.codes import RelationToHead
from registry.codes.messages import UserErrorCode as Code
from registry.rules.rule import Find, Place, Rule, RuleInput, rule, value_rule
from registry.values.derived import ADULT
from registry.values.identity_number import is_kk, is_phone, kk_recorded, normalise_kk, normalise_nik

CLOCK_ALLOWANCE = timedelta(hours=24)
CHILD_DETAIL = ("school_status", "birth_certificate", "disability")
"""Detailed data of a child (UU 27/2022 Art. 25): only with the guardian's consent."""


def kk_format(sheet: RuleInput) -> Iterator[Place]:
    for household in sheet.households:
        number = household.text("kk_number")
        if number is not None and not is_kk(number):
            yield household.at("kk_number")


def kk_date(sheet: RuleInput) -> Iterator[Place]:
    for household in sheet.households:
        number = household.text("kk_number")
        if number is not None and is_kk(number) and not kk_recorded(normalise_kk(number)):
            yield household.at("kk_number")


def kk_equals_nik(sheet: RuleInput) -> Iterator[Place]:
    niks = {normalise_nik(nik) for member in sheet.members if (nik := member.text("nik"))}
    for household in sheet.households:
        number = household.text("kk_number")
        if number is not None and normalise_kk(number) in niks:
            yield household.at("kk_number")


def no_head(sheet: RuleInput) -> Iterator[Place]:
    if sheet.members and not any(member["relation_to_head"] == RelationToHead.HEAD for member in sheet.members):
        yield from (household.at("members") for household in sheet.households)


def second_head(sheet: RuleInput) -> Iterator[Place]:
    heads = [member for member in sheet.members if member["relation_to_head"] == RelationToHead.HEAD]
    yield from (head.at("relation_to_head") for head in heads[1:])


def phone_format(sheet: RuleInput) -> Iterator[Place]:
    for household in sheet.households:
        phone = household.text("phone")
        if phone is not None and not is_phone(phone):
            yield household.at("phone")


def guardian_consent(sheet: RuleInput) -> Iterator[Place]:
    detailed = any(
        sheet.is_child(member, ADULT) and any(member[column] is not None for column in CHILD_DETAIL)
        for member in sheet.members
    )
    for household in sheet.households:
        if detailed and household["guardian_consent"] is not True:
            yield household.at("guardian_consent")


def captured_in_future(sheet: RuleInput) -> Iterator[Place]:
    for household in sheet.households:
        captured = _instant(household.text("captured_at"))
        if captured is not None and captured - sheet.now > CLOCK_ALLOWANCE:
            yield household.at("captured_at")


def no_unit(column: str) -> Find:
    """Finds the households whose RT or RW is not a number; the column's bounds limit its length."""

    def find(sheet: RuleInput) -> Iterator[Place]:
        for household in sheet.households:
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
    value_rule(Code.KK_EQUALS_NIK, "household.kk_number member.nik", kk_equals_nik),
    rule(Code.HEAD_REQUIRED, "household.members", no_head),
    rule(Code.HEAD_NOT_UNIQUE, "member.relation_to_head", second_head),
    value_rule(Code.PHONE_FORMAT, "household.phone", phone_format),
    rule(
        Code.GUARDIAN_CONSENT_REQUIRED,
        "household.guardian_consent member.birth_date member.school_status member.birth_certificate member.disability",
        guardian_consent,
    ),
    value_rule(Code.CAPTURED_AT_FUTURE, "household.captured_at", captured_in_future),
    value_rule(Code.UNKNOWN_VALUE, "household.rt", no_unit("rt"), draft=True),
    value_rule(Code.UNKNOWN_VALUE, "household.rw", no_unit("rw"), draft=True),
)
