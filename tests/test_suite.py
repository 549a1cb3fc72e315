"""The suite itself, run like `make test`: a process that dies or is interrupted stops no other and leaves nothing."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.database.postgres import is_running
from tests.eventually import PATIENCE, eventually_now

ROOT = Path(__file__).parents[1]
DYING = """
import os, signal, pytest
@pytest.mark.parametrize("number", range(6))
def test_one_dies(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
"""
LIVING = """
import pytest
@pytest.mark.parametrize("number", range(6))
def test_one_lives(number):
    pass
"""
WAITING = """
import time, pytest
from pathlib import Path
@pytest.mark.parametrize("name", ["first", "second"])
def test_it_waits(postgres, name):
    pid = (postgres.data / "cluster" / "postmaster.pid").read_text().split()[0]
    Path(__file__).with_name(f"{name}.pid").write_text(pid)
    time.sleep(600)
"""


def options() -> list[str]:
    """The arguments of pytest in the recipe of `make test`."""
    recipe = re.search(r"^test:.*\n\t\$\(BIN\)/pytest (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    return shlex.split(recipe[1])


@contextmanager
def suite(folder: Path, **files: str) -> Iterator[subprocess.Popen[str]]:
    """Another run of pytest over these files, with two processes, from a shell that ignores SIGINT."""
    (folder / "conftest.py").write_text("from tests.run import *\n")
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    words = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), f"--rootdir={folder}"]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = subprocess.Popen(
            [*words, *options(), "--numprocesses", "2", str(folder)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        for server in filter(is_running, servers(folder)):
            os.kill(server, signal.SIGQUIT)


def servers(folder: Path) -> set[int]:
    """The postmasters that the run's tests have reported."""
    return {int(text) for path in folder.glob("*.pid") if (text := path.read_text())}


def test_a_process_that_dies_fails_only_its_own_test(tmp_path: Path) -> None:
    with suite(tmp_path, dying=DYING, living=LIVING, other=LIVING) as process:
        printed, _ = process.communicate(timeout=PATIENCE)
    assert re.search(r"crashed while running '.*test_one_dies\[3\]'", printed), printed
    assert "1 failed, 17 passed" in printed
    assert re.search(r"--randomly-seed=\d+$", printed, re.MULTILINE), "the run can be repeated"


@settings(max_examples=2, database=None)
@given(st.just(0.3))
def test_property_tests_have_no_deadline(seconds: float) -> None:
    time.sleep(seconds)


@pytest.mark.parametrize("whole", [True, False], ids=["as a terminal does", "the first process alone"])
def test_an_interrupted_run_leaves_no_postgresql_behind(tmp_path: Path, whole: bool) -> None:
    with suite(tmp_path, waiting=WAITING) as process:
        eventually_now(lambda: len(servers(tmp_path)) == 2)
        (os.killpg if whole else os.kill)(process.pid, signal.SIGINT)
        printed, _ = process.communicate(timeout=PATIENCE)
        assert "KeyboardInterrupt" in printed
        eventually_now(lambda: not any(map(is_running, servers(tmp_path))))
