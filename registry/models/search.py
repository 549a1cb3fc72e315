"""Search by name, whatever its spelling: Siti finds Sitti, Nur Hayati finds Nurhayati, half a word finds the whole.

How a name sounds is a column that the database generates from it, with one key for each word: that word and all after
it, written together (migrations/versions/0002_names.py has the rules).  A row matches if each word of the search begins
a key, alone or joined with the one or two words before it.
Rule: a search compares texts, the only test that PostgreSQL serves by an index under row security; the longest word of
the search picks the rows.  Tests: tests/test_search.py.
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
"""The words of a name that have an index each: more than any known name has."""
RUNS, TOGETHER = (1, 2), 3
"""The keys that pick rows: the longest word, the same joined with the word before it; or the whole text as one."""
END = "~"
"""Sorts after every letter of a key."""


def sounds_of(name: str, sensitivity: Sensitivity, text: str = "") -> MappedColumn[Any]:
    """The column `sounds` of a noun: how its column `name` sounds from each word to its end.

    `text` is an SQL expression of all the words by which it is found, where these are more than the name."""
    column = fact(
        sensitivity,
        "Bunyi kata-kata nama",
        "How the name sounds, from each of its words on",
        ARRAY(C_TEXT),
        sa.Computed(f"{SCHEMA}.sounds({text or name})", persisted=True),
        server=True,
    )
    column.column.info["name"] = name
    return column


def sound_indexes(table: str, *then: str) -> list[sa.Index]:
    """The indexes that serve a search; `then` are the columns after the word, such as the area."""
    # CREATE INDEX ix_member_sound_1 ON registry.member ((sounds[1]), area) WHERE sounds[1] IS NOT NULL
    indexes = []
    for n in WORDS:
        word: sa.ColumnElement[Any] = sa.literal_column(f"(sounds[{n}])")
        exists: sa.ColumnElement[bool] = sa.literal_column(f"sounds[{n}] IS NOT NULL")
        indexes.append(sa.Index(f"ix_{table}_sound_{n}", word, *then, postgresql_where=exists))
    return indexes


class SearchContext(StatementContext, Protocol):
    """What a search can request from the statement that it becomes part of."""

    def search_terms(self, argument: str, of: str) -> sa.ColumnElement[Any]:
        """The search terms of the text `argument`, a list of texts; `of` is `runs`, `words` or `patterns`."""


KIND_OF_PLACE = re.compile(r"\b(desa|ds|kelurahan|kel|kecamatan|kec|provinsi|prov)\b[.\s]*(?=.*\w)", re.IGNORECASE)
SHORTENED = re.compile(r"\b(kab|kota)(upaten|madya)\b", re.IGNORECASE)


def of_place(text: str) -> str:
    """The name of a place as it is stored: without the word for its kind, except `Kabupaten` and `Kota`."""
    return SHORTENED.sub(r"\1", KIND_OF_PLACE.sub("", text))


@dataclass(frozen=True)
class Sounds:
    """Named condition: the row's name has every word of the text `argument`, each at least as far as it is typed.

    Words may be joined or apart.  A text without a letter or digit matches nothing.
    """

    argument: str

    def __call__(self, row: sa.FromClause, ctx: SearchContext) -> sa.ColumnElement[bool]:
        # (SELECT cardinality(words) > 0)
        # AND (sounds[1] >= (SELECT runs[1]) AND sounds[1] < (SELECT runs[1] || '~') OR … one test for each index …)
        # AND (' ' || array_to_string(sounds, ' ') LIKE ALL ((SELECT words)) OR … ~ ALL ((SELECT patterns)) OR …)
        def begins(word: int, run: int) -> sa.ColumnElement[bool]:
            key, term = row.c.sounds[const(word)], ctx.search_terms(self.argument, "runs")[const(run)]
            return _begins_with(key, term)

        def once(of: str) -> sa.ColumnElement[Any]:
            terms = sa.select(ctx.search_terms(self.argument, of)).scalar_subquery()  # once a statement, not once a row
            return sa.cast(terms, ARRAY(sa.Text()))

        picked = [begins(word, run) for run in RUNS for word in WORDS]
        together = begins(1, TOGETHER)
        keys = const(" ") + sa.func.array_to_string(row.c.sounds, const(" "))
        words, patterns = once("words"), once("patterns")
        word_count = sa.func.cardinality(ctx.search_terms(self.argument, "words"))
        has_words = sa.select(word_count > const(0)).scalar_subquery()
        apart, joined = keys.like(sa.all_(words)), keys.op("~", is_comparison=True)(sa.all_(patterns))
        return sa.and_(has_words, sa.or_(*picked, together), sa.or_(apart, joined, together))


@dataclass(frozen=True)
class NamedOrNumbered:
    """Named condition: the household has a person of this name, or the text begins its number."""

    noun: type[Noun]
    link: By
    argument: str

    def __call__(self, row: sa.FromClause, ctx: SearchContext) -> sa.ColumnElement[bool]:
        # t$1.id IN (SELECT n$found.household_id FROM registry.member AS n$found WHERE … the name sounds so …
        #            UNION ALL SELECT h$found.id FROM registry.household AS h$found WHERE … the number begins so …)
        person, household = table_of(self.noun).alias("n$found"), row_of_household(row).alias("h$found")
        has_name = sa.and_(person.c.archived_at.is_(None), Sounds(self.argument)(person, ctx))
        by_name = sa.select(person.c[self.link.column]).where(has_name)
        by_number = sa.select(household.c.id).where(_has_number(household, self.argument, ctx))
        return row.c.id.in_(sa.union_all(by_name, by_number))


def row_of_household(row: sa.FromClause) -> sa.Table:
    """The table of households behind an alias."""
    table = row.element if isinstance(row, sa.sql.expression.AliasedReturnsRows) else row
    assert isinstance(table, sa.Table)
    return table


def _begins_with(text: sa.ColumnElement[Any], start: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """A range of an index, unlike LIKE."""
    low, high = sa.select(start).scalar_subquery(), sa.select(start + const(END)).scalar_subquery()
    return sa.and_(text >= low, text < high)


def _has_number(row: sa.FromClause, argument: str, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """The text begins the household's number."""
    return _begins_with(row.c.household_no, sa.func.btrim(ctx.argument(argument, sa.Text())))


