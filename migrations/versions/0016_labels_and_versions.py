"""What `migrate` fills: the labels of every code list, and which versions of the code the tables serve."""

from alembic import op

revision = "0016_labels_and_versions"
down_revision = "0015_ids_and_quotas"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.label (
        list TEXT NOT NULL,
        code TEXT NOT NULL,
        id TEXT NOT NULL,
        en TEXT NOT NULL,
        CONSTRAINT pk_label PRIMARY KEY (list, code)
    )
    """,
    """
    CREATE TABLE registry.code_version (
        version TEXT NOT NULL,
        CONSTRAINT pk_code_version PRIMARY KEY (version)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
