"""A household without a problem, and for each rule a change that breaks it and a similar one that does not."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from registry.codes import Severity
from registry.models.fact import fact_of, is_free
from registry.models.household_aggregate import TYPED
from registry.values.bounds import Bounds

NOW = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)
GOOD: dict[str, dict[str, dict[str, Any]]] = {
    "household": {
        "h": {
            "village_id": "v",
            "status": "ACTIVE",
            "rt": "003",
            "rw": "12",
            "location_lat": -8.2,
            "location_lon": 112.4,
            "phone": "+6281234567890",
            "kk_number": "3507110101190001",
            "welfare_decile": 3,
            "visit_result": "COMPLETE",
            "captured_at": "2026-03-10T02:59:00.000Z",
            "consent_basis": "CONSENT",
            "consent_given_on": "2026-03-10",
            "guardian_consent": True,
        }
    },
    "member": {
        "head": {
            "seq": 1,
            "full_name": "Suwarno",
            "nik": "3507112304850001",
            "sex": "MALE",
            "birth_date": "1985-04-23",
            "relation_to_head": "HEAD",
            "marital_status": "MARRIED",
            "education": "PRIMARY",
            "life_status": "ALIVE",
            "residence": "ABROAD",
        },
        "wife": {
            "seq": 2,
            "full_name": "Siti",
            "nik": "3507116304880002",
            "sex": "FEMALE",
            "birth_date": "1988",
            "relation_to_head": "WIFE",
            "marital_status": "MARRIED",
            "education": "PRIMARY",
            "life_status": "ALIVE",
            "residence": "HOME",
        },
        "child": {
            "seq": 3,
            "full_name": "Adi",
            "nik_missing_reason": "NONE_YET",
            "sex": "MALE",
            "birth_date": "2015-06",
            "relation_to_head": "CHILD",
            "marital_status": "NEVER_MARRIED",
            "education": "NONE",
            "life_status": "ALIVE",
            "residence": "HOME",
            "mother_id": "wife",
            "father_id": "head",
            "school_status": "ATTENDING",
        },
    },
    "migration_episode": {
        "first": {
            "member_id": "head",
            "stage": "RETURNED",
            "country": "MY",
            "departed_on": "2010",
            "returned_on": "2014-05",
            "return_reason": "CONTRACT_ENDED",
        },
        "second": {
            "member_id": "head",
            "stage": "WORKING_ABROAD",
            "country": "TW",
            "legal_category": "INDIVIDUAL_EMPLOYER",
            "scheme": "PRIVATE_TO_PRIVATE",
            "procedural_status": "PROCEDURAL",
            "sector": "INFORMAL",
            "occupation_group": "DOMESTIC_WORKER",
            "passport_no": "X1234567",
            "contract_starts_on": "2023-02",
            "contract_ends_on": "2026-02",
            "wage_amount": "12000000",
            "wage_currency": "IDR",
            "registered_on": "2023",
            "departed_on": "2023-02-11",
            "last_contact_on": "2026-03-09",
        },
    },
    "business": {
        "shop": {
            "owner_id": "wife",
            "field": "RETAIL",
            "status": "RUNNING",
            "started_on": "2019",
            "nib": "1234567890123",
            "kbli_version": "KBLI_2025",
            "kbli_code": "47111",
            "workers_family": 1,
            "export_countries": ["MY"],
        }
    },
    "child_care": {
        "care": {
            "child_id": "child",
            "caregiver": "MOTHER",
            "caregiver_member_id": "wife",
            "needs": ["Seragam"],
            "attends_parenting": True,
        }
    },
    "pillar_participation": {"pillar": {"pillar": "COOPERATIVE", "started_on": "2020", "ended_on": "2022-05"}},
}

H, HEAD, WIFE, CHILD = "household.h", "member.head", "member.wife", "member.child"
FIRST, SECOND, SHOP = "migration_episode.first", "migration_episode.second", "business.shop"
PILLAR, CARE = "pillar_participation.pillar", "child_care.care"
E, W = Severity.ERROR, Severity.WARNING
Change = dict[str, dict[str, Any] | None]
Case = tuple[str, str, Severity, Change, Change]


def case(code: str, place: str, severity: Severity, broken: Change, fine: Change) -> Case:
    return code, place, severity, broken, fine


ALWAYS: list[tuple[str, str, Change]] = [
    ("REQUIRED", f"{H}.village_id", {H: {"village_id": None}}),
    ("REQUIRED", f"{CHILD}.seq", {CHILD: {"seq": None}}),
    ("REQUIRED", f"{FIRST}.member_id", {FIRST: {"member_id": None}}),
    ("REQUIRED", f"{SHOP}.owner_id", {SHOP: {"owner_id": None}}),
    ("REQUIRED", f"{SHOP}.field", {SHOP: {"field": None}}),
    ("REQUIRED", f"{PILLAR}.pillar", {PILLAR: {"pillar": None}}),
    ("NOT_FOUND", f"{FIRST}.member_id", {FIRST: {"member_id": "nobody"}}),
    ("NOT_FOUND", f"{CHILD}.mother_id", {CHILD: {"mother_id": "nobody"}}),
    ("REQUIRED", f"{CARE}.child_id", {CARE: {"child_id": None}}),
    ("NOT_FOUND", f"{CARE}.child_id", {CARE: {"child_id": "nobody"}}),
    ("NOT_FOUND", f"{CARE}.caregiver_member_id", {CARE: {"caregiver_member_id": "nobody"}}),
    ("NOT_FOUND", f"{CHILD}.father_id", {CHILD: {"father_id": "nobody"}}),
    ("OWNER_NOT_MEMBER", f"{SHOP}.owner_id", {SHOP: {"owner_id": "nobody"}}),
]
"""(code, place, change that breaks it) of the rules that also apply to drafts."""

COMPLETE: list[Case] = [
    ("REQUIRED", f"{H}.visit_result", E, {H: {"visit_result": " "}}, {H: {"visit_result": "REFUSED"}}),
    *(
        case("REQUIRED", f"{CHILD}.{column}", E, {CHILD: {column: None}}, {})
        for column in ("full_name", "birth_date", "marital_status", "education", "life_status", "residence")
    ),
    *(
        case("REQUIRED", f"{CHILD}.full_name", E, {CHILD: {"full_name": name}}, {CHILD: {"full_name": "\u2018A"}})
        for name in ("-", "...", "?", "123", "\u02bc", "\U0001f600")
    ),
    ("REQUIRED", f"{CHILD}.sex", E, {CHILD: {"sex": None}}, {}),
    ("REQUIRED", f"{CHILD}.relation_to_head", E, {CHILD: {"relation_to_head": None}}, {}),
    ("REQUIRED", f"{SECOND}.stage", E, {SECOND: {"stage": None}}, {}),
    ("REQUIRED", f"{H}.kk_number", E, {H: {"kk_number": None}}, {H: {"kk_number": "", "kk_missing_reason": "REFUSED"}}),
    (
        "REQUIRED",
        f"{H}.members",
        E,
        {HEAD: None, WIFE: None, CHILD: None, FIRST: None, SECOND: None, SHOP: None, CARE: None},
        {},
    ),
    ("NIK_REASON_REQUIRED", f"{CHILD}.nik", E, {CHILD: {"nik_missing_reason": None}}, {}),
    ("NO_PMI_IN_HOUSEHOLD", f"{H}.migrations", E, {FIRST: None, SECOND: None}, {FIRST: None}),
    ("CONSENT_REQUIRED", f"{H}.consent_basis", E, {H: {"consent_basis": None}}, {H: {"consent_basis": "PUBLIC_TASK"}}),
    ("KK_FORMAT", f"{H}.kk_number", E, {H: {"kk_number": "35071101"}}, {H: {"kk_number": "35.0711.010119.0001"}}),
    ("KK_DATE_ODD", f"{H}.kk_number", W, {H: {"kk_number": "3507114101190001"}}, {}),
    (
        "NUMBER_WITHOUT_PROVINCE",
        f"{H}.kk_number",
        W,
        {H: {"kk_number": "37.0711.010119.0001"}},
        {H: {"kk_number": "5407110101190001"}},
    ),
    ("KK_EQUALS_NIK", f"{H}.kk_number", E, {H: {"kk_number": "3507112304850001"}}, {}),
    ("HEAD_REQUIRED", f"{H}.members", E, {HEAD: {"relation_to_head": "HUSBAND"}}, {}),
    (
        "HEAD_NOT_UNIQUE",
        f"{WIFE}.relation_to_head",
        E,
        {WIFE: {"relation_to_head": "HEAD"}},
        {WIFE: {"relation_to_head": "HEAD"}, HEAD: {"relation_to_head": "HUSBAND"}},
    ),
    ("PHONE_FORMAT", f"{H}.phone", E, {H: {"phone": "0274 561234"}}, {H: {"phone": "0812-3456-7890"}}),
    (
        "GUARDIAN_CONSENT_REQUIRED",
        f"{H}.guardian_consent",
        E,
        {H: {"guardian_consent": None}},
        {CHILD: {"school_status": None}, CARE: None, H: {"guardian_consent": False}},
    ),
    (
        "CAPTURED_AT_FUTURE",
        f"{H}.captured_at",
        W,
        {H: {"captured_at": "2026-03-11T03:00:01Z"}},
        {H: {"captured_at": "2026-03-11T10:00:00+07:00"}},
    ),
    ("PARENT_SEX", f"{CHILD}.mother_id", W, {CHILD: {"mother_id": "head", "father_id": None}}, {}),
    ("PARENT_SEX", f"{CHILD}.father_id", W, {CHILD: {"mother_id": None, "father_id": "wife"}}, {}),
    ("NIK_FORMAT", f"{HEAD}.nik", E, {HEAD: {"nik": "3507"}}, {HEAD: {"nik": "9907112304850001"}}),
    ("NIK_INVALID_DATE", f"{HEAD}.nik", E, {HEAD: {"nik": "3507113104850001"}}, {}),
    ("NIK_SERIAL_ZERO", f"{HEAD}.nik", E, {HEAD: {"nik": "3507112304850000"}}, {}),
    ("NIK_DOB_MISMATCH", f"{HEAD}.nik", W, {HEAD: {"birth_date": "1985-05"}}, {HEAD: {"birth_date": "1985-04"}}),
    (
        "NIK_SEX_MISMATCH",
        f"{HEAD}.nik",
        W,
        {HEAD: {"sex": "FEMALE"}},
        {HEAD: {"nik": None, "nik_missing_reason": "UNKNOWN", "sex": "FEMALE"}, CHILD: {"father_id": None}},
    ),
    (
        "NUMBER_WITHOUT_PROVINCE",
        f"{HEAD}.nik",
        W,
        {HEAD: {"nik": "0507112304850001"}},
        {HEAD: {"nik": "5407112304850001"}},
    ),
    (
        "NIK_DUPLICATE_IN_HOUSEHOLD",
        f"{CHILD}.nik",
        E,
        {CHILD: {"nik": "3507 1163 0488 0002", "birth_date": None, "sex": None}},
        {},
    ),
    ("SPOUSE_SEX", f"{WIFE}.sex", W, {WIFE: {"sex": "MALE"}}, {}),
    ("SPOUSE_MARITAL", f"{WIFE}.marital_status", W, {WIFE: {"marital_status": "DIVORCED"}}, {}),
    (
        "RELATION_AGE",
        f"{CHILD}.birth_date",
        W,
        {CHILD: {"birth_date": "2000-04-22"}, CARE: None},
        {CHILD: {"birth_date": "2003"}, CARE: None},
    ),
    ("RELATION_AGE", f"{HEAD}.birth_date", W, {WIFE: {"relation_to_head": "PARENT"}}, {}),
    (
        "BIRTH_DATE_FUTURE",
        f"{CHILD}.birth_date",
        E,
        {CHILD: {"birth_date": "2026-04"}},
        {CHILD: {"birth_date": "2026-03"}},
    ),
    (
        "AGE_OVER_120",
        f"{HEAD}.birth_date",
        E,
        {HEAD: {"birth_date": "1904"}},
        {HEAD: {"birth_date": "1905-12", "nik": None, "nik_missing_reason": "UNKNOWN"}},
    ),
    (
        "MEMBER_DEAD_ACTIVE",
        f"{SECOND}.stage",
        E,
        {HEAD: {"life_status": "DEAD"}},
        {HEAD: {"life_status": "DEAD"}, SECOND: {"stage": "DIED_ABROAD"}},
    ),
    (
        "STAGE_DATES",
        f"{SECOND}.departed_on",
        E,
        {SECOND: {"stage": "PROSPECTIVE"}},
        {SECOND: {"stage": "PROSPECTIVE", "departed_on": "2026-05"}},
    ),
    ("STAGE_DATES", f"{SECOND}.departed_on", E, {SECOND: {"departed_on": None}}, {SECOND: {"departed_on": "2023"}}),
    ("STAGE_DATES", f"{SECOND}.country", E, {SECOND: {"country": None}}, {}),
    (
        "STAGE_DATES",
        f"{SECOND}.returned_on",
        E,
        {SECOND: {"returned_on": "2026-01"}},
        {SECOND: {"stage": "ON_HOME_LEAVE", "returned_on": "2026-01"}},
    ),
    ("STAGE_DATES", f"{FIRST}.returned_on", E, {FIRST: {"returned_on": None}}, {}),
    (
        "STAGE_DATES",
        f"{FIRST}.return_reason",
        E,
        {FIRST: {"return_reason": None}},
        {FIRST: {"return_reason": "OTHER_CAUSE"}},
    ),
    (
        "EPISODE_OVERLAP",
        f"{SECOND}.departed_on",
        E,
        {FIRST: {"returned_on": "2023-02-12"}},
        {FIRST: {"returned_on": "2023-02"}},
    ),
    (
        "EPISODE_TWO_ACTIVE",
        f"{SECOND}.stage",
        E,
        {FIRST: {"stage": "ON_HOME_LEAVE"}},
        {FIRST: {"member_id": "wife", "stage": "WORKING_ABROAD", "returned_on": None}},
    ),
    (
        "UNDERAGE_DEPARTURE",
        f"{FIRST}.departed_on",
        W,
        {FIRST: {"departed_on": "2003-04-22"}},
        {FIRST: {"departed_on": "2003-04"}},
    ),
    ("SCHEME_SECTOR", f"{SECOND}.sector", W, {SECOND: {"sector": "FORMAL"}}, {SECOND: {"sector": "UNKNOWN"}}),
    (
        "SCHEME_SECTOR",
        f"{SECOND}.scheme",
        W,
        {SECOND: {"scheme": "INTRA_COMPANY"}},
        {SECOND: {"scheme": "INTRA_COMPANY", "legal_category": "LEGAL_ENTITY_EMPLOYER"}},
    ),
    (
        "PROCEDURAL_NO_DOCS",
        f"{SECOND}.procedural_status",
        W,
        {SECOND: {"passport_no": None, "contract_starts_on": None, "contract_ends_on": None}},
        {SECOND: {"passport_no": None}},
    ),
    (
        "PASSPORT_FORMAT",
        f"{SECOND}.passport_no",
        E,
        {SECOND: {"passport_no": "X12345678901"}},
        {SECOND: {"passport_no": "xx 123456"}},
    ),
    ("PASSPORT_FORMAT", f"{SECOND}.passport_no", W, {SECOND: {"passport_no": "123456789"}}, {}),
    (
        "CONTRACT_EXPIRED_ACTIVE",
        f"{SECOND}.contract_ends_on",
        W,
        {SECOND: {"contract_ends_on": "2025-09-09"}},
        {SECOND: {"contract_ends_on": "2025-09-10"}},
    ),
    ("NIB_FORMAT", f"{SHOP}.nib", E, {SHOP: {"nib": "123"}}, {SHOP: {"nib": None}}),
    case(
        "FIELD_KBLI_MISMATCH",
        f"{SHOP}.field",
        W,
        {SHOP: {"kbli_code": "56101"}},
        {SHOP: {"kbli_code": "56101", "field": "FOOD_SERVICE"}},
    ),
    case(
        "FIELD_KBLI_MISMATCH",
        f"{SHOP}.field",
        W,
        {SHOP: {"field": "CRAFTS"}},
        {SHOP: {"field": "ONLINE_TRADE", "kbli_code": "47"}},
    ),
    case(
        "FIELD_KBLI_MISMATCH",
        f"{SHOP}.field",
        W,
        {SHOP: {"field": "ONLINE_TRADE", "kbli_version": "KBLI_2020"}},
        {SHOP: {"field": "ONLINE_TRADE"}},
    ),
    (
        "OWNER_UNDER_15",
        f"{SHOP}.owner_id",
        W,
        {SHOP: {"owner_id": "child"}},
        {SHOP: {"owner_id": "child"}, CHILD: {"birth_date": "2010"}},
    ),
    ("DATES_ORDER", f"{FIRST}.returned_on", E, {FIRST: {"returned_on": "2009"}}, {FIRST: {"returned_on": "2010"}}),
    (
        "DATES_ORDER",
        f"{SECOND}.contract_ends_on",
        E,
        {SECOND: {"contract_starts_on": "2026-03"}},
        {SECOND: {"contract_starts_on": "2026"}},
    ),
    (
        "DATES_ORDER",
        f"{H}.consent_withdrawn_on",
        E,
        {H: {"consent_withdrawn_on": "2026-03-09"}},
        {H: {"consent_withdrawn_on": "2026-03-10"}},
    ),
    ("DATES_ORDER", f"{SHOP}.closed_on", E, {SHOP: {"closed_on": "2018-12"}}, {SHOP: {"closed_on": "2019-01"}}),
    (
        "DATE_FUTURE",
        f"{SECOND}.last_contact_on",
        E,
        {SECOND: {"last_contact_on": "2026-03-11"}},
        {SECOND: {"last_contact_on": "2026-03"}},
    ),
    ("DATE_FUTURE", f"{H}.consent_given_on", E, {H: {"consent_given_on": "2026-03-11"}}, {}),
    case(
        "GUARDIAN_CONSENT_REQUIRED",
        f"{H}.guardian_consent",
        E,
        {CHILD: {"school_status": None}, H: {"guardian_consent": False}},
        {CHILD: {"school_status": None}},
    ),
    ("CHILD_DETAIL_ADULT", f"{CARE}.child_id", E, {CHILD: {"birth_date": "2007"}}, {CHILD: {"birth_date": "2008"}}),
    ("CAREGIVER_IS_CHILD", f"{CARE}.caregiver_member_id", E, {CARE: {"caregiver_member_id": "child"}}, {}),
    ("DATES_ORDER", f"{PILLAR}.ended_on", E, {PILLAR: {"ended_on": "2019-12"}}, {PILLAR: {"ended_on": "2020"}}),
    ("DATE_FUTURE", f"{PILLAR}.started_on", E, {PILLAR: {"started_on": "2027", "ended_on": None}}, {}),
    ("DATE_FUTURE", f"{PILLAR}.ended_on", E, {PILLAR: {"ended_on": "2026-04"}}, {PILLAR: {"ended_on": "2026-03"}}),
    ("DATE_FUTURE", f"{SHOP}.started_on", E, {SHOP: {"started_on": "2027"}}, {SHOP: {"started_on": "2026"}}),
    *(
        case(
            "AMOUNT_OUTLIER",
            f"{SECOND}.{money}_amount",
            W,
            {SECOND: {f"{money}_amount": "90000000000", f"{money}_currency": "IDR"}},
            {SECOND: {f"{money}_amount": "90000000000", f"{money}_currency": "VND"}},
        )
        for money in ("wage", "cost_paid", "debt")
    ),
    *(
        case(
            "AMOUNT_OUTLIER",
            f"{SHOP}.{money}_amount",
            W,
            {SHOP: {f"{money}_amount": "50000000001", f"{money}_currency": "IDR"}},
            {SHOP: {f"{money}_amount": "5000000000", f"{money}_currency": "IDR"}},
        )
        for money in ("annual_sales", "capital")
    ),
    *(
        case("AMOUNT_OUTLIER", f"{SHOP}.{column}", W, {SHOP: {column: 101}}, {SHOP: {column: 100}})
        for column in ("workers_family", "workers_paid_male", "workers_paid_female")
    ),
    ("COUNTRY_UNKNOWN", f"{SECOND}.country", E, {SECOND: {"country": "XX"}}, {SECOND: {"country": "BT"}}),
    ("COUNTRY_UNKNOWN", f"{SHOP}.export_countries", E, {SHOP: {"export_countries": ["MY", "XX"]}}, {}),
    ("COUNTRY_IS_ID", f"{SECOND}.country", E, {SECOND: {"country": "ID"}}, {}),
    (
        "COUNTRY_IS_ID",
        f"{SHOP}.export_countries",
        E,
        {SHOP: {"export_countries": ["ID"]}},
        {SHOP: {"export_countries": []}},
    ),
]
"""(code, place, severity, change that breaks it, similar change that does not) of the rules for complete households."""

_RECORDS = {table: f"{table}.{next(iter(records))}" for table, records in GOOD.items()}
"""The first record of each table."""


def _beyond(column: sa.Column[Any], bounds: Bounds) -> Any:
    """A value just beyond the bounds of a column."""
    if bounds.items is not None:
        return ["MY"] * (bounds.items + 1)
    if bounds.days:
        return {sa.DateTime: "2200-01-01T00:00:00.000Z", sa.Date: "2200-01-01"}.get(type(column.type), "2200")
    if bounds.within is not None:
        return str(bounds.within[1] + Decimal("0.01"))
    assert bounds.longest is not None
    return "9" * (bounds.longest + 1) if column.name in ("rt", "rw") else "x" * (bounds.longest + 1)


PROTECTING: list[Case] = [
    *(
        case("KBLI_UNKNOWN", f"{SHOP}.kbli_code", E, {SHOP: {"kbli_code": code}}, {SHOP: {"kbli_code": "47"}})
        for code in ("4", "474747", "04", "45", "45101", "G", "4x")
    ),
    case(
        "KBLI_UNKNOWN",
        f"{SHOP}.kbli_code",
        E,
        {SHOP: {"kbli_code": "45101"}},
        {SHOP: {"kbli_code": "45101", "kbli_version": "KBLI_2020", "field": "WORKSHOP_REPAIR"}},
    ),
    case("REQUIRED", f"{SHOP}.kbli_version", E, {SHOP: {"kbli_version": None}}, {}),
    case(
        "REQUIRED",
        f"{SHOP}.kbli_code",
        E,
        {SHOP: {"kbli_code": " "}},
        {SHOP: {"kbli_code": None, "kbli_version": None}},
    ),
    ("NIB_FORMAT", f"{SHOP}.nib", E, {SHOP: {"nib": "3507116304850001"}}, {SHOP: {"nib": "1234567890123"}}),
    ("UNKNOWN_VALUE", f"{H}.rt", E, {H: {"rt": "RT3"}}, {H: {"rt": "3"}}),
    ("UNKNOWN_VALUE", f"{H}.rw", E, {H: {"rw": "1/2"}}, {H: {"rw": "001"}}),
    ("UNKNOWN_VALUE", f"{H}.welfare_decile", E, {H: {"welfare_decile": 0}}, {H: {"welfare_decile": 10}}),
    ("UNKNOWN_VALUE", f"{H}.location_lat", E, {H: {"location_lat": 112.4}}, {H: {"location_lat": 6}}),
    ("UNKNOWN_VALUE", f"{H}.location_lon", E, {H: {"location_lon": -181}}, {H: {"location_lon": 141.0}}),
    *(
        case(
            "AMOUNT_NEGATIVE",
            f"{SECOND}.{money}_amount",
            E,
            {SECOND: {f"{money}_amount": "-1"}},
            {SECOND: {f"{money}_amount": "0"}},
        )
        for money in ("wage", "cost_paid", "debt")
    ),
    *(
        case("AMOUNT_NEGATIVE", f"{SHOP}.{column}", E, {SHOP: {column: -1}}, {SHOP: {column: 0}})
        for column in (
            "annual_sales_amount",
            "capital_amount",
            "workers_family",
            "workers_paid_male",
            "workers_paid_female",
        )
    ),
    ("CHILD_CARE_TWICE", "child_care.other.child_id", E, {"child_care.other": {"child_id": "child"}}, {}),
    ("KINSHIP_IMPOSSIBLE", f"{CHILD}.mother_id", E, {CHILD: {"mother_id": "child"}}, {}),
    ("KINSHIP_IMPOSSIBLE", f"{CHILD}.father_id", E, {CHILD: {"father_id": "child"}}, {}),
    ("KINSHIP_IMPOSSIBLE", f"{CHILD}.father_id", E, {CHILD: {"mother_id": "wife", "father_id": "wife"}}, {}),
    (
        "UNKNOWN_VALUE",
        f"{HEAD}.occupation_code",
        E,
        {HEAD: {"occupation_code": "90"}},
        {HEAD: {"occupation_code": "89"}},
    ),
    *(
        case(
            "NUMBER_IN_TEXT",
            f"{_RECORDS[table]}.{column.name}",
            E,
            {_RECORDS[table]: {column.name: "no 3507 1163-0485.0001"}},
            {_RECORDS[table]: {column.name: "no 081234567890"}},
        )
        for table, columns in TYPED.items()
        for column in columns
        if is_free(column)
    ),
    *(
        case("UNKNOWN_VALUE", f"{_RECORDS[table]}.{column.name}", E, {_RECORDS[table]: {column.name: value}}, {})
        for table, columns in TYPED.items()
        for column in columns
        if (bounds := fact_of(column).bounds)
        for value in [_beyond(column, bounds)]
    ),
]
"""The same for the rules that also apply to drafts, because what they find would harm others or could not be read."""


def with_change(change: Change) -> dict[str, dict[str, dict[str, Any]]]:
    document = copy.deepcopy(GOOD)
    for record, values in change.items():
        table, id = record.split(".")
        if values is None:
            del document[table][id]
        else:
            document[table].setdefault(id, {}).update(values)
    return document
