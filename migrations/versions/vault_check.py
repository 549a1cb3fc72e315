"""A value that only the vault's own keys open.

Revises: quota
"""

from alembic import op

revision = "vault_check"
down_revision = "quota"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE registry.vault_check (
            id INTEGER NOT NULL,
            key_id TEXT NOT NULL,
            sealed BYTEA NOT NULL,
            blind BYTEA NOT NULL,
            CONSTRAINT pk_vault_check PRIMARY KEY (id),
            CONSTRAINT ck_vault_check_one CHECK (id = 1)
        )
        """
    )
