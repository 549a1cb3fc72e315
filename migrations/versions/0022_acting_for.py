"""Of an act of a service account: the user for whom it acted."""

from alembic import op

revision = "0022_acting_for"
down_revision = "0021_shell"
branch_labels = None
depends_on = None
compatible = True


def upgrade() -> None:
    op.execute("ALTER TABLE registry.audit_event ADD COLUMN acting_for_id UUID")
