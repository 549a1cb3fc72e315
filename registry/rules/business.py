"""Rules about the businesses of a household: their owner and their NIB."""

from collections.abc import Iterator

from registry.codes.messages import UserErrorCode as Code
from registry.rules.rule import Place, Rule, RuleInput, rule, value_rule
from registry.values.free_text import holds_number
from registry.values.identity_number import is_nib

YOUNGEST_OWNER = 15


def owner_young(rule_input: RuleInput) -> Iterator[Place]:
    for business in rule_input.businesses:
        owner = rule_input.member(business["owner_id"])
        if owner is not None and rule_input.is_child(owner, YOUNGEST_OWNER):
            yield business.at("owner_id")


def nib_format(rule_input: RuleInput) -> Iterator[Place]:
    for business in rule_input.businesses:
        nib = business.text("nib")
        if nib is not None and not is_nib(nib) and not holds_number(nib):
            yield business.at("nib")


def nib_of_a_person(rule_input: RuleInput) -> Iterator[Place]:
    """A NIK or family card number in this column would be readable, so not even a draft may have it."""
    return (business.at("nib") for business in rule_input.businesses if business.read("nib", holds_number))


RULES: tuple[Rule, ...] = (
    rule(Code.OWNER_UNDER_15, "business.owner_id member.birth_date", owner_young),
    value_rule(Code.NIB_FORMAT, "business.nib", nib_format),
    value_rule(Code.NIB_FORMAT, "business.nib", nib_of_a_person, draft=True),
)
