"""What is wrong with the variables of a call, so that whoever wrote the client finds the place and what belongs there.

graphql-core decides that something is wrong; this module says where, in both languages.
Rule: a place is named by the schema's own names and by numbers; no value and no key of the caller's is repeated.
Test: tests/test_variables.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
    type_from_ast,
)

from schema.declare.scalars import SENTENCES
from schema.engine.graphql_internals import suggestion_list
from schema.errors import BadInput

Path = tuple[str | int, ...]
MAX_FAULTS = 10
MAX_SUGGESTIONS = 3
MAX_VALUES_TEXT = 200  # characters of an enum's values in a sentence; all of them are in `extensions.values`


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where, the type that belongs there, and why in both languages."""

    path: Path
    type: Any
    why_id: str
    why_en: str

    def error(self, name: str, node: VariableDefinitionNode) -> GraphQLError:
        """The error of GraphQL for the variable `name`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        place = f"${name}{''.join(steps)}"
        extensions: dict[str, Any] = {"variable": name, "path": list(self.path), "expected": str(self.type)}
        named_type = get_named_type(self.type)
        if isinstance(named_type, GraphQLEnumType):
            extensions["values"] = list(named_type.values)
        refusal = BadInput(f"Variabel {place} {self.why_id}.", f"Variable {place} {self.why_en}.", **extensions)
        return GraphQLError(str(refusal), node, original_error=refusal)


def variable_errors(
    schema: GraphQLSchema, definitions: Collection[VariableDefinitionNode], sent: dict[str, Any], suggest: bool
) -> list[GraphQLError]:
    """The faults of the variables, at most MAX_FAULTS; `suggest` says whether names of the schema may be proposed."""
    errors: list[GraphQLError] = []
    for node in definitions:
        name = node.variable.name.value
        if name not in sent and node.default_value is not None:
            continue
        for fault in _faults(type_from_ast(schema, node.type), sent.get(name, Undefined), (), suggest):
            errors.append(fault.error(name, node))
            if len(errors) == MAX_FAULTS:
                return errors
    return errors


def _faults(type_: Any, value: Any, path: Path, suggest: bool) -> Iterator[Fault]:
    if is_non_null_type(type_):
        if value is None or value is Undefined:
            yield Fault(path, type_, f"wajib diisi ({type_})", f"is required ({type_})")
            return
        type_ = type_.of_type
    if value is None or value is Undefined:
        return
    if is_list_type(type_):
        if not isinstance(value, list):
            yield from _faults(type_.of_type, value, path, suggest)
            return
        for number, item in enumerate(value):
            yield from _faults(type_.of_type, item, (*path, number), suggest)
    elif isinstance(type_, GraphQLInputObjectType):
        yield from _faults_of_object(type_, value, path, suggest)
    elif isinstance(type_, GraphQLEnumType):
        if not isinstance(value, str) or value not in type_.values:
            yield _unlisted(type_, path)
    else:
        yield from _faults_of_scalar(type_, value, path)


def _faults_of_object(type_: GraphQLInputObjectType, value: Any, path: Path, suggest: bool) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(path, type_, f"harus objek {type_}", f"must be an object of type {type_}")
        return
    in_fields = (_faults_of_field(name, field, value, path, suggest) for name, field in type_.fields.items())
    faults = list(islice(chain.from_iterable(in_fields), MAX_FAULTS))
    yield from faults
    unknown = [key for key in value if key not in type_.fields]
    for key in unknown:
        suggestions = suggestion_list(key, list(type_.fields))[:MAX_SUGGESTIONS] if suggest else []
        yield _unknown_key(type_, suggestions, path)
    if not faults and not unknown and not _is_accepted(type_, value):
        yield Fault(path, type_, f"harus berisi tepat satu dari {type_}", f"must have exactly one field of {type_}")


def _faults_of_field(name: str, field: Any, value: dict[str, Any], path: Path, suggest: bool) -> Iterator[Fault]:
    if name in value:
        yield from _faults(field.type, value[name], (*path, name), suggest)
    elif is_required_input_field(field):
        yield from _faults(field.type, Undefined, (*path, name), suggest)


def _unknown_key(type_: GraphQLInputObjectType, suggestions: list[str], path: Path) -> Fault:
    why_id, why_en = f"berisi nama di luar {type_}", f"has a name that {type_} lacks"
    if suggestions:
        why_id += f"; mungkin {' atau '.join(suggestions)}"
        why_en += f"; did you mean {' or '.join(suggestions)}"
    return Fault(path, type_, why_id, why_en)


def _unlisted(type_: GraphQLEnumType, path: Path) -> Fault:
    names = ", ".join(type_.values)
    listed = f": {names}" if len(names) <= MAX_VALUES_TEXT else ""
    return Fault(path, type_, f"harus salah satu dari {type_}{listed}", f"must be one of {type_}{listed}")


def _faults_of_scalar(type_: Any, value: Any, path: Path) -> Iterator[Fault]:
    message = ""
    try:
        if type_.coerce_input_value(value) is not Undefined:
            return
    except Exception as error:  # a scalar may raise anything: graphql-core catches the same
        message = str(error)
    why_id, why_en = f"harus berjenis {type_}", f"must be of type {type_}"
    for english, indonesian in SENTENCES.items():
        if english in message:
            why_id += f": {indonesian.rstrip('.')}"
            why_en += f": {english.rstrip('.')}"
            break
    yield Fault(path, type_, why_id, why_en)


def _is_accepted(type_: GraphQLInputObjectType, value: dict[str, Any]) -> bool:
    """Whether Strawberry's own check accepts the value: some types take exactly one key."""
    fields = {field.out_name or name: value[name] for name, field in type_.fields.items() if name in value}
    try:
        type_.out_type(fields)
    except GraphQLError:
        return False
    return True


def wrong_variables() -> GraphQLError:
    """The error if no fault can be named."""
    refusal = BadInput("Variabel salah jenis atau bentuknya.", "Variables have the wrong type or form.")
    return GraphQLError(str(refusal), original_error=refusal)
