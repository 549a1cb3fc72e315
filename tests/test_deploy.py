"""The files of deploy/ agree with the settings and the metrics, and pass the checks of their own programs.

A program that is not installed is a skip that names it: nginx, promtool, systemd-analyze, caddy, hadolint.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from server.database.checks import NEEDED_STATEMENTS
from server.http.app import ROUTES
from server.settings import Settings
from tests.certificate import self_signed
from tests.village import Place

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
NGINX = (DEPLOY / "nginx.conf").read_text()
ALERTS = (DEPLOY / "prometheus" / "alerts.yml").read_text()
DASHBOARD = json.loads((DEPLOY / "grafana" / "desmigratif.json").read_text())
CONTAINERFILE = (ROOT / "Containerfile").read_text()
UNIT = (DEPLOY / "desmigratif.service").read_text()
PAGE = (ROOT / "docs" / "operating.md").read_text()
WORST_EXPOSURE = 20  # tenths, of 100, as systemd-analyze counts
METRIC = re.compile(r"desmigratif_[a-z_]+")
SUFFIX = re.compile(r"_(total|bucket|sum|count)\Z")


def checked(program: str, *arguments: str | Path) -> str:
    """What the program says; skips if it is not installed."""
    found_in = f"{Path(sys.executable).parent}:{'/usr/sbin'}:"
    path = shutil.which(program) or shutil.which(program, path=found_in)
    if path is None:
        pytest.skip(f"NOT CHECKED: {program} is not installed here")
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False, timeout=60)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


def directive(name: str) -> list[str]:
    """The values of a directive of nginx.conf."""
    return re.findall(rf"^\s*{name}\s+([^;]+);", NGINX, re.MULTILINE)


# --- nginx and Caddy --------------------------------------------------------------------------------------------------


def seconds(text: str) -> int:
    assert text.endswith("s")
    return int(text[:-1])


def test_the_bounds_of_nginx_agree_with_the_settings() -> None:
    ours = Settings()
    assert directive("client_max_body_size") == [str(ours.max_body_bytes)]
    ((count, size),) = [value.split() for value in directive("large_client_header_buffers")]
    assert 0 <= int(count) * int(size.removesuffix("k")) * 1024 - ours.max_head_bytes < 1024
    for name, milliseconds in (
        ("client_header_timeout", ours.head_timeout_ms),
        ("client_body_timeout", ours.body_timeout_ms),
        ("send_timeout", ours.answer_timeout_ms),
    ):
        assert [seconds(value) * 1000 for value in directive(name)] == [milliseconds], name
    (longest,) = map(seconds, directive("proxy_read_timeout"))
    assert longest * 1000 > ours.statement_timeout_ms + ours.queue_timeout_ms
    assert re.findall(r"^    server ([^;{]+);", NGINX, re.MULTILINE) == [f"{ours.host}:{ours.port}"]


def test_nginx_overwrites_what_the_registry_believes() -> None:
    headers = dict(value.split(maxsplit=1) for value in directive("proxy_set_header"))
    assert headers["X-Forwarded-For"] == "$remote_addr"
    assert headers["Forwarded"] == '""'
    assert headers["X-Request-Id"] == "$request_id"


def test_nginx_writes_no_query_string() -> None:
    """That of a GET holds variables; so do the lines of its error log below `crit`."""
    (form,) = directive("log_format")
    assert not re.search(r"\$(request|request_uri|args|query_string|http_\w+)\b(?!_)", form)
    assert [value.split()[-1] for value in directive("error_log")] == ["crit"]
    assert [value.split()[-1] for value in directive("access_log")] == ["registry"]


def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    checked("nginx", "-t", "-e", "stderr", "-p", tmp_path, "-c", whole_nginx(tmp_path))


def whole_nginx(folder: Path, port: int = 8443, registry: int = 8000) -> Path:
    """deploy/nginx.conf with a certificate of our own, inside what a distribution puts around it, on one port."""
    certificate, key = self_signed(folder, "localhost")
    text = NGINX.replace("/etc/desmigratif/tls/certificate.pem", str(certificate))
    text = text.replace("/etc/desmigratif/tls/key.pem", str(key)).replace("/var/log/nginx", str(folder))
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{registry}")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;").replace("listen [::]:443 ssl;", "")
    text = text[: text.rindex("\nserver {")]  # the redirect of port 80
    temporary = "".join(
        f"{name}_temp_path {folder / name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nevents {{}}\nhttp {{\n{temporary}{text}\n}}\n"
    )
    return path


def test_caddy_accepts_its_configuration_and_agrees() -> None:
    text, ours = (DEPLOY / "Caddyfile").read_text(), Settings()
    assert f"max_size {ours.max_body_bytes // 1_000_000}MB" in text
    assert f"max_header_size {ours.max_head_bytes // 1000}KB" in text
    assert f"read_header {ours.head_timeout_ms // 1000}s" in text
    assert f"read_body {ours.body_timeout_ms // 1000}s" in text
    checked("caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile")


# --- PgBouncer --------------------------------------------------------------------------------------------------------


def test_the_pooler_is_one_that_serve_accepts() -> None:
    """tests/test_pgbouncer.py runs such a pooler."""
    values = dict(re.findall(r"^(\w+) = (.+)$", (DEPLOY / "pgbouncer.ini").read_text(), re.MULTILINE))
    assert (values["pool_mode"], values["max_prepared_statements"]) == ("transaction", str(NEEDED_STATEMENTS))
    assert int(values["query_wait_timeout"]) * 1000 == Settings().queue_timeout_ms


# --- systemd and containers -------------------------------------------------------------------------------------------


def unit(folder: Path) -> Path:
    """The unit with a program that this machine has."""
    path = folder / "desmigratif.service"
    path.write_text(UNIT.replace("/opt/desmigratif/bin/desmigratif", "/bin/true"))
    return path


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    assert checked("systemd-analyze", "verify", unit(tmp_path)) == ""


def test_the_unit_is_hardened(tmp_path: Path) -> None:
    checked("systemd-analyze", "security", "--offline=true", f"--threshold={WORST_EXPOSURE}", unit(tmp_path))


def test_hadolint_accepts_the_container() -> None:
    checked("hadolint", ROOT / "Containerfile")


def test_the_container_is_small_unprivileged_and_watched() -> None:
    """It cannot be built here; the forge builds it."""
    final = CONTAINERFILE[CONTAINERFILE.rindex("\nFROM ") :]
    assert re.search(r"^USER (?!0\b|root\b)\d+$", final, re.MULTILINE)
    assert re.findall(r"^(?:RUN|COPY) .*", final, re.MULTILINE)[-1].startswith("COPY --from=build")
    (watched,) = re.findall(r"http://127\.0\.0\.1:8000(/\w+)", final)
    assert watched in {route.path for route in ROUTES}
    (ours,) = re.findall(r"^UV := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert f"uv=={ours}" in CONTAINERFILE


def test_the_image_is_made_of_what_the_wheel_and_the_pages_need() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    pages = re.search(r"^WEB_SOURCES = (.*?[^\\])$", (ROOT / "Makefile").read_text(), re.MULTILINE | re.DOTALL)
    assert pages is not None
    needed = {*wheel["only-include"], *wheel["force-include"], "pyproject.toml", "uv.lock", "README.md", "LICENSE"}
    needed |= set(re.findall(r"[a-z]+/[a-z]+\.(?:graphql|md)", pages[1])) | {"web/package-lock.json"}
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert [path for path in needed if not any(path == one or path.startswith(f"{one}/") for one in kept)] == []


# --- metrics ----------------------------------------------------------------------------------------------------------


def expressions(panel: Any) -> list[str]:
    """The queries of a dashboard's panel and of those in it."""
    own = [target["expr"] for target in panel.get("targets", ())]
    return own + [text for inner in panel.get("panels", ()) for text in expressions(inner)]


