"""Code list of indicators: the defined figures of the programme."""

from registry.codes.base import Code


class IndicatorName(Code):
    """A defined figure (indikator); its class is that of what it measures."""

    HOUSEHOLDS = "HOUSEHOLDS", "Rumah tangga PMI terverifikasi", "verified households"
    PERSONS_PROSPECTIVE = "PERSONS_PROSPECTIVE", "Calon PMI", "prospective migrants"
    PERSONS_ACTIVE = "PERSONS_ACTIVE", "PMI aktif", "migrants working abroad"
    PERSONS_RETURNED = "PERSONS_RETURNED", "Purna PMI", "returned migrants"
    HOUSEHOLD_MEMBERS = "HOUSEHOLD_MEMBERS", "Anggota rumah tangga", "members of households"
    BUSINESSES = "BUSINESSES", "Unit usaha yang berjalan", "running business units"
    HOUSEHOLDS_WITH_BUSINESS = "HOUSEHOLDS_WITH_BUSINESS", "Rumah tangga berusaha", "households with a running business"
    EXPORT_READY = "EXPORT_READY", "Unit usaha layak ekspor", "export-ready business units"
    DEPARTURES = "DEPARTURES", "Keberangkatan", "departures"
    RETURNS = "RETURNS", "Kepulangan", "returns"
    TRAININGS = "TRAININGS", "Pelatihan", "trainings"
    TRAINING_PARTICIPANTS = "TRAINING_PARTICIPANTS", "Peserta pelatihan", "participants of trainings"
    GROUPS = "GROUPS", "Kelompok usaha", "business groups"
    ASSISTANCE_IDR = "ASSISTANCE_IDR", "Nilai bantuan dalam rupiah", "value of assistance in rupiah"
    COOPERATIVES = "COOPERATIVES", "Koperasi", "cooperatives"
    COOPERATIVE_MEMBERS = "COOPERATIVE_MEMBERS", "Anggota koperasi", "members of cooperatives"
    SERVICE_VISITS = "SERVICE_VISITS", "Kunjungan layanan", "visits to the service centre"
