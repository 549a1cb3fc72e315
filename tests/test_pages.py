"""Paging: the pages of a list, joined, are the list, whatever their size and whatever is written meanwhile."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.village import FAR, HERE, NEXT_DOOR, Place, episode, household, shop

pytestmark = pytest.mark.anyio
PAGE = """edges { cursor node { id } } nodes { id } totalCount
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"""
LISTS = ["households", "members", "migrations", "businesses", "provinces", "regions"]
ORDERED = [
    f"regions(orderBy: {{field: {field}, direction: {direction}}})"
    for field in ("CODE", "NAME", "HOUSEHOLD_COUNT", "LAST_VERIFIED_AT")
    for direction in ("ASC", "DESC")
]


@pytest.fixture(scope="module")
async def full(village: Place) -> Place:
    """Households in three villages, with dates known, half known and unknown."""
    days = ["2019", "2019-03", "2019-03-14", None, "2021-12", None]
    for place, who in ((HERE, "officer"), (NEXT_DOOR, "next door"), (FAR, "stranger")):
        for n in range(4):
            document = household(place, people=2)
            head, other = document["members"]
            document["migrations"] = [
                episode(migrant, departedOn=day, stage="WORKING_ABROAD" if day else "PROSPECTIVE")
                for migrant, day in ((head, days[n]), (other, days[n + 2]))
            ]
            document["businesses"] = [shop(head, startedOn=days[n + 1]), shop(other, startedOn=days[n + 2])]
            payload = await village.submit(who, document)
            assert payload["outcome"] == "ACCEPTED", payload
            if place == HERE and n < 2:
                await village.verify("verifier", document)
                await village.verify("coordinator", document)
    return village


async def page(village: Place, who: str, field: str, first: int | None = None, after: str | None = None) -> Any:
    """One page of a root list, or of one inside a region (`region/households`)."""
    name, bracket, rest = field.rpartition("/")[2].partition("(")
    given = f"{rest.removesuffix(')')} first: $first, after: $after" if bracket else "first: $first, after: $after"
    asked = f"list: {name}({given}) {{ {PAGE} }}"
    if "/" in field:
        asked = f'region(code: "35.07") {{ {asked} }}'
    data = await village.ask(who, f"query($first: Int, $after: String) {{ {asked} }}", first=first, after=after)
    return data["region"]["list"] if "/" in field else data["list"]


async def walk(village: Place, who: str, field: str, size: int) -> list[str]:
    """The ids of all pages, each page checked by itself."""
    found: list[str] = []
    after, total = None, None
    while True:
        got = await page(village, who, field, size, after)
        ids, info = [n["id"] for n in got["nodes"]], got["pageInfo"]
        assert ids == [e["node"]["id"] for e in got["edges"]]
        assert info["hasPreviousPage"] == (after is not None)
        assert total in (None, got["totalCount"])
        total = got["totalCount"]
        found += ids
        cursors = [e["cursor"] for e in got["edges"]]
        assert (info["startCursor"], info["endCursor"]) == ((cursors[0], cursors[-1]) if cursors else (None, None))
        assert info["hasNextPage"] == (len(found) < total)
        if not info["hasNextPage"]:
            assert len(found) == total
            return found
        assert len(ids) == size
        after = info["endCursor"]


@pytest.mark.parametrize("who", ["officer", "coordinator", "viewer", "analyst", "auditor"])
@pytest.mark.parametrize("field", [*LISTS, *ORDERED, "region/households", "region/members", "region/migrations"])
async def test_all_pages_together_are_the_list(full: Place, who: str, field: str) -> None:
    records, seen_in_them = ("household", "member", "migration", "business"), ("HOUSEHOLD_COUNT", "LAST_VERIFIED")
    if who == "auditor" and (field.startswith(records) or any(key in field for key in seen_in_them)):
        answer = await full.query(who, f"{{ {field} {{ totalCount }} }}")
        assert answer.codes == ["FORBIDDEN"]
        key = next((key for key in ("HOUSEHOLD_COUNT", "LAST_VERIFIED_AT") if key in field), field)
        assert answer.errors[0]["extensions"]["field"] == key
        return
    whole = [n["id"] for n in (await page(full, who, field, 1000))["nodes"]]
    assert len(set(whole)) == len(whole)
    for size in (2, 7):
        assert await walk(full, who, field, size) == whole


async def test_the_default_page_has_twenty_rows(full: Place) -> None:
    got = await page(full, "analyst", "members")
    assert (len(got["nodes"]), got["totalCount"] >= 24, got["pageInfo"]["hasNextPage"]) == (20, True, True)


@pytest.mark.parametrize("field", ["migrations", "businesses"])
async def test_the_newest_come_first_and_nulls_last(full: Place, field: str) -> None:
    name = {"migrations": "departedOn", "businesses": "startedOn"}[field]
    rows = (await full.ask("coordinator", f"{{ {field}(first: 100) {{ nodes {{ id day: {name} }} }} }}"))[field][
        "nodes"
    ]
    known = [row for row in rows if row["day"] is not None]
    assert rows[: len(known)] == known
    assert 0 < len(known) < len(rows)
    assert [r["day"] for r in known] == sorted([r["day"] for r in known], reverse=True)
    for day in {r["day"] for r in rows}:
        ids = [r["id"] for r in rows if r["day"] == day]
        assert ids == sorted(ids, reverse=True)


async def test_an_order_does_not_show_masked_values(full: Place) -> None:
    """The dates of episodes are not the viewer's: his list is in the order of ids, and his cursors hold no date."""
    got = await page(full, "viewer", "migrations", 100)
    ids = [n["id"] for n in got["nodes"]]
    assert ids == sorted(ids, reverse=True)
    for edge in got["edges"]:
        box = edge["cursor"]
        assert b"20" not in base64.urlsafe_b64decode(box + "=" * (-len(box) % 4))[:-16].split(b",")[0]


