"""Code lists of figures: what is counted, by what it is broken down, and whether of a day or of a period.

What each indicator counts is declared in registry/figures/catalogue.
"""

from __future__ import annotations

from typing import Self

from auth.sensitivity import Sensitivity
from registry.codes.base import Code

OPEN, OPERATIONAL, PERSONAL, SPECIAL, PROTECTIVE = (
    Sensitivity.OPEN,
    Sensitivity.OPERATIONAL,
    Sensitivity.PERSONAL,
    Sensitivity.SPECIAL,
    Sensitivity.PROTECTIVE,
)


class IndicatorName(Code):
    """A defined figure (indikator); I17, I24 and I26 are BUSINESSES, RETURNS and PERSONS_ACTIVE by a dimension."""

    VILLAGES_ENROLLED = "VILLAGES_ENROLLED", "Desa peserta program", "enrolled villages"
    VILLAGES_REPORTING = "VILLAGES_REPORTING", "Desa yang melapor", "reporting villages"
    PROVINCES_COVERED = "PROVINCES_COVERED", "Provinsi yang tercakup", "provinces covered"
    REGENCIES_COVERED = "REGENCIES_COVERED", "Kabupaten dan kota yang tercakup", "regencies and cities covered"
    DISTRICTS_COVERED = "DISTRICTS_COVERED", "Kecamatan yang tercakup", "districts covered"
    HOUSEHOLDS = "HOUSEHOLDS", "Rumah tangga PMI terverifikasi", "verified households"
    PERSONS_PROSPECTIVE = "PERSONS_PROSPECTIVE", "Calon PMI", "prospective migrants"
    PERSONS_ACTIVE = "PERSONS_ACTIVE", "PMI aktif", "migrants working abroad"
    PERSONS_RETURNED = "PERSONS_RETURNED", "Purna PMI", "returned migrants"
    FAMILY_MEMBERS = "FAMILY_MEMBERS", "Keluarga PMI", "family members of migrants"
    HOUSEHOLD_MEMBERS = "HOUSEHOLD_MEMBERS", "Anggota rumah tangga", "members of households"
    CHILDREN_UNDER_18 = "CHILDREN_UNDER_18", "Anak di bawah 18 tahun", "children under 18"
    CHILDREN_LEFT_BEHIND = "CHILDREN_LEFT_BEHIND", "Anak yang ditinggal orang tua", "children left behind"
    CHILDREN_OF_MOTHER_ABROAD = (
        "CHILDREN_OF_MOTHER_ABROAD",
        "Anak yang hanya ibunya di luar negeri",
        "children whose mother alone is abroad",
    )
    CHILDREN_OF_FATHER_ABROAD = (
        "CHILDREN_OF_FATHER_ABROAD",
        "Anak yang hanya ayahnya di luar negeri",
        "children whose father alone is abroad",
    )
    CHILDREN_OF_BOTH_ABROAD = (
        "CHILDREN_OF_BOTH_ABROAD",
        "Anak yang kedua orang tuanya di luar negeri",
        "children whose parents are both abroad",
    )
    CHILDREN_OUT_OF_SCHOOL = "CHILDREN_OUT_OF_SCHOOL", "Anak tidak sekolah", "children out of school"
    BUSINESSES = "BUSINESSES", "Unit usaha yang berjalan", "running business units"
    HOUSEHOLDS_WITH_BUSINESS = "HOUSEHOLDS_WITH_BUSINESS", "Rumah tangga berusaha", "households with a running business"
    HOUSEHOLDS_WITH_BUSINESS_SHARE = (
        "HOUSEHOLDS_WITH_BUSINESS_SHARE",
        "Persentase rumah tangga berusaha",
        "share of households with a running business",
    )
    RETURNED_WITH_BUSINESS = "RETURNED_WITH_BUSINESS", "Purna PMI berusaha", "returned migrants with a running business"
    RETURNED_WITH_BUSINESS_SHARE = (
        "RETURNED_WITH_BUSINESS_SHARE",
        "Persentase purna PMI berusaha",
        "share of returned migrants with a running business",
    )
    WORKERS_PAID = "WORKERS_PAID", "Pekerja dibayar", "paid workers"
    WORKERS_FAMILY = "WORKERS_FAMILY", "Pekerja keluarga", "family workers"
    EXPORT_READY = "EXPORT_READY", "Unit usaha layak ekspor", "export-ready business units"
    NIB_SHARE = "NIB_SHARE", "Persentase usaha ber-NIB", "share of businesses with a NIB"
    BUSINESS_SURVIVAL_12M = (
        "BUSINESS_SURVIVAL_12M",
        "Persentase usaha yang bertahan 12 bulan",
        "share of businesses that survive 12 months",
    )
    DEPARTURES = "DEPARTURES", "Keberangkatan", "departures"
    RETURNS = "RETURNS", "Kepulangan", "returns"
    NON_PROCEDURAL_SHARE = "NON_PROCEDURAL_SHARE", "Persentase PMI nonprosedural", "share of non-procedural migrants"
    PROCEDURAL_UNKNOWN_SHARE = (
        "PROCEDURAL_UNKNOWN_SHARE",
        "Persentase PMI yang status proseduralnya tidak diketahui",
        "share of migrants whose procedural status is unknown",
    )
    INFORMAL_SHARE = "INFORMAL_SHARE", "Persentase PMI sektor informal", "share of migrants in the informal sector"
    FEMALE_SHARE = "FEMALE_SHARE", "Persentase PMI perempuan", "share of women among migrants"
    UNDERAGE_FIRST_DEPARTURE = (
        "UNDERAGE_FIRST_DEPARTURE",
        "Pertama berangkat sebelum 18 tahun",
        "first departure before 18",
    )
    CONTRACTS_ENDING_6M = (
        "CONTRACTS_ENDING_6M",
        "Kontrak yang berakhir dalam enam bulan",
        "contracts that end within six months",
    )
    SOCIAL_SECURITY_COVERAGE = (
        "SOCIAL_SECURITY_COVERAGE",
        "Persentase PMI peserta JKK dan JKM",
        "share of migrants covered by social security",
    )
    REMITTANCE_RECEIVING_SHARE = (
        "REMITTANCE_RECEIVING_SHARE",
        "Persentase rumah tangga penerima kiriman uang",
        "share of households that receive remittances",
    )
    CASES_OPEN = "CASES_OPEN", "Kasus yang belum selesai", "open cases"
    CASE_MEDIAN_DAYS = "CASE_MEDIAN_DAYS", "Median lama penyelesaian kasus", "median days to settle a case"
    DEATHS = "DEATHS", "PMI yang meninggal di luar negeri", "migrants who died abroad"
    MISSING = "MISSING", "PMI yang hilang", "missing migrants"
    TRAININGS = "TRAININGS", "Pelatihan", "trainings"
    TRAINING_PARTICIPANTS = "TRAINING_PARTICIPANTS", "Peserta pelatihan", "participants of trainings"
    GROUPS = "GROUPS", "Kelompok usaha", "business groups"
    ASSISTANCE_IDR = "ASSISTANCE_IDR", "Nilai bantuan dalam rupiah", "value of assistance in rupiah"
    COOPERATIVES = "COOPERATIVES", "Koperasi", "cooperatives"
    COOPERATIVE_MEMBERS = "COOPERATIVE_MEMBERS", "Anggota koperasi", "members of cooperatives"
    COOPERATIVE_LEGAL_SHARE = (
        "COOPERATIVE_LEGAL_SHARE",
        "Persentase koperasi berbadan hukum",
        "share of cooperatives that are legal entities",
    )
    SERVICE_VISITS = "SERVICE_VISITS", "Kunjungan layanan", "visits to the service centre"
    PARENTING_REACH = (
        "PARENTING_REACH",
        "Persentase anak yang ikut pengasuhan bersama",
        "share of children reached by community parenting",
    )
    VERIFICATION_LAG_DAYS = "VERIFICATION_LAG_DAYS", "Median lama verifikasi", "median days to verify"
    RETURNED_SUBMISSION_SHARE = (
        "RETURNED_SUBMISSION_SHARE",
        "Persentase kiriman yang dikembalikan",
        "share of submissions returned with remarks",
    )
    DUPLICATES_OPEN = "DUPLICATES_OPEN", "Dugaan data ganda yang belum diputuskan", "undecided duplicates"
    COMPLETENESS = "COMPLETENESS", "Kelengkapan isian", "completeness of answers"


