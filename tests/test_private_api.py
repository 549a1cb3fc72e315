"""Private names of libraries: each library has one file that may use some, and a test that fails first if they move.

The second half states what those files take for granted.  It imports the libraries alone, so a new version that moves
something is named here before anything of ours fails; the bounds in pyproject.toml follow from it.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import re
import signal
import socket
import sys
import threading
import types
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

import graphql
import pytest
import strawberry  # noqa: TID251  (what it is taken to be)
import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from strawberry.schema_directive import Location  # noqa: TID251

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[1]
PRODUCT = ("auth", "registry", "schema", "server", "migrations")
OWN = {*PRODUCT, "tests", "benchmarks"}
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
    "asyncpg": "asyncpg .prepared_stmt",
    "cryptography": ".exceptions .hazmat.primitives.ciphers.aead .hazmat.primitives.serialization"
    " .hazmat.primitives.asymmetric.ed25519 .hazmat.primitives.asymmetric.ed448",
    "graphql": "graphql",
    "httptools": "httptools",
    "httpx": "httpx",
    "hypothesis": "hypothesis",
    "jwt": "jwt",
    "orjson": "orjson",
    "prometheus_client": "prometheus_client .multiprocess",
    "pydantic": "pydantic",
    "pydantic_settings": "pydantic_settings",
    "pytest": "pytest",
    "rich": ".console .progress .syntax",
    "sqlalchemy": "sqlalchemy .dialects .dialects.postgresql .dialects.postgresql.asyncpg .ext.asyncio .orm .pool"
    " .schema .sql.expression .sql.visitors",
    "starlette": ".applications .datastructures .exceptions .middleware.cors .requests .responses .routing .types",
    "strawberry": "strawberry .schema.config .schema_directive .types .types.field",
    "typer": "typer",
    "uvicorn": "uvicorn",
    "werkzeug": ".datastructures .http",
}
"""Library → the modules that it documents as places to import from; every other one is private."""

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
    assert {path: names for path, names in uses.items() if names and path != name(Path(__file__))} == {}


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


# --- what a library is taken to be --------------------------------------------------------------------------------


def moved(library: str, home: str) -> str:
    """What to do if one of the following tests fails."""
    version = importlib.metadata.version(library)
    return f"{library} {version} has moved what {home} uses: read it beside the new version, then change the bound"


STRAWBERRY = moved("strawberry-graphql", "schema/declare/strawberry_internals.py")
GRAPHQL = moved("graphql-core", "schema/engine/graphql_internals.py")
UVICORN = moved("uvicorn", "server/http/protocol.py or serving.py")
PROMETHEUS = moved("prometheus-client", "server/http/metrics.py")


@strawberry.enum
class Colour(Enum):
    RED = "red"


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION])
class Marked:
    word: str


@strawberry.input
class Paint:
    first_colour: Colour


@strawberry.input(one_of=True)
class Side:
    left: int | None = strawberry.UNSET
    right: int | None = strawberry.UNSET


async def painted(info: strawberry.Info, **arguments: Any) -> str:
    return repr(arguments)


def small_schema() -> strawberry.Schema:
    """`painted(paintWith: Paint, side: Side)` answers the arguments that its resolver gets."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=strawberry.Info),
        inspect.Parameter("paint_with", keyword, annotation=Paint | None, default=strawberry.UNSET),
        inspect.Parameter("side", keyword, annotation=Side | None, default=strawberry.UNSET),
    ]
    painted.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    painted.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": str}
    field = strawberry.field(resolver=painted, metadata={"shape": 1}, directives=[Marked(word="here")])
    return strawberry.Schema(
        strawberry.type(type("Query", (), {"__annotations__": {"painted": str}, "painted": field}))
    )


def core_schema() -> graphql.GraphQLSchema:
    schema = getattr(small_schema(), "_schema", None)
    assert isinstance(schema, graphql.GraphQLSchema), STRAWBERRY
    return schema


