"""Who did what to which record, and how it ended."""

from alembic import op

revision = "0014_audit"
down_revision = "0013_figures"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.audit_event (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        actor_id UUID NOT NULL,
        ability TEXT NOT NULL,
        subject_id UUID,
        outcome TEXT NOT NULL,
        rev INTEGER,
        field TEXT,
        purpose TEXT,
        note TEXT,
        CONSTRAINT pk_audit_event PRIMARY KEY (id)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
