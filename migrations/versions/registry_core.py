"""Regions, accounts, households with all that is in them, workflow, audit, vault and ledger."""

from alembic import op

revision = "registry_core"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE registry.account (
    id UUID NOT NULL,
    username TEXT NOT NULL,
    name TEXT NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    must_change_password BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_account PRIMARY KEY (id),
    CONSTRAINT uq_account_username UNIQUE (username)
);
CREATE TABLE registry.audit_event (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id UUID NOT NULL,
    ability TEXT NOT NULL,
    subject_id UUID,
    outcome TEXT NOT NULL,
    rev INTEGER,
    field TEXT,
    purpose TEXT,
    note TEXT,
    CONSTRAINT pk_audit_event PRIMARY KEY (id)
);
CREATE TABLE registry.label (
    list TEXT NOT NULL,
    code TEXT NOT NULL,
    id TEXT NOT NULL,
    en TEXT NOT NULL,
    CONSTRAINT pk_label PRIMARY KEY (list, code)
);
CREATE TABLE registry.programme (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    agency TEXT NOT NULL,
    CONSTRAINT pk_programme PRIMARY KEY (id),
    CONSTRAINT uq_programme_code UNIQUE (code)
);
CREATE TABLE registry.region (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    level TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    search_name TEXT NOT NULL,
    parent_id UUID,
    bps_code TEXT,
    valid_from DATE NOT NULL,
    valid_to DATE,
    decree TEXT NOT NULL,
    CONSTRAINT pk_region PRIMARY KEY (id),
    CONSTRAINT uq_region_id_code UNIQUE (id, code),
    CONSTRAINT fk_region_parent_id FOREIGN KEY(parent_id) REFERENCES registry.region (id),
    CONSTRAINT ck_region_level CHECK (level IN ('PROVINCE', 'REGENCY', 'DISTRICT', 'VILLAGE')),
    CONSTRAINT ck_region_kind CHECK (kind IN ('PROVINCE', 'REGENCY', 'CITY', 'DISTRICT', 'URBAN_VILLAGE', 'RURAL_VILLAGE', 'CUSTOMARY_VILLAGE'))
);
CREATE INDEX ix_region_level_code ON registry.region (level, code);
CREATE INDEX ix_region_parent_id ON registry.region (parent_id);
CREATE UNIQUE INDEX uq_region_code_today ON registry.region (code) WHERE valid_to IS NULL;
CREATE TABLE registry.region_list (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    source TEXT NOT NULL,
    decree TEXT NOT NULL,
    checksum TEXT NOT NULL,
    attribution TEXT,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    regions INTEGER NOT NULL,
    CONSTRAINT pk_region_list PRIMARY KEY (id)
);
CREATE TABLE registry.grants (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    user_id UUID NOT NULL,
    role TEXT NOT NULL,
    region_id UUID,
    national BOOLEAN DEFAULT false NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    granted_by UUID,
    seq BIGINT DEFAULT '0' NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    CONSTRAINT pk_grants PRIMARY KEY (id),
    CONSTRAINT ck_grants_national CHECK (national = (region_id IS NULL)),
    CONSTRAINT fk_grants_user_id FOREIGN KEY(user_id) REFERENCES registry.account (id),
    CONSTRAINT fk_grants_region_id FOREIGN KEY(region_id) REFERENCES registry.region (id)
);
CREATE INDEX ix_grants_region_id ON registry.grants (region_id);
CREATE INDEX ix_grants_user_id ON registry.grants (user_id);
CREATE TABLE registry.household (
    village_id UUID NOT NULL,
    household_no TEXT NOT NULL,
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
    CONSTRAINT pk_household PRIMARY KEY (id),
    CONSTRAINT uq_household_id_village_id_area_draft UNIQUE (id, village_id, area, draft),
    CONSTRAINT fk_household_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE,
    CONSTRAINT ck_household_draft CHECK (draft = (workflow_state = 'DRAFT')),
    CONSTRAINT ck_household_status CHECK (status IN ('ACTIVE', 'EMPTY', 'MOVED_OUT', 'DISSOLVED', 'MERGED')),
    CONSTRAINT ck_household_kk_missing_reason CHECK (kk_missing_reason IN ('NONE_YET', 'UNKNOWN', 'DOCUMENTS_WITHHELD', 'REFUSED')),
    CONSTRAINT ck_household_house_ownership CHECK (house_ownership IN ('OWNED', 'RENTED', 'STAYING', 'OTHER')),
    CONSTRAINT ck_household_visit_result CHECK (visit_result IN ('COMPLETE', 'PARTIAL', 'NO_RESPONDENT', 'REFUSED', 'MOVED')),
    CONSTRAINT ck_household_consent_basis CHECK (consent_basis IN ('CONSENT', 'PUBLIC_TASK')),
    CONSTRAINT ck_household_consent_method CHECK (consent_method IN ('SIGNATURE', 'THUMBPRINT', 'WITNESSED_VERBAL', 'FORM_PHOTO')),
    CONSTRAINT ck_household_workflow_state CHECK (workflow_state IN ('DRAFT', 'SUBMITTED', 'VERIFIED_VILLAGE', 'VERIFIED', 'RETURNED', 'REJECTED', 'ARCHIVED'))
);
CREATE INDEX ix_household_area_no ON registry.household (area, household_no, id);
CREATE INDEX ix_household_area_verified ON registry.household (area, verified_at);
CREATE INDEX ix_household_no ON registry.household (household_no, id);
CREATE TABLE registry.household_number (
    village_id UUID NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    last INTEGER NOT NULL,
    CONSTRAINT pk_household_number PRIMARY KEY (village_id, year),
    CONSTRAINT fk_household_number_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
);
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
);
CREATE INDEX ix_ledger_business_household_id ON registry.ledger_business (household_id);
CREATE INDEX ix_ledger_business_open ON registry.ledger_business (area) WHERE until IS NULL;
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
);
CREATE INDEX ix_ledger_episode_household_id ON registry.ledger_episode (household_id);
CREATE INDEX ix_ledger_episode_open ON registry.ledger_episode (area) WHERE until IS NULL;
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
);
CREATE INDEX ix_ledger_household_household_id ON registry.ledger_household (household_id);
CREATE INDEX ix_ledger_household_open ON registry.ledger_household (area) WHERE until IS NULL;
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
);
CREATE INDEX ix_ledger_person_household_id ON registry.ledger_person (household_id);
CREATE INDEX ix_ledger_person_open ON registry.ledger_person (area) WHERE until IS NULL;
CREATE TABLE registry.region_code (
    region_id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    CONSTRAINT pk_region_code PRIMARY KEY (region_id, code, valid_from),
    CONSTRAINT fk_region_code_region_id FOREIGN KEY(region_id) REFERENCES registry.region (id)
);
CREATE INDEX ix_region_code_code ON registry.region_code (code);
CREATE TABLE registry.region_lineage (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    from_region_id UUID NOT NULL,
    to_region_id UUID,
    change TEXT NOT NULL,
    from_code TEXT COLLATE "C" NOT NULL,
    to_code TEXT COLLATE "C",
    decree TEXT NOT NULL,
    effective_on DATE NOT NULL,
    CONSTRAINT pk_region_lineage PRIMARY KEY (id),
    CONSTRAINT fk_region_lineage_from_region_id FOREIGN KEY(from_region_id) REFERENCES registry.region (id),
    CONSTRAINT fk_region_lineage_to_region_id FOREIGN KEY(to_region_id) REFERENCES registry.region (id),
    CONSTRAINT ck_region_lineage_change CHECK (change IN ('RECODE', 'RENAME', 'MOVE_PARENT', 'SPLIT', 'MERGE', 'STATUS_CHANGE', 'ABOLISH'))
);
CREATE INDEX ix_region_lineage_from_region_id ON registry.region_lineage (from_region_id);
CREATE INDEX ix_region_lineage_to_region_id ON registry.region_lineage (to_region_id);
CREATE TABLE registry.village_enrolment (
    programme_id UUID NOT NULL,
    region_id UUID NOT NULL,
    year INTEGER NOT NULL,
    decree TEXT,
    active BOOLEAN DEFAULT true NOT NULL,
    CONSTRAINT pk_village_enrolment PRIMARY KEY (programme_id, region_id),
    CONSTRAINT fk_village_enrolment_programme_id FOREIGN KEY(programme_id) REFERENCES registry.programme (id),
    CONSTRAINT fk_village_enrolment_region_id FOREIGN KEY(region_id) REFERENCES registry.region (id)
);
CREATE TABLE registry.finding (
    position INTEGER NOT NULL,
    code TEXT NOT NULL,
    severity TEXT NOT NULL,
    path TEXT[] NOT NULL,
    message_id TEXT NOT NULL,
    message_en TEXT NOT NULL,
    params JSONB NOT NULL,
    about TEXT NOT NULL CHECK (about <> ''),
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
    CONSTRAINT fk_finding_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT ck_finding_severity CHECK (severity IN ('ERROR', 'WARNING', 'INFO'))
);
CREATE INDEX ix_finding_area_id ON registry.finding (area, id);
CREATE INDEX ix_finding_household_id ON registry.finding (household_id);
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
);
CREATE INDEX ix_household_revision_area_id ON registry.household_revision (area, id);
CREATE INDEX ix_household_revision_household_id ON registry.household_revision (household_id);
CREATE TABLE registry.identity (
    subject_id UUID NOT NULL,
    field TEXT NOT NULL,
    key_id TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    blind BYTEA NOT NULL,
    household_id UUID NOT NULL,
    id UUID NOT NULL,
    village_id UUID NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    draft BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by UUID NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    archived_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_identity PRIMARY KEY (id),
    CONSTRAINT uq_identity_subject_id_field UNIQUE (subject_id, field),
    CONSTRAINT fk_identity_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
    CONSTRAINT fk_identity_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT ck_identity_field CHECK (field IN ('NIK', 'KK_NUMBER', 'PASSPORT', 'EPMI', 'PHONE'))
);
CREATE INDEX ix_identity_area_id ON registry.identity (area, id);
CREATE INDEX ix_identity_blind ON registry.identity (blind);
CREATE INDEX ix_identity_household_id ON registry.identity (household_id);
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
    CONSTRAINT pk_member PRIMARY KEY (id),
    CONSTRAINT uq_member_id_household_id UNIQUE (id, household_id),
    CONSTRAINT fk_member_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
    CONSTRAINT fk_member_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT ck_member_nik_missing_reason CHECK (nik_missing_reason IN ('NONE_YET', 'UNKNOWN', 'DOCUMENTS_WITHHELD', 'REFUSED')),
    CONSTRAINT ck_member_sex CHECK (sex IN ('MALE', 'FEMALE')),
    CONSTRAINT ck_member_relation_to_head CHECK (relation_to_head IN ('HEAD', 'HUSBAND', 'WIFE', 'CHILD', 'CHILD_IN_LAW', 'GRANDCHILD', 'PARENT', 'PARENT_IN_LAW', 'OTHER_KIN', 'DOMESTIC_HELPER', 'OTHER')),
    CONSTRAINT ck_member_marital_status CHECK (marital_status IN ('NEVER_MARRIED', 'MARRIED', 'DIVORCED', 'WIDOWED')),
    CONSTRAINT ck_member_education CHECK (education IN ('NONE', 'SOME_PRIMARY', 'PRIMARY', 'LOWER_SECONDARY', 'UPPER_SECONDARY', 'DIPLOMA_1_2', 'DIPLOMA_3', 'BACHELOR', 'MASTER', 'DOCTOR')),
    CONSTRAINT ck_member_life_status CHECK (life_status IN ('ALIVE', 'DEAD', 'MISSING')),
    CONSTRAINT ck_member_residence CHECK (residence IN ('HOME', 'ABROAD', 'ELSEWHERE')),
    CONSTRAINT ck_member_school_status CHECK (school_status IN ('NOT_YET', 'ATTENDING', 'FINISHED', 'DROPPED_OUT'))
);
CREATE INDEX ix_member_area_id ON registry.member (area, id);
CREATE INDEX ix_member_household_id ON registry.member (household_id);
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
    CONSTRAINT pk_remark PRIMARY KEY (id),
    CONSTRAINT fk_remark_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
    CONSTRAINT fk_remark_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX ix_remark_area_id ON registry.remark (area, id);
