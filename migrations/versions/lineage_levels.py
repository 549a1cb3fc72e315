"""A change leads from a region to one of its own level: an old code of a village is the code of a village today.

Revision ID: lineage_levels
Revises: reading
"""

from alembic import op

revision = "lineage_levels"
down_revision = "reading"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE registry.region_lineage"
        " ADD CONSTRAINT ck_region_lineage_level CHECK (length(from_code) = length(to_code))"
    )
