"""Assistance."""

from alembic import op

revision = "0037_assistance"
down_revision = "0036_agencies"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.assistance (
        type TEXT NOT NULL,
        programme_id UUID,
        source TEXT NOT NULL,
        value_amount NUMERIC(18, 2),
        value_currency TEXT,
        date DATE NOT NULL,
        recipient_id UUID NOT NULL,
        village_id UUID NOT NULL,
        rev INTEGER NOT NULL,
        id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_assistance PRIMARY KEY (id),
        CONSTRAINT fk_assistance_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    """
    CREATE INDEX ix_assistance_area_id ON registry.assistance (area, id)
    """,
    """
    CREATE INDEX ix_assistance_date ON registry.assistance (date, id)
    """,
    """
    CREATE INDEX ix_assistance_recipient_id ON registry.assistance (recipient_id, area)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
