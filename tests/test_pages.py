"""Paging: all pages of a list together are the list, whatever their size and whatever is written meanwhile."""

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
    """Households in three villages, with complete, partial and unknown dates."""
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
    arguments = f"{rest.removesuffix(')')} first: $first, after: $after" if bracket else "first: $first, after: $after"
    selection = f"list: {name}({arguments}) {{ {PAGE} }}"
    if "/" in field:
        selection = f'region(code: "35.07") {{ {selection} }}'
    data = await village.ask(who, f"query($first: Int, $after: String) {{ {selection} }}", first=first, after=after)
    return data["region"]["list"] if "/" in field else data["list"]


async def walk(village: Place, who: str, field: str, size: int) -> list[str]:
    """The ids of all pages; checks each page."""
    all_ids: list[str] = []
    after, total = None, None
    while True:
        page_ = await page(village, who, field, size, after)
        ids, info = [n["id"] for n in page_["nodes"]], page_["pageInfo"]
        assert ids == [e["node"]["id"] for e in page_["edges"]]
        assert info["hasPreviousPage"] == (after is not None)
        assert total in (None, page_["totalCount"])
        total = page_["totalCount"]
        all_ids += ids
        cursors = [e["cursor"] for e in page_["edges"]]
        assert (info["startCursor"], info["endCursor"]) == ((cursors[0], cursors[-1]) if cursors else (None, None))
        assert info["hasNextPage"] == (len(all_ids) < total)
        if not info["hasNextPage"]:
            assert len(all_ids) == total
            return all_ids
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
    page_ = await page(full, "analyst", "members")
    assert (len(page_["nodes"]), page_["totalCount"] >= 24, page_["pageInfo"]["hasNextPage"]) == (20, True, True)


@pytest.mark.parametrize("field", ["migrations", "businesses"])
async def test_the_newest_come_first_and_nulls_last(full: Place, field: str) -> None:
    name = {"migrations": "departedOn", "businesses": "startedOn"}[field]
    rows = (await full.ask("coordinator", f"{{ {field}(first: 100) {{ nodes {{ id day: {name} }} }} }}"))[field][
        "nodes"
    ]
    dated = [row for row in rows if row["day"] is not None]
    assert rows[: len(dated)] == dated
    assert 0 < len(dated) < len(rows)
    assert [r["day"] for r in dated] == sorted([r["day"] for r in dated], reverse=True)
    for day in {r["day"] for r in rows}:
        ids = [r["id"] for r in rows if r["day"] == day]
        assert ids == sorted(ids, reverse=True)


async def test_an_order_does_not_show_masked_values(full: Place) -> None:
    """A viewer may not see the dates of episodes: their list is in the order of ids, and cursors hold no date."""
    page_ = await page(full, "viewer", "migrations", 100)
    ids = [n["id"] for n in page_["nodes"]]
    assert ids == sorted(ids, reverse=True)
    for edge in page_["edges"]:
        box = edge["cursor"]
        assert b"20" not in base64.urlsafe_b64decode(box + "=" * (-len(box) % 4))[:-16].split(b",")[0]


async def test_regions_can_be_ordered_by_visible_counts(full: Place) -> None:
    text = """{ regions(first: 50, orderBy: {field: HOUSEHOLD_COUNT, direction: DESC}) {
      nodes { code households { totalCount } } } }"""
    for who in ("officer", "coordinator", "analyst"):
        counts = [r["households"]["totalCount"] for r in (await full.ask(who, text))["regions"]["nodes"]]
        visible = counts.index(0) if 0 in counts else len(counts)
        assert counts[:visible] == sorted(counts[:visible], reverse=True)
        assert counts[0] >= {"officer": 4, "coordinator": 8, "analyst": 8}[who]


async def test_pages_are_stable_while_rows_are_written(full: Place) -> None:
    """Rows that exist at the first page appear exactly once, whatever is added before, between and after them."""
    before = [n["id"] for n in (await page(full, "next door", "households", 1000))["nodes"]]
    ids, after = [], None
    while True:
        page_ = await page(full, "next door", "households", 2, after)
        ids += [n["id"] for n in page_["nodes"]]
        if not page_["pageInfo"]["hasNextPage"] or len(ids) > 50:
            break
        after = page_["pageInfo"]["endCursor"]
        if len(ids) <= 6:
            await full.submit("next door", household(NEXT_DOOR))
        await full.submit("next door", {"id": ids[0], "rt": str(len(ids))}, None)
    assert len(set(ids)) == len(ids)
    assert [id_ for id_ in ids if id_ in before] == before


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
        arguments = f"{rest.removesuffix(')')}, " if bracket else ""
        answer = await full.query(
            who, f"query($a: String) {{ {name}({arguments} after: $a) {{ totalCount }} }}", a=cursor
        )
        assert answer.codes == ["BAD_USER_INPUT"], (who, field)
        assert "data" not in answer.json, "refused before anything ran"


async def test_a_forged_cursor_is_refused_before_any_statement(full: Place) -> None:
    cursor = (await page(full, "officer", "households", 1))["pageInfo"]["endCursor"]
    box = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    forged = [
        base64.urlsafe_b64encode(bytes([box[n] ^ 1 if n == at else b for n, b in enumerate(box)])).decode()
        for at in range(0, len(box), 7)
    ]
    for changed in (*forged, cursor[:-2], cursor + "A", "", "x", "é", "=", "A" * 5000, '["a"]'):
        before = len(full.statements)
        answer = await full.query("officer", "query($a: String) { households(after: $a) { totalCount } }", a=changed)
        assert answer.codes == ["BAD_USER_INPUT"], changed
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
    page_ = await page(full, "province", "regions(orderBy: {field: CODE})", 1000)
    again = await page(full, "province", "regions(orderBy: {field: CODE})", 5, page_["pageInfo"]["endCursor"])
    assert (again["nodes"], again["edges"], again["totalCount"]) == ([], [], page_["totalCount"])
    assert again["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": None,
        "endCursor": None,
    }
