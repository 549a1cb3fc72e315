"""Hostile input: every request gets a clear, coded answer in bounded time, and others are answered meanwhile."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson
import pytest

from tests.village import FAR, HERE, Answer, Place, household

pytestmark = pytest.mark.anyio
BOUND = 10.0  # seconds; a bound for a hang, not a claim about speed
TOO_MUCH, INPUT, PARSE, INVALID, BAD = (
    "QUERY_TOO_COMPLEX",
    "BAD_USER_INPUT",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_REQUEST",
)
COUNT = "query($f: HouseholdFilter) { households(filter: $f) { totalCount } }"
PEOPLE = "query($f: MemberFilter) { members(filter: $f) { totalCount } }"
NAMED = "query($s: String) { members(search: $s) { totalCount } businesses(search: $s) { totalCount } }"
SIZED = "query($n: Int) { households(first: $n) { totalCount } }"
CHANGED = "query($t: DateTime) { households(filter: {updatedAt: {lte: $t}}) { totalCount } }"
BORN = "query($d: Date) { members(filter: {birthDate: {gte: $d}}) { totalCount } }"


def nested(levels: int, before: str = '{"not": ', after: str = "}") -> str:
    """The variables of COUNT as JSON, with a filter of this depth."""
    return f'{{"f": {before * levels}{{}}{after * levels}}}'


def body(query: str, **variables: Any) -> bytes:
    return orjson.dumps({"query": query, "variables": variables})


def raw(variables: str, query: str = SIZED) -> bytes:
    """A body with these variables, given as JSON."""
    return b'{"query": %b, "variables": %b}' % (orjson.dumps(query), variables.encode())


async def checked_answer(village: Place, content: bytes, who: str = "coordinator") -> Answer:
    """The answer to a body, checked like every answer must be, while another caller is answered too."""
    headers = village.bearer(who) | {"content-type": "application/json"}
    began = time.process_time()
    answer, neighbour = await asyncio.gather(
        village.send("POST", content=content, headers=headers), village.query("officer", "{ viewer { name } }")
    )
    assert neighbour.data == {"viewer": {"name": "officer"}}
    assert time.process_time() - began < BOUND
    assert answer.status < 500, answer.body[:500]
    assert "INTERNAL" not in answer.codes
    assert len(answer.errors) <= 20
    assert all(error["message"] and len(error["message"]) < 400 for error in answer.errors)
    return answer


REFUSED: dict[str, tuple[bytes, set[str]]] = {
    "10,000 aliases": (
        body("{ households { nodes { " + " ".join(f"a{n}: id" for n in range(10_000)) + " } } }"),
        {TOO_MUCH},
    ),
    "1,500 aliases": (
        body("{ households { nodes { " + " ".join(f"a{n}: id" for n in range(1_500)) + " } } }"),
        {TOO_MUCH},
    ),
    "aliases of roots": (body("{ " + " ".join(f"a{n}: __typename" for n in range(1_600)) + " }"), {TOO_MUCH}),
    "depth 100": (
        body("{ members { nodes { " + "household { members { " * 50 + "id" + " } }" * 50 + " } } }"),
        {TOO_MUCH},
    ),
    "depth 1,200": (
        body("{ members { nodes { " + "household { head { " * 600 + "id" + " } }" * 600 + " } } }"),
        {PARSE},
    ),
    "brackets": (
        body("{ households(filter: {or: " + "[" * 2_000 + "]" * 2_000 + "}) { totalCount } }"),
        {TOO_MUCH, PARSE},
    ),
    "a literal filter of depth 100": (
        body("{ households(filter: " + "{not: " * 100 + "{}" + "}" * 100 + ") { totalCount } }"),
        {TOO_MUCH},
    ),
    "a literal filter of depth 1,000": (
        body("{ households(filter: " + "{not: " * 1_000 + "{}" + "}" * 1_000 + ") { totalCount } }"),
        {PARSE},
    ),
    "filter depth 100": (raw(nested(100), COUNT), {TOO_MUCH}),
    "filter depth 100 of lists": (raw(nested(100, '{"or": [', "]}"), COUNT), {TOO_MUCH}),
    "filter depth 490": (raw(nested(490, '{"and": [', "]}"), COUNT), {TOO_MUCH, INPUT}),
    "filter depth 900": (raw(nested(900), COUNT), {TOO_MUCH, INPUT, BAD}),
    "filter depth 100,000": (raw(nested(100_000), COUNT), {BAD}),
    "5,000 conditions": (body(COUNT, f={"or": [{"status": ["ACTIVE"]}] * 5_000}), {TOO_MUCH}),
    "5,000 conditions in and of or": (body(COUNT, f={"and": [{"or": [{"rt": None}]}] * 5_000}), {TOO_MUCH, INPUT}),
    "5,000 faults": (body(COUNT, f={"or": [{"status": ["NO_SUCH"], "x": 1}] * 5_000}), {INPUT}),
    "a very long search": (body(NAMED, s="siti " * 20_000), {TOO_MUCH}),
    "a very long word": (body(NAMED, s="s" * 200_000), {TOO_MUCH}),
    "a very long beginning": (body(PEOPLE, f={"fullName": {"startsWith": "é" * 100_000}}), {TOO_MUCH}),
    "100,000 in a list": (body(PEOPLE, f={"fullName": {"in": ["Siti", *map(str, range(99_999))]}}), {TOO_MUCH}),
    "100,000 numbers": (body(COUNT, f={"memberCount": {"in": list(range(100_000))}}), {TOO_MUCH}),
    "100,000 codes": (body(COUNT, f={"status": ["ACTIVE"] * 100_000}), {TOO_MUCH}),
    "a fragment cycle": (
        body("{ viewer { ...a } } fragment a on Viewer { ...b } fragment b on Viewer { ...a }"),
        {INVALID},
    ),
    "a fragment in itself": (body("{ viewer { ...a } } fragment a on Viewer { ...a }"), {INVALID}),
    "400 fragments in a chain": (
        body(
            "{ viewer { ...f0 } }"
            + "".join(f" fragment f{n} on Viewer {{ ...f{n + 1} }}" for n in range(400))
            + " fragment f400 on Viewer { id }"
        ),
        {TOO_MUCH},
    ),
    "conflicting keys, many": (
        body("{ households { nodes { " + " ".join(f"x: id x: rev a{n}: id" for n in range(300)) + " } } }"),
        {TOO_MUCH},
    ),
    "a surrogate in the document": (body('{ members(search: "\\uD800") { totalCount } }'), {PARSE}),
    "a surrogate in braces": (body('{ members(search: "\\u{DFFF}") { totalCount } }'), {PARSE}),
    "a raw surrogate in the document": (b'{"query": "{ viewer { name } } # \\ud800"}', {BAD}),
    "a surrogate in a variable": (raw('{"s": "\\ud800"}', NAMED), {BAD}),
    "a surrogate in a key": (raw('{"\\udfff": 1}', NAMED), {BAD}),
    "a surrogate in a filter": (raw('{"f": {"fullName": {"startsWith": "a\\ud83d"}}}', PEOPLE), {BAD}),
    "a NUL in a search": (body(NAMED, s="a\0b"), {BAD}),
    "a NUL in a filter": (body(PEOPLE, f={"fullName": {"in": ["a", "\0"]}}), {BAD}),
    "a NUL in the document": (body('{ members(search: "\\u0000") { totalCount } }'), {BAD}),
    "a NUL in a key": (body(PEOPLE, f={"\0": 1}), {INPUT, BAD}),
    "a NUL in a name": (orjson.dumps({"query": "{ viewer { name } }", "operationName": "\0"}), {BAD}),
    "2^31": (raw('{"n": 2147483648}'), {INPUT}),
    "2^31 in the document": (body("{ households(first: 2147483648) { totalCount } }"), {INPUT, INVALID}),
    "2^64": (raw('{"n": 18446744073709551616}'), {INPUT, BAD}),
    "10^400": (raw('{"n": 1' + "0" * 400 + "}"), {INPUT, BAD}),
    "1e400": (raw('{"n": 1e400}'), {INPUT, BAD}),
    "5,000 digits": (body("{ households(first: " + "9" * 5_000 + ") { totalCount } }"), {INPUT, INVALID, PARSE}),
    "5,000 digits, an id": (body("{ node(id: " + "9" * 5_000 + ") { id } }"), {INPUT, INVALID, PARSE, ""}),
    "a float": (raw('{"n": 1.5}'), {INPUT}),
    "true": (raw('{"n": true}'), {INPUT}),
    "NaN": (raw('{"n": NaN}'), {BAD}),
    "Infinity": (raw('{"n": -Infinity}'), {BAD}),
    "a list of variables": (raw("[]"), {BAD}),
    "a text of variables": (raw('"n"'), {BAD}),
    "a list for a filter": (body(COUNT, f=[{"status": ["ACTIVE"]}]), {INPUT}),
    "a text for a filter": (body(COUNT, f="status"), {INPUT}),
    "a list for a number": (body(SIZED, n=[1]), {INPUT}),
    "an object for an id": (body("query($id: ID!) { node(id: $id) { id } }", id={"id": 1}), {INPUT}),
    "a list for an object in a list": (body(COUNT, f={"or": [[{}]]}), {INPUT}),
    "null in a list": (body(COUNT, f={"or": [None]}), {INPUT}),
    "an object for a text": (body(PEOPLE, f={"fullName": {"eq": {"eq": "x"}}}), {INPUT}),
    "two quantifiers": (body(COUNT, f={"members": {"some": {}, "none": {}}}), {INPUT}),
    "no quantifier": (body(COUNT, f={"members": {}}), {INPUT}),
    "a null quantifier": (body(COUNT, f={"members": {"some": None}}), {INPUT}),
    "null somewhere": (body(COUNT, f={"not": {"or": [{"memberCount": {"gt": None}}]}}), {INPUT}),
    "deep JSON": (b"[" * 100_000 + b"]" * 100_000, {BAD}),
    "deep JSON in a variable": (raw('{"n": ' + "[" * 100_000 + "]" * 100_000 + "}"), {BAD}),
    "700 lists for a number": (raw('{"n": ' + "[" * 700 + "]" * 700 + "}"), {INPUT, BAD}),
    "700 lists for a list of numbers": (
        raw(
            '{"a": ' + "[" * 700 + "]" * 700 + "}",
            "query($a: [Int!]) { members(filter: {age: {in: $a}}) { totalCount } }",
        ),
        {INPUT, BAD},
    ),
    "a day that is none": (body(BORN, d="2026-02-30"), {INPUT}),
    "the year 0": (body(BORN, d="0000-01-01"), {INPUT}),
    "the year 10000": (body(BORN, d="10000-01-01"), {INPUT}),
    "before time": (body(CHANGED, t="0001-01-01T00:00:00+14:00"), {INPUT}),
    "after time": (body(CHANGED, t="9999-12-31T23:59:59-12:00"), {INPUT}),
    "an offset of 99 hours": (body(CHANGED, t="2026-01-01T00:00:00+99:00"), {INPUT}),
    "the 61st second": (body(CHANGED, t="2026-12-31T23:59:60Z"), {INPUT}),
    "digits of another script": (body(CHANGED, t="٢٠٢٦-٠١-٠١T٠٠:٠٠:٠٠Z"), {INPUT}),
    "a region code of another script": (body("query($c: RegionCode!) { region(code: $c) { id } }", c="٣٥"), {INPUT}),
    "an unknown region": (body('{ households(filter: {within: ["99"]}) { totalCount } }'), {INPUT}),
}
ANSWERED: dict[str, bytes] = {
    "first of calendar": body(BORN, d="0001-01-01"),
    "last of calendar": body(BORN, d="9999-12-31"),
    "first instant": body(CHANGED, t="0001-01-01T00:00:00Z"),
    "first instant, west": body(CHANGED, t="0001-01-01T00:00:00-11:00"),
    "last instant": body(CHANGED, t="9999-12-31T23:59:59Z"),
    "last instant, east": body(CHANGED, t="9999-12-31T23:59:59.999999+09:00"),
    "a search of wildcards": body(NAMED, s="%_\\' \" ; -- \u0000".replace("\0", "")),
    "a search in other scripts": body(NAMED, s="ꦱꦶꦠꦶ سيتي 𝔖𝔦𝔱𝔦 \u0301\u0301 ﷺ"),
    "a very long id": body(
        "query($id: ID!) { node(id: $id) { id } household(by: {id: $id}) { id } }", id="x" * 300_000
    ),
    "an id that is a number": raw('{"id": 18446744073709551615}', "query($id: ID!) { node(id: $id) { id } }"),
    "a number that is none": body("query($no: String!) { household(by: {householdNo: $no}) { id } }", no="'; DROP"),
    "5,000 regions": body(COUNT, f={"within": [HERE, FAR] * 2_500}),
    "2^31 - 1": body(PEOPLE, f={"age": {"lte": 2**31 - 1, "gte": -(2**31)}}),
    "a variable that nobody asked for": raw('{"n": 1, "x": [[[{}]]]}'),
    "the same key twice": b'{"query": "{", "query": "{ viewer { id } }", "variables": null, "variables": {}}',
    "a whole number as a float": raw('{"n": 2.0}'),
}
"""Odd but valid queries."""


@pytest.mark.parametrize("name", REFUSED)
async def test_wrong_or_excessive_queries_are_refused_with_a_code(village: Place, name: str) -> None:
    content, codes = REFUSED[name]
    answer = await checked_answer(village, content)
    assert set(answer.codes or [""]) <= codes, (answer.codes, answer.body[:300])


@pytest.mark.parametrize("name", ANSWERED)
async def test_odd_but_valid_queries_are_answered(village: Place, name: str) -> None:
    answer = await checked_answer(village, ANSWERED[name])
    if answer.codes != ["PAYLOAD_TOO_LARGE"]:  # a setting limits the size of bodies
        assert answer.codes == [], answer.body[:300]
        assert answer.json["data"]


# --- cursors ------------------------------------------------------------------------------------------------------

ORIGIN = 'households(filter: {status: [ACTIVE]}, search: "siti", orderBy: {field: MEMBER_COUNT}, '
OTHERS = {
    "another size": ORIGIN + "first: 3, ",
    "another filter": ORIGIN.replace("[ACTIVE]", "[MOVED_OUT]"),
    "no filter": ORIGIN.replace("filter: {status: [ACTIVE]}, ", ""),
    "a wider filter": ORIGIN.replace("[ACTIVE]}", "[ACTIVE], not: {}}"),
    "another search": ORIGIN.replace("siti", "aminah"),
    "no search": ORIGIN.replace('search: "siti", ', ""),
    "another order": ORIGIN.replace("MEMBER_COUNT", "UPDATED_AT"),
    "the other direction": ORIGIN.replace("MEMBER_COUNT", "MEMBER_COUNT, direction: DESC"),
    "no order": ORIGIN.replace("orderBy: {field: MEMBER_COUNT}, ", ""),
    "another list": "members(",
}
GARBAGE = ["", "=", "x", "null", "[]", "é", "\u200b", "A" * 100_000, "W10", "AAAA" * 8, "../../etc/passwd", "%00"]


@pytest.fixture(scope="module")
async def cursor(village: Place) -> str:
    """A cursor of the officer's list ORIGIN."""
    for _ in range(3):
        await village.submit("officer", household(people=2))
    data = await village.ask("officer", f"{{ {ORIGIN} first: 1) {{ pageInfo {{ endCursor }} }} }}")
    return str(data["households"]["pageInfo"]["endCursor"])


