"""What the registry says to people: one code, one severity and one sentence in each language per kind of finding.

Rule: a sentence says what to do and never holds a stored value; what it is filled with are limits, region codes and
lists, which are public. Codes are stable, those of the public contract. Test: tests/test_codes.py.
"""

from enum import StrEnum
from string import Formatter
from typing import Literal, Self

from registry.codes import Severity

Language = Literal["id", "en"]

E, W = Severity.ERROR, Severity.WARNING


class UserErrorCode(StrEnum):
    """Stable codes of what somebody must mend or look at; new ones may be added."""

    severity: Severity
    sentence_id: str
    sentence_en: str

    def __new__(cls, code: str, severity: Severity, sentence_id: str, sentence_en: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.severity = severity
        member.sentence_id = sentence_id
        member.sentence_en = sentence_en
        return member

    @property
    def params(self) -> frozenset[str]:
        """Names that the sentence is filled with."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.sentence_id) if name)

    @property
    def forms(self) -> list[frozenset[str]]:
        """The sets of names that one of its sentences is filled with."""
        return [self.params, *([frozenset({name}) for name in TOO_MUCH] if self is UserErrorCode.UNKNOWN_VALUE else ())]

    NIK_FORMAT = (
        "NIK_FORMAT",
        E,
        "NIK harus 16 angka seperti di KTP atau KK; perbaiki, atau kosongkan dan isi alasannya.",
        "The NIK must be the 16 digits of the identity or family card; correct it, or leave it empty and give a "
        "reason.",
    )
    NIK_INVALID_DATE = (
        "NIK_INVALID_DATE",
        E,
        "Tanggal lahir dalam NIK tidak mungkin; salin ulang NIK dari KTP atau KK.",
        "The birth date inside the NIK is impossible; copy the NIK again from the identity or family card.",
    )
    NIK_SERIAL_ZERO = (
        "NIK_SERIAL_ZERO",
        E,
        "Nomor urut NIK tidak boleh 0000; salin ulang NIK dari KTP atau KK.",
        "The serial of the NIK cannot be 0000; copy the NIK again from the identity or family card.",
    )
    NIK_DOB_MISMATCH = (
        "NIK_DOB_MISMATCH",
        W,
        "Tanggal lahir berbeda dengan NIK; periksa KTP atau KK.",
        "The birth date differs from the NIK; check the identity or family card.",
    )
    NIK_SEX_MISMATCH = (
        "NIK_SEX_MISMATCH",
        W,
        "Jenis kelamin berbeda dengan NIK; periksa KTP atau KK.",
        "The sex differs from the NIK; check the identity or family card.",
    )
    NIK_DUPLICATE_IN_HOUSEHOLD = (
        "NIK_DUPLICATE_IN_HOUSEHOLD",
        E,
        "NIK ini dipakai dua anggota; periksa keduanya.",
        "Two members have this NIK; check both.",
    )
    NIK_REASON_REQUIRED = (
        "NIK_REASON_REQUIRED",
        E,
        "NIK kosong: isi NIK atau alasannya.",
        "The NIK is empty: give it, or the reason.",
    )
    KK_FORMAT = (
        "KK_FORMAT",
        E,
        "Nomor KK harus 16 angka; salin ulang dari kartu keluarga.",
        "The family card number must be 16 digits; copy it again from the card.",
    )
    KK_EQUALS_NIK = (
        "KK_EQUALS_NIK",
        E,
        "Nomor KK sama dengan NIK seorang anggota; salin ulang keduanya dari kartu keluarga.",
        "The family card number equals a member's NIK; copy both again from the card.",
    )
    KK_DATE_ODD = (
        "KK_DATE_ODD",
        W,
        "Tanggal dalam nomor KK tidak wajar; periksa kartu keluarga.",
        "The date inside the family card number is odd; check the card.",
    )
    HEAD_REQUIRED = (
        "HEAD_REQUIRED",
        E,
        "Belum ada kepala keluarga; tandai tepat satu anggota.",
        "There is no head of the family; mark exactly one member.",
    )
    HEAD_NOT_UNIQUE = (
        "HEAD_NOT_UNIQUE",
        E,
        "Kepala keluarga lebih dari satu; tandai tepat satu anggota.",
        "There is more than one head of the family; mark exactly one member.",
    )
    SPOUSE_SEX = (
        "SPOUSE_SEX",
        W,
        "Suami seharusnya laki-laki dan istri perempuan; periksa hubungan atau jenis kelamin.",
        "A husband should be male and a wife female; check the relation or the sex.",
    )
    SPOUSE_MARITAL = (
        "SPOUSE_MARITAL",
        W,
        "Suami atau istri seharusnya berstatus kawin; periksa status kawin.",
        "A husband or wife should be married; check the marital status.",
    )
    RELATION_AGE = (
        "RELATION_AGE",
        W,
        "Anak seharusnya paling sedikit 15 tahun lebih muda dari orang tua; periksa tanggal lahir dan hubungan.",
        "A child should be at least 15 years younger than the parent; check birth dates and relation.",
    )
    BIRTH_DATE_FUTURE = (
        "BIRTH_DATE_FUTURE",
        E,
        "Tanggal lahir di masa depan; perbaiki.",
        "The birth date is in the future; correct it.",
    )
    AGE_OVER_120 = (
        "AGE_OVER_120",
        E,
        "Umur lebih dari 120 tahun; perbaiki tanggal lahir.",
        "The age is over 120 years; correct the birth date.",
    )
    MEMBER_DEAD_ACTIVE = (
        "MEMBER_DEAD_ACTIVE",
        E,
        "Anggota yang meninggal tidak dapat sedang bekerja di luar negeri; perbaiki tahap migrasi atau status hidup.",
        "A dead member cannot be working abroad; correct the stage or the life status.",
    )
    NO_PMI_IN_HOUSEHOLD = (
        "NO_PMI_IN_HOUSEHOLD",
        E,
        "Rumah tangga harus punya calon PMI, PMI atau purna PMI; tambahkan riwayat migrasinya.",
        "The household needs a prospective, active or returned migrant; add the migration.",
    )
    REGION_UNKNOWN = (
        "REGION_UNKNOWN",
        E,
        "Kode wilayah tidak dikenal; pilih dari daftar wilayah.",
        "The region code is unknown; choose from the list of regions.",
    )
    REGION_NOT_VILLAGE = (
        "REGION_NOT_VILLAGE",
        E,
        "Kode ini bukan desa atau kelurahan; pilih desanya.",
        "This code is no village; choose the village.",
    )
    REGION_CODE_SUPERSEDED = (
        "REGION_CODE_SUPERSEDED",
        W,
        "Kode lama; dipakai kode baru {code}.",
        "An old code; the new one, {code}, was used.",
    )
    REGION_CODE_AMBIGUOUS = (
        "REGION_CODE_AMBIGUOUS",
        E,
        "Wilayah ini sudah dipecah; pilih salah satu: {codes}.",
        "This region was split; choose one of {codes}.",
    )
    COUNTRY_UNKNOWN = (
        "COUNTRY_UNKNOWN",
        E,
        "Negara tidak dikenal; pilih dari daftar negara.",
        "The country is unknown; choose from the list of countries.",
    )
    COUNTRY_IS_ID = (
        "COUNTRY_IS_ID",
        E,
        "Negara tujuan tidak boleh Indonesia; pilih negara lain.",
        "The country cannot be Indonesia; choose another one.",
    )
    DATES_ORDER = (
        "DATES_ORDER",
        E,
        "Urutan tanggal terbalik; yang lebih dulu terjadi harus lebih awal.",
        "The dates are in the wrong order; what happened first must be earlier.",
    )
    DATE_FUTURE = (
        "DATE_FUTURE",
        E,
        "Tanggal di masa depan untuk hal yang sudah terjadi; perbaiki.",
        "A date in the future for something that has happened; correct it.",
    )
    STAGE_DATES = (
        "STAGE_DATES",
        E,
        "Isian tidak sesuai tahap: calon belum berangkat; yang bekerja di luar negeri perlu negara dan tahun "
        "berangkat, tanpa tanggal pulang; purna perlu tanggal dan sebab pulang.",
        "This does not fit the stage: a prospective migrant has not left; one abroad needs country and year of "
        "departure and no return; a returned one needs date and reason of return.",
    )
    EPISODE_OVERLAP = (
        "EPISODE_OVERLAP",
        E,
        "Dua masa kerja orang ini tumpang tindih; perbaiki tanggal berangkat atau pulang.",
        "Two migrations of this person overlap; correct a departure or a return.",
    )
    EPISODE_TWO_ACTIVE = (
        "EPISODE_TWO_ACTIVE",
        E,
        "Satu orang hanya dapat punya satu migrasi yang sedang berjalan; tutup yang lama.",
        "A person can have only one migration under way; close the older one.",
    )
    UNDERAGE_DEPARTURE = (
        "UNDERAGE_DEPARTURE",
        W,
        "Berangkat sebelum 18 tahun; catat apa adanya dan tandai untuk pelindungan.",
        "Left before the age of 18; keep the record as it is and flag it for protection.",
    )
    SCHEME_SECTOR = (
        "SCHEME_SECTOR",
        W,
        "Skema, sektor dan jenis pekerjaan tidak lazim bersama; periksa.",
        "Scheme, sector and kind of work seldom go together; check them.",
    )
    PROCEDURAL_NO_DOCS = (
        "PROCEDURAL_NO_DOCS",
        W,
        "Tercatat prosedural tanpa nomor e-PMI, kontrak atau paspor; periksa dokumennya.",
        "Recorded as procedural without e-PMI number, contract or passport; check the documents.",
    )
    PASSPORT_FORMAT = (
        "PASSPORT_FORMAT",
        W,
        "Nomor paspor tidak lazim: biasanya 1–2 huruf dan 6–7 angka, paling banyak 9 tanda; periksa paspor.",
        "An unusual passport number: it has 1–2 letters and 6–7 digits, at most 9 characters; check the passport.",
    )
    PHONE_FORMAT = (
        "PHONE_FORMAT",
        E,
        "Nomor telepon harus nomor seluler Indonesia, misalnya diawali 08 atau +62; perbaiki atau kosongkan.",
        "The phone must be an Indonesian mobile number, beginning with 08 or +62; correct it or leave it empty.",
    )
    CONTRACT_EXPIRED_ACTIVE = (
        "CONTRACT_EXPIRED_ACTIVE",
        W,
        "Kontrak lewat lebih dari 6 bulan tetapi masih tercatat bekerja di luar negeri; konfirmasi ke keluarga.",
        "The contract ended more than 6 months ago but the person is recorded as working abroad; ask the family.",
    )
    NIB_FORMAT = (
        "NIB_FORMAT",
        E,
        "NIB harus 13 angka; salin ulang dari dokumen NIB.",
        "The NIB must be 13 digits; copy it again from the document.",
    )
    OWNER_NOT_MEMBER = (
        "OWNER_NOT_MEMBER",
        E,
        "Pemilik usaha bukan anggota rumah tangga ini; pilih seorang anggota.",
        "The owner is no member of this household; choose a member.",
    )
    MEMBER_REMOVED = (
        "MEMBER_REMOVED",
        E,
        "Anggota yang dikeluarkan masih disebut di sini; pilih anggota lain, kosongkan, atau keluarkan juga data ini.",
        "A member who is removed is still named here; choose another member, clear this, or remove this record too.",
    )
    OWNER_UNDER_15 = (
        "OWNER_UNDER_15",
        W,
        "Pemilik usaha di bawah 15 tahun; periksa pemilik dan tanggal lahirnya.",
        "The owner is under 15; check the owner and the birth date.",
    )
    AMOUNT_NEGATIVE = (
        "AMOUNT_NEGATIVE",
        E,
        "Jumlah tidak boleh negatif; perbaiki.",
        "The amount cannot be negative; correct it.",
    )
    AMOUNT_OUTLIER = (
        "AMOUNT_OUTLIER",
        W,
        "Jumlah lebih dari {limit} tidak wajar; periksa satuan dan banyaknya nol.",
        "An amount over {limit} is unusual; check the unit and the number of zeros.",
    )
    CONSENT_REQUIRED = (
        "CONSENT_REQUIRED",
        E,
        "Dasar pemrosesan data belum dicatat; catat persetujuan atau tugas publik.",
        "The basis for holding the data is not recorded; record consent or public task.",
    )
    GUARDIAN_CONSENT_REQUIRED = (
        "GUARDIAN_CONSENT_REQUIRED",
        E,
        "Data rinci anak perlu persetujuan wali; catat persetujuannya atau kosongkan data itu.",
        "Detailed data of a child need the guardian's consent; record it or leave these data empty.",
    )
    CAPTURED_AT_FUTURE = (
        "CAPTURED_AT_FUTURE",
        W,
        "Jam perangkat lebih dari 24 jam di depan; setel jam perangkat.",
        "The clock of the device is more than 24 hours ahead; set it.",
    )
    REQUIRED = (
        "REQUIRED",
        E,
        "Isian ini wajib; lengkapi.",
        "This is required; fill it in.",
    )
    UNKNOWN_VALUE = (
        "UNKNOWN_VALUE",
        E,
        "Nilai ini tidak dapat dipakai; gunakan {allowed}.",
        "This value cannot be used; use {allowed}.",
    )
    UNKNOWN_FIELD = (
        "UNKNOWN_FIELD",
        E,
        "Isian ini tidak ada pada rumah tangga; sebut kolom formulirnya, anggota dan data lain dengan idnya.",
        "The household has no such field; name a field of the form, and members and other records by their id.",
    )
    NOT_FOUND = (
        "NOT_FOUND",
        E,
        "Data tidak ditemukan; muat ulang dan coba lagi.",
        "Not found; reload and try again.",
    )
    OUT_OF_SCOPE = (
        "OUT_OF_SCOPE",
        E,
        "Desa ini di luar wilayah kerja Anda; pilih desa di wilayah Anda.",
        "This village is outside your area; choose one of yours.",
    )
    ID_TAKEN = (
        "ID_TAKEN",
        E,
        "Id ini sudah dipakai; buat id baru.",
        "This id is taken; make a new one.",
    )
    VERSION_CONFLICT = (
        "VERSION_CONFLICT",
        E,
        "Data sudah diubah orang lain; muat ulang lalu ulangi.",
        "Somebody else has changed the record; reload and try again.",
    )
    TRANSITION_NOT_ALLOWED = (
        "TRANSITION_NOT_ALLOWED",
        E,
        "Status data tidak mengizinkan tindakan ini; muat ulang dan periksa statusnya. Data yang sudah atau sedang "
        "diverifikasi diubah dengan amendHousehold beserta alasannya.",
        "The state of the record does not allow this; reload and look at its state. What is verified, or is being "
        "verified, is changed by amendHousehold with a reason.",
    )
    SELF_VERIFY = (
        "SELF_VERIFY",
        E,
        "Anda tidak boleh memverifikasi data sendiri; minta orang lain.",
        "You cannot verify what you submitted; ask somebody else.",
    )
    FINDINGS_OPEN = (
        "FINDINGS_OPEN",
        E,
        "Masih ada peringatan yang harus dilihat; buka datanya, lalu verifikasi dengan menerima peringatan.",
        "There are warnings that must be seen; open the record, then verify accepting them.",
    )
    REMARK_REQUIRED = (
        "REMARK_REQUIRED",
        E,
        "Tulis alasan pengembalian, paling sedikit satu catatan.",
        "Say why it is returned, in at least one remark.",
    )
    REASON_REQUIRED = (
        "REASON_REQUIRED",
        E,
        "Tulis alasan perubahan, misalnya kunjungan rumah atau salah catat.",
        "Give the reason for the change, such as a home visit or a mistake in the record.",
    )
    PURPOSE_REQUIRED = (
        "PURPOSE_REQUIRED",
        E,
        "Tulis untuk apa data ini dibuka: kasus, permintaan atau perintahnya, paling sedikit {shortest} huruf.",
        "Say in the note what this is for: the case, the request or the order, in {shortest} letters at least.",
    )
    MASK_SENT = (
        "MASK_SENT",
        E,
        "Ini nomor yang disamarkan; tulis nomor lengkapnya, atau jangan kirim isian ini agar tetap seperti tersimpan.",
        "This is a masked number; write it in full, or leave the field out to keep what is stored.",
    )
    KINSHIP_IMPOSSIBLE = (
        "KINSHIP_IMPOSSIBLE",
        E,
        "Hubungan ini tidak mungkin: orang tidak dapat menjadi orang tua atau leluhurnya sendiri, dan ibu bukan ayah; "
        "perbaiki ibu atau ayahnya.",
        "This kinship is impossible: nobody is their own parent or ancestor, and the mother is not the father; correct "
        "the mother or the father.",
    )
    PARENT_SEX = (
        "PARENT_SEX",
        W,
        "Ibu seharusnya perempuan dan ayah laki-laki; periksa orang tuanya atau jenis kelaminnya.",
        "A mother should be female and a father male; check the parent or the sex.",
    )
    NUMBER_IN_TEXT = (
        "NUMBER_IN_TEXT",
        E,
        "Teks ini memuat nomor panjang seperti NIK atau nomor KK; hapus dari teks dan tulis hanya di kolomnya.",
        "This text holds a long number such as a NIK or family card number; take it out and write it in its own field "
        "only.",
    )


MUST_SEE = frozenset(
    {
        UserErrorCode.UNDERAGE_DEPARTURE,
        UserErrorCode.NIK_DOB_MISMATCH,
        UserErrorCode.NIK_SEX_MISMATCH,
        UserErrorCode.CONTRACT_EXPIRED_ACTIVE,
    }
)
"""Warnings that a verifier has to accept knowingly: a batch does not pass over them."""


TOO_MUCH = {
    "letters": (
        "Teks ini terlalu panjang: paling banyak {letters} huruf; persingkat.",
        "This text is too long: at most {letters} characters; shorten it.",
    ),
    "items": (
        "Isinya terlalu banyak: paling banyak {items}; kurangi.",
        "There are too many: at most {items} are allowed; send fewer.",
    ),
}
"""What UNKNOWN_VALUE says of a text or list that is too long, by the param that its sentence is filled with."""


def sentence(code: UserErrorCode, language: Language, /, **params: str) -> str:
    """The sentence for people; KeyError when one of `code.params` is missing."""
    templates = code.sentence_id, code.sentence_en
    if code is UserErrorCode.UNKNOWN_VALUE:
        templates = next((TOO_MUCH[name] for name in params if name in TOO_MUCH), templates)
    return templates[language == "en"].format(**params)


def all_sentences() -> list[tuple[str, str, str]]:
    """The label table of the codes: (code, Indonesian, English), unfilled."""
    return [(code.value, code.sentence_id, code.sentence_en) for code in UserErrorCode]
