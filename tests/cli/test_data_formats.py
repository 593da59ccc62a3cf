"""`sor data formats`, --format and --lot, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sor.cli import run
from sor.tapes.vendor.shipped import names

ROWS = "time,venue,bid,bid_size,ask,ask_size\n" + "".join(
    f"2024-06-03T13:30:0{second}Z,XNAS,10.00,{3 + second},10.02,4\n" for second in range(5)
)


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "formats"], "sor") == 0
    text = capsys.readouterr().out
    assert all(name in text for name in names())
    assert run(["data", "formats", "--json"], "sor") == 0
    found = json.loads(capsys.readouterr().out)["formats"]
    assert [one["name"] for one in found] == list(names())
    assert {one["form"] for one in found} == {"venue", "nbbo"}


def test_format_and_lot_reach_every_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "day.csv").write_text(ROWS)
    (tmp_path / "mine.toml").write_text('like = "generic"\nsize = 100\n')
    tape, mine = str(tmp_path / "day.csv"), str(tmp_path / "mine.toml")
    for options, most in (([], 7), (["--format", mine], 700), (["--format", mine, "--lot", "10"], 70)):
        assert run(["data", "info", tape, "--json", *options], "sor") == 0
        assert json.loads(capsys.readouterr().out)["bid_size"]["max"] == most
        order = ["--quantity", "400", "--fees", "none", "--strategy", "best_ask", "--json"]
        assert run(["backtest", "--tape", tape, *order, *options], "sor") == 0
        filled = json.loads(capsys.readouterr().out)["optimized"]["filled"]
        assert filled == min(400, {7: 4, 700: 400, 70: 40}[most])
        out = str(tmp_path / "day.parquet")
        assert run(["data", "convert", tape, out, *options], "sor") == 0
        assert run(["data", "info", out, "--json"], "sor") == 0
        assert json.loads(capsys.readouterr().out)["bid_size"]["max"] == most


def test_wrong_options_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "day.csv").write_text(ROWS)
    for options in (["--format", "nobody"], ["--lot", "0"], ["--lot", "x"]):
        assert run(["data", "info", str(tmp_path / "day.csv"), *options], "sor") == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1
