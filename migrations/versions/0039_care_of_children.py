"""Care of children."""

from alembic import op

revision = "0039_care_of_children"
down_revision = "0038_history"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.ledger_child_care (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        subject_id UUID NOT NULL,
        household_id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        rev INTEGER NOT NULL,
        since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        until TIMESTAMP WITH TIME ZONE,
        child_id UUID,
        caregiver TEXT,
        attends_parenting BOOLEAN,
        CONSTRAINT pk_ledger_child_care PRIMARY KEY (id),
        CONSTRAINT fk_ledger_child_care_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    """
    CREATE INDEX ix_ledger_child_care_household_id ON registry.ledger_child_care (household_id)
    """,
    """
    CREATE INDEX ix_ledger_child_care_open ON registry.ledger_child_care (area) WHERE until IS NULL
    """,
    """
    CREATE TABLE registry.child_care (
        child_id UUID NOT NULL,
        caregiver TEXT,
        caregiver_member_id UUID,
        needs TEXT[] DEFAULT '{}' NOT NULL,
        attends_parenting BOOLEAN,
        household_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_child_care PRIMARY KEY (id),
        CONSTRAINT fk_child_care_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
        CONSTRAINT fk_child_care_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT fk_child_care_child_id FOREIGN KEY(child_id, household_id) REFERENCES registry.member (id, household_id)
    )
    """,
    """
    CREATE INDEX ix_child_care_area_id ON registry.child_care (area, id)
    """,
    """
    CREATE INDEX ix_child_care_child_id ON registry.child_care (child_id, area)
    """,
    """
    CREATE INDEX ix_child_care_household_id ON registry.child_care (household_id, area)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
