"""Small inputs that would take all memory or minutes: a clear line before that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sor.core.place import Problem, place
from sor.errors import InputError
from sor.fees import load_fees
from sor.files.toml_file import read_toml


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a." * 50_000 + "a = 1\n", "more than 20 dots"),
        ("[" + "a." * 50_000 + "a]\n", "more than 20 dots"),
        ("x = {b = 1, " + "a." * 50_000 + "a = 1}\n", "more than 20 dots"),
        ('x = 1 # "\n' + "a . " * 50_000 + "a = 1\n", "more than 20 dots"),
        ("x = " + "[" * 50_000, "nested too deeply"),
        ("x = " + "{a=" * 5_000, "nested too deeply"),
        ("x = 1\n" * 100_000, "larger than 256 KB"),
    ],
)
def test_toml_that_would_take_all_memory(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text(text[:200_000] if said != "larger than 256 KB" else text)
    with pytest.raises(InputError, match=said):
        read_toml(path, "sweep")


def test_dots_in_values_are_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text('tape = "../a.b' + ".c" * 90 + '"\nquantity = [1, 2]  # ' + "a." * 99 + "\n")
    assert read_toml(path, "sweep")["quantity"] == [1, 2]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("0." + "1" * 1_000_000, r"a number with 1,000,002 digits"),
        ("1" * 5_000, "a number with 5,000 digits"),
        ("1e-99999999999999999999", "exponent is beyond any number"),
        ("1e-999999999", "finer than a nanodollar"),
    ],
)
def test_fees_with_numbers_beyond_any_sense(tmp_path: Path, number: str, said: str) -> None:
    path = tmp_path / "fees.json"
    path.write_text(f'{{"2": {{"take": {number}}}}}')
    with pytest.raises(InputError, match=said):
        load_fees(path)


def test_deep_fees(tmp_path: Path) -> None:
    path = tmp_path / "fees.json"
    path.write_text('{"2":' + "[" * 100_000)
    with pytest.raises(InputError, match="nested too deeply"):
        load_fees(path)


def test_placing_at_more_venues_than_memory_is_for() -> None:
    venue = {"queue": 2000, "rebate": 0.002, "outflow": {"family": "exponential", "mean": 2200}}
    text = {"S": 1000, "h": 0.02, "f": 0.003, "theta": 0.0005, "lambda_under": 0.045, "lambda_over": 0.05}
    with pytest.raises(InputError, match="at most 100"):
        place(Problem.from_json({**text, "venues": [venue] * 2_000}))
    with pytest.raises(InputError, match=r"ask for [\d,]+ or fewer"):
        place(Problem.from_json(json.loads(json.dumps({**text, "venues": [venue] * 90}))), samples=10**9)