CREATE INDEX ix_remark_household_id ON registry.remark (household_id);
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
    CONSTRAINT pk_workflow_event PRIMARY KEY (id),
    CONSTRAINT fk_workflow_event_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
    CONSTRAINT fk_workflow_event_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT ck_workflow_event_from_state CHECK (from_state IN ('DRAFT', 'SUBMITTED', 'VERIFIED_VILLAGE', 'VERIFIED', 'RETURNED', 'REJECTED', 'ARCHIVED')),
    CONSTRAINT ck_workflow_event_to_state CHECK (to_state IN ('DRAFT', 'SUBMITTED', 'VERIFIED_VILLAGE', 'VERIFIED', 'RETURNED', 'REJECTED', 'ARCHIVED'))
);
CREATE INDEX ix_workflow_event_area_id ON registry.workflow_event (area, id);
CREATE INDEX ix_workflow_event_household_id ON registry.workflow_event (household_id);
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
    CONSTRAINT pk_business PRIMARY KEY (id),
    CONSTRAINT fk_business_owner_id FOREIGN KEY(owner_id, household_id) REFERENCES registry.member (id, household_id),
    CONSTRAINT fk_business_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
    CONSTRAINT fk_business_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_business_location_village_id FOREIGN KEY(location_village_id) REFERENCES registry.region (id),
    CONSTRAINT ck_business_owner_category CHECK (owner_category IN ('RETURNED_MIGRANT', 'ACTIVE_MIGRANT', 'PROSPECTIVE', 'FAMILY_MEMBER')),
    CONSTRAINT ck_business_field CHECK (field IN ('CROPS', 'LIVESTOCK', 'FISHERY', 'FORESTRY_QUARRYING', 'FOOD_PROCESSING', 'TEXTILE_CLOTHING_LEATHER', 'CRAFTS', 'FURNITURE_WOOD', 'OTHER_MANUFACTURING', 'CONSTRUCTION', 'WORKSHOP_REPAIR', 'RETAIL', 'WHOLESALE_COLLECTOR', 'ONLINE_TRADE', 'TRANSPORT', 'FOOD_SERVICE', 'TOURISM_LODGING', 'SALON', 'TAILORING', 'EDUCATION', 'HEALTH', 'ICT_CONTENT', 'FINANCIAL_AGENT', 'RENTAL_PROPERTY', 'OTHER_SERVICES', 'OTHER')),
    CONSTRAINT ck_business_status CHECK (status IN ('RUNNING', 'PAUSED', 'CLOSED')),
    CONSTRAINT ck_business_scale CHECK (scale IN ('MICRO', 'SMALL', 'MEDIUM', 'LARGE')),
    CONSTRAINT ck_business_turnover_band CHECK (turnover_band IN ('UNDER_500K', 'FROM_500K_TO_2M', 'FROM_2M_TO_5M', 'FROM_5M_TO_15M', 'FROM_15M_TO_50M', 'FROM_50M_TO_166M', 'OVER_166M')),
    CONSTRAINT ck_business_capital_source CHECK (capital_source IN ('REMITTANCE', 'SAVINGS', 'KUR_LOAN', 'COOPERATIVE', 'GRANT', 'OTHER_LOAN', 'OTHER')),
    CONSTRAINT ck_business_permits CHECK (permits <@ ARRAY['PIRT', 'HALAL', 'BPOM', 'TRADEMARK', 'NPWP']),
    CONSTRAINT ck_business_market CHECK (market IN ('VILLAGE', 'DISTRICT', 'REGENCY', 'PROVINCE', 'NATIONAL', 'EXPORT')),
    CONSTRAINT ck_business_export_readiness CHECK (export_readiness IN ('NONE', 'POTENTIAL', 'READY', 'EXPORTING'))
);
CREATE INDEX ix_business_area_id ON registry.business (area, id);
CREATE INDEX ix_business_household_id ON registry.business (household_id);
CREATE INDEX ix_business_owner_id ON registry.business (owner_id);
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
    CONSTRAINT fk_migration_episode_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT ck_migration_episode_stage CHECK (stage IN ('PROSPECTIVE', 'WORKING_ABROAD', 'ON_HOME_LEAVE', 'RETURNED', 'FAILED_TO_DEPART', 'DIED_ABROAD')),
    CONSTRAINT ck_migration_episode_legal_category CHECK (legal_category IN ('LEGAL_ENTITY_EMPLOYER', 'INDIVIDUAL_EMPLOYER', 'SEAFARER_OR_FISHER', 'TRAINEE', 'WORKING_HOLIDAY', 'OTHER_NON_PMI')),
    CONSTRAINT ck_migration_episode_scheme CHECK (scheme IN ('GOVERNMENT_TO_GOVERNMENT', 'GOVERNMENT_TO_PRIVATE', 'PRIVATE_TO_PRIVATE', 'INTRA_COMPANY', 'INDIVIDUAL', 'SPECIFIED_SKILLED_WORKER', 'RE_ENTRY', 'NONE', 'UNKNOWN')),
    CONSTRAINT ck_migration_episode_procedural_status CHECK (procedural_status IN ('PROCEDURAL', 'NON_PROCEDURAL', 'BECAME_IRREGULAR', 'UNKNOWN')),
    CONSTRAINT ck_migration_episode_sector CHECK (sector IN ('FORMAL', 'INFORMAL', 'SEA_BASED', 'UNKNOWN')),
    CONSTRAINT ck_migration_episode_occupation_group CHECK (occupation_group IN ('DOMESTIC_WORKER', 'CAREGIVER', 'PLANTATION_WORKER', 'FARM_WORKER', 'FACTORY_WORKER', 'CONSTRUCTION', 'FISHER', 'SHIP_CREW', 'HOSPITALITY', 'CLEANING', 'NURSE', 'DRIVER', 'SALES', 'THERAPIST', 'TECHNICIAN', 'PROFESSIONAL', 'ENTERTAINMENT', 'OTHER', 'UNKNOWN')),
    CONSTRAINT ck_migration_episode_recruiter CHECK (recruiter IN ('LICENSED_AGENCY', 'BROKER', 'FAMILY_OR_FRIEND', 'GOVERNMENT', 'SELF', 'OTHER')),
    CONSTRAINT ck_migration_episode_return_reason CHECK (return_reason IN ('CONTRACT_ENDED', 'LEAVE', 'DISMISSED_EARLY', 'ACCIDENT_OR_ILLNESS', 'ABUSE_OR_VIOLENCE', 'WAR_DISASTER_EPIDEMIC', 'DEPORTED', 'DIED', 'OTHER_CAUSE')),
    CONSTRAINT ck_migration_episode_plan_after_return CHECK (plan_after_return IN ('LEAVE_AGAIN', 'OWN_BUSINESS', 'WORK_IN_COUNTRY', 'NOT_WORK', 'UNDECIDED')),
    CONSTRAINT ck_migration_episode_welfare CHECK (welfare IN ('WELL', 'IN_TROUBLE', 'LOST_CONTACT', 'ILL', 'DETAINED', 'UNKNOWN'))
);
CREATE INDEX ix_migration_episode_area_id ON registry.migration_episode (area, id);
CREATE INDEX ix_migration_episode_household_id ON registry.migration_episode (household_id);
CREATE INDEX ix_migration_episode_member_id ON registry.migration_episode (member_id);
"""

FUNCTIONS = (
    """
    CREATE FUNCTION registry.first_day(partial text) RETURNS date LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT make_date(left(partial, 4)::int, coalesce(nullif(substr(partial, 6, 2), '')::int, 1),
                           coalesce(nullif(substr(partial, 9, 2), '')::int, 1)) $$
    """,
    """
    CREATE FUNCTION registry.cursor_of(keys json, inner_key bytea, outer_key bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT translate(encode(said || substr(sha256(outer_key || sha256(inner_key || said)), 1, 16), 'base64'), E'+/=\\n', '-_')
          FROM (SELECT convert_to(keys::text, 'UTF8')) said(said) $$
    """,
    """
    CREATE FUNCTION registry.regions_of(wanted text) RETURNS TABLE (id uuid) LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
      WITH RECURSIVE today AS (SELECT r.id FROM registry.region r WHERE r.code = wanted AND r.valid_to IS NULL),
      heirs(id) AS (
        SELECT h.region_id FROM registry.region_code h WHERE h.code = wanted AND NOT EXISTS (SELECT 1 FROM today)
        UNION
        SELECT l.to_region_id FROM heirs JOIN registry.region r ON r.id = heirs.id AND r.valid_to IS NOT NULL
        JOIN registry.region_lineage l ON l.from_region_id = r.id WHERE l.to_region_id IS NOT NULL)
      SELECT today.id FROM today UNION
      SELECT heirs.id FROM heirs JOIN registry.region r ON r.id = heirs.id WHERE r.valid_to IS NULL
    $$
    """,
)


def upgrade() -> None:
    for statement in TABLES.strip().removesuffix(";").split(";\n"):
        op.execute(statement)
    for statement in FUNCTIONS:
        op.execute(statement)
