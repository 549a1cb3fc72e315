"""The migration episodes of the demo's people: where they went, to do what, by which scheme, and how it ended.

Illustrative: the sources give the destinations of the whole country (first half of 2024: Hong Kong, Taiwan, Malaysia,
Japan, Singapore, Korea, Saudi Arabia) and four of five placements as private to private (2024).  Weights by province,
wages and outcomes are invented around that; Malaysia leads here, because many of the demo's villages lie in the east.
Rule: an earlier episode ends before the next begins, and departures before 18 are rare but exist.
Test: tests/test_demo_households.py.
"""

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from registry.codes import LegalCategory, MigrationStage, OccupationGroup, Sector, Sex
from server.demo.agencies import agency_of

Weights = Mapping[str, float]


class Job(NamedTuple):
    """A migrant's work: the group of the code list, the title on the contract, the sector and the kind of employer."""

    group: OccupationGroup
    title: str
    sector: Sector = Sector.FORMAL
    employer: LegalCategory = LegalCategory.LEGAL_ENTITY_EMPLOYER


HOME, SEA = LegalCategory.INDIVIDUAL_EMPLOYER, LegalCategory.SEAFARER_OR_FISHER
JOBS: dict[str, Job] = {
    "maid": Job(OccupationGroup.DOMESTIC_WORKER, "Penata laksana rumah tangga", Sector.INFORMAL, HOME),
    "carer": Job(OccupationGroup.CAREGIVER, "Pengasuh lansia", Sector.INFORMAL, HOME),
    "nurse": Job(OccupationGroup.NURSE, "Perawat lansia"),
    "palm": Job(OccupationGroup.PLANTATION_WORKER, "Pekerja ladang sawit"),
    "farm": Job(OccupationGroup.FARM_WORKER, "Pekerja pertanian"),
    "factory": Job(OccupationGroup.FACTORY_WORKER, "Operator produksi"),
    "site": Job(OccupationGroup.CONSTRUCTION, "Pekerja konstruksi"),
    "boat": Job(OccupationGroup.FISHER, "Anak buah kapal ikan", Sector.SEA_BASED, SEA),
    "ship": Job(OccupationGroup.SHIP_CREW, "Awak kapal pesiar", Sector.SEA_BASED, SEA),
    "hotel": Job(OccupationGroup.HOSPITALITY, "Pelayan restoran"),
    "spa": Job(OccupationGroup.THERAPIST, "Terapis spa"),
    "clean": Job(OccupationGroup.CLEANING, "Petugas kebersihan"),
    "driver": Job(OccupationGroup.DRIVER, "Sopir keluarga", Sector.INFORMAL, HOME),
    "weld": Job(OccupationGroup.TECHNICIAN, "Juru las"),
}


@dataclass(frozen=True, slots=True)
class Destination:
    """A country: wages a month from lowest to highest, cities, men for each woman who goes, and their jobs."""

    currency: str
    wage: tuple[int, int]
    cities: tuple[str, ...]
    men: float
    jobs: dict[Sex, Weights]


def destination(
    currency: str, wage: tuple[int, int], cities: str, share_of_men: float, women: str, men: str
) -> Destination:
    """A destination whose jobs are given as texts such as `maid 9, carer 1`: names and weights."""
    jobs = {Sex.FEMALE: _weights(women), Sex.MALE: _weights(men)}
    return Destination(currency, wage, tuple(cities.split(", ")), share_of_men, jobs)


def _weights(text: str) -> Weights:
    weights = {}
    for entry in text.split(", "):
        name, weight = entry.split()
        weights[name] = float(weight)
    return weights


