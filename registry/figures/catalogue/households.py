"""Verified households, who lives in them, and how far their migration has come: I04 to I09 and I28."""

from __future__ import annotations

from auth.sensitivity import Sensitivity
from registry.codes import Dimension, IndicatorName, MigrationStage, Sex
from registry.figures import units
from registry.figures.catalogue.counts import RETURNED, active, at_stage
from registry.figures.count import Count
from registry.figures.indicator import HOUSEHOLD, JOB, PERCENT, PERIODS, PERSON, PLACES, WHO, Indicator, Words

N, D = IndicatorName, Dimension
OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL
PEOPLE = (*PLACES, *WHO, *JOB, *PERIODS)

HOUSEHOLDS = (
    Indicator(
        N.HOUSEHOLDS,
        "I04",
        OPERATIONAL,
        HOUSEHOLD,
        Words(
            "Rumah tangga yang terverifikasi, dengan isi pada verifikasi terakhirnya; yang diarsipkan tidak"
            " dihitung. Verifikasi mensyaratkan sedikitnya satu episode migrasi. Menurut jenis kelamin: jenis kelamin"
            " kepala keluarga. Menurut status alur kerja: status revisi terbaru.",
            "Households that are verified, as of their latest verification; archived ones do not count. Verification"
            " demands at least one migration episode. By sex: the sex of the head of the family. By workflow state:"
            " the state of the newest revision.",
        ),
        counts=Count(units.HOUSEHOLD),
        by=(*PLACES, D.SEX, D.WORKFLOW_STATE, *PERIODS),
    ),
    Indicator(
        N.PERSONS_PROSPECTIVE,
        "I05",
        PERSONAL,
        PERSON,
        Words(
            "Anggota rumah tangga terverifikasi (I04) yang episode terbarunya bertahap calon PMI. Episode terbaru"
            " adalah yang paling akhir menurut tanggal berangkat, bila kosong tanggal daftar, bila kosong awal"
            " kontrak; yang tanpa tanggal adalah rencana dan dianggap terbaru; bila sama, yang dicatat terakhir."
            " Lebih luas daripada UU 18/2017 Pasal 1 angka 1: yang belum terdaftar di dinas juga dihitung.",
            "Members of verified households (I04) whose latest episode has the stage PROSPECTIVE. The latest episode"
            " is the last by its day of departure, without one by its registration, without that by the start of the"
            " contract; one without any date is a plan and the latest; of equal ones, the one recorded last. Wider"
            " than UU 18/2017 Art. 1 number 1: who is not yet registered with the manpower office counts too.",
        ),
        counts=at_stage(MigrationStage.PROSPECTIVE),
        by=PEOPLE,
    ),
    Indicator(
        N.PERSONS_ACTIVE,
        "I06",
        PERSONAL,
        PERSON,
        Words(
            "Anggota rumah tangga terverifikasi yang episode terbarunya (lihat I05) bertahap sedang bekerja di luar"
            " negeri; yang sedang cuti di tanah air tidak dihitung. Menurut negara, sektor, skema, atau jabatan: dari"
            " episode itu.",
            "Members of verified households whose latest episode (see I05) has the stage WORKING_ABROAD; who is on"
            " home leave does not count. By country, sector, scheme or occupation: those of that episode.",
        ),
        counts=active(),
        by=PEOPLE,
        broken_down={"I26": D.COUNTRY},
    ),
    Indicator(
        N.PERSONS_RETURNED,
        "I07",
        PERSONAL,
        PERSON,
        Words(
            "Anggota rumah tangga terverifikasi yang episode terbarunya (lihat I05) bertahap purna PMI. Yang sudah"
            " pulang lalu berangkat lagi tidak dihitung. Menurut negara, sektor, skema, atau jabatan: dari episode"
            " itu.",
            "Members of verified households whose latest episode (see I05) has the stage RETURNED. Who came back and"
            " left again does not count. By country, sector, scheme or occupation: those of that episode.",
        ),
        counts=RETURNED,
        by=PEOPLE,
    ),
    Indicator(
        N.FAMILY_MEMBERS,
        "I08",
        PERSONAL,
        PERSON,
        Words(
            "Anggota rumah tangga terverifikasi yang adalah suami, istri, anak, atau orang tua (UU 18/2017 Pasal 1"
            " angka 3) dari anggota lain di rumah tangga itu yang mempunyai episode bertahap calon PMI, sedang"
            " bekerja, cuti, atau purna. Ibu dan ayah yang dicatat menentukan; bila tidak dicatat, hubungan dengan"
            " kepala keluarga. PMI yang juga keluarga PMI lain ikut dihitung.",
            "Members of verified households who are spouse, child or parent (UU 18/2017 Art. 1 number 3) of another"
            " member of that household with an episode of the stage PROSPECTIVE, WORKING_ABROAD, ON_HOME_LEAVE or"
            " RETURNED. The recorded mother and father decide; where none is recorded, the relation to the head. A"
            " migrant who is family of another migrant counts too.",
        ),
        counts=Count(units.PERSON, {"migrant_family": ("true",)}),
        by=(*PLACES, *WHO),
    ),
    Indicator(
        N.HOUSEHOLD_MEMBERS,
        "I09",
        OPERATIONAL,
        PERSON,
        Words(
            "Semua anggota rumah tangga terverifikasi (I04), di mana pun mereka tinggal, termasuk PMI sendiri serta"
            " yang dicatat hilang atau meninggal. Orang yang tercatat di dua rumah tangga dihitung dua kali sampai"
            " data gandanya diputuskan.",
            "All members of verified households (I04), wherever they live, with the migrants themselves and those"
            " recorded as missing or dead. A person recorded in two households counts twice until the duplicate is"
            " decided.",
        ),
        counts=Count(units.PERSON),
        by=(*PLACES, *WHO, *PERIODS),
    ),
    Indicator(
        N.FEMALE_SHARE,
        "I28",
        PERSONAL,
        PERCENT,
        Words("PMI aktif (I06) yang perempuan.", "Migrants of I06 who are women."),
        Words(
            "PMI aktif (I06) yang jenis kelaminnya dicatat; yang tidak dicatat tidak dihitung di kedua sisi.",
            "Migrants of I06 whose sex is recorded; those without count on neither side.",
        ),
        counts=active(sex=(Sex.FEMALE,)),
        per=active(sex=tuple(Sex)),
        by=(*PLACES, D.AGE_BAND, D.EDUCATION, *JOB, *PERIODS),
    ),
)
