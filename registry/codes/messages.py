"""The codes of findings and of errors that a caller has to correct: each with a severity and its sentences.

Rule: a sentence says what to do and never contains a stored value; its params are limits, region codes and lists, which
are public. Codes are stable, those of the public contract and in its order; every code has its sentences in
registry/codes/sentences and every sentence there its code, or nothing starts.
Tests: tests/test_codes.py, tests/test_catalogue.py.
"""

from enum import StrEnum
from typing import Self

from registry.codes import Severity
from registry.codes.catalogue import SENTENCES, CatalogueEntry, Language, read

E, W = Severity.ERROR, Severity.WARNING
_CATALOGUE = read(SENTENCES)


class UserErrorCode(StrEnum):
    """Stable codes of errors to correct and warnings to check; new ones may be added."""

    severity: Severity
    entry: CatalogueEntry

    def __new__(cls, code: str, severity: Severity) -> Self:
        if code not in _CATALOGUE:
            raise TypeError(f"{code} has no sentences: write them in a file of registry/codes/sentences")
        member = str.__new__(cls, code)
        member._value_ = code
        member.severity = severity
        member.entry = _CATALOGUE[code]
        return member

    @property
    def sentence_id(self) -> str:
        """Its sentence in Indonesian, without params."""
        return self.entry.sentence.id

    @property
    def sentence_en(self) -> str:
        """Its sentence in English, without params."""
        return self.entry.sentence.en

    @property
    def forms(self) -> list[frozenset[str]]:
        """For each of its sentences the names of its params."""
        return [sentence.params for sentence in (self.entry.sentence, *self.entry.variants.values())]

    NIK_FORMAT = "NIK_FORMAT", E
    NIK_INVALID_DATE = "NIK_INVALID_DATE", E
    NIK_SERIAL_ZERO = "NIK_SERIAL_ZERO", E
    NIK_DOB_MISMATCH = "NIK_DOB_MISMATCH", W
    NIK_SEX_MISMATCH = "NIK_SEX_MISMATCH", W
    NIK_DUPLICATE_IN_HOUSEHOLD = "NIK_DUPLICATE_IN_HOUSEHOLD", E
    NIK_REASON_REQUIRED = "NIK_REASON_REQUIRED", E
    KK_FORMAT = "KK_FORMAT", E
    KK_EQUALS_NIK = "KK_EQUALS_NIK", E
    KK_DATE_ODD = "KK_DATE_ODD", W
    HEAD_REQUIRED = "HEAD_REQUIRED", E
    HEAD_NOT_UNIQUE = "HEAD_NOT_UNIQUE", E
    SPOUSE_SEX = "SPOUSE_SEX", W
    SPOUSE_MARITAL = "SPOUSE_MARITAL", W
    RELATION_AGE = "RELATION_AGE", W
    BIRTH_DATE_FUTURE = "BIRTH_DATE_FUTURE", E
    AGE_OVER_120 = "AGE_OVER_120", E
    MEMBER_DEAD_ACTIVE = "MEMBER_DEAD_ACTIVE", E
    NO_PMI_IN_HOUSEHOLD = "NO_PMI_IN_HOUSEHOLD", E
    REGION_UNKNOWN = "REGION_UNKNOWN", E
    REGION_NOT_VILLAGE = "REGION_NOT_VILLAGE", E
    REGION_CODE_SUPERSEDED = "REGION_CODE_SUPERSEDED", W
    REGION_CODE_AMBIGUOUS = "REGION_CODE_AMBIGUOUS", E
    COUNTRY_UNKNOWN = "COUNTRY_UNKNOWN", E
    COUNTRY_IS_ID = "COUNTRY_IS_ID", E
    DATES_ORDER = "DATES_ORDER", E
    DATE_FUTURE = "DATE_FUTURE", E
    STAGE_DATES = "STAGE_DATES", E
    EPISODE_OVERLAP = "EPISODE_OVERLAP", E
    EPISODE_TWO_ACTIVE = "EPISODE_TWO_ACTIVE", E
    UNDERAGE_DEPARTURE = "UNDERAGE_DEPARTURE", W
    SCHEME_SECTOR = "SCHEME_SECTOR", W
    PROCEDURAL_NO_DOCS = "PROCEDURAL_NO_DOCS", W
    NUMBER_WITHOUT_PROVINCE = "NUMBER_WITHOUT_PROVINCE", W
    PASSPORT_FORMAT = "PASSPORT_FORMAT", W
    PHONE_FORMAT = "PHONE_FORMAT", E
    CONTRACT_EXPIRED_ACTIVE = "CONTRACT_EXPIRED_ACTIVE", W
    NIB_FORMAT = "NIB_FORMAT", E
    KBLI_UNKNOWN = "KBLI_UNKNOWN", E
    FIELD_KBLI_MISMATCH = "FIELD_KBLI_MISMATCH", W
    OWNER_NOT_MEMBER = "OWNER_NOT_MEMBER", E
    MEMBER_REMOVED = "MEMBER_REMOVED", E
    OWNER_UNDER_15 = "OWNER_UNDER_15", W
    AMOUNT_NEGATIVE = "AMOUNT_NEGATIVE", E
    AMOUNT_OUTLIER = "AMOUNT_OUTLIER", W
    CONSENT_REQUIRED = "CONSENT_REQUIRED", E
    GUARDIAN_CONSENT_REQUIRED = "GUARDIAN_CONSENT_REQUIRED", E
    CHILD_DETAIL_ADULT = "CHILD_DETAIL_ADULT", E
    CAPTURED_AT_FUTURE = "CAPTURED_AT_FUTURE", W
    REQUIRED = "REQUIRED", E
    UNKNOWN_VALUE = "UNKNOWN_VALUE", E
    UNKNOWN_FIELD = "UNKNOWN_FIELD", E
    NOT_FOUND = "NOT_FOUND", E
    OUT_OF_SCOPE = "OUT_OF_SCOPE", E
    ID_TAKEN = "ID_TAKEN", E
    VERSION_CONFLICT = "VERSION_CONFLICT", E
    TRANSITION_NOT_ALLOWED = "TRANSITION_NOT_ALLOWED", E
    SELF_VERIFY = "SELF_VERIFY", E
    FINDINGS_OPEN = "FINDINGS_OPEN", E
    REMARK_REQUIRED = "REMARK_REQUIRED", E
    REASON_REQUIRED = "REASON_REQUIRED", E
    PURPOSE_REQUIRED = "PURPOSE_REQUIRED", E
    LOCKED_PERIOD = "LOCKED_PERIOD", E
    GRANT_NOT_HELD = "GRANT_NOT_HELD", E
    GRANT_SELF = "GRANT_SELF", E
    SECOND_PERSON_REQUIRED = "SECOND_PERSON_REQUIRED", E
    CREDENTIALS_WRONG = "CREDENTIALS_WRONG", E
    OTP_REQUIRED = "OTP_REQUIRED", E
    PASSWORD_WEAK = "PASSWORD_WEAK", E
    DEVICE_REVOKED = "DEVICE_REVOKED", E
    MASK_SENT = "MASK_SENT", E
    KINSHIP_IMPOSSIBLE = "KINSHIP_IMPOSSIBLE", E
    PARENT_SEX = "PARENT_SEX", W
    NUMBER_IN_TEXT = "NUMBER_IN_TEXT", E
    CAREGIVER_IS_CHILD = "CAREGIVER_IS_CHILD", E
    CHILD_CARE_TWICE = "CHILD_CARE_TWICE", E
    PROGRAMME_UNKNOWN = "PROGRAMME_UNKNOWN", E
    PROGRAMME_CODE_TAKEN = "PROGRAMME_CODE_TAKEN", E
    ALREADY_ENROLLED = "ALREADY_ENROLLED", E
    ACCOUNT_SELF = "ACCOUNT_SELF", E
    USERNAME_FORMAT = "USERNAME_FORMAT", E
    USERNAME_TAKEN = "USERNAME_TAKEN", E
    DATE_PAST = "DATE_PAST", E
    GRANT_ENDED = "GRANT_ENDED", E
    LAST_ADMINISTRATOR = "LAST_ADMINISTRATOR", E
    VILLAGE_WITHOUT_OFFICER = "VILLAGE_WITHOUT_OFFICER", W
    PASSWORD_OUTGROWN = "PASSWORD_OUTGROWN", W
    NOT_IN_VILLAGE = "NOT_IN_VILLAGE", E
    VISITOR_TWICE = "VISITOR_TWICE", E
    LISTED_TWICE = "LISTED_TWICE", E
    PART_EXCEEDS_WHOLE = "PART_EXCEEDS_WHOLE", E
    CASE_STATUS_OPEN = "CASE_STATUS_OPEN", E
    CASES_OPEN = "CASES_OPEN", E
    HOUSEHOLD_FIXED = "HOUSEHOLD_FIXED", E
    VILLAGE_FIXED = "VILLAGE_FIXED", E
    NOT_IN_HOUSEHOLD = "NOT_IN_HOUSEHOLD", E


if orphans := sorted(_CATALOGUE.keys() - set(UserErrorCode)):
    raise TypeError(f"registry/codes/sentences has {', '.join(orphans)}, which registry/codes/messages.py lacks")


MUST_SEE = frozenset(
    {
        UserErrorCode.UNDERAGE_DEPARTURE,
        UserErrorCode.NIK_DOB_MISMATCH,
        UserErrorCode.NIK_SEX_MISMATCH,
        UserErrorCode.CONTRACT_EXPIRED_ACTIVE,
    }
)
"""Warnings that a verifier has to accept explicitly; a household with one of them is not verified otherwise."""


def sentence(code: UserErrorCode, language: Language, /, **params: str) -> str:
    """The sentence in a language with its params.  Raises KeyError if one is missing."""
    return code.entry.sentence_for(params).filled(language, params)
