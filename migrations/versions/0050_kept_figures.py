"""Answers that were quoted."""

from alembic import op

revision = "0050_kept_figures"
down_revision = "0049_ledgers_of_groups"
branch_labels = None
depends_on = None

FIGURE = """
    CREATE TABLE registry.figure (
        id UUID NOT NULL,
        place TEXT COLLATE "C" NOT NULL,
        cut_off TIMESTAMP WITH TIME ZONE NOT NULL,
        oldest_cut_off TIMESTAMP WITH TIME ZONE NOT NULL,
        region_version TEXT NOT NULL,
        reporting INTEGER NOT NULL,
        enrolled INTEGER NOT NULL,
        published INTEGER NOT NULL,
        suppressed INTEGER NOT NULL,
        question JSONB NOT NULL,
        total JSONB NOT NULL,
        lines JSONB NOT NULL,
        needs JSONB NOT NULL,
        kept_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_figure PRIMARY KEY (id)
    )
"""


def upgrade() -> None:
    op.execute(FIGURE)
