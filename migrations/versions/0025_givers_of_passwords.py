"""Who gave an account its last temporary password."""

from alembic import op

revision = "0025_givers_of_passwords"
down_revision = "0024_throttle"
branch_labels = None
depends_on = None
compatible = True


def upgrade() -> None:
    op.execute("ALTER TABLE registry.credential ADD COLUMN given_by UUID")
