"""The shape of the code: imports point down, files are short and have docstrings."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "auth": set(),
    "registry": {"auth"},
    "schema": {"auth", "registry"},
    "server": {"auth", "registry", "schema"},
    "migrations": {"registry"},
}
FLOORS = {  # from the ground up: files and folders of a package, on one floor if neither imports the other
    "registry": (
        {"codes"},
        {"values", "store"},
        {"models"},
        {"read", "rules", "regions"},
        {"figures"},
        {"guard"},
        {"write"},
    ),
    "schema": (
        {"errors"},
        {"limits"},
        {"declare"},
        {"engine", "types"},
        {"inputs"},
        {"query", "commands"},
        {"build"},
    ),
    "server": (
        {"provider_settings", "sign_in_settings"},
        {"settings", "keys", "logs", "access_declarations"},
        {"database", "settings_table"},
        {"http"},
        {"demo"},
        {"cli"},
    ),
}
FOREIGN = {  # which files may import which library
    "strawberry": {"schema/declare/", "schema/build.py"},
    "starlette": {"server/http/", "server/access_declarations.py", "server/demo/personas.py"},
    "sqlalchemy": {"registry/", "schema/", "migrations/", "server/database/revision.py", "server/demo/"},
    "alembic": {"migrations/", "server/database/"},
    "asyncpg": {"registry/", "server/"},
    "werkzeug": {"server/http/headers.py"},
}
LONGEST = 320
FILES = sorted(p for package in ALLOWED for p in (ROOT / package).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("path", FILES, ids=name)
def test_files_import_only_what_their_package_may_and_are_short(path: Path) -> None:
    package, used = name(path).partition("/")[0], imports(path)
    assert used & set(ALLOWED) <= ALLOWED[package] | {package}
    for library, homes in FOREIGN.items():
        if library in used:
            assert any(name(path).startswith(home) for home in homes), f"{library} is not for {name(path)}"
    text = path.read_text()
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "add a docstring that says what the file is for"
    assert len(text.splitlines()) <= LONGEST, "the file is too long: split it by idea"


def rooms(path: Path) -> set[tuple[str, str]]:
    """The (package, file or folder) pairs that a file imports, at any place."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {(package, below.partition(".")[0]) for package, _, below in (m.partition(".") for m in modules) if below}


@pytest.mark.parametrize("package", FLOORS)
def test_every_folder_of_a_package_has_its_floor(package: str) -> None:
    entries = {p.stem for p in (ROOT / package).iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert entries - {"__init__"} == set().union(*FLOORS[package])


@pytest.mark.parametrize("path", [p for p in FILES if name(p).partition("/")[0] in FLOORS], ids=name)
def test_imports_point_down_inside_a_package_too(path: Path) -> None:
    package, _, below = name(path).partition("/")
    own = below.partition("/")[0].removesuffix(".py")
    if own == "__init__":
        return
    floor = next(n for n, floor in enumerate(FLOORS[package]) if own in floor)
    lower: set[str] = set().union(*FLOORS[package][:floor])
    upward = {room for used, room in rooms(path) if used == package} - lower - {own}
    assert upward == set(), (
        f"{name(path)} imports {sorted(upward)} from {package}, which are on the same floor or above"
    )


def test_only_schema_types_import_each_other_for_types() -> None:
    """Types of a GraphQL schema refer to each other; elsewhere such an import would hide a circular import."""
    homes = [name(p) for p in FILES if "TYPE_CHECKING" in p.read_text()]
    assert [home for home in homes if not home.startswith("schema/types/")] == []


def test_production_does_not_read_the_demo() -> None:
    for path in FILES:
        if not name(path).startswith("server/demo/"):
            tops = ast.parse(path.read_text()).body
            modules = {node.module or "" for node in tops if isinstance(node, ast.ImportFrom)}
            assert [m for m in modules if m.startswith("server.demo")] == [], name(path)


def test_strawberry_does_not_execute_queries() -> None:
    """Its own executor logs messages, and a message may quote a typed value."""
    assert [name(path) for path in FILES if re.search(r"schema\.execute(_sync)?\(", path.read_text())] == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_long_public_definitions_have_docstrings(path: Path) -> None:
    undocumented = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            lines = (node.end_lineno or 0) - node.lineno
            if lines > 12 and not ast.get_docstring(node):
                undocumented.append(node.name)
    assert undocumented == [] or name(path).startswith("migrations/"), undocumented


def test_code_has_no_machine_paths_and_no_todos() -> None:
    words = re.compile(r"/work/|/tmp/spec|\b(TODO|FIXME|XXX)\b")
    matches = [name(p) for p in FILES if words.search(p.read_text())]
    assert matches == []


def test_database_entry_points_are_called_only_where_allowed() -> None:
    """One file sends reads, behind the gate; only the entry points use connections."""
    doors = {
        "fetch_json": {"registry/read/run.py"},
        "fetch_kept": {"registry/read/run.py"},
        "explain": {"server/cli/explain.py"},
        "sign_in": {"server/http/identity.py"},
        "registered_operation": {"server/http/registered.py"},
    }
    for door, homes in doors.items():
        assert {name(p) for p in FILES if re.search(rf"database\.{door}\(", p.read_text())} == homes, door
    assert [name(p) for p in FILES if "._connection(" in p.read_text()] == ["registry/store/db.py"]
    assert {name(p) for p in FILES if re.search(r"_pool\.acquire\(", p.read_text())} == {"registry/store/db.py"}
