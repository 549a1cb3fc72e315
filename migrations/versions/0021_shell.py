"""Who acted at the command line of the server, beside the accounts that acted over the API."""

from alembic import op

revision = "0021_shell"
down_revision = "0020_services"
branch_labels = None
depends_on = None
compatible = True

STATEMENTS = (
    "ALTER TABLE registry.audit_event ALTER COLUMN actor_id DROP NOT NULL",
    "ALTER TABLE registry.audit_event ADD COLUMN shell_user TEXT",
    """
    ALTER TABLE registry.audit_event
        ADD CONSTRAINT ck_audit_event_one_actor CHECK (shell_user IS NULL OR actor_id IS NULL)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
