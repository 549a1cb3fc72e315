"""Who wrote the revisions since the last verified one: none of them verifies.

Revision ID: authors
Revises: one_village
"""

from alembic import op

revision = "authors"
down_revision = "one_village"
branch_labels = None
depends_on = None

TABLES = ("household", "household_revision")


def upgrade() -> None:
    op.execute("ALTER TABLE registry.household ADD COLUMN authors uuid[] NOT NULL DEFAULT '{}'")
    for table in TABLES:  # the owner sees no row of theirs otherwise; the wall is forced again after the versions
        op.execute(f"ALTER TABLE registry.{table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        """
        UPDATE registry.household h SET authors = r.authors FROM (
          SELECT r.household_id, array_agg(DISTINCT r.created_by) AS authors FROM registry.household_revision r
          JOIN registry.household h ON h.id = r.household_id AND r.rev > coalesce(h.verified_rev, 0)
          GROUP BY r.household_id) r
        WHERE r.household_id = h.id
        """
    )
