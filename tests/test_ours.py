"""The command line starts only with packages that are ours, whatever else is installed."""

from __future__ import annotations

import importlib.machinery
import os
import subprocess
import sys
from pathlib import Path

import pytest

import desmigratif
from desmigratif import PACKAGES, fault

ROOT = Path(__file__).parents[1]


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """A folder with another distribution's `schema`, as `pip install schema` makes it."""
    package, info = tmp_path / "schema", tmp_path / "schema-0.7.8.dist-info"
    package.mkdir()
    info.mkdir()
    executed = tmp_path / "executed"
    package.joinpath("__init__.py").write_text(f"open({str(executed)!r}, 'w').close()\n")
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: schema\nVersion: 0.7.8\n")
    info.joinpath("top_level.txt").write_text("schema\n")
    return tmp_path


def started(path: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The console script, with a folder that comes before our packages."""
    code = f"import sys; sys.path[:0] = [{path!r}]; import desmigratif; desmigratif.main()"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code, *words], env=environment, cwd=path, capture_output=True, text=True, check=False
    )


def test_our_packages_are_ours() -> None:
    assert fault() is None
    assert set(PACKAGES) == {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"benchmarks", "tests"}


def test_another_schema_is_named_and_never_executed(fake: Path) -> None:
    run = started(str(fake), "--version")
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr == (
        f"The Python package `schema` in {fake / 'schema'} is of schema 0.7.8: install desmigratif-registry in a "
        "virtual environment of its own, where nothing else has that name.\n"
    )
    assert not (fake / "executed").exists()


def test_a_folder_without_a_distribution_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "auth").mkdir()
    (tmp_path / "auth" / "__init__.py").touch()
    run = started(str(tmp_path), "settings")
    assert run.returncode == 1
    assert run.stderr.startswith(f"The Python package `auth` in {tmp_path / 'auth'} is not ours: install")


def test_a_package_that_was_uninstalled_with_another_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip uninstall schema` removes the file that it had overwritten, and leaves a folder that is no package."""
    folder = importlib.machinery.ModuleSpec("schema", None)
    monkeypatch.setattr(desmigratif, "find_spec", lambda name: folder)
    assert (
        fault() == "The Python package `auth` of desmigratif-registry is missing: install desmigratif-registry again."
    )


def test_with_our_packages_the_command_line_starts(tmp_path: Path) -> None:
    run = started(str(tmp_path), "--version")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("desmigratif ")
