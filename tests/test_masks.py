"""Masks (M3): every field of every type for every persona is the stored value, or null and listed in `withheld`."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLNonNull, get_named_type, is_leaf_type

from auth.sensitivity import Sensitivity
from registry.models.aggregate import record_entries
from registry.models.entry import Through
from registry.models.fact import Derived
from registry.models.household_aggregate import NOUNS
from registry.models.noun import By, Noun, To
from registry.read.query import Source
from schema.build import build
from schema.declare.directives import SensitivityIs
from schema.declare.shapes import ColumnField, EmbeddedField, RelatedField, UnionField, WithheldField
from schema.declare.strawberry_internals import definition_of, graphql_schema
from schema.inputs.household import LISTED
from tests import oracle
from tests.personas import PERSONAS, TODAY, Persona
from tests.village_records import TYPE_NAMES
from tests.world import CHILDREN, ENTRIES, OF_VILLAGES, VILLAGE_LISTS, Row, World

pytestmark = pytest.mark.anyio
GRAPHQL = graphql_schema(build())
TABLES = {"Household": "household"} | {LISTED[name].__name__: table for name, table in CHILDREN.items()}
TYPES = {"Household": "households"} | {LISTED[name].__name__: name for name in CHILDREN}
TABLES |= {TYPE_NAMES[table]: table for table in VILLAGE_LISTS.values()}
TYPES |= {TYPE_NAMES[table]: name for name, table in VILLAGE_LISTS.items()}
"""Type of the schema → its table."""
WITH_ID = {name for name, type_ in GRAPHQL.type_map.items() if "id" in getattr(type_, "fields", ())}
"""The types whose records have an id."""
DANGEROUS = {
    "MigrationEpisode.proceduralStatus": "PROTECTIVE",
    "MigrationEpisode.employerName": "SPECIAL",
    "MigrationEpisode.debt": "SPECIAL",
    "MigrationEpisode.welfare": "SPECIAL",
    "MigrationEpisode.passportMasked": "IDENTITY",
    "Member.nikMasked": "IDENTITY",
    "Member.fullName": "PERSONAL",
    "Member.birthDate": "PERSONAL",
    "Member.disability": "SPECIAL",
    "Household.address": "PERSONAL",
    "Household.location": "PERSONAL",
    "Household.phoneMasked": "IDENTITY",
    "Household.welfareDecile": "SPECIAL",
    "Business.annualSales": "PERSONAL",
}
"""Repeated here so that a changed declaration does not change the expectation with it."""


@dataclass(frozen=True)
class Field:
    """A field of the built schema, with its declared class."""

    name: str
    python_name: str
    kind: str | None
    nullable: bool
    shape: Any
    leaf: bool
    type_name: str
    inner: tuple[Field, ...] = ()


def fields(type_name: str) -> Iterator[Field]:
    type_: Any = GRAPHQL.get_type(type_name)
    for name, field_ in type_.fields.items():
        declared = definition_of(field_)
        classes = [d.is_.value for d in declared.directives if isinstance(d, SensitivityIs)]
        shape, inner = declared.metadata["shape"], get_named_type(field_.type)
        yield Field(
            name,
            declared.python_name,
            classes[0] if classes else None,
            not isinstance(field_.type, GraphQLNonNull),
            shape,
            is_leaf_type(inner),
            inner.name,
            tuple(fields(inner.name)) if isinstance(shape, EmbeddedField) else (),
        )


def selection_of(fields_: list[Field]) -> str:
    """A selection of every field: values in full, records by their id, entries in full, without connections."""
    selections = []
    for f in fields_:
        if f.leaf:
            selections.append(f.name)
        elif f.inner:
            selections.append(f"{f.name} {{ {' '.join(i.name for i in f.inner)} }}")
        elif isinstance(f.shape, UnionField):
            faces = " ".join(f"... on {face.__name__} {{ id }}" for face in f.shape.faces)
            selections.append(f"{f.name} {{ {faces} }}")
        elif is_record(f):
            selections.append(f"{f.name} {{ id }}")
        elif is_entry(f):
            selections.append(f"{f.name} {{ {selection_of(list(fields(f.type_name)))} }}")
        elif isinstance(f.shape, RelatedField) and f.shape.how != "connection":
            selections.append(f"{f.name} {{ __typename }}")
    return " ".join(selections)


def is_record(f: Field) -> bool:
    """Whether a field shows records with an id by a declared link; what has conditions has tests of its own."""
    if isinstance(f.shape, UnionField):
        return True
    is_plain = isinstance(f.shape, RelatedField) and f.shape.how != "connection" and not f.shape.source.where
    return is_plain and isinstance(f.shape.source.link, By | To | Through) and f.type_name in WITH_ID


def is_entry(f: Field) -> bool:
    """Whether a field shows entries of a village's record, which have no id of their own."""
    if not isinstance(f.shape, RelatedField) or f.type_name in WITH_ID:
        return False
    return f.shape.source.noun in record_entries() and isinstance(f.shape.source.link, By)


