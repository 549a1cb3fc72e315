"""What our code takes libraries to be where they promise nothing, stated on the libraries alone.

`make test` runs this file first and without conftest.py, so a version that moves something is named here, and not by
hundreds of tests that cannot be imported.  tests/test_private_api.py holds that nothing else is taken for granted, and
that pyproject.toml bounds these libraries and no other.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
import inspect
import signal
import socket
import threading
from collections.abc import Iterator
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

DEFINITION = "strawberry-definition"


def moved(library: str, home: str) -> str:
    """What to do if one of the following tests fails."""
    version = importlib.metadata.version(library)
    return f"{library} {version} has moved what {home} uses: read it beside the new version, then raise the bound"


def private(module: str, names: str, message: str) -> Any:
    """A module of a library with these names, none of which it promises."""
    try:
        imported = importlib.import_module(module)
    except ImportError:
        pytest.fail(f"no {module}: {message}")
    for each in names.split():
        assert hasattr(imported, each), f"no {module}.{each}: {message}"
    return imported


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


def test_strawberry_lets_an_input_through_as_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = Paint.__strawberry_definition__  # type: ignore[attr-defined]
    assert definition.from_input is None, STRAWBERRY
    monkeypatch.setattr(definition, "from_input", lambda type_, value, context: value)
    result = asyncio.run(graphql.graphql(core_schema(), "{ painted(paintWith: {firstColour: RED}) }"))
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
    suggest = private("graphql.pyutils", "suggestion_list", GRAPHQL).suggestion_list
    assert suggest("fullNam", ["rev", "fullName"]) == ["fullName"], GRAPHQL
    deepest = private("graphql.language.parser", "MAX_NESTING_DEPTH", GRAPHQL).MAX_NESTING_DEPTH
    graphql.parse("{a" * deepest + "}" * deepest)
    with pytest.raises(graphql.GraphQLSyntaxError):
        graphql.parse("{a" * (deepest + 1) + "}" * (deepest + 1))
    default_of = private("graphql.utilities.coerce_input_value", "coerce_default_value", GRAPHQL).coerce_default_value
    schema = graphql.build_schema("type Query { a: Int } input Page { first: Int = 20 after: String }")
    page: Any = schema.type_map["Page"]
    assert [default_of(field) for field in page.fields.values()] == [20, graphql.Undefined], GRAPHQL
    aborted = private("graphql.validation.validate", "ValidationAbortedError", GRAPHQL).ValidationAbortedError
    errors = graphql.validate(schema, graphql.parse("{ b c d }"), max_errors=2)
    assert [isinstance(error, aborted) for error in errors] == [False, False, True], GRAPHQL


def test_nodes_of_graphql_core_are_replaced_as_dataclasses_are() -> None:
    document = graphql.parse("query ($a: Int) { a }")
    operation: Any = document.definitions[0]
    bare = replace(document, definitions=(replace(operation, variable_definitions=()),))
    assert graphql.print_ast(bare) == "{\n  a\n}", GRAPHQL


def test_uvicorn_reads_http_as_server_http_protocol_extends_it() -> None:
    wire = private(
        "uvicorn.protocols.http.httptools_impl", "HttpToolsProtocol RequestResponseCycle STATUS_LINE", UVICORN
    )
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
            self.should_exit = True

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise NotImplementedError  # it has no lifespan, and nobody asks it anything

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        Watched(uvicorn.Config(app, ws="none", log_level="critical")).run(sockets=[listener])
    assert ended == ["started", "signals"], UVICORN
    server = uvicorn.Server(uvicorn.Config(app, ws="none"))
    server.handle_exit(signal.SIGTERM, None)
    assert server.should_exit, UVICORN


def test_prometheus_client_adds_up_files_that_we_write(tmp_path: Path) -> None:
    files = private("prometheus_client.mmap_dict", "MmapedDict mmap_key", PROMETHEUS)
    key = files.mmap_key("desk_hits", "desk_hits_total", ["memory"], ["plans"], "Hits.")
    for number, (kind, value) in enumerate([("counter", 2.0), ("counter", 3.0)]):
        written = files.MmapedDict(str(tmp_path / f"{kind}_{number}-abc.db"))
        written.write_value(key, value, 0.0)
        written.close()
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(tmp_path))  # type: ignore[no-untyped-call]  # the library has no types here
    assert b'desk_hits_total{memory="plans"} 5.0' in generate_latest(registry), PROMETHEUS
