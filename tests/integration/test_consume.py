"""`sor consume`: a run of a topic becomes a tape that gives the same figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stream_tools import Few, digest, finish, producing, send_raw, topic_name, wait_until_sending

from sor.cli import run
from sor.core.market.batch import concat
from sor.core.units import NANO, format_time
from sor.paths import bundled_tape
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


STRETCHES = {  # what is kept of 400 snapshots, and how --from and --to say it, given their times
    "both ends": (slice(50, 150), lambda ts: ["--from", format_time(ts[50]), "--to", of_day(ts[149])]),
    "from the first": (slice(0, 10), lambda ts: ["--from", str(ts[0]), "--to", str(ts[9])]),
    "to the last": (slice(390, 400), lambda ts: ["--from", of_day(ts[390]), "--to", format_time(ts[399])]),
    "one moment": (slice(7, 8), lambda ts: ["--from", str(ts[7]), "--to", str(ts[7])]),
    "beyond both ends": (slice(0, 400), lambda ts: ["--from", "2024-08-01", "--to", "2031-01-01T00:00+02:00"]),
    "between two snapshots": (slice(20, 30), lambda ts: ["--from", str(ts[19] + 1), "--to", str(ts[30] - 1)]),
    "in a zone": (
        slice(50, 400),
        lambda ts: ["--tz", "America/New_York", "--from", of_day(ts[50] - 4 * 3600 * 10**9)],
    ),
}


def of_day(ts: int) -> str:
    """HH:MM:SS with its decimals."""
    return format_time(ts)[11:].rstrip("Z")


@pytest.fixture(scope="module")
def stretched(_session_broker: Any) -> tuple[Few, list[str]]:
    """A run of 400 snapshots, and where it is."""
    _session_broker.start()
    topic, source = topic_name(), Few(400)
    produce(source, _session_broker.bootstrap_servers, topic, run_id="r")
    return source, ["--bootstrap-servers", _session_broker.bootstrap_servers, "--topic", topic]


@pytest.mark.parametrize(("kept", "words"), STRETCHES.values(), ids=STRETCHES)
def test_a_stretch_of_a_run(broker: Any, stretched: Any, tmp_path: Path, kept: slice, words: Any) -> None:
    (source, where), out = stretched, tmp_path / "part.parquet"
    told = words(source.batch.ts.tolist())
    assert run(["consume", *where, *told, "--out", str(out)], "sor") == 0
    assert digest(open_tape(out).batches()) == digest([source.batch.slice(kept.start, kept.stop)])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "13:36:40", "--to", "13:36:39"], "--from 2024-08-01T13:36:40.000000000Z is after --to 2024-08-01"),
        (["--from", "20:00"], "nothing of run r lies between --from and --to: it has 2024-08-01T13:36:32."),
        (["--to", "2024-08-01T13:00Z"], "nothing of run r lies between --from and --to: it has 2024-08-01T13:36:32."),
        (["--from", "noon"], "--from 'noon' is not a time"),
        (["--tz", "Mars"], "'Mars' is no time zone"),
        (["--out", "day.csv"], "day.csv: the name of a Parquet tape ends with .parquet"),
    ],
)
def test_a_stretch_that_holds_nothing(
    broker: Any, stretched: Any, tmp_path: Path, capsys: Any, words: list[str], said: str
) -> None:
    out = ["--out", str(tmp_path / "part.parquet")]
    assert run(["consume", *stretched[1], *out, *words], "sor") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not [path for path in tmp_path.iterdir() if path.name != "state"]


def test_nothing_lies_between_two_snapshots(broker: Any, stretched: Any, tmp_path: Path, capsys: Any) -> None:
    where, ts = stretched[1], stretched[0].batch.ts.tolist()
    assert ts[5] + 1 < ts[6]
    words = ["--from", str(ts[5] + 1), "--to", str(ts[6] - 1), "--out", str(tmp_path / "part.parquet")]
    assert run(["consume", *where, *words], "sor") == 2
    assert "no snapshot lies in this stretch" in capsys.readouterr().err.splitlines()[-1]
    assert not [path for path in tmp_path.iterdir() if path.name != "state"]


def test_a_run_that_is_still_produced_is_read_to_the_end_of_the_stretch(broker: Any, tmp_path: Path) -> None:
    """In real time the bundled tape takes ten minutes, of which nobody waits for more than the stretch."""
    topic, out = topic_name(), tmp_path / "part.parquet"
    whole = concat(list(open_tape(bundled_tape()).batches()))
    end = int(whole.ts[0]) + 2 * NANO
    kept = int(np.searchsorted(whole.ts, end, "right"))
    producer = producing(broker, topic, tmp_path / "state", "1")
    try:
        wait_until_sending(broker, topic)
        where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic, "--run", "r"]
        assert run(["consume", *where, "--to", str(end), "--out", str(out)], "sor") == 0
        assert producer.poll() is None
    finally:
        producer.terminate()
        finish(producer)
    assert digest(open_tape(out).batches()) == digest([whole.slice(0, kept)])


def test_a_gap_before_the_end_of_the_stretch_is_said(broker: Any, tmp_path: Path, capsys: Any) -> None:
    topic, source, out = topic_name(), Few(60), tmp_path / "part.parquet"
    values = list(enumerate(encode(source.batch)))
    sent = values[:20] + values[21:]
    send_raw(broker.bootstrap_servers, topic, [(v, snapshot_headers("r", i)) for i, v in sent])
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic, "--idle-timeout", "1"]
    ends = ["--to", str(source.batch.ts[40]), "--out", str(out)]
    assert run(["consume", *where, *ends], "sor") == 1
    assert "run r is incomplete" in capsys.readouterr().err.splitlines()[-1]
    assert len(concat(list(open_tape(out).batches()))) == 40


def test_an_incomplete_run_is_written_and_said(broker: Any, tmp_path: Path, capsys: Any) -> None:
    topic, source, out = topic_name(), Few(60), tmp_path / "part.parquet"
    values = encode(source.batch)[:40]
    send_raw(broker.bootstrap_servers, topic, [(v, snapshot_headers("r", i)) for i, v in enumerate(values)])
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic, "--idle-timeout", "1"]
    assert run(["consume", *where, "--out", str(out)], "sor") == 1
    assert "run r is incomplete" in capsys.readouterr().err.splitlines()[-1]
    assert digest(open_tape(out).batches()) == digest([source.batch.slice(0, 40)])
