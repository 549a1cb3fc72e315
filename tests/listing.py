"""Lists in plain Python: filter, search, order, groups, and which keys a caller may use.

Classes of keys come from the directives of the published schema, areas from the policy page; nothing of the engine is
used.  A comparison with null is false; nulls come last; ties are ordered by id, in the direction of the key.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLSchema, get_named_type

from auth.ability import Ability
from auth.policy import Cell, cell
from auth.role import Role

Row = dict[str, Any]
NOUNS = {
    "households": "Household",
    "members": "Member",
    "migrations": "MigrationEpisode",
    "businesses": "Business",
    "regions": "Region",
}
NAMES = {"Member": "fullName", "Business": "name", "Region": "name"}
BANDS = (0, 5, 12, 18, 25, 35, 45, 60)
PLACES = {"PROVINCE": 2, "REGENCY": 5, "DISTRICT": 8, "VILLAGE": 13}
MONTHS = {
    "id": "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
    "en": "January February March April May June July August September October November December",
}
OLD_CODES = {"35.07.09.2008": "35.07.11.2008"}


class Forbidden(Exception):
    """No grant has the class; `field` is the key that needs it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class Visibility:
    """The areas where a person holds each class in every row, and those where only in their own records (`own`)."""

    def __init__(self, grants: list[tuple[str, str | None]]) -> None:
        self.areas: dict[str, list[str]] = {}
        self.own: dict[str, list[str]] = {}
        for role, code in grants:
            for ability in Ability:
                if ability.name.startswith("SEE_") and (extent := cell(ability, Role[role])) is not None:
                    areas = self.areas if extent is Cell.AREA else self.own
                    areas.setdefault(ability.name.removeprefix("SEE_"), []).append(f"{code}." if code else "")

    def anywhere(self, kind: str) -> bool:
        return kind in self.areas

    def holds(self, kind: str, area: str) -> bool:
        return any(f"{area}.".startswith(code) for code in self.areas.get(kind, ()))

    def around(self, kind: str, area: str) -> bool:
        """Whether the class is seen there in at least one record."""
        return self.holds(kind, area) or any(f"{area}.".startswith(code) for code in self.own.get(kind, ()))


def kind_of(element: Any) -> str | None:
    """The class that `@sensitivity` gives to a field, an argument or an enum value."""
    for directive in element.ast_node.directives:
        if directive.name.value == "sensitivity":
            return str(directive.arguments[0].value.value)
    return None


