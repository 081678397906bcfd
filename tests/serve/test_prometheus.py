"""The real Prometheus reads our configuration, scrapes the service, and alarms where the monitor does."""

import json
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the service needs fastapi")
pytest.importorskip("yaml", reason="Prometheus is configured in YAML")

import yaml
from served import Service

from ecotone.data import Roles
from ecotone.watch import MonitorStore

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RULES = """
rule_files: [alerts.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'ecotone_alarm_open{monitor="m",about="data"}', values: '0x9 1x9 0x100'}
      - {series: 'ecotone_alarm_open{monitor="m",about="harm"}', values: '0x100'}
      - {series: 'ecotone_rows_total{monitor="m"}', values: '0+5x20 100x200'}
      - {series: 'ecotone_contract_breaks{monitor="m"}', values: '0x30 1x100'}
      - {series: 'up{job="ecotone",instance="i"}', values: '1x39 0x5 1x100'}
    alert_rule_test:
      - {eval_time: 9m, alertname: EcotoneDataChanged, exp_alerts: []}
      - eval_time: 15m
        alertname: EcotoneDataChanged
        exp_alerts: [{exp_labels: {severity: page, monitor: m, about: data}}]
      - {eval_time: 25m, alertname: EcotoneDataChanged, exp_alerts: []}
      - {eval_time: 15m, alertname: EcotoneHarm, exp_alerts: []}
      - {eval_time: 80m, alertname: EcotoneNoRows, exp_alerts: []}
      - {eval_time: 150m, alertname: EcotoneNoRows, exp_alerts: [{exp_labels: {severity: ticket, monitor: m}}]}
      - {eval_time: 29m, alertname: EcotoneContractBroken, exp_alerts: []}
      - {eval_time: 35m, alertname: EcotoneContractBroken, exp_alerts: [{exp_labels: {severity: ticket, monitor: m}}]}
      - {eval_time: 60m, alertname: EcotoneContractBroken, exp_alerts: []}
      - {eval_time: 41m, alertname: EcotoneDown, exp_alerts: []}
      - eval_time: 43m
        alertname: EcotoneDown
        exp_alerts: [{exp_labels: {severity: page, job: ecotone, instance: i}}]
"""


def tool(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here (Debian: apt-get install prometheus)")
    return found


def told(*words, text=None):
    found = subprocess.run(list(map(str, words)), capture_output=True, text=True, input=text)
    return found.returncode, found.stdout + found.stderr


@pytest.fixture
def folder(tmp_path):
    for name in ("alerts.yml", "prometheus.yml"):
        shutil.copy(DEPLOY / name, tmp_path)
    file = tmp_path / "prometheus.yml"
    file.write_text(file.read_text().replace("/etc/prometheus/ecotone-token", str(tmp_path / "token")))
    (tmp_path / "token").write_text("token")
    return tmp_path


def test_its_own_tool_takes_the_configuration_and_the_rules(folder):
    promtool = tool("promtool")
    code, said = told(promtool, "check", "config", folder / "prometheus.yml")
    assert code == 0 and "5 rules found" in said, said
    (folder / "alerts.yml").write_text((folder / "alerts.yml").read_text().replace("== 1", "=== 1"))
    assert told(promtool, "check", "config", folder / "prometheus.yml")[0] == 1


def summaries(rules):
    """The tests with the words of the alerts, which promtool compares too."""
    alerts = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
    words = {rule["alert"]: rule["annotations"] for rule in alerts}
    for test in rules["tests"][0]["alert_rule_test"]:
        for alert in test["exp_alerts"]:
            filled = {}
            for key, text in words[test["alertname"]].items():
                for label, value in alert["exp_labels"].items():
                    text = text.replace("{{ $labels." + label + " }}", value)
                filled[key] = text
            alert["exp_annotations"] = filled
    return rules


def test_alerts_fire_when_they_should_and_not_otherwise(folder):
    promtool, rules = tool("promtool"), summaries(yaml.safe_load(RULES))
    asked = {test["alertname"] for test in rules["tests"][0]["alert_rule_test"]}
    assert asked == {r["alert"] for r in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]}
    (folder / "tests.yml").write_text(yaml.safe_dump(rules))
    code, said = told(promtool, "test", "rules", folder / "tests.yml")
    assert code == 0, said
    text = (folder / "alerts.yml").read_text()
    (folder / "alerts.yml").write_text(text.replace('{about="data"} == 1', '{about="data"} == 0'))
    assert told(promtool, "test", "rules", folder / "tests.yml")[0] == 1


