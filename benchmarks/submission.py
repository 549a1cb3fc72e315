"""W6, a household of four submitted: the document, and the limit's hand-written transaction that writes the same rows.

One statement writes every table, so it costs one round trip; under row security two more set the caller's areas and
commit.  Numbers are sealed by the same vault.  What the limit leaves out is judging: no rules, no merge, no classes,
and no reading back: it tells what it wrote.
Rule: both sides write the same number of rows to the same tables, which `benchmarks.sides` counts before measuring.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from registry.codes import IdentityField
from registry.guard.vault import Vault

Connections = asyncio.LifoQueue[Any]
MUTATION = """mutation W6($input: SubmitHouseholdInput!) { submitHousehold(input: $input) {
  outcome household { id householdNo rev workflowState } userErrors { code } } }"""
NEW, SERIAL = "@@@@new@@@@@", "@ser"
"""In a document, and as long as what takes their place: twelve hexadecimal digits that no other has, four decimal."""
PREFIX = "be7c40"
"""The ids of submitted households begin so, which tells them from the country's own."""


def identifier(kind: int) -> str:
    return f"{PREFIX}{kind:02x}-0000-4000-8000-{NEW}"


def document(village: str) -> dict[str, Any]:
    """`HouseholdInput` of a household that breaks no rule."""
    home, head, wife, *children = (identifier(kind) for kind in range(5))
    person = {"lifeStatus": "ALIVE", "residence": "HOME", "education": "PRIMARY"}
    young: dict[str, Any] = {
        **person,
        "relationToHead": "CHILD",
        "maritalStatus": "NEVER_MARRIED",
        "motherId": wife,
        "fatherId": head,
        "schoolStatus": "ATTENDING",
        "birthCertificate": True,
    }
    couple = {**person, "maritalStatus": "MARRIED"}
    members = [
        {"id": head, "fullName": "Suwarno", "nik": f"993507230485{SERIAL}", "sex": "MALE", "birthDate": "1985-04-23"}
        | couple
        | {"relationToHead": "HEAD", "residence": "ABROAD"},
        {
            "id": wife,
            "fullName": "Siti Aminah",
            "nik": f"993507630488{SERIAL}",
            "sex": "FEMALE",
            "birthDate": "1988-04-23",
        }
        | couple
        | {"relationToHead": "WIFE"},
        {"id": children[0], "fullName": "Adi", "nik": f"993507140612{SERIAL}", "sex": "MALE", "birthDate": "2012-06-14"}
        | young,
        {
            "id": children[1],
            "fullName": "Rina",
            "nik": f"993507540615{SERIAL}",
            "sex": "FEMALE",
            "birthDate": "2015-06-14",
        }
        | young,
    ]
    return {
        "id": home,
        "villageCode": village,
        "status": "ACTIVE",
        "hamlet": "Krajan",
        "rt": "003",
        "rw": "012",
        "address": "Krajan RT 003 RW 012",
        "phone": f"+6284000000{SERIAL}",
        "kkNumber": f"993507010119{SERIAL}",
        "houseOwnership": "OWNED",
        "welfareDecile": 3,
        "visitResult": "COMPLETE",
        "respondentName": "Siti Aminah",
        "capturedAt": "2026-01-05T02:59:00.000Z",
        "consent": {"basis": "CONSENT", "method": "SIGNATURE", "givenOn": "2026-01-05", "guardianConsent": True},
        "members": [{"seq": seq, **member} for seq, member in enumerate(members, 1)],
        "migrations": [
            {
                "id": identifier(5),
                "memberId": head,
                "stage": "WORKING_ABROAD",
                "country": "TW",
                "legalCategory": "LEGAL_ENTITY_EMPLOYER",
                "scheme": "PRIVATE_TO_PRIVATE",
                "proceduralStatus": "PROCEDURAL",
                "sector": "FORMAL",
                "occupationGroup": "FACTORY_WORKER",
                "contractStartsOn": "2024-02",
                "contractEndsOn": "2027-02",
                "departedOn": "2024-02-11",
            }
        ],
        "businesses": [
            {
                "id": identifier(6),
                "ownerId": wife,
                "field": "RETAIL",
                "status": "RUNNING",
                "startedOn": "2019",
                "workersFamily": 1,
            }
        ],
    }


