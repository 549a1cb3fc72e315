"""The wall: which rows exist for whom, decided by PostgreSQL for every statement.

One declaration makes all policies and `migrate` applies them again each time, so the database cannot keep an old one.
Rule: every table is declared here, scoped tables have forced row security, and whoever forgets a WHERE reads their own
area and nothing else.  It stops our mistakes, not SQL injection: whoever can send SQL as the login can call
`set_config`, so no SQL is ever made from a caller's text.  Tests: tests/test_wall.py.
"""

from __future__ import annotations

import enum
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass

from auth.area import NATIONAL
from registry import models
from registry.codes import RegionLevel
from registry.figures import cube, kept, ledger, published
from registry.guard import one_way, quota, record_id, sensitive, staff, throttle
from registry.guard.area_tests import UNDRAFTED, in_areas, within
from registry.guard.crossing import NAMING, Crossing
from registry.guard.crossings import CROSSINGS
from registry.guard.sealed import refuse_undeclared
from registry.models import (
    account,
    account_subject,
    agency,
    audit,
    code_version,
    credential,
    device,
    finding,
    household,
    identity,
    record_revision,
    reference,
    region,
    service,
    session,
    signed_report,
    workflow,
)
from registry.models.aggregate import by_itself, record_entries, saved_columns, village_records
from registry.models.household_aggregate import NOUNS, refuse_forgotten
from registry.models.noun import SCHEMA, Noun, table_of

OWNER, LOGIN, CROSSING = "registry_owner", "registry_app", "registry_crossing"
KEEP = "keep"
"""The policy by which the owner of the tables keeps every row."""


class Kind(enum.Enum):
    """Why a table may be read; a table without an area needs one of the reasons below, and they only shrink."""

    SCOPED = "a record of a village: read and written where the caller's grants reach"
    SENSITIVE = "a scoped record whose existence is of a class, and its revisions: of who sees it, or recorded it"
    SEALED = "numbers of the vault: a scoped record, read only where identity numbers are seen"
    COUNTED = "a scoped record that is never a draft"
    HIDDEN = "a ledger of what exists for few: written and read by functions of the database"
    PART = "part of a ledger: written and read through the ledger alone"
    MAP = "the map and code lists: open to every signed-in caller, changed by the owner alone"
    SHOWN = "published numbers: open to every signed-in caller, written by functions of the database"
    MANAGED = "programmes: open to every signed-in caller, written by commands where their ability reaches"
    OWN = "what belongs to an account, as a device: read, and where it says so written, by its holder"
    ACCOUNT = "an account: read by its holder and where its grants are; changed by whoever may give its every grant"
    GRANT = "a grant: read by its holder and where accounts are seen; written where the page lets the caller give it"
    APPENDED = "audit: written by the application, read by nobody through it"
    ENTERED = "ids in use, acts and figures that are counted: written by functions of the database, read by nobody"
    REGISTERED = "keys and operations of service accounts: written by the owner alone, reached through crossings"
    PROOF = "what proves the vault's keys: entered once and read by the application, never changed"


@dataclass(frozen=True)
class Door:
    kind: Kind
    insert: bool = True
    update: tuple[str, ...] = ()  # the columns that may change
    where: str | None = None  # the rows of a MANAGED table that the caller may write
    changes: str | None = None  # the rows of a scoped table that may change at all
    becomes: str = "true"  # what holds of a changed row


for module in pkgutil.iter_modules(models.__path__, f"{models.__name__}."):
    importlib.import_module(module.name)  # a noun that nobody imports would have no door
refuse_forgotten()
refuse_undeclared()
FIXED = ("id", "household_id", "household_no", "lot", "created_at", "created_by")
"""What stays as it was made; who recorded a row decides who sees its protective facts."""


def _scoped_kind(table: str) -> Kind:
    return Kind.SENSITIVE if table in sensitive.kinds() else Kind.SCOPED


