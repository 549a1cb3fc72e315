"""The frame of every rule: a document as rows, and the findings in it.

Rule: a rule is data. It names the columns that it reads, and its findings stand at the most sensitive of them. Each has
the class of the column at which it stands, and callers without that class do not see it; it contains limits and places,
never a value of the document.
Test: tests/test_rules.py.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from registry.codes import Severity
from registry.codes.messages import MUST_SEE, UserErrorCode
from registry.codes.open_lists import LoadedCodes
from registry.models.aggregate import Aggregate
from registry.values.partial_date import Span, span

T = TypeVar("T")
NOTHING_LOADED = LoadedCodes()
OpenDocument = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""A record with its numbers in the open: table, id, column and JSON value; absent and null both mean unknown."""

TODAY_ZONE = timezone(timedelta(hours=9))
"""Easternmost Indonesia: a day is in the future only if it has begun nowhere in the country."""


@dataclass(frozen=True)
class Place:
    """One column of one record. `members` and `migrations` of a household are its lists of children."""

    table: str
    id: str
    column: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """One result of a rule: its code, its place, and the params of its sentence (registry/codes/messages.py)."""

    code: UserErrorCode
    severity: Severity
    table: str
    id: str
    column: str
    params: Mapping[str, str]

    @property
    def place(self) -> tuple[str, str, str]:
        return self.table, self.id, self.column

    @property
    def must_see(self) -> bool:
        """Whether a verifier has to accept it explicitly."""
        return self.severity is Severity.WARNING and self.code in MUST_SEE


class Row:
    """One record of the document."""

    def __init__(self, table: str, id: str, values: Mapping[str, Any]) -> None:
        self.table, self.id = table, id
        self.known = {c: v for c, v in values.items() if (v.strip() if isinstance(v, str) else v is not None)}
        self._read: dict[tuple[str, Callable[[str], Any]], Any] = {}
        self._spans: dict[str, Span | None] = {}

    def __getitem__(self, column: str) -> Any:
        """The JSON value; blank text is None."""
        return self.known.get(column)

    def text(self, column: str) -> str | None:
        value = self[column]
        return value if isinstance(value, str) else None

    def read(self, column: str, reading: Callable[[str], T]) -> T | None:
        """The result of a reading of a column's text, computed once for all rules; None if there is no text."""
        if column not in self.known:
            return None
        key = column, reading
        if key not in self._read:
            text = self.text(column)
            self._read[key] = None if text is None else reading(text)
        result: T | None = self._read[key]
        return result

    def readings(self, column: str, reading: Callable[[str], T]) -> list[T | None]:
        """The results of a reading of a column's text, or of each text of its list."""
        value = self[column]
        if isinstance(value, list):
            return [reading(item) for item in value if isinstance(item, str)]
        return [self.read(column, reading)]

    def span(self, column: str) -> Span | None:
        """The days of a partial date, read once for all rules; None if there is none."""
        if column not in self._spans:
            self._spans[column] = span(self.known.get(column))
        return self._spans[column]

    def amount(self, column: str) -> Decimal | None:
        if (value := self[column]) is None:
            return None
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            return None
        return amount if amount.is_finite() else None

    def at(self, column: str, **params: str) -> Place:
        return Place(self.table, self.id, column, params)


class RuleInput:
    """The document as rows, and the time at which it is checked."""

    def __init__(
        self, document: OpenDocument, now: datetime, aggregate: Aggregate, loaded: LoadedCodes = NOTHING_LOADED
    ) -> None:
        self.loaded = loaded
        self.now = now.astimezone(UTC)
        self.today: date = now.astimezone(TODAY_ZONE).date()
        self.rows = {table: _rows(document, table) for table in aggregate.nouns}
        self.households = self.rows.get("household", [])
        self.members = self.rows.get("member", [])
        self.episodes = self.rows.get("migration_episode", [])
        self.businesses = self.rows.get("business", [])
        self._by_id = {member.id: member for member in self.members}
        self.with_value: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
        """(Table, column) → the records that have a value there, in the order of the document."""
        for table, rows in self.rows.items():
            for row in rows:
                for column in row.known:
                    self.with_value[table, column].append(row)

    def rows_with(self, table: str, column: str) -> Sequence[Row]:
        return self.with_value.get((table, column), ())

    def member(self, id: object) -> Row | None:
        return self._by_id.get(id) if isinstance(id, str) else None

    def episodes_of(self, member: Row) -> list[Row]:
        return [episode for episode in self.episodes if episode["member_id"] == member.id]

    def is_child(self, member: Row, age: int) -> bool:
        """Whether the member is certainly younger than so many years today."""
        born = member.span("birth_date")
        return born is not None and born.plus_years(age).first > self.today


Find = Callable[[RuleInput], Iterator[Place]]


@dataclass(frozen=True)
class Rule:
    """One rule: its code, the columns that it reads as `table.column`, and the function that finds violations.

    `needs` is the table and name of a column without whose values it has no findings, so that it need not run."""

    code: UserErrorCode
    columns: tuple[str, ...]
    find: Find
    severity: Severity
    draft: bool
    needs: tuple[str, str] | None = None

    def finding(self, place: Place) -> Finding:
        return Finding(self.code, self.severity, place.table, place.id, place.column, place.params)


def rule(code: UserErrorCode, columns: str, find: Find, severity: Severity | None = None, draft: bool = False) -> Rule:
    """A rule; its columns are separated by spaces.  The severity defaults to the code's; `draft` rules check drafts
    too."""
    return Rule(code, tuple(columns.split()), find, severity or code.severity, draft)


def value_rule(
    code: UserErrorCode, columns: str, find: Find, severity: Severity | None = None, draft: bool = False
) -> Rule:
    """A `rule` about the values of its first column, which has no findings if there are none."""
    table, _, column = columns.split()[0].partition(".")
    return replace(rule(code, columns, find, severity, draft), needs=(table, column))


def columns_of(table: str, *names: str) -> str:
    """The columns of a table, each once, as rules name them."""
    return " ".join(f"{table}.{name}" for name in dict.fromkeys(names))


def _rows(document: OpenDocument, table: str) -> list[Row]:
    return [Row(table, id, values) for id, values in document.get(table, {}).items()]