def test_strawberry_leads_from_graphql_core_back_to_what_was_declared() -> None:
    schema = core_schema()
    query = schema.query_type
    assert query is not None
    assert DEFINITION in query.extensions, STRAWBERRY
    of_type, of_field = query.extensions[DEFINITION], query.fields["painted"].extensions[DEFINITION]
    assert of_type.origin.__name__ == "Query", STRAWBERRY
    assert (of_field.python_name, of_field.metadata) == ("painted", {"shape": 1}), STRAWBERRY
    assert of_field.directives == [Marked(word="here")], STRAWBERRY
    assert [each.python_name for each in of_field.arguments] == ["paint_with", "side"], STRAWBERRY
    of_input: Any = schema.type_map["Paint"]
    assert of_input.fields["firstColour"].extensions[DEFINITION].python_name == "first_colour", STRAWBERRY
    (value,) = schema.type_map["Colour"].extensions[DEFINITION].values
    assert (value.name, value.directives) == ("RED", ()), STRAWBERRY


def test_strawberry_reads_what_the_values_of_an_enum_are_given_later() -> None:
    (value,) = Colour.__strawberry_definition__.values  # type: ignore[attr-defined]
    value.description = "The colour of the roofs."
    assert '"""The colour of the roofs."""\n  RED' in small_schema().as_str(), STRAWBERRY


async def test_strawberry_lets_an_input_through_as_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = Paint.__strawberry_definition__  # type: ignore[attr-defined]
    assert definition.from_input is None, STRAWBERRY
    monkeypatch.setattr(definition, "from_input", lambda type_, value, context: value)
    result = await graphql.graphql(core_schema(), "{ painted(paintWith: {firstColour: RED}) }")
    assert result.errors is None
    assert result.data == {"painted": repr({"paint_with": {"firstColour": Colour.RED}})}, STRAWBERRY


def test_strawberry_checks_what_takes_exactly_one_key_where_values_are_made() -> None:
    """`schema/engine/coercion.py` calls `out_type`, and reads no mark of graphql-core's."""
    side: Any = core_schema().type_map["Side"]
    assert side.is_one_of is False, STRAWBERRY
    assert side.out_type({"left": 1}) == {"left": 1}, STRAWBERRY
    with pytest.raises(graphql.GraphQLError):
        side.out_type({"left": 1, "right": 2})


def test_graphql_core_completes_each_value_where_the_executor_is_extended() -> None:
    completed = []

    class Watching(graphql.Executor[Any]):
        def complete_value(self, *arguments: Any) -> Any:
            completed.append(arguments[4])
            return super().complete_value(*arguments)

    named = list(inspect.signature(graphql.Executor.complete_value).parameters)
    assert named[:6] == ["self", "return_type", "field_details_list", "info", "path", "result"], GRAPHQL
    field = graphql.GraphQLField(
        graphql.GraphQLString,
        {"word": graphql.GraphQLArgument(graphql.GraphQLString)},
        lambda root, info, word: f"{info.context} {word}",
    )
    schema = graphql.GraphQLSchema(graphql.GraphQLObjectType("Query", {"say": field}))
    executor = Watching.build(schema, graphql.parse("{ say(word: $word) }"), context_value="quite")
    assert isinstance(executor, Watching), GRAPHQL
    executor.variable_values = graphql.VariableValues({}, {"word": "so"})
    assert executor.execute_operation() == graphql.ExecutionResult({"say": "quite so"}, None), GRAPHQL
    assert completed == ["quite so"], GRAPHQL


