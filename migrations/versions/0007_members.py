"""Members of a household."""

from alembic import op

revision = "0007_members"
down_revision = "0006_households"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.member (
        seq INTEGER NOT NULL,
        full_name TEXT,
        nik TEXT,
        nik_missing_reason TEXT,
        sex TEXT,
        birth_place TEXT,
        birth_date TEXT COLLATE "C",
        relation_to_head TEXT,
        marital_status TEXT,
        education TEXT,
        occupation_code TEXT,
        life_status TEXT,
        residence TEXT,
        mother_id UUID,
        father_id UUID,
        school_status TEXT,
        birth_certificate BOOLEAN,
        disability BOOLEAN,
        covered_by_jkn BOOLEAN,
        household_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        sounds TEXT[] COLLATE "C" GENERATED ALWAYS AS (registry.sounds(full_name)) STORED,
        CONSTRAINT pk_member PRIMARY KEY (id),
        CONSTRAINT uq_member_id_household_id UNIQUE (id, household_id),
        CONSTRAINT fk_member_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
        CONSTRAINT fk_member_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX ix_member_area_id ON registry.member (area, id)",
    "CREATE INDEX ix_member_household_id ON registry.member (household_id, area)",
    # Lists are counted from this index alone.
    "CREATE INDEX ix_member_counted ON registry.member (area, draft) WHERE archived_at IS NULL",
    # One index for each word of a name: its sound to the end of the name.
    *(
        f"CREATE INDEX ix_member_sound_{n} ON registry.member ((sounds[{n}]), area) WHERE sounds[{n}] IS NOT NULL"
        for n in range(1, 11)
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
