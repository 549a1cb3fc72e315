"""Business groups, cooperatives, parenting sessions, and the groups and cooperatives of businesses."""

from alembic import op

revision = "0034_groups_and_sessions"
down_revision = "0033_kbli"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.business_group (
        name TEXT NOT NULL,
        kind TEXT,
        formed_on TEXT COLLATE "C",
        village_id UUID NOT NULL,
        rev INTEGER NOT NULL,
        id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_business_group PRIMARY KEY (id),
        CONSTRAINT fk_business_group_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE,
        CONSTRAINT uq_business_group_id_village_id_area UNIQUE (id, village_id, area)
    )
    """,
    """
    CREATE INDEX ix_business_group_area_id ON registry.business_group (area, id)
    """,
    """
    CREATE INDEX ix_business_group_formed_on ON registry.business_group ((CASE WHEN formed_on IS NULL THEN '' ELSE formed_on END), id)
    """,
    """
    CREATE TABLE registry.cooperative (
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        kind TEXT NOT NULL,
        legal_no TEXT,
        legal_on DATE,
        village_id UUID NOT NULL,
        rev INTEGER NOT NULL,
        id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_cooperative PRIMARY KEY (id),
        CONSTRAINT uq_cooperative_id_village_id_area UNIQUE (id, village_id, area),
        CONSTRAINT fk_cooperative_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    """
    CREATE INDEX ix_cooperative_area_id ON registry.cooperative (area, id)
    """,
    """
    CREATE INDEX ix_cooperative_legal_on ON registry.cooperative (legal_on, id)
    """,
    """
    CREATE TABLE registry.parenting_session (
        date DATE NOT NULL,
        group_name TEXT,
        topic TEXT NOT NULL,
        facilitator TEXT,
        children INTEGER NOT NULL,
        caregivers INTEGER NOT NULL,
        village_id UUID NOT NULL,
        rev INTEGER NOT NULL,
        id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_parenting_session PRIMARY KEY (id),
        CONSTRAINT uq_parenting_session_id_village_id_area UNIQUE (id, village_id, area),
        CONSTRAINT fk_parenting_session_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    """
    CREATE INDEX ix_parenting_session_area_id ON registry.parenting_session (area, id)
    """,
    """
    CREATE INDEX ix_parenting_session_date ON registry.parenting_session (date, id)
    """,
    """
    CREATE TABLE registry.business_group_member (
        member_id UUID NOT NULL,
        record_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_business_group_member PRIMARY KEY (id),
        CONSTRAINT fk_business_group_member_record FOREIGN KEY(record_id, village_id, area) REFERENCES registry.business_group (id, village_id, area) ON UPDATE CASCADE,
        CONSTRAINT fk_business_group_member_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    """
    CREATE INDEX ix_business_group_member_area_id ON registry.business_group_member (area, id)
    """,
    """
    CREATE INDEX ix_business_group_member_member_id ON registry.business_group_member (member_id, area)
    """,
    """
    CREATE INDEX ix_business_group_member_record_id ON registry.business_group_member (record_id, area)
    """,
    """
    CREATE TABLE registry.cooperative_member (
        member_id UUID NOT NULL,
        record_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_cooperative_member PRIMARY KEY (id),
        CONSTRAINT fk_cooperative_member_record FOREIGN KEY(record_id, village_id, area) REFERENCES registry.cooperative (id, village_id, area) ON UPDATE CASCADE,
        CONSTRAINT fk_cooperative_member_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    """
    CREATE INDEX ix_cooperative_member_area_id ON registry.cooperative_member (area, id)
    """,
    """
    CREATE INDEX ix_cooperative_member_member_id ON registry.cooperative_member (member_id, area)
    """,
    """
    CREATE INDEX ix_cooperative_member_record_id ON registry.cooperative_member (record_id, area)
    """,
    """
    CREATE TABLE registry.cooperative_year (
        year INTEGER NOT NULL,
        members INTEGER NOT NULL,
        returned_migrants INTEGER,
        savings_amount NUMERIC(18, 2),
        savings_currency TEXT,
        loans_amount NUMERIC(18, 2),
        loans_currency TEXT,
        record_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_cooperative_year PRIMARY KEY (id),
        CONSTRAINT fk_cooperative_year_record FOREIGN KEY(record_id, village_id, area) REFERENCES registry.cooperative (id, village_id, area) ON UPDATE CASCADE,
        CONSTRAINT fk_cooperative_year_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    """
    CREATE INDEX ix_cooperative_year_area_id ON registry.cooperative_year (area, id)
    """,
    """
    CREATE INDEX ix_cooperative_year_record_id ON registry.cooperative_year (record_id, area)
    """,
    """
    CREATE INDEX ix_cooperative_year_year ON registry.cooperative_year (year, area)
    """,
    """
    CREATE TABLE registry.parenting_session_attendee (
        member_id UUID NOT NULL,
        record_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_parenting_session_attendee PRIMARY KEY (id),
        CONSTRAINT fk_parenting_session_attendee_record FOREIGN KEY(record_id, village_id, area) REFERENCES registry.parenting_session (id, village_id, area) ON UPDATE CASCADE,
        CONSTRAINT fk_parenting_session_attendee_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    """
    CREATE INDEX ix_parenting_session_attendee_area_id ON registry.parenting_session_attendee (area, id)
    """,
    """
    CREATE INDEX ix_parenting_session_attendee_member_id ON registry.parenting_session_attendee (member_id, area)
    """,
    """
    CREATE INDEX ix_parenting_session_attendee_record_id ON registry.parenting_session_attendee (record_id, area)
    """,
    """
    ALTER TABLE registry.business ADD COLUMN group_id UUID
    """,
    """
    ALTER TABLE registry.business ADD COLUMN cooperative_id UUID
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
