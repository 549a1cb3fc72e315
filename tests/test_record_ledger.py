"""The ledgers of a village's records: what is saved counts from that moment on, as it was saved.

The proof counts each indicator again from its only other source, the revisions of the records.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import asyncpg
import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.codes import AssistanceType, CooperativeStatus, Dimension, IndicatorName, ServiceType
from registry.codes.open_lists import SKILL
from registry.figures.catalogue import INDICATORS
from registry.figures.count import amount, conditions, key_of
from registry.figures.indicator import PERIODS
from registry.figures.ledger import LEDGERS, RECORD_LEDGERS, UNITS_OF, keeping_record
from registry.models.business_group import BusinessGroup
from registry.models.case import Case
from registry.models.cooperative import Cooperative
from registry.models.noun import Noun
from registry.models.service_visit import ServiceVisit
from registry.models.training import Training
from registry.store.sql import Sql, arg
from tests import recount_records as recount
from tests.recount_records import Known, Revision
from tests.village import FAR, HERE, NEXT_DOOR, Place
from tests.village_records import save_text

pytestmark = pytest.mark.anyio
OFFICERS = {HERE: "officer", NEXT_DOOR: "next door", FAR: "stranger"}
TODAY = dt.datetime.now(recount.JAKARTA).date()
NOUNS = [noun for noun in UNITS_OF if noun is not Case]  # those of a household have tests of their own
Fields = dict[str, Any]
KEYS_OF_LEDGER = ("since", "until", "subject_id", "lot", "village_id", "village_then")
COUNTED = [name for name in recount.COUNTED if name not in (IndicatorName.CASES_OPEN, IndicatorName.CASE_MEDIAN_DAYS)]
COUNT_VISITS = Sql(keeping_record(ServiceVisit, arg("records", ARRAY(sa.Uuid()))))


async def save(village: Place, noun: type[Noun], code: str, columns: Fields) -> Any:
    """Payload of the command that saves records of the noun."""
    text = save_text(noun, "userErrors { code path }")
    (payload,) = (await village.ask(OFFICERS[code], text, input={"villageCode": code} | columns)).values()
    return payload


async def saved(village: Place, noun: type[Noun], code: str, **columns: Any) -> str:
    """The id of a record that was saved."""
    columns = {"id": str(uuid.uuid4())} | columns
    payload = await save(village, noun, code, columns)
    assert payload["outcome"] in ("ACCEPTED", "MERGED", "UNCHANGED"), payload["userErrors"]
    return str(columns["id"])


async def people(village: Place, code: str, number: int = 3) -> list[str]:
    document = await village.new_household("SUBMITTED", OFFICERS[code], villageCode=code, people=number)
    return [member["id"] for member in document["members"]]


async def open_rows(village: Place, ledger: str, record: str) -> list[bool]:
    """Whether each row of a record is open, in the order in which they were written."""
    query = f"SELECT until = 'infinity' FROM {ledger} WHERE record_id = $1 ORDER BY since, until"
    return [row[0] for row in await village.admin.fetch(query, uuid.UUID(record))]


# --- when rows are written and closed ---------------------------------------------------------------------------------


async def test_a_save_leaves_one_open_row(village: Place) -> None:
    visit = {"date": "2026-07-14", "type": "COMPLAINT", "visitorSex": "FEMALE", "visitorAgeBand": "25-34"}
    id_ = await saved(village, ServiceVisit, HERE, **visit)
    assert await open_rows(village, "ledger_visit", id_) == [True]
    await saved(village, ServiceVisit, HERE, **visit, id=id_)  # resent
    assert await open_rows(village, "ledger_visit", id_) == [True]
    await saved(village, ServiceVisit, HERE, id=id_, type="OTHER")
    assert await open_rows(village, "ledger_visit", id_) == [False, True]
    rows = await village.admin.fetch(
        "SELECT since, until, service_type, lot FROM ledger_visit WHERE record_id = $1 ORDER BY since", uuid.UUID(id_)
    )
    assert [row["service_type"] for row in rows] == ["COMPLAINT", "OTHER"]
    assert rows[0]["since"] < rows[0]["until"] == rows[1]["since"]
    lot = await village.admin.fetchval("SELECT lot FROM service_visit WHERE id = $1", uuid.UUID(id_))
    assert {row["lot"] for row in rows} == {lot}, "the lot of a record is drawn once"


async def test_a_refused_save_leaves_no_row(village: Place) -> None:
    before = {ledger.name: await counted(village.admin, ledger.name) for ledger in RECORD_LEDGERS.values()}
    visit = {"id": str(uuid.uuid4()), "date": "2026-07-14", "type": "COMPLAINT", "visitorId": str(uuid.uuid4())}
    assert (await save(village, ServiceVisit, HERE, visit))["userErrors"]
    training = {"id": str(uuid.uuid4()), "title": "Menjahit", "skill": "SEWING", "startsOn": "2026-07-14"}
    assert (await save(village, Training, HERE, training | {"endsOn": "2026-07-01"}))["userErrors"]
    assert (await save(village, Training, HERE, training | {"skill": "NONE_SUCH"}))["userErrors"]
    assert {ledger.name: await counted(village.admin, ledger.name) for ledger in RECORD_LEDGERS.values()} == before


async def counted(admin: asyncpg.Connection, ledger: str) -> int:
    return int(await admin.fetchval(f"SELECT count(*) FROM {ledger}"))


async def test_a_participant_counts_while_the_training_lists_them(village: Place) -> None:
    one, other, third = await people(village, HERE)
    training = {"title": "Menjahit", "skill": "SEWING", "startsOn": "2026-07-14"}
    listed = [{"memberId": one}, {"memberId": other}]
    id_ = await saved(village, Training, HERE, **training, participants=listed)
    assert await open_rows(village, "ledger_participant", id_) == [True, True]
    await saved(village, Training, HERE, id=id_, participants=[{"memberId": other}, {"memberId": third}])
    assert sorted(await open_rows(village, "ledger_participant", id_)) == [False, False, True, True]
    await saved(village, Training, HERE, id=id_, participants=[])
    assert await open_rows(village, "ledger_participant", id_) == [False] * 4
    assert await open_rows(village, "ledger_training", id_) == [False, False, True]


async def test_a_group_without_a_date_is_formed_when_it_is_recorded(village: Place) -> None:
    id_ = await saved(village, BusinessGroup, HERE, name="Melati")
    formed = "SELECT formed_on FROM ledger_group WHERE record_id = $1 AND until = 'infinity'"
    assert await village.admin.fetchval(formed, uuid.UUID(id_)) == TODAY
    await saved(village, BusinessGroup, HERE, id=id_, formedOn="2024-05")
    assert await village.admin.fetchval(formed, uuid.UUID(id_)) == dt.date(2024, 5, 1)


async def test_a_record_that_has_left_counts_no_more(village: Place) -> None:
    """No command archives one yet; the statement that counts knows it."""
    id_ = await saved(
        village, ServiceVisit, HERE, date="2026-07-14", type="OTHER", visitorSex="MALE", visitorAgeBand="25-34"
    )
    await village.admin.execute("UPDATE service_visit SET archived_at = now() WHERE id = $1", uuid.UUID(id_))
    payload = await save(village, ServiceVisit, HERE, {"id": id_, "type": "COMPLAINT"})
    assert payload["userErrors"]
    await village.admin.execute(COUNT_VISITS.text, [uuid.UUID(id_)])
    assert await open_rows(village, "ledger_visit", id_) == [False]
    await village.admin.execute("UPDATE service_visit SET archived_at = NULL WHERE id = $1", uuid.UUID(id_))
    await village.admin.execute(COUNT_VISITS.text, [uuid.UUID(id_)])
    assert await open_rows(village, "ledger_visit", id_) == [False, True]


async def test_the_application_can_only_close_a_row(village: Place) -> None:
    for ledger in [ledger for unit, ledger in RECORD_LEDGERS.items() if not unit.is_hidden]:
        may = [
            column.name
            for column in ledger.c
            if await village.admin.fetchval(
                "SELECT has_column_privilege('registry_app', $1, $2, 'UPDATE')", f"registry.{ledger.name}", column.name
            )
        ]
        assert may == ["until"]


# --- the recount ------------------------------------------------------------------------------------------------------


def some_day(rng: random.Random) -> str:
    return str(TODAY - dt.timedelta(days=rng.randrange(500)))


def some_fields(rng: random.Random, noun: type[Noun], members: Sequence[str], place: str) -> Fields:
    """What is sent of a record, random where it counts."""
    if noun is ServiceVisit:
        type_ = rng.choice(list(ServiceType)).value
        return {"date": some_day(rng), "type": type_, "visitorSex": "MALE", "visitorAgeBand": "25-34"}
    if noun is Training:
        listed = [{"memberId": member} for member in rng.sample(members, rng.randint(0, len(members)))]
        skill = rng.choice(list(SKILL.codes))
        return {"title": "Pelatihan", "skill": skill, "startsOn": some_day(rng), "participants": listed}
    if noun is BusinessGroup:
        return {"name": "Melati", "formedOn": some_day(rng)[: rng.choice([4, 7, 10])]}
    if noun is Cooperative:
        listed_ids = rng.sample(members, rng.randint(0, len(members)))
        status = rng.choice(list(CooperativeStatus)).value
        legal = {"legalNo": "1", "legalOn": some_day(rng)} if status == "LEGAL_ENTITY" else {}
        cleared = {"legalNo": None, "legalOn": None}
        return {"name": "Koperasi", "status": status, "kind": "CONSUMERS", "memberIds": listed_ids} | cleared | legal
    value = {"amount": f"{rng.randrange(10**6)}.{rng.randrange(100):02}", "currency": rng.choice(["IDR", "IDR", "MYR"])}
    return {
        "type": rng.choice(list(AssistanceType)).value,
        "programme": rng.choice(["DESMIGRATIF", None]),
        "source": "VILLAGE_FUND",
        "value": rng.choice([value, value, None]),
        "date": some_day(rng),
        "recipientId": place,
    }


async def some_records(village: Place, rng: random.Random, number: int) -> None:
    """Records that are saved over HTTP, some of them changed and sent again, on the days before today."""
    members = {code: await people(village, code, 4) for code in OFFICERS}
    for n in range(number):
        noun = rng.choice(NOUNS)
        code = rng.choice(list(OFFICERS))
        place = str(village.regions[code])
        id_ = await saved(village, noun, code, **some_fields(rng, noun, members[code], place))
        for _ in range(rng.randrange(3)):
            await move_back(village.admin, noun, id_, rng.randrange(1, 40))
            again = some_fields(rng, noun, members[code], place)
            await saved(village, noun, code, id=id_, **again)
            if n % 3 == 0:
                await saved(village, noun, code, id=id_, **again)


async def move_back(admin: asyncpg.Connection, noun: type[Noun], id_: str, days: int) -> None:
    """Let everything that was saved of a record have happened earlier."""
    past, record = dt.timedelta(days=days), uuid.UUID(id_)
    await admin.execute("UPDATE record_revision SET at = at - $1::interval WHERE record_id = $2", past, record)
    for unit in UNITS_OF[noun]:
        await admin.execute(
            f"UPDATE {unit.ledger} SET since = since - $1::interval, until = until - $1::interval"
            f" WHERE {unit.key} = $2",
            *(past, record),
        )


async def revisions(admin: asyncpg.Connection) -> list[Revision]:
    rows = await admin.fetch(
        "SELECT r.record_id::text AS record, coalesce(c.area, r.area) AS area, r.at, r.document"
        " FROM record_revision r LEFT JOIN household_case c ON c.id = r.record_id"
    )
    return [Revision(row["record"], row["area"], row["at"], orjson.loads(row["document"])) for row in rows]


async def known(admin: asyncpg.Connection) -> Known:
    sexes = await admin.fetch("SELECT id::text, sex FROM member")
    programmes = await admin.fetch("SELECT id::text, code FROM programme")
    trips = await admin.fetch("SELECT id::text, country FROM migration_episode")
    return Known(
        {row["id"]: row["sex"] for row in sexes},
        {row["id"]: row["code"] for row in programmes},
        {row["id"]: row["country"] for row in trips},
    )


async def answer(
    admin: asyncpg.Connection, name: IndicatorName, area: str, day: dt.date | None, by: Sequence[Dimension]
) -> dict[tuple[str, ...], Any]:
    """The same from the ledger."""
    count = INDICATORS[name].counts
    assert count is not None
    end = "($1::date + 1)::timestamp AT TIME ZONE 'Asia/Jakarta'"
    held = "l.until = 'infinity' AND $1::date IS NOT NULL" if day is None else f"l.since < {end} AND l.until >= {end}"
    keys = ", ".join(f"{key_of(count, dimension, '$1::date')} AS k{n}" for n, dimension in enumerate(by))
    places = ", ".join(str(n + 1) for n in range(len(by)))
    text = f"SELECT {keys + ', ' if keys else ''}{amount(count)} AS n FROM {LEDGERS[count.unit].name} l WHERE "
    text += " AND ".join([held, "l.area LIKE $2 || '%'", *conditions(count, "$1::date")])
    text += f" GROUP BY {places}" if by else " HAVING count(*) > 0"
    rows = await admin.fetch(text, TODAY if day is None else day, area)
    return {tuple(row)[:-1]: row["n"] for row in rows}


async def compare(
    village: Place, rng: random.Random, saved_: Sequence[Revision], names: Known, indicators: Sequence[IndicatorName]
) -> int:
    """Compare random questions with a recount; return how many have an answer."""
    not_empty = 0
    for _ in range(400):
        name = rng.choice(indicators)
        counted_, dimensions = INDICATORS[name].counts, list(INDICATORS[name].dimensions)
        assert counted_ is not None
        if counted_.dated is None:  # the end of a period is a day like others
            dimensions = [dimension for dimension in dimensions if dimension not in PERIODS]
        by = rng.sample(dimensions, rng.randint(0, min(3, len(dimensions))))
        area = rng.choice(["", "35", "52.03", "35.07.11", HERE, FAR])
        day = rng.choice([None, TODAY - dt.timedelta(days=rng.randrange(60))])
        expected = recount.count(name, saved_, names, area, day, [dimension.value for dimension in by])
        assert await answer(village.admin, name, area, day, by) == expected, (name, area, day, by)
        not_empty += bool(expected)
    return not_empty


async def test_the_indicators_equal_a_recount_from_the_revisions(village: Place) -> None:
    seed = random.randrange(10**6)
    rng = random.Random(seed)
    await some_records(village, rng, 60)
    saved_, names = await revisions(village.admin), await known(village.admin)
    assert await compare(village, rng, saved_, names, list(COUNTED)) > 200, seed


def test_the_share_of_legal_entities_is_one_of_all_cooperatives() -> None:
    assert INDICATORS[IndicatorName.COOPERATIVE_LEGAL_SHARE].per == INDICATORS[IndicatorName.COOPERATIVES].counts


async def test_every_revision_has_its_rows(village: Place) -> None:
    """One open row of each thing that the newest revision of a record holds, and no other."""
    await some_records(village, random.Random(1), 15)
    names = await known(village.admin)
    newest = recount.held_on(await revisions(village.admin), None)
    for table, ledgers in recount.LEDGERS.items():
        for ledger, facts_of in ledgers.items():
            rows = await village.admin.fetch(f"SELECT * FROM {ledger} WHERE until = 'infinity'")
            stored = [{name: value for name, value in row.items() if name not in KEYS_OF_LEDGER} for row in rows]
            expected = [
                facts | {"record_id": revision.record, "area": revision.area}
                for revision in newest
                if table in revision.document
                for facts in facts_of(revision.document, names)
            ]
            assert Counter(map(plain, stored)) == Counter(map(plain, expected)), ledger


def plain(row: Fields) -> tuple[str, ...]:
    """A row that can be compared."""
    values = {name: value.normalize() if isinstance(value, Decimal) else value for name, value in row.items()}
    return tuple(f"{name}={values[name]}" for name in sorted(values))
