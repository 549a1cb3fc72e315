"""The ledger: what of each record is counted, and from when until when it held."""

from alembic import op

revision = "0012_ledger"
down_revision = "0011_vault"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.ledger_household (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        subject_id UUID NOT NULL,
        household_id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        rev INTEGER NOT NULL,
        since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        until TIMESTAMP WITH TIME ZONE,
        status TEXT,
        house_ownership TEXT,
        welfare_decile INTEGER,
        receives_pkh BOOLEAN,
        receives_bpnt BOOLEAN,
        visit_result TEXT,
        CONSTRAINT pk_ledger_household PRIMARY KEY (id),
        CONSTRAINT fk_ledger_household_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    "CREATE INDEX ix_ledger_household_household_id ON registry.ledger_household (household_id)",
    "CREATE INDEX ix_ledger_household_open ON registry.ledger_household (area) WHERE until IS NULL",
    """
    CREATE TABLE registry.ledger_person (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        subject_id UUID NOT NULL,
        household_id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        rev INTEGER NOT NULL,
        since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        until TIMESTAMP WITH TIME ZONE,
        sex TEXT,
        birth_date TEXT COLLATE "C",
        relation_to_head TEXT,
        education TEXT,
        life_status TEXT,
        residence TEXT,
        mother_id UUID,
        father_id UUID,
        school_status TEXT,
        birth_certificate BOOLEAN,
        disability BOOLEAN,
        covered_by_jkn BOOLEAN,
        CONSTRAINT pk_ledger_person PRIMARY KEY (id),
        CONSTRAINT fk_ledger_person_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    "CREATE INDEX ix_ledger_person_household_id ON registry.ledger_person (household_id)",
    "CREATE INDEX ix_ledger_person_open ON registry.ledger_person (area) WHERE until IS NULL",
    """
    CREATE TABLE registry.ledger_episode (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        subject_id UUID NOT NULL,
        household_id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        rev INTEGER NOT NULL,
        since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        until TIMESTAMP WITH TIME ZONE,
        member_id UUID,
        seq INTEGER,
        stage TEXT,
        country TEXT,
        legal_category TEXT,
        scheme TEXT,
        procedural_status TEXT,
        sector TEXT,
        occupation_group TEXT,
        contract_starts_on TEXT COLLATE "C",
        contract_ends_on TEXT COLLATE "C",
        registered_on TEXT COLLATE "C",
        departed_on TEXT COLLATE "C",
        returned_on TEXT COLLATE "C",
        return_reason TEXT,
        plan_after_return TEXT,
        welfare TEXT,
        underage_at_departure BOOLEAN,
        social_security_jkk_jkm BOOLEAN,
        social_security_jht BOOLEAN,
        CONSTRAINT pk_ledger_episode PRIMARY KEY (id),
        CONSTRAINT fk_ledger_episode_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    "CREATE INDEX ix_ledger_episode_household_id ON registry.ledger_episode (household_id)",
    "CREATE INDEX ix_ledger_episode_open ON registry.ledger_episode (area) WHERE until IS NULL",
    """
    CREATE TABLE registry.ledger_business (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        subject_id UUID NOT NULL,
        household_id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        rev INTEGER NOT NULL,
        since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        until TIMESTAMP WITH TIME ZONE,
        owner_id UUID,
        owner_category TEXT,
        field TEXT,
        status TEXT,
        started_on TEXT COLLATE "C",
        closed_on TEXT COLLATE "C",
        scale TEXT,
        turnover_band TEXT,
        capital_source TEXT,
        workers_family INTEGER,
        workers_paid_male INTEGER,
        workers_paid_female INTEGER,
        permits TEXT[],
        market TEXT,
        sells_online BOOLEAN,
        export_readiness TEXT,
        export_countries TEXT[],
        location_village_id UUID,
        CONSTRAINT pk_ledger_business PRIMARY KEY (id),
        CONSTRAINT fk_ledger_business_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    "CREATE INDEX ix_ledger_business_household_id ON registry.ledger_business (household_id)",
    "CREATE INDEX ix_ledger_business_open ON registry.ledger_business (area) WHERE until IS NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
