"""Where the programme is: I01 to I03.  Coverage is public, so its numbers are exact for everybody."""

from __future__ import annotations

from auth.sensitivity import Sensitivity
from registry.codes import Dimension, IndicatorName
from registry.figures.indicator import PLACES, VILLAGE, Indicator, Words

N, D = IndicatorName, Dimension
OPEN = Sensitivity.OPEN

COVERAGE = (
    Indicator(
        N.VILLAGES_ENROLLED,
        "I01",
        OPEN,
        VILLAGE,
        Words(
            "Desa, kelurahan, dan desa adat pada peta hari ini yang keikutsertaannya dalam sedikitnya satu program"
            " masih aktif; desa yang ikut dua program dihitung sekali. Per tahun: yang ikut sejak tahun itu atau"
            " sebelumnya.",
            "Villages of every kind on today's map whose enrolment in at least one programme is active; a village in"
            " two programmes counts once. By year: those enrolled in that year or earlier.",
        ),
        by=(*PLACES, D.PROGRAMME, D.YEAR),
        rounded_to=1,
    ),
    Indicator(
        N.VILLAGES_REPORTING,
        "I02",
        OPEN,
        VILLAGE,
        Words(
            "Desa peserta (I01) yang mempunyai sedikitnya satu rumah tangga yang terakhir diverifikasi kurang dari"
            " 180 hari sebelum saat penghitungan dan masih ada dalam register.",
            "Enrolled villages (I01) with at least one household that was last verified less than 180 days before the"
            " moment of counting and is still in the register.",
        ),
        by=(*PLACES, D.PROGRAMME),
        rounded_to=1,
    ),
    Indicator(
        N.PROVINCES_COVERED,
        "I03",
        OPEN,
        Words("provinsi", "provinces"),
        Words(
            "Provinsi yang mempunyai sedikitnya satu desa peserta (I01).", "Provinces with at least one village of I01."
        ),
        by=(D.PROVINCE, D.PROGRAMME, D.YEAR),
        rounded_to=1,
    ),
    Indicator(
        N.REGENCIES_COVERED,
        "I03",
        OPEN,
        Words("kabupaten dan kota", "regencies and cities"),
        Words(
            "Kabupaten dan kota yang mempunyai sedikitnya satu desa peserta (I01).",
            "Regencies and cities with at least one village of I01.",
        ),
        by=(D.PROVINCE, D.REGENCY, D.PROGRAMME, D.YEAR),
        rounded_to=1,
    ),
    Indicator(
        N.DISTRICTS_COVERED,
        "I03",
        OPEN,
        Words("kecamatan", "districts"),
        Words(
            "Kecamatan yang mempunyai sedikitnya satu desa peserta (I01).",
            "Districts with at least one village of I01.",
        ),
        by=(D.PROVINCE, D.REGENCY, D.DISTRICT, D.PROGRAMME, D.YEAR),
        rounded_to=1,
    ),
)
