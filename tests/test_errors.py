"""Errors: every code is reached, in both languages, and no answer repeats a sent or stored value."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from auth.errors import AccessError
from schema import errors
from tests.village import (
    FAR,
    HERE,
    NEXT_DOOR,
    RETURN,
    REVEAL,
    SPLIT,
    SUBMIT,
    VERIFY,
    Place,
    household,
    person,
    served_with,
    shop,
    with_changes,
)

pytestmark = pytest.mark.anyio
MARK = "9907116304850017"  # a NIK typed in the wrong place


def with_value(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a document with `value` at `members.0.nik`."""
    changed = with_changes(document)
    here: Any = changed
    *way, last = path.split(".")
    for step in way:
        here = here[int(step)] if step.isdigit() else here.setdefault(step, {})
    here[int(last) if last.isdigit() else last] = value
    return changed


# --- wrong input --------------------------------------------------------------------------------------------------

MISTYPED: list[tuple[str, Any]] = [
    (MARK, "x"),
    ("members.0." + MARK, "x"),
    ("members.0.nikk", MARK),
    ("members.0.sex", MARK),
    ("members.0.seq", MARK),
    ("members.0.seq", int(MARK)),
    ("members.0.nik", int(MARK)),
    ("members.0.nik", [MARK]),
    ("members.0.nik", {"value": MARK}),
    ("members.0.birthDate", MARK),
    ("members.0", MARK),
    ("members.0", None),
    ("members.0.id", None),
    ("members.0.removed", MARK),
    ("members", {"id": MARK, MARK: 1}),
    ("migrations.0.country", MARK),
    ("migrations.0.departedOn", MARK),
    ("migrations.0.wage", {"amount": MARK + MARK, "currency": "IDR"}),
    ("migrations.0.wage", {"amount": "5", "currency": MARK}),
    ("migrations.0.wage", {"amount": "5"}),
    ("migrations.0.wage", {"amount": None, "currency": "IDR"}),
    ("migrations.0.memberId", None),
    ("location", {"latitude": MARK, "longitude": 0}),
    ("capturedAt", MARK),
    ("villageCode", MARK),
    ("villageCode", "3507112008"),
    ("consent.basis", MARK),
    ("consent", MARK),
    ("welfareDecile", 1.5),
    ("receivesPkh", MARK),
    ("phone", True),
]


@pytest.mark.parametrize(("path", "value"), MISTYPED, ids=[f"{p}={v!r}"[:60] for p, v in MISTYPED])
async def test_a_malformed_value_is_named_and_not_repeated(village: Place, path: str, value: Any) -> None:
    document = with_value(household(), path, value)
    for language in ("id", "en"):
        answer = await village.query("officer", SUBMIT, language, household=document)
        if answer.errors:
            assert set(answer.codes) == {"BAD_USER_INPUT"}
        else:  # only the rules can judge these
            assert answer.data["submitHousehold"]["outcome"] == "REJECTED"
        assert MARK.encode() not in answer.body
        assert b"3507112008" not in answer.body
        starts = ("Variable ", "Every ") if language == "en" else ("Variabel ", "Setiap ")
        assert all(error["message"].startswith(starts) for error in answer.errors)


INLINE = [
    f'{{ households(first: "{MARK}") {{ totalCount }} }}',
    f"{{ households(first: {MARK}) {{ totalCount }} }}",
    f'{{ household(by: {{id: "{MARK}", householdNo: "{MARK}"}}) {{ id }} }}',
    f'{{ household(by: {{nik: "{MARK}"}}) {{ id }} }}',
    f'{{ household(by: "{MARK}") {{ id }} }}',
    f'{{ region(code: "{MARK}") {{ id }} }}',
    f'{{ households(after: "{MARK}") {{ totalCount }} }}',
    f'{{ regions(orderBy: {{field: X, direction: "{MARK}"}}) {{ totalCount }} }}',
    f'{{ households(first: 1, first: "{MARK}") {{ totalCount }} }}',
    f'{{ viewer {{ name(x: "{MARK}") }} }}',
    f'{{ "{MARK}" }}',
    f"{{ viewer {{ name }} # {MARK}\n",
    f'query($a: Int = "{MARK}") {{ households(first: $a) {{ totalCount }} }}',
    f'{{ viewer @skip(if: "{MARK}") {{ name }} }}',
    f'{{ viewer @include(unless: "{MARK}") {{ name }} }}',
    f'mutation {{ submitHousehold(input: {{household: {{id: "{MARK}"}}}}) {{ outcome }} }}',
    f"mutation {{ submitHousehold(input: {{household: {{id: 1, members: [{{nik: {MARK}}}]}}}}) {{ outcome }} }}",
    f'mutation {{ verifyHouseholds(input: {{items: [{{id: "{MARK}", rev: 1}}]}}) {{ results {{ id }} }} }}',
]


