"""Journeys and business units in the order of their lists, the newest first.

Revision ID: newest_first
Revises: remark_about
"""

from alembic import op

revision = "newest_first"
down_revision = "remark_about"
branch_labels = None
depends_on = None
compatible = True


def upgrade() -> None:
    for table, column in (("migration_episode", "departed_on"), ("business", "started_on")):
        known = f"CASE WHEN {column} IS NULL THEN '' ELSE {column} END"
        op.execute(f"CREATE INDEX ix_{table}_{column} ON registry.{table} (({known}), id)")
