"""The documents that are submitted: a household of four (W6), and one with everything that a household can have (W7b).

Ids begin with `PREFIX`, so submitted households are told from the country's own.
Rule: neither breaks a rule nor leaves a finding, so what is stored is what was sent.
"""

from __future__ import annotations

from typing import Any

from registry.codes import Pillar

MUTATION = """mutation Submit($input: SubmitHouseholdInput!) { submitHousehold(input: $input) {
  outcome household { id householdNo rev workflowState } userErrors { code } } }"""
NEW, SERIAL = "@@@@new@@@@@", "@ser"
"""In a document, and as long as what takes their place: twelve hexadecimal digits that no other has, four decimal."""
PREFIX = "be7c40"
"""The ids of submitted households begin so, which tells them from the country's own."""


def identifier(kind: int) -> str:
    return f"{PREFIX}{kind:02x}-0000-4000-8000-{NEW}"


def document(village: str) -> dict[str, Any]:
    """`HouseholdInput` of a household that breaks no rule."""
    home, head, wife, *children = (identifier(kind) for kind in range(5))
    person = {"lifeStatus": "ALIVE", "residence": "HOME", "education": "PRIMARY"}
    young: dict[str, Any] = {
        **person,
        "relationToHead": "CHILD",
        "maritalStatus": "NEVER_MARRIED",
        "motherId": wife,
        "fatherId": head,
        "schoolStatus": "ATTENDING",
        "birthCertificate": True,
    }
    couple = {**person, "maritalStatus": "MARRIED"}
    members = [
        {"id": head, "fullName": "Suwarno", "nik": f"993507230485{SERIAL}", "sex": "MALE", "birthDate": "1985-04-23"}
        | couple
        | {"relationToHead": "HEAD", "residence": "ABROAD"},
        {
            "id": wife,
            "fullName": "Siti Aminah",
            "nik": f"993507630488{SERIAL}",
            "sex": "FEMALE",
            "birthDate": "1988-04-23",
        }
        | couple
        | {"relationToHead": "WIFE"},
        {"id": children[0], "fullName": "Adi", "nik": f"993507140612{SERIAL}", "sex": "MALE", "birthDate": "2012-06-14"}
        | young,
        {
            "id": children[1],
            "fullName": "Rina",
            "nik": f"993507540615{SERIAL}",
            "sex": "FEMALE",
            "birthDate": "2015-06-14",
        }
        | young,
    ]
    return {
        "id": home,
        "villageCode": village,
        "status": "ACTIVE",
        "hamlet": "Krajan",
        "rt": "003",
        "rw": "012",
        "address": "Krajan RT 003 RW 012",
        "phone": f"+6284000000{SERIAL}",
        "kkNumber": f"993507010119{SERIAL}",
        "houseOwnership": "OWNED",
        "welfareDecile": 3,
        "visitResult": "COMPLETE",
        "respondentName": "Siti Aminah",
        "capturedAt": "2026-01-05T02:59:00.000Z",
        "consent": {"basis": "CONSENT", "method": "SIGNATURE", "givenOn": "2026-01-05", "guardianConsent": True},
        "members": [{"seq": seq, **member} for seq, member in enumerate(members, 1)],
        "migrations": [
            {
                "id": identifier(5),
                "memberId": head,
                "stage": "WORKING_ABROAD",
                "country": "TW",
                "legalCategory": "LEGAL_ENTITY_EMPLOYER",
                "scheme": "PRIVATE_TO_PRIVATE",
                "proceduralStatus": "PROCEDURAL",
                "sector": "FORMAL",
                "occupationGroup": "FACTORY_WORKER",
                "contractStartsOn": "2024-02",
                "contractEndsOn": "2027-02",
                "departedOn": "2024-02-11",
            }
        ],
        "businesses": [
            {
                "id": identifier(6),
                "ownerId": wife,
                "field": "RETAIL",
                "status": "RUNNING",
                "startedOn": "2019",
                "workersFamily": 1,
            }
        ],
    }


ABROAD = {
    "stage": "RETURNED",
    "country": "MY",
    "legalCategory": "INDIVIDUAL_EMPLOYER",
    "scheme": "PRIVATE_TO_PRIVATE",
    "proceduralStatus": "PROCEDURAL",
    "sector": "INFORMAL",
    "occupationGroup": "DOMESTIC_WORKER",
    "returnReason": "CONTRACT_ENDED",
    "planAfterReturn": "LEAVE_AGAIN",
}
REMITTANCE = {"frequency": "MONTHLY", "band": "FROM_2M_TO_3M", "channel": "BANK", "uses": ["DAILY_NEEDS", "SCHOOLING"]}


def whole_document(village: str) -> dict[str, Any]:
    """The household of four with a grandmother, a baby, eight episodes, three businesses, care and all four pillars."""
    home = document(village)
    head, wife, boy, girl = home["members"]
    baby, grandmother = identifier(16), identifier(17)
    home["members"] += [
        girl | {"id": baby, "seq": 5, "fullName": "Dewi", "birthDate": "2019-06-14", "nik": f"993507540619{SERIAL}"},
        wife
        | {"id": grandmother, "seq": 6, "fullName": "Sumarni", "birthDate": "1955-04-23"}
        | {"nik": f"993507630455{SERIAL}", "relationToHead": "PARENT", "maritalStatus": "WIDOWED"},
    ]
    now = home["migrations"][0] | {"remittance": REMITTANCE, "wage": {"amount": "12000000", "currency": "IDR"}}
    home["migrations"] = [now | {"passportNo": f"B0{SERIAL}12"}]
    for number in range(7):
        year = 2004 + 3 * number
        stay = {"departedOn": f"{year}-02-11", "returnedOn": f"{year + 2}-02-03", "passportNo": f"A{number}{SERIAL}12"}
        episode = {"id": identifier(32 + number), "memberId": head["id"], **ABROAD, **stay, "remittance": REMITTANCE}
        home["migrations"].append(episode | {"wage": {"amount": "4000000", "currency": "IDR"}})
    for number, (field, name) in enumerate({"CROPS": "Kebun Siti", "FOOD_PROCESSING": "Keripik Siti"}.items()):
        shop = home["businesses"][0] | {"id": identifier(48 + number), "field": field, "name": name}
        home["businesses"].append(shop | {"annualSales": {"amount": "24000000", "currency": "IDR"}})
    children = [boy["id"], girl["id"], baby]
    home["childCare"] = [
        {"id": identifier(64 + number), "childId": child, "caregiver": "GRANDPARENTS"}
        | {"caregiverMemberId": grandmother, "needs": ["Buku", "Sepatu"], "attendsParenting": True}
        for number, child in enumerate(children)
    ]
    home["pillars"] = [
        {"id": identifier(80 + number), "pillar": pillar.value, "since": "2023"} for number, pillar in enumerate(Pillar)
    ]
    return home
