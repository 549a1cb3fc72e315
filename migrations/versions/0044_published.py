"""Closes and published numbers: what everybody may see of others."""

from alembic import op

revision = "0044_published"
down_revision = "0043_cells"
branch_labels = None
depends_on = None

CLOSES = """
    CREATE TABLE registry.block_close (
        ledger TEXT COLLATE "C" NOT NULL,
        depth SMALLINT NOT NULL,
        place TEXT COLLATE "C" NOT NULL,
        since TIMESTAMP WITH TIME ZONE NOT NULL,
        until TIMESTAMP WITH TIME ZONE DEFAULT 'infinity' NOT NULL,
        CONSTRAINT pk_block_close PRIMARY KEY (ledger, depth, place, since)
    )
"""

PUBLISHED = """
    CREATE TABLE registry.published (
        indicator TEXT COLLATE "C" NOT NULL,
        part TEXT COLLATE "C" NOT NULL,
        by TEXT COLLATE "C" NOT NULL,
        place TEXT COLLATE "C" NOT NULL,
        keys TEXT[] COLLATE "C" NOT NULL,
        since TIMESTAMP WITH TIME ZONE NOT NULL,
        until TIMESTAMP WITH TIME ZONE DEFAULT 'infinity' NOT NULL,
        shown BIGINT,
        CONSTRAINT pk_published PRIMARY KEY (indicator, part, by, place, keys, since)
    )
"""

# How far a sum of so many rounded cells may be from the truth: surely for one, 98 times in 100 for many.
MARGIN = """
    CREATE FUNCTION registry.margin(cells integer, k integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT least((k - 1) * cells, ceil(k * sqrt(cells))::int) $$
"""


def upgrade() -> None:
    for statement in (CLOSES, PUBLISHED, MARGIN):
        op.execute(statement)
