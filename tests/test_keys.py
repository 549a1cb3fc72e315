"""Keys of look-ups: a record is found by the given key, and the statement reads no other."""

from __future__ import annotations

import re
import uuid

import pytest

from auth.area import NATIONAL
from auth.role import Role
from schema.declare.makers import fields_of
from schema.declare.shapes import RelatedField
from schema.engine.plan import Plan
from schema.query import Query
from schema.types.household import HOUSEHOLD_KEY
from tests.test_snapshots import planned_for
from tests.village import Place, household

pytestmark = pytest.mark.anyio
BY = "query($by: HouseholdKey!) { household(by: $by) { id householdNo } }"


def condition(query: str) -> str:
    """The columns that the statement of a household's look-up compares."""
    (plan,) = planned_for(query, Role.MINISTRY_ADMIN, NATIONAL)
    assert isinstance(plan, Plan)
    (where,) = re.findall(r"FROM registry\.household AS \S+\s+WHERE (.*?) AND", plan.statement.text, re.DOTALL)
    return str(where)


def test_a_look_up_compares_only_the_given_key() -> None:
    by_id = condition(f'{{ household(by: {{ id: "{uuid.uuid4()}" }}) {{ id }} }}')
    by_number = condition('{ household(by: { householdNo: "35.07.11.2008-000001" }) { id } }')
    assert re.fullmatch(r"\S+\.id = \S+", by_id)
    assert re.fullmatch(r"\S+\.household_no = \S+", by_number)


def test_the_arguments_of_a_look_up_are_the_keys_of_its_noun() -> None:
    shapes = {field_.python_name: field_.metadata["shape"] for field_ in fields_of(Query)}
    one = {name: shape for name, shape in shapes.items() if isinstance(shape, RelatedField) and shape.how == "one"}
    arguments = {
        field_.python_name: field_.metadata["arguments"] for field_ in fields_of(Query) if field_.python_name in one
    }
    asked = {name: set(shape.asked.arguments) for name, shape in one.items() if shape.asked}
    keys = {name: {shape.key.argument} if shape.key else set() for name, shape in one.items()}
    assert arguments == keys | asked
    assert one["household"].key is HOUSEHOLD_KEY


async def test_a_household_is_found_by_either_key(village: Place) -> None:
    payload = await village.submit("officer", household())
    stored = {key: payload["household"][key] for key in ("id", "householdNo")}
    for key, text in stored.items():
        assert (await village.query("officer", BY, by={key: text})).data == {"household": stored}
        literal = f'{{ household(by: {{ {key}: "{text}" }}) {{ id householdNo }} }}'
        assert (await village.query("officer", literal)).data == {"household": stored}
    for other in ({"id": stored["householdNo"]}, {"householdNo": stored["id"]}, {"id": ""}, {"householdNo": ""}):
        assert (await village.query("officer", BY, by=other)).data == {"household": None}


async def test_a_look_up_needs_exactly_one_key(village: Place) -> None:
    for by in ({}, {"id": None}, {"id": "a", "householdNo": "b"}, {"id": None, "householdNo": "b"}):
        assert (await village.query("officer", BY, by=by)).codes == ["BAD_USER_INPUT"], by
    nullable = "query($id: ID) { household(by: { id: $id }) { id } }"
    assert (await village.query("officer", nullable)).codes == ["BAD_USER_INPUT"]
    assert (await village.query("officer", nullable, id=None)).codes == ["BAD_USER_INPUT"]
    assert (await village.query("officer", nullable, id="a")).data == {"household": None}
