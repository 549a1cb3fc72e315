"""Cells of months and days, at the level of their region; `migrate` counts them anew."""

from alembic import op

revision = "0048_cells_of_days"
down_revision = "0047_published_summary"
branch_labels = None
depends_on = None

# Cells change often and in place.
CELL = """
    CREATE TABLE registry.figure_cell (
        cube SMALLINT NOT NULL,
        grain CHAR(1) NOT NULL,
        level SMALLINT NOT NULL,
        region TEXT COLLATE "C" NOT NULL,
        period DATE NOT NULL,
        k1 TEXT COLLATE "C" NOT NULL,
        k2 TEXT COLLATE "C" NOT NULL,
        k3 TEXT COLLATE "C" NOT NULL,
        n BIGINT NOT NULL,
        CONSTRAINT pk_figure_cell PRIMARY KEY (cube, grain, level, region, period, k1, k2, k3)
    ) WITH (fillfactor = 80)
"""


def upgrade() -> None:
    op.execute("DROP TABLE registry.figure_cell")
    op.execute(CELL)
