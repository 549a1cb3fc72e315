"""A service that acts for a user: each ability reaches where both have it, and nowhere else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import policy
from auth.ability import Ability
from auth.area import NATIONAL, AreaSet
from auth.policy import PAGE, Cell, PolicyRow, VerificationStage
from auth.principal import SETTINGS, Grant, Principal
from auth.role import Role
from auth.sensitivity import Sensitivity

TODAY = date(2026, 11, 24)
VILLAGES = ("35.07.11.2008", "35.07.11.2009", "35.07.12.2001", "35.08.01.2001", "52.03.21.2002")
CODES = (None, "35", "35.07", "35.07.11", "52", *VILLAGES)
USER, SERVICE, SOMEBODY = UUID(int=7), UUID(int=8), UUID(int=9)
ENDS = datetime(2026, 11, 24, 7, tzinfo=UTC)
STAGES = (None, *VerificationStage)
# A page on which the service has every kind of cell, so that nothing holds only because SERVICE sees little.
GENEROUS = {
    ability: PolicyRow({**row.cells, Role.SERVICE: cell}, row.why)
    for (ability, row), cell in zip(PAGE.items(), [*Cell] * len(PAGE), strict=False)
}


def grant(role: Role, code: str | None) -> Grant:
    area = NATIONAL if code is None else AreaSet.of(code)
    return Grant(role, area, None if code is None else UUID(int=1), TODAY, None, True)


def account(id_: UUID, grants: list[Grant], minutes: int = 0) -> Principal:
    return Principal(id_, "Siti", "siti", tuple(grants), ENDS + timedelta(minutes=minutes))


def may(who: Principal, ability: Ability, village: str, author: UUID, stage: VerificationStage | None) -> bool:
    """Whether somebody may do it to a record of this village and author."""
    is_own = author == who.user_id and stage is None and who.own(ability).covers(village)
    return is_own or who.areas(ability, stage).covers(village)


grants = st.lists(st.builds(grant, st.sampled_from(Role), st.sampled_from(CODES)), max_size=4)
records = st.tuples(
    st.sampled_from(Ability),
    st.sampled_from(VILLAGES),
    st.sampled_from((USER, SERVICE, SOMEBODY)),
    st.sampled_from(STAGES),
)


@pytest.mark.parametrize("page", [PAGE, GENEROUS], ids=["the page", "a generous page"])
@given(grants, grants, records)
def test_a_service_and_its_user_may_together_what_both_may(
    page: dict[Ability, PolicyRow],
    users: list[Grant],
    services: list[Grant],
    record: tuple[Ability, str, UUID, VerificationStage | None],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policy, "PAGE", page)
        user, service = account(USER, users), account(SERVICE, services)
        together = user.acting_through(service)
        ability, village, author, stage = record
        both = may(user, ability, village, author, stage) and may(service, ability, village, author, stage)
        allowed = may(together, ability, village, author, stage)
        assert not allowed or both, "never more than either"
        # What only the service recorded is its own to it, and not the user's: left out, which is less and safe.
        assert allowed is both or author == SERVICE
        assert together.abilities <= user.abilities & service.abilities
        role = together.role_for(ability, village, stage)
        assert role is None or (
            user.role_for(ability, village, stage) is role and service.areas(ability, stage).covers(village)
        )


@given(grants, grants)
def test_no_setting_of_the_database_reaches_further_than_the_user_s(users: list[Grant], services: list[Grant]) -> None:
    user, service = account(USER, users), account(SERVICE, services)
    together = user.acting_through(service)
    for sensitivity in Sensitivity:
        area, alone = together.sees(sensitivity), user.sees(sensitivity)
        assert alone.covers_all(area)
        assert service.sees(sensitivity).covers_all(area)
        assert together.setting(sensitivity.value.lower()) == area.literal()
    for name in SETTINGS.keys() - {"user", "read_from", "read_below"}:
        if not user.setting(name):
            assert not together.setting(name), name
    assert together.setting("user") == str(SERVICE), "the account that sent the request"


@given(grants)
def test_a_service_s_role_has_no_command(users: list[Grant]) -> None:
    """So nothing is written through a service, whoever the user is."""
    together = account(USER, users).acting_through(account(SERVICE, [grant(Role.SERVICE, None)]))
    assert {ability for ability in together.abilities if not ability.name.startswith("SEE_")} == set()


def test_a_pair_ends_with_the_first_of_its_tokens_and_runs_registered_operations_only() -> None:
    officer = grant(Role.OFFICER, VILLAGES[0])
    user, service = account(USER, [officer], 3), account(SERVICE, [grant(Role.SERVICE, "35")], 5)
    assert user.acting_through(service).expires_at == user.expires_at
    assert account(USER, [officer], 9).acting_through(service).expires_at == service.expires_at
    assert (user.caller_id, user.acting_through(service).caller_id) == (USER, SERVICE)
    assert [who.runs_registered_only for who in (user, service, user.acting_through(service))] == [False, True, True]
    assert Principal(SERVICE, "", "", (officer,), ENDS, is_service=True).runs_registered_only, "whatever its roles"
