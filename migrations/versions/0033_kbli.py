"""The KBLI code of a business, in its edition; counted, so the ledger has it too."""

from alembic import op

revision = "0033_kbli"
down_revision = "0032_archiving"
branch_labels = None
depends_on = None
compatible = True


def upgrade() -> None:
    for table in ("business", "ledger_business"):
        op.execute(f"ALTER TABLE registry.{table} ADD COLUMN kbli_version TEXT, ADD COLUMN kbli_code TEXT")
