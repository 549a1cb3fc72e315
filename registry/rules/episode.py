"""Rules about migration episodes: stage and dates, no two at a time, documents, and departures before 18."""

from collections.abc import Iterator
from datetime import date
from itertools import combinations

from registry.codes import (
    LegalCategory,
    MigrationStage,
    OccupationGroup,
    PlacementScheme,
    ProceduralStatus,
    Sector,
    Severity,
)
from registry.codes.messages import UserErrorCode as Code
from registry.rules.rule import Place, Row, Rule, RuleInput, columns_of, rule, value_rule
from registry.values.derived import underage_at_departure
from registry.values.identity_number import is_passport, is_usual_passport
from registry.values.partial_date import Span

ACTIVE = (MigrationStage.WORKING_ABROAD, MigrationStage.ON_HOME_LEAVE)
NOT_GONE = (MigrationStage.PROSPECTIVE, MigrationStage.FAILED_TO_DEPART)
PAPERS = ("epmi_no", "contract_starts_on", "contract_ends_on", "passport_no")
EXPIRED_MONTHS = 6

_NEVER = Span(date.max, date.max)


def stage_dates(rule_input: RuleInput) -> Iterator[Place]:
    """A prospective migrant may have a planned departure, but not one in the past."""
    for episode in rule_input.episodes:
        stage, departed = episode["stage"], episode.span("departed_on")
        if stage == MigrationStage.PROSPECTIVE and departed is not None and departed.last <= rule_input.today:
            yield episode.at("departed_on")
        if stage in (MigrationStage.PROSPECTIVE, MigrationStage.WORKING_ABROAD) and episode["returned_on"] is not None:
            yield episode.at("returned_on")
        if stage == MigrationStage.RETURNED and episode["returned_on"] is None:
            yield episode.at("returned_on")
        if stage in ACTIVE:
            yield from (episode.at(column) for column in ("country", "departed_on") if episode[column] is None)


def no_return_reason(rule_input: RuleInput) -> Iterator[Place]:
    """UU 18/2017 Art. 27 lists the reasons of return; each of them calls for help of its own."""
    for episode in rule_input.episodes:
        if episode["stage"] == MigrationStage.RETURNED and episode["return_reason"] is None:
            yield episode.at("return_reason")


def overlap(rule_input: RuleInput) -> Iterator[Place]:
    """Nobody works abroad twice at the same time, whatever the precision of the dates allows to say so."""
    for member in rule_input.members:
        stays = [(stay, episode) for episode in rule_input.episodes_of(member) if (stay := _stay(episode)) is not None]
        stays.sort(key=lambda entry: (entry[0], entry[1].id))
        later = {
            second.id: second
            for (first_stay, first), (second_stay, second) in combinations(stays, 2)
            if _overlap(first_stay, second_stay) and not (first["stage"] in ACTIVE and second["stage"] in ACTIVE)
        }
        yield from (episode.at("departed_on") for episode in later.values())


def two_active(rule_input: RuleInput) -> Iterator[Place]:
    """A person is abroad once; the second episode gets an error of its own, not that of overlapping dates."""
    for member in rule_input.members:
        active = [episode for episode in rule_input.episodes_of(member) if episode["stage"] in ACTIVE]
        yield from (episode.at("stage") for episode in active[1:])


def underage(rule_input: RuleInput) -> Iterator[Place]:
    """UU 18/2017 Art. 5 asks for 18 years; who left younger is recorded and flagged for protection, never refused."""
    for member in rule_input.members:
        for episode in rule_input.episodes_of(member):
            if underage_at_departure(member.text("birth_date"), episode.text("departed_on")):
                yield episode.at("departed_on")


def odd_sector(rule_input: RuleInput) -> Iterator[Place]:
    """Domestic workers are employed by persons, which is informal; some are by agencies, so it is a warning."""
    for episode in rule_input.episodes:
        is_domestic = episode["occupation_group"] == OccupationGroup.DOMESTIC_WORKER
        if is_domestic and episode["sector"] in (Sector.FORMAL, Sector.SEA_BASED):
            yield episode.at("sector")


