"""Search by name, whatever its spelling: Siti finds Sitti, Nur Hayati finds Nurhayati, half a word finds the whole.

How a name sounds is a column that the database generates from it, one key for each word: that word and all behind it,
written together (the rules are in migrations/versions/0002_names.py).  A row is found when each word that is asked for
begins a key, alone or joined with the one or two words before it.
Rule: rows are found by comparing texts, the only test that PostgreSQL serves by an index under row security; the
longest word asked for picks them.  Tests: tests/test_search.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import MappedColumn

from auth.sensitivity import Sensitivity
from registry.models.fact import Derived, Fact, StatementContext, fact, fact_of
from registry.models.noun import C_TEXT, SCHEMA, By, Noun, const, table_of

WORDS = range(1, 11)
"""The words of a name that have an index each: more than any name is known to have."""
RUNS, TOGETHER = (1, 2), 3
"""By which keys rows are picked: the longest word, the same joined with the word before it; or the whole as one."""
END = "~"
"""Behind every letter of a key."""


def sounds_of(name: str, sensitivity: Sensitivity) -> MappedColumn[Any]:
    """The column `sounds` of a noun: how its column `name` sounds from each word to its end."""
    made = fact(
        sensitivity,
        "Bunyi kata-kata nama",
        "How the name sounds from each of its words on",
        ARRAY(C_TEXT),
        sa.Computed(f"{SCHEMA}.sounds({name})", persisted=True),
        server=True,
    )
    made.column.info["name"] = name
    return made


def sound_indexes(table: str, *then: str) -> list[sa.Index]:
    """The indexes that serve a search; `then` are the columns behind the word, such as the one that places the row."""
    return [
        sa.Index(
            f"ix_{table}_sound_{n}",
            sa.literal_column(f"(sounds[{n}])"),
            *then,
            postgresql_where=sa.literal_column(f"sounds[{n}] IS NOT NULL"),
        )
        for n in WORDS
    ]


class SearchContext(StatementContext, Protocol):
    """What a search may ask of the statement it becomes part of."""

    def search_terms(self, argument: str, of: str) -> sa.ColumnElement[Any]:
        """What the text `argument` is searched by: its `runs`, `words` or `patterns`, a list of texts."""


KIND_OF_PLACE = re.compile(r"\b(desa|ds|kelurahan|kel|kecamatan|kec|provinsi|prov)\b[.\s]*(?=.*\w)", re.IGNORECASE)
SHORTENED = re.compile(r"\b(kab|kota)(upaten|madya)\b", re.IGNORECASE)


def of_place(text: str) -> str:
    """A place as its name is kept: without the word for its kind, but for `Kabupaten` and `Kota`, which are names."""
    return SHORTENED.sub(r"\1", KIND_OF_PLACE.sub("", text))


@dataclass(frozen=True)
class Sounds:
    """Named condition: the row's name has every word of the text `argument`, each at least as far as it is typed,
    whatever was written together.

    A text without a letter or digit matches nothing.
    """

    argument: str

    def __call__(self, row: sa.FromClause, ctx: SearchContext) -> sa.ColumnElement[bool]:
        def begins(n: int, run: int) -> sa.ColumnElement[bool]:
            key, sought = row.c.sounds[const(n)], ctx.search_terms(self.argument, "runs")[const(run)]
            low, high = sa.select(sought).scalar_subquery(), sa.select(sought + const(END)).scalar_subquery()
            return sa.and_(key >= low, key < high)

        picked = [begins(n, run) for run in RUNS for n in WORDS]
        together = begins(1, TOGETHER)
        said = const(" ") + sa.func.array_to_string(row.c.sounds, const(" "))

        def once(of: str) -> sa.ColumnElement[Any]:
            return sa.cast(sa.select(ctx.search_terms(self.argument, of)).scalar_subquery(), ARRAY(sa.Text()))

        words, patterns = once("words"), once("patterns")
        any_word = sa.select(sa.func.cardinality(ctx.search_terms(self.argument, "words")) > const(0)).scalar_subquery()
        fits = sa.or_(said.like(sa.all_(words)), said.op("~", is_comparison=True)(sa.all_(patterns)), together)
        return sa.and_(any_word, sa.or_(*picked, together), fits)


@dataclass(frozen=True)
class NamedOrNumbered:
    """Named condition: the household has a person of this name, or the text begins its number."""

    noun: type[Noun]
    link: By
    argument: str

    def __call__(self, row: sa.FromClause, ctx: SearchContext) -> sa.ColumnElement[bool]:
        person, household = table_of(self.noun).alias("n$found"), row_of_household(row).alias("h$found")
        named = sa.select(person.c[self.link.column])
        named = named.where(person.c.archived_at.is_(None), Sounds(self.argument)(person, ctx))
        numbered = sa.select(household.c.id).where(_numbered(household, self.argument, ctx))
        return row.c.id.in_(sa.union_all(named, numbered))


def row_of_household(row: sa.FromClause) -> sa.Table:
    """The table that an alias of a household is of."""
    table = row.element if isinstance(row, sa.sql.expression.AliasedReturnsRows) else row
    assert isinstance(table, sa.Table)
    return table


def _numbered(row: sa.FromClause, argument: str, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """The text begins the household's number."""
    said = sa.func.btrim(ctx.argument(argument, sa.Text()))
    low, high = sa.select(said).scalar_subquery(), sa.select(said + const(END)).scalar_subquery()
    return sa.and_(row.c.household_no >= low, row.c.household_no < high)


@lru_cache(maxsize=1000)
def match_rank(noun: type[Noun], argument: str) -> Derived[int]:
    """How near a row that is found comes to the text `argument`: 0 spelled the same, 1 begins so, 2 sounds so."""

    def near(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        return _near(row, noun, argument, ctx)

    return _match_rank(noun, near)


@lru_cache(maxsize=1000)
def member_match_rank(noun: type[Noun], link: By, argument: str) -> Derived[int]:
    """How near a household comes by one of its own records of `noun`, or its number: 0 spelled or begins so, 2 not."""

    def near(row: sa.FromClause, ctx: SearchContext) -> sa.ColumnElement[Any]:
        found = table_of(noun).alias("n$near")
        tests = (Sounds(argument)(found, ctx), _near(found, noun, argument, ctx) < const(2))
        nearest = sa.select(found.c[link.column]).where(found.c.archived_at.is_(None), *tests)
        near = sa.or_(row.c.id.in_(nearest), _numbered(row, argument, ctx))  # found once for all rows, not once a row
        return sa.case((near, const(0)), else_=const(2))

    return _match_rank(noun, near)


def _match_rank(noun: type[Noun], near: Callable[[sa.FromClause, Any], sa.ColumnElement[Any]]) -> Derived[int]:
    kind = fact_of(table_of(noun).c.sounds).sensitivity
    said = Fact(kind, "Kedekatan nama", "How near the name comes to the text", server=True)
    return Derived("closeness", said, near, sa.Integer(), nullable=False)


def _near(row: sa.FromClause, noun: type[Noun], argument: str, ctx: StatementContext) -> sa.ColumnElement[Any]:
    name = sa.func.lower(row.c[table_of(noun).c.sounds.info["name"]])
    said = sa.func.lower(sa.func.btrim(ctx.argument(argument, sa.Text())))
    return sa.case((name == said, const(0)), (sa.func.starts_with(name, said), const(1)), else_=const(2))