@pytest.mark.parametrize("text", INLINE, ids=lambda text: text.replace(MARK, "MARK")[:60])
async def test_a_wrong_value_in_the_document_is_not_repeated(village: Place, text: str) -> None:
    for who in ("officer", "verifier"):
        for language in ("id", "en"):
            answer = await village.query(who, text, language)
            assert set(answer.codes) <= {
                "BAD_USER_INPUT",
                "GRAPHQL_VALIDATION_FAILED",
                "GRAPHQL_PARSE_FAILED",
                "FORBIDDEN",
            }
            assert answer.codes
            assert MARK.encode() not in answer.body


async def test_names_are_suggested_only_if_the_schema_may_be_read(village: Place) -> None:
    for text, name in (
        ("{ viewr { name } }", "viewer"),
        ("{ viewer { nam } }", "name"),
        ("{ households(frst: 1) { totalCount } }", "first"),
        ("{ household(by: {idd: 1}) { id } }", "id"),
        ("query($x: HouseholdInpt) { viewer { name } }", "HouseholdInput"),
        ("{ node(id: 1) { ... on Housold { id } } }", "Household"),
        ("{ regions(orderBy: {field: NAMEE}) { totalCount } }", "NAME"),
    ):
        answer = await village.query("officer", text, "id")
        assert set(answer.codes) == {"GRAPHQL_VALIDATION_FAILED"}
        assert any("Did you mean" in e["message"] and f"'{name}'" in e["message"] for e in answer.errors), answer.errors
        assert all(error["locations"] for error in answer.errors)
        async with served_with(village, introspection=False) as closed:
            refused = await closed.query("officer", text, "id")
        assert refused.codes == answer.codes
        assert b"Did you mean" not in refused.body
        assert b"mungkin" not in refused.body


async def test_a_missing_or_null_variable_is_refused(village: Place) -> None:
    text = "query($by: HouseholdKey!, $n: Int) { household(by: $by) { id } households(first: $n) { totalCount } }"
    for by in (None, {}, {"id": None}, {"id": "a", "householdNo": "b"}, {"id": None, "householdNo": "b"}, {"x": MARK}):
        answer = await village.query("officer", text, by=by)
        assert answer.codes == ["BAD_USER_INPUT"], by
        assert MARK.encode() not in answer.body
    assert (await village.query("officer", text)).codes == ["BAD_USER_INPUT"]


# --- refused commands ---------------------------------------------------------------------------------------------


async def test_problems_of_a_command_hold_no_value(village: Place) -> None:
    """Each document is wrong at a place with a typed number or name; the answer names only the place."""
    other, secret = await village.new_household("SUBMITTED"), "Suwarno Rahasia"
    base = household(
        people=2, phone="0812-7777-6666", kkNumber="9907112304100099", address=secret, kkMissingReason=None
    )
    base["members"][0] |= {"fullName": secret}
    wrong: dict[str, dict[str, Any]] = {
        "NIK_INVALID_DATE": with_value(base, "members.0.nik", "3507113102850001"),
        "NIK_FORMAT": with_value(base, "members.0.nik", MARK + "1"),
        "NIK_DUPLICATE_IN_HOUSEHOLD": with_value(base, "members.1.nik", base["members"][0]["nik"]),
        "HEAD_NOT_UNIQUE": with_value(base, "members.1.relationToHead", "HEAD"),
        "HEAD_REQUIRED": with_value(base, "members.0.relationToHead", "OTHER"),
        "PHONE_FORMAT": with_value(base, "phone", MARK),
        "KK_FORMAT": with_value(base, "kkNumber", "12345678"),
        "NOT_FOUND": with_value(base, "migrations.0.memberId", other["members"][0]["id"]),
        "OWNER_NOT_MEMBER": with_value(base, "businesses", [shop({"id": other["members"][0]["id"]})]),
        "OUT_OF_SCOPE": with_value(base, "villageCode", NEXT_DOOR),
        "REGION_UNKNOWN": with_value(base, "villageCode", "35.07.11.2777"),
        "REGION_NOT_VILLAGE": with_value(base, "villageCode", "35.07"),
        "REGION_CODE_AMBIGUOUS": with_value(base, "villageCode", SPLIT),
        "ID_TAKEN": with_value(base, "members.1", person(2, id=other["members"][0]["id"])),
        "BIRTH_DATE_FUTURE": with_value(base, "members.0.birthDate", "2093-05-06"),
        "UNKNOWN_VALUE": with_value(base, "welfareDecile", 77),
        "AMOUNT_NEGATIVE": with_value(
            base, "businesses", [shop(base["members"][0], capital={"amount": "-7654321", "currency": "IDR"})]
        ),
    }
    hidden = ["0812", "+6281", "99071", secret, "350711", "12345678", "2093", "7654321", "35.07.11.2777", NEXT_DOOR]
    for code, document in wrong.items():
        for language in ("id", "en"):
            answer = await village.query("officer", SUBMIT, language, household=document)
            payload = answer.data["submitHousehold"]
            assert payload["outcome"] == "REJECTED"
            assert code in [e["code"] for e in payload["userErrors"]], (code, payload)
            data = str(answer.json["data"])  # without the request's id, which is random and may hold any four digits
            assert not [value for value in (*hidden, *(m["nik"] for m in document["members"])) if value in data], code
            assert other["members"][0]["id"] not in data


