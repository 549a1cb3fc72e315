"""What the log looks like: on standard error, a JSON object in each line, or in the demo a plain line for people.

Rule: no line has a value of a record or of a caller.  Of an error only its class and the places that it passed are
written, because its message may quote a value; of a message of another library only the first line, because asyncio
and uvicorn print such errors below it.  Test: tests/test_logs.py.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
import traceback
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import orjson

LOGGER = "desmigratif"
FIELDS = "fields"
"""The key of `extra` whose mapping becomes further fields of a line."""
MAX_MESSAGE = 500  # characters of a message of another library
MAX_PLACES = 6  # of an error, the innermost ones
Line = Mapping[str, Any]


def written(line: Line, form: str) -> bytes:
    """One line, of the form `json` or `plain`.  Fields that are None are left out of a plain one."""
    if form == "json":
        return orjson.dumps(line, default=str) + b"\n"
    head = [str(line["time"]), str(line["level"]), str(line["event"])]
    rest = [f"{name}={value}" for name, value in line.items() if name not in _HEAD and value is not None]
    return " ".join([*head, *rest]).encode() + b"\n"


_HEAD = {"time", "level", "event"}


def instant(seconds: float) -> str:
    """The time of a line, such as `2026-11-30T03:04:05.678Z`, of seconds since 1970."""
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1000):03}Z"


@lru_cache(2)  # lines come in the order of time
def _second(whole: int) -> str:
    return dt.datetime.fromtimestamp(whole, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")


def places(error: BaseException) -> list[str]:
    """The innermost places in the code that the error passed."""
    frames = traceback.extract_tb(error.__traceback__)[-MAX_PLACES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


class LineFormatter(logging.Formatter):
    """Writes a record of Python's logging as a line of the log."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"time": instant(record.created), "level": record.levelname, "event": "message"}
        message = record.getMessage()
        is_ours = record.name == LOGGER
        if message:
            line["message"] = message if is_ours else message.partition("\n")[0][:MAX_MESSAGE]
        if not is_ours:
            line["logger"] = record.name
        line |= getattr(record, FIELDS, {})
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line |= {"error": type(error).__qualname__, "places": places(error)}
        return written(line, self._form).decode().rstrip("\n")


class StandardError(logging.StreamHandler[Any]):
    """The handler of the log, at most one of which exists."""


def configure(form: str) -> None:
    """Write every message from now on as a line of this form."""
    handler = StandardError(sys.stderr)
    handler.setFormatter(LineFormatter(form))
    root = logging.getLogger()
    for earlier in [other for other in root.handlers if isinstance(other, StandardError)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    logging.getLogger(LOGGER).setLevel(logging.INFO)


def announce(workers: int, postgresql: str, tables: str, lacks: Iterable[str]) -> None:
    """Write the first lines of a server: the versions of the program, of PostgreSQL and of the tables, then what the
    database still lacks, in sentences."""
    log = logging.getLogger(LOGGER)
    fields = {"event": "start", "version": version("desmigratif-registry"), "workers": workers}
    fields |= {"postgresql": postgresql, "tables": tables}
    log.info("The server starts.", extra={FIELDS: fields})
    for sentence in lacks:
        log.warning(sentence)
