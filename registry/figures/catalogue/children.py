"""Children of verified households: I10 to I13 and I39.  Their data is specific (UU 27/2022 Art. 4(2))."""

from __future__ import annotations

from auth.sensitivity import Sensitivity
from registry.codes import Dimension, IndicatorName, ParentsAbroad, SchoolStatus
from registry.figures import units
from registry.figures.catalogue.counts import left_behind
from registry.figures.count import Count
from registry.figures.indicator import PERCENT, PERIODS, PLACES, Indicator, Words
from registry.figures.windows import MINOR, OF_SCHOOL_AGE

N, D = IndicatorName, Dimension
PERSONAL, SPECIAL = Sensitivity.PERSONAL, Sensitivity.SPECIAL
CHILD = Words("anak", "children")
OF_CHILD = (*PLACES, D.SEX, D.AGE_BAND, D.SCHOOL_STATUS)


def _of(name: IndicatorName, parents: ParentsAbroad, parent_id: str, parent_en: str) -> Indicator:
    """I12: the children left behind, by who is abroad."""
    numerator = Words(
        f"Anak yang ditinggal orang tua (I11) yang {parent_id} di luar negeri; orang tua yang tidak tercatat di rumah"
        " tangga itu tidak dianggap di luar negeri.",
        f"Children left behind (I11) {parent_en} abroad; a parent who is not recorded in the household is not taken to"
        " be abroad.",
    )
    return Indicator(
        name, "I12", SPECIAL, CHILD, numerator, counts=left_behind(parents), by=(*OF_CHILD, D.CAREGIVER, *PERIODS)
    )


CHILDREN = (
    Indicator(
        N.CHILDREN_UNDER_18,
        "I10",
        PERSONAL,
        CHILD,
        Words(
            "Anggota rumah tangga terverifikasi yang belum genap 18 tahun pada hari itu. Tanggal lahir yang hanya"
            " diketahui tahun atau bulannya dihitung dari hari pertamanya; yang lahir 29 Februari genap 18 tahun pada"
            " 1 Maret; tanpa tahun lahir tidak dihitung.",
            "Members of verified households who have not completed 18 years on the day. A birth date of which only"
            " the year or month is known counts from its first day; who was born on 29 February comes of age on 1"
            " March; without a year of birth nobody counts.",
        ),
        counts=Count(units.PERSON, window=MINOR),
        by=(*OF_CHILD, D.PARENTS_ABROAD, *PERIODS),
    ),
    Indicator(
        N.CHILDREN_LEFT_BEHIND,
        "I11",
        SPECIAL,
        CHILD,
        Words(
            "Anak di bawah 18 tahun (I10) yang ibu atau ayahnya di rumah tangga itu berada pada tahap sedang bekerja"
            " di luar negeri atau cuti di tanah air menurut episode terbarunya (lihat I05). Ibu dan ayah ditentukan"
            " seperti pada I08.",
            "Children under 18 (I10) whose mother or father in the household has WORKING_ABROAD or ON_HOME_LEAVE as"
            " the stage of the latest episode (see I05). Mother and father are found as in I08.",
        ),
        counts=left_behind(),
        by=(*OF_CHILD, D.PARENTS_ABROAD, D.CAREGIVER, *PERIODS),
    ),
    _of(N.CHILDREN_OF_MOTHER_ABROAD, ParentsAbroad.MOTHER, "ibunya saja", "whose mother alone is"),
    _of(N.CHILDREN_OF_FATHER_ABROAD, ParentsAbroad.FATHER, "ayahnya saja", "whose father alone is"),
    _of(N.CHILDREN_OF_BOTH_ABROAD, ParentsAbroad.BOTH, "ibu dan ayahnya", "whose mother and father are both"),
    Indicator(
        N.CHILDREN_OUT_OF_SCHOOL,
        "I13",
        SPECIAL,
        CHILD,
        Words(
            "Anggota rumah tangga terverifikasi yang sudah genap 7 dan belum genap 18 tahun (umur seperti pada I10)"
            " dengan status sekolah putus sekolah atau belum sekolah. Yang sudah tamat atau yang statusnya tidak"
            " dicatat tidak dihitung.",
            "Members of verified households who have completed 7 and not 18 years (ages as in I10) and whose school"
            " status is DROPPED_OUT or NOT_YET. Who has finished school, or whose status is not recorded, does not"
            " count.",
        ),
        counts=Count(
            units.PERSON, {"school_status": (SchoolStatus.DROPPED_OUT, SchoolStatus.NOT_YET)}, window=OF_SCHOOL_AGE
        ),
        by=(*OF_CHILD, D.PARENTS_ABROAD, *PERIODS),
    ),
    Indicator(
        N.PARENTING_REACH,
        "I39",
        SPECIAL,
        PERCENT,
        Words(
            "Anak yang ditinggal orang tua (I11) yang dicatat ikut pengasuhan bersama; bila tidak dicatat, dianggap"
            " tidak ikut.",
            "Children left behind (I11) who are recorded as coming to the sessions of community parenting; without a"
            " record they count as not coming.",
        ),
        Words("Anak yang ditinggal orang tua (I11).", "Children left behind (I11)."),
        counts=left_behind(attends_parenting=("true",)),
        per=left_behind(),
        by=(*OF_CHILD, D.PARENTS_ABROAD, D.CAREGIVER, *PERIODS),
    ),
)
