"""What the forge runs and shows: the workflow, the hooks before a commit, and the pages for contributors."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from server.access_declarations import verbs
from server.cli.main import app
from server.database.postgres import Version

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PAGES = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
LOCKED = {package["name"] for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}


@pytest.fixture
def workflow() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text())
    return content


def test_every_supported_python_and_postgresql_runs_what_must_pass(workflow: dict[str, Any]) -> None:
    job = workflow["jobs"]["test"]
    pythons = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert job["strategy"]["matrix"] == {"python": pythons, "postgres": list(get_args(Version))}
    assert pythons[0] == PROJECT["project"]["requires-python"].removeprefix(">=")
    assert pythons[0] == PROJECT["tool"]["mypy"]["python_version"]
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{pythons[0].replace('.', '')}"
    (step,) = (step for step in job["steps"] if step.get("run") == ".ci/run")
    assert step["env"] == {"POSTGRES": "${{ matrix.postgres }}"}


def test_the_workflow_may_read_and_nothing_else(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert [name for name, job in workflow["jobs"].items() if "permissions" in job] == []
    assert "pull_request_target" not in WORKFLOW.read_text()
    assert "secrets" not in WORKFLOW.read_text()


def test_actions_are_pinned_by_commit_and_say_their_version() -> None:
    uses = re.findall(r"uses: (.+)", WORKFLOW.read_text())
    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


def test_zizmor_finds_nothing_in_the_workflow() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    command = [str(zizmor), "--offline", "--no-progress", "--strict-collection", str(WORKFLOW)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_what_the_workflow_runs_exists(workflow: dict[str, Any]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    lines = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    for target in re.findall(r"^make (.+)$", "\n".join(lines), re.MULTILINE):
        assert all(re.search(rf"^{word}:", makefile, re.MULTILINE) for word in target.split()), target


def test_hooks_before_a_commit_run_the_locked_tools() -> None:
    """Not a version of their own, which would differ from that of `make lint` some day."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    entries = [hook["entry"] for repository in hooks for hook in repository["hooks"]]
    tools = {re.fullmatch(r"\.venv/bin/(\w+)( .*)?", entry)[1] for entry in entries}  # type: ignore[index]
    assert tools == {"ruff", "mypy"} <= LOCKED
    assert all(hook["language"] == "system" for repository in hooks for hook in repository["hooks"])


@pytest.mark.parametrize("page", PAGES)
def test_what_the_pages_name_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []
    targets = re.findall(r"(?:^|`)(?:POSTGRES=16 )?make (\w+)", text, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text()
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
    declared = set(verbs(app))
    named = re.findall(r"`desmigratif ([a-z -]+?)(?: \"…\")?`", text)
    assert [words for words in named if words not in declared] == []


def test_the_page_for_contributors_is_one_page() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) <= 50


def test_the_changelog_is_in_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    versions = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d\d-\d\d)?$", text, re.MULTILINE)
    assert versions[0] == "Unreleased"
    assert len(versions) == len(re.findall(r"^## ", text, re.MULTILINE))
    groups = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert groups <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert PROJECT["project"]["version"] in text
