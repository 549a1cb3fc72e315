"""Answers that were quoted: each is kept as it was, so that its id returns the same for ever.

A recount as of its cut-off would not be exact, because transactions that were open then commit later.
Rule: an answer is kept when its id is asked for, and read again by whoever may still see each of its exact figures.
Test: tests/test_kept_figures.py.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from registry.figures.ledger import INSTANT
from registry.models.noun import C_TEXT, Noun

KEPT_PER_HOUR = 1_000
"""New answers that are kept for one account in an hour."""

FIGURE = sa.Table(
    "figure",
    Noun.metadata,
    sa.Column("id", sa.Uuid(), primary_key=True),
    sa.Column("content", sa.Uuid(), nullable=False, unique=True),
    sa.Column("place", C_TEXT, nullable=False),
    sa.Column("cut_off", INSTANT, nullable=False),
    sa.Column("oldest_cut_off", INSTANT, nullable=False),
    sa.Column("region_version", sa.Text(), nullable=False),
    sa.Column("reporting", sa.Integer(), nullable=False),
    sa.Column("enrolled", sa.Integer(), nullable=False),
    sa.Column("published", sa.Integer(), nullable=False),
    sa.Column("suppressed", sa.Integer(), nullable=False),
    sa.Column("question", JSONB(), nullable=False),
    sa.Column("total", JSONB(), nullable=False),
    sa.Column("lines", JSONB(), nullable=False),
    sa.Column("needs", JSONB(), nullable=False),
    sa.Column("kept_at", INSTANT, nullable=False, server_default=sa.func.now()),
)
"""An answer as `statistics` gave it; `needs` lists the classes and the region of each of its exact figures.

`content` is a digest, by which the same answer is kept once; nobody reads it.  The id is random, because an id is
quoted: whoever heard one that was made of the answer could try small numbers until they make it."""
ANSWER = tuple(column.name for column in FIGURE.columns if column.name not in ("content", "needs", "kept_at"))
"""The columns of an answer."""
