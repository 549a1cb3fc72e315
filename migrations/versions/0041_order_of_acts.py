"""Acts on a record have the time at which they were written, not that at which their transaction began."""

from alembic import op

revision = "0041_order_of_acts"
down_revision = "0040_signed_reports"
branch_labels = None
depends_on = None
compatible = True

TIMES = (
    ("workflow_event", "at"),
    ("household_revision", "created_at"),
    ("record_revision", "at"),
    ("remark", "at"),
    ("audit_event", "at"),
)


def upgrade() -> None:
    for table, column in TIMES:
        op.execute(f"ALTER TABLE registry.{table} ALTER COLUMN {column} SET DEFAULT clock_timestamp()")
