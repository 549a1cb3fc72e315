"""Required values: the skeleton of every record, even a draft, and what a complete household needs."""

from collections.abc import Iterator

from registry.codes.messages import UserErrorCode as Code
from registry.models.aggregate import Aggregate
from registry.rules.rule import Find, Place, Rule, RuleInput, rule
from registry.values.text import names_somebody

COMPLETE = (
    "household.visit_result",
    "member.full_name",
    "member.sex",
    "member.birth_date",
    "member.relation_to_head",
    "member.marital_status",
    "member.education",
    "member.life_status",
    "member.residence",
    "migration_episode.stage",
)


def missing(place: str) -> Find:
    """Finds the records without a known value in the column."""
    table, column = place.split(".")

    def find(rule_input: RuleInput) -> Iterator[Place]:
        return (row.at(column) for row in rule_input.rows[table] if column not in row.known)

    return find


def nameless(rule_input: RuleInput) -> Iterator[Place]:
    """Finds names without a letter, such as `-` or `?`, which name nobody."""
    for member in rule_input.members:
        name = member.text("full_name")
        if name is not None and not names_somebody(name):
            yield member.at("full_name")


def kk_missing(rule_input: RuleInput) -> Iterator[Place]:
    for household in rule_input.households:
        if household["kk_number"] is None and household["kk_missing_reason"] is None:
            yield household.at("kk_number")


def nik_missing(rule_input: RuleInput) -> Iterator[Place]:
    for member in rule_input.members:
        if member["nik"] is None and member["nik_missing_reason"] is None:
            yield member.at("nik")


def no_member(rule_input: RuleInput) -> Iterator[Place]:
    if not rule_input.members:
        yield from (household.at("members") for household in rule_input.households)


def no_episode(rule_input: RuleInput) -> Iterator[Place]:
    if not rule_input.episodes:
        yield from (household.at("migrations") for household in rule_input.households)


def rules(aggregate: Aggregate) -> tuple[Rule, ...]:
    """The skeleton of any record."""
    return tuple(rule(Code.REQUIRED, place, missing(place), draft=True) for place in aggregate.skeleton)


RULES: tuple[Rule, ...] = (
    *(rule(Code.REQUIRED, place, missing(place)) for place in COMPLETE),
    rule(Code.REQUIRED, "member.full_name", nameless),
    rule(Code.REQUIRED, "household.kk_number household.kk_missing_reason", kk_missing),
    rule(Code.REQUIRED, "household.members", no_member),
    rule(Code.NIK_REASON_REQUIRED, "member.nik member.nik_missing_reason", nik_missing),
    rule(Code.NO_PMI_IN_HOUSEHOLD, "household.migrations", no_episode),
    rule(Code.CONSENT_REQUIRED, "household.consent_basis", missing("household.consent_basis")),
)