class Descending:
    """A value that sorts in descending order."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: Descending) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and bool(other.value == self.value)

    __hash__ = None  # type: ignore[assignment]


MatchRanks = dict[str, int]
"""Id of each record that a search finds → how near its name is: 0 equal, 1 begins with the text, 2 sounds like it."""


@dataclass
class Lists:
    """The lists of one person in one language."""

    schema: GraphQLSchema
    visibility: Visibility
    user: str
    language: str
    regions: list[Row]
    labels: dict[tuple[str, str], str] = field(default_factory=dict)
    match_ranks: dict[tuple[str, str], MatchRanks] = field(default_factory=dict)  # by noun and text
    findings: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # household → class and author of each

    def selected(self, noun: str, rows: list[Row], arguments: dict[str, Any]) -> tuple[list[Row], Callable[[Row], Any]]:
        """The rows of a list with these arguments, in order, and the key of that order."""
        ranks: MatchRanks = {}
        if (filter_ := arguments.get("filter")) is not None:
            type_: Any = self.schema.type_map[f"{noun}Filter"]
            for kind, name, nested in self._kinds(type_, filter_):
                rows = self._narrowed(rows, kind, name, nested)
            rows = [row for row in rows if self._all(type_, filter_, row)]
        if (text := arguments.get("search")) is not None:
            kind = kind_of(self.schema.query_type.fields[_root(noun)].args["search"])  # type: ignore[union-attr]
            rows = self._narrowed(rows, kind, "search")
            ranks = self.match_ranks[noun, text]
            rows = [row for row in rows if row["id"] in ranks]
        if (order := arguments.get("orderBy")) is not None:
            values: Any = self.schema.type_map[f"{noun}OrderField"]
            rows = self._narrowed(rows, kind_of(values.values[order["field"]]), order["field"])
            keys = [(self.order(noun, order["field"]), order["direction"] == "DESC")]
        else:
            by_rank = [(lambda row: ranks[row["id"]], False)] if ranks else []
            keys = [*by_rank, *self._default(noun)]

        def key(row: Row) -> Any:
            parts = [(value is None, 0 if value is None else _directed(value, down)) for value, down in _values(row)]
            return (*parts, _directed(row["id"], keys[-1][1]))

        def _values(row: Row) -> list[tuple[Any, bool]]:
            return [(of(row), down) for of, down in keys]

        return sorted(rows, key=key), key

    def area(self, row: Row) -> str:
        if "area" in row:
            return str(row["area"])
        return str((row if row["__typename"] == "Household" else row["household"])["village"]["code"])

    def _narrowed(self, rows: list[Row], kind: str | None, name: str, nested: bool = False) -> list[Row]:
        """The rows where a key's class is seen; for a key of `nested` records, those in whose area it may be seen."""
        if kind in (None, "OPEN"):
            return rows
        if not self.visibility.anywhere(str(kind)) and kind not in self.visibility.own:
            raise Forbidden(name)
        if nested and kind in self.visibility.own:
            return [row for row in rows if self.visibility.around(str(kind), self.area(row))]
        return [row for row in rows if self._sees(row, str(kind))]

    def _sees(self, row: Row, kind: str) -> bool:
        """Whether the class is seen in this row: everywhere in its area, or because the row is the caller's own."""
        if kind in self.visibility.own and self.visibility.around(kind, self.area(row)):
            return all(name not in row["withheld"] for name in self._withheld(row, kind))
        return self.visibility.holds(kind, self.area(row))

    def _withheld(self, row: Row, kind: str) -> list[str]:
        """The fields of the class that the row withholds from callers that do not see it."""
        type_: Any = self.schema.type_map[row["__typename"]]
        return [name for name, field in type_.fields.items() if kind_of(field) == kind]

    # --- filter -------------------------------------------------------------------------------------------------------

    def _kinds(self, type_: Any, filter_: Any, nested: bool = False) -> list[tuple[str | None, str, bool]]:
        """Class and name of each key of a filter at any depth, and whether it is a key of other records."""
        kinds: list[tuple[str | None, str, bool]] = []
        for keys in filter_ if isinstance(filter_, list) else [filter_]:
            for name, value in keys.items():
                inner = get_named_type(type_.fields[name].type)
                kinds.append((kind_of(type_.fields[name]), name, nested))
                if isinstance(inner, GraphQLInputObjectType) and inner.name not in COMPARING:
                    kinds += self._kinds(inner, value, nested or name not in ("and", "or", "not"))
        return kinds

    def _counts(self, type_: Any, filter_: dict[str, Any], row: Row) -> bool:
        """Whether a related record counts: not if a key's class is seen in the caller's own records alone, and it is
        not one of them."""
        kinds = {kind for kind, _, nested in self._kinds(type_, filter_) if not nested and kind in self.visibility.own}
        return all(self._sees(row, str(kind)) for kind in kinds)

    def _all(self, type_: Any, filter_: dict[str, Any], row: Row) -> bool:
        return all(self._holds(type_, name, value, row) for name, value in filter_.items())

    def _holds(self, type_: Any, name: str, value: Any, row: Row) -> bool:
        inner = get_named_type(type_.fields[name].type)
        match name:
            case "and":
                return all(self._all(inner, one, row) for one in value)
            case "or":
                return any(self._all(inner, one, row) for one in value)
            case "not":
                return not self._all(inner, value, row)
            case "within":
                area = f"{self.area(row)}."
                return any(area.startswith(f"{OLD_CODES.get(code, code)}.") for code in value)
            case "submittedByMe":
                return ((row["submittedBy"] or {}).get("accountId") == self.user) is value
            case "awaitsMe":
                return ("SUBMISSION_VERIFY" in row["viewerCan"]) is value
            case "hasFindings":
                return (
                    any(self._visible(about, author, self.area(row)) for about, author in self._findings(row)) is value
                )
            case "pillar":
                return bool(_current_pillars(row) & set(value))
            case "hasNib":
                return (row["nib"] is not None) is value
            case "kbliCode":
                code = row["kbli"] and row["kbli"]["code"]
                return all(_compare(code, operator, operand) for operator, operand in value.items())
            case "workers":
                workers = self.order("Business", "WORKERS")(row)
                return all(_compare(workers, operator, operand) for operator, operand in value.items())
            case "latest":
                return (row is max(row["member"]["migrations"], key=_begun)) is value
            case "programme":
                return any(enrolled["programme"]["code"] in value for enrolled in row.get("enrolments", ()))
        if inner.name in COMPARING:
            return all(COMPARING[inner.name](row[name], operator, operand) for operator, operand in value.items())
        if inner.name.endswith("ListFilter"):
            ((quantifier, filter_),) = value.items()
            type_ = inner.fields[quantifier].type
            met = [self._all(type_, filter_, child) for child in row[name] if self._counts(type_, filter_, child)]
            return {"some": any(met), "every": all(met), "none": not any(met)}[str(quantifier)]
        if isinstance(inner, GraphQLInputObjectType):
            return self._all(inner, value, row[name])
        if isinstance(row[name], list):
            return bool(set(row[name]) & set(value))
        return bool(row[name] is value if isinstance(value, bool) else row[name] is not None and row[name] in value)

    def _findings(self, row: Row) -> list[tuple[str, str]]:
        return self.findings.get(row["id"], [])

    def _visible(self, about: str, author: str, area: str) -> bool:
        """Whether a finding is shown: the caller must see findings and the class of its column, like in a row."""
        own = author == self.user and self.visibility.around(about, area)
        return self.visibility.holds("PERSONAL", area) and (self.visibility.holds(about, area) or own)

    # --- search, order, groups ----------------------------------------------------------------------------------------

    def _default(self, noun: str) -> list[tuple[Callable[[Row], Any], bool]]:
        return {
            "Household": [(lambda row: row["householdNo"], False)],
            "Member": [(self.order("Member", "HOUSEHOLD_NO"), False), (lambda row: row["seq"], False)],
            "MigrationEpisode": [(lambda row: row["departedOn"], True)],
            "Business": [(lambda row: row["startedOn"], True)],
            "Region": [(lambda row: row["code"], False)],
        }[noun]

    def order(self, noun: str, key: str) -> Callable[[Row], Any]:
        ranks: Any = list(self.schema.type_map["ExportReadiness"].values)  # type: ignore[attr-defined]
        special: dict[tuple[str, str], Callable[[Row], Any]] = {
            ("Household", "HEAD_NAME"): _head_name,
            ("Member", "HOUSEHOLD_NO"): lambda row: row["household"]["householdNo"],
            ("Region", "HOUSEHOLD_COUNT"): lambda row: row["households"](None)["totalCount"],
            ("Business", "EXPORT_READINESS"): lambda row: ranks.index(row["exportReadiness"]),
            ("Business", "WORKERS"): lambda row: sum(
                row[f"workers{who}"] or 0 for who in ("Family", "PaidMale", "PaidFemale")
            ),
        }
        if key in ("HEAD_NAME", "FULL_NAME", "NAME"):
            name = special.get((noun, key)) or (lambda row: row[_camel(key)])
            return lambda row: alphabetical(name(row))
        return special.get((noun, key)) or (lambda row: row[_camel(key)])

    def groups(self, noun: str, rows: list[Row], by: str, first: int | None = None) -> list[dict[str, Any]]:
        """Counts of a list's rows by one key: months in their order, all others largest first, UNKNOWN last."""
        dimension: Any = self.schema.type_map[f"{noun}GroupBy"]
        rows = self._narrowed(rows, kind_of(dimension.values[by]), "groups")
        counted = Counter(key for row in rows for key in self._keys(by, row))
        timed = by == "CONTRACT_END_MONTH"
        bars = sorted(counted.items(), key=lambda bar: (bar[0] == "UNKNOWN", 0 if timed else -bar[1], bar[0]))
        return [{"key": key, "label": self._words(noun, by, key), "count": count} for key, count in bars[:first]]

    def _keys(self, by: str, row: Row) -> list[str]:
        """The keys under which a row counts: one, or each pillar of a household."""
        if by == "PILLAR":
            return sorted(_current_pillars(row)) or ["UNKNOWN"]
        return [self._group(by, row) or "UNKNOWN"]

    def _group(self, by: str, row: Row) -> str | None:
        if by in PLACES:
            return self.area(row)[: PLACES[by]]
        if by == "CONTRACT_END_MONTH":
            day = row["contractEndsOn"]
            return None if day is None else first_day(day)[:7]
        if by == "AGE_BAND":
            return None if row["age"] is None else _band(row["age"])
        if by == "KBLI_SECTION":
            return row["kbli"] and f"{row['kbli']['version']} {row['kbli']['section']}"
        value: str | None = row[_camel(by)]
        return value

    def _words(self, noun: str, by: str, key: str) -> str:
        if key == "UNKNOWN":
            return "Not known" if self.language == "en" else "Tidak diketahui"
        if by in PLACES:
            return str(next(r["name"] for r in self.regions if r["code"] == key))
        if by == "CONTRACT_END_MONTH":
            return f"{MONTHS[self.language].split()[int(key[5:]) - 1]} {key[:4]}"
        if by == "AGE_BAND":
            return key
        if by == "PILLAR":
            return self.labels["PILLAR", key]
        if by == "KBLI_SECTION":
            edition, section = key.split()
            return self.labels[edition, section]
        type_: Any = self.schema.type_map[noun]
        enum = get_named_type(type_.fields[_camel(by)].type).name
        list_ = "COUNTRY" if by == "COUNTRY" else re.sub("(?<=[a-z])(?=[A-Z])", "_", enum).upper()
        return self.labels.get((list_, key), key)


