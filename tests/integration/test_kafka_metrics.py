"""The broker with the JMX exporter's agent, as METRICS=1 starts it: it exports what the dashboard shows."""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from metrics_files import INFRA, RULES, dashboard_metrics, samples_of
from stream_tools import Few, topic_name

from sor.broker import ports
from sor.stream import open_stream
from sor.stream.produce.producer import produce

pytestmark = pytest.mark.broker
DEFAULTS = (INFRA / "ansible" / "roles" / "metrics" / "defaults" / "main.yml").read_text("utf-8")
PATIENCE = 120.0


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    """The jar that the role pins, by Maven."""
    version, checksum = re.findall(r'metrics_jmx_sha256:\n  "([\d.]+)": ([0-9a-f]{64})', DEFAULTS)[0]
    if shutil.which("mvn") is None:
        pytest.skip("Maven is not installed: the agent's jar cannot be had")
    artifact = f"io.prometheus.jmx:jmx_prometheus_javaagent:{version}"
    command = ["mvn", "-B", "-q", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.skip(f"Maven does not bring the agent's jar: {done.stdout[-300:]}")
    jar = tmp_path / f"jmx_prometheus_javaagent-{version}.jar"
    assert hashlib.sha256(jar.read_bytes()).hexdigest() == checksum
    return jar


def test_the_agent_exports_every_figure_that_the_dashboard_shows(
    broker: Any, agent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    broker.stop_kafka()
    with monkeypatch.context() as there:
        there.setenv("JAVA_TOOL_OPTIONS", f"-javaagent:{agent}=127.0.0.1:{port}:{RULES}")
        broker.start()
    try:
        topic = topic_name()
        produce(Few(300), broker.bootstrap_servers, topic, run_id="r")
        source = open_stream(broker.bootstrap_servers, topic, "r")
        assert sum(len(batch) for batch in source.batches()) == 300
        source.close()
        wanted = dashboard_metrics("kafka_", "jvm_")
        assert len(wanted) > 8
        exported = scraped(port, wanted)
        assert wanted - exported.keys() == set()
        written = {labels["topic"]: value for labels, value in exported["kafka_topic_messages_in_total"]}
        assert written[topic] >= 300
        assert [value for _, value in exported["kafka_active_controllers"]] == [1]
        assert listens_on_loopback_only(port)
    finally:
        broker.stop_kafka()  # the next test's broker has no agent
    broker.start()


def scraped(port: int, wanted: set[str]) -> dict[str, list[tuple[dict[str, str], float]]]:
    """What the agent answers, once all of it is there: some figures come with the first request of their kind."""
    deadline = time.monotonic() + PATIENCE
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
                found = samples_of(answer.read().decode())
        except urllib.error.URLError:
            found = {}
        if wanted <= found.keys():
            break
        time.sleep(0.5)
    return found


def listens_on_loopback_only(port: int) -> bool:
    """Whether every listener of this port is at 127.0.0.1 (the kernel writes it backwards; IPv6 maps it)."""
    if not os.path.exists("/proc/net/tcp"):
        return True
    lines = [
        line.split()
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
    ]
    at = [parts[1].rpartition(":")[0] for parts in lines if parts[3] == "0A" and parts[1].endswith(f":{port:04X}")]
    return bool(at) and all(address.endswith("0100007F") for address in at)


def free_port() -> int:
    """Below those that the system gives to outgoing connections: nobody else gets it meanwhile."""
    while not ports.is_free(port := random.randrange(20_000, 32_000)):
        pass
    return port
