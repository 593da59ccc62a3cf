"""The scrape, the dashboard, the units and the doctor speak of the same ports and figures."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from metrics_files import INFRA, PROMETHEUS, RULES, dashboard_metrics, expressions, metrics_of

from sor.doctor.metrics import EXPORTERS
from sor.stream.metrics import METRICS, STATE

REPO = INFRA.parent
ROLE = INFRA / "ansible" / "roles" / "metrics"
UNIT = (REPO / "systemd" / "sor-node-exporter.service").read_text("utf-8")


def test_every_query_names_a_figure_of_an_exporter() -> None:
    assert len(expressions()) > 20
    for text in expressions():
        assert metrics_of(text), text
        assert all(re.match("sor_|kafka_|jvm_|node_", name) for name in metrics_of(text)), text


def test_the_dashboard_knows_the_figures_of_runs_by_their_names() -> None:
    exported = {name for name, _, _, _ in METRICS} | {STATE[0]}
    assert dashboard_metrics("sor_") <= exported
    assert {"sor_messages_total", "sor_lag_seconds", "sor_gaps", "sor_run_state"} <= dashboard_metrics("sor_")


def test_the_dashboard_knows_kafkas_figures_by_the_names_of_the_rules() -> None:
    names = re.findall(r"name: (kafka_\S+)", RULES.read_text("utf-8"))
    patterns = [re.escape(name).replace(r"\$1", "[a-z]+") for name in names]
    for metric in dashboard_metrics("kafka_"):
        assert any(re.fullmatch(pattern, metric) for pattern in patterns), metric


def test_all_exporters_are_on_loopback_and_asked_where_they_are() -> None:
    asked = {name: url for name, (url, _) in EXPORTERS.items()}
    assert asked == {
        "metrics node": "http://127.0.0.1:9100/metrics",
        "metrics kafka": "http://127.0.0.1:9404/metrics",
    }
    assert "--web.listen-address=127.0.0.1:9100 " in UNIT
    assert "=127.0.0.1:9404:/etc/metrics/kafka.yml" in (ROLE / "tasks" / "install.yml").read_text("utf-8")


def test_the_tunnel_ends_where_prometheus_asks() -> None:
    targets = re.findall(r'targets: \["127.0.0.1:(\d+)"\]', PROMETHEUS.read_text("utf-8"))
    visiting = (REPO / "scripts" / "deploy" / "visiting.py").read_text("utf-8")
    assert "TUNNEL = {9100: 19100, 9404: 19404}" in visiting
    assert targets == ["19100", "19404"]


def test_what_is_downloaded_is_pinned() -> None:
    text = (ROLE / "defaults" / "main.yml").read_text("utf-8")
    pins = dict(re.findall(r'^  "?([\w.-]+?)"?: ([0-9a-f]{64})$', text, re.MULTILINE))
    jmx, node = re.findall(r'^metrics_(?:jmx|node)_version: "(.+)"$', text, re.MULTILINE)
    assert set(pins) == {jmx, f"{node}-amd64", f"{node}-arm64"}


def test_metrics_off_removes_every_file_that_metrics_on_writes() -> None:
    install, remove = ((ROLE / "tasks" / f"{name}.yml").read_text("utf-8") for name in ("install", "remove"))
    written = set(re.findall(r"(?:dest|path): (/\S+)", install))
    gone = re.findall(r"^    - \"?(/[^\"\s]+|\{\{ metrics_folder \}\})", remove, re.MULTILINE)
    assert written
    for path in written:
        assert any(path.startswith(one) for one in gone), path


@pytest.fixture
def deploying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPO / "scripts" / "deploy"))
    for name in ("settings",):
        sys.modules.pop(name, None)


def test_the_option_is_remembered_and_no_business_of_terraforms(
    deploying: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOR_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SOR_DEPLOY_METRICS", "1")
    import settings as config

    assert config.load().metrics == 1
    config.remember(config.load())
    monkeypatch.delenv("SOR_DEPLOY_METRICS")
    assert config.load().metrics == 1
    assert "metrics" not in config.load().variables()
    monkeypatch.setenv("SOR_DEPLOY_METRICS", "0")
    assert config.load().metrics == 0
