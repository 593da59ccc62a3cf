"""`sor consume`: a run of a topic becomes a tape that gives the same figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stream_tools import Few, digest, send_raw, topic_name

from sor.cli import run
from sor.core.units import format_time
from sor.stream.produce.producer import produce
from sor.stream.wire.encode import encode
from sor.stream.wire.envelope import snapshot_headers
from sor.tapes import open_tape

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path / "state"))


def test_the_tape_of_a_run_gives_its_report(broker: Any, tmp_path: Path, capsys: Any) -> None:
    topic, source, out = topic_name(), Few(1_500), tmp_path / "day.parquet"
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic]
    produce(source, broker.bootstrap_servers, topic, run_id="r")
    assert run(["consume", *where, "--run", "r", "--out", str(out)], "sor") == 0
    assert "1,500 snapshots of run r" in capsys.readouterr().err
    assert digest(open_tape(out).batches()) == digest([source.batch])
    order = ["--quantity", "300", "--strategy", "best_ask", "--json"]
    assert run(["backtest", "--tape", str(out), *order], "sor") == 0
    from_tape = json.loads(capsys.readouterr().out)
    assert run(["backtest", "--from-kafka", *where, *order], "sor") == 0
    assert from_tape["strategies"] == json.loads(capsys.readouterr().out)["strategies"]


def test_a_stretch_of_a_run(broker: Any, tmp_path: Path) -> None:
    topic, source, out = topic_name(), Few(400), tmp_path / "part.parquet"
    produce(source, broker.bootstrap_servers, topic)
    ts = source.batch.ts.tolist()
    words = ["--from", format_time(ts[50]), "--to", format_time(ts[149])[11:].rstrip("Z"), "--out", str(out)]
    assert run(["consume", "--bootstrap-servers", broker.bootstrap_servers, "--topic", topic, *words], "sor") == 0
    assert digest(open_tape(out).batches()) == digest([source.batch.slice(50, 150)])


def test_an_incomplete_run_is_written_and_said(broker: Any, tmp_path: Path, capsys: Any) -> None:
    topic, source, out = topic_name(), Few(60), tmp_path / "part.parquet"
    values = encode(source.batch)[:40]
    send_raw(broker.bootstrap_servers, topic, [(v, snapshot_headers("r", i)) for i, v in enumerate(values)])
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic, "--idle-timeout", "1"]
    assert run(["consume", *where, "--out", str(out)], "sor") == 1
    assert "run r is incomplete" in capsys.readouterr().err.splitlines()[-1]
    assert digest(open_tape(out).batches()) == digest([source.batch.slice(0, 40)])
