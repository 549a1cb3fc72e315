"""What somebody is employed as, in some area, for some time.

Rule: code outside `auth/` never names a role; it requires an ability.  Test: `tests/test_policy.py`
"""

from __future__ import annotations

from auth.labelled import Labelled


class Role(Labelled):
    """A column of the policy's page.  Any role can be granted at any level; its label names the usual one."""

    OFFICER = "OFFICER", "Petugas Desmigratif", "Desmigratif officer"
    VILLAGE_VERIFIER = "VILLAGE_VERIFIER", "Penanggung jawab desa", "Village verifier"
    REGENCY_COORDINATOR = "REGENCY_COORDINATOR", "Koordinator Dinas kab/kota", "Regency coordinator"
    REGIONAL_VIEWER = "REGIONAL_VIEWER", "Pembaca wilayah", "Regional viewer"
    PROVINCE_OFFICER = "PROVINCE_OFFICER", "Dinas provinsi", "Province officer"
    MINISTRY_ANALYST = "MINISTRY_ANALYST", "Analis pusat", "Ministry analyst"
    MINISTRY_ADMIN = "MINISTRY_ADMIN", "Admin pusat", "Ministry administrator"
    PROTECTION_DESK = "PROTECTION_DESK", "Meja pelindungan", "Protection desk"
    AUDITOR = "AUDITOR", "Auditor dan pejabat PDP", "Auditor and data protection officer"
    SYSTEM_ADMIN = "SYSTEM_ADMIN", "Admin sistem", "System administrator"
    SERVICE = "SERVICE", "Akun layanan", "Service account"
