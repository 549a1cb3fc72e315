"""Every text has a greatest length, every number and day a range, every list a greatest number of items."""

from alembic import op

revision = "bounds"
down_revision = "region_list_day"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE registry.account
    ADD CONSTRAINT ck_account_username CHECK (char_length(username) <= 100),
    ADD CONSTRAINT ck_account_name CHECK (char_length(name) <= 150);
ALTER TABLE registry.audit_event
    ADD CONSTRAINT ck_audit_event_ability CHECK (char_length(ability) <= 40),
    ADD CONSTRAINT ck_audit_event_outcome CHECK (char_length(outcome) <= 2000),
    ADD CONSTRAINT ck_audit_event_field CHECK (char_length(field) <= 20),
    ADD CONSTRAINT ck_audit_event_purpose CHECK (char_length(purpose) <= 40),
    ADD CONSTRAINT ck_audit_event_note CHECK (char_length(note) <= 1000);
ALTER TABLE registry.label
    ADD CONSTRAINT ck_label_list CHECK (char_length(list) <= 40),
    ADD CONSTRAINT ck_label_code CHECK (char_length(code) <= 40),
    ADD CONSTRAINT ck_label_id CHECK (char_length(id) <= 200),
    ADD CONSTRAINT ck_label_en CHECK (char_length(en) <= 200);
ALTER TABLE registry.programme
    ADD CONSTRAINT ck_programme_code CHECK (char_length(code) <= 40),
    ADD CONSTRAINT ck_programme_name CHECK (char_length(name) <= 100),
    ADD CONSTRAINT ck_programme_agency CHECK (char_length(agency) <= 200);
ALTER TABLE registry.record_id
    ADD CONSTRAINT ck_record_id_noun CHECK (char_length(noun) <= 40);
ALTER TABLE registry.region
    ADD CONSTRAINT ck_region_code CHECK (char_length(code) <= 16),
    ADD CONSTRAINT ck_region_name CHECK (char_length(name) <= 120),
    ADD CONSTRAINT ck_region_search_name CHECK (char_length(search_name) <= 200),
    ADD CONSTRAINT ck_region_bps_code CHECK (char_length(bps_code) <= 10),
    ADD CONSTRAINT ck_region_valid_from CHECK (valid_from BETWEEN '1800-01-01' AND '2199-12-31'),
    ADD CONSTRAINT ck_region_valid_to CHECK (valid_to BETWEEN '1800-01-01' AND '2199-12-31'),
    ADD CONSTRAINT ck_region_decree CHECK (char_length(decree) <= 200);
ALTER TABLE registry.region_list
    ADD CONSTRAINT ck_region_list_source CHECK (char_length(source) <= 500),
    ADD CONSTRAINT ck_region_list_decree CHECK (char_length(decree) <= 200),
    ADD CONSTRAINT ck_region_list_effective_on CHECK (effective_on BETWEEN '1800-01-01' AND '2199-12-31'),
    ADD CONSTRAINT ck_region_list_checksum CHECK (char_length(checksum) <= 64),
    ADD CONSTRAINT ck_region_list_attribution CHECK (char_length(attribution) <= 200),
    ADD CONSTRAINT ck_region_list_loaded_at CHECK (loaded_at BETWEEN '1800-01-01 00:00:00+00' AND '2199-12-31 23:59:59.999999+00');
ALTER TABLE registry.grants
    ADD CONSTRAINT ck_grants_role CHECK (char_length(role) <= 40),
    ADD CONSTRAINT ck_grants_valid_from CHECK (valid_from BETWEEN '1800-01-01' AND '2199-12-31'),
    ADD CONSTRAINT ck_grants_valid_to CHECK (valid_to BETWEEN '1800-01-01' AND '2199-12-31');
