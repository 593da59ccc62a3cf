"""METRICS=1 on a real host: both exporters on loopback, a run is seen, and METRICS=0 leaves nothing of it."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import nspawn
import pytest
from metrics_files import dashboard_metrics, samples_of
from mirror import mirror
from operating import Operator

pytestmark = [pytest.mark.rehearsal, pytest.mark.slow, pytest.mark.timeout(3600)]

TAPE = "synth-5-venues-10-min.csv.gz"
# Debian's, packed as the vendor packs his own: that one's host is not reached from here.
NODE = "1.5.0"
PACK = f"""
set -e
cd "$(mktemp -d)"
apt-get -q download prometheus-node-exporter >&2
dpkg -x ./*.deb x
mkdir node_exporter-{NODE}.linux-amd64
cp x/usr/bin/prometheus-node-exporter node_exporter-{NODE}.linux-amd64/node_exporter
tar -czf - node_exporter-{NODE}.linux-amd64 | base64 -w 0
"""
PATIENCE = 300.0


def test_metrics_on_and_off(operator: Operator, tmp_path: Path) -> None:
    archive = tmp_path / f"node_exporter-{NODE}.linux-amd64.tar.gz"
    archive.write_bytes(base64.b64decode(operator.host.run(PACK).stdout))
    with mirror(tmp_path) as url:
        on: dict[str, Any] = {
            "metrics_enabled": True,
            "metrics_jmx_urls": [f"{url}/nothing.jar"],  # so that this machine's Maven is asked
            "metrics_node_version": NODE,
            "metrics_node_urls": [f"{url}/nothing.tar.gz", f"{url}/{archive.name}"],
            "metrics_node_sha256": {f"{NODE}-amd64": "0" * 64},
        }
        corrupt = operator.play(on=json.dumps(on))
        assert not corrupt.ok
        assert f"node_exporter {NODE} cannot be had: " in corrupt.message
        assert "metrics_node_source=PATH" in corrupt.message
        on["metrics_node_sha256"] = {f"{NODE}-amd64": hashlib.sha256(archive.read_bytes()).hexdigest()}
        play = operator.play(on=json.dumps(on))
        assert play.ok, play.message
        again = operator.play(on=json.dumps(on))
        assert (again.ok, again.changed) == (True, 0), again.output[-3000:]

    runs_of_both_kinds(operator)
    wanted = dashboard_metrics("kafka_", "jvm_", "node_") | {"sor_messages_total", "sor_gaps", "sor_run_state"}
    found = scraped(wanted)
    assert wanted - found.keys() == set()
    states = {(at["command"], at["run"]): at["state"] for at, value in found["sor_run_state"] if value}
    assert states[("produce", "typed")] == states[("backtest", "typed")] == "complete"
    assert states[("produce", "unit")] == "interrupted"
    units = {at["name"] for at, value in found["node_systemd_unit_state"] if at["state"] == "active" and value}
    assert {"kafka.service", "zookeeper.service", "sor-node-exporter.service"} <= units

    host = operator.host
    assert isinstance(host, nspawn.Host)
    ours = {(address, port) for _, address, port in host.listeners() if port in (9100, 9404)}
    assert {port for _, port in ours} == {9100, 9404}
    assert {address for address, _ in ours} <= {"127.0.0.1", "::ffff:127.0.0.1"}
    doctor = operator.host.run("sor doctor", check=False)
    assert doctor.stdout.count(" figures at http://127.0.0.1:") == 2, doctor.stdout
    assert operator.host.run("sudo systemctl start sor-doctor", check=False).returncode == doctor.returncode == 0
    with_agent = resident(operator, "kafka")
    print(f"\nresident MiB: Kafka with the agent {with_agent}, node_exporter {resident(operator, 'sor-node-exporter')}")
    operator.host.run("sudo systemctl stop sor-node-exporter")
    ill = operator.host.run("sor doctor", check=False)
    assert ill.returncode == 1
    assert "sudo systemctl restart sor-node-exporter" in ill.stdout

    off = operator.play()
    assert off.ok, off.message
    assert operator.host.run("systemctl is-active kafka").stdout.strip() == "active"
    print(f"\nresident MiB: Kafka without the agent {resident(operator, 'kafka')}")
    assert not {port for _, _, port in host.listeners()} & {9100, 9404}
    look = "sudo find /opt/metrics /etc /var/lib/sor -iname '*metrics*' -o -iname '*node-exporter*'"
    left = operator.host.run(look, check=False)
    assert left.stdout == ""
    assert operator.host.run("sor doctor").stdout.count("metrics") == 0
    assert operator.play().changed == 0
    assert host.memory("kills") == 0


def runs_of_both_kinds(operator: Operator) -> None:
    """Typed by a user who logs in, and paced by the unit, whose files are its own; that one is stopped half-way."""
    backtest = "sor backtest --from-kafka --run typed --json >/dev/null"
    operator.host.run(f"bash -lc 'sor produce --speed max --run-id typed && {backtest}'")
    settings = "SOR_SPEED=1\\nSOR_PRODUCER_OPTIONS=--topic mock_l1_stream --run-id unit\\n"
    operator.host.run(f"printf '{settings}' | sudo tee /etc/sor/producer-{TAPE}.env")
    operator.host.run(f"sudo systemctl start sor-producer@{TAPE}")
    assert "sor_lag_seconds" in scraped({"sor_lag_seconds"})
    operator.host.run(f"sudo systemctl stop sor-producer@{TAPE}")


def scraped(wanted: set[str]) -> dict[str, list[tuple[dict[str, str], float]]]:
    """What both answer, once all that is wanted has been seen; the host shares this machine's loopback."""
    deadline = time.monotonic() + PATIENCE
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    while time.monotonic() < deadline and not wanted <= found.keys():
        for port in (9100, 9404):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
                    found |= samples_of(answer.read().decode())
            except urllib.error.URLError:
                pass
        time.sleep(0.5)
    return found


def resident(operator: Operator, unit: str) -> int:
    """MiB of a unit's process now."""
    pid = operator.host.run(f"systemctl show -p MainPID --value {unit}").stdout.strip()
    status = operator.host.run(f"sudo cat /proc/{pid}/status").stdout
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) // 1024
