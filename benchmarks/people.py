"""The SQL that invents the people: every value is a hash of its row's number, so it is the same in every country.

A member, episode or business is numbered by its household's number times eight and its place there.
Rule: what a column may hold is what a real record holds; nobody in it exists (NIK begin with 99, which is no province).
"""

# A number from a row and a seed; one of several texts by such a number; whether a household has everything.
FUNCTIONS = """
CREATE FUNCTION pg_temp.h(n bigint, seed int, below int) RETURNS int LANGUAGE sql IMMUTABLE
  AS $$ SELECT ((hashint8extended(n, seed) & 9007199254740991) % below)::int $$;
CREATE FUNCTION pg_temp.pick(from_ text[], n bigint, seed int) RETURNS text LANGUAGE sql IMMUTABLE
  AS $$ SELECT from_[1 + pg_temp.h(n, seed, cardinality(from_))] $$;
CREATE FUNCTION pg_temp.days(n bigint, seed int, below int) RETURNS timestamptz LANGUAGE sql IMMUTABLE
  AS $$ SELECT '2026-01-05 02:00Z'::timestamptz - make_interval(
    days => pg_temp.h(n, seed, below), mins => pg_temp.h(n, seed + 1, 480)) $$;
CREATE FUNCTION pg_temp.whole(g bigint) RETURNS bool LANGUAGE sql IMMUTABLE
  AS $$ SELECT g >= {whole_from} $$;
CREATE TEMP TABLE village (n bigint PRIMARY KEY, id uuid, code text COLLATE "C", officer uuid, verifier uuid,
  province text, men text[], women text[], second text[], hamlets text[]);
"""

# Households come in the order of visits, not of villages, so that a village's rows are scattered as they are in life.
HOUSEHOLDS = """
INSERT INTO registry.household (id, village_id, area, draft, created_by, created_at, updated_at, household_no, status,
  hamlet, rt, rw, address, location_lat, location_lon, phone, kk_number, house_ownership, welfare_decile, receives_pkh,
  receives_bpnt, visit_result, respondent_name, respondent_relation, captured_at, consent_basis, consent_method,
  consent_text_version, consent_given_by, consent_given_on, rev, workflow_state, verified_rev, submitted_at,
  submitted_by_id, submitted_by_name, submitted_by_role, verified_at, verified_by_id, verified_by_name,
  verified_by_role)
SELECT md5('household/' || g)::uuid, v.id, v.code, state = 'DRAFT', v.officer, at, at + interval '1 day',
  v.code || '-2025-' || lpad((g / $3 + 1)::text, 4, '0'), 'ACTIVE',
  hamlet, rt, '00' || 1 + pg_temp.h(g, 3, 6), hamlet || ' RT ' || rt, -8 + pg_temp.h(g, 4, 9999) / 10000.0,
  112 + pg_temp.h(g, 5, 9999) / 10000.0, '+6284' || pg_temp.h(g, 6, 10) || '********',
  '99' || pg_temp.h(g, 7, 90) + 10 || '************',
  pg_temp.pick('{OWNED,OWNED,OWNED,STAYING,RENTED}', g, 8), 1 + pg_temp.h(g, 9, 10), pg_temp.h(g, 10, 3) = 0,
  pg_temp.h(g, 11, 3) = 0, 'COMPLETE', who, 'Kepala keluarga', at, 'CONSENT', 'SIGNATURE', '2024-10', who, at::date,
  1, state, CASE WHEN state = 'VERIFIED' THEN 1 END,
  CASE WHEN state <> 'DRAFT' THEN at + interval '1 hour' END, CASE WHEN state <> 'DRAFT' THEN v.officer END,
  CASE WHEN state <> 'DRAFT' THEN 'Petugas ' || v.code END, CASE WHEN state <> 'DRAFT' THEN 'OFFICER' END,
  CASE WHEN state = 'VERIFIED' THEN at + interval '1 day' END, CASE WHEN state = 'VERIFIED' THEN v.verifier END,
  CASE WHEN state = 'VERIFIED' THEN 'Koordinator ' || left(v.code, 5) END,
  CASE WHEN state = 'VERIFIED' THEN 'REGENCY_COORDINATOR' END
FROM generate_series($1::bigint, $2::bigint) g JOIN village v ON v.n = g % $3,
LATERAL (SELECT pg_temp.days(g, 1, 700) AS at, pg_temp.pick(v.hamlets, g, 12) AS hamlet,
  '0' || lpad((1 + pg_temp.h(g, 2, 12))::text, 2, '0') AS rt,
  pg_temp.pick(v.men, g, 13) || ' ' || pg_temp.pick(v.second, g, 14) AS who,
  (ARRAY['DRAFT', 'RETURNED', 'SUBMITTED', 'SUBMITTED', 'VERIFIED_VILLAGE', 'VERIFIED'])
    [least(6, 1 + pg_temp.h(g, 15, 50))] AS state) facts
"""

