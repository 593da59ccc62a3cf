"""`sor backtest` as people type it: the known figures, exact money, quiet pipes, and every mistake."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sor import backtest
from sor.report.tables.parameters import _penalty

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "data" / "l1_day.csv.gz"
WINDOW = ("--start", "13:36:32", "--end", "13:45:14")
needs_real_tape = pytest.mark.skipif(
    not REAL.exists(), reason="the real tape is not here: ../shared/data/l1_day.csv.gz"
)

Sor = Callable[..., tuple[int, str, str]]


def report_of(result: tuple[int, str, str]) -> dict[str, Any]:
    """The report with money as decimals."""
    code, out, err = result
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out, parse_float=Decimal)
    return found


def nanos(value: Decimal) -> int:
    """Dollars as integer nanodollars; fails where they are not a whole number of them."""
    scaled = value.scaleb(9)
    assert scaled == scaled.to_integral_value()
    return int(scaled)


# -- the figures of section 6 ------------------------------------------------------------------------------------------


@needs_real_tape
def test_the_seed_profile_gives_the_seeds_figures(sor: Sor) -> None:
    report = report_of(sor("backtest", "--tape", REAL, "--profile", "seed", *WINDOW, "--json"))
    assert nanos(report["optimized"]["total_cash"]) == 1_113_700_000_000_000
    assert nanos(report["optimized"]["avg_fill_px"]) == 222_740_000_000
    assert nanos(report["baselines"]["best_ask"]["total_cash"]) == 1_114_102_280_000_000
    assert nanos(report["baselines"]["twap"]["total_cash"]) == 1_115_320_040_000_000
    assert nanos(report["baselines"]["vwap"]["total_cash"]) == 1_115_314_459_423_462
    assert report["tape"]["snapshots"] == 54_540
    assert report["tape"]["snapshots_in_window"] == 54_330
    assert (report["optimized"]["filled"], report["optimized"]["leaves"], report["optimized"]["forced"]) == (
        5_000,
        0,
        0,
    )


@needs_real_tape
@pytest.mark.parametrize(
    ("side", "best", "twap", "vwap"),
    [
        ("buy", 1_113_775_200_000_000, 1_115_314_470_000_000, 1_115_314_345_183_942),
        ("sell", 1_113_663_800_000_000, 1_115_145_460_000_000, 1_115_190_515_770_011),
    ],
)
def test_the_default_rules_without_fees(sor: Sor, side: str, best: int, twap: int, vwap: int) -> None:
    args = ("--tape", REAL, "--fees", "none", "--side", side, "--strategy", "static", *WINDOW, "--json")
    baselines = report_of(sor("backtest", *args))["baselines"]
    assert nanos(baselines["best_ask"]["total_cash"]) == best
    assert nanos(baselines["twap"]["total_cash"]) == twap
    assert nanos(baselines["vwap"]["total_cash"]) == vwap


@needs_real_tape
def test_the_installed_program_prints_the_same_bytes(sor: Sor) -> None:
    args = ["--tape", str(REAL), "--profile", "seed", *WINDOW, "--json"]
    program = Path(sys.executable).with_name("sor-backtest")
    done = subprocess.run([program, *args], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == sor("backtest", *args)[1]


# -- one core, exact money ---------------------------------------------------------------------------------------------

SHORT = ("--strategy", "static", "--quantity", "1500", "--end", "13:33:00")


def test_two_front_ends_give_the_same_bytes(sor: Sor) -> None:
    args = (*SHORT, "--side", "sell", "--fees", "none", "--limit-price", "149.5", "--json")
    options: dict[str, Any] = {"strategy": "static", "quantity": 1500, "end": "13:33:00"}
    report = backtest(**options, side="sell", fees="none", limit_price="149.5")
    assert sor("backtest", *args)[1] == report.to_json()


def test_two_runs_give_the_same_bytes(sor: Sor) -> None:
    assert sor("backtest", *SHORT, "--json") == sor("backtest", *SHORT, "--json")


def test_money_survives_the_json(sor: Sor) -> None:
    """Cash read back from the JSON is, to the nanodollar, what the fills add up to."""
    printed = report_of(sor("backtest", *SHORT, "--json"))
    report = backtest(strategy="static", quantity=1500, end="13:33:00")
    for name, entry in printed["strategies"].items():
        cash = nanos(entry["total_cash"])
        if entry["kind"] == "strategy":
            fills = [fill for fill in report.fill_records if fill.strategy == name]
            assert cash == sum(nanos(fill.px) * fill.qty + nanos(fill.fee) for fill in fills)
            assert cash == sum(
                round(venue["avg_px"] * venue["shares"], 2).scaleb(9) + nanos(venue["fees"]) - nanos(venue["rebates"])
                for venue in entry["venues"]
            )
        shares = entry["filled"] + entry["forced"]
        assert abs(nanos(entry["avg_fill_px"]) * shares - cash) * 2 <= shares


def test_best_parameters_and_savings_hold_together(sor: Sor) -> None:
    report = report_of(sor("backtest", *SHORT, "--json"))
    assert report["search"] | {"evaluated": 1} == report["search"]
    assert report["search"]["parameters_matter"] is False
    assert any("search is flat" in warning for warning in report["warnings"])
    mine = report["optimized"]
    for name, baseline in report["baselines"].items():
        saved = (baseline["total_cash"] - mine["total_cash"]) / baseline["total_cash"] * 10_000
        assert abs(saved - report["savings_vs_baselines_bps"][name]) < Decimal("0.000001")


def test_a_strategy_against_itself_saves_nothing(sor: Sor) -> None:
    report = report_of(sor("backtest", "--strategy", "twap", "--end", "13:33:00", "--json"))
    assert report["optimized"] == report["baselines"]["twap"]
    assert report["savings_vs_baselines_bps"]["twap"] == 0


def test_dollars_are_never_multiples_in_disguise(sor: Sor) -> None:
    simple = ("backtest", "--strategy", "best_ask", "--end", "13:33:00", "--json")
    assert report_of(sor(*simple))["best_parameters"]["multiples"] == {}
    asked = report_of(sor(*simple, "--lambda-over", "1.5x"))["best_parameters"]
    assert asked["lambda_over"] is None  # no slice: nothing that it could be 1.5 times of
    assert asked["multiples"] == {"lambda_over": Decimal("1.5")}
    shown = sor("backtest", "--strategy", "best_ask", "--end", "13:33:00", "--lambda-over", "1.5x")[1]
    assert "lambda_over 1.5x" not in " ".join(shown.split()), "best_ask has no such parameter"
    assert _penalty(None, Decimal("1.5")) == "1.5x"
    assert _penalty(Decimal("0.01"), None) == "0.01"


# -- what goes where ---------------------------------------------------------------------------------------------------


def test_with_json_standard_output_holds_nothing_else(sor: Sor, tmp_path: Path) -> None:
    code, out, err = sor("backtest", *SHORT, "--json", "--out", tmp_path)
    assert code == 0
    json.loads(out)
    assert out.startswith("{\n")
    assert out.endswith("}\n")
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == out
    written = sorted(path.name for path in tmp_path.iterdir())
    assert sorted(Path(line.removeprefix("wrote ")).name for line in err.splitlines()) == written
    assert {"report.json", "report.html", "fills.csv", "orders.csv"} <= set(written)


def test_without_json_standard_output_holds_the_tables(sor: Sor) -> None:
    code, out, err = sor("backtest", *SHORT)
    assert (code, err) == (0, "")
    assert "What static saves" in out
    assert "\x1b" not in out


def test_a_pipe_that_closes_early_is_no_error() -> None:
    code = "from sor.cli import run; import sys; sys.exit(run(['backtest', '--strategy', 'static', '--json'], 'sor'))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def loaded(*args: str) -> set[str]:
    """The packages in memory after `sor ARGS` in a fresh interpreter."""
    code = f"""
