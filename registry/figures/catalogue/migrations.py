"""Departures and returns, and under which conditions people work abroad: I22 to I32."""

from __future__ import annotations

from dataclasses import replace

from auth.sensitivity import Sensitivity
from registry.codes import Dimension, IndicatorName, ProceduralStatus, Sector, TimeBasis
from registry.figures import units
from registry.figures.catalogue.counts import KNOWN_SECTORS, OUTSIDE, active
from registry.figures.count import UNKNOWN, Count
from registry.figures.indicator import JOB, PERCENT, PERIODS, PERSON, PLACES, WHO, Indicator, Words
from registry.figures.windows import ENDING_SOON

N, D = IndicatorName, Dimension
PERSONAL, SPECIAL, PROTECTIVE = Sensitivity.PERSONAL, Sensitivity.SPECIAL, Sensitivity.PROTECTIVE
DEPARTURE = Words("keberangkatan", "departures")
RETURN = Words("kepulangan", "returns")
ACTIVE = Words("PMI aktif (I06).", "Migrants working abroad (I06).")
OF_EPISODE = (*PLACES, D.SEX, *JOB, *PERIODS)
OF_ACTIVE = (*PLACES, *WHO, *JOB, *PERIODS)

MIGRATIONS = (
    Indicator(
        N.DEPARTURES,
        "I22",
        PERSONAL,
        DEPARTURE,
        Words(
            "Episode migrasi rumah tangga terverifikasi yang tanggal berangkatnya jatuh dalam masa itu, menurut"
            " verifikasi terakhir. Orang yang berangkat dua kali dihitung dua kali; tanpa tanggal berangkat tidak"
            " dihitung.",
            "Migration episodes of verified households whose day of departure lies in the period, as last verified."
            " Who leaves twice counts twice; an episode without a day of departure does not count.",
        ),
        time_basis=TimeBasis.FLOW,
        dated=Words(
            "tanggal berangkat; bila hanya tahun atau bulannya diketahui, hari pertamanya",
            "day of departure; if only its year or month is known, the first day of that",
        ),
        counts=Count(units.EPISODE, dated="departed_on"),
        by=OF_EPISODE,
    ),
    Indicator(
        N.RETURNS,
        "I23",
        PERSONAL,
        RETURN,
        Words(
            "Episode migrasi rumah tangga terverifikasi yang tanggal pulangnya jatuh dalam masa itu, menurut verifikasi"
            " terakhir, apa pun sebabnya (UU 18/2017 Pasal 27), juga cuti. Tanpa tanggal pulang tidak dihitung.",
            "Migration episodes of verified households whose day of return lies in the period, as last verified, for"
            " whatever reason (UU 18/2017 Art. 27), leave included. An episode without a day of return does not"
            " count.",
        ),
        time_basis=TimeBasis.FLOW,
        dated=Words(
            "tanggal pulang; bila hanya tahun atau bulannya diketahui, hari pertamanya",
            "day of return; if only its year or month is known, the first day of that",
        ),
        counts=Count(units.EPISODE, dated="returned_on"),
        by=(*OF_EPISODE, D.RETURN_REASON),
        broken_down={"I24": D.RETURN_REASON},
    ),
    Indicator(
        N.NON_PROCEDURAL_SHARE,
        "I25",
        PROTECTIVE,
        PERCENT,
        Words(
            "PMI aktif (I06) yang episode terbarunya nonprosedural atau berangkat resmi lalu izinnya habis. Menurut"
            " status prosedural hanya pembilang yang dirinci, sehingga kedua bagian berjumlah sama dengan"
            " keseluruhannya.",
            "Migrants of I06 whose latest episode is NON_PROCEDURAL or BECAME_IRREGULAR. By procedural status only the"
            " numerator is broken down, so that the two shares add up to the whole.",
        ),
        Words(
            "PMI aktif (I06) yang status prosedural episode terbarunya diketahui; yang tidak diketahui atau tidak"
            " dicatat tampil pada PROCEDURAL_UNKNOWN_SHARE.",
            "Migrants of I06 whose latest episode has a known procedural status; those that are unknown or not"
            " recorded are PROCEDURAL_UNKNOWN_SHARE.",
        ),
        counts=active(procedural_status=OUTSIDE),
        per=active(procedural_status=(ProceduralStatus.PROCEDURAL, *OUTSIDE)),
        by=(*PLACES, D.SEX, D.COUNTRY, D.SECTOR, D.PROCEDURAL_STATUS, *PERIODS),
        rounded_to=10,
    ),
    Indicator(
        N.PROCEDURAL_UNKNOWN_SHARE,
        "I25",
        PROTECTIVE,
        PERCENT,
        Words(
            "PMI aktif (I06) yang status prosedural episode terbarunya tidak diketahui atau tidak dicatat.",
            "Migrants of I06 whose latest episode has an unknown procedural status or none recorded.",
        ),
        ACTIVE,
        counts=active(procedural_status=(ProceduralStatus.UNKNOWN, UNKNOWN)),
        per=active(),
        by=(*PLACES, D.SEX, D.COUNTRY, D.SECTOR, *PERIODS),
        rounded_to=10,
    ),
    Indicator(
        N.INFORMAL_SHARE,
        "I27",
        PERSONAL,
        PERCENT,
        Words(
            "PMI aktif (I06) yang episode terbarunya di sektor informal.",
            "Migrants of I06 whose latest episode is in the INFORMAL sector.",
        ),
        Words(
            "PMI aktif (I06) yang sektor episode terbarunya diketahui: formal, informal, atau berbasis laut.",
            "Migrants of I06 whose latest episode has a known sector: FORMAL, INFORMAL or SEA_BASED.",
        ),
        counts=active(sector=(Sector.INFORMAL,)),
        per=active(sector=KNOWN_SECTORS),
        by=(*PLACES, *WHO, D.COUNTRY, D.SCHEME, D.OCCUPATION_GROUP, *PERIODS),
    ),
    Indicator(
        N.UNDERAGE_FIRST_DEPARTURE,
        "I29",
        SPECIAL,
        PERSON,
        Words(
            "Anggota rumah tangga terverifikasi yang keberangkatan pertamanya pasti terjadi sebelum genap 18 tahun,"
            " umur terendah menurut UU 18/2017 Pasal 5 huruf a. Bila tanggal lahir atau berangkat yang diketahui"
            " memungkinkan keduanya, tidak dihitung. Menurut tahap: tahap episode terbaru.",
            "Members of verified households whose first departure certainly came before they had completed 18 years,"
            " the least age of UU 18/2017 Art. 5(a). Where the dates, as far as they are known, allow both, nobody"
            " counts. By stage: that of the latest episode.",
        ),
        counts=Count(units.MIGRANT, {"left_underage": ("true",)}),
        by=(*PLACES, D.SEX, D.EDUCATION, D.STAGE, *PERIODS),
    ),
    Indicator(
        N.CONTRACTS_ENDING_6M,
        "I30",
        PERSONAL,
        PERSON,
        Words(
            "PMI aktif (I06) yang kontrak episode terbarunya berakhir pada hari itu atau dalam enam bulan"
            " sesudahnya. Tanggal yang hanya diketahui tahun atau bulannya dihitung dari hari pertamanya; tanpa"
            " tanggal tidak dihitung.",
            "Migrants of I06 whose contract of the latest episode ends on the day or within six months after it. A"
            " date of which only the year or month is known counts from its first day; without a date nobody counts.",
        ),
        counts=replace(active(), window=ENDING_SOON),
        by=OF_ACTIVE,
    ),
    Indicator(
        N.SOCIAL_SECURITY_COVERAGE,
        "I31",
        PERSONAL,
        PERCENT,
        Words(
            "PMI aktif (I06) yang pada episode terbarunya dicatat sebagai peserta JKK dan JKM, dua program yang"
            " wajib; bila tidak dicatat, dianggap bukan peserta.",
            "Migrants of I06 who are recorded, in the latest episode, as covered by JKK and JKM, the two compulsory"
            " schemes; without a record they count as not covered.",
        ),
        ACTIVE,
        counts=active(insured=("true",)),
        per=active(),
        by=OF_ACTIVE,
    ),
    Indicator(
        N.REMITTANCE_RECEIVING_SHARE,
        "I32",
        SPECIAL,
        PERCENT,
        Words(
            "Rumah tangga pada penyebut yang menerima kiriman uang dari sedikitnya satu dari mereka: episode terbarunya"
            " mencatat kiriman, dan frekuensinya bukan tidak ada. Bila tidak dicatat, dianggap tidak menerima.",
            "Households of the denominator that receive money from at least one of those members: the latest episode"
            " records remittances, and their frequency is not NONE. Without a record they count as not receiving.",
        ),
        Words(
            "Rumah tangga terverifikasi (I04) yang mempunyai sedikitnya satu anggota dengan episode terbaru (lihat I05)"
            " bertahap sedang bekerja di luar negeri atau cuti di tanah air.",
            "Verified households (I04) with at least one member whose latest episode (see I05) has the stage"
            " WORKING_ABROAD or ON_HOME_LEAVE.",
        ),
        counts=Count(units.HOUSEHOLD, {"receives_remittances": ("true",)}),
        per=Count(units.HOUSEHOLD, {"has_migrant_abroad": ("true",)}),
        by=(*PLACES, *PERIODS),
    ),
)
