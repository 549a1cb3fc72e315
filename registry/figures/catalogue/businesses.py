"""Businesses of migrant households: I14 to I21.  A business belongs to the village of its household."""

from __future__ import annotations

from dataclasses import replace

from auth.sensitivity import Sensitivity
from registry.codes import Dimension, ExportReadiness, IndicatorName
from registry.figures import units
from registry.figures.catalogue.counts import OWNERS, RETURNED, RUNNING, WITH_BUSINESS, running
from registry.figures.count import Count
from registry.figures.indicator import (
    BUSINESS,
    HOUSEHOLD,
    JOB,
    PERCENT,
    PERIODS,
    PERSON,
    PLACES,
    TRADE,
    WHO,
    Indicator,
    Words,
)
from registry.figures.windows import A_YEAR_OLD

N, D = IndicatorName, Dimension
OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL
WORKER = Words("pekerja", "workers")
OF_BUSINESS = (*PLACES, *TRADE, *PERIODS)
OF_OWNER = (*PLACES, *WHO, *JOB, *PERIODS)

BUSINESSES = (
    Indicator(
        N.BUSINESSES,
        "I14",
        OPERATIONAL,
        BUSINESS,
        Words(
            "Unit usaha rumah tangga terverifikasi (I04) yang berstatus berjalan; yang tutup sementara tidak"
            " dihitung. Usaha dihitung di desa rumah tangganya, di mana pun tempat usahanya.",
            "Business units of verified households (I04) with the status RUNNING; paused ones do not count. A"
            " business counts in the village of its household, wherever it is run.",
        ),
        counts=RUNNING,
        by=(*OF_BUSINESS, D.EXPORT_READINESS),
        broken_down={"I17": D.BUSINESS_FIELD},
    ),
    Indicator(
        N.HOUSEHOLDS_WITH_BUSINESS,
        "I15",
        OPERATIONAL,
        HOUSEHOLD,
        Words(
            "Rumah tangga terverifikasi (I04) yang mempunyai sedikitnya satu unit usaha berjalan (I14).",
            "Verified households (I04) with at least one running business unit (I14).",
        ),
        counts=WITH_BUSINESS,
        by=(*PLACES, *PERIODS),
    ),
    Indicator(
        N.HOUSEHOLDS_WITH_BUSINESS_SHARE,
        "I15",
        OPERATIONAL,
        PERCENT,
        Words(
            "Rumah tangga terverifikasi yang mempunyai sedikitnya satu unit usaha berjalan (I14).",
            "Verified households with at least one running business unit (I14).",
        ),
        Words("Rumah tangga terverifikasi (I04).", "Verified households (I04)."),
        counts=WITH_BUSINESS,
        per=Count(units.HOUSEHOLD),
        by=(*PLACES, *PERIODS),
    ),
    Indicator(
        N.RETURNED_WITH_BUSINESS,
        "I16",
        PERSONAL,
        PERSON,
        Words(
            "Purna PMI (I07) yang memiliki sedikitnya satu unit usaha berjalan (I14); usaha milik anggota lain di rumah"
            " tangganya tidak dihitung.",
            "Returned migrants (I07) who own at least one running business unit (I14); businesses of others in their"
            " household do not count.",
        ),
        counts=OWNERS,
        by=OF_OWNER,
    ),
    Indicator(
        N.RETURNED_WITH_BUSINESS_SHARE,
        "I16",
        PERSONAL,
        PERCENT,
        Words(
            "Purna PMI (I07) yang memiliki sedikitnya satu unit usaha berjalan (I14).",
            "Returned migrants (I07) who own at least one running business unit (I14).",
        ),
        Words("Purna PMI (I07).", "Returned migrants (I07)."),
        counts=OWNERS,
        per=RETURNED,
        by=OF_OWNER,
    ),
    Indicator(
        N.WORKERS_PAID,
        "I18",
        OPERATIONAL,
        WORKER,
        Words(
            "Jumlah pekerja dibayar, laki-laki dan perempuan, pada unit usaha berjalan (I14); yang tidak dicatat"
            " dihitung nol.",
            "Sum of paid workers, men and women, of running business units (I14); what is not recorded counts as none.",
        ),
        counts=replace(RUNNING, sum="workers_paid"),
        by=OF_BUSINESS,
    ),
    Indicator(
        N.WORKERS_FAMILY,
        "I18",
        OPERATIONAL,
        WORKER,
        Words(
            "Jumlah pekerja keluarga pada unit usaha berjalan (I14); yang tidak dicatat dihitung nol.",
            "Sum of family workers of running business units (I14); what is not recorded counts as none.",
        ),
        counts=replace(RUNNING, sum="workers_family"),
        by=OF_BUSINESS,
    ),
    Indicator(
        N.EXPORT_READY,
        "I19",
        OPERATIONAL,
        BUSINESS,
        Words(
            "Unit usaha berjalan (I14) yang kesiapan ekspornya layak ekspor atau sudah ekspor.",
            "Running business units (I14) whose export readiness is READY or EXPORTING.",
        ),
        counts=running(export_readiness=(ExportReadiness.READY, ExportReadiness.EXPORTING)),
        by=(*OF_BUSINESS, D.EXPORT_READINESS),
    ),
    Indicator(
        N.NIB_SHARE,
        "I20",
        PERSONAL,
        PERCENT,
        Words(
            "Unit usaha berjalan (I14) yang nomor induk berusahanya (NIB) dicatat; tanpa nomor dianggap tidak ber-NIB.",
            "Running business units (I14) whose business identification number (NIB) is recorded; without a number"
            " they count as having none.",
        ),
        Words("Unit usaha berjalan (I14).", "Running business units (I14)."),
        counts=running(has_nib=("true",)),
        per=RUNNING,
        by=OF_BUSINESS,
    ),
    Indicator(
        N.BUSINESS_SURVIVAL_12M,
        "I21",
        OPERATIONAL,
        PERCENT,
        Words(
            "Dari penyebut: yang belum tutup, termasuk yang tutup sementara, atau tutup 12 bulan atau lebih sesudah"
            " mulai.",
            "Of the denominator: those that are not closed, paused ones included, or closed 12 months or more after"
            " they began.",
        ),
        Words(
            "Unit usaha rumah tangga terverifikasi, apa pun statusnya, yang mulai 12 bulan atau lebih sebelum hari"
            " itu. Tanggal yang hanya diketahui tahun atau bulannya dihitung dari hari pertamanya; yang tanggal"
            " mulainya, atau pada usaha yang tutup tanggal tutupnya, tidak dicatat tidak dihitung di kedua sisi.",
            "Business units of verified households, of any status, that began 12 months or more before the day. A"
            " date of which only the year or month is known counts from its first day; units without a start and"
            " closed ones without a closing date count on neither side.",
        ),
        counts=Count(units.BUSINESS, {"survived": ("true",)}, window=A_YEAR_OLD),
        per=Count(units.BUSINESS, {"survived": ("true", "false")}, window=A_YEAR_OLD),
        by=OF_BUSINESS,
    ),
)