def made(folder):
    """A monitor of which every number is known: rows, an alarm, labels."""
    rng = np.random.default_rng(0)

    def rows(n, shift):
        y = rng.normal(size=n)
        x, noise = rng.normal(shift, 1, n), rng.normal(size=n)
        return {"x": x, "order": np.arange(n) + 10_000 * shift, "y": y, "yhat": y + noise}

    roles = Roles.of(target="y", prediction="yhat", id="order")
    with MonitorStore.create(folder / "m.duckdb", rows(500, 0), roles=roles, by=100) as store:
        store.ingest(rows(300, 1))


def test_metrics_are_written_as_its_linter_wants_them(folder):
    promtool = tool("promtool")
    made(folder)
    service = Service(folder)
    try:
        service.ask("GET", "/monitors")
        text = service.ask("GET", "/metrics")[1].decode()
    finally:
        service.end(signal.SIGTERM)
    code, said = told(promtool, "check", "metrics", text=text)
    assert code == 0, said
    assert told(promtool, "check", "metrics", text=text.replace("# HELP ecotone_rows_total", "# odd"))[0] != 0


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Prometheus:
    """The server itself, with our configuration but for the port and the seconds between two looks."""

    def __init__(self, folder, port, served):
        config = yaml.safe_load((folder / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{served}"]
        (folder / "run.yml").write_text(yaml.safe_dump(config))
        self.port = port
        self.process = subprocess.Popen(
            [tool("prometheus"), f"--config.file={folder / 'run.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}",
             f"--web.listen-address=127.0.0.1:{port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def ask(self, path, **query):
        address = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)["data"]

    def alerts(self):
        try:
            return {a["labels"]["alertname"]: a["state"] for a in self.ask("alerts")["alerts"]}
        except OSError:  # it has not begun to listen
            return {}


def test_it_scrapes_the_service_and_alarms_and_every_panel_has_its_numbers(folder):
    tool("prometheus")
    made(folder)
    service = Service(folder)  # writes the token that Prometheus shows
    prometheus = Prometheus(folder, free_port(), service.port)
    panels = json.loads((DEPLOY / "grafana.json").read_text())["panels"]
    asked = {p["title"]: [t["expr"].replace("$monitor", "m") for t in p["targets"]] for p in panels}
    try:
        until = time.monotonic() + 60
        while "EcotoneDataChanged" not in prometheus.alerts() and time.monotonic() < until:
            status, answer = service.ask(
                "POST", "/monitors/m/rows", {"x": [0.1], "order": [5], "y": [0.0], "yhat": [1.0]}
            )
            assert status == 200, answer
            service.ask("POST", "/monitors/m/rows", {"x": []})
            time.sleep(0.5)
        assert prometheus.alerts().get("EcotoneDataChanged") == "firing" and "EcotoneDown" not in prometheus.alerts()
        time.sleep(4)  # rates are of several scrapes
        for title, expressions in asked.items():
            found = [prometheus.ask("query", query=one)["result"] for one in expressions]
            if title == "Loss":  # the second is estimated where a model is watched; none is here
                found = found[:1]
            assert all(found), (title, expressions, found)
        (target,) = prometheus.ask("targets")["activeTargets"]
        assert target["health"] == "up" and target["lastError"] == ""
    finally:
        prometheus.process.terminate()
        prometheus.process.wait(30)
        service.end(signal.SIGTERM)
