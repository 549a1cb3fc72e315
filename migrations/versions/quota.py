"""How often an account did what it may do only so often in an hour.

Revision ID: quota
Revises: closed_lists
"""

from alembic import op

revision = "quota"
down_revision = "closed_lists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE registry.quota (
            holder UUID NOT NULL,
            act TEXT NOT NULL,
            keys UUID[] NOT NULL,
            times TIMESTAMP WITH TIME ZONE[] NOT NULL,
            full_until TIMESTAMP WITH TIME ZONE,
            CONSTRAINT pk_quota PRIMARY KEY (holder, act),
            CONSTRAINT ck_quota_act CHECK (char_length(act) <= 20),
            CONSTRAINT ck_quota_keys CHECK (cardinality(keys) <= 10000),
            CONSTRAINT ck_quota_times CHECK (cardinality(times) <= 10000)
        )
        """
    )
