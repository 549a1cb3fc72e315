"""What PostgreSQL must read for an answer, in the currency of the answer itself: nodes.

A list is read once for its page, for each count and for each grouping; what a filter tests and an order compares makes
each reading dearer.  How far a reading goes is known at the call: as far as the caller's areas, or the regions that the
call names.  The numbers are proportions, measured at 100,000 households (docs/decisions/cost.md); the time limit of
queries and the turns of registry/store/turns.py bound what they get wrong.
Rule: whatever makes PostgreSQL read rows that are not returned is priced here.  Tests: tests/test_limits.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from auth.principal import Principal
from auth.sensitivity import Sensitivity
from registry.codes import Dimension
from registry.figures.definitions import Definition
from registry.figures.indicator import PERIODS
from registry.figures.report import ReportRows
from registry.models.fact import Derived
from registry.models.history import RevisionChanges
from registry.models.noun import Readable
from registry.models.officer import Officer
from registry.models.reference import MOST_CODES, ReferenceCode
from registry.models.region import Region
from registry.models.workflow import WorkflowEvent
from registry.read.grouping import Grouping
from registry.read.index_order import is_indexed, is_whole, leading
from registry.read.order import is_name
from registry.read.query import Datum, Order, Source
from registry.values.bounds import LONGEST_LIST
from schema.declare.directives import ENUM_LABELS
from schema.engine.complexity import PLAIN_LIST_SIZE, Size
from schema.engine.variables import Binding, Call, binding

# Width: the nodes that one reading of a list costs.
NATION = 200
"""The width of the whole country."""
WIDTHS = {2: 20, 5: 2, 8: 1, 13: 1}
"""Length of a region's code → the width of the region."""
BELOW = 2
"""The width of a region that is a row of a list: regions of one level do not overlap, so all of them together are the
country."""

# How many readings a part of a list costs.
READ = 1
"""The rows of a list."""
COMPARED = 2
"""A test or sort key that is a column."""
NAMED = 5
"""A search, or a condition with a name."""
WORKED_OUT = 10
"""A column of which a function is compared, such as the beginning of a text."""
DERIVED = 20
"""A datum derived from each row."""
RELATED = 20
"""A look at the related records of each row."""

DERIVED_VALUES = 10
"""How many values a derived field counts as."""
SUMMARY, NATIONAL_SUMMARY = 100, 5_000
"""The nodes that the figures of one region cost, as `statistics` does, and those of the country."""


STATISTICS = 10
"""How many readings each indicator of an answer is, of the records of its place."""

REVISIONS = 1
"""The width of the revisions of one household."""
CHANGES = 150
"""The changes that a revision counts as, of which two whole documents are read: its answer is never longer."""
OFFICERS = 5
"""The nodes that a village's officers cost besides themselves: the grants of five areas are read, for each village."""
REPORT = 100
"""The nodes that the figures of a village's month cost besides its rows."""


def _width_where(kind: Sensitivity) -> Callable[[Call], int]:
    """The width of the areas where the caller sees a class."""

    def width(call: Call) -> int:
        memo = call.principal.memo
        if width not in memo:
            memo[width] = _width(call.principal, kind)
        return int(memo[width])

    return width


def _width(principal: Principal, kind: Sensitivity) -> int:
    areas = principal.sees(kind)
    return NATION if areas.national else regions_width(areas.codes)


caller_width = _width_where(Sensitivity.OPERATIONAL)
"""The width of all records that the caller may read."""
_accounts_width = _width_where(Sensitivity.SYSTEM)


def code_list_size(name: Binding) -> Binding:
    """How many codes the list of this name has: an enum of the schema as many as values, any other as many as may be
    loaded."""

    def size(call: Call) -> int:
        labels = ENUM_LABELS.get(name(call))
        return MOST_CODES if labels is None else len(labels)

    return size


READ_FOR = {Officer: OFFICERS, RevisionChanges: CHANGES, ReportRows: REPORT}
"""What must be read for a plain list, beside its records."""


