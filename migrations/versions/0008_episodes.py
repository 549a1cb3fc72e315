"""Times that a member worked abroad, or was about to."""

from alembic import op

revision = "0008_episodes"
down_revision = "0007_members"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.migration_episode (
        member_id UUID NOT NULL,
        seq INTEGER NOT NULL,
        stage TEXT,
        country TEXT,
        city TEXT,
        legal_category TEXT,
        scheme TEXT,
        procedural_status TEXT,
        sector TEXT,
        occupation_group TEXT,
        job_title TEXT,
        employer_name TEXT,
        recruiter TEXT,
        epmi_no TEXT,
        passport_no TEXT,
        passport_expires_on DATE,
        visa_type TEXT,
        contract_starts_on TEXT COLLATE "C",
        contract_ends_on TEXT COLLATE "C",
        wage_amount NUMERIC(18, 2),
        wage_currency TEXT,
        registered_on TEXT COLLATE "C",
        departed_on TEXT COLLATE "C",
        returned_on TEXT COLLATE "C",
        return_reason TEXT,
        plan_after_return TEXT,
        welfare TEXT,
        underage_at_departure BOOLEAN,
        social_security_jkk_jkm BOOLEAN,
        social_security_jht BOOLEAN,
        cost_paid_amount NUMERIC(18, 2),
        cost_paid_currency TEXT,
        debt_amount NUMERIC(18, 2),
        debt_currency TEXT,
        last_contact_on TEXT COLLATE "C",
        household_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_migration_episode PRIMARY KEY (id),
        CONSTRAINT fk_migration_episode_member_id FOREIGN KEY(member_id, household_id) REFERENCES registry.member (id, household_id),
        CONSTRAINT fk_migration_episode_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
        CONSTRAINT fk_migration_episode_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX ix_migration_episode_area_id ON registry.migration_episode (area, id)",
    "CREATE INDEX ix_migration_episode_household_id ON registry.migration_episode (household_id, area)",
    "CREATE INDEX ix_migration_episode_member_id ON registry.migration_episode (member_id, area)",
    # Lists show the newest first.
    "CREATE INDEX ix_migration_episode_departed_on ON registry.migration_episode ((CASE WHEN departed_on IS NULL THEN '' ELSE departed_on END), id)",
    # Lists are counted from this index alone.
    "CREATE INDEX ix_migration_episode_counted ON registry.migration_episode (area, draft) WHERE archived_at IS NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
