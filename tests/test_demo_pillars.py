"""The demo's records of the four pillars pass the rules, name people truly, and are stored as their commands do it."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterator
from functools import cache

import asyncpg
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.codes import Severity
from registry.guard.vault import Vault
from registry.models.aggregate import Document, by_itself, entry_key, village_records
from registry.models.assistance import Assistance
from registry.models.business_group import BusinessGroup
from registry.models.case import Case
from registry.models.household_aggregate import AGGREGATE
from registry.models.member import Member
from registry.models.noun import Noun, facts, table_of
from registry.models.scoped import HouseholdRecord
from registry.rules import Finding, check
from server.demo.households import Village, documents
from server.demo.load import load
from server.demo.programme import PILLARS, programme
from server.demo.saved import Saved, document_of
from tests.test_demo_households import PERSONA_VILLAGES, SILENT, TODAY, VILLAGES, vault
from tests.test_operations import Demo, demo

__all__ = ["demo", "vault"]

PROGRAMME_ID = uuid.uuid5(uuid.NAMESPACE_OID, "DESMIGRATIF")
MONTHS = dt.timedelta(days=31)
LAST_HOUR = dt.datetime.combine(TODAY, dt.time(1), dt.UTC)


def recorded(village: Village, today: dt.date = TODAY) -> tuple[list[Document], list[Saved]]:
    """The households of a village and its records."""
    households = list(documents(village, 1, 25, today))
    return households, programme(village, households, today, PROGRAMME_ID)


@cache
def some_villages() -> list[tuple[Village, list[Document], list[Saved]]]:
    """Every tenth village, and those of the personas."""
    chosen = [village for village in VILLAGES if village.number % 10 == 0 or village.code in PERSONA_VILLAGES]
    return [(village, *recorded(village)) for village in chosen]


def records() -> Iterator[Saved]:
    return (record for _, _, own in some_villages() for record in own)


def errors(record: Saved, village: Village, now: dt.datetime) -> list[Finding]:
    aggregate = by_itself(record.noun)
    broken: list[Finding] = []
    for version in record.versions:
        document = document_of(record, version)
        document[aggregate.root][str(record.id)]["village_id"] = str(village.id)
        findings = check(document, now, complete=True, aggregate=aggregate)
        broken += [finding for finding in findings if finding.severity is Severity.ERROR]
    return broken


def named(record: Saved) -> set[str]:
    """The members that a record names, in its columns and in its entries."""
    aggregate, document = by_itself(record.noun), document_of(record, record.newest)
    names = [place for place, nouns in aggregate.named.items() if Member in nouns]
    columns = [(row, column) for table, column in names for row in document[table].values()]
    return {row[column] for row, column in columns if column in row}


def test_records_of_villages_are_reproducible() -> None:
    assert recorded(VILLAGES[0]) == recorded(VILLAGES[0])


def test_the_demo_has_every_noun_of_a_village() -> None:
    nouns = {noun for noun in village_records() if noun.__module__.startswith("registry.")}
    assert set(PILLARS) == {noun for noun in nouns if not issubclass(noun, HouseholdRecord)}
    for village, _, own in some_villages():
        if village.code in PERSONA_VILLAGES:
            assert {record.noun for record in own} == set(PILLARS)


@given(st.sampled_from(VILLAGES), st.dates(dt.date(2024, 1, 1), dt.date(2035, 12, 31)))
def test_every_record_passes_the_rules(village: Village, today: dt.date) -> None:
    now = dt.datetime.combine(today, dt.time(1), dt.UTC)
    households, own = recorded(village, today)
    assert [error for record in own for error in errors(record, village, now)] == []
    findings = [finding for one in households for finding in check(one, now, complete=True, aggregate=AGGREGATE)]
    assert [finding for finding in findings if finding.severity is Severity.ERROR] == []


def test_records_hold_only_columns_of_their_nouns() -> None:
    for record in records():
        for table, rows in document_of(record, record.newest).items():
            columns = {column.name for column, _ in facts(by_itself(record.noun).nouns[table])}
            assert {name for row in rows.values() for name in row} <= columns


def test_records_name_people_of_their_village_who_were_registered_before() -> None:
    for _, households, own in some_villages():
        registered = {
            member: dt.datetime.fromisoformat(household["captured_at"])
            for document in households
            for household in document["household"].values()
            for member in document["member"]
        }
        for record in own:
            assert named(record) <= registered.keys()
            assert all(registered[member] < record.newest.at < LAST_HOUR for member in named(record))
            moments = [version.at for version in record.versions]
            assert moments == sorted(set(moments))


def test_numbers_are_believable() -> None:
    counts = Counter(record.noun.__tablename__ for record in records())
    villages = len(some_villages())
    assert 1 < counts["service_visit"] / villages / 24 < 4  # a month
    assert 0.6 < counts["business_group"] / villages < 1.4
    assert 0.15 < counts["cooperative"] / villages < 0.6
    for record in records():
        rows = document_of(record, record.newest)
        if record.noun.__tablename__ == "business_group":
            assert 5 <= len(rows["business_group_member"]) <= 12
        if record.noun.__tablename__ == "training":
            assert 8 <= len(rows["training_participant"]) <= 20
        if record.noun.__tablename__ == "parenting_session":
            (session,) = rows["parenting_session"].values()
            assert session["children"] >= len(rows["parenting_session_attendee"])
        if record.noun.__tablename__ == "cooperative":
            newest = max(rows["cooperative_year"].values(), key=lambda row: row["year"])
            assert newest["members"] >= len(rows["cooperative_member"])


def test_outcomes_are_known_of_trainings_older_than_six_months_alone() -> None:
    ages = Counter[bool]()
    for record in records():
        if record.noun.__tablename__ != "training":
            continue
        entries = record.newest.entries["training_participant"].values()
        ends_on = dt.date.fromisoformat(record.newest.columns["ends_on"])
        has_outcomes = any("outcome_after_6_months" in row for row in entries)
        assert not has_outcomes or ends_on + 6 * MONTHS - dt.timedelta(days=4) < TODAY
        ages[has_outcomes] += 1
    assert ages.keys() == {True, False}


def test_households_take_part_in_the_pillars_whose_records_name_them() -> None:
    joined = Counter[str]()
    for _, households, own in some_villages():
        by_pillar = {(PILLARS[record.noun].value, member) for record in own for member in named(record)}
        groups = {str(record.id): named(record) for record in own}
        for document in households:
            (household,) = document["household"].values()
            for row in document["pillar_participation"].values():
                assert any((row["pillar"], member) in by_pillar for member in document["member"])
                ended_on = row.get("ended_on")
                assert row["started_on"] <= (ended_on or household["captured_at"])[:7] <= household["captured_at"][:7]
                assert ended_on is None or int(ended_on[:4]) < int(household["captured_at"][:4])
                joined[row["pillar"]] += 1
                joined["ended"] += ended_on is not None
            for business in document["business"].values():
                for column in ("group_id", "cooperative_id"):
                    assert column not in business or business["owner_id"] in groups[business[column]]
                    joined[column] += column in business
    taking_part = sum(joined[pillar.value] for pillar in {*PILLARS.values()})
    assert 0 < joined["ended"] < taking_part / 2
    assert all(joined[name] for name in ("group_id", "cooperative_id", *(pillar.value for pillar in PILLARS.values())))


def test_assistance_goes_to_what_the_village_has() -> None:
    kinds = Counter[str]()
    for village, households, own in some_villages():
        recipients = {str(record.id): "group" for record in own if record.noun is BusinessGroup}
        recipients[str(village.id)] = "village"
        for document in households:
            recipients |= dict.fromkeys(document["business"], "business") | dict.fromkeys(
                document["household"], "family"
            )
        given_to = [record.newest.columns["recipient_id"] for record in own if record.noun is Assistance]
        kinds.update(recipients[id_] for id_ in given_to)
    assert kinds.keys() == {"group", "village", "business", "family"}


def test_children_with_a_parent_abroad_are_looked_after() -> None:
    carers = Counter[str]()
    for _, households, _ in some_villages():
        for document in households:
            members = document["member"]
            for care in document["child_care"].values():
                child = members[care["child_id"]]
                parents = [members[child[key]] for key in ("mother_id", "father_id") if key in child]
                assert "ABROAD" in {parent["residence"] for parent in parents}
                carers[care["caregiver"]] += 1
                if "caregiver_member_id" in care:
                    assert members[care["caregiver_member_id"]]["residence"] == "HOME"
    assert {"MOTHER", "FATHER", "GRANDPARENTS"} <= carers.keys()


def test_businesses_have_a_code_of_either_edition() -> None:
    rows = [row for _, households, _ in some_villages() for one in households for row in one["business"].values()]
    assert {row.get("kbli_version") for row in rows} == {None, "KBLI_2020", "KBLI_2025"}
    for _, households, _ in some_villages():
        for document in households:
            codes = {
                str(finding.code.value) for finding in check(document, LAST_HOUR, complete=True, aggregate=AGGREGATE)
            }
            assert not codes & {"KBLI_UNKNOWN", "FIELD_KBLI_MISMATCH"}


def test_most_migrants_abroad_send_money_home() -> None:
    episodes = [
        row for _, households, _ in some_villages() for one in households for row in one["migration_episode"].values()
    ]
    abroad = [row for row in episodes if row["stage"] == "WORKING_ABROAD"]
    sending = [row for row in abroad if "remittance_band" in row]
    assert 0.75 < len(sending) / len(abroad) < 0.95
    assert all("remittance_frequency" not in row for row in episodes if row["stage"] != "WORKING_ABROAD")


@pytest.mark.anyio
async def test_the_database_holds_the_newest_revision_of_every_record(admin: asyncpg.Connection, vault: Vault) -> None:
    await load(admin, vault, only=(*PERSONA_VILLAGES, SILENT))
    stored = await admin.fetch("SELECT * FROM record_revision ORDER BY record_id, rev")
    newest = {row["record_id"]: row for row in stored}
    counts = Counter(row["record_id"] for row in stored)
    nouns: list[type[Noun]] = [*PILLARS, Case]
    assert {row["noun"] for row in stored} == {table_of(noun).name for noun in nouns}
    for noun in nouns:
        aggregate = by_itself(noun)
        rows = {row["id"]: row for row in await admin.fetch(f"SELECT * FROM {table_of(noun).name}")}
        assert rows.keys() == {id_ for id_, row in newest.items() if row["noun"] == aggregate.root}
        entries = {name: await admin.fetch(f"SELECT * FROM {name}") for name in aggregate.children}
        for id_, row in rows.items():
            document = orjson.loads(newest[id_]["document"])
            document[aggregate.root][str(id_)]["village_id"] = str(row["village_id"])
            findings = check(document, dt.datetime.now(dt.UTC), complete=True, aggregate=aggregate)
            assert [finding for finding in findings if finding.severity is Severity.ERROR] == []
            assert row["rev"] == newest[id_]["rev"] == counts[id_]
            assert row["created_by"] == newest[id_]["actor_id"]
            assert (row["village_id"], row["area"]) == (newest[id_]["village_id"], newest[id_]["area"])
            for name, own in entries.items():
                keys = {str(entry[entry_key(aggregate.nouns[name]).name]) for entry in own if entry["record_id"] == id_}
                assert keys == document[name].keys()
    pairs = "household_case c JOIN household h ON h.id = c.household_id"
    assert await admin.fetchval(f"SELECT count(*) FROM {pairs} WHERE c.created_at < h.created_at") == 0
    members = {row["id"]: row["area"] for row in await admin.fetch("SELECT id, area FROM member WHERE NOT draft")}
    visits = await admin.fetch("SELECT visitor_id, area FROM service_visit WHERE visitor_id IS NOT NULL")
    assert all(members[row["visitor_id"]] == row["area"] for row in visits)
    assert len(visits) > 20


@pytest.mark.anyio
async def test_officers_go_on_with_what_the_demo_recorded(demo: Demo) -> None:
    officer = f"officer@{PERSONA_VILLAGES[0]}"
    answer = await demo.ask(officer, "{ serviceVisits(first: 1) { nodes { id date type } } }")
    (visit,) = answer["serviceVisits"]["nodes"]
    save = "mutation ($input: ServiceVisitInput!) { saveServiceVisit(input: $input) { outcome userErrors { code } } }"
    again = await demo.ask(officer, save, input=visit)
    assert again["saveServiceVisit"]["outcome"] == "UNCHANGED"
    changed = await demo.ask(officer, save, input=visit | {"result": "Sudah dihubungi lagi."})
    assert changed["saveServiceVisit"] == {"outcome": "ACCEPTED", "userErrors": []}
