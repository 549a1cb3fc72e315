"""Inputs have exactly the typed facts that the faces show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLNonNull, GraphQLSchema, get_named_type
from hypothesis import given
from hypothesis import strategies as st

from registry.codes import Code
from registry.models.fact import fact_of
from registry.models.household_aggregate import NOUNS, TYPED
from registry.models.noun import camel, facts
from schema.build import build
from schema.declare.input_types import cleaned
from schema.declare.strawberry_internals import graphql_schema
from schema.errors import BadInput
from schema.inputs.household import INSIDE, LISTED, RECORDS, HouseholdInput, edit_of
from schema.inputs.reading import READERS, uuid_text
from schema.inputs.record import VALUES, RecordInput
from tests.test_scalars import GOOD

SCHEMA: GraphQLSchema = graphql_schema(build())
STRUCTURE = {"id", "removed", *LISTED}
"""The fields of an input that are not facts: the key, `removed`, and the lists."""
ID, CHILD = "018f3a56-1111-7000-8000-000000000001", "018f3a56-1111-7000-8000-000000000002"


def input_of(name: str) -> GraphQLInputObjectType:
    type_ = SCHEMA.type_map[name]
    assert isinstance(type_, GraphQLInputObjectType)
    return type_


def leaves(record: RecordInput) -> Iterator[tuple[str, str, Any]]:
    """Each leaf of a record's input as its dotted name, with its column and its GraphQL field."""
    input_type = input_of(record.name)
    for field in record.fields:
        outer = input_type.fields[camel(field.name)]
        for part, column in field.columns:
            if part is None:
                yield field.name, column, outer
            else:
                inner = get_named_type(outer.type)
                assert isinstance(inner, GraphQLInputObjectType)
                yield f"{field.name}.{part}", column, inner.fields[camel(part)]


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.table)
def test_input_fields_are_exactly_the_typed_facts(record: RecordInput) -> None:
    typed = sorted(column.name for column, fact in facts(record.noun) if not fact.server and column.name != "id")
    assert sorted(column for _, column, _ in leaves(record)) == typed
    assert sorted(column.name for column in TYPED[record.table]) == typed
    written = {camel(field.name) for field in record.fields}
    assert set(input_of(record.name).fields) - written <= STRUCTURE


def test_every_noun_of_a_household_has_an_input() -> None:
    assert {record.noun for record in RECORDS.values()} == set(NOUNS.values())


def test_the_inputs_of_values_are_complete() -> None:
    for value in VALUES:
        output_type = SCHEMA.type_map[value.__name__]
        assert set(input_of(f"{value.__name__}Input").fields) == set(output_type.fields)  # type: ignore[attr-defined]


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.table)
def test_an_input_field_has_the_type_of_its_column(record: RecordInput) -> None:
    for name, column, field in leaves(record):
        stored = record.noun.__table__.c[column]
        codes: type[Code] | None = stored.info.get("codes")
        type_ = get_named_type(field.type)
        assert isinstance(type_, GraphQLEnumType) is (codes is not None), name
        if isinstance(type_, GraphQLEnumType):
            assert codes is not None
            assert set(type_.values) == {code.value for code in codes}, name
        assert field.description, name


def test_only_keys_and_parts_of_a_value_are_required() -> None:
    """A missing key keeps its value, so no fact can be required."""
    for record in RECORDS.values():
        input_type = input_of(record.name)
        assert [name for name, f in input_type.fields.items() if isinstance(f.type, GraphQLNonNull)] == ["id"]


def test_inputs_of_numbers_relations_and_regions_have_plain_names() -> None:
    member, shop = input_of("MemberInput").fields, input_of("BusinessInput").fields
    house, episode = input_of("HouseholdInput").fields, input_of("MigrationEpisodeInput").fields
    assert {"nik", "motherId", "fatherId"} <= set(member)
    assert {"phone", "kkNumber", "villageCode"} <= set(house)
    assert {"epmiNo", "passportNo", "memberId"} <= set(episode)
    assert {"ownerId", "locationVillageCode"} <= set(shop)
    everything = set(member) | set(shop) | set(house) | set(episode)
    assert [name for name in everything if "asked" in name] == []
    derived = {"seq", "underageAtDeparture"} & set(episode) | {"ownerCategory", "scale"} & set(shop)
    assert derived == set()
    server = {"rev", "workflowState", "householdNo", "verifiedRev", "submittedBy", "area", "draft", "createdBy", "age"}
    assert server & everything == set()


