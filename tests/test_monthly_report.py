"""Monthly reports: figures of a village's month, what becomes of them when they are signed, and who may sign."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import random
import uuid
from collections import Counter
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from auth.ability import Ability
from auth.policy import PAGE
from auth.principal import SETTING_OF
from auth.sensitivity import Sensitivity
from registry.codes import ServiceType
from registry.figures import report as monthly_report
from registry.figures.catalogue import INDICATORS
from registry.figures.report import FIRST_MONTH, last_month
from registry.figures.report_rows import MOST_ROWS, REPORT_ROWS, ReportRow
from registry.models.assistance import Assistance
from registry.models.business_group import BusinessGroup
from registry.models.cooperative import Cooperative
from registry.models.noun import Noun
from registry.models.service_visit import ServiceVisit
from registry.models.training import Training
from registry.store.session import begin_sql
from registry.values.civil_day import civil_day
from tests.accounts import new_account
from tests.test_audit import AuditRows
from tests.user_errors import codes_and_paths
from tests.village import HERE, NEXT_DOOR, OLD_CODE, SPLIT, Place, episode, household, shop
from tests.village_records import save_text

pytestmark = pytest.mark.anyio
REPORT = """month locked lockedAt sha256 village { code } lockedBy { accountId name role }
  rows { indicator key label value asOfToday }"""
LOCK = f"""mutation($input: LockMonthlyReportInput!) {{ lockMonthlyReport(input: $input) {{
  report {{ {REPORT} }} userErrors {{ code severity path message }} }} }}"""
READ = f"""query($code: RegionCode!, $month: PartialDate!) {{ region(code: $code) {{ ... on Village {{
  monthlyReport(month: $month) {{ {REPORT} }} }} }} }}"""
FOR_EVER = dt.datetime.max  # noqa: DTZ901  (as asyncpg writes infinity)
MONTHS = iter([f"{year}-{month:02}" for year in (2020, 2021, 2023, 2025) for month in range(1, 13)])
"""Months that no other test signs, and in which none of their migrants departs."""


async def read(village: Place, month: str, who: str = "verifier", code: str = HERE) -> Any:
    return (await village.ask(who, READ, code=code, month=month))["region"]["monthlyReport"]


async def lock(village: Place, month: str, who: str = "verifier", code: str = HERE) -> Any:
    """Payload of `lockMonthlyReport`."""
    return (await village.ask(who, LOCK, input={"villageCode": code, "month": month}))["lockMonthlyReport"]


async def locked(village: Place, month: str, who: str = "verifier") -> Any:
    payload = await lock(village, month, who)
    assert payload["userErrors"] == []
    return payload["report"]


def figures(report: Any, column: str = "value") -> dict[str, Any]:
    """`INDICATOR` or `INDICATOR KEY` → figure, those that are not zero."""
    names = {f"{row['indicator']} {row['key'] or ''}".strip(): row[column] for row in report["rows"]}
    assert len(names) == MOST_ROWS
    return {name: figure for name, figure in names.items() if figure != 0}


def changes(before: Any, after: Any) -> dict[str, int]:
    earlier, later = Counter(figures(before)), Counter(figures(after))
    later.subtract(earlier)
    return {name: int(number) for name, number in later.items() if number}


async def save(village: Place, noun: type[Noun], **columns: Any) -> str:
    """The id of a new record of this village, saved by its officer."""
    id_ = str(uuid.uuid4())
    mutation = save_text(noun, "userErrors { code path }")
    (payload,) = (await village.ask("officer", mutation, input={"id": id_, "villageCode": HERE} | columns)).values()
    assert payload["userErrors"] == []
    return id_


async def visit(village: Place, day: str, type_: str = "COMPLAINT") -> str:
    return await save(village, ServiceVisit, date=day, type=type_, visitorSex="FEMALE", visitorAgeBand="25-34")


async def verified(village: Place, **document: Any) -> dict[str, Any]:
    """A verified household of two members."""
    return await village.new_household("VERIFIED", people=2, **document)


@pytest.fixture
def month() -> str:
    return next(MONTHS)


def this_month() -> str:
    return civil_day().isoformat()[:7]


# --- figures ----------------------------------------------------------------------------------------------------------


async def test_every_row_counts_what_its_name_says(village: Place) -> None:
    month = next(MONTHS)
    before, now_before = await read(village, month), await read(village, this_month())
    document = household(people=2)
    one, other = document["members"]
    document["migrations"] = [
        episode(one, departedOn=f"{month}-03"),
        episode(other, stage="RETURNED", departedOn="2015", returnedOn=month, returnReason="CONTRACT_ENDED"),
    ]
    document["businesses"] = [
        shop(one, exportReadiness="READY"),
        shop(one),
        shop(other, status="CLOSED", exportReadiness="EXPORTING", exportCountries=["MY"]),
    ]
    await verified(village, **document)
    await village.new_household("SUBMITTED")
    await visit(village, f"{month}-01")
    await visit(village, f"{month}-28", "RETURN_RECORD")
    taught = {"title": "Menjahit", "skill": "SEWING"}
    people = [{"memberId": one["id"]}, {"memberId": other["id"]}]
    await save(village, Training, **taught, startsOn=f"{month}-10", participants=people)
    await save(village, BusinessGroup, name="Kelompok", formedOn=month, memberIds=[one["id"]])
    given = {"type": "CAPITAL", "source": "VILLAGE_FUND", "recipientId": document["id"]}
    for day, amount, currency in (
        (f"{month}-01", "20000000.25", "IDR"),
        (f"{month}-28", "500000.50", "IDR"),
        (f"{month}-05", "70.00", "USD"),
        ("2016-01-01", "9.00", "IDR"),
    ):
        await save(village, Assistance, **given, date=day, value={"amount": amount, "currency": currency})
    await save(village, Assistance, **given, date=f"{month}-02")
    cooperative = {"name": "Koperasi", "status": "LEGAL_ENTITY", "kind": "SAVINGS_AND_LOANS", "legalNo": "1"}
    await save(village, Cooperative, **cooperative, legalOn=f"{month}-02", memberIds=[one["id"], other["id"]])
    flows = {"DEPARTURES": 1, "RETURNS": 1, "TRAININGS": 1, "TRAINING_PARTICIPANTS": 2}
    flows |= {"ASSISTANCE_IDR": 20_500_001, "SERVICE_VISITS COMPLAINT": 1, "SERVICE_VISITS RETURN_RECORD": 1}
    groups = {"GROUPS": 1, "COOPERATIVES": 1, "COOPERATIVE_MEMBERS": 2}
    # the household was not verified in that month, but it is now
    assert changes(before, await read(village, month)) == flows | groups
    stocks = {"HOUSEHOLDS": 1, "HOUSEHOLD_MEMBERS": 2, "PERSONS_ACTIVE": 1, "PERSONS_RETURNED": 1, "BUSINESSES": 2}
    stocks |= {"HOUSEHOLDS_WITH_BUSINESS": 1, "EXPORT_READY": 1}
    assert changes(now_before, await read(village, this_month())) == stocks | groups


async def test_the_month_is_that_of_the_capital_and_a_year_counts_in_january(village: Place) -> None:
    document = household()
    document["migrations"] = [episode(document["members"][0], departedOn="2019")]
    before = {month: await read(village, month) for month in ("2019-01", "2019-02", "2018-12")}
    await verified(village, **document)
    after = {month: changes(report, await read(village, month)) for month, report in before.items()}
    assert after == {"2019-01": {"DEPARTURES": 1}, "2019-02": {}, "2018-12": {}}


async def test_a_flow_follows_what_is_verified_today(village: Place, month: str) -> None:
    document = household()
    document["migrations"] = [episode(document["members"][0], departedOn=month)]
    before = await read(village, month)
    await village.new_household("VERIFIED", **document)
    assert changes(before, await read(village, month)) == {"DEPARTURES": 1}
    document["migrations"][0]["departedOn"] = "2019"
    assert (await village.amend("officer", document))["userErrors"] == []
    for who in ("verifier", "coordinator"):
        assert (await village.verify(who, document, rev=2))["userErrors"] == []
    assert changes(before, await read(village, month)) == {}


async def test_a_stock_is_what_was_verified_when_the_month_ended_in_the_capital(village: Place) -> None:
    document = await verified(village)
    id_ = uuid.UUID(document["id"])
    ends = dt.datetime(2024, 5, 31, 17, tzinfo=dt.UTC)  # midnight in the capital

    async def households(since: dt.datetime, until: dt.datetime = FOR_EVER) -> int:
        query = "UPDATE ledger_household SET since = $2, until = $3 WHERE household_id = $1"
        await village.admin.execute(query, id_, since, until)
        return int(figures(await read(village, "2024-05")).get("HOUSEHOLDS", 0))

    second, year = dt.timedelta(seconds=1), dt.timedelta(days=365)
    missing = await households(ends)
    assert await households(ends - second) == missing + 1
    assert await households(ends - year, ends) == missing + 1
    assert await households(ends - year, ends - second) == missing
    await households(dt.datetime.now(dt.UTC))


async def test_what_has_no_date_exists_since_it_was_recorded_by_the_clocks_of_the_capital(village: Place) -> None:
    before = {month: await read(village, month) for month in ("2018-05", "2018-06")}
    group = await save(village, BusinessGroup, name="Kelompok")
    cooperative = await save(village, Cooperative, name="Koperasi", status="STARTING", kind="CONSUMERS")
    midnight = dt.datetime(2018, 5, 31, 17, tzinfo=dt.UTC)
    created = "UPDATE {} SET created_at = $2 WHERE id = $1"
    for table, id_ in (("business_group", group), ("cooperative", cooperative)):
        await village.admin.execute(created.format(table), uuid.UUID(id_), midnight)
    after = {month: changes(report, await read(village, month)) for month, report in before.items()}
    assert after == {"2018-05": {}, "2018-06": {"GROUPS": 1, "COOPERATIVES": 1}}


def test_a_month_ends_by_the_clocks_of_the_capital(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return dt.datetime(2026, 11, 30, 17, tzinfo=dt.UTC).astimezone(tz)

    monkeypatch.setattr(monthly_report, "dt", SimpleNamespace(datetime=Clock, timedelta=dt.timedelta))
    assert last_month() == "2026-11"  # in UTC it is still November


@pytest.mark.parametrize("seed", range(3))
async def test_the_figures_are_the_sums_of_random_records(village: Place, seed: int) -> None:
    rng, month = random.Random(seed), f"2017-{10 + seed}"
    before, expected = await read(village, month), Counter[str]()
    members: list[str] = []
    for _ in range(rng.randint(1, 3)):
        document = household(people=rng.randint(1, 3))
        document["migrations"] = []
        for member in document["members"]:
            departed = rng.choice([month, f"{month}-{rng.randint(1, 28):02}", "2016-12", "2018-02-01"])
            document["migrations"].append(episode(member, departedOn=departed))
            expected["DEPARTURES"] += departed.startswith(month)
        await verified(village, **document)
        members += [member["id"] for member in document["members"]]
    for _ in range(rng.randint(0, 5)):
        type_, day = rng.choice(list(ServiceType)), rng.choice([f"{month}-05", "2016-05-05"])
        await visit(village, day, type_)
        expected[f"SERVICE_VISITS {type_}"] += day.startswith(month)
    for _ in range(rng.randint(0, 3)):
        taking_part = rng.sample(members, rng.randint(0, len(members)))
        day = rng.choice([f"{month}-07", "2018-03-07"])
        people = [{"memberId": member} for member in taking_part]
        await save(village, Training, title="Batik", skill="SEWING", startsOn=day, participants=people)
        expected["TRAININGS"] += day.startswith(month)
        expected["TRAINING_PARTICIPANTS"] += day.startswith(month) * len(taking_part)
    counted = changes(before, await read(village, month))
    assert counted == {name: number for name, number in expected.items() if number}


async def test_labels_are_in_the_language_of_the_request(village: Place) -> None:
    for language, column in (("id", "label_id"), ("en", "label_en")):
        answer = await village.query("officer", READ, language, code=HERE, month="2026-10")
        rows = answer.data["region"]["monthlyReport"]["rows"]
        labels = [getattr(code, column) for row in REPORT_ROWS for code in row.by or [row.name]]
        assert [row["label"] for row in rows] == labels


async def test_several_months_stand_in_one_request(village: Place) -> None:
    query = """query($code: RegionCode!) { region(code: $code) { ... on Village {
      may: monthlyReport(month: "2025-05") { month } june: monthlyReport(month: "2025-06") { month } } } }"""
    assert (await village.ask("viewer", query, code=HERE))["region"] == {
        "may": {"month": "2025-05"},
        "june": {"month": "2025-06"},
    }


# --- who sees what ----------------------------------------------------------------------------------------------------


async def test_a_personal_figure_is_null_without_its_class_and_a_report_is_null_elsewhere(village: Place) -> None:
    month = next(MONTHS)
    await visit(village, f"{month}-01")
    report = await locked(village, month)
    personal = {row.name.value for row in REPORT_ROWS if row.kind is Sensitivity.PERSONAL}
    assert personal
    for at in (month, this_month()):
        shown = await read(village, at, "viewer")
        for column in ("value", "asOfToday"):
            null = {row["indicator"] for row in shown["rows"] if row[column] is None}
            assert null == personal
        assert all(row["value"] is not None for row in (await read(village, at, "officer"))["rows"])
    shown = await read(village, month, "viewer")
    assert (shown["locked"], shown["lockedBy"], report["lockedBy"]["name"]) == (True, None, "verifier")
    assert shown["sha256"] is None, "the figures that are withheld could be worked out from their hash"
    assert (await read(village, month, "officer"))["sha256"] == report["sha256"]
    for stranger in ("stranger", "far coordinator", "auditor"):
        answer = await village.query(stranger, READ, code=HERE, month=month)
        assert answer.json["data"]["region"]["monthlyReport"] is None, stranger


def test_whoever_signs_sees_all_that_they_sign() -> None:
    for role, reach in PAGE[Ability.REPORT_LOCK].cells.items():
        for row in REPORT_ROWS:
            assert PAGE[Ability.of(row.kind)].cells.get(role) is reach, role
    refused = set()
    for indicator in INDICATORS.values():
        if indicator.sensitivity not in (Sensitivity.OPERATIONAL, Sensitivity.PERSONAL):
            refused.add(indicator.sensitivity)
            with pytest.raises(TypeError, match="whoever signs"):
                ReportRow(indicator.name, REPORT_ROWS[0].count)
    assert refused == {Sensitivity.OPEN, Sensitivity.SPECIAL, Sensitivity.PROTECTIVE}


# --- signing ----------------------------------------------------------------------------------------------------------


def digest(report: Any, code: str = HERE) -> str:
    """SHA-256 of a report's content, as docs/monthly-report.md says it."""
    lines = [f"{row['indicator']} {row['key'] or ''} {row['value']:.0f}" for row in report["rows"]]
    return hashlib.sha256("\n".join([f"{code} {report['month']}", *lines]).encode()).hexdigest()