DESTINATIONS: dict[str, Destination] = {
    "HK": destination(
        "HKD", (4870, 5600), "Kowloon, Tsuen Wan, Sha Tin, Yuen Long", 0.03, "maid 9, carer 1", "driver 1"
    ),
    "TW": destination(
        "TWD", (20000, 29000), "Taipei, Taoyuan, Taichung, Kaohsiung", 0.7, "carer 8, factory 2", "factory 7, boat 3"
    ),
    "MY": destination(
        "MYR",
        (1500, 2300),
        "Johor Bahru, Tawau, Sandakan, Kuala Lumpur, Miri",
        1.6,
        "maid 5, factory 3, palm 2",
        "palm 6, site 3, factory 1",
    ),
    "SG": destination("SGD", (550, 800), "Singapura", 0.08, "maid 9, carer 1", "ship 1"),
    "JP": destination(
        "JPY",
        (160000, 220000),
        "Osaka, Nagoya, Ibaraki, Kumamoto",
        1.1,
        "nurse 4, factory 4, farm 2",
        "factory 5, farm 2, site 3",
    ),
    "KR": destination("KRW", (1900000, 2600000), "Ansan, Incheon, Gwangju, Busan", 2, "factory 1", "factory 7, boat 3"),
    "SA": destination("SAR", (1000, 1800), "Riyadh, Jeddah, Madinah", 0.4, "maid 9, clean 1", "driver 7, clean 3"),
    "AE": destination("AED", (1200, 2200), "Dubai, Abu Dhabi", 0.5, "maid 7, hotel 3", "driver 4, hotel 6"),
    "BN": destination("BND", (450, 750), "Bandar Seri Begawan", 1, "maid 7, hotel 3", "site 7, weld 3"),
    "TR": destination("USD", (500, 900), "Antalya, Istanbul", 0.2, "spa 9, hotel 1", "hotel 1"),
    "IT": destination("EUR", (1000, 1500), "Genova, Roma", 2, "hotel 6, carer 4", "ship 9, hotel 1"),
    "PL": destination("PLN", (3500, 4600), "Warszawa, Poznań", 3, "factory 1", "factory 6, weld 4"),
}

ORIGINS: dict[str, Weights] = {
    "12": _weights("MY 66, TW 8, HK 6, JP 10, SG 6, KR 2, BN 2"),
    "18": _weights("TW 40, HK 30, MY 11, SG 9, JP 5, KR 5"),
    "32": _weights("TW 28, HK 19, SA 17, MY 8, JP 12, SG 6, KR 5, AE 4, PL 1"),
    "33": _weights("TW 28, HK 27, MY 14, JP 11, KR 8, SG 10, SA 1, PL 1"),
    "34": _weights("HK 24, TW 24, MY 22, JP 14, KR 9, SG 7"),
    "35": _weights("HK 36, TW 31, MY 14, SG 8, BN 3, KR 4, JP 3, SA 1"),
    "36": _weights("SA 44, TW 14, HK 10, MY 12, AE 12, JP 4, KR 4"),
    "51": _weights("TR 26, JP 22, IT 28, MY 6, PL 8, AE 10"),
    "52": _weights("MY 58, SA 13, HK 10, TW 9, AE 4, JP 3, SG 3"),
    "53": _weights("MY 76, SG 8, HK 7, TW 4, BN 5"),
    "61": _weights("MY 80, BN 11, TW 5, HK 4"),
    "73": _weights("MY 66, SA 18, JP 5, TW 5, BN 6"),
}
RISKY: Weights = {"MY": 0.22, "SA": 0.3, "AE": 0.15}
"""Share of episodes outside the procedure in countries with a land border or a moratorium; elsewhere it is 2 %."""

SCHEMES: dict[str, Weights] = {
    "KR": _weights("GOVERNMENT_TO_GOVERNMENT 85, PRIVATE_TO_PRIVATE 15"),
    "JP": _weights("SPECIFIED_SKILLED_WORKER 35, GOVERNMENT_TO_GOVERNMENT 10, PRIVATE_TO_PRIVATE 50, INDIVIDUAL 5"),
}
USUAL_SCHEMES = _weights("PRIVATE_TO_PRIVATE 91, INDIVIDUAL 4, RE_ENTRY 5")
REASONS = _weights(
    "CONTRACT_ENDED 74, DISMISSED_EARLY 7, ACCIDENT_OR_ILLNESS 5, DEPORTED 4, ABUSE_OR_VIOLENCE 2, OTHER_CAUSE 8"
)
PLANS = _weights("OWN_BUSINESS 38, LEAVE_AGAIN 27, WORK_IN_COUNTRY 15, NOT_WORK 8, UNDECIDED 12")
WELFARE = _weights("WELL 88, IN_TROUBLE 3, LOST_CONTACT 3, ILL 1, DETAINED 1, UNKNOWN 4")
DEPARTED = (
    MigrationStage.WORKING_ABROAD,
    MigrationStage.ON_HOME_LEAVE,
    MigrationStage.RETURNED,
    MigrationStage.DIED_ABROAD,
)
ABROAD = (MigrationStage.WORKING_ABROAD, MigrationStage.ON_HOME_LEAVE)
YEAR = 365.25
UNDERAGE = 0.02
"""Share of the travellers who first left as children, if their later episodes leave time for it."""


