"""W6 and W7b, a household submitted: the limit's hand-written transaction that writes the same rows.

One statement writes every table, so it costs one round trip; under row security two more set the caller's areas and
commit.  Numbers are sealed by the same vault.  What the limit leaves out is judging: no rules, no merge, no classes,
and no reading back: it tells what it wrote.  Each workload has the statement that somebody would write for it alone.
Rule: both sides write the same number of rows to the same tables, which `benchmarks.sides` counts before measuring.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from registry.codes import IdentityField
from registry.guard.vault import Vault

Connections = asyncio.LifoQueue[Any]
PLACED = "village_id, area, draft, created_by"
AT = "$2::text::uuid, $3, false, $4::text::uuid"
HOME = f"""sent AS MATERIALIZED (SELECT $1::text::jsonb AS d),
number AS (INSERT INTO household_number (village_id, area, year, last)
  VALUES ($2::text::uuid, $3, extract(year FROM timezone('Asia/Jakarta', now()))::int, 1)
  ON CONFLICT (village_id, year) DO UPDATE SET last = household_number.last + 1 RETURNING year, last),
home AS (INSERT INTO household (id, {PLACED}, household_no, status, hamlet, rt, rw, address, phone, kk_number,
    house_ownership, welfare_decile, visit_result, respondent_name, captured_at, consent_basis, consent_method,
    consent_given_on, guardian_consent, rev, workflow_state, submitted_at, submitted_by_id, submitted_by_name,
    submitted_by_role)
  SELECT r.id, {AT}, $3 || '-' || year || '-' || lpad(last::text, 4, '0'), r.status, r.hamlet, r.rt, r.rw, r.address,
    d -> 'masks' ->> 'phone', d -> 'masks' ->> 'kkNumber', r."houseOwnership", r."welfareDecile", r."visitResult",
    r."respondentName", r."capturedAt", d #>> '{{consent,basis}}', d #>> '{{consent,method}}',
    (d #>> '{{consent,givenOn}}')::date, true, 1, 'SUBMITTED', now(), $4::text::uuid, $5, 'OFFICER'
  FROM number, sent, jsonb_to_record(d) r(id uuid, status text, hamlet text, rt text, rw text, address text,
    "houseOwnership" text, "welfareDecile" int, "visitResult" text, "respondentName" text, "capturedAt" timestamptz)
  ON CONFLICT (id) DO NOTHING RETURNING id, household_no, rev, workflow_state)"""
REST = f"""numbers AS (INSERT INTO identity (id, household_id, {PLACED}, subject_id, field, key_id, sealed, blind)
  SELECT gen_random_uuid(), home.id, {AT}, r.subject_id, r.field, r.key_id, decode(r.sealed, 'base64'),
    decode(r.blind, 'base64')
  FROM home, sent, jsonb_to_recordset(d -> 'sealed')
    r(subject_id uuid, field text, key_id text, sealed text, blind text)),
revised AS (INSERT INTO household_revision (id, household_id, {PLACED}, rev, document)
  SELECT gen_random_uuid(), home.id, {AT}, 1, $1::text::json FROM home),
told AS (INSERT INTO workflow_event (id, household_id, {PLACED}, to_state, rev, actor_id, actor_name, actor_role)
  SELECT gen_random_uuid(), home.id, {AT}, 'SUBMITTED', 1, $4::text::uuid, $5, 'OFFICER' FROM home),
noted AS (INSERT INTO audit_event (actor_id, ability, subject_id, outcome, rev)
  SELECT $4::text::uuid, 'household:submit', home.id, 'ACCEPTED', 1 FROM home)
SELECT (SELECT row_to_json(o) FROM (
  SELECT 'ACCEPTED' AS outcome, (SELECT row_to_json(h) FROM (SELECT id, household_no AS "householdNo", rev,
    workflow_state AS "workflowState") h) AS household, '[]'::json AS "userErrors" FROM home) o)::varchar"""


def _rows(table: str, key: str, sent: str, read: str = "", **more: str) -> str:
    """Insert the rows of one list: the columns as `sent`, and `more` by expressions over these and what is `read`."""
    names = [field.split()[0] for field in sent.split(", ")]
    columns = [re.sub("(?=[A-Z])", "_", name).lower() for name in names]
    fields = re.sub(r"(\w+) ", r'"\1" ', f"{sent}, {read}".strip(", "))
    return f"""{table}_rows AS (INSERT INTO {table} (id, household_id, {PLACED}, {", ".join([*columns, *more])})
  SELECT r.id, home.id, {AT}, {", ".join([*(f'r."{name}"' for name in names), *more.values()])}
  FROM home, sent, jsonb_to_recordset(d -> '{key}') r(id uuid, {fields})
  ON CONFLICT (id) DO NOTHING)"""


PERSON = (
    "seq int, fullName text, sex text, birthDate text, relationToHead text, maritalStatus text, education text, "
    "lifeStatus text, residence text, motherId uuid, fatherId uuid, schoolStatus text, birthCertificate bool"
)
EPISODE = (
    "memberId uuid, stage text, country text, legalCategory text, scheme text, proceduralStatus text, sector text, "
    "occupationGroup text, contractStartsOn text, contractEndsOn text, departedOn text"
)
DERIVED = {"seq": "row_number() OVER ()", "underage_at_departure": "false"}
BUSINESS = "ownerId uuid, field text, status text, startedOn text, workersFamily int"
STARTED = {"scale": "'MICRO'", "export_readiness": "'NONE'", "location_village_id": "$2::text::uuid"}
OWNERS = STARTED | {"owner_category": "'FAMILY_MEMBER'"}
MASK = "d -> 'masks' ->> r.id::text"
OF_FOUR = (
    _rows("member", "members", PERSON, nik=MASK),
    _rows("migration_episode", "migrations", EPISODE, **DERIVED),
    _rows("business", "businesses", BUSINESS, **OWNERS),
)
WHOLE = (
    _rows("member", "members", PERSON, nik=MASK),
    _rows(
        "migration_episode",
        "migrations",
        f"{EPISODE}, returnedOn text, returnReason text, planAfterReturn text",
        "wage jsonb, remittance jsonb",
        **DERIVED,
        passport_no=MASK,
        wage_amount="(r.wage ->> 'amount')::numeric",
        wage_currency="r.wage ->> 'currency'",
        **{f"remittance_{name}": f"r.remittance ->> '{name}'" for name in ("frequency", "band", "channel")},
        remittance_uses="ARRAY(SELECT jsonb_array_elements_text(r.remittance -> 'uses'))",
    ),
    _rows(
        "business",
        "businesses",
        f"{BUSINESS}, name text",
        "annualSales jsonb",
        **OWNERS,
        annual_sales_amount="""(r."annualSales" ->> 'amount')::numeric""",
        annual_sales_currency="""r."annualSales" ->> 'currency'""",
    ),
    _rows(
        "child_care",
        "childCare",
        "childId uuid, caregiver text, caregiverMemberId uuid, needs text[], attendsParenting bool",
    ),
    _rows("pillar_participation", "pillars", "pillar text", "since text", started_on="r.since"),
)
STORES = {"W6": ", ".join(("WITH " + HOME, *OF_FOUR, REST)), "W7b": ", ".join(("WITH " + HOME, *WHOLE, REST))}
"""Workload → its statement."""
BEGIN = (
    "BEGIN READ WRITE; SELECT "
    + ", ".join(f"set_config('app.{s}', '{{0}}', true)" for s in ("write", "read", "submit", "identity", "special"))
    + ", set_config('app.read_from', '{1}', true), set_config('app.read_below', '{2}', true)"
    + ", set_config('app.user', '{3}', true)"
)
TABLES = (
    "household",
    "member",
    "migration_episode",
    "business",
    "pillar_participation",
    "child_care",
    "identity",
    "household_revision",
    "workflow_event",
    "finding",
)
"""The tables with a household's rows; audit_event is counted by its subject."""


def writing(connections: Connections, vault: Vault, store: str, walled: bool) -> Callable[[bytes], Awaitable[bytes]]:
    """The limit's handler: `{"a": [areas, from, below, user, village id, village code, name, document]}`."""

    async def run(body: bytes) -> bytes:
        *settings, village, code, name, home = orjson.loads(body)["a"]
        user = settings[-1]
        _seal(vault, home)
        values = orjson.dumps(home).decode(), village, code, user, name
        connection = await connections.get()
        try:
            if walled:  # both texts are the benchmark's own
                await connection.execute(BEGIN.format(*settings))
            answer: bytes = await connection.fetchval(store, *values)
            if walled:
                await connection.execute("COMMIT")
        except BaseException:
            if walled:
                await connection.execute("ROLLBACK")
            raise
        finally:
            connections.put_nowait(connection)
        return b'{"data":{"submitHousehold":%s}}' % answer

    return run


def _seal(vault: Vault, home: dict[str, Any]) -> None:
    """Masks in place of numbers, and the numbers under seal."""
    plain = [(home["id"], IdentityField.PHONE, home.pop("phone"), "phone")]
    plain.append((home["id"], IdentityField.KK_NUMBER, home.pop("kkNumber"), "kkNumber"))
    plain += [(m["id"], IdentityField.NIK, m.pop("nik"), m["id"]) for m in home["members"]]
    episodes = (episode for episode in home["migrations"] if "passportNo" in episode)
    plain += [(e["id"], IdentityField.PASSPORT, e.pop("passportNo"), e["id"]) for e in episodes]
    home["masks"], home["sealed"] = {}, []
    for subject, field, number, key in plain:
        made = vault.seal(subject, field, number)
        home["masks"][key] = made.mask
        box = {"key_id": made.key_id, "sealed": made.sealed, "blind": made.blind}
        home["sealed"].append({"subject_id": subject, "field": field.value, **box})