async def test_a_signed_report_never_changes_and_corrections_show_beside_it(village: Place, month: str) -> None:
    await visit(village, f"{month}-01")
    unsigned = await read(village, month)
    assert (unsigned["locked"], unsigned["lockedBy"], unsigned["lockedAt"], unsigned["sha256"]) == (False, *[None] * 3)
    signed = await locked(village, month)
    assert figures(signed) == figures(unsigned)
    assert signed["lockedBy"] == {
        "accountId": str(village.ids["verifier"]),
        "name": "verifier",
        "role": "VILLAGE_VERIFIER",
    }
    assert (signed["locked"], signed["village"]["code"], signed["sha256"]) == (True, HERE, digest(signed))
    await visit(village, f"{month}-02")
    after = await read(village, month, "officer")
    assert [{**row, "asOfToday": None} for row in after["rows"]] == [
        {**row, "asOfToday": None} for row in signed["rows"]
    ]
    assert {name: after[name] for name in ("lockedAt", "sha256")} == {
        name: signed[name] for name in ("lockedAt", "sha256")
    }
    assert figures(after)["SERVICE_VISITS COMPLAINT"] == 1
    assert figures(after, "asOfToday") == figures(signed) | {"SERVICE_VISITS COMPLAINT": 2}


async def test_a_report_is_signed_once(village: Place, month: str) -> None:
    since = await AuditRows.now(village)
    first, again = await locked(village, month), await locked(village, month)
    assert first == again
    other = await new_account(village, ("VILLAGE_VERIFIER", HERE), name="another verifier")
    refused = await lock(village, month, other)
    assert (codes_and_paths(refused), refused["report"]) == ([("LOCKED_PERIOD", ["month"])], None)
    outcomes = [(row[1], row[3]) for row in await since.rows()]
    assert outcomes == [("report:lock", outcome) for outcome in ("ACCEPTED", "UNCHANGED", "LOCKED_PERIOD")]
    stored = "SELECT count(*) FROM signed_report WHERE month = $1"
    assert await village.admin.fetchval(stored, month) == 1