def plain_list_size(noun: Readable, limit: int, bindings: Mapping[str, Binding]) -> int | Binding:
    """How many records a plain list of at most `limit` counts as, in the proportion of those inside a household."""
    if noun is ReferenceCode:
        return code_list_size(bindings["list"])
    if noun in (ReportRows, Definition):  # there are always as many
        return limit
    if noun is RevisionChanges:
        return CHANGES
    if noun is WorkflowEvent:  # there may be 1,000, and are a few
        return PLAIN_LIST_SIZE
    return limit * PLAIN_LIST_SIZE // LONGEST_LIST


def list_width(noun: Readable) -> Callable[[Call], int]:
    """The width of a whole list; accounts and grants exist where the caller sees the class SYSTEM, maybe no record."""
    return _accounts_width if noun.row_sensitivity is Sensitivity.SYSTEM else caller_width


def regions_width(codes: Iterable[str]) -> int:
    """The width of these regions together."""
    return min(NATION, sum(WIDTHS.get(len(code), NATION) for code in codes))


def narrowed(codes: Binding, whole: Callable[[Call], int] = caller_width) -> Binding:
    """The width of the regions whose codes, or whose single code, a call names, within the `whole`."""

    def width(call: Call) -> int:
        value = codes(call)
        region_codes = [value] if isinstance(value, str) else value
        return min(whole(call), regions_width(region_codes))

    return width


def answer_width(question: Mapping[str, Any], reach: Size | None) -> Size:
    """The width of an answer: of its place, for each indicator, twice for a breakdown, and for each period."""
    if "indicators" not in question:  # a kept answer
        return 1
    place = question.get("within")
    width = reach if reach is not None else NATION if place is None else narrowed(binding([place]))
    times = binding([question["indicators"], question["by"], question.get("period")], _readings)

    def of_call(call: Call) -> int:
        return int(times(call)) * int(width if isinstance(width, int) else width(call))

    return of_call


def _readings(asked: list[Any]) -> int:
    names, by, period = asked
    times = len(names) * (1 + bool(by))
    if period is None or not set(by) & set(PERIODS):
        return times
    years: int = period["to"].year - period["from"].year + 1
    return times * (years if Dimension.YEAR in by else 3 * years)  # the states of a year are read together


def comparison_price(noun: Readable, datum: Datum, operator: str = "", day: bool = False) -> int:
    """Readings for testing a datum of each row; `day` compares a partial date by its first day."""
    worked_out = operator == "startsWith" or (day and operator != "isNull")
    return _datum_price(noun, datum, worked_out)


def _datum_price(noun: Readable, datum: Datum, worked_out: bool) -> int:
    if isinstance(datum, Derived):
        return DERIVED
    if noun is Region:
        return 0  # the map is small
    return WORKED_OUT if worked_out else COMPARED


def rows_price(noun: Readable) -> int:
    """Readings for the rows of a list themselves."""
    return 0 if noun is Region else READ


def name_price(noun: Readable) -> int:
    """Readings for a search, or for a condition with a name."""
    return 0 if noun is Region else NAMED


def order_price(source: Source, order: tuple[Order, ...]) -> int:
    """Readings for sorting the rows of a list; none if other records lead to them in their order."""
    if leading(source, order):
        return 0
    return sum(_datum_price(source.noun, key.datum, is_name(key.datum)) for key in order)


def is_by_index(source: Source, order: tuple[Order, ...]) -> bool:
    """Whether an index leads callers that see the whole country to the rows of the page alone."""
    if not is_whole(source):
        return False
    return leading(source, order) is not None or is_indexed(source.noun, order[0])


def index_width(call: Call) -> int:
    """The width of a list that `is_by_index`."""
    width = caller_width(call)
    return 1 if width == NATION else width


def grouping_price(by: Grouping) -> int:
    """Readings for a key of each row to count by."""
    return DERIVED if by.derived else COMPARED
