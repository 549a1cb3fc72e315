"""What must be read to answer, in the currency of the answer itself: nodes.

A list is read once for its page, for each count and for each grouping; what a filter tests and an order compares makes
each reading dearer.  How far a reading goes is known at the call: as far as the caller's areas, or as the regions that
he names.  The numbers are proportions, measured at 100,000 households (docs/decisions/cost.md); what they get wrong is
bounded by the seconds that a query has, and by the lanes of registry/store/turns.py.
Rule: whatever makes PostgreSQL read rows that are not returned is priced here.  Tests: tests/test_limits.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from auth.principal import Principal
from auth.sensitivity import Sensitivity
from registry.models.fact import Derived
from registry.models.noun import Readable
from registry.models.region import Region
from registry.read.grouping import Grouping
from registry.read.order import is_name
from registry.read.ordered import is_indexed, is_whole, leading
from registry.read.query import Datum, Order, Source
from schema.engine.variables import Binding, Call

NATION = 200
WIDTHS = {2: 20, 5: 2, 8: 1, 13: 1}
"""Nodes for one reading of a list: of the country, and of a region by the length of its code."""
BELOW = 2
"""Of a region that is a row of a list: the regions of a level do not overlap, so all together they are the country."""
READ, COMPARED, NAMED, WORKED_OUT, DERIVED, RELATED = 1, 2, 5, 10, 20, 20
"""Readings that these come to: the rows of a list; a test or key that is a column; a search or a condition with a name;
a column of which a function is compared, such as the beginning of a text; what is derived of each row; and a look at
each row's related records."""
DERIVED_VALUES = 10
"""Values that a derived field counts as."""
SUMMARY, COUNTRY = 100, 5_000
"""Nodes for the figures of one region, as for `statistics`, and of the country."""


def caller_width(call: Call) -> int:
    """Nodes for one reading of all that the caller may read."""
    memo = call.principal.memo
    if (known := memo.get(caller_width)) is None:
        known = memo[caller_width] = _width(call.principal)
    return int(known)


def _width(principal: Principal) -> int:
    areas = principal.sees(Sensitivity.OPERATIONAL)
    return NATION if areas.national else regions_width(areas.codes)


def regions_width(codes: Iterable[str]) -> int:
    """Nodes for one reading of these regions together."""
    return min(NATION, sum(WIDTHS.get(len(code), NATION) for code in codes))


def narrowed(codes: Binding) -> Binding:
    """The width of the regions whose codes, or whose one code, a call gives, within the caller's areas."""

    def width(call: Call) -> int:
        named = codes(call)
        return min(caller_width(call), regions_width([named] if isinstance(named, str) else named))

    return width


def of_test(noun: Readable, datum: Datum, operator: str = "", day: bool = False) -> int:
    """Readings that testing a datum of each row adds; `day`: by the first day of a partial date."""
    worked_out = operator == "startsWith" or (day and operator != "isNull")
    return _of_datum(noun, datum, worked_out)


def _of_datum(noun: Readable, datum: Datum, worked_out: bool) -> int:
    if isinstance(datum, Derived):
        return DERIVED
    if noun is Region:
        return 0  # the map is small
    return WORKED_OUT if worked_out else COMPARED


def of_rows(noun: Readable) -> int:
    """Readings that the rows of a list themselves are."""
    return 0 if noun is Region else READ


def of_name(noun: Readable) -> int:
    """Readings that a search adds, or a condition with a name."""
    return 0 if noun is Region else NAMED


def of_order(source: Source, order: tuple[Order, ...]) -> int:
    """Readings that sorting the rows of a list adds; nothing where they are read from other records in their order."""
    return 0 if leading(source, order) else sum(_of_datum(source.noun, key.datum, is_name(key.datum)) for key in order)


def is_by_index(source: Source, order: tuple[Order, ...]) -> bool:
    """Whether whoever sees the whole country is answered from an index, which leads to the rows of the page alone."""
    return is_whole(source) and (leading(source, order) is not None or is_indexed(source.noun, order[0]))


def by_index(call: Call) -> int:
    """The width of such a list."""
    width = caller_width(call)
    return 1 if width == NATION else width


def of_grouping(by: Grouping) -> int:
    return DERIVED if by.derived else COMPARED
