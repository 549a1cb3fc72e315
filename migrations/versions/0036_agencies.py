"""The licensed agencies, and which of them sent the migrant of an episode."""

from alembic import op

revision = "0036_agencies"
down_revision = "0035_cases"
branch_labels = None
depends_on = None
compatible = True

STATEMENTS = (
    """
    CREATE TABLE registry.agency (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        sounds TEXT[] COLLATE "C" GENERATED ALWAYS AS (registry.sounds(name)) STORED,
        licence_no TEXT,
        city TEXT,
        active BOOLEAN NOT NULL,
        CONSTRAINT pk_agency PRIMARY KEY (id),
        CONSTRAINT uq_agency_licence_no UNIQUE (licence_no)
    )
    """,
    """
    ALTER TABLE registry.migration_episode ADD COLUMN agency_id UUID
        CONSTRAINT fk_migration_episode_agency_id REFERENCES registry.agency (id)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
