"""Trainings."""

from alembic import op

revision = "0031_trainings"
down_revision = "0030_remittances_of_episodes"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.training (
        title TEXT NOT NULL,
        skill TEXT NOT NULL,
        provider TEXT,
        starts_on DATE NOT NULL,
        ends_on DATE,
        hours INTEGER,
        village_id UUID NOT NULL,
        rev INTEGER NOT NULL,
        id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_training PRIMARY KEY (id),
        CONSTRAINT uq_training_id_village_id_area UNIQUE (id, village_id, area),
        CONSTRAINT fk_training_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    """
    CREATE INDEX ix_training_area_id ON registry.training (area, id)
    """,
    """
    CREATE INDEX ix_training_starts_on ON registry.training (starts_on, id)
    """,
    """
    CREATE TABLE registry.training_participant (
        member_id UUID NOT NULL,
        completed BOOLEAN NOT NULL,
        certified BOOLEAN NOT NULL,
        outcome_after_6_months TEXT,
        record_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_training_participant PRIMARY KEY (id),
        CONSTRAINT fk_training_participant_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT fk_training_participant_record FOREIGN KEY(record_id, village_id, area) REFERENCES registry.training (id, village_id, area) ON UPDATE CASCADE
    )
    """,
    """
    CREATE INDEX ix_training_participant_area_id ON registry.training_participant (area, id)
    """,
    """
    CREATE INDEX ix_training_participant_member_id ON registry.training_participant (member_id, area)
    """,
    """
    CREATE INDEX ix_training_participant_record_id ON registry.training_participant (record_id, area)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
