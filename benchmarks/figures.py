"""python -m benchmarks.figures: what a figure costs from kept cells, beside SQL by hand that counts the same ledgers.

Rule: both answers are compared before either is measured; a difference ends the run as an error.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from auth.area import NATIONAL
from auth.principal import area_setting
from benchmarks.__main__ import kept_in
from benchmarks.client import RunError
from benchmarks.ledgers import UNITS, fill, verify_again
from registry.codes import Dimension
from registry.figures.count import Count, amount, conditions, key_of
from registry.figures.router import from_cells
from registry.figures.units import BUSINESS, HOUSEHOLD, MIGRANT, PERSON
from registry.guard.area_tests import PLANNED
from registry.guard.counted import SUMMARY as SENTENCE
from registry.values.civil_day import CAPITAL
from server.database.cells import rebuild, wrong_cells
from server.database.embedded import Embedded, EmbeddedError
from server.database.migrate import migrate

D = Dimension
ABROAD = Count(MIGRANT, {"stage": ("WORKING_ABROAD",)})
RUNNING = Count(BUSINESS, {"status": ("RUNNING",)})
TREE = (
    Count(HOUSEHOLD),
    Count(HOUSEHOLD, {"has_business": ("true",)}),
    Count(PERSON),
    Count(MIGRANT, {"stage": ("PROSPECTIVE",)}),
    ABROAD,
    RUNNING,
)
QUEUE = 150
"""Households that wait in the queue while questions are asked: what a busy second brings."""
LENGTHS = (0, 2, 5)
SEES_ALL = {f"app.{area_setting(kind)}": NATIONAL.literal() for kind in PLANNED}
SETTINGS = {"search_path": "registry", "jit": "off", "max_parallel_workers_per_gather": "0"} | SEES_ALL
ENROLLED = "FROM village_enrolment e JOIN region r ON r.id = e.region_id"
_SHOWN = [name for name in ("provinces", "regencies", "districts", "villages", "villages_reporting", *SENTENCE)
          if name not in ("children_left_behind", "returned_with_business")]  # fmt: skip
SUMMARY = f"""WITH f AS MATERIALIZED (SELECT * FROM registry.figures('0'))
SELECT x.n FROM f, LATERAL (
  SELECT n FROM (VALUES {", ".join(f"(f.{name})" for name in _SHOWN)}) v(n)
  UNION ALL SELECT (e->>1)::int FROM jsonb_array_elements(f.businesses_by_field || f.export_ready_by_field) e) x"""
"""The Minister's sentence as the registry answers it, of which each number becomes a row."""
console = Console()
app = typer.Typer(add_completion=False, rich_markup_mode=None)


@dataclass(frozen=True)
class Question:
    """The registry's statement and the one by hand; the last column of both is the count."""

    name: str
    ours: str
    by_hand: str


def _kept(count: Count, by: Sequence[Dimension] = (), level: int = 0, place: str = "0", days: str | None = None,
          *, month_ends: bool = False) -> str:  # fmt: skip
    inside, below = (f"'{place}'", "':'" if place == "0" else f"'{place}/'")
    text = from_cells(count, by, level, days, month_ends=month_ends, inside=inside, below=below)
    if text is None:
        raise RunError(f"No cube holds {count} by {by}.")
    return f"SELECT day, region, keys, n FROM ({text}) q"


def _open(count: Count) -> str:
    return " AND ".join(["l.until = 'infinity'", *conditions(count, "CURRENT_DATE")])


def _counted(count: Count, by: Sequence[Dimension]) -> str:
    """The registry's count of a ledger, where no cube holds the answer."""
    keys = ", ".join(key_of(count, dimension, "CURRENT_DATE") for dimension in by)
    return (
        f"SELECT ARRAY[{keys}] AS keys, {amount(count)} AS n FROM {count.unit.ledger} l WHERE {_open(count)} GROUP BY 1"
    )


def _regions(counts: Sequence[Count]) -> tuple[str, str]:
    """Every province and regency and the country, by each count: one statement each way."""
    ours = [_kept(count, level=level) for level in range(len(LENGTHS)) for count in counts]
    by_hand = [
        f"SELECT left(l.area, 5) AS regency, left(l.area, 2) AS province, count(*) AS n FROM {count.unit.ledger} l"
        f" WHERE {_open(count)}"
        " GROUP BY GROUPING SETS ((left(l.area, 5)), (left(l.area, 2)), ())"
        for count in counts
    ]
    return " UNION ALL ".join(ours), " UNION ALL ".join(by_hand)


