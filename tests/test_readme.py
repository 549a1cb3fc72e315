"""The README is true: its example runs against a demo started as it says, and the files and words it names exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.database.postgres import Programs
from tests.ports import free_port

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PATIENCE = 120  # seconds: a bound for a broken start or end, not a claim about speed
SUMMARY = "{ nationalSummary { households businesses exportReady } }"


@dataclass
class Demo:
    folder: Path
    url: str

    def run(self, command: str) -> str:
        words = [sys.executable if word == "python3" else word for word in shlex.split(command)]
        env = os.environ | {"REGISTRY_URL": self.url, "TOKENS": str(self.folder / ".demo" / "tokens.json")}
        done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    folder = Programs("18").new_folder(Path(Programs("18").temporary_folder()), "walk-")
    port = free_port()
    command = [str(Path(sys.executable).with_name("desmigratif")), "demo", "--port", str(port)]
    command += ["--data", str(folder / "data"), "--only", "35.07.11.2008", "--only", "52.03.21.2002"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        _wait(f"http://127.0.0.1:{port}/readyz", process)
        yield Demo(folder, f"http://127.0.0.1:{port}/graphql")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"the demo did not become ready: {process.poll()}")


def walk() -> list[tuple[str, str]]:
    """The console blocks: commands with their output."""
    blocks = re.findall(r"```console\n\$ (.*?)\n(.*?)```", README, re.DOTALL)
    return [(command, printed) for command, printed in blocks]


def _says(printed: str) -> re.Pattern[str]:
    """A pattern for the output of a block, where `…` stands for any digits."""
    return re.compile(re.escape(printed).replace("…", r"[\d-]+") + r"\Z")


def test_the_example_of_the_readme_runs(demo: Demo) -> None:
    steps = walk()
    assert len(steps) == 7
    before = json.loads(demo.run(f"python3 examples/ask.py analyst@national '{SUMMARY}'"))["nationalSummary"]
    for command, printed in steps:
        assert _says(printed).match(demo.run(command)), command
    after = json.loads(demo.run(f"python3 examples/ask.py analyst@national '{SUMMARY}'"))["nationalSummary"]
    assert after == {name: count + 1 for name, count in before.items()}


def test_files_named_in_the_readme_exist() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    paths = re.findall(r"`((?:auth|registry|schema|server|examples|docs|migrations)/[\w./<>-]+)`", README)
    assert links
    missing = [name for name in {*links, *paths} if "<" not in name and not (ROOT / name).exists()]
    assert missing == []


def test_the_readme_leads_to_every_page_of_the_docs() -> None:
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")}
    assert pages - set(re.findall(r"\]\(([^)#:]+)\)", README)) == set()


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
