"""The revision that a remark speaks of: what has changed since answers it.

Revision ID: remark_rev
Revises: record_ids
"""

from alembic import op

revision = "remark_rev"
down_revision = "record_ids"
branch_labels = None
depends_on = None

TABLES = ("household", "remark")


def upgrade() -> None:
    op.execute("ALTER TABLE registry.remark ADD COLUMN rev integer")
    for table in TABLES:  # the owner sees no row of theirs otherwise; the wall is forced again after the versions
        op.execute(f"ALTER TABLE registry.{table} NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE registry.remark r SET rev = h.rev FROM registry.household h WHERE h.id = r.household_id")
    op.execute("ALTER TABLE registry.remark ALTER COLUMN rev SET NOT NULL")
