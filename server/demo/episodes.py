"""Where the demo's migrants went, as what, by which scheme, and how it ended.

Illustrative: the sources give the destinations of the whole country (first half of 2024: Hong Kong, Taiwan, Malaysia,
Japan, Singapore, Korea, Saudi Arabia) and four of five placements as private to private (2024).  Weights by province,
wages and outcomes are made up around that; Malaysia leads here, for many of the demo's villages lie in the east.
Rule: an earlier episode ends before the next begins, and a departure before 18 is rare but there.
Test: tests/test_demo_households.py.
"""

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from registry.codes import LegalCategory, MigrationStage, OccupationGroup, Sector, Sex

Weights = Mapping[str, float]


class Job(NamedTuple):
    """What migrants do: the list's group, the title on the contract, the sector and who employs."""

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
    """A country: what it pays a month, where people work, how many men go for each woman, and as what."""

    currency: str
    wage: tuple[int, int]
    cities: tuple[str, ...]
    men: float
    jobs: dict[Sex, Weights]


def destination(
    currency: str, wage: tuple[int, int], cities: str, share_of_men: float, women: str, men: str
) -> Destination:
    """Jobs as `maid 9, carer 1`."""
    jobs = {Sex.FEMALE: _weights(women), Sex.MALE: _weights(men)}
    return Destination(currency, wage, tuple(cities.split(", ")), share_of_men, jobs)


def _weights(text: str) -> Weights:
    return {name: float(weight) for name, weight in (entry.split() for entry in text.split(", "))}


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
"""Share of episodes outside the procedure where the land border or the moratorium invites them; elsewhere 2 %."""

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
GONE = (
    MigrationStage.WORKING_ABROAD,
    MigrationStage.ON_HOME_LEAVE,
    MigrationStage.RETURNED,
    MigrationStage.DIED_ABROAD,
)
ABROAD = (MigrationStage.WORKING_ABROAD, MigrationStage.ON_HOME_LEAVE)
YEAR = 365.25
UNDERAGE = 0.02
"""Share of the travellers who left as children for the first time, where their later episodes leave room for it."""


def pick(weights: Weights, rng: random.Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def days(years: float) -> dt.timedelta:
    return dt.timedelta(days=round(years * YEAR))


def partial(day: dt.date, rng: random.Random, certainty: float, month: bool = False) -> str:
    """The day as people remember it: whole, or the month, or the year only unless the `month` is known in any case."""
    drawn = rng.random()
    return day.isoformat()[: 10 if drawn < certainty else 7 if month or drawn < (1 + certainty) / 2 else 4]


def passport(number: int) -> str:
    """Nine characters of the usual form, in a series of the demo's own."""
    series, serial = divmod(number, 10_000_000)
    return f"Z{chr(ord('A') + series)}{serial:07d}"


@dataclass(frozen=True, slots=True)
class Traveller:
    """What of a person decides the episodes; `number` makes passports unique in the country."""

    id: str
    sex: Sex
    born: dt.date
    number: int


def episodes(
    who: Traveller, stage: MigrationStage, province: str, visited: dt.date, today: dt.date, rng: random.Random
) -> Iterator[dict[str, Any]]:
    """The columns of a person's episodes, oldest first, as the visit found them."""
    origin = ORIGINS[province]
    weights = {code: w * (DESTINATIONS[code].men if who.sex is Sex.MALE else 1) for code, w in origin.items()}
    left, back = _latest(stage, visited, rng)
    grown = who.born + days(18.1)
    if stage in GONE and left < grown:
        left = grown
        back = back and max(back, grown + days(rng.uniform(1, 2)))
    earlier: list[tuple[dt.date, dt.date]] = []
    border = left
    while len(earlier) < 5 and rng.random() < 0.42:
        end = border - days(rng.uniform(0.2, 2.2))
        border = end - days(rng.uniform(1.6, 3.1))
        if border < grown:
            break
        earlier.append((border, end))
    first = earlier[-1][0] if earlier else left
    child = who.born + days(rng.uniform(14.5, 17.5))
    if rng.random() < UNDERAGE and child + days(3) < first:
        earlier.append((child, child + days(2)))
    for begin, end in reversed(earlier):
        yield _episode(who, MigrationStage.RETURNED, pick(weights, rng), begin, end, today, rng)
    yield _episode(who, stage, pick(weights, rng), left, back, today, rng, latest=True)


def _latest(stage: MigrationStage, visited: dt.date, rng: random.Random) -> tuple[dt.date, dt.date | None]:
    """When the latest episode began, or was meant to, and when it ended."""
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
    who: Traveller,
    stage: MigrationStage,
    country: str,
    begin: dt.date,
    end: dt.date | None,
    today: dt.date,
    rng: random.Random,
    latest: bool = False,
) -> dict[str, Any]:
    certainty = 0.75 if latest else 0.2
    place = DESTINATIONS[country]
    job = JOBS[pick(place.jobs[who.sex], rng)]
    gone = stage in GONE
    episode: dict[str, Any] = {"member_id": who.id, "stage": stage.value, "country": country}
    episode |= {"occupation_group": job.group.value, "job_title": job.title}
    episode |= {"sector": job.sector.value, "legal_category": job.employer.value}
    if not gone:
        episode |= {
            "registered_on": begin.isoformat(),
            "recruiter": "LICENSED_AGENCY",
            "procedural_status": "PROCEDURAL",
        }
        episode["scheme"] = pick(SCHEMES.get(country, USUAL_SCHEMES), rng)
        if stage is MigrationStage.PROSPECTIVE and rng.random() < 0.4:
            episode["departed_on"] = (today + dt.timedelta(days=rng.randint(20, 200))).isoformat()
        return episode
    episode["departed_on"] = partial(begin, rng, certainty, month=latest)
    episode["city"] = rng.choice(place.cities)
    episode |= {"wage_amount": str(rng.randrange(*place.wage, 10)), "wage_currency": place.currency}
    episode |= _papers(who, country, begin, end or today, stage in ABROAD, rng)
    if stage is MigrationStage.RETURNED and end is not None:
        episode["returned_on"] = partial(end, rng, certainty)
        episode["return_reason"] = pick(REASONS, rng)
        episode["plan_after_return"] = pick(PLANS, rng)
    if stage in ABROAD:
        episode["welfare"] = pick(WELFARE, rng)
    return episode


