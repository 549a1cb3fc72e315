"""The walk through one root field: what is bound, counted and refused while its selection is read.

Rule: an argument has a name of its own, and a refusal nulls the smallest nullable field around it.
Tests: tests/test_read.py, tests/test_refusals.py.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from graphql import FieldNode, GraphQLField, GraphQLNonNull, get_nullable_type, is_list_type

from auth.errors import Forbidden
from registry.read.query import Datum, Null, Object
from registry.read.visibility import Visibility
from schema.engine.collect import Collector
from schema.engine.complexity import Complexity
from schema.engine.refusal import FieldRefused, Refusal, Step
from schema.engine.variables import Binding, Convert, binding

T = TypeVar("T")
Columns = Mapping[str, Datum]
"""Which datum each field of a value shows, by Python names; a field that is not among them has its own."""
NO_COLUMNS: Columns = MappingProxyType({})


@dataclass
class Walk(Collector):
    """What the walk has gathered about one root field: arguments, costs and refusals."""

    visibility: Visibility
    bindings: dict[str, Binding] = field(default_factory=dict)
    complexity: Complexity = field(init=False)
    checks: list[Binding] = field(default_factory=list)  # bindings that may raise, whether or not the SQL uses them
    path: tuple[Step, ...] = ()  # from the root field to the field at hand
    question: dict[str, Any] | None = None  # the arguments of the answer around the field at hand
    keeps: bool = False  # an answer is to be kept, because its id is asked for
    refusals: dict[tuple[tuple[Step, ...], FieldNode], Refusal] = field(default_factory=dict)  # by path and field

    def __post_init__(self) -> None:
        self.complexity = Complexity(self.budget)

    def bind(self, name: str, value: Any, convert: Convert | None = None, refuses: bool = False) -> str:
        """Make an argument of this name; if its conversion `refuses` values, they are refused before anything runs."""
        self.bindings[name] = binding(value, convert)
        if refuses:
            self.checks.append(self.bindings[name])
        return name

    def new_name(self, letter: str) -> str:
        """A name that no argument has yet."""
        return f"{letter}{len(self.bindings) + 1}"

    # --- refusals -----------------------------------------------------------------------------------------------------

    @contextmanager
    def at(self, key: str, is_list: bool = False) -> Iterator[None]:
        """Inside the field of this response key."""
        outside, self.path = self.path, (*self.path, Step(key, is_list))
        try:
            yield
        finally:
            self.path = outside

    def unless_refused(self, key: str, field: GraphQLField, nodes: list[FieldNode], part: Callable[[], T]) -> T | Null:
        """The part that a field becomes; null if it, or something non-null inside it, is refused for a class.

        Raises FieldRefused if the field itself may not be null."""
        with self.at(key, is_list_type(get_nullable_type(field.type))):
            try:
                return part()
            except Forbidden as error:
                refused = FieldRefused(error, nodes[0], self.path)
            except FieldRefused as inner:
                refused = inner
            if isinstance(field.type, GraphQLNonNull):
                raise refused
            self.refusals[refused.path, refused.node] = refused.nulling(len(self.path))
        return Null(key)

    @abstractmethod
    def object(self, type_: Any, nodes: list[FieldNode], columns: Columns = NO_COLUMNS) -> Object:
        """The JSON object that the selections of these fields make of a type's value."""