def questions(regency: str) -> list[Question]:
    """Those of the table, with SQL as somebody writes it who knows PostgreSQL and has no cells."""
    day = dt.datetime.now(CAPITAL).date() - dt.timedelta(days=200)
    end = f"timezone('Asia/Jakarta', ('{day}'::date + 1)::timestamp)"
    ends = (
        "SELECT (date_trunc('month', CURRENT_DATE) - make_interval(months => i))::date - 1 AS day"
        " FROM generate_series(0, 35) i"
    )
    last = "timezone('Asia/Jakarta', (e.day + 1)::timestamp)"
    running = "FROM ledger_business WHERE until = 'infinity' AND status = 'RUNNING'"
    ready = f"{running} AND export_readiness IN ('READY', 'EXPORTING')"
    by_hand = [
        *(f"SELECT NULL, count(DISTINCT left(code, {n})) AS n {ENROLLED}" for n in (2, 5, 8, 13)),
        "SELECT NULL, count(DISTINCT area) FROM ledger_household"
        " WHERE until = 'infinity' AND since > now() - interval '180 days'",
        "SELECT NULL, count(*) FROM ledger_household WHERE until = 'infinity'",
        "SELECT NULL, count(*) FROM ledger_household WHERE until = 'infinity' AND has_business",
        "SELECT NULL, count(*) FROM ledger_person WHERE until = 'infinity'",
        "SELECT stage, count(*) FROM ledger_migrant WHERE until = 'infinity' GROUP BY stage",
        *(f"SELECT NULL, count(*) {rows}" for rows in (running, ready)),
        *(f"SELECT field, count(*) {rows} GROUP BY field" for rows in (running, ready)),
    ]
    abroad = "FROM ledger_migrant WHERE until = 'infinity' AND stage = 'WORKING_ABROAD'"
    three = [D.COUNTRY, D.OCCUPATION_GROUP, D.EDUCATION]
    age = "extract(year FROM age(CURRENT_DATE, born))"
    bands = f"width_bucket({age}::int, ARRAY[0, 5, 12, 18, 25, 35, 45, 60])"
    return [
        Question("the summary of the country", SUMMARY, " UNION ALL ".join(by_hand)),
        Question(
            "a regency: destination by sex",
            _kept(ABROAD, [D.COUNTRY, D.SEX], 2, regency),
            f"SELECT country, sex, count(*) {abroad} AND area >= '{regency}' AND area < '{regency}/' GROUP BY 1, 2",
        ),
        Question(
            "a day 200 days ago",
            _kept(Count(HOUSEHOLD), days=f"ARRAY['{day}'::date]"),
            f"SELECT count(*) FROM ledger_household WHERE since < {end} AND until >= {end}",
        ),
        Question(
            "36 ends of months",
            _kept(ABROAD, days=f"ARRAY({ends})", month_ends=True),
            f"SELECT e.day, count(*) FROM ({ends}) e JOIN ledger_migrant l ON l.since < {last} AND l.until >= {last}"
            " WHERE l.stage = 'WORKING_ABROAD' GROUP BY 1",
        ),
        Question("all regencies and above, 6 indicators", *_regions(TREE)),
        Question(
            "businesses by field by province",
            _kept(RUNNING, [D.BUSINESS_FIELD], 1),
            f"SELECT left(area, 2), field, count(*) {running} GROUP BY 1, 2",
        ),
        Question(
            "three dimensions that no cube holds",
            _counted(ABROAD, three),
            f"SELECT country, occupation_group, education, count(*) {abroad} GROUP BY 1, 2, 3",
        ),
        Question(
            "all members by age",
            _counted(Count(PERSON), [D.AGE_BAND]),
            f"SELECT {bands}, count(*) FROM ledger_person WHERE until = 'infinity' GROUP BY 1",
        ),
    ]