PLACED = "village_id, area, draft, created_by"
AT = "$2::text::uuid, $3, false, $4::text::uuid"
STORE = f"""
WITH sent AS MATERIALIZED (SELECT $1::text::jsonb AS d),
number AS (INSERT INTO household_number (village_id, area, year, last)
  VALUES ($2::text::uuid, $3, extract(year FROM timezone('Asia/Jakarta', now()))::int, 1)
  ON CONFLICT (village_id, year) DO UPDATE SET last = household_number.last + 1 RETURNING year, last),
home AS (INSERT INTO household (id, {PLACED}, household_no, status, hamlet, rt, rw, address, phone, kk_number,
    house_ownership, welfare_decile, visit_result, respondent_name, captured_at, consent_basis, consent_method,
    consent_given_on, guardian_consent, rev, workflow_state, submitted_at, submitted_by_id, submitted_by_name,
    submitted_by_role)
  SELECT r.id, {AT}, $3 || '-' || year || '-' || lpad(last::text, 4, '0'), r.status, r.hamlet, r.rt, r.rw, r.address,
    d #>> '{{masks,phone}}', d #>> '{{masks,kkNumber}}', r."houseOwnership", r."welfareDecile", r."visitResult",
    r."respondentName", r."capturedAt", d #>> '{{consent,basis}}', d #>> '{{consent,method}}',
    (d #>> '{{consent,givenOn}}')::date, true, 1, 'SUBMITTED', now(), $4::text::uuid, $5, 'OFFICER'
  FROM number, sent, jsonb_to_record(d) r(id uuid, status text, hamlet text, rt text, rw text, address text,
    "houseOwnership" text, "welfareDecile" int, "visitResult" text, "respondentName" text, "capturedAt" timestamptz)
  ON CONFLICT (id) DO NOTHING RETURNING id, household_no, rev, workflow_state),
people AS (INSERT INTO member (id, household_id, {PLACED}, seq, full_name, nik, sex, birth_date, relation_to_head,
    marital_status, education, life_status, residence, mother_id, father_id, school_status, birth_certificate)
  SELECT r.id, home.id, {AT}, r.seq, r."fullName", d -> 'masks' ->> r.id::text, r.sex, r."birthDate",
    r."relationToHead", r."maritalStatus", r.education, r."lifeStatus", r.residence, r."motherId", r."fatherId",
    r."schoolStatus", r."birthCertificate"
  FROM home, sent, jsonb_to_recordset(d -> 'members') r(id uuid, seq int, "fullName" text, sex text, "birthDate" text,
    "relationToHead" text, "maritalStatus" text, education text, "lifeStatus" text, residence text, "motherId" uuid,
    "fatherId" uuid, "schoolStatus" text, "birthCertificate" bool) ON CONFLICT (id) DO NOTHING),
episodes AS (INSERT INTO migration_episode (id, household_id, {PLACED}, member_id, seq, stage, country, legal_category,
    scheme, procedural_status, sector, occupation_group, contract_starts_on, contract_ends_on, departed_on,
    underage_at_departure)
  SELECT r.id, home.id, {AT}, r."memberId", 1, r.stage, r.country, r."legalCategory", r.scheme, r."proceduralStatus",
    r.sector, r."occupationGroup", r."contractStartsOn", r."contractEndsOn", r."departedOn", false
  FROM home, sent, jsonb_to_recordset(d -> 'migrations') r(id uuid, "memberId" uuid, stage text, country text,
    "legalCategory" text, scheme text, "proceduralStatus" text, sector text, "occupationGroup" text,
    "contractStartsOn" text, "contractEndsOn" text, "departedOn" text) ON CONFLICT (id) DO NOTHING),
trades AS (INSERT INTO business (id, household_id, {PLACED}, owner_id, owner_category, field, status, started_on,
    workers_family, scale, export_readiness, location_village_id)
  SELECT r.id, home.id, {AT}, r."ownerId", 'FAMILY_MEMBER', r.field, r.status, r."startedOn", r."workersFamily",
    'MICRO', 'NONE', $2::text::uuid
  FROM home, sent, jsonb_to_recordset(d -> 'businesses') r(id uuid, "ownerId" uuid, field text, status text,
    "startedOn" text, "workersFamily" int) ON CONFLICT (id) DO NOTHING),
numbers AS (INSERT INTO identity (id, household_id, {PLACED}, subject_id, field, key_id, sealed, blind)
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
    workflow_state AS "workflowState") h) AS household, '[]'::json AS "userErrors" FROM home) o)::varchar
"""
BEGIN = (
    "BEGIN READ WRITE; SELECT "
    + ", ".join(f"set_config('app.{s}', '{{0}}', true)" for s in ("write", "read", "submit", "identity"))
    + ", set_config('app.read_from', '{1}', true), set_config('app.read_below', '{2}', true)"
    + ", set_config('app.user', '{3}', true)"
)
TABLES = (
    "household",
    "member",
    "migration_episode",
    "business",
    "identity",
    "household_revision",
    "workflow_event",
    "finding",
)
"""The tables with a household's rows; audit_event is counted by its subject."""


def writing(connections: Connections, vault: Vault, walled: bool) -> Callable[[bytes], Awaitable[bytes]]:
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
            answer: bytes = await connection.fetchval(STORE, *values)
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
    home["masks"], home["sealed"] = {}, []
    for subject, field, number, key in plain:
        made = vault.seal(subject, field, number)
        home["masks"][key] = made.mask
        box = {"key_id": made.key_id, "sealed": made.sealed, "blind": made.blind}
        home["sealed"].append({"subject_id": subject, "field": field.value, **box})
