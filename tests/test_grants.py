"""Grants: who gives which role where, who signs, and what ending one leaves behind."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from auth.policy import MAY_GIVE, REGIONAL_ROLES, needs_second_person
from auth.role import Role
from registry.values.civil_day import civil_day
from tests.accounts import let_in, new_account
from tests.user_errors import codes
from tests.village import FAR, HERE, NEXT_DOOR, OLD_CODE, SPLIT, Place

pytestmark = pytest.mark.anyio
FIELDS = "grant { id role national validFrom validTo pending region { code } grantedBy { accountId name role } }"
PROBLEMS = "userErrors { code severity path message params { name value } }"
GIVE = f"mutation($input: GrantRoleInput!) {{ grantRole(input: $input) {{ {FIELDS} {PROBLEMS} }} }}"
APPROVE = f"mutation($id: ID!) {{ approveGrant(input: {{id: $id}}) {{ {FIELDS} {PROBLEMS} }} }}"
END = f"mutation($id: ID!, $on: Date) {{ endGrant(input: {{id: $id, on: $on}}) {{ {FIELDS} {PROBLEMS} }} }}"
NATIONAL: dict[str, Any] = {"national": True}
YESTERDAY, TOMORROW = civil_day() - dt.timedelta(days=1), civil_day() + dt.timedelta(days=1)


def area(code: str | None) -> dict[str, Any]:
    return NATIONAL if code is None else {"regionCode": code}


async def give(village: Place, giver: str, receiver: str, role: str, code: str | None, **more: Any) -> Any:
    sent: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "userId": str(village.ids[receiver]),
        "role": role,
        "area": area(code),
        **more,
    }
    answer = await village.query(giver, GIVE, input=sent)
    return answer.data["grantRole"]


async def events(village: Place, subject: str) -> list[str]:
    """The outcomes in the audit, in order."""
    rows = await village.admin.fetch(
        "SELECT outcome FROM audit_event WHERE subject_id = $1 ORDER BY id", uuid.UUID(subject)
    )
    return [row["outcome"] for row in rows]


async def roles_of(village: Place, name: str) -> set[tuple[str, str | None]]:
    """The grants by which a caller acts now."""
    answer = await village.query(name, "{ viewer { grants { role region { code } } } }")
    return {(grant["role"], (grant["region"] or {}).get("code")) for grant in answer.data["viewer"]["grants"]}


async def in_force(village: Place, grant: str) -> bool:
    """Whether signing in returns the grant."""
    rows = await village.admin.fetch(
        "SELECT s.role FROM grants g, sign_in(g.user_id, NULL) s WHERE g.id = $1 AND s.role = g.role"
        " AND s.region_id IS NOT DISTINCT FROM g.region_id",
        uuid.UUID(grant),
    )
    return len(rows) == 1


# --- give -------------------------------------------------------------------------------------------------------------


async def test_a_coordinator_gives_a_role_that_works_at_once(village: Place) -> None:
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    assert await roles_of(village, receiver) == {("REGIONAL_VIEWER", "35.07")}
    given = await give(village, "coordinator", receiver, "OFFICER", HERE)
    assert given["userErrors"] == []
    grant = given["grant"]
    assert (grant["role"], grant["region"]["code"], grant["national"]) == ("OFFICER", HERE, False)
    assert (grant["pending"], grant["validFrom"], grant["validTo"]) == (False, civil_day().isoformat(), None)
    giver = {"accountId": str(village.ids["coordinator"]), "name": "coordinator", "role": "REGENCY_COORDINATOR"}
    assert grant["grantedBy"] == giver
    assert ("OFFICER", HERE) in await roles_of(village, receiver)
    assert await events(village, grant["id"]) == ["ACCEPTED"]


def refusals() -> Iterator[tuple[str, str, str, str | None, str, list[str]]]:
    """Giver, receiver, role, area, and how it is refused."""
    for role in sorted(set(Role) - MAY_GIVE[Role.REGENCY_COORDINATOR], key=str):
        yield "coordinator", "receiver", role.value, HERE, "GRANT_NOT_HELD", ["role"]
    for code in (FAR, "52.03", "35", "99.01"):
        expected = "REGION_UNKNOWN" if code == "99.01" else "OUT_OF_SCOPE"
        yield "coordinator", "receiver", "OFFICER", code, expected, ["area", "regionCode"]
    yield "coordinator", "receiver", "OFFICER", None, "OUT_OF_SCOPE", ["area", "national"]
    yield "coordinator", "receiver", "OFFICER", SPLIT, "REGION_CODE_AMBIGUOUS", ["area", "regionCode"]
    yield "coordinator", "coordinator", "OFFICER", HERE, "GRANT_SELF", ["userId"]
    yield "ministry", "ministry", "OFFICER", HERE, "GRANT_SELF", ["userId"]


@pytest.mark.parametrize(("giver", "receiver", "role", "code", "expected", "path"), [*refusals()])
async def test_what_the_page_does_not_allow_is_refused_and_audited(
    village: Place, giver: str, receiver: str, role: str, code: str | None, expected: str, path: list[str]
) -> None:
    if receiver == "receiver":
        receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    before = await village.admin.fetch("SELECT * FROM grants ORDER BY id")
    sent: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "userId": str(village.ids[receiver]),
        "role": role,
        "area": area(code),
    }
    answer = await village.query(giver, GIVE, input=sent)
    result = answer.data["grantRole"]
    assert (codes(result), result["userErrors"][0]["path"], result["grant"]) == ([expected], path, None)
    assert await village.admin.fetch("SELECT * FROM grants ORDER BY id") == before
    assert await events(village, sent["id"]) == [expected]


async def test_the_role_and_the_area_come_from_one_grant(village: Place) -> None:
    """A coordinator of one regency who administers another gives there what an administrator gives, here not."""
    giver = await new_account(village, ("REGENCY_COORDINATOR", "35.07"), ("MINISTRY_ADMIN", "52.03"))
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"), ("REGIONAL_VIEWER", "52.03"))
    assert codes(await give(village, giver, receiver, "AUDITOR", HERE)) == ["GRANT_NOT_HELD"]
    there = await give(village, giver, receiver, "AUDITOR", FAR)
    assert (codes(there), there["grant"]["grantedBy"]["role"]) == ([], "MINISTRY_ADMIN")


async def test_hidden_and_absent_accounts_are_refused_alike(village: Place) -> None:
    hidden = await new_account(village, ("OFFICER", FAR))
    village.ids["absent"] = uuid.uuid4()
    results = [await give(village, "coordinator", name, "OFFICER", HERE) for name in (hidden, "absent")]
    assert results[0] == results[1]
    assert codes(results[0]) == ["NOT_FOUND"]


async def test_an_old_code_is_accepted_with_a_warning(village: Place) -> None:
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    given = await give(village, "coordinator", receiver, "OFFICER", OLD_CODE)
    assert [(p["code"], p["severity"]) for p in given["userErrors"]] == [("REGION_CODE_SUPERSEDED", "WARNING")]
    assert given["grant"]["region"]["code"] == HERE


@pytest.mark.parametrize(
    ("days", "expected", "path"),
    [
        ({"validTo": YESTERDAY}, "DATE_PAST", "validTo"),
        ({"validFrom": TOMORROW, "validTo": civil_day()}, "DATES_ORDER", "validTo"),
        ({"validFrom": dt.date(1, 1, 1)}, "UNKNOWN_VALUE", "validFrom"),
    ],
)
async def test_days_that_cannot_be_are_refused(
    village: Place, days: dict[str, dt.date], expected: str, path: str
) -> None:
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    sent = {name: day.isoformat() for name, day in days.items()}
    result = await give(village, "coordinator", receiver, "OFFICER", HERE, **sent)
    assert (codes(result), result["userErrors"][0]["path"]) == ([expected], [path])


async def test_the_same_grant_sent_again_changes_nothing(village: Place) -> None:
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    sent: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "userId": str(village.ids[receiver]),
        "role": "OFFICER",
        "area": area(HERE),
    }
    first, *more = [await village.query("coordinator", GIVE, input=sent) for _ in range(3)]
    assert [answer.data for answer in more] == [first.data] * 2
    assert await events(village, sent["id"]) == ["ACCEPTED", "UNCHANGED", "UNCHANGED"]
    for change in ({"role": "VILLAGE_VERIFIER"}, {"area": area(NEXT_DOOR)}, {"validTo": TOMORROW.isoformat()}):
        answer = await village.query("coordinator", GIVE, input=sent | change)
        assert codes(answer.data["grantRole"]) == ["ID_TAKEN"], change
    assert codes((await village.query("colleague", GIVE, input=sent)).data["grantRole"]) == ["ID_TAKEN"]


async def test_the_id_of_another_record_is_taken(village: Place) -> None:
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    for taken in (village.ids["ministry"], village.ids["stranger"]):
        result = await give(village, "coordinator", receiver, "OFFICER", HERE, id=str(taken))
        assert codes(result) == ["ID_TAKEN"]


async def test_without_the_ability_nobody_gives(village: Place) -> None:
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    sent: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "userId": str(village.ids[receiver]),
        "role": "OFFICER",
        "area": area(HERE),
    }
    for name in ("officer", "verifier", "province", "analyst", "auditor", "nobody"):
        answer = await village.query(name, GIVE, input=sent)
        assert answer.codes == ["FORBIDDEN"], name
    assert await events(village, sent["id"]) == ["FORBIDDEN"] * 6
    assert await village.admin.fetchval("SELECT count(*) FROM grants WHERE id = $1", uuid.UUID(sent["id"])) == 0


# --- two signatures ---------------------------------------------------------------------------------------------------


def test_which_grants_wait_for_a_second_person() -> None:
    for role in Role:
        assert needs_second_person(role, "0")
        assert needs_second_person(role, "35")
        assert needs_second_person(role, "35.07") is (role not in REGIONAL_ROLES)
    assert Role.SERVICE not in REGIONAL_ROLES
    assert Role.PROVINCE_OFFICER not in REGIONAL_ROLES


@pytest.mark.parametrize(("role", "code"), [("MINISTRY_ANALYST", None), ("REGIONAL_VIEWER", "35"), ("SERVICE", HERE)])
async def test_a_grant_that_reaches_far_waits_for_a_second_person(village: Place, role: str, code: str | None) -> None:
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    second = await new_account(village, ("MINISTRY_ADMIN", None))
    grant = (await give(village, "ministry", receiver, role, code))["grant"]
    assert grant["pending"] is True
    assert not await in_force(village, grant["id"])
    by_giver = await village.query("ministry", APPROVE, id=grant["id"])
    assert codes(by_giver.data["approveGrant"]) == ["SECOND_PERSON_REQUIRED"]
    approved = await village.query(second, APPROVE, id=grant["id"])
    assert approved.data["approveGrant"]["userErrors"] == []
    assert approved.data["approveGrant"]["grant"]["pending"] is False
    assert await in_force(village, grant["id"])
    assert await events(village, grant["id"]) == ["ACCEPTED", "SECOND_PERSON_REQUIRED", "ACCEPTED"]


async def test_nobody_approves_a_grant_to_themselves(village: Place) -> None:
    second = await new_account(village, ("MINISTRY_ADMIN", None))
    grant = (await give(village, "ministry", second, "AUDITOR", None))["grant"]
    answer = await village.query(second, APPROVE, id=grant["id"])
    assert codes(answer.data["approveGrant"]) == ["GRANT_SELF"]
    assert ("AUDITOR", None) not in await roles_of(village, second)


@pytest.mark.parametrize(
    ("giver", "role", "code", "ends"),
    [
        ("ministry", "MINISTRY_ADMIN", None, True),
        ("ministry", "REGENCY_COORDINATOR", "35.07", True),
        ("ministry", "OFFICER", "35", True),
        ("ministry", "OFFICER", HERE, False),
        ("coordinator", "VILLAGE_VERIFIER", HERE, False),
    ],
)
async def test_who_made_a_password_cannot_use_it_for_a_role_that_they_may_not_give(
    village: Place, giver: str, role: str, code: str | None, ends: bool
) -> None:
    """A coordinator creates an account, signs in as its owner, and waits until the ministry gives it more."""
    name = f"puppet.{uuid.uuid4()}"
    id_ = village.ids[name] = uuid.uuid4()
    save = "mutation($input: SaveUserInput!) { saveUser(input: $input) { temporaryPassword userErrors { code } } }"
    account = {"id": str(id_), "username": name, "name": "Puppet"}
    answer = (await village.query("coordinator", save, input=account)).data["saveUser"]
    assert (bool(answer["temporaryPassword"]), codes(answer)) == (True, [])
    factor = village.vault.seal_secret("second_factor", id_, b"a secret of theirs")
    await village.admin.execute(
        "INSERT INTO second_factor (id, account_id, key_id, sealed, last_step, confirmed_at)"
        " VALUES ($1, $1, $2, $3, 0, now())",
        *(id_, *factor),
    )
    await village.admin.execute(
        "UPDATE credential SET temporary = false, valid_until = NULL WHERE account_id = $1", id_
    )

    warned = codes(await give(village, giver, name, role, code))
    state = await village.admin.fetchrow(
        "SELECT c.temporary AND c.valid_until <= now() AS over, a.signed_out_at IS NOT NULL AS out,"
        " NOT EXISTS (SELECT FROM second_factor s WHERE s.account_id = a.id AND (s.ended_at IS NULL OR s.sealed <> ''))"
        " AS factorless FROM credential c JOIN account a ON a.id = c.account_id WHERE a.id = $1",
        id_,
    )
    assert state is not None
    assert warned == ["PASSWORD_OUTGROWN"] * ends
    assert tuple(map(bool, state)) == (ends, ends, ends)
    if ends:
        reset = "mutation($id: ID!) { resetPassword(input: {userId: $id}) { temporaryPassword userErrors { code } } }"
        answer = (await village.query("coordinator", reset, id=str(id_))).data["resetPassword"]
        assert (answer["temporaryPassword"], codes(answer)) in [(None, ["NOT_FOUND"]), (None, ["GRANT_NOT_HELD"])]
        answer = (await village.query("ministry", reset, id=str(id_))).data["resetPassword"]
        assert bool(answer["temporaryPassword"])
        assert codes(await give(village, "ministry", name, "AUDITOR", None)) == []


async def test_only_who_gave_a_grant_ends_the_password_of_its_holder(village: Place) -> None:
    """By plain SQL too: not that of whomever they like."""
    name = await new_account(village, ("MINISTRY_ADMIN", None))
    grant = await village.admin.fetchval("SELECT id FROM grants WHERE user_id = $1", village.ids[name])
    await village.admin.execute("UPDATE grants SET granted_by = $1 WHERE id = $2", village.ids["ministry"], grant)
    await village.admin.execute(
        "UPDATE credential SET given_by = $2 WHERE account_id = $1",
        *(village.ids[name], village.ids["colleague"]),
    )
    connection = await asyncpg.connect(village.login, server_settings={"default_transaction_read_only": "off"})
    try:
        for who, ended in (("coordinator", False), ("colleague", False), ("ministry", True)):
            await connection.execute("SELECT set_config('app.user', $1, false)", str(village.ids[who]))
            assert await connection.fetchval("SELECT registry.outgrow_password($1, '{}')", grant) is ended
    finally:
        await connection.close()


async def test_two_who_approve_at_the_same_time_make_one_event(village: Place) -> None:
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    others = [await new_account(village, ("MINISTRY_ADMIN", None)) for _ in range(2)]
    grant = (await give(village, "ministry", receiver, "AUDITOR", None))["grant"]
    answers = await asyncio.gather(*[village.query(name, APPROVE, id=grant["id"]) for name in others])
    for answer in answers:
        assert (codes(answer.data["approveGrant"]), answer.data["approveGrant"]["grant"]["pending"]) == ([], False)
    assert sorted(await events(village, grant["id"])) == ["ACCEPTED", "ACCEPTED", "UNCHANGED"]


async def test_a_grant_that_was_ended_before_its_approval_stays_ended(village: Place) -> None:
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    second = await new_account(village, ("MINISTRY_ADMIN", None))
    grant = (await give(village, "ministry", receiver, "AUDITOR", None))["grant"]
    ended = await village.query("ministry", END, id=grant["id"])
    assert (codes(ended.data["endGrant"]), ended.data["endGrant"]["grant"]["pending"]) == ([], False)
    answer = await village.query(second, APPROVE, id=grant["id"])
    assert codes(answer.data["approveGrant"]) == ["GRANT_ENDED"]


# --- end --------------------------------------------------------------------------------------------------------------


async def test_an_ended_grant_gives_nothing_from_the_next_request_on(village: Place) -> None:
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    grant = (await give(village, "coordinator", receiver, "OFFICER", HERE))["grant"]
    assert ("OFFICER", HERE) in await roles_of(village, receiver)
    ended = await village.query("colleague", END, id=grant["id"])
    assert ended.data["endGrant"]["grant"]["validTo"] == civil_day().isoformat()
    assert ("OFFICER", HERE) not in await roles_of(village, receiver)
    again = await village.query("colleague", END, id=grant["id"])
    assert again.data == ended.data
    assert await events(village, grant["id"]) == ["ACCEPTED", "ACCEPTED", "UNCHANGED"]


async def test_a_grant_ends_on_a_day(village: Place) -> None:
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    grant = (await give(village, "coordinator", receiver, "OFFICER", HERE))["grant"]
    on = TOMORROW.isoformat()
    first = (await village.query("coordinator", END, id=grant["id"], on=on)).data["endGrant"]
    again = (await village.query("coordinator", END, id=grant["id"], on=on)).data["endGrant"]
    assert first == again
    assert first["grant"]["validTo"] == on
    assert ("OFFICER", HERE) in await roles_of(village, receiver)
    for day, expected in ((YESTERDAY, "DATE_PAST"), (TOMORROW + dt.timedelta(days=1), "DATES_ORDER")):
        answer = await village.query("coordinator", END, id=grant["id"], on=day.isoformat())
        assert codes(answer.data["endGrant"]) == [expected]


async def test_who_may_not_give_a_grant_does_not_end_it(village: Place) -> None:
    receiver = await new_account(village, ("OFFICER", FAR))
    rows = await village.admin.fetch("SELECT id FROM grants WHERE user_id = $1", village.ids[receiver])
    hidden = (await village.query("coordinator", END, id=str(rows[0]["id"]))).data
    absent = (await village.query("coordinator", END, id=str(uuid.uuid4()))).data
    assert hidden == absent
    assert codes(hidden["endGrant"]) == ["NOT_FOUND"]
    colleague = await village.admin.fetchval("SELECT id FROM grants WHERE user_id = $1", village.ids["colleague"])
    answer = await village.query("coordinator", END, id=str(colleague))
    assert codes(answer.data["endGrant"]) == ["GRANT_NOT_HELD"]
    own = await village.admin.fetchval("SELECT id FROM grants WHERE user_id = $1", village.ids["coordinator"])
    answer = await village.query("coordinator", END, id=str(own))
    assert codes(answer.data["endGrant"]) == ["GRANT_SELF"]


async def test_a_village_that_is_left_without_an_officer_is_warned_of(village: Place) -> None:
    first, second = [await new_account(village, ("REGIONAL_VIEWER", "35.07")) for _ in range(2)]
    empty = "35.07.12.2002"
    one = (await give(village, "coordinator", first, "OFFICER", empty))["grant"]
    other = (await give(village, "coordinator", second, "OFFICER", "35.07.12"))["grant"]
    ended = (await village.query("coordinator", END, id=one["id"])).data["endGrant"]
    assert ended["userErrors"] == []
    for _ in range(2):
        ended = (await village.query("coordinator", END, id=other["id"])).data["endGrant"]
        (warning,) = ended["userErrors"]
        assert (warning["code"], warning["severity"]) == ("VILLAGE_WITHOUT_OFFICER", "WARNING")
        assert warning["params"] == [{"name": "villages", "value": "2"}]
        assert ended["grant"]["validTo"] == civil_day().isoformat()


async def test_the_last_administrator_s_grant_does_not_end(village: Place) -> None:
    """Two administrators who end each other's grants at the same time: one of them is left."""
    ended = await village.admin.fetch(
        "UPDATE grants SET active = false WHERE role = 'MINISTRY_ADMIN' AND active RETURNING id"
    )
    try:
        names = [await new_account(village, ("MINISTRY_ADMIN", None)) for _ in range(2)]
        ids = [
            str(await village.admin.fetchval("SELECT id FROM grants WHERE user_id = $1", village.ids[name]))
            for name in names
        ]
        answers = await asyncio.gather(
            village.query(names[0], END, id=ids[1]), village.query(names[1], END, id=ids[0], on=TOMORROW.isoformat())
        )
        results = sorted(codes(answer.data["endGrant"]) for answer in answers if not answer.errors)
        assert results[-1:] == [["LAST_ADMINISTRATOR"]] or len(results) == 1
        left = "SELECT count(*) FROM grants WHERE role = 'MINISTRY_ADMIN' AND active AND valid_to IS NULL"
        assert await village.admin.fetchval(left) == 1
    finally:
        await village.admin.execute("UPDATE grants SET active = true WHERE id = ANY($1)", [row["id"] for row in ended])


