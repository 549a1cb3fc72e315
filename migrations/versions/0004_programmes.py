"""Programmes, and the villages that are enrolled in them."""

from alembic import op

revision = "0004_programmes"
down_revision = "0003_map"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.programme (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        code TEXT NOT NULL,
        name TEXT NOT NULL,
        agency TEXT NOT NULL,
        CONSTRAINT pk_programme PRIMARY KEY (id),
        CONSTRAINT uq_programme_code UNIQUE (code)
    )
    """,
    """
    CREATE TABLE registry.village_enrolment (
        programme_id UUID NOT NULL,
        region_id UUID NOT NULL,
        year INTEGER NOT NULL,
        decree TEXT,
        active BOOLEAN DEFAULT true NOT NULL,
        CONSTRAINT pk_village_enrolment PRIMARY KEY (programme_id, region_id),
        CONSTRAINT fk_village_enrolment_programme_id FOREIGN KEY(programme_id) REFERENCES registry.programme (id),
        CONSTRAINT fk_village_enrolment_region_id FOREIGN KEY(region_id) REFERENCES registry.region (id)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
