"""Cases, deaths and the missing: I33 and I34."""

from __future__ import annotations

from auth.sensitivity import Sensitivity
from registry.codes import CaseStatus, Dimension, IndicatorName, LifeStatus, MigrationStage, TimeBasis
from registry.codes.case import SETTLED
from registry.figures import units
from registry.figures.catalogue.counts import at_stage
from registry.figures.count import Count, Window
from registry.figures.indicator import DAY, JOB, PERIODS, PERSON, PLACES, WHO, Indicator, Words
from registry.figures.record_units import CASE

N, D = IndicatorName, Dimension
PERSONAL, SPECIAL = Sensitivity.PERSONAL, Sensitivity.SPECIAL
WORKED_ON = tuple(status.value for status in CaseStatus if status not in SETTLED)
SETTLED_CODES = tuple(status.value for status in SETTLED)
OF_CASE = (*PLACES, D.COUNTRY, D.CASE_TYPE, D.CASE_STATUS, *PERIODS)

PROTECTION = (
    Indicator(
        N.CASES_OPEN,
        "I33",
        SPECIAL,
        Words("kasus", "cases"),
        Words(
            "Kasus yang dicatat, sudah diterima pada hari itu, dan belum selesai: berstatus diterima, diproses, atau"
            " dirujuk; untuk hari yang lampau, menurut catatan pada hari itu. Yang diarsipkan tidak dihitung. Menurut"
            " negara: negara tujuan episode yang bersangkutan, bila ada.",
            "Recorded cases that were opened by the day and are not settled: their status is RECEIVED, IN_PROGRESS"
            " or REFERRED; of a past day, as they were recorded on that day. Archived ones do not count. By"
            " country: the destination of the migration that the case is about, if there is one.",
        ),
        counts=Count(CASE, {"case_status": WORKED_ON}, Window(begins="l.opened_on")),
        by=OF_CASE,
        rounded_to=10,
    ),
    Indicator(
        N.CASE_MEDIAN_DAYS,
        "I33",
        SPECIAL,
        DAY,
        Words(
            "Median jumlah hari sejak kasus diterima sampai selesai, dari kasus yang selesai atau ditutup dalam masa"
            " itu; dari jumlah kasus yang genap, rata-rata kedua nilai tengah.",
            "Median number of days from opening to closing, over the cases RESOLVED or CLOSED in the period; of an"
            " even number of cases, the mean of the middle two.",
        ),
        time_basis=TimeBasis.FLOW,
        dated=Words("tanggal selesai", "closing day"),
        counts=Count(CASE, {"case_status": SETTLED_CODES}, median="days", dated="closed_on"),
        by=OF_CASE,
        rounded_to=10,
    ),
    Indicator(
        N.DEATHS,
        "I34",
        PERSONAL,
        PERSON,
        Words(
            "Anggota rumah tangga terverifikasi yang episode terbarunya (lihat I05) bertahap meninggal di luar"
            " negeri, kapan pun terjadinya: tanggal kematian tidak dicatat.",
            "Members of verified households whose latest episode (see I05) has the stage DIED_ABROAD, whenever it"
            " happened: the day of a death is not recorded.",
        ),
        counts=at_stage(MigrationStage.DIED_ABROAD),
        by=(*PLACES, *WHO, *JOB, *PERIODS),
    ),
    Indicator(
        N.MISSING,
        "I34",
        PERSONAL,
        PERSON,
        Words(
            "Anggota rumah tangga terverifikasi yang mempunyai sedikitnya satu episode migrasi dan status hidupnya"
            " hilang. Menurut tahap atau negara: dari episode terbaru.",
            "Members of verified households who have at least one migration episode and whose life status is"
            " MISSING. By stage or country: those of the latest episode.",
        ),
        counts=Count(units.MIGRANT, {"life_status": (LifeStatus.MISSING,)}),
        by=(*PLACES, *WHO, D.STAGE, D.COUNTRY, *PERIODS),
    ),
)