ALTER TABLE registry.household
    ADD CONSTRAINT ck_household_household_no CHECK (char_length(household_no) <= 32),
    ADD CONSTRAINT ck_household_hamlet CHECK (char_length(hamlet) <= 100),
    ADD CONSTRAINT ck_household_rt CHECK (char_length(rt) <= 3),
    ADD CONSTRAINT ck_household_rw CHECK (char_length(rw) <= 3),
    ADD CONSTRAINT ck_household_address CHECK (char_length(address) <= 300),
    ADD CONSTRAINT ck_household_location_lat CHECK (location_lat BETWEEN -90 AND 90),
    ADD CONSTRAINT ck_household_location_lon CHECK (location_lon BETWEEN -180 AND 180),
    ADD CONSTRAINT ck_household_phone CHECK (char_length(phone) <= 32),
    ADD CONSTRAINT ck_household_kk_number CHECK (char_length(kk_number) <= 32),
    ADD CONSTRAINT ck_household_welfare_decile CHECK (welfare_decile BETWEEN 1 AND 10),
    ADD CONSTRAINT ck_household_respondent_name CHECK (char_length(respondent_name) <= 150),
    ADD CONSTRAINT ck_household_respondent_relation CHECK (char_length(respondent_relation) <= 100),
    ADD CONSTRAINT ck_household_captured_at CHECK (captured_at BETWEEN '1800-01-01 00:00:00+00' AND '2199-12-31 23:59:59.999999+00'),
    ADD CONSTRAINT ck_household_consent_text_version CHECK (char_length(consent_text_version) <= 40),
    ADD CONSTRAINT ck_household_consent_given_by CHECK (char_length(consent_given_by) <= 150),
    ADD CONSTRAINT ck_household_consent_given_on CHECK (consent_given_on BETWEEN '1800-01-01' AND '2199-12-31'),
    ADD CONSTRAINT ck_household_consent_withdrawn_on CHECK (consent_withdrawn_on BETWEEN '1800-01-01' AND '2199-12-31'),
    ADD CONSTRAINT ck_household_submitted_by_name CHECK (char_length(submitted_by_name) <= 150),
    ADD CONSTRAINT ck_household_submitted_by_role CHECK (char_length(submitted_by_role) <= 40),
    ADD CONSTRAINT ck_household_verified_by_name CHECK (char_length(verified_by_name) <= 150),
    ADD CONSTRAINT ck_household_verified_by_role CHECK (char_length(verified_by_role) <= 40),
    ADD CONSTRAINT ck_household_area CHECK (char_length(area) <= 16);
ALTER TABLE registry.household_number
    ADD CONSTRAINT ck_household_number_area CHECK (char_length(area) <= 16);
ALTER TABLE registry.region_code
    ADD CONSTRAINT ck_region_code_code CHECK (char_length(code) <= 16),
    ADD CONSTRAINT ck_region_code_valid_from CHECK (valid_from BETWEEN '1800-01-01' AND '2199-12-31'),
    ADD CONSTRAINT ck_region_code_valid_to CHECK (valid_to BETWEEN '1800-01-01' AND '2199-12-31');
ALTER TABLE registry.region_lineage
    ADD CONSTRAINT ck_region_lineage_from_code CHECK (char_length(from_code) <= 16),
    ADD CONSTRAINT ck_region_lineage_to_code CHECK (char_length(to_code) <= 16),
    ADD CONSTRAINT ck_region_lineage_decree CHECK (char_length(decree) <= 200),
    ADD CONSTRAINT ck_region_lineage_effective_on CHECK (effective_on BETWEEN '1800-01-01' AND '2199-12-31');
ALTER TABLE registry.village_enrolment
    ADD CONSTRAINT ck_village_enrolment_year CHECK (year BETWEEN 1945 AND 2199),
    ADD CONSTRAINT ck_village_enrolment_decree CHECK (char_length(decree) <= 200);