def families(text: str) -> set[str]:
    """The metrics that a text names, without what Prometheus adds to each."""
    return {SUFFIX.sub("", name) for name in METRIC.findall(text)}


async def test_every_metric_is_served_shown_and_explained(village: Place) -> None:
    await village.ask("officer", "{ households { totalCount } }")  # the outcomes are there once there is one
    exposition = (await village.send("GET", "/metrics")).body.decode()
    served = {SUFFIX.sub("", name) for name in re.findall(r"^# TYPE (\S+)", exposition, re.MULTILINE)}
    shown = families(" ".join(expressions(DASHBOARD)))
    assert len(served) > 10
    assert shown == served
    assert families(ALERTS) <= served
    assert set(re.findall(r"^\| `(desmigratif_\w+)` \|", PAGE, re.MULTILINE)) == served


def test_the_dashboard_can_be_imported() -> None:
    """It has what Grafana requires: an id, panels with ids of their own that do not overlap, a data source."""
    assert DASHBOARD["uid"]
    assert DASHBOARD["templating"]["list"][0] == {"name": "source", "type": "datasource", "query": "prometheus"}
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}


@pytest.mark.parametrize("expression", expressions(DASHBOARD))
def test_prometheus_reads_each_query_of_the_dashboard(expression: str, tmp_path: Path) -> None:
    query = expression.replace("$__rate_interval", "5m").replace("$instance", ".*")
    rules = {"groups": [{"name": "dashboard", "rules": [{"record": "a:b", "expr": query}]}]}
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps(rules))  # YAML is a superset of JSON
    checked("promtool", "check", "rules", path)


def test_the_alarms_ring_when_they_should() -> None:
    checked("promtool", "check", "rules", DEPLOY / "prometheus" / "alerts.yml")
    checked("promtool", "test", "rules", DEPLOY / "prometheus" / "alerts_test.yml")


def test_there_are_five_alarms_and_the_page_says_what_to_do() -> None:
    names = re.findall(r"alert: (\w+)", ALERTS)
    assert len(names) == 5
    assert re.findall(r"^\| `(Registry\w+)` \|", PAGE, re.MULTILINE) == names
