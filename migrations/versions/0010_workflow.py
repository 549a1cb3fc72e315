"""What happened to a submission: its steps, the remarks of those who returned it, and its findings."""

from alembic import op

revision = "0010_workflow"
down_revision = "0009_businesses"
branch_labels = None
depends_on = None

STATEMENTS = (
    # `edit_hash` is the hash of the edit that the step accepted, by which a retry is recognised.
    """
    CREATE TABLE registry.workflow_event (
        from_state TEXT,
        to_state TEXT NOT NULL,
        rev INTEGER NOT NULL,
        actor_id UUID NOT NULL,
        actor_name TEXT NOT NULL,
        actor_role TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        reason TEXT,
        household_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        edit_hash TEXT,
        CONSTRAINT pk_workflow_event PRIMARY KEY (id),
        CONSTRAINT fk_workflow_event_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
        CONSTRAINT fk_workflow_event_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX ix_workflow_event_area_id ON registry.workflow_event (area, id)",
    "CREATE INDEX ix_workflow_event_household_id ON registry.workflow_event (household_id, area)",
    # A remark is about a revision, and a later change of the field answers it; `about` is the field's class, and
    # `about_author` recorded the row.
    """
    CREATE TABLE registry.remark (
        path TEXT[] NOT NULL,
        text TEXT NOT NULL,
        author_id UUID NOT NULL,
        author_name TEXT NOT NULL,
        author_role TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        resolved_in_rev INTEGER,
        household_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        rev INTEGER NOT NULL,
        about TEXT NOT NULL,
        about_author UUID NOT NULL,
        CONSTRAINT pk_remark PRIMARY KEY (id),
        CONSTRAINT fk_remark_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
        CONSTRAINT fk_remark_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX ix_remark_area_id ON registry.remark (area, id)",
    "CREATE INDEX ix_remark_household_id ON registry.remark (household_id, area)",
    """
    CREATE TABLE registry.finding (
        position INTEGER NOT NULL,
        code TEXT NOT NULL,
        severity TEXT NOT NULL,
        path TEXT[] NOT NULL,
        message_id TEXT NOT NULL,
        message_en TEXT NOT NULL,
        params JSONB NOT NULL,
        about TEXT NOT NULL,
        about_author UUID NOT NULL,
        must_see BOOLEAN NOT NULL,
        household_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_finding PRIMARY KEY (id),
        CONSTRAINT fk_finding_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
        CONSTRAINT fk_finding_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX ix_finding_area_id ON registry.finding (area, id)",
    "CREATE INDEX ix_finding_household_id ON registry.finding (household_id, area)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
