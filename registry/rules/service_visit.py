"""Rules about visits to the service centre: when, and who came."""

from collections.abc import Iterator

from registry.codes.messages import UserErrorCode as Code
from registry.rules.rule import Place, Rule, RuleInput, columns_of, rule
from registry.rules.value import happened

VISITOR = columns_of("service_visit", "visitor_id", "visitor_sex", "visitor_age_band")


def described_twice(rule_input: RuleInput) -> Iterator[Place]:
    """Finds registered visitors who are described too: their sex and age are in their own record."""
    for visit in rule_input.rows_with("service_visit", "visitor_id"):
        yield from (visit.at(name) for name in ("visitor_sex", "visitor_age_band") if name in visit.known)


def not_described(rule_input: RuleInput) -> Iterator[Place]:
    """Finds visits without a visitor: an anonymous one has a sex and an age band."""
    for visit in rule_input.rows["service_visit"]:
        if "visitor_id" in visit.known:
            continue
        missing = [name for name in ("visitor_sex", "visitor_age_band") if name not in visit.known]
        if len(missing) == 2:
            yield visit.at("visitor_id")
        else:
            yield from map(visit.at, missing)


RULES: tuple[Rule, ...] = (
    happened("service_visit", "date"),
    rule(Code.VISITOR_TWICE, VISITOR, described_twice),
    rule(Code.REQUIRED, VISITOR, not_described),
)
