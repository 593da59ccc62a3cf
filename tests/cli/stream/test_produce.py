"""`sor produce`: what can be known to be wrong without a broker is said at once, in one line."""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path

import pytest

from sor.cli import run
from sor.paths import bundled_tape
from sor.stream.kafka import connection, topic_setup
from sor.stream.names import check_run_id, new_run_id
from sor.stream.produce.producer import LatencyHistogram, SourceWindow
from sor.tapes import open_tape
from sor.tapes.convert import convert


def produce(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = run(["produce", *args], "sor")
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--speed", "fast"], "neither a positive number nor max"),
        (["--speed", "0"], "not a positive number"),
        (["--bootstrap-servers", "localhost"], "host:port"),
        (["--run-id", "latest"], "run id 'latest'"),
        (["--run-id", ""], "run id ''"),
        (["--timeout", "0"], "timeout"),
        (["--snapshot-rule", "middle"], "snapshot-rule"),
        (["--compression", "zip"], "compression"),
        (["--tape", "nowhere.csv"], "nowhere.csv"),
        (["--start", "noon"], "not a time"),
        (["--start", "23:59:59"], "no snapshot of the tape lies in the window"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str], args: list[str], words: str) -> None:
    code, out, err = produce(capsys, *args)
    assert code == 2
    assert out == ""
    assert err.startswith("sor: ")
    assert words in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("symbol", [[], ["--symbol", "SYNT"], ["--symbol", "*"]])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_strict_makes_a_bad_row_an_error_before_anything_is_sent(
    symbol: list[str], form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with gzip.open(bundled_tape(), "rt") as whole:
        lines = [next(whole) for _ in range(9)]
    tape = tmp_path / "bad.csv"
    tape.write_text("".join([*lines[:5], "nonsense\n", *lines[5:]]))
    if form == "parquet":
        convert(tape, tmp_path / "bad.parquet")
        tape = tmp_path / "bad.parquet"
    code, out, err = produce(capsys, "--tape", str(tape), "--strict", *symbol)
    assert (code, out) == (2, "")
    assert err.startswith(f"sor: {tape}: ")
    assert "line 6: has 1 of " in err
    assert err.endswith(" (without --strict such rows are counted and left out)\n")
    assert err.count("\n") == 1


def test_no_broker_is_one_line_and_exit_code_1(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_setup, "admin_client", partial(connection.admin_client, seconds=1))  # not ten
    code = run(["produce", "--speed", "max", "--bootstrap-servers", "127.0.0.1:1"], "sor")
    out, err = capfd.readouterr()
    assert code == 1
    assert out == ""
    (line,) = err.strip().splitlines()
    assert line.startswith("sor: no Kafka broker answers at 127.0.0.1:1: is it running? (sor kafka up")


def test_help_has_every_option_and_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = produce(capsys, "--help")
    assert code == 0
    for option in ("--tape", "--speed", "--start", "--end", "--symbol", "--snapshot-rule", "--run-id"):
        assert option in out
    assert "--bootstrap-servers" in out
    assert "--topic" in out
    assert "Example: sor produce" in out


def test_run_ids_are_new_and_valid() -> None:
    ids = {new_run_id() for _ in range(200)}
    assert len(ids) == 200
    assert all(check_run_id(run_id) == run_id for run_id in ids)


def test_a_window_is_closed_and_can_be_read_again() -> None:
    tape = open_tape(bundled_tape())
    bounds = tape.bounds()
    assert bounds is not None
    first, last = bounds
    middle = (first + last) // 2
    window = SourceWindow(tape, first, middle)
    for _ in range(2):
        times = [ts for batch in window.batches() for ts in batch.ts.tolist()]
        assert (times[0], times[-1]) == window.bounds()
    rest = SourceWindow(tape, middle + 1, last)
    assert rest.bounds()[1] == last
    count = sum(len(batch) for batch in tape.batches())
    assert len(times) + sum(len(batch) for batch in rest.batches()) == count
    exact = SourceWindow(tape, first, first)
    assert exact.bounds() == (first, first)


def test_lateness_is_a_histogram() -> None:
    late = LatencyHistogram()
    assert late.quantile(0.99) is None
    for ns in [0] * 98 + [1_000_000, 5_000_000]:
        late.record(ns)
    assert late.quantile(0.5) == pytest.approx(1e-5)
    assert late.quantile(0.99) == pytest.approx(1.01e-3)
    assert late.quantile(1.0) == pytest.approx(5e-3)
    late.record(3_000_000_000)
    assert late.quantile(1.0) == pytest.approx(3.0)
