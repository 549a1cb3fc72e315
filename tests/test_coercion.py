"""Coercion: our functions return what graphql-core returns for a variable, equal in type and order of keys."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    coerce_input_value,
    get_variable_values,
    is_input_object_type,
    is_input_type,
    is_leaf_type,
    parse,
)
from hypothesis import given
from hypothesis import strategies as st

from schema.build import build
from schema.declare.strawberry_internals import graphql_schema
from schema.engine.coercion import coercion, holds_itself, variables_coercion
from tests.test_scalars import BAD, GOOD

SCHEMA = graphql_schema(build())
TYPES: dict[str, Any] = {
    name: type_
    for name, type_ in SCHEMA.type_map.items()
    if is_input_type(type_) and not name.startswith("__") and not holds_itself(type_)
}
WRITTEN: dict[str, list[Any]] = {name: list(texts) for name, texts in GOOD.items()} | {
    "ID": ["", "018f3a56-1111-7000-8000-000000000001", 7],
    "String": ["", " Siti ", "x" * 50],
    "Int": [0, -3, 3.0, 2**31 - 1],
    "Float": [0, 1.5, -2],
    "Boolean": [True, False],
}
JUNK: list[Any] = [None, True, 0, 2**31, 1.5, float("inf"), "", "ACTIVE", [], [None], [[]], {}, {"id": 1}, {"": None}]
JUNK += [wrong for kind in BAD.values() for wrong in kind]


def values(type_: Any, junk: st.SearchStrategy[Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """JSON for a type, mostly valid, sometimes from `junk`."""
    if isinstance(type_, GraphQLNonNull):
        return values(type_.of_type, junk, depth)
    if isinstance(type_, GraphQLList):
        item = values(type_.of_type, junk, depth)
        good: st.SearchStrategy[Any] = st.lists(item, max_size=2) | item
    elif is_input_object_type(type_):
        keys = {name: values(field.type, junk, depth + 1) for name, field in type_.fields.items()}
        needed = {name: keys.pop(name) for name, f in type_.fields.items() if isinstance(f.type, GraphQLNonNull)}
        picked = st.lists(st.sampled_from(sorted(keys)), max_size=4, unique=True) if keys else st.just([])
        good = picked.flatmap(lambda names: st.fixed_dictionaries(needed | {name: keys[name] for name in names}))
    elif type_.name in WRITTEN:
        good = st.sampled_from(WRITTEN[type_.name])
    else:
        good = st.sampled_from([*type_.values])
    return good | junk


def graphql_core_value(value: Any, type_: Any) -> Any:
    """graphql-core's value; Undefined if Strawberry's check of a oneOf type raises instead of returning it."""
    try:
        return coerce_input_value(value, type_)
    except GraphQLError:
        return Undefined


def typed(value: Any) -> Any:
    """The value with its types and order of keys, which == ignores: 1, True and 1.0 differ."""
    if isinstance(value, dict):
        return [(key, typed(inner)) for key, inner in value.items()]
    return [typed(inner) for inner in value] if isinstance(value, list) else (type(value), repr(value))


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data(), wrong=st.booleans())
def test_coercion_equals_that_of_graphql_core(name: str, data: st.DataObject, wrong: bool) -> None:
    junk = st.sampled_from(JUNK) if wrong else st.nothing()
    for type_ in (TYPES[name], GraphQLNonNull(TYPES[name]), GraphQLList(GraphQLNonNull(TYPES[name]))):
        value = data.draw(values(type_, junk))
        assert typed(coercion(type_)(value)) == typed(graphql_core_value(value, type_))


@pytest.mark.parametrize("name", TYPES)
def test_coercion_of_junk_equals_that_of_graphql_core(name: str) -> None:
    for value in JUNK:
        assert typed(coercion(TYPES[name])(value)) == typed(graphql_core_value(value, TYPES[name])), value


def test_the_tested_types_are_of_every_kind() -> None:
    assert {"HouseholdInput", "HouseholdKey", "SubmitHouseholdInput", "SaveAs", "RegionCode", "Int"} <= TYPES.keys()
    assert any(is_leaf_type(type_) for type_ in TYPES.values())
    assert "HouseholdFilter" not in TYPES


DECLARED: dict[str, list[Any]] = {
    "$n: Int!": [3, "3", None],
    "$d: Int! = 20": [3, "3", None],
    "$s: String": ["y", 7, None],
    '$t: String = "x"': ["y", 7, None],
    "$u: String = null": ["y", None],
    '$w: [RegionCode!] = ["35"]': [["35.07"], "35", [None], []],
    "$o: HouseholdOrder = {field: MEMBER_COUNT}": [{"field": "UPDATED_AT", "direction": "ASC"}, {"field": "x"}, {}],
    '$by: HouseholdKey = {id: "a"}': [{"householdNo": "b"}, {"id": "a", "householdNo": "b"}, {}],
}
"""Declaration of a variable → values to send for it, valid and invalid."""


@given(data=st.data(), wrong=st.booleans())
def test_variables_may_be_left_out_as_graphql_core_says(data: st.DataObject, wrong: bool) -> None:
    """In the order of declarations; without a default they are absent, or refused if they are required."""
    declared = data.draw(st.lists(st.sampled_from(sorted(DECLARED)), unique=True))
    sent: dict[str, Any] = {"undeclared": 1}
    for text in declared:
        if data.draw(st.booleans()):
            values = DECLARED[text]
            sent[text[1 : text.index(":")]] = data.draw(st.sampled_from(values if wrong else values[:1]))
    operation: Any = parse(f"query({', '.join(declared)}) {{ x }}" if declared else "{ x }").definitions[0]
    coerce = variables_coercion(SCHEMA, operation.variable_definitions or ())
    assert coerce is not None
    core = get_variable_values(SCHEMA, operation.variable_definitions or (), sent)
    assert typed(coerce(sent)) == typed(Undefined if isinstance(core, list) else core.coerced)


@pytest.mark.parametrize("text", ["$f: HouseholdFilter", '$by: HouseholdKey = {id: "a", householdNo: "b"}'])
def test_what_only_graphql_core_can_refuse_is_left_to_it(text: str) -> None:
    operation: Any = parse(f"query({text}) {{ x }}").definitions[0]
    assert variables_coercion(SCHEMA, operation.variable_definitions or ()) is None
