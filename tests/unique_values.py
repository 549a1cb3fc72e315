"""Values that exist once, and whole households made of them: finding a text tells whose value it is."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Iterator
from typing import Any

from tests.world import House, Mark, Row


class Mint:
    """Makes values that exist once, and remembers whose they are."""

    def __init__(self, marks: list[Mark]) -> None:
        self.marks, self._n = marks, itertools.count(1)
        self._days = {y: (dt.date(y, 1, 1) + dt.timedelta(n) for n in itertools.count()) for y in (1950, 2001, 2014)}
        self._numbers: dict[str, Iterator[int]] = {}

    def said(self, text: str, kind: str | None, row: Row, quoted: bool = True) -> str:
        self.marks.append(Mark(f'"{text}"' if quoted else text, kind, row))
        return text

    def text(self, kind: str, row: Row) -> str:
        return self.said(f"mk{next(self._n):05d}z", kind, row, quoted=False)

    def day(self, kind: str, row: Row, year: int = 2001) -> str:
        return self.said(next(self._days[year]).isoformat(), kind, row)

    def money(self, kind: str, row: Row, least: int = 7_000_000) -> dict[str, str]:
        return {"amount": self.said(f"{least + next(self._n)}.25", kind, row), "currency": "IDR"}

    def number(self, field_: str, row: Row) -> str:
        """A number of the vault; its mask may be shown, the number itself never."""
        n = next(self._numbers.setdefault(field_, itertools.count()))
        full, shown = {
            "nik": (f"{9100 + n}110101500001", 4),
            "kk": (f"{8100 + n}110101100001", 4),
            "phone": (f"+628{n:02d}77665544", 6),
            "passport": (f"{chr(65 + n // 10)}{n % 10}765432", 2),
            "epmi": (f"{chr(65 + n // 26)}{chr(65 + n % 26)}9876543210", 2),
        }[field_]
        self.said(full[:shown] + "*" * (len(full) - shown), "IDENTITY", row)
        self.said(full[shown:], None, row, quoted=False) if field_ not in ("nik", "kk") else self.said(full, None, row)
        return full


def document(mint: Mint, house: House, code: str, nik: str | None = None) -> dict[str, Any]:
    """A whole household, every field filled in: three people, one a child, two episodes, one business."""

    def row(table: str) -> Row:
        made = Row(table, house.id if table == "household" else uuid.uuid4(), house, house.author)
        house.rows.append(made)
        return made

    h, head, wife, child, first, second, shop = map(
        row, ("household", "member", "member", "member", "migration_episode", "migration_episode", "business")
    )
    place = -round(8 + len(mint.marks) / 1e4 + 0.00001, 5)
    latitude = float(mint.said(f"{round(place, 3) - 0.0001:.4f}", "PERSONAL", h, quoted=False))
    members = [
        person(mint, who, seq, sex, relation, year)
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
        "hamlet": mint.text("PERSONAL", h),
        "rt": "001",
        "rw": "002",
        "address": mint.text("PERSONAL", h),
        "location": {"latitude": latitude, "longitude": 112.5},
        "phone": mint.number("phone", h),
        "kkNumber": mint.number("kk", h),
        "houseOwnership": "OWNED",
        "welfareDecile": 3,
        "receivesPkh": True,
        "receivesBpnt": False,
        "visitResult": "COMPLETE",
        "respondentName": mint.text("PERSONAL", h),
        "respondentRelation": mint.text("PERSONAL", h),
        "capturedAt": "2026-01-02T03:04:05.000Z",
        "consent": {
            "basis": "CONSENT",
            "method": "SIGNATURE",
            "givenBy": mint.text("PERSONAL", h),
            "givenOn": "2026-01-02",
            "guardianConsent": True,
        },
        "members": members,
        "migrations": [
            episode(mint, first, head, "RETURNED")
            | {"returnedOn": mint.day("PERSONAL", first), "returnReason": "DEPORTED", "proceduralStatus": "PROCEDURAL"},
            episode(mint, second, head, "WORKING_ABROAD")
            | {
                "proceduralStatus": "NON_PROCEDURAL",
                "passportNo": mint.number("passport", second),
                "epmiNo": mint.number("epmi", second),
                "passportExpiresOn": "2031-05-06",
                "contractStartsOn": mint.day("PERSONAL", second),
                "contractEndsOn": mint.day("PERSONAL", second),
                "wage": mint.money("SPECIAL", second, 900_000_000),
                "lastContactOn": mint.day("PERSONAL", second),
            },
        ],
        "businesses": [
            {
                "id": str(shop.id),
                "ownerId": str(wife.id),
                "name": mint.text("PERSONAL", shop),
                "description": mint.text("PERSONAL", shop),
                "field": "RETAIL",
                "startedOn": "2020-05",
                "turnoverBand": "FROM_2M_TO_5M",
                "annualSales": mint.money("PERSONAL", shop),
                "capital": mint.money("PERSONAL", shop),
                "capitalSource": "REMITTANCE",
                "workersFamily": 1,
                "nib": mint.said(f"912000{len(mint.marks):07d}", "PERSONAL", shop),
                "permits": ["HALAL"],
                "market": "VILLAGE",
                "sellsOnline": True,
                "exportReadiness": "READY",
                "exportCountries": ["MY"],
            }
        ],
    }


def person(mint: Mint, row: Row, seq: int, sex: str, relation: str, year: int) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "seq": seq,
        "fullName": mint.text("PERSONAL", row),
        "nik": mint.number("nik", row),
        "sex": sex,
        "birthPlace": mint.text("PERSONAL", row),
        "birthDate": mint.day("PERSONAL", row, year),
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


def episode(mint: Mint, row: Row, of: Row, stage: str) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "memberId": str(of.id),
        "stage": stage,
        "country": "HK",
        "city": mint.text("SPECIAL", row),
        "legalCategory": "INDIVIDUAL_EMPLOYER",
        "scheme": "PRIVATE_TO_PRIVATE",
        "sector": "INFORMAL",
        "occupationGroup": "DOMESTIC_WORKER",
        "jobTitle": mint.text("PERSONAL", row),
        "employerName": mint.text("SPECIAL", row),
        "recruiter": "BROKER",
        "visaType": mint.text("PERSONAL", row),
        "registeredOn": mint.day("PERSONAL", row),
        "departedOn": mint.day("PERSONAL", row),
        "planAfterReturn": "OWN_BUSINESS",
        "welfare": "WELL",
        "socialSecurityJkkJkm": True,
        "socialSecurityJht": False,
        "costPaid": mint.money("SPECIAL", row),
        "debt": mint.money("SPECIAL", row),
    }
