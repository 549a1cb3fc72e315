"""Private names of libraries: each library has one file that may use some, and an upper bound; no other has either.

tests/test_libraries.py states what those files take for granted.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import re
import sys
import tomllib
import types
from collections.abc import Iterator, Set
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = ("auth", "registry", "schema", "server", "migrations")
OWN = {*PRODUCT, "desmigratif", "tests", "benchmarks"}
DEFINITION = "strawberry-definition"

HOMES = {
    "schema/declare/strawberry_internals.py": {"._schema", ".__strawberry_definition__", DEFINITION},
    "schema/engine/graphql_internals.py": {
        "graphql.language.parser",
        "graphql.pyutils",
        "graphql.utilities.coerce_input_value",
        "graphql.validation.validate",
    },
    "server/http/metrics.py": {"prometheus_client.mmap_dict"},
    "server/http/protocol.py": {
        "uvicorn.protocols.http.httptools_impl",
        "._unset_keepalive_if_required",
    },
}
"""The files that may, each with the private modules, attributes and keys that it uses."""

DOCUMENTED = {
    "alembic": "alembic .autogenerate .config .migration .operations .operations.ops .script",
    "argon2": "argon2 .exceptions .profiles",
    "asyncpg": "asyncpg .prepared_stmt",
    "cryptography": "cryptography .exceptions .hazmat.primitives.ciphers.aead .hazmat.primitives.serialization"
    " .hazmat.primitives.asymmetric.ec .hazmat.primitives.asymmetric.ed25519 .hazmat.primitives.asymmetric.ed448"
    " .hazmat.primitives.asymmetric.rsa .hazmat.primitives.hashes .x509 .x509.oid",
    "graphql": "graphql",
    "highspy": "highspy",
    "httptools": "httptools",
    "httpx": "httpx",
    "hypothesis": "hypothesis",
    "jwt": "jwt .algorithms",
    "orjson": "orjson",
    "playwright": ".async_api .sync_api",
    "prometheus_client": "prometheus_client .multiprocess",
    "pydantic": "pydantic",
    "pydantic_settings": "pydantic_settings",
    "pyotp": "pyotp",
    "pytest": "pytest",
    "rich": ".console .progress .syntax .table .text",
    "sqlalchemy": "sqlalchemy .dialects .dialects.postgresql .dialects.postgresql.asyncpg .ext.asyncio .orm .pool"
    " .schema .sql.expression .sql.visitors",
    "starlette": ".applications .datastructures .exceptions .middleware.cors .requests .responses .routing .types",
    "strawberry": "strawberry .schema.config .schema_directive .types .types.field",
    "typer": "typer",
    "uvicorn": "uvicorn",
    "yaml": "yaml",
    "werkzeug": ".datastructures .http",
    "zxcvbn": "zxcvbn",
}
"""Library → the modules that it documents as places to import from; every other one is private."""

STATED = {"tests/test_libraries.py", "tests/test_private_api.py"}
BOUNDED = {"graphql-core", "prometheus-client", "strawberry-graphql", "uvicorn"}
"""The libraries of HOMES, as packages."""
PYTHONS = {"_exit", "_value_"}  # of os and of Enum, documented by Python
SQLALCHEMYS = {"__table__", "__table_args__", "__tablename__"}  # documented for declared classes
DATA_MODEL = {
    name
    for thing in (object, type, types.FunctionType, types.ModuleType, Exception, dict, list, Enum)
    for name in dir(thing)
} | {"__file__", "__members__", "__path__", "__signature__"}


def python_files(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def defined_in(tree: ast.AST) -> set[str]:
    """Names that a file gives to functions, classes, variables and attributes."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def private_uses(text: str, own: Set[str] = frozenset()) -> set[str]:
    """The private modules, attributes and keys of libraries in a file; `own` are private names that are not theirs."""
    tree = ast.parse(text)
    ours = own | defined_in(tree) | PYTHONS | SQLALCHEMYS | DATA_MODEL
    uses = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            uses |= {alias.name for alias in node.names if is_private(alias.name)}
        elif isinstance(node, ast.ImportFrom) and node.module and is_private(node.module):
            uses.add(node.module)
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_") and node.attr not in ours:
            uses.add(f".{node.attr}")
        elif isinstance(node, ast.Constant) and node.value == DEFINITION:
            uses.add(DEFINITION)
    return uses


def is_foreign(package: str) -> bool:
    return package not in OWN and package not in sys.stdlib_module_names


