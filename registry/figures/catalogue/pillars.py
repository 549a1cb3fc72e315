"""What the programme does in its villages: I35 to I38.  These records are not verified; they count as recorded."""

from __future__ import annotations

from auth.sensitivity import Sensitivity
from registry.codes import CooperativeStatus, Dimension, IndicatorName, TimeBasis
from registry.figures.count import Count, Window
from registry.figures.indicator import PERCENT, PERIODS, PERSON, PLACES, Indicator, Words
from registry.figures.record_units import (
    ASSISTANCE,
    COOPERATIVE,
    COOPERATIVE_MEMBER,
    GROUP,
    PARTICIPANT,
    TRAINING,
    VISIT,
)

N, D = IndicatorName, Dimension
OPERATIONAL = Sensitivity.OPERATIONAL
UNIT_COOPERATIVE = Words("koperasi", "cooperatives")
FIRST_DAY = Words("hari pertama pelatihan", "first day of the training")
EXISTS = Words(
    "Koperasi yang dicatat dan tidak diarsipkan; untuk hari yang lampau, menurut catatan pada hari itu.",
    "Cooperatives that are recorded and not archived; of a past day, as they were recorded on that day.",
)

PILLARS = (
    Indicator(
        N.TRAININGS,
        "I35",
        OPERATIONAL,
        Words("pelatihan", "trainings"),
        Words(
            "Pelatihan yang dimulai dalam masa itu; yang diarsipkan tidak dihitung.",
            "Trainings that begin in the period; archived ones do not count.",
        ),
        time_basis=TimeBasis.FLOW,
        dated=FIRST_DAY,
        counts=Count(TRAINING, dated="starts_on"),
        by=(*PLACES, D.SKILL, *PERIODS),
    ),
    Indicator(
        N.TRAINING_PARTICIPANTS,
        "I35",
        OPERATIONAL,
        PERSON,
        Words(
            "Peserta pelatihan yang dimulai dalam masa itu, tamat atau tidak; yang mengikuti dua pelatihan dihitung"
            " dua kali.",
            "Participants of trainings that begin in the period, whether they complete them or not; who takes part"
            " in two trainings counts twice.",
        ),
        time_basis=TimeBasis.FLOW,
        dated=FIRST_DAY,
        counts=Count(PARTICIPANT, dated="starts_on"),
        by=(*PLACES, D.SEX, D.SKILL, *PERIODS),
    ),
    Indicator(
        N.GROUPS,
        "I36",
        OPERATIONAL,
        Words("kelompok", "groups"),
        Words(
            "Kelompok usaha yang sudah dibentuk pada hari itu dan tidak diarsipkan; tanpa tanggal pembentukan,"
            " dihitung sejak dicatat. Untuk hari yang lampau, menurut catatan pada hari itu.",
            "Business groups that were formed by the day and are not archived; one without a date counts since it was"
            " recorded. Of a past day, as they were recorded on that day.",
        ),
        counts=Count(GROUP, window=Window(begins="l.formed_on")),
        by=(*PLACES, *PERIODS),
    ),
    Indicator(
        N.ASSISTANCE_IDR,
        "I36",
        OPERATIONAL,
        Words("rupiah", "rupiah (IDR)"),
        Words(
            "Jumlah nilai bantuan yang diberikan dalam masa itu dan dinilai dalam rupiah, dibulatkan ke rupiah"
            " penuh. Bantuan tanpa nilai atau dalam mata uang lain tidak ikut; yang diarsipkan tidak dihitung.",
            "Sum of the value of assistance given in the period and valued in rupiah, rounded to whole rupiah."
            " Assistance without a value or in another currency adds nothing; archived records do not count.",
        ),
        time_basis=TimeBasis.FLOW,
        dated=Words("tanggal bantuan diberikan", "day on which it was given"),
        counts=Count(ASSISTANCE, sum="rupiah", dated="date"),
        by=(*PLACES, D.ASSISTANCE_TYPE, D.PROGRAMME, *PERIODS),
    ),
    Indicator(
        N.COOPERATIVES,
        "I37",
        OPERATIONAL,
        UNIT_COOPERATIVE,
        EXISTS,
        counts=Count(COOPERATIVE),
        by=(*PLACES, D.COOPERATIVE_STATUS, *PERIODS),
    ),
    Indicator(
        N.COOPERATIVE_MEMBERS,
        "I37",
        OPERATIONAL,
        PERSON,
        Words(
            "Anggota rumah tangga dalam register yang dicatat sebagai anggota koperasi (COOPERATIVES); anggota dua"
            " koperasi dihitung dua kali. Anggota lain hanya ada dalam angka tahunan koperasi.",
            "Members of households in the register who are recorded as members of a cooperative (COOPERATIVES); a"
            " member of two counts twice. All other members are only in the cooperative's own yearly figures.",
        ),
        counts=Count(COOPERATIVE_MEMBER),
        by=(*PLACES, D.COOPERATIVE_STATUS, *PERIODS),
    ),
    Indicator(
        N.COOPERATIVE_LEGAL_SHARE,
        "I37",
        OPERATIONAL,
        PERCENT,
        Words("Koperasi yang berstatus berbadan hukum.", "Cooperatives with the status LEGAL_ENTITY."),
        EXISTS,
        counts=Count(COOPERATIVE, {"cooperative_status": (CooperativeStatus.LEGAL_ENTITY.value,)}),
        per=Count(COOPERATIVE),
        by=(*PLACES, *PERIODS),
    ),
    Indicator(
        N.SERVICE_VISITS,
        "I38",
        OPERATIONAL,
        Words("kunjungan", "visits"),
        Words(
            "Kunjungan ke pusat layanan migrasi dalam masa itu, oleh pengunjung terdaftar maupun anonim; yang datang"
            " dua kali dihitung dua kali, dan yang diarsipkan tidak dihitung.",
            "Visits to the migration service centre in the period, by registered and anonymous visitors; who comes"
            " twice counts twice, and archived records do not count.",
        ),
        time_basis=TimeBasis.FLOW,
        dated=Words("tanggal kunjungan", "day of the visit"),
        counts=Count(VISIT, dated="date"),
        by=(*PLACES, D.SERVICE_TYPE, *PERIODS),
    ),
)