ALTER TABLE registry.finding
    ADD CONSTRAINT ck_finding_code CHECK (char_length(code) <= 40),
    ADD CONSTRAINT ck_finding_path CHECK (cardinality(path) <= 6 AND char_length(array_to_string(path, '')) <= 240),
    ADD CONSTRAINT ck_finding_message_id CHECK (char_length(message_id) <= 500),
    ADD CONSTRAINT ck_finding_message_en CHECK (char_length(message_en) <= 500),
    ADD CONSTRAINT ck_finding_about CHECK (char_length(about) <= 20),
    ADD CONSTRAINT ck_finding_area CHECK (char_length(area) <= 16);
ALTER TABLE registry.household_revision
    ADD CONSTRAINT ck_household_revision_area CHECK (char_length(area) <= 16);
ALTER TABLE registry.identity
    ADD CONSTRAINT ck_identity_key_id CHECK (char_length(key_id) <= 100),
    ADD CONSTRAINT ck_identity_area CHECK (char_length(area) <= 16);
ALTER TABLE registry.member
    ADD CONSTRAINT ck_member_seq CHECK (seq BETWEEN 0 AND 999),
    ADD CONSTRAINT ck_member_full_name CHECK (char_length(full_name) <= 150),
    ADD CONSTRAINT ck_member_nik CHECK (char_length(nik) <= 32),
    ADD CONSTRAINT ck_member_birth_place CHECK (char_length(birth_place) <= 100),
    ADD CONSTRAINT ck_member_birth_date CHECK (char_length(birth_date) <= 10 AND birth_date BETWEEN '1800' AND '2199-12-31'),
    ADD CONSTRAINT ck_member_occupation_code CHECK (char_length(occupation_code) <= 32),
    ADD CONSTRAINT ck_member_area CHECK (char_length(area) <= 16);
ALTER TABLE registry.remark
    ADD CONSTRAINT ck_remark_path CHECK (cardinality(path) <= 6 AND char_length(array_to_string(path, '')) <= 240),
    ADD CONSTRAINT ck_remark_text CHECK (char_length(text) <= 2000),
    ADD CONSTRAINT ck_remark_author_name CHECK (char_length(author_name) <= 150),
    ADD CONSTRAINT ck_remark_author_role CHECK (char_length(author_role) <= 40),
    ADD CONSTRAINT ck_remark_area CHECK (char_length(area) <= 16);
ALTER TABLE registry.workflow_event
    ADD CONSTRAINT ck_workflow_event_actor_name CHECK (char_length(actor_name) <= 150),
    ADD CONSTRAINT ck_workflow_event_actor_role CHECK (char_length(actor_role) <= 40),
    ADD CONSTRAINT ck_workflow_event_reason CHECK (char_length(reason) <= 1000),
    ADD CONSTRAINT ck_workflow_event_edit_hash CHECK (char_length(edit_hash) <= 100),
    ADD CONSTRAINT ck_workflow_event_area CHECK (char_length(area) <= 16);
ALTER TABLE registry.business
    ADD CONSTRAINT ck_business_name CHECK (char_length(name) <= 150),
    ADD CONSTRAINT ck_business_description CHECK (char_length(description) <= 1000),
    ADD CONSTRAINT ck_business_started_on CHECK (char_length(started_on) <= 10 AND started_on BETWEEN '1800' AND '2199-12-31'),
    ADD CONSTRAINT ck_business_closed_on CHECK (char_length(closed_on) <= 10 AND closed_on BETWEEN '1800' AND '2199-12-31'),
    ADD CONSTRAINT ck_business_annual_sales_amount CHECK (annual_sales_amount BETWEEN 0 AND 999999999999999.99),
    ADD CONSTRAINT ck_business_annual_sales_currency CHECK (char_length(annual_sales_currency) <= 3),
    ADD CONSTRAINT ck_business_capital_amount CHECK (capital_amount BETWEEN 0 AND 999999999999999.99),
    ADD CONSTRAINT ck_business_capital_currency CHECK (char_length(capital_currency) <= 3),
    ADD CONSTRAINT ck_business_workers_family CHECK (workers_family BETWEEN 0 AND 100000),
    ADD CONSTRAINT ck_business_workers_paid_male CHECK (workers_paid_male BETWEEN 0 AND 100000),
    ADD CONSTRAINT ck_business_workers_paid_female CHECK (workers_paid_female BETWEEN 0 AND 100000),
    ADD CONSTRAINT ck_business_nib CHECK (char_length(nib) <= 32),
    DROP CONSTRAINT ck_business_permits,
    ADD CONSTRAINT ck_business_permits CHECK (permits <@ ARRAY['PIRT', 'HALAL', 'BPOM', 'TRADEMARK', 'NPWP'] AND cardinality(permits) <= 5),
    ADD CONSTRAINT ck_business_export_countries CHECK (cardinality(export_countries) <= 50 AND char_length(array_to_string(export_countries, '')) <= 100),
    ADD CONSTRAINT ck_business_area CHECK (char_length(area) <= 16);
