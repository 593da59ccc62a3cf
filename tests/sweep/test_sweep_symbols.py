"""A sweep of files that know their stocks by number; and all that a backtest can say of a tape can be said."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sweep_tools import planned, rows, run_sweep

from sor import backtest
from sor.cli.backtest import command as backtest_command
from sor.cli.sweep import command as sweep_command
from sor.errors import InputError
from sor.report.encode import encode


def numbered(folder: Path) -> list[str]:
    """Two days of a stock at two venues, in files that know it by number only, beside rows of another one."""
    head = "ts_event,publisher_id,instrument_id,bid_px_00,bid_sz_00,ask_px_00,ask_sz_00\n"
    row = "2024-06-0{}T13:30:{:02}Z,{},{},10.00,100,10.0{},{}\n"
    files = []
    for day, (venue, ident) in itertools.product((3, 4), ((2, 38), (43, 11))):
        files.append(folder / f"day{day}" / f"n{venue}.csv")
        files[-1].parent.mkdir(exist_ok=True)
        lines = [row.format(day, i, venue, one, 1 + i % 3, 100 + i) for i in range(30) for one in (ident, 7)]
        files[-1].write_text(head + "".join(lines))
    return list(map(str, files))


def test_a_sweep_is_told_which_number_is_the_stock(tmp_path: Path) -> None:
    """By the name of the file, which is the same on every day; the files of a day are one tape."""
    files = numbered(tmp_path)
    order: dict[str, Any] = {"quantity": 700, "strategy": "twap", "interval": 5, "fees": "none"}
    said = ["n2.csv=38", "n43.csv=11"]
    options = order | {"tape": files, "symbol_in": said, "every": 10}
    run_sweep(tmp_path / "out", options)
    found = rows(tmp_path / "out")
    assert [len(row["tape"].split("+")) for row in found] == [2] * len(found)
    assert len(found) == 4
    alone = backtest(tape=files[:2], symbol_in=said, start="13:30:00", end="13:30:10", **order)
    data = json.loads(found[0]["report"], parse_float=Decimal)
    assert encode(data | {"request": alone.data["request"]}) == alone.to_json()
    assert alone.data["optimized"]["filled"] > 0


def test_a_number_that_no_file_of_the_sweep_has_is_said(tmp_path: Path) -> None:
    files = numbered(tmp_path)
    for said, symbol, words in (
        ("n3.csv=38", "XYZ", r"symbol-in 'n3\.csv=38': write FILE=ID with a file of the sweep"),
        ("n2.csv", "XYZ", r"symbol-in 'n2\.csv': write FILE=ID"),
        ("n2.csv=38", "XYZ,ABC", "one symbol at a time"),
        ("n2.csv=38", "*", "one symbol at a time"),
    ):
        with pytest.raises(InputError, match=words):
            planned({"tape": files, "symbol": symbol, "symbol_in": said})


def test_a_sweep_has_every_option_of_a_backtest_that_says_how_a_tape_is_read() -> None:
    about_tapes = {
        "tape", "clock", "symbol_in", "format", "lot", "symbol", "day", "tz", "clip", "strict", "snapshot_rule",
        "max_quote_age", "stale_crossed",
    }  # fmt: skip
    for command in (backtest_command, sweep_command):
        assert about_tapes <= {option.name for option in command.params}
