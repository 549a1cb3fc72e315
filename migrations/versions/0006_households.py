"""Households, the last number of each village and year, and every revision as it was submitted.

Indexes of what lies inside a household, here and in the versions after this one, end in `area`: the wall asks the area
of every row, and an index that has it spares the planner's bitmap of the caller's whole area.
"""

from alembic import op

revision = "0006_households"
down_revision = "0005_accounts"
branch_labels = None
depends_on = None

STATEMENTS = (
    # `authors` wrote the revisions since the last verified one: none of them may verify.
    """
    CREATE TABLE registry.household (
        village_id UUID NOT NULL,
        household_no TEXT COLLATE "C" NOT NULL,
        status TEXT NOT NULL,
        hamlet TEXT,
        rt TEXT,
        rw TEXT,
        address TEXT,
        location_lat DOUBLE PRECISION,
        location_lon DOUBLE PRECISION,
        phone TEXT,
        kk_number TEXT,
        kk_missing_reason TEXT,
        house_ownership TEXT,
        welfare_decile INTEGER,
        receives_pkh BOOLEAN,
        receives_bpnt BOOLEAN,
        visit_result TEXT,
        respondent_name TEXT,
        respondent_relation TEXT,
        captured_at TIMESTAMP WITH TIME ZONE,
        consent_basis TEXT,
        consent_method TEXT,
        consent_text_version TEXT,
        consent_given_by TEXT,
        consent_given_on DATE,
        consent_withdrawn_on DATE,
        guardian_consent BOOLEAN,
        rev INTEGER NOT NULL,
        workflow_state TEXT NOT NULL,
        verified_rev INTEGER,
        submitted_at TIMESTAMP WITH TIME ZONE,
        submitted_by_id UUID,
        submitted_by_name TEXT,
        submitted_by_role TEXT,
        village_verified_by_id UUID,
        verified_at TIMESTAMP WITH TIME ZONE,
        verified_by_id UUID,
        verified_by_name TEXT,
        verified_by_role TEXT,
        id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        authors UUID[] DEFAULT '{}' NOT NULL,
        CONSTRAINT pk_household PRIMARY KEY (id),
        CONSTRAINT uq_household_id_village_id_area_draft UNIQUE (id, village_id, area, draft),
        CONSTRAINT fk_household_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE,
        CONSTRAINT ck_household_draft CHECK (draft = (workflow_state = 'DRAFT'))
    )
    """,
    "CREATE INDEX ix_household_area_no ON registry.household (area, household_no, id)",
    "CREATE INDEX ix_household_area_verified ON registry.household (area, verified_at)",
    "CREATE INDEX ix_household_no ON registry.household (household_no, id)",
    # Lists are counted from this index alone.
    "CREATE INDEX ix_household_counted ON registry.household (area, draft) WHERE archived_at IS NULL",
    """
    CREATE TABLE registry.household_number (
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        year INTEGER NOT NULL,
        last INTEGER NOT NULL,
        CONSTRAINT pk_household_number PRIMARY KEY (village_id, year),
        CONSTRAINT fk_household_number_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    """
    CREATE TABLE registry.household_revision (
        rev INTEGER NOT NULL,
        document JSON NOT NULL,
        household_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_household_revision PRIMARY KEY (id),
        CONSTRAINT fk_household_revision_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
        CONSTRAINT fk_household_revision_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX ix_household_revision_area_id ON registry.household_revision (area, id)",
    "CREATE INDEX ix_household_revision_household_id ON registry.household_revision (household_id, area)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
