"""The class of a finding is one of a closed list, which `migrate` applies with the others.

Revises: figure_bars
"""

from alembic import op

revision = "closed_lists"
down_revision = "figure_bars"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE registry.finding DROP CONSTRAINT finding_about_check")
