"""Which versions of the code the tables serve; `migrate` fills it.

Revises: vault_check
"""

from alembic import op

revision = "code_versions"
down_revision = "vault_check"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE registry.code_version (version TEXT NOT NULL, CONSTRAINT pk_code_version PRIMARY KEY (version))"
    )