async def test_regions_can_be_ordered_by_visible_counts(full: Place) -> None:
    text = """{ regions(first: 50, orderBy: {field: HOUSEHOLD_COUNT, direction: DESC}) {
      nodes { code households { totalCount } } } }"""
    for who in ("officer", "coordinator", "analyst"):
        counts = [r["households"]["totalCount"] for r in (await full.ask(who, text))["regions"]["nodes"]]
        seen = counts.index(0) if 0 in counts else len(counts)
        assert counts[:seen] == sorted(counts[:seen], reverse=True)
        assert counts[0] >= {"officer": 4, "coordinator": 8, "analyst": 8}[who]


async def test_pages_are_stable_while_rows_are_written(full: Place) -> None:
    """What was there at the first page is met exactly once, whatever comes in before, between and behind."""
    before = [n["id"] for n in (await page(full, "next door", "households", 1000))["nodes"]]
    met, after = [], None
    while True:
        got = await page(full, "next door", "households", 2, after)
        met += [n["id"] for n in got["nodes"]]
        if not got["pageInfo"]["hasNextPage"] or len(met) > 50:
            break
        after = got["pageInfo"]["endCursor"]
        if len(met) <= 6:
            await full.submit("next door", household(NEXT_DOOR))
        await full.submit("next door", {"id": met[0], "rt": str(len(met))}, None)
    assert len(set(met)) == len(met)
    assert [id_ for id_ in met if id_ in before] == before


# --- what is refused ----------------------------------------------------------------------------------------------


async def test_a_cursor_is_valid_for_its_list_order_and_caller(full: Place) -> None:
    origin = "regions(orderBy: {field: NAME})"
    cursor = (await page(full, "coordinator", origin, 1))["pageInfo"]["endCursor"]
    assert (await page(full, "coordinator", origin, 1, cursor))["nodes"]
    for who, field in (
        ("coordinator", "households"),
        ("coordinator", "regions"),
        ("coordinator", "regions(orderBy: {field: NAME, direction: DESC})"),
        ("coordinator", "regions(orderBy: {field: HOUSEHOLD_COUNT})"),
        ("colleague", origin),
    ):
        name, bracket, rest = field.partition("(")
        given = f"{rest.removesuffix(')')}, " if bracket else ""
        answer = await full.query(who, f"query($a: String) {{ {name}({given} after: $a) {{ totalCount }} }}", a=cursor)
        assert answer.codes == ["BAD_USER_INPUT"], (who, field)
        assert "data" not in answer.json, "refused before anything ran"


async def test_a_forged_cursor_is_refused_before_any_statement(full: Place) -> None:
    cursor = (await page(full, "officer", "households", 1))["pageInfo"]["endCursor"]
    box = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    forged = [
        base64.urlsafe_b64encode(bytes([box[n] ^ 1 if n == at else b for n, b in enumerate(box)])).decode()
        for at in range(0, len(box), 7)
    ]
    for said in (*forged, cursor[:-2], cursor + "A", "", "x", "é", "=", "A" * 5000, '["a"]'):
        before = len(full.statements)
        answer = await full.query("officer", "query($a: String) { households(after: $a) { totalCount } }", a=said)
        assert answer.codes == ["BAD_USER_INPUT"], said
        assert len(full.statements) == before


@pytest.mark.parametrize(("first", "code"), [(0, "BAD_USER_INPUT"), (-1, "BAD_USER_INPUT"), (1001, "PAGE_TOO_LARGE")])
async def test_a_page_has_one_to_a_thousand_rows(full: Place, first: int, code: str) -> None:
    answer = await full.query("officer", "query($n: Int) { households(first: $n) { totalCount } }", n=first)
    assert answer.codes == [code]
    if code == "PAGE_TOO_LARGE":
        assert answer.errors[0]["extensions"] == {"code": code, "limit": 1000, "requested": first}
    nested = f'{{ region(code: "35") {{ name members(first: {first}) {{ totalCount }} }} }}'
    assert (await full.query("officer", nested)).codes == [code]


async def test_an_empty_list_is_an_empty_page(full: Place) -> None:
    got = await page(full, "province", "regions(orderBy: {field: CODE})", 1000)
    again = await page(full, "province", "regions(orderBy: {field: CODE})", 5, got["pageInfo"]["endCursor"])
    assert (again["nodes"], again["edges"], again["totalCount"]) == ([], [], got["totalCount"])
    assert again["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": None,
        "endCursor": None,
    }