def test_graphql_core_has_four_names_that_it_exports_nowhere() -> None:
    suggest = importlib.import_module("graphql.pyutils").suggestion_list
    assert suggest("fullNam", ["rev", "fullName"]) == ["fullName"], GRAPHQL
    deepest = importlib.import_module("graphql.language.parser").MAX_NESTING_DEPTH
    graphql.parse("{a" * deepest + "}" * deepest)
    with pytest.raises(graphql.GraphQLSyntaxError):
        graphql.parse("{a" * (deepest + 1) + "}" * (deepest + 1))
    default_of = importlib.import_module("graphql.utilities.coerce_input_value").coerce_default_value
    schema = graphql.build_schema("type Query { a: Int } input Page { first: Int = 20 after: String }")
    page: Any = schema.type_map["Page"]
    assert [default_of(field) for field in page.fields.values()] == [20, graphql.Undefined], GRAPHQL
    aborted = importlib.import_module("graphql.validation.validate").ValidationAbortedError
    errors = graphql.validate(schema, graphql.parse("{ b c d }"), max_errors=2)
    assert [isinstance(error, aborted) for error in errors] == [False, False, True], GRAPHQL


def test_nodes_of_graphql_core_are_replaced_as_dataclasses_are() -> None:
    document = graphql.parse("query ($a: Int) { a }")
    operation: Any = document.definitions[0]
    bare = replace(document, definitions=(replace(operation, variable_definitions=()),))
    assert graphql.print_ast(bare) == "{\n  a\n}", GRAPHQL


def test_uvicorn_reads_http_as_server_http_protocol_extends_it() -> None:
    wire = importlib.import_module("uvicorn.protocols.http.httptools_impl")
    config = uvicorn.Config(lambda scope: None, ws="none")
    protocol = wire.HttpToolsProtocol(config, uvicorn.server.ServerState(), {}, threading.local())
    assert config.http == "auto"
    used = "app loop flow transport client headers parser pipeline cycle server_state config"
    assert set(used.split()) <= set(vars(protocol)), UVICORN
    steps = "connection_made connection_lost data_received on_header on_message_begin on_body on_headers_complete"
    steps += " on_message_complete on_response_complete _unset_keepalive_if_required"
    assert set(steps.split()) <= set(vars(wire.HttpToolsProtocol)), UVICORN
    starting = inspect.signature(wire.HttpToolsProtocol._start_asgi_task)
    assert list(starting.parameters) == ["self", "cycle", "app"], UVICORN
    cycle = inspect.getsource(wire.RequestResponseCycle)
    attributes = ("disconnected", "message_event", "keep_alive", "response_started", "response_complete")
    assert all(f"self.{attribute}" in cycle for attribute in attributes), UVICORN
    assert wire.STATUS_LINE[431].startswith(b"HTTP/1.1 431 "), UVICORN
    reading = inspect.getsource(wire.HttpToolsProtocol.data_received)
    assert reading.count("self.") == 7, f"{UVICORN}: it does something with data that we do not do yet"


def test_uvicorn_starts_and_ends_as_server_http_serving_extends_it() -> None:
    ended: list[str] = []

    class Watched(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield
            ended.append("signals")

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ended.append("started" if self.started else "not started")
            self.handle_exit(signal.SIGTERM, None)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise NotImplementedError  # it has no lifespan, and nobody asks it anything

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        server = Watched(uvicorn.Config(app, ws="none", log_level="critical"))
        server.run(sockets=[held])
    assert (ended, server.should_exit) == (["started", "signals"], True), UVICORN


def test_prometheus_client_adds_up_files_that_we_write(tmp_path: Path) -> None:
    files = importlib.import_module("prometheus_client.mmap_dict")
    key = files.mmap_key("desk_hits", "desk_hits_total", ["memory"], ["plans"], "Hits.")
    for number, (kind, value) in enumerate([("counter", 2.0), ("counter", 3.0)]):
        written = files.MmapedDict(str(tmp_path / f"{kind}_{number}-abc.db"))
        written.write_value(key, value, 0.0)
        written.close()
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(tmp_path))  # type: ignore[no-untyped-call]  # the library has no types here
    assert b'desk_hits_total{memory="plans"} 5.0' in generate_latest(registry), PROMETHEUS
