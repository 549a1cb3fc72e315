"""No document, however short, makes the server work for seconds: it is refused before anything runs."""

from __future__ import annotations

import time
from typing import Any

import pytest

from schema import limits
from tests.village import Place

pytestmark = pytest.mark.anyio

DOUBLING = "{ households(first: 1) { nodes { ...H0 } } }" + "".join(
    f" fragment H{n} on Household {{ a: head {{ household {{ ...H{n + 1} }} }}"
    f" b: head {{ household {{ ...H{n + 1} }} }} }}"
    for n in range(12)
)
PARENTS = '{ region(code: "35") { ' + "parent { " * 14 + "id" + " }" * 14 + " } }"
ABSURD = {
    "fragments that double": DOUBLING + " fragment H12 on Household { id }",
    "deep": "{ members { nodes { " + "household { members { " * 8 + "id" + " } }" * 8 + " } } }",
    "many nodes": "{ members(first: 1000) { nodes { " + "household { members { " * 3 + "id" + " } }" * 3 + " } } }",
    "many roots": "{ " + " ".join(f"a{n}: households {{ totalCount }}" for n in range(limits.MOST_ROOTS + 1)) + " }",
    "many roots in a fragment": "{ ...f } fragment f on Query { "
    + " ".join(f"a{n}: viewer {{ id }}" for n in range(limits.MOST_ROOTS + 1))
    + " }",
    "many roots in a bracket": "{ ... { " + " ".join(f"a{n}: viewer {{ id }}" for n in range(99)) + " } }",
    "many groups": "{ regions(first: 1000) { nodes { members { groups(by: VILLAGE, first: 100) { key } } } } }",
    "many lists together": "{ "
    + " ".join(f"a{n}: members(first: 1000) {{ nodes {{ id }} edges {{ cursor }} }}" for n in range(26))
    + " }",
    "many conditions": "{ households(filter: {or: [" + "{memberCount: {gte: 1, lte: 9}}" * 150 + "]}) { totalCount } }",
    "deep filter": "{ households(filter: " + "{not: " * 14 + "{within: []}" + "}" * 14 + ") { totalCount } }",
    "many fields": "{ households { nodes { " + " ".join(f"f{n}: id" for n in range(limits.WIDEST + 1)) + " } } }",
    "many tokens": "{ " + "a " * limits.MOST_TOKENS + "}",
    "long": "{ viewer { id } } # " + "x" * limits.LONGEST_DOCUMENT,
    "deep brackets": "{" * 3000,
}


@pytest.mark.parametrize("name", sorted(ABSURD))
async def test_the_absurd_is_refused_with_its_limit(village: Place, name: str) -> None:
    began = time.monotonic()
    answer: Any = await village.query("officer", ABSURD[name])
    assert time.monotonic() - began < 5, "a bound for a hang, not a claim about speed"
    (error,) = answer.errors
    if name == "deep brackets":
        assert error["extensions"]["code"] in ("QUERY_TOO_COMPLEX", "GRAPHQL_PARSE_FAILED")
    else:
        assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX", error
        assert error["extensions"]["requested"] > error["extensions"]["limit"]


async def test_lists_that_are_only_counted_cost_nothing(village: Place) -> None:
    text = """{ regions(first: 1000) { nodes { households(first: 1000) { totalCount groups(by: STATUS) { key } }
      members(first: 1000) { totalCount } businesses(first: 1000) { totalCount } } } }"""
    assert (await village.query("analyst", text)).codes == []


async def test_the_types_of_an_interface_are_compiled_once(village: Place) -> None:
    answer: Any = await village.query("officer", PARENTS)
    assert answer.codes == []


async def test_without_a_token_the_schema_is_asked_for_in_small_pieces(village: Place) -> None:
    many = "{ " + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(limits.MOST_META_ROOTS + 1)) + " }"
    answer: Any = await village.query(None, many)
    assert answer.status == 401
