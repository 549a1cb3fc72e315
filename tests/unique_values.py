"""Values that exist once, and whole households made of them: a text shows whose value it is."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Iterator
from typing import Any

from registry.models.household_aggregate import NOUNS
from tests.world import House, Mark, Row


def _ages() -> Iterator[dt.timedelta]:
    return map(dt.timedelta, itertools.count())


class UniqueValues:
    """Makes values that exist once, and records whose they are."""

    def __init__(self, marks: list[Mark]) -> None:
        self.marks, self._n = marks, itertools.count(1)
        self._days = {year: map(dt.date(year, 1, 1).__add__, _ages()) for year in (1950, 2001, 2014)}
        self._numbers: dict[str, Iterator[int]] = {}

    def mark(self, text: str, kind: str | None, row: Row, quoted: bool = True) -> str:
        self.marks.append(Mark(f'"{text}"' if quoted else text, kind, row))
        return text

    def text(self, kind: str, row: Row) -> str:
        return self.mark(f"mk{next(self._n):05d}z", kind, row, quoted=False)

    def day(self, kind: str, row: Row, year: int = 2001) -> str:
        return self.mark(next(self._days[year]).isoformat(), kind, row)

    def money(self, kind: str, row: Row, least: int = 7_000_000) -> dict[str, str]:
        return {"amount": self.mark(f"{least + next(self._n)}.25", kind, row), "currency": "IDR"}

    def number(self, field_: str, row: Row) -> str:
        """A number of the vault; its mask may be shown, the number itself never may."""
        n = next(self._numbers.setdefault(field_, itertools.count()))
        full, shown_length = {
            "nik": (f"{9100 + n}110101500001", 4),
            "kk": (f"{8100 + n}110101100001", 4),
            "phone": (f"+628{n:02d}77665544", 6),
            "passport": (f"{chr(65 + n // 10)}{n % 10}765432", 2),
            "epmi": (f"{chr(65 + n // 26)}{chr(65 + n % 26)}9876543210", 2),
        }[field_]
        self.mark(full[:shown_length] + "*" * (len(full) - shown_length), "IDENTITY", row)
        if field_ in ("nik", "kk"):
            self.mark(full, None, row)
        else:
            self.mark(full[shown_length:], None, row, quoted=False)
        return full


def document(unique: UniqueValues, house: House, code: str, nik: str | None = None) -> dict[str, Any]:
    """A whole household, every field filled in: three people, one a child, two episodes, one business, one pillar, one
    arrangement of care."""

    def row(table: str) -> Row:
        id_ = house.id if table == "household" else uuid.uuid4()
        record = Row(table, id_, house, house.author, kind=NOUNS[table].row_sensitivity.value)
        house.rows.append(record)
        return record

    h, head, wife, child, first, second, shop = map(
        row, ("household", "member", "member", "member", "migration_episode", "migration_episode", "business")
    )
    pillar, care = row("pillar_participation"), row("child_care")
    place = -round(8 + len(unique.marks) / 1e4 + 0.00001, 5)
    latitude = float(unique.mark(f"{round(place, 3) - 0.0001:.4f}", "PERSONAL", h, quoted=False))
    members = [
        person(unique, who, seq, sex, relation, year)
        for seq, (who, sex, relation, year) in enumerate(
            ((head, "MALE", "HEAD", 1950), (wife, "FEMALE", "WIFE", 1950), (child, "MALE", "CHILD", 2014)), 1
        )
    ]
    if nik is not None:
        members[0]["nik"] = nik
    members[2] |= {"schoolStatus": "ATTENDING", "motherId": str(wife.id), "fatherId": str(head.id)}
    return {
        "id": str(h.id),
        "villageCode": code,
        "hamlet": unique.text("PERSONAL", h),
        "rt": "001",
        "rw": "002",
        "address": unique.text("PERSONAL", h),
        "location": {"latitude": latitude, "longitude": 112.5},
        "phone": unique.number("phone", h),
        "kkNumber": unique.number("kk", h),
        "houseOwnership": "OWNED",
        "welfareDecile": 3,
        "receivesPkh": True,
        "receivesBpnt": False,
        "visitResult": "COMPLETE",
        "respondentName": unique.text("PERSONAL", h),
        "respondentRelation": unique.text("PERSONAL", h),
        "capturedAt": "2026-01-02T03:04:05.000Z",
        "consent": {
            "basis": "CONSENT",
            "method": "SIGNATURE",
            "givenBy": unique.text("PERSONAL", h),
            "givenOn": "2026-01-02",
            "guardianConsent": True,
        },
        "members": members,
        "migrations": [
            episode(unique, first, head, "RETURNED")
            | {
                "returnedOn": unique.day("PERSONAL", first),
                "returnReason": "DEPORTED",
                "proceduralStatus": "PROCEDURAL",
            },
            episode(unique, second, head, "WORKING_ABROAD")
            | {
                "proceduralStatus": "NON_PROCEDURAL",
                "passportNo": unique.number("passport", second),
                "epmiNo": unique.number("epmi", second),
                "passportExpiresOn": "2031-05-06",
                "contractStartsOn": unique.day("PERSONAL", second),
                "contractEndsOn": unique.day("PERSONAL", second),
                "wage": unique.money("SPECIAL", second, 900_000_000),
                "lastContactOn": unique.day("PERSONAL", second),
            },
        ],
        "businesses": [
            {
                "id": str(shop.id),
                "ownerId": str(wife.id),
                "name": unique.text("PERSONAL", shop),
                "description": unique.text("PERSONAL", shop),
                "field": "RETAIL",
                "startedOn": "2020-05",
                "turnoverBand": "FROM_2M_TO_5M",
                "annualSales": unique.money("PERSONAL", shop),
                "capital": unique.money("PERSONAL", shop),
                "capitalSource": "REMITTANCE",
                "workersFamily": 1,
                "nib": unique.mark(f"912000{len(unique.marks):07d}", "PERSONAL", shop),
                "permits": ["HALAL"],
                "market": "VILLAGE",
                "sellsOnline": True,
                "exportReadiness": "READY",
                "exportCountries": ["MY"],
            }
        ],
        "pillars": [
            {"id": str(pillar.id), "pillar": "PRODUCTIVE_BUSINESS", "since": "2020-05", "until": "2023"},
        ],
        "childCare": [
            {
                "id": str(care.id),
                "childId": str(child.id),
                "caregiver": "MOTHER",
                "caregiverMemberId": str(wife.id),
                "needs": [unique.text("SPECIAL", care), unique.text("SPECIAL", care)],
                "attendsParenting": True,
            }
        ],
    }


def person(unique: UniqueValues, row: Row, seq: int, sex: str, relation: str, year: int) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "seq": seq,
        "fullName": unique.text("PERSONAL", row),
        "nik": unique.number("nik", row),
        "sex": sex,
        "birthPlace": unique.text("PERSONAL", row),
        "birthDate": unique.day("PERSONAL", row, year),
        "relationToHead": relation,
        "maritalStatus": "NEVER_MARRIED" if year > 2000 else "MARRIED",
        "education": "PRIMARY",
        "occupationCode": "9",
        "lifeStatus": "ALIVE",
        "residence": "HOME",
        "birthCertificate": True,
        "disability": False,
        "coveredByJkn": True,
    }


def episode(unique: UniqueValues, row: Row, of: Row, stage: str) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "memberId": str(of.id),
        "stage": stage,
        "country": "HK",
        "city": unique.text("SPECIAL", row),
        "legalCategory": "INDIVIDUAL_EMPLOYER",
        "scheme": "PRIVATE_TO_PRIVATE",
        "sector": "INFORMAL",
        "occupationGroup": "DOMESTIC_WORKER",
        "jobTitle": unique.text("PERSONAL", row),
        "employerName": unique.text("SPECIAL", row),
        "recruiter": "BROKER",
        "visaType": unique.text("PERSONAL", row),
        "registeredOn": unique.day("PERSONAL", row),
        "departedOn": unique.day("PERSONAL", row),
        "planAfterReturn": "OWN_BUSINESS",
        "welfare": "WELL",
        "socialSecurityJkkJkm": True,
        "socialSecurityJht": False,
        "costPaid": unique.money("SPECIAL", row),
        "debt": unique.money("SPECIAL", row),
        "remittance": {"frequency": "MONTHLY", "band": "FROM_2M_TO_3M", "channel": "BANK", "uses": ["DEBT", "SAVINGS"]},
    }
