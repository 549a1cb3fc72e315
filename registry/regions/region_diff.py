"""The difference between an official region list and the regions of today: new, renamed and gone ones.

Rule: a code that seems to name another place now, or is gone, never takes its data along; a person decides.
Test: tests/test_regions.py.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from registry.codes import RegionLevel
from registry.regions.region_list import ListedRegion, RegionList
from registry.regions.region_name import normalise, place

SAME_PLACE = 0.5
"""Similarity of two names (0–1) below which one code is assumed to name two places.  Between the lists of 2019 and
2025 real re-use (Tonasa, Kassi) lies at 0.36, misspelling above 0.6."""


@dataclass(frozen=True, slots=True)
class CurrentRegion:
    """A region of today in the database."""

    code: str
    name: str
    valid_from: dt.date


@dataclass(frozen=True, slots=True)
class Rename:
    """A code that has another name in the list."""

    row: ListedRegion
    former_name: str

    @property
    def reused(self) -> bool:
        """Whether the code seems to name another place now, because the names have nothing in common."""
        names = SequenceMatcher(None, _core(self.former_name), _core(self.row.name), autojunk=False)
        return names.ratio() < SAME_PLACE

    @property
    def spelling_only(self) -> bool:
        """Whether only case, quotes, hyphens, spaces or the word for the kind (`KAB.`, `Kabupaten`) differ."""
        return _core(self.former_name) == _core(self.row.name)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A code that is gone and the only new one of its level and name: a person decides if it is the same place."""

    code: str
    new_code: str
    name: str


@dataclass(frozen=True, slots=True)
class Diff:
    """The changes by a list.  A load with codes in `gone_with_data` or `reused_with_data` is refused."""

    new: list[ListedRegion]
    renamed: list[Rename]
    unchanged: int
    gone: list[CurrentRegion]
    candidates: list[Candidate]
    gone_with_data: list[str]
    reused_with_data: list[str]

    @property
    def changes(self) -> bool:
        """Whether a load would change anything."""
        return bool(self.new or self.renamed or self.gone)


def plan(regions: RegionList, current: Mapping[str, CurrentRegion], occupied: Collection[str] = ()) -> Diff:
    """Compare a list with today's regions by code; `occupied` are the codes of regions that anything refers to.

    A list with bad lines closes nothing, because a region that it lacks may be on one of them.
    """
    new: list[ListedRegion] = []
    renamed: list[Rename] = []
    for row in regions.rows:
        region = current.get(row.code)
        if region is None:
            new.append(row)
        elif region.name != row.name:
            renamed.append(Rename(row, region.name))
    gone_codes = current.keys() - {row.code for row in regions.rows}
    gone = [] if regions.bad else [current[code] for code in sorted(gone_codes)]
    with_data = {prefix for code in occupied for prefix in (code[:2], code[:5], code[:8], code)}
    return Diff(
        new=new,
        renamed=renamed,
        unchanged=len(regions.rows) - len(new) - len(renamed),
        gone=gone,
        candidates=list(_candidates(gone, new)),
        gone_with_data=[region.code for region in gone if region.code in with_data],
        reused_with_data=[rename.row.code for rename in renamed if rename.row.code in occupied and rename.reused],
    )


def _candidates(gone: list[CurrentRegion], new: list[ListedRegion]) -> Iterator[Candidate]:
    rows_named: defaultdict[tuple[RegionLevel, str], list[ListedRegion]] = defaultdict(list)
    for row in new:
        rows_named[row.level, normalise(row.name)].append(row)
    for region in gone:
        level, _, _ = place(region.code)
        match rows_named[level, normalise(region.name)]:
            case [row]:
                yield Candidate(region.code, row.code, row.name)


def _core(name: str) -> str:
    """A name without the word for its kind and without spaces, to compare names."""
    words = normalise(name).split()
    if len(words) > 1 and words[0] in ("kab", "kabupaten", "kota"):
        words = words[1:]
    return "".join(words)