MEMBERS = """
INSERT INTO registry.member (id, household_id, village_id, area, draft, created_by, created_at, updated_at, seq,
  full_name, nik, sex, birth_place, birth_date, relation_to_head, marital_status, education, occupation_code,
  life_status, residence, mother_id, father_id, school_status, birth_certificate, disability, covered_by_jkn)
SELECT md5('member/' || g || '/' || s)::uuid, h.id, h.village_id, h.area, h.draft, h.created_by, h.created_at,
  h.updated_at, s, pg_temp.pick(CASE WHEN man THEN v.men ELSE v.women END, m, 13)
    || ' ' || pg_temp.pick(v.second, m, 14),
  '99' || pg_temp.h(m, 15, 90) + 10 || '************', CASE WHEN man THEN 'MALE' ELSE 'FEMALE' END,
  'Kabupaten ' || left(h.area, 5),
  year || CASE WHEN pg_temp.h(m, 17, 20) > 0 THEN '-' || lpad((1 + pg_temp.h(m, 18, 12))::text, 2, '0') || '-'
    || lpad((1 + pg_temp.h(m, 19, 28))::text, 2, '0') ELSE '' END,
  (ARRAY['HEAD', 'WIFE', 'CHILD', 'CHILD', 'PARENT', 'CHILD'])[s],
  (ARRAY['MARRIED', 'MARRIED', 'NEVER_MARRIED', 'NEVER_MARRIED', 'WIDOWED', 'NEVER_MARRIED'])[s],
  pg_temp.pick('{PRIMARY,LOWER_SECONDARY,UPPER_SECONDARY,NONE}', m, 20),
  (1 + pg_temp.h(m, 21, 88))::text, 'ALIVE', CASE WHEN s < 3 AND pg_temp.h(m, 22, 3) = 0 THEN 'ABROAD' ELSE 'HOME' END,
  CASE WHEN s IN (3, 4, 6) THEN md5('member/' || g || '/2')::uuid END,
  CASE WHEN s IN (3, 4, 6) THEN md5('member/' || g || '/1')::uuid END,
  CASE WHEN s IN (3, 4, 6) THEN 'ATTENDING' END, CASE WHEN s IN (3, 4, 6) THEN pg_temp.h(m, 23, 10) > 0 END,
  pg_temp.h(m, 24, 60) = 0, pg_temp.h(m, 25, 4) > 0
FROM generate_series($1::bigint, $2::bigint) g JOIN village v ON v.n = g % $3
JOIN registry.household h ON h.id = md5('household/' || g)::uuid,
LATERAL generate_series(1, CASE WHEN pg_temp.whole(g) THEN 6
  ELSE (ARRAY[2, 3, 3, 3, 4, 4, 4, 4, 5, 5])[1 + pg_temp.h(g, 26, 10)] END) s,
LATERAL (SELECT g * 8 + s AS m, s = 1 OR (s > 2 AND pg_temp.h(g * 8 + s, 27, 2) = 0) AS man,
  ((ARRAY[1975, 1978, 2008, 2013, 1950, 2015])[s] + pg_temp.h(g * 8 + s, 16, 10))::text AS year) facts
"""

