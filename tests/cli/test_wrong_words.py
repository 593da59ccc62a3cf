"""Wrong input of odd kinds: one line of a readable length that says what is wrong, at once and without a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sor.cli import run
from sor.doctor import machine
from sor.doctor.finding import State
from sor.paths import bundled_tape
from sor.tapes.convert import convert
from sor.tapes.parquet.form import KEY

DIGITS = "9" * 5_000
NUMBERS = (
    *("quantity", "interval", "seed", "start", "theta-queue", "lambda-over", "lambda-under", "latency-us"),
    *("router-interval", "max-quote-age", "limit-price", "day", "tz"),
)


def said(capsys: Any, *words: str) -> tuple[int, str]:
    code = run(list(words), "sor")
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert captured.out == ""
    assert "a defect of sor" not in line
    assert len(line) < 1_000
    return code, line


@pytest.mark.parametrize(
    "address",
    ["nonsense", "", "host:", "host:port", "host:99999", "foo://host:1", "tcp://host", "tcp://a b:1", ":8786"],
)
def test_a_scheduler_that_is_no_address(address: str, tmp_path: Path, capsys: Any) -> None:
    code, line = said(capsys, "sweep", "--scheduler", address, "--out", str(tmp_path / "out"))
    assert code == 2
    assert "--scheduler" in line
    assert not (tmp_path / "out").exists()


def test_no_scheduler_leaves_a_traceback_behind(tmp_path: Path) -> None:
    """What a client of Dask left behind used to speak at the very end of the process."""
    command = [sys.executable, "-m", "sor", "sweep", "--scheduler", "nonsense", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "sor: --scheduler 'nonsense': is no address of a scheduler, such as tcp://127.0.0.1:8786\n"


@pytest.mark.parametrize("option", NUMBERS)
def test_five_thousand_digits_of_an_option(option: str, capsys: Any) -> None:
    code, line = said(capsys, "backtest", f"--{option}", DIGITS)
    assert code == 2
    assert option in line


def test_five_thousand_digits_elsewhere(tmp_path: Path, capsys: Any) -> None:
    toml, problem, fees = tmp_path / "s.toml", tmp_path / "p.json", tmp_path / "f.json"
    toml.write_text(f"quantity = {DIGITS}\n")
    problem.write_text(f'{{"S": {DIGITS}}}')
    fees.write_text(f'{{"2": {{"take": {DIGITS}}}}}')
    calls = [["sweep", "--config", str(toml)], ["place", str(problem)], ["backtest", "--fees", str(fees)]]
    calls += [["sweep", "--price", "inf", "--dry-run"], ["sweep", "--price", DIGITS, "--dry-run"]]
    calls += [["sweep", "--workers", DIGITS], ["kafka", "tail", "x", "-n", DIGITS], ["backtest", "--tape", DIGITS]]
    for words in calls:
        code, line = said(capsys, *words)
        assert code in (1, 2)
        assert "sys." not in line


def test_a_json_file_that_is_deep_or_has_five_thousand_digits(tmp_path: Path, capsys: Any) -> None:
    deep, digits, plan = tmp_path / "deep.json", tmp_path / "digits.json", tmp_path / "out" / "plan.json"
    deep.write_text("[" * 100_000)
    digits.write_text(f'{{"quantity": {DIGITS}}}')
    plan.parent.mkdir()
    plan.write_text("[" * 100_000)
    calls = [
        [*words, str(file)] for file in (deep, digits) for words in (["report"], ["place"], ["paper", "--printed"])
    ]
    calls += [["compare", str(deep), str(digits)], ["sweep", "report", str(plan.parent)]]
    for words in calls:
        code, line = said(capsys, *words)
        assert code in (1, 2)
        assert not any(python in line for python in ("sys.", "recursion", "integer string")), line


@pytest.mark.parametrize("damage", ["no row groups", "deep metadata"])
def test_a_tape_of_ours_without_its_rows(damage: str, tmp_path: Path, capsys: Any) -> None:
    good, bad = tmp_path / "good.parquet", tmp_path / "bad.parquet"
    convert(bundled_tape(), good)
    file = pq.ParquetFile(good)
    found = dict(file.metadata.metadata) | ({KEY: b"[" * 100_000} if damage == "deep metadata" else {})
    with pq.ParquetWriter(bad, file.schema_arrow.with_metadata(found)) as writer:
        if damage == "deep metadata":
            writer.write_table(file.read())
    for words in (["data", "info", str(bad)], ["backtest", "--tape", str(bad)]):
        code, line = said(capsys, *words)
        assert code == 2
        assert f"{bad}: this Parquet tape is damaged" in line


def test_a_foreign_parquet_file_without_row_groups(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "empty.parquet"
    names = ("ts_event", "publisher_id", "ask_px_00", "ask_sz_00")
    with pq.ParquetWriter(path, pa.schema([(name, pa.int64()) for name in names])):
        pass
    assert said(capsys, "backtest", "--tape", str(path)) == (2, f"sor: {path}: this Parquet file has no row")


def test_the_doctor_of_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "~")
    (disk,) = [finding for finding in machine.check() if finding.name == "disk"]
    assert disk.state is State.WRONG
    assert "HOME is not an absolute path" in disk.seen