@pytest.mark.parametrize("way", ["a password", "a password that is over", "a binding", None])
async def test_an_administrator_who_cannot_sign_in_does_not_count(village: Place, way: str | None) -> None:
    ended = await village.admin.fetch(
        "UPDATE grants SET active = false WHERE role = 'MINISTRY_ADMIN' AND active RETURNING id"
    )
    try:
        going, other = [await new_account(village, ("MINISTRY_ADMIN", None)) for _ in range(2)]
        id_ = village.ids[other]
        if way in (None, "a binding"):
            await village.admin.execute("DELETE FROM credential WHERE account_id = $1", id_)
        if way == "a binding":
            await village.admin.execute(
                "INSERT INTO account_subject (issuer, subject, account_id) VALUES ('https://sso.example', $1, $2)",
                other,
                id_,
            )
        if way == "a password that is over":
            await let_in(village, other, "2020-01-01")
        grant = await village.admin.fetchval("SELECT id FROM grants WHERE user_id = $1", village.ids[going])
        answer = await village.query(other, END, id=str(grant))
        counts = way in ("a password", "a binding")
        assert codes(answer.data["endGrant"]) == ([] if counts else ["LAST_ADMINISTRATOR"])
    finally:
        await village.admin.execute(
            "UPDATE grants SET active = false WHERE role = 'MINISTRY_ADMIN' AND active",
        )
        await village.admin.execute("UPDATE grants SET active = true WHERE id = ANY($1)", [row["id"] for row in ended])
