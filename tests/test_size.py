"""No answer is longer than its bound, computed before reading, and answers that could be too long are refused."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from registry.read.visibility import Visibility
from schema.engine import answer_size as size
from schema.engine.complexity import PLAIN_LIST_SIZE
from schema.engine.variables import Call
from tests.village import Place, household

pytestmark = pytest.mark.anyio
WHOLE = """{ households(first: 50) { totalCount groups(by: WORKFLOW_STATE) { key label count }
  pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
  edges { cursor node { __typename id withheld householdNo address hamlet phoneMasked viewerCan
    village { id name parent { name } } members { id withheld fullName nikMasked age birthDate stage }
    migrations { id country stage proceduralStatus } businesses { id name field exportCountries } } } } }"""


async def bound_of(village: Place, who: str, text: str, variables: dict[str, Any]) -> int:
    """The bound in bytes that the plans give for the answer."""
    principal = await village.principal(who)
    operation = village.app.service.operations.get(text, None)
    values = operation.variables(variables)
    planned = operation.plan(Visibility.of(principal), values)
    call = Call(principal, "id", village.app.service.cursors, values.coerced)
    return sum(plan.cost.bytes.of(call) for plan in planned.plans)


@pytest.fixture(scope="module")
async def houses(village: Place) -> int:
    for _ in range(12):
        assert (await village.submit("officer", household()))["outcome"] == "ACCEPTED"
    return 12


@pytest.mark.parametrize("who", ["officer", "coordinator", "analyst"])
async def test_no_answer_is_longer_than_its_bound(village: Place, houses: int, who: str) -> None:
    answer = await village.query(who, WHOLE)
    data = orjson.dumps(answer.data)
    assert len(answer.data["households"]["edges"]) == houses, f"and none has more than {PLAIN_LIST_SIZE} of a kind"
    assert len(data) < await bound_of(village, who, WHOLE, {})


@pytest.mark.parametrize(
    "field",
    ["fullName", "members { fullName }", "household { address }"],
)
async def test_an_answer_that_may_be_too_long_is_refused(village: Place, field: str) -> None:
    before = len(village.statements)
    many = " ".join(f"a{n}: {field}" for n in range(150))
    list_ = "households" if "members" in field else "members"
    answer = await village.query("officer", f"{{ {list_}(first: 1000) {{ nodes {{ {many} }} }} }}")
    (error,) = answer.errors
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert len(village.statements) == before


def test_a_text_counts_with_the_most_bytes_of_its_characters() -> None:
    from registry.models.member import Member

    assert size.datum_size(Member.full_name) >= 2 + 4 * 100
    assert size.datum_size(Member.id) == len('"6f1c1a52-6a0e-4f5e-9d53-0d5c4f8f2a10"')
    assert size.datum_size(Member.sex) == len('"FEMALE"')
