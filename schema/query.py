"""The root fields of reading: each is one statement and fails alone."""

from __future__ import annotations

from auth.sensitivity import Sensitivity
from registry.codes import RegionLevel
from registry.figures import definitions, summary
from registry.figures import statistics as figures
from registry.figures.catalogue import INDICATORS
from registry.models import account
from registry.models.agency import Agency as AgencyFacts
from registry.models.assistance import Assistance as AssistanceFacts
from registry.models.business import Business as BusinessFacts
from registry.models.business_group import BusinessGroup as BusinessGroupFacts
from registry.models.case import Case as CaseFacts
from registry.models.cooperative import Cooperative as CooperativeFacts
from registry.models.episode import MigrationEpisode as EpisodeFacts
from registry.models.household import Household as HouseholdFacts
from registry.models.member import Member as MemberFacts
from registry.models.parenting_session import ParentingSession as ParentingSessionFacts
from registry.models.reference import ReferenceList as ListFacts
from registry.models.region import AtLevel, exists_today
from registry.models.region import Programme as ProgrammeFacts
from registry.models.region import Region as RegionFacts
from registry.models.service_visit import ServiceVisit as ServiceVisitFacts
from registry.models.training import Training as TrainingFacts
from registry.read.query import Order
from schema.declare.answers import answer
from schema.declare.makers import any_node, connection, connection_by, face, look_up, plain_list
from schema.types.account import USERS, User
from schema.types.agency import Agency
from schema.types.assistance import Assistance
from schema.types.business import BusinessConnection
from schema.types.business_group import BusinessGroup
from schema.types.case import Case
from schema.types.cooperative import Cooperative
from schema.types.episode import MigrationEpisodeConnection
from schema.types.figures import Summary
from schema.types.household import HOUSEHOLD_KEY, Household, HouseholdConnection
from schema.types.indicator import Indicator
from schema.types.member import MemberConnection
from schema.types.node import Connection, Node
from schema.types.parenting_session import ParentingSession
from schema.types.pillar import pillar_connection
from schema.types.question import BY_ID, OF_ANY
from schema.types.reference import LIST_KEY, ReferenceList
from schema.types.region import BY_CODE, BY_NUMBER, REGION_KEY, Programme, Province, Region
from schema.types.service_visit import ServiceVisit
from schema.types.statistics import Statistics
from schema.types.training import Training
from schema.types.viewer import Viewer

OPEN, OPERATIONAL = Sensitivity.OPEN, Sensitivity.OPERATIONAL


@face()
class Query:
    """Reads.  A root field that fails is null and leaves its neighbours alone."""

    node: Node | None = any_node("Any object by its id.  Null for unknown, deleted and hidden ids alike.")
    viewer: Viewer | None = look_up(OPEN, "You, your grants and abilities.", account.User, account.is_caller)
    region: Region | None = look_up(
        OPEN,
        "The region of a code.  Superseded codes lead to today's region; the code of a split region is refused;"
        " null for a code that never existed.",
        RegionFacts,
        key=REGION_KEY,
    )
    regions: Connection[Region] | None = connection(
        OPEN,
        "Regions of any level.",
        RegionFacts,
        None,
        exists_today,
        order=BY_CODE,
    )
    provinces: Connection[Province] | None = connection(
        OPEN,
        "The typed way down: provinces, and from them regencies, districts, villages and households.",
        RegionFacts,
        None,
        AtLevel(RegionLevel.PROVINCE),
        order=BY_CODE,
    )
    household: Household | None = look_up(
        OPERATIONAL,
        "A household by a key of it; null for absent and hidden ones alike.",
        HouseholdFacts,
        key=HOUSEHOLD_KEY,
    )
    households: HouseholdConnection | None = connection(
        OPERATIONAL,
        "All households that you may see.",
        HouseholdFacts,
        None,
        order=(Order(HouseholdFacts.household_no),),
    )
    members: MemberConnection | None = connection(
        OPERATIONAL, "All persons that you may see, whatever their household.", MemberFacts, None, order=BY_NUMBER
    )
    migrations: MigrationEpisodeConnection | None = connection(
        OPERATIONAL,
        "All migration episodes that you may see.",
        EpisodeFacts,
        None,
        order=(Order(EpisodeFacts.departed_on, True),),
    )
    businesses: BusinessConnection | None = connection(
        OPERATIONAL,
        "All business units that you may see.",
        BusinessFacts,
        None,
        order=(Order(BusinessFacts.started_on, True),),
    )
    service_visits: Connection[ServiceVisit] | None = pillar_connection(
        "Pillar 1: visits to service centres, newest first.", ServiceVisitFacts, ServiceVisitFacts.date
    )
    trainings: Connection[Training] | None = pillar_connection(
        "Pillar 2: trainings, newest first.", TrainingFacts, TrainingFacts.starts_on
    )
    business_groups: Connection[BusinessGroup] | None = pillar_connection(
        "Pillar 2: business groups, newest first.", BusinessGroupFacts, BusinessGroupFacts.formed_on
    )
    assistance: Connection[Assistance] | None = pillar_connection(
        "Pillar 2: assistance, newest first.", AssistanceFacts, AssistanceFacts.date
    )
    parenting_sessions: Connection[ParentingSession] | None = pillar_connection(
        "Pillar 3: parenting sessions, newest first.", ParentingSessionFacts, ParentingSessionFacts.date
    )
    cooperatives: Connection[Cooperative] | None = pillar_connection(
        "Pillar 4: cooperatives, the newest legal entities first.", CooperativeFacts, CooperativeFacts.legal_on
    )
    cases: Connection[Case] | None = pillar_connection(
        "Complaints and troubles that you may see, newest first.", CaseFacts, CaseFacts.opened_on
    )
    programmes: list[Programme] | None = plain_list(
        OPEN,
        "The programmes: DESMIGRATIF and those to come.",
        ProgrammeFacts,
        None,
        order=(Order(ProgrammeFacts.code),),
    )
    agencies: Connection[Agency] | None = connection(
        OPEN,
        "Licensed placement companies (P3MI), those whose licence has ended too.",
        AgencyFacts,
        None,
        order=(Order(AgencyFacts.name),),
        ordered=False,
        filtered=False,
    )
    reference_codes: ReferenceList | None = look_up(
        OPEN,
        "A code list with the labels of its codes in both languages: the name of every enum is one, and COUNTRY,"
        " OCCUPATION, SKILL and others whose codes are data.  Null for any other name.",
        ListFacts,
        key=LIST_KEY,
    )
    indicators: list[Indicator] | None = plain_list(
        OPEN,
        "Every definition of a figure, in the order of the programme.",
        definitions.Definition,
        None,
        order=(Order(definitions.place),),
        limit=len(INDICATORS),
    )
    users: Connection[User] | None = connection_by(
        USERS,
        "Accounts with a grant in your area; those that nobody has given a grant yet are their creator's.",
        account.User,
        order=(Order(account.User.name),),
    )
    statistics: Statistics | None = answer(
        OPEN,
        "Published indicators by any allowed breakdown, in one area or the country; exact where the area is yours.",
        figures.Statistics,
        None,
        OF_ANY,
    )
    figure: Statistics | None = answer(
        OPEN, "A figure exactly as it was answered before.", figures.KeptStatistics, None, BY_ID
    )
    national_summary: Summary | None = look_up(
        OPEN, "The Minister's sentence for the country: the same numbers for every signed-in user.", summary.Summary
    )