def is_private(module: str) -> bool:
    package, _, below = module.partition(".")
    documented = DOCUMENTED.get(package, "").split()
    return is_foreign(package) and (f".{below}" if below else package) not in documented


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("from graphql.pyutils import suggestion_list", {"graphql.pyutils"}),
        ("import sqlalchemy.sql.elements", {"sqlalchemy.sql.elements"}),
        ("from starlette._utils import is_async_callable", {"starlette._utils"}),
        ("types = schema._schema.type_map", {"._schema"}),
        ("class Server(Base):\n    def first(self): return self._captured_signals[0]", {"._captured_signals"}),
        ("definition = made.__strawberry_definition__", {".__strawberry_definition__"}),
        (f"definition = field.extensions.get('{DEFINITION}')", {DEFINITION}),
        (
            "from graphql import Undefined\nclass A:\n    def f(self): self._x = os._exit\n    def g(self): self._x",
            set(),
        ),
    ],
)
def test_a_private_use_is_recognised(text: str, uses: set[str]) -> None:
    assert private_uses(text) == uses


def test_each_library_has_one_file_that_uses_private_names() -> None:
    uses = {name(path): private_uses(path.read_text()) for path in python_files(*PRODUCT)}
    assert {path: names for path, names in uses.items() if names} == HOMES


def test_tests_use_no_private_names_of_libraries() -> None:
    ours = {each for path in python_files("tests", *PRODUCT) for each in defined_in(ast.parse(path.read_text()))}
    ours -= {each.lstrip(".") for names in HOMES.values() for each in names}
    uses = {name(path): private_uses(path.read_text(), ours) for path in python_files("tests")}
    assert {path: names for path, names in uses.items() if names and path not in STATED} == {}


def subclasses_of_libraries() -> Iterator[tuple[type[Any], list[type[Any]]]]:
    """Our classes that extend one of a library, with those of the library."""
    for path in python_files(*PRODUCT[:4]):
        module = importlib.import_module(
            ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        )
        for cls in vars(module).values():
            if isinstance(cls, type) and cls.__module__ == module.__name__:
                bases = [base for base in cls.__mro__ if is_foreign(base.__module__.partition(".")[0])]
                if bases:
                    yield cls, bases


def private_attributes(cls: type[Any]) -> set[str]:
    """The private attributes that the source of a class reads, sets or defines."""
    try:
        text = inspect.getsource(cls)
    except (OSError, TypeError):  # made by code, or in C
        return set()
    return {*re.findall(r"\b(?:self|cls|super\(\))\.(_[a-z]\w*)", text), *re.findall(r"def (_[a-z]\w*)\(", text)}


def test_no_class_of_ours_takes_a_private_name_of_the_class_that_it_extends() -> None:
    """Neither uses it nor, unawares, gives it a value of its own."""
    taken = {}
    subclasses = list(subclasses_of_libraries())
    for cls, bases in subclasses:
        theirs = {each for base in bases for each in private_attributes(base) | {*vars(base)}}
        if shared := private_attributes(cls) & theirs:
            taken[cls.__qualname__] = shared
    assert len(subclasses) > 10
    assert taken == {"BoundedProtocol": {"_start_asgi_task", "_unset_keepalive_if_required"}}


def dependencies() -> list[str]:
    requirements: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return requirements


def package_of(requirement: str) -> str:
    return re.split(r"[\[<>=;]", requirement)[0]


def imported_packages(path: Path) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
    return {package for package in (module.partition(".")[0] for module in modules) if is_foreign(package)}


def test_what_is_imported_is_a_dependency_of_its_own() -> None:
    distributions = importlib.metadata.packages_distributions()
    imported = {package for path in python_files(*PRODUCT) for package in imported_packages(path)}
    used = {distributions[package][0].lower().replace("_", "-") for package in imported}
    assert used | {"uvloop"} == set(map(package_of, dependencies())), "uvicorn imports uvloop"


def test_the_libraries_with_private_names_in_use_have_an_upper_bound_and_no_other() -> None:
    bounded = {package_of(requirement): requirement for requirement in dependencies() if "<" in requirement}
    assert bounded.keys() == BOUNDED
    for package, requirement in bounded.items():
        major, minor = importlib.metadata.version(package).split(".")[:2]
        upper = f"<{major}.{int(minor) + 1}"
        assert requirement.endswith(upper), (
            f"{package} {major}.{minor} is what tests/test_libraries.py has seen: {upper}"
        )