DOORS: dict[str, Door] = {
    **{
        table.name: Door(_scoped_kind(table.name), update=tuple(c.name for c in table.columns if c.name not in FIXED))
        for table in map(table_of, NOUNS.values())
    },
    **{
        table_of(noun).name: Door(
            _scoped_kind(table_of(noun).name),
            update=(*saved_columns(by_itself(noun)), "updated_at", "archived_at"),
        )
        for noun in village_records()
    },
    **{
        entry.__tablename__: Door(
            Kind.SCOPED,
            update=(*saved_columns(by_itself(entry.record), entry.__tablename__), "updated_at", "archived_at"),
        )
        for entry in record_entries()
    },
    record_revision.RECORD_REVISION.name: Door(Kind.SENSITIVE),
    workflow.REVISION.name: Door(
        Kind.SCOPED,
        update=("document",),  # to forget the numbers of a household that has left the register
        changes=f"EXISTS (SELECT FROM {SCHEMA}.household h WHERE h.id = household_id AND h.archived_at IS NOT NULL)",
        becomes="document::text !~ '\"key_id\"'",
    ),
    workflow.EVENT.name: Door(Kind.SCOPED),
    workflow.REMARK.name: Door(Kind.SCOPED, update=("resolved_in_rev", "updated_at")),
    finding.FINDING.name: Door(Kind.SCOPED, update=("archived_at", "updated_at")),
    identity.VAULT_CHECK.name: Door(Kind.PROOF),
    identity.IDENTITY.name: Door(Kind.SEALED, update=("key_id", "sealed", "blind", "updated_at", "archived_at")),
    household.HouseholdNumber.__tablename__: Door(Kind.COUNTED, update=("last",)),
    **{
        table.name: Door(Kind.HIDDEN, insert=False) if unit.is_hidden else Door(Kind.COUNTED, update=("until",))
        for unit, table in ledger.LEDGERS.items()
    },
    ledger.FIGURE_DUE.name: Door(Kind.COUNTED),
    **{name: Door(Kind.PART, insert=False) for name in ledger.PARTITIONS},
    signed_report.SIGNED_REPORT.name: Door(Kind.COUNTED),
    **{
        table_of(noun).name: Door(Kind.MAP, insert=False)
        for noun in (
            region.Region,
            region.RegionCodeHistory,
            region.RegionLineage,
            region.RegionList,
            agency.Agency,
            reference.ReferenceList,
            reference.ReferenceCode,
            code_version.CodeVersion,
        )
    },
    **{table.name: Door(Kind.SHOWN, insert=False) for table in (published.PUBLISHED, published.BLOCK_CLOSE)},
    region.PROGRAMME.name: Door(
        Kind.MANAGED,
        update=("code", "name", "agency"),
        where=f"(SELECT {SCHEMA}.areas('programme')) = '{NATIONAL.literal()}'",
    ),
    region.ENROLMENT.name: Door(
        Kind.MANAGED,
        update=("year", "decree", "active"),
        where=f"EXISTS (SELECT FROM {SCHEMA}.region r WHERE r.id = region_id AND r.level = '{RegionLevel.VILLAGE}'"
        f" AND r.code <@ (SELECT {SCHEMA}.areas('programme')))",
    ),
    account.ACCOUNT.name: Door(Kind.ACCOUNT, update=("username", "name", "active", "signed_out_at")),
    account.GRANTS.name: Door(Kind.GRANT, update=("active", "pending", "valid_to", "approved_by")),
    device.DEVICE.name: Door(Kind.OWN, update=("label", "app_version", "last_sync_at", "revoked")),
    session.SESSION.name: Door(
        Kind.OWN, update=("renewed_at", "expires_at", "ended_at", "second_factor", "generation", "token_hash")
    ),
    credential.CREDENTIAL.name: Door(
        Kind.OWN, insert=False, update=("password_hash", "temporary", "valid_until", "changed_at")
    ),
    credential.SECOND_FACTOR.name: Door(Kind.OWN, update=("key_id", "sealed", "last_step", "confirmed_at", "ended_at")),
    credential.RECOVERY_CODE.name: Door(Kind.OWN, update=("used_at",)),
    account_subject.ACCOUNT_SUBJECT.name: Door(Kind.OWN, insert=False),
    service.SERVICE_OPERATION.name: Door(Kind.REGISTERED, insert=False),
    service.SERVICE_KEY.name: Door(Kind.REGISTERED, insert=False),
    audit.AUDIT.name: Door(Kind.APPENDED),
    **{
        table.name: Door(Kind.ENTERED, insert=False)
        for table in (record_id.RECORD_ID, quota.QUOTA, throttle.THROTTLE, cube.FIGURE_CELL, kept.FIGURE)
    },
}
HOLDER = {
    table_of(noun).name: "account_id"
    for noun in (
        device.Device,
        session.Session,
        credential.Credential,
        credential.SecondFactor,
        credential.RecoveryCode,
        account_subject.AccountSubject,
    )
}
"""The column that names who holds a row of kind OWN."""


