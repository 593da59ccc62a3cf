"""A small set, the same at every commit: `make bench-track` keeps its figures in .benchmarks and shows those of before.

Processor's seconds, not the clock's: a busy machine slows them less. The full set, with ratios: benchmarks/engine.md.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from sor import Problem, backtest, place
from sor.paths import bundled_tape
from sor.tapes import open_tape
from sor.tapes.convert import convert

pytestmark = pytest.mark.benchmark(timer=time.process_time, min_rounds=3, max_time=2.0, disable_gc=True)
EXPONENTIAL = {"family": "exponential", "mean": 2200}
PROBLEM = Problem.from_json(
    {"S": 1000, "h": 0.02, "f": 0.003, "theta": 0.0005, "lambda_under": 0.045, "lambda_over": 0.05}
    | {"venues": [{"queue": 2000, "rebate": 0.002, "outflow": EXPONENTIAL}] * 3}
)


def read(tape: Path) -> int:
    return sum(len(batch) for batch in open_tape(tape).batches())


def test_read_csv(benchmark: Any) -> None:
    assert benchmark(read, bundled_tape()) == 75_579


def test_read_parquet(benchmark: Any, tmp_path: Path) -> None:
    convert(bundled_tape(), tmp_path / "tape.parquet")
    assert benchmark(read, tmp_path / "tape.parquet") == 75_579


def test_simple_strategies(benchmark: Any) -> None:
    assert benchmark(lambda: backtest(strategy="twap")).data["optimized"]["filled"] == 5_000


def test_router(benchmark: Any) -> None:
    assert benchmark.pedantic(backtest, rounds=3).data["optimized"]["filled"] == 5_000


def test_place_three_venues(benchmark: Any) -> None:
    assert benchmark(place, PROBLEM, "exact", 2_048).gap >= 0
