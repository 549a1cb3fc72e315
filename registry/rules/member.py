"""Rules about the members of a household: their NIK, their ages and how they are related."""

from collections.abc import Iterator

from registry.codes import LifeStatus, MaritalStatus, RelationToHead, Sex
from registry.codes.messages import UserErrorCode as Code
from registry.rules.episode import ACTIVE
from registry.rules.rule import Find, Place, Row, Rule, RuleInput, rule, value_rule
from registry.values.identity_number import Nik, has_province, nik_of

OLDEST = 120
PARENT_GAP = 15

_SPOUSE_SEX = {RelationToHead.HUSBAND.value: Sex.MALE, RelationToHead.WIFE.value: Sex.FEMALE}


def nik_with(error: Code) -> Find:
    """Finds the NIKs that cannot have been issued, for this reason."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        return (member.at("nik") for member in rule_input.members if member.read("nik", nik_of) is error)

    return find


def nik_birth_differs(rule_input: RuleInput) -> Iterator[Place]:
    """A wrong date in a NIK stays for life (PP 40/2019 Art. 30), so it is a warning; women have 40 added to the day."""
    for member, nik in _issued(rule_input):
        born = member.span("birth_date")
        if born is not None and not any(born.first <= day <= born.last for day in nik.births):
            yield member.at("nik")


def nik_sex_differs(rule_input: RuleInput) -> Iterator[Place]:
    """A wrong sex in a NIK stays for life (PP 40/2019 Art. 30), so it is a warning."""
    for member, nik in _issued(rule_input):
        if member["sex"] is not None and member["sex"] != nik.sex:
            yield member.at("nik")


def nik_without_province(rule_input: RuleInput) -> Iterator[Place]:
    """A NIK begins with the province that issued it, and a slip of the first digits names none.  Regencies are split
    and recoded, so nothing further is compared."""
    return (member.at("nik") for member, nik in _issued(rule_input) if not has_province(nik.digits))


def nik_twice(rule_input: RuleInput) -> Iterator[Place]:
    """A NIK is one person's for life (PP 40/2019 Art. 30): in one household the second is a slip of the form."""
    earlier: set[str] = set()
    for member, nik in _issued(rule_input):
        if nik.digits in earlier:
            yield member.at("nik")
        earlier.add(nik.digits)


def spouse_sex(rule_input: RuleInput) -> Iterator[Place]:
    """By the family card (SHDK) a Suami is male and an Istri female."""
    for member in rule_input.members:
        expected = _SPOUSE_SEX.get(member.text("relation_to_head") or "")
        if expected is not None and member["sex"] not in (None, expected):
            yield member.at("sex")


def spouse_unmarried(rule_input: RuleInput) -> Iterator[Place]:
    """By the family card (SHDK) the head's Suami or Istri is married; a separation may not be recorded yet."""
    for member in rule_input.members:
        is_spouse = member.text("relation_to_head") in _SPOUSE_SEX
        if is_spouse and member["marital_status"] not in (None, MaritalStatus.MARRIED):
            yield member.at("marital_status")


def parent_too_young(rule_input: RuleInput) -> Iterator[Place]:
    """A parent is at least 15 years older than the child: below that a wrong birth date is likelier than a birth."""
    pairs = dict.fromkeys(
        _parentage(rule_input)
    )  # once each, because a child of the head is often linked to the head too
    too_young = {child.id: child for child, parent in pairs if _surely_too_young(child, parent)}
    yield from (child.at("birth_date") for child in too_young.values())


def born_in_future(rule_input: RuleInput) -> Iterator[Place]:
    """Nobody is recorded before they are born."""
    for member in rule_input.members:
        born = member.span("birth_date")
        if born is not None and born.first > rule_input.today:
            yield member.at("birth_date")


def too_old(rule_input: RuleInput) -> Iterator[Place]:
    """Nobody is known to have lived longer: it is a wrong year of birth."""
    for member in rule_input.members:
        born = member.span("birth_date")
        if born is not None and born.plus_years(OLDEST + 1).last <= rule_input.today:
            yield member.at("birth_date")


def dead_but_active(rule_input: RuleInput) -> Iterator[Place]:
    """Whoever has died is not at work abroad; the episode ends with the return reason DIED (UU 18/2017 Art. 27)."""
    for member in rule_input.members:
        if member["life_status"] == LifeStatus.DEAD:
            yield from (episode.at("stage") for episode in rule_input.episodes_of(member) if episode["stage"] in ACTIVE)