import os, sys
out, sys.stdout = sys.stdout, open(os.devnull, "w")
from sor.cli import run
assert run({list(args)!r}, "sor") == 0
print(*sorted({{name.partition(".")[0] for name in sys.modules}}), file=out)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


HEAVY = {"dask", "kafka", "matplotlib", "msgspec", "numba", "numpy", "pandas", "pyarrow", "rich", "scipy", "textual"}


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["-h"]])
def test_help_and_version_load_nothing_heavy(args: list[str]) -> None:
    assert loaded(*args) & HEAVY == set()


def test_a_headless_run_loads_no_pictures_tables_or_broker() -> None:
    assert loaded("backtest", *SHORT, "--json") & {"dask", "kafka", "matplotlib", "rich", "textual"} == set()


# -- mistakes: one line that says what is wrong, exit code 2, no traceback ---------------------------------------------


@pytest.fixture
def spoilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, the current one, with one of every bad file."""
    header = "ts_event,publisher_id,action,side,price,size,bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,symbol"
    good = "2024-08-01T13:36:32.000000001Z,2,A,B,222.81,100,222.81,222.83,421,36,AAPL"
    other = good.replace("AAPL", "MSFT").replace("32.000000001", "33.000000001")
    files = {
        "empty.csv": "",
        "header.csv": f"{header}\n",
        "columns.csv": f"{header.replace('ask_px_00', 'ask')}\n{good}\n",
        "cut.csv": f"{header}\n{good}\n{other[:40]}",
        "symbols.csv": f"{header}\n{good}\n{other}\n",
        "price.csv": f"{header}\n{good.replace('222.83', 'cheap')}\n",
        "time.csv": f"{header}\n{good.replace('2024-08-01T', 'yesterday ')}\n",
        "bad.csv": f"{header}\n{good}\n{good.replace('222.83', 'cheap')}\n{good.replace('32.0', '34.0')}\n",
        "key.json": '{"2": {"take": 0.003, "rebate": 0.002}}',
        "venue.json": '{"nasdaq": {"take": 0.003}}',
        "list.json": "[]",
        "words.json": "take 0.003",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "binary.csv.gz").write_bytes(b"\x1f\x8b" + bytes(range(256)))
    (tmp_path / "half.csv.gz").write_bytes(gzip.compress(f"{header}\n{good}\n".encode() * 999)[:60])
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


MISTAKES: list[tuple[str, list[str]]] = [
    # the tape
    ("--tape missing.csv", ["missing.csv", "no such file"]),
    ("--tape empty.csv", ["empty.csv", "empty"]),
    ("--tape folder", ["folder", "no tape is in this folder"]),
    ("--tape binary.csv", ["binary.csv"]),
    ("--tape binary.csv.gz", ["binary.csv.gz"]),
    ("--tape half.csv.gz", ["half.csv.gz"]),
    ("--tape header.csv", ["header.csv", "no row"]),
    ("--tape columns.csv", ["columns.csv", "ask_px_00"]),
    ("--tape cut.csv", ["cut.csv", "line 3", "last row"]),
    ("--tape price.csv", ["price.csv", "line 2", "ask_px_00", "cheap"]),
    ("--tape time.csv", ["time.csv", "line 2", "ts_event"]),
    ("--tape bad.csv --strict", ["bad.csv", "line 3", "ask_px_00", "cheap"]),
    ("--tape symbols.csv", ["AAPL", "MSFT", "--symbol"]),
    ("--tape symbols.csv --symbol TSLA", ["TSLA", "AAPL", "MSFT"]),
    # the order
    ("--quantity 0", ["quantity", "0", "at least 1"]),
    ("--quantity -5", ["quantity", "-5"]),
    ("--quantity 1.5", ["quantity", "1.5", "whole number"]),
    ("--quantity many", ["quantity", "many"]),
    ("--quantity nan", ["quantity", "nan"]),
    ("--side both", ["side", "both", "buy, sell"]),
    ("--interval -60", ["interval", "-60"]),
    ("--interval 0", ["interval", "above 0"]),
    ("--router-interval 0", ["router-interval", "above 0"]),
    ("--limit-price 0", ["limit-price", "above 0"]),
    ("--limit-price 1e12", ["limit-price", "below 4,611,686,018 dollars"]),
    ("--limit-price cheap", ["limit-price", "cheap"]),
    ("--latency-us -1", ["latency-us", "-1"]),
    ("--max-quote-age 0", ["max-quote-age", "above 0"]),
    ("--start 25:00:00", ["start", "25:00:00", "HH:MM:SS"]),
    ("--end soon", ["end", "soon", "HH:MM:SS"]),
    ("--start 13:39:00 --end 13:38:00", ["ends", "before it starts", "--start"]),
    ("--start 20:00:00 --end 21:00:00", ["no snapshot", "lies in the window", "the tape runs from"]),
    ("--start 2019-01-01T00:00:00Z --end 2019-01-02T00:00:00Z", ["no snapshot", "lies in the window", "2019-01-01"]),
    ("--start 23:00:00", ["no snapshot", "lies in the window", "the tape runs from", "--start"]),
    ("--end 14:05:00", ["is not on the tape", "14:05:00", "--start", "--end", "--clip"]),
    ("--tz Nowhere/Land", ["Nowhere/Land", "time zone"]),
    ("--day 2024-08-32", ["2024-08-32", "YYYY-MM-DD"]),
    ("--profile seed --start 13:35:00", ["is not on the tape", "13:45:14"]),
    # the rules
    ("--strategy clever", ["strategy", "clever", "best_ask", "twap", "static"]),
    ("--liquidity endless", ["liquidity", "endless", "consume, replenish"]),
    ("--snapshot-rule middle", ["snapshot-rule", "middle", "last, first"]),
    ("--queue-model hopeful", ["queue-model", "hopeful", "optimistic"]),
    ("--profile mine", ["profile", "mine", "default, seed"]),
    ("--lambda-over -1", ["lambda-over", "-1"]),
    ("--lambda-over 0.5x", ["lambda-over", "0.5x", "above 1"]),
    ("--lambda-under 0.1,,0.2", ["lambda-under"]),
    ("--theta-queue much", ["theta-queue", "much"]),
    ("--seed -1", ["seed", "-1"]),
    ("--orders 10001", ["orders", "10001", "at most 10,000"]),
    ("--fees missing.json", ["missing.json"]),
    ("--fees key.json", ["key.json", "rebate", "take", "make"]),
    ("--fees venue.json", ["venue.json", "nasdaq"]),
    ("--fees list.json", ["list.json"]),
    ("--fees words.json", ["words.json"]),
    # the command
    ("--tape good.csv --from-kafka", ["--tape", "--from-kafka", "choose one"]),
    ("--from-kafka --idle-timeout 0", ["--idle-timeout"]),
    ("--out empty.csv", ["--out", "empty.csv", "in the way"]),
    ("--out empty.csv/below", ["--out", "in the way"]),
    ("--out /proc/nothing", ["--out", "/proc/nothing", "cannot write"]),
    ("--out " + "n" * 300, ["--out", "cannot write", "too long"]),
    ("--quanity 5", ["--quanity", "--help"]),
    ("--quantity", ["--quantity", "argument"]),
    ("tape.csv", ["tape.csv", "--help"]),
]


@pytest.mark.parametrize(("args", "words"), MISTAKES, ids=[args for args, _ in MISTAKES])
@pytest.mark.usefixtures("spoilt")
def test_a_mistake_is_one_line_and_exit_code_2(sor: Sor, args: str, words: list[str]) -> None:
    code, out, err = sor("backtest", "--json", "--strategy=static", *args.split())
    assert code == 2
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert err.startswith("sor: ")
    assert "Traceback" not in err
    for word in words:
        assert word.lower() in err.lower()


def test_an_unwritable_out_is_found_before_the_tape_is_opened(sor: Sor, spoilt: Path) -> None:
    _, _, err = sor("backtest", "--tape", "missing.csv", "--out", "empty.csv")
    assert "in the way" in err
    assert sorted(path.name for path in spoilt.iterdir() if path.name.startswith(".")) == []


@pytest.mark.usefixtures("spoilt")
def test_bad_rows_in_the_middle_are_counted_and_the_first_is_shown(sor: Sor) -> None:
    report = report_of(sor("backtest", "--tape", "bad.csv", "--strategy", "static", "--quantity", "10", "--json"))
    assert report["tape"]["bad_rows"] == 1
    warning = next(warning for warning in report["warnings"] if "could not be read" in warning)
    assert "line 3" in warning
    assert "ask_px_00" in warning


def test_unknown_commands_are_one_line(sor: Sor) -> None:
    code, out, err = sor("backtset")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "backtset" in err


def test_a_real_process_prints_no_traceback(spoilt: Path) -> None:
    code = "import sys; from sor.cli import run; sys.exit(run(sys.argv[1:], 'sor'))"
    args = [sys.executable, "-c", code, "backtest", "--tape", "empty.csv", "--json"]
    done = subprocess.run(args, capture_output=True, text=True, check=False, cwd=spoilt, env={"PYTHONPATH": str(ROOT)})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_a_defect_of_ours_is_one_line_too(sor: Sor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr("sor.running.run.run", broken)
    monkeypatch.delenv("SOR_DEBUG")
    code, out, err = sor("backtest", *SHORT)
    assert (code, out) == (1, "")
    assert (
        err == "sor: a defect of sor, please report it: ZeroDivisionError('of ours'); with SOR_DEBUG=1 it says where\n"
    )
    monkeypatch.setenv("SOR_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        sor("backtest", *SHORT)
