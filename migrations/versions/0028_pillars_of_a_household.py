"""Pillars of a household."""

from alembic import op

revision = "0028_pillars_of_a_household"
down_revision = "0027_reference_codes"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.ledger_pillar (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        subject_id UUID NOT NULL,
        household_id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        rev INTEGER NOT NULL,
        since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        until TIMESTAMP WITH TIME ZONE,
        pillar TEXT,
        started_on TEXT COLLATE "C",
        ended_on TEXT COLLATE "C",
        CONSTRAINT pk_ledger_pillar PRIMARY KEY (id),
        CONSTRAINT fk_ledger_pillar_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    """
    CREATE INDEX ix_ledger_pillar_household_id ON registry.ledger_pillar (household_id)
    """,
    """
    CREATE INDEX ix_ledger_pillar_open ON registry.ledger_pillar (area) WHERE until IS NULL
    """,
    """
    CREATE TABLE registry.pillar_participation (
        pillar TEXT NOT NULL,
        started_on TEXT COLLATE "C",
        ended_on TEXT COLLATE "C",
        household_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_pillar_participation PRIMARY KEY (id),
        CONSTRAINT fk_pillar_participation_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
        CONSTRAINT fk_pillar_participation_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    """
    CREATE INDEX ix_pillar_participation_area_id ON registry.pillar_participation (area, id)
    """,
    """
    CREATE INDEX ix_pillar_participation_household_id ON registry.pillar_participation (household_id, area)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