def impossible_parent(column: str) -> Find:
    """Finds the members who are their own mother or father, or an ancestor of their own mother or father."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        for member in rule_input.members:
            parent = rule_input.member(member[column])
            if parent is not None and any(elder.id == member.id for elder in _lineage(rule_input, parent)):
                yield member.at(column)

    return find


def one_parent_twice(rule_input: RuleInput) -> Iterator[Place]:
    """Nobody is both mother and father of one child."""
    for member in rule_input.members:
        if member["mother_id"] is not None and member["mother_id"] == member["father_id"]:
            yield member.at("father_id")


def parent_sex(column: str, expected: Sex) -> Find:
    """Finds the members whose mother or father is recorded with the other sex."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        for member in rule_input.members:
            parent = rule_input.member(member[column])
            if parent is not None and parent["sex"] not in (None, expected):
                yield member.at(column)

    return find


def _lineage(rule_input: RuleInput, member: Row) -> list[Row]:
    """A member and all their ancestors in the household, each once, even if the links form a circle."""
    lineage, to_visit = {member.id: member}, [member]
    while to_visit:
        elder = to_visit.pop()
        for column in ("mother_id", "father_id"):
            parent = rule_input.member(elder[column])
            if parent is not None and parent.id not in lineage:
                lineage[parent.id] = parent
                to_visit.append(parent)
    return list(lineage.values())


def _issued(rule_input: RuleInput) -> Iterator[tuple[Row, Nik]]:
    """Members with their NIK, if it can have been issued."""
    for member in rule_input.members:
        if isinstance(nik := member.read("nik", nik_of), Nik):
            yield member, nik


def _parentage(rule_input: RuleInput) -> Iterator[tuple[Row, Row]]:
    """(child, parent), by the links and by the relation to a single head."""
    heads = [member for member in rule_input.members if member["relation_to_head"] == RelationToHead.HEAD]
    for member in rule_input.members:
        for column in ("mother_id", "father_id"):
            if (parent := rule_input.member(member[column])) is not None:
                yield member, parent
        if len(heads) == 1 and member["relation_to_head"] == RelationToHead.CHILD:
            yield member, heads[0]
        if len(heads) == 1 and member["relation_to_head"] == RelationToHead.PARENT:
            yield heads[0], member


def _surely_too_young(child: Row, parent: Row) -> bool:
    child_born, parent_born = child.span("birth_date"), parent.span("birth_date")
    if child_born is None or parent_born is None:
        return False
    return child_born.surely_before(parent_born.plus_years(PARENT_GAP))


RULES: tuple[Rule, ...] = (
    rule(Code.KINSHIP_IMPOSSIBLE, "member.mother_id member.father_id", impossible_parent("mother_id"), draft=True),
    rule(Code.KINSHIP_IMPOSSIBLE, "member.mother_id member.father_id", impossible_parent("father_id"), draft=True),
    rule(Code.KINSHIP_IMPOSSIBLE, "member.mother_id member.father_id", one_parent_twice, draft=True),
    value_rule(Code.PARENT_SEX, "member.mother_id member.sex", parent_sex("mother_id", Sex.FEMALE)),
    value_rule(Code.PARENT_SEX, "member.father_id member.sex", parent_sex("father_id", Sex.MALE)),
    value_rule(Code.NIK_FORMAT, "member.nik", nik_with(Code.NIK_FORMAT)),
    value_rule(Code.NIK_INVALID_DATE, "member.nik", nik_with(Code.NIK_INVALID_DATE)),
    value_rule(Code.NIK_SERIAL_ZERO, "member.nik", nik_with(Code.NIK_SERIAL_ZERO)),
    value_rule(Code.NIK_DOB_MISMATCH, "member.nik member.birth_date", nik_birth_differs),
    value_rule(Code.NIK_SEX_MISMATCH, "member.nik member.sex", nik_sex_differs),
    value_rule(Code.NUMBER_WITHOUT_PROVINCE, "member.nik", nik_without_province),
    value_rule(Code.NIK_DUPLICATE_IN_HOUSEHOLD, "member.nik", nik_twice),
    rule(Code.SPOUSE_SEX, "member.sex member.relation_to_head", spouse_sex),
    rule(Code.SPOUSE_MARITAL, "member.marital_status member.relation_to_head", spouse_unmarried),
    rule(
        Code.RELATION_AGE,
        "member.birth_date member.relation_to_head member.mother_id member.father_id",
        parent_too_young,
    ),
    value_rule(Code.BIRTH_DATE_FUTURE, "member.birth_date", born_in_future),
    value_rule(Code.AGE_OVER_120, "member.birth_date", too_old),
    rule(
        Code.MEMBER_DEAD_ACTIVE,
        "migration_episode.stage migration_episode.member_id member.life_status",
        dead_but_active,
    ),
)
