"""What stands under deploy: read by the tools it is for where they are here, and held against the service itself."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the service needs fastapi")
pytest.importorskip("yaml", reason="Prometheus is configured in YAML")

import typer
import yaml
from prometheus_client.parser import text_string_to_metric_families

from ecotone.cli import app as commands
from ecotone.serve._metrics import Metrics
from ecotone.serve._standing import Standing

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
FULL = Standing(
    rows=1, log_evidence={"column": 1.0}, log_threshold={"column": 2.0}, alarms={"data": 1.0, "harm": 0.0},
    open={"data": 1.0, "harm": 0.0}, loss={"value": 0.1, "low": 0.0, "high": 0.2},
    estimated_loss={"value": 0.1, "low": 0.0, "high": 0.2}, outside=0.05,
)  # fmt: skip


def samples():
    """Names of series, each with its labels, as a scrape has them."""
    metrics = Metrics(lambda: {"m": FULL})
    metrics.answered("/monitors/{name}/rows", "POST", 200, 0.01)
    found = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def queried(expression):
    """Names of series in an expression, each with the labels that it asks for."""
    for name, _, labels in re.findall(r"\b((?:ecotone_\w+)|up\b)(\{([^}]*(?:\{name\}[^}]*)?)\})?", expression):
        yield name, set(re.findall(r'(\w+)(?==~?")', labels))


def known(expression, there):
    names = list(queried(expression))
    assert names, expression
    for name, labels in names:
        assert name == "up" or (name in there and labels <= there[name]), (expression, name, labels)


def test_alerts_and_panels_ask_for_what_the_service_says():
    there = samples()
    rules = [r for g in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"] for r in g["rules"]]
    panels = json.loads((DEPLOY / "grafana.json").read_text())["panels"]
    for expression in [r["expr"] for r in rules] + [t["expr"] for p in panels for t in p["targets"]]:
        known(expression, there)
        assert expression.count("(") == expression.count(")")
    with pytest.raises(AssertionError):
        known("ecotone_no_such_series > 1", there)
    with pytest.raises(AssertionError):
        known('ecotone_rows_total{about="data"} > 1', there)


def test_alert_rules_have_what_prometheus_wants():
    file = yaml.safe_load((DEPLOY / "alerts.yml").read_text())
    assert set(file) == {"groups"}
    for group in file["groups"]:
        assert set(group) <= {"name", "rules", "interval"} and len({r["alert"] for r in group["rules"]}) == len(
            group["rules"]
        )
        for rule in group["rules"]:
            assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"} and {"alert", "expr"} <= set(rule)
            assert re.fullmatch(r"[A-Za-z_]\w*", rule["alert"]) and re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
            assert rule["labels"]["severity"] in ("page", "ticket") and set(rule["annotations"]) == {
                "summary",
                "description",
            }


def test_the_scrape_is_of_the_services_own_address_and_token():
    file = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    assert (DEPLOY / file["rule_files"][0]).is_file()
    (job,) = file["scrape_configs"]
    assert job["metrics_path"] == "/metrics" and job["authorization"]["type"] == "Bearer"
    assert job["static_configs"][0]["targets"] == ["127.0.0.1:8000"]
    assert 'up{job="ecotone"}' in (DEPLOY / "alerts.yml").read_text() and job["job_name"] == "ecotone"


def test_the_dashboards_panels_stand_beside_each_other():
    board = json.loads((DEPLOY / "grafana.json").read_text())
    panels, taken = board["panels"], set()
    assert len({p["id"] for p in panels}) == len(panels) and board["schemaVersion"] >= 39
    for panel in panels:
        g = panel["gridPos"]
        assert g["x"] >= 0 and g["x"] + g["w"] <= 24 and panel["title"] and panel["description"]
        cells = {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}
        assert not taken & cells
        taken |= cells
        assert len({t["refId"] for t in panel["targets"]}) == len(panel["targets"])
    variables = {v["name"] for v in board["templating"]["list"]}
    assert set(re.findall(r"\$\{?(\w+)\}?", json.dumps(panels))) <= variables


def options_of(words):
    """The command line after ``ecotone serve`` as the command itself reads it."""
    serve = typer.main.get_command(commands).commands["serve"]
    return serve.make_context("serve", list(words)).params


def test_the_unit_is_one_that_systemd_reads(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    unit = (DEPLOY / "ecotone.service").read_text().replace("/opt/ecotone/bin/ecotone", sys.executable)
    for text, good in ((unit, True), (unit.replace("Restart=on-failure", "Restart=perhaps"), False)):
        (tmp_path / "ecotone.service").write_text(text)
        found = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(tmp_path / "ecotone.service")], capture_output=True, text=True
        )
        assert (found.returncode == 0 and not found.stderr) is good, found.stderr


def test_the_units_command_is_one_that_the_program_reads():
    unit = (DEPLOY / "ecotone.service").read_text().replace("\\\n", " ")
    words = shlex.split(re.search(r"ExecStart=(.*)", unit)[1])
    assert words[:2] == ["/opt/ecotone/bin/ecotone", "serve"]
    asked = options_of(words[2:])
    seconds = int(re.search(r"TimeoutStopSec=(\d+)", unit)[1])
    assert asked["token_file"].name == "token" and asked["stop_after"] < seconds


def test_the_containers_command_is_one_that_the_program_reads():
    text = (DEPLOY / "Containerfile").read_text()
    words = json.loads(re.search(r"^ENTRYPOINT (.*)$", text, re.M)[1])
    asked = options_of(words[2:])
    assert asked["host"] == "0.0.0.0" and asked["token_file"] is not None
    assert f"EXPOSE {asked['port']}" in text and re.search(r"^USER \d+$", text, re.M)
    for source in re.findall(r"^COPY (?!--)(.*) \S+$", text, re.M):
        for name in source.split():
            assert (DEPLOY.parent / name).exists(), name
    instructions = set(re.findall(r"^([A-Z]+) ", text, re.M))
    assert instructions <= {
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "USER",
        "VOLUME",
        "EXPOSE",
        "ENV",
        "HEALTHCHECK",
        "STOPSIGNAL",
        "ENTRYPOINT",
    }