async def test_messages_follow_the_language_of_the_request(village: Place) -> None:
    ask = {"household": household(NEXT_DOOR)}
    for header, word in (
        ("id", "wilayah kerja"),
        ("en", "outside your area"),
        ("en-GB,id;q=0.5", "outside your area"),
        ("id,en;q=0.9", "wilayah kerja"),
        ("fr, en;q=0.1", "outside your area"),
        ("fr", "wilayah kerja"),
        ("", "wilayah kerja"),
        ("*;q=;;,", "wilayah kerja"),
    ):
        answer = await village.query("officer", SUBMIT, header, **ask)
        assert word in answer.data["submitHousehold"]["userErrors"][0]["message"], header
    for language, word in (("id", "masuk kembali"), ("en", "sign in")):
        assert word in (await village.query(None, "{ viewer { name } }", language)).errors[0]["message"]
    for language, word in (("id", "Penugasan"), ("en", "grants")):
        refused = await village.query("viewer", SUBMIT, language, **ask)
        assert word in refused.errors[0]["message"]


async def test_findings_follow_the_language_of_the_reader(village: Place) -> None:
    document = household()
    document["members"][0]["birthDate"] = "1985-04-24"
    await village.submit("officer", document)
    text = "query($id: ID!) { household(by: {id: $id}) { findings { message } } }"
    for language, word in (("id", "Tanggal lahir"), ("en", "birth date")):
        answer = (await village.query("officer", text, language, id=document["id"])).data
        assert word in answer["household"]["findings"][0]["message"]


# --- every code ---------------------------------------------------------------------------------------------------


