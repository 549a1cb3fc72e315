"""Open code lists: those whose codes are data, so that a new one changes no schema; each code has both labels.

A column of such a list says so in its declaration: `fact(OPERATIONAL, "Keterampilan", "Skill", listed=SKILL)`.
Rule: codes are English in capitals, as those of the closed lists, or numbers; a code is never renamed or reused.
Test: tests/test_codes.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from registry.codes.occupations import OCCUPATIONS

LONGEST_CODE = 32
"""Characters of a code."""
Labels = tuple[str, str]
"""The Indonesian and the English label of a code."""


@dataclass(frozen=True, eq=False)
class OpenList:
    """A list by its name in the API, who keeps it, and the codes that the registry brings along, in their order."""

    name: str
    source: str
    codes: Mapping[str, Labels]
    form: str = "[A-Z][A-Z0-9_]*"
    """What a code looks like, as a regular expression."""
    every: ClassVar[dict[str, "OpenList"]] = {}

    def __post_init__(self) -> None:
        if self.name in self.every:
            raise TypeError(f"there are two code lists {self.name}: give one of them another name")
        self.every[self.name] = self

    def of(self, record: Mapping[str, Any]) -> "OpenList":
        """The list of which a record holds a code: this one."""
        return self


@dataclass(frozen=True, eq=False)
class Editions:
    """A list that has editions: another column of the record says of which one it holds a code."""

    name: str
    column: str
    lists: Mapping[str, OpenList]

    def of(self, record: Mapping[str, Any]) -> OpenList | None:
        """The edition that a record names; None if it names none."""
        return self.lists.get(record.get(self.column) or "")


@dataclass(frozen=True)
class LoadedCodes:
    """What the database knows of codes that the program does not bring along."""

    lists: frozenset[str] = frozenset()
    """The lists that were loaded."""
    codes: frozenset[tuple[str, str]] = frozenset()
    """Those (list, code) that are known, of the ones that were sought."""


OCCUPATION = OpenList("OCCUPATION", "Dukcapil, daftar pekerjaan kartu keluarga (89)", OCCUPATIONS, "[1-9][0-9]?")

AGE_BAND = OpenList(
    "AGE_BAND",
    "Desmigratif, kelompok umur pengunjung",
    {
        "0-14": ("0–14 tahun", "0 to 14 years"),
        "15-17": ("15–17 tahun", "15 to 17 years"),
        "18-24": ("18–24 tahun", "18 to 24 years"),
        "25-34": ("25–34 tahun", "25 to 34 years"),
        "35-44": ("35–44 tahun", "35 to 44 years"),
        "45-54": ("45–54 tahun", "45 to 54 years"),
        "55-64": ("55–64 tahun", "55 to 64 years"),
        "65+": ("65 tahun ke atas", "65 years and over"),
    },
    r"[0-9]+-[0-9]+|[0-9]+\+",
)
"""Age of an anonymous visitor in completed years (kelompok umur): children, minors, and adults by tens of years."""

SKILL = OpenList(
    "SKILL",
    "Desmigratif, jenis pelatihan usaha produktif",
    {
        "CARPENTRY": ("Pertukangan kayu", "carpentry"),
        "WORKSHOP": ("Perbengkelan", "vehicle and machine workshop"),
        "ANIMAL_FEED": ("Pembuatan pakan ternak", "animal feed"),
        "SEWING": ("Menjahit", "sewing"),
        "MAKE_UP": ("Tata rias", "make-up"),
        "FOOD_PROCESSING": ("Pengolahan makanan", "food processing"),
        "OTHER": ("Lainnya", "other"),
    },
)
"""What a training teaches (keterampilan)."""

TRAINING_PROVIDER = OpenList(
    "TRAINING_PROVIDER",
    "Desmigratif, penyelenggara pelatihan",
    {
        "VOCATIONAL_TRAINING_CENTRE": ("Balai latihan kerja (BLK)", "vocational training centre"),
        "COMMUNITY_TRAINING_CENTRE": ("Balai latihan kerja komunitas (BLKK)", "community training centre"),
        "MANPOWER_OFFICE": ("Dinas tenaga kerja", "manpower office"),
        "VILLAGE": ("Pemerintah desa", "village government"),
        "NGO": ("Lembaga swadaya masyarakat", "non-governmental organisation"),
        "PRIVATE": ("Swasta", "private"),
    },
)
"""Who gives a training (penyelenggara)."""

ASSISTANCE_SOURCE = OpenList(
    "ASSISTANCE_SOURCE",
    "Desmigratif, sumber bantuan",
    {
        "MINISTRY_OF_MANPOWER": ("Kementerian Ketenagakerjaan", "Ministry of Manpower"),
        "KP2MI": (
            "Kementerian Pelindungan Pekerja Migran Indonesia (KP2MI)",
            "Ministry for the Protection of Indonesian Migrant Workers",
        ),
        "PROVINCE": ("Pemerintah provinsi", "provincial government"),
        "REGENCY": ("Pemerintah kabupaten/kota", "regency or city government"),
        "VILLAGE_FUND": ("Dana desa", "village fund"),
        "CSR": ("Tanggung jawab sosial perusahaan (CSR)", "corporate social responsibility"),
        "OTHER": ("Lainnya", "other"),
    },
)
"""Who pays for assistance (sumber bantuan)."""

COOPERATIVE_KIND = OpenList(
    "COOPERATIVE_KIND",
    "UU 25/1992 Pasal 16; serba usaha: Desmigratif",
    {
        "SAVINGS_AND_LOANS": ("Simpan pinjam", "savings and loans"),
        "CONSUMERS": ("Konsumen", "consumers"),
        "PRODUCERS": ("Produsen", "producers"),
        "MARKETING": ("Pemasaran", "marketing"),
        "SERVICES": ("Jasa", "services"),
        "MULTIPURPOSE": ("Serba usaha", "multipurpose"),
    },
)
"""What a cooperative does (jenis koperasi)."""

REFERRAL = OpenList(
    "REFERRAL",
    "Desmigratif, rujukan kasus",
    {
        "MANPOWER_OFFICE": ("Dinas tenaga kerja", "manpower office"),
        "BP3MI": (
            "Balai Pelayanan Pelindungan Pekerja Migran Indonesia (BP3MI)",
            "regional office for the protection of migrant workers",
        ),
        "INDONESIAN_MISSION": ("Perwakilan RI di luar negeri", "Indonesian mission abroad"),
        "POLICE": ("Kepolisian RI", "police"),
        "NGO": ("Lembaga swadaya masyarakat", "non-governmental organisation"),
        "SOCIAL_OFFICE": ("Dinas sosial", "social affairs office"),
        "P2TP2A": (
            "Pusat pelayanan terpadu pemberdayaan perempuan dan anak (P2TP2A)",
            "integrated service centre for women and children",
        ),
    },
)
"""To whom a case is referred (rujukan)."""
