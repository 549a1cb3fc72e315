"""Programmes (program), and the villages that take part in them: saved by the ministry, over the API or by its shell.

A programme has an id that the client makes, and a code by which villages are enrolled.  A village takes part in a
programme once, from a year on; an enrolment that has ended may begin again, from another year.
Rule: sent twice, nothing is changed twice; what is stored already is left as it is, and the answer says so.
Tests: tests/test_programmes.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from auth.ability import Ability
from auth.area import AreaSet
from auth.errors import Forbidden
from auth.principal import SETTING_OF, Principal
from registry.codes import Severity, WriteOutcome
from registry.codes.messages import UserErrorCode as Code
from registry.guard.record_id import taken_in
from registry.models.region import ENROLMENT, PROGRAMME
from registry.store.db import Database, Transaction
from registry.store.sql import Sql, arg
from registry.write.command import audit, audit_refusal, require
from registry.write.probing import count_taken
from registry.write.user_errors import IdTaken, Problem, Refused, refusal, unfit
from registry.write.village_lookup import NAMED_REGIONS, named_village

ABILITY = Ability.PROGRAMME_MANAGE
SETTING = SETTING_OF[ABILITY]
COLUMNS = ("code", "name", "agency")


@dataclass(frozen=True)
class Saved:
    """The record that a command saved, or problems; a warning says that it was stored already."""

    record: uuid.UUID | None
    problems: tuple[Problem, ...] = ()
    written: WriteOutcome = WriteOutcome.REJECTED


async def _saved(
    database: Database, principal: Principal, subject: uuid.UUID | None, work: Callable[[Transaction], Awaitable[Saved]]
) -> Saved:
    """Do the work in a transaction, with its audit row; a refusal stores its audit row alone."""
    try:
        async with database.write(principal, SETTING) as tx:
            saved = await work(tx)
            await audit(tx, principal, ABILITY, saved.record, saved.written.value)
            return saved
    except IdTaken:
        raise
    except Refused as refused:
        await audit_refusal(database, principal, ABILITY, subject, refused.codes)
        return Saved(None, refused.problems)


# --- programmes -------------------------------------------------------------------------------------------------------

_VALUES = {name: arg(name, PROGRAMME.c[name].type) for name in COLUMNS}
_ID = PROGRAMME.c.id == arg("id", sa.Uuid())
LOCK = Sql(sa.select(*[PROGRAMME.c[name] for name in COLUMNS]).where(_ID).with_for_update())
CREATE = Sql(sa.insert(PROGRAMME).inline().values(id=arg("id", sa.Uuid()), **_VALUES))
CHANGE = Sql(sa.update(PROGRAMME).where(_ID).values(_VALUES))


async def save_programme(
    database: Database, principal: Principal, id_: uuid.UUID, sent: Mapping[str, str | None], taken_ids: int
) -> Saved:
    """Create the programme of this id, or change the columns that were `sent`.

    `taken_ids` is how many ids of other records a caller may name in an hour.

    Raises Forbidden unless the ability reaches the whole country, and RateLimited."""
    await require(database, principal, ABILITY, id_)
    if not principal.areas(ABILITY).national:  # a programme lies in no area
        await audit_refusal(database, principal, ABILITY, id_, Forbidden.code)
        raise Forbidden(ability=ABILITY)
    try:
        return await _saved(database, principal, id_, lambda tx: put_programme(tx, id_, sent))
    except IdTaken as taken:
        await count_taken(database, principal, ABILITY, id_, taken.id, taken_ids)
        return Saved(None, taken.problems)


async def put_programme(tx: Transaction, id_: uuid.UUID, sent: Mapping[str, str | None]) -> Saved:
    """Create or change a programme within a transaction.  Raises Refused and IdTaken."""
    stored = await tx.one(LOCK, id=id_)
    before: dict[str, str | None] = dict.fromkeys(COLUMNS) if stored is None else dict(stored)
    values = {**before, **sent}
    if problems := tuple(_faults(values)):
        raise Refused(*problems)
    if values == before:
        return Saved(id_, written=WriteOutcome.UNCHANGED)
    try:
        await tx.rows(CREATE if stored is None else CHANGE, id=id_, **values)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "uq_programme_code":
            raise refusal(Code.PROGRAMME_CODE_TAKEN, "code") from None
        if taken_in(error) is None and error.constraint_name != PROGRAMME.primary_key.name:
            raise
        raise IdTaken(id_, ("id",)) from None
    return Saved(id_, written=WriteOutcome.ACCEPTED)


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
class Place:
    """The ids of a programme and of a village, and what to say of the code that named the village."""

    programme_id: uuid.UUID
    region_id: uuid.UUID
    warnings: tuple[Problem, ...] = ()


async def enrol_village(database: Database, principal: Principal, enrolment: Enrolment) -> Saved:
    """Enrol a village in a programme, or end that; the record is the village.  Raises Forbidden."""
    await require(database, principal, ABILITY)

    async def work(tx: Transaction) -> Saved:
        return await put_enrolment(tx, await find_place(tx, principal.areas(ABILITY), enrolment), enrolment)

    return await _saved(database, principal, None, work)


async def find_place(tx: Transaction, areas: AreaSet, enrolment: Enrolment) -> Place:
    """The programme, and a village of these areas, that an enrolment names.  Raises Refused."""
    row = await tx.one(FIND, programme=enrolment.programme, code=enrolment.village)
    assert row is not None, "it always has one row"
    if row["programme"] is None:
        raise refusal(Code.PROGRAMME_UNKNOWN, "programme")
    village, warnings = named_village(row["regions"], enrolment.village, ("villageCode",))
    if not areas.covers(village["code"]):
        raise refusal(Code.OUT_OF_SCOPE, "villageCode")
    return Place(row["programme"], uuid.UUID(village["id"]), tuple(warnings))


async def put_enrolment(tx: Transaction, place: Place, enrolment: Enrolment) -> Saved:
    """Enrol a village within a transaction, or end its enrolment.  Raises Refused."""
    terms = {"year": enrolment.year, "decree": enrolment.decree, "active": enrolment.active}
    for name in ("year", "decree"):
        if problems := unfit(ENROLMENT.c[name], terms[name], name):
            raise Refused(*problems)
    key = {"programme_id": place.programme_id, "region_id": place.region_id}
    stored = await tx.one(LOCK_ENROLMENT, **key)
    if stored is None:
        if not enrolment.active:
            raise refusal(Code.NOT_FOUND, "villageCode")  # there is nothing to end
        if await tx.value(ENROL, **key, **terms) is not None:
            return Saved(place.region_id, place.warnings, WriteOutcome.ACCEPTED)
        stored = await tx.one(LOCK_ENROLMENT, **key)  # another transaction has enrolled it since this one looked
        assert stored is not None, "an enrolment is never deleted"
    warnings = (*place.warnings, *_judged(stored, enrolment))
    if enrolment.decree is None:
        terms["decree"] = stored["decree"]
    if terms == dict(stored):
        return Saved(place.region_id, warnings, WriteOutcome.UNCHANGED)
    await tx.rows(CHANGE_ENROLMENT, **key, **terms)
    return Saved(place.region_id, place.warnings, WriteOutcome.ACCEPTED)


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
