"""Counts that are kept: the cells of the figures, which `migrate` fills."""

from alembic import op

revision = "0043_cells"
down_revision = "0042_ledgers_by_unit"
branch_labels = None
depends_on = None

# Cells change often and in place.
CELL = """
    CREATE TABLE registry.figure_cell (
        cube SMALLINT NOT NULL,
        region TEXT COLLATE "C" NOT NULL,
        k1 TEXT COLLATE "C" NOT NULL,
        k2 TEXT COLLATE "C" NOT NULL,
        k3 TEXT COLLATE "C" NOT NULL,
        n BIGINT NOT NULL,
        CONSTRAINT pk_figure_cell PRIMARY KEY (cube, region, k1, k2, k3)
    ) WITH (fillfactor = 80)
"""


def upgrade() -> None:
    op.execute(CELL)