def test_an_input_field_has_the_class_of_its_fact() -> None:
    for record in RECORDS.values():
        for field in record.fields:
            kinds = {fact_of(record.noun.__table__.c[column]).sensitivity for _, column in field.columns}
            assert field.input.kind in kinds or field.input.kind.value == "OPERATIONAL", field.name
            if len(field.columns) == 1:
                assert kinds == {field.input.kind}, field.name


# --- reading an input -------------------------------------------------------------------------------------------------


def household_input(id_: str, **more: Any) -> dict[str, Any]:
    """An input as it arrives, without the fields that are not given."""
    return {"id": id_, **more}


def test_null_is_in_the_change_set_and_a_missing_field_is_not() -> None:
    edit, village = edit_of(household_input(ID, address=None, villageCode="35.07.11.2008"))
    assert (edit.sent["household"], village) == ({ID: {"address": None}}, "35.07.11.2008")
    assert edit.sent["member"] == {}


def test_null_clears_all_parts_of_a_value_and_a_missing_part_stays() -> None:
    edit, _ = edit_of(household_input(ID, location=None))
    assert edit.sent["household"][ID] == {"location_lat": None, "location_lon": None}
    edit, _ = edit_of(cleaned(HouseholdInput, household_input(ID, consent={"givenBy": " Siti "})))
    assert edit.sent["household"][ID] == {"consent_given_by": "Siti"}
    assert edit.path(("household", ID, "consent_given_by")) == ("household", "consent", "givenBy")
    assert edit.path(("household", ID, "members")) == ("household", "members")


def test_every_column_of_an_input_has_a_path() -> None:
    for table, columns in TYPED.items():
        assert {"id", *(column.name for column in columns)} == INSIDE[table].keys()


def test_a_value_of_every_scalar_becomes_json() -> None:
    assert {type(value) for values in GOOD.values() for value in values.values()} <= READERS.keys() | {str}


@given(st.text(" \t\n", min_size=1))
def test_blank_text_is_null(blank: str) -> None:
    edit, _ = edit_of(cleaned(HouseholdInput, household_input(ID, address=blank, kkNumber=blank)))
    assert edit.sent["household"][ID] == {"address": None, "kk_number": None}


def test_a_number_is_read_without_dots_and_spaces() -> None:
    member = household_input(CHILD, nik=" 3507.1163-0485 0001 ")
    edit, _ = edit_of(household_input(ID, phone="0812 3456 7890", members=[member]))
    assert edit.sent["household"][ID] == {"phone": "+6281234567890"}
    assert edit.sent["member"] == {CHILD: {"nik": "3507116304850001"}}
    assert edit.path(("member", CHILD, "nik")) == ("household", "members", "0", "nik")
    assert edit.path(("member", ID, "nik")) == ("household", "members", ID, "nik")


def test_a_removal_holds_only_an_id() -> None:
    edit, _ = edit_of(household_input(ID, members=[household_input(CHILD, removed=True, fullName="Siti")]))
    assert (edit.removed, edit.sent["member"]) == ({("member", CHILD)}, {})


@pytest.mark.parametrize(
    "written", [ID.upper(), "{" + ID + "}", f"urn:uuid:{ID}", ID.replace("-", ""), f" {ID}\u200b\n"]
)
def test_an_id_is_normalised(written: str) -> None:
    assert uuid_text(written) == ID


def test_an_id_may_occur_once_whatever_its_form() -> None:
    with pytest.raises(BadInput, match=re.escape("`id`")):
        edit_of(household_input(ID, members=[household_input(CHILD), household_input(CHILD.upper())]))
    edit, _ = edit_of(household_input(ID, members=[household_input(ID.upper())]))
    assert edit.taken == [("household", "members", "0", "id")]


def test_an_empty_relation_is_null() -> None:
    edit, _ = edit_of(household_input(ID, members=[household_input(CHILD, motherId=" \u200b", fatherId="")]))
    assert edit.sent["member"][CHILD] == {"mother_id": None, "father_id": None}


@pytest.mark.parametrize("text", [f"{ID[:-2]}_1", f"{ID[:-1]}\uff11", f"{{{ID}", f"{ID[:8]}--{ID[9:]}", "0" * 32, ""])
def test_malformed_ids_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        uuid_text(text)


@given(st.text().filter(lambda text: not re.search("[0-9a-fA-F]{8}", text)))
def test_a_malformed_id_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        uuid_text(text)
    assert (refused.value.label_id, refused.value.label_en) == ("Setiap `id` harus UUID.", "Every `id` must be a UUID.")
