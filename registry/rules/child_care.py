"""Rules about child care: whom an arrangement is about, and who looks after them."""

from collections.abc import Iterator

from registry.codes.messages import UserErrorCode as Code
from registry.rules.rule import Place, Rule, RuleInput, rule, value_rule
from registry.values.derived import ADULT


def child_is_adult(rule_input: RuleInput) -> Iterator[Place]:
    """A child is under 18 (UU 35/2014 Art. 1).  Whoever gave only a year of birth counts as a child for as long as they
    may be one."""
    for care in rule_input.rows["child_care"]:
        child = rule_input.member(care["child_id"])
        born = None if child is None else child.span("birth_date")
        if born is not None and born.plus_years(ADULT).last <= rule_input.today:
            yield care.at("child_id")


def caregiver_is_child(rule_input: RuleInput) -> Iterator[Place]:
    """A child looks after no other child, and not after themselves: that is for the parents and, without them, for the
    family (UU 35/2014 Art. 26)."""
    for care in rule_input.rows["child_care"]:
        caregiver = rule_input.member(care["caregiver_member_id"])
        is_child = caregiver is not None and rule_input.is_child(caregiver, ADULT)
        if is_child or (caregiver is not None and caregiver.id == care["child_id"]):
            yield care.at("caregiver_member_id")


def child_twice(rule_input: RuleInput) -> Iterator[Place]:
    """A child has one arrangement, which the child's record shows."""
    earlier: set[str] = set()
    for care in rule_input.rows["child_care"]:
        child = care.text("child_id")
        if child in earlier:
            yield care.at("child_id")
        earlier |= {child} if child else set()


RULES: tuple[Rule, ...] = (
    value_rule(Code.CHILD_DETAIL_ADULT, "child_care.child_id member.birth_date", child_is_adult),
    value_rule(
        Code.CAREGIVER_IS_CHILD,
        "child_care.caregiver_member_id child_care.child_id member.birth_date",
        caregiver_is_child,
    ),
    rule(Code.CHILD_CARE_TWICE, "child_care.child_id", child_twice, draft=True),
)