def _current_pillars(household: Row) -> set[str]:
    return {participation["pillar"] for participation in household["pillars"] if participation["until"] is None}


def first_day(partial: str) -> str:
    return partial + "-01" * ((10 - len(partial)) // 3)


def folded(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()


def alphabetical(name: str | None) -> str | None:
    """The sort key of a name: without case, accents and quotes."""
    if name is None:
        return None
    return re.sub(r"[!-/:-@\[-`{-~\s]+", " ", re.sub("['’]", "", folded(name))).strip()


def _compare(value: Any, operator: str, operand: Any) -> bool:
    if operator == "isNull":
        return (value is None) is bool(operand)
    if value is None:
        return False
    tests: dict[str, Callable[[], Any]] = {
        "eq": lambda: value == operand,
        "in": lambda: value in operand,
        "gt": lambda: value > operand,
        "gte": lambda: value >= operand,
        "lt": lambda: value < operand,
        "lte": lambda: value <= operand,
        "startsWith": lambda: folded(value).startswith(folded(operand)),
    }
    return bool(tests[operator]())


def _compare_instant(value: Any, operator: str, operand: Any) -> bool:
    instant = operand if operator == "isNull" else dt.datetime.fromisoformat(operand)
    return _compare(value and dt.datetime.fromisoformat(value), operator, instant)


COMPARING: dict[str, Callable[[Any, str, Any], bool]] = {
    "StringFilter": _compare,
    "IntFilter": _compare,
    "DateFilter": lambda value, operator, operand: _compare(value and first_day(value), operator, operand),
    "DateTimeFilter": _compare_instant,
}


def _directed(value: Any, down: bool) -> Any:
    return Descending(value) if down else value


def _root(noun: str) -> str:
    return next(name for name, of in NOUNS.items() if of == noun)


def _camel(key: str) -> str:
    first, *rest = key.lower().split("_")
    return first + "".join(part.title() for part in rest)


def _begun(episode: Row) -> tuple[str, int]:
    return episode["departedOn"] or episode["registeredOn"] or episode["contractStartsOn"] or "9999", episode["seq"]


def _head_name(household: Row) -> str | None:
    heads = [member["fullName"] for member in household["members"] if member["relationToHead"] == "HEAD"]
    return min((name for name in heads if name is not None), default=None)


def _band(age: int) -> str:
    start = max(band for band in BANDS if band <= age)
    end = next((band - 1 for band in BANDS if band > age), None)
    return f"{start}+" if end is None else f"{start:02}-{end:02}"
