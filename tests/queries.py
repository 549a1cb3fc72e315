"""The canonical queries: every root and every kind of nesting, for the proofs about statements and plans.

`PLANS` describes the plan by which PostgreSQL answers each, as `desmigratif explain` showed it for an officer, a viewer
and an analyst in a country of 10,000 households (`benchmarks.country`).
"""

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

TEMPLATES: dict[str, str] = {
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
    "statistics": "{ statistics(indicators: [PERSONS_ACTIVE], by: [PROVINCE, SEX]) { cutOff villagesReporting"
    " total { figures { value } } rows(first: 5) { pageInfo { hasNextPage } nodes { keys { key label }"
    " figures { value suppressed exact margin } } } } }",
    "statistics of regions": "query($code: RegionCode!) { region(code: $code) { statistics(indicators: [BUSINESSES],"
    ' by: [VILLAGE], on: "2026-06-30") { id total { figures { value } } rows { totalCount nodes { keys { label }'
    " figures { value } } } } } }",
    "quoted answer": "query($id: ID!) { figure(id: $id) { id cutOff total { figures { value } }"
    " rows { totalCount } } }",
    "village page": '{ households(first: 20, filter: {within: ["35.07.11.2008"]}) { nodes { id householdNo members {'
    " fullName } } pageInfo { hasNextPage endCursor } } }",
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
QUERIES = {name: text.replace("@HOUSEHOLD", HOUSEHOLD).replace("@PAGE", PAGE) for name, text in TEMPLATES.items()}

DESCRIPTIONS = """\
viewer
The account is one row, which only its own user may read; abilities and the end of the token are arguments of the
statement. Nothing scoped is read but the caller's own grants.

household by id
The two unique keys stand in one OR, which PostgreSQL answers by a BitmapOr of `pk_household` and `ix_household_no`.
Each list inside is one look-up by `ix_…_household_id` with the area beside it; a mask is a CASE on the row in hand,
and where the caller sees a class nowhere the column is not even read.

household by number
The same BitmapOr as by id, with the other half empty: one row by `ix_household_no`.

households
The wall's hull makes a range of areas, which `ix_household_counted` serves; the rows of the area are sorted by number
and cut at 20 (a heap of 20, not the whole sort). What grows with the area is the sort: one village 60 rows, one
regency 1,260. The country's are not sorted: `ix_household_no` is read until the page is full, since beside the two
`generate_series`, each one row that is taken for a thousand, any sort seems dearer.

households whole
One page as in `households`, and for each of its 50 rows a look-up by key in each list; nothing is done for rows
beyond the page. `totalCount` is a scan of `ix_household_counted` alone.

households edges
Cursors cost nothing beside the page: its sort keys are signed in the same scan, and only for the edges that are
shown.

households count
An index-only scan of `ix_household_counted`: area, draft and archived are all that the wall and the list ask, so the
table itself is not touched.

households typenames
`__typename` is a constant of the statement; only `head` looks up a member, by its household.

members
The order is by the household's number, which a member does not have: the households are read in that order, and the
members of each until the page is full; OFFSET 0 keeps the two apart. Those of a village or regency are sorted as in
`households`, and that is what the page costs; the country's come from `ix_household_no`. The stage is looked up for
the 20 shown only.

members up and down
The page as in `members`; what hangs below is looked up by key for its 20 rows, up and down again, and never by a join
of whole tables.

members edges
As `members`: finding the first two costs as much as finding the first twenty.

migrations
The order needs no other table, so the area's rows from `ix_migration_episode_counted` are sorted as they are, and
the country's come from `ix_migration_episode_departed_on`, or by id where dates are not the caller's; the member's name
is 20 look-ups by id. The count comes from the same index alone.

businesses
As `migrations`: the area's rows by `ix_business_counted`, sorted, the country's by `ix_business_started_on`; owners
by id.

node bare
One look-up for each type that has an id and whose class the caller may see at all; `coalesce` stops at the first that
finds something. Each is one row of an index that holds the id, alone or beside the area.

node whole
As `node bare`: the parts of a type are read only where its look-up found the row.

record
As `node bare`; `withheld` and `viewerCan` are tests of the row in hand against the areas of the caller, and read
nothing more.

region
The code, of any year, becomes the id of a region of today first: by `uq_region_code_today`, and only where that has
none by old codes and splits. The region itself is a look-up by `pk_region`.

region ancestors
Ancestors are the prefixes of the code, one scan of `uq_region_code_today` for at most three: no recursion.

region lists
Each list asks for the areas under the region's code and is narrowed by the wall to what the caller reads of it, one
range in `ix_…_counted`. A count alone stays inside that index; households, members and episodes bring their first
page each, members as in `members`.

region summary
One call of the crossing `figures`, which counts the verified ledger below the region's code; everything shown comes
out of its single answer. Suppression happens in there, so no statement can ask around it.

regions
Regions are public: the page is read in the order of the index on today's codes and ends a row or two after the fifth;
only `totalCount` reads them all.

regions by count
The key is a count that is known only where the caller reads, so the order limits the list to their regions. Each of
these is counted inside `ix_household_counted` before the first page is known.

regions by verification
As `regions by count` with the newest verification instead of the number, for which the rows behind
`ix_household_counted` are read.

provinces
Four provinces by `ix_region_level_code`; each count is an index-only scan of its part of `ix_household_counted`.

provinces down
Each level is read by its parent for the rows above it, a few dozen regions, so PostgreSQL scans the small table
rather than its index. At the default sizes this could return twenty million nodes, and the server refuses it: with
`first: 5` on each level it is answered.

provinces ordered
The inner list is ordered by a count that only the caller's areas have, tested by CASE before it is counted; the outer
one sorts four names.

national
The crossing `figures` decides from the settings which numbers the caller gets: kept cells where they see a class of the
whole country, and what was published at its last close where not. Fields and labels are taken out of its one answer.

statistics
One call of the crossing `statistics`, which counts what the caller sees as it is and reads what is published of the
rest; everything shown comes out of its one row.

statistics of regions
The same call below the region of the row around it. `id` is asked for, so the answer is kept and the statement runs in
a transaction that may write.

quoted answer
The crossing `figure` reads a kept answer by its id, and refuses it like an unknown one unless the caller still sees all
that it shows.

village page
One village is an equality, so `ix_household_area_no` can give the page in its order: with 300,000 and 1,000,000
households 21 rows are read, however many the village has. With 10,000 the smaller `ix_household_counted` is taken and
the village's 60 rows sorted. Today's code is looked up in the gate; an old one goes through its history.

filtered
`within` becomes areas once, in the gate, and narrows the same index range that the wall uses; `memberCount` counts
the members of each household that passed the cheaper tests, by its key.

filtered by members
`some` is an EXISTS that looks into each household's members by `ix_member_household_id`; `none` of businesses reads
the area's running businesses once and keeps them as a hashed set. Who may not see a class in question anywhere is
refused before any SQL.

returnees with a business
The rarest thing comes first by itself: businesses of the area by `ix_business_counted`, then their owners by id, then
each owner's latest episode by `ix_migration_episode_member_id`.

contracts ending
The area's episodes once for the page and once for its groups, whose sum is the count, both by
`ix_migration_episode_counted`; `latest` is decided by one look-up of the person's episodes, and only for those whose
contract ends in time.

businesses by field
`groups` is one aggregate beside the page: `ix_business_counted` holds the field, so the index is read alone, once: the
count of all is the sum of the groups. Labels are looked up for the groups, not for the rows.

groups of places
By village the key stands in `ix_member_counted`, an index-only scan; by age every member's date is read, in the time
zone of the capital. Both count the same rows, so their sums agree.

backward
The order is turned round, the page cut, and `json_agg` turns it back: the last three cost what the first three would.

search
The longest word, alone and joined with the one before it, becomes a range of sounds, tried against ten indexes
(`ix_member_sound_1` … `10`, the later ones nearly empty) that carry the area; the other words are tested on what they
find. Households come through their members, or by their number; regions have such indexes too, and are scanned where
they are few.

fallen silent
Enrolled villages are a few hundred rows; for each, the newest verification inside the caller's areas is read by
`ix_household_counted`. Villages that the caller does not read are left out before.

two roots
Two statements, sent at the same time over two connections, each an index-only scan.

aliases
Aliases are labels of columns and change nothing in the plan: see `households` and its look-ups.

fragments
Fragments are merged before anything is compiled; the plan is that of the same fields written out.
"""
PLANS = dict(text.split("\n", 1) for text in DESCRIPTIONS.strip().split("\n\n"))
