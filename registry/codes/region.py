"""Code lists of the region tree. Kind and level follow the official code (Kepmendagri 300.2.2-2430/2025)."""

from registry.codes.base import Code


class RegionLevel(Code):
    """Level of a region (tingkat wilayah)."""

    PROVINCE = "PROVINCE", "Provinsi", "province"
    REGENCY = "REGENCY", "Kabupaten atau kota", "regency or city"
    DISTRICT = "DISTRICT", "Kecamatan", "district"
    VILLAGE = "VILLAGE", "Desa, kelurahan atau desa adat", "village, urban village or customary village"


class RegionKind(Code):
    """Kind of a region (jenis wilayah), from the official code."""

    PROVINCE = "PROVINCE", "Provinsi", "province"
    REGENCY = "REGENCY", "Kabupaten", "regency"
    CITY = "CITY", "Kota", "city"
    DISTRICT = "DISTRICT", "Kecamatan", "district"
    URBAN_VILLAGE = "URBAN_VILLAGE", "Kelurahan", "urban village"
    RURAL_VILLAGE = "RURAL_VILLAGE", "Desa", "rural village"
    CUSTOMARY_VILLAGE = "CUSTOMARY_VILLAGE", "Desa adat", "customary village"


class RegionChange(Code):
    """What happened to a region."""

    RECODE = "RECODE", "Ganti kode", "new code"
    RENAME = "RENAME", "Ganti nama", "new name"
    MOVE_PARENT = "MOVE_PARENT", "Pindah induk", "moved to another parent"
    SPLIT = "SPLIT", "Pemekaran", "split"
    MERGE = "MERGE", "Penggabungan", "merged"
    STATUS_CHANGE = "STATUS_CHANGE", "Perubahan status", "changed status"
    ABOLISH = "ABOLISH", "Penghapusan", "abolished"
