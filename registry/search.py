"""Search by name, whatever its spelling: Siti finds Sitti, Djoko finds Joko, and half a word finds the whole.

How the words of a name sound is a column that the database generates from the name, one key a word (the rules are in
migrations/versions/name_sounds.py).  A row is found when each word that is asked for begins one of its own.
Rule: rows are found by comparing texts, the only test that PostgreSQL serves by an index under row security; the
longest word asked for picks them, and must begin one of the four longest of the name.  Tests: tests/test_search.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import MappedColumn

from auth.sensitivity import Sensitivity
from registry.noun import C_TEXT, SCHEMA, Asker, By, Derived, Fact, Noun, const, fact, fact_of, table_of

WORDS = range(1, 5)
"""The words of a name that have an index."""
END = "~"
"""Behind every letter of a key."""


def sounds_of(name: str, sensitivity: Sensitivity) -> MappedColumn[Any]:
    """The column `sounds` of a noun: how the words of its column `name` sound, the longest word first."""
    made = fact(
        sensitivity,
        "Bunyi kata-kata nama",
        "How the words of the name sound",
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


@dataclass(frozen=True)
class Sounds:
    """Named condition: the row's name has every word of the text `argument`, each at least as far as it is typed.

    A text without a letter or digit matches nothing.
    """

    argument: str

    def __call__(self, row: sa.FromClause, ask: Asker) -> sa.ColumnElement[bool]:
        wanted = sa.func.registry.sounds(ask.argument(self.argument, sa.Text()), type_=ARRAY(C_TEXT))
        longest = wanted[const(1)]
        low = sa.select(longest).scalar_subquery()
        high = sa.select(longest + const(END)).scalar_subquery()
        near = sa.or_(*[sa.and_(row.c.sounds[const(n)] >= low, row.c.sounds[const(n)] < high) for n in WORDS])
        word = sa.func.unnest(wanted).column_valued("word$")
        patterns = sa.select(sa.func.array_agg(const("% ") + word + const("%"))).scalar_subquery()
        said = const(" ") + sa.func.array_to_string(row.c.sounds, const(" "))
        return sa.and_(near, said.like(sa.all_(sa.cast(patterns, ARRAY(sa.Text())))))


@lru_cache(maxsize=1000)
def closeness(noun: type[Noun], argument: str) -> Derived[int]:
    """How near a row that is found comes to the text `argument`: 0 spelled the same, 1 begins so, 2 sounds so."""

    def near(row: sa.FromClause, ask: Asker) -> sa.ColumnElement[Any]:
        return _near(row, noun, argument, ask)

    return _closeness(noun, near)


@lru_cache(maxsize=1000)
def closeness_inside(noun: type[Noun], link: By, argument: str) -> Derived[int]:
    """How near one of a row's own records of `noun` comes: 0 spelled or begins so, 2 none does."""

    def near(row: sa.FromClause, ask: Asker) -> sa.ColumnElement[Any]:
        found = table_of(noun).alias("n$near")
        tests = (Sounds(argument)(found, ask), _near(found, noun, argument, ask) < const(2))
        nearest = sa.select(found.c[link.column]).where(found.c.archived_at.is_(None), *tests)
        return sa.case((row.c.id.in_(nearest), const(0)), else_=const(2))  # found once for all rows, not once a row

    return _closeness(noun, near)


def _closeness(noun: type[Noun], near: Callable[[sa.FromClause, Asker], sa.ColumnElement[Any]]) -> Derived[int]:
    kind = fact_of(table_of(noun).c.sounds).sensitivity
    said = Fact(kind, "Kedekatan nama", "How near the name comes to the text", server=True)
    return Derived("closeness", said, near, sa.Integer(), nullable=False)


def _near(row: sa.FromClause, noun: type[Noun], argument: str, ask: Asker) -> sa.ColumnElement[Any]:
    name = sa.func.lower(row.c[table_of(noun).c.sounds.info["name"]])
    said = sa.func.lower(sa.func.btrim(ask.argument(argument, sa.Text())))
    return sa.case((name == said, const(0)), (sa.func.starts_with(name, said), const(1)), else_=const(2))
