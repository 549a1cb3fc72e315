"""Cases of households."""

from alembic import op

revision = "0035_cases"
down_revision = "0034_groups_and_sessions"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.household_case (
        household_id UUID NOT NULL,
        migration_id UUID,
        type TEXT NOT NULL,
        status TEXT NOT NULL,
        opened_on DATE NOT NULL,
        closed_on DATE,
        referred_to TEXT,
        notes TEXT,
        outcome TEXT,
        village_id UUID NOT NULL,
        rev INTEGER NOT NULL,
        id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_household_case PRIMARY KEY (id),
        CONSTRAINT fk_household_case_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
        CONSTRAINT fk_household_case_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    """
    CREATE INDEX ix_household_case_area_id ON registry.household_case (area, id)
    """,
    """
    CREATE INDEX ix_household_case_created_by ON registry.household_case (created_by)
    """,
    """
    CREATE INDEX ix_household_case_household_id ON registry.household_case (household_id, area)
    """,
    """
    CREATE INDEX ix_household_case_opened_on ON registry.household_case (opened_on, id)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