EPISODES = """
INSERT INTO registry.migration_episode (id, household_id, member_id, village_id, area, draft, created_by, created_at,
  updated_at, seq, stage, country, city, legal_category, scheme, procedural_status, sector, occupation_group, job_title,
  recruiter, passport_no, contract_starts_on, contract_ends_on, wage_amount, wage_currency, registered_on, departed_on,
  returned_on, return_reason, plan_after_return, welfare, underage_at_departure, social_security_jkk_jkm,
  social_security_jht, remittance_frequency, remittance_band, remittance_channel, remittance_uses)
SELECT md5('episode/' || g || '/' || s)::uuid, h.id, md5('member/' || g || '/' || 1 + pg_temp.h(g, 30, 2))::uuid,
  h.village_id, h.area, h.draft, h.created_by, h.created_at, h.updated_at, s, stage,
  pg_temp.pick('{MY,TW,HK,SA,SG,JP,KR}', e, 31), 'Kota', 'INDIVIDUAL_EMPLOYER',
  pg_temp.pick('{PRIVATE_TO_PRIVATE,INDIVIDUAL,GOVERNMENT_TO_GOVERNMENT}', e, 32),
  pg_temp.pick('{PROCEDURAL,PROCEDURAL,PROCEDURAL,NON_PROCEDURAL}', e, 33),
  pg_temp.pick('{FORMAL,INFORMAL}', e, 34),
  pg_temp.pick('{DOMESTIC_WORKER,CAREGIVER,PLANTATION_WORKER,FACTORY_WORKER}', e, 35),
  'Pekerja', 'LICENSED_AGENCY', 'Z*******', left_on, NULL, 3000000 + 1000 * pg_temp.h(e, 36, 9000), 'IDR', year::text,
  CASE WHEN stage <> 'PROSPECTIVE' THEN left_on END,
  CASE WHEN stage = 'RETURNED' THEN (year + 2) || '-0' || 1 + pg_temp.h(e, 37, 9) END,
  CASE WHEN stage = 'RETURNED' THEN 'CONTRACT_ENDED' END, CASE WHEN stage = 'RETURNED' THEN 'OWN_BUSINESS' END,
  CASE WHEN stage = 'WORKING_ABROAD' THEN 'WELL' END, false, true, pg_temp.h(e, 38, 2) = 0,
  CASE WHEN pg_temp.whole(g) THEN 'MONTHLY' END, CASE WHEN pg_temp.whole(g) THEN 'FROM_2M_TO_3M' END,
  CASE WHEN pg_temp.whole(g) THEN 'BANK' END,
  CASE WHEN pg_temp.whole(g) THEN '{DAILY_NEEDS,SCHOOLING}' ELSE '{}' END::text[]
FROM generate_series($1::bigint, $2::bigint) g JOIN registry.household h ON h.id = md5('household/' || g)::uuid,
LATERAL generate_series(1, CASE WHEN pg_temp.whole(g) THEN 8 WHEN pg_temp.h(g, 39, 5) = 0 THEN 2 ELSE 1 END) s,
LATERAL (SELECT g * 8 + s AS e,
  CASE WHEN pg_temp.whole(g) AND s < 8 THEN 'RETURNED'
    ELSE pg_temp.pick('{WORKING_ABROAD,WORKING_ABROAD,RETURNED,RETURNED,PROSPECTIVE}', g * 8 + s, 40) END AS stage,
  CASE WHEN pg_temp.whole(g) THEN 1999 + 3 * s ELSE 2012 + 6 * s END + pg_temp.h(g * 8 + s, 41, 2) AS year) chosen,
LATERAL (SELECT year || '-0' || 1 + pg_temp.h(e, 42, 9) || '-1' || pg_temp.h(e, 43, 9) AS left_on) dates
"""

