"""One table of all ids in use, so that an id names one record of one type.

Revision ID: record_ids
Revises: edit_hash
"""

from alembic import op

revision = "record_ids"
down_revision = "edit_hash"
branch_labels = None
depends_on = None

NAMED = ("account", "business", "grants", "household", "member", "migration_episode", "programme", "region")


def upgrade() -> None:
    op.execute(
        "CREATE TABLE registry.record_id (id UUID NOT NULL, noun TEXT NOT NULL, CONSTRAINT pk_record_id PRIMARY KEY (id))"
    )
    # The ids of before.  Two records of one id stop it, because only people can say which of them keeps it.
    for table in NAMED:
        op.execute(f"ALTER TABLE registry.{table} NO FORCE ROW LEVEL SECURITY")  # its owner sees all rows
        op.execute(f"INSERT INTO registry.record_id (id, noun) SELECT id, '{table}' FROM registry.{table}")
        op.execute(f"ALTER TABLE registry.{table} FORCE ROW LEVEL SECURITY")