def wire(value: Any) -> Any:
    match value:
        case dt.datetime():
            return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
        case dt.date():
            return value.isoformat()
        case Decimal() | uuid.UUID():
            return str(value)
    return value


DERIVED = {"member_count", "business_count", "age", "stage", "viewer_can", "migrant_family", "parents_abroad", "number"}


def derived(name: str, stored: Mapping[str, Any], everything: Mapping[str, list[Mapping[str, Any]]]) -> Any:
    """The derived value, computed again from the stored rows."""
    if name in ("member_count", "business_count"):
        rows = everything[name.removesuffix("_count")]
        return len([r for r in rows if r["household_id"] == stored["id"] and r["archived_at"] is None])
    if name == "age":
        born, now = dt.date.fromisoformat(stored["birth_date"]), dt.datetime.now(dt.timezone(dt.timedelta(hours=7)))
        return now.year - born.year - ((now.month, now.day) < (born.month, born.day))
    if name == "remits":
        return any(value for column, value in stored.items() if column.startswith("remittance_")) or None
    if name in ("migrant_family", "parents_abroad"):
        return kinship(name, stored, everything)
    if name == "number":  # of the entries of a record
        rows = [row for table in ENTRIES for row in everything[table]]
        return len([row for row in rows if row["record_id"] == stored["id"] and row["archived_at"] is None])
    episodes = [r for r in everything["migration_episode"] if r["member_id"] == stored["id"]]
    begun = [
        (r["departed_on"] or r["registered_on"] or r["contract_starts_on"] or "9999", r["seq"], r) for r in episodes
    ]
    return max(begun, key=lambda b: b[:2])[2]["stage"] if begun else None


def kinship(name: str, stored: Mapping[str, Any], everything: Mapping[str, list[Mapping[str, Any]]]) -> Any:
    """In the world's households, each of a man who migrates, his wife and their child, all linked."""
    people = {r["id"]: r for r in everything["member"] if r["household_id"] == stored["household_id"]}
    stages = {id_: derived("stage", person, everything) for id_, person in people.items()}
    if name == "migrant_family":
        kin = {"HEAD": ("WIFE",), "WIFE": ("HEAD",), "CHILD": ("HEAD", "WIFE")}[stored["relation_to_head"]]
        kin += ("CHILD",) * (stored["relation_to_head"] != "CHILD")
        return any(stages[id_] and p["relation_to_head"] in kin for id_, p in people.items() if not p["archived_at"])
    if derived("age", stored, everything) >= 18:
        return None
    mother, father = (stages.get(stored[key]) == "WORKING_ABROAD" for key in ("mother_id", "father_id"))
    return {(1, 1): "BOTH", (1, 0): "MOTHER", (0, 1): "FATHER", (0, 0): "NONE"}[mother, father]


