"""The hash of the edit that a step accepted: by it a retry is known.

Revision ID: edit_hash
Revises: authors
"""

from alembic import op

revision = "edit_hash"
down_revision = "authors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE registry.workflow_event ADD COLUMN edit_hash text")
