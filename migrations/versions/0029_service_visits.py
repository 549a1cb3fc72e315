"""Service visits."""

from alembic import op

revision = "0029_service_visits"
down_revision = "0028_pillars_of_a_household"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.service_visit (
        date DATE NOT NULL,
        type TEXT NOT NULL,
        visitor_id UUID,
        visitor_sex TEXT,
        visitor_age_band TEXT,
        result TEXT,
        village_id UUID NOT NULL,
        rev INTEGER NOT NULL,
        id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_service_visit PRIMARY KEY (id),
        CONSTRAINT fk_service_visit_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    """
    CREATE INDEX ix_service_visit_area_id ON registry.service_visit (area, id)
    """,
    """
    CREATE INDEX ix_service_visit_date ON registry.service_visit (date, id)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
