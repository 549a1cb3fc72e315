"""Ledgers by what is counted: narrow, partitioned by what holds now, with what follows from several records.

The rows of the earlier ledgers are carried over.  What they did not have is unknown in them: which parents of a child
work abroad, who cares for a child, and who receives remittances become known with the next verification.
"""

from alembic import op

revision = "0042_ledgers_by_unit"
down_revision = "0041_order_of_acts"
branch_labels = None
depends_on = None

LOTS = """
    CREATE FUNCTION registry.draw_lot() RETURNS integer LANGUAGE sql VOLATILE PARALLEL SAFE
    AS $$ SELECT ('x' || left(gen_random_uuid()::text, 8))::bit(32)::int & 2147483647 $$
"""
EARLIER = ("household", "person", "episode", "business", "pillar", "child_care")
TABLES = (
    """
    CREATE TABLE registry.ledger_household (
        since TIMESTAMP WITH TIME ZONE NOT NULL,
        until TIMESTAMP WITH TIME ZONE DEFAULT 'infinity' NOT NULL,
        subject_id UUID NOT NULL,
        household_id UUID NOT NULL,
        lot INTEGER NOT NULL,
        village_id UUID NOT NULL,
        village_then UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        pmi BOOLEAN,
        has_business BOOLEAN,
        has_migrant_abroad BOOLEAN,
        receives_remittances BOOLEAN,
        CONSTRAINT fk_ledger_household_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    ) PARTITION BY RANGE (until)
    """,
    """
    CREATE TABLE registry.ledger_household_open PARTITION OF registry.ledger_household FOR VALUES FROM ('infinity') TO (MAXVALUE)
    """,
    """
    CREATE TABLE registry.ledger_household_closed PARTITION OF registry.ledger_household DEFAULT
    """,
    """
    CREATE INDEX ix_ledger_household_area ON registry.ledger_household (area)
    """,
    """
    CREATE INDEX ix_ledger_household_household_id ON registry.ledger_household (household_id)
    """,
    """
    CREATE TABLE registry.ledger_person (
        since TIMESTAMP WITH TIME ZONE NOT NULL,
        until TIMESTAMP WITH TIME ZONE DEFAULT 'infinity' NOT NULL,
        subject_id UUID NOT NULL,
        household_id UUID NOT NULL,
        lot INTEGER NOT NULL,
        village_id UUID NOT NULL,
        village_then UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        sex TEXT,
        born DATE,
        education TEXT,
        residence TEXT,
        life_status TEXT,
        school_status TEXT,
        migrant_family BOOLEAN,
        parents_abroad TEXT,
        caregiver TEXT,
        CONSTRAINT fk_ledger_person_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    ) PARTITION BY RANGE (until)
    """,
    """
    CREATE TABLE registry.ledger_person_open PARTITION OF registry.ledger_person FOR VALUES FROM ('infinity') TO (MAXVALUE)
    """,
    """
    CREATE TABLE registry.ledger_person_closed PARTITION OF registry.ledger_person DEFAULT
    """,
    """
    CREATE INDEX ix_ledger_person_area ON registry.ledger_person (area)
    """,
    """
    CREATE INDEX ix_ledger_person_household_id ON registry.ledger_person (household_id)
    """,
    """
    CREATE TABLE registry.ledger_migrant (
        since TIMESTAMP WITH TIME ZONE NOT NULL,
        until TIMESTAMP WITH TIME ZONE DEFAULT 'infinity' NOT NULL,
        subject_id UUID NOT NULL,
        household_id UUID NOT NULL,
        lot INTEGER NOT NULL,
        village_id UUID NOT NULL,
        village_then UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        sex TEXT,
        born DATE,
        education TEXT,
        life_status TEXT,
        stage TEXT,
        country TEXT,
        sector TEXT,
        scheme TEXT,
        occupation_group TEXT,
        procedural_status TEXT,
        welfare TEXT,
        contract_ends DATE,
        insured BOOLEAN,
        left_underage BOOLEAN,
        has_business BOOLEAN,
        CONSTRAINT fk_ledger_migrant_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    ) PARTITION BY RANGE (until)
    """,
    """
    CREATE TABLE registry.ledger_migrant_open PARTITION OF registry.ledger_migrant FOR VALUES FROM ('infinity') TO (MAXVALUE)
    """,
    """
    CREATE TABLE registry.ledger_migrant_closed PARTITION OF registry.ledger_migrant DEFAULT
    """,
    """
    CREATE INDEX ix_ledger_migrant_area ON registry.ledger_migrant (area)
    """,
    """
    CREATE INDEX ix_ledger_migrant_household_id ON registry.ledger_migrant (household_id)
    """,
    """
    CREATE TABLE registry.ledger_episode (
        since TIMESTAMP WITH TIME ZONE NOT NULL,
        until TIMESTAMP WITH TIME ZONE DEFAULT 'infinity' NOT NULL,
        subject_id UUID NOT NULL,
        household_id UUID NOT NULL,
        lot INTEGER NOT NULL,
        village_id UUID NOT NULL,
        village_then UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        sex TEXT,
        country TEXT,
        sector TEXT,
        scheme TEXT,
        return_reason TEXT,
        departed_on DATE,
        returned_on DATE,
        CONSTRAINT fk_ledger_episode_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    ) PARTITION BY RANGE (until)
    """,
    """
    CREATE TABLE registry.ledger_episode_open PARTITION OF registry.ledger_episode FOR VALUES FROM ('infinity') TO (MAXVALUE)
    """,
    """
    CREATE TABLE registry.ledger_episode_closed PARTITION OF registry.ledger_episode DEFAULT
    """,
    """
    CREATE INDEX ix_ledger_episode_area ON registry.ledger_episode (area)
    """,
    """
    CREATE INDEX ix_ledger_episode_household_id ON registry.ledger_episode (household_id)
    """,
    """
    CREATE TABLE registry.ledger_business (
        since TIMESTAMP WITH TIME ZONE NOT NULL,
        until TIMESTAMP WITH TIME ZONE DEFAULT 'infinity' NOT NULL,
        subject_id UUID NOT NULL,
        household_id UUID NOT NULL,
        lot INTEGER NOT NULL,
        village_id UUID NOT NULL,
        village_then UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        status TEXT,
        field TEXT,
        kbli_section TEXT,
        scale TEXT,
        export_readiness TEXT,
        owner_category TEXT,
        has_nib BOOLEAN,
        started_on DATE,
        closed_on DATE,
        workers_family INTEGER,
        workers_paid INTEGER,
        CONSTRAINT fk_ledger_business_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    ) PARTITION BY RANGE (until)
    """,
    """
    CREATE TABLE registry.ledger_business_open PARTITION OF registry.ledger_business FOR VALUES FROM ('infinity') TO (MAXVALUE)
    """,
    """
    CREATE TABLE registry.ledger_business_closed PARTITION OF registry.ledger_business DEFAULT
    """,
    """
    CREATE INDEX ix_ledger_business_area ON registry.ledger_business (area)
    """,
    """
    CREATE INDEX ix_ledger_business_household_id ON registry.ledger_business (household_id)
    """,
    """
    CREATE UNIQUE INDEX uq_ledger_migrant_open ON registry.ledger_migrant_open (subject_id)
    """,
    """
    CREATE TABLE registry.figure_due (
        household_id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT fk_figure_due_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    ) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0)
    """,
)
# Rows of one verification have the same household and instant.
KEYS = "l.since, coalesce(l.until, 'infinity'), l.subject_id, l.household_id, h.lot, l.village_id, l.village_id, l.area"
HOUSEHOLD = "JOIN registry.household h ON h.id = l.household_id"
SAME = "o.household_id = l.household_id AND o.since = l.since"
NEWEST = """
    SELECT DISTINCT ON (e.member_id, e.since) e.* FROM registry.earlier_episode e
    ORDER BY e.member_id, e.since, coalesce(e.departed_on, e.registered_on, e.contract_starts_on, '9999') DESC, e.seq DESC
"""
INTO = "(since, until, subject_id, household_id, lot, village_id, village_then, area"
CARRIED = (
    f"""
    INSERT INTO registry.ledger_household {INTO}, pmi, has_business, has_migrant_abroad)
    SELECT {KEYS}, EXISTS (SELECT FROM registry.earlier_episode o WHERE {SAME}),
           EXISTS (SELECT FROM registry.earlier_business o WHERE {SAME} AND o.status = 'RUNNING'),
           EXISTS (SELECT FROM ({NEWEST}) o WHERE {SAME} AND o.stage IN ('WORKING_ABROAD', 'ON_HOME_LEAVE'))
    FROM registry.earlier_household l {HOUSEHOLD}
    """,
    f"""
    INSERT INTO registry.ledger_person {INTO}, sex, born, education, residence, life_status, school_status)
    SELECT {KEYS}, l.sex, registry.first_day(l.birth_date), l.education, l.residence, l.life_status, l.school_status
    FROM registry.earlier_person l {HOUSEHOLD}
    """,
    f"""
    INSERT INTO registry.ledger_migrant {INTO}, sex, born, education, life_status, stage, country, sector, scheme,
      occupation_group, procedural_status, welfare, contract_ends, insured, left_underage, has_business)
    SELECT {KEYS}, l.sex, registry.first_day(l.birth_date), l.education, l.life_status, n.stage, n.country, n.sector,
           n.scheme, n.occupation_group, n.procedural_status, n.welfare, registry.first_day(n.contract_ends_on),
           n.social_security_jkk_jkm,
           EXISTS (SELECT FROM registry.earlier_episode o
                   WHERE {SAME} AND o.member_id = l.subject_id AND o.underage_at_departure),
           EXISTS (SELECT FROM registry.earlier_business o
                   WHERE {SAME} AND o.owner_id = l.subject_id AND o.status = 'RUNNING')
    FROM registry.earlier_person l {HOUSEHOLD}
    JOIN ({NEWEST}) n ON n.member_id = l.subject_id AND n.household_id = l.household_id AND n.since = l.since
    """,
    f"""
    INSERT INTO registry.ledger_episode {INTO}, sex, country, sector, scheme, return_reason, departed_on, returned_on)
    SELECT {KEYS}, o.sex, l.country, l.sector, l.scheme, l.return_reason, registry.first_day(l.departed_on),
           registry.first_day(l.returned_on)
    FROM registry.earlier_episode l {HOUSEHOLD}
    LEFT JOIN registry.earlier_person o ON {SAME} AND o.subject_id = l.member_id
    """,
    f"""
    INSERT INTO registry.ledger_business {INTO}, status, field, scale, export_readiness, owner_category, has_nib,
      started_on, closed_on, workers_family, workers_paid)
    SELECT {KEYS}, l.status, l.field, l.scale, l.export_readiness, l.owner_category, b.nib IS NOT NULL,
           registry.first_day(l.started_on), registry.first_day(l.closed_on), coalesce(l.workers_family, 0),
           coalesce(l.workers_paid_male, 0) + coalesce(l.workers_paid_female, 0)
    FROM registry.earlier_business l {HOUSEHOLD} LEFT JOIN registry.business b ON b.id = l.subject_id
    """,
)


def upgrade() -> None:
    op.execute(LOTS)
    op.execute("ALTER TABLE registry.household ADD COLUMN lot INTEGER DEFAULT registry.draw_lot() NOT NULL")
    for name in EARLIER:
        op.execute(f"CREATE TABLE registry.earlier_{name} AS SELECT * FROM registry.ledger_{name}")
        op.execute(f"DROP TABLE registry.ledger_{name}")
    for statement in (*TABLES, *CARRIED):
        op.execute(statement)
    for name in EARLIER:
        op.execute(f"DROP TABLE registry.earlier_{name}")
