"""The wheel holds all that runs: installed elsewhere, it serves the demo without the source beside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tomllib
import urllib.parse
import urllib.request
import venv
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from server.database.postgres import Programs
from server.http.web import load
from tests.ports import free_port
from tests.test_readme import PATIENCE, _wait

ROOT = Path(__file__).parents[1]
WHERE = """
import auth, migrations, registry, schema, server
print(*(package.__file__ for package in (auth, migrations, registry, schema, server)), sep="\\n")
"""
ONLY = ("--only", "35.07.11.2008")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without the network: its backend is in the lock."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "build", "--wheel", "--no-build-isolation", "--offline", "--python", sys.executable]
    subprocess.run([*command, "--out-dir", str(folder)], cwd=ROOT, capture_output=True, check=True, timeout=PATIENCE)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def outside() -> Iterator[Path]:
    """A folder outside the source, which the account of PostgreSQL can enter."""
    programs = Programs("18")
    folder = programs.new_folder(programs.temporary_folder(), "wheel-")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def installed(wheel: Path, folder: Path) -> Path:
    """A new environment with the wheel, and with the libraries of this one; returns its Python.

    A `.pth` of this one, which leads to the source, does not count in the other."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    command = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--no-deps", "--offline"]
    subprocess.run([*command, "--python", str(python), str(wheel)], capture_output=True, check=True, timeout=PATIENCE)
    (packages / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python


def test_the_wheel_serves_the_demo_outside_the_source(wheel: Path, outside: Path) -> None:
    python = installed(wheel, outside / "clean")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    lines = subprocess.run(
        [python, "-c", WHERE], cwd=outside, env=environment, capture_output=True, text=True, check=True
    )
    assert all(Path(line).is_relative_to(outside) for line in lines.stdout.splitlines()), (
        "nothing comes from the source"
    )
    port = free_port()
    command = [
        str(python.with_name("desmigratif")),
        "demo",
        "--port",
        str(port),
        "--data",
        str(outside / "data"),
        *ONLY,
    ]
    process = subprocess.Popen(command, cwd=outside, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        _wait(f"http://127.0.0.1:{port}/readyz", process)
        token = json.loads((outside / ".demo" / "tokens.json").read_text())["officer@35.07.11.2008"]
        query = urllib.parse.urlencode({"query": "{ households { totalCount } }"})
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/graphql?{query}", headers={"authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert json.load(answer)["data"]["households"]["totalCount"] > 0
    finally:
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, printed.decode()


def test_the_wheel_says_what_it_needs_and_that_it_is_private(wheel: Path) -> None:
    with ZipFile(wheel) as files:
        (name,) = (name for name in files.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(files.read(name).decode())
        tops = {name.partition("/")[0] for name in files.namelist() if ".dist-info" not in name}
        names = set(files.namelist())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert len(metadata.get_all("Requires-Dist") or []) == len(project["dependencies"]) + 1, "and the extra `demo`"
    assert "Private :: Do Not Upload" in (metadata.get_all("Classifier") or [])
    assert tops == {"auth", "desmigratif.py", "migrations", "registry", "schema", "server"}
    tracked = subprocess.run(["git", "ls-files", *sorted(tops)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(tracked.stdout.split()) - names == set()
    assert {f"server/web/assets/{name}" for name in load().files} - names == set(), "the pages for browsers too"
