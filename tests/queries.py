"""The canonical queries: every root and every kind of nesting, for the proofs that look at statements and plans."""

from __future__ import annotations

HOUSEHOLD = """id withheld viewerCan householdNo status address location { latitude } phoneMasked
  memberCount businessCount village { name code parent { name } } head { fullName }
  submittedBy { name role } consent { basis givenBy }
  members { id fullName nikMasked age stage mother { fullName } father { id } migrations { stage } businesses { name } }
  migrations { id stage proceduralStatus wage { amount currency } member { fullName } household { id } }
  businesses { id name owner { fullName } annualSales { amount } locationVillage { code } }
  findings { code message path params { name value } } remarks { text author { name } }
  events { from to actor { name } }"""
PAGE = "totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"

ASKED: dict[str, str] = {
    "viewer": "{ viewer { id name username abilities expiresAt grants { role region { code } abilities validFrom } } }",
    "household by id": "query($id: ID!) { household(by: {id: $id}) { @HOUSEHOLD } }",
    "household by number": "query($no: String!) { household(by: {householdNo: $no}) { id householdNo } }",
    "households": "{ households { nodes { id } } }",
    "households whole": "{ households(first: 50) { @PAGE nodes { @HOUSEHOLD } } }",
    "households edges": "{ households(first: 3) { edges { cursor node { id members { fullName } } } } }",
    "households count": "{ households { totalCount } }",
    "households typenames": "{ households { __typename nodes { __typename head { __typename } } } }",
    "members": "{ members { totalCount nodes { id fullName nikMasked stage household { id householdNo } } } }",
    "members up and down": "{ members { nodes { household { members { household { members { id } } } } } } }",
    "members edges": "{ members(first: 2) { @PAGE edges { cursor node { id } } } }",
    "migrations": "{ migrations { @PAGE nodes { id stage country member { fullName } } } }",
    "businesses": "{ businesses { totalCount nodes { id name field owner { fullName } permits } } }",
    "node bare": "query($id: ID!) { node(id: $id) { id __typename } }",
    "node whole": "query($id: ID!) { node(id: $id) { id ... on Household { address members { fullName } }"
    " ... on Member { fullName } ... on MigrationEpisode { employerName } ... on Business { trade: name }"
    " ... on Region { place: name households { totalCount } } } }",
    "record": "query($id: ID!) { node(id: $id) { ... on Record { withheld viewerCan } } }",
    "region": "query($code: RegionCode!) { region(code: $code) { id name level viewerCan lineage { change } } }",
    "region ancestors": "query($code: RegionCode!) { region(code: $code) { parent { name } ancestors { name code } } }",
    "region lists": "query($code: RegionCode!) { region(code: $code) { households { totalCount nodes { address } }"
    " members { nodes { fullName } } migrations { nodes { stage } } businesses { totalCount } lastVerifiedAt } }",
    "region summary": "query($code: RegionCode!) { region(code: $code) { summary { households persons prospective"
    " businessesByField { key label count suppressed } withheld region { name } } } }",
    "regions": "{ regions(first: 5) { @PAGE nodes { code name viewerCan } } }",
    "regions by count": "{ regions(orderBy: {field: HOUSEHOLD_COUNT, direction: DESC}) { nodes { code } } }",
    "regions by verification": "{ regions(orderBy: {field: LAST_VERIFIED_AT}) { nodes { code lastVerifiedAt } } }",
    "provinces": "{ provinces { nodes { name households { totalCount } } } }",
    "provinces down": "{ provinces { nodes { regencies { nodes { districts { nodes { villages { nodes {"
    " code enrolments { year programme { name } } households { nodes { id members { fullName } } } } } } } } } } } }",
    "provinces ordered": "{ provinces(orderBy: {field: NAME, direction: DESC}, first: 1) { @PAGE nodes { name"
    " regencies(orderBy: {field: HOUSEHOLD_COUNT}) { nodes { name } } } } }",
    "national": "{ nationalSummary { id provinces villages households workingAbroad exportReady withheld cutOff"
    " businessesByField { key label count suppressed } region { name } } }",
    "filtered": "query($code: RegionCode!) { households(filter: {within: [$code], workflowState: [SUBMITTED, VERIFIED],"
    ' memberCount: {gte: 2}, householdNo: {startsWith: "35"}}) { @PAGE nodes { id householdNo } } }',
    "filtered by members": "{ households(filter: {members: {some: {age: {lt: 18}, sex: [FEMALE]}}, or: ["
    "{businesses: {none: {status: [RUNNING]}}}, {not: {submittedByMe: true}}]}) { totalCount nodes { id } } }",
    "returnees with a business": "query($code: RegionCode!) { members(filter: {within: [$code], stage: [RETURNED],"
    " businesses: {some: {status: [RUNNING], permits: [HALAL]}}}) { totalCount nodes { id fullName } } }",
    "contracts ending": '{ migrations(filter: {latest: true, contractEndsOn: {gte: "2026-01-01"}},'
    " orderBy: {field: CONTRACT_ENDS_ON}) { @PAGE groups(by: CONTRACT_END_MONTH, first: 6) { key label count } } }",
    "businesses by field": "{ businesses(orderBy: {field: WORKERS, direction: DESC}) { totalCount"
    " groups(by: FIELD) { key label count } nodes { id field } } }",
    "groups of places": "{ members { groups(by: VILLAGE) { key label count } ages: groups(by: AGE_BAND) { key } } }",
    "backward": "{ households(last: 3, orderBy: {field: UPDATED_AT, direction: DESC}) { @PAGE edges { cursor } } }",
    "search": '{ members(search: "sitti aminah") { @PAGE nodes { id fullName } } households(search: "sitti") {'
    ' nodes { id } } regions(search: "soember", first: 5) { nodes { code name } } }',
    "fallen silent": '{ regions(filter: {level: [VILLAGE], programme: ["DESMIGRATIF"],'
    ' lastVerifiedAt: {lt: "2026-01-01T00:00:00Z"}}) { totalCount nodes { code } } }',
    "two roots": "{ a: households { totalCount } b: members { totalCount } }",
    "aliases": "{ households { rows: nodes { a: id b: address people: members { n: fullName } } } }",
    "fragments": "{ households { nodes { ...h } } } fragment h on Household { id ...m } "
    "fragment m on Household { members { fullName } businesses { name } }",
}
QUERIES = {name: text.replace("@HOUSEHOLD", HOUSEHOLD).replace("@PAGE", PAGE) for name, text in ASKED.items()}
