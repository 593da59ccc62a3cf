"""A run through a real broker tells Prometheus what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from stream_tools import Few, send_raw, topic_name

from sor.cli import run
from sor.stream.wire.encode import encode
from sor.stream.wire.envelope import snapshot_headers

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("SOR_METRICS_DIR", str(tmp_path))


def samples(file: Path) -> dict[str, float]:
    families = text_string_to_metric_families(file.read_text("utf-8"))
    found = [sample for family in families for sample in family.samples]
    return {s.labels.get("state", s.name): s.value for s in found if s.labels.get("state") is None or s.value}


def test_producer_and_readers_tell_of_the_same_run(broker: Any, tmp_path: Path) -> None:
    topic = topic_name()
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic]
    assert run(["produce", *where, "--speed", "max", "--run-id", "r"], "sor") == 0
    sent = samples(tmp_path / f"produce-{topic}-r.prom")
    assert (sent["complete"], sent["sor_run_done_ratio"]) == (1, 1)
    assert sent["sor_messages_total"] > 1_000
    assert run(["consume", *where, "--out", str(tmp_path / "day.parquet")], "sor") == 0
    assert run(["backtest", "--from-kafka", *where, "--strategy", "best_ask", "--json"], "sor") == 0
    for command in ("consume", "backtest"):
        read = samples(tmp_path / f"{command}-{topic}-r.prom")
        assert (read["complete"], read["sor_gaps"]) == (1, 0)
        assert read["sor_messages_total"] == sent["sor_messages_total"]


def test_a_run_without_its_end_is_told_as_incomplete(broker: Any, tmp_path: Path) -> None:
    topic, values = topic_name(), list(enumerate(encode(Few(60).batch)))
    sent = values[:20] + values[21:40]
    send_raw(broker.bootstrap_servers, topic, [(value, snapshot_headers("r", i)) for i, value in sent])
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic, "--idle-timeout", "1"]
    file = tmp_path / "typed.prom"
    out = ["--out", str(tmp_path / "day.parquet"), "--metrics", str(file)]
    assert run(["consume", *where, *out], "sor") == 1
    told = samples(file)
    assert (told["incomplete"], told["sor_gaps"], told["sor_messages_total"]) == (1, 1, 39)
    assert not list(tmp_path.glob("consume-*")), "what was typed goes before the folder"