def policies(table: str, door: Door) -> Iterator[str]:
    """The CREATE POLICY statements of one table.

    The owner keeps every table, because forced row security binds them too: without `keep`, an operator who is no
    superuser could neither load regions nor dump the database."""
    name = f"{SCHEMA}.{table}"
    yield f"CREATE POLICY {KEEP} ON {name} TO {OWNER} USING (true) WITH CHECK (true)"
    if door.kind in (Kind.SCOPED, Kind.SEALED, Kind.COUNTED):
        see = in_areas("read")
        if door.kind is not Kind.COUNTED:
            see += f" AND {UNDRAFTED}"
        if door.kind is Kind.SEALED:
            see += f" AND {within('identity')}"
        yield f"CREATE POLICY see ON {name} FOR SELECT USING ({see})"
        change = f"{within('write')} AND {see}"
        added = f"{change} AND {one_way.ENTERED[table]}" if table in one_way.ENTERED else change
        yield f"CREATE POLICY add ON {name} FOR INSERT WITH CHECK ({added})"
        if door.update:
            before = change if door.changes is None else f"{change} AND {door.changes}"
            yield f"CREATE POLICY change ON {name} FOR UPDATE USING ({before}) WITH CHECK ({change} AND {door.becomes})"
    elif door.kind is Kind.SENSITIVE:
        yield from sensitive.policies(table, updated=bool(door.update))
    elif door.kind in (Kind.MAP, Kind.SHOWN, Kind.MANAGED):
        yield f"CREATE POLICY see ON {name} FOR SELECT USING (true)"
        if door.kind is Kind.MANAGED:
            yield f"CREATE POLICY add ON {name} FOR INSERT WITH CHECK ({door.where})"
            yield f"CREATE POLICY change ON {name} FOR UPDATE USING ({door.where}) WITH CHECK ({door.where})"
    elif door.kind is Kind.OWN:
        mine = f"{HOLDER[table]} = (SELECT {SCHEMA}.me())"
        yield f"CREATE POLICY see ON {name} FOR SELECT USING ({mine})"
        if door.insert:
            added = f"{mine} AND {one_way.ENTERED[table]}" if table in one_way.ENTERED else mine
            yield f"CREATE POLICY add ON {name} FOR INSERT WITH CHECK ({added})"
        if door.update:
            yield f"CREATE POLICY change ON {name} FOR UPDATE USING ({mine}) WITH CHECK ({mine})"
        if table == device.DEVICE.name:
            yield from staff.device_policies()
    elif door.kind in (Kind.ACCOUNT, Kind.GRANT):
        yield from staff.policies(table)
    elif door.kind is Kind.PROOF:
        yield f"CREATE POLICY see ON {name} FOR SELECT USING (true)"
        yield f"CREATE POLICY add ON {name} FOR INSERT WITH CHECK (true)"
    elif door.kind is Kind.APPENDED:
        yield f"CREATE POLICY add ON {name} FOR INSERT WITH CHECK (actor_id = (SELECT {SCHEMA}.me()))"
    if any(table in crossing.reads for crossing in CROSSINGS):
        yield f"CREATE POLICY beyond ON {name} FOR SELECT TO {CROSSING} USING (true)"
    if any(table in crossing.enters for crossing in CROSSINGS):
        yield f"CREATE POLICY enter ON {name} FOR INSERT TO {CROSSING} WITH CHECK (true)"
    if any(table in crossing.changes for crossing in CROSSINGS):
        yield f"CREATE POLICY count ON {name} FOR UPDATE TO {CROSSING} USING (true) WITH CHECK (true)"
    if any(table in crossing.removes for crossing in CROSSINGS):
        yield f"CREATE POLICY forget ON {name} FOR DELETE TO {CROSSING} USING (true)"