BUSINESSES = """
INSERT INTO registry.business (id, household_id, owner_id, village_id, area, draft, created_by, created_at, updated_at,
  owner_category, name, description, field, status, started_on, scale, turnover_band, annual_sales_amount,
  annual_sales_currency, capital_source, workers_family, workers_paid_male, workers_paid_female, permits, market,
  sells_online, export_readiness, export_countries, location_village_id)
SELECT md5('business/' || g || '/' || s)::uuid, h.id, md5('member/' || g || '/1')::uuid, h.village_id, h.area, h.draft,
  h.created_by, h.created_at, h.updated_at, 'RETURNED_MIGRANT', 'Usaha ' || h.respondent_name, 'Usaha keluarga',
  pg_temp.pick('{RETAIL,FOOD_PROCESSING,CROPS,LIVESTOCK,CRAFTS,TAILORING,FOOD_SERVICE,SALON,FISHERY}', b, 50),
  CASE WHEN pg_temp.h(b, 51, 12) = 0 THEN 'PAUSED' ELSE 'RUNNING' END, (2015 + pg_temp.h(b, 52, 10))::text, 'MICRO',
  pg_temp.pick('{UNDER_500K,FROM_500K_TO_2M,FROM_2M_TO_5M}', b, 53), 1000000 * pg_temp.h(b, 54, 90), 'IDR',
  'REMITTANCE',
  pg_temp.h(b, 55, 4), pg_temp.h(b, 56, 2), pg_temp.h(b, 57, 2),
  CASE WHEN pg_temp.h(b, 58, 3) = 0 THEN '{PIRT}' ELSE '{}' END::text[],
  pg_temp.pick('{VILLAGE,DISTRICT,REGENCY,NATIONAL}', b, 59), pg_temp.h(b, 60, 3) = 0,
  pg_temp.pick('{NONE,NONE,NONE,NONE,POTENTIAL,POTENTIAL,READY,EXPORTING}', b, 61), '{}', h.village_id
FROM generate_series($1::bigint, $2::bigint) g JOIN registry.household h ON h.id = md5('household/' || g)::uuid,
LATERAL generate_series(1, CASE WHEN pg_temp.whole(g) THEN 3
  ELSE (ARRAY[0, 1, 0, 1, 0, 1, 0, 0, 2, 0])[1 + pg_temp.h(g, 62, 10)] END) s,
LATERAL (SELECT g * 8 + s AS b) row
"""

PARTICIPATIONS = """
INSERT INTO registry.pillar_participation (id, household_id, village_id, area, draft, created_by, created_at,
  updated_at, pillar, started_on, ended_on)
SELECT md5('pillar/' || g || '/' || s)::uuid, h.id, h.village_id, h.area, h.draft, h.created_by, h.created_at,
  h.updated_at, (ARRAY['SERVICE_CENTRE', 'PRODUCTIVE_BUSINESS', 'COMMUNITY_PARENTING', 'COOPERATIVE'])[s],
  (2018 + s)::text, CASE WHEN s = 1 THEN '2024-06' END
FROM generate_series($1::bigint, $2::bigint) g JOIN registry.household h ON h.id = md5('household/' || g)::uuid,
LATERAL generate_series(1, 4) s WHERE pg_temp.whole(g)
"""

CARE = """
INSERT INTO registry.child_care (id, household_id, village_id, area, draft, created_by, created_at, updated_at,
  child_id, caregiver, caregiver_member_id, needs, attends_parenting)
SELECT md5('care/' || g || '/' || s)::uuid, h.id, h.village_id, h.area, h.draft, h.created_by, h.created_at,
  h.updated_at, md5('member/' || g || '/' || s)::uuid, 'GRANDPARENTS', md5('member/' || g || '/5')::uuid,
  '{Buku,Sepatu}', pg_temp.h(g * 8 + s, 70, 2) = 0
FROM generate_series($1::bigint, $2::bigint) g JOIN registry.household h ON h.id = md5('household/' || g)::uuid,
LATERAL (VALUES (4), (6)) child(s) WHERE pg_temp.whole(g)
"""

# Of the classes of finding, one that everybody sees who sees findings, and one that SPECIAL opens.
FINDINGS = """
INSERT INTO registry.finding (id, household_id, village_id, area, draft, created_by, created_at, updated_at, position,
  code, severity, path, message_id, message_en, params, about, about_author, must_see)
SELECT md5('finding/' || g || '/' || s)::uuid, h.id, h.village_id, h.area, h.draft, h.created_by, h.created_at,
  h.updated_at, s, code, 'WARNING', path::text[], 'Mohon diperiksa.', 'Please check.',
  '[{"name": "months", "value": "6"}]', about, h.created_by, false
FROM generate_series($1::bigint, $2::bigint) g JOIN registry.household h ON h.id = md5('household/' || g)::uuid,
LATERAL (VALUES (1, 'CONTRACT_EXPIRED_ACTIVE', '{migrations,0,contractEndsOn}', 'PERSONAL'),
  (2, 'CHILD_DETAIL_ADULT', '{childCare,0,childId}', 'SPECIAL')) warning(s, code, path, about) WHERE pg_temp.whole(g)
"""
