"""The way through one root field: what is bound, counted and refused while its selection is read.

Rule: an argument has a name of its own, and a refusal nulls the smallest nullable field around it.
Tests: tests/test_read.py, tests/test_refusals.py.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import FieldNode, GraphQLField, GraphQLNonNull, get_nullable_type, is_list_type

from auth.errors import Forbidden
from registry.read.query import Null, Object
from registry.read.visibility import Visibility
from schema.declare.shapes import EmbeddedField
from schema.engine.collect import Collector
from schema.engine.complexity import Complexity
from schema.engine.refusal import Refusal, Refused, Step
from schema.engine.variables import Binding, binding

T = TypeVar("T")


@dataclass
class Walk(Collector):
    """What is known of one root field on the way through its selection: names, arguments, costs and refusals."""

    visibility: Visibility
    bindings: dict[str, Binding] = field(default_factory=dict)
    limits: Complexity = field(init=False)
    checks: list[Binding] = field(default_factory=list)  # what may be refused though the statement does not ask for it
    path: tuple[Step, ...] = ()  # from the root field to the field in hand
    refusals: dict[tuple[tuple[Step, ...], FieldNode], Refusal] = field(default_factory=dict)  # by path and field

    def __post_init__(self) -> None:
        self.limits = Complexity(self.budget)

    def bind(self, name: str, value: Any, convert: Callable[[Any], Any] | None = None, refuses: bool = False) -> str:
        """Make an argument of this name; what its conversion `refuses` is refused before anything runs."""
        self.bindings[name] = binding(value, convert)
        if refuses:
            self.checks.append(self.bindings[name])
        return name

    def name(self, letter: str) -> str:
        """A name that no argument has yet."""
        return f"{letter}{len(self.bindings) + 1}"

    # --- what is refused ----------------------------------------------------------------------------------------------

    @contextmanager
    def at(self, key: str, several: bool = False) -> Iterator[None]:
        """Inside the field of this response key."""
        around, self.path = self.path, (*self.path, Step(key, several))
        try:
            yield
        finally:
            self.path = around

    def unless_refused(self, key: str, made: GraphQLField, nodes: list[FieldNode], part: Callable[[], T]) -> T | Null:
        """The part that a field becomes; null where it, or something non-null inside it, is refused for a class.

        Raises Refused where the field itself may not be null."""
        nullable = not isinstance(made.type, GraphQLNonNull)
        with self.at(key, is_list_type(get_nullable_type(made.type))):
            try:
                return part()
            except Forbidden as error:
                refused = Refused(error, nodes[0], self.path)
            except Refused as inner:
                refused = inner
            if not nullable:
                raise refused
            self.refusals[refused.path, refused.node] = refused.nulling(len(self.path))
        return Null(key)

    @abstractmethod
    def object(self, type_: Any, nodes: list[FieldNode], inside: EmbeddedField | None = None) -> Object:
        """The object that these selections of one type become."""
