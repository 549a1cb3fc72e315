"""Code lists that an operator loads: more codes, other labels, and codes that are used no more.

Rule: the codes of the program stay in use unless the file gives them a last day; those of an earlier file that this one
lacks end today.  Test: tests/test_cli_codes.py.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from registry.codes.open_lists import OpenList
from registry.models.noun import const
from registry.models.reference import CODE, LIST
from registry.store.db import Transaction
from registry.store.sql import Sql, arg
from registry.write.loadable import Cells, Loadable, Values


def loadable(open_list: OpenList) -> Loadable:
    """The codes of an open list: `code,label_id,label_en,valid_from,valid_to` of a file.

    A blank English label is the Indonesian one: official lists often have no other."""
    order = {code: number for number, code in enumerate(open_list.codes, start=1)}

    def row(code: str, cells: Cells, place: int) -> Values:
        if not re.fullmatch(open_list.form, code):
            raise ValueError(f"{code} has not the form of a code of this list ({open_list.form})")
        first, last = _day(cells, "valid_from"), _day(cells, "valid_to")
        if first and last and last < first:
            raise ValueError("valid_to is before valid_from")
        return {
            "label_id": cells["label_id"],
            "label_en": cells["label_en"] or cells["label_id"],
            "sort": order.get(code, len(order) + place),
            "valid_from": first,
            "valid_to": last,
        }

    def ended(code: str, before: Values, today: dt.date) -> Values | None:
        return None if code in order or before["valid_to"] else {"valid_to": today}

    columns = ("code", "label_id", "label_en", "valid_from", "valid_to")
    return Loadable(open_list.name, CODE, "code", columns, columns[:2], row, ended, {"list": open_list.name})


def _day(cells: Cells, name: str) -> dt.date | None:
    text = cells[name]
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} is a day such as 2026-11-30") from None


def _version() -> sa.ColumnElement[Any]:
    # left(encode(sha256(convert_to(source || coalesce(lines, ''), 'UTF8')), 'hex'), 12), where lines are
    # (SELECT string_agg(concat_ws('\t', code, …), '\n' ORDER BY sort, code) FROM reference_code WHERE list = name)
    values = [CODE.c[name] for name in ("code", "label_id", "label_en", "sort", "valid_from", "valid_to")]
    line = sa.func.concat_ws(const("\t"), *values)
    ordered: Any = aggregate_order_by(const("\n"), CODE.c.sort, CODE.c.code)
    content = sa.select(sa.func.string_agg(line, ordered)).where(CODE.c.list == LIST.c.name).scalar_subquery()
    text = LIST.c.source + sa.func.coalesce(content, const(""))
    digest = sa.func.encode(sa.func.sha256(sa.func.convert_to(text, const("UTF8"))), const("hex"))
    return sa.func.left(digest, const(12))


_SOURCE = sa.func.coalesce(arg("source", LIST.c.source.type), LIST.c.source)
SET_VERSIONS = Sql(sa.update(LIST).values(version=_version()))
"""Gives each list the version that its content has."""
SET_ORIGIN = Sql(
    sa.update(LIST)
    .where(LIST.c.name == arg("name", LIST.c.name.type), sa.or_(arg("changed", sa.Boolean()), LIST.c.source != _SOURCE))
    .values(source=_SOURCE, loaded_at=sa.func.now())
    .returning(LIST.c.name)
)


async def set_origin(tx: Transaction, name: str, source: str | None, *, changed: bool) -> bool:
    """Say of a list that it was loaded, and who keeps it, the same as before if that is None; returns whether anything
    changed, of which `changed` says whether a code did."""
    if await tx.value(SET_ORIGIN, name=name, source=source, changed=changed) is None:
        return False
    await tx.rows(SET_VERSIONS)
    return True


def _overview() -> Sql:
    # SELECT name, source, version, loaded_at, count(code) FILTER (WHERE valid_to IS NULL) AS codes, … AS ended
    # FROM reference_list LEFT JOIN reference_code ON list = name WHERE name = ANY ($1) GROUP BY name ORDER BY name
    count, in_use = sa.func.count(CODE.c.code), CODE.c.valid_to.is_(None)
    return Sql(
        sa.select(
            *[LIST.c[name] for name in ("name", "source", "version", "loaded_at")],
            count.filter(in_use).label("codes"),
            count.filter(sa.not_(in_use)).label("ended"),
        )
        .select_from(LIST.outerjoin(CODE, CODE.c.list == LIST.c.name))
        .where(LIST.c.name == sa.any_(arg("names", sa.ARRAY(sa.Text()))))
        .group_by(LIST.c.name)
        .order_by(LIST.c.name)
    )


OVERVIEW = _overview()


async def code_lists(tx: Transaction) -> list[dict[str, Any]]:
    """The lists whose codes are data: their source and version, and how many codes are in use or have ended."""
    return [dict(row) for row in await tx.rows(OVERVIEW, names=sorted(OpenList.every))]