@dataclass
class Truth:
    """The stored row of one record, and what the oracle shows of it to one persona."""

    world: World
    who: Persona
    row: Row
    stored: Mapping[str, Any]
    everything: Mapping[str, list[Mapping[str, Any]]]
    by_id: Mapping[uuid.UUID, Row]

    def sees(self, kind: str | None) -> bool:
        return kind in (None, "OPEN", "OPERATIONAL") or self.world.sees(self.who, kind or "", self.row)

    def cell(self, f: Field) -> Any:
        """The value that the caller must get for this field."""
        if not self.sees(f.kind):
            return None
        if isinstance(f.shape, EmbeddedField):
            if self.value(f.shape.present) is None:
                return None
            return {i.name: self.part(f.shape, i) for i in f.inner}
        return self.value(f.shape.datum)

    def part(self, outer: EmbeddedField, f: Field) -> Any:
        if f.python_name in outer.columns:
            return wire(self.stored[key(outer.columns[f.python_name])])
        return self.cell(f)

    def related(self, f: Field) -> Any:
        """The ids of the records that the caller must get for this field: one, or all in any order."""
        if not self.sees(f.kind):
            return None
        if isinstance(f.shape, UnionField) or f.shape.how == "one":
            return next((str(id_) for id_ in self.linked(f) if self.is_there(id_)), None)
        return sorted(str(id_) for id_ in self.linked(f) if self.is_there(id_))

    def linked(self, f: Field) -> list[uuid.UUID]:
        """The ids to which the link of a field leads."""
        match f.shape:
            case UnionField(To(column)) | RelatedField(source=Source(link=To(column))):
                return [self.stored[column]] if self.stored[column] is not None else []
            case RelatedField(source=Source(link=Through(entry))):
                return [row[entry.key] for row in self.entries(entry)]
        column, table = f.shape.source.link.column, f.shape.source.noun.__tablename__
        return [row["id"] for row in self.everything[table] if row[column] == self.stored["id"]]

    def entries(self, entry: Any) -> list[Mapping[str, Any]]:
        rows = self.everything[entry.__tablename__]
        return [row for row in rows if row["record_id"] == self.stored["id"] and row["archived_at"] is None]

    def is_there(self, id_: uuid.UUID) -> bool:
        """Whether a record is in the register and exists for the caller; regions exist for everybody."""
        row = self.by_id.get(id_)
        return (
            id_ in self.world.regions.values() if row is None else not row.has_left and self.world.exists(self.who, row)
        )

    def shown_entries(self, f: Field) -> Any:
        """The entries that the caller must get for this field, in any order: not of a record that is not there."""
        if not self.sees(f.kind):
            return None
        inner, shown = list(fields(f.type_name)), []
        for stored in self.entries(f.shape.source.noun):
            truth = Truth(self.world, self.who, self.by_id[stored["id"]], stored, self.everything, self.by_id)
            cells = {i.name: truth.shown(i) for i in inner if is_compared(i)}
            if all(cells[i.name] is not None for i in inner if isinstance(i.shape, RelatedField)):
                shown.append(cells)
        return sorted(shown, key=str)

    def shown(self, f: Field) -> Any:
        """What the caller must get for this field."""
        if is_record(f):
            return self.related(f)
        return self.shown_entries(f) if is_entry(f) else self.cell(f)

    def value(self, datum: Any) -> Any:
        if isinstance(datum, Derived):
            return derived(datum.name, self.stored, self.everything)
        return wire(self.stored[key(datum)])


def noun_of(table: str) -> type[Noun]:
    (noun,) = (mapper.class_ for mapper in Noun.registry.mappers if mapper.class_.__tablename__ == table)
    return noun


def key(datum: Any) -> str:
    return str(datum.key)


def is_compared(f: Field) -> bool:
    """Whether the value of a field is worked out here again."""
    is_value = isinstance(f.shape, ColumnField | EmbeddedField) and f.name != "viewerCan"
    return is_value or is_record(f) or is_entry(f)


def received(f: Field, value: Any) -> Any:
    """What the caller got for a field, as `Truth.shown` says it: records by their id, lists in no order."""
    if value is None or not (is_record(f) or is_entry(f)):
        return value
    if is_record(f):
        return sorted(record["id"] for record in value) if isinstance(value, list) else value["id"]
    inner = [i for i in fields(f.type_name) if is_compared(i)]
    return sorted(({i.name: received(i, entry[i.name]) for i in inner} for entry in value), key=str)


def withheld(fields_: list[Field], truth: Truth) -> list[str]:
    return [f.name for f in fields_ if f.nullable and not truth.sees(f.kind)]


