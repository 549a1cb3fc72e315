"""Why a household left the register; a draft that left it stays a draft, which nobody else sees."""

from alembic import op

revision = "0032_archiving"
down_revision = "0031_trainings"
branch_labels = None
depends_on = None
compatible = True

STATEMENTS = (
    "ALTER TABLE registry.workflow_event ADD COLUMN archive_reason TEXT",
    """
    ALTER TABLE registry.household DROP CONSTRAINT ck_household_draft,
        ADD CONSTRAINT ck_household_draft CHECK (draft = (workflow_state = 'DRAFT') OR archived_at IS NOT NULL)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