@pytest.mark.parametrize("way", ["after", "before"])
@pytest.mark.parametrize("name", OTHERS)
async def test_a_cursor_is_valid_for_one_list_and_caller(village: Place, cursor: str, name: str, way: str) -> None:
    text = f"query($c: String) {{ {OTHERS[name]} {way}: $c) {{ totalCount }} }}"
    answer = await checked_answer(village, body(text, c=cursor), "officer")
    assert answer.codes == ([] if name == "another size" else [INPUT])
    assert (await checked_answer(village, body(text, c=cursor), "second")).codes == [INPUT]


@pytest.mark.parametrize("way", ["after", "before"])
async def test_a_malformed_cursor_is_refused_before_anything_runs(village: Place, cursor: str, way: str) -> None:
    text = f"query($c: String) {{ {ORIGIN} {way}: $c) {{ totalCount }} }}"
    turned = [
        *GARBAGE,
        cursor[:-1],
        cursor[1:],
        cursor + "A",
        cursor.swapcase(),
        cursor * 2,
        f" {cursor}",
        cursor + "\n",
    ]
    for malformed in turned:
        before = len(village.statements)
        answer = await checked_answer(village, body(text, c=malformed), "officer")
        assert answer.codes == [INPUT], malformed[:50]
        assert len(village.statements) - before == 1, "the neighbour's"