def pick(weights: Weights, rng: random.Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def days(years: float) -> dt.timedelta:
    return dt.timedelta(days=round(years * YEAR))


def partial(day: dt.date, rng: random.Random, certainty: float, month: bool = False) -> str:
    """The day as people remember it: the whole date, the month, or the year alone; with `month` at least the month."""
    text = day.isoformat()
    drawn = rng.random()
    if drawn < certainty:
        return text
    if month or drawn < (1 + certainty) / 2:
        return text[: len("2020-01")]
    return text[: len("2020")]


def passport(number: int) -> str:
    """A number of the usual form, nine characters, in a series of the demo's own."""
    series, serial = divmod(number, 10_000_000)
    return f"Z{chr(ord('A') + series)}{serial:07d}"


@dataclass(frozen=True, slots=True)
class Traveller:
    """What the episodes of a person depend on; `number` makes passports unique in the country."""

    id: str
    sex: Sex
    born: dt.date
    number: int


def episodes(
    traveller: Traveller, stage: MigrationStage, province: str, visited: dt.date, today: dt.date, rng: random.Random
) -> Iterator[dict[str, Any]]:
    """The columns of a person's episodes, oldest first, as known at the visit; the latest is at `stage`."""
    weights = dict(ORIGINS[province])
    if traveller.sex is Sex.MALE:
        weights = {country: weight * DESTINATIONS[country].men for country, weight in weights.items()}
    left, back = _latest(stage, visited, rng)
    adult_on = traveller.born + days(18.1)
    if stage in DEPARTED and left < adult_on:
        left = adult_on
        if back is not None:
            back = max(back, adult_on + days(rng.uniform(1, 2)))
    earlier = _earlier(traveller, left, adult_on, rng)
    for begin, end in reversed(earlier):
        yield _episode(traveller, MigrationStage.RETURNED, pick(weights, rng), begin, end, today, rng)
    yield _episode(traveller, stage, pick(weights, rng), left, back, today, rng, is_latest=True)


def _earlier(
    traveller: Traveller, left: dt.date, adult_on: dt.date, rng: random.Random
) -> list[tuple[dt.date, dt.date]]:
    """Begin and end of the episodes before the one that began when the traveller `left`, newest first."""
    earlier: list[tuple[dt.date, dt.date]] = []
    next_begin = left
    while len(earlier) < 5 and rng.random() < 0.42:
        end = next_begin - days(rng.uniform(0.2, 2.2))
        next_begin = end - days(rng.uniform(1.6, 3.1))
        if next_begin < adult_on:
            break
        earlier.append((next_begin, end))
    first = earlier[-1][0] if earlier else left
    as_child = traveller.born + days(rng.uniform(14.5, 17.5))
    if rng.random() < UNDERAGE and as_child + days(3) < first:
        earlier.append((as_child, as_child + days(2)))
    return earlier


def _latest(stage: MigrationStage, visited: dt.date, rng: random.Random) -> tuple[dt.date, dt.date | None]:
    """When the latest episode began, or should begin, and when it ended."""
    if stage in ABROAD:
        return visited - days(min(rng.expovariate(0.55) + 0.1, 9)), None
    if stage is MigrationStage.RETURNED:
        back = visited - days(min(rng.expovariate(0.35) + 0.05, 12))
        return back - days(rng.uniform(1.0, 3.2)), back
    if stage is MigrationStage.DIED_ABROAD:
        back = visited - days(rng.uniform(0.1, 4))
        return back - days(rng.uniform(0.4, 3)), None
    return visited - days(rng.uniform(0.02, 0.8)), None


def _episode(
    traveller: Traveller,
    stage: MigrationStage,
    country: str,
    begin: dt.date,
    end: dt.date | None,
    today: dt.date,
    rng: random.Random,
    is_latest: bool = False,
) -> dict[str, Any]:
    certainty = 0.75 if is_latest else 0.2
    target = DESTINATIONS[country]
    job = JOBS[pick(target.jobs[traveller.sex], rng)]
    episode: dict[str, Any] = {
        "member_id": traveller.id,
        "stage": stage.value,
        "country": country,
        "occupation_group": job.group.value,
        "job_title": job.title,
        "sector": job.sector.value,
        "legal_category": job.employer.value,
        "remittance_uses": [],
    }
    if stage not in DEPARTED:
        episode["registered_on"] = begin.isoformat()
        episode |= {"recruiter": "LICENSED_AGENCY", "agency_id": agency_of(traveller.id)}
        episode["procedural_status"] = "PROCEDURAL"
        episode["scheme"] = pick(SCHEMES.get(country, USUAL_SCHEMES), rng)
        if stage is MigrationStage.PROSPECTIVE and rng.random() < 0.4:
            episode["departed_on"] = (today + dt.timedelta(days=rng.randint(20, 200))).isoformat()
        return episode
    episode["departed_on"] = partial(begin, rng, certainty, month=is_latest)
    episode["city"] = rng.choice(target.cities)
    episode["wage_amount"] = str(rng.randrange(*target.wage, 10))
    episode["wage_currency"] = target.currency
    episode |= _papers(traveller, country, begin, end or today, stage in ABROAD, rng)
    if stage is MigrationStage.RETURNED and end is not None:
        episode["returned_on"] = partial(end, rng, certainty)
        episode["return_reason"] = pick(REASONS, rng)
        episode["plan_after_return"] = pick(PLANS, rng)
    if stage in ABROAD:
        episode["welfare"] = pick(WELFARE, rng)
    return episode


def _papers(
    traveller: Traveller, country: str, begin: dt.date, until: dt.date, is_abroad: bool, rng: random.Random
) -> dict[str, Any]:
    """Status, scheme and documents; a few say that they went by the procedure and have no documents."""
    drawn = rng.random()
    if drawn < RISKY.get(country, 0.02):
        return {
            "recruiter": pick({"BROKER": 6, "FAMILY_OR_FRIEND": 3, "SELF": 1}, rng),
            "procedural_status": pick({"NON_PROCEDURAL": 8, "UNKNOWN": 2}, rng),
            "cost_paid_amount": str(rng.randrange(2, 9) * 500_000),
            "cost_paid_currency": "IDR",
            "scheme": "NONE",
            "visa_type": "Kunjungan",
        }
    if drawn > 0.98:
        return {"procedural_status": "UNKNOWN", "scheme": "UNKNOWN"}
    papers: dict[str, Any] = {
        "procedural_status": "BECAME_IRREGULAR" if drawn > 0.97 else "PROCEDURAL",
        "scheme": pick(SCHEMES.get(country, USUAL_SCHEMES), rng),
        "recruiter": "LICENSED_AGENCY",
        "agency_id": agency_of(traveller.id),
        "visa_type": "Kerja",
        "social_security_jkk_jkm": rng.random() < 0.85,
        "social_security_jht": rng.random() < 0.3,
    }
    if drawn > 0.96:
        return papers
    term = days(2 if country in ("HK", "MY", "SA", "SG") else 3)
    contract_end = begin + term
    while is_abroad and contract_end < until - dt.timedelta(days=170) and rng.random() < 0.97:
        contract_end += term  # prolonged
    papers["contract_starts_on"] = begin.isoformat()[:7]
    papers["contract_ends_on"] = contract_end.isoformat()[:7]
    papers["passport_no"] = passport(traveller.number)
    papers["passport_expires_on"] = (begin + days(rng.uniform(3, 5))).isoformat()
    if rng.random() < 0.6:
        papers["epmi_no"] = f"ID99{traveller.number:08d}"
    if rng.random() < 0.4:
        papers["debt_amount"] = str(rng.randrange(2, 30) * 1_000_000)
        papers["debt_currency"] = "IDR"
    return papers
