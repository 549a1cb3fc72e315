"""The map and the staff of the benchmark's country, for any number of households.

Villages hold 60 households (more where the country would need over 5,000 of them), three make a district, seven
districts a regency.  Rule: codes, ids and names follow from numbers alone, so every run asks for the same things.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from auth.area import NATIONAL, AreaSet
from auth.role import Role
from server.demo.names import BY_PROVINCE

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:desmigratif:benchmarks")
PER_VILLAGE, MOST_VILLAGES = 60, 5_000
VILLAGES, DISTRICTS = 3, 7
"""Villages of a district, districts of a regency."""
PROVINCES = {
    "12": "Sumatera Utara", "18": "Lampung", "32": "Jawa Barat", "33": "Jawa Tengah", "34": "DI Yogyakarta",
    "35": "Jawa Timur", "36": "Banten", "51": "Bali", "52": "Nusa Tenggara Barat", "53": "Nusa Tenggara Timur",
    "61": "Kalimantan Barat", "73": "Sulawesi Selatan",
}  # fmt: skip
FIRST = ("Suka", "Karang", "Sumber", "Tanjung", "Wono", "Sido", "Margo", "Bumi", "Giri", "Mulyo", "Tegal", "Banjar")
LAST = ("maju", "rejo", "sari", "mulya", "harjo", "agung", "asri", "jaya", "makmur", "tirto", "anyar")


@dataclass(frozen=True)
class Place:
    """A region: its code says level and parent."""

    code: str
    name: str

    @property
    def id(self) -> uuid.UUID:
        return uuid.uuid5(NAMESPACE, f"region/{self.code}")

    @property
    def level(self) -> str:
        return ("PROVINCE", "REGENCY", "DISTRICT", "VILLAGE")[self.code.count(".")]


@dataclass(frozen=True)
class Persona:
    """Somebody with one role in one area; None is the whole country."""

    role: Role
    area: str | None

    @property
    def username(self) -> str:
        return f"{self.role.value.lower()}@{self.area or 'national'}"

    @property
    def id(self) -> uuid.UUID:
        return uuid.uuid5(NAMESPACE, f"account/{self.username}")

    @property
    def reach(self) -> AreaSet:
        """What the grant covers."""
        return NATIONAL if self.area is None else AreaSet.of(self.area)


@dataclass(frozen=True)
class Country:
    """The map for so many households."""

    households: int

    @property
    def villages(self) -> int:
        return max(1, min(MOST_VILLAGES, -(-self.households // PER_VILLAGE)))

    @property
    def whole_from(self) -> int:
        """The number of the first household with everything; there is one in each village, its last."""
        return self.households - self.villages

    @cached_property
    def village_codes(self) -> list[str]:
        """In the order of the country; the number of a village is its place here."""
        return [
            f"{self._regency(v)}.{v % self._per // VILLAGES + 1:02d}.{2001 + v % VILLAGES}"
            for v in range(self.villages)
        ]

    @cached_property
    def places(self) -> list[Place]:
        """Every region, parents first."""
        codes = {code[:n] for code in self.village_codes for n in (2, 5, 8, 13)}
        return [Place(code, _name(code)) for code in sorted(codes, key=lambda code: (len(code), code))]

    def codes(self, level: str) -> list[str]:
        return [place.code for place in self.places if place.level == level]

    def staff(self) -> Iterator[Persona]:
        """An officer in each village, a coordinator in each regency, a user in each province, four analysts as one."""
        yield from (Persona(Role.OFFICER, code) for code in self.village_codes)
        yield from (Persona(Role.REGENCY_COORDINATOR, code) for code in self.codes("REGENCY"))
        yield from (Persona(Role.PROVINCE_OFFICER, code) for code in self.codes("PROVINCE"))
        yield Persona(Role.MINISTRY_ANALYST, None)

    @property
    def _per(self) -> int:
        return VILLAGES * DISTRICTS

    def _regency(self, village: int) -> str:
        """Regencies are spread evenly over the provinces, at least two in each where there are so many."""
        regency, regencies = village // self._per, -(-self.villages // self._per)
        provinces = max(1, min(len(PROVINCES), regencies // 2))
        province = regency * provinces // regencies
        before = -(-province * regencies // provinces)
        return f"{list(PROVINCES)[province]}.{regency - before + 1:02d}"


def _name(code: str) -> str:
    if code in PROVINCES:
        return PROVINCES[code]
    number = uuid.uuid5(NAMESPACE, f"name/{code}").int
    name = FIRST[number % len(FIRST)] + LAST[number // len(FIRST) % len(LAST)]
    return f"Kabupaten {name}" if len(code) == 5 else name


def name_parts() -> Iterator[tuple[str, list[str], list[str], list[str], list[str]]]:
    """Per province: names of men, of women, the second parts of both, hamlets."""
    for province in PROVINCES:
        (culture, *_) = BY_PROVINCE[province]
        second = list(culture.families) or [*culture.second_men, *culture.second_women]
        yield province, list(culture.men), list(culture.women), second, list(culture.hamlets)