async def every(world: World, who: Persona, name: str, selection: str) -> list[dict[str, Any]]:
    """All records of a list that the caller gets, page by page; none where the list is refused."""
    nodes: list[dict[str, Any]] = []
    query = f"""query($after: String) {{ page: {name}(first: 25, after: $after) {{
      nodes {{ {selection} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
    after = None
    while True:
        answer = await world.ask(who, query, after=after)
        assert set(answer.codes) <= {"FORBIDDEN"}, (who.name, answer.body)
        if (page := answer.data["page"]) is None:
            return nodes
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("type_name", TYPES)
async def test_every_field_is_the_stored_value_or_withheld(world: World, type_name: str) -> None:
    fields_, table = list(fields(type_name)), TABLES[type_name]
    everything: dict[str, list[Mapping[str, Any]]] = {}
    for name in (*NOUNS, *OF_VILLAGES, *ENTRIES):
        everything[name] = [dict(row) for row in await world.admin.fetch(f"SELECT * FROM registry.{name}")]
    stored, rows = {r["id"]: r for r in everything[table]}, {row.id: row for row in world.of(table)}
    by_id = {row.id: row for row in world.rows}
    compared, hidden = 0, 0
    for who in PERSONAS:
        for node in await every(world, who, TYPES[type_name], selection_of(fields_)):
            id_ = uuid.UUID(node["id"])
            truth = Truth(world, who, rows[id_], stored[id_], everything, by_id)
            assert sorted(node["withheld"]) == sorted(withheld(fields_, truth)), (who.name, node)
            for f in fields_:
                if isinstance(f.shape, WithheldField) or f.name == "viewerCan":
                    continue
                if is_compared(f):
                    assert received(f, node[f.name]) == truth.shown(f), (who.name, f.name, f.kind)
                elif f.nullable and f.name in node:
                    assert node[f.name] is None or truth.sees(f.kind), (who.name, f.name)
                compared += 1
                hidden += not truth.sees(f.kind)
    assert compared > 1_500
    assert hidden > 50 or not any(f.nullable and f.kind not in (None, "OPEN", "OPERATIONAL") for f in fields_)


async def test_only_its_author_reads_a_protective_status(world: World) -> None:
    recorders: dict[str, set[str]] = {}
    for who in PERSONAS:
        answer = await world.ask(who, "{ migrations(first: 1000) { nodes { id proceduralStatus } } }")
        for node in (answer.data["migrations"] or {}).get("nodes", ()):
            if node["proceduralStatus"] is not None:
                recorders.setdefault(node["id"], set()).add(who.name)
    authors = {str(row.id): {row.author} for row in world.of("migration_episode")}
    assert recorders.items() <= authors.items()
    assert len({next(iter(names)) for names in recorders.values()}) > 5
    here = [row.author for row in world.houses[7].rows if row.table == "migration_episode"]
    assert set(here) == {"OFFICER@A111", "OFFICER@A11"}


async def test_events_remarks_and_their_actors_are_personal(world: World) -> None:
    shown = "id withheld remarks { text author { name role } } events { to actor { name } reason }"
    shown += " submittedBy { name } verifiedBy { name }"
    texts = {r["id"]: r["text"] for r in await world.admin.fetch("SELECT id, text FROM remark")}
    compared = 0
    for who in PERSONAS:
        for node in await every(world, who, "households", shown):
            house = next(h for h in world.houses if str(h.id) == node["id"])
            personal = world.sees(who, "PERSONAL", house.rows[0])
            assert ("remarks" in node["withheld"]) is not personal
            if not personal:
                assert node["remarks"] is node["submittedBy"] is node["verifiedBy"] is None
                assert all(event["actor"] is None and event["reason"] is None for event in node["events"])
                continue
            of_house = [texts[row.id] for row in world.of("remark") if row.house is house]
            assert sorted(r["text"] for r in node["remarks"]) == sorted(of_house)
            assert all(event["actor"]["name"] in (p.name for p in PERSONAS) for event in node["events"])
            compared += len(of_house)
    assert compared > 20


async def test_a_region_withholds_when_it_was_last_verified_and_a_village_its_officers(world: World) -> None:
    verified = {r["id"]: r["verified_at"] for r in await world.admin.fetch("SELECT id, verified_at FROM household")}
    keys = {str(id_): key for key, id_ in world.regions.items()}
    dated = 0
    for who in PERSONAS:
        answer = await world.ask(who, "{ regions(first: 1000) { nodes { id level withheld lastVerifiedAt } } }")
        for node in (answer.data["regions"] or {}).get("nodes", ()):
            region = keys[node["id"]]
            sees = {kind: oracle.has(world.tree, who, oracle.SEES[kind], region, TODAY) for kind in oracle.SEES}
            withheld = [] if sees["OPERATIONAL"] else ["lastVerifiedAt"]
            if node["level"] == "VILLAGE":
                withheld += [] if sees["OPERATIONAL"] else ["monthlyReport"]
                withheld += [] if sees["PERSONAL"] else ["officers"]
            assert sorted(node["withheld"]) == withheld, (who.name, region)
            if not sees["OPERATIONAL"]:
                assert node["lastVerifiedAt"] is None
                continue
            visible = [row for row in world.of("household") if str(row.id) in world.listed(who, "household")]
            inside = [row for row in visible if oracle.inside(world.tree, row.village, region)]
            days = [day for row in inside if (day := verified[row.id]) is not None]
            assert node["lastVerifiedAt"] == (wire(max(days)) if days else None), (who.name, region)
            dated += bool(days)
    assert dated > 20


def test_sensitive_fields_have_their_class() -> None:
    declared = {f"{type_name}.{f.name}": f.kind for type_name in TYPES for f in fields(type_name)}
    assert declared | DANGEROUS == declared


def test_fields_above_operational_are_nullable() -> None:
    """But for the class without which the record itself does not exist."""
    all_fields = [f for type_name in TYPES for f in fields(type_name)]
    for type_name, table in TABLES.items():
        shown = (None, "OPEN", "OPERATIONAL", noun_of(table).row_sensitivity.value)
        assert all(f.nullable for f in fields(type_name) if f.kind not in shown), type_name
    assert {f.kind for f in all_fields} >= {k.value for k in Sensitivity} - {"OPEN", "SYSTEM"}
    assert {
        f.shape.datum.name
        for f in all_fields
        if isinstance(f.shape, ColumnField) and isinstance(f.shape.datum, Derived)
    } == DERIVED