async def test_of_verifiers_who_sign_at_once_one_wins(village: Place, month: str) -> None:
    others = [await new_account(village, ("VILLAGE_VERIFIER", HERE), name=f"verifier {n}") for n in range(4)]
    payloads = await asyncio.gather(*[lock(village, month, who) for who in others])
    assert sorted(map(codes_and_paths, payloads)) == [[], *[[("LOCKED_PERIOD", ["month"])]] * 3]
    (winner,) = [payload["report"] for payload in payloads if payload["report"]]
    assert (await read(village, month))["lockedBy"] == winner["lockedBy"]


async def test_what_is_signed_is_one_snapshot(village: Place, month: str) -> None:
    """A household that is verified meanwhile is in all of the figures or in none."""
    documents = []
    for _ in range(4):
        document = household(people=2)
        one, other = document["members"]
        back = {"stage": "RETURNED", "returnedOn": month, "returnReason": "CONTRACT_ENDED"}
        document["migrations"] = [episode(one, departedOn=month), episode(other, departedOn=month, **back)]
        documents.append(await village.new_household("VERIFIED_VILLAGE", **document))
    *_, payload = await asyncio.gather(
        *[village.verify("coordinator", document) for document in documents], lock(village, month)
    )
    signed = figures(payload["report"])
    assert signed.get("DEPARTURES", 0) == 2 * signed.get("RETURNS", 0)
    assert figures(await read(village, month), "asOfToday")["DEPARTURES"] == 8


