"""Code list of visits to the migration service centre (pillar 1)."""

from registry.codes.base import Code


class ServiceType(Code):
    """What a visitor came for (jenis layanan): the services that a village's centre gives, by the programme's guide."""

    JOB_MARKET_INFORMATION = "JOB_MARKET_INFORMATION", "Informasi pasar kerja", "job-market information"
    PROCEDURE_INFORMATION = "PROCEDURE_INFORMATION", "Informasi prosedur", "procedure information"
    JOB_GUIDANCE = "JOB_GUIDANCE", "Bimbingan jabatan", "job guidance"
    DATA_VERIFICATION = "DATA_VERIFICATION", "Verifikasi data", "data verification"
    HELP_WITH_DOCUMENTS = "HELP_WITH_DOCUMENTS", "Pengurusan dokumen", "help with documents"
    FAMILY_PERMISSION_LETTER = "FAMILY_PERMISSION_LETTER", "Surat izin keluarga", "family permission letter"
    DEPARTURE_RECORD = "DEPARTURE_RECORD", "Pencatatan keberangkatan", "departure record"
    RETURN_RECORD = "RETURN_RECORD", "Pencatatan kepulangan", "return record"
    COMPLAINT = "COMPLAINT", "Pengaduan", "complaint"
    FAMILY_ASSISTANCE = "FAMILY_ASSISTANCE", "Pendampingan keluarga", "family assistance"
    REMITTANCE_AND_FINANCE = "REMITTANCE_AND_FINANCE", "Remitansi dan keuangan", "remittance, finance"
    OTHER = "OTHER", "Lainnya", "other"
