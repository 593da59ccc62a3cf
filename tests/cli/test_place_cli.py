"""`sor place` from outside: one JSON object on standard output, one line and exit code 2 for bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROBLEM: dict[str, Any] = {
    "S": 1000, "h": 0.02, "f": 0.003, "theta": 0.0005, "lambda_under": 0.045, "lambda_over": 0.05,
    "venues": [{"queue": 2000, "rebate": 0.002, "outflow": {"family": "exponential", "mean": 2200}}],
}  # fmt: skip


def venue(**changed: Any) -> list[dict[str, Any]]:
    return [PROBLEM["venues"][0] | changed]


def sor(*args: str, text: str | bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The real program in its own process."""
    data = text.encode() if isinstance(text, str) else text
    return subprocess.run([sys.executable, "-m", "sor", "place", *args], input=data, capture_output=True, check=False)


def test_file_and_standard_input_give_the_same_object(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(PROBLEM))
    one, two = sor(str(path)), sor("-", text=json.dumps(PROBLEM))
    assert (one.returncode, one.stderr) == (0, b"")
    assert one.stdout == two.stdout
    answer = json.loads(one.stdout)
    assert list(answer) == ["M", "L", "V", "method", "lower_bound", "gap"]
    assert answer["M"] == pytest.approx(583.05, abs=0.005)
    assert answer["method"] == "exact"


@pytest.mark.parametrize("method", ["exact", "closed", "sa"])
def test_several_venues_by_every_method(method: str) -> None:
    data = PROBLEM | {"venues": PROBLEM["venues"] * 2}
    run = sor("-", "--method", method, "--samples", "400", "--seed", "3", "--certify", "0.2", text=json.dumps(data))
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert answer["method"] == method
    assert len(answer["L"]) == 2
    assert answer["V_std_error"] > 0
    assert answer["lower_bound"] <= answer["V"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "standard input: not JSON: Expecting value (line 1, column 1)"),
        ("{", "standard input: not JSON"),
        ("[]", "one JSON object"),
        ('{"S": NaN}', "NaN is not a JSON number"),
        ('{"S": 1}', "h: is missing"),
        (json.dumps(PROBLEM | {"lambda_under": 0.001}), "A3"),
        (json.dumps(PROBLEM | {"theta": 1e308}), "theta: at most 1e+18"),
        (json.dumps(PROBLEM | {"S": 1e-320}), "S: at least 1e-09"),
        (json.dumps(PROBLEM | {"venues": venue(queue=10**400)}), "queue: must be finite"),
        (json.dumps(PROBLEM | {"venues": venue(rebate=-1e300)}), "rebate: at most"),
        (json.dumps(PROBLEM | {"venues": venue(outflow={"family": "gamma", "shape": 10**400, "scale": 1})}), "shape"),
        (json.dumps(PROBLEM | {"venues": venue(outflow={"family": "uniform", "low": 0, "high": 1e300})}), "high"),
        (json.dumps(PROBLEM | {"venues": venue(outflow={"family": "empirical", "samples": [1, 10**400]})}), "samples"),
        (json.dumps(PROBLEM | {"two\nlines": 1}), "unknown"),
        ('{"S": ' + "9" * 5_000 + "}", "too many digits"),
        ('{"S": 1, "S": 2}', "standard input: the key 'S' is there twice"),
        (b"\xff\xfe", "UTF-8"),
        ("[" * 100_000, "not JSON: nested too deeply"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(text: str | bytes, words: str) -> None:
    run = sor("-", text=text)
    assert run.returncode == 2
    assert run.stdout == b""
    lines = run.stderr.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("sor: ")
    assert words in lines[0]


@pytest.mark.parametrize("args", [["missing.json"], ["-", "--method", "magic"], ["-", "--samples", "0"], []])
def test_wrong_use_is_exit_code_2(args: list[str]) -> None:
    run = sor(*args, text=json.dumps(PROBLEM))
    assert (run.returncode, run.stdout) == (2, b"")
    assert len(run.stderr.decode().splitlines()) == 1


def test_only_numpy_is_loaded() -> None:
    code = "import sys, sor.core.place; print([m for m in ('scipy', 'pandas', 'pyarrow', 'rich') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_last_digits_do_not_depend_on_the_machines_cores() -> None:
    """Of this problem they did: sums of numpy's linear algebra, shared by as many threads as there are cores."""
    libraries = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    bare = {name: value for name, value in os.environ.items() if name not in libraries}
    problem = Path(__file__).parents[2] / "data" / "examples" / "place-deep-market.json"
    command = [sys.executable, "-m", "sor", "place", str(problem)]
    answers = [
        subprocess.run(command, env=env, capture_output=True, check=True).stdout
        for env in (bare, bare | dict.fromkeys(libraries, "1"))
    ]
    assert answers[0] == answers[1] != b""