@pytest.mark.parametrize(
    ("sent", "code", "path"),
    [
        ({"month": "2026"}, "UNKNOWN_VALUE", "month"),
        ({"month": "2025-10-03"}, "UNKNOWN_VALUE", "month"),
        ({"month": "2017-09"}, "UNKNOWN_VALUE", "month"),
        ({"month": "running"}, "DATE_FUTURE", "month"),
        ({"month": "2199-01"}, "DATE_FUTURE", "month"),
        ({"villageCode": NEXT_DOOR}, "OUT_OF_SCOPE", "villageCode"),
        ({"villageCode": "11.01.01.2999"}, "REGION_UNKNOWN", "villageCode"),
        ({"villageCode": "35.07.11"}, "REGION_NOT_VILLAGE", "villageCode"),
        ({"villageCode": SPLIT}, "REGION_CODE_AMBIGUOUS", "villageCode"),
    ],
)
async def test_what_cannot_be_signed_is_refused_with_a_clear_code(
    village: Place, sent: dict[str, str], code: str, path: str
) -> None:
    month = {"month": this_month()} if sent.get("month") == "running" else {}
    input_ = {"villageCode": HERE, "month": last_month()} | sent | month
    payload = (await village.ask("verifier", LOCK, input=input_))["lockMonthlyReport"]
    assert (codes_and_paths(payload), payload["report"]) == ([(code, [path])], None)


