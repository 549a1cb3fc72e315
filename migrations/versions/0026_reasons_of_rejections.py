"""Why a submission was refused for good."""

from alembic import op

revision = "0026_reasons_of_rejections"
down_revision = "0025_givers_of_passwords"
branch_labels = None
depends_on = None
compatible = True


def upgrade() -> None:
    op.execute("ALTER TABLE registry.workflow_event ADD COLUMN reject_reason TEXT")