ALTER TABLE registry.migration_episode
    ADD CONSTRAINT ck_migration_episode_country CHECK (char_length(country) <= 2),
    ADD CONSTRAINT ck_migration_episode_city CHECK (char_length(city) <= 100),
    ADD CONSTRAINT ck_migration_episode_job_title CHECK (char_length(job_title) <= 100),
    ADD CONSTRAINT ck_migration_episode_employer_name CHECK (char_length(employer_name) <= 200),
    ADD CONSTRAINT ck_migration_episode_epmi_no CHECK (char_length(epmi_no) <= 32),
    ADD CONSTRAINT ck_migration_episode_passport_no CHECK (char_length(passport_no) <= 32),
    ADD CONSTRAINT ck_migration_episode_passport_expires_on CHECK (passport_expires_on BETWEEN '1800-01-01' AND '2199-12-31'),
    ADD CONSTRAINT ck_migration_episode_visa_type CHECK (char_length(visa_type) <= 100),
    ADD CONSTRAINT ck_migration_episode_contract_starts_on CHECK (char_length(contract_starts_on) <= 10 AND contract_starts_on BETWEEN '1800' AND '2199-12-31'),
    ADD CONSTRAINT ck_migration_episode_contract_ends_on CHECK (char_length(contract_ends_on) <= 10 AND contract_ends_on BETWEEN '1800' AND '2199-12-31'),
    ADD CONSTRAINT ck_migration_episode_wage_amount CHECK (wage_amount BETWEEN 0 AND 999999999999999.99),
    ADD CONSTRAINT ck_migration_episode_wage_currency CHECK (char_length(wage_currency) <= 3),
    ADD CONSTRAINT ck_migration_episode_registered_on CHECK (char_length(registered_on) <= 10 AND registered_on BETWEEN '1800' AND '2199-12-31'),
    ADD CONSTRAINT ck_migration_episode_departed_on CHECK (char_length(departed_on) <= 10 AND departed_on BETWEEN '1800' AND '2199-12-31'),
    ADD CONSTRAINT ck_migration_episode_returned_on CHECK (char_length(returned_on) <= 10 AND returned_on BETWEEN '1800' AND '2199-12-31'),
    ADD CONSTRAINT ck_migration_episode_cost_paid_amount CHECK (cost_paid_amount BETWEEN 0 AND 999999999999999.99),
    ADD CONSTRAINT ck_migration_episode_cost_paid_currency CHECK (char_length(cost_paid_currency) <= 3),
    ADD CONSTRAINT ck_migration_episode_debt_amount CHECK (debt_amount BETWEEN 0 AND 999999999999999.99),
    ADD CONSTRAINT ck_migration_episode_debt_currency CHECK (char_length(debt_currency) <= 3),
    ADD CONSTRAINT ck_migration_episode_last_contact_on CHECK (char_length(last_contact_on) <= 10 AND last_contact_on BETWEEN '1800' AND '2199-12-31'),
    ADD CONSTRAINT ck_migration_episode_area CHECK (char_length(area) <= 16);
"""


def upgrade() -> None:
    for statement in TABLES.strip().removesuffix(";").split(";\n"):
        op.execute(statement)
