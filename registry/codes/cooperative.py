"""Code list of cooperatives (pillar 4)."""

from registry.codes.base import Code


class CooperativeStatus(Code):
    """Status of the cooperative (status koperasi)."""

    STARTING = "STARTING", "Rintisan", "starting"
    LEGAL_ENTITY = "LEGAL_ENTITY", "Berbadan hukum", "legal entity"
    INACTIVE = "INACTIVE", "Tidak aktif", "inactive"
