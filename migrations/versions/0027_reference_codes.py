"""Code lists with their source and version, and the days of their codes; the labels of before are among them."""

from alembic import op

revision = "0027_reference_codes"
down_revision = "0026_reasons_of_rejections"
branch_labels = None
depends_on = None

STATEMENTS = (
    "DROP TABLE registry.label",
    """
    CREATE TABLE registry.reference_list (
        name TEXT COLLATE "C" NOT NULL,
        source TEXT NOT NULL,
        version TEXT NOT NULL,
        loaded_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_reference_list PRIMARY KEY (name)
    )
    """,
    """
    CREATE TABLE registry.reference_code (
        list TEXT COLLATE "C" NOT NULL,
        code TEXT COLLATE "C" NOT NULL,
        label_id TEXT NOT NULL,
        label_en TEXT NOT NULL,
        sort INTEGER NOT NULL,
        valid_from DATE,
        valid_to DATE,
        CONSTRAINT pk_reference_code PRIMARY KEY (list, code),
        CONSTRAINT fk_reference_code_list FOREIGN KEY(list) REFERENCES registry.reference_list (name)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
