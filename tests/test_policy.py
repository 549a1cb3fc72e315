"""M1: the policy page is complete, agreed and obeyed: each cell decides something, and nothing else does.

The oracle reads the page as a plain table; the product answers through a principal's areas and settings.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import policy
from auth.ability import Ability
from auth.area import NATIONAL, NOWHERE, AreaSet
from auth.policy import (
    MAY_GIVE,
    OF_SESSION,
    PAGE,
    VERIFICATION_STAGES,
    Cell,
    PolicyRow,
    VerificationStage,
    cell,
    row,
    total,
)
from auth.principal import SETTINGS, Grant, Principal
from auth.role import Role
from auth.sensitivity import Sensitivity

ROOT = Path(__file__).parents[1]
AGREED = ROOT / "tests" / "contract" / "policy.csv"
TODAY = date(2026, 11, 24)
VILLAGE, REGENCY, ELSEWHERE = "35.07.11.2008", "35.07", "52.03.21.2002"


def grant(role: Role, code: str | None) -> Grant:
    """A grant in a region, or for None in the country."""
    area = NATIONAL if code is None else AreaSet.of(code)
    return Grant(role, area, None if code is None else UUID(int=1), TODAY, None, True)


def principal(*grants: Grant) -> Principal:
    expires = datetime(2026, 11, 24, 7, tzinfo=UTC)
    return Principal(UUID(int=7), "Siti", "officer@35.07.11.2008", grants, expires)


Table = dict[tuple[Role, Ability], str]


def oracle(rows: dict[Ability, PolicyRow]) -> Table:
    """The decision for every role and ability, as a reader of the page would give it."""
    return {
        (role, ability): rows[ability].cells[role].value if role in rows[ability].cells else "-"
        for role, ability in product(Role, Ability)
    }


def decisions() -> Table:
    """The same table, from principals who each hold one grant in a regency."""
    table = {}
    principals = {role: principal(grant(role, REGENCY)) for role in Role}
    for role, ability in product(Role, Ability):
        who = principals[role]
        assert who.areas(ability) & who.own(ability) == NOWHERE
        assert (ability in who.abilities) is bool(who.areas(ability) | who.own(ability))
        assert not (who.areas(ability) | who.own(ability)).covers(ELSEWHERE)
        over_all, over_own = who.areas(ability).covers(VILLAGE), who.own(ability).covers(VILLAGE)
        table[role, ability] = "area" if over_all else "own" if over_own else "-"
    return table


def changed_pages() -> Iterator[tuple[Role, Ability, dict[Ability, PolicyRow]]]:
    """The page with one cell changed, for each cell and each other value of it."""
    for role, ability, other in product(Role, Ability, [*Cell, None]):
        if other is not PAGE[ability].cells.get(role):
            cells = {other_role: mark for other_role, mark in PAGE[ability].cells.items() if other_role is not role}
            cells |= {role: other} if other else {}
            yield role, ability, {**PAGE, ability: PolicyRow(cells, PAGE[ability].why)}


def test_the_policy_page_equals_the_agreed_policy() -> None:
    with AGREED.open(newline="") as file:
        agreed = {line["ability"]: line for line in csv.DictReader(file)}
    for ability, role in product(Ability, Role):
        assert ability.value in agreed, f"add the agreed line of {ability.value} to {AGREED}"
        line = agreed[ability.value]
        assert line["enum"] == ability.name
        assert role.name in line, f"add the agreed column of {role.name} to {AGREED}"
        assert line[role.name] == oracle(dict(PAGE))[role, ability], f"{ability.value} of {role.name}"


def test_every_decision_is_a_cell_of_the_page() -> None:
    assert decisions() == oracle(dict(PAGE))


def test_flipping_any_cell_changes_that_decision_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    before, count = decisions(), 0
    for role, ability, rows in changed_pages():
        monkeypatch.setattr(policy, "PAGE", rows)
        after = decisions()
        assert after == oracle(rows)
        assert [key for key in before if before[key] != after[key]] == [(role, ability)]
        count += 1
    assert count == 2 * len(Role) * len(Ability)


def test_a_session_gives_its_holder_their_own_sign_in_and_no_area() -> None:
    assert {ability.value for ability in OF_SESSION} == {"session:own"}
    alone = principal()
    assert alone.abilities == frozenset(), "a token without a session"
    with_session = replace(alone, session=UUID(int=9))
    assert with_session.abilities == OF_SESSION
    assert with_session.areas(Ability.SESSION_OWN) == with_session.own(Ability.SESSION_OWN) == NOWHERE
    assert with_session._settings == alone._settings
    assert replace(with_session, is_service=True).abilities == frozenset()
    assert with_session.acting_through(principal(grant(Role.SERVICE, None))).abilities == frozenset()
    for role in set(Role) - {Role.SERVICE}:
        granted = principal(grant(role, REGENCY))
        assert replace(granted, session=UUID(int=9))._areas == granted._areas, "grants say it already"


def test_every_ability_is_granted_with_a_reason_and_every_role_has_one() -> None:
    assert all(row.cells and row.why for row in PAGE.values())
    assert {role for row in PAGE.values() for role in row.cells} == set(Role)


def test_an_ability_without_a_row_is_refused() -> None:
    for missing in Ability:
        with pytest.raises(TypeError, match=missing.name):
            total({ability: row for ability, row in PAGE.items() if ability is not missing})


CELLS: dict[str, Cell | None] = {role.name.lower(): Cell.AREA if role is Role.AUDITOR else None for role in Role}


def test_a_row_gives_each_cell_to_the_role_that_it_names() -> None:
    backwards = dict(reversed(CELLS.items()))
    assert row(why="", **CELLS).cells == row(why="", **backwards).cells == {Role.AUDITOR: Cell.AREA}


@pytest.mark.parametrize("role", Role)
def test_a_row_without_a_cell_for_a_role_is_refused(role: Role) -> None:
    cells = {name: cell for name, cell in CELLS.items() if name != role.name.lower()}
    with pytest.raises(TypeError, match=f"no cell for {role.name.lower()}: too short"):
        row(why="too short", **cells)


def test_a_row_with_a_cell_for_no_role_or_for_no_name_is_refused() -> None:
    with pytest.raises(TypeError, match="a cell for oficer, which is not a role"):
        row(why="misspelt", oficer=Cell.AREA, **CELLS)
    with pytest.raises(TypeError, match="positional"):
        row(*CELLS.values(), why="by position")


def test_the_policy_page_is_immutable() -> None:
    for part in (PAGE, PAGE[Ability.SEE_OPEN].cells, VERIFICATION_STAGES, MAY_GIVE):
        with pytest.raises(TypeError):
            part[Role.SERVICE] = Cell.AREA  # type: ignore[index]


def test_each_class_has_an_ability_of_the_same_name() -> None:
    assert {Ability.of(sensitivity).value for sensitivity in Sensitivity} == {
        ability.value for ability in Ability if ability.value.startswith("see:")
    }
    for ability in Ability:
        assert ability.name == ability.value.replace(":", "_").replace("-", "_").upper()
    for element in (*Sensitivity, *Role):
        assert element.name == element.value


@pytest.mark.parametrize("names", [Ability, Role, Sensitivity])
def test_roles_and_abilities_have_distinct_labels(names: type[Ability] | type[Role] | type[Sensitivity]) -> None:
    for labels in ([one.label_id for one in names], [one.label_en for one in names]):
        assert all(labels)
        assert len(set(labels)) == len(labels)


# --- Steps and giving roles


def test_each_verification_stage_comes_from_its_own_grant() -> None:
    who = principal(grant(Role.VILLAGE_VERIFIER, VILLAGE), grant(Role.REGENCY_COORDINATOR, "52.03"))
    assert who.areas(Ability.SUBMISSION_VERIFY, VerificationStage.VILLAGE) == AreaSet.of(VILLAGE)
    assert who.areas(Ability.SUBMISSION_VERIFY, VerificationStage.REGENCY) == AreaSet.of("52.03")
    assert who.areas(Ability.SUBMISSION_VERIFY) == AreaSet.of(VILLAGE, "52.03")


def test_roles_that_verify_have_exactly_one_stage() -> None:
    assert set(VERIFICATION_STAGES) == {role for role in Role if cell(Ability.SUBMISSION_VERIFY, role)}
    assert set(VERIFICATION_STAGES.values()) == set(VerificationStage)


def test_which_role_may_grant_which() -> None:
    assert set(MAY_GIVE) == set(Role)
    assert MAY_GIVE[Role.MINISTRY_ADMIN] == set(Role)
    below = {Role.OFFICER, Role.VILLAGE_VERIFIER, Role.REGIONAL_VIEWER}
    assert MAY_GIVE[Role.REGENCY_COORDINATOR] == below
    assert {giver for giver in Role if MAY_GIVE[giver]} == {Role.MINISTRY_ADMIN, Role.REGENCY_COORDINATOR}


# --- Grants and principals

CODES = st.lists(st.sampled_from(["1", "2", "11"]), min_size=1, max_size=3).map(".".join)
GRANTS = st.lists(st.builds(grant, st.sampled_from(Role), CODES | st.none()), max_size=4)


@given(GRANTS, CODES)
def test_grants_add_up_without_combining(grants: list[Grant], code: str) -> None:
    """Each ability in each area comes from one grant that gives it there."""
    who = principal(*grants)
    for ability in Ability:
        cells_of_grants = {cell(ability, grant.role) for grant in grants if grant.area.covers(code)}
        assert who.areas(ability).covers(code) is (Cell.AREA in cells_of_grants)
        assert who.own(ability).covers(code) is (Cell.OWN in cells_of_grants)
        role = who.role_for(ability, code)
        assert (role is None) is (cells_of_grants <= {None})
        if role:
            best = Cell.AREA if Cell.AREA in cells_of_grants else Cell.OWN
            assert any(grant.role is role and grant.area.covers(code) for grant in grants)
            assert cell(ability, role) is best


@given(GRANTS)
def test_settings_hold_the_areas_of_the_principal(grants: list[Grant]) -> None:
    who = principal(*grants)
    for sensitivity in Sensitivity:
        assert who.setting(sensitivity.value.lower()) == who.sees(sensitivity).literal()
        assert who.setting(f"{sensitivity.value.lower()}_own") == who.own(Ability.of(sensitivity)).literal()
    verify = Ability.SUBMISSION_VERIFY
    assert who.setting("read") == who.sees(Sensitivity.OPERATIONAL).literal()
    assert (who.setting("read_from"), who.setting("read_below")) == who.sees(Sensitivity.OPERATIONAL).hull
    assert who.setting("submit") == who.areas(Ability.HOUSEHOLD_SUBMIT).literal()
    assert who.setting("verify") == who.areas(verify).literal()
    assert who.setting("verify_village") == who.areas(verify, VerificationStage.VILLAGE).literal()
    assert who.setting("verify_regency") == who.areas(verify, VerificationStage.REGENCY).literal()
    for stage in VerificationStage:
        areas = who.areas(Ability.SUBMISSION_RETURN, stage)
        assert who.setting(f"return_{stage.value.lower()}") == areas.literal()
    assert who.setting("reveal") == who.areas(Ability.IDENTITY_REVEAL).literal()
    assert who.setting("user") == str(who.user_id)


def test_without_grants_every_setting_but_the_user_is_empty() -> None:
    who = principal()
    assert who.abilities == frozenset()
    assert [name for name in SETTINGS if who.setting(name)] == ["user"]
    assert who.role_for(Ability.SEE_OPEN, VILLAGE) is None


def test_an_unknown_setting_is_refused() -> None:
    for name in ("", "write", "READ", "app.read", "see:open"):
        with pytest.raises(LookupError, match="is not a setting"):
            principal(grant(Role.OFFICER, VILLAGE)).setting(name)


def test_names_of_settings_need_no_quotes() -> None:
    assert all(name.isascii() and name.replace("_", "").isalpha() and name.islower() for name in SETTINGS)


def test_the_role_of_a_stage_is_the_one_that_grants_it() -> None:
    who = principal(grant(Role.VILLAGE_VERIFIER, VILLAGE), grant(Role.REGENCY_COORDINATOR, REGENCY))
    assert who.role_for(Ability.SUBMISSION_VERIFY, VILLAGE, VerificationStage.REGENCY) is Role.REGENCY_COORDINATOR
    assert who.role_for(Ability.SUBMISSION_VERIFY, VILLAGE, VerificationStage.VILLAGE) is Role.VILLAGE_VERIFIER
    assert who.role_for(Ability.SUBMISSION_VERIFY, REGENCY, VerificationStage.VILLAGE) is None


@given(st.dates(), st.dates() | st.none(), st.booleans(), st.dates())
def test_a_grant_is_in_force_from_its_first_to_its_last_day(
    first: date, last: date | None, active: bool, today: date
) -> None:
    one = Grant(Role.OFFICER, AreaSet.of(VILLAGE), UUID(int=1), first, last, active)
    assert one.in_force(today) is (active and first <= today <= (last or date.max))


def test_a_grant_ends_after_its_last_day() -> None:
    one = Grant(Role.OFFICER, AreaSet.of(VILLAGE), UUID(int=1), TODAY, TODAY, True)
    days = [TODAY + timedelta(days=days) for days in (-1, 0, 1)]
    assert [one.in_force(day) for day in days] == [False, True, False]


@pytest.mark.parametrize(
    ("area", "region_id"),
    [
        (NOWHERE, None),
        (NOWHERE, UUID(int=1)),
        (NATIONAL, UUID(int=1)),
        (AreaSet.of(VILLAGE), None),
        (AreaSet.of(VILLAGE, ELSEWHERE), UUID(int=1)),
    ],
)
def test_a_grant_covers_one_region_or_the_country(area: AreaSet, region_id: UUID | None) -> None:
    with pytest.raises(ValueError, match="one region"):
        Grant(Role.OFFICER, area, region_id, TODAY, None, True)


# --- Role names stay in auth/


def names_of_roles(source: str) -> list[str]:
    """The roles that a piece of code names, as `Role.OFFICER` or as a string of only that name."""
    names = set(Role.__members__)
    roles = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value).endswith("Role"):
            roles.append(node.attr)
        elif isinstance(node, ast.Constant) and node.value in names - {"SERVICE"}:  # also a purpose of access
            roles.append(node.value)
    return sorted(roles)


def test_code_outside_auth_names_no_role() -> None:
    files = [path for top in ("registry", "schema", "server") for path in (ROOT / top).rglob("*.py")]
    demo = ROOT / "server" / "demo"
    offenders = {
        str(path.relative_to(ROOT)): roles
        for path in files
        if not path.is_relative_to(demo) and path != demo.with_suffix(".py")
        if (roles := names_of_roles(path.read_text()))
    }
    assert files
    assert offenders == {}


def test_the_search_for_role_names_finds_some() -> None:
    assert names_of_roles("if role is Role.OFFICER or auth.role.Role.SERVICE: pass") == ["OFFICER", "SERVICE"]
    assert names_of_roles("role = 'AUDITOR'") == ["AUDITOR"]
    assert names_of_roles("'an OFFICER of the village'; purpose.SERVICE") == []