class Dimension(Code):
    """By what figures are broken down (rincian); `indicators` says which indicator allows which."""

    sensitivity: Sensitivity

    def __new__(cls, value: str, label_id: str, label_en: str, sensitivity: Sensitivity) -> Self:
        member: Self = str.__new__(cls, value)
        member._value_ = value
        member.label_id, member.label_en, member.sensitivity = label_id, label_en, sensitivity
        return member

    PROVINCE = "PROVINCE", "Provinsi", "province", OPEN
    REGENCY = "REGENCY", "Kabupaten atau kota", "regency or city", OPEN
    DISTRICT = "DISTRICT", "Kecamatan", "district", OPEN
    VILLAGE = "VILLAGE", "Desa, kelurahan atau desa adat", "village", OPEN
    SEX = "SEX", "Jenis kelamin", "sex", PERSONAL
    AGE_BAND = "AGE_BAND", "Kelompok umur", "age band", PERSONAL
    EDUCATION = "EDUCATION", "Pendidikan tertinggi", "highest education", PERSONAL
    STAGE = "STAGE", "Tahap migrasi", "stage of migration", PERSONAL
    COUNTRY = "COUNTRY", "Negara tujuan", "country of destination", PERSONAL
    SECTOR = "SECTOR", "Sektor", "sector", PERSONAL
    SCHEME = "SCHEME", "Skema penempatan", "placement scheme", PERSONAL
    OCCUPATION_GROUP = "OCCUPATION_GROUP", "Kelompok jabatan", "occupation group", PERSONAL
    RETURN_REASON = "RETURN_REASON", "Sebab kepulangan", "reason of return", SPECIAL
    PROCEDURAL_STATUS = "PROCEDURAL_STATUS", "Status prosedural", "procedural status", PROTECTIVE
    PARENTS_ABROAD = "PARENTS_ABROAD", "Orang tua di luar negeri", "which parents are abroad", SPECIAL
    SCHOOL_STATUS = "SCHOOL_STATUS", "Status sekolah", "school status", SPECIAL
    CAREGIVER = "CAREGIVER", "Pengasuh anak", "who looks after the child", SPECIAL
    BUSINESS_FIELD = "BUSINESS_FIELD", "Bidang usaha", "field of business", OPERATIONAL
    KBLI_SECTION = "KBLI_SECTION", "Kategori KBLI", "section of KBLI", OPERATIONAL
    BUSINESS_SCALE = "BUSINESS_SCALE", "Skala usaha", "scale of business", OPERATIONAL
    EXPORT_READINESS = "EXPORT_READINESS", "Kesiapan ekspor", "export readiness", OPERATIONAL
    OWNER_CATEGORY = "OWNER_CATEGORY", "Kategori pemilik", "owner category", PERSONAL
    ASSISTANCE_TYPE = "ASSISTANCE_TYPE", "Jenis bantuan", "type of assistance", OPERATIONAL
    PROGRAMME = "PROGRAMME", "Program", "programme", OPEN
    SKILL = "SKILL", "Keterampilan", "skill", OPERATIONAL
    CASE_TYPE = "CASE_TYPE", "Jenis kasus", "type of case", PROTECTIVE
    CASE_STATUS = "CASE_STATUS", "Status kasus", "status of case", SPECIAL
    SERVICE_TYPE = "SERVICE_TYPE", "Jenis layanan", "type of service", OPERATIONAL
    COOPERATIVE_STATUS = "COOPERATIVE_STATUS", "Status koperasi", "status of cooperative", OPERATIONAL
    WORKFLOW_STATE = "WORKFLOW_STATE", "Status alur kerja", "workflow state", OPERATIONAL
    MONTH = "MONTH", "Bulan", "month", OPEN
    QUARTER = "QUARTER", "Triwulan", "quarter", OPEN
    YEAR = "YEAR", "Tahun", "year", OPEN


class TimeBasis(Code):
    """Whether an indicator counts what is there on a day or what happened in a period (dasar waktu)."""

    STOCK = "STOCK", "Keadaan pada suatu hari", "what is there on a day"
    FLOW = "FLOW", "Kejadian dalam suatu masa", "what happened in a period"


class Boundaries(Code):
    """Draw figures of the past on the map of then or of now (batas wilayah)."""

    THEN = "THEN", "Batas wilayah pada waktu itu", "boundaries of then"
    NOW = "NOW", "Batas wilayah hari ini", "boundaries of now"
