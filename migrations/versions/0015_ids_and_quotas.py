"""One table of all ids in use, so that an id names one record of one type, and how often an account did what it may do
only so often in an hour.
"""

from alembic import op

revision = "0015_ids_and_quotas"
down_revision = "0014_audit"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.record_id (
        id UUID NOT NULL,
        noun TEXT NOT NULL,
        CONSTRAINT pk_record_id PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE registry.quota (
        holder UUID NOT NULL,
        act TEXT NOT NULL,
        keys UUID[] NOT NULL,
        times TIMESTAMP WITH TIME ZONE[] NOT NULL,
        full_until TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_quota PRIMARY KEY (holder, act)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
