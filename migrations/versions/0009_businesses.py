"""Businesses of a household."""

from alembic import op

revision = "0009_businesses"
down_revision = "0008_episodes"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.business (
        owner_id UUID NOT NULL,
        owner_category TEXT,
        name TEXT,
        description TEXT,
        field TEXT NOT NULL,
        status TEXT NOT NULL,
        started_on TEXT COLLATE "C",
        closed_on TEXT COLLATE "C",
        scale TEXT,
        turnover_band TEXT,
        annual_sales_amount NUMERIC(18, 2),
        annual_sales_currency TEXT,
        capital_amount NUMERIC(18, 2),
        capital_currency TEXT,
        capital_source TEXT,
        workers_family INTEGER,
        workers_paid_male INTEGER,
        workers_paid_female INTEGER,
        nib TEXT,
        permits TEXT[] DEFAULT '{}' NOT NULL,
        market TEXT,
        sells_online BOOLEAN,
        export_readiness TEXT NOT NULL,
        export_countries TEXT[] DEFAULT '{}' NOT NULL,
        location_village_id UUID NOT NULL,
        household_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        sounds TEXT[] COLLATE "C" GENERATED ALWAYS AS (registry.sounds(name)) STORED,
        CONSTRAINT pk_business PRIMARY KEY (id),
        CONSTRAINT fk_business_owner_id FOREIGN KEY(owner_id, household_id) REFERENCES registry.member (id, household_id),
        CONSTRAINT fk_business_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
        CONSTRAINT fk_business_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT fk_business_location_village_id FOREIGN KEY(location_village_id) REFERENCES registry.region (id)
    )
    """,
    "CREATE INDEX ix_business_area_id ON registry.business (area, id)",
    "CREATE INDEX ix_business_household_id ON registry.business (household_id, area)",
    "CREATE INDEX ix_business_owner_id ON registry.business (owner_id, area)",
    # Lists show the newest first.
    "CREATE INDEX ix_business_started_on ON registry.business ((CASE WHEN started_on IS NULL THEN '' ELSE started_on END), id)",
    # Lists are counted from this index alone.
    "CREATE INDEX ix_business_counted ON registry.business (area, draft, field) WHERE archived_at IS NULL",
    # One index for each word of a name: its sound to the end of the name.
    *(
        f"CREATE INDEX ix_business_sound_{n} ON registry.business ((sounds[{n}]), area) WHERE sounds[{n}] IS NOT NULL"
        for n in range(1, 11)
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
