"""Files of operations: each operation is valid and priced before it is registered, and a fault names its line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from graphql import coerce_input_value, is_input_type, parse

from schema.build import build
from schema.declare.strawberry_internals import graphql_schema
from schema.engine import operation_files, registration
from schema.engine.operation_files import MANIFEST, OperationsError
from schema.engine.registration import Registrations, registrations, sample_value

SCHEMA = graphql_schema(build())
EXAMPLES = Path(__file__).parents[1] / "examples" / "operations.graphql"
NAMES = "query Names($first: Int!) {\n  households(first: $first) { totalCount }\n}\n"
PLACES = "query Places { provinces(first: 2) { nodes { ...Place } } }\nfragment Place on Province { code name }\n"
COMMAND = (
    "mutation Verify($items: [VerifyItemInput!]!) {"
    " verifyHouseholds(input: {items: $items}) { results { householdId } } }\n"
)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def of_file(folder: Path, content: str | bytes, name: str = "app.graphql") -> Registrations:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return registrations([path], SCHEMA)


def problems(folder: Path, content: str | bytes, name: str = "app.graphql") -> list[str]:
    with pytest.raises(OperationsError) as error:
        of_file(folder, content, name)
    return str(error.value).splitlines()


def manifest(*documents: str, **changes: Any) -> str:
    operations = [
        {"id": sha256(text), "name": f"Op{n}", "type": "query", "body": text} for n, text in enumerate(documents)
    ]
    return json.dumps({"format": MANIFEST, "version": 1, "operations": operations} | changes, indent=1)


def test_a_file_of_one_operation_is_registered_as_it_stands(tmp_path: Path) -> None:
    (each,) = of_file(tmp_path, NAMES).operations
    assert (each.name, each.document, each.sha256) == ("Names", NAMES, sha256(NAMES))


@pytest.mark.parametrize("size", [20, 500])
def test_a_page_that_a_variable_sizes_costs_as_much_as_one_of_20(tmp_path: Path, size: int) -> None:
    list_ = "households(first: %s) { nodes { id members { id } } }"
    (each,) = of_file(tmp_path, f"query($first: Int!) {{ {list_ % '$first'} }}").operations
    (same,) = of_file(tmp_path, f"{{ {list_ % size} }}").operations
    assert (each.cost == same.cost) is (size == 20)
    assert each.cost >= 20 * 6, "20 households with 5 members each"


def test_each_operation_of_a_file_is_registered_with_its_fragments(tmp_path: Path) -> None:
    operations = of_file(tmp_path, f"# All of them.\n{NAMES}{PLACES}fragment Unused on Village {{ code }}").operations
    assert [each.name for each in operations] == ["Names", "Places"]
    names, places = (parse(each.document) for each in operations)
    assert [len(document.definitions) for document in (names, places)] == [1, 2]
    assert all(each.sha256 == sha256(each.document) for each in operations)


@pytest.mark.parametrize("as_map", [False, True])
def test_a_manifest_names_each_document_by_its_hash(tmp_path: Path, as_map: bool) -> None:
    content = json.dumps({sha256(text): text for text in (NAMES, PLACES)}) if as_map else manifest(NAMES, PLACES)
    operations = of_file(tmp_path, content, "manifest.json").operations
    assert {each.document for each in operations} == {NAMES, PLACES}


def test_the_example_operations_can_be_registered_but_for_commands() -> None:
    files = registrations([EXAMPLES], SCHEMA)
    assert {each.name for each in files.operations} >= {"MinisterSentence", "ProvinceToVillage", "WhatMayIDo"}
    assert all(each.cost > 0 or each.remarks for each in files.operations)
    assert all("is a command" in line for line in files.left_out)
    assert any("SaveHousehold" in line for line in files.left_out)


def test_a_command_is_left_out_because_a_service_has_none(tmp_path: Path) -> None:
    files = of_file(tmp_path, f"{NAMES}{COMMAND}")
    assert [each.name for each in files.operations] == ["Names"]
    assert files.left_out == ("app.graphql:4: Verify is a command, and a service account has none.",)


def test_what_no_service_sees_is_remarked(tmp_path: Path) -> None:
    text = '{ members(filter: {fullName: {eq: "Siti"}}) { totalCount } }'
    ((remark,),) = (each.remarks for each in of_file(tmp_path, text).operations)
    assert "fullName" in remark


WRONG: dict[str, tuple[str, str]] = {
    "not GraphQL": (f"{NAMES}query {{", "app.graphql:4: Syntax Error"),
    "an unknown field": (f"{NAMES}\nquery Other {{\n  nobody\n}}", "app.graphql:6: Cannot query field 'nobody'"),
    "two of one name": (f"{NAMES}{NAMES}", "app.graphql:1: There can be only one operation named 'Names'"),
    "a page too large": ("query A { households(first: 1001) { totalCount } }", "app.graphql:1: A page has 1000 rows"),
    "too much": (
        f"{PLACES}query Wide {{ regions(first: 1000) {{ nodes {{ households(first: 1000) {{ nodes {{ id }} }} }} }} }}",
        "app.graphql:3: This asks for too much",
    ),
    "nothing": ("# empty", "app.graphql:1: Syntax Error"),
    "no operation": ("fragment Place on Province { code }", "app.graphql: the file holds no operation"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_fault_names_its_line(tmp_path: Path, kind: str) -> None:
    content, beginning = WRONG[kind]
    assert problems(tmp_path, content)[0].startswith(beginning)


def test_every_faulty_operation_is_reported(tmp_path: Path) -> None:
    text = "query A { nobody }\nquery B { viewer { id } }\nquery C { nothing }\n"
    assert [line.partition(" ")[0] for line in problems(tmp_path, text)] == ["app.graphql:1:", "app.graphql:3:"]


def test_a_fault_of_a_manifest_names_the_line_of_its_entry(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, manifest(NAMES, "query A {\n  nobody\n}"), "m.json")
    assert line.startswith("m.json:12 (Op1, line 2 of its body): Cannot query field 'nobody'")
    wrong = manifest(NAMES).replace(sha256(NAMES), "0" * 64)
    (line,) = problems(tmp_path, wrong, "m.json")
    assert line.startswith("m.json:6 (Op0): its id is not the SHA-256")
    (line,) = problems(tmp_path, manifest(f"{NAMES}{PLACES}"), "m.json")
    assert "names no operation" in line or "several operations" in line


@pytest.mark.parametrize(
    "content", ["{", "[]", "7", '{"a": 1}', manifest(version=2), manifest(format="x"), manifest(operations=7)]
)
def test_json_of_another_shape_is_refused(tmp_path: Path, content: str) -> None:
    assert problems(tmp_path, content, "m.json")[0].startswith("m.json:")


def test_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "bytes" in problems(tmp_path, b"#" * (operation_files.MAX_BYTES + 1))[0]
    assert problems(tmp_path, b"{ viewer { id } }\n# \xff")[0].startswith("app.graphql:2: the file is not UTF-8")
    assert "nested" in problems(tmp_path, "{ viewer " * 3_000)[0]
    long = f"{{ viewer {{ id }} }} #{'x' * 64_000}"
    assert "characters" in problems(tmp_path, long)[0]
    monkeypatch.setattr(registration, "MAX_REGISTERED", 1)
    assert "1 at most" in problems(tmp_path, f"{NAMES}{PLACES}")[0]


def test_every_input_type_has_a_sample() -> None:
    """So that an operation can be priced whatever its variables are."""
    types = [type_ for name, type_ in SCHEMA.type_map.items() if is_input_type(type_) and not name.startswith("__")]
    assert len(types) > 50
    for type_ in types:
        coerce_input_value(sample_value(type_), type_)