def odd_scheme(rule_input: RuleInput) -> Iterator[Place]:
    """UKPS is placement by a company for itself (UU 18/2017 Art. 49 and 61), so the employer is a legal entity."""
    for episode in rule_input.episodes:
        intra_company = episode["scheme"] == PlacementScheme.INTRA_COMPANY
        if intra_company and episode["legal_category"] not in (None, LegalCategory.LEGAL_ENTITY_EMPLOYER):
            yield episode.at("scheme")


def no_papers(rule_input: RuleInput) -> Iterator[Place]:
    """Whoever leaves by the procedure has a passport and a contract (UU 18/2017 Art. 13), by now an e-PMI number too:
    if none of the three is recorded, somebody should ask."""
    for episode in rule_input.episodes:
        procedural = episode["procedural_status"] == ProceduralStatus.PROCEDURAL and episode["stage"] not in NOT_GONE
        if procedural and all(episode[column] is None for column in PAPERS):
            yield episode.at("procedural_status")


def passport_impossible(rule_input: RuleInput) -> Iterator[Place]:
    """ICAO 9303 allows nine characters at most; anything else was never a passport number."""
    for episode in rule_input.episodes:
        number = episode.text("passport_no")
        if number is not None and not is_passport(number):
            yield episode.at("passport_no")


def passport_unusual(rule_input: RuleInput) -> Iterator[Place]:
    """Indonesian passports have one or two letters and six or seven digits; others exist, so it is a warning."""
    for episode in rule_input.episodes:
        number = episode.text("passport_no")
        if number is not None and is_passport(number) and not is_usual_passport(number):
            yield episode.at("passport_no")


def contract_expired(rule_input: RuleInput) -> Iterator[Place]:
    """Half a year after the contract somebody confirms that the migrant still works there: contracts are extended."""
    for episode in rule_input.episodes:
        ends = episode.span("contract_ends_on")
        if episode["stage"] == MigrationStage.WORKING_ABROAD and ends is not None:
            months = (rule_input.today.year - ends.last.year) * 12 + rule_input.today.month - ends.last.month
            if months > EXPIRED_MONTHS or (months == EXPIRED_MONTHS and rule_input.today.day > ends.last.day):
                yield episode.at("contract_ends_on")


def _stay(episode: Row) -> tuple[Span, Span] | None:
    """Departure and return of an episode; one without a return only while it is under way."""
    departed, returned = episode.span("departed_on"), episode.span("returned_on")
    if departed is None or episode["stage"] in NOT_GONE:
        return None
    if returned is None and episode["stage"] in ACTIVE:
        returned = _NEVER
    return None if returned is None else (departed, returned)


def _overlap(one: tuple[Span, Span], other: tuple[Span, Span]) -> bool:
    """Whether two stays certainly overlap; leaving again on the day of return is not an overlap."""
    return one[0].surely_before(other[1]) and other[0].surely_before(one[1])


RULES: tuple[Rule, ...] = (
    rule(
        Code.STAGE_DATES,
        "migration_episode.stage migration_episode.country migration_episode.departed_on migration_episode.returned_on",
        stage_dates,
    ),
    rule(Code.STAGE_DATES, "migration_episode.return_reason migration_episode.stage", no_return_reason),
    rule(
        Code.EPISODE_OVERLAP,
        "migration_episode.departed_on migration_episode.returned_on migration_episode.stage "
        "migration_episode.member_id",
        overlap,
    ),
    rule(Code.EPISODE_TWO_ACTIVE, "migration_episode.stage migration_episode.member_id", two_active),
    rule(
        Code.UNDERAGE_DEPARTURE,
        "migration_episode.departed_on migration_episode.member_id member.birth_date",
        underage,
    ),
    rule(Code.SCHEME_SECTOR, "migration_episode.sector migration_episode.occupation_group", odd_sector),
    rule(Code.SCHEME_SECTOR, "migration_episode.scheme migration_episode.legal_category", odd_scheme),
    rule(
        Code.PROCEDURAL_NO_DOCS,
        columns_of("migration_episode", "procedural_status", "stage", *PAPERS),
        no_papers,
    ),
    value_rule(Code.PASSPORT_FORMAT, "migration_episode.passport_no", passport_impossible, severity=Severity.ERROR),
    value_rule(Code.PASSPORT_FORMAT, "migration_episode.passport_no", passport_unusual),
    value_rule(
        Code.CONTRACT_EXPIRED_ACTIVE, "migration_episode.contract_ends_on migration_episode.stage", contract_expired
    ),
)
