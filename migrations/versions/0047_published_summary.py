"""The Minister's sentence out of published numbers: no bar is hidden beside its sum any more."""

from alembic import op

revision = "0047_published_summary"
down_revision = "0046_ledgers_of_records"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP FUNCTION registry.bars(jsonb, integer, jsonb)")
