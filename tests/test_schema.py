"""The schema equals the committed one and the public contract, and nothing undeclared can start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import strawberry  # noqa: TID251  (to make what no maker made)
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
)
from sqlalchemy.sql.visitors import iterate

from auth.sensitivity import Sensitivity
from registry.models.fact import fact_of
from registry.models.member import Member
from registry.models.noun import Noun, table_of
from registry.values.bounds import LONGEST_LIST
from schema.build import SDL, build, unbounded_lists, undeclared
from schema.declare.directives import Exempt
from schema.declare.makers import NOUNS_BY_FACE, face, fields_of, graphql_name, guarded, shown
from schema.declare.shapes import RelatedField, ValueField
from schema.declare.strawberry_internals import definition_of, graphql_schema
from tests.contract_diff import declared, elements

ROOT = Path(__file__).parents[1]
CONTRACT = ROOT / "tests" / "contract" / "contract.graphql"
GAPS = ROOT / "tests" / "contract" / "gaps.txt"
BEYOND = ROOT / "tests" / "contract" / "beyond.txt"
DIFFERS = ROOT / "tests" / "contract" / "differs.txt"
CAPABILITIES = {"domain", "views", "field app", "trust"}


@pytest.fixture(scope="module")
def built() -> GraphQLSchema:
    return build_schema(build().as_str())


def gaps() -> dict[str, str]:
    """Missing element → the capability that adds it."""
    lines = [line for line in GAPS.read_text().splitlines() if line and not line.startswith("#")]
    return {element: capability for capability, element in (line.split(": ") for line in lines)}


def test_the_committed_schema_equals_the_code() -> None:
    assert SDL.read_text() == build().as_str() + "\n", "run `make snapshots` and read the difference"


def test_elements_that_are_built_equal_the_contract(built: GraphQLSchema) -> None:
    ours, theirs = elements(built), elements(build_schema(CONTRACT.read_text()))
    different = {name for name in ours if name in theirs and ours[name] != theirs[name]}
    reviewed = [line for line in DIFFERS.read_text().splitlines() if line and not line.startswith("#")]
    assert {name: (ours[name], theirs[name]) for name in different - set(reviewed)} == {}
    assert set(reviewed) <= different, "it equals the contract now: delete the line"
    beyond = [line for line in BEYOND.read_text().splitlines() if line and not line.startswith("#")]
    assert sorted(set(ours) - set(theirs)) == sorted(beyond), "beyond the contract: review it, then list it"


def test_missing_elements_are_listed_with_their_capability(built: GraphQLSchema) -> None:
    ours, theirs, listed = elements(built), elements(build_schema(CONTRACT.read_text())), gaps()
    assert set(listed.values()) <= CAPABILITIES

    def excused(name: str) -> bool:
        return name in listed or name.partition(".")[0] in listed or name.partition("(")[0] in listed

    assert [name for name in theirs if name not in ours and not excused(name)] == []
    assert [name for name in listed if name in ours] == [], "built: delete the line"
    assert [name for name in listed if name not in theirs] == []


def test_every_element_has_a_description(built: GraphQLSchema) -> None:
    silent = []
    for name, type_ in built.type_map.items():
        if name.startswith("__") or name in ("String", "Int", "Float", "Boolean", "ID"):
            continue
        if not type_.description:
            silent.append(name)
        members: dict[str, Any] = type_.values if isinstance(type_, GraphQLEnumType) else getattr(type_, "fields", {})
        silent += [f"{name}.{key}" for key, member in members.items() if not member.description]
        for key, member in members.items():
            arguments = getattr(member, "args", {}).items()
            silent += [f"{name}.{key}({argument})" for argument, element in arguments if not element.description]
    assert silent == []


def test_every_field_and_input_field_has_exactly_one_declaration(built: GraphQLSchema) -> None:
    for name, type_ in built.type_map.items():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType) and name[0] != "_":
            for key, field in type_.fields.items():
                assert len(declared(field)) == 1, f"{name}.{key}"


def test_a_record_s_personal_fields_are_nullable(built: GraphQLSchema) -> None:
    node = built.type_map["Record"]
    assert isinstance(node, GraphQLInterfaceType)
    for type_ in built.get_possible_types(node):
        for key, field in type_.fields.items():
            ((directive, kind),) = declared(field)
            if directive == "sensitivity" and kind not in ("OPEN", "OPERATIONAL", existence(type_)):
                assert not isinstance(field.type, GraphQLNonNull), f"{type_.name}.{key}"


def existence(type_: Any) -> str:
    """The class without which a record of this type does not exist."""
    nouns = {graphql_name(face_): noun for face_, noun in NOUNS_BY_FACE.items()}
    noun = nouns[type_.name]
    assert noun is not None
    return noun.row_sensitivity.value


def test_a_record_that_may_not_exist_is_reached_only_by_nullable_fields_of_its_class(built: GraphQLSchema) -> None:
    node: Any = built.type_map["Record"]
    hidden = {type_.name: existence(type_) for type_ in built.get_possible_types(node)}
    hidden = {name: kind for name, kind in hidden.items() if kind not in ("OPEN", "OPERATIONAL")}
    hidden |= {f"{name}Connection": kind for name, kind in hidden.items()}
    reached = []
    for type_ in built.type_map.values():
        if not isinstance(type_, GraphQLObjectType) or type_.name.endswith(("Connection", "Edge")):
            continue
        for key, field in type_.fields.items():
            if (kind := hidden.get(get_named_type(field.type).name)) is None:
                continue
            assert not isinstance(field.type, GraphQLNonNull), f"{type_.name}.{key}"
            assert declared(field) == [("sensitivity", kind)], f"{type_.name}.{key}"
            reached.append(f"{type_.name}.{key}")
    assert sorted(reached) == ["Household.cases", "Query.cases", "SaveCasePayload.case"]


def test_a_related_record_has_the_class_of_the_column_that_selects_it() -> None:
    """Which record is shown reveals who is the head, the mother or the newest, whatever fields are shown."""
    read = 0
    for face_, noun in NOUNS_BY_FACE.items():
        for field_ in fields_of(face_):
            shape = field_.metadata["shape"] if noun is not None and "shape" in field_.metadata else None
            if not isinstance(shape, RelatedField) or not issubclass(shape.source.noun, Noun):
                continue
            if any(isinstance(directive, Exempt) for directive in field_.directives):  # the caller's own grants
                continue
            for column in _selecting_columns(noun, shape):
                read += 1
                kinds = {Sensitivity.OPEN, Sensitivity.OPERATIONAL, shape.kind}
                assert fact_of(column).sensitivity in kinds, f"{face_.__name__}.{field_.name} by {column.name}"
    assert read > 20


def _selecting_columns(noun: Any, shape: RelatedField) -> set[sa.Column[Any]]:
    """The columns that the link between a record and its related records reads."""
    if shape.source.link is None or not issubclass(noun, Noun):
        return set()
    source: Any = shape.source.noun
    link = shape.source.link(table_of(noun).alias(), table_of(source).alias())
    bases_of_columns = (column.base_columns for column in iterate(link) if isinstance(column, sa.ColumnClause))
    return {column for bases in bases_of_columns for column in bases if isinstance(column, sa.Column)}


def test_an_undeclared_field_fails_at_start() -> None:
    schema = build()
    assert undeclared(schema) == []

    @strawberry.type
    class Query:
        @strawberry.field
        def stray(self, secret: str) -> str:
            return secret

    assert undeclared(strawberry.Schema(Query)) == ["Query.stray", "Query.stray(secret:)"]


def test_a_payload_list_of_records_declares_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each record is read separately, so the cost needs their number."""
    schema = build()
    results = graphql_schema(schema).type_map["VerifyHouseholdsPayload"].fields["results"]  # type: ignore[attr-defined]
    definition = definition_of(results)
    assert definition.metadata["shape"].most == LONGEST_LIST
    monkeypatch.setattr(definition, "metadata", {"shape": ValueField()})
    assert list(unbounded_lists(schema)) == ["VerifyHouseholdsPayload.results"]


def test_errors_of_makers_explain_their_use() -> None:
    with pytest.raises(TypeError, match=r"PERSONAL: use guarded\(\)"):
        shown(Member.full_name)
    with pytest.raises(TypeError, match="declare it with a maker"):

        @face(Member)
        class Loose:
            name: str | None


def test_a_field_s_maker_and_type_agree() -> None:
    assert Member in NOUNS_BY_FACE.values()
    assert guarded(Member.full_name) is not None