def _cpu(process: int) -> float:
    """Milliseconds for which a process has run."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e6


async def cost(connection: asyncpg.Connection, text: str, seconds: float) -> float:
    """CPU milliseconds of one backend for the statement, prepared: the mean of at least three runs."""
    statement = await connection.prepare(text)
    await statement.fetch()
    process, runs, started = connection.get_server_pid(), 0, time.monotonic()
    before = _cpu(process)
    while runs < 3 or (time.monotonic() - started < seconds and runs < 1_000):
        await statement.fetch()
        runs += 1
    return (_cpu(process) - before) / runs


async def _once(connection: asyncpg.Connection, work: Any) -> float:
    before = _cpu(connection.get_server_pid())
    await work
    return _cpu(connection.get_server_pid()) - before


Costs = dict[str, tuple[float, float | None]]
"""Question → CPU ms from the registry, and by hand; None has no counterpart."""


async def measured(embedded: Embedded, households: int, seconds: float) -> Costs:
    """Every figure for one size.  Raises RunError if two answers differ."""
    await migrate(embedded.dsn())
    connection = await asyncpg.connect(embedded.dsn(), command_timeout=None, server_settings=SETTINGS)
    try:
        await fill(connection, households)
        costs: Costs = {"rebuild": (await _once(connection, rebuild(connection)), None)}
        await verify_again(connection, 1_000)
        fold = await _once(connection, connection.fetchval("SELECT registry.fold(1000)"))
        costs["fold of a household"] = (fold / 1_000, None)
        await connection.execute("VACUUM ANALYZE")
        await verify_again(connection, QUEUE)
        await connection.execute("ANALYZE figure_due")
        regency = await connection.fetchval("SELECT code FROM region WHERE level = 'REGENCY' ORDER BY code LIMIT 1")
        for question in questions(regency):
            ours, by_hand = [
                sorted(tuple(row)[-1] for row in await connection.fetch(text))
                for text in (question.ours, question.by_hand)
            ]
            if ours != by_hand:
                raise RunError(f"{question.name}: the answers differ, {ours[:9]} and {by_hand[:9]}.")
            costs[question.name] = (
                await cost(connection, question.ours, seconds),
                await cost(connection, question.by_hand, seconds),
            )
        if wrong := (await wrong_cells(connection))[2]:
            raise RunError(f"{wrong} cells do not equal the ledgers.")
        size = "SELECT pg_total_relation_size($1::text::regclass) / 1e6"
        ledgers = [f"{unit.ledger}_{part}" for unit in UNITS for part in ("open", "closed")]
        costs["MB on disk: cells, ledgers"] = (
            float(await connection.fetchval(size, "figure_cell")),
            float(sum([await connection.fetchval(size, ledger) for ledger in ledgers])),
        )
        cells = await connection.fetchval("SELECT count(*) FROM figure_cell")
        rows = sum([await connection.fetchval(f"SELECT count(*) FROM {unit.ledger}") for unit in UNITS])
        costs["rows: cells, ledgers"] = (float(cells), float(rows))
    finally:
        await connection.close()
    return costs


def table(sizes: dict[int, Costs]) -> Table:
    """A row for each figure: from cells, by hand and their ratio at each size; then the largest to the smallest."""
    shown = Table("CPU ms of one backend", title=f"{os.cpu_count()} processors, {QUEUE} households in the queue")
    for size in sizes:
        for name in ("ours", "by hand", "ratio"):
            shown.add_column(f"{size:,}\n{name}", justify="right")
    shown.add_column("grows", justify="right")
    first, last = min(sizes), max(sizes)
    for name in sizes[first]:
        row = [name]
        for costs in sizes.values():
            ours, by_hand = costs[name]
            row += [f"{ours:,.2f}", "–" if by_hand is None else f"{by_hand:,.2f}"]
            row.append("–" if by_hand is None else f"{ours / by_hand:.4f}")
        shown.add_row(*row, f"{sizes[last][name][0] / sizes[first][name][0]:.2f}")
    return shown


@app.command()
def main(
    households: Annotated[list[int] | None, typer.Option(min=5_000, help="Sizes; 10,000 and 100,000.")] = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=60, help="Length of one measurement.")] = 1.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Where the databases lie during the run.")] = None,
) -> None:
    """Measure figures from cells beside SQL by hand, folding, rebuilding, and what cells take on the disk.

    \b
    python -m benchmarks.figures
    python -m benchmarks.figures --households 10000 --households 100000 --households 1000000
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = data or kept_in()
    folder.mkdir(parents=True, exist_ok=True)
    sizes: dict[int, Costs] = {}
    try:
        for size in sorted(households or [10_000, 100_000]):
            with tempfile.TemporaryDirectory(prefix="figures-", dir=folder) as name:
                Path(name).chmod(0o711)
                with Embedded(Path(name) / "data", durable=False) as embedded:
                    sizes[size] = asyncio.run(measured(embedded, size, seconds))
    except (RunError, EmbeddedError) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None
    console.print(table(sizes))
    if json_file is not None:
        json_file.write_text(json.dumps(sizes, indent=2) + "\n")


if __name__ == "__main__":
    app()