def privileges(table: str, door: Door) -> Iterator[str]:
    """The REVOKE and GRANT statements of one table."""
    name = f"{SCHEMA}.{table}"
    yield f"REVOKE ALL ON {name} FROM PUBLIC, {LOGIN}, {CROSSING}"
    if door.kind not in (Kind.APPENDED, Kind.ENTERED, Kind.REGISTERED, Kind.HIDDEN, Kind.PART):
        yield f"GRANT SELECT ON {name} TO {LOGIN}"
    if door.insert:
        yield f"GRANT INSERT ON {name} TO {LOGIN}"
    if door.update:
        yield f"GRANT UPDATE ({', '.join(door.update)}) ON {name} TO {LOGIN}"
    if any(table in crossing.reads for crossing in CROSSINGS):
        yield f"GRANT SELECT ON {name} TO {CROSSING}"
    if any(table in crossing.enters for crossing in CROSSINGS):
        yield f"GRANT INSERT ON {name} TO {CROSSING}"
    if any(table in crossing.changes for crossing in CROSSINGS):
        yield f"GRANT UPDATE ON {name} TO {CROSSING}"
    if any(table in crossing.removes for crossing in CROSSINGS):
        yield f"GRANT DELETE ON {name} TO {CROSSING}"


def _function(crossing: Crossing) -> Iterator[str]:
    signature = f"{SCHEMA}.{crossing.name}({', '.join(kind for _, kind in crossing.arguments)})"
    arguments = ", ".join(f"{name} {kind}" for name, kind in crossing.arguments)
    yield (
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.{crossing.name}({arguments}) RETURNS {crossing.returns}"
        f" LANGUAGE {crossing.language} SECURITY DEFINER SET search_path = {SCHEMA}, pg_temp SET row_security = on"
        f" AS $body$ {crossing.body} $body$"
    )
    yield f"ALTER FUNCTION {signature} OWNER TO {CROSSING}"
    yield f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION {signature} TO {LOGIN}, {OWNER}"


def statements(existing: list[tuple[str, str]], crossings: list[str]) -> Iterator[str]:
    """Everything that `migrate` applies after the versions, in place of the `existing` (table, policy) pairs and of the
    functions that cross now, each named with its arguments."""
    declared, existing_tables = set(DOORS), {*ledger.PARTITIONS, *(t.name for t in Noun.metadata.tables.values())}
    if declared != existing_tables:
        raise RuntimeError(
            f"tables and registry/guard/wall.py differ: {sorted(declared ^ existing_tables)}: give each table a Door"
        )
    yield f"GRANT USAGE ON SCHEMA {SCHEMA} TO {LOGIN}, {CROSSING}"
    yield f"GRANT CREATE ON SCHEMA {SCHEMA} TO {CROSSING}"
    for table, policy in existing:
        yield f"DROP POLICY {policy} ON {SCHEMA}.{table}"
    for table in DOORS:
        for trigger in (*record_id.TRIGGERS, one_way.TRIGGER):
            yield f"DROP TRIGGER IF EXISTS {trigger} ON {SCHEMA}.{table}"
    for signature in crossings:
        yield f"DROP FUNCTION {signature}"
    for crossing in CROSSINGS:  # before the policies, some of which call them
        yield from _function(crossing)
    yield from one_way.functions(OWNER)
    for table, door in DOORS.items():
        yield f"ALTER TABLE {SCHEMA}.{table} ENABLE ROW LEVEL SECURITY"
        yield f"ALTER TABLE {SCHEMA}.{table} FORCE ROW LEVEL SECURITY"
        yield from policies(table, door)
        yield from privileges(table, door)
    yield from record_id.triggers(NAMING.name)
    yield from one_way.triggers(LOGIN)
    yield f"REVOKE CREATE ON SCHEMA {SCHEMA} FROM {CROSSING}"