async def test_every_error_code_is_reached(village: Place) -> None:
    """Every code of the error tree, each by a request that causes it."""
    reached: dict[str, tuple[int, str | None]] = {}

    async def ask(text: str, who: str | None = "officer", place: Place = village, **variables: Any) -> None:
        answer = await place.query(who, text, **variables)
        for code in answer.codes:
            reached[code] = (answer.status, answer.headers.get("retry-after"))

    await ask("")
    await ask("{")
    await ask("{ nobody }")
    await ask("{ households(first: 0) { totalCount } }")
    await ask("{ households(first: 1001) { totalCount } }")
    await ask("{ regions(first: 1000) { nodes { households(first: 1000) { nodes { id } } } } }")
    await ask("{ viewer { name } }", None)
    await ask("{ households { totalCount } }", "auditor")
    answer = await village.send("GET", params={"documentId": f"sha256:{'0' * 64}"}, headers=village.bearer("officer"))
    reached[answer.codes[0]] = (answer.status, None)
    for method, headers in (
        ("PUT", {}),
        ("POST", {"accept": "text/html"}),
        ("POST", {"content-type": "text/plain"}),
    ):
        answer = await village.send(method, content=b"{}", headers=village.bearer("officer") | headers)
        reached[answer.codes[0]] = (answer.status, None)
    answer = await village.send("GET", "/nowhere")
    reached[answer.codes[0]] = (answer.status, None)
    async with served_with(village, max_body_bytes=10) as small:
        await ask("{ viewer { name } }", place=small)
    async with served_with(village, pool_size=1, statement_timeout_ms=400) as slow:
        async with village.admin.transaction():
            await village.admin.execute("LOCK TABLE household IN ACCESS EXCLUSIVE MODE")
            await ask("{ households { totalCount } }", place=slow)
        async with slow.database.write(await village.principal("officer"), "submit"):
            await ask("{ viewer { name } }", place=slow)
    await village.admin.execute("ALTER TABLE village_enrolment RENAME TO gone")
    try:
        await ask(f'{{ region(code: "{HERE}") {{ ... on Village {{ enrolments {{ year }} }} }} }}')
    finally:
        await village.admin.execute("ALTER TABLE gone RENAME TO village_enrolment")

    assert reached == {
        "BAD_REQUEST": (400, None),
        "GRAPHQL_PARSE_FAILED": (200, None),
        "GRAPHQL_VALIDATION_FAILED": (200, None),
        "BAD_USER_INPUT": (200, None),
        "PAGE_TOO_LARGE": (200, None),
        "PERSISTED_QUERY_NOT_FOUND": (200, None),
        "QUERY_TOO_COMPLEX": (200, None),
        "UNAUTHENTICATED": (401, None),
        "FORBIDDEN": (200, None),
        "NOT_FOUND": (404, None),
        "METHOD_NOT_ALLOWED": (405, None),
        "NOT_ACCEPTABLE": (406, None),
        "UNSUPPORTED_MEDIA_TYPE": (415, None),
        "PAYLOAD_TOO_LARGE": (413, None),
        "TIMEOUT": (200, None),
        "OVERLOADED": (503, "5"),
        "INTERNAL": (200, None),
    }
    tree: list[type[Any]] = [errors.RequestError, *errors.RequestError.__subclasses__(), *AccessError.__subclasses__()]
    elsewhere = {  # tests/test_headers.py, test_registered.py, test_refresh.py and test_second_factor.py
        "RATE_LIMITED",
        "OPERATION_NOT_REGISTERED",
        "PASSWORD_CHANGE_REQUIRED",
        "SECOND_FACTOR_REQUIRED",
    }
    assert {kind.code for kind in tree} - elsewhere <= set(reached)


async def test_an_internal_error_shows_an_id_and_only_the_log_has_details(
    village: Place, caplog: pytest.LogCaptureFixture
) -> None:
    document = await village.new_household("SUBMITTED")
    await village.admin.execute("ALTER TABLE remark RENAME TO gone")
    try:
        text = "query($id: ID!) { household(by: {id: $id}) { address remarks { text } } viewer { name } }"
        answer = await village.query("officer", text, id=document["id"])
    finally:
        await village.admin.execute("ALTER TABLE gone RENAME TO remark")
    assert answer.json["data"] == {"household": None, "viewer": {"name": "officer"}}
    (error,) = answer.errors
    assert error["extensions"] == {"code": "INTERNAL", "errorId": answer.json["extensions"]["requestId"]}
    for word in (b"remark", b"relation", b"Undefined", b"SELECT"):
        assert word not in answer.body.replace(b'"path":["household"]', b"")
    assert error["extensions"]["errorId"] in caplog.text
    assert document["address"] not in caplog.text
    assert document["id"] not in caplog.text


async def test_a_failed_command_is_rolled_back_and_can_be_sent_again(village: Place) -> None:
    document = household()
    await village.admin.execute("ALTER TABLE workflow_event RENAME TO gone")
    try:
        answer = await village.query("officer", SUBMIT, household=document)
    finally:
        await village.admin.execute("ALTER TABLE gone RENAME TO workflow_event")
    assert answer.codes == ["INTERNAL"]
    assert await village.admin.fetchval("SELECT count(*) FROM household WHERE id = $1", uuid.UUID(document["id"])) == 0
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"


# --- absent, deleted, hidden --------------------------------------------------------------------------------------


async def test_absent_and_hidden_records_give_equal_bytes(village: Place) -> None:
    hidden = household(FAR)
    await village.submit("stranger", hidden)
    draft = await village.new_household("DRAFT")
    look = "query($id: ID!) { node(id: $id) { id } household(by: {id: $id}) { id } }"
    distinct = set()
    for id_ in (hidden["id"], draft["id"], str(uuid.uuid4())):
        bodies = [
            (await village.query("coordinator", look, id=id_)).body,
            (await village.query("coordinator", VERIFY, items=[{"id": id_, "rev": 1}])).body,
            (await village.query("coordinator", RETURN, id=id_, rev=1, remarks=[{"path": [], "text": "x"}])).body,
            (await village.query("coordinator", REVEAL, id=id_, field="PHONE", purpose="VERIFICATION")).body,
        ]
        distinct.add(tuple(b.split(b',"extensions":{"requestId"')[0].replace(id_.encode(), b"") for b in bodies))
    assert len(distinct) == 1