@lru_cache(maxsize=1000)
def match_rank(noun: type[Noun], argument: str) -> Derived[int]:
    """How well a match fits the text `argument`: 0 spelled the same, 1 begins so, 2 sounds so."""

    def rank(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        return _rank(row, noun, argument, ctx)

    return _match_rank(noun, rank)


@lru_cache(maxsize=1000)
def member_match_rank(noun: type[Noun], link: By, argument: str) -> Derived[int]:
    """How well a household fits by its records of `noun` or its number: 0 spelled so or begins so, 2 neither."""

    def rank(row: sa.FromClause, ctx: SearchContext) -> sa.ColumnElement[Any]:
        # CASE WHEN (t$1.id IN (SELECT n$near.household_id FROM registry.member AS n$near WHERE …) OR …)
        #      THEN 0 ELSE 2 END: the subquery runs once for all rows, not once a row
        person = table_of(noun).alias("n$near")
        fits = (Sounds(argument)(person, ctx), _rank(person, noun, argument, ctx) < const(2))
        households = sa.select(person.c[link.column]).where(person.c.archived_at.is_(None), *fits)
        is_near = sa.or_(row.c.id.in_(households), _has_number(row, argument, ctx))
        return sa.case((is_near, const(0)), else_=const(2))

    return _match_rank(noun, rank)


def _match_rank(noun: type[Noun], rank: Callable[[sa.FromClause, Any], sa.ColumnElement[Any]]) -> Derived[int]:
    kind = fact_of(table_of(noun).c.sounds).sensitivity
    fact = Fact(kind, "Kedekatan nama", "How near the name comes to the text", server=True)
    return Derived("match_rank", fact, rank, sa.Integer(), nullable=False)


def _rank(row: sa.FromClause, noun: type[Noun], argument: str, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # CASE WHEN (lower(full_name) = lower(btrim($1))) THEN 0
    #      WHEN starts_with(lower(full_name), lower(btrim($1))) THEN 1 ELSE 2 END
    name = sa.func.lower(row.c[table_of(noun).c.sounds.info["name"]])
    text = sa.func.lower(sa.func.btrim(ctx.argument(argument, sa.Text())))
    return sa.case((name == text, const(0)), (sa.func.starts_with(name, text), const(1)), else_=const(2))
