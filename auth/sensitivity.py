"""How dangerous a datum is.

Rule: a column without a sensitivity does not exist, and a caller that sees one class does not thereby see another.
The page `auth/policy.py` says which role sees which class, and `tests/test_policy.py` holds it to that.
"""

from __future__ import annotations

from auth.labelled import Labelled


class Sensitivity(Labelled):
    """A class of data; the classes have no order, each is visible or not by itself."""

    OPEN = "OPEN", "Nama dan kode wilayah, daftar kode, keikutsertaan program", "Region names, code lists, enrolment"
    OPERATIONAL = (
        "OPERATIONAL",
        "Nomor rumah tangga, desa, status alur kerja, jumlah, bidang usaha, kesiapan ekspor",
        "Household number, village, workflow status, counts, business field, export readiness",
    )
    PERSONAL = (
        "PERSONAL",
        "Nama, tanggal lahir, jenis kelamin, alamat, hubungan keluarga, pendidikan, nama usaha",
        "Names, birth date, sex, address, kinship, education, business name",
    )
    IDENTITY = (
        "IDENTITY",
        "NIK, nomor KK, paspor, telepon: tersandi dan disamarkan",
        "National id, family card number, passport, phone: encrypted and masked",
    )
    SPECIAL = (
        "SPECIAL",
        "Data anak, remitansi dan utang, kesehatan, pemberi kerja, kasus (UU 27/2022 Pasal 4 ayat 2)",
        "Children, remittances and debts, health, employer abroad, cases (UU 27/2022 Art. 4(2))",
    )
    PROTECTIVE = (
        "PROTECTIVE",
        "Status prosedural, pengaduan dan catatan kekerasan: hanya bagi penulisnya",
        "Procedural status, complaints and notes of violence: visible to their writer only",
    )
    SYSTEM = "SYSTEM", "Audit, perangkat, sesi, akun, penugasan", "Audit, devices, sessions, accounts, grants"