def _papers(
    who: Traveller, country: str, begin: dt.date, needed: dt.date, active: bool, rng: random.Random
) -> dict[str, Any]:
    """Status, scheme and documents; a few say they went by the book and have nothing to show for it."""
    drawn = rng.random()
    if drawn < RISKY.get(country, 0.02):
        broker = pick({"BROKER": 6, "FAMILY_OR_FRIEND": 3, "SELF": 1}, rng)
        status = pick({"NON_PROCEDURAL": 8, "UNKNOWN": 2}, rng)
        cost = {"cost_paid_amount": str(rng.randrange(2, 9) * 500_000), "cost_paid_currency": "IDR"}
        return {"procedural_status": status, "scheme": "NONE", "recruiter": broker, "visa_type": "Kunjungan", **cost}
    if drawn > 0.98:
        return {"procedural_status": "UNKNOWN", "scheme": "UNKNOWN"}
    said: dict[str, Any] = {"procedural_status": "BECAME_IRREGULAR" if drawn > 0.97 else "PROCEDURAL"}
    said |= {
        "scheme": pick(SCHEMES.get(country, USUAL_SCHEMES), rng),
        "recruiter": "LICENSED_AGENCY",
        "visa_type": "Kerja",
    }
    said |= {"social_security_jkk_jkm": rng.random() < 0.85, "social_security_jht": rng.random() < 0.3}
    if drawn > 0.96:
        return said
    term = days(2 if country in ("HK", "MY", "SA", "SG") else 3)
    ends = begin + term
    while active and ends < needed - dt.timedelta(days=170) and rng.random() < 0.97:
        ends += term
    said |= {"contract_starts_on": begin.isoformat()[:7], "contract_ends_on": ends.isoformat()[:7]}
    said["passport_no"] = passport(who.number)
    said["passport_expires_on"] = (begin + days(rng.uniform(3, 5))).isoformat()
    if rng.random() < 0.6:
        said["epmi_no"] = f"ID99{who.number:08d}"
    if rng.random() < 0.4:
        said |= {"debt_amount": str(rng.randrange(2, 30) * 1_000_000), "debt_currency": "IDR"}
    return said