async def test_a_superseded_code_signs_the_village_of_today_with_a_warning(village: Place, month: str) -> None:
    payload = await lock(village, month, code=OLD_CODE)
    assert codes_and_paths(payload) == [("REGION_CODE_SUPERSEDED", ["villageCode"])]
    assert payload["report"]["sha256"] == digest(payload["report"])


async def test_the_newest_month_that_can_be_signed_has_ended(village: Place) -> None:
    assert (await lock(village, last_month()))["userErrors"] == []
    assert FIRST_MONTH < last_month() < this_month()


@pytest.mark.parametrize("who", ["officer", "coordinator", "viewer", "ministry", "nobody"])
async def test_nobody_else_signs(village: Place, month: str, who: str) -> None:
    answer = await village.query(who, LOCK, input={"villageCode": HERE, "month": month})
    assert answer.codes == ["FORBIDDEN"]
    assert (await read(village, month))["locked"] is False


@pytest.mark.parametrize("month", ["2026", "2026-10-03"])
async def test_a_report_is_of_a_month(village: Place, month: str) -> None:
    answer = await village.query("verifier", READ, code=HERE, month=month)
    assert answer.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("month", ["2017-09", "2199-01"])
async def test_a_month_before_the_programme_or_in_the_future_has_no_report(village: Place, month: str) -> None:
    assert await read(village, month) is None


# --- what the wall refuses --------------------------------------------------------------------------------------------

INSERT = """INSERT INTO registry.signed_report
    (village_id, area, code, month, sha256, rows, signer_id, signer_name, signer_role)
  VALUES ($1, $2, $2, $3, '', '[]', $4, 'verifier', 'VILLAGE_VERIFIER')"""


async def test_the_login_signs_only_as_the_caller_and_a_month_that_has_ended_and_changes_nothing(
    village: Place, month: str
) -> None:
    principal, refused = await village.principal("verifier"), asyncpg.InsufficientPrivilegeError
    here = (village.regions[HERE], HERE)

    async def run(text: str, *values: Any) -> None:
        connection = await asyncpg.connect(village.login)
        try:
            await connection.execute(begin_sql(principal, SETTING_OF[Ability.REPORT_LOCK], 0))
            await connection.execute(text, *values)
            await connection.execute("COMMIT")
        finally:
            await connection.close()

    mine = village.ids["verifier"]
    await run(INSERT, *here, month, mine)
    for values in (
        (*here, next(MONTHS), village.ids["officer"]),
        (*here, this_month(), mine),
        (village.regions[NEXT_DOOR], NEXT_DOOR, month, mine),
    ):
        with pytest.raises(refused):
            await run(INSERT, *values)
    for change in (
        "UPDATE registry.signed_report SET month = month",
        "DELETE FROM registry.signed_report",
        "TRUNCATE registry.signed_report",
    ):
        with pytest.raises(refused):
            await run(change)
