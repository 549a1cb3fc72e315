"""Operations as they are registered for a service account: each is validated and priced before it is stored.

Its price is that of a service of the whole country, with one value for each variable that is required: a page that a
variable sizes counts as 20, a region as a province.  When it runs, the call's own variables are priced again.
Rule: what is registered can run: it is valid, within every limit, and asks for nothing that needs an ability which no
service has.  Tests: tests/test_registration.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    get_named_type,
    get_operation_ast,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
    type_from_ast,
    validate,
)

from auth.area import NATIONAL
from auth.policy import REGISTERED_ONLY, cell
from auth.principal import FOREVER, Grant, Principal
from auth.role import Role
from registry.models.service import LONGEST_OPERATION
from registry.read.visibility import Visibility
from registry.write.service import OperationToRegister
from schema.declare.commands import COMMANDS
from schema.engine.complexity import check_costs
from schema.engine.cursor import Cursors
from schema.engine.operation import MAX_ERRORS, Invalid, Operation, Operations
from schema.engine.operation_files import OperationsError, Source, line_of, read_operations
from schema.engine.plan import OperationPlan, Plan
from schema.engine.refusal import Refusal
from schema.engine.variables import Call
from schema.errors import RequestError

MAX_REGISTERED = 1_000  # operations of one service account
DEPTH = 3  # of input objects in a sample
SAMPLES: dict[str, Any] = {
    "Int": 20,
    "Float": 1.0,
    "String": "a",
    "Boolean": True,
    "ID": str(uuid.UUID(int=0)),
    "Date": "2026-01-01",
    "DateTime": "2026-01-01T00:00:00Z",
    "PartialDate": "2026",
    "Decimal": "1",
    "RegionCode": "35",
    "CountryCode": "MYS",
    "CurrencyCode": "IDR",
}
"""A value of each scalar that a required variable may have."""
WIDEST = Principal(
    uuid.UUID(int=0),
    "",
    "",
    tuple(Grant(role, NATIONAL, None, dt.date.min, None, True) for role in Role if role in REGISTERED_ONLY),
    FOREVER,
    is_service=True,
)
"""A service of the whole country, for whom operations are priced: no service may more."""


@dataclass(frozen=True)
class Registration(OperationToRegister):
    """An operation that can be registered, and what of it no service sees, for people."""

    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registrations:
    """The operations of some files; `left_out` names the commands among them, which no service may run."""

    operations: tuple[Registration, ...]
    left_out: tuple[str, ...] = ()


def registrations(paths: Iterable[Path], schema: GraphQLSchema) -> Registrations:
    """The operations of these files.  Raises OperationsError, whose lines name every one that cannot be registered."""
    operations: dict[str, Registration] = {}
    left_out, problems = [], []
    preparing = Operations(schema, suggests=True)
    for path in paths:
        for source in read_operations(path, schema):
            try:
                operation = _prepared(source, schema, preparing)
                if not _may_run(operation):
                    left_out.append(f"{source.at()}: {_name(operation)} is a command, and a service account has none.")
                    continue
                operations[source.sha256] = _priced(source, operation)
            except Invalid as invalid:
                problems += [f"{source.at(line_of(error))}: {error.message}" for error in invalid.errors]
            except (RequestError, GraphQLError) as error:
                problems.append(f"{source.at()}: {error}")
    if problems:
        raise OperationsError(problems)
    if len(operations) > MAX_REGISTERED:
        raise OperationsError(
            [f"These are {len(operations)} operations; a service account has {MAX_REGISTERED} at most."]
        )
    return Registrations(tuple(sorted(operations.values(), key=lambda each: each.name)), tuple(left_out))


def _prepared(source: Source, schema: GraphQLSchema, preparing: Operations) -> Operation:
    """The operation of a document.  Raises Invalid, whose errors have the lines of the file, and RequestError."""
    if len(source.document) > LONGEST_OPERATION:
        raise RequestError("", f"the document has more than {LONGEST_OPERATION:,} characters")
    if source.node is not None:
        errors = validate(schema, source.node, max_errors=MAX_ERRORS)
        if errors:
            raise Invalid(errors)
    operation = preparing.get(source.document, None)
    if get_operation_ast(operation.document, None) is None:
        raise RequestError("", "the document holds several operations; register each by itself")
    return operation


def _name(operation: Operation) -> str:
    """What the operation is called; without a name, its first field."""
    if operation.definition.name is not None:
        return operation.definition.name.value
    first = operation.definition.selection_set.selections[0]
    return first.name.value if isinstance(first, FieldNode) else "…"


def _may_run(operation: Operation) -> bool:
    """Whether a service may run it: a query, or commands whose ability a service has."""
    if operation.is_query:
        return True
    roots = operation.definition.selection_set.selections
    fields = {command.field.name or name: command.ability for name, command in COMMANDS.items()}
    abilities = [fields.get(node.name.value) for node in roots if isinstance(node, FieldNode)]
    return bool(abilities) and all(
        ability is not None and any(cell(ability, role) for role in REGISTERED_ONLY) for ability in abilities
    )


def _priced(source: Source, operation: Operation) -> Registration:
    """The operation with its cost.  Raises Invalid, RequestError."""
    variables = operation.variables(_sample_variables(operation))
    plan = operation.plan(Visibility.of(WIDEST), variables)
    call = Call(WIDEST, "en", Cursors(bytes(32)), variables.coerced)
    cost = check_costs([each.cost for each in plan.plans], call)
    return Registration(source.sha256, _name(operation), cost, source.document, tuple(_remarks(plan)))


def _remarks(plan: OperationPlan) -> Iterable[str]:
    """What of the operation is null for every service, because of a class that none sees."""
    for root in plan.roots:
        refusals: tuple[Refusal, ...] = ()
        if isinstance(root.plan, Refusal):
            refusals = (root.plan,)
        elif isinstance(root.plan, Plan):
            refusals = root.plan.refusals
        for refusal in refusals:
            yield f"{root.key}: {refusal.error.label_en}"


def _sample_variables(operation: Operation) -> dict[str, Any]:
    """A value for each variable that is required and has no default."""
    sample = {}
    for definition in operation.definition.variable_definitions or ():
        type_: Any = type_from_ast(operation.schema, definition.type)
        if is_non_null_type(type_) and definition.default_value is None:
            sample[definition.variable.name.value] = sample_value(type_)
    return sample


def sample_value(type_: Any, depth: int = 0) -> Any:
    """A value of an input type: of an object its required fields, or its first one if none is."""
    inner = type_.of_type if is_non_null_type(type_) else type_
    if is_list_type(inner):
        is_object = is_input_object_type(get_named_type(inner))
        return [] if is_object and depth >= DEPTH else [sample_value(inner.of_type, depth)]
    if isinstance(inner, GraphQLEnumType):
        return next(iter(inner.values))
    if isinstance(inner, GraphQLInputObjectType):
        required = [name for name, field in inner.fields.items() if is_required_input_field(field)]
        names = required or list(inner.fields)[:1]
        return {name: sample_value(inner.fields[name].type, depth + 1) for name in names}
    return SAMPLES[inner.name]
