"""Every closed code list of the registry, importable from here: `from registry.codes import Sex`.

Rule: names, codes and their order are those of the public contract. Test: tests/test_codes.py.
"""

from registry.codes.assistance import AssistanceType
from registry.codes.base import Code, list_name
from registry.codes.business import (
    BusinessField,
    BusinessPermit,
    BusinessScale,
    BusinessStatus,
    CapitalSource,
    ExportReadiness,
    Market,
    OwnerCategory,
    TurnoverBand,
)
from registry.codes.case import CaseStatus, CaseType
from registry.codes.cooperative import CooperativeStatus
from registry.codes.episode import (
    LegalCategory,
    MigrationStage,
    OccupationGroup,
    PlacementScheme,
    PlanAfterReturn,
    ProceduralStatus,
    RecruiterType,
    RemittanceBand,
    RemittanceChannel,
    RemittanceFrequency,
    RemittanceUse,
    ReturnReason,
    Sector,
    WelfareStatus,
)
from registry.codes.household import (
    CaregiverRelation,
    ConsentBasis,
    ConsentMethod,
    EducationLevel,
    HouseholdStatus,
    HouseOwnership,
    LifeStatus,
    MaritalStatus,
    MissingReason,
    ParentsAbroad,
    Pillar,
    RelationToHead,
    Residence,
    SchoolStatus,
    Sex,
    VisitResult,
)
from registry.codes.indicator import Boundaries, Dimension, IndicatorName, TimeBasis
from registry.codes.kbli import KbliVersion
from registry.codes.region import (
    RegionChange,
    RegionKind,
    RegionLevel,
)
from registry.codes.service_visit import ServiceType
from registry.codes.workflow import (
    AccessPurpose,
    ArchiveReason,
    ChangeSource,
    IdentityField,
    OrderDirection,
    RejectReason,
    SaveAs,
    Severity,
    WorkflowState,
    WriteOutcome,
)

__all__ = [
    "AccessPurpose",
    "ArchiveReason",
    "AssistanceType",
    "Boundaries",
    "BusinessField",
    "BusinessPermit",
    "BusinessScale",
    "BusinessStatus",
    "CapitalSource",
    "CaregiverRelation",
    "CaseStatus",
    "CaseType",
    "ChangeSource",
    "Code",
    "ConsentBasis",
    "ConsentMethod",
    "CooperativeStatus",
    "Dimension",
    "EducationLevel",
    "ExportReadiness",
    "HouseOwnership",
    "HouseholdStatus",
    "IdentityField",
    "IndicatorName",
    "KbliVersion",
    "LegalCategory",
    "LifeStatus",
    "MaritalStatus",
    "Market",
    "MigrationStage",
    "MissingReason",
    "OccupationGroup",
    "OrderDirection",
    "OwnerCategory",
    "ParentsAbroad",
    "Pillar",
    "PlacementScheme",
    "PlanAfterReturn",
    "ProceduralStatus",
    "RecruiterType",
    "RegionChange",
    "RegionKind",
    "RegionLevel",
    "RejectReason",
    "RelationToHead",
    "RemittanceBand",
    "RemittanceChannel",
    "RemittanceFrequency",
    "RemittanceUse",
    "Residence",
    "ReturnReason",
    "SaveAs",
    "SchoolStatus",
    "Sector",
    "ServiceType",
    "Severity",
    "Sex",
    "TimeBasis",
    "TurnoverBand",
    "VisitResult",
    "WelfareStatus",
    "WorkflowState",
    "WriteOutcome",
    "list_name",
    "lists",
]


def lists() -> dict[str, type[Code]]:
    """Every declared list by its name in the API."""
    return {members.__name__: members for members in Code.__subclasses__()}
