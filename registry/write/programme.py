"""Programmes (program), and the villages that take part in them: saved by the ministry, over the API or by its shell.

A programme has an id that the client makes, and a code by which villages are enrolled.  A village takes part in a
programme once, from a year on; an enrolment that has ended may begin again, from another year.
Rule: sent twice, nothing is changed twice; what is stored already is left as it is, and the answer says so.
Tests: tests/test_programmes.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from auth.ability import Ability
from auth.area import AreaSet
from auth.errors import Forbidden
from auth.principal import Principal
from registry.codes import Severity
from registry.codes.messages import UserErrorCode as Code
from registry.guard.record_id import taken_in
from registry.models.region import ENROLMENT, PROGRAMME
from registry.store.db import Database, Transaction
from registry.store.sql import Sql, arg
from registry.write.act import ActOutcome, Effect, carry_out
from registry.write.user_errors import IdTaken, Problem, Refused, refusal, unfit
from registry.write.village_lookup import NAMED_REGIONS, named_village

ABILITY = Ability.PROGRAMME_MANAGE
COLUMNS = ("code", "name", "agency")


# --- programmes -------------------------------------------------------------------------------------------------------

_VALUES = {name: arg(name, PROGRAMME.c[name].type) for name in COLUMNS}
_ID = PROGRAMME.c.id == arg("id", sa.Uuid())
LOCK = Sql(sa.select(*[PROGRAMME.c[name] for name in COLUMNS]).where(_ID).with_for_update())
CREATE = Sql(sa.insert(PROGRAMME).inline().values(id=arg("id", sa.Uuid()), **_VALUES))
CHANGE = Sql(sa.update(PROGRAMME).where(_ID).values(_VALUES))


async def save_programme(
    database: Database, principal: Principal, id_: uuid.UUID, sent: Mapping[str, str | None], taken_ids: int
) -> ActOutcome:
    """Create the programme of this id, or change the columns that were `sent`.

    Raises Forbidden unless the ability reaches the whole country, and RateLimited."""

    async def act(tx: Transaction) -> Effect:
        if not principal.areas(ABILITY).national:  # a programme lies in no area
            raise Forbidden(ability=ABILITY)
        return await put_programme(tx, id_, sent)

    return await carry_out(database, principal, ABILITY, id_, taken_ids, act)


async def put_programme(tx: Transaction, id_: uuid.UUID, sent: Mapping[str, str | None]) -> Effect:
    """Create or change a programme within a transaction.  Raises Refused and IdTaken."""
    stored = await tx.one(LOCK, id=id_)
    before: dict[str, str | None] = dict.fromkeys(COLUMNS) if stored is None else dict(stored)
    values = {**before, **sent}
    if problems := tuple(_faults(values)):
        raise Refused(*problems)
    if values == before:
        return Effect(False, record=id_)
    try:
        await tx.rows(CREATE if stored is None else CHANGE, id=id_, **values)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "uq_programme_code":
            raise refusal(Code.PROGRAMME_CODE_TAKEN, "code") from None
        if taken_in(error) is None and error.constraint_name != PROGRAMME.primary_key.name:
            raise
        raise IdTaken(id_, ("id",)) from None
    return Effect(True, record=id_)


def _faults(values: Mapping[str, str | None]) -> Iterator[Problem]:
    for name, value in values.items():
        if not value:
            yield Problem(Code.REQUIRED, (name,))
        yield from unfit(PROGRAMME.c[name], value, name)


FIND_PROGRAMME = Sql(sa.select(PROGRAMME.c.id).where(PROGRAMME.c.code == arg("code", sa.Text())))


def _with_villages() -> Sql:
    # SELECT code, name, agency, count(region_id) FILTER (WHERE active) AS villages, … AS ended, min(year) AS since
    # FROM programme LEFT JOIN village_enrolment ON programme_id = id GROUP BY id ORDER BY code
    villages, active = sa.func.count(ENROLMENT.c.region_id), ENROLMENT.c.active
    return Sql(
        sa.select(
            *[PROGRAMME.c[name] for name in COLUMNS],
            villages.filter(active).label("villages"),
            villages.filter(sa.not_(active)).label("ended"),
            sa.func.min(ENROLMENT.c.year).label("since"),
        )
        .select_from(PROGRAMME.outerjoin(ENROLMENT, ENROLMENT.c.programme_id == PROGRAMME.c.id))
        .group_by(PROGRAMME.c.id)
        .order_by(PROGRAMME.c.code)
    )


WITH_VILLAGES = _with_villages()


async def find_programme(tx: Transaction, code: str | None) -> uuid.UUID | None:
    """The id of the programme that has a code."""
    id_: uuid.UUID | None = await tx.value(FIND_PROGRAMME, code=code)
    return id_


async def programmes_with_villages(tx: Transaction) -> list[dict[str, Any]]:
    """Every programme: its columns, how many villages take part, how many have, and since which year."""
    return [dict(row) for row in await tx.rows(WITH_VILLAGES)]


# --- enrolments -------------------------------------------------------------------------------------------------------

_OF_CODE = sa.select(PROGRAMME.c.id).where(PROGRAMME.c.code == arg("programme", sa.Text())).scalar_subquery()
FIND = Sql(sa.select(_OF_CODE.label("programme"), NAMED_REGIONS.c.regions))
"""One row: the programme of a code or null, and the regions that the code of a village names."""
_KEY = {name: arg(name, sa.Uuid()) for name in ("programme_id", "region_id")}
_HERE = [ENROLMENT.c[name] == value for name, value in _KEY.items()]
_TERMS = {name: arg(name, ENROLMENT.c[name].type) for name in ("year", "decree", "active")}
LOCK_ENROLMENT = Sql(sa.select(*[ENROLMENT.c[name] for name in _TERMS]).where(*_HERE).with_for_update())
ENROL = Sql(upsert(ENROLMENT).values(**_KEY, **_TERMS).on_conflict_do_nothing().returning(ENROLMENT.c.region_id))
CHANGE_ENROLMENT = Sql(sa.update(ENROLMENT).where(*_HERE).values(_TERMS))


@dataclass(frozen=True)
class Enrolment:
    """A village in a programme from a year on, or no more (`active`); both are named by their codes.

    `decree` is None to keep what is stored."""

    village: str
    programme: str
    year: int
    decree: str | None = None
    active: bool = True


@dataclass(frozen=True)
class EnrolmentTarget:
    """The ids of a programme and of a village, and what to say of the code that named the village."""

    programme_id: uuid.UUID
    region_id: uuid.UUID
    warnings: tuple[Problem, ...] = ()


async def enrol_village(database: Database, principal: Principal, enrolment: Enrolment, taken_ids: int) -> ActOutcome:
    """Enrol a village in a programme, or end that; the record is the village.  Raises Forbidden."""

    async def act(tx: Transaction) -> Effect:
        return await put_enrolment(tx, await find_target(tx, principal.areas(ABILITY), enrolment), enrolment)

    return await carry_out(database, principal, ABILITY, None, taken_ids, act)


async def find_target(tx: Transaction, areas: AreaSet, enrolment: Enrolment) -> EnrolmentTarget:
    """The programme, and a village of these areas, that an enrolment names.  Raises Refused."""
    row = await tx.one(FIND, programme=enrolment.programme, code=enrolment.village)
    assert row is not None, "it always has one row"
    if row["programme"] is None:
        raise refusal(Code.PROGRAMME_UNKNOWN, "programme")
    village, warnings = named_village(row["regions"], enrolment.village, ("villageCode",))
    if not areas.covers(village["code"]):
        raise refusal(Code.OUT_OF_SCOPE, "villageCode")
    return EnrolmentTarget(row["programme"], uuid.UUID(village["id"]), tuple(warnings))


async def put_enrolment(tx: Transaction, target: EnrolmentTarget, enrolment: Enrolment) -> Effect:
    """Enrol a village within a transaction, or end its enrolment.  Raises Refused."""
    terms = {"year": enrolment.year, "decree": enrolment.decree, "active": enrolment.active}
    for name in ("year", "decree"):
        if problems := unfit(ENROLMENT.c[name], terms[name], name):
            raise Refused(*problems)
    key = {"programme_id": target.programme_id, "region_id": target.region_id}
    stored = await tx.one(LOCK_ENROLMENT, **key)
    if stored is None:
        if not enrolment.active:
            raise refusal(Code.NOT_FOUND, "villageCode")  # there is nothing to end
        if await tx.value(ENROL, **key, **terms) is not None:
            return Effect(True, target.warnings, target.region_id)
        stored = await tx.one(LOCK_ENROLMENT, **key)  # another transaction has enrolled it since this one looked
        assert stored is not None, "an enrolment is never deleted"
    warnings = (*target.warnings, *_judged(stored, enrolment))
    if enrolment.decree is None:
        terms["decree"] = stored["decree"]
    if terms == dict(stored):
        return Effect(False, warnings, target.region_id)
    await tx.rows(CHANGE_ENROLMENT, **key, **terms)
    return Effect(True, target.warnings, target.region_id)


def _judged(stored: asyncpg.Record, enrolment: Enrolment) -> tuple[Problem, ...]:
    """A warning if the village is enrolled so already.  Raises Refused for what does not follow from what is stored."""
    year = {"year": str(stored["year"])}
    if not enrolment.active:
        if enrolment.year != stored["year"]:
            raise refusal(Code.UNKNOWN_VALUE, "year", allowed=year["year"])
        return ()
    if not stored["active"]:
        return ()  # it begins again
    if enrolment.year != stored["year"]:
        raise refusal(Code.ALREADY_ENROLLED, "villageCode", **year)
    return (Problem(Code.ALREADY_ENROLLED, ("villageCode",), year, Severity.WARNING),)
