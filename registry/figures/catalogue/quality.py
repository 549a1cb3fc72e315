"""How good the data is and how fast it is verified: I40."""

from __future__ import annotations

from auth.sensitivity import Sensitivity
from registry.codes import IndicatorName, TimeBasis
from registry.figures import units
from registry.figures.count import Count
from registry.figures.indicator import DAY, PERCENT, PERIODS, PLACES, Indicator, Words

N = IndicatorName
OPERATIONAL = Sensitivity.OPERATIONAL
PLACES_AND_PERIODS = (*PLACES, *PERIODS)

QUALITY = (
    Indicator(
        N.VERIFICATION_LAG_DAYS,
        "I40",
        OPERATIONAL,
        DAY,
        Words(
            "Median jumlah hari sejak kiriman terakhir suatu rumah tangga sampai langkah verifikasi kabupaten/kota,"
            " dari verifikasi dalam masa itu, dengan pecahan hari; dari jumlah yang genap, rata-rata kedua nilai"
            " tengah.",
            "Median number of days from the last submission of a household to the regency's step of verification,"
            " over the verifications of the period, in fractions of days; of an even number, the mean of the middle"
            " two.",
        ),
        time_basis=TimeBasis.FLOW,
        dated=Words(
            "saat verifikasi kabupaten/kota, menurut waktu Jakarta", "verification by the regency, in Jakarta's time"
        ),
        by=PLACES_AND_PERIODS,
    ),
    Indicator(
        N.RETURNED_SUBMISSION_SHARE,
        "I40",
        OPERATIONAL,
        PERCENT,
        Words(
            "Kiriman pada penyebut yang dikembalikan dengan catatan sebelum kiriman berikutnya dari rumah tangga itu.",
            "Submissions of the denominator that were returned with remarks before the household's next submission.",
        ),
        Words(
            "Kiriman rumah tangga dalam masa itu, yang pertama maupun perubahan; draf tidak dihitung.",
            "Submissions of households in the period, first ones and amendments; drafts do not count.",
        ),
        time_basis=TimeBasis.FLOW,
        dated=Words("saat kiriman diterima, menurut waktu Jakarta", "acceptance of the submission, in Jakarta's time"),
        by=PLACES_AND_PERIODS,
    ),
    Indicator(
        N.DUPLICATES_OPEN,
        "I40",
        OPERATIONAL,
        Words("dugaan", "suspicions"),
        Words(
            "Dugaan data ganda antara dua catatan yang belum diputuskan. Dugaan antara dua desa dihitung di"
            " masing-masing desa, dan sekali di wilayah yang memuat keduanya.",
            "Suspicions that two records are the same which nobody has decided yet. One between two villages counts"
            " in each of them, and once in a region that contains both.",
        ),
        by=PLACES,
    ),
    Indicator(
        N.COMPLETENESS,
        "I40",
        OPERATIONAL,
        PERCENT,
        Words(
            "Isian pada penyebut yang dicatat; jawaban tidak diketahui sama dengan tidak dicatat, begitu pula"
            " tanggal tanpa hari.",
            "Answers of the denominator that are recorded; unknown is the same as not recorded, and so is a date"
            " without its day.",
        ),
        Words(
            "Isian rumah tangga terverifikasi (I04) yang berlaku bagi setiap catatan: tanggal lahir dan pendidikan"
            " tiap anggota; negara, sektor, skema, dan jabatan tiap episode; kode KBLI, skala, dan tanggal mulai tiap"
            " usaha.",
            "Answers of verified households (I04) that apply to every record: birth date and education of each"
            " member; country, sector, scheme and occupation group of each episode; KBLI code, scale and start of"
            " each business.",
        ),
        counts=Count(units.HOUSEHOLD, sum="answered"),
        per=Count(units.HOUSEHOLD, sum="answers"),
        by=PLACES_AND_PERIODS,
    ),
)
