"""`sor backtest --config FILE.toml`: the report as typed, what is typed goes first, one line where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from sor.cli import run

pytestmark = pytest.mark.usefixtures("tape_read_once")

TYPED = ["--quantity", "900", "--side", "sell", "--start", "13:31:00", "--end", "13:32:00", "--strategy", "twap"]
FILE = """
quantity = 900
side = "sell"
start = 13:31:00
end = "13:32:00"
strategy = "twap"
json = true
"""


def config(folder: Path, text: str) -> list[str]:
    path = folder / "order.toml"
    path.write_text(text)
    return ["backtest", "--config", str(path)]


def report(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(words, "sor") == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_it_is_as_if_it_had_been_typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed = report(["backtest", *TYPED, "--json"], capsys)
    assert report(config(tmp_path, FILE), capsys) == typed


def test_what_is_typed_goes_before_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed = report(["backtest", *TYPED, "--side", "buy", "--json"], capsys)
    assert report([*config(tmp_path, FILE), "--side", "buy"], capsys) == typed


def test_grids_options_given_repeatedly_and_either_dash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order = ["--quantity", "500", "--start", "13:31:00", "--end", "13:31:40", "--json"]
    grid = ["--lambda-over", "0.01,1.5x", "--theta-queue", "0", "--lambda-under", "2x"]
    text = 'lambda-over = [0.01, "1.5x"]\ntheta_queue = 0\nlambda_under = ["2x"]\n'
    assert report([*config(tmp_path, text), *order], capsys) == report(["backtest", *order, *grid], capsys)
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from sor.strategies import Plan\nclass Mine:\n    name = 'mine'\n"
        "    def __init__(self, share=1, rest=2): pass\n"
        "    def decide(self, view): return Plan(sweep=view.leaves)\n"
    )
    own = ["--strategy", f"{mine}:Mine"]
    text = 'param = ["share=3", "rest=4"]\n'
    typed = report(["backtest", *order, *own, "--param", "share=3", "--param", "rest=4"], capsys)
    assert '"share": "3"' in typed or "share=3" in typed
    assert report([*config(tmp_path, text), *order, *own], capsys) == typed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("quantty = 1", "unknown option 'quantty'; did you mean 'quantity'?"),
        ("[zzz]\nquantity = 1", "unknown option 'zzz'; it takes the names of the options, without the dashes"),
        ('json = "yes"', "json must be true or false"),
        ("quantity = true", "quantity must be one value or a list of values"),
        ("quantity = []", "quantity must be one value or a list of values"),
        ("quantity = {a = 1}", "quantity must be one value or a list of values"),
        ("config = 'other.toml'", "unknown option 'config'; did you mean 'kafka-config'?"),
        ("quantity", "not TOML: Expected '=' after a key in a key/value pair (at end of document)"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str) -> None:
    words = config(tmp_path, text)
    assert run(words, "sor") == 2
    assert capsys.readouterr() == ("", f"sor: {words[-1]}: {said}\n")


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "none.toml")
    assert run(["backtest", "--config", missing], "sor") == 2
    assert capsys.readouterr().err == f"sor: {missing}: cannot be read (No such file or directory)\n"


def test_a_value_is_judged_as_if_typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config(tmp_path, "quantity = -5"), "sor") == 2
    err = capsys.readouterr().err
    assert run(["backtest", "--quantity", "-5"], "sor") == 2
    assert capsys.readouterr().err == err
